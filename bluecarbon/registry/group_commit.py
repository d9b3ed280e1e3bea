"""Many requests, one flush: a writer thread that commits what waits, in the order of its coming.

A durable commit costs one flush of the disk however much is in it. So the requests of all threads
go through one queue; the writer takes up to ``REQUESTS_MAX`` of them into one transaction, each
under a savepoint, and every caller waits until the commit that holds his own request is durable.
A request that is refused rolls back itself alone. Nobody is overtaken, so nobody starves.
"""

from __future__ import annotations

import queue
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa

from bluecarbon.registry.errors import ClosedError
from bluecarbon.registry.store import Store

REQUESTS_MAX = 64
_SAVEPOINT = "request"

Answer = TypeVar("Answer")
Work = Callable[[sa.Connection], Answer]


class _Request(NamedTuple):
    work: Work[Any]
    answer: Future[Any]


_Queue = queue.SimpleQueue[_Request | None]


class GroupCommit:
    """The one way to write to a store from many threads of this process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._requests: _Queue = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        # Who forgets to close still ends the thread, which itself does not hold this object.
        self._finish = weakref.finalize(self, self._requests.put, None)

    def submit(self, work: Work[Answer]) -> Answer:
        """Do the work inside a transaction; its answer, once that is durable.

        Raises what the work raises (and then nothing of it is written), or StoreError.
        """
        request = _Request(work, Future())
        with self._lock:
            if self._closed:
                raise ClosedError(path=self._store.name, reason="the registry was closed")
            # Under the lock, so that no request comes in behind the mark of the end.
            self._requests.put(request)
            if self._thread is None:
                self._start()
        answer: Answer = request.answer.result()
        return answer

    def close(self) -> None:
        """Finish what waits, then end the writer; a later request is refused."""
        with self._lock:
            self._closed = True
            self._finish()
            thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _start(self) -> None:
        # A daemon: a program that ends by an error is not kept alive by its registry.
        self._thread = threading.Thread(
            target=_serve, args=(self._store, self._requests), name="registry-writer", daemon=True
        )
        self._thread.start()


def _serve(store: Store, requests: _Queue) -> None:
    ended = False
    while not ended:
        first = requests.get()
        group = [] if first is None else [first]
        ended = first is None
        while not ended and len(group) < REQUESTS_MAX:
            try:
                following = requests.get_nowait()
            except queue.Empty:
                break
            ended = following is None
            if following is not None:
                group.append(following)
        if group:
            _commit(store, group)


def _commit(store: Store, group: list[_Request]) -> None:
    outcomes: list[tuple[Any, BaseException | None]] = []
    try:
        with store.writing() as connection:
            if len(group) == 1:
                outcomes.append((group[0].work(connection), None))
            else:
                outcomes += [_attempt(store, connection, request) for request in group]
    except BaseException as error:  # noqa: BLE001 - raised again in the thread of each caller
        # No commit, so nothing of the group happened, whoever was the reason.
        for request in group:
            request.answer.set_exception(error)
        return
    for request, (answer, refusal) in zip(group, outcomes, strict=True):
        if refusal is None:
            request.answer.set_result(answer)
        else:
            request.answer.set_exception(refusal)


def _attempt(
    store: Store, connection: sa.Connection, request: _Request
) -> tuple[Any, BaseException | None]:
    """What came of one request; when it failed, the rest of the group goes on without it."""
    connection.exec_driver_sql(f"SAVEPOINT {_SAVEPOINT}")
    try:
        with store.translated():
            answer = request.work(connection)
    except BaseException as error:  # noqa: BLE001 - raised again in the thread of the caller
        # When the whole transaction is gone (disk full), this fails and ends the group.
        connection.exec_driver_sql(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
        connection.exec_driver_sql(f"RELEASE SAVEPOINT {_SAVEPOINT}")
        return None, error
    connection.exec_driver_sql(f"RELEASE SAVEPOINT {_SAVEPOINT}")
    return answer, None
