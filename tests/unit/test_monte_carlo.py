"""Monte Carlo through the same equations: seeded, correlated where errors are shared."""

import datetime as dt

import numpy as np
import pytest
from support.monitoring import END, make_monitoring

from bluecarbon.methodology import loader
from bluecarbon.methodology.monte_carlo import SeededSampler, simulate
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.report import Measurement, Series
from bluecarbon.spec import Parameter

BOOK = loader.get("ar-am0014@3.0")
GROWTH = Parameter(
    name="baseline_forest_growth", value=8.0, unit="t/ha/yr", source="test", status="verified"
)
PARAMETERS = Parameters(BOOK.spec.parameters).replaced([GROWTH])


def row(name, *, error=2.0, shared=""):
    return Measurement(
        variable=name,
        stratum="A",
        date=dt.date(2020, 1, 1),
        value=10.0,
        unit="t/ha",
        standard_error=error,
        shared_error=shared,
    )


def by_name(found):
    return {item.name: item for item in found}


def test_same_seed_same_draws_whatever_is_asked_first():
    one, two = SeededSampler(50, 7), SeededSampler(50, 7)
    first = one.measurement(row("a")), one.measurement(row("b"))
    second = two.measurement(row("b")), two.measurement(row("a"))
    assert (first[0] == second[1]).all()
    assert (first[1] == second[0]).all()
    assert (SeededSampler(50, 8).measurement(row("a")) != first[0]).any()


def test_draws_have_the_stated_mean_and_error():
    draws = SeededSampler(200_000, 1).measurement(row("a"))
    # 5 standard errors of a mean of 200,000 draws of sd 2
    assert draws.mean() == pytest.approx(10.0, abs=5 * 2 / np.sqrt(200_000))
    assert draws.std() == pytest.approx(2.0, rel=0.01)


def test_own_errors_are_independent_and_shared_ones_are_one():
    sampler = SeededSampler(100_000, 3)
    a, b = sampler.measurement(row("a")), sampler.measurement(row("b"))
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.02
    a, b = (sampler.measurement(row(name, shared="allometry")) for name in "ab")
    assert np.corrcoef(a, b)[0, 1] == pytest.approx(1.0)


def test_exact_values_stay_exact():
    assert SeededSampler(5, 1).measurement(row("a", error=None)) == 10.0


def test_series_moves_as_a_whole():
    series = Series(
        variable="x", unit="ha", first_year=2020, values=(1.0, 2.0), standard_errors=(0.1, 0.2)
    )
    draws = SeededSampler(1000, 1).series(series)
    assert draws.shape == (1000, 2)
    assert np.corrcoef(draws.T)[0, 1] == pytest.approx(1.0)


def test_lognormal_parameter_keeps_mean_and_error_and_stays_positive():
    skewed = Parameter(
        name="x", value=1.0, unit="1", source="s", standard_error=0.8, distribution="lognormal"
    )
    draws = SeededSampler(400_000, 1).parameter(skewed)
    assert draws.min() > 0
    assert draws.mean() == pytest.approx(1.0, rel=0.01)
    assert draws.std() == pytest.approx(0.8, rel=0.03)


def test_simulated_spread_agrees_with_the_analytic_one(monitoring):
    analytic = BOOK.quantify(monitoring, PARAMETERS)
    found = by_name(simulate(BOOK, monitoring, PARAMETERS, draws=20_000, seed=1))
    change = analytic.output("tree_change")
    # AR-TOOL14's half-width is t x standard error; with t(3) at the start and t(6) at the end the
    # normal one of the simulation must be smaller, and not by more than the ratio of t(3) to z.
    half_width = analytic.output("tree_change_uncertainty") * change
    simulated = 1.6449 * found["gross"].standard_deviation
    assert half_width / (2.3534 / 1.6449) < simulated < half_width
    assert found["gross"].mean == pytest.approx(
        sum(r.gross_tco2e for r in analytic.years), rel=0.01
    )


def test_simulation_repeats_and_nothing_uncertain_has_no_spread():
    certain = make_monitoring()
    rows = tuple(
        r.model_copy(update={"value": 20.0 if r.date != END else 60.0})
        if r.variable == "tree_agb"
        else r
        for r in certain.measurements
    )
    certain = certain.model_copy(update={"measurements": rows})
    found = simulate(BOOK, certain, PARAMETERS, draws=100, seed=1)
    assert found == simulate(BOOK, certain, PARAMETERS, draws=100, seed=1)
    assert by_name(found)["claim"].standard_deviation == pytest.approx(0.0, abs=1e-9)


def test_no_draws_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        SeededSampler(0, 1)
