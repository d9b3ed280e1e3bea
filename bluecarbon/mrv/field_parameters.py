"""Which table rows the field measurements rest on: equations and wood densities, with status.

A claim is only as verified as the numbers under it, and those of the allometry decide more of it
than any other. They are sealed into the report beside the rule book's own parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from bluecarbon.methodology.kernels.allometry import COMMON, Equation, equation
from bluecarbon.methodology.kernels.wood_density import wood_densities
from bluecarbon.mrv.inventory import InventoryResult
from bluecarbon.mrv.inventory_checks import MEASURED
from bluecarbon.mrv.tree_equations import canonical_species, uses_wood_density
from bluecarbon.mrv.wood_density_ladder import BELOW_SPECIES
from bluecarbon.project import RootShoot
from bluecarbon.spec import Parameter


def used_parameters(
    inventory: InventoryResult | None, root_shoot: Mapping[str, RootShoot] | None = None
) -> tuple[Parameter, ...]:
    """The coefficient and density rows that live trees were evaluated with, by name.

    ``root_shoot`` are the ratios that the project states (``[inventory.root_shoot]``).
    """
    if inventory is None:
        return ()
    live = inventory.trees[inventory.trees["total_kg"].notna()]
    ids = {*live["agb_equation"], *live["bgb_equation"], *live["total_equation"]} - {""}
    used = [row for id_ in sorted(ids) for row in _coefficients(equation(id_))]
    split = set(live["species"][(live["total_equation"] != "") & live["agb_kg"].notna()])
    used += [
        _ratio(name, row)
        for name, row in sorted((root_shoot or {}).items())
        if canonical_species(name) in split
    ]
    from_table = live[uses_wood_density(live) & (live["wood_density_source"] != MEASURED)]
    below = from_table["wood_density_source"].astype(str).str.startswith(BELOW_SPECIES)
    used += [_density(species) for species in sorted(from_table["species"][~below].unique())]
    return (*used, *_ladder_densities(from_table[below]))


def _coefficients(row: Equation) -> Iterator[Parameter]:
    for letter in ("a", "b", "c", "d"):
        value = getattr(row, letter)
        if value is not None:
            yield Parameter(
                name=f"allometry {row.id} {letter}",
                value=value,
                unit="1",
                source=row.source,
                locator=row.locator or row.form,
                status=row.status,
                applies_to=f"{', '.join(row.species)}; {row.component} [kg], form {row.form}",
                note=row.note,
            )


def _ratio(name: str, row: RootShoot) -> Parameter:
    species = canonical_species(name)
    return Parameter(
        name=f"root to shoot ratio {species}",
        value=row.ratio,
        unit="1",
        source=row.source,
        locator="[inventory.root_shoot]",
        status=row.status,
        applies_to=species,
    )


def _ladder_densities(trees: pd.DataFrame) -> Iterator[Parameter]:
    """Densities that are not those of the species: means of a genus, a family or a site."""
    for (species, said), rows in trees.groupby(["species", "wood_density_source"], sort=True):
        yield Parameter(
            name=f"wood density {species or 'of trees without species'}",
            value=float(rows["wood_density_g_cm3"].mean()),
            unit="g/cm3",
            source="wood density ladder",
            locator=str(said),
            status="unverified",
            applies_to=str(species),
        )


def _density(species: str) -> Parameter:
    """The row of a species; one that the table does not know has got the mean of mangroves."""
    row = wood_densities()[species if species in wood_densities() else COMMON]
    return Parameter(
        name=f"wood density {species}",
        value=row.density_g_cm3,
        unit="g/cm3",
        source=row.source,
        locator=row.locator,
        status=row.status,
        applies_to=species,
        note=row.note,
    )
