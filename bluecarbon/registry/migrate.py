"""Bring a registry of an earlier version to the version of this program, in one transaction."""

from __future__ import annotations

import contextlib
import importlib.resources
from pathlib import Path

import sqlalchemy as sa

from bluecarbon.errors import MissingExtraError
from bluecarbon.registry import schema, sqlite_store, store
from bluecarbon.registry.errors import NewerSchemaError, NotARegistryError
from bluecarbon.registry.store import Place, is_address
from bluecarbon.spec import Value

try:
    from alembic import command
    from alembic.config import Config
except ImportError as error:  # pragma: no cover - alembic is part of the extra 'registry'
    raise MissingExtraError("alembic", "registry") from error


class Migrated(Value):
    """From which version to which; equal when there was nothing to do."""

    found: int
    now: int


def migrate(place: Place, *, busy_seconds: float = 30.0) -> Migrated:
    """Bring the registry at ``place`` to the version of this program.

    Everything happens in one transaction that no writer overlaps: a migration that fails leaves
    the registry as it was. Nothing in the journal changes, so certificates stay what they are.

    Raises
    ------
    NewerSchemaError
        The registry is of a later version than this program.
    NotARegistryError
        The place is missing or no registry.
    """
    with contextlib.closing(store.open_store(place, busy_seconds=busy_seconds)) as opened:
        with opened.writing() as connection:
            found = _version(connection, place, opened.name)
            if found > schema.SCHEMA_VERSION:
                raise NewerSchemaError(path=opened.name, found=found, known=schema.SCHEMA_VERSION)
            if found < schema.SCHEMA_VERSION:
                upgrade(connection, f"{found:04}", schema.REVISION)
        opened.check_version()
    return Migrated(found=found, now=schema.SCHEMA_VERSION)


def upgrade(connection: sa.Connection, found: str | None, wanted: str) -> None:
    """Take the steps from revision ``found`` (None: an empty database) to ``wanted``.

    Inside the open transaction of ``connection``.
    """
    config = Config()
    folder = importlib.resources.files("bluecarbon.registry") / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    if found is not None and not sa.inspect(connection).has_table("alembic_version"):
        # Files of version 1 have their version in the header alone.
        command.stamp(config, found)
    command.upgrade(config, wanted)
    if connection.dialect.name == "sqlite":
        sqlite_store.mark_version(connection, int(wanted))


def _version(connection: sa.Connection, place: Place, name: str) -> int:
    if is_address(place):
        from bluecarbon.registry import postgres_store

        found = postgres_store.read_version(connection, name)
    else:
        found = sqlite_store.read_version(sqlite_store.driver(connection), Path(place))
    if found < 1:
        raise NotARegistryError(path=name, reason="is of no version that was ever published")
    return found
