"""Longitudes and latitudes as people write them, and positions that are none."""

import pandas as pd
import pytest
from support.field_sheets import by_code

from bluecarbon.mrv.angles import angle_of, packed_angle
from bluecarbon.mrv.position_checks import sound_positions

READ = [
    ("20°30.5'N", "lat", 20.508333),
    ("20 30.5", "lat", 20.508333),
    ("20 30 30", "lat", 20.508333),
    ("N20.508", "lat", 20.508),
    ("20,508", "lat", 20.508),
    ("109°45′12″E", "lon", 109.753333),
    ("东经109度45分12秒", "lon", 109.753333),
    ("20°30'30''S", "lat", -20.508333),
    ("-109 45", "lon", -109.75),
    ("109 45 W", "lon", -109.75),
    ("20º", "lat", 20.0),
]


@pytest.mark.parametrize(("text", "axis", "degrees"), READ)
def test_what_is_marked_is_read(text, axis, degrees):
    assert angle_of(text, axis).degrees == pytest.approx(degrees, abs=5e-7)


REFUSED = [
    ("20°30.5'E", "lat", "is a longitude: are the columns exchanged?"),
    ("N20°", "lon", "is a latitude: are the columns exchanged?"),
    ("-20°30'S", "lat", "two signs"),
    ("20°70'", "lat", "60 and more"),
    ("20.5°30'", "lat", "a fraction before its last part"),
    ("95°10'", "lat", "beyond 90 degrees"),
    ("island", "lat", "is no angle"),
    ("20-30", "lat", "is no angle"),
]


@pytest.mark.parametrize(("text", "axis", "problem"), REFUSED)
def test_what_is_no_angle_says_why(text, axis, problem):
    angle = angle_of(text, axis)
    assert angle.degrees is None
    assert problem in angle.problem


def test_what_a_number_without_marks_may_mean():
    assert packed_angle(203030, "lat") == ("20°30'30\"", pytest.approx(20.508333, abs=5e-7))
    assert packed_angle(-2030.5, "lat") == ("20°30.5'", pytest.approx(-20.508333, abs=5e-7))
    assert packed_angle(1094512, "lon")[1] == pytest.approx(109.753333, abs=5e-7)
    assert packed_angle(206030, "lat") is None
    assert packed_angle(203060, "lat") is None
    assert packed_angle(2_399_123.5, "lat") is None
    assert packed_angle(953030, "lat") is None


def positions(*pairs):
    rows = pd.DataFrame(pairs, columns=["lat", "lon"], dtype=float)
    return rows.assign(line=range(2, 2 + len(rows)))


def test_positions_that_are_none_are_named_and_not_used():
    rows = positions(
        (21.5, 109.75), (109.75, 21.5), (203030, 1094512), (2_385_000, 370_000), (21.5, None),
        (None, None),
    )  # fmt: skip
    done, findings = sound_positions(rows, "cores.csv")
    assert done["lat"].notna().tolist() == [True] + [False] * 5
    assert done["lon"].notna().tolist() == [True] + [False] * 5
    found = by_code(findings)
    assert {f.severity for f in findings} == {"warning"}
    assert found["position-swapped"][0].subject == "cores.csv row 3"
    assert "lat 109.75, lon 21.5" in found["position-swapped"][0].message
    packed = {f.message for f in found["position-packed"]}
    assert "lat 203030 may be 20°30'30\" without marks, which is 20.508333" in packed
    assert "lon 1094512 may be 109°45'12\" without marks, which is 109.753333" in packed
    assert {f.subject for f in found["position-out-of-range"]} == {"cores.csv row 5"}
    assert found["position-incomplete"][0].subject == "cores.csv row 6"


def test_a_sheet_without_positions_is_left_alone():
    rows = pd.DataFrame({"line": [2], "core_id": ["A"]})
    assert sound_positions(rows, "cores.csv") == (rows, [])
