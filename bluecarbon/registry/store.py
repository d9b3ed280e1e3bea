"""The SQLite file behind a registry: how it is made, opened, locked and closed.

A writer takes the write lock at once (BEGIN IMMEDIATE): nothing that it reads can change before
it commits, so two processes cannot both spend what they both saw. Every connection turns foreign
keys on and waits for a full flush at commit (synchronous=FULL).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.schema import CreateIndex, CreateTable

from bluecarbon.registry import schema
from bluecarbon.registry.errors import (
    BusyError,
    DatabaseRefusedError,
    NotARegistryError,
    StoreError,
)
from bluecarbon.registry.triggers import trigger_statements

JournalMode = Literal["wal", "delete"]
_WRITES = "bluecarbon_writes"


class Store:
    """Short transactions on one SQLite file; safe to share between threads."""

    def __init__(self, path: Path, *, busy_seconds: float = 30.0) -> None:
        self.path = path
        self._busy_seconds = busy_seconds
        self._engine = sa.create_engine(
            "sqlite://", creator=self._connect, poolclass=sa.pool.NullPool
        )
        sa.event.listen(self._engine, "begin", _begin)

    def _connect(self) -> sqlite3.Connection:
        # mode=rw: a mistyped path is an error, not a new and empty registry
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=self._busy_seconds,
            # Each transaction has a connection of its own; it may be closed by another thread.
            check_same_thread=False,
        )
        try:
            # Otherwise the driver begins transactions itself, and too late for IMMEDIATE.
            connection.isolation_level = None
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()  # a file that is no database: nobody else holds this connection
            raise
        return connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that holds the write lock from its first statement to its commit."""
        engine = self._engine.execution_options(**{_WRITES: True})
        with self._translated(), engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the ledger throughout."""
        with self._translated(), self._engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Give back the connections; the file stays."""
        self._engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except exc.IntegrityError as error:
            raise DatabaseRefusedError(path=self.path, reason=str(error.orig)) from error
        except (exc.OperationalError, sqlite3.OperationalError) as error:
            reason = str(getattr(error, "orig", error))
            kind = BusyError if "locked" in reason else StoreError
            raise kind(path=self.path, reason=reason) from error
        except (exc.DatabaseError, sqlite3.DatabaseError) as error:
            reason = str(getattr(error, "orig", error))
            raise NotARegistryError(path=self.path, reason=reason) from error


def create_file(path: Path, journal: JournalMode) -> None:
    """Make an empty registry file with all tables and triggers.

    Raises
    ------
    StoreError
        The file is there already, or its folder is not.
    """
    try:
        # Exclusive creation: two foundings of one file cannot both succeed.
        path.open("xb").close()
    except OSError as error:
        raise StoreError(path=path, reason=f"cannot be created: {error.strerror}") from error
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        write_schema(connection)
    finally:
        connection.close()


def write_schema(connection: sqlite3.Connection) -> None:
    """Create every table, index and trigger in an empty database, in one transaction."""
    engine = sa.create_engine("sqlite://", creator=lambda: connection, poolclass=sa.pool.StaticPool)
    connection.execute("BEGIN IMMEDIATE")
    with engine.connect() as wrapped:
        # In the order of their declaration: create_all would take indexes from a set, and the
        # same registry would not be the same bytes. SQLite allows keys to later tables.
        for table in schema.metadata.tables.values():
            wrapped.execute(CreateTable(table))
            for index in sorted(table.indexes, key=lambda item: str(item.name)):
                wrapped.execute(CreateIndex(index))
        # In the same transaction as the tables: there is no moment without the rules.
        for statement in trigger_statements():
            wrapped.exec_driver_sql(statement)
        wrapped.exec_driver_sql(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        wrapped.exec_driver_sql(f"PRAGMA user_version = {schema.SCHEMA_VERSION}")
        wrapped.commit()


def check_version(connection: sqlite3.Connection, path: Path) -> None:
    """NotARegistryError unless the file is a registry of the version that this program knows."""
    found = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if found != schema.APPLICATION_ID:
        raise NotARegistryError(path=path, reason="is not a bluecarbon registry")
    if version != schema.SCHEMA_VERSION:
        raise NotARegistryError(
            path=path, reason=f"has schema {version}; this program knows {schema.SCHEMA_VERSION}"
        )


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def driver(connection: sa.Connection) -> sqlite3.Connection:
    """The sqlite3 connection behind a SQLAlchemy connection."""
    raw: Any = connection.connection.driver_connection
    if not isinstance(raw, sqlite3.Connection):  # pragma: no cover - the engine makes no other
        raise TypeError(type(raw).__name__)
    return raw
