"""Several class maps of one grid, read block by block as small whole numbers.

Counting and coding work on uint8. A map of 8 bits is read as it is; one of 16 or 32 bits is
read as places in the list of the class numbers that occur, of which there may be 255.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from bluecarbon.mrv.aligned_maps import Rule, aligned_map, reaches
from bluecarbon.mrv.blocks import Block, Runner, borrowed, gdal_settings, ready, row_blocks
from bluecarbon.mrv.rasters import Grid, opened, read_grid, unreadable
from bluecarbon.spec import Finding

CLASSES_MAX = 255
"""More classes than this in one set of maps is no class map but a measurement."""

NUMBERS_ENOUGH = 100_000
"""When so many different numbers were met, no further block is looked at."""

REFLECTANCE_MOST = 20_000
"""Reflectance is stored as whole numbers of ten-thousandths; bright cloud reaches twice that."""


@dataclass(frozen=True)
class Filled:
    """A rule, and the number that means "no data" in maps that do not say so themselves."""

    rule: Rule
    nodata: int | None = None


Alignment = Rule | Filled
"""What to do with maps on different grids: refuse them, or bring all to the grid of the first, each
pixel by the nearest one or by the class that most of it has.
"""


@dataclass(frozen=True)
class MapStack:
    """Maps that can be read together; small and picklable, so that it travels to workers.

    Attributes
    ----------
    paths : one file each; the same file may come several times with different bands
    bands : the band of each, counted from 1; empty takes the first of all
    nodata : the number that each file declares as "no data", or None
    grid : that of the first map; with another ``alignment`` than "refuse" the others are brought
        to it
    values : the class numbers behind the places of maps with more than 8 bits, ascending; empty
        when numbers are read as they are
    """

    paths: tuple[Path, ...]
    nodata: tuple[int | None, ...]
    grid: Grid
    tile_rows: int
    alignment: Rule = "refuse"
    values: tuple[int, ...] = ()
    bands: tuple[int, ...] = ()

    @property
    def layers(self) -> Iterator[tuple[Path, int | None, int]]:
        """Path, nodata number and band of each map."""
        return zip(self.paths, self.nodata, self.bands or (1,) * len(self.paths), strict=True)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Bands of whole tile rows of the first map."""
        return row_blocks(self.grid.height, self.grid.width, tile_rows=self.tile_rows)

    def read(self, block: Block, *, pad: int = 1) -> NDArray[np.uint8]:
        """(maps, rows, columns) of a block, columns filled up to a multiple of ``pad``.

        RasterioError when a file is damaged.
        """
        with self.opened_layers() as read:
            return read(block, pad)

    @contextmanager
    def opened_layers(self) -> Iterator[Callable[[Block, int], NDArray[np.uint8]]]:
        """A function that reads as :meth:`read` does (block, pad), from files opened once."""
        with gdal_settings(), borrowed(self, self._opened_files) as layers:
            yield partial(self._read_layers, layers)

    def opened_for(self, runner: Runner) -> AbstractContextManager[None]:
        """Keep the files open for the threads of a runner, until the end of the block."""
        return ready(self, self._opened_files, runner)

    @contextmanager
    def _opened_files(self) -> Iterator[list[tuple[Any, int]]]:
        with ExitStack() as files:
            yield [
                (files.enter_context(self.opened_map(path, fill)), band)
                for path, fill, band in self.layers
            ]

    def _read_layers(
        self, layers: Sequence[tuple[Any, int]], block: Block, pad: int
    ) -> NDArray[np.uint8]:
        spare = -block.columns % pad
        result = np.empty((len(layers), block.rows, block.columns + spare), np.uint8)
        result[:, :, block.columns :] = 0
        inside = result[:, :, : block.columns]
        for (source, band), layer in zip(layers, inside, strict=True):
            if not self.values:
                source.read(band, window=block.window, out=layer)
            else:
                numbers = source.read(band, window=block.window)
                layer[...] = np.searchsorted(self.values, numbers)
        return result

    def number_of(self, places: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Class numbers of what :meth:`read` gives."""
        return np.array(self.values)[places] if self.values else places.astype(np.int64)

    def place_of(self, numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
        """What :meth:`read` gives for class numbers that occur."""
        found = np.searchsorted(self.values, numbers) if self.values else numbers
        return found.astype(np.uint8)

    @contextmanager
    def opened_map(self, path: Path, fill: int | None) -> Iterator[Any]:
        """One of the files as a dataset on the grid of the stack; ``fill`` is where it is not."""
        with opened(path) as dataset:
            if self.alignment == "refuse":
                yield dataset
            else:
                with aligned_map(dataset, self.grid, rule=self.alignment, fill=fill) as aligned:
                    yield aligned


def open_stack(
    maps: Sequence[Path],
    subjects: Sequence[str],
    *,
    runner: Runner,
    alignment: Alignment = "refuse",
    bands: Sequence[int] = (),
) -> tuple[MapStack | None, tuple[Finding, ...]]:
    """The stack of some maps, or everything that keeps them from being read together.

    Findings: ``class-map-unreadable``, ``class-map-no-crs`` and the others of a grid,
    ``class-map-bands``, ``class-map-not-whole-numbers``, ``class-map-grid-differs``,
    ``class-map-too-many-classes``, and ``class-map-aligned`` (info) with what was resampled.
    """
    asked = bands or (None,) * len(maps)
    files = zip(maps, subjects, asked, strict=True)
    opened_maps = [_describe(path, subject, band) for path, subject, band in files]
    findings = [finding for _, found in opened_maps for finding in found]
    asked_for = alignment if isinstance(alignment, Filled) else Filled(alignment)
    described = [one.filled(asked_for.nodata) for one, _ in opened_maps if one is not None]
    if len(described) < len(maps):
        return None, tuple(findings)
    findings += _grid_findings(described, subjects, asked_for.rule)
    if any(finding.severity == "error" for finding in findings):
        return None, tuple(findings)
    first = described[0]
    same = all(one.grid == first.grid for one in described)
    stack = MapStack(
        tuple(maps),
        tuple(one.nodata for one in described),
        first.grid,
        first.tile_rows,
        "refuse" if same else asked_for.rule,
        bands=tuple(bands),
    )
    if any(one.dtype != np.uint8 for one in described):
        values, found = _values_of(stack, subjects, runner)
        return (replace(stack, values=values) if not found else None), (*findings, *found)
    return stack, tuple(findings)


@dataclass(frozen=True)
class _Described:
    grid: Grid
    nodata: int | None
    tile_rows: int
    dtype: np.dtype[Any]

    def filled(self, nodata: int | None) -> _Described:
        """The same, with a number for "no data" where the file has none and can hold it."""
        if self.nodata is not None or nodata is None or not _holds(self.dtype, nodata):
            return self
        return replace(self, nodata=nodata)


def _describe(
    path: Path, subject: str, band: int | None
) -> tuple[_Described | None, tuple[Finding, ...]]:
    grid, findings = read_grid(path, subject, what="class-map")
    if grid is None:
        return None, findings
    with opened(path) as dataset:
        count, place = dataset.count, (band or 1) - 1
        if band and not 1 <= band <= count:
            message, fix = f"band {band} is asked for, the file has {count}", "bands count from 1"
            return None, (Finding.error("class-map-band-missing", subject, message, fix=fix),)
        dtype = np.dtype(dataset.dtypes[place])
        nodata, tile_rows = dataset.nodatavals[place], dataset.block_shapes[place][0]
    if count != 1 and band is None:
        light = "; it looks like a scene" if dtype.itemsize > 1 and count >= 3 else ""
        message = f"the file has {count} bands; a class map has one{light}"
        fix = f"name the band with the classes, as in {path.name}#1; scenes are mapped first"
        return None, (Finding.error("class-map-bands", subject, message, fix=fix),)
    if dtype.kind not in "iu":
        message = (
            f"the pixels are {dtype.name}, as of reflectance or heights; class numbers are whole "
            "numbers"
        )
        fix = "write the map as an integer raster, e.g. gdal_translate -ot Byte"
        return None, (Finding.error("class-map-not-whole-numbers", subject, message, fix=fix),)
    # A nodata tag that the number type cannot hold (-9999 in a byte map) marks nothing.
    usable = nodata is not None and float(nodata).is_integer() and _holds(dtype, int(nodata))
    return _Described(grid, int(nodata) if usable else None, tile_rows, dtype), ()


def _holds(dtype: np.dtype[Any], number: int) -> bool:
    return bool(np.iinfo(dtype).min <= number <= np.iinfo(dtype).max)


_BY = {"nearest": "nearest neighbour", "mode": "the class of most of the pixel (mode)"}


def _grid_findings(
    described: Sequence[_Described], subjects: Sequence[str], alignment: Rule
) -> list[Finding]:
    first, found = described[0].grid, []
    for one, subject in zip(described[1:], subjects[1:], strict=True):
        if one.grid == first:
            continue
        place = f"{_in_words(one.grid)}, {subjects[0]} on {_in_words(first)}"
        if alignment == "refuse":
            fix = "say how: --align mode or nearest; or resample it to that grid"
            message = f"is on another grid: {place}"
            found.append(Finding.error("class-map-grid-differs", subject, message, fix=fix))
        elif one.nodata is None and not reaches(one.grid, first):
            message = (
                f"is on another grid ({place}), does not cover all of it, and has no nodata number "
                "to fill with"
            )
            fix = f"say which number of {one.dtype.name} is no class: --nodata 0"
            found.append(Finding.error("class-map-nodata-missing", subject, message, fix=fix))
        else:
            message = f"was brought to the grid of {subjects[0]} by {_BY[alignment]} ({place})"
            found.append(Finding.info("class-map-aligned", subject, message))
    return found


def _in_words(grid: Grid) -> str:
    code = grid.crs.to_epsg()
    across, down = grid.pixel_size
    left, _, _, top = grid.bounds
    name = f"EPSG:{code}" if code else "a system without code"
    size = f"{grid.height} x {grid.width} pixels of {across:.6g} x {down:.6g}"
    return f"{name}, {size}, corner {left:.9g} {top:.9g}"


def _values_of(
    stack: MapStack, subjects: Sequence[str], runner: Runner
) -> tuple[tuple[int, ...], tuple[Finding, ...]]:
    """The class numbers that occur in maps of more than 8 bits, of all of them together."""
    held: list[set[int]] = [set() for _ in subjects]
    try:
        for parts in runner.results(partial(_distinct, stack), stack.blocks):
            held = [mine | part for mine, part in zip(held, parts, strict=True)]
            if sum(map(len, held)) > NUMBERS_ENOUGH:
                break
    except (RasterioError, OSError) as error:
        return (), (unreadable(", ".join(subjects), "class-map", error),)
    values = tuple(sorted(set().union(*held)))
    if len(values) <= CLASSES_MAX:
        return values, ()
    pairs = zip(subjects, held, strict=True)
    each = [too_many_classes(name, mine) for name, mine in pairs if len(mine) > CLASSES_MAX]
    return (), tuple(each) or (too_many_classes(", ".join(subjects), values),)


def too_many_classes(subject: str, numbers: Collection[float]) -> Finding:
    """The refusal of a raster whose numbers are too many to be classes, with the largest of them.

    Whole numbers up to some ten thousand are most often reflectance: that is said then.
    """
    largest = max(numbers)
    light = "; these look like reflectance, and the file like a scene"
    message = (
        f"at least {len(numbers)} different numbers occur, the largest {largest:.10g}; up to "
        f"{CLASSES_MAX} classes are read{light if largest <= REFLECTANCE_MOST else ''}"
    )
    fix = "give class maps: recode them to fewer numbers (a crosswalk), and map scenes first"
    return Finding.error("class-map-too-many-classes", subject, message, fix=fix)


def _distinct(stack: MapStack, block: Block) -> tuple[set[int], ...]:
    """The numbers that occur in each of the maps."""
    found = []
    with gdal_settings():
        for path, fill, band in stack.layers:
            with stack.opened_map(path, fill) as source:
                numbers = np.unique(source.read(band, window=block.window))
                found.append(set(numbers.tolist()))
    return tuple(found)
