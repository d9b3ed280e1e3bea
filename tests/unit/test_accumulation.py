"""Dated layers and marker horizons to rates with standard errors."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bluecarbon.methodology.kernels.accumulation import (
    rate_of_layers,
    rate_of_marker,
    stock_to_age,
)
from bluecarbon.mrv.soil_accumulation import core_rates, marker_rates
from bluecarbon.mrv.soil_profiles import evaluate_profiles

AGE = np.array([8.0, 25.0, 47.0, 80.0, 118.0])
DEPTH = np.array([5.0, 15.0, 25.0, 40.0, 60.0])


def test_the_rate_of_dated_layers_is_a_least_squares_slope():
    line = stats.linregress(AGE, DEPTH)
    rate = rate_of_layers(AGE, DEPTH)
    assert rate.rate == pytest.approx(line.slope, rel=1e-12)
    assert rate.standard_error == pytest.approx(line.stderr, rel=1e-12)
    assert (rate.how, rate.n) == ("line", 5)


def test_one_or_two_layers_have_a_rate_and_no_error():
    rate = rate_of_layers([30.0, 50.0], [12.0, 25.0])
    assert rate.rate == 0.5
    assert np.isnan(rate.standard_error)
    assert rate.how == "origin"


@pytest.mark.parametrize("ages", [[], [0.0], [5.0, 5.0, 5.0]])
def test_layers_that_give_no_rate(ages):
    with pytest.raises(ValueError, match=r"older than the surface|same age"):
        rate_of_layers(ages, [1.0] * len(ages))


def test_carbon_of_the_last_century():
    carbon = np.array([9.0, 27.0, 44.0, 70.0, 101.0])
    older = stock_to_age(AGE, carbon, 100.0)
    assert older.stock_tc_ha == pytest.approx(70.0 + 31.0 * 20.0 / 38.0)
    assert (older.how, older.standard_error_tc_ha) == ("interpolated", 0.0)
    assert stock_to_age(AGE, carbon, 118.0).how == "measured"
    younger = stock_to_age(AGE, carbon, 150.0)
    design = np.column_stack([np.ones(5), AGE])
    coefficients, rest, *_ = np.linalg.lstsq(design, carbon)
    at = np.array([1.0, 150.0])
    error = np.sqrt(rest[0] / 3 * at @ np.linalg.inv(design.T @ design) @ at)
    assert younger.stock_tc_ha == pytest.approx(at @ coefficients)
    assert younger.standard_error_tc_ha == pytest.approx(error)


def test_ages_that_do_not_grow_and_too_few_layers_are_refused():
    with pytest.raises(ValueError, match="do not grow"):
        stock_to_age([10.0, 8.0], [1.0, 2.0], 5.0)
    with pytest.raises(ValueError, match="2 dated layers"):
        stock_to_age([10.0, 18.0], [1.0, 2.0], 100.0)


def test_a_marker_horizon():
    rate = rate_of_marker([1.0, 1.4, 1.2], 2.0)
    assert rate.rate == pytest.approx(0.6)
    assert rate.standard_error == pytest.approx(np.std([1.0, 1.4, 1.2], ddof=1) / 3**0.5 / 2)
    assert np.isnan(rate_of_marker([1.0], 2.0).standard_error)
    with pytest.raises(ValueError, match="years that have passed"):
        rate_of_marker([1.0], 0.0)


def dated(ages, core_id="C", carbon=2.0):
    count = len(ages)
    edges = np.arange(count + 1) * (100.0 / count)
    return pd.DataFrame(
        {
            "core_id": core_id,
            "depth_min_cm": edges[:-1],
            "depth_max_cm": edges[1:],
            "bulk_density_g_cm3": 0.5,
            "organic_carbon_percent": carbon,
            "age_years": ages,
        }
    )


def test_rates_of_a_core_that_grew_steadily():
    # 100 cm in 200 years: 0.5 cm/yr; 1 tC/ha per cm, so 0.5 tC/ha/yr
    result, _ = evaluate_profiles(dated([50.0, 100.0, 150.0, 200.0]))
    rates, findings = core_rates(result.slices)
    row = rates.iloc[0]
    assert findings == ()
    assert row["accretion_cm_yr"] == pytest.approx(0.5)
    assert row["accumulation_tc_ha_yr"] == pytest.approx(0.5)
    assert row["accretion_standard_error"] == pytest.approx(0.0, abs=1e-12)
    assert row["sequestration_tc_ha_yr"] == pytest.approx(0.5)
    assert row["sequestration_how"] == "interpolated"
    assert (row["n_dated"], row["oldest_years"]) == (4, 200.0)


def test_layers_without_an_age_still_count_as_carbon():
    result, _ = evaluate_profiles(dated([np.nan, 100.0, np.nan, 200.0]))
    row = core_rates(result.slices)[0].iloc[0]
    assert row["accumulation_tc_ha_yr"] == pytest.approx(0.5)
    assert np.isnan(row["accumulation_standard_error"])
    assert row["sequestration_tc_ha_yr"] == pytest.approx(0.5)


def test_a_young_core_is_refused_for_a_century_and_a_fair_one_extrapolated():
    rows = pd.concat([dated([10.0, 20.0, 30.0, 40.0]), dated([10.0, 30.0, 45.0, 70.0], "D")])
    result, _ = evaluate_profiles(rows)
    rates, _ = core_rates(result.slices)
    assert rates["sequestration_how"].tolist() == ["refused", "extrapolated"]
    assert np.isnan(rates["sequestration_tc_ha_yr"].iloc[0])
    assert rates["sequestration_standard_error"].iloc[1] > 0


def test_ages_that_turn_round_are_named():
    result, _ = evaluate_profiles(dated([10.0, 30.0, 20.0, 70.0]))
    rates, findings = core_rates(result.slices, file="cores.csv")
    assert rates.empty
    assert findings[0].code == "age-reversed"
    assert findings[0].subject == "cores.csv rows 1, 2, 3, 4"
    assert "10, 30, 20, 70 years" in findings[0].message


def test_marker_horizons_of_plots():
    readings = pd.DataFrame(
        {
            "plot_id": ["P", "P", "Q"],
            "depth_cm": [1.0, 2.0, 3.0],
            "years": [2.0, 2.0, 3.0],
            "bulk_density_g_cm3": 0.5,
            "organic_carbon_percent": 4.0,
        }
    )
    rates = marker_rates(readings)
    assert rates["accretion_cm_yr"].tolist() == [0.75, 1.0]
    # 0.5 g/cm3 at 4 % is 2 tC/ha per cm
    assert rates["sequestration_tc_ha_yr"].tolist() == pytest.approx([1.5, 2.0])
    assert rates["sequestration_standard_error"].iloc[0] == pytest.approx(0.5)
    assert np.isnan(rates["standard_error"].iloc[1])
    bare = marker_rates(readings.drop(columns="organic_carbon_percent"))
    assert bare["sequestration_tc_ha_yr"].isna().all()
    with pytest.raises(ValueError, match="different times"):
        marker_rates(readings.assign(plot_id="P"))
