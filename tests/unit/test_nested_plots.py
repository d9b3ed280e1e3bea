"""Nested plots: each tree scaled by the ground that it was measured on; by hand."""

import math

import pytest
from pydantic import ValidationError
from support.field_sheets import by_code
from support.inventory_sheets import agb, measured, plots_of

from bluecarbon.project_inventory import InventorySheets, Nest
from bluecarbon.spec import errors_in

HEADER = "plot,species,dbh"
TREES = "P1,秋茄,8\nP1,秋茄,3\nP2,秋茄,10"
SAPLINGS = Nest(name="sapling", dbh_below_cm=5.0, area_m2=10.0)


def test_a_sapling_stands_for_ten_where_its_nest_is_a_tenth_of_the_plot(tmp_path):
    made, findings = measured(tmp_path, header=HEADER, good=TREES, nest=(SAPLINGS,))
    assert plots_of(made)["agb_t_ha"].tolist() == pytest.approx(
        [(agb(8) + 10 * agb(3)) / 10, agb(10) / 10], rel=1e-12
    )
    assert made.result.trees["nest"].tolist() == ["main", "sapling", "main"]
    assert made.result.trees["nest_area_m2"].tolist() == [100.0, 10.0, 100.0]
    # the stems that were measured, not those that they stand for
    assert plots_of(made)["n_live"].tolist() == [2, 1]
    assert "below 5 cm" in by_code(findings)["nest-used"][0].message


def test_the_areas_of_the_plots_themselves(tmp_path):
    plots = "plot,stratum,radius,sapling radius\nP1,A,7,2\nP2,A,7,2\n"
    made, findings = measured(tmp_path, header=HEADER, good=TREES, plots=plots)
    large, small = 49 * math.pi, 4 * math.pi
    expected = (agb(8) / large + agb(3) / small) * 10
    assert plots_of(made).loc["P1", "agb_t_ha"] == pytest.approx(expected, rel=1e-12)
    assert by_code(findings)["nest-used"]


def test_three_sizes_and_circles_in_several_pieces(tmp_path):
    nests = (
        Nest(name="seedling", dbh_below_cm=1.0, radius_m=1.0),
        Nest(name="sapling", dbh_min_cm=1.0, dbh_below_cm=5.0, radius_m=2.0, pieces=5),
    )
    good = "P1,秋茄,0.5\nP1,秋茄,1.0\nP1,秋茄,5.0\nP2,秋茄,9"
    made, _ = measured(tmp_path, header=HEADER, good=good, nest=nests)
    areas = made.result.trees["nest_area_m2"].tolist()
    assert areas == pytest.approx([math.pi, 20 * math.pi, 100.0, 100.0])
    expected = (agb(0.5) / math.pi + agb(1) / (20 * math.pi) + agb(5) / 100) * 10
    assert plots_of(made).loc["P1", "agb_t_ha"] == pytest.approx(expected, rel=1e-12)


def test_the_row_may_name_the_nest_of_its_tree(tmp_path):
    good = "P1,秋茄,4,乔木\nP1,秋茄,3,幼树\nP2,秋茄,10,"
    made, findings = measured(
        tmp_path, "P2,秋茄,9,shrub", header="plot,species,dbh,size class", good=good,
        nest=(SAPLINGS,),
    )  # fmt: skip
    assert made.result.trees["nest"].tolist() == ["main", "sapling", "main"]
    assert by_code(findings)["nest-other-size"][0].subject == "trees.csv row 2"
    assert made.rejected[["line", "code"]].to_numpy().tolist() == [[5, "nest-unknown"]]


def test_saplings_that_are_named_and_have_no_ground(tmp_path):
    good = "P1,秋茄,8,tree\nP1,秋茄,3,sapling\nP2,秋茄,10,"
    made, _ = measured(tmp_path, header="plot,species,dbh,nest", good=good)
    assert made.rejected[["line", "code"]].to_numpy().tolist() == [[3, "nest-unknown"]]
    plots = "plot,stratum,area,sapling area\nP1,A,100,\nP2,A,100,10\n"
    made, _ = measured(tmp_path, header="plot,species,dbh,nest", good=good, plots=plots)
    assert made.rejected[["line", "code"]].to_numpy().tolist() == [[3, "nest-area-missing"]]


def test_a_sapling_area_larger_than_the_plot(tmp_path):
    plots = "plot,stratum,area,sapling area\nP1,A,100,1000\nP2,A,100,10\n"
    made, _ = measured(tmp_path, header=HEADER, good=TREES, plots=plots)
    assert made.rejected[["file", "code"]].to_numpy().tolist()[0] == [
        "plots.csv", "sapling-area-wrong",
    ]  # fmt: skip


def test_counts_and_nests_multiply(tmp_path):
    made, findings = measured(
        tmp_path, header="plot,species,dbh,count", good="P1,秋茄,3,4\nP2,秋茄,8,1", nest=(SAPLINGS,)
    )
    assert errors_in(findings) == ()
    assert plots_of(made).loc["P1", "agb_t_ha"] == pytest.approx(40 * agb(3) / 10, rel=1e-12)


@pytest.mark.parametrize(
    ("nest", "said"),
    [
        ({"name": "a"}, "area_m2 or radius_m"),
        ({"name": "a", "area_m2": 1, "radius_m": 1}, "only one"),
        ({"name": "a", "area_m2": 1, "dbh_min_cm": 5, "dbh_below_cm": 5}, "must be below"),
    ],
)
def test_a_nest_that_makes_no_sense(nest, said):
    with pytest.raises(ValidationError, match=said):
        Nest.model_validate(nest)


def test_nests_that_share_diameters_or_a_name():
    other = Nest(name="other", dbh_min_cm=4.0, area_m2=5.0)
    with pytest.raises(ValidationError, match="share diameters"):
        InventorySheets(nest=(SAPLINGS, other))
    with pytest.raises(ValidationError, match="one name"):
        InventorySheets(nest=(SAPLINGS, Nest(name="Sapling", dbh_min_cm=5.0, area_m2=5.0)))
