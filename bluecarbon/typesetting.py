"""Pages as PDF, Chinese and English, the same on every machine: typst with fonts from a package.

No font of the machine is used, so a page looks the same on a fresh server as on a designer's desk,
and the same source gives the same bytes. Text of users belongs in ``files`` as JSON (typst reads it
with ``json("data.json")``), never into the source, where ``#`` and ``*`` would be commands.

Families to ask for: :data:`SANS` (headings, tables, labels), :data:`SERIF` (running text) and
:data:`MONO` (digests). The Chinese fonts have one weight: Chinese emphasis is another typeface
(黑体 in 宋体), not a bolder one.
"""

from __future__ import annotations

import importlib.resources
import tempfile
import warnings
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bluecarbon.errors import MissingExtraError

EXTRA = "documents"

SANS = ("Noto Sans SC",)
SERIF = ("Libertinus Serif", "Noto Serif SC")
MONO = ("DejaVu Sans Mono", "Noto Sans SC")

# No date: the same source must give the same bytes today and tomorrow.
_PREAMBLE = "#set document(date: none, title: sys.inputs.title)\n"

_FONT_PACKAGE = "pylopdf_fonts_zh_cn"
_SANS_FILE = "NotoSansSC-Regular.otf"


def pdf_of(source: str, *, title: str, files: Mapping[str, bytes] | None = None) -> bytes:
    """A PDF/UA document (tagged, fonts embedded) from typst ``source``.

    Parameters
    ----------
    source : str
        Typst markup. Every image needs ``alt``: PDF/UA refuses a picture without words.
    title : str
        Title of the document for readers' windows and screen readers.
    files : mapping
        What the source reads, by its name (may hold ``/``), such as ``data.json`` or ``map.svg``.

    Letters that the fonts do not have (Thai, emoji) become empty boxes, with a warning.

    Raises
    ------
    MissingExtraError
        The extra ``documents`` is not installed.
    RuntimeError
        Typst's own error: the source is wrong. Its lines are counted from 2.
    """
    typst = _typst()
    with tempfile.TemporaryDirectory() as scratch:
        page = _PREAMBLE + source
        for name, content in {**(files or {}), "main.typ": page.encode()}.items():
            place = Path(scratch, name)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        return _compiled(typst, scratch, title)


def _compiled(typst: Any, folder: str, title: str) -> bytes:
    def compiled(standards: str | list[str]) -> bytes:
        made: bytes = typst.compile(
            str(Path(folder, "main.typ")),
            root=folder,
            font_paths=_fonts(),
            sys_inputs={"title": title},
            format="pdf",
            pdf_standards=standards,
        )
        return made

    try:
        return compiled("ua-1")
    except RuntimeError as error:
        # PDF/UA refuses a letter that no font has; a name in Thai must not stop a report.
        if "could not be displayed" not in str(error):
            raise
        warnings.warn(f"shown as empty boxes, not as PDF/UA: {error}", stacklevel=3)
        return compiled([])


def available() -> bool:
    """Whether the extra ``documents`` is installed."""
    try:
        _fonts()
    except MissingExtraError:
        return False
    return True


def sans_font_file() -> Path:
    """The file of :data:`SANS`, for charts whose labels are Chinese.

    Raises
    ------
    MissingExtraError
        The extra ``documents`` is not installed.
    """
    return _font_folder() / _SANS_FILE


def _typst() -> Any:
    try:
        import typst
    except ImportError as error:
        raise MissingExtraError("a PDF document", EXTRA) from error
    return typst


def _font_folder() -> Path:
    try:
        return Path(str(importlib.resources.files(_FONT_PACKAGE)))
    except ModuleNotFoundError as error:
        raise MissingExtraError("a document in Chinese", EXTRA) from error


@cache
def _fonts() -> Any:
    # Reading the fonts takes longer than setting a page: once for all documents of a process.
    return _typst().Fonts(
        include_system_fonts=False,
        include_embedded_fonts=True,
        font_paths=[str(_font_folder())],
    )
