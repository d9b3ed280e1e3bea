"""Ladders of uncertainty discounts: their steps are parameter rows, which a project may replace."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from itertools import pairwise

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.trace import Term


def ladder_terms(
    parameters: Parameters, document: str, *, limits: Sequence[str], discounts: Sequence[str]
) -> dict[str, Term]:
    """The rows of a ladder by name, as shares; never drawn, because they decide a step.

    MethodologyError when the limits do not climb from 0 to 1, or a discount is smaller than that
    of the step before it; as :meth:`Parameters.term` when a row has no value.
    """
    terms = {name: parameters.term(name, "1") for name in (*limits, *discounts)}
    for names, climbs in ((limits, operator.lt), (discounts, operator.le)):
        values = [terms[name].single for name in names]
        inside = all(0 <= value <= 1 for value in values)
        if not (inside and all(climbs(a, b) for a, b in pairwise(values))):
            stated = ", ".join(f"{n} {v:g}" for n, v in zip(names, values, strict=True))
            raise MethodologyError(f"{document}: the ladder does not climb from 0 to 1: {stated}")
    return terms
