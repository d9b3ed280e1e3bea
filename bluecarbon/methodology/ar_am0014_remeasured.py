"""Permanent plots for ``ar-am0014@3.0``: which strata were measured twice, and what it changes.

A stratum counts as measured twice when its plots have the same names at both dates. Where a plot
was lost or added it does not, and its two samples count as independent, which can only widen the
uncertainty of the change where a plot grows from what it was.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bluecarbon.methodology import ar_tool14, ar_tool14_change
from bluecarbon.methodology.ar_am0014_plots import (
    double_sampled_strata,
    error_of_mean,
    plot_rows,
    shifted,
)
from bluecarbon.methodology.ar_am0014_pools import declared
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.rule_book import Evaluation
from bluecarbon.methodology.trace import Term, Trace
from bluecarbon.report import Measurement, Monitoring

DECLARATION = "plots_remeasured"
PREVIOUS_STOCK = "previous_tree_stock_tco2e"
PREVIOUS_UNCERTAINTY = "previous_tree_stock_uncertainty"


@dataclass(frozen=True)
class SampledStock:
    """What was sampled at one date: mangrove area [ha] and plot biomass [t/ha] by stratum."""

    areas: Mapping[str, Term] = field(default_factory=dict)
    plots: Mapping[str, Mapping[str, Term]] = field(default_factory=dict)


def is_declared(monitoring: Monitoring) -> bool:
    """Whether the project says that its plots are permanent."""
    value = monitoring.declarations.get(DECLARATION, False)
    return not isinstance(value, str) and value == 1


def remeasured_strata(monitoring: Monitoring) -> frozenset[str]:
    """The planted strata whose plots have the same names at both dates; none if not declared.

    None either where a stratum is double-sampled: the tool has no difference of regressions.
    """
    if not is_declared(monitoring) or double_sampled_strata(monitoring):
        return frozenset()
    found = set()
    for stratum in monitoring.strata:
        start, end = plot_names(monitoring, stratum.id)
        unique = len(set(start)) == len(start) and len(set(end)) == len(end)
        if stratum.kind == "planted" and start and unique and set(start) == set(end):
            found.add(stratum.id)
    return frozenset(found)


def plot_names(monitoring: Monitoring, stratum: str) -> tuple[list[str], list[str]]:
    """The names of a stratum's plots at the two stock dates."""
    dates = (monitoring.stock_start, monitoring.stock_end)
    start, end = (
        [m.sample for m in plot_rows(monitoring, stratum, on)] if on is not None else []
        for on in dates
    )
    return start, end


def paired_sample(
    inputs: Inputs, start: Sequence[Measurement], end: Sequence[Measurement], unit: str
) -> dict[str, Term]:
    """The plots at the second date, under a sampler: their mean moves with that of the first.

    The error of the second mean is split by the regression of the second on the first measurement
    into a part that follows the first mean's draw and a rest of its own.
    """
    at_start = {row.sample: row.in_unit(unit) for row in start}
    first = np.array([at_start[row.sample] for row in end])
    second = np.array([row.in_unit(unit) for row in end])
    (var_first, covariance), (_, var_second) = np.cov(first, second)
    slope = covariance / var_first if var_first > 0 else 0.0
    rest = math.sqrt(max(var_second - slope * covariance, 0.0) / len(end))
    # The same row as in Inputs.sample, hence the same draw as the first date got.
    followed = error_of_mean(inputs, start[0], math.sqrt(var_first / len(end)), unit)
    shift = slope * followed + error_of_mean(inputs, end[0], rest, unit)
    return shifted({row.sample: inputs.measured(row, unit) for row in end}, shift)


def change_uncertainty(
    trace: Trace, start: SampledStock, end: SampledStock, paired: Collection[str]
) -> Term:
    """Uncertainty of the change of tree carbon from differences of plots, a fraction of it.

    A stratum that is not in ``paired`` enters as one independent sample per date.
    """
    samples = _differences(trace, start, end, paired)
    means, variances, counts = {}, {}, {}
    for name, plots in samples.items():
        scope = f"{name}, change"
        means[name] = trace.evaluate(ar_tool14_change.MEAN_DIFFERENCE, scope, plot_biomass=plots)
        variances[name] = trace.evaluate(
            ar_tool14_change.VARIANCE_OF_DIFFERENCES, scope, plot_biomass=plots
        )
        counts[name] = Term(float(len(plots)), "1", f"plots of {name}, change")
    in_all = float(sum(len(plots) for plots in samples.values()))
    t_value = trace.evaluate(
        ar_tool14.STUDENT_T,
        "project, change",
        plots=Term(in_all, "1", "n, differences in all strata"),
        strata=Term(float(len(samples)), "1", "M, samples of differences"),
    )
    return trace.evaluate(
        ar_tool14_change.CHANGE_UNCERTAINTY,
        "project",
        mean_t=means,
        variance=variances,
        plots=counts,
        t_value=t_value,
    )


def update_stock(
    done: Evaluation,
    monitoring: Monitoring,
    *,
    before: tuple[Term, Term],
    change: Term,
    uncertainty: Term,
    ladder: Mapping[str, Term],
) -> None:
    """AR-TOOL14 Eq 22-23: the previous stock plus the change, for the next monitoring report.

    ``before`` is the stock at the start and its uncertainty; a stock that the project declares
    (undiscounted, as an earlier report has it) goes before it. The claim does not depend on it.
    """
    stated = declared(monitoring, PREVIOUS_STOCK, "tCO2e")
    error = declared(monitoring, PREVIOUS_UNCERTAINTY, "1")
    stock, relative = (stated, error) if stated and error else before
    scope, trace = f"updated on {monitoring.stock_end}", done.trace
    updated = trace.evaluate(
        ar_tool14_change.UPDATED_STOCK, scope, stock_before=stock, change=change
    )
    spread = trace.evaluate(
        ar_tool14_change.UPDATED_UNCERTAINTY,
        scope,
        stock_before=stock,
        change=change,
        uncertainty_before=relative,
        uncertainty=uncertainty,
    )
    share = trace.evaluate(ar_tool14.DISCOUNT_SHARE, scope, uncertainty=spread, **ladder)
    kept = trace.evaluate(
        ar_tool14.DISCOUNTED, scope, change=updated, uncertainty=spread, share=share
    )
    for name, where, term, equation in (
        ("tree_stock", scope, updated, ar_tool14_change.UPDATED_STOCK),
        ("tree_stock", f"{scope}, discounted", kept, ar_tool14.DISCOUNTED),
        ("tree_stock_uncertainty", scope, spread, ar_tool14_change.UPDATED_UNCERTAINTY),
    ):
        done.output(name, where, term, equation=equation)


def _differences(
    trace: Trace, start: SampledStock, end: SampledStock, paired: Collection[str]
) -> dict[str, dict[str, Term]]:
    """Differences of plots by sample: a stratum, or a stratum at one date."""
    found = {}
    for stratum in dict.fromkeys((*start.plots, *end.plots)):
        if stratum in paired and stratum in start.plots and stratum in end.plots:
            found[stratum] = _of_stratum(trace, stratum, start, end)
            continue
        if stratum in start.plots:
            found[f"{stratum} at start"] = _of_stratum(trace, stratum, start, None)
        if stratum in end.plots:
            found[f"{stratum} at end"] = _of_stratum(trace, stratum, None, end)
    return found


def _of_stratum(
    trace: Trace, stratum: str, start: SampledStock | None, end: SampledStock | None
) -> dict[str, Term]:
    found = {}
    for plot in (start or end or SampledStock()).plots[stratum]:
        dates = [name for name, stock in (("start", start), ("end", end)) if stock]
        first, second = (_at(stock, stratum, plot) for stock in (start, end))
        found[plot] = trace.evaluate(
            ar_tool14_change.PLOT_DIFFERENCE,
            f"plot {plot}, change, by {' and '.join(dates)}",
            area_start_ha=first[0],
            biomass_start=first[1],
            area_end_ha=second[0],
            biomass_end=second[1],
        )
    return found


def _at(stock: SampledStock | None, stratum: str, plot: str) -> tuple[Term, Term]:
    if stock is None:
        none = "not part of this sample"
        return Term(0.0, "ha", none), Term(0.0, "t/ha", none)
    return stock.areas[stratum], stock.plots[stratum][plot]
