"""STAC catalogues on disk and behind an API: items, assets by name, projects made of them."""

import datetime as dt
import json

import numpy as np
import pytest
from support import small_coast as coast
from support.stac_catalogue import served, write_catalogue

from bluecarbon.errors import ProjectError
from bluecarbon.mrv import stac
from bluecarbon.mrv.extent import measure_extent
from bluecarbon.project_file import load_project
from bluecarbon.spec import errors_in
from bluecarbon.stac_files import baseline_of, items_of

pytest.importorskip("pystac")

# odc-geo multiplies transforms in a way that affine means to drop one day, when pixels are read
reads_pixels = pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")

# ---------------------------------------------------------------- to xarray


@reads_pixels
def test_a_catalogue_on_disk_becomes_a_lazy_dataset(tmp_path):
    items, found = stac.find_items(write_catalogue(tmp_path / "stac"))
    assert found == ()
    assert [item.id for item in items] == ["S2_2015-10-01", "S2_2015-11-01", "S2_2020-10-01"]
    bands = ("green", "nir", "swir1", "scl")
    dataset, found = stac.open_items(items, bands, onto=coast.grid())
    assert found == ()
    assert dataset["nir"].chunks is not None
    assert list(dataset.data_vars) == list(bands)
    assert dataset["nir"].dims == ("time", "y", "x")
    expected = coast.scene_numbers(2020, 1020)[3] + 1000
    np.testing.assert_array_equal(dataset["nir"][2].values, expected)


def test_place_time_and_collection_select(tmp_path):
    catalogue = write_catalogue(tmp_path / "stac")
    ids = lambda **how: [item.id for item in stac.find_items(catalogue, **how)[0]]  # noqa: E731
    assert len(ids(dates="2015-01-01/2015-12-31")) == 2
    assert ids(collections=["landsat"]) == []
    assert ids(bounds=(0.0, 0.0, 1.0, 1.0)) == []
    assert stac.find_items(catalogue, dates="1999-01-01/1999-12-31")[1][0].code == "stac-empty"


def test_what_an_item_lacks_is_named(tmp_path):
    items, _ = stac.find_items(write_catalogue(tmp_path / "stac"))
    dataset, found = stac.open_items(items, ("green", "rededge1"))
    assert dataset is None
    assert {f.code for f in found} == {"stac-asset-missing"}
    assert found[0].subject == "S2_2015-10-01"
    assert "rededge1" in found[0].message


def test_mixed_resolutions_need_a_rule(tmp_path):
    items, _ = stac.find_items(write_catalogue(tmp_path / "stac", coarse=("swir1",)))
    dataset, found = stac.open_items(items, ("green", "swir1"))
    assert dataset is None
    assert found[0].code == "stac-mixed-resolution"
    dataset, found = stac.open_items(
        items, ("green", "swir1", "scl"), onto=coast.grid(), resampling={"*": "bilinear"}
    )
    assert found == ()
    rules = json.loads(dataset.attrs["resampling"])
    assert rules == {"B03": "bilinear", "B11": "bilinear", "SCL": "nearest"}


def test_one_acquisition_processed_twice_is_a_warning(tmp_path):
    folder = tmp_path / "stac"
    catalogue = write_catalogue(folder)
    item = json.loads((folder / "S2_2015-11-01.json").read_text())
    item["properties"]["datetime"] = "2015-10-01T03:00:00Z"
    (folder / "S2_2015-11-01.json").write_text(json.dumps(item))
    _, found = stac.find_items(catalogue)
    assert [(f.code, f.severity) for f in found] == [("stac-item-twice", "warning")]


@pytest.mark.parametrize("content", ["", "{", '{"type": "FeatureCollection"}'])
def test_what_is_no_catalogue(tmp_path, content):
    (tmp_path / "bad.json").write_text(content)
    items, found = stac.find_items(tmp_path / "bad.json")
    assert items == ()
    assert found[0].code == "stac-unreadable"
    with pytest.raises(ValueError, match=r"bad\.json"):
        items_of(tmp_path / "bad.json", "bad.json")


@pytest.fixture
def api(tmp_path):
    with served(tmp_path / "stac") as address:
        yield address


@reads_pixels
def test_an_api_answers_and_its_items_are_pinned(api, tmp_path):
    items, found = stac.find_items(api, dates="2015-01-01/2020-12-31", collections=["s2"])
    assert found == ()
    assert len(items) == 3
    catalogue, *_ = stac.save_items(items, tmp_path / "pinned")
    first = {path.name: path.read_bytes() for path in (tmp_path / "pinned").iterdir()}
    stac.save_items(items, tmp_path / "pinned")
    assert first == {path.name: path.read_bytes() for path in (tmp_path / "pinned").iterdir()}
    again, _ = stac.find_items(catalogue)
    dataset, _ = stac.open_items(again, ("nir",), onto=coast.grid())
    assert dataset.sizes["time"] == 3
    assert dataset["nir"].max().values > 3000


def test_an_api_that_is_not_there():
    _, found = stac.find_items("http://127.0.0.1:9/nowhere")
    assert [f.code for f in found] == ["stac-unreadable"]


# ---------------------------------------------------------------- items as files


def test_items_in_order_with_their_baseline(tmp_path):
    write_catalogue(tmp_path / "stac")
    items = items_of(tmp_path / "stac" / "catalog.json", "stac/catalog.json")
    assert [(item.path, item.date) for item in items] == [
        ("stac/S2_2015-10-01.json", dt.date(2015, 10, 1)),
        ("stac/S2_2015-11-01.json", dt.date(2015, 11, 1)),
        ("stac/S2_2020-10-01.json", dt.date(2020, 10, 1)),
    ]
    assert {item.processing_baseline for item in items} == {"05.09"}
    assert baseline_of({"earthsearch:boa_offset_applied": True}) == "harmonised"
    assert baseline_of({}) == ""


def test_catalogues_in_a_circle(tmp_path):
    links = [{"rel": "child", "href": "./a.json"}]
    (tmp_path / "a.json").write_text(json.dumps({"type": "Catalog", "links": links}))
    with pytest.raises(ValueError, match="circle"):
        items_of(tmp_path / "a.json", "a.json")


def test_items_elsewhere_must_be_saved_first(tmp_path):
    links = [{"rel": "item", "href": "https://example.org/a.json"}]
    (tmp_path / "a.json").write_text(json.dumps({"type": "Catalog", "links": links}))
    with pytest.raises(ValueError, match="save its items"):
        items_of(tmp_path / "a.json", "a.json")


# ---------------------------------------------------------------- a project of items

PROJECT = """
[project]
id = "STAC"
name = "Small coast"
[period]
start = 2015-01-01
end = 2021-01-01
start_epoch = 2015
end_epoch = 2020
[boundary]
path = "boundary.geojson"
[imagery]
stac = "stac/catalog.json"
sensor = "sentinel2-l2a"
bands = ["blue", "green", "red", "nir", "swir1", "swir2", "scl"]
mask_band = "scl"
[training]
points = "training.csv"
[mapping]
trees = 15
seed = 7
"""


def stac_project(folder, text=PROJECT, **options):
    coast.write_coast(folder)
    write_catalogue(folder / "stac", **options)
    (folder / "project.toml").write_text(text, encoding="utf-8")
    return load_project(folder / "project.toml")


def test_a_project_of_items_is_mapped_and_lists_every_file(tmp_path):
    project = stac_project(tmp_path)
    assert len(project.imagery.scene) == 3
    extent, found = measure_extent(project)
    assert errors_in(found) == ()
    mangrove = (extent.maps[2020] == 1).sum()
    assert mangrove == pytest.approx((coast.truth(2020)[1:39, 1:39] == 1).sum(), rel=0.05)
    files = dict(project.files())
    assert files["stac/catalog.json"] == "catalogue"
    assert files["stac/S2_2020-10-01.json"] == files["stac/S2_2020-10-01_B11.tif"] == "scene"
    assert len([p for p in files if p.endswith(".tif")]) == 21
    # numbers with the offset of 05.09 are the reflectance of those without it
    nir = extent.composites[2020].band("nir")
    assert np.nanmax(nir) < 0.37


def test_bands_of_other_resolution_need_a_rule(tmp_path):
    project = stac_project(tmp_path, coarse=("swir1", "swir2", "scl"))
    extent, found = measure_extent(project)
    assert extent is None
    wrong = [f for f in errors_in(found) if f.code == "scene-mixed-resolution"]
    assert {f.subject for f in wrong} == {f"S2_{d}.json" for d in
                                          ("2015-10-01", "2015-11-01", "2020-10-01")}  # fmt: skip
    text = PROJECT + '[alignment]\nreflectance = "bilinear"\n'
    (tmp_path / "project.toml").write_text(text, encoding="utf-8")
    extent, found = measure_extent(load_project(tmp_path / "project.toml"))
    assert errors_in(found) == ()
    assert len([f for f in found if f.code == "raster-resampled"]) == 3
    assert (extent.maps[2020] == 1).any()


def test_a_scene_without_baseline_is_refused(tmp_path):
    write = {"s2:processing_baseline": ""}
    _, found = measure_extent(stac_project(tmp_path, **write))
    assert {f.code for f in errors_in(found)} == {"scene-baseline-missing"}


def test_an_item_without_a_band_is_refused(tmp_path):
    project = stac_project(tmp_path)
    path = tmp_path / "stac" / "S2_2020-10-01.json"
    item = json.loads(path.read_text())
    del item["assets"]["B11"]
    path.write_text(json.dumps(item))
    _, found = measure_extent(project)
    assert ("stac-asset-missing", path.name) in {(f.code, f.subject) for f in errors_in(found)}


@pytest.mark.parametrize(
    ("content", "code"),
    [("{}", "stac-unreadable"), ('{"type": "Catalog", "links": []}', "stac-empty")],
)
def test_a_catalogue_without_scenes_is_a_defect_of_the_project(tmp_path, content, code):
    stac_project(tmp_path)
    (tmp_path / "stac" / "catalog.json").write_text(content)
    with pytest.raises(ProjectError) as caught:
        load_project(tmp_path / "project.toml")
    assert code in {f.code for f in caught.value.findings}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('sensor = "sentinel2-l2a"', "", "scale"),
        ('mask_band = "scl"', 'mask_band = "scl"\nscale = 0.0001', "its own scale"),
        ('stac = "stac/catalog.json"', "", "scene"),
        ('sensor = "sentinel2-l2a"', 'sensor = "sentinel2"', "sentinel2-l2a"),
    ],
)
def test_settings_that_contradict(tmp_path, old, new, said):
    with pytest.raises(ProjectError, match=said):
        stac_project(tmp_path, PROJECT.replace(old, new))
