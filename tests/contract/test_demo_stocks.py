"""The stock maps of the demonstration coast: beside the claim, and true within their errors."""

import json

import numpy as np
import pandas as pd
import pytest
import rasterio
from support.demo import DEMO

CARBON_FRACTION = 0.47


@pytest.fixture(scope="module")
def stocks(demo_run):
    return pd.read_csv(demo_run[0] / "tables/stocks.csv", keep_default_na=False)


def row_of(stocks, epoch, stratum, pool):
    chosen = stocks[(stocks["epoch"] == epoch) & (stocks["stratum"] == stratum)]
    return chosen[chosen["pool"] == pool].iloc[0]


@pytest.mark.parametrize("stratum", ["K15", "S17", "R20", "E0"])
def test_the_truth_of_2024_lies_within_three_standard_errors(stocks, stratum):
    truth = json.loads((DEMO / "truth.json").read_text(encoding="utf-8"))
    area = truth["mangrove_area_ha"][stratum]["2024"]
    biomass = truth["biomass"][stratum]["2024"]
    expected = {
        "agb": biomass["agb_t_ha"] * CARBON_FRACTION * area,
        "bgb": biomass["bgb_t_ha"] * CARBON_FRACTION * area,
        "soil": truth["soil_carbon_tc_ha_100cm"][stratum] * area,
    }
    for pool, value in expected.items():
        row = row_of(stocks, 2024, stratum, pool)
        assert abs(float(row["stock_tc"]) - value) < 3 * float(row["standard_error_tc"])
        assert 0.01 < float(row["standard_error_tc"]) / value < 0.15


def test_pools_make_the_total_and_strata_the_coast(stocks):
    for epoch in (2019, 2024):
        own = stocks[stocks["epoch"] == epoch]
        parts = own[own["stratum"] != ""].groupby("pool")["stock_tc"].sum()
        for pool in ("agb", "bgb", "soil", "total"):
            whole = float(row_of(stocks, epoch, "", pool)["stock_tc"])
            assert whole == pytest.approx(parts[pool], rel=1e-9)


def test_maps_hold_the_means_of_the_table(demo_run, stocks):
    with rasterio.open(demo_run[0] / "stock_maps/agb_2024.tif") as dataset:
        agb = dataset.read(1)
        assert dataset.units == ("t ha-1",)
    means = {float(row_of(stocks, 2024, s, "agb")["mean_tc_ha"]) for s in ("K15", "S17", "E0")}
    found = np.unique(agb[~np.isnan(agb)])
    for mean in means:
        # Every stratum has its own density alone, also where it shares pixels with another.
        assert np.abs(found - mean).min() < 1e-6 * mean


def test_a_stratum_without_plots_takes_nothing_from_its_neighbours(stocks):
    for pool in ("agb", "bgb", "soil", "total"):
        row = row_of(stocks, 2024, "X0", pool)
        assert float(row["stock_tc"]) == 0
        assert float(row["unknown_ha"]) == pytest.approx(float(row["area_ha"]))


def test_an_area_has_the_error_that_the_table_of_areas_gives(demo_run, stocks):
    areas = pd.read_csv(demo_run[0] / "tables/area_estimates.csv", keep_default_na=False)
    for row in stocks[stocks["stratum"] != ""].to_dict("records"):
        own = areas[(areas["stratum"] == row["stratum"]) & (areas["epoch"] == row["epoch"])]
        stated = own["standard_error_ha"].astype(float).iloc[0]
        assert float(row["area_standard_error_ha"]) == pytest.approx(stated, rel=1e-9)


def test_stock_maps_are_no_part_of_the_claim(demo_run):
    report = json.loads((demo_run[0] / "report.json").read_text(encoding="utf-8"))
    assert not [name for name in report["rasters"] if "stock" in name]
    assert report["quantification"]["claim_tco2e"] == pytest.approx(17_309.1, abs=0.05)
