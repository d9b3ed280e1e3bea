"""CIFOR SWAMP inventories: plots of Berahankulon (Java) from sheets to published t/ha.

The published plot values are live trees of 5 cm and more in six circles of 7 m radius, and
saplings below 5 cm in circles of 2 m, by Komiyama 2005 with the wood density of each tree; two
thin stems were tallied with the trees. So read, above-ground values agree to the last digit. The
sub-plot area of the source says 'm' and means hectares: 0.0154 is 154 m2. Of Timbulsloko there
are no trees in this selection of the source.
"""

import math

import pandas as pd
import pytest
from support.field_sheets import by_code, field_project

from bluecarbon.methodology.kernels.allometry import Equation, biomass_kg, equation
from bluecarbon.mrv.inventory import measure_inventory
from bluecarbon.spec import errors_in

pytestmark = pytest.mark.real

STUDY = "SWAMP_Data_Trees_Berahankulon_2019"
TREE_DBH_CM_MIN = 5.0
# They stand in the tree list of the source, which lists saplings at its end, and the published
# values of both circles agree only when they count as trees (4.0 and 1.7 cm).
TALLIED_AS_TREES = ["BER_2_6_28", "BER_3_4_21"]
SUBPLOTS = 6
TREE_CIRCLE_M2, SAPLING_CIRCLE_M2 = 154.0, 12.5714285714286


@pytest.fixture(scope="module")
def trees(real_data):
    table = pd.read_csv(real_data / "swamp_tree_plots" / "trees.csv.gz")
    return table[table["study_id"] == STUDY]


@pytest.fixture(scope="module")
def published(real_data):
    """Rows of the study that give biomass: two of live trees, three of dead ones, three saplings.

    The source does not label them. Dead ones show by their carbon, 0.50 of biomass in place of
    0.47; saplings are the last three.
    """
    table = pd.read_csv(real_data / "swamp_tree_plots" / "plots.csv")
    table = table[(table["study_id"] == STUDY) & table["aboveground_biomass"].notna()]
    assert len(table) == 8
    return table


@pytest.fixture(scope="module")
def measured(trees, tmp_path_factory):
    """The inventory in our layout: a plot of trees and a plot of saplings for each plot."""
    is_tree = trees["diameter"].ge(TREE_DBH_CM_MIN) | trees["plant_id"].isin(TALLIED_AS_TREES)
    size = is_tree.map({True: "trees", False: "saplings"})
    tree_sheet = pd.DataFrame(
        {
            "plot_id": trees["plot_id"] + "-" + size,
            "tree_id": trees["plant_id"],
            "date": "2019-07-01",  # the source gives the year
            "species": trees["genus"] + " " + trees["species"],
            "dbh_cm": trees["diameter"],
            "status": trees["alive_or_dead"],
            "wood_density_g_cm3": trees["wood_density"],
        }
    )
    circle = {"trees": TREE_CIRCLE_M2, "saplings": SAPLING_CIRCLE_M2}
    plot_sheet = pd.DataFrame(
        [
            {"plot_id": f"{plot}-{kind}", "stratum": kind, "lon": 110.5, "lat": -6.9,
             "area_m2": SUBPLOTS * circle[kind]}
            for plot in ("BER_1", "BER_2", "BER_3")
            for kind in circle
        ]
    )  # fmt: skip
    project = field_project(
        tmp_path_factory.mktemp("swamp"),
        inventory={"out_of_range": "extrapolate"},
        plots=plot_sheet.to_csv(index=False),
        trees=tree_sheet.to_csv(index=False),
    )
    result, findings = measure_inventory(project, ("trees", "saplings"))
    assert errors_in(findings) == ()
    return result, by_code(findings)


def test_all_trees_are_accepted(trees, measured):
    result, findings = measured
    assert len(trees) == len(result.trees) == 815
    assert (result.plots["n_live"] + result.plots["n_dead"]).sum() == 815
    assert set(findings) == {"trees-dead", "dbh-outside-equation"}


@pytest.mark.parametrize(("plot", "row"), [("BER_1", 0), ("BER_2", 1)])
def test_live_trees(measured, published, plot, row):
    """All digits of a double: the same trees, equations, densities and area."""
    ours = measured[0].plots.set_index("plot_id").loc[f"{plot}-trees"]
    theirs = published.iloc[row]
    assert theirs["plot_id"] == plot
    assert ours["agb_t_ha"] == pytest.approx(theirs["aboveground_biomass"], rel=1e-12)
    assert ours["bgb_t_ha"] == pytest.approx(theirs["belowground_biomass"], rel=1e-12)


@pytest.mark.parametrize(("plot", "row"), [("BER_1", 5), ("BER_2", 6), ("BER_3", 7)])
def test_live_saplings(measured, published, plot, row):
    """Above ground to all digits. The published roots of saplings are another calculation."""
    ours = measured[0].plots.set_index("plot_id").loc[f"{plot}-saplings"]
    assert published.iloc[row]["plot_id"] == plot
    expected = published.iloc[row]["aboveground_biomass"]
    assert ours["agb_t_ha"] == pytest.approx(expected, rel=1e-12)


def test_all_trees_over_the_tree_circle_give_the_published_value_within_one_percent(
    trees, published
):
    # The reading that does not tell saplings from trees, with which the data came to us.
    for row in (0, 1):
        theirs = published.iloc[row]
        live = trees[(trees["plot_id"] == theirs["plot_id"]) & (trees["alive_or_dead"] == "live")]
        kg = biomass_kg(
            equation("komiyama2005-agb"), live["diameter"], wood_density_g_cm3=live["wood_density"]
        )
        t_ha = kg.sum() / (SUBPLOTS * TREE_CIRCLE_M2) * 10.0
        assert 1.002 < t_ha / theirs["aboveground_biomass"] < 1.01


def test_published_carbon_fractions(published):
    above = published["aboveground_carbon"] / published["aboveground_biomass"]
    below = published["belowground_carbon"] / published["belowground_biomass"]
    live = [0, 1, 5, 6, 7]
    assert above.iloc[live].tolist() == pytest.approx([0.47] * 5, rel=1e-12)
    assert below.iloc[live].tolist() == pytest.approx([0.39] * 5, rel=1e-12)
    assert above.iloc[[2, 3, 4]].tolist() == pytest.approx([0.50] * 3, rel=1e-12)


def test_the_area_is_in_hectares_although_its_unit_says_metres(real_data):
    table = pd.read_csv(real_data / "swamp_tree_plots" / "subplots_species.csv", dtype=str)
    table = table[table["study_id"] == STUDY]
    assert set(table["area_unit"]) == {"m"}
    areas_m2 = {round(float(value) * 1e4, 1) for value in table["sub_plot_area"]}
    assert areas_m2 == {154.0, 153.9, 12.6}
    assert math.pi * 7.0**2 == pytest.approx(TREE_CIRCLE_M2, rel=1e-3)
    assert math.pi * 2.0**2 == pytest.approx(SAPLING_CIRCLE_M2, rel=1e-3)


def test_an_area_in_hectares_is_refused(tmp_path):
    plots = "plot_id,stratum,lon,lat,area_m2\nBER_1,A,110.5,-6.9,0.0154\n"
    sheet = (
        "plot_id,tree_id,date,species,dbh_cm,status\nBER_1,1,2019-07-01,Avicennia marina,9,live\n"
    )
    result, findings = measure_inventory(field_project(tmp_path, plots=plots, trees=sheet), ("A",))
    assert result is None
    assert "0.01 ha = 100 m2" in by_code(findings)["plot-area-wrong"][0].fix


def test_masses_of_rhizophora_in_west_africa(real_data):
    """Published per-tree masses of the other SWAMP studies follow 0.128 D^2.60 in all digits.

    The equation is inferred from them (Fromard et al. 1998, as far as is recalled) and is not
    shipped: nobody has read it.
    """
    table = pd.read_csv(real_data / "swamp_tree_plots" / "trees.csv.gz")
    table = table[table["wood_mass"].notna() & (table["alive_or_dead"] == "live")]
    assert len(table) == 1420
    inferred = Equation(
        id="inferred", species=("Rhizophora",), component="agb", form="power",
        a=0.128, b=2.60, source="test",
    )  # fmt: skip
    assert set(table["genus"]) == {"Rhizophora"}
    kg = biomass_kg(inferred, table["diameter"])
    assert kg == pytest.approx(table["wood_mass"].to_numpy(), rel=1e-9)
