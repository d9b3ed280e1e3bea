"""What a block costs: CPU seconds and bytes per gigapixel of ground, and a national run from them.

    python tests/bench/bench_blocks.py [--side 10000] [--folder build/bench] [--gigapixels 100]

Works on four class maps (2010 ... 2020) and a raster of strata, drawn from a seed. Each step is the
one that the commands run; CPU seconds are of all threads, the least of some runs, because a
machine that is shared takes longer but computes the same. "Sent" is what workers send back to the
caller: tables, or the pixels of a map that is written. "Peak" is the highest so far.
A step is held to the price that docs/rasters.md reckons with: the exit code is 1 above it.
"""

from __future__ import annotations

import argparse
import os
import pickle
import resource
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import shapely
from raster_data import CLASSES, YEARS, class_maps, strata_map

from bluecarbon.mrv.blocks import Threads
from bluecarbon.mrv.change_areas import Period
from bluecarbon.mrv.change_files import ChangeRules, write_change_maps, write_cleaned_maps
from bluecarbon.mrv.change_patches import patches_of_file
from bluecarbon.mrv.map_stack import open_stack
from bluecarbon.mrv.minimum_mapping_unit import MappingUnit
from bluecarbon.mrv.transitions import DatedMap, transition_areas
from bluecarbon.mrv.zonal import zonal_areas

HOUR = 3600.0


@dataclass
class Weighing:
    """Threads that weigh what each block sends back, as a cluster would have to carry it."""

    blocks: int = 0
    sent: int = 0
    runner: Threads = field(default_factory=Threads)

    def results(self, work, items):
        for answer in self.runner.results(work, items):
            self.blocks += 1
            self.sent += len(pickle.dumps(answer))
            yield answer


@dataclass(frozen=True)
class Step:
    """One kind of work, its limit in CPU seconds per gigapixel of ground, and what it did."""

    what: str
    must: float
    cpu: float
    wall: float
    sent: int
    written: int
    peak_mb: float


@dataclass(frozen=True)
class Coast:
    maps: tuple[DatedMap, ...]
    strata: Path
    folder: Path
    legend: dict[int, str]

    def stack(self, dates: int):
        chosen = self.maps[-dates:]
        paths, names = [m.path for m in chosen], [m.subject for m in chosen]
        return chosen, open_stack(paths, names, runner=Threads())[0]


def read_block(stack, block) -> None:
    stack.read(block)


def read(coast: Coast, dates: int, runner) -> None:
    _, stack = coast.stack(dates)
    for _ in runner.results(partial(read_block, stack), stack.blocks):
        pass


def transitions(coast: Coast, dates: int, strata: Path | None, runner) -> None:
    maps, _ = coast.stack(dates)
    table, found = transition_areas(maps, strata=strata, runner=runner)
    assert table is not None, found


def zonal(coast: Coast, runner) -> None:
    """A thousand squares of about 1 km2 in rows over the map."""
    item, stack = coast.maps[-1], coast.stack(1)[1]
    outline = stack.grid.footprint().bounds
    side = 32
    width, height = (outline[2] - outline[0]) / side, (outline[3] - outline[1]) / side
    shapes = {
        f"{row} {column}": shapely.box(x, y, x + width / 3, y + height / 3)
        for row in range(side)
        for column in range(side)
        for x, y in [(outline[0] + column * width, outline[1] + row * height)]
    }
    table, found = zonal_areas(item, shapes, runner=runner)
    assert table is not None, found


def change_maps(coast: Coast, folder: Path, runner) -> None:
    maps, stack = coast.stack(2)
    rules = ChangeRules(CLASSES[0], coast.legend, frozenset({0}))
    _, found = write_change_maps(maps, stack, rules, folder, runner=runner)
    assert not found


def patches(change_map: Path, runner) -> None:
    """Loss of one period as polygons; of these maps most are single pixels of noise."""
    drawn, found = patches_of_file(change_map, "loss", Period(*YEARS[-2:]))
    assert drawn is not None, found


def cleaned(coast: Coast, folder: Path, runner) -> None:
    maps, stack = coast.stack(len(coast.maps))
    unit = MappingUnit()
    rules = ChangeRules(CLASSES[0], coast.legend, frozenset({0}), True, unit)
    _, found = write_cleaned_maps(maps, stack, rules, folder, runner=runner)
    assert not found


def measured(what: str, must: float, work: Callable[..., None], coast: Coast, runs: int) -> Step:
    """The least of some runs, per gigapixel of ground; files are made anew and removed."""
    pixels = coast.stack(1)[1].grid
    share = pixels.height * pixels.width / 1e9
    folder = coast.folder / "blocks"
    cpu, wall, written, weighing = [], [], 0, Weighing()
    for _ in range(runs):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        weighing = Weighing()
        started, spent = time.perf_counter(), time.process_time()
        work(runner=weighing)
        wall.append(time.perf_counter() - started)
        cpu.append(time.process_time() - spent)
        written = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    shutil.rmtree(folder, ignore_errors=True)
    return Step(
        what,
        must,
        min(cpu) / share,
        min(wall) / share,
        int(weighing.sent / share),
        int(written / share),
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    )


def steps(coast: Coast, runs: int) -> list[Step]:
    """What is counted, then what is written: the peak of memory grows in this order."""
    folder, kept = coast.folder / "blocks", coast.folder / "change"
    works = [
        ("read 2 maps", 6, partial(read, coast, 2)),
        ("transitions, 2 dates", 10, partial(transitions, coast, 2, None)),
        ("transitions, 2 dates, strata", 16, partial(transitions, coast, 2, coast.strata)),
        ("transitions, 4 dates", 18, partial(transitions, coast, 4, None)),
        ("zonal, 1,024 polygons", 10, partial(zonal, coast)),
    ]
    done = [measured(what, must, work, coast, runs) for what, must, work in works]
    done.append(measured("change map, COG", 40, partial(change_maps, coast, folder), coast, 1))
    work = partial(cleaned, coast, folder)
    done.append(measured("rules on 4 dates, COG", 140, work, coast, 1))
    kept.mkdir(parents=True, exist_ok=True)
    change_maps(coast, kept, Threads())
    change_map = kept / f"change_{YEARS[-2]}_{YEARS[-1]}.tif"
    done.append(measured("loss polygons", 200, partial(patches, change_map), coast, 1))
    return done


def report(done: list[Step], coast: Coast, gigapixels: float) -> int:
    cores = os.cpu_count() or 1
    stored = sum(item.path.stat().st_size for item in coast.maps)
    grid = coast.stack(1)[1].grid
    per_gpx = stored / len(coast.maps) / (grid.height * grid.width / 1e9)
    print(f"per gigapixel of ground (10 million ha at 10 m), {cores} cores, side {grid.height}")
    print(f"one class map: {per_gpx / 1e6:.0f} MB in its file")
    print(
        f"{'what':32}{'must':>9}{'CPU-s':>9}{'wall s':>9}{'sent MB':>9}{'written MB':>12}"
        f"{'peak MB':>9}{f'{gigapixels:g} Gpx, core-h':>19}"
    )
    for step in done:
        mark = "" if step.cpu <= step.must else "  MISSED"
        print(
            f"{step.what:32}{step.must:>9.0f}{step.cpu:>9.1f}{step.wall:>9.1f}"
            f"{step.sent / 1e6:>9.1f}{step.written / 1e6:>12.0f}"
            f"{step.peak_mb:>9.0f}{step.cpu * gigapixels / HOUR:>19.2f}{mark}"
        )
    return int(any(step.cpu > step.must for step in done))


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--side", type=int, default=10_000)
    options.add_argument("--folder", type=Path, default=Path("build/bench"))
    options.add_argument("--gigapixels", type=float, default=100.0)
    options.add_argument("--runs", type=int, default=3)
    chosen = options.parse_args()
    paths = class_maps(chosen.folder, chosen.side)
    coast = Coast(
        tuple(DatedMap(year, paths[year]) for year in YEARS),
        strata_map(chosen.folder, chosen.side),
        chosen.folder,
        {code: f"class {code}" for code in CLASSES},
    )
    return report(steps(coast, chosen.runs), coast, chosen.gigapixels)


if __name__ == "__main__":
    sys.exit(main())
