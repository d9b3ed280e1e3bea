"""Workbooks (XLSX) without a clock: the same cells are the same bytes, whoever made them, when."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

from bluecarbon.errors import MissingExtraError

EXTRA = "excel"

# ZIP knows no earlier time.
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)
_DATES = re.compile(rb"<dcterms:(created|modified)\b.*?</dcterms:\1>", re.DOTALL)


def new_workbook(what: str) -> Any:
    """An openpyxl workbook without a sheet.

    Raises
    ------
    MissingExtraError
        openpyxl is not installed; ``what`` could not be made.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise MissingExtraError(what, EXTRA) from error
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    return workbook


def workbook_bytes(workbook: Any) -> bytes:
    """The file of a workbook, with neither the time of its making nor the system it was made on."""
    buffer, target = io.BytesIO(), io.BytesIO()
    workbook.save(buffer)
    with zipfile.ZipFile(buffer) as made, zipfile.ZipFile(target, "w") as fixed:
        for name in made.namelist():
            info = zipfile.ZipInfo(name, _FIXED_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 0
            content = made.read(name)
            fixed.writestr(info, _DATES.sub(b"", content) if "docProps" in name else content)
    return target.getvalue()
