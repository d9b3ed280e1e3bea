"""Statistics of a pixel over its scenes: quantiles, and the geometric median of its spectra.

Only valid observations count. Both have a compiled loop and a numpy twin that says the same more
slowly.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv.kernels.compiled import loops

Stack = NDArray[np.uint16] | NDArray[np.float32]
Valid = NDArray[np.bool_]

ROUNDS_MOST = 100
"""Weiszfeld's rounds come closer by a factor each time; pixels that need more are degenerate."""

NEAR_ZERO = 1e-12
"""A spectrum nearer than this to the centre weighs no more: its weight would be infinite."""


def quantile(stack: Stack, valid: Valid, share: float) -> NDArray[np.float32]:
    """The quantile of each pixel and band over its valid scenes, between two where it falls so.

    Parameters
    ----------
    stack : (scenes, bands, pixels) uint16 or float32, C-contiguous
    valid : (scenes, pixels) bool; other numbers are not looked at
    share : 0 to 1; 0.5 is the median, and of an even number the mean of the middle two

    Returns
    -------
    (bands, pixels) float32, NaN where no scene is valid. As ``numpy.quantile(method="linear")``.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"the share {share} is not between 0 and 1")
    compiled = loops("order_statistics")
    if compiled is None:
        return quantile_numpy(stack, valid, share)
    values: NDArray[np.float32] = compiled.quantile(
        stack, valid, network(len(stack)), share, _top(stack)
    )
    return values


def quantile_numpy(stack: Stack, valid: Valid, share: float) -> NDArray[np.float32]:
    """The twin of the compiled loop."""
    ordered = np.sort(np.where(valid[:, None], stack, _top(stack)), axis=0)
    seen = valid.sum(axis=0)
    place = share * np.maximum(seen - 1, 0)
    below = place.astype(np.int64)
    above = np.minimum(below + 1, np.maximum(seen - 1, 0))
    first = np.take_along_axis(ordered, below[None, None], axis=0)[0].astype(np.float64)
    second = np.take_along_axis(ordered, above[None, None], axis=0)[0].astype(np.float64)
    values = np.where(seen > 0, first + (second - first) * (place - below), np.nan)
    return values.astype(np.float32)


def geometric_median(
    stack: Stack, valid: Valid, *, tolerance: float, rounds: int = ROUNDS_MOST
) -> NDArray[np.float32]:
    """The spectrum with the least summed distance to a pixel's valid spectra (all bands at once).

    Weiszfeld's method from the mean, until a round moves it less than ``tolerance`` (in the unit
    of the numbers). Roberts et al. 2017, doi:10.1109/TGRS.2017.2723896, section III: unlike the
    median of each band it is a spectrum that keeps the relations between bands, so indices may be
    taken of it.

    Parameters
    ----------
    stack : (scenes, bands, pixels) uint16 or float32
    valid : (scenes, pixels) bool

    Returns
    -------
    (bands, pixels) float32, NaN where no scene is valid.
    """
    compiled = loops("order_statistics")
    if compiled is None:
        return geometric_median_numpy(stack, valid, tolerance=tolerance, rounds=rounds)
    values: NDArray[np.float32] = compiled.geometric_median(stack, valid, tolerance, rounds)
    return values


def geometric_median_numpy(
    stack: Stack, valid: Valid, *, tolerance: float, rounds: int = ROUNDS_MOST
) -> NDArray[np.float32]:
    """The twin of the compiled loop."""
    known = valid[:, None].astype(np.float64)
    spectra = np.where(valid[:, None], stack, 0).astype(np.float64)
    seen = valid.sum(axis=0)
    centre = spectra.sum(axis=0) / np.maximum(seen, 1)
    moving = seen > 0
    for _ in range(rounds):
        part, shown = spectra[:, :, moving], known[:, :, moving]
        distance = np.sqrt(((part - centre[:, moving]) ** 2).sum(axis=1, keepdims=True))
        weight = shown / np.maximum(distance, NEAR_ZERO)
        moved = (weight * part).sum(axis=0) / weight.sum(axis=0)
        step = np.sqrt(((moved - centre[:, moving]) ** 2).sum(axis=0))
        centre[:, moving] = moved
        moving[np.flatnonzero(moving)] = step > tolerance
        if not moving.any():
            break
    return np.where(seen > 0, centre, np.nan).astype(np.float32)


@cache
def network(count: int) -> NDArray[np.int64]:
    """Pairs (pairs, 2) that sort ``count`` numbers when compared and swapped in this order.

    Batcher's odd-even merge sort (Knuth, The Art of Computer Programming 3, 5.3.4) of the next
    power of two, without the pairs that reach beyond.
    """
    size = 1 << max(count - 1, 0).bit_length()
    pairs = [pair for pair in _batcher(0, size) if pair[1] < count]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _batcher(first: int, size: int) -> list[tuple[int, int]]:
    if size < 2:
        return []
    half = size // 2
    merge = _merge(first, size, 1)
    return [*_batcher(first, half), *_batcher(first + half, half), *merge]


def _merge(first: int, size: int, step: int) -> list[tuple[int, int]]:
    if 2 * step >= size:
        return [(first, first + step)]
    odd_even = [*_merge(first, size, 2 * step), *_merge(first + step, size, 2 * step)]
    between = range(first + step, first + size - step, 2 * step)
    return [*odd_even, *((i, i + step) for i in between)]


def _top(stack: Stack) -> np.uint16 | np.float32:
    """A number that sorts behind all valid ones."""
    return np.uint16(65535) if stack.dtype == np.uint16 else np.float32(np.inf)
