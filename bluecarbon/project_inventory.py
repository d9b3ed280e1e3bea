"""``[inventory]``, the half about sheets: layouts, nested plots, dead trees, rows that are bad."""

from __future__ import annotations

import itertools
import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from bluecarbon.spec import Value

BadRows = Literal["stop", "leave out"]
"""What becomes of rows that cannot be used: an error, or a warning and a table of them."""

DecayFractions = Literal["kauffman-donato-2012", "swamp-krabi"]

Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Nest(Value):
    """``[[inventory.nest]]``: trees of these sizes are measured in a smaller plot inside the plot.

    A tree belongs to the first nest that its cell ``nest`` names or, without such a cell, in whose
    limits of diameter it lies (the lower one belongs to it, the upper one does not). The ground of
    the nest is ``area_m2`` or a circle of ``radius_m``, ``pieces`` times in each plot.
    """

    name: str = Field(min_length=1)
    dbh_min_cm: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    dbh_below_cm: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    area_m2: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    radius_m: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    pieces: int = Field(default=1, ge=1, le=1000)

    @model_validator(mode="after")
    def _one_size(self) -> Nest:
        if (self.area_m2 is None) == (self.radius_m is None):
            raise ValueError("give area_m2 or radius_m, and only one of them")
        if self.dbh_min_cm >= self.dbh_end_cm:
            raise ValueError("dbh_min_cm must be below dbh_below_cm")
        return self

    @property
    def dbh_end_cm(self) -> float:
        """The diameter from which on trees are not of this nest [cm]; infinite without one."""
        return math.inf if self.dbh_below_cm is None else self.dbh_below_cm

    @property
    def ground_m2(self) -> float:
        """The ground on which trees of the nest are measured in one plot [m2]."""
        one = self.area_m2 if self.area_m2 is not None else math.pi * (self.radius_m or 0.0) ** 2
        return one * self.pieces


class DeadWood(Value):
    """``[inventory.dead_wood]``: standing dead trees, which are a pool of their own.

    ``fractions`` names the set of tree_pools.csv that says how much of a live tree's biomass
    above ground is left in decay class 1 and 2; ``class_1`` and ``class_2`` replace it. Class 3 is
    the volume of the stem. ``class_missing`` is the class of a dead tree without one.
    """

    fractions: DecayFractions = "kauffman-donato-2012"
    class_1: Fraction | None = None
    class_2: Fraction | None = None
    class_missing: Literal[1, 2, 3] = 2


class InventorySheets(Value):
    """How the sheets of an inventory are read; every key may be left out.

    ``columns`` and ``plot_columns`` say what a column is, as ``"胸径" = "dbh_cm"``, with a unit as
    ``"DBH" = "dbh_cm:mm"``, or ``""`` for a column that is not to be read. ``sheet`` and
    ``plots_sheet`` name sheets of workbooks. ``species_names`` says which species a code or a
    local name is. ``bad_rows`` decides for sheets in any layout; those in the layout of
    docs/project_file.md stop at any bad row unless "leave out" is said.
    """

    columns: dict[str, str] = {}
    plot_columns: dict[str, str] = {}
    sheet: str = ""
    plots_sheet: str = ""
    decimal_comma: bool = False
    species_names: dict[str, str] = {}
    bad_rows: BadRows = "stop"
    nest: tuple[Nest, ...] = ()
    dead_wood: DeadWood = DeadWood()

    @model_validator(mode="after")
    def _nests_apart(self) -> InventorySheets:
        names = [nest.name.casefold() for nest in self.nest]
        if len(set(names)) != len(names):
            raise ValueError("two nests have one name")
        ordered = sorted(self.nest, key=lambda nest: nest.dbh_min_cm)
        for lower, upper in itertools.pairwise(ordered):
            if upper.dbh_min_cm < lower.dbh_end_cm:
                raise ValueError(f"nests {lower.name} and {upper.name} share diameters")
        return self
