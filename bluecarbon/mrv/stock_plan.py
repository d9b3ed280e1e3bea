"""What a stock map is made from: which pixels count, and a source for each pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag

from bluecarbon.mrv.rasters import Geometry, Grid
from bluecarbon.mrv.stock_layers import LayerFile
from bluecarbon.mrv.stock_sources import POOLS, Pixels, RatioSource, Source, TableSource
from bluecarbon.mrv.stock_terms import Field, Floats, added
from bluecarbon.project_stocks import Pool

TOTAL = "total"

ALL_STRATA = ""
"""The stratum of a map without strata, and of the sum over all of them."""

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Counted:
    """Which pixels count: numbers of a class map by class name, and strata as WGS 84 polygons.

    Without ``classes`` every pixel counts, as one class with the name ``every pixel``; without
    strata the whole map is one.
    """

    classes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    strata: Mapping[str, Geometry] = field(default_factory=dict)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes that count, in order."""
        return tuple(self.classes) or ("every pixel",)

    @property
    def stratum_names(self) -> tuple[str, ...]:
        """The strata, in order."""
        return tuple(self.strata) or (ALL_STRATA,)

    @property
    def groups(self) -> tuple[tuple[str, str], ...]:
        """Stratum and class of each group; group = place of stratum x classes + place of class."""
        return tuple((s, c) for s in self.stratum_names for c in self.class_names)

    def class_places(self, codes: NDArray[np.generic] | None, shape: tuple[int, int]) -> Codes:
        """The place of each pixel's class (height, width), -1 where it does not count."""
        if codes is None or not self.classes:
            return np.zeros(shape, np.int64)
        place = np.full(shape, -1, np.int64)
        for number, numbers in enumerate(self.classes.values()):
            place[np.isin(codes, numbers)] = number
        return place


@dataclass(frozen=True)
class StockPlan:
    """Everything that a block needs to be computed; small and picklable.

    Attributes
    ----------
    grid : of the class map, or of the first layer where there is none
    class_file : the class map; None counts every pixel
    layers : what the sources read, by name
    sources : one for each pool that is mapped
    between : covariance of the rows of two pools' tables, (rows, rows): pools that were measured
        on the same plots err together
    fraction_error : standard error of the carbon fraction that tables were multiplied with: the
        same for all of their rows and pools
    residual_length_m : over which residuals of a model are alike; 0 takes pixels as independent
    error_maps : whether standard errors are mapped too
    """

    grid: Grid
    counted: Counted
    sources: Mapping[Pool, Source | RatioSource]
    layers: Mapping[str, LayerFile] = field(default_factory=dict)
    class_file: LayerFile | None = None
    between: Mapping[tuple[Pool, Pool], Floats] = field(default_factory=dict)
    fraction_error: float = 0.0
    residual_length_m: float = 0.0
    error_maps: bool = True

    @cached_property
    def pools(self) -> tuple[Pool, ...]:
        """The pools that are mapped, above ground first."""
        return tuple(pool for pool in POOLS if pool in self.sources)

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The pools and their total."""
        return (*self.pools, TOTAL)

    @cached_property
    def covariance(self) -> Floats:
        """Of all shared parameters, in the order of the pools."""
        sources = [self.sources[pool] for pool in self.pools]
        apart = np.asarray(block_diag(*(s.covariance for s in sources)), dtype=np.float64)
        ends = np.cumsum([len(source.covariance) for source in sources])
        place = {
            pool: slice(int(end) - len(source.covariance), int(end))
            for pool, source, end in zip(self.pools, sources, ends, strict=True)
        }
        for (one, other), shared in self.between.items():
            apart[place[one], place[other]] = shared
            apart[place[other], place[one]] = shared.T
        dry = np.concatenate([_dry_matter(source) for source in sources])
        return np.asarray(apart + np.outer(dry, dry) * self.fraction_error**2)

    @property
    def like(self) -> Path | None:
        """The file whose blocks and grid the maps have."""
        first = next(iter(self.layers.values()), None)
        item = self.class_file or first
        return None if item is None else item.path

    def pool_fields(self, pixels: Pixels) -> dict[str, Field]:
        """The field of each pool and of their total, for the counted pixels of a block."""
        made: dict[str, Field] = {}
        first = 0
        for pool in self.pools:
            source = self.sources[pool]
            if isinstance(source, RatioSource):
                made[pool] = source.times(made["agb"], first)
            else:
                made[pool] = source.field(pixels, first)
            first += len(source.covariance)
        made[TOTAL] = added(list(made.values()))
        return made


def _dry_matter(source: Source | RatioSource) -> Floats:
    """How much carbon each parameter of a source gives for one unit of the carbon fraction."""
    if isinstance(source, TableSource) and source.dry_t_ha is not None:
        return source.dry_t_ha
    return np.zeros(len(source.covariance))
