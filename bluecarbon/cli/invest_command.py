"""What ``bluecarbon mrv invest-cbc`` does: read, compute, print, write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
import typer
from rich.markup import escape
from rich.table import Table

from bluecarbon.cli.command_options import Scale, runner_of
from bluecarbon.cli.output_folder import replaced_folder
from bluecarbon.cli.show import console
from bluecarbon.cli.table_output import echo_findings, refusals
from bluecarbon.errors import DataError
from bluecarbon.mrv.aligned_maps import Rule
from bluecarbon.mrv.blocks import Runner
from bluecarbon.mrv.invest_cbc import (
    Compat,
    Economics,
    InvestRun,
    invest_layers,
    run_invest,
    shuffled_years,
    side_by_side,
    simulate_invest,
    write_invest,
)
from bluecarbon.mrv.invest_tables import InvestInputs, read_invest_tables, read_prices
from bluecarbon.mrv.manifest import digest_of, write_manifest
from bluecarbon.mrv.map_stack import Alignment
from bluecarbon.mrv.stock_model import StockTotals
from bluecarbon.mrv.stock_rasters import Compression
from bluecarbon.spec import Finding, errors_in

COMMAND = "bluecarbon mrv invest-cbc"

CLOUD_OPTIMISED_MOST_PX = 16_000_000
"""Up to this size of the maps, some seconds for all rasters, they are cloud-optimised unasked."""

SIDE_BY_SIDE = "side-by-side"
NUMBERS = ("price", "inflation", "discount")
WORDS: Mapping[str, tuple[str, ...]] = {
    "align": get_args(Rule),
    "compression": get_args(Compression),
    "cog": ("auto", "no", "yes"),
}
"""Settings that take one of a few words; the first is the default of "cog" and "align"."""

TEXTS = ("prices", "dask")


@dataclass(frozen=True)
class Chosen:
    """The arguments of the command as they were given."""

    tables: tuple[Path, Path, Path]
    out: Path | None
    compat: str
    analysis_year: int | None
    draws: int
    seed: int
    settings: tuple[str, ...]


def run_invest_command(chosen: Chosen) -> None:
    """Run the command; it ends with 2 when it is refused and nothing was written."""
    with refusals():
        settings = _settings(chosen)
        with runner_of(Scale(dask=settings.get("dask") or None)) as runner:
            _run(chosen, settings, runner)


def _run(chosen: Chosen, settings: Mapping[str, str], runner: Runner) -> None:
    inputs, findings = read_invest_tables(*chosen.tables)
    economics, price_findings = _economics(settings)
    findings += price_findings
    if inputs is None or errors_in(findings):
        raise DataError(findings)
    both = chosen.compat == SIDE_BY_SIDE
    run, found = run_invest(
        inputs,
        analysis_year=chosen.analysis_year,
        compat="guide" if both else cast("Compat", chosen.compat),
        economics=economics,
        alignment=cast("Alignment", settings.get("align", "refuse")),
        runner=runner,
    )
    findings += found
    drawn = None
    if run is not None and chosen.draws:
        drawn, found = simulate_invest(inputs, run, draws=chosen.draws, seed=chosen.seed)
        findings += found
    if run is None or errors_in(findings):
        raise DataError(findings)
    if both:
        _show("Side by side [t CO2e, currency]", _side_by_side_rows(run, inputs))
        console.print(_mixed_years(run), soft_wrap=True)
    else:
        title = f"Totals [t CO2e] by convention {run.table.convention}"
        _show(title, _totals_rows(run, drawn))
    if chosen.out is not None:
        ordered = sorted(inputs.snapshots, key=lambda item: item.year)
        read = [*chosen.tables, *(item.path for item in ordered)]
        read += [Path(settings["prices"])] if "prices" in settings else []
        _write(run, chosen, read, settings, found=findings, runner=runner)
    echo_findings(findings)


def _write(
    run: InvestRun,
    chosen: Chosen,
    read: list[Path],
    settings: Mapping[str, str],
    *,
    found: tuple[Finding, ...],
    runner: Runner,
) -> None:
    out = cast("Path", chosen.out)
    with replaced_folder(out, read[0], command=COMMAND, inputs=read) as folder:
        written = write_invest(
            run,
            folder,
            compression=cast("Compression", settings.get("compression", "zstd")),
            cloud_optimised=_cloud_optimised(run, settings.get("cog", "auto")),
            runner=runner,
        )
        asked: dict[str, object] = {"compat": chosen.compat, "analysis_year": run.table.last_year}
        digests = [
            digest_of(path, role) for path, role in zip(read, _roles(run, settings), strict=True)
        ]
        write_manifest(
            folder, COMMAND, settings={**asked, **settings}, inputs=digests, findings=found
        )
    typer.echo(f"{len(written)} files in {out}", err=True)


def _roles(run: InvestRun, settings: Mapping[str, str]) -> list[str]:
    maps = [f"class map of {year}" for year in run.trajectories.years]
    prices = ["prices"] if "prices" in settings else []
    return ["snapshots", "biophysical table", "transitions", *maps, *prices]


def _cloud_optimised(run: InvestRun, asked: str) -> bool:
    """Overviews where they cost little: they are most of the time of large rasters."""
    grid = run.trajectories.grid
    small = grid.height * grid.width <= CLOUD_OPTIMISED_MOST_PX
    return asked == "yes" or (asked == "auto" and small)


def _settings(chosen: Chosen) -> dict[str, str]:
    """The ``--set`` options by name. DataError names every one that means nothing."""
    found, result = [], {}
    conventions = (*get_args(Compat), SIDE_BY_SIDE)
    if chosen.compat not in conventions:
        found.append(_unknown("--compat", chosen.compat, conventions))
    for text in chosen.settings:
        name, _, value = text.partition("=")
        if name in WORDS and value not in WORDS[name]:
            found.append(_unknown(f"--set {name}", value, WORDS[name]))
        elif name in NUMBERS and not _is_number(value):
            message, fix = f"'{value}' is not a number", "write a number with a decimal point"
            found.append(Finding.error("setting-wrong", f"--set {name}", message, fix=fix))
        elif name not in (*WORDS, *NUMBERS, *TEXTS):
            found.append(_unknown("--set", name, (*NUMBERS, *TEXTS, *WORDS)))
        result[name] = value
    if found:
        raise DataError(found)
    return result


def _unknown(subject: str, given: str, known: tuple[str, ...]) -> Finding:
    fix = f"use one of: {', '.join(known)}"
    return Finding.error("setting-wrong", subject, f"'{given}' is not known", fix=fix)


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _economics(settings: Mapping[str, str]) -> tuple[Economics | None, tuple[Finding, ...]]:
    numbers = [float(settings.get(name, "0")) for name in NUMBERS]
    if "prices" in settings:
        prices, findings = read_prices(Path(settings["prices"]))
        return Economics(discount_percent=numbers[2], price_by_year=prices), findings
    if "price" not in settings:
        return None, ()
    price, inflation, discount = numbers
    return Economics(price=price, inflation_percent=inflation, discount_percent=discount), ()


def _show(title: str, rows: list[list[str]]) -> None:
    """A table on a terminal; tab-separated lines in a file or a pipe, so that nothing is cut."""
    if not console.is_terminal:
        for row in rows:
            typer.echo("\t".join(row))
        return
    table = Table(title=escape(title), title_justify="left")
    for number, heading in enumerate(rows[0]):
        table.add_column(heading, justify="right" if number else "left", overflow="fold")
    for row in rows[1:]:
        table.add_row(*row)
    console.print(table)


def _totals_rows(run: InvestRun, drawn: StockTotals | None) -> list[list[str]]:
    """Totals by year and pool; with draws the interval of the total stock and net beside them."""
    totals = run.totals
    rows = [["year", *totals.pools, "stock", "accumulation", "emission", "net"]]
    if drawn is not None:
        rows[0] += ["stock 5-95 %", "net so far 5-95 %"]
    for number, year in enumerate((*totals.years, run.table.last_year)):
        stocks = totals.stock[0, number]
        flows = ["", "", ""]
        if number < len(totals.years):
            kinds = (totals.accumulation, totals.emission, totals.net)
            flows = [f"{flow[0, number].sum():,.1f}" for flow in kinds]
        row = [str(year), *(f"{stock:,.1f}" for stock in stocks), f"{stocks.sum():,.1f}", *flows]
        rows.append([*row, *(_intervals(drawn, number) if drawn is not None else ())])
    return rows


def _intervals(drawn: StockTotals, number: int) -> tuple[str, str]:
    stock = drawn.stock[:, number].sum(axis=-1)
    net = drawn.net[:, :number].sum(axis=(1, 2))
    return _interval(stock), _interval(net)


def _interval(values: Any) -> str:
    low, high = np.percentile(values, [5, 95])
    return f"{low:,.0f} to {high:,.0f}"


def _side_by_side_rows(run: InvestRun, inputs: InvestInputs) -> list[list[str]]:
    """The same project by the guide, by the program, and by the program as released."""
    runs = side_by_side(run, inputs)
    rows = [
        [what, *(f"{_sum(one, what):,.1f}" for one in runs.values())] for what in invest_layers(run)
    ]
    return [["", *runs], *rows]


def _mixed_years(run: InvestRun) -> str:
    """Which map the program as released takes for which year."""
    years = run.trajectories.years
    taken = shuffled_years(years, run.table.last_year)
    pairs = sorted(zip(taken, years, strict=True))
    told = ", ".join(f"{year} the map of {true_year}" for year, true_year in pairs)
    return f"As released (3.17.0 to 3.20.2) the program takes for {told}."


def _sum(run: InvestRun, layer: str) -> float:
    values = np.nan_to_num(invest_layers(run)[layer])
    return float(run.trajectories.area_ha.sum(axis=0) @ values)
