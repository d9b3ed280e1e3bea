"""Declared GCJ-02 and BD-09 positions to WGS 84, with the note that goes into the report."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from bluecarbon.mrv.chinese_coordinates import LonLat, is_in_shifted_rectangle, mean_shift, to_wgs84
from bluecarbon.mrv.rasters import Geometry
from bluecarbon.mrv.shift_checks import NAMES
from bluecarbon.project_coordinates import Coordinates
from bluecarbon.spec import Finding

Findings = tuple[Finding, ...]


def converted_positions(
    rows: pd.DataFrame, file: str, coordinates: Coordinates
) -> tuple[pd.DataFrame, Findings]:
    """``lon`` and ``lat`` [degree] of a sheet in WGS 84; NaN stays NaN.

    Returns
    -------
    The frame, and ``coordinates-converted`` (how far the positions moved) or
    ``coordinates-not-shifted`` (they lie where Chinese maps shift nothing).
    """
    if coordinates == "wgs84" or not {"lon", "lat"} <= set(rows):
        return rows, ()
    start = LonLat(rows["lon"].to_numpy(np.float64), rows["lat"].to_numpy(np.float64))
    end = to_wgs84(*start, coordinates)
    said = _said(start, end, file, coordinates)
    return rows.assign(lon=end.lon, lat=end.lat), said


def converted_shapes(
    shapes: NDArray[np.object_], file: str, coordinates: Coordinates
) -> tuple[NDArray[np.object_], Findings]:
    """Geometries (array of shape (feature,), degrees) in WGS 84, and the same findings.

    Each corner is moved and edges stay straight between them: the shift changes by millimetres
    over a hundred metres.
    """
    if coordinates == "wgs84":
        return shapes, ()
    corners = shapely.get_coordinates(shapes)
    start = LonLat(corners[:, 0], corners[:, 1])
    end = to_wgs84(*start, coordinates)
    moved = shapely.set_coordinates(shapes.copy(), np.column_stack(end))
    return moved, _said(start, end, file, coordinates)


def converted_shape(
    shape: Geometry, file: str, coordinates: Coordinates
) -> tuple[Geometry, Findings]:
    """The same of a single geometry."""
    moved, found = converted_shapes(np.array([shape], dtype=object), file, coordinates)
    return moved[0], found


def _said(start: LonLat, end: LonLat, file: str, coordinates: Coordinates) -> Findings:
    name = NAMES[coordinates]
    known = np.isfinite(start.lon) & np.isfinite(start.lat)
    inside = is_in_shifted_rectangle(start.lon[known], start.lat[known])
    if not inside.all():
        message = (
            f"{int((~inside).sum())} of {inside.size} positions declared {name} lie where Chinese "
            "maps shift nothing"
        )
        fix = "take coordinates out of project.toml, or correct the positions"
        return (Finding.error("coordinates-not-shifted", file, message, fix=fix),)
    message = (
        f"{inside.size} positions are converted from {name} to WGS 84 by the public formula: "
        f"{mean_shift(start, end)} on average"
    )
    return (Finding.info("coordinates-converted", file, message),)
