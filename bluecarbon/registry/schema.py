"""The tables of the ledger. What may happen to their rows is in :mod:`.triggers`.

``event`` is the journal; every other row names the event that wrote it, and the event's payload
repeats the row. The journal alone is therefore the ledger: all other tables can be rebuilt from
it, and :mod:`.invariants` checks that they could.

Only integers and text: no float is stored. Times are ISO 8601 text in UTC. The same tables stand
on SQLite (STRICT) and on PostgreSQL, where text is ordered by its bytes as SQLite orders it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.schema import SchemaItem

SCHEMA_VERSION = 2
REVISION = f"{SCHEMA_VERSION:04}"
"""The name of the migration that leads to this version; see :mod:`.migrations`."""
APPLICATION_ID = 0x62634C67
"""Written into the SQLite header, so that a registry file is known from any other database."""

metadata = MetaData()


def _whole(name: str, *arguments: Any, **options: Any) -> Column[int]:
    """A 64-bit integer column; SQLite's STRICT tables know it by another name."""
    kind = BigInteger().with_variant(Integer(), "sqlite")
    return Column(name, kind, *arguments, **{"nullable": False, **options})


def _words(name: str, *arguments: Any, **options: Any) -> Column[str]:
    kind = Text().with_variant(Text(collation="C"), "postgresql")
    return Column(name, kind, *arguments, **{"nullable": False, **options})


def _event() -> Column[int]:
    return _whole("event", ForeignKey("event.sequence"))


def _key() -> Column[int]:
    return _whole("id", primary_key=True, autoincrement=False)


def _table(name: str, *items: SchemaItem) -> Table:
    return Table(name, metadata, *items, sqlite_strict=True)


def _open_index(name: str, *columns: str, unique: bool = False) -> Index:
    """An index on the blocks that are open now; closed ones are history."""
    now = text("closed_by IS NULL")
    return Index(name, *columns, unique=unique, sqlite_where=now, postgresql_where=now)


meta = _table("meta", _words("key", primary_key=True), _words("value"))

event = _table(
    "event",
    _whole("sequence", primary_key=True, autoincrement=False),
    _words("kind"),
    _words("actor"),
    _words("effective_at"),
    _words("recorded_at"),
    _words("idempotency_key"),
    _words("request_sha256"),
    _words("payload"),
    Column("leaf", LargeBinary, nullable=False),
    UniqueConstraint("actor", "idempotency_key"),
    CheckConstraint("length(leaf) = 32", name="leaf_is_sha256"),
)

party = _table("party", _words("id", primary_key=True), _words("name"), _words("name_zh"), _event())

party_role = _table(
    "party_role",
    _words("party", ForeignKey("party.id")),
    _words("role"),
    _event(),
    PrimaryKeyConstraint("party", "role"),
)

account = _table(
    "account",
    _words("id", primary_key=True),
    _words("kind"),
    _words("party", ForeignKey("party.id")),
    _event(),
    CheckConstraint(
        "kind IN ('holding', 'issuance', 'buffer', 'retirement', 'cancellation')",
        name="account_kind_known",
    ),
)

project = _table(
    "project",
    _words("id", primary_key=True),
    _words("code", unique=True),
    _words("name"),
    _words("name_zh"),
    _words("proponent", ForeignKey("party.id")),
    _words("boundary_wkt"),
    _whole("boundary_area_m2"),
    _event(),
)

lifecycle = _table(
    "lifecycle",
    _words("project", ForeignKey("project.id")),
    # Empty for the project itself; not NULL, which would escape the primary key.
    _words("report"),
    _words("state"),
    _words("actor", ForeignKey("party.id")),
    _event(),
    PrimaryKeyConstraint("project", "report", "state"),
)
"""The states that a project (``report`` empty) and each of its reports have reached."""

report_document = _table("report_document", _words("seal", primary_key=True), _words("document"))
"""The sealed reports themselves, as canonical JSON; the journal commits to them by their seal."""

report = _table(
    "report",
    _words("seal", ForeignKey("report_document.seal"), primary_key=True),
    _words("project", ForeignKey("project.id")),
    _words("methodology"),
    _words("period_start"),
    _words("period_end"),
    _whole("claim_g"),
    _whole("unverified_parameters"),
    _event(),
    CheckConstraint("claim_g > 0", name="claim_positive"),
    CheckConstraint("period_start < period_end", name="period_ordered"),
)

verification = _table(
    "verification",
    _words("report", ForeignKey("report.seal"), primary_key=True),
    _words("verifier", ForeignKey("party.id")),
    _whole("verified_g"),
    _words("statement"),
    _event(),
)

proposal = _table(
    "proposal",
    _whole("event", ForeignKey("event.sequence"), primary_key=True, autoincrement=False),
    _words("report", ForeignKey("report.seal")),
    _words("proposer", ForeignKey("party.id")),
    _words("plan_sha256"),
)

approval = _table(
    "approval",
    _whole("proposal", ForeignKey("proposal.event"), primary_key=True, autoincrement=False),
    _words("approver", ForeignKey("party.id")),
    _event(),
)

issuance = _table(
    "issuance",
    _words("report", ForeignKey("report.seal"), primary_key=True),
    _words("project", ForeignKey("project.id")),
    _words("period_start"),
    _words("period_end"),
    _whole("verified_g"),
    _whole("carried_in_g"),
    _whole("issued"),
    _whole("buffer"),
    _whole("carried_out_g"),
    _whole("buffer_share_ppm"),
    _event(),
    CheckConstraint(
        "carried_in_g + verified_g = issued * 1000000 + carried_out_g", name="nothing_lost"
    ),
    CheckConstraint("carried_out_g BETWEEN 0 AND 999999", name="remainder_below_one_credit"),
    CheckConstraint(
        "buffer = (issued * buffer_share_ppm + 999999) / 1000000", name="buffer_share_kept"
    ),
)

batch = _table(
    "batch",
    _key(),
    _words("code", unique=True),
    _words("project", ForeignKey("project.id")),
    _words("methodology"),
    _whole("vintage"),
    _whole("tranche"),
    _words("report", ForeignKey("issuance.report")),
    _whole("issued"),
    _event(),
    CheckConstraint("issued BETWEEN 1 AND 9007199254740991", name="batch_size"),
)

credit_block = _table(
    "credit_block",
    _key(),
    _whole("batch", ForeignKey("batch.id")),
    _whole("first"),
    _whole("last"),
    _whole("quantity"),
    _words("holder", ForeignKey("account.id")),
    _words("status"),
    _whole("parent", ForeignKey("credit_block.id"), nullable=True),
    _whole("opened_by", ForeignKey("event.sequence")),
    _whole("closed_by", ForeignKey("event.sequence"), nullable=True),
    CheckConstraint("first >= 1 AND last >= first", name="range_ordered"),
    CheckConstraint("quantity = last - first + 1", name="quantity_counts_range"),
    CheckConstraint(
        "status IN ('active', 'buffer', 'retired', 'cancelled')", name="block_status_known"
    ),
    # A second net under the triggers: open blocks share neither first nor last number.
    _open_index("open_block_first", "batch", "first", unique=True),
    _open_index("open_block_last", "batch", "last", unique=True),
    # In the order in which a transfer takes them, so that it reads no more than it moves.
    _open_index("open_block_holder", "holder", "batch", "first"),
    Index("block_history", "batch", "first"),
    Index("block_parent", "parent"),
    Index("block_closed_by", "closed_by"),
)

posting = _table(
    "posting",
    _event(),
    _words("account", ForeignKey("account.id")),
    _whole("batch", ForeignKey("batch.id")),
    _whole("quantity"),
    PrimaryKeyConstraint("event", "account", "batch"),
    CheckConstraint("quantity <> 0", name="posting_moves"),
)

idempotency = _table(
    "idempotency",
    _words("actor", ForeignKey("party.id")),
    _words("key"),
    _words("request_sha256"),
    _event(),
    _words("answer"),
    PrimaryKeyConstraint("actor", "key"),
)

checkpoint = _table(
    "checkpoint",
    _whole("tree_size", primary_key=True, autoincrement=False),
    _words("root_sha256"),
    _words("at"),
    _words("signature"),
)

log_node = _table(
    "log_node",
    _whole("level"),
    _whole("position"),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("level", "position"),
    CheckConstraint("length(hash) = 32", name="node_is_sha256"),
)
"""Roots of the full subtrees of the log, up to its newest checkpoint: ``level`` 1 joins two
leaves, 2 joins four ... They spare a checkpoint or proof the reading of all leaves."""

alembic_version = Table(
    "alembic_version",
    metadata,
    # As alembic itself would make it: a new registry and a migrated one do not differ.
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)

RULED = tuple(table for table in metadata.tables.values() if table is not alembic_version)
"""Every table with rules of its own; the mark of the version is rewritten by migrations."""

JOURNALLED = (
    party,
    party_role,
    account,
    project,
    lifecycle,
    report,
    verification,
    proposal,
    approval,
    issuance,
    batch,
    credit_block,
    posting,
)
"""Tables whose rows stand in the payload of their event, under ``records``."""


def event_column(table: Table) -> str:
    """The column of a journalled table that names the event which wrote the row."""
    return "opened_by" if table is credit_block else "event"


def journalled_columns(table: Table) -> tuple[str, ...]:
    """The columns of a journalled table that its event repeats."""
    left_out = {event_column(table), "closed_by"}
    return tuple(column.name for column in table.columns if column.name not in left_out)
