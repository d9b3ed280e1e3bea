"""Indices of whole scenes, block by block, in little more time than it takes to read them.

The four indices that maps are made with by default are taken of a block in one pass; see
:mod:`bluecarbon.mrv.kernels.spectral`. Files may be larger than memory. For other indices, or for
arrays in memory, see :mod:`bluecarbon.mrv.indices`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from bluecarbon.mrv.blocks import Block, Runner, Threads, gdal_settings, tile_blocks
from bluecarbon.mrv.kernels import spectral
from bluecarbon.mrv.kernels.spectral import FourIndices, four_indices
from bluecarbon.mrv.reasons import NODATA

FOUR = ("ndvi", "mndwi", "lswi", "mvi")
"""The indices, in the order of the layers of :class:`FourIndices`."""

BLOCK_PIXELS_MOST = 1_100_000
"""Four tiles of 512 x 512: the numbers and the indices of a block take 20 MB."""


@dataclass(frozen=True)
class IndexSource:
    """A scene's file and how its numbers are read; small and picklable.

    Attributes
    ----------
    bands : numbers (from 1) of green, red, near infrared and short-wave infrared 1
    shift : what is added to a digital number; -1000 for Sentinel-2 from baseline 04.00
    mask_band : number of the quality band; 0 when there is none
    mask_table : reason code of each number of the quality band
    """

    path: Path
    bands: tuple[int, int, int, int] = (1, 2, 3, 4)
    shift: float = 0.0
    mask_band: int = 0
    mask_table: tuple[int, ...] = ()


@dataclass(frozen=True)
class IndexSummary:
    """What a scene's indices add up to.

    Attributes
    ----------
    pixels : (256,) pixels by reason code; those of code 0 are valid
    totals : (4,) sums of the whole numbers of each index, which are indices x ``spectral.STEPS``
    """

    pixels: NDArray[np.int64]
    totals: NDArray[np.int64]

    def mean(self, index: str) -> float:
        """The mean of an index over the valid pixels; NaN where there is none."""
        place = FOUR.index(index)
        if not self.pixels[0]:
            return math.nan
        return float(self.totals[place] / self.pixels[0] / spectral.STEPS[place])


def blocks_of(source: IndexSource) -> tuple[Block, ...]:
    """The blocks of a scene, each of whole tiles of its file."""
    with rasterio.open(source.path) as dataset:
        rows, columns = dataset.block_shapes[0]
        return tile_blocks(
            dataset.height,
            dataset.width,
            tile_rows=rows,
            tile_columns=columns,
            pixels_most=BLOCK_PIXELS_MOST,
        )


def read_indices(source: IndexSource, block: Block, *, keep: bool = True) -> FourIndices:
    """The four indices of one block, and why pixels have none; pixels row by row.

    Without ``keep`` only counts and totals are of use, and a third of the memory is used.

    Raises
    ------
    rasterio.errors.RasterioIOError
        The file is damaged.
    """
    with gdal_settings(), rasterio.open(source.path) as dataset:
        numbers = dataset.read(list(source.bands), window=block.window)
        mask = np.empty(0, np.uint8)
        if source.mask_band:
            mask = dataset.read(source.mask_band, window=block.window).reshape(-1)
    table = np.array(source.mask_table or (0,), dtype=np.uint8)
    flat = numbers.reshape(4, -1)
    return four_indices(flat, mask, table, shift=source.shift, empty=NODATA, keep=keep)


def summarise(source: IndexSource, runner: Runner = Threads()) -> IndexSummary:  # noqa: B008
    """Summarise the indices of a whole scene without keeping its pixels.

    The same numbers whatever the runner, and whatever the size of the blocks.
    """
    parts = list(runner.results(partial(_summary, source), blocks_of(source)))
    return IndexSummary(
        pixels=np.sum([part.pixels for part in parts], axis=0),
        totals=np.sum([part.totals for part in parts], axis=0),
    )


def _summary(source: IndexSource, block: Block) -> IndexSummary:
    made = read_indices(source, block, keep=False)
    return IndexSummary(made.counts, made.totals)


def write_indices(
    source: IndexSource,
    target: Path,
    runner: Runner = Threads(),  # noqa: B008
) -> None:
    """Write the four indices and the reason codes of a scene as one tiled GeoTIFF (ZSTD).

    Bands 1-4 are int16 with scale and offset, :data:`spectral.GAP` is no data; band 5 the reason
    code. Blocks are written in their order, so the same scene gives the same bytes. Nothing stays
    behind when the scene turns out damaged.
    """
    blocks = blocks_of(source)
    beside = target.with_name(f".part-{target.name}")
    try:
        with rasterio.open(source.path) as dataset:
            profile = _profile(dataset)
        with rasterio.open(beside, "w", **profile) as made:
            made.scales = (*(1 / step for step in spectral.STEPS), 1.0)
            made.descriptions = (*FOUR, "reason")
            results = runner.results(partial(read_indices, source), blocks)
            for block, part in zip(blocks, results, strict=True):
                form = (block.rows, block.columns)
                made.write(part.values.reshape(4, *form), [1, 2, 3, 4], window=block.window)
                reason = part.reason.reshape(form).astype(np.int16)
                made.write(reason, 5, window=block.window)
        beside.rename(target)
    finally:
        beside.unlink(missing_ok=True)


def _profile(dataset: rasterio.DatasetReader) -> dict[str, object]:
    side = {"blockxsize": 512, "blockysize": 512, "tiled": True}
    place = {"crs": dataset.crs, "transform": dataset.transform}
    size = {"height": dataset.height, "width": dataset.width, "count": 5, "dtype": "int16"}
    packed = {"compress": "zstd", "zstd_level": 1, "predictor": 2, "num_threads": 1}
    options = {"driver": "GTiff", "nodata": spectral.GAP, "interleave": "band"}
    return {**options, **side, **place, **size, **packed, "bigtiff": "if_safer"}
