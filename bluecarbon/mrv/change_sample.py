"""Gain and loss of mangrove from a reference sample that labels the same places in both epochs.

Two samples of different places give the area of each epoch, and with it the net change, but not
how much was gained and how much was lost. A *panel*, the same places labelled twice, does: each of
its points is gain, loss or neither (Olofsson et al. 2014, Remote Sens. Environ. 148:42-57, section
4.1: the change classes are estimated like any class). Within a stratum the panel is post-stratified
by what the two maps say, fixed before any label is seen; a class of change with fewer than two
points is counted with the largest one, which costs precision, never the estimate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from bluecarbon.mrv.accuracy import (
    FROM_INTERVAL,
    MINIMUM_PER_GROUP,
    Counted,
    Estimate,
    reported_error,
    stratified_total,
    total_limits,
)
from bluecarbon.mrv.area import class_areas_ha
from bluecarbon.mrv.class_maps import CODE_MANGROVE, CODE_OF
from bluecarbon.mrv.input_checks import SAME_PLACE_PX
from bluecarbon.mrv.rasters import Grid
from bluecarbon.mrv.reference_sample import MAPPED, WHOLE, DesignStratum
from bluecarbon.spec import Finding

PANEL_SHARE_MIN = 0.95
"""A panel may lose a point in twenty to clouds; where more lack, somebody may have chosen."""

CHANGE_COLUMNS = (
    "stratum", "from_epoch", "to_epoch", "kind", "area_ha", "standard_error_ha", "ci_low_ha",
    "ci_high_ha", "confidence", "sample_size", "estimator", "mapped_ha",
)  # fmt: skip

CHANGE_IS_MAPPED = Finding.info(
    "change-is-mapped",
    "maps",
    "gross gain and loss are counted on the maps and carry no interval: a reference sample "
    "supports them only when the same places are labelled in both epochs",
)

GAIN, LOSS = 2, 3
"""Codes of :data:`bluecarbon.mrv.change_map.CHANGE_LEGEND`."""

KINDS = ("gain", "loss", "net")

Codes = NDArray[np.uint8]


@dataclass(frozen=True)
class Panel:
    """The panel of one stratum and pair of epochs: change by the labels, post-stratum, areas.

    ``change`` is 1 for gain, -1 for loss, 0 for neither, shape (points,).
    """

    stratum: str
    change: NDArray[np.int64]
    group: NDArray[np.int64]
    area_ha: Mapping[int, float]
    total_ha: float

    def estimate(self, kind: str) -> Estimate:
        """Hectares of gain or loss, or net gain (gain - loss), with standard error."""
        return stratified_total(self.indicator(kind), self.group, self.area_ha)

    def indicator(self, kind: str) -> NDArray[np.int64]:
        """1 for points of this kind of change; for "net" 1, 0 and -1."""
        if kind == "net":
            return self.change
        return np.asarray(self.change == (1 if kind == "gain" else -1), dtype=np.int64)

    def counted(self, kind: str) -> list[Counted]:
        """Area, points and points of this kind of change of every post-stratum."""
        wanted = self.indicator(kind)
        return [
            Counted(area, int(inside.sum()), int(wanted[inside].sum()))
            for group, area in self.area_ha.items()
            for inside in [self.group == group]
        ]


def panel_of(
    stratum: DesignStratum,
    start: pd.DataFrame,
    end: pd.DataFrame,
    *,
    changed: Codes,
    grid: Grid,
) -> Panel | None:
    """The panel of a stratum; None where the sample is not repeated at the same points.

    ``start`` and ``end`` are the located points (:func:`bluecarbon.mrv.reference_sample.locate`)
    of the two epochs; ``changed`` the change on the maps, on the ``grid``, in the codes of
    :data:`bluecarbon.mrv.change_map.CHANGE_LEGEND`. Of the points of either epoch at least 95 %
    must have their twin in the other.
    """
    before, after = (part[part["stratum"] == stratum.id] for part in (start, end))
    pairs = _twins(before, after, grid)
    if len(pairs) < max(MINIMUM_PER_GROUP, PANEL_SHARE_MIN * max(len(before), len(after))):
        return None
    first, second = before.iloc[pairs[:, 0]], after.iloc[pairs[:, 1]]
    was, is_ = (
        np.array([CODE_OF[label] == CODE_MANGROVE for label in part["label"]], dtype=np.int64)
        for part in (first, second)
    )
    rows, columns = (first[name].to_numpy(dtype=np.int64) for name in ("pixel_row", "pixel_column"))
    mapped = class_areas_ha(changed, stratum.weights)
    group, area = _post_strata(changed[rows, columns].astype(np.int64), mapped)
    return Panel(stratum.id, is_ - was, group, area, stratum.weights.total_ha)


def _twins(before: pd.DataFrame, after: pd.DataFrame, grid: Grid) -> NDArray[np.int64]:
    """Positions (first, second) of points of two epochs that are one place, shape (pairs, 2)."""
    if before.empty or after.empty:
        return np.zeros((0, 2), dtype=np.int64)
    places = [
        np.column_stack(grid.pixels_of(part["lon"].to_numpy(), part["lat"].to_numpy()))
        for part in (before, after)
    ]
    distance_px, nearest = cKDTree(places[1]).query(places[0])
    first = np.flatnonzero(distance_px < SAME_PLACE_PX)
    return np.column_stack([first, nearest[first]])


def _post_strata(
    codes: NDArray[np.int64], mapped_ha: Mapping[int, float]
) -> tuple[NDArray[np.int64], dict[int, float]]:
    """Change on the map of each point, and the areas; small classes join the largest."""
    counts = {code: int((codes == code).sum()) for code in mapped_ha}
    largest = max(mapped_ha, key=lambda code: (mapped_ha[code], -code))
    kept = {code for code, count in counts.items() if count >= MINIMUM_PER_GROUP} | {largest}
    group = np.where(np.isin(codes, list(kept)), codes, largest)
    area = {code: mapped_ha[code] for code in sorted(kept)}
    area[largest] += sum(ha for code, ha in mapped_ha.items() if code not in kept)
    if (group == largest).sum() < MINIMUM_PER_GROUP:
        return np.zeros(len(codes), dtype=np.int64), {0: sum(mapped_ha.values())}
    return group, area


def change_estimates(
    mapped: pd.DataFrame,
    panels: Mapping[tuple[int, int], Mapping[str, Panel]],
    strata: Sequence[str],
    confidence: float,
) -> pd.DataFrame:
    """Gain, loss and net of every stratum and of the whole (stratum ""), with intervals.

    ``mapped`` has the mapped hectares (stratum, from_epoch, to_epoch, kind, area_ha); ``panels``
    by pair of epochs and stratum. Where a stratum has no panel its row is the mapped one without
    an interval, and so is the row of the whole.
    """
    rows = []
    for row in mapped.to_dict("records"):
        of_pair = panels.get((row["from_epoch"], row["to_epoch"]), {})
        wanted = strata if row["stratum"] == WHOLE else [row["stratum"]]
        chosen = [of_pair[name] for name in wanted if name in of_pair]
        rows.append(_mapped(row))
        if chosen and len(chosen) == len(wanted):
            rows[-1] |= _estimated(chosen, row["kind"], confidence)
    return pd.DataFrame(rows, columns=CHANGE_COLUMNS)


def _mapped(row: Mapping[Any, Any]) -> dict[Any, Any]:
    limits = dict.fromkeys(("standard_error_ha", "ci_low_ha", "ci_high_ha", "confidence"), math.nan)
    return {
        **row, **limits, "sample_size": 0, "estimator": MAPPED, "mapped_ha": row["area_ha"],
    }  # fmt: skip


def _estimated(panels: Sequence[Panel], kind: str, confidence: float) -> dict[str, Any]:
    parts = [panel.estimate(kind) for panel in panels]
    low, high = (
        _net_limits(panels, confidence) if kind == "net" else _limits(panels, kind, confidence)
    )
    by_equation = math.sqrt(sum(part.standard_error**2 for part in parts))
    error, from_interval = reported_error(by_equation, (low, high), confidence)
    estimator = "panel, post-stratified by change on the map"
    return {
        "area_ha": sum(part.value for part in parts),
        "standard_error_ha": error,
        "ci_low_ha": low,
        "ci_high_ha": high,
        "confidence": confidence,
        "sample_size": sum(len(panel.change) for panel in panels),
        "estimator": f"{estimator}; {FROM_INTERVAL}" if from_interval else estimator,
    }


def _limits(panels: Sequence[Panel], kind: str, confidence: float) -> tuple[float, float]:
    """Score interval of gain or loss, held within what an area can be."""
    groups = [group for panel in panels for group in panel.counted(kind)]
    low, high = total_limits(groups, confidence)
    return max(0.0, low), min(sum(panel.total_ha for panel in panels), high)


def _net_limits(panels: Sequence[Panel], confidence: float) -> tuple[float, float]:
    """Interval of gain minus loss from those of the two (MOVER, Zou and Donner 2008).

    Gain and loss of one stratum exclude each other, so that their estimates are correlated, never
    positively; the correlation is that of the sample.
    """
    gain, loss = (sum(panel.estimate(kind).value for panel in panels) for kind in ("gain", "loss"))
    (gain_low, gain_high), (loss_low, loss_high) = (
        _limits(panels, kind, confidence) for kind in ("gain", "loss")
    )
    shared = 2 * _correlation(panels)
    below, above = gain - gain_low, loss_high - loss
    down = math.sqrt(below**2 + above**2 - shared * below * above)
    below, above = gain_high - gain, loss - loss_low
    return gain - loss - down, gain - loss + math.sqrt(below**2 + above**2 - shared * below * above)


def _correlation(panels: Sequence[Panel]) -> float:
    """Correlation of the estimates of gain and loss; 0 where one of them has no variance."""
    variance = {
        kind: sum(panel.estimate(kind).standard_error ** 2 for panel in panels) for kind in KINDS
    }
    product = math.sqrt(variance["gain"] * variance["loss"])
    if product == 0:
        return 0.0
    return (variance["gain"] + variance["loss"] - variance["net"]) / 2 / product


def panel_findings(
    pairs: Sequence[tuple[int, int]],
    panels: Mapping[tuple[int, int], Mapping[str, Panel]],
    strata: Sequence[str],
) -> tuple[Finding, ...]:
    """Whether gain and loss come from a panel, from the maps, or each from some."""
    if not pairs:
        return ()
    wanted = [(pair, name) for pair in pairs for name in strata]
    without = [(pair, name) for pair, name in wanted if name not in panels.get(pair, {})]
    if len(without) == len(wanted):
        return (CHANGE_IS_MAPPED,)
    certain = _certain_findings(panels)
    if not without:
        message = "gain and loss are estimated from points that are labelled in both epochs"
        return (Finding.info("change-from-panel", "[reference]", message), *certain)
    named = ", ".join(f"{name} {start}-{end}" for (start, end), name in without)
    message = (
        f"gain and loss of {named} are counted on the maps, without an interval: the same places "
        "are not labelled in both epochs"
    )
    fix = "label the points of one epoch in the other too"
    return (Finding.info("change-partly-mapped", "[reference]", message, fix=fix), *certain)


def _certain_findings(
    panels: Mapping[tuple[int, int], Mapping[str, Panel]],
) -> tuple[Finding, ...]:
    """Gains and losses of which no point disagrees with its post-stratum."""
    certain = [
        f"{kind} of {name} {start}-{end} ({len(panel.change)} points)"
        for (start, end), of_pair in sorted(panels.items())
        for name, panel in of_pair.items()
        for kind in ("gain", "loss")
        if panel.estimate(kind).standard_error == 0
    ]
    if not certain:
        return ()
    message = (
        "no label disagrees within a post-stratum, so the standard error by equation is 0; the one "
        f"given is half of the score interval over its quantile: {', '.join(certain)}"
    )
    return (Finding.info("change-no-disagreement", "[reference]", message),)
