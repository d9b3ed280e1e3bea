"""Plot inventories: trees to biomass per tree, per plot and per stratum.

The three functions :func:`tree_biomass`, :func:`plot_biomass` and :func:`stratum_biomass` take
and return data frames and know no files; :func:`measure_inventory` reads a project's sheets,
checks them and calls the three.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from bluecarbon.errors import DataError
from bluecarbon.methodology.kernels.allometry import COMMON
from bluecarbon.methodology.kernels.wood_density import accepted_species, wood_densities
from bluecarbon.mrv import inventory_checks as checks
from bluecarbon.mrv import tree_equation_checks as equation_checks
from bluecarbon.mrv.field_tables import file_name, read_field_table
from bluecarbon.mrv.tree_equations import (
    EquationChoice,
    canonical_names,
    evaluate_trees,
    stems_of,
)
from bluecarbon.project import Inventory, Project
from bluecarbon.spec import Finding, errors_in

KG_M2_TO_T_HA = 10.0

PARTS = ("agb", "bgb", "total")

POOLS = ("agb", "bgb", "total", "dead_wood")
"""Masses of a tree; dead wood only where the table of trees has it."""

UnknownSpecies = Literal["refuse", "common", "ladder"]


@dataclass(frozen=True)
class InventoryResult:
    """What an inventory measured (t is dry matter, never carbon).

    Attributes
    ----------
    trees
        Every row of the sheet, ``line`` (its line number), accepted ``species``,
        ``wood_density_g_cm3``, ``wood_density_source``; for agb, bgb and total the
        ``..._equation`` (an id of allometry_equations.csv), ``..._how`` (see
        :mod:`bluecarbon.mrv.tree_equations`) and ``..._kg`` (NaN for dead trees, which are not
        part of live biomass).
    plots
        plot_id, stratum, epoch, date, area_m2, n_live, n_dead, agb_t_ha, bgb_t_ha, total_t_ha;
        one row per plot and campaign of its stratum. Parts are NaN in a plot with a live tree
        that is known as a whole only.
    strata
        stratum, epoch, date, n_plots, and of agb_t_ha, bgb_t_ha and total_t_ha the mean
        (``mean_...``) and its standard error (``standard_error_...``, NaN with a single plot).
    rejected, columns
        Of sheets in other layouts than ours: the rows that are left out, and which column was
        taken for what (:mod:`bluecarbon.mrv.inventory_of_project`).

    An epoch is a calendar year: a campaign may take many days. ``date`` is the day on which the
    campaign of that year was finished in the stratum.
    """

    trees: pd.DataFrame
    plots: pd.DataFrame
    strata: pd.DataFrame
    rejected: pd.DataFrame = field(default_factory=pd.DataFrame)
    columns: pd.DataFrame = field(default_factory=pd.DataFrame)


def measure_inventory(
    project: Project, stratum_ids: Sequence[str]
) -> tuple[InventoryResult | None, tuple[Finding, ...]]:
    """Read, check and evaluate the inventory of a project.

    Returns
    -------
    The result, None when the project has no inventory or a finding is an error; and every
    finding about both sheets.
    """
    section = project.inventory
    if section is None:
        return None, ()
    choice, findings = equation_checks.choice_of(section)
    plot_file, tree_file = file_name(section.plots), file_name(section.trees)
    plots, plot_findings = read_field_table(
        project.resolve(section.plots), section.plots, checks.PLOT_COLUMNS
    )
    columns = checks.tree_columns(choice or EquationChoice())
    trees, tree_findings = read_field_table(project.resolve(section.trees), section.trees, columns)
    findings += plot_findings + tree_findings
    if plots is not None:
        findings += checks.plot_defects(plots, plot_file, stratum_ids)
    if trees is not None:
        trees, column_findings = checks.with_diameters(trees, tree_file)
        findings += column_findings + checks.tree_defects(trees, tree_file, project.period.end)
    if plots is not None and trees is not None:
        findings += checks.trees_without_plot(trees, tree_file, plots, plot_file)
    if trees is not None and choice is not None:
        equation_findings = _equation_defects(trees, project, section, choice)
        if not _BLANK.isdisjoint(item.code for item in tree_findings):
            # an empty or unreadable cell is reported already
            equation_findings = [
                item for item in equation_findings if item.code != equation_checks.SIZE_MISSING
            ]
        findings += equation_findings
    if plots is None or trees is None or choice is None or errors_in(findings):
        return None, tuple(findings)
    result = evaluate_inventory(
        trees, plots, equations=choice, unknown_species=section.unknown_species
    )
    judged = judged_trees(result.trees)
    findings += equation_checks.equation_remarks(judged, plots, tree_file, choice)
    findings += checks.remarks(result.trees, result.plots, result.strata, (tree_file, plot_file))
    return result, tuple(findings)


_BLANK = {"cell-empty", "number-unreadable"}


def _equation_defects(
    trees: pd.DataFrame, project: Project, section: Inventory, choice: EquationChoice
) -> list[Finding]:
    """Species and sizes that the equations of a project cannot be used for."""
    file = file_name(section.trees)
    found = checks.unknown_species(trees, file, section.unknown_species, choice)
    judged = judged_trees(evaluated_trees(checks.without_wrong_sizes(trees), choice))
    missing = equation_checks.columns_missing(judged, file, choice)
    claimed = project.methodology is not None
    found += missing + equation_checks.whole_trees(judged, file, claimed=claimed)
    if not missing:
        found += equation_checks.sizes_missing(judged, file, choice)
    if choice.out_of_range == "refuse":
        found += equation_checks.trees_refused(judged, file)
    return found


def evaluate_inventory(
    trees: pd.DataFrame,
    plots: pd.DataFrame,
    *,
    equations: EquationChoice | None = None,
    unknown_species: UnknownSpecies = "refuse",
) -> InventoryResult:
    """All three levels of an inventory that is already in data frames; see the functions."""
    measured = tree_biomass(trees, equations=equations, unknown_species=unknown_species)
    per_plot = plot_biomass(measured, plots)
    return InventoryResult(measured, per_plot, stratum_biomass(per_plot))


def tree_biomass(
    trees: pd.DataFrame,
    *,
    equations: EquationChoice | None = None,
    unknown_species: UnknownSpecies = "refuse",
) -> pd.DataFrame:
    """Dry biomass of each tree [kg].

    Parameters
    ----------
    trees
        Columns ``species`` (Latin or Chinese) and the diameters [cm] that the equations use:
        ``dbh_cm``, ``basal_diameter_cm``, ``d30_cm``; optional ``height_m``, ``status`` (live or
        dead; all are live without it) and ``wood_density_g_cm3`` (measured values, used in place
        of the table's where not NaN).
    equations
        The equations by species, and what becomes of trees that they were not made for; the
        common ones of Komiyama 2005, for trees in their range, when not given.
    unknown_species
        ``common`` gives species that have no wood density the mean of mangroves.

    Returns
    -------
    A copy with ``species`` (accepted names), ``wood_density_g_cm3`` and its
    ``wood_density_source`` (a key of references.bib, or measured), and the columns of
    :func:`bluecarbon.mrv.tree_equations.evaluate_trees`. Dead trees have equations and NaN.

    Raises
    ------
    DataError
        With a finding for each: a species without wood density under ``refuse``, a live tree
        outside the range of its equations when the choice refuses these, or one without the
        sizes that they need.
    MethodologyError
        An equation is unknown.
    """
    choice = equations or EquationChoice()
    lined = _with_line(trees)
    found = checks.unknown_species(lined, "trees", unknown_species, choice)
    if errors_in(found):
        raise DataError(found)
    done = evaluated_trees(trees, choice)
    judged = judged_trees(done)
    refused = equation_checks.sizes_missing(judged, "trees", choice)
    if choice.out_of_range == "refuse":
        refused += equation_checks.trees_refused(judged, "trees")
    if refused:
        raise DataError(refused)
    return done


def evaluated_trees(trees: pd.DataFrame, choice: EquationChoice) -> pd.DataFrame:
    """Species, wood density and biomass of each tree, as :func:`tree_biomass`; nothing is judged.

    A column ``wood_density_source`` says where given densities come from; else they are measured.
    """
    done = _with_wood_density(trees)
    dead = checks.is_dead(done)
    found = evaluate_trees(stems_of(done), done["species"], choice)
    for part in PARTS:
        found[f"{part}_kg"] = found[f"{part}_kg"].mask(dead)
    return pd.concat([done.drop(columns=found.columns, errors="ignore"), found], axis=1)


def _with_wood_density(trees: pd.DataFrame) -> pd.DataFrame:
    """A copy with accepted species, their wood density [g/cm3] and its source."""
    done = trees.assign(species=canonical_names(trees["species"]))
    given = trees.get("wood_density_g_cm3", pd.Series(np.nan, index=trees.index))
    rows = {
        name: wood_densities()[accepted_species(name) or COMMON]
        for name in done["species"].unique()
    }
    densities = {name: row.density_g_cm3 for name, row in rows.items()}
    keys = {name: row.source for name, row in rows.items()}
    done["wood_density_g_cm3"] = given.fillna(done["species"].map(densities).astype("float64"))
    source = done["species"].map(keys).astype("object")
    stated = trees.get("wood_density_source", checks.MEASURED)
    done["wood_density_source"] = source.where(given.isna(), stated)
    return done


def judged_trees(trees: pd.DataFrame) -> pd.DataFrame:
    """Evaluated trees with what the findings about them need: ``line``, and who is ``live``."""
    return _with_line(trees).assign(live=~checks.is_dead(trees))


def _with_line(trees: pd.DataFrame) -> pd.DataFrame:
    """The frame with ``line``: its own, or the index where it was not read from a file."""
    return trees if "line" in trees else trees.assign(line=trees.index)


def plot_biomass(
    trees: pd.DataFrame, plots: pd.DataFrame, visited: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Live dry biomass of each plot [t/ha] in each campaign of its stratum.

    Parameters
    ----------
    trees
        As :func:`tree_biomass` returns them, with ``plot_id`` and ``date`` (datetime.date).
        A row may stand for ``count`` stems; ``nest_area_m2`` is the ground on which a tree of a
        nested plot was measured; ``dead_wood_kg`` is what is left of a dead one.
    plots
        ``plot_id``, ``stratum`` and ``area_m2`` (square metres of ground, of the whole plot).
    visited
        Campaigns that are known otherwise than by a tree: ``stratum``, ``epoch``, ``date``; see
        :mod:`bluecarbon.mrv.campaigns`.

    Returns
    -------
    See :class:`InventoryResult`; with ``dead_wood_t_ha`` where the trees have dead wood. A plot
    without trees in a year in which its stratum was measured counts as zero biomass. Sorted by
    stratum, epoch and plot.

    Raises
    ------
    DataError
        A tree stands in a plot that is not listed.
    """
    strays = checks.trees_without_plot(_with_line(trees), "trees", plots, "plots")
    if strays:
        raise DataError(strays)
    pools = pools_of(trees)
    stems = _stems_of_plots(trees, plots, pools)
    known = [stems[["stratum", "epoch", "date"]], *([] if visited is None else [visited])]
    campaigns = pd.concat(known).groupby(["stratum", "epoch"], as_index=False)
    sums = stems.groupby(["plot_id", "epoch"], as_index=False).agg(
        n_stems=("count", "sum"),
        n_dead=("n_dead", "sum"),
        **{f"{part}_kg": (f"{part}_kg", "sum") for part in pools},
        **{f"{part}_unknown": (f"{part}_unknown", "any") for part in PARTS},
    )
    table = plots[["plot_id", "stratum", "area_m2"]].merge(
        campaigns.agg(date=("date", "max")), on="stratum"
    )
    table = table.merge(sums, on=["plot_id", "epoch"], how="left")
    table["n_dead"] = table["n_dead"].fillna(0).astype("int64")
    table["n_live"] = table["n_stems"].fillna(0).astype("int64") - table["n_dead"]
    for part in pools:
        kg = table[f"{part}_kg"].fillna(0.0)
        if part in PARTS:
            kg = kg.mask(table[f"{part}_unknown"].eq(other=True))
        table[f"{part}_t_ha"] = kg / table["area_m2"] * KG_M2_TO_T_HA
    columns = ["plot_id", "stratum", "epoch", "date", "area_m2", "n_live", "n_dead"]
    table = table[[*columns, *(f"{part}_t_ha" for part in pools)]]
    return table.sort_values(["stratum", "epoch", "plot_id"], ignore_index=True)


def pools_of(table: pd.DataFrame) -> tuple[str, ...]:
    """The pools that a table of trees or of plots has."""
    return POOLS if {"dead_wood_kg", "dead_wood_t_ha"} & set(table) else PARTS


def _stems_of_plots(trees: pd.DataFrame, plots: pd.DataFrame, pools: Sequence[str]) -> pd.DataFrame:
    """Stems with their stratum and epoch, their masses scaled to the whole plot."""
    read = ["plot_id", "date", "status", "count", "nest_area_m2", *(f"{p}_kg" for p in pools)]
    stems = trees[[name for name in read if name in trees]].merge(
        plots[["plot_id", "stratum", "area_m2"]], on="plot_id", validate="many_to_one"
    )
    codes, dates = pd.factorize(stems["date"])
    stems["epoch"] = np.array([date.year for date in dates])[codes]
    dead = checks.is_dead(stems)
    for part in PARTS:
        stems[f"{part}_unknown"] = stems[f"{part}_kg"].isna() & ~dead
    if "count" not in stems:
        stems["count"] = 1
    stems["n_dead"] = stems["count"].where(dead, 0)
    scale = stems["count"] if "count" in trees else None
    if "nest_area_m2" in stems:
        expansion = stems["area_m2"] / stems["nest_area_m2"]
        scale = expansion if scale is None else scale * expansion
    if scale is not None:
        for part in pools:
            stems[f"{part}_kg"] *= scale
    return stems


def stratum_biomass(plots: pd.DataFrame) -> pd.DataFrame:
    """Mean live biomass of each stratum and campaign [t/ha], with its standard error.

    ``plots`` is what :func:`plot_biomass` returns. The standard error is s / sqrt(n) of plots in
    simple random sampling (AR-TOOL14 v4.2 equations 16 and 17 give mean and variance).
    """
    pools = pools_of(plots)
    grouped = plots.groupby(["stratum", "epoch"], as_index=False)
    table = grouped.agg(
        date=("date", "max"),
        n_plots=("plot_id", "size"),
        **{
            f"{name}_{part}_t_ha": (f"{part}_t_ha", how)
            for part in pools
            for name, how in (("mean", "mean"), ("standard_error", "sem"))
        },
    )
    for part in pools:
        # the mean of the plots that are known would stand for those that are not
        known = grouped.agg(known=(f"{part}_t_ha", "count"))["known"] == table["n_plots"]
        for name in ("mean", "standard_error"):
            table[f"{name}_{part}_t_ha"] = table[f"{name}_{part}_t_ha"].where(known)
    return table.sort_values(["stratum", "epoch"], ignore_index=True)
