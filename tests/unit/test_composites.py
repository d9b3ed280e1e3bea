"""Composites of files: seasons, blocks, masks, scale; and the same bytes whoever computes them."""

import datetime as dt
import pickle
from functools import partial

import numpy as np
import pytest
import rasterio
from rasterio.errors import RasterioIOError
from support import small_coast as coast

from bluecarbon.mrv.blocks import Threads
from bluecarbon.mrv.composites import (
    SEASONS,
    CompositeScene,
    blocks_of,
    composite_block,
    composite_of,
    composites,
    grouped,
    season_year,
    write_composite,
)
from bluecarbon.mrv.quality_bits import SCL, reason_table
from bluecarbon.mrv.reasons import REASONS
from bluecarbon.mrv.scenes import SceneData, composite

TABLE = tuple(int(code) for code in reason_table(SCL))
DATES = [dt.date(2020, month, 5) for month in (2, 5, 8, 11)]
SIDE = 40


@pytest.fixture
def scenes(tmp_path):
    found = []
    for number, date in enumerate(DATES):
        numbers = coast.scene_numbers(2020, number)
        numbers[6, number * 8 : number * 8 + 12] = coast.CLOUD
        numbers[6, 39, :3] = coast.CLOUD
        numbers[:6, :, number] = 0
        path = tmp_path / f"{date}.tif"
        coast.write_raster(path, numbers, tiled=True, blockxsize=16, blockysize=16, nodata=0)
        bands = (2, 3, 4)
        found.append(CompositeScene(path, date, bands, 1e-4, 0.0, 7, TABLE))
    return found


def whole(parts):
    made = np.full((3, SIDE, SIDE), -9.0, np.float32)
    seen = np.zeros((SIDE, SIDE), np.uint16)
    why = np.zeros((SIDE, SIDE), np.uint8)
    for block, part in parts:
        made[:, *block.slices] = part.reflectance
        seen[block.slices], why[block.slices] = part.observations, part.reason
    return made, seen, why


def by_numpy(scenes, share):
    layers = []
    for scene in scenes:
        with rasterio.open(scene.path) as dataset:
            numbers, mask = dataset.read([2, 3, 4]).astype(np.float64), dataset.read(7)
        bad = (np.array(TABLE)[mask] > 0) | (numbers == 0).any(axis=0)
        layers.append(np.where(bad, np.nan, numbers * 1e-4))
    stack = np.array(layers)
    seen = np.isfinite(stack[:, 0]).sum(axis=0)
    filled = np.where(seen > 0, stack, 0)
    return np.where(seen > 0, np.nanquantile(filled, share, axis=0), np.nan), seen


@pytest.mark.parametrize(("statistic", "percent"), [("median", 50), ("percentile", 25)])
def test_blocks_give_what_numpy_gives_on_the_whole(scenes, monkeypatch, statistic, percent):
    # blocks of one tile each
    monkeypatch.setattr("bluecarbon.mrv.composites.STACK_BYTES_MOST", 16 * 16 * 4 * 3 * 2)
    parts = list(composites(scenes, statistic, percent=percent))
    assert len(parts) == 9
    made, seen, why = whole(parts)
    expected, count = by_numpy(scenes, percent / 100)
    np.testing.assert_allclose(made, expected, rtol=2e-6)
    np.testing.assert_array_equal(seen, count)
    assert ((seen == 0) == (why > 0)).all()
    assert REASONS[why[39, 1]] == "cloud"


@pytest.mark.parametrize("statistic", ["median", "geometric-median"])
def test_order_runner_and_block_size_change_nothing(scenes, monkeypatch, statistic):
    first = whole(composites(scenes, statistic, runner=Threads(1)))
    monkeypatch.setattr("bluecarbon.mrv.composites.STACK_BYTES_MOST", 10_000)
    again = whole(composites(scenes[::-1], statistic, runner=Threads(3)))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_scenes_of_different_baselines_meet_in_reflectance(scenes):
    plain = whole(composites(scenes, "median"))[0]
    with rasterio.open(scenes[0].path, "r+") as dataset:
        numbers = dataset.read()
        numbers[:6] = np.where(numbers[:6] > 0, numbers[:6] + 1000, 0)
        dataset.write(numbers)
    newer = CompositeScene(scenes[0].path, DATES[0], (2, 3, 4), 1e-4, -0.1, 7, TABLE)
    mixed = whole(composites([newer, *scenes[1:]], "median"))[0]
    np.testing.assert_allclose(mixed, plain, atol=1e-6)


def test_the_composite_of_files_is_that_of_scenes_in_memory(scenes):
    stack, reasons = [], []
    for scene in scenes:
        with rasterio.open(scene.path) as dataset:
            numbers, mask = dataset.read([2, 3, 4]), dataset.read(7)
        reason = np.array(TABLE, np.uint8)[mask]
        reason[(numbers == 0).any(axis=0)] = 1
        stack.append(numbers.astype(np.float32) * np.float32(1e-4))
        reasons.append(reason)
    made = composite_of(np.array(stack), np.array(reasons), "median")
    files = whole(composites(scenes, "median"))
    np.testing.assert_allclose(made.reflectance, files[0], rtol=1e-6)
    np.testing.assert_array_equal(made.observations, files[1])
    data = [
        SceneData(s.path.name, s.date, 2020, np.where(r > 0, np.nan, v).astype(np.float32), r)
        for s, v, r in zip(scenes, stack, reasons, strict=True)
    ]
    for statistic in ("median", "percentile"):
        other = composite(data, ("green", "red", "nir"), statistic=statistic)
        np.testing.assert_allclose(other.reflectance, made.reflectance, rtol=1e-6)
        np.testing.assert_array_equal(other.reason, made.reason)


def test_a_written_composite_says_its_reasons_and_repeats(scenes, tmp_path):
    names = ("green", "red", "nir")
    counts = write_composite(scenes, tmp_path / "a.tif", names=names)
    write_composite(scenes[::-1], tmp_path / "b.tif", names=names, runner=Threads(1))
    assert sum(counts.values()) == SIDE * SIDE
    assert counts["cloud"] == 3
    with rasterio.open(tmp_path / "a.tif") as one, rasterio.open(tmp_path / "b.tif") as other:
        assert one.descriptions == (*names, "observations")
        np.testing.assert_array_equal(one.read(), other.read())
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


def test_a_truncated_scene_leaves_nothing_half_written(scenes, tmp_path):
    content = scenes[2].path.read_bytes()
    scenes[2].path.write_bytes(content[: len(content) // 2])
    before = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(RasterioIOError):
        write_composite(scenes, tmp_path / "made.tif")
    assert {path.name for path in tmp_path.iterdir()} == before


def test_no_scenes_no_blocks():
    assert list(composites([])) == []


@pytest.mark.parametrize(
    ("date", "season", "year"),
    [
        (dt.date(2020, 7, 1), "annual", 2020),
        (dt.date(2020, 12, 31), "winter", 2021),
        (dt.date(2021, 2, 1), "winter", 2021),
        (dt.date(2021, 11, 3), "dry-north", 2022),
        (dt.date(2022, 4, 30), "dry-north", 2022),
        (dt.date(2022, 6, 1), "summer", 2022),
    ],
)
def test_a_season_over_new_year_is_named_after_its_january(date, season, year):
    assert season_year(date, SEASONS[season]) == year


def test_scenes_are_grouped_by_season():
    dates = [dt.date(2020, 12, 1), dt.date(2021, 1, 9), dt.date(2021, 6, 1), dt.date(2021, 12, 2)]
    assert grouped(dates, SEASONS["winter"]) == {2021: (0, 1), 2022: (3,)}
    assert grouped(dates, SEASONS["annual"]) == {2020: (0,), 2021: (1, 2, 3)}


def test_the_work_on_a_block_travels_to_another_process(scenes):
    block = blocks_of(scenes)[0]
    work = partial(composite_block, tuple(scenes), "median", 50.0)
    sent = pickle.loads(pickle.dumps(work))
    np.testing.assert_array_equal(sent(block).reflectance, work(block).reflectance)
