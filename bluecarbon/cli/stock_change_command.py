"""``bluecarbon mrv stock-change``: two stock maps, and both accounts of their change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from bluecarbon.cli.command_options import Scale, runner_of
from bluecarbon.cli.stocks_command import quantity
from bluecarbon.cli.table_output import echo_findings, print_table, refusals
from bluecarbon.errors import DataError
from bluecarbon.spec import Finding, errors_in

if TYPE_CHECKING:
    from bluecarbon.mrv.stock_accounts import AskedChange

COMMAND = "bluecarbon mrv stock-change"


@dataclass(frozen=True)
class Growing:
    """What a gain-loss account needs beside the maps."""

    rate: Annotated[
        str, typer.Option("--rate", help="Growth [tC/ha/yr] of ground that stays, as 3.2,0.4.")
    ] = ""
    lost_density: Annotated[
        str, typer.Option("--lost-density", help="What lost ground held [tC/ha], as 80,12.")
    ] = ""
    gained_years: Annotated[
        float | None, typer.Option("--gained-years", min=0, help="Age of gained ground; else half.")
    ] = None
    correlation: Annotated[
        float,
        typer.Option("--correlation", min=-1, max=1, help="Of the errors of both stocks."),
    ] = 0.0


@dataclass(frozen=True)
class Compared:
    """What the two maps are, and how ground of one date only counts."""

    years: Annotated[str, typer.Option("--years", help="Of the two maps, as 2015,2024.")]
    strata: Annotated[
        Path | None, typer.Option("--strata", help="Polygons that divide ground.")
    ] = None
    pool: Annotated[str, typer.Option("--pool", help="Of folders: agb, soil, total ...")] = "total"
    absent: Annotated[
        str, typer.Option("--absent", help="Ground of one date only: unknown (in no change), zero.")
    ] = "unknown"
    resampling: Annotated[
        str, typer.Option("--resampling", help="When the later map is on another grid.")
    ] = ""


def stock_change(
    before: Annotated[Path, typer.Argument(help="A folder of mrv stocks, or a raster in tC/ha.")],
    after: Annotated[Path, typer.Argument(help="The same for the later date.")],
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder for maps and tables; replaced.")],
    compared: Compared,
    growing: Growing,
    scale: Scale,
) -> None:
    """Change between two stock maps: as a difference, and with --rate as gains and losses.

    Writes maps/change_tc.tif and change_tco2e.tif (per hectare), tables/stock_change.csv,
    change.png and manifest.json. Prints both accounts with their standard errors.
    """
    from bluecarbon.cli.output_folder import replaced_folder
    from bluecarbon.mrv.manifest import digest_of, write_manifest
    from bluecarbon.mrv.stock_accounts import write_stock_change

    with refusals():
        asked = _with_growth(_asked(before, after, compared), growing)
        strata = [compared.strata] if compared.strata else []
        read = [asked.before.path, asked.after.path, *strata]
        with (
            replaced_folder(out, read[0], command=COMMAND, inputs=read) as folder,
            runner_of(scale) as runner,
        ):
            table, found = write_stock_change(asked, folder, runner=runner)
            write_manifest(
                folder,
                COMMAND,
                settings={**vars(compared), **vars(growing), "strata": [p.name for p in strata]},
                inputs=[digest_of(path, "input") for path in read],
                findings=found,
            )
    echo_findings(found)
    print_table(table, f"Change of stocks 碳储量变化 -> {out}")


def _asked(before: Path, after: Path, compared: Compared) -> AskedChange:
    from bluecarbon.mrv.map_arguments import named_polygons
    from bluecarbon.mrv.stock_accounts import AskedChange
    from bluecarbon.mrv.stock_layers import LayerFile

    words: dict[str, tuple[str, tuple[str, ...]]] = {
        "--resampling": (compared.resampling, ("", "nearest", "bilinear", "average")),
        "--absent": (compared.absent, ("unknown", "zero")),
    }
    found = [
        Finding.error("setting-wrong", option, f"'{given}' is not known", fix=_one_of(known))
        for option, (given, known) in words.items()
        if given not in known
    ]
    years, problems = _years(compared.years)
    found += problems
    shapes: Mapping[str, Any] = {}
    if compared.strata is not None:
        shapes, in_file = named_polygons(compared.strata)
        found += in_file
    if errors_in(found):
        raise DataError(found)
    maps = [p / "maps" / f"{compared.pool}.tif" if p.is_dir() else p for p in (before, after)]
    return AskedChange(
        before=LayerFile(maps[0]),
        after=LayerFile(maps[1], rule=cast("Any", compared.resampling or None)),
        years=years,
        pool=compared.pool,
        tables=tuple(p / "tables/stocks.csv" if p.is_dir() else None for p in (before, after)),
        absent=cast("Any", compared.absent),
        strata=shapes,
    )


def _one_of(known: tuple[str, ...]) -> str:
    return f"use one of: {', '.join(filter(None, known))}"


def _years(text: str) -> tuple[tuple[int, int], list[Finding]]:
    parts = text.split(",")
    if len(parts) == 2 and all(part.strip().isdigit() for part in parts):
        first, second = int(parts[0]), int(parts[1])
        if first < second:
            return (first, second), []
    message, fix = f"'{text}' is not an earlier and a later year", "write them as 2015,2024"
    return (0, 1), [Finding.error("setting-wrong", "--years", message, fix=fix)]


def _with_growth(asked: AskedChange, growing: Growing) -> AskedChange:
    from bluecarbon.project_stocks import Quantity

    texts = {"--rate": growing.rate, "--lost-density": growing.lost_density}
    numbers = {name: Quantity(**quantity(text, name)) for name, text in texts.items() if text}
    return replace(
        asked,
        rate=numbers.get("--rate"),
        lost_density=numbers.get("--lost-density"),
        gained_years=growing.gained_years,
        correlation=growing.correlation,
    )
