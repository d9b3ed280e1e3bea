"""The registry's signing key (Ed25519, RFC 8032) and its public face.

The fingerprint is the SHA-256 of the public key's SubjectPublicKeyInfo (DER), as printed on every
certificate. A key made from a seed in a project file is no secret; it says so in its label.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bluecarbon.registry import domain
from bluecarbon.registry.errors import PublicKeyError

DEMONSTRATION_LABEL = "DEMONSTRATION KEY"
PUBLIC_KEY_FILE = "registry_public_key.pem"


class SigningIdentity:
    """A private key with a label; it signs, and shows only its public half."""

    def __init__(self, private_key: Ed25519PrivateKey, label: str) -> None:
        self._private_key = private_key
        self.label = label

    @classmethod
    def from_private_bytes(cls, secret: bytes, label: str) -> SigningIdentity:
        """The identity of a 32-byte secret that the operator keeps; ValueError on other lengths."""
        return cls(Ed25519PrivateKey.from_private_bytes(secret), label)

    @classmethod
    def from_seed(cls, seed: str) -> SigningIdentity:
        """A key that anybody can derive from ``seed`` (HKDF-SHA-256, RFC 5869): demonstrations.

        TextError when the seed is empty or cannot be printed.
        """
        domain.plain_text(seed, "signing seed")
        # Not the hash of the seed alone: the info text keeps this key apart from other uses of it.
        derive = HKDF(hashes.SHA256(), 32, salt=None, info=b"bluecarbon demonstration registry")
        return cls.from_private_bytes(derive.derive(seed.encode()), DEMONSTRATION_LABEL)

    @property
    def public_key(self) -> Ed25519PublicKey:
        """The public half."""
        return self._private_key.public_key()

    @property
    def public_pem(self) -> bytes:
        """The public half as PEM."""
        return self.public_key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def fingerprint(self) -> str:
        """See :func:`fingerprint`."""
        return fingerprint(self.public_key)

    def sign(self, message: bytes) -> str:
        """The signature of ``message`` in hex (deterministic: RFC 8032 needs no random number)."""
        return self._private_key.sign(message).hex()


def fingerprint(key: Ed25519PublicKey) -> str:
    """SHA-256 (hex) of the key's SubjectPublicKeyInfo in DER."""
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(der).hexdigest()


def load_public_key(source: Path | bytes | Ed25519PublicKey) -> Ed25519PublicKey:
    """A public key from a PEM file, PEM bytes or as it is.

    Raises
    ------
    PublicKeyError
        The file cannot be read or holds no Ed25519 public key.
    """
    if isinstance(source, Ed25519PublicKey):
        return source
    name = str(source) if isinstance(source, Path) else "the given bytes"
    try:
        key = serialization.load_pem_public_key(
            source.read_bytes() if isinstance(source, Path) else source
        )
    except OSError as error:
        defect = f"it cannot be read ({error.strerror})"
        raise PublicKeyError(source=name, defect=defect) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise PublicKeyError(source=name, defect="it is not a public key in PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise PublicKeyError(source=name, defect="the key is not an Ed25519 key")
    return key


def signature_fits(key: Ed25519PublicKey, message: bytes, signature: str) -> bool:
    """Whether ``signature`` (hex) is the key's signature of ``message``."""
    try:
        key.verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True
