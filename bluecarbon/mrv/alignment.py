"""Arrays brought to the grid of others by a rule that somebody declared; see :mod:`.regrid`."""

from __future__ import annotations

from typing import Literal

import xarray as xr

from bluecarbon.mrv.arrays import grid_of, to_dataarray, values_north_up
from bluecarbon.mrv.rasters import Grid
from bluecarbon.mrv.regrid import Rule, alignment_finding, resampled
from bluecarbon.spec import Finding

Kind = Literal["classes", "reflectance"]

RULES: dict[Kind, tuple[Rule, ...]] = {
    "classes": ("nearest", "mode"),
    "reflectance": ("bilinear", "average", "nearest"),
}
"""Rules that make sense: the mean of two class codes is a third class."""


def align(
    array: xr.DataArray, onto: Grid, rule: Rule | None, *, kind: Kind, fill: float
) -> tuple[xr.DataArray | None, tuple[Finding, ...]]:
    """An array on another grid, and what was done to it.

    None without a rule when the grids differ, or with a rule that does not suit the kind. The rule
    is written into the attribute ``resampling`` of the result.

    Raises
    ------
    DataError
        The array carries no grid; see :func:`bluecarbon.mrv.arrays.grid_of`.
    """
    name = str(array.name or "array")
    if rule is not None and rule not in RULES[kind]:
        message = f"'{rule}' is no rule for {kind}"
        fix = f"use one of: {', '.join(RULES[kind])}"
        return None, (Finding.error("alignment-rule-wrong", name, message, fix=fix),)
    grid = grid_of(array)
    finding = alignment_finding(grid, onto, rule, names=(name, "the other rasters"))
    if finding is not None and finding.severity == "error":
        return None, (finding,)
    values = values_north_up(array)
    made = resampled(values, grid, onto, rule or "nearest", fill=fill)
    done = rule if finding is not None and rule else "none"
    unit = str(array.attrs.get("units", "1"))
    aligned = to_dataarray(made, onto, name, unit=unit, attributes={"resampling": done})
    return aligned, () if finding is None else (finding,)
