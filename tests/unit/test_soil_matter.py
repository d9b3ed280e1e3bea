"""Organic matter to carbon: the traps of each conversion, and a regression of one's own."""

import itertools

import numpy as np
import pytest
from scipy import stats

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology.kernels.soil_matter import (
    carbon_of_matter,
    conversion,
    conversions,
    fit_matter_regression,
)
from bluecarbon.methodology.tables import sources
from bluecarbon.methodology.vm0033_field import (
    MANGROVE_MATTER_MIN_PERCENT,
    mangrove_carbon_percent,
    marsh_carbon_percent,
    seagrass_carbon_percent,
)


def test_every_conversion_has_a_source_and_covers_all_organic_matter():
    for name, pieces in conversions().items():
        assert pieces[0].matter_min_percent == 0.0, name
        assert pieces[-1].matter_max_percent == 100.0, name
        for upper, lower in itertools.pairwise(pieces):
            assert upper.matter_max_percent == lower.matter_min_percent
        for piece in pieces:
            assert piece.source in sources()
            assert piece.note or piece.status == "verified"


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("vm0033-mangrove", mangrove_carbon_percent),
        ("vm0033-marsh", marsh_carbon_percent),
        ("vm0033-seagrass", seagrass_carbon_percent),
    ],
)
def test_the_equations_of_vm0033_are_those_of_the_rule_book(name, function):
    matter = np.array([6.0, 19.0])
    got = carbon_of_matter(matter, name).carbon_percent
    np.testing.assert_allclose(got, function(matter), rtol=1e-14)


def test_little_organic_matter_and_the_mangrove_line_of_vm0033():
    outcome = carbon_of_matter([0.0, 4.9, 4.94, 10.0], "vm0033-mangrove")
    assert outcome.carbon_percent[0] == 2.8857
    assert outcome.above_matter.tolist() == [True, True, False, False]
    assert pytest.approx(4.9328, abs=1e-4) == MANGROVE_MATTER_MIN_PERCENT


def test_exactly_twenty_percent_takes_the_lower_line_and_says_so():
    outcome = carbon_of_matter([19.0, 20.0, 20.001, 30.0], "two-piece-mangrove")
    assert outcome.carbon_percent == pytest.approx([6.83, 7.2, 8.40052, 13.6])
    assert outcome.at_break.tolist() == [False, True, False, False]


def test_a_line_below_zero_is_no_carbon():
    outcome = carbon_of_matter([0.3, 0.6, np.nan], "two-piece-mangrove")
    assert outcome.carbon_percent[:2] == pytest.approx([0.0, 0.022])
    assert outcome.floored.tolist() == [True, False, False]
    assert np.isnan(outcome.carbon_percent[2])


def test_a_conversion_that_does_not_exist_names_those_that_do():
    with pytest.raises(MethodologyError, match="vm0033-mangrove, vm0033-marsh"):
        conversion("mangrove")


MATTER = np.array([2.0, 3.5, 5.0, 8.0, 12.0, 18.0, 25.0, 33.0, 47.0, 60.0])
NOISE = np.exp([0.1, -0.1, 0.05, 0.0, -0.05, 0.1, -0.1, 0.02, 0.0, -0.02])


def test_an_own_regression_is_least_squares_of_logarithms():
    carbon = 0.35 * MATTER**1.08 * NOISE
    line = fit_matter_regression([*MATTER, np.nan, 5.0], [*carbon, 3.0, 0.0])
    expected = stats.linregress(np.log(MATTER), np.log(carbon))
    assert line.slope == pytest.approx(expected.slope, rel=1e-12)
    assert line.intercept == pytest.approx(expected.intercept, rel=1e-12)
    assert line.r2 == pytest.approx(expected.rvalue**2, rel=1e-12)
    assert (line.n, line.matter_min_percent, line.matter_max_percent) == (10, 2.0, 60.0)
    assert line.is_usable
    at = line.carbon_percent([10.0, 0.0, np.nan])
    assert at[0] == pytest.approx(np.exp(expected.intercept) * 10**expected.slope)
    assert at[1] == 0.0
    assert np.isnan(at[2])


def test_the_mean_is_above_the_median_by_half_the_variance():
    line = fit_matter_regression(MATTER, 0.35 * MATTER * NOISE)
    ratio = line.carbon_percent(10.0, mean=True) / line.carbon_percent(10.0)
    assert ratio == pytest.approx(np.exp(line.residual_sd**2 / 2))


def test_a_weak_or_small_regression_is_not_usable():
    scatter = MATTER[[9, 0, 5, 1, 7, 2, 8, 3, 6, 4]]
    assert fit_matter_regression(MATTER, scatter).r2 < 0.5
    assert not fit_matter_regression(MATTER, scatter).is_usable
    assert not fit_matter_regression(MATTER[:9], MATTER[:9] * 0.4).is_usable
    for few in ([1.0, 2.0], [3.0, 3.0, 3.0]):
        with pytest.raises(ValueError, match="do not make a line"):
            fit_matter_regression(few, few)
