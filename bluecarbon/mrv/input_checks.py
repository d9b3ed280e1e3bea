"""Judgements that need two files of a project at once, or a file and the grid of its maps."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from bluecarbon.mrv.field_tables import in_words
from bluecarbon.mrv.rasters import Geometry, Grid
from bluecarbon.mrv.scenes import SceneData
from bluecarbon.mrv.vectors import geodesic_area_ha
from bluecarbon.project import Project
from bluecarbon.spec import Finding

COVERED_SHARE_MIN = 0.999
"""Outlines of scene and boundary are followed by points at different places, hence not 1."""


SAME_PLACE_PX = 0.25
"""Two points nearer than this to each other are one place: chance puts points of an honest sample
so near once in thousands, while a copy with its last digits changed stays nearer."""

EPOCH_YEARS_MAX = 1
"""A scene may count towards the map of the year before or after it, not of another time."""

SEED_LIMIT = 2**32
CONFIDENCE_MAX = 0.999


def settings_findings(project: Project) -> tuple[Finding, ...]:
    """Settings of [mapping] and [reference] that no computation can be done with."""
    found = []
    if not 0 <= project.mapping.seed < SEED_LIMIT:
        message, fix = f"seed is {project.mapping.seed}", "give a whole number from 0 to 4294967295"
        found.append(Finding.error("seed-out-of-range", "[mapping] seed", message, fix=fix))
    if project.reference is not None and not 0.5 <= project.reference.confidence <= CONFIDENCE_MAX:
        message = f"confidence is {project.reference.confidence!r}"
        fix = f"give 0.5 to {CONFIDENCE_MAX}; 0.90 and 0.95 are usual"
        subject = "[reference] confidence"
        found.append(Finding.error("confidence-out-of-range", subject, message, fix=fix))
    return tuple(found)


def declared_scenes(project: Project) -> tuple[Finding, ...]:
    """Scenes that are listed twice (error), or far in time from their epoch (warning)."""
    found: list[Finding] = []
    listed: dict[Path, dt.date] = {}
    for scene in project.imagery.scene if project.imagery else ():
        file = project.resolve(scene.path)
        place = file.resolve()
        if place in listed:
            message = f"the scene is listed twice, as of {listed[place]} and of {scene.date}"
            fix = "list each file once: in a median a scene that is there twice counts twice"
            found.append(Finding.error("scene-twice", file.name, message, fix=fix))
        listed.setdefault(place, scene.date)
        if abs(scene.date.year - scene.map_epoch) > EPOCH_YEARS_MAX:
            message = f"is of {scene.date} and counts towards the map of {scene.map_epoch}"
            fix = "correct the date or the epoch, or say in the report why it stands for that year"
            found.append(Finding.warning("scene-epoch-far", file.name, message, fix=fix))
    return tuple(found)


def date_findings(project: Project) -> tuple[Finding, ...]:
    """Dates of class maps that contradict the order of their epochs."""
    found: list[Finding] = []
    maps = project.class_maps.map if project.class_maps else ()
    dated = sorted((item.epoch, item.date, item.path) for item in maps if item.date is not None)
    for (epoch, date, _), (later, other, path) in itertools.pairwise(dated):
        if later > epoch and other <= date:
            name = project.resolve(path).name
            message = f"is of {other} and stands for {later}, but the map of {epoch} is of {date}"
            fix = "correct the dates or the epochs: gain and loss change places otherwise"
            found.append(Finding.error("epoch-date-order", name, message, fix=fix))
    return tuple(found)


def same_scenes(scenes: Sequence[SceneData]) -> tuple[Finding, ...]:
    """Scenes with the very same numbers: one image under two names or dates.

    Compared by what was read, so that a copy in another compression is found as well; scenes
    without a clear pixel have no numbers to compare.
    """
    found: list[Finding] = []
    first: dict[bytes, SceneData] = {}
    for scene in scenes:
        if not (scene.reason == 0).any():
            continue
        content = hashlib.sha256(scene.reflectance.tobytes())
        other = first.setdefault(content.digest(), scene)
        if other is not scene:
            message = f"holds the same numbers as {other.name}, of {other.date}"
            fix = "list each image once, with its own date; the file may be a copy"
            found.append(Finding.error("scene-twice", scene.name, message, fix=fix))
    return tuple(found)


def repeated_places(
    points: pd.DataFrame, grid: Grid, subject: str, *, is_sample: bool
) -> tuple[Finding, ...]:
    """Points of one epoch in one place (error); of a sample also within a pixel (warning).

    A random sample meets a pixel twice by chance where its stratum is small, and is right to
    count it twice; a copied row is not.
    """
    found: list[Finding] = []
    for epoch, own in points.groupby("epoch", sort=True):
        row, column = grid.pixels_of(own["lon"].to_numpy(), own["lat"].to_numpy())
        known = np.isfinite(row) & np.isfinite(column)
        places, lines = np.column_stack([row, column])[known], own["row"].to_numpy()[known]
        if len(places) < 2:
            continue
        nearest_px = cKDTree(places).query(places, k=2)[0][:, 1]
        same, near = nearest_px < SAME_PLACE_PX, nearest_px < 1
        if same.any():
            where = f"{subject} {in_words(lines[same].tolist())}"
            message = f"points of {epoch} lie in the same place: each of them would be counted"
            fix = "keep one row for each place and epoch"
            found.append(Finding.error("place-twice", where, message, fix=fix))
        elif is_sample and near.any():
            where = f"{subject} {in_words(lines[near].tolist())}"
            message = f"points of {epoch} lie within a pixel of each other"
            fix = "a random sample may meet a pixel twice; make sure that no point was copied"
            found.append(Finding.info("place-near", where, message, fix=fix))
    return tuple(found)


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
