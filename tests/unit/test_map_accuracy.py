"""From files to the table of accuracy: lookup on the map, designs of all kinds, every refusal."""

import numpy as np
import pandas as pd
import pytest
from pyproj import Transformer
from support.class_raster import write_classes

from bluecarbon.mrv.map_accuracy import Assessment, assess
from bluecarbon.mrv.reference_table import ClassMap, pixel_side_m

CODES = np.repeat(np.array([[1, 2]], np.uint8), 20, axis=1).repeat(30, axis=0)
"""West half mangrove (1), east half other (2); 30 rows, 40 columns."""
NAMES = {1: "mangrove", 2: "other"}
TO_DEGREES = Transformer.from_crs(32649, 4326, always_xy=True)


def write_points(path, rows, columns, labels, **more):
    lon, lat = TO_DEGREES.transform(
        370_000 + 10 * (np.asarray(columns) + 0.5), 2_380_000 - 10 * (np.asarray(rows) + 0.5)
    )
    table = pd.DataFrame({"lon": np.round(lon, 7), "lat": np.round(lat, 7), "label": labels})
    table.assign(**more).to_csv(path, index=False)
    return path


ROWS, COLUMNS = [1, 5, 9, 13, 2, 6, 10, 14], [3, 8, 11, 18, 23, 27, 31, 38]
LABELS = ["mangrove"] * 3 + ["other"] + ["mangrove"] + ["other"] * 3


@pytest.fixture
def raster(tmp_path):
    return write_classes(tmp_path / "map.tif", CODES)


@pytest.fixture
def reference(tmp_path):
    return write_points(tmp_path / "reference.csv", ROWS, COLUMNS, LABELS)


def remarks(findings):
    """Findings beside the sentence on the design, which every assessment gives."""
    assert any(finding.code.startswith("sample-design") for finding in findings)
    return tuple(finding for finding in findings if not finding.code.startswith("sample-design"))


def refused(asked):
    table, findings = assess(asked)
    assert table is None
    return [finding for finding in findings if finding.severity == "error"]


def test_the_map_gives_classes_and_weights(raster, reference):
    table, findings = assess(Assessment(reference, ClassMap(raster, names=NAMES)))
    assert remarks(findings) == ()
    values = table.set_index(["measure", "class"])["value"]
    assert values["users", "mangrove"] == 0.75
    assert values["overall", ""] == pytest.approx(0.75, abs=1e-4)
    # 600 of 1 200 pixels of 0.01 ha each: half of 12 ha, in UTM to 0.1 %
    assert values["area", "mangrove"] == pytest.approx(6.0, rel=2e-3)


@pytest.fixture
def agreeing(tmp_path):
    labels = ["mangrove"] * 4 + ["other"] * 4
    return write_points(tmp_path / "agreeing.csv", ROWS, COLUMNS, labels)


def test_a_sample_that_agrees_has_an_error_from_its_interval(raster, agreeing):
    table, findings = assess(Assessment(agreeing, ClassMap(raster, names=NAMES)))
    (finding,) = remarks(findings)
    assert (finding.code, finding.severity) == ("accuracy-no-disagreement", "info")
    assert "overall" in finding.message
    assert "and 1 more" in finding.message
    assert (table["value"][table["measure"] != "area"] == 1).all()
    half = (table["ci_high"] - table["ci_low"]) / 2
    # 1.96 is the quantile of 95 % intervals
    assert table["standard_error"].to_numpy() == pytest.approx(half / 1.96, rel=1e-4)
    assert table["equation"].str.endswith("SE from the score interval").all()


def test_normal_intervals_without_width_are_warned_about(raster, agreeing):
    asked = Assessment(agreeing, ClassMap(raster, names=NAMES), interval="normal")
    table, findings = assess(asked)
    (finding,) = remarks(findings)
    assert (finding.code, finding.severity) == ("accuracy-no-disagreement", "warning")
    assert (table["standard_error"] == 0).all()
    assert not table["equation"].str.contains("score").any()


def test_numbers_are_labels_where_the_map_has_no_names(raster, tmp_path):
    labels = [1 if label == "mangrove" else 2 for label in LABELS]
    numbers = write_points(tmp_path / "numbers.csv", ROWS, COLUMNS, labels)
    table, _ = assess(Assessment(numbers, ClassMap(raster)))
    assert table.set_index(["measure", "class"])["value"]["users", "1"] == 0.75
    named, _ = assess(Assessment(numbers, ClassMap(raster, names=NAMES)))
    assert named.set_index(["measure", "class"])["value"]["users", "mangrove"] == 0.75


def test_strata_of_another_raster(raster, reference, tmp_path):
    for south, severity in ((1, "warning"), (15, "error")):
        numbers = np.full((30, 40), 7, np.uint8)
        numbers[30 - south :] = 8
        strata = write_classes(tmp_path / "strata.tif", numbers)
        # all points lie in the north: the south has none, and is left out in words if it is small
        table, findings = assess(Assessment(reference, ClassMap(raster, names=NAMES), strata))
        (finding,) = (f for f in findings if f.code == "strata-left-out")
        assert finding.severity == severity
        assert "'8'" in finding.message
        assert f"{south / 30:.2%}" in finding.message
        assert (table is None) == (severity == "error")


def test_parts_by_a_column(raster, tmp_path):
    path = write_points(tmp_path / "r.csv", ROWS, COLUMNS, LABELS, site=["a", "b"] * 4)
    table, _ = assess(Assessment(path, ClassMap(raster, names=NAMES), by=("site",)))
    areas = table[table["measure"] == "area"]
    assert set(areas["site"]) == {"a", "b"}
    assert areas["value"].sum() == pytest.approx(12.0, rel=2e-3)


def test_without_a_map_columns_and_a_table_of_sizes(tmp_path):
    points = write_points(
        tmp_path / "r.csv", ROWS, COLUMNS, LABELS,
        map_class=["mangrove"] * 4 + ["other"] * 4, stratum=["A"] * 4 + ["B"] * 4, site="x",
    )  # fmt: skip
    sizes = tmp_path / "strata.csv"
    sizes.write_text("site,stratum,area_ha\nx,A,30\nx,B,70\n", encoding="utf-8")
    table, findings = assess(Assessment(points, strata=sizes, by=("site",)))
    assert remarks(findings) == ()
    values = table.set_index(["measure", "class"])["value"]
    assert values["area", "mangrove"] == pytest.approx(30 * 0.75 + 70 * 0.25)
    assert refused(Assessment(points))[0].code == "strata-missing"
    sizes.write_text("stratum\nA\nB\n", encoding="utf-8")
    assert refused(Assessment(points, strata=sizes))[0].code == "column-missing"
    sizes.write_text("stratum,area_ha\nA,30\n", encoding="utf-8")
    assert refused(Assessment(points, strata=sizes))[0].code == "stratum-size-missing"


def test_points_off_the_map_are_named(raster, tmp_path):
    path = write_points(tmp_path / "r.csv", [*ROWS, -5], [*COLUMNS, 3], [*LABELS, "other"])
    table, findings = assess(Assessment(path, ClassMap(raster, names=NAMES)))
    (finding,) = remarks(findings)
    assert (finding.code, finding.subject) == ("reference-off-map", "r.csv row 10")
    assert table["points"].iloc[0] == 8


def test_nodata_0_that_is_a_class_is_not_dropped(tmp_path):
    codes = np.where(CODES == 2, 0, CODES).astype(np.uint8)
    raster = write_classes(tmp_path / "map.tif", codes, nodata=0)
    labels = [1 if label == "mangrove" else 0 for label in LABELS]
    path = write_points(tmp_path / "r.csv", ROWS, COLUMNS, labels)
    table, findings = assess(Assessment(path, ClassMap(raster, names={0: "other", 1: "mangrove"})))
    assert remarks(findings) == ()
    assert table["points"].iloc[0] == 8
    # undeclared, the pixels are no data: said with their number, and so are the points
    _, findings = assess(Assessment(path, ClassMap(raster)))
    findings = remarks(findings)
    assert [f.code for f in findings] == [
        "class-map-nodata", "reference-off-map", "accuracy-no-disagreement",
    ]  # fmt: skip
    assert "600 pixels" in findings[0].message
    assert "rows 6, 7, 8, 9" in findings[1].subject


def test_training_points_are_refused_by_name(raster, reference, tmp_path):
    training = write_points(tmp_path / "t.csv", [5, 20], [8, 8], ["mangrove", "mangrove"])
    asked = Assessment(reference, ClassMap(raster, names=NAMES), training=training)
    (finding,) = refused(asked)
    assert (finding.code, finding.subject) == ("reference-is-training", "reference.csv row 3")
    apart = write_points(tmp_path / "u.csv", [20], [8], ["mangrove"], provenance="training")
    table, findings = assess(Assessment(reference, ClassMap(raster, names=NAMES), training=apart))
    assert table is not None
    assert remarks(findings) == ()


def test_a_purposive_sample_is_refused(raster, tmp_path):
    path = write_points(tmp_path / "r.csv", ROWS, COLUMNS, LABELS, provenance="purposive")
    assert refused(Assessment(path, ClassMap(raster)))[0].code == "reference-not-probability"


@pytest.mark.parametrize(
    ("labels", "code"),
    [(["reef", *LABELS[1:]], "label-unknown"), (["NA", *LABELS[1:]], "label-missing")],
)
def test_labels_that_mean_nothing_are_refused(raster, tmp_path, labels, code):
    path = write_points(tmp_path / "r.csv", ROWS, COLUMNS, labels)
    (finding,) = refused(Assessment(path, ClassMap(raster, names=NAMES)))
    assert (finding.code, finding.subject) == (code, "r.csv row 2")


def test_one_epoch_of_a_file(raster, tmp_path):
    from bluecarbon.mrv.reference_table import read_reference

    path = write_points(tmp_path / "r.csv", ROWS, COLUMNS, LABELS, epoch=["2015", "2020"] * 4)
    assert len(read_reference(path, epoch="2015")[0]) == 4
    assert read_reference(path, epoch="1999")[1][0].code == "points-other-epoch"


def test_files_that_cannot_be_read_are_findings(raster, reference, tmp_path):
    none = tmp_path / "none.csv"
    assert refused(Assessment(none, ClassMap(raster)))[0].code == "field-file-unreadable"
    asked = Assessment(reference, ClassMap(tmp_path / "none.tif"))
    assert refused(asked)[0].code == "class-map-unreadable"


def test_the_side_of_a_pixel(raster, tmp_path):
    assert pixel_side_m(raster) == 10.0
    degrees = write_classes(tmp_path / "d.tif", CODES, epsg=4326, pixel=0.001, left=0.0, top=0.015)
    assert pixel_side_m(degrees) == pytest.approx(111.3, abs=0.1)


@pytest.mark.parametrize(
    ("label", "more", "expected"),
    [
        ("other", {}, ("place-labels-contradict", "error", "r.csv rows 2, 10")),
        ("mangrove", {}, ("place-twice", "warning", "r.csv rows 2, 10")),
        ("other", {"site": ["a"] * 8 + ["b"]}, None),
        ("other", {"epoch": ["2020"] * 8 + ["2015"]}, None),
    ],
)
def test_one_place_labelled_twice_is_told(raster, tmp_path, label, more, expected):
    path = write_points(tmp_path / "r.csv", [*ROWS, 1], [*COLUMNS, 3], [*LABELS, label], **more)
    by = tuple(name for name in more if name == "site")
    table, found = assess(Assessment(path, ClassMap(raster, names=NAMES), by=by))
    told = [f for f in found if f.code.startswith("place-")]
    assert [(f.code, f.severity, f.subject) for f in told] == ([expected] if expected else [])
    assert (table is None) == (label == "other" and "site" not in more)


def test_one_id_of_several_points_is_told(raster, tmp_path):
    ids = ["a", "b", "c", "d", "a", "", "", "e"]
    path = write_points(tmp_path / "r.csv", ROWS, COLUMNS, LABELS, point_id=ids)
    table, found = assess(Assessment(path, ClassMap(raster, names=NAMES)))
    (finding,) = remarks(found)
    assert (finding.code, finding.subject) == ("point-id-twice", "r.csv rows 2, 6")
    assert table is not None
