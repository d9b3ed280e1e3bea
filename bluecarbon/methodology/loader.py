"""Which rule books are installed: the built-in ones and plug-ins of other packages.

A third party registers an object under the entry-point group ``bluecarbon.methodologies``. Two
rule books with one id are an error, because money depends on which one runs; a plug-in that
cannot be loaded is a warning, because it must not stop the others.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from bluecarbon.errors import DuplicateMethodologyError, UnknownMethodologyError
from bluecarbon.methodology.ar_am0014 import AR_AM0014_V3_0
from bluecarbon.methodology.ccer_14_002 import CCER_14_002_V1
from bluecarbon.methodology.guangdong_phcer_mangrove import GUANGDONG_PHCER_MANGROVE_DRAFT
from bluecarbon.methodology.ipcc_wetlands_2013 import IPCC_WETLANDS_2013
from bluecarbon.methodology.protocol import Methodology
from bluecarbon.methodology.vm0033 import VM0033_V2_1

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
    """One rule book by id, as in ``ar-am0014@3.0``.

    UnknownMethodologyError names the nearest installed id.
    """
    books = installed()
    if methodology_id in books:
        return books[methodology_id]
    near = difflib.get_close_matches(methodology_id, books, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"installed: {', '.join(sorted(books))}"
    raise UnknownMethodologyError(f"no methodology {methodology_id!r}; {hint}")


def _loaded(plug_ins: Iterable[EntryPoint]) -> Iterable[Methodology]:
    for point in sorted(plug_ins, key=lambda p: (p.name, p.value)):
        try:
            book = point.load()
        except Exception as error:  # noqa: BLE001 - whatever a plug-in raises must stay its own
            warnings.warn(
                f"methodology plug-in {point.name!r} ({point.value}) does not load: {error}",
                RuntimeWarning,
                stacklevel=2,
            )
            continue
        yield book
