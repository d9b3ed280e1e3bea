"""``[stocks]`` of a project: maps and a table beside the report, from its own plots and areas."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import rasterio
from pydantic import ValidationError
from support import small_coast as coast

from bluecarbon.errors import DataError
from bluecarbon.mrv.area import pixel_area_ha, weights_of
from bluecarbon.mrv.inventory import InventoryResult, stratum_biomass
from bluecarbon.mrv.outputs import write_rasters
from bluecarbon.mrv.pipeline import measure
from bluecarbon.mrv.project_stock_maps import (
    area_estimates,
    measured_densities,
    plot_covariances,
    project_stock_findings,
    write_project_stocks,
)
from bluecarbon.project_stocks import Quantity, Stocks
from bluecarbon.spec import errors_in

FRACTION = {"value": 0.45, "standard_error": 0.01, "source": "by hand", "status": "verified"}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The small coast as class maps, with two plots of one tree a stratum and two cores."""
    folder = tmp_path_factory.mktemp("coast")
    table = coast.write_coast(folder)
    for name in ("imagery", "training", "mapping"):
        del table[name]
    for epoch in coast.EPOCHS:
        coast.write_raster(folder / f"{epoch}.tif", coast.truth(epoch)[np.newaxis])
    names = {str(code): name for code, name in coast.NAMES.items()}
    maps = [{"path": f"{epoch}.tif", "epoch": epoch} for epoch in coast.EPOCHS]
    table["class_maps"] = {"legend": names, "map": maps}
    plots, trees = ["plot_id,stratum,lon,lat,area_m2"], [
        "plot_id,tree_id,date,species,dbh_cm,height_m,status,wood_density_g_cm3"
    ]  # fmt: skip
    core_names = ("core_id", "stratum", "lon", "lat", "date", "depth_min_cm", "depth_max_cm")
    cores = [",".join((*core_names, "bulk_density_g_cm3", "organic_carbon_percent"))]
    for stratum, column in (("W", 8), ("E", 30)):
        for number, diameter in enumerate((10.0, 20.0)):
            lon, lat = coast.degrees(column, 12 + 6 * number)
            name = f"{stratum}{number}"
            plots.append(f"{name},{stratum},{lon:.6f},{lat:.6f},100")
            trees.append(f"{name},1,2020-11-01,Kandelia obovata,{diameter},5,live,0.5")
            cores.append(f"C{name},{stratum},{lon:.6f},{lat:.6f},2020-11-02,0,100,1.0,{2 + number}")
    for name, lines in (("plots", plots), ("trees", trees), ("cores", cores)):
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    table["inventory"] = {"plots": "plots.csv", "trees": "trees.csv"}
    table["soil"] = {"cores": "cores.csv"}
    return folder, table


def mapped(files, out, **stocks):
    folder, table = files
    project = coast.project(folder, table | {"stocks": stocks} if stocks else table)
    measured = measure(project)
    write_rasters(measured.extent, out)
    (out / "tables").mkdir(exist_ok=True)
    return measured, write_project_stocks(project, measured, out)


def test_plots_and_cores_become_maps_of_their_epoch(files, tmp_path):
    measured, (table, found) = mapped(files, tmp_path, method="inventory", carbon_fraction=FRACTION)
    assert set(table["epoch"]) == {2020}
    assert not [item for item in found if item.severity == "error"]
    biomass = measured.inventory.strata.set_index("stratum")
    with rasterio.open(tmp_path / "stock_maps/agb_2020.tif") as dataset:
        agb = dataset.read(1)
    codes = measured.extent.maps[2020]
    assert np.isnan(agb[codes != 1]).all()
    means = {0.45 * float(biomass.loc[s, "mean_agb_t_ha"]) for s in ("W", "E")}
    np.testing.assert_allclose(
        sorted(set(np.unique(agb[~np.isnan(agb)]).tolist())), sorted(means), rtol=1e-6
    )
    west = table[(table["stratum"] == "W") & (table["pool"] == "soil")].iloc[0]
    # 1 g/cm3 of 2 % and of 3 % over 1 m: 200 and 300 tC/ha.
    assert west["mean_tc_ha"] == pytest.approx(250)
    written = pd.read_csv(tmp_path / "tables/stocks.csv", keep_default_na=False)
    assert written["pool"].tolist() == table["pool"].tolist()
    assert (tmp_path / "stock_maps/total_se_2020.tif").exists()


def test_areas_are_those_of_the_reference_sample_with_their_errors(files, tmp_path):
    measured, (table, _) = mapped(files, tmp_path, method="inventory", carbon_fraction=FRACTION)
    areas = area_estimates(measured.extent, 2020)
    own = table[(table["stratum"] == "W") & (table["pool"] == "agb")].iloc[0]
    assert own["area_ha"] == pytest.approx(areas["W", "mangrove"].area_ha)
    assert own["standard_error_area_tc"] > 0
    stated = measured.extent.estimates.set_index(["epoch", "stratum"]).loc[(2020, "W")]
    assert own["area_standard_error_ha"] == pytest.approx(stated["standard_error_ha"], rel=1e-12)


def test_pools_of_one_plot_err_together(files, tmp_path):
    """The error of shoots and roots is that of the plots' own sums, not of two lone means."""
    certain = FRACTION | {"standard_error": 0.0}
    measured, (table, _) = mapped(files, tmp_path, method="inventory", carbon_fraction=certain)
    plots = measured.inventory.plots
    of_plots = 0.45 * (plots["agb_t_ha"] + plots["bgb_t_ha"])
    expected = of_plots[(plots["stratum"] == "W") & (plots["epoch"] == 2020)].sem()
    own = table[table["stratum"] == "W"].set_index("pool")
    relative = own["standard_error_density_tc"] / own["area_ha"]
    assert relative["total"] == pytest.approx(np.hypot(expected, relative["soil"]), rel=1e-6)
    assert expected > 1.2 * np.hypot(relative["agb"], relative["bgb"])


def test_dead_wood_of_the_plots_is_mapped(files, tmp_path):
    """A dead tree whose wood is known: 0.5 tC/t of it (tree_pools.csv), and part of the total."""
    measured, _ = mapped(files, tmp_path)
    plots = measured.inventory.plots.assign(dead_wood_t_ha=[10.0, 30.0, 0.0, 0.0])
    inventory = InventoryResult(measured.inventory.trees, plots, stratum_biomass(plots))
    found = measured_densities(
        replace(measured, inventory=inventory), 2020, Quantity(value=0.45)
    ).set_index(["pool", "stratum"])
    stratum = plots["stratum"].iloc[0]
    assert found.loc[("dead", stratum), "value"] == pytest.approx(10.0)
    assert found.loc[("dead", stratum), "standard_error"] == pytest.approx(5.0)
    shared = plot_covariances(replace(measured, inventory=inventory), 2020, Quantity(value=0.45))
    assert set(zip(shared["pool"], shared["other"], strict=True)) == {
        ("agb", "bgb"), ("agb", "dead"), ("bgb", "dead"),
    }  # fmt: skip


def test_totals_are_sums_of_the_maps_where_areas_are_mapped(files, tmp_path):
    folder, table = files
    plain = {name: value for name, value in table.items() if name != "reference"}
    measured, (stocks, _) = mapped(
        (folder, plain), tmp_path, method="inventory", carbon_fraction=FRACTION
    )
    extent = measured.extent
    with rasterio.open(tmp_path / "stock_maps/total_2020.tif") as dataset:
        values = np.nan_to_num(dataset.read(1).astype(float))
    summed = 0.0
    for item in extent.strata:
        weights = weights_of(item.geometry, extent.grid, pixel_area_ha(extent.grid))
        summed += (values[weights.rows, weights.columns] * weights.area_ha).sum()
        row = stocks[(stocks["stratum"] == item.stratum.id) & (stocks["pool"] == "total")].iloc[0]
        assert row["standard_error_area_tc"] == 0
    whole = stocks[(stocks["stratum"] == "") & (stocks["pool"] == "total")].iloc[0]
    assert whole["stock_tc"] == pytest.approx(summed, rel=1e-9)


def test_densities_are_the_means_of_the_inventory(files, tmp_path):
    measured, _ = mapped(files, tmp_path)
    densities = measured_densities(measured, 2020, Quantity(value=0.5))
    assert set(densities["pool"]) == {"agb", "bgb", "soil"}
    assert measured_densities(measured, 2015, Quantity(value=0.5))["pool"].unique() == ["soil"]


def test_without_the_section_nothing_is_written(files, tmp_path):
    _, (table, found) = mapped(files, tmp_path)
    assert table is None
    assert found == ()
    assert not (tmp_path / "tables/stocks.csv").exists()


def test_a_table_that_is_not_there_is_refused(files, tmp_path):
    with pytest.raises(DataError, match=r"none\.csv"):
        mapped(files, tmp_path, method="table", table="none.csv", carbon_fraction=FRACTION)


def test_a_check_says_what_a_run_would_refuse_and_writes_nothing(files, tmp_path):
    folder, table = files
    wrong = {"method": "table", "table": "none.csv", "soil_map": {"path": "none.tif"}}
    project = coast.project(folder, table | {"stocks": wrong})
    before = sorted(folder.rglob("*"))
    found = project_stock_findings(project, measure(project))
    named = " ".join(item.subject for item in found if item.severity == "error")
    assert "none.csv" in named
    assert "none.tif" in named
    assert sorted(folder.rglob("*")) == before
    good = {"method": "inventory", "carbon_fraction": FRACTION}
    project = coast.project(folder, table | {"stocks": good})
    measured = measure(project)
    _, (_, ran) = mapped(files, tmp_path, **good)
    found = project_stock_findings(project, measured)
    assert not errors_in(found)
    assert set(found) <= set(ran)
    assert project_stock_findings(coast.project(folder, table), measured) == ()


def test_the_command_checks_the_section_too(files, monkeypatch):
    from bluecarbon.cli import run_command

    folder, table = files
    stocks = {"method": "table", "table": "none.csv"}
    project = coast.project(folder, table | {"stocks": stocks})
    monkeypatch.setattr(run_command, "load_project", lambda path: project)
    assert run_command.check_project(folder / "project.toml") == 2


def test_the_files_of_the_section_are_inputs_of_the_project(files):
    folder, table = files
    stocks = {"method": "table", "table": "d.csv", "soil_map": {"path": "soil.tif"}}
    project = coast.project(folder, table | {"stocks": stocks})
    assert ("d.csv", "density table") in project.files()
    assert ("soil.tif", "soil map") in project.files()


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"method": "table"}, "needs table"),
        ({"method": "height", "carbon_fraction": FRACTION}, r"needs \[stocks.height\]"),
        ({"method": "model", "carbon_fraction": FRACTION}, r"needs \[stocks.model\]"),
        ({"method": "inventory"}, "carbon_fraction"),
        ({"method": "guess"}, "table"),
        ({"method": "table", "table": "d.csv", "tabel": "d.csv"}, "tabel"),
    ],
)
def test_sections_that_cannot_be_followed(section, words):
    with pytest.raises(ValidationError, match=words):
        Stocks.model_validate(section)
