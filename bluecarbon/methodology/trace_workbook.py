"""The auditor's trace as a workbook of live formulas: a verifier recomputes without us.

Sheet ``trace`` has a block of rows for each evaluated equation: its number, document and scope,
each input in a cell of its own, and the result. A result is a live formula wherever its equation
is arithmetic, an input that is the result of an earlier step refers to it, and an input that
stands there already refers to its first place: whoever changes one number sees the claim change.
Sheet ``parameters`` holds the rows of the parameter tables, to which inputs refer as well.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bluecarbon import units
from bluecarbon.errors import OutputError
from bluecarbon.methodology import formula
from bluecarbon.methodology.trace import COMPUTED
from bluecarbon.methodology.trace_links import Origin, claim_steps, origins
from bluecarbon.report import Quantification, TraceInput, TraceStep
from bluecarbon.spec import Parameter
from bluecarbon.workbooks import new_workbook, workbook_bytes

TRACE_HEADINGS = (
    ("步骤 step", 7),
    ("文件 document", 18),
    ("公式 equation", 20),
    ("说明 about", 38),
    ("范围 scope", 24),
    ("量 quantity", 24),
    ("数值 value", 22),
    ("单位 unit", 14),
    ("来源 source", 52),
    ("类别 kind", 12),
    ("报告值 as reported", 22),
    ("差 difference", 14),
)
PARAMETER_HEADINGS = (
    ("名称 name", 32),
    ("数值 value", 14),
    ("单位 unit", 14),
    ("来源 source", 24),
    ("出处 locator", 24),
    ("状态 status", 12),
    ("备注 note", 60),
)

_HEADING_ROW = 4
_VALUE, _REPORTED = "G", "K"


def write_trace_xlsx(quantification: Quantification, path: Path) -> None:
    """Write the trace of a claim as a workbook; the same claim gives the same bytes.

    Column "kind" says what a value is: an ``input`` to change, the ``same`` input as in another
    cell, the result of another ``step``, a ``parameter``, a ``live`` result, or a ``value`` that
    no formula gives. "As reported" is the result in the claim, "difference" is live less
    reported.

    Raises
    ------
    MissingExtraError
        openpyxl is not installed (extra ``excel``).
    OutputError
        The file may not be written.
    """
    workbook = new_workbook("the trace as a workbook")
    add_trace(workbook, quantification)
    try:
        path.write_bytes(workbook_bytes(workbook))
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def add_trace(
    workbook: Any, quantification: Quantification, more: Sequence[Parameter] = ()
) -> None:
    """Add the sheets ``trace`` (live formulas) and ``parameters`` to a workbook of openpyxl.

    ``more`` are parameter rows that no step of the trace reads; they stand below the others.
    """
    _TraceSheet(workbook.create_sheet("trace"), quantification).write()
    _write_parameters(workbook.create_sheet("parameters"), (*quantification.parameters, *more))


class _TraceSheet:
    """Rows are laid out before the first is written, because formulas name cells."""

    def __init__(self, sheet: Any, quantification: Quantification) -> None:
        self.sheet = sheet
        self.quantification = quantification
        self.trace = quantification.trace
        self.first_rows: list[int] = []
        row = _HEADING_ROW + 1
        for step in self.trace:
            self.first_rows.append(row)
            row += len(step.inputs) + 2
        self.claim_row = row
        self.parameter_rows = {p.name: p for p in quantification.parameters}
        self.parameter_cells = {
            row.name: f"parameters!$B${place}"
            for place, row in enumerate(quantification.parameters, start=2)
        }

    def input_cell(self, step: int, place: int) -> str:
        return f"{_VALUE}{self.first_rows[step] + 1 + place}"

    def result_row(self, step: int) -> int:
        return self.first_rows[step] + 1 + len(self.trace[step].inputs)

    def result_cell(self, step: int) -> str:
        return f"{_VALUE}{self.result_row(step)}"

    def write(self) -> None:
        title = f"{self.quantification.methodology_id}  {self.quantification.methodology_title}"
        _text(self.sheet["A1"], title, bold=True)
        _text(self.sheet["A2"], _draft_line(self.quantification), bold=True)
        _write_headings(self.sheet, TRACE_HEADINGS, _HEADING_ROW)
        for index, found in enumerate(origins(self.quantification)):
            self.write_step(index, found)
        self.write_claim()
        _text(self.sheet["A3"], self.how_to())

    def how_to(self) -> str:
        """Whether a changed input reaches the claim, and by name what on this sheet does not."""
        fixed = [
            f"{step.document} {step.equation}"
            for index, step in enumerate(self.trace)
            if not self.live_formula(index)
        ]
        if not claim_steps(self.quantification) and self.quantification.claim_tco2e_by_year:
            fixed.append("claim by year")
        computed = [
            f"{item.name} of {step.document} {step.equation}"
            for step in self.trace
            for item in step.inputs
            if item.source.startswith(COMPUTED)
        ]
        parts = []
        if fixed:
            parts.append(_STAY.format(listed="; ".join(dict.fromkeys(fixed))))
        if computed:
            names = (_MEMBER.sub("", name) for name in computed)
            parts.append(_BESIDE.format(listed="; ".join(dict.fromkeys(names))))
        return " ".join((_HOW_TO, *parts)) if parts else f"{_HOW_TO} {_NOTHING_ELSE}"

    def write_step(self, index: int, found: Sequence[Origin]) -> None:
        step, row = self.trace[index], self.first_rows[index]
        self.sheet[f"A{row}"] = index + 1
        for column, text in zip(
            "BCDE", (step.document, step.equation, step.about, step.scope), strict=True
        ):
            _text(self.sheet[f"{column}{row}"], text, bold=True)
        for place, (item, origin) in enumerate(zip(step.inputs, found, strict=True)):
            self.write_input(row + 1 + place, item, origin)
        self.write_result(index)

    def write_input(self, row: int, item: TraceInput, origin: Origin) -> None:
        for column, text in zip("FHI", (item.name, item.unit, item.source), strict=True):
            _text(self.sheet[f"{column}{row}"], text)
        cell = self.sheet[f"{_VALUE}{row}"]
        _number_or_formula(cell, item.value, self.reference(item, origin))
        computed = origin.kind == "input" and item.source.startswith(COMPUTED)
        if origin.kind == "input" and not computed:
            _mark_as_input(cell)
        kind = f"step {origin.step + 1}" if origin.kind == "step" else origin.kind
        kind = "value" if computed else kind
        _text(self.sheet[f"J{row}"], kind)

    def reference(self, item: TraceInput, origin: Origin) -> str:
        """The cell that an input takes its value from; empty for one that stands here."""
        if origin.kind == "step":
            return self.result_cell(origin.step)
        if origin.kind == "same":
            return self.input_cell(origin.step, origin.place)
        if origin.kind == "parameter":
            row = self.parameter_rows[origin.parameter]
            factor = units.factor(row.unit, item.unit)
            cell = self.parameter_cells[origin.parameter]
            return cell if factor == 1 else f"{cell}*{factor!r}"
        return ""

    def write_result(self, index: int) -> None:
        step, row = self.trace[index], self.result_row(index)
        live = self.live_formula(index)
        _text(self.sheet[f"F{row}"], "结果 result", bold=True)
        _number_or_formula(self.sheet[f"{_VALUE}{row}"], step.result, live, bold=True)
        _text(self.sheet[f"H{row}"], step.unit)
        _text(self.sheet[f"I{row}"], step.formula)
        _text(self.sheet[f"J{row}"], "live" if live else "value")
        self.write_comparison(row, step.result, live)

    def write_comparison(self, row: int, reported: float, live: str) -> None:
        _number_or_formula(self.sheet[f"{_REPORTED}{row}"], reported, "")
        if live and math.isfinite(reported):
            self.sheet[f"L{row}"] = f"={_VALUE}{row}-{_REPORTED}{row}"

    def live_formula(self, index: int) -> str:
        """The formula of a step over its cells; empty when it has none or cannot have one."""
        step = self.trace[index]
        if not step.formula:
            return ""
        ranges = {}
        for name in formula.names(step.formula):
            places = _places(step, name)
            if places and places != list(range(places[0], places[-1] + 1)):
                return ""  # a group that is scattered over the inputs is not one range of cells
            if places:
                first, last = self.input_cell(index, places[0]), self.input_cell(index, places[-1])
                ranges[name] = first if first == last else f"{first}:{last}"
        return formula.in_cells(step.formula, ranges)

    def write_claim(self) -> None:
        """The claim by year, linked to the steps that give it, and in all."""
        row, steps = self.claim_row, claim_steps(self.quantification)
        _text(self.sheet[f"B{row}"], "核算量 claim (before buffer 未扣缓冲)", bold=True)
        for year, claim in self.quantification.claim_tco2e_by_year.items():
            row += 1
            link = self.result_cell(steps[year]) if year in steps else ""
            self.write_claim_row(row, year, claim, link)
        years = f"SUM({_VALUE}{self.claim_row + 1}:{_VALUE}{row})" if row > self.claim_row else ""
        self.write_claim_row(row + 1, "合计 total", self.quantification.claim_tco2e, years)

    def write_claim_row(self, row: int, label: str, claim: float, link: str) -> None:
        _text(self.sheet[f"F{row}"], label, bold=True)
        _number_or_formula(self.sheet[f"{_VALUE}{row}"], claim, link, bold=True)
        _text(self.sheet[f"H{row}"], "tCO2e")
        _text(self.sheet[f"J{row}"], "live" if link else "value")
        self.write_comparison(row, claim, link)


_HOW_TO = (
    "改动任一 input 或 parameter，核算量随之变化。 "
    "Change an input or a parameter and the claim follows."
)
_NOTHING_ELSE = "Nothing else needs to be touched."
_STAY = "固定值 These results are values, with no formula, and stay as they are: {listed}."
_BESIDE = (
    "另算 These quantities were computed beside the sheet and stay as they are; quantify again "
    "where they matter: {listed}."
)
_MEMBER = re.compile(r"\[[^]]*\]")


def _draft_line(quantification: Quantification) -> str:
    if not quantification.draft:
        return ""
    rows = [p.name for p in quantification.parameters if p.status == "unverified"]
    return f"草稿 DRAFT: not read in their document 未经核对: {', '.join(rows)}"


def _places(step: TraceStep, name: str) -> list[int]:
    """Which inputs of a step are the term ``name`` or members of the group of that name."""
    return [
        place
        for place, item in enumerate(step.inputs)
        if item.name == name or item.name.startswith(f"{name}[")
    ]


def _write_parameters(sheet: Any, rows: Sequence[Parameter]) -> None:
    _write_headings(sheet, PARAMETER_HEADINGS, 1)
    for place, row in enumerate(rows, start=2):
        texts = (row.name, row.unit, row.source, row.locator, row.status, row.note)
        for column, text in zip("ACDEFG", texts, strict=True):
            _text(sheet[f"{column}{place}"], text)
        if row.value is not None:
            _number_or_formula(sheet[f"B{place}"], row.value, "")
            _mark_as_input(sheet[f"B{place}"])


def _write_headings(sheet: Any, headings: Sequence[tuple[str, int]], row: int) -> None:
    for place, (text, width) in enumerate(headings):
        column = chr(ord("A") + place)
        _text(sheet[f"{column}{row}"], text, bold=True)
        sheet.column_dimensions[column].width = width
    sheet.freeze_panes = f"A{row + 1}"


def _text(cell: Any, text: str, *, bold: bool = False) -> None:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    cell.value = ILLEGAL_CHARACTERS_RE.sub(" ", text)
    # Text of a user's file that begins with "=" must not become a formula.
    cell.data_type = "s"
    if bold:
        _embolden(cell)


def _number_or_formula(cell: Any, value: float, live: str, *, bold: bool = False) -> None:
    if live:
        cell.value = f"={live}"
    else:
        # A spreadsheet has no NaN: as text it makes every formula that uses it fail visibly.
        cell.value = value if math.isfinite(value) else str(value)
    if bold:
        _embolden(cell)


def _embolden(cell: Any) -> None:
    from openpyxl.styles import Font

    cell.font = Font(bold=True)


def _mark_as_input(cell: Any) -> None:
    from openpyxl.styles import PatternFill

    cell.fill = PatternFill("solid", fgColor="FFF4CC")
