"""A small complete input of ``ccer-14-002@1`` with invented values: it shows the form only."""

from __future__ import annotations

import datetime as dt

from bluecarbon.methodology.ccer_14_002_spec import SPEC
from bluecarbon.report import Monitoring, Period, Series, Stratum
from bluecarbon.spec import Parameter

_BEFORE = 2020

_VALUES = {
    "carbon_fraction_tree": 0.45,
    "root_shoot_ratio": 0.3,
    "growth_asymptote": 120.0,
    "growth_rate": 0.15,
    "growth_shape": 1.5,
    "soil_carbon_rate": 0.8,
    "soil_ch4_emission": 12.0,
    "soil_n2o_emission": 0.4,
    "gwp_ch4": 28.0,
    "gwp_n2o": 265.0,
    "sparse_cover_limit": 0.2,
    "sparse_stand_deduction": 0.5,
}


def example() -> Monitoring:
    """Three vintages of a measured stratum and of one that grows by the curve; a draft."""
    return Monitoring(
        project_id="EXAMPLE-CCER",
        period=Period(start=dt.date(_BEFORE + 1, 1, 1), end=dt.date(_BEFORE + 4, 1, 1)),
        strata=(
            Stratum(id="measured", kind="planted", planted_year=2019),
            Stratum(id="grown", kind="planted", planted_year=2021),
        ),
        series=(
            _series("mangrove_area", "measured", "ha", (30.0, 30.0, 29.5, 29.5)),
            _series("tree_agb", "measured", "t/ha", (4.0, 9.0, 16.0, 24.0), relative_error=0.1),
            _series("crown_cover", "measured", "1", (0.1, 0.15, 0.4, 0.6)),
            _series("mangrove_area", "grown", "ha", (0.0, 20.0, 20.0, 20.0)),
            _series("crown_cover", "grown", "1", (0.0, 0.1, 0.1, 0.25)),
            _series("tree_uncertainty", "", "1", (0.08, 0.08, 0.15, 0.25)),
        ),
        declarations={
            "site_is_suitable": True,
            "planted_by_hand": True,
            "title_is_clear": True,
            "draft": True,
        },
    )


def example_parameters() -> tuple[Parameter, ...]:
    """The rows without a value, with invented ones."""
    return tuple(
        row.model_copy(update={"value": _VALUES[row.name], "note": "invented for the example"})
        for row in SPEC.parameters
        if row.name in _VALUES
    )


def _series(
    variable: str,
    stratum: str,
    unit: str,
    values: tuple[float, ...],
    *,
    relative_error: float = 0.0,
) -> Series:
    errors = tuple(relative_error * value for value in values) if relative_error else ()
    return Series(
        variable=variable,
        stratum=stratum,
        unit=unit,
        first_year=_BEFORE,
        values=values,
        standard_errors=errors,
        source="example",
    )
