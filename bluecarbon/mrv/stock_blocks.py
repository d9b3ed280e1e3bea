"""The stocks of one block: densities as maps, and sums by group that add up to the tables.

A pixel that strata cut has a density for each of its parts; the map holds their mean by area, and
each stratum takes its own. Sums are of the numbers that the maps hold (float32) times geodesic
areas: whoever multiplies the maps gets the tables. Where some parts of a pixel are unknown, the map
holds the mean of the others, and tables count only those.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from bluecarbon.mrv.area import pixel_area_ha, weights_of
from bluecarbon.mrv.areal_scale import M2_PER_HA
from bluecarbon.mrv.blocks import Block, gdal_settings
from bluecarbon.mrv.class_sizes import grid_of
from bluecarbon.mrv.rasters import Grid, opened, unreadable
from bluecarbon.mrv.stock_layers import Layer, read_layer
from bluecarbon.mrv.stock_plan import StockPlan
from bluecarbon.mrv.stock_sources import Pixels
from bluecarbon.mrv.stock_terms import (
    Field,
    Floats,
    Whole,
    mean_of_parts,
    pixel_error,
    summed_slopes,
    summed_variance,
)
from bluecarbon.spec import Finding


@dataclass(frozen=True)
class StockSums:
    """Sums by group; the first axis of the others is that of ``StockPlan.fields``.

    Attributes
    ----------
    area_ha : (groups,) of all counted pixels
    known_ha : (fields, groups) of those with a density
    stock_tc : (fields, groups)
    slopes : (fields, groups, parameters) tC for one unit of each shared parameter
    variance : (fields, groups) tC2 of what pixels have of their own
    outside_ha : by layer, where it lies outside the range that a source was made for
    """

    area_ha: Floats
    known_ha: Floats
    stock_tc: Floats
    slopes: Floats
    variance: Floats
    outside_ha: Mapping[str, float] = field(default_factory=dict)

    def plus(self, other: StockSums) -> StockSums:
        """The sums of two parts of the ground."""
        names = dict.fromkeys((*self.outside_ha, *other.outside_ha))
        outside = {
            name: self.outside_ha.get(name, 0.0) + other.outside_ha.get(name, 0.0) for name in names
        }
        return StockSums(
            self.area_ha + other.area_ha,
            self.known_ha + other.known_ha,
            self.stock_tc + other.stock_tc,
            self.slopes + other.slopes,
            self.variance + other.variance,
            outside,
        )


def no_sums(plan: StockPlan) -> StockSums:
    """The sums of no ground at all."""
    fields, groups = len(plan.fields), len(plan.counted.groups)
    zeros = np.zeros((fields, groups))
    slopes = np.zeros((fields, groups, len(plan.covariance)))
    return StockSums(np.zeros(groups), zeros, zeros, slopes, zeros)


@dataclass(frozen=True)
class BlockStocks:
    """Maps (files, height, width) in the order of :func:`map_names`, and the block's sums."""

    maps: NDArray[np.float32]
    sums: StockSums


def map_names(plan: StockPlan) -> tuple[str, ...]:
    """The maps of a plan: each pool and the total, and then their standard errors."""
    errors = tuple(f"{name}_se" for name in plan.fields) if plan.error_maps else ()
    return (*plan.fields, *errors)


def block_stocks(plan: StockPlan, block: Block) -> BlockStocks | Finding:
    """Read a block of the plan's files and compute it; the finding of a file that is damaged."""
    part = grid_of(plan.grid, block)
    codes: NDArray[np.generic] | None = None
    layers: dict[str, Layer] = {}
    with gdal_settings():
        for name, item in {"": plan.class_file, **plan.layers}.items():
            if item is None:
                continue
            try:
                with opened(item.path) as dataset:
                    if name:
                        layers[name] = read_layer(dataset, item, part)
                    else:
                        codes = dataset.read(item.band, window=block.window)
            except RasterioError as error:
                return unreadable(item.subject, "layer", error)
    return stocks_of(plan, part, codes, layers)


def stocks_of(
    plan: StockPlan,
    grid: Grid,
    codes: NDArray[np.generic] | None,
    layers: Mapping[str, Layer],
) -> BlockStocks:
    """The stocks of arrays (height, width) on a grid."""
    ground = _Ground.of(plan, grid, codes)
    places = ground.places[ground.part_pixel]
    # Every part is computed by itself: a stratum never takes the density of its neighbour.
    parts = Pixels(
        ground.part_group, {n: v.ravel()[places].astype(np.float64) for n, v in layers.items()}
    )
    fields = plan.pool_fields(parts)
    maps = np.full((len(map_names(plan)), grid.height * grid.width), np.nan, dtype=np.float32)
    for number, (name, item) in enumerate(fields.items()):
        whole = mean_of_parts(item, ground.part_pixel, ground.part_ha, len(ground.places))
        maps[number, ground.places] = whole.density
        if plan.error_maps:
            error = pixel_error(whole, plan.covariance)
            error[np.isnan(whole.density)] = np.nan
            maps[len(fields) + number, ground.places] = error
        fields[name] = _as_mapped(item, whole, ground.part_pixel)
    sums = _sums(plan, ground, fields, parts)
    return BlockStocks(maps.reshape(-1, grid.height, grid.width), sums)


def _as_mapped(item: Field, whole: Field, pixel: Whole) -> Field:
    """Parts whose mean is what the map holds (float32): the total must be the sum of its pixels."""
    held = whole.density.astype(np.float32).astype(np.float64)
    factor = np.divide(held, whole.density, out=np.ones_like(held), where=whole.density != 0)
    return replace(item, density=item.density * factor[pixel])


@dataclass(frozen=True)
class _Ground:
    """Counted pixels of a block and the parts of them that count.

    ``places`` (pixels,) flat places on the grid; ``part_pixel`` (parts,) which of the pixels,
    ``part_group`` and ``part_ha`` (parts,): a pixel that strata cut has several parts.
    """

    places: Whole
    part_pixel: Whole
    part_group: Whole
    part_ha: Floats

    @classmethod
    def of(cls, plan: StockPlan, grid: Grid, codes: NDArray[np.generic] | None) -> _Ground:
        shape = (grid.height, grid.width)
        kind = plan.counted.class_places(codes, shape).ravel()
        pixel_ha = pixel_area_ha(grid)
        if not plan.counted.strata:
            places = np.flatnonzero(kind >= 0)
            every = np.arange(len(places))
            return cls(places, every, kind[places], pixel_ha.ravel()[places])
        return cls._cut(plan, grid, kind, pixel_ha)

    @classmethod
    def _cut(cls, plan: StockPlan, grid: Grid, kind: Whole, pixel_ha: Floats) -> _Ground:
        classes = len(plan.counted.class_names)
        parts = []
        flat = np.arange(len(kind)).reshape(grid.height, grid.width)
        for number, geometry in enumerate(plan.counted.strata.values()):
            weights = weights_of(geometry, grid, pixel_ha)
            inside = flat[weights.rows, weights.columns].ravel()
            area_ha = weights.area_ha.ravel()
            kept = (area_ha > 0) & (kind[inside] >= 0)
            inside, area_ha = inside[kept], area_ha[kept]
            parts.append((inside, number * classes + kind[inside], area_ha))
        inside, group, area_ha = (np.concatenate(column) for column in zip(*parts, strict=True))
        places, position = np.unique(inside, return_inverse=True)
        return cls(places, position, group, area_ha)


def _sums(
    plan: StockPlan, ground: _Ground, fields: Mapping[str, Field], parts: Pixels
) -> StockSums:
    groups, parameters = len(plan.counted.groups), len(plan.covariance)
    known, stock, slopes, variance = [], [], [], []
    inflation = _inflation(plan, ground.part_ha)
    for item in fields.values():
        known_ha = np.where(np.isnan(item.density), 0.0, ground.part_ha)
        known.append(_by_group(ground.part_group, known_ha, groups))
        carbon = np.nan_to_num(item.density) * ground.part_ha
        stock.append(_by_group(ground.part_group, carbon, groups))
        slopes.append(summed_slopes(item, ground.part_group, known_ha, shape=(groups, parameters)))
        own = summed_variance(item, ground.part_group, known_ha, groups)
        variance.append(own * inflation)
    outside = {name: float(ground.part_ha[flags].sum()) for name, flags in parts.outside.items()}
    area = _by_group(ground.part_group, ground.part_ha, groups)
    stacked = tuple(np.stack(rows) for rows in (known, stock, slopes, variance))
    return StockSums(area, stacked[0], stacked[1], stacked[2], stacked[3], outside)


def _by_group(group: Whole, weights: Floats, groups: int) -> Floats:
    return np.bincount(group, weights=weights, minlength=groups).astype(np.float64)


def _inflation(plan: StockPlan, area_ha: Floats) -> float:
    """How many pixels are alike: the integral of an exponential correlogram over the plane.

    2 pi L2 over the area of a pixel, never below 1 (the limit of ground much larger than L).
    """
    if not len(area_ha) or plan.residual_length_m == 0:
        return 1.0
    pixel_m2 = float(area_ha.max()) * M2_PER_HA
    return max(1.0, 2 * np.pi * plan.residual_length_m**2 / pixel_m2)
