"""Tier 1 of the IPCC 2013 Wetlands Supplement, chapter 4, for mangrove, as equations.

The text of the chapter was not available to us. The pattern of calculation was read in code that
implements it; the section numbers are recalled. Every function gives a whole stratum and year
[tCO2e]; losses and emissions are positive numbers here, except that the factor of rewetting is
negative as printed (a removal). Arrays: years on the last axis, a leading axis may run over draws.
"""

from __future__ import annotations

import numpy as np

from bluecarbon import units
from bluecarbon.methodology.annual_series import gas_emission_tco2e
from bluecarbon.methodology.ipcc_wetlands_2013_spec import DOCUMENT
from bluecarbon.methodology.trace import Equation, Number

N2O_PER_N = 44.0 / 28.0
"""t N2O per t N2O-N, the ratio of molar masses as the guidelines print it."""


def biomass_tco2e(
    area_ha: Number, biomass_t_ha: Number, root_shoot: Number, carbon_fraction: Number
) -> Number:
    """Section 4.2.1: A x B x (1 + R) x CF x 44/12, positive [tCO2e].

    B is above-ground biomass [t d.m./ha] that is lost in clearing, or its annual growth
    [t d.m./ha/yr] that is gained.
    """
    tree = biomass_t_ha * (1 + np.asarray(root_shoot)) * carbon_fraction
    return units.CO2E_PER_C * area_ha * tree


def dead_organic_matter_tco2e(
    area_ha: Number, litter_tc_ha: Number, dead_wood_tc_ha: Number
) -> Number:
    """Section 4.2.1: A x (litter + dead wood) x 44/12, a loss in the year of clearing [tCO2e]."""
    return units.CO2E_PER_C * area_ha * (litter_tc_ha + np.asarray(dead_wood_tc_ha))


def extraction_tco2e(area_ha: Number, soil_carbon_tc_ha: Number) -> Number:
    """Section 4.2.2: A x SOC to 1 m x 44/12, a loss in the year of excavation [tCO2e]."""
    return units.CO2E_PER_C * area_ha * np.asarray(soil_carbon_tc_ha)


def rewetting_tco2e(area_ha: Number, revegetated_share: Number, factor_tc_ha_yr: Number) -> Number:
    """Section 4.2.3: A x v x EF_RE x 44/12 [tCO2e], **negative: a removal**.

    v is the share on which vegetation is re-established; before that the factor is 0.
    """
    return units.CO2E_PER_C * area_ha * np.asarray(revegetated_share) * factor_tc_ha_yr


def drainage_tco2e(area_ha: Number, factor_tc_ha_yr: Number) -> Number:
    """Section 4.2.4: A x EF_DR x 44/12, an emission [tCO2e]."""
    return units.CO2E_PER_C * area_ha * np.asarray(factor_tc_ha_yr)


def aquaculture_tco2e(fish_kg: Number, factor_kg_kg: Number, gwp: Number) -> Number:
    """Section 4.3.2: F x EF_F x 44/28 x GWP, an emission [tCO2e].

    F is the fish produced [kg], EF_F in kg N2O-N per kg fish; the GWP multiplies N2O, not N.
    """
    kg_per_t = 1000.0
    return fish_kg * np.asarray(factor_kg_kg) * N2O_PER_N / kg_per_t * gwp


def methane_factor(
    salinity_g_kg: Number, factor_low_kg_ha_yr: Number, factor_high_kg_ha_yr: Number
) -> Number:
    """Table 4.14: the CH4 factor of a salinity [kg CH4/ha/yr]: up to 18 ppt, or above it."""
    fresh = np.asarray(salinity_g_kg) <= SALINITY_LIMIT_G_KG
    return np.where(fresh, factor_low_kg_ha_yr, factor_high_kg_ha_yr)


SALINITY_LIMIT_G_KG = 18.0
"""Table 4.14 has rows below and above 18 ppt; on the border the emission is counted."""

GROWTH = Equation(
    DOCUMENT,
    "section 4.2.1 (gain)",
    "carbon gained by growth of biomass",
    "tCO2e",
    biomass_tco2e,
    "44/12*{area_ha}*{biomass_t_ha}*(1+{root_shoot})*{carbon_fraction}",
)
CLEARING = Equation(
    DOCUMENT,
    "section 4.2.1 (loss)",
    "carbon of biomass lost by clearing",
    "tCO2e",
    biomass_tco2e,
    "44/12*{area_ha}*{biomass_t_ha}*(1+{root_shoot})*{carbon_fraction}",
)
DEAD_ORGANIC_MATTER = Equation(
    DOCUMENT,
    "section 4.2.1 (dead organic matter)",
    "carbon of litter and dead wood lost by clearing",
    "tCO2e",
    dead_organic_matter_tco2e,
    "44/12*{area_ha}*({litter_tc_ha}+{dead_wood_tc_ha})",
)
EXTRACTION = Equation(
    DOCUMENT,
    "section 4.2.2",
    "soil carbon to 1 m lost by excavation",
    "tCO2e",
    extraction_tco2e,
    "44/12*{area_ha}*{soil_carbon_tc_ha}",
)
REWETTING = Equation(
    DOCUMENT,
    "section 4.2.3",
    "CO2 of rewetted soil, negative is a removal",
    "tCO2e",
    rewetting_tco2e,
    "44/12*{area_ha}*{revegetated_share}*{factor_tc_ha_yr}",
)
DRAINAGE = Equation(
    DOCUMENT,
    "section 4.2.4",
    "CO2 of drained soil",
    "tCO2e",
    drainage_tco2e,
    "44/12*{area_ha}*{factor_tc_ha_yr}",
)
METHANE_FACTOR = Equation(
    DOCUMENT,
    "Table 4.14",
    "CH4 factor by salinity",
    "kg/ha/yr",
    methane_factor,
    f"IF({{salinity_g_kg}}<={SALINITY_LIMIT_G_KG:g},"
    "{factor_low_kg_ha_yr},{factor_high_kg_ha_yr})",
)
METHANE = Equation(
    DOCUMENT,
    "section 4.3.1",
    "CH4 of rewetted soil",
    "tCO2e",
    gas_emission_tco2e,
    "{area_ha}*{factor_kg_ha_yr}/1000*{gwp}",
)
AQUACULTURE = Equation(
    DOCUMENT,
    "section 4.3.2",
    "N2O of aquaculture in use",
    "tCO2e",
    aquaculture_tco2e,
    "{fish_kg}*{factor_kg_kg}*44/28/1000*{gwp}",
)
POOL = Equation(
    DOCUMENT,
    "sum of a pool or gas",
    "removals less emissions of all strata",
    "tCO2e",
    lambda removals, emissions: removals.sum(axis=-1) - emissions.sum(axis=-1),
    "SUM({removals})-SUM({emissions})",
)
SCENARIO = Equation(
    DOCUMENT,
    "sum of terms",
    "net removals of a scenario",
    "tCO2e",
    lambda pools: pools.sum(axis=-1),
    "SUM({pools})",
)
NET = Equation(
    DOCUMENT,
    "difference",
    "net removals of the project less those of the baseline",
    "tCO2e",
    lambda project, baseline: project - np.asarray(baseline),
    "{project}-{baseline}",
)

BY_TERM = {
    "biomass": f"{GROWTH.label}; {CLEARING.number}",
    "dead organic matter": DEAD_ORGANIC_MATTER.label,
    "soil": f"{EXTRACTION.label}; {REWETTING.number}; {DRAINAGE.number}",
    "CH4": f"{METHANE.label}; {METHANE_FACTOR.number}",
    "N2O": AQUACULTURE.label,
    "baseline": SCENARIO.label,
    "project": SCENARIO.label,
    "gross": NET.label,
    "net": NET.label,
}
"""Which equations give each pool and term, for comparisons."""
