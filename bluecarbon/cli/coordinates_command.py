"""``bluecarbon mrv coordinates``: do positions look shifted like those of Chinese web maps?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from bluecarbon.cli.exit_codes import DIFFERS
from bluecarbon.cli.table_output import echo_findings, refusals
from bluecarbon.errors import DataError
from bluecarbon.spec import Finding, errors_in

if TYPE_CHECKING:
    from bluecarbon.project_coordinates import Coordinates

LOOK_WRONG = frozenset({"positions-look-shifted", "outlines-apart"})


def add_coordinates_command(mrv_app: typer.Typer) -> None:
    """Put the command into the group ``bluecarbon mrv``."""
    mrv_app.command("coordinates")(coordinates)


def coordinates(
    file: Annotated[Path, typer.Argument(help="Polygons, or a CSV with lon and lat.")],
    *,
    reference: Annotated[
        Path | None, typer.Option("--reference", help="Polygons that are where they should be.")
    ] = None,
    class_map: Annotated[
        str, typer.Option("--map", help="Class map; FILE#2 is its band 2. For polygons.")
    ] = "",
    mangrove: Annotated[
        list[int] | None, typer.Option("--mangrove", help="Its numbers of mangrove; by default 1.")
    ] = None,
    given: Annotated[
        str, typer.Option("--from", help="Convert to WGS 84 from gcj-02 or bd-09; needs --out.")
    ] = "",
    out: Annotated[Path | None, typer.Option("--out", help="GeoJSON, or CSV for a CSV.")] = None,
) -> None:
    """Compare positions with where they should be, and name the shift of Chinese web maps.

    Exit code 1 when they look shifted. Nothing is converted unless --from says what they are;
    then the positions as converted are compared.
    """
    from bluecarbon.mrv.map_arguments import undated_map
    from bluecarbon.mrv.position_files import (
        converted,
        read_position_file,
        shift_against_map_file,
        shift_against_polygons,
        write_position_file,
    )

    with refusals():
        system = _system(given, out, compared=bool(reference or class_map))
        positions, found = read_position_file(file)
        _required(found)
        assert positions is not None  # noqa: S101 - without a file there is an error among found
        if system is not None and out is not None:
            positions, said = converted(positions, system)
            _required(said)
            found += said
        if reference is not None:
            found += shift_against_polygons(positions, reference, system or "wgs84")
        if class_map:
            item, numbers = undated_map(class_map), set(mangrove or [1])
            found += shift_against_map_file(positions, item, numbers, system or "wgs84")
        _required(found)
        if out is not None:
            write_position_file(positions, out, source=file)
    echo_findings(found)
    shifted = any(f.code in LOOK_WRONG for f in found)
    if not shifted and (reference or class_map):
        typer.echo("nothing says that the positions are shifted")
    raise typer.Exit(DIFFERS if shifted else 0)


def _system(given: str, out: Path | None, *, compared: bool) -> Coordinates | None:
    from bluecarbon.project_coordinates import Coordinates

    known = [name for name in get_args(Coordinates) if name != "wgs84"]
    if not given and out is None and compared:
        return None
    if not given and out is None:
        message, fix = "there is nothing to compare with", "give --reference or --map, or --from"
        raise DataError([Finding.error("setting-wrong", "--reference", message, fix=fix)])
    if given in known and out is not None:
        return cast("Coordinates", given)
    message = "give --from and --out together" if not given or out is None else f"no '{given}'"
    fix = f"--from is one of {', '.join(known)}"
    raise DataError([Finding.error("setting-wrong", "--from", message, fix=fix)])


def _required(found: Sequence[Finding]) -> None:
    if errors_in(found):
        raise DataError(found)
