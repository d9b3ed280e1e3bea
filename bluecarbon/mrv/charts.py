"""The chart of several rule books side by side as PNG bytes; a report's charts are SVG.

The palette is from Paul Tol's qualitative sets. Every chart names its units. Same inputs, same
bytes: no date is written into the picture. (:mod:`bluecarbon.mrv.report_charts` draws a report.)
"""

from __future__ import annotations

import io
import textwrap
from itertools import cycle
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bluecarbon.methodology.comparison import DEDUCTIONS, Comparison
from bluecarbon.mrv.report_charts import spread_out

CLAIM_SERIES = ("#117733", "#ddcc77", "#882255", "#332288", "#88ccee", "#cc6677", "#999933")
SERIES = ("#117733", "#332288", "#cc6677", "#ddaa33", "#88ccee", "#882255")

_STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 130,
}


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def comparison_png(comparison: Comparison) -> bytes:
    """Pools and deductions of the period as bars with net on them; net by year as lines."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(11.0, 4.6))
        bars, lines = figure.subplots(1, 2, width_ratios=(1.15, 1))
        _compared_terms(bars, comparison)
        _compared_years(lines, comparison)
        figure.suptitle("The same monitoring data under several rule books")
        return _png(figure)


def _compared_terms(axes: Axes, comparison: Comparison) -> None:
    """Stacked bars [tCO2e of the period]: pools by sign, what is taken off hatched below zero."""
    places = np.arange(len(comparison.methodologies))
    above, below = np.zeros(len(places)), np.zeros(len(places))
    colours = cycle(CLAIM_SERIES)
    for term in comparison.terms:
        is_deduction = term.kind == "total" and term.term in DEDUCTIONS
        values = np.array([v or 0.0 for v in term.values_tco2e.values()])
        if not (term.kind == "pool" or is_deduction) or not np.any(values):
            continue
        values = -values if is_deduction else values
        axes.bar(
            places,
            values,
            0.62,
            bottom=np.where(values >= 0, above, below),
            color="white" if is_deduction else next(colours),
            edgecolor="#444444",
            linewidth=0.6,
            hatch=_HATCHES[term.term] if is_deduction else None,
            label=term.term.replace("_", " "),
        )
        above, below = above + np.maximum(values, 0), below + np.minimum(values, 0)
    _net_marks(axes, comparison, above)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_xticks(places, [_book_label(comparison, name) for name in comparison.methodologies])
    axes.tick_params(axis="x", labelsize=8)
    axes.set_ylabel("tCO2e of the period")
    axes.set_title("Pools and deductions")
    axes.legend(frameon=False, fontsize=8, ncols=3, loc="upper left")
    axes.set_ylim(top=max(above.max(), 1.0) * 1.35)


def _net_marks(axes: Axes, comparison: Comparison, above: np.ndarray) -> None:
    """Net as a diamond, its number over the bar."""
    net = np.array([v or 0.0 for v in comparison.term("net").values_tco2e.values()])
    axes.plot(np.arange(len(net)), net, "D", color="black", markeredgecolor="white", label="net")
    for place, (value, top) in enumerate(zip(net, above, strict=True)):
        axes.annotate(
            f"net {value:,.0f}",
            (place, max(top, value)),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )


def _compared_years(axes: Axes, comparison: Comparison) -> None:
    """Net tonnes by year, one line per rule book."""
    for index, name in enumerate(comparison.methodologies):
        rows = [(y.year, y.net_tco2e[name]) for y in comparison.years]
        known = [(year, net) for year, net in rows if net is not None]
        axes.plot(
            [year for year, _ in known],
            [net for _, net in known],
            label=name,
            color=SERIES[index % len(SERIES)],
            marker="osD^vP"[index % 6],
            markersize=4,
        )
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_xticks(spread_out([item.year for item in comparison.years]))
    axes.set_ylabel("net removals [tCO2e per year]")
    axes.set_title("Net by year")
    axes.legend(frameon=False, fontsize=8)


def _book_label(comparison: Comparison, name: str) -> str:
    """An id in short lines, with DRAFT under it where it is one."""
    lines = textwrap.wrap(name.replace("@", " @"), 16)
    return "\n".join([*lines, "DRAFT"] if name in comparison.drafts else lines)


_HATCHES = {"leakage": "xxx", "uncertainty_deduction": "///", "buffer": "..."}
