"""Numbers of a document: how they are written, and the few that are put together for reading."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bluecarbon.mrv.evidence import Evidence
from bluecarbon.report import OutputValue, Quantification, TraceStep

DASH = "–"


def number(value: Any, digits: int = 1) -> str:
    """A number for reading: thousands separated, a dash where there is none."""
    if value is None or pd.isna(value):
        return DASH
    # Adding 0.0 turns a negative zero into the zero that people expect.
    return f"{round(value, digits) + 0.0:,.{digits}f}".replace("-", "\N{MINUS SIGN}")


def percent(value: Any, digits: int = 1) -> str:
    """A share (0-1) as percent; a dash where there is none."""
    return DASH if value is None or pd.isna(value) else f"{100 * value:.{digits}f} %"


def interval(low: Any, high: Any) -> str:
    """Two limits; a dash where there are none."""
    return DASH if pd.isna(low) or pd.isna(high) else f"{number(low)} – {number(high)}"


def significant(value: float | None) -> str:
    """A number of any size with six significant digits, as it stands in a table of parameters."""
    if value is None or not math.isfinite(value):
        return DASH
    if value and not 1e-4 <= abs(value) < 1e7:
        return f"{value:.6g}"
    digits = 0 if value == int(value) else max(0, 5 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "\N{MINUS SIGN}")


def rows_of(table: pd.DataFrame) -> list[Any]:
    """The rows of a table, each with its columns as attributes."""
    return list(table.itertuples())


def unit(name: str) -> str:
    """A unit as it is printed: nothing for a pure number, powers raised."""
    if name == "1":
        return DASH
    return re.sub(r"(?<=[A-Za-z])(?:\*\*|\^)?([23])\b", lambda power: "²³"[int(power[1]) - 2], name)


@dataclass(frozen=True)
class Term:
    """A part of the claim [tCO2e of the period]; a ``total`` stands for all before it."""

    name: str
    value_tco2e: float
    is_total: bool = False


def claim_terms(claim: Quantification) -> tuple[Term, ...]:
    """From pools to the claim and to what may be sold, the signs such that they add up.

    Pools are project less baseline; ``other_terms`` is what caps and premiums of the rule book
    leave between them and the gross claim.
    """
    names = dict.fromkeys(name for row in claim.years for name in row.pools_tco2e)
    pools = [
        Term(name, math.fsum(row.pools_tco2e.get(name, 0.0) for row in claim.years))
        for name in names
    ]
    gross = math.fsum(row.gross_tco2e for row in claim.years)
    leakage = math.fsum(row.leakage_tco2e for row in claim.years)
    taken = math.fsum(row.uncertainty_deduction_tco2e for row in claim.years)
    net = math.fsum(row.net_tco2e for row in claim.years)
    buffer = _some(Term("buffer", net - claim.claim_tco2e))
    other = gross + leakage - math.fsum(pool.value_tco2e for pool in pools)
    return (
        *sorted(pools, key=lambda pool: -pool.value_tco2e),
        *_some(Term("other_terms", other), Term("leakage", -leakage)),
        Term("gross", gross, is_total=True),
        Term("uncertainty_deduction", 0.0 - taken),
        *_some(Term("never_issued", claim.claim_tco2e - (gross - taken))),
        Term("claim", claim.claim_tco2e, is_total=True),
        *((*buffer, Term("net", net, is_total=True)) if buffer else ()),
    )


def _some(*terms: Term) -> tuple[Term, ...]:
    """Without what rounding leaves of nothing."""
    return tuple(term for term in terms if abs(term.value_tco2e) > 1e-6)


@dataclass(frozen=True)
class Shares:
    """How much of the variance each source gives: columns source and share (0-1)."""

    table: pd.DataFrame
    basis: str


def uncertainty_shares(evidence: Evidence) -> Shares | None:
    """The sources of uncertainty, the largest first; None when nobody has told them apart.

    ``tables/uncertainty.csv`` (source, share) where a Monte Carlo wrote one; else, under
    AR-TOOL14, the two stocks of Eq 2 (the half-width of a change is the root of the sum of the
    squared half-widths) and what the areas add to it.
    """
    written = evidence.table("uncertainty")
    if {"source", "share"} <= set(written.columns) and len(written):
        ordered = written.sort_values("share", ascending=False, kind="stable")
        return Shares(ordered[["source", "share"]].reset_index(drop=True), "monte_carlo")
    claim = evidence.report.quantification
    return _of_stock_change(claim) if claim is not None else None


def _of_stock_change(claim: Quantification) -> Shares | None:
    found = {(o.name, o.scope): o.value for o in claim.outputs}
    stocks = [o.value for o in claim.outputs if o.name == "tree_stock"]
    try:
        start = stocks[0] * found["tree_stock_uncertainty", "at start"]
        end = stocks[-1] * found["tree_stock_uncertainty", "at end"]
        change = found["tree_change", "project"]
        with_areas = change * found["tree_change_uncertainty_with_areas", "project"]
    except (KeyError, IndexError):
        return None
    areas = with_areas**2 - start**2 - end**2
    variances = {
        "plots_at_end": end**2,
        "plots_at_start": start**2,
        "mapped_areas": max(areas, 0.0),
    }
    whole = math.fsum(variances.values())
    if not whole:
        return None
    rows = sorted(variances.items(), key=lambda row: -row[1])
    table = pd.DataFrame({"source": [n for n, _ in rows], "share": [v / whole for _, v in rows]})
    return Shares(table, "ar_tool14")


@dataclass(frozen=True)
class TraceLine:
    """An equation of a document, how often it was evaluated, and the range of its results."""

    document: str
    equation: str
    about: str
    unit: str
    times: int
    low: float
    high: float


def trace_summary(trace: Iterable[TraceStep]) -> tuple[TraceLine, ...]:
    """The equations in the order in which each was first evaluated."""
    results: dict[tuple[str, str, str, str], list[float]] = {}
    for step in trace:
        key = (step.document, step.equation, step.about, step.unit)
        results.setdefault(key, []).append(step.result)
    return tuple(
        TraceLine(*key, times=len(found), low=min(found), high=max(found))
        for key, found in results.items()
    )


def merged_outputs(outputs: Sequence[OutputValue]) -> tuple[OutputValue, ...]:
    """Outputs in their order; equal results of years that follow each other become one row."""
    groups: list[list[OutputValue]] = []
    still_open: dict[tuple[str, str, float, str], list[OutputValue]] = {}
    for item in outputs:
        year = int(item.scope) if item.scope.isdigit() else 0
        before = (item.name, item.equation, item.value, str(year - 1))
        group = still_open.pop(before, []) if year else []
        if not group:
            groups.append(group)
        group.append(item)
        still_open[item.name, item.equation, item.value, item.scope] = group
    return tuple(
        first.model_copy(update={"scope": f"{first.scope}–{last.scope}"}) if more else first
        for first, last, more in ((group[0], group[-1], len(group) > 1) for group in groups)
    )
