"""Whether Eq 39-47 can tell the allochthonous carbon of a stratum from its organic matter.

Eq 96 gives mangrove soil 2.8857 % carbon at no organic matter at all. Below that its inverses
(Eq 43, 44) are negative, and where all matter was deposited Eq 40 leaves none of its own, to which
Eq 96 still gives that carbon: both would make the obligatory deduction small without a word.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bluecarbon import units
from bluecarbon.errors import UnitError
from bluecarbon.methodology import vm0033_field as field
from bluecarbon.methodology import vm0033_methods as methods
from bluecarbon.methodology.parameters import Parameters, parameter_rows
from bluecarbon.methodology.trace import Number
from bluecarbon.report import Monitoring, Scenario
from bluecarbon.spec import Finding

FIX = "state the share (allochthonous_method 'share'), or measure {other}"

_ROWS = Parameters(parameter_rows("vm0033_v2_1.csv"))


def allochthonous_findings(
    monitoring: Monitoring, scenario: Scenario, stratum: str
) -> Iterator[Finding]:
    """Carbon below the intercept of Eq 96, and soil that Eq 40 takes for deposit only."""
    place = (scenario, stratum)
    method = methods.choice(monitoring, "allochthonous_method", *place)
    mangrove = methods.choice(monitoring, "ecosystem", *place) == "mangrove"
    if not mangrove or method not in {"organic_matter", "soil_carbon"}:
        return
    deposit = methods.choice(monitoring, "deposit_method", *place)
    values = {
        name: found
        for name in (*methods.OPTIONS["allochthonous_method"][method],
                     *methods.OPTIONS["deposit_method"].get(deposit, ()))
        if (found := _values(monitoring, name, *place)) is not None
    }  # fmt: skip
    low = [name for name, found in values.items() if _carbon_is_low(name, found)]
    for name in low:
        yield _low(f"series {name} {stratum} {scenario}", name)
    soil, deposited = _matter(values, deposit)
    if not low and soil is not None and deposited is not None and np.any(soil <= deposited):
        yield Finding.error(
            "allochthonous-all-deposited",
            f"{stratum} {scenario}",
            f"soil has {float(np.min(soil)):g} % organic matter and its deposit "
            f"{float(np.max(deposited)):g} %: Eq 40 leaves none of its own, to which Eq 96 gives "
            f"{field.MANGROVE_INTERCEPT} % carbon",
            fix=FIX.format(other="autochthonous carbon ('autochthonous_carbon')"),
        )


def _values(
    monitoring: Monitoring, name: str, scenario: Scenario, stratum: str
) -> np.ndarray | None:
    """The values of a series in the unit of the rule book; None where they cannot be read."""
    rows = monitoring.annual(name, stratum=stratum, scenario=scenario)
    if len(rows) != 1 or not rows[0].values:
        return None
    try:
        return np.array(rows[0].values) * units.factor(rows[0].unit, methods.UNITS[name])
    except UnitError:
        return None


def _carbon_percent(name: str, values: np.ndarray) -> Number | None:
    """Carbon that an inverse of Eq 96 starts from [percent]; None for organic matter."""
    if name == "soil_carbon_content":
        return 100 * values
    if name == "deposited_carbon":
        return values
    if name == "sediment_surface_area":
        slope = _ROWS.term("deposited_carbon_slope", "1").single
        return field.deposited_carbon_percent(
            values, slope, _ROWS.term("deposited_carbon_intercept", "1").single
        )
    return None


def _carbon_is_low(name: str, values: np.ndarray) -> bool:
    carbon = _carbon_percent(name, values)
    return carbon is not None and bool(np.any(carbon < field.MANGROVE_INTERCEPT))


def _low(subject: str, name: str) -> Finding:
    soil = name == "soil_carbon_content"
    other = "organic matter ('organic_matter')" if soil else "it (deposit_method 'organic_matter')"
    return Finding.error(
        "carbon-below-intercept",
        subject,
        f"gives carbon below {field.MANGROVE_INTERCEPT} %: Eq {'43' if soil else '44'} would give "
        "negative organic matter, and no deduction",
        fix=FIX.format(other=other),
    )


def _matter(values: dict[str, np.ndarray], deposit: str) -> tuple[Number | None, Number | None]:
    """Organic matter of the soil and of the deposit [percent], by year."""
    found: dict[str, Number] = {}
    for name, given in values.items():
        carbon = _carbon_percent(name, given)
        found[name] = given if carbon is None else field.mangrove_organic_matter_percent(carbon)
    soil = found.get("soil_organic_matter", found.get("soil_carbon_content"))
    if deposit == "default":
        return soil, _ROWS.term("deposited_organic_matter", "percent").single
    names = methods.OPTIONS["deposit_method"].get(deposit, ())
    return soil, next((found[name] for name in names if name in found), None)
