"""Classification: from composites and labels to class maps, the same map for the same seed.

Accuracy of the classifier is judged on blocks of ground that it has not seen. Pixels drawn at
random would lie beside training pixels and flatter it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping as Table
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bluecarbon.mrv.accuracy import overlap
from bluecarbon.mrv.class_maps import CODE_MANGROVE, CODE_OF, CODE_OUTSIDE, CODE_UNOBSERVED, LEGEND
from bluecarbon.mrv.classifiers import TreeModel, fit_model, learning
from bluecarbon.mrv.indices import compute_index
from bluecarbon.mrv.rasters import Grid
from bluecarbon.mrv.scenes import Composite
from bluecarbon.project import Mapping
from bluecarbon.spec import Finding

PIXELS_PER_TASK = 40_000
FOLDS = 5
BLOCKS_PER_SIDE = 6
FEW_LABELS = 10

Classifier = TreeModel
"""A fitted classifier."""


@dataclass(frozen=True)
class TrainingSet:
    """Labelled pixels: features (n, bands + indices), class codes (n,), rows and columns (n,)."""

    features: NDArray[np.float32]
    codes: NDArray[np.uint8]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]


@dataclass(frozen=True)
class ClassAgreement:
    """How labels of one class were met: user's accuracy (of what is mapped as it, the part that is
    it: precision) and producer's (of what is it, the part that is mapped so: recall); NaN for none.
    """

    code: int
    labels: int
    users: float
    producers: float


@dataclass(frozen=True)
class CrossValidation:
    """Agreement of the classifier with labels in blocks of ground left out of its training.

    ``block_pixels`` is the size of a block of ground, in rows and columns.
    """

    overall: float
    mangrove_precision: float
    mangrove_recall: float
    labels: int
    folds: int
    block_pixels: tuple[int, int] = (0, 0)
    classes: tuple[ClassAgreement, ...] = ()


def feature_names(composite: Composite, indices: Sequence[str]) -> tuple[str, ...]:
    """The names of the features, in the order of the last axis of :func:`features_at`."""
    return (*composite.bands, *indices)


def features_at(
    composite: Composite, indices: Sequence[str], place: tuple[Any, ...]
) -> NDArray[np.float32]:
    """Features (n, bands + indices) of the pixels that ``place`` (a numpy index) selects."""
    bands = {
        name: layer[place]
        for name, layer in zip(composite.bands, composite.reflectance, strict=True)
    }
    return stacked_features(bands, indices)


def stacked_features(
    bands: Table[str, NDArray[np.float32]], indices: Sequence[str]
) -> NDArray[np.float32]:
    """Bands of any common shape and indices of them as features along a new last axis."""
    layers = [*bands.values(), *(compute_index(name, bands) for name in indices)]
    return np.stack(layers, axis=-1).astype(np.float32)


def training_from_points(
    points: pd.DataFrame, composites: Table[int, Composite], grid: Grid, *, indices: Sequence[str]
) -> tuple[TrainingSet | None, tuple[Finding, ...]]:
    """Training pixels under labelled points, each read from the composite of its own epoch.

    Points outside the window and points on a pixel that no scene saw clearly are left out and
    counted. None when what is left cannot train a mangrove map.
    """
    row, column = grid.pixels_of(points["lon"].to_numpy(), points["lat"].to_numpy())
    inside = grid.holds(row, column)
    rows, columns = row[inside].astype(np.int64), column[inside].astype(np.int64)
    kept = points[inside]
    codes = kept["label"].map(CODE_OF).to_numpy(dtype=np.uint8)
    sets = []
    for epoch in sorted(kept["epoch"].unique()):
        composite, here = composites[int(epoch)], (kept["epoch"] == epoch).to_numpy()
        seen = here & (composite.observations[rows, columns] > 0)
        features = features_at(composite, indices, (rows[seen], columns[seen]))
        sets.append(TrainingSet(features, codes[seen], rows[seen], columns[seen]))
    return joined_training(sets, outside=len(points) - len(kept), inside=len(kept))


def joined_training(
    sets: Sequence[TrainingSet], *, outside: int, inside: int
) -> tuple[TrainingSet | None, tuple[Finding, ...]]:
    """The training pixels of several images as one set, judged.

    ``outside`` labels lie beyond the images, ``inside`` on them: those that are in no set were
    not seen clearly.
    """
    training = _joined(sets)
    used = len(training.codes) if training else 0
    return _judged(training, _unused(outside, inside - used))


def _joined(sets: Sequence[TrainingSet]) -> TrainingSet | None:
    if not sets:
        return None
    names = ("features", "codes", "rows", "columns")
    return TrainingSet(*(np.concatenate([getattr(s, name) for s in sets]) for name in names))


def _unused(outside: int, unseen: int) -> tuple[Finding, ...]:
    found = []
    if outside:
        message = f"{outside} training points lie outside the project's window and are not used"
        found.append(Finding.warning("training-outside", "[training]", message))
    if unseen:
        message = f"{unseen} training points lie where no scene is clear and are not used"
        found.append(Finding.info("training-unobserved", "[training]", message))
    return tuple(found)


def training_from_raster(
    labels: NDArray[np.uint8],
    composite: Composite,
    area: NDArray[np.bool_],
    *,
    indices: Sequence[str],
    sample_size: int,
    seed: int,
) -> tuple[TrainingSet | None, tuple[Finding, ...]]:
    """A random sample of a label raster (codes, on the window), stratified by class.

    Each class gets its share of the area, so that the classifier meets the classes as often as
    the map will, but at least ten pixels where it has them.
    """
    rng = np.random.default_rng(seed)
    usable = area & (composite.observations > 0)
    usable &= (labels != CODE_OUTSIDE) & (labels != CODE_UNOBSERVED)
    total = int(usable.sum())
    chosen = []
    for code in np.unique(labels[usable]):
        places = np.flatnonzero(usable & (labels == code))
        wanted = max(FEW_LABELS, round(sample_size * len(places) / total))
        chosen.append(np.sort(rng.permutation(places)[:wanted]))
    if not chosen:
        return _judged(None, ())
    rows, columns = np.unravel_index(np.concatenate(chosen), labels.shape)
    features = features_at(composite, indices, (rows, columns))
    return _judged(TrainingSet(features, labels[rows, columns], rows, columns), ())


def _judged(
    training: TrainingSet | None, found: tuple[Finding, ...]
) -> tuple[TrainingSet | None, tuple[Finding, ...]]:
    counts = {} if training is None else _counts(training.codes)
    if CODE_MANGROVE not in counts or len(counts) < 2:
        names = ", ".join(f"{LEGEND[code]} {n}" for code, n in counts.items()) or "none"
        message = f"labels of mangrove and of something else are needed; usable labels: {names}"
        fix = "add labelled points that lie on clear pixels inside the window"
        found += (Finding.error("training-class-missing", "[training]", message, fix=fix),)
        return None, found
    few = [f"{LEGEND[code]} ({n})" for code, n in counts.items() if n < FEW_LABELS]
    if few:
        message = f"classes with fewer than {FEW_LABELS} labels: {', '.join(few)}"
        found += (Finding.warning("training-few-labels", "[training]", message),)
    return training, found


def _counts(codes: NDArray[np.uint8]) -> dict[int, int]:
    found, counts = np.unique(codes, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def fit(
    features: NDArray[np.float32],
    codes: NDArray[np.uint8],
    mapping: Mapping,
    *,
    names: Sequence[str] = (),
) -> Classifier:
    """A classifier as [mapping] says; see :func:`bluecarbon.mrv.classifiers.fit_model`.

    Raises
    ------
    MissingExtraError
        scikit-learn is not installed.
    """
    return fit_model(features, codes, mapping, names=names)


def classify(
    classifier: Classifier,
    composite: Composite,
    inside: NDArray[np.bool_],
    *,
    indices: Sequence[str],
) -> NDArray[np.uint8]:
    """The class map (height, width) of one epoch: codes, 0 outside, 255 where nothing was seen."""
    codes = np.where(inside, CODE_UNOBSERVED, CODE_OUTSIDE).astype(np.uint8)
    rows, columns = np.nonzero(inside & (composite.observations > 0))
    starts = range(0, len(rows), PIXELS_PER_TASK)

    def predict(start: int) -> NDArray[np.uint8]:
        here = slice(start, start + PIXELS_PER_TASK)
        features = features_at(composite, indices, (rows[here], columns[here]))
        return np.asarray(classifier.predict(features), dtype=np.uint8)

    # Tasks are cut and joined by position, so threads change the time and not the map.
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for start, part in zip(starts, pool.map(predict, starts), strict=True):
            here = slice(start, start + PIXELS_PER_TASK)
            codes[rows[here], columns[here]] = part
    return codes


def cross_validate(training: TrainingSet, mapping: Mapping) -> CrossValidation | None:
    """Accuracy on blocks of ground left out in turn; None when all labels lie in one block.

    The extent of the labels is cut into 6 x 6 blocks; labels of one block (of any epoch) are
    always left out together (Roberts et al. 2017, doi:10.1111/ecog.02881).
    """
    blocks = ground_blocks(training.rows, training.columns)
    folds = min(FOLDS, len(np.unique(blocks)))
    if folds < 2:
        return None
    predicted = np.zeros_like(training.codes)
    splitter = learning("sklearn.model_selection").GroupKFold(n_splits=folds)
    for learn, judge in splitter.split(training.features, groups=blocks):
        classifier = fit(training.features[learn], training.codes[learn], mapping)
        predicted[judge] = classifier.predict(training.features[judge])
    mangrove = overlap(predicted == CODE_MANGROVE, training.codes == CODE_MANGROVE)
    found = [int(code) for code in np.unique(training.codes)]
    return CrossValidation(
        overall=float((predicted == training.codes).mean()),
        mangrove_precision=mangrove.precision,
        mangrove_recall=mangrove.recall,
        labels=len(training.codes),
        folds=folds,
        block_pixels=(_block_size(training.rows), _block_size(training.columns)),
        classes=tuple(_agreement(code, predicted, training.codes) for code in found),
    )


def _agreement(code: int, predicted: NDArray[np.uint8], codes: NDArray[np.uint8]) -> ClassAgreement:
    mapped, true = predicted == code, codes == code
    both = int((mapped & true).sum())
    users = both / int(mapped.sum()) if mapped.any() else math.nan
    return ClassAgreement(code, int(true.sum()), users, both / int(true.sum()))


def _block_size(position: NDArray[np.int64]) -> int:
    """Pixels along a side of a block, rounded up."""
    return -(-(int(position.max() - position.min()) + 1) // BLOCKS_PER_SIDE)


def ground_blocks(rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """The block of ground (n,) of each place: its extent cut into 6 x 6 blocks."""
    return _blocks(rows) * BLOCKS_PER_SIDE + _blocks(columns)


def _blocks(position: NDArray[np.int64]) -> NDArray[np.int64]:
    span = int(position.max() - position.min()) + 1
    return np.asarray((position - position.min()) * BLOCKS_PER_SIDE // span)
