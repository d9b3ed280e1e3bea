"""``bluecarbon mrv cores`` and ``mrv coordinates`` as a user runs them."""

import csv
import json

import numpy as np
import pytest
import shapely
from support.demo import DEMO, bluecarbon
from support.field_sheets import CORES
from typer.testing import CliRunner

from bluecarbon.cli.app import app
from bluecarbon.mrv.chinese_coordinates import wgs84_to_gcj02

DIFFERS, REFUSED = 1, 2
BAD = """C3,A,109.75,21.55,2024-12-02,0,thirty,0.9,2
C4,A,109.75,21.55,2024-12-02,0,100,"0,9",2
C5,A,109.75,21.55,2024-12-02,0,100,0,2
C5,A,109.75,21.55,2024-12-02,0,100,0.9,120
C5,A,109.75,21.55,2024-12-02,0,100,0.9,-1
C6,A,21.55,109.75,2024-12-02,0,100,0.9,2
"""


def rows(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def blocks(text):
    return [list(csv.DictReader(part.splitlines())) for part in text.split("\n\n")]


def test_the_demonstration_cores_to_strata(tmp_path):
    out = tmp_path / "out"
    strata = DEMO / "strata.geojson"
    done = bluecarbon(
        "mrv", "cores", DEMO / "soil_cores.csv", "--strata", strata, "--out", out
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "columns of soil_cores.csv:" in done.stderr
    assert "bulk_density_g_cm3" in done.stderr
    cores, means = blocks(done.stdout)
    assert len(cores) == 21
    groups = {(row["group"], row["name"]): row for row in means}
    assert float(groups["all", "all cores"]["standard_error_tc_ha"]) > 0
    assert {row["name"] for row in means if row["group"] == "stratum"} >= {"K15", "S17"}
    assert len(rows(out / "slices.csv")) == 126
    assert rows(out / "rejected_rows.csv") == []
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["settings"]["reference_depth"] == "100.0"
    assert str(DEMO) not in (out / "manifest.json").read_text(encoding="utf-8")
    again = tmp_path / "again"
    bluecarbon("mrv", "cores", DEMO / "soil_cores.csv", "--strata", strata, "--out", again)
    for path in out.glob("*.csv"):
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name
    same = json.loads((again / "manifest.json").read_text(encoding="utf-8"))
    assert (same["outputs"], same["findings"]) == (manifest["outputs"], manifest["findings"])


def test_bad_rows_are_left_out_and_counted_or_stop(tmp_path):
    sheet, out = tmp_path / "cores.csv", tmp_path / "out"
    sheet.write_text(CORES + BAD)
    done = bluecarbon("mrv", "cores", sheet, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "5 of 12 rows are left out" in done.stderr
    assert "position-swapped" in done.stderr
    listed = {(row["line"], row["code"]) for row in rows(out / "rejected_rows.csv")}
    assert listed == {
        ("8", "number-unreadable"), ("9", "decimal-comma"), ("10", "bulk-density-wrong"),
        ("11", "carbon-percent-wrong"), ("12", "carbon-percent-wrong"),
        ("10", "slice-contradiction"), ("11", "slice-contradiction"),
        ("12", "slice-contradiction"),
    }  # fmt: skip
    assert [row["core_id"] for row in rows(out / "cores.csv")] == ["C1", "C2", "C6"]
    strict = bluecarbon("mrv", "cores", sheet, "--strict", "--out", tmp_path / "none")
    assert strict.returncode == REFUSED
    assert "5 of 12 rows cannot be used" in strict.stderr
    assert "Nothing was written" in strict.stderr
    assert not (tmp_path / "none").exists()


def test_options_are_heard(tmp_path):
    sheet = tmp_path / "cores.csv"
    sheet.write_text("hole;top\nA;0\n")
    assert "columns-not-separated" in bluecarbon("mrv", "cores", sheet).stderr
    sheet.write_text('hole,top,bottom,BD,LOI\nA,0,40,"1,0",10\nA,40,80,"0,5",20\n')
    done = bluecarbon(
        "mrv", "cores", sheet, "--columns", "core_id=hole", "--columns",
        "organic_matter_percent=LOI::%", "--decimal-comma", "--conversion", "van-bemmelen",
        "--reference-depth", "80", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["cores"][0]["soil_tc_ha"] == pytest.approx(100 * (0.058 * 40 + 0.116 * 20))
    assert answer["means"][0]["standard_error_tc_ha"] is None
    assert answer["rejected_rows"] == []
    assert {c["by"] for c in answer["columns"][0]["columns"]} == {"user", "known header"}


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--columns", "core_id", "is no name=value"),
        ("--compaction", "some", "setting-wrong"),
        ("--coordinates", "mars", "use wgs84, gcj-02, bd-09"),
        ("--conversion", "mine", "there is no conversion 'mine'"),
        ("--only", "country=China", "no column for country"),
    ],
)
def test_settings_that_are_none(tmp_path, option, value, words):
    sheet = tmp_path / "cores.csv"
    sheet.write_text(CORES)
    done = CliRunner().invoke(app, ["mrv", "cores", str(sheet), option, value])
    assert done.exit_code == REFUSED
    assert words in done.stderr


def test_a_file_twice_and_nothing_to_compare_with(tmp_path):
    sheet = tmp_path / "cores.csv"
    sheet.write_text(CORES)
    done = CliRunner().invoke(app, ["mrv", "cores", str(sheet), str(sheet)])
    assert done.exit_code == REFUSED
    assert "cores.csv: is given twice" in done.stderr
    done = CliRunner().invoke(app, ["mrv", "coordinates", str(sheet)])
    assert done.exit_code == REFUSED
    assert "there is nothing to compare with" in done.stderr


def polygon(path, shape):
    feature = {"type": "Feature", "properties": {"stratum": "A"},
               "geometry": json.loads(shapely.to_geojson(shape))}  # fmt: skip
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


def test_shifted_polygons_are_named_converted_and_then_fit(tmp_path):
    shape = shapely.Point(109.76, 21.55).buffer(0.01)
    shifted = shapely.transform(shape, lambda xy: np.column_stack(wgs84_to_gcj02(*xy.T)))
    right = polygon(tmp_path / "right.geojson", shape)
    wrong = polygon(tmp_path / "wrong.geojson", shifted)
    done = bluecarbon("mrv", "coordinates", wrong, "--reference", right)
    assert done.returncode == DIFFERS
    assert "look shifted like GCJ-02, by 531 m to the south-east" in done.stderr
    out = tmp_path / "wgs84.geojson"
    done = bluecarbon(
        "mrv", "coordinates", wrong, "--reference", right, "--from", "gcj-02", "--out", out
    )
    assert done.returncode == 0, done.stderr
    assert "coordinates-converted" in done.stderr
    layer = json.loads(out.read_text())
    found = shapely.from_geojson(json.dumps(layer["features"][0]["geometry"]))
    assert shapely.hausdorff_distance(found, shape) < 1e-6
    done = bluecarbon("mrv", "coordinates", wrong, "--from", "gcj-02", "--out", wrong)
    assert done.returncode == REFUSED
    assert "is the input" in done.stderr


def test_shifted_points_of_a_sheet(tmp_path):
    layer = polygon(tmp_path / "strata.geojson", shapely.Point(109.76, 21.55).buffer(0.002))
    lon, lat = wgs84_to_gcj02([109.76, 109.7605], [21.55, 21.5505])
    sheet = tmp_path / "plots.csv"
    lines = [f"{x:.6f},{y:.6f}" for x, y in zip(lon, lat, strict=True)]
    sheet.write_text("\n".join(["经度,纬度", *lines]) + "\n")
    done = bluecarbon("mrv", "coordinates", sheet, "--reference", layer)
    assert done.returncode == DIFFERS
    assert "0 of 2 positions lie in their strata, un-shifted 2" in done.stderr
    out = tmp_path / "wgs84.csv"
    done = bluecarbon("mrv", "coordinates", sheet, "--from", "gcj-02", "--out", out)
    assert done.returncode == 0, done.stderr
    assert float(rows(out)[0]["lon"]) == pytest.approx(109.76, abs=1e-6)
    done = bluecarbon("mrv", "coordinates", sheet, "--from", "mars", "--out", out)
    assert done.returncode == REFUSED


def test_marker_horizons_beside_the_cores(tmp_path):
    sheet, markers, out = (tmp_path / name for name in ("cores.csv", "markers.csv", "out"))
    sheet.write_text(CORES)
    text = "plot_id,depth_cm,years,BD (g/cm3),OC (%)\nP1,1.0,2,0.5,10\nP1,1.4,2,0.5,10\nP2,-1,2,,\n"
    markers.write_text(text)
    arguments = ["mrv", "cores", str(sheet), "--markers", str(markers)]
    done = CliRunner().invoke(app, [*arguments, "--out", str(out)])
    assert done.exit_code == 0, done.stderr
    assert "marker-depth-wrong" in done.stderr
    (row,) = rows(out / "markers.csv")
    assert float(row["accretion_cm_yr"]) == pytest.approx(0.6)
    assert float(row["sequestration_tc_ha_yr"]) == pytest.approx(3.0)
    assert "accretion_cm_yr" in done.stdout
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["settings"]["markers"] == "markers.csv"
    assert "markers.csv" in json.dumps(manifest["inputs"])
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert json.loads(done.stdout)["markers"][0]["n"] == 2
    assert CliRunner().invoke(app, [*arguments, "--strict"]).exit_code == REFUSED


def test_a_core_with_a_rejected_slice_is_left_out_or_filled(tmp_path):
    sheet = tmp_path / "cores.csv"
    sheet.write_text(
        "core_id,top_cm,bottom_cm,BD,OC (%)\nA,0,30,0.5,8\nA,30,60,1.4,0\nA,60,100,0.6,7\n"
        "B,0,30,0.5,8\nB,30,60,,0\nB,60,100,0.6,7\n"
    )
    for more, names in (([], ["A"]), (["--rejected-slices", "fill"], ["A", "B"])):
        done = CliRunner().invoke(app, ["mrv", "cores", str(sheet), "--json", *more])
        answer = json.loads(done.stdout)
        assert [core["core_id"] for core in answer["cores"]] == names
    assert answer["cores"][1]["how"] == "filled, 30 cm"
    done = CliRunner().invoke(app, ["mrv", "cores", str(sheet), "--rejected-slices", "perhaps"])
    assert done.exit_code == REFUSED
