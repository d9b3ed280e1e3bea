"""The rule book as a whole: recomputed by hand, refused when it does not apply, traced."""

import datetime as dt
import math

import pytest
from support.monitoring import AREAS, DECLARATIONS, END, PLOTS, START, make_monitoring

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology import ar_tool14, loader
from bluecarbon.methodology.ar_am0014 import shares_of_years
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.report import Measurement, Period
from bluecarbon.spec import Parameter, errors_in

BOOK = loader.get("ar-am0014@3.0")
GROWTH = Parameter(
    name="baseline_forest_growth", value=8.0, unit="t/ha/yr", source="test", status="verified"
)
PARAMETERS = Parameters(BOOK.spec.parameters).replaced([GROWTH])


def codes(monitoring):
    return {f.code for f in errors_in(BOOK.check(monitoring))}


def stock_by_hand(date):
    """AR-TOOL14 in plain Python, written from the equations and not from the package."""
    strata = [s for (s, d) in PLOTS if d == date]
    total = sum(AREAS[s, date] for s in strata)
    mean, spread, plots_in_all = 0.0, 0.0, 0
    for stratum in strata:
        agb = PLOTS[stratum, date]
        whole = [b * (1 + math.exp(-1.085 + 0.9256 * math.log(b)) / b) for b in agb]
        n, weight = len(whole), AREAS[stratum, date] / total
        variance = (n * sum(b * b for b in whole) - sum(whole) ** 2) / (n * (n - 1))
        mean += weight * sum(whole) / n
        spread += weight**2 * variance / n
        plots_in_all += n
    t_table = {3: 2.353363435, 6: 1.943180281}  # two-sided 90 %
    uncertainty = t_table[plots_in_all - len(strata)] * math.sqrt(spread) / mean
    return 44 / 12 * 0.47 * total * mean, uncertainty


def claim_by_hand():
    (c1, u1), (c2, u2) = stock_by_hand(START), stock_by_hand(END)
    change = c2 - c1
    half_width = math.hypot(u1 * c1, u2 * c2)
    u = 100 * half_width / change
    share = 0 if u <= 10 else 0.25 if u <= 15 else 0.5 if u <= 20 else 0.75 if u <= 30 else 1
    trees = change - share * half_width
    # K15 was planted before the first stock: the smaller of its two areas; R20 was not.
    soil = 5 * 44 / 12 * 0.5 * (AREAS["K15", START] + AREAS["R20", END])
    baseline = 5 * 2 * 44 / 12 * 0.47 * 8.0 * 1.25 * 0.01 * 100
    return trees + soil - baseline


def test_claim_equals_the_one_computed_by_hand(monitoring):
    result = BOOK.quantify(monitoring, PARAMETERS)
    # 1e-8: the t values above carry ten digits
    assert result.claim_tco2e == pytest.approx(claim_by_hand(), rel=1e-8)
    assert sum(result.claim_tco2e_by_year.values()) == pytest.approx(result.claim_tco2e)
    assert list(result.claim_tco2e_by_year) == ["2020", "2021", "2022", "2023", "2024"]


def test_stratum_planted_in_the_period_starts_from_nothing(monitoring):
    result = BOOK.quantify(monitoring, PARAMETERS)
    assert not any("R20-" in s.scope and "at start" in s.scope for s in result.trace)


def test_soil_stops_twenty_years_after_planting():
    late = make_monitoring(period=Period(start=dt.date(2024, 1, 1), end=dt.date(2026, 1, 1)))
    early = (late.strata[0].model_copy(update={"planted_year": 2005}), late.strata[1])
    result = BOOK.quantify(late.model_copy(update={"strata": early}), PARAMETERS)
    by_year = {o.scope: o.value for o in result.outputs if o.name == "soil"}
    # K15: 2005 ... 2024 inclusive; R20: 2020 ... 2039
    assert by_year["2024"] == pytest.approx(44 / 12 * 0.5 * (80 + 50))
    assert by_year["2025"] == pytest.approx(44 / 12 * 0.5 * 50)


def test_doubling_the_area_doubles_the_claim(monitoring):
    once = BOOK.quantify(monitoring, PARAMETERS).claim_tco2e
    twice = BOOK.quantify(make_monitoring(scale_area=2.0), PARAMETERS).claim_tco2e
    assert twice == pytest.approx(2 * once, rel=1e-12)


def test_order_of_strata_does_not_matter(monitoring):
    other = make_monitoring(strata_order=("R20", "K15"))
    assert BOOK.quantify(other, PARAMETERS).claim_tco2e == pytest.approx(
        BOOK.quantify(monitoring, PARAMETERS).claim_tco2e, rel=1e-12
    )


def test_pure(monitoring):
    before = monitoring.model_dump_json()
    assert BOOK.quantify(monitoring, PARAMETERS) == BOOK.quantify(monitoring, PARAMETERS)
    assert monitoring.model_dump_json() == before


def test_compatible_units_give_the_same_answer(monitoring):
    def respelled(row):
        if row.variable == "tree_agb":
            return row.model_copy(update={"value": row.value / 10, "unit": "kg/m2"})
        if row.variable in {"mangrove_area", "stratum_area"}:
            return row.model_copy(update={"value": row.value * 15, "unit": "mu"})
        return row

    rows = tuple(respelled(row) for row in monitoring.measurements)
    other = monitoring.model_copy(update={"measurements": rows})
    assert BOOK.quantify(other, PARAMETERS).claim_tco2e == pytest.approx(
        BOOK.quantify(monitoring, PARAMETERS).claim_tco2e, rel=1e-12
    )


def test_carbon_given_for_dry_matter_is_refused(monitoring):
    rows = [
        r.model_copy(update={"unit": "tC/ha"}) if r.variable == "tree_agb" else r
        for r in monitoring.measurements
    ]
    assert codes(monitoring.model_copy(update={"measurements": tuple(rows)})) == {"unit-wrong"}


def test_every_equation_is_traced_with_number_inputs_and_unit(monitoring):
    result = BOOK.quantify(monitoring, PARAMETERS)
    numbers = {f"{s.document} {s.equation}" for s in result.trace}
    assert {f"AR-TOOL14 v4.2 Eq {n}" for n in (1, 2, 10, 11, 12, 13, 14, 15, 16, 17)} <= numbers
    assert {f"AR-AM0014 v3.0 Eq {n}" for n in (1, 2, 3, 4, 6)} <= numbers
    assert all(s.unit and (s.inputs or "Eq 1" in s.equation) for s in result.trace)
    used = {p.name for p in result.parameters}
    # The other rows belong to pools that the data do not call for: test_ar_am0014_pools.
    assert used == {
        "baseline_forest_growth",
        "carbon_fraction_tree",
        "root_shoot_baseline",
        "root_shoot_intercept",
        "root_shoot_slope",
        *ar_tool14.LADDER,
        "soc_accumulation_tc_ha_yr",
        "soc_accumulation_years",
    }


def test_no_cover_before_planting_needs_no_growth_parameter(monitoring):
    rows = [
        r.model_copy(update={"value": 0.0}) if r.variable == "baseline_crown_cover" else r
        for r in monitoring.measurements
    ]
    bare = monitoring.model_copy(update={"measurements": tuple(rows)})
    result = BOOK.quantify(bare, Parameters(BOOK.spec.parameters))
    assert all(o.value == 0 for o in result.outputs if o.name == "baseline")


def changed(monitoring, variable, **update):
    rows = tuple(
        r.model_copy(update=update) if r.variable == variable else r
        for r in monitoring.measurements
    )
    return monitoring.model_copy(update={"measurements": rows})


def test_a_sample_that_saw_no_crown_counts_its_whole_half_width(monitoring):
    unseen = changed(monitoring, "baseline_crown_cover", value=0.0, standard_error=0.01)
    result = BOOK.quantify(unseen, PARAMETERS)
    # cover 0 + 100 % of 1.6448536 x 0.01, on two strata of 100 ha
    expected = 2 * 44 / 12 * 0.47 * 8.0 * 1.25 * 0.016448536 * 100
    by_year = {o.scope: o.value for o in result.outputs if o.name == "baseline"}
    assert by_year["2020"] == pytest.approx(expected, rel=1e-7)


def test_growth_outside_the_period_is_not_credited(monitoring):
    longer = monitoring.model_copy(update={"stock_start": dt.date(2014, 11, 28)})
    rows = tuple(
        r.model_copy(update={"date": dt.date(2014, 11, 28)}) if r.date == START else r
        for r in monitoring.measurements
    )
    longer = longer.model_copy(update={"measurements": rows})
    result = BOOK.quantify(longer, PARAMETERS)
    trees = sum(o.value for o in result.outputs if o.name == "trees")
    # Ten years between the stocks, five of them in the period (3653 days / 365.25 = 10.0014).
    assert trees == pytest.approx(
        result.output("tree_change_discounted") * 5 / (3653 / 365.25), rel=1e-12
    )


def test_area_errors_that_would_change_the_discount_are_told(monitoring):
    sure = BOOK.quantify(monitoring, PARAMETERS)
    assert {f.code for f in sure.findings} >= {"area-error-not-counted"}
    unsure = BOOK.quantify(changed(monitoring, "mangrove_area", standard_error=8.0), PARAMETERS)
    assert unsure.claim_tco2e == pytest.approx(sure.claim_tco2e)
    assert {f.code for f in unsure.findings} >= {"area-error-changes-discount"}
    with_areas = unsure.output("tree_change_uncertainty_with_areas")
    assert with_areas > unsure.output("tree_change_uncertainty")
    assert sure.output("tree_change_uncertainty_with_areas") == pytest.approx(
        sure.output("tree_change_uncertainty")
    )


def test_missing_growth_parameter_is_named(monitoring):
    with pytest.raises(MethodologyError, match="baseline_forest_growth"):
        BOOK.quantify(monitoring, Parameters(BOOK.spec.parameters))


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("mangrove_species_share", 0.85, "methodology-not-applicable"),
        ("mangrove_species_share", math.nan, "methodology-not-applicable"),
        ("soil_disturbance_share", 0.2, "methodology-not-applicable"),
        ("site_was_degraded", False, "methodology-not-applicable"),
        ("burning_ha", 3.0, "methodology-not-applicable"),
        ("displaced_agriculture_ha", 1.0, "methodology-not-applicable"),
        ("burning_ha", "none", "declaration-not-a-number"),
    ],
)
def test_conditions(name, value, code):
    refused = make_monitoring(declarations={**DECLARATIONS, name: value})
    assert codes(refused) == {code}
    with pytest.raises(MethodologyError, match=name):
        BOOK.quantify(refused, PARAMETERS)


def test_all_conditions_are_reported_at_once():
    empty = make_monitoring(declarations={})
    assert len(errors_in(BOOK.check(empty))) == sum(d.required for d in BOOK.spec.declarations)


def without(monitoring, **wanted):
    rows = tuple(
        r for r in monitoring.measurements if any(getattr(r, k) != v for k, v in wanted.items())
    )
    return monitoring.model_copy(update={"measurements": rows})


def test_missing_data_are_named(monitoring):
    assert codes(without(monitoring, variable="tree_agb", stratum="K15", date=START)) == {
        "plots-too-few"
    }
    assert codes(without(monitoring, variable="mangrove_area", stratum="R20", date=END)) == {
        "measurement-missing"
    }
    assert codes(without(monitoring, variable="baseline_crown_cover")) == {"measurement-missing"}
    assert codes(monitoring.model_copy(update={"stock_start": None})) == {"stock-dates-missing"}
    none = {"strata": (), "measurements": ()}
    assert codes(monitoring.model_copy(update=none)) == {"planted-stratum-missing"}


@pytest.mark.parametrize(
    ("value", "code"), [(-1.0, "measurement-negative"), (math.nan, "measurement-not-finite")]
)
def test_nan_and_negative_never_become_zero(monitoring, value, code):
    bad = Measurement(
        variable="tree_agb", stratum="K15", date=END, value=value, unit="t/ha", sample="K15-x"
    )
    spoiled = monitoring.model_copy(update={"measurements": (*monitoring.measurements, bad)})
    assert codes(spoiled) == {code}


def test_a_part_of_a_year_counts_as_a_part():
    period = Period(start=dt.date(2020, 7, 1), end=dt.date(2022, 4, 1))
    shares = shares_of_years(make_monitoring(period=period))
    assert shares == {2020: 184 / 366, 2021: 1.0, 2022: 90 / 365}
