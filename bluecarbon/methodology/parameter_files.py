"""Parameter values from an operator's file, and whether the rows of a run may be rested on.

A rule book whose document we could not read ships rows without a value. Whoever holds the
document keys them in: a CSV file with the columns ``name,value,unit,source,locator,status`` (and
optionally ``standard_error,distribution,note``), or TOML with one ``[[parameter]]`` table per row
and the same keys. :func:`template` writes the CSV file to start from.
"""

from __future__ import annotations

import csv
import difflib
import io
import math
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bluecarbon import units
from bluecarbon.errors import UnitError
from bluecarbon.methodology.parameter_checks import given_findings
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.spec import Finding, Parameter, errors_in

COLUMNS = ("name", "value", "unit", "source", "locator", "status")
OPTIONAL_COLUMNS = ("standard_error", "distribution", "note")
DISTRIBUTIONS = ("", "normal", "lognormal")

Cells = Mapping[str, str]


def fill(
    rows: Iterable[Parameter], path: Path
) -> tuple[tuple[Parameter, ...], tuple[Finding, ...]]:
    """The rows with the values of a file in place, and every remark about the file.

    A value may be in any unit of the row's dimension and is kept as the file gives it; one that
    cannot be (a share above 1, the sign that the equation does not take) is an error. A line with
    an empty value leaves its row as it is. When a finding is an error nothing is filled in
    and the rows come back unchanged.
    """
    known = {row.name: row for row in rows}
    lines, findings = _read(path)
    filled: dict[str, Parameter] = {}
    seen: set[str] = set()
    for place, cells in lines:
        name = cells.get("name", "")
        if name in seen:
            findings.append(_defect("parameter-twice", place, f"{name!r} stands there twice"))
        seen.add(name)
        row, found = _filled(known, place, cells)
        findings += found
        if row is not None:
            filled[row.name] = row
    if errors_in(findings):
        filled = {}
    return tuple(filled.get(name, row) for name, row in known.items()), tuple(findings)


def template(rows: Iterable[Parameter]) -> str:
    """CSV text with all rows as they stand, for an operator to key the missing values into."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*COLUMNS, *OPTIONAL_COLUMNS))
    for row in rows:
        cells = row.model_dump()
        names = (*COLUMNS, *OPTIONAL_COLUMNS)
        writer.writerow(["" if cells[name] is None else cells[name] for name in names])
    return text.getvalue()


def unusable(
    parameters: Parameters, names: Iterable[str], *, draft: bool = False
) -> tuple[Finding, ...]:
    """What forbids a run on these rows: no value, no number, or never verified.

    A ``draft`` may rest on unverified rows.
    """
    found = []
    for name in sorted(set(names)):
        row = parameters.row(name) if name in parameters else None
        if row is None or row.value is None:
            fix = "give it with its source in a parameter file"
            message = "has no value"
            found.append(Finding.error("parameter-value-missing", name, message, fix=fix))
        elif not math.isfinite(row.value):
            # A limit that is not a number would decide every comparison silently.
            found.append(_defect("parameter-not-a-number", name, "is not a number", "correct it"))
        elif row.status == "unverified" and not draft:
            fix = "verify it, or run as a draft"
            message = "has a value that nobody has read in its document"
            found.append(Finding.error("parameter-unverified", name, message, fix=fix))
    return tuple(found)


def listed(findings: Iterable[Finding]) -> str:
    """What :func:`unusable` found as one line: each defect once, with all rows that have it."""
    rows: dict[str, list[str]] = {}
    for finding in findings:
        rows.setdefault(f"{finding.message} ({finding.fix})", []).append(finding.subject)
    return "; ".join(f"{', '.join(names)}: {defect}" for defect, names in rows.items())


def _defect(code: str, subject: str, message: str, fix: str = "correct the line") -> Finding:
    return Finding.error(code, subject, message, fix=fix)


def _read(path: Path) -> tuple[list[tuple[str, Cells]], list[Finding]]:
    """The lines of the file as text with their place, and what made it unreadable."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        fix = "give a readable UTF-8 file"
        return [], [_defect("parameter-file-unreadable", path.name, str(error), fix)]
    return _read_toml(path.name, text) if path.suffix == ".toml" else _read_csv(path.name, text)


def _read_csv(file: str, text: str) -> tuple[list[tuple[str, Cells]], list[Finding]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", restval="")
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        message = f"lacks the column(s) {', '.join(missing)}"
        return [], [
            _defect("parameter-file-columns", file, message, f"header: {','.join(COLUMNS)}")
        ]
    lines: list[tuple[str, Cells]] = []
    findings = []
    for cells in reader:
        place = f"{file} line {reader.line_num}"
        if "" in cells:
            findings.append(_defect("parameter-file-columns", place, "has too many cells"))
            continue
        lines.append((place, {key: cell.strip() for key, cell in cells.items()}))
    return lines, findings


def _read_toml(file: str, text: str) -> tuple[list[tuple[str, Cells]], list[Finding]]:
    fix = "one [[parameter]] table per row"
    try:
        tables: Any = tomllib.loads(text).get("parameter", [])
    except tomllib.TOMLDecodeError as error:
        return [], [_defect("parameter-file-unreadable", file, f"is not TOML: {error}", fix)]
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        return [], [_defect("parameter-file-columns", file, "has no [[parameter]] tables", fix)]
    return [
        (f"{file} parameter {place}", {key: str(cell).strip() for key, cell in table.items()})
        for place, table in enumerate(tables, start=1)
    ], []


def _filled(
    known: Mapping[str, Parameter], place: str, cells: Cells
) -> tuple[Parameter | None, list[Finding]]:
    """One row as its line fills it in, or the defects of the line."""
    name = cells.get("name", "")
    subject = f"{place} {name}".strip()
    row = known.get(name)
    if row is None:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
        fix = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known))}"
        return None, [_defect("parameter-unknown", subject, "is not a row of this rule book", fix)]
    if not cells.get("value"):
        return None, [Finding.info("parameter-left-empty", subject, "has no value in the file")]
    findings = [
        *_number_defects(cells, subject),
        *_unit_defects(row, cells, subject),
        *_origin_defects(cells, subject),
    ]
    if errors_in(findings):
        return None, findings
    error = cells.get("standard_error", "")
    changes = {
        "value": float(cells["value"]),
        "unit": cells["unit"],
        "source": cells["source"],
        "locator": cells.get("locator", ""),
        "status": cells.get("status") or "unverified",
        "standard_error": float(error) if error else None,
        "distribution": cells.get("distribution", ""),
        "note": cells.get("note", ""),
    }
    filled = row.model_copy(update=changes)
    return filled, [*findings, *given_findings([filled], [row], place)]


def _number_defects(cells: Cells, subject: str) -> list[Finding]:
    found = []
    error = cells.get("standard_error", "")
    if not _is_number(cells["value"]):
        found.append(_defect("parameter-not-a-number", subject, f"value {cells['value']!r}"))
    if error and not (_is_number(error) and float(error) >= 0):
        found.append(_defect("parameter-not-a-number", subject, f"standard_error {error!r}"))
    if cells.get("distribution", "") not in DISTRIBUTIONS:
        message, fix = f"distribution {cells['distribution']!r}", "use normal or lognormal"
        found.append(_defect("parameter-distribution-unknown", subject, message, fix))
    if cells.get("distribution") == "lognormal" and not _is_positive(cells["value"]):
        message = "is lognormal and not above 0"
        found.append(_defect("parameter-not-a-number", subject, message))
    return found


def _is_positive(text: str) -> bool:
    return _is_number(text) and float(text) > 0


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _unit_defects(row: Parameter, cells: Cells, subject: str) -> list[Finding]:
    unit = cells.get("unit", "")
    fix = f"give it in {row.unit} or a unit of the same kind"
    if not unit:
        return [_defect("parameter-unit-wrong", subject, "has no unit", fix)]
    try:
        units.factor(unit, row.unit)
    except UnitError as error:
        return [_defect("parameter-unit-wrong", subject, str(error), fix)]
    return []


def _origin_defects(cells: Cells, subject: str) -> list[Finding]:
    found = []
    status = cells.get("status", "")
    if not cells.get("source"):
        fix = "name the document that the value was read in"
        found.append(_defect("parameter-source-missing", subject, "has no source", fix))
    if status not in {"", "verified", "unverified"}:
        fix = "use verified or unverified"
        found.append(_defect("parameter-status-unknown", subject, f"status {status!r}", fix))
    if status == "verified" and not cells.get("locator"):
        fix = "name the page, table or equation"
        found.append(_defect("parameter-locator-missing", subject, "is verified nowhere", fix))
    return found
