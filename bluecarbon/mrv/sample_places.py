"""How far a plot or core lies outside the polygon that it ought to lie in."""

from __future__ import annotations

from pyproj import Geod
from shapely import Point
from shapely.geometry.base import BaseGeometry
from shapely.ops import nearest_points

TOLERANCE_M = 15.0
"""A hand-held receiver under canopy is good to about this; nearer than that is not a defect."""

_GEOD = Geod(ellps="WGS84")


def distance_m(polygon: BaseGeometry, lon: float, lat: float) -> float:
    """Geodesic distance [m] of a position [degree] from a polygon (WGS 84); 0 inside of it."""
    point = Point(lon, lat)
    if polygon.covers(point):
        return 0.0
    near = nearest_points(polygon, point)[0]
    return float(_GEOD.inv(lon, lat, near.x, near.y)[2])
