"""Transitions between class maps of any number of dates: hectares of every sequence of classes.

Everything that maps say about area and change is read off one table, how many hectares have
which sequence of classes in which stratum: areas of each map, matrices between any two dates,
gain and loss. The parts therefore add up, whatever is asked. Files are read once, block by block.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from bluecarbon.mrv.aligned_maps import reaches
from bluecarbon.mrv.areal_scale import ArealScale, cell_polynomials, cells_of
from bluecarbon.mrv.blocks import Block, Runner, Threads, tile_blocks
from bluecarbon.mrv.kernels.histograms import WORD, combinations, run_moments
from bluecarbon.mrv.map_stack import Alignment, MapStack, open_stack
from bluecarbon.mrv.rasters import Grid, read_grid, unreadable
from bluecarbon.spec import Finding, errors_in

if TYPE_CHECKING:
    import pandas as pd

    from bluecarbon.mrv.map_sources import ClassMaps, FileStrata, Strata

COMPILED_FROM_PX = 20_000_000
"""Pixels of all maps together from which loading the compiled loop pays."""

BLOCK_PX = 5_300_000
"""Pixels for which the files are opened once."""

PART_PX = 1_000_000
"""Pixels of a block that are in memory at once, so that the width of a map costs none."""

PART_COLUMNS = 2_048
"""Parts of a block begin at multiples of this, as the tiles of most files do."""

NO_STRATUM = 0
"""The number that a raster of strata has where there is none."""

Findings = tuple[Finding, ...]
Whole = NDArray[np.int64]
Floats = NDArray[np.float64]
Answer = list[tuple[NDArray[np.uint8], Whole]] | Finding
"""Codes and moments of the cells of a block, or why it cannot be read."""


@dataclass(frozen=True)
class DatedMap:
    """A class map of one year: the file and, in a file of several dates, its band (from 1).

    ``origin`` is the file that somebody gave, where ``path`` is a copy of a part of it.
    """

    year: int
    path: Path
    band: int | None = None
    origin: Path | None = None

    @property
    def file(self) -> Path:
        """The file that somebody gave."""
        return self.origin or self.path

    @property
    def subject(self) -> str:
        """How findings name it."""
        return self.path.name + (f" band {self.band}" if self.band else "")


@dataclass(frozen=True)
class Transitions:
    """Hectares by stratum and sequence of classes, one row for each that occurs.

    Attributes
    ----------
    years : the dates, ascending
    strata : names of the strata; ("",) when there are none
    stratum : (rows,) places in ``strata``
    codes : (rows, years) class numbers as the files have them
    pixels : (rows,) whole pixels; with strata from polygons, where pixels are cut, their parts
    area_ha : (rows,) geodesic hectares
    nodata : the number that each map declares as "no data", None where it declares none
    """

    years: tuple[int, ...]
    strata: tuple[str, ...]
    stratum: Whole
    codes: Whole
    pixels: Floats
    area_ha: Floats
    nodata: tuple[int | None, ...]

    def areas_ha(self, year: int, stratum: str | None = None) -> dict[int, float]:
        """Hectares of every class in one year, of one stratum or of all."""
        chosen = self._chosen(stratum)
        codes = self.codes[chosen, self.years.index(year)]
        found, place = np.unique(codes, return_inverse=True)
        sums = np.bincount(place, weights=self.area_ha[chosen], minlength=len(found))
        return {int(code): float(area) for code, area in zip(found, sums, strict=True)}

    def matrix_ha(
        self, first: int, last: int, stratum: str | None = None
    ) -> dict[tuple[int, int], float]:
        """Hectares by (class in the first year, class in the last), as :mod:`..change` takes it."""
        chosen = self._chosen(stratum)
        pair = self.codes[chosen][:, [self.years.index(first), self.years.index(last)]]
        found, place = np.unique(pair, axis=0, return_inverse=True)
        sums = np.bincount(place.ravel(), weights=self.area_ha[chosen], minlength=len(found))
        rows = zip(found, sums, strict=True)
        return {(int(before), int(after)): float(area) for (before, after), area in rows}

    def _chosen(self, stratum: str | None) -> Whole:
        if stratum is None:
            return np.arange(len(self.stratum))
        return np.flatnonzero(self.stratum == self.strata.index(stratum))

    def to_frame(self) -> pd.DataFrame:
        """Columns stratum, one per year with the class number, pixels, area_ha."""
        import pandas as pd

        names = {"stratum": [self.strata[place] for place in self.stratum]}
        codes = {str(year): self.codes[:, place] for place, year in enumerate(self.years)}
        return pd.DataFrame(names | codes | {"pixels": self.pixels, "area_ha": self.area_ha})


def transition_areas(
    maps: Sequence[DatedMap] | ClassMaps,
    *,
    strata: Strata = None,
    legend: Mapping[int, str] | None = None,
    alignment: Alignment = "refuse",
    runner: Runner | None = None,
) -> tuple[Transitions | None, Findings]:
    """Count the sequences of classes of several maps and their true areas.

    Parameters
    ----------
    maps : in the order of their years, on one grid unless ``alignment`` says what to do; files,
        or arrays (:data:`.map_sources.ClassMaps`)
    strata : a raster of stratum numbers (0 is none) on the grid of the maps, or WGS 84 polygons
        by name, whose cut pixels count by the covered part; also as an array or a GeoDataFrame
    legend : class number -> name; when given, numbers that it does not name are an error
    alignment : "nearest" brings the maps to the grid of the first (:mod:`.map_stack`)
    runner : who computes the blocks; threads of this process unless told

    Returns
    -------
    The table, or None and what is wrong: dates out of order or twice, maps that do not meet,
    grids that differ, files that cannot be read to the end, numbers that nobody named.
    """
    from bluecarbon.mrv.map_sources import on_files

    work = partial(_areas_of_files, legend=legend, alignment=alignment, runner=runner)
    return on_files(work, maps, strata)


def _areas_of_files(
    maps: Sequence[DatedMap],
    strata: FileStrata,
    *,
    legend: Mapping[int, str] | None,
    alignment: Alignment,
    runner: Runner | None,
) -> tuple[Transitions | None, Findings]:
    """:func:`transition_areas` of maps that are files."""
    found = date_findings(maps)
    if not maps:
        return None, found
    chosen = runner or Threads()
    layers = [*([DatedMap(0, strata)] if isinstance(strata, Path) else []), *maps]
    stack, problems = _opened(layers, alignment, chosen)
    found += problems
    if stack is None or errors_in(found):
        return None, found
    found += nodata_findings(maps, stack.nodata[-len(maps) :], legend)
    found += fill_findings(maps, stack, legend)
    if errors_in(found):
        return None, found
    if strata is not None and not isinstance(strata, Path):
        from bluecarbon.mrv.zonal import polygon_table

        table, failed = polygon_table(stack, strata, runner=chosen)
        names = tuple(strata)
    else:
        table, failed = _counted(stack, chosen)
        names = ()
    if table is None:
        return None, (*found, *failed)
    result = _result(table, tuple(item.year for item in maps), stack, names)
    found += (*failed, *_unnamed(result, maps, legend))
    return (None if errors_in(found) else result), found


@dataclass(frozen=True)
class CodeTable:
    """What counting gives: stratum places (or None), codes (rows, maps), pixels and hectares."""

    stratum: Whole | None
    codes: NDArray[np.uint8]
    pixels: Floats
    area_ha: Floats


def date_findings(maps: Sequence[DatedMap]) -> Findings:
    """Years that come twice or not in order; a map in the wrong year looks like any other."""
    found = []
    for before, after in itertools.pairwise(maps):
        if after.year == before.year:
            message = f"year {after.year} is given twice ({before.subject} and {after.subject})"
            fix = "keep one map for each year"
            found.append(Finding.error("class-map-year-twice", after.subject, message, fix=fix))
        elif after.year < before.year:
            message = f"year {after.year} comes after {before.year} ({before.subject})"
            fix = "give the maps in the order of their years"
            found.append(Finding.error("class-map-year-order", after.subject, message, fix=fix))
    if not maps:
        found.append(Finding.error("class-map-missing", "maps", "no class map is given"))
    return tuple(found)


def _opened(
    layers: Sequence[DatedMap], alignment: Alignment, runner: Runner
) -> tuple[MapStack | None, Findings]:
    bands = [item.band or 1 for item in layers] if any(item.band for item in layers) else []
    stack, problems = open_stack(
        [item.path for item in layers],
        [item.subject for item in layers],
        runner=runner,
        alignment=alignment,
        bands=bands,
    )
    if stack is not None and stack.alignment == "refuse":
        return stack, problems
    found: Findings = _apart(layers)
    # That maps lie apart says more than that their grids differ.
    apart = {finding.subject for finding in found}
    differ = "class-map-grid-differs"
    kept = [item for item in problems if item.code != differ or item.subject not in apart]
    return (None if found else stack), (*found, *kept)


def _apart(layers: Sequence[DatedMap]) -> Findings:
    """Maps that share no ground with the first one."""
    found = []
    grids = [(item, read_grid(item.path, item.subject, what="class-map")[0]) for item in layers]
    known = [(item, grid) for item, grid in grids if grid is not None]
    for item, grid in known[1:]:
        first = known[0][1]
        if grid.crs != first.crs or _meet(first, grid, 0.0):
            continue
        message = f"the map and {known[0][0].subject} have no ground in common"
        fix = "compare maps of the same place"
        if first.crs.is_geographic and any(_meet(first, grid, turn) for turn in (-360.0, 360.0)):
            message += " as they are written: one counts longitudes across the antimeridian"
            fix = "write both with the same longitudes, e.g. gdalwarp -te with 0 to 360"
        found.append(Finding.error("class-map-no-overlap", item.subject, message, fix=fix))
    return tuple(found)


def _meet(first: Grid, second: Grid, turn: float) -> bool:
    left, bottom, right, top = first.bounds
    west, south, east, north = second.bounds
    return west + turn < right and left < east + turn and south < top and bottom < north


def nodata_findings(
    maps: Sequence[DatedMap], nodata: Sequence[int | None], legend: Mapping[int, str] | None
) -> Findings:
    """Files whose "no data" number is a class of the legend: it is counted as that class."""
    return tuple(
        Finding.warning(
            "class-map-nodata-is-class",
            item.subject,
            f"number {number} is tagged as no data and is '{legend[number]}' in the legend; "
            "it was counted as that class",
            fix="remove the nodata tag, or take the number out of the legend",
        )
        for item, number in zip(maps, nodata, strict=True)
        if legend is not None and number is not None and number in legend
    )


def fill_findings(
    maps: Sequence[DatedMap], stack: MapStack, legend: Mapping[int, str] | None
) -> Findings:
    """Aligned maps that do not cover the grid, where their "no data" number is a class."""
    found = []
    for item, number in zip(maps, stack.nodata[-len(maps) :], strict=True):
        if stack.alignment == "refuse" or legend is None or number is None or number not in legend:
            continue
        grid, _ = read_grid(item.path, item.subject, what="class-map")
        if grid is not None and not reaches(grid, stack.grid):
            message = (
                f"the map does not cover the grid of {stack.paths[0].name}, and number {number}, "
                f"its nodata, is '{legend[number]}' in the legend: ground beyond it would be that"
            )
            fix = "cut the first map to its ground, or remove the nodata tag and give --nodata"
            code = "class-map-nodata-missing"
            found.append(Finding.error(code, item.subject, message, fix=fix))
    return tuple(found)


def _unnamed(
    result: Transitions, maps: Sequence[DatedMap], legend: Mapping[int, str] | None
) -> Findings:
    found = []
    for place, item in enumerate(maps if legend is not None else ()):
        named = {*(legend or {}), result.nodata[place]}
        unknown = [str(code) for code in np.unique(result.codes[:, place]) if code not in named]
        if unknown:
            message = f"numbers {', '.join(unknown[:8])} occur, which the legend does not name"
            fix = "name every number that occurs in the legend"
            code = "class-map-number-unknown"
            found.append(Finding.error(code, item.subject, message, fix=fix))
    return tuple(found)


def _counted(stack: MapStack, runner: Runner) -> tuple[CodeTable | None, Findings]:
    scale = ArealScale(stack.grid)
    blocks = blocks_of(stack)
    work = partial(_block_moments, stack, scale.cell_px, _compiled(stack))
    cells = [
        Block(part.row + cell.row, part.column + cell.column, cell.rows, cell.columns)
        for block in blocks
        for part in parts_of(block)
        for cell in cells_of(part, scale.cell_px)
    ]
    polynomials = iter(cell_polynomials(scale, cells))
    codes, pixels, areas = [], [], []
    # Closed before the files are, also when a block failed: threads may still be reading.
    with stack.opened_for(runner), closing(_each(runner, work, blocks)) as answers:
        for answer in answers:
            if isinstance(answer, Finding):
                return None, (answer,)
            for found, moments in answer:
                codes.append(found)
                pixels.append(moments[:, 0])
                areas.append(moments @ next(polynomials))
    return table_of(np.concatenate(codes), np.concatenate(pixels), np.concatenate(areas)), ()


def _each(
    runner: Runner, work: Callable[[Block], Answer], blocks: Sequence[Block]
) -> Generator[Answer, None, None]:
    """The answers of any runner, as what can be closed."""
    yield from runner.results(work, blocks)


def _compiled(stack: MapStack) -> bool:
    return stack.grid.height * stack.grid.width * len(stack.paths) >= COMPILED_FROM_PX


def table_of(codes: NDArray[np.uint8], pixels: NDArray[np.number], area_ha: Floats) -> CodeTable:
    """The table with one row for each combination of codes (rows, maps)."""
    found, place = combinations(codes.T)
    count = len(found)
    sums = [
        np.bincount(place, weights=values, minlength=count).astype(np.float64)
        for values in (pixels, area_ha)
    ]
    return CodeTable(None, found, *sums)


def _block_moments(
    stack: MapStack, cell_px: tuple[int, int], compiled: bool, block: Block
) -> Answer:
    """The work on one block; small enough to come back from a cluster."""
    found = []
    try:
        with stack.opened_layers() as read:
            for part in parts_of(block):
                maps = read(part, WORD)
                found += [
                    run_moments(maps, cell, compiled=compiled) for cell in cells_of(part, cell_px)
                ]
    except (RasterioError, OSError) as error:
        return unreadable(_damaged(stack, block), "class-map", error)
    return found


def blocks_of(stack: MapStack) -> tuple[Block, ...]:
    """Rectangles of whole tiles: GDAL keeps the tiles of a block until its files are closed, so
    that a band over the whole width of a wide map would take much memory.
    """
    path, fill, band = next(stack.layers)
    with stack.opened_map(path, fill) as source:
        tile_rows, tile_columns = source.block_shapes[band - 1]
    rows, columns = stack.grid.height, stack.grid.width
    return tile_blocks(
        rows, columns, tile_rows=tile_rows, tile_columns=tile_columns, pixels_most=BLOCK_PX
    )


def parts_of(block: Block) -> tuple[Block, ...]:
    """A block cut into columns, so that a part has about :data:`PART_PX` pixels."""
    step = max(PART_PX // block.rows // PART_COLUMNS, 1) * PART_COLUMNS
    end = block.column + block.columns
    return tuple(
        Block(block.row, column, block.rows, min(step, end - column))
        for column in range(block.column, end, step)
    )


def read_block(stack: MapStack, block: Block) -> NDArray[np.uint8] | Finding:
    """The maps of a block, or the finding that names the file that is damaged."""
    try:
        return stack.read(block, pad=WORD)
    except (RasterioError, OSError) as error:
        return unreadable(_damaged(stack, block), "class-map", error)


def _damaged(stack: MapStack, block: Block) -> str:
    for path, fill, band in stack.layers:
        try:
            with stack.opened_map(path, fill) as source:
                source.read(band, window=block.window)
        except (RasterioError, OSError):
            return path.name
    return ", ".join(path.name for path in stack.paths)


def _result(
    table: CodeTable, years: tuple[int, ...], stack: MapStack, names: tuple[str, ...]
) -> Transitions:
    codes = stack.number_of(table.codes)
    stratum = table.stratum
    if stratum is None and codes.shape[1] > len(years):
        numbers, stratum = np.unique(codes[:, 0], return_inverse=True)
        names = tuple("" if number == NO_STRATUM else str(number) for number in numbers)
    if stratum is None:
        stratum, names = np.zeros(len(codes), np.int64), ("",)
    return Transitions(
        years=years,
        strata=names,
        stratum=stratum.astype(np.int64),
        codes=codes[:, -len(years) :],
        pixels=table.pixels,
        area_ha=table.area_ha,
        nodata=stack.nodata[-len(years) :],
    )
