"""Change between two maps: hectares of every pair of classes, gain and loss of mangrove."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv.area import Weights

CODES = 256


def transitions_ha(
    before: NDArray[np.uint8], after: NDArray[np.uint8], weights: Weights
) -> dict[tuple[int, int], float]:
    """Hectares by (code before, code after) inside a polygon.

    The joint histogram of two maps of the same grid, each pixel weighted with the hectares of it
    that are inside, so that the rows sum to the areas of the first map and the columns to those
    of the second.
    """
    pairs = weights.of(before).astype(np.int64) * CODES + weights.of(after)
    sums = np.bincount(pairs.ravel(), weights=weights.area_ha.ravel(), minlength=CODES**2)
    return {
        (int(pair) // CODES, int(pair) % CODES): float(sums[pair])
        for pair in np.flatnonzero(sums > 0)
    }


def gain_and_loss_ha(
    transitions: Mapping[tuple[int, int], float], of_code: int, *, unknown: frozenset[int]
) -> tuple[float, float]:
    """Hectares gained and lost by one class; pairs with a code of ``unknown`` are neither."""
    known = {pair: area for pair, area in transitions.items() if not unknown.intersection(pair)}
    gain = sum(area for (a, b), area in known.items() if a != of_code and b == of_code)
    loss = sum(area for (a, b), area in known.items() if a == of_code and b != of_code)
    return float(gain), float(loss)


def epoch_pairs(
    epochs: tuple[int, ...], period: tuple[int, int] | None
) -> tuple[tuple[int, int], ...]:
    """Successive epochs, and the pair that bounds the monitoring period when it is not one."""
    pairs = list(itertools.pairwise(epochs))
    if period is not None and period not in pairs and set(period) <= set(epochs):
        pairs.append(period)
    return tuple(pairs)
