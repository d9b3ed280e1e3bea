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

from bluecarbon.provenance import canonical_json, digest
from bluecarbon.registry import domain, schema
from bluecarbon.registry.audit_log import LoggedEvent
from bluecarbon.registry.domain import Stamp
from bluecarbon.registry.errors import DatabaseRefusedError, IdempotencyError
from bluecarbon.spec import Value

KEY_LENGTH_MAX = 200

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
    return digest({"kind": kind, "actor": stamp.actor, "effective_at": effective, "body": body})


def earlier_answer(connection: sa.Connection, stamp: Stamp, request_sha256: str) -> Receipt | None:
    """The receipt of the same request; IdempotencyError when the key was used for another."""
    table = schema.idempotency
    row = connection.execute(
        sa.select(table).where(table.c.actor == stamp.actor, table.c.key == stamp.key)
    ).one_or_none()
    if row is None:
        return None
    if row.request_sha256 != request_sha256:
        raise IdempotencyError(key=stamp.key, actor=stamp.actor, sequence=row.event)
    return Receipt.model_validate_json(row.answer)


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
    event = _logged_event(connection, stamp, kind=kind, request_sha256=request_sha256, plan=plan)
    connection.execute(
        sa.insert(schema.event),
        {
            **event.model_dump(exclude={"payload"}),
            "payload": canonical_json(event.payload).decode(),
            "leaf": event.leaf,
        },
    )
    for seal, document in plan.documents.items():
        connection.execute(sa.insert(schema.report_document), {"seal": seal, "document": document})
    # Closing comes first: a child would overlap its parent while that is open.
    _close_blocks(connection, plan.closed, event.sequence)
    _insert_records(connection, plan.records, event.sequence)
    # The last look before the commit; an error here rolls everything back.
    check_movement(connection, event.sequence)
    receipt = Receipt(
        sequence=event.sequence,
        kind=kind,
        recorded_at=event.recorded_at,
        leaf_sha256=event.leaf.hex(),
        serials=plan.serials,
    )
    _keep_answer(connection, stamp, request_sha256, receipt)
    return receipt


def _logged_event(
    connection: sa.Connection, stamp: Stamp, *, kind: str, request_sha256: str, plan: Plan
) -> LoggedEvent:
    effective_at, recorded_at = domain.stamp_times(stamp)
    # Safe as max + 1: the writer holds the write lock, nobody else appends meanwhile.
    newest = connection.scalar(sa.select(sa.func.max(schema.event.c.sequence)))
    return LoggedEvent(
        sequence=(newest or 0) + 1,
        kind=kind,
        actor=stamp.actor,
        effective_at=effective_at,
        recorded_at=recorded_at,
        idempotency_key=domain.plain_text(stamp.key, "idempotency key", length_max=KEY_LENGTH_MAX),
        request_sha256=request_sha256,
        payload=plan.payload,
    )


def _close_blocks(connection: sa.Connection, blocks: tuple[int, ...], sequence: int) -> None:
    table = schema.credit_block
    for block in blocks:
        connection.execute(sa.update(table).where(table.c.id == block).values(closed_by=sequence))


def _insert_records(
    connection: sa.Connection, records: Mapping[str, list[Row]], sequence: int
) -> None:
    for name, rows in records.items():
        table = schema.metadata.tables[name]
        column = schema.event_column(table)
        if rows:
            connection.execute(sa.insert(table), [{**row, column: sequence} for row in rows])


def _keep_answer(
    connection: sa.Connection, stamp: Stamp, request_sha256: str, receipt: Receipt
) -> None:
    connection.execute(
        sa.insert(schema.idempotency),
        {
            "actor": stamp.actor,
            "key": stamp.key,
            "request_sha256": request_sha256,
            "event": receipt.sequence,
            "answer": canonical_json(receipt).decode(),
        },
    )


# Triggers see one row at a time and cannot see a gap that an event leaves behind, so the writer
# asks before it commits. Children lie inside their parent and never overlap (triggers), hence
# equal counts mean that they tile it.
_UNTILED = sa.text(
    "SELECT p.id FROM credit_block p LEFT JOIN credit_block c"
    " ON c.parent = p.id WHERE p.closed_by = :event"
    " GROUP BY p.id, p.quantity HAVING coalesce(sum(c.quantity), 0) <> p.quantity"
    " UNION ALL SELECT b.id FROM batch b LEFT JOIN credit_block c"
    " ON c.batch = b.id AND c.parent IS NULL WHERE b.event = :event"
    " GROUP BY b.id, b.issued HAVING coalesce(sum(c.quantity), 0) <> b.issued"
)
_UNBALANCED = sa.text(
    "SELECT batch FROM posting WHERE event = :event GROUP BY batch HAVING sum(quantity) <> 0"
)


def check_movement(connection: sa.Connection, sequence: int) -> None:
    """DatabaseRefusedError unless the blocks of an event tile and its postings net to zero."""
    for reason, query in (("blocks do not tile", _UNTILED), ("unbalanced", _UNBALANCED)):
        bad = connection.execute(query, {"event": sequence}).scalars().all()
        if bad:
            raise DatabaseRefusedError(path=f"event {sequence}", reason=f"{reason}: {bad}")


def payload_of(text: str) -> Row:
    """The payload of a stored event."""
    payload: Row = json.loads(text)
    return payload
