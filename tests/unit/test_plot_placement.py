"""Places of plots: evenly, apart, inside, reachable, the same for the same seed."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from support.plot_ground import GROUND, UTM, square, strata

from bluecarbon.mrv.field_points import write_points
from bluecarbon.mrv.plot_numbers import pilot_strata, read_plot_strata, strata_findings
from bluecarbon.mrv.plot_placement import Placement, place_plots, read_access


def codes(found):
    return [f.code for f in found]


def metres(points):
    return np.array([(p.x, p.y) for p in points.to_crs(UTM).geometry])


def test_the_same_seed_gives_the_same_places_whatever_the_order_of_the_file():
    rules = Placement(seed=7, apart_m=30, reserve_share=0.2)
    first, _ = place_plots(GROUND, {"K15": 10, "S17": 5}, rules)
    second, _ = place_plots(GROUND.iloc[::-1], {"S17": 5, "K15": 10}, rules)
    other, _ = place_plots(GROUND, {"K15": 10, "S17": 5}, Placement(seed=8, apart_m=30))
    assert first.equals(second)
    assert not first["lon"].isin(other["lon"]).any()
    assert list(first.groupby("stratum", sort=True)["use"].value_counts()) == [10, 2, 5, 1]


def test_plots_are_apart_and_inside():
    rules = Placement(seed=1, apart_m=120, edge_m=20)
    points, found = place_plots(GROUND, {"K15": 20, "S17": 4}, rules)
    places = metres(points)
    between = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    # 0.2 %: metres are measured on the plane of the draw, which is not that of UTM
    assert between[~np.eye(len(places), dtype=bool)].min() >= 120 * 0.998
    for row, place in zip(points.itertuples(), places, strict=True):
        own = GROUND.geometry[GROUND["stratum"] == row.stratum].iloc[0]
        assert own.exterior.distance(shapely.Point(place)) >= 20 * 0.998
        assert own.contains(shapely.Point(place))
    assert codes(found).count("ground-left-out") == 2


def test_plots_lie_evenly_over_an_uneven_shape():
    # a large and a small part of one stratum: each gets its share of a large sample
    uneven = strata(A=shapely.union_all([square(0, 0, 300), square(2000, 0, 100)]))
    points, _ = place_plots(uneven, {"A": 4000}, Placement(seed=3))
    share = (metres(points)[:, 0] < 501_000).mean()
    # binomial standard error 0.0047 around 0.9
    assert share == pytest.approx(0.9, abs=4 * 0.0047)
    inner = metres(points)
    inner = inner[inner[:, 0] < 501_000] - (500_000, 2_380_000)
    # mean of an even draw over 300 m: 150 +- 86.6 / sqrt(3600)
    assert inner.mean(axis=0) == pytest.approx((150, 150), abs=4 * 86.6 / 60)


def test_what_cannot_be_reached_is_not_sampled_and_said_in_hectares():
    creek = gpd.GeoDataFrame(geometry=[shapely.LineString(
        [(500_000, 2_380_500), (501_000, 2_380_500)])], crs=UTM)  # fmt: skip
    points, found = place_plots(
        GROUND.iloc[:1], {"K15": 30}, Placement(seed=2, within_m=50), access=creek
    )
    assert (np.abs(metres(points)[:, 1] - 2_380_500) <= 50 * 1.002).all()
    (left,) = [f for f in found if f.code == "ground-left-out"]
    # a band of 100 m in a square kilometre; the areas are true ones, UTM's are 0.04 % smaller
    assert "90.0" in left.message
    assert points["represents_ha"].iloc[0] == pytest.approx(10.0 / 30, rel=2e-3)


def test_no_room_unknown_and_forgotten_strata_are_findings():
    points, found = place_plots(GROUND, {"S17": 60}, Placement(seed=1, apart_m=100))
    assert points is None
    assert codes(found) == ["stratum-without-plots", "stratum-too-small"]
    assert "of 60 plots" in found[-1].message
    points, found = place_plots(GROUND, {"Q": 3, "K15": 0}, Placement(seed=1))
    assert points is None
    assert codes(found)[:2] == ["stratum-unknown", "plots-none"]


def test_lines_of_access_without_a_distance_leave_no_room():
    creek = gpd.GeoDataFrame(geometry=[shapely.LineString(
        [(500_000, 2_380_500), (501_000, 2_380_500)])], crs=UTM)  # fmt: skip
    points, found = place_plots(GROUND.iloc[:1], {"K15": 3}, Placement(seed=1), access=creek)
    assert points is None
    assert codes(found) == ["stratum-too-small"]


def test_crowded_plots_are_warned_about():
    _, found = place_plots(GROUND, {"K15": 5, "S17": 14}, Placement(seed=4, apart_m=75))
    assert "plots-crowded" in codes(found)


def test_files_for_receivers_hold_the_same_places(tmp_path):
    points, _ = place_plots(GROUND, {"K15": 3, "S17": 2}, Placement(seed=5, reserve_share=0.5))
    made = write_points(points, tmp_path, "plots")
    again = write_points(points, tmp_path / "again", "plots")
    assert [p.read_bytes() for p in made] == [p.read_bytes() for p in again]
    for path, name in ((made[1], "name"), (made[2], "Name"), (made[3], "plot_id")):
        read = gpd.read_file(path, layer="waypoints" if name == "name" else "plots")
        assert list(read[name]) == list(points["plot_id"])
        assert read.crs.to_epsg() == 4326
        assert list(read.geometry.x.round(7)) == list(points["lon"])
        assert list(read.geometry.y.round(7)) == list(points["lat"])


def test_access_that_cannot_be_read_is_a_finding(tmp_path):
    broken = tmp_path / "creeks.geojson"
    broken.write_text("no json")
    frame, found = read_access(broken)
    assert frame is None
    assert (codes(found), found[0].subject) == (["access-unreadable"], "creeks.geojson")


def test_strata_tables_with_every_defect_at_once(tmp_path):
    table = tmp_path / "strata.csv"
    table.write_text("stratum,area_ha,mean,standard_deviation\nA,10,-3,1\nA,0,5,2\nB,4,5,-1\n")
    read, found = read_plot_strata(table)
    assert read is None
    assert [(f.code, f.subject) for f in found] == [
        ("stratum-number-wrong", "strata.csv row 2"),
        ("stratum-number-wrong", "strata.csv row 3"),
        ("stratum-twice", "strata.csv row 3"),
        ("stratum-number-wrong", "strata.csv row 4"),
    ]
    table.write_text("stratum,area_ha,mean\nA,10,3\n")
    _, found = read_plot_strata(table)
    assert codes(found) == ["column-missing"]


def test_a_pilot_gives_means_and_deviations():
    import pandas as pd

    plots = pd.DataFrame({"stratum": list("AABBB"), "stock_tc_ha": [10.0, 14.0, 3.0, 6.0, 9.0]})
    table = pilot_strata(plots, {"A": 5.0, "B": 7.0}, "stock_tc_ha")
    assert list(table["mean"]) == [12.0, 6.0]
    assert list(table["standard_deviation"]) == pytest.approx([8**0.5, 3.0])
    assert strata_findings(table, "pilot") == ()
