"""``bluecarbon mrv describe``: what a file is, before anything is done with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bluecarbon.cli.exit_codes import DIFFERS, REFUSED
from bluecarbon.cli.table_output import echo_findings, print_table
from bluecarbon.spec import Finding, errors_in


def add_describe_command(mrv_app: typer.Typer) -> None:
    """Put the command into the group ``bluecarbon mrv``."""
    mrv_app.command("describe")(describe)


def describe(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Raster, NetCDF file, Zarr store, STAC item or catalogue."
        ),
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """What files are: grid, true pixel size, bands, nodata, legend, product, and what is wrong.

    Ends with 1 when a file is nothing that a map can be made from, with 2 when none can be read.
    """
    import pandas as pd

    from bluecarbon.mrv.description import describe as described

    found: tuple[Finding, ...] = ()
    rows: list[tuple[str, str, str]] = []
    for file in files:
        made = described(file)
        found += made.findings
        rows += [(file.name, what, text) for what, text in made.rows if what != "file"]
    echo_findings(found)
    if as_json:
        _echo_json(rows, found)
    else:
        table = pd.DataFrame(rows, columns=["file", "what", "is"])
        if len(files) == 1:
            table = table.drop(columns="file")
        print_table(table, f"{files[0].name if len(files) == 1 else f'{len(files)} files'}")
    if errors_in(found):
        raise typer.Exit(DIFFERS if rows else REFUSED)


def _echo_json(rows: list[tuple[str, str, str]], found: tuple[Finding, ...]) -> None:
    import json

    files: dict[str, dict[str, str]] = {}
    for file, what, text in rows:
        files.setdefault(file, {})[what] = text
    told = [finding.model_dump(mode="json") for finding in found]
    typer.echo(json.dumps({"files": files, "findings": told}, ensure_ascii=False, indent=1))
