"""The plots of ``ar-am0014@3.0``: which were measured, by what, and which carry an index only.

A stratum's plots at a date are given as above-ground biomass, as stem volume or as basal area,
all by one of the three.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bluecarbon.methodology import ar_tool14_double_sampling as double
from bluecarbon.methodology import ar_tool14_plots
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.trace import Equation, Number, Term
from bluecarbon.report import Measurement, Monitoring

SECONDARY = "plot_secondary_variable"


@dataclass(frozen=True)
class Kind:
    """A way to give a plot: unit of the variable, and what turns it into biomass in t/ha.

    ``parameters`` maps the names of the equation's terms to rows and their units; ``term`` is the
    name under which the equation takes the plot.
    """

    unit: str
    equation: Equation | None = None
    term: str = ""
    parameters: Mapping[str, tuple[str, str]] | None = None


KINDS = {
    "tree_agb": Kind("t/ha"),
    "tree_stem_volume": Kind(
        "m**3/ha",
        ar_tool14_plots.VOLUME,
        "volume_m3_ha",
        {
            "density_t_m3": ("wood_density", "t/m**3"),
            "expansion": ("biomass_expansion_factor", "1"),
        },
    ),
    "tree_basal_area": Kind(
        "m**2/ha",
        ar_tool14_plots.BASAL_AREA,
        "basal_area_m2_ha",
        {"ratio_t_m2": ("basal_area_biomass_ratio", "t/m**2")},
    ),
}
"""The variables that measure a plot."""


def plot_rows(monitoring: Monitoring, stratum: str, on: dt.date | None) -> tuple[Measurement, ...]:
    """The measured plots of a stratum at a date, of whichever kind."""
    return tuple(
        row
        for variable in KINDS
        for row in monitoring.select(variable, stratum=stratum, on=on)
        if row.sample
    )


def secondary_rows(
    monitoring: Monitoring, stratum: str, on: dt.date | None
) -> tuple[Measurement, ...]:
    """The secondary variable on plots of a stratum at a date."""
    return monitoring.select(SECONDARY, stratum=stratum, on=on)


def is_double_sampled(monitoring: Monitoring, stratum: str, on: dt.date | None) -> bool:
    """Whether some plots of a stratum and date have biomass, and some the secondary variable only.

    Where none has biomass there is nothing to estimate from: that is a stratum without plots.
    """
    measured = {row.sample for row in plot_rows(monitoring, stratum, on)}
    rows = secondary_rows(monitoring, stratum, on)
    return bool(measured) and any(row.sample not in measured for row in rows)


def double_sampled_strata(monitoring: Monitoring) -> tuple[str, ...]:
    """The planted strata that are double-sampled at a stock date."""
    dates = [on for on in (monitoring.stock_start, monitoring.stock_end) if on is not None]
    return tuple(
        s.id
        for s in monitoring.strata
        if s.kind == "planted" and any(is_double_sampled(monitoring, s.id, on) for on in dates)
    )


def double_sample(
    inputs: Inputs, rows: Sequence[Measurement], secondary: Sequence[Measurement]
) -> dict[str, Term]:
    """The sub-sample's plots, under a sampler: their mean moves by the error that Eq 19 leaves."""
    unit = KINDS[rows[0].variable].unit
    terms = {row.sample: inputs.measured(row, unit) for row in rows}
    if not inputs.is_sampled:
        return terms
    values = np.array([row.in_unit(unit) for row in rows])
    index = {row.sample: row.in_unit("1") for row in secondary}
    together = double.correlation(np.array([index[row.sample] for row in rows]), values)
    kept = float(double.variance_share(together, len(rows), len(secondary)))
    error = values.std(ddof=1) * math.sqrt(kept / len(rows))
    return shifted(terms, error_of_mean(inputs, rows[0], error, unit))


def shifted(terms: Mapping[str, Term], shift: Number) -> dict[str, Term]:
    """Every plot moved by the same draw of an error, in the unit of the plots."""
    return {name: Term(t.value + shift, t.unit, t.source) for name, t in terms.items()}


def error_of_mean(inputs: Inputs, row: Measurement, error: float, unit: str) -> Number:
    """A draw of the error of a mean over plots; ``row`` (its first plot) names the draw."""
    of_mean = {
        "value": 0.0,
        "standard_error": error,
        "unit": unit,
        "sample": "(mean)",
        "shared_error": "",
    }
    return inputs.measured(row.model_copy(update=of_mean), unit).value
