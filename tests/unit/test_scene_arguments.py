"""Scenes as a user names them: files, STAC items and catalogues, an API."""

import datetime as dt

import numpy as np
import pytest
from support import small_coast as coast
from support.stac_catalogue import served, write_catalogue

from bluecarbon.mrv.scene_arguments import (
    Declared,
    Search,
    date_of,
    date_of_map,
    named_bands,
    scene_set,
)
from bluecarbon.mrv.scene_files import remote_path

SCALED = Declared(bands=tuple(coast.BANDS), settings={"scale": 1e-4})


def codes_of(found):
    return [finding.code for finding in found]


@pytest.fixture
def scenes(tmp_path):
    coast.write_coast(tmp_path)
    return [str(tmp_path / f"{day}.tif") for day in ("2020-10-01", "2015-11-01", "2015-10-01")]


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("S2A_MSIL2A_20241024T025551", dt.date(2024, 10, 24)),
        ("2024-10-24", dt.date(2024, 10, 24)),
        ("LC08_123045_20241024_02_T1", dt.date(2024, 10, 24)),
        ("20240230", None),
        ("20240101_20240201", None),
        ("tile_50R", None),
        ("120241024", None),
    ],
)
def test_the_date_in_a_name(text, date):
    assert date_of(text) == date


def test_a_map_of_a_year_is_of_its_last_day():
    assert date_of_map("classes_2019") == dt.date(2019, 12, 31)
    assert date_of_map("classes_2019-05-01") == dt.date(2019, 5, 1)
    assert date_of_map("change_2015_2019") is None


@pytest.mark.parametrize(
    ("descriptions", "names"),
    [
        (("B02", "B08", "SCL"), ("blue", "nir", "scl")),
        (("blue_B02", "nir_B08"), ("blue", "nir")),
        (("SR_B5", "QA_PIXEL"), ("nir", "qa_pixel")),
        (("Green", "NIR"), ("green", "nir")),
        (("nir", "nir"), ()),
        (("nir", None), ()),
        (("VV", "VH"), ()),
    ],
)
def test_bands_by_their_descriptions(descriptions, names):
    assert named_bands(descriptions) == names


def test_scenes_in_the_order_of_their_dates_on_the_grid_of_the_first(scenes):
    made, found = scene_set(scenes, SCALED)
    assert found == ()
    assert [scene.date.isoformat() for _, scene in made.scenes] == [
        "2015-10-01", "2015-11-01", "2020-10-01",
    ]  # fmt: skip
    assert made.grid == coast.grid()
    assert made.imagery.mask_band == "scl"
    assert made.imagery.mask_legend == "sentinel-2-scl"
    assert {str(path) for path in made.files} == set(scenes)


def test_what_a_file_does_not_say_is_asked_for(scenes):
    _, found = scene_set(scenes, Declared(settings={"scale": 1e-4}))
    assert codes_of(found) == ["scene-bands-unnamed"]
    _, found = scene_set(scenes, Declared(bands=tuple(coast.BANDS)))
    assert codes_of(found) == ["scene-scale-missing"]
    _, found = scene_set(scenes, Declared(tuple(coast.BANDS), {"sensor": "sentinel2-l2a"}))
    assert codes_of(found) == ["scene-baseline-missing"] * 3
    _, found = scene_set(scenes, Declared(tuple(coast.BANDS), {"sensor": "spot", "scale": 1}))
    assert codes_of(found) == ["scene-setting-wrong"]


def test_every_file_that_is_none_is_named(scenes, tmp_path):
    (tmp_path / "2021-01-01.tif").write_bytes(b"II*\0")
    broken = [str(tmp_path / "2021-01-01.tif"), str(tmp_path / "2022-01-01.tif")]
    made, found = scene_set([*scenes, *broken], SCALED)
    assert made is None
    assert [(f.code, f.subject) for f in found] == [
        ("scene-unreadable", "2021-01-01.tif"),
        ("scene-unreadable", "2022-01-01.tif"),
    ]


def test_a_scene_twice_or_without_a_date(scenes, tmp_path):
    _, found = scene_set([scenes[0], scenes[0]], SCALED)
    assert codes_of(found) == ["scene-listed-twice"]
    plain = tmp_path / "scene.tif"
    plain.write_bytes((tmp_path / "2020-10-01.tif").read_bytes())
    assert codes_of(scene_set([str(plain)], SCALED)[1]) == ["scene-date-missing"]
    assert scene_set([str(plain)], SCALED, dated=False)[0] is not None
    made, _ = scene_set([f"2020-10-02={plain}"], SCALED)
    assert made.scenes[0][1].date == dt.date(2020, 10, 2)


def test_other_grids_need_a_rule(scenes, tmp_path):
    other = tmp_path / "2021-01-01.tif"
    coast.write_raster(other, coast.scene_numbers(2020, 9), coast.grid(left=coast.LEFT_M + 4))
    _, (finding,) = scene_set([*scenes, str(other)], SCALED)
    assert (finding.code, finding.severity) == ("grid-differs", "error")
    assert "--align" in finding.fix
    aligned = Declared(SCALED.bands, SCALED.settings, rule="bilinear")
    made, (finding,) = scene_set([*scenes, str(other)], aligned)
    assert made is not None
    assert (finding.code, finding.severity) == ("raster-resampled", "info")


def test_a_picture_is_refused(tmp_path):
    path = tmp_path / "2020-01-01.tif"
    coast.write_raster(path, np.ones((3, 40, 40), np.uint16))
    _, found = scene_set([str(path)], Declared(("red", "green", "blue"), {"scale": 1e-4}))
    assert set(codes_of(found)) == {"scene-rgb-only"}
    assert {finding.subject for finding in found} == {path.name}


SENTINEL = Declared(tuple(coast.BANDS), {"sensor": "sentinel2-l2a"})


def test_a_catalogue_and_an_item_on_disk(tmp_path):
    catalogue = write_catalogue(tmp_path / "stac")
    made, found = scene_set([str(catalogue)], SENTINEL)
    assert found == ()
    assert [scene.processing_baseline for _, scene in made.scenes] == ["05.09"] * 3
    assert len(made.files) == 3 * (1 + len(coast.BANDS))
    one, _ = scene_set([str(tmp_path / "stac/S2_2020-10-01.json")], SENTINEL)
    assert one.scenes[0][1].date == dt.date(2020, 10, 1)


def test_what_is_no_catalogue(tmp_path):
    (tmp_path / "a.json").write_text("{")
    assert codes_of(scene_set([str(tmp_path / "a.json")], SENTINEL)[1]) == ["stac-unreadable"]
    (tmp_path / "b.json").write_text('{"type": "Catalog", "links": []}')
    assert codes_of(scene_set([str(tmp_path / "b.json")], SENTINEL)[1]) == ["stac-empty"]


def test_an_api_is_asked_and_pinned(tmp_path):
    pytest.importorskip("pystac_client")
    with served(tmp_path / "stac") as address:
        _, found = scene_set([address], SENTINEL, pinned=tmp_path / "pinned")
        assert codes_of(found) == ["stac-search-missing"]
        search = Search(dates="2015-01-01/2020-12-31", collections=("s2",))
        made, found = scene_set([address], SENTINEL, search=search, pinned=tmp_path / "pinned")
    assert found == ()
    assert len(made.scenes) == 3
    assert (tmp_path / "pinned/catalog.json").is_file()


def test_addresses_as_gdal_spells_them():
    assert str(remote_path("https://a.org/b.tif")) == "/vsicurl?url=https%3A%2F%2Fa.org%2Fb.tif"
    assert str(remote_path("s3://bucket/b.tif")) == "/vsis3/bucket/b.tif"
