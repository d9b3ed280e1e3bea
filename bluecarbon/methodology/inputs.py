"""What a rule book reads: measured values, annual series and parameters as terms of equations.

A rule book asks :class:`Inputs` for terms and never looks at raw values. Asked for one value it
gets the measured one; asked under a :class:`Sampler` it gets draws of it. So a Monte Carlo is the
same code with other terms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from bluecarbon import units
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.trace import Number, Term
from bluecarbon.report import Measurement, Monitoring, Series
from bluecarbon.spec import Parameter


class Sampler(Protocol):
    """Draws of uncertain inputs; the same row always gives the same draws."""

    def measurement(self, row: Measurement) -> Number:
        """Draws of a measured value in its own unit, shape (draws,)."""

    def series(self, row: Series) -> Number:
        """Draws of an annual series in its own unit, shape (draws, years)."""

    def parameter(self, row: Parameter) -> Number:
        """Draws of a parameter in its own unit, shape (draws,)."""


class Inputs:
    """Monitoring data and parameter rows as terms: single values, or draws under a sampler."""

    def __init__(
        self,
        monitoring: Monitoring,
        parameters: Parameters,
        sampler: Sampler | None = None,
        *,
        years: tuple[int, ...] = (),
    ) -> None:
        """``years`` is the years axis of a rule book that works year by year, else empty."""
        self.monitoring = monitoring
        self.parameters = parameters
        self.years = years
        self._sampler = sampler

    @property
    def is_sampled(self) -> bool:
        """Whether terms hold draws."""
        return self._sampler is not None

    def measured(self, row: Measurement, unit: str) -> Term:
        """A measured value in the unit that an equation wants; UnitError when it cannot be."""
        value = self._shaped(self._sampler.measurement(row)) if self._sampler else row.value
        where = " ".join(filter(None, (row.variable, row.stratum, row.sample, str(row.date))))
        source = f"{where}: {row.method}" if row.method else where
        return Term(value * units.factor(row.unit, unit), unit, source)

    def sample(self, rows: Sequence[Measurement], unit: str) -> dict[str, Term]:
        """The plots of one stratum and date by their name.

        Under a sampler all plots move together by a draw of the error of their mean, s / sqrt(n):
        the mean gets its sampling error, the spread between plots stays as measured.
        """
        terms = {row.sample: self.measured(row, unit) for row in rows}
        if self._sampler is None or len(rows) < 2:
            return terms
        values = np.array([row.value * units.factor(row.unit, unit) for row in rows])
        error = values.std(ddof=1) / math.sqrt(len(rows))
        # The error of a mean is a measurement of its own; in the unit that the terms have.
        of_mean = {"value": 0.0, "standard_error": error, "sample": "(mean)", "shared_error": ""}
        shift = self._shaped(self._sampler.measurement(rows[0].model_copy(update=of_mean)))
        return {
            name: Term(term.value + shift, term.unit, term.source) for name, term in terms.items()
        }

    def annual(self, row: Series, unit: str) -> Term:
        """A series on the rule book's years, last axis; a year without a value is never made up.

        ValueError when the series does not cover the years (``check`` has said so before).
        """
        first, last = self.years[0], self.years[-1]
        if first < row.first_year or last > row.years[-1]:
            raise ValueError(f"{row.variable} {row.stratum} does not cover {first}-{last}")
        values = self._sampler.series(row) if self._sampler else np.array(row.values)
        part = np.asarray(values)[..., first - row.first_year : last - row.first_year + 1]
        where = " ".join(filter(None, (row.variable, row.stratum, row.scenario)))
        source = f"{where}: {row.source}" if row.source else where
        return Term(part * units.factor(row.unit, unit), unit, source)

    def parameter(self, name: str, unit: str) -> Term:
        """A parameter row in the unit that an equation wants.

        MethodologyError when the row or its value is missing, UnitError when its unit does not
        fit.
        """
        term = self.parameters.term(name, unit)
        row = self.parameters.row(name)
        if self._sampler is None or not row.standard_error:
            return term
        draws = self._shaped(self._sampler.parameter(row))
        return Term(draws * units.factor(row.unit, unit), unit, term.source, term.parameters)

    def _shaped(self, draws: Number) -> Number:
        """Draws beside a years axis need one of their own: (draws, 1)."""
        return np.asarray(draws)[:, None] if self.years and np.ndim(draws) == 1 else draws
