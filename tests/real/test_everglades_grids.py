"""Everglades: class maps and images on different grids, brought together by a declared rule."""

import numpy as np
import pytest

from bluecarbon.mrv.alignment import align
from bluecarbon.mrv.area import pixel_area_ha
from bluecarbon.mrv.class_maps import read_codes
from bluecarbon.mrv.datasets import open_dataset
from bluecarbon.mrv.rasters import Grid

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def folder(real_data):
    return real_data / "everglades_landsat_soc"


def test_the_extent_on_the_grid_of_the_images(folder):
    extent, _ = open_dataset(folder / "gmw_v3_1996_2020.tif")
    image, _ = open_dataset(folder / "dem_srtm.tif")
    assert not extent.grid.shares_lattice_with(image.grid)
    layer = extent.dataset["values"].sel(band="gmw_2020")
    assert align(layer, image.grid, None, kind="classes", fill=255)[1][0].code == "grid-differs"
    own = areas_ha(layer.values == 1, extent.grid)
    # A majority over 1.3 pixels favours whoever holds more of a corner: it does not keep areas,
    # and is here 1.1 % above them. The nearest pixel has no such preference.
    for rule, tolerance in (("nearest", 0.002), ("mode", 0.015)):
        made, _ = align(layer, image.grid, rule, kind="classes", fill=255)
        assert set(np.unique(made)) <= {0, 1, 255}
        assert areas_ha(made.values == 1, image.grid) == pytest.approx(own, rel=tolerance)


def areas_ha(mask, grid):
    return float((mask * pixel_area_ha(grid)).sum())


def test_no_data_that_is_a_class_is_said(folder):
    path = folder / "gmw_v3_1996_2020.tif"
    opened, _ = open_dataset(path)
    part = Grid(opened.grid.crs, opened.grid.transform, 200, 200)
    _, found = read_codes(path, part, {0: 6, 1: 1}, band=1, subject=path.name)
    assert [f.code for f in found] == ["class-map-nodata-is-class"]


def test_scaled_bytes_are_not_reflectance(folder):
    opened, _ = open_dataset(folder / "landsat_gfc_2014_toa_byte.tif")
    assert opened.dataset["values"].dtype == np.uint8
    assert opened.dataset["values"].attrs["nodata"] == 255
