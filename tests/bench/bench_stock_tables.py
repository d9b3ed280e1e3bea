"""What stocks cost on 100 million pixels, against the limits of the speed table.

    python tests/bench/bench_stock_tables.py [--side 10000] [--folder build/bench]

"Read" is the same blocks of the same maps through rasterio by the same threads, no compute. Each
time is the least of several runs, as the machine may be busy; CPU seconds are of all threads. For
the rasters the yardstick is natcap.invest 3.20.2 on four maps of this kind and size: 1,030 CPU
seconds (915 with two workers), measured elsewhere; its own values are checked in tests/real, here
every pixel of a strip is recomputed year by year without any table.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import shutil
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from raster_data import CLASSES, class_maps

from bluecarbon.mrv.blocks import Threads
from bluecarbon.mrv.invest_cbc import InvestRun, invest_layers, model, write_invest
from bluecarbon.mrv.invest_tables import InvestInputs
from bluecarbon.mrv.map_stack import open_stack
from bluecarbon.mrv.stock_draws import Uncertainty, drawn_totals, parameter_draws
from bluecarbon.mrv.stock_model import HIGH, LOW, NO_CHANGE, StockParameters, table_totals
from bluecarbon.mrv.trajectories import read_trajectories
from bluecarbon.mrv.transitions import DatedMap

LAST_YEAR = 2030
DRAWS = 1000
INVEST_CPU_SECONDS_100MPX = 1030.0
VALUE_TOLERANCE = 3e-6

MANGROVE, YOUNG = 0, 6


def parameters() -> StockParameters:
    """Round numbers in Mg CO2e/ha for the seven classes of the maps; two of them are mangrove."""
    number = len(CLASSES)
    initial, accumulation = np.zeros((number, 3)), np.zeros((number, 3))
    initial[MANGROVE], initial[YOUNG] = (330.0, 940.0, 12.0), (60.0, 500.0, 4.0)
    initial[2], initial[4] = (0.0, 260.0, 0.0), (280.0, 210.0, 20.0)
    accumulation[MANGROVE], accumulation[YOUNG] = (12.0, 6.5, 1.0), (16.0, 5.0, 0.5)
    accumulation[2], accumulation[4] = (0.0, 2.0, 0.0), (3.0, 0.5, 0.7)
    half_life = np.ones((number, 3)) * (5.0, 7.5, 1.0)
    shares = np.zeros((3, number, 3))
    shares[:, :, :2] = np.array([[0.3, 0.2], [0.5, 0.4], [1.0, 0.66]])[:, None, :]
    transitions = np.full((number, number), NO_CHANGE, np.int8)
    transitions[:, [MANGROVE, 2, 4, YOUNG]] = 1
    transitions[np.ix_([MANGROVE, 4, YOUNG], [1, 3])] = HIGH
    transitions[np.ix_([MANGROVE, 4, YOUNG], [5])] = LOW + 1
    transitions[np.ix_([2], [1, 3, 5])] = LOW
    names = tuple(f"class {code}" for code in CLASSES)
    return StockParameters(CLASSES, names, initial, accumulation, half_life, shares, transitions)


def inputs(maps: dict[int, Path]) -> InvestInputs:
    given = parameters()
    tenth = Uncertainty(
        given.initial * 0.1,
        given.accumulation * 0.1,
        given.half_life * 0.1,
        given.disturbed_share * 0.1,
    )
    snapshots = tuple(DatedMap(year, path) for year, path in maps.items())
    return InvestInputs(snapshots, given, tenth, np.zeros(given.transitions.shape, bool))


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """The result, wall and CPU seconds of one run."""
    started, spent = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - started, time.process_time() - spent


def least(runs: int, *works: Callable[[], Any]) -> list[tuple[Any, float, float]]:
    """The last result and the least wall and CPU seconds of each work, taken in turns.

    In turns, because a machine that is busy for a while would be so for one of them only.
    """
    rounds = [[timed(work) for work in works] for _ in range(runs)]
    return [
        (column[-1][0], min(wall for _, wall, _ in column), min(cpu for _, _, cpu in column))
        for column in zip(*rounds, strict=True)
    ]


def read_only(stack: Any, runner: Threads) -> None:
    with stack.opened_for(runner):
        for _ in runner.results(partial(_read, stack), stack.blocks):
            pass


def _read(stack: Any, block: Any) -> None:
    stack.read(block)


def totals_of(given: InvestInputs, runner: Threads) -> InvestRun:
    """Maps to stock, accumulation, emission and net totals by year and pool."""
    trajectories, findings = read_trajectories(
        given.snapshots, classes=dict.fromkeys(given.parameters.codes, ""), runner=runner
    )
    assert trajectories is not None, findings
    run = InvestRun(trajectories, model(trajectories, given, LAST_YEAR, compat="guide"))
    table_totals(run.table, trajectories.area_ha)
    return run


def simulated(given: InvestInputs, run: InvestRun) -> Any:
    classes = run.trajectories.classes
    draws = parameter_draws(
        given.parameters, given.uncertainty, draws=DRAWS, seed=1, trajectories=len(classes)
    )
    area_ha = run.trajectories.area_ha.sum(axis=0)
    return drawn_totals(classes, area_ha, run.table.snapshots, draws, last_year=LAST_YEAR)


def rasters(run: InvestRun, folder: Path, compression: Any, runner: Threads) -> dict[str, Path]:
    shutil.rmtree(folder, ignore_errors=True)
    return write_invest(run, folder, compression=compression, runner=runner)


def largest_difference(
    given: InvestInputs, maps: dict[int, Path], written: dict[str, Path], rows: int = 64
) -> float:
    """Of the rasters of ``invest-3.20`` from a plain per-pixel computation, relative."""
    with rasterio.open(next(iter(maps.values()))) as first:
        width, height = first.width, first.height
    window = rasterio.windows.Window(0, height // 2, width, rows)
    codes = np.stack([rasterio.open(path).read(1, window=window) for path in maps.values()])
    expected = per_pixel(given.parameters, codes, tuple(maps))
    worst = 0.0
    for name, values in expected.items():
        with rasterio.open(written[name]) as source:
            got = source.read(1, window=window, masked=True).astype(float).filled(np.nan)
        assert (np.isnan(got) == np.isnan(values)).all(), f"{name}: nodata differs"
        scale = np.maximum(np.abs(values), 1e-3)
        worst = max(worst, float(np.nanmax(np.abs(got - values) / scale)))
    return worst


def per_pixel(
    given: StockParameters, codes: np.ndarray, years: tuple[int, ...]
) -> dict[str, np.ndarray]:
    """The program's arithmetic, each pixel for itself, year after year, in single precision."""
    place = codes.astype(int) - 1
    inside = (codes > 0).all(axis=0)
    place[:, ~inside] = 1
    f4 = np.float32
    stock = {p: given.initial[place[0], p].astype(f4) for p in (0, 1)}
    volume = {p: np.zeros_like(stock[0]) for p in (0, 1)}
    since = {p: np.zeros(place[0].shape, int) for p in (0, 1)}
    rate = {p: given.accumulation[place[0], p].astype(f4) for p in (0, 1, 2)}
    bounds = [*years, LAST_YEAR]
    result, whole = {}, np.zeros_like(stock[0])
    result[f"carbon-stock-at-{years[0]}"] = stock[0] + stock[1] + rate[2]
    for index, (start, stop) in enumerate(itertools.pairwise(bounds)):
        if index:
            before, now = place[index - 1], place[index]
            action = given.transitions[before, now]
            for p in (0, 1):
                lost = np.where(
                    action >= LOW, given.disturbed_share[np.maximum(action - LOW, 0), before, p], 0
                ).astype(f4)
                volume[p] = np.where(lost > 0, lost * stock[p], volume[p])
                since[p] = np.where(lost > 0, start, since[p])
                rate[p] = np.where(action == 1, given.accumulation[now, p], 0).astype(f4)
            rate[2] = given.accumulation[now, 2].astype(f4)
            result[f"carbon-stock-at-{start}"] = stock[0] + stock[1] + rate[2]
        gained, out, net = (rate[0] + rate[1] + rate[2]) * (stop - start), 0.0, 0.0
        for year in range(start, stop):
            for p in (0, 1):
                half = given.half_life[place[max(index - 1, 0)], p]
                age = year - since[p]
                share = 0.5 ** (age / half) - 0.5 ** ((age + 1) / half)
                emitted = np.where(since[p] > 0, volume[p] * share, 0).astype(f4)
                change = np.where(emitted > 1e-8, -emitted, rate[p])
                stock[p] = stock[p] + change
                out, net = out + emitted, net + change
        net = gained if index == 0 else net
        whole = whole + net
        span = f"between-{start}-and-{stop}"
        result[f"carbon-accumulation-{span}"] = gained
        result[f"total-net-carbon-sequestration-{span}"] = net
        if index:
            known = (since[0] > 0) | (since[1] > 0)
            result[f"carbon-emissions-{span}"] = np.where(known, out, np.nan)
    result[f"carbon-stock-at-{LAST_YEAR}"] = stock[0] + stock[1] + rate[2]
    result["total-net-carbon-sequestration"] = whole
    return {name: np.where(inside, values, np.nan) for name, values in result.items()}


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--side", type=int, default=10_000)
    options.add_argument("--folder", type=Path, default=Path("build/bench"))
    options.add_argument("--runs", type=int, default=7)
    chosen = options.parse_args()
    maps, runner = class_maps(chosen.folder, chosen.side), Threads()
    given = inputs(maps)
    stack, _ = open_stack(list(maps.values()), [str(y) for y in maps], runner=runner)
    totals_of(given, runner)
    (_, read, read_cpu), (run, total, total_cpu) = least(
        chosen.runs, partial(read_only, stack, runner), partial(totals_of, given, runner)
    )
    peak_totals = peak_mb()
    ((_, drawn, drawn_cpu),) = least(3, partial(simulated, given, run))
    budget = INVEST_CPU_SECONDS_100MPX * chosen.side**2 / 1e8
    exact = InvestRun(
        run.trajectories, model(run.trajectories, given, LAST_YEAR, compat="invest-3.20")
    )
    folder = chosen.folder / "stock_rasters"
    cpu_note = f"CPU {total_cpu:.2f} of {read_cpu:.2f} s = {total_cpu / read_cpu:.2f}"
    lines = [
        ("totals / read", 2.0, total / read, f"{total:.2f} of {read:.2f} s read; {cpu_note}"),
        (f"{DRAWS} draws, s", 3.0, drawn, f"{drawn_cpu:.2f} CPU-s"),
    ]
    for compression, ratio in (("zstd", 100.0), ("lzw", 35.0)):
        work = partial(rasters, exact, folder, compression, runner)
        written, wall, cpu = timed(work)
        size = sum(path.stat().st_size for path in written.values()) / 1e6
        note = f"{budget / cpu:.0f} x less than InVEST, {wall:.1f} s wall, {size:.0f} MB"
        lines.append(
            (f"{len(invest_layers(exact))} rasters {compression}, CPU-s", budget / ratio, cpu, note)
        )
        worst = largest_difference(given, maps, written)
        lines.append((f"largest difference {compression}", VALUE_TOLERANCE, worst, "of a strip"))
    shutil.rmtree(folder, ignore_errors=True)
    print(f"peak memory: totals {peak_totals:.0f} MB, rasters {peak_mb():.0f} MB")
    return report(lines, len(run.trajectories.classes))


def report(lines: list[tuple[str, float, float, str]], trajectories: int) -> int:
    print(f"{trajectories} trajectories occur")
    print(f"{'what':34}{'must':>10}{'measured':>12}  ratio")
    for what, must, got, note in lines:
        mark = "" if got <= must else "  MISSED"
        print(f"{what:34}{must:>10.3g}{got:>12.3g}  {got / must:.2f}  {note}{mark}")
    return int(any(got > must for _, must, got, _ in lines))


if __name__ == "__main__":
    sys.exit(main())
