"""All sheets of a workbook as lines of text, cells that are merged over rows filled downward."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from bluecarbon.errors import MissingExtraError
from bluecarbon.mrv.field_tables import Lines, defect
from bluecarbon.mrv.field_workbooks import read_workbook_lines
from bluecarbon.spec import Finding, errors_in

WORKBOOK_ENDINGS = (".xlsx", ".xlsm")

MERGED_BYTES_MAX = 5_000_000
"""Larger workbooks are written by programs, which do not merge cells; to look takes minutes."""

Merged = dict[tuple[int, int], int]
"""Row and place (from 0) of cells below the first of a merged range, and the row of that."""


def workbook_sheets(path: Path, sheet: str = "") -> tuple[dict[str, Lines], list[Finding]]:
    """Lines of every sheet that has any, by name, or of the one that is named.

    Raises
    ------
    MissingExtraError
        openpyxl is not installed.
    """
    names, merged, findings = _structure(path)
    if findings:
        return {}, findings
    if sheet and sheet not in names:
        fix = f"there are: {', '.join(names)}"
        return {}, [defect("sheet-missing", path.name, f"there is no sheet '{sheet}'", fix)]
    found: dict[str, Lines] = {}
    for name in [sheet] if sheet else names:
        lines, said = read_workbook_lines(path, name)
        if lines is not None:
            found[name] = _filled(lines, merged.get(name, {}))
        elif not any(f.code == "field-file-empty" for f in said):
            findings += said
    if not found and not errors_in(findings):
        findings = [defect("field-file-empty", path.name, "no sheet has rows", "choose another")]
    return found, findings


def sheet_names(path: Path) -> list[str]:
    """The sheets of a workbook, none when it cannot be read. MissingExtraError as above."""
    return _structure(path)[0]


def _structure(path: Path) -> tuple[list[str], dict[str, Merged], list[Finding]]:
    """Names of the sheets, and for each cell that is merged with one above it that one's row."""
    try:
        import openpyxl
        from openpyxl.utils.exceptions import (
            InvalidFileException,
        )
    except ImportError as error:
        raise MissingExtraError("reading a workbook", "excel") from error
    try:
        small = path.stat().st_size <= MERGED_BYTES_MAX
        book = openpyxl.load_workbook(path, read_only=not small)
    except (OSError, InvalidFileException, zipfile.BadZipFile, KeyError, ValueError) as error:
        fix = "save the workbook as .xlsx again, or export the sheet as CSV"
        message = f"cannot be read: {error}"
        return [], {}, [defect("field-file-unreadable", path.name, message, fix)]
    sheets = {item.title: item for item in book.worksheets}
    merged = {name: _merged(item) for name, item in sheets.items()} if small else {}
    book.close()
    return list(sheets), merged, []


def _merged(sheet: Any) -> Merged:
    return {
        (row, area.min_col - 1): area.min_row
        for area in sheet.merged_cells.ranges
        if area.min_col == area.max_col
        for row in range(area.min_row + 1, area.max_row + 1)
    }


def _filled(lines: Lines, merged: Merged) -> Lines:
    if not merged:
        return lines
    by_row = dict(lines)
    done = {row: list(cells) for row, cells in lines}
    for (row, place), first in merged.items():
        if row in done and first in by_row and place < len(by_row[first]):
            done[row][place] = by_row[first][place]
    return list(done.items())
