"""Do positions look shifted like those of Chinese web maps? A check that offers itself.

A GCJ-02 position declared as EPSG:4326 looks like any other. It shows only against something that
is where it should be: plots against their strata, strata against the boundary, a boundary against
another outline or against the mangrove that a map has inside it. Every function here compares how
well positions fit as they are, and after each shift has been taken off, on either side of the
comparison. Nothing is converted: the finding says what would fit and what to declare.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from bluecarbon.mrv.area import covered_fraction
from bluecarbon.mrv.chinese_coordinates import (
    LonLat,
    Shift,
    from_wgs84,
    is_in_shifted_rectangle,
    mean_shift,
    to_wgs84,
)
from bluecarbon.mrv.rasters import Geometry, Grid
from bluecarbon.mrv.sample_places import TOLERANCE_M
from bluecarbon.project_coordinates import Coordinates
from bluecarbon.spec import Finding

FITS_SHARE, GAIN_SHARE = 0.8, 0.5
"""Positions look shifted when so many of them fit after, and of these at most half before."""

OUTSIDE_SHARE, OUTSIDE_LEFT_SHARE = 0.02, 0.2
"""Areas look shifted when more than this lies outside before, and a fifth of that after."""

MANGROVE_GAIN, MANGROVE_SHARE = 1.3, 0.05
"""A boundary that catches so many times as much mangrove elsewhere was drawn for elsewhere; when
it would catch less than the share of what is mapped, the map says nothing about it."""

OUTLINE_M, OUTLINE_GAIN = 50.0, 3.0
"""Outlines look shifted that are farther apart than this, and three times nearer afterwards."""

NAMES: dict[Coordinates, str] = {"wgs84": "WGS 84", "gcj-02": "GCJ-02", "bd-09": "BD-09"}

_METRES_PER_DEGREE = 111_195.0


class _Trial(NamedTuple):
    """One explanation: the shift of which system, on which side of the comparison."""

    system: Coordinates
    of_the_other: bool

    def move(self, place: LonLat) -> LonLat:
        """Positions to where they would be; the other side moving there is this side back."""
        move = from_wgs84 if self.of_the_other else to_wgs84
        return move(place.lon, place.lat, self.system)

    def move_corners(self, corners: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same of coordinates of shape (corner, 2)."""
        return np.column_stack(self.move(LonLat(corners[:, 0], corners[:, 1])))


_TRIALS = (
    _Trial("gcj-02", of_the_other=False), _Trial("bd-09", of_the_other=False),
    _Trial("gcj-02", of_the_other=True), _Trial("bd-09", of_the_other=True),
)  # fmt: skip


@dataclass(frozen=True)
class Compared:
    """What is compared with what: how findings call the two, and what is declared of this one."""

    subject: str
    where: str
    other: str
    declared: Coordinates = "wgs84"


def points_shift(
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    polygons: Sequence[Geometry],
    compared: Compared,
) -> tuple[Finding, ...]:
    """Positions [degree] of shape (point,), each with the polygon it ought to lie in (WGS 84).

    Returns
    -------
    ``positions-look-shifted`` where un-shifting brings them into their polygons, else nothing.
    """
    known = np.isfinite(lon) & np.isfinite(lat)
    place = LonLat(np.asarray(lon)[known], np.asarray(lat)[known])
    shapes = [shape for shape, here in zip(polygons, known, strict=True) if here]
    if not shapes or not is_in_shifted_rectangle(*place).all():
        return ()

    def inside(moved: LonLat) -> float:
        return float(_inside(moved, shapes).mean())

    now = inside(place)
    if now >= FITS_SHARE:
        return ()
    trial, best = _best(inside, place)
    if best < FITS_SHARE or now > GAIN_SHARE * best:
        return ()
    n = len(shapes)
    fits = f"{round(now * n)} of {n} positions lie in their strata, un-shifted {round(best * n)}"
    return (_finding(trial, mean_shift(place, trial.move(place)), fits, compared),)


class _Measure(NamedTuple):
    """How well a shape fits, when that is enough better, and how a finding says it."""

    fit: Callable[[Geometry], float]
    enough: Callable[[float, float], bool]
    said: str
    number: str = "{:.0%}"


def area_shift(inner: Geometry, outer: Geometry, compared: Compared) -> tuple[Finding, ...]:
    """An area that ought to lie within another (strata in the boundary), both WGS 84 polygons."""

    def within(moved: Geometry) -> float:
        return float(shapely.area(shapely.intersection(moved, outer)) / shapely.area(moved))

    return _shape_shift(inner, compared, _Measure(within, _enough_area, "of the area lies inside"))


def mangrove_shift(
    boundary: Geometry, grid: Grid, mangrove: NDArray[np.bool_], compared: Compared
) -> tuple[Finding, ...]:
    """A boundary (WGS 84) against the mangrove of a map, shape (row, column) of ``grid``.

    Ground outside the grid holds no mangrove, so that the map ought to reach a kilometre farther
    than the boundary; a smaller one only makes the check say less.
    """
    total = max(float(mangrove.sum()), 1.0)

    def caught(moved: Geometry) -> float:
        rows, columns, fraction = covered_fraction(moved, grid)
        return float((fraction * mangrove[rows, columns]).sum()) / total

    def enough(now: float, best: float) -> bool:
        return best >= MANGROVE_GAIN * now and best > MANGROVE_SHARE

    measure = _Measure(caught, enough, "of the mapped mangrove lies inside")
    return _shape_shift(boundary, compared, measure)


def outline_shift(shape: Geometry, reference: Geometry, compared: Compared) -> tuple[Finding, ...]:
    """An outline against another one of the same ground (WGS 84): how far apart they run."""
    scale = _metres(shape)
    line = shapely.transform(shapely.boundary(reference), lambda xy: xy * scale)
    shapely.prepare(line)

    def nearness_m(moved: Geometry) -> float:
        corners = shapely.points(shapely.get_coordinates(moved) * scale)
        return -float(np.median(shapely.distance(corners, line)))

    def enough(now: float, best: float) -> bool:
        return -now > OUTLINE_M and -now > OUTLINE_GAIN * -best

    measure = _Measure(nearness_m, enough, "between the outlines (median)", "{:,.0f} m")
    found = _shape_shift(shape, compared, measure)
    apart_m = -nearness_m(shape)
    if found or apart_m <= OUTLINE_M:
        return found
    message = (
        f"runs {apart_m:,.0f} m from the outline of {compared.other} (median), and no shift of a "
        "Chinese web map explains it"
    )
    fix = "see whether both are drawings of the same ground, and in which coordinate system"
    return (Finding.warning("outlines-apart", compared.subject, message, fix=fix),)


def _shape_shift(shape: Geometry, compared: Compared, measure: _Measure) -> tuple[Finding, ...]:
    corners = shapely.get_coordinates(shape)
    place = LonLat(corners[:, 0], corners[:, 1])
    if len(corners) == 0 or not is_in_shifted_rectangle(*place).all():
        return ()
    now = measure.fit(shape)
    fits = [measure.fit(shapely.transform(shape, trial.move_corners)) for trial in _TRIALS]
    first = int(np.argmax(fits))
    if not measure.enough(now, fits[first]):
        return ()
    trial = _TRIALS[first]
    before, after = (measure.number.format(abs(value)) for value in (now, fits[first]))
    text = f"{before} {measure.said}, un-shifted {after}"
    return (_finding(trial, mean_shift(place, trial.move(place)), text, compared),)


def _enough_area(now: float, best: float) -> bool:
    outside = 1.0 - now
    return outside > OUTSIDE_SHARE and 1.0 - best < OUTSIDE_LEFT_SHARE * outside


def _best(fit: Callable[[LonLat], float], place: LonLat) -> tuple[_Trial, float]:
    """The explanation that fits best; of equals the first, which is GCJ-02 of this side."""
    fits = [fit(trial.move(place)) for trial in _TRIALS]
    first = int(np.argmax(fits))
    return _TRIALS[first], fits[first]


def _inside(place: LonLat, polygons: Sequence[Geometry]) -> NDArray[np.bool_]:
    """Whether each position lies in its polygon or within the tolerance of a receiver."""
    points = shapely.points(place.lon, place.lat)
    shapes: Any = np.array(polygons, dtype=object)
    # a degree of longitude is the shorter one: this tolerance is at most the one that is meant
    return np.asarray(shapely.dwithin(points, shapes, TOLERANCE_M / _METRES_PER_DEGREE))


def _metres(shape: Geometry) -> NDArray[np.float64]:
    """Metres in a degree of longitude and of latitude at a shape: good to 1 %, for distances."""
    latitude = np.radians((shape.bounds[1] + shape.bounds[3]) / 2.0)
    return np.array([_METRES_PER_DEGREE * np.cos(latitude), _METRES_PER_DEGREE])


def _finding(trial: _Trial, shift: Shift, fits: str, compared: Compared) -> Finding:
    name, where = NAMES[trial.system], compared.where
    if trial.of_the_other and compared.declared == trial.system:
        message = f"were converted from {name} and fit as they are written: {fits}"
        fix = f'take coordinates = "{trial.system}" out of {where}'
    elif trial.of_the_other:
        message = f"{compared.other} looks shifted like {name} against them, by {shift}: {fits}"
        fix = f'if it was drawn on a Chinese web map, say coordinates = "{trial.system}" for it'
    else:
        back = Shift(shift.distance_m, (shift.bearing_degree + 180.0) % 360.0)
        message = f"look shifted like {name}, by {back}: {fits}"
        fix = (
            f'if they come from a Chinese web map, say coordinates = "{trial.system}" in {where}; '
            "nothing is converted unasked"
        )
    return Finding.warning("positions-look-shifted", compared.subject, message, fix=fix)
