"""ccer-14-002@1: what it refuses, and its recalled form against plain arithmetic."""

import math

import numpy as np
import pytest

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology import ccer_14_002_equations as equations
from bluecarbon.methodology.ccer_14_002 import CCER_14_002_V1 as BOOK
from bluecarbon.methodology.monte_carlo import simulate
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.spec import errors_in

EMPTY = Parameters(BOOK.spec.parameters)
ROWS = EMPTY.replaced(BOOK.example_parameters())
CO2 = 44 / 12

WITHOUT_VALUE = {
    "carbon_fraction_tree",
    "root_shoot_ratio",
    "growth_asymptote",
    "growth_rate",
    "growth_shape",
    "soil_carbon_rate",
    "soil_ch4_emission",
    "soil_n2o_emission",
    "gwp_ch4",
    "gwp_n2o",
    "sparse_cover_limit",
    "sparse_stand_deduction",
}


@pytest.fixture
def monitoring():
    return BOOK.example()


def declared(monitoring, **changes):
    return monitoring.model_copy(update={"declarations": {**monitoring.declarations, **changes}})


def with_series(monitoring, name, /, *, stratum=None, **changes):
    rows = tuple(
        s.model_copy(update=changes) if s.variable == name and stratum in (None, s.stratum) else s
        for s in monitoring.series
    )
    return monitoring.model_copy(update={"series": rows})


def without(monitoring, name, stratum=None):
    rows = tuple(
        s for s in monitoring.series if s.variable != name or stratum not in (None, s.stratum)
    )
    return monitoring.model_copy(update={"series": rows})


def codes(monitoring):
    return {f.code for f in errors_in(BOOK.check(monitoring))}


def verified(rows):
    return Parameters(row.model_copy(update={"status": "verified"}) for row in rows)


def by_hand():
    """CDR of the example's three vintages with the invented values of its parameters."""
    areas = {"measured": (30.0, 30.0, 29.5, 29.5), "grown": (0.0, 20.0, 20.0, 20.0)}
    cover = {"measured": (0.1, 0.15, 0.4, 0.6), "grown": (0.0, 0.1, 0.1, 0.25)}
    agb = {
        "measured": (4.0, 9.0, 16.0, 24.0),
        # planted in 2021: ages 0, 1, 2 at the ends of 2021, 2022, 2023
        "grown": (0.0, 0.0, *(120 * (1 - math.exp(-0.15 * age)) ** 1.5 for age in (1, 2))),
    }
    found = []
    for year, discount in ((1, 0.0), (2, 0.06), (3, 0.11)):  # U 8, 15 and 25 %
        trees = 0.0
        for stratum in areas:
            stock = [areas[stratum][y] * agb[stratum][y] for y in (year - 1, year)]
            change = CO2 * 0.45 * 1.3 * (stock[1] - stock[0])
            if cover[stratum][year] < 0.2 and change > 0:
                change *= 0.5
            trees += change
        area = areas["measured"][year] + areas["grown"][year]
        soil = CO2 * 0.8 * area
        gases = area * 12 / 1000 * 28 + area * 0.4 / 1000 * 265
        gross = trees + soil - gases
        found.append((gross - discount * abs(trees)) * 0.9)
    return found


def test_example_as_computed_by_hand(monitoring):
    result = BOOK.quantify(monitoring, ROWS)
    assert list(result.claim_tco2e_by_year.values()) == pytest.approx(by_hand(), rel=1e-12)
    assert [result.output("net", str(y)) for y in (2021, 2022, 2023)] == pytest.approx(by_hand())
    for year, net, discount in zip(result.years, by_hand(), (0, 0.06, 0.11), strict=True):
        # K_RISK, a tenth, stands in the buffer column and is never issued.
        assert year.buffer_tco2e == pytest.approx(net / 9, rel=1e-12)
        assert year.net_tco2e == pytest.approx(net, rel=1e-12)
        trees = year.pools_tco2e["trees"]
        assert year.uncertainty_deduction_tco2e == pytest.approx(discount * trees, rel=1e-12)
        assert sum(year.pools_tco2e.values()) == pytest.approx(year.gross_tco2e)


def test_rows_without_a_value_are_all_named_at_once(monitoring):
    assert {row.name for row in EMPTY if row.value is None} == WITHOUT_VALUE
    with pytest.raises(MethodologyError) as refusal:
        BOOK.quantify(monitoring, EMPTY)
    assert all(name in str(refusal.value) for name in WITHOUT_VALUE)


def test_a_run_names_only_rows_that_its_data_call_for(monitoring):
    measured = without(monitoring, "crown_cover")
    measured = measured.model_copy(update={"strata": measured.strata[:1]})
    measured = measured.model_copy(
        update={"series": tuple(s for s in measured.series if s.stratum != "grown")}
    )
    with pytest.raises(MethodologyError) as refusal:
        BOOK.quantify(measured, EMPTY)
    assert "growth_rate" not in str(refusal.value)
    assert "sparse" not in str(refusal.value)
    assert "soil_carbon_rate" in str(refusal.value)


def test_unverified_rows_refuse_unless_a_draft_is_declared(monitoring):
    for no in (False, 0, "yes", "false"):
        with pytest.raises(MethodologyError, match="non_permanence_share") as refusal:
            BOOK.quantify(declared(monitoring, draft=no), ROWS)
        assert "carbon_fraction_tree" in str(refusal.value)
    with pytest.raises(MethodologyError, match="nobody has read"):
        simulate(BOOK, declared(monitoring, draft=False), ROWS, draws=10, seed=1)


def test_every_output_of_a_draft_says_so(monitoring):
    result = BOOK.quantify(monitoring, ROWS)
    assert result.draft
    assert result.methodology_title.startswith("DRAFT")
    assert all(o.equation.startswith("DRAFT") for o in result.outputs)
    assert "draft" in {f.code for f in result.findings}


def test_verified_rows_compute_without_draft_and_the_structure_is_remarked(monitoring):
    result = BOOK.quantify(declared(monitoring, draft=False), verified(ROWS))
    assert not result.draft
    assert "DRAFT" not in result.methodology_title
    assert result.claim_tco2e == pytest.approx(sum(by_hand()))
    assert "structure-recalled" in {f.code for f in result.findings}


def test_a_declared_draft_stays_a_draft_on_verified_rows(monitoring):
    assert BOOK.quantify(monitoring, verified(ROWS)).draft


@pytest.mark.parametrize(
    ("percent", "discount"),
    [(0, 0.0), (10, 0.0), (10.01, 0.06), (20, 0.06), (20.01, 0.11), (30, 0.11)],
)
def test_uncertainty_ladder(percent, discount):
    limits, discounts = np.array([0.1, 0.2, 0.3]), np.array([0.0, 0.06, 0.11])
    assert float(equations.discount_share(percent / 100, limits, discounts)) == discount


def test_above_the_ladder_more_plots_are_asked_for(monitoring):
    loose = with_series(monitoring, "tree_uncertainty", values=(0.1, 0.1, 0.31, 0.1))
    with pytest.raises(MethodologyError, match="more plots"):
        BOOK.quantify(loose, ROWS)


def test_a_loss_is_not_made_smaller_by_a_deduction(monitoring):
    storm = with_series(monitoring, "tree_agb", values=(40.0, 9.0, 5.0, 1.0))
    storm = with_series(storm, "mangrove_area", stratum="grown", values=(0.0,) * 4)
    first = BOOK.quantify(storm, ROWS).years[0]
    assert first.gross_tco2e < 0
    # U 8 %: no discount; K_RISK of a loss is 0
    assert first.net_tco2e == pytest.approx(first.gross_tco2e)
    second = BOOK.quantify(storm, ROWS).years[1]
    trees = second.pools_tco2e["trees"]
    assert trees < 0
    assert second.uncertainty_deduction_tco2e == pytest.approx(0.06 * -trees)
    assert second.buffer_tco2e == 0.0


def test_planting_inside_the_period_starts_from_nothing(monitoring):
    trace = BOOK.quantify(monitoring, ROWS).trace
    (first,) = [s for s in trace if "dC_TREE" in s.equation and s.scope == "grown 2021"]
    assert first.result == 0.0
    assert {i.name: i.value for i in first.inputs}["area_before_ha"] == 0.0


def test_projection_takes_no_uncertainty_discount(monitoring):
    plan = declared(without(monitoring, "tree_uncertainty"), ex_ante=True)
    deductions = BOOK.quantify(plan, ROWS).outputs
    assert all(o.value == 0 for o in deductions if o.name == "uncertainty_discount")
    assert codes(without(monitoring, "tree_uncertainty")) == {"series-missing"}


@pytest.mark.parametrize("name", ["site_is_suitable", "planted_by_hand", "title_is_clear"])
def test_conditions(monitoring, name):
    assert codes(declared(monitoring, **{name: False})) == {"methodology-not-applicable"}
    assert codes(declared(monitoring, **{name: math.nan})) == {"methodology-not-applicable"}
    assert codes(declared(monitoring, **{name: "yes"})) == {"declaration-not-a-number"}
    rest = {k: v for k, v in monitoring.declarations.items() if k != name}
    assert codes(monitoring.model_copy(update={"declarations": rest})) == {"declaration-missing"}


def test_missing_data_are_named(monitoring):
    assert codes(without(monitoring, "mangrove_area", "grown")) == {"series-missing"}
    nobody = tuple(s.model_copy(update={"planted_year": None}) for s in monitoring.strata)
    assert codes(monitoring.model_copy(update={"strata": nobody})) == {"series-missing"}
    assert "stratum-missing" in codes(monitoring.model_copy(update={"strata": ()}))
    # the year before the first vintage is needed for its change
    late = with_series(monitoring, "tree_agb", first_year=2021, values=(9.0, 16.0, 24.0),
                       standard_errors=())  # fmt: skip
    assert codes(late) == {"series-too-short"}
    carbon = with_series(monitoring, "tree_agb", unit="tC/ha")
    assert codes(carbon) == {"unit-wrong"}
    hole = with_series(monitoring, "tree_agb", values=(4.0, math.nan, 16.0, 24.0))
    assert codes(hole) == {"series-value-wrong"}


def test_crown_cover_may_be_left_out_with_a_word(monitoring):
    bare = without(monitoring, "crown_cover")
    assert "crown-cover-missing" in {f.code for f in BOOK.check(bare)}
    assert BOOK.quantify(bare, ROWS).claim_tco2e > BOOK.quantify(monitoring, ROWS).claim_tco2e


def test_late_claims_are_remarked(monitoring):
    years = monitoring.period.model_copy(update={"end": monitoring.period.end.replace(year=2027)})
    rows = tuple(
        s.model_copy(update={"values": (*s.values, *s.values[-1:] * 3), "standard_errors": ()})
        for s in monitoring.series
    )
    long = monitoring.model_copy(update={"period": years, "series": rows})
    found = {f.code for f in BOOK.quantify(long, ROWS).findings}
    assert "claim-too-late" in found
    plan = BOOK.quantify(declared(long, ex_ante=True), ROWS)
    assert "claim-too-late" not in {f.code for f in plan.findings}


def test_area_and_order(monitoring):
    claim = BOOK.quantify(monitoring, ROWS).claim_tco2e
    rows = tuple(
        s.model_copy(update={"values": tuple(2 * v for v in s.values)})
        if s.variable == "mangrove_area"
        else s
        for s in monitoring.series
    )
    double = monitoring.model_copy(update={"series": rows})
    assert BOOK.quantify(double, ROWS).claim_tco2e == pytest.approx(2 * claim)
    turned = monitoring.model_copy(update={"strata": monitoring.strata[::-1]})
    assert BOOK.quantify(turned, ROWS).claim_tco2e == pytest.approx(claim, rel=1e-12)


def test_trace_formulas_give_the_results(monitoring):
    result = BOOK.quantify(monitoring, ROWS)
    checked = 0
    for step in result.trace:
        text = step.formula.replace("{", "").replace("}", "").replace("^", "**")
        if step.formula and "SUM" not in text and "IF" not in text:
            values = {item.name: item.value for item in step.inputs}
            scope = {"__builtins__": {}, "MAX": max, "ABS": abs, "EXP": math.exp}
            assert eval(text, scope, values) == pytest.approx(step.result, abs=1e-9)
            checked += 1
    assert checked > 40


def test_monte_carlo_draws_the_measured_biomass(monitoring):
    total = {s.name: s for s in simulate(BOOK, monitoring, ROWS, draws=4000, seed=2)}["claim"]
    claim = BOOK.quantify(monitoring, ROWS).claim_tco2e
    assert total.standard_deviation > 0
    assert total.mean == pytest.approx(claim, abs=6 * total.standard_deviation / 4000**0.5)
