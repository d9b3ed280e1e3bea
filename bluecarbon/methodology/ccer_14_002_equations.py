"""The form of CCER-14-002-V01 as equations.

Only the first page of the document could be read. The form was recalled from the family of
methodologies that it belongs to, so no equation has a number here. Sign: removals positive;
functions that give emissions say so. Arrays: years last, a leading axis may run over draws.
"""

from __future__ import annotations

import numpy as np

from bluecarbon import units
from bluecarbon.methodology.annual_series import (
    area_flux_tco2e,
    biomass_change_tco2e,
    gas_emission_tco2e,
    share_of_gain,
)
from bluecarbon.methodology.ccer_14_002_spec import DOCUMENT
from bluecarbon.methodology.kernels.growth import chapman_richards_t_ha
from bluecarbon.methodology.trace import Equation, Number


def soil_tco2e(area_ha: Number, rate_tc_ha_yr: Number) -> Number:
    """A x soil carbon rate x 44/12 [tCO2e]."""
    return units.CO2E_PER_C * area_ha * np.asarray(rate_tc_ha_yr)


def sparse_deduction_tco2e(
    change: Number, crown_cover: Number, cover_limit: Number, deduction_share: Number
) -> Number:
    """What a stand below the cover limit loses of its gain [tCO2e]; a loss counts whole."""
    is_sparse = np.asarray(crown_cover) < cover_limit
    return np.where(is_sparse, share_of_gain(change, deduction_share), 0.0)


def discount_share(uncertainty: Number, limits: np.ndarray, discounts: np.ndarray) -> Number:
    """The discount of an uncertainty (half-width at 90 % over the mean): a ladder of 3 steps.

    ``limits`` and ``discounts`` have the steps on the last axis; an uncertainty on a limit
    belongs to the lower step. NaN above the last limit: there is no discount, only more plots.
    """
    value = np.asarray(uncertainty)
    low, middle, high = np.moveaxis(limits, -1, 0)
    steps = np.moveaxis(discounts, -1, 0)
    conditions = [value <= low, value <= middle, value <= high]
    share: Number = np.select(conditions, [steps[0], steps[1], steps[2]], np.nan)
    return share


def discount_tco2e(trees: Number, share: Number) -> Number:
    """Share of the absolute tree change: a gain gets smaller, a loss greater [tCO2e]."""
    taken: Number = np.abs(trees) * np.asarray(share)
    return taken


_RECALLED = "(recalled)"

AGB = Equation(
    DOCUMENT,
    f"growth curve {_RECALLED}",
    "above-ground biomass at an age",
    "t/ha",
    chapman_richards_t_ha,
    "IF({age_yr}<=0,0,{asymptote_t_ha}*(1-EXP(-{rate_per_yr}*{age_yr}))^{shape})",
)
TREES = Equation(
    DOCUMENT,
    f"dC_TREE {_RECALLED}",
    "change of carbon in trees of a stratum",
    "tCO2e",
    biomass_change_tco2e,
    "44/12*{carbon_fraction}*(1+{root_shoot})"
    "*({area_ha}*{agb_t_ha}-{area_before_ha}*{agb_before_t_ha})",
)
SPARSE = Equation(
    DOCUMENT,
    f"sparse stands {_RECALLED}",
    "taken off the gain of a sparse stand",
    "tCO2e",
    sparse_deduction_tco2e,
    "IF({crown_cover}<{cover_limit},MAX({change},0)*{deduction_share},0)",
)
SOIL = Equation(
    DOCUMENT,
    f"dC_SOC {_RECALLED}",
    "carbon gained by the soil of a stratum",
    "tCO2e",
    soil_tco2e,
    "44/12*{area_ha}*{rate_tc_ha_yr}",
)
GAS = "{area_ha}*{factor_kg_ha_yr}/1000*{gwp}"
METHANE = Equation(
    DOCUMENT,
    f"GHG_CH4 {_RECALLED}",
    "CH4 of the soil, an emission",
    "tCO2e",
    gas_emission_tco2e,
    GAS,
)
NITROUS_OXIDE = Equation(
    DOCUMENT,
    f"GHG_N2O {_RECALLED}",
    "N2O of the soil, an emission",
    "tCO2e",
    gas_emission_tco2e,
    GAS,
)
BASELINE = Equation(
    DOCUMENT,
    f"dC_BSL {_RECALLED}",
    "baseline removals of a stratum",
    "tCO2e",
    area_flux_tco2e,
    "{area_ha}*{rate_tco2e_ha_yr}",
)
LEAKAGE = Equation(
    DOCUMENT,
    f"LK {_RECALLED}",
    "leakage of a stratum",
    "tCO2e",
    area_flux_tco2e,
    "{area_ha}*{rate_tco2e_ha_yr}",
)
SUM = Equation(
    DOCUMENT, "sum", "all strata", "tCO2e", lambda strata: strata.sum(axis=-1), "SUM({strata})"
)
TREES_NET = Equation(
    DOCUMENT,
    "sum",
    "trees of all strata less what sparse stands lose",
    "tCO2e",
    lambda strata, sparse: strata.sum(axis=-1) - sparse.sum(axis=-1),
    "SUM({strata})-SUM({sparse})",
)
PROJECT = Equation(
    DOCUMENT,
    f"dC_PROJ {_RECALLED}",
    "net removals of the project",
    "tCO2e",
    lambda trees, soil, methane, nitrous_oxide: trees + soil - methane - nitrous_oxide,
    "{trees}+{soil}-{methane}-{nitrous_oxide}",
)
DISCOUNT_SHARE = Equation(
    DOCUMENT,
    f"uncertainty ladder {_RECALLED}",
    "discount for uncertainty",
    "1",
    discount_share,
)
DISCOUNT = Equation(
    DOCUMENT,
    f"uncertainty discount {_RECALLED}",
    "taken off the tree change",
    "tCO2e",
    discount_tco2e,
    "ABS({trees})*{share}",
)
GROSS = Equation(
    DOCUMENT,
    f"dC_PROJ - dC_BSL - LK {_RECALLED}",
    "reduction before deductions",
    "tCO2e",
    lambda project, baseline, leakage: project - np.asarray(baseline) - leakage,
    "{project}-{baseline}-{leakage}",
)
AFTER_DISCOUNT = Equation(
    DOCUMENT,
    f"dC_PROJ - dC_BSL - LK, discounted {_RECALLED}",
    "reduction after the uncertainty discount",
    "tCO2e",
    lambda gross, discount: gross - np.asarray(discount),
    "{gross}-{discount}",
)
RISK = Equation(
    DOCUMENT,
    f"K_RISK {_RECALLED}",
    "taken off for non-permanence; of a loss nothing",
    "tCO2e",
    share_of_gain,
    "MAX({amount},0)*{share}",
)
NET = Equation(
    DOCUMENT,
    f"CDR {_RECALLED}",
    "reduction of a year",
    "tCO2e",
    lambda amount, risk: amount - np.asarray(risk),
    "{amount}-{risk}",
)

BY_TERM = {
    "trees": f"{AGB.label}; {TREES.number}; {SPARSE.number}",
    "soil": SOIL.label,
    "CH4": METHANE.label,
    "N2O": NITROUS_OXIDE.label,
    "baseline": BASELINE.label,
    "project": PROJECT.label,
    "leakage": LEAKAGE.label,
    "gross": GROSS.label,
    "uncertainty_deduction": DISCOUNT.label,
    "buffer": RISK.label,
    "net": NET.label,
}
"""Which equations give each pool and term, for comparisons."""
