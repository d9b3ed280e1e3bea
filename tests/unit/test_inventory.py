"""Plots and trees: the numbers by hand, and every defect with its row."""

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.field_sheets import PLOTS, TREES, by_code, field_project

from bluecarbon.errors import DataError
from bluecarbon.mrv.inventory import (
    evaluate_inventory,
    measure_inventory,
    plot_biomass,
    tree_biomass,
)
from bluecarbon.project_file import load_project
from bluecarbon.spec import errors_in

DEMO = Path(__file__).parents[2] / "fixtures" / "demo_coast"
STRATA = ("A", "B")


def measured(folder, **sheets):
    sheets = {"plots": PLOTS, "trees": TREES, **sheets}
    return measure_inventory(field_project(folder, **sheets), STRATA)


def tree(**changes):
    row = {
        "plot_id": "A-1", "tree_id": "9", "date": "2024-11-11", "species": "Kandelia obovata",
        "dbh_cm": "8", "height_m": "4", "status": "live",
    }  # fmt: skip
    return TREES + ",".join({**row, **changes}.values()) + "\n"


def test_a_project_without_inventory(tmp_path):
    assert measure_inventory(field_project(tmp_path), STRATA) == (None, ())


def test_biomass_by_hand(tmp_path):
    result, findings = measured(tmp_path)
    assert errors_in(findings) == ()
    first = result.trees.iloc[0]
    assert first["agb_kg"] == pytest.approx(0.251 * 0.544 * 8.0**2.46)
    assert first["bgb_kg"] == pytest.approx(0.199 * 0.544**0.899 * 8.0**2.22)
    assert first["line"] == 2
    assert first["wood_density_source"] == "gwdd2"
    plot = result.plots.set_index("plot_id").loc["A-1"]
    # kilograms on 100 m2: x 100 / 1000 = tonnes per hectare
    assert plot["agb_t_ha"] == pytest.approx(0.251 * 0.544 * (8.0**2.46 + 10.0**2.46) * 0.1)
    assert (plot["n_live"], plot["n_dead"]) == (2, 1)


def test_stratum_mean_and_standard_error(tmp_path):
    result, _ = measured(tmp_path)
    row, plots = result.strata.iloc[0], result.plots["agb_t_ha"].to_numpy()
    assert (row["stratum"], row["epoch"], row["n_plots"]) == ("A", 2024, 2)
    assert row["mean_agb_t_ha"] == pytest.approx(plots.mean())
    assert row["standard_error_agb_t_ha"] == pytest.approx(abs(plots[0] - plots[1]) / 2)
    assert row["date"] == dt.date(2024, 11, 12), "the campaign ends with its last day"


def test_dead_trees_are_not_live_biomass(tmp_path):
    result, findings = measured(tmp_path)
    dead = result.trees[result.trees["status"] == "dead"]
    assert dead["agb_kg"].isna().all()
    assert by_code(findings)["trees-dead"][0].severity == "info"


def test_plots_of_one_campaign_may_be_measured_on_different_days(tmp_path):
    result, findings = measured(tmp_path)
    assert len(result.plots) == 2
    assert "plot-without-trees" not in by_code(findings)


def test_a_plot_without_trees_counts_as_zero_and_is_said(tmp_path):
    result, findings = measured(tmp_path, plots=PLOTS + "A-3,A,109.77,21.55,100\n")
    assert result.plots.set_index("plot_id").loc["A-3", "agb_t_ha"] == 0.0
    assert result.strata["n_plots"].tolist() == [3]
    finding = by_code(findings)["plot-without-trees"][0]
    assert finding.severity == "info"
    assert "A-3" in finding.message


def test_each_year_is_a_campaign_of_its_own(tmp_path):
    earlier = TREES.splitlines()[1].replace("2024", "2019").replace("8.0", "5.0")
    result, _ = measured(tmp_path, trees=TREES + earlier + "\n")
    assert result.strata["epoch"].tolist() == [2019, 2024]
    assert result.plots["epoch"].tolist() == [2019, 2019, 2024, 2024]


def test_a_sheet_with_byte_order_mark_and_windows_lines(tmp_path):
    text = ("\ufeff" + TREES.replace("\n", "\r\n")).encode()
    result, findings = measured(tmp_path, trees=text)
    assert result is not None
    assert errors_in(findings) == ()


def test_chinese_names_and_status(tmp_path):
    result, _ = measured(tmp_path, trees=tree(species="秋茄", status="活"))
    assert result.trees["species"].unique().tolist() == ["Kandelia obovata"]
    assert result.plots["n_live"].sum() == 5


def test_heights_may_be_missing(tmp_path):
    no_cell, _ = measured(tmp_path, trees=tree(height_m=""))
    no_column = "\n".join(
        ",".join(cells[:5] + cells[6:])
        for cells in (line.split(",") for line in tree().splitlines())
    )
    without, findings = measured(tmp_path, trees=no_column)
    assert errors_in(findings) == ()
    pd.testing.assert_frame_equal(no_cell.plots, without.plots)


def test_measured_wood_density_comes_before_the_table(tmp_path):
    lines = [f"{line},{'wood_density_g_cm3' if i == 0 else ''}" for i, line in
             enumerate(TREES.splitlines())]  # fmt: skip
    lines.append("A-2,9,2024-11-12,Avicennia alba,8,4,live,0.6987")
    result, findings = measured(tmp_path, trees="\n".join(lines))
    assert errors_in(findings) == ()
    last = result.trees.iloc[-1]
    assert (last["wood_density_g_cm3"], last["wood_density_source"]) == (0.6987, "measured")
    assert result.trees["wood_density_g_cm3"].iloc[0] == 0.544


def test_unknown_species_gets_the_mean_when_the_project_allows_it(tmp_path):
    result, findings = measured(
        tmp_path,
        trees=tree(species="Heritiera littoralis"),
        inventory={"unknown_species": "common"},
    )
    assert result.trees["wood_density_g_cm3"].iloc[-1] == 0.71
    warning = by_code(findings)["species-unknown"][0]
    assert warning.severity == "warning"
    assert "unverified" in warning.message


def test_an_unverified_wood_density_is_said(tmp_path):
    _, findings = measured(tmp_path, trees=tree(species="Rhizophora apiculata"))
    assert "Rhizophora apiculata" in by_code(findings)["wood-density-unverified"][0].message


TREE_DEFECTS = [
    ("species-unknown", {"species": "Kandelia obovatta"}, "did you mean 'Kandelia obovata'?"),
    ("species-unknown", {"species": "Quercus"}, "known: Aegiceras corniculatum"),
    ("status-unknown", {"status": "lives"}, "write live or dead"),
    ("dbh-wrong", {"dbh_cm": "0"}, "measure the tree again"),
    ("dbh-wrong", {"dbh_cm": "-3"}, "measure the tree again"),
    ("cell-empty", {"dbh_cm": ""}, "fill in dbh_cm"),
    ("cell-empty", {"species": ""}, "fill in species"),
    ("number-unreadable", {"dbh_cm": "8,"}, "decimal point"),
    ("number-unreadable", {"dbh_cm": "nan"}, "decimal point"),
    ("number-unreadable", {"dbh_cm": "1e999"}, "decimal point"),
    ("date-unreadable", {"date": "11/11/2024"}, "2024-07-31"),
    ("date-unreadable", {"date": "2024-02-30"}, "2024-07-31"),
    ("number-unreadable", {"dbh_cm": "８"}, "decimal point"),
    ("date-unreadable", {"date": "２０２４-11-11"}, "2024-07-31"),
    ("date-out-of-range", {"date": "0001-01-01"}, "2024-07-31"),
    ("date-out-of-range", {"date": "1949-12-31"}, "2024-07-31"),
    # the period ends on 2025-01-01
    ("date-out-of-range", {"date": "2026-01-03"}, "2024-07-31"),
    ("date-out-of-range", {"date": "2150-01-01"}, "2024-07-31"),
    ("date-out-of-range", {"date": "9999-12-31"}, "2024-07-31"),
    ("dbh-wrong", {"dbh_cm": "1e-300", "height_m": ""}, "at least 0.1 cm"),
    ("height-wrong", {"height_m": "46"}, "give metres"),
    ("height-wrong", {"height_m": "0"}, "give metres"),
    ("dbh-in-millimetres", {"dbh_cm": "80"}, "divide by 10"),
    ("dbh-in-millimetres", {"dbh_cm": "153", "height_m": ""}, "divide by 10"),
    ("tree-plot-unknown", {"plot_id": "A-9"}, "did you mean 'A-2'?"),
    ("tree-twice", {"tree_id": "1", "date": "2024-03-01"}, "keep one measurement"),
]


@pytest.mark.parametrize(("code", "changes", "fix"), TREE_DEFECTS)
def test_a_defect_of_a_tree_names_its_row(tmp_path, code, changes, fix):
    if changes.get("dbh_cm") == "8,":
        changes = {"dbh_cm": '"8,0"'}
    result, findings = measured(tmp_path, trees=tree(**changes))
    assert result is None
    assert [f.code for f in errors_in(findings)] == [code], findings
    finding = errors_in(findings)[0]
    assert finding.subject == "trees.csv row 7"
    assert fix in finding.fix


PLOT_DEFECTS = [
    ("stratum-unknown", "A-3,a,109.7,21.5,100", "known strata: A, B"),
    ("plot-twice", "A-1,A,109.7,21.5,100", "keep one row"),
    ("plot-area-wrong", "A-3,A,109.7,21.5,0", "square metres"),
    ("plot-area-wrong", "A-3,A,109.7,21.5,0.0154", "square metres"),
    ("plot-area-wrong", "A-3,A,109.7,21.5,1e308", "1 to 100,000"),
    ("plot-area-wrong", "A-3,A,109.7,21.5,100001", "1 to 100,000"),
    ("number-unreadable", "A-3,A,inf,21.5,100", "decimal point"),
    ("number-unreadable", "A-3,A,1e400,21.5,100", "decimal point"),
    ("number-unreadable", "A-3,A,109.7,21.5,１００", "decimal point"),
    ("position-out-of-range", "A-3,A,448000,21.5,100", "WGS 84"),
    ("position-out-of-range", "A-3,A,21.5,109.7,100", "longitude in lon"),
    ("row-length-wrong", "A-3,A,109.7,21.5", "quotes"),
    ("cell-empty", "A-3,,109.7,21.5,100", "fill in stratum"),
]


@pytest.mark.parametrize(("code", "line", "fix"), PLOT_DEFECTS)
def test_a_defect_of_a_plot_names_its_row(tmp_path, code, line, fix):
    result, findings = measured(tmp_path, plots=PLOTS + line + "\n")
    assert result is None
    assert [f.code for f in errors_in(findings)] == [code], findings
    finding = errors_in(findings)[0]
    assert finding.subject == "plots.csv row 4"
    assert fix in finding.fix


FILE_DEFECTS = [
    ("column-missing", TREES.replace("dbh_cm", "dbh_mm"), "did you mean it by 'dbh_mm'?"),
    ("column-missing", TREES.replace("species", "树种"), "add the column 'species'"),
    ("column-missing", TREES.replace(",", ";"), "separate the columns by commas"),
    ("column-twice", TREES.replace("height_m", "dbh_cm"), "keep one of them"),
    ("field-file-empty", "", ""),
    ("field-file-empty", TREES.splitlines()[0] + "\n", ""),
    ("field-file-encoding", TREES.replace("Kandelia obovata", "秋茄").encode("gbk"), "CSV UTF-8"),
    ("field-file-unreadable", TREES + '"unclosed', "close every quote"),
    ("field-file-unreadable", TREES.replace("2024-11-12", "2024\0", 1), "export the sheet"),
    ("field-file-encoding", TREES.encode("utf-16"), "CSV UTF-8"),
]


@pytest.mark.parametrize(("code", "text", "fix"), FILE_DEFECTS, ids=lambda v: str(v)[:20])
def test_a_sheet_that_is_no_table(tmp_path, code, text, fix):
    result, findings = measured(tmp_path, trees=text)
    assert result is None
    errors = by_code(errors_in(findings))
    assert code in errors, findings
    assert any(fix in finding.fix for finding in errors[code])
    assert all(finding.subject.startswith("trees.csv") for finding in errors[code])


def test_a_sheet_that_is_not_there_and_one_without_rows(tmp_path):
    project = field_project(tmp_path, plots=PLOTS, trees=TREES)
    (tmp_path / "trees.csv").write_text(TREES.splitlines()[0] + "\n\n,,,,,,\n")
    result, (finding,) = measure_inventory(project, STRATA)
    assert result is None
    assert (finding.code, finding.severity) == ("field-file-empty", "error")
    assert "at least one row" in finding.fix
    (tmp_path / "plots.csv").unlink()
    _, findings = measure_inventory(project, STRATA)
    assert [(f.code, f.subject) for f in findings] == [
        ("field-file-unreadable", "plots.csv"),
        ("field-file-empty", "trees.csv"),
    ]


def test_a_period_at_the_end_of_time_is_no_overflow(tmp_path):
    project = field_project(tmp_path, plots=PLOTS, trees=tree(date="1949-01-01"))
    period = project.period.model_copy(update={"end": dt.date.max})
    late = project.model_copy(update={"period": period})
    assert [f.code for f in errors_in(measure_inventory(late, STRATA)[1])] == ["date-out-of-range"]


def test_a_column_that_is_not_read_is_a_warning(tmp_path):
    text = "\n".join(line + (",note" if i == 0 else ",") for i, line in
                     enumerate(TREES.splitlines()))  # fmt: skip
    result, findings = measured(tmp_path, trees=text)
    assert result is not None
    assert by_code(findings)["column-unknown"][0].severity == "warning"


def test_millimetres_of_a_whole_plot_are_one_finding(tmp_path):
    lines = TREES.splitlines()
    lines += [f"A-2,{i},2024-11-12,Kandelia obovata,{60 + i},8.0,live" for i in range(10, 40)]
    result, findings = measured(tmp_path, trees="\n".join(lines))
    assert result is None
    found = by_code(findings)["dbh-in-millimetres"]
    assert len(found) == 1
    assert "plot 'A-2'" in found[0].message
    assert "(32 rows)" in found[0].subject


def test_stout_dead_stumps_are_not_millimetres(tmp_path):
    result, _ = measured(tmp_path, trees=tree(dbh_cm="57", height_m="1.5", status="dead"))
    assert result is not None


def test_all_defects_are_reported_together(tmp_path):
    text = tree(species="Quercus", dbh_cm="x", height_m="99", status="?", plot_id="Z")
    result, findings = measured(tmp_path, trees=text, plots=PLOTS + "A-1,C,109,95,0\n")
    assert result is None
    assert {f.code for f in errors_in(findings)} == {
        "species-unknown", "number-unreadable", "height-wrong", "status-unknown",
        "tree-plot-unknown", "plot-twice", "stratum-unknown", "position-out-of-range",
        "plot-area-wrong",
    }  # fmt: skip


def test_a_row_without_anything_in_it_is_told_once_per_cell(tmp_path):
    header = TREES.splitlines()[0]
    result, findings = measured(tmp_path, trees=f"{header}\nA-1,,,,,,\n")
    assert result is None
    assert {f.code for f in findings} == {"cell-empty"}
    assert len(findings) == 5


def test_many_rows_with_one_defect_end_in_a_summary(tmp_path):
    lines = [f"A-1,n{i},2024-11-11,Kandelia obovata,0,4,live" for i in range(50)]
    _, findings = measured(tmp_path, trees=TREES + "\n".join(lines))
    found = by_code(findings)["dbh-wrong"]
    assert len(found) == 21
    assert found[-1].message == "the same defect in 30 more rows"
    assert "(30 rows)" in found[-1].subject


def test_a_single_plot_has_no_standard_error(tmp_path):
    plots = PLOTS + "B-1,B,109.7,21.5,100\n"
    result, findings = measured(tmp_path, plots=plots, trees=tree(plot_id="B-1"))
    alone = result.strata.set_index("stratum").loc["B"]
    assert np.isnan(alone["standard_error_agb_t_ha"])
    assert "'B' has one plot in 2024" in by_code(findings)["plots-too-few"][0].message


def test_a_campaign_over_new_year_is_noticed(tmp_path):
    text = TREES.replace("2024-11-11", "2024-12-20").replace("2024-11-12", "2025-01-08")
    _, findings = measured(tmp_path, trees=text)
    warning = by_code(findings)["campaign-over-new-year"][0]
    assert warning.severity == "warning"
    assert "2024-12-20 and on 2025-01-08" in warning.message


def test_a_plot_heavier_than_any_mangrove_is_noticed(tmp_path):
    plots = PLOTS.replace("21.55,100\n", "21.55,1\n")
    _, findings = measured(tmp_path, plots=plots, trees=tree(dbh_cm="20", height_m="8"))
    warning = by_code(findings)["plot-biomass-implausible"][0]
    assert "'A-1'" in warning.message
    assert "saplings" in warning.fix


def frame(**columns):
    return pd.DataFrame({"species": ["Kandelia obovata"], "dbh_cm": [8.0], **columns})


def test_a_notebook_needs_only_species_and_diameter():
    done = tree_biomass(frame())
    assert done["agb_kg"].tolist() == pytest.approx([0.251 * 0.544 * 8.0**2.46])


def test_a_notebook_hears_of_unknown_species_and_plots():
    with pytest.raises(DataError, match="'Kandela' is not known"):
        tree_biomass(frame(species=["Kandela"]))
    trees = tree_biomass(frame(plot_id=["P"], date=[dt.date(2024, 1, 1)]))
    plots = pd.DataFrame({"plot_id": ["Q"], "stratum": ["A"], "area_m2": [100.0]})
    with pytest.raises(DataError, match="plot 'P' is not in plots"):
        plot_biomass(trees, plots)


def test_input_frames_are_left_as_they_were():
    trees = frame(plot_id=["P"], date=[dt.date(2024, 1, 1)])
    plots = pd.DataFrame({"plot_id": ["P"], "stratum": ["A"], "area_m2": [100.0]})
    before = trees.copy(), plots.copy()
    evaluate_inventory(trees, plots)
    pd.testing.assert_frame_equal(trees, before[0])
    pd.testing.assert_frame_equal(plots, before[1])


def test_the_demonstration_coast_is_estimated_within_its_sampling_error():
    project = load_project(DEMO / "project.toml")
    truth = json.loads((DEMO / "truth.json").read_text(encoding="utf-8"))["biomass"]
    result, findings = measure_inventory(project, ["K15", "S17", "R20", "E0", "X0"])
    assert errors_in(findings) == ()
    assert len(result.strata) == sum(len(years) for years in truth.values())
    for row in result.strata.to_dict("records"):
        expected = truth[row["stratum"]][str(row["epoch"])]
        for name in ("agb_t_ha", "bgb_t_ha"):
            error = row[f"standard_error_{name}"]
            assert error > 0
            assert abs(row[f"mean_{name}"] - expected[name]) <= 3 * error
