"""Krabi River Estuary, Thailand (Bukoski et al. 2020): biomass of each tree, root by root.

The workbook holds, for each tree and component, the equation it used (EQID) and the kilograms,
printed to three decimals: the tolerance is half of the last digit. Numbers 31 and up of its
equations are those of the list of formulas beside it, shifted by three (formula 31 is EQID 34),
which the kilograms show. Wood density per SGID is not in the workbook: each value is what all
trees with that SGID have in common, and stands here as a constant (those of SGID 24, 43 and 53
enter no equation that was used).

Two traps of the published data are held here: its carbon per hectare is divided by the area of
the sapling plot, 12.25 times too high; and dead trees are reduced by their decay class.
"""

import numpy as np
import pandas as pd
import pytest
from support.field_sheets import by_code, field_project

from bluecarbon.methodology.kernels.allometry import Equation, biomass_kg, equation
from bluecarbon.mrv.inventory import measure_inventory, plot_biomass, tree_biomass
from bluecarbon.mrv.tree_equations import EquationChoice
from bluecarbon.spec import errors_in

pytestmark = pytest.mark.real

EQUATIONS = {
    5: "ong2004-rhizophora-apiculata-bgb",
    20: "komiyama2005-bgb",
    23: "komiyama2005-agb",
    34: "comley2005-avicennia-marina-agb",
    35: "comley2005-avicennia-marina-bgb",
    36: "clough1989-bruguiera-gymnorhiza-agb",
    37: "clough1989-bruguiera-parviflora-agb",
    38: "hossain-excoecaria-agallocha-agb",
    41: "ong2004-rhizophora-apiculata-agb",
    42: "clough1989-xylocarpus-granatum-agb",
}
# What a project would state; roots that are not named are those of Komiyama, as in the workbook.
PREFERRED = EquationChoice(
    by_species={
        "Rhizophora apiculata": (EQUATIONS[41], EQUATIONS[5]),
        "Avicennia marina": (EQUATIONS[34], EQUATIONS[35]),
        "Bruguiera gymnorhiza": (EQUATIONS[36],),
        "Bruguiera parviflora": (EQUATIONS[37],),
        "Excoecaria agallocha": (EQUATIONS[38],),
        "Xylocarpus granatum": (EQUATIONS[42],),
    },
    # the workbook uses its equations for trees of any size
    out_of_range="extrapolate",
)

# The species that each equation was made for, for each species number that it was used for.
SPECIES = {
    1: "Avicennia marina", 3: "Avicennia marina", 4: "Avicennia marina",
    5: "Bruguiera gymnorhiza", 39: "Bruguiera gymnorhiza", 6: "Bruguiera parviflora",
    13: "Excoecaria agallocha", 16: "Rhizophora apiculata", 29: "Rhizophora apiculata",
    22: "Xylocarpus granatum", 30: "Xylocarpus granatum", 42: "other",
}  # fmt: skip
DENSITY = {
    23: 0.85, 24: 0.65, 25: 0.587, 27: 0.71, 29: 0.416, 34: 0.611, 36: 0.72, 43: 0.65, 53: 0.85,
    55: 0.685, 72: 0.76, 82: 0.567,
}  # fmt: skip

ABOVE_GROUND, DEAD_WOOD, ROOTS = 1, 3, 7
LIVE, BROKEN = 1, 4
DECAY = {1: 1.0, 2: 0.95, 3: 0.8}
HALF_A_DIGIT_KG = 0.00051


@pytest.fixture(scope="module")
def workbook(real_data):
    path = real_data / "thailand_krabi" / "KRE_Veg_2020-05-12.xlsx"
    return pd.read_excel(path, sheet_name=["Plot", "Tree", "TreeBiomass", "TreeSubp_C"])


@pytest.fixture(scope="module")
def published(workbook):
    """One row for each tree and component that the workbook gives kilograms for."""
    trees = workbook["Tree"].drop(columns="NOTES").rename(columns={"ID": "TREEID"})
    rows = workbook["TreeBiomass"].merge(trees, on="TREEID", validate="many_to_one")
    return rows.assign(rho=rows["SGID"].map(DENSITY))


def test_every_kilogram_of_standing_trees(published):
    rows = published[published["COMPID"] != DEAD_WOOD]
    matched = {}
    for number, same in rows.groupby("EQID"):
        kg = biomass_kg(equation(EQUATIONS[number]), same["DBH"], wood_density_g_cm3=same["rho"])
        decay = np.where(same["COMPID"] == ABOVE_GROUND, same["STATID"].map(DECAY), 1.0)
        matched[number] = int((np.abs(kg * decay - same["BIOMASS"]) <= HALF_A_DIGIT_KG).sum())
    assert matched == rows.groupby("EQID").size().to_dict()
    assert sum(matched.values()) == 2821
    assert len(published) == 2852, "the other 31 are broken stems"


def test_broken_stems_are_cylinders(published):
    # EQID 11: 0.1 rho pi (D/2)^2 H, the general form density-volume-power. The two of EQID 43
    # are frustums and need the diameter of the stump.
    stems = published[published["EQID"] == 11]
    cylinder = Equation(
        id="cylinder", species=("common",), component="agb", form="density-volume-power",
        a=0.1 * np.pi / 4, b=1.0, source="test",
    )  # fmt: skip
    got = biomass_kg(
        cylinder,
        stems["DBH"],
        wood_density_g_cm3=stems["rho"],
        height_m=stems["DEADBREAK_HGT"],
    )
    assert (stems["COMPID"] == DEAD_WOOD).all()
    assert len(stems) == 29
    assert np.abs(got - stems["BIOMASS"]).max() <= HALF_A_DIGIT_KG


def our_trees(workbook):
    trees = workbook["Tree"]
    plots = workbook["Plot"]["MDATE"].min().date()
    return pd.DataFrame(
        {
            "plot_id": trees["SUBPID"].astype(str),
            "tree_id": trees["TREEN"].astype(str),
            "date": plots,
            "species": trees["SPECID"].map(SPECIES),
            "dbh_cm": trees["DBH"],
            "status": np.where(trees["STATID"] == LIVE, "live", "dead"),
            "wood_density_g_cm3": trees["SGID"].map(DENSITY),
        }
    )


def our_plots(workbook, area_m2):
    ids = workbook["TreeSubp_C"]["SUBPID"].astype(str)
    return pd.DataFrame(
        {"plot_id": ids, "stratum": "A", "lon": 98.95, "lat": 8.05, "area_m2": area_m2}
    )


def kg_per_plot(published, component):
    rows = published[(published["COMPID"] == component) & (published["STATID"] == LIVE)]
    return rows.groupby(rows["SUBPID"].astype(str))["BIOMASS"].sum()


def test_live_biomass_of_each_subplot(workbook, published):
    """The species equations chosen by name, summed per hectare of the tree plot, 153.94 m2.

    Tolerance: 50 trees rounded to 0.0005 kg are 0.025 kg of 400 kg and more.
    """
    area = workbook["Plot"]["TREE_AREA"].unique()
    assert area.tolist() == [153.94]
    trees = tree_biomass(our_trees(workbook), equations=PREFERRED)
    plots = plot_biomass(trees, our_plots(workbook, area[0])).set_index("plot_id")
    assert len(plots) == 35
    for column, component in (("agb_t_ha", ABOVE_GROUND), ("bgb_t_ha", ROOTS)):
        expected = kg_per_plot(published, component) / area[0] * 10.0
        np.testing.assert_allclose(plots[column], expected[plots.index], rtol=1e-4)


def test_published_carbon_per_hectare_is_12_25_times_too_high(workbook, published):
    carbon = workbook["TreeSubp_C"].set_index("SUBPID")["TREE_AGC"]
    above = published[published["COMPID"].isin([ABOVE_GROUND, DEAD_WOOD])]
    kg = above.groupby("SUBPID")["C_CONT"].sum()
    tree_area, sapling_area = workbook["Plot"][["TREE_AREA", "SAP_AREA"]].iloc[0]
    # The workbook prints two decimals of hundreds of tonnes: 2e-5.
    np.testing.assert_allclose(carbon, kg / sapling_area * 10.0, rtol=2e-5)
    ours = kg / tree_area * 10.0
    np.testing.assert_allclose(carbon / ours, 153.94 / 12.57, rtol=2e-5)
    assert carbon.loc[563] == 1540.26
    assert ours.loc[563] == pytest.approx(125.77, abs=0.01)


def sheets(workbook, area_m2):
    return {
        "plots": our_plots(workbook, area_m2).to_csv(index=False),
        "trees": our_trees(workbook).to_csv(index=False),
    }


def test_the_trap_is_noticed_when_a_project_falls_into_it(workbook, tmp_path):
    keys = {"unknown_species": "common", "out_of_range": "extrapolate"}
    right = field_project(tmp_path, inventory=keys, **sheets(workbook, 153.94))
    result, findings = measure_inventory(right, ("A",))
    assert errors_in(findings) == ()
    assert result.strata["n_plots"].tolist() == [35]
    assert "plot-biomass-implausible" not in by_code(findings)
    wrong = field_project(tmp_path, inventory=keys, **sheets(workbook, 12.57))
    result, findings = measure_inventory(wrong, ("A",))
    heavy = result.plots["agb_t_ha"] > 1000.0
    assert heavy.sum() >= 30
    assert len(by_code(findings)["plot-biomass-implausible"]) == heavy.sum()
