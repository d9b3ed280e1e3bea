"""A registry in a PostgreSQL database of its own, through psycopg.

A writer takes one advisory lock for the length of its transaction, before it reads anything. So
the journal has no gaps (a sequence of PostgreSQL has them after a rollback), nothing that was
read changes before the commit, no transaction has to be repeated, and there is one order of
writers: no deadlock. Many requests share one such transaction, see :mod:`.group_commit`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from bluecarbon.errors import MissingExtraError
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
from bluecarbon.registry.postgres_rules import SEARCH_PATH, rule_statements

try:
    import psycopg
except ImportError as error:  # pragma: no cover - the driver is part of the extra 'registry'
    raise MissingExtraError("psycopg", "registry") from error

# READ COMMITTED: the first statement after the lock sees what the last writer committed. Under a
# stricter level it would see the state from before the wait.
_LOCK = sa.text(f"SELECT pg_advisory_xact_lock({schema.APPLICATION_ID}, 1)")

# Codes of PostgreSQL, appendix A; a class is its first two characters.
_BY_STATE: dict[str, type[StoreError]] = {
    "55P03": BusyError,  # lock_not_available
    "40P01": BusyError,  # deadlock_detected
    "53100": DiskFullError,
    "25006": ReadOnlyError,  # read_only_sql_transaction
    "42501": ReadOnlyError,  # insufficient_privilege
    "57P01": UnavailableError,  # admin_shutdown
    "57P02": UnavailableError,  # crash_shutdown
    "57P03": UnavailableError,  # cannot_connect_now
    "3D000": UnavailableError,  # invalid_catalog_name: no such database
    "42P01": NotARegistryError,  # undefined_table
}
_BY_CLASS: dict[str, type[StoreError]] = {
    "08": UnavailableError,
    "22": DatabaseRefusedError,
    "23": DatabaseRefusedError,
    "28": UnavailableError,
    "53": UnavailableError,
}


class PostgresStore:
    """See :class:`~bluecarbon.registry.store.Store`."""

    def __init__(self, address: str, *, busy_seconds: float = 30.0) -> None:
        url = read_address(address)
        self.name = url.set(drivername="postgresql").render_as_string(hide_password=True)
        self._lock_timeout = f"{max(1, round(busy_seconds * 1000))}ms"
        # A connection is asked whether it still lives: a server may have been started anew.
        self.engine = sa.create_engine(url, pool_pre_ping=True)
        sa.event.listen(self.engine, "connect", self._prepare)
        self._readers = self.engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    def _prepare(self, connection: psycopg.Connection[Any], _: object) -> None:
        connection.autocommit = True
        for name, value in (
            ("search_path", SEARCH_PATH),
            ("lock_timeout", self._lock_timeout),
            # An answer means that it is on the disk, whatever the server's own setting is.
            ("synchronous_commit", "on"),
        ):
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        connection.autocommit = False

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that holds the writers' lock from its first statement to its commit."""
        with self.translated(), self.engine.begin() as connection:
            connection.execute(_LOCK)
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the ledger throughout."""
        with self.translated(), self._readers.begin() as connection:
            yield connection

    def check_version(self) -> None:
        """NotARegistryError unless the database is a registry of the version known here."""
        with self.reading() as connection:
            store.require_version(read_version(connection, self.name), self.name)

    def close(self) -> None:
        """Give back the connections; the database stays."""
        self.engine.dispose()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Errors of PostgreSQL inside become errors of the ledger."""
        try:
            yield
        except (exc.DBAPIError, psycopg.Error) as error:
            raise _translated(error, self.name) from error


def read_address(address: str) -> sa.URL:
    """The address for this driver; UnavailableError when it is none."""
    try:
        return sa.make_url(address).set(drivername="postgresql+psycopg")
    except (exc.ArgumentError, ValueError) as error:
        # The text may hold a password: it is not repeated.
        raise UnavailableError(path="postgresql", reason="the address cannot be read") from error


def _translated(error: Exception, name: str) -> StoreError:
    origin = getattr(error, "orig", error)
    state = getattr(origin, "sqlstate", None) or ""
    kind = _BY_STATE.get(state) or _BY_CLASS.get(state[:2])
    if kind is None:
        # Without a code there was no answer from a server.
        lost = isinstance(origin, psycopg.OperationalError) and not state
        kind = UnavailableError if lost else StoreError
    diagnosis = getattr(origin, "diag", None)
    reason = (diagnosis and diagnosis.message_primary) or " ".join(str(origin).split())
    return kind(path=name, reason=reason)


@contextmanager
def founding(address: str) -> Iterator[sa.Connection]:
    """A transaction that makes a registry in an empty database, or nothing.

    StoreError when the database holds a table already.
    """
    made = PostgresStore(address)
    try:
        with made.writing() as connection:
            if _relations(connection):
                raise StoreError(path=made.name, reason="cannot be founded: it is not empty")
            store.write_schema(connection, rule_statements())
            yield connection
    finally:
        made.close()


def _relations(connection: sa.Connection) -> int:
    found = connection.scalar(
        sa.text("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
    )
    return found or 0


def read_version(connection: sa.Connection, name: str) -> int:
    """The version of the schema of a registry; NotARegistryError when the database is none."""
    mark = sa.text("SELECT to_regclass('public.alembic_version'), to_regclass('public.meta')")
    if None in connection.execute(mark).one():
        raise NotARegistryError(path=name, reason="is not a bluecarbon registry")
    version = connection.scalar(sa.select(schema.alembic_version.c.version_num))
    return int(version) if version and version.isdigit() else 0
