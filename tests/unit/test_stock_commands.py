"""``bluecarbon mrv stocks`` and ``stock-change`` as a user types them, and what they refuse."""

import io
import json

import numpy as np
import pandas as pd
import pytest
import rasterio
from support.change_maps import mrv
from support.demo import DEMO
from support.small_coast import degrees
from support.stock_ground import utm_grid, write

from bluecarbon.mrv.area import pixel_area_ha

SIZE = 40
CARBON = ("--carbon-fraction", "0.45,0.01")
TABLE = """class,stratum,pool,value,unit,standard_error,source,status
mangrove,,agb,100,t/ha,8,plots,verified
mangrove,,soil,300,tC/ha,20,cores,verified
"""


@pytest.fixture
def coast(tmp_path):
    """Classes, a height and plots of y = 3 H**1.5, and a table of densities."""
    grid = utm_grid(SIZE, SIZE)
    codes = np.ones((SIZE, SIZE), np.uint8)
    codes[:, 30:] = 2
    write(tmp_path / "classes_2020.tif", codes, grid)
    heights = np.linspace(2, 12, SIZE * SIZE, dtype=np.float32).reshape(SIZE, SIZE)
    write(tmp_path / "height.tif", heights, grid)
    (tmp_path / "densities.csv").write_text(TABLE, encoding="utf-8")
    lines = ["plot_id,lon,lat,area_m2,agb_t_ha,stratum"]
    rng = np.random.default_rng(3)
    for number, (row, column) in enumerate(rng.integers(1, 39, (48, 2))):
        lon, lat = degrees(column + 0.5, row + 0.5)
        biomass = 3 * heights[row, column] ** 1.5 * np.exp(rng.normal(0, 0.15))
        lines.append(f"P{number},{lon:.7f},{lat:.7f},78.5,{biomass:.4f},")
    (tmp_path / "plots.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def run(*arguments):
    return mrv(*map(str, arguments))


def stocks(coast, *more, out="out"):
    named = ("--legend", "1=mangrove", "--legend", "2=other")
    return run("stocks", coast / "classes_2020.tif", *named, *more, "--out", coast / out)


def table_of(done):
    assert done.exit_code == 0, done.output + done.stderr
    return pd.read_csv(io.StringIO(done.stdout), keep_default_na=False).set_index("pool")


def refused(done, *codes):
    assert done.exit_code == 2, done.output
    assert "Nothing was written" in done.stderr
    for code in codes:
        assert f"({code})" in done.stderr, done.stderr


def test_a_table_makes_maps_tables_a_card_a_picture_and_a_manifest(coast):
    done = stocks(coast, "--table", coast / "densities.csv", *CARBON, "--root-shoot", "0.5,0.1")
    table = table_of(done)
    area = pixel_area_ha(utm_grid(SIZE, SIZE))[:, :30].sum()
    assert table.loc["agb", "stock_tc"] == pytest.approx(45 * area, rel=1e-8)
    assert table.loc["bgb", "stock_tc"] == pytest.approx(22.5 * area, rel=1e-8)
    assert table.loc["soil", "stock_tc"] == pytest.approx(300 * area, rel=1e-8)
    assert table.loc["total", "stock_tc"] == pytest.approx(367.5 * area, rel=1e-8)
    out = coast / "out"
    names = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    pools = ("agb", "bgb", "soil", "total")
    maps = {f"maps/{pool}{kind}.tif" for pool in pools for kind in ("", "_se")}
    assert names == maps | {
        "tables/stocks.csv", "model_card.json", "stocks.png", "manifest.json", "manifest.txt",
    }  # fmt: skip
    with rasterio.open(out / "maps/total.tif") as dataset:
        summed = np.nansum(dataset.read(1).astype(float) * pixel_area_ha(utm_grid(SIZE, SIZE)))
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    written = pd.read_csv(out / "tables/stocks.csv", keep_default_na=False).set_index("pool")
    assert written.loc["total", "stock_tc"] == pytest.approx(summed, rel=1e-9)
    manifest = json.loads((out / "manifest.json").read_text())
    roles = {item["role"] for item in manifest["inputs"]}
    assert roles == {"density table", "class map"}
    assert str(coast) not in (out / "manifest.json").read_text()


def test_the_same_bytes_again_and_nobody_elses_folder_replaced(coast):
    asked = ("--table", coast / "densities.csv", *CARBON)
    table_of(stocks(coast, *asked))
    first = {p.name: p.read_bytes() for p in (coast / "out").rglob("*") if p.is_file()}
    table_of(stocks(coast, *asked))
    assert {p.name: p.read_bytes() for p in (coast / "out").rglob("*") if p.is_file()} == first
    (coast / "out/own.txt").write_text("mine")
    assert stocks(coast, *asked).exit_code == 2
    assert (coast / "out/own.txt").read_text() == "mine"
    assert run(
        "stocks", coast / "classes_2020.tif", "--legend", "1=mangrove", *asked, "--out", coast
    ).exit_code == 2  # fmt: skip


def test_canopy_height_by_a_relation(coast):
    done = stocks(
        coast, "--height", coast / "height.tif", "--height-kind", "hmax", "--relation",
        "simard2019-global-hmax", *CARBON, "--relation-error", "0.2",
    )  # fmt: skip
    table = table_of(done)
    heights = np.linspace(2, 12, SIZE * SIZE, dtype=np.float32).reshape(SIZE, SIZE)[:, :30]
    area = pixel_area_ha(utm_grid(SIZE, SIZE))[:, :30]
    expected = (0.45 * 2.572 * heights.astype(float) ** 1.5191 * area).sum()
    assert table.loc["agb", "stock_tc"] == pytest.approx(expected, rel=1e-6)
    relative = table.loc["agb", "standard_error_tc"] / table.loc["agb", "stock_tc"]
    assert relative == pytest.approx(np.hypot(0.2, 0.01 / 0.45), rel=1e-6)
    assert "height-relation-unverified" in done.stderr
    card = json.loads((coast / "out/model_card.json").read_text())
    assert card["height_relation"]["doi"] == "10.1038/s41561-018-0279-1"


@pytest.mark.parametrize("kind", ["power", "forest"])
def test_a_model_of_plots_is_judged_side_by_side_and_corrected(coast, kind):
    asked = ["--plots", coast / "plots.csv", "--covariate", f"height={coast / 'height.tif'}"]
    asked += ["--model", kind, "--trees", "40", *CARBON, "--position-error", "2"]
    table = table_of(stocks(coast, *asked, "--design", "probability", "--outside", "limit"))
    out = coast / "out"
    judged = pd.read_csv(out / "tables/cross_validation.csv")
    assert judged["predicted"].tolist() == [
        "the plots it was fitted to", "blocks of ground left out",
    ]  # fmt: skip
    assert judged["r2"].iloc[1] < judged["r2"].iloc[0]
    heights = np.linspace(2, 12, SIZE * SIZE, dtype=np.float32).reshape(SIZE, SIZE)[:, :30]
    area = pixel_area_ha(utm_grid(SIZE, SIZE))[:, :30]
    truth = (0.45 * 3 * heights.astype(float) ** 1.5 * np.exp(0.15**2 / 2) * area).sum()
    row = table.loc["agb"]
    assert abs(row["stock_tc"] - truth) < 3 * row["standard_error_tc"]
    assert 0.01 < row["standard_error_tc"] / row["stock_tc"] < 0.2
    corrected = pd.read_csv(out / "tables/model_assisted.csv").iloc[0]
    assert abs(corrected["total_tc"] - truth) < 3 * corrected["standard_error_tc"]
    assert len(pd.read_csv(out / "tables/plots.csv")) == 48
    done = stocks(coast, *asked, out="other")
    assert "stocks-model-based" in done.stderr
    assert not (coast / "other/tables/model_assisted.csv").exists()
    assert "model-based" in json.loads((coast / "other/model_card.json").read_text())["estimator"]


def test_settings_of_a_file_are_the_section_of_a_project(coast):
    (coast / "stocks.toml").write_text(
        '[stocks]\nmethod = "table"\ntable = "densities.csv"\nerror_maps = false\n'
        'carbon_fraction = { value = 0.45, source = "by hand", status = "verified" }\n'
    )
    done = stocks(coast, "--settings", coast / "stocks.toml")
    table_of(done)
    assert "stocks-unverified" not in done.stderr
    assert not (coast / "out/maps/agb_se.tif").exists()
    (coast / "stocks.toml").write_text(
        '[stocks]\nmethod = "model"\ncovariate = [{ name = "h", path = "height.tif" }]\n'
        "carbon_fraction = { value = 0.45 }\n"
        '[stocks.model]\nplots = "plots.csv"\ncross_validation = "random"\n'
    )
    done = stocks(coast, "--settings", coast / "stocks.toml", out="other")
    refused(done, "setting-wrong")
    assert "only blocks of ground" in done.stderr
    (coast / "stocks.toml").write_text("[other]\n")
    refused(stocks(coast, "--settings", coast / "stocks.toml"), "setting-wrong")


def test_what_is_refused_is_refused_with_reasons(coast):
    refused(stocks(coast), "setting-wrong")
    refused(stocks(coast, "--table", coast / "none.csv"), "field-file-unreadable")
    refused(stocks(coast, "--table", coast / "densities.csv"), "density-unit-wrong")
    asked = ("--table", coast / "densities.csv", *CARBON)
    refused(stocks(coast, *asked, "--class", "reef"), "stocks-class-unknown")
    refused(stocks(coast, *asked, "--root-shoot", "much"), "setting-wrong")
    refused(stocks(coast, *asked, "--root-shoot", "1,2,3"), "setting-wrong")
    high = ("--height", coast / "height.tif", "--height-kind", "hmax", *CARBON)
    refused(stocks(coast, *high, "--relation", "mine"), "height-relation-unknown")
    refused(stocks(coast, *high, "--relation", "simard2019-global-hba"), "stocks-height-kind")
    refused(stocks(coast, *high[:4], "--relation", "simard2019-global-hmax"), "setting-wrong")
    refused(stocks(coast, *high, "--plots", coast / "plots.csv"), "setting-wrong")
    soil = ("--soil", coast / "height.tif", "--soil-depths", "0,30")
    refused(stocks(coast, *asked, *soil), "soil-depths-wrong", "layer-band-missing")
    other = write(coast / "far.tif", np.ones((5, 5), np.float32), utm_grid(5, 5, 9.0))
    refused(stocks(coast, *asked, "--soil", other), "grid-differs")
    refused(stocks(coast, "--table", coast / "densities.csv", "--carbon-fraction", "45"))
    refused(stocks(coast, *asked, "--root-shoot", "49"), "setting-wrong")
    refused(stocks(coast, "--plots", coast / "plots.csv", *CARBON), "setting-wrong")
    loose = ("--plots", coast / "plots.csv", "--covariate", "height", *CARBON)
    refused(stocks(coast, *loose), "setting-wrong")
    refused(run("stocks", *asked, "--out", coast / "out"), "stocks-no-raster")
    as_classes = (coast / "height.tif", "--legend", "1=mangrove", *asked, "--out", coast / "out")
    refused(run("stocks", *as_classes), "class-map-not-classes")
    broken = coast / "broken.tif"
    noise = np.random.default_rng(1).random((SIZE, SIZE), np.float32)
    write(broken, noise, utm_grid(SIZE, SIZE))
    broken.write_bytes(broken.read_bytes()[:3000])
    asked = ("--height", broken, *high[2:], "--relation", "simard2019-global-hmax")
    done = stocks(coast, *asked)
    refused(done, "layer-unreadable")
    assert "broken.tif" in done.stderr
    assert not (coast / "out").exists()


def test_two_folders_give_both_accounts(coast):
    first = ("--table", coast / "densities.csv", *CARBON)
    table_of(stocks(coast, *first, out="before"))
    (coast / "densities.csv").write_text(TABLE.replace("100,t/ha,8", "120,t/ha,6"))
    table_of(stocks(coast, *first, out="after"))
    asked = ("stock-change", coast / "before", coast / "after", "--years", "2015,2020")
    done = run(
        *asked, "--pool", "agb", "--rate", "1.8", "--lost-density", "45", "--out", coast / "c"
    )
    assert done.exit_code == 0, done.stderr
    table = pd.read_csv(io.StringIO(done.stdout)).set_index("method")
    area = pixel_area_ha(utm_grid(SIZE, SIZE))[:, :30].sum()
    assert table.loc["stock-difference", "change_tc"] == pytest.approx(9 * area, rel=1e-6)
    assert table.loc["gain-loss", "change_tc"] == pytest.approx(9 * area, rel=1e-6)
    # 100 +- 8 and 120 +- 6 t/ha times 0.45 +- 0.01, of two campaigns.
    expected = np.hypot(np.hypot(3.6, 1.0), np.hypot(2.7, 1.2)) * area
    error = table.loc["stock-difference", "standard_error_tc"]
    assert error == pytest.approx(expected, rel=1e-6)
    assert (coast / "c/change.png").exists()
    refused(run(*asked[:3], "--years", "2020,2015", "--out", coast / "d"), "setting-wrong")
    refused(run(*asked, "--absent", "none", "--out", coast / "d"), "setting-wrong")
    refused(run(*asked, "--pool", "dead", "--out", coast / "d"), "layer-unreadable")


def test_the_true_map_of_the_demonstration_coast_and_its_true_densities(tmp_path):
    """Stocks of truth.json: hectares of mangrove by stratum times tonnes a hectare."""
    truth = json.loads((DEMO / "truth.json").read_text(encoding="utf-8"))
    rows = ["class,stratum,pool,value,unit,standard_error,source,status"]
    for stratum, biomass in truth["biomass"].items():
        rows.append(f"mangrove,{stratum},agb,{biomass['2024']['agb_t_ha']},t/ha,1,truth,verified")
        soil = truth["soil_carbon_tc_ha_100cm"][stratum]
        rows.append(f"mangrove,{stratum},soil,{soil},tC/ha,1,truth,verified")
    (tmp_path / "d.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    done = run(
        "stocks", DEMO / "truth_classes_2024.tif", "--strata", DEMO / "strata.geojson",
        "--legend", "1=mangrove", "--table", tmp_path / "d.csv", "--carbon-fraction", "0.451",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    table = pd.read_csv(io.StringIO(done.stdout), keep_default_na=False)
    for stratum, biomass in truth["biomass"].items():
        own = table[table["stratum"] == stratum].set_index("pool")
        area = truth["mangrove_area_ha"][stratum]["2024"]
        # truth.json counts finer pixels than the truth map has, at the edges of strata.
        assert own.loc["agb", "area_ha"] == pytest.approx(area, rel=0.01)
        expected = biomass["2024"]["agb_t_ha"] * 0.451 * area
        assert own.loc["agb", "stock_tc"] == pytest.approx(expected, rel=0.01)
        soil = truth["soil_carbon_tc_ha_100cm"][stratum] * area
        assert own.loc["soil", "stock_tc"] == pytest.approx(soil, rel=0.01)
    # X0 has no densities: its mangrove is unknown, and said to be.
    assert "density-missing" in done.stderr
    assert "stocks-unknown" in done.stderr
