"""Tables of carbon density by class and stratum: one row for each pool, with error and source.

Columns ``class``, ``stratum`` (either may be empty or missing: the row holds for all of them),
``pool`` (agb, bgb, dead, soil), ``value``, ``unit`` (tC/ha, or t/ha of dry matter, which the carbon
fraction turns into carbon), ``standard_error``, ``source``, ``status``. A group takes the row that
names it most closely: stratum and class, then stratum, then class, then the row for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bluecarbon.mrv.field_tables import Column, in_words, read_field_table, row_defects
from bluecarbon.mrv.stock_sources import POOLS, TableSource
from bluecarbon.project_stocks import Pool, Quantity
from bluecarbon.spec import Finding, errors_in

Findings = tuple[Finding, ...]

DENSITY_COLUMNS = (
    Column("class", optional=True),
    Column("stratum", optional=True),
    Column("pool"),
    Column("value", "number"),
    Column("unit"),
    Column("standard_error", "number", optional=True),
    Column("source", optional=True),
    Column("status", optional=True),
)

CARBON, DRY = "tC/ha", "t/ha"

DENSITY_MOST_TC_HA: dict[Pool, float] = {
    "agb": 800.0,
    "bgb": 800.0,
    "dead": 400.0,
    "soil": 10_000.0,
}
"""More is taken for a mistake of units, not for a forest: our own stop, no number of a rule book.

Published mangrove carbon lies far below: Kauffman et al. 2020 (Ecological Monographs 90: e01405)
have at most some 2,200 tC/ha in a whole ecosystem, soil to 3 m and roots in it (recalled).
"""


def read_densities(
    path: Path, carbon_fraction: Quantity | None = None
) -> tuple[pd.DataFrame | None, Findings]:
    """A table of densities in tC/ha: class, stratum, pool, value, standard_error, source, status,
    and ``dry_t_ha``, the dry matter that a row was (0 where it was carbon).

    Findings: those of a table; ``density-pool-unknown``, ``density-unit-wrong``,
    ``density-negative``, ``density-implausible`` (:data:`DENSITY_MOST_TC_HA`), ``density-twice``
    (errors, by row); ``density-error-unknown``,
    ``density-unverified`` (warnings).
    """
    table, found = read_field_table(path, path.name, DENSITY_COLUMNS)
    findings = list(found)
    if table is None:
        return None, tuple(findings)
    for name in ("class", "stratum", "source", "status"):
        table[name] = table.get(name, "")
    if "standard_error" not in table:
        table["standard_error"] = np.nan
    findings += _defects(table, path.name, carbon_fraction)
    if errors_in(findings):
        return None, tuple(findings)
    findings += _remarks(table, path.name)
    return _as_carbon(table, carbon_fraction), tuple(findings)


def _defects(table: pd.DataFrame, file: str, fraction: Quantity | None) -> list[Finding]:
    def rows(chosen: pd.Series[bool], code: str, what: str, fix: str) -> list[Finding]:
        hits = [
            (int(line), what.format(value))
            for line, value in zip(
                table.loc[chosen, "line"], table.loc[chosen, _CELL[code]], strict=True
            )
        ]
        return row_defects(code, file, hits, fix)

    pools = ", ".join(POOLS)
    found = rows(
        ~table["pool"].isin(POOLS), "density-pool-unknown", "'{}' is no pool", f"use {pools}"
    )
    dry = (table["unit"] == DRY) & (table["pool"] != "soil") & (fraction is not None)
    found += rows(
        ~(dry | (table["unit"] == CARBON)),
        "density-unit-wrong",
        "'{}' is no carbon density here",
        "give tC/ha; t/ha of dry matter needs a carbon fraction, and soil has none",
    )
    negative = (table["value"] < 0) | (table["standard_error"] < 0)
    found += rows(negative, "density-negative", "{:g} and its error", "give numbers from 0 on")
    factor = np.where(dry, fraction.value if fraction else 1.0, 1.0)
    most = table["pool"].map(DENSITY_MOST_TC_HA)
    found += rows(
        table["value"] * factor > most,
        "density-implausible",
        "{:g} is more than any mangrove holds in this pool",
        f"check the unit: {_most_in_words()} tC/ha are taken (kg/ha, or a stock in tC?)",
    )
    keys = table[["class", "stratum", "pool"]]
    found += rows(keys.duplicated(), "density-twice", "{} is there twice", "keep one row of each")
    return found


def _most_in_words() -> str:
    return ", ".join(f"{pool} up to {most:g}" for pool, most in DENSITY_MOST_TC_HA.items())


_CELL = {
    "density-implausible": "value",
    "density-pool-unknown": "pool",
    "density-unit-wrong": "unit",
    "density-negative": "value",
    "density-twice": "pool",
}


def _remarks(table: pd.DataFrame, file: str) -> list[Finding]:
    found = []
    blank = table[table["standard_error"].isna()]
    if not blank.empty:
        message = "densities without a standard error: every error of a stock is a lower bound"
        subject = f"{file} {in_words([int(line) for line in blank['line']])}"
        found.append(Finding.warning("density-error-unknown", subject, message))
    unread = table[table["status"] != "verified"]
    if not unread.empty:
        message = "densities that nobody says to have read in their source (status verified)"
        subject = f"{file} {in_words([int(line) for line in unread['line']])}"
        found.append(Finding.warning("density-unverified", subject, message))
    return found


def _as_carbon(table: pd.DataFrame, fraction: Quantity | None) -> pd.DataFrame:
    """Dry matter times the carbon fraction; the fraction's own error is shared by all rows."""
    made = table.drop(columns=["line", "unit"]).assign(dry_t_ha=0.0)
    if fraction is not None:
        dry = table["unit"] == DRY
        value, error = table.loc[dry, "value"], table.loc[dry, "standard_error"]
        made.loc[dry, "value"] = value * fraction.value
        made.loc[dry, "standard_error"] = error * fraction.value
        made.loc[dry, "dry_t_ha"] = value
    return made


def table_sources(
    densities: pd.DataFrame, groups: Sequence[tuple[str, str]], subject: str
) -> tuple[dict[Pool, TableSource], Findings]:
    """A source for each pool of the table; groups are (stratum, class).

    Findings: ``density-missing`` (warning) for groups that a pool has no row for;
    ``density-stratum-unknown``, ``density-class-unknown`` (warnings) for rows of ground that does
    not count.
    """
    sources: dict[Pool, TableSource] = {}
    found = _unused(densities, groups, subject)
    for pool in POOLS:
        rows = densities[densities["pool"] == pool].reset_index(drop=True)
        if rows.empty:
            continue
        places = {key: n for n, key in enumerate(zip(rows["stratum"], rows["class"], strict=True))}
        row_of_group = np.array([_row(places, *group) for group in groups])
        without = [
            " / ".join(filter(None, g)) for g, r in zip(groups, row_of_group, strict=True) if r < 0
        ]
        if without:
            message = f"no density of {pool} for {', '.join(without)}"
            fix = "add rows, or a row without stratum and class that holds for all"
            found.append(Finding.warning("density-missing", subject, message, fix=fix))
        values, errors = (rows[name].to_numpy(np.float64) for name in ("value", "standard_error"))
        dry = rows["dry_t_ha"].to_numpy(np.float64)
        sources[pool] = TableSource(values, np.nan_to_num(errors), row_of_group, dry)
    return sources, tuple(found)


def _unused(
    densities: pd.DataFrame, groups: Sequence[tuple[str, str]], subject: str
) -> list[Finding]:
    """Rows for a stratum or a class that does not occur: mostly a name written in another way."""
    found = []
    for place, column in enumerate(("stratum", "class")):
        known = list(dict.fromkeys(group[place] for group in groups))
        strange = sorted(set(densities[column]) - {"", *known})
        if not strange:
            continue
        have = ", ".join(filter(None, known)) or "none"
        message = f"{column} {', '.join(strange)} does not occur (there are: {have}): "
        message += "its rows are used nowhere"
        fix = "write the name as the map's legend or the layer of strata has it"
        found.append(Finding.warning(f"density-{column}-unknown", subject, message, fix=fix))
    return found


def shared_errors(
    densities: pd.DataFrame, together: pd.DataFrame
) -> dict[tuple[Pool, Pool], NDArray[np.float64]]:
    """Covariances of the rows of two pools, (rows, rows), in the order of :func:`table_sources`.

    ``together`` has the columns stratum, pool, other, covariance [(tC/ha)2] of the two means of a
    stratum; where a stratum has no row of a pool there is nothing to share.
    """
    strata = {pool: densities.loc[densities["pool"] == pool, "stratum"].tolist() for pool in POOLS}
    made: dict[tuple[Pool, Pool], NDArray[np.float64]] = {}
    for row in together.to_dict("records"):
        pool, other, stratum = row["pool"], row["other"], row["stratum"]
        if stratum not in strata[pool] or stratum not in strata[other]:
            continue
        empty = np.zeros((len(strata[pool]), len(strata[other])))
        place = strata[pool].index(stratum), strata[other].index(stratum)
        made.setdefault((pool, other), empty)[place] = row["covariance"]
    return made


def _row(places: Mapping[tuple[str, str], int], stratum: str, kind: str) -> int:
    near = ((stratum, kind), (stratum, ""), ("", kind), ("", ""))
    return next((places[key] for key in near if key in places), -1)
