"""What must hold of every stock map: tables are sums of pixels, and blocks do not matter."""

import tempfile
from pathlib import Path

import numpy as np
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from support.stock_ground import degree_grid, table_plan, utm_grid, write

from bluecarbon.mrv.area import pixel_area_ha
from bluecarbon.mrv.stock_blocks import StockSums, no_sums, stocks_of
from bluecarbon.mrv.stock_layers import LayerFile
from bluecarbon.mrv.stock_maps import map_stocks
from bluecarbon.mrv.stock_plan import Counted
from bluecarbon.mrv.stock_sources import RatioSource
from bluecarbon.mrv.stock_totals import stock_table
from bluecarbon.project_stocks import Quantity

sizes = st.tuples(st.integers(1, 12), st.integers(1, 12))
densities = st.floats(0.01, 900).map(lambda value: round(value, 3))


@st.composite
def grounds(draw):
    height, width = draw(sizes)
    grid = draw(st.sampled_from((degree_grid, utm_grid)))(height, width)
    codes = draw(st.lists(st.integers(0, 3), min_size=height * width, max_size=height * width))
    kinds = Counted({"a": (1,), "b": (2, 3)})
    rows = {
        pool: [(draw(densities), draw(densities)) for _ in range(2)] for pool in ("agb", "soil")
    }
    plan = table_plan(grid, rows, counted=kinds)
    ratio = RatioSource(Quantity(value=draw(st.floats(0.1, 2)), standard_error=0.1))
    plan.sources["bgb"] = ratio
    return plan, np.array(codes, np.uint8).reshape(height, width)


@given(grounds())
@settings(max_examples=60, deadline=None)
def test_stocks_are_the_sum_of_the_maps_pixels_times_their_area(ground):
    plan, codes = ground
    made = stocks_of(plan, plan.grid, codes, {})
    area = pixel_area_ha(plan.grid)
    for number, _ in enumerate(plan.fields):
        summed = float(np.nansum(made.maps[number].astype(np.float64) * area))
        np.testing.assert_allclose(made.sums.stock_tc[number].sum(), summed, rtol=1e-9)


@given(grounds())
@settings(max_examples=60, deadline=None)
def test_pools_add_up_to_the_total(ground):
    plan, codes = ground
    sums = stocks_of(plan, plan.grid, codes, {}).sums
    # Each map is rounded to float32 by itself.
    np.testing.assert_allclose(sums.stock_tc[:-1].sum(axis=0), sums.stock_tc[-1], rtol=2e-7)
    np.testing.assert_allclose(sums.slopes[:-1].sum(axis=0), sums.slopes[-1], rtol=1e-9, atol=1e-9)


@given(grounds())
@settings(max_examples=40, deadline=None)
def test_classes_add_up_and_no_error_is_smaller_than_that_of_independent_parts(ground):
    plan, codes = ground
    table = stock_table(plan, stocks_of(plan, plan.grid, codes, {}).sums)
    parts, whole = table[table["class"] != ""], table[table["class"] == ""]
    for pool, row in whole.set_index("pool").iterrows():
        own = parts[parts["pool"] == pool]
        np.testing.assert_allclose(own["stock_tc"].sum(), row["stock_tc"], rtol=1e-12)
        apart = np.sqrt((own["standard_error_tc"] ** 2).sum())
        assert apart * (1 - 1e-9) <= row["standard_error_tc"]
        assert row["standard_error_tc"] <= own["standard_error_tc"].sum() * (1 + 1e-9)


@given(grounds(), st.integers(1, 11))
@settings(max_examples=40, deadline=None)
def test_ground_may_be_cut_anywhere(ground, cut):
    plan, codes = ground
    whole = stocks_of(plan, plan.grid, codes, {}).sums
    summed: StockSums = no_sums(plan)
    for rows in (slice(0, cut), slice(cut, None)):
        part = codes[rows]
        if not len(part):
            continue
        left, _, _, top = plan.grid.bounds
        down = plan.grid.pixel_size[1]
        transform = plan.grid.transform
        moved = type(transform)(
            transform.a, 0, left, 0, transform.e, top - (rows.start or 0) * down
        )
        grid = type(plan.grid)(plan.grid.crs, moved, len(part), plan.grid.width)
        summed = summed.plus(stocks_of(plan, grid, part, {}).sums)
    for name in ("area_ha", "known_ha", "stock_tc", "variance"):
        np.testing.assert_allclose(getattr(summed, name), getattr(whole, name), rtol=1e-9)


@given(grounds())
@settings(max_examples=8, deadline=None)
def test_files_hold_what_the_table_says(ground):
    plan, codes = ground
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        classes = LayerFile(write(folder / "classes.tif", codes, plan.grid))
        made, found = map_stocks(
            type(plan)(plan.grid, plan.counted, plan.sources, {}, classes), folder
        )
        if not np.isin(codes, (1, 2, 3)).any():
            assert made is None
            assert found[0].code == "stocks-nothing-counted"
            return
        with rasterio.open(folder / "total.tif") as dataset:
            values = dataset.read(1).astype(np.float64)
        summed = np.nansum(values * pixel_area_ha(plan.grid))
        rows = made.table[(made.table["pool"] == "total") & (made.table["class"] != "")]
        np.testing.assert_allclose(rows["stock_tc"].sum(), summed, rtol=1e-9)
