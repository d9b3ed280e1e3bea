"""What forbids a row of a core sheet to be used, and what makes it doubtful.

Bounds: bulk density up to the density of quartz; organic carbon up to 100 %, and doubtful above
55 %, for hardly any soil matter holds more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bluecarbon.mrv.field_tables import defect, row_defects
from bluecarbon.mrv.mapped_cells import CellDefect
from bluecarbon.mrv.rejects import Rejects, as_records
from bluecarbon.mrv.soil_mixing import QUARTZ_G_CM3, solid_density_g_cm3
from bluecarbon.spec import Finding, Severity

BULK_DENSITY_MAX_G_CM3 = QUARTZ_G_CM3
"""The density of quartz: no soil with pores is denser."""

DEPTH_CM_MAX = 2000.0
"""Twenty metres: no core is longer, and a depth in millimetres soon is."""

FRACTION_MAX, MATTER_FRACTION_MAX = 0.6, 1.0
BULK_DENSITY_OF_SAND_G_CM3 = 1.0
"""Below this a mangrove soil is rich in carbon; at or above it may really hold under 0.6 %."""

CARBON_PERCENT_DOUBTFUL = 55.0
BULK_DENSITY_DOUBTFUL_G_CM3 = 2.0
SOLID_SHARE_DOUBTFUL = BULK_DENSITY_DOUBTFUL_G_CM3 / BULK_DENSITY_MAX_G_CM3
"""The same share of solids, where organic matter makes them lighter."""

CARBON_OVER_MATTER_TOLERANCE_PERCENT = 0.05
"""Both are printed with a digit or two: a rounding is no contradiction."""

DENSITY_DISAGREES_SHARE, DENSITY_DISAGREES_G_CM3 = 0.1, 0.001
"""A printed carbon density and the product of its parts may differ by this before it is said."""

DEPTH_M_MAX, THICKNESS_M_MAX = 5.0, 0.51
"""Depths up to five in slices of half a unit are metres: no core is sliced at 5 mm to 5 cm."""

PERCENT_ROWS_SHARE = 0.2
"""Single rows above 100 % are typing errors; a fifth of all is a unit."""

FIXES = {
    "core-id-missing": "fill in core_id",
    "number-unreadable": "write a number with a decimal point, or leave the cell empty",
    "decimal-comma": "write a decimal point, or say that the sheet has decimal commas",
    "interval-unreadable": "write the interval as 0-15",
    "depth-missing": "fill in the upper and lower depth, or the depth of the sample",
    "depth-reversed": "depths are centimetres below the surface, the smaller one first",
    "depth-negative": "the surface is 0 and depths grow downward",
    "depth-implausible": f"give centimetres, at most {DEPTH_CM_MAX:g}",
    "bulk-density-missing": "fill in the bulk density, or the carbon density",
    "bulk-density-wrong": f"give dry g/cm3, above 0 and at most {BULK_DENSITY_MAX_G_CM3}",
    "density-impossible": "see the units of both: so much carbon is light even without pores",
    "carbon-missing": "fill in organic carbon, organic matter or carbon density",
    "carbon-percent-wrong": "give percent of dry mass, 0 to 100",
    "matter-percent-wrong": "give percent of dry mass, 0 to 100",
    "carbon-density-wrong": "give g/cm3, not below 0",
    "allochthonous-wrong": "give percent of the carbon, 0 to 100",
    "carbon-above-matter": "organic carbon is a part of organic matter: see which is wrong",
    "slice-twice": "keep one row",
    "slice-contradiction": "keep the row that is right, or the mean of replicates",
    "slices-overlap": "correct the depths: slices may touch, not overlap",
}


def reject_rows(rejects: Rejects, cell_defects: tuple[CellDefect, ...]) -> None:
    """Everything that one row shows by itself, into ``rejects``."""
    rows = rejects.rows
    rejects.add(rows["core_id"] == "", "core-id-missing", lambda _: "core_id is empty")
    _unreadable(rejects, cell_defects)
    _depths(rejects)
    _densities(rejects)
    _carbon(rejects)


def _unreadable(rejects: Rejects, cell_defects: tuple[CellDefect, ...]) -> None:
    """Cells that cannot be read, where no other cell gives what the row needs of them."""
    rows = rejects.rows
    carbon = rows["organic_carbon_percent"].isna() & rows["organic_matter_percent"].isna()
    no_density = rows["carbon_density_g_cm3"].isna()
    needed = {
        "depth_min_cm": rows["depth_min_cm"].isna(),
        "depth_max_cm": rows["depth_max_cm"].isna(),
        "depth_mid_cm": rows["depth_min_cm"].isna(),
        "bulk_density_g_cm3": no_density,
        "organic_carbon_percent": no_density & carbon,
        "organic_matter_percent": no_density & carbon,
        "carbon_density_g_cm3": rows["bulk_density_g_cm3"].isna() | carbon,
    }
    for place, name, code, said in cell_defects:
        if name in needed and needed[name].to_numpy()[place]:
            rejects.reasons.append((place, code, said))


def _depths(rejects: Rejects) -> None:
    rows = rejects.rows
    top, bottom = rows["depth_min_cm"], rows["depth_max_cm"]
    fresh = _readable(rejects)
    rejects.add((top.isna() | bottom.isna()) & fresh, "depth-missing", lambda _: "has no depths")
    point = rows["is_point"].astype(bool)
    reversed_ = (top > bottom) | ((top == bottom) & ~point)
    rejects.add(
        reversed_,
        "depth-reversed",
        _said("depth {depth_min_cm:g} is not above {depth_max_cm:g} cm"),
    )
    rejects.add(top < 0, "depth-negative", _said("depth is {depth_min_cm:g} cm"))
    rejects.add(bottom > DEPTH_CM_MAX, "depth-implausible", _said("depth is {depth_max_cm:g} cm"))


def _densities(rejects: Rejects) -> None:
    rows = rejects.rows
    density, direct = rows["bulk_density_g_cm3"], rows["carbon_density_g_cm3"]
    fresh = _readable(rejects)
    needed = direct.isna() & fresh
    rejects.add(density.isna() & needed, "bulk-density-missing", lambda _: "has no bulk density")
    wrong = (density <= 0) | (density > BULK_DENSITY_MAX_G_CM3)
    rejects.add(wrong, "bulk-density-wrong", _said("bulk density is {bulk_density_g_cm3:g} g/cm3"))
    rejects.add(
        ~wrong & direct.isna() & (density > _solid(rows)),
        "density-impossible",
        lambda row: (
            f"bulk density {row['bulk_density_g_cm3']:g} g/cm3 with {_content(row)}: the solids "
            "alone are lighter"
        ),
    )
    rejects.add(
        direct < 0,
        "carbon-density-wrong",
        _said("carbon density is {carbon_density_g_cm3:g} g/cm3"),
    )


def _solid(rows: pd.DataFrame) -> NDArray[np.float64]:
    return solid_density_g_cm3(rows["organic_carbon_percent"], rows["organic_matter_percent"])


def _content(row: Mapping[str, Any]) -> str:
    carbon, matter = row["organic_carbon_percent"], row["organic_matter_percent"]
    return f"{matter:g} % organic matter" if np.isnan(carbon) else f"{carbon:g} % organic carbon"


def _carbon(rejects: Rejects) -> None:
    rows = rejects.rows
    carbon, matter = rows["organic_carbon_percent"], rows["organic_matter_percent"]
    fresh = _readable(rejects)
    none = carbon.isna() & matter.isna() & rows["carbon_density_g_cm3"].isna() & fresh
    rejects.add(none, "carbon-missing", lambda _: "has neither organic carbon nor matter")
    wrong = (carbon < 0) | (carbon > 100)
    rejects.add(
        wrong, "carbon-percent-wrong", _said("organic carbon is {organic_carbon_percent:g} %")
    )
    wrong = (matter < 0) | (matter > 100)
    rejects.add(
        wrong, "matter-percent-wrong", _said("organic matter is {organic_matter_percent:g} %")
    )
    above = carbon > matter + CARBON_OVER_MATTER_TOLERANCE_PERCENT
    rejects.add(
        above,
        "carbon-above-matter",
        _said("organic carbon {organic_carbon_percent:g} % of {organic_matter_percent:g} % matter"),
    )
    share = rows["allochthonous_percent"]
    rejects.add(
        (share < 0) | (share > 100),
        "allochthonous-wrong",
        _said("allochthonous carbon is {allochthonous_percent:g} %"),
    )


def _readable(rejects: Rejects) -> NDArray[np.bool_]:
    """Rows of which no cell was unreadable: an empty cell is their own defect."""
    out = np.ones(len(rejects.rows), dtype=bool)
    out[[place for place, code, _ in rejects.reasons if code in _UNREADABLE]] = False
    return out


_UNREADABLE = ("number-unreadable", "decimal-comma", "interval-unreadable")


def _said(text: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda row: text.format(**row)


def reject_repeated(rejects: Rejects) -> None:
    """Slices that are there twice, contradict each other or overlap, within their core.

    The first of equal rows stays. Of rows that give the same slice different values none stays:
    nobody knows which is right. Of slices that overlap the upper one stays.
    """
    rows = rejects.rows
    top, bottom = rows["depth_min_cm"], rows["depth_max_cm"]
    sound = (rows["core_id"] != "") & (top >= 0) & (top <= bottom)
    place = ["core_id", "depth_min_cm", "depth_max_cm"]
    values = ["bulk_density_g_cm3", "organic_carbon_percent", "organic_matter_percent",
              "carbon_density_g_cm3"]  # fmt: skip
    again = sound & rows[sound].duplicated(place, keep=False).reindex(rows.index, fill_value=False)
    same = rows[again].duplicated([*place, *values], keep="first")
    twice = same.reindex(rows.index, fill_value=False)
    rejects.add(
        twice,
        "slice-twice",
        _said("{core_id}: {depth_min_cm:g}-{depth_max_cm:g} cm is there twice"),
    )
    left = rows[again & ~twice]
    differ = left.duplicated(place, keep=False).reindex(rows.index, fill_value=False)
    rejects.add(
        differ,
        "slice-contradiction",
        _said("{core_id}: {depth_min_cm:g}-{depth_max_cm:g} cm is there with other values"),
    )
    rejects.add(_overlapping(rows, ~rejects.mask), "slices-overlap", _said(
        "{core_id}: {depth_min_cm:g}-{depth_max_cm:g} cm overlaps the slice above it"))  # fmt: skip


def _overlapping(rows: pd.DataFrame, usable: np.ndarray) -> np.ndarray:
    """Slices that begin above the end of one that stays, from the surface down."""
    order = rows[usable].sort_values(["core_id", "depth_min_cm", "line"])
    top, bottom = order["depth_min_cm"].to_numpy(), order["depth_max_cm"].to_numpy()
    core, places = order["core_id"].to_numpy(), order.index.to_numpy()
    out = np.zeros(len(rows), dtype=bool)
    end, current = 0.0, None
    for i in range(len(order)):
        if core[i] != current:
            end, current = 0.0, core[i]
        if top[i] < end - 1e-9:
            out[places[i]] = True
        else:
            end = bottom[i]
    return out


def doubts(rows: pd.DataFrame, file: str) -> list[Finding]:
    """Rows that are used and that a reader ought to look at."""
    carbon, density = rows["organic_carbon_percent"], rows["bulk_density_g_cm3"]
    direct = rows["carbon_density_g_cm3"]
    bound = np.maximum(DENSITY_DISAGREES_SHARE * direct, DENSITY_DISAGREES_G_CM3)
    disagrees = (density * carbon / 100.0 - direct).abs() > bound
    high = density.between(BULK_DENSITY_DOUBTFUL_G_CM3, BULK_DENSITY_MAX_G_CM3, inclusive="right")
    found = _doubt(
        rows[carbon > CARBON_PERCENT_DOUBTFUL],
        "carbon-percent-high",
        file,
        text="organic carbon is {organic_carbon_percent:g} %",
        fix=f"above {CARBON_PERCENT_DOUBTFUL:g} % hardly any soil is",
    )
    found += _doubt(
        rows[high],
        "bulk-density-high",
        file,
        text="bulk density is {bulk_density_g_cm3:g} g/cm3",
        fix="a soil with pores is rarely as dense: see the unit",
    )
    found += _doubt(
        rows[~high & (density > SOLID_SHARE_DOUBTFUL * _solid(rows))],
        "density-with-carbon-high",
        file,
        text="bulk density {bulk_density_g_cm3:g} g/cm3 with organic carbon "
        "{organic_carbon_percent:g} %, matter {organic_matter_percent:g} %",
        fix="soil so rich is rarely as dense: see the units of both",
    )
    return found + _doubt(
        rows[disagrees],
        "carbon-density-disagrees",
        file,
        text="carbon density {carbon_density_g_cm3:g} g/cm3 is not bulk density "
        "{bulk_density_g_cm3:g} x carbon {organic_carbon_percent:g} %",
        fix="the printed carbon density is used",
    )


def _doubt(rows: pd.DataFrame, code: str, file: str, *, text: str, fix: str) -> list[Finding]:
    hits = [(int(row["line"]), text.format(**row)) for row in as_records(rows)]
    return row_defects(code, file, hits, fix, severity="warning")


def unit_suspicions(
    rows: pd.DataFrame, file: str, stated: frozenset[str], given: frozenset[str] = frozenset()
) -> list[Finding]:
    """Whole columns in another unit: metres for centimetres, fractions for percent.

    ``stated`` names the columns whose header states a unit, ``given`` those of which the user
    said it: of these the last are believed. A header is typed once and its column filled in later.
    """
    found: list[Finding] = []
    thickness = (rows["depth_max_cm"] - rows["depth_min_cm"])[~rows["is_point"]]
    deepest = rows["depth_max_cm"].max()
    if 0 < deepest <= DEPTH_M_MAX and thickness.median() <= THICKNESS_M_MAX:
        message = f"depths are at most {deepest:g}: metres?"
        fix = "give their unit in the column mapping, as ('depth', 'm')"
        severity: Severity = "warning" if "depth_max_cm" in stated else "error"
        found.append(defect("depth-in-metres", file, message, fix, severity=severity))
    light = rows["bulk_density_g_cm3"].median() < BULK_DENSITY_OF_SAND_G_CM3
    for name in ("organic_carbon_percent", "organic_matter_percent"):
        most = rows[name].max()
        above = int((rows[name] > 100).sum())
        if name in stated and above > max(1, PERCENT_ROWS_SHARE * rows[name].notna().sum()):
            # the rows that stay below would be a hundred times too rich and pass every bound
            message = f"{name} is above 100 % in many rows: percent under a header for fractions?"
            fix = "give the unit in the column mapping: 'percent'"
            found.append(defect("percent-as-fraction", file, message, fix))
        limit = MATTER_FRACTION_MAX if name == "organic_matter_percent" else FRACTION_MAX
        if 0 < most <= limit and name not in given:
            message = f"{name} is at most {most:g} in all rows: a fraction?"
            fix = "give the unit in the column mapping: '1' for a fraction, 'percent' for percent"
            severity = "error" if light else "warning"
            found.append(defect("carbon-as-fraction", file, message, fix, severity=severity))
    return found + _share_suspicions(rows, file, given)


def _share_suspicions(rows: pd.DataFrame, file: str, given: frozenset[str]) -> list[Finding]:
    """Shares of a core or of its carbon that are at most 1 wherever they are not 0."""
    found = []
    for name, code in (
        ("compaction_percent", "compaction-as-fraction"),
        ("allochthonous_percent", "allochthonous-as-fraction"),
    ):
        most = rows[name].max() if name in rows else np.nan
        if 0 < most <= 1 and name not in given:
            message = f"{name} is at most {most:g} in all rows: a fraction?"
            fix = (
                "give the unit in the column mapping of the sheet of slices: '1' for a fraction, "
                "'percent' for percent"
            )
            found.append(defect(code, file, message, fix))
    return found
