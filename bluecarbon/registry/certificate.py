"""Retirement certificates (注销证书) that anybody can check with the registry's public key alone.

A certificate carries the retirement event as the log committed to it, the path from that event to
the root of the log, and the checkpoint in which the registry signed that root. What it shows
(beneficiary, serials, registry) is repeated from these and checked against them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from bluecarbon.errors import ReportError
from bluecarbon.provenance import canonical_json, digest
from bluecarbon.registry import audit_log, serials
from bluecarbon.registry.audit_log import (
    CHECKPOINT_SCHEMA,
    Checkpoint,
    LoggedEvent,
    RegistryIdentity,
)
from bluecarbon.registry.errors import SerialError
from bluecarbon.registry.identity import fingerprint, load_public_key
from bluecarbon.registry.reading import BatchFacts
from bluecarbon.spec import Finding, Value

SCHEMA = "bluecarbon-retirement-certificate/1"
UNREADABLE = "certificate-unreadable"


class RetirementFacts(Value):
    """What was retired, by whom, and for what."""

    account: str
    beneficiary: str
    purpose: str
    statement: str
    usage_year: int
    quantity: int
    serials: tuple[str, ...]
    batches: tuple[BatchFacts, ...]


class Inclusion(Value):
    """The way from the event to the signed root: sibling hashes in hex, lowest first."""

    leaf_index: int
    tree_size: int
    path: tuple[str, ...]


class Certificate(Value):
    """A retirement with its proof; ``digest`` is the SHA-256 of everything else."""

    schema_id: str = SCHEMA
    registry: RegistryIdentity
    retirement: RetirementFacts
    event: LoggedEvent
    inclusion: Inclusion
    checkpoint: Checkpoint
    digest: str = ""

    @property
    def content_digest(self) -> str:
        """The digest that the certificate should carry."""
        return digest(self.model_copy(update={"digest": ""}))


def make_certificate(
    event: LoggedEvent, path: Sequence[bytes], checkpoint: Checkpoint
) -> Certificate:
    """The certificate of a retirement event; ``path`` leads from it to the checkpoint's root."""
    facts = {name: event.payload["facts"][name] for name in RetirementFacts.model_fields}
    draft = Certificate(
        registry=checkpoint.registry,
        retirement=RetirementFacts.model_validate(facts),
        event=event,
        inclusion=Inclusion(
            leaf_index=event.sequence - 1,
            tree_size=checkpoint.tree_size,
            path=tuple(node.hex() for node in path),
        ),
        checkpoint=checkpoint,
    )
    return draft.model_copy(update={"digest": draft.content_digest})


def certificate_bytes(certificate: Certificate) -> bytes:
    """The bytes of a certificate file: canonical JSON and a line end."""
    return canonical_json(certificate) + b"\n"


def verify_certificate(
    source: Path | bytes, public_key: Path | bytes | Ed25519PublicKey
) -> tuple[Finding, ...]:
    """Everything that is wrong with a certificate; nothing when it is genuine.

    Needs no database and no network. Parameters: the file (or its bytes), and the registry's
    public key (PEM file, PEM bytes or key) from a place that the reader trusts.

    Raises
    ------
    PublicKeyError
        The public key cannot be read.
    """
    key = load_public_key(public_key)
    name = source.name if isinstance(source, Path) else "certificate"
    try:
        content = source.read_bytes() if isinstance(source, Path) else source
    except OSError as error:
        return (_defect(UNREADABLE, name, f"cannot be read: {error.strerror}"),)
    certificate, found = read_certificate(content, name)
    if certificate is None:
        return found
    defects = [
        *_form_defects(certificate, content),
        *_signature_defects(certificate, key),
        *_log_defects(certificate),
        *_shown_defects(certificate),
        *_serial_defects(certificate.retirement),
    ]
    return tuple(_defect(code, name, message) for code, message in defects)


def read_certificate(content: bytes, name: str) -> tuple[Certificate | None, tuple[Finding, ...]]:
    """The certificate that the bytes spell, or why they are none; nothing is verified yet."""
    try:
        plain = json.loads(content)
        # Strict: a number given as text is another content, however alike it looks.
        certificate = Certificate.model_validate_json(content, strict=True)
        # A repeated key or an integer written as 120.0 reads alike and is not the same text.
        if canonical_json(plain) != canonical_json(certificate):
            message = "holds values of another type than they should be"
            return None, (_defect("certificate-malformed", name, message),)
    except ValidationError as error:
        found = []
        for item in error.errors():
            place = ".".join(str(part) for part in item["loc"]) or "document"
            found.append(_defect("certificate-malformed", name, f"{place}: {item['msg']}"))
        return None, tuple(found)
    except (ValueError, RecursionError, ReportError) as error:
        return None, (_defect("certificate-malformed", name, f"is not JSON: {error}"),)
    return certificate, ()


Defect = tuple[str, str]


def _form_defects(certificate: Certificate, content: bytes) -> Iterator[Defect]:
    if certificate.schema_id != SCHEMA:
        yield "certificate-schema", f"schema_id is {certificate.schema_id!r}, not {SCHEMA!r}"
    if certificate.digest != certificate.content_digest:
        yield "certificate-digest", "digest does not fit the content: something was changed"
    if content != certificate_bytes(certificate):
        yield "certificate-not-canonical", "the bytes are not the canonical form of the content"


def _signature_defects(certificate: Certificate, key: Ed25519PublicKey) -> Iterator[Defect]:
    checkpoint = certificate.checkpoint
    if checkpoint.registry.public_key_sha256 != fingerprint(key):
        yield "certificate-other-key", "it names another public key than the one that was given"
    if checkpoint.schema_id != CHECKPOINT_SCHEMA:
        yield "checkpoint-schema", f"checkpoint.schema_id is not {CHECKPOINT_SCHEMA!r}"
    if not checkpoint.signature_fits(key):
        yield (
            "checkpoint-signature",
            "the registry did not sign this checkpoint (tree size, root, time or registry changed)",
        )
    for field in _differing(certificate.registry.model_dump(), checkpoint.registry.model_dump()):
        yield "certificate-registry", f"registry.{field} is not what the registry signed"


def _log_defects(certificate: Certificate) -> Iterator[Defect]:
    event, inclusion = certificate.event, certificate.inclusion
    if inclusion.tree_size != certificate.checkpoint.tree_size:
        yield "inclusion-tree-size", "inclusion.tree_size is not that of the checkpoint"
    if inclusion.leaf_index != event.sequence - 1:
        yield "inclusion-leaf-index", "inclusion.leaf_index is not that of event.sequence"
    try:
        path = [bytes.fromhex(node) for node in inclusion.path]
    except ValueError:
        yield "inclusion-path", "inclusion.path holds something that is not hexadecimal"
        return
    root = audit_log.root_from_inclusion(
        event.leaf, inclusion.leaf_index, inclusion.tree_size, path=path
    )
    if root is None or root.hex() != certificate.checkpoint.root_sha256:
        message = (
            "the event (or inclusion.path) does not lead to the signed root: "
            "it is not what the registry recorded"
        )
        yield "event-not-in-log", message


def _shown_defects(certificate: Certificate) -> Iterator[Defect]:
    if certificate.event.kind != "retire":
        yield "event-kind", f"event.kind is {certificate.event.kind!r}, not a retirement"
    facts = certificate.event.payload.get("facts")
    shown = certificate.retirement.model_dump(mode="json")
    for field in _differing(shown, facts if isinstance(facts, dict) else {}):
        yield "certificate-retirement", f"retirement.{field} is not what event.payload says"


def _serial_defects(retirement: RetirementFacts) -> Iterator[Defect]:
    total = 0
    for text in retirement.serials:
        try:
            total += serials.parse(text).range.quantity
        except SerialError as error:
            yield "certificate-serial", f"retirement.serials: {error.message_en}"
            return
    # The log is believed for what happened, not for arithmetic: count again.
    if total != retirement.quantity:
        yield (
            "certificate-quantity",
            f"retirement.quantity is {retirement.quantity}; its serials hold {total}",
        )


def _differing(shown: dict[str, Any], recorded: dict[str, Any]) -> list[str]:
    return [field for field in sorted(shown) if shown[field] != recorded.get(field)]


def _defect(code: str, subject: str, message: str) -> Finding:
    fix = "ask the registry for the certificate again; do not rely on this copy"
    return Finding(code=code, severity="error", subject=subject, message=message, fix=fix)
