"""Does the boundary of a project look shifted against the mangrove of its class maps?

For projects of scenes there is no map beyond the boundary, and the strata, plots and cores are
what a shift shows against.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from rasterio.errors import RasterioError

from bluecarbon.mrv.area import to_grid
from bluecarbon.mrv.class_maps import CODE_MANGROVE, legend_codes
from bluecarbon.mrv.rasters import Geometry, opened, read_grid, read_window
from bluecarbon.mrv.shift_checks import Compared, mangrove_shift
from bluecarbon.project import Project
from bluecarbon.spec import Finding

REACH_DEGREE = 0.015
"""BD-09 shifts by up to 1.4 km, either way."""

PIXELS_MAX = 60_000_000


def boundary_shift(project: Project, boundary: Geometry) -> tuple[Finding, ...]:
    """The finding of :func:`bluecarbon.mrv.shift_checks.mangrove_shift` for the latest class map.

    ``boundary`` is in WGS 84. Nothing where there is no class map or it cannot be read: its own
    reader says so.
    """
    if project.class_maps is None:
        return ()
    latest = max(project.class_maps.map, key=lambda item: item.epoch)
    codes, _ = legend_codes(project.class_maps.legend, "")
    mangrove = {number for number, code in codes.items() if code == CODE_MANGROVE}
    declared = project.boundary
    compared = Compared(
        project.resolve(declared.path).name, "[boundary]", "the class map", declared.coordinates
    )
    path = project.resolve(latest.path)
    return shift_against_map(boundary, path, mangrove, compared, band=latest.band)


def shift_against_map(
    boundary: Geometry, path: Path, mangrove: set[int], compared: Compared, *, band: int = 1
) -> tuple[Finding, ...]:
    """The same against any class map, of which the numbers of mangrove are known."""
    grid, _ = read_grid(path, path.name, what="class-map")
    if grid is None:
        return ()
    left, bottom, right, top = boundary.bounds
    around = shapely.box(
        left - REACH_DEGREE, bottom - REACH_DEGREE, right + REACH_DEGREE, top + REACH_DEGREE
    )
    shared = around & grid.footprint()
    if shared.is_empty:
        return ()
    window = grid.cut(to_grid(shared, grid).bounds)
    if window.height * window.width > PIXELS_MAX:
        return ()
    fill = next(number for number in range(256) if number not in mangrove)
    try:
        with opened(path) as dataset:
            values = read_window(dataset, window, fill, bands=[band])[0]
    except (RasterioError, OSError, IndexError):
        return ()
    return mangrove_shift(boundary, window, np.isin(values, list(mangrove)), compared)
