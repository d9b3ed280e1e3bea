"""Maps of the change of a carbon density between two dates, and the hectares behind it.

Ground that has a density at both dates changes by their difference. Ground that has one at one
date only was won or lost: what it held at the other date is ``unknown``, and in no change, unless
``absent`` is declared to be ``zero``: right for trees on ground that was cleared or is bare, wrong
for the soil under them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from bluecarbon.errors import DataError
from bluecarbon.mrv.area import pixel_area_ha, weights_of
from bluecarbon.mrv.block_files import ValueFile, written
from bluecarbon.mrv.blocks import Block, Runner, Threads, gdal_settings, tile_blocks
from bluecarbon.mrv.class_sizes import grid_of
from bluecarbon.mrv.exports import TILE_PX
from bluecarbon.mrv.rasters import Geometry, Grid, opened, read_grid, unreadable
from bluecarbon.mrv.stock_layers import LayerFile, check_layers, read_layer
from bluecarbon.mrv.stock_maps import BLOCK_PX, UNIT
from bluecarbon.mrv.stock_plan import ALL_STRATA
from bluecarbon.spec import Finding, errors_in
from bluecarbon.units import CO2E_PER_C

Absent = Literal["unknown", "zero"]
Findings = tuple[Finding, ...]
Floats = NDArray[np.float64]

SUMS = ("stable_ha", "gained_ha", "lost_ha", "gain_tc", "loss_tc")
MAPS: Mapping[str, tuple[str, str]] = {
    "change_tc": ("change of carbon per hectare", "tC/ha"),
    "change_tco2e": ("change of carbon per hectare, as CO2", "tCO2e/ha"),
}


@dataclass(frozen=True)
class ChangePlan:
    """Two maps of one density, how ground of one date only counts, and strata as polygons."""

    before: LayerFile
    after: LayerFile
    grid: Grid
    absent: Absent = "unknown"
    strata: Mapping[str, Geometry] | None = None

    @property
    def stratum_names(self) -> tuple[str, ...]:
        """The strata, or the whole map."""
        return tuple(self.strata or ()) or (ALL_STRATA,)


@dataclass(frozen=True)
class _Answer:
    change: NDArray[np.float32]
    sums: Floats


def change_plan(
    before: LayerFile,
    after: LayerFile,
    *,
    absent: Absent = "unknown",
    strata: Mapping[str, Geometry] | None = None,
) -> tuple[ChangePlan | None, Findings]:
    """A plan for two maps on the grid of the first, or what is wrong with them."""
    grid, found = read_grid(before.path, before.subject, what="layer")
    if grid is None:
        return None, found
    found += check_layers({"before": before, "after": after}, grid, before.subject)
    if errors_in(found):
        return None, found
    return ChangePlan(before, after, grid, absent, strata), found


def map_change(
    plan: ChangePlan, folder: Path, *, runner: Runner | None = None
) -> tuple[pd.DataFrame, Findings]:
    """Write ``change_tc.tif`` and ``change_tco2e.tif`` (per hectare); the sums by stratum.

    Returns
    -------
    Columns stratum, stable_ha, gained_ha, lost_ha (ground with a density at both dates, at the
    second only, at the first only), gain_tc, loss_tc, net_tc, net_tco2e. Positive is a gain of
    carbon. Findings: ``stock-change-unknown`` (warning, hectares).

    Raises
    ------
    DataError
        A file ends early.
    OutputError
        The place cannot be written.
    """
    sums = np.zeros((len(plan.stratum_names), len(SUMS)))
    files = [ValueFile(folder / f"{name}.tif", (name,), UNIT, MAPS[name][0]) for name in MAPS]
    tiles = {"tile_rows": TILE_PX, "tile_columns": TILE_PX}
    blocks = tile_blocks(plan.grid.height, plan.grid.width, **tiles, pixels_most=BLOCK_PX)
    answers = (runner or Threads()).results(partial(_changed, plan), blocks)
    with written(files, plan.grid) as targets:
        for target, (words, unit) in zip(targets, MAPS.values(), strict=True):
            target.update_tags(1, carbon_unit=unit, long_name=words)
        for block, answer in zip(blocks, answers, strict=True):
            if isinstance(answer, Finding):
                raise DataError([answer])
            targets[0].write(answer.change, 1, window=block.window)
            co2e = answer.change * np.float32(CO2E_PER_C)
            targets[1].write(co2e, 1, window=block.window)
            sums += answer.sums
    table = pd.DataFrame(sums, columns=list(SUMS))
    table.insert(0, "stratum", plan.stratum_names)
    table["net_tc"] = table["gain_tc"] + table["loss_tc"]
    table["net_tco2e"] = table["net_tc"] * CO2E_PER_C
    return table, _unknown(plan, table)


def _unknown(plan: ChangePlan, table: pd.DataFrame) -> Findings:
    area = float(table["gained_ha"].sum() + table["lost_ha"].sum())
    if plan.absent == "zero" or area == 0:
        return ()
    message = f"{area:,.2f} ha have a density at one date only; they are in no change"
    fix = "where they held nothing at the other date, declare it (absent = zero)"
    return (Finding.warning("stock-change-unknown", plan.after.subject, message, fix=fix),)


def _changed(plan: ChangePlan, block: Block) -> _Answer | Finding:
    part = grid_of(plan.grid, block)
    read = []
    for item in (plan.before, plan.after):
        try:
            with gdal_settings(), opened(item.path) as dataset:
                read.append(read_layer(dataset, item, part))
        except RasterioError as error:
            return unreadable(item.subject, "layer", error)
    before, after = read
    was, is_ = ~np.isnan(before), ~np.isnan(after)
    if plan.absent == "zero":
        before = np.where(is_ & ~was, np.float32(0), before)
        after = np.where(was & ~is_, np.float32(0), after)
    change = after - before
    return _Answer(change, _block_sums(plan, part, change, (was, is_)))


def _block_sums(
    plan: ChangePlan,
    grid: Grid,
    change: NDArray[np.float32],
    known: tuple[NDArray[np.bool_], NDArray[np.bool_]],
) -> Floats:
    was, is_ = known
    moved = np.nan_to_num(change.astype(np.float64))
    layers = (was & is_, is_ & ~was, was & ~is_, np.maximum(moved, 0), np.minimum(moved, 0))
    pixel_ha = pixel_area_ha(grid)
    if not plan.strata:
        return np.array([[float((layer * pixel_ha).sum()) for layer in layers]])
    rows = []
    for geometry in plan.strata.values():
        weights = weights_of(geometry, grid, pixel_ha)
        place = weights.rows, weights.columns
        rows.append([float((layer[place] * weights.area_ha).sum()) for layer in layers])
    return np.array(rows)
