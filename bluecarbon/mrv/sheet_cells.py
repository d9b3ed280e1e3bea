"""Cells of any sheet to typed columns, and the mapping as a table that a user can check.

The reading of single cells is that of :mod:`bluecarbon.mrv.mapped_cells`, asked once for each
text that occurs. Dates are those of :mod:`bluecarbon.mrv.field_dates`, 20240731, and the serial
numbers of spreadsheets.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bluecarbon.mrv.column_names import ColumnMapping, MappedColumn
from bluecarbon.mrv.field_dates import iso_date
from bluecarbon.mrv.field_tables import Lines
from bluecarbon.mrv.mapped_cells import CellDefect, mapped_cells
from bluecarbon.mrv.sheet_files import RawSheet

SERIAL_EPOCH = dt.date(1899, 12, 30)
"""Day 0 of spreadsheets, as the serial numbers of all days after February 1900 count."""

SERIAL_DAYS = (18264, 73051)
"""Serial numbers from 1950 to 2100: other numbers are no dates."""

MAPPING_COLUMNS = ("your_column", "ours", "unit", "conversion", "example", "how")

_COMPACT = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})")
_SHORT = re.compile(r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}")


@dataclass(frozen=True)
class TypedSheet:
    """Columns by canonical name in canonical units, and ``line``; the cells that are defective.

    ``notes`` are cells that were read in another form than a number (20°30.5'N).
    """

    mapping: ColumnMapping
    rows: pd.DataFrame
    defects: tuple[CellDefect, ...]
    notes: tuple[CellDefect, ...] = ()
    commas_read: int = 0
    examples: Mapping[str, str] = field(default_factory=dict)

    def mapping_table(self) -> pd.DataFrame:
        """One row for each column: yours, ours, unit, conversion, an example, how it was found."""
        rows: list[tuple[str, ...]] = [
            (
                column.header,
                column.name,
                column.unit,
                _conversion(column),
                self.examples.get(column.name, ""),
                column.by,
            )
            for column in self.mapping.columns
        ]
        rows += [(header, "(not read)", "", "", "", "") for header in self.mapping.unread]
        return pd.DataFrame(rows, columns=list(MAPPING_COLUMNS))


def _conversion(column: MappedColumn) -> str:
    if not column.unit:
        return ""
    if not column.header_unit:
        return "unit not stated"
    return "" if column.factor == 1.0 else f"{column.header_unit} x {column.factor:g}"


def typed_sheet(raw: RawSheet, *, decimal_comma: bool = False) -> TypedSheet:
    """The cells of a sheet as numbers, dates and texts; a bad one is empty and a defect."""
    data: dict[str, pd.Series] = {"line": pd.Series(raw.line)}
    defects: list[CellDefect] = []
    notes: list[CellDefect] = []
    examples: dict[str, str] = {}
    commas = 0
    for column in raw.mapping.columns:
        cells = raw.columns[column.place]
        if column.kind == "number":
            comma = decimal_comma or raw.decimal_comma
            values, found, said = _numbers(cells, column, comma)
            commas += said.commas
            notes += said.notes
        elif column.kind == "date":
            values, found = _dates(cells, column)
        else:
            values, found = cells if raw.tight else _stripped(cells), []
        data[column.name] = values
        defects += found
        examples[column.name] = _example(cells)
    rows = pd.DataFrame(data)
    return TypedSheet(raw.mapping, rows, tuple(defects), tuple(notes), commas, examples)


def _stripped(cells: pd.Series) -> pd.Series:
    return pd.Series([str(cell).strip() for cell in cells.tolist()], dtype="object")


def _example(cells: pd.Series) -> str:
    some = cells.iloc[:1000]
    known = some[(some != "") & some.notna()] if len(some) else some
    if known.empty:
        return ""
    value = known.iloc[0]
    return f"{value:g}" if isinstance(value, float) else str(value).strip()


@dataclass(frozen=True)
class _Said:
    """How many commas were read as decimal points, and which cells in another form."""

    commas: int = 0
    notes: list[CellDefect] = field(default_factory=list)


def _numbers(
    cells: pd.Series, column: MappedColumn, decimal_comma: bool
) -> tuple[pd.Series, list[CellDefect], _Said]:
    """Values, defects, and what else is to be said of them."""
    if pd.api.types.is_numeric_dtype(cells):
        values = cells.astype("float64") * column.factor
        # the compiled reader takes "inf" for a number
        said = f"{column.header} 'inf' is not a number"
        bad = np.flatnonzero(np.isinf(values.to_numpy()))
        infinite = [(int(i), column.name, "number-unreadable", said) for i in bad]
        return values.where(np.isfinite(values)), infinite, _Said()
    codes, texts = pd.factorize(cells)
    lines: Lines = [(0, [column.header]), *((i, [str(text)]) for i, text in enumerate(texts))]
    one = column.model_copy(update={"place": 0})
    read = mapped_cells(lines, ColumnMapping(file="", columns=(one,)), decimal_comma=decimal_comma)
    values = pd.Series(read.rows[column.name].to_numpy(dtype="float64")[codes])
    commas = np.array(["," in str(text) for text in texts], dtype=bool)
    count = int((commas[codes] & values.notna().to_numpy()).sum())
    notes = _at_rows(read.notes, codes, column)
    return values, _at_rows(read.defects, codes, column), _Said(count, notes)


def _at_rows(
    said: Sequence[CellDefect], codes: NDArray[np.intp], column: MappedColumn
) -> list[CellDefect]:
    """What is said of a text, said of every row that has it."""
    by_text = {place: (code, text) for place, _, code, text in said}
    rows = np.flatnonzero(np.isin(codes, list(by_text)))
    return [(int(i), column.name, *by_text[int(codes[i])]) for i in rows]


def _dates(cells: pd.Series, column: MappedColumn) -> tuple[pd.Series, list[CellDefect]]:
    codes, distinct = pd.factorize(cells)
    texts = [str(text).strip() for text in distinct]
    read = [date_of(text) for text in texts]
    days = np.array([*(day for day, _ in read), None], dtype=object)[:-1]
    bad = {i: said for i, (day, said) in enumerate(read) if day is None and texts[i] != ""}
    defects = [
        (int(i), column.name, "date-unreadable", f"{column.header} {bad[int(codes[i])]}")
        for i in np.flatnonzero(np.isin(codes, list(bad)))
    ]
    return pd.Series(days[codes], dtype="object"), defects


def date_of(text: str) -> tuple[dt.date | None, str]:
    """The day that a cell says; None, and why, where it says none.

    The order of day and month in 3/4/2024 is the custom of a country and is not guessed.
    """
    if text.endswith(".0") and text[:-2].isdigit():
        text = text[:-2]
    if text.isdigit() and SERIAL_DAYS[0] <= int(text) <= SERIAL_DAYS[1]:
        return SERIAL_EPOCH + dt.timedelta(int(text)), ""
    compact = _COMPACT.fullmatch(text)
    iso = iso_date("-".join(compact.groups()) if compact else text)
    if iso is not None:
        return dt.date.fromisoformat(iso), ""
    if _SHORT.fullmatch(text):
        return None, f"'{text}' may be day/month or month/day"
    return None, f"'{text}' is not a date"
