"""The height of the tide when a scene was taken, from the constituents of a gauge.

A tidal flat is mud in one scene and water in the next, and the seaward fringe of mangrove drowns
with it. The tide is the sum of harmonic constituents (Schureman 1958; Pugh and Woodworth 2014),
computed by pyTMD from amplitude and phase (Greenwich) at a gauge. It is the tide at the gauge:
in a long creek it comes later and lower or higher, which nobody knows without a model of it.
"""

from __future__ import annotations

import csv
import datetime as dt
import importlib
import importlib.resources
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from bluecarbon.errors import MissingExtraError
from bluecarbon.spec import Finding, Value

MJD_OF_2000 = 51544
"""Modified Julian day of 2000-01-01."""

UNNAMED_SHARE_MAX = 0.05
"""Constituents without a known name may add up to this part of all; above, heights are refused."""


SPAN = (1970, 2050)
"""Years of satellite images and of the gauge records behind constituents. Beyond them sea level,
the coast and with them amplitude and phase have changed by what no constituent tells."""


class Constituent(Value):
    """One harmonic of the tide: amplitude in metres, phase lag on Greenwich in degrees."""

    name: str
    amplitude: float = Field(ge=0, allow_inf_nan=False)
    phase: float = Field(allow_inf_nan=False)


class Station(Value):
    """A tide gauge: where it is, and the constituents of its tide."""

    id: str
    name: str
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    harmonic_constituents: tuple[Constituent, ...] = Field(min_length=1)


class Tolerance(Value):
    """How far heights were from those of another program at one gauge, over some times."""

    id: str
    name: str
    times: int
    rms_m: float
    largest_m: float
    program: str


def read_stations(path: Path) -> tuple[tuple[Station, ...], tuple[Finding, ...]]:
    """The gauges of a JSON list (``id``, ``name``, ``latitude``, ``longitude`` and
    ``harmonic_constituents`` of ``name``, ``amplitude`` [m], ``phase`` [degrees]).

    Further keys are allowed, as tide databases have them. Findings: ``tide-file-unreadable``,
    ``tide-station-wrong``.
    """
    fix = "give a JSON list of stations as tide databases export them"
    try:
        table = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        message = f"is not JSON: {error}"
        return (), (Finding.error("tide-file-unreadable", path.name, message, fix=fix),)
    if not isinstance(table, list):
        message = "is no list of stations"
        return (), (Finding.error("tide-file-unreadable", path.name, message, fix=fix),)
    stations, found = [], []
    for number, row in enumerate(table, start=1):
        try:
            stations.append(Station.model_validate(_known(row)))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            subject, message = f"{path.name} station {number}", f"{place}: {first['msg']}"
            found.append(Finding.error("tide-station-wrong", subject, message, fix=fix))
    return tuple(stations), tuple(found)


def _known(row: Any) -> Any:
    """The keys of a station that are used."""
    if not isinstance(row, dict):
        return row
    kept = {name: row[name] for name in Station.model_fields if name in row}
    constituents = kept.get("harmonic_constituents")
    if isinstance(constituents, list):
        kept["harmonic_constituents"] = [
            {k: one[k] for k in Constituent.model_fields if k in one}
            if isinstance(one, dict)
            else one
            for one in constituents
        ]
    return kept


def station_of(
    stations: Sequence[Station],
    id: str,  # noqa: A002 - the key in the file
) -> tuple[Station | None, tuple[Finding, ...]]:
    """The gauge with an id. Finding ``tide-station-unknown`` when the file has none."""
    for station in stations:
        if station.id == id:
            return station, ()
    message = f"there is no station '{id}'"
    fix = f"stations: {', '.join(station.id for station in stations) or 'none'}"
    return None, (Finding.error("tide-station-unknown", "[mapping.tide]", message, fix=fix),)


def tide_heights_m(
    station: Station, times: Sequence[dt.datetime]
) -> tuple[NDArray[np.float64] | None, tuple[Finding, ...]]:
    """Height of the tide above mean sea level [m] at times that know their time zone.

    Constituents as read from gauges count the annual one from the sun's mean longitude, not from
    its perigee. Findings: ``tide-time-without-zone``, ``tide-constituent-unknown``,
    ``tide-time-far`` (warning: a time outside :data:`SPAN`).

    Raises
    ------
    MissingExtraError
        pyTMD is not installed.
    """
    naive = [time.isoformat() for time in times if time.tzinfo is None]
    if naive:
        message = f"times without a time zone: {', '.join(naive[:5])}"
        fix = "give times in UTC"
        finding = Finding.error("tide-time-without-zone", station.id, message, fix=fix)
        return None, (finding,)
    harmonics = _harmonics()
    known, unknown = _named(station, harmonics)
    found = (*_unknown_finding(station, unknown), *_far_findings(station, times))
    if not known or any(finding.severity == "error" for finding in found):
        return None, found
    names = [name for name, _ in known]
    amplitude = np.array([one.amplitude for _, one in known])
    phase = np.radians([one.phase for _, one in known])
    days = np.array([_modified_julian_day(time) for time in times])
    if len(days) == 0:
        return np.zeros(0), found
    nodal, factor, argument = harmonics.arguments(
        days, names, corrections="FES", climate_solar_perigee=True
    )
    angle = np.radians(argument) + nodal - phase
    return np.asarray((factor * amplitude * np.cos(angle)).sum(axis=1)), found


def _far_findings(station: Station, times: Sequence[dt.datetime]) -> tuple[Finding, ...]:
    """A warning for times at which nobody knows how well the constituents of today hold."""
    first, last = SPAN
    far = [time.isoformat() for time in times if not first <= time.year <= last]
    if not far:
        return ()
    message = (
        f"{len(far)} times lie before {first} or after {last} ({', '.join(far[:3])}): heights are "
        "of today's constituents above today's mean sea level, and no tolerance holds for them"
    )
    fix = "check the dates, or take constituents and sea level of that time"
    return (Finding.warning("tide-time-far", station.id, message, fix=fix),)


def judged_m(heights_m: NDArray[np.float64], levels_m: NDArray[np.float64]) -> tuple[float, float]:
    """How far heights are from levels of the same times (n,): root mean square and largest [m].

    A constant that both differ by (another datum) is part of it: levels are above mean sea level.
    """
    difference = heights_m - levels_m
    return float(np.sqrt((difference**2).mean())), float(np.abs(difference).max())


@cache
def measured_tolerances() -> Mapping[str, Tolerance]:
    """The gauges at which heights were compared with another program, by their id.

    Rows of ``tables/tide_tolerance.csv``, which a test on the gauges' own data holds.
    """
    table = importlib.resources.files("bluecarbon.mrv") / "tables" / "tide_tolerance.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    rows = [Tolerance.model_validate(row) for row in csv.DictReader(lines)]
    return {row.id: row for row in rows}


def tolerance_finding(station: Station) -> Finding:
    """A remark on how far a height may be off at this gauge, and what it does not include."""
    known = measured_tolerances()
    own = known.get(station.id)
    if own is not None:
        message = (
            f"heights are within {own.largest_m:.2f} m (root mean square {own.rms_m:.3f} m) of "
            f"{own.program} over {own.times} times"
        )
    else:
        least = min(known.values(), key=lambda row: row.largest_m)
        most = max(known.values(), key=lambda row: row.largest_m)
        message = (
            f"this gauge was not compared; at {len(known)} others heights are within "
            f"{least.largest_m:.2f} m ({least.name}) to {most.largest_m:.2f} m ({most.name}) of "
            "another program's"
        )
    told = "; weather, and the way from the gauge to the scene, come on top"
    return Finding.info("tide-tolerance", station.id, message + told)


def _harmonics() -> Any:
    try:
        return importlib.import_module("pyTMD.constituents")
    except ImportError as error:
        raise MissingExtraError("the height of the tide", "rasters") from error


def _named(
    station: Station, harmonics: Any
) -> tuple[list[tuple[str, Constituent]], list[Constituent]]:
    """The constituents that pyTMD knows, with its names for them, and the others."""
    known, unknown = [], []
    for one in station.harmonic_constituents:
        try:
            name = harmonics._parse_name(one.name)  # noqa: SLF001 - its table of other names
            harmonics.coefficients_table([name])
        except ValueError:
            unknown.append(one)
        else:
            known.append((name, one))
    return known, unknown


def _unknown_finding(station: Station, unknown: Sequence[Constituent]) -> tuple[Finding, ...]:
    if not unknown:
        return ()
    lost = sum(one.amplitude for one in unknown)
    total = sum(one.amplitude for one in station.harmonic_constituents)
    names = ", ".join(one.name for one in unknown)
    message = f"constituents {names} are not known and left out: up to {lost:.3f} m of the height"
    if lost > UNNAMED_SHARE_MAX * total:
        fix = "use the names of the IHO list of constituents"
        return (Finding.error("tide-constituent-unknown", station.id, message, fix=fix),)
    return (Finding.info("tide-constituent-unknown", station.id, message),)


def _modified_julian_day(time: dt.datetime) -> float:
    since = time.astimezone(dt.UTC) - dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
    return MJD_OF_2000 + since / dt.timedelta(days=1)


def flooded(
    height_m: float,
    height_max_m: float,
    elevation_m: NDArray[np.float32] | None,
    shape: tuple[int, int],
) -> NDArray[np.bool_]:
    """Pixels (height, width) that a scene shows under a tide above the declared limit.

    With elevation above mean sea level [m] it is what lies below the tide, and everything whose
    elevation is not known; without, the whole scene.
    """
    if height_m <= height_max_m:
        return np.zeros(shape, dtype=np.bool_)
    if elevation_m is None:
        return np.ones(shape, dtype=np.bool_)
    return ~(elevation_m >= height_m)


def tide_findings(
    heights_m: Mapping[str, float], height_max_m: float | None
) -> tuple[Finding, ...]:
    """A remark with the tide of every scene, and a warning for each above the limit."""
    if not heights_m:
        return ()
    written = ", ".join(f"{name} {height:+.2f} m" for name, height in heights_m.items())
    found = [
        Finding.info("tide-heights", "[mapping.tide]", f"tide above mean sea level: {written}")
    ]
    if height_max_m is not None:
        for name, height in heights_m.items():
            if height > height_max_m:
                message = (
                    f"the tide stood at {height:+.2f} m, above the declared {height_max_m:+.2f} m: "
                    "what was flooded is not used"
                )
                found.append(Finding.warning("tide-too-high", name, message))
    return tuple(found)
