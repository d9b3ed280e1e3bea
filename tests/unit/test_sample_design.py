"""Sample sizes and allocations: by hand, within bounds, and targets that are met."""

import numpy as np
import pandas as pd
import pytest

from bluecarbon.mrv.sample_design import (
    allocate,
    allocate_for_targets,
    expected_deviation,
    expected_standard_error,
    sample_size,
)
from bluecarbon.mrv.sample_plan import plan

STRATA = pd.DataFrame({"stratum": ["a", "b", "c"], "area_ha": [10.0, 30.0, 60.0]})
EXPECTED = [0.5, 0.8, 0.95]


def test_deviation_of_an_indicator():
    np.testing.assert_allclose(expected_deviation([0.5, 0.0, 0.9]), [0.5, 0.0, 0.3])
    with pytest.raises(ValueError, match="between 0 and 1"):
        expected_deviation([1.2])


@pytest.mark.parametrize(
    ("rule", "by_hand"),
    [
        # sum W S = .05 + .12 + .1308 = .3008; sum W S^2 = .1015; 3 sum W^2 S^2 = .1021
        ("optimal", (0.1 * 0.5 + 0.3 * 0.4 + 0.6 * 0.0475**0.5) ** 2),
        ("proportional", 0.1 * 0.25 + 0.3 * 0.16 + 0.6 * 0.0475),
        ("equal", 3 * (0.01 * 0.25 + 0.09 * 0.16 + 0.36 * 0.0475)),
    ],
)
def test_sizes_by_hand(rule, by_hand):
    points = sample_size(STRATA, EXPECTED, target_standard_error=0.02, rule=rule)
    assert points == int(np.ceil(by_hand / 0.02**2))


def test_an_exact_size_is_not_rounded_up():
    one = pd.DataFrame({"stratum": ["a"], "pixels": [10**9]})
    assert sample_size(one, [0.5], target_standard_error=0.05, rule="optimal") == 100


def test_a_finite_ground_needs_fewer_points():
    small = pd.DataFrame({"stratum": ["a"], "pixels": [200]})
    assert sample_size(small, [0.5], target_standard_error=0.05, finite=True) == 67
    with pytest.raises(ValueError, match="above 0"):
        sample_size(small, [0.5], target_standard_error=0.0)


@pytest.mark.parametrize("rule", ["proportional", "equal", "optimal"])
@pytest.mark.parametrize("points", [6, 7, 50, 101, 640])
def test_allocations_add_up_and_keep_the_minimum(rule, points):
    shared = allocate(STRATA, points, rule=rule, expected=EXPECTED)["points"]
    assert shared.sum() == points
    assert (shared >= 2).all()


def test_rules_by_hand():
    assert allocate(STRATA, 100)["points"].tolist() == [10, 30, 60]
    assert allocate(STRATA, 99, rule="equal")["points"].tolist() == [33, 33, 33]
    optimal = allocate(STRATA, 300, rule="optimal", expected=EXPECTED)["points"].tolist()
    assert optimal == [50, 120, 130]
    assert allocate(STRATA, 170, least=50)["points"].tolist() == [50, 50, 70]


def test_a_small_stratum_gives_all_its_pixels_and_no_more():
    strata = pd.DataFrame({"stratum": ["a", "b"], "pixels": [5, 1000]})
    assert allocate(strata, 100, rule="equal")["points"].tolist() == [5, 95]
    assert allocate(strata, 60, least=50)["points"].tolist() == [5, 55]


def test_a_stratum_of_which_everything_is_expected_keeps_the_minimum():
    shared = allocate(STRATA, 50, rule="optimal", expected=[0.5, 0.5, 1.0])["points"].tolist()
    assert shared[2] == 2
    assert sum(shared) == 50
    assert allocate(STRATA, 100, rule="optimal", expected=[1, 1, 1])["points"].sum() == 100


def test_allocations_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="5 points for 3 strata"):
        allocate(STRATA, 5)
    with pytest.raises(ValueError, match="expected share"):
        allocate(STRATA, 50, rule="optimal")


def test_several_targets_are_met_with_the_fewest_points():
    strata = pd.DataFrame({"stratum": ["a", "b"], "area_ha": [20.0, 80.0]})
    expected = {"overall": [0.7, 0.9], "loss": [0.6, 0.02]}
    targets = {"overall": 0.03, "loss": 0.012}
    table = allocate_for_targets(strata, expected, targets)
    for name, target in targets.items():
        assert expected_standard_error(table, expected[name]) <= target
    first, second = np.meshgrid(np.arange(2, 300), np.arange(2, 300))
    met = [
        (0.2 * a) ** 2 / first + (0.8 * b) ** 2 / second <= targets[name] ** 2
        for name in targets
        for a, b in [expected_deviation(expected[name])]
    ]
    best = (first + second)[met[0] & met[1]].min()
    # each stratum is rounded up by itself
    assert best <= table["points"].sum() <= best + 2


def test_one_target_gives_the_optimal_allocation():
    table = allocate_for_targets(STRATA, {"overall": EXPECTED}, {"overall": 0.02})
    points = sample_size(STRATA, EXPECTED, target_standard_error=0.02, rule="optimal")
    assert points <= table["points"].sum() <= points + 3


def test_targets_that_cannot_be_met_are_refused():
    strata = pd.DataFrame({"stratum": ["a"], "pixels": [10]})
    with pytest.raises(ValueError, match="all the pixels"):
        allocate_for_targets(strata, {"x": [0.5]}, {"x": 0.01})
    with pytest.raises(ValueError, match="every objective"):
        allocate_for_targets(strata, {"x": [0.5]}, {"y": 0.1})


@pytest.mark.parametrize("rule", ["proportional", "equal", "optimal"])
@pytest.mark.parametrize("least", [2, 75])
def test_a_plan_meets_its_target_with_not_one_point_too_many(rule, least):
    expected = {"overall": dict(zip("abc", EXPECTED, strict=True))}
    table, remarks = plan(STRATA, expected, {"overall": 0.02}, rule=rule, least=least)
    total = int(table["points"].sum())
    assert (table["points"] >= least).all()
    assert remarks[0] == f"{total} points"
    assert expected_standard_error(table, EXPECTED) <= 0.02
    if total > 3 * least:
        fewer = allocate(STRATA, total - 1, rule=rule, expected=EXPECTED, least=least)
        assert expected_standard_error(fewer, EXPECTED) > 0.02


def test_a_plan_of_two_objectives():
    expected = {
        "overall": dict(zip("abc", EXPECTED, strict=True)),
        "loss": {"a": 0.7, "b": 0.01, "c": 0.01},
    }
    table, remarks = plan(STRATA, expected, {"overall": 0.02, "loss": 0.006}, least=10)
    assert len(remarks) == 3
    assert expected_standard_error(table, [0.7, 0.01, 0.01]) <= 0.006


def test_plans_that_do_not_fit_are_refused():
    good = dict(zip("abc", EXPECTED, strict=True))
    for expected, targets, rule, words in (
        ({"overall": good}, {"overall": 0.02}, "best", "none of"),
        ({"overall": good}, {"loss": 0.02}, "equal", "have targets"),
        ({"overall": good | {"d": 0.5}}, {"overall": 0.02}, "equal", "no class d"),
        ({"overall": {"a": 0.5}}, {"overall": 0.02}, "equal", "expected of b, c"),
    ):
        with pytest.raises(ValueError, match=words):
            plan(STRATA, expected, targets, rule=rule)
