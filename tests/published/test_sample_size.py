"""Olofsson et al. 2014, Remote Sens. Environ. 148:42-57, section 5.1: the sample of its example.

Map classes of 200 000, 150 000, 3 200 000 and 6 450 000 pixels; user's accuracies of 0.70, 0.60,
0.90 and 0.95 are conjectured, and a standard error of 0.01 of overall accuracy is wanted. Eq. 13
gives 641 points (section 5.1.1). Allocations are whole numbers, so nothing is rounded away here.
"""

import pandas as pd
import pytest

from bluecarbon.mrv.sample_design import allocate, expected_standard_error, sample_size

STRATA = pd.DataFrame(
    {
        "stratum": ["deforestation", "forest gain", "stable forest", "stable non-forest"],
        "pixels": [200_000, 150_000, 3_200_000, 6_450_000],
    }
)
USERS = [0.70, 0.60, 0.90, 0.95]


@pytest.mark.parametrize("finite", [False, True])
def test_equation_13(finite):
    # ten million pixels: the correction for a finite population moves n by less than one
    points = sample_size(STRATA, USERS, target_standard_error=0.01, rule="optimal", finite=finite)
    assert points == 641


def test_proportional_allocation_of_table_5():
    assert allocate(STRATA, 641)["points"].tolist() == [13, 10, 205, 413]


def test_the_optimal_allocation_meets_the_target_and_the_others_do_not():
    errors = {
        rule: expected_standard_error(allocate(STRATA, 641, rule=rule, expected=USERS), USERS)
        for rule in ("optimal", "proportional", "equal")
    }
    assert errors["optimal"] == pytest.approx(0.01, abs=1e-5)
    assert errors["optimal"] < errors["proportional"] < errors["equal"]


def test_seventy_five_points_for_each_class_of_change():
    # section 5.1.2: 50 to 100 for rare classes, the rest in proportion
    shared = allocate(STRATA, 641, least=75)["points"].tolist()
    assert shared[:2] == [75, 75]
    assert sum(shared) == 641
    assert shared[2] / shared[3] == pytest.approx(3.2 / 6.45, rel=0.01)
