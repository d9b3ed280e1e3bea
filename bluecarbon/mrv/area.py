"""Areas on the ellipsoid: what a pixel covers, and how much of it lies inside a polygon.

A pixel of a map projection is not its side squared: in UTM the error runs from +0.08 % to -0.2 %
within one zone, and a pixel in degrees shrinks with latitude. Polygons cut pixels, and a cut pixel
counts by the fraction that is inside (exactextract).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyproj
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from numpy.typing import NDArray

from bluecarbon.mrv.areal_scale import ArealScale
from bluecarbon.mrv.rasters import EDGE_STEP_DEGREES, Geometry, Grid

SCALE_NODES_PER_SIDE = 41
"""The areal scale of a projection is smooth: 41 nodes interpolate it to about 1e-7 over a tile."""


@dataclass(frozen=True)
class Weights:
    """Hectares of each pixel that lie in a polygon, on the part of a grid that it touches."""

    rows: slice
    columns: slice
    area_ha: NDArray[np.float64]

    def of(self, codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The part of a map of the whole grid that these weights belong to."""
        return codes[self.rows, self.columns]

    @property
    def total_ha(self) -> float:
        """Hectares of the polygon on the grid."""
        return float(self.area_ha.sum())


def pixel_area_ha(grid: Grid) -> NDArray[np.float64]:
    """Area of every pixel on the ellipsoid of the grid's coordinate system, hectares.

    Returns
    -------
    Array of shape (height, width). On a geographic grid from the closed form for the zone between
    two parallels (Snyder 1987, USGS PP 1395, eq. 3-12 for q); on a projected grid the planar area
    divided by the areal scale of the projection, which is interpolated from a coarse lattice.
    """
    scale = ArealScale(grid)
    if scale.crs.is_geographic:
        return np.repeat(_geographic_rows_ha(scale)[:, None], grid.width, axis=1)
    return _projected_ha(scale)


def _geographic_rows_ha(scale: ArealScale) -> NDArray[np.float64]:
    across, down = scale.grid.pixel_size
    latitude = np.asarray(scale.grid.transform.f - down * np.arange(scale.grid.height + 1.0))
    return scale.zone_ha(latitude[:-1], latitude[1:], across)


def _projected_ha(scale: ArealScale) -> NDArray[np.float64]:
    row_nodes, row_weights = _nodes(scale.grid.height)
    column_nodes, column_weights = _nodes(scale.grid.width)
    columns, rows = np.meshgrid(column_nodes, row_nodes)
    nodes_ha = scale.planar_ha / scale.scale(rows, columns)
    return np.asarray(row_weights @ nodes_ha @ column_weights.T)


def _nodes(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes along one side in pixels, and the weights (count, nodes) that interpolate between."""
    centres = np.arange(count) + 0.5
    nodes = np.linspace(0.0, count, min(SCALE_NODES_PER_SIDE, count + 1))
    weights = np.column_stack([np.interp(centres, nodes, hat) for hat in np.eye(len(nodes))])
    return nodes, weights


def to_grid(geometry: Geometry, grid: Grid) -> Geometry:
    """A WGS 84 geometry in the coordinate system of the grid, its edges followed by points."""
    crs = pyproj.CRS.from_user_input(grid.crs)
    forward = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    fine = geometry if crs.is_geographic else shapely.segmentize(geometry, EDGE_STEP_DEGREES)
    return shapely.transform(fine, forward.transform, interleaved=False)


def covered_fraction(geometry: Geometry, grid: Grid) -> tuple[slice, slice, NDArray[np.float64]]:
    """The fraction of each pixel that lies inside a WGS 84 polygon.

    Returns
    -------
    The rows and columns of the grid that the polygon touches, and the fractions (0 to 1) on them;
    empty slices when it touches none.
    """
    cells, fractions = _cells(to_grid(geometry, grid), grid)
    if cells.size == 0:
        return slice(0, 0), slice(0, 0), np.zeros((0, 0))
    row, column = np.divmod(cells, grid.width)
    rows = slice(int(row.min()), int(row.max()) + 1)
    columns = slice(int(column.min()), int(column.max()) + 1)
    result = np.zeros((rows.stop - rows.start, columns.stop - columns.start))
    result[row - rows.start, column - columns.start] = fractions
    return rows, columns, result


def _cells(polygon: Geometry, grid: Grid) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    left, bottom, right, top = grid.bounds
    # exactextract reads the lattice from an array; a broadcast zero costs no memory.
    blank = np.broadcast_to(np.zeros(1, dtype=np.uint8), (grid.height, grid.width))
    source = NumPyRasterSource(blank, left, bottom, right, top)
    feature = {
        "type": "Feature",
        "geometry": shapely.geometry.mapping(polygon),
        "properties": {},
    }
    answer = exact_extract(source, [feature], ["cell_id", "coverage"])[0]["properties"]
    cells = np.asarray(answer["cell_id"], dtype=np.int64)
    fractions = np.asarray(answer["coverage"], dtype=np.float64)
    inside = fractions > 0
    return cells[inside], fractions[inside]


def weights_of(geometry: Geometry, grid: Grid, pixel_ha: NDArray[np.float64]) -> Weights:
    """Hectares of each pixel inside a WGS 84 polygon; ``pixel_ha`` from :func:`pixel_area_ha`."""
    rows, columns, fraction = covered_fraction(geometry, grid)
    return Weights(rows, columns, fraction * pixel_ha[rows, columns])


def class_areas_ha(codes: NDArray[np.uint8], weights: Weights) -> dict[int, float]:
    """Hectares of every code of a map (of the whole grid) inside a polygon, by code."""
    sums = np.bincount(weights.of(codes).ravel(), weights=weights.area_ha.ravel(), minlength=256)
    return {int(code): float(sums[code]) for code in np.flatnonzero(sums > 0)}
