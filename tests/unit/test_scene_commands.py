"""``bluecarbon mrv indices``, ``composite`` and ``classify`` as a user types them."""

import io
import json

import numpy as np
import pandas as pd
import pytest
import rasterio
from support import small_coast as coast
from support.change_maps import digests, mrv
from support.stac_catalogue import write_catalogue

from bluecarbon.mrv import scene_blocks
from bluecarbon.mrv.area import pixel_area_ha
from bluecarbon.mrv.extent import measure_extent
from bluecarbon.mrv.indices import compute_index
from bluecarbon.mrv.model_files import load_model

BANDS = ["--bands", ",".join(coast.BANDS), "--scale", "0.0001"]
DAYS = ("2015-10-01", "2015-11-01", "2020-10-01")
REFUSED = 2


@pytest.fixture
def folder(tmp_path):
    coast.write_coast(tmp_path)
    return tmp_path


def scenes(folder, days=DAYS):
    return [folder / f"{day}.tif" for day in days]


def frame(done):
    assert done.exit_code == 0, done.output
    return pd.read_csv(io.StringIO(done.stdout), keep_default_na=False)


def values(path):
    with rasterio.open(path) as source:
        return source.read()


def test_a_composite_is_that_of_a_run(folder):
    extent, _ = measure_extent(coast.project(folder, coast.write_coast(folder)))
    table = frame(mrv("composite", *scenes(folder, DAYS[:2]), *BANDS, "--out", folder / "out"))
    made = values(folder / "out/composite_2015.tif")
    inside = (slice(None), slice(1, 39), slice(1, 39))
    theirs = extent.composites[2015].reflectance
    np.testing.assert_allclose(made[inside], theirs[:, -38:, -38:], atol=1e-7)
    with rasterio.open(folder / "out/composite_2015.tif") as source:
        assert source.descriptions == tuple(coast.BANDS[:-1])
    assert (values(folder / "out/observations_2015.tif")[0][8:12, 8:12] == 1).all()
    # sixteen pixels of cloud in the first scene, none in the composite
    area = pixel_area_ha(coast.grid())
    cloud = table[table["reason"] == "cloud"]
    assert cloud["image"].tolist() == ["2015-10-01.tif"]
    assert cloud["area_ha"].item() == pytest.approx(area[8:12, 8:12].sum())
    for _, rows in table.groupby("image"):
        assert rows["area_ha"].sum() == pytest.approx(area.sum())
        assert rows["share"].sum() == pytest.approx(1)


def test_reasons_where_no_scene_saw_anything(folder):
    done = mrv("composite", folder / "2015-10-01.tif", *BANDS, "--out", folder / "out")
    frame(done)
    reason = values(folder / "out/reason_2015.tif")[0]
    assert (reason[8:12, 8:12] == 4).all()
    assert (reason != 0).sum() == 16
    assert np.isnan(values(folder / "out/composite_2015.tif")[:, 8:12, 8:12]).all()
    with rasterio.open(folder / "out/reason_2015.tif") as source:
        assert source.tags()["class_004"] == "cloud"


def test_the_same_bytes_in_blocks_of_any_size(folder, monkeypatch):
    frame(mrv("composite", *scenes(folder), *BANDS, "--out", folder / "one"))
    monkeypatch.setattr(scene_blocks, "STACK_BYTES_MOST", 1)
    monkeypatch.setattr(scene_blocks, "TILE_LEAST", 8)
    frame(mrv("composite", *scenes(folder)[::-1], *BANDS, "--out", folder / "two"))
    assert (
        digests(folder / "one")["composite_2020.tif"]
        == (digests(folder / "two")["composite_2020.tif"])
    )


def test_seasons_give_a_composite_for_each_year(folder):
    arguments = ["composite", *scenes(folder), *BANDS, "--out", folder / "out"]
    done = mrv(*arguments, "--season", "10", "--statistic", "percentile:25")
    frame(done)
    names = {path.name for path in (folder / "out").glob("composite_*.tif")}
    assert names == {"composite_2015.tif", "composite_2020.tif"}
    assert "1 of 3 scenes lie outside and are not used: 2015-11-01" in done.stderr
    for wrong, words in (
        (["--season", "2"], "no scene lies in the season"),
        (["--season", "spring time"], "is no season"),
        (["--statistic", "mean"], "is no statistic"),
        (["--statistic", "median:3"], "is no statistic"),
        (["--align", "cubic"], "is no rule for scenes"),
    ):
        done = mrv(*arguments, *wrong)
        assert done.exit_code == REFUSED
        assert words in done.stderr


def test_water_is_left_out_only_when_asked(folder):
    numbers = coast.scene_numbers(2020, 5)
    numbers[6, :, 30:] = 6
    coast.write_raster(folder / "2021-01-01.tif", numbers)
    arguments = ["composite", folder / "2021-01-01.tif", *BANDS, "--out", folder / "out"]
    assert set(frame(mrv(*arguments))["reason"]) == {"valid"}
    assert "water" in set(frame(mrv(*arguments, "--leave-out-water"))["reason"])


@pytest.mark.parametrize(
    ("bend", "code"),
    [
        (lambda n: n * np.array([9] * 6 + [1], np.uint16)[:, None, None], "scene-digital-numbers"),
        (lambda n: np.where(np.arange(7)[:, None, None] < 6, 7, n), "scene-too-dark"),
        (lambda n: np.where(np.arange(7)[:, None, None] < 6, n, 77), "scene-mask-value"),
    ],
)
def test_numbers_that_are_no_reflectance_are_refused(folder, bend, code):
    before = digests(folder)
    numbers = bend(coast.scene_numbers(2020, 5)).astype(np.uint16)
    coast.write_raster(folder / "2021-01-01.tif", numbers)
    done = mrv(
        "composite", *scenes(folder), folder / "2021-01-01.tif", *BANDS, "--out", folder / "out"
    )
    assert done.exit_code == REFUSED
    assert f"2021-01-01.tif: {'mask' if code == 'scene-mask-value' else ''}" in done.stderr
    assert f"({code})" in done.stderr
    assert digests(folder).keys() == before.keys() | {"2021-01-01.tif"}


def test_a_truncated_scene_leaves_nothing_behind(folder):
    whole = (folder / "2020-10-01.tif").read_bytes()
    (folder / "2020-10-01.tif").write_bytes(whole[: len(whole) * 2 // 3])
    before = digests(folder)
    done = mrv("composite", *scenes(folder), *BANDS, "--out", folder / "out")
    assert done.exit_code == REFUSED
    assert "2020-10-01.tif" in done.stderr
    assert digests(folder) == before


def test_a_scene_that_is_all_cloud_is_said(folder):
    numbers = coast.scene_numbers(2020, 5)
    numbers[6] = coast.CLOUD
    coast.write_raster(folder / "2021-01-01.tif", numbers)
    done = mrv("composite", *scenes(folder), folder / "2021-01-01.tif", *BANDS,
               "--out", folder / "out")  # fmt: skip
    frame(done)
    assert "warning: 2021-01-01.tif: no pixel is clear" in done.stderr


def test_index_rasters(folder):
    done = mrv(
        "indices", *scenes(folder, DAYS[:1]), *BANDS, "--out", folder / "out",
        "--index", "mvi", "--index", "ndvi",
    )  # fmt: skip
    table = frame(done)
    assert set(table["reason"]) == {"valid", "cloud"}
    made = values(folder / "out/indices_2015-10-01.tif")
    numbers = values(folder / "2015-10-01.tif")[:6].astype(np.float32) * np.float32(1e-4)
    bands = dict(zip(coast.BANDS[:6], numbers, strict=True))
    clear = np.ones((40, 40), bool)
    clear[8:12, 8:12] = False
    for layer, name in zip(made, ("mvi", "ndvi"), strict=True):
        np.testing.assert_array_equal(layer[clear], compute_index(name, bands)[clear])
        assert np.isnan(layer[~clear]).all()
    manifest = json.loads((folder / "out/manifest.json").read_text())
    assert manifest["settings"]["indices"] == "mvi,ndvi"
    assert [item["name"] for item in manifest["inputs"]] == ["2015-10-01.tif"]
    assert manifest["libraries"].keys() >= {"gdal", "proj"}


def test_an_index_that_cannot_be_computed(folder):
    done = mrv("indices", *scenes(folder), *BANDS, "--out", folder / "out", "--index", "ndvy")
    assert done.exit_code == REFUSED
    assert "error: --index: no spectral index is called 'ndvy'" in done.stderr
    assert not (folder / "out").exists()


def test_scenes_of_a_catalogue_are_scenes(tmp_path):
    catalogue = write_catalogue(tmp_path / "stac")
    arguments = [catalogue, "--bands", ",".join(coast.BANDS), "--sensor", "sentinel2-l2a"]
    table = frame(mrv("composite", *arguments, "--out", tmp_path / "out"))
    assert set(table["image"]) == {
        "S2_2015-10-01.json", "S2_2015-11-01.json", "S2_2020-10-01.json", "composite 2020",
    }  # fmt: skip
    # the offset of baseline 05.09 is taken off
    assert np.nanmax(values(tmp_path / "out/composite_2020.tif")[3]) < 0.37


@pytest.fixture
def composites(folder):
    frame(
        mrv("composite", *scenes(folder), *BANDS, "--season", "annual", "--out", folder / "images")
    )
    return [folder / f"images/composite_{year}.tif" for year in (2015, 2020)]


FOREST = ["--trees", 15, "--seed", 7]


def test_classes_probabilities_and_a_model(folder, composites):
    points = folder / "training.csv"
    done = mrv("classify", *composites, "--points", points, *FOREST, "--out", folder / "out")
    table = frame(done).set_index("class")
    assert table.loc["(all)", "labels"] == table["labels"][:-1].sum()
    assert float(table.loc["mangrove", "users"]) > 0.9
    codes = values(folder / "out/maps/classes_2020.tif")[0]
    assert (codes == coast.truth(2020)).mean() > 0.97
    with rasterio.open(folder / "out/maps/probability_2020.tif") as source:
        shares, names = source.read().astype(float) * source.scales[0], source.descriptions
    np.testing.assert_allclose(shares.sum(axis=0), 1, atol=3e-4)
    best = np.array([{v: k for k, v in coast.NAMES.items()}[name] for name in names])
    assert (best[shares.argmax(axis=0)] == codes).mean() > 0.99
    model, _ = load_model(folder / "out/model.npz")
    assert model.training_sha256 in done.stderr
    manifest = json.loads((folder / "out/manifest.json").read_text())
    assert {item["role"] for item in manifest["inputs"]} == {"image", "labels"}


def test_a_kept_model_makes_the_same_map(folder, composites):
    first, again = folder / "first", folder / "again"
    frame(mrv("classify", *composites, "--points", folder / "training.csv", *FOREST,
              "--out", first))  # fmt: skip
    table = frame(mrv("classify", composites[1], "--model", first / "model.npz", "--out", again,
                      "--no-probabilities"))  # fmt: skip
    assert (first / "maps/classes_2020.tif").read_bytes() == (
        again / "maps/classes_2020.tif"
    ).read_bytes()
    assert not (again / "maps/probability_2020.tif").exists()
    assert not (again / "model.npz").exists()
    whole = pixel_area_ha(coast.grid()).sum()
    assert table["area_ha"].sum() == pytest.approx(whole, rel=1e-8)


def test_a_covariate_is_a_feature(folder, composites):
    heights = np.linspace(0, 30, 1600, dtype=np.float32).reshape(1, 40, 40)
    coast.write_raster(folder / "dem.tif", heights)
    done = mrv(
        "classify", *composites, "--points", folder / "training.csv", *FOREST,
        "--covariate", f"dem=elevation:{folder / 'dem.tif'}", "--out", folder / "out",
    )  # fmt: skip
    frame(done)
    model, _ = load_model(folder / "out/model.npz")
    assert model.features[6] == "dem"
    refused = mrv(
        "classify", *composites, "--model", folder / "out/model.npz", "--out", folder / "two"
    )
    assert refused.exit_code == REFUSED
    assert "(model-features-differ)" in refused.stderr
    assert not (folder / "two").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give labelled points, or a --model"),
        (["--points", "POINTS", "--method", "svm"], "'svm' is not known"),
        (["--points", "POINTS", "--index", "nothing"], "no spectral index is called"),
        (["--points", "POINTS", "--covariate", "DEM"], "is no name and file"),
        (["--points", "POINTS", "--bands", "green,nir"], "the file has 6 bands, 2 are named"),
        (["--model", "POINTS"], "is no model that bluecarbon wrote"),
    ],
)
def test_classifications_that_cannot_be_made(folder, composites, arguments, words):
    named = [folder / "training.csv" if part == "POINTS" else part for part in arguments]
    done = mrv("classify", *composites, *named, *FOREST, "--out", folder / "out")
    assert done.exit_code == REFUSED
    assert words in done.stderr
    assert not (folder / "out").exists()


def test_an_input_is_never_written_over(folder, composites):
    done = mrv("classify", *composites, "--points", folder / "training.csv", *FOREST,
               "--out", folder / "images")  # fmt: skip
    assert done.exit_code == REFUSED
    assert composites[0].exists()
