"""Sheets of plots in the layouts people have: ground, stratum and position of each plot.

A plot may have several rows, one for each of its subplots: their grounds are added, and the plot
stays the sampling unit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bluecarbon.mrv.column_names import ColumnMapping
from bluecarbon.mrv.column_vocabulary import PLACE_NAMES, TREE_NAMES
from bluecarbon.mrv.converted_positions import converted_positions
from bluecarbon.mrv.field_tables import defect, row_defects
from bluecarbon.mrv.inventory_checks import AREA_M2
from bluecarbon.mrv.position_checks import converted_findings, sound_positions
from bluecarbon.mrv.rasters import Geometry
from bluecarbon.mrv.rejects import Rejects
from bluecarbon.mrv.sample_places import TOLERANCE_M, distance_m
from bluecarbon.mrv.sheet_cells import TypedSheet, typed_sheet
from bluecarbon.mrv.sheet_files import RawSheet, read_raw_sheet
from bluecarbon.mrv.tree_sheets import column_corrections, columns_found
from bluecarbon.project_coordinates import Coordinates
from bluecarbon.spec import Finding, errors_in

_SIZES = ("area_m2", "radius_m", "sapling_area_m2", "sapling_radius_m")
PLOT_NAMES = (*PLACE_NAMES, *(name for name in TREE_NAMES if name.name in _SIZES))
"""What may stand in a sheet of plots."""

FIXES: Mapping[str, str] = {
    "plot-id-missing": "fill in the plot",
    "number-unreadable": "write a number with a decimal point",
    "decimal-comma": "write a decimal point, or say that the sheet has decimal commas",
    "plot-area-missing": "give the ground of the plot (area_m2, or radius_m of a circle)",
    "plot-area-wrong": f"square metres, {AREA_M2[0]:g} to {AREA_M2[1]:,.0f} (0.01 ha = 100 m2)",
    "plot-twice": "keep one row for each plot, or give the subplots a column 'subplot'",
    "plot-in-two-strata": "a plot lies in one stratum: correct one, or rename one of the plots",
    "stratum-unknown": "write the id of a stratum of the project",
    "stratum-missing": "fill in the stratum",
    "plot-outside-stratum": "check the coordinates (longitude, latitude, WGS 84) or the stratum",
    "sapling-area-wrong": "square metres, above 0 and not more than the plot",
    "row-length-wrong": "a separator inside a text needs quotes around the text",
}


@dataclass(frozen=True)
class PlotTable:
    """Plots that can be used, and what was left out.

    ``rows`` has one row for each plot: line, plot_id, stratum, area_m2, lon, lat (NaN where not
    known), and sapling_area_m2 and date where the sheet has them. ``subplots`` are the pairs of
    plot and subplot that are listed, empty when no subplots are.
    """

    file: str
    mapping: ColumnMapping
    mapping_table: pd.DataFrame
    rows: pd.DataFrame
    rejects: Rejects
    misfits: tuple[tuple[int, str], ...] = ()
    subplots: frozenset[tuple[str, str]] = field(default_factory=frozenset)


def inside_strata(
    table: PlotTable, polygons: Mapping[str, Geometry], system: Coordinates
) -> PlotTable:
    """The table without the plots that lie more than 15 m outside the stratum they name.

    ``polygons`` are WGS 84, ``system`` is that of the positions; plots without a position, or of a
    stratum without a polygon, stay.
    """
    rows = table.rejects.rows
    if not polygons or not {"lon", "lat"} <= set(rows):
        return table
    placed, _ = converted_positions(rows, table.file, system)
    away_m = np.zeros(len(rows))
    for place, row in enumerate(placed.to_dict("records")):
        polygon = polygons.get(str(row["stratum"]))
        if polygon is not None and abs(row["lon"]) <= 180 and abs(row["lat"]) <= 90:
            away_m[place] = distance_m(polygon, row["lon"], row["lat"])
    far = away_m > TOLERANCE_M
    said = dict(zip(rows["line"], away_m, strict=True))
    table.rejects.add(
        far,
        "plot-outside-stratum",
        lambda row: f"{row['plot_id']} lies {said[row['line']]:,.0f} m outside {row['stratum']}",
    )
    outside = set(rows.loc[far, "line"])
    return replace(table, rows=table.rows[~table.rows["line"].isin(outside)])


def read_plot_table(
    path: Path,
    *,
    columns: Mapping[str, str] | None = None,
    sheet: str = "",
    decimal_comma: bool = False,
    strata: Sequence[str] = (),
    default_stratum: str = "",
) -> tuple[PlotTable | None, list[Finding]]:
    """Read a sheet of plots.

    ``columns``, ``sheet`` and ``decimal_comma`` as in
    :func:`bluecarbon.mrv.tree_sheets.read_tree_sheet`. ``strata`` are those that are known, any
    when empty; ``default_stratum`` is that of plots in a sheet without such a column.

    Returns
    -------
    None when the sheet cannot be read as a table of plots; and the findings about the file, its
    header and its positions.
    """
    corrections, findings = column_corrections(columns or {}, path.name)
    corrections = corrections._replace(telling=frozenset(_SIZES))
    raw, found = read_raw_sheet(path, PLOT_NAMES, corrections=corrections, sheet=sheet)
    findings += found
    if raw is None:
        return None, findings
    if raw.mapping.column("plot_id") is None:
        fix = "name it with [inventory.plot_columns], or --plot-columns 'your header=plot_id'"
        message = "there is no column for plot_id"
        findings.append(defect("column-missing", raw.mapping.file, message, fix))
    if errors_in(findings):
        return None, [*findings, *columns_found(raw.mapping)]
    typed = typed_sheet(raw, decimal_comma=decimal_comma)
    made, found = plot_table_of(
        raw, typed, raw.mapping.file, strata=strata, default_stratum=default_stratum
    )
    return made, [*findings, *found]


def plot_table_of(
    raw: RawSheet,
    typed: TypedSheet,
    file: str,
    *,
    strata: Sequence[str] = (),
    default_stratum: str = "",
) -> tuple[PlotTable, list[Finding]]:
    """The sheet of plots whose cells are read; see :func:`read_plot_table`."""
    findings = converted_findings(typed.notes, typed.rows["line"], file)
    rows, found = _placed(_completed(typed.rows, default_stratum), typed, file)
    rejects = Rejects(rows, file, key="plot_id")
    _reject(rejects, typed, strata)
    plots, subplots = _whole_plots(rows[~rejects.mask])
    table = typed.mapping_table()
    made = PlotTable(file, raw.mapping, table, plots, rejects, raw.misfits, subplots)
    return made, [*findings, *found]


def plots_of_trees(
    trees: pd.DataFrame, file: str, area_m2: float | None, default_stratum: str
) -> tuple[PlotTable | None, list[Finding]]:
    """Plots as far as a sheet of trees knows them: those that have a row.

    Their ground is ``area_m2`` or stands in the rows of the trees (area_m2, radius_m).
    """
    rows = trees[trees["plot_id"] != ""].drop_duplicates("plot_id")
    names = ["line", "plot_id", *(n for n in ("stratum", *_SIZES) if n in rows)]
    plots = _completed(rows[names].reset_index(drop=True), default_stratum)
    if area_m2 is not None:
        plots["area_m2"] = area_m2
    if plots["area_m2"].isna().any():
        message = "the ground of the plots is not known"
        fix = "give --plots with plot_id, stratum and area_m2, or --plot-area"
        return None, [defect("plot-area-missing", file, message, fix)]
    found = _strata_of_trees(trees, file)
    message = "plots are taken from the trees: a plot without trees is not known and not counted"
    fix = "give a sheet of all plots that were visited: empty ones are zeros of the mean"
    found.append(defect("plots-from-trees", file, message, fix, severity="warning"))
    mapping = ColumnMapping(file=file, columns=())
    rejects = Rejects(plots, file, key="plot_id")
    wrong = ~plots["area_m2"].between(*AREA_M2)
    rejects.add(wrong, "plot-area-wrong", _said("area_m2 is {area_m2:g}"))
    return PlotTable(file, mapping, pd.DataFrame(), plots[~wrong], rejects), found


def _strata_of_trees(trees: pd.DataFrame, file: str) -> list[Finding]:
    if "stratum" not in trees:
        return []
    pairs = trees.loc[trees["plot_id"] != "", ["plot_id", "stratum"]].drop_duplicates()
    several = sorted(set(pairs["plot_id"][pairs["plot_id"].duplicated()]))
    fix = FIXES["plot-in-two-strata"]
    return [
        defect("plot-in-two-strata", file, f"plot '{name}' is in two strata", fix)
        for name in several
    ]


def _placed(rows: pd.DataFrame, typed: TypedSheet, file: str) -> tuple[pd.DataFrame, list[Finding]]:
    """Plots without the positions that are none; a plot counts wherever it lies."""
    rows, found = sound_positions(rows, file)
    hits = [
        (int(rows["line"].to_numpy()[place]), said)
        for place, name, _, said in typed.defects
        if name in ("lat", "lon")
    ]
    fix = "write decimal degrees, WGS 84; the plot is used without its position"
    return rows, found + row_defects("position-unreadable", file, hits, fix, severity="warning")


def _completed(rows: pd.DataFrame, default_stratum: str) -> pd.DataFrame:
    """Every column that a plot has; areas from radii, where areas are not given."""
    done = rows.copy()
    for kind in ("", "sapling_"):
        area, radius = f"{kind}area_m2", f"{kind}radius_m"
        if radius in done:
            circle = np.pi * done[radius] ** 2
            done[area] = done[area].fillna(circle) if area in done else circle
    for name in ("area_m2", "lon", "lat"):
        if name not in done:
            done[name] = np.nan
    for name, text in (("stratum", default_stratum), ("subplot_id", "")):
        if name not in done:
            done[name] = pd.Series(text, index=done.index, dtype="object")
    return done


def _reject(rejects: Rejects, typed: TypedSheet, strata: Sequence[str]) -> None:
    rows = rejects.rows
    rejects.add(rows["plot_id"] == "", "plot-id-missing", lambda _: "plot_id is empty")
    unread = [d for d in typed.defects if d[1] in _SIZES]
    rejects.reasons += [(place, code, said) for place, _, code, said in unread]
    bad = np.isin(np.arange(len(rows)), [place for place, *_ in unread])
    area = rows["area_m2"]
    rejects.add(area.isna() & ~bad, "plot-area-missing", lambda _: "has no area")
    wrong = (area < AREA_M2[0]) | (area > AREA_M2[1])
    rejects.add(wrong, "plot-area-wrong", _said("area_m2 is {area_m2:g}"))
    if "sapling_area_m2" in rows:
        small = rows["sapling_area_m2"]
        wrong = (small <= 0) | (small > area)
        said = _said("sapling_area_m2 is {sapling_area_m2:g} of {area_m2:g}")
        rejects.add(wrong, "sapling-area-wrong", said)
    rejects.add(rows["stratum"] == "", "stratum-missing", lambda _: "stratum is empty")
    if strata:
        strange = ~rows["stratum"].isin([*strata, ""])
        rejects.add(strange, "stratum-unknown", _said("there is no stratum '{stratum}'"))
    _reject_repeated(rejects)


def _said(text: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda row: text.format(**row)


def _reject_repeated(rejects: Rejects) -> None:
    """Rows of one plot in two strata (none stays), and rows that are there twice."""
    rows = rejects.rows
    named = rows["plot_id"] != ""
    strata = rows[named].groupby("plot_id")["stratum"].nunique()
    several = named & rows["plot_id"].isin(strata.index[strata > 1])
    said = _said("plot '{plot_id}' is in more than one stratum, here '{stratum}'")
    rejects.add(several, "plot-in-two-strata", said)
    again = named & ~several & rows.duplicated(["plot_id", "subplot_id"], keep="first")
    rejects.add(again, "plot-twice", _said("plot '{plot_id}' is there twice"))


def _whole_plots(rows: pd.DataFrame) -> tuple[pd.DataFrame, frozenset[tuple[str, str]]]:
    """One row for each plot: the grounds of its subplots added, the rest of the first of them."""
    listed = rows[rows["subplot_id"] != ""]
    pairs = frozenset(zip(listed["plot_id"], listed["subplot_id"], strict=True))
    if rows["plot_id"].is_unique:
        return rows.reset_index(drop=True), pairs
    grouped = rows.groupby("plot_id", sort=False)
    plots = grouped.first().reset_index()
    for name in ("area_m2", "sapling_area_m2"):
        if name in rows:
            plots[name] = grouped[name].sum(min_count=1).to_numpy()
    return plots, pairs
