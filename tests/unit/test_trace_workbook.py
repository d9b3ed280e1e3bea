"""The trace as a workbook: its live cells give the claim, and follow an input that changes."""

import sys
import zipfile

import numpy as np
import pytest
from support.monitoring import make_loss, make_monitoring
from support.small_rules import SmallRules, area
from support.spreadsheet import Workbook

from bluecarbon.errors import MissingExtraError, OutputError
from bluecarbon.methodology import ar_am0014, ar_tool14
from bluecarbon.methodology.conformance_runs import Case
from bluecarbon.methodology.trace import Equation, Term, Trace
from bluecarbon.methodology.trace_links import claim_steps, origins
from bluecarbon.methodology.trace_workbook import write_trace_xlsx
from bluecarbon.report import Quantification, TraceInput, TraceStep

BOOK = ar_am0014.AR_AM0014_V3_0
CASE = Case.of(BOOK)
SMALL = SmallRules()


def written(quantification, tmp_path):
    write_trace_xlsx(quantification, tmp_path / "trace.xlsx")
    return Workbook(tmp_path / "trace.xlsx")


def by_hand(*steps, claims=None, parameters=()):
    claims = claims or {}
    return Quantification(
        methodology_id="hand@1",
        methodology_title="By hand",
        outputs=(),
        claim_tco2e_by_year=claims,
        claim_tco2e=sum(claims.values()),
        parameters=parameters,
        trace=steps,
    )


def step(number, *inputs, result, formula="", scope="project", unit="tCO2e"):
    return TraceStep(
        equation=number,
        document="Doc",
        about="about",
        scope=scope,
        inputs=inputs,
        result=result,
        unit=unit,
        formula=formula,
    )


def given(name, value, source="measured", unit="tCO2e"):
    return TraceInput(name=name, value=value, unit=unit, source=source)


def rows_of(workbook, kind):
    return [row for _, row in workbook.rows() if row["J"] == kind]


def named(row):
    return " ".join(filter(None, (row.variable, row.stratum, row.sample, str(row.date))))


def place_of(workbook, source, kind="input"):
    (number,) = [n for n, row in workbook.rows() if row["I"] == source and row["J"] == kind]
    return f"G{number}"


def total(workbook):
    (number,) = [n for n, row in workbook.rows() if row["F"] == "合计 total"]
    return workbook.value("trace", f"G{number}")


@pytest.mark.parametrize(
    "quantification",
    [
        CASE.golden,
        BOOK.quantify(make_monitoring(), CASE.parameters),
        BOOK.quantify(make_loss(), CASE.parameters),
        Case.of(SMALL).golden,
    ],
    ids=["example", "tests", "loss", "annual"],
)
def test_every_live_cell_equals_the_reported_result(quantification, tmp_path):
    workbook = written(quantification, tmp_path)
    live = list(workbook.live_rows())
    # every step, every year of the claim, and the total
    assert len(live) == len(quantification.trace) + len(quantification.claim_tco2e_by_year) + 1
    for number, value, reported in live:
        assert value == pytest.approx(reported, rel=1e-9, abs=1e-12), f"row {number}"
    assert total(workbook) == pytest.approx(quantification.claim_tco2e, rel=1e-9)


def test_every_equation_of_ar_am0014_is_live_and_was_evaluated_here():
    declared = {
        value.label: value
        for module in (ar_tool14, ar_am0014)
        for value in vars(module).values()
        if isinstance(value, Equation)
    }
    assert [label for label, equation in declared.items() if not equation.formula] == []
    evaluated = {f"{s.document} {s.equation}" for s in CASE.golden.trace}
    assert evaluated == set(declared)


@pytest.mark.parametrize(
    "percent", [0, 5, 10, 10.0000001, 12, 15, 15.0001, 19, 20, 25, 30, 31, 100]
)
def test_the_ladder_has_the_same_steps_in_the_spreadsheet(percent, tmp_path):
    trace = Trace()
    ladder = {n: Term(v, "1", f"parameter {n}") for n, v in ar_tool14.LADDER.items()}
    uncertainty = Term(percent / 100, "1", "here")
    trace.evaluate(ar_tool14.DISCOUNT_SHARE, "u", uncertainty=uncertainty, **ladder)
    for value in (0.0, 0.01, 1.0):
        terms = {
            "value": Term(value, "1", f"v {value}"),
            "half_width": Term(percent / 100, "1", f"h {value}"),
        }
        trace.evaluate(ar_tool14.BASELINE_DISCOUNTED, f"b {value}", **terms, **ladder)
    workbook = written(by_hand(*trace.steps), tmp_path)
    pairs = [(value, reported) for _, value, reported in workbook.live_rows()]
    assert len(pairs) == 4
    assert all(value == pytest.approx(reported, rel=1e-12) for value, reported in pairs)


def test_changing_an_input_in_the_sheet_changes_the_claim_as_the_rule_book_would(tmp_path):
    workbook = written(CASE.golden, tmp_path)
    rows = list(CASE.monitoring.measurements)
    changes = {
        "mangrove_area east 2023-12-10": 65.5,
        "tree_agb west west-2 2023-12-10": 15.5,
        "baseline_crown_cover east 2018-12-15": 0.06,
    }
    for source, value in changes.items():
        place = [named(row) for row in rows].index(source)
        rows[place] = rows[place].model_copy(update={"value": value})
        workbook.change("trace", place_of(workbook, source), value)
        again = BOOK.quantify(
            CASE.monitoring.model_copy(update={"measurements": tuple(rows)}), CASE.parameters
        )
        assert total(workbook) == pytest.approx(again.claim_tco2e, rel=1e-9)
        assert total(workbook) != pytest.approx(CASE.golden.claim_tco2e, rel=1e-3)


def test_changing_a_parameter_in_the_sheet_changes_the_claim(tmp_path):
    workbook = written(CASE.golden, tmp_path)
    place = [row["A"] for _, row in workbook.rows("parameters")].index("carbon_fraction_tree") + 1
    workbook.change("parameters", f"B{place}", 0.45)
    row = CASE.parameters.row("carbon_fraction_tree").model_copy(update={"value": 0.45})
    again = BOOK.quantify(CASE.fresh(), CASE.parameters.replaced([row]))
    assert total(workbook) == pytest.approx(again.claim_tco2e, rel=1e-9)


def test_a_parameter_in_another_unit_is_converted_in_the_cell(tmp_path):
    workbook = written(Case.of(SMALL).golden, tmp_path)
    cells = {row["G"] for row in rows_of(workbook, "parameter")}
    assert cells == {"=parameters!$B$2*0.001"}
    (_, row) = [row for _, row in workbook.rows("parameters")]
    assert (row["A"], row["B"], row["C"], row["F"]) == ("rate", 500, "kgC/ha/yr", "verified")


def test_each_fact_stands_once_and_is_referred_to_elsewhere(tmp_path):
    workbook = written(CASE.golden, tmp_path)
    sources = [row["I"] for row in rows_of(workbook, "input")]
    assert len(sources) == len(set(sources))
    assert {str(row["G"])[0] for row in rows_of(workbook, "same")} == {"="}


def test_every_measurement_of_the_example_is_an_input_of_the_sheet(tmp_path):
    workbook = written(CASE.golden, tmp_path)
    sources = {row["I"] for row in rows_of(workbook, "input")}
    for row in CASE.monitoring.measurements:
        # the western stratum has no mangrove at the start: nothing of it stands in an equation
        if (row.variable, row.value) != ("mangrove_area", 0.0):
            assert named(row) in sources


def test_same_source_with_two_values_is_not_taken_for_one_quantity():
    trace = (
        step("Eq 1", given("n", 4.0, "plots"), result=4.0),
        step("Eq 2", given("n", 4.0, "plots"), given("m", 3.0, "plots"), result=7.0),
        step("Eq 3", given("a", 1.0, ""), given("b", 1.0, ""), result=2.0),
    )
    kinds = [origin.kind for found in origins(by_hand(*trace)) for origin in found]
    assert kinds == ["input"] * 5


def test_a_result_is_linked_by_its_name_unit_and_value():
    trace = (
        step("Eq 1", given("a", 1.0), result=2.0),
        step("Eq 1", given("a", 5.0, "other"), result=3.0),
        step(
            "Eq 2",
            given("a", 2.0, "Doc Eq 1 for project"),
            given("b", 3.0, "Doc Eq 1 for project"),
            given("c", 2.0, "Doc Eq 1 for project", unit="tC"),
            given("d", 9.0, "Doc Eq 1 for project"),
            result=16.0,
        ),
    )
    found = origins(by_hand(*trace))[2]
    assert [(o.kind, o.step) for o in found] == [
        ("step", 0),
        ("step", 1),
        ("input", -1),
        ("input", -1),
    ]


def test_results_of_annual_steps_are_found_again(tmp_path):
    first = Equation("Doc", "Eq 1", "x", "tCO2e", lambda a: 2 * a, "2*{a}")
    second = Equation("Doc", "Eq 2", "x", "tCO2e", lambda b: b + 1, "{b}+1")
    trace = Trace((2020, 2021))
    doubled = trace.evaluate(first, "K", a=Term(np.array([3.0, 4.0]), "tCO2e", "series"))
    trace.evaluate(second, "K", b=doubled)
    quantification = by_hand(*trace.steps)
    assert [[o.step for o in found] for found in origins(quantification)[2:]] == [[0], [1]]
    assert [found[0].kind for found in origins(quantification)[:2]] == ["input", "input"]
    live = [value for _, value, _ in written(quantification, tmp_path).live_rows()]
    assert live == [6.0, 8.0, 7.0, 9.0]


def test_the_claim_is_linked_to_the_last_equation_that_gives_it_in_every_year():
    steps = [
        step("Eq 1", result=value, scope=f"{scope} {year}".strip())
        for scope, values in {"a": (1.0, 2.0), "": (5.0, 6.0), "b": (5.0, 7.0)}.items()
        for year, value in zip((2020, 2021), values, strict=True)
    ]
    assert claim_steps(by_hand(*steps, claims={"2020": 5.0, "2021": 6.0})) == {"2020": 2, "2021": 3}
    assert claim_steps(by_hand(*steps, claims={"2020": 5.0, "2021": 8.0})) == {}
    assert claim_steps(by_hand()) == {}


def test_what_no_formula_gives_is_marked_as_a_value(tmp_path):
    scattered = (given("g[a]", 1.0, "1"), given("x", 2.0, "2"), given("g[b]", 3.0, "3"))
    workbook = written(
        by_hand(
            step("Eq 1", given("a", 1.0), result=2.0),
            step("Eq 2", *scattered, result=4.0, formula="SUM({g})"),
            claims={"2020": 11.0},
        ),
        tmp_path,
    )
    assert [row["G"] for row in rows_of(workbook, "value")] == [2.0, 4.0, 11.0]
    assert total(workbook) == 11.0


def test_a_group_without_members_sums_to_nothing(tmp_path):
    workbook = written(by_hand(step("Eq 1", result=0.0, formula="SUM({strata})")), tmp_path)
    ((_, value, reported), *_) = workbook.live_rows()
    assert (value, reported) == (0.0, 0)


def test_a_value_that_is_not_a_number_is_text_and_not_nothing(tmp_path):
    workbook = written(
        by_hand(step("Eq 1", given("a", float("nan")), result=float("inf"))), tmp_path
    )
    assert [row["G"] for _, row in workbook.rows()][5:7] == ["nan", "inf"]


def test_text_of_users_never_becomes_a_formula(tmp_path):
    rows = (area("A", 30.0, method='=HYPERLINK("http://x")'), area("B", 12.5, method="\x00bell"))
    data = SMALL.example().model_copy(update={"measurements": rows})
    found = SMALL.quantify(data, Case.of(SMALL).parameters)
    evil = found.trace[0].model_copy(update={"about": "=1+1", "scope": "#N/A 2020"})
    sheet = written(found.model_copy(update={"trace": (evil, *found.trace[1:])}), tmp_path)
    for row in sheet.sheets["trace"].iter_rows():
        for cell in row:
            assert cell.data_type != "f" or cell.column_letter in "GL"
    assert sheet.sheets["trace"]["D5"].value == "=1+1"
    assert sheet.sheets["trace"]["D5"].data_type == "s"


def test_same_claim_same_bytes_and_no_time_in_them(tmp_path):
    write_trace_xlsx(CASE.golden, tmp_path / "a.xlsx")
    write_trace_xlsx(CASE.golden, tmp_path / "b.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = archive.read("docProps/core.xml")
    assert b"created" not in core
    assert b"modified" not in core


def test_a_draft_is_named_on_the_sheet(tmp_path):
    workbook = written(CASE.golden, tmp_path)
    assert "DRAFT" in workbook.sheets["trace"]["A2"].value
    assert "baseline_forest_growth" in workbook.sheets["trace"]["A2"].value


def test_without_openpyxl_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingExtraError, match=r"bluecarbon\[excel\]"):
        write_trace_xlsx(CASE.golden, tmp_path / "trace.xlsx")


def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        write_trace_xlsx(CASE.golden, tmp_path / "nowhere" / "trace.xlsx")
