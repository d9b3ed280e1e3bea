"""Do plots and cores lie where they say they do: inside the polygon of their own stratum?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pyproj import Geod
from shapely import Point
from shapely.geometry.base import BaseGeometry
from shapely.ops import nearest_points

from bluecarbon.mrv.field_tables import Column, file_name, read_field_table
from bluecarbon.mrv.inventory_checks import PLOT_COLUMNS
from bluecarbon.mrv.soil_checks import SLICE_COLUMNS
from bluecarbon.mrv.vectors import StratumPolygon
from bluecarbon.project import Project
from bluecarbon.spec import Finding

TOLERANCE_M = 15.0
"""A hand-held receiver under canopy is good to about this; nearer than that is not a defect."""

_GEOD = Geod(ellps="WGS84")


def check_placement(project: Project, strata: Sequence[StratumPolygon]) -> tuple[Finding, ...]:
    """Plots and cores farther than 15 m outside the stratum they name, with the distance.

    Nothing about a sheet that cannot be read, or about rows without a place on the globe: the
    sheet's own reader (:func:`measure_inventory`, :func:`measure_soil`) says so.
    """
    polygons = {item.stratum.id: item.geometry for item in strata}
    sheets: list[tuple[str, str, tuple[Column, ...]]] = []
    if project.inventory:
        sheets.append((project.inventory.plots, "plot_id", PLOT_COLUMNS))
    if project.soil:
        sheets.append((project.soil.cores, "core_id", SLICE_COLUMNS))
    return tuple(
        finding
        for declared, key, columns in sheets
        for finding in _misplaced(project, declared, key, columns, polygons=polygons)
    )


def _misplaced(
    project: Project,
    declared: str,
    key: str,
    columns: Sequence[Column],
    *,
    polygons: Mapping[str, BaseGeometry],
) -> Iterator[Finding]:
    table, _ = read_field_table(project.resolve(declared), declared, columns)
    if table is None or not {"lon", "lat"} <= set(table.columns):
        return
    on_globe = (table["lon"].abs() <= 180.0) & (table["lat"].abs() <= 90.0)
    placed = table[on_globe & table["stratum"].isin(polygons)]
    # A core has a row for each slice: a place is judged once, and every other place of it too.
    for row in placed.drop_duplicates([key, "stratum", "lon", "lat"]).to_dict("records"):
        distance_m = _distance_m(polygons[row["stratum"]], row["lon"], row["lat"])
        if distance_m > TOLERANCE_M:
            yield Finding.error(
                "sample-outside-stratum",
                f"{file_name(declared)} row {row['line']}",
                f"{row[key]} lies {distance_m:,.0f} m outside stratum {row['stratum']}",
                fix="check the coordinates (longitude, latitude, WGS 84) or the stratum",
            )


def _distance_m(polygon: BaseGeometry, lon: float, lat: float) -> float:
    point = Point(lon, lat)
    if polygon.covers(point):
        return 0.0
    near = nearest_points(polygon, point)[0]
    return float(_GEOD.inv(lon, lat, near.x, near.y)[2])
