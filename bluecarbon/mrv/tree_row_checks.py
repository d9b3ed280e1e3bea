"""What forbids a row of a tree sheet to be used, and which other unit a column may be in.

Bounds and their reasons are those of :mod:`bluecarbon.mrv.inventory_checks`. A row is left out for
every reason that it gives, and never for a cell that nothing needs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bluecarbon.mrv.field_tables import EARLIEST_DATE, defect, row_defects
from bluecarbon.mrv.inventory_checks import (
    DBH_CM_MAX,
    DBH_CM_MIN,
    HEIGHT_M_MAX,
    SLENDERNESS_PLOT_MIN,
    SLENDERNESS_TREE_MIN,
    WOOD_DENSITY_G_CM3,
    slenderness,
)
from bluecarbon.mrv.mapped_cells import CellDefect
from bluecarbon.mrv.rejects import Rejects
from bluecarbon.mrv.tree_sheets import DIAMETERS, GIRTHS, UNDATED, TreeSheet
from bluecarbon.spec import Finding, Severity

SLENDERNESS_TREE_MAX, SLENDER_FROM_M = 500.0, 3.0
"""A stem five hundred times as tall as thick would bend to the ground; seedlings may be so."""

SLENDERNESS_GIRTH_MAX = 25.0
"""Half of the trees less than 25 times as tall as thick: as stout as no mangrove stand, and what
one is when girths are taken for diameters (mangroves have 30 to 150)."""

DBH_MEDIAN_CM_MAX, DBH_METRES_MAX = 60.0, 1.2
COUNT_MAX = 10_000.0

FIXES: Mapping[str, str] = {
    "plot-id-missing": "fill in the plot",
    "number-unreadable": "write a number with a decimal point, or leave the cell empty",
    "decimal-comma": "write a decimal point, or say that the sheet has decimal commas",
    "diameter-missing": "measure a diameter, or remove the row",
    "dbh-wrong": f"diameters are centimetres, at least {DBH_CM_MIN:g}",
    "dbh-in-millimetres": "centimetres are expected: say the unit, as in --columns 'DBH=dbh_cm:mm'",
    "dbh-too-large": f"over {DBH_CM_MAX:g} cm: millimetres, or a girth? Say it with --columns",
    "height-wrong": f"heights are metres above 0, at most {HEIGHT_M_MAX:g}",
    "too-slender": "see which is wrong, the diameter or the height (centimetres?)",
    "count-wrong": f"stems of the row: a whole number from 1 to {COUNT_MAX:,.0f}",
    "status-unknown": "write live or dead (活, 死)",
    "decay-class-wrong": "decay classes of standing dead trees are 1, 2 and 3",
    "date-unreadable": "write dates as 2024-07-31",
    "date-out-of-range": "write the day of the measurement, as 2024-07-31",
    "date-missing": "fill in the date, or the year, of the measurement",
    "tree-twice": "keep one row",
    "tag-twice": "give stems of one tree a column 'stem', or keep the row that is right",
    "row-length-wrong": "a separator inside a text needs quotes around the text",
    "tree-plot-unknown": "add the plot to the sheet of plots, or correct its name",
    "tree-plot-left-out": "correct the row of the plot",
    "tree-subplot-unknown": "add the subplot to the sheet of plots, or correct its name",
    "nest-unknown": "name a nest that [[inventory.nest]] declares, or leave the cell empty",
    "nest-area-missing": "give the area of the nest in the sheet of plots",
    "tree-size-missing": "fill in the size that the equation needs",
    "dbh-outside-equation": "measure again, name another equation, or allow --out-of-range common",
    "height-outside-equation": "measure again, or name another equation",
}


def zero_rows(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Rows that say "visited, no trees": a count of 0 and no diameter. They are no defect."""
    nothing = np.array(rows["count"] == 0, dtype=bool)
    for name in DIAMETERS:
        if name in rows:
            nothing &= ~np.asarray(rows[name] > 0)
    return nothing


def reject_tree_rows(rejects: Rejects, sheet: TreeSheet, *, latest: dt.date, dated: bool) -> None:
    """Everything that the rows of a sheet show by themselves, into ``rejects``.

    ``latest`` is the last day that a measurement may have, ``dated`` whether every row needs one.
    """
    rows = rejects.rows
    used = ~zero_rows(rows)
    rejects.add(rows["plot_id"] == "", "plot-id-missing", lambda _: "plot_id is empty")
    _unreadable(rejects, sheet.defects)
    _diameters(rejects, used)
    _heights(rejects)
    count = rows["count"]
    odd = used & ~(count.between(1, COUNT_MAX) & (count % 1 == 0)).to_numpy()
    rejects.add(odd, "count-wrong", _said("count is {count:g}"))
    strange = ~rows["status"].isin(["live", "dead"])
    rejects.add(strange, "status-unknown", _said("status '{status}' is not known"))
    if "decay_class" in rows:
        classes = rows["decay_class"]
        wrong = (rows["status"] == "dead") & classes.notna() & ~classes.isin([1.0, 2.0, 3.0])
        rejects.add(wrong, "decay-class-wrong", _said("decay class is {decay_class:g}"))
    _dates(rejects, latest, dated=dated)


def _said(text: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda row: text.format(**row)


def _unreadable(rejects: Rejects, defects: Sequence[CellDefect]) -> None:
    """Cells that cannot be read and that nothing else in their row replaces."""
    rows = rejects.rows
    needed = dict.fromkeys((*DIAMETERS, *GIRTHS), _no_diameter(rows))
    needed["count"] = np.ones(len(rows), dtype=bool)
    # Nobody knows the campaign of such a row, even where others have no date at all.
    needed["date"] = rows["date"].isna().to_numpy()
    for place, name, code, said in defects:
        if name in needed and needed[name][place]:
            rejects.reasons.append((place, code, said))


def unreadable_sizes(rejects: Rejects, defects: Sequence[CellDefect], code: str) -> None:
    """Rows that lack a size (``code``) because its cell cannot be read: the true reason first."""
    lacking = {place for place, found, _ in rejects.reasons if found == code}
    sizes = (*DIAMETERS, *GIRTHS, "height_m")
    rejects.reasons[:0] = [
        (place, found, said)
        for place, name, found, said in defects
        if place in lacking and name in sizes
    ]


def cells_ignored(rejects: Rejects, defects: Sequence[CellDefect]) -> list[Finding]:
    """Cells that cannot be read in rows that are used all the same."""
    lines, out = rejects.rows["line"].to_numpy(), rejects.mask
    hits = [(int(lines[place]), said) for place, _, _, said in defects if not out[place]]
    fix = "the cell is read as empty; the row is used"
    return row_defects("cell-ignored", rejects.file, hits, fix, severity="warning")


def _no_diameter(rows: pd.DataFrame) -> NDArray[np.bool_]:
    none = np.ones(len(rows), dtype=bool)
    for name in DIAMETERS:
        if name in rows:
            none &= rows[name].isna().to_numpy()
    return none


def _fresh(rejects: Rejects) -> NDArray[np.bool_]:
    """Rows without an unreadable cell: an empty cell is their own defect."""
    out = np.ones(len(rejects.rows), dtype=bool)
    codes = ("number-unreadable", "decimal-comma", "date-unreadable")
    out[[place for place, code, _ in rejects.reasons if code in codes]] = False
    return out


def _diameters(rejects: Rejects, used: NDArray[np.bool_]) -> None:
    rows = rejects.rows
    none = _no_diameter(rows) & used & _fresh(rejects)
    rejects.add(none, "diameter-missing", lambda _: "has no diameter")
    for name in DIAMETERS:
        if name in rows:
            wrong = np.asarray(rows[name] < DBH_CM_MIN) & used
            rejects.add(wrong, "dbh-wrong", _said(f"{name} is {{{name}:g}}"))
            large = rows[name] > DBH_CM_MAX
            rejects.add(large, "dbh-too-large", _said(f"{name} is {{{name}:g}}"))


def _heights(rejects: Rejects) -> None:
    rows = rejects.rows
    if "height_m" not in rows:
        return
    height = rows["height_m"]
    wrong = (height <= 0) | (height > HEIGHT_M_MAX)
    rejects.add(wrong, "height-wrong", _said("height_m is {height_m:g}"))
    ratio = slenderness(rows)
    sound = rows["dbh_cm"].between(DBH_CM_MIN, DBH_CM_MAX) & ~wrong
    stout = "dbh_cm {dbh_cm:g} at a height of {height_m:g} m: millimetres?"
    rejects.add(sound & (ratio < SLENDERNESS_TREE_MIN), "dbh-in-millimetres", _said(stout))
    tall = sound & (ratio > SLENDERNESS_TREE_MAX) & (height >= SLENDER_FROM_M)
    rejects.add(tall, "too-slender", _said("dbh_cm {dbh_cm:g} at a height of {height_m:g} m"))


def _dates(rejects: Rejects, latest: dt.date, *, dated: bool) -> None:
    rows = rejects.rows
    dates = rows["date"]
    missing = dates.isna().to_numpy()
    if dated:
        rejects.add(missing & _fresh(rejects), "date-missing", lambda _: "has no date")
    codes, days = pd.factorize(dates)
    late = [day != UNDATED and not EARLIEST_DATE <= day <= latest for day in days]
    late_days = np.array([*late, False], dtype=bool)
    rejects.add(late_days[codes] & ~missing, "date-out-of-range", _said("date {date}"))


def reject_repeated_trees(rejects: Rejects) -> None:
    """Tags that are there twice in a plot and year: equal rows, or other sizes under one tag.

    The first row stays: a tree that is counted twice would weigh double.
    """
    rows = rejects.rows
    named = (rows["tree_id"] != "") & (rows["plot_id"] != "")
    keys = rows.loc[named, ["plot_id", "subplot_id", "tree_id"]]
    if keys.empty or not _may_repeat(keys):
        return
    codes, days = pd.factorize(rows.loc[named, "date"])
    years = np.array([*(day.year for day in days), 0])
    keys = keys.assign(epoch=years[codes])
    if "nest" in rows:
        keys = keys.assign(nest=rows.loc[named, "nest"])
    again = keys.duplicated(keep="first")
    sizes = [name for name in (*DIAMETERS, "height_m", "species", "count") if name in rows]
    same = pd.concat([keys, rows.loc[named, sizes]], axis=1).duplicated(keep="first")
    for mask, code, text in (
        (again & same, "tree-twice", "tree '{tree_id}' of plot '{plot_id}' is there twice"),
        (again & ~same, "tag-twice", "tag '{tree_id}' of plot '{plot_id}' has another row"),
    ):
        rejects.add(mask.reindex(rows.index, fill_value=False), code, _said(text))


def _may_repeat(keys: pd.DataFrame) -> bool:
    """Whether any tag occurs twice at all: where tags are unique the plot need not be looked at."""
    return not keys["tree_id"].is_unique


def unit_suspicions(rows: pd.DataFrame, file: str, stated: frozenset[str]) -> list[Finding]:
    """Whole columns in another unit. ``stated`` are the columns whose header says a unit.

    An error where no unit is stated, a warning where one is.
    """
    found: list[Finding] = []
    dbh = rows["dbh_cm"][rows["dbh_cm"] > 0]
    severity: Severity = "warning" if stated & {"dbh_cm", "girth_cm"} else "error"
    ratio = slenderness(rows).dropna()
    millimetres = dbh.median() > DBH_MEDIAN_CM_MAX or ratio.median() < SLENDERNESS_PLOT_MIN
    if len(dbh) >= 3 and millimetres:
        message = f"half of the diameters are above {dbh.median():g}: millimetres, or girths?"
        fix = "say it: --columns 'your header=dbh_cm:mm', or '=girth_cm'"
        found.append(defect("dbh-in-millimetres", file, message, fix, severity=severity))
    elif len(ratio) >= 10 and ratio.median() < SLENDERNESS_GIRTH_MAX:
        message = (
            f"half of the trees are less than {ratio.median():.0f} times as tall as thick "
            "(mangroves are 30 to 150 times): girths taken for diameters?"
        )
        fix = "if they are, say --columns 'your header=girth_cm'"
        found.append(defect("dbh-perhaps-girth", file, message, fix, severity="warning"))
    if len(dbh) >= 3 and dbh.max() <= DBH_METRES_MAX:
        message = f"diameters are at most {dbh.max():g}: metres?"
        fix = "say it: --columns 'your header=dbh_cm:m'"
        found.append(defect("dbh-in-metres", file, message, fix, severity=severity))
    height = rows.get("height_m", pd.Series(dtype="float64"))
    if height.median() > HEIGHT_M_MAX:
        message = f"half of the heights are above {height.median():g} m: centimetres?"
        fix = "say it: --columns 'your header=height_m:cm'"
        found.append(defect("height-in-centimetres", file, message, fix))
    return found


def without_wrong_densities(rows: pd.DataFrame, file: str) -> tuple[pd.DataFrame, list[Finding]]:
    """Wood densities that no wood has are taken for unknown, and named."""
    if "wood_density_g_cm3" not in rows:
        return rows, []
    density = rows["wood_density_g_cm3"]
    wrong = density.notna() & ~density.between(*WOOD_DENSITY_G_CM3)
    if not wrong.any():
        return rows, []
    hits = [
        (int(line), f"wood_density_g_cm3 is {value:g}")
        for line, value in zip(rows["line"][wrong], density[wrong], strict=True)
    ]
    fix = "the cell is not used; give g/cm3 of dry wood (0.1 to 1.4)"
    found = row_defects("wood-density-wrong", file, hits, fix, severity="warning")
    return rows.assign(wood_density_g_cm3=density.mask(wrong)), found
