"""Rasters from the table of trajectories: one lookup per pixel and layer, block by block.

Maps are read and coded once per group of layers, and a file is written by one worker in the order
of its blocks, so that its bytes do not depend on how many workers there are. Files are written
under another name and take their own only when all of them are whole.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.shutil import copy

from bluecarbon.errors import OutputError
from bluecarbon.mrv.blocks import Block, Runner, Threads, gdal_settings, row_blocks
from bluecarbon.mrv.kernels.trajectory_codes import Tree, look_up
from bluecarbon.mrv.map_stack import MapStack
from bluecarbon.mrv.trajectories import OUTSIDE, Trajectories, block_codes

Layer = NDArray[np.float32]
"""Values by trajectory code, (trajectories + 1,); the first is that of pixels outside."""

TILE = 512
TILES_AT_ONCE = 8
"""Tiles written in one call: more than fit into the cache of GDAL would be packed twice."""

Compression = Literal["zstd", "lzw", "deflate"]

_UNFINISHED = ".part.tif"

_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "zstd": {"compress": "zstd", "zstd_level": 1},
    "lzw": {"compress": "lzw"},
    "deflate": {"compress": "deflate", "zlevel": 6},
}


@dataclass(frozen=True)
class RasterOptions:
    """How float rasters are written; ``nodata`` also stands for NaN values of a layer.

    ``meanings``: unit and description of a layer by its name.
    """

    compression: Compression = "zstd"
    nodata: float = float("nan")
    cloud_optimised: bool = False
    meanings: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def layer_of(values: NDArray[np.float64], nodata: float) -> Layer:
    """The lookup of :func:`write_layers` from values by trajectory, NaN where there is none."""
    layer = np.concatenate([[np.nan], values]).astype(np.float32)
    layer[np.isnan(layer)] = np.float32(nodata)
    return layer


def write_layers(
    trajectories: Trajectories,
    layers: Mapping[str, NDArray[np.float64]],
    folder: Path,
    *,
    options: RasterOptions | None = None,
    runner: Runner | None = None,
    groups: int = 0,
) -> dict[str, Path]:
    """Write one float32 GeoTIFF per layer.

    Parameters
    ----------
    layers : file name (without ending) -> values by trajectory, (trajectories,), NaN for nodata
    folder : made when it is not there
    groups : layers are shared out among so many pieces of work, each of which reads the maps once;
        0 takes one per core

    Returns
    -------
    Name -> path. Tiles of 512; the same bytes whoever runs it.

    Raises
    ------
    OutputError
        A file cannot be written; then none of them is there.
    """
    options, runner = options or RasterOptions(), runner or Threads()
    number = min(len(layers), groups or os.cpu_count() or 1)
    names = list(layers)
    jobs = []
    for group in range(number):
        # Layers of one kind stand together and pack alike: dealing them out evens the work.
        mine = names[group::number]
        tables = [layer_of(layers[name], options.nodata) for name in mine]
        jobs.append(_Group(tuple(_unfinished(folder, name) for name in mine), tuple(tables)))
    work = partial(_write_group, _Source.of(trajectories), options)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for _ in runner.results(work, jobs):
            pass
        return {name: _finished(folder, name) for name in names}
    except (OSError, RasterioError) as error:
        for name in names:
            for path in (_unfinished(folder, name), _unfinished(folder, name).with_suffix(".cog")):
                with suppress(OSError):
                    path.unlink(missing_ok=True)
        raise OutputError(f"{folder}: rasters cannot be written: {error}") from error


def write_codes(trajectories: Trajectories, path: Path, *, runner: Runner | None = None) -> None:
    """Write the raster of trajectory codes: 0 outside, row ``i`` of the table as ``i + 1``.

    OutputError when it cannot be written; then nothing is there.
    """
    source, runner = _Source.of(trajectories), runner or Threads()
    unfinished = path.with_name(f".{path.name}.part")
    dtype = np.dtype(trajectories.codes_type).name
    profile = source.profile | {"dtype": dtype, "nodata": OUTSIDE, **_OPTIONS["zstd"]}
    try:
        with gdal_settings(), rasterio.open(unfinished, "w", **profile) as target:
            for block, codes in zip(
                source.blocks, runner.results(source.codes, source.blocks), strict=True
            ):
                target.write(codes, 1, window=block.window)
        unfinished.replace(path)
    except (OSError, RasterioError) as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise OutputError(f"{path}: cannot be written: {error}") from error


@dataclass(frozen=True)
class _Source:
    """What a worker needs to code blocks."""

    stack: MapStack
    tree: Tree
    dtype: type

    @classmethod
    def of(cls, trajectories: Trajectories) -> _Source:
        return cls(trajectories.stack, trajectories.tree(), trajectories.codes_type)

    @property
    def blocks(self) -> tuple[Block, ...]:
        grid = self.stack.grid
        # Of whole tiles of the output, or each tile would be packed once per block it touches.
        return row_blocks(grid.height, grid.width, tile_rows=TILE)

    def codes(self, block: Block) -> NDArray[Any]:
        return block_codes(self.stack, self.tree, self.dtype, block)

    @property
    def profile(self) -> dict[str, Any]:
        grid = self.stack.grid
        place = {"crs": grid.crs, "transform": grid.transform}
        size = {"height": grid.height, "width": grid.width, "count": 1}
        tiles = {"tiled": True, "blockxsize": TILE, "blockysize": TILE, "bigtiff": "if_safer"}
        return {"driver": "GTiff", "num_threads": 1, **place, **size, **tiles}


@dataclass(frozen=True)
class _Group:
    paths: tuple[Path, ...]
    tables: tuple[Layer, ...]


def _write_group(source: _Source, options: RasterOptions, group: _Group) -> None:
    """Write the files of one group, block after block."""
    settings = {"dtype": "float32", "nodata": options.nodata, **_OPTIONS[options.compression]}
    with gdal_settings(), ExitStack() as opened:
        targets = []
        for path in group.paths:
            target = rasterio.open(path, "w", **(source.profile | settings))
            targets.append(opened.enter_context(target))
            name = path.name.removeprefix(".").removesuffix(_UNFINISHED)
            _say(target, *options.meanings.get(name, ("", "")))
        for block in source.blocks:
            codes = source.codes(block)
            for part in _parts(block):
                _, columns = part.slices
                piece = np.ascontiguousarray(codes[:, columns])
                values = np.empty(piece.shape, np.float32)
                for target, table in zip(targets, group.tables, strict=True):
                    target.write(look_up(piece, table, values), 1, window=part.window)
    if options.cloud_optimised:
        for path in group.paths:
            _make_cloud_optimised(path, options)


def _say(target: Any, unit: str, description: str) -> None:
    """Write what the band of a raster is, for GDAL, QGIS and xarray."""
    if description:
        target.descriptions, target.units = (description,), (unit,)
        target.update_tags(1, units=unit, long_name=description)


def _parts(block: Block) -> Sequence[Block]:
    width = TILE * TILES_AT_ONCE
    return [
        Block(block.row, first, block.rows, min(width, block.columns - first))
        for first in range(0, block.columns, width)
    ]


def _make_cloud_optimised(path: Path, options: RasterOptions) -> None:
    """The same file with overviews and the layout of a cloud-optimised GeoTIFF."""
    made = path.with_suffix(".cog")
    level = {"level": 1} if options.compression == "zstd" else {}
    settings = {"compress": options.compression, "blocksize": TILE, "num_threads": 1, **level}
    copy(path, made, driver="COG", overview_resampling="average", **settings)
    made.replace(path)


def _unfinished(folder: Path, name: str) -> Path:
    return folder / f".{name}{_UNFINISHED}"


def _finished(folder: Path, name: str) -> Path:
    path = folder / f"{name}.tif"
    _unfinished(folder, name).replace(path)
    return path
