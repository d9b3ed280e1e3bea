"""Standing dead trees by decay class, as a pool of their own; by hand."""

import math

import pytest
from support.field_sheets import by_code
from support.inventory_sheets import KANDELIA, agb, measured, plots_of

from bluecarbon.errors import MethodologyError
from bluecarbon.mrv.dead_wood import fractions, pool_parameter, stem_kg
from bluecarbon.mrv.inventory_tables import inventory_tables
from bluecarbon.project_inventory import DeadWood
from bluecarbon.spec import errors_in

HEADER = "plot,species,dbh,height,base diameter,status,decay class"
LIVE = "P1,秋茄,8,4,,live,\nP2,秋茄,10,5,,live,"


def dead(folder, *rows, **options):
    return measured(folder, *rows, header=HEADER, good=LIVE, **options)


def test_classes_keep_their_fraction_and_are_no_live_biomass(tmp_path):
    made, findings = dead(tmp_path, "P1,秋茄,9,,,dead,1", "P2,秋茄,9,,,枯立木,2")
    assert errors_in(findings) == ()
    plots = plots_of(made)
    assert plots["dead_wood_t_ha"].tolist() == pytest.approx([0.0975 * agb(9), 0.085 * agb(9)])
    assert plots["agb_t_ha"].tolist() == pytest.approx([agb(8) / 10, agb(10) / 10])
    assert plots["n_dead"].tolist() == [1, 1]
    carbon = inventory_tables(made, ())["carbon_plots.csv"].set_index(["plot_id", "pool"])
    assert carbon.loc[("P1", "dead_wood"), "carbon_tc_ha"] == pytest.approx(0.04875 * agb(9))
    strata = made.result.strata.iloc[0]
    assert strata["mean_dead_wood_t_ha"] == pytest.approx(0.09125 * agb(9))
    assert {f.code for f in findings if f.severity == "warning"} == {
        "dates-not-told",
        "dead-wood-unverified",
    }


def test_of_class_three_the_stem_is_left(tmp_path):
    made, _ = dead(tmp_path, "P1,秋茄,9,2,,dead,3", "P2,秋茄,9,2,12,dead,3")
    trees = made.result.trees.set_index("line")
    cylinder = math.pi / 4 * 9**2 * 200 * KANDELIA / 1000
    frustum = math.pi / 12 * 200 * (9**2 + 9 * 12 + 12**2) * KANDELIA / 1000
    assert trees.loc[[4, 5], "dead_wood_kg"].tolist() == pytest.approx([cylinder, frustum])
    assert trees.loc[4, "dead_wood_how"] == "class 3: volume of the stem"


def test_a_stem_without_height_is_not_counted_and_said(tmp_path):
    made, findings = dead(tmp_path, "P1,秋茄,9,,,dead,3")
    assert plots_of(made).loc["P1", "dead_wood_t_ha"] == 0.0
    assert by_code(findings)["dead-wood-not-counted"][0].subject == "trees.csv row 4"


def test_a_dead_tree_without_class_or_species(tmp_path):
    made, findings = dead(tmp_path, "P1,,9,,,死,")
    tree = made.result.trees.set_index("line").loc[4]
    assert tree["dead_wood_kg"] == pytest.approx(0.85 * agb(9))
    assert tree["dead_wood_how"].endswith("class not given")
    assert tree["wood_density_source"].startswith("site mean")
    assert by_code(findings)["decay-class-missing"][0].severity == "warning"
    made, _ = dead(tmp_path, "P1,,9,,,死,", dead_wood=DeadWood(class_missing=1))
    assert made.result.trees["dead_wood_kg"].tolist()[2] == pytest.approx(0.975 * agb(9))


def test_a_class_alone_says_that_a_tree_is_dead(tmp_path):
    made, _ = dead(tmp_path, "P1,秋茄,9,,,,2")
    assert made.result.trees["status"].tolist() == ["live", "live", "dead"]


@pytest.mark.parametrize("number", ["0", "4", "1.5"])
def test_a_class_that_there_is_not(tmp_path, number):
    made, _ = dead(tmp_path, f"P1,秋茄,9,,,dead,{number}")
    assert made.rejected[["line", "code"]].to_numpy().tolist() == [[4, "decay-class-wrong"]]


def test_fractions_are_rows_with_a_source_and_can_be_replaced():
    assert fractions(DeadWood())[1] == (0.975, "kauffman-donato-2012", "unverified")
    assert fractions(DeadWood(fractions="swamp-krabi"))[2] == (0.8, "bukoski2020-krabi", "verified")
    assert fractions(DeadWood(class_2=0.9))[2] == (0.9, "[inventory.dead_wood]", "unverified")
    with pytest.raises(MethodologyError, match="class 9"):
        pool_parameter("class 9")


def test_a_stem_of_water():
    # a cylinder of 1 m2 and 1 m, of density 1, weighs a tonne
    assert stem_kg(2 * math.sqrt(1 / math.pi) * 100, 1.0, 1.0, math.nan) == pytest.approx(1000.0)
