"""Bad input: a clear error with its place, all defects of a run together, nothing half-written."""

import json
import shutil

import numpy as np
import pytest
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from support.demo import bluecarbon, copy_demo

SCENE = "scenes/S2_DEMO_20241128.tif"


def rewrite_scene(coast, change, **profile):
    """Rewrite one scene with ``change(bands)`` applied and parts of its profile replaced."""
    path = coast / SCENE
    with rasterio.open(path) as scene:
        bands, old = scene.read(), scene.profile
    bands = change(bands)
    path.unlink()
    new = {**old, "count": bands.shape[0], "dtype": bands.dtype, **profile}
    with rasterio.open(path, "w", **new) as scene:
        scene.write(bands)


def replace(path, old, new, count=1):
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} does not stand in {path.name}"
    path.write_text(text.replace(old, new, count), encoding="utf-8")


def edit_column(path, column, change):
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    place = header.split(",").index(column)
    rows = [line.split(",") for line in lines]
    for row in rows:
        row[place] = change(row[place])
    text = "\n".join([header, *(",".join(row) for row in rows)]) + "\n"
    path.write_text(text, encoding="utf-8")


def edit_geojson(path, change):
    layer = json.loads(path.read_text(encoding="utf-8"))
    change(layer["features"])
    path.write_text(json.dumps(layer), encoding="utf-8")


def missing_band(coast):
    replace(coast / "project.toml", '"swir1", "swir2", ', "")
    for path in (coast / "scenes").glob("*.tif"):
        with rasterio.open(path) as scene:
            bands, profile = scene.read([1, 2, 3, 4, 7]), scene.profile
        path.unlink()
        with rasterio.open(path, "w", **{**profile, "count": 5}) as scene:
            scene.write(bands)


def no_crs(coast):
    # The transform is kept: a file that has a place but does not say in which system.
    rewrite_scene(coast, lambda bands: bands, crs=None)


def no_overlap(coast):
    def move(features):
        for feature in features:
            rings = feature["geometry"]["coordinates"]
            feature["geometry"]["coordinates"] = shifted(rings, 1.0)

    for name in ("boundary.geojson", "strata.geojson"):
        edit_geojson(coast / name, move)


def shifted(nested, degrees):
    if isinstance(nested[0], int | float):
        return [nested[0] + degrees, *nested[1:]]
    return [shifted(item, degrees) for item in nested]


def swapped(nested):
    if isinstance(nested[0], int | float):
        return [nested[1], nested[0]]
    return [swapped(item) for item in nested]


def digital_numbers(coast):
    replace(coast / "project.toml", "scale = 0.0001", "scale = 1.0")


def eight_bit(coast):
    rewrite_scene(coast, lambda bands: (bands // 40).astype(np.uint8))


def rgb_only(coast):
    replace(coast / "project.toml", '"nir", "swir1", "swir2", "scl"', "")
    replace(coast / "project.toml", 'mask_band = "scl"\n', "")
    for path in (coast / "scenes").glob("*.tif"):
        with rasterio.open(path) as scene:
            bands, profile = scene.read([1, 2, 3]), scene.profile
        path.unlink()
        with rasterio.open(path, "w", **{**profile, "count": 3}) as scene:
            scene.write(bands)


def self_intersecting(coast):
    def cross(features):
        # The bow tie: two corners of a small square exchanged.
        x, y = features[0]["geometry"]["coordinates"][0][0][:2]
        ring = [[x, y], [x + 0.01, y + 0.01], [x + 0.01, y], [x, y + 0.01], [x, y]]
        features[0]["geometry"]["coordinates"] = [ring]

    edit_geojson(coast / "boundary.geojson", cross)


def latlon_swapped(coast):
    def swap(features):
        for feature in features:
            feature["geometry"]["coordinates"] = swapped(feature["geometry"]["coordinates"])

    edit_geojson(coast / "boundary.geojson", swap)


def overlapping_strata(coast):
    def copy_first_over_second(features):
        features[1]["geometry"] = features[0]["geometry"]

    edit_geojson(coast / "strata.geojson", copy_first_over_second)


def unknown_species(coast):
    replace(coast / "trees.csv", "Kandelia obovata", "Kandelia obovatta")


def dbh_in_mm(coast):
    edit_column(coast / "trees.csv", "dbh_cm", lambda cell: f"{float(cell) * 10:.1f}")


def depth_reversed(coast):
    replace(coast / "soil_cores.csv", ",10,20,", ",20,10,")


def unknown_methodology(coast):
    replace(coast / "project.toml", "ar-am0014@3.0", "ar-am0014@3")


def typo(coast):
    replace(coast / "project.toml", "start_epoch", "start_epoc")


def truncated(coast):
    path = coast / SCENE
    path.write_bytes(path.read_bytes()[:20_000])


def text_in_number(coast):
    edit_column(coast / "plots.csv", "area_m2", lambda cell: "ten by ten")


def plot_elsewhere(coast):
    edit_column(coast / "plots.csv", "lon", lambda cell: f"{float(cell) + 0.05:.6f}")


def copied_samples(coast):
    path = coast / "reference_points.csv"
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    mangrove = [row for row in rows if row.endswith("mangrove")]
    # new ids: only the places betray the copies
    copies = [f"Z{i},{row.split(',', 1)[1]}" for i, row in enumerate(mangrove)]
    path.write_text("\n".join([header, *rows, *copies]) + "\n", encoding="utf-8")


def repeated_ids(coast):
    path = coast / "reference_points.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + text.splitlines()[1] + "\n", encoding="utf-8")


def scene_listed_twice(coast):
    scene = f'[[imagery.scene]]\npath = "{SCENE}"\ndate = 2024-12-01\n\n[training]'
    replace(coast / "project.toml", "[training]", scene)


def scene_copied(coast):
    shutil.copy(coast / SCENE, coast / "scenes" / "copy.tif")
    scene = '[[imagery.scene]]\npath = "scenes/copy.tif"\ndate = 2024-12-01\n\n[training]'
    replace(coast / "project.toml", "[training]", scene)


def plots_in_utf_16(coast):
    path = coast / "plots.csv"
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-16")


def cores_with_open_quote(coast):
    replace(coast / "soil_cores.csv", "K15-C1", '"K15-C1')


def infinite_place(coast):
    replace(coast / "plots.csv", "109.753675", "1e400")


def header_only(coast):
    path = coast / "trees.csv"
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")


def infinite_epoch(coast):
    replace(coast / "reference_points.csv", ",2015,", ",inf,")


def half_epoch(coast):
    replace(coast / "training_points.csv", ",2015,", ",2015.5,")


def label_not_given(coast):
    replace(coast / "reference_points.csv", ",2015,tidal_flat", ",2015,NA")


def enormous_plots(coast):
    edit_column(coast / "plots.csv", "area_m2", lambda cell: "1e308")


def tree_of_the_future(coast):
    replace(coast / "trees.csv", "2019-11-18", "9999-12-31")


def mask_out_of_legend(coast):
    def overflow(bands):
        bands[-1, 100:110, 100:110] = 260
        return bands

    rewrite_scene(coast, overflow)


def numeric_name(coast):
    def rename(features):
        for feature in features:
            feature["properties"]["name"] = 7

    edit_geojson(coast / "strata.geojson", rename)


def coordinate_not_a_number(coast):
    def spoil(features):
        features[0]["geometry"]["coordinates"][0][1] = [float("nan"), 21.5]

    edit_geojson(coast / "boundary.geojson", spoil)


CASES = [
    (missing_band, "scene-band-missing", "swir1"),
    (no_crs, "no-crs", "S2_DEMO_20241128.tif"),
    (no_overlap, "scene-no-overlap", "S2_DEMO_20241128.tif"),
    (digital_numbers, "scene-digital-numbers", "scale"),
    (eight_bit, "scene-digital-numbers", "S2_DEMO_20241128.tif"),
    (rgb_only, "scene-rgb-only", "nir"),
    (self_intersecting, "polygon-self-intersection", "boundary.geojson"),
    (latlon_swapped, "polygon-latlon-swapped", "boundary.geojson"),
    (overlapping_strata, "strata-overlap", "strata.geojson"),
    (unknown_species, "species-unknown", "Kandelia obovata"),
    (dbh_in_mm, "dbh-in-millimetres", "trees.csv"),
    (depth_reversed, "depth-reversed", "soil_cores.csv"),
    (unknown_methodology, "methodology-unknown", "ar-am0014@3.0"),
    (typo, "project-key-unknown", "did you mean 'start_epoch'"),
    (truncated, "unreadable", "S2_DEMO_20241128.tif"),
    (text_in_number, "number", "plots.csv"),
    (plot_elsewhere, "sample-outside-stratum", "plots.csv"),
]


@pytest.mark.filterwarnings("ignore", category=NotGeoreferencedWarning)
@pytest.mark.parametrize(("spoil", "code", "words"), CASES, ids=[c[0].__name__ for c in CASES])
def test_defect_is_named_and_nothing_is_written(tmp_path, spoil, code, words):
    coast = copy_demo(tmp_path / "coast")
    spoil(coast)
    done = bluecarbon("run", coast / "project.toml", "--out", tmp_path / "out")
    assert done.returncode == 2, done.stdout + done.stderr
    errors = [line for line in done.stdout.splitlines() if line.startswith("error: ")]
    assert any(code in line and words in line for line in errors), done.stdout
    assert "Traceback" not in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["coast"]


ATTACKS = {
    "sheets that cannot be read": [
        (plots_in_utf_16, "field-file-encoding", "plots.csv"),
        (header_only, "field-file-empty", "trees.csv"),
        (cores_with_open_quote, "field-file-unreadable", "soil_cores.csv"),
    ],
    "values that cannot be": [
        (infinite_place, "number-unreadable", "plots.csv row 2"),
        (enormous_plots, "plot-area-wrong", "plots.csv row 2"),
        (tree_of_the_future, "date-out-of-range", "trees.csv row 2"),
        (infinite_epoch, "number-unreadable", "reference_points.csv row 2"),
        (label_not_given, "label-missing", "reference_points.csv row 3"),
        (half_epoch, "points-epoch-wrong", "training_points.csv row 2"),
        (mask_out_of_legend, "scene-mask-value", "S2_DEMO_20241128.tif"),
        (numeric_name, "stratum-property-wrong", "strata.geojson"),
    ],
    "copies under another name": [
        (copied_samples, "place-twice", "reference_points.csv row"),
        (scene_copied, "scene-twice", "copy.tif"),
    ],
    "the same twice": [
        (repeated_ids, "point-twice", "reference_points.csv row 1172"),
        (scene_listed_twice, "scene-twice", "S2_DEMO_20241128.tif"),
        (coordinate_not_a_number, "polygon-not-finite", "boundary.geojson"),
    ],
}


# One run for several attacks: each is a run of its own, at a smaller scale, in tests/unit.
@pytest.mark.parametrize("attacks", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_is_named_with_its_place(tmp_path, attacks):
    coast = copy_demo(tmp_path / "coast")
    for spoil, _, _ in attacks:
        spoil(coast)
    done = bluecarbon("run", coast / "project.toml", "--out", tmp_path / "out")
    assert done.returncode == 2, done.stdout + done.stderr
    errors = [line for line in done.stdout.splitlines() if line.startswith("error: ")]
    for _, code, place in attacks:
        assert any(f"({code})" in line and place in line for line in errors), (code, done.stdout)
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_all_defects_of_a_run_are_listed_together(tmp_path):
    coast = copy_demo(tmp_path / "coast")
    for spoil in (eight_bit, overlapping_strata, unknown_species, depth_reversed):
        spoil(coast)
    unknown_methodology(coast)
    done = bluecarbon("run", coast / "project.toml", "--out", tmp_path / "out")
    assert done.returncode == 2
    for code in (
        "scene-digital-numbers",
        "strata-overlap",
        "species-unknown",
        "depth-reversed",
        "methodology-unknown",
    ):
        assert f"({code})" in done.stdout, done.stdout
    assert not (tmp_path / "out").exists()


def test_a_failed_run_keeps_the_outputs_of_the_one_before(demo_run, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(demo_run[0], out)
    before = (out / "report.json").read_bytes()
    coast = copy_demo(tmp_path / "coast")
    unknown_species(coast)
    assert bluecarbon("run", coast / "project.toml", "--out", out).returncode == 2
    assert (out / "report.json").read_bytes() == before


def test_check_lists_the_same_and_writes_nothing(tmp_path):
    coast = copy_demo(tmp_path / "coast")
    dbh_in_mm(coast)
    done = bluecarbon("check", coast / "project.toml")
    assert done.returncode == 2
    assert "dbh-in-millimetres" in done.stdout


def test_folder_of_somebody_else_is_refused(tmp_path):
    coast = copy_demo(tmp_path / "coast")
    done = bluecarbon("run", coast / "project.toml", "--out", coast)
    assert done.returncode == 2
    assert "not made by bluecarbon" in done.stdout.replace("\n", " ")
    assert (coast / "project.toml").is_file()


def test_transfer_larger_than_the_claim(tmp_path):
    coast = copy_demo(tmp_path / "coast")
    replace(coast / "project.toml", "tco2e = 1000", "tco2e = 100000000")
    done = bluecarbon("run", coast / "project.toml", "--out", tmp_path / "out")
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_unverified_parameter_is_not_issued(tmp_path):
    coast = copy_demo(tmp_path / "coast")
    replace(coast / "project.toml", 'status = "verified"\n', 'status = "unverified"\n')
    # without crowns before planting the parameter would not be used: plant a year later
    replace(coast / "strata.geojson", '"planted_year": 2015', '"planted_year": 2019')
    done = bluecarbon("run", coast / "project.toml", "--out", tmp_path / "out")
    assert done.returncode == 2, done.stdout
    assert "unverified" in done.stdout


def test_unread_wood_density_is_not_issued(tmp_path):
    coast = copy_demo(tmp_path / "coast")
    text = (coast / "trees.csv").read_text(encoding="utf-8")
    changed = text.replace("Kandelia obovata", "Xylocarpus granatum")
    (coast / "trees.csv").write_text(changed, encoding="utf-8")
    done = bluecarbon("run", coast / "project.toml", "--out", tmp_path / "out")
    assert done.returncode == 2, done.stdout
    assert "wood density Xylocarpus granatum" in done.stdout
    assert not (tmp_path / "out").exists()
