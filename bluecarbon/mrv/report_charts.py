"""Charts of a monitoring report: areas over time, stocks by pool, the claim and what it rests on.

Each function takes plain tables and gives SVG bytes. Every axis names its unit, and a band, bar or
whisker is said to be what it is in the words beside the chart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from bluecarbon.mrv.chart_style import GREY, INK, Series, drawing, light_grid, series, stacked, svg
from bluecarbon.mrv.document_words import Words
from bluecarbon.report import Quantification

WIDTH_IN = 6.7

STRATA_MAX = 8
"""More lines in one chart cannot be followed; the tables have them all."""

_TAKEN_OFF_HATCH = "xxxx"
_POOL_LOOKS = {
    "agb": ("#009E73", ""),
    "bgb": ("#E69F00", "////"),
    "dead_wood": ("#999999", "xxxx"),
}
_POOL_HATCHES = ("", "////", "....", "\\\\\\\\", "++++", "oo", "----")
_BAR_COLOURS = ("#009E73", "#E69F00", "#0072B2", "#56B4E9", "#D55E00", "#CC79A7", "#999999")
_ADDED, _TAKEN_OFF, _TOTAL = "#0072B2", "#D55E00", "#4a4a4a"


@dataclass(frozen=True)
class Step:
    """A bar of a waterfall: ``change`` starts where the last one ended, ``total`` from zero."""

    label: str
    value: float
    kind: Literal["change", "total"]


def areas_svg(estimates: pd.DataFrame, names: Mapping[str, str], words: Words) -> bytes:
    """Mangrove area by year with its confidence band.

    Parameters
    ----------
    estimates : DataFrame
        stratum, epoch, area_ha, ci_low_ha, ci_high_ha; "" is the whole boundary.
    names : mapping
        What each stratum is called in the chart, in drawing order.
    """
    parts = [name for name in names if name and (estimates["stratum"] == name).any()]
    largest = estimates.groupby("stratum")["area_ha"].max().sort_values(ascending=False)
    drawn = [name for name in largest.index if name in parts][:STRATA_MAX]
    shown = {name: names[name] for name in parts if name in drawn}
    whole = {"": words.say("whole_boundary")} if (estimates["stratum"] == "").any() else {}
    panels = [
        (title, group, first)
        for title, group, first in (("whole_boundary", whole, 6), ("by_stratum", shown, 0))
        if group
    ]
    with drawing():
        figure = Figure(figsize=(WIDTH_IN, 2.9), layout="constrained")
        axes = figure.subplots(1, len(panels), squeeze=False)[0]
        for place, (title, group, first) in zip(axes, panels, strict=True):
            _series_of_areas(place, estimates, group, first=first)
            place.set_title(stacked(words, title))
        axes[0].set_ylabel(words.say("mangrove_area_ha"))
        return svg(figure)


def _series_of_areas(
    axes: Axes, estimates: pd.DataFrame, names: Mapping[str, str], *, first: int
) -> None:
    ends: list[tuple[str, float, Series]] = []
    for index, (stratum, label) in enumerate(names.items()):
        rows = estimates[estimates["stratum"] == stratum].sort_values("epoch")
        look = series(first + index)
        years, low, high = rows["epoch"], rows["ci_low_ha"], rows["ci_high_ha"]
        axes.fill_between(years, low, high, color=look.colour, alpha=0.16, linewidth=0)
        axes.vlines(years, low, high, color=look.colour, linewidth=0.9)
        axes.plot(
            years,
            rows["area_ha"],
            color=look.colour,
            marker=look.marker,
            linestyle=look.line_style,
            markersize=4,
            linewidth=1.3,
        )
        ends.append((label, float(rows["area_ha"].iloc[-1]), look))
    years_shown = sorted(set(estimates["epoch"].astype(int)))
    axes.set_xticks(spread_out(years_shown))
    axes.set_xticks(years_shown, minor=True)
    axes.set_ylim(bottom=0)
    axes.margins(x=0.06)
    light_grid(axes)
    if len(names) > 1:
        _labels_at_the_end(axes, ends, years_shown[-1])


def spread_out(years: Sequence[int]) -> list[int]:
    """The years whose labels fit beside each other; the last always, as it is looked for."""
    room = max(1, (years[-1] - years[0]) // 8)
    chosen = [years[-1]]
    for year in reversed(years[:-1]):
        if chosen[-1] - year >= room:
            chosen.append(year)
    return chosen[::-1]


def _labels_at_the_end(
    axes: Axes, ends: Sequence[tuple[str, float, Series]], last_year: int
) -> None:
    """Names beside the ends of their lines, moved apart where they would cover each other."""
    bottom, top = axes.get_ylim()
    apart, place = (top - bottom) * 0.075, -np.inf
    for label, value, look in sorted(ends, key=lambda end: end[1]):
        place = max(value, place + apart)
        axes.annotate(
            label,
            xy=(last_year, value),
            xytext=(1.03, place),
            textcoords=axes.get_yaxis_transform(),
            color=INK,
            va="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": look.colour, "linewidth": 0.5},
        )


def pools_svg(trees: pd.DataFrame, soil: pd.DataFrame, words: Words, depth_cm: float) -> bytes:
    """Carbon by pool and stratum with one standard error [tC/ha].

    Parameters
    ----------
    trees : DataFrame
        stratum, epoch, pool (agb, bgb, dead_wood), mean_carbon_tc_ha and
        standard_error_carbon_tc_ha; may be empty.
    soil : DataFrame
        stratum, mean_tc_ha, standard_error_tc_ha; may be empty.
    """
    groups = len(trees.groupby(["stratum", "epoch"])) if len(trees) else 0
    height = 0.9 + 0.36 * max(groups, len(soil), 2)
    with drawing():
        figure = Figure(figsize=(WIDTH_IN, min(height, 7.0)), layout="constrained")
        axes = list(figure.subplots(1, bool(groups) + bool(len(soil)), squeeze=False)[0])
        if len(soil):
            _soil(axes[-1], soil)
            axes[-1].set_title(stacked(words, "soil_to_depth", depth=f"{depth_cm:g}"))
        if groups:
            _trees(axes[0], trees, words)
        for place in axes:
            place.invert_yaxis()
            place.set_xlabel(words.say("carbon_tc_ha"))
            light_grid(place, "x")
            place.tick_params(axis="y", length=0)
        return svg(figure)


def _trees(axes: Axes, trees: pd.DataFrame, words: Words) -> None:
    """A group of bars for each stratum and year, a bar for each pool that is known somewhere."""
    known = trees[trees["mean_carbon_tc_ha"].notna() & (trees["pool"] != "all")]
    pools = [pool for pool in _POOL_LOOKS if (known["pool"] == pool).any()]
    keys = trees[["stratum", "epoch"]].drop_duplicates().itertuples(index=False, name=None)
    groups = {key: place for place, key in enumerate(keys)}
    high = 0.8 / max(len(pools), 1)
    for index, pool in enumerate(pools):
        rows = known[known["pool"] == pool]
        places = [groups[key] for key in zip(rows["stratum"], rows["epoch"], strict=True)]
        at = np.array(places) - 0.4 + high * (index + 0.5)
        colour, hatch = _POOL_LOOKS[pool]
        mean, error = rows["mean_carbon_tc_ha"], rows["standard_error_carbon_tc_ha"]
        label = words.name("pool", pool)
        axes.barh(at, mean, high * 0.92, color=colour, hatch=hatch, edgecolor="white", label=label)
        _whiskers(axes, at, mean, error)
    axes.set_yticks(range(len(groups)), [f"{stratum} {epoch}" for stratum, epoch in groups])
    axes.set_title(stacked(words, "trees_and_dead_wood"))
    axes.legend(loc="lower right", fontsize=7)


def _soil(axes: Axes, soil: pd.DataFrame) -> None:
    places = np.arange(len(soil))
    mean, error = soil["mean_tc_ha"], soil["standard_error_tc_ha"]
    axes.barh(places, mean, 0.6, color="#8c6d46", hatch="..", edgecolor="white")
    _whiskers(axes, places, mean, error)
    axes.set_yticks(places, list(soil["stratum"]))


def _whiskers(axes: Axes, places: np.ndarray, mean: pd.Series, error: pd.Series) -> None:
    """One standard error each way, where there is one, and the mean in figures at its end."""
    known = error.fillna(0.0)
    axes.errorbar(mean, places, xerr=known, fmt="none", ecolor=INK, elinewidth=0.9, capsize=2)
    for place, value, spread in zip(places, mean, known, strict=True):
        if np.isfinite(value):
            axes.annotate(
                f"{value:,.0f}",
                (value + spread, place),
                xytext=(3, 0),
                textcoords="offset points",
                va="center",
                fontsize=6.5,
            )
    axes.margins(x=0.12)


def claim_svg(quantification: Quantification, words: Words) -> bytes:
    """The claim by vintage year: pools up or down, what is taken off below, the claim as a line."""
    rows = quantification.years
    years = [row.year for row in rows]
    claim = np.array([quantification.claim_tco2e_by_year[str(year)] for year in years])
    with drawing():
        figure = Figure(figsize=(WIDTH_IN, 3.0), layout="constrained")
        axes = figure.subplots()
        above, below = np.zeros(len(rows)), np.zeros(len(rows))
        for index, (name, values) in enumerate(_parts_by_year(quantification, claim).items()):
            axes.bar(
                years,
                values,
                0.62,
                bottom=np.where(values >= 0, above, below),
                color=_BAR_COLOURS[index % len(_BAR_COLOURS)],
                hatch=_POOL_HATCHES[index % len(_POOL_HATCHES)],
                edgecolor="white",
                linewidth=0.6,
                label=words.name("pool", name),
            )
            above, below = above + np.maximum(values, 0), below + np.minimum(values, 0)
        axes.plot(years, claim, color=INK, marker="D", markersize=4, label=words.say("claim"))
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.set_xticks(spread_out(years))
        axes.set_ylabel(words.say("tco2e_per_year"))
        _thousands(axes.yaxis)
        light_grid(axes)
        figure.legend(loc="outside lower center", ncols=4)
        return svg(figure)


def _parts_by_year(quantification: Quantification, claim: np.ndarray) -> dict[str, np.ndarray]:
    rows = quantification.years
    names = dict.fromkeys(name for row in rows for name in row.pools_tco2e)
    parts = {name: np.array([row.pools_tco2e.get(name, 0.0) for row in rows]) for name in names}
    parts["leakage"] = -np.array([row.leakage_tco2e for row in rows])
    taken = np.array([row.uncertainty_deduction_tco2e for row in rows])
    parts["uncertainty_deduction"] = -taken
    parts["never_issued"] = claim + taken - np.array([row.gross_tco2e for row in rows])
    some = [(name, values) for name, values in parts.items() if np.abs(values).max() > 1e-9]
    return dict(sorted(some, key=lambda part: -float(part[1].sum())))


def waterfall_svg(steps: Sequence[Step], words: Words, unit: str) -> bytes:
    """Bars that start where the last one ended; totals from zero, darker, with their number.

    ``unit`` is a phrase of the word list that names the axis.
    """
    with drawing():
        figure = Figure(figsize=(WIDTH_IN, 0.9 + 0.3 * len(steps)), layout="constrained")
        axes = figure.subplots()
        level = 0.0
        for place, step in enumerate(steps):
            start = 0.0 if step.kind == "total" else level
            level = start + step.value
            _waterfall_bar(axes, place, step, start)
            if place + 1 < len(steps):
                axes.vlines(level, place, place + 1, color=GREY, linewidth=0.6, linestyle=":")
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.set_yticks(range(len(steps)), [step.label for step in steps])
        axes.invert_yaxis()
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(words.say(unit))
        _thousands(axes.xaxis)
        axes.margins(x=0.16)
        light_grid(axes, "x")
        return svg(figure)


def _waterfall_bar(axes: Axes, place: int, step: Step, start: float) -> None:
    colour, hatch = (_TOTAL, "") if step.kind == "total" else (_ADDED, "")
    if step.kind == "change" and step.value < 0:
        colour, hatch = _TAKEN_OFF, _TAKEN_OFF_HATCH
    axes.barh(place, step.value, 0.62, left=start, color=colour, hatch=hatch, edgecolor="white")
    sign = "+" if step.kind == "change" and step.value > 0 else ""
    axes.annotate(
        f"{sign}{round(step.value, 1) + 0.0:,.1f}".replace("-", "\N{MINUS SIGN}"),
        (max(start, start + step.value), place),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        fontsize=7.5,
    )


def uncertainty_svg(shares: pd.DataFrame, words: Words) -> bytes:
    """Which source gives how much of the variance: bars that add up to the whole.

    ``shares`` has the columns source (a label) and share (0-1), in drawing order.
    """
    with drawing():
        figure = Figure(figsize=(WIDTH_IN, 0.9 + 0.3 * (len(shares) + 1)), layout="constrained")
        axes = figure.subplots()
        ends = shares["share"].cumsum()
        starts = ends - shares["share"]
        for place, (share, start) in enumerate(zip(shares["share"], starts, strict=True)):
            axes.barh(place, share, 0.62, left=start, color=_ADDED)
            axes.vlines(start + share, place, place + 1, color=GREY, linewidth=0.6, linestyle=":")
            axes.annotate(
                f"{share:.0%}",
                (start + share, place),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=7.5,
            )
        axes.barh(len(shares), ends.iloc[-1], 0.62, color=_TOTAL)
        labels = [*shares["source"], words.say("in_all")]
        axes.set_yticks(range(len(labels)), labels)
        axes.invert_yaxis()
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(0, max(1.08, float(ends.iloc[-1]) * 1.08))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.set_xlabel(words.say("share_of_variance"))
        light_grid(axes, "x")
        return svg(figure)


def _thousands(axis: object) -> None:
    axis.set_major_formatter(  # type: ignore[attr-defined] # matplotlib publishes no types
        FuncFormatter(lambda value, _: f"{value:,.0f}".replace("-", "\N{MINUS SIGN}"))
    )
