"""Field sheets in Excel workbooks, as lines of text like those of a CSV file."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

from bluecarbon.errors import MissingExtraError
from bluecarbon.mrv.field_tables import Lines, defect
from bluecarbon.spec import Finding


def read_workbook_lines(path: Path, sheet: str = "") -> tuple[Lines | None, list[Finding]]:
    """Line numbers and cells of a sheet of a workbook (the first, or the one named).

    Formulas count as the value that the workbook keeps for them. Blank lines are left out and
    short lines filled up, so that every line has the cells of the header.

    Raises
    ------
    MissingExtraError
        openpyxl is not installed.
    """
    try:
        import openpyxl
        from openpyxl.utils.exceptions import (
            InvalidFileException,
        )
    except ImportError as error:
        raise MissingExtraError("reading a workbook", "excel") from error
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (OSError, InvalidFileException, zipfile.BadZipFile, KeyError) as error:
        fix = "save the workbook as .xlsx again, or export the sheet as CSV"
        return None, [defect("field-file-unreadable", path.name, f"cannot be read: {error}", fix)]
    try:
        if sheet and sheet not in book.sheetnames:
            fix = f"there are: {', '.join(book.sheetnames)}"
            return None, [defect("sheet-missing", path.name, f"there is no sheet '{sheet}'", fix)]
        chosen = book[sheet] if sheet else book[book.sheetnames[0]]
        rows = [[_text(value) for value in row] for row in chosen.iter_rows(values_only=True)]
    finally:
        book.close()
    lines = [(n, row) for n, row in enumerate(rows, start=1) if any(cell.strip() for cell in row)]
    if not lines:
        return None, [defect("field-file-empty", path.name, "the sheet is empty", "choose another")]
    width = len(lines[0][1])
    return [(n, (row + [""] * width)[:width]) for n, row in lines], []


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, float):
        return f"{value:.15g}"
    return str(value)
