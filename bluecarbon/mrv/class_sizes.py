"""The classes of a raster with their pixels and hectares: the strata of a sample.

Every number of the band is a class, 0 too, unless the file (or the caller) says that it stands for
"no data": then its pixels are counted all the same, and a finding says what is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from bluecarbon.mrv.area import pixel_area_ha
from bluecarbon.mrv.blocks import Block, Runner, Threads, gdal_settings, row_blocks
from bluecarbon.mrv.rasters import Grid, opened, read_grid, unreadable
from bluecarbon.spec import Finding, errors_in

Findings = tuple[Finding, ...]

TAG = "class_"
"""Class maps of bluecarbon name their classes in tags class_001 ... of the file."""

CODES_MAX = 65_536

NOT_SEEN = frozenset({"outside", "unobserved"})
"""Names of classes that say nothing about the ground, whatever number has them."""


def block_sizes(path: Path, band: int, block: Block) -> list[tuple[int, int, float]]:
    """(number, pixels, hectares) of every number in one block; its own file handle."""
    with gdal_settings(), opened(path) as dataset:
        values = dataset.read(band, window=block.window).astype(np.int64).ravel()
        grid = Grid(dataset.crs, dataset.transform, dataset.height, dataset.width)
    first = int(values.min())
    shifted = values - first
    if int(shifted.max()) >= CODES_MAX:
        raise ValueError(f"{path.name}: numbers from {first} to {first + int(shifted.max())}")
    pixels = np.bincount(shifted)
    area_ha = np.bincount(shifted, weights=pixel_area_ha(grid_of(grid, block)).ravel())
    return [(first + int(i), int(pixels[i]), float(area_ha[i])) for i in np.flatnonzero(pixels)]


def grid_of(grid: Grid, block: Block) -> Grid:
    """The part of a grid that a block takes."""
    across, down = grid.pixel_size
    left = grid.transform.c + block.column * across
    top = grid.transform.f - block.row * down
    transform = Affine(across, 0.0, left, 0.0, -down, top)
    return Grid(grid.crs, transform, block.rows, block.columns)


def blocks_of(path: Path) -> tuple[Block, ...]:
    """Bands of whole tile rows that tile a raster."""
    with opened(path) as dataset:
        height, width, tile_rows = dataset.height, dataset.width, dataset.block_shapes[0][0]
    return row_blocks(height, width, tile_rows=int(tile_rows))


def class_sizes(
    path: Path,
    *,
    band: int = 1,
    names: Mapping[int, str] | None = None,
    runner: Runner | None = None,
) -> tuple[pd.DataFrame | None, Findings]:
    """Pixels and geodesic hectares of every class of a raster, block by block.

    Parameters
    ----------
    path : whole numbers on a north-up grid
    names : number -> class; by default the file's ``class_`` tags, else the number as text. A
        number that is named is a class also where the file tags it as nodata.

    Returns
    -------
    Columns code, stratum (the class name), pixels, area_ha, in order of the codes; codes of one
    name share it; nodata and what nobody saw ("outside", "unobserved") have no row, and findings
    give their hectares. None with findings when the file cannot be used.
    """
    subject = path.name
    grid, found = read_grid(path, subject, what="class-map")
    if grid is None or errors_in(found):
        return None, found
    try:
        with opened(path) as dataset:
            wrong = _band_finding(dataset, band, subject)
            nodata, legend = dataset.nodata, dict(names or tagged_names(dataset.tags()))
        if wrong is not None:
            return None, (wrong,)
        work = partial(block_sizes, path, band)
        parts = [
            row for rows in (runner or Threads()).results(work, blocks_of(path)) for row in rows
        ]
    except (RasterioError, OSError) as error:
        return None, (unreadable(subject, "class-map", error),)
    except ValueError as error:
        fix = "give a map of classes, with a number for each"
        return None, (Finding.error("class-map-not-classes", subject, str(error), fix=fix),)
    table = pd.DataFrame(parts, columns=["code", "pixels", "area_ha"])
    sizes = table.groupby("code", as_index=False, sort=True).sum()
    return _named(sizes, legend, nodata, subject)


def _band_finding(dataset: rasterio.DatasetReader, band: int, subject: str) -> Finding | None:
    if not 1 <= band <= dataset.count:
        message = f"band {band} is asked for, the file has {dataset.count}"
        return Finding.error("class-map-band-missing", subject, message, fix="bands count from 1")
    if not np.issubdtype(np.dtype(dataset.dtypes[band - 1]), np.integer):
        message = f"holds {dataset.dtypes[band - 1]} numbers, which are no classes"
        fix = "export the map with whole numbers, one for each class"
        return Finding.error("class-map-not-classes", subject, message, fix=fix)
    return None


def tagged_names(tags: Mapping[str, str]) -> dict[int, str]:
    """Number -> class name from the tags of a class map that bluecarbon wrote; may be empty."""
    return {
        int(key[len(TAG) :]): name
        for key, name in tags.items()
        if key.startswith(TAG) and key[len(TAG) :].isdigit()
    }


def _named(
    sizes: pd.DataFrame, legend: Mapping[int, str], nodata: float | None, subject: str
) -> tuple[pd.DataFrame, Findings]:
    """Sizes with class names, without the numbers that say nothing about the ground."""
    kept = sizes[[not says_nothing(int(code), nodata, legend) for code in sizes["code"]]]
    named = kept.assign(stratum=[legend.get(int(code), str(code)) for code in kept["code"]])
    empty = [is_nodata(int(code), nodata, legend) for code in sizes["code"]]
    unseen = sizes.drop(index=kept.index.union(sizes.index[empty]))
    found: list[Finding] = []
    if any(empty):
        message = (
            f"{_in_hectares(sizes[empty])} of number {nodata:g} are no data by the file's own tag, "
            "and no part of the sample"
        )
        fix = "if the number is a class, name it in the legend"
        found.append(Finding.info("class-map-nodata", subject, message, fix=fix))
    if not unseen.empty:
        names = ", ".join(f"'{legend[int(code)]}' ({code})" for code in unseen["code"])
        message = f"{_in_hectares(unseen)} are {names}: unknown ground, and no part of the sample"
        fix = "what is estimated is about the rest; map this ground, or say that it is missing"
        found.append(Finding.warning("class-map-unobserved", subject, message, fix=fix))
    return named[["code", "stratum", "pixels", "area_ha"]].reset_index(drop=True), tuple(found)


def _in_hectares(sizes: pd.DataFrame) -> str:
    return f"{int(sizes['pixels'].sum()):,} pixels ({sizes['area_ha'].sum():,.2f} ha)"


def says_nothing(code: int, nodata: float | None, legend: Mapping[int, str]) -> bool:
    """Whether a number is no class: "no data", or named as what nobody saw (:data:`NOT_SEEN`)."""
    return is_nodata(code, nodata, legend) or legend.get(code) in NOT_SEEN


def is_nodata(code: int, nodata: float | None, legend: Mapping[int, str]) -> bool:
    """Whether a number stands for "no data": the file says so, and no legend names it a class.

    0 is a class in many maps. In maps that bluecarbon wrote it is named "outside", which is none.
    """
    return code == nodata and legend.get(code, "outside") == "outside"


def by_class(sizes: pd.DataFrame) -> pd.DataFrame:
    """The strata of a sample from :func:`class_sizes`: one row for each class name."""
    return sizes.groupby("stratum", as_index=False, sort=False)[["pixels", "area_ha"]].sum()


def values_at(
    path: Path, row: NDArray[np.int64], column: NDArray[np.int64], *, band: int = 1
) -> NDArray[Any]:
    """The numbers of a raster at pixels (row, column), shape (n,); each tile row is read once."""
    result = np.zeros(len(row), dtype=np.int64)
    with gdal_settings(), opened(path) as dataset:
        for block in blocks_of(path):
            inside = np.flatnonzero((row >= block.row) & (row < block.row + block.rows))
            if len(inside):
                values = dataset.read(band, window=block.window)
                result[inside] = values[row[inside] - block.row, column[inside]]
    return result
