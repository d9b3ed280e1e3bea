"""AR-TOOL14 v4.2 Eq 18-19 and Appendix 3: double sampling.

A secondary variable (an index from an image, basal area, height) is measured on all plots of a
stratum, biomass on a sub-sample of them. Where the two go together in a line, the mean biomass is
corrected for how the sub-sample differs from all plots, and its variance shrinks. Eq 12-15 stay
as they are.

Read in a transcription. The degrees of freedom of Eq 15 count the plots with biomass only: a plot
that carries the secondary variable alone says nothing about the scatter of biomass.
"""

from __future__ import annotations

import numpy as np

from bluecarbon.methodology import ar_tool14
from bluecarbon.methodology.trace import Equation, Number


def correlation(secondary: np.ndarray, plot_biomass: np.ndarray) -> Number:
    """Appendix 3 Eq 2: correlation of the two over the sub-sample, last axis; 0 if one is flat."""
    off_x = secondary - secondary.mean(axis=-1, keepdims=True)
    off_y = plot_biomass - plot_biomass.mean(axis=-1, keepdims=True)
    squared = (off_x**2).sum(axis=-1) * (off_y**2).sum(axis=-1)
    safe = np.where(squared == 0, 1.0, squared)
    # Written so that a value that is not a number stays one.
    found: Number = np.where(squared == 0, 0.0, (off_x * off_y).sum(axis=-1) / np.sqrt(safe))
    return found


def slope(correlation: Number, secondary: np.ndarray, plot_biomass: np.ndarray) -> Number:
    """Appendix 3 Eq 1: rho s_y / s_x [t d.m./ha per unit of the secondary variable]."""
    ratio = plot_biomass.std(axis=-1) / secondary.std(axis=-1)
    found: Number = correlation * ratio
    return found


def stratum_mean(
    plot_biomass: np.ndarray, slope: Number, *, secondary: np.ndarray, secondary_all: np.ndarray
) -> Number:
    """Eq 18: mean over the sub-sample + beta (mean x of all plots - of the sub-sample) [t/ha]."""
    moved = secondary_all.mean(axis=-1) - secondary.mean(axis=-1)
    mean: Number = plot_biomass.mean(axis=-1) + slope * moved
    return mean


def stratum_variance(
    plot_biomass: np.ndarray, correlation: Number, secondary_all: np.ndarray
) -> Number:
    """Eq 19: Eq 17 over the sub-sample x (1 - (1 - alpha) rho^2) [(t d.m./ha)^2].

    alpha: plots of the sub-sample over all plots.
    """
    kept = variance_share(correlation, plot_biomass.shape[-1], secondary_all.shape[-1])
    variance: Number = ar_tool14.stratum_variance(plot_biomass) * kept
    return variance


def variance_share(correlation: Number, measured: int, plots: int) -> Number:
    """Eq 19: what is left of the variance, 1 - (1 - alpha) rho^2, alpha = measured / plots."""
    return 1 - (1 - measured / plots) * np.square(correlation)


_OFF = "({0}-AVERAGE({0}))"

CORRELATION = Equation(
    ar_tool14.DOCUMENT,
    "Appendix 3 Eq 2",
    "correlation of plot biomass with the secondary variable",
    "1",
    correlation,
    "IF(DEVSQ({secondary})*DEVSQ({plot_biomass})=0,0,SUMPRODUCT("
    + _OFF.format("{secondary}")
    + ","
    + _OFF.format("{plot_biomass}")
    + ")/SQRT(DEVSQ({secondary})*DEVSQ({plot_biomass})))",
)
SLOPE = Equation(
    ar_tool14.DOCUMENT,
    "Appendix 3 Eq 1",
    "slope of plot biomass on the secondary variable",
    "t/ha",
    slope,
    "{correlation}*SQRT(DEVSQ({plot_biomass})/DEVSQ({secondary}))",
)
MEAN = Equation(
    ar_tool14.DOCUMENT,
    "Eq 18",
    "mean tree biomass of a double-sampled stratum",
    "t/ha",
    stratum_mean,
    "AVERAGE({plot_biomass})+{slope}*(AVERAGE({secondary_all})-AVERAGE({secondary}))",
)
VARIANCE = Equation(
    ar_tool14.DOCUMENT,
    "Eq 19",
    "variance between plots of a double-sampled stratum",
    "t**2/ha**2",
    stratum_variance,
    "DEVSQ({plot_biomass})/(COUNT({plot_biomass})-1)"
    "*(1-(1-COUNT({plot_biomass})/COUNT({secondary_all}))*{correlation}^2)",
)
