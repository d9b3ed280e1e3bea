"""Is this registry file sound? Runs the invariants and names what breaks them, with the places."""

from __future__ import annotations

import datetime as dt
import functools
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bluecarbon.errors import BluecarbonError
from bluecarbon.provenance import canonical_json
from bluecarbon.registry import audit_log
from bluecarbon.registry.audit_log import Checkpoint, LoggedEvent
from bluecarbon.registry.errors import NotARegistryError, SigningError
from bluecarbon.registry.identity import fingerprint, load_public_key
from bluecarbon.registry.invariant_queries import INVARIANTS, Invariant
from bluecarbon.registry.reading import Charter
from bluecarbon.registry.store import check_version, write_schema
from bluecarbon.report import report_from_json, seal_of
from bluecarbon.spec import Finding

SqlValue = str | bytes | int | float | None

PLACES_MAX = 20
"""A finding names at most this many places; one defect of a table can touch every row."""


def check_invariants(
    path: Path, public_key: Path | bytes | Ed25519PublicKey | None = None
) -> tuple[Finding, ...]:
    """Every invariant that the file breaks, with the places; none when the ledger is sound.

    ``public_key`` is the registry's key from a place that the reader trusts; without it the key
    inside the file is used, which finds accidents, not an operator who exchanged it.

    A file that cannot be read as a registry gives one finding, ``registry-unreadable``.

    Raises
    ------
    SigningError
        The public key cannot be read.
    """
    given = None if public_key is None else load_public_key(public_key)
    try:
        connection = _open(path)
    except (sqlite3.Error, NotARegistryError) as error:
        return (_finding("registry-unreadable", path.name, str(error)),)
    try:
        charter = _register_functions(connection, given)
        found = list(_check_key(charter, given, path.name))
        for invariant in INVARIANTS:
            found += _check(connection, invariant, path.name)
    finally:
        connection.close()
    return tuple(found)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        check_version(connection, path)
        # An open read transaction: all queries see one state of a live registry.
        connection.execute("CREATE TEMP TABLE expected (type TEXT, name TEXT, sql TEXT)")
        connection.executemany("INSERT INTO temp.expected VALUES (?, ?, ?)", _expected_schema())
        connection.commit()
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


class _Root:
    """SQL aggregate: the Merkle root (hex) of leaf hashes in the order in which they come."""

    def __init__(self) -> None:
        self.leaves: list[bytes] = []

    def step(self, *arguments: SqlValue) -> None:
        self.leaves += [leaf for leaf in arguments if isinstance(leaf, bytes)]

    def finalize(self) -> str:
        return audit_log.tree_root(self.leaves).hex()


def _register_functions(
    connection: sqlite3.Connection, given: Ed25519PublicKey | None
) -> Charter | None:
    connection.create_function("leaf_of", 8, _guarded(_leaf_of), deterministic=True)
    connection.create_function("canonical", 1, _guarded(_canonical), deterministic=True)
    connection.create_function("seal_of", 1, _guarded(_seal_of), deterministic=True)
    connection.create_function("moment", 1, _guarded(_moment), deterministic=True)
    connection.create_aggregate("root_of", 1, _Root)  # type: ignore[arg-type] # typed for integers only
    charter = _charter(connection)
    connection.create_function("signed", 4, _guarded(_signature_check(charter, given)))
    return charter


def _guarded(function: Callable[..., SqlValue]) -> Callable[..., SqlValue]:
    """NULL where the function fails: what cannot be computed does not equal what is stored."""

    def guarded(*arguments: SqlValue) -> SqlValue:
        try:
            return function(*arguments)
        except (ValueError, TypeError, AttributeError, BluecarbonError):
            return None

    return guarded


def _charter(connection: sqlite3.Connection) -> Charter | None:
    try:
        row = connection.execute("SELECT value FROM meta WHERE key = 'charter'").fetchone()
        return Charter.model_validate_json(row[0]) if row else None
    except (sqlite3.Error, ValueError):
        return None  # said by charter-unchanged


def _signature_check(
    charter: Charter | None, given: Ed25519PublicKey | None
) -> Callable[[int, str, str, str], bool]:
    def signed(tree_size: int, root_sha256: str, at: str, signature: str) -> bool:
        if charter is None:
            return False
        # The key inside the file proves that the file fits itself; a given key proves whose it is.
        key = given or _own_key(charter)
        checkpoint = Checkpoint(
            registry=charter.identity,
            tree_size=tree_size,
            root_sha256=root_sha256,
            at=at,
            signature=signature,
        )
        return key is not None and checkpoint.signature_fits(key)

    return signed


def _own_key(charter: Charter) -> Ed25519PublicKey | None:
    try:
        key = load_public_key(charter.public_key_pem.encode())
    except SigningError:
        return None
    return key if fingerprint(key) == charter.identity.public_key_sha256 else None


def _leaf_of(sequence: int, *rest: str) -> bytes:
    names = list(LoggedEvent.model_fields)[1:-1]
    *words, payload = rest
    plain = json.loads(payload)
    # Other spacing gives the same hash of the content; the stored text is evidence, too.
    if canonical_json(plain).decode() != payload:
        raise ValueError("the payload is not in canonical form")
    fields = dict(zip(names, words, strict=True))
    return LoggedEvent.model_validate({"sequence": sequence, "payload": plain, **fields}).leaf


def _canonical(text: str) -> str:
    return canonical_json(json.loads(text)).decode()


def _seal_of(document: str) -> str:
    return seal_of(report_from_json(document))


def _moment(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()
