"""The strata and the plots in them, as a map for the field form."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import geopandas as gpd
import numpy as np
import shapely

from bluecarbon.mrv.chart_style import GREY, INK, OKABE_ITO, PALE, chart_words, drawing, svg
from bluecarbon.mrv.plot_placement import MAIN, RESERVE
from bluecarbon.mrv.rasters import Geometry

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_IN = 7.2
HEIGHT_MOST_IN = 6.0
HATCHES = ("", "///", "...", "\\\\\\", "xxx", "++", "ooo")


def plot_map_svg(
    points: gpd.GeoDataFrame, strata: gpd.GeoDataFrame, language: Literal["zh", "en"]
) -> bytes:
    """A map of strata (hatched, named) with main and reserve plots, north up, in metres (SVG)."""
    from matplotlib.figure import Figure

    words = chart_words(language)
    crs = strata.estimate_utm_crs()
    ground, places = strata.to_crs(crs), points.to_crs(crs)
    west, south, east, north = ground.total_bounds
    height = min(HEIGHT_MOST_IN, max(2.0, WIDTH_IN * (north - south) / (east - west)) + 0.7)
    with drawing():
        figure = Figure(figsize=(WIDTH_IN, height))
        axes = figure.add_subplot()
        for place, row in enumerate(ground.itertuples()):
            own = gpd.GeoSeries([row.geometry], crs=crs)
            hatch = HATCHES[place % len(HATCHES)]
            # The hatch in a pale line of its own, the outline over it.
            own.plot(ax=axes, facecolor="#fafcfb", edgecolor=PALE, linewidth=0, hatch=hatch)
            own.boundary.plot(ax=axes, color=GREY, linewidth=0.7)
            spot = _free_spot(row.geometry, places)
            box = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1}
            axes.text(spot.x, spot.y, str(row.stratum), fontsize=8, ha="center", bbox=box)
        _points(axes, places, words.both("主样地", "main plots"), words.both("备用", "reserve"))
        _frame(axes, (west, south, east, north))
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.02), ncols=2)
        return svg(figure)


def _free_spot(shape: Geometry, places: gpd.GeoDataFrame) -> shapely.Point:
    """A place for a name inside a stratum, as far from plots and edge as a coarse look finds."""
    west, south, east, north = shape.bounds
    across, along = np.meshgrid(np.linspace(west, east, 25), np.linspace(south, north, 25))
    spots = shapely.points(across.ravel(), along.ravel())
    spots = spots[shapely.contains(shape, spots)]
    if not len(spots):
        return shape.representative_point()
    nearest = shapely.distance(spots[:, None], places.geometry.to_numpy()[None]).min(axis=1)
    room = np.minimum(nearest, 2 * shapely.distance(spots, shape.boundary))
    return spots[int(np.argmax(room))]


def _points(axes: Axes, places: gpd.GeoDataFrame, main: str, reserve: str) -> None:
    for use, label, marker, colour in (
        (MAIN, main, "o", OKABE_ITO[1]),
        (RESERVE, reserve, "^", OKABE_ITO[0]),
    ):
        own = places[places["use"] == use]
        if len(own):
            axes.scatter(own.geometry.x, own.geometry.y, s=14, marker=marker, color=colour,
                         edgecolors=INK, linewidths=0.4, label=label, zorder=3)  # fmt: skip


def _frame(axes: Axes, bounds: tuple[float, float, float, float]) -> None:
    """Scale bar and north arrow; the axes carry no numbers, the list has the coordinates."""
    west, south, east, north = bounds
    axes.set_aspect("equal")
    axes.set(xlabel="", ylabel="")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    length = _round(0.25 * (east - west))
    right, low = east, south - 0.06 * (north - south)
    axes.plot([right - length, right], [low, low], color=INK, linewidth=2.5, solid_capstyle="butt")
    words = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    middle = (right - length / 2, low)
    axes.annotate(words, middle, (0, 3), textcoords="offset points", fontsize=7, ha="center")
    arrow = {"arrowstyle": "-|>", "color": INK}
    foot, tip = (0.985, 0.86), (0.985, 0.99)
    axes.annotate(
        "N", tip, foot, xycoords="axes fraction", ha="center", fontsize=8, arrowprops=arrow
    )


def _round(length: float) -> float:
    """1, 2 or 5 times a power of ten, not above ``length``."""
    power = 10.0 ** math.floor(math.log10(length))
    return power * max(step for step in (1, 2, 5) if step * power <= length)
