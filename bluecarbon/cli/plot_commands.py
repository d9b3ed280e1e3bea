"""``bluecarbon mrv plan-plots`` and ``place-plots``: before the field team leaves.

How many plots a target precision needs, and where they are: places for receivers and maps, and
forms to be filled that are read back without typing a header.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bluecarbon.cli.command_options import grouped
from bluecarbon.cli.table_output import echo_findings, print_table, refusals
from bluecarbon.errors import DataError
from bluecarbon.spec import Finding, errors_in

if TYPE_CHECKING:
    import geopandas as gpd

    from bluecarbon.mrv.plot_numbers import Equation

PLACE = "bluecarbon mrv place-plots"


@dataclass(frozen=True)
class Precision:
    """What the inventory is asked for."""

    precision: Annotated[
        float, typer.Option("--precision", help="Half-width of the interval, % of the mean.")
    ] = 10.0
    confidence: Annotated[
        float, typer.Option("--confidence", help="Of the interval, %: 90 in the CDM's tools.")
    ] = 90.0
    plot_area_m2: Annotated[
        float, typer.Option("--plot-area", help="Of one plot, square metres.")
    ] = 100.0
    least: Annotated[
        int, typer.Option("--least", min=1, help="Plots of every stratum at least.")
    ] = 2
    simplified: Annotated[
        bool, typer.Option("--simplified", help="AR-TOOL03 Eq 2: as if the area had no end.")
    ] = False


@dataclass(frozen=True)
class Rules:
    """Where plots may lie."""

    apart_m: Annotated[
        float, typer.Option("--apart", min=0, help="Least distance between plots, metres.")
    ] = 0.0
    edge_m: Annotated[
        float, typer.Option("--edge", min=0, help="Least distance from the stratum's edge, metres.")
    ] = 0.0
    access: Annotated[
        Path | None,
        typer.Option("--access", help="Polygons that can be entered, or creeks, dykes, paths."),
    ] = None
    within_m: Annotated[
        float, typer.Option("--within", min=0, help="Farthest from --access, metres.")
    ] = 0.0
    reserve: Annotated[
        float, typer.Option("--reserve", min=0, help="Plots drawn in addition, % of each stratum.")
    ] = 0.0


def add_plot_commands(mrv_app: typer.Typer) -> None:
    """Put the commands of this file into the group ``bluecarbon mrv``."""
    mrv_app.command("plan-plots")(grouped(plan_plots))
    mrv_app.command("place-plots")(grouped(place))


def plan_plots(
    strata: Annotated[
        Path,
        typer.Argument(
            help="CSV: stratum, area_ha, mean, standard_deviation (or cv_percent), cost."
        ),
    ],
    *,
    asked: Precision,
) -> None:
    """Sample plots for a target precision, shared among the strata (AR-TOOL03 v2.1.0).

    The optimum allocation; with a column ``cost`` the cheapest. Deviations come from a pilot, an
    earlier inventory or a like place: the number is only as good as they are.
    """
    from bluecarbon.mrv.plot_numbers import Target, plots_needed, read_plot_strata

    with refusals():
        _require_shares(asked)
        table, found = read_plot_strata(strata)
        echo_findings([f for f in found if f.severity != "error"])
        if table is None:
            raise DataError(errors_in(found))
        target = Target(asked.precision / 100, asked.confidence / 100, asked.plot_area_m2 / 1e4)
        equation: Equation = "AR-TOOL03 Eq 2" if asked.simplified else "AR-TOOL03 Eq 1"
        numbers = plots_needed(table, target, equation=equation, least=asked.least)
    freedom = "infinite" if numbers.degrees_of_freedom is None else numbers.degrees_of_freedom
    typer.echo(
        f"{numbers.equation}: n = {numbers.plots_exact:.2f} (t = {numbers.t_value:.4f}, degrees of "
        f"freedom {freedom}); {numbers.plots} whole plots are expected to give "
        f"{100 * numbers.precision_expected:.1f} % at {asked.confidence:g} %",
        err=True,
    )
    if numbers.precision_expected > target.precision * 1.0005:
        typer.echo(
            "this misses the target by a little: the tool's t has n - 1 degrees of freedom, the "
            "interval of AR-TOOL14 n - M; a plot or two more meet it",
            err=True,
        )
    print_table(numbers.table, "Plots 样地数")


def _require_shares(asked: Precision) -> None:
    found = []
    for option, value, low, high in (
        ("--precision", asked.precision, 0.0, 100.0),
        ("--confidence", asked.confidence, 50.0, 100.0),
        ("--plot-area", asked.plot_area_m2, 0.0, 1e6),
    ):
        if not low < value < high:
            message = f"{value:g} is not between {low:g} and {high:g}"
            fix = "percent, as in --precision 10 --confidence 90; square metres, as in 100"
            found.append(Finding.error("setting-wrong", option, message, fix=fix))
    if found:
        raise DataError(found)


def place(
    strata: Annotated[Path, typer.Argument(help="Polygons with the property stratum.")],
    *,
    plots: Annotated[
        list[str], typer.Option("--plots", help="stratum=plots, as in K15=12; repeatable.")
    ],
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same places.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for places, forms and map; replaced.")],
    rules: Rules,
) -> None:
    """Draw plots at random in strata; write GPX, KML, GeoPackage, CSV, forms and a map."""
    from bluecarbon.cli.output_folder import replaced_folder
    from bluecarbon.mrv.field_points import write_points
    from bluecarbon.mrv.manifest import digest_of, write_manifest
    from bluecarbon.mrv.plot_placement import Placement, place_plots
    from bluecarbon.mrv.plot_sheets import write_sheets

    with refusals():
        wanted = _wanted(plots)
        ground, found = _read_strata(strata)
        ways = _read_access(rules.access)
        drawn = Placement(
            seed=seed,
            apart_m=rules.apart_m,
            edge_m=rules.edge_m,
            within_m=rules.within_m,
            reserve_share=rules.reserve / 100,
        )
        placed, remarks = place_plots(ground, wanted, drawn, access=ways)
        found = (*found, *remarks)
        if placed is None:
            raise DataError(errors_in(found))
        inputs = [(strata, "strata"), *([(rules.access, "access")] if rules.access else [])]
        with replaced_folder(
            out, strata, command=PLACE, inputs=[path for path, _ in inputs]
        ) as folder:
            write_points(placed, folder, "plots")
            found += write_sheets(placed, ground, folder)
            write_manifest(
                folder,
                PLACE,
                settings={"plots": ", ".join(plots), **vars(drawn)},
                inputs=[digest_of(path, role) for path, role in inputs],
                findings=found,
            )
    echo_findings(found)
    print_table(placed.drop(columns="geometry"), f"Plots 样地 -> {out}")


def _wanted(entries: Sequence[str]) -> dict[str, int]:
    wanted: dict[str, int] = {}
    found = []
    for entry in entries:
        name, _, number = entry.rpartition("=")
        if not name or not number.strip().isdigit():
            message, fix = f"'{entry}' is no number of plots", "write stratum=plots, as in K15=12"
            found.append(Finding.error("setting-wrong", "--plots", message, fix=fix))
        elif name in wanted:
            message, fix = f"'{name}' is given twice", "give each stratum once"
            found.append(Finding.error("setting-wrong", "--plots", message, fix=fix))
        else:
            wanted[name] = int(number)
    if found:
        raise DataError(found)
    return wanted


def _read_strata(path: Path) -> tuple[gpd.GeoDataFrame, tuple[Finding, ...]]:
    from bluecarbon.mrv.vectors import read_polygons

    frame, found = read_polygons(path, None)
    if frame is not None and "stratum" not in frame:
        message = f"{path.name} has no property 'stratum'"
        fix = "name every polygon's stratum in a property of that name"
        found += (Finding.error("stratum-missing", path.name, message, fix=fix),)
    if frame is None or errors_in(found):
        raise DataError(errors_in(found))
    return frame, found


def _read_access(path: Path | None) -> gpd.GeoDataFrame | None:
    if path is None:
        return None
    from bluecarbon.mrv.plot_placement import read_access

    frame, found = read_access(path)
    if frame is None:
        raise DataError(errors_in(found))
    return frame
