"""``bluecarbon mrv``: parts of the measuring room on their own, without a project file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bluecarbon.cli.accuracy_commands import add_commands
from bluecarbon.cli.alerts_command import add_alerts_command
from bluecarbon.cli.classify_command import add_classify_command
from bluecarbon.cli.coordinates_command import add_coordinates_command
from bluecarbon.cli.cores_command import add_cores_command
from bluecarbon.cli.describe_command import add_describe_command
from bluecarbon.cli.label_command import add_label_command
from bluecarbon.cli.plot_commands import add_plot_commands
from bluecarbon.cli.raster_commands import add_raster_commands
from bluecarbon.cli.scene_commands import add_scene_commands
from bluecarbon.cli.stocks_command import add_stock_commands
from bluecarbon.cli.tide_command import add_tide_command
from bluecarbon.cli.trees_command import add_trees_command

mrv_app = typer.Typer(help="Measuring 监测: parts of a run on their own.", no_args_is_help=True)
for add in (
    add_describe_command,
    add_scene_commands,
    add_classify_command,
    add_raster_commands,
    add_alerts_command,
    add_commands,
    add_label_command,
    add_tide_command,
    add_plot_commands,
    add_trees_command,
    add_cores_command,
    add_coordinates_command,
    add_stock_commands,
):
    add(mrv_app)


@mrv_app.command("invest-cbc")
def invest_cbc(
    tables: Annotated[
        tuple[Path, Path, Path],
        typer.Argument(metavar="SNAPSHOTS BIOPHYSICAL TRANSITIONS", help="The CSV files."),
    ],
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for rasters and totals.csv; replaced.")
    ] = None,
    compat: Annotated[
        str, typer.Option("--compat", help="guide, invest-3.20, or side-by-side.")
    ] = "guide",
    analysis_year: Annotated[
        int | None, typer.Option("--analysis-year", help="The last year; else the last map's.")
    ] = None,
    draws: Annotated[int, typer.Option("--draws", min=0, help="Monte Carlo draws.")] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the draws.")] = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="price=10, inflation=2, discount=3 (percent), prices=FILE.csv, "
            "align=nearest|mode, compression=zstd|lzw|deflate, cog=yes|no (cloud-optimised with "
            "overviews; by default up to 16 Mpx, as it takes seven times as long), "
            "dask=tcp://host:8786; repeatable.",
        ),
    ] = None,
) -> None:
    """InVEST Coastal Blue Carbon from its own three CSV files: totals by year and pool, rasters.

    guide computes what the InVEST User's Guide says; invest-3.20 what the program writes, maps in
    their years; side-by-side prints both and the program as released, which mixes the years up.
    """
    from bluecarbon.cli.invest_command import Chosen, run_invest_command

    chosen = Chosen(tables, out, compat, analysis_year, draws, seed, tuple(settings or ()))
    run_invest_command(chosen)
