"""Codes of trajectories pixel by pixel; imported through ``compiled.loops`` only."""

from __future__ import annotations

from typing import Any

import numpy as np

from bluecarbon.mrv.kernels.compiled import jit


@jit
def encode(maps: Any, tree: Any, codes: Any) -> None:
    """Codes of all pixels into ``codes``; ``tree`` is (columns, steps, first) of a ``Tree``."""
    columns, steps, first = tree
    number = maps.shape[0]
    # The classes of a pixel are mostly those of its neighbour: then its code is, too.
    last = np.zeros(number, np.uint8)
    code = np.int32(-1)
    for row in range(maps.shape[1]):
        for column in range(maps.shape[2]):
            differs = np.uint8(0)
            for m in range(number):
                differs |= maps[m, row, column] ^ last[m]
            if differs != 0 or code < 0:
                code = np.int32(1)
                for m in range(number):
                    last[m] = maps[m, row, column]
                    code = steps[first[m] + code, columns[m, last[m]]]
            codes[row, column] = code


@jit
def look_up(codes: Any, values: Any, result: Any) -> None:
    """``values[codes]`` into ``result``, without a copy and without checks of bounds."""
    for row in range(codes.shape[0]):
        for column in range(codes.shape[1]):
            result[row, column] = values[codes[row, column]]
