"""Rasters and cubes as xarray: lazy, north up, with a grid; what is wrong with a file is named."""

from dataclasses import replace

import numpy as np
import pytest
import rasterio
import rasterio.shutil
import xarray as xr
from support import small_coast as coast

from bluecarbon.mrv import datasets, overviews
from bluecarbon.mrv.arrays import grid_of, to_dataarray
from bluecarbon.mrv.datasets import fill_is_class, open_dataset


@pytest.fixture
def raster(tmp_path):
    path = tmp_path / "a.tif"
    coast.write_raster(path, coast.scene_numbers(2020, 1), nodata=0)
    with rasterio.open(path, "r+") as dataset:
        dataset.descriptions = coast.BANDS
    return path


def test_a_raster_is_read_when_asked_for(raster, monkeypatch):
    opened, found = open_dataset(raster)
    assert found == ()
    assert opened.grid == coast.grid()
    values = opened.dataset["values"]
    assert values.dims == ("band", "y", "x")
    assert values.band.values.tolist() == coast.BANDS
    assert values.attrs["nodata"] == 0
    assert grid_of(values) == coast.grid()
    numbers = coast.scene_numbers(2020, 1)
    np.testing.assert_array_equal(values.sel(band="nir").values, numbers[3])
    np.testing.assert_array_equal(values[1:5:2, 3:30, 7].values, numbers[1:5:2, 3:30, 7])
    np.testing.assert_array_equal(values[:, ::-3, ::-1].values, numbers[:, ::-3, ::-1])
    np.testing.assert_array_equal(values[0, 5, 6].values, numbers[0, 5, 6])
    np.testing.assert_array_equal(values[[0, 2], :, [1, 4]].values, numbers[[0, 2]][:, :, [1, 4]])
    assert values[:, 4:4].values.shape == (7, 0, 40)


def test_only_the_window_asked_for_is_read(raster, monkeypatch):
    asked = []
    real = rasterio.DatasetReader.read
    opened, _ = open_dataset(raster)

    def read(self, bands, window):
        asked.append((list(bands), window.toslices()))
        return real(self, bands, window=window)

    class Reader:
        def __init__(self, path):
            self.dataset = rasterio.open(path)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.dataset.close()

        def read(self, bands, window):
            return read(self.dataset, bands, window)

    monkeypatch.setattr(datasets, "opened", Reader)
    _ = opened.dataset["values"].isel(band=3, y=slice(5, 9), x=slice(2, 4)).values
    assert asked == [([4], (slice(5, 9), slice(2, 4)))]


def test_a_virtual_raster(raster, tmp_path):
    rasterio.shutil.copy(raster, tmp_path / "a.vrt", driver="VRT")
    opened, found = open_dataset(tmp_path / "a.vrt")
    assert found == ()
    np.testing.assert_array_equal(opened.dataset["values"].values, coast.scene_numbers(2020, 1))


def series(times=("2020-01-01", "2020-02-01", "2020-03-01")):
    values = np.random.default_rng(1).random((len(times), 40, 40)).astype(np.float32)
    array = to_dataarray(values, coast.grid(), "ndwi")
    array = array.rename(band="time").assign_coords(time=np.array(times, "datetime64[ns]"))
    return array.to_dataset()


@pytest.mark.parametrize("name", ["a.nc", "a.zarr"])
@pytest.mark.parametrize("upside_down", [False, True])
def test_a_cube(tmp_path, name, upside_down):
    cube = series()
    stored = cube.isel(y=slice(None, None, -1)) if upside_down else cube
    stored["spatial_ref"].attrs.pop("GeoTransform")
    if name.endswith(".nc"):
        stored.to_netcdf(tmp_path / name, engine="h5netcdf")
    else:
        stored.to_zarr(tmp_path / name, zarr_format=2, consolidated=False)
    opened, found = open_dataset(tmp_path / name)
    assert found == ()
    assert opened.grid == coast.grid()
    np.testing.assert_array_equal(opened.dataset["ndwi"].values, cube["ndwi"].values)


@pytest.mark.parametrize("where", ["spatial_ref", "dataset"])
def test_a_coordinate_system_that_is_only_a_code(tmp_path, where):
    cube = series().drop_vars("spatial_ref")
    if where == "dataset":
        cube.attrs["crs"] = "EPSG:32649"
    else:
        cube["spatial_ref"] = xr.DataArray(np.int32(0), attrs={"epsg": "EPSG:32649"})
    cube.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    opened, found = open_dataset(tmp_path / "a.nc")
    assert found == ()
    assert opened.grid.crs.to_epsg() == 32649


def codes_of(tmp_path, cube):
    cube.to_netcdf(tmp_path / "bad.nc", engine="h5netcdf")
    opened, found = open_dataset(tmp_path / "bad.nc")
    assert opened is None
    assert {f.subject for f in found} == {"bad.nc"}
    return {f.code for f in found}


def test_what_is_wrong_with_a_cube(tmp_path):
    bare = series().drop_vars("spatial_ref")
    assert codes_of(tmp_path, bare) == {"array-crs"}
    uneven = series().isel(x=[0, 1, 3, 4])
    assert codes_of(tmp_path, uneven) == {"array-axes"}
    unordered = series(("2020-02-01", "2020-01-01", "2020-03-01"))
    assert codes_of(tmp_path, unordered) == {"time-order"}
    twice = series(("2020-01-01", "2020-02-01", "2020-02-01"))
    assert codes_of(tmp_path, twice) == {"time-twice"}


@pytest.mark.parametrize("name", ["a.tif", "a.nc", "a.zarr"])
def test_damaged_and_missing_files_are_named(tmp_path, name):
    _, found = open_dataset(tmp_path / name)
    assert [f.code for f in found] == ["raster-unreadable"]
    if name != "a.zarr":
        (tmp_path / name).write_bytes(b"no raster")
        _, found = open_dataset(tmp_path / name)
        assert [(f.code, f.subject) for f in found] == [("raster-unreadable", name)]


def test_overviews_that_are_missed(tmp_path, monkeypatch, raster):
    monkeypatch.setattr(overviews, "OVERVIEWS_FROM_PX", 30)
    _, found = open_dataset(raster)
    assert [(f.code, f.severity) for f in found] == [("raster-no-overviews", "warning")]
    with rasterio.open(raster, "r+") as dataset:
        dataset.build_overviews([2])
    assert open_dataset(raster)[1] == ()


def classes(meanings, fill=0):
    """Two dates of class numbers with flags, and a fill value."""
    codes = np.array([[[0, 1, 2], [0, 0, 1]], [[1, 1, 2], [0, 2, 1]]], np.uint8)
    place = replace(coast.grid(), height=2, width=3)
    cube = to_dataarray(codes, place, "classes", legend=dict(enumerate(meanings)))
    cube.attrs["_FillValue"] = np.uint8(fill)
    return xr.Dataset({"classes": cube})


@pytest.mark.parametrize("name", ["a.nc", "a.zarr"])
def test_a_fill_value_that_is_a_class_stays_one_and_is_named(tmp_path, name):
    cube = classes(["other", "mangrove", "water"])
    if name.endswith("zarr"):
        cube.to_zarr(tmp_path / name, consolidated=False)
    else:
        cube.to_netcdf(tmp_path / name)
    opened, (finding,) = open_dataset(tmp_path / name)
    assert (finding.code, finding.severity, finding.subject) == (
        "class-map-fill-is-class", "warning", name,
    )  # fmt: skip
    assert "'other'" in finding.message
    values = opened.dataset["classes"].values
    assert values.dtype == np.uint8
    assert (values == 0).sum() == 4


@pytest.mark.parametrize(
    ("meanings", "fill"), [(["outside", "mangrove", "water"], 0), (["other", "mangrove"], 255)]
)
def test_a_fill_value_that_is_no_class_is_a_gap(tmp_path, meanings, fill):
    classes(meanings, fill).to_netcdf(tmp_path / "a.nc")
    opened, found = open_dataset(tmp_path / "a.nc")
    assert found == ()
    gaps = 4 if fill == 0 else 0
    assert np.isnan(opened.dataset["classes"].values.astype(float)).sum() == gaps


def test_fill_values_beside_their_flags():
    assert fill_is_class({0: "mangrove"}, 0.0)
    assert not fill_is_class({0: "Outside"}, 0)
    assert not any(fill_is_class({0: "mangrove"}, fill) for fill in (None, float("nan"), 0.5, 7))
