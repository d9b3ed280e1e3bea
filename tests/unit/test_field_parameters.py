"""Which table rows a report seals, and that an unread one makes it a draft."""

import pandas as pd
import pytest
from support.demo import DEMO

from bluecarbon.mrv.field_parameters import used_parameters
from bluecarbon.mrv.inventory import evaluate_inventory


@pytest.fixture
def sheets():
    trees = pd.read_csv(DEMO / "trees.csv", parse_dates=["date"])
    return trees, pd.read_csv(DEMO / "plots.csv")


def test_equations_and_densities_are_named_with_their_status(sheets):
    rows = {row.name: row for row in used_parameters(evaluate_inventory(*sheets))}
    assert rows["allometry komiyama2005-agb a"].value == 0.251
    assert rows["wood density Kandelia obovata"].value == 0.544
    assert {row.status for row in rows.values()} == {"verified"}
    assert all(row.source and row.unit for row in rows.values())


def test_a_species_with_an_unread_density_makes_a_draft(sheets):
    trees, plots = sheets
    trees["species"] = trees["species"].replace("Kandelia obovata", "Xylocarpus granatum")
    rows = {row.name: row for row in used_parameters(evaluate_inventory(trees, plots))}
    assert rows["wood density Xylocarpus granatum"].status == "unverified"
    assert "wood density Kandelia obovata" not in rows


def test_measured_densities_need_no_row(sheets):
    trees, plots = sheets
    trees["wood_density_g_cm3"] = 0.6
    names = [row.name for row in used_parameters(evaluate_inventory(trees, plots))]
    assert not any(name.startswith("wood density") for name in names)


def test_without_an_inventory_there_is_none():
    assert used_parameters(None) == ()
