"""The reference sample of a project: areas with confidence intervals, and the accuracy of its maps.

Within a stratum of the project the points are a simple random sample; the map classes inside a
stratum are used as post-strata. Strata are added, with the part of the boundary that no stratum
covers as one of them, so that a project's parts add up to its total by construction.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from bluecarbon.mrv.accuracy import (
    MINIMUM_PER_GROUP,
    Estimate,
    largest_unseen_share,
    merge_small_groups,
    normal_quantile,
    stratified_ratio,
    stratified_total,
)
from bluecarbon.mrv.area import Weights, class_areas_ha
from bluecarbon.mrv.class_maps import CODE_MANGROVE, CODE_OF, LEGEND
from bluecarbon.mrv.rasters import Geometry, Grid
from bluecarbon.spec import Finding

WHOLE = ""
"""The stratum id of rows about the whole boundary."""

REST = "(rest)"
"""The stratum id of the part of the boundary that no stratum covers."""

MAPPED = "mapped"

ESTIMATE_COLUMNS = (
    "stratum", "epoch", "area_ha", "standard_error_ha", "ci_low_ha", "ci_high_ha", "confidence",
    "sample_size", "estimator", "mapped_ha",
)  # fmt: skip

ACCURACY_COLUMNS = (
    "epoch", "overall", "overall_standard_error", "users_mangrove",
    "users_mangrove_standard_error", "producers_mangrove", "producers_mangrove_standard_error", "n",
)  # fmt: skip


@dataclass(frozen=True)
class DesignStratum:
    """A stratum of the sample: id, polygon (WGS 84) and hectares of its pixels."""

    id: str
    geometry: Geometry
    weights: Weights


@dataclass(frozen=True)
class Cell:
    """The sample of one stratum and epoch: map code, reference code and post-stratum per point."""

    stratum: str
    mapped: NDArray[np.uint8]
    reference: NDArray[np.uint8]
    group: NDArray[np.int64]
    area_ha: Mapping[int, float]
    merged: tuple[str, ...]
    mapped_mangrove_ha: float
    total_ha: float

    @property
    def has_sample(self) -> bool:
        """Whether there are points enough for a variance."""
        return len(self.reference) >= MINIMUM_PER_GROUP


def locate(
    points: pd.DataFrame, grid: Grid, design: Sequence[DesignStratum]
) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """The points with pixel row, column and stratum; those in no stratum are left out, counted."""
    longitude, latitude = points["lon"].to_numpy(), points["lat"].to_numpy()
    row, column = grid.pixels_of(longitude, latitude)
    stratum = np.full(len(points), None, dtype=object)
    for item in reversed(design):
        stratum[shapely.contains_xy(item.geometry, longitude, latitude)] = item.id
    located = points.assign(pixel_row=np.floor(row), pixel_column=np.floor(column), stratum=stratum)
    lost = ~(grid.holds(row, column) & (located["stratum"].notna()).to_numpy())
    if not lost.any():
        return located, ()
    message = f"{int(lost.sum())} reference points lie outside the boundary and are not used"
    return located[~lost], (Finding.warning("reference-outside", "[reference]", message),)


def cell_of(stratum: DesignStratum, points: pd.DataFrame, codes: NDArray[np.uint8]) -> Cell:
    """The sample of one stratum and one epoch (``points`` are of that epoch, from any stratum)."""
    own = points[points["stratum"] == stratum.id]
    rows, columns = (own[name].to_numpy(dtype=np.int64) for name in ("pixel_row", "pixel_column"))
    mapped = codes[rows, columns]
    areas = class_areas_ha(codes, stratum.weights)
    areas |= {int(code): 0.0 for code in np.unique(mapped) if int(code) not in areas}
    counts = {int(code): int((mapped == code).sum()) for code in areas}
    groups = merge_small_groups(areas, counts)
    group_area: dict[int, float] = {}
    for code, group in groups.items():
        group_area[group] = group_area.get(group, 0.0) + areas[code]
    merged = [code for code, group in groups.items() if list(groups.values()).count(group) > 1]
    return Cell(
        stratum=stratum.id,
        mapped=mapped,
        reference=np.array([CODE_OF[label] for label in own["label"]], dtype=np.uint8),
        group=np.array([groups[int(code)] for code in mapped], dtype=np.int64),
        area_ha=group_area,
        merged=tuple(LEGEND[code] for code in sorted(merged)),
        mapped_mangrove_ha=areas.get(CODE_MANGROVE, 0.0),
        total_ha=stratum.weights.total_ha,
    )


def mapped_row(stratum: str, epoch: int, mapped_ha: float) -> dict[str, Any]:
    """The row of the estimates where there is no sample: the mapped area, no interval."""
    nothing = dict.fromkeys(
        ("standard_error_ha", "ci_low_ha", "ci_high_ha", "confidence"), math.nan
    )
    return {
        "stratum": stratum,
        "epoch": epoch,
        "area_ha": mapped_ha,
        **nothing,
        "sample_size": 0,
        "estimator": MAPPED,
        "mapped_ha": mapped_ha,
    }


def estimate_rows(cells: Sequence[Cell], epoch: int, confidence: float) -> list[dict[str, Any]]:
    """Mangrove area of each stratum and of the whole boundary (stratum "") in one epoch."""
    rows, variance, half_squared = [], 0.0, 0.0
    for cell in cells:
        row = mapped_row(cell.stratum, epoch, cell.mapped_mangrove_ha)
        half = math.nan
        if cell.has_sample:
            area = stratified_total(cell.reference == CODE_MANGROVE, cell.group, cell.area_ha)
            half = _half_width(cell, area, confidence)
            row |= _interval(area, half, within_ha=cell.total_ha)
            row |= {"sample_size": len(cell.reference), "estimator": _estimator(cell)}
            row["confidence"] = confidence
        # NaN of a stratum without sample goes through: then the total has no error either.
        variance += row["standard_error_ha"] ** 2
        half_squared += half**2
        rows.append(row)
    total_ha = sum(cell.total_ha for cell in cells)
    mapped_ha = sum(cell.mapped_mangrove_ha for cell in cells)
    whole = mapped_row(WHOLE, epoch, mapped_ha)
    if any(cell.has_sample for cell in cells):
        area = Estimate(sum(row["area_ha"] for row in rows), math.sqrt(variance))
        whole |= _interval(area, math.sqrt(half_squared), within_ha=total_ha)
        whole |= {"sample_size": sum(row["sample_size"] for row in rows), "confidence": confidence}
        without = [cell.stratum for cell in cells if not cell.has_sample]
        whole["estimator"] = "sum of strata" + (
            f" ({', '.join(without)} mapped)" if without else ""
        )
    return [*rows, whole]


def _estimator(cell: Cell) -> str:
    if len(cell.area_ha) == 1:
        return "simple random sample"
    merged = f" ({', '.join(cell.merged)} merged)" if cell.merged else ""
    return f"post-stratified by map class{merged}"


def _half_width(cell: Cell, area: Estimate, confidence: float) -> float:
    """Half the interval [ha]: normal, or, where no label varies, the exact binomial bound.

    A sample without any disagreement has a standard error of 0; an interval of no width would
    claim a certainty that no number of points gives.
    """
    if _varies(cell):
        return normal_quantile(confidence) * area.standard_error
    return largest_unseen_share(len(cell.reference), confidence) * cell.total_ha


def _interval(area: Estimate, half: float, *, within_ha: float) -> dict[str, float]:
    """The interval, held within what an area can be; NaN where ``half`` is NaN."""
    unknown = math.isnan(half)
    return {
        "area_ha": area.value,
        "standard_error_ha": area.standard_error,
        "ci_low_ha": math.nan if unknown else max(0.0, area.value - half),
        "ci_high_ha": math.nan if unknown else min(within_ha, area.value + half),
    }


def sample_findings(
    cells_by_epoch: Mapping[int, Sequence[Cell]], confidence: float
) -> tuple[Finding, ...]:
    """Strata without a sample, and samples in which map and reference never disagree."""
    found, certain = [], []
    for epoch, cells in cells_by_epoch.items():
        for cell in cells:
            count = len(cell.reference)
            if not cell.has_sample:
                subject = f"[reference] stratum {cell.stratum}, {epoch}"
                message = f"{count} reference points: the mapped area is given, without an interval"
                fix = "draw a random sample of points in this stratum and label them"
                found.append(Finding.warning("reference-no-sample", subject, message, fix=fix))
            elif not _varies(cell):
                bound_ha = largest_unseen_share(count, confidence) * cell.total_ha
                certain.append(f"{cell.stratum} {epoch} ({count} points, {bound_ha:.1f} ha)")
    if certain:
        message = (
            "the labels do not vary within any post-stratum, so the standard error of 0 ha is a "
            "lower limit; the interval is the exact binomial bound on what the sample could have "
            f"missed at {confidence:.0%} confidence: {', '.join(certain)}"
        )
        found.append(Finding.info("reference-no-disagreement", "[reference]", message))
    return tuple(found)


def _varies(cell: Cell) -> bool:
    mangrove = cell.reference == CODE_MANGROVE
    return any(len(np.unique(mangrove[cell.group == group])) > 1 for group in cell.area_ha)


def accuracy_row(cells: Sequence[Cell], epoch: int) -> dict[str, Any] | None:
    """Accuracy of one epoch's map over the strata that have a sample; None without any."""
    sampled = [cell for cell in cells if cell.has_sample]
    if not sampled:
        return None
    mapped = np.concatenate([cell.mapped for cell in sampled])
    reference = np.concatenate([cell.reference for cell in sampled])
    # Codes stay below 256, so stratum and post-stratum make one group number.
    group = np.concatenate([cell.group + 256 * i for i, cell in enumerate(sampled)])
    area = {
        code + 256 * i: area
        for i, cell in enumerate(sampled)
        for code, area in cell.area_ha.items()
    }
    in_map, in_reference = mapped == CODE_MANGROVE, reference == CODE_MANGROVE
    everywhere = np.ones(len(mapped))
    overall = stratified_ratio(mapped == reference, everywhere, group, area=area)
    users = stratified_ratio(in_map & in_reference, in_map, group, area=area)
    producers = stratified_ratio(in_map & in_reference, in_reference, group, area=area)
    numbers = [part for e in (overall, users, producers) for part in (e.value, e.standard_error)]
    return dict(zip(ACCURACY_COLUMNS, [epoch, *numbers, len(mapped)], strict=True))
