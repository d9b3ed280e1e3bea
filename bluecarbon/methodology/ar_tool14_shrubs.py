"""AR-TOOL14 v4.2 Eq 24-27: carbon in shrubs from their crown cover.

Read in a transcription. The tool gives no uncertainty for shrubs: the standard error of the cover
counts in the Monte Carlo only.
"""

from __future__ import annotations

import numpy as np

from bluecarbon import units
from bluecarbon.methodology import ar_tool14
from bluecarbon.methodology.trace import Equation, Number

CROWN_COVER_MIN = 0.05
"""Below this share of the area under shrub crowns, shrub biomass counts as nothing."""


def shrub_biomass_t_ha(ratio: Number, forest_biomass: Number, crown_cover: Number) -> Number:
    """Eq 27: b_SHRUB = BDR_SF x b_FOREST x CC_SHRUB [t d.m./ha], 0 below 5 % crown cover."""
    biomass = ratio * np.asarray(forest_biomass) * crown_cover
    # Written so that a cover that is not a number stays one.
    counted: Number = np.where(np.asarray(crown_cover) < CROWN_COVER_MIN, 0.0, biomass)
    return counted


def shrub_stock_tco2e(
    carbon_fraction: Number, root_shoot: Number, *, area_ha: np.ndarray, biomass_t_ha: np.ndarray
) -> Number:
    """Eq 26: 44/12 x CF_S x (1 + R_S) x sum of A_i b_i over strata (last axis) [tCO2e]."""
    total = (area_ha * biomass_t_ha).sum(axis=-1)
    stock: Number = units.CO2E_PER_C * carbon_fraction * (1 + np.asarray(root_shoot)) * total
    return stock


BIOMASS = Equation(
    ar_tool14.DOCUMENT,
    "Eq 27",
    "shrub biomass of a stratum by crown cover",
    "t/ha",
    shrub_biomass_t_ha,
    f"IF({{crown_cover}}<{CROWN_COVER_MIN:g},0,{{ratio}}*{{forest_biomass}}*{{crown_cover}})",
)
STOCK = Equation(
    ar_tool14.DOCUMENT,
    "Eq 26",
    "carbon stock in shrubs",
    "tCO2e",
    shrub_stock_tco2e,
    "44/12*{carbon_fraction}*(1+{root_shoot})*SUMPRODUCT({area_ha},{biomass_t_ha})",
)
CHANGE = Equation(
    ar_tool14.DOCUMENT,
    "Eq 24",
    "change of carbon stock in shrubs",
    "tCO2e",
    lambda stock_start, stock_end: stock_end - stock_start,
    "{stock_end}-{stock_start}",
)
