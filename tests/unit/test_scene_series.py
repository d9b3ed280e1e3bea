"""What only several scenes show: an offset in a part of them, the same ground on one day."""

import numpy as np
import pytest
from support import small_coast as coast
from support.demo_ground import measured

from bluecarbon.mrv.inputs import read_inputs
from bluecarbon.mrv.progress import silent
from bluecarbon.mrv.scene_series import DarkLevels, clipped_findings, dark_levels, offset_findings
from bluecarbon.spec import errors_in

CODE = "scene-offset-step"
WATER = np.array([0.06, 0.05, 0.03, 0.02, 0.01, 0.01])


def named(found, code):
    return [f.subject for f in found if f.code == code]


def read(folder, table):
    return read_inputs(coast.project(folder, table), silent)


def test_scenes_of_two_baselines_declared_as_reflectance(tmp_path):
    table = coast.write_coast(tmp_path)
    newer = table["imagery"]["scene"][-1]["path"]
    numbers = coast.scene_numbers(2020, 9)
    numbers[:6] += 1000
    coast.write_raster(tmp_path / newer, numbers)
    inputs, found = read(tmp_path, table)
    assert inputs is not None
    assert named(found, CODE) == [newer]
    (finding,) = [f for f in found if f.code == CODE]
    assert "0.10 brighter in every band" in finding.message
    assert "processing_baseline" in finding.fix


def test_sound_scenes_are_not_suspected(tmp_path):
    assert named(read(tmp_path, coast.write_coast(tmp_path))[1], CODE) == []
    assert named(measured()[1], CODE) == []


@pytest.mark.parametrize(
    ("levels", "suspected"),
    [
        (WATER + 0.1, True),
        (WATER + np.linspace(0.07, 0.12, 6), True),
        # haze is in the blue, not in the infrared
        (WATER + np.linspace(0.13, 0.0, 6), False),
        (WATER + 0.03, False),
        (WATER + 0.3, True),
        # a scene without water or shadow, but with leaves
        (np.array([0.02, 0.04, 0.02, 0.2, 0.12, 0.05]), False),
    ],
    ids=["offset", "about", "haze", "season", "far", "leaves"],
)
def test_a_step_is_the_same_in_every_band(levels, suspected):
    found = offset_findings([DarkLevels("a.tif", WATER), None, DarkLevels("b.tif", levels)])
    assert named(found, CODE) == (["b.tif"] if suspected else [])


def test_an_offset_in_all_scenes_is_seen_by_their_darkness():
    found = offset_findings([DarkLevels(name, WATER + 0.1) for name in ("a.tif", "b.tif")])
    assert named(found, CODE) == ["a.tif", "b.tif"]
    assert offset_findings([None]) == ()


def test_dark_levels_are_of_clear_pixels():
    light = np.full((2, 10, 10), 0.4)
    light[:, :5] = 0.02
    reason = np.zeros((10, 10), np.uint8)
    assert dark_levels(light, reason, "a").levels == pytest.approx(0.02)
    reason[:5] = 3
    assert dark_levels(light, reason, "a").levels == pytest.approx(0.4)
    assert dark_levels(light, reason + 1, "a") is None


def test_an_offset_that_is_taken_off_twice_is_named(tmp_path):
    table = coast.write_coast(tmp_path)
    del table["imagery"]["scale"]
    table["imagery"]["sensor"] = "sentinel2-l2a"
    for scene in table["imagery"]["scene"]:
        scene["processing_baseline"] = "harmonised"
    table["imagery"]["scene"][0]["processing_baseline"] = "05.09"
    _, found = read(tmp_path, table)
    assert named(found, "scene-clipped") == [table["imagery"]["scene"][0]["path"]]
    assert clipped_findings(np.zeros((4, 0)), "a") == ()


def place(columns):
    """The grid of the coast, moved east by so many columns."""
    return coast.grid(left=coast.LEFT_M + coast.PIXEL_M * columns)


@pytest.mark.parametrize(("columns", "warned"), [(0, True), (8, True), (30, False)])
def test_one_day_twice_is_a_warning_on_the_same_ground_only(tmp_path, columns, warned):
    table = coast.write_coast(tmp_path)
    first, second = table["imagery"]["scene"][:2]
    second["date"] = first["date"]
    coast.write_raster(tmp_path / second["path"], coast.scene_numbers(2015, 7), place(columns))
    found = read(tmp_path, table)[1]
    assert named(found, "scene-date-twice") == ([second["path"]] if warned else [])


def test_a_scene_of_no_data_is_named(tmp_path):
    table = coast.write_coast(tmp_path)
    path = table["imagery"]["scene"][0]["path"]
    coast.write_raster(tmp_path / path, np.zeros((7, 40, 40), np.uint16), nodata=0)
    inputs, found = read(tmp_path, table)
    assert named(found, "scene-all-cloud") == [path]
    assert errors_in(found) == ()
    assert inputs is not None
