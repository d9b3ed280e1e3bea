"""Units: conversions that are right, and mixtures that raise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluecarbon import units
from bluecarbon.errors import UnitError


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("kg/m2", "t/ha", 10.0),
        ("g/cm3", "t/m3", 1.0),
        ("Mg/ha", "t/ha", 1.0),
        ("mu", "ha", 1 / 15),
        ("亩", "ha", 1 / 15),
        ("kgC/m2", "tC/ha", 10.0),
        ("MgC/ha", "tC/ha", 1.0),
        ("%", "1", 0.01),
        ("", "-", 1.0),
        ("m²", "ha", 1e-4),
        ("tC/ha/yr", "gC/m2/yr", 100.0),
        ("公顷", "ha", 1.0),
        ("吨/公顷", "t/ha", 1.0),
        ("吨碳/公顷/年", "tC/ha/yr", 1.0),
        ("吨二氧化碳当量", "tCO2e", 1.0),
        ("千克/立方米", "kg/m3", 1.0),
        ("克", "公斤", 1e-3),
        ("毫米/年", "m/yr", 1e-3),
        ("厘米", "米", 0.01),
        ("平方米", "公顷", 1e-4),
        ("psu", "g/kg", 1.0),
        ("ppt", "g/kg", 1.0),
    ],
)
def test_factor(source, target, expected):
    assert units.factor(source, target) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("tC", "tCO2e"),
        ("t", "tC"),
        ("t/ha", "tC/ha"),
        ("t", "tCO2e"),
        ("tC/ha", "tC"),
        ("g/cm3", "kg/m2"),
        ("no such unit", "t"),
        ("t", "tonnes of something"),
        ("吨", "吨碳"),
    ],
)
def test_mixing_raises(source, target):
    with pytest.raises(UnitError):
        units.factor(source, target)


def test_carbon_becomes_co2e_only_when_asked():
    assert units.factor("tC/ha", "tCO2e/ha", stoichiometric=True) == pytest.approx(44 / 12)
    assert units.factor("kgCO2e/m2", "tC/ha", stoichiometric=True) == pytest.approx(10 * 12 / 44)
    with pytest.raises(UnitError):
        units.factor("t/ha", "tCO2e/ha", stoichiometric=True)


@given(st.floats(min_value=-1e12, max_value=1e12))
def test_round_trip(value):
    there = units.convert(value, "kgC/m2", "tC/ha")
    assert units.convert(there, "tC/ha", "kgC/m2") == pytest.approx(value, rel=1e-12)


def test_the_ratio_of_molar_masses_stands_once():
    assert units.CO2E_PER_C == 44 / 12
    assert units.HA_PER_MU * 15 == 1


def test_a_carbon_content_in_percent_is_refused_with_the_number_to_write():
    with pytest.raises(UnitError, match=r"for 4 % write 0\.04 tC/t"):
        units.factor("percent", "tC/t")
