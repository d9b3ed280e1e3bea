"""Four indices and a mask from a Sentinel-2 tile, against reading the same blocks.

    python tests/bench/bench_indices.py [folder]

"read" decodes the same blocks through rasterio with the same threads and settings, in this run.
"summary" takes all indices and the mask of every pixel and keeps what they add up to, block by
block: the row of the table. "arrays" also leaves them in fresh memory, for comparison.
"""

from __future__ import annotations

import resource
import sys
import time
from functools import partial
from pathlib import Path

import rasterio
from raster_data import sentinel2_tile

from bluecarbon.mrv.blocks import Block, Threads, gdal_settings
from bluecarbon.mrv.index_blocks import IndexSource, blocks_of, read_indices, summarise

THREADS = Threads(2)
ROUNDS = 5
RATIO_MUST, RATIO_AIM = 1.3, 1.1
PEAK_MUST_MB, PEAK_AIM_MB = 300, 150


def read_only(source: IndexSource, block: Block) -> int:
    with gdal_settings(), rasterio.open(source.path) as dataset:
        return dataset.read(list(source.bands), window=block.window).size


def read_all(source: IndexSource) -> int:
    return sum(THREADS.results(partial(read_only, source), blocks_of(source)))


def array_only(source: IndexSource, block: Block) -> int:
    return read_indices(source, block).values.size


def make_all(source: IndexSource) -> int:
    """Every index and reason as an array in memory, as a classifier takes them."""
    return sum(THREADS.results(partial(array_only, source), blocks_of(source)))


def timed(work) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build/bench")
    source = IndexSource(sentinel2_tile(folder))
    warm = IndexSource(sentinel2_tile(folder, side=1024))
    summarise(warm, THREADS)
    make_all(warm)
    works = {"read": read_all, "arrays": make_all, "summary": lambda s: summarise(s, THREADS)}
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            runs[name].append(timed(lambda work=work: work(source)))
    best = {name: tuple(min(run[i] for run in of) for i in (0, 1)) for name, of in runs.items()}
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("4 indices + mask, 10980 x 10980 x 4 uint16, zstd, 2 threads")
    print("what | must | measured | ratio to read (of CPU)")
    for name, (wall, cpu) in best.items():
        ratio, of_cpu = wall / best["read"][0], cpu / best["read"][1]
        must = f"<= {RATIO_MUST} x read, aim {RATIO_AIM}" if name == "summary" else "-"
        print(f"{name} | {must} | {wall:.2f} s ({cpu:.2f} CPU-s) | {ratio:.2f} ({of_cpu:.2f})")
    print(f"peak memory | <= {PEAK_MUST_MB} MB, aim {PEAK_AIM_MB} | {peak_mb:.0f} MB |")
    missed = best["summary"][0] / best["read"][0] > RATIO_MUST
    return int(missed or peak_mb > PEAK_MUST_MB)


if __name__ == "__main__":
    sys.exit(main())
