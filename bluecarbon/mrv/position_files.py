"""A file of polygons or points whose coordinate system is in question."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from bluecarbon.mrv.boundary_shift import shift_against_map
from bluecarbon.mrv.column_names import map_columns
from bluecarbon.mrv.column_vocabulary import PLACE_NAMES
from bluecarbon.mrv.converted_positions import converted_positions, converted_shapes
from bluecarbon.mrv.core_sheets import sheet_lines
from bluecarbon.mrv.exports import replacing
from bluecarbon.mrv.field_tables import defect
from bluecarbon.mrv.mapped_cells import mapped_cells
from bluecarbon.mrv.position_checks import converted_findings, sound_positions
from bluecarbon.mrv.rasters import Geometry
from bluecarbon.mrv.shift_checks import Compared, area_shift, outline_shift, points_shift
from bluecarbon.mrv.transitions import DatedMap
from bluecarbon.mrv.vectors import read_polygons
from bluecarbon.project_coordinates import Coordinates
from bluecarbon.spec import Finding, errors_in

SAME_GROUND_SHARE = 0.5
"""Polygons that share more than this of what they cover together are drawings of one thing."""

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class PositionFile:
    """Its name and either the polygons (``frame``) or the points (``rows`` with lon and lat)."""

    name: str
    frame: gpd.GeoDataFrame | None = None
    rows: pd.DataFrame | None = None

    @property
    def shape(self) -> Geometry | None:
        """All polygons in one; None of points."""
        return None if self.frame is None else shapely.union_all(self.frame.geometry.to_numpy())


def read_position_file(path: Path) -> tuple[PositionFile | None, Findings]:
    """A polygon layer, or a sheet (CSV, workbook) with columns of longitude and latitude."""
    if path.suffix.lower() not in {".csv", ".gz", ".xlsx", ".xlsm"}:
        frame, found = read_polygons(path, None)
        return (
            None if frame is None or errors_in(found) else PositionFile(path.name, frame)
        ), found
    lines, findings = sheet_lines(path, "")
    if lines is None:
        return None, tuple(findings)
    mapping, _ = map_columns(lines[0][1], PLACE_NAMES, file=path.name)
    missing = [name for name in ("lon", "lat") if mapping.column(name) is None]
    if missing:
        message, fix = f"there is no column for {' and '.join(missing)}", "name them lon and lat"
        return None, (*findings, defect("column-missing", path.name, message, fix))
    cells = mapped_cells(lines, mapping)
    rows, said = sound_positions(cells.rows, path.name)
    findings += [*converted_findings(cells.notes, rows["line"], path.name), *said]
    header, body = lines[0][1], [row for _, row in lines[1:]]
    whole = pd.DataFrame(body, columns=header).assign(lon=rows["lon"], lat=rows["lat"])
    return PositionFile(path.name, rows=whole), tuple(findings)


def converted(positions: PositionFile, system: Coordinates) -> tuple[PositionFile, Findings]:
    """The positions in WGS 84, of the system that they are in."""
    if positions.frame is not None:
        shapes = positions.frame.geometry.to_numpy()
        moved, said = converted_shapes(shapes, positions.name, system)
        frame = positions.frame.set_geometry(gpd.GeoSeries(moved, crs="EPSG:4326"))
        return replace(positions, frame=frame), said
    assert positions.rows is not None  # noqa: S101 - a file is of the one kind or the other
    rows, said = converted_positions(positions.rows, positions.name, system)
    return replace(positions, rows=rows), said


def shift_against_polygons(
    positions: PositionFile, reference: Path, system: Coordinates
) -> Findings:
    """Whether they look shifted against polygons: outlines of one thing, or a part in a whole."""
    frame, found = read_polygons(reference, None)
    if frame is None or errors_in(found):
        return found
    other = shapely.union_all(frame.geometry.to_numpy())
    compared = Compared(positions.name, "project.toml", reference.name, system)
    shape = positions.shape
    if shape is None:
        rows = positions.rows
        assert rows is not None  # noqa: S101 - a file is of the one kind or the other
        lon, lat = (rows[name].to_numpy(dtype=np.float64) for name in ("lon", "lat"))
        return points_shift(lon, lat, [other] * len(rows), compared)
    # of a layer of many counties or strata the one that this is a drawing of
    shapes = [*frame.geometry, other]
    shared = [shapely.area(shape & each) / shapely.area(shape | each) for each in shapes]
    best = int(np.argmax(shared))
    if shared[best] > SAME_GROUND_SHARE:
        return outline_shift(shape, shapes[best], compared)
    return area_shift(shape, other, compared)


def shift_against_map_file(
    positions: PositionFile, item: DatedMap, mangrove: set[int], system: Coordinates
) -> Findings:
    """Whether polygons look shifted against the mangrove of a class map."""
    shape = positions.shape
    if shape is None:
        message, fix = "points are not compared with a map", "give polygons, or --reference"
        return (Finding.error("setting-wrong", "--map", message, fix=fix),)
    compared = Compared(positions.name, "project.toml", item.path.name, system)
    return shift_against_map(shape, item.path, mangrove, compared, band=item.band or 1)


def write_position_file(positions: PositionFile, out: Path, *, source: Path) -> None:
    """Write the positions; an input is never overwritten.

    Raises
    ------
    OutputError
        ``out`` is the source, or cannot be written.
    """
    from bluecarbon.errors import OutputError

    if out.resolve() == source.resolve():
        raise OutputError(f"{out} is the input; give another --out")
    with replacing(out) as part:
        if positions.frame is not None:
            positions.frame.to_file(part, driver="GeoJSON")
        elif positions.rows is not None:
            positions.rows.to_csv(part, index=False, float_format="%.8f", lineterminator="\n")
