r"""Standing dead trees as a pool of their own, by decay class.

Class 1 has lost its leaves, class 2 its small branches as well: a fraction of what the equation
of a live tree gives. Of class 3 only the stem stands: its volume times the density of its wood.
Roots of dead trees are not counted.

Notes
-----
The three classes are those of Kauffman and Donato 2012, Protocols for the measurement, monitoring
and reporting of structure, biomass and carbon stocks in mangrove forests, CIFOR Working Paper 86;
the fractions are rows of tree_pools.csv. The stem is a frustum between the diameter at the base B
and that at breast height D, or a cylinder where B is not known:
:math:`W = 0.1 \rho \frac{\pi}{12} H (B^2 + B D + D^2)` kg with cm, m and g/cm3. Both give the 31
broken stems of the SWAMP workbook of Krabi (Bukoski et al. 2020) to the last printed digit.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology.tables import read_table
from bluecarbon.mrv.field_tables import defect, in_words
from bluecarbon.mrv.tree_equations import EquationChoice, evaluate_trees, stems_of
from bluecarbon.project_inventory import DeadWood
from bluecarbon.spec import Finding, Parameter, Status

FloatArray = NDArray[np.float64]

STEM = 3
"""The decay class of which only the stem stands."""


@cache
def pool_parameter(name: str) -> Parameter:
    """A row of tree_pools.csv. MethodologyError when there is none of this name."""
    rows = {row["name"]: row for row in read_table("tree_pools.csv", "name")}
    if name not in rows:
        raise MethodologyError(f"tree_pools.csv has no row {name!r}")
    return Parameter.model_validate({k: v for k, v in rows[name].items() if v != ""})


def fractions(settings: DeadWood) -> dict[int, tuple[float, str, Status]]:
    """What is left of a live tree above ground in class 1 and 2: value, source, status."""
    found: dict[int, tuple[float, str, Status]] = {}
    for number, stated in ((1, settings.class_1), (2, settings.class_2)):
        row = pool_parameter(f"{settings.fractions} class {number}")
        if stated is not None:
            found[number] = (stated, "[inventory.dead_wood]", "unverified")
        else:
            found[number] = (float(row.value or 0.0), row.source, row.status)
    return found


def stem_kg(
    dbh_cm: ArrayLike, height_m: ArrayLike, wood_density_g_cm3: ArrayLike, base_cm: ArrayLike
) -> FloatArray:
    """Dry mass [kg] of bare stems: frustums, or cylinders where the base [cm] is NaN.

    Shapes broadcast; NaN where another input is NaN. See the notes of the module.
    """
    dbh = np.asarray(dbh_cm, dtype=np.float64)
    base = np.asarray(base_cm, dtype=np.float64)
    base = np.where(np.isnan(base), dbh, base)
    square = base**2 + base * dbh + dbh**2
    height, density = np.asarray(height_m, np.float64), np.asarray(wood_density_g_cm3, np.float64)
    return np.asarray(0.1 * density * np.pi / 12.0 * height * square)


def dead_wood(
    dead: pd.DataFrame, choice: EquationChoice, settings: DeadWood, file: str
) -> tuple[pd.DataFrame, list[Finding]]:
    """Dry wood above ground of standing dead trees.

    Parameters
    ----------
    dead
        Dead trees as :func:`bluecarbon.mrv.inventory.tree_biomass` returns them, and
        ``decay_class`` (1, 2, 3; NaN or no column where it is not known). Broken stems may have a
        height of their own in ``stem_height_m``.
    choice, settings
        The equations of live trees, and what the project says of dead ones.
    file
        How findings call the sheet.

    Returns
    -------
    Columns ``decay_class``, ``dead_wood_kg`` (NaN where it cannot be known: not counted) and
    ``dead_wood_how``; and the findings.
    """
    given = dead.get("decay_class", pd.Series(np.nan, index=dead.index))
    classes = given.fillna(settings.class_missing)
    live = evaluate_trees(stems_of(dead), dead["species"], choice)["agb_kg"]
    left = fractions(settings)
    kg = np.full(len(dead), np.nan)
    how = np.full(len(dead), "", dtype=object)
    for number, (fraction, source, _) in left.items():
        mine = (classes == number).to_numpy()
        kg[mine] = live.to_numpy()[mine] * fraction
        how[mine] = f"class {number}: {fraction:g} of a live tree ({source})"
    mine = (classes == STEM).to_numpy()
    kg[mine] = _stems(dead)[mine]
    how[mine] = "class 3: volume of the stem"
    how[given.isna().to_numpy()] += "; class not given"
    how[np.isnan(kg)] = "not counted: a size is missing"
    table = pd.DataFrame(
        {"decay_class": classes, "dead_wood_kg": kg, "dead_wood_how": how}, index=dead.index
    )
    return table, _remarks(dead, table, settings, file)


def _stems(dead: pd.DataFrame) -> FloatArray:
    nothing = pd.Series(np.nan, index=dead.index)
    height = dead.get("stem_height_m", nothing).fillna(dead.get("height_m", nothing))
    base = dead.get("basal_diameter_cm", nothing)
    return stem_kg(dead.get("dbh_cm", nothing), height, dead["wood_density_g_cm3"], base)


def _remarks(
    dead: pd.DataFrame, table: pd.DataFrame, settings: DeadWood, file: str
) -> list[Finding]:
    found = []
    given = dead.get("decay_class", pd.Series(np.nan, index=dead.index))
    if given.isna().any():
        message = f"{int(given.isna().sum())} of {len(dead)} dead trees have no decay class"
        fix = f"they count as class {settings.class_missing}: [inventory.dead_wood] class_missing"
        subject = f"{file} {in_words(dead['line'][given.isna()].tolist())}"
        found.append(defect("decay-class-missing", subject, message, fix, severity="warning"))
    lost = table["dead_wood_kg"].isna()
    if lost.any():
        message = f"{int(lost.sum())} dead trees lack a size (class 3: diameter and height)"
        subject = f"{file} {in_words(dead['line'][lost].tolist())}"
        fix = "measure it, or they are not part of dead wood"
        found.append(defect("dead-wood-not-counted", subject, message, fix, severity="warning"))
    for number, (fraction, source, status) in fractions(settings).items():
        used = int((table["decay_class"] == number).sum())
        if used and status == "unverified":
            message = (
                f"decay class {number} keeps {fraction:g} ({source}, unverified): {used} trees"
            )
            found.append(defect("dead-wood-unverified", file, message, severity="warning"))
    return found
