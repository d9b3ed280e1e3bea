"""Organic carbon in soil cores: slices to stock, integration to a depth, compaction."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
How = Literal["measured", "interpolated", "extrapolated"]

SLICES_TO_EXTRAPOLATE_MIN = 3
"""A straight line through fewer points has no standard error."""

_DEPTH_TOLERANCE_CM = 1e-9


class DepthStock(NamedTuple):
    """Carbon to a depth [tC/ha], how it was obtained, and the error of extrapolation [tC/ha]."""

    stock_tc_ha: float
    how: How
    standard_error_tc_ha: float


def soil_carbon_tc_ha(
    bulk_density_g_cm3: ArrayLike, carbon_percent: ArrayLike, thickness_cm: ArrayLike
) -> FloatArray:
    r"""Organic carbon [tC/ha] of soil slices.

    Parameters
    ----------
    bulk_density_g_cm3
        Dry bulk density [g/cm3].
    carbon_percent
        Organic carbon [% of dry mass]. The document's CF is the **fraction**, percent / 100.
    thickness_cm
        Thickness of the slice [cm]. The three are broadcast.

    Notes
    -----
    :math:`C = CF \times BD \times thickness \times 100` (g/cm2 to t/ha).

    References
    ----------
    VM0033 v2.1, equation 99.
    """
    fraction = np.asarray(carbon_percent, dtype=np.float64) / 100.0
    density = np.asarray(bulk_density_g_cm3, dtype=np.float64)
    return fraction * density * np.asarray(thickness_cm, dtype=np.float64) * 100.0


def slice_bottom_cm(depth_min_cm: ArrayLike, depth_max_cm: ArrayLike) -> FloatArray:
    """Depth [cm] down to which each slice of one core stands, when gaps are shared out.

    Shape (slice,), from top to bottom without overlap. The border between two slices is the
    midpoint of what lies between them; the first slice reaches up to the surface. For slices
    that touch, these are their own lower depths.

    References
    ----------
    The convention of the R package BlueCarbon (read in its published check values).
    """
    top = np.asarray(depth_min_cm, dtype=np.float64)
    bottom = np.array(depth_max_cm, dtype=np.float64)
    bottom[:-1] = (bottom[:-1] + top[1:]) / 2.0
    return bottom


def slice_thickness_cm(depth_min_cm: ArrayLike, depth_max_cm: ArrayLike) -> FloatArray:
    """Thickness [cm] that each slice of one core stands for; see :func:`slice_bottom_cm`."""
    return np.diff(slice_bottom_cm(depth_min_cm, depth_max_cm), prepend=0.0)


def stock_to_depth(
    bottom_cm: ArrayLike, carbon_tc_ha: ArrayLike, reference_depth_cm: float
) -> DepthStock:
    """Carbon of one core from the surface to a reference depth [tC/ha].

    Parameters
    ----------
    bottom_cm, carbon_tc_ha
        Shape (slice,): lower border [cm] and carbon [tC/ha] of each slice, from top to bottom.
    reference_depth_cm
        Where to integrate to [cm].

    Returns
    -------
    A longer core is interpolated between the borders of its slices; a shorter one is extrapolated
    by the ordinary least squares line of cumulative carbon on depth, never below what was
    measured, with the standard error of that line there (0 when nothing was extrapolated).

    Raises
    ------
    ValueError
        A shorter core has fewer than three slices.

    References
    ----------
    Same rule as the R package BlueCarbon; the reference depth is usually 100 cm (Coastal Blue
    Carbon manual 2014).
    """
    bottom = np.asarray(bottom_cm, dtype=np.float64)
    cumulative = np.cumsum(np.asarray(carbon_tc_ha, dtype=np.float64))
    if abs(bottom[-1] - reference_depth_cm) <= _DEPTH_TOLERANCE_CM:
        return DepthStock(float(cumulative[-1]), "measured", 0.0)
    if bottom[-1] > reference_depth_cm:
        borders, masses = np.append(0.0, bottom), np.append(0.0, cumulative)
        return DepthStock(
            float(np.interp(reference_depth_cm, borders, masses)), "interpolated", 0.0
        )
    return _extrapolated(bottom, cumulative, reference_depth_cm)


def _extrapolated(bottom: FloatArray, cumulative: FloatArray, depth_cm: float) -> DepthStock:
    n = bottom.size
    if n < SLICES_TO_EXTRAPOLATE_MIN:
        raise ValueError(f"{n} slices do not make a line that could be extrapolated")
    mean_depth = bottom.mean()
    spread = float(((bottom - mean_depth) ** 2).sum())
    slope = float(((bottom - mean_depth) * cumulative).sum()) / spread
    line = cumulative.mean() + slope * (bottom - mean_depth)
    stock = float(cumulative.mean() + slope * (depth_cm - mean_depth))
    variance = float(((cumulative - line) ** 2).sum()) / (n - 2)
    error = (variance * (1.0 / n + (depth_cm - mean_depth) ** 2 / spread)) ** 0.5
    # A line through a profile that thins out can dip below the mass that is already in the core.
    return DepthStock(max(stock, float(cumulative[-1])), "extrapolated", float(error))


def compaction_percent(
    sampler_length_cm: ArrayLike, internal_cm: ArrayLike, external_cm: ArrayLike
) -> FloatArray:
    """How much a core was shortened by driving the sampler in [%].

    Parameters
    ----------
    sampler_length_cm
        Length of the tube [cm].
    internal_cm, external_cm
        From the tube's upper rim down to the soil inside and outside it [cm].

    References
    ----------
    (1 - (L - internal) / (L - external)) x 100, as in the R package BlueCarbon.
    """
    length = np.asarray(sampler_length_cm, dtype=np.float64)
    inside = length - np.asarray(internal_cm, dtype=np.float64)
    outside = length - np.asarray(external_cm, dtype=np.float64)
    return (1.0 - inside / outside) * 100.0


def decompacted_depth_cm(depth_cm: ArrayLike, compaction: ArrayLike) -> FloatArray:
    """Depth in the ground [cm] of a depth in a core that was shortened by ``compaction`` [%].

    Correct the bulk density too (:func:`decompacted_bulk_density_g_cm3`): depth alone would make
    mass out of nothing.
    """
    return np.asarray(depth_cm, dtype=np.float64) / (1.0 - np.asarray(compaction) / 100.0)


def decompacted_bulk_density_g_cm3(
    bulk_density_g_cm3: ArrayLike, compaction: ArrayLike
) -> FloatArray:
    """Bulk density in the ground [g/cm3] of soil that was shortened by ``compaction`` [%]."""
    return np.asarray(bulk_density_g_cm3, dtype=np.float64) * (1.0 - np.asarray(compaction) / 100.0)
