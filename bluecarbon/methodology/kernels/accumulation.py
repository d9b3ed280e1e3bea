"""Accumulation in soil: dated layers and marker horizons to rates with standard errors.

Ages are given by whoever dated the core (210Pb, 137Cs, 14C, a storm layer), in years before the
coring; nothing here models activities.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
RateHow = Literal["line", "origin", "marker"]

LAYERS_TO_EXTRAPOLATE_MIN = 3
"""A straight line through fewer dated layers has no standard error."""


class Rate(NamedTuple):
    """A rate, its standard error (NaN when nothing gives one), how, and from how many values."""

    rate: float
    standard_error: float
    how: RateHow
    n: int


class AgeStock(NamedTuple):
    """Carbon laid down in the last years [tC/ha], its standard error, and how (as for depths)."""

    stock_tc_ha: float
    standard_error_tc_ha: float
    how: Literal["measured", "interpolated", "extrapolated"]


def rate_of_layers(age_years: ArrayLike, amount: ArrayLike) -> Rate:
    """What accumulates per year, from dated layers of one core, shape (layer,).

    ``amount`` is what lies between the surface and the layer: its depth [cm], for the accretion
    rate [cm/yr], or the carbon above it [tC/ha], for the accumulation rate [tC/ha/yr].

    Returns
    -------
    Three layers and more: the slope of the ordinary least squares line of amount on age, with
    the standard error of a slope. One or two: amount / age of the oldest (``origin``: the surface
    is of today), without an error.

    Raises
    ------
    ValueError
        No layer is older than 0, or three and more layers have one and the same age.
    """
    age = np.asarray(age_years, dtype=np.float64)
    mass = np.asarray(amount, dtype=np.float64)
    if age.size == 0 or not age.max() > 0:
        raise ValueError("no dated layer is older than the surface")
    if age.size < LAYERS_TO_EXTRAPOLATE_MIN:
        oldest = int(age.argmax())
        return Rate(float(mass[oldest] / age[oldest]), float("nan"), "origin", int(age.size))
    slope, error = _slope(age, mass)
    return Rate(slope, error, "line", int(age.size))


def rate_of_marker(depth_cm: ArrayLike, years: float) -> Rate:
    """Accretion [cm/yr] over a marker horizon (feldspar, a dated storm layer).

    ``depth_cm`` are the readings of the soil above the marker, shape (reading,), ``years`` the
    time since it was laid. Standard error s / sqrt(n), NaN with one reading.

    Raises
    ------
    ValueError
        No reading, or no time has passed.
    """
    depth = np.asarray(depth_cm, dtype=np.float64)
    if depth.size == 0 or not years > 0:
        raise ValueError("a marker horizon needs readings and years that have passed")
    n = int(depth.size)
    error = float(depth.std(ddof=1)) / n**0.5 if n > 1 else float("nan")
    return Rate(float(depth.mean()) / years, error / years, "marker", n)


def stock_to_age(age_years: ArrayLike, carbon_tc_ha: ArrayLike, reference_years: float) -> AgeStock:
    """Carbon laid down in the last ``reference_years`` [tC/ha], of one core.

    ``age_years`` at the lower border of each layer and ``carbon_tc_ha`` from the surface down to
    it (cumulative), both of shape (layer,) and growing. An older core is interpolated, a younger
    one extrapolated by the ordinary least squares line of carbon on age, never below what was
    measured, with the standard error of the line there. Divided by the years it is the carbon
    sequestration rate.

    Raises
    ------
    ValueError
        Ages do not grow downward, or a younger core has fewer than three dated layers.
    """
    age = np.asarray(age_years, dtype=np.float64)
    mass = np.asarray(carbon_tc_ha, dtype=np.float64)
    if (np.diff(age, prepend=0.0) <= 0).any():
        raise ValueError("ages do not grow downward from the surface")
    if age[-1] == reference_years:
        return AgeStock(float(mass[-1]), 0.0, "measured")
    if age[-1] > reference_years:
        ages, masses = np.append(0.0, age), np.append(0.0, mass)
        return AgeStock(float(np.interp(reference_years, ages, masses)), 0.0, "interpolated")
    if age.size < LAYERS_TO_EXTRAPOLATE_MIN:
        raise ValueError(f"{age.size} dated layers do not make a line that could be extrapolated")
    slope, error = _slope(age, mass)
    middle = age.mean()
    stock = float(mass.mean() + slope * (reference_years - middle))
    spread = float(((age - middle) ** 2).sum())
    variance = error**2 * spread
    at = variance * (1.0 / age.size + (reference_years - middle) ** 2 / spread)
    return AgeStock(max(stock, float(mass[-1])), float(at**0.5), "extrapolated")


def _slope(age: FloatArray, mass: FloatArray) -> tuple[float, float]:
    """Slope of the least squares line and its standard error."""
    deviation = age - age.mean()
    spread = float((deviation**2).sum())
    if spread == 0.0:
        raise ValueError("all layers have the same age")
    slope = float((deviation * mass).sum()) / spread
    residual = mass - mass.mean() - slope * deviation
    variance = float((residual**2).sum()) / (age.size - 2)
    return slope, (variance / spread) ** 0.5
