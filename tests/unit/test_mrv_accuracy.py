"""The estimators on cases small enough to do by hand."""

import math

import numpy as np
import pytest

from bluecarbon.mrv.accuracy import (
    largest_unseen_share,
    merge_small_groups,
    normal_quantile,
    olofsson2014,
    overlap,
    stratified_ratio,
    stratified_total,
)


def test_total_of_two_groups_by_hand():
    # group 0: 3 of 4, 40 ha; group 1: 1 of 5, 60 ha
    values = [1, 1, 1, 0, 1, 0, 0, 0, 0]
    group = [0, 0, 0, 0, 1, 1, 1, 1, 1]
    total = stratified_total(values, group, {0: 40.0, 1: 60.0})
    assert total.value == pytest.approx(40 * 0.75 + 60 * 0.2)
    variance = 40**2 * 0.75 * 0.25 / 3 + 60**2 * 0.2 * 0.8 / 4
    assert total.standard_error == pytest.approx(math.sqrt(variance))


def test_unanimous_groups_have_no_variance():
    total = stratified_total([1, 1, 0, 0], [0, 0, 1, 1], {0: 10.0, 1: 5.0})
    assert (total.value, total.standard_error) == (10.0, 0.0)


def test_ratio_of_something_that_never_occurs_is_unknown():
    ratio = stratified_ratio([0, 0], [0, 0], [0, 0], area={0: 1.0})
    assert math.isnan(ratio.value)
    assert math.isnan(ratio.standard_error)


def test_olofsson_refuses_a_class_with_one_point():
    with pytest.raises(ValueError, match="two points"):
        olofsson2014([[1, 0], [1, 5]], [10.0, 20.0])
    with pytest.raises(ValueError, match="must be"):
        olofsson2014([[2, 0], [1, 5]], [10.0, 20.0, 30.0])


@pytest.mark.parametrize(
    ("area", "count", "expected"),
    [
        ({1: 5.0, 2: 9.0}, {1: 4, 2: 7}, {1: 1, 2: 2}),
        # two small ones make a group of their own
        ({1: 5.0, 2: 9.0, 3: 1.0, 4: 1.0}, {1: 4, 2: 7, 3: 1, 4: 1}, {1: 1, 2: 2, 3: 3, 4: 3}),
        # one small one, or an empty one, joins the largest
        ({1: 5.0, 2: 9.0, 3: 1.0}, {1: 4, 2: 7, 3: 1}, {1: 1, 2: 2, 3: 2}),
        ({1: 5.0, 2: 9.0, 3: 1.0}, {1: 4, 2: 7}, {1: 1, 2: 2, 3: 2}),
        # nothing to join: all are one simple random sample
        ({1: 5.0, 2: 9.0}, {1: 1, 2: 1}, {1: 1, 2: 1}),
    ],
)
def test_small_groups_are_merged(area, count, expected):
    assert merge_small_groups(area, count) == expected


def test_quantiles_and_the_rule_of_three():
    assert normal_quantile(0.90) == pytest.approx(1.6448536, abs=1e-7)
    assert normal_quantile(0.95) == pytest.approx(1.9599640, abs=1e-7)
    # None among 60 at 95 %: 1 - 0.05^(1/60) = 0.04870, which the rule of three calls 3/60
    assert largest_unseen_share(60, 0.95) == pytest.approx(0.04870, abs=5e-6)
    assert largest_unseen_share(1, 0.90) == pytest.approx(0.9)


def test_overlap_by_hand():
    mapped = np.array([True, True, True, False, False])
    reference = np.array([True, False, True, True, False])
    score = overlap(mapped, reference)
    assert (score.iou, score.pixels) == (0.5, 5)
    assert score.precision == pytest.approx(2 / 3)
    assert score.recall == pytest.approx(2 / 3)


def test_overlap_of_nothing_is_unknown_not_perfect():
    nothing = np.zeros(3, dtype=bool)
    score = overlap(nothing, nothing)
    assert math.isnan(score.iou)
    assert math.isnan(score.precision)
    assert math.isnan(score.recall)
