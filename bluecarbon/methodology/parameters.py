"""Parameter rows of one run: the defaults of a rule book, with what the project replaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from bluecarbon import units
from bluecarbon.errors import MethodologyError
from bluecarbon.methodology import tables
from bluecarbon.methodology.trace import Term
from bluecarbon.spec import Parameter


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

    MethodologyError when there is no such table, a name stands in it twice, or a row cannot be.
    """
    return _rows(tables.read_table(table, "name"), table)


def parameters_from_text(text: str, file: str) -> tuple[Parameter, ...]:
    """The rows of a plug-in's own parameter table: CSV with the columns of the built-in ones.

    MethodologyError names every row and cell of ``file`` that cannot be: no source, a status that
    is neither verified nor unverified, a value that is no number.
    """
    return _rows(tables.table_from_text(text, file, "name"), file)


def _rows(rows: Iterable[Mapping[str, str]], file: str) -> tuple[Parameter, ...]:
    found: list[Parameter] = []
    defects: list[str] = []
    for row in rows:
        # An empty cell means "not given", so that the value type's own default applies.
        given = {column: cell for column, cell in row.items() if cell.strip()}
        try:
            found.append(Parameter.model_validate(given))
        except ValidationError as error:
            defects += (f"{file} row {row['name']!r}, {_told(item)}" for item in error.errors())
    if defects:
        raise MethodologyError("; ".join(defects))
    return tuple(found)


def _told(item: Any) -> str:
    """A defect of a row in words: the column, its cell and what is wrong with it."""
    column = ".".join(map(str, item["loc"]))
    cell = "" if item["type"] == "missing" else f" {item['input']!r}"
    return f"{column}{cell}: {item['msg']}"
