"""Cores whose position does not fit the place that their name tells.

Positions are copied from one study to another more often than names are. The places are those of
``tables/mangrove_places.csv``: names of mangrove coasts of southern China, with a rough position
and a generous radius. The positions are geography as recalled, good to a few kilometres; only a
core that lies outside the radius is named, and only where its own name names a place.
"""

from __future__ import annotations

import importlib.resources
from functools import cache

import pandas as pd
from pyproj import Geod

from bluecarbon.methodology.tables import table_from_text
from bluecarbon.mrv.field_tables import defect, in_words
from bluecarbon.spec import Finding, Value

_WGS84 = Geod(ellps="WGS84")


class Place(Value):
    """A mangrove coast: names that tell it, its position [degree] and how far it reaches [km]."""

    id: str
    names: tuple[str, ...]
    lat: float
    lon: float
    radius_km: float

    def distance_km(self, lat: float, lon: float) -> float:
        """Geodesic distance from its position [km]."""
        return float(_WGS84.inv(self.lon, self.lat, lon, lat)[2]) / 1000.0


@cache
def places() -> tuple[Place, ...]:
    """The places that are known."""
    text = importlib.resources.files("bluecarbon.mrv") / "tables" / "mangrove_places.csv"
    rows = table_from_text(text.read_text(encoding="utf-8"), "mangrove_places.csv", "id")
    return tuple(
        Place(
            id=row["id"],
            names=tuple(
                name
                for name in (row["name"], row["name_zh"], *row["other_names"].split("|"))
                if name
            ),
            lat=float(row["lat"]),
            lon=float(row["lon"]),
            radius_km=float(row["radius_km"]),
        )
        for row in rows
    )


def place_named(text: str) -> Place | None:
    """The place that a name tells ("HL14 Shankou 1", "山口2号"); None when it tells none."""
    folded = text.casefold()
    return next((p for p in places() if any(n.casefold() in folded for n in p.names)), None)


def position_findings(cores: pd.DataFrame, file: str) -> list[Finding]:
    """Cores that lie far from where their name says.

    ``cores`` (or slices) has core_id, lat and lon [degree], and site_id and line where there are.

    Returns
    -------
    One warning (``position-not-at-place``) for each place and position, which names the cores,
    the distance and the known place that the position is at.
    """
    if not {"lat", "lon"} <= set(cores):
        return []
    known = cores[cores["lat"].notna() & cores["lon"].notna()]
    label = known["core_id"].astype(str)
    if "site_id" in known:
        label = known["site_id"].astype(str) + " " + label
    named = {text: place_named(text) for text in label.unique()}
    bad: dict[tuple[str, float, float], list[int]] = {}
    positions = zip(label, known["lat"], known["lon"], strict=True)
    for place, (text, lat, lon) in enumerate(positions):
        told = named[text]
        if told is not None and told.distance_km(lat, lon) > told.radius_km:
            bad.setdefault((told.id, float(lat), float(lon)), []).append(place)
    return [_finding(key, known.iloc[rows], file) for key, rows in bad.items()]


def _finding(key: tuple[str, float, float], rows: pd.DataFrame, file: str) -> Finding:
    told = next(p for p in places() if p.id == key[0])
    lat, lon = key[1:]
    near = min(places(), key=lambda p: p.distance_km(lat, lon))
    at = near.distance_km(lat, lon)
    there = f", {at:.0f} km from {near.names[0]}" if at <= near.radius_km else ""
    names = ", ".join(sorted({str(core) for core in rows["core_id"]}))
    message = (
        f"cores {names} are named after {told.names[0]} ({told.lat:g}, {told.lon:g}) and lie at "
        f"{lat:g}, {lon:g}: {told.distance_km(lat, lon):.0f} km away{there}"
    )
    subject = f"{file} {in_words(rows['line'].tolist())}" if "line" in rows else file
    fix = "see which is right, the name or the position, before the core counts for a stratum"
    return defect("position-not-at-place", subject, message, fix, severity="warning")
