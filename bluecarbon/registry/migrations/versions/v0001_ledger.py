"""Version 1: the journal, its tables and their rules."""

from __future__ import annotations

from alembic import op

from bluecarbon.registry.migrations.frozen import statements

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make everything in an empty database."""
    for statement in statements(revision, op.get_context().dialect.name):
        op.get_bind().exec_driver_sql(statement)
