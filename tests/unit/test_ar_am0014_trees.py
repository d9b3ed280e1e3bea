"""Tree stocks of AR-AM0014: double sampling, crown cover, a previous stock, volume, basal area."""

import datetime as dt
import math
import statistics

import pytest
from support.monitoring import AREAS, END, PLOTS, START, make_monitoring, measurement
from support.spreadsheet import Workbook

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology import conformance, loader
from bluecarbon.methodology.ar_am0014 import ArAm0014
from bluecarbon.methodology.monte_carlo import simulate
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.trace_workbook import write_trace_xlsx
from bluecarbon.spec import Parameter, errors_in

BOOK = loader.get("ar-am0014@3.0")


def given(name, value, unit):
    return Parameter(name=name, value=value, unit=unit, source="test", status="verified")


PARAMETERS = Parameters(BOOK.spec.parameters).replaced(
    [
        given("baseline_forest_growth", 8.0, "t/ha/yr"),
        given("forest_biomass", 150.0, "t/ha"),
        given("wood_density", 0.6, "t/m**3"),
        given("basal_area_biomass_ratio", 4.0, "t/m**2"),
    ]
)
INDEX = {"K15-0": 0.40, "K15-1": 0.52, "K15-2": 0.47, "K15-3": 0.55}  # on the plots with biomass
INDEX_ALL = {**INDEX, "K15-4": 0.61, "K15-5": 0.44, "K15-6": 0.58, "K15-7": 0.50}
T_3, T_6 = 2.353363435, 1.943180281  # Student's t, two-sided 90 %


def with_declared(monitoring, **declared):
    return monitoring.model_copy(update={"declarations": {**monitoring.declarations, **declared}})


def with_rows(monitoring, *rows):
    return monitoring.model_copy(update={"measurements": (*monitoring.measurements, *rows)})


def replaced(monitoring, changes, *, variable, stratum=None, date=None):
    """The monitoring with fields of some rows replaced; None as ``changes`` takes them out."""
    kept = []
    for row in monitoring.measurements:
        hit = (
            row.variable == variable and stratum in {None, row.stratum} and date in {None, row.date}
        )
        if not hit:
            kept.append(row)
        elif changes is not None:
            kept.append(row.model_copy(update=changes(row)))
    return monitoring.model_copy(update={"measurements": tuple(kept)})


def index_rows(index, stratum="K15", on=END):
    return [
        measurement("plot_secondary_variable", stratum, on, value, "1", sample=plot)
        for plot, value in index.items()
    ]


def double_sampled(index=INDEX_ALL):
    return with_rows(make_monitoring(), *index_rows(index))


def codes(monitoring):
    return {f.code for f in errors_in(BOOK.check(monitoring))}


def all_codes(monitoring):
    return {f.code for f in BOOK.check(monitoring)}


def whole(agb):
    return [b * (1 + math.exp(-1.085 + 0.9256 * math.log(b)) / b) for b in agb]


def stock_at_end_by_hand(regression):
    """C and u of AR-TOOL14 Eq 12-15 at END, with Eq 18-19 for K15 if asked, in plain Python."""
    k15, r20 = whole(PLOTS["K15", END]), whole(PLOTS["R20", END])
    mean, variance = statistics.mean(k15), statistics.variance(k15)
    if regression:
        x, every = list(INDEX.values()), list(INDEX_ALL.values())
        rho = statistics.correlation(x, k15)
        beta = rho * statistics.stdev(k15) / statistics.stdev(x)
        mean += beta * (statistics.mean(every) - statistics.mean(x))
        variance *= 1 - (1 - 4 / 8) * rho**2
    a1, a2 = AREAS["K15", END], AREAS["R20", END]
    total = a1 * mean + a2 * statistics.mean(r20)
    spread = math.sqrt(a1**2 * variance / 4 + a2**2 * statistics.variance(r20) / 4)
    return 44 / 12 * 0.47 * total, T_6 * spread / total


def test_double_sampling_by_hand():
    result = BOOK.quantify(double_sampled(), PARAMETERS)
    stock, uncertainty = stock_at_end_by_hand(regression=True)
    found = {(o.name, o.scope): o.value for o in result.outputs}
    assert found["tree_stock", str(END)] == pytest.approx(stock, rel=1e-12)
    # 4 plots with biomass in each of 2 strata: 6 degrees of freedom; the t value has ten digits
    assert found["tree_stock_uncertainty", "at end"] == pytest.approx(uncertainty, rel=1e-9)
    numbers = [s.equation for s in result.trace if s.scope == "K15 at end"]
    assert numbers == ["Appendix 3 Eq 2", "Appendix 3 Eq 1", "Eq 18", "Eq 19"]
    assert not result.draft


def test_the_claim_with_double_sampling_by_hand():
    k15 = whole(PLOTS["K15", START])
    c1 = 44 / 12 * 0.47 * AREAS["K15", START] * statistics.mean(k15)
    u1 = T_3 * statistics.stdev(k15) / 2 / statistics.mean(k15)
    c2, u2 = stock_at_end_by_hand(regression=True)
    half_width = math.hypot(u1 * c1, u2 * c2)
    u = 100 * half_width / (c2 - c1)
    share = 0 if u <= 10 else 0.25 if u <= 15 else 0.5 if u <= 20 else 0.75 if u <= 30 else 1
    soil = 5 * 44 / 12 * 0.5 * (AREAS["K15", START] + AREAS["R20", END])
    baseline = 5 * 2 * 44 / 12 * 0.47 * 8.0 * 1.25 * 0.01 * 100
    claim = c2 - c1 - share * half_width + soil - baseline
    found = BOOK.quantify(double_sampled(), PARAMETERS).claim_tco2e
    assert found == pytest.approx(claim, rel=1e-8)


def test_a_second_variable_on_the_measured_plots_only_changes_nothing():
    plain = BOOK.quantify(make_monitoring(), PARAMETERS)
    assert BOOK.quantify(double_sampled(INDEX), PARAMETERS).outputs == plain.outputs


def test_the_scale_of_the_second_variable_does_not_matter():
    scaled = double_sampled({plot: 100 * value - 7 for plot, value in INDEX_ALL.items()})
    assert BOOK.quantify(scaled, PARAMETERS).claim_tco2e == pytest.approx(
        BOOK.quantify(double_sampled(), PARAMETERS).claim_tco2e, rel=1e-12
    )


def test_the_monte_carlo_of_double_sampling_has_the_smaller_error():
    def spread(monitoring):
        found = simulate(BOOK, monitoring, PARAMETERS, draws=20_000, seed=5)
        return {s.name: s for s in found}["gross"].standard_deviation

    analytic = BOOK.quantify(double_sampled(), PARAMETERS)
    error = analytic.output("tree_change_uncertainty") * analytic.output("tree_change")
    # The half-width of the change is made of t times two errors: of 3 and of 6 degrees of freedom.
    c2, u2 = stock_at_end_by_hand(regression=True)
    at_end = u2 * c2
    expected = math.hypot(math.sqrt(error**2 - at_end**2) / T_3, at_end / T_6)
    # As in test_ar_am0014_pools: the ratio of roots to shoots falls with biomass.
    assert spread(double_sampled()) == pytest.approx(expected, rel=0.03)
    assert spread(double_sampled()) < 0.95 * spread(make_monitoring())


def without(index, *names):
    return {plot: value for plot, value in index.items() if plot not in names}


@pytest.mark.parametrize(
    ("index", "code"),
    [
        (without(INDEX_ALL, "K15-2"), "secondary-variable-missing"),
        (dict.fromkeys(INDEX_ALL, 0.5), "secondary-variable-constant"),
        ({**INDEX_ALL, "K15-4": math.nan}, "measurement-not-finite"),
        ({**INDEX_ALL, "": 0.5}, "secondary-variable-wrong"),
    ],
)
def test_double_sampling_is_refused(index, code):
    assert codes(double_sampled(index)) == {code}
    with pytest.raises(MethodologyError, match="does not apply"):
        BOOK.quantify(double_sampled(index), PARAMETERS)


def test_two_plots_make_no_regression():
    few = replaced(make_monitoring(), None, variable="tree_agb", stratum="K15", date=END)
    rows = [
        measurement("tree_agb", "K15", END, b, "t/ha", sample=f"K15-{i}")
        for i, b in enumerate((50.0, 62.0))
    ]
    few = with_rows(few, *rows)
    assert codes(few) == set()
    assert codes(with_rows(few, *index_rows(INDEX_ALL))) == {"plots-too-few"}


def test_an_index_without_any_biomass_is_no_sample():
    # R20 is planted after START and has no plots then: an index there stands for nothing.
    index = index_rows({"R20-0": 0.2, "R20-1": 0.3}, "R20", START)
    plain = BOOK.quantify(remeasured(), PARAMETERS)
    assert BOOK.quantify(with_rows(remeasured(), *index), PARAMETERS).outputs == plain.outputs


def test_a_plot_named_twice_is_told():
    again = measurement("tree_agb", "K15", END, 51.0, "t/ha", sample="K15-0")
    assert codes(with_rows(make_monitoring(), again)) == {"plot-named-twice"}
    assert codes(with_rows(double_sampled(), *index_rows({"K15-4": 0.3}))) == {"plot-named-twice"}


def test_double_sampling_goes_before_permanent_plots():
    both = with_declared(double_sampled(), plots_remeasured=True)
    assert "double-sampling-not-paired" in all_codes(both)
    assert "change-by-remeasurement" not in all_codes(both)
    plain = BOOK.quantify(double_sampled(), PARAMETERS)
    assert BOOK.quantify(both, PARAMETERS).claim_tco2e == plain.claim_tco2e


BEFORE = dt.date(2014, 11, 28)


def before_planting(**declared):
    """A first verification: the first stock date lies before anything was planted."""
    early = replaced(make_monitoring(), None, variable="tree_agb", date=START)
    rows = tuple(
        m.model_copy(update={"date": BEFORE}) if m.date == START else m for m in early.measurements
    )
    stated = {
        "start_stock_by_crown_cover": True,
        "forest_crown_cover_threshold": 0.20,
        **declared,
    }
    return with_declared(
        early.model_copy(update={"measurements": rows, "stock_start": BEFORE}), **stated
    )


def test_the_first_stock_by_crown_cover_by_hand():
    result = BOOK.quantify(before_planting(), PARAMETERS)
    # Eq 20-21: two strata of 100 ha with a cover of 1 %
    stock = 2 * 44 / 12 * 0.47 * 150.0 * 1.25 * 0.01 * 100
    found = {(o.name, o.scope): o for o in result.outputs}
    assert found["tree_stock", str(BEFORE)].value == pytest.approx(stock, rel=1e-12)
    assert found["tree_stock", str(BEFORE)].equation == "AR-TOOL14 v4.2 Eq 20"
    c2, u2 = stock_at_end_by_hand(regression=False)
    assert result.output("tree_change") == pytest.approx(c2 - stock, rel=1e-12)
    # Eq 2 with u1 = 0
    assert result.output("tree_change_uncertainty") == pytest.approx(
        u2 * c2 / (c2 - stock), rel=1e-9
    )


def test_the_error_of_the_cover_raises_the_first_stock():
    sure = BOOK.quantify(before_planting(), PARAMETERS)
    unsure = replaced(
        before_planting(), lambda _: {"standard_error": 0.002}, variable="baseline_crown_cover"
    )
    # 1.6448536 x 0.002 is 33 % of the cover: all of it is added (Appendix 2 for a baseline)
    share = 1 + 1.6448536 * 0.002 / 0.01
    stocks = [
        {(o.name, o.scope): o.value for o in r.outputs}["tree_stock", str(BEFORE)]
        for r in (sure, BOOK.quantify(unsure, PARAMETERS))
    ]
    assert stocks[1] / stocks[0] == pytest.approx(share, rel=1e-7)


def test_bare_land_needs_no_forest_biomass():
    bare = replaced(before_planting(), lambda _: {"value": 0.0}, variable="baseline_crown_cover")
    found = BOOK.quantify(bare, Parameters(BOOK.spec.parameters))
    assert found.output("tree_change") == pytest.approx(stock_at_end_by_hand(False)[0], rel=1e-12)


def test_crown_cover_must_be_far_below_that_of_a_forest():
    dense = replaced(before_planting(), lambda _: {"value": 0.05}, variable="baseline_crown_cover")
    # 5 % against 20 % of a threshold of 20 %
    assert codes(dense) == {"methodology-not-applicable"}
    assert codes(with_declared(dense, forest_crown_cover_threshold=0.30)) == set()
    assert codes(before_planting(forest_crown_cover_threshold=math.nan)) >= {
        "declaration-out-of-range"
    }
    plain = make_monitoring()
    assert "crown-cover-condition-not-checked" in all_codes(plain)
    stated = with_declared(plain, forest_crown_cover_threshold=0.30)
    assert "crown-cover-condition-not-checked" not in all_codes(stated)
    assert codes(with_declared(plain, forest_crown_cover_threshold=0.04)) == {
        "methodology-not-applicable"
    }


def test_the_first_stock_by_crown_cover_is_refused():
    unstated = before_planting()
    unstated.declarations.pop("forest_crown_cover_threshold")
    assert codes(unstated) == {"declaration-missing"}
    twice = with_rows(
        before_planting(), measurement("tree_agb", "K15", BEFORE, 9.0, "t/ha", sample="K15-0")
    )
    assert codes(twice) == {"start-stock-given-twice"}
    late = with_declared(
        replaced(make_monitoring(), None, variable="tree_agb", date=START),
        start_stock_by_crown_cover=True,
        forest_crown_cover_threshold=0.2,
    )
    assert codes(late) == {"start-stock-after-planting"}


def test_the_baseline_stops_growing_in_the_steady_state():
    started = with_declared(make_monitoring(), project_start_year=2003.0)
    by_year = {
        o.scope: o.value for o in BOOK.quantify(started, PARAMETERS).outputs if o.name == "baseline"
    }
    annual = 2 * 44 / 12 * 0.47 * 8.0 * 1.25 * 0.01 * 100
    # 20 years from 2003: 2022 is the last
    assert by_year == pytest.approx(
        {"2020": annual, "2021": annual, "2022": annual, "2023": 0.0, "2024": 0.0}
    )


def remeasured(**declared):
    return with_declared(make_monitoring(), plots_remeasured=True, **declared)


def updated(result):
    scopes = (f"updated on {END}", f"updated on {END}, discounted")
    found = {(o.name, o.scope): o.value for o in result.outputs}
    return (
        found["tree_stock", scopes[0]],
        found["tree_stock_uncertainty", scopes[0]],
        found["tree_stock", scopes[1]],
    )


def test_a_previous_stock_is_updated_by_hand():
    result = BOOK.quantify(
        remeasured(previous_tree_stock_tco2e=9000.0, previous_tree_stock_uncertainty=0.16),
        PARAMETERS,
    )
    change, u_change = result.output("tree_change"), result.output("tree_change_uncertainty")
    stock, uncertainty, kept = updated(result)
    assert stock == pytest.approx(9000.0 + change, rel=1e-12)
    half_width = math.hypot(0.16 * 9000.0, u_change * change)
    assert uncertainty == pytest.approx(half_width / stock, rel=1e-12)
    u = 100 * half_width / stock
    share = 0 if u <= 10 else 0.25 if u <= 15 else 0.5 if u <= 20 else 0.75 if u <= 30 else 1
    assert kept == pytest.approx(stock - share * half_width, rel=1e-12)
    assert share > 0


def test_without_a_declared_stock_that_of_the_plots_is_updated():
    result = BOOK.quantify(remeasured(), PARAMETERS)
    # Eq 1 and Eq 22 are then one equation.
    c2, _ = stock_at_end_by_hand(regression=False)
    assert updated(result)[0] == pytest.approx(c2, rel=1e-12)
    declared = remeasured(previous_tree_stock_tco2e=9e3, previous_tree_stock_uncertainty=0.1)
    assert BOOK.quantify(declared, PARAMETERS).claim_tco2e == result.claim_tco2e


def test_a_previous_stock_is_refused():
    assert codes(remeasured(previous_tree_stock_tco2e=9000.0)) == {"declaration-missing"}
    both = {"previous_tree_stock_tco2e": 9000.0, "previous_tree_stock_uncertainty": 0.1}
    assert codes(with_declared(make_monitoring(), **both)) == {"previous-stock-not-updated"}
    assert codes(remeasured(**{**both, "previous_tree_stock_uncertainty": -0.1})) == {
        "declaration-out-of-range"
    }


def by(variable, unit, share):
    """The test project with every plot given in another way; ``share`` turns biomass into it."""
    return replaced(
        make_monitoring(),
        lambda row: {"variable": variable, "unit": unit, "value": row.value * share},
        variable="tree_agb",
    )


@pytest.mark.parametrize(
    ("variable", "unit", "share", "equation"),
    [
        # b = v x 0.6 t/m3 x 1.15 (Eq A1.5, A1.8); b = 4 t/m2 x BA (Eq A1.7)
        ("tree_stem_volume", "m**3/ha", 1 / (0.6 * 1.15), "Eq A1.5, A1.8 (above ground)"),
        ("tree_basal_area", "m**2/ha", 1 / 4.0, "Eq A1.7 (above ground)"),
    ],
)
def test_plots_by_volume_or_basal_area(variable, unit, share, equation):
    plain = BOOK.quantify(make_monitoring(), PARAMETERS)
    other = by(variable, unit, share)
    result = BOOK.quantify(other, PARAMETERS)
    assert result.claim_tco2e == pytest.approx(plain.claim_tco2e, rel=1e-12)
    assert sum(s.equation == equation for s in result.trace) == sum(map(len, PLOTS.values()))
    assert codes(with_rows(other, *index_rows(INDEX_ALL))) == set()
    again = BOOK.quantify(with_declared(other, plots_remeasured=True), PARAMETERS)
    paired = BOOK.quantify(remeasured(), PARAMETERS)
    assert again.claim_tco2e == pytest.approx(paired.claim_tco2e, rel=1e-12)


def test_a_volume_without_density_is_refused():
    unknown = Parameters(BOOK.spec.parameters).replaced(
        [given("baseline_forest_growth", 8.0, "t/ha/yr")]
    )
    with pytest.raises(MethodologyError, match="wood_density"):
        BOOK.quantify(by("tree_stem_volume", "m**3/ha", 1.0), unknown)


def test_plots_of_a_stratum_are_given_in_one_way():
    row = measurement("tree_stem_volume", "K15", END, 90.0, "m**3/ha", sample="K15-9")
    assert codes(with_rows(make_monitoring(), row)) == {"plots-of-two-kinds"}
    wrong = by("tree_stem_volume", "t/ha", 1.0)
    assert codes(wrong) == {"unit-wrong"}


def test_permanent_plots_measured_in_two_ways_are_drawn_apart():
    mixed = replaced(
        remeasured(),
        lambda row: {"variable": "tree_basal_area", "unit": "m**2/ha", "value": row.value / 4},
        variable="tree_agb",
        stratum="K15",
        date=END,
    )
    paired = BOOK.quantify(remeasured(), PARAMETERS)
    assert BOOK.quantify(mixed, PARAMETERS).claim_tco2e == pytest.approx(paired.claim_tco2e)
    spread = {
        name: {s.name: s for s in simulate(BOOK, m, PARAMETERS, draws=4_000, seed=2)}["gross"]
        for name, m in (("mixed", mixed), ("paired", remeasured()))
    }
    assert spread["mixed"].standard_deviation > spread["paired"].standard_deviation


class WithDoubleSampling(ArAm0014):
    """The rule book on an example with double sampling, volumes and permanent plots declared."""

    def example(self):
        base = super().example()
        end = base.stock_end
        volumes = replaced(
            base,
            lambda row: {"variable": "tree_stem_volume", "unit": "m**3/ha"},
            variable="tree_agb",
            stratum="east",
        )
        values = (0.50, 0.44, 0.61, 0.47, 0.55, 0.40, 0.66, 0.52)
        index = {f"east-{i}": value for i, value in enumerate(values, start=1)}
        more = with_rows(volumes, *index_rows(index, "east", end))
        return with_declared(more, forest_crown_cover_threshold=0.2, project_start_year=2001.0)

    def example_parameters(self):
        return (*super().example_parameters(), given("wood_density", 0.6, "t/m**3"))


class WithUpdate(ArAm0014):
    """The rule book on an example with permanent plots: the stock is updated."""

    def example(self):
        return with_declared(super().example(), plots_remeasured=True)


@pytest.mark.parametrize("book", [WithDoubleSampling(), WithUpdate()])
def test_conformance_holds(book):
    # Of a variant of the example no claim is stored.
    assert [f.code for f in conformance.check(book)] == ["conformance-golden-stored"]


@pytest.mark.parametrize(
    "monitoring",
    [
        double_sampled(),
        before_planting(),
        by("tree_stem_volume", "m**3/ha", 1.0),
        by("tree_basal_area", "m**2/ha", 1.0),
        remeasured(previous_tree_stock_tco2e=9000.0, previous_tree_stock_uncertainty=0.16),
    ],
    ids=["double sampling", "crown cover", "volume", "basal area", "update"],
)
def test_every_step_is_live_in_the_workbook(monitoring, tmp_path):
    result = BOOK.quantify(monitoring, PARAMETERS)
    assert [s.equation for s in result.trace if not s.formula] == []
    write_trace_xlsx(result, tmp_path / "trace.xlsx")
    for number, value, reported in Workbook(tmp_path / "trace.xlsx").live_rows():
        assert value == pytest.approx(reported, rel=1e-9, abs=1e-12), f"row {number}"


def test_a_writer_of_an_input_file_finds_every_name_in_the_spec():
    named = {i.name for i in BOOK.spec.inputs} | {d.name for d in BOOK.spec.declarations}
    assert {
        "plot_secondary_variable",
        "tree_stem_volume",
        "tree_basal_area",
        "start_stock_by_crown_cover",
        "forest_crown_cover_threshold",
        "previous_tree_stock_tco2e",
        "previous_tree_stock_uncertainty",
        "project_start_year",
    } <= named
    assert {"wood_density", "basal_area_biomass_ratio", "biomass_expansion_factor"} <= {
        p.name for p in BOOK.spec.parameters
    }
