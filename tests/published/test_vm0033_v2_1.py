"""VM0033 v2.1 (4 September 2023): its printed factors and defaults.

Equality to 1e-12: the numbers are printed, only the order of a product may differ.
"""

import numpy as np
import pytest

from bluecarbon.methodology.nprt_v4_2 import DOCUMENT
from bluecarbon.methodology.parameters import Parameters, parameter_rows
from bluecarbon.methodology.vm0033_field import (
    core_stock_tc_ha,
    deposited_carbon_percent,
    line_carbon_percent,
    mangrove_carbon_percent,
    marsh_carbon_percent,
    seagrass_carbon_percent,
)
from bluecarbon.methodology.vm0033_soil import default_co2

ROWS = Parameters(parameter_rows("vm0033_v2_1.csv"))

PRINTED = {
    "soil_default_rate": (-1.46, "Eq 33"),
    "steady_state_carbon_percent": (1.6, "Eq 35"),
    "depletion_years_eroded": (5.0, "Section 5.1.2"),
    "significance_ratio": (1.05, "Eq 4"),
    "herb_default_stock": (3.0, "Section 8.1.3"),
    "deposited_organic_matter": (1.5, "Section 8.1.4.2.7"),
    "emitted_normal_marine": (80.0, "Eq 51"),
    "emitted_oxygen_depletion": (53.0, "Eq 52"),
    "emitted_small_mountainous_rivers": (39.0, "Eq 53"),
    "emitted_extreme_accumulation": (49.0, "Eq 54"),
    "emitted_very_low_accumulation": (98.5, "Section 8.1.4.3.3"),
    "ch4_over_18ppt": (0.011, "Eq 60"),
    "ch4_from_20ppt": (0.0056, "Eq 61"),
    "n2o_open_water_over_18ppt": (0.000157, "Eq 63"),
    "n2o_open_water_5_to_18ppt": (0.00033, "Eq 64"),
    "n2o_open_water_to_5ppt": (0.00053, "Eq 65"),
    "n2o_wetland_over_18ppt": (0.000487, "Eq 66"),
    "n2o_wetland_5_to_18ppt": (0.000754, "Eq 67"),
    "n2o_wetland_to_5ppt": (0.000864, "Eq 68"),
    "allowable_uncertainty_90": (20.0, "Eq 92"),
    "allowable_uncertainty_95": (30.0, "Eq 92"),
}


@pytest.mark.parametrize("name", sorted(PRINTED))
def test_printed_defaults(name):
    value, locator = PRINTED[name]
    row = ROWS.row(name)
    assert row.value == value
    assert row.locator == locator
    assert row.status == "verified"


def test_the_default_sink_is_5_35_tco2e_per_hectare():
    """Eq 33: -1.46 tC/ha/yr x 44/12."""
    assert default_co2(-1.46, 1.0, 0.15, 0.5) == pytest.approx(-5.353333333333333, rel=1e-12)


def test_equation_47():
    """%C_depsed = 0.086 SA + 0.05: 10 m2/g have 0.91 % carbon."""
    slope = ROWS.row("deposited_carbon_slope").value
    intercept = ROWS.row("deposited_carbon_intercept").value
    assert deposited_carbon_percent(10.0, slope, intercept) == pytest.approx(0.91, rel=1e-12)


@pytest.mark.parametrize(
    ("convert", "at_10_percent"),
    [
        (marsh_carbon_percent, 4.25),
        (mangrove_carbon_percent, 7.0357),
        (seagrass_carbon_percent, 3.79),
    ],
)
def test_equations_95_to_97(convert, at_10_percent):
    """0.40 OM + 0.0025 OM^2 (95), 0.415 OM + 2.8857 (96), 0.40 OM - 0.21 (97) at 10 %."""
    assert convert(10.0) == pytest.approx(at_10_percent, rel=1e-12)


def test_equation_98_stands_on_rows_that_nobody_has_read():
    """0.43 OM - 0.33 of Fourqurean et al. 2012 at 30 %: 12.57 %; not legible in VM0033."""
    slope, intercept = ROWS.row("seagrass_high_slope"), ROWS.row("seagrass_high_intercept")
    carbon = line_carbon_percent(30.0, slope.value, intercept.value)
    assert carbon == pytest.approx(12.57, rel=1e-12)
    assert {slope.status, intercept.status} == {"unverified"}


def test_equation_99():
    """CF x BD x thickness x 100: a metre of 4 % carbon at 0.7 g/cm3 holds 280 tC/ha."""
    layers = np.full(4, 0.04), np.full(4, 0.7), np.full(4, 25.0)
    assert core_stock_tc_ha(*layers) == pytest.approx(280.0, rel=1e-12)


def test_gwp_of_the_fifth_assessment_report():
    """IPCC AR5 WG1 Table 8.A.1, 100 years, without climate-carbon feedback."""
    assert (ROWS.row("gwp_ch4").value, ROWS.row("gwp_n2o").value) == (28.0, 265.0)


def test_the_buffer_comes_from_the_version_of_the_tool_that_is_named():
    assert DOCUMENT.endswith("v4.2")
