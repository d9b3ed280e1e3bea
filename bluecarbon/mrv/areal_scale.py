"""What one pixel covers on the ellipsoid: the only place where a pixel becomes hectares.

A pixel of a map projection is not its side squared, and one in degrees shrinks with latitude.
Both change so slowly that over some kilometres the area is a polynomial of second degree in row
and column; :func:`cell_polynomials` fits it, and counting does the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyproj
from numpy.typing import NDArray

from bluecarbon.mrv.blocks import Block
from bluecarbon.mrv.rasters import Grid

M2_PER_HA = 10_000.0

CELL_DEGREES = 0.3
"""Side of a cell in which the area is a polynomial of second degree, about 33 km: what is left
of the third degree is less than one part in 10**8."""

WEB_MERCATOR = "Popular Visualisation Pseudo Mercator"
METRES_PER_DEGREE = 111_320.0
WORD_PX = 8
"""Cells begin at multiples of this, so that kernels may compare eight pixels at once."""

FIT_NODES = 4
"""Nodes per side of a cell through which its polynomial is fitted."""

Floats = NDArray[np.float64]


class ArealScale:
    """Areas of the pixels of one grid, at any (fractional) row and column."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.crs = pyproj.CRS.from_user_input(grid.crs)

    def pixel_ha(self, row: Floats, column: Floats) -> Floats:
        """Area of the pixels whose centres are at the given rows and columns, hectares.

        The first pixel's centre is at (0.5, 0.5). On a geographic grid by the closed form for a
        zone, on a projected one the planar area by the areal scale of the projection there.
        """
        if self.crs.is_geographic:
            across, down = self.grid.pixel_size
            top = self.grid.transform.f - down * (row - 0.5)
            return self.zone_ha(top, top - down, across)
        return self.planar_ha / self.scale(row, column)

    def zone_ha(self, top: Floats, bottom: Floats, width: float) -> Floats:
        """Area between two parallels and two meridians ``width`` degrees apart, hectares.

        The closed form for the zone of an ellipsoid (Snyder 1987, USGS PP 1395, eq. 3-12 for q).
        """
        zone_m2 = 0.5 * self._geod.a**2 * np.radians(width) * (self._q(top) - self._q(bottom))
        return np.asarray(zone_m2 / M2_PER_HA)

    def _q(self, latitude: Floats) -> Floats:
        e2 = self._geod.es
        e, sine = np.sqrt(e2), np.sin(np.radians(latitude))
        # On a sphere the second term of q tends to the first.
        second = np.arctanh(e * sine) / e if e2 else sine
        return np.asarray((1 - e2) * (sine / (1 - e2 * sine**2) + second))

    @cached_property
    def _geod(self) -> Any:
        return self.crs.get_geod() or pyproj.Geod(ellps="WGS84")

    @cached_property
    def planar_ha(self) -> float:
        """Width times height of a pixel of a projected grid, hectares."""
        across, down = self._pixel_m
        return across * down / M2_PER_HA

    @cached_property
    def _pixel_m(self) -> tuple[float, float]:
        across, down = self.grid.pixel_size
        metres = [axis.unit_conversion_factor for axis in self.crs.axis_info[:2]]
        return across * metres[0], down * metres[1]

    def scale(self, row: Floats, column: Floats) -> Floats:
        """The areal scale of the projection: planar area over area on the ellipsoid."""
        across, down = self.grid.pixel_size
        x = self.grid.transform.c + across * column
        y = self.grid.transform.f - down * row
        x, y = np.broadcast_arrays(x, y)
        projection = pyproj.Proj(self.crs)
        longitude, latitude = projection(x, y, inverse=True)
        factors = np.asarray(projection.get_factors(longitude, latitude).areal_scale)
        return factors * self._of_sphere(latitude) if self._web_mercator else factors

    @cached_property
    def _web_mercator(self) -> bool:
        operation = self.crs.coordinate_operation
        return operation is not None and operation.method_name == WEB_MERCATOR

    def _of_sphere(self, latitude: Floats) -> Floats:
        """Area on a sphere over area on the ellipsoid at one geodetic latitude.

        Web Mercator draws geodetic latitudes by the formulas of a sphere (EPSG Guidance Note 7-2,
        method 1024), and its factors are of that sphere: areas would be 0.6 % too large.
        """
        e2 = self._geod.es
        sine = np.sin(np.radians(latitude))
        return np.asarray((1 - e2 * sine**2) ** 2 / (1 - e2))

    @property
    def cell_px(self) -> tuple[int, int]:
        """Rows and columns of a cell, the columns a multiple of :data:`WORD_PX`."""
        if self.crs.is_geographic:
            across, down = self.grid.pixel_size
        else:
            across, down = (side / METRES_PER_DEGREE for side in self._pixel_m)
        rows, columns = int(CELL_DEGREES / down), int(CELL_DEGREES / across)
        return max(rows, 1), max(columns // WORD_PX, 1) * WORD_PX


def cells_of(block: Block, cell_px: tuple[int, int]) -> tuple[Block, ...]:
    """The cells into which a block is cut; they count from the block's first row and column."""
    rows, columns = cell_px
    return tuple(
        Block(row, column, min(rows, block.rows - row), min(columns, block.columns - column))
        for row in range(0, block.rows, rows)
        for column in range(0, block.columns, columns)
    )


def cell_polynomials(scale: ArealScale, cells: Sequence[Block]) -> Floats:
    """The area of a pixel in each cell as a polynomial, hectares; shape (cells, 6).

    ``cells`` are in rows and columns of the grid. The coefficients belong to 1, c, c c, r, r r
    and r c, where r and c count from the cell's first row and column, as the moments of
    :func:`bluecarbon.mrv.kernels.histograms.run_moments` do.
    """
    sides = np.array([(cell.rows, cell.columns) for cell in cells], dtype=np.float64)
    corners = np.array([(cell.row, cell.column) for cell in cells], dtype=np.float64)
    part = np.linspace(0.0, 1.0, FIT_NODES)
    v, u = (axis.ravel() for axis in np.meshgrid(part, part, indexing="ij"))
    span = sides[:, :, None] - 1.0
    row = corners[:, :1] + v * span[:, 0]
    column = corners[:, 1:] + u * span[:, 1]
    area_ha = scale.pixel_ha(row + 0.5, column + 0.5)
    terms = np.column_stack([np.ones_like(u), u, u * u, v, v * v, u * v])
    fitted = area_ha @ np.linalg.pinv(terms).T
    # A cell of one row or column has no slope across it: its span is taken as 1, not 0.
    height, width = np.maximum(span[:, 0, 0], 1.0), np.maximum(span[:, 1, 0], 1.0)
    units = [np.ones_like(width), width, width**2, height, height**2, width * height]
    return np.asarray(fitted / np.column_stack(units))
