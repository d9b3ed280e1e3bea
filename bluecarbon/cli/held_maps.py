"""Maps of NetCDF files and Zarr stores as files that are there until the command ends.

A command reads its maps many times: to judge, to count, to draw. What is not a raster is therefore
written as rasters once (:mod:`bluecarbon.mrv.map_sources`) and held until the command is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bluecarbon.cli.table_output import echo_findings, refusals
from bluecarbon.errors import DataError
from bluecarbon.spec import Finding, errors_in

if TYPE_CHECKING:
    from bluecarbon.mrv.transitions import DatedMap

Resource = TypeVar("Resource")
Findings = tuple[Finding, ...]

_held: ContextVar[ExitStack] = ContextVar("held")


@contextmanager
def held_resources() -> Iterator[None]:
    """While a command runs: what :func:`hold` opened is closed when it ends, however it ends."""
    with ExitStack() as stack:
        token = _held.set(stack)
        try:
            yield
        finally:
            _held.reset(token)


def hold(resource: AbstractContextManager[Resource]) -> Resource:
    """Open a resource until the command ends. LookupError outside of a command."""
    return _held.get().enter_context(resource)


def held_maps(
    maps: Sequence[DatedMap], found: Findings = ()
) -> tuple[tuple[DatedMap, ...], Findings]:
    """The maps as rasters, and all findings so far.

    Raises
    ------
    DataError
        A file cannot be used as a class map.
    OutputError
        The folder for temporary files is full.
    """
    from bluecarbon.mrv.map_sources import map_files

    given = hold(map_files(maps))
    found += given.findings
    if errors_in(given.findings):
        raise DataError(found)
    return given.maps, found


def held_map(argument: str) -> tuple[DatedMap, Findings]:
    """The one map of ``[YEAR=]FILE[#BAND]``, without its year; raises as :func:`held_maps`."""
    from bluecarbon.mrv.map_arguments import UNDATED, undated_map

    (item,), found = held_maps([undated_map(argument)])
    return replace(item, year=UNDATED), found


def held_raster(path: Path) -> Path:
    """The raster of a path, which may be a map of a cube (``2019=stack.nc``), its remarks told.

    What is no cube stays as it is, a table too. A defect ends the command.
    """
    from bluecarbon.mrv.map_sources import is_cube

    if not is_cube(path):
        return path
    with refusals():
        item, found = held_map(str(path))
    echo_findings(found)
    return item.path
