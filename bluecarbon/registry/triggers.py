"""What the database itself forbids, whoever writes to it.

Each rule is a stable code and the condition, in SQL that both databases know, under which a write
is refused. Here they become triggers of SQLite; :mod:`.postgres_rules` makes those of PostgreSQL.

On SQLite foreign keys are off in any connection that does not ask for them, and ``INSERT OR
REPLACE`` deletes rows without firing delete triggers. So the rules that matter are BEFORE triggers
that look things up themselves and refuse an insert whose key is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from sqlalchemy import Table, UniqueConstraint

from bluecarbon.registry import schema

Operation = Literal["INSERT", "UPDATE", "DELETE"]

_OPERATIONS: tuple[Operation, ...] = ("INSERT", "UPDATE")
_NEWEST_EVENT = "(SELECT coalesce(max(sequence), 0) FROM event)"

_BLOCK_INSERT = {
    "block-born-closed": "NEW.closed_by IS NOT NULL",
    "block-range-invalid": "NEW.first < 1 OR NEW.last < NEW.first",
    "block-count-mismatch": "NEW.quantity <> NEW.last - NEW.first + 1",
    "block-outside-batch": (
        "NEW.last > coalesce((SELECT issued FROM batch WHERE id = NEW.batch), 0)"
    ),
    # Open blocks of a batch never overlap, so the one with the nearest lower start decides.
    "block-overlaps": (
        "coalesce((SELECT last FROM credit_block WHERE batch = NEW.batch AND closed_by IS NULL"
        " AND first <= NEW.last ORDER BY first DESC LIMIT 1), 0) >= NEW.first"
    ),
    "block-status-not-of-account": (
        "coalesce((SELECT kind FROM account WHERE id = NEW.holder), '') <> CASE NEW.status"
        " WHEN 'active' THEN 'holding' WHEN 'buffer' THEN 'buffer'"
        " WHEN 'retired' THEN 'retirement' WHEN 'cancelled' THEN 'cancellation' ELSE '?' END"
    ),
    "block-without-issuance": (
        "NEW.parent IS NULL AND NOT EXISTS (SELECT 1 FROM batch b JOIN event e"
        " ON e.sequence = b.event AND e.kind = 'issue'"
        " WHERE b.id = NEW.batch AND b.event = NEW.opened_by)"
    ),
    "block-outside-parent": (
        "NEW.parent IS NOT NULL AND NOT EXISTS (SELECT 1 FROM credit_block p"
        " WHERE p.id = NEW.parent AND p.batch = NEW.batch AND p.closed_by = NEW.opened_by"
        " AND p.first <= NEW.first AND p.last >= NEW.last)"
    ),
}

_BLOCK_UPDATE = {
    "block-closed-twice": "OLD.closed_by IS NOT NULL",
    "block-terminal": "OLD.status NOT IN ('active', 'buffer')",
    "block-immutable": (
        "NEW.id <> OLD.id OR NEW.batch <> OLD.batch OR NEW.first <> OLD.first"
        " OR NEW.last <> OLD.last OR NEW.quantity <> OLD.quantity OR NEW.holder <> OLD.holder"
        " OR NEW.status <> OLD.status OR NEW.parent IS DISTINCT FROM OLD.parent"
        " OR NEW.opened_by <> OLD.opened_by"
    ),
    "block-closed-by-other-event": f"NEW.closed_by IS DISTINCT FROM {_NEWEST_EVENT}",
    "block-closed-when-opened": "NEW.closed_by <= OLD.opened_by",
}

_ISSUANCE_INSERT = {
    "issuance-above-verified": (
        "NEW.verified_g > coalesce("
        "(SELECT verified_g FROM verification WHERE report = NEW.report), 0)"
    ),
    "issuance-period-overlaps": (
        "EXISTS (SELECT 1 FROM issuance i WHERE i.project = NEW.project"
        " AND i.period_start < NEW.period_end AND NEW.period_start < i.period_end)"
    ),
    "issuance-not-approved": (
        "NOT EXISTS (SELECT 1 FROM approval a JOIN proposal p ON p.event = a.proposal"
        " WHERE p.report = NEW.report)"
    ),
}

_BATCH_INSERT = {
    "batch-above-issuance": (
        "NEW.issued + (SELECT coalesce(sum(issued), 0) FROM batch WHERE report = NEW.report)"
        " > coalesce((SELECT issued FROM issuance WHERE report = NEW.report), 0)"
    ),
}

_APPROVAL_INSERT = {
    "approval-four-eyes": (
        "NEW.approver IS NOT DISTINCT FROM"
        " (SELECT proposer FROM proposal WHERE event = NEW.proposal)"
    ),
}

_VERIFICATION_INSERT = {
    "verification-four-eyes": (
        "NEW.verifier IN (SELECT l.actor FROM lifecycle l JOIN report r ON r.project = l.project"
        " WHERE r.seal = NEW.report AND l.report = '' AND l.state = 'validated')"
    ),
}

_EVENT_INSERT = {
    "event-gap": f"NEW.sequence IS DISTINCT FROM {_NEWEST_EVENT} + 1",
    "event-effective-in-future": "NEW.effective_at > NEW.recorded_at",
    "event-payload-not-json": "NEW.payload IS NOT JSON",
}

_OWN_RULES = {
    ("event", "INSERT"): _EVENT_INSERT,
    ("credit_block", "INSERT"): _BLOCK_INSERT,
    ("credit_block", "UPDATE"): _BLOCK_UPDATE,
    ("issuance", "INSERT"): _ISSUANCE_INSERT,
    ("batch", "INSERT"): _BATCH_INSERT,
    ("approval", "INSERT"): _APPROVAL_INSERT,
    ("verification", "INSERT"): _VERIFICATION_INSERT,
}


class Rule(NamedTuple):
    """A write that is refused with ``code`` when ``condition`` holds."""

    code: str
    table: Table
    operation: Operation
    condition: str


def rules() -> Iterator[Rule]:
    """The rules of all tables, in a fixed order."""
    for table in schema.RULED:
        yield from _append_only(table)
        for operation in _OPERATIONS:
            for code, condition in _OWN_RULES.get((table.name, operation), {}).items():
                yield Rule(code, table, operation, condition)


def trigger_statements() -> Iterator[str]:
    """The CREATE TRIGGER statements of SQLite, in a fixed order."""
    for rule in rules():
        name = rule.code.replace("-", "_")
        yield (
            f"CREATE TRIGGER {name} BEFORE {rule.operation} ON {rule.table.name}"
            f" WHEN {_for_sqlite(rule.condition)}\nBEGIN SELECT RAISE(ABORT, '{rule.code}'); END"
        )


def _for_sqlite(condition: str) -> str:
    for standard, own in (
        ("IS NOT DISTINCT FROM", "IS"),
        ("IS DISTINCT FROM", "IS NOT"),
        ("NEW.payload IS NOT JSON", "NOT json_valid(NEW.payload)"),
    ):
        condition = condition.replace(standard, own)
    return "1" if condition == "TRUE" else condition


def _append_only(table: Table) -> Iterator[Rule]:
    name = table.name
    yield Rule(f"{name}-no-delete", table, "DELETE", "TRUE")
    # Blocks may be closed, once; their own rules say how.
    if table is not schema.credit_block:
        yield Rule(f"{name}-no-update", table, "UPDATE", "TRUE")
    for key in _keys(table):
        same = " AND ".join(f"{column} = NEW.{column}" for column in key)
        taken = f"EXISTS (SELECT 1 FROM {name} WHERE {same})"  # noqa: S608 - names of our own tables
        yield Rule(f"{name}-no-replace-{'-'.join(key)}", table, "INSERT", taken)
    if table in schema.JOURNALLED or table is schema.idempotency:
        written_by = f"NEW.{schema.event_column(table)} IS DISTINCT FROM {_NEWEST_EVENT}"
        # An event that is in the log is finished: nothing is added to it later.
        yield Rule(f"{name}-only-newest-event", table, "INSERT", written_by)


def _keys(table: Table) -> Iterator[tuple[str, ...]]:
    yield tuple(column.name for column in table.primary_key.columns)
    for constraint in sorted(
        (item for item in table.constraints if isinstance(item, UniqueConstraint)),
        key=lambda item: [column.name for column in item.columns],
    ):
        yield tuple(column.name for column in constraint.columns)
