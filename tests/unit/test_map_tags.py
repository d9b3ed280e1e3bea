"""What QGIS and GDAL read off a class map and a raster of values: names, units, overviews."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.shutil import copy

from bluecarbon.mrv.class_maps import LEGEND
from bluecarbon.mrv.map_tags import write_category_names
from bluecarbon.mrv.rasters import Grid, write_class_map, write_values

GRID = Grid(CRS.from_epsg(32649), Affine(10, 0, 400_000, 0, -10, 2_350_000), 700, 600)


@pytest.fixture
def class_map(tmp_path):
    codes = np.random.default_rng(3).choice([0, 1, 2, 255], size=(700, 600)).astype(np.uint8)
    path = tmp_path / "classes.tif"
    write_class_map(path, codes, GRID, LEGEND, colours={1: (1, 2, 3, 255)}, long_name="cover 2020")
    return path


def test_gdal_finds_class_names_beside_the_map(class_map, tmp_path):
    write_category_names(class_map, LEGEND)
    # GDAL writes into a virtual raster what it knows of the file.
    copy(class_map, tmp_path / "seen.vrt", driver="VRT")
    seen = (tmp_path / "seen.vrt").read_text().split("<Category>")
    names = [part.split("</Category>")[0] for part in seen[1:]]
    assert names[1] == "mangrove"
    assert names[5] == "upland_forest"
    assert len(seen) > 200


def test_the_meaning_of_a_class_map_is_in_its_tags(class_map):
    with rasterio.open(class_map) as source:
        assert source.descriptions == ("cover 2020",)
        assert source.tags()["class_001"] == "mangrove"
        meaning = source.tags(1)
        assert source.overviews(1) == [2, 4]
    names = dict(zip(meaning["flag_values"].split(), meaning["flag_meanings"].split(), strict=True))
    assert names["5"] == "upland_forest"
    assert meaning["units"] == "1"


def test_values_carry_unit_and_name_by_band(tmp_path):
    values = np.ones((2, 700, 600), np.float32)
    write_values(tmp_path / "s.tif", values, GRID, bands=("biomass", "soil"), unit="t C/ha")
    with rasterio.open(tmp_path / "s.tif") as source:
        assert source.units == ("t C/ha", "t C/ha")
        assert source.descriptions == ("biomass", "soil")
        assert source.tags(2)["long_name"] == "soil"
        assert source.overviews(2) == [2, 4]


def test_numbers_that_a_name_table_cannot_hold_are_left_to_the_tags(class_map):
    assert write_category_names(class_map, {-1: "a", 300: "b"}) is None
    beside = write_category_names(class_map, {0: "a", 2: "c & d"})
    assert beside.read_text().count("<Category") == 4  # the list and its three places
    assert "c &amp; d" in beside.read_text()


def test_the_same_names_are_the_same_bytes(class_map):
    first = write_category_names(class_map, LEGEND).read_bytes()
    assert write_category_names(class_map, dict(reversed(LEGEND.items()))).read_bytes() == first
