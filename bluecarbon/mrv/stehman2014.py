"""Accuracy and area from a stratified sample whose strata need not be the map classes.

Source: Stehman 2014, Int. J. Remote Sens. 35:4923-4939, doi:10.1080/01431161.2014.930207. Every
parameter is a mean or a ratio of means of indicators: area of class k by y = 1 where the reference
is k (eq. 14), overall accuracy by y = 1 where map and reference agree (eq. 12), user's accuracy
of class k by y = both are k, x = the map is k (eqs. 18, 19), producer's by y = both are k, x = the
reference is k (eqs. 22, 23). Means by eq. 3 with the variance of eqs. 25 and 26, ratios by eq. 27
with that of eqs. 28 and 29. With the map classes as strata all of it equals Olofsson et al. 2014.

Words: a *standard deviation* (SD) is that of single points, a *standard error* (SE) that of an
estimate, a *confidence interval* (CI) is given by its two limits and its confidence. Tables carry
``standard_error``, ``ci_low``, ``ci_high`` and ``confidence``, and no number called "error".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from bluecarbon.errors import DataError
from bluecarbon.mrv.accuracy import (
    FROM_INTERVAL,
    MINIMUM_PER_GROUP,
    Counted,
    Estimate,
    normal_quantile,
    ratio_limits,
    reported_error,
    stratified_ratio,
    stratified_total,
    total_limits,
)
from bluecarbon.mrv.confusion import Label, in_order
from bluecarbon.mrv.sample_conditions import LEFT_OUT_SHARE_MOST
from bluecarbon.spec import Finding, errors_in

Interval = Literal["score", "normal"]
Flags = NDArray[np.bool_]
Findings = tuple[Finding, ...]

ESTIMATE_COLUMNS = (
    "measure", "class", "value", "standard_error", "ci_low", "ci_high", "confidence", "interval",
    "unit", "points", "equation",
)  # fmt: skip

LIMITS_APART = "SE by these, limits by score: not value +- z SE"
"""What tables say where the interval is not made of the standard error beside it."""

NUMBER_COLUMNS = ("value", "standard_error", "ci_low", "ci_high")

MEASURES_OF_CLASS = ("users", "producers", "area")

POINT_COLUMNS = ("stratum", "map", "reference")


@dataclass(frozen=True)
class _Design:
    """The strata of a sample and how its intervals are made."""

    group: NDArray[Any]
    size: dict[Label, float]
    pixels: dict[Label, float] | None
    unit: str
    confidence: float
    interval: Interval

    def ratio(self, numerator: Flags, denominator: Flags) -> Estimate:
        return stratified_ratio(
            numerator, denominator, self.group, area=self.size, units=self.pixels
        )

    def total(self, values: Flags) -> Estimate:
        return stratified_total(values, self.group, self.size, units=self.pixels)

    def counted(self, values: Flags) -> list[Counted]:
        """Size, points and points with the indicator of every stratum."""
        return [
            Counted(size, int(inside.sum()), int((values & inside).sum()))
            for name, size in self.size.items()
            for inside in [self.group == name]
        ]


def sample_findings(points: pd.DataFrame, strata: pd.DataFrame, *, subject: str) -> Findings:
    """Whether points and strata allow an estimate; every defect, with the points it is about.

    ``points`` and ``strata`` as in :func:`stehman2014`. A stratum with fewer than two points has
    no variance, and one without any is ground of which nothing is known: both are errors, and
    :func:`sampled_part` leaves such ground out with its size said.
    """
    found: list[Finding] = []
    for column in (name for name in POINT_COLUMNS if points[name].isna().any()):
        rows = points.index[points[column].isna()]
        message = f"{len(rows)} points have no {column} (first: {rows[0]})"
        fix = "complete them: a point that is left out changes the sample"
        found.append(Finding.error("point-incomplete", subject, message, fix=fix))
    sizes = strata.set_index("stratum")[size_column(strata)]
    if sizes.index.has_duplicates or not (sizes > 0).all():
        message = "a stratum is listed twice, or has no size above 0"
        fix = "give every stratum one row with its area or its pixels"
        found.append(Finding.error("stratum-size-wrong", subject, message, fix=fix))
    for name, count in points["stratum"].value_counts().items():
        if name not in sizes.index:
            message = f"{count} points are of stratum '{name}', whose size is not given"
            fix = "give the area or the pixels of every stratum"
            found.append(Finding.error("stratum-size-missing", subject, message, fix=fix))
    counts = points["stratum"].value_counts().reindex(sizes.index, fill_value=0)
    for name, count in counts[counts < MINIMUM_PER_GROUP].items():
        message = f"stratum '{name}' has {count} points, and a variance needs two"
        fix = "draw more points there, or leave the stratum out and say so"
        found.append(Finding.error("stratum-too-few-points", subject, message, fix=fix))
    return tuple(found)


def size_column(strata: pd.DataFrame) -> str:
    """The column with the sizes of strata: hectares where there are, else pixels."""
    return "area_ha" if "area_ha" in strata else "pixels"


def sampled_part(
    points: pd.DataFrame, strata: pd.DataFrame, *, subject: str
) -> tuple[pd.DataFrame, pd.DataFrame, Findings]:
    """Points and strata without the strata that have fewer than two points, and what that costs.

    The estimates then are about the rest of the ground only; the finding says how much is missing,
    and is an error above :data:`.sample_conditions.LEFT_OUT_SHARE_MOST` of the ground.
    """
    counts = points["stratum"].value_counts()
    enough = strata["stratum"].map(counts).fillna(0) >= MINIMUM_PER_GROUP
    if enough.all():
        return points, strata, ()
    column = size_column(strata)
    share = strata.loc[~enough, column].sum() / strata[column].sum()
    names = ", ".join(f"'{name}'" for name in strata.loc[~enough, "stratum"])
    message = f"strata {names} have fewer than two points: {share:.2%} of the ground is left out"
    fix = "draw points there; nothing is known of this ground"
    refused = share > LEFT_OUT_SHARE_MOST
    message += f", more than {LEFT_OUT_SHARE_MOST * 100:g} %" if refused else ""
    remark = Finding.error if refused else Finding.warning
    found = (remark("strata-left-out", subject, message, fix=fix),)
    # Points of strata without a size stay: that they have none is an error of its own.
    lost = points["stratum"].isin(strata.loc[~enough, "stratum"])
    return points[~lost], strata[enough], found


def stehman2014(
    points: pd.DataFrame,
    strata: pd.DataFrame,
    *,
    confidence: float = 0.95,
    interval: Interval = "score",
    domain: ArrayLike | None = None,
    finite: bool = False,
) -> pd.DataFrame:
    """Overall, user's and producer's accuracy and area of every class, with SE and CI.

    Parameters
    ----------
    points : a row for each point with the columns stratum, map and reference (any names of
        classes, 0 among them; change classes are classes)
    strata : a row for each stratum with the columns stratum and area_ha, or pixels, or both
    interval : "score" has width also where nothing disagreed (:func:`total_limits`,
        :func:`ratio_limits`), and is wider than it need be over dozens of strata; there the
        standard error is taken from it, and the column "equation" says which belongs to which.
        "normal" is estimate +- z SE as in the papers, and both are 0 where nothing disagreed
    domain : (n,) true for points in a part of the ground that is no stratum (a district, say):
        areas and accuracies are those of the part
    finite : apply 1 - n_h / N_h; needs pixels

    Returns
    -------
    Tidy table: measure (overall, users, producers, area), class, value, standard_error, ci_low,
    ci_high, confidence, interval, unit ("1", "ha" or "pixels"), points (of the denominator; of
    the reference class for areas), equation. Accuracy of a class that never occurs is NaN.

    Raises
    ------
    DataError
        With the findings of :func:`sample_findings`.
    """
    if errors := errors_in(sample_findings(points, strata, subject="reference sample")):
        raise DataError(errors)
    column = size_column(strata)
    pixels = dict(zip(strata["stratum"], strata["pixels"], strict=True)) if finite else None
    design = _Design(
        group=points["stratum"].to_numpy(dtype=object),
        size=dict(zip(strata["stratum"], strata[column].astype(float), strict=True)),
        pixels=pixels,
        unit="ha" if column == "area_ha" else "pixels",
        confidence=confidence,
        interval=interval,
    )
    inside = np.ones(len(points), dtype=bool) if domain is None else np.asarray(domain, dtype=bool)
    rows = _rows(
        design, points["map"].to_numpy(object), points["reference"].to_numpy(object), inside
    )
    return pd.DataFrame(rows, columns=ESTIMATE_COLUMNS)


def _rows(
    design: _Design, mapped: NDArray[Any], reference: NDArray[Any], inside: Flags
) -> list[tuple[Any, ...]]:
    agreed = (mapped == reference) & inside
    rows = [_ratio_row(design, ("overall", "", "eqs. 12, 3, 25"), agreed, inside)]
    for name in in_order([*mapped, *reference]):
        on_map, is_there = (mapped == name) & inside, (reference == name) & inside
        both = on_map & is_there
        users = ("users", name, "eqs. 18, 19, 27, 28")
        producers = ("producers", name, "eqs. 22, 23, 27, 28")
        rows.append(_ratio_row(design, users, both, on_map))
        rows.append(_ratio_row(design, producers, both, is_there))
        rows.append(_area_row(design, name, is_there))
    return rows


def _ratio_row(
    design: _Design, what: tuple[str, Label, str], numerator: Flags, denominator: Flags
) -> tuple[Any, ...]:
    measure, name, equation = what
    estimate, points = design.ratio(numerator, denominator), int(denominator.sum())
    if design.interval == "score":
        others = denominator & ~numerator
        counted = design.counted(numerator), design.counted(others)
        limits = ratio_limits(*counted, design.confidence)
    else:
        limits = _normal_limits(design, estimate, 1.0)
    return _row(design, (measure, name, "1", points, equation), estimate, limits)


def _area_row(design: _Design, name: Label, is_there: Flags) -> tuple[Any, ...]:
    estimate, whole = design.total(is_there), sum(design.size.values())
    if design.interval == "score":
        low, high = total_limits(design.counted(is_there), design.confidence)
        limits = max(0.0, low), min(whole, high)
    else:
        limits = _normal_limits(design, estimate, whole)
    what = ("area", name, design.unit, int(is_there.sum()), "eqs. 14, 3, 25")
    return _row(design, what, estimate, limits)


def _normal_limits(design: _Design, estimate: Estimate, most: float) -> tuple[float, float]:
    if math.isnan(estimate.value):
        return math.nan, math.nan
    half = normal_quantile(design.confidence) * estimate.standard_error
    return max(0.0, estimate.value - half), min(most, estimate.value + half)


def _row(
    design: _Design,
    what: tuple[str, Label, str, int, str],
    estimate: Estimate,
    limits: tuple[float, float],
) -> tuple[Any, ...]:
    measure, name, unit, points, equation = what
    error, from_interval = estimate.standard_error, False
    if design.interval == "score":
        error, from_interval = reported_error(error, limits, design.confidence)
    if from_interval:
        equation += f"; {FROM_INTERVAL}"
    elif design.interval == "score":
        equation += f"; {LIMITS_APART}"
    numbers = (estimate.value, error, *limits)
    return (
        measure, name, *numbers, design.confidence, design.interval, unit, points, equation,
    )  # fmt: skip


def proportions(points: pd.DataFrame, strata: pd.DataFrame) -> pd.DataFrame:
    """The error matrix in shares of the ground, p_ij: rows map, columns reference, sum 1.

    Stehman 2014, eq. 3 with the indicator of each cell. ``points`` and ``strata`` as in
    :func:`stehman2014`; a point counts A_h / (n_h A).
    """
    size = strata.set_index("stratum")[size_column(strata)].astype(float)
    count = points["stratum"].value_counts()
    weight = points["stratum"].map(size / (count.reindex(size.index) * size.sum()))
    names = in_order([*points["map"], *points["reference"]])
    cells = pd.crosstab(points["map"], points["reference"], values=weight, aggfunc="sum")
    framed = cells.reindex(index=names, columns=names).fillna(0.0)
    return framed.rename_axis(index="map", columns="reference")


def estimates_by(
    points: pd.DataFrame, strata: pd.DataFrame, by: Sequence[str], **options: Any
) -> pd.DataFrame:
    """The table of :func:`stehman2014` for every value of the columns ``by`` (site, period ...).

    Where ``strata`` has the columns too, every part has a sample and strata of its own. Where it
    has not, the parts are domains of one sample: small ones then have wide intervals. ``options``
    go to :func:`stehman2014`.

    Raises
    ------
    DataError
        A part cannot be estimated; the findings name it.
    """
    columns: list[Any] = list(by)
    tables = []
    own = set(columns) <= set(strata.columns)
    for key, part in points.groupby(columns, sort=True):
        if own:
            same = (strata[columns] == pd.Series(dict(zip(columns, key, strict=True)))).all(axis=1)
            _check(part, strata[same], columns, key)
            table = stehman2014(part, strata[same], **options)
        else:
            table = stehman2014(points, strata, domain=points.index.isin(part.index), **options)
        named = pd.DataFrame([key] * len(table), columns=columns)
        tables.append(pd.concat([named, table], axis=1))
    return pd.concat(tables, ignore_index=True)


def _check(
    part: pd.DataFrame, strata: pd.DataFrame, columns: Sequence[str], key: tuple[Any, ...]
) -> None:
    named = ", ".join(f"{name} {value}" for name, value in zip(columns, key, strict=True))
    if errors := errors_in(sample_findings(part, strata, subject=named)):
        raise DataError(errors)
