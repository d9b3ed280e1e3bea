"""Grids that differ: refused without a rule, brought together with one, and said in the report."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from support import small_coast as coast

from bluecarbon.errors import DataError
from bluecarbon.mrv.alignment import align
from bluecarbon.mrv.arrays import to_dataarray
from bluecarbon.mrv.class_maps import read_codes
from bluecarbon.mrv.extent import measure_extent
from bluecarbon.mrv.inputs import read_inputs
from bluecarbon.mrv.progress import silent
from bluecarbon.mrv.rasters import Grid
from bluecarbon.mrv.regrid import (
    alignment_finding,
    antimeridian_findings,
    read_resampled,
    resampled,
)
from bluecarbon.spec import errors_in

FINE = coast.grid(size=40, pixel=10.0)
COARSE = coast.grid(size=20, pixel=20.0)
CODES = {0: 0, 1: 1, 2: 2, 3: 3, 5: 5}


def ramp(grid):
    rows, columns = np.mgrid[: grid.height, : grid.width]
    across, _ = grid.pixel_size
    return ((columns + 0.5) * across + 2 * (rows + 0.5) * across).astype(np.float32)


def test_the_average_of_four_pixels():
    made = resampled(ramp(FINE), FINE, COARSE, "average", fill=np.nan)
    np.testing.assert_allclose(made, ramp(COARSE), rtol=1e-6)


def test_bilinear_meets_a_plane_exactly_inside():
    made = resampled(ramp(COARSE), COARSE, FINE, "bilinear", fill=np.nan)
    np.testing.assert_allclose(made[2:-2, 2:-2], ramp(FINE)[2:-2, 2:-2], rtol=1e-5)


def test_a_majority_of_codes_and_no_new_codes():
    codes = coast.truth(2020)
    made = resampled(codes, FINE, COARSE, "mode", fill=255)
    assert set(np.unique(made)) <= set(np.unique(codes))
    np.testing.assert_array_equal(made, codes[::2, ::2])  # its edges lie on even pixels


def test_gaps_are_neither_averaged_nor_filled():
    values = ramp(FINE)
    values[10:14, 10:14] = np.nan
    made = resampled(values, FINE, COARSE, "average", fill=np.nan)
    assert np.isnan(made[5:7, 5:7]).all()
    assert np.isfinite(np.delete(made, [5, 6], axis=0)).all()


@pytest.mark.parametrize("rule", ["nearest", "bilinear", "average"])
def test_a_part_is_the_same_as_the_part_of_the_whole(tmp_path, rule):
    numbers = np.random.default_rng(1).integers(1, 5000, (2, 40, 40)).astype(np.uint16)
    coast.write_raster(tmp_path / "a.tif", numbers)
    onto = coast.grid(size=26, left=coast.LEFT_M + 3, pixel=15.0)
    part = coast.grid(size=9, left=coast.LEFT_M + 3 + 4 * 15, pixel=15.0)
    with rasterio.open(tmp_path / "a.tif") as dataset:
        whole = read_resampled(dataset, onto, rule, fill=0, bands=[1, 2])
        piece = read_resampled(dataset, part, rule, fill=0, bands=[1, 2])
    np.testing.assert_array_equal(piece, whole[:, :9, 4:13])


def test_arrays_are_aligned_by_a_rule_that_stands_on_them():
    array = to_dataarray(coast.truth(2020), FINE, "map")
    refused, (finding,) = align(array, COARSE, None, kind="classes", fill=255)
    assert refused is None
    assert finding.code == "grid-differs"
    assert "[alignment]" in finding.fix
    wrong, (finding,) = align(array, COARSE, "bilinear", kind="classes", fill=255)
    assert wrong is None
    assert finding.code == "alignment-rule-wrong"
    made, (finding,) = align(array, COARSE, "mode", kind="classes", fill=255)
    assert finding.severity == "info"
    assert finding.code == "raster-resampled"
    assert made.attrs["resampling"] == "mode"
    assert made.shape == (20, 20)
    same, found = align(array, FINE, None, kind="classes", fill=255)
    assert found == ()
    assert same.attrs["resampling"] == "none"
    with pytest.raises(DataError):
        align(array.drop_vars("spatial_ref"), COARSE, "mode", kind="classes", fill=255)


def test_one_lattice_needs_no_rule():
    moved = coast.grid(left=coast.LEFT_M + 50)
    assert alignment_finding(moved, FINE, None, names=("a", "b")) is None


@pytest.mark.parametrize(
    ("left", "pixel", "crosses"),
    [(179.9, 0.01, True), (179.0, 0.01, False), (-180.0, 0.01, False), (-180.2, 0.01, True)],
)
def test_the_antimeridian_in_degrees(left, pixel, crosses):
    place = Affine(pixel, 0.0, left, 0.0, -pixel, 1.0)
    grid = Grid(CRS.from_epsg(4326), place, 40, 40)
    found = antimeridian_findings(grid, "fiji.tif")
    assert [f.code for f in found] == (["raster-antimeridian"] if crosses else [])


def test_the_antimeridian_in_metres():
    # UTM 60: 180 degrees east lies about 833 km from the zero of the zone at this latitude
    assert antimeridian_findings(coast.grid(left=810_000, epsg=32660, pixel=1000.0), "fiji.tif")
    assert not antimeridian_findings(coast.grid(left=500_000, epsg=32660), "fiji.tif")


# ---------------------------------------------------------------- in a project


def with_coarse_scene(folder, **alignment):
    table = coast.write_coast(folder)
    numbers = coast.scene_numbers(2020, 2)
    coarse = numbers[:, ::2, ::2].copy()
    coast.write_raster(folder / "2020-10-01.tif", coarse, COARSE)
    return table | ({"alignment": alignment} if alignment else {})


def test_mixed_resolutions_without_a_rule_are_refused(tmp_path):
    table = with_coarse_scene(tmp_path)
    _, found = read_inputs(coast.project(tmp_path, table), silent)
    (finding,) = errors_in(found)
    assert finding.code == "grid-differs"
    assert finding.subject == "2020-10-01.tif"


@pytest.mark.parametrize("rule", ["bilinear", "nearest"])
def test_mixed_resolutions_with_a_rule_are_mapped_and_said(tmp_path, rule):
    table = with_coarse_scene(tmp_path, reflectance=rule)
    project = coast.project(tmp_path, table)
    extent, found = measure_extent(project)
    assert errors_in(found) == ()
    (said,) = [f for f in found if f.code == "raster-resampled"]
    assert rule in said.message
    assert project.declared.alignment.reflectance == rule
    mangrove = (extent.maps[2020] == 1).sum()
    expected = (coast.truth(2020)[1:39, 1:39] == 1).sum()
    assert mangrove == pytest.approx(expected, rel=0.05)


def test_class_maps_of_another_resolution(tmp_path):
    coast.write_raster(tmp_path / "a.tif", coast.truth(2020)[None])
    found, remarks = read_codes(
        tmp_path / "a.tif", COARSE, CODES, band=1, subject="a.tif", rule="mode"
    )
    assert remarks == ()
    np.testing.assert_array_equal(found, coast.truth(2020)[::2, ::2])


@pytest.mark.parametrize(
    ("codes", "named"), [({0: 2, 1: 1}, True), ({0: 255, 1: 1}, False), ({0: 0, 1: 1}, False)]
)
def test_no_data_that_is_also_a_class(tmp_path, codes, named):
    map_codes = (coast.truth(2020) == 1).astype(np.uint8)
    coast.write_raster(tmp_path / "a.tif", map_codes[None], nodata=0)
    _, found = read_codes(tmp_path / "a.tif", FINE, codes, band=1, subject="a.tif band 1")
    assert [f.code for f in found] == (["class-map-nodata-is-class"] if named else [])
    if named:
        assert found[0].subject == "a.tif band 1"
        assert "'water'" in found[0].message


def test_a_refusal_says_which_grid_is_whose():
    own, onto = coast.grid(40, pixel=20.0), coast.grid(40, pixel=10.0)
    found = alignment_finding(own, onto, None, names=("own.tif", "map.tif"))
    assert found.subject == "own.tif"
    assert found.message.index("20 x 20") < found.message.index("map.tif")
    assert found.message.index("map.tif") < found.message.index("10 x 10")
