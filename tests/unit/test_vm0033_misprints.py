"""VM0033: where the text that was read misprints an equation, and what is computed instead.

The others stand with their subject: Eq 93 and results that are cumulative in ``test_vm0033``,
Eq 16-17, 29, 95, 96 and 99 in ``test_vm0033_soil`` and ``test_vm0033_cores``.
"""

import pytest
from support.vm0033 import FIRST, project, quantified, series

C = 44 / 12
AREA = 10.0


def results(quantification, number):
    return [s.result for s in quantification.trace if s.equation == number]


def both(variable, unit, baseline, planted):
    return (
        series(variable, unit, baseline, scenario="baseline"),
        series(variable, unit, planted),
    )


def everything():
    """Trees, soil and fuel in both scenarios, burning with the project: all sums have terms."""
    rows = (
        *both("tree_change", "tCO2e/yr", (1.0, 2.0, 3.0), (11.0, 22.0, 33.0)),
        *both("soil_co2_flux", "tCO2e/ha/yr", (-0.5, -0.7, -0.9), (-4.0, -5.0, -6.0)),
        *both("fuel_emission", "tCO2e/yr", (0.1, 0.2, 0.3), (7.0, 8.0, 9.0)),
        series("burnt_biomass", "kg/ha", (100.0, 0.0, 50.0)),
    )
    return quantified(
        project(
            *rows,
            tree_method="change",
            soil_method="flux",
            allochthonous_exempt=True,
            fuel_method="emission",
            burning_method__project="prescribed",
        )
    )


def summed(values):
    return [sum(values[: i + 1]) for i in range(len(values))]


def test_equation_20_is_labelled_biomass_and_sums_soil():
    result = everything()
    soil = summed([AREA * v for v in (-0.5, -0.7, -0.9)])
    assert results(result, "Eq 20") == pytest.approx(soil)
    biomass = summed([-1.0, -2.0, -3.0])
    assert results(result, "Eq 19") == pytest.approx(biomass)
    # a second biomass in Eq 20, as its label says, would count trees twice and soil never
    fuel = summed([0.1, 0.2, 0.3])
    whole = [a + b + c for a, b, c in zip(biomass, soil, fuel, strict=True)]
    assert results(result, "Eq 18") == pytest.approx(whole)


def test_equations_71_to_73_are_printed_as_44_12_of_biomass_and_sum_emissions():
    result = everything()
    soil = summed([AREA * v for v in (-4.0, -5.0, -6.0)])
    burnt = [v * AREA * (0.21 * 265 + 2.3 * 28) * 1e-6 for v in (100.0, 0.0, 50.0)]
    fuel = summed([7.0, 8.0, 9.0])
    assert results(result, "Eq 71") == pytest.approx(soil)
    assert results(result, "Eq 72") == pytest.approx(summed(burnt))
    assert results(result, "Eq 73") == pytest.approx(fuel)
    # as printed (44/12 dC of biomass) all three would be these
    printed = summed([-11.0, -22.0, -33.0])
    assert results(result, "Eq 70") == pytest.approx(printed)
    parts = zip(printed, soil, summed(burnt), fuel, strict=True)
    assert results(result, "Eq 69") == pytest.approx([sum(values) for values in parts])


def test_equations_24_and_75_take_12_44_of_what_ar_tool14_gives_in_co2e():
    result = everything()
    assert results(result, "Eq 24") == pytest.approx([v / C for v in (1.0, 2.0, 3.0)])
    assert results(result, "Eq 75") == pytest.approx([v / C for v in (11.0, 22.0, 33.0)])
    # so that Eq 19 and 70 give back the tCO2e of the tool, once
    assert results(result, "Eq 70")[0] == pytest.approx(-11.0)


def test_equations_85_and_93_difference_what_is_cumulative():
    result = everything()
    net = [
        -(1.0 + 2.0 + 3.0) + sum((0.1, 0.2, 0.3)) + AREA * (-0.5 - 0.7 - 0.9),
        -(11.0 + 22.0 + 33.0) + (7.0 + 8.0 + 9.0) + AREA * (-4.0 - 5.0 - 6.0),
    ]
    burnt = sum(v * AREA * (0.21 * 265 + 2.3 * 28) * 1e-6 for v in (100.0, 0.0, 50.0))
    total = net[0] - net[1] - burnt
    assert result.output("ner", str(FIRST + 2)) == pytest.approx(total)
    # summing the cumulative results, as if they were annual, would claim early years again
    assert sum(row.gross_tco2e for row in result.years) == pytest.approx(total)
    credits_ = [result.output("credits", str(FIRST + i)) for i in range(3)]
    assert sum(credits_) == pytest.approx(sum(row.net_tco2e for row in result.years))
    stock = sum((10.0, 20.0, 30.0)) + AREA * (3.5 + 4.3 + 5.1)
    assert sum(credits_) == pytest.approx(total - 0.20 * stock)
