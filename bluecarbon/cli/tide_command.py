"""``bluecarbon mrv tide``: how high the tide stood when scenes were taken."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bluecarbon.cli.table_output import echo_findings, print_table, refusals
from bluecarbon.errors import DataError
from bluecarbon.spec import Finding, errors_in

if TYPE_CHECKING:
    import pandas as pd

    from bluecarbon.mrv.tides import Station

Findings = tuple[Finding, ...]
LEVEL = "level_m"
STACKS = frozenset({".nc", ".nc4", ".zarr"})


def add_tide_command(mrv_app: typer.Typer) -> None:
    """Put the command into the group ``bluecarbon mrv``."""
    mrv_app.command("tide")(tide)


def tide(
    stations: Annotated[
        Path, typer.Argument(help="JSON list of gauges with their harmonic constituents.")
    ],
    times: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TIME...",
            help="2024-10-24T02:55:31Z, or what has such times: a STAC item or catalogue (.json), "
            "a stack of dates (.nc, .zarr; in UTC).",
        ),
    ] = None,
    *,
    station: Annotated[
        str, typer.Option("--station", help="Id of the gauge; without it the gauges are listed.")
    ] = "",
    table: Annotated[
        Path | None,
        typer.Option("--times", help="CSV with a column time_utc; with level_m it is compared."),
    ] = None,
) -> None:
    """Height of the tide above mean sea level at acquisition times, from a gauge's constituents.

    Says how far such heights were from another program's at gauges where that was measured (0.01
    to 0.10 m), and from the levels of --times where it has some.
    """
    with refusals():
        known, found = _stations(stations)
        if not station:
            listed = _listed(known)
        else:
            rows, read = _rows(times or (), table)
            listed, more = _heights(known, station, rows)
            found += (*read, *more)
            if errors_in(found):
                raise DataError(found)
    echo_findings(found)
    print_table(listed, f"Tide 潮位 {station or stations.name}")


def _stations(path: Path) -> tuple[tuple[Station, ...], Findings]:
    from bluecarbon.mrv.tides import read_stations

    known, found = read_stations(path)
    if errors_in(found):
        raise DataError(found)
    return known, found


def _listed(known: Sequence[Station]) -> pd.DataFrame:
    import pandas as pd

    rows = [
        (one.id, one.name, one.longitude, one.latitude, len(one.harmonic_constituents))
        for one in known
    ]
    return pd.DataFrame(rows, columns=["station", "name", "lon", "lat", "constituents"])


def _rows(times: Sequence[str], table: Path | None) -> tuple[pd.DataFrame, Findings]:
    """Times as texts, and the levels that somebody gives for them."""
    import pandas as pd

    from bluecarbon.mrv.field_tables import Column, read_field_table

    texts: list[str] = []
    for text in times:
        if text.lower().endswith(".json"):
            texts += _of_items(Path(text))
        else:
            texts += _of_stack(Path(text)) if Path(text).suffix in STACKS else [text]
    rows = pd.DataFrame({"time_utc": texts})
    if table is None:
        return rows, ()
    columns = [Column("time_utc"), Column(LEVEL, "number", optional=True)]
    read, found = read_field_table(table, table.name, columns)
    found = [finding for finding in found if finding.code != "column-unknown"]
    if read is None or errors_in(found):
        raise DataError(found)
    return pd.concat([rows, read.drop(columns="line")], ignore_index=True), tuple(found)


def _of_items(path: Path) -> list[str]:
    from bluecarbon.stac_files import items_of, read_json

    try:
        items = items_of(path, str(path))
        texts = [read_json(Path(item.path))["properties"].get("datetime") for item in items]
    except (ValueError, KeyError) as error:
        fix = "give a STAC item or catalogue on disk"
        raise DataError(
            [Finding.error("stac-unreadable", path.name, str(error), fix=fix)]
        ) from error
    return [str(text) for text in texts if text]


def _of_stack(path: Path) -> list[str]:
    """The times of a stack of dates, in UTC as CF counts them where a file names no zone."""
    from bluecarbon.mrv.datasets import open_dataset

    opened, found = open_dataset(path)
    if opened is None:
        raise DataError(found)
    times = opened.dataset.coords.get("time")
    if times is None or times.dtype.kind != "M":
        message = "has no coordinate time that holds dates and times"
        fix = "give the times themselves, or --times FILE.csv"
        raise DataError([Finding.error("tide-time-missing", path.name, message, fix=fix)])
    moments = times.to_numpy().astype("datetime64[s]").ravel()
    if (moments == moments.astype("datetime64[D]")).all():
        message = "holds dates without a time of day: a tide is that of a moment"
        fix = "take the times of acquisition from the product: --times FILE.csv"
        raise DataError([Finding.error("tide-time-missing", path.name, message, fix=fix)])
    return [f"{moment}Z" for moment in moments]


def _heights(
    known: Sequence[Station], name: str, rows: pd.DataFrame
) -> tuple[pd.DataFrame, Findings]:
    from bluecarbon.mrv.tides import judged_m, station_of, tide_heights_m, tolerance_finding

    gauge, found = station_of(known, name)
    found = tuple(f.model_copy(update={"subject": "--station"}) for f in found)
    times, wrong = _parsed(rows["time_utc"].tolist())
    found += wrong
    if gauge is None or errors_in(found):
        raise DataError(found)
    heights, problems = tide_heights_m(gauge, times)
    found += problems
    if heights is None:
        raise DataError(found)
    table = rows.assign(time_utc=[_utc(time) for time in times], height_m=heights.round(4))
    found += (tolerance_finding(gauge),)
    if LEVEL in table and table[LEVEL].notna().any():
        held = table[LEVEL].notna().to_numpy()
        rms, largest = judged_m(heights[held], table.loc[held, LEVEL].to_numpy(dtype=float))
        message = (
            f"against {int(held.sum())} given levels: root mean square {rms:.3f} m, largest "
            f"difference {largest:.3f} m"
        )
        found += (Finding.info("tide-compared", gauge.id, message),)
    return table, found


def _parsed(texts: Sequence[str]) -> tuple[list[dt.datetime], Findings]:
    times, wrong = [], []
    for text in texts:
        try:
            times.append(dt.datetime.fromisoformat(text))
        except ValueError:
            wrong.append(text)
    if wrong:
        message = f"not a date and time: {', '.join(wrong[:5])}"
        fix = "write 2024-10-24T02:55:31Z"
        return [], (Finding.error("tide-time-wrong", "times", message, fix=fix),)
    if not times:
        message, fix = "no time is given", "write times, or --times FILE.csv"
        return [], (Finding.error("tide-time-missing", "times", message, fix=fix),)
    return times, ()


def _utc(time: dt.datetime) -> str:
    return time.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
