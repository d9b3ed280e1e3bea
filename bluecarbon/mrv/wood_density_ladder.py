"""The wood density of each tree by a ladder of five rungs, and which rung it stands on.

1. measured: the sheet itself; 2. species: its row of wood_density.csv; 3. genus: the mean of the
species of that genus in the table; 4. family: the mean of its species in the table; 5. site: the
mean of the trees of the same stratum whose density is known by the rungs above; 6. default: the
mean of mangroves. Every rung below the second is said with its number of trees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

import numpy as np
import pandas as pd

from bluecarbon.methodology.kernels.allometry import COMMON
from bluecarbon.methodology.kernels.wood_density import accepted_species, wood_densities
from bluecarbon.mrv.field_tables import defect, in_words
from bluecarbon.mrv.inventory_checks import MEASURED
from bluecarbon.mrv.tree_equations import canonical_names
from bluecarbon.spec import Finding

GENUS, FAMILY, SITE, DEFAULT = "genus mean", "family mean", "site mean", "default"
BELOW_SPECIES = (GENUS, FAMILY, SITE, DEFAULT)
"""How the sources of densities begin that are not those of the species itself."""

FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        "Aegiceras": "Primulaceae", "Avicennia": "Acanthaceae", "Acanthus": "Acanthaceae",
        "Bruguiera": "Rhizophoraceae", "Ceriops": "Rhizophoraceae",
        "Kandelia": "Rhizophoraceae", "Rhizophora": "Rhizophoraceae",
        "Excoecaria": "Euphorbiaceae", "Laguncularia": "Combretaceae",
        "Lumnitzera": "Combretaceae", "Conocarpus": "Combretaceae",
        "Sonneratia": "Lythraceae", "Pemphis": "Lythraceae", "Xylocarpus": "Meliaceae",
        "Heritiera": "Malvaceae", "Scyphiphora": "Rubiaceae",
    }
)  # fmt: skip
"""Families of mangrove genera, as the Angiosperm Phylogeny Group (APG IV) has them."""


@cache
def _means(rank: str) -> Mapping[str, tuple[float, int, str]]:
    """Mean density, number of species and sources, by genus or family of the table."""
    groups: dict[str, list[tuple[float, str]]] = {}
    for name, row in wood_densities().items():
        genus = name.split()[0]
        key = genus if rank == GENUS else FAMILIES.get(genus, "")
        if name != COMMON and key:
            groups.setdefault(key, []).append((row.density_g_cm3, row.source))
    return MappingProxyType(
        {
            key: (
                float(np.mean([value for value, _ in some])),
                len(some),
                "+".join(sorted({source for _, source in some})),
            )
            for key, some in groups.items()
        }
    )


def _of_name(species: str) -> tuple[float, str]:
    """Density and source of a species name by the rungs that need no other tree."""
    accepted = accepted_species(species)
    if accepted is not None:
        row = wood_densities()[accepted]
        return row.density_g_cm3, row.source
    genus = (species.split() or [""])[0].capitalize()
    for rank, key in ((GENUS, genus), (FAMILY, FAMILIES.get(genus, ""))):
        if key in _means(rank):
            value, count, sources = _means(rank)[key]
            return value, f"{rank} of {key}, {count} species ({sources})"
    return np.nan, ""


def with_wood_density(trees: pd.DataFrame, stratum: pd.Series) -> pd.DataFrame:
    """Trees with accepted ``species``, ``wood_density_g_cm3`` and ``wood_density_source``.

    ``trees`` has ``species`` (empty where unknown) and, where measured, ``wood_density_g_cm3``;
    ``stratum`` says which trees make a site. The source is "measured", a key of references.bib,
    or begins with the rung. The mean of a site counts stems (``count``).
    """
    done = trees.assign(species=canonical_names(trees["species"]))
    codes, names = pd.factorize(done["species"])
    pairs = [_of_name(str(name)) for name in names]
    table = np.array([value for value, _ in pairs])[codes]
    source = np.array([said for _, said in pairs], dtype=object)[codes]
    given = trees.get("wood_density_g_cm3", pd.Series(np.nan, index=trees.index))
    measured = given.notna().to_numpy()
    density = np.where(measured, given.to_numpy(dtype=np.float64), table)
    source[measured] = MEASURED
    unknown = np.isnan(density)
    if unknown.any():
        site = _site_means(density, trees, stratum)
        density = np.where(unknown, site, density)
        source[unknown & ~np.isnan(density)] = f"{SITE} of trees whose density is known"
        mean = wood_densities()[COMMON]
        none = np.isnan(density)
        density[none] = mean.density_g_cm3
        source[none] = f"{DEFAULT}: mean of mangroves ({mean.source})"
    done["wood_density_g_cm3"] = density
    done["wood_density_source"] = pd.Series(source, index=done.index, dtype="object")
    return done


def _site_means(density: np.ndarray, trees: pd.DataFrame, stratum: pd.Series) -> np.ndarray:
    weight = trees["count"].to_numpy(np.float64) if "count" in trees else np.ones(len(trees))
    known = ~np.isnan(density)
    table = pd.DataFrame(
        {"stratum": stratum.to_numpy()[known], "n": weight[known], "sum": (density * weight)[known]}
    )
    sums = table.groupby("stratum")[["n", "sum"]].sum()
    return np.asarray(stratum.map(sums["sum"] / sums["n"]), dtype=np.float64)


def ladder_findings(trees: pd.DataFrame, file: str) -> list[Finding]:
    """How many trees stand on which rung, and which they are on the lower ones.

    ``trees`` as :func:`with_wood_density` returns them, with ``line``.
    """
    source = trees["wood_density_source"]
    rung = source.map(_rung_of(source))
    counts = rung.value_counts()
    order = (MEASURED, "species", *BELOW_SPECIES)
    said = ", ".join(f"{name} {counts[name]}" for name in order if name in counts)
    found = [
        defect("wood-density-sources", file, f"wood densities by trees: {said}", severity="info")
    ]
    for name in (name for name in BELOW_SPECIES if name in counts):
        some = trees[rung == name]
        for (species, text), rows in some.groupby(["species", "wood_density_source"], sort=True):
            what = f"species '{species}'" if species else "species is not given"
            value = rows["wood_density_g_cm3"].mean()
            message = f"{what}: {len(rows)} trees have wood density {value:.3f} g/cm3, {text}"
            subject = f"{file} {in_words(rows['line'].tolist())}"
            fix = "name the species, or measure its wood density"
            found.append(defect("wood-density-fallback", subject, message, fix, severity="warning"))
    return found


def _rung_of(source: pd.Series) -> Callable[[object], str] | dict[str, str]:
    rungs = {}
    for text in source.unique():
        below = [name for name in BELOW_SPECIES if str(text).startswith(name)]
        rungs[str(text)] = MEASURED if text == MEASURED else below[0] if below else "species"
    return rungs
