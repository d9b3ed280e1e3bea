"""Whether measured amounts can be what they are said to be, under any rule book.

Shares go by their name: what is called a share, fraction, cover, deduction or discount is between
0 and 1, in whatever unit it is given.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bluecarbon import units
from bluecarbon.errors import UnitError
from bluecarbon.methodology.vocabulary import Vocabulary
from bluecarbon.report import Measurement, Monitoring, Series
from bluecarbon.spec import Finding, Severity

_SHARE = re.compile(r"(^|_)(share|fraction|cover|deduction|discount)(_|$)")

AREA_TOLERANCE = 0.01
"""A map's pixels at the rim may add up to a little more than the polygon."""


_ROUNDING = 1e-9
"""What the conversion of a unit may add to a value that stands on its limit."""


@dataclass(frozen=True)
class Limit:
    """An amount that no mangrove has, for all variables of a dimension whose name has ``word``."""

    severity: Severity
    most: float
    unit: str
    word: str
    why: str


LIMITS = (
    Limit("error", 2.65, "g/cm3", "bulk_density", "solid quartz has 2.65 g/cm3"),
    # Far above every published stock: what is beyond has another unit or a slipped point.
    Limit("warning", 3000.0, "tC/ha", "", "no mangrove is known to hold so much carbon"),
    Limit("warning", 1500.0, "t/ha", "", "no mangrove is known to hold so much dry matter"),
)


@dataclass(frozen=True)
class _Amount:
    subject: str
    stratum: str
    variable: str
    unit: str
    values: tuple[float, ...]

    def most_in(self, unit: str) -> float | None:
        """The largest value that is a number; None when there is none in this unit."""
        try:
            scale = units.factor(self.unit, unit)
        except UnitError:
            return None
        return max((v * scale for v in self.values if math.isfinite(v)), default=None)


def amount_findings(monitoring: Monitoring, read: Vocabulary) -> Iterator[Finding]:
    """What is wrong with the measured amounts that a rule book reads."""
    for row in monitoring.measurements:
        if read.reads_measurement(row.variable):
            yield from _measurement(row)
    for amount in _amounts(monitoring, read):
        for limit in LIMITS:
            yield from _beyond(amount, limit)
    if "mangrove_area" in read.measurements | read.series:
        yield from _areas(monitoring, read)


def is_share(name: str) -> bool:
    """Whether a variable or parameter of this name lies between 0 and 1."""
    return _SHARE.search(name) is not None


def as_share(value: float, unit: str) -> float | None:
    """A share or a carbon fraction as a plain number; None when the unit is of another kind."""
    for plain in ("1", "tC/t"):
        try:
            return units.convert(value, unit, plain)
        except UnitError:
            continue
    return None


def _measurement(row: Measurement) -> Iterator[Finding]:
    subject = describe(row)
    if not math.isfinite(row.value):
        fix = "correct it, or leave the row out"
        yield Finding.error("measurement-not-finite", subject, f"is {row.value}", fix=fix)
        return
    error = row.standard_error
    if error is not None and not (math.isfinite(error) and error >= 0):
        message = f"has the standard error {error}"
        yield Finding.error("standard-error-wrong", subject, message, fix="correct it")
    share = as_share(row.value, row.unit) if is_share(row.variable) else None
    if share is not None and not 0 <= share <= 1:
        message = f"is {row.value:g} {row.unit}, not a share of 0 ... 1"
        fix = "give it as 0 ... 1, or with the unit percent"
        yield Finding.error("share-outside-range", subject, message, fix=fix)


def describe(row: Measurement | Series) -> str:
    """A measurement or a series as a finding names it."""
    if isinstance(row, Series):
        return " ".join(filter(None, ("series", row.variable, row.stratum, row.scenario)))
    return " ".join(filter(None, (row.variable, row.stratum, row.sample, str(row.date))))


def _amounts(monitoring: Monitoring, read: Vocabulary) -> Iterator[_Amount]:
    for row in monitoring.measurements:
        if read.reads_measurement(row.variable):
            yield _of(row)
    for series in monitoring.series:
        if series.variable in read.series:
            yield _Amount(
                describe(series), series.stratum, series.variable, series.unit, series.values
            )


def _of(row: Measurement) -> _Amount:
    return _Amount(describe(row), row.stratum, row.variable, row.unit, (row.value,))


def _beyond(amount: _Amount, limit: Limit) -> Iterator[Finding]:
    most = amount.most_in(limit.unit) if limit.word in amount.variable else None
    if most is None or most <= limit.most * (1 + _ROUNDING):
        return
    yield Finding(
        code="amount-implausible",
        severity=limit.severity,
        subject=amount.subject,
        message=f"is {most:,.10g} {limit.unit}, more than {limit.most:,g}: {limit.why}",
        fix=f"check the unit (given in {amount.unit}) and the point",
    )


def _areas(monitoring: Monitoring, read: Vocabulary) -> Iterator[Finding]:
    """Mangrove inside a stratum is not larger than the stratum."""
    polygons = stratum_areas_ha(monitoring)
    for amount in _amounts(monitoring, read):
        if amount.variable != "mangrove_area":
            continue
        most, polygon = amount.most_in("ha"), polygons.get(amount.stratum)
        if most is None or polygon is None or most <= polygon * (1 + AREA_TOLERANCE):
            continue
        message = f"is {most:g} ha, and stratum_area is {polygon:g} ha"
        fix = "correct one of the two"
        yield Finding.error("area-above-stratum", amount.subject, message, fix=fix)


def stratum_areas_ha(monitoring: Monitoring) -> dict[str, float]:
    """The measured area of each stratum [ha], the largest where there are several."""
    found: dict[str, float] = {}
    for row in monitoring.select("stratum_area"):
        area = _of(row).most_in("ha")
        if area is not None:
            found[row.stratum] = max(area, found.get(row.stratum, area))
    return found
