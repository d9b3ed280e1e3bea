"""VM0033 Eq 95-99: soil cores in layers as the stock of Eq 36 and of the depletion time."""

import datetime as dt
import json
import math

import pytest
from support.vm0033 import (
    BOOK,
    FIRST,
    PARAMETERS,
    formulas_hold,
    gross,
    measured,
    project,
    quantified,
    series,
)

from bluecarbon.methodology.input_files import MethodologyInput
from bluecarbon.methodology.monte_carlo import simulate
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.trace_links import origins
from bluecarbon.spec import Parameter, errors_in

C = 44 / 12
AREA = 10.0
START, END = dt.date(FIRST - 1, 11, 5), dt.date(FIRST + 4, 12, 20)
BY_CORES = {"soil_method__project": "core_layers", "allochthonous_exempt__project": True}
Z = 1.6448536269514722

SHALLOW, DEEP = (0.05, 0.6, 20.0), (0.03, 0.8, 30.0)
"""Carbon fraction, bulk density [g/cm3] and thickness [cm] of two layers."""


def layer(core, values, date, *, family="", carbon="core_carbon_content", unit="tC/t", **more):
    """The three measurements of one layer."""
    names = (f"{family}{carbon}", f"{family}core_bulk_density", f"{family}core_thickness")
    return [
        measured(name, value, its_unit, sample=core, **more).model_copy(update={"date": date})
        for name, value, its_unit in zip(names, values, (unit, "g/cm3", "cm"), strict=True)
    ]


def core(name, date, *layers, **more):
    return [row for i, one in enumerate(layers) for row in layer(f"{name}/{i}", one, date, **more)]


def by_hand(*layers):
    return sum(fraction * density * depth * 100 for fraction, density, depth in layers)


GROWN = (0.06, 0.7, 20.0)
TWO_CORINGS = [
    *core("C1", START, SHALLOW, DEEP),
    *core("C2", START, SHALLOW),
    *core("C1", END, GROWN, DEEP),
    *core("C2", END, GROWN),
]
BEFORE = (by_hand(SHALLOW, DEEP) + by_hand(SHALLOW)) / 2
AFTER = (by_hand(GROWN, DEEP) + by_hand(GROWN)) / 2


def cored(measurements=TWO_CORINGS, **more):
    return project(years=5, measurements=measurements, **{**BY_CORES, **more})


def codes(monitoring):
    return {f.code for f in errors_in(BOOK.check(monitoring))}


def test_equation_36_takes_the_mean_of_the_cores_of_equation_99_over_t_years():
    monitoring = cored()
    assert codes(monitoring) == set()
    assert gross(monitoring) == pytest.approx([AREA * C * (AFTER - BEFORE) / 5] * 5)
    stocks = {s.scope: s.result for s in quantified(monitoring).trace if s.equation == "Eq 99"}
    assert stocks["A project C2 2019"] == pytest.approx(0.05 * 0.6 * 20 * 100)


def test_each_year_lies_between_its_two_corings():
    middle = core("C1", dt.date(FIRST + 2, 2, 1), (0.055, 0.6, 20.0))
    rows = [*core("C1", START, SHALLOW), *middle, *core("C1", END, GROWN)]
    first, second = by_hand((0.055, 0.6, 20.0)) - by_hand(SHALLOW), by_hand(GROWN)
    second -= by_hand((0.055, 0.6, 20.0))
    # the coring of February counts for the end of the year before: 2 years, then 3
    expected = [AREA * C * first / 2] * 2 + [AREA * C * second / 3] * 3
    assert gross(cored(rows)) == pytest.approx(expected)


def converted(method, matter):
    return {
        "marsh": 0.40 * matter + 0.0025 * matter**2,
        "mangrove": 0.415 * matter + 2.8857,
        "seagrass": 0.40 * matter - 0.21 if matter < 20 else 0.43 * matter - 0.33,
        "project_equation": 0.5 * matter + 0.1,
    }[method]


OWN = (
    Parameter(name="matter_carbon_slope", value=0.5, unit="1", source="lab", status="verified"),
    Parameter(
        name="matter_carbon_intercept", value=0.1, unit="percent", source="lab", status="verified"
    ),
)


@pytest.mark.parametrize("method", ["marsh", "mangrove", "seagrass", "project_equation"])
@pytest.mark.parametrize(("was", "now"), [(8.0, 9.0), (19.9, 20.0), (30.0, 34.0)])
def test_equations_95_to_98_are_chosen_by_method(method, was, now):
    matter = {"carbon": "core_organic_matter", "unit": "percent"}
    rows = [
        *core("C1", START, (was, 0.6, 20.0), **matter),
        *core("C1", END, (now, 0.6, 20.0), **matter),
    ]
    result = BOOK.quantify(
        cored(rows, core_carbon_method=method), Parameters(BOOK.spec.parameters).replaced(OWN)
    )
    change = (converted(method, now) - converted(method, was)) / 100 * 0.6 * 20 * 100
    assert [r.gross_tco2e for r in result.years] == pytest.approx([AREA * C * change / 5] * 5)
    # the figures of Eq 98 were not legible in the document: who uses them is told
    assert result.draft == (method == "seagrass" and now >= 20)


def test_a_monitoring_file_carries_cores_by_the_names_that_the_spec_prints():
    known = {item.name: item for item in BOOK.spec.inputs}
    for row in TWO_CORINGS:
        assert "CORE/LAYER" in known[row.variable].about
        assert "baseline_" in known[row.variable].about
    text = json.dumps(json.loads(cored().model_dump_json()))
    again = MethodologyInput.model_validate_json(text)
    assert gross(again) == pytest.approx(gross(cored()))


def test_cores_that_were_summed_already_count_as_they_are():
    rows = [
        measured("soil_carbon", value, "tC/ha", sample=name).model_copy(update={"date": date})
        for name, value, date in (("C1", 90.0, START), ("C2", 110.0, START), ("C1", 130.0, END))
    ]
    assert gross(cored(rows)) == pytest.approx([AREA * C * (130 - 100) / 5] * 5)


def test_in_the_baseline_soil_has_formed_since_the_reference_plane():
    monitoring = cored(
        [*TWO_CORINGS, *core("B", START, (0.04, 0.7, 2.0), family="baseline_")],
        soil_method__baseline="core_layers",
        reference_plane_age_years__baseline=8,
    )
    rate = by_hand((0.04, 0.7, 2.0)) / 8
    result = quantified(monitoring)
    assert [r.baseline_tco2e for r in result.years] == pytest.approx([AREA * C * rate] * 5)


def losing(measurements, **more):
    rows = (
        series("soil_carbon_loss_rate", "tC/ha/yr", (8.0,) * 100, scenario="baseline"),
        series("soil_carbon_loss_rate", "tC/ha/yr", (0.0,) * 100),
    )
    return project(
        *rows,
        years=100,
        measurements=measurements,
        soil_method__baseline="loss_rate",
        depletion_method="mineral",
        start_stock_method="core_layers",
        long_term_cap_method="computed",
        **more,
    )


def test_equation_2_and_the_cap_start_from_cores():
    start = core("C1", START, (0.05, 1.0, 20.0))
    # 0.05 x 1.0 x 20 x 100 = 100 tC/ha at 8 tC/ha/yr last 12.5 years: 12 years count
    years = gross(losing(start, soil_cap_method="stock_loss"))
    assert years[:12] == pytest.approx([AREA * C * 8] * 12)
    assert years[12:] == pytest.approx([0.0] * 88)
    areas = [measured("baseline_area_t100", 10.0, "ha"), measured("project_area_t100", 7.0, "ha")]
    capped = quantified(losing([*start, *areas], soil_cap_method="total_stock"))
    assert capped.claim_tco2e == pytest.approx(100 * 7 * C)


def test_the_error_of_a_coring_is_that_of_the_mean_of_its_cores():
    errors = []
    for kind, deep in ((SHALLOW, by_hand(SHALLOW, DEEP)), (GROWN, by_hand(GROWN, DEEP))):
        one, two = deep, by_hand(kind)
        spread = math.sqrt(((one - two) ** 2) / 2)
        errors.append(spread / math.sqrt(2))
    change = AFTER - BEFORE
    percent = 100 * Z * math.hypot(*errors) / change
    result = quantified(cored())
    assert result.output("ner_error", str(FIRST)) == pytest.approx(percent)
    drawn = {s.name: s for s in simulate(BOOK, cored(), PARAMETERS, draws=6000, seed=3)}
    # 6000 draws: the spread within 5 %
    expected = AREA * C * math.hypot(*errors)
    assert drawn["gross"].standard_deviation == pytest.approx(expected, rel=0.05)


def test_the_error_of_a_single_core_comes_from_its_layers():
    more = {"standard_error": 0.002}
    rows = [*core("C1", START, SHALLOW), *layer("C1/0", GROWN, END)]
    moved = [row.model_copy(update=more) if "carbon" in row.variable else row for row in rows]
    one, two = 0.002 * 0.6 * 20 * 100, 0.002 * 0.7 * 20 * 100
    change = by_hand(GROWN) - by_hand(SHALLOW)
    percent = 100 * Z * math.hypot(one, two) / change
    assert quantified(cored(moved)).output("ner_error", str(FIRST)) == pytest.approx(percent)
    # the same laboratory error in both corings: only the difference of the two is left
    shared = [row.model_copy(update={"shared_error": "laboratory"}) for row in moved]
    percent = 100 * Z * (two - one) / change
    assert quantified(cored(shared)).output("ner_error", str(FIRST)) == pytest.approx(percent)


def test_an_uncertain_line_of_the_project_is_drawn():
    matter = {"carbon": "core_organic_matter", "unit": "percent"}
    rows = [
        *core("C1", START, (8.0, 0.6, 20.0), (5.0, 0.6, 20.0), **matter),
        *core("C1", END, (12.0, 0.6, 20.0), (5.0, 0.6, 20.0), **matter),
    ]
    own = (OWN[0].model_copy(update={"standard_error": 0.05}), OWN[1])
    parameters = Parameters(BOOK.spec.parameters).replaced(own)
    monitoring = cored(rows, core_carbon_method="project_equation")
    found = {s.name: s for s in simulate(BOOK, monitoring, parameters, draws=6000, seed=3)}
    # the slope counts with the 4 % by which organic matter rose; 6000 draws: within 5 %
    expected = AREA * C * 0.05 * 4.0 * 0.6 * 20
    assert found["gross"].standard_deviation == pytest.approx(expected, rel=0.05)


def test_formulas_of_cores_compute_the_same():
    matter = {"carbon": "core_organic_matter", "unit": "percent"}
    rows = [
        *core("C1", START, (8.0, 0.6, 20.0), (25.0, 0.5, 30.0), **matter),
        *core("C1", END, (12.0, 0.6, 20.0), (30.0, 0.5, 30.0), **matter),
    ]
    used = formulas_hold(cored(rows, core_carbon_method="seagrass"))
    assert {"Eq 36", "Eq 36 (C_t)", "Eq 97", "Eq 98", "Eq 99", "Eq 99 (mean)"} <= used


def test_an_auditor_can_follow_a_core_to_the_emission():
    result = quantified(cored())
    places = {(s.equation, s.scope): i for i, s in enumerate(result.trace)}
    links = origins(result)
    step = links[places["Eq 36", f"A project {FIRST + 1}"]]
    wanted = [places[f"Eq 36 ({name})", f"A project {FIRST + 1}"] for name in ("C_t", "C_t-T")]
    assert [origin.step for origin in step[:2]] == wanted
    stocks = [origin.step for origin in links[wanted[0]][:2]]
    assert stocks == [places["Eq 99 (mean)", f"A project {year}"] for year in (2019, 2024)]
    cores = [origin.step for origin in links[stocks[0]]]
    assert cores == [places["Eq 99", f"A project {name} 2019"] for name in ("C1", "C2")]


def changed(rows, place, **update):
    return [*rows[:place], rows[place].model_copy(update=update), *rows[place + 1 :]]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([], "corings-missing"),
        (core("C1", START, SHALLOW), "corings-missing"),
        (
            core("C1", START, SHALLOW) + core("C1", dt.date(FIRST + 2, 12, 1), GROWN),
            "corings-missing",
        ),
        (
            core("C1", dt.date(FIRST - 4, 12, 1), SHALLOW) + core("C1", END, GROWN),
            "cores-too-old",
        ),
        (
            core("C1", dt.date(FIRST, 12, 1), SHALLOW) + core("C1", END, GROWN),
            "cores-too-late",
        ),
        (TWO_CORINGS[1:], "core-layer-incomplete"),
        (changed(TWO_CORINGS, 0, sample="C1"), "core-sample-wrong"),
        (changed(TWO_CORINGS, 0, value=5.0), "value-wrong"),
        (changed(TWO_CORINGS, 0, value=math.nan), "value-wrong"),
        (changed(TWO_CORINGS, 0, standard_error=-1.0), "errors-wrong"),
        (changed(TWO_CORINGS, 0, unit="percent"), "unit-wrong"),
        (changed(TWO_CORINGS, 1, value=600.0), "value-wrong"),
        (changed(TWO_CORINGS, 2, value=0.0), "value-wrong"),
        ([*TWO_CORINGS, TWO_CORINGS[0]], "core-layer-twice"),
        ([*TWO_CORINGS, *core("C9", START, SHALLOW, stratum="Z")], "stratum-unknown"),
    ],
)
def test_cores_that_cannot_be_used_are_refused(rows, code):
    assert code in codes(cored(rows))


def test_cores_of_the_baseline_are_told_apart_from_those_of_the_project():
    more = {"soil_method__baseline": "core_layers"}
    assert codes(cored(**more)) == {"reference-plane-missing"}
    young = {"reference_plane_age_years__baseline": 3, **more}
    assert codes(cored(**young)) == {"reference-plane-too-young"}
    two = [row.model_copy(update={"variable": f"baseline_{row.variable}"}) for row in TWO_CORINGS]
    aged = {"reference_plane_age_years__baseline": 5, **more}
    found = errors_in(BOOK.check(cored([*TWO_CORINGS, *two], **aged)))
    assert {(f.code, f.subject) for f in found} == {("corings-many", "cores of A baseline")}
    unread = [f for f in BOOK.check(cored([*TWO_CORINGS, *two])) if f.severity == "warning"]
    assert {f.code for f in unread} == {"measurement-unused"}
    assert all("baseline" in f.message for f in unread)


def test_little_organic_matter_is_told():
    rows = [
        *core("C1", START, (3.0, 0.6, 20.0), carbon="core_organic_matter", unit="percent"),
        *core("C1", END, (9.0, 0.6, 20.0), carbon="core_organic_matter", unit="percent"),
    ]
    found = BOOK.check(cored(rows, core_carbon_method="mangrove"))
    assert [f.code for f in found] == ["organic-matter-low"]
