"""Everything that a run of a rule book on a file would refuse or remark, before anybody runs it.

``check`` of a rule book sees the monitoring data alone. What a run refuses besides lies in the
parameter rows, or turns up in the equations themselves; both are looked for here.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from bluecarbon.errors import BluecarbonError, DataError
from bluecarbon.methodology.input_files import (
    MethodologyInput,
    given_parameter_findings,
    parameters_for,
)
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.protocol import Methodology
from bluecarbon.methodology.rule_book import RuleBook
from bluecarbon.methodology.trace import Term
from bluecarbon.spec import Finding, Parameter, errors_in

_FIX = "see what the equation needs; the run stops here"


def run_findings(book: Methodology, given: MethodologyInput) -> tuple[Finding, ...]:
    """All findings of a file under a rule book: an error among them exactly where a run refuses.

    The data and the rows first, with every row that the data call for and that has no value or may
    not be rested on. Where nothing of that forbids a claim the rule book is run, so that what only
    its equations find is told too.
    """
    rows = given_parameter_findings(book, given)
    found = (*book.check(given), *rows)
    if not errors_in(rows):
        found = (*found, *_rows_called_for(book, given))
    if errors_in(found):
        return _once(found)
    try:
        done = book.quantify(given, parameters_for(book, given))
    except DataError as error:
        return _once((*found, *error.findings))
    except BluecarbonError as error:
        refused = Finding.error("quantify-refuses", book.spec.id, str(error), fix=_FIX)
        return _once((*found, refused))
    return _once((*found, *done.findings))


def _rows_called_for(book: Methodology, given: MethodologyInput) -> tuple[Finding, ...]:
    parameters = parameters_for(book, given)
    if isinstance(book, RuleBook):
        declared = book.row_findings(given, parameters)
        if declared:
            return declared
    return _without_value(book, given, parameters)


def _without_value(
    book: Methodology, given: MethodologyInput, parameters: Parameters
) -> tuple[Finding, ...]:
    """Rows that the equations ask for and that have no value, all of them, not the first only."""
    probe = Probe(parameters)
    # A run on placeholders may fail in any way: only what it asked for counts.
    with suppress(Exception):
        book.quantify(given, probe)
    fix = "give it with its source under parameters, or in a table (--parameters)"
    return tuple(
        Finding.error("parameter-value-missing", f"parameter {name}", "has no value", fix=fix)
        for name in probe.asked
    )


class Probe(Parameters):
    """Parameter rows that note who asks for a row without a value, and go on with a 1."""

    def __init__(self, rows: Iterable[Parameter]) -> None:
        super().__init__(rows)
        self.asked: dict[str, None] = {}

    def term(self, name: str, unit: str) -> Term:
        """The row as a term; one without a value is noted and counts as 1."""
        if self.row(name).value is not None:
            return super().term(name, unit)
        self.asked[name] = None
        return Term(1.0, unit, f"parameter {name}: has no value")


def _once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(dict.fromkeys(findings))
