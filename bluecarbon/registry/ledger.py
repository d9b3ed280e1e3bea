"""The only writer: a plan becomes one event and the rows that it stands for, or nothing.

A plan is made by reading (:mod:`.programme`, :mod:`.movement`), inside the same write
transaction. The payload of the event repeats every row, so the journal alone is the ledger.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from bluecarbon.registry import domain, schema
from bluecarbon.registry.audit_log import leaf_hash
from bluecarbon.registry.domain import Stamp
from bluecarbon.registry.errors import DatabaseRefusedError, IdempotencyError
from bluecarbon.registry.fast_json import fast_digest, fast_json
from bluecarbon.registry.prepared import Prepared, in_one_go, insert_into
from bluecarbon.spec import Value

KEY_LENGTH_MAX = 200
_PAYLOAD = b'"payload":'
_NO_PAYLOAD = _PAYLOAD + b"null"

Row = dict[str, Any]


class Receipt(Value):
    """The answer to a write: the event that it became. A retry gets the same receipt."""

    sequence: int
    kind: str
    recorded_at: str
    leaf_sha256: str
    serials: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What an act will write.

    ``facts`` are for people and certificates, ``records`` the rows per table (in the order of
    insertion), ``closed`` the blocks that end, ``documents`` sealed reports by their seal.
    """

    facts: Row
    records: Mapping[str, list[Row]] = field(default_factory=dict)
    closed: tuple[int, ...] = ()
    serials: tuple[str, ...] = ()
    documents: Mapping[str, str] = field(default_factory=dict)

    @property
    def payload(self) -> Row:
        """The plan as the journal keeps it; documents are there by their digest only."""
        records = {name: rows for name, rows in self.records.items() if rows}
        return {"facts": self.facts, "records": records, "closed": list(self.closed)}


def request_digest(kind: str, body: Row, stamp: Stamp) -> str:
    """The digest that tells a retry from another request; the time of recording is no part."""
    # A retry is sent later than the first try, so the time of recording cannot be part of this.
    effective_at = stamp.effective_at
    effective = domain.utc_text(effective_at, "effective_at") if effective_at else ""
    return fast_digest(
        {"kind": kind, "actor": stamp.actor, "effective_at": effective, "body": body}
    )


_ANSWER = Prepared(
    sa.select(
        schema.idempotency.c.request_sha256, schema.idempotency.c.event, schema.idempotency.c.answer
    ).where(
        schema.idempotency.c.actor == sa.bindparam("actor"),
        schema.idempotency.c.key == sa.bindparam("key"),
    )
)
_NEWEST = Prepared(sa.select(sa.func.coalesce(sa.func.max(schema.event.c.sequence), 0)))
_CLOSE = Prepared(
    sa.update(schema.credit_block)
    .where(schema.credit_block.c.id == sa.bindparam("block"))
    .values(closed_by=sa.bindparam("sequence"))
)


def earlier_answer(connection: sa.Connection, stamp: Stamp, request_sha256: str) -> Receipt | None:
    """The receipt of the same request; IdempotencyError when the key was used for another."""
    for earlier_sha256, event, answer in _ANSWER.rows(connection, actor=stamp.actor, key=stamp.key):
        if earlier_sha256 != request_sha256:
            raise IdempotencyError(key=stamp.key, actor=stamp.actor, sequence=event)
        return Receipt.model_validate_json(answer)
    return None


def record(
    connection: sa.Connection, stamp: Stamp, *, kind: str, request_sha256: str, plan: Plan
) -> Receipt:
    """Append the event, write its rows, keep its answer.

    Raises
    ------
    TimeError, TextError
        The stamp cannot be recorded.
    DatabaseRefusedError
        What was written does not tile or does not balance: a fault in this program, stopped here.
    """
    event = _event(connection, stamp, kind=kind, request_sha256=request_sha256)
    sequence = event["sequence"]
    payload = fast_json(plan.payload)
    # The leaf is that of audit_log.LoggedEvent, which the invariants hash again. The place of the
    # payload is found once only: inside a text, JSON has no quote without a backslash.
    leaf = leaf_hash(fast_json({**event, "payload": None}).replace(_NO_PAYLOAD, _PAYLOAD + payload))
    receipt = Receipt(
        sequence=sequence,
        kind=kind,
        recorded_at=event["recorded_at"],
        leaf_sha256=leaf.hex(),
        serials=plan.serials,
    )
    with in_one_go(connection):
        row = {**event, "payload": payload.decode(), "leaf": leaf}
        insert_into("event").run(connection, [row])
        _write_rows(connection, plan, sequence)
        _keep_answer(connection, stamp, request_sha256, receipt)
        # The last look before the commit; an error here rolls everything back.
        check_movement(connection, sequence)
    return receipt


def _event(connection: sa.Connection, stamp: Stamp, *, kind: str, request_sha256: str) -> Row:
    effective_at, recorded_at = domain.stamp_times(stamp)
    # Safe as max + 1: the writer holds the write lock, nobody else appends meanwhile.
    ((newest,),) = _NEWEST.rows(connection)
    return {
        "sequence": newest + 1,
        "kind": kind,
        "actor": stamp.actor,
        "effective_at": effective_at,
        "recorded_at": recorded_at,
        "idempotency_key": domain.plain_text(
            stamp.key, "idempotency key", length_max=KEY_LENGTH_MAX
        ),
        "request_sha256": request_sha256,
    }


def _write_rows(connection: sa.Connection, plan: Plan, sequence: int) -> None:
    for seal, document in plan.documents.items():
        insert_into("report_document").run(connection, [{"seal": seal, "document": document}])
    # Closing comes first: a child would overlap its parent while that is open.
    _CLOSE.run(connection, [{"block": block, "sequence": sequence} for block in plan.closed])
    for name, rows in plan.records.items():
        column = schema.event_column(schema.metadata.tables[name])
        insert_into(name).run(connection, [{**row, column: sequence} for row in rows])


def _keep_answer(
    connection: sa.Connection, stamp: Stamp, request_sha256: str, receipt: Receipt
) -> None:
    row = {
        "actor": stamp.actor,
        "key": stamp.key,
        "request_sha256": request_sha256,
        "event": receipt.sequence,
        "answer": fast_json(receipt.model_dump()).decode(),
    }
    insert_into("idempotency").run(connection, [row])


# Triggers see one row at a time and cannot see a gap that an event leaves behind, so the writer
# asks before it commits. Children lie inside their parent and never overlap (triggers), hence
# equal counts mean that they tile it.
_UNTILED = (
    "SELECT 'blocks do not tile', p.id FROM credit_block p LEFT JOIN credit_block c"
    " ON c.parent = p.id WHERE p.closed_by = :event"
    " GROUP BY p.id, p.quantity HAVING coalesce(sum(c.quantity), 0) <> p.quantity"
    " UNION ALL SELECT 'blocks do not tile', b.id FROM batch b LEFT JOIN credit_block c"
    " ON c.batch = b.id AND c.parent IS NULL WHERE b.event = :event"
    " GROUP BY b.id, b.issued HAVING coalesce(sum(c.quantity), 0) <> b.issued"
)
_UNBALANCED = (
    "SELECT 'unbalanced', batch FROM posting WHERE event = :event"
    " GROUP BY batch HAVING sum(quantity) <> 0"
)
_BROKEN = Prepared(sa.text(f"{_UNTILED} UNION ALL {_UNBALANCED}"))


def check_movement(connection: sa.Connection, sequence: int) -> None:
    """DatabaseRefusedError unless the blocks of an event tile and its postings net to zero."""
    bad = _BROKEN.rows(connection, event=sequence)
    if bad:
        reason = "; ".join(f"{what}: {place}" for what, place in bad)
        raise DatabaseRefusedError(path=f"event {sequence}", reason=reason)


def payload_of(text: str) -> Row:
    """The payload of a stored event."""
    payload: Row = json.loads(text)
    return payload
