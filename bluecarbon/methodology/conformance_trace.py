"""Conformance checks on the trace: whoever recomputes it gets the same numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bluecarbon.methodology.conformance_runs import TOLERANCE, Case, Problem
from bluecarbon.methodology.formula_values import recomputed
from bluecarbon.report import Quantification, TraceStep

_CANCELLED = 1e-12
"""Relative to the largest input: what may be left of a difference of equal terms."""


def trace_recomputes(case: Case) -> Iterator[Problem]:
    """The formula of each step over the inputs that it lists gives its result."""
    for place, step in enumerate(case.golden.trace, start=1):
        if not step.formula:
            continue
        subject = f"trace step {place} ({step.document} {step.equation} for {step.scope})"
        try:
            found = recomputed(step)
        except ValueError as error:
            yield subject, str(error)
            continue
        if not math.isclose(found, step.result, rel_tol=TOLERANCE, abs_tol=_noise(step)):
            yield subject, f"says {step.result!r}, its formula {step.formula} gives {found!r}"


def _noise(step: TraceStep) -> float:
    return _CANCELLED * max((abs(item.value) for item in step.inputs), default=0.0)


def deductions_traced(case: Case) -> Iterator[Problem]:
    """What is taken off or kept back follows from an equation that stands in the trace."""
    for name in ("uncertainty_deduction", "buffer"):
        if not any(getattr(row, f"{name}_tco2e") for row in case.golden.years):
            continue
        told = case.golden.equations.get(name, "")
        if not told:
            yield name, "is not 0, and equations does not say which equation gives it"
        elif not _is_traced(case.golden, told):
            yield name, f"is by {told!r}, and the trace has no such step"


def _is_traced(golden: Quantification, told: str) -> bool:
    return any(step.document in told and step.equation in told for step in golden.trace)
