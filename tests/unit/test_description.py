"""What a file is: described and judged before anything is done with it."""

import json

import numpy as np
import pytest
import rasterio
from support import small_coast as coast
from support.change_maps import mrv
from support.class_raster import write_classes
from support.stac_catalogue import write_catalogue

from bluecarbon.mrv.description import describe

DIFFERS, REFUSED = 1, 2


def rows_of(path):
    made = describe(path)
    return dict(made.rows), [finding.code for finding in made.findings]


def image(path, bands, *, dtype=np.uint16, names=(), **profile):
    values = np.arange(40 * 40 * bands).reshape(bands, 40, 40) % 4000
    scale = 1e4 if dtype == np.float32 else 1
    coast.write_raster(path, (values / scale).astype(dtype), **profile)
    if names:
        with rasterio.open(path, "r+") as target:
            target.descriptions = names
    return path


def test_a_scene(tmp_path):
    path = image(tmp_path / "s.tif", 7, names=coast.BANDS)
    rows, found = rows_of(path)
    assert found == []
    assert rows["grid"] == "40 rows x 40 columns"
    assert rows["coordinate system"] == "EPSG:32649, pixels of 10 x 10"
    assert "ha in the middle (+0." in rows["pixel area"]
    assert rows["seems to be"].startswith("Sentinel-2 Level-2A")
    assert "blue, no nodata number, 2-50-98 %" in rows["band 1"]


@pytest.mark.parametrize(
    ("bands", "options", "guess", "codes"),
    [
        (3, {"names": ("red", "green", "blue")}, "red-green-blue", ["scene-rgb-only"]),
        (3, {"dtype": np.uint8}, "red-green-blue", ["scene-rgb-only"]),
        (6, {"dtype": np.uint8}, "digital numbers", ["scene-digital-numbers"]),
        (4, {"dtype": np.float32}, "surface reflectance", []),
        (2, {"dtype": np.float32, "names": ("VV", "VH")}, "linear power", []),
        (2, {"dtype": np.int16, "names": ("VV", "VH")}, "amplitude", ["radar-digital-numbers"]),
        (2, {"dtype": np.float32}, "2 measurements", []),
        (1, {"dtype": np.float32}, "a measurement", []),
        (1, {"dtype": np.int16}, "a measurement", []),
    ],
)  # fmt: skip
def test_guesses(tmp_path, bands, options, guess, codes):
    rows, found = rows_of(image(tmp_path / "a.tif", bands, **options))
    assert guess in rows["seems to be"]
    assert found == codes


def test_class_maps(tmp_path):
    codes = np.tile(np.array([0, 1, 2, 1], np.uint8), (8, 4))
    rows, found = rows_of(write_classes(tmp_path / "a.tif", codes))
    assert rows["seems to be"] == "a class map of 3 classes"
    assert "numbers 0, 1, 2" in rows["band 1"]
    assert found == ["raster-nodata-untagged"]
    tags = {"class_000": "pond", "class_001": "mangrove", "class_002": "other"}
    rows, found = rows_of(write_classes(tmp_path / "b.tif", codes, nodata=0, tags=tags))
    assert rows["legend"] == "0=pond, 1=mangrove, 2=other (tags of the file)"
    assert found == ["raster-nodata-is-class"]
    one = np.where(codes == 1, 1, 0).astype(np.uint8)
    assert rows_of(write_classes(tmp_path / "c.tif", one, nodata=0))[1] == ["class-map-one-class"]
    flags = write_classes(tmp_path / "qa.tif", codes.astype(np.uint16) * 2720)
    assert rows_of(flags)[0]["seems to be"] == "flags of a quality band, or a measurement"
    none = np.zeros((8, 8), np.uint8)
    assert rows_of(write_classes(tmp_path / "d.tif", none, nodata=0))[1] == ["raster-empty"]


def test_what_a_catalogue_has(tmp_path):
    catalogue = write_catalogue(tmp_path / "stac")
    rows, found = rows_of(catalogue)
    assert found == []
    assert rows["format"] == "STAC, 3 items"
    assert rows["dates"] == "2015-10-01 to 2020-10-01"
    assert rows["processing baselines"] == "05.09"
    (tmp_path / "a.json").write_text("[]")
    assert rows_of(tmp_path / "a.json")[1] == ["stac-unreadable"]


def test_a_cube(tmp_path):
    codes = np.tile(np.array([1, 2], np.uint8), (8, 4))
    paths = [write_classes(tmp_path / f"map_{year}.tif", codes) for year in (2015, 2020)]
    named = ["--legend", "1=mangrove", "--legend", "2=other"]
    done = mrv("stack", *paths, "--out", tmp_path / "a.nc", *named)
    assert done.exit_code == 0, done.output
    rows, found = rows_of(tmp_path / "a.nc")
    assert found == []
    assert "mangrove other" in rows["variable classes"]


def test_the_command(tmp_path):
    path = image(tmp_path / "s.tif", 7, names=coast.BANDS)
    done = mrv("describe", path)
    assert done.exit_code == 0
    assert "what,is" in done.stdout
    picture = image(tmp_path / "p.tif", 3, names=("red", "green", "blue"))
    done = mrv("describe", path, picture, "--json")
    assert done.exit_code == DIFFERS
    told = json.loads(done.stdout)
    assert set(told["files"]) == {"s.tif", "p.tif"}
    assert [finding["code"] for finding in told["findings"]] == ["scene-rgb-only"]
    done = mrv("describe", tmp_path / "none.tif")
    assert done.exit_code == REFUSED
    assert "no such file" in done.stderr
    (tmp_path / "t.tif").write_bytes(path.read_bytes()[:700])
    assert mrv("describe", tmp_path / "t.tif").exit_code == REFUSED
