"""Alerts of loss from maps of many dates: where a class went, since when, and how sure that is.

The first map says where the class is watched; every later map is an observation of it. Two rules:
the scores of the Global Mangrove Watch alerts, for maps of single scenes some weeks apart, and the
three-date filter, for maps of years (:mod:`bluecarbon.mrv.persistence`).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from bluecarbon.errors import DataError
from bluecarbon.mrv.area import pixel_area_ha
from bluecarbon.mrv.block_files import CodeFile, ValueFile, written
from bluecarbon.mrv.blocks import Block, Runner, tile_blocks
from bluecarbon.mrv.change_files import BLOCK_PX, ChangeRules, class_lookup
from bluecarbon.mrv.class_maps import CODE_MANGROVE, CODE_OUTSIDE, CODE_UNOBSERVED
from bluecarbon.mrv.colours import ALERT_COLOURS, colour_table
from bluecarbon.mrv.exports import TILE_PX
from bluecarbon.mrv.map_stack import MapStack
from bluecarbon.mrv.persistence import (
    NEVER,
    NO_OBSERVATION,
    AlertRule,
    change_dates,
    scored_alerts,
    three_date_filter,
)
from bluecarbon.mrv.rasters import unreadable
from bluecarbon.spec import Finding

ALERT_LEGEND = {0: "outside", 1: "watched", 2: "suspected", 3: "alert"}
"""Code -> state: the class was never there; no sign of loss; signs, not enough; loss."""

OUTSIDE, WATCHED, SUSPECTED, ALERT = range(4)
DATE_BANDS = ("first sign", "alert")

Codes = NDArray[np.uint8]
Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class AlertTask:
    """What is watched, on which dates, by which rule; small and picklable.

    ``scored`` None takes the three-date filter. ``dates`` are those of the maps of the stack.
    """

    stack: MapStack
    rules: ChangeRules
    dates: tuple[dt.date, ...]
    scored: AlertRule | None = None

    @property
    def sentence(self) -> str:
        """The rule in words."""
        name = self.rules.names.get(self.rules.number, str(self.rules.number))
        watched = f"where the map of {self.dates[0]} has {name}"
        if self.scored is None:
            return (
                f"{watched}, it is lost from the first map without it, after a map that differs "
                "for one date only was replaced by its neighbours; a loss that only the last map "
                "shows is suspected"
            )
        return (
            f"{watched}, every map without it scores +1 and every map with it -1, from 0 to "
            f"{self.scored.cap}; the alert is reached at {self.scored.alert_at} and stays"
        )


@dataclass(frozen=True)
class States:
    """The state of pixels (rows, columns), and as places of dates when it began and was sure."""

    state: Codes
    began: NDArray[np.int16]
    alerted: NDArray[np.int16]


def states_of(codes: Codes, rule: AlertRule | None) -> States:
    """The states of maps (dates, rows, columns) of codes 1 (the class), 255 and 0 (unknown), else.

    A date that nobody observed is no evidence. Where the first map does not have the class,
    nothing is watched.
    """
    watched = codes[0] == CODE_MANGROVE
    unknown = (codes == CODE_UNOBSERVED) | (codes == CODE_OUTSIDE)
    lost = np.where(unknown, NO_OBSERVATION, codes != CODE_MANGROVE).astype(np.uint8)
    made = _scored(lost, rule) if rule is not None else _filtered(lost)
    state = np.where(watched, made.state, OUTSIDE).astype(np.uint8)
    nowhere = state < SUSPECTED
    return States(
        state, np.where(nowhere, NEVER, made.began), np.where(state < ALERT, NEVER, made.alerted)
    )


def _scored(lost: Codes, rule: AlertRule) -> States:
    alerts = scored_alerts(lost, rule)
    suspected = (alerts.score > 0) & ~alerts.alert
    state = np.where(alerts.alert, ALERT, np.where(suspected, SUSPECTED, WATCHED))
    began = np.where(suspected, alerts.since, alerts.began)
    return States(state.astype(np.uint8), began.astype(np.int16), alerts.alerted)


def _filtered(lost: Codes) -> States:
    unknown = frozenset({NO_OBSERVATION})
    kept = three_date_filter(lost, unknown=unknown)
    dates = change_dates(kept, unknown=unknown)
    last = np.zeros(lost.shape[1:], np.uint8)
    for layer in kept:
        last = np.where(layer == NO_OBSERVATION, last, layer).astype(np.uint8)
    gone = (last == 1) & (dates.last_by != NEVER)
    agreed = np.full(lost.shape[1:], NEVER, np.int16)
    for place, layer in enumerate(kept):
        agreed[(layer != NO_OBSERVATION) & (place > dates.last_by) & (agreed == NEVER)] = place
    # What only the last map shows has no map after it that could agree.
    sure = gone & (agreed != NEVER)
    state = np.where(sure, ALERT, np.where(gone, SUSPECTED, WATCHED)).astype(np.uint8)
    return States(state, dates.last_by, agreed)


def write_alerts(
    task: AlertTask, folder: Path, *, runner: Runner
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write ``alerts.tif`` (codes of ALERT_LEGEND) and ``alert_dates.tif`` (YYYYMMDD, 0 for none).

    Returns
    -------
    Hectares by state (state, pixels, area_ha), and of suspected and alerted loss by date (state,
    first_sign, alert, pixels, area_ha).

    Raises
    ------
    DataError
        A map is damaged.
    """
    colours = colour_table(ALERT_LEGEND, ALERT_COLOURS)
    what = "dates of loss as YYYYMMDD"
    files = (
        CodeFile(folder / "alerts.tif", ALERT_LEGEND, "state of the watched class", colours),
        ValueFile(folder / "alert_dates.tif", DATE_BANDS, "1", what, "int32", 0),
    )
    grid = task.stack.grid
    most = BLOCK_PX // max(1, len(task.dates) // 4)
    tiles = {"tile_rows": TILE_PX, "tile_columns": TILE_PX, "pixels_most": most}
    blocks = tile_blocks(grid.height, grid.width, **tiles)
    numbers = np.array([int(date.strftime("%Y%m%d")) for date in task.dates] + [0], np.int32)
    parts: list[_Counts] = []
    with written(files, grid) as (states, dates):
        results = runner.results(partial(_alerts, task), blocks)
        for block, answer in zip(blocks, results, strict=True):
            if isinstance(answer, Finding):
                raise DataError([answer])
            made, counts = answer
            states.write(made.state, 1, window=block.window)
            # Place -1, never, is the last of the numbers: 0.
            layers = np.stack([numbers[made.began], numbers[made.alerted]])
            dates.write(layers, window=block.window)
            parts.append(counts)
    return _tables(parts, task.dates)


_Counts = dict[tuple[int, int, int], tuple[int, float]]
"""State, place of the first sign, place of the alert -> pixels, hectares."""


def _alerts(task: AlertTask, block: Block) -> tuple[States, _Counts] | Finding:
    try:
        maps = task.stack.read(block)
    except (RasterioError, OSError) as error:
        names = ", ".join(path.name for path in task.stack.paths)
        return unreadable(names, "class-map", error)
    lookup = class_lookup(task.stack, task.rules)
    codes = np.stack([table[layer] for table, layer in zip(lookup, maps, strict=True)])
    made = states_of(codes, task.scored)
    area_ha = pixel_area_ha(task.stack.grid.part(*block.slices)).ravel()
    keys = np.stack([made.state.astype(np.int16), made.began, made.alerted]).reshape(3, -1)
    found, place = np.unique(keys, axis=1, return_inverse=True)
    pixels = np.bincount(place.ravel(), minlength=found.shape[1])
    areas = np.bincount(place.ravel(), weights=area_ha, minlength=found.shape[1])
    counts = {
        (int(state), int(began), int(alerted)): (int(number), float(area))
        for (state, began, alerted), number, area in zip(found.T, pixels, areas, strict=True)
    }
    return made, counts


def _tables(
    parts: Sequence[_Counts], dates: Sequence[dt.date]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    keys = sorted({key for part in parts for key in part})
    total = {
        key: (
            sum(part[key][0] for part in parts if key in part),
            math.fsum(part[key][1] for part in parts if key in part),
        )
        for key in keys
    }
    text = [date.isoformat() for date in dates] + [""]
    by_date = [
        (ALERT_LEGEND[state], text[began], text[alerted], *total[state, began, alerted])
        for state, began, alerted in keys
        if state >= SUSPECTED
    ]
    states = []
    for code, name in ALERT_LEGEND.items():
        own = [value for (state, _, _), value in total.items() if state == code]
        if code != OUTSIDE:
            states.append((name, sum(p for p, _ in own), math.fsum(a for _, a in own)))
    columns = ["state", "first_sign", "alert", "pixels", "area_ha"]
    return (
        pd.DataFrame(states, columns=["state", "pixels", "area_ha"]),
        pd.DataFrame(by_date, columns=columns),
    )
