"""Monte Carlo over the table of trajectories: the same model with draws of its parameters.

All pixels of a class share its carbon numbers, so their errors are shared too: they collapse onto
the hectares of the trajectories, and a thousand draws cost about what reading the maps costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bluecarbon.methodology.monte_carlo import SeededSampler
from bluecarbon.mrv.stock_model import StockParameters, StockTotals, Year, yearly

Floats = NDArray[np.float64]

CELLS_PER_CHUNK = 40_000
"""Draws are taken in chunks of so many cells, which fit into the processor's cache."""


@dataclass(frozen=True)
class Uncertainty:
    """Standard errors of the numeric tables of :class:`StockParameters`, same shapes, 0 = exact."""

    initial: Floats
    accumulation: Floats
    half_life: Floats
    disturbed_share: Floats

    @property
    def is_declared(self) -> bool:
        """Whether any number has an error."""
        tables = (self.initial, self.accumulation, self.half_life, self.disturbed_share)
        return any(bool(table.any()) for table in tables)


def drawn_totals(
    trajectories: NDArray[np.int64],
    area_ha: Floats,
    snapshots: tuple[int, ...],
    draws: Iterator[StockParameters],
    *,
    last_year: int,
) -> StockTotals:
    """Totals of the whole model for every draw of the parameters, under the guide's convention.

    ``draws`` yields parameters with a draw axis, chunk by chunk (:func:`parameter_draws`);
    ``area_ha`` has shape (trajectories,).
    """
    parts: list[tuple[Floats, ...]] = []
    pools: tuple[str, ...] = ()
    for parameters in draws:
        pools = parameters.pools
        states = yearly(trajectories, snapshots, parameters, last_year=last_year)
        parts.append(_totals_of(states, area_ha))
    years = tuple(range(snapshots[0], last_year))
    stock, accumulation, emission, net = (np.concatenate(part) for part in zip(*parts, strict=True))
    return StockTotals(years, pools, stock, accumulation, emission, net)


def _totals_of(states: Iterator[Year], area_ha: Floats) -> tuple[Floats, ...]:
    """Stock, accumulation, emission and net, (draws, years, pools), of one chunk of draws."""
    rows = [
        tuple(area_ha @ values for values in (s.stock, s.accumulation, s.emission, s.net))
        for s in states
    ]
    stock, *flows = (np.stack(column, axis=1) for column in zip(*rows, strict=True))
    return (stock, *(flow[:, :-1] for flow in flows))


def parameter_draws(
    parameters: StockParameters,
    uncertainty: Uncertainty,
    *,
    draws: int,
    seed: int,
    trajectories: int,
) -> Iterator[StockParameters]:
    """Draws of the parameters in chunks that fit the cache for so many ``trajectories``.

    Stocks, rates and half-lives are drawn lognormal (they are not negative), shares normal and
    held between 0 and 1, each cell of the tables on its own stream of the seed: a cell's draws do
    not depend on which other cells are uncertain, nor on the size of the chunks.
    """
    normals = SeededSampler(draws, seed)
    tables: dict[str, Any] = {
        name: _drawn(normals, name, getattr(parameters, name), getattr(uncertainty, name))
        for name in ("initial", "accumulation", "half_life", "disturbed_share")
    }
    tables["disturbed_share"] = np.clip(tables["disturbed_share"], 0.0, 1.0)
    step = max(1, CELLS_PER_CHUNK // (trajectories * len(parameters.pools)))
    for first in range(0, draws, step):
        part = {name: table[first : first + step] for name, table in tables.items()}
        yield replace(parameters, **part)


def _drawn(normals: SeededSampler, name: str, values: Floats, errors: Floats) -> Floats:
    """(draws, ...) of one table."""
    result = np.repeat(values[None], normals.draws, axis=0)
    for place in zip(*np.nonzero(errors), strict=True):
        drawn = normals.standard_normal(f"{name}|{'|'.join(map(str, map(int, place)))}")
        mean, error = values[place], errors[place]
        if name == "disturbed_share" or mean <= 0:
            result[(slice(None), *place)] = mean + error * drawn
        else:
            variance = np.log1p((error / mean) ** 2)
            result[(slice(None), *place)] = mean * np.exp(np.sqrt(variance) * drawn - variance / 2)
    return result
