"""Labelled points: training labels and the reference sample, from CSV or any point layer.

Columns: ``lon`` and ``lat`` (WGS 84 degrees; a point layer carries them itself), ``epoch`` (the
year of the map that the label belongs to) and ``label`` (a class name).
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio

from bluecarbon.mrv.class_maps import MAPPED_LABELS
from bluecarbon.spec import Finding

ROWS_NAMED = 5
"""A message names at most this many rows; a thousand of them would help nobody."""

COLUMNS = ("lon", "lat", "epoch", "label")


def read_points(
    path: Path, epochs: Collection[int]
) -> tuple[pd.DataFrame | None, tuple[Finding, ...]]:
    """Points with the columns lon, lat, epoch, label and row (as a person counts it in the file).

    Points of an epoch that the project does not map are left out, and counted in a finding. None
    when the file cannot be used.
    """
    try:
        table = _read(path)
    except (pyogrio.errors.DataSourceError, ValueError, OSError) as error:
        message = f"the points cannot be read: {str(error).splitlines()[0]}"
        fix = "use CSV (UTF-8) with the columns lon, lat, epoch, label, or a point layer"
        return None, (Finding.error("points-unreadable", path.name, message, fix=fix),)
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        message = f"column {', '.join(missing)} is missing (there are: {', '.join(table.columns)})"
        fix = "points need the columns lon, lat, epoch and label"
        return None, (Finding.error("points-column-missing", path.name, message, fix=fix),)
    table, found = _typed(table, path.name)
    if found:
        return None, tuple(found)
    other = ~table["epoch"].isin(list(epochs))
    if other.any():
        found = [_other_epochs(table[other], epochs, path.name)]
    return table[~other].reset_index(drop=True), tuple(found)


def _read(path: Path) -> pd.DataFrame:
    if path.suffix.lower() == ".csv":
        table = pd.read_csv(path, dtype=str, skipinitialspace=True, encoding="utf-8-sig")
        return table.assign(row=range(2, len(table) + 2))
    frame = gpd.read_file(path)
    if not isinstance(frame, gpd.GeoDataFrame) or frame.crs is None:
        raise ValueError("the layer has no geometry or no coordinate system")
    places = frame.geometry.to_crs("EPSG:4326").representative_point()
    table = pd.DataFrame(frame.drop(columns=frame.geometry.name)).astype(str)
    return table.assign(lon=places.x, lat=places.y, row=range(1, len(table) + 1))


def _typed(table: pd.DataFrame, subject: str) -> tuple[pd.DataFrame, list[Finding]]:
    numbers = {name: pd.to_numeric(table[name], errors="coerce") for name in COLUMNS[:3]}
    typed = table.assign(**numbers, label=table["label"].str.strip())
    found = []
    lost = typed[list(COLUMNS[:3])].isna().any(axis=1)
    if lost.any():
        message = f"lon, lat or epoch is not a number in {_rows(typed[lost])}"
        fix = "fill the cells with plain numbers"
        found.append(Finding.error("points-not-number", subject, message, fix=fix))
    beyond = (typed["lat"].abs() > 90) | (typed["lon"].abs() > 180)
    if beyond.any():
        message = f"the place is not on Earth in {_rows(typed[beyond])}"
        fix = "lon is degrees east, lat degrees north; they may be exchanged, or be metres"
        found.append(Finding.error("points-out-of-range", subject, message, fix=fix))
    for label, rows in typed[~typed["label"].isin(MAPPED_LABELS)].groupby("label", dropna=False):
        message = f"label '{label}' is not known, in {_rows(rows)}"
        fix = f"use one of: {', '.join(MAPPED_LABELS)}"
        found.append(Finding.error("label-unknown", subject, message, fix=fix))
    if typed.empty:
        message, fix = "there is no point in the file", "export the points again"
        found.append(Finding.error("points-empty", subject, message, fix=fix))
    return typed[[*COLUMNS, "row"]], found


def _rows(table: pd.DataFrame) -> str:
    shown = ", ".join(str(row) for row in table["row"].head(ROWS_NAMED))
    more = len(table) - ROWS_NAMED
    return f"row {shown}" + (f" and {more} more" if more > 0 else "")


def _other_epochs(table: pd.DataFrame, epochs: Collection[int], subject: str) -> Finding:
    years = ", ".join(str(int(year)) for year in sorted(table["epoch"].unique()))
    message = f"{len(table)} points are of {years}, an epoch that the project does not map"
    fix = f"mapped epochs: {', '.join(map(str, sorted(epochs)))}"
    return Finding.warning("points-other-epoch", subject, message, fix=fix)
