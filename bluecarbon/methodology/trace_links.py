"""Where each input of a trace came from: the result of an earlier step, a parameter row, or a fact.

A trace is a list; read with these links it is a graph in which a change of one input can be
followed to the claim. The workbook turns each link into a reference between cells.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from bluecarbon import units
from bluecarbon.errors import UnitError
from bluecarbon.report import Quantification, TraceInput, TraceStep
from bluecarbon.spec import Parameter

CLAIM_TOLERANCE = 1e-9
"""The claim of a year and the step that gives it may differ by the order of a sum, not by more."""

_PARAMETER = re.compile(r"parameter (\S+): ")

Kind = Literal["input", "same", "step", "parameter"]


class Origin(NamedTuple):
    """Where an input came from.

    ``input`` a fact that stands here first; ``same`` the fact that is input ``place`` of step
    ``step``; ``step`` the result of step ``step``; ``parameter`` the row ``parameter``. Steps and
    inputs count from 0 in order of the trace.
    """

    kind: Kind
    step: int = -1
    place: int = -1
    parameter: str = ""


def origins(quantification: Quantification) -> tuple[tuple[Origin, ...], ...]:
    """The origin of every input of every step, in the order of the trace."""
    finder = _Finder(quantification)
    return tuple(finder.of_step(index) for index in range(len(quantification.trace)))


class _Finder:
    def __init__(self, quantification: Quantification) -> None:
        self.trace = quantification.trace
        self.rows = {row.name: row for row in quantification.parameters}
        self.results: dict[str, list[int]] = defaultdict(list)
        self.first: dict[tuple[str, str], Origin] = {}
        self.ambiguous = _ambiguous(item for step in self.trace for item in step.inputs)

    def of_step(self, index: int) -> tuple[Origin, ...]:
        """The origins of one step's inputs; steps are asked for in order."""
        step = self.trace[index]
        found = tuple(self.of_input(item, index, i) for i, item in enumerate(step.inputs))
        self.results[f"{step.document} {step.equation} for {step.scope}"].append(index)
        return found

    def of_input(self, item: TraceInput, index: int, place: int) -> Origin:
        # A rule book may carry a changed number on under the old source: the value decides too.
        for earlier in reversed(self.results.get(item.source, [])):
            if (self.trace[earlier].result, self.trace[earlier].unit) == (item.value, item.unit):
                return Origin("step", step=earlier)
        name = _PARAMETER.match(item.source)
        if name and _is_row(item, self.rows.get(name[1])):
            return Origin("parameter", parameter=name[1])
        key = (item.source, item.unit)
        if not item.source or key in self.ambiguous:
            return Origin("input")
        first = self.first.setdefault(key, Origin("same", index, place))
        return Origin("input") if (first.step, first.place) == (index, place) else first


def _ambiguous(inputs: Iterable[TraceInput]) -> set[tuple[str, str]]:
    """Sources that name several quantities, because they stand beside several values."""
    values: dict[tuple[str, str], set[float]] = defaultdict(set)
    for item in inputs:
        values[item.source, item.unit].add(item.value)
    return {key for key, found in values.items() if len(found) > 1}


def _is_row(item: TraceInput, row: Parameter | None) -> bool:
    if row is None or row.value is None:
        return False
    try:
        return item.value == units.convert(row.value, row.unit, item.unit)
    except UnitError:
        return False


def claim_steps(quantification: Quantification) -> dict[str, int]:
    """The step that gives the claim of each year; empty when the trace has no such steps.

    It must be one equation, evaluated for one scope in every year of the claim with the claim as
    its result [tCO2e]; where several are, the last of them.
    """
    claims = quantification.claim_tco2e_by_year
    families: dict[tuple[str, str, str], dict[str, int]] = defaultdict(dict)
    for index, step in enumerate(quantification.trace):
        *scope, year = step.scope.split() or [""]
        if year in claims and step.unit == "tCO2e":
            families[step.document, step.equation, " ".join(scope)][year] = index
    found = [f for f in families.values() if _gives(f, claims, quantification.trace)]
    return max(found, key=lambda family: max(family.values()), default={})


def _gives(family: dict[str, int], claims: dict[str, float], trace: Sequence[TraceStep]) -> bool:
    scale = max((abs(claim) for claim in claims.values()), default=0.0)
    return family.keys() == claims.keys() and all(
        math.isclose(
            trace[family[year]].result,
            claim,
            rel_tol=CLAIM_TOLERANCE,
            abs_tol=CLAIM_TOLERANCE * scale,
        )
        for year, claim in claims.items()
    )
