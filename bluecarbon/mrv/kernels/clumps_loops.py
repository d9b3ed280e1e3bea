"""Clumps of equal pixels by union of runs; imported through ``compiled.loops`` only.

A row of labels is a list of runs, and a run joins the runs of the row above that it touches: no
array of labels is needed, and the cost is that of reading the labels once. Indices of pixels are
unsigned: a signed one is asked at every access whether it counts from the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bluecarbon.mrv.kernels.compiled import jit

ONE = np.uint64(1)
WORD = np.uint64(8)


@jit
def runs(labels: Any, words: Any) -> Any:
    """Runs of equal labels other than 0: starts, ends, and the first run of each row.

    ``words`` are the labels eight pixels at a time; the columns are a multiple of eight.
    """
    rows, width = np.uint64(labels.shape[0]), np.uint64(labels.shape[1])
    first = np.zeros(labels.shape[0] + 1, np.int64)
    room = 1024 + labels.shape[1]
    starts, ends = np.empty(room, np.int32), np.empty(room, np.int32)
    number = 0
    for row in range(rows):
        first[row] = number
        if number + labels.shape[1] > starts.shape[0]:
            starts, ends = _longer(starts, labels.shape[1]), _longer(ends, labels.shape[1])
        column = np.uint64(0)
        while column < width:
            if column % WORD == 0 and words[row, column // WORD] == 0:
                column += WORD
                continue
            label = labels[row, column]
            if label == 0:
                column += ONE
                continue
            starts[number] = column
            while column < width and labels[row, column] == label:
                column += ONE
            ends[number] = column
            number += 1
    first[labels.shape[0]] = number
    return starts[:number], ends[:number], first


@jit
def _longer(values: Any, more: int) -> Any:
    result = np.empty(2 * values.shape[0] + more, values.dtype)
    result[: values.shape[0]] = values
    return result


@jit
def joined(labels: Any, table: Any, reach: int) -> Any:
    """The clump of each run, as the number of its first run, and the pixels of each clump.

    ``reach`` is 0 when only pixels with a common edge touch, 1 when corners do.
    """
    starts, ends, first = table
    parent = np.arange(starts.shape[0]).astype(np.int32)
    for row in range(1, labels.shape[0]):
        above, above_end = first[row - 1], first[row]
        for run in range(first[row], first[row + 1]):
            while above < above_end and ends[above] + reach <= starts[run]:
                above += 1
            other = above
            while other < above_end and starts[other] < ends[run] + reach:
                if labels[row - 1, starts[other]] == labels[row, starts[run]]:
                    _join(parent, run, other)
                other += 1
    pixels = np.zeros(starts.shape[0], np.int64)
    for run in range(starts.shape[0]):
        # parents come before their children: one look is enough once they are settled
        parent[run] = parent[parent[run]]
        pixels[parent[run]] += ends[run] - starts[run]
    return parent, pixels


@jit
def _join(parent: Any, one: int, other: int) -> None:
    first, second = _root(parent, one), _root(parent, other)
    if first < second:
        parent[second] = first
    else:
        parent[first] = second


@jit
def _root(parent: Any, run: int) -> Any:
    while parent[run] != run:
        parent[run] = parent[parent[run]]
        run = parent[run]
    return run


@jit
def cleared(labels: Any, table: Any, clumps: Any, least: int) -> None:
    """Set the labels of all clumps with fewer than ``least`` pixels to 0."""
    starts, ends, first = table
    parent, pixels = clumps
    for row in range(labels.shape[0]):
        for run in range(first[row], first[row + 1]):
            if pixels[parent[run]] < least:
                for column in range(np.uint64(starts[run]), np.uint64(ends[run])):
                    labels[row, column] = 0


@jit
def borders(maps: Any, table: Any, clumps: Any, old: Any) -> Any:
    """Edges around each small clump (by first run): all, and those to pixels of its old class.

    ``old`` (256) is the class that a label was before; the rim of the map is no edge.
    """
    starts, ends, first = table
    labels, after = maps
    parent, small = clumps
    edges = np.zeros((starts.shape[0], 2), np.int64)
    rows, columns = labels.shape
    for row in range(rows):
        for run in range(first[row], first[row + 1]):
            root = parent[run]
            if not small[root]:
                continue
            label = labels[row, starts[run]]
            for column in range(starts[run], ends[run]):
                for way in range(4):
                    r = row + (way == 0) - (way == 1)
                    c = column + (way == 2) - (way == 3)
                    if 0 <= r < rows and 0 <= c < columns and labels[r, c] != label:
                        edges[root, 0] += 1
                        edges[root, 1] += after[r, c] == old[label]
    return edges
