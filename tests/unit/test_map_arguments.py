"""Class maps as a user names them: file, year, band, legend."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from support.change_maps import coast
from support.class_raster import write_classes

from bluecarbon.mrv.map_arguments import (
    MapLegend,
    class_number,
    dated_maps,
    legend_of_maps,
    polygons_by_name,
    same_map_findings,
)
from bluecarbon.mrv.transitions import DatedMap


@pytest.mark.parametrize(
    ("argument", "year", "name", "band"),
    [
        ("a/GMW_N21E109_1996_v3.tif", 1996, "GMW_N21E109_1996_v3.tif", None),
        ("2007=a/mangrove_1996.tif", 2007, "mangrove_1996.tif", None),
        ("classes_10000_2015.tif#3", 2015, "classes_10000_2015.tif", 3),
        ("2010=stack.tif#12", 2010, "stack.tif", 12),
    ],
)
def test_year_and_band(argument, year, name, band):
    (item,), found = dated_maps([argument])
    assert found == ()
    assert (item.year, item.path.name, item.band) == (year, name, band)


@pytest.mark.parametrize("name", ["map.tif", "S2_20241128.tif", "from_1996_to_2007.tif"])
def test_a_year_that_nobody_can_tell_is_asked_for(name):
    maps, (finding,) = dated_maps([name])
    assert maps == ()
    assert finding.code == "class-map-year-missing"
    assert finding.subject == name
    assert f"2015={name}" in finding.fix


def tagged(folder, year, names, nodata=0):
    path = folder / f"m_{year}.tif"
    tags = {f"class_{code:03d}": name for code, name in names.items()}
    return DatedMap(year, write_classes(path, coast()[0], nodata=nodata, tags=tags))


def test_names_come_from_the_tags_and_outside_is_no_class(tmp_path):
    names = {0: "outside", 1: "mangrove", 2: "water", 255: "unobserved"}
    legend, found = legend_of_maps([tagged(tmp_path, 2015, names)], None)
    assert found == ()
    assert legend.names == names
    assert legend.unknown == {0, 255}
    assert set(legend.declared) == {1, 2, 255}


def test_tags_that_contradict_each_other_are_refused(tmp_path):
    maps = [tagged(tmp_path, 2015, {1: "mangrove"}), tagged(tmp_path, 2020, {1: "water"})]
    _, (finding,) = legend_of_maps(maps, None)
    assert finding.code == "class-map-legends-differ"
    assert finding.subject == "m_2020.tif"
    assert legend_of_maps(maps, {1: "mangrove"})[1] == ()


def test_a_declared_legend_wins_over_nodata(tmp_path):
    maps = [tagged(tmp_path, 2015, {})]
    assert legend_of_maps(maps, None)[0] == MapLegend({}, None, frozenset({0}))
    assert legend_of_maps(maps, {0: "other", 1: "mangrove"})[0].unknown == frozenset()


@pytest.mark.parametrize(
    ("wanted", "number", "code"),
    [("mangrove", 4, ""), ("7", 7, ""), ("pond", 1, "class-unknown"), ("twin", 1, "class-unknown")],
)
def test_the_class_by_name_or_number(wanted, number, code):
    legend = MapLegend({4: "mangrove", 5: "twin", 6: "twin"}, None)
    got, found = class_number(legend, wanted)
    assert got == number
    assert [finding.code for finding in found] == ([code] if code else [])


def test_without_a_legend_our_own_numbers_hold():
    assert class_number(MapLegend({}, None), "tidal_flat") == (3, ())
    assert np.uint8(class_number(MapLegend({}, None), "mangrove")[0]) == 1


@pytest.mark.parametrize(
    ("year", "wrong"), [(1969, True), (1972, False), (2200, False), (2201, True)]
)
def test_a_year_without_satellites_is_refused(year, wrong):
    _, found = dated_maps([f"{year}=map.tif"])
    assert [finding.code for finding in found] == (["class-map-year-wrong"] if wrong else [])


def test_the_same_map_under_two_years_is_a_warning(tmp_path):
    first, second = (
        DatedMap(year, write_classes(tmp_path / f"m_{year}.tif", coast()[0]))
        for year in (2015, 2020)
    )
    (finding,) = same_map_findings([first, second])
    assert (finding.code, finding.severity) == ("class-map-same", "warning")
    assert (finding.subject, "as that of 2015" in finding.message) == ("m_2020.tif", True)
    bands = [DatedMap(2015, first.path, 1), DatedMap(2020, first.path, 2)]
    assert same_map_findings(bands) == ()
    other = DatedMap(2020, write_classes(second.path, coast()[1]))
    assert same_map_findings([first, other]) == ()


@pytest.mark.parametrize("name", [None, float("nan"), " "])
def test_a_polygon_without_a_name_is_refused(name):
    shapes = [shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)]
    layer = gpd.GeoDataFrame({"name": ["a", name]}, geometry=shapes, crs=4326)
    names, (finding,) = polygons_by_name(layer, "s.geojson")
    assert names == {}
    assert finding.code == "polygon-name-missing"
    assert "empty in feature 2" in finding.message
