"""Whether the choices for biomass of a stratum of ``vm0033@2.1`` may be used: harvest, herbs, sea.

Submergence is looked at here too: what it ends is biomass (Eq 22) and the removals of its soil.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bluecarbon.methodology import vm0033_methods as methods
from bluecarbon.methodology.vm0033_series_checks import axis_of
from bluecarbon.report import Monitoring, Scenario, Series
from bluecarbon.spec import Finding

MEASURED_SOIL = frozenset({"stock_change", "core_layers", "flux"})


def vegetation_findings(
    monitoring: Monitoring, scenario: Scenario, stratum: str, chosen: dict[str, str]
) -> Iterator[Finding]:
    """All findings about trees, shrubs, herbs and submergence of one stratum."""
    yield from _harvest(monitoring, scenario, stratum, chosen)
    yield from _herbs(monitoring, scenario, stratum, chosen)
    year = methods.number(monitoring, "submergence_year", scenario, stratum)
    if year is not None:
        yield from _submergence_year(monitoring, scenario, stratum, year)
        yield from _submerged(monitoring, scenario, stratum, soil=chosen["soil_method"])


def falls(row: Series) -> bool:
    """Whether a stock is lower in a year than in the year before."""
    return bool(np.any(np.diff(row.values) < 0))


def _harvest(
    monitoring: Monitoring, scenario: Scenario, stratum: str, chosen: dict[str, str]
) -> Iterator[Finding]:
    subject = f"{stratum} {scenario}"
    woody = {chosen["tree_method"], chosen["shrub_method"]} - {"none", ""}
    cycle = methods.number(monitoring, "harvest_cycle_years", scenario, stratum)
    if cycle is not None and not 1 <= cycle <= len(axis_of(monitoring)):
        yield Finding.error(
            "harvest-cycle-not-covered",
            subject,
            f"the cycle of {cycle:g} years is longer than the run",
            fix="run a whole cycle and declare its average (harvest_average_tree_tco2e) later",
        )
    kept = [cycle, methods.number(monitoring, "submergence_year", scenario, stratum)]
    kept += [
        methods.number(monitoring, f"harvest_average_{k}_tco2e", scenario, stratum)
        for k in ("tree", "shrub")
    ]
    if "change" in woody and any(value is not None for value in kept):
        yield Finding.error(
            "stock-missing",
            subject,
            "harvest and submergence need stocks, the method gives changes only",
            fix="use a tree_method and shrub_method that give stocks",
        )


def _herbs(
    monitoring: Monitoring, scenario: Scenario, stratum: str, chosen: dict[str, str]
) -> Iterator[Finding]:
    subject, method = f"{stratum} {scenario}", chosen["herb_method"]
    woody = {chosen["tree_method"], chosen["shrub_method"]} - {"none", ""}
    if method == "default" and woody:
        yield Finding.error(
            "herb-default-with-trees",
            subject,
            "the herb default may not be used together with AR-TOOL14 biomass (8.1.3, Eq 25 and "
            "78 of VM0033)",
            fix="measure herbs (herb_method 'stock') or leave them out",
        )
    if method == "default" and _late_cover(monitoring, scenario, stratum):
        yield Finding.warning(
            "herb-cover-late",
            f"series herb_cover {stratum} {scenario}",
            "has more cover after the first year of the project: the default counts in that year "
            "only (8.1.3)",
            fix="measure herbs (herb_method 'stock') where later growth should count",
        )
    yield from _herbs_of_the_other(monitoring, scenario, stratum, method)


def _late_cover(monitoring: Monitoring, scenario: Scenario, stratum: str) -> bool:
    first = axis_of(monitoring)[0]
    for row in monitoring.annual("herb_cover", stratum=stratum, scenario=scenario):
        later = [value for year, value in zip(row.years, row.values, strict=True) if year > first]
        start = dict(zip(row.years, row.values, strict=True)).get(first, 0.0)
        return max(later, default=0.0) > start
    return False


def _herbs_of_the_other(
    monitoring: Monitoring, scenario: Scenario, stratum: str, method: str
) -> Iterator[Finding]:
    """An increase with the project, or a decline in the baseline, wants both scenarios (8.1.3)."""
    other: Scenario = "baseline" if scenario == "project" else "project"
    same = [s for s in methods.active(monitoring, other) if s.id == stratum]
    strata = same or methods.active(monitoring, other)
    used = {methods.choice(monitoring, "herb_method", other, s.id) for s in strata}
    rows = monitoring.annual("herb_stock", stratum=stratum, scenario=scenario)
    declines = method == "stock" and any(map(falls, rows))
    counts = method != "none" if scenario == "project" else declines
    if counts and not used - {"none"}:
        what = "is counted with the project" if scenario == "project" else "declines"
        yield Finding.error(
            f"herbs-of-{other}-missing",
            f"{stratum} {other}",
            f"carbon in herbs of the {scenario} {what}: it must be quantified in the {other} too "
            "(8.1.3)",
            fix=f"state herb_method.{other} ('stock' with its series, also where it is 0)",
        )


def _submergence_year(
    monitoring: Monitoring, scenario: Scenario, stratum: str, year: float
) -> Iterator[Finding]:
    axis = axis_of(monitoring)
    share = methods.number(monitoring, "aboveground_share", scenario, stratum)
    # Written so that a NaN fails too.
    if not float(year).is_integer():
        yield Finding.error(
            "submergence-year-wrong",
            f"{stratum} {scenario}",
            f"submergence_year is {year:g}, not a calendar year",
            fix="give the whole year in which the stratum submerges",
        )
    elif not axis[0] <= year <= axis[-1]:
        yield Finding.warning(
            "submergence-outside-run",
            f"{stratum} {scenario}",
            f"submergence_year is {year:g}, the run is {axis[0]} to {axis[-1]}",
            fix="a stratum under water since before the start has no biomass to lose (Eq 22)",
        )
    if scenario == "baseline" and (share is None or not 0 <= share <= 1):
        yield Finding.error(
            "aboveground-share-missing",
            f"{stratum} baseline",
            "on submergence the carbon of above-ground biomass is lost (8.1.2)",
            fix="state aboveground_share (0 ... 1) of the stock; 1 would claim roots as well",
        )


def _submerged(
    monitoring: Monitoring, scenario: Scenario, stratum: str, *, soil: str
) -> Iterator[Finding]:
    """Removals of soil after the year of submergence: the default ends, measured ones are told."""
    year = methods.number(monitoring, "submergence_year", scenario, stratum)
    if year is None or not year < axis_of(monitoring)[-1]:
        return
    if soil == "default":
        yield Finding.warning(
            "removal-ends-with-submergence",
            f"{stratum} {scenario}",
            f"default soil removals (Eq 33) are 0 after {year:g}: submergence ends them (5.2.3)",
        )
    if soil in MEASURED_SOIL:
        yield Finding.warning(
            "removal-after-submergence",
            f"{stratum} {scenario}",
            f"the soil data go on after {year:g}, the year of submergence, and count as given",
            fix="submergence means the cessation of GHG removal (5.2.3): end removals in the data",
        )
