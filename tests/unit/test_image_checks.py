"""Images that are no reflectance, and covariates without ground in common, are refused early."""

import json

import numpy as np
import pytest
from support import small_coast as coast
from support.change_maps import mrv

from bluecarbon.mrv.composite_maps import read_image

REFUSED = 2
SPECTRAL = coast.BANDS[:-1]
NAMED = ["--bands", ",".join(SPECTRAL), "--scale", "0.0001"]
FOREST = ["--trees", 5, "--seed", 7, "--no-probabilities"]


@pytest.fixture
def folder(tmp_path):
    coast.write_coast(tmp_path)
    for year in coast.EPOCHS:
        coast.write_raster(tmp_path / f"image_{year}.tif", coast.scene_numbers(year, 5)[:6])
    return tmp_path


def classify(folder, *more, named=NAMED):
    images = [folder / f"image_{year}.tif" for year in coast.EPOCHS]
    points = ["--points", folder / "training.csv"]
    return mrv("classify", *images, *points, *named, *FOREST, *more, "--out", folder / "out")


@pytest.mark.parametrize(
    ("scale", "dtype", "code"),
    [
        (0.004, np.uint8, "scene-digital-numbers"),
        (0.01, np.uint16, "scene-digital-numbers"),
        (0.000001, np.uint16, "scene-too-dark"),
    ],
)
def test_numbers_that_are_no_reflectance_are_no_image(folder, scale, dtype, code):
    numbers = coast.scene_numbers(2015, 5)[:6]
    if dtype is np.uint8:
        numbers = np.minimum(numbers // 20, 250)
    coast.write_raster(folder / "image_2015.tif", numbers.astype(dtype))
    done = classify(folder, named=["--bands", ",".join(SPECTRAL), "--scale", scale])
    assert done.exit_code == REFUSED
    assert "error: image_2015.tif" in done.stderr
    assert f"({code})" in done.stderr
    assert "[imagery]" not in done.stderr
    assert not (folder / "out").exists()


def test_an_image_without_a_number_is_none(folder):
    path = folder / "image_2015.tif"
    coast.write_raster(path, np.zeros((6, 40, 40), np.uint16))
    image, found = read_image(2015, path, bands=SPECTRAL, scale=1e-4)
    assert image is None
    assert [finding.code for finding in found] == ["image-empty"]


def test_bands_of_other_names_are_not_judged_as_reflectance(folder):
    path = folder / "image_2015.tif"
    image, found = read_image(2015, path, bands=["a", "b", "c", "d", "e", "f"], scale=1.0)
    assert image is not None
    assert found == ()


def test_a_truncated_image_is_said(folder):
    path = folder / "image_2015.tif"
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    image, found = read_image(2015, path, bands=SPECTRAL, scale=1e-4)
    assert image is None
    assert [finding.code for finding in found] == ["scene-unreadable"]


def heights(folder, name="dem.tif", *, bands=1, epsg=coast.EPSG, left=coast.LEFT_M, size=40):
    layer = np.linspace(0, 30, size * size, dtype=np.float32).reshape(1, size, size)
    stack = np.concatenate([layer * number for number in range(1, bands + 1)])
    coast.write_raster(folder / name, stack, coast.grid(size, left=left, epsg=epsg))
    return folder / name


def test_a_covariate_of_another_place_is_refused(folder):
    file = heights(folder, left=coast.LEFT_M + 100_000)
    done = classify(folder, "--covariate", f"dem=elevation:{file}")
    assert done.exit_code == REFUSED
    assert "error: dem.tif: has no number inside the image" in done.stderr
    assert "(covariate-no-overlap)" in done.stderr
    assert not (folder / "out").exists()


def test_a_covariate_with_gaps_and_another_grid_is_remarked_once(folder):
    file = heights(folder, left=coast.LEFT_M + 55)
    done = classify(folder, "--covariate", f"dem=elevation:{file}")
    assert done.exit_code == 0, done.stderr
    assert done.stderr.count("(covariate-gaps)") == 1
    manifest = json.loads((folder / "out/manifest.json").read_text())
    assert manifest["settings"]["covariate_resampling"] == "dem=bilinear"
    assert "covariate-resampled" in json.dumps(manifest)


def test_a_band_of_a_covariate(folder):
    file = heights(folder, bands=2)
    single = heights(folder, "twice.tif", bands=1)
    first = classify(folder, "--covariate", f"dem={file}#2")
    assert first.exit_code == 0, first.stderr
    model = (folder / "out/model.npz").read_bytes()
    assert classify(folder, "--covariate", f"dem={single}").exit_code == 0
    assert (folder / "out/model.npz").read_bytes() != model
    missing = classify(folder, "--covariate", f"dem={file}#3")
    assert missing.exit_code == REFUSED
    assert "band 3 is asked for, the file has 2" in missing.stderr
