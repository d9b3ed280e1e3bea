"""Four indices of a block in one pass over its bands; imported through ``compiled.loops`` only."""

# ruff: noqa: PLR0917 - compiled functions take no keyword-only parameters

from __future__ import annotations

from typing import Any

import numpy as np

from bluecarbon.mrv.kernels.compiled import jit_ieee
from bluecarbon.mrv.kernels.masks_loops import look_up, mark_empty

LANE_PX = 1024
"""Pixels that stay in the innermost cache while all four indices are taken of them."""

NEAREST = np.float32(3 << 22)
"""Added and taken away again it leaves the nearest whole number, half to even: an addition is a
vector instruction, a call to a rounding function is none."""


@jit_ieee
def four_indices(bands: Any, mask: Any, table: Any, numbers: Any, values: Any, reason: Any) -> Any:
    """See ``spectral.four_indices``: fills ``values`` and ``reason``, returns counts and totals.

    ``numbers`` are the shift, the limit of ratios, gap, code of the empty and four steps. Where
    ``values`` and ``reason`` are shorter than the bands they are used again and again, and only
    counts and totals are kept: what stays in the innermost cache costs half.
    """
    pixels = bands.shape[1]
    steps = numbers[4:].astype(np.float32)
    shift, limit, gap = np.float32(numbers[0]), np.float32(numbers[1]), np.int16(numbers[2])
    zero, empty = np.uint16(0), np.uint8(numbers[3])
    counts = np.zeros(256, np.int64)
    totals = np.zeros(4, np.int64)
    light = np.empty((4, LANE_PX), np.float32)
    for start in range(0, pixels, LANE_PX):
        stop = min(start + LANE_PX, pixels)
        at = start if reason.shape[0] == pixels else 0
        end = at + stop - start
        why = reason[at:end]
        if mask.shape[0] > 0:
            look_up(mask[start:stop], table, why)
        else:
            why[:] = 0
        for band in range(4):
            mark_empty(bands[band, start:stop], zero, empty, why)
            _light(bands[band, start:stop], shift, light[band])
        green, red, nir, swir = light[0], light[1], light[2], light[3]
        _normalised(nir, red, steps[0], values[0, at:end])
        _normalised(green, swir, steps[1], values[1, at:end])
        _normalised(nir, swir, steps[2], values[2, at:end])
        _ratio(nir, green, swir, limit, steps[3], values[3, at:end])
        known = _count(why, counts)
        for index in range(4):
            totals[index] += _total(values[index, at:end], why, gap, known)
    return counts, totals


@jit_ieee
def _light(numbers: Any, shift: Any, out: Any) -> None:
    zero = np.float32(0)
    for p in range(numbers.shape[0]):
        value = np.float32(np.int32(numbers[p])) + shift
        out[p] = value if value > zero else zero


@jit_ieee
def _normalised(first: Any, second: Any, steps: Any, out: Any) -> None:
    zero, one = np.float32(0), np.float32(1)
    for p in range(out.shape[0]):
        total = first[p] + second[p]
        share = (first[p] - second[p]) / (total if total > zero else one)
        out[p] = np.int32((share * steps + NEAREST) - NEAREST)


@jit_ieee
def _ratio(nir: Any, green: Any, swir: Any, limit: Any, steps: Any, out: Any) -> None:
    zero, one = np.float32(0), np.float32(1)
    for p in range(out.shape[0]):
        above = nir[p] - green[p]
        below = swir[p] - green[p]
        share = above / (below if above != zero else one)
        share = share if share < limit else limit
        share = share if share > -limit else -limit
        out[p] = np.int32((share * steps + NEAREST) - NEAREST)


@jit_ieee
def _count(reason: Any, counts: Any) -> Any:
    """Count the codes, and return how many pixels are valid: mostly all, which is quick to see."""
    known = 0
    for p in range(reason.shape[0]):
        known += reason[p] == 0
    counts[0] += known
    if known < reason.shape[0]:
        for p in range(reason.shape[0]):
            counts[reason[p]] += reason[p] != 0
    return known


@jit_ieee
def _total(values: Any, reason: Any, gap: Any, known: int) -> Any:
    """Put gaps in, and add up what is left."""
    total: Any = 0
    if known == values.shape[0]:
        for p in range(values.shape[0]):
            total += values[p]
        return total
    for p in range(values.shape[0]):
        value = values[p]
        total += value if reason[p] == 0 else np.int16(0)
        values[p] = value if reason[p] == 0 else gap
    return total
