"""What AR-AM0014 counts only with data for it: permanent plots, shrubs, dead wood, emissions."""

import datetime as dt
import math

import pytest
from support.monitoring import AREAS, END, PLOTS, START, make_monitoring, measurement
from support.spreadsheet import Workbook

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology import conformance, loader
from bluecarbon.methodology.ar_am0014 import ArAm0014
from bluecarbon.methodology.ar_am0014_spec import DEAD_WOOD_CLASSES
from bluecarbon.methodology.monte_carlo import simulate
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.trace_workbook import write_trace_xlsx
from bluecarbon.spec import Parameter, errors_in

BOOK = loader.get("ar-am0014@3.0")


def given(name, value, unit):
    return Parameter(name=name, value=value, unit=unit, source="test", status="verified")


PARAMETERS = Parameters(BOOK.spec.parameters).replaced(
    [given("baseline_forest_growth", 8.0, "t/ha/yr"), given("forest_biomass", 150.0, "t/ha")]
)
COVERS = {
    ("K15", START): 0.30,
    ("K15", END): 0.10,
    ("R20", START): 0.04,
    ("R20", END): 0.25,
}
# R20 at the start is below 5 % and counts as 0; both strata have 100 ha.
SHRUBS = 44 / 12 * 0.47 * 1.40 * 100 * 0.10 * 150 * ((0.10 + 0.25) - (0.30 + 0.0))
T_6 = 1.943180281  # Student's t, two-sided 90 %, 6 degrees of freedom


def with_declared(monitoring=None, **declared):
    monitoring = monitoring or make_monitoring()
    update = {"declarations": {**monitoring.declarations, **declared}}
    return monitoring.model_copy(update=update)


def with_shrubs(monitoring=None, covers=COVERS, **more):
    monitoring = monitoring or make_monitoring()
    rows = [
        measurement("shrub_crown_cover", s, on, cover, "1", **more)
        for (s, on), cover in covers.items()
    ]
    return monitoring.model_copy(update={"measurements": (*monitoring.measurements, *rows)})


def with_plots(plots):
    """The test project with other plots of K15 at the second date, by name."""
    base = make_monitoring()
    kept = [
        m for m in base.measurements if (m.variable, m.stratum, m.date) != ("tree_agb", "K15", END)
    ]
    rows = [measurement("tree_agb", "K15", END, b, "t/ha", sample=n) for n, b in plots.items()]
    return with_declared(
        base.model_copy(update={"measurements": (*kept, *rows)}), plots_remeasured=True
    )


def claim(monitoring):
    return BOOK.quantify(monitoring, PARAMETERS).claim_tco2e


def codes(monitoring):
    return {f.code for f in errors_in(BOOK.check(monitoring))}


def all_codes(monitoring):
    return {f.code for f in BOOK.check(monitoring)}


def whole(agb):
    return [b * (1 + math.exp(-1.085 + 0.9256 * math.log(b)) / b) for b in agb]


def error_of_mean_squared(values):
    n, mean = len(values), sum(values) / len(values)
    return sum((v - mean) ** 2 for v in values) / (n - 1) / n


def test_change_by_remeasurement_by_hand():
    result = BOOK.quantify(with_declared(plots_remeasured=True), PARAMETERS)
    pairs = zip(whole(PLOTS["K15", START]), whole(PLOTS["K15", END]), strict=True)
    grown = [AREAS["K15", END] * b2 - AREAS["K15", START] * b1 for b1, b2 in pairs]
    new = [AREAS["R20", END] * b for b in whole(PLOTS["R20", END])]
    change_t = sum(grown) / 4 + sum(new) / 4
    spread = math.sqrt(error_of_mean_squared(grown) + error_of_mean_squared(new))
    assert result.output("tree_change") == pytest.approx(44 / 12 * 0.47 * change_t, rel=1e-12)
    # 8 differences in 2 samples: 6 degrees of freedom; the t value has ten digits
    assert result.output("tree_change_uncertainty") == pytest.approx(
        T_6 * spread / change_t, rel=1e-9
    )
    assert {"Eq 7 (x A_i)", "Eq 8 (x A_i^2)"} <= {s.equation for s in result.trace}
    assert not any(s.document == "AR-TOOL14 v4.2" and s.equation == "Eq 2" for s in result.trace)


def test_independent_plots_are_the_default():
    plain = BOOK.quantify(make_monitoring(), PARAMETERS)
    denied = BOOK.quantify(with_declared(plots_remeasured=False), PARAMETERS)
    assert denied == plain
    assert not any(s.equation in {"Eq 8 (x A_i^2)", "Eq 22"} for s in plain.trace)
    assert "stock-difference-conservative" in all_codes(make_monitoring())


def test_a_lost_plot_breaks_the_pairing_and_is_told():
    lost = with_plots({"K15-0": 50.0, "K15-1": 62.0, "K15-2": 58.0, "K15-new": 66.0})
    assert {"plots-not-the-same", "stock-difference-conservative"} <= all_codes(lost)
    assert "change-by-remeasurement" not in all_codes(lost)
    result = BOOK.quantify(lost, PARAMETERS)
    plain = BOOK.quantify(make_monitoring(), PARAMETERS)
    assert result.output("tree_change_uncertainty") == plain.output("tree_change_uncertainty")


def test_a_stratum_with_other_plots_counts_as_two_samples():
    base = with_declared(plots_remeasured=True)
    r20 = {"R20-a": 4.0, "R20-b": 6.0}
    rows = [
        m.model_copy(update={"value": 40.0})
        if (m.variable, m.stratum, m.date) == ("mangrove_area", "R20", START)
        else m
        for m in base.measurements
    ]
    rows += [measurement("tree_agb", "R20", START, b, "t/ha", sample=n) for n, b in r20.items()]
    mixed = base.model_copy(update={"measurements": tuple(rows)})
    assert {"plots-not-the-same", "change-by-remeasurement"} <= all_codes(mixed)
    trace = BOOK.quantify(mixed, PARAMETERS).trace
    (t_step,) = [s for s in trace if s.equation == "Eq 15 (t)" and s.scope == "project, change"]
    # 4 pairs of K15, 2 plots of R20 before and 4 after: 10 differences in 3 samples
    assert [i.value for i in t_step.inputs] == [10.0, 3.0]
    counted = {s.scope: s.result for s in trace if s.equation == "Eq 7 (x A_i)"}
    assert counted["R20 at start, change"] == pytest.approx(-40 * sum(whole(r20.values())) / 2)


def test_the_monte_carlo_of_permanent_plots_has_the_uncertainty_of_the_change():
    close = with_plots({"K15-0": 50.0, "K15-1": 61.0, "K15-2": 69.0, "K15-3": 56.0})
    analytic = BOOK.quantify(close, PARAMETERS)
    error = analytic.output("tree_change_uncertainty") * analytic.output("tree_change") / T_6

    def spread(monitoring):
        found = simulate(BOOK, monitoring, PARAMETERS, draws=20_000, seed=5)
        return {s.name: s for s in found}["gross"].standard_deviation

    # 0.5 % from the draws; the rest because one shift moves all plots of a sample alike, while
    # the ratio of roots to shoots falls with biomass.
    assert spread(close) == pytest.approx(error, rel=0.03)
    assert spread(with_declared(close, plots_remeasured=False)) > 1.2 * error


def test_shrubs_by_hand():
    result = BOOK.quantify(with_shrubs(), PARAMETERS)
    assert result.claim_tco2e - claim(make_monitoring()) == pytest.approx(SHRUBS, rel=1e-9)
    pools = sum(row.pools_tco2e["shrubs"] for row in result.years)
    assert pools == pytest.approx(SHRUBS, rel=1e-12)
    assert not result.draft


def test_a_loss_of_shrubs_lowers_the_claim():
    falling = {**COVERS, ("R20", END): 0.04}
    lost = -44 / 12 * 0.47 * 1.40 * 100 * 0.10 * 150 * 0.20
    assert claim(with_shrubs(covers=falling)) - claim(make_monitoring()) == pytest.approx(lost)


def test_no_shrubs_need_no_parameter():
    bare = with_shrubs(covers=dict.fromkeys(COVERS, 0.0))
    assert claim(bare) == claim(make_monitoring())
    unknown = Parameters(BOOK.spec.parameters).replaced(
        [given("baseline_forest_growth", 8.0, "t/ha/yr")]
    )
    assert BOOK.quantify(bare, unknown).claim_tco2e == claim(make_monitoring())
    with pytest.raises(MethodologyError, match="forest_biomass"):
        BOOK.quantify(with_shrubs(), unknown)


def test_shrubs_are_claimed_everywhere_or_nowhere():
    some = {key: cover for key, cover in COVERS.items() if key[0] == "R20"}
    assert codes(with_shrubs(covers=some)) == {"measurement-missing"}


@pytest.mark.parametrize(
    ("cover", "code"),
    [
        (1.2, "share-outside-range"),
        (-0.1, "share-outside-range"),
        (math.nan, "measurement-not-finite"),
    ],
)
def test_shrub_cover_is_a_share(cover, code):
    rows = with_shrubs(covers={**COVERS, ("K15", END): cover})
    assert codes(rows) == {code}


def test_shrub_cover_of_another_unit_is_refused():
    rows = tuple(
        m.model_copy(update={"unit": "ha"}) if m.variable == "shrub_crown_cover" else m
        for m in with_shrubs().measurements
    )
    assert codes(make_monitoring(measurements=rows)) == {"unit-wrong"}


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("tropical_dry", 0.02),
        ("tropical_moist", 0.01),
        ("tropical_wet", 0.06),
        ("tropical_high", 0.07),
        ("temperate", 0.08),
    ],
)
def test_dead_wood_is_a_share_of_the_trees(name, factor):
    plain = BOOK.quantify(make_monitoring(), PARAMETERS)
    result = BOOK.quantify(with_declared(dead_wood_class=name), PARAMETERS)
    expected = factor * plain.output("tree_change_discounted")
    assert result.claim_tco2e - plain.claim_tco2e == pytest.approx(expected, rel=1e-9)
    before = sum(row.pools_tco2e["dead wood"] for row in result.years)
    assert before == pytest.approx(factor * plain.output("tree_change"), rel=1e-12)
    # Nobody has read the factors in their document.
    assert (plain.draft, result.draft) == (False, True)


def test_the_baseline_of_the_optional_pools_is_told():
    code = "baseline-pools-not-counted"
    assert code not in all_codes(make_monitoring())
    assert code in all_codes(with_shrubs())
    assert code in all_codes(with_declared(dead_wood_class="temperate"))


def test_litter_is_never_claimed():
    for name in DEAD_WOOD_CLASSES:
        result = BOOK.quantify(with_declared(dead_wood_class=name), PARAMETERS)
        assert not any("litter" in p.name for p in result.parameters)
        assert PARAMETERS.row(f"litter_factor_{name}").status == "unverified"


def test_leakage_is_taken_off_each_year():
    moved = with_declared(displaced_agriculture_ha=12.0, leakage_tco2e_yr=30.0)
    result = BOOK.quantify(moved, PARAMETERS)
    assert claim(make_monitoring()) - result.claim_tco2e == pytest.approx(5 * 30.0)
    assert [row.leakage_tco2e for row in result.years] == [30.0] * 5


def test_burning_is_taken_off_in_full():
    burnt = with_declared(burning_ha=3.0, burning_emission_tco2e=120.0)
    result = BOOK.quantify(burnt, PARAMETERS)
    assert claim(make_monitoring()) - result.claim_tco2e == pytest.approx(120.0)
    assert [row.pools_tco2e["burning"] for row in result.years] == pytest.approx([-24.0] * 5)


def test_burning_is_not_thinned_by_a_long_time_between_the_stocks():
    early = dt.date(2014, 11, 28)
    rows = tuple(
        m.model_copy(update={"date": early}) if m.date == START else m
        for m in make_monitoring().measurements
    )
    longer = make_monitoring(measurements=rows, stock_start=early)
    burnt = with_declared(longer, burning_ha=3.0, burning_emission_tco2e=120.0)
    assert claim(longer) - claim(burnt) == pytest.approx(120.0)


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ({"burning_ha": 3.0, "leakage_tco2e_yr": 30.0}, "methodology-not-applicable"),
        (
            {"displaced_agriculture_ha": 3.0, "burning_emission_tco2e": 3.0},
            "methodology-not-applicable",
        ),
        ({"leakage_tco2e_yr": -1.0}, "declaration-out-of-range"),
        ({"leakage_tco2e_yr": math.inf}, "declaration-out-of-range"),
        ({"burning_emission_tco2e": math.nan}, "declaration-out-of-range"),
        ({"burning_emission_tco2e": True}, "declaration-not-a-number"),
        ({"plots_remeasured": "yes"}, "declaration-not-a-number"),
        ({"plots_remeasured": 2.0}, "declaration-out-of-range"),
        ({"dead_wood_class": "subtropical"}, "dead-wood-class-unknown"),
        ({"dead_wood_class": True}, "dead-wood-class-unknown"),
    ],
)
def test_refusals(declared, code):
    refused = with_declared(**declared)
    assert codes(refused) == {code}
    with pytest.raises(MethodologyError, match="does not apply"):
        BOOK.quantify(refused, PARAMETERS)


def everything():
    return with_declared(
        with_shrubs(standard_error=0.02),
        plots_remeasured=True,
        dead_wood_class="tropical_wet",
        displaced_agriculture_ha=2.0,
        leakage_tco2e_yr=30.0,
        burning_ha=3.0,
        burning_emission_tco2e=120.0,
    )


def test_everything_at_once_by_hand():
    result = BOOK.quantify(everything(), PARAMETERS)
    trees = result.output("tree_change_discounted")
    soil = 5 * 44 / 12 * 0.5 * (AREAS["K15", START] + AREAS["R20", END])
    baseline = 5 * 2 * 44 / 12 * 0.47 * 8.0 * 1.25 * 0.01 * 100
    expected = 1.06 * trees + SHRUBS + soil - 120 - baseline - 5 * 30
    assert result.claim_tco2e == pytest.approx(expected, rel=1e-12)
    assert result.output("net_removals") == pytest.approx(expected, rel=1e-12)
    for row in result.years:
        change = row.project_tco2e - row.baseline_tco2e
        assert sum(row.pools_tco2e.values()) == pytest.approx(change, rel=1e-12)
        assert set(row.pools_tco2e) <= {*result.equations, "baseline trees"}


def test_every_step_of_the_optional_pools_is_live_in_the_workbook(tmp_path):
    result = BOOK.quantify(everything(), PARAMETERS)
    assert [s.equation for s in result.trace if not s.formula] == []
    write_trace_xlsx(result, tmp_path / "trace.xlsx")
    live = list(Workbook(tmp_path / "trace.xlsx").live_rows())
    assert len(live) == len(result.trace) + len(result.claim_tco2e_by_year) + 1
    for number, value, reported in live:
        assert value == pytest.approx(reported, rel=1e-9, abs=1e-12), f"row {number}"


def test_the_monte_carlo_runs_through_everything():
    found = {s.name: s for s in simulate(BOOK, everything(), PARAMETERS, draws=4_000, seed=3)}
    result = BOOK.quantify(everything(), PARAMETERS)
    gross = sum(row.gross_tco2e for row in result.years)
    error = found["gross"].standard_deviation
    # R20's cover at the start (4 % +- 2 %) is counted in the draws in which it reaches 5 %.
    counted = 44 / 12 * 0.47 * 1.40 * 100 * 0.10 * 150 * 0.05
    assert abs(found["gross"].mean - gross) < counted + 5 * error / math.sqrt(4_000)
    assert error > 0


class WithPools(ArAm0014):
    """The rule book on an example that has the optional pools too."""

    def example(self):
        base = super().example()
        covers = {
            (s.id, on): cover
            for s, covers in zip(base.strata, ((0.10, 0.20), (0.30, 0.02)), strict=True)
            for on, cover in zip((base.stock_start, base.stock_end), covers, strict=True)
        }
        more = with_declared(base, plots_remeasured=True, dead_wood_class="tropical_wet")
        return with_shrubs(more, covers)

    def example_parameters(self):
        return (*super().example_parameters(), given("forest_biomass", 150.0, "t/ha"))


def test_conformance_holds_with_the_optional_pools():
    assert conformance.check(BOOK) == ()
    # the stored claim is that of the shipped example, which has no optional pool
    assert {f.code for f in conformance.check(WithPools())} <= {"conformance-golden-stored"}
