"""Class maps and probabilities from composites on disk, of any size, and the model behind them.

Labels are read from the composite of their own epoch by the code that classifies it, so that a
classifier learns from the same numbers that it is asked about.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from bluecarbon.mrv.block_files import ValueFile, written
from bluecarbon.mrv.blocks import Block, Runner
from bluecarbon.mrv.class_maps import CODE_OF, LEGEND
from bluecarbon.mrv.classifiers import TreeModel
from bluecarbon.mrv.classify_blocks import (
    BrokenFileError,
    TileTask,
    block_layers,
    empty_pixels,
    task_blocks,
    task_model,
)
from bluecarbon.mrv.covariates import pixel_size_m
from bluecarbon.mrv.mapping import (
    CrossValidation,
    TrainingSet,
    joined_training,
    stacked_features,
)
from bluecarbon.mrv.rasters import Grid, opened, read_grid, unreadable
from bluecarbon.mrv.scene_arguments import named_bands, scale_of
from bluecarbon.mrv.scene_blocks import JUDGED_PIXELS
from bluecarbon.mrv.scenes import KNOWN_BANDS, eight_bit_findings, value_findings
from bluecarbon.spec import Finding, errors_in

PROBABILITY_STEP = 1e-4
PROBABILITY_GAP = 65_535

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class Image:
    """A composite, or one scene: its year, its bands, and how numbers become reflectance."""

    year: int
    path: Path
    bands: tuple[str, ...]
    scale: float
    grid: Grid


def read_image(
    year: int, path: Path, *, bands: Sequence[str] = (), scale: float | None = None
) -> tuple[Image | None, Findings]:
    """An image by its header; ``bands`` and ``scale`` where the file does not say them.

    Findings: those of :func:`.rasters.read_grid`, ``scene-bands-unnamed``, ``scene-band-count``,
    ``scene-scale-missing``, and those of :func:`.scenes.value_findings` on a sample of its pixels:
    what a composite refuses as no reflectance is refused here as well.
    """
    grid, found = read_grid(path, path.name, what="scene")
    if grid is None:
        return None, found
    with opened(path) as dataset:
        count, said, dtype = dataset.count, scale_of(dataset), dataset.dtypes[0]
        names = tuple(bands) or named_bands(dataset.descriptions)
    factor = said if scale is None else scale
    if not names:
        message = "does not name its bands"
        fix = "name them in the order of the file, as in --bands green,red,nir,swir1"
        found += (Finding.error("scene-bands-unnamed", path.name, message, fix=fix),)
    elif len(names) != count:
        message = f"the file has {count} bands, {len(names)} are named"
        found += (Finding.error("scene-band-count", path.name, message),)
    found += eight_bit_findings(dtype, path.name)
    if factor is None:
        message = "holds whole numbers and does not say how they become reflectance"
        fix = "make a composite first (mrv composite), or give --scale 0.0001"
        found += (Finding.error("scene-scale-missing", path.name, message, fix=fix),)
    if errors_in(found) or factor is None:
        return None, found
    image = Image(year, path, names, factor, grid)
    found += _judged(image)
    return (None if errors_in(found) else image), found


def _judged(image: Image) -> Findings:
    """What the values of pixels spread over the image say of it."""
    places = {name: place for place, name in enumerate(image.bands, 1) if name in KNOWN_BANDS}
    if not places:
        return ()
    step = math.ceil(math.sqrt(max(1, image.grid.height * image.grid.width / JUDGED_PIXELS)))
    form = (len(places), -(-image.grid.height // step), -(-image.grid.width // step))
    try:
        with opened(image.path) as dataset:
            numbers = dataset.read(list(places.values()), out_shape=form)
            empty = empty_pixels(numbers, dataset.nodatavals[0])
    except (RasterioError, OSError) as error:
        return (unreadable(image.path.name, "scene", error),)
    values = numbers.astype(np.float32) * np.float32(image.scale)
    reason = empty.astype(np.uint8)
    return tuple(
        _of_image(finding)
        for finding in value_findings(values, reason, tuple(places), image.path.name)
    )


def _of_image(finding: Finding) -> Finding:
    """As the command says it: options, not declarations; an image without numbers is none."""
    if finding.code == "scene-all-cloud":
        message, fix = "no pixel has a number: there is nothing to classify", "choose another image"
        return Finding.error("image-empty", finding.subject, message, fix=fix)
    fix = finding.fix.replace("number x scale + offset", "number x scale")
    return finding.model_copy(update={"fix": fix.replace("[imagery] scale and offset", "--scale")})


def training_of_images(
    points: pd.DataFrame, tasks: Sequence[tuple[Image, TileTask]], *, indices: Sequence[str]
) -> tuple[TrainingSet | None, Findings]:
    """Training pixels under labelled points (lon, lat, epoch, label), each from its own image.

    Findings: those of :func:`.mapping.joined_training`, ``scene-unreadable``.
    """
    sets: list[TrainingSet] = []
    outside = inside = 0
    for image, task in tasks:
        own = points[points["epoch"] == image.year]
        row, column = image.grid.pixels_of(own["lon"].to_numpy(), own["lat"].to_numpy())
        held = image.grid.holds(row, column)
        outside, inside = outside + int((~held).sum()), inside + int(held.sum())
        places = row[held].astype(np.int64), column[held].astype(np.int64)
        codes: NDArray[np.uint8] = np.asarray(own["label"][held].map(CODE_OF), dtype=np.uint8)
        try:
            sets += [
                _training_of_block(block, task, places, codes, indices=indices)
                for block in task_blocks(task)
                if _within(block, places).any()
            ]
        except BrokenFileError as broken:
            return None, (broken.args[0],)
    return joined_training(sets, outside=outside, inside=inside)


Places = tuple[NDArray[np.int64], NDArray[np.int64]]


def _within(block: Block, places: Places) -> NDArray[np.bool_]:
    rows, columns = places
    inside = (rows >= block.row) & (rows < block.row + block.rows)
    inside &= (columns >= block.column) & (columns < block.column + block.columns)
    return np.asarray(inside)


def _training_of_block(
    block: Block,
    task: TileTask,
    places: Places,
    codes: NDArray[np.uint8],
    *,
    indices: Sequence[str],
) -> TrainingSet:
    layers, empty = block_layers(block, task)
    here = _within(block, places)
    rows, columns = places[0][here], places[1][here]
    at = rows - block.row, columns - block.column
    features = stacked_features({name: layer[at] for name, layer in layers.items()}, indices)
    seen = ~empty[at]
    return TrainingSet(features[seen], codes[here][seen], rows[seen], columns[seen])


def write_probabilities(
    task: TileTask, image: Image, model: TreeModel, path: Path, *, runner: Runner
) -> None:
    """Write the probability of every class as bands of one raster, in steps of 0.0001.

    Raises
    ------
    OutputError
        The place cannot be written.
    BrokenFileError
        The image is damaged.
    """
    bands = tuple(LEGEND[int(code)] for code in model.classes)
    what = f"probability of the class, {model.method}"
    scaled = {"dtype": "uint16", "nodata": PROBABILITY_GAP, "scale": PROBABILITY_STEP}
    file = ValueFile(path, bands, "1", what, **scaled)  # type: ignore[arg-type]
    blocks = task_blocks(task)
    with written([file], image.grid) as (target,):
        results = runner.results(partial(_probabilities, task=task), blocks)
        for block, values in zip(blocks, results, strict=True):
            target.write(values, window=block.window)


def _probabilities(block: Block, *, task: TileTask) -> NDArray[np.uint16]:
    model = task_model(task.model, task.model.stat().st_mtime_ns)
    layers, empty = block_layers(block, task)
    indices = model.features[len(layers) :]
    shape = (len(model.classes), block.rows, block.columns)
    made = np.full(shape, PROBABILITY_GAP, np.uint16)
    for row in range(block.rows):
        seen = ~empty[row]
        if seen.any():
            picked = {name: layer[row][seen] for name, layer in layers.items()}
            shares = model.probabilities(stacked_features(picked, indices))
            made[:, row, seen] = np.rint(shares.T / PROBABILITY_STEP)
    return made


def validation_table(validated: CrossValidation, grid: Grid) -> pd.DataFrame:
    """How the classifier met labels in blocks of ground that it had not seen.

    Columns class, labels, users, producers, overall (of the row "(all)"), folds, and the size of a
    block in metres. User's accuracy is of a mapped class (precision), producer's of a label's
    (recall). Labels are no probability sample: this judges the classifier, not the map.
    """
    across, down = pixel_size_m(grid)
    size = {
        "folds": validated.folds,
        "block_height_m": round(validated.block_pixels[0] * down),
        "block_width_m": round(validated.block_pixels[1] * across),
    }
    rows = [
        {"class": LEGEND[item.code], "labels": item.labels, "users": item.users,
         "producers": item.producers, "overall": np.nan, **size}
        for item in validated.classes
    ]  # fmt: skip
    whole = {"class": "(all)", "labels": validated.labels, "users": np.nan, "producers": np.nan}
    return pd.DataFrame([*rows, {**whole, "overall": validated.overall, **size}])
