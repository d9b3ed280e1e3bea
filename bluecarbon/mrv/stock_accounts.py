"""Two stock maps to accounts of their change: as a difference, and as gains and losses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from bluecarbon.errors import DataError
from bluecarbon.mrv.blocks import Runner
from bluecarbon.mrv.rasters import Geometry
from bluecarbon.mrv.stock_change import Change, GainLoss, gain_loss, stock_difference
from bluecarbon.mrv.stock_change_maps import Absent, change_plan, map_change
from bluecarbon.mrv.stock_files import write_table
from bluecarbon.mrv.stock_layers import LayerFile
from bluecarbon.mrv.stock_pictures import carbon_map_png, shown_map
from bluecarbon.mrv.stock_plan import ALL_STRATA
from bluecarbon.project_stocks import Quantity
from bluecarbon.spec import Finding, errors_in

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class AskedChange:
    """Two maps of one pool [tC/ha], their years, and what a gain-loss account needs beside them.

    ``tables`` are the stock tables of the maps, from which standard errors come; None where a
    raster came alone.
    """

    before: LayerFile
    after: LayerFile
    years: tuple[int, int]
    pool: str = "total"
    tables: tuple[Path | None, ...] = (None, None)
    absent: Absent = "unknown"
    strata: Mapping[str, Geometry] = field(default_factory=dict)
    rate: Quantity | None = None
    lost_density: Quantity | None = None
    gained_years: float | None = None
    correlation: float = 0.0

    @property
    def span(self) -> int:
        """Years between the maps."""
        return self.years[1] - self.years[0]


def write_stock_change(
    asked: AskedChange, folder: Path, *, runner: Runner | None = None
) -> tuple[pd.DataFrame, Findings]:
    """Write maps of change, ``tables/stock_change.csv``, ``tables/ground.csv`` and ``change.png``.

    Returns
    -------
    The accounts: method (stock-difference, gain-loss), stratum, change_tc, standard_error_tc,
    change_tco2e, yearly_tc. The error of a difference is that of both stock tables; it is blank
    where they have no row of the same ground. With several strata the last rows (stratum "") are
    their sum. Findings: those of the maps, ``stock-change-no-error``, ``gain-loss-no-density``
    (warnings), ``stock-change-same-ground`` (info).

    Raises
    ------
    DataError
        Maps that cannot be compared.
    """
    plan, found = change_plan(
        asked.before, asked.after, absent=asked.absent, strata=asked.strata or None
    )
    if plan is None or errors_in(found):
        raise DataError(found)
    (folder / "maps").mkdir(parents=True, exist_ok=True)
    (folder / "tables").mkdir(exist_ok=True)
    ground, remarks = map_change(plan, folder / "maps", runner=runner)
    table = pd.DataFrame([*_accounts(asked, ground)]).astype({"standard_error_tc": float})
    write_table(ground, folder / "tables/ground.csv")
    write_table(table, folder / "tables/stock_change.csv")
    first, last = asked.years
    title = f"Change of carbon ({asked.pool}) {first} to {last}"
    shown = shown_map(folder / "maps/change_tc.tif")
    (folder / "change.png").write_bytes(carbon_map_png(shown, title, diverging=True))
    return table, (*found, *remarks, *_without_error(asked, table))


def _accounts(asked: AskedChange, ground: pd.DataFrame) -> Iterator[dict[str, Any]]:
    rows = ground.to_dict("records")
    if len(rows) > 1:
        numbers = ground.drop(columns="stratum").sum().to_dict()
        rows.append({**numbers, "stratum": ALL_STRATA})
    strata = set(ground["stratum"])
    for row in rows:
        errors = [_error_of(path, asked.pool, row["stratum"], strata) for path in asked.tables]
        before, after = (0.0 if error is None else error for error in errors)
        change = stock_difference(
            Quantity(value=0.0, standard_error=before),
            Quantity(value=row["net_tc"], standard_error=after),
            asked.span,
            correlation=asked.correlation,
        )
        known = None not in errors
        yield _row("stock-difference", row["stratum"], change, known=known)
        if asked.rate is not None:
            yield _row("gain-loss", row["stratum"], _gain_loss(asked, row), known=True)


def _gain_loss(asked: AskedChange, row: Mapping[Any, Any]) -> Change:
    years = asked.span
    # Both accounts are of the same ground: where the other date is unknown, neither counts it.
    moved = 1.0 if asked.absent == "zero" else 0.0
    account = GainLoss(
        stable_ha=row["stable_ha"],
        gained_ha=row["gained_ha"] * moved,
        lost_ha=row["lost_ha"] * moved,
        rate_tc_ha_yr=asked.rate or Quantity(value=0.0),
        gained_years=years / 2 if asked.gained_years is None else asked.gained_years,
        density_tc_ha=asked.lost_density or Quantity(value=0.0),
    )
    return gain_loss(account, years)


def _row(method: str, stratum: str, change: Change, *, known: bool) -> dict[str, Any]:
    return {
        "method": method,
        "stratum": stratum,
        "change_tc": change.change_tc,
        "standard_error_tc": change.standard_error_tc if known else None,
        "change_tco2e": change.change_tco2e,
        "yearly_tc": change.yearly_tc,
    }


def _error_of(path: Path | None, pool: str, stratum: str, strata: set[str]) -> float | None:
    """The standard error of a stock from a stock table; None where it has none of this ground.

    The sum of a table is that of all ``strata`` of the change only where it was made of them.
    """
    if path is None or not path.is_file():
        return None
    table = pd.read_csv(path, keep_default_na=False, na_values={"standard_error_tc": [""]})
    rows = table[table["pool"] == pool]
    own = set(rows["stratum"]) - {ALL_STRATA}
    if stratum != ALL_STRATA:
        rows = rows[rows["stratum"] == stratum]
    elif strata not in ({ALL_STRATA}, own):
        return None
    # The last row of a pool is its sum over all classes, and over all strata.
    return None if rows.empty else float(rows["standard_error_tc"].iloc[-1])


def _without_error(asked: AskedChange, table: pd.DataFrame) -> Findings:
    found = []
    blank = table[table["standard_error_tc"].isna()]
    if not blank.empty:
        named = ", ".join(name or "their sum" for name in blank["stratum"])
        message = f"no standard error of the difference ({named}): no stock table is of this ground"
        fix = "give two folders of mrv stocks that were made with the same --strata"
        found.append(Finding.warning("stock-change-no-error", "stock tables", message, fix=fix))
    if asked.rate is not None and asked.absent == "unknown":
        message = "both accounts are of ground with a density at both dates; gains and losses of "
        message += "ground are in neither"
        fix = "where such ground held nothing at the other date, say --absent zero"
        found.append(Finding.info("stock-change-same-ground", "gain-loss", message, fix=fix))
    elif asked.rate is not None and asked.lost_density is None:
        message = "no density of lost ground is given: gain-loss takes nothing off for it"
        fix = "give what it held, as --lost-density 80,12"
        found.append(Finding.warning("gain-loss-no-density", "lost density", message, fix=fix))
    return tuple(found)
