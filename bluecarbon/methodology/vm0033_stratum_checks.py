"""Whether the methods that a stratum of ``vm0033@2.1`` chose may be used, and go together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bluecarbon.methodology import vm0033_methods as methods
from bluecarbon.methodology.vm0033_vegetation_checks import falls, vegetation_findings
from bluecarbon.report import Monitoring, Scenario
from bluecarbon.spec import Finding

LOSING_METHODS = frozenset({"loss_rate", "emitted_share", "steady_state", "subsidence"})
SINKING_METHODS = frozenset({"default", "stock_change", "core_layers", "flux"})


def wrong_option(
    name: str, subject: str, value: str, options: Iterable[str], *, key: str = ""
) -> Finding:
    """The finding about a choice that is unknown or not made; ``key`` is how to state it."""
    listed = ", ".join(options)
    message = f"{name} is {value!r}" if value else f"{name} is not stated"
    code = "option-unknown" if value else "method-missing"
    return Finding.error(code, subject, message, fix=f"state {key or name}: one of {listed}")


def stratum_findings(monitoring: Monitoring, scenario: Scenario, stratum: str) -> Iterator[Finding]:
    """All findings about the choices of one stratum in one scenario."""
    subject = f"{stratum} {scenario}"
    chosen = {n: methods.choice(monitoring, n, scenario, stratum) for n in methods.OPTIONS}
    for name, options in methods.OPTIONS.items():
        idle = name == "erosion_environment" and chosen["eroded_method"] != "default"
        if chosen[name] not in options and not idle:
            key = f"{name}.{scenario} or {name}.{scenario}.{stratum}"
            yield wrong_option(name, subject, chosen[name], options, key=key)
    yield from vegetation_findings(monitoring, scenario, stratum, chosen)
    yield from _soil(monitoring, scenario, stratum, chosen)
    yield from _gases(monitoring, scenario, stratum, chosen)
    if scenario == "baseline":
        yield from _baseline_losses(monitoring, stratum, chosen)


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
    if scenario == "baseline" and method == "core_layers":
        yield from _reference_plane(monitoring, stratum)


def _cores(monitoring: Monitoring, stratum: str) -> Iterator[Finding]:
    cored = methods.number(monitoring, "soil_cored_years_before_start", "baseline", stratum)
    if cored is None or not 0 <= cored <= 2:
        yield Finding.error(
            "cores-too-old",
            f"{stratum} baseline",
            "cores must be taken within 2 years before the start (8.1.4.2.5)",
            fix="state soil_cored_years_before_start (at most 2)",
        )
    yield from _reference_plane(monitoring, stratum)


def _reference_plane(monitoring: Monitoring, stratum: str) -> Iterator[Finding]:
    plane = methods.number(monitoring, "reference_plane_age_years", "baseline", stratum)
    if plane is None:
        yield Finding.error(
            "reference-plane-missing",
            f"{stratum} baseline",
            "the soil of the first coring has formed above a reference plane whose age is unknown",
            fix="state reference_plane_age_years.baseline (at least 4)",
        )
    if plane is not None and not 4 <= plane < float("inf"):
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
    stocks = monitoring.annual("soil_carbon_stock", stratum=stratum, scenario="baseline")
    emits |= chosen["soil_method"] == "stock_change" and any(map(falls, stocks))
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
