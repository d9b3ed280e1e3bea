"""Maps in memory count as maps in files do, to the last bit; what they lack is said by name."""

import pickle
import tempfile
from pathlib import Path

import dask.array
import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
import xarray as xr
from support import dated_maps as kit
from support.change_maps import YEARS, coast, write_coast

from bluecarbon.errors import DataError, OutputError
from bluecarbon.mrv.arrays import grid_of, to_dataarray
from bluecarbon.mrv.blocks import Threads
from bluecarbon.mrv.class_arrays import as_stored
from bluecarbon.mrv.exports import write_netcdf, write_zarr
from bluecarbon.mrv.map_sources import PREFIX, map_files
from bluecarbon.mrv.sample_arrays import sample_of
from bluecarbon.mrv.transitions import DatedMap, transition_areas
from bluecarbon.mrv.zonal import zonal_areas

LEGEND = {0: "outside", 1: "mangrove", 2: "other"}
PLACE = kit.grid(96, 80, left=370_000.0, top=2_380_000.0)


def array(codes=None, years=YEARS, *, fill=0, place=PLACE, legend=LEGEND):
    values = np.stack(coast()) if codes is None else codes
    made = to_dataarray(values, place, "classes", legend=legend)
    made = made.rename(band="year").assign_coords(year=list(years))
    return made if fill is None else made.assign_attrs(_FillValue=values.dtype.type(fill))


def decoded(made):
    """As xarray gives it back from a file: floats with gaps, the fill value in the encoding."""
    return xr.decode_cf(made.to_dataset(), decode_coords="all")["classes"]


FORMS = {
    "array": lambda a: a,
    "data set": lambda a: a.to_dataset(),
    "by year": lambda a: {year: a.sel(year=year, drop=True) for year in reversed(YEARS)},
    "a variable a year": lambda a: xr.Dataset(
        {f"map_{year}": a.sel(year=year, drop=True) for year in YEARS}
    ),
    "decoded": decoded,
    "dask": lambda a: a.chunk({"year": 2, "y": 33, "x": 50}),
    "turned": lambda a: a.transpose("x", "year", "y"),
    "wide numbers": lambda a: a.astype(np.int64),
    "times": lambda a: a.rename(year="time").assign_coords(
        time=np.array([f"{year}-06-01" for year in YEARS], "datetime64[ns]")
    ),
    "of one band": lambda a: {
        year: a.sel(year=year, drop=True).expand_dims("band") for year in YEARS
    },
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    paths = write_coast(tmp_path_factory.mktemp("maps"))
    return [DatedMap(year, path) for year, path in zip(YEARS, paths, strict=True)]


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """A folder for temporary files of the test alone, empty again when it ends."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def polygons():
    """Two overlapping polygons with edges across pixels, one of which leaves the map."""
    shapes = {
        "bay": shapely.Polygon([(3.3, 2.7), (60.2, 8.9), (71.5, 77.1), (12.4, 60.6)]),
        "cape": shapely.Point(70.4, 50.2).buffer(22.7),
    }
    return {name: kit.degrees(PLACE, shape) for name, shape in shapes.items()}


def strata_raster():
    return (np.indices((96, 80)).sum(axis=0) // 60).astype(np.uint8)


STRATA = {
    "none": (None, None),
    "polygons": (polygons(), polygons()),
    "layer": (
        polygons(),
        gpd.GeoDataFrame({"name": list(polygons())}, geometry=list(polygons().values()), crs=4326),
    ),
}


def same(first, second):
    assert first.years == second.years
    assert first.strata == second.strata
    for name in ("stratum", "codes", "pixels", "area_ha"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes(), name
    assert first.nodata == second.nodata


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("strata", STRATA)
def test_arrays_count_as_files_do(files, form, strata):
    of_files, of_arrays = STRATA[strata]
    expected, _ = transition_areas(files, strata=of_files)
    table, found = transition_areas(FORMS[form](array()), strata=of_arrays)
    assert not [finding for finding in found if finding.code != "polygon-beyond-map"]
    same(table, expected)


def test_stratum_numbers_may_be_an_array_with_gaps(files, tmp_path):
    numbers = strata_raster()
    path = kit.write(tmp_path / "strata.tif", numbers, PLACE)
    expected, _ = transition_areas(files, strata=path)
    gaps = to_dataarray(np.where(numbers == 0, np.nan, numbers), PLACE, "strata")
    table, found = transition_areas(array(), strata=gaps)
    assert found == ()
    same(table, expected)


def test_a_map_of_several_blocks_counts_as_its_file(tmp_path):
    """The order of sums is that of a file in tiles of 512: last bits are the same, too."""
    place = kit.grid(2600, 2700)
    codes = np.random.default_rng(3).choice([1, 2, 3], (2, 2600, 2700)).astype(np.uint8)
    paths = [
        kit.write(tmp_path / f"{year}.tif", layer, place, blocks=512, compress="zstd")
        for year, layer in zip(YEARS, codes, strict=False)
    ]
    maps = [DatedMap(year, path) for year, path in zip(YEARS, paths, strict=False)]
    lazy = array(codes, YEARS[:2], fill=None, place=place).chunk({"y": 1000, "x": 700})
    same(transition_areas(lazy)[0], transition_areas(maps)[0])


@pytest.mark.parametrize("mode", ["exact", "centre"])
def test_polygons_on_an_array_as_on_its_file(files, mode):
    expected, beyond = zonal_areas(files[1], polygons(), mode=mode)
    table, found = zonal_areas(array().sel(year=2015), polygons(), mode=mode)
    assert found == beyond
    assert table.equals(expected)


def test_a_layer_in_metres_is_brought_to_degrees(files):
    frame = gpd.GeoDataFrame(geometry=list(polygons().values()), crs=4326).to_crs(32649)
    table, _ = zonal_areas(array().sel(year=2015), frame)
    expected, _ = zonal_areas(files[1], polygons())
    assert table["polygon"].unique().tolist() == ["1", "2"]
    assert table["area_ha"].to_numpy() == pytest.approx(expected["area_ha"].to_numpy(), rel=1e-9)


def test_zonal_areas_are_of_one_date():
    table, found = zonal_areas(array(), polygons())
    assert table is None
    assert [finding.code for finding in found] == ["class-maps-several"]


class Elsewhere:
    """A runner whose workers get nothing but what can be pickled."""

    def results(self, work, items):
        for item in items:
            yield pickle.loads(pickle.dumps(work))(pickle.loads(pickle.dumps(item)))


def test_workers_of_a_cluster_find_the_files(files):
    table, _ = transition_areas(array(), strata=polygons(), runner=Elsewhere())
    same(table, transition_areas(files, strata=polygons(), runner=Threads(1))[0])


def test_every_chunk_is_computed_once():
    chunks = []

    def chunk(block_info=None):
        place = block_info[None]["array-location"]
        chunks.append(tuple(map(tuple, place)))
        return np.ones([stop - start for start, stop in place], np.uint8)

    lazy = dask.array.map_blocks(
        chunk, chunks=((1, 1), (400, 400, 400), (300, 600)), dtype=np.uint8, meta=np.empty(0, "u1")
    )
    place = kit.grid(1200, 900)
    table, _ = transition_areas(array(lazy, YEARS[:2], fill=None, place=place))
    assert table.pixels.tolist() == [1200 * 900]
    assert len(chunks) == len(set(chunks)) == 12


def test_the_file_is_tiled_and_says_what_the_array_says():
    with map_files(array()) as given:
        item = given.maps[2]
        assert item.subject == "classes 2020"
        with rasterio.open(item.path) as opened:
            assert opened.nodata == 0
            assert opened.tags()["class_001"] == "mangrove"
            assert opened.transform == grid_of(array()).transform
            assert np.array_equal(opened.read(1), coast()[2])
    assert not item.path.exists()


def test_files_are_handed_over_as_they_are(files, temporary):
    with map_files(files, polygons()) as given:
        assert given.maps == tuple(files)
        assert list(temporary.iterdir()) == []


def test_nothing_stays_behind_when_the_work_fails(temporary):
    seen = []

    def fail():
        with map_files(array()):
            seen.extend(place.name.startswith(PREFIX) for place in temporary.iterdir())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert seen == [True]


def test_without_a_place_for_files_it_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(OutputError, match="no temporary folder"):
        transition_areas(array())


def floats(value, *, fill):
    values = np.stack(coast()).astype(np.float32)
    values[1, 5, 5] = value
    return array(values, fill=fill, legend=None)


BAD = {
    "array-crs": lambda: array().drop_vars("spatial_ref"),
    "array-axes": lambda: array().isel(y=slice(None, None, -1)),
    "class-map-year-missing": lambda: array().rename(year="band"),
    "class-map-year-order": lambda: array(years=(2010, 2020, 2015)),
    "class-map-year-twice": lambda: array(years=(2010, 2015, 2015)),
    "class-map-gaps": lambda: floats(np.nan, fill=None),
    "class-map-not-whole-numbers": lambda: floats(1.5, fill=None),
    "class-map-flags-wrong": lambda: array().assign_attrs(flag_meanings="outside mangrove"),
    "class-map-variable": lambda: xr.Dataset(
        {name: array().isel(year=place, drop=True) for place, name in enumerate("ab")}
    ),
    "class-map-year-twice of variables": lambda: xr.Dataset(
        {f"{name}_2015": array().isel(year=place, drop=True) for place, name in enumerate("ab")}
    ),
    "class-map-years-several": lambda: {2010: array()},
}


@pytest.mark.parametrize("code", BAD)
def test_what_an_array_lacks_is_a_finding_that_names_it(code):
    table, found = transition_areas(BAD[code]())
    assert table is None
    assert [finding.code for finding in found] == [code.split()[0]]
    assert found[0].fix
    assert found[0].subject.startswith(("classes", "maps"))


def test_all_defects_of_an_array_are_told_at_once():
    wrong = array(years=(2010, 2020, 2015)).drop_vars("spatial_ref")
    _, found = transition_areas(wrong.assign_attrs(flag_meanings="one"))
    codes = {finding.code for finding in found}
    assert codes == {"array-crs", "class-map-year-order", "class-map-flags-wrong"}


def test_text_is_no_class_number():
    words = to_dataarray(np.full((96, 80), "mangrove"), PLACE, "words")
    assert [finding.code for finding in transition_areas(words)[1]] == [
        "class-map-not-whole-numbers"
    ]


def test_infinite_numbers_and_numbers_beyond_the_type_are_refused():
    for value in (np.inf, 2.0**40):
        table, (finding,) = transition_areas(floats(value, fill=None))
        assert table is None
        assert finding.code == "class-map-not-whole-numbers"


def test_a_fill_value_that_is_a_class_is_counted_as_the_class_and_warned_about(files):
    shown = array(legend={0: "water", 1: "mangrove", 2: "other"})
    for form in (shown, decoded(shown)):
        table, (finding,) = transition_areas(form)
        assert finding.code == "class-map-fill-is-class"
        assert "'water'" in finding.message
        assert table.codes.tolist() == transition_areas(files)[0].codes.tolist()


def test_points_are_looked_up_on_decoded_maps_as_on_stored_ones():
    stored = array().sel(year=2015, drop=True)
    places = [kit.degrees(PLACE, shapely.Point(c + 0.5, 10.5)) for c in range(0, 80, 2)]
    labels = ["mangrove", "other"] * 20
    points = gpd.GeoDataFrame({"label": labels}, geometry=places, crs=4326)
    expected, found = sample_of(points, stored)
    given, again = sample_of(points, decoded(stored))
    assert found == again
    assert given.points.equals(expected.points)
    assert given.strata.equals(expected.strata)
    assert as_stored(stored) is stored
    with pytest.raises(DataError, match="gaps"):
        as_stored(floats(np.nan, fill=None))


def test_a_fill_value_that_the_numbers_cannot_hold_marks_nothing():
    table, found = transition_areas(array(fill=None).assign_attrs(_FillValue=-9999))
    assert found == ()
    assert table.nodata == (None, None, None)


def test_flags_may_be_text_as_gdal_keeps_them():
    with map_files(array().assign_attrs(flag_values="0, 1b, 2")) as given:
        assert given.findings == ()
        with rasterio.open(given.maps[0].path) as opened:
            assert opened.tags()["class_002"] == "other"


def test_strata_must_be_one_layer_and_polygons_must_have_a_place():
    _, found = transition_areas(array(), strata=array())
    assert [finding.code for finding in found] == ["strata-layers"]
    frame = gpd.GeoDataFrame(geometry=list(polygons().values()))
    _, found = transition_areas(array(), strata=frame)
    assert [finding.code for finding in found] == ["polygon-no-crs"]


@pytest.mark.parametrize(("write", "name"), [(write_netcdf, "a.nc"), (write_zarr, "a.zarr")])
def test_a_dated_map_may_lie_in_a_cube(files, tmp_path, write, name):
    write(array().to_dataset(), tmp_path / name)
    maps = [DatedMap(year, tmp_path / name) for year in YEARS]
    same(transition_areas(maps)[0], transition_areas(files)[0])
    mixed = [files[0], *maps[1:]]
    same(transition_areas(mixed)[0], transition_areas(files)[0])
    with map_files(maps[1:]) as given:
        assert [item.subject for item in given.maps] == [f"{name} 2015", f"{name} 2020"]
        assert {item.file for item in given.maps} == {tmp_path / name}
        assert all(Path(item.path).is_file() for item in given.maps)
