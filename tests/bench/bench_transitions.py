"""Transition matrix and true areas by stratum of two class maps. Run: python bench_transitions.py

Must: at most 1.5 x reading the same blocks; a process of at most 1.2 s for 100 Mpx from start to
answer; at most 250 MB at 25, 100 and 400 Mpx. Times are the least of many turns in one process, or
of a process of its own with all its imports ("process"). The machine code is made before, in a
process that nobody times: that happens once for each version and processor.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import raster_data
import rasterio

from bluecarbon.mrv.blocks import Threads, gdal_settings
from bluecarbon.mrv.map_stack import open_stack
from bluecarbon.mrv.transitions import DatedMap, blocks_of, transition_areas

SIDES = (5_000, 10_000, 20_000)
RATIO_MUST, PROCESS_MUST_S, PEAK_MUST_MB = 1.5, 1.2, 250
TIMED_SIDE = 10_000

INNER = """
import json, sys, time
from pathlib import Path
from bench_transitions import inner
print(json.dumps(inner([Path(p) for p in sys.argv[2:]], int(sys.argv[1]))))
"""

PROCESS = """
import sys
from pathlib import Path
from bluecarbon.mrv.transitions import DatedMap, transition_areas
first, last, strata = (Path(p) for p in sys.argv[1:])
maps = [DatedMap(2010, first), DatedMap(2020, last)]
table, findings = transition_areas(maps, strata=strata)
print(len(table.matrix_ha(2010, 2020)), [l for l in open("/proc/self/status") if "VmHWM" in l][0])
"""


def read_all(own, paths, block):
    """What is read and nothing else: the same blocks by the same threads under the same settings.

    Files are opened once by each thread, in ``own``, a ``threading.local``.
    """
    with gdal_settings():
        if not hasattr(own, "files"):
            own.files = [rasterio.open(path) for path in paths]
        for dataset in own.files:
            dataset.read(1, window=block.window)


def read_by_threads(paths, blocks):
    return list(Threads().results(partial(read_all, threading.local(), paths), blocks))


def inner(paths, runs):
    """Best wall and CPU seconds of reading, and of counting without and with strata.

    They take turns, so that a busy machine is busy for all of them.
    """
    maps = [DatedMap(2010, paths[0]), DatedMap(2020, paths[1])]
    stack, _ = open_stack(paths, [path.name for path in paths], runner=Threads())
    blocks = blocks_of(stack)
    work = {
        "read 2": lambda: read_by_threads(paths[:2], blocks),
        "count 2": lambda: transition_areas(maps),
        "read 3": lambda: read_by_threads(paths, blocks),
        "count 3": lambda: transition_areas(maps, strata=paths[2]),
    }
    best = {name: [1e9, 1e9] for name in work}
    for run in range(runs + 1):
        for name, job in work.items():
            wall, cpu = time.perf_counter(), time.process_time()
            job()
            spent = time.perf_counter() - wall, time.process_time() - cpu
            if run:  # the first run loads machine code, and the files into the system's cache
                best[name] = [min(pair) for pair in zip(best[name], spent, strict=True)]
    return best


def process(paths):
    """Wall seconds and peak memory (MB) of a process that answers once."""
    wall = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", PROCESS, *map(str, paths)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return time.perf_counter() - wall, int(done.stdout.split()[-2]) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/bench"))
    parser.add_argument("--runs", type=int, default=25)
    parser.add_argument("--processes", type=int, default=5)
    options = parser.parse_args()
    missed = False
    print(f"{'what':44}{'must':>10}{'measured':>10}{'ratio':>8}")

    def row(what, must, measured, unit, ratio=""):
        nonlocal missed
        over = must is not None and measured > must
        missed |= over
        limit = "" if must is None else f"{must:g} {unit}"
        print(
            f"{what:44}{limit:>10}{measured:>7.2f} {unit:2}{ratio:>8}{'  MISSED' if over else ''}"
        )

    for side in SIDES:
        maps = raster_data.class_maps(options.folder, side)
        paths = [maps[2010], maps[2020], raster_data.strata_map(options.folder, side)]
        mpx = side * side // 1_000_000
        if side == TIMED_SIDE:
            command = [sys.executable, "-c", INNER, str(options.runs), *map(str, paths)]
            here = {"cwd": Path(__file__).parent, "capture_output": True}
            paths = [path.resolve() for path in paths]
            command[4:] = [str(path) for path in paths]
            best = json.loads(subprocess.run(command, check=True, text=True, **here).stdout)
            for number, what in ((2, "without strata"), (3, "with a strata raster")):
                (read, read_cpu), (count, count_cpu) = (
                    best[f"read {number}"],
                    best[f"count {number}"],
                )
                row(f"{mpx} Mpx read {number} files (CPU {read_cpu:.2f} s)", None, read, "s")
                must = RATIO_MUST * read
                row(
                    f"{mpx} Mpx counted {what} (CPU {count_cpu:.2f} s)",
                    round(must, 3), count, "s", f"{count / read:.2f} x",
                )  # fmt: skip
        results = [process(paths) for _ in range(options.processes)]
        wall, peak = min(r[0] for r in results), max(r[1] for r in results)
        row(f"{mpx} Mpx process", PROCESS_MUST_S if side == TIMED_SIDE else None, wall, "s")
        row(f"{mpx} Mpx peak memory", PEAK_MUST_MB, peak, "MB")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
