"""An output folder that is either the old one or the new one, never half of each."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bluecarbon.errors import OutputError

MARKER = "inputs.txt"
"""Every output folder holds this file: it says where the project file was, and that we made it."""


@contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """A scratch folder that takes the place of ``folder`` when the block ends without error.

    OutputError when ``folder`` holds something that a run did not make, or cannot be written.
    """
    folder = folder.absolute()
    if folder.exists() and not _may_replace(folder):
        raise OutputError(
            f"{folder} exists and was not made by bluecarbon run; give another --out folder"
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}") from error
    try:
        yield scratch
        scratch.chmod(0o755)  # mkdtemp makes private folders; outputs are meant to be read
        if folder.exists():
            shutil.rmtree(folder)
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _may_replace(folder: Path) -> bool:
    return folder.is_dir() and ((folder / MARKER).is_file() or not any(folder.iterdir()))
