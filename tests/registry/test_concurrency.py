"""Threads and processes that want the same credits: each credit goes to one of them."""

import concurrent.futures
import datetime as dt
import multiprocessing
import threading

import pytest
from support.ledger_kit import EPOCH, defects

from bluecarbon.registry.domain import Stamp
from bluecarbon.registry.errors import BusyError, LedgerError
from bluecarbon.registry.movement import Retirement
from bluecarbon.registry.service import Registry

ATTEMPTS = 12
AT = EPOCH + dt.timedelta(days=1)


def attempt(registry, serial, name, number):
    """Transfer or retire one and the same serials; what it came to, as text."""
    stamp = Stamp(actor="proponent", key=f"{name}-{number}", at=AT)
    try:
        if number % 2:
            registry.transfer(stamp, source="proponent", target="buyer", serial=serial)
        else:
            use = Retirement(beneficiary="b", purpose="p", usage_year=2024)
            registry.retire(stamp, use, account="proponent", serial=serial)
    except LedgerError as error:
        return error.code
    return "done"


def race(path, serials, name, start):
    """Fight for each of the serials, from the moment at which all are ready."""
    registry = Registry(path)
    start.wait(timeout=60)
    outcomes = [attempt(registry, serial, name, n) for n, serial in enumerate(serials)]
    registry.close()
    return outcomes


def race_in_process(path, serials, name, start, answers):
    answers.put((name, race(path, serials, name, start)))


def wanted(ready):
    """One-credit serials of one block, in the order in which all racers want them."""
    from bluecarbon.registry.serials import Serial, parse

    block = parse(ready.registry.blocks("proponent")[0].serial)
    return [str(Serial(batch=block.batch, first=n, last=n)) for n in range(1, ATTEMPTS + 1)]


def check(ready, outcomes):
    for each in zip(*outcomes, strict=True):
        assert sorted(each)[0] == "done"
        assert sorted(each)[1:] == ["serial-not-held"] * (len(outcomes) - 1)
    moved = ready.held("buyer") + ready.held("@retirement")
    assert moved == ATTEMPTS
    assert defects(ready.registry) == ()


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_threads_do_not_spend_twice(ready, journal):
    ready.databases.set_journal(ready.place, journal)
    start = threading.Barrier(4)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        futures = [
            pool.submit(race, ready.place, wanted(ready), f"thread-{n}", start) for n in range(4)
        ]
        check(ready, [future.result(timeout=120) for future in futures])


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_two_processes_do_not_spend_twice(ready, journal):
    ready.databases.set_journal(ready.place, journal)
    context = multiprocessing.get_context("spawn")
    start, answers = context.Barrier(2), context.Queue()
    workers = [
        context.Process(
            target=race_in_process,
            args=(ready.place, wanted(ready), f"process-{n}", start, answers),
        )
        for n in range(2)
    ]
    for worker in workers:
        worker.start()
    outcomes = [answers.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join(timeout=60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    check(ready, [each for _, each in sorted(outcomes)])


def test_the_same_key_from_many_threads_is_one_transfer(ready):
    start = threading.Barrier(4)

    def send():
        start.wait(timeout=60)
        stamp = Stamp(actor="proponent", key="order-1", at=AT)
        return ready.registry.transfer(stamp, source="proponent", target="buyer", quantity=30)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        receipts = {f.result(timeout=60).sequence for f in [pool.submit(send) for _ in range(4)]}
    assert len(receipts) == 1
    assert ready.held("buyer") == 30


def test_who_waits_too_long_is_told_so(ready):
    impatient = Registry(ready.place, busy_seconds=0.05)
    stamp = Stamp(actor="proponent", key="k", at=AT)
    with ready.databases.locked(ready.place), pytest.raises(BusyError):
        impatient.transfer(stamp, source="proponent", target="buyer", quantity=1)
    impatient.transfer(stamp, source="proponent", target="buyer", quantity=1)
    impatient.close()
