"""Patches of loss and gain from maps of change; what nobody saw is neither."""

import numpy as np
import pytest
from support.change_maps import coast
from support.class_raster import write_classes
from support.dated_maps import degrees, geodesic_rectangle_ha, grid

from bluecarbon.mrv import change_patches
from bluecarbon.mrv.change_areas import Period
from bluecarbon.mrv.change_map import change_codes
from bluecarbon.mrv.change_patches import joined, patches_of, patches_of_file

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
    from shapely import box

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


def test_a_map_too_large_for_memory_is_left_out_with_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(change_patches, "POLYGON_PIXELS_MAX", 100)
    drawn, (finding,) = patches_of_file(
        write_classes(tmp_path / "change.tif", change()), "loss", PERIOD
    )
    assert drawn is None
    assert finding.severity == "warning"
    assert finding.subject == "change.tif"


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
