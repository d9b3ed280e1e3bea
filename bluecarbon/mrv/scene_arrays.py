"""Scenes in a notebook: data sets of bands in, indices and composites out, block by block.

A scene is a ``Dataset`` with a variable for each band, (y, x) or (time, y, x), as STAC loaders and
:func:`open_scenes` give it. Where a variable ``reason`` says why a pixel is not used, it is heard.
Arrays may be lazy: what is computed at once is a block. The numbers are those of the engines that
read files (:mod:`.indices`, :mod:`.composites`); tests compare them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bluecarbon.errors import DataError
from bluecarbon.mrv import quality_bits
from bluecarbon.mrv.arrays import X_NAMES, Y_NAMES, grid_of, to_dataarray
from bluecarbon.mrv.blocks import Block, Threads, tile_blocks
from bluecarbon.mrv.composites import (
    STACK_BYTES_MOST,
    CompositeBlock,
    Statistic,
    composite_numbers,
)
from bluecarbon.mrv.indices import check_indices, compute_index, index_named
from bluecarbon.mrv.kernels.masks import reasons
from bluecarbon.mrv.rasters import Grid
from bluecarbon.mrv.reasons import NODATA, REASONS
from bluecarbon.mrv.regrid import Rule
from bluecarbon.mrv.scenes import SceneData, read_scene, scene_grid, spectral_bands
from bluecarbon.project import Imagery
from bluecarbon.spec import Finding, errors_in

TIME, REASON, OBSERVATIONS = "time", "reason", "observations"

TILE_PX = 512

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class SceneNumbers:
    """How digital numbers of scenes are read; not needed for reflectance.

    Attributes
    ----------
    scale, offset : reflectance = number x scale + offset
    mask : the variable with the numbers of the quality band, "" when there is none
    mask_legend : what they mean (:mod:`.quality_bits`)
    nodata : the number in a band that means "no number"
    """

    scale: float = 1.0
    offset: float = 0.0
    mask: str = ""
    mask_legend: str = quality_bits.SCL
    nodata: float = 0.0


def open_scenes(
    imagery: Imagery, folder: Path, *, onto: Grid | None = None, rule: Rule | None = None
) -> tuple[xr.Dataset | None, Findings]:
    """The scenes of an ``[imagery]`` as reflectance (time, y, x), one variable for each band.

    Judged and masked as ``bluecarbon run`` does it; a pixel that is not used is NaN, and
    ``reason`` says why. The scenes are held in memory.

    Parameters
    ----------
    folder : where the declared paths begin
    onto : the grid of the result, by default that of the first scene
    rule : how scenes of other grids are brought there; without one they are refused

    Returns
    -------
    The data set in the order of dates; ``epoch`` (time) is the year of the map that a scene is
    for. None when a finding is an error.
    """
    found: Findings = ()
    scenes: list[SceneData] = []
    for scene in sorted(imagery.scene, key=lambda item: (item.date, item.path)):
        path = folder / scene.path
        grid, problems = scene_grid(path, imagery, path.name, rule)
        found += problems
        if grid is None or errors_in(problems):
            continue
        onto = onto or grid
        if rule is None and not grid.shares_lattice_with(onto):
            found += (_other_grid(path.name),)
            continue
        data, problems = read_scene(path, scene, imagery, onto, rule=rule)
        found += problems
        scenes += [] if data is None else [data]
    if errors_in(found) or onto is None:
        return None, found
    return scene_dataset(scenes, spectral_bands(imagery), onto), found


def _other_grid(subject: str) -> Finding:
    message = "lies on another grid than the first scene"
    fix = "say how to bring it there, e.g. rule='bilinear'"
    return Finding.error("scene-grid-differs", subject, message, fix=fix)


def scene_dataset(scenes: Sequence[SceneData], bands: Sequence[str], grid: Grid) -> xr.Dataset:
    """Scenes in memory as a data set (time, y, x), in their order."""
    reflectance = np.stack([scene.reflectance for scene in scenes], axis=1)
    layers = dict(zip(bands, reflectance, strict=True))
    made = {name: _of_time(to_dataarray(values, grid, name)) for name, values in layers.items()}
    reason = np.stack([scene.reason for scene in scenes])
    legend = dict(enumerate(REASONS))
    made[REASON] = _of_time(to_dataarray(reason, grid, REASON, legend=legend))
    dates = pd.DatetimeIndex([scene.date for scene in scenes]).as_unit("ns")
    epochs = (TIME, [scene.epoch for scene in scenes])
    names = (TIME, [scene.name for scene in scenes])
    return xr.Dataset(made).assign_coords(time=dates, epoch=epochs, scene=names)


def _of_time(array: xr.DataArray) -> xr.DataArray:
    return array.rename(band=TIME)


def indices_of(scene: xr.Dataset, names: Sequence[str]) -> xr.Dataset:
    """Spectral indices of reflectance, one variable each, of the shape of the bands.

    Lazy where the bands are; what they are is in the attributes of :mod:`.indices`.

    Raises
    ------
    DataError
        An index is unknown or named twice, or a band that it needs is missing.
    """
    bands = [str(name) for name in scene.data_vars]
    found = check_indices(names, bands)
    if errors_in(found):
        raise DataError(found)
    made = {name: _index(scene, name) for name in names}
    return xr.Dataset(made, attrs=scene.attrs)


def _index(scene: xr.Dataset, name: str) -> xr.DataArray:
    index = index_named(name)
    needed = index.bands if index else ()

    def compute(*values: NDArray[np.float32]) -> NDArray[np.float32]:
        return compute_index(name, dict(zip(needed, values, strict=True)))

    array: xr.DataArray = xr.apply_ufunc(
        compute,
        *(scene[band] for band in needed),
        dask="parallelized",
        output_dtypes=[np.float32],
        keep_attrs="override",
    )
    place = scene[needed[0]].attrs.get("grid_mapping", "spatial_ref")
    about = {"units": "1", "long_name": index.formula if index else name, "grid_mapping": place}
    made = array.rename(name)
    made.attrs = about
    return made


def composite_of_scenes(
    scenes: xr.Dataset,
    statistic: Statistic = "median",
    *,
    percent: float = 50.0,
    numbers: SceneNumbers | None = None,
    runner: Threads | None = None,
) -> xr.Dataset:
    """The composite of scenes (time, y, x): a variable for each band, observations and reason.

    Parameters
    ----------
    scenes : reflectance, NaN or with a ``reason`` where a pixel is not used; or with ``numbers``
        digital numbers and their quality band
    statistic, percent : see :func:`bluecarbon.mrv.composites.composite_of`

    Returns
    -------
    Reflectance float32, NaN where no scene saw the pixel; ``observations`` (y, x) how many did;
    ``reason`` (y, x) 0, or why the latest scene did not. Held in memory.

    Raises
    ------
    DataError
        No grid, no axis ``time``, or no band.
    """
    grid = grid_of(scenes)
    read = _Reading(scenes, numbers or SceneNumbers(nodata=float("nan")))
    found = read.findings()
    if found:
        raise DataError(found)
    size = (grid.height, grid.width)
    reflectance = np.empty((len(read.bands), *size), np.float32)
    observations, reason = np.empty(size, np.uint16), np.empty(size, np.uint8)
    blocks = _blocks(grid, scenes.sizes[TIME] * len(read.bands) * 4)
    work = partial(_composite, read.in_order(), statistic, percent)
    for block, part in zip(blocks, (runner or Threads()).results(work, blocks), strict=True):
        form = (block.rows, block.columns)
        reflectance[:, *block.slices] = part.reflectance.reshape(-1, *form)
        observations[block.slices] = part.observations.reshape(form)
        reason[block.slices] = part.reason.reshape(form)
    made = {
        name: to_dataarray(v, grid, name) for name, v in zip(read.bands, reflectance, strict=True)
    }
    made[OBSERVATIONS] = to_dataarray(observations, grid, OBSERVATIONS)
    made[REASON] = to_dataarray(reason, grid, REASON, legend=dict(enumerate(REASONS)))
    return xr.Dataset(made)


def _blocks(grid: Grid, pixel_bytes: int) -> tuple[Block, ...]:
    return tile_blocks(
        grid.height,
        grid.width,
        tile_rows=TILE_PX,
        tile_columns=TILE_PX,
        pixels_most=STACK_BYTES_MOST // pixel_bytes,
    )


def _composite(
    read: _Reading, statistic: Statistic, percent: float, block: Block
) -> CompositeBlock:
    stack, reason = read(block)
    scaling = (read.how.scale, read.how.offset)
    return composite_numbers(
        stack,
        reason,
        statistic,
        percent=percent,
        scaling=None if scaling == (1.0, 0.0) else scaling,
    )


@dataclass(frozen=True)
class _Reading:
    """How blocks of a data set of scenes are read: bands, and why pixels are not used."""

    scenes: xr.Dataset
    how: SceneNumbers

    @property
    def bands(self) -> tuple[str, ...]:
        held = (str(name) for name, array in self.scenes.data_vars.items() if TIME in array.dims)
        return tuple(name for name in held if name not in {self.how.mask, REASON})

    def findings(self) -> Findings:
        if self.bands and (not self.how.mask or self.how.mask in self.scenes):
            return ()
        mask = f", or no variable '{self.how.mask}'" if self.how.mask else ""
        message = f"the data set has no band with an axis time{mask}"
        fix = "give a variable for each band, (time, y, x)"
        return (Finding.error("scene-band-missing", "scenes", message, fix=fix),)

    def in_order(self) -> _Reading:
        """The same in the order of dates: the latest scene says why a pixel was not seen."""
        axes = [n for n in self.scenes.dims if n in Y_NAMES] + [
            n for n in self.scenes.dims if n in X_NAMES
        ]
        ordered = self.scenes.sortby(TIME) if TIME in self.scenes.coords else self.scenes
        return _Reading(ordered.transpose(TIME, *axes, ...), self.how)

    def __call__(self, block: Block) -> tuple[NDArray[Any], NDArray[np.uint8]]:
        """(scenes, bands, pixels) and (scenes, pixels) of a block."""
        place = (slice(None), *block.slices)
        layers = [np.asarray(self.scenes[name][place].values) for name in self.bands]
        exact = all(layer.dtype == np.uint16 for layer in layers)
        dtype = np.uint16 if exact else np.float32
        count = layers[0].shape[0]
        stack = np.stack([layer.reshape(count, -1) for layer in layers], axis=1).astype(dtype)
        mask, table = self._mask(place, count)
        reason = np.stack([
            reasons(bands, said, table, nodata=self.how.nodata, empty=NODATA)
            for bands, said in zip(stack, mask, strict=True)
        ])  # fmt: skip
        return stack, self._own_reason(reason, place)

    def _mask(self, place: Any, count: int) -> tuple[Any, NDArray[np.uint8]]:
        if not self.how.mask:
            return np.empty((count, 0), np.uint8), np.zeros(1, np.uint8)
        said = np.asarray(self.scenes[self.how.mask][place].values).reshape(count, -1)
        # A quality band that was read as floats holds whole numbers all the same; a gap is 0.
        whole = np.nan_to_num(said).astype(np.uint16)
        return whole, quality_bits.reason_table(self.how.mask_legend)

    def _own_reason(self, reason: NDArray[np.uint8], place: Any) -> NDArray[np.uint8]:
        """What the data set says of itself comes first: a masked pixel has no number either."""
        if REASON not in self.scenes:
            return reason
        said = np.asarray(self.scenes[REASON][place].values).reshape(reason.shape)
        return np.where(said > 0, said, reason).astype(np.uint8)
