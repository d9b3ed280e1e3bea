"""From quality bands to reason codes; imported through ``compiled.loops`` only."""

# ruff: noqa: PLR0917 - compiled functions take no keyword-only parameters

from __future__ import annotations

from typing import Any

import numpy as np

from bluecarbon.mrv.kernels.compiled import jit

LANE_PX = 4096
"""Pixels whose codes stay in the innermost cache while all bands are looked at."""


@jit
def reasons(bands: Any, mask: Any, table: Any, nodata: Any, empty: Any) -> Any:
    """See ``masks.reasons``."""
    pixels = bands.shape[1]
    result = np.zeros(pixels, np.uint8)
    for start in range(0, pixels, LANE_PX):
        stop = min(start + LANE_PX, pixels)
        if mask.shape[0] > 0:
            look_up(mask[start:stop], table, result[start:stop])
        for band in range(bands.shape[0]):
            mark_empty(bands[band, start:stop], nodata, empty, result[start:stop])
    return result


@jit
def look_up(mask: Any, table: Any, out: Any) -> None:
    """The code of each number of a quality band."""
    for p in range(out.shape[0]):
        out[p] = table[mask[p]]


@jit
def mark_empty(numbers: Any, nodata: Any, empty: Any, out: Any) -> None:
    """The code of the empty where a band has no number."""
    for p in range(out.shape[0]):
        out[p] = empty if numbers[p] == nodata else out[p]
