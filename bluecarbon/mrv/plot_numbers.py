"""How many sample plots a target precision needs, and how they are shared among the strata.

Source: CDM methodological tool AR-TOOL03 "Calculation of the number of sample plots for
measurements within A/R CDM project activities" v2.1.0 (EB 58, Annex 15), Eq 1, 2 and 4 and
paragraphs 11-16, read in a transcription. Winrock's Sample Plot Calculator (Walker, Pearson and
Brown 2014) is the same in a workbook. With costs: Cochran 1977, Sampling Techniques, 3rd ed.,
eqs. 5.24 and 5.25.

Numbers of points of a map's reference sample are in :mod:`.sample_design`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from bluecarbon.mrv.field_tables import Column, read_field_table
from bluecarbon.spec import Finding, errors_in

Equation = Literal["AR-TOOL03 Eq 1", "AR-TOOL03 Eq 2"]
Floats = NDArray[np.float64]
Findings = tuple[Finding, ...]

FEW_PLOTS = 30
"""Below this number Student's t replaces the normal quantile (AR-TOOL03, paragraph 13)."""

SMALL_FRACTION = 0.05
"""Sampled share of the area below which Eq 2 may stand for Eq 1 (AR-TOOL03, paragraph 14)."""

LEAST_PER_STRATUM = 2
"""A stratum of one plot has no variance, and so no uncertainty (AR-TOOL14 v4.2, Eq 17)."""

_OPTIONAL = ("standard_deviation", "cv_percent", "cost")

_ABOVE_ZERO = 5e-324
_LEAST = {
    "area_ha": _ABOVE_ZERO,
    "mean": _ABOVE_ZERO,
    "standard_deviation": 0.0,
    "cv_percent": 0.0,
    "cost": _ABOVE_ZERO,
}

_WHOLE = 1e-9
"""16.000000000001 plots are 16 plots."""


@dataclass(frozen=True)
class Target:
    """What is asked of the inventory.

    ``precision``: half-width of the confidence interval over the mean of the project area (0.10:
    the interval is the mean +- 10 %). ``plot_area_ha``: of one plot.
    """

    precision: float = 0.10
    confidence: float = 0.90
    plot_area_ha: float = 0.04


@dataclass(frozen=True)
class PlotNumbers:
    """The plots that a target needs.

    ``table``: a row for each stratum with weight, standard_deviation, plots_exact and plots
    (whole, rounded up). ``plots_exact`` is n of the equation, ``t_value`` with
    ``degrees_of_freedom`` (None: infinite) the quantile in it, ``population`` N, the plots that
    would cover the area. ``precision_expected``: what the whole plots will come to when the
    deviations are as given.
    """

    table: pd.DataFrame
    equation: Equation
    plots_exact: float
    t_value: float
    degrees_of_freedom: int | None
    population: float
    mean: float
    precision_expected: float

    @property
    def plots(self) -> int:
        """Plots of all strata."""
        return int(self.table["plots"].sum())


def plots_needed(
    strata: pd.DataFrame,
    target: Target | None = None,
    *,
    equation: Equation = "AR-TOOL03 Eq 1",
    least: int = LEAST_PER_STRATUM,
) -> PlotNumbers:
    """The number of plots for a target precision, with their optimum allocation.

    Parameters
    ----------
    strata : one row each: stratum, area_ha, mean and standard_deviation of the stock between
        plots (the same unit, per hectare), or cv_percent instead of the latter; optionally cost of
        one plot, in any unit (else all cost the same). :func:`strata_findings` says what is wrong.
    equation : Eq 1 knows that the area is finite; Eq 2 leaves that out, and asks for a few more
    least : plots of every stratum at least

    Notes
    -----
    Eq 1: n = N t^2 (sum w s)^2 / (N E^2 + t^2 sum w s^2), first with t of infinite degrees of
    freedom; a result below 30 is computed once more with t of n - 1 (the whole plots in n, less
    one). Eq 3, which is printed to divide n of Eq 1 by 1 + n/N again, is left out: the finite area
    is in Eq 1 already. With costs (sum w s)^2 becomes (sum w s sqrt(c)) (sum w s / sqrt(c)).
    """
    target = target or Target()
    area, deviation = strata["area_ha"].to_numpy(np.float64), standard_deviations(strata)
    weight = area / area.sum()
    mean = float((weight * strata["mean"].to_numpy(np.float64)).sum())
    population = float(area.sum() / target.plot_area_ha)
    finite = population if equation == "AR-TOOL03 Eq 1" else math.inf
    cost = np.sqrt(strata["cost"].to_numpy(np.float64)) if "cost" in strata else np.ones(len(area))

    def needed(quantile: float) -> float:
        spread = float((weight * deviation * cost).sum() * (weight * deviation / cost).sum())
        below = (target.precision * mean / quantile) ** 2
        return spread / (below + float((weight * deviation**2).sum()) / finite)

    freedom, quantile = None, _t(target.confidence, None)
    exact = needed(quantile)
    if exact < FEW_PLOTS:
        freedom = max(1, math.floor(exact + _WHOLE) - 1)
        quantile = _t(target.confidence, freedom)
        exact = needed(quantile)
    share = weight * deviation / cost
    shared = exact * share / share.sum() if share.sum() > 0 else np.zeros(len(area))
    whole = np.maximum(np.ceil(shared - _WHOLE), least).astype(np.int64)
    error = np.sqrt((weight**2 * deviation**2 / whole * _unsampled(whole, area, target)).sum())
    return PlotNumbers(
        table=strata.assign(
            weight=weight, standard_deviation=deviation, plots_exact=shared, plots=whole
        ),
        equation=equation,
        plots_exact=float(exact),
        t_value=quantile,
        degrees_of_freedom=freedom,
        population=population,
        mean=mean,
        precision_expected=_t(target.confidence, int(whole.sum()) - len(area)) * error / mean,
    )


def _unsampled(whole: NDArray[np.int64], area: Floats, target: Target) -> Floats:
    """The share of each stratum that no plot covers: the finite population correction."""
    return np.maximum(0.0, 1.0 - whole * target.plot_area_ha / area)


def _t(confidence: float, freedom: int | None) -> float:
    tail = (1.0 + confidence) / 2.0
    if freedom is None:
        return float(stats.norm.ppf(tail))
    return float(stats.t.ppf(tail, max(1, freedom)))


def standard_deviations(strata: pd.DataFrame) -> Floats:
    """Of every stratum, in the unit of its mean; from ``cv_percent`` where only that is known."""
    if "standard_deviation" in strata:
        return strata["standard_deviation"].to_numpy(np.float64)
    share = strata["cv_percent"].to_numpy(np.float64) / 100.0
    return np.asarray(share * strata["mean"].to_numpy(np.float64))


def pilot_strata(plots: pd.DataFrame, areas_ha: dict[str, float], value: str) -> pd.DataFrame:
    """The table of :func:`plots_needed` from plots that were measured before.

    Parameters
    ----------
    plots : columns stratum and ``value`` (stock per hectare), one row for each plot
    areas_ha : area of every stratum that is to be sampled
    """
    grouped = plots.groupby("stratum")[value]
    table = pd.DataFrame(
        {"mean": grouped.mean(), "standard_deviation": grouped.std(ddof=1), "pilot": grouped.size()}
    )
    area = pd.Series(areas_ha, name="area_ha").rename_axis("stratum")
    return area.to_frame().join(table).reset_index()


def read_plot_strata(path: Path) -> tuple[pd.DataFrame | None, Findings]:
    """The table of :func:`plots_needed` from a CSV file; None when it has defects."""
    columns = [Column("stratum"), Column("area_ha", "number"), Column("mean", "number")]
    columns += [Column(name, "number", optional=True) for name in _OPTIONAL]
    table, defects = read_field_table(path, path.name, columns)
    found = tuple(defects)
    if table is None:
        return None, found
    # Optional columns that the file has not are no columns here either.
    table = table.drop(
        columns=[name for name in _OPTIONAL if name in table and _empty(table[name])]
    )
    found = (*found, *strata_findings(table, path.name))
    return (None if errors_in(found) else table.drop(columns="line")), found


def _empty(column: pd.Series) -> bool:
    return bool(column.isna().all())


def strata_findings(strata: pd.DataFrame, subject: str) -> Findings:
    """What the table of :func:`plots_needed` cannot be: every row at once.

    Rows are named by the column ``line``, or counted from 1 where there is none.
    """
    if not {"standard_deviation", "cv_percent"} & set(strata.columns):
        message = "has no column 'standard_deviation' or 'cv_percent'"
        fix = "give the standard deviation of the stock between plots, or its share of the mean"
        return (Finding.error("column-missing", subject, message, fix=fix),)
    found = []
    seen: set[str] = set()
    for place, row in enumerate(strata.to_dict("records"), start=1):
        where, name = f"{subject} row {row.get('line', place)}", str(row["stratum"])
        for column, least in _LEAST.items():
            if column in row and not _is_at_least(row[column], least):
                message = f"{column} of stratum '{name}' is {row[column]:g}"
                fix = "a number above 0" if least > 0 else "a number, 0 or above"
                found.append(Finding.error("stratum-number-wrong", where, message, fix=fix))
        if name in seen:
            message, fix = f"stratum '{name}' stands in it twice", "one row for each stratum"
            found.append(Finding.error("stratum-twice", where, message, fix=fix))
        seen.add(name)
    return tuple(found)


def _is_at_least(number: float, least: float) -> bool:
    return math.isfinite(number) and number >= least
