"""AR-TOOL14 v4.2 Eq 20-21: the tree stock before the project from its crown cover.

Read in a transcription. As Eq 9-10, it may be used only where the mean crown cover before the
project is below 20 % of the crown cover from which the host country speaks of a forest. The tool
gives no uncertainty for it.
"""

from __future__ import annotations

from bluecarbon.methodology import ar_tool14
from bluecarbon.methodology.trace import Equation, Number

SHARE_OF_THRESHOLD_MAX = 0.20
"""Mean crown cover before the project over the forest threshold; the method holds below it."""


def stratum_stock_tco2e(
    carbon_fraction: Number,
    forest_biomass: Number,
    root_shoot: Number,
    *,
    crown_cover: Number,
    area_ha: Number,
) -> Number:
    """Eq 21: 44/12 x CF x b_FOREST x (1 + R) x CC x A [tCO2e]; b_FOREST in t d.m./ha."""
    return ar_tool14.baseline_crown_cover_change(
        carbon_fraction, forest_biomass, root_shoot, crown_cover=crown_cover, area_ha=area_ha
    )


STRATUM_STOCK = Equation(
    ar_tool14.DOCUMENT,
    "Eq 21",
    "tree stock of a stratum before the project, by crown cover",
    "tCO2e",
    stratum_stock_tco2e,
    "44/12*{carbon_fraction}*{forest_biomass}*(1+{root_shoot})*{crown_cover}*{area_ha}",
)
STOCK = Equation(
    ar_tool14.DOCUMENT,
    "Eq 20",
    "tree stock before the project, by crown cover",
    "tCO2e",
    lambda strata: strata.sum(axis=-1),
    "SUM({strata})",
)
