"""Conformance check: the same data in other units give the same claim."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from bluecarbon import units
from bluecarbon.errors import UnitError
from bluecarbon.methodology.conformance_runs import TOLERANCE, Case, Problem
from bluecarbon.report import Measurement, Series
from bluecarbon.spec import Parameter

_OTHER = {
    "ha": "mu",
    "mu": "ha",
    "m2": "ha",
    "t": "kg",
    "kg": "t",
    "g": "kg",
    "tC": "kgC",
    "kgC": "tC",
    "gC": "kgC",
    "tCO2e": "kgCO2e",
    "kgCO2e": "tCO2e",
    "mm": "cm",
    "cm": "mm",
    "m": "cm",
    "cm3": "m3",
    "m3": "cm3",
    "percent": "1",
    "%": "1",
    "1": "percent",
    "psu": "1",
}
_WORD = re.compile(r"[A-Za-z%]+(?:2e)?[0-9]?")


def other_unit(unit: str) -> str:
    """A unit in which the same amount is another number; the unit itself where none is known."""
    text = unit.strip()
    if text in _OTHER:
        return _OTHER[text]
    for word in _WORD.finditer(text):
        other = text[: word.start()] + _OTHER.get(word[0], word[0]) + text[word.end() :]
        if other != text and _scale(text, other) not in {None, 1.0}:
            return other
    return unit


def _scale(unit: str, other: str) -> float | None:
    try:
        return units.factor(unit, other)
    except UnitError:
        return None


def units_converted(case: Case) -> Iterator[Problem]:
    """Measurements, series and the project's rows in other compatible units: the same claim."""
    data = case.fresh()
    update = {
        "measurements": tuple(map(_measurement, data.measurements)),
        "series": tuple(map(_series, data.series)),
    }
    own = {row.name for row in case.book.example_parameters()}
    rows = case.parameters.replaced([_row(r) for r in case.parameters if r.name in own])
    found = case.quantify(data.model_copy(update=update), rows)
    for year, claim in case.golden.claim_tco2e_by_year.items():
        other = found.claim_tco2e_by_year.get(year, math.nan)
        if not math.isclose(claim, other, rel_tol=TOLERANCE, abs_tol=case.noise):
            yield f"claim {year}", f"is {claim!r} and with inputs in other units {other!r}"


def _measurement(row: Measurement) -> Measurement:
    return row.model_copy(update=_changes(row.unit, row.value, row.standard_error))


def _row(row: Parameter) -> Parameter:
    # The parameters of other distributions than these two are not scaled by a unit alone.
    if row.value is None or row.distribution not in {"", "normal", "lognormal"}:
        return row
    return row.model_copy(update=_changes(row.unit, row.value, row.standard_error))


def _changes(unit: str, value: float, error: float | None) -> dict[str, object]:
    other = other_unit(unit)
    scale = units.factor(unit, other)
    return {
        "unit": other,
        "value": value * scale,
        "standard_error": None if error is None else error * scale,
    }


def _series(row: Series) -> Series:
    other = other_unit(row.unit)
    scale = units.factor(row.unit, other)
    update = {
        "unit": other,
        "values": tuple(value * scale for value in row.values),
        "standard_errors": tuple(error * scale for error in row.standard_errors),
    }
    return row.model_copy(update=update)
