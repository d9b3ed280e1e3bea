"""The kit with which the author of a rule book tests it: built-in ones and plug-ins alike.

``check(book)`` asks what an issuer of credits would ask: does the rule book say where every
number comes from, and does its arithmetic behave? Each check is one small function in a table
(here those about the declaration and the run as a whole; in ``conformance_runs``, ``_units``,
``_trace`` and ``_golden`` the others). A finding's code is ``conformance-<name of the check>``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bluecarbon import units
from bluecarbon.errors import UnitError
from bluecarbon.methodology import tables
from bluecarbon.methodology.conformance_golden import golden_stored
from bluecarbon.methodology.conformance_runs import (
    Case,
    Problem,
    WithExample,
    common_defects,
    double_area,
    nan_refused,
    permute_strata,
    purity,
    replaced_default,
)
from bluecarbon.methodology.conformance_trace import deductions_traced, trace_recomputes
from bluecarbon.methodology.conformance_units import units_converted
from bluecarbon.methodology.protocol import (
    Declaration,
    Methodology,
    MethodologySpec,
    SeriesInput,
)
from bluecarbon.report import YearRow
from bluecarbon.spec import Finding, Input, errors_in

_ROW_TOLERANCE = 1e-9
"""Relative to the largest term: what the order of a sum may change."""


@dataclass(frozen=True)
class Check:
    """One question to a rule book: its name, how to ask it and what to do when it fails."""

    name: str
    ask: Callable[[Any], Iterator[Problem]]
    fix: str


def check(book: object) -> tuple[Finding, ...]:
    """Everything about a rule book that does not conform; empty when all is well.

    An exception inside a check is a finding of that check. Checks that need the result of the
    example are left out until there is one.
    """
    found = _answers(FIRST_CHECKS, book)
    if found or not isinstance(book, Methodology):
        return tuple(found)
    found = _answers(SPEC_CHECKS, book.spec)
    missing = _answers(EXAMPLE_CHECKS, book)
    if missing or not isinstance(book, WithExample):
        return (*found, *missing)
    failed = _answers(GOLDEN_CHECKS, book)
    if failed:
        return (*found, *failed)
    return (*found, *_answers(RUN_CHECKS, Case.of(book)))


def _answers(checks: Sequence[Check], subject: Any) -> list[Finding]:
    found = []
    for item in checks:
        try:
            problems = list(item.ask(subject))
        except Exception as error:  # noqa: BLE001 - a plug-in may raise anything: it is its finding
            problems = [("the rule book", f"raises {type(error).__name__}: {error}")]
        code = f"conformance-{item.name}"
        found += [Finding.error(code, place, message, fix=item.fix) for place, message in problems]
    return found


def _protocol(book: object) -> Iterator[Problem]:
    """The attributes of the protocol, and an id that says its version."""
    if not isinstance(book, Methodology):
        yield "the rule book", "has no spec, check or quantify"
    elif not isinstance(book.spec, MethodologySpec):
        yield "spec", f"is a {type(book.spec).__name__}, not a MethodologySpec"
    elif not book.spec.id.endswith(f"@{book.spec.version}") or book.spec.id.startswith("@"):
        yield "spec", f"id {book.spec.id!r} is not of the form name@{book.spec.version}"


def _example(book: object) -> Iterator[Problem]:
    if not isinstance(book, WithExample):
        yield "the rule book", "has no example() and example_parameters(): it cannot be tested"


def _round_trip(spec: MethodologySpec) -> Iterator[Problem]:
    """The declaration survives being written as JSON and read again."""
    again = type(spec).model_validate_json(spec.model_dump_json())
    changed = [
        name for name in type(spec).model_fields if getattr(spec, name) != getattr(again, name)
    ]
    for name in changed:
        yield f"spec.{name}", "is not the same after JSON (a NaN, or a value of another type?)"


def _outputs_declared(spec: MethodologySpec) -> Iterator[Problem]:
    names = [output.name for output in spec.outputs]
    if not names:
        yield "spec.outputs", "the rule book declares no output"
    for output in spec.outputs:
        if names.count(output.name) > 1:
            yield f"output {output.name}", "is declared more than once"
        if not output.unit.strip() or not output.equation.strip():
            yield f"output {output.name}", "has no unit or no equation"


def _parameters_sourced(spec: MethodologySpec) -> Iterator[Problem]:
    """Each row names a document that can be looked up, and says whether somebody has read it."""
    known = {source.key for source in spec.sources} | set(tables.sources())
    for row in spec.parameters:
        subject = f"parameter {row.name}"
        if not row.source.strip():
            yield subject, "has no source"
        elif row.source not in known:
            yield subject, f"its source {row.source!r} is no key of spec.sources or references.bib"
        # model_construct() and subclasses get past the type.
        if row.status not in {"verified", "unverified"}:
            yield subject, f"its status is {row.status!r}, neither verified nor unverified"


def _status_explicit(spec: MethodologySpec) -> Iterator[Problem]:
    """Whether somebody has read a row is said, not left to a default."""
    for row in spec.parameters:
        if "status" not in row.model_fields_set:
            yield f"parameter {row.name}", "does not say its status"


def _optional_declared(spec: MethodologySpec) -> Iterator[Problem]:
    """What its text calls optional is not required."""
    items: tuple[Declaration | SeriesInput | Input, ...]
    items = (*spec.declarations, *spec.series, *spec.inputs)
    for item in items:
        if item.required and item.about.lower().startswith("optional"):
            yield item.name, "calls itself optional and says required=True"


def _units_known(spec: MethodologySpec) -> Iterator[Problem]:
    named = [
        *((f"input {item.name}", item.unit) for item in spec.inputs),
        *((f"series {item.name}", item.unit) for item in spec.series),
        *((f"output {item.name}", item.unit) for item in spec.outputs if item.unit.strip()),
        *((f"parameter {item.name}", item.unit) for item in spec.parameters),
    ]
    for subject, unit in named:
        if not _is_unit(unit):
            yield subject, f"its unit {unit!r} is not known"


def _is_unit(unit: str) -> bool:
    try:
        units.factor(unit, unit)
    except UnitError:
        return False
    return bool(unit.strip())


def _golden_run(book: WithExample) -> Iterator[Problem]:
    """The example passes the rule book's own check and gives a finite claim under its id."""
    case = Case.prepared(book)
    problems = [
        (f"example, {item.subject}", item.message) for item in errors_in(book.check(case.fresh()))
    ]
    yield from problems
    if problems:
        return
    golden = case.quantify()
    if golden.methodology_id != book.spec.id:
        yield "quantification", f"names {golden.methodology_id!r} instead of {book.spec.id!r}"
    if not all(map(math.isfinite, (golden.claim_tco2e, *golden.claim_tco2e_by_year.values()))):
        yield "quantification", "the claim of the example is not finite"


def _example_complete(case: Case) -> Iterator[Problem]:
    """The example exercises what the other checks change."""
    spec, data = case.book.spec, case.monitoring
    given = {row.variable for row in data.measurements} | {row.variable for row in data.series}
    required = [i.name for i in spec.inputs if i.required]
    required += [s.name for s in spec.series if s.required]
    for name in required:
        if name not in given:
            yield "example", f"has no {name}, which the rule book requires"
    if len(data.strata) < 2:
        yield "example", "has fewer than two strata: their order cannot be tested"
    if case.golden.claim_tco2e == 0:
        yield "example", "claims nothing: that proves nothing about the arithmetic"


def _outputs_produced(case: Case) -> Iterator[Problem]:
    """What is declared is given, in the unit that is declared, and nothing else is."""
    declared = {output.name: output.unit for output in case.book.spec.outputs}
    produced = {output.name: output for output in case.golden.outputs}
    for name in declared.keys() - produced.keys():
        yield f"output {name}", "is declared but the example does not give it"
    for name, output in produced.items():
        if name not in declared:
            yield f"output {name}", "is given but not declared"
        elif output.unit != declared[name] and declared[name].strip():
            yield f"output {name}", f"is given in {output.unit!r}, declared in {declared[name]!r}"
        if not output.equation.strip():
            yield f"output {name}", "is given without its equation"


def _rows_add_up(case: Case) -> Iterator[Problem]:
    """Yearly rows give gross, net, pools and cumulative sums as ``YearRow`` defines them."""
    golden = case.golden
    if [str(row.year) for row in golden.years] != list(golden.claim_tco2e_by_year):
        yield "years", "there is not one row for each year of the claim"
        return
    sums = [("claim", golden.claim_tco2e, math.fsum(golden.claim_tco2e_by_year.values()))]
    net = 0.0
    for row in golden.years:
        net += row.net_tco2e
        claim = golden.claim_tco2e_by_year[str(row.year)]
        certain = row.gross_tco2e - row.uncertainty_deduction_tco2e
        issued = certain if case.book.spec.buffer_is_issued else row.net_tco2e
        sums.append((f"{row.year} claim", claim, issued))
        sums += [(f"{row.year} {what}", *pair) for what, pair in _sums(row, net).items()]
    scale = max(abs(value) for _, *pair in sums for value in pair)
    for what, is_, should in sums:
        if not abs(is_ - should) <= _ROW_TOLERANCE * scale:
            yield what, f"is {is_!r}, its parts give {should!r}"


def _sums(row: YearRow, net: float) -> dict[str, tuple[float, float]]:
    change = row.project_tco2e - row.baseline_tco2e
    certain = row.gross_tco2e - row.uncertainty_deduction_tco2e
    return {
        "gross": (row.gross_tco2e, change - row.leakage_tco2e),
        "net": (row.net_tco2e, certain - row.buffer_tco2e),
        "pools": (math.fsum(row.pools_tco2e.values()), change),
        "cumulative": (row.cumulative_tco2e, net),
    }


def _trace(case: Case) -> Iterator[Problem]:
    """Each step says its document, number and unit, and its inputs where they come from."""
    if not case.golden.trace:
        yield "trace", "is empty"
    for place, step in enumerate(case.golden.trace, start=1):
        subject = f"trace step {place} ({step.document} {step.equation} for {step.scope})"
        if not step.document.strip() or not step.equation.strip():
            yield subject, "has no document or no equation number"
        for name, unit in (("result", step.unit), *((i.name, i.unit) for i in step.inputs)):
            if not _is_unit(unit):
                yield subject, f"the unit {unit!r} of {name} is not known"
        for item in step.inputs:
            if not item.source.strip():
                yield subject, f"does not say where {item.name} comes from"


FIRST_CHECKS = (
    Check("protocol", _protocol, "implement bluecarbon.methodology.protocol.Methodology"),
)
SPEC_CHECKS = (
    Check("spec-round-trip", _round_trip, "build the spec from plain, finite values"),
    Check("outputs-declared", _outputs_declared, "give each Output a name, unit and equation"),
    Check("parameters-sourced", _parameters_sourced, "add the document to spec.sources"),
    Check("status-explicit", _status_explicit, "say verified or unverified in its row"),
    Check("optional-declared", _optional_declared, "say required=False"),
    Check("units-known", _units_known, "spell the unit as bluecarbon.units knows it"),
)
EXAMPLE_CHECKS = (
    Check("example", _example, "add the two methods; see conformance_runs.WithExample"),
)
GOLDEN_CHECKS = (
    Check("golden-run", _golden_run, "let the example be data that the rule book accepts"),
)
RUN_CHECKS = (
    Check("example-complete", _example_complete, "extend the example"),
    Check("outputs-produced", _outputs_produced, "give what the spec declares"),
    Check("rows-add-up", _rows_add_up, "see report.YearRow for what each term is"),
    Check("trace", _trace, "evaluate equations through bluecarbon.methodology.trace.Trace"),
    Check(
        "trace-recomputes",
        trace_recomputes,
        "let the formula say what the function computes, from the inputs of the step",
    ),
    Check(
        "deductions-traced",
        deductions_traced,
        "evaluate it as an Equation, and name that in YearTerms.equations",
    ),
    Check(
        "golden-stored",
        golden_stored,
        "if the claim is right: bluecarbon methodology golden ID > .../golden/ID.json",
    ),
    Check("units-converted", units_converted, "ask Inputs for values in the unit of the equation"),
    Check(
        "area-doubled",
        double_area,
        "use areas as totals, not per hectare; a rule book with fixed terms says extensive=False",
    ),
    Check("strata-permuted", permute_strata, "look strata up by id, not by place"),
    Check("nan-refused", nan_refused, "let check() find values that are not numbers"),
    Check(
        "common-defects",
        common_defects,
        "inherit from RuleBook, or call monitoring_checks.common_findings in check()",
    ),
    Check(
        "replaced-default",
        replaced_default,
        "inherit from RuleBook, or add parameter_checks.parameter_findings in quantify()",
    ),
    Check("purity", purity, "change no input and keep no state"),
)

CHECKS = (*FIRST_CHECKS, *SPEC_CHECKS, *EXAMPLE_CHECKS, *GOLDEN_CHECKS, *RUN_CHECKS)
"""Every check, in the order in which they are asked."""
