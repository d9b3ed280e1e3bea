"""The tidy tables of the stratified estimators: by hand, by part, and what they refuse."""

import math

import numpy as np
import pandas as pd
import pytest

from bluecarbon.errors import DataError
from bluecarbon.mrv.stehman2014 import (
    ESTIMATE_COLUMNS,
    estimates_by,
    sample_findings,
    sampled_part,
    stehman2014,
)

# stratum p of 40 ha: reference 1 1 1 0; stratum q of 60 ha: 1 0 0 0 0; the map says 1 in p only
POINTS = pd.DataFrame(
    {
        "stratum": ["p"] * 4 + ["q"] * 5,
        "map": [1] * 4 + [0] * 5,
        "reference": [1, 1, 1, 0, 1, 0, 0, 0, 0],
        "site": ["n", "s"] * 4 + ["n"],
    }
)
STRATA = pd.DataFrame({"stratum": ["p", "q"], "area_ha": [40.0, 60.0], "pixels": [400, 600]})


def indexed(**options):
    return stehman2014(POINTS, STRATA, **options).set_index(["measure", "class"])


def codes(points=POINTS, strata=STRATA):
    return [finding.code for finding in sample_findings(points, strata, subject="s")]


def test_estimates_by_hand():
    table = indexed()
    area = table.loc["area", 1]
    assert area["value"] == pytest.approx(40 * 0.75 + 60 * 0.2)
    variance = 40**2 * 0.75 * 0.25 / 3 + 60**2 * 0.2 * 0.8 / 4
    assert area["standard_error"] == pytest.approx(math.sqrt(variance))
    assert area["unit"] == "ha"
    assert table.loc["overall", ""]["value"] == pytest.approx(0.4 * 0.75 + 0.6 * 0.8)
    assert table.loc["users", 1]["value"] == pytest.approx(0.75)
    assert table.loc["producers", 1]["value"] == pytest.approx(30 / 42)


def test_columns_say_standard_error_and_never_error():
    table = stehman2014(POINTS, STRATA)
    assert tuple(table.columns) == ESTIMATE_COLUMNS
    assert not [name for name in table.columns if name in {"error", "sd", "ci", "accuracy"}]


def test_class_0_is_estimated_like_any_other():
    table = indexed()
    assert table.loc["area", 0]["value"] == pytest.approx(100 - 42)
    assert table.loc["users", 0]["points"] == 5


def test_the_normal_interval_is_estimate_and_quantile_times_standard_error():
    row = indexed(interval="normal", confidence=0.9).loc["area", 1]
    half = 1.6448536269514722 * row["standard_error"]
    assert row["ci_low"] == pytest.approx(max(0.0, row["value"] - half))
    assert row["ci_high"] == pytest.approx(row["value"] + half)
    assert (row["confidence"], row["interval"]) == (0.9, "normal")


def test_score_intervals_have_width_where_nothing_disagrees():
    right = POINTS.assign(reference=POINTS["map"])
    score = stehman2014(right, STRATA)
    normal = stehman2014(right, STRATA, interval="normal")
    assert (score["ci_high"] > score["ci_low"]).all()
    half = (score["ci_high"] - score["ci_low"]) / 2
    # 0 by its equation is not reported; 1.96 is the quantile of 95 % intervals
    assert score["standard_error"].to_numpy() == pytest.approx(half / 1.96, rel=1e-4)
    assert score["equation"].str.endswith("; SE from the score interval").all()
    assert (normal["standard_error"] == 0).all()
    assert (normal["ci_high"] == normal["ci_low"]).all()


def test_the_finite_correction_is_one_minus_the_share_that_was_seen():
    small = STRATA.assign(pixels=[8, 10])
    corrected = stehman2014(POINTS, small, finite=True).set_index(["measure", "class"])
    plain = indexed().loc["area", 1]["standard_error"]
    assert corrected.loc["area", 1]["standard_error"] == pytest.approx(plain * math.sqrt(0.5))


def test_without_hectares_areas_are_in_pixels():
    table = stehman2014(POINTS, STRATA[["stratum", "pixels"]]).set_index(["measure", "class"])
    assert table.loc["area", 1]["value"] == pytest.approx(420)
    assert table.loc["area", 1]["unit"] == "pixels"


def test_parts_of_one_sample_add_up_to_the_whole():
    parts = estimates_by(POINTS, STRATA, ["site"])
    areas = parts[parts["measure"] == "area"].groupby("class")["value"].sum()
    assert areas[1] == pytest.approx(42)
    assert set(parts["site"]) == {"n", "s"}


def test_parts_with_strata_of_their_own_are_samples_of_their_own():
    both = pd.concat([POINTS.assign(site="n"), POINTS.assign(site="s")], ignore_index=True)
    strata = pd.concat([STRATA.assign(site="n"), STRATA.assign(site="s", area_ha=[400.0, 600.0])])
    parts = estimates_by(both, strata, ["site"]).set_index(["site", "measure", "class"])
    one = indexed().loc["area", 1]
    assert parts.loc[("n", "area", 1), "value"] == pytest.approx(one["value"])
    assert parts.loc[("s", "area", 1), "standard_error"] == pytest.approx(
        10 * one["standard_error"]
    )


def test_a_part_without_strata_of_its_own_names_itself():
    strata = pd.concat([STRATA.assign(site="n"), STRATA.iloc[:1].assign(site="s")])
    with pytest.raises(DataError, match="site s: 2 points are of stratum 'q'"):
        estimates_by(POINTS, strata, ["site"])


def test_a_class_that_the_domain_does_not_hold_is_nan_not_zero():
    inside = np.array([True] * 4 + [False] * 5)
    table = stehman2014(POINTS, STRATA, domain=inside).set_index(["measure", "class"])
    assert math.isnan(table.loc["users", 0]["value"])
    assert math.isnan(table.loc["users", 0]["ci_low"])


def test_defects_are_reported_all_at_once():
    points = POINTS.assign(reference=[None, *POINTS["reference"][1:]])
    points.loc[8, "stratum"] = "unknown"
    strata = pd.DataFrame({"stratum": ["p", "q", "r"], "area_ha": [40.0, 0.0, 5.0]})
    assert codes(points, strata) == [
        "point-incomplete", "stratum-size-wrong", "stratum-size-missing", "stratum-too-few-points",
    ]  # fmt: skip
    with pytest.raises(DataError) as caught:
        stehman2014(points, strata)
    assert len(caught.value.findings) == 4


def test_a_stratum_with_one_point_is_refused_or_left_out_by_name():
    points = POINTS.iloc[:5]
    assert codes(points) == ["stratum-too-few-points"]
    kept, strata, (finding,) = sampled_part(points, STRATA, subject="s")
    assert list(strata["stratum"]) == ["p"]
    assert len(kept) == 4
    assert finding.severity == "error"
    assert "'q'" in finding.message
    assert "5 %" in finding.message
    assert "60.00%" in finding.message
    small = STRATA.assign(area_ha=[95.0, 5.0])
    assert sampled_part(points, small, subject="s")[2][0].severity == "warning"
    assert sampled_part(POINTS, STRATA, subject="s")[2] == ()


def test_rows_say_which_interval_the_standard_error_belongs_to():
    score, normal = (
        stehman2014(POINTS, STRATA, interval=kind).set_index(["measure", "class"])
        for kind in ("score", "normal")
    )
    apart = "SE by these, limits by score: not value +- z SE"
    assert score.loc["area", 1]["equation"] == f"eqs. 14, 3, 25; {apart}"
    assert normal.loc["area", 1]["equation"] == "eqs. 14, 3, 25"
    half = 1.959964 * normal.loc["area", 1]["standard_error"]
    area = normal.loc["area", 1]
    assert area["ci_high"] - area["value"] == pytest.approx(half, rel=1e-6)
    # the row that is told apart: the score limit is not where z SE would put it
    area = score.loc["area", 1]
    assert abs(area["ci_high"] - area["value"] - half) > 1
