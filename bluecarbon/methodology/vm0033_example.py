"""A small, complete project for ``vm0033@2.1``: bare flat planted in 2015, and a dyked pond."""

from __future__ import annotations

import datetime as dt

from bluecarbon.report import Monitoring, Period, Scenario, Series, Stratum
from bluecarbon.spec import Parameter

FIRST_YEAR, YEARS = 2015, 5

_TREES = {
    "K15": (0.0, 1.5, 4.2, 8.0, 12.5, 17.5),
    "R16": (0.0, 0.0, 1.2, 3.6, 7.0, 11.0),
}
_COVER = {"K15": (0.10, 0.30, 0.55, 0.70, 0.80), "R16": (0.0, 0.10, 0.25, 0.50, 0.65)}
_AREAS = {"K15": 120.0, "R16": 80.0}


def example() -> Monitoring:
    """Two strata planted in different years, five years of monitoring, baseline bare flat."""
    return Monitoring(
        project_id="example-mangrove",
        period=Period(start=dt.date(FIRST_YEAR, 1, 1), end=dt.date(FIRST_YEAR + YEARS, 1, 1)),
        strata=(
            Stratum(id="K15", name="Kandelia planted 2015", kind="planted", planted_year=2015),
            Stratum(id="R16", name="Rhizophora planted 2016", kind="planted", planted_year=2016),
        ),
        series=tuple(row for stratum in _AREAS for row in _series(stratum)),
        declarations={
            "is_ifm_or_redd": False,
            "baseline_commercial_forestry": False,
            "lowers_water_table": False,
            "burns_organic_soil": False,
            "nitrogen_fertiliser": False,
            "leakage_conditions_hold": True,
            "sea_level_rise_projected": True,
            "vmd0052.regulatory_surplus": True,
            "vmd0052.on_positive_list": True,
            "no_published_soil_data": True,
            "soil_cap_method": "not_applicable",
            "long_term_cap_method": "not_applicable",
            "buffer_percent": 15,
            "tree_method.baseline": "none",
            "tree_method.project": "stock_per_hectare",
            "soil_method.baseline": "none",
            "soil_method.project": "default",
            "allochthonous_method.project": "share",
            "ch4_method.baseline": "none",
            "ch4_method.project": "default_over_18ppt",
            "n2o_method.baseline": "none",
            "n2o_method.project": "default_wetland",
        },
    )


def example_parameters() -> tuple[Parameter, ...]:
    """Nothing: the example uses shipped rows only."""
    return ()


def _series(stratum: str) -> tuple[Series, ...]:
    trees, area = _TREES[stratum], _AREAS[stratum]
    early, count = FIRST_YEAR - 1, YEARS + 1
    return (
        _row("stratum_area", stratum, "ha", (area,) * count, first=early, scenario="baseline"),
        _row("stratum_area", stratum, "ha", (area,) * count, first=early),
        Series(
            variable="tree_stock_per_hectare",
            stratum=stratum,
            unit="tC/ha",
            first_year=early,
            values=trees,
            standard_errors=tuple(0.08 * value for value in trees),
            shared_error="allometry",
            source="plots and allometry",
        ),
        _row("vegetation_cover", stratum, "1", _COVER[stratum]),
        _row("allochthonous_share", stratum, "percent", (20.0,) * YEARS),
        _row("salinity", stratum, "g/kg", (24.0,) * YEARS),
    )


def _row(
    variable: str,
    stratum: str,
    unit: str,
    values: tuple[float, ...],
    *,
    first: int = FIRST_YEAR,
    scenario: Scenario = "project",
) -> Series:
    return Series(
        variable=variable,
        stratum=stratum,
        scenario=scenario,
        unit=unit,
        first_year=first,
        values=values,
    )
