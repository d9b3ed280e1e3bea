"""Patches of loss and gain from maps of change; what nobody saw is neither."""

from functools import partial

import numpy as np
import pytest
from shapely import box
from support.change_maps import coast
from support.class_raster import write_classes
from support.dated_maps import degrees, geodesic_rectangle_ha, grid

from bluecarbon.mrv import change_patches
from bluecarbon.mrv.change_areas import Period
from bluecarbon.mrv.change_map import change_codes
from bluecarbon.mrv.change_patches import joined, patches_of, patches_of_file
from bluecarbon.mrv.patch_bands import patches_by_bands

PERIOD = Period(2010, 2015)
PLACE = grid(40, 50)


def change():
    """A loss of 6 x 8 pixels, a gain of 2 x 3, and a corner that one map did not see."""
    before = np.full((40, 50), 2, np.uint8)
    before[10:16, 20:28] = 1
    after = np.full((40, 50), 2, np.uint8)
    after[30:32, 5:8] = 1
    before[:4, :4], after[:4, :4] = 1, 255
    return change_codes(before, after)


def test_a_patch_has_its_pixels_on_the_ellipsoid():
    loss = patches_of(change(), PLACE, kind="loss", period=PERIOD)
    assert len(loss) == 1
    assert loss.loc[0, ["kind", "from_year", "to_year"]].tolist() == ["loss", 2010, 2015]
    expected = geodesic_rectangle_ha(PLACE, slice(10, 16), slice(20, 28))
    assert loss.loc[0, "area_ha"] == pytest.approx(expected, rel=1e-6)
    gain = patches_of(change(), PLACE, kind="gain", period=PERIOD)
    expected = geodesic_rectangle_ha(PLACE, slice(30, 32), slice(5, 8))
    assert gain["area_ha"].tolist() == pytest.approx([expected], rel=1e-6)


def test_strata_cut_patches():
    west = degrees(PLACE, box(0, 0, 24, 40))
    loss = patches_of(change(), PLACE, kind="loss", period=PERIOD, strata={"west": west})
    half = geodesic_rectangle_ha(PLACE, slice(10, 16), slice(20, 24))
    assert loss["stratum"].tolist() == ["west"]
    assert loss["area_ha"].sum() == pytest.approx(half, rel=1e-5)


def test_a_file_gives_what_its_array_gives(tmp_path):
    path = write_classes(tmp_path / "change.tif", change(), left=400_000.0, top=2_400_000.0)
    drawn, found = patches_of_file(path, "loss", PERIOD)
    assert found == ()
    assert drawn.equals(patches_of(change(), PLACE, kind="loss", period=PERIOD))


@pytest.mark.parametrize("seed", range(4))
def test_a_map_too_large_for_memory_is_drawn_by_bands(tmp_path, monkeypatch, seed):
    rng = np.random.default_rng(seed)
    # tiles of 16 rows: patches cross many seams, touch at corners and hold holes
    codes = np.where(rng.random((100, 60)) < 0.5 + 0.04 * seed, 3, 4).astype(np.uint8)
    codes[:, 30] = 3
    path = write_classes(tmp_path / "change.tif", codes, left=400_000.0, top=2_400_000.0)
    place = grid(100, 60)
    whole = patches_of(codes, place, kind="loss", period=PERIOD)
    monkeypatch.setattr(change_patches, "POLYGON_PIXELS_MAX", 100)
    monkeypatch.setattr(
        change_patches, "patches_by_bands", partial(patches_by_bands, pixels=16 * 60)
    )
    drawn, found = patches_of_file(path, "loss", PERIOD)
    assert found == ()
    assert len(drawn) == len(whole)
    assert drawn["area_ha"].sum() == pytest.approx(whole["area_ha"].sum(), rel=1e-9)
    assert drawn.union_all().symmetric_difference(whole.union_all()).area < 1e-14
    assert sorted(drawn["area_ha"]) == pytest.approx(sorted(whole["area_ha"]), rel=1e-7)
    tops = drawn.to_crs(place.crs).bounds["maxy"].to_numpy()
    assert (np.diff(tops) < 0.01).all()
    strata = {"west": degrees(place, box(0, 0, 20, 100))}
    cut, _ = patches_of_file(path, "loss", PERIOD, strata=strata)
    part = patches_of(codes, place, kind="loss", period=PERIOD, strata=strata)
    assert cut["area_ha"].sum() == pytest.approx(part["area_ha"].sum(), rel=1e-7)


def test_a_large_map_without_change_has_no_patches(tmp_path, monkeypatch):
    path = write_classes(tmp_path / "change.tif", np.full((40, 50), 4, np.uint8))
    monkeypatch.setattr(change_patches, "POLYGON_PIXELS_MAX", 100)
    drawn, found = patches_of_file(path, "loss", PERIOD)
    assert (len(drawn), found) == (0, ())
    path.write_bytes(path.read_bytes()[:600])
    drawn, (finding,) = patches_of_file(path, "loss", PERIOD)
    assert (drawn, finding.code) == (None, "change-map-unreadable")


def test_a_broken_map_is_named(tmp_path):
    path = write_classes(tmp_path / "change.tif", coast()[0])
    path.write_bytes(path.read_bytes()[:2000])
    drawn, (finding,) = patches_of_file(path, "loss", PERIOD)
    assert drawn is None
    assert finding.code == "change-map-unreadable"


def test_periods_are_joined_and_an_empty_one_keeps_its_columns():
    loss = patches_of(change(), PLACE, kind="loss", period=PERIOD)
    none = patches_of(np.zeros((40, 50), np.uint8), PLACE, kind="loss", period=PERIOD)
    assert joined([none, loss, none]).equals(loss)
    assert joined([none, none]).columns.tolist() == loss.columns.tolist()
