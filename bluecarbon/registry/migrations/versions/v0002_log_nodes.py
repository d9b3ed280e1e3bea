"""Version 2: the nodes of the log's tree, and an index in the order in which credits move."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bluecarbon.registry.audit_log import node_hash
from bluecarbon.registry.migrations.frozen import statements

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the table and hash every full subtree up to the newest checkpoint."""
    connection = op.get_bind()
    # The rows go in before the rules, which would look each of them up.
    table, *rest = statements(revision, op.get_context().dialect.name)
    connection.exec_driver_sql(table)
    rows = _nodes(connection)
    if rows:
        insert = "INSERT INTO log_node (level, position, hash) VALUES (:level, :position, :hash)"
        connection.execute(sa.text(insert), rows)
    for statement in rest:
        connection.exec_driver_sql(statement)


def _nodes(connection: sa.Connection) -> list[dict[str, object]]:
    size = connection.scalar(sa.text("SELECT coalesce(max(tree_size), 0) FROM checkpoint"))
    query = sa.text("SELECT leaf FROM event WHERE sequence <= :size ORDER BY sequence")
    hashes = [bytes(leaf) for leaf in connection.scalars(query, {"size": size})]
    rows: list[dict[str, object]] = []
    level = 0
    while len(hashes) > 1:
        hashes = [node_hash(*hashes[i : i + 2]) for i in range(0, len(hashes) - 1, 2)]
        level += 1
        rows += [{"level": level, "position": n, "hash": node} for n, node in enumerate(hashes)]
    return rows
