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


def read_densities(
    path: Path, carbon_fraction: Quantity | None = None
) -> tuple[pd.DataFrame | None, Findings]:
    """A table of densities in tC/ha: class, stratum, pool, value, standard_error, source, status,
    and ``dry_t_ha``, the dry matter that a row was (0 where it was carbon).

    Findings: those of a table; ``density-pool-unknown``, ``density-unit-wrong``,
    ``density-negative``, ``density-twice`` (errors, by row); ``density-error-unknown``,
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
    keys = table[["class", "stratum", "pool"]]
    found += rows(keys.duplicated(), "density-twice", "{} is there twice", "keep one row of each")
    return found


_CELL = {
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

    Findings: ``density-missing`` (warning) for groups that a pool has no row for.
    """
    sources: dict[Pool, TableSource] = {}
    found = []
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


def _row(places: Mapping[tuple[str, str], int], stratum: str, kind: str) -> int:
    near = ((stratum, kind), (stratum, ""), ("", kind), ("", ""))
    return next((places[key] for key in near if key in places), -1)
