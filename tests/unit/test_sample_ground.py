"""What a sample stands for: the ground that the map shows, no more and no less."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from support.class_raster import write_classes
from test_map_accuracy import COLUMNS, LABELS, NAMES, ROWS, TO_DEGREES, write_points

from bluecarbon.mrv.map_accuracy import Assessment, assess
from bluecarbon.mrv.reference_table import ClassMap

CODES = np.repeat(np.array([[1, 2]], np.uint8), 20, axis=1).repeat(30, axis=0)
SEEN = {**NAMES, 255: "unobserved"}


def values_of(table, column="value"):
    return table.set_index(["measure", "class"])[column]


def of_code(findings, code):
    (finding,) = (finding for finding in findings if finding.code == code)
    return finding


@pytest.fixture
def reference(tmp_path):
    return write_points(tmp_path / "reference.csv", ROWS, COLUMNS, LABELS)


def half_seen(tmp_path):
    """600 pixels of 1 200 that nobody saw: the rows from 15 on."""
    codes = CODES.copy()
    codes[15:] = 255
    return write_classes(tmp_path / "map.tif", codes)


def test_unobserved_ground_is_unknown_and_no_wrong_class(tmp_path):
    below = write_points(
        tmp_path / "r.csv", [*ROWS, 20, 25], [*COLUMNS, 5, 30], [*LABELS, "mangrove", "other"]
    )
    table, findings = assess(Assessment(below, ClassMap(half_seen(tmp_path), names=SEEN)))
    values = values_of(table)
    # 3 of 4 points agree in either half of what was seen, 300 pixels each
    assert values["overall", ""] == pytest.approx(0.75, abs=1e-4)
    assert values["area"].sum() == pytest.approx(6.0, rel=2e-3)
    assert "unobserved" not in set(table["class"])
    unseen = of_code(findings, "class-map-unobserved")
    assert unseen.severity == "warning"
    assert "600 pixels (6.0" in unseen.message
    assert "'unobserved' (255)" in unseen.message
    assert of_code(findings, "reference-off-map").subject == "r.csv rows 10, 11"


@pytest.mark.parametrize("label", ["unobserved", "255"])
def test_what_nobody_saw_is_no_label(tmp_path, label):
    labels = [label, *LABELS[1:]]
    path = write_points(tmp_path / "r.csv", ROWS, COLUMNS, labels)
    table, findings = assess(Assessment(path, ClassMap(half_seen(tmp_path), names=SEEN)))
    assert table is None
    refusal = of_code(findings, "label-unknown")
    assert refusal.subject == "r.csv row 2"
    assert "unobserved" not in refusal.fix


def stratified(tmp_path):
    """20 points in strata of equal size; of stratum 8 the map shows 3 of 15 rows."""
    strata = np.full((30, 40), 7, np.uint8)
    strata[15:] = 8
    codes = np.where(np.arange(30)[:, None] < 18, CODES, 0).astype(np.uint8)
    raster = write_classes(tmp_path / "map.tif", codes, nodata=0)
    rows = [1, 3, 5, 7, 9, 11, 2, 4, 6, 8, 15, 16, 17, 15, 16, 17, 15, 16, 17, 15]
    labels = ["mangrove"] * 9 + ["other"] + ["mangrove"] * 5 + ["other"] * 5
    points = write_points(tmp_path / "r.csv", rows, [*range(1, 20), 4], labels)
    return points, raster, write_classes(tmp_path / "strata.tif", strata)


def test_strata_weigh_by_the_ground_that_the_map_shows(tmp_path):
    points, raster, strata = stratified(tmp_path)
    table, findings = assess(Assessment(points, ClassMap(raster, names=NAMES), strata))
    # by hand: 15 and 3 rows of 40 pixels of 0.01 ha are 6.0 and 1.2 ha; 9 of 10 and 5 of 10
    # points are mangrove: 6.0 0.9 + 1.2 0.5 = 6.0 ha (10.8 0.7 = 8.4 ha were both 6.0)
    area = values_of(table)["area"]
    assert area["mangrove"] == pytest.approx(6.0, rel=2e-3)
    assert area.sum() == pytest.approx(7.2, rel=2e-3)
    # the map is mangrove at all points: users' accuracy is (6.0 0.9 + 1.2 0.5) / 7.2
    assert values_of(table)["users", "mangrove"] == pytest.approx(6 / 7.2, rel=1e-3)
    # eq. 26 by hand: s2 = 0.1 and 10/36, V = 6.0^2 0.1 / 10 + 1.2^2 (10/36) / 10 = 0.40
    error = values_of(table, "standard_error")["area", "mangrove"]
    assert error == pytest.approx(np.sqrt(0.36 + 0.04), rel=2e-3)
    beyond = of_code(findings, "strata-beyond-map")
    assert (beyond.severity, beyond.subject) == ("warning", "strata.tif")
    assert "(40.00%)" in beyond.message


@pytest.mark.parametrize("pixel", [5.0, 20.0])
def test_strata_of_finer_and_coarser_pixels_are_the_same_ground(tmp_path, pixel):
    points, raster, _ = stratified(tmp_path)
    # the edge of the strata lies at row 16, on an edge of pixels of either size
    rows, columns = int(300 / pixel), int(400 / pixel)
    numbers = np.full((rows + 8, columns), 8, np.uint8)
    numbers[: int(160 / pixel)] = 7
    strata = write_classes(tmp_path / "s.tif", numbers, pixel=pixel)
    table, findings = assess(Assessment(points, ClassMap(raster, names=NAMES), strata))
    # 16 rows of 0.4 ha with 10 + 4 points, 2 rows with 6: 10 + 1 and 0 + 3 of them by their rows
    in_7 = np.array([r < 16 for r in ROWS_OF_20])
    is_mangrove = np.array([True] * 9 + [False] + [True] * 5 + [False] * 5)
    expected = 6.4 * is_mangrove[in_7].mean() + 0.8 * is_mangrove[~in_7].mean()
    assert values_of(table)["area", "mangrove"] == pytest.approx(expected, rel=2e-3)
    assert values_of(table)["area"].sum() == pytest.approx(7.2, rel=2e-3)
    assert of_code(findings, "strata-beyond-map").severity == "warning"


ROWS_OF_20 = [1, 3, 5, 7, 9, 11, 2, 4, 6, 8, 15, 16, 17, 15, 16, 17, 15, 16, 17, 15]


def test_strata_in_degrees_and_a_map_in_metres(tmp_path):
    points, raster, _ = stratified(tmp_path)
    lon, lat = TO_DEGREES.transform(369_000, 2_381_000)
    numbers = np.full((300, 300), 3, np.uint8)
    whole = write_classes(tmp_path / "s.tif", numbers, epsg=4326, pixel=0.0001, left=lon, top=lat)
    table, _ = assess(Assessment(points, ClassMap(raster, names=NAMES), whole))
    # one stratum: 14 of 20 points of the 7.2 ha that the map shows
    assert values_of(table)["area", "mangrove"] == pytest.approx(7.2 * 0.7, rel=2e-3)


def test_a_map_that_cannot_be_read_is_told_beside_the_strata(tmp_path):
    points, _, strata = stratified(tmp_path)
    table, findings = assess(Assessment(points, ClassMap(tmp_path / "none.tif"), strata))
    assert table is None
    assert of_code(findings, "class-map-unreadable").subject == "none.tif"


def layer(tmp_path, edge):
    """Polygons of the rows above 15 ("north") and of those from ``edge`` on ("south")."""
    features = []
    for first, last in ((-1, 15), (edge, 31)):
        lon, lat = TO_DEGREES.transform(
            370_000 + 10 * np.array([-1, 41, 41, -1]),
            2_380_000 - 10 * np.array([first, first, last, last]),
        )
        features.append(shapely.Polygon(np.column_stack([lon, lat])))
    frame = gpd.GeoDataFrame({"stratum": ["north", "south"]}, geometry=features, crs=4326)
    path = tmp_path / "strata.geojson"
    frame.to_file(path, driver="GeoJSON")
    return path


def test_polygons_are_strata_where_the_map_has_data(tmp_path):
    points, raster, _ = stratified(tmp_path)
    asked = Assessment(points, ClassMap(raster, names=NAMES), layer(tmp_path, 15))
    table, _ = assess(asked)
    # the numbers of the raster of strata: 6.0 ha and 1.2 ha
    assert values_of(table)["area", "mangrove"] == pytest.approx(6.0, rel=3e-3)
    assert values_of(table)["area"].sum() == pytest.approx(7.2, rel=3e-3)


def test_polygons_that_overlap_are_refused_with_their_hectares(tmp_path):
    points, raster, _ = stratified(tmp_path)
    table, found = assess(Assessment(points, ClassMap(raster, names=NAMES), layer(tmp_path, 10)))
    assert table is None
    # 5 rows of 42 pixels of 0.01 ha
    assert "share 2.1" in of_code(found, "strata-overlap").message


def test_a_table_of_sizes_beside_a_map_is_no_raster(tmp_path):
    points, raster, _ = stratified(tmp_path)
    sizes = tmp_path / "sizes.csv"
    sizes.write_text("stratum,area_ha\n7,1\n", encoding="utf-8")
    table, found = assess(Assessment(points, ClassMap(raster, names=NAMES), sizes))
    assert table is None
    assert "without a map" in of_code(found, "strata-table-beside-map").message
