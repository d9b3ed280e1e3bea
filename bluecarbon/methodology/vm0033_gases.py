"""VM0033 v2.1 sections 8.1.4.5-8.1.5 and 8.2.5-8.2.6: CH4, N2O, prescribed burning and fuel.

Sign inside, as in the document: emission positive [tCO2e].
"""

from __future__ import annotations

import numpy as np

from bluecarbon.methodology.trace import Number, Term
from bluecarbon.methodology.vm0033_cell import Cell, pair, salinity_g_kg

BRACKISH_G_KG, SALINE_G_KG = 5.0, 18.0
"""Eq 63-68: open above 5, up to and including 18 g/kg."""


def gas_co2e(emission_t: Number, gwp: Number) -> Number:
    """Eq 59-68: emission of the gas x its global warming potential [tCO2e/ha/yr]."""
    return np.asarray(emission_t) * gwp


def n2o_by_salinity(
    over_18: Number, from_5_to_18: Number, to_5: Number, salinity_g_kg: Number
) -> Number:
    """Eq 63-68: the factor by the salinity of the year (over 18, over 5 to 18, to 5 g/kg)."""
    salt = np.asarray(salinity_g_kg)
    saline, fresh = salt > SALINE_G_KG, salt <= BRACKISH_G_KG
    # A sum and not a choice: a factor that is not a number must not go unseen.
    factor: Number = saline * over_18 + ~(saline | fresh) * from_5_to_18 + fresh * to_5
    return factor


def burning_co2e(
    biomass_kg_ha: Number, factor_g_kg: Number, gwp: Number, area_ha: Number
) -> Number:
    """Eq 82, 83: Biomass x EF x GWP x 1e-6 x A [tCO2e/yr] (kg/ha x g/kg = g/ha)."""
    return np.asarray(biomass_kg_ha) * factor_g_kg * gwp * 1e-6 * area_ha


def burning_sum(n2o: Number, ch4: Number) -> Number:
    """Eq 81: CO2e of N2O + CO2e of CH4 [tCO2e/yr]."""
    return np.asarray(n2o) + ch4


def fuel_emission(combustion: Number) -> Number:
    """Eq 84: GHG_fuel = ET_FC, as AR-TOOL05 gives it [tCO2e/yr]."""
    return combustion


CH4_FLUX = pair(
    "59",
    "CH4 by proxy, measured or published",
    "tCO2e/ha/yr",
    gas_co2e,
    formula="{emission_t}*{gwp}",
)
CH4_18 = pair(
    "60", "CH4, default over 18 ppt", "tCO2e/ha/yr", gas_co2e, formula="{emission_t}*{gwp}"
)
CH4_20 = pair(
    "61", "CH4, default from 20 ppt", "tCO2e/ha/yr", gas_co2e, formula="{emission_t}*{gwp}"
)
N2O_FLUX = pair(
    "62",
    "N2O by proxy, measured or published",
    "tCO2e/ha/yr",
    gas_co2e,
    formula="{emission_t}*{gwp}",
)
_BY_SALINITY = "IF({salinity_g_kg}>18,{over_18},IF({salinity_g_kg}>5,{from_5_to_18},{to_5}))"
N2O_FACTOR = {
    "open_water": pair(
        "63-65 (factor)",
        "N2O factor of open water",
        "t/ha/yr",
        n2o_by_salinity,
        formula=_BY_SALINITY,
    ),
    "wetland": pair(
        "66-68 (factor)", "N2O factor of wetland", "t/ha/yr", n2o_by_salinity, formula=_BY_SALINITY
    ),
}
N2O_DEFAULT = {
    "open_water": pair(
        "63-65", "N2O of open water, default", "tCO2e/ha/yr", gas_co2e, formula="{emission_t}*{gwp}"
    ),
    "wetland": pair(
        "66-68", "N2O of wetland, default", "tCO2e/ha/yr", gas_co2e, formula="{emission_t}*{gwp}"
    ),
}
BURNING_N2O = pair(
    "82",
    "N2O of prescribed burning",
    "tCO2e/yr",
    burning_co2e,
    formula="{biomass_kg_ha}*{factor_g_kg}*{gwp}/1000000*{area_ha}",
)
BURNING_CH4 = pair(
    "83",
    "CH4 of prescribed burning",
    "tCO2e/yr",
    burning_co2e,
    formula="{biomass_kg_ha}*{factor_g_kg}*{gwp}/1000000*{area_ha}",
)
BURNING = pair("81", "prescribed burning", "tCO2e/yr", burning_sum, formula="{n2o}+{ch4}")
FUEL = pair("84", "fossil fuel", "tCO2e/yr", fuel_emission, formula="{combustion}")


def ch4(cell: Cell) -> Term:
    """CH4 of soil [tCO2e/ha/yr] (Eq 59-61)."""
    option = cell.choice("ch4_method")
    if option == "none":
        return cell.nothing("tCO2e/ha/yr", "ch4_method is none")
    gwp = cell.parameter("gwp_ch4", "tCO2e/t")
    if option == "flux":
        return cell.evaluate(CH4_FLUX, emission_t=cell.series("ch4_flux"), gwp=gwp)
    low = option == "default_from_20ppt"
    factor = cell.parameter("ch4_from_20ppt" if low else "ch4_over_18ppt", "t/ha/yr")
    return cell.evaluate(CH4_20 if low else CH4_18, emission_t=_every_year(cell, factor), gwp=gwp)


def n2o(cell: Cell) -> Term:
    """N2O of soil [tCO2e/ha/yr] (Eq 62-68)."""
    option = cell.choice("n2o_method")
    if option == "none":
        return cell.nothing("tCO2e/ha/yr", "n2o_method is none")
    gwp = cell.parameter("gwp_n2o", "tCO2e/t")
    if option == "flux":
        return cell.evaluate(N2O_FLUX, emission_t=cell.series("n2o_flux"), gwp=gwp)
    water = "open_water" if option == "default_open_water" else "wetland"
    factor = cell.evaluate(
        N2O_FACTOR[water],
        over_18=cell.parameter(f"n2o_{water}_over_18ppt", "t/ha/yr"),
        from_5_to_18=cell.parameter(f"n2o_{water}_5_to_18ppt", "t/ha/yr"),
        to_5=cell.parameter(f"n2o_{water}_to_5ppt", "t/ha/yr"),
        salinity_g_kg=_salinity(cell),
    )
    return cell.evaluate(N2O_DEFAULT[water], emission_t=factor, gwp=gwp)


def burning(cell: Cell, area: Term) -> Term:
    """CH4 and N2O of prescribed burning [tCO2e/yr] (Eq 81-83); the project's only."""
    if cell.choice("burning_method") == "none":
        return cell.nothing("tCO2e/yr", "burning_method is none")
    biomass = cell.series("burnt_biomass")
    parts = {
        gas: cell.evaluate(
            what,
            biomass_kg_ha=biomass,
            factor_g_kg=cell.parameter(f"burning_{gas}", "g/kg"),
            gwp=cell.parameter(f"gwp_{gas}", "tCO2e/t"),
            area_ha=area,
        )
        for gas, what in (("n2o", BURNING_N2O), ("ch4", BURNING_CH4))
    }
    return cell.evaluate(BURNING, **parts)


def fuel(cell: Cell) -> Term:
    """Emissions of vehicles and machines, ET_FC of AR-TOOL05 [tCO2e/yr] (Eq 84)."""
    if cell.choice("fuel_method") == "none":
        return cell.nothing("tCO2e/yr", "fuel_method is none")
    return cell.evaluate(FUEL, combustion=cell.series("fuel_emission"))


def _every_year(cell: Cell, factor: Term) -> Term:
    value = np.asarray(factor.value) * np.ones(len(cell.inputs.years))
    return Term(value, factor.unit, factor.source, factor.parameters)


def _salinity(cell: Cell) -> Term:
    """Salinity of the years [g/kg]: it decides which factor applies and is never drawn."""
    row = cell.row("salinity")
    start = cell.inputs.years[0] - row.first_year
    values = salinity_g_kg(row)[start : start + len(cell.inputs.years)]
    return cell.known(values, "g/kg", f"salinity {cell.stratum} {cell.scenario}")
