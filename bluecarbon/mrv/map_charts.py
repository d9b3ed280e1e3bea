"""Maps for documents: classes, change and composites, each with scale, true north and degrees.

Classes are told apart by colour and by a pattern that is drawn into the picture itself, so that a
grey print still shows what is water and what is tidal flat. A map holds no words: its legend is
text of the document, and one map serves every language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from pyproj import Geod, Transformer

from bluecarbon.mrv.change_map import CHANGE_LEGEND, change_codes
from bluecarbon.mrv.chart_style import INK, drawing, svg
from bluecarbon.mrv.class_maps import LEGEND
from bluecarbon.mrv.colours import CHANGE_COLOURS, CLASS_COLOURS
from bluecarbon.mrv.evidence import PICTURE_PX_MAX, DrawnMap, Evidence
from bluecarbon.mrv.rasters import EDGE_STEP_DEGREES, Geometry

WIDTH_IN = 6.7
"""The width of the text on an A4 page with margins of 2 cm."""

HEIGHT_MAX_IN = 7.6

_LEFT_IN, _RIGHT_IN, _ABOVE_IN, _BELOW_IN = 0.62, 0.04, 0.05, 0.24
"""Room for degrees at the left and below."""

_WGS84 = Geod(ellps="WGS84")
_UNKNOWN_COLOUR = "#bbbbbb"
_PATTERN_PX = 12

_HATCHES = {
    "water": "---",
    "tidal_flat": "...",
    "upland_forest": "///",
    "unobserved": "|||",
    "gain": "+++",
    "loss": "xxx",
}

_SWATCH_LINES = {
    "---": "M0 3.5H24M0 8.5H24",
    "|||": "M4 0V12M10 0V12M16 0V12M22 0V12",
    "///": "M-2 8L6 0M0 12L12 0M8 12L20 0M16 12L26 2",
    "+++": "M0 3.5H24M0 8.5H24M4 0V12M10 0V12M16 0V12M22 0V12",
    "xxx": "M0 12L12 0M6 12L18 0M12 12L24 0M0 0L12 12M6 0L18 12M12 0L24 12",
    "...": "M3 4h1.4M9 4h1.4M15 4h1.4M21 4h1.4M3 8.5h1.4M9 8.5h1.4M15 8.5h1.4M21 8.5h1.4",
}

Codes = NDArray[np.uint8]
Picture = NDArray[np.float64]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class _Key:
    """What the codes of a map mean and how each is drawn; ``kind`` finds its words."""

    kind: str
    legend: Mapping[int, str]
    colours: Mapping[str, str]

    def colour(self, code: int) -> str:
        return self.colours.get(self.legend.get(code, ""), _UNKNOWN_COLOUR)


_CLASS_KEY = _Key("class", LEGEND, CLASS_COLOURS)
# On paper loss must stand out: beside the dark green of the files it would be lost in grey and to
# the colour-blind, so what stays is pale here.
_ON_PAPER = {"stable mangrove": "#b9d7c0", "gain": "#56b4e9", "stable other": "#f1f1f1"}
_CHANGE_KEY = _Key("change", CHANGE_LEGEND, CHANGE_COLOURS | _ON_PAPER)


@dataclass(frozen=True)
class Swatch:
    """One entry of a legend: the name of a class, and how it is drawn, as a small SVG."""

    kind: str
    name: str
    svg: bytes


def class_map_svg(evidence: Evidence, epoch: int) -> bytes:
    """The class map of one epoch."""
    return evidence.picture(
        f"classes-{epoch}", lambda: _map_svg(evidence, evidence.maps[epoch], _CLASS_KEY)
    )


def class_legend(evidence: Evidence, epoch: int) -> tuple[Swatch, ...]:
    """The classes that are on the map of an epoch."""
    return _legend(evidence.maps[epoch].codes, _CLASS_KEY)


def change_map_svg(evidence: Evidence, start: int, end: int) -> bytes:
    """Gain, loss and stable mangrove between two epochs."""
    drawn = _changed(evidence, start, end)
    return evidence.picture(f"change-{start}-{end}", lambda: _map_svg(evidence, drawn, _CHANGE_KEY))


def change_legend(evidence: Evidence, start: int, end: int) -> tuple[Swatch, ...]:
    """The kinds of change that are on the map between two epochs."""
    return _legend(_changed(evidence, start, end).codes, _CHANGE_KEY)


def _changed(evidence: Evidence, start: int, end: int) -> DrawnMap:
    before, after = evidence.maps[start], evidence.maps[end]
    return DrawnMap(change_codes(before.codes, after.codes), before.transform, before.crs)


def composites_svg(evidence: Evidence, epochs: Sequence[int]) -> bytes | None:
    """The false-colour composites of some epochs side by side; None where there is none."""
    pictures = {epoch: evidence.composite(epoch) for epoch in epochs}
    shown = {epoch: picture for epoch, picture in pictures.items() if picture is not None}
    if not shown:
        return None
    return evidence.picture("composites", lambda: _composites_svg(evidence, shown))


def _composites_svg(evidence: Evidence, shown: Mapping[int, Codes]) -> bytes:
    with drawing():
        first = next(iter(shown.values()))
        tall = WIDTH_IN / max(len(shown), 2) * len(first) / len(first[0])
        figure = Figure(figsize=(WIDTH_IN, min(tall + 0.25, HEIGHT_MAX_IN)))
        figure.subplots_adjust(0.005, 0.01, 0.995, 1 - 0.25 / (tall + 0.25), 0.03)
        axes = figure.subplots(1, max(len(shown), 2), squeeze=False)[0]
        for place in axes:
            place.set_axis_off()
        for place, (epoch, picture) in zip(axes, shown.items(), strict=False):
            drawn = evidence.maps[epoch]
            place.imshow(picture, interpolation="none", extent=_extent(drawn))
            place.set_title(str(epoch))
            _outlines(place, evidence, drawn, "white", labels=False)
            across_m, down_m = _pixel_m(drawn)
            place.set_aspect(down_m / across_m)
            _scale_bar(place, drawn, across_m, shares=(1,))
            _north(place, drawn)
        return svg(figure)


def _map_svg(evidence: Evidence, drawn: DrawnMap, key: _Key) -> bytes:
    return framed_map_svg(evidence, drawn, _patterned(drawn.codes, key))


def framed_map_svg(
    evidence: Evidence,
    drawn: DrawnMap,
    picture: Picture,
    *,
    below_in: float = 0.0,
    below: Callable[[Figure], None] | None = None,
) -> bytes:
    """A picture (rows, columns, 3) in its place: strata, degrees, scale bar and true north.

    ``below`` draws into the lowest ``below_in`` inches, which are kept free for it.
    """
    rows, columns = drawn.codes.shape
    across_m, down_m = _pixel_m(drawn)
    wide = WIDTH_IN - _LEFT_IN - _RIGHT_IN
    tall = min(wide * rows * down_m / (columns * across_m), HEIGHT_MAX_IN)
    height = tall + _BELOW_IN + _ABOVE_IN + below_in
    with drawing():
        # Placed by hand: laying out a map by trial takes longer than drawing it.
        figure = Figure(figsize=(WIDTH_IN, height))
        corner = _LEFT_IN / WIDTH_IN, (_BELOW_IN + below_in) / height
        axes = figure.add_axes((*corner, wide / WIDTH_IN, tall / height))
        axes.imshow(picture, interpolation="none", extent=_extent(drawn))
        # In degrees a pixel is narrower than high; on paper a hectare has one shape.
        axes.set_aspect(down_m / across_m)
        _outlines(axes, evidence, drawn, INK, labels=True)
        _degrees(axes, drawn)
        _scale_bar(axes, drawn, across_m)
        _north(axes, drawn)
        if below is not None:
            below(figure)
        return svg(figure)


def _extent(drawn: DrawnMap) -> tuple[float, float, float, float]:
    """Pictures are placed by thinned rows and columns, whatever their own resolution."""
    rows, columns = drawn.codes.shape
    return (0, columns, rows, 0)


def _patterned(codes: Codes, key: _Key) -> Picture:
    """The map as a picture, red, green and blue 0-1, large enough for a pattern in each class."""
    times = max(1, PICTURE_PX_MAX // max(codes.shape))
    large = np.kron(codes, np.ones((times, times), dtype=np.uint8))
    table = np.array([to_rgb(key.colour(code)) for code in range(256)])
    picture: Picture = table[large]
    rows, columns = np.ogrid[: large.shape[0], : large.shape[1]]
    patterns = {
        "---": rows % _PATTERN_PX < 2,
        "...": (rows % _PATTERN_PX < 3) & (columns % _PATTERN_PX < 3),
        "///": (rows + columns) % _PATTERN_PX < 2,
        "+++": (rows % _PATTERN_PX < 2) | (columns % _PATTERN_PX < 2),
        "|||": columns % _PATTERN_PX < 2,
        "xxx": ((rows + columns) % _PATTERN_PX < 2) | ((rows - columns) % _PATTERN_PX < 2),
    }
    for code, name in key.legend.items():
        if name in _HATCHES:
            inked = (large == code) & patterns[_HATCHES[name]]
            picture[inked] = _ink_on(key.colour(code))
    return picture


def _ink_on(colour: str) -> tuple[float, float, float]:
    """Darker on a light colour, lighter on a dark one."""
    red, green, blue = to_rgb(colour)
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.4
    towards, share = (0.0, 0.38) if light else (1.0, 0.55)
    mixed = [value + (towards - value) * share for value in (red, green, blue)]
    return mixed[0], mixed[1], mixed[2]


def _outlines(
    axes: Axes, evidence: Evidence, drawn: DrawnMap, colour: str, *, labels: bool
) -> None:
    placed = _Placed(drawn)
    for stratum, geometry in evidence.strata:
        bent = shapely.segmentize(geometry, EDGE_STEP_DEGREES)
        outline = shapely.transform(bent, placed, interleaved=False)
        for ring in shapely.get_rings(shapely.get_parts(outline)):
            axes.plot(*shapely.get_coordinates(ring).T, color=colour, linewidth=0.8)
        if labels and len(evidence.strata) > 1:
            _stratum_label(axes, stratum, outline)


def _stratum_label(axes: Axes, stratum: str, outline: Geometry) -> None:
    point = outline.representative_point()
    text = axes.text(point.x, point.y, stratum, ha="center", va="center", fontsize=8)
    text.set_path_effects([withStroke(linewidth=2.5, foreground="white")])


class _Placed:
    """From longitude and latitude to columns and rows of a thinned map (pixel edges are whole)."""

    def __init__(self, drawn: DrawnMap) -> None:
        self.to_map = Transformer.from_crs("EPSG:4326", drawn.crs, always_xy=True)
        self.transform = drawn.transform

    def __call__(self, lon: Numbers, lat: Numbers) -> tuple[Numbers, Numbers]:
        x, y = (np.asarray(axis) for axis in self.to_map.transform(lon, lat))
        grid = self.transform
        return (x - grid.c) / grid.a, (y - grid.f) / grid.e


def _lonlat(drawn: DrawnMap, columns: Numbers, rows: Numbers) -> tuple[Numbers, Numbers]:
    grid = drawn.transform
    to_degrees = Transformer.from_crs(drawn.crs, "EPSG:4326", always_xy=True)
    lon, lat = to_degrees.transform(grid.c + columns * grid.a, grid.f + rows * grid.e)
    return np.asarray(lon), np.asarray(lat)


def _middle(drawn: DrawnMap) -> tuple[float, float]:
    rows, columns = drawn.codes.shape
    return columns / 2, rows / 2


def _pixel_m(drawn: DrawnMap) -> tuple[float, float]:
    """Width and height of a thinned pixel on the ground at the middle of the map, metres."""
    column, row = _middle(drawn)
    lon, lat = _lonlat(drawn, np.array([column, column + 1, column]), np.array([row, row, row + 1]))
    _, _, metres = _WGS84.inv([lon[0]] * 2, [lat[0]] * 2, lon[1:], lat[1:])
    return float(metres[0]), float(metres[1])


def _degrees(axes: Axes, drawn: DrawnMap) -> None:
    """Longitude along the lower edge and latitude along the left one, at round degrees."""
    rows, columns = drawn.codes.shape
    along = np.linspace(0, 1, 200)
    lon, _ = _lonlat(drawn, along * columns, np.full(200, float(rows)))
    _, lat = _lonlat(drawn, np.zeros(200), along * rows)
    across, down = _round_values(lon), _round_values(lat)
    axes.set_xticks(np.interp(across, lon, along * columns), [_angle(v, "EW") for v in across])
    axes.set_yticks(
        np.interp(down, lat[::-1], (along * rows)[::-1]), [_angle(v, "NS") for v in down]
    )
    axes.tick_params(labelsize=6.5, length=3)
    axes.set_xlim(0, columns)
    axes.set_ylim(rows, 0)
    for spine in axes.spines.values():
        spine.set_visible(True)


def _round_values(values: Numbers) -> list[float]:
    """About four round numbers between the smallest and the largest."""
    low, high = float(values.min()), float(values.max())
    step = _round_down((high - low) / 3)
    first = np.ceil(low / step)
    return [round(float(n * step), 10) for n in np.arange(first, np.floor(high / step) + 1)]


def _round_down(value: float) -> float:
    """The largest of 1, 2 or 5 times a power of ten that is not larger."""
    magnitude = 10.0 ** np.floor(np.log10(value))
    return float(magnitude * max(step for step in (1, 2, 5) if step * magnitude <= value * 1.0001))


def _angle(value: float, letters: str) -> str:
    return (
        f"{abs(value):.6f}".rstrip("0").rstrip(".") + f"°{letters[0] if value >= 0 else letters[1]}"
    )


def _scale_bar(
    axes: Axes, drawn: DrawnMap, pixel_m: float, *, shares: Sequence[float] = (0, 0.5, 1)
) -> None:
    """A bar of a round length, its length in figures at some ``shares`` of it."""
    rows, columns = drawn.codes.shape
    length_m = _round_down(columns * pixel_m / 4)
    left, bottom, high = 0.04 * columns, 0.955 * rows, 0.012 * rows
    half = length_m / pixel_m / 2
    axes.fill_between(
        [left - 0.015 * columns, left + 2 * half + (0.075 if len(shares) > 1 else 0.2) * columns],
        bottom - 0.055 * rows,
        bottom + 0.025 * rows,
        color="white",
        alpha=0.85,
        linewidth=0,
    )
    for place, colour in enumerate((INK, "white")):
        box = (left + place * half, bottom - high), half, high
        axes.add_patch(_box(*box, colour))
    for share in shares:
        end = " km" if length_m >= 1000 else " m"
        value = share * length_m / (1000 if length_m >= 1000 else 1)
        text = f"{value:g}" + (end if share == 1 else "")
        place = left + 2 * half * share
        if len(shares) > 1:
            axes.text(place, bottom - 1.5 * high, text, fontsize=6.5, ha="center")
        else:
            # A small map has no height to spare: its one label stands beside the bar.
            right = place + 0.02 * columns
            axes.text(right, bottom - high / 2, text, fontsize=6, ha="left", va="center")


def _box(corner: tuple[float, float], width: float, height: float, colour: str) -> Patch:
    from matplotlib.patches import Rectangle

    return Rectangle(corner, width, height, facecolor=colour, edgecolor=INK, linewidth=0.6)


def _north(axes: Axes, drawn: DrawnMap) -> None:
    """An arrow to true north, which is seldom straight up in a projected map."""
    rows, columns = drawn.codes.shape
    column, row = _middle(drawn)
    lon, lat = _lonlat(drawn, np.array([column]), np.array([row]))
    x, y = _Placed(drawn)(lon, lat + EDGE_STEP_DEGREES)
    across_m, down_m = _pixel_m(drawn)
    # Directions are compared on the ground, where both axes are metres.
    east, north = float(x[0] - column) * across_m, float(row - y[0]) * down_m
    length = 0.1 * min(rows * down_m, columns * across_m)
    scale = length / np.hypot(east, north)
    foot = (0.95 * columns, 0.05 * rows + length / down_m)
    tip = (foot[0] + east * scale / across_m, foot[1] - north * scale / down_m)
    axes.annotate(
        "N",
        xy=tip,
        xytext=foot,
        ha="center",
        va="top",
        fontsize=9,
        arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.2, "shrinkA": 0},
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.0},
    )


def _legend(codes: Codes, key: _Key) -> tuple[Swatch, ...]:
    present = [int(code) for code in np.unique(codes)]
    return tuple(
        Swatch(key.kind, name, swatch_svg(key.colour(code), _HATCHES.get(name, "")))
        for code in present
        if (name := key.legend.get(code, str(code))) != "outside"
    )


def swatch_svg(colour: str, hatch: str) -> bytes:
    """A rectangle as a class is drawn on the map, 24 by 12."""
    ink = "#" + "".join(f"{round(255 * value):02x}" for value in _ink_on(colour))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="12" viewBox="0 0 24 12">'
        f'<rect width="24" height="12" fill="{colour}"/>'
        f'<path d="{_SWATCH_LINES.get(hatch, "")}" stroke="{ink}" fill="none"/>'
        f'<rect x=".4" y=".4" width="23.2" height="11.2" fill="none" stroke="#777" '
        'stroke-width=".8"/></svg>'
    ).encode()
