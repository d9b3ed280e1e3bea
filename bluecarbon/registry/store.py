"""The database behind a registry: one small boundary, SQLite and PostgreSQL behind it.

A place is the path of a SQLite file or the address (``postgresql://...``) of a PostgreSQL
database that holds nothing but this registry. Everything above this boundary is the same SQL for
both, so the same events give the same journal, the same leaves and the same root.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal, Protocol

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable

from bluecarbon.registry import schema
from bluecarbon.registry.errors import NewerSchemaError, OlderSchemaError

JournalMode = Literal["wal", "delete"]
Place = Path | str


class Store(Protocol):
    """Short transactions on one database; safe to share between threads."""

    @property
    def name(self) -> str:
        """The place as people may see it: without a password."""

    def writing(self) -> AbstractContextManager[sa.Connection]:
        """A transaction that no other writer overlaps; durable when the block was left."""

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """A transaction that sees one state of the ledger throughout."""

    def translated(self) -> AbstractContextManager[None]:
        """Errors of the driver inside become errors of the ledger."""

    def check_version(self) -> None:
        """NotARegistryError unless this is a registry of the version that the program knows."""

    def close(self) -> None:
        """Give back the connections; the registry stays."""


def is_address(place: Place) -> bool:
    """Whether the place is the address of a server, not a file."""
    return isinstance(place, str) and place.startswith(
        ("postgresql://", "postgresql+psycopg://", "postgres://")
    )


def open_store(place: Place, *, busy_seconds: float = 30.0) -> Store:
    """The store at a place; nothing is looked at yet.

    MissingExtraError when the driver of PostgreSQL is not installed.
    """
    if is_address(place):
        from bluecarbon.registry.postgres_store import PostgresStore

        return PostgresStore(str(place), busy_seconds=busy_seconds)
    from bluecarbon.registry.sqlite_store import SqliteStore

    return SqliteStore(Path(place), busy_seconds=busy_seconds)


def founding(place: Place, journal: JournalMode = "wal") -> AbstractContextManager[sa.Connection]:
    """A transaction in a new and empty registry; when the block fails, nothing is left of it.

    ``journal`` is SQLite's. StoreError when there is something at the place already.
    """
    if is_address(place):
        from bluecarbon.registry import postgres_store

        return postgres_store.founding(str(place))
    from bluecarbon.registry import sqlite_store

    return sqlite_store.founding(Path(place), journal)


def write_schema(connection: sa.Connection, rules: Iterable[str]) -> None:
    """Create every table, index and rule, and mark the version, inside the open transaction."""
    # In the order of their declaration: create_all would take indexes from a set, and the same
    # registry would not be the same bytes. Every key points to a table declared before.
    for table in schema.metadata.tables.values():
        connection.execute(CreateTable(table))
        for index in sorted(table.indexes, key=lambda item: str(item.name)):
            connection.execute(CreateIndex(index))
    # In the same transaction as the tables: there is no moment without the rules.
    for statement in rules:
        connection.exec_driver_sql(statement)
    connection.execute(sa.insert(schema.alembic_version), {"version_num": schema.REVISION})


def require_version(found: int, name: str) -> None:
    """OlderSchemaError or NewerSchemaError unless ``found`` is the version of this program."""
    if found < schema.SCHEMA_VERSION:
        raise OlderSchemaError(path=name, found=found, known=schema.SCHEMA_VERSION)
    if found > schema.SCHEMA_VERSION:
        raise NewerSchemaError(path=name, found=found, known=schema.SCHEMA_VERSION)
