"""Rasters of a cube come out as they are stored: numbers, types, axes, units and fill values."""

import numpy as np
import pytest
import xarray as xr
from support import dated_maps as kit

from bluecarbon.mrv import raster_datasets
from bluecarbon.mrv.arrays import to_dataarray
from bluecarbon.mrv.cube_values import cube_arrays, cube_bytes, cube_grid
from bluecarbon.mrv.exports import write_netcdf, write_zarr
from bluecarbon.mrv.raster_datasets import value_dataset

PLACE = kit.grid(30, 40)
WRITERS = {"a.nc": write_netcdf, "a.zarr": write_zarr}


def packed():
    """Depths in centimetres with gaps, packed in 16 bits, and codes of two bands."""
    rng = np.random.default_rng(1)
    depth = rng.integers(0, 500, (30, 40)).astype(np.int16)
    depth[:3] = -999
    made = to_dataarray(depth, PLACE, "depth", unit="m")
    made.attrs |= {"scale_factor": 0.01, "_FillValue": np.int16(-999)}
    codes = to_dataarray(rng.integers(0, 9, (2, 30, 40)).astype(np.uint8), PLACE, "codes")
    codes = codes.rename(band="season").assign_coords(season=["dry", "wet"])
    return xr.Dataset({"depth": made, "codes": codes})


@pytest.fixture(params=WRITERS)
def cube(request, tmp_path):
    WRITERS[request.param](packed(), tmp_path / request.param)
    return tmp_path / request.param


def test_packed_numbers_and_gaps_are_those_of_the_file(cube):
    arrays, found = cube_arrays(cube)
    assert found == ()
    made = {str(array.name): array for array in arrays}
    assert made["depth"].dtype == np.int16
    assert np.array_equal(made["depth"], packed()["depth"])
    assert made["depth"].attrs["_FillValue"] == -999
    assert made["depth"].attrs["scale_factor"] == 0.01
    assert made["depth"].attrs["units"] == "m"
    assert made["codes"].dims == ("season", "y", "x")
    assert made["codes"]["season"].values.tolist() == ["dry", "wet"]


def test_what_is_read_and_written_again_means_the_same(cube, tmp_path):
    made, found = value_dataset([cube])
    assert found == ()
    write_netcdf(made, tmp_path / "again.nc")
    with (
        xr.open_dataset(tmp_path / "again.nc", engine="h5netcdf") as again,
        xr.open_dataset(cube, engine="h5netcdf" if cube.suffix == ".nc" else "zarr") as first,
    ):
        xr.testing.assert_allclose(again["depth"], first["depth"], rtol=1e-12)
        assert np.isnan(again["depth"].values[:3]).all()
        assert np.array_equal(again["codes"], first["codes"])


def test_the_grid_and_the_size_are_known_before_reading(cube):
    assert cube_grid(cube) == (PLACE, ())
    assert cube_bytes(cube) >= packed()["codes"].nbytes
    assert cube_bytes(cube.with_name("none.nc")) == 0


def test_cubes_and_rasters_may_stand_in_one_file_under_their_own_names(cube, tmp_path):
    raster = kit.write(tmp_path / "height.tif", np.ones((30, 40), np.float32), PLACE)
    made, found = value_dataset([raster, cube])
    assert found == ()
    assert sorted(made.data_vars) == ["codes", "depth", "height"]
    twin = kit.write(tmp_path / "depth.tif", np.ones((30, 40), np.float32), PLACE)
    made, found = value_dataset([twin, cube])
    assert made is None
    assert [(f.code, f.subject) for f in found] == [("raster-name-twice", cube.name)]


def test_a_cube_without_rasters_and_one_too_large_are_refused(cube, tmp_path, monkeypatch):
    bare = packed()[["depth"]].mean("x").drop_vars("depth")
    write_netcdf(bare.assign_coords(x=packed()["x"]), tmp_path / "bare.nc")
    arrays, found = cube_arrays(tmp_path / "bare.nc")
    assert arrays == []
    assert [finding.code for finding in found] == ["raster-missing"]
    monkeypatch.setattr(raster_datasets, "MEMORY_BYTES_MAX", 2_000)
    made, found = value_dataset([cube])
    assert made is None
    assert [finding.code for finding in found] == ["dataset-too-large"]
