"""Classes under polygons; imported through ``compiled.loops`` only.

Coverage is the area between each edge and the right end of the row, with the sign of the edge's
direction, written as differences between neighbouring pixels and added up along the row. Between
the edges nothing has to be asked: the work on the geometry is that of its outline.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bluecarbon.mrv.kernels.compiled import jit
from bluecarbon.mrv.kernels.histograms_loops import EMPTY, slot_of

# ruff: noqa: PLR0917 - a compiled loop takes arrays by position

SPECK = 1e-9
"""Parts of a pixel below this are rounding: 0.1 square millimetres of a Sentinel-2 pixel."""

ROWS_AT_ONCE = 64
"""Rows whose coverage is held in memory."""

SLOTS_FIRST = 256


@jit
def covered(edges: Any, maps: Any, window: Any, cells: Any, centres: bool) -> Any:
    """Keys of the codes under a polygon, and for each the pixels covered and their hectares.

    ``edges`` (n, 4) are x, y, x, y in pixels of the block; ``window`` the row, end row, column and
    end column that they touch; ``cells`` their rows, their columns and their polynomials.
    """
    row, end_row, column, end_column = window
    keys = np.full(SLOTS_FIRST, EMPTY, np.uint64)
    sums = np.zeros((SLOTS_FIRST, 2))
    taken = 0
    while row < end_row:
        rows = min(ROWS_AT_ONCE, end_row - row)
        steps = np.zeros((rows, end_column - column + 1))
        for number in range(edges.shape[0]):
            if centres:
                _step_at_centres(steps, edges[number], row, column)
            else:
                _step(steps, edges[number], row, column)
        for part in range(rows):
            # a row adds at most as many keys as it has pixels
            while keys.shape[0] < 2 * (taken + steps.shape[1]):
                keys, sums = _grown(keys, sums)
            taken += _book(steps[part], maps, (row + part, column), cells, (keys, sums))
        row += rows
    return keys, sums


@jit
def _step(steps: Any, edge: Any, row: int, column: int) -> None:
    """Add what one edge changes from pixel to pixel in each row that it crosses."""
    x0, y0, x1, y1 = edge[0] - column, edge[1] - row, edge[2] - column, edge[3] - row
    sign = 1.0
    if y0 > y1:
        x0, y0, x1, y1, sign = x1, y1, x0, y0, -1.0
    if y0 == y1 or y1 <= 0 or y0 >= steps.shape[0]:
        return
    slope = (x1 - x0) / (y1 - y0)
    top, bottom = max(y0, 0.0), min(y1, float(steps.shape[0]))
    for line in range(int(top), min(int(np.ceil(bottom)), steps.shape[0])):
        above, below = max(top, float(line)), min(bottom, line + 1.0)
        first, last = x0 + slope * (above - y0), x0 + slope * (below - y0)
        _spread(steps[line], min(first, last), max(first, last), sign * (below - above))


@jit
def _spread(steps: Any, left: float, right: float, height: float) -> None:
    """A piece of an edge within one row, from ``left`` to ``right``, over the pixels it crosses."""
    width = steps.shape[0] - 1
    if right <= 0:
        steps[0] += height
        return
    if left >= width:
        return
    if left < 0:
        steps[0] += height * (0 - left) / (right - left)
    for pixel in range(max(int(left), 0), min(int(right) + 1, width)):
        begin, end = max(left, float(pixel)), min(right, pixel + 1.0)
        share = height if right == left else height * (end - begin) / (right - left)
        # the part of this pixel that lies to the right of the piece
        part = pixel + 1 - 0.5 * (begin + end)
        steps[pixel] += share * part
        steps[pixel + 1] += share * (1 - part)


@jit
def _step_at_centres(steps: Any, edge: Any, row: int, column: int) -> None:
    """The same for pixels that count whole when their centre is inside."""
    x0, y0, x1, y1 = edge[0] - column, edge[1] - row, edge[2] - column, edge[3] - row
    sign = 1.0
    if y0 > y1:
        x0, y0, x1, y1, sign = x1, y1, x0, y0, -1.0
    first, last = np.ceil(y0 - 0.5), np.ceil(y1 - 0.5)
    for line in range(max(int(first), 0), min(int(last), steps.shape[0])):
        x = x0 + (x1 - x0) * (line + 0.5 - y0) / (y1 - y0)
        pixel = max(int(np.ceil(x - 0.5)), 0)
        if pixel < steps.shape[1]:
            steps[line, pixel] += sign


@jit
def _book(steps: Any, maps: Any, place: Any, cells: Any, table: Any) -> Any:
    """Add the covered pixels of one row to the sums of their codes; how many keys are new."""
    keys, sums = table
    row, column = place
    cell_rows, cell_columns, polynomials = cells
    across = (maps.shape[2] + cell_columns - 1) // cell_columns
    r = row % cell_rows
    part, new, last, slot = 0.0, 0, EMPTY, np.uint64(0)
    begin = column
    end_column = column + steps.shape[0] - 1
    while begin < end_column:
        cell = begin // cell_columns
        end = min((cell + 1) * cell_columns, end_column)
        p = polynomials[row // cell_rows * across + cell]
        constant = p[0] + r * (p[3] + r * p[4])
        linear = p[1] + r * p[5]
        for c in range(begin, end):
            part += steps[c - column]
            if part <= SPECK:
                continue
            key = np.uint64(0)
            for m in range(maps.shape[0]):
                key = (key << np.uint64(8)) | np.uint64(maps[m, row, c])
            if key != last:
                slot, last = slot_of(keys, key), key
                if keys[slot] == EMPTY:
                    keys[slot] = key
                    new += 1
            x = c - cell * cell_columns
            sums[slot, 0] += part
            sums[slot, 1] += part * (constant + x * (linear + x * p[2]))
        begin = end
    return new


@jit
def _grown(keys: Any, sums: Any) -> Any:
    more_keys = np.full(2 * keys.shape[0], EMPTY, np.uint64)
    more_sums = np.zeros((2 * keys.shape[0], 2))
    for slot in range(keys.shape[0]):
        if keys[slot] != EMPTY:
            place = slot_of(more_keys, keys[slot])
            more_keys[place] = keys[slot]
            more_sums[place] = sums[slot]
    return more_keys, more_sums
