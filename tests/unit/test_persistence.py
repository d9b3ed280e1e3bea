"""Rules over several dates, by hand."""

import numpy as np
import pytest
import xarray as xr

from bluecarbon.mrv.persistence import (
    AlertRule,
    change_dates,
    flip_flops,
    scored_alerts,
    three_date_filter,
)

UNKNOWN = frozenset({0, 255})


def pixels(*series):
    """One pixel per series, as (dates, 1, pixels)."""
    return np.array(series, np.uint8).T[:, None, :]


def of(stack):
    return np.asarray(stack)[:, 0].T.tolist()


@pytest.mark.parametrize(
    ("series", "filtered"),
    [
        ([1, 2, 1], [1, 1, 1]),
        ([1, 2, 2], [1, 2, 2]),
        ([1, 2, 3], [1, 2, 3]),
        # both middles are judged by the neighbours as they were
        ([1, 2, 1, 2], [1, 1, 2, 2]),
        ([1, 255, 1], [1, 255, 1]),
        ([255, 1, 255], [255, 1, 255]),
        ([2, 1], [2, 1]),
    ],
)
def test_three_dates(series, filtered):
    assert of(three_date_filter(pixels(series), unknown=UNKNOWN)) == [filtered]


def test_a_data_array_comes_back_as_one():
    stack = xr.DataArray(pixels([1, 2, 1]), dims=("time", "y", "x"), coords={"time": [1, 2, 3]})
    result = three_date_filter(stack)
    assert isinstance(result, xr.DataArray)
    assert result.coords["time"].values.tolist() == [1, 2, 3]
    assert of(stack) == [[1, 2, 1]]


def test_flip_flops():
    stack = pixels([1, 2, 1], [1, 1, 2], [0, 1, 0])
    assert flip_flops(stack, unknown=UNKNOWN).tolist() == [[True, False, False]]


@pytest.mark.parametrize(
    ("seen", "score", "alerted", "began"),
    [
        ([1, 1, 1, 1, 1, 0, 0], 3, 4, 0),
        ([1, 0, 1, 1, 1, 1, 1], 5, 6, 2),
        ([1, 1, 0, 1, 1, 1, 1], 5, 6, 0),
        ([0, 0, 1, 255, 1, 1, 1], 4, -1, -1),
        ([1, 255, 1, 1, 255, 1, 1], 5, 6, 0),
        ([0, 0, 0, 0, 0, 0, 0], 0, -1, -1),
        ([1, 1, 1, 1, 1, 1, 0], 4, 4, 0),
    ],
)
def test_scores_have_a_floor_and_a_cap_and_alerts_stay(seen, score, alerted, began):
    alerts = scored_alerts(pixels(seen))
    assert int(alerts.score[0, 0]) == score
    assert int(alerts.alerted[0, 0]) == alerted
    assert int(alerts.began[0, 0]) == began
    assert bool(alerts.alert[0, 0]) == (alerted >= 0)


def test_another_rule():
    alerts = scored_alerts(pixels([1, 1, 0, 0]), AlertRule(alert_at=2, cap=3))
    assert (int(alerts.score[0, 0]), int(alerts.alerted[0, 0])) == (0, 1)


@pytest.mark.parametrize(
    ("series", "first", "last", "changes"),
    [
        ([1, 1, 1], (-1, -1), (-1, -1), 0),
        ([1, 1, 2, 2], (1, 2), (1, 2), 1),
        ([1, 2, 2, 1], (0, 1), (2, 3), 2),
        # the change happened while nobody looked
        ([1, 255, 255, 2], (0, 3), (0, 3), 1),
        ([255, 1, 255, 1], (-1, -1), (-1, -1), 0),
    ],
)
def test_dates_of_change(series, first, last, changes):
    dates = change_dates(pixels(series), unknown=UNKNOWN)
    assert (int(dates.first_after[0, 0]), int(dates.first_by[0, 0])) == first
    assert (int(dates.last_after[0, 0]), int(dates.last_by[0, 0])) == last
    assert int(dates.changes[0, 0]) == changes
