"""What an account holds, as transfers and retirements read it: no more than they need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from bluecarbon.registry import schema
from bluecarbon.registry.domain import Block, Range
from bluecarbon.registry.prepared import Prepared
from bluecarbon.registry.serials import Serial

PAGE = 64
"""Blocks that are read at once: most transfers need one."""


@dataclass(frozen=True, slots=True)
class Lot(Block):
    """An open block of active credits, with the code of its batch."""

    code: str


class Parties(NamedTuple):
    """The kinds of two accounts (None: no such account), and whether the actor is known."""

    source_kind: str | None
    actor_known: bool
    target_kind: str | None


_account, _block, _batch = schema.account, schema.credit_block, schema.batch


def _kind_of(name: str) -> sa.ScalarSelect[Any]:
    return sa.select(_account.c.kind).where(_account.c.id == sa.bindparam(name)).scalar_subquery()


_PARTIES = Prepared(
    sa.select(
        _kind_of("source"),
        sa.exists().where(schema.party.c.id == sa.bindparam("actor")),
        _kind_of("target"),
    )
)

_COLUMNS = (
    _block.c.id,
    _block.c.batch,
    _block.c.first,
    _block.c.last,
    _block.c.holder,
    _block.c.status,
    _batch.c.code,
    _batch.c.vintage,
)
_HELD = (_block.c.holder == sa.bindparam("account")) & _block.c.closed_by.is_(None)


def _next_batch() -> sa.ScalarSelect[Any]:
    """The oldest batch after a vintage and batch of which the account holds anything."""
    batch = _batch.alias("candidate")
    block = _block.alias("held")
    held = sa.exists().where(
        block.c.holder == sa.bindparam("account"),
        block.c.batch == batch.c.id,
        block.c.closed_by.is_(None),
    )
    after = sa.tuple_(batch.c.vintage, batch.c.id) > sa.tuple_(
        sa.bindparam("vintage", type_=sa.BigInteger), sa.bindparam("batch", type_=sa.BigInteger)
    )
    return (
        sa.select(batch.c.id)
        .where(held, after)
        .order_by(batch.c.vintage, batch.c.id)
        .limit(1)
        .scalar_subquery()
    )


def _page(which: sa.ColumnElement[bool]) -> Prepared:
    return Prepared(
        sa.select(*_COLUMNS)
        .join(_batch, _batch.c.id == _block.c.batch)
        .where(_HELD, which)
        .order_by(_block.c.first)
        .limit(sa.literal_column(str(PAGE)))
    )


_NEXT_BATCH = _page(_block.c.batch == _next_batch())
_SAME_BATCH = _page(
    (_block.c.batch == sa.bindparam("batch")) & (_block.c.first > sa.bindparam("after"))
)

_nearest = _block.alias("nearest")
_COVERING = Prepared(
    sa.select(*_COLUMNS)
    .join(_batch, _batch.c.id == _block.c.batch)
    .where(
        _HELD,
        _batch.c.code == sa.bindparam("code"),
        _block.c.first <= sa.bindparam("last"),
        # Open blocks never overlap: none before the nearest one can reach into the range.
        _block.c.first
        >= sa.func.coalesce(
            sa.select(sa.func.max(_nearest.c.first))
            .where(
                _nearest.c.batch == _batch.c.id,
                _nearest.c.closed_by.is_(None),
                _nearest.c.first <= sa.bindparam("first"),
            )
            .scalar_subquery(),
            0,
        ),
    )
    .order_by(_block.c.first)
)

_TOTAL = Prepared(
    sa.select(sa.cast(sa.func.coalesce(sa.func.sum(_block.c.quantity), 0), sa.BigInteger)).where(
        _HELD
    )
)


def parties(connection: sa.Connection, actor: str, source: str, *, target: str) -> Parties:
    """What is known of those that a movement is between."""
    ((source_kind, actor_known, target_kind),) = _PARTIES.rows(
        connection, actor=actor, source=source, target=target
    )
    return Parties(source_kind, bool(actor_known), target_kind)


def in_order(connection: sa.Connection, account: str) -> Iterator[Lot]:
    """The account's active credits, oldest vintage first, then by batch and number."""
    vintage = batch = -1
    while page := _NEXT_BATCH.rows(connection, account=account, vintage=vintage, batch=batch):
        while page:
            yield from map(_lot, page)
            vintage, batch, after = page[-1][7], page[-1][1], page[-1][2]
            page = (
                _SAME_BATCH.rows(connection, account=account, batch=batch, after=after)
                if len(page) == PAGE
                else []
            )


def covering(connection: sa.Connection, account: str, serial: Serial) -> list[Lot]:
    """The account's active blocks that reach into a range of serials."""
    rows = _COVERING.rows(
        connection, account=account, code=serial.batch, first=serial.first, last=serial.last
    )
    return [_lot(row) for row in rows]


def available(connection: sa.Connection, account: str) -> int:
    """How many credits of the account can move."""
    ((total,),) = _TOTAL.rows(connection, account=account)
    return int(total)


def _lot(row: tuple[Any, ...]) -> Lot:
    block, batch, first, last, holder, status, code, _ = row
    return Lot(block, batch, Range(first, last), holder, status, code)
