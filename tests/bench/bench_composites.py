"""An annual composite of 24 scenes with 6 bands, 1 Gpx of input, against reading the same blocks.

    python tests/bench/bench_composites.py [folder]

"read" decodes the same blocks of bands and mask through rasterio with the same threads and
settings, in this run.
"""

from __future__ import annotations

import resource
import sys
import time
from functools import partial
from pathlib import Path

import rasterio
from scene_data import BAND_NAMES, scenes

from bluecarbon.mrv.blocks import Block, Threads, gdal_settings
from bluecarbon.mrv.composites import CompositeScene, blocks_of, composites

THREADS = Threads(2)
ROUNDS = 3
RATIO_MUST, RATIO_AIM = 1.5, 1.2
PEAK_MUST_MB = 2_000
SCL_TABLE = (1, 2, 0, 3, 0, 0, 0, 0, 4, 4, 4, 5)


def read_only(sources: tuple[CompositeScene, ...], block: Block) -> int:
    total = 0
    for source in sources:
        with gdal_settings(), rasterio.open(source.path) as dataset:
            total += dataset.read(list(source.bands), window=block.window).size
            dataset.read(source.mask_band, window=block.window)
    return total


def read_all(sources: tuple[CompositeScene, ...]) -> int:
    return sum(THREADS.results(partial(read_only, sources), blocks_of(sources)))


def composite_all(sources: tuple[CompositeScene, ...]) -> int:
    parts = composites(sources, "median", runner=THREADS)
    return sum(part.reflectance.size for _, part in parts)


def timed(work) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def sources_of(folder: Path, side: int, count: int) -> tuple[CompositeScene, ...]:
    bands = tuple(range(1, len(BAND_NAMES) + 1))
    more = {"scale": 1e-4, "mask_band": len(bands) + 1, "mask_table": SCL_TABLE}
    found = scenes(folder, side, count)
    return tuple(CompositeScene(path, date, bands, **more) for date, path in found.items())


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build/bench") / "scenes"
    composite_all(sources_of(folder, 300, 3))
    sources = sources_of(folder, 2_640, 24)
    works = {"read": read_all, "median": composite_all}
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            runs[name].append(timed(lambda work=work: work(sources)))
    best = {name: tuple(min(run[i] for run in of) for i in (0, 1)) for name, of in runs.items()}
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("median composite of 24 scenes x 6 bands x 2640 x 2640 (1.0 Gpx) and mask, 2 threads")
    print("what | must | measured | ratio to read (of CPU)")
    for name, (wall, cpu) in best.items():
        ratio, of_cpu = wall / best["read"][0], cpu / best["read"][1]
        must = "-" if name == "read" else f"<= {RATIO_MUST} x read, aim {RATIO_AIM}"
        print(f"{name} | {must} | {wall:.2f} s ({cpu:.2f} CPU-s) | {ratio:.2f} ({of_cpu:.2f})")
    print(f"peak memory | < {PEAK_MUST_MB} MB | {peak_mb:.0f} MB |")
    return int(best["median"][0] / best["read"][0] > RATIO_MUST or peak_mb >= PEAK_MUST_MB)


if __name__ == "__main__":
    sys.exit(main())
