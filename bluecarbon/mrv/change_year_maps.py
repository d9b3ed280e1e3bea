"""When a class was first and last gained or lost: two maps of years, and hectares by year.

A change is dated by the first map that shows it; it happened between that map and the last one
before it that knew the ground (:func:`.persistence.change_dates`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bluecarbon.mrv.blocks import Block, Runner
from bluecarbon.mrv.change_files import ChangeRules, Layer, class_lookup, write_layers
from bluecarbon.mrv.class_maps import CODE_OUTSIDE, CODE_UNOBSERVED
from bluecarbon.mrv.map_stack import MapStack
from bluecarbon.mrv.persistence import NEVER, change_dates
from bluecarbon.mrv.transitions import DatedMap, Transitions, read_block
from bluecarbon.spec import Finding

NO_CHANGE, NOT_SEEN_TWICE = 0, 65_535
"""Numbers of the maps that are no years: nothing changed; fewer than two maps know the ground."""

FILES = {"first": "first_change.tif", "last": "last_change.tif"}

_DARK = frozenset({CODE_OUTSIDE, CODE_UNOBSERVED})
_NOTHING, _DATE_0 = 0, 2
"""Places in a block before they become years: 0 no change, 1 not seen twice, 2 the first date."""

Codes = NDArray[np.uint8]


def write_change_years(
    maps: Sequence[DatedMap],
    stack: MapStack,
    rules: ChangeRules,
    folder: Path,
    *,
    runner: Runner,
) -> tuple[Finding, ...]:
    """Write ``first_change.tif`` and ``last_change.tif``: years of gain or loss of the class.

    A pixel holds the year of the first map that shows the change (uint16), :data:`NO_CHANGE`, or
    :data:`NOT_SEEN_TWICE`, the nodata. Returns the finding of a damaged file.
    """
    name = rules.names.get(rules.number, f"class {rules.number}")
    what = f"change of {name} (year of the map that shows it; 0 none)"
    layers = [
        Layer(folder / file, f"{which} {what}", NOT_SEEN_TWICE, {}, {})
        for which, file in FILES.items()
    ]
    years = np.array([NO_CHANGE, NOT_SEEN_TWICE, *(item.year for item in maps)], np.uint16)

    def numbers(places: Codes) -> NDArray[Any]:
        return years[places]

    work = partial(dated_block, stack, class_lookup(stack, rules))
    return write_layers(stack, layers, work, numbers, runner=runner)


def dated_block(stack: MapStack, lookup: Codes, block: Block) -> Codes | Finding:
    """(2, rows, columns): the date of the first and of the last change, as places of years."""
    maps = read_block(stack, block)
    if isinstance(maps, Finding):
        return maps
    pairs = zip(lookup, maps[..., : block.columns], strict=True)
    codes = np.stack([table[layer] for table, layer in pairs])
    dates = change_dates(codes, unknown=_DARK)
    once = (~np.isin(codes, list(_DARK))).sum(axis=0) < 2
    found = np.stack([dates.first_by, dates.last_by])
    smallest = np.min_scalar_type(len(stack.paths) + _DATE_0)
    places = np.where(found == NEVER, _NOTHING, found + _DATE_0).astype(smallest)
    places[:, once] = 1
    return places


def changes_by_year(
    table: Transitions, code: int, *, unknown: frozenset[int] = frozenset()
) -> pd.DataFrame:
    """Hectares by stratum and year of change: the sums of the two maps, strata cut exactly.

    Returns
    -------
    Columns stratum, year (the first map that shows the change), first_change_ha, last_change_ha,
    once_ha (what changed then and never else); a row for each stratum and year after the first.
    """
    seen = ~np.isin(table.codes, list(unknown))
    states = np.where(seen, np.where(table.codes == code, 1, 2), 0).T[:, :, None]
    dates = change_dates(states.astype(np.uint8), unknown=frozenset({0}))
    first, last = dates.first_by[:, 0], dates.last_by[:, 0]
    rows = []
    for stratum, name in enumerate(table.strata):
        area_ha = np.where(table.stratum == stratum, table.area_ha, 0.0)
        for place, year in enumerate(table.years[1:], start=1):
            masks = (first == place, last == place, (first == place) & (last == place))
            rows.append((name, year, *(float(area_ha[mask].sum()) for mask in masks)))
    columns = ["stratum", "year", "first_change_ha", "last_change_ha", "once_ha"]
    return pd.DataFrame(rows, columns=columns)
