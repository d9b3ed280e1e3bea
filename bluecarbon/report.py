"""The two values that cross between rooms: ``Monitoring`` (facts), ``MonitoringReport`` (a claim).

``Monitoring`` is methodology-neutral: a tidy table of measurements, each with unit and standard
error, plus the strata they belong to. ``MonitoringReport`` seals what a rule book made of them:
canonical JSON with digests of every input, parameter row and line of code, so that anybody can
recompute it (``bluecarbon verify``).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Hashable
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError

from bluecarbon import units
from bluecarbon.errors import ReportError
from bluecarbon.project import ProjectFile
from bluecarbon.provenance import InputFile, Software, canonical_json, digest
from bluecarbon.spec import Finding, Parameter, Real, Value

SCHEMA = "bluecarbon-monitoring-report/1"

Key = TypeVar("Key", bound=Hashable)

StratumKind = Literal["planted", "established", "other"]
Scenario = Literal["project", "baseline"]


class Period(Value):
    """A span of time; the end is exclusive."""

    start: dt.date
    end: dt.date = Field(
        description="the day after the last: the end is exclusive, 2025-01-01 ends with 2024"
    )

    @property
    def years(self) -> tuple[int, ...]:
        """The calendar years that the period touches, first to last."""
        last_day_year = self.end.year - (1 if (self.end.month, self.end.day) == (1, 1) else 0)
        return tuple(range(self.start.year, last_day_year + 1))


class Stratum(Value):
    """A part of the project area that is homogeneous enough to be sampled together (碳层)."""

    id: str
    name: str = ""
    name_zh: str = ""
    kind: StratumKind = "other"
    species: str = ""
    planted_year: int | None = None


class Measurement(Value):
    """One measured fact.

    ``sample`` names the plot or core it belongs to, or is empty for a stratum-level value;
    ``sample_size`` is the number of plots, cores or reference points behind a stratum value;
    ``shared_error`` as in :class:`Series`.
    """

    variable: str
    stratum: str
    date: dt.date
    value: Real
    unit: str
    standard_error: Real | None = None
    shared_error: str = ""
    sample: str = ""
    sample_size: int | None = None
    method: str = ""

    def in_unit(self, unit: str) -> float:
        """The value in another unit of the same dimension; UnitError when it is not."""
        return units.convert(self.value, self.unit, unit)

    def standard_error_in(self, unit: str) -> float | None:
        """The standard error in another unit; None when none was given."""
        if self.standard_error is None:
            return None
        return units.convert(self.standard_error, self.unit, unit)


class Series(Value):
    """One annual series: a value for each year from ``first_year`` on.

    ``scenario`` says whether it is measured (or projected) with the project or belongs to the
    baseline. ``standard_errors`` is empty, or has one entry per value. ``shared_error`` names an
    error that several series have in common (one allometry, one map): series of the same name go
    up and down together when uncertainty is propagated.
    """

    variable: str
    stratum: str = ""
    scenario: Scenario = "project"
    unit: str
    first_year: int
    values: tuple[Real, ...]
    standard_errors: tuple[Real, ...] = Field(
        default=(), description="one standard error per value (not a half-width); or none"
    )
    shared_error: str = ""
    source: str = ""

    @property
    def years(self) -> tuple[int, ...]:
        """The years of the values."""
        return tuple(range(self.first_year, self.first_year + len(self.values)))


Indexes = tuple[
    dict[str, tuple[Measurement, ...]],
    dict[tuple[str, str, dt.date], tuple[Measurement, ...]],
]


class Monitoring(Value):
    """What was measured in a project over one monitoring period (监测期), no rule book applied.

    ``stock_start`` and ``stock_end`` are the dates between which stocks are differenced.
    ``declarations`` are the project's own statements that no sensor measures (share of mangrove
    species planted, soil disturbance ...); they carry no unit and are checked by the rule book.
    """

    project_id: str
    period: Period
    stock_start: dt.date | None = None
    stock_end: dt.date | None = None
    strata: tuple[Stratum, ...]
    measurements: tuple[Measurement, ...] = ()
    series: tuple[Series, ...] = ()
    declarations: dict[str, float | bool | str] = {}

    def annual(
        self, variable: str, *, stratum: str = "", scenario: Scenario = "project"
    ) -> tuple[Series, ...]:
        """The annual series of a variable for a stratum and a scenario (none, one or defects)."""
        return tuple(
            s
            for s in self.series
            if (s.variable, s.stratum, s.scenario) == (variable, stratum, scenario)
        )

    def select(
        self,
        variable: str,
        *,
        stratum: str | None = None,
        on: dt.date | None = None,
        sample: str | None = None,
    ) -> tuple[Measurement, ...]:
        """The measurements of a variable, narrowed by stratum, date and sample where given."""
        by_variable, by_place = _indexes(_Same(self.measurements))
        if stratum is not None and on is not None:
            found = by_place.get((variable, stratum, on), ())
        else:
            found = tuple(
                m
                for m in by_variable.get(variable, ())
                if (stratum is None or m.stratum == stratum) and (on is None or m.date == on)
            )
        return found if sample is None else tuple(m for m in found if m.sample == sample)


class _Same:
    """Rows that count as equal only when they are the same object: comparing them would be slow."""

    def __init__(self, rows: tuple[Measurement, ...]) -> None:
        self.rows = rows

    def __hash__(self) -> int:
        return id(self.rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.rows is self.rows


# Rule books ask for the rows of a place again for every plot: looking through all of them each
# time would take the square of their number. The cache holds the rows, so that no id is used again.
@lru_cache(maxsize=8)
def _indexes(same: _Same) -> Indexes:
    """The rows by variable, and by variable, stratum and date."""
    return (
        _grouped(same.rows, lambda m: m.variable),
        _grouped(same.rows, lambda m: (m.variable, m.stratum, m.date)),
    )


def _grouped(
    rows: tuple[Measurement, ...], key: Callable[[Measurement], Key]
) -> dict[Key, tuple[Measurement, ...]]:
    """The rows by a key, in their order."""
    found: dict[Key, list[Measurement]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return {name: tuple(some) for name, some in found.items()}


class TraceInput(Value):
    """One quantity that went into an equation, and where it came from.

    ``source`` identifies the quantity: inputs with the same source, unit and value are taken for
    one and the same by whoever reads a trace.
    """

    name: str
    value: float
    unit: str
    source: str


class TraceStep(Value):
    """One evaluated equation: its number in its document, inputs, result and unit.

    ``formula`` is the equation as spreadsheet arithmetic over the names of its inputs
    (:mod:`bluecarbon.methodology.formula`), empty where it is none.
    """

    equation: str
    document: str
    about: str
    scope: str
    inputs: tuple[TraceInput, ...]
    result: float
    unit: str
    formula: str = ""


class OutputValue(Value):
    """A named result; ``scope`` is a stratum, a year or "project"."""

    name: str
    scope: str
    value: float
    unit: str
    equation: str


class YearRow(Value):
    """One vintage year of a claim [tCO2e], removals and avoided emissions positive.

    The meaning of each column stands with its field; outputs beside the years keep the sign of
    their document (``ghg_baseline`` of VM0033 is an emission, positive).
    """

    year: int = Field(description="calendar year of the vintage 产生年度")
    baseline_tco2e: float = Field(
        description="net removals (minus net emissions) of the baseline: removals are positive"
    )
    project_tco2e: float = Field(
        description="net removals of the project, with premiums (VM0033: fire) and after caps"
    )
    leakage_tco2e: float = Field(description="emissions outside the project, positive")
    pools_tco2e: dict[str, float] = Field(
        default={},
        description="project less baseline by pool and gas; a pool of its own may carry the "
        "baseline (AR-AM0014: 'baseline trees', negative, beside pools of the project)",
    )
    gross_tco2e: float = Field(description="project - baseline - leakage")
    uncertainty_deduction_tco2e: float = Field(
        description="taken off for good, for uncertainty only"
    )
    buffer_tco2e: float = Field(
        description="kept back for the risk of reversal, not sold: issued into a buffer pool as "
        "part of the claim, or (K_RISK of CCER) never issued"
    )
    net_tco2e: float = Field(description="gross - uncertainty_deduction - buffer")
    cumulative_tco2e: float = Field(description="sum of net since the first vintage of the run")


class Simulated(Value):
    """What a Monte Carlo of one output gave: mean, standard deviation and percentiles."""

    name: str
    unit: str
    draws: int
    seed: int
    mean: float
    standard_deviation: float
    p05: float
    p50: float
    p95: float


class Quantification(Value):
    """What a rule book made of a ``Monitoring``: outputs, the trace behind them and findings.

    In ``years`` removals are positive: gross = project - baseline - leakage; project includes fire
    premium and caps; net = gross - uncertainty_deduction - buffer.
    ``claim_tco2e_by_year`` is what may be issued, per vintage (产生年度), before whole tonnes:
    gross - uncertainty_deduction, before the buffer (in CCER, whose K_RISK is never issued, after
    it); ``claim_tco2e`` is its sum. Pools are project less baseline. ``outputs`` keep the sign of
    their document. ``equations`` says which equations of the document give each term and pool.
    ``draft`` is true when a parameter row that nobody has read in its document was used.
    """

    methodology_id: str
    methodology_title: str
    outputs: tuple[OutputValue, ...]
    claim_tco2e_by_year: dict[str, float] = Field(
        description="gross - uncertainty_deduction of each vintage, before the buffer; in CCER, "
        "whose K_RISK is never issued, after it"
    )
    claim_tco2e: float = Field(description="sum of claim_tco2e_by_year, before the buffer")
    parameters: tuple[Parameter, ...]
    trace: tuple[TraceStep, ...]
    findings: tuple[Finding, ...] = ()
    years: tuple[YearRow, ...] = ()
    equations: dict[str, str] = {}
    simulated: tuple[Simulated, ...] = ()
    draft: bool = False

    @property
    def totals(self) -> dict[str, float | dict[str, float]]:
        """Sums of the columns of ``years`` [tCO2e], each pool under ``pools_tco2e``."""
        not_summed = {"year", "pools_tco2e", "cumulative_tco2e"}
        columns = [name for name in YearRow.model_fields if name not in not_summed]
        totals: dict[str, float | dict[str, float]] = {
            name: math.fsum(getattr(row, name) for row in self.years) for name in columns
        }
        pools = dict.fromkeys(pool for row in self.years for pool in row.pools_tco2e)
        totals["pools_tco2e"] = {
            pool: math.fsum(row.pools_tco2e.get(pool, 0.0) for row in self.years) for pool in pools
        }
        return totals

    def output(self, name: str, scope: str = "project") -> float:
        """The value of one output. KeyError when the rule book does not give it."""
        for item in self.outputs:
            if item.name == name and item.scope == scope:
                return item.value
        raise KeyError(f"{self.methodology_id} gives no output {name!r} for {scope!r}")


class ProjectIdentity(Value):
    """Who claims, and where: what a register needs to know of a project."""

    id: str
    name: str
    name_zh: str = ""
    proponent: str
    proponent_zh: str = ""
    boundary_wkt: str
    area_ha: float


class MonitoringReport(Value):
    """A sealed claim. ``seal`` is the digest of everything else; see :func:`sealed`.

    ``declared`` is the whole project file as it was read, so that a verifier is told which key
    was changed since. ``measurement_parameters`` are the table rows under the measurements
    (allometry, wood density). ``rasters`` holds the SHA-256 of each map that was written beside it.
    ``quantification`` is None when the project names no methodology: then the report states
    measurements and claims nothing.
    """

    schema_id: str = SCHEMA
    project: ProjectIdentity
    declared: ProjectFile
    software: Software
    inputs: tuple[InputFile, ...]
    monitoring: Monitoring
    measurement_parameters: tuple[Parameter, ...] = ()
    quantification: Quantification | None
    findings: tuple[Finding, ...]
    rasters: dict[str, str] = {}
    seal: str = ""

    @property
    def unverified_parameters(self) -> tuple[Parameter, ...]:
        """Rows that nobody has read in their document, of the rule book and of the measurements."""
        claimed = self.quantification.parameters if self.quantification else ()
        used = (*claimed, *self.measurement_parameters)
        return tuple(row for row in used if row.status == "unverified")


def sealed(report: MonitoringReport) -> MonitoringReport:
    """The same report with its seal set."""
    return report.model_copy(update={"seal": seal_of(report)})


def seal_of(report: MonitoringReport) -> str:
    """SHA-256 of the canonical JSON of the report with an empty seal."""
    return digest(report.model_copy(update={"seal": ""}))


def write_report(report: MonitoringReport, path: Path) -> None:
    """Write the canonical bytes of a sealed report. ReportError when the seal does not fit."""
    if report.seal != seal_of(report):
        raise ReportError("the report is not sealed; seal it before it is written")
    path.write_bytes(canonical_json(report) + b"\n")


def read_report(path: Path) -> MonitoringReport:
    """Read a report without judging its seal (a verifier wants to see what is wrong with it).

    Raises
    ------
    ReportError
        The file is missing, not JSON, or not a report of this schema.
    """
    try:
        return report_from_json(path.read_bytes())
    except OSError as error:
        raise ReportError(f"{path}: cannot be read: {error.strerror}") from error


def report_from_json(text: bytes | str | dict[str, Any]) -> MonitoringReport:
    """A report from JSON text or plain data; ReportError says which field does not fit."""
    try:
        if isinstance(text, dict):
            report = MonitoringReport.model_validate(text)
        else:
            report = MonitoringReport.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "document"
        raise ReportError(f"not a monitoring report: {place}: {first['msg']}") from error
    if report.schema_id != SCHEMA:
        raise ReportError(f"schema {report.schema_id!r} is not {SCHEMA!r}")
    return report
