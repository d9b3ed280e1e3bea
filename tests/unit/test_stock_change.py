"""Change of stocks: difference and gain-loss by hand, on maps, and where they must agree."""

import numpy as np
import pytest
import rasterio
from support.small_coast import polygon
from support.stock_ground import utm_grid, write

from bluecarbon.errors import DataError
from bluecarbon.mrv.area import pixel_area_ha
from bluecarbon.mrv.stock_accounts import AskedChange, write_stock_change
from bluecarbon.mrv.stock_change import (
    ClassCarbon,
    GainLoss,
    gain_loss,
    stock_difference,
    trajectory_parameters,
)
from bluecarbon.mrv.stock_change_maps import change_plan, map_change
from bluecarbon.mrv.stock_layers import LayerFile
from bluecarbon.mrv.stock_model import stock_table
from bluecarbon.project_stocks import Quantity


def test_a_difference_by_hand():
    before, after = Quantity(value=100, standard_error=3), Quantity(value=160, standard_error=4)
    made = stock_difference(before, after, 5)
    assert (made.change_tc, made.standard_error_tc, made.yearly_tc) == (60, 5, 12)
    assert made.change_tco2e == pytest.approx(220)
    # Two maps of one table err together: only what they differ by is left.
    assert stock_difference(before, after, 5, correlation=1).standard_error_tc == pytest.approx(1)


def test_gains_and_losses_by_hand():
    """10 ha x 2 tC x 5 yr + 4 ha x 2 x 2.5 - 3 ha x 40 = 100 + 20 - 120."""
    rate, held = Quantity(value=2, standard_error=0.1), Quantity(value=40, standard_error=5)
    ground = GainLoss(10, 4, 3, rate, gained_years=2.5, density_tc_ha=held)
    made = gain_loss(ground, 5)
    assert made.change_tc == pytest.approx(0.0)
    assert made.standard_error_tc == pytest.approx(np.hypot(60 * 0.1, 3 * 5))


@pytest.mark.parametrize("years", [0, -1])
def test_no_time_is_refused(years):
    stock = Quantity(value=1)
    with pytest.raises(ValueError, match="years"):
        stock_difference(stock, stock, years)
    with pytest.raises(ValueError, match="years"):
        gain_loss(GainLoss(1, 0, 0, stock, 0, stock), years)


def test_impossible_ground_is_refused():
    stock = Quantity(value=1)
    with pytest.raises(ValueError, match="older"):
        gain_loss(GainLoss(1, 1, 0, stock, 6, stock), 5)
    with pytest.raises(ValueError, match="correlation"):
        stock_difference(stock, stock, 1, correlation=2)


@pytest.fixture
def two_maps(tmp_path):
    """(stayed, won / lost, never): 10 -> 16, - -> 6, 20 -> -, - -> -."""
    grid = utm_grid(2, 2)
    gap = np.nan
    before = np.array([[10, gap], [20, gap]], np.float32)
    after = np.array([[16, 6], [gap, gap]], np.float32)
    return (
        LayerFile(write(tmp_path / "before.tif", before, grid)),
        LayerFile(write(tmp_path / "after.tif", after, grid)),
    )


@pytest.mark.parametrize(
    ("absent", "change", "net"),
    [("unknown", [6, np.nan, np.nan, np.nan], 6), ("zero", [6, 6, -20, np.nan], -8)],
)
def test_maps_of_change(tmp_path, two_maps, absent, change, net):
    plan, found = change_plan(*two_maps, absent=absent)
    assert found == ()
    table, found = map_change(plan, tmp_path)
    assert ("stock-change-unknown" in {item.code for item in found}) == (absent == "unknown")
    with rasterio.open(tmp_path / "change_tc.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(1).ravel(), change)
    with rasterio.open(tmp_path / "change_tco2e.tif") as dataset:
        np.testing.assert_allclose(dataset.read(1).ravel(), np.array(change) * 44 / 12, rtol=1e-6)
        assert dataset.tags(1)["carbon_unit"] == "tCO2e/ha"
    pixel = float(pixel_area_ha(plan.grid).mean())
    row = table.iloc[0]
    assert row["net_tc"] == pytest.approx(net * pixel, rel=1e-6)
    assert row["net_tco2e"] == pytest.approx(net * pixel * 44 / 12, rel=1e-6)
    assert [row[name] / pixel for name in ("stable_ha", "gained_ha", "lost_ha")] == pytest.approx(
        [1, 1, 1], rel=1e-5
    )


def test_strata_divide_a_change(tmp_path, two_maps):
    strata = {
        "N": polygon((0, 0), (2, 0), (2, 1), (0, 1)),
        "S": polygon((0, 1), (2, 1), (2, 2), (0, 2)),
    }
    plan, _ = change_plan(*two_maps, absent="zero", strata=strata)
    table, _ = map_change(plan, tmp_path)
    north, south = table["net_tc"] / float(pixel_area_ha(plan.grid).mean())
    assert (north, south) == pytest.approx((12, -20), rel=1e-4)


def test_maps_on_other_grids_are_refused_unless_a_rule_is_declared(tmp_path, two_maps):
    other = write(tmp_path / "other.tif", np.ones((2, 2), np.float32), utm_grid(2, 2, 9.0))
    plan, found = change_plan(two_maps[0], LayerFile(other))
    assert plan is None
    assert found[0].code == "grid-differs"
    assert "nearest, bilinear or average" in found[0].fix
    plan, found = change_plan(two_maps[0], LayerFile(other, rule="nearest"))
    assert plan is not None
    assert [item.code for item in found] == ["raster-resampled"]
    with pytest.raises(DataError):
        write_stock_change(AskedChange(two_maps[0], LayerFile(other), (2015, 2020)), tmp_path)


def stock_sheet(path, *rows):
    lines = ["stratum,class,pool,standard_error_tc", *rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_strata_have_their_own_errors_and_a_sum(tmp_path, two_maps):
    strata = {
        "N": polygon((0, 0), (2, 0), (2, 1), (0, 1)),
        "S": polygon((0, 1), (2, 1), (2, 2), (0, 2)),
    }
    sheets = tuple(
        stock_sheet(tmp_path / f"{n}.csv", f"N,m,agb,{n}", f"S,m,agb,{2 * n}", f",,agb,{5 * n}")
        for n in (3, 4)
    )
    asked = AskedChange(
        *two_maps, (2015, 2020), "agb", sheets, absent="zero", strata=strata,
        rate=Quantity(value=1, standard_error=0.5), lost_density=Quantity(value=20),
    )  # fmt: skip
    table, found = write_stock_change(asked, tmp_path / "out")
    assert found == ()
    table = table.set_index(["method", "stratum"])
    error = table["standard_error_tc"]
    assert error["stock-difference"].to_dict() == pytest.approx({"N": 5, "S": 10, "": 25})
    # One rate for all strata: its error adds up.
    grown = error["gain-loss"]
    assert grown[""] == pytest.approx(grown["N"] + grown["S"])
    for method in ("stock-difference", "gain-loss"):
        change = table["change_tc"][method]
        assert change[""] == pytest.approx(change["N"] + change["S"])


def test_stock_tables_of_other_ground_give_no_error_and_that_is_said(tmp_path, two_maps):
    strata = {"N": polygon((0, 0), (2, 0), (2, 1), (0, 1))}
    sheets = (stock_sheet(tmp_path / "whole.csv", ",m,agb,3"),) * 2
    asked = AskedChange(*two_maps, (2015, 2020), "agb", sheets, absent="zero", strata=strata)
    table, found = write_stock_change(asked, tmp_path / "out")
    assert table["standard_error_tc"].isna().all()
    assert [item.code for item in found] == ["stock-change-no-error"]


def test_both_accounts_are_of_the_same_ground(tmp_path, two_maps):
    """Unknown at one date is in neither account: one pixel grows 1.2 tC/ha/yr for 5 years."""
    rate, held = Quantity(value=1.2), Quantity(value=20)
    asked = AskedChange(*two_maps, (2015, 2020), rate=rate, lost_density=held)
    table, found = write_stock_change(asked, tmp_path / "out")
    change = table.set_index("method")["change_tc"]
    assert change["gain-loss"] == pytest.approx(change["stock-difference"], rel=1e-6)
    assert "stock-change-same-ground" in {item.code for item in found}


def test_both_accounts_agree_where_growth_is_what_stocks_differ_by(tmp_path):
    """Ground that grows 3 tC/ha/yr for 5 years: the maps differ by 15 everywhere."""
    grid = utm_grid(6, 7)
    before = np.linspace(5, 50, 42).reshape(6, 7).astype(np.float32)
    layers = [
        LayerFile(write(tmp_path / f"{n}.tif", before + np.float32(15 * n), grid)) for n in (0, 1)
    ]
    asked = AskedChange(
        *layers, (2015, 2020), rate=Quantity(value=3), lost_density=Quantity(value=0)
    )
    table, _ = write_stock_change(asked, tmp_path / "out")
    change = table.set_index("method")["change_tc"]
    assert change["gain-loss"] == pytest.approx(change["stock-difference"], rel=1e-6)
    assert change["gain-loss"] == pytest.approx(15 * float(pixel_area_ha(grid).sum()), rel=1e-9)
    assert (tmp_path / "out/change.png").stat().st_size > 1000


MANGROVE = ClassCarbon(
    1, "mangrove", {"agb": 60, "soil": 200}, {"agb": 4.0, "soil": 1.5},
    {"agb": 0.0, "soil": 7.5}, {"soil": 0.6},
)  # fmt: skip
POND = ClassCarbon(2, "pond", {"soil": 50}, {}, {}, {})


def test_decay_after_a_loss_is_that_of_the_trajectory_table():
    """Trees go at once; 60 % of the soil halves every 7.5 years, whatever comes after them."""
    parameters = trajectory_parameters((MANGROVE, POND))
    assert parameters.unit == "tC/ha"
    table = stock_table(np.array([[1, 2]]), (2010, 2015), parameters, 2030)
    agb, soil = parameters.pools.index("agb"), parameters.pools.index("soil")
    assert table.at(2015)[0, agb] == pytest.approx(60 + 5 * 4)
    assert table.at(2016)[0, agb] == pytest.approx(0.0)
    held = 200 + 5 * 1.5
    left = 0.4 * held + 0.6 * held * 0.5 ** ((2030 - 2015) / 7.5)
    assert table.at(2030)[0, soil] == pytest.approx(left)


def test_the_trajectory_table_agrees_with_gain_loss_and_with_the_difference_of_stocks():
    parameters = trajectory_parameters((MANGROVE, POND))
    table = stock_table(np.array([[1, 1], [1, 2], [2, 2]]), (2010, 2015), parameters, 2016)
    area_ha = np.array([10.0, 3.0, 5.0])
    agb = parameters.pools.index("agb")
    difference = float(area_ha @ (table.at(2016)[:, agb] - table.at(2010)[:, agb]))
    held = Quantity(value=60 + 5 * 4)
    grown = gain_loss(GainLoss(10, 0, 3, Quantity(value=4), 0, held), 6).change_tc + 3 * 5 * 4
    assert difference == pytest.approx(grown)
