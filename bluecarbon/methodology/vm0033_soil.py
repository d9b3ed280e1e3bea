"""VM0033 v2.1 sections 8.1.4.1-8.1.4.4 and 8.2.4: CO2 of soil, in situ, eroded and excavated.

Sign inside, as in the document: emission positive, removal negative [tCO2e/ha/yr]. Equations of
the baseline hold for the project with the subscript WPS (section 8.2.4.2.1).
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from bluecarbon import units
from bluecarbon.methodology import vm0033_cores as cores
from bluecarbon.methodology import vm0033_field as field
from bluecarbon.methodology.trace import Equation, Number, Term
from bluecarbon.methodology.vm0033_cell import DOCUMENT, Cell, equation, pair
from bluecarbon.methodology.vm0033_methods import SCENARIOS


def emitted_co2(stock_tc_ha: Number, emitted_percent: Number) -> Number:
    """Eq 28, 48, 56: 44/12 x C x C%_emitted / 100 [tCO2e/ha/yr]."""
    return units.CO2E_PER_C * np.asarray(stock_tc_ha) * emitted_percent / 100


def exposed_stock(carbon_fraction: Number, bulk_density_kg_m3: Number, depth_m: Number) -> Number:
    """Eq 29, 49, 57: C% x BD x Depth x 10 [tC/ha].

    kg C/m2 x 10 is t/ha when C% is a mass *fraction*; the document calls it a percentage.
    """
    stock: Number = np.asarray(carbon_fraction) * bulk_density_kg_m3 * depth_m * 10
    return stock


def subsidence_loss(rate_m_yr: Number, density_kgc_m3: Number) -> Number:
    """Eq 32: 10 x Rate_subs x VC [tC/ha/yr]."""
    return 10 * np.asarray(rate_m_yr) * density_kgc_m3


def loss_co2(loss_tc_ha: Number) -> Number:
    """Eq 31, 37: 44/12 x carbon lost [tCO2e/ha/yr]."""
    return units.CO2E_PER_C * np.asarray(loss_tc_ha)


def default_co2(
    rate_tc_ha_yr: Number, cover: Number, cover_none: Number, cover_full: Number
) -> Number:
    """Eq 33: -1.46 tC/ha/yr x 44/12 at a cover of 50 % and more, 0 below 15 %, linear between."""
    share = (np.asarray(cover) - cover_none) / (np.asarray(cover_full) - cover_none)
    return units.CO2E_PER_C * rate_tc_ha_yr * np.clip(share, 0.0, 1.0)


def until_submergence(removal: Number, year: Number, at: Number) -> Number:
    """Section 5.2.3: "cessation of GHG removal" after the year of submergence [tCO2e/ha/yr]."""
    return np.where(np.asarray(year) <= at, removal, 0.0)


def steady_state_fraction(
    initial_fraction: Number, final_percent: Number, years_exposed: Number, years_to_end: Number
) -> Number:
    """Eq 34, 35: carbon falls linearly from its initial fraction to 1.6 % within 20 years.

    Soil that has less than the steady state already loses nothing.
    """
    initial, final = np.asarray(initial_fraction), np.asarray(final_percent) / 100
    way = np.clip(np.asarray(years_exposed) / years_to_end, 0.0, 1.0)
    return np.where(initial > final, initial - (initial - final) * way, initial)


def fraction_lost_co2(
    before: Number, now: Number, bulk_density_kg_m3: Number, depth_m: Number
) -> Number:
    """Eq 28-29 with Eq 34-35: 44/12 x fall of C% x BD x Depth x 10 [tCO2e/ha/yr]."""
    stock = exposed_stock(np.asarray(before) - now, bulk_density_kg_m3, depth_m)
    return units.CO2E_PER_C * np.asarray(stock)


def stock_change_co2(stock_tc_ha: Number, before_tc_ha: Number, years_between: Number) -> Number:
    """Eq 36: 44/12 x -(C_t - C_(t-T)) / T [tCO2e/ha/yr]."""
    return -units.CO2E_PER_C * (np.asarray(stock_tc_ha) - before_tc_ha) / years_between


def stated_flux(flux: Number) -> Number:
    """Eq 30, 50, 58: the flux of a proxy, model or publication as it is [tCO2e/ha/yr]."""
    return flux


def stated_share(share: Number) -> Number:
    """Eq 51-55: C%_emitted of a depositional environment is its default [percent]."""
    return share


def allochthonous_deduction(in_situ: Number, allochthonous_percent: Number) -> Number:
    """Eq 38: GHG_insitu x %C_alloch / 100, only where GHG_insitu is a removal (negative)."""
    taken: Number = np.minimum(in_situ, 0.0) * np.asarray(allochthonous_percent) / 100
    return taken


def soil_co2(in_situ: Number, eroded: Number, excavated: Number) -> Number:
    """Eq 27, 80: in situ + eroded + excavated [tCO2e/ha/yr]."""
    return np.asarray(in_situ) + (np.asarray(eroded) + excavated)


STOCK = pair(
    "29",
    "carbon of the exposed soil",
    "tC/ha",
    exposed_stock,
    formula="{carbon_fraction}*{bulk_density_kg_m3}*{depth_m}*10",
)
EMITTED = pair(
    "28",
    "in-situ CO2 of exposed soil",
    "tCO2e/ha/yr",
    emitted_co2,
    formula="44/12*{stock_tc_ha}*{emitted_percent}/100",
)
LOSS_RATE = pair(
    "37", "in-situ CO2 by loss rate", "tCO2e/ha/yr", loss_co2, formula="44/12*{loss_tc_ha}"
)
SUBSIDED = pair(
    "32",
    "carbon lost by subsidence",
    "tC/ha/yr",
    subsidence_loss,
    formula="10*{rate_m_yr}*{density_kgc_m3}",
)
SUBSIDENCE = pair(
    "31", "in-situ CO2 by subsidence", "tCO2e/ha/yr", loss_co2, formula="44/12*{loss_tc_ha}"
)
DEFAULT = pair(
    "33",
    "in-situ CO2, default rate",
    "tCO2e/ha/yr",
    default_co2,
    formula=(
        "44/12*{rate_tc_ha_yr}*MAX(0,MIN(1,({cover}-{cover_none})/({cover_full}-{cover_none})))"
    ),
)
DROWNED = MappingProxyType(
    {
        scenario: Equation(
            DOCUMENT,
            "Section 5.2.3",
            "in-situ CO2, default rate, until submergence",
            "tCO2e/ha/yr",
            until_submergence,
            "IF({year}<={at},{removal},0)",
        )
        for scenario in SCENARIOS
    }
)
FRACTION = pair(
    "34-35",
    "carbon fraction of the soil",
    "tC/t",
    steady_state_fraction,
    formula=(
        "{initial_fraction}-MAX(0,{initial_fraction}-{final_percent}/100)*"
        "MAX(0,MIN(1,{years_exposed}/{years_to_end}))"
    ),
)
FALL = pair(
    "28-29 (34-35)",
    "in-situ CO2 to steady state",
    "tCO2e/ha/yr",
    fraction_lost_co2,
    formula="44/12*({before}-{now})*{bulk_density_kg_m3}*{depth_m}*10",
)
FIELD = pair(
    "36",
    "in-situ CO2 by soil stocks",
    "tCO2e/ha/yr",
    stock_change_co2,
    formula="44/12*({before_tc_ha}-{stock_tc_ha})/{years_between}",
)
PROXY = pair("30", "in-situ CO2 by proxy", "tCO2e/ha/yr", stated_flux, formula="{flux}")
ERODED_PROXY = pair(
    "50", "CO2 of eroded soil by proxy", "tCO2e/ha/yr", stated_flux, formula="{flux}"
)
EXCAVATED_PROXY = pair(
    "58", "CO2 of excavated soil by proxy", "tCO2e/ha/yr", stated_flux, formula="{flux}"
)
DEDUCTION = pair(
    "38",
    "allochthonous deduction",
    "tCO2e/ha/yr",
    allochthonous_deduction,
    formula="IF({in_situ}<0,{in_situ}*{allochthonous_percent}/100,0)",
)
ERODED_STOCK = pair(
    "49",
    "carbon of the eroded soil",
    "tC/ha",
    exposed_stock,
    formula="{carbon_fraction}*{bulk_density_kg_m3}*{depth_m}*10",
)
ERODED = pair(
    "48",
    "CO2 of eroded soil",
    "tCO2e/ha/yr",
    emitted_co2,
    formula="44/12*{stock_tc_ha}*{emitted_percent}/100",
)
ERODED_SHARE = MappingProxyType(
    {
        environment: pair(
            number, "share of eroded carbon emitted", "percent", stated_share, formula="{share}"
        )
        for environment, number in (
            ("normal_marine", "51"),
            ("oxygen_depletion", "52"),
            ("small_mountainous_rivers", "53"),
            ("extreme_accumulation", "54"),
            ("not_connected", "55"),
            ("not_connected_conservative", "55 (conservative)"),
            ("very_low_accumulation", "51 (low accumulation)"),
        )
    }
)
"""Carbon preservation by depositional environment (section 8.1.4.3)."""

EXCAVATED_STOCK = pair(
    "57",
    "carbon of the excavated soil",
    "tC/ha",
    exposed_stock,
    formula="{carbon_fraction}*{bulk_density_kg_m3}*{depth_m}*10",
)
EXCAVATED = pair(
    "56",
    "CO2 of excavated soil",
    "tCO2e/ha/yr",
    emitted_co2,
    formula="44/12*{stock_tc_ha}*{emitted_percent}/100",
)
SOIL_CO2 = pair(
    "27|80", "CO2 of soil", "tCO2e/ha/yr", soil_co2, formula="{in_situ}+{eroded}+{excavated}"
)
PERCENT = equation(
    "39 (percent)",
    "fraction as percent",
    "percent",
    lambda fraction: 100 * fraction,
    formula="100*{fraction}",
)


def co2_and_deduction(cell: Cell) -> tuple[Term, Term]:
    """GHG_soil-CO2 and Deduction_alloch of a stratum, every year [tCO2e/ha/yr]."""
    in_situ = _in_situ(cell)
    total = cell.evaluate(
        SOIL_CO2, in_situ=in_situ, eroded=_eroded(cell), excavated=_excavated(cell)
    )
    share = _allochthonous(cell)
    if share is None:
        return total, cell.nothing("tCO2e/ha/yr", "no allochthonous deduction")
    return total, cell.evaluate(DEDUCTION, in_situ=in_situ, allochthonous_percent=share)


def _in_situ(cell: Cell) -> Term:
    option = cell.choice("soil_method")
    if option == "none":
        return cell.nothing("tCO2e/ha/yr", "soil_method is none")
    return {
        "default": _default,
        "stock_change": _stock_change,
        "core_layers": _core_layers,
        "loss_rate": _loss_rate,
        "emitted_share": _emitted_share,
        "steady_state": _steady_state,
        "subsidence": _subsidence,
        "flux": _flux,
    }[option](cell)


def _flux(cell: Cell) -> Term:
    return cell.evaluate(PROXY, flux=cell.series("soil_co2_flux"))


def _default(cell: Cell) -> Term:
    removal = cell.evaluate(
        DEFAULT,
        rate_tc_ha_yr=cell.parameter("soil_default_rate", "tC/ha/yr"),
        cover=cell.series("vegetation_cover"),
        cover_none=cell.parameter("cover_none", "1"),
        cover_full=cell.parameter("cover_full", "1"),
    )
    year = cell.number("submergence_year")
    if year is None:
        return removal
    return cell.evaluate(
        DROWNED,
        removal=removal,
        year=cell.known(np.array(cell.inputs.years, dtype=np.float64), "yr", "calendar"),
        at=cell.known(year, "yr", "declared submergence_year"),
    )


def _stock_change(cell: Cell) -> Term:
    series = "soil_carbon_stock"
    return cell.evaluate(
        FIELD,
        stock_tc_ha=cell.series(series),
        before_tc_ha=cell.before(series),
        years_between=cell.known(1.0, "yr", "an annual series"),
    )


def _core_layers(cell: Cell) -> Term:
    now, before, between = cores.stocks_of_years(cell)
    return cell.evaluate(FIELD, stock_tc_ha=now, before_tc_ha=before, years_between=between)


def _loss_rate(cell: Cell) -> Term:
    return cell.evaluate(LOSS_RATE, loss_tc_ha=cell.series("soil_carbon_loss_rate"))


def _emitted_share(cell: Cell) -> Term:
    stock = cell.evaluate(
        STOCK,
        carbon_fraction=cell.series("soil_carbon_content"),
        bulk_density_kg_m3=cell.series("soil_bulk_density"),
        depth_m=cell.series("soil_exposed_depth"),
    )
    return cell.evaluate(
        EMITTED, stock_tc_ha=stock, emitted_percent=cell.series("soil_emitted_share")
    )


def _steady_state(cell: Cell) -> Term:
    # ``check`` has seen that the year is declared; without it nothing would be known to fall.
    since = np.array(cell.inputs.years) - (cell.number("soil_exposed_year") or 0.0)
    initial = cell.series("soil_carbon_content")

    def fraction(years_exposed: np.ndarray) -> Term:
        return cell.evaluate(
            FRACTION,
            initial_fraction=initial,
            final_percent=cell.parameter("steady_state_carbon_percent", "percent"),
            years_exposed=cell.known(years_exposed, "yr", "years since soil_exposed_year"),
            years_to_end=cell.parameter("steady_state_years", "yr"),
        )

    return cell.evaluate(
        FALL,
        before=fraction(since),
        now=fraction(since + 1),
        bulk_density_kg_m3=cell.series("soil_bulk_density"),
        depth_m=cell.series("soil_exposed_depth"),
    )


def _subsidence(cell: Cell) -> Term:
    lost = cell.evaluate(
        SUBSIDED,
        rate_m_yr=cell.series("subsidence_rate"),
        density_kgc_m3=cell.series("soil_carbon_density"),
    )
    return cell.evaluate(SUBSIDENCE, loss_tc_ha=lost)


def _eroded(cell: Cell) -> Term:
    option = cell.choice("eroded_method")
    if option == "none":
        return cell.nothing("tCO2e/ha/yr", "eroded_method is none")
    if option == "flux":
        return cell.evaluate(ERODED_PROXY, flux=cell.series("eroded_co2_flux"))
    stock = cell.evaluate(
        ERODED_STOCK,
        carbon_fraction=cell.series("eroded_carbon_content"),
        bulk_density_kg_m3=cell.series("eroded_bulk_density"),
        depth_m=cell.series("eroded_depth"),
    )
    if option == "default":
        place = cell.choice("erosion_environment")
        share = cell.evaluate(
            ERODED_SHARE[place], share=cell.parameter(f"emitted_{place}", "percent")
        )
    else:
        share = cell.series("eroded_emitted_share")
    return cell.evaluate(ERODED, stock_tc_ha=stock, emitted_percent=share)


def _excavated(cell: Cell) -> Term:
    option = cell.choice("excavated_method")
    if option == "none":
        return cell.nothing("tCO2e/ha/yr", "excavated_method is none")
    if option == "flux":
        return cell.evaluate(EXCAVATED_PROXY, flux=cell.series("excavated_co2_flux"))
    stock = cell.evaluate(
        EXCAVATED_STOCK,
        carbon_fraction=cell.series("excavated_carbon_content"),
        bulk_density_kg_m3=cell.series("excavated_bulk_density"),
        depth_m=cell.series("excavated_depth"),
    )
    share = cell.series("excavated_emitted_share")
    return cell.evaluate(EXCAVATED, stock_tc_ha=stock, emitted_percent=share)


def _allochthonous(cell: Cell) -> Term | None:
    """%C_alloch of the stratum [percent]; None where no deduction is made."""
    option = cell.choice("allochthonous_method")
    if option in {"none", "organic_soil"}:
        return None
    if option == "share":
        return cell.series("allochthonous_share")
    if option == "autochthonous_carbon":
        own = cell.evaluate(PERCENT, fraction=cell.series("autochthonous_carbon_content"))
        return cell.evaluate(
            field.ALLOCHTHONOUS, soil_carbon_percent=_soil_percent(cell), autochthonous_percent=own
        )
    return _by_organic_matter(cell, option)


def _by_organic_matter(cell: Cell, option: str) -> Term:
    ecosystem = cell.choice("ecosystem")
    if option == "organic_matter":
        matter = cell.series("soil_organic_matter")
        carbon = cell.evaluate(field.CARBON[ecosystem], organic_matter_percent=matter)
    else:
        carbon = _soil_percent(cell)
        matter = cell.evaluate(field.SOIL_MATTER[ecosystem], carbon_percent=carbon)
    own = cell.evaluate(
        field.AUTOCHTHONOUS, soil_percent=matter, deposited_percent=_deposited(cell, ecosystem)
    )
    own_carbon = cell.evaluate(field.CARBON[ecosystem], organic_matter_percent=own)
    return cell.evaluate(
        field.ALLOCHTHONOUS, soil_carbon_percent=carbon, autochthonous_percent=own_carbon
    )


def _soil_percent(cell: Cell) -> Term:
    return cell.evaluate(PERCENT, fraction=cell.series("soil_carbon_content"))


def _deposited(cell: Cell, ecosystem: str) -> Term:
    """%OM_depsed: default, measured, or from the carbon or surface area of the sediment."""
    option = cell.choice("deposit_method")
    if option == "default":
        return cell.parameter("deposited_organic_matter", "percent")
    if option == "organic_matter":
        return cell.series("deposited_organic_matter")
    if option == "carbon":
        carbon = cell.series("deposited_carbon")
    else:
        carbon = cell.evaluate(
            field.DEPOSITED_CARBON,
            surface_area_m2_g=cell.series("sediment_surface_area"),
            slope=cell.parameter("deposited_carbon_slope", "1"),
            intercept=cell.parameter("deposited_carbon_intercept", "1"),
        )
    return cell.evaluate(field.DEPOSITED_MATTER[ecosystem], carbon_percent=carbon)
