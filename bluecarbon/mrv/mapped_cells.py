"""Cells of a mapped sheet to typed columns, whole columns at a time; what cannot be read is said.

The companion of :mod:`bluecarbon.mrv.column_names` for sheets in which bad rows are left out
instead of stopping everything: it returns, beside the values, which cells are defective and how.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from bluecarbon.mrv.angles import LIMIT_DEGREE, angle_of
from bluecarbon.mrv.column_names import ColumnMapping, MappedColumn, unit_of
from bluecarbon.mrv.field_tables import Lines

NOTHING = ("", "na", "n/a", "nan", "null", "none")
"""Cells that say, in any case, that there is no value."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
_COMMA_NUMBER = r"[+-]?[0-9]+,[0-9]+"
_INTERVAL = (
    r"^(?P<top>[0-9.]+)\s*(?:cm|m)?\s*(?:-|–|—|~|～|〜|to|至|到)\s*(?P<bottom>[0-9.]+)\s*(?:cm|m)?$"
)

_WIDE = str.maketrans("０１２３４５６７８９．，＋－％", "0123456789.,+-%")
"""Digits and signs as a Chinese keyboard writes them; their value is not in doubt."""

_WITH_UNIT = re.compile(r"([+-]?[0-9.,]+)\s*([^0-9\s.,+-].*)")

CellDefect = tuple[int, str, str, str]
"""Position of the row, canonical column, code, and what is wrong."""


@dataclass(frozen=True)
class MappedCells:
    """Columns by canonical name, in canonical units, and ``line``; and the defective cells.

    A cell that cannot be read is NaN or empty in ``rows`` and stands in ``defects``; one that was
    read in another form than a number (20°30.5'N) stands in ``notes``.
    """

    rows: pd.DataFrame
    defects: tuple[CellDefect, ...]
    notes: tuple[CellDefect, ...] = ()


def mapped_cells(
    lines: Lines, mapping: ColumnMapping, *, decimal_comma: bool = False
) -> MappedCells:
    """The lines of a sheet (the header first) as typed columns.

    Full-width digits count as digits, and a number followed by the unit of its column ("10 cm"
    under centimetres) as that number; another unit is a defect.
    ``decimal_comma`` reads "0,85" as 0.85; otherwise such a cell is a defect of its own code,
    ``decimal-comma``, because nobody can tell it from a thousand.
    """
    cells = [row for _, row in lines[1:]]
    data: dict[str, pd.Series] = {"line": pd.Series([line for line, _ in lines[1:]], dtype="int64")}
    defects: list[CellDefect] = []
    notes: list[CellDefect] = []
    for column in mapping.columns:
        text = pd.Series([row[column.place].strip() for row in cells], dtype="object")
        if column.name == "depth_interval_cm":
            found = _interval(text, column, data)
        elif column.kind == "number":
            data[column.name], found = _numbers(text, column, decimal_comma=decimal_comma)
            if found and column.name in LIMIT_DEGREE:
                values, found, read = _angles(text, column, data[column.name], found)
                data[column.name] = values
                notes += read
        else:
            data[column.name], found = text, []
        defects += found
    return MappedCells(pd.DataFrame(data), tuple(defects), tuple(notes))


def _narrow(text: pd.Series, column: MappedColumn) -> pd.Series:
    """Cells with full-width digits in plain ones, and without the unit that the column has."""
    cells = text.tolist()
    odd = [i for i, cell in enumerate(cells) if cell and _NUMBER.fullmatch(cell) is None]
    if not odd or column.name in LIMIT_DEGREE:
        return text
    unit = unit_of(column.header_unit or column.unit)
    for i in odd:
        cell = cells[i] if cells[i].isascii() else cells[i].translate(_WIDE)
        match = _WITH_UNIT.fullmatch(cell)
        if match and unit and unit_of(match[2]) == unit:
            cell = match[1]
        cells[i] = cell
    return pd.Series(cells, index=text.index, dtype="object")


def _numbers(
    text: pd.Series, column: MappedColumn, *, decimal_comma: bool
) -> tuple[pd.Series, list[CellDefect]]:
    text = _narrow(text, column)
    if decimal_comma:
        comma = text.str.fullmatch(_COMMA_NUMBER).astype(bool)
        text = text.mask(comma, text.str.replace(",", ".", regex=False))
    blank = text.str.casefold().isin(NOTHING)
    # a compiled pattern over a list is five times as fast as the text methods of pandas
    good = np.array([_NUMBER.fullmatch(cell) is not None for cell in text.tolist()], dtype=bool)
    values = text.where(good, None).astype("float64") * column.factor
    defects: list[CellDefect] = []
    cells = text.tolist()
    for place in np.flatnonzero(~good & ~blank):
        cell = str(cells[place])
        if re.fullmatch(_COMMA_NUMBER, cell):
            code, said = "decimal-comma", f"{column.header} '{cell}' has a comma"
        else:
            code, said = "number-unreadable", f"{column.header} '{cell}' is not a number"
        defects.append((int(place), column.name, code, said))
    return values, defects


def _angles(
    text: pd.Series, column: MappedColumn, values: pd.Series, unread: list[CellDefect]
) -> tuple[pd.Series, list[CellDefect], list[CellDefect]]:
    """Column with the angles that have marks filled in, what is none either, what was read."""
    left: list[CellDefect] = []
    notes: list[CellDefect] = []
    cells, filled = text.tolist(), values.to_numpy(copy=True)
    # the slices of a core share its position
    known = cache(lambda cell: angle_of(cell, "lon" if column.name == "lon" else "lat"))
    for place, name, _, _ in unread:
        cell, angle = cells[place], known(cells[place])
        if angle.degrees is None:
            said = f"{column.header} '{cell}' {angle.problem}"
            left.append((place, name, "position-unreadable", said))
        else:
            filled[place] = angle.degrees
            said = f"{column.header} {cell} is read as {angle.degrees:.6f} degrees"
            notes.append((place, name, "position-converted", said))
    return pd.Series(filled, index=values.index), left, notes


def _interval(
    text: pd.Series, column: MappedColumn, data: dict[str, pd.Series]
) -> list[CellDefect]:
    """'0-15', '15–30 cm', '30~50' to the two depths, unless columns of their own give them."""
    parts = text.str.translate(_WIDE).str.extract(_INTERVAL, flags=re.IGNORECASE)
    numbers = parts.apply(pd.to_numeric, errors="coerce") * column.factor
    data.setdefault("depth_min_cm", numbers["top"])
    data.setdefault("depth_max_cm", numbers["bottom"])
    blank = text.str.casefold().isin(NOTHING)
    bad = np.flatnonzero(numbers.isna().any(axis=1) & ~blank)
    return [
        (int(place), "depth_min_cm", "interval-unreadable",
         f"{column.header} '{text.to_numpy()[place]}' is no interval of depths like 0-15")
        for place in bad
    ]  # fmt: skip
