"""Trajectories, dates of change and alerts of arrays are those of their files and numbers."""

import numpy as np
import pytest
import rasterio
from support import dated_maps as kit
from support.change_maps import YEARS, coast, write_coast

from bluecarbon.errors import DataError
from bluecarbon.mrv.arrays import grid_of, to_dataarray
from bluecarbon.mrv.persistence import AlertRule, change_dates, scored_alerts
from bluecarbon.mrv.series_arrays import alerts_of, change_dates_of, trajectories_of
from bluecarbon.mrv.stock_rasters import write_codes
from bluecarbon.mrv.trajectories import read_trajectories
from bluecarbon.mrv.transitions import DatedMap, transition_areas

PLACE = kit.grid(96, 80, left=370_000.0, top=2_380_000.0)


def series(values, axis, entries):
    array = to_dataarray(np.asarray(values), PLACE, "series")
    return array.rename(band=axis).assign_coords({axis: entries})


def classes():
    array = series(np.stack(coast()), "year", list(YEARS))
    return array.assign_attrs(_FillValue=np.uint8(0))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    paths = write_coast(tmp_path_factory.mktemp("maps"))
    return [DatedMap(year, path) for year, path in zip(YEARS, paths, strict=True)]


def test_codes_and_hectares_are_those_of_files(files, tmp_path):
    made, found = trajectories_of(classes())
    expected, of_files = read_trajectories(files)
    write_codes(expected, tmp_path / "codes.tif")
    with rasterio.open(tmp_path / "codes.tif") as file:
        assert np.array_equal(made.codes, file.read(1))
    assert found == of_files
    assert grid_of(made.codes) == PLACE
    assert made.table["area_ha"].tolist() == expected.area_ha[0].tolist()
    assert made.table[list(map(str, YEARS))].to_numpy().tolist() == expected.classes.tolist()


def test_the_raster_and_the_table_hold_the_same_pixels():
    strata = to_dataarray((np.indices((96, 80))[1] // 40 + 1).astype(np.uint8), PLACE, "strata")
    made, _ = trajectories_of(classes(), strata=strata)
    counted = np.bincount(made.codes.values.ravel())[1:]
    by_code = made.table.groupby("trajectory")["pixels"].sum()
    assert by_code.tolist() == counted.tolist()
    assert set(made.table["stratum"]) == {"1", "2"}
    whole, _ = transition_areas(classes())
    outside = (whole.codes == 0).any(axis=1)
    assert made.table["area_ha"].sum() == pytest.approx(whole.area_ha[~outside].sum(), rel=1e-12)


def test_what_an_array_lacks_is_told():
    made, found = trajectories_of(classes().drop_vars("spatial_ref"))
    assert made is None
    assert [finding.code for finding in found] == ["array-crs"]
    made, found = trajectories_of(classes(), classes={1: "mangrove"})
    assert made is None
    assert "class-map-number-unknown" in [finding.code for finding in found]


def test_changes_lie_between_years():
    made = change_dates_of(classes(), unknown=frozenset({0}))
    expected = change_dates(np.stack(coast()), unknown=frozenset({0}))
    years = np.array([*YEARS, 0])
    assert np.array_equal(made["first_after"], years[expected.first_after])
    assert np.array_equal(made["last_by"], years[expected.last_by])
    assert np.array_equal(made["changes"], expected.changes)
    assert set(np.unique(made["first_by"])) == {0, 2015, 2020}
    assert grid_of(made) == PLACE


def test_alerts_have_dates_and_none_where_there_is_none():
    rng = np.random.default_rng(2)
    seen = rng.choice([0, 1, 255], (6, 96, 80), p=[0.3, 0.5, 0.2]).astype(np.uint8)
    dates = np.array([f"2024-{month:02d}-01" for month in range(1, 7)], "datetime64[ns]")
    rule = AlertRule(alert_at=3, cap=3)
    made = alerts_of(series(seen, "time", dates).transpose("y", "x", "time"), rule)
    expected = scored_alerts(seen, rule)
    assert np.array_equal(made["score"], expected.score)
    assert np.array_equal(np.isnat(made["alerted"].values), ~expected.alert)
    reached = expected.alert
    assert np.array_equal(made["alerted"].values[reached], dates[expected.alerted[reached]])
    assert (made["began"].values[reached] < made["alerted"].values[reached]).all()


def test_a_series_without_a_place_is_refused():
    with pytest.raises(DataError, match="coordinate system"):
        alerts_of(series(np.zeros((3, 96, 80)), "time", [1, 2, 3]).drop_vars("spatial_ref"))
