"""Landsat 7 over Olinda: digital numbers are no reflectance; a DEM in another, un-coded system.

And chips in red, green and blue, with which no mangrove map can be made.
"""

import datetime as dt

import numpy as np
import pytest

from bluecarbon.mrv.alignment import align
from bluecarbon.mrv.datasets import open_dataset
from bluecarbon.mrv.scenes import read_scene, scene_grid
from bluecarbon.project import Imagery, Scene

pytestmark = pytest.mark.real

SIX = ("blue", "green", "red", "nir", "swir1", "swir2")


@pytest.fixture
def image(real_data):
    return real_data / "landsat7_olinda_brazil" / "L7_ETMs.tif"


def imagery(path, **settings):
    scene = Scene(path=str(path), date=dt.date(2002, 1, 1))
    return Imagery(**({"bands": SIX, "scale": 0.01, "scene": (scene,)} | settings)), scene


def test_digital_numbers_are_refused_by_the_header(image):
    settings, _ = imagery(image)
    _, found = scene_grid(image, settings, image.name)
    assert [f.code for f in found] == ["scene-digital-numbers"]


@pytest.mark.parametrize("scale", [1.0, 0.1])
def test_digital_numbers_are_refused_by_their_size(image, scale):
    settings, scene = imagery(image, scale=scale)
    grid, _ = scene_grid(image, settings, image.name)
    data, found = read_scene(image, scene, settings, grid)
    assert data is None
    assert [f.code for f in found] == ["scene-digital-numbers"]


def test_the_elevation_comes_to_the_image_by_a_rule_only(real_data, image):
    place = real_data / "landsat7_olinda_brazil" / "olinda_dem_utm25s.tif"
    scene, _ = open_dataset(image)
    height, found = open_dataset(place)
    assert found == ()
    layer = height.dataset["values"].isel(band=0)
    refused, found = align(layer, scene.grid, None, kind="reflectance", fill=np.nan)
    assert refused is None
    assert [f.code for f in found] == ["grid-differs"]
    made, found = align(layer, scene.grid, "bilinear", kind="reflectance", fill=np.nan)
    assert [f.code for f in found] == ["raster-resampled"]
    assert made.shape == (scene.grid.height, scene.grid.width)
    own = layer.values[np.isfinite(layer.values)]
    assert np.nanmin(made) >= own.min()
    assert np.nanmax(made) <= own.max()


def test_a_picture_in_red_green_and_blue_is_refused(real_data):
    (path,) = (real_data / "s2_rgb_only_chips").glob("*.tif")
    settings, _ = imagery(path, scale=1e-4)
    _, found = scene_grid(path, settings, path.name)
    assert [f.code for f in found] == ["scene-rgb-only"]
