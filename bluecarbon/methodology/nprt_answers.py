"""VCS AFOLU Non-Permanence Risk Tool v4.2: its questions, and a project's answers to them.

Answers are declarations ``nprt.<question>``; :data:`DECLARATIONS` says of each which kind of answer
and which words it takes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args

from pydantic import Field, ValidationError
from pydantic.fields import FieldInfo

from bluecarbon.methodology.protocol import Declaration
from bluecarbon.spec import Finding, Value

DOCUMENT = "VCS AFOLU Non-Permanence Risk Tool v4.2"
PREFIX = "nprt."

Significance = Literal[
    "catastrophic", "devastating", "major", "minor", "insignificant", "not_applicable"
]
Mitigation = Literal["none", "prevention", "contained_history", "both"]
Adaptation = Literal[
    "none", "ecosystem_based", "land_use_planning", "protection_barriers", "two_or_more"
]


class NaturalRisk(Value):
    """One natural risk: share of the stock that an event takes, its return period, mitigation."""

    significance: Significance = Field(
        description="share of the stock that an event takes, or 'not_applicable'"
    )
    return_years: float = Field(
        default=math.inf, gt=0, description="return period of the event [years]"
    )
    mitigation: Mitigation = Field(default="none", description="what is done against the risk")
    climate_affected: bool = Field(
        default=True, description="whether climate change affects the risk (geological: never)"
    )


class SeaLevelRise(Value):
    """Sea level rise: share of the stock at risk, impact level 5 (high) ... 1, adaptation."""

    significance: Significance = Field(
        description="share of the stock at risk, or 'not_applicable'"
    )
    impact_level: int = Field(
        default=1, ge=1, le=5, description="impact level of the tool, 5 is high"
    )
    adaptation: Adaptation = Field(default="none", description="what is done against the rise")


def _says(about: str) -> Any:
    return Field(description=about)


def _optionally(about: str) -> Any:
    return Field(default=False, description=about)


def _percent(about: str) -> Any:
    return Field(ge=0, le=100, description=f"{about} [percent]")


def _consulted(about: str) -> Any:
    return Field(default=100.0, ge=0, le=100, description=f"{about} that were consulted [percent]")


class ScoreSheet(Value):
    """The answers to the tool's questions. Shares are in percent, times in years.

    ``alternative_npv_percent`` says by how much the most profitable alternative exceeds the
    project (negative: the project is worth more); where activities are for subsistence it is left
    out, and ``subsistence_net_positive`` is asked instead. One of the two must be answered.
    """

    adaptive_management_plan: bool = _says("a plan with monitoring exists; without it FAIL")
    nonnative_species_over_25_percent: bool = _says("over 25 % of the stock is of other regions")
    enforcement_over_50_percent: bool = _says("over 50 % of the stock needs ongoing enforcement")
    no_experience: bool = _says("the team lacks experience with such activities")
    no_local_presence: bool = _says("the team is not within a day's travel of the site")
    loss_report_late: bool = _says("a loss event was reported late")
    alm_untrained: bool = _optionally("agriculture: land managers are not trained")
    alm_unaware_of_yield: bool = _optionally("agriculture: effects on yield are not known")
    experienced_team: bool = _says("mitigation: experience in carbon projects")
    alm_training: bool = _optionally("mitigation: agriculture, training is given")
    payback_years: float = Field(
        ge=0, description="years until the cumulative cash flow breaks even; over 20 FAIL"
    )
    funding_secured_percent: float = _percent("funding secured of what is needed to break even")
    callable_resources: bool = _says("mitigation: resources that can be called cover the rest")
    alternative_npv_percent: float | None = Field(
        default=None,
        description="net present value of the most profitable alternative over the project's "
        "[percent, negative: the project is worth more]; left out where activities are for "
        "subsistence, then answer subsistence_net_positive",
    )
    subsistence_net_positive: bool | None = Field(
        default=None,
        description="activities are for subsistence: effects on communities are net positive; "
        "only where alternative_npv_percent is left out",
    )
    legal_crediting_period: bool = _says("mitigation: legal commitment over the crediting period")
    legal_100_years: bool = _says("mitigation: legal commitment over 100 years")
    longevity_years: float = Field(
        ge=0, description="project longevity [years]; under 40 FAIL (30 if requested before 2024)"
    )
    legal_agreement: bool = _says("a legal agreement to continue the practice covers the longevity")
    requested_before_2024: bool = _optionally("registration was requested before 2024-01-01")
    longevity_planned: bool = _says("a plan covers the whole longevity; without it FAIL")
    harvest_commitment_missing: bool = _optionally("a harvest project shows no commitment: FAIL")
    grouped_contracts_shorter: bool = _optionally("contracts of instances are shorter")
    due_process_for_disputes: bool = _says("disputes are handled by due process; else FAIL")
    control_secured: bool = _says("a binding agreement secures control of the land; else FAIL")
    different_holder: bool = _says("ownership and rights of use are held by different parties")
    expropriated_in_20_years: bool = _says("land was expropriated in the last 20 years")
    rights_changed_in_20_years: bool = _says("rights were changed in the last 20 years")
    tenure_dispute_percent: float = _percent("area under dispute over tenure")
    access_dispute_percent: float = _percent("area under dispute over access or use")
    upstream_and_sea_impacts_shown: bool = _says(
        "impacts from upstream and from the sea are shown to be irrelevant or managed"
    )
    legal_protection: bool = _says("mitigation: the area is legally protected")
    dispute_resolution: bool = _says("mitigation: disputes are being resolved")
    households_rely_on_area: bool = _says("households rely on the area")
    consulted_inside_percent: float = _consulted("households inside")
    consulted_outside_percent: float = _consulted("households within 20 km")
    governance_mean: float = Field(
        ge=-2.5, le=2.5, description="mean World Governance Indicator of five years"
    )
    political_mitigation: bool = _says("mitigation of political risk")
    fire: NaturalRisk
    pest: NaturalRisk
    weather: NaturalRisk
    geological: NaturalRisk
    other: NaturalRisk = NaturalRisk(significance="not_applicable")
    sea_level_rise: SeaLevelRise
    climate_factor: float = Field(
        ge=1.0, le=1.4, description="climate factor of the tool's spreadsheet"
    )
    adaptive_capacity_criteria: int = Field(
        default=0, ge=0, description="criteria of adaptive capacity that are met; from 5 it counts"
    )


GROUPS: Mapping[str, type[NaturalRisk] | type[SeaLevelRise]] = {
    "fire": NaturalRisk,
    "pest": NaturalRisk,
    "weather": NaturalRisk,
    "geological": NaturalRisk,
    "other": NaturalRisk,
    "sea_level_rise": SeaLevelRise,
}
"""Questions that have questions of their own (``nprt.fire.significance``)."""


def _kind(info: FieldInfo) -> str:
    """Type and allowed values of an answer, in words."""
    options = get_args(info.annotation)
    if options and all(isinstance(option, str) for option in options):
        return f"text, one of {', '.join(repr(option) for option in options)}"
    kinds = {bool: "true or false", int: "whole number", float: "number"}
    kind = next(word for found, word in kinds.items() if found in (info.annotation, *options))
    limits = {name: getattr(item, name) for item in info.metadata for name in ("ge", "gt", "le")
              if hasattr(item, name)}  # fmt: skip
    words = {"ge": "from", "gt": "over", "le": "to"}
    stated = " ".join(f"{words[name]} {limit:g}" for name, limit in limits.items())
    return f"{kind} {stated}".strip()


def _asked(name: str, info: FieldInfo, *, optional: bool) -> Declaration:
    default = "" if info.is_required() else f"; {info.default!r} when not stated"
    if info.default in (None, math.inf):
        default = "; may be left out"
    need = default or ("; may be left out" if optional else "; must be answered in a score sheet")
    about = f"{DOCUMENT}: {info.description}; {_kind(info)}{need}"
    return Declaration(name=f"{PREFIX}{name}", about=about, required=False)


def _declarations() -> Iterator[Declaration]:
    for name, info in ScoreSheet.model_fields.items():
        if name not in GROUPS:
            yield _asked(name, info, optional=False)
            continue
        for part, inner in GROUPS[name].model_fields.items():
            yield _asked(f"{name}.{part}", inner, optional=not info.is_required())


DECLARATIONS: tuple[Declaration, ...] = tuple(_declarations())
"""Every question; answers are given together, instead of ``buffer_percent``."""


def score_sheet(
    declarations: Mapping[str, float | bool | str],
) -> tuple[ScoreSheet | None, tuple[Finding, ...]]:
    """The score sheet from declarations ``nprt.<question>`` (``nprt.fire.significance`` ...).

    None with findings when answers are missing or not of their kind; None without findings when
    no declaration begins with ``nprt.``.
    """
    plain = _nested(declarations)
    if not plain:
        return None, ()
    try:
        sheet = ScoreSheet.model_validate(plain)
    except ValidationError as error:
        return None, tuple(_finding(item) for item in error.errors())
    either = (sheet.alternative_npv_percent is None) != (sheet.subsistence_net_positive is None)
    return (sheet, ()) if either else (None, (_opportunity(sheet),))


def _opportunity(sheet: ScoreSheet) -> Finding:
    both = sheet.alternative_npv_percent is not None
    return Finding.error(
        "nprt-answer-wrong",
        f"declaration {PREFIX}alternative_npv_percent",
        "stands beside subsistence_net_positive" if both else "is not answered",
        fix=f"answer {PREFIX}alternative_npv_percent, or where activities are for subsistence "
        f"{PREFIX}subsistence_net_positive instead",
    )


def _nested(declarations: Mapping[str, float | bool | str]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, value in declarations.items():
        if not key.startswith(PREFIX):
            continue
        name, _, rest = key.removeprefix(PREFIX).partition(".")
        if not rest:
            plain[name] = value
        elif isinstance(plain.setdefault(name, {}), dict):
            plain[name][rest] = value
    return plain


def _finding(item: Any) -> Finding:
    name = PREFIX + ".".join(str(part) for part in item["loc"])
    asked = [d for d in DECLARATIONS if d.name == name or d.name.startswith(f"{name}.")]
    message = item["msg"]
    if item["type"] == "missing":
        parts = [d.name for d in asked if d.name != name]
        message = f"is not answered: give {', '.join(parts)}" if parts else "is not answered"
    about = "; ".join(f"{d.name}: {d.about.removeprefix(f'{DOCUMENT}: ')}" for d in asked)
    fix = about or f"{DOCUMENT} has no such question; see the declarations that begin with nprt."
    return Finding.error("nprt-answer-wrong", f"declaration {name}", message, fix=fix)
