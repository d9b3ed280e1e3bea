"""What ``bluecarbon mrv invest-cbc`` does: read, compute, print, write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
import typer
from rich.markup import escape
from rich.table import Table

from bluecarbon.cli.exit_codes import REFUSED
from bluecarbon.cli.output_folder import replaced_folder
from bluecarbon.cli.show import console, print_findings
from bluecarbon.errors import BluecarbonError, DataError
from bluecarbon.mrv.blocks import Runner, Threads
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
from bluecarbon.mrv.map_stack import Alignment
from bluecarbon.mrv.stock_model import StockTotals
from bluecarbon.mrv.stock_rasters import Compression
from bluecarbon.spec import Finding, errors_in

SIDE_BY_SIDE = "side-by-side"
NUMBERS = ("price", "inflation", "discount")
WORDS: Mapping[str, tuple[str, ...]] = {
    "align": get_args(Alignment),
    "compression": get_args(Compression),
    "cog": ("no", "yes"),
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


def run_invest_command(chosen: Chosen) -> int:
    """Run the command; 0, or 2 when it is refused and nothing was written."""
    try:
        settings = _settings(chosen)
        with _runner(settings.get("dask", "")) as runner:
            _run(chosen, settings, runner)
    except BluecarbonError as error:
        # run_command, which refuses in the same words, would load every rule book.
        if isinstance(error, DataError):
            print_findings(error.findings)
            console.print("[bold red]refused[/]: correct the errors and run again.")
        else:
            console.print(f"refused: {error}", style="bold red", markup=False)
        console.print("Nothing was written.")
        return REFUSED
    return 0


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
    print_findings(findings)
    if both:
        _show("Side by side [t CO2e, currency]", _side_by_side_rows(run, inputs))
        console.print(_mixed_years(run), soft_wrap=True)
    else:
        title = f"Totals [t CO2e] by convention {run.table.convention}"
        _show(title, _totals_rows(run, drawn))
    if chosen.out is not None:
        read = [*chosen.tables, *(item.path for item in inputs.snapshots)]
        read += [Path(settings["prices"])] if "prices" in settings else []
        _write(run, chosen.out, read, settings, runner=runner)


def _write(
    run: InvestRun, out: Path, read: list[Path], settings: Mapping[str, str], *, runner: Runner
) -> None:
    command = "bluecarbon mrv invest-cbc"
    with replaced_folder(out, read[0], command=command, inputs=read) as folder:
        written = write_invest(
            run,
            folder,
            compression=cast("Compression", settings.get("compression", "zstd")),
            cloud_optimised=settings.get("cog") == "yes",
            runner=runner,
        )
    console.print(f"{len(written)} files in {out}", markup=False, soft_wrap=True)


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


@contextmanager
def _runner(dask: str) -> Iterator[Runner]:
    if not dask:
        yield Threads()
        return
    from bluecarbon.mrv.cluster import connected

    with connected(dask) as cluster:
        yield cluster


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
