"""Each bad raster through the function and through the command: one code, the file named, no file.

Beside test_raster_bad_input.py, which spoils the maps of ``mrv change`` in many more ways: here one
table says what every public way of reading does with each kind of bad input.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pytest
import shapely
from rasterio.shutil import copy
from support import small_coast
from support.change_maps import LEGEND, coast, digests, mrv, write_coast
from support.class_raster import write_classes
from support.toml_file import toml
from typer.testing import CliRunner

from bluecarbon.cli.app import app
from bluecarbon.mrv import overviews
from bluecarbon.mrv.extent import measure_extent
from bluecarbon.mrv.map_arguments import MapLegend, crossing_findings
from bluecarbon.mrv.raster_datasets import class_dataset
from bluecarbon.mrv.transitions import DatedMap, transition_areas
from bluecarbon.mrv.zonal import zonal_areas

REFUSED = 2
NAMES = {1: "mangrove", 2: "other"}
YEARS = (2010, 2015)


@dataclass(frozen=True)
class Case:
    """Maps of two dates, a polygon, and what is expected: code, file, and a word of the message."""

    maps: tuple
    code: str
    name: str
    word: str = ""
    polygon: object = None


def scene_numbers():
    """Reflectance x 10 000 of 96 x 80 pixels, no two alike."""
    return (np.arange(96 * 80).reshape(96, 80) + 200).astype(np.uint16)


def map_of(folder, name, codes, **profile):
    folder.mkdir(exist_ok=True)
    return write_classes(folder / name, codes, **({"nodata": 0} | profile))


def pair(folder, second):
    return write_coast(folder)[0], second


def sixteen_bits(folder):
    made = map_of(folder, "many_2015.tif", scene_numbers(), nodata=None)
    return Case(pair(folder, made), "class-map-too-many-classes", made.name, "the largest 7879")


def a_band_of_a_scene(folder):
    made = map_of(folder, "nir_2015.tif", scene_numbers(), nodata=None)
    return Case(
        pair(folder, made), "class-map-too-many-classes", made.name, "look like reflectance"
    )


def a_scene(folder):
    made = folder / "scene_2015.tif"
    first = write_coast(folder)[0]
    small_coast.write_raster(made, small_coast.scene_numbers(2015, 1))
    return Case((first, made), "class-map-bands", made.name, "looks like a scene")


def reflectance(folder):
    made = map_of(folder, "light_2015.tif", (scene_numbers() / 1e4).astype(np.float32), nodata=None)
    return Case(pair(folder, made), "class-map-not-whole-numbers", made.name, "reflectance")


def truncated(folder):
    made = write_coast(folder)[1]
    whole = made.read_bytes()
    made.write_bytes(whole[: len(whole) * 2 // 3])
    return Case((folder / "classes_2010.tif", made), "class-map-unreadable", made.name)


def not_there(folder):
    made = folder / "absent_2015.tif"
    return Case(pair(folder, made), "class-map-unreadable", made.name, "no such file")


def without_crs(folder):
    made = map_of(folder, "nowhere_2015.tif", coast()[1], crs=None)
    return Case(pair(folder, made), "class-map-no-crs", made.name)


ONE_MAP = [sixteen_bits, a_band_of_a_scene, a_scene, reflectance, truncated, not_there, without_crs]


def antimeridian(folder):
    degrees = {"epsg": 4326, "pixel": 0.001, "top": -16.0, "left": 179.98}
    maps = [map_of(folder, f"fiji_{year}.tif", coast()[0], **degrees) for year in YEARS]
    side = shapely.box(179.98, -16.05, 180, -16)
    return Case(tuple(maps), "raster-antimeridian", "fiji_2010.tif", "180 degrees", side)


def antimeridian_in_metres(folder):
    metres = {"epsg": 32660, "pixel": 5000.0, "left": 500_000.0, "top": 8_200_000.0}
    maps = [map_of(folder, f"utm_{year}.tif", coast()[0], **metres) for year in YEARS]
    side = shapely.box(178, 72, 179, 73)
    return Case(tuple(maps), "raster-antimeridian", "utm_2010.tif", "180 degrees", side)


def beyond_the_world(folder):
    # Mollweide: the corners of the rectangle are no place on Earth
    metres = {"crs": "ESRI:54009", "pixel": 450_000.0, "left": -18_000_000.0, "top": 9_000_000.0}
    maps = [map_of(folder, f"world_{year}.tif", coast()[0][:40], **metres) for year in YEARS]
    return Case(
        tuple(maps), "raster-beyond-world", "world_2010.tif", "no area", shapely.box(1, 1, 9, 9)
    )


PLACES = [antimeridian, antimeridian_in_metres, beyond_the_world]


def coarser(folder):
    made = map_of(folder, "coarse_2015.tif", coast()[1][::2, ::2], pixel=20.0)
    return Case(pair(folder, made), "class-map-grid-differs", made.name, "20 x 20")


def apart(folder):
    made = map_of(folder, "far_2015.tif", coast()[1], left=900_000.0)
    return Case(pair(folder, made), "class-map-no-overlap", made.name)


def out_of_order(folder):
    first, second = write_coast(folder)[:2]
    return Case((second, first), "class-map-year-order", first.name)


def year_twice(folder):
    first, second = write_coast(folder)[:2]
    return Case((first, f"2010={second}"), "class-map-year-twice", second.name)


TWO_MAPS = [coarser, apart, out_of_order, year_twice]


def dated(maps):
    """The maps as the functions take them; years as the command reads them."""
    found = []
    for item in maps:
        year, _, path = str(item).rpartition("=")
        place = type(maps[0])(path) if year else item
        found.append(DatedMap(int(year or place.stem[-4:]), place))
    return found


def assert_named(findings, case):
    (found, *more) = [f for f in findings if f.code == case.code]
    assert found.severity == "error"
    assert case.name in found.subject
    assert case.word in found.message
    assert found.fix
    assert all(case.code == other.code for other in more)


def assert_said(done, case):
    assert done.exit_code == REFUSED, done.output
    lines = [line for line in done.stderr.splitlines() if f"({case.code})" in line]
    assert any(case.name in line and case.word in line for line in lines), done.stderr
    assert all(" -> " in line for line in lines)
    assert done.stdout == ""
    assert "Traceback" not in done.output


def layer(path, shape):
    frame = gpd.GeoDataFrame({"name": ["a"]}, geometry=[shape], crs=4326)
    frame.to_file(path, driver="GPKG")
    return path


def box_of(maps):
    return shapely.box(109.74, 21.50, 109.75, 21.51)


pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


@pytest.mark.parametrize("spoil", [*ONE_MAP, *PLACES, *TWO_MAPS], ids=lambda item: item.__name__)
def test_change_and_stack(tmp_path, spoil):
    case = spoil(tmp_path / "in")
    before = digests(tmp_path)
    for command, out in (("change", "out"), ("stack", "out.nc")):
        if command == "stack" and spoil is apart:
            continue  # another grid is all that a stack can say
        options = () if spoil in PLACES else LEGEND
        assert_said(mrv(command, *case.maps, *options, "--out", tmp_path / out), case)
    assert digests(tmp_path) == before
    maps = dated(case.maps)
    if spoil in PLACES:
        assert_named(crossing_findings(maps), case)
    else:
        table, found = transition_areas(maps, legend=NAMES)
        assert table is None
        assert_named(found, case)
    if spoil is not apart:
        made, found = class_dataset(maps, MapLegend(NAMES, NAMES))
        assert made is None
        assert_named(found, case)


@pytest.mark.parametrize("spoil", [*ONE_MAP, *PLACES], ids=lambda item: item.__name__)
def test_areas_and_zonal(tmp_path, spoil):
    case = spoil(tmp_path / "in")
    shape = case.polygon or box_of(case.maps)
    place = layer(tmp_path / "in/place.gpkg", shape)
    before = digests(tmp_path)
    (bad,) = [path for path in case.maps if path.name == case.name]
    assert_said(mrv("areas", bad), case)
    assert_said(mrv("zonal", bad, place), case)
    assert_said(mrv("areas", bad, "--strata", place), case)
    assert digests(tmp_path) == before
    table, found = zonal_areas(DatedMap(0, bad), {"a": shape})
    assert table is None
    assert_named(found, case)


def test_polygons_that_meet_nothing(tmp_path):
    class_map = write_coast(tmp_path / "in")[0]
    shape = shapely.box(100, 5, 100.1, 5.1)
    far = layer(tmp_path / "in/far.gpkg", shape)
    case = Case((class_map,), "polygon-no-overlap", "far.gpkg")
    assert_said(mrv("zonal", class_map, far), case)
    assert_said(mrv("areas", class_map, "--strata", far), case)
    table, found = zonal_areas(DatedMap(0, class_map), {"far": shape})
    assert len(table) == 0
    assert [(f.code, f.subject) for f in found] == [("polygon-beyond-map", "far")]


def test_nodata_that_is_a_class_is_a_warning_everywhere(tmp_path):
    paths = write_coast(tmp_path / "in", nodata=2)[:2]
    done = mrv("change", *paths, *LEGEND, "--legend", "0=gap", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert done.stderr.count("class-map-nodata-is-class") == 2
    _, found = transition_areas(dated(paths), legend={**NAMES, 0: "gap"})
    warned = [f.subject for f in found if f.code == "class-map-nodata-is-class"]
    assert warned == [path.name for path in paths]


def test_missing_overviews_are_said_once(tmp_path, monkeypatch):
    monkeypatch.setattr(overviews, "OVERVIEWS_FROM_PX", 50)
    paths = write_coast(tmp_path / "in")
    place = layer(tmp_path / "in/place.gpkg", box_of(paths))
    for arguments in (
        ["areas", paths[0]],
        ["zonal", paths[0], place],
        ["change", *paths, *LEGEND, "--out", tmp_path / "out"],
    ):
        done = mrv(*arguments)
        assert done.exit_code == 0, done.output
        lines = [line for line in done.stderr.splitlines() if "raster-no-overviews" in line]
        assert len(lines) == 1
        assert "classes_2010.tif" in lines[0]


def test_a_map_of_sixteen_bits_with_few_classes_is_read(tmp_path):
    numbers = np.array([0, 300, 1000], np.uint16)
    paths = [
        map_of(tmp_path, f"wide_{year}.tif", numbers[codes])
        for year, codes in zip(YEARS, coast(), strict=False)
    ]
    legend = ["--legend", "300=mangrove", "--legend", "1000=other"]
    assert mrv("change", *paths, *legend, "--out", tmp_path / "out").exit_code == 0
    areas = mrv("areas", paths[0], *legend)
    assert ",300,mangrove," in areas.stdout
    assert ",1000,other," in areas.stdout


def spoilt_scene(folder, table):
    return table["imagery"]["scene"][0]["path"], "scene-unreadable"


def spoilt_covariate(folder, table):
    small_coast.write_raster(folder / "height.tif", np.ones((1, 40, 40), np.float32))
    table["mapping"]["covariate"] = [
        {"name": "elevation", "path": "height.tif", "kind": "elevation"}
    ]
    return "height.tif", "covariate-unreadable"


def spoilt_training(folder, table):
    small_coast.write_raster(folder / "labels.tif", small_coast.truth(2015)[None])
    legend = {str(code): name for code, name in small_coast.NAMES.items()}
    table["training"] = {"raster": "labels.tif", "raster_epoch": 2015, "raster_legend": legend}
    return "labels.tif", "class-map-unreadable"


def spoilt_class_map(folder, table):
    for section in ("imagery", "training", "mapping"):
        del table[section]
    maps = [{"path": f"map_{epoch}.tif", "epoch": epoch} for epoch in small_coast.EPOCHS]
    for item in maps:
        codes = small_coast.truth(item["epoch"])[None]
        small_coast.write_raster(folder / item["path"], codes)
    legend = {str(code): name for code, name in small_coast.NAMES.items()}
    table["class_maps"] = {"legend": legend, "map": maps}
    return "map_2015.tif", "class-map-unreadable"


def cut(path, *, tail):
    """The beginning of a file, or all of a cloud-optimised one, whose directory is in front, but
    its tail.
    """
    if tail:
        copy(path, path.with_suffix(".cog"), driver="COG")
        path.with_suffix(".cog").rename(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-40] if tail else whole[: len(whole) // 3])


@pytest.mark.parametrize("tail", [False, True], ids=["beginning", "all but the tail"])
@pytest.mark.parametrize(
    "spoil",
    [spoilt_scene, spoilt_covariate, spoilt_training, spoilt_class_map],
    ids=lambda item: item.__name__,
)
def test_truncated_files_of_a_project(tmp_path, spoil, tail):
    table = small_coast.write_coast(tmp_path)
    name, code = spoil(tmp_path, table)
    cut(tmp_path / name, tail=tail)
    extent, found = measure_extent(small_coast.project(tmp_path, table))
    assert extent is None
    (finding,) = [f for f in found if f.severity == "error"]
    assert finding.subject.startswith(name)
    assert finding.code in {code, code.replace("class-map", "label-raster")}
    (tmp_path / "project.toml").write_text(toml({"schema_version": 1} | table), encoding="utf-8")
    before = digests(tmp_path)
    for arguments in (["check"], ["run", "--out", str(tmp_path / "out")]):
        done = CliRunner().invoke(
            app, [arguments[0], str(tmp_path / "project.toml"), *arguments[1:]]
        )
        assert done.exit_code == REFUSED, done.output
        assert name in done.output
        assert finding.code in done.output
    assert digests(tmp_path) == before


def test_a_scene_given_as_a_class_map_of_a_project(tmp_path):
    table = small_coast.write_coast(tmp_path)
    spoilt_class_map(tmp_path, table)
    place = small_coast.grid()
    numbers = (np.arange(1600).reshape(1, 40, 40) + 200).astype(np.uint16)
    small_coast.write_raster(tmp_path / "map_2015.tif", numbers, place)
    _, found = measure_extent(small_coast.project(tmp_path, table))
    (finding,) = [f for f in found if f.severity == "error"]
    assert (finding.code, finding.subject) == ("class-map-too-many-classes", "map_2015.tif band 1")
    assert "look like reflectance" in finding.message
