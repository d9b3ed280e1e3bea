"""Do plots and cores lie where they say they do: inside the polygon of their own stratum?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
from pyproj import Geod
from shapely import Point
from shapely.geometry.base import BaseGeometry
from shapely.ops import nearest_points

from bluecarbon.mrv.vectors import StratumPolygon
from bluecarbon.project import Project
from bluecarbon.spec import Finding

TOLERANCE_M = 15.0
"""A hand-held receiver under canopy is good to about this; nearer than that is not a defect."""

_GEOD = Geod(ellps="WGS84")


def check_placement(project: Project, strata: Sequence[StratumPolygon]) -> tuple[Finding, ...]:
    """Plots and cores farther than 15 m outside the stratum they name, with the distance."""
    polygons = {item.stratum.id: item.geometry for item in strata}
    tables = []
    if project.inventory:
        tables.append((project.inventory.plots, "plot_id"))
    if project.soil:
        tables.append((project.soil.cores, "core_id"))
    return tuple(
        finding
        for declared, key in tables
        for finding in _misplaced(project.resolve(declared), key, polygons)
    )


def _misplaced(path: Path, key: str, polygons: Mapping[str, BaseGeometry]) -> Iterator[Finding]:
    table = pd.read_csv(path, dtype=str)
    if not {key, "stratum", "lon", "lat"} <= set(table.columns):
        return  # the table's own reader has said so
    table["line"] = table.index + 2
    table[["lon", "lat"]] = table[["lon", "lat"]].apply(pd.to_numeric, errors="coerce")
    placed = table.dropna(subset=["lon", "lat"]).drop_duplicates(key)
    for row in placed[placed["stratum"].isin(polygons)].to_dict("records"):
        distance_m = _distance_m(polygons[row["stratum"]], row["lon"], row["lat"])
        if distance_m > TOLERANCE_M:
            yield Finding.error(
                "sample-outside-stratum",
                f"{path.name} line {row['line']}",
                f"{row[key]} lies {distance_m:,.0f} m outside stratum {row['stratum']}",
                fix="check the coordinates (longitude, latitude, WGS 84) or the stratum",
            )


def _distance_m(polygon: BaseGeometry, lon: float, lat: float) -> float:
    point = Point(lon, lat)
    if polygon.covers(point):
        return 0.0
    near = nearest_points(polygon, point)[0]
    return float(_GEOD.inv(lon, lat, near.x, near.y)[2])
