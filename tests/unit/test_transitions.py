"""Transitions from files: areas on the ellipsoid, blocks, runners, strata, and files that lie."""

import itertools
import math

import numpy as np
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS
from support import dated_maps as kit

from bluecarbon.mrv.area import pixel_area_ha
from bluecarbon.mrv.areal_scale import ArealScale, cell_polynomials, cells_of
from bluecarbon.mrv.blocks import Block, Threads
from bluecarbon.mrv.rasters import Grid
from bluecarbon.mrv.transitions import DatedMap, transition_areas

YEARS = (2010, 2015, 2020)


def codes_of(findings):
    return [finding.code for finding in findings]


def series(folder, place=kit.UTM, years=YEARS, seed=0, **options):
    rng = np.random.default_rng(seed)
    layers = rng.integers(0, 4, (len(years), place.height, place.width), dtype=np.uint8)
    maps = []
    for year, codes in zip(years, layers, strict=True):
        path = kit.write(folder / f"map_{year}.tif", codes, place, **options)
        maps.append(DatedMap(year, path))
    return maps, layers


def exact_ha(place):
    """Area of every pixel from the closed form or the projection itself, not from a lattice."""
    row, column = np.indices((place.height, place.width)) + 0.5
    return ArealScale(place).pixel_ha(row, column)


@pytest.mark.parametrize("place", [kit.UTM, kit.DEGREES], ids=["utm", "degrees"])
def test_every_sequence_of_classes_has_its_true_area(tmp_path, place):
    maps, layers = series(tmp_path, place)
    table, findings = transition_areas(maps)
    assert findings == ()
    area_ha = exact_ha(place)
    assert len(table.codes) == len(np.unique(layers.reshape(3, -1), axis=1).T)
    for codes, pixels, hectares in zip(table.codes, table.pixels, table.area_ha, strict=True):
        here = (layers == codes[:, None, None]).all(axis=0)
        assert pixels == here.sum()
        assert hectares == pytest.approx(area_ha[here].sum(), rel=1e-10)


@pytest.mark.parametrize("place", [kit.UTM, kit.DEGREES], ids=["utm", "degrees"])
def test_one_pixel_has_the_area_of_its_geodesic_polygon(place):
    scale = ArealScale(place)
    for row, column in ((0, 0), (44, 37), (89, 74)):
        expected = kit.geodesic_pixel_ha(place, row, column)
        found = scale.pixel_ha(np.array([row + 0.5]), np.array([column + 0.5]))[0]
        # the polygon algorithm rounds at 0.01 m2, a pixel has 100 m2 and more
        assert found == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize(
    "place",
    [
        kit.grid(3000, 3000, left=250_000.0),
        kit.grid(3000, 3000, left=790_000.0),
        Grid(CRS.from_epsg(4326), Affine(2.2e-4, 0, 106.5, 0, -2.2e-4, 20.7), 3000, 3000),
        Grid(CRS.from_epsg(4326), Affine(2e-4, 0, 20.0, 0, -2e-4, -33.0), 3000, 3000),
        Grid(CRS.from_epsg(3857), Affine(30, 0, 12_200_000, 0, -30, 2_400_000), 3000, 3000),
        Grid(CRS.from_epsg(2263), Affine(100, 0, 980_000, 0, -100, 200_000), 900, 900),
    ],
    ids=["middle", "edge", "red-river", "south", "mercator", "feet"],
)
def test_cells_agree_with_geodesic_polygons_to_a_millionth(place):
    scale = ArealScale(place)
    for rows in (slice(0, 800), slice(place.height - 800, place.height)):
        block = Block(rows.start, 0, 800, place.width)
        cells, total = cells_of(block, scale.cell_px), 0.0
        moved = [Block(c.row + block.row, c.column, c.rows, c.columns) for c in cells]
        for cell, p in zip(moved, cell_polynomials(scale, moved), strict=True):
            r, c = np.arange(cell.rows)[:, None], np.arange(cell.columns)[None]
            area = p[0] + p[1] * c + p[2] * c * c + p[3] * r + p[4] * r * r + p[5] * r * c
            exact = scale.pixel_ha(r + cell.row + 0.5, c + cell.column + 0.5)
            np.testing.assert_allclose(area, np.broadcast_to(exact, area.shape), rtol=1e-8)
            total += area.sum()
        expected = kit.geodesic_rectangle_ha(place, rows, slice(0, place.width))
        assert total == pytest.approx(expected, rel=1e-6)


def test_the_lattice_of_small_maps_and_the_cells_of_large_ones_agree():
    place = kit.grid(900, 1100, left=790_000.0)
    assert pixel_area_ha(place).sum() == pytest.approx(exact_ha(place).sum(), rel=1e-8)


def test_rows_sum_to_the_first_map_and_columns_to_the_last(tmp_path):
    maps, _ = series(tmp_path)
    table, _ = transition_areas(maps)
    for first, last in itertools.combinations(YEARS, 2):
        matrix = table.matrix_ha(first, last)
        for code in range(4):
            row = sum(area for (before, _), area in matrix.items() if before == code)
            column = sum(area for (_, after), area in matrix.items() if after == code)
            assert row == pytest.approx(table.areas_ha(first)[code], rel=1e-12)
            assert column == pytest.approx(table.areas_ha(last)[code], rel=1e-12)


def test_the_table_is_the_same_bytes_on_any_number_of_threads(tmp_path):
    maps, _ = series(tmp_path, kit.grid(600, 130))
    one, four = (transition_areas(maps, runner=Threads(n))[0] for n in (1, 4))
    assert one.area_ha.tobytes() == four.area_ha.tobytes()
    assert one.codes.tobytes() == four.codes.tobytes()


def test_the_size_of_blocks_changes_no_count(tmp_path, monkeypatch):
    maps, _ = series(tmp_path, kit.grid(700, 90))
    whole, _ = transition_areas(maps)
    monkeypatch.setattr("bluecarbon.mrv.transitions.BLOCK_PX", 600)
    monkeypatch.setattr("bluecarbon.mrv.transitions.PART_PX", 600)
    monkeypatch.setattr("bluecarbon.mrv.transitions.PART_COLUMNS", 16)
    small, _ = transition_areas(maps)
    np.testing.assert_array_equal(whole.codes, small.codes)
    np.testing.assert_array_equal(whole.pixels, small.pixels)
    np.testing.assert_allclose(whole.area_ha, small.area_ha, rtol=1e-10)


def test_the_numpy_twin_gives_the_same_bytes(tmp_path, monkeypatch):
    maps, _ = series(tmp_path)
    twin, _ = transition_areas(maps)
    monkeypatch.setattr("bluecarbon.mrv.transitions.COMPILED_FROM_PX", 0)
    fast, _ = transition_areas(maps)
    assert fast.area_ha.tobytes() == twin.area_ha.tobytes()


def test_strata_from_a_raster(tmp_path):
    maps, layers = series(tmp_path)
    numbers = np.zeros((90, 75), np.uint8)
    numbers[:40], numbers[40:80] = 1, 2
    path = kit.write(tmp_path / "strata.tif", numbers, kit.UTM, nodata=0)
    table, findings = transition_areas(maps, strata=path)
    assert findings == ()
    assert table.strata == ("", "1", "2")
    area_ha = exact_ha(kit.UTM)
    for name, number in (("", 0), ("1", 1), ("2", 2)):
        for code, hectares in table.areas_ha(2015, name).items():
            expected = area_ha[(numbers == number) & (layers[1] == code)].sum()
            assert hectares == pytest.approx(expected, rel=1e-10)


def test_strata_from_polygons_count_cut_pixels_by_their_part(tmp_path):
    maps, layers = series(tmp_path)
    left = shapely.Polygon([(2.5, 3.25), (30.75, 3.25), (30.75, 60), (2.5, 60)])
    polygons = {"left": kit.degrees(kit.UTM, left)}
    polygons["overlapping"] = kit.degrees(kit.UTM, shapely.box(20, 20, 50, 50))
    table, findings = transition_areas(maps, strata=polygons)
    assert findings == ()
    part = np.zeros((90, 75))
    part[3:60, 2:31] = 1
    part[3] *= 0.75
    part[:, 2] *= 0.5
    part[:, 30] *= 0.75
    area_ha = exact_ha(kit.UTM)
    for code, hectares in table.areas_ha(2010, "left").items():
        expected = (part * area_ha)[layers[0] == code].sum()
        # edges straight in degrees bend by micrometres on the grid
        assert hectares == pytest.approx(expected, rel=1e-6)
    whole = sum(table.areas_ha(2020, "overlapping").values())
    assert whole == pytest.approx(
        kit.geodesic_rectangle_ha(kit.UTM, slice(20, 50), slice(20, 50)), rel=1e-6
    )


def test_bands_of_one_file(tmp_path):
    maps, layers = series(tmp_path)
    path = kit.write(tmp_path / "all.tif", layers, kit.UTM)
    bands = [DatedMap(year, path, band) for band, year in enumerate(YEARS, start=1)]
    from_bands, findings = transition_areas(bands)
    assert findings == ()
    assert from_bands.area_ha.tobytes() == transition_areas(maps)[0].area_ha.tobytes()


def test_a_frame_for_people(tmp_path):
    maps, _ = series(tmp_path)
    table, _ = transition_areas(maps)
    frame = table.to_frame()
    assert list(frame.columns) == ["stratum", "2010", "2015", "2020", "pixels", "area_ha"]
    assert frame["pixels"].sum() == 90 * 75


def test_sixteen_bits_are_class_numbers_too(tmp_path):
    codes = np.full((20, 24), 1001, np.uint16)
    codes[:5] = 7
    path = kit.write(tmp_path / "wide.tif", codes, kit.grid(20, 24))
    table, findings = transition_areas([DatedMap(2020, path)])
    assert findings == ()
    assert dict(zip(table.codes[:, 0].tolist(), table.pixels.tolist(), strict=True)) == {
        7: 120, 1001: 360,
    }  # fmt: skip


def test_dates_out_of_order_and_twice(tmp_path):
    maps, _ = series(tmp_path)
    table, findings = transition_areas([maps[1], maps[0], maps[0]])
    assert table is None
    assert codes_of(findings) == ["class-map-year-order", "class-map-year-twice"]
    assert "map_2010.tif" in findings[0].subject


def test_no_map_at_all():
    assert codes_of(transition_areas([])[1]) == ["class-map-missing"]


def test_maps_that_do_not_meet_are_named(tmp_path):
    here, _ = series(tmp_path, years=(2010,))
    away = kit.grid(90, 75, left=900_000.0)
    path = kit.write(tmp_path / "away.tif", np.ones((90, 75), np.uint8), away)
    table, findings = transition_areas([*here, DatedMap(2015, path)])
    assert table is None
    assert codes_of(findings) == ["class-map-no-overlap"]
    assert findings[0].subject == "away.tif"


def test_longitudes_across_the_antimeridian_are_explained(tmp_path):
    maps = []
    for year, left in ((2010, 179.99), (2015, 179.99 - 360)):
        place = Grid(CRS.from_epsg(4326), Affine(2e-4, 0, left, 0, -2e-4, -16.0), 90, 75)
        path = kit.write(tmp_path / f"fiji_{year}.tif", np.ones((90, 75), np.uint8), place)
        maps.append(DatedMap(year, path))
    table, findings = transition_areas(maps)
    assert table is None
    assert codes_of(findings) == ["class-map-no-overlap"]
    assert "antimeridian" in findings[0].message


def test_a_map_across_the_antimeridian_has_its_area(tmp_path):
    place = Grid(CRS.from_epsg(4326), Affine(2e-4, 0, 179.99, 0, -2e-4, -16.0), 90, 75)
    path = kit.write(tmp_path / "fiji.tif", np.ones((90, 75), np.uint8), place)
    table, findings = transition_areas([DatedMap(2020, path)])
    assert findings == ()
    assert table.area_ha[0] == pytest.approx(exact_ha(place).sum(), rel=1e-10)


def test_other_grids_need_a_rule(tmp_path):
    first, _ = series(tmp_path, years=(2010,))
    coarse = kit.grid(45, 38, left=780_000.0, top=2_380_000.0, pixel=20.0)
    path = kit.write(tmp_path / "coarse.tif", np.ones((45, 38), np.uint8), coarse, nodata=0)
    maps = [*first, DatedMap(2015, path)]
    table, findings = transition_areas(maps)
    assert table is None
    assert codes_of(findings) == ["class-map-grid-differs"]
    table, findings = transition_areas(maps, alignment="nearest")
    assert codes_of(findings) == ["class-map-aligned"]
    assert table.pixels.sum() == 90 * 75


def test_a_truncated_file_is_named(tmp_path):
    maps, _ = series(tmp_path, kit.grid(600, 600))
    content = maps[1].path.read_bytes()
    maps[1].path.write_bytes(content[: len(content) // 2])
    table, findings = transition_areas(maps)
    assert table is None
    assert codes_of(findings) == ["class-map-unreadable"]
    assert "map_2015.tif" in findings[0].subject


def test_nodata_that_is_a_class_is_counted_and_said(tmp_path):
    maps, layers = series(tmp_path, years=(2020,), nodata=0)
    legend = {0: "water", 1: "mangrove", 2: "pond", 3: "other"}
    table, findings = transition_areas(maps, legend=legend)
    assert codes_of(findings) == ["class-map-nodata-is-class"]
    assert "map_2020.tif" in findings[0].subject
    assert table.pixels[table.codes[:, 0] == 0].sum() == (layers == 0).sum()


def test_numbers_that_nobody_named(tmp_path):
    maps, _ = series(tmp_path, years=(2020,), nodata=0)
    table, findings = transition_areas(maps, legend={1: "mangrove", 2: "pond"})
    assert table is None
    assert codes_of(findings) == ["class-map-number-unknown"]
    assert "numbers 3 occur" in findings[0].message


def test_polygons_beyond_the_map_are_said(tmp_path):
    maps, _ = series(tmp_path)
    polygons = {
        "edge": kit.degrees(kit.UTM, shapely.box(60, 10, 90, 20)),
        "away": kit.degrees(kit.UTM, shapely.box(900, 10, 950, 20)),
    }
    table, findings = transition_areas(maps, strata=polygons)
    assert codes_of(findings) == ["polygon-beyond-map"] * 2
    assert [finding.subject for finding in findings] == ["edge", "away"]
    assert sum(table.areas_ha(2010, "edge").values()) == pytest.approx(
        kit.geodesic_rectangle_ha(kit.UTM, slice(10, 20), slice(60, 75)), rel=1e-6
    )
    assert math.isclose(sum(table.areas_ha(2010, "away").values()), 0.0)
