"""Data sets from files: every number in its place, whoever reads; what does not fit is refused."""

import numpy as np
import pytest
import xarray as xr
from support.change_maps import YEARS, coast, write_coast
from support.class_raster import write_classes

from bluecarbon.mrv import raster_datasets
from bluecarbon.mrv.arrays import grid_of, legend_of
from bluecarbon.mrv.blocks import Threads
from bluecarbon.mrv.exports import write_netcdf
from bluecarbon.mrv.map_arguments import MapLegend
from bluecarbon.mrv.raster_datasets import class_dataset, value_dataset
from bluecarbon.mrv.stock_arrays import _stack_of
from bluecarbon.mrv.transitions import DatedMap

LEGEND = MapLegend({1: "mangrove", 2: "upland forest"}, None, frozenset({0}))


def dated(folder, **more):
    paths = write_coast(folder, **more)
    return tuple(DatedMap(year, path) for year, path in zip(YEARS, paths, strict=True))


@pytest.mark.parametrize("threads", [1, 3])
def test_a_stack_holds_the_numbers_of_its_files(tmp_path, threads):
    made, found = class_dataset(dated(tmp_path / "in"), LEGEND, runner=Threads(threads))
    assert found == ()
    assert np.array_equal(made["classes"], np.stack(coast()))
    assert legend_of(made["classes"])[2] == "upland_forest"
    assert "classes_2015.tif" in made["classes"].attrs["source"]


def test_the_stock_model_takes_a_stack_as_it_is(tmp_path):
    made, _ = class_dataset(dated(tmp_path / "in"), LEGEND)
    stack = _stack_of(made["classes"])
    assert stack["year"].values.tolist() == list(YEARS)
    assert grid_of(stack).height == 96


def test_wide_numbers_stay_what_they_are(tmp_path):
    wide = [np.where(codes == 1, np.uint16(40_000), codes) for codes in coast()]
    made, found = class_dataset(dated(tmp_path / "in", codes=wide), LEGEND)
    assert found == ()
    assert made["classes"].dtype == np.uint16
    assert np.array_equal(made["classes"], np.stack(wide))


def test_maps_that_disagree_on_nodata_have_no_fill_value(tmp_path):
    maps = dated(tmp_path / "in")
    other = write_classes(tmp_path / "other.tif", coast()[2], nodata=255)
    made, _ = class_dataset((*maps[:2], DatedMap(2021, other)), LEGEND)
    assert "_FillValue" not in made["classes"].attrs


def test_several_bands_and_files_are_variables_of_one_file(tmp_path):
    grown = np.random.default_rng(2).random((96, 80)).astype(np.float32)
    one = write_classes(tmp_path / "1-growth.tif", grown, nodata=-1)
    two = write_classes(tmp_path / "classes.tif", coast()[0], tags={"class_001": "mangrove"})
    made, found = value_dataset([one, two], unit="m")
    assert found == ()
    assert sorted(made.data_vars) == ["classes", "v_1_growth"]
    assert legend_of(made["classes"]) == {1: "mangrove"}
    write_netcdf(made, tmp_path / "all.nc")
    with xr.open_dataset(tmp_path / "all.nc", engine="h5netcdf") as back:
        np.testing.assert_array_equal(back["v_1_growth"], grown)
        assert back["v_1_growth"].attrs["units"] == "m"


def test_what_does_not_fit_one_file_is_named(tmp_path):
    (tmp_path / "b").mkdir()
    first = write_classes(tmp_path / "a.tif", coast()[0])
    moved = write_classes(tmp_path / "c.tif", coast()[0], left=380_000.0)
    same = write_classes(tmp_path / "b/a.tif", coast()[0])
    made, found = value_dataset([first, moved, same])
    assert made is None
    codes = [(finding.code, finding.subject) for finding in found]
    assert ("raster-grid-differs", "c.tif") in codes
    assert ("raster-name-twice", "a.tif") in codes


def test_a_broken_file_is_named(tmp_path):
    path = write_classes(tmp_path / "a.tif", coast()[0])
    path.write_bytes(path.read_bytes()[:3000])
    made, found = value_dataset([path])
    assert made is None
    assert found[0].code == "raster-unreadable"
    assert found[0].subject == "a.tif"


def test_more_than_memory_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(raster_datasets, "MEMORY_BYTES_MAX", 20_000)
    made, found = class_dataset(dated(tmp_path / "in"), LEGEND)
    assert made is None
    assert [finding.code for finding in found] == ["dataset-too-large"]
