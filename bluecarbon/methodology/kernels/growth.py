"""Growth of biomass with age: curves, their fit to age-biomass data, and projection by planting.

For plans drawn before anything is measured (ex-ante). A fit says how well a curve describes the
stands it was given; whether a new planting grows like them is a judgement of whoever uses it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from bluecarbon.report import Series

FloatArray = NDArray[np.float64]
Curve = Literal["chapman-richards", "logistic"]

CONFIDENCE = 0.90
"""Two-sided, as the crediting documents ask for."""

_RATE_YR_MAX = 5.0
_SHAPE_MAX = 20.0
_EVALUATIONS_MAX = 20_000


def chapman_richards_t_ha(
    age_yr: ArrayLike, asymptote_t_ha: ArrayLike, rate_per_yr: ArrayLike, shape: ArrayLike
) -> FloatArray:
    r"""Biomass at an age by the Chapman-Richards curve [t d.m./ha].

    Parameters
    ----------
    age_yr
        Age [yr]; the arrays are broadcast. Before planting (age below 0) biomass is 0.
    asymptote_t_ha
        Biomass of old stands [t d.m./ha].
    rate_per_yr
        k [1/yr].
    shape
        p; 1 is a curve without inflection, above 1 one that starts slowly.

    Notes
    -----
    :math:`B(t) = A (1 - e^{-kt})^p`; 0 at age 0.

    References
    ----------
    Richards 1959 (J. Exp. Bot. 10) and Chapman 1961, recalled.
    """
    age = np.maximum(np.asarray(age_yr, dtype=np.float64), 0.0)
    grown = -np.expm1(-np.asarray(rate_per_yr, dtype=np.float64) * age)
    result: FloatArray = np.asarray(asymptote_t_ha, dtype=np.float64) * grown**shape
    return result


def logistic_t_ha(
    age_yr: ArrayLike, asymptote_t_ha: ArrayLike, rate_per_yr: ArrayLike, midpoint_yr: ArrayLike
) -> FloatArray:
    r"""Biomass at an age by the logistic curve [t d.m./ha].

    Parameters
    ----------
    age_yr
        Age [yr]; the arrays are broadcast. Before planting (age below 0) biomass is 0.
    asymptote_t_ha
        Biomass of old stands [t d.m./ha].
    rate_per_yr
        k [1/yr].
    midpoint_yr
        Age of half the asymptote [yr].

    Notes
    -----
    :math:`B(t) = A / (1 + e^{-k (t - m)})`; not 0 at age 0, where it stands for what is planted.

    References
    ----------
    Verhulst 1838, recalled.
    """
    age = np.asarray(age_yr, dtype=np.float64)
    exponent = -np.asarray(rate_per_yr, dtype=np.float64) * (age - np.asarray(midpoint_yr))
    curve = np.asarray(asymptote_t_ha, dtype=np.float64) / (1.0 + np.exp(exponent))
    result: FloatArray = np.where(age < 0, 0.0, curve)
    return result


class GrowthBand(NamedTuple):
    """Biomass at given ages [t d.m./ha] with the confidence band of the curve and its error."""

    mean_t_ha: FloatArray
    lower_t_ha: FloatArray
    upper_t_ha: FloatArray
    standard_error_t_ha: FloatArray


@dataclass(frozen=True)
class GrowthFit:
    """A fitted curve: coefficients in the order of its function, with their covariance.

    ``fixed_shape`` is the Chapman-Richards p when it was given and not fitted.
    """

    curve: Curve
    coefficients: tuple[float, ...]
    covariance: FloatArray
    residual_standard_deviation_t_ha: float
    points: int
    oldest_yr: float
    fixed_shape: float | None = None

    @property
    def degrees_of_freedom(self) -> int:
        """Points less fitted coefficients."""
        return self.points - len(self.coefficients)

    def biomass_t_ha(self, age_yr: ArrayLike) -> FloatArray:
        """The fitted curve at ages [t d.m./ha], same shape."""
        return _function(self.curve, self.fixed_shape)(age_yr, *self.coefficients)

    def predict(self, age_yr: ArrayLike, *, confidence: float = CONFIDENCE) -> GrowthBand:
        r"""The curve with its confidence band, same shape as ``age_yr``.

        Delta method: :math:`s^2 = g^T \Sigma g` with the gradient g of the curve in its
        coefficients and their covariance; half-width Student's t (two-sided, degrees of freedom
        of the fit) times s. The lower limit does not go below 0. It is the band of the mean curve
        of stands like those fitted, not of a single stand.
        """
        ages = np.asarray(age_yr, dtype=np.float64)
        mean = self.biomass_t_ha(ages)
        gradient = self._gradient(ages)
        variance = np.einsum("...i,ij,...j->...", gradient, self.covariance, gradient)
        error = np.sqrt(np.maximum(variance, 0.0))
        half = stdtrit(self.degrees_of_freedom, (1 + confidence) / 2) * error
        return GrowthBand(mean, np.maximum(mean - half, 0.0), mean + half, error)

    def _gradient(self, ages: FloatArray) -> FloatArray:
        """Central differences in each coefficient, last axis."""
        function = _function(self.curve, self.fixed_shape)
        columns = []
        for place, value in enumerate(self.coefficients):
            step = 1e-5 * max(abs(value), 1e-3)
            up, down = list(self.coefficients), list(self.coefficients)
            up[place], down[place] = value + step, value - step
            columns.append((function(ages, *up) - function(ages, *down)) / (2 * step))
        return np.stack(columns, axis=-1)


def fit_growth(
    age_yr: ArrayLike,
    biomass_t_ha: ArrayLike,
    *,
    curve: Curve = "chapman-richards",
    shape: float | None = None,
) -> GrowthFit:
    """Fit a growth curve to age-biomass points by least squares.

    Parameters
    ----------
    age_yr, biomass_t_ha
        Shape (point,): age [yr], above 0, and biomass [t d.m./ha], not negative.
    curve
        Which curve.
    shape
        Fixes p of Chapman-Richards, for few points: then two coefficients are fitted.

    Raises
    ------
    ValueError
        Points that are not numbers or not more than the coefficients, a shape for the logistic
        curve, or points that do not determine the curve (say, a straight line without an end).
    """
    ages = np.asarray(age_yr, dtype=np.float64)
    biomass = np.asarray(biomass_t_ha, dtype=np.float64)
    _refuse_points(ages, biomass)
    if shape is not None and curve != "chapman-richards":
        raise ValueError("only Chapman-Richards has a shape that can be fixed")
    start, upper = _start(curve, shape, ages, biomass)
    if ages.size <= len(start):
        raise ValueError(f"{ages.size} points cannot carry {len(start)} coefficients and a band")
    coefficients, covariance = _least_squares(
        _function(curve, shape), ages, biomass, start=start, upper=upper
    )
    residuals = biomass - _function(curve, shape)(ages, *coefficients)
    variance = float((residuals**2).sum()) / (ages.size - len(start))
    return GrowthFit(
        curve=curve,
        coefficients=tuple(float(c) for c in coefficients),
        covariance=covariance,
        residual_standard_deviation_t_ha=variance**0.5,
        points=int(ages.size),
        oldest_yr=float(ages.max()),
        fixed_shape=shape,
    )


def _least_squares(
    function: Callable[..., FloatArray],
    ages: FloatArray,
    biomass: FloatArray,
    *,
    start: list[float],
    upper: list[float],
) -> tuple[FloatArray, FloatArray]:
    """The coefficients and their covariance. ValueError when the points do not determine them."""
    # Imported here because it takes a third of a second and most runs fit nothing.
    from scipy.optimize import OptimizeWarning, curve_fit

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", OptimizeWarning)
            coefficients, covariance = curve_fit(
                function,
                ages,
                biomass,
                p0=start,
                bounds=(0.0, upper),
                x_scale=start,
                max_nfev=_EVALUATIONS_MAX,
            )
    except (RuntimeError, OptimizeWarning) as error:
        raise ValueError(f"the points do not determine the curve: {error}") from error
    # A coefficient on its border was stopped there, so that its covariance means nothing.
    if any(c > 0.999 * top for c, top in zip(coefficients, upper, strict=True)) or not np.all(
        np.isfinite(covariance)
    ):
        raise ValueError(
            "the points do not determine the curve: they show no end of growth; add an old stand"
        )
    return coefficients, covariance


def _refuse_points(ages: FloatArray, biomass: FloatArray) -> None:
    if ages.shape != biomass.shape or ages.ndim != 1:
        raise ValueError("ages and biomass must be two lists of one length")
    if not (np.all(np.isfinite(ages)) and np.all(np.isfinite(biomass))):
        raise ValueError("an age or a biomass is not a number")
    if np.any(ages <= 0) or np.any(biomass < 0) or not np.any(biomass > 0):
        raise ValueError("ages must be above 0, biomass not negative and somewhere above 0")


def _function(curve: Curve, shape: float | None) -> Callable[..., FloatArray]:
    if curve == "logistic":
        return logistic_t_ha
    if shape is None:
        return chapman_richards_t_ha
    return lambda age, asymptote, rate: chapman_richards_t_ha(age, asymptote, rate, shape)


def _start(
    curve: Curve, shape: float | None, ages: FloatArray, biomass: FloatArray
) -> tuple[list[float], list[float]]:
    """Where least squares starts, and the upper bounds; the same for the same points."""
    top = float(biomass.max())
    half_age = float(np.median(ages))
    asymptote_max = 10.0 * top
    if curve == "logistic":
        return [1.1 * top, 2.0 / half_age, half_age], [asymptote_max, _RATE_YR_MAX, ages.max() * 10]
    start, upper = [1.1 * top, 1.0 / half_age], [asymptote_max, _RATE_YR_MAX]
    return (start, upper) if shape is not None else ([*start, 1.0], [*upper, _SHAPE_MAX])


class Planting(NamedTuple):
    """An area planted in one year in one stratum; give each its own stratum."""

    stratum: str
    planted_year: int
    area_ha: float


def age_at_year_end_yr(planted_year: ArrayLike, year: ArrayLike) -> FloatArray:
    """Age of a planting at the end of a year [yr]: year - planted_year, 0 in the planting year.

    Negative before planting. Conservative: what was planted in spring is older.
    """
    return np.asarray(year, dtype=np.float64) - np.asarray(planted_year, dtype=np.float64)


def project_plantings(
    fit: GrowthFit,
    plantings: Iterable[Planting],
    *,
    first_year: int,
    years: int,
    name: str,
    above_ground_share: float = 1.0,
) -> tuple[Series, ...]:
    """Annual series ``mangrove_area`` [ha] and ``tree_agb`` [t d.m./ha] of a plan.

    Values stand at the ends of ``years`` calendar years from ``first_year``: choose the year
    before the first vintage, so that the first difference can be taken. Area is 0 before its
    planting year. ``above_ground_share`` turns a curve of total biomass into above-ground
    biomass. ``name`` says where the curve comes from; all strata share its error, because a curve
    that is wrong is wrong everywhere at once.

    Raises
    ------
    ValueError
        Two plantings in one stratum, or no years.
    """
    plan = tuple(plantings)
    if len({p.stratum for p in plan}) != len(plan) or years < 1:
        raise ValueError("each planting needs a stratum of its own, and a plan at least one year")
    calendar = np.arange(first_year, first_year + years)
    found = []
    for planting in plan:
        ages = age_at_year_end_yr(planting.planted_year, calendar)
        band = fit.predict(ages)
        # Before planting the curve has no error either: nothing stands there.
        stands = (ages >= 0) * above_ground_share
        common = {"stratum": planting.stratum, "first_year": first_year}
        area = tuple(float(a) for a in planting.area_ha * (ages >= 0))
        found += [
            Series(variable="mangrove_area", unit="ha", values=area, source="plan", **common),
            Series(
                variable="tree_agb",
                unit="t/ha",
                values=tuple(float(v) for v in band.mean_t_ha * stands),
                standard_errors=tuple(float(e) for e in band.standard_error_t_ha * stands),
                shared_error=f"growth curve {name}",
                source=f"{fit.curve} fitted to {name}",
                **common,
            ),
        ]
    return tuple(found)
