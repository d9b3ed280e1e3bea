"""A coordinate system by its code where that is sure, else by its name: PROJ guesses freely."""

import pytest
from affine import Affine
from rasterio.crs import CRS

from bluecarbon.mrv.rasters import Grid
from bluecarbon.mrv.regrid import described

UTM_25_SOUTH = CRS.from_epsg(32725).to_wkt()
UNCODED = UTM_25_SOUTH.replace(',AUTHORITY["EPSG","32725"]', "").replace("UTM zone 25S", "U25")


def grid(crs):
    return Grid(crs, Affine(10, 0, 290_000, 0, -10, 9_110_000), 4, 4)


@pytest.mark.parametrize("code", [4326, 32725, 32649, 3857, 6933])
def test_a_sure_code(code):
    assert described(grid(CRS.from_epsg(code))).startswith(f"EPSG:{code}, pixels")


def test_what_only_resembles_a_code_is_named_as_it_was_written():
    crs = CRS.from_wkt(UNCODED)
    assert crs.to_epsg() is not None  # the guess that is not to be printed
    assert described(grid(crs)).startswith("WGS 84 / U25 (without EPSG code), pixels")


def test_a_system_without_a_name():
    crs = CRS.from_string("+proj=laea +lat_0=-8 +lon_0=-35")
    assert described(grid(crs)).startswith("a coordinate system without code, pixels")
