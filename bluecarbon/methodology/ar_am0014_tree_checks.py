"""What ``ar-am0014@3.0`` asks of plots, of a second variable on them and of crown cover."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence

from bluecarbon.errors import UnitError
from bluecarbon.methodology import ar_am0014_plots as plots
from bluecarbon.methodology import ar_am0014_remeasured as remeasured
from bluecarbon.methodology.ar_am0014_trees import BY_CROWN_COVER
from bluecarbon.methodology.ar_tool14_cover import SHARE_OF_THRESHOLD_MAX
from bluecarbon.report import Measurement, Monitoring, Stratum
from bluecarbon.spec import Finding

PLOTS_PER_STRATUM_MIN = 2
"""AR-TOOL14 Eq 17 divides by n - 1."""

PLOTS_OF_SUB_SAMPLE_MIN = 3
"""Two plots always lie on a line: their correlation says nothing."""

THRESHOLD = "forest_crown_cover_threshold"


def tree_findings(monitoring: Monitoring, planted: Sequence[Stratum]) -> Iterator[Finding]:
    """Every finding about tree plots, double sampling, crown cover and a previous stock."""
    for stratum in planted:
        for on in (monitoring.stock_start, monitoring.stock_end):
            if on is not None:
                yield from _plots_at(monitoring, stratum, on)
                yield from _double_sampling(monitoring, stratum, on)
        yield from _before_planting(monitoring, stratum)
    yield from _crown_cover(monitoring, planted)
    yield from _previous_stock(monitoring)


def by_crown_cover(monitoring: Monitoring) -> bool:
    """Whether the first stock is that of before planting, by crown cover."""
    value = monitoring.declarations.get(BY_CROWN_COVER, False)
    return not isinstance(value, str) and value == 1


def _plots_at(monitoring: Monitoring, stratum: Stratum, on: dt.date) -> Iterator[Finding]:
    rows = plots.plot_rows(monitoring, stratum.id, on)
    subject = f"stratum {stratum.id} on {on}"
    kinds = sorted({row.variable for row in rows})
    if len(kinds) > 1:
        message = f"plots are given as {' and '.join(kinds)}"
        fix = "give all plots of a stratum and date in one way"
        yield Finding.error("plots-of-two-kinds", subject, message, fix=fix)
    for sample in _doubles(rows):
        message = f"has two values of {' or '.join(kinds)}, one would be lost"
        fix = "give each plot a name of its own"
        yield Finding.error("plot-named-twice", f"plot {sample} on {on}", message, fix=fix)
    if by_crown_cover(monitoring) and on == monitoring.stock_start:
        if rows:
            message = f"has {len(rows)} plot(s), and its stock is declared to be by crown cover"
            fix = f"leave out the plots or {BY_CROWN_COVER}"
            yield Finding.error("start-stock-given-twice", subject, message, fix=fix)
        return
    yield from _enough(monitoring, stratum, on, rows)


def _enough(
    monitoring: Monitoring, stratum: Stratum, on: dt.date, rows: Sequence[Measurement]
) -> Iterator[Finding]:
    areas = monitoring.select("mangrove_area", stratum=stratum.id, on=on)
    planted_later = stratum.planted_year is not None and stratum.planted_year > on.year
    double = plots.is_double_sampled(monitoring, stratum.id, on)
    least = PLOTS_OF_SUB_SAMPLE_MIN if double else PLOTS_PER_STRATUM_MIN
    # What stood before planting belongs to the baseline, so no plots are owed then.
    owed = rows or not planted_later
    if len(rows) < least and len(areas) == 1 and areas[0].value > 0 and owed:
        yield Finding.error(
            "plots-too-few",
            f"stratum {stratum.id} on {on}",
            f"{len(rows)} plot(s) measured, needs {least}",
            fix="measure plots in this stratum; a stock cannot be left out",
        )


def _double_sampling(monitoring: Monitoring, stratum: Stratum, on: dt.date) -> Iterator[Finding]:
    """A second variable on all plots, of which some have biomass."""
    rows = plots.secondary_rows(monitoring, stratum.id, on)
    for row in rows:
        if not row.sample:
            subject = f"{plots.SECONDARY} {stratum.id} {on}"
            message = f"is {row.value:g} on no plot"
            fix = "give the name of the plot"
            yield Finding.error("secondary-variable-wrong", subject, message, fix=fix)
    for sample in _doubles(rows):
        message = f"has two values of {plots.SECONDARY}"
        fix = "give each plot a name of its own"
        yield Finding.error("plot-named-twice", f"plot {sample} on {on}", message, fix=fix)
    if plots.is_double_sampled(monitoring, stratum.id, on):
        yield from _sub_sample(monitoring, stratum, on)


def _sub_sample(monitoring: Monitoring, stratum: Stratum, on: dt.date) -> Iterator[Finding]:
    index = {r.sample: r.value for r in plots.secondary_rows(monitoring, stratum.id, on)}
    measured = [r.sample for r in plots.plot_rows(monitoring, stratum.id, on)]
    subject = f"stratum {stratum.id} on {on}"
    missing = [name for name in measured if name not in index]
    if missing:
        message = f"plot(s) {', '.join(missing)} have biomass and no {plots.SECONDARY}"
        fix = "measure it on every plot of the stratum, or on none"
        yield Finding.error("secondary-variable-missing", subject, message, fix=fix)
    elif len(measured) > 1 and len({index[name] for name in measured}) == 1:
        message = f"{plots.SECONDARY} is the same on all plots with biomass: there is no slope"
        fix = "choose the sub-sample over the range of the variable, or leave it out"
        yield Finding.error("secondary-variable-constant", subject, message, fix=fix)
    if remeasured.is_declared(monitoring):
        yield Finding.warning(
            "double-sampling-not-paired",
            subject,
            "is double-sampled, so no plots count as measured twice and Eq 2 is used",
            fix="leave out the secondary variable to use Eq 3-8",
        )


def _doubles(rows: Sequence[Measurement]) -> list[str]:
    return [name for name, count in Counter(row.sample for row in rows).items() if count > 1]


def _before_planting(monitoring: Monitoring, stratum: Stratum) -> Iterator[Finding]:
    """The stock of before planting can stand at the start only if nothing was planted by then."""
    start, planted = monitoring.stock_start, stratum.planted_year
    if start is None or planted is None or not by_crown_cover(monitoring):
        return
    if planted < start.year:
        yield Finding.error(
            "start-stock-after-planting",
            f"stratum {stratum.id}",
            f"was planted in {planted}: its stock on {start} is not that of before planting",
            fix=f"measure plots on {start}, or leave out {BY_CROWN_COVER}",
        )


def _crown_cover(monitoring: Monitoring, planted: Sequence[Stratum]) -> Iterator[Finding]:
    """AR-TOOL14 Eq 9-10 and 20-21 hold below 20 % of the cover that makes a forest."""
    mean = _mean_cover(monitoring, planted)
    threshold = monitoring.declarations.get(THRESHOLD)
    if threshold is None:
        fix = f"state {THRESHOLD}: the crown cover from which the host country speaks of a forest"
        if by_crown_cover(monitoring):
            subject = f"declaration {THRESHOLD}"
            yield Finding.error("declaration-missing", subject, "is not stated", fix=fix)
        elif mean is not None and mean > 0:
            message = "crown cover before planting is used, and not held against the forest's"
            yield Finding.info(
                "crown-cover-condition-not-checked", "AR-TOOL14 Eq 9-10", message, fix=fix
            )
    elif mean is not None and not isinstance(threshold, str):
        most = SHARE_OF_THRESHOLD_MAX * float(threshold)
        if mean > 0 and not mean < most:
            yield Finding.error(
                "methodology-not-applicable",
                "baseline_crown_cover",
                f"is {mean:.3g} on average, AR-TOOL14 Eq 9-10 and 20-21 hold below {most:.3g} "
                f"({SHARE_OF_THRESHOLD_MAX:.0%} of {THRESHOLD})",
                fix="the baseline of this project cannot be had from crown cover",
            )


def _mean_cover(monitoring: Monitoring, planted: Sequence[Stratum]) -> float | None:
    """Mean over the planted area; None where data are missing (which has a finding of its own)."""
    total, covered = 0.0, 0.0
    for stratum in planted:
        areas = monitoring.select("stratum_area", stratum=stratum.id)
        covers = monitoring.select("baseline_crown_cover", stratum=stratum.id)
        if len(areas) != 1 or len(covers) != 1:
            return None
        try:
            area_ha, cover = areas[0].in_unit("ha"), covers[0].in_unit("1")
        except UnitError:
            return None
        total, covered = total + area_ha, covered + area_ha * cover
    return covered / total if total > 0 else None


def _previous_stock(monitoring: Monitoring) -> Iterator[Finding]:
    """A previous stock is updated by the change of permanent plots, with its uncertainty."""
    names = (remeasured.PREVIOUS_STOCK, remeasured.PREVIOUS_UNCERTAINTY)
    given = [name for name in names if name in monitoring.declarations]
    if len(given) == 1:
        (other,) = set(names) - set(given)
        message = f"is not stated, and {given[0]} is"
        fix = "state both as the earlier report has them, before any discount"
        yield Finding.error("declaration-missing", f"declaration {other}", message, fix=fix)
    if given and not remeasured.remeasured_strata(monitoring):
        yield Finding.error(
            "previous-stock-not-updated",
            f"declaration {given[0]}",
            "is given, and no stratum has plots that were measured twice (AR-TOOL14 Eq 22-23)",
            fix=f"declare {remeasured.DECLARATION} with plots of the same names, or leave it out",
        )
