"""The monitoring report as a workbook: the tables that a verifier asks for, one to a sheet.

Headings are Chinese and English with their units; numbers are numbers, dates are dates, and the
trace is live: whoever changes an input sees the claim change.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bluecarbon.methodology.trace_workbook import add_trace
from bluecarbon.mrv.document_numbers import claim_terms
from bluecarbon.mrv.document_sections import all_findings
from bluecarbon.mrv.document_words import Words, catalogue
from bluecarbon.mrv.evidence import Evidence
from bluecarbon.workbooks import new_workbook, workbook_bytes

ROWS_MAX = 50_000
"""A longer table is a file for a program: the sheet says where it lies."""

TABLES = (
    "area_estimates",
    "change_estimates",
    "transitions",
    "mapped_areas",
    "map_accuracy",
    "map_validation",
    "reference_matrix",
    "masked_areas",
    "biomass",
    "tree_carbon",
    "plots",
    "trees",
    "tree_rejected_rows",
    "soil",
    "soil_cores",
    "soil_slices",
    "soil_rejected_rows",
    "stocks",
    "uncertainty",
    "claim_distribution",
)
"""Sheets that are tables of the output folder, under their own names."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_WIDTH_MIN, _WIDTH_MAX, _WIDTH_ROWS = 8, 60, 200
_WORDS = Words("both")

Rows = Iterable[Sequence[Any]]


@dataclass(frozen=True)
class _Heading:
    text: str
    number_format: str = ""


def report_workbook(evidence: Evidence) -> bytes:
    """The workbook of a report; the same report and tables give the same bytes.

    Raises
    ------
    MissingExtraError
        openpyxl is not installed.
    """
    workbook = new_workbook("the report as a workbook")
    report, claim = evidence.report, evidence.report.quantification
    _fill(workbook.create_sheet("summary"), _SUMMARY, _summary(evidence))
    measured = pd.DataFrame([m.model_dump() for m in report.monitoring.measurements])
    _fill_table(workbook.create_sheet("measurements"), "measurements", measured)
    for name in TABLES:
        table = evidence.table(name)
        if len(table):
            _fill_table(workbook.create_sheet(name), name, table)
    if claim is not None:
        _fill(workbook.create_sheet("years"), _years_headings(), _years(evidence))
        add_trace(workbook, claim, report.measurement_parameters)
    _fill(workbook.create_sheet("inputs"), _INPUTS, _inputs(evidence))
    _fill(workbook.create_sheet("findings"), _FINDINGS, _findings(evidence))
    return workbook_bytes(workbook)


_SUMMARY = (
    _Heading("项目 item"),
    _Heading("数值 value", "#,##0.0"),
    _Heading("单位 unit"),
    _Heading("说明 note"),
)
_INPUTS = (
    _Heading("文件 file"),
    _Heading("角色 role"),
    _Heading("字节 bytes", "#,##0"),
    _Heading("SHA-256"),
)
_FINDINGS = (
    _Heading("级别 severity"),
    _Heading("代码 code"),
    _Heading("位置 where"),
    _Heading("内容 what"),
    _Heading("处理 what to do"),
)


def _summary(evidence: Evidence) -> Iterator[Sequence[Any]]:
    report, claim = evidence.report, evidence.report.quantification
    period = report.monitoring.period
    yield "项目 project", "", "", f"{report.project.name_zh} {report.project.name}".strip()
    yield "项目编号 project id", "", "", report.project.id
    yield "监测期首日 first day", period.start, "", ""
    yield "监测期末日 last day", period.end - dt.timedelta(days=1), "", ""
    yield "边界面积 area in the boundary", report.project.area_ha, "ha", ""
    if claim is not None:
        yield "方法学 rule book", "", "", f"{claim.methodology_id} {claim.methodology_title}"
        for term in claim_terms(claim):
            yield _WORDS.name("pool", term.name), term.value_tco2e, "tCO2e", ""
    unread = ", ".join(row.name for row in report.unverified_parameters)
    yield "未经核对的参数 unverified parameters", len(report.unverified_parameters), "", unread
    yield "报告封印 seal of the report", "", "", report.seal
    yield "程序 code", "", "", f"{report.software.version} {report.software.code_sha256}"


def _years_headings() -> tuple[_Heading, ...]:
    names = ("project", "baseline", "leakage", "gross", "uncertainty_deduction", "buffer", "claim")
    amounts = (_Heading(f"{_WORDS.name('pool', name)}, tCO2e", "#,##0.0") for name in names)
    return (_Heading("产生年度 vintage", "0"), *amounts)


def _years(evidence: Evidence) -> Iterator[Sequence[Any]]:
    claim = evidence.report.quantification
    for row in claim.years if claim else ():
        yield (
            row.year,
            row.project_tco2e,
            row.baseline_tco2e,
            row.leakage_tco2e,
            row.gross_tco2e,
            row.uncertainty_deduction_tco2e,
            row.buffer_tco2e,
            claim.claim_tco2e_by_year[str(row.year)] if claim else None,
        )


def _inputs(evidence: Evidence) -> Iterator[Sequence[Any]]:
    for item in evidence.report.inputs:
        yield item.path, _WORDS.name("role", item.role), item.size_bytes, item.sha256
    for name, sha256 in sorted(evidence.report.rasters.items()):
        yield name, "封存的地图 map under the seal", None, sha256


def _findings(evidence: Evidence) -> Iterator[Sequence[Any]]:
    for finding in all_findings(evidence):
        severity = _WORDS.name("severity", finding.severity)
        yield severity, finding.code, finding.subject, finding.message, finding.fix


def _fill_table(sheet: Any, name: str, table: pd.DataFrame) -> None:
    headings = [_Heading(_column_words(name, c), _number_format(c)) for c in table.columns]
    if len(table) > ROWS_MAX:
        note = f"{len(table):,} 行 rows: tables/{name}.csv"
        _fill(sheet, headings, [[note]])
    else:
        if "stratum" in table:
            whole = _WORDS.say("whole_boundary")
            table = table.assign(stratum=table["stratum"].replace("", whole))
        _fill(sheet, headings, table.itertuples(index=False, name=None))


def _column_words(table: str, column: str) -> str:
    """A column of a table in Chinese and English; its own name where nobody has translated it.

    A phrase for the column of this very table goes before one for the column of any table.
    """
    said = catalogue()
    entry = said.get(f"column_{table}_{column}") or said.get(f"column_{column}")
    return f"{entry['zh']} {entry['en']}" if entry else column


def _number_format(column: str) -> str:
    if column.endswith(("_ha", "_tco2e", "_kg", "_cm", "_percent", "_m2", "_m", "_t_ha", "_tc_ha")):
        return "#,##0.00"
    if column in {"epoch", "from_epoch", "to_epoch", "line", "row"}:
        return "0"
    if column in {"share", "confidence", "iou", "precision", "recall", "overall"}:
        return "0.0%"
    return "0.0%" if column.startswith(("users_", "producers_", "overall_")) else ""


def _fill(sheet: Any, headings: Sequence[_Heading], rows: Rows) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    widths = [_width(heading.text) for heading in headings]
    for place, heading in enumerate(headings, start=1):
        cell = sheet.cell(1, place, heading.text)
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="E4EEE7")
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    for line, row in enumerate(rows, start=2):
        for place, value in enumerate(row):
            _put(sheet.cell(line, place + 1), value, headings[place].number_format)
            if line <= _WIDTH_ROWS:
                widths[place] = max(widths[place], _width(str(value)))
    for place, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = min(width, _WIDTH_MAX)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions


def _width(text: str) -> int:
    """Places that a text takes: a Chinese letter is two wide."""
    return max(_WIDTH_MIN, 2 + sum(2 if ord(letter) > 0x2E80 else 1 for letter in text))


def _put(cell: Any, value: Any, number_format: str) -> None:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if isinstance(value, str) and _DATE.fullmatch(value):
        value = dt.date.fromisoformat(value)
    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub(" ", value)
        # Text of a user's file that begins with "=" must not become a formula.
        cell.data_type = "s"
    elif isinstance(value, dt.date):
        cell.value, cell.number_format = value, "yyyy-mm-dd"
    elif value is not None and not (isinstance(value, float) and not math.isfinite(value)):
        cell.value = value.item() if hasattr(value, "item") else value
        cell.number_format = number_format or cell.number_format
