"""``bluecarbon mrv areas``, ``change``, ``zonal``, ``stack`` and ``convert``: class maps as files.

Each works block by block on threads, on worker processes (``--workers``) or on a dask cluster
(``--dask``); tables and files are the same bytes whoever computes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

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
from bluecarbon.cli.held_maps import held_map, held_maps
from bluecarbon.cli.table_output import echo_findings, print_table, refusals
from bluecarbon.errors import DataError, OutputError
from bluecarbon.spec import Finding, errors_in

if TYPE_CHECKING:
    import xarray as xr

    from bluecarbon.mrv.change_files import ChangeRules
    from bluecarbon.mrv.map_arguments import MapLegend
    from bluecarbon.mrv.transitions import DatedMap

Findings = tuple[Finding, ...]

MapFile = Annotated[str, typer.Argument(metavar="MAP", help="Class map; FILE#2 is its band 2.")]
DatedMaps = Annotated[
    list[str],
    typer.Argument(
        metavar="MAP...",
        help="In order of the years: FILE, or 2015=FILE where its name holds no year.",
    ),
]
StrataFile = Annotated[
    Path | None, typer.Option("--strata", help="Polygons, or a raster of stratum numbers.")
]
DatasetFile = Annotated[Path, typer.Option("--out", help="FILE.nc or FILE.zarr; replaced.")]


@dataclass(frozen=True)
class Rules:
    """Which class is followed, and which changes are not believed."""

    followed: Annotated[
        str, typer.Option("--class", help="Class that is gained and lost, by name or number.")
    ] = "mangrove"
    mmu: Annotated[
        int, typer.Option("--mmu", min=0, help="Revert changes of at most so many pixels.")
    ] = 0
    adjacency: Annotated[
        int, typer.Option("--adjacency", help="Pixels of a patch touch by 4 (edges) or 8 (corners)")
    ] = 4
    persistence: Annotated[
        str | None, typer.Option("--persistence", help="three-date: no class for one date only.")
    ] = None
    map_error: Annotated[
        float | None,
        typer.Option("--map-error", min=0, max=0.5, help="Part of the class that is mapped wrong."),
    ] = None


def add_raster_commands(mrv_app: typer.Typer) -> None:
    """Put the commands of this file into the group ``bluecarbon mrv``."""
    commands: dict[str, Callable[..., None]] = {
        "areas": areas, "change": change, "zonal": zonal, "stack": stack, "convert": convert,
    }  # fmt: skip
    for name, command in commands.items():
        mrv_app.command(name)(grouped(command))


def areas(
    class_map: MapFile,
    *,
    strata: StrataFile = None,
    chart: Annotated[Path | None, typer.Option("--chart", help="Also draw a FILE.png.")] = None,
    classes: Classes,
    scale: Scale,
) -> None:
    """True hectares of every class of a map, by stratum: geodesic, cut pixels by their part."""
    import pandas as pd

    from bluecarbon.mrv import map_arguments as given
    from bluecarbon.mrv.transitions import transition_areas

    with refusals():
        item, opened = held_map(class_map)
        _chart_place(chart, [item.file, *([strata] if strata else [])])
        legend, found = given.legend_of_maps([item], declared_legend(classes))
        found = (*opened, *found)
        places, problems = given.strata_of(strata, [item])
        problems += given.crossing_findings([item])
        _required((*found, *problems))
        with runner_of(scale) as runner:
            table, counted = transition_areas(
                [item], strata=places, legend=legend.declared, runner=runner
            )
        found += (*problems, *given.in_file(counted, strata))
        frame = table.to_frame() if table is not None else pd.DataFrame()
        if table is not None and frame.empty and strata is not None:
            found += (given.nothing_covered(strata, len(table.strata), item),)
        _required(found)
        frame = frame.rename(columns={str(item.year): "number"})
        found += given.outside_findings(item, legend, frame["number"])
    echo_findings(found)
    frame.insert(2, "class", [legend.name(number) for number in frame["number"]])
    if chart is not None:
        from bluecarbon.mrv.change_charts import areas_png

        with refusals():
            _write_chart(chart, areas_png(frame))
    print_table(frame, f"Areas 面积 {item.subject}")


def _chart_place(chart: Path | None, inputs: Sequence[Path]) -> None:
    """Refuse a chart that is no PNG or would take the place of an input, before anything is read"""
    from bluecarbon.cli.output_folder import require_apart
    from bluecarbon.mrv.map_arguments import files_of

    if chart is None:
        return
    if chart.suffix.lower() != ".png":
        message, fix = f"'{chart.name}' does not end in .png", "name a picture, as in areas.png"
        raise DataError([Finding.error("setting-wrong", "--chart", message, fix=fix)])
    require_apart(chart, [file for path in inputs for file in files_of(path)])


def _write_chart(chart: Path, picture: bytes) -> None:
    """Write a picture whole or not at all. OutputError where it cannot be written."""
    unfinished = chart.with_name(f".{chart.name}.unfinished")
    try:
        unfinished.write_bytes(picture)
        unfinished.replace(chart)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise OutputError(f"{chart}: cannot be written: {error.strerror}") from error


def change(
    maps: DatedMaps,
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder for tables and maps; replaced.")],
    strata: StrataFile = None,
    rules: Rules,
    classes: Classes,
    grids: Grids,
    scale: Scale,
) -> None:
    """Gain and loss between maps of two or more dates: tables, maps, polygons and a manifest.

    Writes tables/*.csv, maps/change_*.tif, maps/change_polygons.gpkg, areas.png, change.png and
    manifest.json; with rules also the maps after them, maps/classes_*.tif; of more than two dates
    maps/first_change.tif and last_change.tif, the years of change.
    """
    from bluecarbon.cli.change_command import ChangeRequest, make_change
    from bluecarbon.cli.output_folder import replaced_folder
    from bluecarbon.mrv.map_arguments import crossing_findings, files_of, strata_of

    with refusals():
        items, legend, found = _dated(maps, classes, grids)
        found += crossing_findings(items)
        chosen, more = _rules(rules, legend)
        places, problems = strata_of(strata, items)
        found += (*more, *problems, *_at_least_two(items))
        _required(found)
        alignment = alignment_of(grids)
        asked = ChangeRequest(
            items, legend, places, strata, chosen, alignment, rules.map_error
        )  # fmt: skip
        settings = {"class": rules.followed, "mmu": rules.mmu, "adjacency": rules.adjacency}
        settings |= {"persistence": rules.persistence or "none", "align": grids.align}
        settings |= {"legend": " ".join(classes.legend or ()), "map_error": rules.map_error or ""}
        settings |= {} if grids.nodata is None else {"nodata": grids.nodata}
        read = [file for item in items for file in files_of(item.file)]
        read += files_of(strata) if strata is not None else ()
        output = replaced_folder(out, items[0].file, command="bluecarbon mrv change", inputs=read)
        with output as folder, runner_of(scale) as runner:
            table, made = make_change(asked, folder, settings, runner)
    echo_findings((*found, *made))
    print_table(table, f"Change 变化 -> {out}")


def zonal(
    class_map: MapFile,
    polygons: Annotated[Path, typer.Argument(help="GeoPackage, GeoJSON or Shapefile.")],
    *,
    name: Annotated[str, typer.Option("--name", help="Property that names the polygons.")] = "",
    centre: Annotated[
        bool, typer.Option("--centre", help="Whole pixels by their centre, not their parts.")
    ] = False,
    classes: Classes,
    scale: Scale,
) -> None:
    """Hectares of every class in each of many polygons, which may overlap."""
    from bluecarbon.mrv import map_arguments as given
    from bluecarbon.mrv.zonal import zonal_areas

    with refusals():
        item, opened = held_map(class_map)
        legend, found = given.legend_of_maps([item], declared_legend(classes))
        found = (*opened, *found)
        shapes, problems = given.named_polygons(polygons, column=name, class_map=item)
        found += (*problems, *given.crossing_findings([item]))
        _required(found)
        with runner_of(scale) as runner:
            mode = "centre" if centre else "exact"
            table, counted = zonal_areas(item, shapes, mode=cast("Any", mode), runner=runner)
        found += given.in_file(counted, polygons)
        if table is not None and table.empty:
            found += (given.nothing_covered(polygons, len(shapes), item),)
        if table is None or table.empty:
            raise DataError(found)
        found += given.outside_findings(item, legend, table["class"])
    echo_findings(found)
    table = table.rename(columns={"class": "number"})
    table.insert(2, "class", [legend.name(number) for number in table["number"]])
    print_table(table, f"Areas 面积 {item.subject} by {polygons.name}")


def stack(
    maps: DatedMaps, *, out: DatasetFile, classes: Classes, grids: Grids, scale: Scale
) -> None:
    """Class maps of several years as one NetCDF file or Zarr store, with their legend (CF)."""
    from bluecarbon.mrv.raster_datasets import class_dataset

    with refusals():
        items, legend, found = _dated(maps, classes, grids)
        write = _writer(out, "bluecarbon mrv stack", [item.file for item in items])
        _required(found)
        alignment = alignment_of(grids)
        with runner_of(scale) as runner:
            made, problems = class_dataset(items, legend, alignment=alignment, runner=runner)
        found += problems
        _write(made, found, write, out)


def convert(
    rasters: Annotated[list[Path], typer.Argument(metavar="RASTER...", help="On one grid.")],
    *,
    out: DatasetFile,
    unit: Annotated[str, typer.Option("--unit", help="Unit of the values; else the file's.")] = "",
    scale: Scale,
) -> None:
    """Rasters of values or classes as one NetCDF file or Zarr store, a variable for each file."""
    from bluecarbon.mrv.raster_datasets import value_dataset

    with refusals():
        write = _writer(out, "bluecarbon mrv convert", rasters)
        with runner_of(scale) as runner:
            made, found = value_dataset(rasters, unit=unit, runner=runner)
        _write(made, found, write, out)


def _required(found: Sequence[Finding]) -> None:
    if errors_in(found):
        raise DataError(found)


def _dated(
    arguments: Sequence[str], classes: Classes, grids: Grids
) -> tuple[tuple[DatedMap, ...], MapLegend, Findings]:
    from bluecarbon.mrv.map_arguments import dated_maps, legend_of_maps, same_map_findings

    items, found = held_maps(*dated_maps(arguments))
    legend, problems = legend_of_maps(items, declared_legend(classes))
    found += (*problems, *same_map_findings(items))
    return items, without_nodata(legend, grids), found


def _at_least_two(items: Sequence[DatedMap]) -> Findings:
    if len(items) != 1:
        return ()
    message, fix = "change needs maps of two dates or more", "give another map, or use mrv areas"
    return (Finding.error("class-map-missing", items[0].subject, message, fix=fix),)


def _rules(rules: Rules, legend: MapLegend) -> tuple[ChangeRules, Findings]:
    from bluecarbon.mrv.change_files import ChangeRules
    from bluecarbon.mrv.map_arguments import class_number
    from bluecarbon.mrv.minimum_mapping_unit import MappingUnit

    number, found = class_number(legend, rules.followed)
    if rules.adjacency not in {4, 8}:
        message, fix = f"'{rules.adjacency}' is no adjacency", "use 4 (edges) or 8 (and corners)"
        found += (Finding.error("setting-wrong", "--adjacency", message, fix=fix),)
    if rules.persistence not in {None, "three-date"}:
        message, fix = f"'{rules.persistence}' is not known", "use three-date"
        found += (Finding.error("setting-wrong", "--persistence", message, fix=fix),)
    unit = MappingUnit(rules.mmu, cast("Any", rules.adjacency)) if rules.mmu else None
    filtered = rules.persistence is not None
    return ChangeRules(number, legend.names, legend.unknown, filtered, unit), found


def _writer(out: Path, command: str, rasters: Sequence[Path]) -> Callable[[xr.Dataset, Path], None]:
    """Writes a data set that says which command made it, and replaces only one of that command."""
    from bluecarbon.cli.output_folder import require_apart
    from bluecarbon.mrv import exports
    from bluecarbon.mrv.map_arguments import files_of

    writers = {".nc": exports.write_netcdf, ".zarr": exports.write_zarr}
    if out.suffix not in writers:
        message = f"'{out.name}' ends neither in .nc nor in .zarr"
        fix = "name the file by its format: NetCDF .nc, Zarr .zarr"
        raise DataError([Finding.error("setting-wrong", "--out", message, fix=fix)])
    require_apart(out, [file for path in rasters for file in files_of(path)])
    if out.exists() and exports.maker_of(out) != command:
        message = f"{out.name} is there and was not made by {command}"
        raise DataError([Finding.error("setting-wrong", "--out", message, fix="give another name")])
    return lambda made, place: writers[out.suffix](exports.made_by(made, command), place)


def _write(
    made: xr.Dataset | None,
    found: Findings,
    write: Callable[[xr.Dataset, Path], None],
    out: Path,
) -> None:
    if made is None:
        raise DataError(found)
    write(made, out)
    echo_findings(found)
    sizes = ", ".join(f"{name} {size}" for name, size in made.sizes.items())
    typer.echo(f"{', '.join(map(str, made.data_vars))} ({sizes}) -> {out}")
