"""Whether the series and measurements that the chosen methods read are there and sound."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from bluecarbon import units
from bluecarbon.errors import UnitError
from bluecarbon.methodology import vm0033_methods as methods
from bluecarbon.methodology.vm0033_allochthonous_checks import allochthonous_findings
from bluecarbon.methodology.vm0033_cell import HORIZON_YEARS, salinity_g_kg
from bluecarbon.methodology.vm0033_core_checks import core_findings
from bluecarbon.methodology.vm0033_value_checks import matter_findings, value_findings
from bluecarbon.report import Measurement, Monitoring, Scenario, Series
from bluecarbon.spec import Finding

MEASURED_UNITS = {
    "peat_depth_start": "m",
    "mineral_soil_depth": "m",
    "volumetric_carbon": "kgC/m3",
    "baseline_area_t100": "ha",
    "project_area_t100": "ha",
}


def axis_of(monitoring: Monitoring) -> tuple[int, ...]:
    """The years from the project start to the end of the monitoring period."""
    years = monitoring.period.years
    start = monitoring.declarations.get("project_start_year", years[0])
    if isinstance(start, str) or not 0 < float(start) <= years[0]:
        return years
    return tuple(range(int(start), years[-1] + 1))


def check_data(monitoring: Monitoring) -> Iterator[Finding]:
    """All findings about series and measurements."""
    known = {s.id for s in monitoring.strata}
    read: set[tuple[str, str, Scenario]] = set()
    for scenario in methods.SCENARIOS:
        for stratum in methods.active(monitoring, scenario):
            names = methods.needed(monitoring, scenario, stratum.id)
            names += _cap_series(monitoring, stratum.id)
            names += tuple(
                name
                for name in methods.UNCERTAINTY_OF.values()
                if monitoring.annual(name, stratum=stratum.id, scenario=scenario)
            )
            read |= {(name, stratum.id, scenario) for name in names}
            for name in dict.fromkeys(names):
                yield from _needed(monitoring, name, scenario, stratum.id)
            yield from _measured(monitoring, scenario, stratum.id)
            yield from _salinity(monitoring, scenario, stratum.id)
            yield from allochthonous_findings(monitoring, scenario, stratum.id)
    for name in methods.PROJECT_SERIES:
        if monitoring.annual(name):
            yield from _needed(monitoring, name, "project", "")
    for row in monitoring.series:
        yield from _given(monitoring, row, known, read)
    yield from core_findings(monitoring, axis_of(monitoring))


def describe(name: str, scenario: Scenario, stratum: str) -> str:
    """A series as a finding names it, with the scenario that is meant."""
    if name in methods.PROJECT_SERIES:
        return f"series {name} (whole project)"
    return f"series {name} {stratum} {scenario}"


def _cap_series(monitoring: Monitoring, stratum: str) -> tuple[str, ...]:
    if monitoring.declarations.get("soil_cap_method") not in {"total_stock", "stock_loss"}:
        return ()
    organic = monitoring.select("peat_depth_start", stratum=stratum)
    return ("peat_loss_rate",) if organic else ("soil_carbon_loss_rate",)


def _needed(
    monitoring: Monitoring, name: str, scenario: Scenario, stratum: str
) -> Iterator[Finding]:
    subject = describe(name, scenario, stratum)
    rows = monitoring.annual(name, stratum=stratum, scenario=scenario)
    if len(rows) != 1:
        unit = methods.UNITS[name]
        message = "is missing" if not rows else f"is given {len(rows)} times"
        code = "series-missing" if not rows else "series-twice"
        fix = f"give it once for the scenario {scenario!r}, in {unit} (without 'scenario' a series "
        fix += "is of the project)"
        yield Finding.error(code, subject, message, fix=fix)
        return
    axis = axis_of(monitoring)
    first, last = axis[0], axis[-1]
    if name in methods.YEAR_BEFORE or (
        name == "stratum_area"
        and methods.AREA_BEFORE & set(methods.needed(monitoring, scenario, stratum))
    ):
        first -= 1
    if name in _cap_series(monitoring, stratum):
        last = max(last, axis[0] + HORIZON_YEARS - 1)
    if rows[0].first_year > first or not rows[0].values or rows[0].years[-1] < last:
        yield Finding.error(
            "series-too-short",
            subject,
            f"has {len(rows[0].values)} values from {rows[0].first_year}",
            fix=f"give a value for each year from {first} to {last}",
        )


def _given(
    monitoring: Monitoring,
    row: Series,
    known: set[str],
    read: set[tuple[str, str, Scenario]],
) -> Iterator[Finding]:
    subject = describe(row.variable, row.scenario, row.stratum)
    if row.variable not in methods.UNITS:
        return  # for another rule book, or for none: that is told for all rule books
    if row.variable in methods.PROJECT_SERIES:
        yield from _misplaced(row, subject)
    elif row.stratum not in known:
        message = "names no stratum of this project"
        yield Finding.error("stratum-unknown", subject, message, fix="use the id of a stratum")
    used = (row.variable, row.stratum, row.scenario) in read
    if not used and row.variable not in {
        *methods.PROJECT_SERIES,
        *methods.UNCERTAINTY_OF.values(),
    }:
        message = f"is given and no chosen method of the {row.scenario} reads it"
        fix = f"choose the method that reads it in the {row.scenario}, if it should count"
        yield Finding.warning("series-unused", subject, message, fix=fix)
    yield from value_findings(row, subject)
    if used:
        yield from matter_findings(monitoring, row, subject)


def _misplaced(row: Series, subject: str) -> Iterator[Finding]:
    """Leakage that names a stratum or the baseline would not be found, and count as none."""
    if row.stratum or row.scenario != "project":
        yield Finding.error(
            "series-misplaced",
            subject,
            f"names the stratum {row.stratum!r} and the scenario {row.scenario!r}",
            fix="leave stratum empty and scenario 'project': it is one series of the whole project",
        )


def _measured(monitoring: Monitoring, scenario: Scenario, stratum: str) -> Iterator[Finding]:
    for name in _measurements(monitoring, scenario, stratum):
        subject = f"measurement {name} {stratum}"
        rows = monitoring.select(name, stratum=stratum)
        if len(rows) != 1:
            fix = f"give one value in {MEASURED_UNITS[name]}"
            message = f"has {len(rows)} values, needs one: the {scenario} reads it"
            yield Finding.error("measurement-missing", subject, message, fix=fix)
            continue
        yield from _measurement(rows[0], subject)


def _measurement(row: Measurement, subject: str) -> Iterator[Finding]:
    wanted = MEASURED_UNITS[row.variable]
    try:
        units.factor(row.unit, wanted)
    except UnitError as error:
        yield Finding.error("unit-wrong", subject, str(error), fix=f"give it in {wanted}")
    if not (math.isfinite(row.value) and row.value >= 0):
        yield Finding.error("value-wrong", subject, f"is {row.value}", fix="correct it")


def _measurements(monitoring: Monitoring, scenario: Scenario, stratum: str) -> tuple[str, ...]:
    names: list[str] = []
    depletion = methods.choice(monitoring, "depletion_method", scenario, stratum)
    cap = monitoring.declarations.get("soil_cap_method")
    organic = bool(monitoring.select("peat_depth_start", stratum=stratum))
    if scenario == "baseline" and depletion == "organic":
        names.append("peat_depth_start")
    start = methods.choice(monitoring, "start_stock_method", scenario, stratum)
    by_depth = ("mineral_soil_depth", "volumetric_carbon") if start != "core_layers" else ()
    if scenario == "baseline" and depletion == "mineral":
        names += by_depth
    if cap == "total_stock":
        names.append(f"{scenario}_area_t100")
        names += ("volumetric_carbon", "peat_depth_start") if organic else by_depth
    if cap == "stock_loss" and organic:
        names += ("volumetric_carbon", "peat_depth_start")
    if cap == "stock_loss" and not organic and _loses(monitoring, scenario, stratum):
        names += by_depth
    return tuple(dict.fromkeys(names))


def _loses(monitoring: Monitoring, scenario: Scenario, stratum: str) -> bool:
    """Whether mineral soil loses carbon: then its stock bounds the loss (Eq 16, 17)."""
    rows = monitoring.annual("soil_carbon_loss_rate", stratum=stratum, scenario=scenario)
    return any(sum(row.values) > 0 for row in rows)


def _salinity(monitoring: Monitoring, scenario: Scenario, stratum: str) -> Iterator[Finding]:
    method = methods.choice(monitoring, "ch4_method", scenario, stratum)
    rows = monitoring.annual("salinity", stratum=stratum, scenario=scenario)
    if not method.startswith("default") or len(rows) != 1:
        return
    try:
        lowest = float(np.min(salinity_g_kg(rows[0]), initial=math.inf))
    except UnitError:
        return
    fits = lowest >= 20 if method == "default_from_20ppt" else lowest > 18
    if not fits:
        yield Finding.error(
            "salinity-too-low",
            f"series salinity {stratum} {scenario}",
            f"falls to {lowest:g} and ch4_method is {method!r} (Eq 60, 61)",
            fix="measure CH4 or use published values (ch4_method 'flux')",
        )
