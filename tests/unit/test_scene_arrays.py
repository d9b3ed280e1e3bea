"""Scenes as data sets: the reflectance, indices and composites that the engines make of files."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
from support import dated_maps as kit

from bluecarbon.errors import DataError
from bluecarbon.mrv import scene_arrays
from bluecarbon.mrv.arrays import grid_of, to_dataarray
from bluecarbon.mrv.blocks import Threads
from bluecarbon.mrv.composites import CompositeScene, composites
from bluecarbon.mrv.indices import compute_index
from bluecarbon.mrv.quality_bits import SCL, reason_table
from bluecarbon.mrv.scene_arrays import (
    SceneNumbers,
    composite_of_scenes,
    indices_of,
    open_scenes,
    scene_dataset,
)
from bluecarbon.mrv.scenes import SceneData, composite
from bluecarbon.project import Imagery

PLACE = kit.grid(70, 90)
BANDS = ("green", "red", "nir", "swir1")
DATES = [dt.date(2019, 10, day) for day in (3, 11, 20)]


def numbers(seed=5):
    """(scenes, bands + quality, rows, columns): ten-thousandths, frames of 0, clouds."""
    rng = np.random.default_rng(seed)
    values = rng.integers(200, 4000, (3, 5, 70, 90)).astype(np.uint16)
    values[:, 4] = rng.choice([4, 5, 6, 8, 9], (3, 70, 90))
    values[0, :, :6] = 0
    return values


def write_scenes(folder):
    folder.mkdir(exist_ok=True)
    names = [f"scene_{date:%Y%m%d}.tif" for date in DATES]
    for name, values in zip(names, numbers(), strict=True):
        kit.write(folder / name, values, PLACE)
    declared = [{"path": n, "date": d, "epoch": 2019} for n, d in zip(names, DATES, strict=True)]
    settings = {"bands": (*BANDS, "scl"), "scale": 1e-4, "mask_band": "scl", "mask_legend": SCL}
    return Imagery(scene=tuple(declared), **settings)


def raw_dataset():
    layers = zip((*BANDS, "scl"), numbers().swapaxes(0, 1), strict=True)
    made = {name: to_dataarray(values, PLACE, name).rename(band="time") for name, values in layers}
    return xr.Dataset(made).assign_coords(time=np.array(DATES, "datetime64[ns]"))


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenes") / "in"
    dataset, found = open_scenes(write_scenes(folder), folder)
    assert found == ()
    return dataset


def test_scenes_are_reflectance_with_a_reason_for_every_gap(opened):
    assert list(opened.data_vars) == [*BANDS, "reason"]
    values, mask = numbers()[:, :4], numbers()[:, 4]
    clear = np.isin(mask, [4, 5, 6]) & (values > 0).all(axis=1)
    assert np.array_equal(opened["reason"].values == 0, clear)
    expected = np.where(clear, values[:, 2].astype(np.float32) * np.float32(1e-4), np.nan)
    assert np.array_equal(opened["nir"].values, expected, equal_nan=True)
    assert grid_of(opened) == PLACE
    assert opened["epoch"].values.tolist() == [2019] * 3


@pytest.mark.parametrize("statistic", ["median", "percentile", "geometric-median"])
def test_the_composite_is_that_of_a_run(opened, statistic):
    scenes = [
        SceneData(
            str(name), date, 2019, np.stack([one[b].values for b in BANDS]), one["reason"].values
        )
        for name, date, one in zip(
            opened["scene"].values, DATES, (opened.isel(time=i) for i in range(3)), strict=True
        )
    ]
    expected = composite(scenes, BANDS, statistic=statistic, percent=30.0)
    made = composite_of_scenes(opened, statistic, percent=30.0)
    for name in BANDS:
        assert np.array_equal(made[name], expected.band(name), equal_nan=True)
    assert np.array_equal(made["observations"], expected.observations)
    assert np.array_equal(made["reason"], expected.reason)


@pytest.mark.parametrize("statistic", ["median", "percentile", "geometric-median"])
def test_digital_numbers_give_what_their_files_give(tmp_path, statistic):
    write_scenes(tmp_path / "in")
    files = [
        CompositeScene(
            tmp_path / f"in/scene_{date:%Y%m%d}.tif",
            date,
            (1, 2, 3, 4),
            scale=1e-4,
            mask_band=5,
            mask_table=tuple(reason_table(SCL).tolist()),
        )
        for date in DATES
    ]
    ((_, expected),) = composites(files, statistic, percent=70.0)
    how = SceneNumbers(scale=1e-4, mask="scl")
    made = composite_of_scenes(raw_dataset(), statistic, percent=70.0, numbers=how)
    stack = np.stack([made[name].values for name in BANDS])
    assert np.array_equal(stack, expected.reflectance, equal_nan=True)
    assert np.array_equal(made["observations"], expected.observations)
    assert np.array_equal(made["reason"], expected.reason)


def test_blocks_threads_order_and_laziness_change_nothing(opened, monkeypatch):
    whole = composite_of_scenes(opened)
    monkeypatch.setattr(scene_arrays, "TILE_PX", 32)
    monkeypatch.setattr(scene_arrays, "STACK_BYTES_MOST", 100_000)
    for form in (opened, opened.isel(time=[2, 0, 1]), opened.chunk({"time": 1, "y": 20})):
        assert composite_of_scenes(form, runner=Threads(3)).equals(whole)


def test_gaps_need_no_reason(opened):
    bare = composite_of_scenes(opened.drop_vars("reason"))
    assert bare[list(BANDS)].equals(composite_of_scenes(opened)[list(BANDS)])
    assert set(np.unique(bare["reason"])) <= {0, 1}


def test_indices_are_those_of_the_bands(opened):
    made = indices_of(opened, ["ndvi", "mvi"])
    bands = {name: opened[name].values for name in BANDS}
    for name in ("ndvi", "mvi"):
        assert np.array_equal(made[name], compute_index(name, bands), equal_nan=True)
        assert made[name].dims == ("time", "y", "x")
    assert grid_of(made) == grid_of(made["mvi"]) == PLACE
    assert made["ndvi"].attrs["long_name"] == "(NIR - R) / (NIR + R)"
    lazy = indices_of(opened.chunk({"y": 20}), ["ndvi"])
    assert lazy["ndvi"].chunks is not None
    assert np.array_equal(lazy["ndvi"], made["ndvi"], equal_nan=True)


def test_unknown_indices_and_missing_bands_are_told_together(opened):
    with pytest.raises(DataError) as caught:
        indices_of(opened, ["ndvj", "evi"])
    codes = [finding.code for finding in caught.value.findings]
    assert codes == ["index-unknown", "index-band-missing"]


def test_a_composite_needs_bands_in_time_and_its_quality_band(opened):
    with pytest.raises(DataError, match="axis time"):
        composite_of_scenes(opened.isel(time=0))
    with pytest.raises(DataError, match="no variable 'qa'"):
        composite_of_scenes(raw_dataset(), numbers=SceneNumbers(mask="qa"))
    with pytest.raises(DataError, match="coordinate system"):
        composite_of_scenes(opened.drop_vars("spatial_ref"))


def test_every_scene_that_cannot_be_used_is_named(tmp_path):
    folder = tmp_path / "in"
    imagery = write_scenes(folder)
    first, second, third = (folder / scene.path for scene in imagery.scene)
    first.write_bytes(first.read_bytes()[:2000])
    kit.write(second, numbers()[0], kit.grid(70, 90, left=400_003.0))
    with rasterio.open(third, "r+") as file:
        file.write(np.full((70, 90), 60_000, np.uint16), 3)
        file.write(np.full((70, 90), 4, np.uint16), 5)
    dataset, found = open_scenes(imagery, folder)
    assert dataset is None
    named = {finding.subject: finding.code for finding in found if finding.severity == "error"}
    assert named == {
        first.name: "scene-unreadable",
        second.name: "scene-grid-differs",
        third.name: "scene-digital-numbers",
    }
    assert all(finding.fix for finding in found)


def test_scenes_on_other_grids_follow_the_rule(tmp_path):
    imagery = write_scenes(tmp_path / "in")
    other = tmp_path / "in" / imagery.scene[1].path
    kit.write(other, numbers()[1], kit.grid(70, 90, left=400_003.0))
    dataset, found = open_scenes(imagery, tmp_path / "in", rule="nearest")
    assert not [finding for finding in found if finding.severity == "error"]
    assert grid_of(dataset) == PLACE


def test_scenes_in_memory_become_a_data_set():
    scene = SceneData(
        "a", DATES[0], 2019, np.ones((4, 70, 90), np.float32), np.zeros((70, 90), np.uint8)
    )
    made = scene_dataset([scene, scene], BANDS, PLACE)
    assert made.sizes == {"time": 2, "y": 70, "x": 90}
    assert made["reason"].attrs["flag_meanings"].startswith("valid nodata")
    assert Path(str(made["scene"].values[0])).name == "a"
