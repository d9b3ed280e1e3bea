"""Composites of many scenes: median, percentile or geometric median, block by block.

Every block is read from all scenes, reduced to one image and forgotten, so memory is bounded by the
block and the number of scenes, not by the map. A pixel that no scene saw keeps the reason of the
latest one.
"""

from __future__ import annotations

import datetime as dt
import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import rasterio
from numpy.typing import NDArray

from bluecarbon.mrv.blocks import Block, Runner, Threads, gdal_settings, tile_blocks
from bluecarbon.mrv.kernels.masks import reasons
from bluecarbon.mrv.kernels.order_statistics import geometric_median, quantile
from bluecarbon.mrv.reasons import NODATA, REASONS, VALID

Statistic = Literal["median", "percentile", "geometric-median"]

STACK_BYTES_MOST = 120_000_000
"""All scenes of a block together; two threads and what waits stay far below a gigabyte."""

TOLERANCE = 1e-5
"""The geometric median is sought to this reflectance: a tenth of the step of a 16-bit product."""

SEASONS: Mapping[str, tuple[int, ...]] = {
    "annual": tuple(range(1, 13)),
    "dry-north": (11, 12, 1, 2, 3, 4),
    "wet-north": (5, 6, 7, 8, 9, 10),
    "winter": (12, 1, 2),
    "spring": (3, 4, 5),
    "summer": (6, 7, 8),
    "autumn": (9, 10, 11),
}
"""Months of the seasons that are known by name; any other set of months may be given."""


@dataclass(frozen=True)
class CompositeScene:
    """A scene's file as a composite reads it; small and picklable.

    Attributes
    ----------
    bands : numbers (from 1) of the bands to composite, in the order of the result
    scale, offset : reflectance = number x scale + offset
    mask_band : number of the quality band; 0 when there is none
    mask_table : reason code of each number of the quality band
    nodata : the number in a band that means "no number"
    """

    path: Path
    date: dt.date
    bands: tuple[int, ...]
    scale: float = 1.0
    offset: float = 0.0
    mask_band: int = 0
    mask_table: tuple[int, ...] = ()
    nodata: float = 0.0


@dataclass(frozen=True)
class CompositeBlock:
    """One block of a composite.

    Attributes
    ----------
    reflectance : (bands, rows, columns) float32, NaN where no scene saw the pixel
    observations : (rows, columns) uint16, how many scenes did
    reason : (rows, columns) uint8, 0, or why the latest scene did not
    """

    reflectance: NDArray[np.float32]
    observations: NDArray[np.uint16]
    reason: NDArray[np.uint8]


def in_season(date: dt.date, months: Sequence[int]) -> bool:
    """Whether a date lies in one of the months."""
    return date.month in months


def season_year(date: dt.date, months: Sequence[int]) -> int:
    """The year that a season is named after: of a season over New Year, that of its January."""
    over_new_year = 1 in months and 12 in months and len(set(months)) < 12
    if not over_new_year:
        return date.year
    # Months up to the first gap belong to the end of the season, later ones to its beginning.
    tail = next(month for month in range(1, 13) if month not in months)
    return date.year + (1 if date.month >= tail else 0)


def grouped(dates: Sequence[dt.date], months: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """Positions of the dates in season, by the year of the season; the others are left out."""
    groups: dict[int, list[int]] = {}
    for place, date in enumerate(dates):
        if in_season(date, months):
            groups.setdefault(season_year(date, months), []).append(place)
    return {year: tuple(places) for year, places in sorted(groups.items())}


def composite_of(
    stack: NDArray[np.float32],
    reason: NDArray[np.uint8],
    statistic: Statistic,
    *,
    percent: float = 50.0,
) -> CompositeBlock:
    """The composite of scenes in memory.

    Parameters
    ----------
    stack : (scenes, bands, rows, columns), in the order of dates
    reason : (scenes, rows, columns), 0 where a scene is valid
    percent : for "percentile", 0 to 100
    """
    scenes, bands, rows, columns = stack.shape
    valid = np.ascontiguousarray(reason.reshape(scenes, -1) == VALID)
    flat = np.ascontiguousarray(stack.reshape(scenes, bands, -1))
    made = _statistic(flat, valid, statistic, percent, tolerance=TOLERANCE)
    seen = valid.sum(axis=0, dtype=np.uint16).reshape(rows, columns)
    why = np.where(seen > 0, VALID, reason[-1]).astype(np.uint8)
    return CompositeBlock(made.reshape(bands, rows, columns), seen, why)


def _statistic(
    stack: Any, valid: NDArray[np.bool_], statistic: Statistic, percent: float, *, tolerance: float
) -> NDArray[np.float32]:
    if statistic == "geometric-median":
        return geometric_median(stack, valid, tolerance=tolerance)
    return quantile(stack, valid, 0.5 if statistic == "median" else percent / 100)


def blocks_of(scenes: Sequence[CompositeScene]) -> tuple[Block, ...]:
    """Blocks of whole tiles of the first scene, so that all scenes of a block fit in memory."""
    with rasterio.open(scenes[0].path) as dataset:
        rows, columns = dataset.block_shapes[0]
        wide = max(np.dtype(name).itemsize for name in dataset.dtypes)
        return tile_blocks(
            dataset.height,
            dataset.width,
            tile_rows=rows,
            tile_columns=columns,
            pixels_most=STACK_BYTES_MOST // (len(scenes) * len(scenes[0].bands) * wide),
        )


def composite_block(
    scenes: tuple[CompositeScene, ...], statistic: Statistic, percent: float, block: Block
) -> CompositeBlock:
    """Read one block of all scenes (on one grid, in the order of dates) and composite it.

    Raises
    ------
    rasterio.errors.RasterioIOError
        A file is damaged.
    """
    first = scenes[0]
    alike = all((s.scale, s.offset) == (first.scale, first.offset) for s in scenes)
    stack, reason = _read(scenes, block, as_numbers=alike)
    scaling = (first.scale, first.offset) if alike else None
    made = composite_numbers(stack, reason, statistic, percent=percent, scaling=scaling)
    form = (block.rows, block.columns)
    return CompositeBlock(
        made.reflectance.reshape(-1, *form),
        made.observations.reshape(form),
        made.reason.reshape(form),
    )


def composite_numbers(
    stack: Any,
    reason: NDArray[np.uint8],
    statistic: Statistic,
    *,
    percent: float,
    scaling: tuple[float, float] | None,
) -> CompositeBlock:
    """The composite of digital numbers (scenes, bands, pixels), in the order of dates.

    ``reason`` (scenes, pixels) is 0 where a scene is valid; ``scaling`` is (scale, offset) of all
    scenes, None when the numbers are reflectance already. Pixels stay in one row.
    """
    valid = reason == VALID
    # Numbers are sorted as they are in the file: a quarter of the memory, the same order.
    tolerance = TOLERANCE / scaling[0] if scaling else TOLERANCE
    made = _statistic(stack, valid, statistic, percent, tolerance=tolerance)
    if scaling:
        made *= np.float32(scaling[0])
        made += np.float32(scaling[1])
    seen = valid.sum(axis=0, dtype=np.uint16)
    why = np.where(seen > 0, VALID, reason[-1]).astype(np.uint8)
    return CompositeBlock(made, seen, why)


def _read(
    scenes: Sequence[CompositeScene], block: Block, *, as_numbers: bool
) -> tuple[Any, NDArray[np.uint8]]:
    """The bands of all scenes (scenes, bands, pixels), and why pixels of each are not used."""
    form = (len(scenes[0].bands), block.rows, block.columns)
    pixels = block.rows * block.columns
    reason = np.empty((len(scenes), pixels), np.uint8)
    stack: Any = None
    for place, scene in enumerate(scenes):
        with gdal_settings(), rasterio.open(scene.path) as dataset:
            if stack is None:
                exact = as_numbers and dataset.dtypes[scene.bands[0] - 1] == "uint16"
                stack = _room((len(scenes), *form), np.uint16 if exact else np.float32)
            numbers = dataset.read(list(scene.bands), window=block.window, out=stack[place])
            mask = np.empty(0, np.uint8)
            if scene.mask_band:
                mask = dataset.read(scene.mask_band, window=block.window).reshape(pixels)
        table = np.array(scene.mask_table or (0,), np.uint8)
        flat = numbers.reshape(form[0], pixels)
        reason[place] = reasons(flat, mask, table, nodata=scene.nodata, empty=NODATA)
        if not as_numbers:
            numbers *= np.float32(scene.scale)
            numbers += np.float32(scene.offset)
    return stack.reshape(len(scenes), form[0], pixels), reason


_rooms = threading.local()


def _room(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """An array for the stack of a block, one per thread and used again for every block: new memory
    has to be cleared by the system first, which costs as much as sorting.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if getattr(_rooms, "size", 0) < size:
        _rooms.size, _rooms.memory = size, np.empty(size, np.uint8)
    room: NDArray[Any] = _rooms.memory[:size].view(dtype).reshape(shape)
    return room


def composites(
    scenes: Sequence[CompositeScene],
    statistic: Statistic = "median",
    *,
    percent: float = 50.0,
    runner: Runner = Threads(),  # noqa: B008
) -> Iterator[tuple[Block, CompositeBlock]]:
    """The composite of scenes on one grid, block by block in order; each block can be forgotten.

    The order in which scenes are given is of no consequence. Without scenes there are no blocks.
    """
    in_order = tuple(sorted(scenes, key=lambda scene: (scene.date, str(scene.path))))
    if not in_order:
        return
    blocks = blocks_of(in_order)
    work = partial(composite_block, in_order, statistic, percent)
    yield from zip(blocks, runner.results(work, blocks), strict=True)


def write_composite(
    scenes: Sequence[CompositeScene],
    target: Path,
    statistic: Statistic = "median",
    *,
    percent: float = 50.0,
    names: Sequence[str] = (),
    runner: Runner = Threads(),  # noqa: B008
) -> dict[str, int]:
    """Write a composite as a tiled float32 GeoTIFF; returns its pixels by reason.

    Bands are the composite's bands and the number of observations. Nothing stays behind when a
    scene turns out damaged.
    """
    counts = np.zeros(len(REASONS), np.int64)
    beside = target.with_name(f".part-{target.name}")
    try:
        with rasterio.open(beside, "w", **_profile(scenes[0])) as made:
            made.descriptions = (*(names or map(str, scenes[0].bands)), "observations")
            parts = composites(scenes, statistic, percent=percent, runner=runner)
            for block, part in parts:
                bands = list(range(1, len(part.reflectance) + 1))
                made.write(part.reflectance, bands, window=block.window)
                seen = part.observations.astype(np.float32)
                made.write(seen, len(bands) + 1, window=block.window)
                counts += np.bincount(part.reason.ravel(), minlength=len(REASONS))
        beside.rename(target)
    finally:
        beside.unlink(missing_ok=True)
    return {REASONS[code]: int(count) for code, count in enumerate(counts) if count}


def _profile(scene: CompositeScene) -> dict[str, object]:
    with rasterio.open(scene.path) as dataset:
        place = {"crs": dataset.crs, "transform": dataset.transform}
        size = {"height": dataset.height, "width": dataset.width}
    packed = {"compress": "zstd", "zstd_level": 1, "predictor": 3, "num_threads": 1}
    tiles = {"blockxsize": 512, "blockysize": 512, "tiled": True, "interleave": "band"}
    kind = {"driver": "GTiff", "dtype": "float32", "nodata": math.nan, "bigtiff": "if_safer"}
    return {**kind, **place, **size, **packed, **tiles, "count": len(scene.bands) + 1}
