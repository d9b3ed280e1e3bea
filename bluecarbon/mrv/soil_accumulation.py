"""Accumulation in dated cores and over marker horizons: accretion and carbon per year.

Ages are the user's: from 210Pb, 137Cs, 14C or a layer that is known, in years before coring.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from bluecarbon.methodology.kernels.accumulation import (
    AgeStock,
    rate_of_layers,
    rate_of_marker,
    stock_to_age,
)
from bluecarbon.methodology.kernels.soil import soil_carbon_tc_ha
from bluecarbon.mrv.field_tables import defect, in_words
from bluecarbon.spec import Finding

AGE_SHARE_MIN = 0.5
"""A core that spans less of the reference time is not extrapolated to it (ours)."""


def core_rates(
    slices: pd.DataFrame, *, reference_years: float = 100.0, file: str = "cores"
) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Rates of every core that has dated layers.

    Parameters
    ----------
    slices
        ``ProfileResult.slices`` with ``age_years``, the age at the lower border of the slice;
        NaN where it was not dated.
    reference_years
        The time over which the carbon sequestration rate is averaged.

    Returns
    -------
    One row for each core: core_id, n_dated, oldest_years, accretion_cm_yr and
    accumulation_tc_ha_yr (slopes of depth and of the carbon above on age) with standard errors
    (NaN from one or two layers), how; sequestration_tc_ha_yr, the carbon laid down in the
    reference time divided by it, with its standard error and sequestration_how (``refused`` with
    NaN when the core is too young or too sparsely dated). Then the findings; a core whose ages do
    not grow downward is left out and named (``age-reversed``).
    """
    order = slices.sort_values(["core_id", "depth_min_cm"])
    order = order.assign(
        bottom_cm=order.groupby("core_id")["thickness_cm"].cumsum(),
        above_tc_ha=order.groupby("core_id")["soil_tc_ha"].cumsum(),
    )
    found: list[dict[str, object]] = []
    findings: list[Finding] = []
    for core_id, core in order[order["age_years"].notna()].groupby("core_id", sort=True):
        age = core["age_years"].to_numpy(dtype=np.float64)
        if age[0] < 0 or (np.diff(age) <= 0).any() or age[-1] <= 0:
            findings.append(_reversed(str(core_id), core, file))
            continue
        found.append({"core_id": core_id, **_rates(core, age, reference_years)})
    return pd.DataFrame(found, columns=list(RATE_COLUMNS)), tuple(findings)


RATE_COLUMNS = (
    "core_id", "n_dated", "oldest_years", "accretion_cm_yr", "accretion_standard_error",
    "accumulation_tc_ha_yr", "accumulation_standard_error", "how", "sequestration_tc_ha_yr",
    "sequestration_standard_error", "sequestration_how",
)  # fmt: skip


def _rates(core: pd.DataFrame, age: np.ndarray, reference_years: float) -> dict[str, object]:
    accretion = rate_of_layers(age, core["bottom_cm"])
    carbon = rate_of_layers(age, core["above_tc_ha"])
    laid = _laid(age, core["above_tc_ha"].to_numpy(), reference_years)
    values = (
        age.size, float(age[-1]), accretion.rate, accretion.standard_error, carbon.rate,
        carbon.standard_error, carbon.how,
    )  # fmt: skip
    if laid is None:
        rate: tuple[float, float, str] = (math.nan, math.nan, "refused")
    else:
        rate = (
            laid.stock_tc_ha / reference_years,
            laid.standard_error_tc_ha / reference_years,
            laid.how,
        )
    return dict(zip(RATE_COLUMNS[1:], (*values, *rate), strict=True))


def _laid(age: np.ndarray, above: np.ndarray, years: float) -> AgeStock | None:
    """Carbon of the reference time; None when the core is too young or dated too sparsely."""
    positive = age > 0
    age, above = age[positive], above[positive]
    younger = age[-1] < years
    if younger and (age[-1] < AGE_SHARE_MIN * years or age.size < 3):
        return None
    return stock_to_age(age, above, years)


def _reversed(core_id: str, core: pd.DataFrame, file: str) -> Finding:
    ages = ", ".join(f"{age:g}" for age in core["age_years"])
    message = f"core '{core_id}': ages do not grow downward: {ages} years"
    subject = f"{file} {in_words(core['line'].tolist())}" if "line" in core else file
    fix = "mixed soil or an age of another kind: date it again, or leave these ages out"
    return defect("age-reversed", subject, message, fix, severity="warning")


def marker_rates(readings: pd.DataFrame, *, by: str = "plot_id") -> pd.DataFrame:
    """Accretion over marker horizons, and the carbon that came with it.

    Parameters
    ----------
    readings
        One row for each reading: ``by``, depth_cm (soil above the marker), years (since it was
        laid), and of the soil above it bulk_density_g_cm3 and organic_carbon_percent where known.

    Returns
    -------
    ``by``, n, accretion_cm_yr with standard_error (NaN from a single reading), and
    sequestration_tc_ha_yr with sequestration_standard_error (NaN where the soil is not known):
    the accretion times the mean carbon of the soil by VM0033 v2.1 equation 99.

    Raises
    ------
    ValueError
        A group has readings of several times: they are separate intervals, not replicates.
    """
    found = []
    for group, rows in readings.groupby(by, sort=True):
        if len(rows["years"].unique()) > 1:
            raise ValueError(f"{by} {group!r} has readings after different times")
        rate = rate_of_marker(rows["depth_cm"], float(rows["years"].iloc[0]))
        per_cm = math.nan
        if {"bulk_density_g_cm3", "organic_carbon_percent"} <= set(rows):
            carbon = soil_carbon_tc_ha(
                rows["bulk_density_g_cm3"], rows["organic_carbon_percent"], 1.0
            )
            per_cm = float(np.mean(carbon))
        found.append(
            {
                by: group,
                "n": rate.n,
                "accretion_cm_yr": rate.rate,
                "standard_error": rate.standard_error,
                "sequestration_tc_ha_yr": rate.rate * per_cm,
                "sequestration_standard_error": rate.standard_error * per_cm,
            }
        )
    return pd.DataFrame(found)
