"""Reference points drawn at random in every class of a map, the same for the same seed.

Pixels are drawn without replacement. Where pixels differ in area (degrees), a pixel is taken with
a chance in proportion to its area, so that a stratum's points are spread evenly over its ground.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import Transformer

from bluecarbon.mrv.area import pixel_area_ha
from bluecarbon.mrv.blocks import Block, Runner, Threads, gdal_settings
from bluecarbon.mrv.class_sizes import blocks_of, class_sizes, grid_of
from bluecarbon.mrv.rasters import Grid, opened, read_grid
from bluecarbon.spec import Finding, errors_in

POINT_COLUMNS = (
    "point_id", "lon", "lat", "stratum", "epoch", "label", "row", "column",
    "inclusion_probability", "provenance",
)  # fmt: skip

SMALLEST_AREA_SHARE = 1e-6
"""Pixels smaller than this part of the largest (at a pole) are never drawn."""

Findings = tuple[Finding, ...]
Counts = NDArray[np.int64]


def row_counts(path: Path, band: int, codes: tuple[int, ...], block: Block) -> Counts:
    """Pixels of every code in every row of a block, shape (codes, rows); its own file handle."""
    with gdal_settings(), opened(path) as dataset:
        values = dataset.read(band, window=block.window)
    return np.array([(values == code).sum(axis=1) for code in codes], dtype=np.int64)


def draw_points(
    path: Path,
    allocation: Mapping[str, int],
    *,
    seed: int,
    band: int = 1,
    names: Mapping[int, str] | None = None,
    epoch: int | None = None,
    runner: Runner | None = None,
) -> tuple[pd.DataFrame | None, Findings]:
    """Draw points in the classes of a map: a stratified random sample for somebody to label.

    Parameters
    ----------
    path, band, names : the map, as in :func:`bluecarbon.mrv.class_sizes.class_sizes`
    allocation : class name -> points
    seed : of the generator (PCG64); the same seed and map give the same points

    Returns
    -------
    A row for each point in random order: point_id, lon, lat (pixel centres, WGS 84), stratum,
    epoch, label (empty: to be filled without looking at the map), row, column,
    inclusion_probability and provenance ("stratified random"). None with findings when a class is
    unknown or has fewer pixels than points.
    """
    runner = runner or Threads()
    sizes, found = class_sizes(path, band=band, names=names, runner=runner)
    grid, _ = read_grid(path, path.name, what="class-map")
    if sizes is None or grid is None or errors_in(found):
        return None, found
    if wrong := _allocation_findings(sizes, allocation, path.name):
        return None, (*found, *wrong)
    codes = tuple(int(code) for code in sizes["code"])
    work = partial(row_counts, path, band, codes)
    counts = np.concatenate(list(runner.results(work, blocks_of(path))), axis=1)
    rng = np.random.default_rng(seed)
    row_area = _row_areas(grid)
    tables = []
    for name, points in allocation.items():
        own = np.flatnonzero((sizes["stratum"] == name).to_numpy())
        per_row = counts[own].sum(axis=0)
        row, rank = _ranks(per_row, row_area, int(points), rng)
        column = _columns(path, band, [codes[i] for i in own], row=row, rank=rank)
        chance = points / int(per_row.sum())
        tables.append(
            pd.DataFrame({"stratum": name, "row": row, "column": column}).assign(
                inclusion_probability=chance * row_area[row] / _mean(row_area, per_row)
            )
        )
    return _as_sample(pd.concat(tables, ignore_index=True), grid, rng, epoch), found


def _mean(area: NDArray[np.float64], count: Counts) -> float:
    return float((area * count).sum() / count.sum())


def _allocation_findings(
    sizes: pd.DataFrame, allocation: Mapping[str, int], subject: str
) -> Findings:
    pixels = sizes.groupby("stratum")["pixels"].sum()
    found = []
    for name, points in allocation.items():
        if name not in pixels.index:
            message = f"has no class '{name}'"
            fix = f"classes of the map: {', '.join(pixels.index)}"
            found.append(Finding.error("stratum-unknown", subject, message, fix=fix))
        elif not 1 <= points <= pixels[name]:
            message = f"{points} points are asked for in '{name}', which has {pixels[name]} pixels"
            fix = "ask for one point or more, and not for more than there are pixels"
            found.append(Finding.error("stratum-too-small", subject, message, fix=fix))
    return tuple(found)


def _row_areas(grid: Grid) -> NDArray[np.float64]:
    """Relative area of the pixels of every row: 1 on a projected grid, whose pixels are alike.

    The areal scale of a UTM zone varies by 0.3 % over its whole width, which no sample resolves.
    """
    if not grid.crs.is_geographic:
        return np.ones(grid.height)
    area = pixel_area_ha(grid_of(grid, Block(0, 0, grid.height, 1)))[:, 0]
    return np.asarray(area / area.max())


def _ranks(
    per_row: Counts, row_area: NDArray[np.float64], points: int, rng: np.random.Generator
) -> tuple[Counts, Counts]:
    """Row of each drawn pixel, and how many pixels of the stratum stand before it in the row."""
    ends = np.cumsum(per_row)
    chosen: dict[int, int] = {}
    for pixel in _candidates(int(ends[-1]), points, rng):
        row = int(np.searchsorted(ends, pixel, side="right"))
        if rng.random() * row_area.max() <= max(row_area[row], SMALLEST_AREA_SHARE):
            chosen.setdefault(pixel, row)
        if len(chosen) == points:
            break
    rows = np.array(list(chosen.values()), dtype=np.int64)
    return rows, np.array(list(chosen), dtype=np.int64) - (ends[rows] - per_row[rows])


def _candidates(pixels: int, points: int, rng: np.random.Generator) -> Iterator[int]:
    """Numbers below ``pixels`` at random; one that comes again is for the caller to leave out."""
    if points * 4 < pixels:
        while True:
            yield from rng.integers(0, pixels, size=2 * points).tolist()
    while True:
        yield from rng.permutation(pixels).tolist()


def _columns(path: Path, band: int, codes: list[int], *, row: Counts, rank: Counts) -> Counts:
    """Column of the pixel with this rank among those of the stratum in its row."""
    result = np.zeros(len(row), dtype=np.int64)
    with gdal_settings(), opened(path) as dataset:
        for block in blocks_of(path):
            inside = np.flatnonzero((row >= block.row) & (row < block.row + block.rows))
            if len(inside) == 0:
                continue
            own = np.isin(dataset.read(band, window=block.window), codes)
            for point in inside:
                result[point] = np.flatnonzero(own[row[point] - block.row])[rank[point]]
    return result


def _as_sample(
    table: pd.DataFrame, grid: Grid, rng: np.random.Generator, epoch: int | None
) -> pd.DataFrame:
    """Places and ids in random order: whoever labels must not see which class comes next."""
    mixed = table.iloc[rng.permutation(len(table))].reset_index(drop=True)
    across, down = grid.pixel_size
    x = grid.transform.c + (mixed["column"].to_numpy() + 0.5) * across
    y = grid.transform.f - (mixed["row"].to_numpy() + 0.5) * down
    longitude, latitude = Transformer.from_crs(grid.crs, 4326, always_xy=True).transform(x, y)
    digits = len(str(len(mixed)))
    sample = mixed.assign(
        point_id=[f"R{number:0{digits}d}" for number in range(1, len(mixed) + 1)],
        lon=np.round(longitude, 7),
        lat=np.round(latitude, 7),
        epoch="" if epoch is None else epoch,
        label="",
        provenance="stratified random",
    )
    return sample[list(POINT_COLUMNS)]
