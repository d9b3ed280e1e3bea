"""One map of what happened to mangrove between two epochs, for pictures and for claims."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv.class_maps import CODE_MANGROVE, CODE_OUTSIDE, CODE_UNOBSERVED

CHANGE_LEGEND = {
    0: "outside",
    1: "stable mangrove",
    2: "gain",
    3: "loss",
    4: "stable other",
    255: "unobserved",
}


def change_codes(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Codes of :data:`CHANGE_LEGEND` for two class maps of one grid, shape (rows, columns).

    A pixel that one of the two maps did not observe is unobserved: it is neither gain nor loss.
    """
    was, is_ = before == CODE_MANGROVE, after == CODE_MANGROVE
    codes = np.select([was & is_, is_, was], [1, 2, 3], default=4).astype(np.uint8)
    codes[(before == CODE_UNOBSERVED) | (after == CODE_UNOBSERVED)] = CODE_UNOBSERVED
    codes[(before == CODE_OUTSIDE) | (after == CODE_OUTSIDE)] = CODE_OUTSIDE
    return codes
