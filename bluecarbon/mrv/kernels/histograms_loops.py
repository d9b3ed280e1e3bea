"""The joint histogram of class maps, run by run; imported where it is compiled only.

Maps hardly change from one pixel to the next. What costs time is not the pixels but the processor's
wrong guesses about where the next change is, so nothing here asks pixel by pixel: eight bytes are
compared with those before them at once, which the compiler turns into 64; the changes of 64 pixels
stand in one number, whose set bits are taken out four at a time, too many rather than too few; and
then one run after another is booked by the same straight line of instructions. There are no arrays
here, only addresses, so that the machine code needs nothing of numba when it is loaded again
(:mod:`.machine_code`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from bluecarbon.mrv.kernels import histograms as layout
from bluecarbon.mrv.kernels.compiled import jit_inline

# ruff: noqa: PLR0917 - a compiled loop takes addresses by position

PIECE = np.uint64(layout.PIECE)
PLACES = np.uint64(layout.PLACES)
MARKS = np.uint64(layout.MARKS)

AT_ONCE = 4
"""Changes that are taken out of 64 pixels before it is asked whether there are more."""

SLOT = np.uint64(layout.SLOT)
WORD = np.uint64(8)
BITS = np.uint64(8)
ONE, TWO = np.uint64(1), np.uint64(2)
EMPTY = np.uint64(layout.FREE)
"""The key of a free slot; keys of maps have at most 63 bits."""
BYTE = np.uint64(255)
LAST_BYTE = np.uint64(56)
CHUNK = np.uint64(64)
LOW_BITS = np.uint64(0x7F7F7F7F7F7F7F7F)
HIGH_BITS = np.uint64(0x8080808080808080)
GATHER = np.uint64(0x0102040810204080)
"""Multiplying by it brings the lowest bits of eight bytes into the highest byte."""
FIBONACCI = np.uint64(layout.FIBONACCI)

BYTES, WORDS = types.CPointer(types.uint8), types.CPointer(types.uint64)  # type: ignore[no-untyped-call]
SIGNATURE = types.void(BYTES, WORDS, WORDS, WORDS, WORDS, BYTES, WORDS)
"""Of :func:`entry`."""


def _instruction(name: str) -> Any:
    """The processor's instruction of that name on one number of 64 bits, for use in a loop."""

    def typed(_context: Any, _number: Any) -> Any:
        def made(_: Any, builder: Any, __: Any, values: Any) -> Any:
            # cttz may give anything for 0, which is never asked
            rest = [ir.Constant(ir.IntType(1), 1)] if name == "cttz" else []
            return getattr(builder, name)(values[0], *rest)

        return types.uint64(types.uint64), made

    return intrinsic(typed)


_lowest = _instruction("cttz")
"""The place of the lowest set bit."""

_set_bits = _instruction("ctpop")
"""How many bits are set."""


def entry(
    maps: Any, words: Any, form: Any, table: Any, scratch: Any, marks: Any, state: Any
) -> None:
    """Book the runs of a cell until it is done or the table is too full for another piece.

    Parameters
    ----------
    maps, words : the codes, and the same eight at a time
    form : number of maps, words of a map, words of a row, first column of the cell (a multiple of
        8), its columns, first row, end row, slots of the table
    table : the hash table; sums of 1, 2 c, 6 c c, r, r r and 2 r c, so that none is a fraction;
        and as the last number of slot n, the slot of the key that came as the n-th
    scratch, marks : room for one piece, and the part of it that is written byte by byte
    state : row and column to go on from, and how many keys are in the table; brought up to date
    """
    columns, end_row, slots = form[4], form[6], form[7]
    row, start, taken = state[0], state[1], state[2]
    while row < end_row and (taken + PIECE) * TWO <= slots:
        end = min(start + PIECE, columns)
        first_word = row * form[2] + (form[3] + start) // WORD
        _compare(words, form, first_word, (end - start + WORD - ONE) // WORD, scratch)
        count = _places(scratch, marks, start, end)
        taken = _book(maps, form, (row, count, taken), table, scratch)
        start = end
        if start >= columns:
            start = np.uint64(0)
            row += ONE
    state[0], state[1], state[2] = row, start, taken


@jit_inline
def _compare(words: Any, form: Any, first: Any, count: Any, other: Any) -> None:
    """Pixels that differ from the one before them in some map, as bytes that are not zero."""
    for place in range(ONE, count):
        other[place] = _difference(words, first + place)
    for place in range(count, count + WORD):
        other[place] = 0
    # nothing is before the first pixel: its run begins there, whatever it is
    other[0] = words[first] ^ ((words[first] << BITS) | (words[first] & BYTE))
    for m in range(ONE, form[0]):
        base = m * form[1] + first
        other[0] |= words[base] ^ ((words[base] << BITS) | (words[base] & BYTE))
        for place in range(ONE, count):
            other[place] |= _difference(words, base + place)


@jit_inline
def _difference(words: Any, place: Any) -> Any:
    """Eight pixels against those one to their left."""
    return words[place] ^ ((words[place] << BITS) | (words[place - ONE] >> LAST_BYTE))


@jit_inline
def _bits(other: Any) -> Any:
    """One bit for each byte that is not zero."""
    other = (((other & LOW_BITS) + LOW_BITS) | other) & HIGH_BITS
    return ((other >> np.uint64(7)) * GATHER) >> LAST_BYTE


@jit_inline
def _places(scratch: Any, marks: Any, start: Any, end: Any) -> Any:
    """Columns at which runs begin, the end behind them; how many runs there are."""
    length = end - start
    chunks = (length + CHUNK - ONE) // CHUNK
    for place in range(chunks * WORD):
        marks[place] = np.uint8(_bits(scratch[place]))
    scratch[MARKS] |= ONE
    if length % CHUNK != 0:
        scratch[MARKS + chunks - ONE] &= (ONE << (length % CHUNK)) - ONE
    count = np.uint64(0)
    for chunk in range(chunks):
        mask = scratch[MARKS + chunk]
        found, free = _set_bits(mask), PLACES + count
        while True:
            for step in range(AT_ONCE):
                scratch[free + np.uint64(step)] = start + chunk * CHUNK + _lowest(mask)
                mask &= mask - ONE
            free += np.uint64(AT_ONCE)
            if mask == 0:
                break
        count += found
    scratch[PLACES + count] = end
    return count


@jit_inline
def _book(maps: Any, form: Any, runs: Any, table: Any, scratch: Any) -> Any:
    """Add the runs of a row to the sums of their keys; how many keys there are now."""
    row, count, taken = runs
    first, down = row * form[2] * WORD + form[3], row - form[5]
    # Read once: what is written to the table could be these numbers, for all the compiler knows.
    number, plane, last = form[0], form[1] * WORD, form[7] - ONE
    begin = scratch[PLACES]
    ones, squares = _sums_before(begin)
    for run in range(count):
        end = scratch[PLACES + run + ONE]
        place = first + begin
        key = np.uint64(maps[place])
        for _ in range(ONE, number):
            place += plane
            key = (key << BITS) | np.uint64(maps[place])
        slot, taken = _slot(table, key, last, taken)
        end_ones, end_squares = _sums_before(end)
        pixels, across = end - begin, end_ones - ones
        table[slot + ONE] += pixels
        table[slot + np.uint64(2)] += across
        table[slot + np.uint64(3)] += end_squares - squares
        table[slot + np.uint64(4)] += down * pixels
        table[slot + np.uint64(5)] += down * down * pixels
        table[slot + np.uint64(6)] += down * across
        begin, ones, squares = end, end_ones, end_squares
    return taken


@jit_inline
def _sums_before(end: Any) -> Any:
    """Twice the sum of c and six times that of c c over 0 <= c < end."""
    ones = end * (end - ONE)
    return ones, ones * (TWO * end - ONE)


@jit_inline
def _slot(table: Any, key: Any, last: Any, taken: Any) -> Any:
    """Where a key's numbers begin in the table, and how many keys there are now."""
    slot = first_slot(key) & last
    while table[slot * SLOT] != key:
        if table[slot * SLOT] == EMPTY:
            table[slot * SLOT] = key
            table[taken * SLOT + SLOT - ONE] = slot
            return slot * SLOT, taken + ONE
        slot = (slot + ONE) & last
    return slot * SLOT, taken


@jit_inline
def first_slot(key: Any) -> Any:
    """Where a key should stand in a hash table (Fibonacci: the upper half of the product depends
    on all bits of the key).
    """
    return (key * FIBONACCI) >> np.uint64(32)


@jit_inline
def slot_of(keys: Any, key: Any) -> Any:
    """Where a key stands in a hash table of keys, or the free slot where it should."""
    last = np.uint64(keys.shape[0] - 1)
    slot = first_slot(key) & last
    while keys[slot] != key and keys[slot] != EMPTY:
        slot = (slot + ONE) & last
    return slot
