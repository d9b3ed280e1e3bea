"""AR-TOOL14 v4.2 against the numbers printed in it (and a standard table of Student's t).

Source: AR-TOOL14 version 04.2, pages 4-5 (uncertainty example) and Appendix 2, page 28 (discount
example), read in a transcription.
"""

import numpy as np
import pytest

from bluecarbon.methodology import ar_tool14, ar_tool14_change, ar_tool14_shrubs


def test_uncertainty_example():
    # Printed: mean 45.328, n 34, s 12.776, t(90 %, 33) 1.692, half-width 3.707, U 8.18 %.
    t_value = ar_tool14.student_t(34.0, 1.0)
    assert t_value == pytest.approx(1.692, abs=5e-4)  # printed to 3 decimals
    uncertainty = ar_tool14.relative_uncertainty(
        np.array([1.0]), np.array([12.776**2]), np.array([34.0]), mean_t_ha=45.328, t_value=t_value
    )
    assert 100 * uncertainty == pytest.approx(8.18, abs=5e-3)  # printed to 2 decimals
    # The printed half-width was computed with the t value as rounded to 1.692.
    assert uncertainty * 45.328 * 1.692 / t_value == pytest.approx(3.707, abs=5e-4)


def test_discount_example():
    # Printed: 60 +- 9 is an uncertainty of 15 %; 25 % of 9 = 2.25 is taken off: 57.75.
    share = ar_tool14.discount_share(9 / 60)
    assert share == 0.25
    assert ar_tool14.discounted(60.0, 9 / 60, share) == pytest.approx(57.75, abs=1e-12)


def test_discount_example_of_a_baseline():
    # Printed: the baseline of 60 +- 9 becomes 62.25.
    assert ar_tool14.baseline_discounted(60.0, 9.0) == pytest.approx(62.25, abs=1e-12)


def test_a_baseline_of_zero_takes_its_whole_half_width():
    assert ar_tool14.baseline_discounted(0.0, 0.04) == pytest.approx(0.04)
    assert ar_tool14.baseline_discounted(0.0, 0.0) == 0.0


@pytest.mark.parametrize(
    ("percent", "share"),
    [
        (0, 0), (9.99, 0), (10, 0), (10.01, 0.25), (15, 0.25), (15.01, 0.5), (20, 0.5),
        (20.01, 0.75), (30, 0.75), (30.01, 1.0), (250, 1.0),
    ],
)  # fmt: skip
def test_discount_ladder(percent, share):
    assert ar_tool14.discount_share(percent / 100) == share


def test_discount_of_a_loss_takes_the_absolute_half_width():
    # A discount lowers the claim also when the change is negative: -60 becomes -62.25.
    assert ar_tool14.discounted(-60.0, 9 / 60, 0.25) == pytest.approx(-62.25, abs=1e-12)


@pytest.mark.parametrize(
    ("degrees", "printed"), [(1, 6.314), (5, 2.015), (10, 1.812), (30, 1.697), (120, 1.658)]
)
def test_student_t_table(degrees, printed):
    # Any statistics table, two-sided 90 %: printed to 3 decimals.
    assert ar_tool14.student_t(degrees + 1.0, 1.0) == pytest.approx(printed, abs=5e-4)


def test_variance_is_the_printed_form():
    plots = np.array([31.2, 44.8, 52.1, 38.0, 61.7])
    count = len(plots)
    printed = (count * (plots**2).sum() - plots.sum() ** 2) / (count * (count - 1))
    assert ar_tool14.stratum_variance(plots) == pytest.approx(printed, rel=1e-12)


def test_root_shoot_ratio():
    # ln 100 = 4.6051702, x 0.9256 = 4.2625455, - 1.085 = 3.1775455, e^... = 23.987803, / 100
    assert ar_tool14.root_shoot_ratio(100.0) == pytest.approx(0.23987803, rel=1e-7)
    assert ar_tool14.root_shoot_ratio(0.0) == 0.0


def test_stock_counts_carbon_as_co2():
    # 1,000 t of dry matter: 1000 x 0.47 x 44/12
    assert ar_tool14.stock_tco2e(1000.0, 0.47) == pytest.approx(1723.3333333333333, rel=1e-14)


def test_crown_cover_baseline():
    # 44/12 x 0.47 x 8 x 1.25 x 0.02 x 100 ha
    value = ar_tool14.baseline_crown_cover_change(0.47, 8.0, 0.25, crown_cover=0.02, area_ha=100.0)
    assert value == pytest.approx(34.46666666666667, rel=1e-12)


def test_draws_go_through_the_same_functions():
    draws = np.array([[10.0, 20.0, 30.0], [11.0, 22.0, 33.0]])
    means = ar_tool14.stratum_mean(draws)
    assert means.tolist() == pytest.approx([20.0, 22.0])
    assert ar_tool14.stratum_variance(draws).tolist() == pytest.approx([100.0, 121.0])


def test_shrub_biomass_by_crown_cover():
    # Eq 25 with the default BDR_SF 0.10: 0.10 x 150 t/ha x 0.30; below 5 % cover it is 0.
    assert ar_tool14_shrubs.shrub_biomass_t_ha(0.10, 150.0, 0.30) == pytest.approx(4.5)
    covers = np.array([0.0499, 0.05, np.nan])
    found = ar_tool14_shrubs.shrub_biomass_t_ha(0.10, 150.0, covers)
    assert found[:2].tolist() == pytest.approx([0.0, 0.75])
    assert np.isnan(found[2])


def test_shrub_stock():
    # Eq 24 with the defaults: 44/12 x 0.47 x 1.40 x (100 ha x 4.5 t/ha + 50 ha x 1.5 t/ha)
    value = ar_tool14_shrubs.shrub_stock_tco2e(
        0.47, 0.40, area_ha=np.array([100.0, 50.0]), biomass_t_ha=np.array([4.5, 1.5])
    )
    assert value == pytest.approx(1266.65, rel=1e-12)


def test_change_of_plots_that_all_grew_alike_has_no_sampling_error():
    start, end = np.array([20.0, 35.0, 50.0]), np.array([45.0, 60.0, 75.0])
    grown = ar_tool14_change.plot_difference_t(10.0, start, area_end_ha=10.0, biomass_end=end)
    assert grown.tolist() == [250.0, 250.0, 250.0]
    uncertainty = ar_tool14_change.relative_uncertainty_of_change(
        np.array([grown.mean()]),
        np.array([ar_tool14.stratum_variance(grown)]),
        plots=np.array([3.0]),
        t_value=ar_tool14.student_t(3.0, 1.0),
    )
    assert uncertainty == 0.0


def test_change_uncertainty_of_two_strata():
    # Mean differences 600 and 400 t, variances 900 and 400, 9 and 4 plots, t 2:
    # 2 sqrt(900/9 + 400/4) / 1000
    uncertainty = ar_tool14_change.relative_uncertainty_of_change(
        np.array([600.0, 400.0]), np.array([900.0, 400.0]), plots=np.array([9.0, 4.0]), t_value=2.0
    )
    assert uncertainty == pytest.approx(2 * 200**0.5 / 1000, rel=1e-14)
