"""Ensembles of decision trees as arrays, and the walk of pixels down them.

scikit-learn fits the trees; here they are laid out so that a walk touches little memory, and a
pixel stops as soon as the trees that are left cannot change its class any more. Sums are taken in
the order of the trees, in double precision: the classes are those of scikit-learn, not nearly so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv.kernels.compiled import loops

Features = NDArray[np.float32]
Sums = NDArray[np.float64]

TREES_AT_ONCE = 4
"""Trees that a pixel walks down together: a processor waits for memory, and so waits for four."""

FEATURES_MAX = 128
NODES_MAX = 2**23
FEATURE_SHIFT, CHILD_SHIFT = 1, 8

ROUNDING = 1e-9
"""More than the sums of a few thousand trees can be off by rounding."""


@dataclass(frozen=True)
class Tree:
    """One tree as it was fitted; node 0 is the root, a leaf has ``left`` < 0.

    Attributes
    ----------
    left, right : (nodes,) integers
    feature : (nodes,) integers
    threshold : (nodes,) float64; a pixel goes left where its feature is not greater
    missing_left : (nodes,) bool, where a pixel goes whose feature is not a number
    values : (nodes, classes) float64, what a leaf adds to the sum of each class
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    missing_left: NDArray[np.bool_]
    values: NDArray[np.float64]


@dataclass(frozen=True)
class Trees:
    """An ensemble laid out for walking; made by :func:`laid_out`.

    Attributes
    ----------
    thresholds : (nodes,) float32
    steps : (nodes,) int32: first child, feature and missing_left packed; -1 - row for a leaf.
        The right child follows the left one.
    roots : (trees,) int32, a multiple of four trees
    rows : (rows, classes) float64, the different values of leaves
    start : (classes,) float64, the sums before the first tree
    """

    thresholds: NDArray[np.float32]
    steps: NDArray[np.int32]
    roots: NDArray[np.int32]
    rows: NDArray[np.float64]
    start: NDArray[np.float64]

    def nodes(self) -> NDArray[np.float32]:
        """(nodes, 2): threshold and step of a node side by side, the step as bits of a float."""
        return np.stack([self.thresholds, self.steps.view(np.float32)], axis=1)

    def rows_and_start(self) -> NDArray[np.float64]:
        """(rows + 1, classes): the values of leaves, and the start as the last row."""
        return np.concatenate([self.rows, self.start[None]])

    def slack(self) -> NDArray[np.float64]:
        """(trees / 4 + 1,): how much the lead of a class can still shrink after so many fours."""
        spread = self.rows.max(axis=1) - self.rows.min(axis=1)
        ends = np.append(self.roots[1:], len(self.steps))
        leaf = np.where(self.steps < 0, spread[np.where(self.steps < 0, -1 - self.steps, 0)], 0.0)
        of_tree = [leaf[first:end].max() for first, end in zip(self.roots, ends, strict=True)]
        of_four = np.add.reduceat(of_tree, np.arange(0, len(of_tree), TREES_AT_ONCE))
        return np.append(np.cumsum(of_four[::-1])[::-1], 0.0)


def laid_out(trees: Sequence[Tree], start: NDArray[np.float64]) -> Trees:
    """The ensemble of some trees. ValueError for more features or nodes than a step can hold."""
    # An empty tree adds zeros to every sum: it fills the last four without changing a bit.
    spare = -len(trees) % TREES_AT_ONCE
    nothing = np.zeros(1, np.int64)
    empty = Tree(
        nothing - 1, nothing - 1, nothing, np.zeros(1), nothing > 0, np.zeros((1, len(start)))
    )
    padded = [*trees, *[empty] * spare]
    if sum(len(tree.left) for tree in padded) > NODES_MAX:
        raise ValueError(f"the trees have more than {NODES_MAX} nodes")
    if max(int(tree.feature.max()) for tree in padded) >= FEATURES_MAX:
        raise ValueError(f"there are more than {FEATURES_MAX} features")
    leaves = np.concatenate([tree.values for tree in padded])
    rows, place = np.unique(leaves, axis=0, return_inverse=True)
    place = place.reshape(-1)
    thresholds, steps, roots, first = [], [], [], 0
    for tree in padded:
        count = len(tree.left)
        threshold, step = _walkable(tree, place[first : first + count], first)
        thresholds.append(threshold)
        steps.append(step)
        roots.append(first)
        first += count
    return Trees(
        np.concatenate(thresholds), np.concatenate(steps), np.array(roots, np.int32), rows, start
    )


def _walkable(
    tree: Tree, rows: NDArray[np.intp], first: int
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Thresholds and steps of one tree whose nodes begin at ``first``, siblings side by side."""
    order, level = [np.zeros(1, np.int64)], np.zeros(1, np.int64)
    while len(level := level[tree.left[level] >= 0]):
        level = np.stack([tree.left[level], tree.right[level]], axis=1).ravel()
        order.append(level)
    nodes = np.concatenate(order)
    inner = tree.left[nodes] >= 0
    child = first + 1 + 2 * (np.cumsum(inner) - 1)
    packed = (child << CHILD_SHIFT) | (tree.feature[nodes] << FEATURE_SHIFT)
    packed |= tree.missing_left[nodes]
    steps = np.where(inner, packed, -1 - rows[nodes]).astype(np.int32)
    return np.where(inner, not_above(tree.threshold[nodes]), 0).astype(np.float32), steps


def not_above(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """The greatest float32 that is not above each value.

    For a feature of single precision, ``feature <= value`` and ``feature <= not_above(value)``
    are the same.
    """
    with np.errstate(over="ignore"):
        near = values.astype(np.float32)
    below = np.nextafter(near, np.float32(-np.inf))
    return np.where(near.astype(np.float64) > values, below, near).astype(np.float32)


def sums(features: Features, trees: Trees) -> Sums:
    """What all trees add up to for each pixel and class, (pixels, classes).

    ``features`` is (pixels, features) float32.
    """
    compiled = loops("trees")
    if compiled is None:
        return sums_numpy(features, trees)
    result = np.empty((len(features), len(trees.start)))
    compiled.sums(
        np.ascontiguousarray(features), trees.nodes(), trees.roots, trees.rows_and_start(), result
    )
    return result


def winners(features: Features, trees: Trees) -> NDArray[np.uint8]:
    """The class (its place) with the greatest sum for each pixel, the first of equal ones."""
    compiled = loops("trees")
    if compiled is None:
        return winners_numpy(features, trees)
    result = np.empty(len(features), np.uint8)
    compiled.winners(
        np.ascontiguousarray(features),
        trees.nodes(),
        trees.roots,
        trees.rows_and_start(),
        trees.slack() + ROUNDING,
        result,
    )
    return result


def sums_numpy(features: Features, trees: Trees) -> Sums:
    """The twin of the compiled loop."""
    result = np.tile(trees.start, (len(features), 1))
    for root in trees.roots:
        result += trees.rows[_leaf_rows(features, trees, int(root))]
    return result


def _leaf_rows(features: Features, trees: Trees, root: int) -> NDArray[np.int64]:
    node = np.full(len(features), root, np.int64)
    walking = np.arange(len(features)) if trees.steps[root] >= 0 else np.zeros(0, np.int64)
    while len(walking):
        step = trees.steps[node[walking]]
        value = features[walking, (step >> FEATURE_SHIFT) & (FEATURES_MAX - 1)]
        left = value <= trees.thresholds[node[walking]]
        left |= np.isnan(value) & ((step & 1) == 1)
        node[walking] = (step >> CHILD_SHIFT) + ~left
        walking = walking[trees.steps[node[walking]] >= 0]
    return -1 - trees.steps[node].astype(np.int64)


def winners_numpy(features: Features, trees: Trees) -> NDArray[np.uint8]:
    """The twin of the compiled loop, which walks down all trees for every pixel."""
    places: NDArray[np.uint8] = sums_numpy(features, trees).argmax(axis=1).astype(np.uint8)
    return places
