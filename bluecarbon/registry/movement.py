"""Plans that move credits: issue opens blocks, transfer and retire close them and open children."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from bluecarbon.registry import domain, errors, holdings, reading, schema, serials
from bluecarbon.registry.domain import BlockStatus, Range, Stamp
from bluecarbon.registry.holdings import Lot
from bluecarbon.registry.ledger import Plan, Row
from bluecarbon.registry.prepared import Prepared
from bluecarbon.registry.serials import Serial

Part = tuple[Lot, Range]


class Delivery(NamedTuple):
    """A number of credits (oldest first) for one account: one of many in a single transfer."""

    target: str
    quantity: int


class Move(NamedTuple):
    """A part of a block, and the account that it goes to."""

    lot: Lot
    part: Range
    target: str


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
    _require_between(connection, stamp.actor, source, target=target)
    parts = _parts(connection, source, body)
    moved = _move(connection, [Move(lot, part, target) for lot, part in parts], "active")
    facts = {**body, "quantity": _total(parts), "serials": list(moved.serials)}
    return Plan(facts, moved.records, moved.closed, moved.serials)


def plan_transfers(connection: sa.Connection, stamp: Stamp, body: Row) -> Plan:
    """The plan of many transfers out of ``source``, in their order: all of them or none.

    They are one event: what was asked for in one request stands or falls in one line of the
    journal, and a block out of which a hundred are served is closed once.

    Raises
    ------
    UnknownAccountError, NotHolderError, SameAccountError, InsufficientBalanceError
    """
    source, deliveries = body["source"], body["transfers"]
    for target in dict.fromkeys(item["target"] for item in deliveries):
        _require_between(connection, stamp.actor, source, target=target)
    lots = holdings.in_order(connection, source)
    wanted = [item["quantity"] for item in deliveries]
    moves = [
        Move(lot, part, item["target"])
        for item, parts in zip(deliveries, domain.choose_each(lots, wanted), strict=True)
        for lot, part in parts
    ]
    if sum(move.part.quantity for move in moves) != sum(wanted):
        raise _insufficient(connection, source, sum(wanted))
    moved = _move(connection, moves, "active")
    facts = {**body, "quantity": sum(wanted), "serials": list(moved.serials)}
    return Plan(facts, moved.records, moved.closed, moved.serials)


def deliveries_body(deliveries: Iterable[Delivery | tuple[str, int]]) -> list[Row]:
    """The deliveries as part of a request; QuantityError, or TextError when there is none."""
    rows = [
        {"target": target, "quantity": domain.whole_quantity(quantity)}
        for target, quantity in deliveries
    ]
    if not rows:
        raise errors.TextError(field="transfers", defect="is empty")
    return rows


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
    moves = [Move(lot, part, domain.RETIREMENT) for lot, part in parts]
    moved = _move(connection, moves, "retired")
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
    _check_holder(holdings.parties(connection, actor, account, target=account), actor, account)


def _require_between(connection: sa.Connection, actor: str, source: str, *, target: str) -> None:
    known = holdings.parties(connection, actor, source, target=target)
    _check_holder(known, actor, source)
    if known.target_kind != "holding":
        raise errors.UnknownAccountError(what="account", name=target)
    if source == target:
        raise errors.SameAccountError(account=source)


def _check_holder(known: holdings.Parties, actor: str, account: str) -> None:
    if known.source_kind != "holding":
        raise errors.UnknownAccountError(what="account", name=account)
    if not known.actor_known:
        raise errors.UnknownPartyError(what="party", name=actor)
    # A holding account has the id of the party that holds it.
    if actor != account:
        raise errors.NotHolderError(actor=actor, account=account)


def _parts(connection: sa.Connection, account: str, body: Row) -> list[Part]:
    if "serial" in body:
        return _chosen_parts(connection, account, serials.parse(body["serial"]))
    wanted = body["quantity"]
    parts = domain.choose(holdings.in_order(connection, account), wanted)
    if _total(parts) != wanted:
        raise _insufficient(connection, account, wanted)
    return parts


def _insufficient(
    connection: sa.Connection, account: str, wanted: int
) -> errors.InsufficientBalanceError:
    available = holdings.available(connection, account)
    return errors.InsufficientBalanceError(account=account, available=available, wanted=wanted)


def _chosen_parts(connection: sa.Connection, account: str, serial: Serial) -> list[Part]:
    # A batch that does not exist is simply not held: the caller learns nothing else from it.
    parts = domain.cover(holdings.covering(connection, account, serial), serial.range)
    if _total(parts) != serial.range.quantity:
        raise errors.SerialNotHeldError(account=account, serial=serial)
    return parts


def _total(parts: Iterable[Part]) -> int:
    return sum(part.quantity for _, part in parts)


class _Moved(NamedTuple):
    records: dict[str, list[Row]]
    closed: tuple[int, ...]
    serials: tuple[str, ...]


def _move(connection: sa.Connection, moves: Sequence[Move], status: BlockStatus) -> _Moved:
    """Close each block, open the parts under their new holders and the rest under the old one."""
    ids = next_ids(connection, schema.credit_block)
    blocks: list[Row] = []
    closed: list[int] = []
    # The parts of one block follow each other, in the order of their numbers.
    for lot, group in itertools.groupby(moves, key=lambda move: move.lot):
        blocks += _children(ids, lot, list(group), status)
        closed.append(lot.id)
    # The serials of the receipt are those of the moved parts, in the order of choice.
    return _Moved(
        records={"credit_block": blocks, "posting": _postings(moves)},
        closed=tuple(closed),
        serials=tuple(
            str(Serial(batch=lot.code, first=part.first, last=part.last)) for lot, part, _ in moves
        ),
    )


def _children(
    ids: Iterator[int], lot: Lot, moves: Sequence[Move], status: BlockStatus
) -> Iterator[Row]:
    rests: list[Range] = []
    whole: Range | None = lot.range
    for move in moves:
        if whole is None:  # pragma: no cover - parts never reach beyond their block
            raise errors.DatabaseRefusedError(path=f"block {lot.id}", reason="taken twice")
        below, whole = domain.split(whole, move.part)
        rests += [below] if below is not None else []
    rests += [whole] if whole is not None else []
    for rest in rests:
        kept = block_row(ids, lot.batch, rest, holder=lot.holder, status=lot.status)
        yield kept | {"parent": lot.id}
    for _, part, target in moves:
        taken = block_row(ids, lot.batch, part, holder=target, status=status)
        yield taken | {"parent": lot.id}


def _postings(moves: Sequence[Move]) -> list[Row]:
    amounts: dict[tuple[str, int], int] = {}
    for lot, part, target in moves:
        for account, sign in ((lot.holder, -1), (target, 1)):
            # Two parts of one batch make one posting: its key is event, account, batch.
            key = (account, lot.batch)
            amounts[key] = amounts.get(key, 0) + sign * part.quantity
    return [
        {"account": account, "batch": batch, "quantity": quantity}
        for (account, batch), quantity in sorted(amounts.items())
    ]


_NEWEST = {
    table.name: Prepared(sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0)))
    for table in (schema.credit_block, schema.batch)
}


def next_ids(connection: sa.Connection, table: sa.Table) -> Iterator[int]:
    """Ids that the table does not use yet; safe, because the writer holds the write lock."""
    ((newest,),) = _NEWEST[table.name].rows(connection)
    return itertools.count(newest + 1)


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
