"""xarray in and out, and files for other programs: place, unit and legend survive; bytes repeat."""

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
import xarray as xr
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS

from bluecarbon.errors import DataError, OutputError
from bluecarbon.mrv import exports
from bluecarbon.mrv.arrays import grid_of, legend_of, to_dataarray, values_north_up
from bluecarbon.mrv.rasters import Grid

UTM = Grid(CRS.from_epsg(32649), Affine(10, 0, 400_000, 0, -10, 2_350_000), 6, 9)
DEGREES = Grid(CRS.from_epsg(4326), Affine(0.001, 0, 110.2, 0, -0.001, 21.5), 6, 9)
LEGEND = {0: "outside", 1: "mangrove", 5: "upland forest"}


def codes():
    return np.random.default_rng(1).choice([0, 1, 5], size=(6, 9)).astype(np.uint8)


@pytest.mark.parametrize("grid", [UTM, DEGREES], ids=["metres", "degrees"])
def test_grid_values_and_legend_come_back(grid):
    array = to_dataarray(codes(), grid, "classes", legend=LEGEND)
    assert grid_of(array) == grid
    assert legend_of(array) == {0: "outside", 1: "mangrove", 5: "upland_forest"}
    assert np.array_equal(values_north_up(array), codes())


@given(
    left=st.floats(100_000, 800_000),
    top=st.floats(1_000_000, 3_000_000),
    size=st.floats(0.5, 60),
    height=st.integers(2, 40),
    width=st.integers(2, 40),
)
def test_any_grid_comes_back_on_its_lattice(left, top, size, height, width):
    grid = Grid(CRS.from_epsg(32649), Affine(size, 0, left, 0, -size, top), height, width)
    back = grid_of(to_dataarray(np.zeros((height, width)), grid, "a"))
    assert back.shares_lattice_with(grid)
    assert back.offset_of(grid) == (0, 0)


def test_an_array_turned_round_has_its_axes_named():
    array = to_dataarray(codes(), UTM, "classes")
    with pytest.raises(DataError, match="y decrease"):
        grid_of(array.isel(y=slice(None, None, -1)))
    assert np.array_equal(values_north_up(array.transpose("x", "y")), codes())


def test_an_array_without_a_place_is_refused_with_what_to_do():
    array = xr.DataArray(np.zeros((3, 3)), dims=("y", "x"))
    with pytest.raises(DataError) as caught:
        grid_of(array)
    assert {finding.code for finding in caught.value.findings} == {"array-crs", "array-axes"}
    assert all(finding.fix for finding in caught.value.findings)


def test_values_that_do_not_lie_on_the_grid_are_refused():
    with pytest.raises(ValueError, match="do not lie on a grid"):
        to_dataarray(np.zeros((5, 9)), UTM, "a")


def data_set():
    stock = to_dataarray(codes() * 10.5, UTM, "stock", unit="tC/ha")
    return xr.Dataset(
        {"classes": to_dataarray(codes(), UTM, "classes", legend=LEGEND), "stock": stock}
    )


@pytest.mark.parametrize(
    ("write", "name", "engine"),
    [(exports.write_netcdf, "a.nc", "h5netcdf"), (exports.write_zarr, "a.zarr", "zarr")],
)
def test_netcdf_and_zarr_keep_place_unit_and_legend(tmp_path, write, name, engine):
    write(data_set(), tmp_path / name)
    with xr.open_dataset(tmp_path / name, engine=engine, decode_coords="all") as back:
        assert grid_of(back["stock"]) == UTM
        assert back["stock"].attrs["units"] == "tC/ha"
        assert legend_of(back["classes"])[1] == "mangrove"
        assert back.attrs["Conventions"] == "CF-1.11"
        assert np.array_equal(back["classes"], codes())


def test_gdal_finds_the_place_in_our_netcdf(tmp_path):
    exports.write_netcdf(data_set(), tmp_path / "a.nc")
    with rasterio.open(f"netcdf:{tmp_path / 'a.nc'}:stock") as opened:
        assert opened.crs.to_epsg() == 32649
        assert opened.transform.almost_equals(UTM.transform)


def polygons():
    frame = {"stratum": ["K15", "S17"], "loss_ha": [1.5, 2.0]}
    return gpd.GeoDataFrame(
        frame, geometry=[shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)], crs="EPSG:4326"
    )


WRITERS = {
    "a.nc": lambda target: exports.write_netcdf(data_set(), target),
    "a.gpkg": lambda target: exports.write_geopackage({"loss": polygons()}, target),
}


@pytest.mark.parametrize("name", WRITERS)
def test_the_same_content_is_the_same_bytes(tmp_path, name):
    for folder in ("first", "second"):
        WRITERS[name](tmp_path / folder / name)
    first, second = (tmp_path / folder / name for folder in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()
    assert [path.name for path in first.parent.iterdir()] == [name]


def test_a_geopackage_holds_its_layers_also_empty_ones(tmp_path):
    target = tmp_path / "loss.gpkg"
    exports.write_geopackage({"loss": polygons(), "gain": polygons().iloc[:0]}, target)
    assert {row[0] for row in pyogrio.list_layers(target)} == {"loss", "gain"}
    assert pyogrio.read_dataframe(target, layer="loss")["loss_ha"].sum() == 3.5
    assert pyogrio.read_dataframe(target, layer="gain").empty


def test_a_large_tiled_file_becomes_a_cog_with_overviews(tmp_path):
    values = np.random.default_rng(2).integers(0, 7, (1500, 1500)).astype(np.uint8)
    profile = {"driver": "GTiff", "dtype": "uint8", "count": 1, "height": 1500, "width": 1500}
    place = {"crs": UTM.crs, "transform": UTM.transform, "tiled": True}
    with rasterio.open(tmp_path / "tiled.tif", "w", **profile, **place) as target:
        target.write(values, 1)
    exports.as_cog(tmp_path / "tiled.tif", tmp_path / "cog.tif", resampling="mode")
    with rasterio.open(tmp_path / "cog.tif") as opened:
        assert opened.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert opened.overviews(1) == [2, 4]
        assert np.array_equal(opened.read(1), values)


@pytest.mark.parametrize("name", WRITERS)
def test_nothing_half_written_stays_behind(tmp_path, name):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be written"):
        WRITERS[name](blocked / name)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_failed_write_leaves_the_older_file(tmp_path):
    target = tmp_path / "a.nc"
    target.write_text("older", encoding="utf-8")

    def stop_half_way():
        with exports.replacing(target) as part:
            part.write_text("half", encoding="utf-8")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stop_half_way()
    assert target.read_text(encoding="utf-8") == "older"
    assert [path.name for path in tmp_path.iterdir()] == ["a.nc"]
