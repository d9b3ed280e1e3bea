"""The tables that rule books and kernels read: numbers with their sources, as data.

Every table is a CSV file in this folder, every ``source`` in it a key of ``references.bib``.
"""

from __future__ import annotations

import csv
import importlib.resources
import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from bluecarbon.errors import MethodologyError
from bluecarbon.spec import Source

_ENTRY = re.compile(r"^@\w+\{([^,\s]+),(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^\s*(\w+)\s*=\s*\{(.*)\},?\s*$", re.MULTILINE)


@cache
def read_table(name: str, key: str) -> tuple[Mapping[str, str], ...]:
    """The rows of ``name`` (a CSV file of this folder) as text, in the order of the file.

    ``key`` names the column that identifies a row.

    Raises
    ------
    MethodologyError
        There is no such table or column, a row has too many or too few cells, or two rows have
        the same key (a number that is there twice is a number nobody knows).
    """
    place = importlib.resources.files(__name__) / name
    if not place.is_file():
        raise MethodologyError(f"there is no table {name!r}")
    return table_from_text(place.read_text(encoding="utf-8"), name, key)


def table_from_text(text: str, name: str, key: str) -> tuple[Mapping[str, str], ...]:
    """Rows of CSV ``text``; the rules and errors of :func:`read_table`."""
    lines = csv.reader(text.splitlines())
    header = next(lines, [])
    if key not in header:
        raise MethodologyError(f"table {name} has no column {key!r}")
    rows: dict[str, Mapping[str, str]] = {}
    for cells in lines:
        if len(cells) != len(header):
            raise MethodologyError(f"table {name} line {lines.line_num}: {len(cells)} cells")
        row = MappingProxyType(dict(zip(header, cells, strict=True)))
        if row[key] in rows:
            raise MethodologyError(
                f"table {name} line {lines.line_num}: {row[key]!r} is there twice"
            )
        rows[row[key]] = row
    return tuple(rows.values())


@cache
def sources() -> Mapping[str, Source]:
    """Every document that the tables cite, by its key in references.bib.

    Raises
    ------
    MethodologyError
        A key stands there twice.
    """
    text = (importlib.resources.files(__name__) / "references.bib").read_text(encoding="utf-8")
    found: dict[str, Source] = {}
    for key, body in _ENTRY.findall(text):
        if key in found:
            raise MethodologyError(f"references.bib has {key!r} twice")
        found[key] = _source(key, dict(_FIELD.findall(body)))
    return MappingProxyType(found)


def _source(key: str, fields: Mapping[str, str]) -> Source:
    order = ("author", "year", "title", "journal", "volume", "pages", "howpublished", "note")
    parts = [fields[name].strip("{}").replace("--", "-") for name in order if name in fields]
    url = f"https://doi.org/{fields['doi']}" if "doi" in fields else ""
    return Source(key=key, citation=". ".join(parts), url=url)
