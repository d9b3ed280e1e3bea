"""VM0033 as a whole: the example by hand, the traps of the document, the net result."""

import datetime as dt
import math

import pytest
from support.vm0033 import (
    BOOK,
    DECLARATIONS,
    FIRST,
    PARAMETERS,
    gross,
    no_herbs,
    project,
    quantified,
    series,
)

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology.monte_carlo import simulate
from bluecarbon.methodology.vm0033_net import buffer_credits, issued_credits
from bluecarbon.methodology.vm0033_uncertainty import kept_share, net_percent
from bluecarbon.provenance import canonical_json
from bluecarbon.report import Period
from bluecarbon.spec import errors_in

TREES = {"K15": (0.0, 1.5, 4.2, 8.0, 12.5, 17.5), "R16": (0.0, 0.0, 1.2, 3.6, 7.0, 11.0)}
COVER = {"K15": (0.10, 0.30, 0.55, 0.70, 0.80), "R16": (0.0, 0.10, 0.25, 0.50, 0.65)}
AREAS = {"K15": 120.0, "R16": 80.0}


def example_by_hand():
    """Net credits of each year of the example, in plain Python from the printed equations."""
    found = []
    for year in range(5):
        stocks = other = 0.0
        for stratum, area in AREAS.items():
            trees = TREES[stratum][year + 1] - TREES[stratum][year]
            cover = min(max((COVER[stratum][year] - 0.15) / 0.35, 0.0), 1.0)
            in_situ = -1.46 * 44 / 12 * cover
            deducted = in_situ * 20 / 100
            stocks += area * (44 / 12 * trees - (in_situ - deducted))
            other -= area * (0.011 * 28 + 0.000487 * 265)
        found.append(stocks + other - 0.15 * stocks)
    return found


def test_the_example_equals_the_one_computed_by_hand():
    result = quantified(BOOK.example())
    # 1e-12: the same sums in another order
    by_hand = example_by_hand()
    assert [r.net_tco2e for r in result.years] == pytest.approx(by_hand, rel=1e-12)
    assert result.years[-1].cumulative_tco2e == pytest.approx(sum(by_hand), rel=1e-12)
    assert not result.draft


def test_the_example_has_no_errors_and_yearly_terms_add_up():
    assert not errors_in(BOOK.check(BOOK.example()))
    for row in quantified(BOOK.example()).years:
        difference = row.project_tco2e - row.baseline_tco2e
        assert sum(row.pools_tco2e.values()) == pytest.approx(difference, abs=1e-9)
        assert row.gross_tco2e == pytest.approx(difference - row.leakage_tco2e, abs=1e-9)
        rest = row.gross_tco2e - row.uncertainty_deduction_tco2e - row.buffer_tco2e
        assert row.net_tco2e == pytest.approx(rest, abs=1e-9)


def test_a_period_inside_the_project_claims_its_own_years_only():
    whole = quantified(BOOK.example()).years
    monitoring = BOOK.example()
    later = monitoring.model_copy(
        update={
            "period": Period(start=dt.date(2018, 1, 1), end=dt.date(2020, 1, 1)),
            "declarations": {**monitoring.declarations, "project_start_year": 2015},
        }
    )
    rows = quantified(later).years
    assert [r.year for r in rows] == [2018, 2019]
    assert [r.net_tco2e for r in rows] == pytest.approx([r.net_tco2e for r in whole[3:]])


def test_ar_tool14_is_in_co2e_and_vm0033_in_carbon():
    rows = (series("tree_change", "tCO2e/yr", (44.0, 88.0, 0.0)),)
    result = quantified(project(*rows, tree_method__project="change"))
    changes = [s.result for s in result.trace if s.equation == "Eq 75"]
    assert changes == pytest.approx([12.0, 24.0, 0.0])
    assert [r.gross_tco2e for r in result.years] == pytest.approx([44.0, 88.0, 0.0])


def test_results_are_cumulative_and_rows_are_differences():
    rows = (series("tree_change", "tCO2e/yr", (10.0, 20.0, 30.0)),)
    result = quantified(project(*rows, tree_method__project="change"))
    assert [result.output("ner", str(FIRST + i)) for i in range(3)] == pytest.approx([10, 30, 60])
    assert [r.gross_tco2e for r in result.years] == pytest.approx([10, 20, 30])


def test_a_loss_is_a_negative_year_with_a_negative_buffer():
    rows = (series("tree_change", "tCO2e/yr", (100.0, -40.0, 0.0)),)
    years = quantified(project(*rows, tree_method__project="change")).years
    assert [r.buffer_tco2e for r in years] == pytest.approx([20.0, -8.0, 0.0])
    assert [r.net_tco2e for r in years] == pytest.approx([80.0, -32.0, 0.0])


def test_equation_93_subtracts_the_buffer():
    buffer = buffer_credits([100.0, 250.0], [0.0, 100.0], 20.0)
    assert list(buffer) == pytest.approx([20.0, 30.0])
    # as printed (x) this would be 2000 and 4500
    issued = issued_credits([100.0, 250.0], [0.0, 100.0], buffer)
    assert list(issued) == pytest.approx([80.0, 120.0])


def test_the_buffer_leaves_out_gases_and_fuel():
    rows = (
        series("tree_change", "tCO2e/yr", (100.0,) * 3),
        series("ch4_flux", "t/ha/yr", (0.1,) * 3),
        series("n2o_flux", "t/ha/yr", (0.01,) * 3),
        series("fuel_emission", "tCO2e/yr", (5.0,) * 3),
    )
    flux = {"ch4_method__project": "flux", "n2o_method__project": "flux"}
    monitoring = project(
        *rows, tree_method__project="change", fuel_method__project="emission", **flux
    )
    row = quantified(monitoring).years[0]
    assert row.buffer_tco2e == pytest.approx(20.0)
    assert row.gross_tco2e == pytest.approx(100 - 10 * (0.1 * 28 + 0.01 * 265) - 5)


def test_premium_and_leakage_enter_equation_85():
    rows = (
        series("fire_reduction_premium", "tCO2e/yr", (7.0, 8.0, 9.0), stratum=""),
        series("leakage_emission", "tCO2e/yr", (1.0, 2.0, 3.0), stratum=""),
    )
    years = quantified(project(*rows)).years
    assert [r.gross_tco2e for r in years] == pytest.approx([6.0, 6.0, 6.0])
    assert [r.leakage_tco2e for r in years] == pytest.approx([1.0, 2.0, 3.0])


def test_the_declared_long_term_cap_limits_the_claim():
    rows = (series("tree_change", "tCO2e/yr", (100.0,) * 3),)
    monitoring = project(
        *rows,
        tree_method__project="change",
        long_term_cap_method="declared",
        net_max_tco2e=150.0,
    )
    assert gross(monitoring) == pytest.approx([100.0, 50.0, 0.0])
    assert "long-term-cap-binds" in {f.code for f in quantified(monitoring).findings}


def test_the_computed_long_term_cap_is_the_result_at_year_100():
    gains = [10.0] * 60 + [-5.0] * 40
    rows = (series("tree_change", "tCO2e/yr", gains),)
    monitoring = project(
        *rows, years=100, tree_method__project="change", long_term_cap_method="computed"
    )
    result = quantified(monitoring)
    total = 600 - 200
    assert max(result.output("ner_limited", str(FIRST + i)) for i in range(100)) == pytest.approx(
        total
    )


def uncertain(*, share=0.0, **more):
    """100 tCO2e/yr of trees with a standard error, no baseline emission."""
    values = (100.0,) * 3
    errors = tuple(share * v for v in values)
    row = series("tree_change", "tCO2e/yr", values, standard_errors=errors)
    return project(row, tree_method__project="change", **more)


@pytest.mark.parametrize(
    ("confidence", "z", "allowable"), [(90, 1.6448536269514722, 20), (95, 1.959963984540054, 30)]
)
def test_uncertainty_over_the_allowable_is_deducted_point_for_point(confidence, z, allowable):
    years = quantified(uncertain(share=0.2, confidence_percent=confidence)).years
    error = 100 * z * 0.2
    deducted = 100 * (error - allowable) / 100
    assert [r.uncertainty_deduction_tco2e for r in years] == pytest.approx([deducted] * 3)


def test_uncertainty_up_to_the_allowable_costs_nothing():
    assert kept_share(20.0, 20.0) == 1.0
    assert kept_share(20.5, 20.0) == pytest.approx(0.995)
    assert kept_share(500.0, 20.0) == 0.0
    assert all(r.uncertainty_deduction_tco2e == 0 for r in quantified(uncertain(share=0.1)).years)


def test_equation_91_adds_the_emissions_as_printed():
    assert net_percent(10.0, 300.0, 20.0, -100.0) == pytest.approx(
        math.hypot(10 * 300, 20 * 100) / 200
    )
    assert net_percent(10.0, 100.0, 10.0, -100.0) > 1000
    assert net_percent(0.0, 100.0, 0.0, -100.0) == 0.0


def test_stated_half_widths_replace_standard_errors():
    stated = series("uncertainty_biomass", "percent", (26.0,) * 3)
    monitoring = uncertain(share=0.9)
    both = monitoring.model_copy(update={"series": (*monitoring.series, stated)})
    result = quantified(both)
    assert result.output("ner_error", str(FIRST)) == pytest.approx(26.0)
    assert result.years[0].uncertainty_deduction_tco2e == pytest.approx(6.0)


def test_strata_are_weighted_by_area_in_quadrature():
    """Eq 87-90 by hand for the example, whose errors are one shared allometry of 8 %."""
    result = quantified(BOOK.example())
    spread, whole = 0.0, 0.0
    for stratum, area in AREAS.items():
        carbon = 44 / 12 * area * TREES[stratum][5]
        soil = sum(
            area * 1.46 * 44 / 12 * min(max((c - 0.15) / 0.35, 0), 1) * 0.8 for c in COVER[stratum]
        )
        gases = 5 * area * (0.011 * 28 + 0.000487 * 265)
        percent = 1.6448536269514722 * 8 * carbon / (carbon + soil + gases)
        spread += (percent * area) ** 2
        whole += area
    assert result.output("ner_error", "2019") == pytest.approx(math.sqrt(spread) / whole)


def test_doubling_the_area_doubles_the_claim():
    rows = (
        series("tree_stock_per_hectare", "tC/ha", (1.0, 3.0, 6.0, 8.0), first=FIRST - 1),
        series("ch4_flux", "t/ha/yr", (0.01,) * 3),
    )
    more = {"tree_method__project": "stock_per_hectare", "ch4_method__project": "flux"}
    once, twice = (gross(project(*rows, area=a, **more)) for a in (10.0, 20.0))
    assert twice == pytest.approx([2 * value for value in once])


def test_order_of_strata_does_not_matter():
    monitoring = BOOK.example()
    other = monitoring.model_copy(update={"strata": monitoring.strata[::-1]})
    assert quantified(other).claim_tco2e == pytest.approx(
        quantified(monitoring).claim_tco2e, rel=1e-12
    )


def test_compatible_units_give_the_same_answer():
    def respelled(row):
        factor, unit = {"ha": (15.0, "mu"), "tC/ha": (0.1, "kgC/m2")}.get(row.unit, (1, row.unit))
        return row.model_copy(
            update={
                "unit": unit,
                "values": tuple(factor * v for v in row.values),
                "standard_errors": tuple(factor * v for v in row.standard_errors),
            }
        )

    monitoring = BOOK.example()
    other = monitoring.model_copy(update={"series": tuple(map(respelled, monitoring.series))})
    assert quantified(other).claim_tco2e == pytest.approx(
        quantified(monitoring).claim_tco2e, rel=1e-12
    )


def test_a_quantification_can_be_sealed():
    assert canonical_json(quantified(BOOK.example())).startswith(b"{")
    # the emissions of baseline and project cancel: Eq 91 has no bound, the seal must hold it
    fuel = [
        series("fuel_emission", "tCO2e/yr", (5.0,) * 3, scenario=s, standard_errors=(1.0,) * 3)
        for s in ("baseline", "project")
    ]
    rows = (*fuel, series("tree_change", "tCO2e/yr", (10.0,) * 3))
    result = quantified(project(*rows, fuel_method="emission", tree_method__project="change"))
    assert result.output("ner_error", str(FIRST)) == 1e6
    assert result.claim_tco2e == 0.0
    assert "uncertainty-exceeds-result" in {f.code for f in result.findings}
    assert b"Infinity" not in canonical_json(result)


def test_pure_and_the_same_twice():
    monitoring = BOOK.example()
    before = monitoring.model_dump_json()
    assert quantified(monitoring) == quantified(monitoring)
    assert monitoring.model_dump_json() == before


def test_every_step_has_number_and_unit_and_a_year():
    result = quantified(BOOK.example())
    numbers = {s.equation for s in result.trace if s.document == "VM0033 v2.1"}
    wanted = {19, 20, 18, 33, 38, 60, 70, 71, 72, 73, 69, 74, 75, 79, 80, 85, 92, 93, 94}
    assert {f"Eq {n}" for n in wanted} <= numbers
    assert {"Eq 87", "Eq 88", "Eq 89", "Eq 90", "Eq 91", "Eq 66-68"} <= numbers
    assert all(s.unit and s.inputs for s in result.trace)
    assert all(s.scope.rsplit(" ", 1)[-1].isdigit() for s in result.trace)


def test_monte_carlo_uses_the_same_equations():
    result = quantified(BOOK.example())
    rows = {s.name: s for s in simulate(BOOK, BOOK.example(), PARAMETERS, draws=4000, seed=5)}
    biomass = sum(row.pools_tco2e["biomass"] for row in result.years)
    claim = rows["claim"]
    # 4000 draws: the mean within 4 standard errors, the spread within 5 %
    assert abs(claim.mean - result.claim_tco2e) < 4 * 0.08 * biomass / math.sqrt(4000)
    assert claim.standard_deviation == pytest.approx(0.08 * biomass, rel=0.05)
    again = simulate(BOOK, BOOK.example(), PARAMETERS, draws=4000, seed=5)
    assert {s.name: s for s in again} == rows


def test_a_monte_carlo_takes_the_one_deduction_of_the_report_from_every_draw():
    """Eq 91-92 are about the estimate: a draw has no confidence interval of its own."""
    monitoring = uncertain(share=0.2)
    kept = 1 - (1.6448536269514722 * 20 - 20) / 100
    drawn = {s.name: s for s in simulate(BOOK, monitoring, PARAMETERS, draws=3000, seed=9)}
    for name in ("p05", "p50", "p95", "mean", "standard_deviation"):
        claim, of_gross = getattr(drawn["claim"], name), getattr(drawn["gross"], name)
        assert claim == pytest.approx(kept * of_gross, rel=1e-12)
    # the spread that the draws show is the one that the deduction was computed from (within 5 %)
    half = (drawn["gross"].p95 - drawn["gross"].p05) / 2
    error = quantified(monitoring).output("ner_error", str(FIRST))
    assert 100 * half / drawn["gross"].mean == pytest.approx(error, rel=0.05)
    # and it differs between draws, as a percentage of each: no draw is charged for its own
    assert drawn["gross"].p05 < 0.8 * drawn["gross"].p95
    about = {o.name: o.about for o in BOOK.spec.outputs}["ner_error"]
    assert "every draw" in about


def test_what_does_not_apply_is_refused():
    monitoring = project(burns_organic_soil=True)
    with pytest.raises(MethodologyError, match="burns_organic_soil"):
        quantified(monitoring)


def test_the_declaration_names_every_choice_and_says_per_what():
    spec = BOOK.spec
    assert {s.per for s in spec.series if s.unit.endswith("/ha")} == {"per hectare"}
    names = {d.name.split(".")[0] for d in spec.declarations}
    assert {name.split(".")[0] for name in DECLARATIONS} <= names
    assert spec.model_validate_json(spec.model_dump_json()) == spec


def test_every_series_says_per_what_from_when_and_to_when():
    words = {
        "per hectare": "per hectare",
        "whole stratum": "for the whole stratum",
        "share": "a share",
        "property": "a property",
        "whole project": "for the whole project",
    }
    stocks = {s.name for s in BOOK.spec.series if s.name.endswith(("_stock", "_crown_cover"))}
    stocks |= {"tree_stock_per_hectare", "tree_biomass_per_hectare"}
    for item in BOOK.spec.series:
        assert words[item.per] in item.about, item.name
        assert "exclusive" in item.about, item.name
        assert ("begins one year early" in item.about) == (item.name in stocks), item.name
        assert "project_start_year" in item.about, item.name
    area = next(s for s in BOOK.spec.series if s.name == "stratum_area")
    assert "one year early in a scenario and stratum that reads one of" in area.about
    for name in ("herb_stock", "shrub_crown_cover", "tree_stock_per_hectare"):
        assert name in area.about


@pytest.mark.parametrize(
    "name", sorted(s.name for s in BOOK.spec.series if "begins one year early" in s.about)
)
def test_the_first_year_that_the_declaration_names_is_the_one_that_is_wanted(name):
    unit = next(s.unit for s in BOOK.spec.series if s.name == name)
    kind = name.split("_")[0]
    method = {
        "tree": {
            "tree_stock": "stock",
            "tree_stock_per_hectare": "stock_per_hectare",
            "tree_biomass_per_hectare": "biomass_per_hectare",
        }.get(name),
        "shrub": "stock" if name == "shrub_stock" else "crown_cover",
        "herb": "stock",
        "soil": "stock_change",
    }[kind]
    chosen = {f"{kind}_method__project": method, "allochthonous_exempt__project": True}
    other = (no_herbs(),) if kind == "herb" else ()
    if kind == "herb":
        chosen["herb_method__baseline"] = "stock"
    early, late = (
        project(*other, series(name, unit, (0.5,) * n, first=FIRST + 3 - n), **chosen)
        for n in (4, 3)
    )
    assert not errors_in(BOOK.check(early))
    assert {f.code for f in errors_in(BOOK.check(late))} == {"series-too-short"}
