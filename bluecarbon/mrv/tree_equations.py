"""Which allometric equation each tree is evaluated with, and what it gives.

A project names equations by species (``[inventory.equations]``); species without a name take the
common ones. A tree takes the first equation of its species whose inputs are known and whose
fitted range it lies in. What happens to a tree that has none is the project's choice and is
written beside its biomass. Nothing here loops over trees, only over species and equations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bluecarbon.methodology.kernels.allometry import (
    COMMON,
    Component,
    DiameterKind,
    Equation,
    FloatArray,
    biomass_kg,
    equation,
    equations,
    outside_range,
)
from bluecarbon.methodology.kernels.wood_density import accepted_species, wood_densities
from bluecarbon.methodology.tables import read_table
from bluecarbon.project import OutOfRange

KOMIYAMA_2005 = ("komiyama2005-agb", "komiyama2005-bgb")
"""The common equations, for trees of any species: ids of allometry_equations.csv."""

DIAMETER_COLUMNS: Mapping[DiameterKind, str] = MappingProxyType(
    {"breast": "dbh_cm", "basal": "basal_diameter_cm", "30cm": "d30_cm"}
)
"""The column of the tree sheet that holds each kind of diameter."""

IN_RANGE = "in range"
EXTRAPOLATED = "extrapolated"
FELL_BACK = "fell back"
FELL_BACK_EXTRAPOLATED = "fell back, extrapolated"
"""How a tree came to its equation. It falls back when equations are named for its species, and
it is outside the range of each or lacks an input; the project must have allowed it."""

BEYOND_RANGE = (EXTRAPOLATED, FELL_BACK_EXTRAPOLATED)

HOWS = ("", IN_RANGE, EXTRAPOLATED, FELL_BACK, FELL_BACK_EXTRAPOLATED)
"""What a tree's ``how`` may be; empty where it has no equation."""

PARTS: tuple[Component, ...] = ("agb", "bgb")

Codes = NDArray[np.int16]


@cache
def _species_of_equations() -> Mapping[str, str]:
    names = {name for row in equations().values() for name in row.species} - {COMMON}
    return MappingProxyType({name.casefold(): name for name in names})


def canonical_species(name: str) -> str:
    """One name for a species however it is written: accepted, or as its equations have it.

    A name that neither table knows comes back as it is, without spare blanks.
    """
    plain = " ".join(name.replace("_", " ").split())
    return _known_species(plain) or _known_species(_without_author(plain)) or plain


@cache
def _other_names() -> Mapping[str, str]:
    """Names that the table of wood densities does not have, and abbreviated genera."""
    found = {row["name"]: row["species"] for row in read_table("species_names.csv", "name")}
    latin = [name for name in (*_species_of_equations().values(), *wood_densities()) if " " in name]
    short = [f"{name[0]}. {name.split(maxsplit=1)[1]}".casefold() for name in dict.fromkeys(latin)]
    # An abbreviation that two species share says nothing.
    return MappingProxyType(
        found
        | {
            text: name
            for text, name in zip(short, dict.fromkeys(latin), strict=True)
            if short.count(text) == 1
        }
    )


def _known_species(plain: str) -> str:
    folded = plain.casefold()
    found = _other_names().get(plain) or _other_names().get(folded)
    return accepted_species(found or plain) or found or _species_of_equations().get(folded, "")


def _without_author(plain: str) -> str:
    """The first two words of a Latin name: what follows is who described it."""
    words = plain.split()
    latin = len(words) > 2 and words[0].isascii() and words[1].islower() and words[1] != "x"
    return " ".join(words[:2]) if latin else plain


def canonical_names(names: pd.Series) -> pd.Series:
    """:func:`canonical_species` of a column, each distinct name looked up once."""
    codes, distinct = pd.factorize(names.astype(str))
    found = np.array([canonical_species(name) for name in distinct], dtype=object)
    return pd.Series(found[codes], index=names.index, dtype="object")


@dataclass(frozen=True)
class EquationChoice:
    """The equations of a project.

    Attributes
    ----------
    by_species
        Ids of allometry_equations.csv in order of preference, by species. A component (agb, bgb)
        that a species has no id for takes the common equation, unless a total is named.
    common
        Ids for every other species, and those that trees fall back to.
    out_of_range
        What becomes of trees that no equation of their species was made for. ``refuse``: they are
        an error. ``common``: they fall back to the common equations. ``extrapolate``: the first
        equation whose inputs are known is used all the same.
    root_shoot_ratio
        Root over shoot [kg/kg] by species; splits what a total equation gives.
    """

    by_species: Mapping[str, Sequence[str]] = field(default_factory=dict)
    common: Sequence[str] = KOMIYAMA_2005
    out_of_range: OutOfRange = "refuse"
    root_shoot_ratio: Mapping[str, float] = field(default_factory=dict)

    def named(self, species: str, component: Component) -> tuple[Equation, ...]:
        """The rows that the project names for a species and a component, none if it names none.

        MethodologyError when an id is not in the table.
        """
        ids = [
            id_
            for name, some in self.by_species.items()
            if canonical_species(name) == species
            for id_ in some
        ]
        return _of_component(ids, component)

    def common_rows(self, component: Component) -> tuple[Equation, ...]:
        """The rows of the common equations for a component."""
        return _of_component(self.common, component)

    def rows(self, species: str, component: Component) -> tuple[Equation, ...]:
        """What a species takes for a component: the named rows, else the common ones.

        A species with a total has no rows for its parts.
        """
        if component == "total" or self.named(species, "total"):
            return self.named(species, component)
        return self.named(species, component) or self.common_rows(component)

    def root_shoot(self, species: str) -> float:
        """The stated root to shoot ratio of a species [kg/kg], NaN where none is stated."""
        for name, ratio in self.root_shoot_ratio.items():
            if canonical_species(name) == species:
                return ratio
        return np.nan

    def needs_wood_density(self, species: str) -> bool:
        """Whether a tree of this species may be evaluated by an equation with wood density."""
        reachable = [row for part in (*PARTS, "total") for row in self.rows(species, part)]
        if self.out_of_range == "common":
            reachable += [row for part in PARTS for row in self.common_rows(part)]
        return any(row.needs_wood_density for row in reachable)


def _of_component(ids: Iterable[str], component: Component) -> tuple[Equation, ...]:
    return tuple(row for row in map(equation, ids) if row.component == component)


@dataclass(frozen=True)
class Stems:
    """Sizes of trees as arrays of one length, NaN where not measured."""

    diameter_cm: Mapping[DiameterKind, FloatArray]
    height_m: FloatArray
    wood_density_g_cm3: FloatArray

    def at(self, places: NDArray[np.intp]) -> Stems:
        """The trees at these places."""
        return Stems(
            {kind: sizes[places] for kind, sizes in self.diameter_cm.items()},
            self.height_m[places],
            self.wood_density_g_cm3[places],
        )


def stems_of(trees: pd.DataFrame) -> Stems:
    """The sizes in a tree table; a column that is not there is NaN."""
    return Stems(
        {kind: _sizes(trees, column) for kind, column in DIAMETER_COLUMNS.items()},
        _sizes(trees, "height_m"),
        _sizes(trees, "wood_density_g_cm3"),
    )


def _sizes(trees: pd.DataFrame, column: str) -> FloatArray:
    if column not in trees:
        return np.full(len(trees), np.nan)
    return trees[column].to_numpy(dtype=np.float64)


@cache
def equation_ids() -> tuple[str, ...]:
    """The empty id, then those of every equation that is shipped."""
    return ("", *equations())


@dataclass(frozen=True)
class Estimates:
    """Of each tree: its equation, how it came to it, and the mass [kg].

    Equation and how are places in :func:`equation_ids` and :data:`HOWS`, 0 for none: a million
    texts would take longer than the biomass itself.
    """

    equation: Codes
    how: Codes
    kg: FloatArray

    @classmethod
    def nothing(cls, count: int) -> Estimates:
        """No estimate of any tree, to be filled in."""
        return cls(
            np.zeros(count, dtype=np.int16),
            np.zeros(count, dtype=np.int16),
            np.full(count, np.nan),
        )

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which trees have an equation."""
        return np.asarray(self.equation > 0)

    def columns(self, part: str) -> dict[str, pd.Series]:
        """Columns of a tree table, named by the part, with ids and words in place of codes."""
        ids, hows = np.array(equation_ids(), dtype=object), np.array(HOWS, dtype=object)
        return {
            f"{part}_equation": pd.Series(ids[self.equation], dtype="object"),
            f"{part}_how": pd.Series(hows[self.how], dtype="object"),
            f"{part}_kg": pd.Series(self.kg),
        }

    def put(self, places: NDArray[np.intp] | NDArray[np.bool_], values: Estimates) -> None:
        """Fill in the estimates of the trees at ``places``."""
        self.equation[places], self.how[places] = values.equation, values.how
        self.kg[places] = values.kg


def estimate(stems: Stems, rows: Sequence[Equation], fallback: Sequence[Equation]) -> Estimates:
    """The first row that fits each tree.

    Order: a row in whose range the tree lies; then, where there is a ``fallback``, its rows in
    range and out of it; where there is none, the rows out of their range.
    """
    found = Estimates.nothing(len(stems.height_m))
    steps = [(rows, IN_RANGE)]
    if fallback:
        steps += [(fallback, FELL_BACK), (fallback, FELL_BACK_EXTRAPOLATED)]
    else:
        steps.append((rows, EXTRAPOLATED))
    for some, how in steps:
        for row in some:
            left = np.flatnonzero(~found.known)
            if len(left):
                found.put(left, _by_row(row, stems.at(left), how))
    return found


def _by_row(row: Equation, stems: Stems, how: str) -> Estimates:
    """What one equation gives, for the trees whose inputs are known and that it may be used for."""
    diameter = stems.diameter_cm[row.diameter]
    kg = biomass_kg(
        row, diameter, wood_density_g_cm3=stems.wood_density_g_cm3, height_m=stems.height_m
    )
    fits = ~np.isnan(kg)
    if how not in BEYOND_RANGE:
        fits &= ~outside_range(row, diameter, stems.height_m)
    return Estimates(
        np.where(fits, equation_ids().index(row.id), 0).astype(np.int16),
        np.where(fits, HOWS.index(how), 0).astype(np.int16),
        np.where(fits, kg, np.nan),
    )


def evaluate_trees(stems: Stems, species: pd.Series, choice: EquationChoice) -> pd.DataFrame:
    """Equation, how and dry biomass [kg] of each tree, above ground, of roots, and whole.

    Parameters
    ----------
    stems
        Sizes, as :func:`stems_of` gives them.
    species
        Canonical names, of the same length.
    choice
        The equations.

    Returns
    -------
    Columns ``agb_equation``, ``agb_how``, ``agb_kg``, the same for ``bgb``, ``total_equation``,
    ``total_how`` and ``total_kg``. Total is the sum of the parts, or what a total equation gives:
    then the parts are NaN, unless a root to shoot ratio R is stated, when shoot is total / (1 + R).
    """
    count = len(species)
    found = {part: Estimates.nothing(count) for part in (*PARTS, "total")}
    codes, names = pd.factorize(species)
    for code, name in enumerate(names):
        places = np.flatnonzero(codes == code)
        for part, estimates in _evaluate_species(stems.at(places), str(name), choice).items():
            found[part].put(places, estimates)
    whole = found["total"].known
    both = found["agb"].kg + found["bgb"].kg
    np.copyto(found["total"].kg, both, where=~whole)
    columns = {k: v for part, some in found.items() for k, v in some.columns(part).items()}
    return pd.DataFrame(columns).set_index(species.index)


def _evaluate_species(
    stems: Stems, species: str, choice: EquationChoice
) -> dict[Component, Estimates]:
    if choice.named(species, "total"):
        return _evaluate_whole(stems, species, choice)
    found: dict[Component, Estimates] = {}
    for part in PARTS:
        falls = choice.out_of_range == "common" and choice.named(species, part)
        fallback = choice.common_rows(part) if falls else ()
        found[part] = estimate(stems, choice.rows(species, part), fallback)
    return found


def _evaluate_whole(
    stems: Stems, species: str, choice: EquationChoice
) -> dict[Component, Estimates]:
    """Trees of a species whose equation gives the whole tree."""
    total = estimate(stems, choice.named(species, "total"), ())
    found: dict[Component, Estimates] = {part: Estimates.nothing(len(total.kg)) for part in PARTS}
    if choice.out_of_range == "common":
        beyond = total.how == HOWS.index(EXTRAPOLATED)
        total.put(beyond, Estimates.nothing(int(beyond.sum())))
        rest = np.flatnonzero(~total.known)
        for part in PARTS:
            found[part].put(rest, estimate(stems.at(rest), (), choice.common_rows(part)))
    ratio = choice.root_shoot(species)
    if not np.isnan(ratio):
        whole = np.flatnonzero(total.known)
        shoot = total.kg[whole] / (1.0 + ratio)
        for part, kg in (("agb", shoot), ("bgb", total.kg[whole] - shoot)):
            found[part].put(whole, Estimates(total.equation[whole], total.how[whole], kg))
    return {**found, "total": total}


def uses_wood_density(trees: pd.DataFrame) -> pd.Series:
    """Which trees, as evaluated, have a part that was evaluated with their wood density."""
    with_density = {row.id for row in equations().values() if row.needs_wood_density}
    return trees["agb_equation"].isin(with_density) | trees["bgb_equation"].isin(with_density)
