"""Plot inventories: trees to biomass per tree, per plot and per stratum.

The three functions :func:`tree_biomass`, :func:`plot_biomass` and :func:`stratum_biomass` take
and return data frames and know no files; :func:`measure_inventory` reads a project's sheets,
checks them and calls the three.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from bluecarbon.errors import DataError, MethodologyError
from bluecarbon.methodology.kernels.allometry import (
    COMMON,
    Component,
    Equation,
    biomass_kg,
    equation,
)
from bluecarbon.methodology.kernels.wood_density import accepted_species, wood_densities
from bluecarbon.mrv import inventory_checks as checks
from bluecarbon.mrv.field_tables import file_name, read_field_table
from bluecarbon.project import Project
from bluecarbon.spec import Finding, errors_in

KOMIYAMA_2005 = ("komiyama2005-agb", "komiyama2005-bgb")
"""The common equations, for trees of any species: ids of allometry_equations.csv."""

KG_M2_TO_T_HA = 10.0

UnknownSpecies = Literal["refuse", "common"]


@dataclass(frozen=True)
class InventoryResult:
    """What an inventory measured (t is dry matter, never carbon).

    Attributes
    ----------
    trees
        Every row of the sheet, ``line`` (its line number), accepted ``species``,
        ``wood_density_g_cm3``, ``wood_density_source``, ``agb_equation``, ``bgb_equation``,
        ``agb_kg``, ``bgb_kg`` (NaN for dead trees, which are not part of live biomass).
    plots
        plot_id, stratum, epoch, date, area_m2, n_live, n_dead, agb_t_ha, bgb_t_ha; one row per
        plot and campaign of its stratum.
    strata
        stratum, epoch, date, n_plots, and of agb_t_ha and bgb_t_ha the mean (``mean_...``) and
        its standard error (``standard_error_...``, NaN with a single plot).

    An epoch is a calendar year: a campaign may take many days. ``date`` is the day on which the
    campaign of that year was finished in the stratum.
    """

    trees: pd.DataFrame
    plots: pd.DataFrame
    strata: pd.DataFrame


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
    plot_file, tree_file = file_name(section.plots), file_name(section.trees)
    plots, findings = read_field_table(
        project.resolve(section.plots), section.plots, checks.PLOT_COLUMNS
    )
    trees, tree_findings = read_field_table(
        project.resolve(section.trees), section.trees, checks.TREE_COLUMNS
    )
    findings += tree_findings
    if plots is not None:
        findings += checks.plot_defects(plots, plot_file, stratum_ids)
    if trees is not None:
        findings += checks.tree_defects(
            trees, tree_file, section.unknown_species, period_end=project.period.end
        )
    if plots is not None and trees is not None:
        findings += checks.trees_without_plot(trees, tree_file, plots, plot_file)
    if plots is None or trees is None or errors_in(findings):
        return None, tuple(findings)
    result = evaluate_inventory(trees, plots, unknown_species=section.unknown_species)
    findings += checks.remarks(result.trees, result.plots, result.strata, (tree_file, plot_file))
    return result, tuple(findings)


def evaluate_inventory(
    trees: pd.DataFrame,
    plots: pd.DataFrame,
    *,
    equations: Sequence[str] = KOMIYAMA_2005,
    unknown_species: UnknownSpecies = "refuse",
) -> InventoryResult:
    """All three levels of an inventory that is already in data frames; see the functions."""
    measured = tree_biomass(trees, equations=equations, unknown_species=unknown_species)
    per_plot = plot_biomass(measured, plots)
    return InventoryResult(measured, per_plot, stratum_biomass(per_plot))


def tree_biomass(
    trees: pd.DataFrame,
    *,
    equations: Sequence[str] = KOMIYAMA_2005,
    unknown_species: UnknownSpecies = "refuse",
) -> pd.DataFrame:
    """Dry biomass of each tree [kg].

    Parameters
    ----------
    trees
        Columns ``species`` (Latin or Chinese) and ``dbh_cm``; optional ``height_m``, ``status``
        (live or dead; all are live without it) and ``wood_density_g_cm3`` (measured values,
        used in place of the table's where not NaN).
    equations
        Ids of allometry_equations.csv in order of preference: each tree takes, for above-ground
        and for root biomass, the first that was made for its species (or is common) and whose
        inputs are known.
    unknown_species
        ``common`` gives species that have no wood density the mean of mangroves.

    Returns
    -------
    A copy with ``species`` (accepted names), ``wood_density_g_cm3`` and its
    ``wood_density_source`` (a key of references.bib, or measured), ``agb_equation``,
    ``bgb_equation``, ``agb_kg`` and ``bgb_kg``. Dead trees have equations and NaN.

    Raises
    ------
    DataError
        Unknown species under ``refuse``.
    MethodologyError
        An equation is unknown, does not use the diameter at breast height, or gives the sum of
        both parts.
    """
    rows = [_usable(equation_id) for equation_id in equations]
    species = [accepted_species(str(name)) for name in trees["species"]]
    given = trees.get("wood_density_g_cm3", pd.Series(np.nan, index=trees.index))
    if unknown_species == "refuse" and None in np.array(species, dtype=object)[given.isna()]:
        raise DataError(checks.unknown_species(_with_line(trees)[given.isna()], "trees", "refuse"))
    done = trees.copy()
    done["species"] = [
        name or str(raw) for name, raw in zip(species, trees["species"], strict=True)
    ]
    table = [wood_densities()[name or COMMON] for name in species]
    known = pd.Series([row.density_g_cm3 for row in table], index=trees.index, dtype="float64")
    done["wood_density_g_cm3"] = given.fillna(known)
    keys = pd.Series([row.source for row in table], index=trees.index, dtype="object")
    done["wood_density_source"] = keys.where(given.isna(), checks.MEASURED)
    dead = checks.is_dead(done)
    for component in ("agb", "bgb"):
        chosen = [row for row in rows if row.component == component]
        done[f"{component}_equation"], kg = _evaluate(done, chosen)
        done[f"{component}_kg"] = kg.mask(dead)
    return done


def _with_line(trees: pd.DataFrame) -> pd.DataFrame:
    """The frame with ``line``: its own, or the index where it was not read from a file."""
    return trees if "line" in trees else trees.assign(line=trees.index)


def _usable(equation_id: str) -> Equation:
    row = equation(equation_id)
    if row.diameter != "breast":
        raise MethodologyError(f"{row.id}: uses the diameter at {row.diameter}, trees have dbh_cm")
    usable: tuple[Component, ...] = ("agb", "bgb")
    if row.component not in usable:
        raise MethodologyError(f"{row.id}: gives the whole tree; plots need agb and bgb apart")
    return row


def _evaluate(trees: pd.DataFrame, rows: Sequence[Equation]) -> tuple[pd.Series, pd.Series]:
    """Equation id and biomass [kg] of each tree by the first row that fits it."""
    names = pd.Series("", index=trees.index, dtype="object")
    result = pd.Series(np.nan, index=trees.index, dtype="float64")
    height = trees.get("height_m", pd.Series(np.nan, index=trees.index)).to_numpy(dtype=np.float64)
    density = trees["wood_density_g_cm3"].to_numpy(dtype=np.float64)
    for row in rows:
        kg = pd.Series(
            biomass_kg(
                row,
                trees["dbh_cm"].to_numpy(dtype=np.float64),
                wood_density_g_cm3=density,
                height_m=height,
            ),
            index=trees.index,
        )
        fits = (names == "") & trees["species"].map(row.applies_to).astype(bool)
        fits &= kg.notna()
        names, result = names.mask(fits, row.id), result.mask(fits, kg)
    return names, result


def plot_biomass(trees: pd.DataFrame, plots: pd.DataFrame) -> pd.DataFrame:
    """Live dry biomass of each plot [t/ha] in each campaign of its stratum.

    Parameters
    ----------
    trees
        As :func:`tree_biomass` returns them, with ``plot_id`` and ``date`` (datetime.date).
    plots
        ``plot_id``, ``stratum`` and ``area_m2`` (square metres of ground, of the whole plot).

    Returns
    -------
    See :class:`InventoryResult`. A plot without trees in a year in which its stratum was
    measured counts as zero biomass. Sorted by stratum, epoch and plot.

    Raises
    ------
    DataError
        A tree stands in a plot that is not listed.
    """
    strays = checks.trees_without_plot(_with_line(trees), "trees", plots, "plots")
    if strays:
        raise DataError(strays)
    stems = trees.merge(plots[["plot_id", "stratum"]], on="plot_id", validate="many_to_one")
    stems["epoch"] = [date.year for date in stems["date"]]
    stems["dead"] = checks.is_dead(stems)
    campaigns = stems.groupby(["stratum", "epoch"], as_index=False).agg(date=("date", "max"))
    sums = stems.groupby(["plot_id", "epoch"], as_index=False).agg(
        n_stems=("dead", "size"),
        n_dead=("dead", "sum"),
        agb_kg=("agb_kg", "sum"),
        bgb_kg=("bgb_kg", "sum"),
    )
    table = plots[["plot_id", "stratum", "area_m2"]].merge(campaigns, on="stratum")
    table = table.merge(sums, on=["plot_id", "epoch"], how="left")
    table["n_dead"] = table["n_dead"].fillna(0).astype("int64")
    table["n_live"] = table["n_stems"].fillna(0).astype("int64") - table["n_dead"]
    for component in ("agb", "bgb"):
        kg = table[f"{component}_kg"].fillna(0.0)
        table[f"{component}_t_ha"] = kg / table["area_m2"] * KG_M2_TO_T_HA
    columns = ["plot_id", "stratum", "epoch", "date", "area_m2", "n_live", "n_dead"]
    table = table[[*columns, "agb_t_ha", "bgb_t_ha"]]
    return table.sort_values(["stratum", "epoch", "plot_id"], ignore_index=True)


def stratum_biomass(plots: pd.DataFrame) -> pd.DataFrame:
    """Mean live biomass of each stratum and campaign [t/ha], with its standard error.

    ``plots`` is what :func:`plot_biomass` returns. The standard error is s / sqrt(n) of plots in
    simple random sampling (AR-TOOL14 v4.2 equations 16 and 17 give mean and variance).
    """
    table = plots.groupby(["stratum", "epoch"], as_index=False).agg(
        date=("date", "max"),
        n_plots=("plot_id", "size"),
        mean_agb_t_ha=("agb_t_ha", "mean"),
        standard_error_agb_t_ha=("agb_t_ha", "sem"),
        mean_bgb_t_ha=("bgb_t_ha", "mean"),
        standard_error_bgb_t_ha=("bgb_t_ha", "sem"),
    )
    return table.sort_values(["stratum", "epoch"], ignore_index=True)
