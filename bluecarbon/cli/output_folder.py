"""An output folder that is either the old one or the new one, never half of each.

Every output folder holds ``manifest.txt``: which command made it, where the project file was, and
each file with its SHA-256. A folder is only ever replaced by the command that made it, when it
holds nothing but what its manifest names and none of the inputs, so that no file of somebody else,
no ledger and no input can be lost.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from bluecarbon.errors import OutputError, ReportError
from bluecarbon.provenance import sha256_file

MANIFEST = "manifest.txt"
_FIRST_LINE = "bluecarbon outputs, format 1"
_BY = ", by "
_PROJECT = "project file: "
RUN = "bluecarbon run"
_EXIT_TERMINATED = 143


@contextmanager
def replaced_folder(
    folder: Path, project_path: Path, *, command: str = RUN, inputs: Iterable[Path] = ()
) -> Iterator[Path]:
    """A scratch folder that takes the place of ``folder`` when the block ends without error.

    ``command`` makes the folder and replaces only folders of its own; ``inputs`` are the files it
    reads beside ``project_path``. OutputError when ``folder`` holds one of them or something that
    the command did not make, or cannot be written.
    """
    folder = folder.absolute()
    made: list[Path] = []
    try:
        _require_replaceable(folder, command)
        require_apart(folder, (project_path, *inputs))
        made = _missing_parents(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".bluecarbon-", dir=folder.parent))
    except (OSError, ValueError) as error:
        _remove_empty(made)
        raise _refusal(folder, error) from error
    kept = False
    try:
        with _cleaned_up_on_termination():
            yield scratch
            _write_manifest(scratch, folder, project_path, command)
            _swap(scratch, folder)
        kept = True
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        if not kept:
            _remove_empty(made)


def require_apart(out: Path, inputs: Iterable[Path]) -> None:
    """OutputError when one of the inputs is ``out`` itself or lies in it: it would be lost."""
    place = out.resolve()
    for path in inputs:
        true = path.resolve()
        if place == true or place in true.parents:
            where = "is an input" if place == true else f"holds the input {path.name}"
            raise OutputError(f"{out} {where} of this command; give another --out")


def project_of(folder: Path) -> Path:
    """The project file that an output folder was made from. ReportError when it does not say."""
    manifest = folder / MANIFEST
    try:
        lines = manifest.read_text(encoding="utf-8").splitlines()
        place = next(line for line in lines if line.startswith(_PROJECT))
        return (folder / place.removeprefix(_PROJECT)).resolve()
    except (OSError, ValueError, StopIteration) as error:
        raise ReportError(
            f"{manifest} does not say where the project file is; give it with --project"
        ) from error


def _refusal(folder: Path, error: Exception) -> OutputError:
    if isinstance(error, OutputError):
        return error
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return OutputError(f"{folder} cannot be written: {reason}")


def _require_replaceable(folder: Path, command: str) -> None:
    if folder.is_symlink():
        raise OutputError(f"{folder} is a symbolic link; give the folder itself")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file; give another --out folder")
    maker, listed = _listed(folder)
    strange = sorted(_files(folder) - listed)
    if strange:
        raise OutputError(
            f"{folder} holds files that were not made by {command}, such as {strange[0]}; "
            "give another --out folder"
        )
    if listed and maker != command:
        raise OutputError(
            f"{folder} was made by {maker}, not by {command}; give another --out folder"
        )


def _files(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }


def _listed(folder: Path) -> tuple[str, set[str]]:
    """Which command made the folder, and what the manifest names; nothing when it is not ours."""
    try:
        first, *lines = (folder / MANIFEST).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return "", set()
    title, _, maker = first.partition(_BY)
    if title != _FIRST_LINE:
        return "", set()
    # Before manifests said who made them only bluecarbon run did.
    return maker or RUN, {MANIFEST} | {line.split("  ", 1)[1] for line in lines if "  " in line}


def _write_manifest(scratch: Path, folder: Path, project_path: Path, command: str) -> None:
    # Relative, so that outputs can be moved together with the project.
    place = os.path.relpath(project_path.absolute(), folder)
    names = sorted(_files(scratch))
    lines = [f"{_FIRST_LINE}{_BY}{command}", f"{_PROJECT}{place}"]
    lines += [f"{sha256_file(scratch / name)}  {name}" for name in names]
    (scratch / MANIFEST).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _swap(scratch: Path, folder: Path) -> None:
    scratch.chmod(0o755)  # mkdtemp makes private folders; outputs are meant to be read
    if not folder.exists():
        scratch.rename(folder)
        return
    # Aside first: at no moment is the old one half gone and the new one not there.
    aside = scratch.with_name(scratch.name + "-old")
    folder.rename(aside)
    scratch.rename(folder)
    shutil.rmtree(aside)


def _missing_parents(folder: Path) -> list[Path]:
    return [parent for parent in folder.parents if not parent.exists()]


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:  # innermost first
        with suppress(OSError):
            folder.rmdir()


@contextmanager
def _cleaned_up_on_termination() -> Iterator[None]:
    """Let SIGTERM unwind the stack, so that the scratch folder goes as on any other failure."""

    def leave(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(_EXIT_TERMINATED)

    try:
        before = signal.signal(signal.SIGTERM, leave)
    except ValueError:  # not the main thread: whoever runs us there has handlers of their own
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
