"""Non-Permanence Risk Tool v4.2 as equations: the buffer share with a step for every sub-score.

The same points as :func:`bluecarbon.methodology.nprt_v4_2.assess`, term by term, so that a
verifier can recompute the buffer share from the answers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from bluecarbon.errors import DataError
from bluecarbon.methodology import nprt_v4_2 as tool
from bluecarbon.methodology.nprt_answers import DOCUMENT, PREFIX, ScoreSheet, score_sheet
from bluecarbon.methodology.trace import Equation, Number, Term, Trace

SCOPE = "project"
POINTS = "percent"
"""A point of the tool is a percent of the buffer."""


def points_not_below_zero(points: np.ndarray) -> Number:
    """PM, OC, LT, SE, PC: the sum of the points, mitigation negative, not below 0."""
    return max(float(np.sum(points)), 0.0)


def viability(payback: Number, funding: Number, relief: Number) -> Number:
    """FV: callable resources relieve the funding part only."""
    return payback + np.maximum(np.asarray(funding) + relief, 0.0)


def longevity(start: Number, years: Number, divisor: Number) -> Number:
    """PL: 25 - L / 5 or L / 4, not below 0."""
    return np.maximum(start - np.asarray(years) / divisor, 0.0)


def mitigated(points: Number, left: Number) -> Number:
    """One natural risk: points of the matrix x what mitigation leaves of them."""
    return np.asarray(points) * left


def climate(factor: Number, cut: Number) -> Number:
    """The climate factor, its part above 1 cut by adaptive capacity."""
    cut_factor: Number = 1 + (np.asarray(factor) - 1) * (1 - np.asarray(cut))
    return cut_factor


def natural(affected: np.ndarray, factor: Number, others: np.ndarray) -> Number:
    """NR: climate-affected risks x climate factor + other risks and sea level rise."""
    total: Number = np.sum(affected) * np.asarray(factor) + np.sum(others)
    return total


def rating(points: np.ndarray) -> Number:
    """Internal or external rating: the sum of its sub-categories."""
    return float(np.sum(points))


def whole_percent(internal: Number, external: Number, natural: Number, least: Number) -> Number:
    """The overall rating: the sum rounded up to whole percent, at least 12."""
    raw = round(float(internal + external + np.asarray(natural)), 9)
    return max(float(math.ceil(raw)), float(least))


def _equation(number: str, about: str, compute: Callable[..., Number], formula: str) -> Equation:
    return Equation(DOCUMENT, number, about, POINTS, compute, formula)


_SUM = "MAX(0,SUM({points}))"
PM = _equation("PM", "project management", points_not_below_zero, _SUM)
FV = _equation("FV", "financial viability", viability, "{payback}+MAX(0,{funding}+{relief})")
OC = _equation("OC", "opportunity cost", points_not_below_zero, _SUM)
PL = _equation("PL", "project longevity", longevity, "MAX(0,{start}-{years}/{divisor})")
LT = _equation("LT", "land tenure", points_not_below_zero, _SUM)
SE = _equation("SE", "stakeholder engagement", points_not_below_zero, _SUM)
PC = _equation("PC", "political risk", points_not_below_zero, _SUM)
RISK = _equation("NR (risk)", "one natural risk", mitigated, "{points}*{left}")
CLIMATE = Equation(
    DOCUMENT, "NR (climate)", "climate factor", "1", climate, "1+({factor}-1)*(1-{cut})"
)
NR = _equation("NR", "natural risk", natural, "SUM({affected})*{factor}+SUM({others})")
INTERNAL = _equation("internal", "internal risk", rating, "SUM({points})")
EXTERNAL = _equation("external", "external risk", rating, "SUM({points})")
OVERALL = _equation(
    "overall",
    "buffer share",
    whole_percent,
    "MAX({least},-INT(-ROUND({internal}+{external}+{natural},9)))",
)


def buffer_share(declarations: Mapping[str, float | bool | str], trace: Trace) -> Term:
    """Buffer% [percent]: declared, or from the score sheet with all its steps.

    DataError when :func:`bluecarbon.methodology.nprt_v4_2.check` has findings.
    """
    findings = tool.check(declarations)
    if findings:
        raise DataError(findings)
    sheet, _ = score_sheet(declarations)
    if sheet is None:
        value = float(declarations["buffer_percent"])
        return Term(value, "percent", "declared buffer_percent")
    return _overall(sheet, trace)


def _overall(sheet: ScoreSheet, trace: Trace) -> Term:
    internal = {
        "PM": _points(PM, tool.management_points(sheet), sheet, trace),
        "FV": _viability(sheet, trace),
        "OC": _points(OC, tool.opportunity_points(sheet), sheet, trace),
        "PL": _longevity(sheet, trace),
    }
    external = {
        "LT": _points(LT, tool.tenure_points(sheet), sheet, trace),
        "SE": _points(SE, tool.engagement_points(sheet), sheet, trace),
        "PC": _points(PC, tool.political_points(sheet), sheet, trace),
    }
    return trace.evaluate(
        OVERALL,
        SCOPE,
        internal=trace.evaluate(INTERNAL, SCOPE, points=internal),
        external=trace.evaluate(EXTERNAL, SCOPE, points=external),
        natural=_natural(sheet, trace),
        least=Term(tool.overall_least(), "percent", f"{DOCUMENT}, least rating"),
    )


def _term(question: str, value: float, answer: object, unit: str = POINTS) -> Term:
    return Term(value, unit, f"{DOCUMENT}, points of {PREFIX}{question} ({answer})")


def _points(what: Equation, points: Mapping[str, float], sheet: ScoreSheet, trace: Trace) -> Term:
    terms = {name: _term(name, value, _answer(sheet, name)) for name, value in points.items()}
    return trace.evaluate(what, SCOPE, points=terms)


def _answer(sheet: ScoreSheet, question: str) -> object:
    if question == "legal_commitment":
        return f"crediting period {sheet.legal_crediting_period}, 100 years {sheet.legal_100_years}"
    return getattr(sheet, question)


def _viability(sheet: ScoreSheet, trace: Trace) -> Term:
    names = {
        "payback": "payback_years",
        "funding": "funding_secured_percent",
        "relief": "callable_resources",
    }
    points = tool.viability_points(sheet)
    terms = {n: _term(asked, points[asked], _answer(sheet, asked)) for n, asked in names.items()}
    return trace.evaluate(FV, SCOPE, **terms)


def _longevity(sheet: ScoreSheet, trace: Trace) -> Term:
    start, divisor = tool.longevity_terms(sheet)
    agreed = f"agreement {sheet.legal_agreement}"
    return trace.evaluate(
        PL,
        SCOPE,
        start=_term("longevity_years", start, agreed),
        years=Term(sheet.longevity_years, "yr", f"declared {PREFIX}longevity_years"),
        divisor=_term("legal_agreement", divisor, agreed, "yr/percent"),
    )


def _natural(sheet: ScoreSheet, trace: Trace) -> Term:
    groups: dict[bool, dict[str, Term]] = {True: {}, False: {}}
    for risk in tool.natural_points(sheet, []):
        answers = getattr(sheet, risk.name)
        how = getattr(answers, "mitigation", None) or getattr(answers, "adaptation", "")
        groups[risk.climate_affected][risk.name] = trace.evaluate(
            RISK,
            risk.name,
            points=_term(f"{risk.name}.significance", risk.points, answers.significance),
            left=_term(f"{risk.name}, share left", risk.left, how, "1"),
        )
    factor = trace.evaluate(
        CLIMATE,
        SCOPE,
        factor=Term(sheet.climate_factor, "1", f"declared {PREFIX}climate_factor"),
        cut=_term(
            "adaptive_capacity_criteria",
            tool.climate_cut(sheet),
            sheet.adaptive_capacity_criteria,
            "1",
        ),
    )
    return trace.evaluate(NR, SCOPE, affected=groups[True], factor=factor, others=groups[False])
