"""The maps of a run, as QGIS meets them: colours, names, overviews, polygons that add up."""

import json
import shutil

import pandas as pd
import pyogrio
import pytest
import rasterio
from support.demo import bluecarbon

from bluecarbon.provenance import sha256_file

PERIODS = ((2015, 2019), (2019, 2024))


@pytest.fixture(scope="module")
def maps(demo_run):
    return demo_run[0] / "maps"


@pytest.mark.parametrize("name", ["classes_2015.tif", "classes_2024.tif", "change_2019_2024.tif"])
def test_a_map_says_what_it_shows(maps, name):
    with rasterio.open(maps / name) as source:
        assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert source.overviews(1)
        tags, colours = source.tags(1), source.colormap(1)
        assert name[-8:-4] in source.descriptions[0]
    codes = [int(code) for code in tags["flag_values"].split()]
    assert len(codes) == len(tags["flag_meanings"].split())
    assert colours[codes[0]][3] == 0, "what lies outside is transparent"
    assert len({colours[code] for code in codes}) == len(codes)
    assert "<CategoryNames>" in (maps / f"{name}.aux.xml").read_text()


def test_polygons_of_loss_and_gain_add_up_to_the_tables(maps):
    table = pd.read_csv(maps.parent / "tables/transitions.csv", keep_default_na=False)
    table = table[(table["stratum"] != "") & ~table["from_class"].isin(["unobserved"])]
    table = table[(table["from_class"] != table["to_class"]) & (table["to_class"] != "unobserved")]
    layers = {"loss": "from_class", "gain": "to_class"}
    for kind, column in layers.items():
        drawn = pyogrio.read_dataframe(maps / "change_polygons.gpkg", layer=kind)
        assert drawn.crs.to_epsg() == 4326
        assert drawn.geometry.is_valid.all()
        for start, end in PERIODS:
            rows = table[(table["from_epoch"] == start) & (table["to_epoch"] == end)]
            expected = rows[rows[column] == "mangrove"]["area_ha"].sum()
            # edges of patches are straight in degrees, of pixels in metres
            area_ha = drawn[drawn["from_year"] == start]["area_ha"].sum()
            assert area_ha == pytest.approx(expected, rel=1e-6)


def test_the_report_seals_maps_and_what_looking_changes_is_not_sealed(demo_run, tmp_path):
    out, _ = demo_run
    rasters = json.loads((out / "report.json").read_bytes())["rasters"]
    assert {name for name in rasters if name.endswith(".tif")} == {
        f"maps/{path.name}" for path in (out / "maps").glob("*.tif")
    }
    assert all(sha256_file(out / name) == sha256 for name, sha256 in rasters.items())
    looked_at = shutil.copytree(out, tmp_path / "out")
    # QGIS writes statistics beside a map and a journal into a GeoPackage when it opens them.
    for name in ("change_polygons.gpkg", "classes_2015.tif.aux.xml"):
        with (looked_at / "maps" / name).open("ab") as stream:
            stream.write(b" ")
    project = out.parent / "coast/project.toml"
    done = bluecarbon("verify", looked_at / "report.json", "--project", project)
    assert done.returncode == 0, done.stdout
