"""The SQL functions that invariants use: hashes, seals, signatures, answers, times."""

from __future__ import annotations

import datetime as dt
import functools
import json
import sqlite3
from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bluecarbon.errors import BluecarbonError
from bluecarbon.provenance import canonical_json
from bluecarbon.registry import audit_log, schema
from bluecarbon.registry.audit_log import Checkpoint, LoggedEvent
from bluecarbon.registry.errors import PublicKeyError
from bluecarbon.registry.identity import fingerprint, load_public_key
from bluecarbon.registry.issuance import block_serials
from bluecarbon.registry.ledger import Receipt, Row, payload_of
from bluecarbon.registry.reading import Charter
from bluecarbon.report import report_from_json, seal_of

SqlValue = str | bytes | int | float | None


class _Roots:
    """The Merkle roots of the first n leaves; asked in ascending order, each leaf is hashed once.

    Source: a compact range, the roots of the full subtrees from left to right.
    """

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._leaves = leaves
        self._start()

    def _start(self) -> None:
        self._size = 0
        self._peaks: list[bytes] = []

    def __call__(self, size: int) -> str:
        if size < self._size:
            self._start()
        for leaf in self._leaves[self._size : size]:
            self._append(leaf)
        if not self._peaks:
            return audit_log.tree_root(()).hex()
        return functools.reduce(
            lambda right, left: audit_log.node_hash(left, right), reversed(self._peaks)
        ).hex()

    def _append(self, leaf: bytes) -> None:
        node, full = leaf, self._size
        while full & 1:
            node, full = audit_log.node_hash(self._peaks.pop(), node), full >> 1
        self._peaks.append(node)
        self._size += 1


def register_functions(
    connection: sqlite3.Connection,
    charter: Charter | None,
    key: Ed25519PublicKey | None,
    *,
    leaves: Sequence[bytes],
    at_rest: bool,
) -> None:
    """Give the connection every function that the queries of the invariants call."""
    for name, count, function in (
        ("leaf_of", 8, _leaf_of),
        ("canonical", 1, _canonical),
        ("canonical_report", 1, _canonical_report),
        ("seal_of", 1, _seal_of),
        ("answer_of", 5, _answer_of),
        ("moment", 1, _moment),
        ("node_of", 2, audit_log.node_hash),
        ("node_count", 1, _node_count),
    ):
        connection.create_function(name, count, _guarded(function), deterministic=True)
    connection.create_function("root_of", 1, _guarded(_Roots(leaves)))
    connection.create_function("signed", 4, _guarded(_signature_check(charter, key)))
    connection.create_function("at_rest", 0, lambda: at_rest)
    connection.create_function("this_revision", 0, lambda: schema.REVISION)


def _node_count(size: int) -> int:
    """How many full subtrees of two or more leaves a tree has: the sum of size // 2**level."""
    return size - size.bit_count()


def _guarded(function: Callable[..., SqlValue]) -> Callable[..., SqlValue]:
    """NULL where the function fails: what cannot be computed does not equal what is stored."""

    def guarded(*arguments: SqlValue) -> SqlValue:
        try:
            return function(*arguments)
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError, BluecarbonError):
            return None

    return guarded


def read_charter(connection: sqlite3.Connection) -> Charter | None:
    """The charter of the open file; None when it has none that can be read."""
    try:
        row = connection.execute("SELECT value FROM meta WHERE key = 'charter'").fetchone()
        return Charter.model_validate_json(row[0]) if row else None
    except (sqlite3.Error, ValueError):
        return None  # said by charter-unchanged


def _signature_check(
    charter: Charter | None, key: Ed25519PublicKey | None
) -> Callable[[int, str, str, str], bool]:
    def signed(tree_size: int, root_sha256: str, at: str, signature: str) -> bool:
        if charter is None or key is None:
            return False
        checkpoint = Checkpoint(
            registry=charter.identity,
            tree_size=tree_size,
            root_sha256=root_sha256,
            at=at,
            signature=signature,
        )
        return checkpoint.signature_fits(key)

    return signed


def own_key(charter: Charter | None) -> Ed25519PublicKey | None:
    """The public key that a charter holds, when it is the one that the charter names."""
    if charter is None:
        return None
    try:
        key = load_public_key(charter.public_key_pem.encode())
    except PublicKeyError:
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


def _canonical_report(document: str) -> str:
    # Through the report's types: a whole float above 2^53 is no integer that JSON could carry.
    return canonical_json(report_from_json(document)).decode()


def _answer_of(payload: str, *fields: SqlValue) -> str:
    names = ("sequence", "kind", "recorded_at", "leaf_sha256")
    plain = dict(zip(names, fields, strict=True))
    serials = _serials(str(plain["kind"]), payload_of(payload))
    return canonical_json(Receipt.model_validate({**plain, "serials": serials})).decode()


def _serials(kind: str, payload: Row) -> tuple[str, ...]:
    if kind == "issue":
        records = payload["records"]
        return block_serials(records.get("batch", []), records.get("credit_block", []))
    return tuple(payload["facts"].get("serials", ()))


def _seal_of(document: str) -> str:
    return seal_of(report_from_json(document))


def _moment(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()
