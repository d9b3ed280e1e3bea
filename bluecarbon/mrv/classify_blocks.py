"""The class map of a whole scene, block by block: a Sentinel-2 tile in bounded memory.

Three things make it quick. Most of a coastal tile cannot be mangrove, and the candidate mask says
why for each pixel; a pixel leaves the forest as soon as the trees that are left cannot change its
class; and blocks run beside each other. None of them changes the class of a candidate: it is the
one that the whole forest gives. What the mask leaves out is counted by reason and audited.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.vrt import WarpedVRT

from bluecarbon.errors import DataError
from bluecarbon.mrv.blocks import Block, Runner, Threads, gdal_settings, tile_blocks
from bluecarbon.mrv.candidates import AUDITED_PIXELS, MAPPED_AS, REASONS, Ground, candidate_reasons
from bluecarbon.mrv.class_maps import CODE_MANGROVE, CODE_UNOBSERVED, LEGEND
from bluecarbon.mrv.classifiers import TreeModel
from bluecarbon.mrv.colours import CLASS_COLOURS, colour_table
from bluecarbon.mrv.covariates import decibels, judge_covariate
from bluecarbon.mrv.exports import as_cog, replacing
from bluecarbon.mrv.indices import INDICES, compute_index
from bluecarbon.mrv.mapping import stacked_features
from bluecarbon.mrv.model_files import load_model
from bluecarbon.mrv.rasters import Grid, opened, read_grid, unreadable
from bluecarbon.mrv.water_distance import CoarseDistance, coarse_distance, water_cells
from bluecarbon.project import Candidates, Covariate
from bluecarbon.spec import Finding, errors_in

BLOCK_PIXELS_MOST = 2**20
"""With four bands and their indices a block of a million pixels takes some 60 MB."""

PIXELS_PER_TASK = 40_000
BY_BLOCK = ("elevation", "radar-power", "number")
"""Covariates that a block knows without its neighbours."""

Codes = NDArray[np.uint8]
Layer = NDArray[np.float32]
Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class TileTask:
    """What is to be classified; small and picklable, so that it travels to workers.

    Attributes
    ----------
    scene : the raster with ``bands``, in the order of the file
    scale, offset : reflectance = number x scale + offset
    model : a file of :func:`bluecarbon.mrv.model_files.save_model`
    rules : the candidate mask; None classifies everything
    covariates : layers with the files they are read from, of kind elevation, radar-power or number
    seed : which of the pixels that are left out are audited
    """

    scene: Path
    bands: tuple[str, ...]
    model: Path
    scale: float = 1e-4
    offset: float = 0.0
    rules: Candidates | None = None
    covariates: tuple[tuple[Covariate, Path], ...] = ()
    seed: int = 0


@dataclass(frozen=True)
class TileMap:
    """What a classified scene adds up to, in pixels.

    ``left_out`` by reason (of ``candidates.REASONS``), ``classes`` by class name, and of the
    ``audited`` pixels that were left out, how many the classifier calls mangrove.
    """

    path: Path
    left_out: dict[str, int]
    classes: dict[str, int]
    audited: int
    hidden: int


@dataclass(frozen=True)
class _Done:
    codes: Codes
    reasons: NDArray[np.int64]
    audited: int
    hidden: int


class BrokenFileError(Exception):
    """A file that ends early, met by a worker; its argument is the finding."""


@contextmanager
def _reading(path: Path, what: str) -> Iterator[rasterio.DatasetReader]:
    """A dataset for one block."""
    try:
        with gdal_settings(), opened(path) as dataset:
            yield dataset
    except RasterioError as error:
        raise BrokenFileError(unreadable(path.name, what, error)) from error


def classify_tile(
    task: TileTask, target: Path, *, runner: Runner | None = None
) -> tuple[TileMap | None, Findings]:
    """Write the class map of a scene as a cloud-optimised GeoTIFF; the same bytes on any runner.

    Findings: those of :func:`check_task`, ``candidates-left-out`` (info) and
    ``candidates-hide-mangrove`` (warning) in pixels.

    Raises
    ------
    OutputError
        The place cannot be written.
    """
    grid, found = check_task(task)
    if grid is None:
        return None, found
    runner = runner or Threads()
    blocks = task_blocks(task)
    totals = np.zeros(len(REASONS), np.int64)
    classes = np.zeros(256, np.int64)
    audited = hidden = 0
    try:
        distance = _distance(task, grid, blocks, runner)
        work = partial(_classified, task=task, distance=distance, share=_audit_share(grid))
        with replacing(target.with_name(f".tiled-{target.name}")) as tiled:
            with _map_file(tiled, grid) as file:
                for block, done in zip(blocks, runner.results(work, blocks), strict=True):
                    file.write(done.codes, 1, window=block.window)
                    totals += done.reasons
                    classes += np.bincount(done.codes.ravel(), minlength=256)
                    audited, hidden = audited + done.audited, hidden + done.hidden
            as_cog(tiled, target, resampling="mode")
    except BrokenFileError as broken:
        return None, (*found, broken.args[0])
    finally:
        target.with_name(f".tiled-{target.name}").unlink(missing_ok=True)
    made = TileMap(
        target,
        {name: int(n) for name, n in zip(REASONS, totals, strict=True) if n},
        {name: int(classes[code]) for code, name in LEGEND.items() if classes[code]},
        audited,
        hidden,
    )
    return made, (*found, *_remarks(task, made))


def check_task(task: TileTask) -> tuple[Grid | None, Findings]:
    """The grid of the scene, or what keeps it from being classified.

    Findings: those of a grid and of a model; ``scene-band-count``, ``model-features-differ``,
    ``covariate-not-by-block``, ``candidates-no-elevation``, those of :func:`covariate_findings`.
    """
    grid, found = read_grid(task.scene, task.scene.name, what="scene")
    model, more = load_model(task.model)
    found += (*more, *_declared_findings(task, model))
    if grid is not None:
        with opened(task.scene) as dataset:
            count = dataset.count
        if count != len(task.bands):
            message = f"the file has {count} bands, {len(task.bands)} are named"
            found += (Finding.error("scene-band-count", task.scene.name, message),)
    found += () if grid is None else covariate_findings(task, grid)
    return (None if errors_in(found) else grid), found


def covariate_findings(task: TileTask, grid: Grid) -> Findings:
    """What the files of the covariates say on the grid of the scene: :func:`judge_covariate`."""
    judged = (judge_covariate(path, declared, grid) for declared, path in task.covariates)
    return tuple(finding for findings in judged for finding in findings)


def _declared_findings(task: TileTask, model: TreeModel | None) -> Iterator[Finding]:
    names = (*task.bands, *(declared.name for declared, _ in task.covariates))
    if model is not None:
        spectral = [name for name in model.features if name not in names]
        unknown = [name for name in spectral if name not in INDICES]
        if model.features != (*names, *spectral) or unknown:
            message = f"was trained on {', '.join(model.features)}; given are {', '.join(names)}"
            fix = "name the bands and covariates of the training, in its order"
            yield Finding.error("model-features-differ", task.model.name, message, fix=fix)
    for declared, path in task.covariates:
        if declared.kind not in BY_BLOCK:
            message = f"a covariate of kind {declared.kind} needs the neighbours of a block"
            fix = f"compute it first, and give it as kind number; by block: {', '.join(BY_BLOCK)}"
            yield Finding.error("covariate-not-by-block", path.name, message, fix=fix)
    kinds = {declared.kind for declared, _ in task.covariates}
    if task.rules and task.rules.elevation_max_m is not None and "elevation" not in kinds:
        message = "elevation_max_m is given, but no covariate of kind elevation"
        yield Finding.error("candidates-no-elevation", "[mapping.candidates]", message)


def task_blocks(task: TileTask) -> tuple[Block, ...]:
    """Blocks of whole tiles of the scene."""
    with opened(task.scene) as dataset:
        rows, columns = dataset.block_shapes[0]
        height, width = dataset.height, dataset.width
    return tile_blocks(
        height,
        width,
        tile_rows=max(rows, 256),
        tile_columns=columns,
        pixels_most=BLOCK_PIXELS_MOST,
    )


def _map_file(path: Path, grid: Grid) -> rasterio.DatasetWriter:
    profile = {
        "driver": "GTiff", "dtype": "uint8", "count": 1, "nodata": 0, "crs": grid.crs,
        "transform": grid.transform, "height": grid.height, "width": grid.width,
        "tiled": True, "blockxsize": 512, "blockysize": 512,
        "compress": "zstd", "zstd_level": 1, "bigtiff": "if_safer",
    }  # fmt: skip
    file = rasterio.open(path, "w", **profile)
    file.update_tags(**{f"class_{code:03d}": name for code, name in sorted(LEGEND.items())})
    file.write_colormap(1, colour_table(LEGEND, CLASS_COLOURS))
    return file


def _audit_share(grid: Grid) -> float:
    return min(1.0, AUDITED_PIXELS / (grid.height * grid.width))


def _distance(
    task: TileTask, grid: Grid, blocks: Sequence[Block], runner: Runner
) -> CoarseDistance | None:
    """The distance to large water where the rules ask for it: one more reading of the scene."""
    if task.rules is None or task.rules.water_distance_max_m is None:
        return None
    cells = runner.results(partial(_water_cells, task=task), blocks)
    return coarse_distance(cells, grid, area_min_ha=task.rules.water_area_min_ha)


def _water_cells(block: Block, *, task: TileTask) -> NDArray[np.intp]:
    bands, empty = _bands(block, task, only=("green", "swir1"))
    return water_cells((compute_index("mndwi", bands) > 0) & ~empty, block)


def _bands(
    block: Block, task: TileTask, *, only: tuple[str, ...] = ()
) -> tuple[dict[str, Layer], NDArray[np.bool_]]:
    """Reflectance (rows, columns) of a block by band, and where the scene has nothing."""
    wanted = only or task.bands
    numbers_of = [task.bands.index(name) + 1 for name in wanted]
    with _reading(task.scene, "scene") as dataset:
        numbers = dataset.read(numbers_of, window=block.window)
        nodata = dataset.nodatavals[0]
    empty = empty_pixels(numbers, nodata)
    scale, offset = np.float32(task.scale), np.float32(task.offset)
    return {
        name: layer.astype(np.float32) * scale + offset
        for name, layer in zip(wanted, numbers, strict=True)
    }, empty


def empty_pixels(numbers: NDArray[Any], nodata: float | None) -> NDArray[np.bool_]:
    """Where an image (bands, rows, columns) has no number: (rows, columns)."""
    # Without a nodata tag a pixel that is 0 in all bands is the black frame of a scene.
    empty = (numbers == (0 if nodata is None else nodata)).all(axis=0)
    if np.issubdtype(numbers.dtype, np.floating):
        empty |= ~np.isfinite(numbers).all(axis=0)
    return np.asarray(empty, dtype=np.bool_)


def block_layers(block: Block, task: TileTask) -> tuple[dict[str, Layer], NDArray[np.bool_]]:
    """Bands and covariates (rows, columns) of a block, and where the scene has nothing."""
    layers, empty = _bands(block, task)
    for declared, path in task.covariates:
        layers[declared.name] = _covariate(declared, path, scene=task.scene, block=block)
    return layers, empty


def _covariate(declared: Covariate, path: Path, *, scene: Path, block: Block) -> Layer:
    """A covariate on the pixels of a block."""
    with _reading(scene, "scene") as like, _reading(path, "covariate") as dataset:
        place = {"crs": like.crs, "transform": like.transform}
        size = {"height": like.height, "width": like.width}
        method = Resampling[declared.resampling]
        with WarpedVRT(
            dataset, resampling=method, dtype="float32", nodata=np.nan, **place, **size
        ) as aligned:
            values = aligned.read(declared.band, window=block.window)
    return decibels(values) if declared.kind == "radar-power" else values


def _classified(
    block: Block, *, task: TileTask, distance: CoarseDistance | None, share: float
) -> _Done:
    """The codes of a block, its pixels by reason, and the audit of those that are left out."""
    model = task_model(task.model, task.model.stat().st_mtime_ns)
    bands, empty = block_layers(block, task)
    heights = [bands[given.name] for given, _ in task.covariates if given.kind == "elevation"]
    elevation = heights[-1] if heights else None
    reasons = np.zeros(empty.shape, np.uint8)
    if task.rules is not None:
        far = None if distance is None else distance.of(block)
        reasons = candidate_reasons(Ground(bands, elevation, far), task.rules)
    codes = np.where(empty, CODE_UNOBSERVED, MAPPED_AS[reasons]).astype(np.uint8)
    inside = (reasons == 0) & ~empty
    codes[inside] = _predicted(model, bands, inside)
    audit = _audit(
        reasons, empty, share, np.random.default_rng([task.seed, block.row, block.column])
    )
    hidden = int((_predicted(model, bands, audit) == CODE_MANGROVE).sum())
    counts = np.bincount(reasons[~empty], minlength=len(REASONS))
    return _Done(codes, counts, int(audit.sum()), hidden)


@lru_cache(maxsize=2)
def task_model(path: Path, written_ns: int) -> TreeModel:  # noqa: ARG001 - a new file is read anew
    """The model, read once by every process. DataError when the file was damaged meanwhile."""
    model, found = load_model(path)
    if model is None:
        raise DataError(found)
    return model


def _audit(
    reasons: Codes, empty: NDArray[np.bool_], share: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    left_out = (reasons > 0) & ~empty
    return np.asarray(left_out & (rng.random(reasons.shape, dtype=np.float32) < share))


def _predicted(model: TreeModel, bands: dict[str, Layer], where: NDArray[np.bool_]) -> Codes:
    """The class of the pixels of a block that are asked for, in the order of the array."""
    rows, columns = np.nonzero(where)
    indices = model.features[len(bands) :]
    parts = [np.zeros(0, np.uint8)]
    for start in range(0, len(rows), PIXELS_PER_TASK):
        here = rows[start : start + PIXELS_PER_TASK], columns[start : start + PIXELS_PER_TASK]
        picked = {name: layer[here] for name, layer in bands.items()}
        parts.append(model.predict(stacked_features(picked, indices)))
    return np.concatenate(parts)


def _remarks(task: TileTask, made: TileMap) -> Iterator[Finding]:
    if task.rules is None:
        return
    subject = task.scene.name
    parts = ", ".join(f"{name} {count}" for name, count in made.left_out.items())
    yield Finding.info("candidates-left-out", subject, f"pixels by reason: {parts}")
    if made.hidden:
        message = f"{made.hidden} of {made.audited} audited pixels that were left out are mangrove"
        fix = "widen the rules of [mapping.candidates], or look at these places"
        yield Finding.warning("candidates-hide-mangrove", subject, message, fix=fix)
