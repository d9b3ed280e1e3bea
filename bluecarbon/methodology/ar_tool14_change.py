"""AR-TOOL14 v4.2 Eq 3-8 and 22-23: change of tree carbon from plots that were measured twice.

Read in a transcription. Eq 5-8 are Eq 14-17 on the differences between the two measurements of a
plot, with n - M degrees of freedom. Here each difference is multiplied by the stratum's area
first, A_i db_p [t d.m.]: summed over strata this is A db of Eq 4-5, and Eq 6 is the same fraction.

The tool has one area per stratum. The mangrove area of a stratum may differ between the dates: the
difference of a plot is then A2 b2 - A1 b1, which is ours. The change itself is the same number as
by Eq 1, because a mean of differences is the difference of the means; its uncertainty is not.
"""

from __future__ import annotations

import numpy as np

from bluecarbon.methodology import ar_tool14
from bluecarbon.methodology.trace import Equation, Number


def plot_difference_t(
    area_start_ha: Number, biomass_start: Number, *, area_end_ha: Number, biomass_end: Number
) -> Number:
    """A_i db_p of Eq 7, as A2 b2 - A1 b1 [t d.m.]; areas in ha, biomass in t d.m./ha."""
    return area_end_ha * biomass_end - area_start_ha * biomass_start


def relative_uncertainty_of_change(
    mean_t: np.ndarray, variance: np.ndarray, *, plots: np.ndarray, t_value: Number
) -> Number:
    """Eq 6: t sqrt(sum s_i^2 / n_i) / abs(sum of means), a fraction of the change.

    ``mean_t`` [t d.m.], ``variance`` [t^2] and ``plots`` per stratum on the last axis.
    """
    spread = np.sqrt((variance / plots).sum(axis=-1))
    uncertainty: Number = t_value * spread / np.abs(mean_t.sum(axis=-1))
    return uncertainty


def updated_uncertainty(
    stock_before: Number, change: Number, *, uncertainty_before: Number, uncertainty: Number
) -> Number:
    """Eq 23: sqrt((u1 C1)^2 + (u_dC dC)^2) / C2, C2 = C1 + dC, as a fraction of C2."""
    half_width = np.hypot(uncertainty_before * stock_before, uncertainty * change)
    updated: Number = half_width / (stock_before + np.asarray(change))
    return updated


PLOT_DIFFERENCE = Equation(
    ar_tool14.DOCUMENT,
    "Eq 7 (plot, x A_i)",
    "change of a plot between the two dates, expanded to its stratum",
    "t",
    plot_difference_t,
    "{area_end_ha}*{biomass_end}-{area_start_ha}*{biomass_start}",
)
MEAN_DIFFERENCE = Equation(
    ar_tool14.DOCUMENT,
    "Eq 7 (x A_i)",
    "mean difference of a stratum",
    "t",
    ar_tool14.stratum_mean,
    "AVERAGE({plot_biomass})",
)
VARIANCE_OF_DIFFERENCES = Equation(
    ar_tool14.DOCUMENT,
    "Eq 8 (x A_i^2)",
    "variance between the differences of a stratum",
    "t**2",
    ar_tool14.stratum_variance,
    "DEVSQ({plot_biomass})/(COUNT({plot_biomass})-1)",
)
CHANGE_UNCERTAINTY = Equation(
    ar_tool14.DOCUMENT,
    "Eq 6",
    "uncertainty of the change, plots measured twice",
    "1",
    relative_uncertainty_of_change,
    "{t_value}*SQRT(SUMPRODUCT({variance}/{plots}))/ABS(SUM({mean_t}))",
)
UPDATED_STOCK = Equation(
    ar_tool14.DOCUMENT,
    "Eq 22",
    "previous tree stock updated by the measured change",
    "tCO2e",
    lambda stock_before, change: stock_before + change,
    "{stock_before}+{change}",
)
UPDATED_UNCERTAINTY = Equation(
    ar_tool14.DOCUMENT,
    "Eq 23",
    "uncertainty of the updated tree stock",
    "1",
    updated_uncertainty,
    "SQRT(({uncertainty_before}*{stock_before})^2+({uncertainty}*{change})^2)"
    "/({stock_before}+{change})",
)
