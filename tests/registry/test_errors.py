"""What a database says, in the ledger's own words; and never a password."""

import sqlite3

import psycopg
import pytest
from sqlalchemy import exc

from bluecarbon.registry import errors
from bluecarbon.registry.postgres_store import PostgresStore, _translated
from bluecarbon.registry.service import Registry
from bluecarbon.registry.sqlite_store import SqliteStore

SECRET = "postgresql://writer:hunter2@127.0.0.1:1/coast"


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("DiskFull", errors.DiskFullError),
        ("LockNotAvailable", errors.BusyError),
        ("DeadlockDetected", errors.BusyError),
        ("ReadOnlySqlTransaction", errors.ReadOnlyError),
        ("InsufficientPrivilege", errors.ReadOnlyError),
        ("AdminShutdown", errors.UnavailableError),
        ("CannotConnectNow", errors.UnavailableError),
        ("TooManyConnections", errors.UnavailableError),
        ("InvalidPassword", errors.UnavailableError),
        ("UndefinedTable", errors.NotARegistryError),
        ("UniqueViolation", errors.DatabaseRefusedError),
        ("ExclusionViolation", errors.DatabaseRefusedError),
        ("NumericValueOutOfRange", errors.DatabaseRefusedError),
        ("SyntaxError", errors.StoreError),
    ],
)
def test_every_state_of_postgresql_has_its_class(state, kind):
    origin = getattr(psycopg.errors, state)("why")
    wrapped = exc.DBAPIError("SELECT 1", {}, origin)
    found = _translated(wrapped, "postgresql://x")
    assert type(found) is kind
    assert "why" in found.message_zh


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_BUSY, errors.BusyError),
        (sqlite3.SQLITE_READONLY_DBMOVED, errors.ReadOnlyError),
        (sqlite3.SQLITE_FULL, errors.DiskFullError),
        (sqlite3.SQLITE_CANTOPEN, errors.UnavailableError),
        (sqlite3.SQLITE_CORRUPT, errors.NotARegistryError),
        (sqlite3.SQLITE_IOERR_FSYNC, errors.StoreError),
    ],
)
def test_every_code_of_sqlite_has_its_class(tmp_path, code, kind):
    error = sqlite3.OperationalError("why")
    error.sqlite_errorcode = code
    with pytest.raises(kind) as refused, SqliteStore(tmp_path / "x").translated():
        raise error
    assert type(refused.value) is kind


def test_a_server_that_does_not_answer():
    with pytest.raises(errors.UnavailableError) as refused:
        Registry(SECRET)
    assert "hunter2" not in str(refused.value)
    assert PostgresStore(SECRET).name == "postgresql://writer:***@127.0.0.1:1/coast"


@pytest.mark.parametrize("address", ["postgresql://[", "postgresql://a:b@c:port/d"])
def test_what_is_no_address(address):
    with pytest.raises(errors.UnavailableError) as refused:
        Registry(address)
    assert refused.value.code == "registry-unavailable"
    assert "a:b" not in str(refused.value)


def test_a_database_that_is_none_of_ours(databases):
    place = databases.new()
    databases.run(place, "CREATE TABLE other (a integer)")
    with pytest.raises(errors.NotARegistryError, match="not a bluecarbon registry"):
        Registry(place)
