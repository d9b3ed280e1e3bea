"""Canonical JSON (RFC 8785) of plain data at the speed of the standard library's C encoder.

For text, whole numbers that JSON carries exactly, lists and objects with ASCII keys, the standard
encoder gives the bytes of RFC 8785: sorted keys, no spaces, the same escapes. Anything else goes
the long way. The invariants hash the journal with the long way only, so each checks the other.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from bluecarbon.provenance import canonical_json

_WHOLE_MAX = 2**53 - 1
_encode = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False
).encode


def fast_json(value: Any) -> bytes:
    """The same bytes as :func:`bluecarbon.provenance.canonical_json`; ReportError like there."""
    if not _is_plain(value):
        return canonical_json(value)
    try:
        return _encode(value).encode()
    except UnicodeEncodeError:
        return canonical_json(value)  # it says what is wrong


def fast_digest(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of ``value``."""
    return hashlib.sha256(fast_json(value)).hexdigest()


def _is_plain(value: Any) -> bool:
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if isinstance(value, int):
        return -_WHOLE_MAX <= value <= _WHOLE_MAX
    if kind is dict:
        # ASCII keys sort alike as characters (Python) and as UTF-16 (RFC 8785).
        return all(
            type(key) is str and key.isascii() and _is_plain(item) for key, item in value.items()
        )
    return kind in {list, tuple} and all(map(_is_plain, value))
