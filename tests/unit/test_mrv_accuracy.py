"""The estimators on cases small enough to do by hand."""

import math

import numpy as np
import pytest

from bluecarbon.mrv.accuracy import (
    Counted,
    normal_quantile,
    olofsson2014,
    overlap,
    ratio_limits,
    reported_error,
    stratified_ratio,
    stratified_total,
    total_limits,
    wilson_limits,
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


def test_a_standard_error_of_0_is_not_reported():
    assert reported_error(0.0, (0.0, 3.2897072), 0.90) == (pytest.approx(1.0), True)
    assert reported_error(0.5, (0.0, 3.0), 0.90) == (0.5, False)
    # a group without ground, or an estimate that does not exist
    assert reported_error(0.0, (2.0, 2.0), 0.90) == (0.0, False)
    assert math.isnan(reported_error(math.nan, (math.nan, math.nan), 0.90)[0])


def test_ratio_of_something_that_never_occurs_is_unknown():
    ratio = stratified_ratio([0, 0], [0, 0], [0, 0], area={0: 1.0})
    assert math.isnan(ratio.value)
    assert math.isnan(ratio.standard_error)


def test_olofsson_refuses_a_class_with_one_point():
    with pytest.raises(ValueError, match="two points"):
        olofsson2014([[1, 0], [1, 5]], [10.0, 20.0])
    with pytest.raises(ValueError, match="must be"):
        olofsson2014([[2, 0], [1, 5]], [10.0, 20.0, 30.0])


def test_quantiles():
    assert normal_quantile(0.90) == pytest.approx(1.6448536, abs=1e-7)
    assert normal_quantile(0.95) == pytest.approx(1.9599640, abs=1e-7)


def test_wilson_limits_by_hand():
    # 3 of 10 at 95 %: z^2 = 3.8415; (0.3 + 0.19207 -+ 1.95996 sqrt(0.021 + 0.0096036)) / 1.38415
    low, high = wilson_limits(3, 10, 0.95)
    assert low == pytest.approx(0.10779, abs=1e-5)
    assert high == pytest.approx(0.60322, abs=1e-5)


def test_unanimous_samples_keep_a_width():
    assert wilson_limits(0, 60, 0.90) == (0.0, pytest.approx(0.04314, abs=1e-5))
    assert wilson_limits(60, 60, 0.90) == (pytest.approx(1 - 0.04314, abs=1e-5), 1.0)


def test_limits_of_one_group_are_its_own():
    low, high = total_limits([Counted(200.0, 10, 3)], 0.95)
    assert (low, high) == (pytest.approx(21.558, abs=1e-2), pytest.approx(120.644, abs=1e-2))


def test_limits_of_groups_add_in_quadrature():
    one = Counted(100.0, 20, 4)
    low, high = total_limits([one], 0.9)
    low_two, high_two = total_limits([one, one], 0.9)
    assert 40.0 - low_two == pytest.approx(math.sqrt(2) * (20.0 - low))
    assert high_two - 40.0 == pytest.approx(math.sqrt(2) * (high - 20.0))


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


def test_ratio_limits_of_one_group_are_wilsons():
    for wanted in (0, 3, 10):
        agreed, others = Counted(7.0, 10, wanted), Counted(7.0, 10, 10 - wanted)
        expected = wilson_limits(wanted, 10, 0.9)
        assert ratio_limits([agreed], [others], 0.9) == pytest.approx(expected, abs=1e-12)


def test_a_large_group_without_disagreement_widens_the_ratio():
    small = [Counted(10.0, 50, 45)], [Counted(10.0, 50, 5)]
    alone = ratio_limits(*small, 0.9)
    large = Counted(1000.0, 50, 0)
    both = ratio_limits([*small[0], large], [*small[1], large], 0.9)
    # the estimate is 0.9 in both; 5 % of 1 000 ha may have been missed
    assert both[0] < alone[0] - 0.3
    assert both[1] > alone[1]


def test_ratio_of_nothing_has_no_limits():
    nothing = [Counted(10.0, 5, 0)]
    assert all(math.isnan(limit) for limit in ratio_limits(nothing, nothing, 0.9))
