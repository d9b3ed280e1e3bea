"""Field sheets (CSV) to data frames: every defect is a finding that names its row.

Row numbers are line numbers of the file (the header is line 1), as a text editor shows them. A
cell that cannot be read becomes NaN (numbers) or empty (text, dates), so that one reading finds
all defects and no defect is reported twice.
"""

from __future__ import annotations

import csv
import datetime as dt
import difflib
import gzip
import io
import math
import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from bluecarbon.spec import Finding, Severity

ROWS_NAMED_MAX = 20
"""So many rows with the same defect are reported one by one; the rest in one finding."""

# ASCII only: \d and float() also take full-width digits, which other programs read otherwise.
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

EARLIEST_DATE = dt.date(1950, 1, 1)
"""No field sheet of mangrove plots or cores is older; an earlier date is a default or a typo."""

LATE_DAYS_MAX = 366
"""A campaign that closes a period may be finished so long after its end."""

Lines = list[tuple[int, list[str]]]
"""Line number and cells of each line, the header first."""


@dataclass(frozen=True)
class Column:
    """A column of a field sheet. An optional one may be absent, and its cells may be empty."""

    name: str
    kind: Literal["text", "number", "date"] = "text"
    optional: bool = False


def read_field_table(
    path: Path, declared: str, columns: Sequence[Column]
) -> tuple[pd.DataFrame | None, list[Finding]]:
    """Read a CSV file (UTF-8, with or without byte order mark) with a header line.

    Returns
    -------
    A data frame with the columns that are asked for and ``line``, the line number of each row;
    None when the file cannot be read as a table, a column is missing or there is no row. Then
    the findings.
    """
    lines, findings = read_lines(path, declared)
    if lines is None:
        return None, findings
    frame, found = typed_table(file_name(declared), lines, columns)
    return frame, findings + found


def read_lines(
    path: Path, declared: str, *, until_blank: bool = False
) -> tuple[Lines | None, list[Finding]]:
    """The lines of a CSV file (UTF-8; ``.gz`` is unpacked) as cells of text, the header first.

    ``until_blank``: what follows a line without content is not part of the table.

    Returns
    -------
    None when the file cannot be read as text in columns; then the findings.
    """
    file = file_name(declared)
    try:
        text = _bytes_of(path).decode("utf-8-sig")
        if "\0" in text:
            line = text[: text.index("\0")].count("\n") + 1
            message, fix = "holds a NUL byte: it is no text", "export the sheet as CSV again"
            return None, [defect("field-file-unreadable", f"{file} row {line}", message, fix)]
        return _lines_of(_plain_ends(text), file, until_blank=until_blank)
    except UnicodeDecodeError:
        fix = "save the sheet as 'CSV UTF-8' (spreadsheets in Chinese often write GBK)"
        return None, [defect("field-file-encoding", file, "is not UTF-8 text", fix)]
    except csv.Error as error:
        fix = "close every quote, and save the sheet as CSV"
        return None, [defect("field-file-unreadable", file, f"is not CSV: {error}", fix)]
    except (OSError, EOFError, zlib.error) as error:
        message, fix = f"cannot be read: {_reason(error)}", "check the file and its permissions"
        return None, [defect("field-file-unreadable", file, message, fix)]


def _bytes_of(path: Path) -> bytes:
    if path.suffix == ".gz":
        with gzip.open(path) as stream:
            return stream.read()
    return path.read_bytes()


def _plain_ends(text: str) -> str:
    """Line ends as text mode gives them, so that lines are counted as a text editor does."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _reason(error: OSError | EOFError | zlib.error) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def typed_table(
    file: str, lines: Lines, columns: Sequence[Column]
) -> tuple[pd.DataFrame | None, list[Finding]]:
    """The data frame of :func:`read_field_table` from lines that are already cells of text."""
    if not lines:
        return None, [defect("field-file-empty", file, "has no header line", _EXPORT_AGAIN)]
    header = [name.strip() for name in lines[0][1]]
    findings = _header_findings(file, header, columns)
    if any(f.severity == "error" for f in findings if f.subject == file):
        return None, findings
    frame, cell_findings = _frame(file, header, lines[1:], columns)
    if frame.empty:
        return None, [*findings, defect("field-file-empty", file, "has no rows", _EXPORT_AGAIN)]
    return frame, findings + cell_findings


def file_name(declared: str) -> str:
    """How findings call a file: its name without folders."""
    return Path(declared).name


def defect(
    code: str, subject: str, message: str, fix: str = "", *, severity: Severity = "error"
) -> Finding:
    """A finding, an error unless said otherwise."""
    return Finding(code=code, severity=severity, subject=subject, message=message, fix=fix)


def row_defects(
    code: str,
    file: str,
    hits: Iterable[tuple[int, str]],
    fix: str = "",
    *,
    severity: Severity = "error",
) -> list[Finding]:
    """One finding for each (line, message), and one for all that are beyond twenty."""
    all_hits = list(hits)
    named, rest = all_hits[:ROWS_NAMED_MAX], all_hits[ROWS_NAMED_MAX:]
    found = [
        defect(code, f"{file} row {line}", text, fix, severity=severity) for line, text in named
    ]
    if rest:
        message = f"the same defect in {len(rest)} more rows"
        subject = f"{file} {in_words([line for line, _ in rest])}"
        found.append(defect(code, subject, message, fix, severity=severity))
    return found


def in_words(lines: Sequence[int]) -> str:
    """Line numbers for a reader: 'row 3', 'rows 3, 4, 9', 'rows 3, 4, ... (120 rows)'."""
    if len(lines) == 1:
        return f"row {lines[0]}"
    shown = ", ".join(str(line) for line in lines[:8])
    return f"rows {shown}" if len(lines) <= 8 else f"rows {shown}, ... ({len(lines)} rows)"


def stratum_defects(table: pd.DataFrame, file: str, stratum_ids: Sequence[str]) -> list[Finding]:
    """Rows whose stratum is none of the strata of the project."""
    found = []
    unknown = table[~table["stratum"].isin([*stratum_ids, ""])]
    for name, rows in unknown.groupby("stratum", sort=True):
        near = difflib.get_close_matches(str(name), stratum_ids, n=1, cutoff=0.5)
        known = ", ".join(stratum_ids)
        fix = f"did you mean '{near[0]}'?" if near else f"known strata: {known}"
        subject = f"{file} {in_words(rows['line'].tolist())}"
        found.append(defect("stratum-unknown", subject, f"there is no stratum '{name}'", fix))
    return found


def position_defects(table: pd.DataFrame, file: str) -> list[Finding]:
    """Rows whose longitude or latitude is not on the globe, in degrees."""
    found: list[Finding] = []
    for name, limit in (("lon", 180.0), ("lat", 90.0)):
        if name not in table:
            continue
        bad = table[table[name].abs() > limit]
        hits = [
            (int(line), f"{name} {value:g} is not between -{limit:g} and {limit:g} degrees")
            for line, value in zip(bad["line"], bad[name], strict=True)
        ]
        fix = "give WGS 84 degrees (not metres of a map grid), longitude in lon, latitude in lat"
        found += row_defects("position-out-of-range", file, hits, fix)
    return found


def date_defects(table: pd.DataFrame, file: str, period_end: dt.date) -> list[Finding]:
    """Rows whose date is before 1950, or more than a year after the end of the period."""
    latest = period_end + min(dt.timedelta(LATE_DAYS_MAX), dt.date.max - period_end)
    hits = [
        (int(line), f"date {date} is not between {EARLIEST_DATE} and {latest}")
        for line, date in zip(table["line"], table["date"], strict=True)
        if date is not None and not EARLIEST_DATE <= date <= latest
    ]
    fix = "write the day of the measurement, as 2024-07-31"
    return row_defects("date-out-of-range", file, hits, fix)


def _lines_of(text: str, file: str, *, until_blank: bool) -> tuple[Lines, list[Finding]]:
    """Line number and cells of every line that is not blank; rows of a wrong length as findings."""
    reader = csv.reader(io.StringIO(text), strict=True)
    lines: Lines = []
    hits: list[tuple[int, str]] = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            if until_blank and lines:
                break
            continue
        if lines and len(cells) != len(lines[0][1]):
            hits.append((reader.line_num, f"{len(cells)} cells under {len(lines[0][1])} columns"))
        else:
            lines.append((reader.line_num, cells))
    fix = "a comma inside a text needs quotes around the text"
    return lines, row_defects("row-length-wrong", file, hits, fix)


def _header_findings(file: str, header: list[str], columns: Sequence[Column]) -> list[Finding]:
    known = [column.name for column in columns]
    found = [
        defect("column-twice", file, f"column '{name}' is there twice", "keep one of them")
        for name in sorted({name for name in header if header.count(name) > 1 and name})
    ]
    spare = [name for name in header if name not in known and name]
    found += [
        _missing_column(file, column.name, spare)
        for column in columns
        if column.name not in header and not column.optional
    ]
    for name in spare:
        near = difflib.get_close_matches(name, [k for k in known if k not in header], n=1)
        fix = f"did you mean '{near[0]}'?" if near else f"columns that are read: {', '.join(known)}"
        message = f"column '{name}' is not read"
        # The header is not a row: its own subject keeps it apart from defects of the whole file.
        found.append(defect("column-unknown", f"{file} header", message, fix, severity="warning"))
    return found


def _missing_column(file: str, name: str, spare: Sequence[str]) -> Finding:
    if any(mark in other for other in spare for mark in ";\t"):
        fix = "separate the columns by commas"
    else:
        near = difflib.get_close_matches(name, spare, n=1, cutoff=0.4)
        fix = f"did you mean it by '{near[0]}'?" if near else f"add the column '{name}'"
    return defect("column-missing", file, f"there is no column '{name}'", fix)


def _frame(
    file: str,
    header: list[str],
    lines: Lines,
    columns: Sequence[Column],
) -> tuple[pd.DataFrame, list[Finding]]:
    numbers = [line for line, _ in lines]
    data: dict[str, pd.Series] = {"line": pd.Series(numbers, dtype="int64")}
    findings: list[Finding] = []
    for column in columns:
        if column.name in header:
            place = header.index(column.name)
            cells = [row[place].strip() for _, row in lines]
            data[column.name], found = _series(file, column, numbers, cells)
            findings += found
    return pd.DataFrame(data), findings


def _series(
    file: str, column: Column, numbers: list[int], cells: list[str]
) -> tuple[pd.Series, list[Finding]]:
    read, dtype, code, fix = _READERS[column.kind]
    values: list[object] = []
    wrong: list[tuple[int, str]] = []
    empty: list[tuple[int, str]] = []
    for line, text in zip(numbers, cells, strict=True):
        value = read(text) if text else None
        values.append(_EMPTY[column.kind] if value is None else value)
        if value is None and text:
            wrong.append((line, f"{column.name} '{text}' is not a {column.kind}"))
        elif value is None and not column.optional:
            empty.append((line, f"{column.name} is empty"))
    findings = row_defects(code, file, wrong, fix)
    findings += row_defects("cell-empty", file, empty, f"fill in {column.name}, or remove the row")
    return pd.Series(values, dtype=dtype), findings


def _number(text: str) -> float | None:
    # float() also reads 'nan', 'inf' and '1_000', which nobody means in a field sheet.
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    return value if math.isfinite(value) else None


def _date(text: str) -> dt.date | None:
    if not _ISO_DATE.fullmatch(text):
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _text(text: str) -> str:
    return text


_EXPORT_AGAIN = "export the table again, with its header line and at least one row"
_EMPTY: Mapping[str, object] = {"text": "", "number": math.nan, "date": None}
_READERS: Mapping[str, tuple[Callable[[str], object], str, str, str]] = {
    "text": (_text, "object", "", ""),
    "number": (_number, "float64", "number-unreadable", "write a number with a decimal point"),
    "date": (_date, "object", "date-unreadable", "write dates as 2024-07-31"),
}
