"""Scenes of other places, empty composites, and reflectance far below 0."""

import json

import numpy as np
import pandas as pd
import pytest
from affine import Affine
from rasterio.crs import CRS
from rasterio.warp import transform_bounds
from support import small_coast as coast
from support.change_maps import mrv

from bluecarbon.mrv.area import pixel_area_ha
from bluecarbon.mrv.rasters import Grid
from bluecarbon.mrv.scene_frames import booked_outside, no_ground_findings

REFUSED = 2
BANDS = ["--bands", ",".join(coast.BANDS), "--scale", "0.0001"]
NAMES = ("b.tif", "a.tif")


@pytest.fixture
def folder(tmp_path):
    coast.write_coast(tmp_path)
    return tmp_path


def scene(folder, name, *, left=coast.LEFT_M, epsg=coast.EPSG, change=lambda numbers: numbers):
    numbers = change(coast.scene_numbers(2020, 5))
    coast.write_raster(folder / name, numbers, coast.grid(left=left, epsg=epsg))
    return folder / name


def composite(folder, *scenes, more=()):
    return mrv("composite", *scenes, *BANDS, *more, "--out", folder / "out")


@pytest.mark.parametrize("more", [(), ("--align", "bilinear")])
def test_a_scene_of_another_place_is_refused(folder, more):
    far = scene(folder, "2021-01-01.tif", left=coast.LEFT_M + 100_000)
    done = composite(folder, folder / "2020-10-01.tif", far, more=more)
    assert done.exit_code == REFUSED
    words = "error: 2021-01-01.tif: the scene and 2020-10-01.tif have no ground in common"
    assert words in done.stderr
    assert "(scene-no-overlap)" in done.stderr
    assert not (folder / "out").exists()


def in_degrees(*, share=1.0, east=0.0, north=0.0):
    """The west of the coast on a grid of 10 x 10 pixels in degrees, moved by some of them."""
    here = coast.grid()
    left, bottom, right, top = transform_bounds(here.crs, "EPSG:4326", *here.bounds)
    across, down = (right - left) * share / 10, (top - bottom) / 10
    corner = Affine(across, 0, left + east, 0, -down, top + north)
    return Grid(CRS.from_epsg(4326), corner, 10, 10)


def test_another_zone_is_another_place_or_the_same(folder):
    here = coast.grid()
    assert no_ground_findings(coast.grid(epsg=32650), here, NAMES)[0].code == "scene-no-overlap"
    same = in_degrees()
    assert no_ground_findings(same, here, NAMES) == ()
    (found,) = no_ground_findings(in_degrees(east=-360), same, NAMES)
    assert "antimeridian" in found.message
    (found,) = no_ground_findings(in_degrees(north=1), same, NAMES)
    assert "antimeridian" not in found.message


def test_ground_beyond_a_scene_is_booked_as_outside(folder):
    beside = scene(folder, "2021-01-01.tif", left=coast.LEFT_M + 100)
    done = composite(folder, folder / "2020-10-01.tif", beside)
    assert done.exit_code == 0, done.stderr
    table = pd.read_csv(folder / "out/removed.csv")
    rows = table[table["image"] == "2021-01-01.tif"].set_index("reason")["area_ha"]
    area = pixel_area_ha(coast.grid())
    assert rows["outside"] == pytest.approx(area[:, :10].sum())
    assert "nodata" not in rows
    assert rows.sum() == pytest.approx(area.sum())


def test_gaps_inside_the_frame_stay_nodata_in_any_system():
    here = coast.grid()
    reason = np.ones((40, 40), np.uint8)
    reason[5] = 4
    kept = booked_outside(reason, here, here)
    np.testing.assert_array_equal(kept, reason)
    booked = booked_outside(reason, here, in_degrees(share=0.5))
    assert (booked[6:34, :18] == 1).all()
    assert (booked[6:34, 22:] == 8).all()
    assert (booked[5] == 4).all()


def all_cloud(numbers):
    numbers[6] = coast.CLOUD
    return numbers


def test_a_composite_without_a_clear_pixel_is_refused(folder):
    cloud = scene(folder, "2021-01-01.tif", change=all_cloud)
    done = composite(folder, cloud)
    assert done.exit_code == REFUSED
    assert "error: composite 2021: no scene has a clear pixel" in done.stderr
    assert not (folder / "out").exists()
    beside = composite(folder, folder / "2020-10-01.tif", cloud)
    assert beside.exit_code == 0, beside.stderr
    assert "warning: 2021-01-01.tif: no pixel is clear" in beside.stderr
    years = composite(folder, folder / "2020-10-01.tif", cloud, more=["--season", "annual"])
    assert years.exit_code == REFUSED
    assert json.dumps(years.stderr).count("composite-empty") == 1


@pytest.mark.parametrize(("offset", "code"), [(-0.1, REFUSED), (-0.015, 0)])
def test_reflectance_far_below_0_is_an_offset_taken_twice(folder, offset, code):
    done = composite(folder, folder / "2020-10-01.tif", more=["--offset", offset])
    assert done.exit_code == code, done.stderr
    assert f"{'error' if code else 'warning'}: 2020-10-01.tif" in done.stderr
    assert "(scene-negative)" in done.stderr
    assert (folder / "out").exists() == (code == 0)
