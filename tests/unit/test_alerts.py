"""Alerts of loss: states by hand, files and tables of the command."""

import io
import json

import numpy as np
import pandas as pd
import pytest
import rasterio
from support.change_maps import mrv
from support.class_raster import write_classes

from bluecarbon.mrv import alert_maps
from bluecarbon.mrv.alert_maps import ALERT, OUTSIDE, SUSPECTED, WATCHED, states_of
from bluecarbon.mrv.area import pixel_area_ha
from bluecarbon.mrv.persistence import AlertRule
from bluecarbon.mrv.rasters import read_grid

REFUSED = 2
LEGEND = ["--legend", "1=mangrove", "--legend", "2=other", "--legend", "255=unobserved"]


def pixels(*series):
    """One pixel per series of codes, as (dates, 1, pixels)."""
    return np.array(series, np.uint8).T[:, None, :]


def of(states):
    return [
        tuple(int(layer[0, place]) for layer in (states.state, states.began, states.alerted))
        for place in range(states.state.shape[1])
    ]


def test_scores_by_hand():
    maps = pixels(
        [1, 1, 1, 1],  # stays
        [1, 2, 2, 2],  # gone: the second sign is enough
        [1, 2, 1, 2],  # one sign, back at 0, a new one
        [1, 255, 2, 2],  # nobody looked first
        [2, 2, 2, 2],  # never was
        [255, 2, 2, 2],  # not known to have been
        [1, 2, 2, 1],  # an alert stays an alert
    )
    assert of(states_of(maps, AlertRule(2, 2))) == [
        (WATCHED, -1, -1),
        (ALERT, 1, 2),
        (SUSPECTED, 3, -1),
        (ALERT, 2, 3),
        (OUTSIDE, -1, -1),
        (OUTSIDE, -1, -1),
        (ALERT, 1, 2),
    ]


def test_three_dates_by_hand():
    maps = pixels(
        [1, 1, 1, 1],
        [1, 2, 2, 2],
        [1, 2, 1, 1],  # for one date only: not believed
        [1, 1, 1, 2],  # nothing after it that could agree
        [1, 2, 2, 1],  # came back
        [1, 1, 2, 255],  # nobody looked after it
        [1, 2, 255, 2],
    )
    assert of(states_of(maps, None)) == [
        (WATCHED, -1, -1),
        (ALERT, 1, 2),
        (WATCHED, -1, -1),
        (SUSPECTED, 3, -1),
        (WATCHED, -1, -1),
        (SUSPECTED, 2, -1),
        (ALERT, 1, 3),
    ]


DAYS = ("2024-01-05", "2024-01-15", "2024-02-04", "2024-03-01")


@pytest.fixture
def maps(tmp_path):
    """A clearing that is there from the second map on, and a speck of cloud in the third."""
    codes = np.ones((4, 50, 40), np.uint8)
    codes[:, :, 30:] = 2
    codes[1:, 10:20, 5:15] = 2
    codes[2, 40:42, 3:5] = 2
    codes[3, :5, :5] = 255
    (tmp_path / "in").mkdir()
    return [
        write_classes(tmp_path / f"in/map_{day}.tif", layer)
        for day, layer in zip(DAYS, codes, strict=True)
    ]


def frame(done):
    assert done.exit_code == 0, done.output
    return pd.read_csv(io.StringIO(done.stdout), keep_default_na=False).set_index("state")


@pytest.mark.parametrize("rule", [["--alert-at", 3], ["--rule", "three-date"]])
def test_files_and_tables(maps, tmp_path, monkeypatch, rule):
    out = tmp_path / "out"
    states = frame(mrv("alerts", *maps, *LEGEND, *rule, "--out", out))
    area = pixel_area_ha(read_grid(maps[0], "map", what="map")[0])
    assert states.loc["alert", "pixels"] == 100
    assert states.loc["alert", "area_ha"] == pytest.approx(area[10:20, 5:15].sum())
    assert states["pixels"].sum() == 50 * 30
    assert states.loc["suspected", "pixels"] == 0
    with rasterio.open(out / "maps/alert_dates.tif") as source:
        began, alerted = source.read()
        assert source.descriptions == ("first sign", "alert")
    assert set(np.unique(began)) == {0, 20240115}
    assert (began[10:20, 5:15] == 20240115).all()
    assert set(np.unique(alerted)) == {0, 20240301 if "--alert-at" in rule else 20240204}
    by_date = pd.read_csv(out / "tables/alerts.csv")
    assert by_date["first_sign"].tolist() == ["2024-01-15"]
    manifest = json.loads((out / "manifest.json").read_text())
    assert "where the map of 2024-01-05 has mangrove" in manifest["rules"][0]
    # the same files in blocks of another size
    before = (out / "maps/alerts.tif").read_bytes()
    monkeypatch.setattr(alert_maps, "BLOCK_PX", 1)
    monkeypatch.setattr(alert_maps, "TILE_PX", 16)
    frame(mrv("alerts", *maps, *LEGEND, *rule, "--out", out))
    assert (out / "maps/alerts.tif").read_bytes() == before


@pytest.mark.parametrize(
    ("bend", "words"),
    [
        (lambda m: m[::-1], "does not follow"),
        (lambda m: m[:2], "give three dates or more"),
        (lambda m: [*m, "--rule", "twice"], "'twice' is not known"),
        (lambda m: [*m, "--alert-at", 9], "cannot reach a score of 9"),
        (lambda m: [*m, "--class", "pond"], "'pond' is no class"),
        (lambda m: [*m, "--align", "cubic"], "is no rule for class maps"),
        (lambda m: [*m[:3], m[3].rename(m[3].with_name("map.tif"))], "no date is given"),
    ],
)
def test_what_cannot_be_watched(maps, tmp_path, bend, words):
    done = mrv("alerts", *bend(maps), *LEGEND, "--out", tmp_path / "out")
    assert done.exit_code == REFUSED
    assert words in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_damaged_map_leaves_nothing(maps, tmp_path):
    whole = maps[2].read_bytes()
    maps[2].write_bytes(whole[: len(whole) // 2])
    done = mrv("alerts", *maps, *LEGEND, "--alert-at", 2, "--out", tmp_path / "out")
    assert done.exit_code == REFUSED
    assert not (tmp_path / "out").exists()
