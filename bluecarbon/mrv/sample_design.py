"""How many reference points, and how they are shared among the strata, before any is drawn.

Sources: Cochran 1977, Sampling Techniques, 3rd ed., eqs. 5.25 (allocation for a given n) and 5.35
(n for a given variance); Olofsson et al. 2014, Remote Sens. Environ. 148:42-57, eq. 13 and section
5.1. Several targets at once: Bethel 1989, Survey Methodology 15:47-57, solved by the fixed point of
Chromy 1987 (Proc. Survey Research Methods Section, ASA, 194-199).

The table of strata has one row for each: ``stratum``, a size (``area_ha`` or ``pixels``) and what
is expected there. A *standard deviation* is of single points, sqrt(p (1 - p)) for an indicator; a
target is the *standard error* of an estimate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from bluecarbon.mrv.accuracy import MINIMUM_PER_GROUP
from bluecarbon.mrv.stehman2014 import size_column

Rule = Literal["proportional", "equal", "optimal"]

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

ROUNDS_MAX = 10_000
CONVERGED = 1e-10

NEGLIGIBLE = 1e-9

WHOLE_TOLERANCE = 1e-9
"""A sample size of 640.0000000001 points is 640 points."""


def weights_of_strata(strata: pd.DataFrame) -> Floats:
    """W_h, the share of every stratum in the ground."""
    size: Floats = strata[size_column(strata)].to_numpy(dtype=np.float64)
    return np.asarray(size / size.sum())


def expected_deviation(share: ArrayLike) -> Floats:
    """Standard deviation of an indicator of which this share is expected, sqrt(p (1 - p)).

    For overall accuracy the share in a map class is its expected user's accuracy (Olofsson et al.
    2014, eq. 13: S_i = sqrt(U_i (1 - U_i))).
    """
    p = np.asarray(share, dtype=np.float64)
    if ((p < 0) | (p > 1)).any():
        raise ValueError("an expected share lies between 0 and 1")
    return np.sqrt(p * (1 - p))


def sample_size(
    strata: pd.DataFrame,
    expected: ArrayLike,
    *,
    target_standard_error: float,
    rule: Rule = "proportional",
    finite: bool = False,
) -> int:
    """Points needed for a target standard error of an overall share (accuracy, or a class area).

    Parameters
    ----------
    strata : columns stratum and area_ha or pixels (pixels for ``finite``)
    expected : (h,) expected share of the indicator in each stratum: the user's accuracy for
        overall accuracy, the share of the class for the area of a class
    target_standard_error : of the estimated share; for hectares divide by the total area
    rule : how the points will be allocated. The n of eq. 13, (sum W S / SE)^2, belongs to the
        optimal allocation, and is what Olofsson et al. 2014 use; "proportional" asks for
        sum W S^2 / SE^2 and "equal" for h sum W^2 S^2 / SE^2, never less than the optimal one.
    finite : apply the correction for a finite number of pixels N (the second term of eq. 13)

    Returns
    -------
    Whole points, at least two for every stratum.
    """
    if target_standard_error <= 0:
        raise ValueError("a target standard error is above 0")
    weight, deviation = weights_of_strata(strata), expected_deviation(expected)
    needed = {
        "optimal": float((weight * deviation).sum()) ** 2,
        "proportional": float((weight * deviation**2).sum()),
        "equal": len(weight) * float((weight**2 * deviation**2).sum()),
    }[rule]
    below = target_standard_error**2
    if finite:
        below += float((weight * deviation**2).sum()) / float(strata["pixels"].sum())
    return max(_up(needed / below), MINIMUM_PER_GROUP * len(weight))


def _up(number: float) -> int:
    return math.ceil(number - WHOLE_TOLERANCE * max(1.0, number))


def allocate(
    strata: pd.DataFrame,
    points: int,
    *,
    rule: Rule = "proportional",
    expected: ArrayLike | None = None,
    least: int = MINIMUM_PER_GROUP,
) -> pd.DataFrame:
    """Share a number of points among strata.

    ``rule``: "proportional" to W_h, "equal", or "optimal" (Neyman: W_h S_h, which needs
    ``expected`` shares). Every stratum has ``least`` points or more (a stratum with fewer pixels
    has all of them); 50 to 100 for rare change classes and the rest proportional is the advice of
    Olofsson et al. 2014, section 5.1.2. Points are whole, by largest remainders, and add up.

    Returns
    -------
    ``strata`` with a column ``points``.

    Raises
    ------
    ValueError
        There are fewer points than the strata need at least, or more than there are pixels.
    """
    weight = weights_of_strata(strata)
    wanted = {"proportional": weight, "equal": np.ones(len(weight))}.get(rule)
    if wanted is None:
        if expected is None:
            raise ValueError("optimal allocation needs the expected share in every stratum")
        wanted = weight * expected_deviation(expected)
    # Next to nothing is nothing: a factor that would give it one point gives others infinity.
    wanted = np.where(wanted < NEGLIGIBLE * wanted.sum(), 0.0, wanted)
    if wanted.sum() == 0:
        wanted = weight
    most = _most(strata)
    floor = np.minimum(float(least), most)
    if not floor.sum() <= points <= most.sum():
        raise ValueError(f"{points} points for {len(weight)} strata of at least {least} each")
    return strata.assign(points=_whole(_bounded(wanted, float(points), floor, most), points))


def _most(strata: pd.DataFrame) -> Floats:
    if "pixels" not in strata:
        return np.full(len(strata), math.inf)
    return strata["pixels"].to_numpy(dtype=np.float64)


def _bounded(wanted: Floats, points: float, floor: Floats, most: Floats) -> Floats:
    """``points`` in proportion to ``wanted``, each within its bounds; bisects the factor."""
    low, high = 0.0, points / wanted[wanted > 0].min()
    for _ in range(200):
        factor = (low + high) / 2
        if np.clip(factor * wanted, floor, most).sum() < points:
            low = factor
        else:
            high = factor
    shared = np.clip(high * wanted, floor, most)
    # Strata that nobody wants stay at their floor; what they leave over goes by size of the rest.
    missing = points - shared.sum()
    room = np.minimum(most - shared, missing)
    spread = missing * room / room.sum() if missing > 1e-6 and room.sum() > 0 else 0.0
    return np.asarray(shared + spread)


def _whole(shared: Floats, points: int) -> Counts:
    """Whole numbers that add up, by largest remainders (of equal ones the first stratum's)."""
    result = np.floor(shared + WHOLE_TOLERANCE * points).astype(np.int64)
    order = np.argsort(-(shared - result), kind="stable")
    result[order[: points - int(result.sum())]] += 1
    return result


def allocate_for_targets(
    strata: pd.DataFrame,
    expected: Mapping[str, ArrayLike],
    targets: Mapping[str, float],
    *,
    least: int = MINIMUM_PER_GROUP,
) -> pd.DataFrame:
    """The fewest points that meet several target standard errors at once, and where they go.

    Parameters
    ----------
    expected : objective (any name: "overall", "loss" ...) -> (h,) expected share of its indicator
        in each stratum
    targets : the same names -> target standard error of the estimated share

    Returns
    -------
    ``strata`` with a column ``points``. Every target is met, after rounding too; what each will
    come to says :func:`expected_standard_error`.

    Notes
    -----
    Minimise sum n_h subject to sum_h W_h^2 S_kh^2 / n_h <= V_k: n_h = sqrt(sum_k l_k W_h^2 S_kh^2)
    for multipliers l_k that Chromy's rule l_k <- l_k (v_k / V_k)^2 leads to (Bethel 1989, eq. 4).

    Raises
    ------
    ValueError
        A target cannot be met with all pixels of the strata, or names differ.
    """
    if set(expected) != set(targets) or not targets:
        raise ValueError("every objective needs expected shares and a target")
    names, most = list(targets), _most(strata)
    deviation = np.array([expected_deviation(expected[name]) for name in names])
    spread = (weights_of_strata(strata) * deviation) ** 2
    allowed = np.array([targets[name] for name in names], dtype=np.float64) ** 2
    if (allowed <= 0).any() or ((spread / most).sum(axis=1) > allowed).any():
        raise ValueError("a target standard error cannot be met with all the pixels there are")
    shared = _chromy(spread, allowed, np.minimum(max(1.0, float(least)), most), most)
    return strata.assign(points=np.ceil(shared - WHOLE_TOLERANCE * shared).astype(np.int64))


def _chromy(spread: Floats, allowed: Floats, floor: Floats, most: Floats) -> Floats:
    """Points of each stratum at the fixed point of :func:`allocate_for_targets`."""
    # Of one target this is the answer; of several it is too many points, never too few.
    multiplier, before = (np.sqrt(spread).sum(axis=1) / allowed) ** 2, np.zeros_like(floor)
    for _ in range(ROUNDS_MAX):
        shared = np.clip(np.sqrt(multiplier @ spread), floor, most)
        ratio = (spread / shared).sum(axis=1) / allowed
        if (np.abs(before - shared) <= CONVERGED * shared).all():
            break
        multiplier, before = multiplier * ratio**2, shared
    # What is left of the iteration error is given to every stratum alike, so that no target fails.
    return np.asarray(np.clip(shared * max(1.0, float(ratio.max())), floor, most))


def expected_standard_error(allocation: pd.DataFrame, expected: ArrayLike) -> float:
    """Standard error that an allocation (column ``points``) is expected to give for a share.

    sqrt(sum W_h^2 S_h^2 / n_h), without finite-population correction.
    """
    weight, deviation = weights_of_strata(allocation), expected_deviation(expected)
    points = allocation["points"].to_numpy(dtype=np.float64)
    return float(np.sqrt(((weight * deviation) ** 2 / points).sum()))
