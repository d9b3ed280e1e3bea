"""Stock maps by hand-computed numbers: small rasters, every pool, and what is refused."""

import json

import numpy as np
import pytest
import rasterio
from support.small_coast import polygon
from support.stock_ground import class_layer, degree_grid, table_plan, utm_grid, write

from bluecarbon.mrv.area import pixel_area_ha
from bluecarbon.mrv.arrays import to_dataarray
from bluecarbon.mrv.blocks import Threads
from bluecarbon.mrv.height_relations import HeightRelation, height_relations
from bluecarbon.mrv.stock_layers import LayerFile
from bluecarbon.mrv.stock_maps import map_stocks, stock_dataset
from bluecarbon.mrv.stock_plan import Counted, StockPlan
from bluecarbon.mrv.stock_sources import (
    HeightSource,
    RasterSource,
    RatioSource,
    TableSource,
    profile_weights,
)
from bluecarbon.mrv.stock_totals import AreaEstimate, stock_table
from bluecarbon.project_stocks import Quantity

FRACTION = Quantity(value=0.5, standard_error=0.02, source="by hand", status="verified")
SQUARE = HeightRelation(
    name="square", region="", predictor="hmax", form="power", a=2.0, b=2.0, rmse_t_ha=10.0,
    height_min_m=1.0, height_max_m=10.0, source="by hand",
)  # fmt: skip


def row_of(table, pool, stratum="", kind=None):
    rows = table[(table["pool"] == pool) & (table["stratum"] == stratum)]
    rows = rows if kind is None else rows[rows["class"] == kind]
    assert len(rows) == 1, table
    return rows.iloc[0]


@pytest.fixture
def class_map(tmp_path):
    """Three pixels of mangrove (1), one of water (2)."""
    codes = np.array([[1, 1], [2, 1]], dtype=np.uint8)
    return write(tmp_path / "classes.tif", codes, utm_grid(2, 2))


def mapped(plan, folder, **more):
    made, found = map_stocks(plan, folder, **more)
    assert made is not None, found
    return made, found


def read(path):
    with rasterio.open(path) as dataset:
        return dataset.read(1)


def test_a_table_of_densities_is_looked_up_and_summed(tmp_path, class_map):
    grid = utm_grid(2, 2)
    plan = table_plan(grid, {"agb": [(40.0, 4.0)]}, class_file=class_layer(class_map))
    made, found = mapped(plan, tmp_path)
    assert found == ()
    np.testing.assert_array_equal(read(made.files["agb"]), [[40, 40], [np.nan, 40]])
    area = pixel_area_ha(grid)[[0, 0, 1], [0, 1, 1]].sum()
    row = row_of(made.table, "agb")
    assert row["area_ha"] == pytest.approx(area, rel=1e-12)
    assert row["stock_tc"] == pytest.approx(40 * area, rel=1e-12)
    # The error of a mean is the same in every pixel: it grows with the area itself.
    assert row["standard_error_tc"] == pytest.approx(4 * area, rel=1e-9)
    assert row["stock_tco2e"] == pytest.approx(row["stock_tc"] * 44 / 12, rel=1e-12)


def test_pixels_are_hectares_on_the_ellipsoid_and_not_sides_squared(tmp_path, class_map):
    plan = table_plan(utm_grid(2, 2), {"agb": [(1.0, 0.0)]}, class_file=class_layer(class_map))
    made, _ = mapped(plan, tmp_path)
    stock = row_of(made.table, "agb")["stock_tc"]
    assert stock != pytest.approx(0.03, rel=1e-5)
    assert stock == pytest.approx(0.03, rel=1e-3)


def test_roots_carry_the_errors_of_shoots_and_their_own(tmp_path):
    """AGB 40 +- 4, ratio 0.5 +- 0.1: BGB 20, its error sqrt((0.5 4)2 + (40 0.1)2)."""
    grid = degree_grid(1, 1)
    agb = TableSource(np.array([40.0]), np.array([4.0]), np.array([0]))
    ratio = RatioSource(Quantity(value=0.5, standard_error=0.1))
    plan = StockPlan(grid, Counted(), {"agb": agb, "bgb": ratio})
    made, _ = mapped(plan, tmp_path)
    area = float(pixel_area_ha(grid).sum())
    below = row_of(made.table, "bgb")
    assert below["stock_tc"] == pytest.approx(20 * area, rel=1e-7)
    assert below["standard_error_tc"] == pytest.approx(np.hypot(2, 4) * area, rel=1e-7)
    # Shoots and roots err together: 1.5 x 4 along the mean, 40 x 0.1 along the ratio.
    total = row_of(made.table, "total")
    assert total["standard_error_tc"] == pytest.approx(np.hypot(6, 4) * area, rel=1e-7)
    np.testing.assert_allclose(read(made.files["total_se"]), np.hypot(6, 4), rtol=1e-6)


def test_a_carbon_fraction_of_roots_of_their_own_scales_them(tmp_path):
    agb = TableSource(np.array([45.0]), np.array([0.0]), np.array([0]))
    roots = RatioSource(Quantity(value=0.5), carbon=0.39 / 0.45)
    plan = StockPlan(degree_grid(1, 1), Counted(), {"agb": agb, "bgb": roots})
    made, _ = mapped(plan, tmp_path)
    assert row_of(made.table, "bgb")["mean_tc_ha"] == pytest.approx(100 * 0.5 * 0.39, rel=1e-6)


def test_heights_become_carbon_and_what_lies_outside_the_range_is_missing(tmp_path):
    """2 H2 x 0.5: 5 m is 25 tC/ha; 0.5 m and 12 m lie outside 1 to 10 m."""
    heights = np.array([[5.0, 12.0], [0.5, 10.0]], dtype=np.float32)
    grid = utm_grid(2, 2)
    path = write(tmp_path / "height.tif", heights, grid)
    values = {}
    for rule in ("missing", "limit", "extrapolate"):
        source = HeightSource("height", "hmax", SQUARE, FRACTION, rule)
        plan = StockPlan(grid, Counted(), {"agb": source}, {"height": LayerFile(path)})
        (tmp_path / rule).mkdir()
        made, found = mapped(plan, tmp_path / rule)
        values[rule] = read(made.files["agb"]).ravel().tolist()
        assert "stocks-outside-range" in {item.code for item in found}
        assert ("stocks-unknown" in {item.code for item in found}) == (rule == "missing")
    assert values["missing"][0::3] == [25.0, 100.0]
    assert np.isnan(values["missing"][1:3]).all()
    assert values["limit"] == [25.0, 100.0, 1.0, 100.0]
    assert values["extrapolate"] == [25.0, 144.0, 0.25, 100.0]


def test_the_error_of_a_relation_does_not_vanish_with_area(tmp_path):
    """An RMSE of 10 t/ha and a fraction of 0.5 +- 0.02 on dry matter of 50 t/ha: 5 and 1."""
    for side in (1, 40):
        grid = degree_grid(side, side)
        path = write(tmp_path / f"{side}.tif", np.full((side, side), 5, np.float32), grid)
        source = HeightSource("height", "hmax", SQUARE, FRACTION)
        plan = StockPlan(grid, Counted(), {"agb": source}, {"height": LayerFile(path)})
        (tmp_path / str(side)).mkdir()
        row = row_of(mapped(plan, tmp_path / str(side))[0].table, "agb")
        relative = row["standard_error_tc"] / row["stock_tc"]
        assert relative == pytest.approx(np.hypot(5, 1) / 25, rel=1e-6)


def test_a_calibrated_relation_has_a_relative_error(tmp_path):
    grid = degree_grid(1, 2)
    path = write(tmp_path / "h.tif", np.array([[5.0, 10.0]], np.float32), grid)
    source = HeightSource("height", "hmax", SQUARE, Quantity(value=0.5), relative_error=0.2)
    plan = StockPlan(grid, Counted(), {"agb": source}, {"height": LayerFile(path)})
    row = row_of(mapped(plan, tmp_path)[0].table, "agb")
    assert row["standard_error_tc"] == pytest.approx(0.2 * row["stock_tc"], rel=1e-6)


def test_srtm_heights_are_brought_to_the_kind_of_the_relation():
    relation = height_relations()["simard2019-global-hba"]
    source = HeightSource("h", "srtm", relation, FRACTION)
    from bluecarbon.mrv.stock_sources import Pixels

    pixels = Pixels(np.zeros(3, np.int64), {"h": np.array([10.0, 0.4, np.nan])})
    made = source.field(pixels, 0)
    assert made.density[0] == pytest.approx(0.5 * 3.254 * 10.754**1.5295, rel=1e-12)
    assert np.isnan(made.density[1:]).all()


def test_soil_of_densities_at_depths_is_integrated_by_trapezoids():
    """50, 40 and 30 kg/m3 at 0, 30 and 100 cm: 0.3 x 45 + 0.7 x 35 = 38 kg/m2 = 380 tC/ha."""
    weights = profile_weights((0, 30, 100), 100)
    assert np.dot(weights, [50, 40, 30]) == pytest.approx(380.0)
    # Down to 65 cm the density there is 35: 0.3 x 45 + 0.35 x 37.5 = 26.625 kg/m2.
    assert np.dot(profile_weights((0, 30, 100), 65), [50, 40, 30]) == pytest.approx(266.25)
    assert np.dot(profile_weights((0, 30, 100, 200), 100), [50, 40, 30, 99]) == pytest.approx(380)
    # The trap: density of a depth times the thickness below it.
    assert np.dot(weights, [50, 40, 30]) != pytest.approx(10 * (0.3 * 50 + 0.7 * 40))


@pytest.mark.parametrize(("depths", "to"), [((0,), 30), ((10, 30), 30), ((0, 30), 100)])
def test_depths_that_cannot_be_integrated_are_refused(depths, to):
    with pytest.raises(ValueError, match="must ascend"):
        profile_weights(depths, to)


def test_gaps_of_a_map_are_unknown_and_in_no_total(tmp_path):
    grid = degree_grid(1, 2)
    soil = write(tmp_path / "soil.tif", np.array([[300, -1]], np.int16), grid, nodata=-1)
    agb = TableSource(np.array([40.0]), np.array([0.0]), np.array([0]))
    sources = {"agb": agb, "soil": RasterSource(("soil",), (1.0,), 0.1)}
    made, found = mapped(StockPlan(grid, Counted(), sources, {"soil": LayerFile(soil)}), tmp_path)
    half = float(pixel_area_ha(grid)[0, 0])
    total = row_of(made.table, "total")
    assert total["stock_tc"] == pytest.approx(340 * half, rel=1e-6)
    assert total["unknown_ha"] == pytest.approx(half, rel=1e-6)
    assert row_of(made.table, "agb")["stock_tc"] == pytest.approx(80 * half, rel=1e-6)
    assert [item.code for item in found] == ["stocks-unknown"]
    assert row_of(made.table, "soil")["standard_error_tc"] == pytest.approx(30 * half, rel=1e-6)


@pytest.mark.parametrize("edge", [1.5, 2.0])
def test_cut_pixels_count_by_their_part(tmp_path, edge):
    grid = utm_grid(2, 4)
    codes = write(tmp_path / "c.tif", np.ones((2, 4), np.uint8), grid)
    strata = {"W": polygon((0, 0), (edge, 0), (edge, 2), (0, 2))}
    strata["E"] = polygon((edge, 0), (4, 0), (4, 2), (edge, 2))
    counted = Counted({"mangrove": (1,)}, strata)
    rows = {"agb": [(10.0, 1.0), (20.0, 3.0)]}
    plan = table_plan(grid, rows, counted=counted, class_file=class_layer(codes))
    made, _ = mapped(plan, tmp_path)
    west, east = row_of(made.table, "agb", "W"), row_of(made.table, "agb", "E")
    pixel = float(pixel_area_ha(grid).mean())
    assert west["area_ha"] == pytest.approx(2 * edge * pixel, rel=1e-5)
    assert east["area_ha"] == pytest.approx(2 * (4 - edge) * pixel, rel=1e-5)
    whole = row_of(made.table, "agb", "", "")
    assert whole["stock_tc"] == pytest.approx(west["stock_tc"] + east["stock_tc"], rel=1e-12)
    in_quadrature = np.hypot(west["standard_error_tc"], east["standard_error_tc"])
    # Each stratum has its own mean, and errs by itself, also on the pixels that both share.
    assert west["stock_tc"] == pytest.approx(10 * west["area_ha"], rel=1e-7)
    assert east["stock_tc"] == pytest.approx(20 * east["area_ha"], rel=1e-7)
    assert whole["standard_error_tc"] == pytest.approx(in_quadrature, rel=1e-9)
    agb, error = read(made.files["agb"]), read(made.files["agb_se"])
    assert float((agb * pixel_area_ha(grid)).sum()) == pytest.approx(whole["stock_tc"], rel=1e-5)
    if edge == 1.5:
        np.testing.assert_allclose(agb[:, 1], 15.0, rtol=1e-4)
        np.testing.assert_allclose(error[:, 1], np.hypot(0.5, 1.5), rtol=1e-4)


def test_ground_without_carbon_has_none_beside_a_rich_neighbour(tmp_path):
    """Most of each pixel is E (100 tC/ha), the rest X (0): X holds nothing, and 0 +- 0."""
    grid = utm_grid(2, 1)
    codes = write(tmp_path / "c.tif", np.ones((2, 1), np.uint8), grid)
    strata = {"E": polygon((0, 0), (0.8, 0), (0.8, 2), (0, 2))}
    strata["X"] = polygon((0.8, 0), (1, 0), (1, 2), (0.8, 2))
    counted, file = Counted({"mangrove": (1,)}, strata), class_layer(codes)
    plan = table_plan(grid, {"agb": [(100.0, 1.0), (0.0, 0.0)]}, counted=counted, class_file=file)
    made, _ = mapped(plan, tmp_path)
    row = row_of(made.table, "agb", "X")
    assert (row["stock_tc"], row["standard_error_tc"], row["unknown_ha"]) == (0.0, 0.0, 0.0)
    # Without a row of its own it stays unknown: nothing comes over from E.
    rows = TableSource(np.array([100.0]), np.array([1.0]), np.array([0, -1]))
    made, _ = mapped(StockPlan(grid, counted, {"agb": rows}, class_file=file), tmp_path)
    row = row_of(made.table, "agb", "X")
    assert row["unknown_ha"] == pytest.approx(row["area_ha"])
    assert row["stock_tc"] == 0.0
    assert np.isnan(row["mean_tc_ha"])
    np.testing.assert_array_equal(read(made.files["agb"]), 100.0)


def test_estimated_areas_move_the_stock_and_bring_their_error():
    """Mapped 1 ha at 50 tC/ha, estimated 1.2 +- 0.1 ha: 60 tC, errors 1.2 x 5 and 50 x 0.1."""
    grid = degree_grid(1, 1)
    plan = table_plan(grid, {"agb": [(50.0, 5.0)]}, counted=Counted())
    from bluecarbon.mrv.stock_blocks import stocks_of

    sums = stocks_of(plan, grid, None, {}).sums
    table = stock_table(plan, sums, {("", "every pixel"): AreaEstimate(1.2, 0.1)})
    row = row_of(table, "agb")
    assert row["stock_tc"] == pytest.approx(60.0, rel=1e-6)
    assert row["standard_error_density_tc"] == pytest.approx(6.0, rel=1e-6)
    assert row["standard_error_area_tc"] == pytest.approx(5.0, rel=1e-6)
    assert row["standard_error_tc"] == pytest.approx(np.hypot(6, 5), rel=1e-6)


def test_arrays_in_memory_give_the_numbers_of_files(tmp_path, class_map):
    grid = utm_grid(2, 2)
    plan = table_plan(grid, {"agb": [(40.0, 4.0)]}, class_file=class_layer(class_map))
    made, _ = mapped(plan, tmp_path)
    array = to_dataarray(read(class_map), grid, "classes")
    dataset, table, _ = stock_dataset(plan, {}, class_map=array)
    np.testing.assert_array_equal(dataset["agb"], read(made.files["agb"]))
    assert table.equals(made.table)
    assert dataset["agb"].attrs["units"] == "t ha-1"
    assert dataset["agb"].attrs["grid_mapping"] == "spatial_ref"


def test_maps_say_what_they_hold(tmp_path):
    grid = degree_grid(2, 2)
    soil = TableSource(np.array([300.0]), np.array([9.0]), np.array([0]))
    made, _ = mapped(StockPlan(grid, Counted(), {"soil": soil}), tmp_path)
    with rasterio.open(made.files["soil"]) as dataset:
        tags = dataset.tags(1)
        assert dataset.units == ("t ha-1",)
        assert np.isnan(dataset.nodata)
    assert tags["standard_name"] == "soil_mass_content_of_carbon"
    assert tags["carbon_unit"] == "tC/ha"
    with rasterio.open(made.files["soil_se"]) as dataset:
        assert dataset.tags(1)["standard_name"] == "soil_mass_content_of_carbon standard_error"


def test_the_same_bytes_on_one_thread_and_on_several(tmp_path):
    grid = utm_grid(1100, 1300)
    heights = np.linspace(1, 10, 1100 * 1300, dtype=np.float32).reshape(1100, 1300)
    path = write(tmp_path / "h.tif", heights, grid)
    source = HeightSource("height", "hmax", SQUARE, FRACTION)
    plan = StockPlan(grid, Counted(), {"agb": source}, {"height": LayerFile(path)})
    answers = []
    for number in (1, 3):
        folder = tmp_path / str(number)
        folder.mkdir()
        made, _ = mapped(plan, folder, runner=Threads(number))
        answers.append((made.files["agb"].read_bytes(), made.table.to_csv()))
    assert answers[0] == answers[1]


def test_nothing_counted_is_an_error_and_a_broken_file_leaves_nothing(tmp_path, class_map):
    plan = table_plan(
        utm_grid(2, 2), {"agb": [(40.0, 4.0)]},
        counted=Counted({"mangrove": (9,)}), class_file=class_layer(class_map),
    )  # fmt: skip
    made, found = map_stocks(plan, tmp_path)
    assert made is None
    assert [item.code for item in found] == ["stocks-nothing-counted"]
    json.dumps([item.model_dump() for item in found])


def test_a_picture_names_its_pools_in_words_and_hatches_what_does_not_count(tmp_path):
    from bluecarbon.mrv.stock_files import _title
    from bluecarbon.mrv.stock_pictures import UNCOUNTED, Shown, carbon_map_png

    plan = table_plan(utm_grid(2, 2), {"agb": [(50.0, 1.0)], "bgb": [(20.0, 1.0)]})
    assert _title(plan) == "Carbon stock: above ground, roots"
    assert "hatched" in UNCOUNTED
    png = tmp_path / "p.png"
    png.write_bytes(carbon_map_png(Shown(np.full((40, 40), np.nan, np.float32), (10, 10)), "x"))
    with rasterio.open(png) as picture:
        middle = picture.read([1, 2, 3])[:, 250:450, 150:450]
    # Lines on white: no grey that the middle of the scale could be taken for.
    assert (middle == 255).mean() > 0.5
    assert (middle < 200).any()
