"""The transparency log: RFC 6962 Merkle trees, their proofs, and signed checkpoints.

Each event is a leaf: SHA-256(0x00 || canonical JSON of the event). A checkpoint signs the root of
the first ``tree_size`` events; whoever keeps one can tell later whether the operator rewrote any
of them (consistency proof), and whether an event shown to him is among them (inclusion proof).

Source: RFC 6962, "Certificate Transparency", section 2.1 (hashes and proofs); the verification
algorithms are those of RFC 9162, sections 2.1.3.2 and 2.1.4.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bluecarbon.provenance import canonical_json
from bluecarbon.registry.identity import SigningIdentity, signature_fits
from bluecarbon.spec import Value

CHECKPOINT_SCHEMA = "bluecarbon-registry-checkpoint/1"


def leaf_hash(content: bytes) -> bytes:
    """SHA-256(0x00 || content): the prefix keeps leaves and nodes apart (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """The Merkle tree hash of leaf hashes; of none, SHA-256 of nothing (RFC 6962, 2.1)."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    level = list(leaves)
    while len(level) > 1:
        # An odd last node rises as it is: the same tree as the definition by halves.
        paired = [node_hash(*level[i : i + 2]) for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
    return level[0]


RootOf = Callable[[int, int], bytes]
"""The root of the leaves from the first place to before the second, as the log's tree has it."""


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of leaf ``index`` (from 0), lowest node first (RFC 6962, 2.1.1).

    IndexError when there is no such leaf.
    """
    return inclusion_path(lambda a, b: tree_root(leaves[a:b]), index, len(leaves))


def inclusion_path(root_of: RootOf, index: int, tree_size: int) -> list[bytes]:
    """The same from the roots of subtrees; it asks for one per level.

    IndexError when there is no such leaf.
    """
    if not 0 <= index < tree_size:
        raise IndexError(f"leaf {index} of {tree_size}")
    path: list[bytes] = []
    first, last = 0, tree_size
    while last - first > 1:
        middle = first + half_of(last - first)
        if index < middle:
            path.append(root_of(middle, last))
            last = middle
        else:
            path.append(root_of(first, middle))
            first = middle
    return path[::-1]


def root_from_inclusion(
    leaf: bytes, index: int, tree_size: int, *, path: Sequence[bytes]
) -> bytes | None:
    """The root that the path leads to; None when the path does not fit the place.

    RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < tree_size:
        return None
    position, last, node = index, tree_size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if position & 1 or position == last:
            node = node_hash(sibling, node)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        position, last = position >> 1, last >> 1
    return node if last == 0 else None


def consistency_proof(leaves: Sequence[bytes], earlier_size: int) -> list[bytes]:
    """The proof that the first ``earlier_size`` leaves are a prefix (RFC 6962, 2.1.2).

    ValueError when ``earlier_size`` is not in 1..len(leaves).
    """
    return consistency_path(lambda a, b: tree_root(leaves[a:b]), earlier_size, len(leaves))


def consistency_path(root_of: RootOf, earlier_size: int, tree_size: int) -> list[bytes]:
    """The same from the roots of subtrees; it asks for one per level.

    ValueError when ``earlier_size`` is not in 1..tree_size.
    """
    if not 1 <= earlier_size <= tree_size:
        raise ValueError(f"no tree of {earlier_size} leaves is a prefix of {tree_size}")
    path: list[bytes] = []
    first, last = 0, tree_size
    while earlier_size < last:
        middle = first + half_of(last - first)
        if earlier_size <= middle:
            path.append(root_of(middle, last))
            last = middle
        else:
            path.append(root_of(first, middle))
            first = middle
    # A prefix that begins with the tree itself is known to who asks, so the proof leaves it out.
    return ([] if first == 0 else [root_of(first, last)]) + path[::-1]


def is_consistent(
    earlier: tuple[int, bytes], later: tuple[int, bytes], path: Sequence[bytes]
) -> bool:
    """Whether the tree ``earlier`` (size, root) is a prefix of ``later``.

    RFC 9162, section 2.1.4.2.
    """
    (size, root), (later_size, later_root) = earlier, later
    if not 1 <= size <= later_size:
        return False
    if size == later_size:
        return not path and root == later_root
    # A full tree is a node of the later one, so the proof leaves its root out.
    nodes = [root, *path] if size & (size - 1) == 0 else list(path)
    return bool(nodes) and _climb(size - 1, later_size - 1, nodes) == (root, later_root)


def _climb(position: int, last: int, nodes: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """The two roots that a consistency proof leads to; None when its length is wrong."""
    while position & 1:
        position, last = position >> 1, last >> 1
    earlier = later = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return None
        if position & 1 or position == last:
            earlier, later = node_hash(node, earlier), node_hash(node, later)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            later = node_hash(later, node)
        position, last = position >> 1, last >> 1
    return (earlier, later) if last == 0 else None


def half_of(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << ((size - 1).bit_length() - 1)


class RegistryIdentity(Value):
    """Which registry speaks, and with which key."""

    name: str
    name_zh: str
    code: str
    operator: str
    operator_zh: str
    key_label: str
    public_key_sha256: str


class Checkpoint(Value):
    """A signed statement: after ``tree_size`` events the root was ``root_sha256``."""

    schema_id: str = CHECKPOINT_SCHEMA
    registry: RegistryIdentity
    tree_size: int
    root_sha256: str
    at: str
    signature: str = ""

    @property
    def signed_bytes(self) -> bytes:
        """What the signature is of: the canonical JSON of everything else."""
        return canonical_json(self.model_copy(update={"signature": ""}))

    def signature_fits(self, key: Ed25519PublicKey) -> bool:
        """Whether the signature is that of ``key``."""
        return signature_fits(key, self.signed_bytes, self.signature)


def sign_checkpoint(checkpoint: Checkpoint, identity: SigningIdentity) -> Checkpoint:
    """The same checkpoint with its signature."""
    signature = identity.sign(checkpoint.signed_bytes)
    return checkpoint.model_copy(update={"signature": signature})


class LoggedEvent(Value):
    """An event as the log commits to it."""

    sequence: int
    kind: str
    actor: str
    effective_at: str
    recorded_at: str
    idempotency_key: str
    request_sha256: str
    payload: dict[str, Any]

    @property
    def leaf(self) -> bytes:
        """The leaf hash of the event."""
        return leaf_hash(canonical_json(self))
