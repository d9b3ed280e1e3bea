"""How much of each class lies under a polygon, in pixels of one block of maps.

Cut pixels count by the part that is inside, or, with ``centres``, whole when their centre is. The
twin of the compiled loop is exactextract, whose parts are 32-bit numbers: both agree to 1e-6 of a
pixel.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv.kernels.compiled import loops
from bluecarbon.mrv.kernels.histograms import combinations

Codes = NDArray[np.uint8]
Floats = NDArray[np.float64]

WORD = 8
MAPS_MAX = 7
"""Codes of more maps than this do not fit into one number of the compiled loop."""


class Window(NamedTuple):
    """Rows and columns of a block: first and end of each."""

    row: int
    end_row: int
    column: int
    end_column: int


class CellAreas(NamedTuple):
    """The area of a pixel: rows and columns of a cell, and a polynomial for each (cells, 6)."""

    rows: int
    columns: int
    polynomials: Floats

    def area_ha(self, row: NDArray[np.int64], column: NDArray[np.int64], width: int) -> Floats:
        """Hectares of pixels of a block that is ``width`` pixels wide."""
        across = -(-width // self.columns)
        p = self.polynomials[row // self.rows * across + column // self.columns]
        r, c = row % self.rows, column % self.columns
        terms = np.column_stack([np.ones_like(r), c, c * c, r, r * r, r * c])
        return np.asarray((p * terms).sum(axis=1))


def covered(
    edges: Floats, maps: Codes, width: int, areas: CellAreas, *, centres: bool = False
) -> tuple[Codes, Floats]:
    """The codes under a polygon.

    Parameters
    ----------
    edges : (n, 4) x, y, x, y in pixels of the block, from its upper left corner; rings run so
        that outer ones are counter-clockwise on the map
    maps : (maps, rows, columns) uint8, C-contiguous; columns beyond ``width`` are padding
    areas : hectares of the block's pixels

    Returns
    -------
    The combinations that occur (n, maps) in ascending order; the pixels covered of each, and their
    hectares (n, 2).
    """
    window = _window(edges, maps.shape[1], width)
    if window is None:
        return np.zeros((0, len(maps)), np.uint8), np.zeros((0, 2))
    compiled = loops("coverage") if len(maps) <= MAPS_MAX else None
    if compiled is None:
        return covered_numpy(edges, maps, window, (width, areas), centres=centres)
    # The polynomials are numbered over the maps without their padding.
    inside = maps[:, :, :width]
    keys, sums = compiled.covered(edges, inside, window, tuple(areas), centres)
    taken = np.flatnonzero(sums[:, 0])
    order = taken[np.argsort(keys[taken])]
    codes = keys[order].astype(">u8").view(np.uint8).reshape(-1, WORD)[:, WORD - len(maps) :]
    return np.ascontiguousarray(codes), sums[order]


def _window(edges: Floats, rows: int, width: int) -> Window | None:
    """The part of the block that the extent of the edges touches."""
    x, y = edges[:, [0, 2]], edges[:, [1, 3]]
    window = Window(
        max(int(np.floor(y.min())), 0),
        min(int(np.ceil(y.max())), rows),
        max(int(np.floor(x.min())), 0),
        min(int(np.ceil(x.max())), width),
    )
    empty = window.row >= window.end_row or window.column >= window.end_column
    return None if empty else window


def covered_numpy(
    edges: Floats, maps: Codes, window: Window, areas: tuple[int, CellAreas], *, centres: bool
) -> tuple[Codes, Floats]:
    """The twin of the compiled loop."""
    row, column, part = _centres(edges, window) if centres else _fractions(edges, window)
    width, cells = areas
    found, place = combinations(maps[:, row, column])
    area_ha = part * cells.area_ha(row, column, width)
    sums = [np.bincount(place, weights=values, minlength=len(found)) for values in (part, area_ha)]
    return found, np.column_stack(sums)


def _fractions(
    edges: Floats, window: Window
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    import shapely
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    rows, columns = window.end_row - window.row, window.end_column - window.column
    blank = np.broadcast_to(np.zeros(1, dtype=np.uint8), (rows, columns))
    # y counts downwards in rows, and upwards in the lattice of exactextract
    source = NumPyRasterSource(
        blank, window.column, -window.end_row, window.end_column, -window.row
    )
    polygon = shapely.transform(polygon_of(edges), lambda xy: xy * [1.0, -1.0])
    feature = {
        "type": "Feature",
        "geometry": shapely.geometry.mapping(polygon),
        "properties": {},
    }
    answer = exact_extract(source, [feature], ["cell_id", "coverage"])[0]["properties"]
    fraction = np.asarray(answer["coverage"], dtype=np.float64)
    row, column = np.divmod(np.asarray(answer["cell_id"], dtype=np.int64), columns)
    inside = fraction > 0
    return row[inside] + window.row, column[inside] + window.column, fraction[inside]


def _centres(edges: Floats, window: Window) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """By the winding number of every centre: +1 or -1 for each edge to its left."""
    rows, columns = window.end_row - window.row, window.end_column - window.column
    y = np.arange(window.row, window.end_row) + 0.5
    winding = np.zeros((rows, columns + 1))
    for x0, y0, x1, y1 in edges:
        lines = np.flatnonzero((y >= min(y0, y1)) & (y < max(y0, y1)))
        if y0 == y1:
            continue
        x = x0 + (x1 - x0) * (y[lines] - y0) / (y1 - y0)
        pixel = np.clip(np.ceil(x - 0.5).astype(np.int64) - window.column, 0, columns)
        np.add.at(winding, (lines, pixel), 1.0 if y0 < y1 else -1.0)
    row, column = np.nonzero(np.cumsum(winding, axis=1)[:, :-1])
    return row + window.row, column + window.column, np.ones(len(row))


def polygon_of(edges: Floats) -> object:
    """The polygon that edges (n, 4) of closed rings enclose; rings follow one another."""
    import shapely

    ends = np.flatnonzero((edges[1:, :2] != edges[:-1, 2:]).any(axis=1)) + 1
    rings = [shapely.Polygon(part[:, :2]) for part in np.split(edges, ends)]
    result = shapely.Polygon()
    for ring in rings:
        # holes lie in what they are cut from: taking the difference of both ways adds and cuts
        result = result.symmetric_difference(ring)
    return result
