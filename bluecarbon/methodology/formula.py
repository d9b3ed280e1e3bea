"""The arithmetic in which an equation may be written down for a spreadsheet.

A formula is text over the names of an equation's terms, as in ``44/12*{carbon_fraction}*{mass}``.
A group of terms (strata, plots) becomes a range of cells and stands inside a function that takes
one: ``SUM({area_ha})``. Only numbers, names, the operators of arithmetic and comparison, and
:data:`FUNCTIONS` are allowed, because a formula from a report that somebody else wrote ends up in
a spreadsheet program, where other functions can read files or call the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

FUNCTIONS = frozenset(
    {"ABS", "AVERAGE", "COUNT", "DEVSQ", "EXP", "IF", "INT", "LN", "MAX", "MIN", "ROUND", "SQRT"}
    | {"SUM", "SUMPRODUCT", "SUMSQ", "TINV"}
)
"""Functions that every spreadsheet program knows under the same name."""

_TOKEN = re.compile(
    r"(?P<space>\s+)|\{(?P<name>[^\W\d]\w*)\}|(?P<function>[A-Z]+[0-9]*)(?=\()"
    r"|(?P<number>\d+(?:\.\d+)?(?:E[+-]?\d+)?)|(?P<operator><=|>=|<>|[-+*/^(),<>=])"
)


@lru_cache(maxsize=1024)
def names(formula: str) -> tuple[str, ...]:
    """The terms that a formula is about, in order of appearance.

    ValueError says where the text is not a formula of this kind.
    """
    found = [text for kind, text in tokens(formula) if kind == "name"]
    if formula.count("(") != formula.count(")"):
        raise ValueError(f"formula {formula!r}: the parentheses do not match")
    return tuple(dict.fromkeys(found))


def in_cells(formula: str, cells: Mapping[str, str]) -> str:
    """The formula over cells: each name becomes its cell or range.

    A name without cells is a group that has no members in this step: it counts as 0. ValueError
    as in :func:`names`.
    """
    parts = (
        cells.get(text, "0") if kind == "name" else text
        for kind, text in tokens(formula)
        if kind != "space"
    )
    return "".join(parts)


def tokens(formula: str) -> Iterator[tuple[str, str]]:
    """The parts of a formula with their kind: space, name, function, number or operator.

    ValueError where the text is not a formula of this kind.
    """
    place = 0
    while place < len(formula):
        match = _TOKEN.match(formula, place)
        if match is None or match.lastgroup is None:
            raise ValueError(f"formula {formula!r}: cannot read {formula[place:]!r}")
        text = match[match.lastgroup]
        if match.lastgroup == "function" and text not in FUNCTIONS:
            raise ValueError(f"formula {formula!r}: {text} is not among the functions allowed")
        yield match.lastgroup, text
        place = match.end()
