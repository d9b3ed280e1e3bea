"""VM0033 v2.1 sections 8.1.2-8.1.3 and 8.2.3: carbon in trees, shrubs and herbs.

Sign inside: a change of stock is positive when the stock grows [tC/yr]; the document's emissions
(Eq 19, 70) are minus that. AR-TOOL14 gives tCO2e, VM0033 wants tC here: 12/44 stands in Eq 24.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bluecarbon import units
from bluecarbon.methodology import ar_tool14
from bluecarbon.methodology.trace import Equation, Number, Term
from bluecarbon.methodology.vm0033_cell import Cell, pair


def stock_of_biomass(biomass_t_ha: Number, area_ha: Number, carbon_fraction: Number) -> Number:
    """AR-TOOL14 Eq 12-13: C = 44/12 CF A b [tCO2e]."""
    return units.CO2E_PER_C * carbon_fraction * area_ha * np.asarray(biomass_t_ha)


def stock_of_carbon(stock_tc_ha: Number, area_ha: Number) -> Number:
    """AR-TOOL14 Eq 12 where carbon per hectare is known: C = 44/12 A c [tCO2e]."""
    return units.CO2E_PER_C * area_ha * np.asarray(stock_tc_ha)


def shrub_stock(
    area_ha: Number,
    crown_cover: Number,
    forest_biomass_t_ha: Number,
    *,
    carbon_fraction: Number,
    root_shoot: Number,
    forest_ratio: Number,
    least_cover: Number,
) -> Number:
    """AR-TOOL14 Eq 26-27: 44/12 CF_S (1 + R_S) A BDR_SF b_FOREST CC; 0 below 5 % cover [tCO2e]."""
    cover = np.where(np.asarray(crown_cover) < least_cover, 0.0, crown_cover)
    biomass = forest_ratio * forest_biomass_t_ha * cover
    whole: Number = carbon_fraction * (1 + np.asarray(root_shoot)) * area_ha * biomass
    return units.CO2E_PER_C * np.asarray(whole)


def stock_change(stock: Number, stock_before: Number) -> Number:
    """AR-TOOL14 Eq 1, Eq 11 with T = 1 yr: C_t - C_(t-1), the unit of the stock per year."""
    return stock - np.asarray(stock_before)


def long_term_average(stock: np.ndarray) -> Number:
    """Eq 76, 77: the mean of the stocks of the n years of the cycle, last axis [tCO2e]."""
    mean: Number = stock.mean(axis=-1)
    return mean


def limited_to_average(stock: Number, average: Number) -> Number:
    """Section 8.2.3: where trees are harvested the stock that counts is at most the average."""
    limited: Number = np.minimum(stock, average)
    return limited


def tree_shrub_change_tc(tree_tco2e: Number, shrub_tco2e: Number) -> Number:
    """Eq 24, 75: 12/44 (dC_TREE + dC_SHRUB) [tC/yr]; AR-TOOL14 terms are tCO2e/yr."""
    return (tree_tco2e + np.asarray(shrub_tco2e)) / units.CO2E_PER_C


def herb_change_tc(
    stock_tc_ha: Number, before_tc_ha: Number, area_ha: Number, area_before_ha: Number
) -> Number:
    """Eq 25, 78 with T = 1 yr: C_t - C_(t-1), stocks per hectare times their area [tC/yr]."""
    now = area_ha * np.asarray(stock_tc_ha)
    change: Number = now - area_before_ha * np.asarray(before_tc_ha)
    return change


def herb_default_tc(
    area_ha: Number, cover: Number, default_tc_ha: Number, first_year: Number
) -> Number:
    """Eq 25, 78 with the default: 3 tC/ha x cover x A [tC/yr] in the first year, then 0.

    "Only for the first year of the project crediting period" (8.1.3): cover that comes later
    brings nothing.
    """
    return area_ha * np.asarray(default_tc_ha) * cover * first_year


def biomass_change_tc(tree_shrub_tc: Number, herb_tc: Number) -> Number:
    """Eq 23, 74: dC_tree/shrub + dC_herb [tC/yr]."""
    return tree_shrub_tc + np.asarray(herb_tc)


def submerged_change_tc(
    change_tc: Number, stock_before_tc: Number, aboveground: Number, *, year: Number, at: Number
) -> Number:
    """Eq 22: above-ground biomass is lost in the year of submergence, C_t = 0 [tC/yr].

    dC = -C_(t-1) x above-ground share in the year ``at``; nothing changes after it.
    """
    lost = np.asarray(stock_before_tc) * aboveground
    change: Number = np.where(year < at, change_tc, np.where(year == at, -lost, 0.0))
    return change


def _tool(
    number: str, about: str, unit: str, compute: Callable[..., Number], *, formula: str
) -> Equation:
    return Equation(ar_tool14.DOCUMENT, number, about, unit, compute, formula)


TREE_BIOMASS = _tool(
    "Eq 12-13",
    "carbon in trees from biomass",
    "tCO2e",
    stock_of_biomass,
    formula="44/12*{carbon_fraction}*{area_ha}*{biomass_t_ha}",
)
TREE_CARBON = _tool(
    "Eq 12",
    "carbon in trees of the stratum",
    "tCO2e",
    stock_of_carbon,
    formula="44/12*{area_ha}*{stock_tc_ha}",
)
SHRUB = _tool(
    "Eq 26-27",
    "carbon in shrubs by crown cover",
    "tCO2e",
    shrub_stock,
    formula=(
        "44/12*{carbon_fraction}*(1+{root_shoot})*{area_ha}*"
        "IF({crown_cover}<{least_cover},0,{forest_ratio}*{forest_biomass_t_ha}*"
        "{crown_cover})"
    ),
)
CHANGE = _tool(
    "Eq 1",
    "change of the stock over the year",
    "tCO2e/yr",
    stock_change,
    formula="{stock}-{stock_before}",
)
AVERAGE = pair(
    "76",
    "long-term average of the tree stock",
    "tCO2e",
    long_term_average,
    formula="AVERAGE({stock})",
)
AVERAGE_SHRUB = pair(
    "77",
    "long-term average of the shrub stock",
    "tCO2e",
    long_term_average,
    formula="AVERAGE({stock})",
)
LIMITED = pair(
    "76 (limit)",
    "stock that counts under harvest",
    "tCO2e",
    limited_to_average,
    formula="MIN({stock},{average})",
)
TREE_SHRUB = pair(
    "24|75",
    "change in trees and shrubs",
    "tC/yr",
    tree_shrub_change_tc,
    formula="12/44*({tree_tco2e}+{shrub_tco2e})",
)
HERB = pair(
    "25|78",
    "change in herbs",
    "tC/yr",
    herb_change_tc,
    formula="{area_ha}*{stock_tc_ha}-{area_before_ha}*{before_tc_ha}",
)
HERB_DEFAULT = pair(
    "25 (default)|78 (default)",
    "herbs of the first year",
    "tC/yr",
    herb_default_tc,
    formula="{area_ha}*{cover}*{default_tc_ha}*{first_year}",
)
BIOMASS = pair(
    "23|74", "change in biomass", "tC/yr", biomass_change_tc, formula="{tree_shrub_tc}+{herb_tc}"
)
SUBMERGED = pair(
    "22",
    "biomass lost on submergence",
    "tC/yr",
    submerged_change_tc,
    formula=("IF({year}<{at},{change_tc},IF({year}={at},-{stock_before_tc}*{aboveground},0))"),
)


def biomass_change(cell: Cell, area: Term) -> Term:
    """dC_biomass of a stratum, every year [tC/yr], gain positive (Eq 22-25, 74-78)."""
    trees = _tool_change(cell, "tree_method", area)
    shrubs = _tool_change(cell, "shrub_method", area)
    woody = cell.evaluate(TREE_SHRUB, tree_tco2e=trees, shrub_tco2e=shrubs)
    change = cell.evaluate(BIOMASS, tree_shrub_tc=woody, herb_tc=_herbs(cell, area))
    year = cell.number("submergence_year")
    if year is None:
        return change
    declared = cell.number("aboveground_share")
    share = 1.0 if declared is None else declared
    return cell.evaluate(
        SUBMERGED,
        change_tc=change,
        stock_before_tc=_stock_before_submergence(cell, area),
        aboveground=cell.known(share, "1", "declared aboveground_share, else 1"),
        year=cell.known(np.array(cell.inputs.years, dtype=np.float64), "yr", "calendar"),
        at=cell.known(year, "yr", "declared submergence_year"),
    )


def _stock_before_submergence(cell: Cell, area: Term) -> Term:
    """All biomass at the beginning of each year [tC]: trees, shrubs, herbs."""
    total: Number = np.zeros(len(cell.inputs.years))
    for name in ("tree_method", "shrub_method"):
        stocks = _stocks(cell, name, area)
        if stocks is not None:
            total = total + np.asarray(stocks[1].value) / units.CO2E_PER_C
    if cell.choice("herb_method") == "stock":
        before = cell.before("herb_stock").value
        total = total + np.asarray(before) * _area_before(cell).value
    if cell.choice("herb_method") == "default":
        # The one stock the default knows: what its first year brought, there from then on.
        total = total + _cumulative_before(_herbs(cell, area).value)
    return cell.known(total, "tC", "biomass at the beginning of the year")


def _cumulative_before(change: Number) -> Number:
    stock = np.cumsum(change, axis=-1)
    before: Number = np.concatenate([np.zeros_like(stock[..., :1]), stock[..., :-1]], axis=-1)
    return before


def _tool_change(cell: Cell, name: str, area: Term) -> Term:
    """dC_TREE or dC_SHRUB [tCO2e/yr]."""
    kind = name.removesuffix("_method")
    if cell.choice(name) == "change":
        return cell.series(f"{kind}_change")
    stocks = _stocks(cell, name, area)
    if stocks is None:
        return cell.nothing("tCO2e/yr", f"{name} is none")
    now, before = _under_harvest(cell, kind, stocks)
    return cell.evaluate(CHANGE, stock=now, stock_before=before)


def _stocks(cell: Cell, name: str, area: Term) -> tuple[Term, Term] | None:
    """The stock at the end of each year and at its beginning [tCO2e]; None without stocks."""
    option = cell.choice(name)
    if option == "stock":
        kind = name.removesuffix("_method")
        return cell.series(f"{kind}_stock"), cell.before(f"{kind}_stock")
    if option == "stock_per_hectare":
        series = "tree_stock_per_hectare"
        now = cell.evaluate(TREE_CARBON, stock_tc_ha=cell.series(series), area_ha=area)
        before = cell.evaluate(
            TREE_CARBON, stock_tc_ha=cell.before(series), area_ha=_area_before(cell)
        )
        return now, before
    if option == "biomass_per_hectare":
        return _of_biomass(cell, cell.series, area), _of_biomass(
            cell, cell.before, _area_before(cell)
        )
    if option == "crown_cover":
        return _of_cover(cell, cell.series, area), _of_cover(cell, cell.before, _area_before(cell))
    return None


def _of_biomass(cell: Cell, read: Callable[[str], Term], area: Term) -> Term:
    return cell.evaluate(
        TREE_BIOMASS,
        biomass_t_ha=read("tree_biomass_per_hectare"),
        area_ha=area,
        carbon_fraction=cell.parameter("carbon_fraction_tree", "tC/t"),
    )


def _of_cover(cell: Cell, read: Callable[[str], Term], area: Term) -> Term:
    return cell.evaluate(
        SHRUB,
        area_ha=area,
        crown_cover=read("shrub_crown_cover"),
        forest_biomass_t_ha=cell.parameter("forest_biomass", "t/ha"),
        carbon_fraction=cell.parameter("carbon_fraction_shrub", "tC/t"),
        root_shoot=cell.parameter("root_shoot_shrub", "1"),
        forest_ratio=cell.parameter("shrub_forest_ratio", "1"),
        least_cover=cell.parameter("shrub_cover_least", "1"),
    )


def _under_harvest(cell: Cell, kind: str, stocks: tuple[Term, Term]) -> tuple[Term, Term]:
    average = _average(cell, kind, stocks[0])
    if average is None:
        return stocks
    now, before = (cell.evaluate(LIMITED, stock=stock, average=average) for stock in stocks)
    return now, before


def _average(cell: Cell, kind: str, stock: Term) -> Term | None:
    """The long-term average: declared by an earlier run over the cycle, or of this run."""
    declared = cell.number(f"harvest_average_{kind}_tco2e")
    if declared is not None:
        return cell.known(declared, "tCO2e", f"declared harvest_average_{kind}_tco2e")
    cycle = cell.number("harvest_cycle_years")
    if cycle is None:
        return None
    values = np.asarray(stock.value)[..., : int(cycle)]
    by_year = {
        str(year): Term(_year(values, place), stock.unit, stock.source)
        for place, year in enumerate(cell.inputs.years[: int(cycle)])
    }
    return cell.evaluate(AVERAGE if kind == "tree" else AVERAGE_SHRUB, stock=by_year)


def _year(values: np.ndarray, place: int) -> Number:
    """One year of annual values: a number, or draws beside a years axis."""
    return values[..., place : place + 1] if values.ndim > 1 else float(values[place])


def _area_before(cell: Cell) -> Term:
    return cell.before("stratum_area")


def _herbs(cell: Cell, area: Term) -> Term:
    option = cell.choice("herb_method")
    if option == "stock":
        return cell.evaluate(
            HERB,
            stock_tc_ha=cell.series("herb_stock"),
            before_tc_ha=cell.before("herb_stock"),
            area_ha=area,
            area_before_ha=_area_before(cell),
        )
    if option == "default":
        first = np.zeros(len(cell.inputs.years))
        first[0] = 1.0
        return cell.evaluate(
            HERB_DEFAULT,
            area_ha=area,
            cover=cell.series("herb_cover"),
            default_tc_ha=cell.parameter("herb_default_stock", "tC/ha"),
            first_year=cell.known(first, "1", "first year of the project"),
        )
    return cell.nothing("tC/yr", "herb_method is none")
