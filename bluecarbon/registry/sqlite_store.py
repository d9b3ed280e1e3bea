"""A registry in one SQLite file: how it is made, opened, locked and closed.

A writer takes the write lock at once (BEGIN IMMEDIATE): nothing that it reads can change before
it commits, so two processes cannot both spend what they both saw. Every connection turns foreign
keys on and waits for a full flush at commit (synchronous=FULL).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from bluecarbon.registry import schema, store
from bluecarbon.registry.errors import (
    BusyError,
    DatabaseRefusedError,
    DiskFullError,
    NotARegistryError,
    ReadOnlyError,
    StoreError,
    UnavailableError,
)
from bluecarbon.registry.store import JournalMode
from bluecarbon.registry.triggers import trigger_statements

# The primary result codes of SQLite; an extended code has them in its lowest byte.
_KINDS: dict[int, type[StoreError]] = {
    sqlite3.SQLITE_BUSY: BusyError,
    sqlite3.SQLITE_LOCKED: BusyError,
    sqlite3.SQLITE_READONLY: ReadOnlyError,
    sqlite3.SQLITE_FULL: DiskFullError,
    sqlite3.SQLITE_CANTOPEN: UnavailableError,
    sqlite3.SQLITE_NOTADB: NotARegistryError,
    sqlite3.SQLITE_CORRUPT: NotARegistryError,
}


class SqliteStore:
    """See :class:`~bluecarbon.registry.store.Store`."""

    def __init__(self, path: Path, *, busy_seconds: float = 30.0) -> None:
        self.path = path
        self.name = str(path)
        self._busy_seconds = busy_seconds
        # Readers open the file each time; the one writer keeps its connection and statements.
        self._readers = _engine(self._connect, sa.pool.NullPool, "BEGIN")
        self._writer = _engine(self._connect, sa.pool.QueuePool, "BEGIN IMMEDIATE")

    def _connect(self) -> sqlite3.Connection:
        # mode=rw: a mistyped path is an error, not a new and empty registry
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=self._busy_seconds,
            # Each transaction has a connection of its own; it may be closed by another thread.
            check_same_thread=False,
            cached_statements=512,
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
        with self.translated(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the ledger throughout."""
        with self.translated(), self._readers.begin() as connection:
            yield connection

    def check_version(self) -> None:
        """See :func:`check_version`."""
        with self.reading() as connection:
            check_version(driver(connection), self.path)

    def close(self) -> None:
        """Give back the connections; the file stays."""
        self._readers.dispose()
        self._writer.dispose()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Errors of SQLite inside become errors of the ledger."""
        try:
            yield
        except (exc.DBAPIError, sqlite3.Error) as error:
            raise _translated(error, self.name) from error


def _engine(connect: Any, pool: type[sa.Pool], begin: str) -> sa.Engine:
    engine = sa.create_engine("sqlite://", creator=connect, poolclass=pool)
    sa.event.listen(engine, "begin", lambda connection: _execute(connection, begin))
    return engine


def _execute(connection: sa.Connection, statement: str) -> None:
    connection.exec_driver_sql(statement)


def _translated(error: Exception, name: str) -> StoreError:
    origin = getattr(error, "orig", error)
    kind = _KINDS.get(getattr(origin, "sqlite_errorcode", 0) & 0xFF)
    if kind is None:
        if isinstance(origin, sqlite3.IntegrityError):
            kind = DatabaseRefusedError
        else:
            operational = isinstance(origin, sqlite3.OperationalError)
            kind = StoreError if operational else NotARegistryError
    return kind(path=name, reason=str(origin))


@contextmanager
def founding(path: Path, journal: JournalMode) -> Iterator[sa.Connection]:
    """A transaction in a new registry file; the file is gone when the block fails.

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
    made = SqliteStore(path)
    try:
        with made.translated():
            _prepare(path, journal)
        with made.writing() as connection:
            yield connection
        made.close()
    except BaseException:
        made.close()
        path.unlink()
        raise


def _prepare(path: Path, journal: JournalMode) -> None:
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
        store.write_schema(wrapped, trigger_statements())
        mark_version(wrapped)
        wrapped.commit()


def mark_version(connection: sa.Connection, version: int = schema.SCHEMA_VERSION) -> None:
    """Write into the header of the file what it is."""
    connection.exec_driver_sql(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    connection.exec_driver_sql(f"PRAGMA user_version = {version}")


def check_version(connection: sqlite3.Connection, path: Path) -> None:
    """NotARegistryError unless the file is a registry of the version that this program knows."""
    store.require_version(read_version(connection, path), str(path))


def read_version(connection: sqlite3.Connection, path: Path) -> int:
    """The version of the schema of a registry file; NotARegistryError when it is none."""
    found = connection.execute("PRAGMA application_id").fetchone()[0]
    if found != schema.APPLICATION_ID:
        raise NotARegistryError(path=path, reason="is not a bluecarbon registry")
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def driver(connection: sa.Connection) -> sqlite3.Connection:
    """The sqlite3 connection behind a SQLAlchemy connection."""
    raw: Any = connection.connection.driver_connection
    if not isinstance(raw, sqlite3.Connection):  # pragma: no cover - the engine makes no other
        raise TypeError(type(raw).__name__)
    return raw
