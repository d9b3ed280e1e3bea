"""The algebra of shared and own errors, by hand; and stock maps as CF data sets."""

import numpy as np
import pytest
import xarray as xr
from support.change_maps import mrv
from support.stock_ground import degree_grid, table_plan, utm_grid, write

from bluecarbon.errors import DataError
from bluecarbon.mrv.arrays import grid_of, to_dataarray
from bluecarbon.mrv.exports import write_netcdf
from bluecarbon.mrv.stock_layers import LayerFile, check_layers, read_layer
from bluecarbon.mrv.stock_maps import map_stocks, stock_dataset
from bluecarbon.mrv.stock_plan import Counted, StockPlan
from bluecarbon.mrv.stock_sources import RasterSource
from bluecarbon.mrv.stock_terms import (
    Field,
    Term,
    added,
    mean_of_parts,
    pixel_error,
    scaled,
    summed_slopes,
    summed_variance,
)

TWO = np.diag([4.0, 9.0])


def one(density, *terms, **own):
    arrays = {name: np.array([sd]) for name, sd in own.items()}
    return Field(np.array([density]), tuple(Term(p, np.array([s])) for p, s in terms), arrays)


def test_errors_of_different_parameters_add_in_quadrature():
    """2 x 1.5 along the first and 3 x 4/3 along the second, and 12 of its own: 3, 4, 12 make 13."""
    field = one(10.0, (0, 1.5), (1, 4 / 3), residual=12.0)
    assert pixel_error(field, TWO)[0] == pytest.approx(13.0)


def test_slopes_along_one_parameter_are_added_before_they_are_squared():
    both = added([one(1.0, (0, 1.0), residual=3.0), one(2.0, (0, -1.0), residual=1.0)])
    assert both.density[0] == 3.0
    # The parameters cancel; the same residual of the same ground adds up.
    assert pixel_error(both, TWO)[0] == pytest.approx(4.0)


def test_covariances_between_parameters_count():
    covariance = np.array([[4.0, 6.0], [6.0, 9.0]])
    field = one(1.0, (0, 1.0), (1, 1.0))
    assert pixel_error(field, covariance)[0] == pytest.approx(5.0)
    assert pixel_error(one(1.0, (0, 3.0), (1, -2.0)), covariance)[0] == pytest.approx(0.0, abs=1e-7)


def test_a_parameter_may_differ_from_pixel_to_pixel():
    field = Field(np.ones(3), (Term(np.array([0, 1, 0]), np.ones(3)),))
    np.testing.assert_allclose(pixel_error(field, TWO), [2, 3, 2])
    group, area = np.zeros(3, np.int64), np.array([1.0, 2.0, 3.0])
    slopes = summed_slopes(field, group, area, shape=(1, 2))
    np.testing.assert_allclose(slopes, [[4.0, 2.0]])


def test_parts_of_a_pixel_are_weighed_by_area_and_keep_their_errors_apart():
    """Half at 10 +- 2, half at 30 +- 3: 20 +- sqrt(1 + 2.25); residuals 4 and 8 of one ground."""
    density = np.array([10.0, 7.0, 30.0, np.nan])
    own = {"residual": np.array([4.0, 0.0, 8.0, np.nan])}
    slope = np.array([1.0, 1.0, 1.0, np.nan])
    parts = Field(density, (Term(np.array([0, 0, 1, 1]), slope),), own)
    pixel, area = np.array([0, 1, 0, 1]), np.array([2.0, 1.0, 2.0, 9.0])
    whole = mean_of_parts(parts, pixel, area, 2)
    # What is unknown has no weight: the second pixel is what is known of it.
    np.testing.assert_allclose(whole.density, [20.0, 7.0])
    np.testing.assert_allclose(pixel_error(whole, TWO), [np.sqrt(1 + 2.25 + 36), 2.0])
    nothing = mean_of_parts(parts, np.array([0, 0, 0, 1]), area, 2)
    assert np.isnan(nothing.density[1])


def test_a_factor_scales_errors_and_brings_its_own():
    field = scaled(one(40.0, (0, 1.0), residual=2.0), 0.5, Term(1, np.array([40.0])))
    assert field.density[0] == 20.0
    assert pixel_error(field, np.diag([16.0, 0.01]))[0] == pytest.approx(np.sqrt(4 + 16 + 1))


def test_own_errors_of_pixels_average_out_and_unknown_ones_do_not_count():
    field = Field(np.array([1.0, 1.0, np.nan]), (), {"residual": np.array([3.0, 4.0, np.nan])})
    group, area = np.array([0, 0, 1]), np.array([1.0, 1.0, 0.0])
    np.testing.assert_allclose(summed_variance(field, group, area, 2), [25.0, 0.0])


def test_a_layer_reaches_beyond_its_file_as_nothing(tmp_path):
    grid = utm_grid(4, 4)
    path = write(tmp_path / "x.tif", np.arange(16, dtype=np.int16).reshape(4, 4), grid, nodata=5)
    wider = utm_grid(4, 6)
    from bluecarbon.mrv.rasters import opened

    with opened(path) as dataset:
        inside = read_layer(dataset, LayerFile(path, scale=0.5), grid)
        beyond = read_layer(dataset, LayerFile(path), wider)
    assert np.isnan(inside[1, 1])
    assert inside[3, 3] == 7.5
    np.testing.assert_array_equal(beyond[:, 4:], np.nan)
    np.testing.assert_array_equal(beyond[3, :4], [12, 13, 14, 15])


def test_layers_elsewhere_and_bands_that_there_are_not_are_named(tmp_path):
    path = write(tmp_path / "x.tif", np.ones((4, 4), np.float32), utm_grid(4, 4))
    far = write(tmp_path / "far.tif", np.ones((4, 4), np.float32), degree_grid(4, 4, left=10))
    layers = {"a": LayerFile(path, band=2), "b": LayerFile(far, rule="nearest")}
    found = check_layers(layers, utm_grid(4, 4), "map.tif")
    assert {item.code for item in found} == {"layer-band-missing", "layer-no-overlap"}


def soil_maps(folder):
    grid = degree_grid(3, 4)
    path = write(folder / "soil.tif", np.full((3, 4), 300, np.int16), grid)
    source = RasterSource(("soil",), (1.0,), 0.1)
    plan = StockPlan(grid, Counted(), {"soil": source}, {"soil": LayerFile(path)})
    made, _ = map_stocks(plan, folder)
    return plan, made


def test_maps_become_netcdf_with_their_grid_mapping_and_names(tmp_path):
    _, made = soil_maps(tmp_path)
    done = mrv("convert", made.files["soil"], made.files["soil_se"], "--out", tmp_path / "s.nc")
    assert done.exit_code == 0, done.output
    with xr.open_dataset(tmp_path / "s.nc", engine="h5netcdf", decode_coords="all") as data:
        assert data["soil"].attrs["units"] == "t ha-1"
        assert data["soil"].encoding["grid_mapping"] == "spatial_ref"
        assert "carbon in soil" in data["soil"].attrs["long_name"]
        np.testing.assert_allclose(data["soil_se"], 30.0)


def test_arrays_come_back_as_a_cf_data_set(tmp_path):
    plan, made = soil_maps(tmp_path)
    layer = to_dataarray(np.full((3, 4), 300.0), plan.grid, "soil")
    data, table, found = stock_dataset(plan, {"soil": layer})
    assert found == ()
    assert table.equals(made.table)
    assert data["soil"].attrs["standard_name"] == "soil_mass_content_of_carbon"
    assert grid_of(data) == plan.grid
    write_netcdf(data, tmp_path / "arrays.nc")
    with xr.open_dataset(tmp_path / "arrays.nc", engine="h5netcdf", decode_coords="all") as read:
        np.testing.assert_array_equal(read["total"], data["total"])


def test_arrays_on_two_grids_are_refused():
    plan = table_plan(utm_grid(2, 2), {"agb": [(1.0, 0.1)]})
    one_grid = to_dataarray(np.ones((2, 2), np.uint8), utm_grid(2, 2), "classes")
    other = to_dataarray(np.ones((2, 2)), utm_grid(2, 2, 9.0), "height")
    with pytest.raises(DataError, match="another grid"):
        stock_dataset(plan, {"height": other}, class_map=one_grid)
