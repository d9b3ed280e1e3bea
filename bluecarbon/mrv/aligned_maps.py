"""One class map brought to the grid of another, pixel by pixel or by the class of most of a pixel.

"No data" votes like any number: where most of a pixel has none, it has none, and a number that a
file tags as no data but a legend names as a class is not lost. Only ground beyond it is filled.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyproj
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, Resampling
from rasterio.vrt import WarpedVRT

from bluecarbon.mrv.rasters import LATTICE_TOLERANCE_PX, Grid

EXACT_PX = 1e-6
"""Places of aligned pixels are exact to this, so that they are the same whatever block is read."""

BOUND_POINTS = 21
"""Sides of a rectangle bend in another projection: they are followed by this many points."""

Rule = Literal["refuse", "nearest", "mode"]


@dataclass(frozen=True)
class Aligned:
    """A map on another grid, read as a dataset is; ``fill`` stands where it has no pixel."""

    values: Any
    ground: Any
    fill: int

    @property
    def block_shapes(self) -> Any:
        """(rows, columns) of the tiles of each band."""
        return self.values.block_shapes

    def read(self, band: int, *, window: Any, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """(rows, columns) of a band in a window. RasterioError when the file is damaged."""
        numbers: NDArray[Any] = self.values.read(band, window=window, out=out)
        numbers[self.ground.read(self.ground.count, window=window) == 0] = self.fill
        return numbers


@contextmanager
def aligned_map(dataset: Any, grid: Grid, *, rule: Rule, fill: int | None) -> Iterator[Any]:
    """An open class map on ``grid`` by "nearest" or "mode"; ``fill`` where it has no ground.

    A pixel lies beyond the map when its centre does. Without ``fill`` the map covers the grid.
    """
    place = {"crs": grid.crs, "transform": grid.transform, "tolerance": EXACT_PX}
    # GDAL leaves its nodata out of the vote, and moves numbers that equal that of the result.
    place |= {"height": grid.height, "width": grid.width, "src_nodata": None, "nodata": None}
    own = Grid(dataset.crs, dataset.transform, dataset.height, dataset.width)
    with WarpedVRT(dataset, resampling=Resampling[rule], **place) as values:
        if fill is None or reaches(own, grid):
            yield values
            return
        # The alpha of a mode is set beyond the edge too; that of the nearest pixel is exact.
        alpha = ColorInterp.alpha not in dataset.colorinterp
        with WarpedVRT(dataset, resampling=Resampling.nearest, add_alpha=alpha, **place) as ground:
            yield Aligned(values, ground, fill)


def reaches(grid: Grid, wanted: Grid) -> bool:
    """Whether a grid covers all of another one, to a thousandth of its pixel."""
    bounds = wanted.bounds
    if grid.crs != wanted.crs:
        to_own = pyproj.Transformer.from_crs(wanted.crs, grid.crs, always_xy=True)
        bounds = to_own.transform_bounds(*bounds, densify_pts=BOUND_POINTS)
    left, bottom, right, top = grid.bounds
    across, down = np.multiply(grid.pixel_size, LATTICE_TOLERANCE_PX)
    inside = left - across <= bounds[0] <= bounds[2] <= right + across
    return bool(inside and bottom - down <= bounds[1] <= bounds[3] <= top + down)
