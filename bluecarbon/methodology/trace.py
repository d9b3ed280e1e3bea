"""Equations that carry their number, and the trace that they leave for an auditor.

An :class:`Equation` is a small function with its document, number and unit. Evaluated through a
:class:`Trace` it leaves a :class:`bluecarbon.report.TraceStep`. The same code computes one claim
or a Monte Carlo of claims:

- a single value is a float, draws of it an array (draws,);
- where a rule book works year by year, values are (years,), draws of them (draws, years);
- a group of terms (strata, plots) becomes one array with the group as last axis.

Steps are recorded when no draws are taken; a result with a years axis leaves a step per year.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology import formula
from bluecarbon.report import TraceInput, TraceStep
from bluecarbon.spec import Parameter

Number = float | NDArray[np.float64]

COMPUTED = "computed: "
"""How the source of an input begins that the equations gave in a pass of their own: it follows
from other inputs, and no step of the trace shows how."""


@dataclass(frozen=True)
class Term:
    """A value on its way through equations: number, unit, where it came from, rows it rests on.

    ``lag`` is how many years earlier an annual value stands in its source: a stock at the
    beginning of a year is that of the end of the year before (lag 1).
    """

    value: Number
    unit: str
    source: str
    parameters: tuple[Parameter, ...] = ()
    lag: int = 0

    @property
    def single(self) -> float:
        """The value when there is one draw only."""
        return float(self.value)


Group = Mapping[str, Term]
"""Terms by stratum (or plot, or year): an equation gets them as one array, last axis in order."""


@dataclass(frozen=True)
class Equation:
    """A numbered equation of a document: what it computes, in which unit, and the function.

    ``formula`` is the same as spreadsheet arithmetic over the names of the terms, for a verifier
    who recomputes without us (:mod:`bluecarbon.methodology.formula`); empty where there is none.
    """

    document: str
    number: str
    about: str
    unit: str
    compute: Callable[..., Number]
    formula: str = ""

    def __post_init__(self) -> None:
        formula.names(self.formula)

    @property
    def label(self) -> str:
        """Document and number as an auditor looks them up."""
        return f"{self.document} {self.number}"


class Trace:
    """The equations evaluated so far, in order, and the parameter rows they used.

    ``years`` names the years axis of a rule book that works year by year; ``recording`` is off
    under a Monte Carlo, where steps would be draws.
    """

    def __init__(self, years: tuple[int, ...] = (), *, recording: bool = True) -> None:
        self._steps: list[TraceStep] = []
        self._parameters: dict[str, Parameter] = {}
        self._years = years
        self._recording = recording

    @property
    def steps(self) -> tuple[TraceStep, ...]:
        """The recorded steps, in order of evaluation."""
        return tuple(self._steps)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameter rows that were used, by name."""
        return tuple(self._parameters[name] for name in sorted(self._parameters))

    def use(self, term: Term) -> float:
        """The single value of a term that decides something without standing in an equation.

        MethodologyError when it is not a number: every comparison with it would be false, and
        the decision would be taken silently.
        """
        self._parameters.update({row.name: row for row in term.parameters})
        if np.isnan(term.single):
            raise MethodologyError(f"{term.source} is not a number")
        return term.single

    def evaluate(self, equation: Equation, scope: str, /, **terms: Term | Group) -> Term:
        """Compute an equation for a stratum, plot, year or the project, and record it."""
        for _, term in _flat(terms):
            self._parameters.update({row.name: row for row in term.parameters})
        arguments = {name: _as_array(term) for name, term in terms.items()}
        result = equation.compute(**arguments)
        if np.ndim(result) == 0:
            result = float(result)
        if self._recording:
            self._record(equation, scope, terms, result)
        return Term(result, equation.unit, f"{equation.label} for {scope}")

    def accumulate(self, equation: Equation, scope: str, /, **terms: Term | Group) -> Term:
        """Compute an equation that adds the year to ``previous``, its own result a year earlier.

        Each year is a step whose term ``previous`` is the step of the year before (0 at first), so
        that it can be recomputed from what it lists.
        """
        arguments = {name: _as_array(term) for name, term in terms.items()}
        total = np.cumsum(equation.compute(previous=0.0, **arguments), axis=-1)
        if not self._recording:
            for _, term in _flat(terms):
                self._parameters.update({row.name: row for row in term.parameters})
            return Term(total, equation.unit, f"{equation.label} for {scope}")
        earlier = year_before(Term(total, equation.unit, f"{equation.label} for {scope}"))
        return self.evaluate(equation, scope, previous=earlier, **terms)

    def _record(
        self, equation: Equation, scope: str, terms: Mapping[str, Term | Group], result: Number
    ) -> None:
        unknown = set(formula.names(equation.formula)) - set(terms)
        if unknown:
            raise ValueError(f"{equation.label}: its formula names {sorted(unknown)}, no term")
        if isinstance(result, float):
            self._steps.append(_step(equation, scope, dict(_flat(terms)), result))
            return
        if result.shape != (len(self._years),):
            raise ValueError(f"{equation.label}: a result of shape {result.shape} is not annual")
        for place, year in enumerate(self._years):
            flat = {name: _of_year(term, place, self._years) for name, term in _flat(terms)}
            scoped = f"{scope} {year}"
            self._steps.append(_step(equation, scoped, flat, float(result[place])))


def year_before(term: Term) -> Term:
    """The values of a cumulative term a year earlier, 0 before the first year."""
    values = np.asarray(term.value)
    shifted = np.concatenate([np.zeros_like(values[..., :1]), values[..., :-1]], axis=-1)
    return Term(shifted, term.unit, term.source, term.parameters, lag=1)


def _as_array(term: Term | Group) -> Any:
    if isinstance(term, Term):
        return term.value
    members = [np.asarray(item.value, dtype=np.float64) for item in term.values()]
    if not members:
        return np.zeros(0)
    # Members lie one after the other in memory: draws of a group are summed in long runs.
    return np.moveaxis(np.stack(np.broadcast_arrays(*members)), 0, -1)


def _flat(terms: Mapping[str, Term | Group]) -> Iterator[tuple[str, Term]]:
    for name, term in terms.items():
        if isinstance(term, Term):
            yield name, term
        else:
            yield from ((f"{name}[{member}]", item) for member, item in term.items())


def _of_year(term: Term, place: int, years: tuple[int, ...]) -> Term:
    """The part of a term that belongs to one year; a term without a years axis belongs to all.

    The year becomes part of the source, so that the result of an annual step can be found again.
    """
    if np.ndim(term.value) == 0:
        return term
    values = np.broadcast_to(np.asarray(term.value), (len(years),))
    source = f"{term.source} {years[place] - term.lag}"
    return Term(float(values[place]), term.unit, source, term.parameters)


def _step(equation: Equation, scope: str, terms: Mapping[str, Term], result: float) -> TraceStep:
    inputs = tuple(
        TraceInput(name=name, value=term.single, unit=term.unit, source=term.source)
        for name, term in terms.items()
    )
    return TraceStep(
        equation=equation.number,
        document=equation.document,
        about=equation.about,
        scope=scope,
        inputs=inputs,
        result=result,
        unit=equation.unit,
        formula=equation.formula,
    )
