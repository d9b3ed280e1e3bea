"""Several class maps of one grid, read block by block as small whole numbers.

Counting and coding work on uint8. A map of 8 bits is read as it is; one of 16 or 32 bits is
read as places in the list of the class numbers that occur, of which there may be 255.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.vrt import WarpedVRT

from bluecarbon.mrv.blocks import Block, Runner, gdal_settings, row_blocks
from bluecarbon.mrv.rasters import Grid, opened, read_grid, unreadable
from bluecarbon.spec import Finding

CLASSES_MAX = 255
"""More classes than this in one set of maps is no class map but a measurement."""

Alignment = Literal["refuse", "nearest"]
"""What to do with maps on different grids: refuse them, or bring all to the grid of the first."""


@dataclass(frozen=True)
class MapStack:
    """Maps that can be read together; small and picklable, so that it travels to workers.

    Attributes
    ----------
    paths : one file each; the same file may come several times with different bands
    bands : the band of each, counted from 1; empty takes the first of all
    nodata : the number that each file declares as "no data", or None
    grid : that of the first map; with ``alignment`` "nearest" the others are brought to it
    values : the class numbers behind the places of maps with more than 8 bits, ascending; empty
        when numbers are read as they are
    """

    paths: tuple[Path, ...]
    nodata: tuple[int | None, ...]
    grid: Grid
    tile_rows: int
    alignment: Alignment = "refuse"
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
        with gdal_settings(), ExitStack() as files:
            layers = [
                (files.enter_context(self.opened_map(path, fill)), band)
                for path, fill, band in self.layers
            ]
            yield partial(self._read_layers, layers)

    def _read_layers(
        self, layers: Sequence[tuple[Any, int]], block: Block, pad: int
    ) -> NDArray[np.uint8]:
        spare = -block.columns % pad
        result = np.zeros((len(layers), block.rows, block.columns + spare), np.uint8)
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
        """One of the files as a dataset on the grid of the stack; ``fill`` is its nodata."""
        with opened(path) as dataset:
            if self.alignment == "refuse":
                yield dataset
                return
            place = {"crs": self.grid.crs, "transform": self.grid.transform}
            size = {"height": self.grid.height, "width": self.grid.width}
            near = Resampling.nearest
            with WarpedVRT(dataset, resampling=near, nodata=fill, **place, **size) as aligned:
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
    described = [one for one, _ in opened_maps if one is not None]
    if len(described) < len(maps):
        return None, tuple(findings)
    findings += _grid_findings(described, subjects, alignment)
    if any(finding.severity == "error" for finding in findings):
        return None, tuple(findings)
    first = described[0]
    same = all(one.grid == first.grid for one in described)
    stack = MapStack(
        tuple(maps),
        tuple(one.nodata for one in described),
        first.grid,
        first.tile_rows,
        "refuse" if same else alignment,
        bands=tuple(bands),
    )
    if any(one.bits > 8 for one in described):
        values, found = _values_of(stack, subjects, runner)
        return (replace(stack, values=values) if not found else None), (*findings, *found)
    return stack, tuple(findings)


@dataclass(frozen=True)
class _Described:
    grid: Grid
    nodata: int | None
    tile_rows: int
    bits: int


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
        message = f"the file has {count} bands; a class map has one"
        fix = "write the band with the classes into a file of its own"
        return None, (Finding.error("class-map-bands", subject, message, fix=fix),)
    if dtype.kind not in "iu":
        message = f"the pixels are {dtype.name}; class numbers are whole numbers"
        fix = "write the map as an integer raster, e.g. gdal_translate -ot Byte"
        return None, (Finding.error("class-map-not-whole-numbers", subject, message, fix=fix),)
    bits = 8 if dtype == np.uint8 else 16
    # A nodata tag that the number type cannot hold (-9999 in a byte map) marks nothing.
    usable = nodata is not None and float(nodata).is_integer()
    return _Described(grid, int(nodata) if usable else None, tile_rows, bits), ()


def _grid_findings(
    described: Sequence[_Described], subjects: Sequence[str], alignment: Alignment
) -> list[Finding]:
    first, found = described[0].grid, []
    for one, subject in zip(described[1:], subjects[1:], strict=True):
        if one.grid == first:
            continue
        place = f"{_in_words(one.grid)}, {subjects[0]} on {_in_words(first)}"
        if alignment == "refuse":
            fix = "declare how to align class maps (nearest), or resample it to that grid"
            message = f"is on another grid: {place}"
            found.append(Finding.error("class-map-grid-differs", subject, message, fix=fix))
        elif one.nodata is None:
            message = f"is on another grid ({place}) and has no nodata number to fill with"
            fix = "write a nodata number that is no class into the file"
            found.append(Finding.error("class-map-nodata-missing", subject, message, fix=fix))
        else:
            message = f"was brought to the grid of {subjects[0]} by nearest neighbour ({place})"
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
    """The class numbers that occur in maps of more than 8 bits."""
    try:
        parts = runner.results(partial(_distinct, stack), stack.blocks)
        values = sorted(set().union(*parts))
    except (RasterioError, OSError) as error:
        return (), (unreadable(", ".join(subjects), "class-map", error),)
    if len(values) > CLASSES_MAX:
        message = f"{len(values)} different numbers occur; up to {CLASSES_MAX} classes are read"
        fix = "give class maps; measured values must be put into classes first"
        subject = ", ".join(subjects)
        return (), (Finding.error("class-map-too-many-classes", subject, message, fix=fix),)
    return tuple(values), ()


def _distinct(stack: MapStack, block: Block) -> set[int]:
    found: set[int] = set()
    with gdal_settings():
        for path, fill, band in stack.layers:
            with stack.opened_map(path, fill) as source:
                found.update(np.unique(source.read(band, window=block.window)).tolist())
    return found
