"""STAC items: scale and offset that they give, bands that they name, assets of several bands."""

import json

import numpy as np
import pytest
from support import small_coast as coast
from support.stac_catalogue import write_catalogue, write_item

from bluecarbon.mrv.description import describe
from bluecarbon.mrv.scene_arguments import Declared, scene_set
from bluecarbon.mrv.scenes import read_scene
from bluecarbon.stac_files import asset_files, bands_of, places_of

SCALE = {"scale": 1e-4, "offset": -0.1}
ALL = tuple(coast.BANDS)
PLAIN = Declared(ALL)


def codes_of(found):
    return [finding.code for finding in found]


def changed(folder, *, only=None, date="2020-10-01", scaling=SCALE, **properties):
    """An item whose bands (or one of them) carry a scale."""
    place = folder / f"S2_{date}.json"
    if not place.is_file():
        write_item(folder, date)
    item = json.loads(place.read_text())
    for key, asset in item["assets"].items():
        if key != "SCL" and only in {None, key}:
            asset["raster:bands"] = [scaling]
    item["properties"] |= properties
    place.write_text(json.dumps(item))
    return str(place)


def reflectance_of(made):
    path, scene = made.scenes[0]
    return read_scene(path, scene, made.imagery, made.grid, judged=False)[0].reflectance


def test_the_scale_and_offset_of_the_item_are_applied(tmp_path):
    path = changed(tmp_path)
    made, found = scene_set([path], PLAIN)
    assert found == ()
    assert (made.imagery.scale, made.imagery.offset) == (1e-4, -0.1)
    by_sensor, _ = scene_set([path], Declared(ALL, {"sensor": "sentinel2-l2a"}))
    ours, theirs = reflectance_of(made), reflectance_of(by_sensor)
    assert np.nanmax(np.abs(np.maximum(ours, 0) - theirs)) < 1e-6


def test_an_item_without_a_scale_asks_for_one(tmp_path):
    write_item(tmp_path, "2020-10-01")
    made, found = scene_set([str(tmp_path / "S2_2020-10-01.json")], PLAIN)
    assert made is None
    assert codes_of(found) == ["scene-scale-missing"]


def test_items_and_bands_of_different_scale_are_refused(tmp_path):
    (finding,) = scene_set([changed(tmp_path, only="B04")], PLAIN)[1]
    assert finding.code == "scene-scale-differs"
    assert "band red of S2_2020-10-01.json is number x 0.0001 -0.1" in finding.message
    first = changed(tmp_path)
    second = changed(tmp_path, date="2021-10-01", scaling={"scale": 1e-4, "offset": 0})
    (finding,) = scene_set([first, second], PLAIN)[1]
    assert finding.code == "scene-scale-differs"
    assert "S2_2021-10-01.json" in finding.message


def test_an_offset_that_was_taken_off_already_is_not_taken_off_again(tmp_path):
    path = changed(tmp_path, **{"earthsearch:boa_offset_applied": True})
    made, found = scene_set([path], PLAIN)
    assert made is None
    assert codes_of(found) == ["scene-scale-ambiguous"]
    made, found = scene_set([path], Declared(ALL, {"scale": 1e-4}))
    assert made is not None
    assert codes_of(found) == ["scene-scale-contradicts"]


@pytest.mark.parametrize(
    ("settings", "codes"),
    [
        ({"scale": 1e-4, "offset": -0.1}, []),
        ({"scale": 1e-4}, ["scene-scale-contradicts"]),
        ({"sensor": "sentinel2-l2a"}, []),
        ({"sensor": "landsat-c2-l2"}, ["scene-scale-contradicts"]),
    ],
)
def test_what_is_declared_against_the_item_is_said(tmp_path, settings, codes):
    made, found = scene_set([changed(tmp_path)], Declared(ALL, settings))
    assert made is not None
    assert codes_of(found) == codes


def test_the_bands_that_an_item_names_need_no_option(tmp_path):
    made, found = scene_set([changed(tmp_path)], Declared())
    assert found == ()
    assert set(made.imagery.bands) == set(ALL)
    assert made.imagery.mask_band == "scl"


def test_an_item_that_names_no_band_says_so_of_its_assets(tmp_path):
    item = write_item(tmp_path, "2020-10-01")
    item["assets"] = {"data": {"href": "./S2_2020-10-01_B02.tif"}}
    path = tmp_path / "S2_2020-10-01.json"
    path.write_text(json.dumps(item))
    (finding,) = scene_set([str(path)], Declared())[1]
    assert finding.code == "scene-bands-unnamed"
    assert finding.message == "none of its assets has the common name of a band"


@pytest.fixture
def stacked(tmp_path):
    """An item with all bands in one asset, in an order of its own, and a picture beside it."""
    item = write_item(tmp_path, "2020-10-01", offset=0)
    order = [*ALL[::-1]]
    numbers = coast.scene_numbers(2020, 30)[::-1].copy()
    coast.write_raster(tmp_path / "all.tif", numbers, coast.grid())
    listed = [{"name": name, "common_name": name} for name in order]
    scales = [{} if name == "scl" else {"scale": 1e-4} for name in order]
    picture = [{"common_name": name} for name in ("red", "green", "blue")]
    item["assets"] = {
        "visual": {"href": "./no.tif", "eo:bands": picture},
        "image": {"href": "./all.tif", "eo:bands": listed, "raster:bands": scales},
    }
    path = tmp_path / "S2_2020-10-01.json"
    path.write_text(json.dumps(item))
    return path


def test_an_asset_of_several_bands_is_read_band_by_band(stacked):
    made, found = scene_set([str(stacked)], PLAIN)
    assert found == ()
    assert [path.name for path in made.files] == ["S2_2020-10-01.json", "all.tif"]
    spectral = [band for band in ALL if band != "scl"]
    expected = coast.scene_numbers(2020, 30)[[ALL.index(band) for band in spectral]]
    seen = reflectance_of(made)
    assert np.nanmax(np.abs(seen - expected * np.float32(1e-4))) < 1e-6
    assert asset_files(stacked, "a/b.json", ALL) == ("a/all.tif",)


def test_an_asset_of_one_band_goes_before_one_of_several(stacked):
    item = json.loads(stacked.read_text())
    item["assets"]["B04"] = {"href": "./red.tif"}
    places = places_of(item, ("red", "nir"))
    assert (places["red"].key, places["red"].number) == ("B04", 1)
    assert (places["nir"].key, places["nir"].number) == ("image", ALL[::-1].index("nir") + 1)
    assert bands_of(item, ("red", "lidar")) == {"red": "B04"}


def test_both_versions_of_the_raster_extension():
    bands = [{"name": "red", "raster:scale": 0.5}, {"name": "nir"}]
    asset = {"bands": bands, "raster:scale": 2, "raster:offset": 3}
    places = places_of({"assets": {"image": asset}}, ("red", "nir"))
    assert [place.scaling for place in places.values()] == [(0.5, 3.0), (2.0, 3.0)]


def test_a_file_is_named_once(tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    (finding,) = scene_set([str(bad)], PLAIN)[1]
    assert finding.message.startswith("is not JSON")
    assert describe(bad).findings[0].message.startswith("is not JSON")
    catalogue = write_catalogue(tmp_path / "stac")
    (tmp_path / "stac/S2_2015-10-01.json").write_text("{")
    (finding,) = scene_set([str(catalogue)], PLAIN)[1]
    assert finding.message.startswith("S2_2015-10-01.json: is not JSON")


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_the_loader_reads_an_asset_of_several_bands_too(stacked):
    pytest.importorskip("odc.stac")
    from bluecarbon.mrv.stac import find_items, open_items

    items, _ = find_items(stacked)
    dataset, found = open_items(items, ("red", "nir"), onto=coast.grid())
    assert found == ()
    for band in ("red", "nir"):
        expected = coast.scene_numbers(2020, 30)[ALL.index(band)]
        assert np.array_equal(dataset[band].values[0], expected)
