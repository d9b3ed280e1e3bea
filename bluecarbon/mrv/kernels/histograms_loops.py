"""The joint histogram of class maps, run by run; imported through ``compiled.loops`` only.

Maps hardly change from one pixel to the next, and where they do it is often one wrong pixel. Eight
pixels are compared with the run at once; those that differ are booked one by one and taken off
the run, which goes on unless most of them differ. Looking for the end of every run instead costs
several times as much, because the processor cannot guess it. Indices are unsigned: a signed one
is asked at every access whether it counts from the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bluecarbon.mrv.kernels.compiled import jit, jit_inline

# ruff: noqa: PLR0917 - a compiled loop takes arrays by position

PIECE = np.uint64(1024)
"""Pixels of a row that are booked before the hash table is asked whether it has room."""

SLOTS_FIRST = 2048
"""Of the hash table, which always has room for twice what the next piece could add."""

MOST_OF_A_WORD = 4
"""A run ends when this many of eight pixels are not of it."""

BATCH = np.uint64(64)
"""Words that are compared ahead, many at once, as long as the run does not end."""

WORD = np.uint64(8)
BITS = np.uint64(8)
ONE = np.uint64(1)
EMPTY = np.uint64(2**64 - 1)
"""The key of a free slot; keys of maps have at most 63 bits."""
BYTE = np.uint64(255)
SPREAD = np.uint64(0x0101010101010101)
GATHER = np.uint64(0x0102040810204080)
"""Multiplying by it brings the lowest bits of eight bytes into the highest byte."""


@jit
def run_moments(maps: Any, words: Any, cell: Any) -> Any:
    """Keys (slots), EMPTY where none is, and moments (slots, 6); see ``histograms.run_moments``.

    ``words`` are the same maps eight pixels at a time, ``cell`` (first column, end column,
    first row, end row); the first column is a multiple of eight.
    """
    first_column, end_column = cell[0], cell[1]
    line, moments = _table(SLOTS_FIRST)
    met = np.zeros(SLOTS_FIRST, np.uint64)
    pattern, other = np.zeros(maps.shape[0], np.uint64), np.zeros(BATCH, np.uint64)
    aids = (pattern, _lowest_bits(), _partial_sums(end_column - first_column), other)
    taken = np.uint64(0)
    for row in range(cell[2], cell[3]):
        touched = np.uint64(0)
        for start in range(first_column, end_column, PIECE):
            while np.uint64(line.shape[0]) < (taken + PIECE) * np.uint64(2):
                _fold(moments, line, met, touched, row - cell[2])
                touched = np.uint64(0)
                line, moments = _grown(line, moments)
                met = np.zeros(line.shape[0], np.uint64)
            piece = (first_column, start, min(start + PIECE, end_column))
            new, touched = _line(maps, words, row, piece, (line, met), aids, touched)
            taken += new
        _fold(moments, line, met, touched, row - cell[2])
    return line[:, 0].copy(), moments


@jit
def _line(maps: Any, words: Any, row: Any, piece: Any, table: Any, aids: Any, touched: Any) -> Any:
    """Book a piece of a row: how many keys are new in the table, and how many the row has met."""
    pattern, lowest, partial, other = aids
    first_column, start_column, end_column = piece
    word, end_word = start_column // WORD, end_column // WORD
    new = np.uint64(0)
    run = _key(maps, row, start_column)
    _spread(pattern, run)
    begin = start_column - first_column
    count, first, second = np.uint64(0), np.uint64(0), np.uint64(0)
    while word < end_word:
        batch = min(BATCH, end_word - word)
        _compare(words, row, word, pattern, other[:batch])
        place = np.uint64(0)
        while place < batch:
            if other[place] == 0:
                place += ONE
                continue
            left = (word + place) * WORD - first_column
            place += ONE
            differing = _bits(other[place - ONE])
            number = 0
            while differing != 0:
                column = left + lowest[differing]
                differing &= differing - ONE
                key = _key(maps, row, first_column + column)
                new, touched = _add(table, key, (ONE, column, column * column), new, touched)
                # taken off the run, below zero for the moment: unsigned numbers wrap, and back
                count -= ONE
                first -= column
                second -= column * column
                number += 1
            if number >= MOST_OF_A_WORD:
                end = left + WORD
                sums = _run_sums(partial, begin, end, count, first, second)
                new, touched = _add(table, run, sums, new, touched)
                run, begin = _key(maps, row, first_column + end - ONE), end
                count, first, second = np.uint64(0), np.uint64(0), np.uint64(0)
                _spread(pattern, run)
                _compare(words, row, word + place, pattern, other[place:batch])
        word += batch
    end = end_word * WORD - first_column
    sums = _run_sums(partial, begin, end, count, first, second)
    new, touched = _add(table, run, sums, new, touched)
    for column in range(end, end_column - first_column):
        key = _key(maps, row, first_column + column)
        new, touched = _add(table, key, (ONE, column, column * column), new, touched)
    return new, touched


@jit_inline
def _run_sums(partial: Any, begin: Any, end: Any, count: Any, first: Any, second: Any) -> Any:
    """Sums of 1, c and c c from ``begin`` to ``end``, on top of what was taken off."""
    ones, squares = partial
    return (
        count + end - begin,
        first + ones[end] - ones[begin],
        second + squares[end] - squares[begin],
    )


@jit_inline
def _add(table: Any, key: Any, sums: Any, new: Any, touched: Any) -> Any:
    """Add to the sums that a key has in this row, and note it when it is new in row or table."""
    line, met = table
    if sums[0] == 0:
        return new, touched
    last = np.uint64(line.shape[0] - 1)
    slot = first_slot(key) & last
    while line[slot, 0] != key and line[slot, 0] != EMPTY:
        slot = (slot + ONE) & last
    if line[slot, 1] == 0:
        if line[slot, 0] == EMPTY:
            line[slot, 0] = key
            new += ONE
        met[touched] = slot
        touched += ONE
    line[slot, 1] += sums[0]
    line[slot, 2] += sums[1]
    line[slot, 3] += sums[2]
    return new, touched


@jit
def _fold(moments: Any, line: Any, met: Any, touched: Any, row: Any) -> None:
    """Add the sums of one row to those of the cell, and clear them."""
    for place in range(touched):
        slot = met[place]
        count, first = line[slot, 1], line[slot, 2]
        moments[slot, 0] += count
        moments[slot, 1] += first
        moments[slot, 2] += line[slot, 3]
        moments[slot, 3] += row * count
        moments[slot, 4] += row * row * count
        moments[slot, 5] += row * first
        line[slot, 1] = 0
        line[slot, 2] = 0
        line[slot, 3] = 0


@jit_inline
def _spread(pattern: Any, key: Any) -> None:
    """For each map, its code in the key eight times over."""
    rest = key
    for back in range(pattern.shape[0]):
        pattern[pattern.shape[0] - 1 - back] = (rest & BYTE) * SPREAD
        rest >>= BITS


@jit
def _compare(words: Any, row: Any, first: Any, pattern: Any, other: Any) -> None:
    """Words in which some map has not the codes of the run: not zero where it has not."""
    for place in range(other.shape[0]):
        other[place] = 0
    for m in range(np.uint64(words.shape[0])):
        codes, line = pattern[m], words[m, row, first:]
        for place in range(np.uint64(other.shape[0])):
            other[place] |= line[place] ^ codes


@jit_inline
def _bits(other: Any) -> Any:
    """One bit for each byte that is not zero."""
    other |= other >> np.uint64(4)
    other |= (other & np.uint64(0x0F0F0F0F0F0F0F0F)) >> np.uint64(2)
    other |= (other & np.uint64(0x0303030303030303)) >> ONE
    return ((other & SPREAD) * GATHER) >> np.uint64(56)


@jit
def _lowest_bits() -> Any:
    """The place of the lowest bit of every number of eight bits."""
    result = np.zeros(256, np.uint64)
    for number in range(1, 256):
        place = 0
        while not (number >> place) & 1:
            place += 1
        result[number] = place
    return result


@jit_inline
def _key(maps: Any, row: Any, column: Any) -> Any:
    key = np.uint64(0)
    for m in range(np.uint64(maps.shape[0])):
        key = (key << BITS) | np.uint64(maps[m, row, column])
    return key


@jit
def _partial_sums(count: Any) -> Any:
    """Sums of c and of c c over the columns before each."""
    ones = np.zeros(count + ONE, np.uint64)
    squares = np.zeros(count + ONE, np.uint64)
    for column in range(count):
        ones[column + ONE] = ones[column] + column
        squares[column + ONE] = squares[column] + column * column
    return ones, squares


@jit_inline
def first_slot(key: Any) -> Any:
    """Where a key should stand in a hash table (Fibonacci: the upper half of the product depends
    on all bits of the key).
    """
    return (key * np.uint64(11400714819323198485)) >> np.uint64(32)


@jit_inline
def slot_of(keys: Any, key: Any) -> Any:
    """Where a key stands in a hash table of keys, or the free slot where it should."""
    last = np.uint64(keys.shape[0] - 1)
    slot = first_slot(key) & last
    while keys[slot] != key and keys[slot] != EMPTY:
        slot = (slot + ONE) & last
    return slot


@jit
def _table(slots: int) -> Any:
    """An empty hash table: key and sums of one row side by side, and the sums of the cell."""
    line = np.zeros((slots, 4), np.uint64)
    line[:, 0] = EMPTY
    return line, np.zeros((slots, 6), np.uint64)


@jit
def _grown(line: Any, moments: Any) -> Any:
    """A table with twice the slots; the sums of the row are zero."""
    more_line, more_moments = _table(2 * line.shape[0])
    keys = more_line[:, 0]
    for slot in range(line.shape[0]):
        if line[slot, 0] != EMPTY:
            place = slot_of(keys, line[slot, 0])
            keys[place] = line[slot, 0]
            more_moments[place] = moments[slot]
    return more_line, more_moments
