"""What must hold for any map and any polygon: parts add up, nothing is lost or counted twice."""

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rasterio.crs import CRS

from bluecarbon.mrv.accuracy import Counted, stratified_ratio, stratified_total, total_limits
from bluecarbon.mrv.area import class_areas_ha, pixel_area_ha, to_grid, weights_of
from bluecarbon.mrv.change import gain_and_loss_ha, transitions_ha
from bluecarbon.mrv.rasters import Grid
from bluecarbon.mrv.vectors import geodesic_area_ha

SIZE = 24
GRIDS = (
    Grid(CRS.from_epsg(4326), Affine(2e-4, 0, 109.75, 0, -2e-4, 21.55), SIZE, SIZE),
    Grid(CRS.from_epsg(32649), Affine(10, 0, 370_000, 0, -10, 2_380_000), SIZE, SIZE),
    Grid(CRS.from_epsg(32649), Affine(30, 0, 800_000, 0, -30, 2_380_000), SIZE, SIZE),
)
PIXELS = [pixel_area_ha(grid) for grid in GRIDS]

maps = arrays(np.uint8, (SIZE, SIZE), elements=st.sampled_from([0, 1, 2, 6, 255]))
numbers = st.integers(0, len(GRIDS) - 1)
inner = st.floats(0.1, 0.9)


def inside(grid, corners):
    """A polygon in degrees from corners given as parts of the grid's footprint."""
    west, south, east, north = grid.footprint().buffer(-1e-6).envelope.bounds
    return shapely.MultiPoint(
        [(west + x * (east - west), south + y * (north - south)) for x, y in corners]
    ).convex_hull


polygons = st.lists(st.tuples(inner, inner), min_size=3, max_size=8)


@settings(deadline=None, max_examples=60)
@given(number=numbers, corners=polygons)
def test_covered_pixels_have_the_area_of_the_polygon(number, corners):
    grid = GRIDS[number]
    polygon = inside(grid, corners)
    if polygon.geom_type != "Polygon" or to_grid(polygon, grid).area < 4 * np.prod(grid.pixel_size):
        return
    weights = weights_of(polygon, grid, PIXELS[number])
    # 1e-5: fractions are 32-bit numbers, and a polygon of four pixels consists of little else
    assert weights.total_ha == pytest.approx(geodesic_area_ha(polygon), rel=1e-5)


@settings(deadline=None, max_examples=60)
@given(number=numbers, codes=maps, cut=st.floats(0.15, 0.85))
def test_two_halves_make_the_whole(number, codes, cut):
    grid = GRIDS[number]
    west, south, east, north = grid.footprint().envelope.bounds
    dx, dy = 0.1 * (east - west), 0.1 * (north - south)
    middle = west + cut * (east - west)
    whole, left, right = (
        class_areas_ha(codes, weights_of(shapely.box(*bounds), grid, PIXELS[number]))
        for bounds in (
            (west + dx, south + dy, east - dx, north - dy),
            (west + dx, south + dy, middle, north - dy),
            (middle, south + dy, east - dx, north - dy),
        )
    )
    for code in whole:
        parts = left.get(code, 0.0) + right.get(code, 0.0)
        assert parts == pytest.approx(whole[code], rel=1e-5, abs=1e-6)


@settings(deadline=None, max_examples=60)
@given(before=maps, after=maps, number=numbers)
def test_transitions_close_and_turn_around(before, after, number):
    grid = GRIDS[number]
    weights = weights_of(grid.footprint(), grid, PIXELS[number])
    moves = transitions_ha(before, after, weights)
    rows, columns = {}, {}
    for (was, is_), area in moves.items():
        rows[was] = rows.get(was, 0.0) + area
        columns[is_] = columns.get(is_, 0.0) + area
    assert rows == pytest.approx(class_areas_ha(before, weights))
    assert columns == pytest.approx(class_areas_ha(after, weights))
    back = transitions_ha(after, before, weights)
    assert {(b, a): area for (a, b), area in back.items()} == moves
    gain, loss = gain_and_loss_ha(moves, 1, unknown=frozenset())
    net = columns.get(1, 0.0) - rows.get(1, 0.0)
    assert gain - loss == pytest.approx(net, abs=1e-9)


# Two points at least in each of the two post-strata.
samples = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=30)


@settings(deadline=None, max_examples=100)
@given(on_map=samples, off_map=samples, sizes=st.tuples(*[st.floats(0.01, 1e4)] * 2))
def test_estimates_stay_within_what_areas_can_be(on_map, off_map, sizes):
    group = np.array([1] * len(on_map) + [0] * len(off_map))
    reference, mapped = np.array([*on_map, *off_map]).T
    merged = {1: sizes[0], 0: sizes[1]}
    counted = [
        Counted(area, int((group == g).sum()), int(reference[group == g].sum()))
        for g, area in merged.items()
    ]
    total = stratified_total(reference, group, merged)
    other = stratified_total(~reference, group, merged)
    whole = sum(sizes)
    assert -1e-9 <= total.value <= whole * (1 + 1e-9)
    assert total.value + other.value == pytest.approx(whole)
    assert total.standard_error == pytest.approx(other.standard_error, abs=1e-9)
    low, high = total_limits(counted, 0.9)
    assert low - 1e-9 * whole <= total.value <= high + 1e-9 * whole
    assert high > low
    ratio = stratified_ratio(mapped & reference, mapped, group, area=merged)
    assert np.isnan(ratio.value) or -1e-9 <= ratio.value <= 1 + 1e-9
