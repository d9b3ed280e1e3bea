"""Equations that carry their number, and the trace that they leave for an auditor.

An :class:`Equation` is a small function with its document, number and unit. Evaluated through a
:class:`Trace` it leaves a :class:`bluecarbon.report.TraceStep`. Values may be floats or arrays
with a leading ``draw`` axis: the same code computes one claim or a Monte Carlo of claims; steps
are recorded for single values only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bluecarbon.report import TraceInput, TraceStep
from bluecarbon.spec import Parameter

Number = float | NDArray[np.float64]


@dataclass(frozen=True)
class Term:
    """A value on its way through equations: number, unit, where it came from, rows it rests on."""

    value: Number
    unit: str
    source: str
    parameters: tuple[Parameter, ...] = ()

    @property
    def single(self) -> float:
        """The value when there is one draw only."""
        return float(self.value)


Group = Mapping[str, Term]
"""Terms by stratum (or plot, or year): an equation gets them as one array, last axis in order."""


@dataclass(frozen=True)
class Equation:
    """A numbered equation of a document: what it computes, in which unit, and the function."""

    document: str
    number: str
    about: str
    unit: str
    compute: Callable[..., Number]

    @property
    def label(self) -> str:
        """Document and number as an auditor looks them up."""
        return f"{self.document} {self.number}"


class Trace:
    """The equations evaluated so far, in order, and the parameter rows they used."""

    def __init__(self) -> None:
        self._steps: list[TraceStep] = []
        self._parameters: dict[str, Parameter] = {}

    @property
    def steps(self) -> tuple[TraceStep, ...]:
        """The recorded steps, in order of evaluation."""
        return tuple(self._steps)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameter rows that were used, by name."""
        return tuple(self._parameters[name] for name in sorted(self._parameters))

    def use(self, term: Term) -> float:
        """The single value of a term that decides something without standing in an equation."""
        self._parameters.update({row.name: row for row in term.parameters})
        return term.single

    def evaluate(self, equation: Equation, scope: str, /, **terms: Term | Group) -> Term:
        """Compute an equation for a stratum, plot, year or the project, and record it."""
        for _, term in _flat(terms):
            self._parameters.update({row.name: row for row in term.parameters})
        arguments = {name: _as_array(term) for name, term in terms.items()}
        result = equation.compute(**arguments)
        if np.ndim(result) == 0:
            result = float(result)
            self._steps.append(_step(equation, scope, terms, result))
        return Term(result, equation.unit, f"{equation.label} for {scope}")


def _as_array(term: Term | Group) -> Any:
    if isinstance(term, Term):
        return term.value
    members = [np.asarray(item.value, dtype=np.float64) for item in term.values()]
    return np.stack(np.broadcast_arrays(*members), axis=-1) if members else np.zeros(0)


def _flat(terms: Mapping[str, Term | Group]) -> Iterator[tuple[str, Term]]:
    for name, term in terms.items():
        if isinstance(term, Term):
            yield name, term
        else:
            yield from ((f"{name}[{member}]", item) for member, item in term.items())


def _step(
    equation: Equation, scope: str, terms: Mapping[str, Term | Group], result: float
) -> TraceStep:
    inputs = tuple(
        TraceInput(name=name, value=term.single, unit=term.unit, source=term.source)
        for name, term in _flat(terms)
    )
    return TraceStep(
        equation=equation.number,
        document=equation.document,
        about=equation.about,
        scope=scope,
        inputs=inputs,
        result=result,
        unit=equation.unit,
    )
