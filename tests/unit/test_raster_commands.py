"""The raster commands of ``bluecarbon mrv`` as a user types them."""

import io
import json
import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
import shapely
import xarray as xr
from support.change_maps import LEGEND, YEARS, coast, digests, mrv, write_coast
from support.class_raster import write_classes
from support.dated_maps import GEOD

from bluecarbon.mrv.area import Weights, pixel_area_ha
from bluecarbon.mrv.arrays import grid_of, legend_of
from bluecarbon.mrv.change import transitions_ha
from bluecarbon.mrv.rasters import read_grid
from bluecarbon.provenance import sha256_file


@pytest.fixture
def maps(tmp_path):
    return write_coast(tmp_path / "in")


def frame(done):
    assert done.exit_code == 0, done.output
    return pd.read_csv(io.StringIO(done.stdout), keep_default_na=False)


def polygons(path, rows, columns, class_map):
    """One polygon in pixels of a map, written in WGS 84."""
    with rasterio.open(class_map) as source:
        left, top = source.transform @ (columns.start, rows.start)
        right, bottom = source.transform @ (columns.stop, rows.stop)
        crs = source.crs
    shape = shapely.segmentize(shapely.box(left, bottom, right, top), 10.0)
    layer = gpd.GeoDataFrame({"name": ["south"]}, geometry=[shape], crs=crs).to_crs(4326)
    layer.to_file(path, driver="GPKG")
    return path


def pixel_ha(path):
    return pixel_area_ha(read_grid(path, "map", what="map")[0])


def test_areas_are_the_sums_of_true_pixel_areas(maps):
    table = frame(mrv("areas", maps[0], *LEGEND)).set_index("number")
    areas, codes = pixel_ha(maps[0]), coast()[0]
    assert table.loc[1, "class"] == "mangrove"
    for number in (0, 1, 2):
        assert table.loc[number, "pixels"] == (codes == number).sum()
        assert table.loc[number, "area_ha"] == pytest.approx(areas[codes == number].sum(), rel=1e-9)


def test_nodata_that_nobody_named_is_outside_and_said(maps, tmp_path):
    layer = polygons(tmp_path / "s.gpkg", slice(0, 60), slice(0, 50), maps[0])
    for done in (mrv("areas", maps[0]), mrv("zonal", maps[0], layer)):
        names = frame(done).set_index("number")["class"]
        assert names.to_dict() == {0: "outside", 1: "1", 2: "2"}
        assert re.search(
            r"info: classes_2010.tif: number 0 is no data.*class-map-nodata", done.stderr
        )
    named = mrv("areas", maps[0], *LEGEND, "--legend", "0=pond")
    assert frame(named).set_index("number").loc[0, "class"] == "pond"
    assert "(class-map-nodata)" not in named.stderr


def test_areas_by_strata_of_polygons_and_of_a_raster(maps, tmp_path):
    layer = polygons(tmp_path / "s.gpkg", slice(40, 60), slice(10, 50), maps[0])
    by_polygon = frame(mrv("areas", maps[0], "--strata", layer))
    numbers = np.zeros((96, 80), np.uint8)
    numbers[40:60, 10:50] = 7
    raster = write_classes(tmp_path / "s.tif", numbers, nodata=0)
    by_raster = frame(mrv("areas", maps[0], "--strata", raster))
    inside = by_raster[by_raster["stratum"].astype(str) == "7"]
    assert set(by_polygon["stratum"]) == {"south"}
    # the polygon's edges are straight in degrees, the pixels' in metres
    assert by_polygon["area_ha"].to_numpy() == pytest.approx(inside["area_ha"], rel=1e-6)


def test_zonal_parts_and_centres(maps, tmp_path):
    layer = polygons(tmp_path / "z.gpkg", slice(40, 60), slice(10, 50), maps[0])
    exact = frame(mrv("zonal", maps[0], layer, *LEGEND))
    centre = frame(mrv("zonal", maps[0], layer, "--centre", *LEGEND))
    assert exact.columns.tolist() == ["polygon", "number", "class", "pixels", "area_ha"]
    shape = gpd.read_file(layer).geometry[0]
    true_ha = abs(GEOD.geometry_area_perimeter(shape)[0]) / 1e4
    assert exact["area_ha"].sum() == pytest.approx(true_ha, rel=1e-6)
    assert centre["pixels"].sum() == 20 * 40


@pytest.fixture
def changed(maps, tmp_path):
    done = mrv("change", *maps, *LEGEND, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    return tmp_path / "out", done


def test_change_tables_agree_with_a_count_of_pixels(maps, changed):
    out, done = changed
    table = frame(done)
    codes, areas = coast(), pixel_ha(maps[0])
    weights = Weights(slice(0, 96), slice(0, 80), areas)
    for start, end in ((0, 1), (1, 2), (0, 2)):
        pairs = transitions_ha(codes[start], codes[end], weights)
        row = table[(table.from_year == YEARS[start]) & (table.to_year == YEARS[end])].iloc[0]
        assert row["loss_ha"] == pytest.approx(pairs[1, 2], rel=1e-9)
        assert row["gain_ha"] == pytest.approx(pairs[2, 1], rel=1e-9)
        assert row["stable_ha"] == pytest.approx(pairs[1, 1], rel=1e-9)
        assert row["net_ha"] == pytest.approx(row["gain_ha"] - row["loss_ha"])
    written = pd.read_csv(out / "tables/change.csv", keep_default_na=False)
    assert written["loss_ha"].to_numpy() == pytest.approx(table["loss_ha"])
    sums = pd.read_csv(out / "tables/areas.csv").groupby("year")["area_ha"].sum()
    assert sums.to_numpy() == pytest.approx([areas.sum()] * 3)


def test_change_maps_have_names_colours_and_overviews(changed):
    out, _ = changed
    with rasterio.open(out / "maps/change_2010_2020.tif") as source:
        codes, colours, tags = source.read(1), source.colormap(1), source.tags(1)
        assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    before, after = coast()[0], coast()[2]
    assert np.array_equal(codes == 3, (before == 1) & (after == 2))
    assert np.array_equal(codes == 0, before == 0)
    assert tags["flag_meanings"].split()[1] == "stable_mangrove"
    assert tags["flag_values"].split()[1] == "1"
    assert colours[3] != colours[2]
    assert "<Category>loss</Category>" in (out / "maps/change_2010_2020.tif.aux.xml").read_text()


def test_polygons_of_loss_and_gain_have_the_hectares_of_the_table(changed):
    out, done = changed
    table = frame(done)
    for kind in ("loss", "gain"):
        layer = pyogrio.read_dataframe(out / "maps/change_polygons.gpkg", layer=kind)
        for start, end in ((2010, 2015), (2015, 2020)):
            row = table[(table.from_year == start) & (table.to_year == end)].iloc[0]
            drawn = layer[layer["from_year"] == start]["area_ha"].sum()
            assert drawn == pytest.approx(row[f"{kind}_ha"], rel=1e-6)
        assert layer.geometry.is_valid.all()


def test_the_manifest_says_what_was_made_from_what(maps, changed):
    out, _ = changed
    manifest = json.loads((out / "manifest.json").read_bytes())
    assert [item["sha256"] for item in manifest["inputs"]] == [sha256_file(path) for path in maps]
    made = {item["name"]: item["sha256"] for item in manifest["outputs"]}
    files = digests(out)
    assert made == {name: files[name] for name in files if not name.startswith("manifest")}
    assert manifest["resampling"] == []
    assert manifest["settings"]["class"] == "mangrove"
    assert manifest["libraries"]["gdal"] == rasterio.__gdal_version__
    assert manifest["libraries"].keys() >= {"proj", "proj_of_pyproj"}
    assert str(out) not in json.dumps(manifest)


def test_transitions_of_every_period_and_of_the_whole(maps, changed):
    out, done = changed
    rows = pd.read_csv(out / "tables/transitions.csv", keep_default_na=False)
    periods = list(dict.fromkeys(zip(rows["from_year"], rows["to_year"], strict=True)))
    assert periods == [(2010, 2015), (2015, 2020), (2010, 2020)]
    assert rows.groupby(["from_year", "to_year"])["area_ha"].sum().to_numpy() == pytest.approx(
        [pixel_ha(maps[0]).sum()] * 3
    )
    assert "gain and loss are counted on the maps" in done.stderr
    assert "mrv accuracy POINTS --map maps/change_2010_2015.tif" in done.stderr


def test_what_opens_first_is_the_loss(changed):
    layers = pyogrio.list_layers(changed[0] / "maps/change_polygons.gpkg")
    assert [name for name, _ in layers] == ["loss", "gain"]


PERIODS = ("2010-2015", "2015-2020", "2010-2020")


def test_rules_clean_the_maps_and_say_so(maps, tmp_path):
    rules = ["--mmu", 2, "--adjacency", 8, "--persistence", "three-date"]
    done = mrv("change", *maps, *LEGEND, *rules, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    manifest = json.loads((tmp_path / "out/manifest.json").read_bytes())
    assert "three-date filter" in manifest["rules"][0]
    assert "at most 2 pixels (joined by edges or corners)" in manifest["rules"][1]
    assert "change-rules-applied" in done.stderr
    assert "warning: maps 2010-2015: rules took change away: gain" in done.stderr
    assert "(change-window-long)" in done.stderr
    removed = [f for f in manifest["findings"] if f["code"] == "change-removed"]
    assert [f["subject"] for f in removed] == [f"maps {p}" for p in PERIODS]
    with rasterio.open(tmp_path / "out/maps/classes_2015.tif") as source:
        cleaned = source.read(1)
    raw = coast()[1]
    assert (cleaned != raw).any()
    assert np.array_equal(cleaned[21:31, 6:14], raw[21:31, 6:14])  # the pond is no speck


def test_a_mapping_unit_alone_is_a_remark(maps, tmp_path):
    done = mrv("change", *maps, *LEGEND, "--mmu", 2, "--out", tmp_path / "out")
    assert "info: maps" in done.stderr
    assert "change-removed" not in done.stderr
    assert "change-window-long" not in done.stderr


def test_maps_on_two_grids_are_aligned_by_the_declared_rule(maps, tmp_path):
    coarse = write_classes(
        tmp_path / "in/coarse_2021.tif", coast()[2][::2, ::2], pixel=20.0, nodata=0
    )
    done = mrv("change", maps[0], coarse, *LEGEND, "--align", "nearest", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    manifest = json.loads((tmp_path / "out/manifest.json").read_bytes())
    assert (
        "coarse_2021.tif was brought to the grid of classes_2010.tif" in manifest["resampling"][0]
    )


def fine_and_coarse(folder, **profile):
    """Of every coarse pixel twelve fine ones are of class 2, the four in its middle of class 3."""
    fine = np.full((64, 64), 2, np.uint8)
    middle = np.isin(np.arange(64) % 4, (1, 2))
    fine[np.ix_(middle, middle)] = 3
    coarse = np.full((16, 16), 1, np.uint8)
    return (
        write_classes(folder / "coarse_2010.tif", coarse, pixel=40.0, nodata=0),
        write_classes(folder / "fine_2020.tif", fine, pixel=10.0, **profile),
    )


THREE = [*LEGEND, "--legend", "3=pond"]


def test_the_class_of_most_of_a_pixel(tmp_path):
    coarse, fine = fine_and_coarse(tmp_path, nodata=0)
    for rule, number in (("mode", 2), ("nearest", 3)):
        out = tmp_path / rule
        done = mrv("change", coarse, fine, *THREE, "--align", rule, "--out", out)
        assert done.exit_code == 0, done.output
        rows = pd.read_csv(out / "tables/transitions.csv", keep_default_na=False)
        assert rows["to_class"].tolist() == [{2: "other", 3: "pond"}[number]]
        manifest = json.loads((out / "manifest.json").read_bytes())
        assert rule in manifest["resampling"][0] or "nearest neighbour" in manifest["resampling"][0]
        assert manifest["settings"]["align"] == rule


def test_a_nodata_number_may_be_given(tmp_path):
    coarse, fine = fine_and_coarse(tmp_path)
    arguments = ["change", coarse, fine, *THREE, "--align", "mode", "--out", tmp_path / "out"]
    # a map that covers the whole grid needs no number for ground beyond it
    assert mrv(*arguments).exit_code == 0
    with rasterio.open(fine) as source:
        part = source.read(1)[:60]
    write_classes(fine, part)
    done = mrv(*arguments)
    assert done.exit_code == 2
    assert "say which number of uint8 is no class: --nodata 0" in done.stderr
    assert mrv(*arguments, "--nodata", 300).exit_code == 2
    done = mrv(*arguments, "--nodata", 9)
    assert done.exit_code == 0, done.output
    manifest = json.loads((tmp_path / "out/manifest.json").read_bytes())
    assert manifest["settings"]["nodata"] == "9"
    done = mrv(*arguments, "--nodata", 2)
    assert done.exit_code == 2
    assert "2 is the class 'other' in the legend" in done.stderr


def test_an_output_folder_is_replaced_and_repeats_its_bytes(changed, maps):
    out, _ = changed
    first = digests(out)
    assert mrv("change", *maps, *LEGEND, "--out", out).exit_code == 0
    assert digests(out) == first


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_stack_is_one_data_set_of_the_years(maps, tmp_path, suffix):
    out = tmp_path / f"classes{suffix}"
    done = mrv("stack", *maps, *LEGEND, "--out", out)
    assert done.exit_code == 0, done.output
    engine = {".nc": "h5netcdf", ".zarr": "zarr"}[suffix]
    with xr.open_dataset(out, engine=engine, decode_coords="all", mask_and_scale=False) as data:
        assert data["year"].values.tolist() == list(YEARS)
        assert np.array_equal(data["classes"], np.stack(coast()))
        assert legend_of(data["classes"]) == {1: "mangrove", 2: "other"}
        assert grid_of(data["classes"]) == read_grid(maps[0], "map", what="map")[0]
        assert data["classes"].attrs["_FillValue"] == 0


def test_convert_keeps_units_and_empty_pixels(tmp_path):
    stock = np.random.default_rng(1).random((96, 80)).astype(np.float32)
    stock[:5] = np.nan
    path = write_classes(tmp_path / "stock.tif", stock, nodata=np.nan, tags={"unit": "t C/ha"})
    done = mrv("convert", path, "--out", tmp_path / "stock.nc")
    assert done.exit_code == 0, done.output
    with xr.open_dataset(tmp_path / "stock.nc", engine="h5netcdf", decode_coords="all") as data:
        assert data["stock"].attrs["units"] == "t C/ha"
        np.testing.assert_array_equal(data["stock"], stock)
    with rasterio.open(f"netcdf:{tmp_path / 'stock.nc'}:stock") as opened:
        assert opened.crs.to_epsg() == 32649


def test_sixteen_bit_maps_are_counted_by_their_own_numbers(tmp_path):
    big = [np.where(codes == 1, 1001, np.where(codes == 0, 65535, 30)).astype(np.uint16)
           for codes in coast()]  # fmt: skip
    paths = write_coast(tmp_path / "in", nodata=65535, codes=big)
    legend = ["--legend", "1001=mangrove", "--legend", "30=other", "--persistence", "three-date"]
    done = mrv("change", *paths, *legend, "--out", tmp_path / "wide")
    small = mrv(
        "change", *write_coast(tmp_path / "small"), *LEGEND, "--persistence", "three-date",
        "--out", tmp_path / "narrow",
    )  # fmt: skip
    wide, narrow = frame(done), frame(small)
    assert wide["loss_ha"].to_numpy() == pytest.approx(narrow["loss_ha"])
    with rasterio.open(tmp_path / "wide/maps/classes_2020.tif") as source:
        assert set(np.unique(source.read(1))) <= {30, 1001, 65535}


def test_label_noise_is_said_when_the_error_of_the_maps_is_known(maps, tmp_path):
    silent = mrv("change", *maps, *LEGEND, "--out", tmp_path / "a")
    told = mrv("change", *maps, *LEGEND, "--map-error", 0.3, "--out", tmp_path / "b")
    assert "change-within-noise" not in silent.stderr
    assert "within label noise" in told.stderr


@pytest.mark.parametrize("shift", [20, 30])
def test_strata_that_overlap_are_refused_with_their_hectares(maps, tmp_path, shift):
    first = polygons(tmp_path / "a.gpkg", slice(40, 60), slice(0, 30), maps[0])
    second = polygons(tmp_path / "b.gpkg", slice(40, 60), slice(shift, 60), maps[0])
    both = pd.concat([gpd.read_file(first), gpd.read_file(second)])
    both["name"] = ["north", "south"]
    both.to_file(tmp_path / "strata.gpkg", driver="GPKG")
    asked = [*LEGEND, "--strata", tmp_path / "strata.gpkg"]
    for done in (
        mrv("areas", maps[0], *asked),
        mrv("change", *maps, *asked, "--out", tmp_path / "out"),
    ):
        assert done.exit_code == (2 if shift == 20 else 0), done.output
        if shift == 20:
            assert re.search(r"strata.gpkg: .*overlap by 2\.0\d ha", done.stderr)
    # each polygon by itself may be asked for all the same
    assert mrv("zonal", maps[0], tmp_path / "strata.gpkg", *LEGEND).exit_code == 0
