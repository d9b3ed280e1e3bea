"""The common half of the built-in rule books: from evaluated terms to a ``Quantification``.

A rule book here implements ``spec``, ``own_findings``, ``axis`` and ``evaluate``; it gets
``check`` (with the defects that no rule book can live with) and ``quantify`` from this class, and
Monte Carlo from :mod:`bluecarbon.methodology.monte_carlo`, because ``evaluate`` only sees terms. A
third party may use it, or implement the protocol alone.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.monitoring_checks import PERIOD_REVERSED, common_findings
from bluecarbon.methodology.parameter_checks import parameter_findings
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
    pool, the equations of the document that give it. ``buffer_is_issued`` as in the declaration
    (:class:`bluecarbon.methodology.protocol.MethodologySpec`).
    """

    baseline: Number
    project: Number
    leakage: Number
    pools: Mapping[str, Number]
    gross: Number
    uncertainty_deduction: Number
    buffer: Number
    equations: Mapping[str, str] = field(default_factory=dict)
    buffer_is_issued: bool = True

    @property
    def claim(self) -> Number:
        """What may be issued: with the buffer share, unless that is never issued."""
        return self._certain if self.buffer_is_issued else self.net

    @property
    def net(self) -> Number:
        """What is left after uncertainty and buffer."""
        return self._certain - np.asarray(self.buffer)

    @property
    def _certain(self) -> Number:
        return self.gross - np.asarray(self.uncertainty_deduction)


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
                    name=name, scope=scope, value=term.single + 0.0, unit=term.unit, equation=label
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
    def own_findings(self, monitoring: Monitoring) -> tuple[Finding, ...]:
        """What this rule book finds missing or not eligible, all of it."""

    def check(self, monitoring: Monitoring) -> tuple[Finding, ...]:
        """What is wrong under any rule book, and what is missing or not eligible under this."""
        common = common_findings(self.spec, monitoring)
        if any(finding.code == PERIOD_REVERSED for finding in common):
            return common
        return (*common, *self.own_findings(monitoring))

    def row_findings(self, _monitoring: Monitoring, _parameters: Parameters) -> tuple[Finding, ...]:
        """Rows that these data call for and that a run may not rest on; ``evaluate`` refuses them.

        A rule book that only wants a value where an equation asks for one has none to name.
        """
        return ()

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
            ``check`` has errors, a parameter row cannot be or has no value though the data call
            for it, or the claim is not finite.
        """
        findings = (*self.check(monitoring), *parameter_findings(self.spec, parameters))
        if errors_in(findings):
            raise MethodologyError(f"{self.spec.id} does not apply: {_listed(findings)}")
        done = self.evaluate(Inputs(monitoring, parameters, years=self.axis(monitoring)))
        rows = year_rows(done.years, done.year_terms())
        # + 0.0: a year that earns nothing is printed 0, never -0
        claims = np.broadcast_to(np.asarray(done.year_terms().claim), (len(done.years),)) + 0.0
        findings = (*findings, *done.findings, *claim_findings(rows))
        if errors_in(findings):
            raise MethodologyError(f"{self.spec.id} cannot compute: {_listed(findings)}")
        used = done.trace.parameters
        return Quantification(
            methodology_id=self.spec.id,
            methodology_title=self.spec.title,
            outputs=tuple(done.outputs),
            claim_tco2e_by_year={str(y): float(c) for y, c in zip(done.years, claims, strict=True)},
            claim_tco2e=float(claims.sum()),
            parameters=used,
            trace=done.trace.steps,
            findings=findings,
            years=rows,
            equations=dict(done.year_terms().equations),
            draft=any(row.status == "unverified" for row in used),
        )


def claim_findings(rows: tuple[YearRow, ...]) -> tuple[Finding, ...]:
    """What is odd about a claim: years that are not numbers (an error), or a loss in all."""
    sums = [row.gross_tco2e - row.uncertainty_deduction_tco2e for row in rows]
    broken = [row.year for row, claim in zip(rows, sums, strict=True) if not _is_finite(row, claim)]
    if broken:
        message = f"is not a finite number in {', '.join(map(str, broken))}"
        fix = "look for an amount that is far too large, or not a number"
        return (Finding.error("claim-not-finite", "claim", message, fix=fix),)
    if math.fsum(sums) < 0:
        message = f"is negative ({math.fsum(sums):,.1f} tCO2e): a net loss"
        fix = "were the scenarios, or the two dates, swapped?"
        return (Finding.warning("claim-negative", "claim", message, fix=fix),)
    return ()


def _is_finite(row: YearRow, claim: float) -> bool:
    return math.isfinite(claim) and math.isfinite(row.net_tco2e)


def _listed(findings: tuple[Finding, ...]) -> str:
    return "; ".join(
        f"{f.subject}: {f.message}" + (f" ({f.fix})" if f.fix else "") for f in errors_in(findings)
    )


def year_rows(years: tuple[int, ...], terms: YearTerms) -> tuple[YearRow, ...]:
    """One row per vintage year of single-valued terms."""

    def column(values: Number) -> list[float]:
        # Adding 0 turns -0.0, which a removal of nothing may be, into 0.0.
        return [float(v) + 0.0 for v in np.broadcast_to(np.asarray(values), (len(years),))]

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
