"""The inventory of a project: in the layout of docs/project_file.md, or in any other.

Sheets in our own layout are read by :func:`bluecarbon.mrv.inventory.measure_inventory`, which
stops at every defect. A workbook, other headers, or a key of :class:`InventorySheets` in
``[inventory]`` goes through :mod:`bluecarbon.mrv.field_inventory`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from bluecarbon.mrv.field_dates import latest_date
from bluecarbon.mrv.field_inventory import FieldInventory, InventoryRequest, measure_sheets
from bluecarbon.mrv.field_tables import file_name, read_field_table, read_lines
from bluecarbon.mrv.inventory import InventoryResult, judged_trees, measure_inventory
from bluecarbon.mrv.inventory_checks import PLOT_COLUMNS
from bluecarbon.mrv.plot_tables import read_plot_table
from bluecarbon.mrv.rasters import Geometry
from bluecarbon.mrv.rejects import as_records
from bluecarbon.mrv.tree_equation_checks import choice_of, whole_trees
from bluecarbon.project import Inventory, Project
from bluecarbon.project_inventory import InventorySheets
from bluecarbon.spec import Finding, errors_in

OUR_TREE_COLUMNS = {"plot_id", "tree_id", "date", "species", "status"}
OUR_PLOT_COLUMNS = {"plot_id", "stratum", "area_m2"}


def measure_project_inventory(
    project: Project,
    stratum_ids: Sequence[str],
    polygons: Mapping[str, Geometry] | None = None,
) -> tuple[InventoryResult | None, tuple[Finding, ...]]:
    """Read, check and evaluate the inventory of a project, whatever its layout.

    Returns
    -------
    The result, None when the project has no inventory or a finding is an error; and every
    finding about both sheets. ``rejected`` and ``columns`` of the result are filled for sheets
    in other layouts than ours.
    """
    section = project.inventory
    if section is None or not in_other_layout(project, section):
        return measure_inventory(project, stratum_ids)
    choice, findings = choice_of(section)
    if choice is None:
        return None, tuple(findings)
    made, found = measure_sheets(
        InventoryRequest(
            project.resolve(section.trees),
            project.resolve(section.plots),
            section,
            choice,
            section.unknown_species,
            strata=tuple(stratum_ids),
            stratum=stratum_ids[0] if len(stratum_ids) == 1 else "",
            latest=latest_date(project.period.end),
            dated=True,
            # Where bad rows stop, all of them are told by check_placement at once.
            polygons=polygons or {} if section.bad_rows == "leave out" else {},
            coordinates=section.coordinates,
        )
    )
    findings += [*found, *_mappings(made)]
    if made.result is not None:
        judged, claimed = judged_trees(made.result.trees), project.methodology is not None
        findings += whole_trees(judged, file_name(section.trees), claimed=claimed)
    if made.result is None or errors_in(findings):
        return None, tuple(findings)
    columns = pd.concat(
        [s.mapping_table.assign(file=s.file) for s in (made.tree_sheet, made.plot_table) if s]
    )
    return replace(made.result, rejected=made.rejected, columns=columns), tuple(findings)


def in_other_layout(project: Project, section: Inventory) -> bool:
    """Whether sheets are read by their mapping: asked for, a workbook, or with other headers."""
    if set(InventorySheets.model_fields) & section.model_fields_set:
        return True
    for declared, ours in ((section.trees, OUR_TREE_COLUMNS), (section.plots, OUR_PLOT_COLUMNS)):
        path = project.resolve(declared)
        if path.suffix.lower() != ".csv":
            return True
        lines, _ = read_lines(path, declared)
        header = {cell.strip() for cell in lines[0][1]} if lines else ours
        if len(header & ours) < len(ours) / 2:
            return True
    return False


def _mappings(made: FieldInventory) -> list[Finding]:
    """Which column was taken for what, where it does not say so itself."""
    found = []
    for sheet in (made.tree_sheet, made.plot_table):
        if sheet is not None:
            said = [
                f"{row['ours']} <- '{row['your_column']}'"
                + (f" ({row['conversion']})" if row["conversion"] else "")
                for row in as_records(sheet.mapping_table)
                if row["how"] not in ("", "same name")
            ]
            if said:
                found.append(Finding.info("columns-mapped", sheet.file, "; ".join(said)))
    return found


def plots_with_places(project: Project) -> pd.DataFrame | None:
    """line, plot_id, stratum, lon, lat [degree, as the sheet has them] of the plots of a project.

    None when there is no sheet, it cannot be read, or it has no positions; its reader says so.
    """
    section = project.inventory
    if section is None:
        return None
    if in_other_layout(project, section):
        read, _ = read_plot_table(
            project.resolve(section.plots),
            columns=section.plot_columns,
            sheet=section.plots_sheet,
            decimal_comma=section.decimal_comma,
        )
        table = None if read is None else read.rows
    else:
        table, _ = read_field_table(project.resolve(section.plots), section.plots, PLOT_COLUMNS)
    return table if table is not None and {"lon", "lat"} <= set(table.columns) else None
