"""A boundary against the mangrove of class maps: in a project, and by the command."""

import json

import numpy as np
import pyproj
import pytest
import shapely
from support.class_raster import write_classes

from bluecarbon.mrv.boundary_shift import boundary_shift
from bluecarbon.mrv.chinese_coordinates import wgs84_to_bd09, wgs84_to_gcj02
from bluecarbon.mrv.position_files import read_position_file, shift_against_map_file
from bluecarbon.mrv.transitions import DatedMap
from bluecarbon.mrv.vectors import read_boundary
from bluecarbon.project import Project

DEGREES = pyproj.Transformer.from_crs(32649, 4326, always_xy=True).transform
# the mangrove of the map below: 600 m by 600 m
PATCH = shapely.transform(
    shapely.box(372_000, 2_377_000, 372_600, 2_377_600), DEGREES, interleaved=False
)


def moved(shape, system):
    return shapely.transform(shape, lambda xy: np.column_stack(system(*xy.T)))


def written(folder, shape):
    feature = {"type": "Feature", "properties": {},
               "geometry": json.loads(shapely.to_geojson(shape))}  # fmt: skip
    path = folder / "boundary.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    codes = np.full((500, 500), 2, dtype=np.uint8)
    codes[240:300, 200:260] = 1
    write_classes(folder / "map.tif", codes)
    return path


def project(folder, shape, coordinates="wgs84", **maps):
    written(folder, shape)
    return Project.from_table(
        {
            "project": {"id": "TEST-1", "name": "test"},
            "period": {"start": "2020-01-01", "end": "2025-01-01"},
            "boundary": {"path": "boundary.geojson", "coordinates": coordinates},
            "class_maps": {"legend": {"1": "mangrove", "2": "water"},
                           "map": [{"path": "map.tif", "epoch": 2024}]} | maps,
        },
        folder,
    )  # fmt: skip


def found_of(given):
    section = given.boundary
    shape, _ = read_boundary(given.resolve(section.path), None, coordinates=section.coordinates)
    return boundary_shift(given, shape)


def test_a_boundary_where_it_should_be(tmp_path):
    assert found_of(project(tmp_path, PATCH)) == ()


@pytest.mark.parametrize(("system", "name"), [(wgs84_to_gcj02, "gcj-02"), (wgs84_to_bd09, "bd-09")])
def test_a_shifted_boundary_is_offered_the_declaration_and_takes_it(tmp_path, system, name):
    shape = moved(PATCH, system)
    (finding,) = found_of(project(tmp_path, shape))
    assert "of the mapped mangrove lies inside, un-shifted 100%" in finding.message
    assert f'coordinates = "{name}" in [boundary]' in finding.fix
    assert found_of(project(tmp_path, shape, name)) == ()


def test_what_the_readers_speak_of_is_left_to_them(tmp_path):
    given = project(tmp_path, moved(PATCH, wgs84_to_gcj02))
    (tmp_path / "map.tif").write_bytes(b"no map")
    assert found_of(given) == ()
    assert boundary_shift(project(tmp_path, PATCH), shapely.box(0.0, 0.0, 0.1, 0.1)) == ()


def test_a_layer_by_itself(tmp_path):
    path = written(tmp_path, moved(PATCH, wgs84_to_gcj02))
    positions, _ = read_position_file(path)
    item = DatedMap(2024, tmp_path / "map.tif")
    (finding,) = shift_against_map_file(positions, item, {1}, "wgs84")
    assert "look shifted like GCJ-02" in finding.message
    (refused,) = shift_against_map_file(type(positions)("plots.csv"), item, {1}, "wgs84")
    assert refused.severity == "error"
