"""``bluecarbon mrv indices`` and ``composite``: from scenes to the rasters that maps are made of.

Both read scenes block by block with the rules of a project's run, and keep the reason of every
pixel that is not used.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from bluecarbon.cli.command_options import Scale, grouped, runner_of
from bluecarbon.cli.scene_options import Place, Product, Scenes, opened_scenes, wrong
from bluecarbon.cli.table_output import echo_findings, print_table, refusals
from bluecarbon.errors import DataError
from bluecarbon.spec import Finding, errors_in

if TYPE_CHECKING:
    import pandas as pd

    from bluecarbon.mrv.composites import Statistic
    from bluecarbon.mrv.scene_arguments import SceneSet

Findings = tuple[Finding, ...]
OutFolder = Annotated[Path, typer.Option("--out", help="Folder for rasters and tables; replaced.")]

STATISTICS = ("median", "geometric-median", "percentile")
DEFAULT_INDICES = ("ndvi", "mndwi", "mvi", "lswi")


@dataclass(frozen=True)
class Season:
    """Which scenes go together, and what is made of them."""

    statistic: Annotated[
        str, typer.Option("--statistic", help="median, geometric-median, or percentile:25.")
    ] = "median"
    season: Annotated[
        str,
        typer.Option(
            "--season",
            help="A composite for each year of it: annual, dry-north, wet-north, winter, spring, "
            "summer, autumn, or months as 11,12,1. Without it: one of all scenes.",
        ),
    ] = ""


def add_scene_commands(mrv_app: typer.Typer) -> None:
    """Put the commands of this file into the group ``bluecarbon mrv``."""
    mrv_app.command("indices")(grouped(indices))
    mrv_app.command("composite")(grouped(composite))


def indices(
    scenes: Scenes,
    *,
    out: OutFolder,
    index: Annotated[
        list[str] | None,
        typer.Option("--index", help="ndvi, mndwi, mvi, lswi unless given; repeatable."),
    ] = None,
    product: Product,
    place: Place,
    scale: Scale,
) -> None:
    """Index rasters of scenes: a band for each index, and why pixels have none.

    Own definitions, published mangrove indices (docs/rasters.md), and those of spyndex where it is
    installed. MVI and other ratios are cut off at plus and minus 20.
    """
    from bluecarbon.mrv.indices import check_indices
    from bluecarbon.mrv.scene_blocks import write_index_files
    from bluecarbon.mrv.scenes import spectral_bands

    names = tuple(index or DEFAULT_INDICES)

    def make(given: SceneSet, folder: Path, runner: Any) -> tuple[pd.DataFrame, Findings]:
        found = check_indices(names, spectral_bands(given.imagery))
        if errors_in(found):
            raise DataError([f.model_copy(update={"subject": "--index"}) for f in found])
        return write_index_files(given, names, folder, runner=runner)

    settings = {"indices": ",".join(names), **_settings(product, place)}
    with refusals():
        table, found = _made(
            ("bluecarbon mrv indices", settings),
            make,
            (scenes, product, place),
            out,
            scale=scale,
            dated=False,
        )
    echo_findings(found)
    print_table(table, f"Hectares by reason 按原因的公顷数 -> {out}")


def composite(
    scenes: Scenes,
    *,
    out: OutFolder,
    season: Season,
    product: Product,
    place: Place,
    scale: Scale,
) -> None:
    """One image of many scenes: the median, geometric median or a percentile of what is clear.

    Writes composite_YEAR.tif (reflectance), observations_YEAR.tif, reason_YEAR.tif (why no scene
    saw a pixel), removed.csv (hectares that each reason took from every scene) and manifest.json.
    """
    from bluecarbon.mrv.composites import SEASONS

    def make(given: SceneSet, folder: Path, runner: Any) -> tuple[pd.DataFrame, Findings]:
        return _composites(
            given, folder, months, statistic=statistic, percent=percent, runner=runner
        )

    settings = {"statistic": season.statistic, "season": season.season or "all"}
    with refusals():
        statistic, percent = _statistic(season.statistic)
        months = _months(season.season, SEASONS)
        table, found = _made(
            ("bluecarbon mrv composite", settings | _settings(product, place)),
            make,
            (scenes, product, place),
            out,
            scale=scale,
            dated=True,
        )
    echo_findings(found)
    print_table(table, f"Hectares by reason 按原因的公顷数 -> {out}")


def _made(
    command: tuple[str, dict[str, object]],
    make: Callable[[SceneSet, Path, Any], tuple[pd.DataFrame, Findings]],
    asked: tuple[Sequence[str], Product, Place],
    out: Path,
    *,
    scale: Scale,
    dated: bool,
) -> tuple[pd.DataFrame, Findings]:
    """Open the scenes, make the files, and write table and manifest: all of it, or nothing."""
    from bluecarbon.cli.output_folder import replaced_folder
    from bluecarbon.mrv.manifest import digest_of, write_manifest
    from bluecarbon.mrv.outputs import SIGNIFICANT_DIGITS

    (name, settings), (scenes, product, place) = command, asked
    with tempfile.TemporaryDirectory(prefix="bluecarbon-stac-") as scratch:
        pinned = Path(scratch) / "stac"
        given, found = opened_scenes(list(scenes), product, place, pinned, dated=dated)
        first, inputs = given.scenes[0][0], given.files
        output = replaced_folder(out, first, command=name, inputs=inputs)
        with output as folder, runner_of(scale) as runner:
            table, remarks = make(given, folder, runner)
            found += remarks
            table.to_csv(
                folder / "removed.csv",
                index=False, float_format=SIGNIFICANT_DIGITS, lineterminator="\n",
            )  # fmt: skip
            if pinned.exists():
                shutil.copytree(pinned, folder / "stac")
            digests = [digest_of(file, "scene") for file in inputs]
            write_manifest(folder, name, settings=settings, inputs=digests, findings=found)
    return table, found


def _composites(
    given: SceneSet,
    folder: Path,
    months: tuple[int, ...],
    *,
    statistic: Statistic,
    percent: float,
    runner: Any,
) -> tuple[pd.DataFrame, Findings]:
    """A composite of all scenes, named after the year of the last; or one for each year."""
    from dataclasses import replace

    import pandas as pd

    from bluecarbon.mrv.composites import grouped as by_season
    from bluecarbon.mrv.scene_blocks import write_composite_files

    dates = [scene.date for _, scene in given.scenes]
    groups = by_season(dates, months) if months else {dates[-1].year: tuple(range(len(dates)))}
    left = [date.isoformat() for date in dates if months and date.month not in months]
    tables, found = [], _left_out(left, len(dates))
    for year, places in groups.items():
        chosen = replace(given, scenes=tuple(given.scenes[place] for place in places))
        table, remarks = write_composite_files(
            chosen, folder, str(year), statistic, percent=percent, runner=runner
        )
        tables.append(table)
        found += remarks
    return pd.concat(tables, ignore_index=True), found


def _left_out(left: Sequence[str], of: int) -> Findings:
    if not left:
        return ()
    if len(left) == of:
        message, fix = "no scene lies in the season", "choose another season, or other scenes"
        raise DataError([Finding.error("scene-out-of-season", "--season", message, fix=fix)])
    message = f"{len(left)} of {of} scenes lie outside and are not used: {', '.join(left)}"
    return (Finding.info("scene-out-of-season", "--season", message),)


def _statistic(text: str) -> tuple[Statistic, float]:
    kind, _, number = text.partition(":")
    try:
        percent = float(number or 50)
    except ValueError:
        percent = -1.0
    if kind not in STATISTICS or not 0 <= percent <= 100 or (number and kind != "percentile"):
        fix = "use median, geometric-median, or percentile:25"
        raise wrong("--statistic", f"'{text}' is no statistic", fix)
    return cast("Statistic", kind), percent


def _months(text: str, seasons: Any) -> tuple[int, ...]:
    if not text or text in seasons:
        return tuple(seasons.get(text, ()))
    parts = text.split(",")
    if not all(part.strip().isdigit() and 1 <= int(part) <= 12 for part in parts):
        known = ", ".join(seasons)
        raise wrong("--season", f"'{text}' is no season", f"use {known}, or months as 11,12,1")
    return tuple(int(part) for part in parts)


def _settings(product: Product, place: Place) -> dict[str, object]:
    """What was asked for; what was not is left out of the manifest."""
    asked: dict[str, object] = {**asdict(product), **asdict(place)}
    return {name: value for name, value in asked.items() if value not in (None, "", False, 0.0)}
