"""Monte Carlo over a rule book: seeded, correlated where errors are shared, bounded in memory.

IPCC 2006 Guidelines, volume 1, chapter 3, approach 2. Each uncertain input is drawn from its
distribution (normal unless its row says otherwise; truncated at 0 where the quantity cannot be
negative is left to the rule book's own floors). Inputs that name the same ``shared_error`` share
one standard-normal draw, so that an allometry or a map that is wrong is wrong everywhere at once.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
from numpy.typing import NDArray

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.protocol import Methodology
from bluecarbon.methodology.rule_book import RuleBook
from bluecarbon.report import Measurement, Monitoring, Quantification, Series, Simulated
from bluecarbon.spec import Finding, Parameter

Floats = NDArray[np.float64]


class SeededSampler:
    """Draws of uncertain inputs; a row's stream depends on the seed and its identity only.

    The order in which a rule book asks for inputs, or which others it asks for, changes nothing.
    """

    def __init__(self, draws: int, seed: int, *, chunk: int = 0) -> None:
        if draws < 1:
            raise ValueError("draws must be at least 1")
        self.draws = draws
        self._seed = seed
        self._chunk = chunk

    def measurement(self, row: Measurement) -> Floats | float:
        """Normal draws of a measured value, shape (draws,); the value itself without an error."""
        if not row.standard_error:
            return row.value
        own = f"measurement|{row.variable}|{row.stratum}|{row.sample}|{row.date}"
        name = row.shared_error or own
        draws: Floats = row.value + row.standard_error * self.standard_normal(name)
        return draws

    def series(self, row: Series) -> Floats:
        """Normal draws of a series, shape (draws, years).

        The years of one series share one draw: its error is that of a method, not of a year.
        """
        values: Floats = np.array(row.values)
        if not any(row.standard_errors):
            return values
        name = row.shared_error or f"series|{row.variable}|{row.stratum}|{row.scenario}"
        drawn = self.standard_normal(name)
        draws: Floats = values + drawn[:, None] * np.array(row.standard_errors)
        return draws

    def parameter(self, row: Parameter) -> Floats:
        """Draws of a parameter by its row's distribution, shape (draws,)."""
        value, error = row.value or 0.0, row.standard_error or 0.0
        drawn = self.standard_normal(f"parameter|{row.name}")
        if row.distribution == "lognormal":
            variance = math.log1p((error / value) ** 2)
            lognormal: Floats = np.exp(math.log(value) - variance / 2 + math.sqrt(variance) * drawn)
            return lognormal
        draws: Floats = value + error * drawn
        return draws

    def standard_normal(self, name: str) -> Floats:
        """The draws that belong to a name, shape (draws,)."""
        key = hashlib.sha256(f"{self._seed}|{self._chunk}|{name}".encode()).digest()
        generator = np.random.Generator(np.random.SFC64(np.frombuffer(key, dtype=np.uint32)))
        return generator.standard_normal(self.draws)


CHUNK_VALUES_MAX = 200_000
"""Draws are taken in chunks so that one array of (draws, years) stays below this many values: it
then fits into the processor's cache, which is both faster and smaller (tests/bench)."""


def simulate(
    book: RuleBook, monitoring: Monitoring, parameters: Parameters, *, draws: int, seed: int
) -> tuple[Simulated, ...]:
    """Monte Carlo of the net result of every year, and of their total (see the module).

    Raises
    ------
    MethodologyError
        ``check`` has errors.
    """
    chunks = _chunks(draws, max(1, len(book.years(monitoring))))
    parts: dict[str, list[Floats]] = {}
    for number, size in enumerate(chunks):
        sampler = SeededSampler(size, seed, chunk=number)
        inputs = Inputs(monitoring, parameters, sampler, years=book.axis(monitoring))
        evaluation = book.evaluate(inputs)
        for name, values in evaluation.simulated().items():
            parts.setdefault(name, []).append(np.broadcast_to(values, (size,)))
    return tuple(
        _summary(name, np.concatenate(found), draws, seed) for name, found in parts.items()
    )


DISAGREEMENT_MAX = 0.05
"""A Monte Carlo mean this far from the analytic claim (relative) is told in a finding."""


def with_simulation(
    book: Methodology,
    monitoring: Monitoring,
    parameters: Parameters,
    done: Quantification,
    *,
    draws: int,
    seed: int,
) -> Quantification:
    """``done`` with the Monte Carlo beside it, and a finding where the two disagree.

    MethodologyError when the rule book is not built for draws (it only implements the protocol).
    """
    if not isinstance(book, RuleBook):
        raise MethodologyError(f"{book.spec.id} computes single values only: no Monte Carlo")
    found = simulate(book, monitoring, parameters, draws=draws, seed=seed)
    claim = next(item for item in found if item.name == "claim")
    findings = done.findings
    if abs(claim.mean - done.claim_tco2e) > DISAGREEMENT_MAX * abs(done.claim_tco2e):
        message = (
            f"the Monte Carlo mean {claim.mean:,.1f} tCO2e differs from the analytic claim "
            f"{done.claim_tco2e:,.1f} tCO2e by more than {DISAGREEMENT_MAX:.0%}: the equations "
            "are not linear in the uncertain inputs, or a deduction has steps"
        )
        findings = (*findings, Finding.warning("monte-carlo-disagrees", "claim", message))
    return done.model_copy(update={"simulated": found, "findings": findings})


def _chunks(draws: int, years: int) -> list[int]:
    size = max(1, min(draws, CHUNK_VALUES_MAX // years))
    return [size] * (draws // size) + ([draws % size] if draws % size else [])


def _summary(name: str, values: Floats, draws: int, seed: int) -> Simulated:
    p05, p50, p95 = np.percentile(values, [5, 50, 95])
    return Simulated(
        name=name,
        unit="tCO2e",
        draws=draws,
        seed=seed,
        mean=float(values.mean()),
        standard_deviation=float(values.std(ddof=1)) if draws > 1 else 0.0,
        p05=float(p05),
        p50=float(p50),
        p95=float(p95),
    )
