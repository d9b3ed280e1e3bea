"""What is said of a whole sheet of cores: how many rows were left out, and what stocks rest on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from bluecarbon.mrv.field_tables import defect
from bluecarbon.spec import Finding

if TYPE_CHECKING:
    from bluecarbon.mrv.core_sheets import CoreSheet

POOLED_DAYS_MAX = 366

LEFT_OUT = "rows-left-out"

READING_CODES = frozenset({
    "cell-ignored", "row-length-wrong", "position-swapped", "position-packed",
    "position-out-of-range", "position-incomplete",
})  # fmt: skip
"""Defects of a sheet that cost no row by themselves; strict reading stops at them as well."""


def counted(
    findings: Sequence[Finding],
    rejected: pd.DataFrame,
    sheet: CoreSheet,
    file: str,
    *,
    strict: bool,
) -> list[Finding]:
    """The findings of all steps with one count of the rows that are left out instead of several.

    With ``strict`` what costs a row, or a cell that somebody filled in, is an error.
    """
    kept = [f for f in findings if f.code != LEFT_OUT]
    if strict:
        codes = READING_CODES | set(rejected["code"])
        kept = [f.model_copy(update={"severity": "error"}) if f.code in codes else f for f in kept]
    lines = rejected["line"].nunique()
    if not lines:
        return kept
    total = sheet.row_count
    by_code = rejected.groupby("code")["line"].nunique().sort_index()
    said = ", ".join(f"{code} {n}" for code, n in by_code.items())
    if strict:
        message, fix = f"{lines} of {total} rows cannot be used ({said})", "correct them"
        return [*kept, defect(LEFT_OUT, file, message, fix)]
    message = f"{lines} of {total} rows are left out ({said})"
    fix = "see the table of rejected rows; strict reading stops instead"
    return [*kept, defect(LEFT_OUT, file, message, fix, severity="warning")]


def of_cores(cores: pd.DataFrame, strata: pd.DataFrame, file: str) -> list[Finding]:
    """Strata of a single core, and cores of several years that are averaged together."""
    found = []
    for row in strata[strata["n"] < 2].to_dict("records") if len(strata) else ():
        one = str(row["of"])[:-1]
        message = f"stratum '{row['stratum']}' has a single {one}: no standard error"
        fix = "take at least two cores in each stratum, in different plots"
        found.append(defect("cores-too-few", file, message, fix, severity="warning"))
    if not {"date", "stratum"} <= set(cores):
        return found
    dated = cores[cores["date"] != ""]
    dates = pd.to_datetime(dated["date"])
    for stratum, own in dates.groupby(dated["stratum"], sort=True):
        if (own.max() - own.min()).days > POOLED_DAYS_MAX:
            message = (
                f"the cores of stratum '{stratum}' from {own.min():%Y-%m-%d} to "
                f"{own.max():%Y-%m-%d} are averaged together: no change over time is taken from "
                "them"
            )
            found.append(defect("cores-pooled", file, message, "", severity="info"))
    return found
