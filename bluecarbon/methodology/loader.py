"""Which rule books are installed: the built-in ones and plug-ins of other packages.

A third party registers an object under the entry-point group ``bluecarbon.methodologies``. Two
rule books with one id are an error, because money depends on which one runs; a plug-in that
cannot be loaded, or is no rule book, is a warning, because it must not stop the others.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from bluecarbon.errors import DuplicateMethodologyError, UnknownMethodologyError
from bluecarbon.methodology.ar_am0014 import AR_AM0014_V3_0
from bluecarbon.methodology.ccer_14_002 import CCER_14_002_V1
from bluecarbon.methodology.guangdong_phcer_mangrove import GUANGDONG_PHCER_MANGROVE_DRAFT
from bluecarbon.methodology.ipcc_wetlands_2013 import IPCC_WETLANDS_2013
from bluecarbon.methodology.protocol import Methodology, MethodologySpec
from bluecarbon.methodology.vm0033 import VM0033_V2_1
from bluecarbon.spec import Finding

ENTRY_POINT_GROUP = "bluecarbon.methodologies"

BUILT_IN: tuple[Methodology, ...] = (
    AR_AM0014_V3_0,
    VM0033_V2_1,
    IPCC_WETLANDS_2013,
    CCER_14_002_V1,
    GUANGDONG_PHCER_MANGROVE_DRAFT,
)


@cache
def installed() -> dict[str, Methodology]:
    """All rule books by id. DuplicateMethodologyError when two claim the same id."""
    return collect(BUILT_IN, entry_points(group=ENTRY_POINT_GROUP))


def collect(
    built_in: Iterable[Methodology], plug_ins: Iterable[EntryPoint]
) -> dict[str, Methodology]:
    """Rule books by id from the built-in ones and from entry points (see :func:`installed`)."""
    books: dict[str, Methodology] = {}
    for book in (*built_in, *_loaded(plug_ins)):
        if book.spec.id in books:
            raise DuplicateMethodologyError(
                f"two installed rule books have the id {book.spec.id!r}: uninstall one of them"
            )
        books[book.spec.id] = book
    return books


def get(methodology_id: str) -> Methodology:
    """One rule book by id, as in ``ar-am0014@3.0``, or by its name where one version is there.

    UnknownMethodologyError names the nearest installed id, or the versions to choose from.
    """
    return pick(installed(), methodology_id)


def pick(books: Mapping[str, Methodology], methodology_id: str) -> Methodology:
    """The rule book of :func:`get` among these."""
    if methodology_id in books:
        return books[methodology_id]
    versions = sorted(name for name in books if name.split("@")[0] == methodology_id)
    if len(versions) == 1:
        return books[versions[0]]
    if versions:
        hint = f"which version: {', '.join(versions)}?"
    else:
        near = difflib.get_close_matches(methodology_id, books, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"installed: {', '.join(sorted(books))}"
    raise UnknownMethodologyError(f"no methodology {methodology_id!r}; {hint}")


def defective() -> tuple[Finding, ...]:
    """One error for each installed plug-in that does not load or is no rule book."""
    return defects_of(entry_points(group=ENTRY_POINT_GROUP))


def defects_of(plug_ins: Iterable[EntryPoint]) -> tuple[Finding, ...]:
    """As :func:`defective`, of these entry points."""
    fix = f"correct what the entry point in the group {ENTRY_POINT_GROUP!r} names"
    return tuple(
        Finding.error("conformance-loads", _named(point), defect, fix=fix)
        for point, _, defect in _tried(plug_ins)
        if defect
    )


def _loaded(plug_ins: Iterable[EntryPoint]) -> Iterator[Methodology]:
    for point, book, defect in _tried(plug_ins):
        if defect:
            message = f"{_named(point)} is left out: it {defect}"
            warnings.warn(message, RuntimeWarning, stacklevel=2)
        else:
            yield book


def _named(point: EntryPoint) -> str:
    return f"methodology plug-in {point.name!r} ({point.value})"


def _tried(plug_ins: Iterable[EntryPoint]) -> Iterator[tuple[EntryPoint, Any, str]]:
    """Each entry point with what it names, and what is wrong with that (empty when nothing is)."""
    for point in sorted(plug_ins, key=lambda p: (p.name, p.value)):
        yield point, *_try(point)


def _try(point: EntryPoint) -> tuple[Any, str]:
    try:
        book = point.load()
        return book, _defect(book)
    except Exception as error:  # noqa: BLE001 - whatever a plug-in raises must stay its own
        return None, f"does not load: {type(error).__name__}: {error}"


def _defect(book: object) -> str:
    """Why an object is no rule book. Whatever its ``spec`` raises."""
    if isinstance(book, type):
        return f"is the class {book.__name__}, not an object of it: name an instance"
    if not isinstance(book, Methodology):
        return f"is no rule book but {type(book).__name__}: it lacks spec, check or quantify"
    if not isinstance(book.spec, MethodologySpec):
        return f"has a spec that is a {type(book.spec).__name__}, not a MethodologySpec"
    return ""
