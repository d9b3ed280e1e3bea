"""Sizes of classes and points drawn in them: counted right, at random, the same for a seed."""

import numpy as np
import pytest
from support.class_raster import write_classes

from bluecarbon.mrv.area import pixel_area_ha
from bluecarbon.mrv.blocks import Threads
from bluecarbon.mrv.class_sizes import by_class, class_sizes, values_at
from bluecarbon.mrv.rasters import read_grid
from bluecarbon.mrv.sample_drawing import draw_points

RNG = np.random.default_rng(7)
CODES = RNG.choice([0, 1, 2], size=(700, 40), p=[0.2, 0.1, 0.7]).astype(np.uint8)
NAMES = {0: "water", 1: "mangrove", 2: "other"}


@pytest.fixture(scope="module")
def raster(tmp_path_factory):
    return write_classes(tmp_path_factory.mktemp("map") / "map.tif", CODES)


def test_every_number_is_counted_and_0_is_a_class(raster):
    sizes, findings = class_sizes(raster)
    assert findings == ()
    assert sizes["stratum"].tolist() == ["0", "1", "2"]
    assert sizes["pixels"].tolist() == np.bincount(CODES.ravel()).tolist()


def test_hectares_are_those_of_the_pixels(raster):
    sizes, _ = class_sizes(raster, names=NAMES)
    pixel_ha = pixel_area_ha(read_grid(raster, "map.tif", what="map")[0])
    for code, area_ha in zip(sizes["code"], sizes["area_ha"], strict=True):
        assert area_ha == pytest.approx(pixel_ha[code == CODES].sum(), rel=1e-7)


def test_threads_do_not_change_the_sums(raster):
    one, _ = class_sizes(raster, runner=Threads(1))
    many, _ = class_sizes(raster, runner=Threads(3))
    assert one.equals(many)


def test_numbers_of_one_name_are_one_stratum(raster):
    sizes, _ = class_sizes(raster, names={0: "rest", 1: "mangrove", 2: "rest"})
    strata = by_class(sizes).set_index("stratum")["pixels"]
    assert strata["rest"] == (CODES != 1).sum()


def test_nodata_that_is_no_class_is_said_and_one_that_is_named_counts(tmp_path):
    path = write_classes(tmp_path / "map.tif", CODES, nodata=0)
    sizes, (finding,) = class_sizes(path)
    assert sizes["stratum"].tolist() == ["1", "2"]
    assert finding.code == "class-map-nodata"
    assert f"{(CODES == 0).sum():,} pixels" in finding.message
    sizes, findings = class_sizes(path, names=NAMES)
    assert sizes["stratum"].tolist() == ["water", "mangrove", "other"]
    assert findings == ()


def test_names_come_from_the_tags_of_our_own_maps(tmp_path):
    tags = {"class_000": "outside", "class_001": "mangrove", "class_002": "water"}
    path = write_classes(tmp_path / "map.tif", CODES, nodata=0, tags=tags)
    assert class_sizes(path)[0]["stratum"].tolist() == ["mangrove", "water"]


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        (CODES.astype(np.float32), "class-map-not-classes"),
        (CODES.astype(np.int32) * 70_000, "class-map-not-classes"),
    ],
)
def test_rasters_that_are_no_class_maps_are_refused(tmp_path, codes, code):
    table, (finding,) = class_sizes(write_classes(tmp_path / "map.tif", codes))
    assert table is None
    assert (finding.code, finding.subject) == (code, "map.tif")


def test_numbers_of_sixteen_bits_with_a_sign_are_read(tmp_path):
    path = write_classes(tmp_path / "map.tif", CODES.astype(np.int16) - 1)
    assert class_sizes(path)[0]["code"].tolist() == [-1, 0, 1]


def test_a_missing_band_and_a_damaged_file_are_findings(raster, tmp_path):
    assert class_sizes(raster, band=3)[1][0].code == "class-map-band-missing"
    broken = tmp_path / "broken.tif"
    broken.write_bytes(raster.read_bytes()[:9000])
    assert class_sizes(broken)[1][0].code == "class-map-unreadable"


def test_points_lie_in_their_class_and_no_pixel_is_drawn_twice(raster):
    points, findings = draw_points(raster, {"mangrove": 150, "water": 80}, seed=1, names=NAMES)
    assert findings == ()
    assert points["stratum"].value_counts().to_dict() == {"mangrove": 150, "water": 80}
    codes = values_at(raster, points["row"].to_numpy(), points["column"].to_numpy())
    assert [NAMES[code] for code in codes] == points["stratum"].tolist()
    assert not points.duplicated(["row", "column"]).any()
    assert (points["label"] == "").all()


def test_places_are_pixel_centres(raster):
    points, _ = draw_points(raster, {"other": 30}, seed=2, names=NAMES)
    grid, _ = read_grid(raster, "map.tif", what="map")
    row, column = grid.pixels_of(points["lon"].to_numpy(), points["lat"].to_numpy())
    # seven digits of a degree are a centimetre, a thousandth of a pixel
    np.testing.assert_allclose(row, points["row"] + 0.5, atol=2e-3)
    np.testing.assert_allclose(column, points["column"] + 0.5, atol=2e-3)


def test_the_seed_decides(raster):
    first, _ = draw_points(raster, {"mangrove": 40}, seed=3, names=NAMES)
    again, _ = draw_points(raster, {"mangrove": 40}, seed=3, names=NAMES, runner=Threads(1))
    other, _ = draw_points(raster, {"mangrove": 40}, seed=4, names=NAMES)
    assert first.equals(again)
    assert not first.equals(other)


def test_classes_come_in_no_order(raster):
    points, _ = draw_points(raster, {"mangrove": 100, "water": 100}, seed=5, names=NAMES)
    assert 30 < (points["stratum"].iloc[:100] == "mangrove").sum() < 70


def test_all_pixels_can_be_drawn(tmp_path):
    path = write_classes(tmp_path / "map.tif", np.array([[1, 2, 1], [2, 1, 1]], np.uint8))
    points, _ = draw_points(path, {"1": 4}, seed=0)
    assert len(points.drop_duplicates(["row", "column"])) == 4
    assert (points["inclusion_probability"] == 1.0).all()


def test_in_degrees_every_hectare_has_the_same_chance(tmp_path):
    # from 0 to 60 degrees north a pixel shrinks to half: 3/4 of the ground lies below 37.8 degrees
    codes = np.ones((120, 40), np.uint8)
    path = write_classes(tmp_path / "map.tif", codes, epsg=4326, pixel=0.5, left=0.0, top=60.0)
    rows = np.concatenate(
        [draw_points(path, {"1": 400}, seed=seed)[0]["row"].to_numpy() for seed in range(10)]
    )
    pixel_ha = pixel_area_ha(read_grid(path, "map.tif", what="map")[0])[:, 0]
    south = pixel_ha[60:].sum() / pixel_ha.sum()
    drawn = (rows >= 60).mean()
    # four standard errors of a share of 4 000 points
    assert drawn == pytest.approx(south, abs=4 * np.sqrt(south * (1 - south) / 4000))
    assert abs(drawn - 0.5) > 0.05


@pytest.mark.parametrize(
    ("allocation", "code"),
    [
        ({"reef": 5}, "stratum-unknown"),
        ({"mangrove": 10**6}, "stratum-too-small"),
        ({"mangrove": 0}, "stratum-too-small"),
    ],
)
def test_allocations_that_the_map_does_not_have_are_refused(raster, allocation, code):
    table, (finding,) = draw_points(raster, allocation, seed=0, names=NAMES)
    assert table is None
    assert finding.code == code
