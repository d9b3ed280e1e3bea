"""ipcc-wetlands@2013 against plain arithmetic from the factors of the tables."""

import dataclasses
import math

import numpy as np
import pytest

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology import ipcc_wetlands_2013_equations as equations
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.ipcc_wetlands_2013 import IPCC_WETLANDS_2013 as BOOK
from bluecarbon.methodology.monte_carlo import SeededSampler, simulate
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.spec import errors_in

ROWS = Parameters(BOOK.spec.parameters)
CO2 = 44 / 12


@pytest.fixture
def monitoring():
    return BOOK.example()


def codes(monitoring):
    return {f.code for f in errors_in(BOOK.check(monitoring))}


def with_series(monitoring, variable, /, **changes):
    rows = tuple(
        s.model_copy(update=changes) if s.variable == variable else s for s in monitoring.series
    )
    return monitoring.model_copy(update={"series": rows})


def without(monitoring, variable):
    rows = tuple(s for s in monitoring.series if s.variable != variable)
    return monitoring.model_copy(update={"series": rows})


def by_hand():
    """Project and baseline of the example's three years, written from the factors."""
    project, baseline = [], []
    for growing, rewetted, share, salinity in (
        (40, 20, 0.0, 22),
        (60, 20, 0.5, 16),
        (60, 20, 1.0, 15),
    ):
        growth = growing * 18.1 * (1 + 0.96) * 0.451 * CO2  # the flat is subtropical
        soil = rewetted * share * 1.62 * CO2
        methane = rewetted * (193.7 if salinity < 18 else 0.0) / 1000 * 28
        project.append(growth + soil - methane)
    for cleared, extracted in ((2, 0), (0, 1.5), (0, 0)):
        clearing = cleared * (75 * (1 + 0.96) * 0.451 + 0.7 + 10.7) * CO2
        soil = extracted * 286 * CO2 + 20 * 7.9 * CO2
        fish = 30000 * 0.00169 * 44 / 28 / 1000 * 265
        baseline.append(-clearing - soil - fish)
    return project, baseline


def test_example_as_computed_by_hand(monitoring):
    result = BOOK.quantify(monitoring, ROWS)
    project, baseline = by_hand()
    assert [y.project_tco2e for y in result.years] == pytest.approx(project, rel=1e-12)
    assert [y.baseline_tco2e for y in result.years] == pytest.approx(baseline, rel=1e-12)
    net = [p - b for p, b in zip(project, baseline, strict=True)]
    assert list(result.claim_tco2e_by_year.values()) == pytest.approx(net, rel=1e-12)
    assert result.claim_tco2e == pytest.approx(sum(net))
    assert result.output("net", "2022") == pytest.approx(net[1])


def test_pools_add_up_to_the_difference_of_scenarios(monitoring):
    for year in BOOK.quantify(monitoring, ROWS).years:
        assert sum(year.pools_tco2e.values()) == pytest.approx(year.gross_tco2e)


def test_recalled_factors_make_a_draft(monitoring):
    assert BOOK.quantify(monitoring, ROWS).draft
    read = Parameters(row.model_copy(update={"status": "verified"}) for row in ROWS)
    assert not BOOK.quantify(monitoring, read).draft


def test_rewetted_soil_removes_nothing_before_vegetation_stands(monitoring):
    bare = with_series(monitoring, "revegetated_share", values=(0.0, 0.0, 0.0))
    trace = BOOK.quantify(bare, ROWS).trace
    assert all(s.result == 0 for s in trace if s.equation == "section 4.2.3")
    # CH4 of wet soil does not wait for vegetation.
    methane = [s.result for s in trace if s.equation == "section 4.3.1"]
    assert methane == pytest.approx([0.0, 20 * 0.1937 * 28, 20 * 0.1937 * 28])


def test_the_factor_of_rewetting_is_negative_and_becomes_a_removal(monitoring):
    assert ROWS.row("ef_rewetting").value < 0
    assert equations.rewetting_tco2e(10.0, 1.0, -1.62) == pytest.approx(-59.4)
    plain = without(monitoring, "rewetted_area")
    more = BOOK.quantify(with_series(monitoring, "salinity", values=(30.0,) * 3), ROWS)
    assert more.claim_tco2e > BOOK.quantify(plain, ROWS).claim_tco2e


@pytest.mark.parametrize(("salinity", "factor"), [(17.9, 193.7), (18.0, 193.7), (18.1, 0.0)])
def test_methane_by_salinity(salinity, factor):
    assert float(equations.methane_factor(salinity, 193.7, 0.0)) == factor


def test_nitrogen_of_fish_becomes_nitrous_oxide_before_the_gwp():
    assert equations.aquaculture_tco2e(1e6, 0.00169, 265.0) == pytest.approx(
        1690 * 44 / 28 / 1000 * 265
    )


def test_gwp_is_a_parameter(monitoring):
    gwp = ROWS.row("gwp_ch4").model_copy(update={"value": 27.0})
    trace = BOOK.quantify(monitoring, ROWS.replaced([gwp])).trace
    methane = [s.result for s in trace if s.equation == "section 4.3.1"]
    assert methane[1] == pytest.approx(20 * 0.1937 * 27)


def test_dead_organic_matter_is_lost_with_clearing_only(monitoring):
    trace = BOOK.quantify(monitoring, ROWS).trace
    dead = [s for s in trace if "dead organic matter" in s.equation]
    assert {s.scope.split()[0] for s in dead} == {"flat"}
    assert [s.result for s in dead] == pytest.approx([2 * 11.4 * CO2, 0.0, 0.0])


def test_every_step_has_number_unit_and_a_formula_that_gives_its_result(monitoring):
    result = BOOK.quantify(monitoring, ROWS)
    assert all(s.equation and s.unit and s.formula for s in result.trace)
    numbers = {s.equation for s in result.trace}
    for section in ("4.2.1 (gain)", "4.2.1 (loss)", "4.2.2", "4.2.3", "4.2.4", "4.3.1", "4.3.2"):
        assert f"section {section}" in numbers
    for step in result.trace:
        if "{" in step.formula and "SUM" not in step.formula and "IF" not in step.formula:
            values = {item.name: item.value for item in step.inputs}
            text = step.formula.replace("{", "").replace("}", "")
            assert eval(text, {"__builtins__": {}}, values) == pytest.approx(step.result)


def test_compatible_units_give_the_same_answer(monitoring):
    respelled = {"ha": ("mu", 15.0), "kg": ("t", 0.001), "1": ("%", 100.0), "g/kg": ("%", 0.1)}

    def other_unit(row):
        unit, scale = respelled[row.unit]
        return row.model_copy(update={"unit": unit, "values": tuple(scale * v for v in row.values)})

    rows = [other_unit(row) for row in monitoring.series]
    other = monitoring.model_copy(update={"series": tuple(rows)})
    assert BOOK.quantify(other, ROWS).claim_tco2e == pytest.approx(
        BOOK.quantify(monitoring, ROWS).claim_tco2e, rel=1e-12
    )


def test_twice_the_activity_is_twice_the_claim_and_order_does_not_matter(monitoring):
    claim = BOOK.quantify(monitoring, ROWS).claim_tco2e
    amounts = {"ha", "kg"}
    doubled = monitoring.model_copy(
        update={
            "series": tuple(
                s.model_copy(update={"values": tuple(2 * v for v in s.values)})
                if s.unit in amounts
                else s
                for s in monitoring.series
            )
        }
    )
    assert BOOK.quantify(doubled, ROWS).claim_tco2e == pytest.approx(2 * claim)
    turned = monitoring.model_copy(update={"strata": monitoring.strata[::-1]})
    assert BOOK.quantify(turned, ROWS).claim_tco2e == pytest.approx(claim, rel=1e-12)


def test_pure(monitoring):
    before = monitoring.model_dump_json()
    assert BOOK.quantify(monitoring, ROWS) == BOOK.quantify(monitoring, ROWS)
    assert monitoring.model_dump_json() == before


def test_stands_that_outgrow_their_zone_are_pointed_out(monitoring):
    assert "growth-exceeds-stock" not in {f.code for f in BOOK.quantify(monitoring, ROWS).findings}
    # 3 years x 33.1 > 75
    fast = ROWS.row("agb_growth_subtropical").model_copy(update={"value": 33.1})
    findings = BOOK.quantify(monitoring, ROWS.replaced([fast])).findings
    (found,) = [f for f in findings if f.code == "growth-exceeds-stock"]
    assert "flat" in found.subject


@pytest.mark.parametrize(
    ("variable", "changes", "code"),
    [
        ("growing_area", {"values": (1.0, math.nan, 1.0)}, "series-value-wrong"),
        ("growing_area", {"values": (1.0, -1.0, 1.0)}, "series-value-wrong"),
        ("growing_area", {"values": (1.0, 1.0)}, "series-too-short"),
        ("growing_area", {"first_year": 2022}, "series-too-short"),
        ("growing_area", {"unit": "t"}, "unit-wrong"),
        ("growing_area", {"stratum": "nowhere"}, "series-stratum-unknown"),
        ("growing_area", {"standard_errors": (1.0,)}, "series-errors-wrong"),
        ("revegetated_share", {"values": (0.0, 0.5, 1.2)}, "share-above-one"),
    ],
)
def test_defects_of_series(monitoring, variable, changes, code):
    assert codes(with_series(monitoring, variable, **changes)) == {code}


def test_missing_companions_are_named(monitoring):
    assert codes(without(monitoring, "salinity")) == {"series-missing"}
    assert codes(without(monitoring, "revegetated_share")) == {"series-missing"}
    empty = monitoring.model_copy(update={"series": ()})
    assert codes(empty) == {"series-missing"}
    twice = monitoring.model_copy(update={"series": (*monitoring.series, monitoring.series[0])})
    assert codes(twice) == {"series-twice"}


def test_zone_and_soil_are_declared_not_guessed(monitoring):
    bare = monitoring.model_copy(update={"declarations": {}})
    found = [f for f in errors_in(BOOK.check(bare)) if f.code == "declaration-unknown"]
    assert {f.message.split()[0] for f in found} == {"climate_zone", "soil_type"}
    with pytest.raises(MethodologyError, match="climate_zone is not declared"):
        BOOK.quantify(bare, ROWS)
    wrong = monitoring.model_copy(
        update={"declarations": {**monitoring.declarations, "climate_zone:flat": "polar"}}
    )
    assert codes(wrong) == {"declaration-unknown"}


def test_a_slip_in_a_name_and_a_broken_year_are_remarked(monitoring):
    slip = with_series(monitoring, "drained_area", variable="drained_areas")
    assert "series-unknown" in {f.code for f in BOOK.check(slip)}
    late = monitoring.period.model_copy(update={"start": monitoring.period.start.replace(month=3)})
    part = monitoring.model_copy(update={"period": late})
    assert "period-not-whole-years" in {f.code for f in BOOK.check(part)}
    assert BOOK.quantify(part, ROWS).claim_tco2e == pytest.approx(
        BOOK.quantify(monitoring, ROWS).claim_tco2e
    )


def test_monte_carlo_samples_the_intervals_and_the_series(monitoring):
    one = simulate(BOOK, monitoring, ROWS, draws=4000, seed=7)
    assert one == simulate(BOOK, monitoring, ROWS, draws=4000, seed=7)
    total = {s.name: s for s in one}["claim"]
    claim = BOOK.quantify(monitoring, ROWS).claim_tco2e
    # five standard errors of the mean; growth and carbon fraction are independent, so unbiased
    assert total.mean == pytest.approx(claim, abs=5 * total.standard_deviation / 4000**0.5)
    exact = Parameters(row.model_copy(update={"standard_error": None}) for row in ROWS)
    still = {s.name: s for s in simulate(BOOK, monitoring, exact, draws=10, seed=7)}["claim"]
    assert still.standard_deviation == pytest.approx(0.0, abs=1e-9)
    surveyed = with_series(monitoring, "growing_area", standard_errors=(4.0, 6.0, 6.0))
    wider = {s.name: s for s in simulate(BOOK, surveyed, exact, draws=4000, seed=7)}["claim"]
    # one shared relative error of 10 % on growth
    growth = 160 * 18.1 * 1.96 * 0.451 * CO2
    assert wider.standard_deviation == pytest.approx(0.1 * growth, rel=0.05)


def test_no_step_is_recorded_under_a_monte_carlo(monitoring):
    years = BOOK.axis(monitoring)
    inputs = Inputs(monitoring, ROWS, SeededSampler(5, 1), years=years)
    done = BOOK.evaluate(inputs)
    assert done.trace.steps == ()
    assert done.outputs == []
    assert np.shape(dataclasses.asdict(done.year_terms())["gross"]) == (5, 3)
