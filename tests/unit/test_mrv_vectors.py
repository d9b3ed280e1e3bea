"""Polygons: what is read, and each defect with its place and its remedy."""

import json
import math

import geopandas as gpd
import pyproj
import pytest
import shapely
from support import small_coast as coast

from bluecarbon.mrv.vectors import (
    geodesic_area_ha,
    read_boundary,
    read_strata,
    stratum_ids,
    whole_boundary,
)

BOUNDARY = coast.block(0, 0, 40, 40)
FOOTPRINT = coast.grid().footprint()


def boundary_findings(path, *shapes, footprint=FOOTPRINT):
    coast.write_layer(path / "b.geojson", *(({}, shape) for shape in shapes))
    return read_boundary(path / "b.geojson", footprint)


def only(found, code):
    assert [f.code for f in found] == [code]
    assert found[0].severity == "error"
    assert found[0].fix
    return found[0].message


def strata_findings(path, *features, boundary=BOUNDARY):
    coast.write_layer(path / "s.geojson", *features)
    return read_strata(path / "s.geojson", boundary, FOOTPRINT)


def zone_ha(south, north):
    """One degree of longitude between two parallels: closed form of the ellipsoid (Snyder 3-12)."""
    geod = pyproj.Geod(ellps="WGS84")
    e = math.sqrt(geod.es)

    def q(latitude):
        sine = math.sin(math.radians(latitude))
        return (1 - geod.es) * (sine / (1 - geod.es * sine**2) + math.atanh(e * sine) / e)

    return geod.a**2 / 2 * math.radians(1) * (q(north) - q(south)) / 1e4


def test_area_between_parallels_windings_and_holes():
    # north and south edges are parallels; corners joined by geodesics give 3e-5 less
    square = shapely.box(0, 60, 1, 61)
    assert geodesic_area_ha(square) == pytest.approx(zone_ha(60, 61), rel=1e-8)
    assert geodesic_area_ha(shapely.reverse(square)) == pytest.approx(geodesic_area_ha(square))
    hole = shapely.box(0.25, 60.25, 0.75, 60.75)
    expected = zone_ha(60, 61) - zone_ha(60.25, 60.75) / 2
    assert geodesic_area_ha(square - hole) == pytest.approx(expected, rel=1e-8)


def test_several_boundary_features_are_united(tmp_path):
    parts = coast.block(0, 0, 10, 10), coast.block(20, 20, 30, 30)
    geometry, found = boundary_findings(tmp_path, *parts)
    assert found == ()
    assert geodesic_area_ha(geometry) == pytest.approx(sum(geodesic_area_ha(p) for p in parts))


@pytest.mark.parametrize("suffix", [".gpkg", ".shp"])
def test_other_formats_and_coordinate_systems_are_brought_to_degrees(tmp_path, suffix):
    frame = gpd.GeoDataFrame({"name": ["x"]}, geometry=[coast.block(0, 0, 10, 10)], crs=4326)
    frame.to_crs(coast.EPSG).to_file(tmp_path / f"b{suffix}")
    geometry, found = read_boundary(tmp_path / f"b{suffix}", FOOTPRINT)
    assert found == ()
    assert geodesic_area_ha(geometry) == pytest.approx(geodesic_area_ha(frame.geometry[0]))


def test_a_layer_without_coordinate_system_is_refused(tmp_path):
    frame = gpd.GeoDataFrame({"name": ["x"]}, geometry=[coast.block(0, 0, 10, 10)], crs=4326)
    frame.to_file(tmp_path / "b.shp")
    (tmp_path / "b.prj").unlink()
    geometry, found = read_boundary(tmp_path / "b.shp", FOOTPRINT)
    assert geometry is None
    assert "no coordinate system" in only(found, "polygon-no-crs")


def test_self_intersection_names_its_place(tmp_path):
    bow = coast.polygon((0, 0), (10, 10), (10, 0), (0, 10))
    geometry, found = boundary_findings(tmp_path, bow)
    longitude, latitude = coast.degrees(5, 5)
    message = only(found, "polygon-self-intersection")
    assert geometry is None
    assert f"{longitude:.4f}" in message
    assert f"{latitude:.4f}" in message


def test_a_hole_outside_its_shell_is_not_valid(tmp_path):
    shell, hole = coast.block(0, 0, 10, 10), coast.block(20, 20, 30, 30)
    broken = shapely.Polygon(shell.exterior, [hole.exterior])
    assert "not valid" in only(boundary_findings(tmp_path, broken)[1], "polygon-invalid")


def test_exchanged_axes_beyond_the_pole(tmp_path):
    swapped = shapely.transform(BOUNDARY, lambda x, y: (y, x), interleaved=False)
    message = only(boundary_findings(tmp_path, swapped)[1], "polygon-latlon-swapped")
    assert "beyond the pole" in message


def test_exchanged_axes_that_only_the_scenes_betray(tmp_path):
    footprint = shapely.box(30, 10, 31, 11)
    layer = shapely.box(10.2, 30.2, 10.8, 30.8)
    message = only(
        boundary_findings(tmp_path, layer, footprint=footprint)[1], "polygon-latlon-swapped"
    )
    assert "far from the scenes" in message
    # without scenes nobody can know, and a layer far from them both ways is another defect
    assert boundary_findings(tmp_path, layer, footprint=None)[1] == ()
    assert boundary_findings(tmp_path, shapely.box(50, 5, 51, 6), footprint=footprint)[1] == ()


def test_metres_that_call_themselves_degrees(tmp_path):
    metres = shapely.box(370_000, 2_380_000, 370_400, 2_380_400)
    assert "not degrees" in only(boundary_findings(tmp_path, metres)[1], "polygon-not-degrees")


def test_an_empty_layer_and_one_of_lines(tmp_path):
    only(boundary_findings(tmp_path)[1], "polygon-layer-empty")
    line = shapely.LineString([coast.degrees(0, 0), coast.degrees(5, 5)])
    assert "LineString" in only(boundary_findings(tmp_path, line)[1], "polygon-wrong-geometry")


def test_a_file_that_is_no_layer(tmp_path):
    (tmp_path / "b.geojson").write_text("{ not json")
    only(read_boundary(tmp_path / "b.geojson", None)[1], "polygon-unreadable")


def test_a_file_of_many_layers(tmp_path):
    frame = gpd.GeoDataFrame({"name": ["x"]}, geometry=[BOUNDARY], crs=4326)
    for layer in ("one", "two"):
        frame.to_file(tmp_path / "b.gpkg", layer=layer)
    only(read_boundary(tmp_path / "b.gpkg", None)[1], "polygon-many-layers")


def test_strata_carry_their_properties(tmp_path):
    properties = {
        "stratum": "K15", "name": "Plantation", "name_zh": "造林", "kind": "planted",
        "species": "Kandelia obovata", "planted_year": 2015, "remark": "ignored",
    }  # fmt: skip
    west = (properties, coast.block(0, 0, 20, 40))
    east = ({"stratum": 7, "planted_year": None}, coast.block(20, 0, 40, 40))
    strata, found = strata_findings(tmp_path, west, east)
    assert found == ()
    assert strata[0].stratum.model_dump() == {
        "id": "K15", "name": "Plantation", "name_zh": "造林", "kind": "planted",
        "species": "Kandelia obovata", "planted_year": 2015,
    }  # fmt: skip
    assert strata[1].stratum.id == "7"
    assert strata[1].stratum.kind == "other"
    assert strata[1].stratum.planted_year is None
    assert stratum_ids(tmp_path / "s.geojson") == ("K15", "7")


def test_overlapping_strata_name_both_and_the_hectares(tmp_path):
    west = ({"stratum": "W"}, coast.block(0, 0, 22, 40))
    east = ({"stratum": "E"}, coast.block(20, 0, 40, 40))
    strata, found = strata_findings(tmp_path, west, east)
    message = only(found, "strata-overlap")
    assert strata is None
    # two columns of 40 pixels of 100 m2
    assert message == "strata W and E overlap by 0.80 ha"


def test_a_shared_edge_is_no_overlap(tmp_path):
    west = ({"stratum": "W"}, coast.block(0, 0, 20, 40))
    east = ({"stratum": "E"}, coast.block(20, 0, 40, 40))
    assert strata_findings(tmp_path, west, east)[1] == ()


def test_a_stratum_beyond_the_boundary(tmp_path):
    wide = ({"stratum": "W"}, coast.block(0, 0, 45, 40))
    message = only(strata_findings(tmp_path, wide)[1], "stratum-outside-boundary")
    # five columns of 40 pixels of 100 m2
    assert "2.00 ha" in message


def test_defects_of_ids_and_kinds_are_all_told(tmp_path):
    tenth = [coast.block(4 * i, 0, 4 * i + 4, 40) for i in range(5)]
    _, found = strata_findings(
        tmp_path,
        ({"stratum": "A", "kind": "plantation"}, tenth[0]),
        ({"stratum": "A", "kind": "planted"}, tenth[1]),
        ({"stratum": None}, tenth[2]),
        ({"stratum": "D", "planted_year": "about 2015"}, tenth[3]),
    )
    assert sorted(f.code for f in found) == [
        "stratum-id-duplicate",
        "stratum-id-missing",
        "stratum-kind-unknown",
        "stratum-year-wrong",
    ]


@pytest.mark.parametrize("name", ["name", "name_zh", "species", "stratum"])
@pytest.mark.parametrize("value", [{"a": 1}, ["a"], [1, 2], "2015-01-01"])
def test_a_property_that_is_no_text(tmp_path, name, value):
    feature = ({"stratum": "A"} | {name: value}, coast.block(0, 0, 4, 4))
    strata, found = strata_findings(tmp_path, feature)
    assert strata is None
    assert f"feature 1: property '{name}' is" in only(found, "stratum-property-wrong")
    assert isinstance(stratum_ids(tmp_path / "s.geojson")[0], str)


@pytest.mark.parametrize("value", [7, 1.5, True])
def test_a_name_that_is_a_number_or_a_truth(tmp_path, value):
    _, found = strata_findings(tmp_path, ({"stratum": 7, "name": value}, coast.block(0, 0, 4, 4)))
    assert "not text" in only(found, "stratum-property-wrong")


def test_properties_that_are_null_are_left_out(tmp_path):
    empty = dict.fromkeys(("name", "name_zh", "kind", "species", "planted_year"))
    strata, found = strata_findings(tmp_path, (empty | {"stratum": "A"}, coast.block(0, 0, 4, 4)))
    assert found == ()
    assert strata[0].stratum.name == ""


@pytest.mark.parametrize("value", [[2015], {"a": 1}, "２０１５"])
def test_kind_and_year_of_another_type(tmp_path, value):
    feature = ({"stratum": "A", "kind": value, "planted_year": value}, coast.block(0, 0, 4, 4))
    _, found = strata_findings(tmp_path, feature)
    assert [f.code for f in found] == ["stratum-kind-unknown", "stratum-year-wrong"]


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "-Infinity"])
def test_a_coordinate_that_is_no_number(tmp_path, bad):
    coast.write_layer(tmp_path / "s.geojson", ({"stratum": "A"}, shapely.box(0, 0, 1, 1)))
    text = (tmp_path / "s.geojson").read_text().replace("[1.0, 1.0]", f"[1.0, {bad}]")
    assert bad in text
    (tmp_path / "s.geojson").write_text(text)
    for read in (read_boundary(tmp_path / "s.geojson", FOOTPRINT),
                 read_strata(tmp_path / "s.geojson", None, None)):  # fmt: skip
        assert read[0] is None
        assert "feature 1" in only(read[1], "polygon-not-finite")


def test_a_ring_that_is_no_ring(tmp_path):
    coast.write_layer(tmp_path / "s.geojson", ({"stratum": "A"}, shapely.box(0, 0, 1, 1)))
    layer = json.loads((tmp_path / "s.geojson").read_text())
    layer["features"][0]["geometry"]["coordinates"] = [[[0, 0]]]
    (tmp_path / "s.geojson").write_text(json.dumps(layer))
    only(read_boundary(tmp_path / "s.geojson", None)[1], "polygon-unreadable")


def test_strata_without_the_property(tmp_path):
    _, found = strata_findings(tmp_path, ({"id": "A"}, coast.block(0, 0, 4, 4)))
    assert "they have: id" in only(found, "stratum-id-missing")
    assert stratum_ids(tmp_path / "s.geojson") == ()
    assert stratum_ids(tmp_path / "absent.geojson") == ()


def test_the_whole_boundary_as_one_stratum():
    (item,) = whole_boundary(BOUNDARY)
    assert (item.stratum.id, item.stratum.kind) == ("ALL", "other")
    assert item.geometry is BOUNDARY
