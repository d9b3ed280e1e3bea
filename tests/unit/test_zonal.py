"""Areas of classes in polygons, against exactextract and geodesic polygons."""

import numpy as np
import pytest
import shapely
from support import dated_maps as kit

from bluecarbon.mrv.area import class_areas_ha, pixel_area_ha, to_grid, weights_of
from bluecarbon.mrv.blocks import Threads
from bluecarbon.mrv.transitions import DatedMap
from bluecarbon.mrv.zonal import zonal_areas

PLACE = kit.grid(600, 130)


@pytest.fixture
def class_map(tmp_path):
    codes = np.random.default_rng(8).integers(0, 5, (600, 130), dtype=np.uint8)
    return DatedMap(2020, kit.write(tmp_path / "classes.tif", codes, PLACE)), codes


def polygons():
    star = shapely.Polygon(
        [(20.2, 230.7), (60.9, 300.1), (118.4, 260.6), (80.3, 420.9), (12.5, 380.2)],
        [[(60, 330), (70, 340), (65.5, 360.25)]],
    )
    two = shapely.MultiPolygon(
        [shapely.box(3.3, 4.4, 5.5, 6.6), shapely.box(90.5, 500, 100, 520.25)]
    )
    shapes = {"star": star, "two": two, "across": shapely.box(10.25, 100, 100.75, 500)}
    return {name: kit.degrees(PLACE, shape) for name, shape in shapes.items()}


def test_areas_are_those_of_exactextract(class_map):
    dated, codes = class_map
    table, findings = zonal_areas(dated, polygons())
    assert findings == ()
    pixel_ha = pixel_area_ha(PLACE)
    for name, shape in polygons().items():
        expected = class_areas_ha(codes, weights_of(shape, PLACE, pixel_ha))
        rows = table[table["polygon"] == name]
        found = dict(zip(rows["class"], rows["area_ha"], strict=True))
        assert found == pytest.approx(expected, rel=1e-5)


def test_all_classes_together_are_the_geodesic_area(class_map):
    table, _ = zonal_areas(class_map[0], {"across": polygons()["across"]})
    corners = shapely.box(10.25, 100, 100.75, 500)
    left, top, right, bottom = corners.bounds
    place = kit.grid(1, 1, left=400_000 + 10 * left, top=2_400_000 - 10 * top)
    whole = kit.geodesic_rectangle_ha(place, slice(0, bottom - top), slice(0, right - left))
    assert table["area_ha"].sum() == pytest.approx(whole, rel=1e-6)


def test_by_centre_pixels_count_whole(class_map):
    dated, codes = class_map
    table, _ = zonal_areas(dated, {"star": polygons()["star"]}, mode="centre")
    row, column = np.indices(codes.shape) + 0.5
    x, y = 400_000 + 10 * column, 2_400_000 - 10 * row
    star = to_grid(polygons()["star"], PLACE)
    inside = shapely.contains_xy(star, x.ravel(), y.ravel()).reshape(codes.shape)
    counted = dict(zip(table["class"], table["pixels"], strict=True))
    assert counted == {code: int((codes[inside] == code).sum()) for code in range(5)}


def test_overlapping_polygons_are_each_counted_whole(class_map):
    shapes = polygons()
    alone = {name: zonal_areas(class_map[0], {name: shape})[0] for name, shape in shapes.items()}
    together, _ = zonal_areas(class_map[0], shapes)
    for name, table in alone.items():
        rows = together[together["polygon"] == name]
        assert rows["area_ha"].tolist() == table["area_ha"].tolist()


def test_threads_change_no_byte(class_map):
    one, four = (zonal_areas(class_map[0], polygons(), runner=Threads(n))[0] for n in (1, 4))
    assert one["area_ha"].to_numpy().tobytes() == four["area_ha"].to_numpy().tobytes()


def test_the_twin_agrees(class_map, monkeypatch):
    fast, _ = zonal_areas(class_map[0], polygons())
    monkeypatch.setattr("bluecarbon.mrv.kernels.coverage.loops", lambda name: None)
    slow, _ = zonal_areas(class_map[0], polygons())
    assert fast["class"].tolist() == slow["class"].tolist()
    np.testing.assert_allclose(fast["area_ha"], slow["area_ha"], rtol=1e-6)


def test_an_empty_polygon_has_no_row(class_map):
    table, findings = zonal_areas(class_map[0], {"empty": shapely.Polygon()})
    assert len(table) == 0
    assert [finding.code for finding in findings] == ["polygon-empty"]


def test_a_missing_file_is_named(tmp_path):
    table, findings = zonal_areas(DatedMap(2020, tmp_path / "none.tif"), polygons())
    assert table is None
    assert [(f.code, f.subject) for f in findings] == [("class-map-unreadable", "none.tif")]
