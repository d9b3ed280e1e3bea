"""Layers behind a stock map: heights, covariates, soil carbon, brought to the grid of the map.

A layer on another grid is refused unless a rule was declared for it; then every resampling is a
finding. Where a file has nothing a layer is NaN, and stays so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.warp import reproject

from bluecarbon.mrv.rasters import Grid, opened, read_grid, read_window
from bluecarbon.mrv.regrid import alignment_finding
from bluecarbon.project_stocks import LayerRule
from bluecarbon.spec import Finding

Findings = tuple[Finding, ...]
Layer = NDArray[np.float32]


@dataclass(frozen=True)
class LayerFile:
    """One band of a raster: value = number x scale. ``rule`` brings it to another grid."""

    path: Path
    band: int = 1
    scale: float = 1.0
    rule: LayerRule | None = None

    @property
    def subject(self) -> str:
        """How findings name it."""
        return self.path.name + (f" band {self.band}" if self.band > 1 else "")


def check_layers(layers: Mapping[str, LayerFile], grid: Grid, like: str) -> Findings:
    """What keeps layers from the grid of the file ``like``, and which of them are resampled.

    Findings: those of a grid (``layer-unreadable`` ...), ``layer-band-missing``,
    ``layer-no-overlap``, ``grid-differs``, ``raster-resampled`` (info).
    """
    found: list[Finding] = []
    for item in layers.values():
        own, problems = read_grid(item.path, item.subject, what="layer")
        found += problems
        if own is None:
            continue
        with opened(item.path) as dataset:
            count = dataset.count
        if item.band > count:
            message = f"band {item.band} is asked for, the file has {count}"
            fix = "bands count from 1"
            found.append(Finding.error("layer-band-missing", item.subject, message, fix=fix))
        if not own.footprint().intersects(grid.footprint()):
            message, fix = f"lies elsewhere than {like}", "give files of the same place"
            found.append(Finding.error("layer-no-overlap", item.subject, message, fix=fix))
            continue
        differs = alignment_finding(own, grid, item.rule, names=(item.subject, like))
        found += [_with_fix(differs)] if differs else []
    return tuple(dict.fromkeys(found))


def _with_fix(finding: Finding) -> Finding:
    if finding.severity != "error":
        return finding
    fix = "declare how it is brought there (nearest, bilinear or average), or resample it yourself"
    return finding.model_copy(update={"fix": fix})


def read_layer(dataset: rasterio.DatasetReader, item: LayerFile, grid: Grid) -> Layer:
    """A layer (height, width) on a grid, NaN where the file has nothing.

    Raises
    ------
    rasterio.errors.RasterioError
        The file is damaged.
    """
    own = Grid(dataset.crs, dataset.transform, dataset.height, dataset.width)
    nodata = dataset.nodatavals[item.band - 1]
    if own.shares_lattice_with(grid) and _inside(own, grid):
        numbers = read_window(dataset, grid, 0, bands=[item.band])[0]
        values = numbers.astype(np.float32)
        if nodata is not None:
            values[numbers == nodata] = np.nan
    else:
        values = _resampled(dataset, item, grid, nodata)
    return np.asarray(values * np.float32(item.scale))


def _inside(own: Grid, grid: Grid) -> bool:
    row, column = own.offset_of(grid)
    rows, columns = row + grid.height, column + grid.width
    return row >= 0 and column >= 0 and rows <= own.height and columns <= own.width


def _resampled(dataset: Any, item: LayerFile, grid: Grid, nodata: float | None) -> Layer:
    values = np.full((grid.height, grid.width), np.nan, dtype=np.float32)
    reproject(
        rasterio.band(dataset, item.band),
        values,
        src_nodata=nodata,
        dst_transform=grid.transform,
        dst_crs=grid.crs,
        dst_nodata=np.nan,
        resampling=Resampling[item.rule or "nearest"],
        # Exact places, one thread: a block must not depend on where its neighbours begin.
        tolerance=0.0,
        num_threads=1,
    )
    return values
