"""Global Mangrove Watch: its reference points, its confusion matrices and its maps, recomputed.

Of the change assessment 7 379 of the 17 366 published points are here (16 of 38 sites); the whole
published matrix is in tests/published/test_gmw_change_matrix.py. The extent assessment of 2010 is
complete for its 15 regions.
"""

import json

import numpy as np
import pandas as pd
import pytest

from bluecarbon.mrv.class_sizes import by_class, class_sizes
from bluecarbon.mrv.confusion import error_matrix, matrix_from_table, orientation_findings
from bluecarbon.mrv.map_accuracy import Assessment, assess
from bluecarbon.mrv.published_matrix import label_findings, read_published, rows_of
from bluecarbon.mrv.reference_table import ClassMap
from bluecarbon.mrv.stehman2014 import sampled_part, stehman2014

pytestmark = pytest.mark.real

LOSS, GAIN = "Mangroves > Not Mangroves", "Not Mangroves > Mangroves"
PARTS = ["site", "year0", "year1"]
REGIONS = (2, 9, 13, 16, 24, 26, 27, 28, 34, 36, 37, 41, 43, 47, 52)
NAMES = {1: "Mangrove", 2: "Other"}

NOT_GIVEN = {34: ("Other", "Mangrove", 1), 52: ("Mangrove", "Mangrove", 5)}
"""Points of the published tables that the file of points lacks: map, reference, how many."""


@pytest.fixture(scope="module")
def change(real_data):
    table = pd.read_csv(real_data / "gmw_change_validation/change_reference_points.csv")
    return table.assign(map=table["chng_cls"], reference=table["chng_ref"])


@pytest.fixture(scope="module")
def pixels(real_data):
    """Mapped pixels of every class, site and period."""
    path = real_data / "gmw_change_validation/site_map_pixel_counts.json"
    given = json.loads(path.read_text(encoding="utf-8"))
    rows = []
    for name, counts in given["site_pixel_counts"].items():
        site, start, end = name.split("_")
        place = (int(site), int(start[1:]), int(end[1:]))
        recomputed = counts["recomputed_from_maps"]
        rows += [(*place, *item) for item in zip(given["class_order"], recomputed, strict=True)]
    return pd.DataFrame(rows, columns=[*PARTS, "stratum", "pixels"])


def test_the_change_matrix_of_the_given_part(real_data, change):
    path = real_data / "gmw_change_validation/confusion_ref_rows_map_cols_v312.csv"
    table = pd.read_csv(path, index_col=0)
    ours = error_matrix(change["map"], change["reference"])
    theirs, findings = matrix_from_table(table, rows="reference", subject=path.name)
    assert findings == ()
    pd.testing.assert_frame_equal(ours.counts, theirs.counts)
    assert ours.points == 7_379
    # 0.9002 for all 38 sites; 6 569 of 7 379 here
    assert ours.overall == pytest.approx(6_569 / 7_379)
    assert ours.users[LOSS] == pytest.approx(327 / 568)
    assert ours.producers[LOSS] == pytest.approx(327 / 418)
    assert ours.users[GAIN] == pytest.approx(130 / 257)


def test_the_matrix_with_rows_taken_for_the_map_is_caught(real_data, change):
    path = real_data / "gmw_change_validation/confusion_ref_rows_map_cols_v312.csv"
    table = pd.read_csv(path, index_col=0)
    wrong, _ = matrix_from_table(table, rows="map", subject=path.name)
    totals = change["map"].value_counts().to_dict()
    (finding,) = orientation_findings(wrong, map_totals=totals, subject=path.name)
    assert finding.code == "matrix-transposed"
    assert orientation_findings(wrong.transposed, map_totals=totals, subject=path.name) == ()


def site_estimates(change, pixels):
    for key, strata in pixels.groupby(PARTS):
        same = (change[PARTS] == pd.Series(dict(zip(PARTS, key, strict=True)))).all(axis=1)
        own = change[same].assign(stratum=change.loc[same, "map"])
        points, kept, findings = sampled_part(own, strata, subject=str(key))
        yield key, points, kept, findings, stehman2014(points, kept, interval="normal")


def test_area_weighted_estimates_of_every_site_and_period(change, pixels):
    found = list(site_estimates(change, pixels))
    assert len(found) == 24
    for _, points, strata, _, table in found:
        values = table.set_index(["measure", "class"])["value"]
        # by hand: the share of agreed points in every map class, weighted with its pixels
        agreed = (points["map"] == points["reference"]).groupby(points["stratum"]).mean()
        size = strata.set_index("stratum")["pixels"]
        overall = float((agreed * size).sum() / size.sum())
        assert values["overall", ""] == pytest.approx(overall)
        assert values["area"].sum() == pytest.approx(size.sum())


def test_strata_without_points_are_named_not_dropped(change, pixels):
    left_out = {key: f for key, _, _, f, _ in site_estimates(change, pixels) if f}
    assert len(left_out) == 13
    assert (10, 2015, 2020) not in left_out
    for findings in left_out.values():
        assert [finding.code for finding in findings] == ["strata-left-out"]


def test_change_on_the_map_is_not_change_on_the_ground(change, pixels):
    tables = {key: table for key, _, _, _, table in site_estimates(change, pixels)}
    # French Guiana 2015 to 2020: 36 924 pixels of loss on the map
    area = tables[10, 2015, 2020].set_index(["measure", "class"]).loc["area", LOSS]
    assert area["value"] == pytest.approx(47_676, abs=1)
    assert area["standard_error"] == pytest.approx(4_797, abs=1)
    assert area["ci_low"] > 36_924


def test_counting_points_alone_would_flatter_the_map(change, pixels):
    name = ["_".join(map(str, key)) for key in change[PARTS].itertuples(index=False)]
    part = ["_".join(map(str, key)) for key in pixels[PARTS].itertuples(index=False)]
    points = change.assign(stratum=pd.Series(name, change.index) + " " + change["map"])
    strata = pixels.assign(stratum=pd.Series(part, pixels.index) + " " + pixels["stratum"])
    kept, sizes, (finding,) = sampled_part(points, strata, subject="all sites")
    assert "0.32% of the ground" in finding.message
    table = stehman2014(kept, sizes).set_index(["measure", "class"])
    assert table.loc["overall", ""]["value"] == pytest.approx(0.8943, abs=1e-4)
    # gain: half of the points agree, but little more than a quarter of the mapped ground
    assert table.loc["users", GAIN]["value"] == pytest.approx(0.278, abs=1e-3)
    assert table.loc["users", LOSS]["value"] == pytest.approx(0.479, abs=1e-3)


@pytest.fixture(scope="module")
def extent_points(real_data):
    return pd.read_csv(real_data / "gmw_extent2010_validation/reference_points.csv")


@pytest.mark.parametrize("region", REGIONS)
def test_published_accuracy_of_2010_is_reproduced(real_data, extent_points, region):
    path = real_data / f"gmw_extent2010_validation/published_roi{region:02d}_v3_stats.csv"
    published, findings = read_published(path)
    assert findings == ()
    assert rows_of(published) == "reference"
    theirs, _ = published.oriented("reference", path.name)
    own = extent_points[extent_points["roi"] == region]
    ours = error_matrix(own["gmw_v3_cls"], own["ref_cls"])
    complete = ours.counts.copy()
    if region in NOT_GIVEN:
        mapped, reference, count = NOT_GIVEN[region]
        complete.loc[mapped, reference] += count
    np.testing.assert_array_equal(complete, theirs.counts)
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert theirs.overall == pytest.approx(float(first.split(",")[1]), rel=1e-12)
    np.testing.assert_allclose(theirs.users, published.precision, rtol=1e-12)
    np.testing.assert_allclose(theirs.producers, published.recall, rtol=1e-12)


@pytest.mark.parametrize("region", REGIONS)
def test_swapped_labels_of_2010_are_caught(real_data, region):
    path = real_data / f"gmw_extent2010_validation/published_roi{region:02d}_v3_stats.csv"
    published, _ = read_published(path)
    found = label_findings(published, subject=path.name)
    assert [finding.code for finding in found] == ["accuracy-labels-swapped"] * 2


def region_files(real_data, extent_points, folder, region):
    own = extent_points[extent_points["roi"] == region]
    table = own.rename(columns={"pt_id": "point_id", "ref_cls": "label"})
    reference = folder / f"reference_{region}.csv"
    table.assign(provenance="stratified random").to_csv(reference, index=False)
    return reference, real_data / f"gmw_extent2010_validation/gmw2010_v314_roi{region:02d}.tif"


def test_extent_of_2010_weighted_with_the_map(real_data, extent_points, tmp_path):
    reference, raster = region_files(real_data, extent_points, tmp_path, 2)
    table, findings = assess(Assessment(reference, ClassMap(raster, names=NAMES)))
    assert [finding.code for finding in findings] == ["sample-design"]
    values = table.set_index(["measure", "class"])
    assert values.loc["users", "Mangrove"]["value"] == pytest.approx(0.9798206278)
    # the sample is half mangrove, the map a third: weighted, less of the mangrove was found
    assert values.loc["producers", "Mangrove"]["value"] == pytest.approx(0.8371, abs=1e-4)
    sizes, _ = class_sizes(raster, names=NAMES)
    mapped_ha = by_class(sizes).set_index("stratum")["area_ha"]["Mangrove"]
    area = values.loc["area", "Mangrove"]
    assert mapped_ha < area["ci_low"] < area["value"] < area["ci_high"]


def test_training_points_among_the_reference_are_refused(real_data, extent_points, tmp_path):
    reference, raster = region_files(real_data, extent_points, tmp_path, 41)
    training = tmp_path / "training.csv"
    pd.read_csv(reference).iloc[10:15].to_csv(training, index=False)
    asked = Assessment(reference, ClassMap(raster, names=NAMES), training=training)
    table, findings = assess(asked)
    assert table is None
    (finding,) = [f for f in findings if f.severity == "error"]
    assert finding.code == "reference-is-training"
    assert "rows 12, 13, 14, 15, 16" in finding.subject
