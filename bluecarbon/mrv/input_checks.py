"""Judgements that need two files of a project at once: raster and boundary, labels and sample."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from bluecarbon.mrv.rasters import Geometry, Grid
from bluecarbon.mrv.vectors import geodesic_area_ha
from bluecarbon.spec import Finding

COVERED_SHARE_MIN = 0.999
"""Outlines of scene and boundary are followed by points at different places, hence not 1."""


def footprint_of(grids: dict[str, Grid]) -> Geometry | None:
    """The ground that any of the rasters covers, as a WGS 84 polygon; None without rasters."""
    return shapely.union_all([g.footprint() for g in grids.values()]) if grids else None


def coverage_findings(boundary: Geometry, grid: Grid, subject: str) -> tuple[Finding, ...]:
    """A raster that misses the boundary (error) or covers only a part of it (warning)."""
    footprint = grid.footprint()
    left, bottom, right, top = (f"{value:.4f}" for value in footprint.bounds)
    where = f"it covers longitude {left} to {right}, latitude {bottom} to {top}"
    if not boundary.intersects(footprint):
        message = f"does not overlap the boundary; {where}"
        fix = "check the boundary's coordinates and the coordinate systems of both"
        return (Finding.error("scene-no-overlap", subject, message, fix=fix),)
    share = geodesic_area_ha(boundary & footprint) / geodesic_area_ha(boundary)
    if share >= COVERED_SHARE_MIN:
        return ()
    message = f"covers only {share:.1%} of the boundary; {where}"
    fix = "add scenes that cover the rest; what none covers is reported as unobserved"
    return (Finding.warning("scene-covers-part", subject, message, fix=fix),)


def shared_places(
    training: pd.DataFrame, reference: pd.DataFrame, grid: Grid, subject: str
) -> tuple[Finding, ...]:
    """Reference points within a pixel of a training point of the same epoch: not a sample."""
    shared: list[int] = []
    for epoch, points in reference.groupby("epoch"):
        places, _ = _pixels(training[training["epoch"] == epoch], grid)
        own, rows_of_file = _pixels(points, grid)
        if len(places) == 0 or len(own) == 0:
            continue
        distance_px, _ = cKDTree(places).query(own)
        shared += rows_of_file[distance_px < 1].tolist()
    if not shared:
        return ()
    rows = ", ".join(str(row) for row in shared[:5])
    more = f" and {len(shared) - 5} more" if len(shared) > 5 else ""
    message = (
        f"row {rows}{more}: within a pixel of a training point of the same epoch; a sample that "
        "the map was trained on cannot judge it"
    )
    fix = "draw the reference sample independently of the training points"
    return (Finding.error("reference-is-training", subject, message, fix=fix),)


def _pixels(points: pd.DataFrame, grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Fractional (row, column) of points on the grid, and their rows in the file."""
    row, column = grid.pixels_of(points["lon"].to_numpy(), points["lat"].to_numpy())
    inside = grid.holds(row, column)
    rows_of_file = points["row"].to_numpy(dtype=np.int64)
    return np.column_stack([row, column])[inside], rows_of_file[inside]


def places_inside(points: pd.DataFrame, epoch: int, area: NDArray[np.bool_], grid: Grid) -> int:
    """How many points of an epoch lie in the marked pixels of a grid."""
    places, _ = _pixels(points[points["epoch"] == epoch], grid)
    row, column = places.astype(np.int64).T
    return int(area[row, column].sum())
