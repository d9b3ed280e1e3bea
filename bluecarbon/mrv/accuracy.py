"""Area and accuracy from a probability sample: pure numpy, one function per published estimator.

Sources: Olofsson et al. 2014, Remote Sens. Environ. 148:42-57, doi:10.1016/j.rse.2014.02.015;
Stehman 2014, Int. J. Remote Sens. 35:4923-4939, doi:10.1080/01431161.2014.930207 (for strata that
are not the map classes).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

MINIMUM_PER_GROUP = 2
"""A variance needs two points."""


@dataclass(frozen=True)
class Olofsson2014:
    """Estimates for map classes as strata, in the order of the classes; areas in the given unit."""

    proportions: Floats
    overall: float
    overall_standard_error: float
    users: Floats
    users_standard_error: Floats
    producers: Floats
    producers_standard_error: Floats
    class_proportion: Floats
    class_proportion_standard_error: Floats
    area: Floats
    area_standard_error: Floats


def olofsson2014(sample_counts: ArrayLike, mapped_area: ArrayLike) -> Olofsson2014:
    """Accuracy and area of every class from a sample stratified by the map classes.

    Parameters
    ----------
    sample_counts : (q, q), rows map class i, columns reference class j: n_ij, each n_i. >= 2
    mapped_area : (q,) area of each map class, any unit; A_tot is its sum

    Notes
    -----
    With W_i = A_i / A_tot: p_ij = W_i n_ij / n_i. (eq. 4); O = sum p_jj (eq. 1), U_i = p_ii / p_i.
    (eq. 2), P_j = p_jj / p_.j (eq. 3); V(O) = sum W_i^2 U_i (1 - U_i) / (n_i. - 1) (eq. 5);
    V(U_i) = U_i (1 - U_i) / (n_i. - 1) (eq. 6); V(P_j) by eq. 7; p_.k = sum W_i n_ik / n_i.
    (eq. 9), S(p_.k) = sqrt(sum (W_i p_ik - p_ik^2) / (n_i. - 1)) (eq. 10), S(A_k) = A_tot S(p_.k)
    (eq. 11).

    Raises
    ------
    ValueError
        A map class has fewer than two sample points, or the shapes do not fit.
    """
    counts = np.asarray(sample_counts, dtype=np.float64)
    area = np.asarray(mapped_area, dtype=np.float64)
    size = counts.sum(axis=1)
    if counts.shape != (len(area), len(area)) or (size < MINIMUM_PER_GROUP).any():
        raise ValueError("counts must be (q, q) for q areas, with two points or more in every row")
    weight = area / area.sum()
    share = counts / size[:, None]
    proportions = weight[:, None] * share
    column = proportions.sum(axis=0)
    agreed = np.diag(proportions)
    users, producers = np.diag(share), agreed / column
    users_variance = users * (1 - users) / (size - 1)
    column_error = np.sqrt(((weight[:, None] ** 2 * share * (1 - share)).T / (size - 1)).sum(1))
    return Olofsson2014(
        proportions=proportions,
        overall=float(agreed.sum()),
        overall_standard_error=math.sqrt(float((weight**2 * users_variance).sum())),
        users=users,
        users_standard_error=np.sqrt(users_variance),
        producers=producers,
        producers_standard_error=_producers_error(share, size, area, producers),
        class_proportion=column,
        class_proportion_standard_error=column_error,
        area=area.sum() * column,
        area_standard_error=area.sum() * column_error,
    )


def _producers_error(share: Floats, size: Floats, area: Floats, producers: Floats) -> Floats:
    """Olofsson et al. 2014, eq. 7; ``share`` is n_ij / n_i., ``area`` stands for N_i."""
    spread = area[:, None] ** 2 * share * (1 - share) / (size[:, None] - 1)
    own = np.diag(spread)
    others = spread.sum(axis=0) - own
    total = (area[:, None] * share).sum(axis=0)
    variance: Floats = ((1 - producers) ** 2 * own + producers**2 * others) / total**2
    return np.sqrt(variance)


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error, both in one unit."""

    value: float
    standard_error: float


def stratified_total(
    values: ArrayLike,
    group: ArrayLike,
    area: Mapping[Any, float],
    *,
    units: Mapping[Any, float] | None = None,
) -> Estimate:
    """Area-weighted total of a variable over the groups of a stratified sample.

    Stehman 2014 for totals: A = sum A_h mean(y_h), V(A) = sum A_h^2 (1 - n_h / N_h) s_h^2 / n_h;
    without ``units`` the correction 1 - n_h / N_h is left out. With the map classes as groups this
    is Olofsson et al. 2014, eqs. 9 to 11; the published example of Stehman is in the tests.

    Parameters
    ----------
    values, group : (n,) variable (0 or 1 for an indicator) and group of each point; every group
        has two points or more
    area : group -> its area; the estimate has this unit
    units : group -> number of its pixels N_h, for samples that are no small part of them
    """
    y, groups = np.asarray(values, dtype=np.float64), np.asarray(group)
    total = variance = 0.0
    for name, group_area in area.items():
        inside = y[groups == name]
        unseen = 1.0 if units is None else 1.0 - len(inside) / units[name]
        total += group_area * float(inside.mean())
        variance += group_area**2 * unseen * float(inside.var(ddof=1)) / len(inside)
    return Estimate(total, math.sqrt(variance))


def stratified_ratio(
    numerator: ArrayLike,
    denominator: ArrayLike,
    group: ArrayLike,
    *,
    area: Mapping[Any, float],
    units: Mapping[Any, float] | None = None,
) -> Estimate:
    """Ratio of two area totals (user's and producer's accuracy when strata are not map classes).

    Stehman 2014, combined ratio estimator: R = Y / X,
    V(R) = sum A_h^2 (1 - n_h / N_h) (s_y^2 + R^2 s_x^2 - 2 R s_xy) / n_h / X^2, computed as the
    variance of the residuals y - R x. NaN when the denominator never occurs in the sample.
    ``area`` and ``units`` as in :func:`stratified_total`.
    """
    y = np.asarray(numerator, dtype=np.float64)
    x = np.asarray(denominator, dtype=np.float64)
    below = stratified_total(x, group, area).value
    if below == 0:
        return Estimate(math.nan, math.nan)
    ratio = stratified_total(y, group, area).value / below
    residual = stratified_total(y - ratio * x, group, area, units=units)
    return Estimate(ratio, residual.standard_error / below)


def normal_quantile(confidence: float) -> float:
    """The z of a two-sided interval (1.645 for 0.90)."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


FROM_INTERVAL = "SE from the score interval"
"""What tables say of a standard error that is not that of the published equation."""


def reported_error(
    standard_error: float, limits: tuple[float, float], confidence: float
) -> tuple[float, bool]:
    """The standard error that a table gives, and whether it is taken from the interval.

    A sample that holds no disagreement has the standard error 0 by every estimator of variance,
    which nobody should take for certainty. Then half of the score interval over its quantile
    stands in its place, as it does in the claim.
    """
    low, high = limits
    if standard_error != 0 or not high > low:
        return standard_error, False
    return (high - low) / 2 / normal_quantile(confidence), True


@dataclass(frozen=True)
class Counted:
    """A group of a stratified sample: its area, its points, and those with the wanted label."""

    area: float
    points: int
    wanted: int

    @property
    def share(self) -> float:
        """The share of points with the wanted label."""
        return self.wanted / self.points


def wilson_limits(wanted: float, points: float, confidence: float) -> tuple[float, float]:
    """Score interval of a proportion (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    It has width also when none or all of the points carry the label. Counts may be fractions: an
    effective sample size seldom is a whole number.
    """
    z, share = normal_quantile(confidence), wanted / points
    centre = share + z**2 / (2 * points)
    half = z * math.sqrt(share * (1 - share) / points + z**2 / (4 * points**2))
    scale = 1 + z**2 / points
    low = 0.0 if wanted == 0 else (centre - half) / scale
    high = 1.0 if wanted == points else (centre + half) / scale
    return low, high


def total_limits(groups: Sequence[Counted], confidence: float) -> tuple[float, float]:
    """Interval of an area total over groups, from the score interval of each.

    The distances from estimate to limit add in quadrature ("MOVER", Zou and Donner 2008,
    doi:10.1002/sim.3095). Unlike the normal interval on eq. 10 of Olofsson et al. 2014 it does not
    shrink to nothing when a sample happens to hold no disagreement.
    """
    total = below = above = 0.0
    for group in groups:
        low, high = wilson_limits(group.wanted, group.points, confidence)
        total += group.area * group.share
        below += (group.area * (group.share - low)) ** 2
        above += (group.area * (high - group.share)) ** 2
    return total - math.sqrt(below), total + math.sqrt(above)


def ratio_limits(
    agreed: Sequence[Counted], others: Sequence[Counted], confidence: float
) -> tuple[float, float]:
    """Interval of the ratio Y / (Y + Z) of two area totals over the same groups.

    For user's accuracy Y is the ground on which map and reference are the class and Z that on
    which only the map is; no point counts in both. MOVER for a linear form, solved for the ratio
    (Donner and Zou 2012, doi:10.1177/0962280210383082): the limit c is where the limit of
    (1 - c) Y - c Z is 0. For one group it is Wilson's interval, and it has width where a group
    holds no disagreement: a large group with few points then counts with what it may have missed.
    """
    total = sum(group.area * group.share for group in agreed)
    rest = sum(group.area * group.share for group in others)
    if total + rest == 0:
        return math.nan, math.nan
    lower = [0.0, 0.0, 0.0]
    upper = [0.0, 0.0, 0.0]
    for one, other in zip(agreed, others, strict=True):
        below, above = _distances(one, confidence)
        other_below, other_above = _distances(other, confidence)
        opposed = _opposition(one.share, other.share)
        for sums, first, second in ((lower, below, other_above), (upper, above, other_below)):
            sums[0] += first**2
            sums[1] += second**2
            sums[2] += opposed * first * second
    return (
        _lower_share(total, rest, lower),
        # The upper limit of a share is the lower one of what is left, told from the other side.
        1.0 - _lower_share(rest, total, [upper[1], upper[0], upper[2]]),
    )


def _lower_share(total: float, rest: float, sums: Sequence[float]) -> float:
    """The c at which the lower limit of (1 - c) Y - c Z is 0.

    ``sums`` are the squares of the distances of Y down and of Z up, and their product times minus
    the correlation, over all groups: with the odds t = c / (1 - c) a quadratic equation.
    """
    down, up, product = sums
    constant = max(total**2 - down, 0.0)
    if constant == 0:
        return 0.0
    cross = total * rest + product
    root = math.sqrt(max(cross**2 - (rest**2 - up) * constant, 0.0))
    return constant / (constant + cross + root)


def _distances(group: Counted, confidence: float) -> tuple[float, float]:
    """From the estimate of a group's area down and up to its score limits."""
    low, high = wilson_limits(group.wanted, group.points, confidence)
    return group.area * (group.share - low), group.area * (high - group.share)


def _opposition(one: float, other: float) -> float:
    """Minus the correlation of two shares of one sample that exclude each other (multinomial)."""
    if one + other >= 1:
        return 1.0
    return math.sqrt(one * other / ((1 - one) * (1 - other)))


@dataclass(frozen=True)
class Overlap:
    """Agreement of two masks on the same pixels."""

    iou: float
    precision: float
    recall: float
    pixels: int


def overlap(mapped: NDArray[np.bool_], reference: NDArray[np.bool_]) -> Overlap:
    """Intersection over union, precision and recall of two masks of one shape.

    A ratio whose denominator is empty is NaN, not 1: nothing was tested.
    """
    both = int((mapped & reference).sum())
    either, in_map, in_reference = (
        int(mask.sum()) for mask in (mapped | reference, mapped, reference)
    )
    return Overlap(
        iou=both / either if either else math.nan,
        precision=both / in_map if in_map else math.nan,
        recall=both / in_reference if in_reference else math.nan,
        pixels=int(mapped.size),
    )
