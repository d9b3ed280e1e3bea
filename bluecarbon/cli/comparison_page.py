"""What ``bluecarbon methodology compare`` prints: a table, why its rows differ, net by year."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from bluecarbon.methodology.comparison import SHOWN_TCO2E, ComparedTerm, Comparison

WIDTH = 120
"""Columns of the terminal that the page is laid out for."""

_TERM, _LAST, _CELL_LEAST, _CELL_MOST, _SPREAD = 22, 23, 14, 28, 10


def comparison_as_text(comparison: Comparison) -> str:
    """The table with rule books across, a sentence per row that differs, and net by year."""
    shown = [term for term in comparison.terms if _is_shown(term)]
    idle = dict.fromkeys(t.term for t in comparison.terms if not _is_shown(t))
    lines = [
        *_heading(comparison, "tCO2e of the period", f"{'spread':>{_SPREAD}}"),
        *_drafts(comparison),
    ]
    for kind in ("pool", "total"):
        lines.append("-" * len(lines[0]))
        lines += [_row(comparison, term) for term in shown if term.kind == kind]
    if idle:
        lines += _wrapped(f"zero under every rule book: {', '.join(map(_words, idle))}", "")
    differing = [term for term in shown if term.cause]
    lines += ["", "why they differ" if differing else "nothing differs"]
    for term in differing:
        lines += _why(term)
    lines += ["", *_heading(comparison, "net by year", "furthest apart in")]
    for year in comparison.years:
        cells = _cells(comparison, year.net_tco2e.values())
        lines.append(f"{year.year:<{_TERM}}{cells}  {_words(year.driver)}".rstrip())
    return "\n".join(lines)


def _is_shown(term: ComparedTerm) -> bool:
    """Whether any rule book has something there; net stands in every table."""
    values = term.values_tco2e.values()
    return term.term == "net" or any(abs(value or 0.0) > SHOWN_TCO2E for value in values)


def _cell_width(comparison: Comparison) -> int:
    fits = (WIDTH - _TERM - _LAST) // max(1, len(comparison.methodologies))
    return max(_CELL_LEAST, min(fits, _CELL_MOST))


def _heading(comparison: Comparison, first: str, last: str) -> Iterator[str]:
    """The ids over their columns, broken at hyphens where they are long."""
    width = _cell_width(comparison)
    broken = [textwrap.wrap(name, width - 1) for name in comparison.methodologies]
    for part in range(max(map(len, broken))):
        words = (lines[part] if part < len(lines) else "" for lines in broken)
        row = "".join(word.rjust(width) for word in words)
        yield (first.ljust(_TERM) + row + f"  {last}").rstrip()
        first = last = ""


def _drafts(comparison: Comparison) -> Iterator[str]:
    """Which rule books used rows that nobody has verified."""
    if comparison.drafts:
        width = _cell_width(comparison)
        marks = ("DRAFT" if i in comparison.drafts else "" for i in comparison.methodologies)
        yield ("".ljust(_TERM) + "".join(mark.rjust(width) for mark in marks)).rstrip()


def _row(comparison: Comparison, term: ComparedTerm) -> str:
    cells = _cells(comparison, term.values_tco2e.values())
    return f"{_words(term.term):<{_TERM}}{cells}  {term.spread_tco2e:>{_SPREAD},.1f}"


def _cells(comparison: Comparison, values: Iterable[float | None]) -> str:
    width = _cell_width(comparison)
    return "".join(("-" if v is None else f"{v:z,.1f}").rjust(width) for v in values)


def _why(term: ComparedTerm) -> Iterator[str]:
    """The sentence of a row; where each rule book has its own reason, each on its own line."""
    if not term.because:
        yield from _wrapped(_words(term.cause), "")
        return
    yield f"{_words(term.term)}:"
    against = ""
    for book, words in term.because.items():
        yield from _wrapped(f"{against}{book}: {words}", "  ")
        against = "against "


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}    ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def _words(text: str) -> str:
    """A term's name as words; names of parameters in a cause keep their underscores."""
    for name in ("uncertainty_deduction", "fire_reduction_premium", "long_term_caps"):
        text = text.replace(name, name.replace("_", " "))
    return text
