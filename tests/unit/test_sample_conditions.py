"""What a sample must be, and say, before a map is judged by it: dates, design, ground covered."""

import pandas as pd
import pytest
from test_map_accuracy import COLUMNS, LABELS, NAMES, ROWS, raster, refused, write_points

from bluecarbon.mrv.map_accuracy import Assessment, assess
from bluecarbon.mrv.reference_table import ClassMap
from bluecarbon.mrv.sample_conditions import (
    LEFT_OUT_SHARE_MOST,
    date_findings,
    design_findings,
    epoch_findings,
    is_date,
    map_year_findings,
)

__all__ = ["raster"]
EPOCHS = ["2015", "2020"] * 4
POINTS = pd.DataFrame({"epoch": EPOCHS, "period": EPOCHS, "site": ["n"] * 8})
STRATA = pd.DataFrame({"stratum": ["mangrove"], "pixels": [600]})


def codes(findings):
    return [(finding.severity, finding.code) for finding in findings]


@pytest.mark.parametrize("name", ["epoch", "Year", "period", "date", "from_year", "year0"])
def test_columns_of_dates_are_known_by_their_words(name):
    assert is_date(name)


@pytest.mark.parametrize("name", ["site", "region", "update", "yearling", "candidate"])
def test_other_columns_are_parts_of_the_ground(name):
    assert not is_date(name)


@pytest.mark.parametrize(
    ("name", "epochs", "told"),
    [
        ("classes_2015", ["2020"], True),
        ("classes_2020", ["2020"], False),
        ("classes", ["2020"], False),
        ("change_2015_2020", ["2020"], False),
        ("classes_2015", ["2015", "2020"], False),
    ],
)
def test_points_of_another_year_than_the_map_are_said(name, epochs, told):
    found = map_year_findings(pd.DataFrame({"epoch": epochs}), name, subject="r.csv")
    assert codes(found) == ([("warning", "points-other-date-than-map")] if told else [])


def test_dates_need_sizes_for_each_of_them():
    (finding,) = date_findings(STRATA, ("site", "period"), subject="r.csv")
    assert (finding.severity, finding.code) == ("error", "by-date-without-sizes")
    assert "'period'" in finding.message
    assert date_findings(STRATA, ("site",), subject="r.csv") == ()
    own = STRATA.assign(period="2015")
    assert date_findings(own, ("period",), subject="r.csv") == ()
    # sizes by period only would be divided between the sites of that period
    assert len(date_findings(own, ("site", "period"), subject="r.csv")) == 1


def test_epochs_are_not_mixed():
    (finding,) = epoch_findings(POINTS, ("site",), epoch="", subject="r.csv")
    assert codes([finding]) == [("error", "points-several-epochs")]
    assert "2015, 2020" in finding.message
    assert "--epoch" in finding.fix
    assert epoch_findings(POINTS, ("period",), epoch="", subject="r.csv") == ()
    shifted = POINTS.assign(period=["a"] * 4 + ["b"] * 4)
    assert len(epoch_findings(shifted, ("period",), epoch="", subject="r.csv")) == 1
    assert epoch_findings(POINTS.iloc[::2], (), epoch="", subject="r.csv") == ()
    assert epoch_findings(POINTS[["site"]], (), epoch="", subject="r.csv") == ()


def test_a_point_without_an_epoch_is_of_another_one():
    some = POINTS.assign(epoch=["2015", ""] * 4)
    (finding,) = epoch_findings(some, (), epoch="", subject="r.csv")
    assert "(empty), 2015" in finding.message


def test_a_chosen_epoch_is_said_and_needs_its_column():
    (said,) = epoch_findings(POINTS.iloc[::2], (), epoch="2015", subject="r.csv")
    assert codes([said]) == [("info", "points-of-one-epoch")]
    assert "4 points of epoch 2015" in said.message
    (wrong,) = epoch_findings(POINTS[["site"]], (), epoch="2015", subject="r.csv")
    assert codes([wrong]) == [("error", "epoch-column-missing")]


def test_the_design_that_is_taken_is_said():
    bare = POINTS[["site"]]
    (finding,) = design_findings(bare, "map class", given=False, subject="r.csv")
    assert codes([finding]) == [("warning", "sample-design-assumed")]
    assert "simple random sample within each map class" in finding.message
    for column in ("stratum", "design", "provenance"):
        declared = bare.assign(**{column: "x"})
        (finding,) = design_findings(declared, "map class", given=False, subject="r.csv")
        assert codes([finding]) == [("info", "sample-design")]
        empty = bare.assign(**{column: ""})
        (finding,) = design_findings(empty, "map class", given=False, subject="r.csv")
        assert finding.severity == "warning"
    (finding,) = design_findings(bare, "stratum of s.tif", given=True, subject="r.csv")
    assert codes([finding]) == [("info", "sample-design")]
    assert "within each stratum of s.tif" in finding.message


@pytest.mark.parametrize("name", ["epoch", "period"])
def test_a_map_is_not_divided_between_dates(raster, tmp_path, name):
    path = write_points(tmp_path / "r.csv", ROWS, COLUMNS, LABELS, **{name: EPOCHS})
    asked = Assessment(path, ClassMap(raster, names=NAMES), by=(name,))
    assert codes(refused(asked)) == [("error", "by-date-without-sizes")]


def test_sizes_of_every_date_allow_estimates_by_date(tmp_path):
    more = {"map_class": ["mangrove"] * 4 + ["other"] * 4, "stratum": ["A"] * 8, "epoch": EPOCHS}
    path = write_points(tmp_path / "r.csv", ROWS, COLUMNS, LABELS, **more)
    sizes = tmp_path / "s.csv"
    sizes.write_text("epoch,stratum,area_ha\n2015,A,30\n2020,A,70\n", encoding="utf-8")
    table, findings = assess(Assessment(path, strata=sizes, by=("epoch",)))
    assert codes(findings) == [("info", "sample-design"), ("info", "accuracy-no-disagreement")]
    totals = table[table["measure"] == "area"].groupby("epoch")["value"].sum()
    assert totals.to_dict() == pytest.approx({"2015": 30, "2020": 70})
    sizes.write_text("stratum,area_ha\nA,30\n", encoding="utf-8")
    assert codes(refused(Assessment(path, strata=sizes, by=("epoch",)))) == [
        ("error", "by-date-without-sizes")
    ]


def test_one_epoch_must_be_chosen_and_is_used(raster, tmp_path):
    path = write_points(tmp_path / "r.csv", ROWS, COLUMNS, LABELS, epoch=EPOCHS)
    class_map = ClassMap(raster, names=NAMES)
    assert codes(refused(Assessment(path, class_map))) == [("error", "points-several-epochs")]
    table, findings = assess(Assessment(path, class_map, epoch="2015"))
    assert ("info", "points-of-one-epoch") in codes(findings)
    assert table["points"].iloc[0] == 4
    assert codes(refused(Assessment(path, class_map, epoch="1999"))) == [
        ("error", "points-other-epoch")
    ]


def test_a_part_that_is_no_column_of_the_points_is_refused(raster, tmp_path):
    path = write_points(tmp_path / "r.csv", ROWS, COLUMNS, LABELS)
    asked = Assessment(path, ClassMap(raster, names=NAMES), by=("epoch",))
    assert codes(refused(asked)) == [("error", "column-missing")]


def test_too_much_ground_without_points_is_refused(tmp_path):
    more = {"map_class": LABELS, "stratum": ["A"] * 4 + ["B"] * 4}
    path = write_points(tmp_path / "r.csv", ROWS, COLUMNS, LABELS, **more)
    sizes = tmp_path / "s.csv"
    asked = Assessment(path, strata=sizes)
    for empty_ha, severity in ((5.0, "warning"), (5.1, "error")):
        rows = f"A,50\nB,{50 - empty_ha}\nC,{empty_ha}\n"
        sizes.write_text(f"stratum,area_ha\n{rows}", encoding="utf-8")
        table, findings = assess(asked)
        assert (severity, "strata-left-out") in codes(findings)
        assert (table is None) == (severity == "error")
    assert LEFT_OUT_SHARE_MOST == 0.05


def test_a_column_of_other_strata_is_not_passed_over(raster, tmp_path):
    class_map = ClassMap(raster, names=NAMES)
    for strata, expected in (
        (["1"] * 4 + ["2"] * 4, ["sample-design"]),
        (["a", "b"] * 4, ["sample-design", "sample-strata-differ"]),
        (["a"] * 8, ["sample-design", "sample-strata-differ"]),
        ([""] * 8, ["sample-design-assumed"]),
    ):
        path = write_points(tmp_path / "r.csv", ROWS, COLUMNS, LABELS, stratum=strata)
        table, findings = assess(Assessment(path, class_map))
        assert table is not None
        assert [finding.code for finding in findings] == expected
