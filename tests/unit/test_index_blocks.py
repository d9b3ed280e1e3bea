"""The fused indices: loop against twin, blocks against definitions, any block and runner."""

import pickle
from functools import partial

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.errors import RasterioIOError
from support import small_coast as coast

from bluecarbon.mrv import index_blocks
from bluecarbon.mrv.blocks import Threads, tile_blocks
from bluecarbon.mrv.index_blocks import FOUR, IndexSource, read_indices, summarise, write_indices
from bluecarbon.mrv.indices import RATIO_LIMIT, compute_index
from bluecarbon.mrv.kernels import spectral
from bluecarbon.mrv.quality_bits import SCL, reason_table

NO_MASK = np.empty(0, np.uint8)
TABLE = reason_table(SCL)


def random_bands(seed, pixels=5000):
    rng = np.random.default_rng(seed)
    bands = rng.integers(0, 6000, (4, pixels)).astype(np.uint16)
    bands[:, ::97] = 0
    bands[:, 1::101] = 1000
    return bands, rng.integers(0, 12, pixels).astype(np.uint8)


@pytest.mark.parametrize("shift", [0.0, -1000.0, -7272.7271])
@pytest.mark.parametrize("masked", [True, False])
def test_loop_and_twin_agree(shift, masked):
    bands, mask = random_bands(1)
    mask = mask if masked else NO_MASK
    loop = spectral.four_indices(bands, mask, TABLE, shift=shift, empty=1)
    twin = spectral.four_indices_numpy(bands, mask, TABLE, shift=shift, empty=1)
    for name in ("values", "reason", "counts", "totals"):
        np.testing.assert_array_equal(getattr(loop, name), getattr(twin, name), err_msg=name)
    tally = spectral.four_indices(bands, mask, TABLE, shift=shift, empty=1, keep=False)
    np.testing.assert_array_equal(tally.counts, twin.counts)
    np.testing.assert_array_equal(tally.totals, twin.totals)


def test_indices_are_those_of_the_definitions():
    bands, _ = random_bands(2)
    bands[bands == 0] = 1
    made = spectral.four_indices(bands, NO_MASK, TABLE, shift=-1000.0, empty=1)
    light = np.maximum(bands.astype(np.float32) - 1000, 0) / np.float32(10_000)
    names = dict(zip(("green", "red", "nir", "swir1"), light, strict=True))
    for name, values, steps in zip(FOUR, made.values, spectral.STEPS, strict=True):
        expected = compute_index(name, names)
        np.testing.assert_allclose(values / steps, expected, atol=0.51 / steps + 2e-6)
    assert np.abs(made.values[3]).max() == RATIO_LIMIT * spectral.STEPS[3]


def test_pixels_have_an_index_or_a_reason():
    bands, mask = random_bands(3)
    made = spectral.four_indices(bands, mask, TABLE, shift=0.0, empty=1)
    assert ((made.values == spectral.GAP).all(axis=0) == (made.reason > 0)).all()
    assert (made.reason[(bands == 0).any(axis=0)] == 1).all()
    assert made.counts.sum() == bands.shape[1]


def test_without_a_compiler_the_twin_is_used(monkeypatch):
    bands, mask = random_bands(4)
    with_loop = spectral.four_indices(bands, mask, TABLE, shift=0.0, empty=1)
    monkeypatch.setattr(spectral, "loops", lambda _: None)
    without = spectral.four_indices(bands, mask, TABLE, shift=0.0, empty=1)
    np.testing.assert_array_equal(with_loop.values, without.values)


@given(
    height=st.integers(1, 900),
    width=st.integers(1, 900),
    tile=st.sampled_from([16, 64, 256, 512]),
    most=st.integers(1, 600_000),
)
@settings(max_examples=100, deadline=None)
def test_tile_blocks_tile_the_grid(height, width, tile, most):
    blocks = tile_blocks(height, width, tile_rows=tile, tile_columns=tile, pixels_most=most)
    met = np.zeros((height, width), np.int8)
    for block in blocks:
        met[block.slices] += 1
        assert block.row % tile == 0
        assert block.column % tile == 0
        assert block.rows * block.columns <= max(most, min(tile, height) * min(tile, width))
    assert (met == 1).all()


@pytest.fixture
def scene(tmp_path):
    numbers = coast.scene_numbers(2020, 1)
    numbers[6, 4:9] = coast.CLOUD
    numbers[:6, :, :2] = 0
    path = tmp_path / "scene.tif"
    coast.write_raster(path, numbers, tiled=True, blockxsize=16, blockysize=16)
    return IndexSource(path, (2, 3, 4, 5), mask_band=7, mask_table=tuple(map(int, TABLE)))


def test_a_summary_is_that_of_the_whole(scene, monkeypatch):
    first = summarise(scene, Threads(2))
    monkeypatch.setattr(index_blocks, "BLOCK_PIXELS_MOST", 300)
    again = summarise(scene, Threads(1))
    np.testing.assert_array_equal(first.pixels, again.pixels)
    np.testing.assert_array_equal(first.totals, again.totals)
    with rasterio.open(scene.path) as dataset:
        numbers = dataset.read([2, 3, 4, 5]).astype(np.float32)
        mask = dataset.read(7)
    usable = (TABLE[mask] == 0) & (numbers > 0).all(axis=0)
    light = dict(zip(("green", "red", "nir", "swir1"), numbers[:, usable] / 10_000, strict=True))
    for name in FOUR:
        assert first.mean(name) == pytest.approx(compute_index(name, light).mean(), abs=1e-4)
    assert first.pixels[0] == usable.sum()


def test_a_scene_without_a_valid_pixel_has_no_mean(tmp_path):
    numbers = np.zeros((4, 8, 8), np.uint16)
    coast.write_raster(tmp_path / "black.tif", numbers, coast.grid(size=8))
    made = summarise(IndexSource(tmp_path / "black.tif"))
    assert np.isnan(made.mean("ndvi"))
    assert made.pixels[1] == 64


def test_written_indices_repeat_and_carry_their_scale(scene, tmp_path):
    write_indices(scene, tmp_path / "a.tif", Threads(1))
    write_indices(scene, tmp_path / "b.tif", Threads(3))
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
    block = index_blocks.blocks_of(scene)[0]
    made = read_indices(scene, block)
    with rasterio.open(tmp_path / "a.tif") as dataset:
        assert dataset.descriptions == (*FOUR, "reason")
        assert dataset.scales[0] == 1e-4
        np.testing.assert_array_equal(
            dataset.read([1, 2, 3, 4], window=block.window).reshape(4, -1), made.values
        )
        assert dataset.read(5)[5, 20] == 4


def test_a_truncated_scene_leaves_nothing_half_written(scene, tmp_path):
    content = scene.path.read_bytes()
    scene.path.write_bytes(content[: len(content) // 2])
    with pytest.raises(RasterioIOError):
        write_indices(scene, tmp_path / "made.tif")
    assert [path.name for path in tmp_path.iterdir()] == ["scene.tif"]


def test_the_work_on_a_block_travels_to_another_process(scene):
    block = index_blocks.blocks_of(scene)[0]
    work = pickle.loads(pickle.dumps(partial(index_blocks._summary, scene)))
    np.testing.assert_array_equal(work(block).totals, index_blocks._summary(scene, block).totals)
