"""Plans that move credits: issue opens blocks, transfer and retire close them and open children."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from bluecarbon.registry import domain, errors, reading, schema, serials
from bluecarbon.registry.domain import Block, BlockStatus, Range, Stamp
from bluecarbon.registry.ledger import Plan, Row
from bluecarbon.registry.serials import Serial

Part = tuple[Block, Range]


@dataclass(frozen=True)
class Retirement:
    """What credits are used up for. ``usage_year`` is the year of the emissions they offset."""

    beneficiary: str
    purpose: str
    usage_year: int
    statement: str = ""


class Selection(NamedTuple):
    """What is to move: a number of credits (oldest first), or chosen serials; one of the two."""

    quantity: object = None
    serial: object = None

    def body(self) -> Row:
        """The selection as part of a request; raises when it is not exactly one valid choice."""
        if (self.quantity is None) == (self.serial is None):
            raise errors.SelectionError
        if self.quantity is not None:
            return {"quantity": domain.whole_quantity(self.quantity)}
        return {"serial": str(serials.parse(self.serial))}


def plan_transfer(connection: sa.Connection, stamp: Stamp, body: Row) -> Plan:
    """The plan of a transfer from ``source`` to ``target``.

    Raises
    ------
    UnknownAccountError, NotHolderError, SameAccountError, InsufficientBalanceError,
    SerialNotHeldError
    """
    source, target = body["source"], body["target"]
    _require_holder(connection, stamp.actor, source)
    reading.require_holding_account(connection, target)
    if source == target:
        raise errors.SameAccountError(account=source)
    parts = _parts(connection, source, body)
    moved = _move(connection, parts, target, "active")
    facts = {**body, "quantity": _total(parts), "serials": list(moved.serials)}
    return Plan(facts, moved.records, moved.closed, moved.serials)


def plan_retirement(connection: sa.Connection, stamp: Stamp, body: Row) -> Plan:
    """The plan of a retirement (注销): the credits leave the market for a named beneficiary.

    The facts name projects and vintages, so that a certificate needs the event alone.

    Raises
    ------
    UnknownAccountError, NotHolderError, InsufficientBalanceError, SerialNotHeldError
    """
    account = body["account"]
    _require_holder(connection, stamp.actor, account)
    parts = _parts(connection, account, body)
    moved = _move(connection, parts, domain.RETIREMENT, "retired")
    batches = reading.batch_facts(connection, sorted({block.batch for block, _ in parts}))
    facts = {
        **body,
        "quantity": _total(parts),
        "serials": list(moved.serials),
        "batches": [item.model_dump() for item in batches],
    }
    return Plan(facts, moved.records, moved.closed, moved.serials)


def check_usage_year(value: object, stamp: Stamp) -> int:
    """``value`` as the year that the credits are used for; at most the year after recording."""
    if type(value) is not int:
        raise errors.QuantityNotWholeError(field="usage year", value=repr(value))
    latest = stamp.at.year + 1
    if not domain.YEAR_FIRST <= value <= latest:
        defect = f"{value} is not in {domain.YEAR_FIRST}..{latest}"
        raise errors.TimeError(field="usage year", defect=defect)
    return value


def _require_holder(connection: sa.Connection, actor: str, account: str) -> None:
    reading.require_holding_account(connection, account)
    reading.roles_of(connection, actor)
    # A holding account has the id of the party that holds it.
    if actor != account:
        raise errors.NotHolderError(actor=actor, account=account)


def _parts(connection: sa.Connection, account: str, body: Row) -> list[Part]:
    if "serial" in body:
        return _chosen_parts(connection, account, serials.parse(body["serial"]))
    blocks = reading.active_blocks(connection, account)
    parts = domain.choose(blocks, body["quantity"])
    if _total(parts) != body["quantity"]:
        available = sum(block.range.quantity for block in blocks)
        raise errors.InsufficientBalanceError(
            account=account, available=available, wanted=body["quantity"]
        )
    return parts


def _chosen_parts(connection: sa.Connection, account: str, serial: Serial) -> list[Part]:
    batch = reading.batch_id(connection, serial.batch)
    # A batch that does not exist is simply not held: the caller learns nothing else from it.
    blocks = [] if batch is None else reading.active_blocks(connection, account, batch=batch)
    parts = domain.cover(blocks, serial.range)
    if _total(parts) != serial.range.quantity:
        raise errors.SerialNotHeldError(account=account, serial=serial)
    return parts


def _total(parts: Iterable[Part]) -> int:
    return sum(part.quantity for _, part in parts)


class _Moved(NamedTuple):
    records: dict[str, list[Row]]
    closed: tuple[int, ...]
    serials: tuple[str, ...]


def _move(
    connection: sa.Connection, parts: Sequence[Part], target: str, status: BlockStatus
) -> _Moved:
    """Close each block, open the part under its new holder and the rest under the old one."""
    ids = next_ids(connection, schema.credit_block)
    blocks: list[Row] = []
    for block, part in parts:
        below, above = domain.split(block.range, part)
        children = [
            block_row(ids, block.batch, rest, holder=block.holder, status=block.status)
            for rest in (below, above)
            if rest is not None
        ]
        children.append(block_row(ids, block.batch, part, holder=target, status=status))
        blocks += [child | {"parent": block.id} for child in children]
    # The serials of the receipt are those of the moved parts, in the order of choice.
    codes = reading.batch_codes(connection)
    return _Moved(
        records={"credit_block": blocks, "posting": _postings(parts, target)},
        closed=tuple(block.id for block, _ in parts),
        serials=tuple(
            str(Serial(batch=codes[block.batch], first=part.first, last=part.last))
            for block, part in parts
        ),
    )


def _postings(parts: Sequence[Part], target: str) -> list[Row]:
    amounts: dict[tuple[str, int], int] = {}
    for block, part in parts:
        for account, sign in ((block.holder, -1), (target, 1)):
            # Two parts of one batch make one posting: its key is event, account, batch.
            key = (account, block.batch)
            amounts[key] = amounts.get(key, 0) + sign * part.quantity
    return [
        {"account": account, "batch": batch, "quantity": quantity}
        for (account, batch), quantity in sorted(amounts.items())
    ]


def next_ids(connection: sa.Connection, table: sa.Table) -> Iterator[int]:
    """Ids that the table does not use yet; safe, because the writer holds the write lock."""
    newest = connection.scalar(sa.select(sa.func.max(table.c.id)))
    return itertools.count((newest or 0) + 1)


def block_row(
    ids: Iterator[int], batch: int, numbers: Range, *, holder: str, status: BlockStatus
) -> Row:
    """A root block as a row; a child adds its ``parent``."""
    return {
        "id": next(ids),
        "batch": batch,
        "first": numbers.first,
        "last": numbers.last,
        "quantity": numbers.quantity,
        "holder": holder,
        "status": status,
        "parent": None,
    }
