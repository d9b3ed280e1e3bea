"""What can be wrong with plots and trees, as findings that name the rows."""

from __future__ import annotations

import datetime as dt
import difflib
import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from bluecarbon.methodology.kernels.allometry import equation
from bluecarbon.methodology.kernels.wood_density import (
    accepted_species,
    nearest_species,
    wood_densities,
)
from bluecarbon.mrv.field_tables import (
    Column,
    date_defects,
    defect,
    in_words,
    position_defects,
    row_defects,
    stratum_defects,
)
from bluecarbon.mrv.tree_equations import (
    DIAMETER_COLUMNS,
    EquationChoice,
    canonical_species,
    uses_wood_density,
)
from bluecarbon.spec import Finding

PLOT_COLUMNS = (
    Column("plot_id"),
    Column("stratum"),
    Column("lon", "number"),
    Column("lat", "number"),
    Column("area_m2", "number"),
)
CHINESE_BASAL_DIAMETER = "地径"


def tree_columns(choice: EquationChoice) -> tuple[Column, ...]:
    """The columns of the tree sheet. Every tree needs dbh_cm unless another diameter is used."""
    named = [equation(id_) for ids in choice.by_species.values() for id_ in ids]
    return (
        Column("plot_id"),
        Column("tree_id"),
        Column("date", "date"),
        Column("species"),
        Column("dbh_cm", "number", optional=any(row.diameter != "breast" for row in named)),
        Column("basal_diameter_cm", "number", optional=True),
        Column(CHINESE_BASAL_DIAMETER, "number", optional=True),
        Column("d30_cm", "number", optional=True),
        Column("height_m", "number", optional=True),
        Column("status"),
        Column("wood_density_g_cm3", "number", optional=True),
    )


def with_diameters(trees: pd.DataFrame, file: str) -> tuple[pd.DataFrame, list[Finding]]:
    """The sheet with one column of basal diameters, and with dbh_cm even where it has none."""
    found = []
    if CHINESE_BASAL_DIAMETER in trees:
        if "basal_diameter_cm" in trees:
            message = f"basal_diameter_cm and {CHINESE_BASAL_DIAMETER} are the same column"
            found.append(defect("column-twice", file, message, "keep one of them"))
            trees = trees.drop(columns=CHINESE_BASAL_DIAMETER)
        trees = trees.rename(columns={CHINESE_BASAL_DIAMETER: "basal_diameter_cm"})
    return trees, found


STATUS = {"live": "live", "alive": "live", "活": "live", "dead": "dead", "死": "dead"}
"""How the status of a tree may be written, in any case."""

DBH_CM_MIN = 0.1
DBH_CM_MAX = 100.0
HEIGHT_M_MAX = 45.0

SLENDERNESS_TREE_MIN = 10.0
SLENDERNESS_PLOT_MIN = 15.0
"""Height over diameter, both in metres. Mangroves have 30 to 150; with the diameter in mm instead
of cm that becomes 3 to 15. One stout tree may be real, a plot of them is not."""

MEASURED = "measured"
"""The source of a wood density that stands in the sheet itself."""

WOOD_DENSITY_G_CM3 = (0.1, 1.4)
AREA_M2 = (1.0, 100_000.0)
"""From the smallest seedling plot to ten hectares, beyond the largest plots of forest science."""

AGB_T_HA_MAX = 1000.0
"""More than mangroves are known to hold: most likely trees of a large plot were divided by the
area of the small one inside it in which saplings were measured."""

STRADDLE_DAYS_MAX = 90


def is_dead(trees: pd.DataFrame) -> pd.Series:
    """Which trees are dead; none when there is no column ``status``."""
    if "status" not in trees:
        return pd.Series(data=False, index=trees.index)
    codes, distinct = pd.factorize(trees["status"], use_na_sentinel=False)
    dead = np.array([STATUS.get(str(name).casefold()) == "dead" for name in distinct], dtype=bool)
    return pd.Series(dead[codes], index=trees.index)


def plot_defects(plots: pd.DataFrame, file: str, stratum_ids: Sequence[str]) -> list[Finding]:
    """Defects of the plot sheet by itself."""
    found = stratum_defects(plots, file, stratum_ids) + position_defects(plots, file)
    named = plots[plots["plot_id"] != ""]
    twice = named[named["plot_id"].duplicated()]
    found += row_defects(
        "plot-twice",
        file,
        [(n, f"plot '{p}' is there twice") for n, p in _pairs(twice, "plot_id")],
        "keep one row for each plot",
    )
    least, most = AREA_M2
    wrong = plots[(plots["area_m2"] < least) | (plots["area_m2"] > most)]
    found += row_defects(
        "plot-area-wrong",
        file,
        [(n, f"area_m2 is {area:g}") for n, area in _pairs(wrong, "area_m2")],
        f"give the ground area in square metres, {least:g} to {most:,.0f} (0.01 ha = 100 m2)",
    )
    return found


def tree_defects(trees: pd.DataFrame, file: str, period_end: dt.date) -> list[Finding]:
    """Defects of the tree sheet by itself; dates are judged against the end of the period."""
    found = date_defects(trees, file, period_end)
    found += _status_defects(trees, file) + _trees_twice(trees, file)
    for column in diameter_columns(trees):
        nothing = trees[trees[column] < DBH_CM_MIN]
        found += row_defects(
            "dbh-wrong",
            file,
            [(n, f"{column} is {size:g}") for n, size in _pairs(nothing, column)],
            f"measure the tree again (at least {DBH_CM_MIN:g} cm), or remove the row",
        )
    found += _wood_density_defects(trees, file)
    return found + _height_defects(trees, file) + _millimetres(trees, file)


def diameter_columns(trees: pd.DataFrame) -> list[str]:
    """The columns of diameters that a sheet has."""
    return [column for column in DIAMETER_COLUMNS.values() if column in trees]


def without_wrong_sizes(trees: pd.DataFrame) -> pd.DataFrame:
    """The sheet without the trees whose sizes :func:`tree_defects` reports already."""
    wrong = _in_millimetres(trees)
    for column in diameter_columns(trees):
        wrong |= (trees[column] < DBH_CM_MIN) | (trees[column] > DBH_CM_MAX)
    if "height_m" in trees:
        wrong |= (trees["height_m"] > HEIGHT_M_MAX) | (trees["height_m"] <= 0)
    return trees[~wrong]


def trees_without_plot(
    trees: pd.DataFrame, tree_file: str, plots: pd.DataFrame, plot_file: str
) -> list[Finding]:
    """Trees that stand in a plot which the plot sheet does not list."""
    known = sorted(set(plots["plot_id"]) - {""})
    found = []
    strays = trees[~trees["plot_id"].isin([*known, ""])]
    for name, rows in strays.groupby("plot_id", sort=True):
        near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.6)
        fix = f"add the plot to {plot_file}" + (f", or did you mean '{near[0]}'?" if near else "")
        subject = f"{tree_file} {in_words(rows['line'].tolist())}"
        message = f"plot '{name}' is not in {plot_file}"
        found.append(defect("tree-plot-unknown", subject, message, fix))
    return found


def unknown_species(
    trees: pd.DataFrame, file: str, policy: str, choice: EquationChoice
) -> list[Finding]:
    """Species without wood density: an error, or a warning when the project allows the mean.

    Nothing is wrong when the equations that are named for the species need none.
    """
    found = []
    named = trees[trees["species"] != ""]
    if "wood_density_g_cm3" in named:
        named = named[named["wood_density_g_cm3"].isna()]
    strangers = [
        name
        for name in named["species"].unique()
        if accepted_species(str(name)) is None
        and choice.needs_wood_density(canonical_species(str(name)))
    ]
    strange = named[named["species"].isin(strangers)]
    for name, rows in strange.groupby("species", sort=True):
        subject = f"{file} {in_words(rows['line'].tolist())}"
        if policy == "common":
            mean = wood_densities()["common"]
            message = (
                f"species '{name}' is not known: it gets the mean wood density of mangroves, "
                f"{mean.density_g_cm3:g} g/cm3 ({mean.source} {mean.locator}, {mean.status})"
            )
            found.append(defect("species-unknown", subject, message, "", severity="warning"))
            continue
        near = nearest_species(str(name))
        fix = f"did you mean '{near}'?" if near else f"known: {', '.join(_known_species())}"
        fix += " Or set unknown_species = 'common' to use the mean wood density of mangroves."
        found.append(defect("species-unknown", subject, f"species '{name}' is not known", fix))
    return found


def _known_species() -> list[str]:
    return [name for name in wood_densities() if name != "common"]


def _status_defects(trees: pd.DataFrame, file: str) -> list[Finding]:
    strange = trees[~trees["status"].str.casefold().isin([*STATUS, ""])]
    hits = [(n, f"status '{status}' is not known") for n, status in _pairs(strange, "status")]
    return row_defects("status-unknown", file, hits, "write live or dead")


def _trees_twice(trees: pd.DataFrame, file: str) -> list[Finding]:
    """A tree counts once a year: measured twice in one campaign it would weigh double."""
    named = trees[(trees["tree_id"] != "") & trees["date"].notna()]
    keys = named.assign(epoch=[date.year for date in named["date"]])
    twice = keys[keys.duplicated(["plot_id", "epoch", "tree_id"])]
    hits = [
        (int(line), f"tree '{tree}' of plot '{plot}' is there twice in {epoch}")
        for line, tree, plot, epoch in zip(
            twice["line"], twice["tree_id"], twice["plot_id"], twice["epoch"], strict=True
        )
    ]
    return row_defects("tree-twice", file, hits, "keep one measurement of a tree for each year")


def _wood_density_defects(trees: pd.DataFrame, file: str) -> list[Finding]:
    if "wood_density_g_cm3" not in trees:
        return []
    least, most = WOOD_DENSITY_G_CM3
    density = trees["wood_density_g_cm3"]
    bad = trees[(density < least) | (density > most)]
    hits = [
        (n, f"wood_density_g_cm3 is {value:g}") for n, value in _pairs(bad, "wood_density_g_cm3")
    ]
    fix = f"give g/cm3 of dry wood ({least:g} to {most:g}), or leave the cell empty"
    return row_defects("wood-density-wrong", file, hits, fix)


def _height_defects(trees: pd.DataFrame, file: str) -> list[Finding]:
    if "height_m" not in trees:
        return []
    height = trees["height_m"]
    bad = trees[(height > HEIGHT_M_MAX) | (height <= 0)]
    hits = [(n, f"height_m is {value:g}") for n, value in _pairs(bad, "height_m")]
    fix = f"give metres (above 0, at most {HEIGHT_M_MAX:g}), or leave the cell empty"
    return row_defects("height-wrong", file, hits, fix)


def _millimetres(trees: pd.DataFrame, file: str) -> list[Finding]:
    """Diameters that look as if they were in millimetres, by their size or their slenderness."""
    slender, stout_plot = slenderness(trees), _stout_plots(trees)
    found = []
    for name, rows in trees[stout_plot].groupby("plot_id", sort=True):
        ratio = slender[rows.index].median()
        message = (
            f"the diameters of plot '{name}' look like millimetres: half of its trees are less "
            f"than {ratio:.1f} times as tall as they are thick (mangroves are 30 to 150 times)"
        )
        subject = f"{file} {in_words(rows['line'].tolist())}"
        found.append(defect("dbh-in-millimetres", subject, message, _FIX_MILLIMETRES))
    for column in diameter_columns(trees):
        single = ~stout_plot & (trees[column] > DBH_CM_MAX)
        if column == "dbh_cm":
            single |= ~stout_plot & (slender < SLENDERNESS_TREE_MIN)
        hits = [
            (int(line), _millimetre_message(column, size, ratio))
            for line, size, ratio in zip(
                trees["line"][single], trees[column][single], slender[single], strict=True
            )
        ]
        found += row_defects("dbh-in-millimetres", file, hits, _FIX_MILLIMETRES)
    return found


_FIX_MILLIMETRES = "dbh_cm is in centimetres: divide by 10 if the sheet has millimetres"


def _stout_plots(trees: pd.DataFrame) -> pd.Series:
    """Trees of plots in which, on one day, half of the trees are as stout as no mangrove."""
    per_plot = slenderness(trees).groupby([trees["plot_id"], trees["date"]])
    stout = per_plot.transform("median") < SLENDERNESS_PLOT_MIN
    return stout & (per_plot.transform("count") >= 3)


def _in_millimetres(trees: pd.DataFrame) -> pd.Series:
    return _stout_plots(trees) | (slenderness(trees) < SLENDERNESS_TREE_MIN)


def _millimetre_message(column: str, size_cm: float, ratio: float) -> str:
    if size_cm > DBH_CM_MAX:
        return f"{column} is {size_cm:g}, over {DBH_CM_MAX:g} cm: millimetres?"
    return f"{column} is {size_cm:g} at a height of {ratio:.1f} times that: millimetres?"


def slenderness(trees: pd.DataFrame) -> pd.Series:
    """Height over diameter in the same unit; NaN for dead (broken) trees and without height."""
    if "height_m" not in trees or "dbh_cm" not in trees:
        return pd.Series(float("nan"), index=trees.index)
    height, diameter = trees["height_m"], trees["dbh_cm"]
    ratio = height.where(height > 0) * 100.0 / diameter.where(diameter > 0)
    return ratio.mask(is_dead(trees))


def remarks(
    trees: pd.DataFrame, plots: pd.DataFrame, strata: pd.DataFrame, files: tuple[str, str]
) -> list[Finding]:
    """What a reader of the results ought to know; ``files`` are the tree and the plot sheet."""
    tree_file, plot_file = files
    found = _dead_remark(trees, tree_file)
    found += _unverified_remarks(trees, tree_file)
    found += _straddling(trees, plots, tree_file)
    for row in strata[strata["n_plots"] < 2].itertuples():
        when = f" in {row.epoch}" if int(str(row.epoch)) > dt.date.min.year else ""
        message = f"stratum '{row.stratum}' has one plot{when}: no standard error"
        fix = "measure at least two plots in each stratum"
        found.append(defect("plots-too-few", plot_file, message, fix, severity="warning"))
    found += _heavy_plots(plots, plot_file)
    empty = plots[plots["n_live"] + plots["n_dead"] == 0]
    for (stratum, epoch), rows in empty.groupby(["stratum", "epoch"], sort=True):
        names = ", ".join(rows["plot_id"])
        message = f"no trees in {epoch}, counted as zero biomass in stratum '{stratum}': {names}"
        fix = "if they were not visited, the stratum was measured with fewer plots: remove them"
        found.append(defect("plot-without-trees", plot_file, message, fix, severity="info"))
    return found


def _heavy_plots(plots: pd.DataFrame, file: str) -> list[Finding]:
    heavy = plots[plots["agb_t_ha"] > AGB_T_HA_MAX]
    return [
        defect(
            "plot-biomass-implausible",
            file,
            f"plot '{row.plot_id}' has {row.agb_t_ha:.0f} t/ha above ground in {row.epoch}",
            f"is {row.area_m2:g} m2 the area in which these trees (not saplings) were measured?",
            severity="warning",
        )
        for row in heavy.itertuples()
    ]


def _unverified_remarks(trees: pd.DataFrame, file: str) -> list[Finding]:
    """Wood densities behind live biomass that nobody has read in their document."""
    read = ["species", "agb_equation", "bgb_equation"]
    live = trees.loc[~is_dead(trees) & (trees["wood_density_source"] != MEASURED), read]
    live = live[uses_wood_density(live)]
    used = [
        (f"the wood density of '{name}'", wood_densities().get(str(name)))
        for name in sorted(set(live["species"]))
    ]
    drafts = [(what, row) for what, row in used if row is not None and row.status == "unverified"]
    return [
        defect(
            "wood-density-unverified",
            file,
            f"{what}, {row.density_g_cm3:g} g/cm3 ({row.source}), is unverified: {row.note}",
            severity="warning",
        )
        for what, row in drafts
    ]


def _dead_remark(trees: pd.DataFrame, file: str) -> list[Finding]:
    count = int(is_dead(trees).sum())
    if not count:
        return []
    message = f"{count} dead trees are counted and are not part of live biomass"
    return [defect("trees-dead", file, message, "", severity="info")]


def _straddling(trees: pd.DataFrame, plots: pd.DataFrame, file: str) -> list[Finding]:
    """Campaigns that run over New Year: each year would get half of the trees."""
    stratum = trees["plot_id"].map(plots.drop_duplicates("plot_id").set_index("plot_id")["stratum"])
    found = []
    for name, dates in trees["date"].groupby(stratum, sort=True):
        days = sorted(set(dates))
        for before, after in itertools.pairwise(days):
            if before.year != after.year and (after - before).days <= STRADDLE_DAYS_MAX:
                message = f"stratum '{name}' was measured on {before} and on {after}"
                fix = "a campaign belongs to one calendar year: write the year it was closed in"
                found.append(
                    defect("campaign-over-new-year", file, message, fix, severity="warning")
                )
    return found


def _pairs(rows: pd.DataFrame, column: str) -> list[tuple[int, object]]:
    return [(int(line), value) for line, value in zip(rows["line"], rows[column], strict=True)]
