"""Grids that differ, and pixels brought from one to another by a rule that somebody declared.

Class codes are taken from the nearest pixel or by majority; reflectance is interpolated or
averaged. There is no default: without a rule other grids are refused, and with one every resampling
is a finding of the run, so that it stands in the report.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pyproj
import rasterio
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.enums import Resampling
from rasterio.warp import reproject, transform_bounds

from bluecarbon.mrv.rasters import LATTICE_TOLERANCE_PX, Bounds, Grid, pole_findings, read_window
from bluecarbon.spec import Finding

Rule = Literal["nearest", "mode", "bilinear", "average"]

MARGIN_PX = 3
"""Source pixels read around a window, so that its edge is interpolated like its middle."""

EDGE_POINTS = 21

DEGREES_HALF_WORLD = 180.0

SAMPLES_PER_SIDE = 65
"""Places along each side where a projected grid is looked at, its outer pixels among them."""


def resampled(
    values: NDArray[Any], grid: Grid, onto: Grid, rule: Rule, *, fill: float
) -> NDArray[Any]:
    """Values (..., height, width) of ``grid`` on another grid; same number type.

    ``fill`` is the number that means "no value" in ``values``: it is neither interpolated nor
    counted, and stands where the source has nothing.
    """
    leading = values.shape[:-2]
    stack = np.ascontiguousarray(values.reshape(-1, *values.shape[-2:]))
    result = np.full((len(stack), onto.height, onto.width), fill, dtype=values.dtype)
    reproject(
        stack,
        result,
        src_transform=grid.transform,
        src_crs=grid.crs,
        src_nodata=fill,
        dst_transform=onto.transform,
        dst_crs=onto.crs,
        dst_nodata=fill,
        resampling=Resampling[rule],
        # Exact places, one thread: the same pixels whatever part of the grid is asked for.
        tolerance=0.0,
        num_threads=1,
    )
    return result.reshape(*leading, onto.height, onto.width)


def source_window(grid: Grid, onto: Grid) -> Grid:
    """The part of a source's lattice that ``onto`` needs, with a margin."""
    bounds = transform_bounds(onto.crs, grid.crs, *onto.bounds, densify_pts=EDGE_POINTS)
    across, down = grid.pixel_size
    margin = MARGIN_PX * across, MARGIN_PX * down
    left, bottom, right, top = bounds
    wide: Bounds = (left - margin[0], bottom - margin[1], right + margin[0], top + margin[1])
    return grid.cut(wide)


def read_resampled(
    dataset: rasterio.DatasetReader, onto: Grid, rule: Rule, *, fill: float, bands: Sequence[int]
) -> NDArray[Any]:
    """Bands of an open raster (bands, onto.height, onto.width) on another grid; see resampled.

    Raises
    ------
    rasterio.errors.RasterioIOError
        The file is damaged.
    """
    own = Grid(dataset.crs, dataset.transform, dataset.height, dataset.width)
    part = source_window(own, onto)
    return resampled(read_window(dataset, part, fill, bands=bands), part, onto, rule, fill=fill)


def alignment_finding(
    grid: Grid, onto: Grid, rule: Rule | None, *, names: tuple[str, str]
) -> Finding | None:
    """None on one lattice; the refusal without a rule; else the record of the resampling.

    ``names`` are those of the raster and of the one whose grid it is brought to.
    """
    differs = lattice_finding(grid, onto, *names)
    if differs is None or rule is None:
        return differs
    message = (
        f"is brought from {described(grid)} to the grid of {names[1]} ({described(onto)}): {rule}"
    )
    return Finding.info("raster-resampled", names[0], message)


def described(grid: Grid) -> str:
    """A grid in a few words: coordinate system and size of pixels."""
    # PROJ guesses a code for what only resembles it: a sure one, or the name as it was written.
    code = grid.crs.to_epsg(confidence_threshold=100)
    across, down = grid.pixel_size
    name = f"EPSG:{code}" if code else _named(grid)
    return f"{name}, pixels of {across:.6g} x {down:.6g}"


def _named(grid: Grid) -> str:
    name = pyproj.CRS.from_wkt(grid.crs.to_wkt()).name
    nameless = name in {"unknown", "undefined", "unnamed", ""}
    return "a coordinate system without code" if nameless else f"{name} (without EPSG code)"


def lattice_finding(grid: Grid, other: Grid, subject: str, other_subject: str) -> Finding | None:
    """The finding for two rasters of a project that do not share the grid of pixels."""
    if grid.shares_lattice_with(other):
        return None
    message = (
        f"is on another grid ({_place(grid)}) than {other_subject} ({_place(other)}); "
        "rasters of one project must share the grid"
    )
    fix = (
        'declare how: [alignment] reflectance = "bilinear", classes = "mode"; '
        "or resample it to that grid, e.g. gdalwarp -t_srs ... -tr ... -tap"
    )
    return Finding.error("grid-differs", subject, message, fix=fix)


def _place(grid: Grid) -> str:
    left, _, _, top = grid.bounds
    return f"{described(grid)}, corner {left:.9g} {top:.9g}"


def antimeridian_findings(grid: Grid, subject: str) -> tuple[Finding, ...]:
    """A grid that crosses 180 degrees east: its outline cannot be drawn in degrees.

    One that ends there does not cross it, were it as wide as the world. Also longitudes counted
    from 0 to 360 (code ``raster-longitudes-turned``), latitudes beyond a pole, and of a projected
    grid pixels beyond the world, which have no place and no area (code ``raster-beyond-world``).
    """
    if not grid.crs.is_geographic:
        return _projected_findings(grid, subject)
    if poles := pole_findings(grid, subject):
        return poles
    left, _, right, _ = grid.bounds
    # A tile that ends at 180 degrees may end beyond it by the last bit of a float.
    most = DEGREES_HALF_WORLD + LATTICE_TOLERANCE_PX * grid.pixel_size[0]
    if left >= 2 * DEGREES_HALF_WORLD - most or right <= most - 2 * DEGREES_HALF_WORLD:
        return (_turned(subject, left, right),) if right > most or left < -most else ()
    return (_crossing(subject),) if right > most or left < -most else ()


def _turned(subject: str, left: float, right: float) -> Finding:
    message = (
        f"longitudes reach from {left:.6g} to {right:.6g}: they are not counted from -180 to 180 "
        "degrees, as those of polygons and points are"
    )
    corner = left - math.copysign(2 * DEGREES_HALF_WORLD, left)
    fix = f"write it from {corner:.6g} degrees on, e.g. gdal_translate -a_ullr"
    return Finding.error("raster-longitudes-turned", subject, message, fix=fix)


def _projected_findings(grid: Grid, subject: str) -> tuple[Finding, ...]:
    longitude, known = _longitudes(grid)
    jumps = [(np.abs(np.diff(longitude, axis=axis)) > DEGREES_HALF_WORLD).any() for axis in (0, 1)]
    if any(jumps):
        return (_crossing(subject),)
    if known.all():
        return ()
    message = (
        f"{1 - known.mean():.0%} of its rectangle lies beyond the world in its projection: pixels "
        "there have no place and no area"
    )
    fix = "cut it at the antimeridian or where the world ends, or bring it to degrees with gdalwarp"
    return (Finding.error("raster-beyond-world", subject, message, fix=fix),)


def _longitudes(grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Longitudes of pixels all over a projected grid, NaN where there is no ground; and where."""
    across, down = grid.pixel_size
    columns, rows = (
        np.linspace(0.5, size - 0.5, min(size, SAMPLES_PER_SIDE))
        for size in (grid.width, grid.height)
    )
    x, y = np.meshgrid(grid.transform.c + across * columns, grid.transform.f - down * rows)
    back = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = back.transform(x, y)
    # Beyond the world some projections give the nearest place: its own place is then another.
    again = back.transform(longitude, latitude, direction="INVERSE")
    with np.errstate(invalid="ignore"):
        near = (np.abs(again[0] - x) < across) & (np.abs(again[1] - y) < down)
        known = np.isfinite(longitude) & near
    return np.where(known, longitude, np.nan), known


def _crossing(subject: str) -> Finding:
    message = "crosses the antimeridian (180 degrees): it has no outline in degrees"
    fix = "cut it in two at the antimeridian, and measure both sides as two projects"
    return Finding.error("raster-antimeridian", subject, message, fix=fix)
