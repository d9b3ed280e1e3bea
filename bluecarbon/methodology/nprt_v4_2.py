"""VCS AFOLU Non-Permanence Risk Tool v4.2 (3 May 2024): from a score sheet to a buffer share.

Three ratings, each a sum of sub-categories that do not fall below 0: internal (project management,
financial viability, opportunity cost, project longevity), external (land tenure, stakeholder
engagement, political risk) and natural (climate-affected risks times a factor, other risks, sea
level rise). One FAIL fails all; the overall rating is rounded up and at least 12 %. Buffer
credits are that share of the net change in carbon stocks.

The climate factor itself comes from Verra's spreadsheet, which was not available: it is an input
between 1 and 1.4. In opportunity cost the two legal commitments exclude each other; the stronger
one counts. Scores are data: ``tables/nprt_v4_2.csv`` and ``tables/nprt_v4_2_natural.csv``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bluecarbon.methodology.nprt_answers import (
    DOCUMENT,
    NaturalRisk,
    ScoreSheet,
    score_sheet,
)
from bluecarbon.methodology.parameters import Parameters, parameter_rows
from bluecarbon.methodology.tables import read_table
from bluecarbon.spec import Finding, Value

_POINTS = Parameters(parameter_rows("nprt_v4_2.csv"))
_RETURN_COLUMNS = (
    (10.0, "under_10_years"),
    (25.0, "10_to_under_25_years"),
    (50.0, "25_to_under_50_years"),
    (100.0, "50_to_under_100_years"),
    (math.inf, "from_100_years"),
)


class RiskRating(Value):
    """The outcome: sub-categories, the three ratings, the overall rating [percent] and the FAILs.

    ``buffer_percent`` is None when the project fails. ``ccp_eligible`` is false for a longevity
    under 40 years.
    """

    subcategories: dict[str, float]
    internal: float
    external: float
    natural: float
    overall_raw: float
    fails: tuple[str, ...]
    buffer_percent: float | None
    ccp_eligible: bool


def assess(sheet: ScoreSheet) -> RiskRating:
    """The risk rating of a score sheet."""
    fails: list[str] = []
    parts = {
        "project_management": project_management(sheet, fails),
        "financial_viability": financial_viability(sheet, fails),
        "opportunity_cost": opportunity_cost(sheet),
        "project_longevity": project_longevity(sheet, fails),
        "land_tenure": land_tenure(sheet, fails),
        "stakeholder_engagement": stakeholder_engagement(sheet),
        "political_risk": political_risk(sheet),
        "natural_risk": natural_risk(sheet, fails),
    }
    values = list(parts.values())
    rating = overall(sum(values[:4]), sum(values[4:7]), values[7], fails=fails)
    return rating.model_copy(
        update={"subcategories": parts, "ccp_eligible": sheet.longevity_years >= 40}
    )


def overall(
    internal: float, external: float, natural: float, *, fails: Iterable[str] = ()
) -> RiskRating:
    """The overall rating: the sum rounded up to whole percent, at least 12; limits are strict."""
    raw = internal + external + natural
    found = list(fails)
    limits = (("overall", raw), ("internal", internal), ("external", external))
    for name, value in (*limits, ("natural", natural)):
        if value > _points(f"{name}_most"):
            found.append(f"{name} rating {value:g} is over {_points(f'{name}_most'):g}")
    # 23.000000000000004 is 23: the sum of tenths must not be rounded up by its last bit.
    rounded = max(float(math.ceil(round(raw, 9))), _points("overall_least"))
    return RiskRating(
        subcategories={},
        internal=internal,
        external=external,
        natural=natural,
        overall_raw=raw,
        fails=tuple(found),
        buffer_percent=None if found else rounded,
        ccp_eligible=True,
    )


def project_management(sheet: ScoreSheet, fails: list[str]) -> float:
    """PM: points for what is weak, minus mitigation, not below 0; no adaptive plan is a FAIL."""
    if not sheet.adaptive_management_plan:
        fails.append("no adaptive management plan with monitoring")
    return max(sum(management_points(sheet).values()), 0.0)


def management_points(sheet: ScoreSheet) -> dict[str, float]:
    """PM by question, mitigation negative."""
    names = (
        "nonnative_species_over_25_percent",
        "enforcement_over_50_percent",
        "no_experience",
        "no_local_presence",
        "loss_report_late",
        "alm_untrained",
        "alm_unaware_of_yield",
        "experienced_team",
        "alm_training",
    )
    return {n: _points(f"pm_{n}") if getattr(sheet, n) else 0.0 for n in names}


def financial_viability(sheet: ScoreSheet, fails: list[str]) -> float:
    """FV: pay-back time plus secured funding; callable resources relieve the funding part only."""
    if sheet.payback_years > 20:
        fails.append("cumulative cash flow breaks even after more than 20 years")
    points = viability_points(sheet)
    relieved = points["funding_secured_percent"] + points["callable_resources"]
    return points["payback_years"] + max(relieved, 0.0)


def viability_points(sheet: ScoreSheet) -> dict[str, float]:
    """FV by question, relief negative."""
    payback = sheet.payback_years
    bands = ((4, "to_4"), (7, "over_4_to_7"), (10, "over_7_to_10"), (math.inf, "over_10_to_20"))
    first = _points("fv_payback_years_" + next(name for most, name in bands if payback <= most))
    secured = (
        (15, "under_15"),
        (40, "15_to_under_40"),
        (80, "40_to_under_80"),
        (math.inf, "from_80"),
    )
    percent = sheet.funding_secured_percent
    funding = _points("fv_funding_percent_" + next(n for below, n in secured if percent < below))
    relief = _points("fv_callable_resources") if sheet.callable_resources else 0.0
    return {
        "payback_years": first,
        "funding_secured_percent": funding,
        "callable_resources": relief,
    }


def opportunity_cost(sheet: ScoreSheet) -> float:
    """OC: the alternative's net present value over the project's, or subsistence, not below 0."""
    return max(sum(opportunity_points(sheet).values()), 0.0)


def opportunity_points(sheet: ScoreSheet) -> dict[str, float]:
    """OC by question, the legal commitment negative; of two the stronger counts."""
    legal = 0.0
    if sheet.legal_crediting_period:
        legal = _points("oc_legal_crediting_period")
    if sheet.legal_100_years:
        legal = _points("oc_legal_100_years")
    asked = (
        "subsistence_net_positive"
        if sheet.alternative_npv_percent is None
        else ("alternative_npv_percent")
    )
    return {asked: _alternative(sheet), "legal_commitment": legal}


def _alternative(sheet: ScoreSheet) -> float:
    excess = sheet.alternative_npv_percent
    if excess is None:
        negative = _points("oc_subsistence_not_net_positive")
        return 0.0 if sheet.subsistence_net_positive else negative
    bands = (
        (excess >= 100, "from_100"),
        (excess > 50, "over_50_to_under_100"),
        (excess > 20, "over_20_to_50"),
        (excess >= -20, "to_20"),
        (excess >= -50, "project_over_20_to_50"),
        (True, "project_over_50"),
    )
    return _points("oc_alternative_percent_" + next(name for holds, name in bands if holds))


def project_longevity(sheet: ScoreSheet, fails: list[str]) -> float:
    """PL: 25 - L/5, with a legal agreement 25 - L/4, 0 with one of 100 years and more.

    FAIL under 40 years (30 where registration was requested before 2024), without a plan for the
    whole longevity, or where a project that harvests shows no commitment.
    """
    years = sheet.longevity_years
    least = _points(
        "pl_least_years_before_2024" if sheet.requested_before_2024 else "pl_least_years"
    )
    if years < least:
        fails.append(f"longevity of {years:g} years is under {least:g}")
    if not sheet.longevity_planned:
        fails.append("no plan for the whole longevity")
    if sheet.harvest_commitment_missing:
        fails.append("a harvest project shows no commitment")
    start, divisor = longevity_terms(sheet)
    return max(start - years / divisor, 0.0)


def longevity_terms(sheet: ScoreSheet) -> tuple[float, float]:
    """PL = start - longevity / divisor; nothing to start from with 100 years under agreement."""
    # Contracts of instances shorter than the longevity count as no agreement.
    agreement = sheet.legal_agreement and not sheet.grouped_contracts_shorter
    divisor = _points("pl_divisor_agreement" if agreement else "pl_divisor_no_agreement")
    return (0.0 if agreement and sheet.longevity_years >= 100 else _points("pl_start")), divisor


def land_tenure(sheet: ScoreSheet, fails: list[str]) -> float:
    """LT: who holds the land, what happened to rights, disputes, impacts from upstream and sea."""
    if not sheet.due_process_for_disputes:
        fails.append("disputes are not handled by due process")
    if not sheet.control_secured:
        fails.append("no legally binding agreement secures control")
    return max(sum(tenure_points(sheet).values()), 0.0)


def tenure_points(sheet: ScoreSheet) -> dict[str, float]:
    """LT by question, mitigation negative."""
    names = (
        "different_holder",
        "expropriated_in_20_years",
        "rights_changed_in_20_years",
        "legal_protection",
        "dispute_resolution",
    )
    found = {n: _points(f"lt_{n}") if getattr(sheet, n) else 0.0 for n in names}
    found["tenure_dispute_percent"] = _dispute(sheet.tenure_dispute_percent)
    found["access_dispute_percent"] = _dispute(sheet.access_dispute_percent)
    shown = sheet.upstream_and_sea_impacts_shown
    not_shown = 0.0 if shown else _points("lt_upstream_and_sea_impacts_not_shown")
    return found | {"upstream_and_sea_impacts_shown": not_shown}


def _dispute(percent: float) -> float:
    if percent > 5:
        return _points("lt_dispute_over_5_percent")
    return _points("lt_dispute_to_5_percent") if percent > 0 else 0.0


def stakeholder_engagement(sheet: ScoreSheet) -> float:
    """SE: households that rely on the area and were not consulted."""
    return sum(engagement_points(sheet).values())


def engagement_points(sheet: ScoreSheet) -> dict[str, float]:
    """SE by question; nothing where no household relies on the area."""
    asked = sheet.households_rely_on_area
    inside = asked and sheet.consulted_inside_percent < 50
    outside = asked and sheet.consulted_outside_percent < 20
    return {
        "consulted_inside_percent": _points("se_inside_under_50_percent") if inside else 0.0,
        "consulted_outside_percent": _points("se_outside_under_20_percent") if outside else 0.0,
    }


def political_risk(sheet: ScoreSheet) -> float:
    """PC: mean World Governance Indicator of five years, minus mitigation, not below 0."""
    return max(sum(political_points(sheet).values()), 0.0)


def political_points(sheet: ScoreSheet) -> dict[str, float]:
    """PC by question, mitigation negative."""
    bands = (
        (-0.79, "under_minus_0_79"),
        (-0.32, "under_minus_0_32"),
        (0.19, "under_0_19"),
        (0.82, "under_0_82"),
        (math.inf, "from_0_82"),
    )
    name = next(name for below, name in bands if sheet.governance_mean < below)
    relief = _points("pc_mitigation") if sheet.political_mitigation else 0.0
    return {"governance_mean": _points(f"pc_governance_{name}"), "political_mitigation": relief}


def natural_risk(sheet: ScoreSheet, fails: list[str]) -> float:
    """NR: climate-affected risks x climate factor + other risks + sea level rise."""
    factor = 1 + (sheet.climate_factor - 1) * (1 - climate_cut(sheet))
    affected = other = 0.0
    for risk in natural_points(sheet, fails):
        if risk.climate_affected:
            affected += risk.points * risk.left
        else:
            other += risk.points * risk.left
    return affected * factor + other


def climate_cut(sheet: ScoreSheet) -> float:
    """The share of the climate factor above 1 that adaptive capacity takes off."""
    enough = sheet.adaptive_capacity_criteria >= _points("climate_adaptive_criteria")
    return _points("climate_adaptive_cut") if enough else 0.0


@dataclass(frozen=True)
class RiskPoints:
    """One natural risk: points of the matrix, and the share that mitigation leaves of them."""

    name: str
    points: float
    left: float
    climate_affected: bool


def natural_points(sheet: ScoreSheet, fails: list[str]) -> tuple[RiskPoints, ...]:
    """Every natural risk; sea level rise, as geological risk, without the climate factor."""
    found = []
    for name in ("fire", "pest", "weather", "geological", "other"):
        risk: NaturalRisk = getattr(sheet, name)
        column = next(
            c for below, c in _RETURN_COLUMNS if risk.return_years < below or math.isinf(below)
        )
        points = _matrix(risk.significance, column, name, fails)
        left = _points(f"nr_mitigation_{risk.mitigation}")
        affected = risk.climate_affected and name != "geological"
        found.append(RiskPoints(name, points, left, affected))
    rise = sheet.sea_level_rise
    points = _matrix(
        rise.significance, _RETURN_COLUMNS[5 - rise.impact_level][1], "sea level rise", fails
    )
    left = _points(f"slr_adaptation_{rise.adaptation}")
    return (*found, RiskPoints("sea_level_rise", points, left, climate_affected=False))


def _matrix(significance: str, column: str, name: str, fails: list[str]) -> float:
    rows = {row["significance"]: row for row in read_table("nprt_v4_2_natural.csv", "significance")}
    cell = rows[significance][column]
    if cell == "FAIL":
        fails.append(f"{name}: {significance} and {column.replace('_', ' ')}")
        return 0.0
    return float(cell)


def overall_least() -> float:
    """The least overall rating [percent]."""
    return _points("overall_least")


def _points(name: str) -> float:
    value = _POINTS.row(name).value
    return 0.0 if value is None else value


def check(declarations: Mapping[str, float | bool | str]) -> tuple[Finding, ...]:
    """What stands in the way of a buffer share: no statement, two statements, a FAIL."""
    sheet, findings = score_sheet(declarations)
    stated = declarations.get("buffer_percent")
    if findings:
        return findings
    if sheet is None:
        return _stated(stated)
    rating = assess(sheet)
    found = [
        Finding.error("nprt-fail", DOCUMENT, reason, fix="the project cannot be credited like this")
        for reason in rating.fails
    ]
    if stated is not None and stated != rating.buffer_percent:
        found.append(
            Finding.error(
                "buffer-contradicted",
                "declaration buffer_percent",
                f"is {stated}, the score sheet gives {rating.buffer_percent}",
                fix="leave out one of them",
            )
        )
    return tuple(found)


def _stated(stated: float | bool | str | None) -> tuple[Finding, ...]:
    least = _points("overall_least")
    if isinstance(stated, int | float) and least <= stated <= _points("overall_most"):
        return ()
    message = "is not stated" if stated is None else f"is {stated!r}"
    fix = f"state buffer_percent ({least:g} ... 60) or a score sheet (nprt. declarations)"
    return (Finding.error("buffer-missing", "declaration buffer_percent", message, fix=fix),)
