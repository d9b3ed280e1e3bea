"""May credits be issued on this sealed report? Every defect at once, each with what to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from bluecarbon.errors import ReportError
from bluecarbon.registry.domain import Policy, grams
from bluecarbon.report import MonitoringReport, Period, Quantification, seal_of
from bluecarbon.spec import Finding, errors_in

_GRAMS_OF_ROUNDING_PER_VINTAGE = 1


@dataclass(frozen=True)
class Registered:
    """What the ledger knows of the project of a report; ``today`` is the day of the act."""

    project: str
    boundary_wkt: str
    issued_periods: Mapping[str, Period]
    today: dt.date


def check_report(
    report: MonitoringReport, registered: Registered, policy: Policy
) -> tuple[Finding, ...]:
    """The reasons (severity error) why the report may not be issued on; none when it may.

    The seal comes first: a report whose seal is broken is not judged further, since nobody
    vouches for what it says.
    """
    if not _seal_fits(report):
        return (
            _defect(
                "report-seal-broken",
                report,
                "the seal is not the digest of the report",
                "submit the file that 'bluecarbon run' wrote, unchanged",
            ),
        )
    found = [
        *_identity(report, registered),
        *_not_ended(report, registered),
        *_overlaps(report, registered),
    ]
    if report.quantification is None:
        fix = "name a methodology in project.toml and run again"
        found.append(_defect("report-without-claim", report, "it claims nothing", fix))
    else:
        found += _unverified(report, policy)
        found += _errors_inside(report, report.quantification)
        found += _claim(report, report.quantification)
    return tuple(found)


def _seal_fits(report: MonitoringReport) -> bool:
    try:
        return report.seal == seal_of(report)
    except ReportError:
        return False  # what holds an infinite number cannot have been sealed


def claim_grams(quantification: Quantification) -> dict[int, int]:
    """The claim per vintage in whole grams of CO2e."""
    by_year = quantification.claim_tco2e_by_year
    return {int(year): grams(by_year[year]) for year in sorted(by_year, key=int)}


def _identity(report: MonitoringReport, registered: Registered) -> list[Finding]:
    found = []
    if not report.project.id == report.monitoring.project_id == registered.project:
        message = f"it is about {report.project.id!r}, not about {registered.project!r}"
        fix = "submit it for its own project"
        found.append(_defect("report-of-other-project", report, message, fix))
    # Text, not geometry: what was validated is these coordinates, to the last digit.
    if report.project.boundary_wkt != registered.boundary_wkt:
        message = "its boundary is not the one that was validated"
        fix = "run again with the registered boundary, or have the new one validated"
        found.append(_defect("report-boundary-changed", report, message, fix))
    return found


def _not_ended(report: MonitoringReport, registered: Registered) -> list[Finding]:
    end = report.monitoring.period.end
    # The end is exclusive: on that very day the period is over.
    if end <= registered.today:
        return []
    message = (
        f"its period ends at {end}, after this act of {registered.today} (UTC)"
        f" / 监测期至 {end} 结束，晚于本次操作日期 {registered.today}"
    )
    fix = f"come back at {end} or later, with measurements of the whole period"
    return [_defect("report-period-not-ended", report, message, fix)]


def _overlaps(report: MonitoringReport, registered: Registered) -> list[Finding]:
    period = report.monitoring.period
    found = []
    for seal, issued in registered.issued_periods.items():
        if issued.start < period.end and period.start < issued.end:
            message = (
                f"the period {period.start}..{period.end} overlaps {issued.start}..{issued.end}, "
                f"for which credits were issued on report {seal[:12]}"
            )
            fix = f"start the period at {issued.end} or later"
            found.append(_defect("report-period-issued", report, message, fix))
    return found


def _unverified(report: MonitoringReport, policy: Policy) -> list[Finding]:
    names = [parameter.name for parameter in report.unverified_parameters]
    if not names or policy.allow_unverified_parameters:
        return []
    message = f"nobody has read these parameters in their document: {', '.join(names)}"
    fix = "verify the rows, or let a registry whose policy allows drafts take it"
    return [_defect("report-parameters-unverified", report, message, fix)]


def _errors_inside(report: MonitoringReport, claim: Quantification) -> list[Finding]:
    inside = errors_in((*report.findings, *claim.findings))
    if not inside:
        return []
    message = "it holds errors of its own: " + "; ".join(f"{f.code} ({f.subject})" for f in inside)
    return [_defect("report-holds-errors", report, message, "correct the data and run again")]


def _claim(report: MonitoringReport, claim: Quantification) -> list[Finding]:
    return [*_amount(report, claim), *_vintages(report, claim)]


def _amount(report: MonitoringReport, claim: Quantification) -> list[Finding]:
    if not all(year.isdecimal() for year in claim.claim_tco2e_by_year):
        return []  # said by _vintages
    total_g = sum(claim_grams(claim).values())
    found = []
    if claim.claim_tco2e <= 0 or total_g <= 0:
        message = f"the claim of {claim.claim_tco2e} tCO2e is not positive"
        fix = "a loss is reported to the registry as a reversal, not as a claim"
        found.append(_defect("report-claim-not-positive", report, message, fix))
    # Each vintage was rounded to the gram on its own, so their sum may be off by as many.
    slack_g = _GRAMS_OF_ROUNDING_PER_VINTAGE * len(claim.claim_tco2e_by_year)
    if total_g > grams(claim.claim_tco2e) + slack_g:
        message = f"its vintages add up to more than its claim of {claim.claim_tco2e} tCO2e"
        fix = "correct the methodology that made the report"
        found.append(_defect("report-vintages-above-claim", report, message, fix))
    return found


def _vintages(report: MonitoringReport, claim: Quantification) -> list[Finding]:
    years = {str(year) for year in report.monitoring.period.years}
    outside = sorted(set(claim.claim_tco2e_by_year) - years)
    if not outside:
        return []
    message = f"vintages outside the monitoring period: {', '.join(outside)}"
    fix = "correct the methodology that made the report"
    return [_defect("report-vintage-outside-period", report, message, fix)]


def _defect(code: str, report: MonitoringReport, message: str, fix: str) -> Finding:
    subject = f"report {report.seal[:12]} of {report.project.id}"
    return Finding(code=code, severity="error", subject=subject, message=message, fix=fix)
