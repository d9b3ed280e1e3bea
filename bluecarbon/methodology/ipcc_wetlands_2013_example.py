"""A small complete input of ``ipcc-wetlands@2013``: a planted flat and abandoned ponds."""

from __future__ import annotations

import datetime as dt

from bluecarbon.report import Monitoring, Period, Scenario, Series, Stratum

_FIRST_YEAR = 2021


def example() -> Monitoring:
    """Three years of two strata; the numbers are invented to show every term once."""
    return Monitoring(
        project_id="EXAMPLE-IPCC",
        period=Period(start=dt.date(_FIRST_YEAR, 1, 1), end=dt.date(_FIRST_YEAR + 3, 1, 1)),
        strata=(
            Stratum(id="flat", name="planted mud flat", kind="planted", planted_year=2021),
            Stratum(id="ponds", name="abandoned ponds", kind="other"),
        ),
        series=(
            _series("growing_area", "flat", "ha", (40.0, 60.0, 60.0)),
            _series("cleared_area", "flat", "ha", (2.0, 0.0, 0.0), scenario="baseline"),
            _series("extracted_area", "flat", "ha", (0.0, 1.5, 0.0), scenario="baseline"),
            _series("rewetted_area", "ponds", "ha", (20.0, 20.0, 20.0)),
            _series("revegetated_share", "ponds", "1", (0.0, 0.5, 1.0)),
            _series("salinity", "ponds", "g/kg", (22.0, 16.0, 15.0)),
            _series("drained_area", "ponds", "ha", (20.0, 20.0, 20.0), scenario="baseline"),
            _series(
                "fish_production", "ponds", "kg", (30000.0, 30000.0, 30000.0), scenario="baseline"
            ),
        ),
        declarations={
            "climate_zone": "tropical_wet",
            "climate_zone:flat": "subtropical",
            "soil_type": "mineral",
        },
    )


def _series(
    variable: str,
    stratum: str,
    unit: str,
    values: tuple[float, ...],
    *,
    scenario: Scenario = "project",
) -> Series:
    return Series(
        variable=variable,
        stratum=stratum,
        scenario=scenario,
        unit=unit,
        first_year=_FIRST_YEAR,
        values=values,
        source="example",
    )
