"""Change that lasts: rules over more than two dates, and the dates between which it happened.

A map that differs from its neighbours in time for one date is more often wrong than the ground is
quick. Two published rules are kept here as they were published, with one addition: a date that
nobody observed is neither evidence for nor against.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]
Array = TypeVar("Array", bound=Any)

NO_OBSERVATION = 255
"""In a stack of observations of change: 0 is "seen, no change", 1 "seen, change"."""

NEVER = -1
"""In a raster of places of dates: it did not happen."""


@dataclass(frozen=True)
class AlertRule:
    """Score +1 for an observed change, -1 for an observation without, from 0 to ``cap``; an alert
    when ``alert_at`` is reached, which stays. Defaults of the Global Mangrove Watch alerts.
    """

    alert_at: int = 5
    cap: int = 5


@dataclass(frozen=True)
class Alerts:
    """What scoring gives; all (rows, columns).

    Attributes
    ----------
    score : uint8, after the last date
    alert : whether it was ever reached
    alerted : place of the date on which the alert was reached, -1 where it was not
    began : place of the date of the first change of the unbroken score that led to it: the first
        sign, which is what a date of loss should be taken from
    since : place of the first sign of the score after the last date, -1 where that is 0
    """

    score: Codes
    alert: NDArray[np.bool_]
    alerted: NDArray[np.int16]
    began: NDArray[np.int16]
    since: NDArray[np.int16]


@dataclass(frozen=True)
class ChangeDates:
    """When classes changed, as places of dates, -1 where they did not; all (rows, columns) int16.

    A change lies between the last date that saw the old class (``first_after`` and ``last_after``)
    and the first that saw the new one (``first_by`` and ``last_by``).
    """

    first_after: NDArray[np.int16]
    first_by: NDArray[np.int16]
    last_after: NDArray[np.int16]
    last_by: NDArray[np.int16]
    changes: Codes


def three_date_filter(stack: Array, *, unknown: frozenset[int] = frozenset()) -> Array:
    """Class maps (dates, rows, columns) without classes that last for one date only.

    Where the maps before and after agree, a map that differs takes their class: the filter of
    Global Mangrove Watch v3, ``(pre == post) and (now != pre) ? pre : now``. All maps are judged
    by their neighbours as they were, so the order does not matter; the first and the last keep
    theirs. A neighbour of ``unknown`` is no evidence, and a map with ``unknown`` keeps it: the
    rule removes observations, it invents none.

    Returns the type that it was given: a numpy array, or a DataArray of the same coordinates.
    """
    values = np.asarray(stack)
    before, now, after = values[:-2], values[1:-1], values[2:]
    flips = (before == after) & (now != before) & ~_unknown(before, unknown)
    flips &= ~_unknown(now, unknown)
    result = values.copy()
    np.copyto(result[1:-1], before, where=flips)
    return _like(stack, result)


def flip_flops(stack: Array, *, unknown: frozenset[int] = frozenset()) -> NDArray[np.bool_]:
    """Where some map differs from two neighbours in time that agree; shape (rows, columns)."""
    values = np.asarray(stack)
    filtered = np.asarray(three_date_filter(values, unknown=unknown))
    return np.asarray((filtered != values).any(axis=0))


def scored_alerts(observations: Any, rule: AlertRule | None = None) -> Alerts:
    """Alerts from observations (dates, rows, columns): 1 change, 0 no change, 255 not seen.

    The rule of the Global Mangrove Watch alerts, with the date of the first sign kept beside the
    date of the alert. Observations are in the order of their dates.
    """
    used = rule or AlertRule()
    values = np.asarray(observations)
    shape = values.shape[1:]
    score = np.zeros(shape, dtype=np.uint8)
    alerted = np.full(shape, NEVER, dtype=np.int16)
    began = np.full(shape, NEVER, dtype=np.int16)
    sign = np.full(shape, NEVER, dtype=np.int16)
    for place, seen in enumerate(values):
        up = (seen == 1) & (score < used.cap)
        sign[(seen == 1) & (score == 0)] = place
        score += up
        score -= (seen == 0) & (score > 0)
        reached = (score >= used.alert_at) & (alerted == NEVER)
        alerted[reached] = place
        began[reached] = sign[reached]
    since = np.where(score > 0, sign, NEVER).astype(np.int16)
    return Alerts(score, alerted != NEVER, alerted, began, since)


def change_dates(stack: Any, *, unknown: frozenset[int] = frozenset()) -> ChangeDates:
    """When classes (dates, rows, columns) first and last changed, as places of dates.

    Maps of ``unknown`` are passed over: a change that happened while nobody looked lies between
    the dates on either side.
    """
    values = np.asarray(stack)
    shape = values.shape[1:]
    dates = [np.full(shape, NEVER, dtype=np.int16) for _ in range(4)]
    first_after, first_by, last_after, last_by = dates
    changes = np.zeros(shape, dtype=np.uint8)
    known, since = np.zeros(shape, values.dtype), np.full(shape, NEVER, dtype=np.int16)
    for place, codes in enumerate(values):
        seen = ~_unknown(codes, unknown)
        changed = seen & (since != NEVER) & (codes != known)
        earliest = changed & (first_by == NEVER)
        first_after[earliest], first_by[earliest] = since[earliest], place
        last_after[changed], last_by[changed] = since[changed], place
        changes += changed
        known[seen], since[seen] = codes[seen], place
    return ChangeDates(first_after, first_by, last_after, last_by, changes)


def _unknown(values: NDArray[Any], unknown: frozenset[int]) -> NDArray[np.bool_]:
    return np.isin(values, list(unknown)) if unknown else np.zeros(values.shape, np.bool_)


def _like(given: Array, values: NDArray[Any]) -> Array:
    """The values as what was given: a DataArray keeps its coordinates and attributes."""
    return given.copy(data=values) if hasattr(given, "coords") else values  # type: ignore[return-value]
