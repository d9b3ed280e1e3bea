"""``bluecarbon mrv accuracy``, ``sample-size`` and ``draw-sample``: judging a map by a sample.

Tables go to the output (as CSV where that is no terminal), findings to the error stream, so that
one can be kept without the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bluecarbon.cli.command_options import Classes, declared_legend, grouped
from bluecarbon.cli.exit_codes import REFUSED
from bluecarbon.cli.held_maps import held_raster
from bluecarbon.cli.table_output import echo_findings, print_table, refusals

if TYPE_CHECKING:
    import pandas as pd

Legend = Annotated[
    list[str] | None,
    typer.Option("--legend", help="number=class, as in 1=mangrove; by default the file's tags."),
]
MapOrTable = Annotated[
    Path, typer.Argument(help="The class map (GeoTIFF), or a CSV of stratum and area_ha or pixels.")
]


@dataclass(frozen=True)
class Judged:
    """What estimates are given for: parts of the ground, and the date of the points."""

    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            help="Column of parts of the ground (site, region); dates need sizes for each date.",
        ),
    ] = None
    epoch: Annotated[
        int | None, typer.Option("--epoch", help="Year of the map: only points of this epoch.")
    ] = None


def add_commands(mrv_app: typer.Typer) -> None:
    """Put the commands of this file into the group ``bluecarbon mrv``."""
    mrv_app.command("accuracy")(grouped(assess_map))
    mrv_app.command("sample-size")(grouped(plan_sample))
    mrv_app.command("draw-sample")(grouped(draw_sample))


def assess_map(
    reference: Annotated[
        Path, typer.Argument(help="CSV: lon, lat, label; also point_id, epoch, provenance.")
    ],
    *,
    class_map: Annotated[Path | None, typer.Option("--map", help="The class map.")] = None,
    legend: Legend = None,
    strata: Annotated[
        Path | None,
        typer.Option(
            "--strata",
            help="Raster or polygons the sample was stratified by; without --map a CSV of "
            "stratum and area_ha or pixels.",
        ),
    ] = None,
    training: Annotated[
        Path | None, typer.Option("--training", help="Training points: refused in the reference.")
    ] = None,
    interval: Annotated[
        str, typer.Option("--interval", help="score or normal, and the confidence.")
    ] = "score:0.95",
    judged: Judged,
) -> None:
    """Overall, user's and producer's accuracy and area of every class, with SE and interval.

    Stehman 2014 (with the map classes as strata: Olofsson et al. 2014). User's accuracy is of a
    map class, producer's of a reference class. Points are taken as a simple random sample within
    each map class, or each stratum of --strata.
    """
    from bluecarbon.mrv.map_accuracy import Assessment, assess
    from bluecarbon.mrv.reference_table import ClassMap

    kind, confidence = _interval(interval)
    names = _names(legend)
    asked = Assessment(
        reference=reference,
        class_map=ClassMap(held_raster(class_map), names=names) if class_map else None,
        strata=held_raster(strata) if strata else None,
        training=training,
        by=tuple(judged.by or ()),
        epoch="" if judged.epoch is None else str(judged.epoch),
        confidence=confidence,
        interval=kind,
    )
    table, found = assess(asked)
    echo_findings(found)
    _table(table, "Accuracy and area 精度与面积")


def plan_sample(
    strata: MapOrTable,
    *,
    expected: Annotated[
        list[str], typer.Option("--expected", help="[objective:]class=share, as in mangrove=0.9.")
    ],
    target: Annotated[
        list[str], typer.Option("--target", help="[objective=]standard error, as in 0.01.")
    ],
    allocation: Annotated[
        str, typer.Option("--allocation", help="proportional, equal or optimal.")
    ] = "proportional",
    least: Annotated[int, typer.Option("--least", help="Points of every stratum at least.")] = 50,
    legend: Legend = None,
) -> None:
    """Points for a target standard error, and their allocation to the strata.

    Olofsson et al. 2014, eq. 13. With several objectives (``--expected loss:mangrove=0.02
    --target loss=0.002``) the fewest points that meet all of them.
    """
    from bluecarbon.mrv.map_accuracy import read_strata_sizes
    from bluecarbon.mrv.sample_plan import plan

    sizes, found = read_strata_sizes(held_raster(strata), names=_names(legend))
    echo_findings(found)
    if sizes is None:
        raise typer.Exit(REFUSED)
    try:
        table, remarks = plan(
            sizes, _expected(expected), _targets(target), rule=allocation, least=least
        )
    except ValueError as error:
        raise _refusal(str(error)) from error
    for remark in remarks:
        typer.echo(remark, err=True)
    _table(table, "Sample 样本")


def draw_sample(
    class_map: Annotated[Path, typer.Argument(help="The class map (GeoTIFF).")],
    *,
    points: Annotated[
        list[str], typer.Option("--points", help="class=points, as in mangrove=75; repeatable.")
    ],
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same points.")],
    out: Annotated[Path, typer.Option("--out", help="The CSV file to write, labels empty.")],
    legend: Legend = None,
    epoch: Annotated[int | None, typer.Option("--epoch", help="Year of the map.")] = None,
) -> None:
    """Draw reference points at random in every class of a map, to be labelled."""
    from bluecarbon.mrv.sample_drawing import draw_points

    _require_sample_file(out, class_map)
    wanted = {name: int(value) for name, value in _pairs(points, whole=True).items()}
    table, found = draw_points(
        held_raster(class_map), wanted, seed=seed, names=_names(legend), epoch=epoch
    )
    echo_findings(found)
    if table is None:
        raise typer.Exit(REFUSED)
    # Written beside and renamed: a full disk must not leave half a sample.
    beside = out.with_name(out.name + ".part")
    try:
        table.to_csv(beside, index=False, lineterminator="\n")
        beside.replace(out)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise _refusal(f"{out} cannot be written: {error.strerror or error}") from error
    typer.echo(f"{len(table)} points -> {out}")


def _require_sample_file(out: Path, class_map: Path) -> None:
    """Refuse a place that holds anything but a sample without labels, which can be drawn again."""
    if out.suffix.lower() != ".csv":
        raise _refusal(f"--out {out}: points are written as CSV; name the file so (.csv)")
    if out.resolve() == class_map.resolve():
        raise _refusal(f"--out {out} is the class map itself; give another name")
    if out.exists() and not _is_unlabelled(out):
        raise _refusal(
            f"--out {out} is there and is no drawn sample, or one that holds labels; "
            "give another name"
        )


def _is_unlabelled(path: Path) -> bool:
    import pandas as pd

    from bluecarbon.mrv.sample_drawing import POINT_COLUMNS

    try:
        table = pd.read_csv(path, dtype=str)
    except (OSError, ValueError):
        return False
    columns = set(table.columns)
    ours = {"point_id", "label"} <= columns <= set(POINT_COLUMNS)
    return ours and bool(table["label"].isna().all())


def _interval(text: str) -> tuple[Any, float]:
    kind, _, confidence = text.partition(":")
    try:
        share = float(confidence or 0.95)
    except ValueError as error:
        raise _refusal(f"--interval {text}: '{confidence}' is not a number") from error
    if kind not in {"score", "normal"} or not 0.5 <= share < 1:
        raise _refusal(f"--interval {text}: write score:0.95 or normal:0.9")
    return kind, share


def _names(legend: list[str] | None) -> dict[int, str] | None:
    with refusals():
        return declared_legend(Classes(legend))


def _pairs(entries: Sequence[str], *, whole: bool = False) -> dict[str, float]:
    """name=number options; the last "=" parts them, because names of classes may hold one."""
    result: dict[str, float] = {}
    for entry in entries:
        name, _, number = entry.rpartition("=")
        try:
            value = int(number) if whole else float(number)
        except ValueError as error:
            raise _refusal(f"{entry}: '{number}' is not a number") from error
        if name in result:
            raise _refusal(f"{entry}: '{name}' is given twice")
        result[name] = value
    return result


def _expected(entries: Sequence[str]) -> dict[str, dict[str, float]]:
    """Objective -> class -> expected share; without an objective "overall" is meant."""
    result: dict[str, dict[str, float]] = {}
    for key, value in _pairs(entries).items():
        objective, colon, name = key.partition(":")
        result.setdefault(objective if colon else "overall", {})[name if colon else key] = value
    return result


def _targets(entries: Sequence[str]) -> dict[str, float]:
    return {name or "overall": value for name, value in _pairs(entries).items()}


def _refusal(message: str) -> typer.Exit:
    typer.echo(f"refused: {message}", err=True)
    return typer.Exit(REFUSED)


def _table(table: pd.DataFrame | None, title: str) -> None:
    """The table, or exit code 2 when there is none."""
    if table is None:
        raise typer.Exit(REFUSED)
    print_table(table, title)
