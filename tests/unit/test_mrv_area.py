"""Pixel areas on the ellipsoid and the covered part of cut pixels."""

import math

import numpy as np
import pyproj
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS
from support import small_coast as coast

from bluecarbon.mrv.area import class_areas_ha, covered_fraction, pixel_area_ha, weights_of
from bluecarbon.mrv.rasters import Grid
from bluecarbon.mrv.vectors import geodesic_area_ha

GEOD = pyproj.Geod(ellps="WGS84")


def geodesic_block_ha(grid, rows, columns, points=50):
    """Geodesic polygon around a block of pixels, its edges followed by points of the grid's CRS.

    Blocks, not single pixels: rounding of the polygon algorithm (about 0.01 m2) would show.
    """
    across, down = grid.pixel_size
    left, right = (grid.transform.c + across * c for c in (columns.start, columns.stop))
    top, bottom = (grid.transform.f - down * r for r in (rows.start, rows.stop))
    ring = shapely.segmentize(shapely.box(left, bottom, right, top), (right - left) / points)
    back = pyproj.Transformer.from_crs(grid.crs, 4326, always_xy=True)
    x, y = shapely.get_coordinates(ring.exterior).T
    return abs(GEOD.polygon_area_perimeter(*back.transform(x, y))[0]) / 1e4


@pytest.mark.parametrize(
    ("epsg", "transform", "height", "width"),
    [
        (4326, Affine(0.000222222, 0, 106.52, 0, -0.000222222, 20.69), 900, 900),
        (4326, Affine(0.001, 0, -81.0, 0, -0.001, 0.4), 800, 500),
        (4326, Affine(0.001, 0, 20.0, 0, -0.001, -34.0), 300, 300),
        # middle and edge of the UTM zone of Zhanjiang
        (32649, Affine(10, 0, 370_000, 0, -10, 2_380_000), 1000, 1200),
        (32649, Affine(10, 0, 800_000, 0, -10, 2_380_000), 1000, 1000),
        (32649, Affine(10, 0, 495_000, 0, -10, 2_380_000), 300, 1000),
        # feet
        (2263, Affine(100, 0, 980_000, 0, -100, 200_000), 300, 300),
    ],
)
def test_pixel_areas_agree_with_geodesic_polygons_to_a_millionth(epsg, transform, height, width):
    grid = Grid(CRS.from_epsg(epsg), transform, height, width)
    areas = pixel_area_ha(grid)
    assert areas.shape == (height, width)
    for rows in (slice(0, 100), slice(height - 100, height)):
        for columns in (slice(0, 100), slice(width - 100, width)):
            expected = geodesic_block_ha(grid, rows, columns)
            assert areas[rows, columns].sum() == pytest.approx(expected, rel=1e-6)


def test_counting_square_metres_of_utm_would_be_wrong_by_known_amounts():
    # the scale is 0.9996 in the middle of the zone and above 1 at its edge: the sign changes
    middle = pixel_area_ha(coast.grid(size=1, left=500_000.0))[0, 0]
    edge = pixel_area_ha(coast.grid(size=1, left=810_000.0))[0, 0]
    assert middle == pytest.approx(0.01 / 0.9996**2, rel=1e-6)
    assert edge < 0.01 < middle


def test_a_degree_grid_shrinks_with_latitude():
    grid = Grid(CRS.from_epsg(4326), Affine(0.01, 0, 100, 0, -0.01, 60.005), 6001, 2)
    areas = pixel_area_ha(grid)[:, 0]
    assert (np.diff(areas) > 0).all()
    # M N cos(latitude): half of the equator's on a sphere, and the ellipsoid's flattening on top
    flattening = (1 - GEOD.es * math.sin(math.radians(60)) ** 2) ** -2
    assert areas[0] / areas[-1] == pytest.approx(0.5 * flattening, rel=1e-6)


def test_cut_pixels_count_by_their_covered_part():
    rows, columns, fraction = covered_fraction(coast.block(2.5, 3, 6.25, 5.5), coast.grid())
    assert (rows, columns) == (slice(3, 6), slice(2, 7))
    expected = np.outer([1, 1, 0.5], [0.5, 1, 1, 1, 0.25])
    # edges that are straight in degrees bend by some micrometres in UTM
    np.testing.assert_allclose(fraction, expected, atol=1e-4)


def test_a_polygon_off_the_grid_covers_nothing():
    weights = weights_of(coast.block(100, 100, 110, 110), coast.grid(), np.ones((40, 40)))
    assert weights.total_ha == 0.0
    assert class_areas_ha(np.ones((40, 40), np.uint8), weights) == {}


def test_holes_are_left_out():
    ring = coast.block(0, 0, 10, 10) - coast.block(4, 4, 6, 6)
    weights = weights_of(ring, coast.grid(), pixel_area_ha(coast.grid()))
    assert weights.total_ha == pytest.approx(geodesic_area_ha(ring), rel=1e-5)
    assert weights.area_ha[5, 5] == 0.0


def test_class_areas_sum_codes_of_the_whole_map():
    grid = coast.grid()
    pixel_ha = pixel_area_ha(grid)
    areas = class_areas_ha(coast.truth(2015), weights_of(coast.block(0, 0, 40, 40), grid, pixel_ha))
    # code 0 would be a class like any other: nothing is dropped for being zero
    assert set(areas) == {1, 2, 3, 5}
    # 2e-5: the block's edges are straight in degrees, a millimetre off the rows of pixels
    assert areas[5] == pytest.approx(pixel_ha[:6].sum(), rel=2e-5)
    zero = np.zeros((40, 40), dtype=np.uint8)
    weights = weights_of(coast.block(0, 0, 40, 40), grid, pixel_ha)
    assert class_areas_ha(zero, weights) == {0: pytest.approx(pixel_ha.sum(), rel=2e-5)}
