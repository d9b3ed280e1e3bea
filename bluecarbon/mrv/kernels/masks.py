"""Why pixels of a block are not used: from its quality band, and where a band has no number.

A compiled loop and a numpy twin.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv.kernels.compiled import loops

Numbers = NDArray[np.uint16] | NDArray[np.int16] | NDArray[np.float32]
Mask = NDArray[np.uint8] | NDArray[np.uint16]


def reasons(
    bands: Numbers, mask: Mask, table: NDArray[np.uint8], *, nodata: float, empty: int
) -> NDArray[np.uint8]:
    """The reason code of each pixel (pixels,).

    Parameters
    ----------
    bands : (bands, pixels)
    mask : (pixels,) numbers of the quality band, or of length 0 when there is none
    table : reason code for each number that the quality band can hold
    nodata : the number in a band that means "no number"; may be NaN
    empty : the code of a pixel that has no number in one of the bands
    """
    compiled = loops("masks")
    if compiled is None or math.isnan(nodata):
        return reasons_numpy(bands, mask, table, nodata=nodata, empty=empty)
    codes: NDArray[np.uint8] = compiled.reasons(
        bands, mask, table, bands.dtype.type(nodata), np.uint8(empty)
    )
    return codes


def reasons_numpy(
    bands: Numbers, mask: Mask, table: NDArray[np.uint8], *, nodata: float, empty: int
) -> NDArray[np.uint8]:
    """The twin of the compiled loop."""
    said = table[mask] if mask.size else np.zeros(bands.shape[1], np.uint8)
    gaps = np.isnan(bands) if math.isnan(nodata) else bands == nodata
    return np.where(gaps.any(axis=0), empty, said).astype(np.uint8)
