"""Which table rows the field measurements rest on: equations and wood densities, with status.

A claim is only as verified as the numbers under it, and those of the allometry decide more of it
than any other. They are sealed into the report beside the rule book's own parameters.
"""

from __future__ import annotations

from collections.abc import Iterator

from bluecarbon.methodology.kernels.allometry import Equation, equation
from bluecarbon.methodology.kernels.wood_density import wood_densities
from bluecarbon.mrv.inventory import InventoryResult
from bluecarbon.mrv.inventory_checks import MEASURED
from bluecarbon.spec import Parameter


def used_parameters(inventory: InventoryResult | None) -> tuple[Parameter, ...]:
    """The coefficient and density rows that live trees were evaluated with, by name."""
    if inventory is None:
        return ()
    live = inventory.trees[inventory.trees["agb_kg"].notna()]
    ids = sorted({*live["agb_equation"], *live["bgb_equation"]} - {""})
    used = [row for id_ in ids for row in _coefficients(equation(id_))]
    if any(equation(id_).needs_wood_density for id_ in ids):
        from_table = live[live["wood_density_source"] != MEASURED]
        used += [_density(species) for species in sorted(from_table["species"].unique())]
    return tuple(used)


def _coefficients(row: Equation) -> Iterator[Parameter]:
    for letter in ("a", "b", "c"):
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


def _density(species: str) -> Parameter:
    row = wood_densities()[species]
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
