"""Models of plots: hand-computed fits, corrections of logarithms, and honest cross-validation."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from support.small_coast import degrees
from support.stock_ground import degree_grid, utm_grid, write

from bluecarbon.mrv.model_assisted import difference_estimate, stratified_difference
from bluecarbon.mrv.model_source import ModelSource
from bluecarbon.mrv.plot_models import (
    ModelSettings,
    PlotData,
    agreement,
    fit_plots,
    model_of_plots,
)
from bluecarbon.mrv.plot_pixels import PlotRules, plot_circle, plots_on_layers, read_plots
from bluecarbon.mrv.stock_layers import LayerFile
from bluecarbon.mrv.stock_maps import map_stocks
from bluecarbon.mrv.stock_plan import Counted, StockPlan
from bluecarbon.mrv.vectors import geodesic_area_ha
from bluecarbon.project_stocks import ModelSection, Quantity

FRACTION = Quantity(value=0.5)


def ground(kind, *, plots=60, noise=0.0, seed=1, clustered=False):
    """Plots of y = 3 x**1.5 on a line of ground; clustered plots share an error of their own."""
    rng = np.random.default_rng(seed)
    place = np.arange(plots)
    x = 2 + 8 * rng.random(plots)
    shared = np.repeat(rng.normal(size=6), plots // 6) if clustered else rng.normal(size=plots)
    y = 3 * x**1.5 * np.exp(noise * shared)
    data = PlotData(y, x[:, None], place * 10, place * 10, ("height",))
    return data, model_of_plots(data, ModelSettings(kind))


def test_a_power_is_found_again():
    _, model = ground("power")
    coefficients = model.fitted.coefficients
    assert np.exp(coefficients[0]) == pytest.approx(3.0, rel=1e-9)
    assert coefficients[1] == pytest.approx(1.5, rel=1e-9)
    assert model.fitted.factor == pytest.approx(1.0, rel=1e-9)
    assert model.blocked.r2 == pytest.approx(1.0)


def test_linear_regression_is_least_squares():
    """Through (1, 3), (2, 5), (3, 7): 1 + 2 x."""
    fitted = fit_plots(np.array([3.0, 5, 7]), np.array([[1.0], [2], [3]]), ModelSettings("linear"))
    np.testing.assert_allclose(fitted.coefficients, [1.0, 2.0], rtol=1e-12)
    np.testing.assert_allclose(fitted.predict(np.array([[10.0]])), [21.0], rtol=1e-12)


@pytest.mark.parametrize("back", ["baskerville", "duan"])
def test_a_logarithm_is_taken_back_to_the_mean(back):
    """Of exp(N(0, 0.6)) the mean is exp(0.18) = 1.197, the median 1: without a factor a map of
    the mean is 16 % too low.
    """
    rng = np.random.default_rng(3)
    x = rng.random((4000, 1))
    y = 50 * np.exp(rng.normal(0, 0.6, 4000))
    fitted = fit_plots(y, x, ModelSettings("log", back))
    assert fitted.factor == pytest.approx(np.exp(0.18), rel=0.03)
    assert fitted.predict(x).mean() == pytest.approx(y.mean(), rel=0.02)


def test_factors_are_those_of_their_papers():
    """Residuals +0.1, -0.1 about a mean: s2 with one degree of freedom 0.02; mean of exp."""
    y = np.exp([1.1, 0.9])
    x = np.zeros((2, 0))
    assert fit_plots(y, x, ModelSettings("log")).factor == pytest.approx(np.exp(0.01))
    duan = fit_plots(y, x, ModelSettings("log", "duan")).factor
    assert duan == pytest.approx((np.exp(0.1) + np.exp(-0.1)) / 2)


def test_agreement_by_hand():
    """Measured 10, 20, 30, predicted 12, 20, 31: bias 1, RMSE sqrt(5/3), R2 1 - 5/200."""
    made = agreement("", np.array([12.0, 20, 31]), np.array([10.0, 20, 30]))
    assert (made.bias_t_ha, made.rmse_t_ha) == pytest.approx((1.0, np.sqrt(5 / 3)))
    assert made.r2 == pytest.approx(1 - 5 / 200)


def test_blocks_of_ground_show_what_a_forest_has_learnt_by_heart():
    """Biomass depends on where a plot lies, not on the layer: a forest fits, and knows nothing."""
    rng = np.random.default_rng(2)
    place = np.arange(72)
    site = np.repeat(rng.normal(100, 40, 6), 12)
    x = np.repeat(rng.random(6), 12) + 0.01 * rng.random(72)
    y = np.maximum(site + rng.normal(0, 3, 72), 1)
    data = PlotData(y, x[:, None], place, place, ("layer",))
    model = model_of_plots(data, ModelSettings("forest", trees=50))
    assert model.nominal.r2 > 0.9
    assert model.blocked.r2 < 0.2
    assert model.residual_sd == pytest.approx(model.blocked.rmse_t_ha)


def test_a_forest_is_the_mean_of_its_trees_and_knows_nothing_of_gaps():
    from sklearn.ensemble import RandomForestRegressor

    rng = np.random.default_rng(4)
    x = rng.random((80, 3)).astype(np.float32)
    y = 100 * x[:, 0] + 20 * rng.random(80)
    fitted = fit_plots(y, x, ModelSettings("forest", trees=21, seed=5))
    twin = RandomForestRegressor(21, random_state=5, min_samples_leaf=3, n_jobs=1).fit(x, y)
    np.testing.assert_allclose(fitted.predict(x), twin.predict(x), rtol=1e-12)
    x[0, 1] = np.nan
    assert np.isnan(fitted.predict(x)[0])
    assert np.isfinite(fitted.predict(x)[1:]).all()


def test_cross_validation_by_random_pixels_is_refused():
    with pytest.raises(ValidationError, match="only blocks of ground"):
        ModelSection(plots="p.csv", cross_validation="random")


def test_plots_in_one_place_cannot_be_judged():
    data = PlotData(np.ones(9), np.ones((9, 1)), np.zeros(9, int), np.zeros(9, int), ("x",))
    with pytest.raises(ValueError, match="one block"):
        model_of_plots(data, ModelSettings("linear"))


def relative_error(data, model, side, folder):
    """The relative standard error of a map of side x side pixels of one height."""
    grid = degree_grid(side, side)
    folder.mkdir()
    path = write(folder / "x.tif", np.full((side, side), 6, np.float32), grid)
    source = ModelSource(model, FRACTION)
    plan = StockPlan(grid, Counted(), {"agb": source}, {"height": LayerFile(path)})
    made, _ = map_stocks(plan, folder)
    row = made.table[made.table["pool"] == "agb"].iloc[0]
    return row["standard_error_tc"] / row["stock_tc"]


def test_the_error_of_a_model_falls_to_a_floor_and_not_to_nothing(tmp_path):
    data, model = ground("power", noise=0.3, clustered=True)
    errors = [relative_error(data, model, side, tmp_path / str(side)) for side in (1, 10, 100)]
    assert errors[0] > errors[1] > errors[2] > 0.05
    _, alone = ground("power", noise=0.3)
    # Plots that share their error teach less: leaving ground out sees it.
    assert errors[2] > 1.5 * relative_error(data, alone, 100, tmp_path / "alone")


def test_the_jackknife_holds_the_true_mean(tmp_path):
    """Of 60 samples the error of the mean holds the truth about as often as it says."""
    hits = 0
    for seed in range(60):
        _, model = ground("power", noise=0.3, seed=seed)
        source = ModelSource(model, FRACTION)
        from bluecarbon.mrv.stock_sources import Pixels
        from bluecarbon.mrv.stock_terms import pixel_error

        made = source.field(Pixels(np.zeros(1, np.int64), {"height": np.array([6.0])}), 0)
        made.own.clear()
        error = pixel_error(made, source.covariance)
        truth = 0.5 * 3 * 6**1.5 * np.exp(0.3**2 / 2)
        hits += abs(made.density[0] - truth) < 1.96 * error[0]
    assert 50 <= hits <= 60


def test_residuals_that_are_alike_over_a_length_do_not_average_out(tmp_path):
    _, model = ground("power", noise=0.3)
    grid = utm_grid(50, 50)
    path = write(tmp_path / "x.tif", np.full((50, 50), 6, np.float32), grid)
    stocks = []
    for length in (0.0, 30.0):
        plan = StockPlan(
            grid, Counted(), {"agb": ModelSource(model, FRACTION)}, {"height": LayerFile(path)},
            residual_length_m=length,
        )  # fmt: skip
        folder = tmp_path / f"l{length:.0f}"
        folder.mkdir()
        made, _ = map_stocks(plan, folder)
        stocks.append(made.sums.variance[0].sum())
    assert stocks[1] / stocks[0] == pytest.approx(2 * np.pi * 900 / 100, rel=1e-3)


def plot_sheet(path, rows):
    lines = ["plot_id,lon,lat,area_m2,agb_t_ha,stratum", *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(("matching", "off", "expected"), [("cover", 0, 4), ("centre", 0.2, 10)])
def test_a_plot_takes_the_mean_of_the_pixels_under_it(tmp_path, matching, off, expected):
    """A circle of 100 m2 around the corner of four pixels of 10 m covers them alike."""
    grid = utm_grid(40, 40)
    values = np.zeros((40, 40), np.float32)
    values[9:11, 9:11] = [[1, 2], [3, 10]]
    layer = {"x": LayerFile(write(tmp_path / "x.tif", values, grid))}
    places = [(10 + off, 10 + off)] + [(2 + 4 * n, 30) for n in range(8)] + [(38, 38)]
    lon, lat = degrees(*np.array(places, float).T)
    rows = [
        (f"P{n}", x, y, 100, 50 + n, "A") for n, (x, y) in enumerate(zip(lon, lat, strict=True))
    ]
    plots, found = read_plots(plot_sheet(tmp_path / "p.csv", rows))
    assert found == ()
    chosen = ModelSettings("linear")
    rules = PlotRules(matching, position_error_m=2.0)
    data, found = plots_on_layers(plots, layer, grid, chosen, rules=rules, subject="p.csv")
    assert found == ()
    assert data.covariates[0, 0] == pytest.approx(expected, abs=0.01)


def test_the_circle_of_a_plot_has_its_area():
    assert geodesic_area_ha(plot_circle(109.7, 21.5, 400.0)) == pytest.approx(0.04, rel=2e-3)


def test_bad_plots_are_named_by_their_rows(tmp_path):
    rows = [("A", 109.7, 21.5, 100, -5, ""), ("A", 400, 21.5, 100, 5, ""), ("B", 1, 2, 0, "x", "")]
    plots, found = read_plots(plot_sheet(tmp_path / "p.csv", rows))
    assert plots is None
    codes = {item.code: item.subject for item in found if item.severity == "error"}
    assert codes["plot-biomass-wrong"] == "p.csv row 2"
    assert {"plot-twice", "position-out-of-range", "plot-area-wrong"} <= set(codes)


def test_plots_off_the_layers_positions_and_small_samples_are_said(tmp_path):
    grid = utm_grid(40, 40)
    layer = {"x": LayerFile(write(tmp_path / "x.tif", np.ones((40, 40), np.float32), grid))}
    lon, lat = degrees([5.0, 200.0], [5.0, 5.0])
    rows = [("A", lon[0], lat[0], 100, 5, ""), ("B", lon[1], lat[1], 100, 5, "")]
    plots, _ = read_plots(plot_sheet(tmp_path / "p.csv", rows))
    for error, code in ((None, "plot-position-error-unknown"), (9.0, "plot-position-error-large")):
        data, found = plots_on_layers(
            plots, layer, grid, ModelSettings("power"), rules=PlotRules("cover", error),
            subject="p.csv",
        )  # fmt: skip
        assert data is None
        assert {item.code for item in found} == {code, "plot-outside-layers", "plots-too-few"}


def test_the_difference_estimator_by_hand():
    """A map of 1000 tC on 100 ha that misses 2, -1 and 5 tC/ha: +2 a hectare, s2 9, error 173."""
    made = difference_estimate(1000.0, 100.0, np.array([2.0, -1.0, 5.0]))
    assert made.total_tc == pytest.approx(1200.0)
    assert made.standard_error_tc == pytest.approx(100 * 3 / np.sqrt(3))
    with pytest.raises(ValueError, match="needs 2"):
        difference_estimate(1000.0, 100.0, np.array([2.0]))


def test_strata_without_plots_are_left_out_and_named():
    totals, areas = {"A": 100.0, "B": 50.0, "C": 1.0}, {"A": 10.0, "B": 5.0, "C": 0.5}
    errors = np.array([1.0, 3.0, 0.0, 2.0, 9.0])
    rows, found = stratified_difference(totals, areas, errors, ["A", "A", "B", "B", "Z"])
    assert [row.stratum for row in rows] == ["A", "B", ""]
    assert rows[-1].total_tc == pytest.approx(100 + 20 + 50 + 5)
    assert rows[-1].standard_error_tc == pytest.approx(np.hypot(10, 5))
    assert {item.code for item in found} == {"plot-stratum-not-mapped", "plots-too-few-in-stratum"}


def test_without_strata_all_plots_are_of_the_whole_map():
    rows, found = stratified_difference({"": 10.0}, {"": 1.0}, np.array([1.0, 1.0]), ["A", "B"])
    assert found == ()
    assert rows[0].total_tc == 11.0


def test_a_corrected_map_is_unbiased_where_the_model_is_wrong():
    """Of 400 random samples the corrected total meets the truth, and its error is the spread."""
    rng = np.random.default_rng(7)
    truth = rng.gamma(4, 20, 5000)
    wrong = np.full(5000, 60.0)
    totals, errors = [], []
    for _ in range(400):
        drawn = rng.choice(5000, 40, replace=False)
        made = difference_estimate(wrong.sum(), 5000.0, truth[drawn] - wrong[drawn])
        totals.append(made.total_tc)
        errors.append(made.standard_error_tc)
    spread = np.std(totals)
    assert np.mean(totals) == pytest.approx(truth.sum(), abs=3 * spread / 20)
    assert np.mean(errors) == pytest.approx(spread, rel=0.1)
    assert wrong.sum() != pytest.approx(truth.sum(), rel=0.1)
    assert isinstance(pd.Series(errors).iloc[0], float)
