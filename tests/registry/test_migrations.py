"""From an empty database and from version 1, with data in it, to the version of today."""

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.ledger_kit import EPOCH, SIGNER, Clock, Ready, found
from typer.testing import CliRunner

from bluecarbon.cli.registry_commands import registry_app
from bluecarbon.registry import errors, migrate, schema
from bluecarbon.registry.certificate import certificate_bytes, verify_certificate
from bluecarbon.registry.invariants import check_invariants
from bluecarbon.registry.migrations import frozen
from bluecarbon.registry.service import Registry
from bluecarbon.registry.store import open_store

VERSION_1 = Path(__file__).parent / "version_1"
CERTIFICATE = VERSION_1 / "certificate.json"
RETIREMENT = 17


def step(databases, place, earlier, later):
    """Take the migrations by themselves, as from an empty database."""
    if databases.kind == "sqlite" and not place.exists():
        place.touch()
    with closing(open_store(place)) as store, store.writing() as connection:
        migrate.upgrade(connection, earlier, later)


@pytest.fixture
def old(databases):
    """A registry of version 1 as a program of that version left it (PostgreSQL: its rows)."""
    place = databases.new()
    dump = (VERSION_1 / "registry.sql").read_text(encoding="utf-8")
    if databases.kind == "sqlite":
        with closing(sqlite3.connect(place)) as connection:
            connection.executescript(dump)
    else:
        step(databases, place, None, "0001")
        rows = [line for line in dump.splitlines() if line.startswith("INSERT INTO")]
        databases.tamper(place, *rows)
    yield place
    databases.drop(place)


def test_the_steps_from_nothing_make_what_a_new_registry_has(databases):
    place = databases.new()
    step(databases, place, None, schema.REVISION)
    codes = {finding.code for finding in check_invariants(place)}
    # There is no first event: it is a registry that nobody founded, with every rule in its place.
    assert codes == {"charter-unchanged", "journal-gapless"}


def test_an_old_registry_is_migrated_with_all_that_is_in_it(databases, old):
    assert migrate.migrate(old) == migrate.Migrated(found=1, now=schema.SCHEMA_VERSION)
    assert check_invariants(old, SIGNER.public_key, certificates=[CERTIFICATE]) == ()
    assert verify_certificate(CERTIFICATE, SIGNER.public_key) == ()
    registry = Registry(old, signer=SIGNER)
    again = registry.retirement_certificate(RETIREMENT)
    assert certificate_bytes(again) == CERTIFICATE.read_bytes()
    registry.close()


def test_a_migrated_registry_goes_on(databases, old):
    migrate.migrate(old)
    migrated = Ready(Registry(old, signer=SIGNER), Clock(), databases)
    migrated.clock.count = itertools.count(100)
    migrated.transfer("proponent", "buyer", 7)
    migrated.transfer("buyer", "trader", 7)
    assert check_invariants(old, SIGNER.public_key, certificates=[CERTIFICATE]) == ()
    migrated.registry.close()


def test_a_second_migration_finds_nothing_to_do(databases, old):
    migrate.migrate(old)
    before = databases.dump(old)
    assert migrate.migrate(old).found == schema.SCHEMA_VERSION
    assert databases.dump(old) == before


def test_both_databases_are_the_same_rows_after_it(databases, old):
    migrate.migrate(old)
    nodes = databases.query(old, "SELECT level, position FROM log_node ORDER BY level, position")
    # 18 events: 9 pairs, 4 fours, 2 eights, 1 sixteen
    assert [sum(level == n for level, _ in nodes) for n in (1, 2, 3, 4, 5)] == [9, 4, 2, 1, 0]


def test_a_failed_migration_leaves_the_registry_as_it_was(databases, old, monkeypatch):
    before = databases.dump(old)
    broken = [*frozen.statements("0002", databases.kind), "CREATE TABLE broken ("]
    monkeypatch.setattr(
        "bluecarbon.registry.migrations.versions.v0002_log_nodes.statements", lambda *_: broken
    )
    monkeypatch.setattr(frozen, "statements", lambda *_: broken)
    with pytest.raises(errors.StoreError):
        migrate.migrate(old)
    assert databases.dump(old) == before


def test_opening_an_old_registry_says_how_to_migrate_it(databases, old):
    with pytest.raises(errors.OlderSchemaError, match="bluecarbon registry migrate") as refused:
        Registry(old)
    assert refused.value.code == "registry-schema-older"
    assert "请先备份" in str(refused.value)
    assert [finding.code for finding in check_invariants(old)] == ["registry-unreadable"]


def test_a_newer_registry_is_refused(databases):
    place = databases.new()
    found(place).close()
    if databases.kind == "sqlite":
        databases.run(place, "PRAGMA user_version = 99")
    else:
        databases.run(place, "UPDATE alembic_version SET version_num = '0099'")
    for act in (Registry, migrate.migrate):
        with pytest.raises(errors.NewerSchemaError) as refused:
            act(place)
        assert refused.value.code == "registry-schema-newer"


def test_what_is_no_registry_is_not_migrated(databases, tmp_path):
    place = databases.new()
    if databases.kind == "sqlite":
        databases.run(place, "CREATE TABLE t (a)")
    with pytest.raises(errors.NotARegistryError):
        migrate.migrate(place)
    with pytest.raises(errors.UnavailableError):
        migrate.migrate(tmp_path / "none.db")


def test_the_command(databases, old, tmp_path):
    done = CliRunner().invoke(registry_app, ["migrate", str(old)])
    assert done.exit_code == 0, done.output
    assert "1 -> 2" in done.output
    again = CliRunner().invoke(registry_app, ["migrate", str(old)])
    assert again.exit_code == 0
    assert "2" in again.output
    none = CliRunner().invoke(registry_app, ["migrate", str(tmp_path / "none.db")])
    assert none.exit_code == 2
    assert "registry-unavailable" in none.output


def test_a_registry_opened_before_the_time_of_its_events_is_the_same(databases, old):
    migrate.migrate(old)
    registry = Registry(old, signer=SIGNER)
    assert registry.sign_checkpoint(EPOCH).tree_size == 18
    registry.close()
