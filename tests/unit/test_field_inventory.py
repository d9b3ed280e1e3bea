"""Inventories from sheets people have: every bad row named, nothing dropped silently."""

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
import shapely
from support.field_sheets import by_code
from support.inventory_sheets import HEADER, KANDELIA, PLOTS, agb, bgb, measured, plots_of

from bluecarbon.mrv.inventory_tables import inventory_tables
from bluecarbon.mrv.tree_equations import EquationChoice
from bluecarbon.mrv.tree_row_checks import FIXES
from bluecarbon.spec import errors_in


def test_two_trees_by_hand(tmp_path):
    made, findings = measured(tmp_path)
    assert errors_in(findings) == ()
    assert [f.code for f in findings if f.severity == "warning"] == []
    plots = plots_of(made)
    assert plots["agb_t_ha"].tolist() == pytest.approx([agb(8) / 10, agb(10) / 10], rel=1e-12)
    assert plots["bgb_t_ha"].tolist() == pytest.approx([bgb(8) / 10, bgb(10) / 10], rel=1e-12)
    strata = made.result.strata.iloc[0]
    assert strata["mean_agb_t_ha"] == pytest.approx((agb(8) + agb(10)) / 20, rel=1e-12)
    # of two numbers the standard error of the mean is half of their difference
    expected = abs(agb(8) - agb(10)) / 20
    assert strata["standard_error_agb_t_ha"] == pytest.approx(expected, rel=1e-12)
    assert made.rejected.empty
    assert (made.n_rows, made.n_left_out) == (2, 0)


def test_carbon_by_pool_and_the_error_of_its_sum(tmp_path):
    made, _ = measured(tmp_path)
    tables = inventory_tables(made, ())
    carbon = tables["carbon_plots.csv"].set_index(["plot_id", "pool"])["carbon_tc_ha"]
    assert carbon["P1", "agb"] == pytest.approx(0.47 * agb(8) / 10)
    assert carbon["P1", "bgb"] == pytest.approx(0.39 * bgb(8) / 10)
    whole = [0.47 * agb(d) / 10 + 0.39 * bgb(d) / 10 for d in (8, 10)]
    row = tables["carbon_strata.csv"].set_index("pool").loc["all"]
    assert row["mean_carbon_tc_ha"] == pytest.approx(np.mean(whole))
    assert row["standard_error_carbon_tc_ha"] == pytest.approx(abs(whole[0] - whole[1]) / 2)


BAD_ROWS = [
    ("plot-id-missing", ",9,2024-10-03,秋茄,8,4,live"),
    ("number-unreadable", "P1,9,2024-10-03,秋茄,about 8,4,live"),
    ("decimal-comma", 'P1,9,2024-10-03,秋茄,"8,5",4,live'),
    ("diameter-missing", "P1,9,2024-10-03,秋茄,,4,live"),
    ("dbh-wrong", "P1,9,2024-10-03,秋茄,0,4,live"),
    ("dbh-wrong", "P1,9,2024-10-03,秋茄,-8,4,live"),
    ("dbh-too-large", "P1,9,2024-10-03,秋茄,120,,live"),
    ("dbh-in-millimetres", "P1,9,2024-10-03,秋茄,80,4,live"),
    ("too-slender", "P1,9,2024-10-03,秋茄,0.8,5,live"),
    ("height-wrong", "P1,9,2024-10-03,秋茄,8,-4,live"),
    ("height-wrong", "P1,9,2024-10-03,秋茄,8,400,live"),
    ("status-unknown", "P1,9,2024-10-03,秋茄,8,4,half"),
    ("date-out-of-range", "P1,9,1924-10-03,秋茄,8,4,live"),
    ("date-unreadable", "P1,9,3/10/2024,秋茄,8,4,live"),
    ("tree-twice", "P1,1,2024-10-03,秋茄,8,4,live"),
    ("tag-twice", "P1,1,2024-10-03,秋茄,9,4,live"),
    ("tree-plot-unknown", "P7,9,2024-10-03,秋茄,8,4,live"),
    ("row-length-wrong", "P1,9,2024-10-03,秋茄,8,4,live,extra"),
]


@pytest.mark.parametrize(("code", "row"), BAD_ROWS)
def test_a_bad_row_is_left_out_and_named(tmp_path, code, row):
    made, findings = measured(tmp_path, row, dated=True)
    assert made.rejected[["line", "code"]].to_numpy().tolist() == [[4, code]]
    assert made.rejected["fix"].tolist() == [FIXES[code]]
    assert errors_in(findings) == ()
    assert by_code(findings)[code][0].subject == "trees.csv row 4"
    assert (made.n_rows, made.n_left_out) == (3, 1)
    assert made.result.trees["line"].tolist() == [2, 3]


@pytest.mark.parametrize(("code", "row"), BAD_ROWS)
def test_strict_stops_at_the_same_row(tmp_path, code, row):
    made, findings = measured(tmp_path, row, dated=True, strict=True)
    assert made.result is None
    assert {f.code for f in errors_in(findings)} - {"rows-left-out"} == {code}
    assert made.rejected["line"].tolist() == [4]


def test_all_bad_rows_at_once_and_every_reason_of_each(tmp_path):
    rows = [row for _, row in BAD_ROWS] + ["P7,9,1924-10-03,秋茄,-8,-4,half"]
    made, findings = measured(tmp_path, *rows, dated=True)
    assert made.n_left_out == len(rows)
    last = made.rejected[made.rejected["line"] == 3 + len(rows)]
    assert set(last["code"]) == {
        "tree-plot-unknown", "date-out-of-range", "dbh-wrong", "height-wrong", "status-unknown",
    }  # fmt: skip
    said = by_code(findings)["rows-left-out"][0].message
    # the line of a wrong length is no row: it is counted by its own finding
    assert said.startswith(f"{len(rows) - 1} of {len(rows) + 1} rows are left out")


def test_plots_that_lack_trees_are_named(tmp_path):
    made, findings = measured(tmp_path, "P1,2,2024-10-03,秋茄,x,4,live")
    said = by_code(findings)["plot-cut-short"][0].message
    assert said == "plots lack the trees of rows that are left out: P1 (1 of 2)"
    assert plots_of(made).loc["P1", "n_live"] == 1


def test_a_plot_of_which_no_row_can_be_used_is_no_zero(tmp_path):
    good = "P1,1,2024-10-03,秋茄,8,4,live\nP2,1,2024-10-03,秋茄,x,5,live"
    made, findings = measured(tmp_path, good=good)
    assert plots_of(made).index.tolist() == ["P1"]
    assert "P2" in by_code(findings)["plot-left-out"][0].message


def test_a_plot_without_trees_is_a_zero_of_the_mean(tmp_path):
    plots = PLOTS + "P3,A,21.57,109.77,100\n"
    made, findings = measured(tmp_path, plots=plots)
    assert plots_of(made).loc["P3", "agb_t_ha"] == 0.0
    mean = (agb(8) + agb(10)) / 10 / 3
    assert made.result.strata["mean_agb_t_ha"].tolist() == pytest.approx([mean])
    assert by_code(findings)["plot-without-trees"]


def test_a_row_that_says_there_is_no_tree_is_no_defect(tmp_path):
    header = "plot,date,species,dbh,count"
    good = "P1,2024-10-03,秋茄,8,2\nP2,2024-10-03,无,,0"
    made, findings = measured(tmp_path, header=header, good=good)
    assert made.rejected.empty
    assert errors_in(findings) == ()
    assert plots_of(made)["n_live"].tolist() == [2, 0]


def test_a_stratum_without_a_single_tree_has_a_mean_of_zero(tmp_path):
    plots = PLOTS + "P3,B,21.57,109.77,100\nP4,B,21.57,109.77,100\n"
    made, findings = measured(tmp_path, plots=plots)
    row = made.result.strata.set_index("stratum").loc["B"]
    assert (row["n_plots"], row["mean_total_t_ha"], row["standard_error_total_t_ha"]) == (2, 0, 0)
    assert by_code(findings)["stratum-without-trees"]


def test_a_stratum_without_trees_in_many_years_needs_a_date(tmp_path):
    plots = PLOTS + "P3,B,21.57,109.77,100\n"
    later = "P1,1,2020-10-03,秋茄,7,4,live"
    made, findings = measured(tmp_path, later, plots=plots)
    assert set(made.result.strata["stratum"]) == {"A"}
    assert by_code(findings)["stratum-without-date"]
    dated = "plot_id,stratum,area_m2,date\nP1,A,100,\nP2,A,100,\nP3,B,100,2024-10-03\n"
    made, findings = measured(tmp_path, later, plots=dated)
    rows = made.result.strata[["stratum", "epoch"]].to_numpy().tolist()
    assert rows == [["A", 2020], ["A", 2024], ["B", 2024]]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("P3,A,21.57,109.76,", "plot-area-missing"),
        ("P3,A,21.57,109.76,0.01", "plot-area-wrong"),
        ("P3,A,21.57,109.76,big", "number-unreadable"),
        ("P3,C,21.57,109.76,100", "stratum-unknown"),
        ("P3,,21.57,109.76,100", "stratum-missing"),
        ("P2,A,21.57,109.76,100", "plot-twice"),
        (",A,21.57,109.76,100", "plot-id-missing"),
    ],
)
def test_a_bad_plot_is_left_out_and_named(tmp_path, row, code):
    made, findings = measured(tmp_path, plots=f"{PLOTS}{row}\n", strata=("A", "B"))
    assert made.rejected[["file", "line", "code"]].to_numpy().tolist() == [["plots.csv", 4, code]]
    assert by_code(findings)[code][0].subject == "plots.csv row 4"
    assert plots_of(made).index.tolist() == ["P1", "P2"]


def test_a_plot_in_two_strata_is_left_out_with_its_trees(tmp_path):
    made, _ = measured(tmp_path, plots=PLOTS + "P2,B,21.57,109.76,100\n")
    assert made.rejected[["file", "line", "code"]].to_numpy().tolist() == [
        ["plots.csv", 3, "plot-in-two-strata"],
        ["plots.csv", 4, "plot-in-two-strata"],
        ["trees.csv", 3, "tree-plot-left-out"],
    ]
    assert plots_of(made).index.tolist() == ["P1"]


def test_degrees_and_minutes_are_read_and_said(tmp_path):
    plots = PLOTS.replace("21.57,109.75", "21°34'12\"N,E109°45′")
    made, findings = measured(tmp_path, plots=plots)
    row = made.plot_table.rows.iloc[0]
    assert (row["lat"], row["lon"]) == pytest.approx((21.57, 109.75))
    assert by_code(findings)["position-converted"]


def test_trees_with_a_position_far_from_their_plot(tmp_path):
    header = "plot,date,species,dbh,lat,lon"
    good = "P1,2024-10-03,秋茄,8,21.57,109.7501\nP2,2024-10-03,秋茄,9,21.58,109.76"
    made, findings = measured(tmp_path, header=header, good=good)
    finding = by_code(findings)["tree-outside-plot"][0]
    # a hundredth of a degree of latitude at 21.6 N is 1107 m
    assert finding.message.startswith("the tree lies 1,107 m from plot 'P2', whose radius is 5.6 m")
    assert finding.subject == "trees.csv row 3"
    assert len(made.result.trees) == 2


def test_counts_of_identical_stems(tmp_path):
    header = "样地号,树种,胸径,株数"
    good = "P1,秋茄,8,5\nP2,秋茄,10,1"
    made, findings = measured(tmp_path, "P2,秋茄,9,2.5", "P2,秋茄,9,-1", header=header, good=good)
    assert made.rejected[["line", "code"]].to_numpy().tolist() == [
        [4, "count-wrong"], [5, "count-wrong"],
    ]  # fmt: skip
    plots = plots_of(made)
    assert plots.loc["P1", "n_live"] == 5
    assert plots.loc["P1", "agb_t_ha"] == pytest.approx(5 * agb(8) / 10)
    tables = inventory_tables(made, findings)
    assert set(tables["plots.csv"]["epoch"]) == {""}


def test_girths_and_genera_in_columns_of_their_own(tmp_path):
    header = "plot,genus,species,girth (mm),tag,stem"
    good = "P1,Kandelia,obovata,251.327412287,1,a\nP2,Kandelia,Kandelia obovata,314.159265359,1,"
    made, _ = measured(tmp_path, "P1,Avicennia,,314.159265,1,b", header=header, good=good)
    trees = made.result.trees
    assert trees["dbh_cm"].tolist() == pytest.approx([8.0, 10.0, 10.0])
    assert trees["species"].tolist() == ["Kandelia obovata", "Kandelia obovata", "Avicennia"]
    assert trees["tree_id"].tolist() == ["1/a", "1", "1/b"]
    table = made.tree_sheet.mapping_table.set_index("ours")
    assert table.loc["girth_cm", "conversion"] == "mm x 0.1 / pi = dbh_cm"


def test_the_mapping_can_be_corrected(tmp_path):
    header = "where,what,直径,tall"
    good = "P1,16,80,4\nP2,16,100,5"
    made, findings = measured(tmp_path, header=header, good=good)
    assert made.result is None
    assert {f.code for f in errors_in(findings)} == {"column-ambiguous", "column-missing"}
    made, findings = measured(
        tmp_path, header=header, good=good, species_names={"16": "秋茄"},
        columns={"where": "plot_id", "what": "species", "直径": "dbh_cm:mm", "tall": "height_m"},
    )  # fmt: skip
    assert errors_in(findings) == ()
    assert plots_of(made)["agb_t_ha"].tolist() == pytest.approx([agb(8) / 10, agb(10) / 10])
    table = made.tree_sheet.mapping_table.set_index("ours")
    assert table.loc["dbh_cm"].tolist() == ["直径", "cm", "mm x 0.1", "80", "user"]


@pytest.mark.parametrize(
    ("sizes", "height", "code"),
    [
        ((80, 100, 90), 4, "dbh-in-millimetres"),
        ((0.08, 0.1, 0.09), "", "dbh-in-metres"),
        ((8, 10, 9), 420, "height-in-centimetres"),
    ],
)
def test_a_whole_column_in_another_unit_stops(tmp_path, sizes, height, code):
    good = "\n".join(f"P1,{i},2024-10-03,秋茄,{d},{height},live" for i, d in enumerate(sizes))
    made, findings = measured(tmp_path, good=good)
    assert made.result is None
    assert code in by_code(errors_in(findings))


def test_girths_taken_for_diameters_are_suspected(tmp_path):
    good = "\n".join(f"P1,{i},2024-10-03,秋茄,{20 + i},4,live" for i in range(12))
    _, findings = measured(tmp_path, good=good)
    assert "girth" in by_code(findings)["dbh-perhaps-girth"][0].message


def test_a_cell_that_nothing_needs_costs_no_row(tmp_path):
    made, findings = measured(tmp_path, "P1,9,2024-10-03,秋茄,8,tall,live")
    assert len(made.result.trees) == 3
    assert by_code(findings)["cell-ignored"][0].subject == "trees.csv row 4"


def test_trees_that_no_equation_was_made_for(tmp_path):
    row = "P1,9,2024-10-03,秋茄,2,2,live"
    made, findings = measured(tmp_path, row, choice=EquationChoice())
    assert made.rejected["code"].tolist() == ["dbh-outside-equation"]
    made, findings = measured(tmp_path, row)
    assert made.result.trees["agb_how"].tolist() == ["in range", "in range", "extrapolated"]
    assert by_code(findings)["dbh-outside-equation"][0].severity == "warning"


def test_a_tree_without_the_size_that_its_equation_needs(tmp_path):
    named = {"Kandelia obovata": ("red-river-kandelia-obovata-agb",)}
    choice = EquationChoice(by_species=named, out_of_range="extrapolate")
    header = "plot,date,species,dbh,d30"
    good = "P1,2024-10-03,秋茄,8,9\nP2,2024-10-03,秋茄,9,"
    made, _ = measured(tmp_path, header=header, good=good, choice=choice)
    assert made.rejected[["line", "code"]].to_numpy().tolist() == [[3, "tree-size-missing"]]


def test_species_without_density_under_each_policy(tmp_path):
    row = "P1,9,2024-10-03,Pinus,8,4,live"
    made, findings = measured(tmp_path, row, unknown_species="refuse")
    assert made.rejected["code"].tolist() == ["species-unknown"]
    made, findings = measured(tmp_path, row, unknown_species="common")
    assert made.result.trees["wood_density_g_cm3"].tolist()[2] == 0.71
    assert by_code(findings)["species-unknown"][0].severity == "warning"
    made, findings = measured(tmp_path, row, unknown_species="ladder")
    assert made.result.trees["wood_density_g_cm3"].tolist()[2] == pytest.approx(KANDELIA)


def test_a_wood_density_that_no_wood_has_is_not_used(tmp_path):
    header = HEADER + ",wood density"
    good = "P1,1,2024-10-03,秋茄,8,4,live,0.6\nP2,1,2024-10-03,秋茄,10,5,live,544"
    made, findings = measured(tmp_path, header=header, good=good)
    assert made.result.trees["wood_density_g_cm3"].tolist() == [0.6, KANDELIA]
    assert by_code(findings)["wood-density-wrong"][0].subject == "trees.csv row 3"


def test_plots_from_the_trees_alone(tmp_path):
    header = HEADER + ",radius (m),stratum"
    good = "P1,1,2024-10-03,秋茄,8,4,live,7,A\nP2,1,2024-10-03,秋茄,10,5,live,7,A"
    made, findings = measured(tmp_path, header=header, good=good, plots="")
    assert by_code(findings)["plots-from-trees"]
    assert plots_of(made)["area_m2"].tolist() == pytest.approx([49 * math.pi] * 2)
    made, findings = measured(tmp_path, plots="", plot_area_m2=100.0)
    assert made.result.strata["stratum"].tolist() == ["ALL"]
    made, findings = measured(tmp_path, plots="")
    assert [f.code for f in errors_in(findings)] == ["plot-area-missing"]


def test_trees_of_one_plot_in_two_strata_without_a_sheet_of_plots(tmp_path):
    header = HEADER + ",stratum"
    good = "P1,1,2024-10-03,秋茄,8,4,live,A\nP1,2,2024-10-03,秋茄,10,5,live,B"
    made, findings = measured(tmp_path, header=header, good=good, plots="", plot_area_m2=100.0)
    assert made.result is None
    assert [f.code for f in errors_in(findings)] == ["plot-in-two-strata"]


def test_subplots_are_added_and_the_plot_stays_the_unit(tmp_path):
    plots = "plot,subplot,stratum,area\nP1,a,A,50\nP1,b,A,50\nP2,a,A,100\n"
    header = "plot,subplot,species,dbh"
    good = "P1,a,秋茄,8\nP2,a,秋茄,10"
    made, _ = measured(tmp_path, "P1,c,秋茄,8", header=header, good=good, plots=plots)
    assert made.rejected["code"].tolist() == ["tree-subplot-unknown"]
    assert plots_of(made)["agb_t_ha"].tolist() == pytest.approx([agb(8) / 10, agb(10) / 10])


def test_dates_of_trees_from_years_plots_and_the_request(tmp_path):
    header = "plot,species,dbh,year,month"
    made, findings = measured(
        tmp_path, "P2,秋茄,7,,", header=header, good="P1,秋茄,8,2024,3\nP2,秋茄,10,2024,",
        date=dt.date(2023, 5, 6),
    )  # fmt: skip
    days = [str(day) for day in made.result.trees["date"]]
    assert days == ["2024-03-15", "2024-07-01", "2023-05-06"]
    assert by_code(findings)["date-from-year"][0].message.startswith("2 rows")
    made, _ = measured(tmp_path, header="plot,species,dbh", good="P1,秋茄,8", dated=True)
    assert made.rejected["code"].tolist() == ["date-missing"]


def test_the_same_sheets_give_the_same_tables(tmp_path):
    rows = [row for _, row in BAD_ROWS]
    one, two = (
        inventory_tables(*measured(tmp_path, *rows, dated=True)) for _ in range(2)
    )  # fmt: skip
    for name, table in one.items():
        pd.testing.assert_frame_equal(table, two[name])


@pytest.mark.parametrize("when", ["2024-13-31", "约7月"])
def test_an_unreadable_date_beside_readable_ones_is_left_out(tmp_path, when):
    made, findings = measured(tmp_path, f"P1,2,{when},秋茄,8,4,live")
    assert made.n_left_out == 1
    assert by_code(findings)["date-unreadable"][0].subject == "trees.csv row 4"
    assert made.result is not None


def test_text_in_a_diameter_is_the_reason_and_not_an_empty_cell(tmp_path):
    header = "plot,tag,date,species,胸径(cm),地径(cm),status"
    good = "P1,1,2024-10-03,秋茄,8,10,live\nP2,1,2024-10-03,秋茄,10,12,live"
    made, findings = measured(
        tmp_path, 'P1,2,2024-10-03,秋茄,"8,5",10,live', header=header, good=good
    )
    said = by_code(findings)
    assert "'8,5' has a comma" in said["decimal-comma"][0].message
    assert made.n_left_out == 1


def test_a_sheet_without_any_date_is_said_to_be_one_campaign(tmp_path):
    header = "plot,tag,species,dbh,height,status"
    good = "P1,1,秋茄,8,4,live\nP2,1,秋茄,10,5,live"
    _, findings = measured(tmp_path, header=header, good=good)
    found = by_code(findings)
    assert "dates-not-told" in found
    assert not any(" in 1:" in f.message for f in findings)


def test_a_column_that_may_be_a_sapling_plot_is_not_passed_over(tmp_path):
    plots = PLOTS.replace("area_m2", "area_m2,苗圃(m2)").replace(",100\n", ",100,12.57\n")
    _, findings = measured(tmp_path, "P1,2,2024-10-03,秋茄,2.5,2,live", plots=plots)
    assert "苗圃(m2)" in by_code(findings)["nest-column-unread"][0].message
    _, without = measured(tmp_path, plots=plots)
    assert "nest-column-unread" not in by_code(without)


def test_a_row_of_units_may_count_stems(tmp_path):
    header = "样地号,样木号,调查日期,树种,胸径,树高,株数,状态\n,,,,cm,m,株,"
    good = "P1,1,2024-10-03,秋茄树,8,4,1,正常\nP2,1,2024-10-03,R. stylosa,10,5,2,枯"
    made, findings = measured(tmp_path, header=header, good=good)
    assert "unit-row" in by_code(findings)
    assert made.n_left_out == 0
    assert list(made.result.trees["species"]) == ["Kandelia obovata", "Rhizophora stylosa"]
    assert list(made.result.trees["tree_id"]) == ["1", "1"]


def test_a_plot_outside_its_stratum_is_left_out_with_its_trees(tmp_path):
    square = shapely.box(109.745, 21.565, 109.765, 21.575)
    far = PLOTS.replace("21.57,109.76", "21.57,109.86")
    made, findings = measured(tmp_path, plots=far, polygons={"A": square}, strata=("A",))
    said = by_code(findings)
    assert "lies 9,8" in said["plot-outside-stratum"][0].message
    assert said["plot-outside-stratum"][0].subject == "plots.csv row 3"
    assert list(made.result.plots["plot_id"]) == ["P1"]
    assert set(made.rejected["code"]) == {"plot-outside-stratum", "tree-plot-left-out"}
    strict, found = measured(
        tmp_path, plots=far, polygons={"A": square}, strata=("A",), strict=True
    )
    assert strict.result is None
    assert "plot-outside-stratum" in {f.code for f in errors_in(found)}
