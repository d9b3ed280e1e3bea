"""Tide heights at four gauges against another program's, and at a mangrove's overpass times.

The levels are those of @neaps/tide-predictor 0.11.0 from the same constituents. Programs differ in
how the nodal factors of small constituents (L2, M1, NU2) are taken; amplitudes of these are 1-3 cm
at the gauges of the South China Sea, and 1 cm at Shark River.
"""

import csv
import datetime as dt

import numpy as np
import pytest

from bluecarbon.mrv.tides import (
    judged_m,
    measured_tolerances,
    read_stations,
    station_of,
    tide_heights_m,
)

pytestmark = pytest.mark.real

STATED = measured_tolerances()
"""What the command says; measured 0.044, 0.028, 0.015 and 0.006 m (root mean square) and 0.096,
0.071, 0.030 and 0.013 m (largest), of ranges of 3.6, 2.0, 3.1 and 1.0 m.
"""


@pytest.fixture(scope="module")
def stations(real_data):
    stations, found = read_stations(real_data / "tide_harmonics/stations.json")
    assert found == ()
    return stations


@pytest.fixture(scope="module")
def levels(real_data):
    path = real_data / "tide_harmonics/predicted_levels_neaps.csv"
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("name", list(STATED))
def test_heights_are_those_of_another_program(stations, levels, name):
    station, _ = station_of(stations, name)
    own = [row for row in levels if row["station_id"] == name]
    times = [dt.datetime.fromisoformat(row["time_utc"]) for row in own]
    theirs = np.array([float(row["level_m_rel_msl"]) for row in own])
    heights, found = tide_heights_m(station, times)
    assert len(heights) == 72
    assert all(f.severity == "info" for f in found)
    rms, largest = judged_m(heights, theirs)
    stated = STATED[name]
    assert stated.times == len(theirs)
    # stated to a millimetre, rounded up: no more than is so, and no less
    assert stated.rms_m - 0.001 < rms <= stated.rms_m
    assert stated.largest_m - 0.001 < largest <= stated.largest_m


def test_a_constituent_without_definition_is_told(stations):
    station, _ = station_of(stations, "ticon/hon_dau-650a-vnm-uhslc_rq")
    _, (finding,) = tide_heights_m(station, [dt.datetime(2020, 1, 1, tzinfo=dt.UTC)])
    assert finding.code == "tide-constituent-unknown"
    assert "3L2" in finding.message
