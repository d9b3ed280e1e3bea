"""AR-TOOL14 v4.2 Eq 3-8: the change of tree carbon from plots that were measured twice.

The printed forms of Eq 3-8 were not available to us. What stands here is the estimator of Eq 14-17
put on differences between the two measurements of a plot, with n - M degrees of freedom: the mean
difference of a stratum, the variance of the differences, a two-sided t at 90 %. The labels say
so. The change itself is the same number as by Eq 1, because a mean of differences is the
difference of the means; its uncertainty is not.

The mangrove area of a stratum may differ between the dates. So the difference of a plot is taken
after expansion, A2 b2 - A1 b1 [t d.m.], with the areas as known, as everywhere in the tool.

Double sampling (Eq 18, 19) is not available for the same reason: its equations were not read.
"""

from __future__ import annotations

import numpy as np

from bluecarbon.methodology import ar_tool14
from bluecarbon.methodology.trace import Equation, Number

_FORM = "Eq 3-8 (form as {} on differences)"


def plot_difference_t(
    area_start_ha: Number, biomass_start: Number, *, area_end_ha: Number, biomass_end: Number
) -> Number:
    """A2 b2 - A1 b1 of one plot [t d.m.]; areas in ha, biomass in t d.m./ha."""
    return area_end_ha * biomass_end - area_start_ha * biomass_start


def relative_uncertainty_of_change(
    mean_t: np.ndarray, variance: np.ndarray, *, plots: np.ndarray, t_value: Number
) -> Number:
    """Eq 15 on differences: t sqrt(sum s_i^2 / n_i) / abs(sum of means), a fraction of the change.

    ``mean_t`` [t d.m.], ``variance`` [t^2] and ``plots`` per stratum on the last axis.
    """
    spread = np.sqrt((variance / plots).sum(axis=-1))
    uncertainty: Number = t_value * spread / np.abs(mean_t.sum(axis=-1))
    return uncertainty


PLOT_DIFFERENCE = Equation(
    ar_tool14.DOCUMENT,
    "Eq 3-8 (difference of a plot)",
    "change of a plot between the two dates, expanded to its stratum",
    "t",
    plot_difference_t,
    "{area_end_ha}*{biomass_end}-{area_start_ha}*{biomass_start}",
)
MEAN_DIFFERENCE = Equation(
    ar_tool14.DOCUMENT,
    _FORM.format("Eq 16"),
    "mean difference of a stratum",
    "t",
    ar_tool14.stratum_mean,
    "AVERAGE({plot_biomass})",
)
VARIANCE_OF_DIFFERENCES = Equation(
    ar_tool14.DOCUMENT,
    _FORM.format("Eq 17"),
    "variance between the differences of a stratum",
    "t**2",
    ar_tool14.stratum_variance,
    "DEVSQ({plot_biomass})/(COUNT({plot_biomass})-1)",
)
CHANGE_UNCERTAINTY = Equation(
    ar_tool14.DOCUMENT,
    _FORM.format("Eq 14-15"),
    "uncertainty of the change, plots measured twice",
    "1",
    relative_uncertainty_of_change,
    "{t_value}*SQRT(SUMPRODUCT({variance}/{plots}))/ABS(SUM({mean_t}))",
)
