"""The provenance of files that were made outside of a project: inputs, rules, code, outputs.

``manifest.json`` is canonical JSON (RFC 8785) without a clock and without the place of a file on
a machine: the same inputs and settings give the same bytes, wherever they lie.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from bluecarbon.mrv.exports import replacing
from bluecarbon.provenance import Software, canonical_json, sha256_file, software
from bluecarbon.spec import Finding, Value

NAME = "manifest.json"

RESAMPLED = frozenset({"class-map-aligned", "raster-resampled"})
"""Findings that say how a raster was brought to another grid."""


class FileDigest(Value):
    """A file by its name (of an output: relative to the folder), SHA-256 and size."""

    name: str
    role: str
    sha256: str
    size_bytes: int


class Manifest(Value):
    """What a folder of outputs was made from and how.

    ``resampling`` says of each input that lay on another grid how it was brought to the first
    one's; ``rules`` are the rules that changed maps, in words and in their order; ``libraries``
    the versions of those that read, resample and project rasters.
    """

    command: str
    settings: dict[str, str]
    inputs: tuple[FileDigest, ...]
    resampling: tuple[str, ...]
    rules: tuple[str, ...]
    findings: tuple[Finding, ...]
    software: Software
    libraries: dict[str, str]
    outputs: tuple[FileDigest, ...]


def libraries() -> dict[str, str]:
    """Versions of GDAL, of its PROJ and of pyproj's: other versions may give other numbers."""
    import pyproj
    import rasterio

    return {
        "gdal": rasterio.__gdal_version__,
        "numpy": np.__version__,
        "proj": rasterio.__proj_version__,
        "proj_of_pyproj": pyproj.proj_version_str,
        "rasterio": rasterio.__version__,
    }


def digest_of(path: Path, role: str, *, name: str = "") -> FileDigest:
    """The record of one file, or of a folder as one; OSError when it cannot be read.

    The digest of a folder (a Zarr store) is that of a list of its files by name with theirs.
    """
    if path.is_dir():
        return _digest_of_folder(path, role, name or path.name)
    size = path.stat().st_size
    return FileDigest(name=name or path.name, role=role, sha256=sha256_file(path), size_bytes=size)


def _digest_of_folder(path: Path, role: str, name: str) -> FileDigest:
    files = sorted(file for file in path.rglob("*") if file.is_file())
    lines = [f"{sha256_file(file)}  {file.relative_to(path).as_posix()}\n" for file in files]
    sha256 = hashlib.sha256("".join(lines).encode()).hexdigest()
    size = sum(file.stat().st_size for file in files)
    return FileDigest(name=name, role=role, sha256=sha256, size_bytes=size)


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

    ``class-map-aligned`` and ``raster-resampled`` among the findings become the resampling.
    """
    made = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != NAME)
    resampled = [f"{f.subject} {f.message}" for f in findings if f.code in RESAMPLED]
    manifest = Manifest(
        command=command,
        settings={key: str(value) for key, value in sorted(settings.items())},
        inputs=tuple(inputs),
        resampling=tuple(resampled),
        rules=tuple(rules),
        findings=tuple(findings),
        software=software(),
        libraries=libraries(),
        outputs=tuple(
            digest_of(path, "output", name=path.relative_to(folder).as_posix()) for path in made
        ),
    )
    with replacing(folder / NAME) as part:
        part.write_bytes(canonical_json(manifest) + b"\n")
    return manifest
