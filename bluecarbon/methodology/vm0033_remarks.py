"""What a careful reader must know of a result of ``vm0033@2.1`` beside its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.trace import Term, Trace
from bluecarbon.methodology.vm0033_depletion import BOUND_CARBON, BOUND_DEPTH
from bluecarbon.methodology.vm0033_uncertainty import NetError
from bluecarbon.report import Scenario
from bluecarbon.spec import Finding

CANCELLING_RATIO = 3.0
"""|a| + |b| over |a + b| from which on the printed denominator of Eq 91 is told."""


def remarks(
    inputs: Inputs,
    trace: Trace,
    error: NetError,
    *,
    totals: Mapping[Scenario, Term],
    net: Term,
    limited: Term,
    buffer: Term,
) -> tuple[Finding, ...]:
    """The findings about the cumulative results and the buffer of a run of single values."""
    return (
        *_uncertain(error),
        *_cancelling(inputs, error, totals),
        *_exactly_known(error),
        *_capped(net, limited),
        *_more_than_there_is(trace),
        *_reversal(inputs, buffer),
    )


def _uncertain(error: NetError) -> Iterator[Finding]:
    last = float(np.asarray(error.error.value)[-1])
    if last > 100:
        yield Finding.warning(
            "uncertainty-exceeds-result",
            "Eq 91",
            f"NER_ERROR is {last:.0f} % in the last year",
            fix="Eq 91 adds the emissions of baseline and project: they nearly cancel, "
            "or the data are too uncertain",
        )


def _cancelling(
    inputs: Inputs, error: NetError, totals: Mapping[Scenario, Term]
) -> Iterator[Finding]:
    """Every year of the period in which the sum of Eq 91 is small because its terms cancel."""
    values = zip(
        inputs.years,
        np.asarray(totals["baseline"].value),
        np.asarray(totals["project"].value),
        np.asarray(error.error.value),
        strict=True,
    )
    for year, baseline, project, percent in values:
        whole, printed = abs(baseline) + abs(project), abs(baseline + project)
        if year < inputs.monitoring.period.years[0] or whole <= CANCELLING_RATIO * printed:
            continue
        other = f"{percent * printed / whole:.1f} %" if printed else "a number"
        yield Finding.warning(
            "uncertainty-denominator-cancels",
            f"Eq 91 {year}",
            f"GHG_BSL {baseline:,.1f} and GHG_WPS {project:,.1f} tCO2e nearly cancel: NER_ERROR is "
            f"{percent:.1f} % of |GHG_BSL + GHG_WPS|, it would be {other} of |GHG_BSL| + |GHG_WPS|",
            fix="the equation is taken as printed; agree the denominator with the verifier",
        )


def _exactly_known(error: NetError) -> Iterator[Finding]:
    if error.exactly_known:
        yield Finding.warning(
            "uncertainty-taken-as-zero",
            "Eq 87, 89",
            f"no standard error and no uncertainty_* is given for {', '.join(error.exactly_known)}:"
            " counts as exactly known",
            fix="give standard_errors, or justify that the numbers are conservative (8.5.2)",
        )


def _capped(net: Term, limited: Term) -> Iterator[Finding]:
    if np.any(np.asarray(limited.value) < np.asarray(net.value)):
        yield Finding.warning(
            "long-term-cap-binds",
            "Eq 3-17, 86",
            "the claim is limited by what is left 100 years after the start",
        )


def _more_than_there_is(trace: Trace) -> Iterator[Finding]:
    """Strata that would lose more soil carbon in 100 years than they have."""
    labels = {what.number for both in (BOUND_DEPTH, BOUND_CARBON) for what in both.values()}
    for step in trace.steps:
        lost = {item.name: item.value for item in step.inputs}.get("lost", 0.0)
        if step.equation in labels and lost > step.result:
            yield Finding.warning(
                "loss-over-stock",
                step.scope,
                f"{lost:g} {step.unit} would be lost in 100 years, {step.result:g} are there",
                fix="what is there counts in the stock-loss cap (Eq 14-17); check the rate",
            )


def _reversal(inputs: Inputs, buffer: Term) -> Iterator[Finding]:
    """Years in which Eq 94 is negative, of the monitoring period."""
    first = inputs.monitoring.period.years[0]
    annual = zip(inputs.years, np.asarray(buffer.value), strict=True)
    lost = {year: value for year, value in annual if year >= first and value < 0}
    if lost:
        listed = ", ".join(f"{year} ({value:,.1f})" for year, value in lost.items())
        yield Finding.warning(
            "reversal",
            "Eq 94",
            f"carbon stocks fall, so that the buffer credits of the equation are negative: {listed}"
            " tCO2e",
            fix="they are kept so that the years add up to Eq 94 of the whole period; a registry "
            "hands no buffer credits back on a loss, it treats it as a reversal",
        )
