"""Print every figure of docs/ex_ante_guangdong.md: two Guangdong plans from a growth assumption.

Run: python scripts/ex_ante_guangdong.py
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from bluecarbon.methodology.annual_series import biomass_change_tco2e
from bluecarbon.methodology.ar_am0014 import soil_removal_tco2e
from bluecarbon.methodology.ar_tool14 import root_shoot_ratio
from bluecarbon.methodology.kernels.growth import (
    GrowthFit,
    Planting,
    fit_growth,
    project_plantings,
)
from bluecarbon.methodology.parameters import parameter_rows
from bluecarbon.report import Series

REN_AGE_YR = (4.0, 5.0, 8.0, 10.0)
REN_BIOMASS_T_HA = (47.9, 71.7, 95.9, 108.1)
"""Total forest biomass of Sonneratia apetala plantations in Leizhou Bay, Zhanjiang: Ren and
others, Plant and Soil 2009, doi:10.1007/s11104-009-0053-7 (abstract read)."""

OLD_STAND_AGE_YR = 40.0
"""Ours: the age at which a stand is taken to have the biomass of a mature tropical mangrove."""

SOIL_YEARS = 20

_AM0014 = {row.name: row.value or 0.0 for row in parameter_rows("ar_am0014_v3_0.csv")}
_IPCC = {row.name: row.value or 0.0 for row in parameter_rows("ipcc_wetlands_2013.csv")}


class Plan(NamedTuple):
    """A project as published, and what we had to assume of it."""

    name: str
    plantings: tuple[Planting, ...]
    first_vintage: int
    years: int
    published_t: float

    @property
    def area_ha(self) -> float:
        """Planted area."""
        return sum(planting.area_ha for planting in self.plantings)


ZHANJIANG = Plan(
    "Zhanjiang",
    tuple(Planting(f"planted {year}", year, 380.0 / 5) for year in range(2015, 2020)),
    first_vintage=2015,
    years=40,
    published_t=160_000,
)
HUIDONG = Plan(
    "Huidong",
    (Planting("planted 2022", 2022, 204.85),),
    first_vintage=2023,
    years=10,
    published_t=43_600,
)


class Outcome(NamedTuple):
    """Removals of a plan over its years [tCO2e], with the band of the growth curve."""

    trees: float
    lower: float
    upper: float
    soil: float

    @property
    def total(self) -> float:
        """Trees and soil."""
        return self.trees + self.soil


def old_stand_t_ha() -> float:
    """Total biomass of a mature stand: the IPCC row for the wet tropics, roots by AR-TOOL14."""
    agb = _IPCC["agb_tropical_wet"]
    return agb * (1 + float(root_shoot_ratio(agb)))


def assumptions() -> dict[str, GrowthFit]:
    """The two growth curves: published points alone, and with an old stand."""
    return {
        "A": fit_growth(REN_AGE_YR, REN_BIOMASS_T_HA),
        "B": fit_growth((*REN_AGE_YR, OLD_STAND_AGE_YR), (*REN_BIOMASS_T_HA, old_stand_t_ha())),
    }


def outcome(plan: Plan, fit: GrowthFit) -> Outcome:
    """A plan by AR-AM0014: stock difference of trees and the default rate of soil."""
    series = project_plantings(
        fit, plan.plantings, first_year=plan.first_vintage - 1, years=plan.years + 1, name="ex ante"
    )
    ages = [plan.first_vintage + plan.years - 1 - p.planted_year for p in plan.plantings]
    band = fit.predict(ages)
    areas = np.array([p.area_ha for p in plan.plantings])
    trees = _trees(series)
    # What stands before the first vintage is the same constant for the curve and its limits.
    before = _stock(areas, band.mean_t_ha) - trees
    return Outcome(
        trees=trees,
        lower=_stock(areas, band.lower_t_ha) - before,
        upper=_stock(areas, band.upper_t_ha) - before,
        soil=_soil(plan),
    )


def _stock(areas_ha: np.ndarray, biomass_t_ha: np.ndarray) -> float:
    stock = biomass_change_tco2e(
        areas_ha,
        np.zeros_like(areas_ha),
        biomass_t_ha,
        agb_before_t_ha=np.zeros_like(areas_ha),
        root_shoot=0.0,
        carbon_fraction=_AM0014["carbon_fraction_tree"],
    )
    return float(np.sum(stock))


def _trees(series: tuple[Series, ...]) -> float:
    """All annual changes; the curve is of total biomass, so no roots are added."""
    total = 0.0
    for area, biomass in zip(series[::2], series[1::2], strict=True):
        a, b = np.array(area.values), np.array(biomass.values)
        change = biomass_change_tco2e(
            a[1:],
            a[:-1],
            b[1:],
            agb_before_t_ha=b[:-1],
            root_shoot=0.0,
            carbon_fraction=_AM0014["carbon_fraction_tree"],
        )
        total += float(np.sum(change))
    return total


def _soil(plan: Plan) -> float:
    rate = _AM0014["soc_accumulation_tc_ha_yr"]
    vintages = range(plan.first_vintage, plan.first_vintage + plan.years)
    return sum(
        float(soil_removal_tco2e(planting.area_ha, rate, 1.0))
        for planting in plan.plantings
        for year in vintages
        if planting.planted_year <= year < planting.planted_year + SOIL_YEARS
    )


def lines() -> Iterator[str]:
    """The tables of the page, as Markdown."""
    fits = assumptions()
    yield "| curve | A [t/ha] | k [1/yr] | p | residual SD [t/ha] | points |"
    yield "|---|---|---|---|---|---|"
    for name, fit in fits.items():
        a, k, p = fit.coefficients
        yield (
            f"| {name} | {a:.1f} | {k:.3f} | {p:.2f} "
            f"| {fit.residual_standard_deviation_t_ha:.1f} | {fit.points} |"
        )
    yield ""
    yield "| age [yr] | measured or assumed [t/ha] | curve A (90 % band) | curve B (90 % band) |"
    yield "|---|---|---|---|"
    points = {**dict(zip(REN_AGE_YR, REN_BIOMASS_T_HA, strict=True)), 20.0: None}
    points[OLD_STAND_AGE_YR] = old_stand_t_ha()
    for age, biomass in sorted(points.items()):
        bands = " | ".join(_band(fit, age) for fit in fits.values())
        yield f"| {age:.0f} | {'' if biomass is None else f'{biomass:.1f}'} | {bands} |"
    yield ""
    yield (
        "| project | published [t] | [t/ha/yr] | curve | trees (90 % band) [t] | soil [t] "
        "| total [t] | [t/ha/yr] | total / published |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for plan in (ZHANJIANG, HUIDONG):
        for name, fit in fits.items():
            yield _row(plan, name, outcome(plan, fit))


def _band(fit: GrowthFit, age_yr: float) -> str:
    band = fit.predict(age_yr)
    return f"{band.mean_t_ha:.1f} ({band.lower_t_ha:.1f} to {band.upper_t_ha:.1f})"


def _row(plan: Plan, curve: str, found: Outcome) -> str:
    hectare_years = plan.area_ha * plan.years
    return (
        f"| {plan.name} | {plan.published_t:,.0f} | {plan.published_t / hectare_years:.1f} "
        f"| {curve} | {found.trees:,.0f} ({found.lower:,.0f} to {found.upper:,.0f}) "
        f"| {found.soil:,.0f} | {found.total:,.0f} | {found.total / hectare_years:.1f} "
        f"| {found.total / plan.published_t:.2f} |"
    )


def main() -> None:
    """Print the page's figures."""
    print("\n".join(lines()))


if __name__ == "__main__":
    main()
