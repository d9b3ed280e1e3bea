"""Transitions between two maps, gain and loss."""

import numpy as np
import pytest

from bluecarbon.mrv.area import Weights
from bluecarbon.mrv.change import epoch_pairs, gain_and_loss_ha, transitions_ha
from bluecarbon.mrv.change_map import CHANGE_LEGEND, change_codes

BEFORE = np.array([[1, 1, 2, 2], [1, 255, 0, 6]], dtype=np.uint8)
AFTER = np.array([[1, 2, 1, 2], [4, 1, 0, 255]], dtype=np.uint8)
AREA_HA = np.array([[0.5, 1.0, 2.0, 4.0], [8.0, 16.0, 32.0, 64.0]])
WEIGHTS = Weights(slice(0, 2), slice(0, 4), AREA_HA)


def test_every_pair_of_classes_by_hand():
    assert transitions_ha(BEFORE, AFTER, WEIGHTS) == {
        (0, 0): 32.0,
        (1, 1): 0.5,
        (1, 2): 1.0,
        (1, 4): 8.0,
        (2, 1): 2.0,
        (2, 2): 4.0,
        (6, 255): 64.0,
        (255, 1): 16.0,
    }


def test_only_the_part_inside_the_polygon_counts():
    part = Weights(slice(0, 1), slice(1, 3), np.array([[0.25, 0.0]]))
    assert transitions_ha(BEFORE, AFTER, part) == {(1, 2): 0.25}


def test_gain_and_loss_leave_out_what_nobody_saw():
    moves = transitions_ha(BEFORE, AFTER, WEIGHTS)
    assert gain_and_loss_ha(moves, 1, unknown=frozenset({0, 255})) == (2.0, 9.0)
    assert gain_and_loss_ha(moves, 1, unknown=frozenset()) == (18.0, 9.0)


def test_change_map_codes():
    names = [[CHANGE_LEGEND[code] for code in row] for row in change_codes(BEFORE, AFTER).tolist()]
    assert names == [
        ["stable mangrove", "loss", "gain", "stable other"],
        ["loss", "unobserved", "outside", "unobserved"],
    ]


@pytest.mark.parametrize(
    ("epochs", "period", "expected"),
    [
        ((2015,), None, ()),
        ((2015, 2019, 2024), None, ((2015, 2019), (2019, 2024))),
        ((2015, 2019, 2024), (2019, 2024), ((2015, 2019), (2019, 2024))),
        ((2015, 2019, 2024), (2015, 2024), ((2015, 2019), (2019, 2024), (2015, 2024))),
        ((2015, 2019), (2015, 2030), ((2015, 2019),)),
    ],
)
def test_pairs_of_epochs(epochs, period, expected):
    assert epoch_pairs(epochs, period) == expected
