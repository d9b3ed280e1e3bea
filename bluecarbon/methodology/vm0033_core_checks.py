"""Whether the soil cores that ``vm0033@2.1`` reads are there, whole and in time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from bluecarbon import units
from bluecarbon.errors import UnitError
from bluecarbon.methodology import vm0033_cores as cores
from bluecarbon.methodology import vm0033_field as field
from bluecarbon.methodology import vm0033_methods as methods
from bluecarbon.report import Measurement, Monitoring, Scenario
from bluecarbon.spec import Finding

CORED_BEFORE_YEARS_MAX = 2
"""Section 8.1.4.2.5: the first cores are taken within 2 years before the start."""

MINERAL_DENSITY_G_CM3 = 2.65
"""Density of quartz: no soil is denser, a larger number has another unit."""

MOST = {
    cores.CONTENT: (1.0, "give the fraction, not percent"),
    cores.MATTER: (100.0, "there is no more than 100 %"),
    cores.DENSITY: (MINERAL_DENSITY_G_CM3, "no soil is denser than its minerals: check the unit"),
}


def core_findings(monitoring: Monitoring, years: tuple[int, ...]) -> Iterator[Finding]:
    """All findings about core measurements, for the years of the run."""
    read: set[Measurement] = set()
    for scenario in methods.SCENARIOS:
        for stratum in methods.active(monitoring, scenario):
            if not reads_cores(monitoring, scenario, stratum.id):
                continue
            found = cores.corings(monitoring, scenario, stratum.id)
            read |= {row for coring in found for row in coring.rows}
            subject = f"cores of {stratum.id} {scenario}"
            yield from _coverage(monitoring, scenario, stratum.id, years)
            method = methods.choice(monitoring, "core_carbon_method", scenario, stratum.id)
            for coring in found:
                yield from _coring(coring, method, subject)
    yield from _twice(monitoring)
    yield from _unused(monitoring, read)


def reads_cores(monitoring: Monitoring, scenario: Scenario, stratum: str) -> bool:
    """Whether a chosen method of a stratum takes its stock from cores."""
    chosen = {
        methods.choice(monitoring, name, scenario, stratum)
        for name in ("soil_method", "start_stock_method")
    }
    return "core_layers" in chosen


def _coverage(
    monitoring: Monitoring, scenario: Scenario, stratum: str, years: tuple[int, ...]
) -> Iterator[Finding]:
    found = cores.corings(monitoring, scenario, stratum)
    subject, start = f"cores of {stratum} {scenario}", years[0] - 1
    by_change = methods.choice(monitoring, "soil_method", scenario, stratum) == "core_layers"
    least = 2 if by_change and scenario == "project" else 1
    ends = [coring.year for coring in found]
    if len(found) < least:
        yield Finding.error(
            "corings-missing",
            subject,
            f"has {len(found)} corings in the {scenario}, needs {least} or more",
            fix="give core_* measurements (prefix baseline_ for the baseline) with sample "
            "CORE/LAYER; cores nearest to the same end of a year are one coring",
        )
        return
    if not start - CORED_BEFORE_YEARS_MAX <= ends[0] <= start:
        yield Finding.error(
            "cores-too-old" if ends[0] < start else "cores-too-late",
            subject,
            f"begin at the end of {ends[0]}; the project starts at the end of {start}",
            fix="the first cores must be taken within 2 years before the start (8.1.4.2.5)",
        )
    if least > 1 and ends[-1] < years[-1]:
        yield Finding.error(
            "corings-missing",
            subject,
            f"end at the end of {ends[-1]}, the run goes to the end of {years[-1]}",
            fix="core again at the end of the period, or end the period with the last coring",
        )
    if by_change and scenario == "baseline" and len(found) > 1:
        yield Finding.error(
            "corings-many",
            subject,
            f"has {len(found)} corings; the baseline has one, above a reference plane",
            fix="leave out the others, or give soil_carbon_stock (soil_method 'stock_change')",
        )


def _coring(coring: cores.Coring, method: str, subject: str) -> Iterator[Finding]:
    wanted = {cores.CONTENT if method == "measured" else cores.MATTER}
    wanted |= {cores.DENSITY, cores.THICKNESS}
    for name, core in coring.cores.items():
        whole = cores.WHOLE in core.get("", {})
        if not name or ("" in core and not whole) or (whole and len(core) > 1):
            yield Finding.error(
                "core-sample-wrong",
                f"{subject}, sample {name!r}",
                "is neither layers (sample CORE/LAYER) nor one soil_carbon (sample CORE)",
                fix="write the sample of each layer as 'C1/0-15 cm'",
            )
            continue
        for key, layer in core.items():
            missing = [] if whole else sorted(wanted - set(layer))
            if missing:
                yield Finding.error(
                    "core-layer-incomplete",
                    f"{subject}, sample {name}/{key}",
                    f"has no {', '.join(coring.family + item for item in missing)}",
                    fix=f"measure it, or choose another core_carbon_method than {method!r}",
                )
            for variable, row in layer.items():
                yield from _value(variable, row, method)


def _value(variable: str, row: Measurement, method: str) -> Iterator[Finding]:
    subject, unit = f"measurement {row.variable} {row.stratum} {row.sample}", cores.UNITS[variable]
    try:
        value = row.value * units.factor(row.unit, unit)
    except UnitError as error:
        yield Finding.error("unit-wrong", subject, str(error), fix=f"give it in {unit}")
        return
    most, why = MOST.get(variable, (math.inf, "must be above 0"))
    # Written so that a NaN fails too.
    if not 0 <= value <= most or math.isinf(value) or (variable == cores.THICKNESS and not value):
        yield Finding.error("value-wrong", subject, f"is {value:g} {unit}: {why}", fix="correct it")
    error_ok = row.standard_error is None or 0 <= row.standard_error < math.inf
    if not error_ok:
        message = f"its standard error is {row.standard_error}"
        yield Finding.error("errors-wrong", subject, message, fix="correct it")
    low = field.MANGROVE_MATTER_MIN_PERCENT
    if variable == cores.MATTER and method == "mangrove" and value < low:
        yield Finding.warning(
            "organic-matter-low",
            subject,
            f"below {low:.1f} % Eq 96 gives more carbon than there is organic matter",
            fix="measure carbon itself (core_carbon_method 'measured')",
        )


def _twice(monitoring: Monitoring) -> Iterator[Finding]:
    """Two values of one layer in one coring: the second would silently replace the first."""
    seen = Counter(
        (row.variable, row.stratum, row.sample, cores.coring_year(row.date))
        for row in monitoring.measurements
        if _of_layer(row)
    )
    for (variable, stratum, sample, year), count in sorted(seen.items()):
        if count > 1:
            yield Finding.error(
                "core-layer-twice",
                f"measurement {variable} {stratum} {sample}",
                f"is given {count} times around the end of {year}",
                fix="name each core and layer of a coring once",
            )


def _unused(monitoring: Monitoring, read: set[Measurement]) -> Iterator[Finding]:
    known = {stratum.id for stratum in monitoring.strata}
    places = Counter(
        (row.variable, row.stratum)
        for row in monitoring.measurements
        if _of_layer(row) and row not in read
    )
    for (variable, stratum), count in sorted(places.items()):
        subject = f"measurement {variable} {stratum}"
        if stratum not in known:
            message = "names no stratum of this project"
            yield Finding.error("stratum-unknown", subject, message, fix="use the id of a stratum")
            continue
        scenario = "baseline" if variable.startswith(cores.BASELINE) else "project"
        yield Finding.warning(
            "measurement-unused",
            subject,
            f"is given {count} times and no chosen method of the {scenario} reads it",
            fix=f"state soil_method.{scenario} or start_stock_method.{scenario} = 'core_layers'",
        )


def _of_layer(row: Measurement) -> bool:
    # ``soil_carbon`` is given by `bluecarbon run` for other rule books too.
    return cores.is_core_row(row) and not row.variable.endswith(cores.WHOLE)
