"""From the errors of trees, plots, maps and cores to that of the claim, and whose share is whose.

The rule book itself is evaluated on the draws (:mod:`bluecarbon.methodology.monte_carlo`); here
the values of plots are drawn from the errors of their trees (:mod:`.tree_errors`), and every input
belongs to a *source*. A run with all sources gives the spread of the claim. Two runs for each
source, with it alone and with all but it, on the same random numbers, give its share of the
variance: alone it is the first-order share, what goes away without it the total share. Their mean
is the Shapley share wherever no three sources act together (Owen 2014, SIAM/ASA J. Uncertainty
Quantification 2:245-251), so that the shares add up to one but for that.

Draws come in chunks: memory does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.monte_carlo import DRAWS_LEAST, SeededSampler
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.rule_book import RuleBook
from bluecarbon.mrv.tree_errors import Group, PlotErrors
from bluecarbon.report import Measurement, Monitoring, Series
from bluecarbon.spec import Parameter

Floats = NDArray[np.float64]

DIAMETER, RESIDUAL = "diameter measurement", "allometry residual"
COEFFICIENTS, WOOD_DENSITY = "allometry coefficients", "wood density"
PLOT_SAMPLING, CORE_SAMPLING = "plot sampling", "core sampling"
MAP_AREA, CORE_ANALYSIS = "map area", "core analysis"
PARAMETERS, OTHER = "rule-book parameters", "other measurements"

SOURCES = (
    PLOT_SAMPLING, COEFFICIENTS, WOOD_DENSITY, RESIDUAL, DIAMETER,
    MAP_AREA, CORE_SAMPLING, CORE_ANALYSIS, PARAMETERS, OTHER,
)  # fmt: skip

_TREE_PARTS = {"tree_agb": "agb", "tree_bgb": "bgb", "tree_biomass": "total"}
_AREAS = {"mangrove_area", "mapped_mangrove_area", "stratum_area", "baseline_crown_cover"}
_MEAN = "(mean)"
"""How the rule books' inputs name the error of a mean of plots."""

CHUNK_VALUES = 4_000_000
"""Plot values drawn at once; tests/bench/bench_uncertainty.py."""


@dataclass(frozen=True)
class ClaimUncertainty:
    """The spread of a claim and where it comes from.

    Attributes
    ----------
    claim_tco2e : (draws,) the claim with every source
    table
        One row for each source that moves the claim, the largest first: source,
        standard_deviation_tco2e (it alone), share_alone, share_total, share (their mean), and
        standard_deviation_if_halved_tco2e: of the claim, were the variance of this source half as
        large (twice the plots, for plot sampling).
    """

    claim_tco2e: Floats
    table: pd.DataFrame
    draws: int
    seed: int

    @property
    def standard_deviation_tco2e(self) -> float:
        """Of the claim with every source."""
        return float(self.claim_tco2e.std(ddof=1))

    def interval_tco2e(self, confidence: float = 0.90) -> tuple[float, float]:
        """The central interval of the draws."""
        tail = (1.0 - confidence) / 2.0
        low, high = np.quantile(self.claim_tco2e, [tail, 1.0 - tail])
        return float(low), float(high)


def claim_uncertainty(
    book: RuleBook,
    monitoring: Monitoring,
    parameters: Parameters,
    plots: Sequence[PlotErrors],
    *,
    draws: int,
    seed: int,
) -> ClaimUncertainty:
    """Draw the claim with all sources, with each alone and without each.

    Parameters
    ----------
    plots : as of :func:`bluecarbon.mrv.tree_errors.plot_errors`, empty where no inventory is known

    Raises
    ------
    MethodologyError
        There are fewer draws than :data:`DRAWS_LEAST`.
    """
    if draws < DRAWS_LEAST:
        raise MethodologyError(f"{draws} draws say nothing: take at least {DRAWS_LEAST}")
    drawn = _Drawn(book, monitoring, parameters, plots=tuple(plots), draws=draws, seed=seed)
    everything = drawn.claims(frozenset(SOURCES))
    variance = float(everything.var(ddof=1))
    rows = []
    for source in SOURCES:
        alone = float(drawn.claims(frozenset({source})).var(ddof=1))
        if alone <= _NOTHING * variance:
            continue
        without = float(drawn.claims(frozenset(SOURCES) - {source}).var(ddof=1))
        first, total = alone / variance, 1.0 - without / variance
        share = (first + total) / 2
        rows.append(
            {
                "source": source,
                "standard_deviation_tco2e": alone**0.5,
                "share_alone": first,
                "share_total": total,
                "share": share,
                "standard_deviation_if_halved_tco2e": (variance * max(0.0, 1 - share / 2)) ** 0.5,
            }
        )
    table = pd.DataFrame(rows, columns=_COLUMNS).sort_values("share", ascending=False)
    return ClaimUncertainty(everything, table.reset_index(drop=True), draws, seed)


_COLUMNS = [
    "source", "standard_deviation_tco2e", "share_alone", "share_total", "share",
    "standard_deviation_if_halved_tco2e",
]  # fmt: skip
_NOTHING = 1e-12
"""Of the variance: less is rounding."""


@dataclass(frozen=True)
class _Drawn:
    book: RuleBook
    monitoring: Monitoring
    parameters: Parameters
    plots: tuple[PlotErrors, ...]
    draws: int
    seed: int

    def claims(self, on: frozenset[str]) -> Floats:
        """The claim of every draw when only these sources err, (draws,)."""
        values = 1 + len(self.monitoring.measurements)
        size = max(1, min(self.draws, CHUNK_VALUES // values))
        parts = []
        for number, first in enumerate(range(0, self.draws, size)):
            count = min(size, self.draws - first)
            sampler = FieldSampler(count, self.seed, self.plots, chunk=number, on=on)
            years = self.book.axis(self.monitoring)
            inputs = Inputs(self.monitoring, self.parameters, sampler, years=years)
            simulated = self.book.evaluate(inputs).simulated()["claim"]
            parts.append(np.broadcast_to(simulated, (count,)))
        return np.concatenate(parts)


class FieldSampler(SeededSampler):
    """Draws of what was measured, each by its source; a source that is off is at its value."""

    def __init__(
        self,
        draws: int,
        seed: int,
        plots: Sequence[PlotErrors],
        *,
        chunk: int = 0,
        on: frozenset[str] = frozenset(SOURCES),
    ) -> None:
        super().__init__(draws, seed, chunk=chunk)
        self._on = on
        self._plots = {item.part: item for item in plots}
        self._places = {
            item.part: {key: place for place, key in enumerate(item.keys)} for item in plots
        }
        self._ratios = cache(self._drawn_ratios)

    def measurement(self, row: Measurement) -> Floats | float:
        """Draws of a measured value by the errors of its source."""
        if row.sample == _MEAN:
            return self._of_mean(row)
        part = _TREE_PARTS.get(row.variable)
        if part in self._plots and (row.sample, row.date.year) in self._places[part]:
            return self._of_plot(row, part)
        if row.variable in _AREAS:
            return super().measurement(row) if MAP_AREA in self._on else row.value
        source = CORE_ANALYSIS if row.variable.startswith("soil") else OTHER
        return super().measurement(row) if source in self._on else row.value

    def series(self, row: Series) -> Floats:
        """A series by its own errors."""
        return super().series(row) if OTHER in self._on else np.array(row.values)

    def parameter(self, row: Parameter) -> Floats:
        """A parameter by its own error."""
        drawn = super().parameter(row)
        return drawn if PARAMETERS in self._on else np.full_like(drawn, row.value or 0.0)

    def _of_mean(self, row: Measurement) -> Floats | float:
        """The error of a mean of plots or cores: that of which of them were drawn.

        Roots and shoots stand in the same plots, so their means err together.
        """
        trees = row.variable in _TREE_PARTS
        if (PLOT_SAMPLING if trees else CORE_SAMPLING) not in self._on or not row.standard_error:
            return row.value
        kind = "trees" if trees else row.variable
        drawn = self.standard_normal(f"mean|{kind}|{row.stratum}|{row.date}")
        return np.asarray(row.value + row.standard_error * drawn)

    def _of_plot(self, row: Measurement, part: str) -> Floats | float:
        ratios = self._ratios(part)
        if ratios is None:
            return row.value
        return np.asarray(row.value * ratios[self._places[part][row.sample, row.date.year]])

    def _drawn_ratios(self, part: str) -> Floats | None:
        """Drawn over measured mass of every plot of a part, (plots, draws); None when none errs."""
        if not {DIAMETER, RESIDUAL, COEFFICIENTS, WOOD_DENSITY} & self._on:
            return None
        plots = self._plots[part]
        total = np.zeros(len(plots.keys))
        for group in plots.groups:
            total[group.plots] += group.mass
        mass = np.repeat(total[:, None], self.draws, axis=1)
        if {COEFFICIENTS, WOOD_DENSITY} & self._on:
            for group in plots.groups:
                mass[group.plots] += group.mass[:, None] * (self._common(group) - 1.0)
        for source, spread, name in (
            (DIAMETER, plots.diameter_sd, "diameter"),
            (RESIDUAL, plots.residual_sd, f"residual|{part}"),
        ):
            if source in self._on:
                mass += spread[:, None] * self._own_errors(name, len(plots.keys))
        # A plot's mass cannot be below nothing, however far its few trees err.
        np.maximum(mass, 0.0, out=mass)
        return np.asarray(mass / np.where(total > 0, total, 1.0)[:, None])

    def _own_errors(self, name: str, count: int) -> Floats:
        """Draws that every plot has for itself, (plots, draws): one stream, not one for each."""
        return self.generator(name).standard_normal((count, self.draws))

    def _common(self, group: Group) -> Floats:
        """What all trees of a group have in common, as a factor: (its plots, draws)."""
        factor = np.ones((len(group.plots), self.draws))
        if COEFFICIENTS in self._on:
            at_middle, of_slope = group.coefficient_errors
            slope = of_slope * self.standard_normal(f"slope|{group.equation}")
            # exp(e1 x) by its series: the moments of x stand for its trees.
            for power in range(group.moments.shape[1]):
                factor += group.moments[:, [power]] * (slope ** (power + 1) / _FACTORIALS[power])
            factor *= np.exp(at_middle * self.standard_normal(f"middle|{group.equation}"))
        if WOOD_DENSITY in self._on and group.density_power:
            drawn = self.standard_normal(f"wood density|{group.species}")
            factor *= np.exp(group.density_power * group.density_ln * drawn)
        return factor


_FACTORIALS = (1.0, 2.0, 6.0)


def uncertainty_facts(done: ClaimUncertainty, confidence: float = 0.90) -> Mapping[str, float]:
    """The numbers that a report prints: mean, standard deviation and interval of the claim."""
    low, high = done.interval_tco2e(confidence)
    return {
        "mean_tco2e": float(done.claim_tco2e.mean()),
        "standard_deviation_tco2e": done.standard_deviation_tco2e,
        "low_tco2e": low,
        "high_tco2e": high,
    }
