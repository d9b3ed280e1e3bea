"""Sizes of the strata of a sample, counted only where the map that is judged has data.

A stratum is what its points speak for (Stehman 2014, doi:10.1080/01431161.2014.930207: A_h of
eq. 3 is the ground from which n_h points were drawn). Points where the map has no data are left
out, so that ground must be left out too, or the strata with most of it would weigh too much.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import Transformer

from bluecarbon.mrv.area import pixel_area_ha
from bluecarbon.mrv.blocks import Block, Runner, Threads, gdal_settings, tile_blocks
from bluecarbon.mrv.class_sizes import grid_of, says_nothing
from bluecarbon.mrv.rasters import Grid, opened
from bluecarbon.spec import Finding

BLOCK_PIXELS_MOST = 1 << 20
"""Places of a block's pixels on another grid are numbers of 8 bytes, several for each pixel."""

BEYOND_SHARE_LEAST = 1e-6
"""Less ground than this share is rounding where the two grids differ."""

Findings = tuple[Finding, ...]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Layer:
    """One band of classes: where it lies, and which of its numbers say nothing."""

    path: Path
    band: int
    names: Mapping[int, str]
    grid: Grid
    nodata: float | None

    @classmethod
    def of(cls, path: Path, band: int, names: Mapping[int, str]) -> Layer:
        """The layer of a readable raster; ``names`` is number -> class, empty for none."""
        with opened(path) as dataset:
            grid = Grid(dataset.crs, dataset.transform, dataset.height, dataset.width)
            return cls(path, band, names, grid, dataset.nodata)

    def read(self, block: Block) -> Codes:
        """The numbers of a block, shape (rows, columns)."""
        with gdal_settings(), opened(self.path) as dataset:
            return np.asarray(dataset.read(self.band, window=block.window), dtype=np.int64)

    def read_at(self, part: Grid) -> tuple[Codes, NDArray[np.bool_]]:
        """The number at the centre of every pixel of another grid, and where this layer has one."""
        row, column, inside = centres_on(part, self.grid)
        if not inside.any():
            return np.zeros(inside.shape, dtype=np.int64), inside
        first, left = int(row[inside].min()), int(column[inside].min())
        rows, columns = int(row[inside].max()) - first + 1, int(column[inside].max()) - left + 1
        codes = self.read(Block(first, left, rows, columns))
        place = np.where(inside, row - first, 0), np.where(inside, column - left, 0)
        return codes[place], inside

    def says_something(self, codes: Codes) -> NDArray[np.bool_]:
        """Which numbers are classes."""
        return classes_among(codes, self.nodata, self.names)


def classes_among(codes: Codes, nodata: Any, names: Mapping[int, str]) -> NDArray[np.bool_]:
    """Which numbers are classes: neither "no data" nor what nobody saw; the shape of ``codes``."""
    numbers, place = np.unique(codes, return_inverse=True)
    known = np.array([not says_nothing(int(code), nodata, names) for code in numbers], dtype=bool)
    return known[place].reshape(codes.shape)


def centres_on(part: Grid, other: Grid) -> tuple[Codes, Codes, NDArray[np.bool_]]:
    """Row and column on ``other`` of the centre of every pixel of ``part``, and which lie on it.

    Shape (rows, columns) of ``part``; places off the other grid are 0.
    """
    across, down = part.pixel_size
    x, y = np.meshgrid(
        part.transform.c + (np.arange(part.width) + 0.5) * across,
        part.transform.f - (np.arange(part.height) + 0.5) * down,
    )
    if part.crs != other.crs:
        x, y = Transformer.from_crs(part.crs, other.crs, always_xy=True).transform(x, y)
    across, down = other.pixel_size
    row, column = (other.transform.f - y) / down, (x - other.transform.c) / across
    inside = other.holds(row, column)
    whole = [np.floor(np.where(inside, place, 0)).astype(np.int64) for place in (row, column)]
    return whole[0], whole[1], inside


def is_finer(one: Grid, other: Grid) -> bool:
    """Whether the pixels of one grid are no larger than those of the other, in their middles."""
    return _middle_ha(one) <= _middle_ha(other) * (1 + BEYOND_SHARE_LEAST)


def _middle_ha(grid: Grid) -> float:
    row, column = grid.height // 2, grid.width // 2
    pixel = grid.part(slice(row, row + 1), slice(column, column + 1))
    return float(pixel_area_ha(pixel).ravel()[0])


def sizes_where_mapped(
    strata: Layer, class_map: Layer, *, runner: Runner | None = None
) -> pd.DataFrame:
    """Pixels and geodesic hectares of every number of ``strata`` where the map has a class.

    Columns code, pixels, area_ha. Counted on the finer of the two grids, by the centre of its
    pixels: exact where the grids share their lattice. Raises what :mod:`rasterio` raises.
    """
    on_strata = is_finer(strata.grid, class_map.grid)
    finer = strata if on_strata else class_map
    with opened(finer.path) as dataset:
        tile_rows, tile_columns = dataset.block_shapes[0]
    blocks = tile_blocks(
        finer.grid.height,
        finer.grid.width,
        tile_rows=int(tile_rows),
        tile_columns=int(tile_columns),
        pixels_most=BLOCK_PIXELS_MOST,
    )
    work = partial(_block_sizes, strata, class_map, on_strata)
    parts = [row for rows in (runner or Threads()).results(work, blocks) for row in rows]
    table = pd.DataFrame(parts, columns=["code", "pixels", "area_ha"])
    return table.groupby("code", as_index=False, sort=True).sum()


def _block_sizes(
    strata: Layer, class_map: Layer, on_strata: bool, block: Block
) -> list[tuple[int, int, float]]:
    part = grid_of((strata if on_strata else class_map).grid, block)
    if on_strata:
        numbers, (classes, there) = strata.read(block), class_map.read_at(part)
    else:
        classes, (numbers, there) = class_map.read(block), strata.read_at(part)
    return sizes_of(numbers, there & class_map.says_something(classes), pixel_area_ha(part))


def sizes_of(
    numbers: Codes, mapped: NDArray[np.bool_], area_ha: NDArray[np.float64]
) -> list[tuple[int, int, float]]:
    """(number, pixels, hectares) of every number where ``mapped``; all of one shape."""
    area_ha = np.broadcast_to(area_ha, numbers.shape)[mapped]
    codes, place = np.unique(numbers[mapped], return_inverse=True)
    pixels, hectares = np.bincount(place), np.bincount(place, weights=area_ha)
    return [(int(codes[i]), int(pixels[i]), float(hectares[i])) for i in range(len(codes))]


def beyond_map(all_ha: float, mapped_ha: float, *, subject: str) -> Findings:
    """What is said of strata that reach where the map has no data; nothing where none does."""
    beyond_ha = all_ha - mapped_ha
    if beyond_ha <= BEYOND_SHARE_LEAST * all_ha:
        return ()
    message = (
        f"{beyond_ha:,.2f} ha of the strata ({beyond_ha / all_ha:.2%}) lie where the map has no "
        f"data; they weigh by the {mapped_ha:,.2f} ha where it has some"
    )
    fix = "nothing is estimated for the ground that the map does not show"
    return (Finding.warning("strata-beyond-map", subject, message, fix=fix),)
