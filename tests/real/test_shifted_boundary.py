"""A county boundary that is declared EPSG:4326 and really in GCJ-02 (Lianjiang, Guangdong)."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from support.demo import bluecarbon

from bluecarbon.mrv.position_files import converted, read_position_file, shift_against_polygons

pytestmark = pytest.mark.real
DIFFERS = 1


@pytest.fixture(scope="module")
def layers(real_data):
    folder = real_data / "reference" / "boundaries_south_china"
    return folder / "lianjiang_GCJ02_offset_trap.geojson", folder / "admin_boundaries_wgs84.geojson"


def test_the_shift_is_named(layers):
    """Its maker measured +0.0043 degrees east and -0.0025 north on an island."""
    done = bluecarbon("mrv", "coordinates", layers[0], "--reference", layers[1])
    assert done.returncode == DIFFERS
    assert "look shifted like GCJ-02, by 539 m to the south-east" in done.stderr
    assert "269 m between the outlines (median), un-shifted 5 m" in done.stderr
    east_m, north_m = 0.0043 * 103_500, -0.0025 * 110_750
    assert np.hypot(east_m, north_m) == pytest.approx(539, rel=0.04)


def test_un_shifted_it_lies_on_the_other_source(layers):
    positions, found = read_position_file(layers[0])
    assert found == ()
    moved, said = converted(positions, "gcj-02")
    assert said[0].code == "coordinates-converted"
    assert shift_against_polygons(moved, layers[1], "gcj-02") == ()
    table = gpd.read_file(layers[1])
    county = table[table["adcode"] == "440881"].geometry.iloc[0]

    def agreement(shape):
        return shapely.area(shape & county) / shapely.area(shape | county)

    assert agreement(positions.shape) == pytest.approx(0.954, abs=0.001)
    assert agreement(moved.shape) == pytest.approx(0.998, abs=0.001)


def test_the_right_boundary_is_not_suspected(layers, tmp_path):
    table = gpd.read_file(layers[1])
    table[table["adcode"] == "440881"].to_file(tmp_path / "county.geojson")
    done = bluecarbon("mrv", "coordinates", tmp_path / "county.geojson", "--reference", layers[1])
    assert done.returncode == 0, done.stderr
    assert "nothing says that the positions are shifted" in done.stdout
