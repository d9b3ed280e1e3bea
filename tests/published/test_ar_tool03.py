"""AR-TOOL03 v2.1.0 against the worked example of Winrock's Sample Plot Calculator (2014).

The example: three strata of 3,400, 900 and 700 ha with means of 126.8, 85 and 102.2 and
coefficients of variation of 20.7, 18.42 and 8.02 %, plots of 0.25 ha, 10 %. Its figures are read in
a public reimplementation of the workbook, which prints two decimals: hence the tolerances. Its
table of t has three decimals (2.179, 1.860).
"""

import math

import pandas as pd
import pytest

from bluecarbon.mrv.plot_numbers import Target, plots_needed

GUIDEBOOK = pd.DataFrame(
    {
        "stratum": ["1", "2", "3"],
        "area_ha": [3400.0, 900.0, 700.0],
        "mean": [126.8, 85.0, 102.2],
        "cv_percent": [20.7, 18.42, 8.02],
    }
)


def test_the_guidebooks_example_at_95_percent():
    done = plots_needed(GUIDEBOOK, Target(0.10, 0.95, 0.25), equation="AR-TOOL03 Eq 2")
    assert done.population == 20_000
    assert done.mean == pytest.approx(115.83, abs=0.005)
    assert done.degrees_of_freedom == 12
    assert done.t_value == pytest.approx(2.179, abs=5e-4)
    assert done.plots_exact == pytest.approx(16.84, abs=0.005)
    assert list(done.table["plots_exact"]) == pytest.approx([13.78, 2.18, 0.89], abs=0.005)
    assert list(done.table["standard_deviation"]) == pytest.approx([26.25, 15.66, 8.20], abs=0.005)


def test_the_guidebooks_example_at_90_percent():
    done = plots_needed(GUIDEBOOK, Target(0.10, 0.90, 0.25), equation="AR-TOOL03 Eq 2")
    assert (done.degrees_of_freedom, done.t_value) == (8, pytest.approx(1.860, abs=5e-4))
    # printed 12.27 with t = 1.86; the exact quantile 1.85955 gives 12.264
    assert done.plots_exact == pytest.approx(12.27 * (done.t_value / 1.86) ** 2, abs=0.005)


def test_one_stratum_is_the_textbooks_formula():
    one = pd.DataFrame(
        {"stratum": ["S"], "area_ha": [100.0], "mean": [50.0], "standard_deviation": [20.0]}
    )
    done = plots_needed(one, Target(0.10, 0.95, 0.25), equation="AR-TOOL03 Eq 2")
    # (1.96 x 20 / 5)^2 = 61.5: 30 or more, so no second round with Student's t
    assert done.degrees_of_freedom is None
    assert done.plots_exact == pytest.approx((1.959964 * 20 / 5) ** 2, rel=1e-6)
    assert done.plots == 62


def test_equation_1_is_the_printed_one():
    target = Target(0.05, 0.90, 4.0)
    done = plots_needed(GUIDEBOOK, target)
    weight = [0.68, 0.18, 0.14]
    deviation = [126.8 * 0.207, 85 * 0.1842, 102.2 * 0.0802]
    n_all, error, t = 1250, 0.05 * done.mean, done.t_value
    first = sum(w * s for w, s in zip(weight, deviation, strict=True))
    second = sum(w * s * s for w, s in zip(weight, deviation, strict=True))
    printed = n_all * t**2 * first**2 / (n_all * error**2 + t**2 * second)
    assert done.plots_exact == pytest.approx(printed, rel=1e-12)
    assert done.population == n_all


def test_whole_plots_meet_the_target_when_deviations_are_as_given():
    for precision in (0.03, 0.05, 0.10):
        done = plots_needed(GUIDEBOOK, Target(precision, 0.90, 0.25))
        # rounded up, and at least two of each: never worse than the equation, but for Student's t
        # of n - M degrees of freedom (AR-TOOL14 Eq 15), which the tool's t of n - 1 leaves out
        assert done.precision_expected <= precision * 1.03
        assert (done.table["plots"] >= done.table["plots_exact"]).all()


def test_costs_move_plots_to_the_cheaper_stratum():
    # Cochran 1977, eq. 5.25: n_h in proportion to W_h S_h / sqrt(c_h)
    costly = GUIDEBOOK.assign(cost=[4.0, 1.0, 1.0])
    done = plots_needed(costly, Target(0.05, 0.95, 0.25))
    share = done.table["plots_exact"] / (done.table["weight"] * done.table["standard_deviation"])
    assert share[1] == pytest.approx(share[2])
    assert share[0] == pytest.approx(share[1] / math.sqrt(4.0))
