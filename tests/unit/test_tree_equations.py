"""Equations by species, diameters of three kinds, ranges, falling back and whole trees."""

import numpy as np
import pandas as pd
import pytest
from support.field_sheets import PLOTS, TREES, by_code, field_project

from bluecarbon.errors import DataError, MethodologyError
from bluecarbon.mrv.inventory import evaluate_inventory, measure_inventory, tree_biomass
from bluecarbon.mrv.tree_equations import (
    EquationChoice,
    canonical_species,
    estimate,
    stems_of,
)
from bluecarbon.project_file import load_project
from bluecarbon.spec import errors_in

TREE = "china-kandelia-obovata-agb", "china-kandelia-obovata-bgb"
SAPLING = "china-kandelia-obovata-sapling-agb", "china-kandelia-obovata-sapling-bgb"
CERIOPS = "china-ceriops-tagal-total"
HEADER = "plot_id,tree_id,date,species,dbh_cm,basal_diameter_cm,d30_cm,height_m,status\n"


def line(tree_id, species, dbh="", basal="", d30="", height="", status="live"):
    return f"A-1,{tree_id},2024-11-11,{species},{dbh},{basal},{d30},{height},{status}\n"


def measured(folder, trees, **inventory):
    project = field_project(folder, plots=PLOTS, trees=trees, inventory=inventory)
    return measure_inventory(project, ("A", "B"))


def frame(**columns):
    count = max(len(values) for values in columns.values())
    return pd.DataFrame({"species": ["Kandelia obovata"] * count, **columns})


def test_saplings_and_trees_of_one_species_by_two_diameters(tmp_path):
    sheet = HEADER + line(1, "秋茄", dbh="8", height="4") + line(2, "秋茄", basal="3", height="1.2")
    result, findings = measured(tmp_path, sheet, equations={"秋茄": [*TREE, *SAPLING]})
    assert errors_in(findings) == ()
    rows = result.trees
    assert rows["agb_equation"].tolist() == [TREE[0], SAPLING[0]]
    assert rows["bgb_equation"].tolist() == [TREE[1], SAPLING[1]]
    assert rows["agb_kg"].tolist() == pytest.approx([0.03999 * 256**1.053, 0.01016 * 3**2.454])
    assert set(rows["agb_how"]) == {"in range"}
    assert rows["total_kg"].tolist() == pytest.approx((rows["agb_kg"] + rows["bgb_kg"]).tolist())


def test_the_diameter_at_30_cm_has_a_column_of_its_own(tmp_path):
    sheet = HEADER + line(1, "Kandelia obovata", dbh="8", d30="10")
    ids = ["red-river-kandelia-obovata-agb", "red-river-kandelia-obovata-bgb"]
    result, _ = measured(tmp_path, sheet, equations={"Kandelia obovata": ids})
    assert result.trees["agb_kg"].iloc[0] == pytest.approx(0.000318 * 10**4.19917)


def test_the_chinese_name_of_the_basal_diameter(tmp_path):
    sheet = HEADER.replace("basal_diameter_cm", "地径") + line(1, "秋茄", basal="3", height="1.2")
    result, findings = measured(tmp_path, sheet, equations={"秋茄": list(SAPLING)})
    assert errors_in(findings) == ()
    assert result.trees["basal_diameter_cm"].tolist() == [3.0]
    twice = sheet.replace("d30_cm", "basal_diameter_cm")
    _, findings = measured(tmp_path, twice, equations={"秋茄": list(SAPLING)})
    assert "same column" in by_code(findings)["column-twice"][0].message


def test_other_species_take_the_common_equations(tmp_path):
    sheet = TREES + "A-1,7,2024-11-11,Avicennia marina,9,4,live\n"
    result, _ = measured(tmp_path, sheet, equations={"Kandelia obovata": TREE[0]})
    assert result.trees["agb_equation"].tolist() == [*[TREE[0]] * 5, "komiyama2005-agb"]
    assert set(result.trees["bgb_equation"]) == {"komiyama2005-bgb"}


def test_a_project_may_name_other_common_equations(tmp_path):
    ids = ["chave2005-mangrove-height-agb"]
    result, findings = measured(tmp_path, TREES, equations={"common": ids})
    assert set(result.trees["agb_equation"]) == set(ids)
    assert result.trees["agb_kg"].iloc[0] == pytest.approx(0.0509 * 0.544 * 8**2 * 4)
    assert "chave2005" in by_code(findings)["equation-unverified"][0].message


THIN = TREES + "A-2,9,2024-11-12,Kandelia obovata,3.0,2.4,live\n"


def test_thin_trees_are_refused_by_default_and_listed(tmp_path):
    result, findings = measured(tmp_path, THIN)
    assert result is None
    (error,) = errors_in(findings)
    assert (error.code, error.subject) == ("dbh-outside-equation", "trees.csv row 7")
    assert error.message == (
        "dbh_cm 3 is outside 5 to 49 cm of komiyama2005-agb; "
        "dbh_cm 3 is outside 5 to 45 cm of komiyama2005-bgb"
    )
    assert 'out_of_range = "common"' in error.fix


def test_thin_trees_are_extrapolated_when_the_project_says_so(tmp_path):
    result, findings = measured(tmp_path, THIN, out_of_range="extrapolate")
    warning = by_code(findings)["dbh-outside-equation"][0]
    assert warning.severity == "warning"
    assert "1 of 5 live trees (20%)" in warning.message
    assert "5 to 49 cm" in warning.message
    last = result.trees.iloc[-1]
    assert last["agb_kg"] == pytest.approx(0.251 * 0.544 * 3**2.46)
    assert result.trees["agb_how"].tolist() == [*["in range"] * 5, "extrapolated"]


def test_trees_fall_back_to_the_common_equations_when_the_project_says_so(tmp_path):
    thick = THIN.replace("7.0,3.8", "17.0,7.8")
    result, findings = measured(
        tmp_path, thick, equations={"Kandelia obovata": list(TREE)}, out_of_range="common"
    )
    rows = result.trees.set_index("line")
    assert rows["agb_how"].tolist() == [
        *["in range"] * 4, "fell back", "fell back, extrapolated",
    ]  # fmt: skip
    assert rows.loc[6, "agb_equation"] == "komiyama2005-agb"
    assert rows.loc[6, "agb_kg"] == pytest.approx(0.251 * 0.544 * 17**2.46)
    warning = by_code(findings)["tree-fell-back"][0]
    assert warning.subject == "trees.csv rows 6, 7"
    assert "2 of 5 live trees of 'Kandelia obovata'" in warning.message
    assert "komiyama2005-agb" in by_code(findings)["dbh-outside-equation"][0].message


def test_heights_are_checked_against_the_range(tmp_path):
    low = TREES.replace("6.0,3.5", "6.0,1.5")
    names = {"Kandelia obovata": list(TREE)}
    result, findings = measured(tmp_path, low, equations=names)
    assert result is None
    (error,) = errors_in(findings)
    assert (error.code, error.subject) == ("height-outside-equation", "trees.csv row 5")
    assert error.message.startswith("height_m 1.5 is outside from 2 m of china-kandelia")
    result, findings = measured(tmp_path, low, equations=names, out_of_range="extrapolate")
    assert result.trees["agb_how"].tolist().count("extrapolated") == 1
    assert "the heights that" in by_code(findings)["height-outside-equation"][0].message


def test_a_height_that_is_not_known_is_not_checked_and_said(tmp_path):
    sheet = HEADER + line(1, "桐花树", dbh="3")
    ids = ["china-aegiceras-corniculatum-agb", "china-aegiceras-corniculatum-bgb"]
    result, findings = measured(tmp_path, sheet, equations={"桐花树": ids})
    assert result.trees["agb_kg"].tolist() == pytest.approx([0.644347 * 3 - 0.425066])
    assert "2 to 4 m tall" in by_code(findings)["height-not-checked"][0].message


def test_dead_trees_are_not_refused(tmp_path):
    result, findings = measured(tmp_path, THIN.replace("3.0,2.4,live", "3.0,2.4,dead"))
    assert errors_in(findings) == ()
    assert np.isnan(result.trees["agb_kg"].iloc[-1])


def test_a_column_that_equations_need_is_asked_for(tmp_path):
    names = {"Kandelia obovata": ["red-river-kandelia-obovata-agb", SAPLING[1]]}
    result, findings = measured(tmp_path, TREES, equations=names)
    assert result is None
    messages = [f.message for f in by_code(findings)["column-missing"]]
    assert len(messages) == 2
    assert "'basal_diameter_cm', which china-kandelia-obovata-sapling-bgb needs" in messages[0]
    assert "'d30_cm', which red-river-kandelia-obovata-agb needs" in messages[1]


def test_a_cell_that_equations_need_is_asked_for(tmp_path):
    sheet = HEADER + line(1, "秋茄", dbh="8", height="4") + line(2, "秋茄", dbh="8")
    names = {"秋茄": list(TREE)}
    result, findings = measured(tmp_path, sheet, equations=names)
    assert result is None
    (error,) = errors_in(findings)
    assert (error.code, error.subject) == ("tree-size-missing", "trees.csv row 3")
    assert "height_m is empty" in error.message
    result, _ = measured(tmp_path, sheet, equations=names, out_of_range="common")
    assert result.trees["agb_how"].tolist() == ["in range", "fell back"]


def test_a_cell_that_cannot_be_read_is_told_once(tmp_path):
    sheet = HEADER + line(1, "秋茄", basal="3", height="x")
    _, findings = measured(tmp_path, sheet, equations={"秋茄": list(TREE)})
    assert [f.code for f in errors_in(findings)] == ["cell-empty", "number-unreadable"]


def test_sizes_that_are_wrong_are_not_reported_as_out_of_range_too(tmp_path):
    sheet = HEADER + line(1, "秋茄", dbh="8", basal="310", height="1.2")
    _, findings = measured(tmp_path, sheet, equations={"秋茄": list(SAPLING)})
    (error,) = errors_in(findings)
    assert (error.code, error.subject) == ("dbh-in-millimetres", "trees.csv row 2")
    assert "basal_diameter_cm is 310" in error.message


def ceriops(folder, *, methodology=False, **inventory):
    sheet = TREES.replace("Kandelia obovata", "Ceriops tagal")
    project = field_project(
        folder,
        plots=PLOTS,
        trees=sheet.replace(",10.0,", ",7.0,"),
        inventory={"equations": {"Ceriops tagal": CERIOPS}, **inventory},
    )
    if methodology:
        section = {"id": "ar-am0014@3.0"}
        project = type(project).from_table({**table_of(project), "methodology": section}, folder)
    return measure_inventory(project, ("A",))


def table_of(project):
    return project.declared.model_dump(exclude_none=True)


def test_a_whole_tree_is_used_as_a_total(tmp_path):
    result, findings = ceriops(tmp_path)
    finding = by_code(findings)["biomass-not-split"][0]
    assert finding.severity == "warning"
    live = result.trees[result.trees["status"] == "live"]
    assert live["total_kg"].iloc[0] == pytest.approx(0.5199 * 8.0**1.953)
    assert live["agb_kg"].isna().all()
    assert result.plots["agb_t_ha"].isna().all()
    assert result.plots["total_t_ha"].gt(0).all()
    assert result.strata["mean_agb_t_ha"].isna().all()
    assert result.strata["standard_error_total_t_ha"].gt(0).all()


def test_a_claim_needs_the_parts(tmp_path):
    result, findings = ceriops(tmp_path, methodology=True)
    assert result is None
    (error,) = errors_in(findings)
    assert error.code == "biomass-not-split"
    assert "[inventory.root_shoot]" in error.fix


def test_a_stated_root_shoot_ratio_splits_the_total(tmp_path):
    stated = {"角果木": {"ratio": 0.25, "source": "harvest of 2023"}}
    result, findings = ceriops(tmp_path, methodology=True, root_shoot=stated)
    assert "biomass-not-split" not in by_code(findings)
    tree = result.trees.iloc[0]
    total = 0.5199 * 8.0**1.953
    assert (tree["agb_kg"], tree["bgb_kg"]) == pytest.approx((total / 1.25, total * 0.2))
    assert tree["agb_equation"] == tree["total_equation"] == CERIOPS


def test_whole_trees_that_fall_back_have_parts(tmp_path):
    choice = EquationChoice(by_species={"Ceriops tagal": [CERIOPS]}, out_of_range="common")
    trees = frame(dbh_cm=[7.0, 12.0]).assign(species="Ceriops tagal")
    done = tree_biomass(trees, equations=choice)
    assert done["total_equation"].tolist() == [CERIOPS, ""]
    assert done["agb_how"].tolist() == ["", "fell back"]
    assert np.isnan(done["agb_kg"].iloc[0])
    assert done["agb_kg"].iloc[1] == pytest.approx(0.251 * 0.85 * 12**2.46)
    assert done["total_kg"].iloc[1] == done["agb_kg"].iloc[1] + done["bgb_kg"].iloc[1]


def test_one_whole_tree_leaves_no_mean_of_the_other_plots():
    trees = frame(dbh_cm=[7.0, 7.0], plot_id=["P", "Q"])
    trees = trees.assign(date=pd.Timestamp("2024-01-01"), species=["Ceriops tagal", "秋茄"])
    plots = pd.DataFrame({"plot_id": ["P", "Q"], "stratum": "A", "area_m2": 100.0})
    choice = EquationChoice(by_species={"Ceriops tagal": [CERIOPS]})
    result = evaluate_inventory(trees, plots, equations=choice)
    assert result.plots["agb_t_ha"].isna().tolist() == [True, False]
    assert np.isnan(result.strata["mean_agb_t_ha"].iloc[0])
    assert result.strata["mean_total_t_ha"].iloc[0] > 0


def test_a_species_without_density_is_fine_where_no_equation_asks_for_it(tmp_path):
    ids = ["china-bruguiera-agb", "china-bruguiera-bgb"]
    sheet = TREES.replace("Kandelia obovata", "bruguiera  sexangula")
    result, findings = measured(tmp_path, sheet, equations={"Bruguiera sexangula": ids})
    assert errors_in(findings) == ()
    assert "wood-density-unverified" not in by_code(findings)
    assert set(result.trees["species"]) == {"Bruguiera sexangula"}
    _, findings = measured(tmp_path, sheet, equations={"Bruguiera sexangula": ids[0]})
    assert [f.code for f in errors_in(findings)] == ["species-unknown"]


CHOICE_DEFECTS = [
    ("equation-unknown", {"秋茄": "china-kandelia-obovata-abg"}, "did you mean 'china-kandelia"),
    ("equation-unknown", {"秋茄": "x"}, "docs/tree_equations.md"),
    ("species-twice", {"秋茄": TREE[0], "Kandelia obovata": TREE[1]}, "in one list"),
    ("equation-total-and-parts", {"角果木": [CERIOPS, "komiyama2005-agb"]}, "name either"),
    ("equation-total-and-parts", {"common": CERIOPS}, "name either"),
]


@pytest.mark.parametrize(("code", "equations", "fix"), CHOICE_DEFECTS)
def test_a_choice_that_cannot_be_is_an_error(tmp_path, code, equations, fix):
    result, findings = measured(tmp_path, TREES + "A-1,7,,Quercus,x,,live\n", equations=equations)
    assert result is None
    found = by_code(errors_in(findings))
    assert fix in found[code][0].fix
    assert "number-unreadable" in found, "defects of the sheet are reported with it"


def test_doubtful_choices_are_warnings(tmp_path):
    names = {"Kandelia obovata": ["comley2005-avicennia-marina-agb"]}
    ratio = {"Kandelia obovata": {"ratio": 0.3, "source": "x"}}
    result, findings = measured(tmp_path, TREES, equations=names, root_shoot=ratio)
    assert result is not None
    found = by_code(findings)
    assert "made for Avicennia marina" in found["equation-other-species"][0].message
    assert found["root-shoot-unused"][0].severity == "warning"


def test_a_notebook_is_told_by_exceptions():
    with pytest.raises(DataError, match="dbh_cm 3 is outside 5 to 49 cm"):
        tree_biomass(frame(dbh_cm=[3.0]))
    choice = EquationChoice(by_species={"秋茄": ["red-river-kandelia-obovata-agb"]})
    with pytest.raises(DataError, match="d30_cm is empty"):
        tree_biomass(frame(dbh_cm=[8.0], d30_cm=[np.nan]), equations=choice)
    with pytest.raises(MethodologyError, match="no allometric equation 'nothing'"):
        tree_biomass(frame(dbh_cm=[8.0]), equations=EquationChoice(common=["nothing"]))


def test_names_of_species():
    assert canonical_species("BRUGUIERA_PARVIFLORA") == "Bruguiera parviflora"
    assert canonical_species("海榄雌") == "Avicennia marina"
    assert canonical_species("秋茄树") == "Kandelia obovata"
    assert canonical_species("海莲") == "Bruguiera sexangula"
    assert canonical_species("K. obovata") == "Kandelia obovata"
    assert canonical_species("Rhizophora apiculata Blume") == "Rhizophora apiculata"
    # what no table knows stays as it is
    assert canonical_species("S. nobody") == "S. nobody"
    assert canonical_species("Rhizophora x lamarckii") == "Rhizophora x lamarckii"
    assert canonical_species(" Heritiera  littoralis") == "Heritiera littoralis"


def test_no_equation_is_no_estimate():
    nothing = estimate(stems_of(frame(dbh_cm=[8.0, 9.0])), (), ())
    assert not nothing.known.any()
    assert np.isnan(nothing.kg).all()


PROJECT = """
[project]
id = "TEST-1"
name = "Test"
[period]
start = 2020-01-01
end = 2025-01-01
[boundary]
path = "trees.csv"
[class_maps]
legend = {1 = "mangrove"}
[[class_maps.map]]
path = "trees.csv"
epoch = 2024
[inventory]
plots = "plots.csv"
trees = "trees.csv"
out_of_range = "common"
[inventory.equations]
"Kandelia obovata" = "china-kandelia-obovata-agb"
"角果木" = ["china-ceriops-tagal-total"]
[inventory.root_shoot]
"角果木" = { ratio = 0.25, source = "harvest of 2023" }
"""


def test_the_project_file_names_equations(tmp_path):
    (tmp_path / "plots.csv").write_text(PLOTS)
    (tmp_path / "trees.csv").write_text(THIN)
    path = tmp_path / "project.toml"
    path.write_text(PROJECT, encoding="utf-8")
    section = load_project(path).inventory
    assert section.equations["Kandelia obovata"] == (TREE[0],)
    assert section.root_shoot["角果木"].status == "unverified"
    path.write_text(PROJECT.replace("source =", "sauce ="), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_project(path)
    assert "did you mean 'source'?" in [f.fix for f in caught.value.findings]
