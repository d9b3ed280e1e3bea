"""Covariates on the scenes' grid: what a file says, what is derived, what is missing."""

import datetime as dt

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS
from support import small_coast as coast

from bluecarbon.mrv import covariates
from bluecarbon.mrv.blocks import Block
from bluecarbon.mrv.covariates import read_covariate, with_layers
from bluecarbon.mrv.rasters import Grid
from bluecarbon.mrv.scenes import Composite, SceneData
from bluecarbon.mrv.water_distance import CELL_PX, coarse_distance, water_cells
from bluecarbon.project import Covariate


def declared(**changes):
    return Covariate(**({"name": "layer", "path": "layer.tif"} | changes))


def ramp():
    """Metres that rise by one with every column."""
    return np.tile(np.arange(coast.SIZE, dtype=np.float32), (1, coast.SIZE, 1))


def test_elevation_on_the_same_grid_is_as_it_is(tmp_path):
    coast.write_raster(tmp_path / "layer.tif", ramp())
    layer, found = read_covariate(tmp_path / "layer.tif", declared(kind="elevation"), coast.grid())
    assert found == ()
    np.testing.assert_array_equal(layer, ramp()[0])


def test_another_grid_is_brought_over_and_said(tmp_path):
    coast.write_raster(tmp_path / "layer.tif", ramp()[:, :20, :20], coast.grid(20, pixel=20.0))
    layer, (finding,) = read_covariate(tmp_path / "layer.tif", declared(), coast.grid())
    assert finding.code == "covariate-resampled"
    assert "bilinear" in finding.message
    # columns of 20 m: the middle of fine column 21 lies a quarter column past coarse middle 10
    assert layer[20, 21] == pytest.approx(10.25, abs=1e-3)


def test_slope_of_a_ramp(tmp_path):
    coast.write_raster(tmp_path / "layer.tif", ramp())
    layer, _ = read_covariate(tmp_path / "layer.tif", declared(kind="slope"), coast.grid())
    # one metre in ten; a UTM metre is a ground metre to 1e-3
    np.testing.assert_allclose(layer, np.degrees(np.arctan(0.1)), rtol=2e-3)


def test_radar_without_echo_is_not_known(tmp_path):
    power = np.full((1, 40, 40), 0.1, np.float32)
    power[:, 0, 0] = 0
    coast.write_raster(tmp_path / "layer.tif", power)
    layer, _ = read_covariate(tmp_path / "layer.tif", declared(kind="radar-power"), coast.grid())
    assert np.isnan(layer[0, 0])
    assert layer[1, 1] == pytest.approx(-10.0)


def test_water_beyond_the_window_counts(tmp_path):
    water = np.zeros((1, 140, 140), np.float32)
    water[:, :, 139] = 1
    whole = coast.grid(140)
    coast.write_raster(tmp_path / "layer.tif", water, whole)
    layer, _ = read_covariate(
        tmp_path / "layer.tif", declared(kind="water", resampling="nearest"), coast.grid()
    )
    # from column 39 to column 139
    assert layer[0, 39] == pytest.approx(1000, rel=2e-3)
    assert layer[0, 0] == pytest.approx(1390, rel=2e-3)


def test_gaps_are_told(tmp_path):
    values = ramp()
    values[:, :10] = -9999
    coast.write_raster(tmp_path / "layer.tif", values, nodata=-9999)
    layer, (finding,) = read_covariate(tmp_path / "layer.tif", declared(), coast.grid())
    assert np.isnan(layer[:10]).all()
    assert finding.code == "covariate-gaps"
    assert "25.0%" in finding.message


def test_files_that_do_not_help_are_refused(tmp_path):
    coast.write_raster(tmp_path / "far.tif", ramp(), coast.grid(left=700_000.0))
    (tmp_path / "broken.tif").write_bytes(b"II*\0")
    coast.write_raster(tmp_path / "layer.tif", ramp())
    cases = [
        ("far.tif", declared(), "covariate-no-overlap"),
        ("broken.tif", declared(), "covariate-unreadable"),
        ("layer.tif", declared(band=2), "covariate-band-missing"),
    ]
    for name, wanted, code in cases:
        layer, found = read_covariate(tmp_path / name, wanted, coast.grid())
        assert layer is None
        assert [(f.code, f.subject) for f in found] == [(code, name)]


def test_pixels_in_degrees_are_measured_in_metres():
    grid = Grid(CRS.from_epsg(4326), Affine(0.001, 0, 110, 0, -0.001, 60), 10, 10)
    across, down = covariates.pixel_size_m(grid)
    # at 60 degrees north a degree of longitude is half as long
    assert across == pytest.approx(55.8, abs=0.1)
    assert down == pytest.approx(111.4, abs=0.1)


def test_ponds_are_no_large_water():
    water = np.zeros((40, 40), bool)
    water[:, 30:] = True  # 4 ha
    water[5:10, 5:10] = True  # 0.25 ha
    large = covariates.large_water(water, coast.grid(), 1.0)
    assert large[:, 30:].all()
    assert large.sum() == 400
    assert (covariates.distance_m(large & False, coast.grid()) == covariates.WATER_REACH_M).all()


def test_the_coarse_distance_is_never_above_the_true_one():
    rng = np.random.default_rng(4)
    water = rng.random((160, 160)) < 0.002
    water[100:140, 20:90] = True
    grid = coast.grid(160)
    blocks = [Block(0, 0, 80, 160), Block(80, 0, 80, 160)]
    cells = [water_cells(water[block.slices], block) for block in blocks]
    found = coarse_distance(cells, grid, area_min_ha=5.0)
    coarse = np.concatenate([found.of(block) for block in blocks])
    true = covariates.distance_m(covariates.large_water(water, grid, 5.0), grid)
    assert (coarse <= true + 1e-3).all()
    # specks near a large water join it in the coarse cells; else two diagonals are the most
    assert np.median(true - coarse) < 2 * CELL_PX * 10 * 2**0.5
    nowhere = coarse_distance([], grid, area_min_ha=5.0).of(blocks[0])
    assert np.isnan(nowhere).all()


def scene(name, reason):
    return SceneData(name, dt.date(2020, 1, 1), 2020, np.zeros((1, 1, 3), np.float32), reason)


def test_the_mean_tide_is_that_of_the_scenes_that_show_a_pixel():
    scenes = [
        scene("a", np.array([[0, 0, 4]], np.uint8)),
        scene("b", np.array([[0, 4, 4]], np.uint8)),
    ]
    found = covariates.mean_tide_m(scenes, {"a": 1.0, "b": 0.0})
    np.testing.assert_array_equal(found, np.array([[0.5, 1.0, np.nan]], np.float32))


def test_layers_become_bands():
    stack, seen = np.ones((2, 3, 3), np.float32), np.ones((3, 3))
    plain = Composite(2020, dt.date(2020, 1, 1), ("red", "nir"), stack, seen, seen)
    made = with_layers(plain, {"elevation": np.full((3, 3), 7, np.float32)})
    assert made.bands == ("red", "nir", "elevation")
    assert (made.band("elevation") == 7).all()
    assert with_layers(plain, {}) is plain
