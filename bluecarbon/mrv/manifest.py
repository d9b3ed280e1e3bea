"""The provenance of files that were made outside of a project: inputs, rules, code, outputs.

``manifest.json`` is canonical JSON (RFC 8785) without a clock and without the place of a file on
a machine: the same inputs and settings give the same bytes, wherever they lie.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bluecarbon.mrv.exports import replacing
from bluecarbon.provenance import Software, canonical_json, sha256_file, software
from bluecarbon.spec import Finding, Value

NAME = "manifest.json"


class FileDigest(Value):
    """A file by its name (of an output: relative to the folder), SHA-256 and size."""

    name: str
    role: str
    sha256: str
    size_bytes: int


class Manifest(Value):
    """What a folder of outputs was made from and how.

    ``resampling`` says of each input that lay on another grid how it was brought to the first
    one's; ``rules`` are the rules that changed maps, in words and in their order.
    """

    command: str
    settings: dict[str, str]
    inputs: tuple[FileDigest, ...]
    resampling: tuple[str, ...]
    rules: tuple[str, ...]
    findings: tuple[Finding, ...]
    software: Software
    outputs: tuple[FileDigest, ...]


def digest_of(path: Path, role: str, *, name: str = "") -> FileDigest:
    """The record of one file; OSError when it cannot be read."""
    size = path.stat().st_size
    return FileDigest(name=name or path.name, role=role, sha256=sha256_file(path), size_bytes=size)


def write_manifest(
    folder: Path,
    command: str,
    *,
    settings: Mapping[str, object],
    inputs: Sequence[FileDigest],
    rules: Sequence[str] = (),
    findings: Sequence[Finding] = (),
) -> Manifest:
    """Write ``manifest.json`` over everything that lies in ``folder``.

    ``class-map-aligned`` among the findings becomes the declared resampling.
    """
    made = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != NAME)
    resampled = [f"{f.subject} {f.message}" for f in findings if f.code == "class-map-aligned"]
    manifest = Manifest(
        command=command,
        settings={key: str(value) for key, value in sorted(settings.items())},
        inputs=tuple(inputs),
        resampling=tuple(resampled),
        rules=tuple(rules),
        findings=tuple(findings),
        software=software(),
        outputs=tuple(
            digest_of(path, "output", name=path.relative_to(folder).as_posix()) for path in made
        ),
    )
    with replacing(folder / NAME) as part:
        part.write_bytes(canonical_json(manifest) + b"\n")
    return manifest
