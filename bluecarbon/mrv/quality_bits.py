"""Quality bands: what their bits and codes mean, and the reason code that follows.

Landsat packs its mask into the bits of a 16-bit number, and moved the bits twice:

- Collection 2, QA_PIXEL: USGS LSDS-1619, Landsat 8-9 Collection 2 Level 2 Science Product Guide,
  table "Pixel Quality Assessment Bit Index" (Landsat 4-7, LSDS-1618, has the same bits but no
  cirrus);
- Collection 1, BQA: USGS Landsat Collection 1 Level 1 Quality Assessment band, table for OLI;
- before collections, BQA: USGS Landsat 8 (L8) Data Users Handbook LSDS-1574 of that time.

Sentinel-2 has a scene classification of 12 codes instead: ESA, Sentinel-2 Level-2A ATBD.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv import reasons

Quality = NDArray[np.uint16]
Codes = NDArray[np.uint8]

LEVELS = ("not determined", "low", "medium", "high")
"""What two bits of confidence say; Landsat calls them no, maybe and yes as well."""

FLAG = ("no", "yes")

SATURATION = ("no band", "1-2 bands", "3-4 bands", "5 bands or more")

SCL_REASONS: Mapping[int, int] = {
    0: reasons.NODATA,
    1: reasons.SATURATED,
    3: reasons.SHADOW,
    8: reasons.CLOUD,
    9: reasons.CLOUD,
    10: reasons.CLOUD,
    11: reasons.SNOW,
}
"""Sentinel-2 scene classification -> reason code (ESA, Sentinel-2 L2A ATBD, table of SCL values).
Class 2 (dark area) is kept: over a coast it is mostly water and wet mangrove, not shadow."""

SCL_WATER = 6
SCL_CODES = range(12)


@dataclass(frozen=True)
class Bits:
    """A field of a quality band: its lowest bit, how many bits, what its values are called."""

    lowest: int
    count: int
    meanings: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """The bits of one generation of Landsat quality bands.

    ``rules`` are (field, least value, reason) in the order in which they are asked: a pixel has
    the first reason that holds. ``never`` are (field, value) that no pixel but fill has: what the
    guides call reserved, or not set; ``unused`` are the bits that are 0 in every pixel.
    """

    name: str
    source: str
    fields: Mapping[str, Bits]
    rules: tuple[tuple[str, int, int], ...]
    water: tuple[str, int]
    never: tuple[tuple[str, int], ...] = ()
    unused: int = 0


def _flag(bit: int) -> Bits:
    return Bits(bit, 1, FLAG)


def _level(bit: int) -> Bits:
    return Bits(bit, 2, LEVELS)


COLLECTION_2 = Layout(
    name="landsat-c2-qa-pixel",
    source="USGS LSDS-1619, Landsat 8-9 Collection 2 Level 2 Science Product Guide",
    fields={
        "fill": _flag(0),
        "dilated_cloud": _flag(1),
        "cirrus": _flag(2),
        "cloud": _flag(3),
        "cloud_shadow": _flag(4),
        "snow": _flag(5),
        "clear": _flag(6),
        "water": _flag(7),
        "cloud_confidence": _level(8),
        "cloud_shadow_confidence": _level(10),
        "snow_confidence": _level(12),
        "cirrus_confidence": _level(14),
    },
    rules=(
        ("fill", 1, reasons.NODATA),
        ("cloud", 1, reasons.CLOUD),
        ("dilated_cloud", 1, reasons.CLOUD),
        ("cirrus", 1, reasons.CLOUD),
        ("cloud_shadow", 1, reasons.SHADOW),
        ("snow", 1, reasons.SNOW),
    ),
    water=("water", 1),
    never=(
        ("cloud_confidence", 0),
        ("cloud_shadow_confidence", 2),
        ("snow_confidence", 2),
        ("cirrus_confidence", 2),
    ),
)

COLLECTION_1 = Layout(
    name="landsat-c1-bqa",
    source="USGS, Landsat Collection 1 Level 1 Quality Assessment band (OLI)",
    fields={
        "fill": _flag(0),
        "terrain_occlusion": _flag(1),
        "radiometric_saturation": Bits(2, 2, SATURATION),
        "cloud": _flag(4),
        "cloud_confidence": _level(5),
        "cloud_shadow_confidence": _level(7),
        "snow_confidence": _level(9),
        "cirrus_confidence": _level(11),
    },
    rules=(
        ("fill", 1, reasons.NODATA),
        ("cloud", 1, reasons.CLOUD),
        ("cloud_confidence", 3, reasons.CLOUD),
        ("cirrus_confidence", 3, reasons.CLOUD),
        ("cloud_shadow_confidence", 3, reasons.SHADOW),
        ("snow_confidence", 3, reasons.SNOW),
        ("radiometric_saturation", 1, reasons.SATURATED),
        ("terrain_occlusion", 1, reasons.TERRAIN),
    ),
    water=("", 0),
    unused=0b1110_0000_0000_0000,
)

PRE_COLLECTION = Layout(
    name="landsat-pre-collection-bqa",
    source="USGS, Landsat 8 Data Users Handbook LSDS-1574, before collections",
    fields={
        "fill": _flag(0),
        "dropped_frame": _flag(1),
        "terrain_occlusion": _flag(2),
        "water_confidence": _level(4),
        "cloud_shadow_confidence": _level(6),
        "snow_confidence": _level(10),
        "cirrus_confidence": _level(12),
        "cloud_confidence": _level(14),
    },
    rules=(
        ("fill", 1, reasons.NODATA),
        ("dropped_frame", 1, reasons.NODATA),
        # Before collections a cloud of medium confidence was mostly one.
        ("cloud_confidence", 2, reasons.CLOUD),
        ("cirrus_confidence", 3, reasons.CLOUD),
        ("cloud_shadow_confidence", 3, reasons.SHADOW),
        ("snow_confidence", 3, reasons.SNOW),
        ("terrain_occlusion", 1, reasons.TERRAIN),
    ),
    water=("water_confidence", 3),
    unused=0b0000_0011_0000_1000,
)

LAYOUTS: Mapping[str, Layout] = {
    layout.name: layout for layout in (COLLECTION_2, COLLECTION_1, PRE_COLLECTION)
}

SCL = "sentinel-2-scl"


def decode(quality: Quality, layout: Layout, field: str) -> Codes:
    """The value of one field in every pixel (same shape). KeyError when the layout lacks it."""
    bits = layout.fields[field]
    return ((quality >> bits.lowest) & ((1 << bits.count) - 1)).astype(np.uint8)


def shares(quality: Quality, layout: Layout) -> dict[str, dict[str, float]]:
    """For every field the share of the pixels that has each of its values, those that occur."""
    table = {}
    for field, bits in layout.fields.items():
        counts = np.bincount(decode(quality, layout, field).ravel(), minlength=len(bits.meanings))
        named = zip(bits.meanings, counts.tolist(), strict=True)
        table[field] = {name: count / quality.size for name, count in named if count}
    return table


def reason_table(legend: str, *, leave_out_water: bool = False) -> Codes:
    """Reason code of every number that a quality band can hold.

    Of length 12 for ``"sentinel-2-scl"``, else 65 536. Water is a class of maps and stays unless
    it is to be left out. KeyError when the legend is unknown.
    """
    return _reason_table(legend, leave_out_water).copy()


@cache
def _reason_table(legend: str, leave_out_water: bool) -> Codes:
    if legend == SCL:
        return _scl_table(leave_out_water=leave_out_water)
    layout = LAYOUTS[legend]
    numbers = np.arange(65_536, dtype=np.uint16)
    table = np.zeros(numbers.shape, dtype=np.uint8)
    field, least = layout.water
    rules = [*layout.rules]
    if leave_out_water and field:
        rules.append((field, least, reasons.WATER))
    for name, at_least, reason in rules:
        held = decode(numbers, layout, name) >= at_least
        table[held & (table == reasons.VALID)] = reason
    return table


@cache
def impossible(legend: str) -> NDArray[np.bool_]:
    """Which of the 65 536 numbers a Landsat layout never has. KeyError when it is unknown.

    0 and fill are no pixels of an image and are never held against a layout.
    """
    layout = LAYOUTS[legend]
    numbers = np.arange(65_536, dtype=np.uint16)
    wrong = (numbers & layout.unused) > 0
    for name, value in layout.never:
        wrong |= decode(numbers, layout, name) == value
    return np.asarray(wrong & (numbers > 0) & (decode(numbers, layout, "fill") == 0))


def layouts_of(numbers: Quality, share_most: float) -> tuple[str, ...]:
    """The layouts of which at most a share of the numbers (any shape) is impossible."""
    return tuple(n for n in LAYOUTS if float(impossible(n)[numbers].mean()) <= share_most)


def _scl_table(*, leave_out_water: bool) -> Codes:
    table = np.zeros(len(SCL_CODES), dtype=np.uint8)
    table[list(SCL_REASONS)] = list(SCL_REASONS.values())
    if leave_out_water:
        table[SCL_WATER] = reasons.WATER
    return table
