"""Shifted positions show against what is where it should be; they are named, never corrected."""

import json

import numpy as np
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS
from support.field_sheets import by_code

from bluecarbon.mrv.chinese_coordinates import (
    LonLat,
    Shift,
    bd09_to_wgs84,
    gcj02_to_wgs84,
    mean_shift,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)
from bluecarbon.mrv.rasters import Grid
from bluecarbon.mrv.shift_checks import (
    Compared,
    area_shift,
    mangrove_shift,
    outline_shift,
    points_shift,
)
from bluecarbon.mrv.vectors import read_boundary, read_strata

BOX = shapely.box(109.750, 21.500, 109.754, 21.504)
RNG = np.random.default_rng(7)
LON, LAT = RNG.uniform(109.7505, 109.7535, 6), RNG.uniform(21.5005, 21.5035, 6)
CORES = Compared("cores.csv", "[soil]", "[strata]")


def moved(shape, system):
    return shapely.transform(shape, lambda xy: np.column_stack(system(xy[:, 0], xy[:, 1])))


def of_points(lon, lat, compared=CORES):
    return points_shift(lon, lat, [BOX] * len(lon), compared)


def test_positions_where_they_should_be_are_not_spoken_of():
    assert of_points(LON, LAT) == ()
    assert of_points(np.full(6, np.nan), LAT) == ()


@pytest.mark.parametrize(
    ("system", "name", "shift"),
    [
        (wgs84_to_gcj02, "gcj-02", "GCJ-02, by 530 m to the south-east"),
        (wgs84_to_bd09, "bd-09", "BD-09, by 1,182 m to the east"),
    ],
)
def test_shifted_positions_are_named_with_metres_and_direction(system, name, shift):
    (finding,) = of_points(*system(LON, LAT))
    assert (finding.code, finding.severity) == ("positions-look-shifted", "warning")
    assert finding.message.startswith(f"look shifted like {shift}")
    assert "0 of 6 positions lie in their strata, un-shifted 6" in finding.message
    assert f'coordinates = "{name}" in [soil]' in finding.fix
    assert "nothing is converted unasked" in finding.fix


def test_shifted_polygons_are_told_from_shifted_points():
    (finding,) = of_points(*gcj02_to_wgs84(LON, LAT))
    assert finding.message.startswith("[strata] looks shifted like GCJ-02 against them")


def test_a_declaration_that_is_wrong_is_named():
    declared = Compared("cores.csv", "[soil]", "[strata]", "gcj-02")
    (finding,) = of_points(*gcj02_to_wgs84(LON, LAT), declared)
    assert finding.fix == 'take coordinates = "gcj-02" out of [soil]'


def test_a_few_points_outside_are_no_shift():
    lon = LON.copy()
    lon[:3] += 0.2
    assert of_points(lon, LAT) == ()
    assert of_points(LON + 0.02, LAT) == ()


def test_other_continents_are_not_asked():
    america = shapely.box(-80.5, 25.0, -80.4, 25.1)
    assert points_shift(np.array([-80.6]), np.array([25.05]), [america], CORES) == ()
    assert area_shift(shapely.transform(america, lambda xy: xy + 1), america, CORES) == ()


def test_strata_in_a_boundary():
    strata = shapely.box(109.751, 21.501, 109.7535, 21.5035)
    assert area_shift(strata, BOX, CORES) == ()
    (finding,) = area_shift(moved(strata, wgs84_to_gcj02), BOX, CORES)
    assert "of the area lies inside, un-shifted 100%" in finding.message
    (finding,) = area_shift(strata, moved(BOX, wgs84_to_gcj02), CORES)
    assert finding.message.startswith("[strata] looks shifted")


def test_outlines_of_one_ground():
    outline = shapely.Point(109.8, 21.5).buffer(0.1, quad_segs=64)
    compared = Compared("a.geojson", "[boundary]", "b.geojson")
    assert outline_shift(outline, outline, compared) == ()
    (finding,) = outline_shift(moved(outline, wgs84_to_gcj02), outline, compared)
    assert "m between the outlines (median), un-shifted 0 m" in finding.message
    away = shapely.transform(outline, lambda xy: xy + 0.01)
    (finding,) = outline_shift(away, outline, compared)
    assert finding.code == "outlines-apart"


def test_a_boundary_against_the_mangrove_of_a_map():
    grid = Grid(CRS.from_epsg(4326), Affine(0.0002, 0, 109.70, 0, -0.0002, 21.55), 500, 500)
    mangrove = np.zeros((500, 500), dtype=bool)
    mangrove[230:250, 250:270] = True  # the ground of BOX
    assert mangrove_shift(BOX, grid, mangrove, CORES) == ()
    (finding,) = mangrove_shift(moved(BOX, wgs84_to_gcj02), grid, mangrove, CORES)
    assert "of the mapped mangrove lies inside, un-shifted 100%" in finding.message
    assert mangrove_shift(BOX, grid, np.zeros((500, 500), dtype=bool), CORES) == ()


def test_shifts_in_words():
    assert str(Shift(560.4, 118.0)) == "560 m to the south-east"
    assert str(Shift(1200.0, 359.0)) == "1,200 m to the north"
    nothing = LonLat(np.array([np.nan]), np.array([np.nan]))
    assert mean_shift(nothing, nothing) == (0.0, 0.0)


def write(path, shape, **properties):
    feature = {"type": "Feature", "properties": properties,
               "geometry": json.loads(shapely.to_geojson(shape))}  # fmt: skip
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


def test_a_declared_layer_is_converted_and_the_report_says_so(tmp_path):
    layer = write(tmp_path / "b.geojson", moved(BOX, wgs84_to_gcj02))
    boundary, found = read_boundary(layer, None, coordinates="gcj-02")
    assert shapely.hausdorff_distance(boundary, BOX) < 1e-9
    note = by_code(found)["coordinates-converted"][0]
    assert note.severity == "info"
    assert "5 positions are converted from GCJ-02 to WGS 84" in note.message
    assert "530 m to the north-west on average" in note.message
    as_it_is, found = read_boundary(layer, None)
    assert found == ()
    assert shapely.hausdorff_distance(as_it_is, BOX) > 0.002


def test_a_layer_declared_where_maps_are_not_shifted_is_refused(tmp_path):
    layer = write(tmp_path / "b.geojson", shapely.box(-80.5, 25.0, -80.4, 25.1))
    boundary, found = read_boundary(layer, None, coordinates="bd-09")
    assert boundary is None
    assert by_code(found)["coordinates-not-shifted"][0].severity == "error"


def test_strata_that_leave_the_boundary_are_offered_the_check(tmp_path):
    shifted = moved(shapely.box(109.751, 21.501, 109.7535, 21.5035), wgs84_to_bd09)
    layer = write(tmp_path / "s.geojson", shifted, stratum="A")
    strata, found = read_strata(layer, BOX, None)
    assert strata is None
    assert by_code(found)["stratum-outside-boundary"]
    assert 'coordinates = "bd-09" in [strata]' in by_code(found)["positions-look-shifted"][0].fix
    strata, found = read_strata(layer, BOX, None, coordinates="bd-09")
    assert [item.stratum.id for item in strata] == ["A"]
    assert [f.code for f in found] == ["coordinates-converted"]


def test_baidu_back_and_forth():
    lon, lat = bd09_to_wgs84(*wgs84_to_bd09(LON, LAT))
    assert lon == pytest.approx(LON, abs=1e-12)
    assert lat == pytest.approx(LAT, abs=1e-12)
