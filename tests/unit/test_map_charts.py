"""Maps for documents: where they say things lie, and that no colour is needed to read them."""

import io
import re

import numpy as np
import pytest
import shapely
from affine import Affine
from matplotlib.colors import to_rgb
from PIL import Image
from rasterio.crs import CRS

from bluecarbon.mrv import map_charts
from bluecarbon.mrv.evidence import COMPOSITE_FILE, DrawnMap, Evidence

UTM = CRS.from_epsg(32649)
PLACE = Affine(10.0, 0.0, 370_000.0, 0.0, -10.0, 2_380_000.0)


def coast(rows=30, columns=60):
    """Water in the south, mangrove in the west, one pond."""
    codes = np.full((rows, columns), 3, dtype=np.uint8)
    codes[:, : columns // 2] = 1
    codes[-5:] = 2
    codes[2:4, 50:55] = 4
    codes[:, 0] = 0
    return codes


def evidence(codes=None, folder=None, transform=PLACE, crs=UTM):
    codes = coast() if codes is None else codes
    later = codes.copy()
    later[10:15, 5:10] = 3
    later[10:15, 40:45] = 1
    maps = {year: DrawnMap(c, transform, crs) for year, c in ((2019, codes), (2024, later))}
    corner = shapely.box(109.7505, 21.5175, 109.7535, 21.519)
    return Evidence(None, folder, maps, (("K15", corner), ("E0", shapely.box(0, 0, 0.1, 0.1))))


def test_a_map_is_the_same_bytes_each_time_and_has_no_clock():
    first = map_charts.class_map_svg(evidence(), 2019)
    assert first == map_charts.class_map_svg(evidence(), 2019)
    assert b"<dc:date>" not in first
    assert b"http" not in re.sub(rb'"http://[^"]*"|//DTD[^>]*>', b"", first)


def test_a_map_is_drawn_once_for_all_languages():
    one = evidence()
    assert map_charts.class_map_svg(one, 2024) is map_charts.class_map_svg(one, 2024)


def test_the_legend_has_what_is_on_the_map_and_nothing_else():
    names = [s.name for s in map_charts.class_legend(evidence(), 2019)]
    assert names == ["mangrove", "water", "tidal_flat", "pond"]
    change = [s.name for s in map_charts.change_legend(evidence(), 2019, 2024)]
    assert change == ["stable mangrove", "gain", "loss", "stable other"]


def lightness(colour):
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)
    )
    return 116 * (0.2126 * red + 0.7152 * green + 0.0722 * blue) ** (1 / 3) - 16


@pytest.mark.parametrize("key", [map_charts._CLASS_KEY, map_charts._CHANGE_KEY])
def test_classes_differ_by_pattern_or_by_lightness(key):
    """In grey a class is known by its pattern or by 20 steps of lightness (CIE L*) from others."""
    shown = [
        (n, key.colours[n], map_charts._HATCHES.get(n, ""))
        for n in key.legend.values()
        if n != "outside"
    ]
    alike = [
        (a[0], b[0])
        for i, a in enumerate(shown)
        for b in shown[i + 1 :]
        if a[2] == b[2] and abs(lightness(a[1]) - lightness(b[1])) < 20
    ]
    assert [pair for pair in alike if set(pair) != {"stable mangrove", "stable other"}] == []
    assert abs(lightness("#b9d7c0") - lightness("#f1f1f1")) > 10


def test_loss_and_gain_stand_out_from_what_stays():
    look = map_charts._CHANGE_KEY.colours
    for name in ("loss", "unobserved"):
        assert lightness(look["stable mangrove"]) - lightness(look[name]) > 25


def test_the_pattern_is_in_the_picture():
    picture = map_charts._patterned(coast(), map_charts._CLASS_KEY)
    times = picture.shape[0] // 30
    assert times > 10
    water = picture[-4 * times :, times:].reshape(-1, 3)
    assert len(np.unique(water, axis=0)) == 2
    mangrove = picture[: 10 * times, times : 20 * times].reshape(-1, 3)
    assert np.allclose(mangrove, to_rgb("#117733"))


def test_places_are_found_where_they_lie():
    """A corner of the grid in degrees comes back as its column and row."""
    drawn = evidence().maps[2019]
    lon, lat = map_charts._lonlat(drawn, np.array([0.0, 60.0]), np.array([0.0, 30.0]))
    columns, rows = map_charts._Placed(drawn)(lon, lat)
    assert columns == pytest.approx([0, 60], abs=1e-6)
    assert rows == pytest.approx([0, 30], abs=1e-6)


@pytest.mark.parametrize(
    ("transform", "crs", "across", "down"),
    [
        # 370 km: 130 km west of the central meridian, UTM's scale there is 0.9998
        (PLACE, UTM, 10.0, 10.0),
        # one arc second of longitude at 21.5 degrees: 30.9 m x cos(21.5)
        (Affine(1 / 3600, 0, 109.7, 0, -1 / 3600, 21.5), CRS.from_epsg(4326), 28.8, 30.76),
    ],
)
def test_the_scale_bar_knows_the_size_of_a_pixel(transform, crs, across, down):
    drawn = DrawnMap(coast(), transform, crs)
    assert map_charts._pixel_m(drawn) == pytest.approx((across, down), rel=3e-3)


@pytest.mark.parametrize(("value", "rounded"), [(970, 500), (500, 500), (0.013, 0.01), (26, 20)])
def test_a_bar_has_a_round_length(value, rounded):
    assert map_charts._round_down(value) == pytest.approx(rounded)


def test_degrees_are_round_and_say_their_half_of_the_earth():
    assert map_charts._round_values(np.array([109.7512, 109.7893])) == [109.76, 109.77, 109.78]
    assert [map_charts._angle(v, "NS") for v in (21.5, -3.25)] == ["21.5°N", "3.25°S"]


def test_a_map_in_degrees_is_drawn_too():
    transform = Affine(1e-4, 0, 109.75, 0, -1e-4, 21.52)
    drawn = evidence(transform=transform, crs=CRS.from_epsg(4326))
    assert map_charts.class_map_svg(drawn, 2024).startswith(b"<?xml")


def test_composites_are_shown_where_there_are_some(tmp_path):
    here = evidence(folder=tmp_path)
    assert map_charts.composites_svg(here, (2019, 2024)) is None
    (tmp_path / "maps").mkdir()
    picture = np.zeros((30, 60, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / COMPOSITE_FILE.format(epoch=2019))
    drawn = map_charts.composites_svg(here, (2019, 2024))
    assert drawn.count(b"<image") == 1


def test_every_composite_has_a_scale_bar_and_north(tmp_path, monkeypatch):
    (tmp_path / "maps").mkdir()
    for epoch in (2019, 2024):
        picture = Image.fromarray(np.zeros((30, 60, 3), dtype=np.uint8))
        picture.save(tmp_path / COMPOSITE_FILE.format(epoch=epoch))
    figures = []
    monkeypatch.setattr(map_charts, "svg", lambda figure: figures.append(figure) or b"")
    map_charts.composites_svg(evidence(folder=tmp_path), (2019, 2024))
    for axes in figures[0].axes:
        assert [text.get_text() for text in axes.texts] == ["100 m", "N"]


def test_a_swatch_is_a_picture_of_its_own():
    for swatch in map_charts.change_legend(evidence(), 2019, 2024):
        assert swatch.svg.startswith(b"<svg")
        assert swatch.svg.endswith(b"</svg>")
        assert io.BytesIO(swatch.svg).read().count(b"<rect") == 2
