"""``bluecarbon mrv plan-plots`` and ``place-plots`` as somebody who plans a campaign uses them."""

import csv
import io
import json

from support.demo import DEMO, bluecarbon

TABLE = "stratum,area_ha,mean,cv_percent\nA,3400,126.8,20.7\nB,900,85,18.42\nC,700,102.2,8.02\n"


def plan(table, *options):
    return bluecarbon("mrv", "plan-plots", table, *options)


def test_a_plan_prints_plots_by_stratum_and_where_they_come_from(tmp_path):
    table = tmp_path / "strata.csv"
    table.write_text(TABLE)
    done = plan(table, "--confidence", "95", "--plot-area", "2500", "--simplified")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["plots"] for row in rows] == ["14", "3", "2"]
    assert "AR-TOOL03 Eq 2: n = 16.84 (t = 2.1788, degrees of freedom 12)" in done.stderr


def test_a_plan_is_refused_with_every_defect_at_once(tmp_path):
    table = tmp_path / "strata.csv"
    table.write_text("stratum,area_ha,mean,cv_percent\nA,x,1,2\nB,1,-1,2\n")
    done = plan(table)
    assert (done.returncode, done.stdout) == (2, "")
    assert "row 2" in done.stderr
    done = plan(table, "--precision", "0", "--confidence", "0.9")
    assert done.returncode == 2
    assert "--precision" in done.stderr
    assert "--confidence" in done.stderr


def place(out, *options):
    strata = DEMO / "strata.geojson"
    return bluecarbon("mrv", "place-plots", strata, *options, "--seed", "1", "--out", out)


def test_places_are_written_for_receivers_maps_and_forms(tmp_path):
    chosen = ("--plots", "K15=3", "--plots", "S17=2", "--edge", "6", "--reserve", "50")
    done = place(tmp_path / "out", *chosen)
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names >= {"plots.csv", "plots.gpx", "plots.kml", "plots.gpkg", "map.svg"}
    assert names >= {
        f"field_form.{lang}.{kind}" for lang in ("zh", "en") for kind in ("pdf", "xlsx")
    }
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["settings"]["seed"] == "1"
    assert [entry["role"] for entry in manifest["inputs"]] == ["strata"]
    assert "stratum-without-plots" in done.stderr
    again = place(tmp_path / "again", *chosen)
    assert again.stdout == done.stdout
    for name in names - {"manifest.txt", "manifest.json"}:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_what_cannot_be_placed_leaves_nothing(tmp_path):
    for options in (
        ("--plots", "K15"),
        ("--plots", "Q9=3"),
        ("--plots", "K15=3", "--edge", "5000"),
    ):
        done = place(tmp_path / "out", *options)
        assert done.returncode == 2, options
        assert done.stderr
    assert list(tmp_path.iterdir()) == []
