"""Slices that were sampled and cannot be used are not shared out like gaps of the sampling."""

import numpy as np
import pandas as pd
import pytest
from support.field_sheets import by_code

from bluecarbon.mrv.core_sheets import read_core_sheet
from bluecarbon.mrv.soil_cores import CoreSource, measure_cores
from bluecarbon.mrv.soil_profiles import ProfileOptions
from bluecarbon.mrv.soil_rejected_slices import rejected_holes

HEADER = "core_id,top_cm,bottom_cm,BD (g/cm3),OC (%)\n"
SOUND = "A,0,30,0.5,8\nA,30,60,1.4,0\nA,60,100,0.6,7\n"


def measured(tmp_path, text, **options):
    path = tmp_path / "cores.csv"
    path.write_text(text)
    reading = measure_cores(CoreSource(path), ProfileOptions(**options))
    return reading.result, by_code(reading.findings)


def core(middle, name="B"):
    return f"{name},0,30,0.5,8\n{name},{middle}\n{name},60,100,0.6,7\n"


@pytest.mark.parametrize("middle", ["30,60,1.4,-0.1", "30,60,,0.2", "30,60,x,0.2", "60,30,1.4,0.2"])
def test_a_core_without_its_sand_is_left_out(tmp_path, middle):
    """288 tC/ha with the sand layer, 411 when its neighbours fill it."""
    result, codes = measured(tmp_path, HEADER + SOUND + core(middle))
    assert result.cores["core_id"].tolist() == ["A"]
    assert result.cores["soil_tc_ha"].tolist() == pytest.approx([288.0])
    said = codes["core-slice-rejected"][0]
    assert said.message == "B: 30 cm of it (row 6) cannot be used; the core is left out"
    assert said.subject == "cores.csv rows 5, 7"
    assert "slices-gap" not in codes


def test_filling_is_said_and_has_an_error(tmp_path):
    text = HEADER + SOUND + core("30,60,,0.2")
    result, codes = measured(tmp_path, text, rejected_slices="fill")
    filled = result.cores.set_index("core_id").loc["B"]
    assert filled["soil_tc_ha"] == pytest.approx(411.0)
    assert filled["how"] == "filled, 30 cm"
    # 30 cm of 4.11 tC/ha each, which may be none or twice that
    assert filled["standard_error"] == pytest.approx(30 * 4.11 / 3**0.5)
    assert "B: 30 cm of it (row 6)" in codes["slices-filled"][0].message
    assert "slices-gap" not in codes  # no gap of the sampling
    assert result.cores.set_index("core_id").loc["A", "how"] == "measured"


def test_a_gap_of_the_sampling_is_shared_out_as_before(tmp_path):
    result, codes = measured(tmp_path, HEADER + "A,0,30,0.5,8\nA,50,100,0.6,7\n")
    assert result.cores["how"].tolist() == ["measured"]
    assert "A 20 cm" in codes["slices-gap"][0].message
    assert "core-slice-rejected" not in codes


def test_a_slice_refused_by_its_conversion_is_a_hole(tmp_path):
    rows = "C,0,20,0.6,12\nC,20,50,0.7,3\nC,50,100,0.8,9\n"
    text = "core_id,top_cm,bottom_cm,BD (g/cm3),OM (%)\n" + rows + rows.replace("C", "D").replace(
        ",3\n", ",8\n"
    )  # fmt: skip
    result, codes = measured(tmp_path, text, conversion="vm0033-mangrove")
    assert result.cores["core_id"].tolist() == ["D"]
    assert "C: 30 cm of it (row 3)" in codes["core-slice-rejected"][0].message


@pytest.mark.parametrize(
    "spare", ["A,0,30,0.5,8\n", "A,10,20,0.5,8\n", "A,100,130,,7\n", "A,0,0,0.5,8\n"]
)
def test_a_rejected_row_whose_soil_others_hold_costs_no_core(tmp_path, spare):
    result, codes = measured(tmp_path, HEADER + SOUND + spare)
    assert result.cores["soil_tc_ha"].tolist() == pytest.approx([288.0])
    assert "rows-left-out" in codes
    assert "core-slice-rejected" not in codes


def test_a_rejected_slice_below_the_others_is_not_extrapolated_over(tmp_path):
    text = HEADER + SOUND + "B,0,30,0.5,8\nB,30,60,0.5,6\nB,60,80,0.6,5\nB,80,100,,1\n"
    result, codes = measured(tmp_path, text)
    assert result.cores["core_id"].tolist() == ["A"]
    assert "20 cm of it (row 8)" in codes["core-slice-rejected"][0].message
    result, _ = measured(tmp_path, text, rejected_slices="fill")
    assert result.cores["how"].tolist() == ["measured", "extrapolated"]
    assert result.cores["standard_error"].iloc[1] > 0


def test_depths_of_rejected_rows_are_corrected_for_compaction(tmp_path):
    header = HEADER.replace("\n", ",compaction_percent\n")
    rows = "B,0,40,1,2,20\nB,40,48,,2,20\nB,48,80,1,2,20\n"
    _, codes = measured(tmp_path, header + rows + rows.replace("B", "C").replace(",,", ",1,"))
    assert "B: 10 cm of it" in codes["core-slice-rejected"][0].message  # 8 / 0.8


def frame(*rows):
    names = ["line", "depth_min_cm", "depth_max_cm"]
    return pd.DataFrame(rows, columns=names).assign(core_id="C")


def test_samples_at_points_stand_for_the_soil_between_midpoints():
    kept = frame((2, 10.0, 10.0), (4, 50.0, 50.0), (5, 90.0, 90.0))
    hole = rejected_holes(kept, frame((3, 30.0, 30.0)), 100.0)["C"]
    assert (hole.filled_cm, hole.below_cm, hole.lines) == (20.0, 0.0, (3,))
    assert rejected_holes(kept, frame((3, 50.0, 50.0)), 100.0) == {}


def test_a_row_without_depths_may_be_any_open_soil_and_two_rows_are_one_hole():
    kept = frame((2, 0.0, 30.0), (4, 50.0, 90.0))
    hole = rejected_holes(kept, frame((3, np.nan, np.nan), (5, 30.0, 50.0)), 100.0)["C"]
    assert (hole.filled_cm, hole.below_cm, hole.lines) == (20.0, 10.0, (3, 5))
    whole = frame((2, 0.0, 100.0))
    assert rejected_holes(whole, frame((3, np.nan, np.nan)), 100.0) == {}
    assert rejected_holes(whole.assign(core_id="D"), frame((3, 0.0, 10.0)), 100.0) == {}


def test_the_sheet_keeps_the_rows_that_it_lost(tmp_path):
    path = tmp_path / "cores.csv"
    path.write_text(HEADER + SOUND + core("30,60,,0.2"))
    sheet, _ = read_core_sheet(path)
    assert sheet.left_out["line"].tolist() == [6]
    assert len(sheet.rows) + len(sheet.left_out) == sheet.row_count
