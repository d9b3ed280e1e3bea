"""The JSON file that a rule book is run on: monitoring data with the project's own parameters.

Every defect of a file is a finding with its place in the file; nothing is guessed.
"""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bluecarbon.errors import DataError
from bluecarbon.methodology.parameters import Parameters, given_findings
from bluecarbon.methodology.protocol import Methodology
from bluecarbon.report import Measurement, Monitoring, Series, Stratum
from bluecarbon.spec import Finding, Parameter, Value, errors_in

_FIX = "bluecarbon methodology show ID --json prints the schema and a complete example"


class MethodologyInput(Monitoring):
    """A monitoring file: measurements and series, and parameter rows that the project gives.

    A parameter named ``BOOK:name``, as in ``ccer-14-002@1:gwp_ch4``, counts for that rule book
    alone.
    """

    parameters: tuple[Parameter, ...] = ()


def input_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the file."""
    return MethodologyInput.model_json_schema()


def read_input(path: Path) -> MethodologyInput:
    """Read a monitoring file. DataError with one finding per defect."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise _unreadable(path, "is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise _unreadable(path, f"is not JSON: {error.msg} in {place}") from error
    if not isinstance(table, dict):
        raise _unreadable(path, "is not a JSON object")
    # A report of `bluecarbon run` holds its monitoring data: it may be given as it is.
    if "monitoring" in table and "schema_id" in table:
        table = table["monitoring"]
    try:
        return MethodologyInput.model_validate(table)
    except ValidationError as error:
        raise DataError([_defect(path.name, item) for item in error.errors()]) from error


def parameters_for(book: Methodology, given: MethodologyInput) -> Parameters:
    """The rule book's rows with those that the file replaces or adds.

    A row of another rule book (:class:`MethodologyInput`) is left out: one file may serve several
    that call different numbers by one name. DataError when the rule book does not know the name
    behind its own id.
    """
    general = tuple(row for row in given.parameters if ":" not in row.name)
    prefix = f"{book.spec.id}:"
    own = tuple(
        row.model_copy(update={"name": row.name.removeprefix(prefix)})
        for row in given.parameters
        if row.name.startswith(prefix)
    )
    defects = given_findings(own, book.spec.parameters, prefix)
    if errors_in(defects):
        raise DataError(list(defects))
    return Parameters(book.spec.parameters).replaced((*general, *own))


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
