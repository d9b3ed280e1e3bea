"""``bluecarbon mrv trees``: an inventory from the sheets people have, without a project file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bluecarbon.cli.command_options import grouped
from bluecarbon.cli.table_output import echo_findings, print_table, refusals
from bluecarbon.errors import DataError
from bluecarbon.spec import Finding, errors_in

if TYPE_CHECKING:
    from bluecarbon.mrv.field_inventory import FieldInventory, InventoryRequest
    from bluecarbon.project_inventory import Nest

COMMAND = "bluecarbon mrv trees"


@dataclass(frozen=True)
class SheetOptions:
    """How the sheets are read."""

    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--columns",
            help="Your header=our name, as 胸径=dbh_cm, DBH=dbh_cm:mm, "
            "Girth=girth_cm; '=' alone leaves a column out. Repeatable.",
        ),
    ] = None
    plot_columns: Annotated[
        list[str] | None, typer.Option("--plot-columns", help="The same for the sheet of plots.")
    ] = None
    sheet: Annotated[str, typer.Option("--sheet", help="Sheet of a workbook of trees.")] = ""
    plots_sheet: Annotated[
        str, typer.Option("--plots-sheet", help="Sheet of a workbook of plots.")
    ] = ""
    decimal_comma: Annotated[bool, typer.Option("--decimal-comma", help="Read 0,85 as 0.85.")] = (
        False
    )
    strata: Annotated[
        Path | None,
        typer.Option("--strata", help="Polygons with the property stratum: plots outside are out."),
    ] = None
    coordinates: Annotated[
        str, typer.Option("--coordinates", help="Of plots: wgs84, gcj-02 or bd-09.")
    ] = "wgs84"
    species_names: Annotated[
        list[str] | None,
        typer.Option("--species", help="Code or local name=species, as 16=Rhizophora apiculata."),
    ] = None
    date: Annotated[
        str, typer.Option("--date", help="Date of trees whose sheets give none, as 2024-07-31.")
    ] = ""


@dataclass(frozen=True)
class EvaluationOptions:
    """How trees are evaluated."""

    nests: Annotated[
        list[str] | None,
        typer.Option(
            "--nest",
            help="Nested plot, as name=sapling,below=5,radius=2,pieces=6 (or "
            "area=12.57, from=0); repeatable.",
        ),
    ] = None
    plot_area: Annotated[
        float | None, typer.Option("--plot-area", min=1.0, help="m2 of every plot, without --plots")
    ] = None
    equations: Annotated[
        list[str] | None,
        typer.Option("--equation", help="Species=id of docs/tree_equations.md; repeatable."),
    ] = None
    out_of_range: Annotated[
        str,
        typer.Option(
            "--out-of-range",
            help="Trees no equation was made for: extrapolate, common (fall back) or refuse.",
        ),
    ] = "extrapolate"
    unknown_species: Annotated[
        str, typer.Option("--unknown-species", help="Wood density: ladder, common or refuse.")
    ] = "ladder"
    dead_fractions: Annotated[
        str, typer.Option("--dead-fractions", help="kauffman-donato-2012 or swamp-krabi.")
    ] = "kauffman-donato-2012"


def add_trees_command(mrv_app: typer.Typer) -> None:
    """Put the command into the group ``bluecarbon mrv``."""
    mrv_app.command("trees")(grouped(trees))


def trees(
    file: Annotated[Path, typer.Argument(help="CSV or workbook with one row for each tree.")],
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the tables; made or replaced.")
    ] = None,
    plots: Annotated[
        Path | None, typer.Option("--plots", help="Sheet of all plots, also of empty ones.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at any row that cannot be used.")
    ] = False,
    reading: SheetOptions,
    evaluation: EvaluationOptions,
) -> None:
    """Tree inventory 样地调查: map the columns, check the rows, biomass and carbon by pool.

    Prints which column is what, the findings, how many rows are left out, and carbon by stratum.
    """
    from bluecarbon.mrv.field_inventory import measure_sheets

    with refusals():
        asked = _request(file, plots, strict, reading, evaluation)
        made, found = measure_sheets(asked)
        _print_mappings(made)
        if errors_in(found):
            raise DataError(found)
        if out is not None:
            settings = asdict(reading) | asdict(evaluation) | {"strict": strict}
            settings["strata"] = reading.strata.name if reading.strata else ""
            sheets = (("trees", file), ("plots", plots), ("strata", reading.strata))
            inputs = [(path, role) for role, path in sheets if path is not None]
            _write(made, found, inputs, out=out, settings=settings)
    echo_findings(sorted(found, key=lambda f: ("error", "warning", "info").index(f.severity)))
    _print_result(made)


def _request(
    file: Path, plots: Path | None, strict: bool, reading: SheetOptions, *rest: EvaluationOptions
) -> InventoryRequest:
    """The request that the options make. DataError names every option that is wrong."""
    from pydantic import ValidationError

    from bluecarbon.mrv.field_inventory import InventoryRequest
    from bluecarbon.mrv.tree_equation_checks import choice_of
    from bluecarbon.project import Inventory

    (evaluation,) = rest
    wrong: list[Finding] = []
    table: dict[str, Any] = {
        "plots": str(plots or ""), "trees": str(file), "sheet": reading.sheet,
        "plots_sheet": reading.plots_sheet, "decimal_comma": reading.decimal_comma,
        "columns": _pairs(reading.columns, "--columns", wrong),
        "plot_columns": _pairs(reading.plot_columns, "--plot-columns", wrong),
        "species_names": _pairs(reading.species_names, "--species", wrong),
        "equations": _lists(evaluation.equations, wrong),
        "bad_rows": "stop" if strict else "leave out", "coordinates": reading.coordinates,
        "out_of_range": evaluation.out_of_range, "unknown_species": evaluation.unknown_species,
        "dead_wood": {"fractions": evaluation.dead_fractions},
    }  # fmt: skip
    section = None
    try:
        table["nest"] = tuple(_nest(text) for text in evaluation.nests or ())
        section = Inventory.model_validate(table)
    except (ValidationError, ValueError) as error:
        wrong += _said_wrong(error)
    date = _date(reading.date, wrong)
    choice, found = choice_of(section) if section else (None, [])
    for path in (file, *([plots] if plots else [])):
        if not path.is_file():
            wrong.append(Finding.error("file-missing", path.name, f"there is no file {path}"))
    polygons = _polygons(reading.strata, wrong)
    if section is None or choice is None or errors_in(wrong):
        raise DataError([*wrong, *found])
    return InventoryRequest(
        file, plots, section, choice, section.unknown_species, strata=tuple(polygons),
        plot_area_m2=evaluation.plot_area, date=date,
        polygons=polygons, coordinates=section.coordinates,
    )  # fmt: skip


def _polygons(strata: Path | None, wrong: list[Finding]) -> dict[str, Any]:
    """The polygons of the strata by their id, none when no layer is given."""
    if strata is None:
        return {}
    from bluecarbon.mrv.vectors import read_strata

    layer, found = read_strata(strata, None, None)
    wrong += errors_in(found)
    return {item.stratum.id: item.geometry for item in layer or ()}


def _pairs(texts: Sequence[str] | None, option: str, wrong: list[Finding]) -> dict[str, str]:
    found = {}
    for text in texts or ():
        name, mark, value = text.rpartition("=")
        if not mark or not name.strip():
            message, fix = f"'{text}' has no '='", "write it as 胸径=dbh_cm"
            wrong.append(Finding.error("setting-wrong", option, message, fix=fix))
        found[name.strip()] = value.strip()
    return found


def _lists(texts: Sequence[str] | None, wrong: list[Finding]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in texts or ():
        for species, id_ in _pairs([text], "--equation", wrong).items():
            found.setdefault(species, []).append(id_)
    return found


def _nest(text: str) -> Nest:
    """``name=sapling,below=5,radius=2,pieces=6``; ValueError, or what pydantic finds wrong."""
    from bluecarbon.project_inventory import Nest

    keys = {
        "name": "name", "from": "dbh_min_cm", "below": "dbh_below_cm", "radius": "radius_m",
        "area": "area_m2", "pieces": "pieces",
    }  # fmt: skip
    made: dict[str, str] = {}
    for part in text.split(","):
        key, mark, value = part.partition("=")
        if not mark or key.strip() not in keys:
            raise ValueError(f"--nest: '{part}' is none of {', '.join(f'{k}=' for k in keys)}")
        made[keys[key.strip()]] = value.strip()
    return Nest.model_validate(made, strict=False)


def _said_wrong(error: Exception) -> list[Finding]:
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return [Finding.error("setting-wrong", "options", str(error))]
    return [
        Finding.error(
            "setting-wrong",
            "--" + ".".join(str(part).replace("_", "-") for part in item["loc"]),
            item["msg"].removeprefix("Value error, "),
        )
        for item in error.errors()
    ]


def _date(text: str, wrong: list[Finding]) -> dt.date | None:
    from bluecarbon.mrv.sheet_cells import date_of

    if not text:
        return None
    day, said = date_of(text)
    if day is None:
        wrong.append(Finding.error("setting-wrong", "--date", said, fix="write 2024-07-31"))
    return day


def _print_mappings(made: FieldInventory) -> None:
    """The mapping is for the user's eyes: to the error stream when the output is a file."""
    for sheet in (made.tree_sheet, made.plot_table):
        if sheet is not None and len(sheet.mapping_table):
            typer.echo(f"columns 列 of {sheet.file}:", err=True)
            typer.echo(_aligned(sheet.mapping_table.to_numpy().tolist()), err=True)


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    from rich.cells import cell_len, set_cell_size

    lines = [["your column", "ours", "unit", "conversion", "example", "found by"], *rows]
    widths = [max(cell_len(str(line[i])) for line in lines) for i in range(len(lines[0]))]
    return "\n".join(
        "  "
        + "  ".join(set_cell_size(str(c), w) for c, w in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _print_result(made: FieldInventory) -> None:
    from bluecarbon.mrv.inventory_tables import inventory_tables

    used = made.n_rows - made.n_left_out
    said = f"{made.n_left_out} of {made.n_rows} rows are left out, {used} are used"
    typer.echo(said, err=True)
    print_table(inventory_tables(made, ())["carbon_strata.csv"], "Carbon by stratum 碳储量")


def _write(
    made: FieldInventory,
    found: Sequence[Finding],
    inputs: Sequence[tuple[Path, str]],
    *,
    out: Path,
    settings: dict[str, Any],
) -> None:
    from bluecarbon.cli.output_folder import replaced_folder
    from bluecarbon.mrv.inventory_tables import inventory_tables
    from bluecarbon.mrv.manifest import digest_of, write_manifest
    from bluecarbon.mrv.outputs import SIGNIFICANT_DIGITS

    paths = [path for path, _ in inputs]
    with replaced_folder(out, paths[0], command=COMMAND, inputs=paths) as folder:
        for name, table in inventory_tables(made, found).items():
            table.to_csv(
                folder / name, index=False, float_format=SIGNIFICANT_DIGITS, lineterminator="\n"
            )
        write_manifest(
            folder,
            COMMAND,
            settings={key: value for key, value in settings.items() if value},
            inputs=[digest_of(path, role) for path, role in inputs],
            findings=found,
        )
