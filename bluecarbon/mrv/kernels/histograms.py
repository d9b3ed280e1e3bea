"""Joint histograms of class maps with the moments from which true areas follow.

The area of a pixel changes smoothly over a map: within a cell of some kilometres it is a
polynomial of second degree in row and column, exact to 1e-9. Its sum over all pixels of a
combination of codes follows from six whole numbers, the sums of 1, c, c c, r, r r and r c over
those pixels. They are counted without rounding, so that neither the order of blocks nor the way
of counting changes a digit, and the only arithmetic with fractions is done on a table.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bluecarbon.mrv.blocks import Block
from bluecarbon.mrv.kernels.machine_code import AddressLoop, address_loop

MOMENTS = 6
WORD = 8
"""Pixels that are compared at once, as one number of 64 bits."""

KEY_BITS = 63
"""Codes of all maps stand in one number, whose highest value marks a free slot of a table."""

SPREAD = np.uint64(0x0101010101010101)

LOOP_ARGUMENTS = 7
LOOP_UNITS = np.array([1, 2, 6, 1, 1, 2])
"""The compiled loop counts 2 c, 6 c c and 2 r c, so that it need not divide."""

PIECE = 1024
"""Pixels of a row that it books before it asks whether its hash table has room."""

PLACES = PIECE // WORD + WORD
MARKS = PLACES + PIECE + 2 * WORD
SCRATCH_WORDS = MARKS + PIECE // 64 + 1
"""Its room for a piece: what differs, eight pixels a word; where runs begin; one bit a pixel."""

SLOT = 8
"""Numbers of a slot of its hash table: key, six sums, and the slot of another key."""

SLOTS_FIRST = 4 * PIECE
FREE = 2**64 - 1
"""The key of a free slot."""
FREE_SLOT = np.array([FREE] + [0] * (SLOT - 1), np.uint64)
FIBONACCI = 11400714819323198485

Codes = NDArray[np.uint8]
Moments = NDArray[np.int64]
Whole = NDArray[np.int64]


class Pieces(NamedTuple):
    """Runs of pixels to be booked: codes (maps, pieces), row, columns from and to, +1 or -1."""

    codes: Codes
    row: Whole
    start: Whole
    end: Whole
    sign: Whole


def run_moments(maps: Codes, cell: Block, *, compiled: bool = True) -> tuple[Codes, Moments]:
    """Count the combinations of codes of several maps in one cell.

    Parameters
    ----------
    maps : (maps, rows, columns) uint8, C-contiguous; columns (with padding) a multiple of 8
    cell
        Rows and columns of ``maps`` to count; the first column is a multiple of 8.
    compiled
        Whether to use the compiled loop where there is one. Loading it takes 0.05 s, in which the
        numpy twin counts some 10 million pixels.

    Returns
    -------
    The combinations that occur, (combinations, maps) in ascending order, and for each the sums
    of 1, c, c c, r, r r, r c over its pixels, (combinations, 6); r and c count from the cell's
    first row and column.
    """
    usable = compiled and len(maps) * WORD <= KEY_BITS
    loop = address_loop("histograms", LOOP_ARGUMENTS) if usable else None
    if loop is None:
        return run_moments_numpy(maps, cell)
    try:
        found = _booked_by(loop, maps, cell)
    except BaseException:
        # Stopped by the user, perhaps: what stands in the table belongs to no later cell.
        _room.take(_free_table(SLOTS_FIRST))
        raise
    found = found[np.argsort(found[:, 0])]
    # the bytes of a key, highest first, are the codes
    codes = found[:, 0].astype(">u8").view(np.uint8).reshape(-1, WORD)[:, WORD - len(maps) :]
    return np.ascontiguousarray(codes), found[:, 1:].astype(np.int64) // LOOP_UNITS


def _booked_by(loop: AddressLoop, maps: Codes, cell: Block) -> NDArray[np.uint64]:
    """Keys and the sums of the compiled loop, (combinations, 7)."""
    _, rows, columns = maps.shape
    edges = (cell.column, cell.columns, cell.row, cell.row + cell.rows)
    form = np.array([len(maps), rows * columns // WORD, columns // WORD, *edges, 0], np.uint64)
    state = np.array([cell.row, 0, 0], np.uint64)
    first = maps.ctypes.data
    while True:
        form[-1] = len(_room.table)
        loop(first, first, form.ctypes.data, *_room.addresses, state.ctypes.data)
        if state[0] == cell.row + cell.rows:
            break
        _room.take(_grown(_room.table, int(state[2])))
    used = _room.table[: int(state[2]), -1].astype(np.intp)
    found = _room.table[used, : MOMENTS + 1]
    _room.table[used] = FREE_SLOT
    return found


class _Room(threading.local):
    """What the compiled loop works in, kept by each thread from cell to cell."""

    def __init__(self) -> None:
        self._scratch = np.empty(SCRATCH_WORDS, np.uint64)
        self.take(_free_table(SLOTS_FIRST))

    def take(self, table: NDArray[np.uint64]) -> None:
        """Use this hash table from now on."""
        self.table = table
        scratch = self._scratch.ctypes.data
        self.addresses = (table.ctypes.data, scratch, scratch + MARKS * WORD)


def _free_table(slots: int) -> NDArray[np.uint64]:
    room = np.empty((slots + 1) * SLOT, np.uint64)
    # A slot is as long as a line of the processor's cache, and should not lie across two.
    first = -(room.ctypes.data // WORD) % SLOT
    table = room[first : first + slots * SLOT].reshape(slots, SLOT)
    table[...] = FREE_SLOT
    return table


def _grown(table: NDArray[np.uint64], taken: int) -> NDArray[np.uint64]:
    """A table with twice the slots."""
    larger = _free_table(2 * len(table))
    last = len(larger) - 1
    for place, numbers in enumerate(table[table[:taken, -1]]):
        # Where the compiled loop will look for the key, in its arithmetic, which wraps.
        slot = (int(numbers[0]) * FIBONACCI % 2**64 >> 32) & last
        while larger[slot, 0] != FREE:
            slot = (slot + 1) & last
        larger[slot, :-1] = numbers[:-1]
        larger[place, -1] = slot
    return larger


_room = _Room()


def run_moments_numpy(maps: Codes, cell: Block) -> tuple[Codes, Moments]:
    """The twin of the compiled loop."""
    part = maps[:, cell.row : cell.row + cell.rows]
    whole = cell.columns // WORD
    first = cell.column // WORD
    pieces: list[Pieces] = []
    if whole:
        words = part.view(np.uint64)[:, :, first : first + whole]
        pieces += _pieces(words)
    if cell.columns % WORD:
        pieces.append(_pixels(part, cell, whole * WORD))
    return _booked(Pieces(*(np.concatenate(items, axis=-1) for items in zip(*pieces, strict=True))))


def _pieces(words: NDArray[np.uint64]) -> tuple[Pieces, Pieces, Pieces]:
    """Long runs; pixels that are not as the run they lie in; and the same taken off that run."""
    number, rows, width = words.shape
    changed = np.ones((rows, width), dtype=np.bool_)
    np.not_equal(words[0, :, 1:], words[0, :, :-1], out=changed[:, 1:])
    for layer in words[1:]:
        changed[:, 1:] |= layer[:, 1:] != layer[:, :-1]
    where = np.flatnonzero(changed)
    row, word = np.divmod(where, width)
    found = np.stack([layer[row, word] for layer in words])
    uniform = (found == (found & np.uint64(255)) * SPREAD).all(axis=0)
    # The run that a word belongs to was begun by the last uniform word, or at the edge.
    begun = np.maximum.accumulate(np.where(uniform | (word == 0), np.arange(len(where)), 0))
    codes = (found & np.uint64(255)).astype(np.uint8)[:, begun]
    runs = _runs(codes, row, word, width)
    mixed = np.flatnonzero(~uniform)
    length = (np.append(where[1:], rows * width) - where)[mixed]
    mixed, extra = np.repeat(mixed, length), _counting(length)
    pixels = np.take(found, mixed, axis=1).view(np.uint8).reshape(number, -1, WORD)
    differs = (pixels != codes[:, mixed, None]).any(axis=0)
    piece, byte = np.divmod(np.flatnonzero(differs), WORD)
    own, column = mixed[piece], (word[mixed[piece]] + extra[piece]) * WORD + byte
    ones = np.ones(len(own), np.int64)
    there = (row[own], column, column + 1)
    return (
        runs,
        Pieces(pixels[:, piece, byte], *there, ones),
        Pieces(codes[:, own], *there, -ones),
    )


def _counting(length: Whole) -> Whole:
    """0, 1, ... up to each length, one after another."""
    if length.size == length.sum():
        return np.zeros(length.size, np.int64)
    return np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)


def _runs(codes: Codes, row: Whole, word: Whole, width: int) -> Pieces:
    """Neighbouring words of one row whose runs have the same codes, as one piece each."""
    new = word == 0
    new[1:] |= (codes[:, 1:] != codes[:, :-1]).any(axis=0)
    begin = np.flatnonzero(new)
    start = word[begin] * WORD
    end = np.append(start[1:], width * WORD)
    # the next piece begins in the next row: this one ends with its own
    end[end == 0] = width * WORD
    return Pieces(codes[:, begin], row[begin], start, end, np.ones(len(begin), np.int64))


def _pixels(part: Codes, cell: Block, column: int) -> Pieces:
    """The last columns of a cell, fewer than a word, pixel by pixel."""
    rest = part[:, :, cell.column + column : cell.column + cell.columns]
    row, start = (index.ravel() for index in np.indices(rest.shape[1:]))
    start = start + column
    codes = rest.reshape(len(part), -1)
    return Pieces(codes, row, start, start + 1, np.ones(len(row), np.int64))


def _booked(pieces: Pieces) -> tuple[Codes, Moments]:
    found, number = combinations(pieces.codes)
    count = (pieces.end - pieces.start) * pieces.sign
    first = (pieces.start + pieces.end - 1) * (pieces.end - pieces.start) // 2 * pieces.sign
    second = (_squares(pieces.end) - _squares(pieces.start)) * pieces.sign
    row = pieces.row
    sums = (count, first, second, row * count, row * row * count, row * first)
    moments = np.zeros((len(found), MOMENTS), dtype=np.int64)
    for place, values in enumerate(sums):
        # whole numbers below 2**53 add up exactly in floats
        moments[:, place] = np.bincount(number, weights=values, minlength=len(found))
    kept = moments[:, 0] > 0
    return found[kept], moments[kept]


def _squares(end: Whole) -> Whole:
    """The sum of c c over 0 <= c < end."""
    return (end - 1) * end * (2 * end - 1) // 6


def combinations(codes: Codes) -> tuple[Codes, Whole]:
    """Distinct columns of (maps, n) codes in ascending order (combinations, maps), and which of
    them each column is.
    """
    number = np.zeros(codes.shape[1], dtype=np.int64)
    found = np.zeros((1, 0), dtype=np.uint8)
    for layer in codes:
        # A table of what occurs instead of sorting: there are few combinations and many pieces.
        keys = number * 256 + layer
        seen = np.zeros(256 * len(found), dtype=np.bool_)
        seen[keys] = True
        present = np.flatnonzero(seen)
        number = (np.cumsum(seen) - 1)[keys]
        before, code = np.divmod(present, 256)
        found = np.column_stack([found[before], code.astype(np.uint8)])
    return np.ascontiguousarray(found), number
