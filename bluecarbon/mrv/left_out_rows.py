"""Rows of an inventory that are left out, as one table, and what their absence does to plots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from bluecarbon.mrv.field_tables import defect
from bluecarbon.mrv.plot_tables import FIXES as PLOT_FIXES
from bluecarbon.mrv.plot_tables import PlotTable
from bluecarbon.mrv.rejects import Rejects
from bluecarbon.mrv.tree_row_checks import FIXES, zero_rows
from bluecarbon.spec import Finding

COLUMNS = ["file", "line", "plot_id", "code", "reason", "fix"]

Misfits = Sequence[tuple[int, str]]


def rejected_rows(trees: tuple[Rejects, Misfits] | None, plots: PlotTable | None) -> pd.DataFrame:
    """file, line, plot_id, code, reason, fix: one line for each reason of each row."""
    rows: list[tuple[str, int, str, str, str, str]] = []
    if plots is not None:
        rows += _rows(plots.rejects, plots.misfits, PLOT_FIXES)
    if trees is not None:
        rows += _rows(trees[0], trees[1], FIXES)
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.sort_values(["file", "line"], kind="stable", ignore_index=True)


def _rows(
    rejects: Rejects, misfits: Misfits, fixes: Mapping[str, str]
) -> Iterator[tuple[str, int, str, str, str, str]]:
    code = "row-length-wrong"
    for line, said in misfits:
        yield rejects.file, line, "", code, said, fixes.get(code, "")
    for line, plot, code, said in rejects.table().itertuples(index=False):
        yield rejects.file, int(line), str(plot), str(code), str(said), fixes.get(str(code), "")


def plots_cut_short(rejects: Rejects, plots: PlotTable) -> tuple[pd.DataFrame, list[Finding]]:
    """The plots that can be summed, and those whose sum lacks trees.

    A plot of which no row is left would count as a true zero, which it is not: it goes.
    """
    rows, out = rejects.rows, rejects.mask
    if not out.any():
        return plots.rows, []
    total = rows.groupby("plot_id").size()
    left = rows[~out].groupby("plot_id").size()
    lost = rows[out].groupby("plot_id").size()
    none = set(lost.index) - set(left.index)
    marked = set(rows["plot_id"][zero_rows(rows)])
    gone = plots.rows["plot_id"].isin(none - marked)
    found = []
    if gone.any():
        names = ", ".join(plots.rows["plot_id"][gone])
        message = f"no row of these plots can be used: {names}. They are left out, not zero"
        fix = "correct their rows: a mean of fewer plots is another mean"
        found.append(defect("plot-left-out", plots.file, message, fix, severity="warning"))
    short = [
        name for name in lost.index if name in left.index and name in set(plots.rows["plot_id"])
    ]
    if short:
        said = ", ".join(f"{name} ({lost[name]} of {total[name]})" for name in short[:20])
        more = f" and {len(short) - 20} more" if len(short) > 20 else ""
        message = f"plots lack the trees of rows that are left out: {said}{more}"
        fix = "their biomass is too low until the rows are corrected"
        found.append(defect("plot-cut-short", plots.file, message, fix, severity="warning"))
    return plots.rows[~gone], found
