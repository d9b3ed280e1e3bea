"""The log's Merkle tree in the database: checkpoints and proofs without reading every leaf.

The roots of full subtrees never change, so they are kept as they become full: each node belongs
to the leaves ``position * 2**level`` and the ``2**level - 1`` after it. They are filled up to the
newest checkpoint when it is signed, all of them once: signing costs the events since the one
before, a proof one node per level. The invariant log-nodes hashes them anew.
"""

from __future__ import annotations

import sqlalchemy as sa

from bluecarbon.registry import audit_log, reading, schema
from bluecarbon.registry.audit_log import half_of, node_hash
from bluecarbon.registry.errors import UnknownEventError


def extend(connection: sa.Connection, earlier_size: int, size: int) -> None:
    """Keep the subtrees that the leaves after ``earlier_size`` have filled, up to ``size``."""
    level, hashes = 0, reading.leaves(connection, earlier_size + 1, size)
    rows = []
    while size >> (level + 1) > earlier_size >> (level + 1):
        start = earlier_size >> level
        # An odd start is the right child of a node whose left child was there before.
        if start & 1:
            hashes.insert(0, _node(connection, level, start - 1))
        hashes = [node_hash(*hashes[i : i + 2]) for i in range(0, len(hashes) - 1, 2)]
        level += 1
        first = earlier_size >> level
        rows += [
            {"level": level, "position": first + place, "hash": node}
            for place, node in enumerate(hashes)
        ]
    if rows:
        connection.execute(sa.insert(schema.log_node), rows)


def root(connection: sa.Connection, size: int) -> bytes:
    """The root of the first ``size`` leaves; UnknownEventError when there are fewer."""
    return _root(connection, 0, size) if size else audit_log.tree_root(())


def inclusion_proof(connection: sa.Connection, index: int, size: int) -> list[bytes]:
    """See :func:`audit_log.inclusion_proof`; UnknownEventError when there are fewer events."""
    return audit_log.inclusion_path(lambda a, b: _root(connection, a, b), index, size)


def consistency_proof(connection: sa.Connection, earlier_size: int, size: int) -> list[bytes]:
    """See :func:`audit_log.consistency_proof`; UnknownEventError when there are fewer events."""
    return audit_log.consistency_path(lambda a, b: _root(connection, a, b), earlier_size, size)


def _root(connection: sa.Connection, first: int, last: int) -> bytes:
    count = last - first
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return _node(connection, level, first >> level)
    middle = first + half_of(count)
    return node_hash(_root(connection, first, middle), _root(connection, middle, last))


def _node(connection: sa.Connection, level: int, position: int) -> bytes:
    nodes = schema.log_node
    query = sa.select(nodes.c.hash).where(nodes.c.level == level, nodes.c.position == position)
    kept: bytes | None = connection.scalar(query) if level else None
    if kept is not None:
        return kept
    # Leaves themselves, and what is not yet under a checkpoint.
    first, last = position << level, (position + 1) << level
    leaves = reading.leaves(connection, first + 1, last)
    if len(leaves) != last - first:
        raise UnknownEventError(what="event", name=last)
    return audit_log.tree_root(leaves)
