"""Conformance checks that run a rule book on changed data; see ``conformance``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar, runtime_checkable

from bluecarbon import units
from bluecarbon.errors import UnitError
from bluecarbon.methodology.parameter_checks import REPLACED
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.protocol import Methodology
from bluecarbon.report import Measurement, Monitoring, Period, Quantification, Series
from bluecarbon.spec import Parameter, errors_in

TOLERANCE = 1e-9
"""Relative: the order of a sum may change a claim by less than this, nothing else may."""

_NOBODYS = "no_rule_book_reads_this"
_SLIGHTLY_MORE = 1.001

Problem = tuple[str, str]
"""What a check found: where, and what is wrong."""

T = TypeVar("T")

_EXTENSIVE = frozenset({"whole stratum", "whole project"})


@runtime_checkable
class WithExample(Methodology, Protocol):
    """A rule book that brings a complete small input, on which it can be tested."""

    def example(self) -> Monitoring:
        """Monitoring data that the rule book quantifies without error, two strata or more."""

    def example_parameters(self) -> tuple[Parameter, ...]:
        """The parameter rows that the project of the example gives: they replace or add."""


@dataclass(frozen=True)
class Case:
    """A rule book with its example and what it makes of it."""

    book: WithExample
    monitoring: Monitoring
    parameters: Parameters
    golden: Quantification

    @classmethod
    def prepared(cls, book: WithExample) -> Case:
        """The case before its golden run."""
        rows = Parameters(book.spec.parameters).replaced(book.example_parameters())
        nothing = Quantification(
            methodology_id="",
            methodology_title="",
            outputs=(),
            claim_tco2e_by_year={},
            claim_tco2e=math.nan,
            parameters=(),
            trace=(),
        )
        return cls(book, book.example(), rows, nothing)

    @classmethod
    def of(cls, book: WithExample) -> Case:
        """The case with its golden run. Whatever the rule book raises."""
        case = cls.prepared(book)
        return replace(case, golden=case.quantify())

    def fresh(self) -> Monitoring:
        """A copy of the example, so that no check sees what another did to it."""
        return self.monitoring.model_copy(deep=True)

    @property
    def noise(self) -> float:
        """What rounding may leave of a year whose terms cancel [tCO2e]."""
        return TOLERANCE * max(1.0, abs(self.golden.claim_tco2e))

    def quantify(
        self, monitoring: Monitoring | None = None, parameters: Parameters | None = None
    ) -> Quantification:
        """The claim on the example, or on other data or rows."""
        return self.book.quantify(monitoring or self.fresh(), parameters or self.parameters)


def double_area(case: Case) -> Iterator[Problem]:
    """Twice the area gives twice the claim, where the rule book says that claims are extensive.

    Doubled are areas (of strata, not of plots) with their standard errors, and series that are
    per stratum or per project and have a unit.
    """
    if not case.book.spec.extensive:
        return
    extensive = {s.name for s in case.book.spec.series if s.per in _EXTENSIVE}
    data = case.fresh()
    areas = [
        _doubled(m) if not m.sample and _converts(m.unit, "ha") else m for m in data.measurements
    ]
    # A plain number about a whole project is a share or an uncertainty, which does not grow.
    series = [
        _doubled_series(s)
        if _converts(s.unit, "ha") or (s.variable in extensive and not _converts(s.unit, "1"))
        else s
        for s in data.series
    ]
    update = {"measurements": tuple(areas), "series": tuple(series)}
    twice = case.quantify(data.model_copy(update=update))
    for year, claim in case.golden.claim_tco2e_by_year.items():
        found = twice.claim_tco2e_by_year.get(year, math.nan)
        if not math.isclose(found, 2 * claim, rel_tol=TOLERANCE, abs_tol=case.noise):
            yield f"claim {year}", f"is {claim!r} and with twice the area {found!r}"


def _doubled(row: Measurement) -> Measurement:
    error = None if row.standard_error is None else 2 * row.standard_error
    return row.model_copy(update={"value": 2 * row.value, "standard_error": error})


def _doubled_series(row: Series) -> Series:
    update = {
        "values": tuple(2 * value for value in row.values),
        "standard_errors": tuple(2 * error for error in row.standard_errors),
    }
    return row.model_copy(update=update)


def _converts(unit: str, target: str) -> bool:
    try:
        units.factor(unit, target)
    except UnitError:
        return False
    return True


def permute_strata(case: Case) -> Iterator[Problem]:
    """Strata, measurements and series in reverse order give the same outputs and claims."""
    data = case.fresh()
    names = ("strata", "measurements", "series")
    other = case.quantify(data.model_copy(update={n: getattr(data, n)[::-1] for n in names}))
    was, is_ = _results(case.golden), _results(other)
    for name in was.keys() ^ is_.keys():
        yield name, "is given for one order of strata only"
    for name in was.keys() & is_.keys():
        if not math.isclose(was[name], is_[name], rel_tol=TOLERANCE, abs_tol=case.noise):
            yield name, f"is {was[name]!r} and with the strata in reverse order {is_[name]!r}"


def _results(found: Quantification) -> dict[str, float]:
    claims = {f"claim {year}": claim for year, claim in found.claim_tco2e_by_year.items()}
    outputs = {f"output {o.name} for {o.scope}": o.value for o in found.outputs}
    return {**claims, **outputs}


def nan_refused(case: Case) -> Iterator[Problem]:
    """A NaN in a required input or a used parameter is found, raises, or makes the result NaN."""
    for subject, monitoring, parameters in _spoiled(case):
        if _passes_silently(case, monitoring, parameters):
            yield subject, "is not a number, and the rule book claims as if it were one"


def _spoiled(case: Case) -> Iterator[tuple[str, Monitoring, Parameters]]:
    """The example with one value at a time that is not a number."""
    spec = case.book.spec
    data, nan = case.fresh(), {"value": math.nan}
    inputs = {item.name for item in spec.inputs if item.required}
    for place, row in enumerate(data.measurements):
        if row.variable in inputs:
            rows = _with(data.measurements, place, row.model_copy(update=nan))
            where = " ".join(filter(None, (row.variable, row.stratum, row.sample, str(row.date))))
            yield where, data.model_copy(update={"measurements": rows}), case.parameters
    annual = {item.name for item in spec.series if item.required}
    for place, series in enumerate(data.series):
        if series.variable in annual:
            spoiled = _with(data.series, place, _spoiled_series(series, data))
            where = " ".join(filter(None, (series.variable, series.stratum, series.scenario)))
            yield where, data.model_copy(update={"series": spoiled}), case.parameters
    for used in case.golden.parameters:
        changed = case.parameters.replaced([used.model_copy(update=nan)])
        yield f"parameter {used.name}", data, changed


def _with(rows: tuple[T, ...], place: int, row: T) -> tuple[T, ...]:
    return (*rows[:place], row, *rows[place + 1 :])


def _spoiled_series(row: Series, data: Monitoring) -> Series:
    """NaN in the last year that the monitoring period has in common with the series."""
    common = [year for year in row.years if year in data.period.years]
    place = (common[-1] if common else row.years[-1]) - row.first_year
    return row.model_copy(update={"values": _with(row.values, place, math.nan)})


def _passes_silently(case: Case, monitoring: Monitoring, parameters: Parameters) -> bool:
    known = {(f.code, f.subject, f.message) for f in case.golden.findings}
    try:
        findings = list(case.book.check(monitoring))
        found = case.quantify(monitoring, parameters)
    except Exception:  # noqa: BLE001 - any refusal is loud enough
        return False
    findings += found.findings
    # That a default was replaced is no word on what it was replaced by.
    said = [f for f in findings if f.code != REPLACED]
    new = [f for f in said if (f.code, f.subject, f.message) not in known]
    # A buffer share touches what is left of a claim only.
    numbers = (found.claim_tco2e, *(row.net_tco2e for row in found.years))
    return not new and all(map(math.isfinite, numbers))


def common_defects(case: Case) -> Iterator[Problem]:
    """``check`` finds what no rule book can live with (``monitoring_checks.common_findings``)."""
    for subject, monitoring in _defective(case.fresh()):
        try:
            found = errors_in(case.book.check(monitoring))
        except Exception as error:  # noqa: BLE001 - a defect of data is a finding, never a raise
            yield subject, f"makes check raise {type(error).__name__}"
            continue
        if not found:
            yield subject, "is not found by check"


def _defective(data: Monitoring) -> Iterator[tuple[str, Monitoring]]:
    """The example with one defect at a time."""
    period = Period(start=data.period.end, end=data.period.start)
    yield "a period that ends before it starts", data.model_copy(update={"period": period})
    strata = (*data.strata, *data.strata[:1])
    yield "a stratum that stands there twice", data.model_copy(update={"strata": strata})
    stated = {**data.declarations, _NOBODYS: 1.0}
    yield "a declaration that nobody reads", data.model_copy(update={"declarations": stated})
    for name in ("measurements", "series"):
        rows = getattr(data, name)
        if rows:
            more = (*rows, rows[0].model_copy(update={"variable": _NOBODYS}))
            yield f"a variable that nobody reads in {name}", data.model_copy(update={name: more})


def replaced_default(case: Case) -> Iterator[Problem]:
    """A project that replaces a shipped value is told of in a finding that names the row."""
    shipped = {row.name: row for row in case.book.spec.parameters}
    for used in case.golden.parameters:
        row = shipped.get(used.name)
        if row is None or not row.value:
            continue
        own = row.model_copy(update={"value": row.value * _SLIGHTLY_MORE, "source": "project"})
        found = case.quantify(parameters=case.parameters.replaced([own])).findings
        if not any(row.name in f.subject for f in found if f.severity != "info"):
            yield f"parameter {row.name}", "is replaced by the project, and no finding says so"
        return


def purity(case: Case) -> Iterator[Problem]:
    """Inputs are left as they were, and the same question has the same answer."""
    data, rows = case.fresh(), tuple(case.parameters)
    before = data.model_dump_json()
    first = case.book.quantify(data, case.parameters).model_dump_json()
    findings = case.book.check(data)
    if data.model_dump_json() != before or tuple(case.parameters) != rows:
        yield "inputs", "are changed by the rule book"
    again = case.book.quantify(case.fresh(), case.parameters).model_dump_json()
    if again != first or case.book.check(case.fresh()) != findings:
        yield "result", "is another one when the same is asked twice"
