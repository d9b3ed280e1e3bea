"""Canonical JSON, digests and the record of what a number was made from.

The same value gives the same bytes everywhere: JSON is written by RFC 8785 (JCS) and hashed by
SHA-256. Nothing here reads a clock or a random source.
"""

from __future__ import annotations

import hashlib
import importlib.resources
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rfc8785
from pydantic import BaseModel

from bluecarbon.errors import ReportError
from bluecarbon.spec import Value

ROWS_WITH_OWN_DIGEST_MAX = 5000
"""Up to this many rows each has a digest of its own; longer tables are digested by chunks."""


class InputFile(Value):
    """One file that a run read. ``row_digests`` (of text tables) let a verifier name the row."""

    path: str
    role: str
    sha256: str
    size_bytes: int
    rows_per_digest: int = 0
    row_digests: tuple[str, ...] = ()


class Software(Value):
    """What computed a claim: the version and the digest of the code and tables that ran."""

    name: str
    version: str
    code_sha256: str


def canonical_json(value: Any) -> bytes:
    """RFC 8785 bytes of plain JSON data or of a value type.

    Raises
    ------
    ReportError
        The value holds something that JSON cannot carry (NaN, infinity, a big integer).
    """
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    try:
        return rfc8785.dumps(plain)
    except (rfc8785.CanonicalizationError, ValueError) as error:
        raise ReportError(f"not representable as canonical JSON: {error}") from error


def digest(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of ``value``."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def sha256_file(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes, read in blocks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def describe_file(path: Path, declared_as: str, role: str) -> InputFile:
    """The record of an input; ``declared_as`` is the path as the project file spells it.

    The declared spelling, not the place on this machine, goes into the record, so that the same
    inputs give the same report wherever they lie.
    """
    chunk, rows = (0, ()) if path.suffix.lower() != ".csv" else _row_digests(path)
    return InputFile(
        path=declared_as,
        role=role,
        sha256=sha256_file(path),
        size_bytes=path.stat().st_size,
        rows_per_digest=chunk,
        row_digests=rows,
    )


def _row_digests(path: Path) -> tuple[int, tuple[str, ...]]:
    lines = path.read_bytes().splitlines()
    chunk = max(1, -(-len(lines) // ROWS_WITH_OWN_DIGEST_MAX))
    # 12 hex digits name a row among thousands; the whole file has a full digest beside them.
    return chunk, tuple(
        hashlib.sha256(b"\n".join(lines[start : start + chunk])).hexdigest()[:12]
        for start in range(0, len(lines), chunk)
    )


def changed_rows(record: InputFile, now: InputFile) -> tuple[str, ...]:
    """Which lines of a text table differ from the record, in words (line 1 is the header).

    A row that was put in or taken out shifts all that follow: then the first place that differs
    is named, with the change in the number of rows.
    """
    if not record.row_digests or not now.row_digests:
        return ()
    if len(record.row_digests) != len(now.row_digests):
        return (_first_shift(record, now),)
    return tuple(
        _lines_of(index, record.rows_per_digest)
        for index, (was, is_) in enumerate(zip(record.row_digests, now.row_digests, strict=True))
        if was != is_
    )


def _first_shift(record: InputFile, now: InputFile) -> str:
    pairs = zip(record.row_digests, now.row_digests, strict=False)
    shorter = min(len(record.row_digests), len(now.row_digests))
    first = next((i for i, (was, is_) in enumerate(pairs) if was != is_), shorter)
    delta = len(now.row_digests) - len(record.row_digests)
    return f"from {_lines_of(first, record.rows_per_digest)} on ({delta:+d} lines)"


def _lines_of(index: int, chunk: int) -> str:
    first = index * chunk + 1
    return f"line {first}" if chunk == 1 else f"lines {first}-{first + chunk - 1}"


def software() -> Software:
    """The running code: version, and one digest over every module and table of the package."""
    from bluecarbon import __version__

    sha = hashlib.sha256()
    for name, content in _package_files():
        sha.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    return Software(name="bluecarbon", version=__version__, code_sha256=sha.hexdigest())


def _package_files() -> Iterator[tuple[str, bytes]]:
    root = Path(str(importlib.resources.files("bluecarbon")))
    for path in sorted(root.rglob("*")):
        if path.suffix in {".py", ".csv", ".toml", ".json", ".html", ".css", ".bib", ".j2"}:
            yield path.relative_to(root).as_posix(), path.read_bytes()
