"""What ``ar-am0014@3.0`` asks of a ``Monitoring`` before it computes: conditions and data."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator

from bluecarbon import units
from bluecarbon.errors import UnitError
from bluecarbon.methodology.ar_am0014_plots import plot_rows
from bluecarbon.methodology.ar_am0014_remeasured import is_declared, plot_names, remeasured_strata
from bluecarbon.methodology.ar_am0014_spec import DEAD_WOOD_CLASSES, DOCUMENT, SPEC
from bluecarbon.methodology.ar_am0014_tree_checks import tree_findings
from bluecarbon.methodology.protocol import Declaration
from bluecarbon.report import Monitoring, Stratum
from bluecarbon.spec import Finding


def check(monitoring: Monitoring) -> tuple[Finding, ...]:
    """All applicability conditions that do not hold and all data that are missing."""
    planted = [s for s in monitoring.strata if s.kind == "planted"]
    return (
        *(f for d in SPEC.declarations if d.required for f in _declaration(monitoring, d)),
        *(f for d in SPEC.declarations if not d.required for f in _optional(monitoring, d)),
        *_emissions(monitoring),
        *_dates(monitoring),
        *_units(monitoring),
        *_strata(monitoring, planted),
        *tree_findings(monitoring, planted),
        *_shrubs(monitoring, planted),
        *_remarks(monitoring, planted),
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


def _optional(monitoring: Monitoring, wanted: Declaration) -> Iterator[Finding]:
    """A statement that may be left out, but not be wrong."""
    value = monitoring.declarations.get(wanted.name)
    subject, fix = f"declaration {wanted.name}", f"correct it or leave it out: {wanted.about}"
    if value is None:
        return
    if wanted.name == "dead_wood_class":
        if value not in DEAD_WOOD_CLASSES:
            yield Finding.error("dead-wood-class-unknown", subject, f"is {value!r}", fix=fix)
        return
    # true would pass for the number 1, which is right for a yes/no statement only.
    if isinstance(value, str) or (isinstance(value, bool) and wanted.most is None):
        yield Finding.error("declaration-not-a-number", subject, f"is {value!r}", fix=fix)
        return
    number = float(value)
    least = 0.0 if wanted.least is None else wanted.least
    most = math.inf if wanted.most is None else wanted.most
    if not (math.isfinite(number) and least <= number <= most):
        message = f"is {number:g}, outside {least:g} ... {most:g}"
        yield Finding.error("declaration-out-of-range", subject, message, fix=fix)


_COMPUTED_ELSEWHERE = {
    "burning_ha": ("burning_emission_tco2e", "AR-TOOL08"),
    "displaced_agriculture_ha": ("leakage_tco2e_yr", "AR-TOOL15"),
}
"""What an area above 0 calls for, and the tool that gives it."""


def _emissions(monitoring: Monitoring) -> Iterator[Finding]:
    for name, (emission, tool) in _COMPUTED_ELSEWHERE.items():
        area = monitoring.declarations.get(name, 0.0)
        if isinstance(area, str) or not float(area) > 0 or emission in monitoring.declarations:
            continue
        yield Finding.error(
            "methodology-not-applicable",
            f"declaration {name}",
            f"is {float(area):g}, and its emissions are not stated",
            fix=f"compute them by {tool} and state {emission}",
        )


def _not_applicable(wanted: Declaration, value: float, condition: str) -> Finding:
    return Finding.error(
        "methodology-not-applicable",
        f"declaration {wanted.name}",
        f"is {value:g} and {condition} ({wanted.about})",
        fix="the project cannot be credited under AR-AM0014 as it stands",
    )


def _dates(monitoring: Monitoring) -> Iterator[Finding]:
    start, end = monitoring.stock_start, monitoring.stock_end
    if start is None or end is None:
        yield Finding.error(
            "stock-dates-missing",
            "period",
            "the two dates between which stocks are differenced are not given",
            fix="set start_epoch and end_epoch under [period]",
        )
    # Dates the wrong way round have a finding of their own, under any rule book.
    elif start < end and not (start < monitoring.period.end and monitoring.period.start < end):
        yield Finding.error(
            "stocks-outside-period",
            "period",
            f"{monitoring.period.start} to {monitoring.period.end} has no day between the stocks "
            f"of {start} and {end}",
            fix="a change of stock is credited in the period in which it was measured",
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
    for stratum in monitoring.strata:
        if stratum.kind != "planted" and stratum.planted_year is not None:
            yield Finding.warning(
                "stratum-not-counted",
                f"stratum {stratum.id}",
                f"has planted_year {stratum.planted_year} and is of kind {stratum.kind!r}: it is "
                "left out of the claim",
                fix="AR-AM0014 credits strata of kind 'planted': say so, or drop planted_year",
            )
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
    rows = (*areas, *plot_rows(monitoring, stratum.id, date))
    if any(row.value < 0 for row in rows):
        message = "an area or biomass is negative"
        yield Finding.error("measurement-negative", subject, message, fix="correct it")


def _shrubs(monitoring: Monitoring, planted: list[Stratum]) -> Iterator[Finding]:
    """Shrubs are claimed for all planted strata at both dates or for none of them."""
    rows = monitoring.select("shrub_crown_cover")
    dates = [on for on in (monitoring.stock_start, monitoring.stock_end) if on and rows]
    for stratum in planted:
        for on in dates:
            count = len(monitoring.select("shrub_crown_cover", stratum=stratum.id, on=on))
            if count != 1:
                yield Finding.error(
                    "measurement-missing",
                    f"stratum {stratum.id} on {on}",
                    f"has {count} values of shrub_crown_cover, needs one as others have it",
                    fix="measure it (0 where there are none), or leave shrubs out everywhere",
                )


def _remarks(monitoring: Monitoring, planted: list[Stratum]) -> Iterator[Finding]:
    if is_declared(monitoring):
        yield from _remeasured(monitoring, planted)
    if monitoring.select("shrub_crown_cover") or "dead_wood_class" in monitoring.declarations:
        yield Finding.info(
            "baseline-pools-not-counted",
            f"{DOCUMENT} Eq 1",
            "shrubs and dead wood of the baseline are taken as not growing, and no uncertainty "
            "discount is taken on shrubs: the tool has none",
        )
    if remeasured_strata(monitoring):
        return
    yield Finding.info(
        "stock-difference-conservative",
        "AR-TOOL14 Eq 1-2",
        "plots of the two dates count as independent samples: where they are permanent the true "
        "sampling uncertainty of the change is smaller than stated",
    )


def _remeasured(monitoring: Monitoring, planted: list[Stratum]) -> Iterator[Finding]:
    """What the statement that plots are permanent comes to."""
    same = remeasured_strata(monitoring)
    for stratum in planted:
        start, end = plot_names(monitoring, stratum.id)
        if start and end and stratum.id not in same:
            yield Finding.warning(
                "plots-not-the-same",
                f"stratum {stratum.id}",
                "its plots do not have the same names at both dates: the two samples count as "
                "independent",
                fix="name a permanent plot alike at both dates; a lost plot breaks the pairing",
            )
    if same:
        yield Finding.info(
            "change-by-remeasurement",
            "AR-TOOL14 Eq 3-8",
            f"uncertainty of the change from plots measured twice in {', '.join(sorted(same))}; "
            "where a stratum's area changed, each plot stands for the area of its date",
        )
