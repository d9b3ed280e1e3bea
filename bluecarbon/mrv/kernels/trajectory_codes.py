"""Codes of class trajectories: the path of a pixel through a tree of classes, one map a step.

Each known trajectory is a path from the root to a leaf; the leaf's number is its code. The tree has
as many nodes as there are distinct beginnings of trajectories, so that any number of maps fits,
where a table over all combinations of classes would not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv.kernels.compiled import loops

Codes = NDArray[np.uint16] | NDArray[np.uint32]

UNKNOWN = 0
"""Node of everything that is no beginning of a known trajectory, and the code of such a pixel."""

VALUES = 256
"""Class maps come here as uint8."""


@dataclass(frozen=True)
class Tree:
    """The steps of :func:`tree_of`.

    Attributes
    ----------
    columns : (maps, 256) uint8, the place of a class among those of its map, 0 for all others
    steps : (nodes over all maps, widest map) int32, the next node by column; row 0 leads to 0
    first : (maps,) int64, the row of ``steps`` at which the nodes of a map begin
    """

    columns: NDArray[np.uint8]
    steps: NDArray[np.int32]
    first: NDArray[np.int64]


def tree_of(trajectories: NDArray[np.uint8], codes: NDArray[np.int64]) -> Tree:
    """The tree of some trajectories, (trajectories, maps), with the code of each (1 or more)."""
    maps = trajectories.shape[1]
    columns = np.zeros((maps, VALUES), np.uint8)
    layers = []
    node = np.ones(len(trajectories), np.int64)
    for number in range(maps):
        values = np.unique(trajectories[:, number])
        columns[number, values] = np.arange(1, len(values) + 1)
        column = columns[number, trajectories[:, number]].astype(np.int64)
        _, following = np.unique(node * VALUES + column, return_inverse=True)
        following = codes if number == maps - 1 else following + 1
        layer = np.zeros((int(node.max()) + 1, len(values) + 1), np.int32)
        layer[node, column] = following
        layers.append(layer)
        node = following
    width = max(layer.shape[1] for layer in layers)
    steps = np.concatenate([np.pad(part, ((0, 0), (0, width - part.shape[1]))) for part in layers])
    first = np.cumsum([0, *(len(layer) for layer in layers[:-1])])
    return Tree(columns, steps, first)


def encode(maps: NDArray[np.uint8], tree: Tree, codes: Codes) -> None:
    """Write the code of every pixel into ``codes`` (rows, columns); 0 where none is known.

    ``maps`` is (maps, rows, columns) uint8.
    """
    compiled = loops("trajectory_codes")
    if compiled is None:
        encode_numpy(maps, tree, codes)
    else:
        compiled.encode(maps, (tree.columns, tree.steps, tree.first), codes)


def encode_numpy(maps: NDArray[np.uint8], tree: Tree, codes: Codes) -> None:
    """The twin of the compiled loop."""
    node = np.ones(maps.shape[1:], np.int64)
    for layer, columns, first in zip(maps, tree.columns, tree.first, strict=True):
        node = tree.steps[first + node, columns[layer]].astype(np.int64)
    codes[...] = node


def look_up(
    codes: Codes, values: NDArray[np.float32], result: NDArray[np.float32]
) -> NDArray[np.float32]:
    """``values`` (codes,) of every pixel, written into ``result`` (rows, columns) and returned."""
    compiled = loops("trajectory_codes")
    if compiled is None:
        result[...] = values[codes]
    else:
        compiled.look_up(codes, values, result)
    return result
