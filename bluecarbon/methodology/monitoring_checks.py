"""What is wrong with a ``Monitoring`` under any rule book: dates, strata and names.

The amounts are looked at in :mod:`bluecarbon.methodology.amount_checks`, parameter rows in
:mod:`bluecarbon.methodology.parameter_checks`. A rule book that inherits from
:class:`bluecarbon.methodology.rule_book.RuleBook` gets all three; one that implements the protocol
alone calls :func:`common_findings` first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bluecarbon.methodology.amount_checks import amount_findings, describe
from bluecarbon.methodology.protocol import MethodologySpec
from bluecarbon.methodology.vocabulary import (
    MEASURED_BESIDE,
    OUTSIDE_STRATA,
    STATED_FOR_ALL,
    Vocabulary,
    did_you_mean,
    did_you_mean_declaration,
    installed_vocabulary,
)
from bluecarbon.report import Monitoring
from bluecarbon.spec import Finding

PERIOD_REVERSED = "period-reversed"
"""With this defect there is no year to look at, and nothing else can be checked."""


def common_findings(spec: MethodologySpec, monitoring: Monitoring) -> tuple[Finding, ...]:
    """Defects that no rule book can live with, all of them, and what ``spec`` does not read."""
    own, known = Vocabulary.of(spec), installed_vocabulary(spec)
    return (
        *_period(monitoring),
        *_strata(monitoring),
        *_places(monitoring, own),
        *_unknown_names(monitoring, known),
        *_not_read(monitoring, spec.id, own, known=known),
        *amount_findings(monitoring, own),
    )


def _period(monitoring: Monitoring) -> Iterator[Finding]:
    period, dates = monitoring.period, (monitoring.stock_start, monitoring.stock_end)
    if period.end <= period.start:
        message = f"ends on {period.end} and begins on {period.start}"
        fix = "give the start first; the end is exclusive (2025-01-01 ends with the year 2024)"
        yield Finding.error(PERIOD_REVERSED, "period", message, fix=fix)
    if dates[0] is not None and dates[1] is not None and dates[1] <= dates[0]:
        message = f"stock_end {dates[1]} is not after stock_start {dates[0]}"
        fix = "stock_start is the earlier of the two dates between which stocks are differenced"
        yield Finding.error("stock-dates-reversed", "stock_start, stock_end", message, fix=fix)


def _strata(monitoring: Monitoring) -> Iterator[Finding]:
    for name, count in Counter(s.id for s in monitoring.strata).items():
        if count > 1:
            message = f"stands there {count} times: its carbon would count {count} times"
            fix = "give each stratum an id of its own"
            yield Finding.error("stratum-twice", f"stratum {name}", message, fix=fix)


def _places(monitoring: Monitoring, own: Vocabulary) -> Iterator[Finding]:
    """What names a stratum that is not there would silently not count."""
    strata = {"", OUTSIDE_STRATA, *(stratum.id for stratum in monitoring.strata)}
    fix = "use the id of a stratum"
    for row in monitoring.measurements:
        if row.stratum not in strata and own.reads_measurement(row.variable):
            message = f"names the stratum {row.stratum!r}, which is not there"
            yield Finding.error("stratum-unknown", describe(row), message, fix=fix)
    for key in monitoring.declarations:
        stratum = own.stratum_of(key)
        if stratum is not None and stratum not in strata:
            message = f"names the stratum {stratum!r}, which is not there"
            yield Finding.error("stratum-unknown", f"declaration {key}", message, fix=fix)


def _unknown_names(monitoring: Monitoring, known: Vocabulary) -> Iterator[Finding]:
    message = "is read by no installed rule book"
    for key in sorted(set(monitoring.declarations) - STATED_FOR_ALL):
        if not known.reads_declaration(key):
            fix = did_you_mean_declaration(key, known.declarations) or "leave it out"
            yield Finding.error("declaration-unknown", f"declaration {key}", message, fix=fix)
    for name in sorted({row.variable for row in monitoring.measurements} - MEASURED_BESIDE):
        if not known.reads_measurement(name):
            near = did_you_mean(name, known.measurements | known.series)
            fix = near or "leave it out"
            yield Finding.error("measurement-unknown", f"measurement {name}", message, fix=fix)
    for row in monitoring.series:
        if row.variable not in known.series:
            fix = did_you_mean(row.variable, known.series) or "leave it out"
            yield Finding.error("series-unknown", describe(row), message, fix=fix)


def _not_read(
    monitoring: Monitoring, book: str, own: Vocabulary, *, known: Vocabulary
) -> Iterator[Finding]:
    """One remark on all that is there for other rule books."""
    measured = {row.variable for row in monitoring.measurements} - MEASURED_BESIDE
    named = {
        "declarations": [
            key
            for key in set(monitoring.declarations) - STATED_FOR_ALL
            if known.reads_declaration(key) and not own.reads_declaration(key)
        ],
        "measurements": [
            name
            for name in measured
            if known.reads_measurement(name) and not own.reads_measurement(name)
        ],
        "series": ({row.variable for row in monitoring.series} & known.series) - own.series,
    }
    parts = [f"{what} {', '.join(sorted(names))}" for what, names in named.items() if names]
    if parts:
        message = f"is for other rule books and not read: {'; '.join(parts)}"
        yield Finding.info("data-not-read", book, message)
