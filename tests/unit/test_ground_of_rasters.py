"""Rasters that lie on no ground, count longitudes another way, or are no rasters: said in words."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from support.change_maps import LEGEND, coast, mrv
from support.class_raster import write_classes

from bluecarbon.mrv.rasters import Grid, pole_findings, read_grid
from bluecarbon.mrv.regrid import antimeridian_findings


def degrees(left, top, size=0.5, rows=20, columns=20):
    return Grid(CRS.from_epsg(4326), Affine(size, 0, left, 0, -size, top), rows, columns)


@pytest.mark.parametrize(
    ("top", "rows", "beyond"),
    [(95.0, 20, True), (-85.0, 20, True), (90.0, 360, False), (90.25, 361, False)],
)
def test_there_is_no_ground_beyond_a_pole(top, rows, beyond):
    place = degrees(0.0, top, rows=rows)
    codes = ["raster-beyond-world"] if beyond else []
    assert [finding.code for finding in pole_findings(place, "m.tif")] == codes
    assert [finding.code for finding in antimeridian_findings(place, "m.tif")] == codes


@pytest.mark.parametrize(
    ("left", "code"),
    [
        (175.0, "raster-antimeridian"),
        (-185.0, "raster-antimeridian"),
        (180.0, "raster-longitudes-turned"),
        (250.0, "raster-longitudes-turned"),
        (-300.0, "raster-longitudes-turned"),
        (170.0, None),
        (-180.0, None),
    ],
)
def test_longitudes_to_360_are_not_a_crossing(left, code):
    found = antimeridian_findings(degrees(left, 10.0), "m.tif")
    assert [finding.code for finding in found] == ([code] if code else [])
    if left == 250.0:
        assert "from 250 to 260" in found[0].message
        assert "from -110 degrees on" in found[0].fix


def test_negative_hectares_are_refused(tmp_path):
    path = write_classes(
        tmp_path / "m_2015.tif", coast()[0], epsg=4326, pixel=0.01, left=10.0, top=95.0
    )
    done = mrv("areas", path, *LEGEND)
    assert done.exit_code == 2
    assert "raster-beyond-world" in done.stderr
    assert done.stdout == ""


def message_of(path):
    grid, (finding,) = read_grid(path, path.name, what="class-map")
    assert (grid, finding.code) == (None, "class-map-unreadable")
    return f"{finding.message} -> {finding.fix}"


def test_what_is_no_raster_is_not_called_damaged(tmp_path):
    empty = tmp_path / "empty.tif"
    empty.touch()
    torn = write_classes(tmp_path / "torn.tif", np.ones((9, 9), np.uint8))
    torn.write_bytes(torn.read_bytes()[:4])
    assert "the file is empty (0 bytes)" in message_of(empty)
    assert "is a folder" in message_of(tmp_path)
    assert "bands count from 1" in message_of(tmp_path / "m.tif#0")
    assert "bands count" not in message_of(tmp_path / "m.tif#10")
    assert "truncated or damaged" in message_of(torn)
    store = tmp_path / "folder.zarr"
    store.mkdir()
    done = mrv("areas", store)
    assert done.exit_code == 2
    assert "nor a Zarr store" in done.stderr
    assert "damaged" not in done.stderr


def test_the_band_of_a_file_of_many_is_asked_for_as_it_is_given(tmp_path):
    path = tmp_path / "many_2015.tif"
    one = write_classes(tmp_path / "one.tif", coast()[0])
    with (
        rasterio.open(one) as source,
        rasterio.open(path, "w", **source.profile | {"count": 2}) as to,
    ):
        to.write(np.stack(coast()[:2]))
    done = mrv("areas", path, *LEGEND, "--legend", "0=pond")
    assert done.exit_code == 2
    assert "many_2015.tif#1" in done.stderr
    assert mrv("areas", f"{path}#2", *LEGEND, "--legend", "0=pond").exit_code == 0


def test_maps_of_no_data_alone_say_so(tmp_path):
    maps = [
        write_classes(tmp_path / f"m_{year}.tif", np.zeros((9, 9), np.uint8), nodata=0)
        for year in (2015, 2020)
    ]
    done = mrv("change", *maps, "--class", "1", "--out", tmp_path / "out")
    assert "no class occurs: every pixel" in done.stderr
    assert "none" not in done.stderr
