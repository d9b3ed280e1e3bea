"""The ground on which each tree was measured: nested plots, each tree scaled by its own nest.

Saplings are counted in a smaller circle inside the plot. A tree of a nest stands for
(area of the plot) / (area of the nest) trees of the plot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bluecarbon.mrv.field_tables import defect, row_defects
from bluecarbon.project_inventory import Nest
from bluecarbon.spec import Finding

MAIN = "main"
"""What a tree's nest is called that is measured on the whole plot."""

SAPLING = "sapling"
SAPLING_BELOW_CM = 5.0
"""Plots that give an area for saplings and no limit: the limit of SWAMP inventories, whose
published sapling stocks it reproduces."""

NEST_WORDS = {
    "": "", "tree": MAIN, "trees": MAIN, "main": MAIN, "乔木": MAIN, "大树": MAIN,
    "sapling": SAPLING, "saplings": SAPLING, "幼树": SAPLING, "小树": SAPLING,
}  # fmt: skip
"""How the cell ``nest`` may name the whole plot and the nest of saplings, beside its name."""


@dataclass(frozen=True)
class NestedTrees:
    """Of each tree: the name of its nest and the ground of that in its plot [m2].

    ``unknown`` marks trees whose cell names no nest; their ground is NaN, as is that of a tree
    whose plot does not say how large its nest is.
    """

    nest: pd.Series
    area_m2: pd.Series
    unknown: NDArray[np.bool_]
    findings: tuple[Finding, ...]


def nested_trees(
    trees: pd.DataFrame, plots: pd.DataFrame, nests: Sequence[Nest], file: str
) -> NestedTrees:
    """Assign trees to nests.

    Parameters
    ----------
    trees
        ``plot_id``, ``dbh_cm`` (NaN where not measured) and, where there is one, ``nest``.
    plots
        ``plot_id`` (once each), ``area_m2`` and, where there is one, ``sapling_area_m2``.
    nests
        Those that are declared; without any, ``sapling_area_m2`` makes one for trees below 5 cm.
    file
        How findings call the sheet of trees.

    Returns
    -------
    See :class:`NestedTrees`. A tree without diameter and without a named nest is of the whole
    plot.
    """
    by_plot = plots.set_index("plot_id")
    area = trees["plot_id"].map(by_plot["area_m2"]).astype("float64")
    if not nests and "sapling_area_m2" not in plots:
        unknown = np.zeros(len(trees), dtype=bool)
        if "nest" in trees:
            words = trees["nest"].str.casefold().map(NEST_WORDS)
            unknown = np.asarray(~words.isin(["", MAIN]))
        nest = pd.Series(MAIN, index=trees.index, dtype="object")
        return NestedTrees(nest, area.mask(unknown), unknown, ())
    chosen = list(nests) or [Nest(name=SAPLING, dbh_below_cm=SAPLING_BELOW_CM, area_m2=1.0)]
    nest, unknown = _names(trees, chosen)
    for each in chosen:
        mine = nest == each.name
        if nests:
            area = area.mask(mine, each.ground_m2)
        else:
            ground = trees["plot_id"].map(by_plot["sapling_area_m2"]).astype("float64")
            area = area.mask(mine, ground)
    found = [_remark(each, bool(nests), file) for each in chosen]
    found += _contradictions(trees, nest, chosen, file)
    return NestedTrees(nest, area.mask(unknown), unknown, tuple(found))


def _names(trees: pd.DataFrame, nests: Sequence[Nest]) -> tuple[pd.Series, NDArray[np.bool_]]:
    dbh = trees["dbh_cm"].to_numpy(dtype=np.float64)
    nest = np.full(len(trees), MAIN, dtype=object)
    for each in reversed(nests):
        nest[(dbh >= each.dbh_min_cm) & (dbh < each.dbh_end_cm)] = each.name
    unknown = np.zeros(len(trees), dtype=bool)
    if "nest" in trees:
        words = {**NEST_WORDS, **{each.name.casefold(): each.name for each in nests}}
        named = trees["nest"].str.casefold().map(words).fillna("?").to_numpy(dtype=object)
        unknown = ~np.isin(named.astype(str), ["", MAIN, *(each.name for each in nests)])
        nest = np.where((named != "") & ~unknown, named, nest)
    return pd.Series(nest, index=trees.index, dtype="object"), unknown


def _remark(nest: Nest, declared: bool, file: str) -> Finding:
    end = f" and below {nest.dbh_end_cm:g} cm" if np.isfinite(nest.dbh_end_cm) else ""
    ground = f"{nest.ground_m2:.4g} m2" if declared else "the sapling area of their plot"
    message = f"trees from {nest.dbh_min_cm:g} cm{end} are of nest '{nest.name}', on {ground}"
    fix = "" if declared else "another limit: [[inventory.nest]], or --nest"
    return defect("nest-used", file, message, fix, severity="info")


def _contradictions(
    trees: pd.DataFrame, nest: pd.Series, nests: Sequence[Nest], file: str
) -> list[Finding]:
    """Trees that are named into a nest whose limits they are outside of; the name counts."""
    if "nest" not in trees:
        return []
    by_size, _ = _names(trees.drop(columns="nest"), nests)
    known = trees["dbh_cm"].notna() & (trees["nest"] != "") & (nest != by_size)
    rows = trees[known]
    hits = [
        (int(line), f"dbh_cm {dbh:g} is of nest '{size}' and the row says '{said}'")
        for line, dbh, size, said in zip(
            rows["line"], rows["dbh_cm"], by_size[known], nest[known], strict=True
        )
    ]
    return row_defects("nest-other-size", file, hits, "the row is believed", severity="info")
