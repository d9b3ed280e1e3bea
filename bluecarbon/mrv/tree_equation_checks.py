"""What can be wrong with the choice of equations and with trees that they were not made for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bluecarbon.methodology.kernels.allometry import (
    COMMON,
    Component,
    Equation,
    equation,
    equations,
    outside_diameters,
    outside_heights,
)
from bluecarbon.mrv.field_tables import defect, in_words, row_defects
from bluecarbon.mrv.tree_equations import (
    BEYOND_RANGE,
    DIAMETER_COLUMNS,
    FELL_BACK,
    FELL_BACK_EXTRAPOLATED,
    IN_RANGE,
    KOMIYAMA_2005,
    PARTS,
    EquationChoice,
    canonical_species,
)
from bluecarbon.project import Inventory
from bluecarbon.spec import Finding, errors_in

SECTION = "[inventory.equations]"
COMPONENTS: tuple[Component, ...] = (*PARTS, "total")

DIAMETER_OUTSIDE = "dbh-outside-equation"
HEIGHT_OUTSIDE = "height-outside-equation"
SIZE_MISSING = "tree-size-missing"

_FIX_RANGE = (
    "measure the tree again, name an equation for trees of this size in [inventory.equations], or "
    'state out_of_range = "common" (fall back) or "extrapolate" in [inventory]'
)


def choice_of(section: Inventory) -> tuple[EquationChoice | None, list[Finding]]:
    """The equations that a project names, None when a finding about them is an error."""
    found = [
        _unknown_equation(id_)
        for ids in section.equations.values()
        for id_ in ids
        if id_ not in equations()
    ]
    if found:
        return None, found
    named = {name: ids for name, ids in section.equations.items() if name != COMMON}
    choice = EquationChoice(
        by_species=named,
        common=(*section.equations.get(COMMON, ()), *KOMIYAMA_2005),
        out_of_range=section.out_of_range,
        root_shoot_ratio={name: row.ratio for name, row in section.root_shoot.items()},
    )
    found = _names_twice(named) + _names_twice(section.root_shoot)
    found += _contradictions(choice) + _other_species(named) + _unused_ratios(choice)
    return (None if errors_in(found) else choice), found


def _unknown_equation(equation_id: str) -> Finding:
    near = difflib.get_close_matches(equation_id, equations(), n=1, cutoff=0.5)
    fix = f"did you mean '{near[0]}'?" if near else "docs/tree_equations.md lists them"
    return defect("equation-unknown", SECTION, f"there is no equation '{equation_id}'", fix)


def _names_twice(named: Iterable[str]) -> list[Finding]:
    species = pd.Series([canonical_species(name) for name in named], dtype="object")
    fix = "write all ids of a species in one list, in order of preference"
    return [
        defect("species-twice", SECTION, f"species '{name}' is named twice", fix)
        for name in sorted(set(species[species.duplicated()]))
    ]


def _contradictions(choice: EquationChoice) -> list[Finding]:
    fix = "name either an equation of the whole tree, or equations of agb and bgb"
    found = [
        defect(
            "equation-total-and-parts",
            SECTION,
            f"species '{name}' has equations of the whole tree and of its parts",
            fix,
        )
        for name in choice.by_species
        if {equation(id_).component for id_ in choice.by_species[name]} >= {"total", "agb"}
        or {equation(id_).component for id_ in choice.by_species[name]} >= {"total", "bgb"}
    ]
    if any(equation(id_).component == "total" for id_ in choice.common):
        message = "the common equations give the parts, agb and bgb, and one gives the whole tree"
        found.append(defect("equation-total-and-parts", SECTION, message, fix))
    return found


def _other_species(named: Mapping[str, Sequence[str]]) -> list[Finding]:
    return [
        defect(
            "equation-other-species",
            SECTION,
            f"{id_} was made for {', '.join(equation(id_).species)} and is used for {name}",
            "say in the report why it may be",
            severity="warning",
        )
        for name, ids in named.items()
        for id_ in ids
        if not equation(id_).applies_to(canonical_species(name))
    ]


def _unused_ratios(choice: EquationChoice) -> list[Finding]:
    return [
        defect(
            "root-shoot-unused",
            "[inventory.root_shoot]",
            f"the ratio of '{name}' is not used: no equation of the whole tree is named for it",
            severity="warning",
        )
        for name in choice.root_shoot_ratio
        if not choice.named(canonical_species(name), "total")
    ]


def columns_missing(trees: pd.DataFrame, file: str, choice: EquationChoice) -> list[Finding]:
    """Equations that no tree can have, because the sheet lacks a column; ``species`` canonical."""
    needed: dict[str, set[str]] = {}
    for name in sorted(set(trees["species"])):
        for row in _reachable(choice, name):
            for column in input_columns(row):
                if column not in trees:
                    needed.setdefault(column, set()).add(row.id)
    return [
        defect(
            "column-missing",
            file,
            f"there is no column '{column}', which {', '.join(sorted(ids))} needs",
            f"add the column '{column}', or take the equation out of {SECTION}",
        )
        for column, ids in sorted(needed.items())
    ]


def input_columns(row: Equation) -> tuple[str, ...]:
    """The columns of the tree sheet that an equation reads, but for wood density."""
    return (DIAMETER_COLUMNS[row.diameter], *(("height_m",) if row.needs_height else ()))


def _reachable(choice: EquationChoice, species: str) -> list[Equation]:
    return [row for part in COMPONENTS for row in choice.rows(species, part)]


def sizes_missing(trees: pd.DataFrame, file: str, choice: EquationChoice) -> list[Finding]:
    """Live trees, as evaluated, that no equation can be used for: an input has no value."""
    fix = f"fill in the cell, or name an equation in {SECTION} that needs another size"
    return row_defects(SIZE_MISSING, file, without_sizes(trees, choice), fix)


def without_sizes(trees: pd.DataFrame, choice: EquationChoice) -> list[tuple[int, str]]:
    """Line and reason of each live tree, as evaluated, that lacks what its equations need."""
    empty = trees[trees["live"] & trees["total_kg"].isna()]
    hits = []
    for row in empty.to_dict("records"):
        rows = _reachable(choice, str(row["species"]))
        columns = sorted({name for each in rows for name in input_columns(each)})
        lacking = [name for name in columns if np.isnan(row.get(name, np.nan))]
        ids = ", ".join(each.id for each in rows)
        hits.append((int(row["line"]), f"{' and '.join(lacking)} is empty and needed by {ids}"))
    return hits


def trees_refused(trees: pd.DataFrame, file: str) -> list[Finding]:
    """Live trees, as evaluated, that lie outside the range of their equation, one by one."""
    hits: dict[str, list[tuple[int, str]]] = {DIAMETER_OUTSIDE: [], HEIGHT_OUTSIDE: []}
    for line, code, message in out_of_range(trees):
        hits[code].append((line, message))
    return [f for code, some in hits.items() for f in row_defects(code, file, some, _FIX_RANGE)]


def out_of_range(trees: pd.DataFrame) -> list[tuple[int, str, str]]:
    """Line, code and reason of each live tree, as evaluated, outside the range of its equation."""
    beyond = _beyond(trees, COMPONENTS).any(axis=1) & trees["live"]
    return [(int(row["line"]), *_why(row)) for row in trees[beyond].to_dict("records")]


def _beyond(trees: pd.DataFrame, parts: Sequence[str]) -> pd.DataFrame:
    return trees[[f"{part}_how" for part in parts]].isin(BEYOND_RANGE)


def _why(tree: Mapping[Any, Any]) -> tuple[str, str]:
    """Code and message for one tree: what of it lies outside which range."""
    code, reasons = HEIGHT_OUTSIDE, []
    for part in COMPONENTS:
        if tree[f"{part}_how"] not in BEYOND_RANGE:
            continue
        row = equation(str(tree[f"{part}_equation"]))
        column = DIAMETER_COLUMNS[row.diameter]
        if outside_diameters(row, _number(tree[column])):
            code = DIAMETER_OUTSIDE
            reasons.append(f"{column} {tree[column]:g} is outside {diameters(row)} of {row.id}")
        if outside_heights(row, _number(tree.get("height_m"))):
            reasons.append(f"height_m {tree['height_m']:g} is outside {heights(row)} of {row.id}")
    return code, "; ".join(dict.fromkeys(reasons))


def _number(cell: object) -> float:
    return float(cell) if isinstance(cell, float | int) else np.nan


def diameters(row: Equation) -> str:
    """The diameters of the trees that an equation was fitted to, for a reader."""
    return _span(row.diameter_min_cm, row.diameter_max_cm, "cm")


def heights(row: Equation) -> str:
    """The heights of the trees that an equation was fitted to, for a reader."""
    return _span(row.height_min_m, row.height_max_m, "m")


def _span(least: float | None, most: float | None, unit: str) -> str:
    if least is not None and most is not None:
        return f"{least:g} to {most:g} {unit}"
    if least is None and most is None:
        return "not stated"
    return f"from {least:g} {unit}" if most is None else f"up to {most:g} {unit}"


_READ = (
    "line", "plot_id", "date", "species", "height_m", *DIAMETER_COLUMNS.values(),
    *(f"{part}_{what}" for part in COMPONENTS for what in ("equation", "how", "kg")),
)  # fmt: skip


def equation_remarks(
    trees: pd.DataFrame, plots: pd.DataFrame, file: str, choice: EquationChoice
) -> list[Finding]:
    """What a reader ought to know of the equations that live trees were evaluated with."""
    # copies of a million rows with all their columns take longer than the biomass
    live = trees.loc[trees["live"], [name for name in _READ if name in trees]]
    used = list(_used(live))
    found = _range_remarks(used, plots, file) + _fallback_remarks(live, file, choice)
    return found + _unchecked_heights(used, file) + _unverified_equations(used, file)


Used = tuple[str, Equation, pd.DataFrame]
"""Component, equation and its trees."""


def _used(live: pd.DataFrame) -> Iterator[Used]:
    """Component, equation and its trees; a total that is split counts once, as the total."""
    apart = np.asarray(live["total_equation"] == "")
    for part in COMPONENTS:
        column = f"{part}_equation"
        codes, names = pd.factorize(live[column])
        mine = np.ones(len(live), dtype=bool) if part == "total" else apart
        for name in sorted(name for name in names if name):
            yield part, equation(str(name)), live[(codes == list(names).index(name)) & mine]


def _range_remarks(used: Sequence[Used], plots: pd.DataFrame, file: str) -> list[Finding]:
    """Trees outside an equation's range, and how much of each stratum's biomass they carry.

    Many thin trees may carry little: what matters is their share of the biomass that is claimed.
    """
    found = []
    for part, row, rows in used:
        outside = rows[f"{part}_how"].isin(BEYOND_RANGE)
        if not outside.any():
            continue
        thick = outside_diameters(row, rows[DIAMETER_COLUMNS[row.diameter]]).any()
        code = DIAMETER_OUTSIDE if thick else HEIGHT_OUTSIDE
        sizes = ("diameters", diameters(row)) if thick else ("heights", heights(row))
        message = (
            f"{outside.sum()} of {len(rows)} live trees ({outside.mean():.0%}) are outside the "
            f"{sizes[0]} that {row.id} was fitted to ({sizes[1]}) and are evaluated with it all "
            f"the same; their share of the biomass: {_shares(rows, outside, plots, part)}"
        )
        found.append(defect(code, file, message, "", severity="warning"))
    return found


def _shares(rows: pd.DataFrame, some: pd.Series, plots: pd.DataFrame, part: str) -> str:
    """The share of biomass by stratum and year, the largest first."""
    stratum = rows["plot_id"].map(plots.drop_duplicates("plot_id").set_index("plot_id")["stratum"])
    keys = [stratum, pd.to_datetime(rows["date"]).dt.year]
    mass = rows[f"{part}_kg"]
    share = mass.where(some, 0.0).groupby(keys).sum() / mass.groupby(keys).sum()
    ordered = share[share > 0].sort_values(ascending=False, kind="stable")
    names = [" ".join(map(str, key)) for key in ordered.index]
    return ", ".join(f"{name} {value:.0%}" for name, value in zip(names, ordered, strict=True))


def _fallback_remarks(live: pd.DataFrame, file: str, choice: EquationChoice) -> list[Finding]:
    found = []
    for part in PARTS:
        fell = live[live[f"{part}_how"].isin((FELL_BACK, FELL_BACK_EXTRAPOLATED))]
        for name, rows in fell.groupby("species", sort=True):
            own = choice.named(str(name), part) or choice.named(str(name), "total")
            count = int((live["species"] == name).sum())
            to = ", ".join(sorted(set(rows[f"{part}_equation"])))
            message = (
                f"{len(rows)} of {count} live trees of '{name}' fell back to {to}: they are "
                f"outside the range of {', '.join(row.id for row in own)}, or lack a size that it "
                "needs"
            )
            subject = f"{file} {in_words(rows['line'].tolist())}"
            found.append(defect("tree-fell-back", subject, message, "", severity="warning"))
    return found


def _unchecked_heights(used: Sequence[Used], file: str) -> list[Finding]:
    """Trees without height whose equation was fitted to trees of certain heights."""
    found = []
    for part, row, rows in used:
        if heights(row) == "not stated":
            continue
        height = rows.get("height_m", pd.Series(np.nan, index=rows.index))
        blind = (rows[f"{part}_how"] == IN_RANGE) & height.isna()
        if blind.any():
            message = (
                f"{row.id} is for trees {heights(row)} tall, and {blind.sum()} of its "
                f"{len(rows)} live trees have no height: they are taken to be"
            )
            found.append(defect("height-not-checked", file, message, severity="warning"))
    return found


def _unverified_equations(used: Sequence[Used], file: str) -> list[Finding]:
    """Coefficients behind live biomass that nobody has read in their publication."""
    return [
        defect(
            "equation-unverified",
            file,
            f"{row.id} ({row.source}) is unverified and gives the {part} of {len(rows)} live "
            f"trees: {row.note}",
            severity="warning",
        )
        for part, row, rows in used
        if row.status == "unverified"
    ]


def whole_trees(trees: pd.DataFrame, file: str, *, claimed: bool) -> list[Finding]:
    """Live trees whose biomass is known as a whole only: rule books need shoots and roots apart."""
    whole = trees[trees["live"] & trees["total_kg"].notna() & trees["agb_kg"].isna()]
    return [
        defect(
            "biomass-not-split",
            file,
            f"{name} gives the whole tree of {len(rows)} live trees, and no root to shoot ratio "
            "is stated: their plots have a total, and no biomass above ground and of roots",
            "state ratio and source in [inventory.root_shoot], or name equations of agb and bgb",
            severity="error" if claimed else "warning",
        )
        for name, rows in whole.groupby("total_equation", sort=True)
    ]
