"""Whether the series and measurements that the chosen methods read are there and sound."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from bluecarbon import units
from bluecarbon.errors import UnitError
from bluecarbon.methodology import vm0033_methods as methods
from bluecarbon.methodology.vm0033_cell import HORIZON_YEARS, salinity_g_kg
from bluecarbon.methodology.vm0033_field import MANGROVE_INTERCEPT, MANGROVE_SLOPE
from bluecarbon.report import Measurement, Monitoring, Scenario, Series
from bluecarbon.spec import Finding

SIGNED = frozenset(
    {
        "tree_change",
        "shrub_change",
        "soil_co2_flux",
        "soil_carbon_loss_rate",
        "peat_loss_rate",
        "subsidence_rate",
        "ch4_flux",
        "n2o_flux",
        "eroded_co2_flux",
        "excavated_co2_flux",
        "fire_reduction_premium",
    }
)
"""Series whose values may be below zero."""

FRACTIONS = frozenset({"vegetation_cover", "herb_cover", "shrub_crown_cover"})
AREA_TOLERANCE = 0.001
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
    for name in methods.PROJECT_SERIES:
        if monitoring.annual(name):
            yield from _needed(monitoring, name, "project", "")
    for row in monitoring.series:
        yield from _given(monitoring, row, known, read)
    yield from _areas(monitoring)


def _cap_series(monitoring: Monitoring, stratum: str) -> tuple[str, ...]:
    if monitoring.declarations.get("soil_cap_method") not in {"total_stock", "stock_loss"}:
        return ()
    organic = monitoring.select("peat_depth_start", stratum=stratum)
    return ("peat_loss_rate",) if organic else ("soil_carbon_loss_rate",)


def _needed(
    monitoring: Monitoring, name: str, scenario: Scenario, stratum: str
) -> Iterator[Finding]:
    subject = f"series {name} {stratum} {scenario}"
    rows = monitoring.annual(name, stratum=stratum, scenario=scenario)
    if len(rows) != 1:
        unit = methods.UNITS[name]
        message = "is missing" if not rows else f"is given {len(rows)} times"
        yield Finding.error("series-missing", subject, message, fix=f"give it once, in {unit}")
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
    subject = f"series {row.variable} {row.stratum} {row.scenario}"
    if row.variable not in methods.UNITS:
        return
    if row.variable not in methods.PROJECT_SERIES and row.stratum not in known:
        message = "names no stratum of this project"
        yield Finding.error("stratum-unknown", subject, message, fix="use the id of a stratum")
    used = (row.variable, row.stratum, row.scenario) in read
    if not used and row.variable not in {
        *methods.PROJECT_SERIES,
        *methods.UNCERTAINTY_OF.values(),
    }:
        message = "is given and no chosen method reads it"
        fix = "choose the method that reads it, if it should count"
        yield Finding.warning("series-unused", subject, message, fix=fix)
    yield from _unit(row, subject)
    yield from _values(row, subject)
    if row.variable == "soil_organic_matter" and used:
        yield from _low_matter(monitoring, row, subject)


def _unit(row: Series, subject: str) -> Iterator[Finding]:
    wanted = methods.UNITS[row.variable]
    try:
        if row.variable == "salinity":
            salinity_g_kg(row)
        else:
            units.factor(row.unit, wanted)
    except UnitError as error:
        yield Finding.error("unit-wrong", subject, str(error), fix=f"give it in {wanted}")


def _values(row: Series, subject: str) -> Iterator[Finding]:
    for place, value in enumerate(row.values):
        wrong = _wrong_value(row, value)
        if wrong:
            year = row.first_year + place
            yield Finding.error("value-wrong", f"{subject} {year}", wrong, fix="correct it")
    errors = row.standard_errors
    if errors and len(errors) != len(row.values):
        message = f"has {len(errors)} standard errors for {len(row.values)} values"
        yield Finding.error("errors-wrong", subject, message, fix="give one for each value")
    if any(not (math.isfinite(e) and e >= 0) for e in errors):
        message = "a standard error is negative or not a number"
        yield Finding.error("errors-wrong", subject, message, fix="correct it")


def _wrong_value(row: Series, value: float) -> str:
    if not math.isfinite(value):
        return f"is {value}, not a number"
    if value < 0 and row.variable not in SIGNED:
        return f"is {value:g}, below zero"
    try:
        plain = value * units.factor(row.unit, methods.UNITS[row.variable])
    except UnitError:
        return ""
    if row.variable in FRACTIONS and plain > 1:
        return f"is {plain:g}, a share above 1"
    if row.variable.endswith("carbon_content") and plain > 1:
        return f"is {plain:g} tC/t: give the fraction, not percent"
    return ""


def _low_matter(monitoring: Monitoring, row: Series, subject: str) -> Iterator[Finding]:
    ecosystem = methods.choice(monitoring, "ecosystem", row.scenario, row.stratum)
    least = MANGROVE_INTERCEPT / (1 - MANGROVE_SLOPE)
    try:
        low = min(row.values, default=least) * units.factor(row.unit, "percent") < least
    except UnitError:
        return
    if ecosystem == "mangrove" and low:
        yield Finding.warning(
            "organic-matter-low",
            subject,
            f"below {least:.1f} % Eq 96 gives more carbon than there is organic matter",
            fix="measure carbon itself (allochthonous_method 'soil_carbon')",
        )


def _measured(monitoring: Monitoring, scenario: Scenario, stratum: str) -> Iterator[Finding]:
    for name in _measurements(monitoring, scenario, stratum):
        subject = f"measurement {name} {stratum}"
        rows = monitoring.select(name, stratum=stratum)
        if len(rows) != 1:
            fix = f"give one value in {MEASURED_UNITS[name]}"
            message = f"has {len(rows)} values, needs one"
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
    if scenario == "baseline" and depletion == "mineral":
        names += ["mineral_soil_depth", "volumetric_carbon"]
    if cap == "total_stock":
        names += ["volumetric_carbon", f"{scenario}_area_t100"]
        names.append("peat_depth_start" if organic else "mineral_soil_depth")
    if cap == "stock_loss" and organic:
        names.append("volumetric_carbon")
    return tuple(dict.fromkeys(names))


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


def _areas(monitoring: Monitoring) -> Iterator[Finding]:
    """Strata must sum to the project area, in both scenarios (5.2.2)."""
    axis = axis_of(monitoring)
    for year in (axis[0], axis[-1]):
        sums = [_area(monitoring, scenario, year) for scenario in methods.SCENARIOS]
        if None in sums:
            return
        low, high = sorted(s for s in sums if s is not None)
        if high - low > AREA_TOLERANCE * high:
            yield Finding.warning(
                "areas-differ",
                f"stratum_area {year}",
                f"strata sum to {low:g} ha in one scenario and {high:g} ha in the other",
                fix="strata must sum to the project area in both scenarios (5.2.2)",
            )


def _area(monitoring: Monitoring, scenario: Scenario, year: int) -> float | None:
    total = 0.0
    for stratum in methods.active(monitoring, scenario):
        rows = monitoring.annual("stratum_area", stratum=stratum.id, scenario=scenario)
        place = year - rows[0].first_year
        try:
            factor = units.factor(rows[0].unit, "ha")
        except UnitError:
            return None
        if not 0 <= place < len(rows[0].values):
            return None
        total += rows[0].values[place] * factor
    return total
