"""Several rule books side by side on the same data: what differs, and by which equation."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from bluecarbon.methodology.comparison_causes import Causes
from bluecarbon.report import Quantification, YearRow
from bluecarbon.spec import Value

TOTALS = (
    "baseline_tco2e",
    "project_tco2e",
    "leakage_tco2e",
    "gross_tco2e",
    "uncertainty_deduction_tco2e",
    "buffer_tco2e",
    "net_tco2e",
)


SAME_POOL = {
    "trees": "biomass",
    "plants": "biomass",
    "baseline trees": "baseline removals",
    "baseline": "baseline removals",
    "soil_co2": "soil",
    "sediment": "soil",
    "ch4": "CH4",
    "n2o": "N2O",
}
"""Documents call the same pool by different names: side by side they stand in one row."""


DEDUCTIONS = ("leakage", "uncertainty_deduction", "buffer")
"""What stands between the pools and the net tonnes."""

SUMS = frozenset({"project", "gross", "net"})
"""Totals that follow from other rows of the table."""

_TAKEN_OFF = {"gross": ("leakage",), "net": DEDUCTIONS}
"""What is taken off the pools on the way to a sum."""

SHOWN_TCO2E = 0.05
"""Half of the last digit that a table shows: a smaller spread is no difference."""


class ComparedTerm(Value):
    """One term under every rule book: tCO2e (None where a rule book has no such term) and why.

    ``cause`` is a sentence on the equations behind a difference, ``because`` the same by rule book
    (of a sum there is the sentence only); both are empty where there is no difference.
    """

    term: str
    kind: str
    values_tco2e: dict[str, float | None]
    equations: dict[str, str]
    cause: str = ""
    because: dict[str, str] = {}

    @property
    def spread_tco2e(self) -> float:
        """Largest less smallest value; a term that a rule book does not have counts as 0."""
        return _spread(self.values_tco2e.values())


class ComparedYear(Value):
    """The net tonnes of a year under every rule book; None where it claims no such year.

    ``driver`` is the pool or deduction in which the rule books are furthest apart that year.
    """

    year: int
    net_tco2e: dict[str, float | None]
    driver: str = ""


class Comparison(Value):
    """The whole comparison; ``drafts`` are the rule books that used rows nobody has verified."""

    methodologies: tuple[str, ...]
    terms: tuple[ComparedTerm, ...]
    years: tuple[ComparedYear, ...]
    drafts: tuple[str, ...] = ()

    def term(self, name: str) -> ComparedTerm:
        """One row. KeyError when there is none of that name."""
        for item in self.terms:
            if item.term == name:
                return item
        raise KeyError(f"no term {name!r} is compared")


def compare(
    quantifications: Sequence[Quantification], variables: Collection[str] = ()
) -> Comparison:
    """Totals of the period term by term, pools first, then deductions; and net tonnes per year.

    ``variables`` are the names of the measurements and series that the rule books were run on: a
    cause names those that its equations read.
    """
    quantifications = tuple({q.methodology_id: q for q in quantifications}.values())
    causes = {q.methodology_id: Causes(q, variables) for q in quantifications}
    pools = tuple(_pools(quantifications, causes))
    years = sorted({row.year for q in quantifications for row in q.years})
    return Comparison(
        methodologies=tuple(q.methodology_id for q in quantifications),
        terms=(*pools, *_totals(quantifications, causes, pools)),
        years=tuple(_year(quantifications, year) for year in years),
        drafts=tuple(q.methodology_id for q in quantifications if q.draft),
    )


def _spread(values: Collection[float | None]) -> float:
    known = [value or 0.0 for value in values]
    return max(known) - min(known)


def _year(quantifications: Sequence[Quantification], year: int) -> ComparedYear:
    rows = {
        q.methodology_id: next((r for r in q.years if r.year == year), None)
        for q in quantifications
    }
    parts = [_parts(row) for row in rows.values() if row is not None]
    names = dict.fromkeys(name for part in parts for name in part)
    spreads = {name: _spread([part.get(name) for part in parts]) for name in names}
    driver = max(spreads, key=lambda name: spreads[name], default="")
    return ComparedYear(
        year=year,
        net_tco2e={book: None if row is None else row.net_tco2e for book, row in rows.items()},
        driver=driver if spreads.get(driver, 0.0) > SHOWN_TCO2E else "",
    )


def _parts(row: YearRow) -> dict[str, float]:
    """A year's net tonnes as pools (positive) and deductions (negative) that sum to them."""
    found: dict[str, float] = {}
    for name, value in row.pools_tco2e.items():
        pool = SAME_POOL.get(name, name)
        found[pool] = found.get(pool, 0.0) + value
    return {**found, **{name: -getattr(row, f"{name}_tco2e") for name in DEDUCTIONS}}


def _pools(
    quantifications: Sequence[Quantification], causes: Mapping[str, Causes]
) -> Iterator[ComparedTerm]:
    by_book = {q.methodology_id: _pool_sums(q) for q in quantifications}
    for pool in dict.fromkeys(pool for sums in by_book.values() for pool in sums):
        own = {q.methodology_id: _own_names(q, pool) for q in quantifications}
        told = {book: "; ".join(causes[book].pool(n) for n in own[book]) for book in by_book}
        yield _with_cause(
            ComparedTerm(
                term=pool,
                kind="pool",
                values_tco2e={book: sums.get(pool) for book, sums in by_book.items()},
                equations={q.methodology_id: _pool_equations(q, pool) for q in quantifications},
            ),
            told,
        )


def _own_names(quantification: Quantification, pool: str) -> list[str]:
    """What a rule book calls a pool, where it has any of it."""
    rows = quantification.years
    names = dict.fromkeys(name for row in rows for name in row.pools_tco2e)
    return [name for name in names if SAME_POOL.get(name, name) == pool]


def _pool_sums(quantification: Quantification) -> dict[str, float]:
    sums: dict[str, float] = {}
    for row in quantification.years:
        for name, value in row.pools_tco2e.items():
            pool = SAME_POOL.get(name, name)
            sums[pool] = sums.get(pool, 0.0) + value
    return sums


def _pool_equations(quantification: Quantification, pool: str) -> str:
    named = quantification.equations
    return "; ".join(named[name] for name in _own_names(quantification, pool) if name in named)


def _with_cause(item: ComparedTerm, told: Mapping[str, str]) -> ComparedTerm:
    """The row with its sentence: what each rule book does, where they differ."""
    if item.spread_tco2e <= SHOWN_TCO2E:
        return item
    because = {book: words or "has no such term" for book, words in told.items()}
    sides = (f"{book} {'by ' if told[book] else ''}{words}" for book, words in because.items())
    cause = f"{item.term}: {' against '.join(sides)}"
    return item.model_copy(update={"cause": cause, "because": because})


def _totals(
    quantifications: Sequence[Quantification],
    causes: Mapping[str, Causes],
    pools: Sequence[ComparedTerm],
) -> Iterator[ComparedTerm]:
    done: list[ComparedTerm] = list(pools)
    for name in (total.removesuffix("_tco2e") for total in TOTALS):
        item = ComparedTerm(
            term=name,
            kind="total",
            values_tco2e={
                q.methodology_id: sum(getattr(row, f"{name}_tco2e") for row in q.years)
                for q in quantifications
            },
            equations={q.methodology_id: q.equations.get(name, "") for q in quantifications},
        )
        if name in SUMS:
            item = _with_parts(item, done)
        else:
            item = _with_cause(item, {book: told.total(name) for book, told in causes.items()})
        done.append(item)
        yield item


def _with_parts(item: ComparedTerm, above: Sequence[ComparedTerm]) -> ComparedTerm:
    """The row with its sentence: which rows above make the highest differ from the lowest."""
    if item.spread_tco2e <= SHOWN_TCO2E:
        return item
    values = {book: value or 0.0 for book, value in item.values_tco2e.items()}
    low, high = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
    parts: dict[str, float] = {}
    for row in above:
        apart = (row.values_tco2e[high] or 0.0) - (row.values_tco2e[low] or 0.0)
        parts[row.term] = _sign(row, item.term) * apart
    shown = [part for part in parts.items() if abs(part[1]) > SHOWN_TCO2E]
    told = sorted(shown, key=lambda part: -abs(part[1]))
    words = ", ".join(f"{name} {value:+,.1f}" for name, value in told)
    named = ((book, item.equations[book]) for book in (high, low))
    by = " against ".join(f"{book} by {numbers}" for book, numbers in named if numbers)
    cause = (
        f"{item.term}: {high} is {item.spread_tco2e:,.1f} above {low}: {words}{by and f' ({by})'}"
    )
    return item.model_copy(update={"cause": cause})


def _sign(row: ComparedTerm, total: str) -> int:
    """How a row enters a sum: pools add, deductions take off, other totals do not enter.

    Pools split project less baseline, so that the project is pools and baseline.
    """
    if row.kind == "pool" or (row.term, total) == ("baseline", "project"):
        return 1
    return -int(row.term in _TAKEN_OFF.get(total, ()))
