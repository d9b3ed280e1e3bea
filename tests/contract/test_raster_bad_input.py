"""Bad rasters: a finding that names the file and says what to do, exit code 2, nothing written."""

import os
import re

import geopandas as gpd
import numpy as np
import pytest
import shapely
from support.change_maps import LEGEND, coast, digests, mrv, write_coast
from support.class_raster import write_classes
from support.demo import bluecarbon

from bluecarbon.mrv.rasters import read_grid, write_class_map

REFUSED = 2


def moved(folder, paths):
    return [paths[0], write_classes(folder / "far_2015.tif", coast()[1], left=900_000.0, nodata=0)]


def coarser(folder, paths):
    codes = coast()[1][::2, ::2]
    return [paths[0], write_classes(folder / "coarse_2015.tif", codes, pixel=20.0, nodata=0)]


def truncated(folder, paths):
    whole = paths[1].read_bytes()
    paths[1].write_bytes(whole[: len(whole) * 2 // 3])
    return paths


def measured(folder, paths):
    values = np.arange(96 * 80, dtype=np.uint16).reshape(96, 80)
    return [paths[0], write_classes(folder / "height_2015.tif", values)]


def floats(folder, paths):
    return [paths[0], write_classes(folder / "share_2015.tif", coast()[1].astype(np.float32))]


def same_year(folder, paths):
    return [paths[0], f"2010={paths[1]}"]


def out_of_order(folder, paths):
    return [paths[1], paths[0], paths[2]]


def without_year(folder, paths):
    return [paths[0], paths[1].rename(folder / "classes_new.tif")]


def across_the_antimeridian(folder, paths):
    degrees = {"epsg": 4326, "pixel": 0.001, "top": -16.0, "nodata": 0}
    east = write_classes(folder / "east_2010.tif", coast()[0], left=179.98, **degrees)
    west = write_classes(folder / "west_2015.tif", coast()[1], left=-180.02, **degrees)
    return [east, west]


def without_crs(folder, paths):
    return [paths[0], write_classes(folder / "nowhere_2015.tif", coast()[1], crs=None)]


def unnamed_number(folder, paths):
    codes = coast()[1]
    codes[50, 50] = 9
    return [paths[0], write_classes(folder / "classes9_2015.tif", codes, nodata=0)]


def missing(folder, paths):
    return [paths[0], folder / "absent_2015.tif"]


def alone(folder, paths):
    return paths[:1]


SPOILT = {
    moved: ("class-map-no-overlap", "far_2015.tif"),
    coarser: ("class-map-grid-differs", "coarse_2015.tif"),
    truncated: ("class-map-unreadable", "classes_2015.tif"),
    measured: ("class-map-too-many-classes", "height_2015.tif"),
    floats: ("class-map-not-whole-numbers", "share_2015.tif"),
    same_year: ("class-map-year-twice", "classes_2015.tif"),
    out_of_order: ("class-map-year-order", "classes_2010.tif"),
    without_year: ("class-map-year-missing", "classes_new.tif"),
    across_the_antimeridian: ("class-map-no-overlap", "west_2015.tif"),
    without_crs: ("class-map-no-crs", "nowhere_2015.tif"),
    unnamed_number: ("class-map-number-unknown", "classes9_2015.tif"),
    missing: ("class-map-unreadable", "absent_2015.tif"),
    alone: ("class-map-missing", "classes_2010.tif"),
}


def assert_refused(done, code, name):
    assert done.exit_code == REFUSED, done.output
    lines = [line for line in done.stderr.splitlines() if f"({code})" in line]
    assert any(name in line for line in lines), done.stderr
    assert all(" -> " in line for line in lines), "a finding says what to do"
    assert "Traceback" not in done.output
    assert done.stdout == ""


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("spoil", SPOILT, ids=lambda spoil: spoil.__name__)
def test_spoilt_maps_are_refused_by_name(tmp_path, spoil):
    arguments = spoil(tmp_path / "in", write_coast(tmp_path / "in"))
    before = digests(tmp_path)
    assert_refused(mrv("change", *arguments, *LEGEND, "--out", tmp_path / "out"), *SPOILT[spoil])
    assert digests(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("spoil", [coarser, truncated, same_year, without_year])
def test_a_stack_of_spoilt_maps_is_refused_by_name(tmp_path, spoil):
    arguments = spoil(tmp_path / "in", write_coast(tmp_path / "in"))
    done = mrv("stack", *arguments, *LEGEND, "--out", tmp_path / "out.nc")
    assert_refused(done, *SPOILT[spoil])
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_the_antimeridian_is_named(tmp_path):
    maps = across_the_antimeridian(tmp_path / "in", write_coast(tmp_path / "in"))
    assert "antimeridian" in mrv("change", *maps, *LEGEND, "--out", tmp_path / "out").stderr


def test_a_map_that_breaks_off_in_its_last_tile_leaves_no_table(tmp_path):
    paths = write_coast(tmp_path / "in")
    grid, _ = read_grid(paths[2], "map", what="map")
    # A cloud-optimised file has its directory in front: it opens, and fails when it is read.
    write_class_map(paths[2], coast()[2], grid, {1: "mangrove", 2: "other"})
    paths[2].write_bytes(paths[2].read_bytes()[:-40])
    for command, map_ in (("areas", paths[2:]), ("change", paths)):
        out = ["--out", tmp_path / "out"] if command == "change" else []
        done = mrv(command, *map_, *LEGEND, *out)
        assert_refused(done, "class-map-unreadable", "classes_2020.tif")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_nodata_that_is_a_class_is_counted_and_said(tmp_path):
    paths = write_coast(tmp_path / "in", nodata=2)
    done = mrv("change", *paths, *LEGEND, "--legend", "0=gap", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    warned = re.findall(r"warning: (\S+): .*\(class-map-nodata-is-class\)", done.stderr)
    assert warned == [path.name for path in paths]


def test_a_map_of_one_class_beside_nodata_can_show_no_change(tmp_path):
    only = [np.where(codes == 1, 1, 0).astype(np.uint8) for codes in coast()]
    paths = write_coast(tmp_path / "in", codes=only)
    blind = mrv("change", *paths, "--out", tmp_path / "blind")
    assert "class-map-one-class" in blind.stderr
    seen = mrv("change", *paths, *LEGEND[:2], "--legend", "0=other", "--out", tmp_path / "seen")
    assert "class-map-one-class" not in seen.stderr


SETTINGS = [
    (["--legend", "mangrove"], "setting-wrong", "--legend"),
    (["--legend", "1=mangrove", "--legend", "1=other"], "setting-wrong", "--legend"),
    (["--align", "bilinear"], "setting-wrong", "--align"),
    (["--adjacency", "6"], "setting-wrong", "--adjacency"),
    (["--persistence", "always"], "setting-wrong", "--persistence"),
    (["--class", "seagrass"], "class-unknown", "--class"),
    (["--workers", "2", "--dask", "tcp://localhost:1"], "setting-wrong", "--workers"),
]


@pytest.mark.parametrize(("options", "code", "name"), SETTINGS)
def test_settings_that_mean_nothing_are_refused(tmp_path, options, code, name):
    paths = write_coast(tmp_path / "in")
    assert_refused(mrv("change", *paths, *options, "--out", tmp_path / "out"), code, name)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_folder_of_somebody_else_is_kept(tmp_path):
    paths = write_coast(tmp_path / "in")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/thesis.docx").write_text("years of work")
    done = mrv("change", *paths, *LEGEND, "--out", tmp_path / "out")
    assert done.exit_code == REFUSED
    assert "thesis.docx" in done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.docx"]


@pytest.mark.parametrize("place", ["classes.nc", "classes.zarr", "classes.tif"])
def test_places_that_cannot_be_written_are_named(tmp_path, place):
    paths = write_coast(tmp_path / "in")
    (tmp_path / "file").write_text("")
    done = mrv("stack", *paths, *LEGEND, "--out", tmp_path / "file" / place)
    assert done.exit_code == REFUSED
    assert place in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "in"]


def test_a_read_only_folder_is_named(tmp_path):
    paths = write_coast(tmp_path / "in")
    (tmp_path / "locked").mkdir(mode=0o555)
    if os.access(tmp_path / "locked", os.W_OK):
        pytest.skip("this user may write anywhere")
    done = mrv("change", *paths, *LEGEND, "--out", tmp_path / "locked/out")
    assert done.exit_code == REFUSED
    assert "locked/out" in done.stderr


def test_a_zarr_name_that_is_somebody_elses_folder_is_kept(tmp_path):
    paths = write_coast(tmp_path / "in")
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr/notes.txt").write_text("mine")
    assert_refused(mrv("stack", *paths, "--out", tmp_path / "a.zarr"), "setting-wrong", "a.zarr")
    assert (tmp_path / "a.zarr/notes.txt").read_text() == "mine"


def layer(path, shapes, **columns):
    gpd.GeoDataFrame(columns, geometry=shapes, crs=4326).to_file(path, driver="GPKG")
    return path


def test_polygons_are_judged_before_pixels_are_read(tmp_path):
    class_map = write_coast(tmp_path / "in")[0]
    box = shapely.box(109.74, 21.5, 109.75, 21.51)
    twice = layer(tmp_path / "twice.gpkg", [box, box], name=["a", "a"])
    assert_refused(mrv("zonal", class_map, twice), "polygon-name-twice", "twice.gpkg")
    done = mrv("zonal", class_map, twice, "--name", "plot")
    assert_refused(done, "polygon-name-missing", "twice.gpkg")
    done = mrv("zonal", class_map, tmp_path / "none.gpkg")
    assert_refused(done, "polygon-unreadable", "none.gpkg")
    far = layer(tmp_path / "far.gpkg", [shapely.box(100, 5, 100.1, 5.1)], name=["far"])
    done = mrv("zonal", class_map, far)
    assert done.exit_code == 0
    assert "far: lies outside the map" in done.stderr


def test_the_command_itself_ends_with_two(tmp_path):
    paths = write_coast(tmp_path / "in")
    done = bluecarbon("mrv", "change", *same_year(tmp_path, paths), "--out", tmp_path / "out")
    assert done.returncode == REFUSED
    assert "class-map-year-twice" in done.stderr
    assert "Nothing was written" in done.stderr
