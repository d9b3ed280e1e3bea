"""One consistent copy of a PostgreSQL registry's rows in SQLite, for the invariants.

The invariants are stated once, in the SQL of SQLite with hashes as functions of Python. On
PostgreSQL they run on a copy that one REPEATABLE READ transaction reads: the verdict is about one
state, whoever writes meanwhile, and comes from another engine than the one that is judged. The
copy has no types and no constraints, so that it takes whatever was found.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import exc

from bluecarbon.registry import schema, store
from bluecarbon.registry.postgres_rules import rule_statements
from bluecarbon.registry.postgres_store import PostgresStore, read_version

ROWS_AT_ONCE = 10_000
_SCRATCH = "bluecarbon_expected"

Described = tuple[str, str, str]

# Everything in the schema public, as text that is the same for the same definition.
_CATALOGUE = sa.text("""\
WITH place AS (SELECT CAST(:place AS regnamespace)::oid AS id)
SELECT 'table', c.relname, c.relkind::text || c.relpersistence::text || c.relrowsecurity::text
    || coalesce((SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
        || ' ' || a.attnotnull::text || ' ' || a.attcollation::text, ', ' ORDER BY a.attnum)
      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '')
  FROM pg_class c, place WHERE c.relnamespace = place.id AND c.relkind NOT IN ('i', 'I')
UNION ALL SELECT 'index', c.relname,
    replace(pg_get_indexdef(c.oid), CAST(:place AS text) || '.', '') || i.indisvalid::text
  FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid, place
  WHERE c.relnamespace = place.id
UNION ALL SELECT 'constraint', c.conname, coalesce(t.relname, '') || ' '
    || pg_get_constraintdef(c.oid) || c.convalidated::text
  FROM pg_constraint c LEFT JOIN pg_class t ON t.oid = c.conrelid, place
  WHERE c.connamespace = place.id
UNION ALL SELECT 'trigger', t.tgname, pg_get_triggerdef(t.oid, true) || t.tgenabled::text
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid, place
  WHERE c.relnamespace = place.id AND NOT t.tgisinternal
UNION ALL SELECT 'function', p.proname, p.prosrc || coalesce(p.proconfig::text, '')
  FROM pg_proc p, place WHERE p.pronamespace = place.id
UNION ALL SELECT 'rule', r.rulename, pg_get_ruledef(r.oid)
  FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class, place WHERE c.relnamespace = place.id
""")


def snapshot(address: str) -> sqlite3.Connection:
    """The copy, in a temporary file that goes with the connection.

    Beside the tables stand ``temp.actual`` and ``temp.expected``, the definitions that the server
    has and those that it should have.

    Raises
    ------
    StoreError
        The server does not answer, or the database is no registry of this version.
    """
    with contextlib.closing(PostgresStore(address)) as source:
        expected = _expected(source)
        # The empty name is a private file on disk: a registry may be larger than memory.
        copy = sqlite3.connect("")
        try:
            copy.execute("PRAGMA synchronous = OFF")
            with source.reading() as connection:
                store.require_version(read_version(connection, source.name), source.name)
                _describe(copy, "expected", expected)
                _describe(copy, "actual", _catalogue(connection, "public"))
                for table in schema.metadata.tables.values():
                    _copy(connection, copy, table)
            copy.commit()
        except BaseException:
            copy.close()
            raise
    return copy


_by_server: dict[str, list[Described]] = {}


def _expected(source: PostgresStore) -> list[Described]:
    """The definitions of this version as this server writes them; made once, and rolled back."""
    with source.translated(), source.engine.connect() as connection:
        server = str(connection.exec_driver_sql("SELECT version()").scalar_one())
        if server not in _by_server:
            _by_server[server] = _made_and_undone(connection)
        return _by_server[server]


def _made_and_undone(connection: sa.Connection) -> list[Described]:
    try:
        connection.exec_driver_sql(f"CREATE SCHEMA {_SCRATCH}")
        connection.exec_driver_sql(f"SET LOCAL search_path = {_SCRATCH}")
        store.write_schema(connection, rule_statements())
        return _catalogue(connection, _SCRATCH)
    finally:
        connection.rollback()


def _catalogue(connection: sa.Connection, place: str) -> list[Described]:
    return [tuple(row) for row in connection.execute(_CATALOGUE, {"place": place})]


def _describe(copy: sqlite3.Connection, name: str, rows: Iterable[Described]) -> None:
    copy.execute(f"CREATE TEMP TABLE {name} (type, name, sql)")
    copy.executemany(f"INSERT INTO temp.{name} VALUES (?, ?, ?)", rows)  # noqa: S608 - our names


def _copy(connection: sa.Connection, copy: sqlite3.Connection, table: sa.Table) -> None:
    """The rows of one table; one that is gone is left out, and the invariants will say so."""
    if connection.scalar(sa.text("SELECT to_regclass(:name)"), {"name": f"public.{table.name}"}):
        with contextlib.suppress(exc.ProgrammingError):
            _copy_rows(connection, copy, table)


def _copy_rows(connection: sa.Connection, copy: sqlite3.Connection, table: sa.Table) -> None:
    statement = sa.text(f"SELECT * FROM public.{table.name}")  # noqa: S608 - our own table
    rows = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(statement)
    names = list(rows.keys())
    copy.execute(f"CREATE TABLE {table.name} ({', '.join(names)})")
    places = ", ".join("?" * len(names))
    insert = f"INSERT INTO {table.name} VALUES ({places})"  # noqa: S608 - our own table
    for part in rows.partitions():
        copy.executemany(insert, [tuple(row) for row in part])
    for columns in _keys(table):
        name = "_".join((table.name, *columns))
        copy.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {table.name} ({', '.join(columns)})")


def _keys(table: sa.Table) -> list[list[str]]:
    """The columns that the invariants look rows up by."""
    keys = [[column.name for column in table.primary_key.columns]]
    return keys + [[column.name for column in index.columns] for index in table.indexes]
