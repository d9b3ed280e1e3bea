"""A reference sample on a class map: labels from a file, map classes from a raster, strata sizes.

For maps outside of a project (``bluecarbon mrv accuracy``). Labels are class names of the map's
legend, or its numbers. No point leaves the sample in silence: those off the map are named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bluecarbon.mrv.blocks import Runner
from bluecarbon.mrv.class_sizes import (
    NOT_SEEN,
    by_class,
    class_sizes,
    says_nothing,
    tagged_names,
    values_at,
)
from bluecarbon.mrv.field_tables import (
    Column,
    in_words,
    position_defects,
    read_field_table,
    row_defects,
)
from bluecarbon.mrv.independence import provenance_findings
from bluecarbon.mrv.points import MISSING_LABELS
from bluecarbon.mrv.rasters import Grid, opened, read_grid
from bluecarbon.mrv.strata_on_map import Layer, beyond_map, sizes_where_mapped
from bluecarbon.spec import Finding, errors_in

COLUMNS = (
    Column("point_id", optional=True),
    Column("lon", "number"),
    Column("lat", "number"),
    Column("label"),
    Column("epoch", optional=True),
    Column("provenance", optional=True),
    Column("stratum", optional=True),
    Column("design", optional=True),
)

Findings = tuple[Finding, ...]
Looked = tuple[NDArray[Any], NDArray[np.bool_]]
"""Class name of every point, and where there is one."""


@dataclass(frozen=True)
class ClassMap:
    """A class raster: file, band, and number -> class (empty: the numbers are the names)."""

    path: Path
    band: int = 1
    names: Mapping[int, str] | None = None

    def legend(self) -> dict[int, str]:
        """Number -> class: as declared, else as the file's tags say, else empty."""
        if self.names:
            return dict(self.names)
        with opened(self.path) as dataset:
            return tagged_names(dataset.tags())


@dataclass(frozen=True)
class Sample:
    """Points with the columns stratum, map and reference, and the strata with their sizes."""

    points: pd.DataFrame
    strata: pd.DataFrame


def read_reference(
    path: Path, *, also: Sequence[str] = (), epoch: str = ""
) -> tuple[pd.DataFrame | None, Findings]:
    """Labelled points: lon, lat, label, row, and the optional and ``also`` named columns.

    With ``epoch`` only the points of that epoch. None when a point cannot be used.
    """
    needed = dict.fromkeys(name for name in also if name not in _NEEDED)
    columns = (*(c for c in COLUMNS if c.name not in needed), *map(Column, needed))
    table, found = read_field_table(path, path.name, columns)
    found = [f for f in found if f.code != "column-unknown"]
    if table is None:
        return None, tuple(found)
    found += position_defects(table, path.name)
    missing = table["label"].str.casefold().isin(MISSING_LABELS)
    hits = [(int(line), "the label is missing") for line in table.loc[missing, "line"]]
    found += row_defects("label-missing", path.name, hits, "label the point, or remove the row")
    if errors_in(found):
        return None, tuple(found)
    table = table.rename(columns={"line": "row"})
    if epoch and "epoch" in table:
        table = table[table["epoch"] == epoch].reset_index(drop=True)
        if table.empty:
            message, fix = f"has no point of epoch {epoch}", "name an epoch of the file"
            found.append(Finding.error("points-other-epoch", path.name, message, fix=fix))
            return None, tuple(found)
    found += provenance_findings(table, subject=path.name)
    return (None if errors_in(found) else table), tuple(found)


_NEEDED = {column.name for column in COLUMNS if not column.optional}


def on_map(
    table: pd.DataFrame,
    class_map: ClassMap,
    *,
    subject: str,
    strata: ClassMap | None = None,
    runner: Runner | None = None,
) -> tuple[Sample | None, Findings]:
    """The sample with map class and stratum of every point, and the sizes of the strata.

    ``table`` from :func:`read_reference`; ``strata`` is the raster whose classes the sample was
    stratified by (by default the map itself), sized where the map has data. Points outside the
    map, or where it (or the strata) has no data, are no part of what is estimated: they are left
    out, with their rows.
    """
    design = strata or class_map
    sizes, found = class_sizes(design.path, band=design.band, names=design.names, runner=runner)
    if strata is not None:
        mapped, unmapped = class_sizes(
            class_map.path, band=class_map.band, names=class_map.names, runner=runner
        )
        found += unmapped
        sizes = None if mapped is None else sizes
    if sizes is None:
        return None, found
    here = _classes_at(class_map, table)
    in_design = here
    if strata is not None:
        in_design = _classes_at(design, table)
        sizes, beyond = _sizes_on(class_map, design, sizes, runner)
        found += beyond
    sample, wrong = joined(table, here, in_design, legend=class_map.legend(), subject=subject)
    found += wrong
    if sample is None or errors_in(found):
        return None, found
    return Sample(sample, by_class(sizes)), found


def _sizes_on(
    class_map: ClassMap, strata: ClassMap, sizes: pd.DataFrame, runner: Runner | None
) -> tuple[pd.DataFrame, Findings]:
    """Sizes of the strata where the map has data, from those of :func:`.class_sizes`."""
    layers = [Layer.of(item.path, item.band, item.legend()) for item in (strata, class_map)]
    counted = sizes_where_mapped(*layers, runner=runner)
    both = sizes[["code", "stratum"]].merge(counted, on="code")
    all_ha, mapped_ha = float(sizes["area_ha"].sum()), float(both["area_ha"].sum())
    return both, beyond_map(all_ha, mapped_ha, subject=strata.path.name)


def joined(
    table: pd.DataFrame,
    mapped: Looked,
    stratum: Looked,
    *,
    legend: Mapping[int, str],
    subject: str,
) -> tuple[pd.DataFrame | None, Findings]:
    """The points with the columns map, stratum and reference; those off the map named and left out.

    ``mapped`` and ``stratum`` are class name and presence of every point of ``table``.
    """
    inside = mapped[1] & stratum[1]
    found: Findings = ()
    if not inside.all():
        found += (_off_map(table.loc[~inside, "row"].tolist(), subject),)
    labels, wrong = _labels(table, legend, subject)
    points = table.assign(map=mapped[0], stratum=stratum[0], reference=labels)[inside]
    return (None if wrong else points.reset_index(drop=True)), found + wrong


def _off_map(rows: list[int], subject: str) -> Finding:
    message = "outside the map, or where it has no data: no part of the ground that is estimated"
    fix = "if the number there is a class, name it in the legend"
    return Finding.warning("reference-off-map", f"{subject} {in_words(rows)}", message, fix=fix)


def _classes_at(class_map: ClassMap, table: pd.DataFrame) -> Looked:
    """Class name at every point, and where there is one."""
    with opened(class_map.path) as dataset:
        grid = Grid(dataset.crs, dataset.transform, dataset.height, dataset.width)
        nodata = dataset.nodata
    row, column, inside = pixels_at(table, grid)
    codes = values_at(class_map.path, row, column, band=class_map.band)
    return names_of(codes, inside, class_map.legend(), nodata)


def pixels_at(
    table: pd.DataFrame, grid: Grid
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Row and column of every point (0 off the grid), and which lie on the grid."""
    row, column = grid.pixels_of(table["lon"].to_numpy(), table["lat"].to_numpy())
    inside = grid.holds(row, column)
    rows, columns = (
        np.floor(np.where(inside, place, 0)).astype(np.int64) for place in (row, column)
    )
    return rows, columns, inside


def names_of(
    codes: NDArray[Any], inside: NDArray[np.bool_], legend: Mapping[int, str], nodata: float | None
) -> Looked:
    """Class names of codes (the number where none is named), and where they are no "no data"."""
    known = np.array([not says_nothing(int(code), nodata, legend) for code in codes], dtype=bool)
    names = np.array([legend.get(int(code), str(code)) for code in codes], dtype=object)
    return names, inside & known


def _labels(
    table: pd.DataFrame, legend: Mapping[int, str], subject: str
) -> tuple[pd.Series, Findings]:
    """Labels as class names; a number of the legend stands for its class."""
    by_number = {str(number): name for number, name in legend.items()}
    labels = table["label"].map(lambda label: by_number.get(label, label))
    classes = [name for name in dict.fromkeys(legend.values()) if name not in NOT_SEEN]
    unknown = ~labels.isin(classes) if legend else labels.isin(NOT_SEEN)
    found = []
    for label, rows in table[unknown].groupby("label", sort=True):
        message = f"label '{label}' is no class of the map"
        fix = f"use one of: {', '.join(classes)}" if classes else "label the point"
        where = f"{subject} {in_words(rows['row'].tolist())}"
        found.append(Finding.error("label-unknown", where, message, fix=fix))
    return labels, tuple(found)


def pixel_side_m(path: Path) -> float:
    """The longer side of the map's middle pixel in metres: within it two points share ground."""
    grid, _ = read_grid(path, path.name, what="class-map")
    if grid is None:
        raise ValueError(f"{path.name} has no grid")
    across, down = grid.pixel_size
    if not grid.crs.is_geographic:
        return max(across, down) * float(grid.crs.linear_units_factor[1])
    left, bottom, right, top = grid.bounds
    middle = np.array([(left + right) / 2]), np.array([(bottom + top) / 2])
    from pyproj import Geod

    geod = Geod(ellps="WGS84")
    east = geod.line_length([middle[0][0], middle[0][0] + across], [middle[1][0]] * 2)
    north = geod.line_length([middle[0][0]] * 2, [middle[1][0], middle[1][0] + down])
    return float(max(east, north))
