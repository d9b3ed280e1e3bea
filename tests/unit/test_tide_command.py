"""``bluecarbon mrv tide`` as a user types it; heights themselves are judged in tests/real."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from support import small_coast as coast
from support.change_maps import mrv

from bluecarbon.mrv.arrays import to_dataarray
from bluecarbon.mrv.tides import Station, judged_m, measured_tolerances, tolerance_finding

pytest.importorskip("pyTMD")
REFUSED = 2
TIME = "2024-10-24T02:55:31Z"


@pytest.fixture
def stations(tmp_path):
    constituents = [{"name": "M2", "amplitude": 1.0, "phase": 120.0}]
    rows = [
        {"id": name, "name": name.title(), "latitude": 21.5, "longitude": 109.8,
         "harmonic_constituents": constituents}
        for name in ("gaoqiao", "noaa/8724769")
    ]  # fmt: skip
    path = tmp_path / "stations.json"
    path.write_text(json.dumps(rows))
    return path


def frame(done):
    assert done.exit_code == 0, done.output
    return pd.read_csv(io.StringIO(done.stdout))


def test_without_a_station_they_are_listed(stations):
    assert frame(mrv("tide", stations))["station"].tolist() == ["gaoqiao", "noaa/8724769"]


def test_one_moment_in_any_time_zone_has_one_height(stations):
    table = frame(mrv("tide", stations, TIME, "2024-10-24T10:55:31+08:00", "--station", "gaoqiao"))
    assert table["time_utc"].tolist() == [TIME, TIME]
    assert table["height_m"].nunique() == 1
    assert table["height_m"].abs().max() < 1.1


def test_levels_that_are_given_are_compared(stations, tmp_path):
    times = ["2024-10-24T02:55:31Z", "2024-10-25T03:00:00Z"]
    heights = frame(mrv("tide", stations, *times, "--station", "gaoqiao"))["height_m"]
    rows = pd.DataFrame({"time_utc": times, "level_m": heights.add([0.0, 0.3])})
    rows.to_csv(tmp_path / "levels.csv", index=False)
    done = mrv("tide", stations, "--times", tmp_path / "levels.csv", "--station", "gaoqiao")
    assert frame(done)["height_m"].tolist() == heights.tolist()
    assert "against 2 given levels: root mean square 0.212 m, largest difference 0.300 m" in (
        done.stderr
    )


def test_times_of_stac_items(stations, tmp_path):
    item = {"type": "Feature", "properties": {"datetime": TIME}, "assets": {}}
    (tmp_path / "item.json").write_text(json.dumps(item))
    table = frame(mrv("tide", stations, tmp_path / "item.json", "--station", "gaoqiao"))
    assert table["time_utc"].tolist() == [TIME]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([TIME, "--station", "zhanjiang"], "there is no station 'zhanjiang'"),
        (["2024-10-24T02:55:31", "--station", "gaoqiao"], "without a time zone"),
        (["yesterday", "--station", "gaoqiao"], "not a date and time: yesterday"),
        (["--station", "gaoqiao"], "no time is given"),
        (["none.json", "--station", "gaoqiao"], "cannot be read"),
    ],
)
def test_what_has_no_height(stations, arguments, words):
    done = mrv("tide", stations, *arguments)
    assert done.exit_code == REFUSED
    assert words in done.stderr


def test_tolerances_are_said(stations):
    row = json.loads(stations.read_text())
    unknown, known = (Station.model_validate(one) for one in row)
    assert "heights are within 0.01 m" in tolerance_finding(known).message
    assert "0.01 m (Shark River Entrance) to 0.10 m (Beihai)" in tolerance_finding(unknown).message
    assert all(row.rms_m < row.largest_m for row in measured_tolerances().values())


def test_differences_by_hand():
    assert judged_m(np.array([1.0, 2.0]), np.array([1.0, 2.2])) == (
        pytest.approx(np.sqrt(0.02)),
        pytest.approx(0.2),
    )


def stack(folder, times):
    image = to_dataarray(np.zeros((40, 40), np.float32), coast.grid(), "ndwi")
    array = image if times is None else image.expand_dims(time=np.array(times, "M8[ns]"))
    array.to_netcdf(folder / "stack.nc", engine="h5netcdf")
    return folder / "stack.nc"


def test_times_of_a_stack_of_dates(stations, tmp_path):
    file = stack(tmp_path, ["2019-01-02T00:59:08", "2024-10-24T02:55:31"])
    table = frame(mrv("tide", stations, file, "--station", "gaoqiao"))
    assert table["time_utc"].tolist() == ["2019-01-02T00:59:08Z", TIME]
    single = frame(mrv("tide", stations, TIME, "--station", "gaoqiao"))
    assert table["height_m"].iloc[1] == single["height_m"].item()


@pytest.mark.parametrize(
    ("times", "words"),
    [
        (["2019-01-02", "2019-02-02"], "stack.nc: holds dates without a time of day"),
        (None, "has no coordinate time"),
    ],
)
def test_stacks_without_times_of_day_are_refused(stations, tmp_path, times, words):
    done = mrv("tide", stations, stack(tmp_path, times), "--station", "gaoqiao")
    assert done.exit_code == REFUSED
    assert words in done.stderr
