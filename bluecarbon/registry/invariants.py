"""Is this registry sound? Runs the invariants and names what breaks them, with the places."""

from __future__ import annotations

import contextlib
import functools
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bluecarbon.registry import reading
from bluecarbon.registry.errors import StoreError
from bluecarbon.registry.identity import fingerprint, load_public_key
from bluecarbon.registry.invariant_functions import own_key, read_charter, register_functions
from bluecarbon.registry.invariant_queries import INVARIANTS, Invariant
from bluecarbon.registry.kept_evidence import check_kept
from bluecarbon.registry.reading import Charter
from bluecarbon.registry.sqlite_store import check_version, write_schema
from bluecarbon.registry.store import Place, is_address, open_store
from bluecarbon.spec import Finding

UNREADABLE = "registry-unreadable"

PLACES_MAX = 20
"""A finding names at most this many places; one defect of a table can touch every row."""


def check_invariants(
    place: Place,
    public_key: Path | bytes | Ed25519PublicKey | None = None,
    *,
    at_rest: bool = True,
    certificates: Sequence[Path] = (),
    checkpoints: Sequence[Path] = (),
) -> tuple[Finding, ...]:
    """Every invariant that the registry breaks, with the places; none when the ledger is sound.

    ``place`` is the path of a SQLite file or the address of a PostgreSQL database.

    ``public_key`` is the registry's key from a place that the reader trusts; without it the key
    inside the file is used, which finds accidents, not an operator who exchanged it.

    ``at_rest`` asks for a signed checkpoint of the last event; without it (a registry that is
    being written to) events after the newest checkpoint are believed.

    ``certificates`` and ``checkpoints`` are files that were kept elsewhere. They find what the
    file alone cannot show: a log that was cut back to an earlier checkpoint.

    A file that cannot be read as a registry gives one finding, ``registry-unreadable``.

    Raises
    ------
    PublicKeyError
        The public key cannot be read.
    EvidenceError
        A checkpoint that was kept cannot be read.
    """
    given = None if public_key is None else load_public_key(public_key)
    name = _name(place)
    try:
        connection = _open(place)
    except (sqlite3.Error, StoreError) as error:
        return (_finding(UNREADABLE, name, str(error)),)
    try:
        charter = read_charter(connection)
        # The key inside the file proves that the file fits itself; a given key proves whose it is.
        key = given or own_key(charter)
        leaves = _leaves(connection)
        register_functions(connection, charter, key, leaves=leaves, at_rest=at_rest)
        found = list(_check_key(charter, given, name))
        for invariant in INVARIANTS:
            found += _check(connection, invariant, name)
        if key is not None:
            found += check_kept(leaves, key, certificates, checkpoints=checkpoints)
    finally:
        connection.close()
    return tuple(found)


def key_in_file(place: Place) -> Ed25519PublicKey | None:
    """The public key that the registry itself names; None when there is none that can be read."""
    try:
        with contextlib.closing(open_store(place)) as opened, opened.reading() as connection:
            return own_key(reading.charter(connection))
    except StoreError:
        return None


def _name(place: Place) -> str:
    return open_store(place).name if is_address(place) else Path(place).name


def _leaves(connection: sqlite3.Connection) -> list[bytes]:
    try:
        rows = connection.execute("SELECT leaf FROM event ORDER BY sequence").fetchall()
    except sqlite3.Error:
        return []  # said by the invariants: the journal cannot be read
    return [row[0] for row in rows]


def _open(place: Place) -> sqlite3.Connection:
    """One state of the registry, with the tables temp.actual and temp.expected beside it."""
    if is_address(place):
        from bluecarbon.registry.postgres_snapshot import snapshot

        return snapshot(str(place))
    path = Path(place)
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        check_version(connection, path)
        connection.execute(
            "CREATE TEMP VIEW actual AS SELECT type, name, sql FROM sqlite_master"
            " WHERE sql IS NOT NULL"
        )
        connection.execute("CREATE TEMP TABLE expected (type TEXT, name TEXT, sql TEXT)")
        connection.executemany("INSERT INTO temp.expected VALUES (?, ?, ?)", _expected_schema())
        connection.commit()
        # An open read transaction: all queries see one state of a live registry.
        connection.execute("BEGIN")
    except BaseException:
        connection.close()
        raise
    return connection


@functools.cache
def _expected_schema() -> list[tuple[str, str, str]]:
    fresh = sqlite3.connect(":memory:", isolation_level=None)
    try:
        write_schema(fresh)
        return fresh.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
        ).fetchall()
    finally:
        fresh.close()


def _check(connection: sqlite3.Connection, invariant: Invariant, name: str) -> Iterator[Finding]:
    try:
        places = [str(row[0]) for row in connection.execute(invariant.sql)]
    except sqlite3.Error as error:
        # A table that is gone, or a payload that is no JSON, breaks the query and the invariant.
        places = [f"cannot be checked: {error}"]
    if places:
        shown = "; ".join(dict.fromkeys(places[:PLACES_MAX]))
        more = f" (+{len(places) - PLACES_MAX})" if len(places) > PLACES_MAX else ""
        message = f"{invariant.english} / {invariant.chinese}: broken at {shown}{more}"
        yield _finding(invariant.code, name, message)


def _check_key(
    charter: Charter | None, given: Ed25519PublicKey | None, name: str
) -> Iterator[Finding]:
    if charter is None or given is None:
        return
    if charter.identity.public_key_sha256 != fingerprint(given):
        message = (
            "the registry names another public key than the one that was given"
            " / 登记簿所载公钥与给定公钥不一致"
        )
        yield _finding("registry-other-key", name, message)


def _finding(code: str, subject: str, message: str) -> Finding:
    fix = "stop writing to this file; compare it with a copy and its last signed checkpoint"
    return Finding(code=code, severity="error", subject=subject, message=message, fix=fix)
