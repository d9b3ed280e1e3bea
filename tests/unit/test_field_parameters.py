"""Which table rows a report seals, and that an unread one makes it a draft."""

import pandas as pd
import pytest
from support.demo import DEMO

from bluecarbon.mrv.field_parameters import used_parameters
from bluecarbon.mrv.inventory import evaluate_inventory
from bluecarbon.mrv.tree_equations import EquationChoice
from bluecarbon.project import RootShoot

ANY_SIZE = EquationChoice(out_of_range="extrapolate")


@pytest.fixture
def sheets():
    trees = pd.read_csv(DEMO / "trees.csv", parse_dates=["date"])
    return trees, pd.read_csv(DEMO / "plots.csv")


def test_equations_and_densities_are_named_with_their_status(sheets):
    rows = {
        row.name: row for row in used_parameters(evaluate_inventory(*sheets, equations=ANY_SIZE))
    }
    assert rows["allometry komiyama2005-agb a"].value == 0.251
    assert rows["wood density Kandelia obovata"].value == 0.544
    assert {row.status for row in rows.values()} == {"verified"}
    assert all(row.source and row.unit for row in rows.values())


def test_a_species_with_an_unread_density_makes_a_draft(sheets):
    trees, plots = sheets
    trees["species"] = trees["species"].replace("Kandelia obovata", "Xylocarpus granatum")
    rows = {
        row.name: row
        for row in used_parameters(evaluate_inventory(trees, plots, equations=ANY_SIZE))
    }
    assert rows["wood density Xylocarpus granatum"].status == "unverified"
    assert "wood density Kandelia obovata" not in rows


def test_measured_densities_need_no_row(sheets):
    trees, plots = sheets
    trees["wood_density_g_cm3"] = 0.6
    names = [
        row.name for row in used_parameters(evaluate_inventory(trees, plots, equations=ANY_SIZE))
    ]
    assert not any(name.startswith("wood density") for name in names)


def test_without_an_inventory_there_is_none():
    assert used_parameters(None) == ()


def test_a_species_that_no_table_knows_rests_on_the_mean_of_mangroves(sheets):
    trees, plots = sheets
    trees["species"] = "Heritiera littoralis"
    done = evaluate_inventory(trees, plots, equations=ANY_SIZE, unknown_species="common")
    rows = {row.name: row for row in used_parameters(done)}
    assert rows["wood density Heritiera littoralis"].value == 0.71
    assert rows["wood density Heritiera littoralis"].status == "unverified"


def test_a_stated_root_shoot_ratio_is_sealed_and_unused_densities_are_not(sheets):
    trees, plots = sheets
    trees = trees.assign(species="Ceriops tagal", dbh_cm=6.0)
    choice = EquationChoice(
        by_species={"Ceriops tagal": ["china-ceriops-tagal-total"]},
        root_shoot_ratio={"角果木": 0.4},
    )
    done = evaluate_inventory(trees, plots, equations=choice)
    stated = {"角果木": RootShoot(ratio=0.4, source="harvest of 2023", status="verified")}
    rows = {row.name: row for row in used_parameters(done, stated)}
    assert set(rows) == {
        "allometry china-ceriops-tagal-total a",
        "allometry china-ceriops-tagal-total b",
        "root to shoot ratio Ceriops tagal",
    }
    ratio = rows["root to shoot ratio Ceriops tagal"]
    assert (ratio.value, ratio.source, ratio.status) == (0.4, "harvest of 2023", "verified")


def test_all_coefficients_of_a_polynomial_are_sealed(sheets):
    trees, plots = sheets
    choice = EquationChoice(
        common=("chave2005-mangrove-diameter-agb", "komiyama2005-bgb"), out_of_range="extrapolate"
    )
    rows = used_parameters(evaluate_inventory(trees, plots, equations=choice))
    found = {row.name: row.value for row in rows}
    assert found["allometry chave2005-mangrove-diameter-agb d"] == -0.0281
