"""Change between class maps in a notebook: arrays in; a table, rasters and polygons out.

The same rules, counts and patches as ``bluecarbon mrv change`` writes (a test compares them), of
maps in memory, in NetCDF or Zarr, or in files. Rasters of the answer are held in memory.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bluecarbon.mrv.arrays import to_dataarray
from bluecarbon.mrv.blocks import Block, Runner, Threads, tile_blocks
from bluecarbon.mrv.change_areas import Kind, Period, change_areas, noise_findings, removed_findings
from bluecarbon.mrv.change_files import (
    BLOCK_PX,
    ChangeRules,
    changed_block,
    class_lookup,
    cleaned_block,
    number_type,
)
from bluecarbon.mrv.change_map import CHANGE_LEGEND
from bluecarbon.mrv.change_patches import joined, patches_of
from bluecarbon.mrv.exports import TILE_PX
from bluecarbon.mrv.map_arguments import class_number, legend_of_maps
from bluecarbon.mrv.map_sources import FileStrata, map_files
from bluecarbon.mrv.map_stack import Alignment, MapStack, open_stack
from bluecarbon.mrv.minimum_mapping_unit import MappingUnit
from bluecarbon.mrv.transitions import DatedMap, Transitions, transition_areas
from bluecarbon.spec import Finding, errors_in

if TYPE_CHECKING:
    from bluecarbon.mrv.map_sources import ClassMaps, Strata

FLIPS_BACK = "change-flips-back"

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class ChangeQuestion:
    """Which class is followed, and which changes are not believed.

    Attributes
    ----------
    followed : a class by name or number
    legend : number -> class; by default as the maps say (``flag_values``, tags)
    three_dates : apply the three-date filter (:mod:`.persistence`)
    mapping_unit : revert small changes (:mod:`.minimum_mapping_unit`), after the filter
    map_error : the part of the class that is mapped wrong in each map, where it is known
    """

    followed: str = "mangrove"
    legend: Mapping[int, str] | None = None
    three_dates: bool = False
    mapping_unit: MappingUnit | None = None
    map_error: float | None = None


@dataclass(frozen=True)
class Change:
    """What happened to one class between dated maps.

    Attributes
    ----------
    table : gain, loss, net, stable and unknown hectares by stratum and period
        (:func:`.change_areas.change_areas`)
    transitions : hectares of every sequence of classes; all hectares here are sums of it
    maps : ``classes`` (year, y, x) after the rules, and ``change`` (period, y, x), periods as
        "2015-2019", codes of :data:`.change_map.CHANGE_LEGEND`
    patches : polygons of loss and gain of successive periods, WGS 84, with their hectares
    """

    table: pd.DataFrame
    transitions: Transitions
    maps: xr.Dataset
    patches: gpd.GeoDataFrame


def change_of(
    maps: Sequence[DatedMap] | ClassMaps,
    asked: ChangeQuestion | None = None,
    *,
    strata: Strata = None,
    alignment: Alignment = "refuse",
    runner: Runner | None = None,
) -> tuple[Change | None, Findings]:
    """Gain and loss of one class between class maps of two or more dates.

    Parameters
    ----------
    maps : :data:`bluecarbon.mrv.map_sources.ClassMaps`, or dated files
    strata : polygons by name or a layer of them (patches are cut by them), or stratum numbers

    Returns
    -------
    The change, or None and what is wrong; see :func:`.transitions.transition_areas`.
    """
    question = asked or ChangeQuestion()
    chosen = runner or Threads()
    with ExitStack() as until_end:
        given = until_end.enter_context(map_files(maps, strata))
        found = given.findings
        rules, problems = _rules(given.maps, question)
        found += (*problems, *_at_least_two(given.maps))
        if errors_in(found):
            return None, found
        work = _Work(rules, given.strata, chosen, until_end)
        counted, problems = work.counted(given.maps, question, alignment)
        found += problems
        if counted is None:
            return None, found
        change, problems = work.drawn(counted)
        return change, (*found, *problems, *_noise(counted.table, rules, question))


def _rules(maps: Sequence[DatedMap], question: ChangeQuestion) -> tuple[ChangeRules, Findings]:
    legend, found = legend_of_maps(maps, question.legend)
    number, problems = class_number(legend, question.followed)
    rules = ChangeRules(
        number, legend.names, legend.unknown, question.three_dates, question.mapping_unit
    )
    return rules, (*found, *(problems if maps else ()))


def _at_least_two(maps: Sequence[DatedMap]) -> Findings:
    if len(maps) != 1:
        return ()
    message, fix = "change needs maps of two dates or more", "give a map of another year"
    return (Finding.error("class-map-missing", maps[0].subject, message, fix=fix),)


def _noise(table: Transitions, rules: ChangeRules, question: ChangeQuestion) -> Findings:
    noise = noise_findings(
        table, rules.number, error_share=question.map_error or 0.0, unknown=rules.unknown
    )
    if question.map_error is None:
        # Without a known error only what changes back can be told from change.
        noise = tuple(finding for finding in noise if finding.code == FLIPS_BACK)
    return noise


@dataclass(frozen=True)
class _Counted:
    maps: tuple[DatedMap, ...]
    stack: MapStack
    table: Transitions
    classes: xr.DataArray


@dataclass(frozen=True)
class _Work:
    """One question: its rules, who computes, and what holds files until it is answered."""

    rules: ChangeRules
    strata: FileStrata
    runner: Runner
    until_end: ExitStack

    def counted(
        self, maps: tuple[DatedMap, ...], question: ChangeQuestion, alignment: Alignment
    ) -> tuple[_Counted | None, Findings]:
        """The maps after the rules, and the hectares of their sequences of classes."""
        legend, _ = legend_of_maps(maps, question.legend)
        declared = legend.declared
        raw, found = self._table(maps, declared, alignment)
        stack = None if raw is None else self._stack(maps, alignment)
        if raw is None or stack is None:
            return None, found
        rules, dtype = self.rules, number_type(stack)
        years = [item.year for item in maps]
        places = self._assembled(stack, partial(cleaned_block, stack, rules), len(maps))
        if isinstance(places, Finding):
            return None, (*found, places)
        classes = _classes(stack.number_of(places).astype(dtype), stack, years, rules)
        if not rules.clean:
            return _Counted(maps, stack, raw, classes), found
        # Each map keeps its own number for "no data", as a file of its own would.
        dated = {
            year: _with_fill(classes.sel(year=year), fill)
            for year, fill in zip(years, stack.nodata, strict=True)
        }
        cleaned = self.until_end.enter_context(map_files(dated)).maps
        table, again = self._table(cleaned, declared, "refuse")
        stack = self._stack(cleaned, "refuse")
        if table is None or stack is None:
            return None, (*found, *again)
        if rules.three_dates:
            found += removed_findings(raw, table, rules.number, unknown=rules.unknown)
        return _Counted(cleaned, stack, table, classes), found

    def drawn(self, counted: _Counted) -> tuple[Change | None, Findings]:
        """The maps of change and their patches."""
        years, rules = counted.table.years, self.rules
        pairs = list(itertools.pairwise(range(len(years))))
        pairs += [(0, len(years) - 1)] if len(years) > 2 else []
        stack = counted.stack
        work = partial(changed_block, stack, class_lookup(stack, rules), tuple(pairs))
        codes = self._assembled(stack, work, len(pairs))
        if isinstance(codes, Finding):
            return None, (codes,)
        names = [f"{years[i]}-{years[j]}" for i, j in pairs]
        maps = xr.Dataset(
            {"classes": counted.classes, "change": _change_array(codes, stack, names, rules)}
        )
        cut = self.strata if isinstance(self.strata, Mapping) else None
        parts = [
            patches_of(layer, stack.grid, kind=kind, period=Period(*period), strata=cut)
            for kind in get_args(Kind)
            for layer, period in zip(codes, itertools.pairwise(years), strict=False)
        ]
        table = change_areas(counted.table, rules.number, unknown=rules.unknown)
        return Change(table, counted.table, maps, joined(parts)), ()

    def _table(
        self, maps: Sequence[DatedMap], legend: Mapping[int, str] | None, alignment: Alignment
    ) -> tuple[Transitions | None, Findings]:
        return transition_areas(
            maps, strata=self.strata, legend=legend, alignment=alignment, runner=self.runner
        )

    def _stack(self, maps: Sequence[DatedMap], alignment: Alignment) -> MapStack | None:
        # What can be wrong with the files was told when they were counted.
        stack, _ = open_stack(
            [item.path for item in maps],
            [item.subject for item in maps],
            runner=self.runner,
            alignment=alignment,
            bands=[item.band or 1 for item in maps] if any(item.band for item in maps) else [],
        )
        return stack

    def _assembled(
        self,
        stack: MapStack,
        work: Callable[[Block], NDArray[np.uint8] | Finding],
        layers: int,
    ) -> NDArray[np.uint8] | Finding:
        """What ``work`` gives for every block, as one array (layers, rows, columns)."""
        grid = stack.grid
        tiles = {"tile_rows": TILE_PX, "tile_columns": TILE_PX}
        blocks = tile_blocks(grid.height, grid.width, **tiles, pixels_most=BLOCK_PX)
        values = np.empty((layers, grid.height, grid.width), np.uint8)
        for block, answer in zip(blocks, self.runner.results(work, blocks), strict=True):
            if isinstance(answer, Finding):
                return answer
            values[:, *block.slices] = answer
        return values


def _classes(
    values: NDArray[Any], stack: MapStack, years: Sequence[int], rules: ChangeRules
) -> xr.DataArray:
    about = {"long_name": "class of ground cover"}
    array = to_dataarray(values, stack.grid, "classes", legend=rules.names, attributes=about)
    array = array.rename(band="year").assign_coords(year=list(years))
    fills = set(stack.nodata)
    return _with_fill(array, fills.pop() if len(fills) == 1 else None)


def _with_fill(array: xr.DataArray, fill: int | None) -> xr.DataArray:
    return array if fill is None else array.assign_attrs(_FillValue=array.dtype.type(fill))


def _change_array(
    codes: NDArray[np.uint8], stack: MapStack, periods: Sequence[str], rules: ChangeRules
) -> xr.DataArray:
    name = rules.names.get(rules.number, "mangrove")
    legend = {code: what.replace("mangrove", name) for code, what in CHANGE_LEGEND.items()}
    about = {"long_name": f"change of {name}"}
    array = to_dataarray(codes, stack.grid, "change", legend=legend, attributes=about)
    return array.rename(band="period").assign_coords(period=list(periods))
