"""Maps as wide as the world, and polygons on both sides of it: counted, or refused with a reason.

Sums are held against the closed form for the zone between two parallels, which no projection
enters.
"""

import numpy as np
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS
from support import small_coast as coast
from support.class_raster import write_classes

from bluecarbon.mrv.areal_scale import ArealScale
from bluecarbon.mrv.map_arguments import named_polygons
from bluecarbon.mrv.rasters import Grid
from bluecarbon.mrv.regrid import antimeridian_findings
from bluecarbon.mrv.transitions import DatedMap, transition_areas
from bluecarbon.mrv.vectors import read_polygons
from bluecarbon.mrv.zonal import zonal_areas

HALF_EQUAL_AREA_M = 17_367_530.445161
HALF_MERCATOR_M = 20_037_508.342789
WORLD = shapely.box(-180, -90, 180, 90)
FIJI = shapely.MultiPolygon([shapely.box(170, -20, 180, -10), shapely.box(-180, -20, -170, -10)])
TROPICS = shapely.MultiPolygon([shapely.box(100, 0, 110, 10), shapely.box(-100, 0, -90, 10)])


def wide(crs, left, top, right, bottom):
    """A grid of 120 x 360 pixels between bounds."""
    across, down = (right - left) / 360, (top - bottom) / 120
    return Grid(CRS.from_user_input(crs), Affine(across, 0, left, 0, -down, top), 120, 360)


def zone_ha(south, north, width=360.0):
    place = Affine(1.0, 0.0, -180.0, 0.0, -1.0, 90.0)
    degrees = ArealScale(Grid(CRS.from_epsg(4326), place, 180, 360))
    return float(degrees.zone_ha(np.array(north), np.array(south), width))


@pytest.mark.parametrize(
    ("crs", "bounds", "code"),
    [
        ("EPSG:6933", (-HALF_EQUAL_AREA_M, 7e6, HALF_EQUAL_AREA_M, -7e6), None),
        ("EPSG:3857", (-HALF_MERCATOR_M, 1.5e7, HALF_MERCATOR_M, -1.5e7), None),
        # around 150 degrees east
        ("EPSG:3832", (-2e6, 2e6, 2e6, -2e6), None),
        ("EPSG:3035", (2e6, 6e6, 7e6, 1e6), None),
        ("EPSG:3031", (-3e6, 3e6, 3e6, -3e6), "raster-antimeridian"),
        ("EPSG:32660", (166_000, 8.2e6, 1.2e6, 8e6), "raster-antimeridian"),
        ("EPSG:8857", (-1.72e7, 8.39e6, 1.72e7, -8.39e6), "raster-beyond-world"),
        ("ESRI:54009", (-1.8e7, 9e6, 1.8e7, -9e6), "raster-beyond-world"),
        ("EPSG:6933", (1.7e7, 1e6, 1.8e7, -1e6), "raster-beyond-world"),
    ],
)
def test_a_wide_grid_is_not_one_that_crosses(crs, bounds, code):
    found = antimeridian_findings(wide(crs, *bounds), "world.tif")
    assert [f.code for f in found] == ([code] if code else [])


def class_map(folder, epsg, half_m, top_m):
    grid = wide(f"EPSG:{epsg}", -half_m, top_m, half_m, -top_m)
    codes = np.ones((grid.height, grid.width), np.uint8)
    codes[:, ::2] = 2
    path = write_classes(folder / "world_2020.tif", codes, epsg=epsg, transform=grid.transform)
    return DatedMap(2020, path), grid


@pytest.mark.parametrize(
    ("epsg", "half_m", "top_m"), [(6933, HALF_EQUAL_AREA_M, 7e6), (3857, HALF_MERCATOR_M, 1.5e7)]
)
def test_the_area_of_the_world(tmp_path, epsg, half_m, top_m):
    dated, grid = class_map(tmp_path, epsg, half_m, top_m)
    table, found = transition_areas([dated])
    assert found == ()
    north = grid.footprint().bounds[3]
    # 2e-4: pixels are 100 km high, and their area is that of their middle
    assert table.area_ha.sum() == pytest.approx(zone_ha(-north, north), rel=2e-4)
    band = shapely.box(-180, -30, 180, 30)
    areas, found = zonal_areas(dated, {"band": band, "fiji": FIJI, "tropics": TROPICS})
    assert found == ()
    by_name = areas.groupby("polygon")["area_ha"].sum()
    assert by_name["band"] == pytest.approx(zone_ha(-30, 30), rel=2e-4)
    assert by_name["fiji"] == pytest.approx(zone_ha(-20, -10, 20), rel=1e-3)
    assert by_name["tropics"] == pytest.approx(zone_ha(0, 10, 20), rel=1e-3)


def test_zonal_areas_of_a_map_across_the_antimeridian_are_refused(tmp_path):
    degrees = {"epsg": 4326, "pixel": 0.001, "left": 179.98, "top": -16.0}
    path = write_classes(tmp_path / "fiji.tif", np.ones((40, 40), np.uint8), **degrees)
    table, (finding,) = zonal_areas(DatedMap(0, path), {"a": FIJI})
    assert table is None
    assert (finding.code, finding.subject) == ("raster-antimeridian", "fiji.tif")


@pytest.mark.parametrize(
    ("shape", "footprint", "codes"),
    [
        (TROPICS, coast.grid().footprint(), []),
        (TROPICS, None, []),
        (FIJI, coast.grid().footprint(), ["polygon-antimeridian"]),
        (FIJI, WORLD, []),
        (shapely.box(-179.9, -16, 179.9, -15), None, ["polygon-antimeridian"]),
        (shapely.box(-179.9, -16, 179.9, -15), WORLD, ["polygon-around-the-world"]),
        (shapely.box(179.9, -16, 180.1, -15), WORLD, ["polygon-antimeridian"]),
    ],
)
def test_polygons_on_both_sides_of_the_world(tmp_path, shape, footprint, codes):
    coast.write_layer(tmp_path / "a.geojson", ({"name": "a"}, shape))
    frame, found = read_polygons(tmp_path / "a.geojson", footprint)
    assert len(frame) == 1
    assert [f.code for f in found] == codes
    assert all(f.severity == "error" or f.code == "polygon-around-the-world" for f in found)


def test_a_map_without_an_outline_does_not_judge_the_axes(tmp_path):
    coast.write_layer(tmp_path / "a.geojson", ({"name": "a"}, shapely.box(1, 1, 2, 2)))
    mollweide = {"crs": "ESRI:54009", "pixel": 450_000.0, "left": -18_000_000.0, "top": 9_000_000.0}
    path = write_classes(tmp_path / "map.tif", np.ones((40, 80), np.uint8), **mollweide)
    shapes, found = named_polygons(tmp_path / "a.geojson", class_map=DatedMap(0, path))
    assert found == ()
    assert list(shapes) == ["a"]
