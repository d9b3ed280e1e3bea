"""What ``mrv stack`` and ``convert`` write, commands read again; what is wrong names the file."""

import hashlib

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from support import dated_maps as kit
from support.change_maps import LEGEND, YEARS, coast, digests, mrv, write_coast

from bluecarbon.mrv.arrays import legend_of, to_dataarray
from bluecarbon.mrv.cube_maps import cube_layers, years_of
from bluecarbon.mrv.exports import write_netcdf, write_zarr
from bluecarbon.mrv.manifest import digest_of
from bluecarbon.mrv.map_arguments import dated_maps, undated_map
from bluecarbon.mrv.map_sources import is_cube
from bluecarbon.mrv.rasters import read_grid
from bluecarbon.mrv.transitions import DatedMap

REFUSED = 2
WRITERS = {"stack.nc": write_netcdf, "stack.zarr": write_zarr}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three maps, and both kinds of stack that the command makes of them."""
    place = tmp_path_factory.mktemp("cubes")
    tags = {"class_000": "outside", "class_001": "mangrove", "class_002": "other"}
    paths = write_coast(place / "in", tags=tags)
    for name in WRITERS:
        done = mrv("stack", *paths, "--out", place / name)
        assert done.exit_code == 0, done.output
    return place


def maps_of(folder):
    return [folder / f"in/classes_{year}.tif" for year in YEARS]


@pytest.fixture
def strata(tmp_path, folder):
    """Two polygons with edges across pixels, as a file."""
    grid, _ = read_grid(maps_of(folder)[0], "map", what="class-map")
    shapes = [shapely.box(2.5, 3.3, 40.7, 50.1), shapely.Point(53.2, 68.3).buffer(20.4)]
    placed = [kit.degrees(grid, shape) for shape in shapes]
    frame = gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=placed, crs=4326)
    path = tmp_path / "strata.geojson"
    frame.to_file(path, driver="GeoJSON")
    return path


@pytest.mark.parametrize("name", WRITERS)
def test_areas_and_zones_of_a_year_are_those_of_its_map(folder, strata, name):
    for command in (["areas"], ["zonal", strata], ["areas", "--strata", strata]):
        of_file = mrv(command[0], maps_of(folder)[1], *command[1:])
        of_cube = mrv(command[0], f"2015={folder / name}", *command[1:])
        assert of_cube.exit_code == 0, of_cube.output
        assert of_cube.stdout == of_file.stdout
        assert of_cube.stdout.count("mangrove") >= 1


@pytest.mark.parametrize("name", WRITERS)
def test_change_of_a_stack_writes_the_same_bytes(folder, strata, tmp_path, name):
    rules = ["--strata", strata, "--mmu", "2"]
    for out, given in (("files", maps_of(folder)), ("cube", [folder / name])):
        done = mrv("change", *given, *rules, "--out", tmp_path / out)
        assert done.exit_code == 0, done.output
    expected, made = (digests(tmp_path / out) for out in ("files", "cube"))
    for manifest in ("manifest.txt", "manifest.json"):
        assert made.pop(manifest) != expected.pop(manifest)
    assert made == expected
    text = (tmp_path / "cube/manifest.json").read_text(encoding="utf-8")
    assert digest_of(folder / name, "map").sha256 in text
    assert f"{name} 2015" in text


@pytest.mark.parametrize("name", WRITERS)
def test_a_stack_of_a_stack_is_the_stack(folder, tmp_path, name):
    assert mrv("stack", folder / name, "--out", tmp_path / "again.nc").exit_code == 0
    with (
        xr.open_dataset(tmp_path / "again.nc", engine="h5netcdf", decode_cf=False) as again,
        xr.open_dataset(folder / "stack.nc", engine="h5netcdf", decode_cf=False) as first,
    ):
        xr.testing.assert_equal(again, first)
        assert again["classes"].dtype == np.uint8
        assert legend_of(again["classes"]) == {0: "outside", 1: "mangrove", 2: "other"}
        assert again["classes"].attrs["_FillValue"] == 0


def test_convert_turns_one_kind_into_the_other_and_back(folder, tmp_path):
    assert mrv("convert", folder / "stack.nc", "--out", tmp_path / "b.zarr").exit_code == 0
    assert mrv("convert", tmp_path / "b.zarr", "--out", tmp_path / "c.nc").exit_code == 0
    with (
        xr.open_dataset(tmp_path / "c.nc", engine="h5netcdf", decode_cf=False) as back,
        xr.open_dataset(folder / "stack.nc", engine="h5netcdf", decode_cf=False) as first,
    ):
        xr.testing.assert_equal(back, first)
        for name, value in first["classes"].attrs.items():
            assert np.array_equal(back["classes"].attrs[name], value), name


def test_points_are_judged_and_drawn_on_a_year_of_a_stack(folder, tmp_path):
    drawn = {}
    for kind, given in (("file", maps_of(folder)[2]), ("cube", f"2020={folder / 'stack.nc'}")):
        points = tmp_path / f"{kind}.csv"
        wanted = ["--points", "mangrove=30", "--points", "other=30"]
        done = mrv("draw-sample", given, *wanted, "--seed", 4, "--out", points)
        assert done.exit_code == 0, done.output
        table = pd.read_csv(points)
        table["label"] = np.where(table.index % 4 == 0, "other", "mangrove")
        table.to_csv(points, index=False)
        judged = mrv("accuracy", points, "--map", given)
        assert judged.exit_code == 0, judged.output
        share = ["--expected", "mangrove=0.9", "--expected", "other=0.8", "--target", "0.02"]
        drawn[kind] = (table.drop(columns="point_id"), judged.stdout)
        assert mrv("sample-size", given, *share).exit_code == 0
    assert drawn["cube"][0].equals(drawn["file"][0])
    assert drawn["cube"][1] == drawn["file"][1]


def write_stack(path, years, *, legend=None, fill=None, codes=None):
    place = kit.grid(96, 80, left=370_000.0, top=2_380_000.0)
    values = np.stack(codes or coast())
    array = to_dataarray(values, place, "classes", legend=legend)
    array = array.rename(band="year").assign_coords(year=list(years))
    if fill is not None:
        array.attrs["_FillValue"] = np.uint8(fill)
    WRITERS[f"stack{path.suffix}"](array.to_dataset(), path)
    return path


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
@pytest.mark.parametrize(
    ("years", "code"),
    [((2010, 2020, 2015), "class-map-year-order"), ((2010, 2010, 2015), "class-map-year-twice")],
)
def test_dates_out_of_order_or_twice_name_the_file(tmp_path, suffix, years, code):
    path = write_stack(tmp_path / f"series{suffix}", years)
    done = mrv("change", path, *LEGEND, "--out", tmp_path / "out")
    assert done.exit_code == REFUSED
    assert f"series{suffix}: year" in done.stderr
    assert code in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_a_fill_value_that_is_a_class_is_said_and_counted(tmp_path, suffix):
    names = {0: "water", 1: "mangrove", 2: "other"}
    path = write_stack(tmp_path / f"series{suffix}", YEARS, legend=names, fill=0)
    done = mrv("areas", f"2010={path}")
    assert done.exit_code == 0, done.output
    assert f"warning: series{suffix}: " in done.stderr
    assert "number 0 is _FillValue and the class 'water' at once" in done.stderr
    assert ",water," in done.stdout


def test_the_year_must_be_said_where_one_map_is_meant(folder):
    done = mrv("areas", folder / "stack.nc")
    assert done.exit_code == REFUSED
    assert "holds maps of 2010, 2015, 2020 -> say which one is meant, as in 2020=stack.nc" in (
        done.stderr
    )
    assert "and none of 1999" in mrv("areas", f"1999={folder / 'stack.nc'}").stderr
    assert "3 maps" in mrv("areas", f"{folder / 'stack.nc'}#4").stderr
    assert mrv("areas", f"{folder / 'stack.nc'}#2").exit_code == 0


BROKEN = {
    "missing.nc": lambda _: None,
    "text.nc": lambda path: path.write_text("no cube", encoding="utf-8"),
    "empty.zarr": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_opened_is_named(tmp_path, name):
    BROKEN[name](tmp_path / name)
    for command in (["areas", f"2010={tmp_path / name}"], ["change", tmp_path / name]):
        more = ["--out", tmp_path / "out"] if command[0] == "change" else []
        done = mrv(*command, *more)
        assert done.exit_code == REFUSED, done.output
        assert f"error: {name}:" in done.stderr
        assert "Nothing was written" in done.stderr


def test_a_cube_that_ends_early_is_named(folder, tmp_path):
    content = bytearray((folder / "stack.nc").read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = bytes(4000)
    (tmp_path / "damaged.nc").write_bytes(content)
    done = mrv("change", tmp_path / "damaged.nc", "--out", tmp_path / "out")
    assert done.exit_code == REFUSED, done.output
    assert "error: damaged.nc" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_cube_of_values_is_no_class_map(tmp_path):
    heights = to_dataarray(np.random.default_rng(1).random((96, 80)), kit.grid(96, 80), "height")
    write_netcdf(heights.to_dataset(), tmp_path / "height.nc")
    done = mrv("areas", tmp_path / "height.nc")
    assert done.exit_code == REFUSED
    assert "error: height.nc: holds 0." in done.stderr


def test_an_output_is_never_its_input(folder):
    before = hashlib.sha256((folder / "stack.nc").read_bytes()).hexdigest()
    done = mrv("stack", folder / "stack.nc", "--out", folder / "stack.nc")
    assert done.exit_code == REFUSED
    assert "is an input" in done.stderr
    done = mrv("change", folder / "stack.zarr", "--out", folder / "stack.zarr")
    assert done.exit_code == REFUSED
    assert hashlib.sha256((folder / "stack.nc").read_bytes()).hexdigest() == before


def test_arguments_name_years_of_cubes(folder):
    stack = folder / "stack.nc"
    maps, found = dated_maps([str(stack)])
    assert found == ()
    assert maps == tuple(DatedMap(year, stack) for year in YEARS)
    assert dated_maps([f"2015={stack}"])[0] == (DatedMap(2015, stack),)
    assert undated_map(f"2015={stack}") == DatedMap(2015, stack)
    assert years_of(cube_layers(stack)[0]) == YEARS


def test_one_map_without_a_date_takes_the_year_that_is_given(folder, tmp_path):
    made = mrv("convert", maps_of(folder)[0], "--out", tmp_path / "classes_2010.nc")
    assert made.exit_code == 0, made.output
    path = tmp_path / "classes_2010.nc"
    assert dated_maps([str(path)])[0] == (DatedMap(2010, path),)
    assert mrv("areas", path).stdout == mrv("areas", maps_of(folder)[0]).stdout


def test_a_raster_with_the_suffix_of_a_cube_is_a_raster(folder, tmp_path):
    path = tmp_path / "classes_2010.nc"
    path.write_bytes(maps_of(folder)[0].read_bytes())
    assert not is_cube(path)
    assert is_cube(folder / "stack.nc")
    assert mrv("areas", path).exit_code == 0


def test_the_digest_of_a_store_tells_its_files_and_their_names(tmp_path):
    store = tmp_path / "a.zarr"
    (store / "classes").mkdir(parents=True)
    (store / ".zattrs").write_text("{}", encoding="utf-8")
    (store / "classes/0.0").write_bytes(b"1234")
    first = digest_of(store, "map")
    assert (first.name, first.size_bytes) == ("a.zarr", 6)
    (store / "classes/0.0").rename(store / "classes/0.1")
    moved = digest_of(store, "map")
    (store / "classes/0.1").write_bytes(b"1235")
    assert len({first.sha256, moved.sha256, digest_of(store, "map").sha256}) == 3
    assert digest_of(store / ".zattrs", "map").size_bytes == 2
