"""Stock maps on the Everglades stack: grids that differ, a soil profile, radar heights.

Soil: Sanderman et al. 2018, ERL 13:055002. Its README says that trapezoids over 0-30-100 cm of the
densities reproduce the stock layer (densities are cut to whole kg/m3, so 1 % low).
"""

import numpy as np
import pytest
import rasterio

from bluecarbon.mrv.height_relations import height_relations
from bluecarbon.mrv.stock_layers import LayerFile
from bluecarbon.mrv.stock_maps import map_stocks
from bluecarbon.mrv.stock_plan import Counted
from bluecarbon.mrv.stock_request import Request, planned
from bluecarbon.mrv.stock_sources import profile_weights
from bluecarbon.project_stocks import Stocks

FRACTION = {"value": 0.451, "standard_error": 0.0107, "source": "IPCC 2013", "status": "unverified"}
RATIO = {"value": 0.49, "standard_error": 0.08, "source": "IPCC 2013", "status": "unverified"}


@pytest.fixture(scope="module")
def folder(real_data):
    return real_data / "everglades_landsat_soc"


def bands(path, *numbers):
    with rasterio.open(path) as dataset:
        return dataset.read(list(numbers), masked=True).astype(float)


def test_trapezoids_over_depth_are_the_published_stock_and_layers_are_not(folder):
    density = bands(folder / "soc_density_sanderman.tif", 1, 2, 3)
    stock = bands(folder / "soc_stock_sanderman.tif", 1)[0]
    known = ~(density.mask.any(axis=0) | stock.mask)
    layers, published = density.data[:, known], stock.data[known]
    mapped = np.tensordot(profile_weights((0, 30, 100), 100), layers, axes=1)
    ratio = mapped / published
    # Densities are printed as whole kg/m3 (some 50 of them), so a pixel is off by about 1 %.
    assert abs(np.median(ratio) - 1) < 0.011
    assert np.corrcoef(mapped, published)[0, 1] > 0.998
    # Density of the top times thickness below it scatters more about the published stock.
    wrong = 10 * (0.3 * layers[0] + 0.7 * layers[1]) / published
    assert ratio.std() < 0.5 * wrong.std()


def settings(folder, **more):
    height = {
        "path": str(folder / "dem_srtm.tif"), "kind": "srtm",
        "relation": "simard2019-americas-hba", "resampling": "bilinear",
    }  # fmt: skip
    soil = {
        "path": str(folder / "soc_density_sanderman.tif"), "depths_cm": [0, 30, 100],
        "relative_error": 0.15, "resampling": "bilinear",
    }  # fmt: skip
    table = {"method": "height", "height": height | more, "soil_map": soil}
    return Stocks.model_validate(table | {"carbon_fraction": FRACTION, "root_shoot": RATIO})


def request(folder, **more):
    mangrove = LayerFile(folder / "gmw_v3_1996_2020.tif", 2)
    return Request(settings(folder, **more), Counted({"mangrove": (1,)}), mangrove)


def test_other_grids_are_refused_without_a_rule(folder):
    plan, found = planned(request(folder, resampling=None))
    assert plan is None
    assert "grid-differs" in {item.code for item in found}


def test_a_lidar_height_kind_for_another_relation_is_refused(folder):
    plan, found = planned(request(folder, kind="hmax"))
    assert plan is None
    assert "stocks-height-kind" in {item.code for item in found}


def test_stocks_of_the_ten_thousand_islands(folder, tmp_path):
    plan, found = planned(request(folder))
    assert plan is not None, found
    assert "height-relation-unverified" in {item.code for item in found}
    made, remarks = map_stocks(plan.plan, tmp_path)
    rows = made.table.set_index("pool")
    # GMW v3 2020 has 400,184 pixels here, 21,937 geodesic ha.
    assert rows.loc["agb", "area_ha"] == pytest.approx(21_936.6, abs=0.5)
    # Plots of the Everglades lie between 20 and 200 t/ha; soils of Sanderman near 500 tC/ha.
    assert 20 < rows.loc["agb", "mean_tc_ha"] < 60
    assert rows.loc["soil", "mean_tc_ha"] == pytest.approx(501.6, rel=0.01)
    assert rows.loc["bgb", "stock_tc"] == pytest.approx(
        0.49 * rows.loc["agb", "stock_tc"], rel=1e-6
    )
    assert {item.code for item in remarks} == {"stocks-unknown", "stocks-outside-range"}
    assert rows.loc["agb", "unknown_ha"] > 2_000


def test_the_map_is_the_relation_at_each_pixel(folder, tmp_path):
    plan, _ = planned(request(folder))
    made, _ = map_stocks(plan.plan, tmp_path)
    relation = height_relations()["simard2019-americas-hba"]
    with rasterio.open(made.files["agb"]) as dataset:
        carbon = dataset.read(1)
    most = 0.451 * relation.biomass_t_ha(np.array([relation.height_max_m]))[0]
    assert np.nanmax(carbon) <= most
    assert np.nanmin(carbon) > 0
