"""Soil cores: stocks by hand, extrapolation against scipy, and every defect with its row."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from support.field_sheets import CORES, by_code, field_project

from bluecarbon.methodology.kernels.soil import slice_bottom_cm, stock_to_depth
from bluecarbon.mrv.soil_cores import measure_soil
from bluecarbon.mrv.soil_integration import core_stocks, slice_stocks
from bluecarbon.project_file import load_project
from bluecarbon.spec import errors_in

DEMO = Path(__file__).parents[2] / "fixtures" / "demo_coast"


def measured(folder, cores=CORES, strata=("A", "B"), polygons=None, **more):
    return measure_soil(field_project(folder, cores=cores, **more), strata, polygons)


def core(*slices, core_id="C", **columns):
    """A core of (top, bottom, bulk density, carbon percent)."""
    names = ["depth_min_cm", "depth_max_cm", "bulk_density_g_cm3", "organic_carbon_percent"]
    return pd.DataFrame(slices, columns=names, dtype=float).assign(core_id=core_id, **columns)


def test_a_project_without_cores(tmp_path):
    assert measure_soil(field_project(tmp_path), ("A",)) == (None, ())


def test_stocks_by_hand(tmp_path):
    result, findings = measured(tmp_path)
    assert findings == ()
    # C1: 0.8*3*30 + 0.9*2*30 + 1.0*1*40 tC/ha; C2: 0.8*2*30 + 0.9*2*30 + 1.0*2*40
    assert result.cores["soil_tc_ha"].tolist() == pytest.approx([166.0, 182.0])
    assert result.cores["how"].tolist() == ["measured", "measured"]
    assert result.cores["standard_error"].tolist() == [0.0, 0.0]
    row = result.strata.iloc[0]
    assert (row["n"], row["mean_tc_ha"]) == (2, pytest.approx(174.0))
    assert row["standard_error_tc_ha"] == pytest.approx(8.0)
    assert result.slices["line"].tolist() == [2, 3, 4, 5, 6, 7]


def test_a_longer_core_is_interpolated():
    frame = core((0, 50, 1.0, 2.0), (50, 150, 0.5, 4.0))
    row = core_stocks(frame, 100.0).iloc[0]
    assert row["soil_tc_ha"] == pytest.approx(100.0 + 0.5 * 4.0 * 50.0)
    assert (row["how"], row["standard_error"], row["depth_cm"]) == ("interpolated", 0.0, 150.0)


def test_a_reference_depth_inside_the_first_slice():
    frame = core((0, 50, 1.0, 2.0), (50, 150, 0.5, 4.0))
    assert core_stocks(frame, 10.0)["soil_tc_ha"].tolist() == pytest.approx([20.0])


def test_a_shorter_core_is_extrapolated_by_least_squares():
    frame = core((0, 10, 0.8, 3.0), (10, 25, 0.9, 2.6), (25, 45, 1.0, 2.9), (45, 70, 0.9, 2.7))
    cumulative = np.cumsum([24.0, 35.1, 58.0, 60.75])
    bottom = np.array([10.0, 25.0, 45.0, 70.0])
    line = stats.linregress(bottom, cumulative)
    row = core_stocks(frame, 100.0).iloc[0]
    assert row["how"] == "extrapolated"
    assert row["soil_tc_ha"] == pytest.approx(line.intercept + line.slope * 100.0)
    residual = cumulative - line.intercept - line.slope * bottom
    variance = (residual**2).sum() / 2
    spread = ((bottom - bottom.mean()) ** 2).sum()
    error = np.sqrt(variance * (1 / 4 + (100.0 - bottom.mean()) ** 2 / spread))
    assert row["standard_error"] == pytest.approx(error)


def test_the_standard_error_of_a_line_by_linear_algebra():
    # the variance of x0' b for b = (X'X)^-1 X'y is s2 x0' (X'X)^-1 x0
    bottom, carbon = np.array([5.0, 20.0, 30.0, 60.0]), np.array([9.0, 20.0, 11.0, 31.0])
    design = np.column_stack([np.ones(4), bottom])
    target, at = np.cumsum(carbon), np.array([1.0, 100.0])
    coefficients, rest, *_ = np.linalg.lstsq(design, target)
    expected = np.sqrt(rest[0] / 2 * at @ np.linalg.inv(design.T @ design) @ at)
    got = stock_to_depth(bottom, carbon, 100.0)
    assert got.standard_error_tc_ha == pytest.approx(expected)
    assert got.stock_tc_ha == pytest.approx(at @ coefficients)


def test_an_extrapolated_core_holds_at_least_what_was_measured():
    # nearly all carbon at the top: the line lies below the last point
    frame = core((0, 10, 1.0, 9.0), (10, 50, 1.0, 0.1), (50, 98, 1.0, 0.1))
    row = core_stocks(frame, 99.0).iloc[0]
    assert row["soil_tc_ha"] >= slice_stocks(frame)["soil_tc_ha"].sum()


def test_two_slices_make_no_line():
    with pytest.raises(ValueError, match="2 slices"):
        core_stocks(core((0, 10, 1, 1), (10, 20, 1, 1)), 100.0)


def test_slices_stand_for_the_gaps_around_them():
    frame = core((10, 20, 1.0, 1.0), (40, 50, 1.0, 3.0))
    done = slice_stocks(frame)
    assert done["thickness_cm"].tolist() == [30.0, 20.0]
    assert slice_bottom_cm([10, 40], [20, 50]).tolist() == [30.0, 50.0]


def test_the_order_of_rows_does_not_matter():
    frame = pd.concat([core((0, 40, 1, 2), (40, 100, 1, 1)),
                       core((0, 50, 1, 3), (50, 100, 1, 1), core_id="D")])  # fmt: skip
    shuffled = frame.sample(frac=1.0, random_state=1)
    pd.testing.assert_frame_equal(core_stocks(frame), core_stocks(shuffled))


ROW = "C3,A,109.75,21.55,2024-12-02,{}\n"
DEFECTS = [
    ("depth-reversed", "50,20,0.9,2", "the smaller one first"),
    ("depth-reversed", "20,20,0.9,2", "the smaller one first"),
    ("depth-negative", "-5,100,0.9,2", "the surface is 0"),
    ("depth-implausible", "0,1e9,0.9,2", "at most 2000"),
    ("bulk-density-wrong", "0,100,0,2", "above 0 and at most 2.65"),
    ("bulk-density-wrong", "0,100,900,2", "g/cm3"),
    ("carbon-percent-wrong", "0,100,0.9,-2", "percent"),
    ("carbon-percent-wrong", "0,100,0.9,150", "percent"),
    ("core-too-short", "0,50,0.9,2", "a smaller reference depth"),
    ("number-unreadable", "0,100,0.9,n.d.", "decimal point"),
    ("bulk-density-missing", "0,100,,2", "fill in the bulk density"),
]


@pytest.mark.parametrize(("code", "cells", "fix"), DEFECTS)
def test_a_defect_of_a_slice_names_its_row_and_forbids_a_claim(tmp_path, code, cells, fix):
    result, findings = measured(tmp_path, CORES + ROW.format(cells))
    assert result is None
    assert [f.code for f in errors_in(findings)] == [code, "rows-left-out"], findings
    finding = errors_in(findings)[0]
    assert finding.subject == "cores.csv row 8"
    assert fix in finding.fix


@pytest.mark.parametrize(("code", "cells", "fix"), DEFECTS)
def test_a_defect_of_a_slice_is_left_out_where_the_project_says_so(tmp_path, code, cells, fix):
    soil = {"bad_rows": "leave out"}
    result, findings = measured(tmp_path, CORES + ROW.format(cells), soil=soil)
    assert result.cores["soil_tc_ha"].tolist() == pytest.approx([166.0, 182.0])
    assert result.rejected[["line", "code"]].to_numpy().tolist() == [[8, code]]
    assert errors_in(findings) == ()
    assert by_code(findings)["rows-left-out"][0].message == f"1 of 7 rows are left out ({code} 1)"
    assert fix in by_code(findings)[code][0].fix


@pytest.mark.parametrize(
    ("code", "row"),
    [
        ("slices-overlap", "C1,A,109.75,21.55,2024-12-02,50,70,0.9,2"),
        ("slice-twice", "C1,A,109.75,21.55,2024-12-02,30,60,0.9,2"),
        ("core-contradiction", "C1,B,109.75,21.55,2024-12-02,100,120,0.9,2"),
        ("core-contradiction", "C1,A,109.75,21.55,2024-12-03,100,120,0.9,2"),
        ("stratum-unknown", "C9,AA,109.75,21.55,2024-12-02,0,100,0.9,2"),
        ("position-out-of-range", "C9,A,109.75,-91,2024-12-02,0,100,0.9,2"),
    ],
)
def test_a_defect_of_a_core(tmp_path, code, row):
    result, findings = measured(tmp_path, CORES + row + "\n")
    assert result is None
    assert code in by_code(errors_in(findings)), findings


@pytest.mark.parametrize("date", ["0001-01-01", "2026-01-03", "9999-12-31"])
def test_a_date_that_cannot_be_names_its_row(tmp_path, date):
    result, findings = measured(tmp_path, CORES + f"C3,A,109.75,21.55,{date},0,100,0.9,2\n")
    assert result is None
    error = by_code(errors_in(findings))["date-out-of-range"][0]
    assert error.subject == "cores.csv row 8"
    assert date in error.message


def test_a_gap_is_a_warning_that_says_how_wide(tmp_path):
    result, findings = measured(tmp_path, CORES.replace(",30,60,0.9,2.0", ",35,60,0.9,2.0", 1))
    assert result is not None
    warning = by_code(findings)["slices-gap"][0]
    assert "gaps in 1 cores are shared out between their slices: C1 5 cm" in warning.message


def test_a_core_that_starts_below_the_surface_is_noticed(tmp_path):
    _, findings = measured(tmp_path, CORES.replace(",0,30,0.8,3.0", ",5,30,0.8,3.0", 1))
    assert "C1 5 cm" in by_code(findings)["slices-gap"][0].message


def test_a_short_core_is_extrapolated_and_said(tmp_path):
    result, findings = measured(tmp_path, CORES.replace("60,100,1.0,1.0", "60,80,1.0,1.0"))
    assert result.cores["how"].tolist() == ["extrapolated", "measured"]
    assert "C1 from 80 cm (+-10.5)" in by_code(findings)["core-extrapolated"][0].message


def test_fractions_of_a_light_soil_are_an_error(tmp_path):
    text = CORES.replace("0.9,2.0", "0.3,0.08").replace("0.8,", "0.3,").replace("1.0,", "0.4,")
    text = text.replace(",3.0", ",0.12").replace(",1.0", ",0.02").replace(",2.0", ",0.1")
    result, findings = measured(tmp_path, text)
    assert result is None
    error = by_code(errors_in(findings))["carbon-as-fraction"][0]
    assert "at most 0.12" in error.message
    assert "'1' for a fraction" in error.fix
    columns = {"organic_carbon_percent": ["organic_carbon_percent", "1"]}
    result, findings = measured(tmp_path, text, soil={"columns": columns})
    assert errors_in(findings) == ()
    assert result.slices["organic_carbon_percent"].max() == pytest.approx(12.0)


def test_a_poor_heavy_soil_is_only_a_warning(tmp_path):
    text = CORES.replace(",0.8,", ",1.4,").replace(",0.9,", ",1.5,").replace(",1.0,", ",1.6,")
    text = text.replace(",3.0", ",0.5").replace(",1.0\n", ",0.2\n").replace(",2.0", ",0.4")
    result, findings = measured(tmp_path, text)
    assert result is not None
    assert by_code(findings)["carbon-as-fraction"][0].severity == "warning"


def test_a_single_core_and_cores_of_different_years_are_said(tmp_path):
    _, findings = measured(tmp_path, CORES.replace("C2,A", "C2,B"))
    assert len(by_code(findings)["cores-too-few"]) == 2
    lines = [line.replace("2024", "2019") if line.startswith("C2") else line
             for line in CORES.splitlines()]  # fmt: skip
    _, findings = measured(tmp_path, "\n".join(lines))
    assert "2019-12-02 to 2024-12-02" in by_code(findings)["cores-pooled"][0].message


def test_the_demonstration_coast_is_estimated_within_its_sampling_error():
    project = load_project(DEMO / "project.toml")
    truth = json.loads((DEMO / "truth.json").read_text(encoding="utf-8"))
    result, findings = measure_soil(project, ["K15", "S17", "R20", "E0", "X0"])
    assert errors_in(findings) == ()
    expected = truth["soil_carbon_tc_ha_100cm"]
    assert set(result.strata["stratum"]) == set(expected)
    for row in result.strata.to_dict("records"):
        assert row["standard_error_tc_ha"] > 0
        error = abs(row["mean_tc_ha"] - expected[row["stratum"]])
        assert error <= 3 * row["standard_error_tc_ha"]
