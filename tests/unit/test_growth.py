"""Growth curves, their fit with a band, and plans by planting year."""

import datetime as dt
import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bluecarbon.methodology.ccer_14_002 import CCER_14_002_V1
from bluecarbon.methodology.kernels.growth import (
    Planting,
    age_at_year_end_yr,
    chapman_richards_t_ha,
    fit_growth,
    logistic_t_ha,
    project_plantings,
)
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.report import Monitoring, Period, Stratum

ROOT = Path(__file__).parents[2]
AGES = (2.0, 4.0, 6.0, 9.0, 12.0, 16.0, 20.0, 30.0)


def test_chapman_richards_at_points_computed_by_hand():
    # 200 (1 - e^-1)^2 = 200 x 0.632120558829^2
    assert chapman_richards_t_ha(10.0, 200.0, 0.1, 2.0) == pytest.approx(79.91528017, abs=1e-7)
    assert chapman_richards_t_ha([-3.0, 0.0], 200.0, 0.1, 2.0).tolist() == [0.0, 0.0]
    assert chapman_richards_t_ha(1e4, 200.0, 0.1, 2.0) == pytest.approx(200.0)


def test_logistic_at_points_computed_by_hand():
    assert logistic_t_ha(8.0, 120.0, 0.4, 8.0) == pytest.approx(60.0)
    assert logistic_t_ha(10.0, 120.0, 0.4, 8.0) == pytest.approx(120 / (1 + math.exp(-0.8)))
    assert logistic_t_ha([-0.5, 0.0], 120.0, 0.4, 8.0) == pytest.approx(
        [0.0, 120 / (1 + math.exp(3.2))]
    )


@settings(deadline=None, max_examples=30)
@given(
    asymptote=st.floats(60, 400),
    rate=st.floats(0.08, 0.4),
    shape=st.floats(0.8, 4.0),
)
def test_fit_recovers_the_curve_that_made_the_points(asymptote, rate, shape):
    points = chapman_richards_t_ha(AGES, asymptote, rate, shape)
    fit = fit_growth(AGES, points)
    assert fit.coefficients == pytest.approx((asymptote, rate, shape), rel=1e-3)
    assert fit.residual_standard_deviation_t_ha < 1e-3 * asymptote


def test_logistic_fit_recovers_its_curve():
    fit = fit_growth(AGES, logistic_t_ha(AGES, 150.0, 0.35, 9.0), curve="logistic")
    assert fit.coefficients == pytest.approx((150.0, 0.35, 9.0), rel=1e-6)


def noisy(seed=5):
    generator = np.random.default_rng(seed)
    ages = np.repeat(AGES, 3)
    return ages, chapman_richards_t_ha(ages, 180.0, 0.15, 1.8) + generator.normal(0, 3, ages.size)


def test_band_by_the_delta_method_for_a_curve_that_is_linear_in_its_coefficient():
    # With k and p known the curve is A g(t): s(t) = g(t) sigma / sqrt(sum g^2). The band of the
    # full fit at old age must not be narrower, and its centre must be the fitted curve.
    ages, biomass = noisy()
    fit = fit_growth(ages, biomass)
    band = fit.predict([1.0, 10.0, 30.0])
    grown = chapman_richards_t_ha(ages, 1.0, *fit.coefficients[1:])
    sigma = fit.residual_standard_deviation_t_ha
    least = chapman_richards_t_ha(30.0, 1.0, *fit.coefficients[1:]) * sigma
    assert band.standard_error_t_ha[2] > float(least / np.sqrt((grown**2).sum()))
    assert band.mean_t_ha == pytest.approx(fit.biomass_t_ha([1.0, 10.0, 30.0]))
    assert np.all(band.lower_t_ha <= band.mean_t_ha)
    assert np.all(band.mean_t_ha <= band.upper_t_ha)


def test_band_covers_the_true_curve_about_as_often_as_it_says():
    true = float(chapman_richards_t_ha(12.0, 180.0, 0.15, 1.8))
    hits = 0
    for seed in range(200):
        band = fit_growth(*noisy(seed)).predict(12.0)
        hits += float(band.lower_t_ha) <= true <= float(band.upper_t_ha)
    # 90 % of 200 with a binomial standard deviation of 2.1 %: four of them either side
    assert 0.90 - 0.085 <= hits / 200 <= 0.90 + 0.085


def test_gradient_of_the_band_matches_the_derivative_in_the_asymptote():
    ages, biomass = noisy()
    fit = fit_growth(ages, biomass, shape=1.8)
    asymptote, rate = fit.coefficients
    age = 7.0
    grown = 1 - math.exp(-rate * age)
    slope_rate = asymptote * 1.8 * grown**0.8 * age * math.exp(-rate * age)
    gradient = np.array([grown**1.8, slope_rate])
    expected = math.sqrt(gradient @ fit.covariance @ gradient)
    assert float(fit.predict(age).standard_error_t_ha) == pytest.approx(expected, rel=1e-6)


def test_same_points_give_the_same_fit():
    ages, biomass = noisy()
    one, other = fit_growth(ages, biomass), fit_growth(ages, biomass)
    assert one.coefficients == other.coefficients
    assert (one.covariance == other.covariance).all()


@pytest.mark.parametrize(
    ("ages", "biomass", "message"),
    [
        ([1, 2, 3], [10, 20, 25], "3 points cannot carry 3"),
        ([1, 2, 3, 4, 5], [10, 20, 30, 40, 50], "do not determine"),
        ([1, 2, 3, math.nan], [10, 20, 25, 27], "not a number"),
        ([0, 2, 3, 4], [10, 20, 25, 27], "above 0"),
        ([1, 2, 3, 4], [-1, 20, 25, 27], "not negative"),
        ([1, 2, 3], [10, 20, 25, 27], "one length"),
    ],
)
def test_points_that_make_no_curve_are_refused(ages, biomass, message):
    with pytest.raises(ValueError, match=message):
        fit_growth(ages, biomass)


def test_logistic_has_no_shape():
    with pytest.raises(ValueError, match="shape"):
        fit_growth(AGES, AGES, curve="logistic", shape=2.0)


def test_age_is_zero_at_the_end_of_the_planting_year():
    assert age_at_year_end_yr(2019, [2018, 2019, 2020]).tolist() == [-1.0, 0.0, 1.0]


def test_plan_by_planting_year():
    fit = fit_growth(AGES, chapman_richards_t_ha(AGES, 150.0, 0.2, 2.0) + np.array([1, -1] * 4))
    plan = (Planting("early", 2020, 30.0), Planting("late", 2022, 10.0))
    series = project_plantings(
        fit, plan, first_year=2019, years=5, name="test points", above_ground_share=0.8
    )
    by_name = {(s.variable, s.stratum): s for s in series}
    assert by_name["mangrove_area", "early"].values == (0.0, 30.0, 30.0, 30.0, 30.0)
    assert by_name["mangrove_area", "late"].values == (0.0, 0.0, 0.0, 10.0, 10.0)
    late = by_name["tree_agb", "late"]
    expected = [0.0, 0.0, 0.0, 0.0, 0.8 * float(fit.biomass_t_ha(1.0))]
    assert late.values == pytest.approx(expected, abs=1e-12)
    assert late.standard_errors[-1] == pytest.approx(
        0.8 * float(fit.predict(1.0).standard_error_t_ha)
    )
    shared = {s.shared_error for s in series if s.variable == "tree_agb"}
    assert shared == {"growth curve test points"}
    with pytest.raises(ValueError, match="stratum of its own"):
        project_plantings(fit, (plan[0], plan[0]), first_year=2019, years=5, name="x")


def test_logistic_plan_has_nothing_before_planting():
    fit = fit_growth(
        AGES, logistic_t_ha(AGES, 150.0, 0.35, 9.0) + np.array([1, -1] * 4), curve="logistic"
    )
    series = project_plantings(
        fit, (Planting("s", 2021, 5.0),), first_year=2019, years=4, name="test points"
    )
    biomass = series[1]
    assert biomass.values[:2] == (0.0, 0.0)
    assert biomass.standard_errors[:2] == (0.0, 0.0)
    assert biomass.values[2] == pytest.approx(float(fit.biomass_t_ha(0.0)))


def test_forty_year_plan_runs_through_a_rule_book():
    fit = fit_growth(AGES, chapman_richards_t_ha(AGES, 150.0, 0.2, 2.0) + np.array([1, -1] * 4))
    plan = tuple(Planting(f"p{year}", year, 76.0) for year in range(2015, 2020))
    monitoring = Monitoring(
        project_id="PLAN",
        period=Period(start=dt.date(2015, 1, 1), end=dt.date(2055, 1, 1)),
        strata=tuple(Stratum(id=p.stratum, kind="planted") for p in plan),
        series=project_plantings(fit, plan, first_year=2014, years=41, name="test points"),
        declarations={
            **CCER_14_002_V1.example().declarations,
            "ex_ante": True,
        },
    )
    rows = Parameters(CCER_14_002_V1.spec.parameters).replaced(CCER_14_002_V1.example_parameters())
    result = CCER_14_002_V1.quantify(monitoring, rows)
    trees = sum(o.value for o in result.outputs if o.name == "trees")
    stock = sum(76.0 * float(fit.biomass_t_ha(2054 - p.planted_year)) for p in plan)
    assert trees == pytest.approx(44 / 12 * 0.45 * 1.3 * stock)
    assert len(result.years) == 40


def test_page_of_guangdong_plans_is_what_its_script_prints():
    spec = importlib.util.spec_from_file_location(
        "ex_ante_guangdong", ROOT / "scripts/ex_ante_guangdong.py"
    )
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = (ROOT / "docs/ex_ante_guangdong.md").read_text(encoding="utf-8")
    printed = page.split("<!-- printed by scripts/ex_ante_guangdong.py -->\n")[1]
    assert printed.split("<!-- end -->")[0] == "\n".join(script.lines()) + "\n"
    # 160,000 / (380 x 40) and 43,600 / (204.85 x 10), the orders of magnitude to meet
    for plan, per_ha_yr in ((script.ZHANJIANG, 10.53), (script.HUIDONG, 21.28)):
        assert plan.published_t / (plan.area_ha * plan.years) == pytest.approx(per_ha_yr, abs=0.01)
        for fit in script.assumptions().values():
            assert 0.5 < script.outcome(plan, fit).total / plan.published_t < 2.0
