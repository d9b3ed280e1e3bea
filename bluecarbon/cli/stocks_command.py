"""``bluecarbon mrv stocks``: carbon maps, and the stocks that are the sum of their pixels."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bluecarbon.cli.command_options import Classes, Scale, declared_legend, grouped, runner_of
from bluecarbon.cli.table_output import echo_findings, print_table, refusals
from bluecarbon.errors import DataError
from bluecarbon.spec import Finding, errors_in

if TYPE_CHECKING:
    from bluecarbon.mrv.stock_plan import Counted
    from bluecarbon.mrv.transitions import DatedMap
    from bluecarbon.project_stocks import Stocks

COMMAND = "bluecarbon mrv stocks"
Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class Ways:
    """The three ways to above-ground carbon; one of them."""

    table: Annotated[
        str, typer.Option("--table", help="CSV: class, stratum, pool, value, unit, standard_error.")
    ] = ""
    height: Annotated[str, typer.Option("--height", help="Canopy height [m]: FILE or FILE#2.")] = ""
    height_kind: Annotated[
        str, typer.Option("--height-kind", help="hba (Lorey's), hmax, hchm, or srtm.")
    ] = ""
    relation: Annotated[
        str, typer.Option("--relation", help="A row of height_biomass.csv; see the docs.")
    ] = ""
    relation_table: Annotated[
        str, typer.Option("--relation-table", help="Relations of your own, same columns.")
    ] = ""
    relation_error: Annotated[
        float | None,
        typer.Option("--relation-error", min=0, help="Relative, where it was calibrated here."),
    ] = None
    plots: Annotated[
        str, typer.Option("--plots", help="CSV: plot_id, lon, lat, area_m2, agb_t_ha, stratum.")
    ] = ""
    covariate: Annotated[
        list[str] | None, typer.Option("--covariate", help="name=FILE or name=FILE#2; repeatable.")
    ] = None


@dataclass(frozen=True)
class Modelling:
    """How a model of plots is made. It is judged on blocks of ground left out, nothing else."""

    kind: Annotated[
        str, typer.Option("--model", help="linear, log (ln y), power (ln y on ln x) or forest.")
    ] = "power"
    back: Annotated[str, typer.Option("--back", help="baskerville or duan.")] = "baskerville"
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of a forest.")] = 0
    trees: Annotated[int, typer.Option("--trees", min=1, max=2000)] = 200
    matching: Annotated[
        str, typer.Option("--matching", help="Plots meet pixels by cover or by centre.")
    ] = "cover"
    position_error: Annotated[
        float | None, typer.Option("--position-error", min=0, help="Of plot coordinates [m].")
    ] = None
    design: Annotated[
        str, typer.Option("--design", help="probability (plots drawn with known chances) or other.")
    ] = "other"
    residual_length: Annotated[
        float, typer.Option("--residual-length", min=0, help="Over which residuals are alike [m].")
    ] = 0.0


@dataclass(frozen=True)
class Pools:
    """Carbon of dry matter, roots and soil. VALUE or VALUE,STANDARD_ERROR."""

    carbon_fraction: Annotated[
        str, typer.Option("--carbon-fraction", help="tC per t of dry matter, as 0.451,0.011.")
    ] = ""
    root_shoot: Annotated[
        str, typer.Option("--root-shoot", help="Roots over shoots, dry matter, as 0.49,0.08.")
    ] = ""
    soil: Annotated[str, typer.Option("--soil", help="Soil map [tC/ha]: FILE or FILE#2.")] = ""
    soil_error: Annotated[
        float, typer.Option("--soil-error", min=0, help="Relative, of the whole soil map.")
    ] = 0.0
    soil_depths: Annotated[
        str, typer.Option("--soil-depths", help="Bands are kg C/m3 at these depths: 0,30,100 cm.")
    ] = ""
    soil_to: Annotated[float, typer.Option("--soil-to", help="... down to this depth [cm].")] = 100


@dataclass(frozen=True)
class Handling(Classes):
    """Which ground counts, and what happens on other grids and outside ranges."""

    strata: Annotated[
        Path | None, typer.Option("--strata", help="Polygons that divide ground.")
    ] = None

    followed: Annotated[
        list[str] | None, typer.Option("--class", help="Class that counts; mangrove; repeatable.")
    ] = None
    resampling: Annotated[
        str, typer.Option("--resampling", help="Layers on another grid: nearest, bilinear, average")
    ] = ""
    outside: Annotated[
        str, typer.Option("--outside", help="Beyond a range: missing, limit or extrapolate.")
    ] = "missing"
    error_maps: Annotated[bool, typer.Option("--error-maps/--no-error-maps")] = True
    settings: Annotated[
        Path | None, typer.Option("--settings", help="TOML with [stocks]; paths from its folder.")
    ] = None


def add_stock_commands(mrv_app: typer.Typer) -> None:
    """Put ``stocks`` and ``stock-change`` into the group ``bluecarbon mrv``."""
    from bluecarbon.cli.stock_change_command import stock_change

    mrv_app.command("stocks")(grouped(stocks))
    mrv_app.command("stock-change")(grouped(stock_change))


def stocks(
    class_map: Annotated[
        str | None, typer.Argument(metavar="[MAP]", help="Class map; without it all pixels count.")
    ] = None,
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder for maps and tables; replaced.")],
    ways: Ways,
    modelling: Modelling,
    pools: Pools,
    handling: Handling,
    scale: Scale,
) -> None:
    """Carbon stock maps: from a table of densities, from canopy height, or from a model of plots.

    Writes maps/agb.tif, bgb.tif, dead.tif, soil.tif, total.tif (tC/ha) and their standard errors,
    tables/stocks.csv, model_card.json, stocks.png and manifest.json. Prints the stocks.
    """
    from bluecarbon.cli.output_folder import replaced_folder
    from bluecarbon.mrv.manifest import digest_of, write_manifest
    from bluecarbon.mrv.stock_files import write_stocks
    from bluecarbon.mrv.stock_layers import LayerFile
    from bluecarbon.mrv.stock_request import Request, planned

    with refusals():
        settings, root = _settings(ways, modelling, pools, handling)
        item, counted, found = _counted(class_map, settings, handling)
        layer = LayerFile(item.path, item.band or 1) if item else None
        plan, problems = planned(Request(settings, counted, layer, lambda text: root / text))
        found += problems
        if plan is None or errors_in(found):
            raise DataError(found)
        files = {root / path: role for path, role in settings.files}
        files |= {item.path: "class map"} if item else {}
        files |= {handling.strata: "strata"} if handling.strata else {}
        read = list(files)
        with (
            replaced_folder(out, read[0], command=COMMAND, inputs=read) as folder,
            runner_of(scale) as runner,
        ):
            made, remarks = write_stocks(plan, settings, folder, runner=runner)
            found += remarks
            if made is None or errors_in(remarks):
                raise DataError(found)
            write_manifest(
                folder,
                COMMAND,
                settings=settings.described() | {"numbers": dict(counted.classes)},
                inputs=[digest_of(path, role) for path, role in files.items()],
                findings=found,
            )
    echo_findings(found)
    print_table(made.table, f"Stocks 碳储量 -> {out}")


def _settings(
    ways: Ways, modelling: Modelling, pools: Pools, handling: Handling
) -> tuple[Stocks, Path]:
    """The same value that [stocks] of a project is, and the folder that its paths start from."""
    from pydantic import ValidationError

    from bluecarbon.project_stocks import Stocks

    root = Path()
    if handling.settings is not None:
        table, root = _section(handling.settings), handling.settings.parent
    else:
        table = _declared(ways, modelling, pools, handling)
    try:
        return Stocks.model_validate(table), root
    except ValidationError as error:
        found = [
            Finding.error(
                "setting-wrong",
                " ".join(("stocks", ".".join(map(str, item["loc"])))).strip(),
                item["msg"].removeprefix("Value error, "),
                fix="see bluecarbon mrv stocks --help",
            )
            for item in error.errors()
        ]
        raise DataError(found) from error


def _section(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        section: dict[str, Any] = table["stocks"]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError([Finding.error("setting-wrong", path.name, str(error))]) from error
    except KeyError as error:
        message, fix = "has no section [stocks]", "see docs/stock_maps.md"
        raise DataError([Finding.error("setting-wrong", path.name, message, fix=fix)]) from error
    return section


def _declared(ways: Ways, modelling: Modelling, pools: Pools, handling: Handling) -> dict[str, Any]:
    chosen = {"height": ways.height, "model": ways.plots, "table": ways.table}
    method = next((name for name, given in chosen.items() if given), "table")
    if ways.height and ways.plots:
        message, fix = "--height and --plots are both given", "take one way to above-ground carbon"
        raise DataError([Finding.error("setting-wrong", "--height", message, fix=fix)])
    table: dict[str, Any] = {"method": method, "table": ways.table, "outside": handling.outside}
    table["error_maps"] = handling.error_maps
    if handling.followed:
        table["classes"] = handling.followed
    for name, text in (
        ("carbon_fraction", pools.carbon_fraction),
        ("root_shoot", pools.root_shoot),
    ):
        if text:
            table[name] = quantity(text, "--" + name.replace("_", "-"))
    if ways.height:
        table["height"] = _height(ways) | _resampled(handling)
    if ways.plots:
        table["model"] = _model(ways, modelling)
        named = [_named(entry) for entry in ways.covariate or ()]
        table["covariate"] = [
            {"name": name} | _layer(file) | _resampled(handling) for name, file in named
        ]
    if pools.soil:
        table["soil_map"] = _soil(pools) | _resampled(handling)
    return table


def _named(entry: str) -> tuple[str, str]:
    name, _, file = entry.partition("=")
    if not name or not file:
        message, fix = f"'{entry}' is no name and file", "write name=FILE, as in height=chm.tif"
        raise DataError([Finding.error("setting-wrong", "--covariate", message, fix=fix)])
    return name, file


def _resampled(handling: Handling) -> dict[str, Any]:
    return {"resampling": handling.resampling} if handling.resampling else {}


def _layer(text: str) -> dict[str, Any]:
    from bluecarbon.mrv.map_arguments import undated_map

    item = undated_map(text)
    return {"path": str(item.path), "band": item.band or 1}


def _height(ways: Ways) -> dict[str, Any]:
    table = _layer(ways.height) | {"kind": ways.height_kind, "relation": ways.relation}
    error = {} if ways.relation_error is None else {"relation_error": ways.relation_error}
    return table | {"relation_table": ways.relation_table} | error


def _model(ways: Ways, modelling: Modelling) -> dict[str, Any]:
    return {
        "plots": ways.plots,
        "kind": modelling.kind,
        "back_transformation": modelling.back,
        "trees": modelling.trees,
        "seed": modelling.seed,
        "matching": modelling.matching,
        "position_error_m": modelling.position_error,
        "design": modelling.design,
        "residual_length_m": modelling.residual_length,
    }


def _soil(pools: Pools) -> dict[str, Any]:
    table = _layer(pools.soil) | {"relative_error": pools.soil_error}
    if pools.soil_depths:
        table |= {"depths_cm": pools.soil_depths.split(","), "to_cm": pools.soil_to}
    return table


def quantity(text: str, option: str) -> dict[str, Any]:
    """VALUE or VALUE,STANDARD_ERROR as a quantity of the settings. DataError when it is none."""
    parts = text.split(",")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2):
        message, fix = f"'{text}' is no number", "write VALUE or VALUE,STANDARD_ERROR"
        raise DataError([Finding.error("setting-wrong", option, message, fix=fix)])
    error = numbers[1] if len(numbers) == 2 else 0.0
    return {"value": numbers[0], "standard_error": error, "source": "command line"}


def _counted(
    class_map: str | None, settings: Stocks, handling: Handling
) -> tuple[DatedMap | None, Counted, Findings]:
    from bluecarbon.mrv import map_arguments as given
    from bluecarbon.mrv.stock_plan import Counted
    from bluecarbon.mrv.stock_request import class_numbers

    item = given.undated_map(class_map) if class_map else None
    numbers: Mapping[str, tuple[int, ...]] = {}
    found: Findings = ()
    if item is not None:
        legend, found = given.legend_of_maps([item], declared_legend(handling))
        numbers, problems = class_numbers(settings.classes, legend.names, item.subject)
        found += (*problems, *given.crossing_findings([item]))
    shapes: Mapping[str, Any] = {}
    if handling.strata is not None:
        shapes, problems = given.named_polygons(handling.strata, class_map=item)
        found += problems
    return item, Counted(numbers, shapes), found
