"""How wrong the biomass of a plot may be: diameters, equations, wood density.

Four sources. *Diameter*: every tree is read with an error of its own. *Residual*: a tree differs
from what its equation says of its like. *Coefficients*: an equation was fitted to n trees, and errs
for all trees at once, the more the farther they lie from the middle of its range. *Wood density*:
a species' mean is not that of this place. The first two fade with the number of trees; the others
do not, at any number of plots (Chave et al. 2004, Phil. Trans. R. Soc. B 359:409-420, section 3).

Nothing is drawn here. A plot's mass is written as a sum over groups (equation, species) of
S exp(e0 + e1 x + k r), x = ln D less the middle of the equation's range, with the moments of x in
the group: 10,000 draws then cost as much as a few thousand trees, not as many as there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bluecarbon.methodology.kernels.allometry import COMMON, Equation, biomass_kg, equation
from bluecarbon.methodology.kernels.wood_density import accepted_species, wood_densities
from bluecarbon.methodology.tables import read_table
from bluecarbon.mrv.inventory import KG_M2_TO_T_HA
from bluecarbon.mrv.inventory_checks import MEASURED, is_dead
from bluecarbon.mrv.tree_equations import DIAMETER_COLUMNS

Floats = NDArray[np.float64]

STEP = 1e-4
"""Relative step of the numerical elasticities; their error is of its square."""

MOMENTS = 3
"""Terms of exp(e1 x) that are kept: with e1 of 0.1 and x of 1 the rest is below 1e-5."""


@cache
def shipped_errors() -> Mapping[str, float]:
    """The rows of measurement_errors.csv; each says there where it comes from."""
    rows = read_table("measurement_errors.csv", "name")
    return {row["name"]: float(row["value"]) for row in rows}


@dataclass(frozen=True)
class TreeErrors:
    """The errors that a project assumes; every one not given is the shipped row of that name."""

    given: Mapping[str, float] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        """One error by the name of its row; KeyError when there is none."""
        return float(self.given.get(name, shipped_errors()[name]))

    def diameter_sd_cm(self, diameter_cm: Floats) -> Floats:
        """Standard error of one reading [cm]."""
        relative, absolute = self["diameter_error_relative"], self["diameter_error_absolute"]
        return np.asarray(relative * diameter_cm + absolute)

    def residual_ln(self, row: Equation) -> float:
        """Standard deviation of ln(tree) around its equation."""
        return self["residual_ln_bgb" if row.component == "bgb" else "residual_ln_agb"]

    def wood_density_ln(self, species: str) -> float:
        """Standard deviation of ln(wood density of a species here) around its table value."""
        found = wood_densities()[accepted_species(species) or COMMON]
        spread = found.standard_deviation_g_cm3
        share = self["wood_density_cv"] if spread is None else spread / found.density_g_cm3
        return float(np.sqrt(np.log1p(share**2)))

    def coefficients(self, row: Equation) -> tuple[float, float, float]:
        """Of an equation: the middle of its range in ln D, and the standard errors of e0 and e1.

        Least squares of ln W on ln D over n trees that are spread evenly in ln D: s / sqrt(n) at
        the middle, s / (sqrt(n) sd(ln D)) of the slope.
        """
        count = row.n or self["fitted_trees"]
        low, high = row.diameter_min_cm, row.diameter_max_cm
        if low and high:
            middle, spread = np.log(low * high) / 2, np.log(high / low) / np.sqrt(12)
        else:
            middle, spread = np.nan, self["fitted_spread_ln"]
        at_middle = self.residual_ln(row) / np.sqrt(count)
        return float(middle), float(at_middle), float(at_middle / spread)


@dataclass(frozen=True)
class Group:
    """Trees of all plots that share an equation and a species.

    Attributes
    ----------
    plots : (n,) places in :attr:`PlotErrors.keys`
    mass : (n,) t/ha of the group in each of these plots
    moments : (n, 3) mass-weighted means of x, x^2 and x^3
    density_power : how the mass goes with wood density (0: not at all)
    """

    equation: str
    species: str
    plots: NDArray[np.intp]
    mass: Floats
    moments: Floats
    coefficient_errors: tuple[float, float]
    density_power: float
    density_ln: float


@dataclass(frozen=True)
class PlotErrors:
    """What plots of one part (agb, bgb, total) are made of, for drawing.

    Attributes
    ----------
    keys : (plot_id, year) of every plot and campaign that has live trees
    diameter_sd, residual_sd : (plots,) t/ha, of the errors that every tree has for itself
    """

    part: str
    keys: tuple[tuple[str, int], ...]
    groups: tuple[Group, ...]
    diameter_sd: Floats
    residual_sd: Floats


def plot_errors(trees: pd.DataFrame, plots: pd.DataFrame, errors: TreeErrors) -> list[PlotErrors]:
    """The errors of the plots of an inventory.

    Parameters
    ----------
    trees, plots : as in :class:`bluecarbon.mrv.inventory.InventoryResult`

    Returns
    -------
    One value for each part that a plot may be known by: agb, bgb, total. A plot whose trees have
    parts is drawn by its parts, one with a whole tree by its total.
    """
    stems = trees[~is_dead(trees)].reset_index(drop=True)
    year = np.array([date.year for date in stems["date"]])
    area = plots.drop_duplicates("plot_id").set_index("plot_id")["area_m2"]
    ground = stems["plot_id"].map(area).to_numpy(np.float64)
    if "nest_area_m2" in stems:
        ground = stems["nest_area_m2"].fillna(pd.Series(ground)).to_numpy(np.float64)
    count = stems["count"].to_numpy(np.float64) if "count" in stems else np.ones(len(stems))
    frame = stems.assign(_year=year, _per_ha=count * KG_M2_TO_T_HA / ground, _count=count)
    return [_of_part(part, frame, errors) for part in ("agb", "bgb", "total")]


def _of_part(part: str, stems: pd.DataFrame, errors: TreeErrors) -> PlotErrors:
    keys = list(dict.fromkeys(zip(stems["plot_id"], stems["_year"], strict=True)))
    places = {key: place for place, key in enumerate(keys)}
    place = np.array([places[key] for key in zip(stems["plot_id"], stems["_year"], strict=True)])
    groups: list[Group] = []
    diameter, residual = np.zeros(len(keys)), np.zeros(len(keys))
    # Diameter errors of a tree move its shoot and its root together: added before squaring.
    moved = np.zeros(len(stems))
    for kg, name in _masses(part, stems):
        for species in sorted(set(stems["species"])):
            own = np.flatnonzero(
                (stems[name] != "") & (stems["species"] == species) & stems[kg].notna()
            )
            for row_id in sorted(set(stems[name].iloc[own])):
                some = own[(stems[name].iloc[own] == row_id).to_numpy()]
                sizes = _Sizes(stems.iloc[some], equation(row_id), kg)
                groups.append(_group(sizes, species, place[some], errors))
                moved[some] += sizes.mass * sizes.diameter_power * sizes.relative_error(errors)
                residual += np.bincount(
                    place[some], sizes.residual_variance(errors), minlength=len(keys)
                )
    diameter = np.sqrt(np.bincount(place, moved**2, minlength=len(keys)))
    return PlotErrors(part, tuple(keys), tuple(groups), diameter, np.sqrt(residual))


def _masses(part: str, stems: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Columns of mass and of equation that make up a part; a total is made of its parts or not."""
    if part != "total":
        yield f"{part}_kg", f"{part}_equation"
        return
    whole = stems["total_equation"] != ""
    for name in ("agb", "bgb"):
        stems[f"_{name}_equation"] = stems[f"{name}_equation"].mask(whole, "")
        yield f"{name}_kg", f"_{name}_equation"
    yield "total_kg", "total_equation"


class _Sizes:
    """Trees of one equation, with how their mass goes with diameter and wood density."""

    def __init__(self, stems: pd.DataFrame, row: Equation, kg: str) -> None:
        self.row = row
        self.mass: Floats = (stems[kg] * stems["_per_ha"]).to_numpy(np.float64)
        self.count = stems["_count"].to_numpy(np.float64)
        self.diameter_cm = stems[DIAMETER_COLUMNS[row.diameter]].to_numpy(np.float64)
        height = stems["height_m"] if "height_m" in stems else pd.Series(np.nan, stems.index)
        self._height = height.to_numpy(np.float64)
        self._density = stems["wood_density_g_cm3"].to_numpy(np.float64)
        self.diameter_power = self._power(1.0, 0.0)
        # A density that was measured here is not a species' mean from elsewhere.
        stated = (stems["wood_density_source"] == MEASURED).to_numpy()
        uses = row.needs_wood_density and not stated.all()
        self.density_power = np.where(stated, 0.0, self._power(0.0, 1.0) if uses else 0.0)

    def _power(self, diameter: float, density: float) -> Floats:
        """The elasticity d ln(mass) / d ln(size), by the difference of two evaluations."""

        def mass(step: float) -> Floats:
            return biomass_kg(
                self.row,
                self.diameter_cm * (1.0 + diameter * step),
                height_m=self._height,
                wood_density_g_cm3=self._density * (1.0 + density * step),
            )

        # An equation that is not above 0 there has no elasticity, and no mass that could err.
        low, middle, high = mass(-STEP), mass(0.0), mass(STEP)
        return np.where(
            middle > 0, (high - low) / np.where(middle > 0, middle, 1.0) / STEP / 2, 0.0
        )

    def relative_error(self, errors: TreeErrors) -> Floats:
        return np.asarray(errors.diameter_sd_cm(self.diameter_cm) / self.diameter_cm)

    def residual_variance(self, errors: TreeErrors) -> Floats:
        # The stems of one row are as many trees, each with a residual of its own.
        spread = np.expm1(errors.residual_ln(self.row) ** 2)
        return np.asarray(self.mass**2 * spread / self.count)


def _group(sizes: _Sizes, species: str, place: NDArray[np.intp], errors: TreeErrors) -> Group:
    middle, at_middle, of_slope = errors.coefficients(sizes.row)
    logarithm = np.log(sizes.diameter_cm)
    x = logarithm - (np.average(logarithm, weights=sizes.mass) if np.isnan(middle) else middle)
    plots, inverse = np.unique(place, return_inverse=True)
    mass: Floats = np.bincount(inverse, sizes.mass).astype(np.float64)
    powers = [np.bincount(inverse, sizes.mass * x**k) for k in range(1, MOMENTS + 1)]
    # A plot of nothing but weightless stems has no moments.
    moments = np.stack(powers, axis=1) / np.where(mass > 0, mass, 1.0)[:, None]
    return Group(
        equation=sizes.row.id,
        species=species,
        plots=plots,
        mass=mass,
        moments=moments,
        coefficient_errors=(at_middle, of_slope),
        density_power=float(np.average(sizes.density_power, weights=sizes.mass))
        if sizes.mass.sum() > 0
        else 0.0,
        density_ln=errors.wood_density_ln(species),
    )
