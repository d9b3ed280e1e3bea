"""Statements of SQLAlchemy Core that are rendered once per database and then run by the driver.

Core spends more time on each execution (cache keys, contexts, results) than SQLite spends on the
whole transfer. Where every request passes, only the text and the values go to the driver.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import sqlalchemy as sa

from bluecarbon.registry import schema

Values = Mapping[str, Any]


class _Rendered(NamedTuple):
    """The text for one driver; ``order`` names its places (SQLite), or is None (names)."""

    text: str
    order: list[str] | None
    constants: dict[str, Any]

    def bound(self, values: Values) -> Any:
        whole = {**self.constants, **values} if self.constants else values
        return whole if self.order is None else [whole[name] for name in self.order]


class Prepared:
    """One statement for both databases; ``columns`` are those that an insert gives."""

    def __init__(self, statement: sa.ClauseElement, columns: Sequence[str] | None = None) -> None:
        self._statement = statement
        self._columns = columns
        self._rendered: dict[str, _Rendered] = {}

    def rows(self, connection: sa.Connection, **values: Any) -> list[tuple[Any, ...]]:
        """Run it and fetch what it answers."""
        rendered = self._render(connection)
        return list(_driver(connection).execute(rendered.text, rendered.bound(values)))

    def run(self, connection: sa.Connection, rows: Sequence[Values]) -> None:
        """Run it once per row of values; it answers nothing."""
        rendered = self._render(connection)
        bound = [rendered.bound(row) for row in rows]
        if len(bound) == 1:
            _driver(connection).execute(rendered.text, bound[0])
        elif bound:
            _driver(connection).cursor().executemany(rendered.text, bound)

    def _render(self, connection: sa.Connection) -> _Rendered:
        dialect = connection.dialect
        if dialect.name not in self._rendered:
            compiled: Any = self._statement.compile(dialect=dialect, column_keys=self._columns)
            constants = {
                name: value for name, value in compiled.params.items() if value is not None
            }
            self._rendered[dialect.name] = _Rendered(
                compiled.string, compiled.positiontup, constants
            )
        return self._rendered[dialect.name]


def in_one_go(connection: sa.Connection) -> AbstractContextManager[Any]:
    """Statements inside that answer nothing are sent together where the driver can (PostgreSQL).

    Each would else wait for the server's word before the next one leaves.
    """
    driver = _driver(connection)
    return driver.pipeline() if hasattr(driver, "pipeline") else nullcontext()


def _driver(connection: sa.Connection) -> Any:
    return connection.connection.driver_connection


@functools.cache
def insert_into(name: str) -> Prepared:
    """The insert of rows into a table; the columns that only an update fills are left out."""
    table = schema.metadata.tables[name]
    columns = [column.name for column in table.columns if column.name != "closed_by"]
    return Prepared(sa.insert(table), columns)
