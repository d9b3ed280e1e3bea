"""A complete small input for ``ar-am0014@3.0``; its numbers are made up.

Two strata of a bay: the eastern one was planted before the first stock date and measured twice,
the western one was planted after it, so that its trees start from nothing.
"""

from __future__ import annotations

import datetime as dt

from bluecarbon.report import Measurement, Monitoring, Period, Stratum
from bluecarbon.spec import Parameter

_START, _END = dt.date(2018, 12, 15), dt.date(2023, 12, 10)

_AREAS_HA = {
    ("east", _START): (61.5, 1.2),
    ("east", _END): (64.0, 1.1),
    ("west", _START): (0.0, 0.0),
    ("west", _END): (38.5, 0.9),
}
_PLOTS_AGB_T_HA = {
    ("east", _START): (31.0, 36.5, 28.2, 34.1, 30.4),
    ("east", _END): (71.3, 66.0, 78.4, 69.9, 74.6),
    ("west", _END): (11.8, 9.4, 13.1, 10.7),
}
_STRATA = (
    Stratum(id="east", name="Bay, east", kind="planted", planted_year=2012),
    Stratum(id="west", name="Bay, west", kind="planted", planted_year=2019),
)
_DECLARATIONS: dict[str, float | bool | str] = {
    "site_was_degraded": True,
    "mangrove_species_share": 1.0,
    "soil_disturbance_share": 0.03,
    "burning_ha": 0.0,
    "displaced_agriculture_ha": 0.0,
}


def example() -> Monitoring:
    """Five years of monitoring: areas and baseline cover by stratum, biomass by plot."""
    return Monitoring(
        project_id="EXAMPLE-AR-AM0014",
        period=Period(start=dt.date(2019, 1, 1), end=dt.date(2024, 1, 1)),
        stock_start=_START,
        stock_end=_END,
        strata=_STRATA,
        measurements=(*_of_strata(), *_areas(), *_plots()),
        declarations=_DECLARATIONS,
    )


def example_parameters() -> tuple[Parameter, ...]:
    """The one row that the project has to give: growth of the forest before planting."""
    row = Parameter(
        name="baseline_forest_growth",
        value=6.0,
        unit="t/ha/yr",
        source="example",
        locator="made up",
        applies_to="baseline trees",
        note="a number for the example only",
    )
    return (row,)


def _of_strata() -> tuple[Measurement, ...]:
    values = {"east": (66.0, 0.04), "west": (41.0, 0.02)}
    found = []
    for stratum, (area_ha, cover) in values.items():
        common = {"stratum": stratum, "date": _START}
        found += [
            Measurement(variable="stratum_area", value=area_ha, unit="ha", **common),
            Measurement(
                variable="baseline_crown_cover",
                value=cover,
                unit="1",
                standard_error=cover / 20,
                **common,
            ),
        ]
    return tuple(found)


def _areas() -> tuple[Measurement, ...]:
    return tuple(
        Measurement(
            variable="mangrove_area",
            stratum=stratum,
            date=date,
            value=area_ha,
            unit="ha",
            standard_error=error_ha,
        )
        for (stratum, date), (area_ha, error_ha) in _AREAS_HA.items()
    )


def _plots() -> tuple[Measurement, ...]:
    return tuple(
        Measurement(
            variable="tree_agb",
            stratum=stratum,
            date=date,
            value=agb_t_ha,
            unit="t/ha",
            sample=f"{stratum}-{number}",
        )
        for (stratum, date), plots in _PLOTS_AGB_T_HA.items()
        for number, agb_t_ha in enumerate(plots, start=1)
    )
