"""Options that several commands share, said once: who computes the blocks, which classes there are.

A command takes a group of options as one parameter, a frozen dataclass; :func:`grouped` shows its
fields to the command line as if the command had named each of them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args, get_type_hints

import typer

from bluecarbon.cli.held_maps import held_resources
from bluecarbon.errors import DataError
from bluecarbon.spec import Finding

if TYPE_CHECKING:
    from bluecarbon.mrv.blocks import Runner
    from bluecarbon.mrv.map_arguments import MapLegend
    from bluecarbon.mrv.map_stack import Alignment


@dataclass(frozen=True)
class Scale:
    """Who computes the blocks: threads of this process unless one of these is given."""

    dask: Annotated[
        str | None, typer.Option("--dask", help="A dask scheduler, as in tcp://host:8786.")
    ] = None
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Worker processes of this machine.")
    ] = None


@dataclass(frozen=True)
class Classes:
    """What the numbers of a map mean."""

    legend: Annotated[
        list[str] | None,
        typer.Option("--legend", help="number=class, as in 1=mangrove; else the file's tags."),
    ] = None


@dataclass(frozen=True)
class Grids:
    """What to do with maps on different grids."""

    align: Annotated[
        str,
        typer.Option("--align", help="Maps on other grids than the first: refuse, nearest, mode."),
    ] = "refuse"
    nodata: Annotated[
        int | None,
        typer.Option("--nodata", help="Number that is no class in maps that do not say so."),
    ] = None


def declared_legend(classes: Classes) -> dict[int, str] | None:
    """Number -> class as ``--legend`` says; None when it is not given. DataError for defects."""
    found: list[Finding] = []
    names: dict[int, str] = {}
    for entry in classes.legend or ():
        number, _, name = entry.partition("=")
        if not number.strip().lstrip("-").isdigit() or not name:
            fix = "write number=class, as in 1=mangrove"
            message = f"'{entry}' is not a number and a class"
            found.append(Finding.error("setting-wrong", "--legend", message, fix=fix))
        elif names.setdefault(int(number), name) != name:
            message, fix = f"number {int(number)} is named twice", "name each number once"
            found.append(Finding.error("setting-wrong", "--legend", message, fix=fix))
    if found:
        raise DataError(found)
    return names or None


def alignment_of(grids: Grids) -> Alignment:
    """The rule for maps on other grids, with the number that is no class. DataError for no rule."""
    from bluecarbon.mrv.aligned_maps import Rule
    from bluecarbon.mrv.map_stack import Filled

    if grids.align not in get_args(Rule):
        fix = f"use {', '.join(get_args(Rule))}"
        message = f"'{grids.align}' is no rule for class maps"
        raise DataError([Finding.error("setting-wrong", "--align", message, fix=fix)])
    return Filled(cast("Any", grids.align), grids.nodata)


def without_nodata(legend: MapLegend, grids: Grids) -> MapLegend:
    """The legend with ``--nodata`` as a number that says nothing. DataError where it is a class."""
    number = grids.nodata
    if number is None or number in legend.unknown:
        return legend
    if number in legend.names:
        message = f"{number} is the class '{legend.names[number]}' in the legend"
        fix = "give a number that is no class"
        raise DataError([Finding.error("setting-wrong", "--nodata", message, fix=fix)])
    return replace(legend, unknown=legend.unknown | {number})


@contextmanager
def runner_of(scale: Scale) -> Iterator[Runner]:
    """Threads, a cluster, or workers of this machine; the results are the same bytes.

    Raises
    ------
    DataError
        Both a scheduler and a number of workers are given.
    ClusterError, MissingExtraError
        As of :mod:`bluecarbon.mrv.cluster`.
    """
    if scale.dask and scale.workers:
        message, fix = "--dask and --workers are both given", "give one of them"
        raise DataError([Finding.error("setting-wrong", "--workers", message, fix=fix)])
    if not scale.dask and not scale.workers:
        from bluecarbon.mrv.blocks import Threads

        yield Threads()
        return
    from bluecarbon.mrv.cluster import connected, local_workers

    place = connected(scale.dask) if scale.dask else local_workers(scale.workers or 1)
    with place as cluster:
        yield cluster


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose dataclass parameters are given as one option for each of their fields."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    plain = [p for name, p in inspect.signature(command).parameters.items() if name not in groups]
    shown = [p.replace(annotation=hints[p.name]) for p in plain]
    for group in groups.values():
        shown += _parameters(group)

    def run(**given: Any) -> None:
        made = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        positional = [given.pop(p.name) for p in plain if p.kind is not p.KEYWORD_ONLY]
        with held_resources():
            command(*positional, **given, **made)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in shown}
    vars(run)["__signature__"] = inspect.Signature(shown)
    return run


def _parameters(group: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(group)
    ]
