"""When strata were measured in which no tree was found: their plots are zeros, not nothing.

A campaign is known by the trees that it measured. A stratum without a single tree (a clearing, a
pond) would vanish from the means, and with it the zeros of its plots.
"""

from __future__ import annotations

import pandas as pd

from bluecarbon.mrv.field_tables import defect
from bluecarbon.spec import Finding

COLUMNS = ["stratum", "epoch", "date"]


def campaigns_without_trees(
    plots: pd.DataFrame, trees: pd.DataFrame, file: str
) -> tuple[pd.DataFrame, list[Finding]]:
    """Campaigns that no tree tells.

    Parameters
    ----------
    plots
        ``plot_id``, ``stratum`` and, where it is known, the ``date`` of the visit.
    trees
        ``plot_id`` and ``date`` of all rows, also of those that say "no trees here".
    file
        How findings call the sheet of plots.

    Returns
    -------
    ``stratum``, ``epoch`` (the year) and ``date``. A stratum without trees and dates was measured
    when the others were, if these have one campaign only; else it is a warning and has none.
    """
    dated = plots.get("date", pd.Series(index=plots.index, dtype="object"))
    told = plots[["stratum"]].assign(date=dated)[dated.notna().to_numpy()]
    known = plots["stratum"][plots["plot_id"].isin(trees["plot_id"].unique())]
    days = trees["date"].dropna().unique()
    found: list[Finding] = []
    rows = [told.assign(epoch=[day.year for day in told["date"]])]
    silent = sorted(set(plots["stratum"]) - set(known) - set(told["stratum"]))
    epochs = sorted({day.year for day in days})
    if silent and len(epochs) == 1:
        last = max(days)
        rows.append(pd.DataFrame([(name, epochs[0], last) for name in silent], columns=COLUMNS))
    for name in silent:
        count = int((plots["stratum"] == name).sum())
        if len(epochs) == 1:
            message = f"stratum '{name}' has no tree in {count} plots: zero biomass in {epochs[0]}"
            found.append(defect("stratum-without-trees", file, message, severity="warning"))
        else:
            message = f"stratum '{name}' has no tree in {count} plots and no date: it has no mean"
            fix = "give the date of the visit in the sheet of plots"
            found.append(defect("stratum-without-date", file, message, fix, severity="warning"))
    visited = pd.concat([table for table in rows if len(table)] or rows[:1])[COLUMNS]
    return visited.astype({"epoch": "int64"}), found
