"""Where the carbon density of a pool comes from: a table, a height, a model, a map, a ratio.

Each source gives a :class:`bluecarbon.mrv.stock_terms.Field` for pixels that it is asked about,
and says which parameters all pixels share, with their covariance. Pools are carbon in tC/ha.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv.height_relations import HeightRelation, heights_of_kind, within_range
from bluecarbon.mrv.stock_terms import Field, Floats, Term, Whole, scaled
from bluecarbon.project_stocks import GivenHeight, Outside, Pool, Quantity

POOLS: tuple[Pool, ...] = ("agb", "bgb", "dead", "soil")

KG_M2_TO_TC_HA = 10.0
CM_PER_M = 100.0

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Pixels:
    """Counted pixels of a block: their group (stratum and class) and layers by name (pixels,)."""

    group: Whole
    layers: Mapping[str, Floats]
    outside: dict[str, Flags] = field(default_factory=dict)
    """Filled by sources: where a layer lies outside the range that a source was made for."""


class Source(Protocol):
    """What a pool is computed from."""

    @property
    def layers(self) -> tuple[str, ...]:  # pragma: no cover
        """Names of the layers that it reads."""
        ...

    @property
    def covariance(self) -> Floats:  # pragma: no cover
        """Of its parameters that all pixels share, (parameters, parameters)."""
        ...

    def field(self, pixels: Pixels, first: int) -> Field:  # pragma: no cover
        """Densities; its parameters are numbered from ``first``."""
        ...


@dataclass(frozen=True)
class TableSource:
    """Densities by row of a table; ``row_of_group`` says which row is a group's, -1 for none.

    Groups of one row share its error: two strata under one mean do not average it away. Rows that
    were dry matter (``dry_t_ha``, 0 for the others) share the error of the carbon fraction, which
    the plan knows.
    """

    density: Floats
    standard_error: Floats
    row_of_group: Whole
    dry_t_ha: Floats | None = None

    @property
    def layers(self) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def covariance(self) -> Floats:
        """Of the rows by themselves: independent of each other."""
        return np.diag(np.nan_to_num(self.standard_error) ** 2)

    def field(self, pixels: Pixels, first: int) -> Field:
        """The row's density of each pixel; NaN for groups without a row."""
        row = self.row_of_group[pixels.group]
        known = row >= 0
        density = np.where(known, self.density[np.maximum(row, 0)], np.nan)
        return Field(density, (Term(first + np.maximum(row, 0), known.astype(np.float64)),))


@dataclass(frozen=True)
class HeightSource:
    """Above-ground carbon from canopy height by a published relation.

    Nobody publishes the covariance of the coefficients, so the relation's error is taken as the
    same everywhere: an upper bound, which does not vanish with area. ``relative_error`` stands for
    it where the project has calibrated the relation; otherwise it is the RMSE of single plots.
    """

    layer: str
    given: GivenHeight
    relation: HeightRelation
    carbon_fraction: Quantity
    outside: Outside = "missing"
    relative_error: float | None = None

    @property
    def layers(self) -> tuple[str, ...]:
        """The height."""
        return (self.layer,)

    @property
    def covariance(self) -> Floats:
        """The relation's error (relative, or t/ha) and the carbon fraction's."""
        shared = self.relative_error
        if shared is None:
            shared = self.relation.rmse_t_ha or 0.0
        return np.diag([shared**2, self.carbon_fraction.standard_error**2])

    def field(self, pixels: Pixels, first: int) -> Field:
        """Densities of heights; NaN where no height is known or none is allowed."""
        height = heights_of_kind(pixels.layers[self.layer], self.given, self.relation.predictor)
        least, most = self.relation.height_min_m, self.relation.height_max_m
        height, beyond = within_range(height, least, most, self.outside)
        pixels.outside[self.layer] = beyond
        fraction = self.carbon_fraction.value
        dry = np.maximum(self.relation.biomass_t_ha(height), 0.0)
        carbon = dry * fraction
        absolute = np.where(np.isnan(carbon), np.nan, fraction)
        slope = absolute if self.relative_error is None else carbon
        return Field(carbon, (Term(first, slope), Term(first + 1, dry)))


@dataclass(frozen=True)
class RasterSource:
    """A map of carbon density, or its sum over layers by weight (a profile over depth).

    ``relative_error`` is shared by all pixels: what a map of somebody else is wrong by is not
    known to average out.
    """

    names: tuple[str, ...]
    weights: tuple[float, ...] = (1.0,)
    relative_error: float = 0.0

    @property
    def layers(self) -> tuple[str, ...]:
        """The maps."""
        return self.names

    @property
    def covariance(self) -> Floats:
        """One relative error."""
        return np.array([[self.relative_error**2]])

    def field(self, pixels: Pixels, first: int) -> Field:
        """The weighted sum; NaN where a layer has nothing."""
        parts = (
            weight * pixels.layers[name]
            for name, weight in zip(self.names, self.weights, strict=True)
        )
        density = np.sum(list(parts), axis=0)
        return Field(density, (Term(first, density),))


@dataclass(frozen=True)
class RatioSource:
    """A pool as a ratio to above-ground carbon: roots over shoots.

    ``carbon`` is the carbon fraction of roots over that of shoots: 1 where one fraction stands for
    both.
    """

    ratio: Quantity
    carbon: float = 1.0

    @property
    def layers(self) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def covariance(self) -> Floats:
        """The ratio's error."""
        return np.array([[self.ratio.standard_error**2]])

    def times(self, above: Field, first: int) -> Field:
        """Below-ground carbon from the above-ground field, with all of its errors."""
        slope = Term(first, above.density * self.carbon)
        return scaled(above, self.ratio.value * self.carbon, slope)


def profile_weights(depths_cm: tuple[float, ...], to_cm: float) -> tuple[float, ...]:
    """Weights that make tC/ha down to a depth of densities [kg C/m3] at ``depths_cm``.

    Trapezoids between the depths, the last one cut (with the density interpolated) at ``to_cm``:
    Hengl et al. 2017, PLOS ONE 12(2): e0169748 (depth intervals by the trapezoidal rule).
    Densities are of the soil at these depths, not of layers between them: a sum of density times
    thickness would count the first layer with the density of its top.

    Raises
    ------
    ValueError
        Depths that do not ascend from 0, or a depth outside them.
    """
    depth = np.array(depths_cm, dtype=np.float64)
    ascending = len(depth) > 1 and depth[0] == 0 and (np.diff(depth) > 0).all()
    if not ascending or not 0 < to_cm <= depth[-1]:
        raise ValueError(f"depths {depths_cm} must ascend from 0 and reach {to_cm} cm")
    weights = np.zeros(len(depth))
    for place in range(len(depth) - 1):
        top, bottom = depth[place], depth[place + 1]
        reach = min(bottom, to_cm) - top
        if reach <= 0:
            break
        # The density falls along a line: its share at the cut end is that of the distance.
        lower = reach / (bottom - top) / 2
        weights[place] += reach / CM_PER_M * (1 - lower)
        weights[place + 1] += reach / CM_PER_M * lower
    return tuple((weights * KG_M2_TO_TC_HA).tolist())
