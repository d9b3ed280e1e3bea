"""What an inventory from sheets gives as tables: trees, plots, strata, carbon, and what is out."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bluecarbon.mrv.field_inventory import FieldInventory
from bluecarbon.mrv.inventory import InventoryResult
from bluecarbon.mrv.tree_carbon import carbon_fractions, plot_carbon, stratum_carbon
from bluecarbon.mrv.tree_sheets import UNDATED
from bluecarbon.spec import Finding

REPORTED = (
    "line", "plot_id", "subplot_id", "tree_id", "date", "species", "status", "decay_class", "count",
    "dbh_cm", "basal_diameter_cm", "d30_cm", "height_m", "nest", "nest_area_m2",
    "wood_density_g_cm3", "wood_density_source", "agb_equation", "agb_how", "agb_kg",
    "bgb_equation", "bgb_how", "bgb_kg", "total_equation", "total_how", "total_kg",
    "dead_wood_kg", "dead_wood_how",
)  # fmt: skip
"""The columns of trees_evaluated.csv, as far as the sheet has them. Masses are of one stem."""


def inventory_tables(made: FieldInventory, findings: Sequence[Finding]) -> dict[str, pd.DataFrame]:
    """Every table of an inventory, by file name. Without a result only what was read and left out.

    Trees of an inventory without dates have no date, and their plots no epoch.
    """
    mappings = [
        sheet.mapping_table.assign(file=sheet.file)
        for sheet in (made.tree_sheet, made.plot_table)
        if sheet is not None and len(sheet.mapping_table)
    ]
    tables = {"column_mapping.csv": pd.concat(mappings)} if mappings else {}
    tables["rejected_rows.csv"] = made.rejected
    tables["findings.csv"] = pd.DataFrame(
        [finding.model_dump() for finding in findings], columns=list(Finding.model_fields)
    )
    if made.result is not None:
        tables |= _of_result(made.result)
    return tables


def _of_result(result: InventoryResult) -> dict[str, pd.DataFrame]:
    trees = result.trees
    per_plot = plot_carbon(result.plots, carbon_fractions())
    tables = {
        "trees_evaluated.csv": trees[[name for name in REPORTED if name in trees]],
        "plots.csv": result.plots,
        "strata.csv": result.strata,
        "carbon_plots.csv": per_plot,
        "carbon_strata.csv": stratum_carbon(per_plot),
    }
    return {name: _without_no_date(table) for name, table in tables.items()}


def _without_no_date(table: pd.DataFrame) -> pd.DataFrame:
    done = table.copy(deep=False)
    if "date" in done:
        done["date"] = done["date"].where(done["date"] != UNDATED, "")
    if "epoch" in done:
        done["epoch"] = done["epoch"].astype("object").where(done["epoch"] != UNDATED.year, "")
    return done
