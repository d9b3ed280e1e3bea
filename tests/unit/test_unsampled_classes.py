"""Rare strata without points: their classes stay in the table, as what nobody can say."""

import numpy as np
import pandas as pd
import pytest
from test_map_accuracy import COLUMNS, LABELS, ROWS, write_points

from bluecarbon.mrv.map_accuracy import Assessment, assess

KEPT = ["stable"] * 4 + ["other"] * 4
REFERENCE = ["stable", "stable", "stable", "loss", "other", "other", "other", "stable"]


def written(tmp_path, sizes, *, site="a", extra=()):
    """Eight points of two strata, and what ``extra`` adds: (stratum, label, site)."""
    strata = [*KEPT, *(row[0] for row in extra)]
    labels = [*REFERENCE, *(row[1] for row in extra)]
    sites = [site] * 8 + [row[2] for row in extra]
    rows, columns = [*ROWS, *range(20, 20 + len(extra))], [*COLUMNS, *range(len(extra))]
    path = write_points(
        tmp_path / "r.csv", rows, columns, labels, map_class=strata, stratum=strata, site=sites
    )
    table = tmp_path / "s.csv"
    table.write_text(f"site,stratum,area_ha\n{sizes}", encoding="utf-8")
    return path, table


def class_of(table, name):
    return table[table["class"] == name].set_index("measure")


@pytest.mark.parametrize("extra", [(), [("loss", "loss", "a")]])
@pytest.mark.parametrize("by", [(), ("site",)])
def test_the_class_of_a_rare_stratum_is_not_estimable_and_stays(tmp_path, extra, by):
    path, sizes = written(tmp_path, "a,stable,57\na,other,40\na,loss,3\n", extra=extra)
    table, findings = assess(Assessment(path, strata=sizes, by=by))
    loss = class_of(table, "loss")
    assert sorted(loss.index) == ["area", "producers", "users"]
    # without its 3 ha the area of loss would read 57 / 4 = 14.25 ha, as if that were all of it
    assert loss[["value", "standard_error", "ci_low", "ci_high"]].isna().all(axis=None)
    assert loss["equation"].str.startswith("not estimable: stratum 'loss'").all()
    # by hand: 57 3/4 + 40 1/4
    assert class_of(table, "stable")["value"]["area"] == pytest.approx(52.75)
    (said,) = (finding for finding in findings if finding.code == "class-not-estimable")
    assert said.severity == "warning"
    assert "'loss'" in said.message


def test_a_class_that_only_left_out_points_have_stays_too(tmp_path):
    extra = [("rare", "gain", "a")]
    path, sizes = written(tmp_path, "a,stable,57\na,other,40\na,rare,3\n", extra=extra)
    table, _ = assess(Assessment(path, strata=sizes))
    assert class_of(table, "gain")["value"].isna().all()
    assert class_of(table, "rare")["value"].isna().all()
    assert class_of(table, "loss")["value"]["area"] == pytest.approx(57 / 4)


def test_only_the_part_that_lacks_points_loses_its_class(tmp_path):
    extra = [(*row, "b") for row in zip(KEPT, REFERENCE, strict=True)] + [("loss", "loss", "b")] * 2
    sizes = "".join(f"{s},stable,57\n{s},other,40\n{s},loss,3\n" for s in "ab")
    table, _ = assess(Assessment(*_paths(tmp_path, sizes, extra), by=("site",)))
    area = table[(table["measure"] == "area") & (table["class"] == "loss")].set_index("site")
    assert np.isnan(area["value"]["a"])
    # by hand: 57 / 4 of stable and all 3 ha
    assert area["value"]["b"] == pytest.approx(17.25)


def _paths(tmp_path, sizes, extra):
    path, table = written(tmp_path, sizes, extra=extra)
    return path, None, table


def test_points_of_a_part_without_sizes_do_not_vanish(tmp_path):
    path, sizes = written(
        tmp_path, "a,stable,57\na,other,40\n", extra=[("stable", "stable", "c")] * 2
    )
    table, findings = assess(Assessment(path, strata=sizes, by=("site",)))
    assert table is None
    (missing,) = (finding for finding in findings if finding.code == "stratum-size-missing")
    assert "2 points are of c" in missing.message


def test_strata_that_are_no_classes_have_no_row(tmp_path):
    path = write_points(
        tmp_path / "r.csv", ROWS, COLUMNS, LABELS,
        map_class=LABELS, stratum=["north"] * 4 + ["south"] * 4,
    )  # fmt: skip
    sizes = tmp_path / "s.csv"
    pd.DataFrame({"stratum": ["north", "south", "islet"], "area_ha": [50, 48, 2]}).to_csv(sizes)
    table, findings = assess(Assessment(path, strata=sizes))
    assert set(table["class"]) == {"", "mangrove", "other"}
    assert "class-not-estimable" not in {finding.code for finding in findings}
    assert table["value"].notna().all()
