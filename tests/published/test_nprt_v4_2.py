"""VCS AFOLU Non-Permanence Risk Tool v4.2 (3 May 2024): its printed rules.

Exact equality unless a product of printed decimals is involved: points are printed integers.
"""

import pytest
from support.nprt import part, rating

from bluecarbon.methodology.nprt_v4_2 import overall

# "Natural risk" matrix: rows significance, columns the return period of the event
MATRIX = {
    "catastrophic": (None, 30, 20, 5, 4),
    "devastating": (30, 20, 5, 4, 3),
    "major": (20, 5, 4, 3, 2),
    "minor": (5, 4, 3, 2, 1),
    "insignificant": (4, 3, 2, 1, 1),
    "not_applicable": (0, 0, 0, 0, 0),
}
RETURN_YEARS = (9.9, 10.0, 25.0, 50.0, 100.0)
CELLS = [
    (significance, years, points)
    for significance, row in MATRIX.items()
    for years, points in zip(RETURN_YEARS, row, strict=True)
]


@pytest.mark.parametrize(("significance", "years", "points"), CELLS)
def test_natural_risk_matrix(significance, years, points):
    result = rating(pest={"significance": significance, "return_years": years})
    if points is None:
        assert result.buffer_percent is None
        assert result.fails
    else:
        assert result.natural == points


@pytest.mark.parametrize("level", [5, 4, 3, 2, 1])
@pytest.mark.parametrize("significance", [s for s in MATRIX if s != "catastrophic"])
def test_sea_level_rise_uses_the_same_numbers_by_impact_level(significance, level):
    sea = {"significance": significance, "impact_level": level}
    assert part("natural_risk", sea_level_rise=sea) == MATRIX[significance][5 - level]


@pytest.mark.parametrize(
    ("mitigation", "factor"),
    [("none", 1.0), ("prevention", 0.5), ("contained_history", 0.5), ("both", 0.25)],
)
def test_mitigation_factors(mitigation, factor):
    risk = {"significance": "major", "return_years": 5.0, "mitigation": mitigation}
    assert part("natural_risk", other=risk) == 20 * factor


@pytest.mark.parametrize(
    ("adaptation", "factor"),
    [
        ("none", 1.0),
        ("ecosystem_based", 0.5),
        ("land_use_planning", 0.5),
        ("protection_barriers", 0.6),
        ("two_or_more", 0.25),
    ],
)
def test_adaptation_factors_of_tables_13_and_14(adaptation, factor):
    sea = {"significance": "major", "impact_level": 5, "adaptation": adaptation}
    assert part("natural_risk", sea_level_rise=sea) == 20 * factor


@pytest.mark.parametrize(
    ("years", "legal", "points"),
    [(40, False, 17), (40, True, 15), (100, False, 5), (100, True, 0), (60, False, 13)],
)
def test_project_longevity(years, legal, points):
    assert part("project_longevity", longevity_years=years, legal_agreement=legal) == points


def test_contracts_of_instances_that_are_shorter_count_as_none():
    more = {"longevity_years": 40, "legal_agreement": True, "grouped_contracts_shorter": True}
    assert part("project_longevity", **more) == 17


@pytest.mark.parametrize(
    ("years", "before_2024", "fails"),
    [(39.9, False, True), (40, False, False), (35, True, False), (29, True, True)],
)
def test_least_longevity(years, before_2024, fails):
    result = rating(longevity_years=years, requested_before_2024=before_2024)
    assert (result.buffer_percent is None) == fails
    assert result.ccp_eligible == (years >= 40)


@pytest.mark.parametrize(
    "answer",
    [
        {"adaptive_management_plan": False},
        {"payback_years": 20.1},
        {"longevity_planned": False},
        {"harvest_commitment_missing": True},
        {"due_process_for_disputes": False},
        {"control_secured": False},
    ],
)
def test_one_fail_fails_the_whole_analysis(answer):
    result = rating(**answer)
    assert result.buffer_percent is None
    assert len(result.fails) == 1


@pytest.mark.parametrize(
    ("internal", "external", "natural", "percent"),
    [
        (10, 8, 5.2, 24),  # 23.2 is rounded up
        (2, 2, 2, 12),  # minimum
        (10.1, 7.7, 5.2, 23),  # exactly 23 in decimals, a little more in binary
        (35, 20, 5, 60),  # every limit is strict
        (36, 0, 0, None),
        (0, 20.5, 0, None),
        (0, 0, 35.1, None),
        (35, 20, 5.5, None),
    ],
)
def test_overall_rating(internal, external, natural, percent):
    assert overall(internal, external, natural).buffer_percent == percent
