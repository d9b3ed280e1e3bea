"""What ``ar-am0014@3.0`` asks of a ``Monitoring`` before it computes: conditions and data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from bluecarbon import units
from bluecarbon.errors import UnitError
from bluecarbon.methodology.ar_am0014_spec import SPEC
from bluecarbon.methodology.protocol import Declaration
from bluecarbon.report import Monitoring, Stratum
from bluecarbon.spec import Finding

PLOTS_PER_STRATUM_MIN = 2
"""AR-TOOL14 Eq 17 divides by n - 1."""


def check(monitoring: Monitoring) -> tuple[Finding, ...]:
    """All applicability conditions that do not hold and all data that are missing."""
    planted = [s for s in monitoring.strata if s.kind == "planted"]
    return (
        *(f for d in SPEC.declarations for f in _declaration(monitoring, d)),
        *_dates(monitoring),
        *_units(monitoring),
        *_strata(monitoring, planted),
        *_remarks(),
    )


def _declaration(monitoring: Monitoring, wanted: Declaration) -> Iterator[Finding]:
    value = monitoring.declarations.get(wanted.name)
    subject = f"declaration {wanted.name}"
    fix = f"state it under [methodology.declarations]: {wanted.about}"
    if value is None:
        yield Finding.error("declaration-missing", subject, "is not stated", fix=fix)
        return
    if isinstance(value, str):
        message = f"is the text {value!r}, not a number or true/false"
        yield Finding.error("declaration-not-a-number", subject, message, fix=fix)
        return
    # Written so that a NaN fails too.
    if wanted.least is not None and not float(value) >= wanted.least:
        yield _not_applicable(wanted, float(value), f"must be at least {wanted.least:g}")
    if wanted.most is not None and not float(value) <= wanted.most:
        yield _not_applicable(wanted, float(value), f"must be at most {wanted.most:g}")


def _not_applicable(wanted: Declaration, value: float, condition: str) -> Finding:
    return Finding.error(
        "methodology-not-applicable",
        f"declaration {wanted.name}",
        f"is {value:g} and {condition} ({wanted.about})",
        fix="the project cannot be credited under AR-AM0014 as it stands",
    )


def _dates(monitoring: Monitoring) -> Iterator[Finding]:
    if monitoring.stock_start is None or monitoring.stock_end is None:
        yield Finding.error(
            "stock-dates-missing",
            "period",
            "the two dates between which stocks are differenced are not given",
            fix="set start_epoch and end_epoch under [period]",
        )


def _units(monitoring: Monitoring) -> Iterator[Finding]:
    wanted = {item.name: item.unit for item in SPEC.inputs}
    for row in monitoring.measurements:
        if row.variable not in wanted:
            continue
        try:
            units.factor(row.unit, wanted[row.variable])
        except UnitError as error:
            subject = " ".join(filter(None, (row.variable, row.stratum, row.sample, str(row.date))))
            fix = f"give it in {wanted[row.variable]}"
            yield Finding.error("unit-wrong", subject, str(error), fix=fix)


def _strata(monitoring: Monitoring, planted: list[Stratum]) -> Iterator[Finding]:
    if not planted:
        yield Finding.error(
            "planted-stratum-missing",
            "strata",
            "no stratum is of kind 'planted'",
            fix="AR-AM0014 credits planted areas only: mark them in the strata layer",
        )
    for stratum in planted:
        yield from _stratum(monitoring, stratum)
        for date in (monitoring.stock_start, monitoring.stock_end):
            if date is not None:
                yield from _stratum_at(monitoring, stratum, date)


def _stratum(monitoring: Monitoring, stratum: Stratum) -> Iterator[Finding]:
    subject = f"stratum {stratum.id}"
    if stratum.planted_year is None:
        yield Finding.error(
            "planted-year-missing",
            subject,
            "has no planting year",
            fix="add planted_year to the strata layer; soil carbon counts from it",
        )
    for variable in ("baseline_crown_cover", "stratum_area"):
        if len(monitoring.select(variable, stratum=stratum.id)) != 1:
            yield Finding.error(
                "measurement-missing",
                subject,
                f"needs one value of {variable}",
                fix="map an epoch that is not later than the planting year",
            )


def _stratum_at(monitoring: Monitoring, stratum: Stratum, date: dt.date) -> Iterator[Finding]:
    subject = f"stratum {stratum.id} on {date}"
    areas = monitoring.select("mangrove_area", stratum=stratum.id, on=date)
    if len(areas) != 1:
        message = f"has {len(areas)} values of mangrove_area, needs one"
        yield Finding.error("measurement-missing", subject, message, fix="map the epoch of it")
        return
    plots = [m for m in monitoring.select("tree_agb", stratum=stratum.id, on=date) if m.sample]
    if not all(m.value >= 0 for m in (*areas, *plots)):
        message = "an area or biomass is negative or not a number"
        yield Finding.error("measurement-negative", subject, message, fix="correct it")
    planted_later = stratum.planted_year is not None and stratum.planted_year > date.year
    # What stood before planting belongs to the baseline, so no plots are owed then.
    if len(plots) < PLOTS_PER_STRATUM_MIN and areas[0].value > 0 and (plots or not planted_later):
        yield Finding.error(
            "plots-too-few",
            subject,
            f"{len(plots)} plot(s) measured, needs {PLOTS_PER_STRATUM_MIN}",
            fix="measure plots in this stratum; a stock cannot be left out",
        )


def _remarks() -> Iterator[Finding]:
    yield Finding.info(
        "stock-difference-conservative",
        "AR-TOOL14 Eq 1-2",
        "plots of the two dates count as independent samples: where they are permanent the true "
        "sampling uncertainty of the change is smaller than stated",
    )
