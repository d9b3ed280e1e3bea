"""Stock maps: carbon density of every pixel by pool, and stocks that are the sum of the pixels.

Three ways lead to above-ground carbon: densities by class and stratum, canopy height by a
published relation, a model of plots (:mod:`bluecarbon.mrv.stock_sources`,
:mod:`bluecarbon.mrv.model_source`). :func:`map_stocks` works on files of any size block by block,
:func:`stock_dataset` on arrays in memory; both give the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from bluecarbon.errors import DataError
from bluecarbon.mrv.arrays import grid_of, to_dataarray, values_north_up
from bluecarbon.mrv.block_files import ValueFile, written
from bluecarbon.mrv.blocks import Block, Runner, Threads, tile_blocks
from bluecarbon.mrv.exports import TILE_PX
from bluecarbon.mrv.stock_blocks import (
    StockSums,
    block_stocks,
    map_names,
    no_sums,
    stocks_of,
)
from bluecarbon.mrv.stock_plan import TOTAL, StockPlan
from bluecarbon.mrv.stock_totals import AreaEstimate, stock_table
from bluecarbon.spec import Finding, errors_in

BLOCK_PX = 2**20
"""Pixels of a block: with a dozen slopes of a model it takes some hundred MB."""

ROUNDING = 1e-9
"""Of two sums over the same hectares."""

UNIT = "t ha-1"
"""As UDUNITS says it; what is weighed, carbon, stands in the name and in ``carbon_unit``."""

WORDS: Mapping[str, str] = {
    "agb": "carbon in above-ground biomass",
    "bgb": "carbon in below-ground biomass",
    "dead": "carbon in dead wood",
    "soil": "carbon in soil",
    TOTAL: "carbon in all mapped pools",
}
STANDARD_NAMES: Mapping[str, str] = {
    "dead": "wood_debris_mass_content_of_carbon",
    "soil": "soil_mass_content_of_carbon",
}
"""Names of the CF standard name table, for pools that have one; both are of mass per area."""

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class StockMaps:
    """What was mapped: the files by name, the sums and their table (``stock_totals.COLUMNS``)."""

    plan: StockPlan
    files: Mapping[str, Path]
    sums: StockSums
    table: pd.DataFrame


def attributes_of(name: str) -> dict[str, str]:
    """CF attributes of a map: long_name, carbon_unit, and a standard_name where one exists.

    The standard error of a quantity is named by a modifier (CF 1.11, section 3.3 and appendix C).
    """
    pool, error = name.removesuffix("_se"), name.endswith("_se")
    words = f"{'standard error of ' if error else ''}{WORDS[pool]} per hectare"
    about = {"long_name": words, "carbon_unit": "tC/ha"}
    if pool in STANDARD_NAMES:
        about["standard_name"] = STANDARD_NAMES[pool] + (" standard_error" if error else "")
    return about


def map_stocks(
    plan: StockPlan,
    folder: Path,
    *,
    areas: Mapping[tuple[str, str], AreaEstimate] | None = None,
    runner: Runner | None = None,
    suffix: str = "",
) -> tuple[StockMaps | None, Findings]:
    """Write ``<pool><suffix>.tif`` of every pool, of the total and of their standard errors.

    Cloud-optimised GeoTIFFs of float32, tC/ha, NaN where nothing counts or is known; the same
    bytes on any runner. Findings: ``stocks-nothing-counted`` (error), ``stocks-unknown``,
    ``stocks-outside-range`` (warnings, in hectares), and those of a damaged file.

    Raises
    ------
    OutputError
        The place cannot be written.
    """
    names = map_names(plan)
    files = {name: folder / f"{name}{suffix}.tif" for name in names}
    described = [
        ValueFile(path, (name,), UNIT, attributes_of(name)["long_name"])
        for name, path in files.items()
    ]
    sums = no_sums(plan)
    blocks = blocks_of_plan(plan)
    answers = (runner or Threads()).results(partial(block_stocks, plan), blocks)
    with written(described, plan.grid) as targets:
        for target, name in zip(targets, names, strict=True):
            target.update_tags(1, **attributes_of(name))
        for block, answer in zip(blocks, answers, strict=True):
            if isinstance(answer, Finding):
                raise DataError([answer])
            for target, values in zip(targets, answer.maps, strict=True):
                target.write(values, 1, window=block.window)
            sums = sums.plus(answer.sums)
    found = remarks(plan, sums)
    if errors_in(found):
        return None, found
    return StockMaps(plan, files, sums, stock_table(plan, sums, areas)), found


def blocks_of_plan(plan: StockPlan) -> tuple[Block, ...]:
    """Rectangles of whole tiles of the maps, some million pixels each."""
    height, width = plan.grid.height, plan.grid.width
    return tile_blocks(height, width, tile_rows=TILE_PX, tile_columns=TILE_PX, pixels_most=BLOCK_PX)


def remarks(plan: StockPlan, sums: StockSums) -> Findings:
    """What a reader must know of a map: ground without a density, and outside a range."""
    found = []
    counted = float(sums.area_ha.sum())
    if counted == 0:
        message, fix = "no pixel counts", "check the classes, the strata and that the files overlap"
        return (Finding.error("stocks-nothing-counted", "stock maps", message, fix=fix),)
    unknown: dict[str, list[str]] = {}
    for place, pool in enumerate(plan.pools):
        area = counted - float(sums.known_ha[place].sum())
        if area > ROUNDING * counted:
            unknown.setdefault(f"{area:,.2f} of {counted:,.2f} ha", []).append(pool)
    for area_words, pools in unknown.items():
        message = f"{area_words} have no density of {', '.join(pools)}"
        fix = "they are in no stock of these pools, and in no total"
        found.append(Finding.warning("stocks-unknown", "stock maps", message, fix=fix))
    for layer, area in sums.outside_ha.items():
        if area > 0:
            message = f"{area:,.2f} of {counted:,.2f} ha lie outside the range of '{layer}'"
            if layer == "below zero":
                message = f"the model gives less than 0 on {area:,.2f} ha; 0 was taken"
            found.append(Finding.warning("stocks-outside-range", "stock maps", message))
    return tuple(found)


def stock_dataset(
    plan: StockPlan,
    layers: Mapping[str, xr.DataArray],
    *,
    class_map: xr.DataArray | None = None,
    areas: Mapping[tuple[str, str], AreaEstimate] | None = None,
) -> tuple[xr.Dataset, pd.DataFrame, Findings]:
    """The same for arrays in memory: a Dataset with a variable for each map, and the table.

    ``layers`` by the names that the plan's sources use, (y, x) on one grid; ``class_map`` whole
    numbers on it. The plan's own files are not read, and its grid is that of the arrays.

    Raises
    ------
    DataError
        Arrays on different grids, or without a coordinate system.
    """
    arrays = [*([] if class_map is None else [class_map]), *layers.values()]
    grids = [grid_of(array) for array in arrays] or [plan.grid]
    for array, grid in zip(arrays, grids, strict=False):
        if grid != grids[0]:
            message, fix = "lies on another grid than the first array", "bring it there first"
            raise DataError([Finding.error("array-grid", str(array.name), message, fix=fix)])
    values = {name: values_north_up(a).astype(np.float32) for name, a in layers.items()}
    codes = None if class_map is None else values_north_up(class_map)
    made = stocks_of(plan, grids[0], codes, values)
    variables = {
        name: to_dataarray(values_, grids[0], name, unit=UNIT, attributes=attributes_of(name))
        for name, values_ in zip(map_names(plan), made.maps, strict=True)
    }
    table = stock_table(plan, made.sums, areas)
    return xr.Dataset(variables), table, remarks(plan, made.sums)
