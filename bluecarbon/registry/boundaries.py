"""Project boundaries: geodesic area, and the overlap with other live projects.

Boundaries are polygons in longitude and latitude (WGS 84), as WKT. Areas are geodesic (PROJ);
the outline of an overlap is found in the plane of degrees, which is exact at its corners and off
by less than a metre along edges of a few kilometres.
"""

from __future__ import annotations

import shapely
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from bluecarbon.registry.errors import BoundaryError, BoundaryOverlapError

_WGS84 = Geod(ellps="WGS84")
M2_PER_HA = 10_000


def read_boundary(project: str, wkt: str) -> BaseGeometry:
    """The boundary as a geometry.

    Raises
    ------
    BoundaryError
        Not WKT, not a polygon, empty, self-intersecting, or not in degrees.
    """
    try:
        geometry = shapely.from_wkt(wkt)
    except shapely.errors.GEOSException as error:
        raise BoundaryError(project=project, defect=f"is not WKT: {error}") from error
    if geometry is None or geometry.geom_type not in {"Polygon", "MultiPolygon"}:
        raise BoundaryError(project=project, defect="is not a polygon")
    if geometry.is_empty or not geometry.is_valid:
        reason = shapely.is_valid_reason(geometry)
        raise BoundaryError(project=project, defect=f"is empty or crosses itself: {reason}")
    west, south, east, north = geometry.bounds
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise BoundaryError(project=project, defect="is not in longitude and latitude")
    return geometry


def area_m2(geometry: BaseGeometry) -> float:
    """Geodesic area on the WGS 84 ellipsoid."""
    area, _ = _WGS84.geometry_area_perimeter(shapely.orient_polygons(geometry))
    return abs(float(area))


def check_overlap(project: str, wkt: str, others: dict[str, str], *, overlap_m2_max: int) -> None:
    """BoundaryOverlapError when the boundary overlaps one of ``others`` (id -> WKT) by more."""
    own = read_boundary(project, wkt)
    for other, other_wkt in others.items():
        shared = shapely.intersection(own, shapely.from_wkt(other_wkt))
        # Neighbours share edges: only polygons have an area that counts.
        overlap_m2 = sum(area_m2(part) for part in _polygons(shared))
        if overlap_m2 > overlap_m2_max:
            raise BoundaryOverlapError(
                project=project, other=other, area_ha=f"{overlap_m2 / M2_PER_HA:.4f}"
            )


def _polygons(geometry: BaseGeometry) -> list[BaseGeometry]:
    """The polygons of an intersection, which may also hold shared edges and points."""
    return [part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon"]
