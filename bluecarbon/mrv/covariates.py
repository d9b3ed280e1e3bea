"""Layers beside the spectral ones: elevation, slope, distance to water, radar, tide.

A covariate comes from a file of any grid and is brought to the grid of the scenes by the
resampling that the project declares. Where a file has nothing, the layer is NaN: trees are grown
with gaps, and nothing is made up.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import Geod, Transformer
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.vrt import WarpedVRT
from rasterio.warp import reproject

from bluecarbon.mrv.rasters import Grid, opened, read_grid, unreadable
from bluecarbon.mrv.scenes import Composite, SceneData
from bluecarbon.project import Covariate
from bluecarbon.spec import Finding

WATER_REACH_M = 5_000.0
"""Water this far around the window is looked for; distances are not told apart beyond."""

MISSING_SHARE = 0.01
"""A covariate that lacks more than this part of the window deserves a warning."""

JUDGED_PIXELS = 50_000
"""So many pixels of an image say whether a covariate has numbers there."""

Layer = NDArray[np.float32]


def read_covariate(
    path: Path, declared: Covariate, grid: Grid
) -> tuple[Layer | None, tuple[Finding, ...]]:
    """A declared covariate on ``grid``, (height, width) float32, NaN where it is not known.

    Elevation in metres, slope in degrees, radar in dB, distance to water in metres (at most 5 km),
    or the numbers of the file. Findings: ``covariate-unreadable`` and the others of a grid,
    ``covariate-band-missing``, ``covariate-no-overlap``, ``covariate-gaps``,
    ``covariate-resampled`` (info).
    """
    source, found = read_grid(path, path.name, what="covariate")
    if source is None:
        return None, found
    reach = _reaching(grid) if declared.kind == "water" else grid
    try:
        with opened(path) as dataset:
            if declared.band > dataset.count:
                return None, (_band_missing(path, declared, dataset.count),)
            values = _on_grid(dataset, declared, reach)
    except (RasterioError, OSError) as error:
        return None, (unreadable(path.name, "covariate", error),)
    rows, columns = reach.slices_of(grid)
    gaps = float(np.isnan(values[rows, columns]).mean())
    if gaps == 1.0:
        return None, (_no_overlap(path, "the project's window"),)
    layer = _derived(values, declared, reach)[rows, columns]
    resampled = not source.shares_lattice_with(grid)
    return np.ascontiguousarray(layer), _remarks(path, declared, gaps=gaps, resampled=resampled)


def _reaching(grid: Grid) -> Grid:
    """The grid with some ground around it, so that water beyond the window's edge is met."""
    across, down = pixel_size_m(grid)
    left, bottom, right, top = grid.bounds
    width, height = grid.pixel_size
    x, y = WATER_REACH_M / across * width, WATER_REACH_M / down * height
    return grid.cut((left - x, bottom - y, right + x, top + y))


def _on_grid(dataset: Any, declared: Covariate, grid: Grid) -> Layer:
    values = np.full((grid.height, grid.width), np.nan, dtype=np.float32)
    reproject(
        rasterio.band(dataset, declared.band),
        values,
        src_nodata=dataset.nodatavals[declared.band - 1],
        dst_transform=grid.transform,
        dst_crs=grid.crs,
        dst_nodata=np.nan,
        resampling=Resampling[declared.resampling],
        num_threads=1,
    )
    return values


def _derived(values: Layer, declared: Covariate, grid: Grid) -> Layer:
    if declared.kind == "slope":
        return slope_degrees(values, grid)
    if declared.kind == "radar-power":
        return decibels(values)
    if declared.kind == "water":
        return distance_m(values >= declared.water_min, grid)
    return values


def judge_covariate(path: Path, declared: Covariate, grid: Grid) -> tuple[Finding, ...]:
    """What a file says of itself as a covariate of an image that is read block by block.

    A sample of pixels spread over the image is brought to ``grid`` as the blocks will be.
    Findings: those of :func:`read_covariate`.
    """
    source, found = read_grid(path, path.name, what="covariate")
    if source is None:
        return found
    step = math.ceil(math.sqrt(max(1, grid.height * grid.width / JUDGED_PIXELS)))
    form = (-(-grid.height // step), -(-grid.width // step))
    place = {"crs": grid.crs, "transform": grid.transform}
    size = {"height": grid.height, "width": grid.width}
    method = Resampling[declared.resampling]
    try:
        with opened(path) as dataset:
            if declared.band > dataset.count:
                return (*found, _band_missing(path, declared, dataset.count))
            with WarpedVRT(
                dataset, resampling=method, dtype="float32", nodata=np.nan, **place, **size
            ) as aligned:
                values = aligned.read(declared.band, out_shape=form)
    except (RasterioError, OSError) as error:
        return (*found, unreadable(path.name, "covariate", error))
    gaps = float(np.isnan(values).mean())
    if gaps == 1.0:
        return (*found, _no_overlap(path, "the image"))
    resampled = not source.shares_lattice_with(grid)
    more = _remarks(path, declared, gaps=gaps, resampled=resampled, window="the image")
    return (*found, *more)


def _band_missing(path: Path, declared: Covariate, count: int) -> Finding:
    message = f"band {declared.band} is asked for, the file has {count}"
    return Finding.error("covariate-band-missing", path.name, message, fix="bands count from 1")


def _no_overlap(path: Path, window: str) -> Finding:
    message = f"has no number inside {window}"
    fix = "choose a file that covers the boundary, or leave the covariate out"
    return Finding.error("covariate-no-overlap", path.name, message, fix=fix)


def _remarks(
    path: Path,
    declared: Covariate,
    *,
    gaps: float,
    resampled: bool,
    window: str = "the project's window",
) -> tuple[Finding, ...]:
    found = []
    if gaps > MISSING_SHARE:
        message = f"covariate '{declared.name}' lacks {gaps:.1%} of {window}"
        found.append(Finding.warning("covariate-gaps", path.name, message))
    if resampled:
        message = f"covariate '{declared.name}' was brought to the scenes' grid: "
        message += declared.resampling
        found.append(Finding.info("covariate-resampled", path.name, message))
    return tuple(found)


def pixel_size_m(grid: Grid) -> tuple[float, float]:
    """Width and height of the pixel in the middle of a grid, in metres on the WGS 84 ellipsoid."""
    left, bottom, right, top = grid.bounds
    x, y = (left + right) / 2, (bottom + top) / 2
    across, down = grid.pixel_size
    to_degrees = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform([x, x + across, x], [y, y, y - down])
    _, _, metres = Geod(ellps="WGS84").inv(
        [longitude[0]] * 2, [latitude[0]] * 2, longitude[1:], latitude[1:]
    )
    return float(metres[0]), float(metres[1])


def slope_degrees(elevation_m: Layer, grid: Grid) -> Layer:
    """The steepest slope by central differences (Horn 1981 without its smoothing), degrees."""
    across, down = pixel_size_m(grid)
    if min(elevation_m.shape) < 2:
        return np.zeros_like(elevation_m)
    dy, dx = np.gradient(elevation_m, down, across)
    return np.asarray(np.degrees(np.arctan(np.hypot(dx, dy))), dtype=np.float32)


def decibels(power: Layer) -> Layer:
    """Radar power (linear) as 10 log10, NaN where there is no echo: 0 is the edge of a swath."""
    known = power > 0
    return np.where(known, 10 * np.log10(np.where(known, power, 1)), np.nan).astype(np.float32)


def distance_m(water: NDArray[np.bool_], grid: Grid) -> Layer:
    """Metres (height, width) to the centre of the nearest water pixel, at most WATER_REACH_M."""
    from scipy.ndimage import distance_transform_edt

    if not water.any():
        return np.full(water.shape, WATER_REACH_M, np.float32)
    across, down = pixel_size_m(grid)
    metres = distance_transform_edt(~water, sampling=(down, across))
    return np.asarray(np.minimum(metres, WATER_REACH_M), dtype=np.float32)


def large_water(water: NDArray[np.bool_], grid: Grid, area_min_ha: float) -> NDArray[np.bool_]:
    """The parts of the water (joined by sides or corners) that are not smaller than an area.

    Ponds are small; the sea and its channels are one.
    """
    from scipy.ndimage import label

    across, down = pixel_size_m(grid)
    parts, _ = label(water, structure=np.ones((3, 3), bool))
    pixels = np.bincount(parts.ravel())
    kept = pixels * across * down / 10_000 >= area_min_ha
    kept[0] = False
    return np.asarray(kept[parts])


def mean_tide_m(scenes: Sequence[SceneData], heights_m: Mapping[str, float]) -> Layer:
    """The mean tide of the scenes that show a pixel, (height, width); NaN where none does."""
    total = np.zeros(scenes[0].reason.shape, np.float64)
    count = np.zeros(scenes[0].reason.shape, np.int64)
    for scene in scenes:
        seen = scene.reason == 0
        total += np.where(seen, heights_m[scene.name], 0.0)
        count += seen
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def with_layers(composite: Composite, layers: Mapping[str, Layer]) -> Composite:
    """A composite with covariates as further bands: features of the classifier like all others."""
    if not layers:
        return composite
    stack = np.concatenate([composite.reflectance, np.stack(list(layers.values()))])
    return dataclasses.replace(
        composite, bands=(*composite.bands, *layers), reflectance=stack.astype(np.float32)
    )
