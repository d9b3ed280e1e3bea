"""Questions to the ledger: all derived from blocks and journal, none stored."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from pydantic import ValidationError

from bluecarbon.registry import errors, schema
from bluecarbon.registry.audit_log import Checkpoint, LoggedEvent, RegistryIdentity
from bluecarbon.registry.domain import Policy, Role, State
from bluecarbon.registry.ledger import payload_of
from bluecarbon.registry.serials import Serial
from bluecarbon.spec import Value


class Charter(Value):
    """What a registry is, written into it once: its public identity and its policy."""

    identity: RegistryIdentity
    policy: Policy
    public_key_pem: str


class Balance(Value):
    """Credits of one batch in one account; ``account`` may be one of the registry's own (@...)."""

    account: str
    batch: str
    status: str
    quantity: int


class HeldBlock(Value):
    """An open block: a serial range with its holder and status."""

    id: int
    serial: str
    quantity: int
    holder: str
    status: str


class HistoryEntry(Value):
    """One step in the life of a serial: the event that put it where it then was."""

    sequence: int
    kind: str
    actor: str
    recorded_at: str
    serial: str
    holder: str
    status: str


class BatchFacts(Value):
    """What a certificate says of a batch; drafts rest on parameters that nobody verified."""

    batch: str
    project: str
    project_name: str
    project_name_zh: str
    methodology: str
    vintage: int
    report: str
    unverified_parameters: int


def charter(connection: sa.Connection) -> Charter:
    """The charter; NotARegistryError when the file has none that can be read."""
    text = connection.scalar(sa.select(schema.meta.c.value).where(schema.meta.c.key == "charter"))
    try:
        return Charter.model_validate_json(text or "")
    except ValidationError as error:
        raise errors.NotARegistryError(path="registry", reason="has no readable charter") from error


def require_role(connection: sa.Connection, actor: str, role: Role) -> None:
    """UnknownPartyError or RoleMissingError unless ``actor`` has the role."""
    roles = roles_of(connection, actor)
    if role not in roles:
        raise errors.RoleMissingError(actor=actor, role=role)


def roles_of(connection: sa.Connection, party: str) -> frozenset[str]:
    """The roles of a party; UnknownPartyError when there is none of this name."""
    known = connection.scalar(sa.select(schema.party.c.id).where(schema.party.c.id == party))
    if known is None:
        raise errors.UnknownPartyError(what="party", name=party)
    table = schema.party_role
    return frozenset(connection.scalars(sa.select(table.c.role).where(table.c.party == party)))


def state_of(connection: sa.Connection, project: str, report: str = "") -> State | None:
    """The newest state of a project, or of one of its reports; None when there is none."""
    table = schema.lifecycle
    return connection.scalar(
        sa.select(table.c.state)
        .where(table.c.project == project, table.c.report == report)
        # No event brings one thing through two states, so the newest event has the newest state.
        .order_by(table.c.event.desc())
        .limit(1)
    )


def actor_of(connection: sa.Connection, project: str, state: State, report: str = "") -> str:
    """Who brought a project or report into a state; empty when nobody did."""
    table = schema.lifecycle
    found = connection.scalar(
        sa.select(table.c.actor).where(
            table.c.project == project, table.c.report == report, table.c.state == state
        )
    )
    return found or ""


def batch_codes(connection: sa.Connection) -> dict[int, str]:
    """Every batch id with its code."""
    rows = connection.execute(sa.select(schema.batch.c.id, schema.batch.c.code))
    return {row.id: row.code for row in rows}


def batch_facts(connection: sa.Connection, batches: Sequence[int]) -> list[BatchFacts]:
    """What certificates say of the batches, in the order of their ids."""
    batch, project, report = schema.batch, schema.project, schema.report
    rows = connection.execute(
        sa.select(batch, project.c.name, project.c.name_zh, report.c.unverified_parameters)
        .join(project, project.c.id == batch.c.project)
        .join(report, report.c.seal == batch.c.report)
        .where(batch.c.id.in_(batches))
        .order_by(batch.c.id)
    )
    return [
        BatchFacts(
            batch=row.code,
            project=row.project,
            project_name=row.name,
            project_name_zh=row.name_zh,
            methodology=row.methodology,
            vintage=row.vintage,
            report=row.report,
            unverified_parameters=row.unverified_parameters,
        )
        for row in rows
    ]


def balances(connection: sa.Connection) -> tuple[Balance, ...]:
    """Credits per account, batch and status, from the open blocks."""
    block, batch = schema.credit_block, schema.batch
    # PostgreSQL sums whole numbers to a decimal one.
    quantity = sa.cast(sa.func.sum(block.c.quantity), sa.BigInteger).label("quantity")
    rows = connection.execute(
        sa.select(block.c.holder, batch.c.code, block.c.status, quantity)
        .join(batch, batch.c.id == block.c.batch)
        .where(block.c.closed_by.is_(None))
        .group_by(block.c.holder, batch.c.code, block.c.status)
        .order_by(block.c.holder, batch.c.code, block.c.status)
    )
    return tuple(
        Balance(account=row.holder, batch=row.code, status=row.status, quantity=row.quantity)
        for row in rows
    )


def open_blocks(connection: sa.Connection, account: str | None = None) -> tuple[HeldBlock, ...]:
    """The open blocks, all or those of one account, in the order of their serials."""
    block, batch = schema.credit_block, schema.batch
    query = (
        sa.select(block, batch.c.code)
        .join(batch, batch.c.id == block.c.batch)
        .where(block.c.closed_by.is_(None))
        .order_by(block.c.batch, block.c.first)
    )
    if account is not None:
        query = query.where(block.c.holder == account)
    return tuple(
        HeldBlock(
            id=row.id,
            serial=str(Serial(batch=row.code, first=row.first, last=row.last)),
            quantity=row.quantity,
            holder=row.holder,
            status=row.status,
        )
        for row in connection.execute(query)
    )


def history(connection: sa.Connection, serial: Serial) -> tuple[HistoryEntry, ...]:
    """Every block that any part of the serial was ever in, from issuance to now.

    UnknownError when the batch does not exist or is smaller than the serial.
    """
    block, batch, event = schema.credit_block, schema.batch, schema.event
    issued = connection.scalar(sa.select(batch.c.issued).where(batch.c.code == serial.batch))
    if issued is None or serial.last > issued:
        raise errors.UnknownError(what="serial", name=str(serial))
    rows = connection.execute(
        sa.select(block, event.c.kind, event.c.actor, event.c.recorded_at)
        .join(batch, batch.c.id == block.c.batch)
        .join(event, event.c.sequence == block.c.opened_by)
        .where(batch.c.code == serial.batch)
        .where(block.c.first <= serial.last, block.c.last >= serial.first)
        .order_by(block.c.opened_by, block.c.first)
    )
    return tuple(_history_entry(row, serial) for row in rows)


def _history_entry(row: sa.Row[tuple[object, ...]], serial: Serial) -> HistoryEntry:
    part = Serial(
        batch=serial.batch, first=max(row.first, serial.first), last=min(row.last, serial.last)
    )
    return HistoryEntry(
        sequence=row.opened_by,
        kind=row.kind,
        actor=row.actor,
        recorded_at=row.recorded_at,
        serial=str(part),
        holder=row.holder,
        status=row.status,
    )


def events(connection: sa.Connection) -> tuple[LoggedEvent, ...]:
    """The journal, first to last."""
    rows = connection.execute(sa.select(schema.event).order_by(schema.event.c.sequence))
    return tuple(_logged(row) for row in rows)


def event_at(connection: sa.Connection, sequence: int) -> LoggedEvent:
    """One event; UnknownEventError."""
    row = connection.execute(
        sa.select(schema.event).where(schema.event.c.sequence == sequence)
    ).one_or_none()
    if row is None:
        raise errors.UnknownEventError(what="event", name=sequence)
    return _logged(row)


def _logged(row: sa.Row[tuple[object, ...]]) -> LoggedEvent:
    values = {name: getattr(row, name) for name in LoggedEvent.model_fields if name != "payload"}
    return LoggedEvent(**values, payload=payload_of(row.payload))


def leaves(connection: sa.Connection, first: int, last: int) -> list[bytes]:
    """The leaf hashes of the events ``first`` to ``last``."""
    table = schema.event
    query = sa.select(table.c.leaf).where(table.c.sequence.between(first, last))
    return list(connection.scalars(query.order_by(table.c.sequence)))


def event_count(connection: sa.Connection) -> int:
    """The number of events: that of the newest, since they have no gap."""
    return connection.scalar(sa.select(sa.func.max(schema.event.c.sequence))) or 0


def checkpoints(connection: sa.Connection) -> tuple[Checkpoint, ...]:
    """The signed checkpoints, smallest tree first."""
    query = sa.select(schema.checkpoint).order_by(schema.checkpoint.c.tree_size)
    return _checkpoints(connection, query)


def newest_checkpoint(connection: sa.Connection) -> Checkpoint | None:
    """The signed checkpoint of the largest tree; None before the first one."""
    query = sa.select(schema.checkpoint).order_by(schema.checkpoint.c.tree_size.desc()).limit(1)
    return next(iter(_checkpoints(connection, query)), None)


def checkpoint_of(connection: sa.Connection, sequence: int) -> Checkpoint:
    """The first checkpoint that covers an event; CheckpointMissingError."""
    size = schema.checkpoint.c.tree_size
    query = sa.select(schema.checkpoint).where(size >= sequence).order_by(size).limit(1)
    found = _checkpoints(connection, query)
    if not found:
        raise errors.CheckpointMissingError(sequence=sequence)
    return found[0]


def _checkpoints(
    connection: sa.Connection, query: sa.Select[tuple[object, ...]]
) -> tuple[Checkpoint, ...]:
    identity = charter(connection).identity
    return tuple(
        Checkpoint(
            registry=identity,
            tree_size=row.tree_size,
            root_sha256=row.root_sha256,
            at=row.at,
            signature=row.signature,
        )
        for row in connection.execute(query)
    )
