"""Clumps of connected pixels with the same label, their sizes and their borders.

Labels are uint8, 0 is background. Adjacency 4 joins pixels with a common edge, 8 also those with a
common corner. The twin of the compiled loops is scipy.ndimage.label, one label after another.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv.kernels.compiled import loops

Adjacency = Literal[4, 8]
Labels = NDArray[np.uint8]

WORD = 8
EDGES_OF_A_PIXEL = ((1, 0), (-1, 0), (0, 1), (0, -1))


def without_small(labels: Labels, *, least: int, adjacency: Adjacency) -> Labels:
    """The labels (rows, columns), 0 where a clump has fewer than ``least`` pixels."""
    compiled = loops("clumps")
    if compiled is None:
        return without_small_numpy(labels, least=least, adjacency=adjacency)
    padded = _padded(labels)
    table = compiled.runs(padded, padded.view(np.uint64))
    parent, pixels = compiled.joined(padded, table, adjacency // 4 - 1)
    compiled.cleared(padded, table, (parent, pixels), least)
    return padded[:, : labels.shape[1]]


def without_small_numpy(labels: Labels, *, least: int, adjacency: Adjacency) -> Labels:
    """The twin of :func:`without_small`."""
    clumps, count = numbered(labels, adjacency)
    small = np.bincount(clumps.ravel(), minlength=count + 1) < least
    return np.where(small[clumps], 0, labels).astype(np.uint8)


def outvoted(
    labels: Labels,
    after: Labels,
    old: Labels,
    *,
    most: int,
    adjacency: Adjacency,
    border_share: float,
) -> Labels:
    """The labels of the clumps that a minimum mapping unit reverts, 0 elsewhere.

    Parameters
    ----------
    labels, after : (rows, columns); a label stands for one change, ``after`` is the later map
    old : (256,) the class before the change that a label stands for
    most : clumps of up to this many pixels are judged
    border_share : reverted when more than this share of the edges around the clump is to pixels
        that are of the old class in the later map; the rim of the map is no edge
    """
    compiled = loops("clumps")
    if compiled is None:
        rule = {"most": most, "adjacency": adjacency, "border_share": border_share}
        return outvoted_numpy(labels, after, old, **rule)  # type: ignore[arg-type]
    padded = _padded(labels)
    table = compiled.runs(padded, padded.view(np.uint64))
    parent, pixels = compiled.joined(padded, table, adjacency // 4 - 1)
    inside = padded[:, : labels.shape[1]]
    edges = compiled.borders((inside, after), table, (parent, pixels <= most), old)
    reverted = (pixels > 0) & (pixels <= most) & (edges[:, 1] > border_share * edges[:, 0])
    # what stays is emptied, so that only what is to be reverted keeps its label
    compiled.cleared(padded, table, (parent, reverted.astype(np.int64)), 1)
    return inside


def outvoted_numpy(
    labels: Labels,
    after: Labels,
    old: Labels,
    *,
    most: int,
    adjacency: Adjacency,
    border_share: float,
) -> Labels:
    """The twin of :func:`outvoted`."""
    clumps, count = numbered(labels, adjacency)
    pixels = np.bincount(clumps.ravel(), minlength=count + 1)
    framed = np.pad(clumps, 1, constant_values=-1)
    around = np.pad(after, 1)
    edges = np.zeros((count + 1, 2))
    rows, columns = labels.shape
    for down, across in EDGES_OF_A_PIXEL:
        part = np.s_[1 + down : rows + 1 + down, 1 + across : columns + 1 + across]
        edge = (framed[part] != clumps) & (framed[part] >= 0)
        to_old = edge & (around[part] == old[labels])
        for place, chosen in enumerate((edge, to_old)):
            edges[:, place] += np.bincount(clumps[chosen], minlength=count + 1)
    reverted = (pixels <= most) & (edges[:, 1] > border_share * edges[:, 0])
    reverted[0] = False
    return np.where(reverted[clumps], labels, 0).astype(np.uint8)


def numbered(labels: Labels, adjacency: Adjacency) -> tuple[NDArray[np.int64], int]:
    """The number of the clump of every pixel (from 1; 0 for background), and how many there are."""
    from scipy import ndimage

    structure = ndimage.generate_binary_structure(2, adjacency // 4)
    clumps = np.zeros(labels.shape, dtype=np.int64)
    count = 0
    for label in np.unique(labels[labels > 0]):
        found, more = ndimage.label(labels == label, structure=structure)
        clumps[found > 0] = found[found > 0] + count
        count += int(more)
    return clumps, count


def _padded(labels: Labels) -> Labels:
    """A copy with columns filled up to a multiple of eight."""
    padded = np.zeros((labels.shape[0], -(-labels.shape[1] // WORD) * WORD), dtype=np.uint8)
    padded[:, : labels.shape[1]] = labels
    return padded
