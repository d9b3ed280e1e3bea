"""The colours of maps, in pictures and in the colour tables of GeoTIFFs: one palette for both.

From Paul Tol's qualitative sets, which people with the common kinds of colour blindness can tell
apart.
"""

from __future__ import annotations

from collections.abc import Mapping

CLASS_COLOURS = {
    "outside": "#ffffff",
    "mangrove": "#117733",
    "water": "#88ccee",
    "tidal_flat": "#ddcc77",
    "pond": "#332288",
    "upland_forest": "#999933",
    "other": "#bbbbbb",
    "unobserved": "#cc6677",
}
CHANGE_COLOURS = {
    "outside": "#ffffff",
    "stable mangrove": "#117733",
    "gain": "#44aa99",
    "loss": "#882255",
    "stable other": "#e8e8e8",
    "unobserved": "#cc6677",
}

REASON_COLOURS = {
    "valid": "#dddddd",
    "nodata": "#000000",
    "saturated": "#aa4499",
    "shadow": "#332288",
    "cloud": "#ffffff",
    "snow": "#44aa99",
    "water": "#88ccee",
    "tide_too_high": "#ddcc77",
    "outside": "#661100",
    "terrain": "#999933",
    "not_finite": "#cc6677",
}

ALERT_COLOURS = {
    "outside": "#ffffff",
    "watched": "#117733",
    "suspected": "#ddcc77",
    "alert": "#882255",
}


def colour_table(
    legend: Mapping[int, str], colours: Mapping[str, str]
) -> dict[int, tuple[int, int, int, int]]:
    """Code -> red, green, blue, alpha (0-255); what lies outside is transparent."""
    table = {}
    for code, name in legend.items():
        red, green, blue = bytes.fromhex(colours.get(name, "#bbbbbb").removeprefix("#"))
        table[code] = (red, green, blue, 0 if name == "outside" else 255)
    return table
