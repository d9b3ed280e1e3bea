"""AR-TOOL14 v4.2, carbon stocks and their change in trees and shrubs, as numbered equations.

Sources: CDM A/R Methodological Tool 14 "Estimation of carbon stocks and change in carbon stocks
of trees and shrubs in A/R CDM project activities", version 04.2, read in a transcription.
Arrays: the last axis runs over strata (or plots); a leading axis may run over draws.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri, stdtrit

from bluecarbon import units
from bluecarbon.methodology.parameters import parameter_rows
from bluecarbon.methodology.trace import Equation, Number

DOCUMENT = "AR-TOOL14 v4.2"

_ROWS = {row.name: row.value for row in parameter_rows("ar_am0014_v3_0.csv")}

LIMITS = tuple(f"uncertainty_limit_{step}" for step in (1, 2, 3, 4))
DISCOUNTS = tuple(f"uncertainty_discount_{step}" for step in (1, 2, 3, 4, 5))
"""Parameter rows of the ladder of Appendix 2: up to a limit that share of the half-width is taken
off, above the last limit the last share."""

LADDER = {name: _ROWS[name] or 0.0 for name in (*LIMITS, *DISCOUNTS)}
ROOT_SHOOT_INTERCEPT = _ROWS["root_shoot_intercept"] or 0.0
ROOT_SHOOT_SLOPE = _ROWS["root_shoot_slope"] or 0.0
"""The rows as the tool prints them, for whoever computes without a project."""

CONFIDENCE_TWO_SIDED = 0.90

NORMAL_90 = float(ndtri(0.5 + CONFIDENCE_TWO_SIDED / 2))
"""The normal quantile of a two-sided 90 % interval, 1.645."""

_DIGITS = 11
"""Of an uncertainty, before it is held against a limit."""


def root_shoot_ratio(
    agb_t_ha: Number, intercept: Number = ROOT_SHOOT_INTERCEPT, slope: Number = ROOT_SHOOT_SLOPE
) -> Number:
    r"""Appendix 1: :math:`R_j = e^{a + c \ln b} / b`, b in t d.m./ha; 0 where b is 0.

    The tool prints a = -1.085 and c = 0.9256.
    """
    agb = np.asarray(agb_t_ha, dtype=np.float64)
    safe = np.where(agb > 0, agb, 1.0)
    return np.where(agb > 0, np.exp(intercept + slope * np.log(safe)) / safe, 0.0)


def plot_biomass_t_ha(agb_t_ha: Number, root_shoot: Number) -> Number:
    """Eq A1.1-A1.4: tree biomass of a plot per hectare, above and below ground, b (1 + R)."""
    return agb_t_ha * (1 + np.asarray(root_shoot))


def stratum_mean(plot_biomass: np.ndarray) -> Number:
    """Eq 16: mean over the n plots of a stratum [t d.m./ha]."""
    mean: Number = plot_biomass.mean(axis=-1)
    return mean


def stratum_variance(plot_biomass: np.ndarray) -> Number:
    """Eq 17: (n sum b^2 - (sum b)^2) / (n (n - 1)) [(t d.m./ha)^2]; n must be at least 2."""
    count = plot_biomass.shape[-1]
    # The centred form is the same number without the cancellation of the printed one.
    centred = plot_biomass - plot_biomass.mean(axis=-1, keepdims=True)
    variance: Number = (centred**2).sum(axis=-1) / (count - 1)
    return variance


def weighted_mean(area_ha: np.ndarray, mean_t_ha: np.ndarray) -> Number:
    """Eq 14: sum of w_i b_i with w_i = A_i / A [t d.m./ha]."""
    total: Number = (area_ha * mean_t_ha).sum(axis=-1) / area_ha.sum(axis=-1)
    return total


def relative_uncertainty(
    area_ha: np.ndarray,
    variance: np.ndarray,
    plots: np.ndarray,
    *,
    mean_t_ha: Number,
    t_value: Number,
) -> Number:
    """Eq 15: t sqrt(sum w_i^2 s_i^2 / n_i) / b, as a fraction of b."""
    weight = area_ha / area_ha.sum(axis=-1, keepdims=True)
    spread = np.sqrt((weight**2 * variance / plots).sum(axis=-1))
    uncertainty: Number = t_value * spread / mean_t_ha
    return uncertainty


def student_t(plots: Number, strata: Number) -> Number:
    """Eq 15: two-sided Student t at 90 % confidence with n - M degrees of freedom."""
    value: Number = stdtrit(np.asarray(plots) - np.asarray(strata), 0.5 + CONFIDENCE_TWO_SIDED / 2)
    return value


def stock_tco2e(biomass_t: Number, carbon_fraction: Number) -> Number:
    """Eq 12: 44/12 x CF x B [tCO2e]."""
    return units.CO2E_PER_C * carbon_fraction * biomass_t


def change_uncertainty(
    stock_start: Number, stock_end: Number, *, uncertainty_start: Number, uncertainty_end: Number
) -> Number:
    """Eq 2: sqrt((u1 C1)^2 + (u2 C2)^2) / abs(C2 - C1), as a fraction of the change."""
    half_width = np.hypot(uncertainty_start * stock_start, uncertainty_end * stock_end)
    uncertainty: Number = half_width / np.abs(np.asarray(stock_end) - np.asarray(stock_start))
    return uncertainty


def discount_share(uncertainty: Number, **ladder: Number) -> Number:
    """Appendix 2: the share of the half-width to be taken off (0 ... 1), by the uncertainty.

    ``ladder``: the rows :data:`LIMITS` and :data:`DISCOUNTS` by name; as printed where none are
    given.
    """
    steps = ladder or LADDER
    bounds = np.array([steps[name] for name in LIMITS])
    shares = np.array([steps[name] for name in DISCOUNTS])
    # side="left": a bound belongs to the milder step below it ("up to and including 10 %"). The
    # rounding keeps 9/60 = 15 % on its step, where binary floats would put it a hair above.
    rounded = np.round(np.asarray(uncertainty), _DIGITS)
    share: Number = shares[np.searchsorted(bounds, rounded, side="left")]
    return share


def discounted(change: Number, uncertainty: Number, share: Number) -> Number:
    """Appendix 2: the change less the discounted part of its absolute half-width [tCO2e].

    For a baseline the same half-width is added; here the project side only.
    """
    half_width: Number = np.abs(np.asarray(change)) * uncertainty
    return change - share * half_width


def baseline_discounted(value: Number, half_width: Number, **ladder: Number) -> Number:
    """Appendix 2 for a baseline: the discounted part of the half-width is ADDED.

    A value of 0 with a half-width has no relative uncertainty: more than 30 %, so all of it.
    ``ladder`` as in :func:`discount_share`.
    """
    value, half_width = np.asarray(value, dtype=np.float64), np.asarray(half_width)
    safe = np.where(value > 0, value, 1.0)
    relative = np.where(value > 0, half_width / safe, np.inf)
    share = discount_share(relative, **ladder)
    added: Number = np.where(half_width > 0, share * half_width, 0.0)
    return value + added


def half_width_90(standard_error: Number) -> Number:
    """The half-width at 90 % (two-sided, normal) of a value with this standard error."""
    return NORMAL_90 * standard_error


def change_uncertainty_with_areas(
    half_width: Number, area_errors: np.ndarray, change: Number
) -> Number:
    """Ours, not the tool's: Eq 2 with the area errors of both dates added in quadrature.

    ``area_errors``: 90 % half-width of each stratum's area times its tCO2e per ha, per date.
    """
    squared = half_width**2 + (area_errors**2).sum(axis=-1)
    uncertainty: Number = np.sqrt(squared) / np.abs(np.asarray(change))
    return uncertainty


def baseline_crown_cover_change(
    carbon_fraction: Number,
    forest_growth_t_ha_yr: Number,
    root_shoot: Number,
    *,
    crown_cover: Number,
    area_ha: Number,
) -> Number:
    """Eq 10: 44/12 x CF x db_FOREST x (1 + R) x CC x A, per year [tCO2e/yr]."""
    growth = carbon_fraction * forest_growth_t_ha_yr * (1 + np.asarray(root_shoot))
    return units.CO2E_PER_C * growth * crown_cover * area_ha


def _equation(
    number: str, about: str, unit: str, compute: object, *, formula: str = ""
) -> Equation:
    return Equation(DOCUMENT, number, about, unit, compute, formula)  # type: ignore[arg-type]


def _ladder(uncertainty: str) -> str:
    """The steps of Appendix 2 as a spreadsheet formula over an uncertainty and the rows."""
    *shares, last = DISCOUNTS
    text = f"{{{last}}}"
    for limit, share in zip(reversed(LIMITS), reversed(shares), strict=True):
        text = f"IF(ROUND({uncertainty},{_DIGITS})<={{{limit}}},{{{share}}},{text})"
    return text


ROOT_SHOOT = _equation(
    "Appendix 1 (R_j)",
    "root-shoot ratio of a plot",
    "1",
    root_shoot_ratio,
    formula="IF({agb_t_ha}>0,EXP({intercept}+{slope}*LN({agb_t_ha}))/{agb_t_ha},0)",
)
PLOT_BIOMASS = _equation(
    "Eq A1.4 (per hectare)",
    "tree biomass of a plot",
    "t/ha",
    plot_biomass_t_ha,
    formula="{agb_t_ha}*(1+{root_shoot})",
)
MEAN = _equation(
    "Eq 16",
    "mean tree biomass of a stratum",
    "t/ha",
    stratum_mean,
    formula="AVERAGE({plot_biomass})",
)
VARIANCE = _equation(
    "Eq 17",
    "variance between plots of a stratum",
    "t**2/ha**2",
    stratum_variance,
    formula="DEVSQ({plot_biomass})/(COUNT({plot_biomass})-1)",
)
WEIGHTED_MEAN = _equation(
    "Eq 14",
    "mean tree biomass over strata",
    "t/ha",
    weighted_mean,
    formula="SUMPRODUCT({area_ha},{mean_t_ha})/SUM({area_ha})",
)
TOTAL_AREA = _equation(
    "Eq 14 (A)",
    "area of all strata",
    "ha",
    lambda area_ha: area_ha.sum(axis=-1),
    formula="SUM({area_ha})",
)
BIOMASS = _equation(
    "Eq 13",
    "tree biomass, A x b",
    "t",
    lambda area_ha, mean_t_ha: area_ha * mean_t_ha,
    formula="{area_ha}*{mean_t_ha}",
)
STUDENT_T = _equation(
    "Eq 15 (t)",
    "t value, 90 % two-sided, n - M",
    "1",
    student_t,
    formula=f"TINV({1 - CONFIDENCE_TWO_SIDED:g},{{plots}}-{{strata}})",
)
UNCERTAINTY = _equation(
    "Eq 15",
    "uncertainty of mean tree biomass",
    "1",
    relative_uncertainty,
    formula="{t_value}*SQRT(SUMPRODUCT({area_ha}^2*{variance}/{plots}))/SUM({area_ha})/{mean_t_ha}",
)
STOCK = _equation(
    "Eq 12",
    "carbon stock in trees",
    "tCO2e",
    stock_tco2e,
    formula="44/12*{carbon_fraction}*{biomass_t}",
)
CHANGE = _equation(
    "Eq 1",
    "change of carbon stock in trees",
    "tCO2e",
    lambda stock_start, stock_end: stock_end - stock_start,
    formula="{stock_end}-{stock_start}",
)
CHANGE_UNCERTAINTY = _equation(
    "Eq 2",
    "uncertainty of the change",
    "1",
    change_uncertainty,
    formula="SQRT(({uncertainty_start}*{stock_start})^2+({uncertainty_end}*{stock_end})^2)"
    "/ABS({stock_end}-{stock_start})",
)
DISCOUNT_SHARE = _equation(
    "Appendix 2 (ladder)",
    "share of the half-width discounted",
    "1",
    discount_share,
    formula=_ladder("{uncertainty}"),
)
DISCOUNTED = _equation(
    "Appendix 2",
    "change after the uncertainty discount",
    "tCO2e",
    discounted,
    formula="{change}-{share}*ABS({change})*{uncertainty}",
)
BASELINE_COVER = _equation(
    "Eq 10",
    "baseline change by crown cover",
    "tCO2e/yr",
    baseline_crown_cover_change,
    formula="44/12*{carbon_fraction}*{forest_growth_t_ha_yr}*(1+{root_shoot})"
    "*{crown_cover}*{area_ha}",
)
HALF_WIDTH = _equation(
    "Appendix 2 (half-width)",
    "90 % half-width",
    "1",
    half_width_90,
    formula=f"{NORMAL_90!r}*{{standard_error}}",
)
BASELINE_DISCOUNTED = _equation(
    "Appendix 2 (baseline)",
    "baseline value after the uncertainty discount",
    "1",
    baseline_discounted,
    formula="{value}+IF({half_width}>0,IF({value}>0,"
    + _ladder("({half_width}/{value})")
    + f",{{{DISCOUNTS[-1]}}})*{{half_width}},0)",
)
UNCERTAINTY_WITH_AREAS = Equation(
    "bluecarbon",
    "note 1",
    "uncertainty of the change with the area errors, for information",
    "1",
    change_uncertainty_with_areas,
    "SQRT({half_width}^2+SUMSQ({area_errors}))/ABS({change})",
)
