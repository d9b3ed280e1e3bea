"""``bluecarbon mrv cores``: sheets of soil cores to carbon, without a project file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from bluecarbon.cli.command_options import grouped
from bluecarbon.cli.cores_output import Answer, as_json, show, tell, write
from bluecarbon.cli.exit_codes import REFUSED
from bluecarbon.cli.table_output import refusals
from bluecarbon.errors import DataError
from bluecarbon.spec import Finding, errors_in

if TYPE_CHECKING:
    from bluecarbon.mrv.core_ground import Ground
    from bluecarbon.mrv.soil_cores import CoreSource, Reading, SoilResult
    from bluecarbon.mrv.soil_profiles import ProfileOptions

UNIT_MARK = "::"
HERE = "[soil] (here: --coordinates)"


@dataclass(frozen=True)
class Sheets:
    """How sheets are read."""

    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--columns", help="name=header, or name=header::unit, as in core_id=Core; repeatable."
        ),
    ] = None
    core_table: Annotated[
        Path | None, typer.Option("--core-table", help="One row for each core, joined by core_id.")
    ] = None
    sheet: Annotated[str, typer.Option("--sheet", help="Sheet of a workbook.")] = ""
    decimal_comma: Annotated[bool, typer.Option("--decimal-comma", help="Read 0,85 as 0.85.")] = (
        False
    )
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="name=value that rows must have: country=China; repeatable."),
    ] = None
    markers: Annotated[
        Path | None, typer.Option("--markers", help="Marker horizons: plot_id, depth_cm, years.")
    ] = None
    coordinates: Annotated[
        str, typer.Option("--coordinates", help="What positions are in: wgs84, gcj-02 or bd-09.")
    ] = "wgs84"


@dataclass(frozen=True)
class Carbon:
    """How slices become stocks."""

    reference_depth: Annotated[
        float, typer.Option("--reference-depth", min=0.1, max=500, help="Integrate to, in cm.")
    ] = 100.0
    conversion: Annotated[
        str, typer.Option("--conversion", help="Organic matter to carbon; see docs/soil_cores.md.")
    ] = ""
    regression_by: Annotated[
        list[str] | None,
        typer.Option("--regression-by", help="Own regressions of: site_id, study_id ...; first."),
    ] = None
    low_matter: Annotated[
        str, typer.Option("--low-matter", help="More carbon than matter: refuse or keep.")
    ] = "refuse"
    compaction: Annotated[
        str, typer.Option("--compaction", help="Correct both, none, or depth only.")
    ] = "both"
    allochthonous: Annotated[
        float, typer.Option("--allochthonous", min=0, max=100, help="Percent from elsewhere.")
    ] = 0.0
    gap_max: Annotated[
        float, typer.Option("--gap-max", min=0.1, help="Wider gaps (cm) are not shared out.")
    ] = 30.0
    rejected_slices: Annotated[
        str, typer.Option("--rejected-slices", help="'leave core out' or fill, with an error.")
    ] = "leave core out"
    years: Annotated[
        float, typer.Option("--years", min=1, help="Of the sequestration rate of dated cores.")
    ] = 100.0


def add_cores_command(mrv_app: typer.Typer) -> None:
    """Put the command into the group ``bluecarbon mrv``."""
    mrv_app.command("cores")(grouped(cores))


def cores(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Slices: CSV, CSV.GZ or XLSX.")
    ],
    *,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for tables; replaced.")] = None,
    strata: Annotated[
        Path | None, typer.Option("--strata", help="Polygons with the property stratum.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at rows that cannot be used.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
    sheets: Sheets,
    carbon: Carbon,
) -> None:
    """Slices of soil cores to tC/ha: columns by name, compaction, gaps, depth, means with SE.

    Prints which column is what, every finding, the cores and the means; --out keeps slices.csv
    (corrected), cores.csv, means.csv, rates.csv, markers.csv, rejected_rows.csv, manifest.json.
    """
    from bluecarbon.mrv.pooled_cores import pooled, rejected_of
    from bluecarbon.mrv.soil_cores import measure_cores

    with refusals():
        _require_once(files)
        options, ground, found = _options(carbon), *_ground(strata, sheets.coordinates)
        readings = [
            measure_cores(
                _source(path, sheets),
                options,
                ground=ground,
                reference_years=carbon.years,
                strict=strict,
            )
            for path in files
        ]
        result, shared = pooled(readings, [path.name for path in files])
        result, marked = _with_markers(result, sheets.markers, strict=strict)
        findings = tuple(dict.fromkeys((*found, *_all(readings), *shared, *marked)))
        answer = Answer(
            readings, findings, rejected_of(readings), None if errors_in(findings) else result
        )
        if not json:
            tell(answer)
        if out is not None:
            others = (sheets.core_table, strata, sheets.markers)
            inputs = [*files, *(p for p in others if p is not None)]
            write(answer, out, inputs, _settings(sheets, carbon, strict))
    if json:
        typer.echo(as_json(answer))
    if answer.result is None:
        typer.echo("refused: correct the errors and run again. Nothing was written.", err=True)
        raise typer.Exit(REFUSED)
    if not json:
        show(answer.result, out)


def _require_once(files: Sequence[Path]) -> None:
    """DataError when a file is given twice: each of its cores would count twice."""
    places = [path.resolve() for path in files]
    twice = sorted({path.name for path in places if places.count(path) > 1})
    if twice:
        fix = "give each file once"
        raise DataError(
            [Finding.error("file-twice", name, "is given twice", fix=fix) for name in twice]
        )


def _all(readings: Sequence[Reading]) -> Iterator[Finding]:
    for reading in readings:
        yield from reading.findings


def _with_markers(
    result: SoilResult | None, path: Path | None, *, strict: bool
) -> tuple[SoilResult | None, tuple[Finding, ...]]:
    """The result with the accretion over marker horizons, where a sheet of them is given."""
    if path is None:
        return result, ()
    from bluecarbon.mrv.marker_horizons import read_markers

    markers, found = read_markers(path, strict=strict)
    return (None if result is None else replace(result, markers=markers)), found


def _options(carbon: Carbon) -> ProfileOptions:
    from pydantic import ValidationError

    from bluecarbon.mrv.soil_profiles import ProfileOptions

    try:
        return ProfileOptions(
            reference_depth_cm=carbon.reference_depth,
            correction=cast("Any", carbon.compaction),
            conversion=carbon.conversion,
            regression_by=tuple(carbon.regression_by or ()),
            low_matter=cast("Any", carbon.low_matter),
            allochthonous_percent=carbon.allochthonous,
            gap_max_cm=carbon.gap_max,
            rejected_slices=cast("Any", carbon.rejected_slices),
        )
    except ValidationError as error:
        raise DataError(
            [
                Finding.error("setting-wrong", str(item["loc"][0]), item["msg"], fix="see --help")
                for item in error.errors()
            ]
        ) from error


def _source(path: Path, sheets: Sheets) -> CoreSource:
    from bluecarbon.mrv.soil_cores import CoreSource

    corrections: dict[str, Any] = {}
    for name, text in _pairs(sheets.columns, "--columns").items():
        header, mark, unit = text.partition(UNIT_MARK)
        corrections[name] = (header, unit) if mark else header
    return CoreSource(
        path=path,
        core_table=sheets.core_table,
        workbook_sheet=sheets.sheet,
        decimal_comma=sheets.decimal_comma,
        corrections=corrections,
        coordinates=cast("Any", sheets.coordinates),
        only=_pairs(sheets.only, "--only"),
    )


def _pairs(entries: Sequence[str] | None, option: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in entries or ():
        name, mark, value = entry.partition("=")
        if not mark or not name.strip():
            message, fix = f"'{entry}' is no name=value", "write name=value"
            raise DataError([Finding.error("setting-wrong", option, message, fix=fix)])
        found[name.strip()] = value.strip()
    return found


def _ground(strata: Path | None, coordinates: str) -> tuple[Ground, tuple[Finding, ...]]:
    from typing import get_args

    from bluecarbon.mrv.core_ground import Ground
    from bluecarbon.mrv.vectors import read_strata
    from bluecarbon.project_coordinates import Coordinates

    if coordinates not in get_args(Coordinates):
        message, fix = f"'{coordinates}' is no system", f"use {', '.join(get_args(Coordinates))}"
        raise DataError([Finding.error("setting-wrong", "--coordinates", message, fix=fix)])
    system = cast("Coordinates", coordinates)
    if strata is None:
        return Ground(coordinates=system, where=HERE), ()
    layer, found = read_strata(strata, None, None)
    if layer is None:
        raise DataError(found)
    polygons = {item.stratum.id: item.geometry for item in layer}
    ground = Ground(tuple(polygons), polygons, None, HERE, strata.name, system)
    return ground, found


def _settings(sheets: Sheets, carbon: Carbon, strict: bool) -> dict[str, object]:
    """Every option by its name; of files the name alone, for their place is no setting."""
    given = {**vars(sheets), **vars(carbon), "strict": strict}
    return {
        name: value.name if isinstance(value, Path)
        else " ".join(value) if isinstance(value, list) else "" if value is None else value
        for name, value in given.items()
    }  # fmt: skip
