"""The reference sample of a project: areas with confidence intervals, and the accuracy of its maps.

Within a stratum of the project the points are a simple random sample. They are post-stratified
by what the map says, mangrove or not: fixed before any label is seen, and never by pooling other
classes with mangrove, which would lend them its share. Where one of the two has fewer than two
points the stratum is taken as one simple random sample. Strata are added, with the part of the
boundary that no stratum covers as one of them, so that a project's parts add up to its total.
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
    FROM_INTERVAL,
    MINIMUM_PER_GROUP,
    Counted,
    ratio_limits,
    reported_error,
    stratified_ratio,
    stratified_total,
    total_limits,
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

ON_MAP, OFF_MAP = 1, 0
"""The two post-strata: mangrove on the map, and everything else."""

GROUP_NAMES = {ON_MAP: "mangrove on the map", OFF_MAP: "not mangrove on the map"}

MATRIX_COLUMNS = ("stratum", "epoch", "group", "area_ha", "points", "mangrove_points")

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
    points: pd.DataFrame
    mapped: NDArray[np.uint8]
    reference: NDArray[np.uint8]
    group: NDArray[np.int64]
    area_ha: Mapping[int, float]
    mapped_mangrove_ha: float
    total_ha: float

    @property
    def has_sample(self) -> bool:
        """Whether there are points enough for a variance."""
        return len(self.reference) >= MINIMUM_PER_GROUP

    @property
    def counted(self) -> dict[int, Counted]:
        """Area, points and points labelled mangrove of each post-stratum."""
        mangrove = self.reference == CODE_MANGROVE
        return {
            group: Counted(area, int(inside.sum()), int((mangrove & inside).sum()))
            for group, area in self.area_ha.items()
            for inside in [self.group == group]
        }

    def group_name(self, group: int) -> str:
        """What a post-stratum is, in words."""
        return GROUP_NAMES[group] if len(self.area_ha) > 1 else "whole stratum"


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
    on_map_ha = class_areas_ha(codes, stratum.weights).get(CODE_MANGROVE, 0.0)
    group, area = _post_strata(mapped == CODE_MANGROVE, on_map_ha, stratum.weights.total_ha)
    return Cell(
        stratum=stratum.id,
        points=own,
        mapped=mapped,
        reference=np.array([CODE_OF[label] for label in own["label"]], dtype=np.uint8),
        group=group,
        area_ha=area,
        mapped_mangrove_ha=on_map_ha,
        total_ha=stratum.weights.total_ha,
    )


def _post_strata(
    on_map: NDArray[np.bool_], on_map_ha: float, total_ha: float
) -> tuple[NDArray[np.int64], dict[int, float]]:
    """Group of each point and area of each group; one group where either would be too small."""
    smallest = min(int(on_map.sum()), int((~on_map).sum()))
    if smallest < MINIMUM_PER_GROUP:
        return np.zeros(len(on_map), dtype=np.int64), {OFF_MAP: total_ha}
    return on_map.astype(np.int64), {ON_MAP: on_map_ha, OFF_MAP: total_ha - on_map_ha}


def matrix_rows(cells: Sequence[Cell], epoch: int) -> list[dict[str, Any]]:
    """What the estimates are computed from: area and points of every post-stratum."""
    return [
        {
            "stratum": cell.stratum,
            "epoch": epoch,
            "group": cell.group_name(group),
            "area_ha": counted.area,
            "points": counted.points,
            "mangrove_points": counted.wanted,
        }
        for cell in cells
        for group, counted in cell.counted.items()
    ]


def point_rows(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """Every point used: its row in the file, place, label, class on the map and post-stratum."""
    return [
        {
            **{name: row[name] for name in ("row", "lon", "lat", "epoch", "label")},
            "stratum": cell.stratum,
            "map_class": LEGEND[int(mapped)],
            "group": cell.group_name(int(group)),
        }
        for cell in cells
        for row, mapped, group in zip(
            cell.points.to_dict("records"), cell.mapped, cell.group, strict=True
        )
    ]


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
    rows = [_estimate_row(cell, epoch, confidence) for cell in cells]
    whole = mapped_row(WHOLE, epoch, sum(cell.mapped_mangrove_ha for cell in cells))
    if any(cell.has_sample for cell in cells):
        without = [cell.stratum for cell in cells if not cell.has_sample]
        named = f" ({', '.join(without)} mapped)" if without else ""
        certain = any(FROM_INTERVAL in row["estimator"] for row in rows)
        named += f"; {FROM_INTERVAL} in part" if certain and not without else ""
        whole |= {
            "area_ha": sum(row["area_ha"] for row in rows),
            # NaN of a stratum without sample goes through: then the total has no error either.
            "standard_error_ha": math.sqrt(sum(row["standard_error_ha"] ** 2 for row in rows)),
            "sample_size": sum(row["sample_size"] for row in rows),
            "confidence": confidence,
            "estimator": "sum of strata" + named,
        }
        if not without:
            groups = [group for cell in cells for group in cell.counted.values()]
            whole |= _limits(groups, sum(cell.total_ha for cell in cells), confidence)
    return [*rows, whole]


def _estimate_row(cell: Cell, epoch: int, confidence: float) -> dict[str, Any]:
    row = mapped_row(cell.stratum, epoch, cell.mapped_mangrove_ha)
    if not cell.has_sample:
        return row
    area = stratified_total(cell.reference == CODE_MANGROVE, cell.group, cell.area_ha)
    single = len(cell.area_ha) == 1
    estimator = "simple random sample" if single else "post-stratified by mangrove on the map"
    limits = _limits(list(cell.counted.values()), cell.total_ha, confidence)
    ends = limits["ci_low_ha"], limits["ci_high_ha"]
    error, from_interval = reported_error(area.standard_error, ends, confidence)
    return row | {
        "area_ha": area.value,
        "standard_error_ha": error,
        **limits,
        "confidence": confidence,
        "sample_size": len(cell.reference),
        "estimator": f"{estimator}; {FROM_INTERVAL}" if from_interval else estimator,
    }


def _limits(groups: Sequence[Counted], total_ha: float, confidence: float) -> dict[str, float]:
    """The interval, held within what an area can be."""
    low, high = total_limits(groups, confidence)
    return {"ci_low_ha": max(0.0, low), "ci_high_ha": min(total_ha, high)}


def sample_findings(cells_by_epoch: Mapping[int, Sequence[Cell]]) -> tuple[Finding, ...]:
    """Strata without a sample, and samples in which no label disagrees with its post-stratum."""
    found, certain = [], []
    for epoch, cells in cells_by_epoch.items():
        for cell in cells:
            count = len(cell.reference)
            if not cell.has_sample:
                subject = f"[reference] stratum {cell.stratum}, {epoch}"
                message = f"{count} reference points: the mapped area is given, without an interval"
                fix = "draw a random sample of points in this stratum and label them"
                found.append(Finding.warning("reference-no-sample", subject, message, fix=fix))
            elif all(g.wanted in {0, g.points} for g in cell.counted.values()):
                certain.append(f"{cell.stratum} {epoch} ({count} points)")
    if certain:
        message = (
            "no label disagrees within a post-stratum, so the standard error of eq. 10 is 0, which "
            "is a lower limit; the interval comes from the score interval of each post-stratum, "
            f"and the standard error given is half of it over its quantile: {', '.join(certain)}"
        )
        found.append(Finding.info("reference-no-disagreement", "[reference]", message))
    return tuple(found)


def accuracy_row(cells: Sequence[Cell], epoch: int, confidence: float) -> dict[str, Any] | None:
    """Accuracy of one epoch's map over the strata that have a sample; None without any.

    Standard errors as of :func:`.accuracy.reported_error`: none is 0 for want of disagreement.
    """
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
    both, everywhere = in_map & in_reference, np.ones(len(mapped), dtype=bool)
    ratios = [(mapped == reference, everywhere), (both, in_map), (both, in_reference)]
    numbers = [
        number
        for part, whole in ratios
        for number in _ratio(part, whole, group, area=area, confidence=confidence)
    ]
    return dict(zip(ACCURACY_COLUMNS, [epoch, *numbers, len(mapped)], strict=True))


def _ratio(
    part: NDArray[np.bool_],
    whole: NDArray[np.bool_],
    group: NDArray[np.int64],
    *,
    area: Mapping[int, float],
    confidence: float,
) -> tuple[float, float]:
    """A share of ground and its standard error."""
    estimate = stratified_ratio(part, whole, group, area=area)
    agreed, others = (
        [
            Counted(size, int((group == name).sum()), int((wanted & (group == name)).sum()))
            for name, size in area.items()
        ]
        for wanted in (part, whole & ~part)
    )
    limits = ratio_limits(agreed, others, confidence)
    return estimate.value, reported_error(estimate.standard_error, limits, confidence)[0]
