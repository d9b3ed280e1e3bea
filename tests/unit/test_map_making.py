"""What [mapping] may ask for beyond a forest: other methods, covariates, a mask, the tide."""

import json

import numpy as np
import pytest
from support import small_coast as coast

from bluecarbon.mrv.extent import measure_extent
from bluecarbon.mrv.model_files import load_model
from bluecarbon.mrv.outputs import write_rasters
from bluecarbon.project import Mapping
from bluecarbon.spec import errors_in

GAUGE = {
    "id": "gauge", "name": "Gauge", "latitude": 21.5, "longitude": 110.0,
    "harmonic_constituents": [{"name": "S2", "amplitude": 1.0, "phase": 0.0}],
}  # fmt: skip
HIGH, LOW = "12:00:00", "06:00:00"
"""A tide of the sun alone is high at noon and low six hours away."""


@pytest.fixture
def table(tmp_path):
    made = coast.write_coast(tmp_path)
    height = np.where(coast.truth(2015) == 5, 20.0, 1.0).astype(np.float32)
    height[-6:] = -0.8  # the tidal flat
    coast.write_raster(tmp_path / "height.tif", height[None])
    (tmp_path / "stations.json").write_text(json.dumps([GAUGE]), encoding="utf-8")
    return made


def measured(folder, table, **mapping):
    table["mapping"] = {"trees": 15, "seed": 7} | mapping
    return measure_extent(coast.project(folder, table))


HEIGHT = {"name": "height", "path": "height.tif", "kind": "elevation"}


def truth_share(extent, epoch, code=1):
    """Agreement about a class inside the boundary."""
    codes = extent.maps[epoch]
    rows, columns = coast.grid().slices_of(extent.grid)
    truth = coast.truth(epoch)[rows, columns]
    known = (codes != 0) & (codes != 255)
    return ((codes == code) == (truth == code))[known].mean()


@pytest.mark.parametrize("method", ["random-forest", "gradient-boosting"])
def test_learnt_maps(tmp_path, table, method):
    extent, found = measured(tmp_path, table, method=method)
    assert errors_in(found) == ()
    assert truth_share(extent, 2020) > 0.98
    (judged,) = [f for f in found if f.code == "mapping-cross-validated"]
    # labels of both epochs lie on a lattice of 37 x 37 pixels, cut into 6 x 6 blocks
    assert "whole blocks of 70 m x 70 m" in judged.message
    assert "mangrove 100% / " in judged.message
    assert extent.model is None


def test_a_map_by_rules_needs_no_training(tmp_path, table):
    del table["training"]
    extent, found = measured(tmp_path, table, method="rules")
    assert errors_in(found) == ()
    assert "mapping-by-rules" in {f.code for f in found}
    # SWIR of this coast is too bright for the published limits: they fit one coast, not all
    assert set(np.unique(extent.maps[2020])) <= {0, 1, 2, 6, 255}
    assert truth_share(extent, 2020, code=2) > 0.98
    with pytest.raises(ValueError, match="needs \\[training\\]"):
        measured(tmp_path, table)


def test_a_covariate_is_a_feature_and_the_model_is_kept(tmp_path, table):
    extent, found = measured(tmp_path, table, covariate=[HEIGHT], keep_model=True)
    assert errors_in(found) == ()
    assert "height" in extent.model.features
    assert extent.composites[2020].bands == tuple(coast.BANDS[:6])
    digests = write_rasters(extent, tmp_path / "out")
    assert "maps/model.npz" in digests
    model, _ = load_model(tmp_path / "out/maps/model.npz")
    assert model.training_sha256 == extent.model.training_sha256
    assert model.training_sha256 in " ".join(f.message for f in found)


def test_the_mask_leaves_the_same_mangrove_and_tells_its_hectares(tmp_path, table):
    plain, _ = measured(tmp_path, table, covariate=[HEIGHT])
    rules = {"elevation_max_m": 10, "ndwi_max": 0.3, "ndvi_min": 0.3}
    masked, found = measured(tmp_path, table, covariate=[HEIGHT], candidates=rules)
    for epoch in coast.EPOCHS:
        same = (plain.maps[epoch] == 1) == (masked.maps[epoch] == 1)
        assert same.mean() >= 0.999
    codes = [f.code for f in found]
    assert codes.count("candidates-left-out") == 2
    assert codes.count("candidates-hide-nothing") == 2
    assert "candidates-hide-labels" not in codes
    (first, _) = [f.message for f in found if f.code == "candidates-left-out"]
    # five rows of forest and one of boundary less: 38 x 5 pixels of 0.01 ha
    assert "too high 1.9 ha" in first


def test_a_mask_that_hides_mangrove_is_never_silent(tmp_path, table):
    extent, found = measured(
        tmp_path, table, covariate=[HEIGHT], candidates={"elevation_max_m": 0.5}
    )
    assert extent is not None
    codes = {f.code: f for f in found}
    assert codes["candidates-hide-mangrove"].severity == "warning"
    assert codes["candidates-hide-labels"].severity == "warning"


def test_ponds_are_no_tidal_water(tmp_path, table):
    far = {"water_distance_max_m": 50, "water_area_min_ha": 2}
    extent, found = measured(tmp_path, table, candidates=far)
    assert "candidates-hide-mangrove" in {f.code for f in found}
    assert (extent.maps[2020][10:30, 1:10] != 1).all()
    none = {"water_distance_max_m": 50, "water_area_min_ha": 500}
    extent, found = measured(tmp_path, table, candidates=none)
    assert "candidates-hide-mangrove" not in {f.code for f in found}


def tidal(table, *times):
    for scene, time in zip(table["imagery"]["scene"], times, strict=True):
        scene["time_utc"] = time
    return {"stations": "stations.json", "station": "gauge"}


def test_what_the_tide_floods_is_masked_with_its_reason(tmp_path, table):
    tide = tidal(table, HIGH, LOW, LOW) | {"height_max_m": 0.5}
    extent, found = measured(tmp_path, table, tide=tide, covariate=[HEIGHT])
    assert errors_in(found) == ()
    (high,) = [f for f in found if f.code == "tide-too-high"]
    assert high.subject == "2015-10-01.tif"
    table_of = extent.reasons.set_index(["scene", "reason"])["area_ha"]
    # the tide stood at +1.0 m: the flat (-0.8 m) drowned, the ground at 1.0 m and the hill did not
    assert table_of["2015-10-01.tif", "tide_too_high"] == pytest.approx(1.9, abs=0.01)
    assert ("2015-11-01.tif", "tide_too_high") not in table_of.index


def test_without_elevation_the_whole_scene_goes(tmp_path, table):
    tide = tidal(table, HIGH, LOW, LOW) | {"height_max_m": 0.5}
    extent, _ = measured(tmp_path, table, tide=tide)
    assert extent.composites[2015].observations.max() == 1
    tide = tidal(table, HIGH, HIGH, LOW) | {"height_max_m": 0.5}
    extent, found = measured(tmp_path, table, tide=tide)
    assert extent is None
    assert [f.code for f in errors_in(found)] == ["epoch-unobserved"]


def test_the_mean_tide_may_be_a_feature(tmp_path, table):
    tide = tidal(table, HIGH, LOW, LOW) | {"as_feature": True}
    extent, found = measured(tmp_path, table, tide=tide, keep_model=True)
    assert errors_in(found) == ()
    assert extent.model.features[6] == "mean_tide"


def test_what_is_missing_is_asked_for(tmp_path, table):
    tide = {"stations": "stations.json", "station": "gauge"}
    cases = [
        ({"tide": tide}, "tide-time-missing"),
        ({"candidates": {"elevation_max_m": 5}}, "candidates-no-elevation"),
        ({"covariate": [HEIGHT | {"band": 3}]}, "covariate-band-missing"),
    ]
    for mapping, code in cases:
        extent, found = measured(tmp_path, table, **mapping)
        assert extent is None
        assert [f.code for f in errors_in(found)] == [code]
    tide = tidal(table, LOW, LOW, LOW) | {"station": "elsewhere"}
    assert [f.code for f in errors_in(measured(tmp_path, table, tide=tide)[1])] == [
        "tide-station-unknown"
    ]


def test_names_of_features_are_not_shared():
    with pytest.raises(ValueError, match="name of another feature"):
        Mapping(covariate=[HEIGHT, HEIGHT])
    with pytest.raises(ValueError, match="name of another feature"):
        Mapping(covariate=[HEIGHT | {"name": "ndvi"}])
