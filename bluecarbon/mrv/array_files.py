"""Arrays as files: what xarray holds, written block by block so that block engines can read it.

An array may lie in memory, in a file that xarray reads when asked (NetCDF, Zarr), or be computed
by dask: one block of it is in memory at a time. Files are tiled and not packed, because they live
for one call (:mod:`bluecarbon.mrv.map_sources`, :mod:`bluecarbon.mrv.scene_sources`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from bluecarbon.errors import DataError, OutputError
from bluecarbon.mrv.blocks import Block, gdal_settings, tile_blocks
from bluecarbon.mrv.rasters import Grid, unreadable

if TYPE_CHECKING:
    import xarray as xr

BLOCK_BYTES = 16_000_000
"""About so much of an array is in memory at once, unless a single chunk of dask holds more."""

TILE_PX = 512
"""As in the maps that this engine writes: blocks, and so the order of sums, are those of a file."""

Values = NDArray[Any]


@dataclass(frozen=True)
class ArrayFile:
    """One file to be written: where, the number that means "no data", and how it is described."""

    path: Path
    nodata: float | None = None
    describe: Callable[[Any], None] | None = None


def write_layers(
    array: xr.DataArray,
    grid: Grid,
    targets: Sequence[ArrayFile],
    *,
    dtype: np.dtype[Any],
    numbers: Callable[[Values], Values],
    what: str = "class-map",
) -> None:
    """Write an array (layer, y, x), the layers shared out evenly among the files in their order.

    With as many files as layers each holds one band, with one file it holds them all. ``numbers``
    turns the values of a block (layer, rows, columns) into those of the file, of ``dtype``, and
    may raise: then the files are not whole, and the caller removes them.

    Raises
    ------
    DataError
        The array is read from a file that is damaged: ``<what>-unreadable``.
    OutputError
        The place is full or cannot be written.
    """
    bands = array.shape[0] // len(targets)
    try:
        with gdal_settings(), ExitStack() as files:
            opened = [files.enter_context(_created(t, grid, bands, dtype)) for t in targets]
            for block in _blocks(array, grid):
                part = array[(slice(None), *block.slices)]
                values = numbers(_values(part, targets[0].path.name, what))
                for place, target in enumerate(opened):
                    target.write(values[place * bands : (place + 1) * bands], window=block.window)
    except RasterioError as error:
        raise OutputError(f"{targets[0].path.parent}: cannot be written: {error}") from error


def _values(part: xr.DataArray, subject: str, what: str) -> Values:
    try:
        return np.asarray(part.values)
    except (RasterioError, OSError, RuntimeError, ValueError) as error:
        # Whatever the reader of a format raises: the pixels are not there.
        raise DataError([unreadable(subject, what, error)]) from error


def _created(target: ArrayFile, grid: Grid, bands: int, dtype: np.dtype[Any]) -> Any:
    place = {"crs": grid.crs, "transform": grid.transform, "nodata": target.nodata}
    size = {"height": grid.height, "width": grid.width, "count": bands, "dtype": dtype.name}
    tiles = {"tiled": True, "blockxsize": TILE_PX, "blockysize": TILE_PX, "interleave": "band"}
    file = rasterio.open(
        target.path, "w", driver="GTiff", bigtiff="if_needed", **place, **size, **tiles
    )
    if target.describe is not None:
        target.describe(file)
    return file


def _blocks(array: xr.DataArray, grid: Grid) -> Iterator[Block]:
    """Blocks of an array; whole chunks of a dask array, so that none is computed twice."""
    if not array.chunks:
        pixel_bytes = array.shape[0] * array.dtype.itemsize
        yield from tile_blocks(
            grid.height,
            grid.width,
            tile_rows=TILE_PX,
            tile_columns=TILE_PX,
            pixels_most=max(BLOCK_BYTES // pixel_bytes, TILE_PX * TILE_PX),
        )
        return
    rows, columns = (_spans(sizes) for sizes in array.chunks[1:])
    for row, height in rows:
        for column, width in columns:
            yield Block(row, column, height, width)


def _spans(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Start and length of neighbouring chunks that are at least a tile long together."""
    spans: list[tuple[int, int]] = []
    start = length = 0
    for size in sizes:
        length += size
        if length >= TILE_PX:
            spans.append((start, length))
            start, length = start + length, 0
    return [*spans, *([(start, length)] if length else [])]
