"""Gain and loss by period, patches of loss, and changes no larger than the error of the maps."""

import numpy as np
import pytest
import shapely
from support import dated_maps as kit

from bluecarbon.mrv.change_areas import (
    Period,
    change_areas,
    change_polygons,
    flip_flop_ha,
    noise_findings,
    removed_findings,
)
from bluecarbon.mrv.transitions import DatedMap, Transitions, transition_areas

UNKNOWN = frozenset({0, 255})


def table(rows, years=(2010, 2015, 2020), strata=("",)):
    """Transitions from rows (stratum, codes, hectares)."""
    stratum, codes, area_ha = zip(*rows, strict=True)
    numbers = np.array(area_ha, float)
    nodata = (None,) * len(years)
    return Transitions(
        years, strata, np.array(stratum), np.array(codes), numbers * 100, numbers, nodata
    )


STABLE, LOST, REGROWN, UNSEEN = (1, 1, 1), (1, 4, 4), (1, 4, 1), (1, 255, 1)


def test_periods_by_hand():
    frame = change_areas(
        table([(0, STABLE, 80.0), (0, LOST, 6.0), (0, REGROWN, 3.0), (0, UNSEEN, 2.0)]),
        1,
        unknown=UNKNOWN,
    )
    rows = frame[
        ["from_year", "to_year", "gain_ha", "loss_ha", "net_ha", "stable_ha", "unknown_ha"]
    ]
    assert rows.to_numpy().tolist() == [
        [2010, 2015, 0, 9, -9, 80, 2],
        [2015, 2020, 3, 0, 3, 80, 2],
        [2010, 2020, 0, 6, -6, 85, 0],
    ]


def test_strata_and_all_of_them():
    rows = [(0, (1, 4), 5.0), (1, (4, 1), 2.0), (1, (1, 1), 9.0)]
    frame = change_areas(table(rows, years=(2010, 2015), strata=("A", "B")), 1)
    assert frame["stratum"].tolist() == ["A", "B", "(all)"]
    assert frame["loss_ha"].tolist() == [5, 0, 5]
    assert frame["gain_ha"].tolist() == [0, 2, 2]


def test_change_within_label_noise_is_said():
    small = table([(0, (1, 1), 1000.0), (0, (1, 4), 6.0), (0, (4, 1), 5.0)], years=(2020, 2021))
    found = noise_findings(small, 1, error_share=0.01)
    assert [finding.code for finding in found] == ["change-within-noise"]
    assert "gain of 5.0 ha and loss of 6.0 ha" in found[0].message
    assert found[0].subject == "maps 2020-2021"
    # 11 ha of change on 1005.5 ha: maps wrong on 0.5 % would show 10.1 ha
    assert noise_findings(small, 1, error_share=0.005) == ()


def test_ground_that_changes_back_is_said():
    steady = table([(0, STABLE, 50.0), (0, LOST, 10.0), (0, REGROWN, 1.0)])
    assert flip_flop_ha(steady, 1) == (1.0, 11.0)
    assert noise_findings(steady, 1, error_share=0.001) == ()
    shaky = table([(0, STABLE, 50.0), (0, LOST, 5.0), (0, REGROWN, 5.0)])
    found = noise_findings(shaky, 1, error_share=0.01)
    assert [finding.code for finding in found] == ["change-flips-back"]
    assert "50%" in found[0].message
    assert found[0].fix.startswith("report net change only; on yearly maps")


PLANTED_AND_LOST = (4, 1, 4)


def test_what_the_three_date_filter_takes_away_is_said_by_period_and_stratum():
    strata = ("A", "B")
    raw = table([(0, STABLE, 80.0), (0, PLANTED_AND_LOST, 7.0), (1, LOST, 3.0)], strata=strata)
    filtered = table([(0, STABLE, 80.0), (0, (4, 4, 4), 7.0), (1, LOST, 3.0)], strata=strata)
    found = removed_findings(raw, filtered, 1)
    assert [(f.severity, f.code, f.subject) for f in found] == [
        ("warning", "change-removed", "A 2010-2015"),
        ("warning", "change-removed", "A 2015-2020"),
        ("warning", "change-removed", "(all) 2010-2015"),
        ("warning", "change-removed", "(all) 2015-2020"),
        ("warning", "change-window-long", "maps 2010-2020"),
    ]
    assert "gain 7.00 -> 0.00 ha, loss 0.00 -> 0.00 ha" in found[0].message
    assert "gain 0.00 -> 0.00 ha, loss 7.00 -> 0.00 ha" in found[1].message
    assert "gain 0.00 -> 0.00 ha, loss 7.00 -> 0.00 ha" in found[3].message
    assert "5 years apart" in found[4].message


def test_yearly_maps_are_what_three_dates_are_for():
    for years, codes in (
        ((2018, 2019, 2020), []),
        ((2014, 2017, 2020), []),
        ((2013, 2017, 2020), ["change-window-long"]),
    ):
        same = table([(0, STABLE, 80.0)], years=years)
        assert [f.code for f in removed_findings(same, same, 1)] == codes


def test_unknown_ground_neither_changes_nor_flips():
    dark = table([(0, UNSEEN, 5.0), (0, LOST, 1.0)])
    assert flip_flop_ha(dark, 1, unknown=UNKNOWN) == (0.0, 1.0)


def test_patches_of_loss_have_the_area_of_the_table(tmp_path):
    place = kit.grid(60, 80, left=790_000.0)
    before = np.ones((60, 80), np.uint8)
    after = before.copy()
    after[5:20, 10:40], after[9:12, 15:20], after[50:55, 70:80] = 4, 1, 2
    maps = [
        DatedMap(year, kit.write(tmp_path / f"{year}.tif", codes, place))
        for year, codes in ((2015, before), (2020, after))
    ]
    frame = change_polygons(before, after, place, code=1, period=Period(2015, 2020))
    assert len(frame) == 2
    assert frame.crs.to_epsg() == 4326
    assert frame[["kind", "from_year", "to_year"]].iloc[0].tolist() == ["loss", 2015, 2020]
    lost = change_areas(transition_areas(maps)[0], 1)["loss_ha"][0]
    assert frame["area_ha"].sum() == pytest.approx(lost, rel=1e-6)


def test_patches_are_cut_by_strata():
    place = kit.grid(60, 80)
    before, after = np.ones((60, 80), np.uint8), np.ones((60, 80), np.uint8)
    after[10:20, 10:50] = 4
    west = kit.degrees(place, shapely.box(0, 0, 30, 60))
    east = kit.degrees(place, shapely.box(30, 0, 45, 60))
    frame = change_polygons(
        before, after, place, code=1, period=Period(2015, 2020), strata={"W": west, "E": east}
    )
    assert frame["stratum"].tolist() == ["W", "E"]
    assert frame["area_ha"].tolist() == pytest.approx([2.0, 1.5], rel=2e-3)


def test_patches_of_gain_and_none_at_all():
    place = kit.grid(20, 20)
    other, grown = np.full((20, 20), 3, np.uint8), np.full((20, 20), 3, np.uint8)
    grown[4, 4] = 1
    period = Period(2015, 2020)
    assert len(change_polygons(other, grown, place, code=1, period=period, kind="gain")) == 1
    empty = change_polygons(other, grown, place, code=1, period=period)
    assert list(empty.columns)[-2:] == ["area_ha", "geometry"]
    assert len(empty) == 0
