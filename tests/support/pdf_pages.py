"""What stands on the pages of a PDF, and whether a letter of it is missing from its fonts."""

import io

import pypdf
from pypdf.generic import ByteStringObject, ContentStream, TextStringObject

_SHOWING = {b"Tj", b"TJ", b"'", b'"'}


def reader(pdf):
    """A reader of bytes or of a path."""
    return pypdf.PdfReader(io.BytesIO(pdf) if isinstance(pdf, bytes) else pdf)


def page_texts(pdf):
    """The text of each page."""
    return [page.extract_text() for page in reader(pdf).pages]


def missing_glyphs(pdf):
    """How often glyph 0, the empty box that stands for a letter no font has, is shown.

    Fonts of typst are composite: each glyph is two bytes.
    """
    read = reader(pdf)
    return sum(_boxes(page.get_contents(), read) for page in read.pages)


def _boxes(contents, read):
    found = 0
    for operands, operator in ContentStream(contents, read).operations:
        if operator not in _SHOWING:
            continue
        for item in _strings(operands):
            codes = item.original_bytes
            pairs = [codes[i : i + 2] for i in range(0, len(codes), 2)]
            found += pairs.count(b"\x00\x00")
    return found


def _strings(operands):
    for item in operands:
        if isinstance(item, TextStringObject | ByteStringObject):
            yield item
        elif isinstance(item, list):
            yield from _strings(item)
