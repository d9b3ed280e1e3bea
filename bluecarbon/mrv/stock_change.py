"""Change of stocks between two dates, both ways: as a difference, and as gains and losses.

Stock-difference (IPCC 2006 Guidelines, volume 4, chapter 2, equation 2.5) subtracts two stocks;
gain-loss (equation 2.4) adds what grew on ground that stayed and was won, and takes off what stood
on ground that was lost. Where growth is what stocks differ by, they are the same number; a test
holds them to it. What a disturbance emits year by year after it comes from the trajectory table of
:mod:`bluecarbon.mrv.stock_model`, for which :func:`trajectory_parameters` makes the parameters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv.stock_model import ACCUMULATION, HIGH, NO_CHANGE, StockParameters
from bluecarbon.mrv.stock_sources import POOLS
from bluecarbon.project_stocks import Quantity
from bluecarbon.units import CO2E_PER_C

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    """A change of stock [tC] with its standard error; positive is a removal from the air."""

    change_tc: float
    standard_error_tc: float
    years: float

    @property
    def change_tco2e(self) -> float:
        """The same as CO2 (44/12)."""
        return self.change_tc * CO2E_PER_C

    @property
    def yearly_tc(self) -> float:
        """The mean of a year."""
        return self.change_tc / self.years


def stock_difference(
    before: Quantity, after: Quantity, years: float, *, correlation: float = 0.0
) -> Change:
    """The change between two stocks [tC] (equation 2.5).

    ``correlation`` of their errors: 0 for two campaigns, 1 for two maps of one table of densities.

    Raises
    ------
    ValueError
        No time between them, or a correlation beyond 1.
    """
    if years <= 0:
        raise ValueError(f"{years} years lie between the stocks")
    if not -1 <= correlation <= 1:
        raise ValueError(f"a correlation is not {correlation}")
    first, second = before.standard_error, after.standard_error
    variance = first**2 + second**2 - 2 * correlation * first * second
    error = math.sqrt(max(variance, 0.0))
    return Change(after.value - before.value, error, years)


@dataclass(frozen=True)
class GainLoss:
    """Ground and rates of one class and pool between two dates.

    Attributes
    ----------
    stable_ha, gained_ha, lost_ha : ground of the class at both dates, at the second, at the first
    rate_tc_ha_yr : growth of a hectare in a year
    gained_years : mean time that gained ground has grown, at most the time between the dates
    density_tc_ha : what stood on lost ground at the first date
    lost_share : the part of it that is lost, 1 for clearing
    """

    stable_ha: float
    gained_ha: float
    lost_ha: float
    rate_tc_ha_yr: Quantity
    gained_years: float
    density_tc_ha: Quantity
    lost_share: float = 1.0


def gain_loss(ground: GainLoss, years: float) -> Change:
    """Growth on ground that stayed and was won, less what stood on lost ground (equation 2.4).

    Rates times area times years. Growth on lost ground before it was lost is in neither term: it
    came and went between the dates. Errors of rate and density are independent.

    Raises
    ------
    ValueError
        No time between the dates, gained ground older than that, or a share beyond 1.
    """
    if years <= 0:
        raise ValueError(f"{years} years lie between the dates")
    if not 0 <= ground.gained_years <= years or not 0 <= ground.lost_share <= 1:
        raise ValueError("gained ground cannot be older than the time, nor a share be above 1")
    hectare_years = ground.stable_ha * years + ground.gained_ha * ground.gained_years
    lost_ha = ground.lost_ha * ground.lost_share
    change = hectare_years * ground.rate_tc_ha_yr.value - lost_ha * ground.density_tc_ha.value
    error = math.hypot(
        hectare_years * ground.rate_tc_ha_yr.standard_error,
        lost_ha * ground.density_tc_ha.standard_error,
    )
    return Change(change, error, years)


@dataclass(frozen=True)
class ClassCarbon:
    """Carbon of one class by pool: stock [tC/ha], growth [tC/ha/yr], half-life [yr] after a loss,
    and the share that a loss disturbs (1 unless said).
    """

    code: int
    name: str
    stock: Mapping[str, float]
    growth: Mapping[str, float]
    half_life: Mapping[str, float]
    disturbed: Mapping[str, float]


def trajectory_parameters(classes: tuple[ClassCarbon, ...]) -> StockParameters:
    """Densities, growth and half-lives as the trajectory table takes them, in tC/ha.

    Every transition to a class that grows accumulates; every one from a class with carbon to one
    without growth disturbs by the share of the class left behind. A half-life of 0 emits all at
    once.
    """
    pools = tuple(POOLS)
    names = ("stock", "growth", "half_life")
    stock, growth, half_life = (
        np.array([[getattr(c, name).get(p, 0.0) for p in pools] for c in classes]) for name in names
    )
    disturbed = np.array([[c.disturbed.get(p, 1.0) for p in pools] for c in classes])
    grows = np.asarray(growth.any(axis=1))
    holds = np.asarray(stock.any(axis=1)) | grows
    action = np.where(grows[None, :], ACCUMULATION, np.where(holds[:, None], HIGH, NO_CHANGE))
    np.fill_diagonal(action, np.where(grows, ACCUMULATION, NO_CHANGE))
    return StockParameters(
        codes=tuple(c.code for c in classes),
        names=tuple(c.name for c in classes),
        initial=stock,
        accumulation=growth,
        half_life=half_life,
        disturbed_share=np.stack([disturbed] * 3),
        transitions=action.astype(np.int8),
        pools=pools,
        unit="tC/ha",
    )
