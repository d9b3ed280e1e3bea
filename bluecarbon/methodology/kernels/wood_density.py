"""Wood density per species, and the names under which a species may be written down."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from bluecarbon.methodology.kernels.allometry import COMMON
from bluecarbon.methodology.tables import read_table
from bluecarbon.spec import Status, Value


class WoodDensity(Value):
    """Mean wood density of a species [g/cm3], with the spread between records where known."""

    species: str
    name_zh: str = ""
    synonyms: tuple[str, ...] = ()
    density_g_cm3: float
    standard_deviation_g_cm3: float | None = None
    source: str
    locator: str = ""
    status: Status = "unverified"
    note: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Accepted name, Chinese name and synonyms."""
        return tuple(name for name in (self.species, self.name_zh, *self.synonyms) if name)


@cache
def wood_densities() -> Mapping[str, WoodDensity]:
    """Every species that is known, by accepted name; ``common`` is the mean of mangroves."""
    found = {}
    for row in read_table("wood_density.csv", "species"):
        cells = {name: text for name, text in row.items() if text != ""}
        synonyms = tuple(cells.pop("synonyms", "").split("|")) if row["synonyms"] else ()
        found[row["species"]] = WoodDensity.model_validate({**cells, "synonyms": synonyms})
    return MappingProxyType(found)


@cache
def _names() -> Mapping[str, str]:
    return MappingProxyType(
        {
            _plain(name): species
            for species, row in wood_densities().items()
            if species != COMMON
            for name in row.names
        }
    )


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").split()).casefold()


def accepted_species(name: str) -> str | None:
    """The accepted name of a species written in Latin or Chinese, by synonym or in other case.

    None when it is not known.
    """
    return _names().get(_plain(name))


def nearest_species(name: str) -> str | None:
    """The known name that is written most like ``name``; None when none is near."""
    near = difflib.get_close_matches(_plain(name), _names(), n=1, cutoff=0.6)
    return _names()[near[0]] if near else None
