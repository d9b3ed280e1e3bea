"""Spectral indices by name, computed on reflectance.

Three places are asked in turn: the indices that maps are made with by default, which are defined
here and stay finite over dark water; the published mangrove indices of
:mod:`bluecarbon.mrv.index_table`; and, where it is installed, spyndex with its 280.
"""

from __future__ import annotations

import difflib
import importlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv.index_table import PublishedIndex, evaluate, mangrove_indices
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


SPYNDEX_BANDS: Mapping[str, str] = {
    "A": "coastal", "B": "blue", "G": "green", "R": "red", "RE1": "rededge1", "RE2": "rededge2",
    "RE3": "rededge3", "N": "nir", "N2": "nir08", "S1": "swir1", "S2": "swir2",
}  # fmt: skip
"""The bands' names in spyndex formulas."""


def index_named(name: str) -> Index | None:
    """The index of a name; None when neither this engine nor an installed spyndex knows it."""
    if name in INDICES:
        return INDICES[name]
    if name in mangrove_indices():
        return _published(mangrove_indices()[name])
    return _of_spyndex(name)


def _published(row: PublishedIndex) -> Index:
    """A row of the table; indices among its terms are replaced by the bands that they need."""
    needed = [INDICES[term].bands if term in INDICES else (term,) for term in row.terms]
    bands = tuple(dict.fromkeys(band for group in needed for band in group))
    source = f"{row.source}, doi:{row.doi}" if row.doi else row.source
    return Index(row.name, bands, row.formula, source, partial(_by_formula, row, bands))


def _by_formula(row: PublishedIndex, names: Sequence[str], *bands: Band) -> Band:
    values: dict[str, Any] = dict(zip(names, bands, strict=True))
    values |= {term: compute_index(term, values) for term in row.terms if term in INDICES}
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        made = np.asarray(evaluate(row.formula, values))
    return _bounded(made, bands)


def _bounded(values: NDArray[Any], bands: Sequence[Band]) -> Band:
    """Cut off at plus and minus RATIO_LIMIT; 0 for 0 / 0, while a gap in a band stays a gap."""
    gap = np.isnan(np.broadcast_arrays(*bands)).any(axis=0)
    tame = np.clip(np.nan_to_num(values, nan=0.0, posinf=RATIO_LIMIT, neginf=-RATIO_LIMIT),
                   -RATIO_LIMIT, RATIO_LIMIT)  # fmt: skip
    return np.where(gap, np.nan, tame).astype(np.float32)


@cache
def _spyndex() -> Any:
    """The module, or None: it is an optional part, and slow to import."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module("spyndex")
    except ImportError:
        return None


@cache
def _of_spyndex(name: str) -> Index | None:
    spyndex = _spyndex()
    known = {} if spyndex is None else {str(key).lower(): key for key in spyndex.indices}
    if name not in known:
        return None
    row = spyndex.indices[known[name]]
    bands = tuple(SPYNDEX_BANDS[term] for term in row.bands if term in SPYNDEX_BANDS)
    others = [term for term in row.bands if term not in SPYNDEX_BANDS]
    if any(term not in spyndex.constants for term in others):
        return None
    constants = {term: spyndex.constants[term].default for term in others}
    if any(value is None for value in constants.values()):
        return None
    compute = partial(_by_spyndex, str(row.short_name), bands, constants)
    return Index(name, bands, row.formula, f"{row.reference} (spyndex)", compute)


def _by_spyndex(
    name: str, names: Sequence[str], constants: Mapping[str, float], *bands: Band
) -> Band:
    letter = {common: short for short, common in SPYNDEX_BANDS.items()}
    params = {letter[n]: band for n, band in zip(names, bands, strict=True)} | dict(constants)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        made = np.asarray(_spyndex().computeIndex(index=[name], params=params))
    return _bounded(made, bands)


def check_indices(names: Sequence[str], bands: Sequence[str]) -> tuple[Finding, ...]:
    """Findings for indices that are unknown, named twice, or lack a band in the imagery."""
    found = []
    for name in sorted({name for name in names if names.count(name) > 1}):
        message, fix = f"index '{name}' is listed twice", "name each index once"
        found.append(Finding.error("index-duplicate", "[mapping] indices", message, fix=fix))
    for name in dict.fromkeys(names):
        index = index_named(name)
        if index is None:
            known = (*INDICES, *mangrove_indices())
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            message = f"no spectral index is called '{name}'"
            fix = f"{hint}known indices: {', '.join(known)}, and those of spyndex if installed"
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
    index = index_named(name)
    if index is None:
        raise KeyError(f"no spectral index is called {name!r}")
    return index.compute(*(bands[band] for band in index.bands))
