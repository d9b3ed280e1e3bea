"""Walks of pixels down trees; imported through ``compiled.loops`` only."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.extending import register_jitable

from bluecarbon.mrv.kernels.compiled import jit

# ruff: noqa: PLR0917 - a compiled loop takes arrays by position


@jit
def _has_gaps(x: Any) -> bool:
    gaps = False
    for value in x:
        gaps |= value != value  # noqa: PLR0124 - only what is not a number differs from itself
    return gaps


@jit
def _leaf_with_gaps(x: Any, nodes: Any, steps: Any, root: Any) -> Any:
    """The leaf's step below ``root`` for a pixel some of whose features are not numbers."""
    step = steps[root, 1]
    node = root
    while step >= 0:
        value = x[(step >> 1) & 127]
        right = not (value <= nodes[node, 0])
        if value != value:  # noqa: PLR0124
            right = (step & 1) == 0
        node = (step >> 8) + np.int32(right)
        step = steps[node, 1]
    return step


@register_jitable(inline="always")
def _four_leaves(x: Any, nodes: Any, steps: Any, roots: Any, first: Any) -> Any:
    """The leaves' steps of four trees from ``first`` on; written out so that loads overlap."""
    n0, n1, n2, n3 = roots[first], roots[first + 1], roots[first + 2], roots[first + 3]
    a0, a1, a2, a3 = steps[n0, 1], steps[n1, 1], steps[n2, 1], steps[n3, 1]
    while a0 >= 0 or a1 >= 0 or a2 >= 0 or a3 >= 0:
        if a0 >= 0:
            n0 = (a0 >> 8) + np.int32(not (x[(a0 >> 1) & 127] <= nodes[n0, 0]))
            a0 = steps[n0, 1]
        if a1 >= 0:
            n1 = (a1 >> 8) + np.int32(not (x[(a1 >> 1) & 127] <= nodes[n1, 0]))
            a1 = steps[n1, 1]
        if a2 >= 0:
            n2 = (a2 >> 8) + np.int32(not (x[(a2 >> 1) & 127] <= nodes[n2, 0]))
            a2 = steps[n2, 1]
        if a3 >= 0:
            n3 = (a3 >> 8) + np.int32(not (x[(a3 >> 1) & 127] <= nodes[n3, 0]))
            a3 = steps[n3, 1]
    return a0, a1, a2, a3


@register_jitable(inline="always")
def _add(total: Any, rows: Any, leaves: Any) -> None:
    a0, a1, a2, a3 = leaves
    for k in range(len(total)):
        # In the order of the trees, as scikit-learn adds them.
        total[k] = (
            total[k] + rows[-1 - a0, k] + rows[-1 - a1, k] + rows[-1 - a2, k] + rows[-1 - a3, k]
        )


@jit
def _sum_with_gaps(x: Any, nodes: Any, steps: Any, roots: Any, rows: Any, total: Any) -> None:
    for first in range(0, len(roots), 4):
        leaves = (
            _leaf_with_gaps(x, nodes, steps, roots[first]),
            _leaf_with_gaps(x, nodes, steps, roots[first + 1]),
            _leaf_with_gaps(x, nodes, steps, roots[first + 2]),
            _leaf_with_gaps(x, nodes, steps, roots[first + 3]),
        )
        _add(total, rows, leaves)


@jit
def _lead(total: Any) -> Any:
    """The place of the greatest sum, the first of equal ones, and how far it is ahead."""
    best = 0
    for k in range(1, len(total)):
        if total[k] > total[best]:
            best = k
    second = -np.inf
    for k in range(len(total)):
        if k != best and total[k] > second:
            second = total[k]
    return best, total[best] - second


@jit
def sums(features: Any, nodes: Any, roots: Any, rows: Any, result: Any) -> None:
    """See ``trees.sums``; the last of ``rows`` is where the sums start."""
    steps = nodes.view(np.int32)
    for i in range(features.shape[0]):
        x = features[i]
        total = result[i]
        total[:] = rows[len(rows) - 1]
        if _has_gaps(x):
            _sum_with_gaps(x, nodes, steps, roots, rows, total)
            continue
        for first in range(0, len(roots), 4):
            _add(total, rows, _four_leaves(x, nodes, steps, roots, first))


@jit
def winners(features: Any, nodes: Any, roots: Any, rows: Any, slack: Any, result: Any) -> None:
    """See ``trees.winners``; a pixel stops when its lead is more than the rest can take back."""
    steps = nodes.view(np.int32)
    total = np.empty(rows.shape[1])
    for i in range(features.shape[0]):
        x = features[i]
        total[:] = rows[len(rows) - 1]
        best = 0
        if _has_gaps(x):
            _sum_with_gaps(x, nodes, steps, roots, rows, total)
            best, _ = _lead(total)
        else:
            for four in range(len(roots) // 4):
                _add(total, rows, _four_leaves(x, nodes, steps, roots, four * 4))
                best, ahead = _lead(total)
                if ahead > slack[four + 1]:
                    break
        result[i] = best
