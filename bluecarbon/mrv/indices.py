"""Spectral indices: formula and source in one table, computed on reflectance.

Formulas agree with the published definitions; the mangrove one is Baloloy et al. (2020).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bluecarbon.spec import Finding

Band = NDArray[np.float32]

RATIO_LIMIT = 20.0
"""A ratio of small differences is cut off here: over dark water it is noise of any size."""


@dataclass(frozen=True)
class Index:
    """One index: the bands it needs (in the order of its function), formula and source."""

    name: str
    bands: tuple[str, ...]
    formula: str
    source: str
    compute: Callable[..., Band]


def normalised_difference(first: Band, second: Band) -> Band:
    """(first - second) / (first + second) within -1 and 1; 0 where the sum is not positive."""
    total = first + second
    safe = np.where(total > 0, total, 1)
    ratio = np.where(total > 0, (first - second) / safe, 0)
    return np.where(np.isnan(total), np.nan, np.clip(ratio, -1, 1)).astype(np.float32)


def ratio(numerator: Band, denominator: Band) -> Band:
    """The quotient of two bands, cut off at plus and minus RATIO_LIMIT; 0 for 0 / 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value = numerator / denominator
    value = np.where((numerator == 0) & (denominator == 0), 0, value)
    return np.asarray(np.clip(value, -RATIO_LIMIT, RATIO_LIMIT), dtype=np.float32)


def _ndvi(nir: Band, red: Band) -> Band:
    return normalised_difference(nir, red)


def _mvi(nir: Band, green: Band, swir1: Band) -> Band:
    return ratio(nir - green, swir1 - green)


def _evi(nir: Band, red: Band, blue: Band) -> Band:
    return ratio(2.5 * (nir - red), nir + 6 * red - 7.5 * blue + 1)


INDICES: Mapping[str, Index] = {
    index.name: index
    for index in (
        Index(
            "ndvi", ("nir", "red"), "(NIR - R) / (NIR + R)",
            "Rouse et al. 1974, NASA SP-351, 309-317", _ndvi,
        ),
        Index(
            "ndwi", ("green", "nir"), "(G - NIR) / (G + NIR)",
            "McFeeters 1996, doi:10.1080/01431169608948714", normalised_difference,
        ),
        Index(
            "mndwi", ("green", "swir1"), "(G - SWIR1) / (G + SWIR1)",
            "Xu 2006, doi:10.1080/01431160600589179", normalised_difference,
        ),
        Index(
            "lswi", ("nir", "swir1"), "(NIR - SWIR1) / (NIR + SWIR1)",
            "Xiao et al. 2004, doi:10.1016/j.rse.2003.11.008", normalised_difference,
        ),
        Index(
            "mvi", ("nir", "green", "swir1"), "(NIR - G) / (SWIR1 - G)",
            "Baloloy et al. 2020, doi:10.1016/j.isprsjprs.2020.06.001", _mvi,
        ),
        Index(
            "evi", ("nir", "red", "blue"), "2.5 (NIR - R) / (NIR + 6 R - 7.5 B + 1)",
            "Huete et al. 2002, doi:10.1016/S0034-4257(02)00096-2", _evi,
        ),
    )
}  # fmt: skip


def check_indices(names: Sequence[str], bands: Sequence[str]) -> tuple[Finding, ...]:
    """Findings for indices that are unknown, named twice, or lack a band in the imagery."""
    found = []
    for name in sorted({name for name in names if names.count(name) > 1}):
        message, fix = f"index '{name}' is listed twice", "name each index once"
        found.append(Finding.error("index-duplicate", "[mapping] indices", message, fix=fix))
    for name in dict.fromkeys(names):
        index = INDICES.get(name)
        if index is None:
            near = difflib.get_close_matches(name, INDICES, n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            message = f"no spectral index is called '{name}'"
            fix = f"{hint}known indices: {', '.join(INDICES)}"
            found.append(Finding.error("index-unknown", "[mapping] indices", message, fix=fix))
            continue
        missing = [band for band in index.bands if band not in bands]
        if missing:
            message = f"index '{name}' needs {', '.join(missing)}, which the imagery lacks"
            fix = "leave the index out, or use scenes that have the band"
            found.append(Finding.error("index-band-missing", "[mapping] indices", message, fix=fix))
    return tuple(found)


def compute_index(name: str, bands: Mapping[str, Band]) -> Band:
    """One index from reflectance bands of any common shape; NaN stays NaN.

    Raises
    ------
    KeyError
        Unknown index, or a band that it needs is not there (see :func:`check_indices`).
    """
    index = INDICES[name]
    return index.compute(*(bands[band] for band in index.bands))
