"""Blocks tile the grid, answers come in order, memory is bounded, a lost worker is nothing."""

import os
import pickle
import signal
import threading
import time
from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluecarbon.errors import ClusterError, DataError
from bluecarbon.mrv.blocks import Block, Threads, borrowed, ready, row_blocks
from bluecarbon.mrv.cluster import connected, local_workers
from bluecarbon.spec import Finding


@given(
    height=st.integers(1, 5000),
    width=st.integers(1, 50),
    tile_rows=st.integers(1, 700),
    rows_least=st.integers(1, 1000),
)
def test_blocks_tile_the_grid_in_whole_tile_rows(height, width, tile_rows, rows_least):
    blocks = row_blocks(height, width, tile_rows=tile_rows, rows_least=rows_least)
    covered = np.concatenate([np.arange(block.row, block.row + block.rows) for block in blocks])
    assert np.array_equal(covered, np.arange(height))
    assert all(block.column == 0 and block.columns == width for block in blocks)
    assert all(block.rows % tile_rows == 0 for block in blocks[:-1])


def test_a_block_cuts_an_array_and_a_file_alike():
    block = Block(row=3, column=2, rows=4, columns=5)
    array = np.arange(100).reshape(10, 10)
    assert array[block.slices].shape == (4, 5)
    assert block.window.toslices() == block.slices


def square_late(number):
    time.sleep(0.002 * (number % 3))
    return number * number


@pytest.mark.parametrize("count", [1, 4])
def test_threads_answer_in_the_order_of_the_items(count):
    assert list(Threads(count).results(square_late, range(50))) == [n * n for n in range(50)]


def test_no_more_blocks_are_in_memory_than_the_workers_can_use():
    alive, most, lock = 0, 0, threading.Lock()

    def work(number):
        nonlocal alive, most
        with lock:
            alive += 1
            most = max(most, alive)
        return number

    for _ in Threads(2).results(work, range(200)):
        with lock:
            alive -= 1
    assert most <= 2 * 2 + 2


def fail_at(limit, number):
    if number == limit:
        raise ValueError("block 7 is damaged")
    return number


@pytest.mark.parametrize("count", [1, 3])
def test_a_failing_block_raises_and_the_rest_is_not_begun(count):
    done = []
    with pytest.raises(ValueError, match="block 7 is damaged"):
        done.extend(Threads(count).results(partial(fail_at, 7), range(1000)))


class Files:
    """Counts what is opened and what is open, and by how many at once."""

    def __init__(self):
        self.opened, self.alive, self.in_use = 0, 0, set()

    @contextmanager
    def opening(self):
        self.opened += 1
        self.alive += 1
        yield self.opened
        self.alive -= 1

    def work(self, number):
        with borrowed(self, self.opening) as file:
            assert file not in self.in_use
            self.in_use.add(file)
            time.sleep(0.002)
            self.in_use.remove(file)
        return number


@pytest.mark.parametrize("count", [1, 3])
def test_files_are_opened_once_for_each_thread_and_never_shared(count):
    files, runner = Files(), Threads(count)
    with ready(files, files.opening, runner):
        assert files.alive == count
        assert list(runner.results(files.work, range(30))) == list(range(30))
    assert (files.opened, files.alive) == (count, 0)


def test_files_that_are_not_ready_are_opened_and_closed_by_the_block():
    files = Files()
    assert list(Threads(1).results(files.work, range(4))) == list(range(4))
    assert (files.opened, files.alive) == (4, 0)


def test_more_threads_than_files_open_their_own():
    files = Files()
    with ready(files, files.opening, Threads(1)), borrowed(files, files.opening) as first:
        with borrowed(files, files.opening) as second:
            assert (first, second) == (1, 2)
        assert files.alive == 1
    assert files.alive == 0


def slow_with_process(number):
    time.sleep(0.1)
    return number, os.getpid()


@pytest.fixture(scope="module")
def cluster():
    with local_workers(2) as runner:
        yield runner


@pytest.mark.filterwarnings("ignore")  # distributed warns of the worker that the test kills
def test_a_killed_worker_changes_no_answer(cluster):
    results = cluster.results(slow_with_process, range(40))
    first, process = next(results)
    os.kill(process, signal.SIGKILL)
    rest = list(results)
    assert [first, *(number for number, _ in rest)] == list(range(40))
    assert any(other != process for _, other in rest)


@pytest.mark.filterwarnings("ignore")
def test_an_exception_of_the_work_reaches_the_caller(cluster):
    with pytest.raises(ValueError, match="block 7 is damaged"):
        list(cluster.results(partial(fail_at, 7), range(20)))


def test_findings_come_home_from_a_worker_whole():
    findings = [Finding.error("map-truncated", "b.tif", "the file ends early", fix="copy it again")]
    assert pickle.loads(pickle.dumps(DataError(findings))).findings == tuple(findings)


def test_no_scheduler_is_said(monkeypatch):
    pytest.importorskip("distributed")
    with pytest.raises(ClusterError, match="no dask scheduler answers"), connected("tcp://x:y"):
        pass
