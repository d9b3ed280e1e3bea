"""Training sets, the classifier, its blocked cross-validation, and labelled points."""

import sys

import numpy as np
import pandas as pd
import pytest
from support import small_coast as coast

from bluecarbon.errors import MissingExtraError
from bluecarbon.mrv import mapping
from bluecarbon.mrv.mapping import TrainingSet
from bluecarbon.mrv.points import read_points
from bluecarbon.mrv.scenes import Composite, composite, read_scene
from bluecarbon.project import Imagery, Mapping, Scene

INDICES = ("ndvi", "mvi")
HEADER = "lon,lat,epoch,label\n"
SETTINGS = Mapping(trees=20, seed=3, indices=INDICES)


@pytest.fixture(scope="module")
def composites(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenes")
    made = {}
    for epoch in coast.EPOCHS:
        scene = Scene(path=f"{epoch}.tif", date=f"{epoch}-10-01")
        settings = Imagery(bands=coast.BANDS, scale=1e-4, mask_band="scl", scene=(scene,))
        numbers = coast.scene_numbers(epoch, epoch)
        numbers[6, 0, 0] = coast.CLOUD
        coast.write_raster(folder / scene.path, numbers)
        data, _ = read_scene(folder / scene.path, scene, settings, coast.grid())
        made[epoch] = composite([data], tuple(coast.BANDS[:6]))
    return made


def points(places, epoch=2015, labels=("mangrove", "water")):
    lon, lat = coast.degrees(*zip(*places, strict=True))
    names = [labels[i % len(labels)] for i in range(len(places))]
    return pd.DataFrame({"lon": lon, "lat": lat, "epoch": epoch, "label": names, "row": 2})


def test_each_point_is_read_from_its_own_epoch(composites):
    places = [(17.5, 20.5), (30.5, 20.5)]
    table = pd.concat([points(places, 2015), points(places, 2020)])
    training, found = mapping.training_from_points(table, composites, coast.grid(), indices=INDICES)
    assert training.features.shape == (4, 8)
    # column 17 is water in 2015 and mangrove in 2020
    assert training.features[0, 3] < 0.05 < 0.3 < training.features[2, 3]
    assert [f.code for f in found] == ["training-few-labels"]


def test_points_outside_and_under_cloud_are_counted(composites):
    places = [(5.5, 20.5), (30.5, 20.5), (0.5, 0.5), (60.5, 5.5), (-0.5, 5.5)]
    training, found = mapping.training_from_points(
        points(places), composites, coast.grid(), indices=INDICES
    )
    messages = {f.code: f.message for f in found}
    assert messages["training-outside"].startswith("2 training points")
    assert messages["training-unobserved"].startswith("1 training points")
    assert len(training.codes) == 2


def test_nothing_to_train_on(composites):
    training, found = mapping.training_from_points(
        points([(60.5, 5.5)]), composites, coast.grid(), indices=INDICES
    )
    assert training is None
    assert "training-class-missing" in {f.code for f in found}


def test_a_label_raster_is_sampled_by_class_with_the_seed(composites):
    area = np.zeros((40, 40), dtype=bool)
    area[6:34] = True
    labels = coast.truth(2015)
    labels[10, 10] = 255
    draw = [
        mapping.training_from_raster(
            labels, composites[2015], area, indices=INDICES, sample_size=200, seed=seed
        )[0]
        for seed in (1, 1, 2)
    ]
    # 28 rows of 16 mangrove and 24 water columns, one of them unknown
    assert np.bincount(draw[0].codes).tolist() == [0, 80, 120]
    assert area[draw[0].rows, draw[0].columns].all()
    np.testing.assert_array_equal(draw[0].rows, draw[1].rows)
    assert not np.array_equal(draw[0].rows, draw[2].rows)
    assert not ((draw[0].rows == 10) & (draw[0].columns == 10)).any()


def test_a_label_raster_without_the_class_is_refused(composites):
    nothing = np.full((40, 40), 2, dtype=np.uint8)
    everywhere = np.ones((40, 40), dtype=bool)
    for labels in (nothing, np.zeros_like(nothing)):
        training, found = mapping.training_from_raster(
            labels, composites[2015], everywhere, indices=INDICES, sample_size=50, seed=1
        )
        assert training is None
        assert [f.code for f in found] == ["training-class-missing"]


def trained(composites):
    return mapping.training_from_raster(
        coast.truth(2015),
        composites[2015],
        np.ones((40, 40), dtype=bool),
        indices=INDICES,
        sample_size=300,
        seed=1,
    )[0]


def test_maps_of_both_epochs_from_labels_of_one(composites):
    training = trained(composites)
    classifier = mapping.fit(training.features, training.codes, SETTINGS)
    inside = np.ones((40, 40), dtype=bool)
    inside[:, 39] = False
    for epoch in coast.EPOCHS:
        codes = mapping.classify(classifier, composites[epoch], inside, indices=INDICES)
        assert (codes[:, 39] == 0).all()
        assert codes[0, 0] == 255
        expected = coast.truth(epoch)
        assert (codes[1:, :39] == expected[1:, :39]).mean() > 0.99


def test_upland_forest_is_not_taken_for_mangrove(composites):
    # NDVI of both is 0.78 and 0.80: the short-wave infrared tells them apart
    training = trained(composites)
    classifier = mapping.fit(training.features, training.codes, SETTINGS)
    everywhere = np.ones((40, 40), dtype=bool)
    codes = mapping.classify(classifier, composites[2020], everywhere, indices=INDICES)
    assert (codes[1:6] == 5).mean() > 0.99


def test_tasks_of_any_size_make_the_same_map(composites, monkeypatch):
    training = trained(composites)
    classifier = mapping.fit(training.features, training.codes, SETTINGS)
    everywhere = np.ones((40, 40), dtype=bool)
    whole = mapping.classify(classifier, composites[2020], everywhere, indices=INDICES)
    monkeypatch.setattr(mapping, "PIXELS_PER_TASK", 97)
    parts = mapping.classify(classifier, composites[2020], everywhere, indices=INDICES)
    np.testing.assert_array_equal(whole, parts)


def test_cross_validation_keeps_blocks_together():
    # The label is the block itself: neighbours would betray it, another block cannot.
    rows, columns = (a.ravel() for a in np.mgrid[0:60, 0:60])
    block = (rows // 10) * 6 + columns // 10
    features = block[:, None].astype(np.float32)
    codes = np.where(block % 2 == 0, 1, 2).astype(np.uint8)
    judged = mapping.cross_validate(TrainingSet(features, codes, rows, columns), SETTINGS)
    assert judged.folds == 5
    assert judged.labels == 3600
    assert judged.overall < 0.7


def test_cross_validation_of_a_clear_case(composites):
    judged = mapping.cross_validate(trained(composites), SETTINGS)
    assert judged.overall > 0.95
    assert judged.mangrove_precision > 0.95
    assert judged.mangrove_recall > 0.95


def test_labels_in_one_place_cannot_be_cross_validated():
    zeros = np.zeros(5, dtype=np.int64)
    training = TrainingSet(np.ones((5, 2), np.float32), np.ones(5, np.uint8), zeros, zeros)
    assert mapping.cross_validate(training, SETTINGS) is None


def test_feature_names_are_in_the_order_of_the_features(composites):
    names = mapping.feature_names(composites[2015], INDICES)
    features = mapping.features_at(composites[2015], INDICES, ([20], [30]))
    assert names == (*coast.BANDS[:6], "ndvi", "mvi")
    red, nir = features[0, names.index("red")], features[0, names.index("nir")]
    assert features[0, names.index("ndvi")] == pytest.approx((nir - red) / (nir + red), rel=1e-5)


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(MissingExtraError, match=r"bluecarbon\[ml\]"):
        mapping.fit(np.ones((2, 1), np.float32), np.array([1, 2], np.uint8), SETTINGS)
    monkeypatch.setitem(sys.modules, "sklearn.model_selection", None)
    ticks = np.arange(10)
    training = TrainingSet(np.ones((10, 2), np.float32), np.ones(10, np.uint8), ticks, ticks)
    with pytest.raises(MissingExtraError, match=r"bluecarbon\[ml\]"):
        mapping.cross_validate(training, SETTINGS)


# ---------------------------------------------------------------- points files


def points_of(folder, text, epochs=(2015, 2020)):
    (folder / "p.csv").write_text(text, encoding="utf-8")
    return read_points(folder / "p.csv", epochs)


def test_points_are_read_with_their_rows(tmp_path):
    table, found = points_of(
        tmp_path, "point_id,lon,lat,epoch,label\nA,110.1,21.5,2015, mangrove \nB,110,21,2020,pond\n"
    )
    assert found == ()
    assert table.to_dict("records") == [
        {"lon": 110.1, "lat": 21.5, "epoch": 2015, "label": "mangrove", "row": 2},
        {"lon": 110.0, "lat": 21.0, "epoch": 2020, "label": "pond", "row": 3},
    ]


def test_a_point_layer_carries_its_own_places(tmp_path):
    import shapely

    lon, lat = coast.degrees(3, 4)
    coast.write_layer(
        tmp_path / "p.geojson", ({"epoch": 2015, "label": "water"}, shapely.Point(lon, lat))
    )
    table, found = read_points(tmp_path / "p.geojson", (2015,))
    assert found == ()
    assert table.iloc[0][["lon", "lat", "epoch", "label"]].tolist() == [lon, lat, 2015, "water"]


@pytest.mark.parametrize(
    ("text", "code", "subject", "words"),
    [
        ("lon,lat,year,label\n1,2,2015,pond\n", "column-missing", "", "epoch"),
        (HEADER + "1,,2015,pond\n", "cell-empty", " row 2", "lat is empty"),
        (HEADER + "1,east,2015,pond\n", "number-unreadable", " row 2", "lat 'east'"),
        (HEADER + "1,２,2015,pond\n", "number-unreadable", " row 2", "lat '２'"),
        (HEADER + "1,2,2015,pond\n21,110,2015,pond\n", "position-out-of-range", " row 3", "110"),
        (HEADER + "\n\n1,2,2015,ponds\n", "label-unknown", " row 4", "'ponds'"),
        (HEADER + "1,2,2015,\n", "cell-empty", " row 2", "label is empty"),
        (HEADER + "1,2,2015,NA\n", "label-missing", " row 2", "missing ('NA')"),
        (HEADER + "1,2,inf,pond\n", "number-unreadable", " row 2", "epoch 'inf'"),
        (HEADER + "1,2,1e400,pond\n", "number-unreadable", " row 2", "epoch '1e400'"),
        (HEADER + "1,2,1e300,pond\n", "points-epoch-wrong", " row 2", "not a year"),
        (HEADER + "1,2,2019.5,pond\n", "points-epoch-wrong", " row 2", "2019.5 is not a year"),
        (HEADER + "1,2,2015\n1,2,2015,pond\n", "row-length-wrong", " row 2", "3 cells"),
        (HEADER + "1,2,2015,pond\0\n", "field-file-unreadable", " row 2", "NUL"),
        (HEADER + '"1,2,2015,pond\n', "field-file-unreadable", "", "not CSV"),
        (HEADER, "field-file-empty", "", "no rows"),
        ("", "field-file-empty", "", "no header"),
    ],
)
def test_defects_of_points(tmp_path, text, code, subject, words):
    table, found = points_of(tmp_path, text)
    assert table is None
    # a ragged or quoted row leaves others that may be defects too
    assert found[0].code == code
    assert found[0].severity == "error"
    assert found[0].subject == f"p.csv{subject}"
    assert words in found[0].message
    assert "nan" not in found[0].message


def test_the_row_of_an_id_that_is_there_twice_is_named(tmp_path):
    header = f"point_id,{HEADER}"
    rows = "A,1,2,2015,pond\nA,1,2,2020,pond\nB,3,4,2015,pond\nA,1.5,2.5,2015,mangrove\n"
    table, (finding,) = points_of(tmp_path, header + rows)
    assert table is None
    assert (finding.code, finding.severity) == ("point-twice", "error")
    assert finding.subject == "p.csv row 5"
    assert "point 'A' of 2015 is there more than once: rows 2, 5" in finding.message


@pytest.mark.parametrize(
    "content", [b"\xff\xfe1\x00", "lon,lat\n红树林".encode("gbk"), b"PK\x03\x04\0"]
)
def test_points_that_are_no_text(tmp_path, content):
    (tmp_path / "p.csv").write_bytes(content)
    table, (finding,) = read_points(tmp_path / "p.csv", (2015,))
    assert table is None
    assert finding.code in {"field-file-encoding", "field-file-unreadable"}
    assert finding.subject.startswith("p.csv")


def test_a_point_layer_is_judged_like_a_table(tmp_path):
    import shapely

    wrong = {"epoch": 2015.5, "label": None}, shapely.Point(110, 21)
    coast.write_layer(tmp_path / "p.geojson", wrong)
    table, found = read_points(tmp_path / "p.geojson", (2015,))
    assert table is None
    assert {f.code for f in found} == {"cell-empty", "points-epoch-wrong"}
    assert {f.subject for f in found} == {"p.geojson row 1"}
    (tmp_path / "p.geojson").write_text("{ not json")
    assert read_points(tmp_path / "p.geojson", (2015,))[1][0].code == "points-unreadable"


def test_many_wrong_rows_are_counted_not_listed(tmp_path):
    rows = "".join(f"1,2,2015,bush{i % 2}\n" for i in range(20))
    _, found = points_of(tmp_path, "lon,lat,epoch,label\n" + rows)
    assert [f.subject for f in found] == [
        "p.csv rows 2, 4, 6, 8, 10, 12, 14, 16, ... (10 rows)",
        "p.csv rows 3, 5, 7, 9, 11, 13, 15, 17, ... (10 rows)",
    ]
    assert "'bush1' is not known" in found[1].message


def test_composite_bands_are_found_by_name(composites):
    item = composites[2015]
    assert isinstance(item, Composite)
    np.testing.assert_array_equal(item.band("nir"), item.reflectance[3])
    with pytest.raises(ValueError, match="not in tuple"):
        item.band("thermal")
