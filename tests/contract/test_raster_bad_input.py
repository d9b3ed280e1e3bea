"""Bad rasters: a finding that names the file and says what to do, exit code 2, nothing written."""

import os
import re

import geopandas as gpd
import numpy as np
import pytest
import shapely
import xarray as xr
from rasterio.shutil import copy
from support.change_maps import LEGEND, coast, digests, mrv, write_coast
from support.class_raster import write_classes
from support.demo import bluecarbon

from bluecarbon.cli.output_folder import replaced_folder
from bluecarbon.mrv.exports import write_netcdf, write_zarr
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
    across_the_antimeridian: ("raster-antimeridian", "west_2015.tif"),
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
    assert_refused(done, "polygon-no-overlap", "far.gpkg")
    assert "far.gpkg far: lies outside the map" in done.stderr


def test_strata_that_miss_the_map_are_an_error(tmp_path):
    paths = write_coast(tmp_path / "in")
    far = layer(tmp_path / "in/far.gpkg", [shapely.box(100, 5, 100.1, 5.1)], name=["far"])
    assert_refused(mrv("areas", paths[0], "--strata", far), "polygon-no-overlap", "far.gpkg")
    done = mrv("change", *paths, *LEGEND, "--strata", far, "--out", tmp_path / "out")
    assert_refused(done, "polygon-no-overlap", "far.gpkg")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_polygons_beside_the_map_are_named_with_their_file(tmp_path):
    class_map = write_coast(tmp_path / "in")[0]
    footprint = read_grid(class_map, "map", what="map")[0].footprint()
    shapes = [footprint.buffer(-0.001), shapely.box(100, 5, 100.1, 5.1)]
    both = layer(tmp_path / "both.gpkg", shapes, name=["near", "far"])
    for done in (mrv("zonal", class_map, both), mrv("areas", class_map, "--strata", both)):
        assert done.exit_code == 0, done.output
        assert "both.gpkg far: lies outside the map" in done.stderr


SIDES = [shapely.box(179.9, -16.2, 180, -16.0), shapely.box(-180, -16.2, -179.9, -16.0)]


@pytest.mark.parametrize(
    "shape",
    [
        shapely.MultiPolygon(SIDES),
        shapely.box(-179.9, -16.2, 179.9, -16.0),
        shapely.box(179.9, -16.2, 180.1, -16.0),
    ],
    ids=["in two parts", "around the world", "beyond 180"],
)
def test_polygons_across_the_antimeridian_are_refused(tmp_path, shape):
    (tmp_path / "in").mkdir()
    fiji = {"epsg": 4326, "pixel": 0.001, "left": 179.92, "top": -16.0, "nodata": 0}
    paths = [write_classes(tmp_path / f"in/fiji_{year}.tif", coast()[0], **fiji)
             for year in (2010, 2015)]  # fmt: skip
    island = layer(tmp_path / "in/island.gpkg", [shape], name=["island"])
    for arguments in (
        ["zonal", paths[0], island],
        ["areas", paths[0], "--strata", island],
        ["change", *paths, *LEGEND, "--strata", island, "--out", tmp_path / "out"],
    ):
        done = mrv(*arguments)
        assert_refused(done, "polygon-antimeridian", "island.gpkg")
        assert "180 degrees" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_maps_across_the_antimeridian_are_refused_and_those_that_end_there_are_not(tmp_path):
    maps = across_the_antimeridian(tmp_path, write_coast(tmp_path / "in"))
    side = layer(tmp_path / "side.gpkg", SIDES[:1], name=["west"])
    for arguments in (["areas", maps[0]], ["zonal", maps[0], side]):
        assert_refused(mrv(*arguments), "raster-antimeridian", "east_2010.tif")
    degrees = {"epsg": 4326, "pixel": 0.1 / 80 * (1 + 1e-14), "left": 179.9, "top": -16.0}
    assert mrv("areas", write_classes(tmp_path / "ends.tif", coast()[0], **degrees)).exit_code == 0


def test_a_file_that_is_not_there_is_called_that(tmp_path):
    class_map = write_coast(tmp_path / "in")[0]
    for arguments in (
        ["areas", tmp_path / "absent.tif"],
        ["zonal", class_map, tmp_path / "absent.gpkg"],
        ["convert", tmp_path / "absent.tif", "--out", tmp_path / "x.nc"],
    ):
        done = mrv(*arguments)
        assert done.exit_code == REFUSED
        assert "absent" in done.stderr
        assert "no such file" in done.stderr
        assert "truncated" not in done.stderr


def test_an_output_folder_that_holds_an_input_is_kept(tmp_path):
    out = tmp_path / "out"
    assert mrv("change", *write_coast(tmp_path / "in"), *LEGEND, "--out", out).exit_code == 0
    before = digests(out)
    years = ["2010=" + str(out / "maps/change_2010_2015.tif"),
             "2015=" + str(out / "maps/change_2015_2020.tif")]  # fmt: skip
    done = mrv("change", *years, "--class", 1, "--out", out)
    assert done.exit_code == REFUSED
    assert "change_2010_2015.tif" in done.stderr
    mosaic = tmp_path / "mosaic_2010.vrt"
    copy(out / "maps/change_2010_2015.tif", mosaic, driver="VRT")
    done = mrv("change", mosaic, tmp_path / "in/classes_2015.tif", "--class", 1, "--out", out)
    assert done.exit_code == REFUSED
    assert "change_2010_2015.tif" in done.stderr
    assert digests(out) == before


def test_an_output_folder_of_another_command_is_kept(tmp_path):
    paths = write_coast(tmp_path / "in")
    with replaced_folder(tmp_path / "run", tmp_path / "project.toml") as folder:
        (folder / "ledger.sqlite").write_text("credits")
    done = mrv("change", *paths, *LEGEND, "--out", tmp_path / "run")
    assert done.exit_code == REFUSED
    assert "was made by bluecarbon run" in done.stderr
    assert (tmp_path / "run/ledger.sqlite").read_text() == "credits"


@pytest.mark.parametrize("name", ["climate.nc", "climate.zarr"])
def test_a_data_set_of_somebody_else_is_kept(tmp_path, name):
    paths = write_coast(tmp_path / "in")
    out = tmp_path / name
    write = {".nc": write_netcdf, ".zarr": write_zarr}[out.suffix]
    write(xr.Dataset({"rain": ("x", [1.0, 2.0])}), out)
    before = digests(tmp_path)
    for command in (["stack", *paths, *LEGEND], ["convert", paths[0]]):
        assert_refused(mrv(*command, "--out", out), "setting-wrong", name)
    assert digests(tmp_path) == before
    other = tmp_path / f"own{out.suffix}"
    for _ in range(2):
        assert mrv("stack", *paths, *LEGEND, "--out", other).exit_code == 0
    assert_refused(mrv("convert", paths[0], "--out", other), "setting-wrong", other.name)


def test_a_data_set_is_not_written_over_its_input(tmp_path):
    paths = write_coast(tmp_path / "in")
    before = digests(tmp_path)
    raster = paths[0].rename(tmp_path / "in/classes_2010.nc")
    for command in (["stack", raster, *paths[1:], *LEGEND], ["convert", raster]):
        done = mrv(*command, "--out", raster)
        assert done.exit_code == REFUSED
        assert "is an input" in done.stderr
    raster.rename(paths[0])
    assert digests(tmp_path) == before


@pytest.mark.parametrize("name", ["in/classes_2010.tif", "map.csv", "notes.csv", "labelled.csv"])
def test_a_drawn_sample_replaces_nothing_but_an_unlabelled_sample(tmp_path, name):
    class_map = write_coast(tmp_path / "in")[0]
    (tmp_path / "notes.csv").write_text("when,who\n1,me\n")
    (tmp_path / "labelled.csv").write_text("point_id,lon,lat,label\n1,2,3,mangrove\n")
    (tmp_path / "map.csv").write_bytes(class_map.read_bytes())
    before = digests(tmp_path)
    draw = ["draw-sample", class_map, *LEGEND, "--points", "mangrove=5", "--seed", 1, "--out"]
    done = mrv(*draw, tmp_path / name)
    assert done.exit_code == REFUSED
    assert name in done.stderr
    assert digests(tmp_path) == before
    for _ in range(2):
        assert mrv(*draw, tmp_path / "sample.csv").exit_code == 0


def test_the_command_itself_ends_with_two(tmp_path):
    paths = write_coast(tmp_path / "in")
    done = bluecarbon("mrv", "change", *same_year(tmp_path, paths), "--out", tmp_path / "out")
    assert done.returncode == REFUSED
    assert "class-map-year-twice" in done.stderr
    assert "Nothing was written" in done.stderr
