"""Inventories of projects in any layout; our own layout keeps its reader."""

import pytest
from pydantic import ValidationError
from support.field_sheets import PLOTS, TREES, by_code, field_project

from bluecarbon.mrv.field_parameters import used_parameters
from bluecarbon.mrv.inventory import measure_inventory
from bluecarbon.mrv.inventory_of_project import measure_project_inventory, plots_with_places
from bluecarbon.spec import errors_in

CHINESE_PLOTS = (
    "样地号,碳层,纬度,经度,样地面积(m²)\nA-1,A,21°33′,109.75,100\nA-2,A,21.55,109.76,100\n"
)
CHINESE_TREES = """样地号,树号,日期,树种,胸径(cm),树高,状态
A-1,1,2024年11月11日,秋茄,8.0,4.0,活
A-1,2,2024年11月11日,秋茄,10.0,5.0,活
A-1,3,2024年11月11日,秋茄,9.0,4.0,死
A-2,1,2024年11月12日,秋茄,6.0,3.5,活
A-2,2,2024年11月12日,秋茄,7.0,3.8,活
"""
BAD = "A-2,3,2024年11月12日,秋茄,x,3.8,活\n"


def of_project(folder, plots=CHINESE_PLOTS, trees=CHINESE_TREES, **keys):
    project = field_project(folder, plots=plots, trees=trees, inventory=keys)
    return measure_project_inventory(project, ("A",))


def test_our_own_layout_is_read_as_ever(tmp_path):
    project = field_project(tmp_path, plots=PLOTS, trees=TREES)
    ours, findings = measure_inventory(project, ("A",))
    again, same = measure_project_inventory(project, ("A",))
    assert again.strata.equals(ours.strata)
    assert same == findings
    assert again.rejected.empty
    assert again.columns.empty


def test_the_same_trees_under_chinese_headers(tmp_path):
    ours, _ = measure_inventory(field_project(tmp_path, plots=PLOTS, trees=TREES), ("A",))
    made, findings = of_project(tmp_path)
    assert errors_in(findings) == ()
    for name in ("mean_agb_t_ha", "standard_error_bgb_t_ha", "mean_total_t_ha"):
        assert made.strata[name].tolist() == pytest.approx(ours.strata[name].tolist(), rel=1e-12)
    assert made.plots["n_dead"].tolist() == [1, 0]
    assert made.plots["dead_wood_t_ha"].gt(0).tolist() == [True, False]
    said = [f.message for f in by_code(findings)["columns-mapped"]]
    assert "dbh_cm <- '胸径(cm)'" in said[0]
    assert set(made.columns["file"]) == {"trees.csv", "plots.csv"}


def test_a_bad_row_stops_a_project_unless_it_says_otherwise(tmp_path):
    made, findings = of_project(tmp_path, trees=CHINESE_TREES + BAD)
    assert made is None
    assert "number-unreadable" in by_code(errors_in(findings))
    made, findings = of_project(tmp_path, trees=CHINESE_TREES + BAD, bad_rows="leave out")
    assert made.rejected[["line", "code"]].to_numpy().tolist() == [[7, "number-unreadable"]]
    assert "1 of 6 rows are left out" in by_code(findings)["rows-left-out"][0].message


def test_our_own_layout_may_leave_bad_rows_out_too(tmp_path):
    trees = TREES + "A-2,3,2024-11-12,Kandelia obovata,x,3.8,live\n"
    made, _ = of_project(tmp_path, plots=PLOTS, trees=trees)
    assert made is None
    made, _ = of_project(tmp_path, plots=PLOTS, trees=trees, bad_rows="leave out")
    assert made.rejected["line"].tolist() == [7]


def test_the_mapping_of_the_project_file(tmp_path):
    trees = CHINESE_TREES.replace("胸径(cm)", "粗").replace("树号", "编号")
    made, findings = of_project(tmp_path, trees=trees)
    assert made is None
    assert "column-missing" in by_code(findings)
    keys = {"columns": {"粗": "dbh_cm", "编号": "tree_id"}}
    made, findings = of_project(tmp_path, trees=trees, **keys)
    assert made.trees["tree_id"].tolist() == ["1", "2", "3", "1", "2"]


def test_a_mapping_that_is_wrong_is_named(tmp_path):
    for keys, said in (
        ({"columns": {"胸径(cm)": "dhb_cm"}}, "did you mean 'dbh_cm'?"),
        ({"columns": {"胸径": "dbh_cm"}}, "did you mean '胸径(cm)'?"),
        ({"columns": {"胸径(cm)": "dbh_cm", "树高": "dbh_cm"}}, "name one column for each"),
    ):
        made, findings = of_project(tmp_path, **keys)
        assert made is None
        assert said in {f.fix for f in by_code(findings)["correction-wrong"]}


def test_a_year_after_the_period_is_no_measurement_of_it(tmp_path):
    made, findings = of_project(tmp_path, trees=CHINESE_TREES.replace("2024", "2027"))
    assert made is None
    assert len(by_code(findings)["date-out-of-range"]) == 5


def test_an_equation_that_is_unknown(tmp_path):
    made, findings = of_project(tmp_path, equations={"秋茄": "nothing"})
    assert made is None
    assert [f.code for f in findings] == ["equation-unknown"]


def test_densities_of_the_ladder_are_sealed_as_what_they_are(tmp_path):
    trees = CHINESE_TREES.replace(
        "A-2,1,2024年11月12日,秋茄", "A-2,1,2024年11月12日,Rhizophora mucronata"
    )
    made, _ = of_project(tmp_path, trees=trees, unknown_species="ladder")
    (row,) = [p for p in used_parameters(made) if p.name == "wood density Rhizophora mucronata"]
    assert row.value == pytest.approx(0.821)
    assert (row.source, row.status) == ("wood density ladder", "unverified")
    assert row.locator.startswith("genus mean of Rhizophora")


def test_places_of_plots_whatever_their_layout(tmp_path):
    for plots, trees in ((PLOTS, TREES), (CHINESE_PLOTS, CHINESE_TREES)):
        table = plots_with_places(field_project(tmp_path, plots=plots, trees=trees))
        assert table["lat"].tolist() == pytest.approx([21.55, 21.55])
    assert plots_with_places(field_project(tmp_path)) is None


def test_a_key_with_a_wrong_value(tmp_path):
    with pytest.raises(ValidationError, match="bad_rows"):
        field_project(tmp_path, plots=PLOTS, trees=TREES, inventory={"bad_rows": "ignore"})
