"""Random forests and gradient boosting: fitted by scikit-learn, applied as plain arrays.

Classes are those that scikit-learn gives, pixel by pixel. Without scikit-learn a model that was
kept (see ``model_files``) still makes its map.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bluecarbon.errors import MissingExtraError
from bluecarbon.mrv.kernels.trees import Tree, Trees, laid_out, sums, winners
from bluecarbon.project import Mapping
from bluecarbon.provenance import canonical_json
from bluecarbon.spec import Finding

FOREST, BOOSTING = "random-forest", "gradient-boosting"

Features = NDArray[np.float32]
Codes = NDArray[np.uint8]


@dataclass(frozen=True)
class TreeModel:
    """A fitted classifier.

    Attributes
    ----------
    method : "random-forest" or "gradient-boosting"
    classes : (classes,) uint8, the codes that it can give, ascending
    features : the names of its features, in order
    trees : the trees, laid out for walking
    training_sha256 : digest of the features, codes, names and settings it was fitted to
    """

    method: str
    classes: Codes
    features: tuple[str, ...]
    trees: Trees
    training_sha256: str

    def predict(self, features: Features) -> Codes:
        """The code (n,) of each row of ``features`` (n, features) float32."""
        codes: Codes = self.classes[winners(features, self.trees)]
        return codes

    def probabilities(self, features: Features) -> NDArray[np.float64]:
        """The probability (n, classes) of each class, adding up to 1.

        Of a forest: the mean over its trees. Of boosting: the logistic function of the sums.
        """
        total = sums(features, self.trees)
        if self.method == FOREST:
            return np.asarray(total / total.sum(axis=1, keepdims=True))
        powers = np.exp(total - total.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def fit_model(
    features: Features, codes: Codes, mapping: Mapping, *, names: Sequence[str] = ()
) -> TreeModel:
    """Fit what [mapping] declares to ``features`` (n, features) and ``codes`` (n,).

    Random forest: Breiman 2001, doi:10.1023/A:1010933404324. Gradient boosting on histograms:
    Friedman 2001, doi:10.1214/aos/1013203451, as in scikit-learn's HistGradientBoosting, with
    ``trees`` rounds and no part of the labels held back.

    Raises
    ------
    MissingExtraError
        scikit-learn is not installed.
    ValueError
        There are more features than a model can hold, or names for another number of them.
    """
    names = tuple(names) or tuple(f"feature {i + 1}" for i in range(features.shape[1]))
    if len(names) != features.shape[1]:
        raise ValueError(f"{len(names)} names for {features.shape[1]} features")
    # One thread: the order in which trees are grown and summed must not depend on timing.
    with learning("threadpoolctl").threadpool_limits(limits=1, user_api="openmp"):
        estimator = _estimator(mapping).fit(features, codes)
    method, convert = (BOOSTING, _boosted) if mapping.method == BOOSTING else (FOREST, _forest)
    return TreeModel(
        method=method,
        classes=np.asarray(estimator.classes_, dtype=np.uint8),
        features=names,
        trees=convert(estimator),
        training_sha256=_training_sha256(features, codes, names, mapping),
    )


def _estimator(mapping: Mapping) -> Any:
    ensemble = learning("sklearn.ensemble")
    if mapping.method == BOOSTING:
        return ensemble.HistGradientBoostingClassifier(
            max_iter=mapping.trees, random_state=mapping.seed, early_stopping=False
        )
    return ensemble.RandomForestClassifier(
        n_estimators=mapping.trees, random_state=mapping.seed, n_jobs=1
    )


def learning(module: str) -> Any:
    """A module of scikit-learn, which is an optional part and slow to import.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError("classification", "ml") from error


def _training_sha256(
    features: Features, codes: Codes, names: Sequence[str], mapping: Mapping
) -> str:
    sha = hashlib.sha256()
    sha.update(np.ascontiguousarray(features, dtype="<f4").tobytes())
    sha.update(np.ascontiguousarray(codes).tobytes())
    fitted = {"method": mapping.method, "trees": mapping.trees, "seed": mapping.seed}
    sha.update(canonical_json({"names": list(names), **fitted}))
    return sha.hexdigest()


def _forest(estimator: Any) -> Trees:
    """A forest's trees; a leaf adds the share of each class among its labels."""
    found = []
    for fitted in estimator.estimators_:
        tree = fitted.tree_
        missing = tree.__getstate__()["nodes"]["missing_go_to_left"].astype(np.bool_)
        found.append(
            Tree(
                tree.children_left,
                tree.children_right,
                np.maximum(tree.feature, 0),
                tree.threshold,
                missing,
                tree.value[:, 0, :],
            )
        )
    return laid_out(found, np.zeros(len(estimator.classes_)))


def _boosted(estimator: Any) -> Trees:
    """The trees of boosting; of two classes only the second has trees, the first stays at zero."""
    classes = len(estimator.classes_)
    start = np.zeros(classes)
    # scikit-learn publishes neither its trees nor their start; a test holds them to its predict().
    baseline = estimator._baseline_prediction.ravel()  # noqa: SLF001
    places = (1,) if classes == 2 else tuple(range(classes))
    start[list(places)] = baseline
    found = []
    for stage in estimator._predictors:  # noqa: SLF001
        for place, predictor in zip(places, stage, strict=True):
            found.append(_boosted_tree(predictor.nodes, place, classes))
    return laid_out(found, start)


def _boosted_tree(nodes: NDArray[Any], place: int, classes: int) -> Tree:
    leaf = nodes["is_leaf"] == 1
    values = np.zeros((len(nodes), classes))
    values[leaf, place] = nodes["value"][leaf]
    return Tree(
        np.where(leaf, -1, nodes["left"].astype(np.int64)),
        np.where(leaf, -1, nodes["right"].astype(np.int64)),
        np.where(leaf, 0, nodes["feature_idx"]),
        nodes["num_threshold"],
        nodes["missing_go_to_left"].astype(np.bool_),
        values,
    )


def described(model: TreeModel) -> Finding:
    """A remark that says which model made a map."""
    return Finding.info(
        "mapping-model",
        "[mapping]",
        f"{model.method} on {len(model.features)} features "
        f"({', '.join(model.features)}); digest of its training data {model.training_sha256}",
    )
