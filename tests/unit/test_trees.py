"""The walk down trees: compiled loop, numpy twin and scikit-learn give the same classes."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from threadpoolctl import threadpool_limits

from bluecarbon.mrv import classifiers
from bluecarbon.mrv.kernels import trees
from bluecarbon.mrv.kernels.trees import Tree, laid_out, not_above
from bluecarbon.project import Mapping

FOREST = Mapping(trees=30, seed=5)
BOOSTING = Mapping(trees=12, seed=5, method="gradient-boosting")


def samples(count, classes, seed=0, gaps=0.0):
    """Overlapping clouds, so that trees grow deep and votes are split."""
    rng = np.random.default_rng(seed)
    codes = rng.choice(np.array([1, 2, 3, 5, 6], np.uint8)[:classes], count)
    features = rng.normal(codes[:, None] * 0.8, 1.0, (count, 6)).astype(np.float32)
    features[rng.random(features.shape) < gaps] = np.nan
    return features, codes


def estimator_of(mapping, features, codes):
    """What scikit-learn itself fits for the same settings."""
    if mapping.method == "gradient-boosting":
        kind, kwargs = HistGradientBoostingClassifier, {"max_iter": 12, "early_stopping": False}
    else:
        kind, kwargs = RandomForestClassifier, {"n_estimators": 30, "n_jobs": 1}
    with threadpool_limits(limits=1, user_api="openmp"):
        return kind(random_state=5, **kwargs).fit(features, codes)


@pytest.mark.parametrize("mapping", [FOREST, BOOSTING], ids=["forest", "boosting"])
@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("gaps", [0.0, 0.1])
def test_classes_are_those_of_scikit_learn(mapping, classes, gaps, monkeypatch):
    features, codes = samples(600, classes, gaps=gaps)
    unseen, _ = samples(4000, classes, seed=1, gaps=gaps)
    theirs = estimator_of(mapping, features, codes)
    model = classifiers.fit_model(features, codes, mapping)
    expected = theirs.predict(unseen)
    np.testing.assert_array_equal(model.predict(unseen), expected)
    # 1e-12: shares are divided by their own sum, boosting's logistic is written in another way
    np.testing.assert_allclose(
        model.probabilities(unseen), theirs.predict_proba(unseen), rtol=0, atol=1e-12
    )
    monkeypatch.setattr(trees, "loops", lambda name: None)
    np.testing.assert_array_equal(model.predict(unseen), expected)


def test_the_sums_of_loop_and_twin_are_the_same_bits():
    features, codes = samples(500, 5, gaps=0.05)
    for mapping in (FOREST, BOOSTING):
        model = classifiers.fit_model(features, codes, mapping)
        np.testing.assert_array_equal(
            trees.sums(features, model.trees), trees.sums_numpy(features, model.trees)
        )


def test_probabilities_add_up_to_one():
    features, codes = samples(400, 5)
    unseen, _ = samples(2000, 5, seed=2)
    for mapping in (FOREST, BOOSTING):
        found = classifiers.fit_model(features, codes, mapping).probabilities(unseen)
        np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=0, atol=1e-12)
        assert ((found >= 0) & (found <= 1)).all()


def test_a_tie_goes_to_the_first_class():
    # two trees, each sure of another class: the lead is never safe, and the sums end equal
    leaf = np.array([-1])
    votes = [np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])]
    ensemble = laid_out(
        [Tree(leaf, leaf, leaf + 1, np.zeros(1), leaf == 0, vote) for vote in votes], np.zeros(2)
    )
    pixels = np.zeros((3, 1), np.float32)
    np.testing.assert_array_equal(trees.sums(pixels, ensemble), [[1, 1]] * 3)
    assert trees.winners(pixels, ensemble).tolist() == [0, 0, 0]
    assert trees.winners_numpy(pixels, ensemble).tolist() == [0, 0, 0]


def test_the_lead_that_is_left_shrinks_to_nothing():
    features, codes = samples(300, 3)
    ensemble = classifiers.fit_model(features, codes, Mapping(trees=10, seed=1)).trees
    slack = ensemble.slack()
    assert len(ensemble.roots) == 12  # ten trees and two empty ones
    assert slack[-1] == 0.0
    assert (np.diff(slack) <= 0).all()
    # ten trees, each worth one vote at most; the two empty ones are worth none
    assert slack[0] <= 10.0 + 1e-9
    assert slack[2] <= 2.0 + 1e-9


@pytest.mark.parametrize("value", [0.1, 1 / 3, -2.7e-30, 1e300, -1e300, 0.5, 1e-46])
def test_thresholds_in_single_precision_divide_in_the_same_way(value):
    limit = not_above(np.array([value]))[0]
    near = np.float32(min(max(value, -3e38), 3e38))
    for feature in (
        np.nextafter(near, np.float32(-np.inf)),
        near,
        np.nextafter(near, np.float32(np.inf)),
    ):
        assert (feature <= limit) == (float(feature) <= value)


def test_more_than_a_step_can_hold_is_refused():
    leaf = np.array([1, -1, -1])
    tree = Tree(leaf, leaf + 1, np.array([128, 0, 0]), np.zeros(3), leaf == 9, np.ones((3, 1)))
    with pytest.raises(ValueError, match="more than 128 features"):
        laid_out([tree], np.zeros(1))
