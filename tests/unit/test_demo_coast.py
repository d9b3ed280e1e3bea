"""The demonstration coast is what its README says: reproducible, consistent, with its traps."""

import csv
import hashlib
import json
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from shapely.geometry import Point, shape

from bluecarbon.project_file import load_project

COAST = Path(__file__).parents[2] / "fixtures" / "demo_coast"
WRITTEN_BY_HAND = {"README.md", ".py"}
EPOCHS = (2015, 2019, 2024)
PLANTED = ("K15", "S17", "R20")
CLEAR = (4, 5, 6)


def rows(name):
    with (COAST / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def polygons(name, key):
    features = json.loads((COAST / name).read_text(encoding="utf-8"))["features"]
    return {f["properties"][key]: shape(f["geometry"]) for f in features}


def metres(records):
    """EPSG:32649 places (n, 2) of rows with lon and lat."""
    move = pyproj.Transformer.from_crs(4326, 32649, always_xy=True)
    lon = np.array([float(r["lon"]) for r in records])
    lat = np.array([float(r["lat"]) for r in records])
    return np.column_stack(move.transform(lon, lat))


@pytest.fixture(scope="module")
def truth():
    return json.loads((COAST / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def strata():
    return polygons("strata.geojson", "stratum")


@pytest.fixture(scope="module")
def scenes():
    """Path, profile, band names and array of every scene, by file name."""
    found = {}
    for path in sorted((COAST / "scenes").glob("*.tif")):
        with rasterio.open(path) as source:
            found[path.name] = (source.profile, source.descriptions, source.read())
    return found


def true_classes(epoch):
    with rasterio.open(COAST / f"truth_classes_{epoch}.tif") as source:
        return source.read(1)


def clear_median(scenes, epoch):
    """Median reflectance (6, rows, columns) of the clear pixels of an epoch; nan where none."""
    layers = []
    for name, (_, _, image) in scenes.items():
        if f"DEMO_{epoch}" in name:
            hidden = ~np.isin(image[6], CLEAR)
            layers.append(np.where(hidden, np.nan, image[:6] * 1e-4))
    seen = np.any([~np.isnan(layer[0]) for layer in layers], axis=0)
    middle = np.full(layers[0].shape, np.nan)
    middle[:, seen] = np.nanmedian([layer[:, seen] for layer in layers], axis=0)
    return middle


def best_split(first, second):
    """The balanced accuracy of the best single threshold between two samples (0.5 is none)."""
    values = np.concatenate([first, second])
    is_second = np.concatenate([np.zeros(len(first)), np.ones(len(second))])
    is_second = is_second[np.argsort(values)]
    share_second = np.cumsum(is_second) / len(second)
    share_first = np.cumsum(1.0 - is_second) / len(first)
    return 0.5 + 0.5 * np.abs(share_first - share_second).max()


def test_generator_gives_the_committed_bytes(tmp_path):
    subprocess.run(
        [sys.executable, "-B", str(COAST / "generate.py"), "--out", str(tmp_path)],
        check=True,
        timeout=120,
    )
    committed = {
        path.relative_to(COAST).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in COAST.rglob("*")
        if path.is_file() and not {path.name, path.suffix} & {*WRITTEN_BY_HAND, ".pyc"}
    }
    made = {
        path.relative_to(tmp_path).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    assert made == committed


def test_generator_does_not_know_bluecarbon():
    source = "".join(path.read_text(encoding="utf-8") for path in COAST.glob("*.py"))
    assert "import bluecarbon" not in source
    assert "from bluecarbon" not in source


def test_files_are_small():
    files = [p for p in COAST.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    assert sum(p.stat().st_size for p in files) < 5_000_000
    assert (COAST / "trees.csv").stat().st_size < 250_000


def test_project_file_loads_and_names_every_scene():
    project = load_project(COAST / "project.toml")
    named = {declared for declared, role in project.files() if role == "scene"}
    assert named == {f"scenes/{p.name}" for p in (COAST / "scenes").glob("*.tif")}
    assert all(project.resolve(declared).is_file() for declared, _ in project.files())
    assert {scene.map_epoch for scene in project.imagery.scene} == set(EPOCHS)
    assert project.methodology.id == "ar-am0014@3.0"


def test_project_file_parties_trade_less_than_they_hold():
    table = tomllib.loads((COAST / "project.toml").read_text(encoding="utf-8"))["registry"]
    assert table["transfer"]["to"] == table["retirement"]["by"] == table["buyer"]["id"]
    assert table["retirement"]["tco2e"] < table["transfer"]["tco2e"]
    parties = ("operator", "approver", "proponent", "validator", "verifier", "buyer")
    assert len({table[party]["id"] for party in parties}) == len(parties)
    assert all("demonstration" in table[party]["name"].lower() for party in parties)


def test_scenes_share_one_grid_and_name_their_bands(scenes):
    names = tuple(load_project(COAST / "project.toml").imagery.bands)
    grids = {(p["transform"], p["crs"], p["width"], p["height"]) for p, _, _ in scenes.values()}
    assert len(grids) == 1
    for profile, descriptions, image in scenes.values():
        assert descriptions == names
        assert profile["crs"].to_epsg() == 32649
        assert profile["dtype"] == "uint16"
        assert set(np.unique(image[6])) <= {0, 3, 4, 5, 6, 8, 9, 10}
        assert (image[:6, image[6] == 0] == 0).all()


def test_the_coast_lies_near_gaoqiao(scenes):
    profile = next(iter(scenes.values()))[0]
    back = pyproj.Transformer.from_crs(32649, 4326, always_xy=True)
    centre = rasterio.transform.xy(profile["transform"], 150, 200)
    lon, lat = back.transform(*centre)
    assert abs(lon - 109.77) < 0.02
    assert abs(lat - 21.55) < 0.02


def test_each_pixel_is_clear_once_per_epoch_save_a_small_place(scenes, truth):
    for epoch in EPOCHS:
        hidden = np.isnan(clear_median(scenes, epoch)[0]).mean()
        expected = sum(by_epoch[str(epoch)] for by_epoch in truth["hidden_by_cloud_ha"].values())
        if epoch == 2019:
            assert 0.0 < hidden < 0.003
            assert expected > 0.0
        else:
            assert hidden == 0.0
            assert expected == 0.0


@pytest.mark.parametrize("epoch", EPOCHS)
def test_every_scene_has_cloud_and_shadow(scenes, epoch):
    for name, (_, _, image) in scenes.items():
        if f"DEMO_{epoch}" in name:
            assert 0.05 < np.isin(image[6], (8, 9)).mean() < 0.3
            assert 0.02 < (image[6] == 3).mean() < 0.3


def test_trap_upland_forest_has_the_ndvi_of_mangrove_but_not_its_short_wave_infrared(scenes):
    for epoch in EPOCHS:
        _, _, red, near, short, _ = clear_median(scenes, epoch)
        seen = ~np.isnan(near)
        mangrove = seen & (true_classes(epoch) == 1)
        forest = seen & (true_classes(epoch) == 5)
        ndvi, lswi = (near - red) / (near + red), (near - short) / (near + short)
        by_ndvi = best_split(ndvi[forest], ndvi[mangrove])
        by_lswi = best_split(lswi[forest], lswi[mangrove])
        # most forest lies inside the middle 90 % of mangrove: no NDVI range keeps it out
        low, high = np.percentile(ndvi[mangrove], [5, 95])
        assert ((ndvi[forest] > low) & (ndvi[forest] < high)).mean() > 0.75
        assert by_lswi > 0.92
        assert by_lswi > by_ndvi + 0.08


def test_trap_the_tide_differs_between_scenes(scenes):
    flats = true_classes(2019) == 3
    high, low = scenes["S2_DEMO_20191105.tif"][2], scenes["S2_DEMO_20191220.tif"][2]
    both = flats & np.isin(high[6], CLEAR) & np.isin(low[6], CLEAR)
    dark_high = (high[4][both] < 400).mean()
    dark_low = (low[4][both] < 400).mean()
    assert dark_high > dark_low + 0.15


def test_strata_tile_the_boundary(strata, truth):
    boundary = polygons("boundary.geojson", "name")["Gaoqiao demonstration coast"]
    assert boundary.is_valid
    assert all(polygon.is_valid for polygon in strata.values())
    names = sorted(strata)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            assert strata[first].intersection(strata[second]).area == 0.0
    assert sum(p.area for p in strata.values()) == pytest.approx(boundary.area, rel=1e-9)
    assert sum(truth["strata_area_ha"].values()) == pytest.approx(
        truth["boundary_area_ha"],
        abs=6e-4,  # six numbers of four decimals
    )


def test_true_areas_are_geodesic(strata, truth):
    geod = pyproj.Geod(ellps="WGS84")
    for name, polygon in strata.items():
        hectares = abs(geod.geometry_area_perimeter(polygon)[0]) / 1e4
        # truth adds up pixels on the UTM plane; edges are straight there, geodesic here
        assert truth["strata_area_ha"][name] == pytest.approx(hectares, rel=2e-5)


def test_gain_minus_loss_is_the_change_of_area(truth):
    for name, areas in truth["mangrove_area_ha"].items():
        for span, change in truth["mangrove_change_ha"][name].items():
            before, after = span.split("-")
            difference = areas[after] - areas[before]
            assert change["gain"] - change["loss"] == pytest.approx(difference, abs=3e-4)


def test_class_areas_add_up_and_agree_with_the_strata(truth):
    for epoch, classes in truth["class_area_ha"].items():
        assert sum(classes.values()) == pytest.approx(truth["boundary_area_ha"], abs=6e-4)
        of_strata = sum(areas[epoch] for areas in truth["mangrove_area_ha"].values())
        assert classes["mangrove"] == pytest.approx(of_strata, abs=6e-4)


def test_plantations_appear_when_they_were_planted(truth):
    areas, polygon = truth["mangrove_area_ha"], truth["strata_area_ha"]
    assert all(areas[name]["2015"] == 0.0 for name in PLANTED)
    assert areas["R20"]["2019"] == 0.0
    assert all(0.0 < truth["baseline_crown_cover_percent"][name] < 2.0 for name in PLANTED)
    for name in ("K15", "R20", "E0"):
        assert 0.8 < areas[name]["2024"] / polygon[name] < 0.95


def test_the_typhoon_is_the_loss_and_hides_behind_gains(truth):
    lost = truth["loss_event"]["mangrove_lost_ha"]
    assert lost["S17"] == pytest.approx(8.0, abs=0.3)
    assert lost["E0"] == pytest.approx(3.0, abs=0.3)
    for name, hectares in lost.items():
        assert truth["mangrove_change_ha"][name]["2019-2024"]["loss"] == pytest.approx(hectares)
    change = truth["mangrove_change_ha"]["S17"]["2019-2024"]
    assert abs(change["gain"] - change["loss"]) < 0.25 * change["loss"]


def test_points_carry_the_true_label():
    for name in ("training_points.csv", "reference_points.csv"):
        records = rows(name)
        codes = json.loads((COAST / "truth.json").read_text(encoding="utf-8"))["class_codes"]
        for epoch in EPOCHS:
            of_epoch = [r for r in records if int(r["epoch"]) == epoch]
            with rasterio.open(COAST / f"truth_classes_{epoch}.tif") as source:
                found = [int(value[0]) for value in source.sample(metres(of_epoch))]
            assert found == [codes[r["label"]] for r in of_epoch]


def test_training_points_cover_every_class():
    counts = Counter(r["label"] for r in rows("training_points.csv"))
    assert set(counts) == {"mangrove", "water", "tidal_flat", "pond", "upland_forest", "other"}
    assert all(60 <= count <= 100 for count in counts.values())


def test_reference_points_are_a_sample_per_stratum_away_from_training(strata):
    training, reference = rows("training_points.csv"), rows("reference_points.csv")
    assert len({r["point_id"] for r in training + reference}) == len(training) + len(reference)
    for epoch in EPOCHS:
        ours = [r for r in reference if int(r["epoch"]) == epoch]
        theirs = [r for r in training if int(r["epoch"]) == epoch]
        gaps = metres(ours)[:, None, :] - metres(theirs)[None, :, :]
        assert np.hypot(gaps[..., 0], gaps[..., 1]).min() > 30.0
        places = shapely.points([(float(r["lon"]), float(r["lat"])) for r in ours])
        counts = {name: int(shapely.contains(p, places).sum()) for name, p in strata.items()}
        assert counts == {"K15": 60, "S17": 60, "R20": 60, "E0": 60, "X0": 150}


def test_plots_stand_in_their_stratum_where_mangrove_is(strata):
    plots = rows("plots.csv")
    assert Counter(r["stratum"] for r in plots) == {"K15": 14, "S17": 12, "R20": 10, "E0": 8}
    for epoch in (2019, 2024):
        there = [r for r in plots if epoch == 2024 or r["stratum"] != "R20"]
        with rasterio.open(COAST / f"truth_classes_{epoch}.tif") as source:
            assert {int(value[0]) for value in source.sample(metres(there))} == {1}
    for record in plots + rows("soil_cores.csv"):
        place = Point(float(record["lon"]), float(record["lat"]))
        assert strata[record["stratum"]].contains(place)


def test_trees_are_plausible_and_the_dead_stay_dead():
    trees = rows("trees.csv")
    plots = {r["plot_id"] for r in rows("plots.csv")}
    assert {r["plot_id"] for r in trees} == plots
    slender = [float(r["height_m"]) * 100 / float(r["dbh_cm"]) for r in trees]
    assert min(slender) > 30.0
    assert max(slender) < 130.0
    first = {r["tree_id"]: r for r in trees if r["date"] < "2020"}
    second = {r["tree_id"]: r for r in trees if r["date"] > "2020"}
    assert len(first) + len(second) == len(trees)
    assert set(first) <= set(second)
    for tree_id, before in first.items():
        after = second[tree_id]
        assert before["species"] == after["species"]
        if before["status"] == "dead":
            assert (after["status"], after["dbh_cm"]) == ("dead", before["dbh_cm"])
        else:
            assert float(after["dbh_cm"]) > float(before["dbh_cm"])
    assert 0.01 < np.mean([r["status"] == "dead" for r in trees]) < 0.10


def plot_biomass_t_ha(stratum, year):
    """Above-ground dry matter of each plot by the common equation, worked out here again."""
    density = {
        "Sonneratia apetala": 0.507, "Kandelia obovata": 0.544, "Aegiceras corniculatum": 0.627,
        "Avicennia marina": 0.65, "Bruguiera gymnorhiza": 0.746, "Rhizophora stylosa": 0.772,
    }  # fmt: skip
    plots: Counter[str] = Counter()
    for tree in rows("trees.csv"):
        if tree["plot_id"].startswith(stratum) and tree["date"].startswith(year):
            alive = tree["status"] == "live"
            kg = 0.251 * density[tree["species"]] * float(tree["dbh_cm"]) ** 2.46
            plots[tree["plot_id"]] += kg * alive / 1000.0 / 0.01
    return np.array(list(plots.values()))


def test_plots_scatter_around_the_true_biomass(truth):
    for stratum, by_year in truth["biomass"].items():
        for year, expected in by_year.items():
            assert 0.15 <= expected["agb_between_plot_cv"] <= 0.25
            assert expected["agb_standard_error_t_ha"] < 0.005 * expected["agb_t_ha"]
            plots = plot_biomass_t_ha(stratum, year)
            standard_error = plots.std(ddof=1) / len(plots) ** 0.5
            # a sample mean is further than three standard errors in one of 370 draws
            assert abs(plots.mean() - expected["agb_t_ha"]) < 3.0 * standard_error


def test_soil_cores_scatter_around_the_true_stock(truth):
    cores: dict[str, Counter[str]] = {}
    for slice_ in rows("soil_cores.csv"):
        thickness = float(slice_["depth_max_cm"]) - float(slice_["depth_min_cm"])
        carbon = float(slice_["organic_carbon_percent"]) * float(slice_["bulk_density_g_cm3"])
        stock = cores.setdefault(slice_["stratum"], Counter())
        stock[slice_["core_id"]] += carbon * thickness
    for stratum, expected in truth["soil_carbon_tc_ha_100cm"].items():
        stocks = np.array(list(cores[stratum].values()))
        assert 4 <= len(stocks) <= 6
        # the generator's core-to-core deviation is 10 %, a little more with its slices
        assert abs(stocks.mean() / expected - 1.0) < 3.0 * 0.11 / len(stocks) ** 0.5
