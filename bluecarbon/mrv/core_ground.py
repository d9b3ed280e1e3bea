"""Cores against the project that they are to count for: its strata, their polygons, its time."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from bluecarbon.mrv.field_dates import is_out_of_range, iso_dates, latest_date
from bluecarbon.mrv.field_tables import EARLIEST_DATE, defect, in_words
from bluecarbon.mrv.rasters import Geometry
from bluecarbon.mrv.rejects import Rejects
from bluecarbon.mrv.sample_places import TOLERANCE_M, distance_m
from bluecarbon.mrv.shift_checks import Compared, points_shift
from bluecarbon.project_coordinates import Coordinates
from bluecarbon.spec import Finding

FIXES = {
    "stratum-missing": "fill in stratum, or give positions inside the strata",
    "stratum-unknown": "use the id of a stratum of the layer",
    "date-unreadable": "write dates as 2024-07-31",
    "date-missing": "fill in the day of coring, or at least the year",
    "date-out-of-range": "write the day of coring, as 2024-07-31",
    "sample-outside-stratum": "check the coordinates (longitude, latitude, WGS 84) or the stratum",
}


@dataclass(frozen=True)
class Ground:
    """What cores are judged against; nothing is judged of which nothing is known.

    ``strata`` are the ids (None: any), ``polygons`` those that are known (WGS 84), ``period_end``
    makes dates obligatory. ``where`` and ``layer`` are how findings call the two sides, and
    ``coordinates`` what the cores were declared to be.
    """

    strata: tuple[str, ...] | None = None
    polygons: Mapping[str, Geometry] = field(default_factory=dict)
    period_end: dt.date | None = None
    where: str = "[soil]"
    layer: str = "[strata]"
    coordinates: Coordinates = "wgs84"


def judge(rows: pd.DataFrame, file: str, ground: Ground) -> tuple[Rejects, list[Finding]]:
    """The rows with stratum and date made sure of, and why some cannot count for the project.

    A core without a stratum takes that of the polygon it lies in, and a project of one stratum
    has no other; a date may be the last day of the year of coring. Both are said.
    """
    done = rows.copy()
    findings = _give_strata(done, file, ground)
    findings += _give_dates(done, file, ground)
    rejects = Rejects(done, file)
    _reject_strata(rejects, ground)
    _reject_dates(rejects, ground)
    findings += _reject_outside(rejects, ground)
    return rejects, findings


def _give_strata(rows: pd.DataFrame, file: str, ground: Ground) -> list[Finding]:
    """Fill in strata that the sheet does not say."""
    if ground.strata is None and not ground.polygons:
        return []
    if "stratum" not in rows:
        rows["stratum"] = ""
    empty = rows["stratum"] == ""
    if not empty.any():
        return []
    if ground.strata is not None and len(ground.strata) == 1:
        rows.loc[empty, "stratum"] = ground.strata[0]
        how = f"the only stratum, '{ground.strata[0]}', is taken"
    elif {"lon", "lat"} <= set(rows):
        places = rows.loc[empty, ["lon", "lat"]].drop_duplicates().dropna()
        for lon, lat in places.itertuples(index=False):
            name = next(
                (n for n, p in ground.polygons.items() if distance_m(p, lon, lat) == 0.0), ""
            )
            rows.loc[empty & (rows["lon"] == lon) & (rows["lat"] == lat), "stratum"] = name
        how = "each core takes that of the polygon it lies in"
    else:
        return []
    filled = empty & (rows["stratum"] != "")
    if not filled.any():
        return []
    subject = f"{file} {in_words(rows.loc[filled, 'line'].tolist())}"
    message = f"the sheet says no stratum: {how}"
    return [defect("stratum-by-position", subject, message, severity="info")]


def _give_dates(rows: pd.DataFrame, file: str, ground: Ground) -> list[Finding]:
    """ISO dates (None where there is none that can be read), by the year where only that is."""
    if "date" not in rows:
        if ground.period_end is None:
            return []
        rows["date"] = ""
    rows["date_written"] = rows["date"]
    rows["date"] = iso_dates(rows["date"])
    if "year" not in rows:
        return []
    year = rows["year"]
    filled = (rows["date"] == "") & year.between(1000, 9999) & (year % 1 == 0)
    if not filled.any():
        return []
    rows.loc[filled, "date"] = [f"{value:.0f}-12-31" for value in year[filled]]
    subject = f"{file} {in_words(rows.loc[filled, 'line'].tolist())}"
    message = "only the year of coring is known: its last day stands for the date"
    return [defect("date-by-year", subject, message, severity="info")]


def _reject_strata(rejects: Rejects, ground: Ground) -> None:
    rows = rejects.rows
    if "stratum" not in rows or (ground.strata is None and not ground.polygons):
        return
    known = list(ground.strata if ground.strata is not None else ground.polygons)
    rejects.add(
        rows["stratum"] == "", "stratum-missing", lambda row: f"{row['core_id']} has no stratum"
    )
    strange = ~rows["stratum"].isin(["", *known])
    rejects.add(strange, "stratum-unknown", lambda row: _unknown(str(row["stratum"]), known))


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"; did you mean '{near[0]}'?" if near else f"; there are: {', '.join(known[:8])}"
    return f"there is no stratum '{name}'{hint}"


def _reject_dates(rejects: Rejects, ground: Ground) -> None:
    rows = rejects.rows
    if "date" not in rows:
        return
    date = rows["date"]
    rejects.add(
        date.isna(), "date-unreadable", lambda row: f"'{row['date_written']}' is not a date"
    )
    if ground.period_end is None:
        return
    rejects.add(date == "", "date-missing", lambda row: f"{row['core_id']} has no date")
    wrong = {text for text in date.dropna().unique() if text} if len(rows) else set()
    wrong = {text for text in wrong if is_out_of_range(text, ground.period_end)}
    latest = latest_date(ground.period_end)
    rejects.add(
        date.isin(wrong),
        "date-out-of-range",
        lambda row: f"date {row['date']} is not between {EARLIEST_DATE} and {latest}",
    )


def _reject_outside(rejects: Rejects, ground: Ground) -> list[Finding]:
    """Cores farther than a receiver errs from the polygon of their stratum."""
    rows = rejects.rows
    if not ground.polygons or not {"lon", "lat", "stratum"} <= set(rows):
        return []
    placed = rows[rows["stratum"].isin(ground.polygons) & rows["lon"].notna()]
    places = placed[["core_id", "stratum", "lon", "lat"]].drop_duplicates()
    polygons = [ground.polygons[name] for name in places["stratum"]]
    away_m = [
        distance_m(polygon, lon, lat)
        for polygon, lon, lat in zip(polygons, places["lon"], places["lat"], strict=True)
    ]
    outside = places.assign(away_m=away_m)
    outside = outside[outside["away_m"] > TOLERANCE_M]
    said = {
        core: f"{core} lies {away:,.0f} m outside stratum {stratum}"
        for core, stratum, away in zip(
            outside["core_id"], outside["stratum"], outside["away_m"], strict=True
        )
    }
    rejects.add_whole(rows["core_id"].isin(said), "sample-outside-stratum", said)
    compared = Compared(rejects.file, ground.where, ground.layer, ground.coordinates)
    lon, lat = (places[name].to_numpy(dtype=np.float64) for name in ("lon", "lat"))
    return list(points_shift(lon, lat, polygons, compared))
