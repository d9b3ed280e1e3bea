"""Density tables: which row a group takes, dry matter to carbon, and every defect with its row."""

import numpy as np
import pytest
from support.stock_ground import degree_grid

from bluecarbon.mrv.density_tables import read_densities, table_sources
from bluecarbon.mrv.stock_blocks import stocks_of
from bluecarbon.mrv.stock_plan import Counted, StockPlan
from bluecarbon.project_stocks import Quantity

FRACTION = Quantity(value=0.45, standard_error=0.01)
HEAD = "class,stratum,pool,value,unit,standard_error,source,status"


def sheet(tmp_path, *rows, head=HEAD):
    path = tmp_path / "densities.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def test_dry_matter_becomes_carbon_with_both_errors(tmp_path):
    path = sheet(
        tmp_path, "mangrove,,agb,100,t/ha,8,x,verified", "mangrove,,soil,300,tC/ha,9,x,verified"
    )
    table, found = read_densities(path, FRACTION)
    assert found == ()
    assert table["value"].tolist() == [45.0, 300.0]
    assert table["standard_error"].tolist() == pytest.approx([3.6, 9.0])
    assert table["dry_t_ha"].tolist() == [100.0, 0.0]


def test_the_error_of_a_carbon_fraction_is_the_same_in_all_rows_and_pools(tmp_path):
    """100 and 50 t/ha without errors of their own, 0.45 +- 0.01: 1.5 together, not 1.1."""
    path = sheet(
        tmp_path, "m,,agb,100,t/ha,0,x,verified", "m,,bgb,50,t/ha,0,x,verified",
        "m,,soil,300,tC/ha,2,x,verified",
    )  # fmt: skip
    table, _ = read_densities(path, FRACTION)
    counted = Counted({"m": (1,)})
    sources, _ = table_sources(table, counted.groups, "d.csv")
    grid = degree_grid(1, 1)
    plan = StockPlan(grid, counted, sources, fraction_error=FRACTION.standard_error)
    made = stocks_of(plan, grid, np.ones((1, 1), np.uint8), {})
    errors = dict(zip(plan.fields, made.maps[4:, 0, 0], strict=True))
    assert errors["agb"] == pytest.approx(1.0)
    assert errors["total"] == pytest.approx(np.hypot(1.5, 2.0))


def test_a_group_takes_the_row_that_names_it_most_closely(tmp_path):
    path = sheet(
        tmp_path, ",,agb,1,tC/ha,0,x,verified", "mangrove,,agb,2,tC/ha,0,x,verified",
        ",K,agb,3,tC/ha,0,x,verified", "mangrove,K,agb,4,tC/ha,0,x,verified",
    )  # fmt: skip
    table, _ = read_densities(path)
    groups = [("K", "mangrove"), ("K", "water"), ("S", "mangrove"), ("S", "water")]
    sources, found = table_sources(table, groups, path.name)
    assert found == ()
    source = sources["agb"]
    assert source.density[source.row_of_group].tolist() == [4, 3, 2, 1]


def test_groups_without_a_density_are_named(tmp_path):
    table, _ = read_densities(sheet(tmp_path, "mangrove,,agb,2,tC/ha,0,x,verified"))
    sources, found = table_sources(table, [("K", "mangrove"), ("K", "water")], "d.csv")
    assert sources["agb"].row_of_group.tolist() == [0, -1]
    assert found[0].code == "density-missing"
    assert "K / water" in found[0].message


def test_every_defect_is_told_at_once_with_its_row(tmp_path):
    path = sheet(
        tmp_path, "m,,leaf,2,tC/ha,0,x,verified", "m,,agb,2,t/ha,0,x,verified",
        "m,,soil,-2,tC/ha,0,x,verified", "m,,soil,2,tC/ha,0,x,verified", "m,,dead,zwei,tC/ha,0,x,",
    )  # fmt: skip
    table, found = read_densities(path)
    assert table is None
    named = {(item.code, item.subject) for item in found if item.severity == "error"}
    assert ("density-pool-unknown", "densities.csv row 2") in named
    assert ("density-unit-wrong", "densities.csv row 3") in named
    assert ("density-negative", "densities.csv row 4") in named
    assert ("density-twice", "densities.csv row 5") in named
    assert any("row 6" in subject for _, subject in named)


@pytest.mark.parametrize(
    "row", ["m,,agb,21000,tC/ha", "m,,agb,90000,t/ha", "m,,soil,300000,tC/ha", "m,,dead,900,tC/ha"]
)
def test_densities_that_no_ground_holds_are_refused_with_their_row_and_limits(tmp_path, row):
    table, found = read_densities(sheet(tmp_path, row + ",1,x,verified"), FRACTION)
    assert table is None
    (finding,) = found
    assert (finding.code, finding.subject) == ("density-implausible", "densities.csv row 2")
    assert "agb up to 800" in finding.fix


def test_limits_are_of_carbon_and_not_of_dry_matter(tmp_path):
    table, found = read_densities(sheet(tmp_path, "m,,agb,1500,t/ha,1,x,verified"), FRACTION)
    assert table is not None
    assert found == ()


def test_rows_of_strata_and_classes_that_do_not_occur_are_named(tmp_path):
    rows = ("mangrove,QQ,agb,21,tC/ha,1,x,verified", "mangrov,,agb,2,tC/ha,1,x,verified")
    table, _ = read_densities(sheet(tmp_path, *rows, ",,agb,3,tC/ha,1,x,verified"))
    _, found = table_sources(table, [("K", "mangrove"), ("S", "mangrove")], "d.csv")
    codes = [item.code for item in found]
    assert codes == ["density-stratum-unknown", "density-class-unknown"]
    assert "QQ" in found[0].message
    assert "K, S" in found[0].message
    assert "mangrov does not occur" in found[1].message


def test_soil_in_dry_matter_and_carbon_dioxide_are_refused(tmp_path):
    path = sheet(tmp_path, "m,,soil,2,t/ha,0,x,verified", "m,,agb,2,tCO2e/ha,0,x,verified")
    table, found = read_densities(path, FRACTION)
    assert table is None
    assert [item.code for item in found] == ["density-unit-wrong"] * 2


def test_what_nobody_knows_is_said(tmp_path):
    table, found = read_densities(sheet(tmp_path, "agb,5,tC/ha", head="pool,value,unit"), None)
    assert table is not None
    assert {item.code for item in found} >= {"density-error-unknown", "density-unverified"}
