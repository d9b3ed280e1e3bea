"""Labelled points: training labels and the reference sample, from CSV or any point layer.

Columns: ``lon`` and ``lat`` (WGS 84 degrees; a point layer carries them itself), ``epoch`` (the
year of the map that the label belongs to), ``label`` (a class name) and, if there is one,
``point_id``. A point that is there twice would count twice, and is a defect.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from bluecarbon.mrv.class_maps import MAPPED_LABELS
from bluecarbon.mrv.field_tables import (
    Column,
    Lines,
    defect,
    in_words,
    position_defects,
    read_field_table,
    row_defects,
    typed_table,
)
from bluecarbon.spec import Finding, errors_in

COLUMNS = (
    Column("point_id", optional=True),
    Column("lon", "number"),
    Column("lat", "number"),
    Column("epoch", "number"),
    Column("label"),
)

MISSING_LABELS = {"na", "n/a", "nan", "none", "null", "-"}
"""How spreadsheets and programs write that there is nothing, in any case."""

_UNREADABLE = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FeatureError,
    pyogrio.errors.GeometryError,
    shapely.errors.ShapelyError,
    ValueError,
    OSError,
)


def read_points(
    path: Path, epochs: Collection[int]
) -> tuple[pd.DataFrame | None, tuple[Finding, ...]]:
    """Points with the columns lon, lat, epoch, label and row (as a person counts it in the file).

    A row is the line of a CSV file, or the number of a feature in a layer, from 1. Points of an
    epoch that the project does not map are left out, and counted in a finding. None when the file
    cannot be used.
    """
    file = path.name
    try:
        table, found = _read(path)
    except _UNREADABLE as error:
        message = f"the points cannot be read: {str(error).splitlines()[0]}"
        fix = "use CSV (UTF-8) with the columns lon, lat, epoch, label, or a point layer"
        return None, (Finding.error("points-unreadable", file, message, fix=fix),)
    # Points may carry whatever else their maker noted; only what is read is judged.
    found = [f for f in found if f.code != "column-unknown"]
    if table is not None:
        found += [*position_defects(table, file), *_epoch_defects(table, file)]
        found += [*_label_defects(table, file), *_twice(table, file)]
    if table is None or errors_in(found):
        return None, tuple(found)
    points = table.rename(columns={"line": "row"})[["lon", "lat", "epoch", "label", "row"]]
    points["epoch"] = points["epoch"].astype("int64")
    other = ~points["epoch"].isin(list(epochs))
    if other.any():
        found.append(_other_epochs(points[other], epochs, file))
    return points[~other].reset_index(drop=True), tuple(found)


def _read(path: Path) -> tuple[pd.DataFrame | None, list[Finding]]:
    if path.suffix.lower() == ".csv":
        return read_field_table(path, path.name, COLUMNS)
    frame = gpd.read_file(path)
    if not isinstance(frame, gpd.GeoDataFrame) or frame.crs is None:
        raise ValueError("the layer has no geometry or no coordinate system")
    places = frame.geometry.to_crs("EPSG:4326").representative_point()
    table = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    table = table.assign(lon=places.x, lat=places.y)
    cells = table.astype(object).where(table.notna(), "").astype(str)
    lines: Lines = [(0, list(map(str, cells.columns)))]
    lines += [(number, row) for number, row in enumerate(cells.to_numpy().tolist(), start=1)]
    return typed_table(path.name, lines, COLUMNS)


def _epoch_defects(table: pd.DataFrame, file: str) -> list[Finding]:
    wrong = table[
        (table["epoch"] % 1 != 0) & table["epoch"].notna() | (table["epoch"].abs() > 9999)
    ]
    hits = [(n, f"epoch {year:.10g} is not a year") for n, year in _pairs(wrong, "epoch")]
    return row_defects("points-epoch-wrong", file, hits, "write the year of the map, e.g. 2024")


def _label_defects(table: pd.DataFrame, file: str) -> list[Finding]:
    labels = table["label"]
    missing = labels.str.casefold().isin(MISSING_LABELS)
    hits = [(n, f"the label is missing ('{text}')") for n, text in _pairs(table[missing], "label")]
    found = row_defects("label-missing", file, hits, "label the point, or remove the row")
    unknown = table[~missing & ~labels.isin([*MAPPED_LABELS, ""])]
    for label, rows in unknown.groupby("label", sort=True):
        subject = f"{file} {in_words(rows['line'].tolist())}"
        fix = f"use one of: {', '.join(MAPPED_LABELS)}"
        found.append(defect("label-unknown", subject, f"label '{label}' is not known", fix))
    return found


def _twice(table: pd.DataFrame, file: str) -> list[Finding]:
    """Points with the id of another one of the same epoch."""
    if "point_id" not in table:
        return []
    named = table[table["point_id"] != ""]
    repeated = named[named.duplicated(["point_id", "epoch"], keep=False)]
    hits = []
    for (name, epoch), rows in repeated.groupby(["point_id", "epoch"], sort=True):
        lines = rows["line"].tolist()
        text = f"point '{name}' of {epoch:g} is there more than once: {in_words(lines)}"
        hits.append((lines[-1], text))
    fix = "keep one row for each point and epoch: a point that is there twice counts twice"
    return row_defects("point-twice", file, hits, fix)


def _pairs(rows: pd.DataFrame, column: str) -> list[tuple[int, object]]:
    return [(int(line), value) for line, value in zip(rows["line"], rows[column], strict=True)]


def _other_epochs(table: pd.DataFrame, epochs: Collection[int], subject: str) -> Finding:
    years = ", ".join(str(year) for year in sorted(table["epoch"].unique()))
    message = f"{len(table)} points are of {years}, an epoch that the project does not map"
    fix = f"mapped epochs: {', '.join(map(str, sorted(epochs)))}"
    return Finding.warning("points-other-epoch", subject, message, fix=fix)
