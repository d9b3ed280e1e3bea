"""A small complete input of the proposal, with invented values: it shows the form only."""

from __future__ import annotations

import datetime as dt

from bluecarbon.methodology.guangdong_phcer_mangrove_spec import SPEC
from bluecarbon.report import Measurement, Monitoring, Period, Series, Stratum
from bluecarbon.spec import Parameter

_BEFORE = 2022

_VALUES = {
    "carbon_fraction": 0.45,
    "root_shoot_ratio": 0.3,
    "allochthonous_share": 0.4,
    "baseline_removal_rate": 0.1,
    "leakage_rate": 0.0,
    "uncertainty_deduction_share": 0.05,
    "buffer_share": 0.1,
}

_SEDIMENT = {
    "A": {"sediment_bulk_density": 0.9, "sediment_organic_carbon": 0.018, "accretion_rate": 6.0},
    "B": {"sediment_bulk_density": 0.7, "sediment_organic_carbon": 0.025, "accretion_rate": 9.0},
}


def example() -> Monitoring:
    """Two vintages of two strata."""
    return Monitoring(
        project_id="EXAMPLE-PHCER",
        period=Period(start=dt.date(_BEFORE + 1, 1, 1), end=dt.date(_BEFORE + 3, 1, 1)),
        strata=(Stratum(id="A", kind="planted"), Stratum(id="B", kind="planted")),
        measurements=tuple(
            _measurement(name, stratum, value)
            for stratum, values in _SEDIMENT.items()
            for name, value in values.items()
        ),
        series=(
            _series("mangrove_area", "A", "ha", (25.0, 25.0, 25.0)),
            _series("tree_agb", "A", "t/ha", (20.0, 28.0, 35.0)),
            _series("mangrove_area", "B", "ha", (0.0, 10.0, 12.0)),
            _series("tree_agb", "B", "t/ha", (0.0, 1.5, 5.0)),
        ),
        declarations={"site_is_in_guangdong": True, "registered_elsewhere": False},
    )


def example_parameters() -> tuple[Parameter, ...]:
    """All rows, with invented values."""
    return tuple(
        row.model_copy(update={"value": _VALUES[row.name], "note": "invented for the example"})
        for row in SPEC.parameters
    )


def _measurement(name: str, stratum: str, value: float) -> Measurement:
    unit = {item.name: item.unit for item in SPEC.inputs}[name]
    return Measurement(
        variable=name,
        stratum=stratum,
        date=dt.date(_BEFORE + 2, 6, 1),
        value=value,
        unit=unit,
        standard_error=0.1 * value,
        method="example",
    )


def _series(variable: str, stratum: str, unit: str, values: tuple[float, ...]) -> Series:
    return Series(
        variable=variable,
        stratum=stratum,
        unit=unit,
        first_year=_BEFORE,
        values=values,
        source="example",
    )
