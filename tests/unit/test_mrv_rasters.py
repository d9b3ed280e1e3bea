"""Grids, windows, and class maps whose bytes repeat."""

import math

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from support import small_coast as coast

from bluecarbon.errors import OutputError
from bluecarbon.mrv.change_map import CHANGE_LEGEND
from bluecarbon.mrv.class_maps import LEGEND, legend_codes, read_codes
from bluecarbon.mrv.rasters import (
    Grid,
    opened,
    read_grid,
    read_window,
    write_class_map,
    write_values,
)

GRID = coast.grid()


def test_bounds_and_pixel_size():
    assert GRID.pixel_size == (10.0, 10.0)
    assert GRID.bounds == (370_000.0, 2_379_600.0, 370_400.0, 2_380_000.0)


def test_cut_is_the_smallest_window_that_covers():
    part = GRID.cut((370_011.0, 2_379_955.0, 370_039.0, 2_379_989.0))
    assert (part.height, part.width) == (4, 3)
    assert GRID.offset_of(part) == (1, 1)
    assert GRID.slices_of(part) == (slice(1, 5), slice(1, 4))


def test_cut_on_pixel_edges_takes_no_row_more():
    assert GRID.cut(GRID.bounds) == GRID


def test_cut_may_reach_beyond_the_raster():
    part = GRID.cut((369_950.0, 2_379_600.0, 370_450.0, 2_380_100.0))
    assert (part.height, part.width) == (50, 50)
    assert GRID.offset_of(part) == (-10, -5)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (coast.grid(left=coast.LEFT_M + 500), True),
        (coast.grid(left=coast.LEFT_M + 5), False),
        (coast.grid(epsg=32650), False),
        (coast.grid(pixel=20.0), False),
        (coast.grid(pixel=10.001), False),
    ],
)
def test_lattices_are_shared_when_pixels_coincide(other, same):
    assert GRID.shares_lattice_with(other) is same
    assert other.shares_lattice_with(GRID) is same


def test_places_in_degrees_fall_into_their_pixels():
    longitude, latitude = coast.degrees([0.5, 39.25, 41.0], [10.5, 0.75, 3.0])
    row, column = GRID.pixels_of(np.array(longitude), np.array(latitude))
    np.testing.assert_allclose(row, [10.5, 0.75, 3.0], atol=1e-6)
    np.testing.assert_allclose(column, [0.5, 39.25, 41.0], atol=1e-6)
    assert GRID.holds(row, column).tolist() == [True, True, False]


def test_footprint_is_the_outline_in_degrees():
    west, south, east, north = GRID.footprint().bounds
    longitude, latitude = coast.degrees([0, 40, 40, 0], [0, 0, 40, 40])
    assert (west, east) == pytest.approx((min(longitude), max(longitude)), abs=1e-9)
    assert (south, north) == pytest.approx((min(latitude), max(latitude)), abs=1e-9)


def test_read_window_pastes_what_the_file_has(tmp_path):
    values = np.arange(2 * 40 * 40, dtype=np.int32).reshape(2, 40, 40)
    coast.write_raster(tmp_path / "a.tif", values)
    window = GRID.cut((369_980.0, 2_379_960.0, 370_020.0, 2_380_020.0))
    with opened(tmp_path / "a.tif") as dataset:
        both = read_window(dataset, window, -1)
        second = read_window(dataset, window, -1, bands=[2])
        apart = read_window(dataset, coast.grid(left=coast.LEFT_M + 4000), -1)
    assert both.shape == (2, 6, 4)
    np.testing.assert_array_equal(both[:, 2:, 2:], values[:, :4, :2])
    assert (both[:, :2] == -1).all()
    assert (both[:, :, :2] == -1).all()
    np.testing.assert_array_equal(second[0], both[1])
    assert (apart == -1).all()


def test_headers_are_judged(tmp_path):
    values = np.ones((1, 40, 40), dtype=np.uint8)
    turned = Grid(CRS.from_epsg(32649), Affine(7, 7, 370_000.0, 7, -7, 2_380_000.0), 40, 40)
    coast.write_raster(tmp_path / "turned.tif", values, turned)
    coast.write_raster(tmp_path / "nowhere.tif", values, crs=None)
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        coast.write_raster(tmp_path / "bare.tif", values, crs=None, transform=None)
    (tmp_path / "text.tif").write_text("no raster")
    codes = {
        name: [f.code for f in read_grid(tmp_path / name, name, what="scene")[1]]
        for name in ("turned.tif", "nowhere.tif", "bare.tif", "text.tif")
    }
    assert codes == {
        "turned.tif": ["scene-rotated"],
        "nowhere.tif": ["scene-no-crs"],
        "bare.tif": ["scene-no-crs", "scene-not-georeferenced"],
        "text.tif": ["scene-unreadable"],
    }
    assert read_grid(tmp_path / "text.tif", "text.tif", what="scene")[0] is None


def test_complex_numbers_are_refused(tmp_path):
    values = np.ones((1, 40, 40), dtype=np.complex64)
    coast.write_raster(tmp_path / "radar.tif", values)
    grid, (finding,) = read_grid(tmp_path / "radar.tif", "radar.tif", what="label-raster")
    assert grid is None
    assert (finding.code, finding.subject) == ("label-raster-complex", "radar.tif")


@pytest.mark.parametrize(("bad", "named"), [(np.inf, "inf"), (1.5, "1.5"), (-1.0, "-1")])
def test_a_class_map_with_numbers_that_are_no_codes(tmp_path, bad, named):
    values = np.ones((1, 40, 40), dtype=np.float32)
    values[0, 3, 3] = bad
    coast.write_raster(tmp_path / "map.tif", values)
    codes, (finding,) = read_codes(tmp_path / "map.tif", GRID, {1: 1}, band=1, subject="map.tif")
    assert codes is None
    assert finding.code == "class-map-number-unknown"
    assert f"numbers {named} occur" in finding.message


def test_legend_numbers_are_judged():
    codes, found = legend_codes({"1": "mangrove", "01": "water", "²": "pond", "--2": "other"}, "x")
    assert codes == {1: 1}
    assert [f.code for f in found] == [
        "legend-number-twice", "legend-number-wrong", "legend-number-wrong",
    ]  # fmt: skip


def test_class_maps_repeat_byte_for_byte_and_read_back(tmp_path):
    rng = np.random.default_rng(3)
    big = Grid(GRID.crs, GRID.transform, 600, 700)
    codes = rng.integers(0, 7, (600, 700)).astype(np.uint8)
    colours = {1: (17, 119, 51, 255)}
    for name in ("a.tif", "b.tif"):
        write_class_map(tmp_path / name, codes, big, LEGEND, colours=colours)
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
    with rasterio.open(tmp_path / "a.tif") as back:
        np.testing.assert_array_equal(back.read(1), codes)
        assert back.crs == big.crs
        assert back.transform == big.transform
        assert back.tags()["class_001"] == "mangrove"
        assert back.tags()["class_255"] == "unobserved"
        assert back.colormap(1)[1] == (17, 119, 51, 255)
        # nearest: an overview of codes must not invent a class between two others
        assert back.overviews(1) == [2, 4]
        assert back.profile["tiled"]
        assert back.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"


def test_a_map_of_changes_is_a_class_map_too(tmp_path):
    codes = np.full((40, 40), 3, dtype=np.uint8)
    write_class_map(tmp_path / "change.tif", codes, GRID, CHANGE_LEGEND)
    with rasterio.open(tmp_path / "change.tif") as back:
        assert back.tags()["class_003"] == "loss"


def test_values_keep_their_gaps_and_unit(tmp_path):
    values = np.linspace(0, 1, 1600, dtype=np.float32).reshape(1, 40, 40)
    values[0, 3, 4] = math.nan
    for name in ("a.tif", "b.tif"):
        write_values(tmp_path / name, values, GRID, bands=("ndvi",), unit="1")
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
    with rasterio.open(tmp_path / "a.tif") as back:
        np.testing.assert_array_equal(back.read(), values)
        assert math.isnan(back.nodata)
        assert back.tags()["band_01"] == "ndvi"


def test_a_place_that_cannot_be_written(tmp_path):
    codes = np.zeros((40, 40), dtype=np.uint8)
    with pytest.raises(OutputError, match="cannot be written"):
        write_class_map(tmp_path / "no" / "a.tif", codes, GRID, LEGEND)
