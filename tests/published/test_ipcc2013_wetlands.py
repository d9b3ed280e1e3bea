"""IPCC 2013 Wetlands Supplement, chapter 4: the Tier 1 factors of mangrove and their intervals.

The tables (4.2-4.7, 4.11-4.15) were recalled in our reference and not read, so this file holds
the package to the recalled numbers, and to their being marked so. Exact: they are inputs.
"""

import numpy as np
import pytest

from bluecarbon.methodology import ipcc_wetlands_2013_equations as equations
from bluecarbon.methodology.annual_series import gas_emission_tco2e
from bluecarbon.methodology.ipcc_wetlands_2013 import IPCC_WETLANDS_2013
from bluecarbon.methodology.monte_carlo import SeededSampler
from bluecarbon.methodology.parameters import Parameters

ROWS = Parameters(IPCC_WETLANDS_2013.spec.parameters)

VALUES = {
    "carbon_fraction": (0.451, "Table 4.2"),
    "agb_tropical_wet": (192, "Table 4.3"),
    "agb_tropical_dry": (92, "Table 4.3"),
    "agb_subtropical": (75, "Table 4.3"),
    "agb_growth_tropical_wet": (9.9, "Table 4.4"),
    "agb_growth_tropical_dry": (3.3, "Table 4.4"),
    "agb_growth_subtropical": (18.1, "Table 4.4"),
    "root_shoot_tropical_wet": (0.49, "Table 4.5"),
    "root_shoot_tropical_dry": (0.29, "Table 4.5"),
    "root_shoot_subtropical": (0.96, "Table 4.5"),
    "litter_carbon": (0.7, "Table 4.7"),
    "dead_wood_carbon": (10.7, "Table 4.7"),
    "soil_carbon_organic": (471, "Table 4.11"),
    "soil_carbon_mineral": (286, "Table 4.11"),
    "soil_carbon_aggregated": (386, "Table 4.11"),
    "ef_rewetting": (-1.62, "Table 4.12"),
    "ef_drainage": (7.9, "Table 4.13"),
    "ef_ch4_low_salinity": (193.7, "Table 4.14"),
    "ef_ch4_high_salinity": (0, "Table 4.14"),
    "ef_n2o_fish": (0.00169, "Table 4.15"),
}

INTERVALS = {
    "carbon_fraction": (0.429, 0.471),
    "agb_tropical_wet": (187, 204),
    "agb_tropical_dry": (88, 97),
    "agb_subtropical": (66, 84),
    "agb_growth_tropical_wet": (9.4, 10.4),
    "agb_growth_tropical_dry": (3.1, 3.5),
    "agb_growth_subtropical": (17.1, 19.1),
    "ef_rewetting": (-2.0, -1.3),
    "ef_drainage": (5.2, 11.8),
    "ef_ch4_low_salinity": (99.8, 358),
    "ef_n2o_fish": (0, 0.0038),
}


def test_factors_and_their_tables():
    factors = {row.name for row in ROWS if row.source == "ipcc2013-ch4"}
    assert factors == set(VALUES)
    for name, (value, table) in VALUES.items():
        row = ROWS.row(name)
        assert (row.value, row.locator, row.status) == (value, table, "unverified")


def test_standard_errors_come_from_the_intervals():
    assert {row.name for row in ROWS if row.standard_error} == set(INTERVALS)
    for name, (low, high) in INTERVALS.items():
        # The table keeps 6 decimals.
        assert ROWS.row(name).standard_error == pytest.approx((high - low) / 3.92, abs=5e-7)


@pytest.mark.parametrize("name", sorted(INTERVALS))
def test_draws_have_the_mean_and_about_the_interval_of_the_table(name):
    row = ROWS.row(name)
    draws = np.asarray(SeededSampler(40_000, 3).parameter(row))
    # five standard errors of the mean of 40,000 draws
    assert draws.mean() == pytest.approx(row.value, abs=5 * row.standard_error / 200)
    low, high = np.percentile(draws, [2.5, 97.5])
    printed_low, printed_high = INTERVALS[name]
    width = printed_high - printed_low
    # A symmetric or lognormal shape cannot meet both ends of a skewed interval: a fifth of its
    # width is allowed at either end.
    assert low == pytest.approx(printed_low, abs=0.2 * width)
    assert high == pytest.approx(printed_high, abs=0.2 * width)


def test_skewed_factors_are_lognormal_and_never_change_sign():
    skewed = {row.name for row in ROWS if row.distribution == "lognormal"}
    assert skewed == {"agb_tropical_wet", "ef_drainage", "ef_ch4_low_salinity", "ef_n2o_fish"}
    for name in skewed:
        assert (np.asarray(SeededSampler(20_000, 8).parameter(ROWS.row(name))) > 0).all()
        assert "lognormal" in ROWS.row(name).note


def test_per_hectare_results_of_the_factors():
    """One hectare (or tonne of fish), worked by hand with 44/12 and 44/28 [tCO2e]."""

    def factor(name):
        return ROWS.row(name).value

    rewetting = equations.rewetting_tco2e(1.0, 1.0, factor("ef_rewetting"))
    assert rewetting == pytest.approx(-5.94)
    drainage = equations.drainage_tco2e(1.0, factor("ef_drainage"))
    assert drainage == pytest.approx(28.966667, abs=1e-6)
    methane = gas_emission_tco2e(1.0, factor("ef_ch4_low_salinity"), factor("gwp_ch4"))
    assert methane == pytest.approx(5.4236)
    fish = equations.aquaculture_tco2e(1000.0, factor("ef_n2o_fish"), factor("gwp_n2o"))
    assert fish == pytest.approx(0.703764, abs=1e-6)
    excavated = equations.extraction_tco2e(1.0, factor("soil_carbon_organic"))
    assert excavated == pytest.approx(1727.0)
