"""Field sheets as people keep them, to columns: encodings, separators, title rows, workbooks.

A sheet may be CSV (UTF-8, UTF-16 or GB 18030; commas, semicolons or tabs; packed by gzip) or a
workbook with several sheets, titles above the header, a row of units below it and cells that are
merged over many rows. What was decided is said in findings. A million regular lines take the
compiled reader of pandas; lines with quotes, blanks or a wrong number of cells are read one by
one, so that each of them can be named.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bluecarbon.mrv.column_names import ColumnMapping, Correction, map_columns, unit_of
from bluecarbon.mrv.column_vocabulary import FieldName
from bluecarbon.mrv.field_tables import Lines, defect
from bluecarbon.mrv.mapped_cells import NOTHING
from bluecarbon.mrv.sheet_workbooks import WORKBOOK_ENDINGS, workbook_sheets
from bluecarbon.spec import Finding

SEPARATORS = (",", ";", "\t")
HEADER_LINES_MAX = 15
"""Titles, dates and names of observers stand above the header in fewer lines than that."""

_SAMPLE_LINES = 40
_NOTHING_AS_WRITTEN = sorted({form(w) for w in NOTHING for form in (str, str.upper, str.title)})


@dataclass(frozen=True)
class RawSheet:
    """A sheet whose header was found and mapped, and whose cells are not yet judged.

    Attributes
    ----------
    mapping
        Which column is what; ``place`` counts ``columns``.
    line
        The line of the file, or the row of the workbook, of each row.
    columns
        Cells as text, or numbers where every cell of a mapped number column is one or empty.
    misfits
        Lines with a wrong number of cells, which are not among the rows, and what is wrong.
    decimal_comma
        Whether commas cannot separate cells, and so are decimal commas.
    tight
        Whether it is known that no cell begins or ends with a blank.
    """

    mapping: ColumnMapping
    line: NDArray[np.int64]
    columns: tuple[pd.Series, ...]
    misfits: tuple[tuple[int, str], ...] = ()
    decimal_comma: bool = False
    tight: bool = False


@dataclass(frozen=True)
class _Head:
    """The header of a sheet: its place among the lines, its cells and how much it explains."""

    place: int
    cells: tuple[str, ...]
    rows: int
    mapped: int


class Corrections(NamedTuple):
    """What a user says of columns: canonical name to header, and headers that are not read.

    See :func:`bluecarbon.mrv.column_names.map_columns`. ``telling`` are the names of which one
    tells such a sheet from the others of a workbook: a diameter, the area of a plot.
    """

    by_name: Mapping[str, Correction] = MappingProxyType({})
    unread: frozenset[str] = frozenset()
    telling: frozenset[str] = frozenset()


def read_raw_sheet(
    path: Path,
    names: Sequence[FieldName],
    *,
    corrections: Corrections | None = None,
    sheet: str = "",
) -> tuple[RawSheet | None, list[Finding]]:
    """The sheet of a file in which most columns are known by ``names``.

    Parameters
    ----------
    path
        A CSV file or a workbook.
    names
        What may stand in the sheet.
    corrections
        What the user says of columns.
    sheet
        The sheet of a workbook; without it the one whose header says most.

    Returns
    -------
    None when no table is found; and the findings. Where one is an error the header is not
    certain and the rows are not to be used.
    """
    said = corrections or Corrections()
    if path.suffix.lower() in WORKBOOK_ENDINGS:
        raw, findings = _from_workbook(path, names, said, sheet)
    elif sheet:
        message, fix = f"is no workbook and has no sheet '{sheet}'", "leave the sheet out"
        return None, [defect("sheet-missing", path.name, message, fix)]
    else:
        raw, findings = _from_text(path, names, said)
    if raw is not None and not len(raw.line) and not raw.misfits:
        fix = "export the table again, with at least one row"
        findings.append(defect("field-file-empty", path.name, "has no rows", fix))
    return raw, findings


def _mapped(
    header: Sequence[str], names: Sequence[FieldName], said: Corrections, *, file: str
) -> tuple[ColumnMapping, list[Finding]]:
    """The mapping of a header without the columns that are not to be read."""
    read = ["" if cell in said.unread else cell for cell in header]
    mapping, findings = map_columns(read, names, file=file, corrections=said.by_name)
    for name in sorted(said.unread - set(header)):
        fix = f"there are: {', '.join(cell for cell in header if cell)}"
        message = f"there is no column '{name}'"
        findings.append(defect("correction-wrong", f"{file} column mapping", message, fix))
    unread = (*mapping.unread, *sorted(said.unread & set(header)))
    return mapping.model_copy(update={"unread": unread}), findings


def _from_workbook(
    path: Path, names: Sequence[FieldName], said: Corrections, sheet: str
) -> tuple[RawSheet | None, list[Finding]]:
    sheets, findings = workbook_sheets(path, sheet)
    if not sheets:
        return None, findings
    heads = {name: _head([c for _, c in lines], names, said) for name, lines in sheets.items()}
    best = max(heads, key=lambda name: (_tells(heads[name], names, said), heads[name].mapped))
    if len(sheets) > 1:
        message = f"the sheet '{best}' is read, of: {', '.join(sheets)}"
        findings.append(defect("sheet-chosen", path.name, message, severity="info"))
    head, lines = heads[best], sheets[best]
    # rows of two sheets of one workbook must not be taken for each other
    file = f"{path.name} [{best}]" if len(sheets) > 1 or sheet else path.name
    mapping, found = _mapped(head.cells, names, said, file=file)
    findings += found + _titles(head, lines[head.place][0], file)
    body = lines[head.place + head.rows :]
    return raw_of_lines(mapping, body, len(head.cells)), findings


def _from_text(
    path: Path, names: Sequence[FieldName], said: Corrections
) -> tuple[RawSheet | None, list[Finding]]:
    text, findings = _decoded(path)
    if text is None:
        return None, findings
    sample = "\n".join(islice(text.split("\n", _SAMPLE_LINES), _SAMPLE_LINES))
    heads = {}
    for separator in SEPARATORS:
        rows = _rows(sample, separator)
        if rows:
            heads[separator] = (_head([cells for _, cells in rows], names, said), rows)
    if not heads:
        fix = "export the table again, with its header line"
        return None, [*findings, defect("field-file-empty", path.name, "is empty", fix)]
    separator = max(heads, key=lambda mark: (heads[mark][0].mapped, len(heads[mark][0].cells)))
    head, rows = heads[separator]
    mapping, found = _mapped(head.cells, names, said, file=path.name)
    line = rows[head.place][0]
    findings += found + _titles(head, line, path.name)
    first = rows[head.place + head.rows - 1][0]
    try:
        raw = _body(text, first, separator, mapping=mapping, width=len(head.cells))
    except csv.Error as error:
        fix = "close every quote, and save the sheet as CSV"
        message = f"is not CSV: {error}"
        return None, [*findings, defect("field-file-unreadable", path.name, message, fix)]
    return raw, findings


def _decoded(path: Path) -> tuple[str | None, list[Finding]]:
    """The text of a file with plain line ends; and how it was written, where not in UTF-8."""
    file = path.name
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        message, fix = f"cannot be read: {error}", "check the file and its permissions"
        return None, [defect("field-file-unreadable", file, message, fix)]
    utf_16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if utf_16 else ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        found = []
        if encoding != "utf-8-sig":
            message = f"is read as {encoding.upper()}, because it is not UTF-8"
            fix = "look at the names in the printed mapping; save the sheet as CSV UTF-8 if wrong"
            found = [defect("field-file-encoding-read", file, message, fix, severity="info")]
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text, found
    fix = "save the sheet as 'CSV UTF-8'"
    return None, [defect("field-file-encoding", file, "is no text that can be read", fix)]


def _rows(text: str, separator: str) -> Lines:
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    try:
        return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error:
        return []


_NO_UNIT = ("", "-", "/", "株", "棵", "个", "stems", "trees")
"""What may stand in a row of units below a column that has none."""


def _head(rows: Sequence[Sequence[str]], names: Sequence[FieldName], said: Corrections) -> _Head:
    """The row that names most columns, with the units of a row below it."""
    named = {text if isinstance(text, str) else text[0] for text in said.by_name.values()} - {""}
    best, most = 0, -1
    for place, cells in enumerate(rows[:HEADER_LINES_MAX]):
        mapping, _ = map_columns(cells, names, file="")
        known = len(mapping.columns) + len(named.intersection(cell.strip() for cell in cells))
        if known > most:
            best, most = place, known
    cells = tuple(cell.strip() for cell in rows[best])
    last = max((i for i, cell in enumerate(cells) if cell), default=0)
    cells, below = cells[: last + 1], rows[best + 1] if best + 1 < len(rows) else ()
    units = [unit_of(cell) for cell in below[: len(cells)]]
    if any(units) and all(unit or cell.strip() in _NO_UNIT for unit, cell in zip(
        units, below[: len(cells)], strict=True)):  # fmt: skip
        marked = [f"{cell} ({u})" if u else cell for cell, u in zip(cells, units, strict=False)]
        return _Head(best, (*marked, *cells[len(marked) :]), 2, most)
    return _Head(best, cells, 1, most)


def _tells(head: _Head, names: Sequence[FieldName], said: Corrections) -> bool:
    """Whether a header has one of the columns that only such a sheet has."""
    mapping, _ = map_columns(head.cells, names, file="")
    corrected = {h if isinstance(h, str) else h[0]: name for name, h in said.by_name.items()}
    known = {column.name for column in mapping.columns}
    known |= {corrected[cell] for cell in head.cells if cell in corrected}
    return not said.telling.isdisjoint(known)


def _titles(head: _Head, line: int, file: str) -> list[Finding]:
    found = []
    if head.place:
        message = f"the header is taken from line {line}; what stands above it is not read"
        found.append(defect("title-rows", file, message, severity="info"))
    if head.rows > 1:
        message = f"line {line + 1} is taken as the units of the columns"
        found.append(defect("unit-row", file, message, severity="info"))
    return found


def _body(text: str, line: int, separator: str, *, mapping: ColumnMapping, width: int) -> RawSheet:
    """The rows below line ``line``, by the compiled reader where every line is regular."""
    start = 0
    for _ in range(line):
        start = text.find("\n", start) + 1
        if not start:
            return RawSheet(mapping, np.empty(0, dtype=np.int64), ())
    body = text[start:].rstrip("\n")
    count = body.count("\n") + 1
    comma = separator != ","
    blank = "\n" + separator * (width - 1) + "\n"
    regular = '"' not in body and "\n\n" not in body and blank not in f"\n{body}\n"
    if regular and body and body.count(separator) == count * (width - 1):
        try:
            columns = _compiled(body, separator, mapping, width)
        except pd.errors.ParserError:
            pass  # as many cells as there should be in all, and a line with too many
        else:
            numbers = np.arange(line + 1, line + 1 + count, dtype=np.int64)
            blanks = (f" {separator}", f"{separator} ", " \n", "\n ", "\u3000", "\xa0")
            tight = not any(mark in body for mark in blanks) and body.strip(" ") == body
            return RawSheet(mapping, numbers, columns, decimal_comma=comma, tight=tight)
    reader = csv.reader(io.StringIO(text[start:]), delimiter=separator, strict=True)
    lines = [(line + reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    return raw_of_lines(mapping, lines, width, decimal_comma=comma)


def _compiled(
    body: str, separator: str, mapping: ColumnMapping, width: int
) -> tuple[pd.Series, ...]:
    numeric = {column.place for column in mapping.columns if column.kind == "number"}
    # by the number of the column; the annotations of pandas know names only
    texts: Any = {place: str for place in range(width) if place not in numeric}
    nothing: Any = dict.fromkeys(numeric, _NOTHING_AS_WRITTEN)
    read: Any = sorted(column.place for column in mapping.columns) or [0]
    frame = pd.read_csv(
        io.StringIO(body), sep=separator, header=None, names=list(range(width)), usecols=read,
        dtype=texts, keep_default_na=False, na_values=nothing, index_col=False,
        quoting=csv.QUOTE_NONE, skip_blank_lines=False, low_memory=False,
    )  # fmt: skip
    empty = pd.Series(dtype="object")
    return tuple(_plain(frame[i]) if i in frame else empty for i in range(width))


def _plain(column: pd.Series) -> pd.Series:
    """Numbers as they are; what is text, or true and false, as text."""
    if pd.api.types.is_string_dtype(column) and not column.hasnans:
        return column.astype("object")
    if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
        return column.fillna("").astype(str).astype("object")
    return column


def raw_of_lines(
    mapping: ColumnMapping, lines: Lines, width: int, *, decimal_comma: bool = False
) -> RawSheet:
    """A sheet from the lines of cells below its header, which has ``width`` columns.

    Spare cells are no defect while they are empty.
    """
    good: Lines = []
    misfits = []
    for line, cells in lines:
        if len(cells) < width or any(cell.strip() for cell in cells[width:]):
            misfits.append((line, f"has {len(cells)} cells under {width} columns"))
        elif any(cell.strip() for cell in cells):
            good.append((line, cells))
    read = {column.place for column in mapping.columns}
    columns = tuple(
        pd.Series([cells[i] for _, cells in good] if i in read else [], dtype="object")
        for i in range(width)
    )
    numbers = np.array([line for line, _ in good], dtype=np.int64)
    return RawSheet(mapping, numbers, columns, tuple(misfits), decimal_comma)
