"""Parameter rows of one run: the defaults of a rule book, with what the project replaces."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from bluecarbon import units
from bluecarbon.errors import MethodologyError, UnitError
from bluecarbon.methodology import tables
from bluecarbon.methodology.trace import Term
from bluecarbon.spec import Finding, Parameter


class Parameters:
    """An immutable set of parameter rows, looked up by name."""

    def __init__(self, rows: Iterable[Parameter]) -> None:
        self._rows: dict[str, Parameter] = {}
        for row in rows:
            if row.name in self._rows:
                raise MethodologyError(f"parameter {row.name!r} is given twice")
            self._rows[row.name] = row

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._rows.values())

    def replaced(self, rows: Iterable[Parameter]) -> Parameters:
        """A new set in which ``rows`` replace those of the same name, or are added."""
        return Parameters({**self._rows, **{row.name: row for row in rows}}.values())

    def row(self, name: str) -> Parameter:
        """One row. MethodologyError when it is not there."""
        if name not in self._rows:
            raise MethodologyError(f"no parameter {name!r}; known: {', '.join(sorted(self._rows))}")
        return self._rows[name]

    def term(self, name: str, unit: str) -> Term:
        """A row as a term of an equation, in the unit that the equation wants.

        MethodologyError when the row or its value is missing, UnitError when its unit does not
        fit.
        """
        row = self.row(name)
        if row.value is None:
            raise MethodologyError(f"parameter {name!r} has no value; {row.note}")
        place = f"{row.source} {row.locator}".strip()
        value = units.convert(row.value, row.unit, unit)
        return Term(value, unit, f"parameter {name}: {place} [{row.status}]", (row,))


def parameter_rows(table: str) -> tuple[Parameter, ...]:
    """The rows of a parameter table of the package (``tables/<table>``), as printed there.

    MethodologyError when there is no such table or a name stands in it twice.
    """
    # An empty cell means "not given", so that the value type's own default applies.
    return tuple(
        Parameter.model_validate({column: cell for column, cell in row.items() if cell})
        for row in tables.read_table(table, "name")
    )


def given_findings(
    given: Iterable[Parameter], known: Iterable[Parameter], subject: str
) -> tuple[Finding, ...]:
    """Defects of rows that a project gives: an unknown name, a unit that does not fit, no value.

    An override that is not used is an override the user believes in: none is ignored in silence.
    """
    rows = {row.name: row for row in known}
    found = []
    for row in given:
        place = f"{subject} {row.name}"
        if row.name not in rows:
            near = difflib.get_close_matches(row.name, rows, n=1, cutoff=0.6)
            fix = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(sorted(rows))}"
            message = "is not a parameter of this rule book"
            found.append(Finding.error("parameter-unknown", place, message, fix=fix))
        else:
            found += _misfits(row, rows[row.name], place)
    return tuple(found)


def _misfits(row: Parameter, known: Parameter, place: str) -> list[Finding]:
    found = []
    try:
        units.factor(row.unit, known.unit)
    except UnitError as error:
        fix = f"give it in {known.unit}"
        found.append(Finding.error("parameter-unit-wrong", place, str(error), fix=fix))
    if row.value is None:
        found.append(Finding.error("parameter-without-value", place, "has no value"))
    elif (row.value < 0) != ((known.value or 0.0) < 0) and row.value != 0:
        message = f"{row.value:g} has the opposite sign of what the equation takes"
        found.append(Finding.error("parameter-sign-wrong", place, message))
    return found
