"""The claim of a rule book's example, stored beside its code: the same tomorrow as today.

``golden/<id>.json`` in the package of the rule book holds it; ``bluecarbon methodology golden ID``
prints the file. A rule book that lies in no package may give it by a method ``golden()``.
"""

from __future__ import annotations

import importlib.resources
import json
import math
from collections.abc import Iterator

from pydantic import ValidationError

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology.conformance_runs import TOLERANCE, Case, Problem, WithExample
from bluecarbon.spec import Value


class Golden(Value):
    """The claim of the example [tCO2e], in all and by vintage year."""

    methodology_id: str
    claim_tco2e: float
    claim_tco2e_by_year: dict[str, float]


def golden_as_json(book: object) -> str:
    """The file to store for a rule book as it is now. MethodologyError when it has no example."""
    if not isinstance(book, WithExample):
        raise MethodologyError("the rule book has no example() and example_parameters()")
    done = Case.of(book).golden
    page = Golden(
        methodology_id=book.spec.id,
        claim_tco2e=done.claim_tco2e,
        claim_tco2e_by_year=done.claim_tco2e_by_year,
    )
    return json.dumps(page.model_dump(), indent=2, ensure_ascii=False) + "\n"


def stored(book: WithExample) -> Golden | None:
    """What is stored for a rule book; None where nothing is. ValidationError when it is no such."""
    own = getattr(book, "golden", None)
    if callable(own):
        return Golden.model_validate(own(), from_attributes=True)
    package = type(book).__module__.rpartition(".")[0]
    if not package:
        return None
    place = importlib.resources.files(package) / "golden" / f"{book.spec.id}.json"
    return Golden.model_validate_json(place.read_bytes()) if place.is_file() else None


def golden_stored(case: Case) -> Iterator[Problem]:
    """The example claims what is stored for it."""
    place = f"golden/{case.book.spec.id}.json"
    try:
        kept = stored(case.book)
    except ValidationError as error:
        yield place, f"cannot be read: {error.errors()[0]['msg']}"
        return
    if kept is None:
        yield place, "is not there: nothing would tell that the claim has changed"
        return
    if kept.methodology_id != case.book.spec.id:
        yield place, f"is that of {kept.methodology_id!r}"
    was = {"in all": kept.claim_tco2e, **kept.claim_tco2e_by_year}
    now = {"in all": case.golden.claim_tco2e, **case.golden.claim_tco2e_by_year}
    for name in sorted(was.keys() | now.keys()):
        before, after = was.get(name, math.nan), now.get(name, math.nan)
        if not math.isclose(before, after, rel_tol=TOLERANCE):
            yield place, f"has {before!r} as the claim {name}, the example gives {after!r}"
