"""AR-TOOL14 v4.2 against the numbers printed in it (and a standard table of Student's t).

Source: AR-TOOL14 version 04.2, pages 4-5 (uncertainty example) and Appendix 2, page 28 (discount
example), read in a transcription. Where the tool prints an equation and no example (Eq 18-23,
Appendices 1 and 3) the expected number is written out from the printed form in plain Python.
"""

import math
import statistics

import numpy as np
import pytest

from bluecarbon.methodology import (
    ar_tool14,
    ar_tool14_change,
    ar_tool14_cover,
    ar_tool14_double_sampling,
    ar_tool14_plots,
    ar_tool14_shrubs,
)


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
    # Eq 27 with the default BDR_SF 0.10: 0.10 x 150 t/ha x 0.30; below 5 % cover it is 0.
    assert ar_tool14_shrubs.shrub_biomass_t_ha(0.10, 150.0, 0.30) == pytest.approx(4.5)
    covers = np.array([0.0499, 0.05, np.nan])
    found = ar_tool14_shrubs.shrub_biomass_t_ha(0.10, 150.0, covers)
    assert found[:2].tolist() == pytest.approx([0.0, 0.75])
    assert np.isnan(found[2])


def test_shrub_stock():
    # Eq 26 with the defaults: 44/12 x 0.47 x 1.40 x (100 ha x 4.5 t/ha + 50 ha x 1.5 t/ha)
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


BIOMASS = (40.0, 55.0, 61.0, 80.0, 94.0)  # of the plots of the sub-sample, t d.m./ha
INDEX = (0.31, 0.42, 0.40, 0.55, 0.62)  # the secondary variable on them
INDEX_ALL = (*INDEX, 0.28, 0.36, 0.47, 0.33, 0.39)


def double_sampling():
    x, y, every = (np.array(v) for v in (INDEX, BIOMASS, INDEX_ALL))
    rho = ar_tool14_double_sampling.correlation(x, y)
    slope = ar_tool14_double_sampling.slope(rho, x, y)
    mean = ar_tool14_double_sampling.stratum_mean(y, slope, secondary=x, secondary_all=every)
    variance = ar_tool14_double_sampling.stratum_variance(y, rho, every)
    return rho, slope, mean, variance


def test_correlation_and_slope():
    # Appendix 3 Eq 1 and 2 as Python's own statistics has them.
    rho, slope, _, _ = double_sampling()
    assert rho == pytest.approx(statistics.correlation(INDEX, BIOMASS), rel=1e-12)
    fitted = statistics.linear_regression(INDEX, BIOMASS).slope
    assert slope == pytest.approx(fitted, rel=1e-12)


def test_double_sampling_mean():
    # Eq 18: 66 + beta (0.413 - 0.46); the line through the sub-sample at the mean of all plots.
    _, slope, mean, _ = double_sampling()
    assert mean == pytest.approx(66.0 + slope * (0.413 - 0.46), rel=1e-12)
    line = statistics.linear_regression(INDEX, BIOMASS)
    assert mean == pytest.approx(line.intercept + line.slope * 0.413, rel=1e-12)


def test_double_sampling_variance():
    # Eq 19: (5 sum b^2 - (sum b)^2) / (5 x 4) x (1 - (1 - 5/10) rho^2)
    rho, _, _, variance = double_sampling()
    n, total = 5, sum(BIOMASS)
    plain = (n * sum(b * b for b in BIOMASS) - total**2) / (n * (n - 1))
    assert variance == pytest.approx(plain * (1 - (1 - 5 / 10) * rho**2), rel=1e-12)
    assert variance < plain


def test_double_sampling_of_all_plots_is_simple_sampling():
    # alpha = 1 and x' = x: Eq 18 and 19 become Eq 16 and 17.
    x, y = np.array(INDEX), np.array(BIOMASS)
    rho = ar_tool14_double_sampling.correlation(x, y)
    slope = ar_tool14_double_sampling.slope(rho, x, y)
    mean = ar_tool14_double_sampling.stratum_mean(y, slope, secondary=x, secondary_all=x)
    assert mean == pytest.approx(ar_tool14.stratum_mean(y), rel=1e-14)
    variance = ar_tool14_double_sampling.stratum_variance(y, rho, x)
    assert variance == pytest.approx(ar_tool14.stratum_variance(y), rel=1e-14)


def test_plots_of_one_biomass_have_no_correlation_but_nan_stays():
    x = np.array(INDEX)
    assert ar_tool14_double_sampling.correlation(x, np.full(5, 40.0)) == 0.0
    assert np.isnan(ar_tool14_double_sampling.correlation(x, np.array([np.nan, 1, 2, 3, 4])))


def test_draws_go_through_double_sampling():
    x, every = np.array(INDEX), np.array(INDEX_ALL)
    y = np.array([BIOMASS, [b + 3 for b in BIOMASS]])
    rho = ar_tool14_double_sampling.correlation(x, y)
    slope = ar_tool14_double_sampling.slope(rho, x, y)
    mean = ar_tool14_double_sampling.stratum_mean(y, slope, secondary=x, secondary_all=every)
    assert mean[1] - mean[0] == pytest.approx(3.0)


def test_stock_before_planting_by_crown_cover():
    # Eq 21: 44/12 x 0.47 x 150 t/ha x 1.25 x 0.04 x 60 ha; Eq 20 adds strata.
    value = ar_tool14_cover.stratum_stock_tco2e(0.47, 150.0, 0.25, crown_cover=0.04, area_ha=60.0)
    assert value == pytest.approx(775.5, rel=1e-12)
    assert ar_tool14_cover.STOCK.compute(strata=np.array([775.5, 24.5])) == 800.0


def test_update_of_a_previous_stock():
    # Eq 22: 8000 + 2000; Eq 23: sqrt((0.09 x 8000)^2 + (0.12 x 2000)^2) / 10000
    stock = ar_tool14_change.UPDATED_STOCK.compute(stock_before=8000.0, change=2000.0)
    assert stock == 10000.0
    spread = ar_tool14_change.updated_uncertainty(
        8000.0, 2000.0, uncertainty_before=0.09, uncertainty=0.12
    )
    assert spread == pytest.approx(math.sqrt(720.0**2 + 240.0**2) / 10000, rel=1e-14)


def test_change_of_remeasured_plots_as_printed():
    # Eq 5-8 per hectare with w_i = A_i / A; ours multiplies each plot by A_i first.
    areas = (30.0, 70.0)
    grown = ((4.0, 7.0, 5.5), (9.0, 6.0, 8.0, 7.4))
    weights = [a / sum(areas) for a in areas]
    mean = sum(w * statistics.mean(d) for w, d in zip(weights, grown, strict=True))
    squared = sum(
        w**2 * statistics.variance(d) / len(d) for w, d in zip(weights, grown, strict=True)
    )
    printed = 2.015 * math.sqrt(squared) / abs(mean)
    expanded = [
        ar_tool14_change.plot_difference_t(
            a, np.zeros(len(d)), area_end_ha=a, biomass_end=np.array(d)
        )
        for a, d in zip(areas, grown, strict=True)
    ]
    found = ar_tool14_change.relative_uncertainty_of_change(
        np.array([e.mean() for e in expanded]),
        np.array([ar_tool14.stratum_variance(e) for e in expanded]),
        plots=np.array([3.0, 4.0]),
        t_value=2.015,
    )
    assert found == pytest.approx(printed, rel=1e-12)
    total = sum(e.mean() for e in expanded)
    assert total == pytest.approx(sum(areas) * mean, rel=1e-12)


def test_plot_by_allometry_tree_by_tree():
    # Eq A1.4 per tree, A1.3 and A1.2 summed over trees and species, A1.1 over the plot's area: the
    # same as the plot's above-ground biomass per hectare times (1 + R), because R is the plot's.
    area_ha, trees_t = 0.05, {"Kandelia": (0.12, 0.31, 0.08), "Sonneratia": (0.9, 0.44)}
    agb_t_ha = sum(sum(trees) for trees in trees_t.values()) / area_ha
    ratio = math.exp(-1.085 + 0.9256 * math.log(agb_t_ha)) / agb_t_ha
    species = {name: sum(agb * (1 + ratio) for agb in trees) for name, trees in trees_t.items()}
    by_tree = sum(species.values()) / area_ha
    found = ar_tool14.plot_biomass_t_ha(agb_t_ha, ar_tool14.root_shoot_ratio(agb_t_ha))
    assert found == pytest.approx(by_tree, rel=1e-12)


def test_plot_by_stem_volume():
    # Eq A1.5, A1.8 with the ex-post default BEF_2 1.15: 120 m3/ha x 0.5 t/m3 x 1.15
    assert ar_tool14_plots.biomass_of_volume_t_ha(120.0, 0.5, 1.15) == pytest.approx(69.0)


def test_plot_by_basal_area():
    # Eq A1.7 with f_j(BA) = 5.2 t/m2 x BA: 18 m2/ha
    assert ar_tool14_plots.biomass_of_basal_area_t_ha(18.0, 5.2) == pytest.approx(93.6)
