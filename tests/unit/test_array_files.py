"""Arrays as files: every block once, in its place; a bad source or a full disk is named."""

import dask.array
import numpy as np
import pytest
import rasterio
import xarray as xr
from support import dated_maps as kit

from bluecarbon.errors import DataError, OutputError
from bluecarbon.mrv import array_files
from bluecarbon.mrv.array_files import ArrayFile, write_layers
from bluecarbon.mrv.arrays import to_dataarray

PLACE = kit.grid(1300, 1100)


def layers(count=2, seed=1):
    values = np.random.default_rng(seed).integers(0, 250, (count, 1300, 1100)).astype(np.uint8)
    return to_dataarray(values, PLACE, "layers")


def write(array, targets, numbers=np.asarray, dtype=np.uint8):
    write_layers(array, PLACE, targets, dtype=np.dtype(dtype), numbers=numbers)


def read(path):
    with rasterio.open(path) as file:
        return file.read()


CHUNKS = {"whole": None, "even": {"y": 512, "x": 512}, "odd": {"band": 1, "y": 190, "x": 1100}}


@pytest.mark.parametrize("chunks", CHUNKS)
def test_layers_are_shared_out_among_the_files(tmp_path, chunks, monkeypatch):
    monkeypatch.setattr(array_files, "BLOCK_BYTES", 600_000)
    array = layers() if CHUNKS[chunks] is None else layers().chunk(CHUNKS[chunks])
    apart = [ArrayFile(tmp_path / "a.tif", nodata=7), ArrayFile(tmp_path / "b.tif")]
    write(array, apart)
    write(array, [ArrayFile(tmp_path / "both.tif")])
    expected = layers().values
    assert np.array_equal(read(tmp_path / "a.tif")[0], expected[0])
    assert np.array_equal(read(tmp_path / "b.tif")[0], expected[1])
    assert np.array_equal(read(tmp_path / "both.tif"), expected)
    with rasterio.open(tmp_path / "a.tif") as file:
        assert file.nodata == 7
        assert file.block_shapes == [(512, 512)]
        assert file.transform == PLACE.transform


def test_a_block_is_all_that_is_held(tmp_path, monkeypatch):
    monkeypatch.setattr(array_files, "BLOCK_BYTES", 600_000)
    sizes = []

    def numbers(values):
        sizes.append(values.size)
        return values.astype(np.float32)

    write(layers(), [ArrayFile(tmp_path / "a.tif")], numbers, np.float32)
    assert max(sizes) <= 2 * 512 * 512
    assert sum(sizes) == layers().size
    assert np.array_equal(read(tmp_path / "a.tif"), layers().values)


def test_what_the_file_says_is_written_by_the_caller(tmp_path):
    target = ArrayFile(tmp_path / "a.tif", describe=lambda file: file.update_tags(about="x"))
    write(layers(), [target])
    with rasterio.open(target.path) as file:
        assert file.tags()["about"] == "x"


def test_a_source_that_cannot_be_read_is_named(tmp_path):
    def fail(block_info=None):
        raise OSError("the store is gone")

    lazy = dask.array.map_blocks(
        fail, chunks=((2,), (1300,), (1100,)), dtype=np.uint8, meta=np.empty(0, "u1")
    )
    array = xr.DataArray(lazy, dims=("band", "y", "x"))
    with pytest.raises(DataError) as caught:
        write(array, [ArrayFile(tmp_path / "stack.nc 2015")])
    (finding,) = caught.value.findings
    assert (finding.code, finding.subject) == ("class-map-unreadable", "stack.nc 2015")
    assert "the store is gone" in finding.message


def test_a_place_that_cannot_be_written_is_no_fault_of_the_data(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        write(layers(), [ArrayFile(tmp_path / "missing/a.tif")])
