"""InVEST Coastal Blue Carbon from its own three CSV files, at the speed of reading the maps.

``compat="guide"`` computes what the InVEST User's Guide says, ``compat="invest-3.20"`` what
natcap.invest 3.17.0 to 3.20.2 writes, except that maps stay in their years. The differences, each
found by reading both and by running the program:

1. The program pairs the sorted maps with the order in which a Python set yields the years, so maps
   land in wrong years, silently. Neither mode does that; :func:`shuffled_years` says which map the
   program would have taken for which year, so that the effect can be shown.
2. Its stocks hold the yearly litter accumulation instead of the litter stock.
3. From the next snapshot on it takes the half-life from the class converted to.
4. Where a pool still emits, accumulation is reported and not counted in the net: a restored pond
   never gains in the program. By the guide a pool accumulates from a transition marked so on.
5. Its net sequestration leaves litter out after the first transition.
6. Its net present value multiplies all carbon sequestered so far with the sum of all discounted
   prices so far. By the guide each year's carbon is priced once (label cbc_net_present_value).
7. Its emission rasters have no value where nothing was disturbed; by the guide the value is 0.

Two things are the same in both modes and not as in the program, and each is told by a finding: a
pixel without a class in some years is left out of all of them, and a nodata number that is also a
class of the biophysical table counts as that class. Maps on different grids are refused unless the
caller says how to align them; then the first map's grid is taken, where the program makes one of
square pixels over the common ground.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv.blocks import Runner
from bluecarbon.mrv.invest_tables import InvestInputs
from bluecarbon.mrv.map_stack import Alignment
from bluecarbon.mrv.stock_draws import drawn_totals, parameter_draws
from bluecarbon.mrv.stock_model import (
    ACCUMULATION,
    Convention,
    StockTable,
    StockTotals,
    stock_table,
    table_totals,
)
from bluecarbon.mrv.stock_rasters import Compression, RasterOptions, write_layers
from bluecarbon.mrv.trajectories import Trajectories, read_trajectories
from bluecarbon.spec import Finding, Value, errors_in

Floats = NDArray[np.float64]
Findings = tuple[Finding, ...]

Compat = Convention
"""What a project is computed by."""

INVEST_NODATA = float(np.finfo(np.float32).min)
"""What the program writes where there is no value."""


CARBON, CURRENCY = "tCO2e/ha", "currency/ha"
"""Units of the rasters."""


class Economics(Value):
    """Prices of a tonne, and how the future is discounted.

    ``price_by_year`` overrides ``price`` and ``inflation_percent``.
    """

    price: float = 0.0
    inflation_percent: float = 0.0
    discount_percent: float = 0.0
    price_by_year: dict[int, float] = {}

    def prices(self, first: int, last: int) -> dict[int, float]:
        """The price of each year from ``first`` to ``last`` (both included)."""
        if self.price_by_year:
            return self.price_by_year
        growth = 1 + self.inflation_percent / 100
        return {year: self.price * growth ** (year - first) for year in range(first, last + 1)}


@dataclass(frozen=True)
class InvestRun:
    """One project under one convention: what occurs, and the table of its stocks."""

    trajectories: Trajectories
    table: StockTable
    economics: Economics | None = None

    @property
    def totals(self) -> StockTotals:
        """Totals by year and pool in the unit of the table times hectares (one draw)."""
        return table_totals(self.table, self.trajectories.area_ha.sum(axis=0))


def run_invest(
    inputs: InvestInputs,
    *,
    analysis_year: int | None = None,
    compat: Compat = "guide",
    economics: Economics | None = None,
    alignment: Alignment = "refuse",
    runner: Runner | None = None,
) -> tuple[InvestRun | None, Findings]:
    """Count the maps and run the model on what occurs.

    Parameters
    ----------
    inputs : from :func:`bluecarbon.mrv.invest_tables.read_invest_tables`
    analysis_year : the last year; the last snapshot where it is not given
    economics : prices for the net present value

    Returns
    -------
    The run, or None; and findings: those of
    :func:`bluecarbon.mrv.trajectories.read_trajectories`, ``analysis-year-early``,
    ``price-missing``, ``transition-blank-occurs`` (by the guide an error, in the other mode a
    warning) and ``accumulation-stops`` (warning).
    """
    years = sorted(snapshot.year for snapshot in inputs.snapshots)
    last_year = years[-1] if analysis_year is None else analysis_year
    findings = _year_findings(years, last_year) + _price_findings(economics, years[0], last_year)
    if errors_in(findings):
        return None, tuple(findings)
    classes = dict(zip(inputs.parameters.codes, inputs.parameters.names, strict=True))
    trajectories, found = read_trajectories(
        inputs.snapshots, classes=classes, alignment=alignment, runner=runner
    )
    findings += found
    if trajectories is None:
        return None, tuple(findings)
    findings += transition_findings(trajectories, inputs, compat=compat)
    if errors_in(findings):
        return None, tuple(findings)
    table = model(trajectories, inputs, last_year, compat=compat)
    return InvestRun(trajectories, table, economics), tuple(findings)


def model(
    trajectories: Trajectories, inputs: InvestInputs, last_year: int, *, compat: Convention
) -> StockTable:
    """The table of the model for trajectories that are counted already."""
    return stock_table(
        trajectories.classes,
        trajectories.years,
        inputs.parameters,
        last_year,
        convention=compat,
    )


def _year_findings(years: list[int], last_year: int) -> list[Finding]:
    if last_year < years[-1] or last_year == years[0]:
        message = f"the analysis year {last_year} does not follow the snapshots {years}"
        fix = f"give a year after {years[-1]}"
        return [Finding.error("analysis-year-early", "analysis year", message, fix=fix)]
    return []


def _price_findings(economics: Economics | None, first: int, last: int) -> list[Finding]:
    if economics is None:
        return []
    missing = sorted(set(range(first, last + 1)) - set(economics.prices(first, last)))
    if not missing:
        return []
    message = f"no price for {', '.join(map(str, missing[:8]))}"
    fix = f"give one price a year from {first} to {last}"
    return [Finding.error("price-missing", "prices", message, fix=fix)]


def transition_findings(
    trajectories: Trajectories, inputs: InvestInputs, *, compat: Compat
) -> list[Finding]:
    """Blank cells whose transition occurs, and classes that persist without accumulating.

    In the guide a blank cell is a transition that does not occur: where it does, nobody has said
    what becomes of the carbon, and the guide's answer is an error. The program counts it as NCC.
    """
    parameters = inputs.parameters
    place = {code: index for index, code in enumerate(parameters.codes)}
    found = []
    for (source, target), area_ha in sorted(_areas_by_transition(trajectories).items()):
        row, column = place[source], place[target]
        names = f"'{parameters.names[row]}' to '{parameters.names[column]}'"
        if inputs.blank[row, column]:
            message = f"from {names}: the cell is blank and {area_ha:,.1f} ha take this way"
            fix = "write accum, NCC or a disturbance into the cell"
            told = Finding.error if compat == "guide" else Finding.warning
            fix += (
                "" if compat == "guide" else "; the program takes blank as NCC, and so it is here"
            )
            where = inputs.row_of(parameters.names[row])
            found.append(told("transition-blank-occurs", where, message, fix=fix))
        elif row == column and _stops(inputs, row):
            message = f"from {names} says NCC: {area_ha:,.1f} ha stop accumulating there"
            fix = "write accum where a class that persists goes on accumulating"
            where = inputs.row_of(parameters.names[row])
            found.append(Finding.warning("accumulation-stops", where, message, fix=fix))
    return found


def _stops(inputs: InvestInputs, row: int) -> bool:
    parameters = inputs.parameters
    gains = parameters.accumulation[row, :2].any()
    return bool(gains) and parameters.transitions[row, row] != ACCUMULATION


def _areas_by_transition(trajectories: Trajectories) -> dict[tuple[int, int], float]:
    area_ha = trajectories.area_ha.sum(axis=0)
    result: dict[tuple[int, int], float] = {}
    for before, after in itertools.pairwise(trajectories.classes.T):
        for source, target, area in zip(before.tolist(), after.tolist(), area_ha, strict=True):
            result[source, target] = result.get((source, target), 0.0) + float(area)
    return result


def invest_layers(run: InvestRun) -> dict[str, Floats]:
    """The rasters of the program by name: values by trajectory, NaN where it has none."""
    table = run.table
    layers = {
        f"carbon-stock-at-{year}": table.at(year).sum(axis=-1)
        for year in sorted({*table.snapshots, table.last_year})
    }
    for number, (start, stop) in enumerate(table.periods):
        span = f"between-{start}-and-{stop}"
        layers[f"carbon-accumulation-{span}"] = _flow(table, table.accumulation, start, stop)
        if number > 0:
            layers[f"carbon-emissions-{span}"] = _emission(table, start, stop)
        layers[f"total-net-carbon-sequestration-{span}"] = _flow(table, table.net, start, stop)
    whole = table.years[0], table.last_year
    layers["total-net-carbon-sequestration"] = _flow(table, table.net, *whole)
    if run.economics is not None:
        for _, stop in table.periods:
            layers[f"net-present-value-at-{stop}"] = net_present_value(table, run.economics, stop)
    return layers


def _flow(table: StockTable, flow: Floats, start: int, stop: int) -> Floats:
    return np.asarray(table.between(flow, start, stop).sum(axis=-1))


def _emission(table: StockTable, start: int, stop: int) -> Floats:
    total = _flow(table, table.emission, start, stop)
    if table.convention == "guide":
        return total
    known = table.tracked[:, start - table.years[0]].any(axis=-1)
    return np.where(known, total, np.nan)


def net_present_value(table: StockTable, economics: Economics, until: int) -> Floats:
    """Value of the carbon sequestered before the year ``until``, by trajectory, (trajectories,).

    By the guide the change of the biomass and soil stock over each year, priced and discounted at
    the year's end; in ``invest-3.20`` see point 6 of the module.
    """
    first = table.years[0]
    prices = economics.prices(first, table.last_year)
    discount = 1 + economics.discount_percent / 100
    if table.convention == "guide":
        changes = table.net[:, : until - first, :2].sum(axis=-1)
        ends = range(first + 1, until + 1)
        worth = np.array([prices[year] / discount ** (year - first) for year in ends])
        return np.asarray(changes @ worth)
    factor = sum(prices[year] / discount ** (year - first) for year in range(first, until))
    return _flow(table, table.net, first, until) * factor


def write_invest(
    run: InvestRun,
    folder: Path,
    *,
    compression: Compression = "zstd",
    cloud_optimised: bool = False,
    runner: Runner | None = None,
) -> dict[str, Path]:
    """Write the rasters of :func:`invest_layers` and ``totals.csv``; name -> path.

    ``cloud_optimised`` adds overviews, and takes some seven times as long (measured on 22 rasters
    of 100 Mpx: 55 and 7.6 CPU seconds).

    OutputError when the place cannot be written.
    """
    exact = run.table.convention == "invest-3.20"
    nodata = INVEST_NODATA if exact else float("nan")
    layers = invest_layers(run)
    meanings = {name: layer_meaning(name, run.table.convention) for name in layers}
    options = RasterOptions(compression, nodata, cloud_optimised, meanings)
    written = write_layers(run.trajectories, layers, folder, options=options, runner=runner)
    return written | {"totals": write_totals(run.totals, folder / "totals.csv")}


def layer_meaning(name: str, convention: Convention) -> tuple[str, str]:
    """Unit and description of a raster of :func:`invest_layers`, from its name.

    Amounts are those of the biophysical table, which the guide wants in t CO2e per hectare.
    """
    what = name.replace("-", " ")
    if name.startswith("net-present-value"):
        return CURRENCY, f"{what}, by {convention}"
    return CARBON, f"{what}, by {convention}"


def write_totals(totals: StockTotals, path: Path) -> Path:
    """Totals by year and pool (the first draw) as a CSV; flows of the last year are empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["year", "pool", "stock", "accumulation", "emission", "net"])
        for number, year in enumerate((*totals.years, totals.years[-1] + 1)):
            for place, pool in enumerate(totals.pools):
                row = [repr(float(totals.stock[0, number, place]))]
                for flow in (totals.accumulation, totals.emission, totals.net):
                    is_last = number == len(totals.years)
                    row.append("" if is_last else repr(float(flow[0, number, place])))
                writer.writerow([year, pool, *row])
    return path


def simulate_invest(
    inputs: InvestInputs, run: InvestRun, *, draws: int, seed: int
) -> tuple[StockTotals | None, Findings]:
    """Totals for every draw of the biophysical table, arrays (draws, years, pools).

    Findings: ``no-uncertainty`` where no column of standard errors is filled, and
    ``draws-follow-guide`` (info) under the other convention.
    """
    if not inputs.uncertainty.is_declared:
        message = "no number of the biophysical table has a standard error: nothing to draw"
        fix = "add columns such as soil-initial-standard-error"
        return None, (Finding.error("no-uncertainty", "biophysical table", message, fix=fix),)
    findings = []
    if run.table.convention != "guide":
        message = "draws follow the user's guide, also where the maps follow the program"
        findings.append(Finding.info("draws-follow-guide", "--draws", message))
    trajectories = run.trajectories
    parameters = parameter_draws(
        inputs.parameters,
        inputs.uncertainty,
        draws=draws,
        seed=seed,
        trajectories=len(trajectories.classes),
    )
    totals = drawn_totals(
        trajectories.classes,
        trajectories.area_ha.sum(axis=0),
        trajectories.years,
        parameters,
        last_year=run.table.last_year,
    )
    return totals, tuple(findings)


def shuffled_years(years: tuple[int, ...], last_year: int) -> tuple[int, ...]:
    """The year that the program gives to each map, the maps in the order of their true years.

    Python yields the members of a set in the order of its hash table. The table also held the
    analysis year, which made it larger for four snapshots than for three; with it the orders that
    were observed come out: 2018, 2020, 2010, 2015 and 2010, 1996, 2020.
    """
    members = set(years)
    members.add(last_year)
    return tuple(year for year in members if year in years)


def as_released(run: InvestRun, inputs: InvestInputs) -> InvestRun:
    """The run as the program computes it out of the box: its differences, and maps in the years
    of :func:`shuffled_years`.
    """
    trajectories, last_year = run.trajectories, run.table.last_year
    order = np.argsort(shuffled_years(trajectories.years, last_year))
    shuffled = replace(trajectories, classes=trajectories.classes[:, order])
    return replace(run, table=model(shuffled, inputs, last_year, compat="invest-3.20"))


def side_by_side(run: InvestRun, inputs: InvestInputs) -> Mapping[str, InvestRun]:
    """The same maps and tables by the guide, by the program, and by the program as released."""
    last_year = run.table.last_year
    guide = model(run.trajectories, inputs, last_year, compat="guide")
    invest = model(run.trajectories, inputs, last_year, compat="invest-3.20")
    return {
        "guide": replace(run, table=guide),
        "invest-3.20": replace(run, table=invest),
        "invest-3.20 as released": as_released(run, inputs),
    }
