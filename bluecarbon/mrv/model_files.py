"""Classifiers on disk: arrays of numbers and one line of JSON, never a pickle.

A pickled classifier runs whatever its author put in, and only under the version of scikit-learn
that wrote it. What is read here is checked node by node before a pixel walks on it, so that a file
from a stranger can be wrong but not harmful; and a reloaded model makes the same map.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping as Table
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bluecarbon.errors import OutputError
from bluecarbon.mrv.class_maps import LEGEND
from bluecarbon.mrv.classifiers import BOOSTING, FOREST, TreeModel
from bluecarbon.mrv.kernels.trees import (
    CHILD_SHIFT,
    FEATURE_SHIFT,
    FEATURES_MAX,
    TREES_AT_ONCE,
    Trees,
)
from bluecarbon.provenance import canonical_json
from bluecarbon.spec import Finding

FORMAT = "bluecarbon-trees/2"
UNSEALED = "bluecarbon-trees/1"
"""Models of the first format carry no digest of themselves: read with a warning."""

SETTINGS = ("format", "method", "classes", "features", "training_sha256")

ARRAYS = ("thresholds", "steps", "roots", "rows", "start")
MODEL_BYTES_MAX = 2**30


def _settings(model: TreeModel) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "method": model.method,
        "classes": [int(code) for code in model.classes],
        "features": list(model.features),
        "training_sha256": model.training_sha256,
    }


def _digest(settings: Table[str, Any], arrays: Table[str, NDArray[Any]]) -> str:
    """SHA-256 (hex) of what the settings say of a model and of its arrays, with type and form."""
    digest = hashlib.sha256(canonical_json([settings.get(name) for name in SETTINGS]))
    for name in ARRAYS:
        array = np.ascontiguousarray(arrays[name])
        digest.update(canonical_json([name, array.dtype.str, list(array.shape)]))
        digest.update(array.tobytes())
    return digest.hexdigest()


def save_model(path: Path, model: TreeModel) -> None:
    """Write a model as NPZ: the same model gives the same bytes.

    Raises
    ------
    OutputError
        The place cannot be written.
    """
    buffer = io.BytesIO()
    arrays = {name: getattr(model.trees, name) for name in ARRAYS}
    said = _settings(model)
    said["model_sha256"] = _digest(said, arrays)
    settings = np.frombuffer(canonical_json(said), np.uint8)
    np.savez_compressed(buffer, allow_pickle=False, settings=settings, **arrays)
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.write_bytes(buffer.getvalue())
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def load_model(path: Path) -> tuple[TreeModel | None, tuple[Finding, ...]]:
    """Read a model that :func:`save_model` wrote; nothing in the file is executed.

    Findings: ``model-unreadable``, ``model-format-unknown``, ``model-damaged`` (also when its
    digest differs: whoever changes the digest too has made another model, which only the manifest
    of the run that wrote it can tell), ``model-unsealed`` (warning).
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(item.file_size for item in archive.infolist()) > MODEL_BYTES_MAX:
                return None, (_damaged(path, "it unpacks to more than a model can have"),)
        with np.load(path, allow_pickle=False) as stored:
            settings = json.loads(stored["settings"].tobytes())
            arrays = {name: stored[name] for name in ARRAYS}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        message = f"is no model that bluecarbon wrote: {error}"
        fix = "train it again, or fetch the file again"
        return None, (Finding.error("model-unreadable", path.name, message, fix=fix),)
    if not isinstance(settings, dict) or settings.get("format") not in (FORMAT, UNSEALED):
        message, fix = "has a format that this version does not know", "train it again"
        return None, (Finding.error("model-format-unknown", path.name, message, fix=fix),)
    reason = _wrong_settings(settings) or _wrong_arrays(arrays, settings)
    sealed = settings["format"] == FORMAT
    if not reason and sealed and settings.get("model_sha256") != _digest(settings, arrays):
        reason = "its numbers are not those that were written: the digest differs"
    if reason:
        return None, (_damaged(path, reason),)
    model = TreeModel(
        method=settings["method"],
        classes=np.array(settings["classes"], np.uint8),
        features=tuple(settings["features"]),
        trees=Trees(**arrays),
        training_sha256=settings["training_sha256"],
    )
    return model, () if sealed else (_unsealed(path),)


def _unsealed(path: Path) -> Finding:
    message = "was written without a digest of itself: whether it was changed cannot be told"
    fix = "train it again, or compare the file with the manifest of its run"
    return Finding.warning("model-unsealed", path.name, message, fix=fix)


def _damaged(path: Path, reason: str) -> Finding:
    message = f"is damaged: {reason}"
    return Finding.error("model-damaged", path.name, message, fix="train it again")


def _wrong_settings(settings: dict[str, Any]) -> str:
    classes, features = settings.get("classes"), settings.get("features")
    if settings.get("method") not in (FOREST, BOOSTING):
        return "its method is not known"
    if not isinstance(classes, list) or not classes or any(c not in list(LEGEND) for c in classes):
        return "its classes are no codes of a map"
    named = isinstance(features, list) and all(isinstance(name, str) for name in features)
    if not named or not 0 < len(settings["features"]) <= FEATURES_MAX:
        return "its features have no names"
    if not isinstance(settings.get("training_sha256"), str):
        return "the digest of its training data is missing"
    return ""


def _wrong_arrays(arrays: Table[str, NDArray[Any]], settings: dict[str, Any]) -> str:
    """Why a walk on these arrays could leave them or never end; empty when it cannot."""
    types = {"thresholds": "f4", "steps": "i4", "roots": "i4", "rows": "f8", "start": "f8"}
    if any(arrays[name].dtype != np.dtype(kind) for name, kind in types.items()):
        return "its numbers are of another type"
    steps, rows = arrays["steps"], arrays["rows"]
    count = len(settings["classes"])
    flat = steps.ndim == arrays["roots"].ndim == 1
    if not flat or rows.ndim != 2 or len(rows) == 0 or arrays["thresholds"].shape != steps.shape:
        return "its arrays do not fit together"
    if rows.shape[1] != count or arrays["start"].shape != (count,):
        return "its arrays do not fit its classes"
    if not np.isfinite(rows).all() or not np.isfinite(arrays["start"]).all():
        return "what its leaves add is not finite"
    return _wrong_roots(arrays["roots"], len(steps)) or _wrong_steps(
        steps, len(rows), len(settings["features"])
    )


def _wrong_roots(roots: NDArray[np.int32], nodes: int) -> str:
    if len(roots) == 0 or len(roots) % TREES_AT_ONCE or roots[0] != 0:
        return "its trees are incomplete"
    if (np.diff(roots) <= 0).any() or roots[-1] >= nodes:
        return "its trees overlap"
    return ""


def _wrong_steps(steps: NDArray[np.int32], rows: int, features: int) -> str:
    inner = steps >= 0
    places = np.flatnonzero(inner)
    child = steps[inner] >> CHILD_SHIFT
    # Children come after their parents, so that every walk ends.
    if (child <= places).any() or (child + 1 >= len(steps)).any():
        return "a step leads nowhere"
    if (((steps[inner] >> FEATURE_SHIFT) & (FEATURES_MAX - 1)) >= features).any():
        return "a step asks for a feature that there is not"
    if (-1 - steps[~inner] >= rows).any():
        return "a leaf has no value"
    return ""
