"""Several rule books side by side on the same data: what differs, and by which equation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bluecarbon.report import Quantification
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
    "baseline trees": "baseline biomass",
    "soil_co2": "soil",
    "sediment": "soil",
    "ch4": "CH4",
    "n2o": "N2O",
}
"""Documents call the same pool by different names: side by side they stand in one row."""


class ComparedTerm(Value):
    """One term under every rule book: tCO2e (None where a rule book has no such term) and why."""

    term: str
    kind: str
    values_tco2e: dict[str, float | None]
    equations: dict[str, str]

    @property
    def spread_tco2e(self) -> float:
        """Largest less smallest value; a term that a rule book does not have counts as 0."""
        values = [value or 0.0 for value in self.values_tco2e.values()]
        return max(values) - min(values)


class ComparedYear(Value):
    """The net tonnes of a year under every rule book; None where it claims no such year."""

    year: int
    net_tco2e: dict[str, float | None]


class Comparison(Value):
    """The whole comparison."""

    methodologies: tuple[str, ...]
    terms: tuple[ComparedTerm, ...]
    years: tuple[ComparedYear, ...]


def compare(quantifications: Sequence[Quantification]) -> Comparison:
    """Totals of the period term by term, pools first, then deductions; and net tonnes per year."""
    years = sorted({row.year for q in quantifications for row in q.years})
    return Comparison(
        methodologies=tuple(q.methodology_id for q in quantifications),
        terms=(*_pools(quantifications), *_totals(quantifications)),
        years=tuple(
            ComparedYear(
                year=year,
                net_tco2e={q.methodology_id: _net_of(q, year) for q in quantifications},
            )
            for year in years
        ),
    )


def _net_of(quantification: Quantification, year: int) -> float | None:
    return next((row.net_tco2e for row in quantification.years if row.year == year), None)


def _pools(quantifications: Sequence[Quantification]) -> Iterator[ComparedTerm]:
    by_book = {q.methodology_id: _pool_sums(q) for q in quantifications}
    for pool in dict.fromkeys(pool for sums in by_book.values() for pool in sums):
        yield ComparedTerm(
            term=pool,
            kind="pool",
            values_tco2e={book: sums.get(pool) for book, sums in by_book.items()},
            equations={q.methodology_id: _pool_equations(q, pool) for q in quantifications},
        )


def _pool_sums(quantification: Quantification) -> dict[str, float]:
    sums: dict[str, float] = {}
    for row in quantification.years:
        for name, value in row.pools_tco2e.items():
            pool = SAME_POOL.get(name, name)
            sums[pool] = sums.get(pool, 0.0) + value
    return sums


def _pool_equations(quantification: Quantification, pool: str) -> str:
    named = quantification.equations.items()
    return "; ".join(text for name, text in named if SAME_POOL.get(name, name) == pool)


def _totals(quantifications: Sequence[Quantification]) -> Iterator[ComparedTerm]:
    for name in TOTALS:
        yield ComparedTerm(
            term=name.removesuffix("_tco2e"),
            kind="total",
            values_tco2e={
                q.methodology_id: sum(getattr(row, name) for row in q.years)
                for q in quantifications
            },
            equations={
                q.methodology_id: _equation_of(q, name.removesuffix("_tco2e"))
                for q in quantifications
            },
        )


def _equation_of(quantification: Quantification, name: str) -> str:
    """The equations behind a term, as the rule book names them; empty when it has no such term."""
    return quantification.equations.get(name, "")
