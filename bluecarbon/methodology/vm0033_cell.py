"""One stratum in one scenario: where the equations of VM0033 get their terms from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from bluecarbon import units
from bluecarbon.errors import UnitError
from bluecarbon.methodology import vm0033_methods as methods
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.trace import Equation, Group, Number, Term, Trace
from bluecarbon.report import Measurement, Scenario, Series

DOCUMENT = "VM0033 v2.1"

HORIZON_YEARS = 100
"""Soil claims are limited by what is left 100 years after the start (Eq 3-17, 86)."""

Pair = Mapping[Scenario, Equation]


def equation(
    number: str, about: str, unit: str, compute: Callable[..., Number], *, formula: str = ""
) -> Equation:
    """An equation of VM0033 v2.1; ``formula`` is the same as spreadsheet arithmetic."""
    return Equation(DOCUMENT, f"Eq {number}", about, unit, compute, formula)


def pair(
    numbers: str, about: str, unit: str, compute: Callable[..., Number], *, formula: str = ""
) -> Pair:
    """An equation that stands in the document for the baseline and for the project.

    ``numbers`` is "23|74", or one number where the project uses the equation of the baseline.
    """
    baseline, _, project = numbers.partition("|")
    project = project or baseline
    return MappingProxyType(
        {
            "baseline": equation(baseline, about, unit, compute, formula=formula),
            "project": equation(project, about, unit, compute, formula=formula),
        }
    )


@dataclass(frozen=True)
class Cell:
    """A stratum in a scenario, with the inputs and the trace of one evaluation."""

    inputs: Inputs
    trace: Trace
    scenario: Scenario
    stratum: str

    def choice(self, name: str) -> str:
        """The option that the project chose for a term."""
        return methods.choice(self.inputs.monitoring, name, self.scenario, self.stratum)

    def number(self, name: str) -> float | None:
        """A number that the project declared for the stratum."""
        return methods.number(self.inputs.monitoring, name, self.scenario, self.stratum)

    def row(self, name: str) -> Series:
        """The series as it was given."""
        rows = self.inputs.monitoring.annual(name, stratum=self.stratum, scenario=self.scenario)
        return methods.only(rows)

    def series(self, name: str) -> Term:
        """A series on the years of the run."""
        return self._annual(name, lag=0)

    def before(self, name: str) -> Term:
        """The same one year earlier: the stock at the beginning of each year."""
        return self._annual(name, lag=1)

    def _annual(self, name: str, *, lag: int) -> Term:
        row, unit = self.row(name), methods.UNITS[name]
        shifted = row.model_copy(update={"first_year": row.first_year + lag}) if lag else row
        if not self.inputs.is_sampled or not errs_by_year(row):
            term = self.inputs.annual(shifted, unit)
            return Term(term.value, term.unit, term.source, lag=lag)
        plain = Inputs(self.inputs.monitoring, self.inputs.parameters, years=self.inputs.years)
        term = plain.annual(shifted, unit)
        wanted = {year - lag for year in self.inputs.years}
        errors = [
            np.asarray(self.inputs.measured(error, unit).value)
            for error in yearly_errors(row)
            if error.date.year in wanted
        ]
        # Draws of a year are (draws, 1), a year without an error is a plain 0.
        draws = max(error.shape[0] if error.ndim else 1 for error in errors)
        drawn = [np.broadcast_to(error, (draws, 1)) for error in errors]
        return Term(np.concatenate(drawn, axis=-1) + term.value, unit, term.source, lag=lag)

    def measured(self, name: str, unit: str) -> Term:
        """The stratum's value of a measured property."""
        (row,) = self.inputs.monitoring.select(name, stratum=self.stratum)
        return self.inputs.measured(row, unit)

    def collapsed(self, name: str, unit: str, *, years: int) -> Term:
        """The sum of a series over its first ``years`` years of the run (one value, or draws).

        The years of a series share one error, so that their standard errors add up.
        """
        row, start = self.row(name), self.inputs.years[0]
        part = slice(start - row.first_year, start - row.first_year + years)
        count = len(self.inputs.years)
        errors = (sum(row.standard_errors[part]),) * count if row.standard_errors else ()
        update = {
            "first_year": start,
            "values": (sum(row.values[part]),) * count,
            "standard_errors": errors,
        }
        term = self.inputs.annual(row.model_copy(update=update), methods.UNITS[name])
        value = np.asarray(term.value)[..., :1]
        source = f"{term.source} {start}" if years == 1 else term.source
        return Term(value if value.ndim > 1 else float(value[0]), unit, source)

    def by_year(self, name: str, *, years: int) -> dict[str, Term]:
        """The single values of a series over its first ``years`` years of the run."""
        row, start, unit = self.row(name), self.inputs.years[0], methods.UNITS[name]
        factor = units.factor(row.unit, unit)
        source = f"{row.variable} {row.stratum} {row.scenario}"
        source = f"{source}: {row.source}" if row.source else source
        return {
            str(year): Term(row.values[year - row.first_year] * factor, unit, f"{source} {year}")
            for year in range(start, start + years)
        }

    def parameter(self, name: str, unit: str) -> Term:
        """A parameter row."""
        return self.inputs.parameter(name, unit)

    def known(self, value: Number, unit: str, source: str) -> Term:
        """A value that needs no equation."""
        return Term(value, unit, source)

    def nothing(self, unit: str, source: str) -> Term:
        """Zero in every year, with the reason."""
        return Term(np.zeros(len(self.inputs.years)), unit, source)

    def evaluate(self, what: Equation | Pair, **terms: Term | Group) -> Term:
        """An equation for this stratum and scenario."""
        chosen = what if isinstance(what, Equation) else what[self.scenario]
        return self.trace.evaluate(chosen, f"{self.stratum} {self.scenario}", **terms)

    def elapsed(self) -> np.ndarray:
        """Years elapsed since the project start date, t = 1, 2, 3 ..., shape (years,)."""
        return np.arange(1.0, len(self.inputs.years) + 1)


def errs_by_year(row: Series) -> bool:
    """Whether the years of a series err independently.

    Stocks at the ends of years come from campaigns of their own: an error that the years shared
    would cancel in C_t - C_0, and leave the change as if it were known exactly. Where one error
    is shared (one allometry) the series names it (``shared_error``).
    """
    stock = row.variable in methods.YEAR_BEFORE
    return stock and any(row.standard_errors) and not row.shared_error


def yearly_errors(row: Series) -> tuple[Measurement, ...]:
    """The errors of a series by year, each a measurement of 0 with the error of its year."""
    return tuple(
        Measurement(
            variable=row.variable,
            stratum=row.stratum,
            date=dt.date(year, 12, 31),
            value=0.0,
            unit=row.unit,
            standard_error=error,
            sample=row.scenario,
        )
        for year, error in zip(row.years, row.standard_errors, strict=True)
    )


PER_THOUSAND = frozenset(
    {"ppt", "psu", "pss", "pss-78", "permille", "per mille", "‰", "o/oo", "parts per thousand"}
)
"""Spellings of g/kg that a salinometer writes; to the registry of units a ppt is a pico-pint."""


def salinity_g_kg(row: Series) -> np.ndarray:
    """Salinity as given [g/kg]; parts per thousand and practical salinity units count as g/kg.

    It decides which default applies and is never drawn. UnitError when it is no salinity.
    """
    unit = "g/kg" if row.unit.strip().lower() in PER_THOUSAND else row.unit
    try:
        return np.array(row.values) * units.factor(unit, "g/kg")
    except UnitError as error:
        message = f"{row.unit!r} is no unit of salinity (a conductivity, or grams per litre?)"
        raise UnitError(message) from error
