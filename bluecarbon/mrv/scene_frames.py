"""Where the frame of a scene ends: ground beyond it was not looked at; no sensor failed there.

A scene of another place, brought to the grid of the first, is all nodata and adds nothing.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.warp import transform_bounds

from bluecarbon.mrv.rasters import Grid
from bluecarbon.mrv.reasons import NODATA, OUTSIDE
from bluecarbon.spec import Finding

TURN = 360.0


def no_ground_findings(grid: Grid, first: Grid, names: tuple[str, str]) -> tuple[Finding, ...]:
    """The finding ``scene-no-overlap`` for a scene that shares no ground with the first one.

    ``names`` are those of the scene and of the first one, by which the user knows them.
    """
    west, south, east, north = _bounds_in(grid, first)
    left, bottom, right, top = first.bounds
    known = all(math.isfinite(place) for place in (west, south, east, north))
    if not known or not (south < top and bottom < north):
        return (_no_overlap(names, turned=False),) if known else ()
    if west < right and left < east:
        return ()
    turned = first.crs.is_geographic and any(
        west + turn < right and left < east + turn for turn in (-TURN, TURN)
    )
    return (_no_overlap(names, turned=turned),)


def _no_overlap(names: tuple[str, str], *, turned: bool) -> Finding:
    message, fix = f"the scene and {names[1]} have no ground in common", "name scenes of one place"
    if turned:
        message += " as they are written: one counts longitudes across the antimeridian"
        fix = "write both with the same longitudes, e.g. gdalwarp -te with 0 to 360"
    return Finding.error("scene-no-overlap", names[0], message, fix=fix)


def _bounds_in(grid: Grid, first: Grid) -> tuple[float, float, float, float]:
    if grid.crs == first.crs:
        return grid.bounds
    west, south, east, north = transform_bounds(grid.crs, first.crs, *grid.bounds)
    return west, south, east, north


def booked_outside(reason: NDArray[np.uint8], grid: Grid, frame: Grid) -> NDArray[np.uint8]:
    """The reasons (height, width) on ``grid``, nodata beyond a scene's own frame as outside.

    A pixel is where its centre is.
    """
    rows, columns = np.nonzero(reason == NODATA)
    if len(rows) == 0:
        return reason
    (across, down), corner = grid.pixel_size, grid.transform
    x, y = corner.c + (columns + 0.5) * across, corner.f - (rows + 0.5) * down
    if grid.crs != frame.crs:
        x, y = Transformer.from_crs(grid.crs, frame.crs, always_xy=True).transform(x, y)
    (across, down), corner = frame.pixel_size, frame.transform
    row, column = np.asarray((corner.f - y) / down), np.asarray((x - corner.c) / across)
    inside = frame.holds(row, column)
    booked = reason.copy()
    booked[rows[~inside], columns[~inside]] = OUTSIDE
    return booked
