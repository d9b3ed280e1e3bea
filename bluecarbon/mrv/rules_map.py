"""A map by published rules alone, where nobody has labels to train a classifier with.

Mangrove is where the Mangrove Vegetation Index, |NIR - green| / |SWIR1 - green|, lies between 4.5
and 16.5 (Baloloy et al. 2020, doi:10.1016/j.isprsjprs.2020.06.001; limits for Sentinel-2 as their
users transcribe them, github.com/syamaniulm/mvi). Water is where MNDWI is above 0 (Xu 2006,
doi:10.1080/01431160600589179). All else is "other". One threshold does not fit every coast (Neri
et al. 2021, ISPRS Archives XLVI-4/W6-2021, 235-242): the map is a first look, and says so.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv.class_maps import CODE_MANGROVE, CODE_OF, CODE_UNOBSERVED
from bluecarbon.mrv.indices import normalised_difference
from bluecarbon.mrv.scenes import Composite
from bluecarbon.spec import Finding

MVI_MIN, MVI_MAX = 4.5, 16.5
MNDWI_WATER = 0.0

RULES_USED = Finding.warning(
    "mapping-by-rules",
    "[mapping] method",
    f"mangrove is where MVI lies between {MVI_MIN} and {MVI_MAX} (Baloloy et al. 2020), water "
    "where MNDWI is above 0 (Xu 2006): limits found elsewhere, not learnt on this coast",
    fix="give training points and use random-forest, or judge the map by a reference sample",
)


def rule_codes(composite: Composite) -> NDArray[np.uint8]:
    """The class map (height, width) of one epoch: mangrove, water, other; 255 where not seen."""
    green, nir, swir1 = (composite.band(name) for name in ("green", "nir", "swir1"))
    greenness, moisture = np.abs(nir - green), np.abs(swir1 - green)
    # As products, so that equal bands need no division by zero.
    mangrove = (greenness >= MVI_MIN * moisture) & (greenness <= MVI_MAX * moisture)
    mangrove &= greenness > 0
    water = normalised_difference(green, swir1) > MNDWI_WATER
    codes = np.where(mangrove & ~water, CODE_MANGROVE, CODE_OF["other"])
    codes = np.where(water, CODE_OF["water"], codes)
    return np.where(composite.observations > 0, codes, CODE_UNOBSERVED).astype(np.uint8)
