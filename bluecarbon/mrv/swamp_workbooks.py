"""Workbooks of CIFOR's SWAMP programme: trees, saplings, subplots and plots in sheets of their own.

Rows refer to each other by number: a tree to its subplot (SUBPID), a subplot to its plot (PLOTID).
TREE_AREA and SAP_AREA are the grounds of one subplot [m2]: those of a plot are so many times
larger. Species and wood densities are numbers of tables that are not in the workbook; the user
says which species a number is. STATID 1 is a live tree, 2 to 4 are decay classes 1 to 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bluecarbon.mrv.column_names import ColumnMapping, map_columns
from bluecarbon.mrv.column_vocabulary import TREE_NAMES, FieldName
from bluecarbon.mrv.field_tables import Lines, defect
from bluecarbon.mrv.plot_tables import PLOT_NAMES, PlotTable, plot_table_of
from bluecarbon.mrv.sheet_cells import typed_sheet
from bluecarbon.mrv.sheet_files import raw_of_lines
from bluecarbon.mrv.sheet_workbooks import WORKBOOK_ENDINGS, sheet_names, workbook_sheets
from bluecarbon.mrv.tree_sheets import TreeSheet, tree_sheet_of
from bluecarbon.spec import Finding

SHEETS = ("Plot", "Subplot", "Tree")
DECAY_CLASS = {"2": "1", "3": "2", "4": "3"}

_TREE_HEADER = {
    "plot_id": "SITECD-PLOT", "subplot_id": "SUBPID", "tree_id": "TREEN, SAPN", "date": "MDATE",
    "species": "SPECID", "dbh_cm": "DBH", "basal_diameter_cm": "DBASE", "height_m": "HGT",
    "stem_height_m": "DEADBREAK_HGT", "status": "STATID", "decay_class": "STATID - 1",
    "nest": "Tree, Sapling",
}  # fmt: skip
_PLOT_HEADER = {
    "plot_id": "SITECD-PLOT", "stratum": "SITECD", "date": "MDATE", "lat": "LATITUDE",
    "lon": "LONGITUDE", "area_m2": "TREE_AREA x subplots", "sapling_area_m2": "SAP_AREA x subplots",
}  # fmt: skip


def is_swamp_workbook(path: Path) -> bool:
    """Whether a file is a workbook with the sheets Plot, Subplot and Tree."""
    return path.suffix.lower() in WORKBOOK_ENDINGS and set(SHEETS) <= set(sheet_names(path))


def read_swamp_workbook(
    path: Path, *, species_names: Mapping[str, str] | None = None
) -> tuple[TreeSheet | None, PlotTable | None, list[Finding]]:
    """Trees, saplings and plots of a workbook.

    Plots are called by site code and number ("KR-3"); the site is their stratum. Rows of the sheet
    Sapling are counted on behind those of Tree, and are of the nest "sapling".
    """
    sheets, findings = workbook_sheets(path)
    missing = [name for name in SHEETS if name not in sheets]
    if missing:
        message = f"has no rows in: {', '.join(missing)}"
        fix = "export the workbook again"
        return None, None, [*findings, defect("field-file-empty", path.name, message, fix)]
    records = {name: _records(lines) for name, lines in sheets.items()}
    sites = {row["ID"]: row["SITECD"] for row in records.get("Site", []) if row.get("SITECD")}
    plots = {
        row["ID"]: {**row, "plot_id": f"{sites.get(row['SITEID'], row['SITEID'])}-{row['PLOT']}"}
        for row in records["Plot"]
    }
    subplots = {row["ID"]: row for row in records["Subplot"]}
    trees = _tree_lines(records, subplots, plots)
    raw = raw_of_lines(
        _mapped(_TREE_HEADER, TREE_NAMES, f"{path.name} [Tree]"), trees, len(_TREE_HEADER)
    )
    sheet, found = tree_sheet_of(raw, raw.mapping.file, species_names=species_names)
    findings += found
    pieces = [row["PLOTID"] for row in records["Subplot"]]
    lines: Lines = [
        (row["line"], _plot_cells(row, sites, pieces.count(key))) for key, row in plots.items()
    ]
    raw = raw_of_lines(
        _mapped(_PLOT_HEADER, PLOT_NAMES, f"{path.name} [Plot]"), lines, len(_PLOT_HEADER)
    )
    table, found = plot_table_of(raw, typed_sheet(raw), raw.mapping.file)
    first = len(records["Tree"]) + 2
    message = (
        f"is read as a SWAMP workbook: {len(records['Tree'])} trees, "
        f"{len(records.get('Sapling', []))} saplings (counted as rows {first} and on), "
        f"{len(subplots)} subplots in {len(plots)} plots; the ground of a plot is that of its "
        "subplots together"
    )
    findings.append(defect("swamp-workbook", path.name, message, severity="info"))
    return sheet, table, [*findings, *found, *_codes(sheet, sheet.file)]


def _mapped(header: Mapping[str, str], names: Sequence[FieldName], file: str) -> ColumnMapping:
    """The mapping of our columns, each called as it is in the workbook."""
    mapping, _ = map_columns(list(header), names, file=file)
    columns = [
        column.model_copy(update={"header": header[column.name], "by": "known header"})
        for column in mapping.columns
    ]
    return mapping.model_copy(update={"columns": tuple(columns)})


def _records(lines: Lines) -> list[dict[str, Any]]:
    header = [cell.strip() for cell in lines[0][1]]
    return [
        {"line": line, **dict(zip(header, (c.strip() for c in cells), strict=True))}
        for line, cells in lines[1:]
    ]


def _tree_lines(
    records: Mapping[str, list[dict[str, Any]]],
    subplots: Mapping[str, dict[str, Any]],
    plots: Mapping[str, dict[str, Any]],
) -> Lines:
    lines: Lines = []
    offset = 0
    for name, tag, nest in (("Tree", "TREEN", "main"), ("Sapling", "SAPN", "sapling")):
        for row in records.get(name, []):
            subplot = subplots.get(row["SUBPID"], {})
            plot = plots.get(subplot.get("PLOTID", ""), {})
            status = "live" if row["STATID"] == "1" else "dead"
            cells = [
                plot.get("plot_id", ""), row["SUBPID"], row[tag], plot.get("MDATE", ""),
                row["SPECID"], row["DBH"], row["DBASE"], row["HGT"], row["DEADBREAK_HGT"],
                status, DECAY_CLASS.get(row["STATID"], ""), nest,
            ]  # fmt: skip
            lines.append((offset + row["line"], cells))
        offset = lines[-1][0] - 1 if lines else 0
    return lines


def _plot_cells(row: Mapping[str, Any], sites: Mapping[str, str], pieces: int) -> list[str]:
    areas = [_times(row[name], pieces) for name in ("TREE_AREA", "SAP_AREA")]
    place = (row["plot_id"], sites.get(row["SITEID"], row["SITEID"]), row["MDATE"])
    return [*place, row["LATITUDE"], row["LONGITUDE"], *areas]


def _times(text: str, pieces: int) -> str:
    """A ground so many times, or the text as it is where it is no number: it is named later."""
    try:
        return repr(float(text) * pieces)
    except ValueError:
        return text


def _codes(sheet: TreeSheet, file: str) -> list[Finding]:
    """Species that are still numbers."""
    codes = sorted({name for name in sheet.rows["species"] if str(name).isdigit()}, key=int)
    if not codes:
        return []
    message = f"species are numbers of a table that is not here: {', '.join(codes)}"
    fix = "say which they are: --species '16=Rhizophora apiculata', or [inventory.species_names]"
    return [defect("species-coded", file, message, fix, severity="warning")]
