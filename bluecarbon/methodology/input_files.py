"""The JSON file that a rule book is run on: monitoring data with the project's own parameters.

Every defect of a file is a finding with its place in the file; nothing is guessed.
"""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bluecarbon.errors import DataError
from bluecarbon.methodology.loader import installed
from bluecarbon.methodology.parameter_checks import given_findings, parameter_findings
from bluecarbon.methodology.parameter_files import fill
from bluecarbon.methodology.parameters import Parameters
from bluecarbon.methodology.protocol import Methodology
from bluecarbon.methodology.vocabulary import did_you_mean
from bluecarbon.report import Measurement, Monitoring, Series, Stratum
from bluecarbon.spec import Finding, Parameter, Value, errors_in

_FIX = "bluecarbon methodology show ID --json prints the schema and a complete example"


class MethodologyInput(Monitoring):
    """A monitoring file: measurements and series, and parameter rows that the project gives.

    A parameter named ``BOOK:name``, as in ``ccer-14-002@1:gwp_ch4``, counts for that rule book
    alone.
    """

    parameters: tuple[Parameter, ...] = ()


def read_input(path: Path) -> MethodologyInput:
    """Read a monitoring file. DataError with one finding per defect."""
    twice: list[str] = []
    try:
        # Windows puts a byte order mark before UTF-8.
        text = path.read_text(encoding="utf-8-sig")
        table = json.loads(text, object_pairs_hook=partial(_unique, twice))
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise _unreadable(path, "is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise _unreadable(path, f"is not JSON: {error.msg} in {place}") from error
    if twice:
        raise DataError([_key_twice(path.name, key) for key in twice])
    if not isinstance(table, dict):
        raise _unreadable(path, "is not a JSON object")
    # A report of `bluecarbon run` holds its monitoring data: it may be given as it is.
    if "monitoring" in table and "schema_id" in table:
        table = _of_report(table)
    try:
        return MethodologyInput.model_validate(table)
    except ValidationError as error:
        raise DataError([_defect(path.name, item) for item in error.errors()]) from error


def _of_report(report: dict[str, Any]) -> dict[str, Any]:
    """The monitoring data of a report, with the parameter rows of its claim for its rule book."""
    claim = report.get("quantification") or {}
    rows = [
        {**row, "name": f"{claim['methodology_id']}:{row['name']}"}
        for row in claim.get("parameters", ())
    ]
    return {**report["monitoring"], "parameters": rows}


def _unique(twice: list[str], pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; the keys that stand in it more than once are put into ``twice``."""
    twice += [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
    return dict(pairs)


def _key_twice(file: str, key: str) -> Finding:
    message = "stands more than once in one object: only the last would count"
    return Finding.error("key-twice", f"{file} [{key}]", message, fix="keep one of them")


def with_table(
    book: Methodology, given: MethodologyInput, table: Path
) -> tuple[MethodologyInput, tuple[Finding, ...]]:
    """The file with the rows of an operator's table (:mod:`parameter_files`) in place.

    They count for this rule book alone and go before rows of the same name in the file, which one
    warning names. DataError with every defect of the table.
    """
    rows, found = fill(book.spec.parameters, table)
    if errors_in(found):
        raise DataError(found)
    shipped = {row.name: row for row in book.spec.parameters}
    prefix = f"{book.spec.id}:"
    keyed = {f"{prefix}{row.name}": row for row in rows if row != shipped[row.name]}
    left = [row for row in given.parameters if row.name not in keyed]
    twice = [row.name for row in _rows_for(book, given) if f"{prefix}{row.name}" in keyed]
    named = (row.model_copy(update={"name": name}) for name, row in keyed.items())
    return given.model_copy(update={"parameters": (*left, *named)}), _overruled(table, twice)


def _overruled(table: Path, names: list[str]) -> tuple[Finding, ...]:
    if not names:
        return ()
    message = f"goes before the file's own rows: {', '.join(dict.fromkeys(names))}"
    fix = "leave them out of one of the two"
    return (Finding.warning("parameter-given-twice", table.name, message, fix=fix),)


def parameters_for(book: Methodology, given: MethodologyInput) -> Parameters:
    """The rule book's rows with those that the file replaces or adds.

    A row of another rule book (:class:`MethodologyInput`) is left out: one file may serve several
    that call different numbers by one name. DataError as :func:`given_parameter_findings`.
    """
    defects = errors_in(given_parameter_findings(book, given))
    if defects:
        raise DataError(defects)
    return Parameters(book.spec.parameters).replaced(_rows_for(book, given))


def given_parameter_findings(book: Methodology, given: MethodologyInput) -> tuple[Finding, ...]:
    """What there is to say of a file's parameter rows under a rule book.

    Beside what :func:`parameter_findings` says: a ``BOOK:name`` whose BOOK is not installed, or
    whose name that rule book does not know.
    """
    prefix = f"{book.spec.id}:"
    named = [row for row in given.parameters if row.name.startswith(prefix)]
    own = [_without_book(row, prefix) for row in named]
    known = {row.name for row in book.spec.parameters}
    unknown = [row for row in own if row.name not in known]
    rows = [row for row in _rows_for(book, given) if row not in unknown]
    return (
        *given_findings(unknown, book.spec.parameters, prefix),
        *parameter_findings(book.spec, rows),
        *_unknown_books(book, given),
    )


def _unknown_books(book: Methodology, given: MethodologyInput) -> Iterator[Finding]:
    books = {book.spec.id, *installed()}
    for row in given.parameters:
        name, colon, _ = row.name.rpartition(":")
        if colon and name not in books:
            message = f"names the rule book {name!r}, which is not installed"
            fix = did_you_mean(name, books) or f"installed: {', '.join(sorted(books))}"
            yield Finding.error("parameter-book-unknown", f"parameter {row.name}", message, fix=fix)


def _rows_for(book: Methodology, given: MethodologyInput) -> tuple[Parameter, ...]:
    """The rows that count for a rule book: those for all, then those that name it."""
    prefix = f"{book.spec.id}:"
    general = (row for row in given.parameters if ":" not in row.name)
    own = (row for row in given.parameters if row.name.startswith(prefix))
    return (*general, *(_without_book(row, prefix) for row in own))


def _without_book(row: Parameter, prefix: str) -> Parameter:
    return row.model_copy(update={"name": row.name.removeprefix(prefix)})


def _unreadable(path: Path, message: str) -> DataError:
    return DataError([Finding.error("input-unreadable", path.name, message, fix=_FIX)])


_MODELS: dict[str, type[Value]] = {
    "measurements": Measurement,
    "series": Series,
    "strata": Stratum,
    "parameters": Parameter,
}


def _defect(file: str, item: Any) -> Finding:
    place = ".".join(str(part) for part in item["loc"])
    fix = _FIX
    if item["type"] == "extra_forbidden":
        model = _MODELS.get(str(item["loc"][0]), MethodologyInput)
        near = difflib.get_close_matches(str(item["loc"][-1]), model.model_fields, n=1, cutoff=0.6)
        fix = f"did you mean '{near[0]}'?" if near else _FIX
    return Finding.error("input-wrong", f"{file} [{place}]", item["msg"], fix=fix)
