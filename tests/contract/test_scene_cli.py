"""From scenes to maps and alerts on the demonstration coast, as a user runs it in a shell."""

import json

import numpy as np
import pandas as pd
import pytest
import rasterio
from support.demo import DEMO, bluecarbon

REFUSED = 2


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Composites of three autumns, and their class maps."""
    place = tmp_path_factory.mktemp("scenes")
    scenes = sorted((DEMO / "scenes").glob("*.tif"))
    done = bluecarbon(
        "mrv", "composite", *scenes, "--scale", "0.0001", "--season", "10,11,12",
        "--out", place / "images",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    images = sorted((place / "images").glob("composite_*.tif"))
    done = bluecarbon(
        "mrv", "classify", *images, "--points", DEMO / "training_points.csv",
        "--out", place / "maps",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return place


def test_hectares_of_every_reason_add_up(made):
    table = pd.read_csv(made / "images/removed.csv")
    totals = table.groupby("image")["area_ha"].sum()
    # seven scenes and three composites of 300 x 400 pixels of 100 m2, by UTM's scale
    assert len(totals) == 10
    assert totals.to_numpy() == pytest.approx(totals.iloc[0], rel=1e-9)
    assert totals.iloc[0] == pytest.approx(1200, rel=1e-3)
    assert {"valid", "cloud", "shadow"} <= set(table["reason"])


@pytest.mark.parametrize("year", [2015, 2019, 2024])
def test_maps_are_those_of_the_coast(made, year):
    with rasterio.open(made / f"maps/maps/classes_{year}.tif") as source:
        codes = source.read(1)
    with rasterio.open(DEMO / f"truth_classes_{year}.tif") as source:
        truth = source.read(1)
    seen = codes != 255
    assert seen.mean() > 0.9
    assert (codes[seen] == truth[seen]).mean() > 0.95


def test_the_classifier_was_judged_on_unseen_ground(made):
    table = pd.read_csv(made / "maps/tables/cross_validation.csv").set_index("class")
    assert table.loc["(all)", "overall"] > 0.9
    assert (table["folds"] == 5).all()
    assert table.loc["mangrove", "block_width_m"] > 100


def test_alerts_of_loss_lie_where_mangrove_was(made):
    maps = sorted((made / "maps/maps").glob("classes_*.tif"))
    done = bluecarbon("mrv", "alerts", *maps, "--rule", "three-date", "--out", made / "alerts")
    assert done.returncode == 0, done.stderr
    with rasterio.open(made / "alerts/maps/alerts.tif") as source:
        states = source.read(1)
    with rasterio.open(maps[0]) as source:
        assert ((states > 0) == (source.read(1) == 1)).all()
    states = pd.read_csv(made / "alerts/tables/states.csv").set_index("state")
    assert states["area_ha"].sum() == pytest.approx(states["pixels"].sum() * 0.01, rel=1e-3)


def test_a_stranger_s_file_is_described(made):
    done = bluecarbon("mrv", "describe", made / "maps/maps/classes_2024.tif", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["files"]["classes_2024.tif"]
    assert told["format"].startswith("cloud-optimised GeoTIFF")
    assert "1=mangrove" in told["legend"]


def test_a_scene_of_digital_numbers_is_refused_and_nothing_is_written(tmp_path):
    with rasterio.open(DEMO / "scenes/S2_DEMO_20241024.tif") as source:
        profile, numbers = source.profile, source.read()
    names = ("blue", "green", "red", "nir", "swir1", "swir2", "scl")
    with rasterio.open(tmp_path / "dn_20241024.tif", "w", **profile) as target:
        target.write(np.concatenate([numbers[:6] * 20, numbers[6:]]))
        target.descriptions = names
    done = bluecarbon(
        "mrv", "indices", tmp_path / "dn_20241024.tif", "--scale", "0.0001",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.returncode == REFUSED
    assert "(scene-digital-numbers)" in done.stderr
    assert done.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["dn_20241024.tif"]
