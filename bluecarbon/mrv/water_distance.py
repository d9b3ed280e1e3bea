"""The distance to large water of a raster that is larger than memory, never too great.

Water is looked for in cells of 8 x 8 pixels: a cell is water as soon as one of its pixels is, and
the distance is that between the nearest edges of cells. So it is never above the true distance:
a mask made with it may look for mangrove in vain, but hides none for the coarseness of its cells.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from bluecarbon.mrv.blocks import Block
from bluecarbon.mrv.covariates import large_water, pixel_size_m
from bluecarbon.mrv.rasters import Grid

CELL_PX = 8


@dataclass(frozen=True)
class CoarseDistance:
    """Metres (cells down, cells across) float32; NaN, not known, where there is no large water."""

    metres: NDArray[np.float32]

    def of(self, block: Block) -> NDArray[np.float32]:
        """The distance of every pixel of a block."""
        rows = np.arange(block.row, block.row + block.rows) // CELL_PX
        columns = np.arange(block.column, block.column + block.columns) // CELL_PX
        return self.metres[np.ix_(rows, columns)]


def water_cells(water: NDArray[np.bool_], block: Block) -> NDArray[np.intp]:
    """Cells (n, 2), row and column, that hold a water pixel of a block (height, width)."""
    rows, columns = np.nonzero(water)
    cells = np.stack([(rows + block.row) // CELL_PX, (columns + block.column) // CELL_PX], axis=1)
    return np.unique(cells, axis=0)


def coarse_distance(
    cells: Iterable[NDArray[np.intp]], grid: Grid, *, area_min_ha: float
) -> CoarseDistance:
    """The distance to the parts of the water (of :func:`water_cells`) that are large enough."""
    from scipy.ndimage import distance_transform_edt

    shape = -(-grid.height // CELL_PX), -(-grid.width // CELL_PX)
    water = np.zeros(shape, dtype=bool)
    for part in cells:
        water[part[:, 0], part[:, 1]] = True
    across, down = grid.pixel_size
    corner = grid.transform.c, grid.transform.f
    cell = Affine(across * CELL_PX, 0.0, corner[0], 0.0, -down * CELL_PX, corner[1])
    coarse = Grid(grid.crs, cell, *shape)
    large = large_water(water, coarse, area_min_ha)
    if not large.any():
        return CoarseDistance(np.full(shape, np.nan, np.float32))
    across, down = pixel_size_m(coarse)
    between = distance_transform_edt(~large, sampling=(down, across))
    # Pixels of two cells may be nearer than the cells' middles by one diagonal.
    nearest = np.maximum(between - np.hypot(across, down), 0.0)
    return CoarseDistance(nearest.astype(np.float32))
