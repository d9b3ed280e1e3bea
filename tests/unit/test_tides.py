"""The tide from constituents: heights, defects of the file, and what is masked."""

import datetime as dt
import json

import numpy as np
import pytest

from bluecarbon.mrv import tides
from bluecarbon.mrv.tides import Station, read_stations, station_of, tide_heights_m

NOON = dt.datetime(2020, 3, 1, 12, tzinfo=dt.UTC)


def station(*constituents, **extra):
    rows = [{"name": n, "amplitude": a, "phase": p} for n, a, p in constituents]
    place = {"id": "g", "name": "Gauge", "latitude": 21.0, "longitude": 109.0}
    return place | {"harmonic_constituents": rows} | extra


def written(folder, content):
    path = folder / "stations.json"
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return read_stations(path)


def test_s2_repeats_every_twelve_hours_with_its_amplitude():
    gauge = Station(**station(("S2", 0.7, 40.0)))
    times = [NOON + dt.timedelta(hours=h / 4) for h in range(97)]
    heights, found = tide_heights_m(gauge, times)
    assert found == ()
    np.testing.assert_allclose(heights[:48], heights[48:96], atol=2e-3)
    # highest 40 degrees of 30 an hour after the sun's passage over Greenwich at noon
    assert heights.max() == pytest.approx(0.7, rel=0.01)
    assert times[int(heights[:24].argmax())] - NOON == dt.timedelta(minutes=75)


def test_times_of_any_zone_are_the_same_moment():
    gauge = Station(**station(("M2", 1.0, 10.0), ("K1", 0.4, 200.0)))
    china = dt.timezone(dt.timedelta(hours=8))
    first, _ = tide_heights_m(gauge, [NOON])
    second, _ = tide_heights_m(gauge, [NOON.astimezone(china)])
    assert first.tolist() == second.tolist()
    assert tide_heights_m(gauge, [])[0].tolist() == []


def test_a_time_without_zone_is_refused():
    heights, (finding,) = tide_heights_m(
        Station(**station(("M2", 1.0, 10.0))), [NOON.replace(tzinfo=None)]
    )
    assert heights is None
    assert finding.code == "tide-time-without-zone"


@pytest.mark.parametrize(
    ("year", "far"), [(1850, True), (1970, False), (2050, False), (2500, True)]
)
def test_a_time_of_which_nobody_knows_the_sea_is_warned_of(year, far):
    gauge = Station(**station(("M2", 1.0, 10.0)))
    heights, found = tide_heights_m(gauge, [NOON, NOON.replace(year=year)])
    assert len(heights) == 2
    assert [(f.severity, f.code) for f in found] == [("warning", "tide-time-far")] * far
    assert all(f.message.startswith("1 times lie before 1970 or after 2050") for f in found)


def test_small_unknown_constituents_are_told_and_large_ones_refused():
    gauge = Station(**station(("M2", 1.0, 10.0), ("ZZ9", 0.01, 0.0)))
    heights, (finding,) = tide_heights_m(gauge, [NOON])
    assert heights is not None
    assert finding.severity == "info"
    assert "ZZ9" in finding.message
    assert "0.010 m" in finding.message
    heights, (finding,) = tide_heights_m(
        Station(**station(("M2", 1.0, 0.0), ("ZZ9", 0.1, 0.0))), [NOON]
    )
    assert heights is None
    assert finding.severity == "error"


def test_stations_are_read_with_keys_that_nobody_asked_for(tmp_path):
    (one,), found = written(tmp_path, [station(("M2", 1.0, 10.0), country="China")])
    assert found == ()
    assert one.harmonic_constituents[0].amplitude == 1.0
    assert station_of((one,), "g") == (one, ())
    missing, (finding,) = station_of((one,), "h")
    assert missing is None
    assert finding.code == "tide-station-unknown"
    assert "stations: g" in finding.fix


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        ("{", "tide-file-unreadable", "not JSON"),
        ({}, "tide-file-unreadable", "no list"),
        ([3], "tide-station-wrong", "dictionary"),
        ([station()], "tide-station-wrong", "harmonic_constituents"),
        ([station(("M2", -1.0, 0.0))], "tide-station-wrong", "amplitude"),
        ([station(("M2", float("nan"), 0.0))], "tide-station-wrong", "amplitude"),
        ([station(("M2", 1.0, 0.0), latitude=95)], "tide-station-wrong", "latitude"),
        ([station(harmonic_constituents=[3])], "tide-station-wrong", "harmonic_constituents.0"),
    ],
)
def test_defects_of_the_file(tmp_path, content, code, words):
    stations, (finding,) = written(tmp_path, content)
    assert stations == ()
    assert finding.code == code
    assert finding.subject.startswith("stations.json")
    assert words in finding.message


def test_what_the_tide_floods():
    elevation = np.array([[-1.0, 0.4, 0.6, np.nan]], np.float32)
    low = tides.flooded(0.5, 0.5, elevation, (1, 4))
    assert not low.any()
    high = tides.flooded(0.5, 0.3, elevation, (1, 4))
    # what lies at no known height may be under water
    assert high.tolist() == [[True, True, False, True]]
    assert tides.flooded(0.5, 0.3, None, (1, 4)).all()


def test_scenes_above_the_limit_are_named():
    found = tides.tide_findings({"a.tif": 0.2, "b.tif": 0.9}, 0.5)
    assert [(f.severity, f.code) for f in found] == [
        ("info", "tide-heights"),
        ("warning", "tide-too-high"),
    ]
    assert "a.tif +0.20 m, b.tif +0.90 m" in found[0].message
    assert found[1].subject == "b.tif"
    assert tides.tide_findings({}, 0.5) == ()
    assert len(tides.tide_findings({"b.tif": 0.9}, None)) == 1
