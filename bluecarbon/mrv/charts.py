"""Maps and charts of a monitoring report as PNG bytes; readable in print and by the colour-blind.

The palette is from Paul Tol's qualitative sets. Every chart names its units; an error bar says
what it is. Same inputs, same bytes: no date is written into the picture.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from itertools import cycle
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry
from shapely.ops import transform

from bluecarbon.methodology.comparison import DEDUCTIONS, Comparison
from bluecarbon.mrv.change_map import CHANGE_LEGEND, change_codes
from bluecarbon.mrv.colours import CHANGE_COLOURS, CLASS_COLOURS
from bluecarbon.mrv.extent import Extent
from bluecarbon.mrv.outputs import false_colour
from bluecarbon.report import Quantification

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


def maps_png(extent: Extent) -> bytes:
    """The epochs side by side: false-colour composite above (where there is one), map below."""
    shown = extent.epochs if len(extent.epochs) <= 4 else _spread(extent.epochs, 4)
    rows = 2 if extent.composites else 1
    height, width = extent.grid.height, extent.grid.width
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(9.5, 0.9 + rows * 9.5 / len(shown) * min(height / width, 1.3)))
        axes = figure.subplots(rows, len(shown), squeeze=False)
        for column, epoch in enumerate(shown):
            picture = false_colour(extent, epoch)
            if picture is not None:
                axes[0, column].imshow(picture, interpolation="nearest")
                _outlines(axes[0, column], extent, "#ffffff")
            axes[0, column].set_title(str(epoch))
            _class_panel(axes[rows - 1, column], extent.maps[epoch], extent.legend, CLASS_COLOURS)
            _outlines(axes[rows - 1, column], extent, "#000000")
        _scale_bar(axes[rows - 1, 0], extent)
        seen = np.unique(np.stack([extent.maps[epoch] for epoch in shown]))
        _legend(figure, [extent.legend[int(code)] for code in seen], CLASS_COLOURS)
        return _png(figure)


def change_png(extent: Extent, start: int, end: int) -> bytes:
    """Gain, loss and stable mangrove between two epochs."""
    codes = change_codes(extent.maps[start], extent.maps[end])
    height, width = extent.grid.height, extent.grid.width
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(7.0, 0.8 + 7.0 * min(height / width, 1.2)))
        axes = figure.subplots()
        _class_panel(axes, codes, CHANGE_LEGEND, CHANGE_COLOURS)
        _outlines(axes, extent, "#000000", labels=len(extent.strata) > 1)
        _scale_bar(axes, extent)
        axes.set_title(f"Mangrove {start} to {end}")
        _legend(figure, [CHANGE_LEGEND[int(code)] for code in np.unique(codes)], CHANGE_COLOURS)
        return _png(figure)


def _spread(epochs: Sequence[int], count: int) -> list[int]:
    places = np.linspace(0, len(epochs) - 1, count).round().astype(int)
    return [epochs[i] for i in places]


def _class_panel(
    axes: Axes, codes: np.ndarray, legend: dict[int, str], colours: dict[str, str]
) -> None:
    values = sorted(legend)
    colour_map = ListedColormap([colours.get(legend[v], "#bbbbbb") for v in values])
    norm = BoundaryNorm([v - 0.5 for v in values] + [values[-1] + 0.5], len(values))
    axes.imshow(codes, cmap=colour_map, norm=norm, interpolation="nearest")
    axes.set_axis_off()


def _outlines(axes: Axes, extent: Extent, colour: str, *, labels: bool = False) -> None:
    to_grid = Transformer.from_crs("EPSG:4326", extent.grid.crs, always_xy=True)
    for item in extent.strata:
        outline = transform(to_grid.transform, item.geometry)
        for ring in _rings(outline):
            columns, rows = _cells(extent, np.asarray(ring.coords)[:, :2])
            axes.plot(columns, rows, color=colour, linewidth=0.7)
        if labels:
            inside = np.asarray(outline.representative_point().coords)[:, :2]
            (column,), (row,) = _cells(extent, inside)
            axes.text(
                column, row, item.stratum.id, ha="center", va="center", fontsize=8, weight="bold"
            )
    axes.set_xlim(-0.5, extent.grid.width - 0.5)
    axes.set_ylim(extent.grid.height - 0.5, -0.5)
    axes.set_axis_off()


def _rings(geometry: BaseGeometry) -> list[BaseGeometry]:
    polygons = getattr(geometry, "geoms", [geometry])
    return [ring for polygon in polygons for ring in (polygon.exterior, *polygon.interiors)]


def _cells(extent: Extent, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Map coordinates as picture columns and rows (pixel centres are whole numbers)."""
    inverse = ~extent.grid.transform
    columns = inverse.a * places[:, 0] + inverse.b * places[:, 1] + inverse.c
    rows = inverse.d * places[:, 0] + inverse.e * places[:, 1] + inverse.f
    return columns - 0.5, rows - 0.5


def _scale_bar(axes: Axes, extent: Extent) -> None:
    """A bar of a round length, and north; pixels are taken as square at the middle of the map."""
    metres = float(np.sqrt(extent.pixel_area_ha.mean() * 10_000))
    wanted = extent.grid.width * metres / 4
    magnitude = 10 ** np.floor(np.log10(wanted))
    length_m = magnitude * max(step for step in (1, 2, 5) if step * magnitude <= wanted)
    left, bottom = 0.05 * extent.grid.width, 0.95 * extent.grid.height
    axes.plot([left, left + length_m / metres], [bottom, bottom], color="black", linewidth=3)
    words = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    axes.text(
        left,
        bottom - 0.03 * extent.grid.height,
        words,
        fontsize=7,
        va="bottom",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0},
    )
    axes.annotate(
        "N",
        xy=(0.96, 0.97),
        xytext=(0.96, 0.85),
        xycoords="axes fraction",
        ha="center",
        va="top",
        fontsize=9,
        arrowprops={"arrowstyle": "-|>", "color": "black"},
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0},
    )


def _legend(figure: Figure, names: Sequence[str], colours: dict[str, str]) -> None:
    patches = [
        Patch(facecolor=colours.get(n, "#bbbbbb"), edgecolor="#555555", label=n.replace("_", " "))
        for n in names
        if n != "outside"
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=min(len(patches), 7))


def areas_png(extent: Extent) -> bytes:
    """Mangrove area by epoch and stratum with its confidence interval."""
    table = extent.estimates
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(7.0, 3.6))
        axes = figure.subplots()
        names = [item.stratum.id for item in extent.strata]
        for index, name in enumerate(names):
            rows = table[table["stratum"] == name].sort_values("epoch")
            spread = np.abs(
                rows[["ci_low_ha", "ci_high_ha"]].to_numpy().T - rows["area_ha"].to_numpy()
            )
            axes.errorbar(
                rows["epoch"] + 0.06 * (index - len(names) / 2),
                rows["area_ha"],
                yerr=None if np.isnan(spread).any() else spread,
                label=name,
                color=SERIES[index % len(SERIES)],
                marker="osD^vP"[index % 6],
                capsize=3,
            )
        axes.set_xticks(_apart(extent.epochs))
        axes.set_xticks(list(extent.epochs), minor=True)
        axes.set_ylabel("mangrove [ha]")
        axes.set_ylim(bottom=0)
        axes.set_title(_interval_words(table))
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
        return _png(figure)


def _apart(epochs: Sequence[int]) -> list[int]:
    """The epochs whose labels fit beside each other; the last always, as it is looked for."""
    room = max(1, (epochs[-1] - epochs[0]) // 12)
    chosen = [epochs[-1]]
    for epoch in reversed(epochs[:-1]):
        if chosen[-1] - epoch >= room:
            chosen.append(epoch)
    return chosen[::-1]


def _interval_words(table: pd.DataFrame) -> str:
    known = table["confidence"].dropna()
    if known.empty:
        return "Mapped mangrove area (no reference sample, no interval)"
    return f"Mangrove area, bars: {known.iloc[0]:.0%} confidence interval"


def biomass_png(strata: pd.DataFrame) -> bytes:
    """Mean tree biomass by stratum and date; bars are plus and minus one standard error."""
    labels = [f"{row.stratum}\n{str(row.date)[:4]}" for row in strata.itertuples()]
    places = np.arange(len(strata))
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(7.0, 3.4))
        axes = figure.subplots()
        above = strata["mean_agb_t_ha"].to_numpy()
        below = strata["mean_bgb_t_ha"].to_numpy()
        axes.bar(places, above, color="#117733", label="above ground")
        axes.bar(places, -below, color="#ddcc77", label="below ground (allometric)")
        axes.errorbar(
            places,
            above,
            yerr=strata["standard_error_agb_t_ha"],
            fmt="none",
            ecolor="black",
            capsize=3,
            label="± 1 standard error",
        )
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set_xticks(places, labels)
        axes.set_ylabel("dry matter [t/ha]")
        axes.set_title("Tree biomass of the plots")
        axes.legend(frameon=False)
        return _png(figure)


def claim_png(quantification: Quantification) -> bytes:
    """The claim by vintage year: pools up or down, what uncertainty takes off, claim as a line."""
    rows = quantification.years
    years = [str(row.year) for row in rows]
    parts = {
        name: np.array([row.pools_tco2e.get(name, 0.0) for row in rows])
        for name in rows[0].pools_tco2e
    }
    parts["uncertainty deduction"] = -np.array([r.uncertainty_deduction_tco2e for r in rows])
    claim = [quantification.claim_tco2e_by_year[year] for year in years]
    kept_back = np.array([r.gross_tco2e - r.uncertainty_deduction_tco2e for r in rows]) - claim
    parts["risk, never issued"] = -kept_back
    above, below = np.zeros(len(rows)), np.zeros(len(rows))
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(7.0, 3.4))
        axes = figure.subplots()
        shown = {name: values for name, values in parts.items() if np.any(values)}
        for colour, (name, values) in zip(CLAIM_SERIES, shown.items(), strict=False):
            bottom = np.where(values >= 0, above, below)
            axes.bar(years, values, bottom=bottom, color=colour, label=name)
            above, below = above + np.maximum(values, 0), below + np.minimum(values, 0)
        axes.plot(years, claim, color="black", marker="D", linewidth=1, label="claim")
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set_ylabel("tCO2e per year")
        axes.set_ylim(top=max(above.max(), 1.0) * 1.45)
        axes.set_title(f"Claim under {quantification.methodology_id}")
        axes.legend(frameon=False, ncols=2, loc="upper left")
        return _png(figure)


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
    axes.set_xticks(_apart([item.year for item in comparison.years]))
    axes.set_ylabel("net removals [tCO2e per year]")
    axes.set_title("Net by year")
    axes.legend(frameon=False, fontsize=8)


def _book_label(comparison: Comparison, name: str) -> str:
    """An id in short lines, with DRAFT under it where it is one."""
    lines = textwrap.wrap(name.replace("@", " @"), 16)
    return "\n".join([*lines, "DRAFT"] if name in comparison.drafts else lines)


_HATCHES = {"leakage": "xxx", "uncertainty_deduction": "///", "buffer": "..."}
