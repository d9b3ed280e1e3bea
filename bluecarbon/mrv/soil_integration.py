"""Slices of soil cores to carbon: the thickness that each stands for, and the sum to a depth.

Functions over data frames of many cores at once; the numbers of one core are those of
:mod:`bluecarbon.methodology.kernels.soil`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bluecarbon.methodology.kernels.soil import (
    slice_bottom_cm,
    soil_carbon_tc_ha,
    stock_to_depth,
)


def slice_stocks(slices: pd.DataFrame) -> pd.DataFrame:
    """Thickness that each slice stands for [cm] and its carbon [tC/ha], in depth order.

    ``slices`` has core_id, depth_min_cm, depth_max_cm, bulk_density_g_cm3 and
    organic_carbon_percent. Gaps are shared out between their neighbours (see
    :func:`bluecarbon.methodology.kernels.soil.slice_bottom_cm`); carbon by VM0033 v2.1
    equation 99. Where a column ``carbon_density_g_cm3`` is there and known, it stands for the
    product of bulk density and carbon.
    """
    done = slices.sort_values(["core_id", "depth_min_cm"], ignore_index=True)
    starts = _core_starts(done)
    bottom = _bottoms_cm(done, starts)
    above = np.append(0.0, bottom[:-1])
    above[starts] = 0.0
    done["thickness_cm"] = bottom - above
    done["soil_tc_ha"] = soil_carbon_tc_ha(
        done["bulk_density_g_cm3"], done["organic_carbon_percent"], done["thickness_cm"]
    )
    if "carbon_density_g_cm3" in done:
        known = done["carbon_density_g_cm3"].notna()
        direct = soil_carbon_tc_ha(done["carbon_density_g_cm3"], 100.0, done["thickness_cm"])
        done["soil_tc_ha"] = np.where(known, direct, done["soil_tc_ha"])
    return done


def _core_starts(ordered: pd.DataFrame) -> NDArray[np.intp]:
    """Where each core begins in slices that are ordered by core."""
    core = ordered["core_id"].to_numpy()
    return np.flatnonzero(np.append(True, core[1:] != core[:-1]))


def _bottoms_cm(ordered: pd.DataFrame, starts: NDArray[np.intp]) -> NDArray[np.float64]:
    """:func:`bluecarbon.methodology.kernels.soil.slice_bottom_cm` of all cores at once."""
    bottom = slice_bottom_cm(ordered["depth_min_cm"], ordered["depth_max_cm"])
    lasts = starts[1:] - 1
    bottom[lasts] = ordered["depth_max_cm"].to_numpy()[lasts]
    return bottom


def core_stocks(slices: pd.DataFrame, reference_depth_cm: float = 100.0) -> pd.DataFrame:
    """Carbon of each core from the surface to the reference depth [tC/ha].

    Parameters
    ----------
    slices
        As for :func:`slice_stocks`; ``stratum`` and ``date`` are carried along where given.
    reference_depth_cm
        100 cm is usual; cores that end above it are extrapolated, and say so.

    Returns
    -------
    One row for each core, by core_id: stratum and date where given, depth_cm (how deep it was
    sampled), soil_tc_ha to the reference depth, how (measured, interpolated, extrapolated) and
    standard_error of the extrapolation [tC/ha], 0 when nothing was extrapolated.

    Raises
    ------
    ValueError
        A core that must be extrapolated has fewer than three slices.
    """
    carried = [name for name in ("stratum", "date") if name in slices]
    done = slice_stocks(slices)
    starts = _core_starts(done)
    bottom, carbon = _bottoms_cm(done, starts), done["soil_tc_ha"].to_numpy()
    # numpy slices and no group of pandas for each core: thousands of cores are usual
    ends = np.append(starts[1:], len(done))
    stocks = [
        stock_to_depth(bottom[a:b], carbon[a:b], reference_depth_cm)
        for a, b in zip(starts, ends, strict=True)
    ]
    return pd.DataFrame(
        {
            "core_id": done["core_id"].to_numpy()[starts],
            **{name: done[name].to_numpy()[starts] for name in carried},
            "depth_cm": bottom[ends - 1],
            "soil_tc_ha": [stock.stock_tc_ha for stock in stocks],
            "how": [stock.how for stock in stocks],
            "standard_error": [stock.standard_error_tc_ha for stock in stocks],
        }
    )
