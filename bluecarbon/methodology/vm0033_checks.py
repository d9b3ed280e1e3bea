"""What ``vm0033@2.1`` asks of a ``Monitoring``: conditions, choices and rules between them.

The series themselves are looked at in ``vm0033_series_checks``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bluecarbon.methodology import nprt_v4_2, vmd0052
from bluecarbon.methodology import vm0033_methods as methods
from bluecarbon.methodology.protocol import Declaration
from bluecarbon.methodology.vm0033_cell import HORIZON_YEARS
from bluecarbon.methodology.vm0033_series_checks import axis_of, check_data
from bluecarbon.methodology.vm0033_spec import CONDITIONS
from bluecarbon.report import Monitoring, Scenario
from bluecarbon.spec import Finding

BASELINE_YEARS = 10
LOSING_METHODS = frozenset({"loss_rate", "emitted_share", "steady_state", "subsidence"})
SINKING_METHODS = frozenset({"default", "stock_change", "flux"})

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
            for finding in _stratum(monitoring, scenario, stratum.id)
        ),
        *_ch4_pair(monitoring),
        *_baseline_age(monitoring),
        *check_data(monitoring),
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
            yield _wrong_option(name, "project", str(value or ""), options)
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


def _wrong_option(name: str, subject: str, value: str, options: Iterable[str]) -> Finding:
    listed = ", ".join(options)
    message = f"{name} is {value!r}" if value else f"{name} is not stated"
    code = "option-unknown" if value else "method-missing"
    return Finding.error(code, subject, message, fix=f"state {name}: one of {listed}")


def _keys(monitoring: Monitoring) -> Iterator[Finding]:
    """A choice for a stratum that does not exist would silently be another stratum's default."""
    strata = {s.id for s in monitoring.strata}
    for key in monitoring.declarations:
        name, _, rest = key.partition(".")
        if name not in methods.OPTIONS or not rest:
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


def _stratum(monitoring: Monitoring, scenario: Scenario, stratum: str) -> Iterator[Finding]:
    subject = f"{stratum} {scenario}"
    chosen = {n: methods.choice(monitoring, n, scenario, stratum) for n in methods.OPTIONS}
    for name, options in methods.OPTIONS.items():
        idle = name == "erosion_environment" and chosen["eroded_method"] != "default"
        if chosen[name] not in options and not idle:
            yield _wrong_option(name, subject, chosen[name], options)
    yield from _vegetation(monitoring, scenario, stratum, chosen)
    yield from _soil(monitoring, scenario, stratum, chosen)
    yield from _gases(monitoring, scenario, stratum, chosen)
    if scenario == "baseline":
        yield from _submergence(monitoring, stratum)
        yield from _baseline_losses(monitoring, stratum, chosen)


def _vegetation(
    monitoring: Monitoring, scenario: Scenario, stratum: str, chosen: dict[str, str]
) -> Iterator[Finding]:
    subject = f"{stratum} {scenario}"
    woody = {chosen["tree_method"], chosen["shrub_method"]} - {"none", ""}
    if chosen["herb_method"] == "default" and woody:
        yield Finding.error(
            "herb-default-with-trees",
            subject,
            "the herb default may not be used together with AR-TOOL14 biomass (Eq 25)",
            fix="measure herbs (herb_method 'stock') or leave them out",
        )
    cycle = methods.number(monitoring, "harvest_cycle_years", scenario, stratum)
    if cycle is not None and not 1 <= cycle <= len(axis_of(monitoring)):
        yield Finding.error(
            "harvest-cycle-not-covered",
            subject,
            f"the cycle of {cycle:g} years is longer than the run",
            fix="run a whole cycle and declare its average (harvest_average_tree_tco2e) later",
        )
    changes = "change" in woody
    kept = [cycle, methods.number(monitoring, "submergence_year", scenario, stratum)]
    kept += [
        methods.number(monitoring, f"harvest_average_{k}_tco2e", scenario, stratum)
        for k in ("tree", "shrub")
    ]
    if changes and any(value is not None for value in kept):
        yield Finding.error(
            "stock-missing",
            subject,
            "harvest and submergence need stocks, the method gives changes only",
            fix="use a tree_method and shrub_method that give stocks",
        )


def _submergence(monitoring: Monitoring, stratum: str) -> Iterator[Finding]:
    year = methods.number(monitoring, "submergence_year", "baseline", stratum)
    share = methods.number(monitoring, "aboveground_share", "baseline", stratum)
    if year is not None and (share is None or not 0 <= share <= 1):
        yield Finding.error(
            "aboveground-share-missing",
            f"{stratum} baseline",
            "on submergence the carbon of above-ground biomass is lost (8.1.2)",
            fix="state aboveground_share (0 ... 1) of the stock; 1 would claim roots as well",
        )


def _soil(
    monitoring: Monitoring, scenario: Scenario, stratum: str, chosen: dict[str, str]
) -> Iterator[Finding]:
    subject, method = f"{stratum} {scenario}", chosen["soil_method"]
    if method == "default" and chosen["ecosystem"] == "seagrass":
        message = "the default rate is for marsh and mangrove (Eq 33)"
        yield Finding.error("soil-default-seagrass", subject, message, fix="choose another method")
    if method == "default" and not monitoring.declarations.get("no_published_soil_data"):
        yield Finding.error(
            "soil-default-not-justified",
            subject,
            "the default rate is only for want of suitable published data (8.1.4.2.3)",
            fix="state no_published_soil_data = true, or use published data (soil_method 'flux')",
        )
    exempt = methods.number(monitoring, "allochthonous_exempt", scenario, stratum)
    no_deduction = chosen["allochthonous_method"] == "none" and chosen["ecosystem"] != "seagrass"
    if scenario == "project" and method in SINKING_METHODS and no_deduction and not exempt:
        yield Finding.error(
            "allochthonous-missing",
            subject,
            "the deduction for allochthonous carbon is mandatory with the project (8.2.4.2.2)",
            fix="choose an allochthonous_method ('organic_soil' where the organic surface layer "
            "exceeds 10 cm) or state why none is owed (allochthonous_exempt)",
        )
    exposed = methods.number(monitoring, "soil_exposed_year", scenario, stratum)
    if method == "steady_state" and exposed is None:
        yield Finding.error(
            "soil-exposed-year-missing",
            subject,
            "carbon falls for 20 years from exposure (Eq 34-35)",
            fix="state soil_exposed_year",
        )
    if scenario == "baseline" and method == "stock_change":
        yield from _cores(monitoring, stratum)


def _cores(monitoring: Monitoring, stratum: str) -> Iterator[Finding]:
    cored = methods.number(monitoring, "soil_cored_years_before_start", "baseline", stratum)
    plane = methods.number(monitoring, "reference_plane_age_years", "baseline", stratum)
    if cored is None or not 0 <= cored <= 2:
        yield Finding.error(
            "cores-too-old",
            f"{stratum} baseline",
            "cores must be taken within 2 years before the start (8.1.4.2.5)",
            fix="state soil_cored_years_before_start (at most 2)",
        )
    if plane is not None and not plane >= 4:
        yield Finding.error(
            "reference-plane-too-young",
            f"{stratum} baseline",
            "a reference plane must be at least 4 years old (8.1.4.2.5)",
            fix="use an older plane or another method",
        )


def _gases(
    monitoring: Monitoring, scenario: Scenario, stratum: str, chosen: dict[str, str]
) -> Iterator[Finding]:
    subject = f"{stratum} {scenario}"
    default_n2o = chosen["n2o_method"].startswith("default")
    if default_n2o and methods.number(monitoring, "near_nitrogen_source", scenario, stratum):
        yield Finding.error(
            "n2o-default-near-source",
            subject,
            "N2O defaults are not for strata fed by a nitrogen source (8.1.4.6.4)",
            fix="measure N2O or use published values (n2o_method 'flux')",
        )
    if default_n2o and chosen["ecosystem"] == "seagrass" and "wetland" in chosen["n2o_method"]:
        message = "Eq 66-68 are for non-seagrass wetland"
        yield Finding.error("n2o-default-seagrass", subject, message, fix="choose another method")
    if scenario == "baseline" and chosen["burning_method"] != "none":
        yield Finding.error(
            "burning-in-baseline",
            subject,
            "prescribed burning is accounted with the project only (8.2.5)",
            fix="write the key burning_method.project",
        )
    moved = {chosen["eroded_method"], chosen["excavated_method"]} != {"none"}
    gases = {chosen["ch4_method"], chosen["n2o_method"]} != {"none"}
    if scenario == "baseline" and moved and gases:
        yield Finding.error(
            "gases-of-moved-soil",
            subject,
            "CH4 and N2O are set to zero where soil is eroded or excavated (8.1.4.1)",
            fix="set ch4_method and n2o_method of this stratum to 'none' in the baseline",
        )


def _baseline_losses(
    monitoring: Monitoring, stratum: str, chosen: dict[str, str]
) -> Iterator[Finding]:
    subject = f"{stratum} baseline"
    yield from _constant_rate(monitoring, stratum, chosen["depletion_method"])
    moved = {chosen["eroded_method"], chosen["excavated_method"]} != {"none"}
    fluxes = monitoring.annual("soil_co2_flux", stratum=stratum, scenario="baseline")
    emits = chosen["soil_method"] == "flux" and any(v > 0 for row in fluxes for v in row.values)
    if not (moved or emits or chosen["soil_method"] in LOSING_METHODS):
        return
    if chosen["depletion_method"] == "none":
        yield Finding.error(
            "depletion-missing",
            subject,
            "baseline soil emits and no depletion time is determined (5.1)",
            fix="state depletion_method.baseline: organic, mineral, eroded or zero",
        )
    for name in methods.PROJECT_OPTIONS:
        if monitoring.declarations.get(name) == "not_applicable":
            yield Finding.error(
                "cap-missing",
                subject,
                f"baseline soil emissions are claimed and {name} is not_applicable (5.2.4, 8.5.1)",
                fix=f"choose another {name}",
            )


def _constant_rate(monitoring: Monitoring, stratum: str, depletion: str) -> Iterator[Finding]:
    for name in methods.OPTIONS["depletion_method"].get(depletion, ()):
        for row in monitoring.annual(name, stratum=stratum, scenario="baseline"):
            if len(set(row.values)) > 1:
                yield Finding.warning(
                    "rate-not-constant",
                    f"series {name} {stratum} baseline",
                    "the depletion time rests on the rate of the first year (Eq 1, 2)",
                    fix="give the conservative (high) rate that stays constant (5.1)",
                )


def _ch4_pair(monitoring: Monitoring) -> Iterator[Finding]:
    used = {
        scenario: {
            methods.choice(monitoring, "ch4_method", scenario, s.id)
            for s in methods.active(monitoring, scenario)
        }
        for scenario in methods.SCENARIOS
    }
    if "default_over_18ppt" in used["baseline"] and "default_from_20ppt" in used["project"]:
        yield Finding.error(
            "ch4-defaults-combined",
            "ch4_method",
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
