"""``bluecarbon mrv alerts``: loss that lasts, from maps of years or of single scenes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bluecarbon.cli.command_options import (
    Classes,
    Grids,
    Scale,
    alignment_of,
    declared_legend,
    grouped,
    runner_of,
    without_nodata,
)
from bluecarbon.cli.scene_options import wrong
from bluecarbon.cli.table_output import echo_findings, print_table, refusals
from bluecarbon.errors import DataError
from bluecarbon.spec import Finding, errors_in

if TYPE_CHECKING:
    import pandas as pd

    from bluecarbon.mrv.alert_maps import AlertTask
    from bluecarbon.mrv.transitions import DatedMap

COMMAND = "bluecarbon mrv alerts"
DATES_LEAST = 3
Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class AlertOptions:
    """Which class is watched, and when its loss is believed."""

    followed: Annotated[
        str, typer.Option("--class", help="Class that is watched, by name or number.")
    ] = "mangrove"
    rule: Annotated[
        str,
        typer.Option("--rule", help="scored (maps of scenes) or three-date (maps of years)."),
    ] = "scored"
    alert_at: Annotated[
        int, typer.Option("--alert-at", min=1, max=50, help="scored: score that is an alert.")
    ] = 5
    cap: Annotated[int, typer.Option("--cap", min=1, max=50, help="scored: the highest score.")] = 5


def add_alerts_command(mrv_app: typer.Typer) -> None:
    """Put the command into the group ``bluecarbon mrv``."""
    mrv_app.command("alerts")(grouped(alerts))


def alerts(
    maps: Annotated[
        list[str],
        typer.Argument(
            metavar="MAP...",
            help="In order of time, the first says where the class is: FILE, or 2024-05-01=FILE.",
        ),
    ],
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder for maps and tables; replaced.")],
    options: AlertOptions,
    classes: Classes,
    grids: Grids,
    scale: Scale,
) -> None:
    """Where a class was lost and stays lost: alerts with the date of the first sign.

    scored: +1 for a map without the class, -1 for one with it, an alert at 5 (Global Mangrove
    Watch). three-date: a map that differs from two neighbours that agree is not believed. Writes
    maps/alerts.tif, maps/alert_dates.tif, tables/alerts.csv, tables/states.csv, manifest.json.
    """
    from bluecarbon.cli.output_folder import replaced_folder
    from bluecarbon.mrv.map_arguments import files_of

    with refusals():
        items, dates, found = _dated(maps)
        with runner_of(scale) as runner:
            task, problems = _task(items, dates, (options, classes, grids), runner=runner)
            found += problems
            read = [file for item in items for file in files_of(item.path)]
            output = replaced_folder(out, items[0].path, command=COMMAND, inputs=read)
            with output as folder:
                states = _written(task, folder, runner)
                _finish(folder, items, task, (options, grids), found=found)
    echo_findings(found)
    print_table(states, f"Alerts 预警 -> {out}")


def _dated(maps: Sequence[str]) -> tuple[tuple[DatedMap, ...], tuple[dt.date, ...], Findings]:
    """Maps by their dates; a year stands for its last day."""
    import re
    from dataclasses import replace

    from bluecarbon.mrv.map_arguments import undated_map
    from bluecarbon.mrv.scene_arguments import date_of_map

    items: list[DatedMap] = []
    dates: list[dt.date] = []
    found: list[Finding] = []
    for argument in maps:
        given = re.fullmatch(r"(\d{4}(?:-\d{2}-\d{2})?)=(.+)", argument)
        item = undated_map(given[2] if given else argument)
        date = date_of_map(given[1] if given else item.path.stem)
        if date is None:
            message = "no date is given, and the file's name holds none, or several"
            fix = f"say when it was, as in 2024-05-01={item.path.name}"
            found.append(Finding.error("class-map-date-missing", item.subject, message, fix=fix))
            continue
        if dates and date <= dates[-1]:
            message = f"is of {date}, which does not follow {dates[-1]}"
            fix = "give maps in the order of time, one for each date"
            found.append(Finding.error("class-map-dates-order", item.subject, message, fix=fix))
        items.append(replace(item, year=len(items)))
        dates.append(date)
    if len(maps) < DATES_LEAST:
        message, fix = f"{len(maps)} maps are given", "give three dates or more, or use mrv change"
        found.append(Finding.error("class-map-missing", "maps", message, fix=fix))
    if found:
        raise DataError(found)
    return tuple(items), tuple(dates), ()


def _task(
    items: tuple[DatedMap, ...],
    dates: tuple[dt.date, ...],
    asked: tuple[AlertOptions, Classes, Grids],
    *,
    runner: Any,
) -> tuple[AlertTask, Findings]:
    from bluecarbon.mrv import map_arguments as given
    from bluecarbon.mrv.alert_maps import AlertTask
    from bluecarbon.mrv.change_files import ChangeRules
    from bluecarbon.mrv.map_stack import open_stack
    from bluecarbon.mrv.persistence import AlertRule

    options, classes, grids = asked
    if options.rule not in {"scored", "three-date"}:
        raise wrong("--rule", f"'{options.rule}' is not known", "use scored or three-date")
    legend, found = given.legend_of_maps(items, declared_legend(classes))
    legend = without_nodata(legend, grids)
    number, problems = given.class_number(legend, options.followed)
    found += (*problems, *given.crossing_findings(items))
    bands = [item.band or 1 for item in items] if any(item.band for item in items) else []
    stack, problems = open_stack(
        [item.path for item in items],
        [item.subject for item in items],
        runner=runner,
        alignment=alignment_of(grids),
        bands=bands,
    )
    found += problems
    if stack is None or errors_in(found):
        raise DataError(found)
    scored = AlertRule(options.alert_at, max(options.cap, options.alert_at))
    rules = ChangeRules(number, legend.names, legend.unknown)
    rule = scored if options.rule == "scored" else None
    found += _reachable(rule, len(dates))
    return AlertTask(stack, rules, dates, rule), found


def _reachable(rule: Any, dates: int) -> Findings:
    """A score that so few maps cannot reach would be a map without alerts, and look like peace."""
    if rule is None or dates - 1 >= rule.alert_at:
        return ()
    message = f"{dates - 1} maps after the first cannot reach a score of {rule.alert_at}"
    fix = f"give more dates, or --alert-at {max(1, dates - 1)}, or --rule three-date"
    raise DataError([Finding.error("alert-never", "--alert-at", message, fix=fix)])


def _written(task: AlertTask, folder: Path, runner: Any) -> pd.DataFrame:
    from bluecarbon.mrv.alert_maps import write_alerts
    from bluecarbon.mrv.outputs import SIGNIFICANT_DIGITS

    (folder / "maps").mkdir()
    (folder / "tables").mkdir()
    states, by_date = write_alerts(task, folder / "maps", runner=runner)
    for name, table in (("states", states), ("alerts", by_date)):
        place = folder / f"tables/{name}.csv"
        table.to_csv(place, index=False, float_format=SIGNIFICANT_DIGITS, lineterminator="\n")
    return states


def _finish(
    folder: Path,
    items: Sequence[DatedMap],
    task: AlertTask,
    options: tuple[AlertOptions, Grids],
    *,
    found: Findings,
) -> None:
    from bluecarbon.mrv.manifest import digest_of, write_manifest

    asked, grids = options
    digests = [
        digest_of(item.path, f"class map of {date}", name=item.subject)
        for item, date in zip(items, task.dates, strict=True)
    ]
    settings = {"class": asked.followed, "rule": asked.rule, "align": grids.align}
    write_manifest(
        folder,
        COMMAND,
        settings=settings,
        inputs=digests,
        rules=[task.sentence],
        findings=found,
    )
