"""What others kept, against the log: certificates and checkpoints that the operator gave away.

A registry file that was cut back to an earlier checkpoint is sound in itself. Who holds a
certificate or a checkpoint from later can tell: its event must still be in its place, and its
root must still be the root of as many events (RFC 6962, section 2.1.2; with the whole log at
hand, the prefix is hashed anew instead of proven by a path).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from bluecarbon.registry.audit_log import CHECKPOINT_SCHEMA, Checkpoint, tree_root
from bluecarbon.registry.certificate import read_certificate, verify_certificate
from bluecarbon.registry.errors import EvidenceError
from bluecarbon.registry.identity import fingerprint
from bluecarbon.spec import Finding


def check_kept(
    leaves: Sequence[bytes],
    key: Ed25519PublicKey,
    certificates: Sequence[Path],
    *,
    checkpoints: Sequence[Path],
) -> tuple[Finding, ...]:
    """Everything in which the log (its leaf hashes) differs from what was kept elsewhere.

    Only what the registry's ``key`` signed is evidence; anything else is a finding of its own.

    Raises
    ------
    EvidenceError
        A file cannot be read, or a checkpoint is none.
    """
    found: list[Finding] = []
    for path in certificates:
        found += _check_certificate(leaves, key, path)
    for path in checkpoints:
        found += _check_checkpoint(leaves, key, path)
    return tuple(found)


def _check_certificate(
    leaves: Sequence[bytes], key: Ed25519PublicKey, path: Path
) -> Sequence[Finding]:
    certificate, _ = read_certificate(_content(path), path.name)
    not_genuine = verify_certificate(path, key)
    if not_genuine:
        return not_genuine
    if certificate is None:  # pragma: no cover - it was verified right above
        return ()
    found = list(_prefix(leaves, certificate.checkpoint, path.name))
    event = certificate.event
    if event.sequence > len(leaves) or leaves[event.sequence - 1] != event.leaf:
        message = (
            f"event {event.sequence}, the retirement that this certificate proves, is no longer"
            f" in the log / 证书所证明的注销（事件 {event.sequence}）已不在日志中"
        )
        found.append(_finding("kept-event-missing", path.name, message))
    return found


def _check_checkpoint(
    leaves: Sequence[bytes], key: Ed25519PublicKey, path: Path
) -> Iterator[Finding]:
    checkpoint = read_checkpoint(path)
    signed_by = checkpoint.registry.public_key_sha256
    if signed_by != fingerprint(key) or not checkpoint.signature_fits(key):
        message = "this registry did not sign the checkpoint / 检查点并非由本登记簿签名"
        yield _finding("kept-checkpoint-not-signed", path.name, message)
        return
    yield from _prefix(leaves, checkpoint, path.name)


def read_checkpoint(path: Path) -> Checkpoint:
    """A checkpoint from a JSON file; EvidenceError when it is none or cannot be read."""
    content = _content(path)
    try:
        checkpoint = Checkpoint.model_validate_json(content, strict=True)
    except ValidationError as error:
        defect = f"it is not JSON of {CHECKPOINT_SCHEMA}"
        raise EvidenceError(path=path, defect=defect) from error
    if checkpoint.schema_id != CHECKPOINT_SCHEMA:
        raise EvidenceError(path=path, defect=f"schema_id is {checkpoint.schema_id!r}")
    return checkpoint


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EvidenceError(path=path, defect=f"it cannot be read ({error.strerror})") from error


def _prefix(leaves: Sequence[bytes], checkpoint: Checkpoint, name: str) -> Iterator[Finding]:
    size = checkpoint.tree_size
    if size > len(leaves):
        message = (
            f"the registry signed {size} events, the log has {len(leaves)}: events were cut off"
            f" / 登记簿曾为 {size} 个事件签名，现仅有 {len(leaves)} 个：日志已被截断"
        )
        yield _finding("kept-log-cut", name, message)
    elif tree_root(leaves[:size]).hex() != checkpoint.root_sha256:
        message = (
            f"the first {size} events are not those that the registry signed: they were rewritten"
            f" / 前 {size} 个事件与登记簿签名时不同：日志已被改写"
        )
        yield _finding("kept-log-rewritten", name, message)


def _finding(code: str, subject: str, message: str) -> Finding:
    fix = "keep this file as evidence and ask the operator for the whole log"
    return Finding(code=code, severity="error", subject=subject, message=message, fix=fix)
