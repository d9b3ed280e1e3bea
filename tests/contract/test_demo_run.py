"""The main job as a user runs it: scenes in; report, ledger and certificate out."""

import filecmp
import json
import math
import re
import shutil
from html.parser import HTMLParser

import pytest
import rasterio
from support.demo import DEMO, bluecarbon, copy_demo

EXPECTED = {
    "report.json",
    "report.html",
    "report.zh.pdf",
    "report.en.pdf",
    "report.xlsx",
    "registry.db",
    "certificate.json",
    "certificate.html",
    "manifest.txt",
    "tables/reference_matrix.csv",
    "maps/classes_2015.tif",
    "maps/classes_2019.tif",
    "maps/classes_2024.tif",
    "maps/change_2019_2024.tif",
    "tables/area_estimates.csv",
    "tables/trace.csv",
}


@pytest.fixture(scope="module")
def report(demo_run):
    return json.loads((demo_run[0] / "report.json").read_bytes())


@pytest.fixture(scope="module")
def truth():
    return json.loads((DEMO / "truth.json").read_text())


def test_every_output_is_there_and_its_path_printed(demo_run):
    out, done = demo_run
    made = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    assert made >= EXPECTED
    assert all(name in done.stdout for name in made)


def test_estimated_areas_hold_the_truth(report, truth):
    checked = 0
    for row in report["monitoring"]["measurements"]:
        if row["variable"] != "mangrove_area" or row["stratum"] not in truth["mangrove_area_ha"]:
            continue
        true_ha = truth["mangrove_area_ha"][row["stratum"]][row["date"][:4]]
        polygon_ha = truth["strata_area_ha"][row["stratum"]]
        # A sample without disagreement has a standard error of 0; then 3/n of the stratum
        # bounds what it could have missed (Hanley and Lippman-Hand 1983).
        room = max(3 * row["standard_error"], 3 / row["sample_size"] * polygon_ha)
        assert abs(row["value"] - true_ha) <= room, row
        checked += 1
    assert checked == 15


def test_mapped_areas_are_near_the_truth(report, truth):
    for row in report["monitoring"]["measurements"]:
        if row["variable"] != "mapped_mangrove_area" or row["stratum"] not in ("K15", "S17", "E0"):
            continue
        true_ha = truth["mangrove_area_ha"][row["stratum"]][row["date"][:4]]
        assert abs(row["value"] - true_ha) <= 0.05 * truth["strata_area_ha"][row["stratum"]], row


def test_claim_is_near_the_claim_of_the_truth(report, truth):
    """The rule book applied to true areas and true biomass, against the claim from samples."""
    claim = report["quantification"]
    outputs = {(o["name"], o["scope"]): o["value"] for o in claim["outputs"]}
    true_change = sum(
        44 / 12 * 0.47 * (end - start)
        for end, start in [(true_stock_t(truth, "2024"), true_stock_t(truth, "2019"))]
    )
    half_width = outputs["tree_change", "project"] * outputs["tree_change_uncertainty", "project"]
    # 90 % half-width / 1.645 = one standard error; three of them
    assert abs(outputs["tree_change", "project"] - true_change) <= 3 * half_width / 1.645
    years = claim["claim_tco2e_by_year"]
    assert claim["claim_tco2e"] == pytest.approx(sum(years.values()))


def true_stock_t(truth, year):
    """Tonnes of tree biomass of the planted strata with AR-TOOL14's root-shoot ratio."""
    total = 0.0
    for stratum in ("K15", "S17", "R20"):
        agb = next(
            (v["agb_t_ha"] for d, v in truth["biomass"][stratum].items() if d.startswith(year)),
            0.0,
        )
        below = math.exp(-1.085 + 0.9256 * math.log(agb)) if agb else 0.0
        total += truth["mangrove_area_ha"][stratum][year] * (agb + below)
    return total


def test_report_page_is_self_contained(demo_run):
    page = (demo_run[0] / "report.html").read_text(encoding="utf-8")

    class Links(HTMLParser):
        found: list[str] = []

        def handle_starttag(self, tag, attrs):
            self.found += [v for k, v in attrs if k in {"src", "href"} and v]

    links = Links()
    links.feed(page)
    assert links.found
    assert all(link.startswith("data:") for link in links.found)
    assert "http" not in re.sub(r"data:[^\"]*", "", page)
    assert "高桥示范海岸" in page


def test_verify_reproduces(demo_run):
    done = bluecarbon("verify", demo_run[0] / "report.json")
    assert done.returncode == 0, done.stdout
    assert "REPRODUCED" in done.stdout
    assert "NOT REPRODUCED" not in done.stdout


def test_running_twice_gives_the_same_bytes(demo_run, tmp_path):
    out = demo_run[0]
    project = copy_demo(tmp_path / "elsewhere" / "coast") / "project.toml"
    assert bluecarbon("run", project, "--out", tmp_path / "again").returncode == 0
    names = [p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()]
    _, differing, missing = filecmp.cmpfiles(out, tmp_path / "again", names, shallow=False)
    assert not missing
    # the manifest says where the project file was, and that is another place
    assert differing == ["manifest.txt"]


def test_registry_and_certificate_verify(demo_run):
    out, _ = demo_run
    done = bluecarbon("registry", "verify", out / "registry.db")
    assert done.returncode == 0, done.stdout
    done = bluecarbon("certificate", "verify", out / "certificate.json")
    assert done.returncode == 0, done.stdout


def test_the_page_of_a_certificate_is_not_taken_for_a_forgery(demo_run):
    done = bluecarbon("certificate", "verify", demo_run[0] / "certificate.html")
    assert done.returncode == 2
    assert ".json" in done.stdout + done.stderr


def test_maps_carry_names_and_colours(demo_run):
    with rasterio.open(demo_run[0] / "maps" / "classes_2024.tif") as raster:
        assert raster.colormap(1)[1] == (0x11, 0x77, 0x33, 255)
        assert raster.colormap(1)[0][3] == 0
        assert "mangrove" in raster.tags().values()


def test_a_part_without_a_sample_is_said_and_not_nan(tmp_path):
    coast = copy_demo(tmp_path / "coast")
    layer = json.loads((coast / "strata.geojson").read_text(encoding="utf-8"))
    layer["features"] = [f for f in layer["features"] if f["properties"]["stratum"] != "X0"]
    (coast / "strata.geojson").write_text(json.dumps(layer), encoding="utf-8")
    points = (coast / "reference_points.csv").read_text(encoding="utf-8").splitlines()
    sampled = _inside(layer, points[1:])
    text = "\n".join([points[0], *sampled]) + "\n"
    (coast / "reference_points.csv").write_text(text, encoding="utf-8")
    rows = (coast / "soil_cores.csv").read_text(encoding="utf-8").splitlines()
    kept = [row for row in rows if ",X0," not in row]
    (coast / "soil_cores.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    done = bluecarbon("run", coast / "project.toml", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stdout
    assert "nan" not in done.stdout
    assert "(rest)" in done.stdout


def _inside(layer, rows):
    """The reference points that lie in one of the strata."""
    import shapely

    area = shapely.union_all([shapely.from_geojson(json.dumps(f)) for f in layer["features"]])
    places = [tuple(map(float, row.split(",")[1:3])) for row in rows]
    inside = shapely.contains_xy(area, [x for x, _ in places], [y for _, y in places])
    return [row for row, keep in zip(rows, inside, strict=True) if keep]


def test_changed_certificate_is_refused(demo_run, tmp_path):
    for name in ("certificate.json", "registry_public_key.pem"):
        shutil.copy(demo_run[0] / name, tmp_path)
    path = tmp_path / "certificate.json"
    text = path.read_text(encoding="utf-8")
    assert '"250"' in text or ":250" in text
    path.write_text(text.replace(":250", ":251", 1), encoding="utf-8")
    done = bluecarbon("certificate", "verify", path)
    assert done.returncode == 1, done.stdout


@pytest.fixture
def verified(demo_run, tmp_path):
    """A function that spoils a copy of inputs and outputs and returns what verify says."""
    coast = copy_demo(tmp_path / "coast")
    out = tmp_path / "out"
    shutil.copytree(demo_run[0], out)

    def _verify(spoil):
        spoil(coast, out)
        done = bluecarbon("verify", out / "report.json", "--project", coast / "project.toml")
        assert done.returncode in {1, 2}, done.stdout
        return " ".join(done.stdout.split())

    return _verify


def replace(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} does not stand in {path.name}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_one_changed_pixel_is_noticed(verified):
    def spoil(coast, _):
        with rasterio.open(coast / "scenes" / "S2_DEMO_20241128.tif", "r+") as scene:
            band = scene.read(4)
            band[150, 200] += 500
            scene.write(band, 4)

    said = verified(spoil)
    assert "scenes/S2_DEMO_20241128.tif" in said
    assert "input-changed" in said


def test_one_changed_plot_row_is_named(verified):
    def spoil(coast, _):
        path = coast / "plots.csv"
        lines = path.read_text().splitlines(keepends=True)
        lines[4] = lines[4].replace(",100", ",110")
        path.write_text("".join(lines))

    said = verified(spoil)
    assert "plots.csv" in said
    assert "line 5" in said
    assert "claim-differs" in said


def test_one_changed_parameter_is_named(verified):
    said = verified(lambda coast, _: replace(coast / "project.toml", "value = 8.0", "value = 7.0"))
    assert "methodology.parameter[0].value" in said.replace(" ", "")


def test_changed_report_is_noticed_even_when_sealed_again(verified):
    def change(plain):
        plain["quantification"]["claim_tco2e"] += 100
        plain["quantification"]["parameters"][0]["value"] = 0.99

    said = verified(lambda _, out: reseal(out, change))
    assert "claim-differs" in said
    assert "parameter-changed" in said
    assert "seal-broken" not in said


def reseal(out, change):
    """Change the plain report, seal it again and write it canonically."""
    from bluecarbon import report as sealing

    path = out / "report.json"
    plain = json.loads(path.read_bytes())
    change(plain)
    sealing.write_report(sealing.sealed(sealing.report_from_json(plain)), path)


ALTERATIONS = {
    "inputs emptied": lambda r: r.update(inputs=[]),
    "an input's role": lambda r: r["inputs"][0].update(role="audited by DNV"),
    "an input's rows": lambda r: r["inputs"][-1].update(row_digests=[]),
    "parameters dropped": lambda r: r["quantification"].update(parameters=[]),
    "field rows dropped": lambda r: r.update(measurement_parameters=[]),
    "a method rewritten": lambda r: r["monitoring"]["measurements"][3].update(method="x"),
    "measurements reordered": lambda r: r["monitoring"]["measurements"].reverse(),
    "a second measurement": lambda r: r["monitoring"]["measurements"].insert(
        0, {**r["monitoring"]["measurements"][0], "value": 9e9}
    ),
    "a second output": lambda r: r["quantification"]["outputs"].insert(
        0, {**r["quantification"]["outputs"][0], "value": 1e9}
    ),
    "an equation renamed": lambda r: r["quantification"]["outputs"][0].update(equation="x"),
    "a finding dropped": lambda r: r.update(findings=r["findings"][1:]),
    "true for 1.0": lambda r: [
        place["declarations"].update(site_was_degraded=1.0)
        for place in (r["monitoring"], r["declared"]["methodology"])
    ],
    "a trace step dropped": lambda r: r["quantification"]["trace"].pop(),
}


@pytest.fixture(scope="module")
def recomputed(demo_run, tmp_path_factory):
    """Verify without recomputing the maps each time: the same project, measured once."""
    from bluecarbon.mrv import verification
    from bluecarbon.mrv.pipeline import measure
    from bluecarbon.project_file import load_project

    coast = copy_demo(tmp_path_factory.mktemp("again") / "coast")
    project = load_project(coast / "project.toml")
    measured = measure(project)

    def _verify(path, monkeypatch):
        from bluecarbon.report import read_report

        monkeypatch.setattr(verification, "measure", lambda *_: measured)
        report = read_report(path)
        return verification.verify(report, project, demo_run[0])

    return _verify


def test_the_untouched_report_holds(recomputed, demo_run, monkeypatch):
    found = recomputed(demo_run[0] / "report.json", monkeypatch)
    assert [f for f in found if f.severity == "error"] == []


@pytest.mark.parametrize("name", ALTERATIONS)
def test_any_alteration_is_noticed_even_when_sealed_again(
    recomputed, demo_run, tmp_path, monkeypatch, name
):
    shutil.copy(demo_run[0] / "report.json", tmp_path)
    reseal(tmp_path, ALTERATIONS[name])
    found = recomputed(tmp_path / "report.json", monkeypatch)
    assert any(f.severity == "error" for f in found), name


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"claim_tco2e":', '"claim_tco2e":999999,"claim_tco2e":'),
        ('"findings":', '\n  "findings":'),
        ('"rows_per_digest":0', '"rows_per_digest":"0"'),
    ],
)
def test_a_report_that_reads_otherwise_elsewhere_is_noticed(verified, old, new):
    said = verified(lambda _, out: replace(out / "report.json", old, new))
    assert "report-not-canonical" in said


def test_changed_table_is_noticed(verified):
    said = verified(lambda _, out: replace(out / "tables" / "trace.csv", "Eq 16", "Eq 61"))
    assert "tables/trace.csv" in said


def test_broken_seal_is_noticed(verified):
    said = verified(lambda _, out: replace(out / "report.json", '"name":"Gaoqiao', '"name":"Gao'))
    assert "seal-broken" in said


def test_changed_map_is_noticed(verified):
    def spoil(_, out):
        with rasterio.open(
            out / "maps" / "classes_2024.tif", "r+", IGNORE_COG_LAYOUT_BREAK="YES"
        ) as raster:
            codes = raster.read(1)
            codes[100, 100] = 1 if codes[100, 100] != 1 else 2
            raster.write(codes, 1)

    said = verified(spoil)
    assert "maps/classes_2024.tif" in said
