"""Rasters from lookups: values, bytes, compression, and nothing half-written."""

import pickle

import numpy as np
import pytest
import rasterio
from support.class_raster import write_classes

from bluecarbon.errors import OutputError
from bluecarbon.mrv.blocks import Threads
from bluecarbon.mrv.stock_rasters import RasterOptions, write_codes, write_layers
from bluecarbon.mrv.trajectories import read_trajectories
from bluecarbon.mrv.transitions import DatedMap


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(5)
    layers = [np.kron(rng.integers(0, 5, (40, 70)), np.ones((20, 20), int)) for _ in range(2)]
    maps = [
        DatedMap(year, write_classes(tmp_path / f"{year}.tif", codes.astype(np.uint8), nodata=0))
        for year, codes in zip((2010, 2020), layers, strict=True)
    ]
    return read_trajectories(maps)[0]


def layers_of(table, number=3):
    rng = np.random.default_rng(6)
    return {f"layer-{i}": rng.random(len(table.classes)) * 100 for i in range(number)}


def files(written):
    return {name: path.read_bytes() for name, path in written.items()}


@pytest.mark.parametrize("compression", ["zstd", "lzw", "deflate"])
def test_values_are_those_of_the_trajectory(table, tmp_path, compression):
    layers = layers_of(table)
    layers["layer-1"][3] = np.nan
    meanings = {name: ("tCO2e/ha", f"stock of {name}") for name in layers}
    options = RasterOptions(compression, nodata=-1.0, meanings=meanings)
    written = write_layers(table, layers, tmp_path / "out", options=options)
    write_codes(table, tmp_path / "codes.tif")
    with rasterio.open(tmp_path / "codes.tif") as source:
        codes = source.read(1)
    for name, values in layers.items():
        lookup = np.nan_to_num(np.concatenate([[-1.0], values]), nan=-1.0).astype(np.float32)
        with rasterio.open(written[name]) as source:
            assert source.compression.value.lower() == compression
            assert source.nodata == -1.0
            assert source.units == ("tCO2e/ha",)
            assert source.descriptions == (f"stock of {name}",)
            assert source.tags(1)["units"] == "tCO2e/ha"
            assert (source.read(1) == lookup[codes]).all()


def test_the_same_bytes_whoever_writes_them(table, tmp_path):
    layers = layers_of(table, 5)
    one = write_layers(table, layers, tmp_path / "a", runner=Threads(1), groups=1)
    many = write_layers(table, layers, tmp_path / "b", runner=Threads(4), groups=4)
    again = write_layers(table, layers, tmp_path / "b", runner=Threads(2), groups=3)
    assert files(one) == files(many) == files(again)


class OverTheWire:
    """A runner that sends work as a cluster does: pickled, and to somebody who knows nothing."""

    def results(self, work, items):
        for item in items:
            far_work, far_item = pickle.loads(pickle.dumps((work, item)))
            yield pickle.loads(pickle.dumps(far_work(far_item)))


def test_work_can_be_sent_to_a_cluster(table, tmp_path):
    layers = layers_of(table)
    here = write_layers(table, layers, tmp_path / "a")
    there = write_layers(table, layers, tmp_path / "b", runner=OverTheWire())
    assert files(here) == files(there)
    write_codes(table, tmp_path / "a.tif")
    write_codes(table, tmp_path / "b.tif", runner=OverTheWire())
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


def test_cloud_optimised(table, tmp_path):
    options = RasterOptions(cloud_optimised=True)
    layers = layers_of(table, 1)
    plain = write_layers(table, layers, tmp_path / "a")
    cog = write_layers(table, layers, tmp_path / "b", options=options)
    again = write_layers(table, layers, tmp_path / "c", options=options)
    assert files(cog) == files(again)
    with rasterio.open(plain["layer-0"]) as a, rasterio.open(cog["layer-0"]) as b:
        assert b.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert b.overviews(1)
        assert np.array_equal(a.read(1), b.read(1), equal_nan=True)


def test_nothing_stays_when_a_map_breaks_under_way(table, tmp_path):
    path = table.stack.paths[1]
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(OutputError, match="cannot be written"):
        write_layers(table, layers_of(table), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
    with pytest.raises(OutputError, match=r"codes\.tif"):
        write_codes(table, tmp_path / "out" / "codes.tif")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_place_that_is_a_file_is_refused(table, tmp_path):
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(OutputError):
        write_layers(table, layers_of(table), tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "mine"
