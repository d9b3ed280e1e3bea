"""Change of arrays is what ``mrv change`` writes of files: tables, maps and patches."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from support import dated_maps as kit
from support.change_maps import YEARS, coast, mrv, write_coast

from bluecarbon.mrv.arrays import grid_of, legend_of, to_dataarray
from bluecarbon.mrv.blocks import Threads
from bluecarbon.mrv.change_arrays import ChangeQuestion, change_of
from bluecarbon.mrv.minimum_mapping_unit import MappingUnit
from bluecarbon.mrv.transitions import DatedMap

NAMES = {1: "mangrove", 2: "other"}
PLACE = kit.grid(96, 80, left=370_000.0, top=2_380_000.0)

RULES = {
    "as they are": ((), ChangeQuestion(legend=NAMES)),
    "mapping unit": (("--mmu", "3"), ChangeQuestion(legend=NAMES, mapping_unit=MappingUnit(3))),
    "both rules": (
        ("--mmu", "2", "--adjacency", "8", "--persistence", "three-date"),
        ChangeQuestion(legend=NAMES, mapping_unit=MappingUnit(2, 8), three_dates=True),
    ),
}


def arrays(fills=(0, 0, 0)):
    """Maps by year, each with its own number for "no data"."""
    made = {}
    for year, codes, fill in zip(YEARS, coast(), fills, strict=True):
        array = to_dataarray(codes, PLACE, "classes", legend=NAMES)
        made[year] = array.assign_attrs(_FillValue=np.uint8(fill))
    return made


@pytest.fixture(scope="module")
def strata(tmp_path_factory):
    shapes = [shapely.box(2.5, 3.3, 40.7, 50.1), shapely.Point(53.2, 68.3).buffer(20.4)]
    placed = [kit.degrees(PLACE, shape) for shape in shapes]
    frame = gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=placed, crs=4326)
    path = tmp_path_factory.mktemp("strata") / "strata.geojson"
    frame.to_file(path, driver="GeoJSON")
    return path


@pytest.mark.parametrize("rules", RULES)
def test_the_change_of_arrays_is_what_the_command_writes(tmp_path, strata, rules):
    options, question = RULES[rules]
    legend = ["--legend", "1=mangrove", "--legend", "2=other"]
    paths = write_coast(tmp_path / "in")
    done = mrv("change", *paths, *legend, *options, "--strata", strata, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    change, _ = change_of(arrays(), question, strata=gpd.read_file(strata))

    table = pd.read_csv(tmp_path / "out/tables/change.csv").drop(columns="class")
    pd.testing.assert_frame_equal(change.table, table, rtol=1e-9, check_dtype=False)
    sequences = pd.read_csv(tmp_path / "out/tables/sequences.csv")
    pd.testing.assert_frame_equal(
        change.transitions.to_frame(), sequences, rtol=1e-9, check_dtype=False
    )
    for period in change.maps["period"].values:
        with rasterio.open(tmp_path / f"out/maps/change_{period.replace('-', '_')}.tif") as file:
            codes = change.maps["change"].sel(period=period)
            assert np.array_equal(codes, file.read(1))
            assert grid_of(codes).transform == file.transform
    for year in YEARS if options else ():
        with rasterio.open(tmp_path / f"out/maps/classes_{year}.tif") as file:
            assert np.array_equal(change.maps["classes"].sel(year=year), file.read(1))
    for kind in ("gain", "loss"):
        drawn = gpd.read_file(tmp_path / "out/maps/change_polygons.gpkg", layer=kind)
        mine = change.patches[change.patches["kind"] == kind]
        assert mine["area_ha"].tolist() == drawn["area_ha"].tolist()
        assert mine["stratum"].tolist() == drawn["stratum"].tolist()


def test_the_patches_of_a_stratum_are_its_loss(strata):
    change, _ = change_of(arrays(), ChangeQuestion(), strata=strata_of(strata))
    lost = change.patches.query("kind == 'loss'").groupby("stratum")["area_ha"].sum()
    table = change.table.query("to_year - from_year == 5").groupby("stratum")["loss_ha"].sum()
    assert lost["a"] == pytest.approx(table["a"], rel=1e-4)
    assert change.patches.crs.to_epsg() == 4326


def strata_of(path):
    frame = gpd.read_file(path)
    return dict(zip(frame["name"], frame.geometry, strict=True))


def test_maps_in_files_are_taken_as_well(tmp_path):
    paths = write_coast(tmp_path / "in")
    maps = [DatedMap(year, path) for year, path in zip(YEARS, paths, strict=True)]
    of_files, _ = change_of(maps, RULES["mapping unit"][1])
    of_arrays, _ = change_of(arrays(), RULES["mapping unit"][1], runner=Threads(1))
    assert of_files.table.equals(of_arrays.table)
    assert of_files.maps["change"].equals(of_arrays.maps["change"])


def test_the_answer_says_what_its_numbers_mean():
    change, _ = change_of(arrays())
    assert legend_of(change.maps["classes"]) == NAMES
    assert change.maps["classes"].attrs["_FillValue"] == 0
    assert legend_of(change.maps["change"])[2] == "gain"
    assert change.maps["period"].values.tolist() == ["2010-2015", "2015-2020", "2010-2020"]
    again, _ = change_of(change.maps[["classes"]])
    assert again.table.equals(change.table)


def test_each_map_keeps_its_own_number_for_no_data():
    change, _ = change_of(arrays((0, 255, 255)), RULES["mapping unit"][1])
    assert change.transitions.nodata == (0, 255, 255)
    assert "_FillValue" not in change.maps["classes"].attrs
    assert (change.maps["change"].sel(period="2010-2015").values[:3, :3] == 0).all()


def test_noise_is_warned_about_as_the_command_does():
    _, found = change_of(arrays(), ChangeQuestion(legend=NAMES, map_error=0.4))
    assert "change-within-noise" in [finding.code for finding in found]
    _, found = change_of(arrays(), ChangeQuestion(legend=NAMES, three_dates=True))
    assert "change-removed" in [finding.code for finding in found]


def test_what_forbids_an_answer_is_told():
    only = {2010: arrays()[2010]}
    for maps, question, code in (
        (only, ChangeQuestion(), "class-map-missing"),
        (arrays(), ChangeQuestion(followed="kelp"), "class-unknown"),
        (arrays(), ChangeQuestion(legend={1: "mangrove"}), "class-map-number-unknown"),
        ({y: a.drop_vars("spatial_ref") for y, a in arrays().items()}, None, "array-crs"),
    ):
        change, found = change_of(maps, question)
        assert change is None
        assert code in [finding.code for finding in found]
