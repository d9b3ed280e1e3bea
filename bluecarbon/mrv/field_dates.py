"""Dates of field sheets in the forms people write, as ISO 8601; what may be two days is none."""

from __future__ import annotations

import datetime as dt
import re

import pandas as pd

from bluecarbon.mrv.field_tables import EARLIEST_DATE, LATE_DAYS_MAX

_YEAR_FIRST = re.compile(
    r"([0-9]{4})(?:-|/|\.|年)([0-9]{1,2})(?:-|/|\.|月)([0-9]{1,2})日?(?:[T ][0-9:.]*)?"
)


def iso_date(text: str) -> str | None:
    """2024-12-02 of "2024-12-2", "2024/12/02", "2024年12月2日"; None of anything else.

    02/12/2024 is two days, depending on who wrote it.
    """
    found = _YEAR_FIRST.fullmatch(text.strip())
    if found is None:
        return None
    try:
        return dt.date(*(int(part) for part in found.groups())).isoformat()
    except ValueError:
        return None


def iso_dates(texts: pd.Series) -> pd.Series:
    """The same of a column; empty where the cell is empty, None where it is no date."""
    read = {text: iso_date(str(text)) if str(text).strip() else "" for text in texts.unique()}
    return texts.map(read)


def latest_date(period_end: dt.date) -> dt.date:
    """How late a campaign that closes a period may be finished."""
    return period_end + min(dt.timedelta(LATE_DAYS_MAX), dt.date.max - period_end)


def is_out_of_range(iso: str, period_end: dt.date | None) -> bool:
    """Before 1950, or more than a year after the end of the period."""
    date = dt.date.fromisoformat(iso)
    return date < EARLIEST_DATE or (period_end is not None and date > latest_date(period_end))
