"""Why a pixel of a scene is not used: one small whole number per pixel, never a pixel less.

Masks that only remove hide what they cost: exposed tidal flats and the seaward edge of mangrove
are taken for cloud, and water masks eat mangrove at high tide. So each pixel keeps its reason, and
the report says how many hectares each reason removed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

REASONS = (
    "valid", "nodata", "saturated", "shadow", "cloud", "snow",
    "water", "tide_too_high", "outside", "terrain", "not_finite",
)  # fmt: skip
"""Why a pixel of a scene is not used; the position is the code. Codes never change their meaning:
new ones are added at the end."""

ABOUT: Mapping[str, str] = {
    "valid": "used",
    "nodata": "the sensor has no number here",
    "saturated": "the sensor was saturated, or the pixel is marked defective",
    "shadow": "in the shadow of a cloud",
    "cloud": "cloud, the rim of a cloud, or cirrus",
    "snow": "snow or ice",
    "water": "water, where the project asks to leave it out",
    "tide_too_high": "the whole scene was taken at a tide above the project's limit",
    "outside": "outside the boundary, or beyond the frame of the scene",
    "terrain": "hidden by terrain",
    "not_finite": "infinite or not a number",
}

VALID, NODATA, SATURATED, SHADOW, CLOUD, SNOW = range(6)
WATER, TIDE_TOO_HIGH, OUTSIDE, TERRAIN, NOT_FINITE = range(6, 11)

Reasons = NDArray[np.uint8]


def combined(first: Reasons, second: Reasons) -> Reasons:
    """The first reason where there is one, else the second: a pixel has one reason, the earliest.

    Shapes as of numpy broadcasting.
    """
    return np.where(first > VALID, first, second).astype(np.uint8)


def pixels_by_reason(reason: Reasons) -> dict[str, int]:
    """How many pixels each reason has, those that occur, in the order of :data:`REASONS`."""
    counts = np.bincount(reason.ravel(), minlength=len(REASONS))
    return {REASONS[code]: int(count) for code, count in enumerate(counts) if count}


def hectares_by_reason(reason: Reasons, area_ha: NDArray[np.float64]) -> dict[str, float]:
    """Hectares of each reason that occurs; their sum is the sum of ``area_ha``.

    Parameters
    ----------
    reason : (height, width)
    area_ha : the part of each pixel that lies inside the boundary, (height, width) or (height, 1)
    """
    weights = np.broadcast_to(area_ha, reason.shape).ravel()
    counts = np.bincount(reason.ravel(), weights=weights, minlength=len(REASONS))
    return {REASONS[code]: float(ha) for code, ha in enumerate(counts) if ha > 0}
