"""The facade on a small coast: tables that add up, and every defect of every file at once."""

import datetime as dt
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from support import small_coast as coast

from bluecarbon.mrv.accuracy import overlap
from bluecarbon.mrv.class_maps import CODE_UNOBSERVED
from bluecarbon.mrv.extent import measure_extent
from bluecarbon.mrv.rasters import Grid
from bluecarbon.mrv.vectors import geodesic_area_ha
from bluecarbon.project_file import load_project
from bluecarbon.spec import errors_in


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("coast")
    return measure_extent(coast.project(folder, coast.write_coast(folder)))


@pytest.fixture
def files(tmp_path):
    return tmp_path, coast.write_coast(tmp_path)


def findings_of(files):
    folder, table = files
    extent, findings = measure_extent(coast.project(folder, table))
    return extent, findings


def refused(files, code):
    """The finding of this code, with which nothing was mapped."""
    extent, findings = findings_of(files)
    assert extent is None
    found = [f for f in errors_in(findings) if f.code == code]
    assert found, f"{code} is not among {coast.codes_of(findings)}"
    return found[0]


def test_a_sound_coast_is_mapped_without_an_error(measured):
    extent, findings = measured
    assert errors_in(findings) == ()
    assert extent.epochs == (2015, 2020)
    assert extent.epoch_dates == {2015: dt.date(2015, 11, 1), 2020: dt.date(2020, 10, 1)}


def test_the_map_is_the_truth_inside_the_boundary(measured):
    extent, _ = measured
    for epoch, codes in extent.maps.items():
        assert codes.shape == (extent.grid.height, extent.grid.width) == (38, 38)
        assert (codes == coast.truth(epoch)[1:39, 1:39]).mean() > 0.99


def test_areas_of_classes_add_up_to_the_polygon(measured):
    extent, _ = measured
    sums = extent.areas.groupby(["stratum", "epoch"])["area_ha"].sum()
    for epoch in extent.epochs:
        # 1e-5: pixels are summed where the polygon's edges are straight in degrees
        assert sums["", epoch] == pytest.approx(geodesic_area_ha(extent.boundary), rel=1e-5)
        assert sums["W", epoch] + sums["E", epoch] == pytest.approx(sums["", epoch], rel=1e-5)


def test_transitions_close_with_the_areas_of_both_epochs(measured):
    extent, _ = measured
    areas = extent.areas.set_index(["stratum", "epoch", "class"])["area_ha"]
    moves = extent.transitions
    assert len(moves) > 0
    for (stratum, start, before), area in (
        moves.groupby(["stratum", "from_epoch", "from_class"])["area_ha"].sum().items()
    ):
        assert area == pytest.approx(areas[stratum, start, before])
    for (stratum, end, after), area in (
        moves.groupby(["stratum", "to_epoch", "to_class"])["area_ha"].sum().items()
    ):
        assert area == pytest.approx(areas[stratum, end, after])


def test_the_mangrove_front_is_a_gain_in_the_west_only(measured):
    extent, _ = measured
    change = extent.change_estimates.set_index(["stratum", "kind"])["area_ha"]
    # four columns of 28 rows at 100 m2 each
    assert change["W", "gain"] == pytest.approx(4 * 28 * 0.01, rel=0.05)
    assert change["E", "gain"] == pytest.approx(0.0, abs=0.02)
    assert change["", "net"] == pytest.approx(change["", "gain"] - change["", "loss"])


def test_estimates_of_strata_add_up_to_the_whole(measured):
    extent, _ = measured
    table = extent.estimates.set_index(["stratum", "epoch"])
    for epoch in extent.epochs:
        parts = table.loc[[("W", epoch), ("E", epoch)]]
        whole = table.loc[("", epoch)]
        assert whole["area_ha"] == pytest.approx(parts["area_ha"].sum())
        assert whole["standard_error_ha"] == pytest.approx(
            math.sqrt((parts["standard_error_ha"] ** 2).sum())
        )
        assert whole["sample_size"] == parts["sample_size"].sum()
        assert whole["confidence"] == 0.9


def test_a_sample_without_disagreement_says_that_its_error_is_a_lower_limit(measured):
    extent, findings = measured
    found = [f for f in findings if f.code == "reference-no-disagreement"]
    assert len(found) == 1
    assert "lower limit" in found[0].message
    sampled = extent.estimates[extent.estimates["sample_size"] > 0]
    assert (sampled["ci_high_ha"] > sampled["ci_low_ha"]).all()
    assert (sampled["standard_error_ha"] > 0).all()
    single = sampled[sampled["stratum"] != ""]
    half = (single["ci_high_ha"] - single["ci_low_ha"]) / 2
    certain = single["estimator"].str.endswith("SE from the score interval")
    assert certain.any()
    # 1.6449 is the quantile of 90 % intervals
    expected = half[certain] / 1.6449
    assert single["standard_error_ha"][certain].to_numpy() == pytest.approx(expected, rel=1e-4)
    whole = sampled.loc[sampled["stratum"] == "", "estimator"]
    assert whole.str.endswith("SE from the score interval in part").all()


def test_accuracies_without_disagreement_have_a_standard_error(measured):
    accuracy = measured[0].accuracy
    assert (accuracy["overall"] == 1).any()
    assert (accuracy.filter(like="standard_error") > 0).all(axis=None)


def test_reasons_tell_what_clouds_cost(measured):
    extent, _ = measured
    table = extent.reasons.set_index(["epoch", "scene", "reason"])["area_ha"]
    assert table[2015, "2015-10-01.tif", "cloud"] == pytest.approx(16 * 0.01, rel=0.01)
    # the second scene of the epoch sees through the gap
    assert (2015, "", "cloud") not in table.index
    assert table[2015, "", "valid"] == pytest.approx(geodesic_area_ha(extent.boundary), rel=1e-5)


def test_the_same_files_give_the_same_maps(measured, files):
    extent, _ = findings_of(files)
    for epoch, codes in measured[0].maps.items():
        np.testing.assert_array_equal(extent.maps[epoch], codes)
    pd.testing.assert_frame_equal(extent.estimates, measured[0].estimates)


def test_progress_is_told_from_start_to_end(files):
    calls = []
    folder, table = files
    measure_extent(coast.project(folder, table), lambda *call: calls.append(call))
    assert ("reading scenes", 0, 3) in calls
    assert ("reading scenes", 3, 3) in calls
    assert calls[-1][:1] == ("mapping",)
    assert calls[-1][1] == calls[-1][2]


def test_a_wrong_map_is_corrected_by_the_sample(files):
    folder, _ = files
    # half of what the labels call water is in truth mangrove: the map cannot know, the sample does
    columns, rows = coast.lattice(4, 4)
    turned = iter([False, True] * len(columns))
    coast.write_points(
        folder / "reference.csv",
        columns,
        rows,
        wrong=lambda code: 1 if code == 2 and next(turned) else code,
    )
    extent, _ = findings_of(files)
    whole = extent.estimates.query("stratum == '' and epoch == 2015").iloc[0]
    assert whole["area_ha"] > whole["mapped_ha"] + 2
    assert whole["standard_error_ha"] > 0
    assert whole["ci_low_ha"] < whole["area_ha"] < whole["ci_high_ha"]
    judged = extent.accuracy.set_index("epoch").loc[2015]
    assert judged["users_mangrove"] == 1.0
    assert judged["producers_mangrove"] < 0.75
    assert judged["n"] == 81


def test_without_a_reference_sample_the_map_is_given_without_interval(files):
    _, table = files
    del table["reference"]
    extent, findings = findings_of(files)
    assert "reference-missing" in coast.codes_of(findings)
    assert (extent.estimates["estimator"] == "mapped").all()
    assert extent.estimates["standard_error_ha"].isna().all()
    assert (extent.estimates["area_ha"] == extent.estimates["mapped_ha"]).all()


def test_a_stratum_without_points_is_mapped_and_named(files):
    folder, _ = files
    columns, rows = coast.lattice(4, 4)
    west = [(c, r) for c, r in zip(columns, rows, strict=True) if c < 20]
    coast.write_points(folder / "reference.csv", *zip(*west, strict=True))
    extent, findings = findings_of(files)
    rows = extent.estimates.set_index(["stratum", "epoch"])
    assert rows.loc[("E", 2015), "estimator"] == "mapped"
    assert rows.loc[("", 2015), "estimator"] == "sum of strata (E mapped)"
    # no error is known for a part, so none is claimed for the whole
    assert math.isnan(rows.loc[("", 2015), "standard_error_ha"])
    assert "reference-no-sample" in coast.codes_of(findings)


def test_ground_that_no_stratum_covers_is_the_rest(files):
    folder, _ = files
    coast.write_layer(folder / "strata.geojson", ({"stratum": "W"}, coast.block(1, 1, 20, 39)))
    extent, _ = findings_of(files)
    rows = extent.estimates.set_index(["stratum", "epoch"])
    assert rows.loc[("(rest)", 2015), "sample_size"] > 0
    assert rows.loc[("", 2015), "area_ha"] == pytest.approx(
        rows.loc[("W", 2015), "area_ha"] + rows.loc[("(rest)", 2015), "area_ha"]
    )


def test_without_strata_the_boundary_is_one_stratum(files):
    del files[1]["strata"]
    extent, _ = findings_of(files)
    assert [item.stratum.id for item in extent.strata] == ["ALL"]
    assert set(extent.areas["stratum"]) == {"", "ALL"}


def test_a_pixel_that_no_scene_sees_is_unobserved_and_counted(files):
    folder, _ = files
    numbers = coast.scene_numbers(2020, 2)
    numbers[6, 20:24, 20:24] = coast.CLOUD
    coast.write_raster(folder / "2020-10-01.tif", numbers)
    extent, _ = findings_of(files)
    assert (extent.maps[2020] == CODE_UNOBSERVED).sum() == 16
    areas = extent.areas.set_index(["stratum", "epoch", "class"])["area_ha"]
    assert areas["", 2020, "unobserved"] == pytest.approx(0.16, rel=0.01)
    change = extent.change_estimates.query("stratum == '' and kind == 'loss'")
    assert change["area_ha"].iloc[0] == pytest.approx(0.0, abs=0.02)


def test_training_points_outside_the_boundary_are_used(files):
    folder, table = files
    coast.write_layer(folder / "boundary.geojson", ({}, coast.block(10, 10, 30, 30)))
    del table["strata"]
    extent, findings = findings_of(files)
    assert extent.grid.height == extent.grid.width == 20
    assert "training-outside" not in coast.codes_of(findings)
    assert extent.cross_validation.labels == 200


def test_label_rasters_train_and_validate(files):
    folder, table = files
    for epoch in coast.EPOCHS:
        coast.write_raster(
            folder / f"labels_{epoch}.tif", (coast.truth(epoch) == 1)[None].astype("u1")
        )
    coast.write_layer(folder / "north.geojson", ({}, coast.block(1, 1, 39, 20)))
    coast.write_layer(folder / "south.geojson", ({}, coast.block(1, 20, 39, 39)))
    legend = {"1": "mangrove", "0": "other"}
    table["training"] = {
        "raster": "labels_2015.tif", "raster_epoch": 2015, "raster_legend": legend,
        "area": "north.geojson", "sample_size": 300,
    }  # fmt: skip
    table["validation"] = [
        {"raster": "labels_2020.tif", "epoch": 2020, "legend": legend, "area": "south.geojson"}
    ]
    extent, findings = findings_of(files)
    row = extent.validation.iloc[0]
    assert row["iou"] > 0.95
    assert row["pixels"] == 38 * 19
    assert "validation-is-training" not in coast.codes_of(findings)
    table["validation"][0]["area"] = "north.geojson"
    assert "validation-is-training" in coast.codes_of(findings_of(files)[1])


def test_a_sample_in_the_training_area_is_a_warning(files):
    folder, table = files
    coast.write_raster(folder / "labels.tif", (coast.truth(2015) == 1)[None].astype("u1"))
    table["training"] = {
        "raster": "labels.tif", "raster_epoch": 2015, "sample_size": 300,
        "raster_legend": {"1": "mangrove", "0": "other"},
    }  # fmt: skip
    _, findings = findings_of(files)
    found = [f for f in findings if f.code == "reference-in-training-area"]
    assert found[0].message.startswith("81 points")


def test_points_on_the_other_side_of_the_earth_do_no_harm(files):
    folder, _ = files
    for name in ("training.csv", "reference.csv"):
        text = (folder / name).read_text() + "far,-70.0,-20.0,2020,water\n"
        (folder / name).write_text(text)
    extent, findings = findings_of(files)
    assert errors_in(findings) == ()
    assert {"training-outside", "reference-outside"} <= coast.codes_of(findings)
    assert extent.cross_validation.labels == 200


def test_a_boundary_on_the_other_side_of_the_earth(files):
    folder, table = files
    coast.write_layer(folder / "boundary.geojson", ({}, shapely.box(-70, -20, -69.9, -19.9)))
    del table["strata"]
    assert "longitude" in refused(files, "scene-no-overlap").message


def class_map_table(folder, table):
    stack = np.stack([coast.truth(epoch) for epoch in coast.EPOCHS])
    coast.write_raster(folder / "maps.tif", stack)
    legend = {str(code): name for code, name in coast.NAMES.items()}
    for key in ("imagery", "training", "mapping"):
        del table[key]
    table["class_maps"] = {
        "legend": legend,
        "map": [
            {"path": "maps.tif", "band": 2, "epoch": 2020},
            {"path": "maps.tif", "band": 1, "epoch": 2015, "date": "2015-06-30"},
        ],
    }
    return table


def test_class_maps_come_in_the_order_of_their_years(files):
    folder, table = files
    class_map_table(folder, table)
    extent, _ = findings_of(files)
    assert extent.epochs == (2015, 2020)
    assert extent.epoch_dates == {2015: dt.date(2015, 6, 30), 2020: dt.date(2020, 12, 31)}
    assert extent.composites == {}
    for epoch in coast.EPOCHS:
        np.testing.assert_array_equal(extent.maps[epoch], coast.truth(epoch)[1:39, 1:39])


def test_a_number_that_no_legend_names_is_refused(files):
    folder, table = files
    class_map_table(folder, table)
    del table["class_maps"]["legend"]["5"]
    table["class_maps"]["map"][0]["band"] = 3
    assert "5" in refused(files, "class-map-number-unknown").message
    assert "band 3" in refused(files, "class-map-band-missing").subject


def test_one_epoch_twice_and_an_unmapped_epoch_are_refused(files):
    folder, table = files
    class_map_table(folder, table)
    table["class_maps"]["map"][0]["epoch"] = 2015
    assert "2015" in refused(files, "epoch-duplicate").message
    assert "2020" in refused(files, "epoch-not-mapped").message


def test_all_defects_of_all_files_are_reported_together(files):
    folder, table = files
    numbers = coast.scene_numbers(2015, 0)
    coast.write_raster(folder / "2015-10-01.tif", numbers, crs=None)
    coast.write_raster(folder / "2015-11-01.tif", numbers[:3])
    (folder / "2020-10-01.tif").write_bytes(b"not a picture")
    bow = coast.polygon((1, 1), (39, 39), (39, 1), (1, 39))
    coast.write_layer(folder / "strata.geojson", ({"stratum": "W"}, bow))
    (folder / "training.csv").write_text("lon,lat,epoch,label\n110,21,2015,mangrve\n")
    table["mapping"]["indices"] = ["ndvi", "mndvvi"]
    extent, findings = findings_of(files)
    assert extent is None
    assert coast.codes_of(errors_in(findings)) == {
        "scene-no-crs",
        "scene-rgb-only",
        "scene-unreadable",
        "polygon-self-intersection",
        "label-unknown",
        "index-unknown",
    }


def test_a_reference_point_on_a_training_point_is_refused(files):
    folder, _ = files
    coast.write_points(folder / "reference.csv", [2.9, 30.5], [2.5, 30.5])
    finding = refused(files, "reference-is-training")
    assert finding.subject == "reference.csv"
    assert "row 2" in finding.message


@pytest.mark.parametrize("name", ["reference.csv", "training.csv"])
def test_points_in_one_place_are_refused(files, name):
    folder, _ = files
    table = (folder / name).read_text().splitlines()
    fields = table[1].split(",")
    # the same place again under another id, 1 m farther north: a tenth of a pixel
    fields[0], fields[2] = "again", f"{float(fields[2]) + 9e-6:.7f}"
    (folder / name).write_text("\n".join([*table, ",".join(fields)]) + "\n")
    finding = refused(files, "place-twice")
    assert finding.subject == f"{name} rows 2, {len(table) + 1}"
    assert "2015" in finding.message
    # the same row as it is: its id betrays it
    (folder / name).write_text("\n".join([*table, table[1]]) + "\n")
    assert refused(files, "point-twice").subject == f"{name} row {len(table) + 1}"


def test_points_within_a_pixel_are_a_remark_in_a_sample_only(files):
    folder, _ = files
    for name in ("reference.csv", "training.csv"):
        table = (folder / name).read_text().splitlines()
        fields = table[1].split(",")
        fields[0], fields[2] = "near", f"{float(fields[2]) + 5e-5:.7f}"
        (folder / name).write_text("\n".join([*table, ",".join(fields)]) + "\n")
    extent, findings = findings_of(files)
    assert extent is not None
    (finding,) = [f for f in findings if f.code == "place-near"]
    assert finding.severity == "info"
    assert finding.subject.startswith("reference.csv rows 2, ")


def test_one_place_labelled_in_both_epochs_is_a_panel(measured):
    # the coast's sample is at the same places in both epochs
    assert "place-twice" not in coast.codes_of(measured[1])


def test_an_epoch_under_cloud_is_refused(files):
    folder, _ = files
    numbers = coast.scene_numbers(2020, 2)
    numbers[6] = coast.CLOUD
    coast.write_raster(folder / "2020-10-01.tif", numbers)
    assert refused(files, "epoch-unobserved").subject == "epoch 2020"


def test_labels_of_one_class_cannot_train(files):
    folder, _ = files
    coast.write_points(folder / "training.csv", [5.5, 6.5], [20.5, 20.5])
    assert "mangrove 4" in refused(files, "training-class-missing").message


def test_points_of_other_years_and_places_are_counted(files):
    folder, _ = files
    text = (folder / "reference.csv").read_text()
    lon, lat = coast.degrees(500.5, 5.5)
    text += f"Q1,{lon},{lat},2020,water\nQ2,{lon},{lat},1999,water\n"
    (folder / "reference.csv").write_text(text)
    _, findings = findings_of(files)
    messages = {f.code: f.message for f in findings}
    assert messages["reference-outside"].startswith("1 reference points")
    assert "1999" in messages["points-other-epoch"]


def test_label_raster_on_another_grid_is_refused(files):
    folder, table = files
    values = np.ones((1, 40, 40), dtype=np.uint8)
    coast.write_raster(folder / "labels.tif", values, coast.grid(left=coast.LEFT_M + 3))
    table["validation"] = [{"raster": "labels.tif", "epoch": 2015, "legend": {"1": "mangrove"}}]
    assert refused(files, "grid-differs").subject == "labels.tif"
    table["validation"][0]["legend"] = {"1": "mangroves", "one": "water"}
    assert "mangroves" in refused(files, "label-unknown").message
    assert "one" in refused(files, "legend-number-wrong").message


def test_extent_has_the_legend_of_its_codes(measured):
    extent, _ = measured
    assert extent.legend[0] == "outside"
    assert extent.legend[255] == "unobserved"
    assert set(np.unique(extent.maps[2015])) <= set(extent.legend)


def test_the_fixture_writes_what_it_says(files):
    folder, table = files
    with rasterio.open(folder / "2015-10-01.tif") as scene:
        assert scene.count == len(table["imagery"]["bands"])
        assert scene.crs.to_epsg() == 32649
    assert len(json.loads((folder / "strata.geojson").read_text())["features"]) == 2


def test_the_demonstration_coast_is_measured_near_its_truth():
    demo = Path(__file__).parents[2] / "fixtures" / "demo_coast"
    truth = json.loads((demo / "truth.json").read_text(encoding="utf-8"))
    extent, findings = measure_extent(load_project(demo / "project.toml"))
    assert errors_in(findings) == ()
    rows = extent.estimates.set_index(["stratum", "epoch"])
    for epoch in extent.epochs:
        expected = sum(areas[str(epoch)] for areas in truth["mangrove_area_ha"].values())
        row = rows.loc[("", epoch)]
        # 3 %: about twice the standard error that the sample of 390 points gives
        assert row["area_ha"] == pytest.approx(expected, rel=0.03)
        assert row["mapped_ha"] == pytest.approx(expected, rel=0.03)
        with rasterio.open(demo / f"truth_classes_{epoch}.tif") as file:
            grid = Grid(file.crs, file.transform, file.height, file.width)
            window = grid.slices_of(extent.grid)
            labels = file.read(1)[window]
        known = ~np.isin(extent.maps[epoch], [0, CODE_UNOBSERVED])
        score = overlap(extent.maps[epoch][known] == 1, labels[known] == 1)
        assert score.iou > 0.95
