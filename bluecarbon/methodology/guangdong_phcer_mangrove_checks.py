"""What ``guangdong-phcer-mangrove@draft`` asks of a ``Monitoring`` before it computes."""

from __future__ import annotations

from collections.abc import Iterator

from bluecarbon import units
from bluecarbon.errors import UnitError
from bluecarbon.methodology.annual_series import (
    declaration_findings,
    series_findings,
    single,
    whole_years_findings,
)
from bluecarbon.methodology.guangdong_phcer_mangrove_spec import SPEC
from bluecarbon.report import Measurement, Monitoring, Stratum
from bluecarbon.spec import Finding, Input


def axis(monitoring: Monitoring) -> tuple[int, ...]:
    """The vintage years and the year before them, at whose end the first change starts."""
    years = monitoring.period.years
    return (years[0] - 1, *years)


def stratum_values(monitoring: Monitoring, variable: str, stratum: str) -> tuple[Measurement, ...]:
    """The values of a whole stratum, samples left aside."""
    return monitoring.select(variable, stratum=stratum, sample="")


def check(monitoring: Monitoring) -> tuple[Finding, ...]:
    """Conditions that do not hold and data that are missing, all of them."""
    return (
        *declaration_findings(monitoring, SPEC.declarations),
        *whole_years_findings(monitoring),
        *series_findings(monitoring, SPEC, axis(monitoring)),
        *_strata(monitoring),
        *(f for stratum in monitoring.strata for f in _stratum(monitoring, stratum)),
        Finding.warning(
            "proposal",
            SPEC.id,
            "a proposal and no rule in force: no mangrove method of the Guangdong carbon "
            "inclusion programme was found",
            fix="use it for study; nothing can be issued on it",
        ),
    )


def _strata(monitoring: Monitoring) -> Iterator[Finding]:
    if not monitoring.strata:
        message = "there is no stratum"
        yield Finding.error("stratum-missing", "strata", message, fix="give at least one")


def _stratum(monitoring: Monitoring, stratum: Stratum) -> Iterator[Finding]:
    for wanted in SPEC.series:
        if single(monitoring, wanted.name, stratum.id) is None:
            message, fix = f"has no series {wanted.name}", f"give {wanted.about} [{wanted.unit}]"
            yield Finding.error("series-missing", f"stratum {stratum.id}", message, fix=fix)
    for item in SPEC.inputs:
        yield from _measured(monitoring, stratum, item)


def _measured(monitoring: Monitoring, stratum: Stratum, wanted: Input) -> Iterator[Finding]:
    subject = f"{wanted.name} of stratum {stratum.id}"
    rows = stratum_values(monitoring, wanted.name, stratum.id)
    if len(rows) != 1:
        message, fix = f"has {len(rows)} values, needs one", f"{wanted.about} [{wanted.unit}]"
        yield Finding.error("measurement-missing", subject, message, fix=fix)
        return
    try:
        value = rows[0].value * units.factor(rows[0].unit, wanted.unit)
    except UnitError as error:
        yield Finding.error("unit-wrong", subject, str(error), fix=f"give it in {wanted.unit}")
        return
    if value < 0 or (wanted.unit == "1" and value >= 1):
        message = f"is {value:g} {wanted.unit}: negative or too great"
        yield Finding.error("measurement-wrong", subject, message, fix="correct it")
