"""Quantiles over scenes by a sorting network; imported through ``compiled.loops`` only.

A network compares the same pairs whatever the numbers are, so many pixels go through it side by
side in one vector instruction: sorting 24 scenes costs less than decoding them.
"""

# ruff: noqa: PLR0917 - compiled functions take no keyword-only parameters

from __future__ import annotations

from typing import Any

import numpy as np

from bluecarbon.mrv.kernels.compiled import jit, jit_ieee

LANE_PX = 2048
"""Pixels that go through the network together: enough that handing rows to the comparison costs
little beside it, few enough that 24 scenes of them stay in a core's own cache."""


@jit
def quantile(stack: Any, valid: Any, network: Any, share: float, top: Any) -> Any:
    """See ``order_statistics.quantile``; ``top`` is above all values, or their largest."""
    scenes, bands, pixels = stack.shape
    result = np.empty((bands, pixels), np.float32)
    lane = np.full((scenes, LANE_PX), top, stack.dtype)
    below = np.empty(LANE_PX, np.int64)
    above = np.empty(LANE_PX, np.int64)
    between = np.empty(LANE_PX, np.float64)
    for start in range(0, pixels, LANE_PX):
        stop = min(start + LANE_PX, pixels)
        _places(valid[:, start:stop], share, below, above, between)
        for band in range(bands):
            for s in range(scenes):
                _fill(lane[s], stack[s, band, start:stop], valid[s, start:stop], top)
            for k in range(network.shape[0]):
                _compare(lane[network[k, 0]], lane[network[k, 1]])
            _pick(lane, below, above, between, result[band, start:stop])
    return result


@jit
def _places(valid: Any, share: float, below: Any, above: Any, between: Any) -> None:
    """Between which two of its sorted values the quantile of each pixel lies; -1 without any."""
    below[:] = -1
    for s in range(valid.shape[0]):
        for p in range(valid.shape[1]):
            below[p] += valid[s, p]
    for p in range(valid.shape[1]):
        if below[p] >= 0:
            last = below[p]
            place = share * last
            below[p] = int(place)
            above[p] = min(below[p] + 1, last)
            between[p] = place - below[p]


@jit
def _fill(lane: Any, values: Any, valid: Any, top: Any) -> None:
    for p in range(values.shape[0]):
        lane[p] = values[p] if valid[p] else top


@jit
def _compare(low: Any, high: Any) -> None:
    for p in range(LANE_PX):
        a = low[p]
        b = high[p]
        low[p] = a if a < b else b
        high[p] = b if a < b else a


@jit
def _pick(lane: Any, below: Any, above: Any, between: Any, out: Any) -> None:
    for p in range(out.shape[0]):
        if below[p] < 0:
            out[p] = np.nan
            continue
        first = np.float64(lane[below[p], p])
        out[p] = first + (np.float64(lane[above[p], p]) - first) * between[p]


@jit_ieee
def geometric_median(stack: Any, valid: Any, tolerance: float, rounds: int) -> Any:
    """See ``order_statistics.geometric_median``."""
    scenes, bands, pixels = stack.shape
    result = np.empty((bands, pixels), np.float32)
    spectra = np.empty((scenes, bands), np.float64)
    centre = np.empty(bands, np.float64)
    moved = np.empty(bands, np.float64)
    for p in range(pixels):
        count = _gathered(stack, valid, p, spectra)
        if count == 0:
            result[:, p] = np.nan
            continue
        _mean(spectra, count, centre)
        for _ in range(rounds):
            step = _weiszfeld(spectra, count, centre, moved)
            centre[:] = moved
            if step <= tolerance:
                break
        result[:, p] = centre
    return result


@jit
def _gathered(stack: Any, valid: Any, p: int, spectra: Any) -> Any:
    count = 0
    for s in range(stack.shape[0]):
        if valid[s, p]:
            for band in range(stack.shape[1]):
                spectra[count, band] = stack[s, band, p]
            count += 1
    return count


@jit_ieee
def _mean(spectra: Any, count: int, centre: Any) -> None:
    for band in range(centre.shape[0]):
        total = 0.0
        for s in range(count):
            total += spectra[s, band]
        centre[band] = total / count


@jit_ieee
def _weiszfeld(spectra: Any, count: int, centre: Any, moved: Any) -> Any:
    """One round: the mean of the spectra, each weighted by one over its distance."""
    bands = centre.shape[0]
    moved[:] = 0.0
    total = 0.0
    for s in range(count):
        square = 0.0
        for band in range(bands):
            square += (spectra[s, band] - centre[band]) ** 2
        weight = 1.0 / max(np.sqrt(square), 1e-12)
        total += weight
        for band in range(bands):
            moved[band] += weight * spectra[s, band]
    step = 0.0
    for band in range(bands):
        moved[band] /= total
        step += (moved[band] - centre[band]) ** 2
    return np.sqrt(step)
