"""The score sheet of the Non-Permanence Risk Tool: each question, and how VM0033 reads it."""

import pytest
from support.nprt import declared, part, rating
from support.vm0033 import BOOK, project, quantified, series, spreadsheet

from bluecarbon.errors import DataError
from bluecarbon.methodology import nprt_v4_2 as nprt
from bluecarbon.methodology.nprt_trace import buffer_share
from bluecarbon.methodology.trace import Trace
from bluecarbon.spec import errors_in


def test_a_calm_project_gets_the_minimum():
    result = rating()
    assert set(result.subcategories.values()) == {0.0}
    assert result.buffer_percent == 12.0
    assert result.fails == ()


def test_management_adds_and_mitigation_stops_at_zero():
    assert part("project_management", no_experience=True, loss_report_late=True) == 4
    assert part("project_management", no_experience=True, experienced_team=True) == 0
    assert part("project_management", experienced_team=True, alm_training=True) == 0


@pytest.mark.parametrize(
    ("years", "points"), [(4, 0), (4.1, 1), (7, 1), (7.5, 2), (10, 2), (15, 3), (20, 3)]
)
def test_payback(years, points):
    assert part("financial_viability", payback_years=years) == points


@pytest.mark.parametrize(
    ("percent", "points"), [(14.9, 3), (15, 2), (39.9, 2), (40, 1), (79.9, 1), (80, 0)]
)
def test_funding(percent, points):
    assert part("financial_viability", funding_secured_percent=percent) == points


def test_callable_resources_relieve_funding_only():
    more = {"payback_years": 15, "funding_secured_percent": 50, "callable_resources": True}
    assert part("financial_viability", **more) == 3


@pytest.mark.parametrize(
    ("excess", "points"),
    [(150, 8), (100, 8), (99, 6), (50.1, 6), (50, 4), (20.1, 4), (20, 0), (0, 0), (-20, 0)],
)
def test_opportunity_cost(excess, points):
    assert part("opportunity_cost", alternative_npv_percent=excess) == points


def test_opportunity_cost_of_subsistence_and_legal_commitments():
    none = {"alternative_npv_percent": None}
    assert part("opportunity_cost", **none, subsistence_net_positive=False) == 8
    assert part("opportunity_cost", **none, subsistence_net_positive=True) == 0
    high = {"alternative_npv_percent": 120.0}
    assert part("opportunity_cost", **high, legal_crediting_period=True) == 6
    both = {"legal_crediting_period": True, "legal_100_years": True}
    assert part("opportunity_cost", **high, **both) == 4
    assert part("opportunity_cost", alternative_npv_percent=-60.0) == 0


@pytest.mark.parametrize(("percent", "points"), [(0.0, 0), (0.1, 5), (5.0, 5), (5.1, 10)])
def test_disputes(percent, points):
    assert part("land_tenure", tenure_dispute_percent=percent) == points
    assert part("land_tenure", access_dispute_percent=percent) == points


def test_land_tenure_sums_and_floors():
    more = {"different_holder": True, "upstream_and_sea_impacts_shown": False}
    assert part("land_tenure", **more) == 7
    assert part("land_tenure", **more, legal_protection=True) == 5
    assert part("land_tenure", legal_protection=True, dispute_resolution=True) == 0


def test_stakeholders():
    asked = {"households_rely_on_area": True}
    assert part("stakeholder_engagement", **asked, consulted_inside_percent=49) == 10
    assert part("stakeholder_engagement", **asked, consulted_outside_percent=19) == 5
    assert part("stakeholder_engagement", consulted_inside_percent=0) == 0


@pytest.mark.parametrize(
    ("mean", "points"),
    [(-0.8, 6), (-0.79, 4), (-0.32, 2), (0.18, 2), (0.19, 1), (0.81, 1), (0.82, 0)],
)
def test_political_risk(mean, points):
    assert part("political_risk", governance_mean=mean) == points
    relieved = part("political_risk", governance_mean=mean, political_mitigation=True)
    assert relieved == max(points - 2, 0)


def test_climate_factor_and_adaptive_capacity():
    storm = {"weather": {"significance": "devastating", "return_years": 15.0}}
    assert part("natural_risk", **storm) == 20
    assert part("natural_risk", **storm, climate_factor=1.4) == pytest.approx(28)
    adapted = {"climate_factor": 1.4, "adaptive_capacity_criteria": 5}
    # the part above 1 is cut by 40 %: 1.24
    assert part("natural_risk", **storm, **adapted) == pytest.approx(24.8)
    quake = {"geological": {"significance": "devastating", "return_years": 15.0}}
    assert part("natural_risk", **quake, climate_factor=1.4) == 20


def test_mitigation_and_sea_level_rise():
    fire = {"fire": {"significance": "major", "return_years": 5.0, "mitigation": "both"}}
    assert part("natural_risk", **fire) == 5
    sea = {"sea_level_rise": {"significance": "minor", "impact_level": 4}}
    assert part("natural_risk", **sea) == 4
    sea["sea_level_rise"]["adaptation"] = "protection_barriers"
    assert part("natural_risk", **sea) == pytest.approx(2.4)


def test_a_sheet_in_declarations_gives_the_buffer_of_vm0033():
    row = series("tree_change", "tCO2e/yr", (100.0,) * 3)
    monitoring = project(row, tree_method__project="change")
    kept = {k: v for k, v in monitoring.declarations.items() if k != "buffer_percent"}
    sheet = declared(payback_years=15.0, alternative_npv_percent=120.0, governance_mean=-0.5)
    scored = monitoring.model_copy(update={"declarations": {**kept, **sheet}})
    assert not errors_in(BOOK.check(scored))
    years = quantified(scored).years
    assert [r.buffer_tco2e for r in years] == pytest.approx([15.0] * 3)
    assert buffer_share(scored.declarations, Trace()).value == 15.0


def test_what_is_wrong_with_a_sheet_is_said_at_once():
    bad = declared(payback_years="soon", climate_factor=2.0)
    del bad["nprt.fire.significance"]
    bad["nprt.unheard_of"] = 1
    sheet, findings = nprt.score_sheet(bad)
    assert sheet is None
    assert {f.subject for f in findings} == {
        "declaration nprt.payback_years",
        "declaration nprt.climate_factor",
        "declaration nprt.fire",
        "declaration nprt.unheard_of",
    }
    with pytest.raises(DataError):
        buffer_share(bad, Trace())


def test_a_nested_answer_under_a_plain_one_is_a_finding():
    sheet, findings = nprt.score_sheet({"nprt.fire": 1, "nprt.fire.significance": "minor"})
    assert sheet is None
    assert findings


def test_a_fail_and_a_contradiction_are_findings():
    failing = nprt.check(declared(longevity_years=30.0))
    assert [f.code for f in failing] == ["nprt-fail"]
    twice = nprt.check({**declared(), "buffer_percent": 20})
    assert [f.code for f in twice] == ["buffer-contradicted"]
    assert nprt.check({**declared(), "buffer_percent": 12}) == ()
    assert [f.code for f in nprt.check({})] == ["buffer-missing"]


def test_every_question_says_what_it_takes():
    asked = {d.name: d.about for d in BOOK.spec.declarations if d.name.startswith("nprt.")}
    assert set(declared()) <= set(asked)
    assert "true or false" in asked["nprt.no_experience"]
    assert "'devastating'" in asked["nprt.pest.significance"]
    assert "one of 'none', 'prevention'" in asked["nprt.fire.mitigation"]
    assert "number from 0 to 100" in asked["nprt.tenure_dispute_percent"]
    assert "whole number from 1 to 5" in asked["nprt.sea_level_rise.impact_level"]
    assert "subsistence" in asked["nprt.alternative_npv_percent"]
    assert "left out" in asked["nprt.subsistence_net_positive"]


def test_a_risk_without_answers_says_which_are_wanted():
    answers = declared()
    del answers["nprt.pest.significance"]
    _, (found,) = nprt.score_sheet(answers)
    assert found.subject == "declaration nprt.pest"
    assert "nprt.pest.significance" in found.message
    assert "'not_applicable'" in found.fix


def test_alternative_and_subsistence_exclude_each_other():
    both = {**declared(), "nprt.subsistence_net_positive": True}
    neither = {k: v for k, v in declared().items() if k != "nprt.alternative_npv_percent"}
    for answers in (both, neither):
        sheet, (found,) = nprt.score_sheet(answers)
        assert sheet is None
        assert "subsistence_net_positive" in found.fix


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"payback_years": 15.0, "funding_secured_percent": 50, "callable_resources": True},
        {"alternative_npv_percent": 120.0, "legal_100_years": True, "governance_mean": -0.5},
        {"longevity_years": 60.0, "tenure_dispute_percent": 3.0, "dispute_resolution": True},
        {"households_rely_on_area": True, "consulted_outside_percent": 10.0},
        {
            "weather": {"significance": "devastating", "return_years": 15.0},
            "fire": {"significance": "major", "return_years": 5.0, "mitigation": "both"},
            "sea_level_rise": {"significance": "minor", "impact_level": 4},
            "climate_factor": 1.3,
            "adaptive_capacity_criteria": 5,
        },
    ],
)
def test_the_traced_share_is_the_assessed_one_and_each_step_can_be_recomputed(more):
    trace = Trace()
    share = buffer_share(declared(**more), trace)
    expected = rating(**more)
    assert share.value == expected.buffer_percent
    steps = {s.equation: s.result for s in trace.steps}
    names = dict(zip(("PM", "FV", "OC", "PL", "LT", "SE", "PC", "NR"), expected.subcategories,
                     strict=True))  # fmt: skip
    for number, name in names.items():
        assert steps[number] == pytest.approx(expected.subcategories[name]), name
    assert steps["internal"] == pytest.approx(expected.internal)
    assert steps["external"] == pytest.approx(expected.external)
    for step in trace.steps:
        assert spreadsheet(step) == pytest.approx(step.result), step.equation
