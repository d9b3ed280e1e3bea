"""The four indices that maps are made with, from digital numbers to whole numbers in one pass.

A compiled loop and a numpy twin that gives the same numbers. Indices are whole numbers, because a
normalised difference of 16-bit reflectances is not known to more than four places.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv.kernels.compiled import loops
from bluecarbon.mrv.kernels.masks import Mask, reasons_numpy

Numbers = NDArray[np.uint16]

RATIO_LIMIT = 20.0
"""As in ``indices.RATIO_LIMIT``: over dark water a ratio of small differences is noise."""

STEPS = (10_000.0, 10_000.0, 10_000.0, 1_000.0)
"""Whole numbers per unit of NDVI, MNDWI, LSWI and MVI; the last reaches beyond 3."""

GAP = -32768
"""Instead of an index where a pixel may not be used."""

CODES = 256


@dataclass(frozen=True)
class FourIndices:
    """Indices of some pixels, why pixels have none, and what they add up to.

    Attributes
    ----------
    values : (4, pixels) int16, NDVI, MNDWI, LSWI, MVI times :data:`STEPS`; :data:`GAP` for none
    reason : (pixels,) uint8, 0 where a pixel is valid
    counts : (256,) int64, pixels by reason
    totals : (4,) int64, the sum of the values of each index
    """

    values: NDArray[np.int16]
    reason: NDArray[np.uint8]
    counts: NDArray[np.int64]
    totals: NDArray[np.int64]


def four_indices(
    bands: Numbers,
    mask: Mask,
    table: NDArray[np.uint8],
    *,
    shift: float,
    empty: int,
    keep: bool = True,
) -> FourIndices:
    """NDVI, MNDWI, LSWI and MVI (see ``indices.INDICES`` for their sources), and what to mask.

    Parameters
    ----------
    bands : (4, pixels) green, red, near infrared, short-wave infrared 1 as digital numbers; 0
        where the sensor has none
    mask : (pixels,) numbers of the quality band, or of length 0 when there is none
    table : reason code for each number that the quality band can hold
    shift : what is added to a number before it is taken as light, -1000 for Sentinel-2 from
        processing baseline 04.00; what then is negative becomes 0
    empty : the reason code of a pixel that has no number in one of the bands
    keep : without it only counts and totals are of use
    """
    compiled = loops("spectral")
    if compiled is None:
        return four_indices_numpy(bands, mask, table, shift=shift, empty=empty)
    numbers = np.array([shift, RATIO_LIMIT, GAP, empty, *STEPS])
    room = bands.shape[1] if keep else min(compiled.LANE_PX, bands.shape[1])
    values, reason = np.empty((4, room), np.int16), np.empty(room, np.uint8)
    counts, totals = compiled.four_indices(bands, mask, table, numbers, values, reason)
    return FourIndices(values, reason, counts, totals)


def four_indices_numpy(
    bands: Numbers,
    mask: Mask,
    table: NDArray[np.uint8],
    *,
    shift: float,
    empty: int,
) -> FourIndices:
    """The twin of the compiled loop."""
    reason = reasons_numpy(bands, mask, table, nodata=0, empty=empty)
    light = np.maximum(bands.astype(np.float32) + np.float32(shift), np.float32(0))
    shares = _shares(light)
    layers = [np.rint(s * np.float32(steps)) for s, steps in zip(shares, STEPS, strict=True)]
    valid = reason == 0
    values = np.where(valid, np.stack(layers), GAP).astype(np.int16)
    counts = np.bincount(reason, minlength=CODES).astype(np.int64)
    totals = values[:, valid].sum(axis=1, dtype=np.int64)
    return FourIndices(values, reason, counts, totals)


def _shares(light: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    green, red, nir, swir = light
    above, below = nir - green, swir - green
    with np.errstate(divide="ignore"):
        ratio = above / np.where(above == 0, np.float32(1), below)
    limit = np.float32(RATIO_LIMIT)
    return (
        _normalised(nir, red),
        _normalised(green, swir),
        _normalised(nir, swir),
        np.clip(ratio, -limit, limit),
    )


def _normalised(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    total = first + second
    share = (first - second) / np.where(total > 0, total, np.float32(1))
    return share.astype(np.float32, copy=False)
