"""Carbon stocks of class trajectories, year by year: one table that every other product reads.

A pixel's carbon depends only on the classes it went through. So the model runs once for every
trajectory that occurs (some thousand rows) instead of once for every pixel: totals are the table
times hectares, maps are the table behind a lookup, and a Monte Carlo is the table with a leading
``draw`` axis. Parts add up because nothing else is ever computed.

The equations are those of the user's guide of InVEST Coastal Blue Carbon (Natural Capital Project,
InVEST User's Guide, "Coastal Blue Carbon", labels cbc_stocks_pool to cbc_emissions)::

    S[t+1] = S[t] + N[t]                    stock at the beginning of year t
    N[t]   = A[t] - E[t]                    a pool accumulates or emits, never both
    D[s]   = S[s] * M[s]                    carbon disturbed by the transition of year s
    E[t]   = D[s] * (0.5**((t - s) / H) - 0.5**((t - s + 1) / H))

A transition of year s happens in its first moment. The accumulation rate is that of the class
arrived at, the disturbed share M and the half-life H those of the class left behind. The guide
says both that emissions last to the end of the series and that they end with the next transition;
here they end when the next transition accumulates or disturbs again, and go on through one that is
marked as no change. Litter is never disturbed; it accumulates at the rate of the present class.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

POOLS = ("biomass", "soil", "litter")
LITTER = POOLS.index("litter")

NO_CHANGE, ACCUMULATION, LOW, MEDIUM, HIGH = range(5)
"""What a transition does: entries of ``StockParameters.transitions``."""

STILL_EMITTING = 1e-8
"""InVEST takes an emission of a year below this for none (the absolute tolerance of isclose)."""


Convention = Literal["guide", "invest-3.20"]
"""``guide``: what the user's guide says (module docstring).

``invest-3.20``: what natcap.invest 3.17.0 to 3.20.2 computes, its years put in order. From the
next snapshot on the half-life is that of the class converted to. The yearly litter accumulation
stands in for the litter stock, and is left out of net sequestration after the first transition. A
pool that still emits does not accumulate, though its accumulation is reported: a restored pond
goes on emitting. A class with half-life 0 never emits."""


@dataclass(frozen=True)
class StockParameters:
    """Carbon by class and pool, in the order of ``codes`` and ``pools``.

    A leading draw axis is allowed on the four numeric tables.

    Attributes
    ----------
    codes, names : the class numbers of the maps, and their names
    initial : (..., classes, pools) stock of the first year, e.g. tCO2e/ha
    accumulation : (..., classes, pools), per year
    half_life : (..., classes, pools), years
    disturbed_share : (..., 3, classes, pools) fraction lost by low, medium and high impact
    transitions : (classes, classes) int, from row to column: NO_CHANGE ... HIGH
    """

    codes: tuple[int, ...]
    names: tuple[str, ...]
    initial: Floats
    accumulation: Floats
    half_life: Floats
    disturbed_share: Floats
    transitions: NDArray[np.int8]
    pools: tuple[str, ...] = POOLS
    unit: str = "tCO2e/ha"


@dataclass(frozen=True)
class Year:
    """One year of every trajectory, arrays (..., trajectories, pools); ``stock`` at its beginning.

    ``tracked`` (trajectories, pools) tells where a disturbance has happened by then.
    """

    year: int
    stock: Floats
    accumulation: Floats
    emission: Floats
    net: Floats
    tracked: Flags


@dataclass(frozen=True)
class StockTable:
    """The table: trajectory x year x pool, per hectare; see :func:`stock_table`.

    ``stock`` has one year more than the flows: the state at the beginning of ``last_year``.
    """

    years: tuple[int, ...]
    snapshots: tuple[int, ...]
    pools: tuple[str, ...]
    stock: Floats
    accumulation: Floats
    emission: Floats
    net: Floats
    tracked: Flags
    convention: Convention

    @property
    def last_year(self) -> int:
        """The year at whose beginning the last stock is."""
        return self.years[-1] + 1

    def at(self, year: int) -> Floats:
        """Stocks at the beginning of a year, (trajectories, pools)."""
        return np.asarray(self.stock[:, year - self.years[0]])

    def between(self, flow: Floats, start: int, stop: int) -> Floats:
        """The sum of a flow over the years from ``start`` to before ``stop``."""
        first = self.years[0]
        return np.asarray(flow[:, start - first : stop - first].sum(axis=1))

    @property
    def periods(self) -> tuple[tuple[int, int], ...]:
        """The spans between snapshots, and from the last one to ``last_year``."""
        bounds = sorted({*self.snapshots, self.last_year})
        return tuple(itertools.pairwise(bounds))


def stock_table(
    trajectories: NDArray[np.int64],
    snapshots: tuple[int, ...],
    parameters: StockParameters,
    last_year: int,
    *,
    convention: Convention = "guide",
) -> StockTable:
    """Stocks and flows of every trajectory in every year.

    Parameters
    ----------
    trajectories : (trajectories, snapshots), class numbers of the maps (``parameters.codes``)
    snapshots : the years of the maps, ascending
    parameters : without a draw axis
    last_year : the end; stocks are given at its beginning, flows up to the year before it

    Returns
    -------
    Arrays (trajectories, years, pools) in the unit of the parameters; ``stock[t + 1] = stock[t] +
    net[t]`` and ``net = accumulation - emission`` in every cell of the guide.

    Raises
    ------
    ValueError
        A class is not in ``parameters.codes``, the years do not ascend, or nothing lies between
        the first snapshot and ``last_year``.
    """
    states = list(
        yearly(trajectories, snapshots, parameters, last_year=last_year, convention=convention)
    )
    flows = states[:-1]
    return StockTable(
        years=tuple(state.year for state in flows),
        snapshots=tuple(snapshots),
        pools=parameters.pools,
        stock=np.stack([state.stock for state in states], axis=1),
        accumulation=np.stack([state.accumulation for state in flows], axis=1),
        emission=np.stack([state.emission for state in flows], axis=1),
        net=np.stack([state.net for state in flows], axis=1),
        tracked=np.stack([state.tracked for state in flows], axis=1),
        convention=convention,
    )


def yearly(
    trajectories: NDArray[np.int64],
    snapshots: tuple[int, ...],
    parameters: StockParameters,
    *,
    last_year: int,
    convention: Convention = "guide",
) -> Iterator[Year]:
    """The years of :func:`stock_table` one after another, with any leading draw axis.

    The last item is the state at the beginning of ``last_year``; its flows are zero. Arrays are
    new in every item.
    """
    _require_order(snapshots, last_year)
    places = _places(trajectories, parameters.codes)
    model = _Guide(parameters, places) if convention == "guide" else _Invest(parameters, places)
    # A zero-length period at the end lets the last map rule the last stock.
    for index, (start, stop) in enumerate(itertools.pairwise((*snapshots, last_year))):
        if index > 0:
            model.begin(index, start)
        for year in range(start, stop):
            yield model.advance(year)
    yield model.end(last_year)


def _require_order(snapshots: tuple[int, ...], last_year: int) -> None:
    if any(a >= b for a, b in itertools.pairwise(snapshots)):
        raise ValueError(f"snapshot years must ascend: {snapshots}")
    if last_year < snapshots[-1] or last_year == snapshots[0]:
        raise ValueError(f"the last year {last_year} does not follow the snapshots {snapshots}")


def _places(trajectories: NDArray[np.int64], codes: tuple[int, ...]) -> NDArray[np.intp]:
    """Class numbers as indices of the class axis."""
    order = np.argsort(codes)
    ordered = np.array(codes)[order]
    found = np.minimum(np.searchsorted(ordered, trajectories), len(codes) - 1)
    if (ordered[found] != trajectories).any():
        missing = sorted({int(c) for c in np.unique(trajectories)} - set(codes))
        raise ValueError(f"classes without parameters: {missing}")
    return np.asarray(order[found])


class _Model:
    """What both conventions share: the state of all trajectories as arrays (..., T, pools)."""

    def __init__(self, parameters: StockParameters, places: NDArray[np.intp]) -> None:
        self._parameters = parameters
        self._places = places
        self._pools = np.arange(len(parameters.pools))
        self._litter = np.array([pool == "litter" for pool in parameters.pools])
        self._stock = parameters.initial[..., places[:, 0], :]
        self._rate = parameters.accumulation[..., places[:, 0], :]
        self._tracked = np.zeros(self._stock.shape[-2:], bool)
        with np.errstate(divide="ignore"):
            # A half-life of 0 is the limit of short ones: nothing is left after a year.
            halved = 0.5 ** (1.0 / parameters.half_life)
        self._kept_share = np.where(parameters.half_life > 0, halved, 0.0)

    def _transition(self, index: int) -> tuple[Flags, Flags, Floats]:
        """Where a pool begins to accumulate, where it is disturbed, and the share disturbed."""
        before, now = self._places[:, index - 1], self._places[:, index]
        action = self._parameters.transitions[before, now]
        impact = np.maximum(action - LOW, 0)
        share = self._parameters.disturbed_share[..., impact, before, :]
        share = np.where((action >= LOW)[:, None] & ~self._litter, share, 0.0)
        gains: Flags = np.asarray((action == ACCUMULATION)[:, None] & ~self._litter)
        rate = self._parameters.accumulation[..., now, :]
        self._rate = np.where(gains | self._litter, rate, 0.0)
        hit: Flags = np.asarray(share.reshape(-1, *share.shape[-2:]).any(axis=0))
        self._tracked = self._tracked | hit
        return gains, hit, share


class _Guide(_Model):
    """The guide's equations; ``_remaining`` is disturbed carbon that has not been emitted yet."""

    def __init__(self, parameters: StockParameters, places: NDArray[np.intp]) -> None:
        super().__init__(parameters, places)
        self._remaining = np.zeros_like(self._stock)
        self._lost_class = np.repeat(places[:, :1], len(self._pools), axis=1)
        self._emitted_share = 1.0 - self._kept_share[..., self._lost_class, self._pools]

    def begin(self, index: int, year: int) -> None:  # noqa: ARG002
        """Apply the transition into a snapshot."""
        gains, hit, share = self._transition(index)
        # What an earlier disturbance left is part of the stock, so the new one covers it.
        self._remaining = np.where(hit, share * self._stock, np.where(gains, 0.0, self._remaining))
        self._lost_class = np.where(hit, self._places[:, index - 1, None], self._lost_class)
        self._emitted_share = 1.0 - self._kept_share[..., self._lost_class, self._pools]

    def advance(self, year: int) -> Year:
        """The flows of a year; afterwards the state is that of the next one."""
        emission = self._remaining * self._emitted_share
        net = self._rate - emission
        state = Year(year, self._stock, self._rate, emission, net, self._tracked)
        self._remaining = self._remaining - emission
        self._stock = self._stock + net
        return state

    def end(self, year: int) -> Year:
        """The last stock; no flows."""
        none = np.zeros_like(self._stock)
        return Year(year, self._stock, none, none, none, self._tracked)


class _Invest(_Model):
    """natcap.invest 3.17.0 to 3.20.2 with the years in order; see :data:`Convention`."""

    def __init__(self, parameters: StockParameters, places: NDArray[np.intp]) -> None:
        super().__init__(parameters, places)
        self._volume = np.zeros_like(self._stock)
        self._disturbed_in = np.zeros(self._tracked.shape, int)
        self._kept_now = self._kept_share[..., places[:, 0], :]
        self._litter_net = np.where(self._litter, self._rate, 0.0)
        self._never_emits = np.zeros_like(self._tracked)

    def begin(self, index: int, year: int) -> None:
        """Apply the transition into a snapshot."""
        _, hit, share = self._transition(index)
        self._volume = np.where(hit, share * self._stock, self._volume)
        self._disturbed_in = np.where(hit, year, self._disturbed_in)
        # The half-life comes from the map before this one, whatever was lost, and when.
        self._kept_now = self._kept_share[..., self._places[:, index - 1], :]
        self._litter_net = np.zeros_like(self._stock)
        self._never_emits = (self._kept_now == 0) & ~self._litter

    def advance(self, year: int) -> Year:
        """The flows of a year; afterwards the state is that of the next one."""
        age = np.where(self._tracked, year - self._disturbed_in, 0)
        # A half-life of 0 stands for a class that does not emit: 0**age - 0**(age + 1) would be 1.
        decay = np.where(self._kept_now > 0, self._kept_now**age - self._kept_now ** (age + 1), 0.0)
        emission = self._volume * decay
        net = np.where(emission > STILL_EMITTING, -emission, self._rate)
        net = np.where(self._litter, self._litter_net, net)
        known = self._tracked | self._never_emits
        state = Year(year, self._reported_stock(), self._rate, emission, net, known)
        self._stock = self._stock + net
        return state

    def end(self, year: int) -> Year:
        """The last stock; no flows."""
        none = np.zeros_like(self._stock)
        return Year(year, self._reported_stock(), none, none, none, self._tracked)

    def _reported_stock(self) -> Floats:
        return np.where(self._litter, self._rate, self._stock)


@dataclass(frozen=True)
class StockTotals:
    """Totals over all pixels, arrays (draws, years, pools); ``stock`` with one year more."""

    years: tuple[int, ...]
    pools: tuple[str, ...]
    stock: Floats
    accumulation: Floats
    emission: Floats
    net: Floats


def table_totals(table: StockTable, area_ha: Floats) -> StockTotals:
    """The table times hectares: totals of one draw.

    Parameters
    ----------
    area_ha : (trajectories,), or (strata, trajectories): then the strata stand where draws do
    """
    area = np.atleast_2d(area_ha)

    def total(values: Floats) -> Floats:
        return np.asarray(np.einsum("st,typ->syp", area, values))

    flows = (total(f) for f in (table.accumulation, table.emission, table.net))
    return StockTotals(table.years, table.pools, total(table.stock), *flows)
