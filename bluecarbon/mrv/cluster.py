"""The same blocks on dask.distributed: a scheduler somewhere, or workers of this machine.

A worker needs the package and sees the files under the same names. What it returns is a small
table; pixels stay where they are read. The work on a block is pure, so a block of a worker that
died is simply computed again by another, and the answers come back in the order of the blocks:
the bytes are those of one machine.
"""

from __future__ import annotations

import asyncio
import importlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from bluecarbon.errors import ClusterError, MissingExtraError
from bluecarbon.mrv.blocks import WAITING_PER_WORKER

Item = TypeVar("Item")
Result = TypeVar("Result")

WAITING_LEAST = 8
"""Blocks in flight on a cluster whose workers are still starting."""

SECONDS = 10
"""So long a scheduler may take to answer."""


@dataclass(frozen=True)
class Cluster:
    """A :class:`bluecarbon.mrv.blocks.Runner` on a dask scheduler, e.g. ``tcp://host:8786``."""

    client: Any
    """A ``distributed.Client``; see :func:`connected` and :func:`local_workers`."""

    def results(self, work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Apply ``work`` to every item, in order; an exception of the work is raised here.

        Raises
        ------
        ClusterError
            A block could not be finished because its workers kept dying.
        """
        rest = iter(items)
        threads = sum(self.client.nthreads().values())
        waiting = max(WAITING_LEAST, WAITING_PER_WORKER * threads)
        queue = deque(self._submit(work, item) for item in islice(rest, waiting))
        try:
            while queue:
                yield self._answer(queue.popleft())
                queue.extend(self._submit(work, item) for item in islice(rest, 1))
        finally:
            self.client.cancel(list(queue))

    def _submit(self, work: Callable[[Item], Result], item: Item) -> Any:
        # pure=False: a file may have changed since a task of the same name was kept.
        return self.client.submit(work, item, pure=False)

    @staticmethod
    def _answer(future: Any) -> Any:
        killed = _distributed("distributed.scheduler").KilledWorker
        try:
            return future.result()
        except killed as error:
            raise ClusterError(f"a block was given up: {error}") from error


@contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """A runner on the scheduler at ``address``.

    Raises
    ------
    ClusterError
        No scheduler answers there.
    MissingExtraError
        dask.distributed is not installed.
    """
    distributed = _distributed("distributed")
    try:
        # A client that fails while it starts complains again when it is collected: knock first.
        with ThreadPoolExecutor(1) as own:
            own.submit(asyncio.run, _knock(address)).result()
        client = distributed.Client(address, timeout=SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(f"no dask scheduler answers at {address}: {error}") from error
    with client:
        yield Cluster(client)


async def _knock(address: str) -> None:
    """Shake hands with the scheduler and leave. OSError or ValueError where none is."""
    security = _distributed("distributed").Security().get_connection_args("client")
    connect = _distributed("distributed.comm").connect
    comm = await connect(address, timeout=SECONDS, **security)
    await comm.close()


@contextmanager
def local_workers(count: int, *, threads_per_worker: int = 1) -> Iterator[Cluster]:
    """A runner on ``count`` worker processes of this machine, ended with the context."""
    distributed = _distributed("distributed")
    with (
        distributed.LocalCluster(
            n_workers=count,
            threads_per_worker=threads_per_worker,
            dashboard_address=None,
            silence_logs=50,
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield Cluster(client)


def _distributed(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError("dask.distributed", "cluster") from error
