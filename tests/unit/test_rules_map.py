"""The map by published rules."""

import datetime as dt

import numpy as np

from bluecarbon.mrv.rules_map import MVI_MAX, MVI_MIN, RULES_USED, rule_codes
from bluecarbon.mrv.scenes import Composite


def codes_of(*pixels, seen=True):
    """Codes of pixels given as (green, nir, swir1)."""
    stack = np.array(pixels, np.float32).T[:, None, :]
    there = np.full(stack.shape[1:], int(seen), np.uint16)
    item = Composite(2020, dt.date(2020, 1, 1), ("green", "nir", "swir1"), stack, there, there)
    return rule_codes(item)[0].tolist()


def test_mangrove_lies_between_the_published_limits():
    def at(mvi):
        return (0.05, 0.05 + mvi * 0.02, 0.07)

    inside = [MVI_MIN + 0.1, 10.0, MVI_MAX - 0.1]
    assert codes_of(*[at(mvi) for mvi in inside]) == [1, 1, 1]
    assert codes_of(at(MVI_MIN - 0.1), at(MVI_MAX + 0.1)) == [6, 6]


def test_water_and_what_was_not_seen():
    assert codes_of((0.09, 0.03, 0.01)) == [2]
    # wet leaves over water: the index says mangrove, the water test says water
    assert codes_of((0.06, 0.16, 0.04)) == [2]
    assert codes_of((0.05, 0.3, 0.1), seen=False) == [255]


def test_equal_bands_are_no_mangrove():
    assert codes_of((0.1, 0.1, 0.1), (0.1, 0.3, 0.1)) == [6, 6]


def test_the_limits_are_told():
    assert RULES_USED.severity == "warning"
    assert "4.5 and 16.5" in RULES_USED.message
