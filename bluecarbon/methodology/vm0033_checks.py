"""What ``vm0033@2.1`` asks of a ``Monitoring``: conditions, choices and rules between them.

The choices of a stratum are looked at in ``vm0033_stratum_checks``, the series themselves in
``vm0033_series_checks``.
"""

from __future__ import annotations

from collections.abc import Iterator

from bluecarbon.methodology import nprt_v4_2, vmd0052
from bluecarbon.methodology import vm0033_methods as methods
from bluecarbon.methodology.protocol import Declaration
from bluecarbon.methodology.vm0033_area_checks import area_findings
from bluecarbon.methodology.vm0033_cell import HORIZON_YEARS
from bluecarbon.methodology.vm0033_series_checks import axis_of, check_data
from bluecarbon.methodology.vm0033_spec import CONDITIONS, SPEC
from bluecarbon.methodology.vm0033_stratum_checks import stratum_findings, wrong_option
from bluecarbon.report import Monitoring
from bluecarbon.spec import Finding

BASELINE_YEARS = 10

BY_STRATUM = frozenset(
    d.name.split(".")[0] for d in SPEC.declarations if d.name.endswith("<stratum>")
)
"""Declarations that may be stated by scenario and stratum."""

__all__ = ["axis_of", "check"]


def check(monitoring: Monitoring) -> tuple[Finding, ...]:
    """All conditions that do not hold, all choices and data that are missing or wrong."""
    return (
        *_period(monitoring),
        *(f for d in CONDITIONS if "." not in d.name for f in _condition(monitoring, d)),
        *vmd0052.check(monitoring.declarations),
        *nprt_v4_2.check(monitoring.declarations),
        *_project_choices(monitoring),
        *_keys(monitoring),
        *_scenarios(monitoring),
        *(
            finding
            for scenario in methods.SCENARIOS
            for stratum in methods.active(monitoring, scenario)
            for finding in stratum_findings(monitoring, scenario, stratum.id)
        ),
        *_ch4_pair(monitoring),
        *_baseline_age(monitoring),
        *check_data(monitoring),
        *area_findings(monitoring),
    )


def _period(monitoring: Monitoring) -> Iterator[Finding]:
    period = monitoring.period
    if any((day.month, day.day) != (1, 1) for day in (period.start, period.end)):
        yield Finding.error(
            "period-not-whole-years",
            "period",
            "does not begin and end on 1 January (the end is exclusive)",
            fix="annual series stand for whole calendar years: choose such a period",
        )
    start = monitoring.declarations.get("project_start_year")
    if start is not None and (
        isinstance(start, str) or not 1900 <= start <= period.start.year or start % 1
    ):
        yield Finding.error(
            "project-start-wrong",
            "declaration project_start_year",
            f"is {start!r}, not a year before the end of the first year of the period",
            fix="give the calendar year in which the project began",
        )
    if monitoring.declarations.get("confidence_percent", 90) not in (90, 95):
        yield Finding.error(
            "confidence-wrong",
            "declaration confidence_percent",
            "is neither 90 nor 95",
            fix="Eq 92 allows 20 % at 90 or 30 % at 95 % confidence",
        )


def _condition(monitoring: Monitoring, wanted: Declaration) -> Iterator[Finding]:
    value, subject = monitoring.declarations.get(wanted.name), f"declaration {wanted.name}"
    if value is None:
        fix = f"state it (true or false): {wanted.about}"
        yield Finding.error("declaration-missing", subject, "is not stated", fix=fix)
    elif isinstance(value, str):
        fix = "give a number or true/false"
        yield Finding.error("declaration-not-a-number", subject, f"is the text {value!r}", fix=fix)
    # Written so that a NaN fails too.
    elif (wanted.least is not None and not float(value) >= wanted.least) or (
        wanted.most is not None and not float(value) <= wanted.most
    ):
        yield Finding.error(
            "methodology-not-applicable",
            subject,
            f"is {value!r} ({wanted.about})",
            fix="the project cannot be credited under VM0033 as it stands",
        )


def _project_choices(monitoring: Monitoring) -> Iterator[Finding]:
    for name, options in methods.PROJECT_OPTIONS.items():
        value = monitoring.declarations.get(name)
        if value not in options:
            yield wrong_option(name, "declarations (both scenarios)", str(value or ""), options)
    if monitoring.declarations.get("long_term_cap_method") == "declared":
        value = monitoring.declarations.get("net_max_tco2e")
        if value is None or isinstance(value, str) or not abs(float(value)) < float("inf"):
            yield Finding.error(
                "declaration-missing",
                "declaration net_max_tco2e",
                "is not a number",
                fix="give NER at t=100 from a run over 100 years (Eq 86)",
            )
    computed = monitoring.declarations.get("long_term_cap_method") == "computed"
    if computed and len(axis_of(monitoring)) < HORIZON_YEARS:
        yield Finding.error(
            "horizon-too-short",
            "declaration long_term_cap_method",
            f"is 'computed' and the run has {len(axis_of(monitoring))} years",
            fix="run 100 years from the start, or declare net_max_tco2e of such a run",
        )


def _keys(monitoring: Monitoring) -> Iterator[Finding]:
    """A choice for a stratum that does not exist would silently be another stratum's default."""
    strata = {s.id for s in monitoring.strata}
    for key in monitoring.declarations:
        name, _, rest = key.partition(".")
        if name not in BY_STRATUM or not rest:
            continue
        scenario, _, stratum = rest.partition(".")
        if scenario not in methods.SCENARIOS or (stratum and stratum not in strata):
            yield Finding.error(
                "declaration-key-unknown",
                f"declaration {key}",
                "names no scenario and stratum of this project",
                fix=f"write {name}.<baseline or project>.<stratum id>",
            )


def _scenarios(monitoring: Monitoring) -> Iterator[Finding]:
    for scenario in methods.SCENARIOS:
        if not methods.active(monitoring, scenario):
            yield Finding.error(
                "scenario-empty",
                scenario,
                "no stratum has a stratum_area series in this scenario",
                fix="give stratum_area for each stratum and both scenarios",
            )


def _ch4_pair(monitoring: Monitoring) -> Iterator[Finding]:
    """Stratum by stratum; those of one scenario only may lie on each other's land."""
    used = {
        scenario: {
            s.id: methods.choice(monitoring, "ch4_method", scenario, s.id)
            for s in methods.active(monitoring, scenario)
        }
        for scenario in methods.SCENARIOS
    }
    high = {s for s, m in used["baseline"].items() if m == "default_over_18ppt"}
    low = {s for s, m in used["project"].items() if m == "default_from_20ppt"}
    wrong = high & low
    if high - set(used["project"]) and low - set(used["baseline"]):
        wrong |= (high - set(used["project"])) | (low - set(used["baseline"]))
    if wrong:
        yield Finding.error(
            "ch4-defaults-combined",
            f"ch4_method baseline and project of {', '.join(sorted(wrong))}",
            "0.011 in the baseline with 0.0056 in the project may not create a credit (8.1.4.5.4)",
            fix="use the same default in both scenarios, or leave CH4 out of the baseline",
        )


def _baseline_age(monitoring: Monitoring) -> Iterator[Finding]:
    axis = axis_of(monitoring)
    value = monitoring.declarations.get("baseline_set_year", axis[0])
    if not isinstance(value, str) and axis[-1] >= float(value) + BASELINE_YEARS:
        yield Finding.warning(
            "baseline-reassessment-due",
            f"baseline of {float(value):.0f}",
            f"is used to {axis[-1]}; it must be reassessed every {BASELINE_YEARS} years (8.1.1)",
            fix="later years are a projection until then",
        )
