"""Gain and loss from a panel: by hand, through the facade, and when there is no panel."""

import math

import numpy as np
import pandas as pd
import pytest
from support import small_coast as coast

from bluecarbon.mrv.accuracy import total_limits
from bluecarbon.mrv.area import Weights
from bluecarbon.mrv.change_sample import (
    CHANGE_COLUMNS,
    CHANGE_IS_MAPPED,
    Panel,
    change_estimates,
    panel_findings,
    panel_of,
)
from bluecarbon.mrv.extent import measure_extent
from bluecarbon.mrv.reference_sample import DesignStratum

PAIR = (2015, 2020)


def panel(name="A", *, change=(1, 1, 0, -1, 0, 0, 0, 0), group=(2, 2, 2, 1, 1, 1, 1, 1)):
    """30 ha of mapped gain (code 2) and 70 ha of stable mangrove (code 1)."""
    return Panel(name, np.array(change), np.array(group), {1: 70.0, 2: 30.0}, 100.0)


def mapped(*strata):
    rows = [
        (stratum, *PAIR, kind, area)
        for stratum in ("", *strata)
        for kind, area in (("gain", 30.0), ("loss", 0.0), ("net", 30.0))
    ]
    return pd.DataFrame(rows, columns=["stratum", "from_epoch", "to_epoch", "kind", "area_ha"])


def test_gain_loss_and_net_by_hand():
    one = panel()
    assert one.estimate("gain").value == pytest.approx(30 * 2 / 3)
    assert one.estimate("loss").value == pytest.approx(70 / 5)
    assert one.estimate("net").value == pytest.approx(20 - 14)
    # s^2 = p (1 - p) n / (n - 1), over n: 30^2 (2/9) / 2 and 70^2 (4/25) / 4
    assert one.estimate("gain").standard_error == pytest.approx(math.sqrt(900 * (2 / 9) / 2))
    assert one.estimate("loss").standard_error == pytest.approx(math.sqrt(4900 * 0.16 / 4))


def test_the_table_has_estimate_interval_and_map():
    table = change_estimates(mapped("A"), {PAIR: {"A": panel()}}, ["A"], 0.9)
    assert tuple(table.columns) == CHANGE_COLUMNS
    rows = table.set_index(["stratum", "kind"])
    gain = rows.loc["A", "gain"]
    assert gain["area_ha"] == pytest.approx(20)
    assert gain["mapped_ha"] == 30
    assert (gain["confidence"], gain["sample_size"]) == (0.9, 8)
    low, high = total_limits(panel().counted("gain"), 0.9)
    assert (gain["ci_low_ha"], gain["ci_high_ha"]) == (pytest.approx(low), pytest.approx(high))
    # one stratum: the whole is the same
    assert rows.loc["", "gain"]["area_ha"] == gain["area_ha"]


def test_the_interval_of_the_net_holds_it_and_is_wider_than_either():
    table = change_estimates(mapped("A"), {PAIR: {"A": panel()}}, ["A"], 0.9)
    rows = table.set_index(["stratum", "kind"]).loc["A"]
    net = rows.loc["net"]
    assert net["area_ha"] == pytest.approx(
        rows.loc["gain"]["area_ha"] - rows.loc["loss"]["area_ha"]
    )
    assert net["ci_low_ha"] < net["area_ha"] < net["ci_high_ha"]
    widths = rows["ci_high_ha"] - rows["ci_low_ha"]
    assert widths["net"] > max(widths["gain"], widths["loss"])


def test_strata_add_up_and_their_errors_add_in_quadrature():
    panels = {PAIR: {"A": panel("A"), "B": panel("B")}}
    rows = change_estimates(mapped("A", "B"), panels, ["A", "B"], 0.9).set_index(
        ["stratum", "kind"]
    )
    for kind in ("gain", "loss", "net"):
        one, whole = rows.loc["A", kind], rows.loc["", kind]
        assert whole["area_ha"] == pytest.approx(2 * one["area_ha"])
        assert whole["standard_error_ha"] == pytest.approx(math.sqrt(2) * one["standard_error_ha"])


def test_a_panel_without_disagreement_has_an_error_from_its_interval():
    sure = panel(change=(1, 1, 1, 0, 0, 0, 0, 0), group=(2, 2, 2, 1, 1, 1, 1, 1))
    rows = change_estimates(mapped("A"), {PAIR: {"A": sure}}, ["A"], 0.9).set_index(
        ["stratum", "kind"]
    )
    for kind in ("gain", "loss", "net"):
        row = rows.loc["A", kind]
        half = (row["ci_high_ha"] - row["ci_low_ha"]) / 2
        assert row["standard_error_ha"] == pytest.approx(half / 1.6449, rel=1e-4)
        assert row["estimator"].endswith("SE from the score interval")
    _, finding = panel_findings([PAIR], {PAIR: {"A": sure}}, ["A"])
    assert finding.code == "change-no-disagreement"
    assert "gain of A 2015-2020 (8 points), loss of A 2015-2020 (8 points)" in finding.message
    assert len(panel_findings([PAIR], {PAIR: {"A": panel()}}, ["A"])) == 1


def test_a_stratum_without_a_panel_keeps_its_map_and_so_does_the_whole():
    table = change_estimates(mapped("A", "B"), {PAIR: {"A": panel()}}, ["A", "B"], 0.9)
    rows = table.set_index(["stratum", "kind"])
    assert rows.loc["A", "gain"]["estimator"].startswith("panel")
    for name in ("B", ""):
        assert rows.loc[name, "gain"]["estimator"] == "mapped"
        assert rows.loc[name, "gain"]["area_ha"] == 30
        assert math.isnan(rows.loc[name, "gain"]["ci_low_ha"])


def test_findings_say_where_gain_and_loss_come_from():
    both = {PAIR: {"A": panel("A"), "B": panel("B")}}
    assert panel_findings([], {}, ["A"]) == ()
    assert panel_findings([PAIR], {}, ["A", "B"]) == (CHANGE_IS_MAPPED,)
    (finding,) = panel_findings([PAIR], both, ["A", "B"])
    assert finding.code == "change-from-panel"
    (finding,) = panel_findings([PAIR], {PAIR: {"A": panel()}}, ["A", "B"])
    assert finding.code == "change-partly-mapped"
    assert "B 2015-2020" in finding.message


GRID = coast.grid()
WHOLE = DesignStratum("A", None, Weights(slice(0, 40), slice(0, 40), np.full((40, 40), 0.01)))


def located(columns, rows, labels):
    lon, lat = coast.degrees(np.asarray(columns) + 0.5, np.asarray(rows) + 0.5)
    return pd.DataFrame(
        {
            "lon": lon, "lat": lat, "label": labels, "stratum": "A",
            "pixel_row": rows, "pixel_column": columns,
        }
    )  # fmt: skip


def change_map(gain_columns):
    codes = np.full((40, 40), 4, np.uint8)
    codes[:, :10] = 1
    codes[:, 10 : 10 + gain_columns] = 2
    return codes


PLACES = [2, 4, 6, 11, 13, 20, 25, 30, 35, 38], [1, 5, 9, 13, 17, 21, 25, 29, 33, 37]
BEFORE = ["mangrove"] * 3 + ["water"] * 7
AFTER = ["mangrove"] * 4 + ["water"] * 6


def test_the_panel_is_post_stratified_by_change_on_the_map():
    found = panel_of(
        WHOLE, located(*PLACES, BEFORE), located(*PLACES, AFTER), changed=change_map(5), grid=GRID
    )
    assert found.change.tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    assert found.group.tolist() == [1] * 3 + [2] * 2 + [4] * 5
    assert found.area_ha == pytest.approx({1: 4.0, 2: 2.0, 4: 10.0})


def test_a_class_of_change_with_one_point_is_counted_with_the_largest():
    # columns 10 and 11 alone: one point, at column 11
    found = panel_of(
        WHOLE, located(*PLACES, BEFORE), located(*PLACES, AFTER), changed=change_map(2), grid=GRID
    )
    assert found.area_ha == pytest.approx({1: 4.0, 4: 12.0})
    assert found.group.tolist() == [1] * 3 + [4] * 7


def test_another_order_of_rows_is_the_same_panel():
    turned = located(*PLACES, AFTER).iloc[::-1]
    found = panel_of(WHOLE, located(*PLACES, BEFORE), turned, changed=change_map(5), grid=GRID)
    assert found.change.sum() == 1
    assert found.change[3] == 1


@pytest.mark.parametrize(("kept", "is_panel"), [(20, True), (19, True), (18, False), (0, False)])
def test_a_panel_may_lose_one_point_in_twenty(kept, is_panel):
    columns, rows = np.arange(20) * 2, np.arange(20) * 2
    start = located(columns, rows, ["mangrove"] * 20)
    end = located(columns[:kept], rows[:kept], ["mangrove"] * kept)
    found = panel_of(WHOLE, start, end, changed=change_map(5), grid=GRID)
    assert (found is not None) is is_panel


def test_points_of_other_places_are_no_panel():
    start = located(*PLACES, BEFORE)
    moved = start.assign(lat=start["lat"] + 5e-5)
    assert panel_of(WHOLE, start, moved, changed=change_map(5), grid=GRID) is None


def test_a_run_estimates_change_where_the_sample_is_repeated(tmp_path):
    extent, findings = measure_extent(coast.project(tmp_path, coast.write_coast(tmp_path)))
    assert "change-from-panel" in coast.codes_of(findings)
    assert "change-is-mapped" not in coast.codes_of(findings)
    rows = extent.change_estimates.set_index(["stratum", "kind"])
    gain = rows.loc["W", "gain"]
    # four columns of 28 rows of 100 m2; the labels are the truth
    assert gain["ci_low_ha"] < 4 * 28 * 0.01 < gain["ci_high_ha"]
    assert gain["sample_size"] > 0
    assert rows.loc["", "loss"]["ci_high_ha"] > 0


def test_a_run_with_other_places_in_each_epoch_says_that_change_is_mapped(tmp_path):
    table = coast.write_coast(tmp_path)
    points = pd.read_csv(tmp_path / "reference.csv")
    # a pixel farther north in the second epoch
    points.loc[points["epoch"] == 2020, "lat"] += 9e-5
    points.to_csv(tmp_path / "reference.csv", index=False)
    extent, findings = measure_extent(coast.project(tmp_path, table))
    assert "change-is-mapped" in coast.codes_of(findings)
    assert (extent.change_estimates["estimator"] == "mapped").all()
    assert extent.change_estimates["ci_low_ha"].isna().all()
