"""Monte Carlo over a rule book: seeded, correlated where errors are shared, bounded in memory.

IPCC 2006 Guidelines, volume 1, chapter 3, approach 2. Each uncertain input is drawn from its
distribution (normal unless its row says otherwise; truncated at 0 where the quantity cannot be
negative is left to the rule book's own floors). Inputs that name the same ``shared_error`` share
one standard-normal draw, so that an allometry or a map that is wrong is wrong everywhere at once.

Beside the analytic result the mean and, where the rule book gives one (:class:`GivesInterval`),
the half-width of the interval are compared; what differs by more than the stated tolerance and the
noise of the draws is told in a finding.
"""

from __future__ import annotations

import functools
import hashlib
import math
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from bluecarbon import units
from bluecarbon.errors import MethodologyError
from bluecarbon.methodology.inputs import Inputs
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.protocol import Methodology
from bluecarbon.methodology.rule_book import RuleBook
from bluecarbon.methodology.trace import Term
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
        # A shared error is asked for by many rows, a stock at both ends of its year.
        self._normal = functools.lru_cache(maxsize=NORMALS_KEPT)(self._draw)

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
        drawn = self.standard_normal(name_of_series(row))
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
        """The draws that belong to a name, shape (draws,), not to be written to."""
        return self._normal(name)

    def generator(self, name: str) -> np.random.Generator:
        """The stream of random numbers that belongs to a name."""
        key = hashlib.sha256(f"{self._seed}|{self._chunk}|{name}".encode()).digest()
        return np.random.Generator(np.random.SFC64(np.frombuffer(key, dtype=np.uint32)))

    def _draw(self, name: str) -> Floats:
        draws = self.generator(name).standard_normal(self.draws)
        draws.setflags(write=False)
        return draws


NORMALS_KEPT = 256
"""Names whose draws a sampler keeps: those of a stratum, and all that are shared."""


def name_of_series(row: Series) -> str:
    """The name of the error that the years of a series have in common."""
    return row.shared_error or f"series|{row.variable}|{row.stratum}|{row.scenario}"


class ChunkInputs(Inputs):
    """The inputs of one chunk of draws.

    ``kept`` goes from chunk to chunk: a rule book may leave there what no draw changes.
    """

    def __init__(
        self,
        monitoring: Monitoring,
        parameters: Parameters,
        sampler: SeededSampler,
        *,
        years: tuple[int, ...],
        kept: dict[str, Any],
    ) -> None:
        super().__init__(monitoring, parameters, sampler, years=years)
        self.kept = kept
        self._draws = sampler
        self._central = Inputs(monitoring, parameters, years=years)

    def annual(self, row: Series, unit: str) -> Term:
        """As :meth:`Inputs.annual`, with draws of the wanted years only, made in place."""
        central = self._central.annual(row, unit)
        if not any(row.standard_errors):
            return central
        start = self.years[0] - row.first_year
        errors = np.array(row.standard_errors[start : start + len(self.years)])
        errors *= units.factor(row.unit, unit)
        draws = np.multiply.outer(self._draws.standard_normal(name_of_series(row)), errors)
        draws += central.value
        return Term(draws, unit, central.source)


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
    kept: dict[str, Any] = {}
    for number, size in enumerate(chunks):
        sampler = SeededSampler(size, seed, chunk=number)
        years = book.axis(monitoring)
        inputs = ChunkInputs(monitoring, parameters, sampler, years=years, kept=kept)
        evaluation = book.evaluate(inputs)
        for name, values in evaluation.simulated().items():
            parts.setdefault(name, []).append(np.broadcast_to(values, (size,)))
    return tuple(
        _summary(name, np.concatenate(found), draws, seed) for name, found in parts.items()
    )


DISAGREEMENT_MAX = 0.05
"""A Monte Carlo mean this far from the analytic claim (relative) is told in a finding."""

HALF_WIDTH_DISAGREEMENT_MAX = 0.15
"""Likewise a half-width, relative to the one of the draws."""

NOISE_STANDARD_ERRORS = 3.0
"""What a mean or a half-width of the draws may be off by chance, in its own standard errors."""

DRAWS_LEAST = 100
"""With fewer draws neither a mean nor a percentile says anything."""


@dataclass(frozen=True)
class Interval:
    """An analytic interval: which simulated result it is about, its half-width and where from."""

    of: str
    value: float
    half_width: float
    confidence_percent: int
    equation: str


@runtime_checkable
class GivesInterval(Protocol):
    """A rule book whose document gives the uncertainty of the result."""

    def analytic_interval(self, monitoring: Monitoring, done: Quantification) -> Interval | None:
        """The analytic interval of one simulated result; None where the two are not comparable."""


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

    MethodologyError when the rule book is not built for draws (it only implements the protocol),
    or there are fewer than :data:`DRAWS_LEAST`.
    """
    if draws < DRAWS_LEAST:
        raise MethodologyError(f"{draws} draws say nothing: take at least {DRAWS_LEAST} (--draws)")
    if not isinstance(book, RuleBook):
        raise MethodologyError(f"{book.spec.id} computes single values only: no Monte Carlo")
    found = simulate(book, monitoring, parameters, draws=draws, seed=seed)
    findings = [*done.findings, *_mean_findings(found, done)]
    interval = book.analytic_interval(monitoring, done) if isinstance(book, GivesInterval) else None
    if interval:
        simulated = next(item for item in found if item.name == interval.of)
        findings += _interval_findings(interval, simulated)
    return done.model_copy(update={"simulated": found, "findings": tuple(findings)})


def _mean_findings(found: tuple[Simulated, ...], done: Quantification) -> list[Finding]:
    claim = next(item for item in found if item.name == "claim")
    noise = NOISE_STANDARD_ERRORS * claim.standard_deviation / math.sqrt(claim.draws)
    allowed = DISAGREEMENT_MAX * abs(done.claim_tco2e) + noise
    if abs(claim.mean - done.claim_tco2e) <= allowed:
        return []
    message = (
        f"the Monte Carlo mean {claim.mean:,.1f} tCO2e differs from the analytic claim "
        f"{done.claim_tco2e:,.1f} tCO2e by more than {DISAGREEMENT_MAX:.0%}: the equations "
        "are not linear in the uncertain inputs, or a deduction has steps"
    )
    return [Finding.warning("monte-carlo-disagrees", "claim", message)]


def _interval_findings(interval: Interval, simulated: Simulated) -> list[Finding]:
    """Both intervals side by side, and a warning where their half-widths disagree."""
    factor = float(ndtri(0.5 + interval.confidence_percent / 200))
    drawn = factor * simulated.standard_deviation
    message = (
        f"analytic {interval.value:,.1f} +- {interval.half_width:,.1f} tCO2e "
        f"({interval.equation}), Monte Carlo {simulated.mean:,.1f} +- {drawn:,.1f} tCO2e "
        f"({interval.confidence_percent} %, normal)"
    )
    findings = [Finding.info("monte-carlo-interval", interval.of, message)]
    # The standard deviation of n draws is itself known to 1 / sqrt(2 n).
    noise = NOISE_STANDARD_ERRORS / math.sqrt(2 * simulated.draws)
    if abs(drawn - interval.half_width) > (HALF_WIDTH_DISAGREEMENT_MAX + noise) * drawn:
        findings.append(
            Finding.warning(
                "monte-carlo-interval-disagrees",
                interval.of,
                f"{message}: the half-widths differ by more than {HALF_WIDTH_DISAGREEMENT_MAX:.0%}",
                fix=f"{interval.equation} adds strata and pools as if their errors were "
                "independent, and divides by what is printed; shared errors are one in the draws",
            )
        )
    return findings


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
