"""A whole Sentinel-2 tile classified: the mask and the early end of the walk against all trees.

    python tests/bench/bench_classification.py [folder] [side]

The plain random forest (scikit-learn, all trees for every pixel, two jobs) is timed on a part of
the tile and extrapolated by pixels; the map is compared with that of the plain forest there and in
strips over the whole tile (by the tested twin of scikit-learn's predict).
"""

from __future__ import annotations

import dataclasses
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import rasterio
from rasterio.windows import Window
from sklearn.ensemble import RandomForestClassifier
from tile_data import BANDS, elevation_of, labels, tile

from bluecarbon.mrv.blocks import Threads
from bluecarbon.mrv.classifiers import TreeModel, fit_model
from bluecarbon.mrv.classify_blocks import TileMap, TileTask, classify_tile
from bluecarbon.mrv.kernels.trees import sums
from bluecarbon.mrv.mapping import stacked_features
from bluecarbon.mrv.model_files import save_model
from bluecarbon.project import Candidates, Covariate, Mapping

INDICES = ("ndvi", "ndwi", "mndwi", "lswi", "mvi")
RULES = Candidates(elevation_max_m=12.0, ndwi_max=0.2, ndvi_min=0.2)
TREES, LABELS, JOBS = 100, 4_000, 2
MUST_SECONDS, MUST_DIFFERENCE = 120.0, 0.001
PLAIN_PIXELS = 400_000
STRIPS = 12


def scene_features(numbers: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    """Ten features (pixels, 10): four bands, elevation, five indices."""
    bands = {
        name: layer.astype(np.float32) * np.float32(1e-4)
        for name, layer in zip(BANDS, numbers, strict=True)
    }
    return stacked_features(bands | {"elevation": elevation}, INDICES)


def training(scene: Path, terrain: Path, side: int) -> tuple[np.ndarray, np.ndarray]:
    numbers, elevation, codes = labels(scene, terrain, side, LABELS)
    features = scene_features(numbers, elevation)
    return features, np.where(codes == 7, 1, codes).astype(np.uint8)


def plain_seconds(features: np.ndarray, codes: np.ndarray, pixels: np.ndarray) -> float:
    """Seconds that scikit-learn's own forest takes for ``pixels``."""
    forest = RandomForestClassifier(TREES, random_state=0, n_jobs=1).fit(features, codes)
    forest.set_params(n_jobs=JOBS)
    started = time.perf_counter()
    forest.predict(pixels)
    return time.perf_counter() - started


def differences(
    path: Path, model: TreeModel, scene: Path, terrain: Path, side: int
) -> tuple[float, float, int]:
    """Shares of pixels whose mangrove, and whose class, is not that of the whole forest."""
    mangrove = classes = pixels = 0
    with rasterio.open(scene) as source, rasterio.open(path) as made:
        for row in np.linspace(0, side - 32, STRIPS).astype(int):
            window = Window(0, int(row), side, 32)
            numbers = source.read(window=window)
            seen = (numbers != 0).any(axis=0)
            features = scene_features(numbers[:, seen], elevation_of(terrain, scene, window)[seen])
            whole = model.classes[sums(features, model.trees).argmax(axis=1)]
            ours = made.read(1, window=window)[seen]
            mangrove += int(((whole == 1) != (ours == 1)).sum())
            classes += int((whole != ours).sum())
            pixels += whole.size
    return mangrove / pixels, classes / pixels, pixels


def read_seconds(scene: Path, side: int) -> float:
    """Seconds to read the scene through rasterio, in the same order, without computing."""
    started = time.perf_counter()
    with rasterio.Env(GDAL_CACHEMAX=64), rasterio.open(scene) as source:
        for row in range(0, side, 512):
            source.read(window=Window(0, row, side, min(512, side - row)))
    return time.perf_counter() - started


@dataclass(frozen=True)
class Run:
    """One tile classified in a process of its own."""

    made: TileMap
    messages: tuple[str, ...]
    seconds: float
    cpu: float
    peak_mb: float


def timed(task: TileTask, target: Path) -> Run:
    """Classify, and say what it took; imports and compiling count."""
    started, cpu = time.perf_counter(), time.process_time()
    made, findings = classify_tile(task, target, runner=Threads(JOBS))
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    # not getrusage: a child's peak there begins with what its parent held
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak_mb = int(status.split("VmHWM:")[1].split()[0]) / 1024
    return Run(made, tuple(f.message for f in findings), seconds, cpu, peak_mb)


def in_a_process(task: TileTask, target: Path) -> Run:
    """The same in a fresh process, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(timed, task, target).result()


def main() -> int:
    """Print what must be, what was measured, and whether it is enough."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build/bench")
    side = int(sys.argv[2]) if len(sys.argv) > 2 else 10_980
    scene, terrain = tile(folder, side)
    features, codes = training(scene, terrain, side)
    mapping = Mapping(trees=TREES, seed=0, indices=INDICES)
    names = (*BANDS, "elevation", *INDICES)
    model = fit_model(features, codes, mapping, names=names)
    save_model(folder / "model.npz", model)
    elevation = Covariate(name="elevation", path=str(terrain), kind="elevation")
    task = TileTask(
        scene, BANDS, folder / "model.npz", rules=RULES, covariates=((elevation, terrain),)
    )
    with rasterio.open(scene) as source:
        numbers = source.read(window=Window(side // 3, side // 3, side // 3, 512)).reshape(4, -1)
        height = elevation_of(terrain, scene, Window(side // 3, side // 3, side // 3, 512)).ravel()
    pixels = scene_features(numbers, height)[:: max(1, numbers.shape[1] // PLAIN_PIXELS)]
    model.predict(pixels[:100])  # compile outside the clock
    read = read_seconds(scene, side)
    masked = in_a_process(task, folder / "classes.tif")
    whole = in_a_process(dataclasses.replace(task, rules=None), folder / "classes_all.tif")
    plain = plain_seconds(features, codes, pixels)
    extrapolated = plain / len(pixels) * side * side
    share = masked.made.left_out.get("candidate", 0) / (side * side)
    for message in masked.messages:
        print(message)
    print(f"{side} x {side}, {len(names)} features, {TREES} trees, candidates {share:.1%}")
    print(f"read                      {read:8.1f} s")
    print(f"plain forest, 2 jobs      {extrapolated:8.1f} s (from {len(pixels):,} pixels)")
    kept = masked.seconds <= MUST_SECONDS
    for name, run in (("with the mask", masked), ("without a mask", whole)):
        mangrove, classes, compared = differences(run.made.path, model, scene, terrain, side)
        kept = kept and mangrove <= MUST_DIFFERENCE
        print(f"tile {name:<20} {run.seconds:8.1f} s, {run.cpu:.1f} CPU-s, {run.peak_mb:.0f} MB")
        print(f"  mangrove differs        {mangrove:8.5%} of {compared:,} pixels")
        print(f"  any class differs       {classes:8.5%}")
    print(f"must: {MUST_SECONDS:.0f} s with the mask, mangrove within {MUST_DIFFERENCE:.1%}")
    print("kept" if kept else "MISSED")
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
