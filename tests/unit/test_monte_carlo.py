"""Monte Carlo through the same equations: seeded, correlated where errors are shared."""

import datetime as dt

import numpy as np
import pytest
from support.monitoring import END, make_monitoring

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology import loader
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.monte_carlo import (
    ChunkInputs,
    SeededSampler,
    simulate,
    with_simulation,
)
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.report import Measurement, Period, Series
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


VM0033 = loader.get("vm0033@2.1")
VM0033_ROWS = Parameters(VM0033.spec.parameters)


def simulated(monitoring, draws=4000):
    done = VM0033.quantify(monitoring, VM0033_ROWS)
    found = with_simulation(VM0033, monitoring, VM0033_ROWS, done, draws=draws, seed=1)
    return {f.code: f for f in found.findings}


def with_errors(factor, *, shared):
    monitoring = VM0033.example()
    rows = tuple(
        row.model_copy(
            update={
                "standard_errors": tuple(factor * e for e in row.standard_errors),
                "shared_error": shared,
            }
        )
        for row in monitoring.series
    )
    return monitoring.model_copy(update={"series": rows})


def test_half_widths_that_disagree_are_told_beside_each_other():
    # Eq 88, 90 take strata as independent: of an error that they share, that is too little
    found = simulated(with_errors(6.0, shared="allometry"))
    assert "13,034.7 +- 5,829.4" in found["monte-carlo-interval"].message
    warned = found["monte-carlo-interval-disagrees"]
    assert warned.severity == "warning"
    assert "Eq 91" in warned.message
    assert "15%" in warned.message


def test_half_widths_that_agree_are_printed_beside_each_other():
    found = simulated(with_errors(1.0, shared=""))
    # independent strata and years: what Eq 87-91 add up is what the draws give
    assert "monte-carlo-interval" in found
    assert "Monte Carlo" in found["monte-carlo-interval"].message
    assert "monte-carlo-interval-disagrees" not in found
    assert "monte-carlo-disagrees" not in found


def test_a_later_period_has_no_analytic_interval():
    monitoring = VM0033.example()
    later = monitoring.model_copy(
        update={
            "period": Period(start=dt.date(2018, 1, 1), end=dt.date(2020, 1, 1)),
            "declarations": {**monitoring.declarations, "project_start_year": 2015},
        }
    )
    assert "monte-carlo-interval" not in simulated(later)


@pytest.mark.parametrize("draws", [1, 99])
def test_too_few_draws_are_refused(draws):
    with pytest.raises(MethodologyError, match="at least 100"):
        simulated(VM0033.example(), draws=draws)


def test_few_draws_are_not_taken_for_a_disagreement():
    assert "monte-carlo-disagrees" not in simulated(with_errors(3.0, shared="x"), draws=100)


def test_draws_of_a_chunk_are_those_of_the_sampler_in_the_wanted_unit():
    monitoring = VM0033.example()
    row = next(r for r in monitoring.series if any(r.standard_errors))
    years, sampler = (2016, 2017), SeededSampler(50, 4)
    chunk = ChunkInputs(monitoring, VM0033_ROWS, sampler, years=years, kept={})
    plain = Inputs(monitoring, VM0033_ROWS, sampler, years=years)
    found, wanted = chunk.annual(row, "kgC/m2"), plain.annual(row, "kgC/m2")
    assert found.value == pytest.approx(wanted.value, rel=1e-12)
    assert (found.unit, found.source) == (wanted.unit, wanted.source)


def test_normals_that_a_sampler_keeps_cannot_be_changed():
    sampler = SeededSampler(5, 1)
    with pytest.raises(ValueError, match="read-only"):
        sampler.standard_normal("a")[0] = 0.0
