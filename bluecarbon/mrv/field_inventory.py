"""From sheets in any layout to an inventory: what was read, left out, evaluated and summed.

The order: header and cells (:mod:`tree_sheets`, :mod:`plot_tables`), rows that cannot be used
(:mod:`tree_row_checks`), the ground of each tree (:mod:`nested_plots`), its wood density
(:mod:`wood_density_ladder`), biomass (:mod:`inventory`), dead wood (:mod:`dead_wood`). All
findings of all steps come at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from bluecarbon.methodology.kernels.wood_density import accepted_species
from bluecarbon.mrv import inventory_checks, tree_equation_checks, tree_row_checks
from bluecarbon.mrv.campaigns import campaigns_without_trees
from bluecarbon.mrv.dead_wood import dead_wood
from bluecarbon.mrv.field_tables import defect, row_defects
from bluecarbon.mrv.inventory import (
    InventoryResult,
    UnknownSpecies,
    evaluated_trees,
    judged_trees,
    plot_biomass,
    stratum_biomass,
)
from bluecarbon.mrv.left_out_rows import plots_cut_short, rejected_rows
from bluecarbon.mrv.nested_plots import nested_trees
from bluecarbon.mrv.plot_tables import FIXES as PLOT_FIXES
from bluecarbon.mrv.plot_tables import (
    PlotTable,
    inside_strata,
    plots_of_trees,
    read_plot_table,
)
from bluecarbon.mrv.rasters import Geometry
from bluecarbon.mrv.rejects import Rejects
from bluecarbon.mrv.swamp_workbooks import is_swamp_workbook, read_swamp_workbook
from bluecarbon.mrv.tree_equations import EquationChoice, canonical_species
from bluecarbon.mrv.tree_places import trees_outside_plots
from bluecarbon.mrv.tree_sheets import UNDATED, TreeSheet, read_tree_sheet
from bluecarbon.mrv.wood_density_ladder import ladder_findings, with_wood_density
from bluecarbon.project_coordinates import Coordinates
from bluecarbon.project_inventory import InventorySheets
from bluecarbon.spec import Finding, Severity, errors_in

ONE_STRATUM = "ALL"
"""The stratum of plots in sheets that name none."""


@dataclass(frozen=True)
class InventoryRequest:
    """What is read, and how it is evaluated.

    Attributes
    ----------
    trees, plots
        The sheets; without ``plots`` they are taken from the trees, with ``plot_area_m2`` or the
        areas that stand there.
    sheets
        How the sheets are read.
    choice, unknown_species
        Equations, and the wood density of species that are not known.
    strata
        The strata that are known; any, when empty.
    stratum
        The stratum of plots in sheets without such a column.
    latest
        The last day that a measurement may have.
    date
        The date of trees whose sheets give none; without it they are one campaign without a date,
        or, when ``dated``, cannot be used.
    polygons, coordinates
        Polygons of strata (WGS 84): plots that lie outside their own are left out; and the system
        of the positions of plots.
    """

    trees: Path
    plots: Path | None = None
    sheets: InventorySheets = field(default_factory=InventorySheets)
    choice: EquationChoice = field(default_factory=EquationChoice)
    unknown_species: UnknownSpecies = "ladder"
    strata: tuple[str, ...] = ()
    stratum: str = ONE_STRATUM
    plot_area_m2: float | None = None
    latest: dt.date = dt.date(2100, 12, 31)
    date: dt.date | None = None
    dated: bool = False
    polygons: Mapping[str, Geometry] = field(default_factory=dict)
    coordinates: Coordinates = "wgs84"


@dataclass(frozen=True)
class FieldInventory:
    """What was made of the sheets; ``result`` is None when a finding is an error.

    Attributes
    ----------
    tree_sheet, plot_table
        What was read, with the mapping of the columns; None where a sheet is no table.
    result
        See :class:`bluecarbon.mrv.inventory.InventoryResult`. Trees have ``nest``,
        ``nest_area_m2``, ``count``, ``wood_density_source`` and, when dead, ``decay_class``,
        ``dead_wood_kg`` and ``dead_wood_how``; plots and strata have dead wood.
    rejected
        file, line, plot_id, code, reason, fix: one line for each reason of each row left out.
    n_rows
        How many rows the sheet of trees has.
    """

    tree_sheet: TreeSheet | None
    plot_table: PlotTable | None
    result: InventoryResult | None
    rejected: pd.DataFrame
    n_rows: int = 0

    @property
    def n_left_out(self) -> int:
        """How many rows of the sheet of trees are left out."""
        if self.tree_sheet is None:
            return 0
        mine = self.rejected[self.rejected["file"] == self.tree_sheet.file]
        return int(mine["line"].nunique())


class _Read(NamedTuple):
    trees: TreeSheet | None
    plots: PlotTable | None
    findings: list[Finding]


def measure_sheets(asked: InventoryRequest) -> tuple[FieldInventory, tuple[Finding, ...]]:
    """Read, check and evaluate an inventory.

    Returns
    -------
    What was read as far as it could be, with a result when nothing forbids one; and all findings.
    Rows that are left out are warnings that name their lines, or errors where ``bad_rows`` says
    "stop".

    Raises
    ------
    MissingExtraError
        A workbook is read and openpyxl is not installed.
    """
    read = _read(asked)
    if read.trees is None or read.plots is None:
        found = [*read.findings, *_rows_of_one(read, asked)]
        return FieldInventory(read.trees, read.plots, None, rejected_rows(None, None)), tuple(found)
    return _measured(asked, read.trees, read.plots, read.findings)


def _read(asked: InventoryRequest) -> _Read:
    sheets = asked.sheets
    if asked.plots is None and not sheets.sheet and is_swamp_workbook(asked.trees):
        return _Read(*read_swamp_workbook(asked.trees, species_names=sheets.species_names))
    trees, findings = read_tree_sheet(
        asked.trees,
        columns=sheets.columns,
        sheet=sheets.sheet,
        decimal_comma=sheets.decimal_comma,
        species_names=sheets.species_names,
    )
    if asked.plots is not None:
        plots, found = read_plot_table(
            asked.plots,
            columns=sheets.plot_columns,
            sheet=sheets.plots_sheet,
            decimal_comma=sheets.decimal_comma,
            strata=asked.strata,
            default_stratum=asked.stratum,
        )
    elif trees is not None:
        area = asked.plot_area_m2
        plots, found = plots_of_trees(trees.rows, trees.file, area, asked.stratum)
    else:
        plots, found = None, []
    return _Read(trees, plots, [*findings, *found])


def _rows_of_one(read: _Read, asked: InventoryRequest) -> list[Finding]:
    """The bad rows of the sheet that could be read, when the other could not."""
    if read.trees is not None:
        rejects = Rejects(read.trees.rows, read.trees.file, key="plot_id")
        tree_row_checks.reject_tree_rows(
            rejects, read.trees, latest=asked.latest, dated=asked.dated and asked.date is None
        )
        return rejects.findings(dict(tree_row_checks.FIXES), "error")
    if read.plots is not None:
        return read.plots.rejects.findings(dict(PLOT_FIXES), "error")
    return []


def _measured(
    asked: InventoryRequest, trees: TreeSheet, plots: PlotTable, findings: list[Finding]
) -> tuple[FieldInventory, tuple[Finding, ...]]:
    severity: Severity = "error" if asked.sheets.bad_rows == "stop" else "warning"
    plots = inside_strata(plots, asked.polygons, asked.coordinates)
    rows, found = tree_row_checks.without_wrong_densities(_dated(trees, plots, asked), trees.file)
    stated = frozenset(c.name for c in trees.mapping.columns if c.header_unit)
    found += tree_row_checks.unit_suspicions(rows, trees.file, stated)
    rejects = Rejects(rows, trees.file, key="plot_id")
    tree_row_checks.reject_tree_rows(rejects, trees, latest=asked.latest, dated=asked.dated)
    tree_row_checks.reject_repeated_trees(rejects)
    _reject_strays(rejects, plots)
    found += trees_outside_plots(rows[~rejects.mask], plots.rows, trees.file)
    nests = nested_trees(rows, plots.rows, asked.sheets.nest, trees.file)
    rejects.add(nests.unknown, "nest-unknown", lambda row: f"there is no nest '{row['nest']}'")
    bare = nests.area_m2.isna().to_numpy() & ~rejects.mask
    rejects.add(bare, "nest-area-missing", lambda row: f"plot '{row['plot_id']}' has no such area")
    rows = rows.assign(nest=nests.nest, nest_area_m2=nests.area_m2)
    told = {column.name for column in trees.mapping.columns}
    used, remarks = _evaluated(asked, rows, rejects, plots, told=told)
    missing = tree_equation_checks.SIZE_MISSING
    tree_row_checks.unreadable_sizes(rejects, trees.defects, missing)
    found += _not_told(used, trees, plots)
    found += list(nests.findings) + _left_out(rejects, trees, plots, severity)
    found += tree_row_checks.cells_ignored(rejects, trees.defects)
    good, cut = plots_cut_short(rejects, plots)
    findings = [*findings, *found, *cut]
    left_out = rejected_rows((rejects, trees.misfits), plots)
    made = FieldInventory(trees, plots, None, left_out, len(rows) + len(trees.misfits))
    if used.empty and not len(good):
        fix = "see above"
        findings.append(defect("no-usable-rows", trees.file, "no row can be used", fix))
    if errors_in(findings):
        return made, (*findings, *remarks)
    visited, known = campaigns_without_trees(good, rows[~rejects.mask], plots.file)
    per_plot = plot_biomass(used, good, visited)
    result = InventoryResult(used, per_plot, stratum_biomass(per_plot))
    remarks += known + _remarks(asked, result, good, (trees.file, plots.file))
    made = FieldInventory(trees, plots, result, left_out, made.n_rows)
    return made, (*findings, *remarks)


def _dated(trees: TreeSheet, plots: PlotTable, asked: InventoryRequest) -> pd.DataFrame:
    """Rows with a date: their own, their plot's, the one that is given, or none of a campaign."""
    rows = trees.rows
    dates = rows["date"]
    if "date" in plots.rows and dates.isna().any():
        of_plot = plots.rows.set_index("plot_id")["date"]
        dates = dates.where(dates.notna(), rows["plot_id"].map(of_plot))
    unreadable = np.zeros(len(rows), dtype=bool)
    unreadable[[place for place, name, _, _ in trees.defects if name == "date"]] = True
    otherwise = asked.date or (None if asked.dated else UNDATED)
    if otherwise is not None and dates.isna().any():
        fill = pd.Series([otherwise] * len(rows), index=rows.index, dtype="object")
        dates = dates.where(dates.notna() | unreadable, fill)
    return rows.assign(date=dates.astype("object"))


SAPLING_CM = 5.0
"""Trees below are often measured on a smaller plot (Kauffman and Donato 2012)."""

_NEST_WORDS = ("幼", "苗", "sapling", "seedling", "nest", "面积", "area", "radius", "半径")


def _not_told(used: pd.DataFrame, trees: TreeSheet, plots: PlotTable) -> list[Finding]:
    """What a sheet does not say, or says in a column that nobody could read."""
    found = []
    if len(used) and (used["date"] == UNDATED).all():
        message = "no row has a date: all trees are taken as one campaign"
        fix = "add a column of dates, or say when with --date"
        found.append(defect("dates-not-told", trees.file, message, fix, severity="warning"))
    thin = "dbh_cm" in used and bool((used["dbh_cm"] < SAPLING_CM).any())
    tables = ((trees.file, trees.mapping), (plots.file, plots.mapping))
    for file, mapping in tables if thin else ():
        unread = mapping.unread if mapping is not None else ()
        words = [head for head in unread if any(w in head.casefold() for w in _NEST_WORDS)]
        if words:
            message = f"{', '.join(words)}: not read, and there are trees below {SAPLING_CM:g} cm"
            fix = "were saplings measured on a smaller plot? name the column (sapling_area_m2)"
            found.append(defect("nest-column-unread", file, message, fix, severity="warning"))
    return found


def _reject_strays(rejects: Rejects, plots: PlotTable) -> None:
    """Trees of plots, or of subplots, that the sheet of plots does not have."""
    rows = rejects.rows
    listed = set(plots.rejects.rows["plot_id"])
    stray = ~rows["plot_id"].isin([*plots.rows["plot_id"], ""])
    bad = rows["plot_id"].isin(listed)
    rejects.add(
        stray & bad, "tree-plot-left-out", lambda row: f"plot '{row['plot_id']}' is left out"
    )
    rejects.add(
        stray & ~bad,
        "tree-plot-unknown",
        lambda row: f"plot '{row['plot_id']}' is not in {plots.file}",
    )
    if plots.subplots and (rows["subplot_id"] != "").any():
        pairs = pd.MultiIndex.from_frame(rows[["plot_id", "subplot_id"]])
        strange = (rows["subplot_id"] != "") & ~stray & ~pairs.isin(list(plots.subplots))
        said = "subplot '{subplot_id}' of plot '{plot_id}' is not in the sheet of plots"
        rejects.add(strange, "tree-subplot-unknown", lambda row: said.format(**row))


def _evaluated(
    asked: InventoryRequest,
    rows: pd.DataFrame,
    rejects: Rejects,
    plots: PlotTable,
    *,
    told: set[str],
) -> tuple[pd.DataFrame, list[Finding]]:
    """Trees that can be used, evaluated; those that cannot go to ``rejects``.

    ``told`` are the columns that the sheet of trees has.
    """
    if asked.unknown_species == "refuse":
        _reject_unknown_species(rejects, asked.choice)
    keep = ~rejects.mask & ~tree_row_checks.zero_rows(rows)
    used = rows[keep]
    found: list[Finding] = []
    if asked.unknown_species == "ladder":
        stratum = used["plot_id"].map(plots.rows.set_index("plot_id")["stratum"])
        used = with_wood_density(used, stratum)
        found = ladder_findings(used, rejects.file) if len(used) else []
    elif asked.unknown_species == "common":
        found = inventory_checks.unknown_species(used, rejects.file, "common", asked.choice)
    judged = judged_trees(evaluated_trees(used, asked.choice))
    refused = [
        (line, tree_equation_checks.SIZE_MISSING, said)
        for line, said in tree_equation_checks.without_sizes(judged, asked.choice)
    ]
    if asked.choice.out_of_range == "refuse":
        refused += tree_equation_checks.out_of_range(judged)
    if refused:
        places = dict(zip(rows["line"], range(len(rows)), strict=True))
        rejects.reasons += [(places[line], code, said) for line, code, said in refused]
        judged = judged[~judged["line"].isin([line for line, _, _ in refused])]
    if not {"status", "decay_class"} & told:
        message = "says of no tree whether it is alive: all are taken as live, dead wood is unknown"
        found.append(defect("status-not-told", rejects.file, message, severity="info"))
        return judged.drop(columns="live"), found
    done, dead_remarks = _with_dead_wood(asked, judged, rejects.file)
    return done, found + dead_remarks


def _reject_unknown_species(rejects: Rejects, choice: EquationChoice) -> None:
    rows = rejects.rows
    names = [
        name
        for name in rows["species"].unique()
        if accepted_species(str(name)) is None
        and choice.needs_wood_density(canonical_species(str(name)))
    ]
    strange = rows["species"].isin(names)
    if "wood_density_g_cm3" in rows:
        strange &= rows["wood_density_g_cm3"].isna()
    rejects.add(
        strange & ~tree_row_checks.zero_rows(rows),
        "species-unknown",
        lambda row: f"species '{row['species']}' has no wood density",
    )


def _with_dead_wood(
    asked: InventoryRequest, trees: pd.DataFrame, file: str
) -> tuple[pd.DataFrame, list[Finding]]:
    done = trees.assign(dead_wood_kg=0.0)
    dead = ~trees["live"].to_numpy()
    if not dead.any():
        return done.drop(columns="live"), []
    table, found = dead_wood(trees[dead], asked.choice, asked.sheets.dead_wood, file)
    if "decay_class" not in done:
        done["decay_class"] = np.nan
    done["dead_wood_how"] = ""
    for name in table:
        done.loc[dead, name] = table[name]
    return done.drop(columns="live"), found


def _left_out(
    rejects: Rejects, trees: TreeSheet, plots: PlotTable, severity: Severity
) -> list[Finding]:
    found: list[Finding] = []
    for file, misfits in ((trees.file, trees.misfits), (plots.file, plots.misfits)):
        fix = tree_row_checks.FIXES["row-length-wrong"]
        found += row_defects("row-length-wrong", file, misfits, fix, severity=severity)
    found += plots.rejects.findings(dict(PLOT_FIXES), severity)
    return found + rejects.findings(dict(tree_row_checks.FIXES), severity)


def _remarks(
    asked: InventoryRequest, result: InventoryResult, plots: pd.DataFrame, files: Sequence[str]
) -> list[Finding]:
    """What a reader of the results ought to know."""
    tree_file, plot_file = files
    judged = judged_trees(result.trees)
    found = tree_equation_checks.equation_remarks(judged, plots, tree_file, asked.choice)
    found += inventory_checks.remarks(
        result.trees, result.plots, result.strata, (tree_file, plot_file)
    )
    return found
