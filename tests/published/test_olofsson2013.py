"""Olofsson et al. 2013, Remote Sens. Environ. 129:122-131, doi:10.1016/j.rse.2012.10.031.

Example 1. Sample counts (deforestation, stable forest, stable non-forest) and mapped pixels as
transcribed in the manual of the R package mapaccuracy 0.1.2 (H. Costa). The paper works with
rounded shares; the expected values below are its equations (9 to 16) written out in exact
fractions, with nothing of this project, so the tolerance is that of floating point.
"""

from fractions import Fraction
from math import sqrt

import numpy as np
import pandas as pd
import pytest

from bluecarbon.mrv.accuracy import normal_quantile, olofsson2014
from bluecarbon.mrv.confusion import error_matrix
from bluecarbon.mrv.stehman2014 import stehman2014

COUNTS = [[97, 0, 3], [3, 279, 18], [2, 1, 97]]
PIXELS = [22_353, 1_122_543, 610_228]


@pytest.fixture(scope="module")
def estimated():
    return olofsson2014(COUNTS, PIXELS)


def by_hand(column):
    """Pixels of a reference class and their standard error, eqs. 10 and 12."""
    total, variance = Fraction(0), Fraction(0)
    for pixels, row in zip(PIXELS, COUNTS, strict=True):
        share = Fraction(row[column], sum(row))
        total += pixels * share
        variance += pixels**2 * share * (1 - share) / (sum(row) - 1)
    return float(total), sqrt(variance)


@pytest.mark.parametrize("column", range(3))
def test_area_and_standard_error(estimated, column):
    area, error = by_hand(column)
    assert estimated.area[column] == pytest.approx(area, rel=1e-12)
    assert estimated.area_standard_error[column] == pytest.approx(error, rel=1e-12)


def test_deforestation_is_twice_what_the_map_says(estimated):
    # the point of the example: 22 353 pixels mapped, 45 112 estimated
    assert estimated.area[0] == pytest.approx(45_112.4)
    half = normal_quantile(0.95) * estimated.area_standard_error[0]
    assert half == pytest.approx(21_072.5, abs=0.5)


def test_accuracies(estimated):
    assert estimated.users[0] == pytest.approx(0.97)
    assert estimated.producers[0] == pytest.approx(21_682.41 / 45_112.4)
    agreed = 22_353 * 0.97 + 1_122_543 * 0.93 + 610_228 * 0.97
    assert estimated.overall == pytest.approx(agreed / sum(PIXELS))


def test_the_tidy_table_of_the_same_points_agrees(estimated):
    names = ["deforestation", "forest", "other"]
    cells = [(i, j) for i in range(3) for j in range(3) for _ in range(COUNTS[i][j])]
    mapped, reference = (np.array(names)[list(axis)] for axis in zip(*cells, strict=True))
    points = pd.DataFrame({"stratum": mapped, "map": mapped, "reference": reference})
    strata = pd.DataFrame({"stratum": names, "pixels": PIXELS})
    table = stehman2014(points, strata).set_index(["measure", "class"])
    for index, name in enumerate(names):
        for measure, values, errors in (
            ("area", estimated.area, estimated.area_standard_error),
            ("users", estimated.users, estimated.users_standard_error),
            ("producers", estimated.producers, estimated.producers_standard_error),
        ):
            row = table.loc[measure, name]
            assert row["value"] == pytest.approx(values[index], rel=1e-12)
            assert row["standard_error"] == pytest.approx(errors[index], rel=1e-9)
    matrix = error_matrix(mapped, reference, classes=names)
    np.testing.assert_array_equal(matrix.counts, COUNTS)
