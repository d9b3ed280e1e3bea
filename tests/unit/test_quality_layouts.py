"""Landsat flags read by the layout of another generation are refused, not decoded to nonsense."""

import numpy as np
import pytest
from support import small_coast as coast

from bluecarbon.mrv.quality_bits import LAYOUTS, impossible, layouts_of
from bluecarbon.mrv.scene_arguments import Declared, scene_set
from bluecarbon.mrv.scenes import read_scene

OWN = {
    # common pixel values of the three guides: clear, water, cloud, shadow, snow, cirrus
    "landsat-c2-qa-pixel": (21824, 21888, 21952, 21826, 22080, 22280, 23888, 24088, 30048, 54596),
    "landsat-c1-bqa": (2720, 2724, 2722, 2752, 2800, 2976, 3008, 3744, 6816, 6896),
    "landsat-pre-collection-bqa": (20480, 20484, 20512, 23552, 28672, 36864, 53248, 61440),
}
BANDS = ("green", "red", "nir", "swir1", "qa_pixel")


@pytest.mark.parametrize("name", LAYOUTS)
def test_no_layout_calls_its_own_numbers_impossible(name):
    assert not impossible(name)[[0, 1, *OWN[name]]].any()
    assert name in layouts_of(np.array(OWN[name], np.uint16), 0.0)


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("other", LAYOUTS)
def test_clear_ground_of_one_layout_is_impossible_in_the_others(name, other):
    clear = OWN[other][0]
    assert bool(impossible(name)[clear]) is (name != other)


def judged(folder, legend, numbers):
    path = folder / "LC08_2017-04-10.tif"
    rng = np.random.default_rng(3)
    layers = rng.integers(7_500, 20_000, (5, 40, 40)).astype(np.uint16)
    layers[4] = rng.choice(np.array(numbers, np.uint16), (40, 40))
    coast.write_raster(path, layers)
    settings = {"sensor": "landsat-c2-l2", "mask_legend": legend}
    made, _ = scene_set([str(path)], Declared(BANDS, settings))
    ((path, scene),) = made.scenes
    return read_scene(path, scene, made.imagery, made.grid, judged=False)


@pytest.mark.parametrize("legend", LAYOUTS)
@pytest.mark.parametrize("truth", LAYOUTS)
def test_a_scene_is_read_by_its_own_layout_only(tmp_path, legend, truth):
    data, found = judged(tmp_path, legend, (1, *OWN[truth]))
    if legend == truth:
        assert data is not None
        assert found == ()
        return
    assert data is None
    (finding,) = found
    assert finding.code == "scene-mask-layout"
    assert f"as in {truth}" in finding.message


def test_a_few_odd_pixels_are_no_other_layout(tmp_path):
    numbers = (*[21824] * 4000, 2720)
    assert judged(tmp_path, "landsat-c2-qa-pixel", numbers)[0] is not None


def test_numbers_of_no_layout(tmp_path):
    _, (finding,) = judged(tmp_path, "landsat-c1-bqa", [0xAFFE])
    assert finding.message.endswith("they are of no known layout")
