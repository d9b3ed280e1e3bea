"""Every benchmark of rasters, one after another, and one table of what was kept and what missed.

    python tests/bench/run_all.py [--folder build/bench] [names ...]

Each draws the data that it does not find in the folder, from a fixed seed (``raster_data``,
``scene_data``, ``tile_data``); together they take about 3 GB. "Read" is measured by each in the
same run. Ends with 1 when a must is missed. With names, only those: ``run_all.py transitions``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
BENCHMARKS = {
    "transitions": "two class maps: transition matrix and true areas",
    "stock_tables": "four class maps: stocks, draws, the rasters of InVEST",
    "indices": "a Sentinel-2 tile: four indices and a mask",
    "mapping_unit": "minimum mapping unit",
    "zonal": "1,000 polygons on a class map",
    "classification": "a Sentinel-2 tile classified",
    "composites": "an annual composite of 24 scenes",
}
FOLDER_BY_NAME = {"transitions", "stock_tables", "mapping_unit", "zonal"}
"""Those that take the folder as an option; the others as their first argument."""


@dataclass(frozen=True)
class Outcome:
    """What a benchmark printed, and whether all its musts were kept."""

    name: str
    lines: tuple[str, ...]
    kept: bool
    seconds: float


def outcome(name: str, folder: Path) -> Outcome:
    """Run one benchmark in a process of its own: its memory and its imports are its own."""
    place = ["--folder", str(folder)] if name in FOLDER_BY_NAME else [str(folder)]
    command = [sys.executable, str(HERE / f"bench_{name}.py"), *place]
    started = time.perf_counter()
    done = subprocess.run(command, check=False, text=True, capture_output=True)
    lines = done.stdout.splitlines()
    if done.returncode not in {0, 1} or not lines:
        lines += [f"ended with {done.returncode}", *done.stderr.splitlines()[-5:]]
    return Outcome(name, tuple(lines), done.returncode == 0, time.perf_counter() - started)


def main() -> int:
    """The exit code: 1 when a must is missed or a benchmark fails."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHMARKS))
    options.add_argument("--folder", type=Path, default=Path("build/bench"))
    chosen = options.parse_args()
    if unknown := set(chosen.names) - set(BENCHMARKS):
        options.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    chosen.folder.mkdir(parents=True, exist_ok=True)
    outcomes = []
    for name in chosen.names or BENCHMARKS:
        outcomes.append(outcome(name, chosen.folder.resolve()))
        print(f"\n== {name}: {BENCHMARKS[name]}", *outcomes[-1].lines, sep="\n", flush=True)
    print(f"\n{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the end")
    print(f"{'benchmark':20}{'seconds':>9}  musts")
    for one in outcomes:
        print(f"{one.name:20}{one.seconds:>9.0f}  {'kept' if one.kept else 'MISSED'}")
    return int(not all(one.kept for one in outcomes))


if __name__ == "__main__":
    sys.exit(main())
