"""What ``ipcc-wetlands@2013`` asks of a ``Monitoring`` before it computes."""

from __future__ import annotations

from collections.abc import Iterator

from bluecarbon import units
from bluecarbon.errors import UnitError
from bluecarbon.methodology.amount_checks import AREA_TOLERANCE, stratum_areas_ha
from bluecarbon.methodology.annual_series import (
    series_findings,
    single,
    text_declaration,
    whole_years_findings,
)
from bluecarbon.methodology.ipcc_wetlands_2013_spec import CLIMATE_ZONES, SOIL_TYPES, SPEC
from bluecarbon.report import Monitoring, Scenario, Series, Stratum
from bluecarbon.spec import Finding

ACTIVITIES = (
    "growing_area",
    "cleared_area",
    "extracted_area",
    "drained_area",
    "rewetted_area",
    "fish_production",
)

_DECLARED_FOR = (
    ("climate_zone", CLIMATE_ZONES, ("growing_area", "cleared_area")),
    ("soil_type", SOIL_TYPES, ("extracted_area",)),
)


def check(monitoring: Monitoring) -> tuple[Finding, ...]:
    """Missing and defective data, all of it."""
    return (
        *whole_years_findings(monitoring),
        *series_findings(monitoring, SPEC, monitoring.period.years),
        *_activities(monitoring),
        *(f for stratum in monitoring.strata for f in _stratum(monitoring, stratum)),
        Finding.info(
            "inventory-method",
            SPEC.id,
            "Tier 1 is a method of national inventories: it knows no leakage, uncertainty "
            "deduction or buffer, and none is taken here",
        ),
    )


def _activities(monitoring: Monitoring) -> Iterator[Finding]:
    if not any(row.variable in ACTIVITIES for row in monitoring.series):
        yield Finding.error(
            "series-missing",
            "series",
            "no activity is given",
            fix=f"give at least one annual series of {', '.join(ACTIVITIES)}",
        )


def _stratum(monitoring: Monitoring, stratum: Stratum) -> Iterator[Finding]:
    given = {row.variable for row in monitoring.series if row.stratum == stratum.id}
    for name, choices, needed_for in _DECLARED_FOR:
        value = text_declaration(monitoring, name, stratum.id)
        if given.intersection(needed_for) and value not in choices:
            message = f"{name} is {value!r}" if value else f"{name} is not declared"
            fix = f"declare {name} or {name}:{stratum.id} as one of {', '.join(choices)}"
            yield Finding.error("declaration-unknown", f"stratum {stratum.id}", message, fix=fix)
    for scenario in ("project", "baseline"):
        yield from _rewetted(monitoring, stratum, scenario)
        yield from _same_land(monitoring, stratum, scenario)


def _rewetted(monitoring: Monitoring, stratum: Stratum, scenario: Scenario) -> Iterator[Finding]:
    """Rewetted area needs its vegetation and salinity: neither is guessed."""
    if single(monitoring, "rewetted_area", stratum.id, scenario) is None:
        return
    for name, fix in (
        ("revegetated_share", "give 0 for the years before vegetation stands again"),
        ("salinity", "give the mean salinity in g/kg (ppt)"),
    ):
        if single(monitoring, name, stratum.id, scenario) is None:
            subject = f"stratum {stratum.id} {scenario}"
            message = f"has rewetted_area and no {name}"
            yield Finding.error("series-missing", subject, message, fix=fix)


def _same_land(monitoring: Monitoring, stratum: Stratum, scenario: Scenario) -> Iterator[Finding]:
    """Land is drained or rewetted in a year, not both: together they fit into the stratum."""
    polygon_ha = stratum_areas_ha(monitoring).get(stratum.id)
    known_ha = _largest_ha(monitoring, stratum) if polygon_ha is None else polygon_ha
    for names in (("drained_area", "rewetted_area"), ("growing_area",)):
        sums = _sums_ha(monitoring, names, stratum, scenario)
        years = [year for year, ha in sums.items() if ha > known_ha * (1 + AREA_TOLERANCE)]
        if not years:
            continue
        what = f"{' + '.join(names)} is {sums[years[0]]:g} ha in {years[0]}"
        subject = f"stratum {stratum.id} {scenario}"
        if polygon_ha is not None:
            message = f"{what}, and stratum_area is {polygon_ha:g} ha"
            yield Finding.error("area-above-stratum", subject, message, fix="correct the areas")
            continue
        message = f"{what}, more than any activity of the stratum has ({known_ha:g} ha)"
        fix = "land cannot be drained and rewetted in one year; else give stratum_area"
        yield Finding.warning("area-counted-twice", subject, message, fix=fix)


def _largest_ha(monitoring: Monitoring, stratum: Stratum) -> float:
    """The largest area [ha] that one activity has in any year of either scenario."""
    rows = [r for r in monitoring.series if r.stratum == stratum.id and r.variable in ACTIVITIES]
    return max((ha for row in rows for ha in _by_year_ha(row).values()), default=0.0)


def _sums_ha(
    monitoring: Monitoring, names: tuple[str, ...], stratum: Stratum, scenario: Scenario
) -> dict[int, float]:
    sums: dict[int, float] = {}
    for name in names:
        row = single(monitoring, name, stratum.id, scenario)
        for year, ha in (_by_year_ha(row) if row else {}).items():
            if year in monitoring.period.years:
                sums[year] = sums.get(year, 0.0) + ha
    return sums


def _by_year_ha(row: Series) -> dict[int, float]:
    """Area by year [ha]; nothing where the unit is not one of area (which has a finding)."""
    try:
        scale = units.factor(row.unit, "ha")
    except UnitError:
        return {}
    return {year: v * scale for year, v in zip(row.years, row.values, strict=True)}
