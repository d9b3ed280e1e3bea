"""Work on rasters larger than memory: block by block, in order, on threads or on a cluster.

A block is a band of whole tile rows, so that every compressed tile is decoded once. The work on a
block is a function of the block alone, and answers come back in the order of the blocks, whoever
computed them: totals that are added in that order are the same bytes on one thread, on ten and on
a cluster that lost a worker.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol, TypeVar

import rasterio
from rasterio.windows import Window

Item = TypeVar("Item")
Result = TypeVar("Result")

BLOCK_ROWS_LEAST = 256
"""Bands thinner than this pay more for opening and for Python than for pixels."""

GDAL_CACHE_MB = 64
"""GDAL's own cache of tiles: by default 5 % of the machine, which blocks in order never use."""

WAITING_PER_WORKER = 2
"""Blocks handed out ahead of time, so that no worker waits and memory stays bounded."""


@dataclass(frozen=True)
class Block:
    """A rectangle of pixels of one grid: its first row and column, and its size."""

    row: int
    column: int
    rows: int
    columns: int

    @property
    def window(self) -> Window:
        """The same for rasterio."""
        return Window(self.column, self.row, self.columns, self.rows)

    @property
    def slices(self) -> tuple[slice, slice]:
        """The same for an array of the whole grid."""
        return slice(self.row, self.row + self.rows), slice(self.column, self.column + self.columns)


def row_blocks(
    height: int, width: int, *, tile_rows: int, rows_least: int = BLOCK_ROWS_LEAST
) -> tuple[Block, ...]:
    """Bands over the whole width that tile the grid, each of whole tile rows; the last is shorter.

    ``tile_rows`` is the height of the file's own blocks (``dataset.block_shapes[0][0]``).
    """
    tiles = -(-rows_least // tile_rows)
    step = min(height, tiles * tile_rows) or 1
    return tuple(Block(row, 0, min(step, height - row), width) for row in range(0, height, step))


def tile_blocks(
    height: int, width: int, *, tile_rows: int, tile_columns: int, pixels_most: int
) -> tuple[Block, ...]:
    """Rectangles of whole tiles that tile the grid, row by row, of at most ``pixels_most`` pixels.

    For work that holds many layers of a block at once: a band over the whole width would take too
    much memory. A block is one tile at least.
    """
    rows, columns = min(tile_rows, height), min(tile_columns, width)
    tiles_across = max(1, min(-(-width // columns), pixels_most // (rows * columns)))
    step = tiles_across * columns
    tiles_down = 1 if step < width else max(1, pixels_most // (rows * width))
    return tuple(
        Block(row, column, min(tiles_down * rows, height - row), min(step, width - column))
        for row in range(0, height, tiles_down * rows)
        for column in range(0, width, step)
    )


class Runner(Protocol):
    """Whoever computes blocks: ``results`` yields one answer per item, in the order of items."""

    def results(
        self, work: Callable[[Item], Result], items: Sequence[Item]
    ) -> Iterator[Result]:  # pragma: no cover
        """Apply ``work`` to every item. An exception of the work is raised where it is met."""
        ...


@dataclass(frozen=True)
class Threads:
    """Blocks on threads of this process: rasterio and numba let go of the interpreter's lock."""

    count: int = 0
    """Threads; 0 takes one per core."""

    @property
    def number(self) -> int:
        """How many threads there are."""
        return self.count or os.cpu_count() or 1

    def results(self, work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Apply ``work`` to every item; see :class:`Runner`."""
        count = self.number
        if count == 1:
            yield from map(work, items)
            return
        with ThreadPoolExecutor(count) as pool:
            yield from _in_order(pool, work, items, waiting=count * WAITING_PER_WORKER)


def _in_order(
    pool: ThreadPoolExecutor,
    work: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    waiting: int,
) -> Iterator[Result]:
    """Results in order with at most ``waiting`` blocks in memory."""
    rest = iter(items)
    queue: deque[Future[Result]] = deque(pool.submit(work, item) for item in islice(rest, waiting))
    try:
        while queue:
            yield queue.popleft().result()
            queue.extend(pool.submit(work, item) for item in islice(rest, 1))
    finally:
        # The caller stopped early, or a block failed: what has not begun need not be done.
        for future in queue:
            future.cancel()


@contextmanager
def gdal_settings() -> Iterator[None]:
    """GDAL as this engine wants it: a small cache, and no look at what else is in the folder."""
    with rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE_MB, GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"):
        yield


Opening = Callable[[], AbstractContextManager[Result]]

_lent: dict[int, deque[Any]] = {}
"""By the identity of their owners, open files that no thread is using."""


@contextmanager
def ready(owner: object, opening: Opening[Result], runner: Runner) -> Iterator[None]:
    """Open the files of ``owner`` for every thread of a runner, until the end of the block.

    Opening a file costs as much as reading a million pixels of it, and the first one of a thread
    ten times that, because each thread loads the coordinate systems for itself. Workers of a
    cluster open files themselves.
    """
    count = runner.number if isinstance(runner, Threads) else 0
    with gdal_settings(), ExitStack() as files:
        _lent[id(owner)] = deque(files.enter_context(opening()) for _ in range(count))
        try:
            yield
        finally:
            del _lent[id(owner)]


@contextmanager
def borrowed(owner: object, opening: Opening[Result]) -> Iterator[Result]:
    """What is :func:`ready` for ``owner`` and nobody else uses, or what ``opening`` gives."""
    lent = _lent.get(id(owner))
    try:
        value = lent.popleft() if lent is not None else None
    except IndexError:
        value = None
    if lent is None or value is None:
        with opening() as value:
            yield value
        return
    try:
        yield value
    finally:
        lent.append(value)
