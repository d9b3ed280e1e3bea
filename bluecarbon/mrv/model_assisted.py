"""Totals from a model and a sample of plots: which of the two answers for the error.

*Model-based*: the model is taken as true of the ground; its error is that of its coefficients and
of what it leaves over, and it does not matter how plots were chosen. *Model-assisted*: the plots
are a probability sample, and they correct the map by the mean of what it misses at them; that
total is sound even where the model is wrong. A model-assisted total of plots that somebody chose
would pretend to be what it is not, so it is given for probability samples only.

McRoberts, Næsset and Gobakken 2013, Remote Sensing of Environment 128: 268-275 (the generalised
difference estimator and its variance under simple random sampling); Ståhl et al. 2016, Forest
Ecosystems 3:5; Särndal, Swensson and Wretman 1992, section 6.3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bluecarbon.spec import Finding

Floats = NDArray[np.float64]

PLOTS_PER_STRATUM_MIN = 2


@dataclass(frozen=True)
class AssistedTotal:
    """A total of one stratum [tC]: of the map, what plots correct it by, and the sum."""

    stratum: str
    area_ha: float
    plots: int
    map_total_tc: float
    correction_tc: float
    total_tc: float
    standard_error_tc: float


def difference_estimate(
    map_total_tc: float, area_ha: float, errors_tc_ha: Floats, stratum: str = ""
) -> AssistedTotal:
    """The generalised difference estimator of one stratum, sampled by simple random sampling.

    ``errors_tc_ha`` (plots,) are measured minus mapped densities at the plots. The total is that of
    the map plus area times the mean error; its variance area squared times s2 / n.

    Raises
    ------
    ValueError
        Fewer than two plots.
    """
    count = len(errors_tc_ha)
    if count < PLOTS_PER_STRATUM_MIN:
        raise ValueError(f"stratum '{stratum}' has {count} plots; a variance needs 2")
    correction = area_ha * float(errors_tc_ha.mean())
    error = area_ha * float(errors_tc_ha.std(ddof=1)) / math.sqrt(count)
    return AssistedTotal(
        stratum, area_ha, count, map_total_tc, correction, map_total_tc + correction, error
    )


def stratified_difference(
    map_total_tc: Mapping[str, float],
    area_ha: Mapping[str, float],
    errors_tc_ha: Floats,
    strata: Sequence[str],
) -> tuple[tuple[AssistedTotal, ...], tuple[Finding, ...]]:
    """The difference estimator in each stratum, and their sum as the last row (stratum "").

    Plots whose stratum is not mapped are left out and named; so are strata with fewer than two
    plots, with their hectares (warnings ``plot-stratum-not-mapped``, ``plots-too-few-in-stratum``):
    the sum is of the others.
    """
    own = np.array(strata)
    if list(map_total_tc) == [""]:
        own = np.full(len(strata), "")
    found: list[Finding] = []
    strange = sorted(set(own.tolist()) - set(map_total_tc))
    if strange:
        message = f"plots of {', '.join(strange) or 'no stratum'} are in no mapped stratum"
        found.append(Finding.warning("plot-stratum-not-mapped", "plots", message))
    rows = []
    for stratum, total in map_total_tc.items():
        errors = errors_tc_ha[own == stratum]
        if len(errors) < PLOTS_PER_STRATUM_MIN:
            message = (
                f"stratum '{stratum}' ({area_ha[stratum]:,.2f} ha) has {len(errors)} plots, a "
                "variance needs 2: the corrected total leaves it out"
            )
            found.append(Finding.warning("plots-too-few-in-stratum", "plots", message))
            continue
        rows.append(difference_estimate(total, area_ha[stratum], errors, stratum))
    if len(rows) > 1:
        rows.append(_sum(rows))
    return tuple(rows), tuple(found)


def _sum(rows: Sequence[AssistedTotal]) -> AssistedTotal:
    return AssistedTotal(
        "",
        sum(row.area_ha for row in rows),
        sum(row.plots for row in rows),
        sum(row.map_total_tc for row in rows),
        sum(row.correction_tc for row in rows),
        sum(row.total_tc for row in rows),
        math.sqrt(sum(row.standard_error_tc**2 for row in rows)),
    )
