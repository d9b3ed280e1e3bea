"""Positions of Chinese web maps (GCJ-02, BD-09) and WGS 84, both ways.

Web maps of mainland China, and what is digitised from them, are shifted from WGS 84 by 100 to
700 m, differently at every place; files say EPSG:4326 all the same. Field receivers give WGS 84.

The transformation was never published by its authority. The formula here is the one that has been
public since 2010 and that map software agrees on: a polynomial with six sines for each axis on
the Krasovsky ellipsoid. How well it meets the official one is not documented; boundaries that two
sources digitised agree to a few metres after it. The inverse has no closed form and is iterated
until it meets the formula, which it does to far below a millimetre. BD-09 (Baidu) is a second
shift upon GCJ-02.

The formula holds inside a rectangle that is larger than the mainland (it covers Hong Kong, Viet
Nam and Korea); whether a map of a place outside the mainland is shifted, its maker must say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod

from bluecarbon.project_coordinates import Coordinates

FloatArray = NDArray[np.float64]

LON_RANGE, LAT_RANGE = (72.004, 137.8347), (0.8293, 55.8271)
"""Outside of this rectangle the public formula shifts nothing."""

_RADIUS_M, _ECCENTRICITY2 = 6_378_245.0, 0.00669342162296594323
_LON_0, _LAT_0 = 105.0, 35.0
_ITERATIONS = 8
"""The shift changes by less than 1 part in 1000 over its own length: each step gains 3 digits."""

_BAIDU_WAVE = np.pi * 3000.0 / 180.0

_WGS84 = Geod(ellps="WGS84")


class LonLat(NamedTuple):
    """Longitude and latitude [degree] of one shape."""

    lon: FloatArray
    lat: FloatArray


class Shift(NamedTuple):
    """How far [m] and where to (compass, degrees from north) positions move, on average."""

    distance_m: float
    bearing_degree: float

    @property
    def compass(self) -> str:
        """The direction in words, of eight."""
        names = ("north", "north-east", "east", "south-east", "south", "south-west", "west",
                 "north-west")  # fmt: skip
        return names[round(self.bearing_degree / 45.0) % 8]

    def __str__(self) -> str:
        return f"{self.distance_m:,.0f} m to the {self.compass}"


def is_in_shifted_rectangle(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Where the public formula shifts anything at all."""
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    inside = (x >= LON_RANGE[0]) & (x <= LON_RANGE[1])
    return np.asarray(inside & (y >= LAT_RANGE[0]) & (y <= LAT_RANGE[1]))


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """GCJ-02 [degree] of WGS 84 positions [degree], any shape; the same outside the rectangle.

    References
    ----------
    No document: the public formula, as agreeing open implementations have it (eviltransform,
    coordtransform, geoChina), whose check values the tests hold.
    """
    given = _pair(lon, lat)
    x, y = given.lon - _LON_0, given.lat - _LAT_0
    common = 0.1 * x * y + _waves(x, ((20.0, 1 / 6), (20.0, 1 / 2)))
    north_m = (
        -100.0 + 2.0 * x + 3.0 * y + 0.2 * y**2 + 0.2 * np.sqrt(np.abs(x)) + common
        + _waves(y, ((20.0, 1.0), (40.0, 3.0), (160.0, 12.0), (320.0, 30.0)))
    )  # fmt: skip
    east_m = (
        300.0 + x + 2.0 * y + 0.1 * x**2 + 0.1 * np.sqrt(np.abs(x)) + common
        + _waves(x, ((20.0, 1.0), (40.0, 3.0), (150.0, 12.0), (300.0, 30.0)))
    )  # fmt: skip
    latitude = np.radians(given.lat)
    curved = 1.0 - _ECCENTRICITY2 * np.sin(latitude) ** 2
    meridian_m = _RADIUS_M * (1.0 - _ECCENTRICITY2) / curved**1.5
    parallel_m = _RADIUS_M / np.sqrt(curved) * np.cos(latitude)
    inside = is_in_shifted_rectangle(*given)
    return LonLat(
        np.where(inside, given.lon + np.degrees(east_m / parallel_m), given.lon),
        np.where(inside, given.lat + np.degrees(north_m / meridian_m), given.lat),
    )


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """WGS 84 [degree] of GCJ-02 positions [degree], any shape: the inverse of the formula."""
    return _inverse(wgs84_to_gcj02, _pair(lon, lat))


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """BD-09 longitude and latitude [degree] (Baidu; not its metres) of GCJ-02 positions."""
    x, y = given = _pair(lon, lat)
    radius = np.hypot(x, y) + 2e-5 * np.sin(y * _BAIDU_WAVE)
    angle = np.arctan2(y, x) + 3e-6 * np.cos(x * _BAIDU_WAVE)
    inside = is_in_shifted_rectangle(*given)
    return LonLat(
        np.where(inside, radius * np.cos(angle) + 0.0065, x),
        np.where(inside, radius * np.sin(angle) + 0.006, y),
    )


def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """WGS 84 [degree] of BD-09 positions [degree], any shape."""
    return gcj02_to_wgs84(*_inverse(gcj02_to_bd09, _pair(lon, lat)))


def wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """BD-09 [degree] of WGS 84 positions [degree], any shape."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def to_wgs84(lon: ArrayLike, lat: ArrayLike, coordinates: Coordinates) -> LonLat:
    """WGS 84 [degree] of positions [degree] in the system that their owner declares."""
    if coordinates == "gcj-02":
        return gcj02_to_wgs84(lon, lat)
    return bd09_to_wgs84(lon, lat) if coordinates == "bd-09" else _pair(lon, lat)


def from_wgs84(lon: ArrayLike, lat: ArrayLike, coordinates: Coordinates) -> LonLat:
    """Positions [degree] in a system, of WGS 84 positions [degree]: the way back."""
    if coordinates == "gcj-02":
        return wgs84_to_gcj02(lon, lat)
    return wgs84_to_bd09(lon, lat) if coordinates == "bd-09" else _pair(lon, lat)


def mean_shift(start: LonLat, end: LonLat) -> Shift:
    """Mean geodesic move from one list of positions to another; positions that are NaN are out."""
    known = np.isfinite(start.lon) & np.isfinite(start.lat)
    if not known.any():
        return Shift(0.0, 0.0)
    bearing, _, distance_m = _WGS84.inv(
        start.lon[known], start.lat[known], end.lon[known], end.lat[known]
    )
    east = float(np.mean(np.sin(np.radians(bearing)) * distance_m))
    north = float(np.mean(np.cos(np.radians(bearing)) * distance_m))
    return Shift(float(np.mean(distance_m)), float(np.degrees(np.arctan2(east, north)) % 360.0))


def _pair(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    return LonLat(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))


def _waves(angle: FloatArray, parts: Sequence[tuple[float, float]]) -> FloatArray:
    """Sum of 2/3 amplitude sin(pi angle / half wave); lengths in degrees, amplitudes in metres."""
    total = np.zeros_like(angle)
    for amplitude_m, half_wave in parts:
        total = total + 2.0 / 3.0 * amplitude_m * np.sin(np.pi * angle / half_wave)
    return total


def _inverse(forward: Callable[[ArrayLike, ArrayLike], LonLat], target: LonLat) -> LonLat:
    """What ``forward`` brings to ``target``, by repeated correction."""
    found = target
    for _ in range(_ITERATIONS):
        reached = forward(*found)
        found = LonLat(
            found.lon + (target.lon - reached.lon), found.lat + (target.lat - reached.lat)
        )
    return found
