"""Change on disk: maps cleaned by rules, and maps of change.

Pixels are worked on block by block. A rule that looks at neighbours gets as many pixels around a
block as it can look at, so that the seams between blocks cannot be seen in the result.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from bluecarbon.mrv.blocks import Block, Runner, gdal_settings, tile_blocks
from bluecarbon.mrv.change_map import CHANGE_LEGEND, change_codes
from bluecarbon.mrv.class_maps import CODE_MANGROVE, CODE_OF, CODE_OUTSIDE, CODE_UNOBSERVED
from bluecarbon.mrv.colours import CHANGE_COLOURS, CLASS_COLOURS, colour_table
from bluecarbon.mrv.exports import TILE_PX, as_cog
from bluecarbon.mrv.map_stack import MapStack
from bluecarbon.mrv.map_tags import class_tags, write_category_names
from bluecarbon.mrv.minimum_mapping_unit import MappingUnit, without_small_changes
from bluecarbon.mrv.persistence import three_date_filter
from bluecarbon.mrv.rasters import Grid, unreadable
from bluecarbon.mrv.transitions import DatedMap
from bluecarbon.spec import Finding

Codes = NDArray[np.uint8]
Findings = tuple[Finding, ...]


BLOCK_PX = 2_600_000
"""Pixels of a block (whole tiles of the output), so that the width of a map costs no memory."""


@dataclass(frozen=True)
class ChangeRules:
    """Which class is followed, what says nothing about the ground, and what is not believed.

    Attributes
    ----------
    number : class number in the files
    names : class number -> name, of those that are named
    unknown : numbers that say nothing (no data, unobserved)
    three_dates : apply the three-date filter (:func:`.persistence.three_date_filter`)
    mapping_unit : revert small changes between successive maps, after the filter
    """

    number: int
    names: Mapping[int, str]
    unknown: frozenset[int] = frozenset()
    three_dates: bool = False
    mapping_unit: MappingUnit | None = None

    @property
    def clean(self) -> bool:
        """Whether anything changes the maps at all."""
        return self.three_dates or self.mapping_unit is not None

    @property
    def sentences(self) -> tuple[str, ...]:
        """The rules in words, in the order in which they are applied."""
        filtered = (
            "a class that lasts for one date only, between two dates that agree, was replaced by "
            "theirs (three-date filter)"
        )
        unit = self.mapping_unit
        return (*([filtered] if self.three_dates else ()), *([unit.sentence] if unit else ()))


def write_cleaned_maps(
    maps: Sequence[DatedMap],
    stack: MapStack,
    rules: ChangeRules,
    folder: Path,
    *,
    runner: Runner,
) -> tuple[tuple[DatedMap, ...], Findings]:
    """Class maps after the rules, as ``classes_<year>.tif`` (cloud-optimised) in ``folder``.

    The numbers stay those of the files. Returns the new maps, or the finding of a damaged file.
    """
    dtype = number_type(stack)
    made = tuple(replace(m, path=folder / f"classes_{m.year}.tif", band=None) for m in maps)
    layers = [
        Layer(
            item.path,
            f"class map of {item.year}",
            nodata,
            rules.names,
            _colours(rules.names, dtype),
        )
        for item, nodata in zip(made, stack.nodata, strict=True)
    ]

    def numbers(places: Codes) -> NDArray[Any]:
        return stack.number_of(places).astype(dtype)

    work = partial(cleaned_block, stack, rules)
    found = write_layers(stack, layers, work, numbers, runner=runner)
    return made, found


def write_change_maps(
    maps: Sequence[DatedMap],
    stack: MapStack,
    rules: ChangeRules,
    folder: Path,
    *,
    runner: Runner,
) -> tuple[dict[tuple[int, int], Path], Findings]:
    """Maps of change of one class between successive dates and from first to last.

    Codes of :data:`.change_map.CHANGE_LEGEND` with a colour table; "outside" where a map has no
    data, "unobserved" where one says so. Period -> path of ``change_<start>_<end>.tif``.
    """
    years = [item.year for item in maps]
    pairs = list(itertools.pairwise(range(len(years))))
    pairs += [(0, len(years) - 1)] if len(years) > 2 else []
    periods = {(years[i], years[j]): folder / f"change_{years[i]}_{years[j]}.tif" for i, j in pairs}
    name = rules.names.get(rules.number, "mangrove" if rules.number == CODE_MANGROVE else "class")
    legend = {c: what.replace("mangrove", name) for c, what in CHANGE_LEGEND.items()}
    colours = colour_table(CHANGE_LEGEND, CHANGE_COLOURS)
    layers = [
        Layer(path, f"change of {name} {start}-{end}", CODE_OUTSIDE, legend, colours)
        for (start, end), path in periods.items()
    ]
    work = partial(changed_block, stack, class_lookup(stack, rules), tuple(pairs))
    return periods, write_layers(stack, layers, work, np.asarray, runner=runner)


@dataclass(frozen=True)
class Layer:
    """One file to be written: where, what it shows, and the meaning of its numbers."""

    path: Path
    long_name: str
    nodata: int | None
    legend: Mapping[int, str]
    colours: Mapping[int, tuple[int, int, int, int]]


def write_layers(
    stack: MapStack,
    layers: Sequence[Layer],
    work: Callable[[Block], Codes | Finding],
    numbers: Callable[[Codes], NDArray[Any]],
    *,
    runner: Runner,
) -> Findings:
    """Write what ``work`` gives for each block, (layers, rows, columns), and make COGs of it."""
    grid = stack.grid
    tiles = {"tile_rows": TILE_PX, "tile_columns": TILE_PX}
    blocks = tile_blocks(grid.height, grid.width, **tiles, pixels_most=BLOCK_PX)
    unfinished = [layer.path.with_suffix(".tiled.tif") for layer in layers]
    dtype = numbers(np.zeros((1, 1), np.uint8)).dtype
    with gdal_settings(), ExitStack() as open_files:
        targets = [
            open_files.enter_context(_tiled(path, grid, layer, dtype))
            for path, layer in zip(unfinished, layers, strict=True)
        ]
        for block, answer in zip(blocks, runner.results(work, blocks), strict=True):
            if isinstance(answer, Finding):
                return (answer,)
            for target, codes in zip(targets, answer, strict=True):
                target.write(numbers(codes), 1, window=block.window)
    for path, layer in zip(unfinished, layers, strict=True):
        as_cog(path, layer.path, resampling="nearest")
        path.unlink()
        write_category_names(layer.path, layer.legend)
    return ()


def _tiled(path: Path, grid: Grid, layer: Layer, dtype: np.dtype[Any]) -> Any:
    place = {"crs": grid.crs, "transform": grid.transform, "nodata": layer.nodata}
    size = {"height": grid.height, "width": grid.width, "count": 1, "dtype": dtype.name}
    tiles = {"tiled": True, "blockxsize": TILE_PX, "blockysize": TILE_PX, "bigtiff": "if_safer"}
    pack = {"compress": "zstd", "zstd_level": 1, "num_threads": 1}
    target = rasterio.open(path, "w", driver="GTiff", **place, **size, **tiles, **pack)
    class_tags(target, layer.legend, layer.long_name)
    if layer.colours:
        target.write_colormap(1, dict(layer.colours))
    return target


def number_type(stack: MapStack) -> np.dtype[Any]:
    """The smallest number type that holds the class numbers of a stack."""
    if not stack.values:
        return np.dtype(np.uint8)
    known = [*stack.values, *(n for n in stack.nodata if n is not None)]
    return np.result_type(np.min_scalar_type(min(known)), np.min_scalar_type(max(known)))


def _colours(
    names: Mapping[int, str], dtype: np.dtype[Any]
) -> dict[int, tuple[int, int, int, int]]:
    """Colours of the classes that the palette knows; TIFF has colour tables of byte maps only."""
    known = {n: name for n, name in names.items() if name in CLASS_COLOURS and 0 <= n <= 255}
    return colour_table(known, CLASS_COLOURS) if dtype == np.uint8 else {}


def cleaned_block(stack: MapStack, rules: ChangeRules, block: Block) -> Codes | Finding:
    """Maps of a block after the rules, as places of numbers."""
    unit = rules.mapping_unit
    # Each map is judged against the cleaned one before: what a rule sees grows with the dates.
    reach = (unit.pixels + 1) * (len(stack.paths) - 1) if unit else 0
    around, core = _grown(block, reach, stack.grid)
    maps = _read(stack, around)
    if isinstance(maps, Finding):
        return maps
    unknown = frozenset(_places(stack, rules.unknown))
    if rules.three_dates:
        maps = three_date_filter(maps, unknown=unknown)
    for date in range(1, len(maps) if unit else 1):
        try:
            maps[date] = without_small_changes(
                maps[date - 1], maps[date], unit or MappingUnit(), unknown=unknown
            )
        except ValueError as error:
            fix = "join classes first: a mapping unit is for maps of few classes"
            name = stack.paths[date].name
            return Finding.error("class-map-too-many-changes", name, str(error), fix=fix)
    return np.ascontiguousarray(maps[:, *core])


def _grown(block: Block, pixels: int, grid: Grid) -> tuple[Block, tuple[slice, slice]]:
    """A block with pixels around it as far as the grid goes, and where the block lies in it."""
    row, column = max(block.row - pixels, 0), max(block.column - pixels, 0)
    bottom = min(block.row + block.rows + pixels, grid.height)
    right = min(block.column + block.columns + pixels, grid.width)
    inner = Block(block.row - row, block.column - column, block.rows, block.columns)
    return Block(row, column, bottom - row, right - column), inner.slices


def changed_block(
    stack: MapStack, lookup: Codes, pairs: Sequence[tuple[int, int]], block: Block
) -> Codes | Finding:
    """Maps of change of a block, one for each pair of dates, or the finding of a damaged file."""
    maps = _read(stack, block)
    if isinstance(maps, Finding):
        return maps
    codes = [table[layer] for table, layer in zip(lookup, maps, strict=True)]
    return np.stack([change_codes(codes[i], codes[j]) for i, j in pairs])


def _read(stack: MapStack, block: Block) -> Codes | Finding:
    try:
        return stack.read(block)
    except (RasterioError, OSError) as error:
        return unreadable(", ".join(path.name for path in stack.paths), "class-map", error)


def _places(stack: MapStack, numbers: frozenset[int]) -> list[int]:
    """What a stack reads for those of some numbers that occur."""
    if not stack.values:
        return sorted(number for number in numbers if 0 <= number <= 255)
    return [stack.values.index(number) for number in sorted(numbers) if number in stack.values]


def class_lookup(stack: MapStack, rules: ChangeRules) -> Codes:
    """For each map the code of every place: the class, another, unobserved, or outside."""
    table = np.full((len(stack.paths), 256), CODE_OF["other"], dtype=np.uint8)
    table[:, _places(stack, frozenset({rules.number}))] = CODE_MANGROVE
    table[:, _places(stack, rules.unknown)] = CODE_UNOBSERVED
    for layer, nodata in zip(table, stack.nodata, strict=True):
        outside = {nodata} & rules.unknown
        outside |= {number for number, name in rules.names.items() if name == "outside"}
        layer[_places(stack, frozenset(n for n in outside if n is not None))] = CODE_OUTSIDE
    return table
