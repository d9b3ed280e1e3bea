"""The common half of the built-in rule books: from evaluated terms to a ``Quantification``.

A rule book here implements ``spec``, ``check``, ``years``, ``axis`` and ``evaluate``; it gets
``quantify`` from this class, and Monte Carlo from :mod:`bluecarbon.methodology.monte_carlo`,
because ``evaluate`` only sees terms. A third party may use it, or implement the protocol alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.protocol import MethodologySpec
from bluecarbon.methodology.trace import Equation, Number, Term, Trace
from bluecarbon.report import Monitoring, OutputValue, Quantification, YearRow
from bluecarbon.spec import Finding, errors_in


@dataclass(frozen=True)
class YearTerms:
    """The terms of every vintage year [tCO2e], years on the last axis, removals positive.

    ``baseline`` and ``project`` are net removals of each scenario; ``pools`` splits their
    difference. ``gross`` = project - baseline - leakage. ``uncertainty_deduction`` and ``buffer``
    are what is taken off; all are per year, not cumulative. ``equations`` names, for a term or
    pool, the equations of the document that give it.
    """

    baseline: Number
    project: Number
    leakage: Number
    pools: Mapping[str, Number]
    gross: Number
    uncertainty_deduction: Number
    buffer: Number
    equations: Mapping[str, str] = field(default_factory=dict)

    @property
    def claim(self) -> Number:
        """What may be issued, the buffer share included."""
        return self.gross - np.asarray(self.uncertainty_deduction)

    @property
    def net(self) -> Number:
        """What is left after uncertainty and buffer."""
        return self.claim - np.asarray(self.buffer)


@dataclass
class Evaluation:
    """What one pass over a rule book's equations left."""

    years: tuple[int, ...]
    trace: Trace
    outputs: list[OutputValue] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    terms: YearTerms | None = None

    def output(self, name: str, scope: str, term: Term, *, equation: Equation) -> None:
        """Keep a named result; under a Monte Carlo (draws instead of a value) nothing is kept."""
        if np.ndim(term.value) == 0:
            label = equation.label
            self.outputs.append(
                OutputValue(
                    name=name, scope=scope, value=term.single, unit=term.unit, equation=label
                )
            )

    def year_terms(self) -> YearTerms:
        """The terms by year. MethodologyError when the rule book set none."""
        if self.terms is None:
            raise MethodologyError("the rule book gave no yearly terms")
        return self.terms

    def simulated(self) -> dict[str, Number]:
        """Draws of the results that are summarised: claim by year and in all, gross in all."""
        claim = np.asarray(self.year_terms().claim)
        by_year = {f"claim {year}": claim[..., place] for place, year in enumerate(self.years)}
        gross = np.asarray(self.year_terms().gross).sum(axis=-1)
        return {**by_year, "claim": claim.sum(axis=-1), "gross": gross}


class RuleBook(ABC):
    """A built-in methodology: see the module."""

    @property
    @abstractmethod
    def spec(self) -> MethodologySpec:
        """The declaration of the rule book."""

    @abstractmethod
    def check(self, monitoring: Monitoring) -> tuple[Finding, ...]:
        """What is missing or not eligible, all of it."""

    def years(self, monitoring: Monitoring) -> tuple[int, ...]:
        """The vintage years of the claim: the calendar years that the period touches."""
        return monitoring.period.years

    @abstractmethod
    def evaluate(self, inputs: Inputs) -> Evaluation:
        """All equations, on single values or on draws."""

    def axis(self, _monitoring: Monitoring) -> tuple[int, ...]:
        """The years axis of the terms; empty for a rule book that computes year by year itself."""
        return ()

    def quantify(self, monitoring: Monitoring, parameters: Parameters) -> Quantification:
        """The claim with its trace.

        Raises
        ------
        MethodologyError
            ``check`` has errors, or a parameter that the data call for has no value.
        """
        findings = self.check(monitoring)
        if errors_in(findings):
            listed = "; ".join(f"{f.subject}: {f.message}" for f in errors_in(findings))
            raise MethodologyError(f"{self.spec.id} does not apply: {listed}")
        done = self.evaluate(Inputs(monitoring, parameters, years=self.axis(monitoring)))
        rows = year_rows(done.years, done.year_terms())
        claims = np.broadcast_to(np.asarray(done.year_terms().claim), (len(done.years),))
        used = done.trace.parameters
        return Quantification(
            methodology_id=self.spec.id,
            methodology_title=self.spec.title,
            outputs=tuple(done.outputs),
            claim_tco2e_by_year={str(y): float(c) for y, c in zip(done.years, claims, strict=True)},
            claim_tco2e=float(claims.sum()),
            parameters=used,
            trace=done.trace.steps,
            findings=(*findings, *done.findings),
            years=rows,
            equations=dict(done.year_terms().equations),
            draft=any(row.status == "unverified" for row in used),
        )


def year_rows(years: tuple[int, ...], terms: YearTerms) -> tuple[YearRow, ...]:
    """One row per vintage year of single-valued terms."""

    def column(values: Number) -> list[float]:
        return [float(v) for v in np.broadcast_to(np.asarray(values), (len(years),))]

    columns = {
        "baseline_tco2e": column(terms.baseline),
        "project_tco2e": column(terms.project),
        "leakage_tco2e": column(terms.leakage),
        "gross_tco2e": column(terms.gross),
        "uncertainty_deduction_tco2e": column(terms.uncertainty_deduction),
        "buffer_tco2e": column(terms.buffer),
        "net_tco2e": column(terms.net),
    }
    pools = {name: column(values) for name, values in terms.pools.items()}
    cumulative = np.cumsum(columns["net_tco2e"])
    return tuple(
        YearRow(
            year=year,
            pools_tco2e={name: values[i] for name, values in pools.items()},
            cumulative_tco2e=float(cumulative[i]),
            **{name: values[i] for name, values in columns.items()},
        )
        for i, year in enumerate(years)
    )
