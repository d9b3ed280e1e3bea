"""Small changes are reverted where their border says so, by the rule as stated."""

import numpy as np
import pytest

from bluecarbon.mrv.minimum_mapping_unit import (
    MappingUnit,
    change_labels,
    without_small_changes,
    without_small_clumps,
)


def maps(*changes, shape=(9, 9)):
    before = np.ones(shape, np.uint8)
    after = before.copy()
    for row, column, code in changes:
        after[row, column] = code
    return before, after


def test_a_speck_goes_and_a_pond_stays():
    before, after = maps((1, 1, 4), (1, 2, 4), (5, 5, 4), (5, 6, 4), (6, 5, 4))
    result = without_small_changes(before, after, MappingUnit(pixels=2))
    assert np.argwhere(result == 4).tolist() == [[5, 5], [5, 6], [6, 5]]


def test_corners_join_only_when_the_rule_says_so():
    before, after = maps((1, 1, 4), (2, 2, 4), (3, 3, 4))
    by_edges = without_small_changes(before, after, MappingUnit(pixels=2, adjacency=4))
    by_corners = without_small_changes(before, after, MappingUnit(pixels=2, adjacency=8))
    assert (by_edges == 4).sum() == 0
    assert (by_corners == 4).sum() == 3


def test_a_speck_of_another_change_inside_a_patch_stays():
    before, after = maps(*((r, c, 4) for r in range(2, 7) for c in range(2, 7)), (4, 4, 2))
    result = without_small_changes(before, after, MappingUnit(pixels=2))
    assert result[4, 4] == 2
    np.testing.assert_array_equal(result, after)


def test_half_of_the_border_is_not_more_than_half():
    # two of the four edges lead to the old class, two to water that was there before
    before, after = maps((4, 4, 4))
    before[4, 5] = after[4, 5] = before[5, 4] = after[5, 4] = 2
    assert without_small_changes(before, after, MappingUnit(pixels=1))[4, 4] == 4
    before[5, 4] = after[5, 4] = 1
    assert without_small_changes(before, after, MappingUnit(pixels=1))[4, 4] == 1


def test_unknown_ground_does_not_change():
    before, after = maps((4, 4, 255), (2, 2, 4))
    result = without_small_changes(before, after, MappingUnit(), unknown=frozenset({0, 255}))
    assert (result[4, 4], result[2, 2]) == (255, 1)


def test_nothing_is_changed_in_place():
    before, after = maps((4, 4, 4))
    kept = after.copy()
    without_small_changes(before, after, MappingUnit())
    np.testing.assert_array_equal(after, kept)


def test_the_rule_is_said_in_words():
    assert "at most 3 pixels (joined by edges or corners)" in MappingUnit(3, 8).sentence
    assert "more than 50%" in MappingUnit().sentence


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="shapes"):
        without_small_changes(np.ones((2, 2), np.uint8), np.ones((2, 3), np.uint8), MappingUnit())


def test_too_many_kinds_of_change_are_refused():
    before = np.arange(256, dtype=np.uint8).repeat(2).reshape(2, 256)
    after = np.roll(before, 3)
    with pytest.raises(ValueError, match="kinds of change"):
        change_labels(before, after, frozenset())


def test_a_mask_keeps_its_holes_and_loses_its_specks():
    mask = np.zeros((8, 11), bool)
    mask[1:6, 1:6] = True
    mask[3, 3] = False
    mask[6, 8] = mask[7, 9] = True
    kept = without_small_clumps(mask, pixels_least=3, adjacency=4)
    assert kept.sum() == 24
    assert without_small_clumps(mask, pixels_least=2, adjacency=8).sum() == 26
    assert kept.dtype == bool
