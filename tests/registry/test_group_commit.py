"""The queue of writers: one commit for many, each refusal its own, fair, durable, drained."""

import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from support.ledger_kit import EPOCH, defects

from bluecarbon.registry import errors
from bluecarbon.registry.domain import Stamp
from bluecarbon.registry.service import Registry

CALLERS = 16


@pytest.fixture
def slowly(ready, monkeypatch):
    """The registry, with a writer that begins late: requests pile up; and how often it began."""
    store, begun = ready.registry._store, []
    writing = store.writing

    def late():
        begun.append(1)
        time.sleep(0.15)
        return writing()

    monkeypatch.setattr(store, "writing", late)
    return ready, begun


def ask(registry, name, quantity=1, target="buyer"):
    stamp = Stamp(actor="proponent", key=name, at=EPOCH.replace(year=2026))
    try:
        return registry.transfer(stamp, source="proponent", target=target, quantity=quantity)
    except errors.LedgerError as error:
        return error.code


def ask_all(registry, quantities):
    with ThreadPoolExecutor(len(quantities)) as pool:
        futures = [
            pool.submit(ask, registry, f"request-{n}", quantity)
            for n, quantity in enumerate(quantities)
        ]
        return [future.result(timeout=60) for future in futures]


def test_many_callers_share_a_commit(slowly):
    ready, begun = slowly
    answers = ask_all(ready.registry, [1] * CALLERS)
    assert len({answer.sequence for answer in answers}) == CALLERS
    # The first goes alone, the rest while it is being written.
    assert len(begun) <= 4
    assert ready.held("buyer") == CALLERS
    assert defects(ready.registry) == ()


def test_a_refused_request_rolls_back_itself_alone(slowly):
    ready, _ = slowly
    quantities = [1, 10**6] * 6
    answers = ask_all(ready.registry, quantities)
    refused = [answer for answer in answers if answer == "insufficient-balance"]
    assert len(refused) == 6
    assert ready.held("buyer") == 6
    assert defects(ready.registry) == ()


def test_a_fault_of_the_database_in_one_request_is_its_own(slowly, monkeypatch):
    """A wrong split is refused by the database inside the group; its neighbours go on."""
    from bluecarbon.registry import domain

    ready, _ = slowly
    right = domain.split

    def wrong_for_sevens(whole, part):
        below, above = right(whole, part)
        if part.quantity == 7 and above is not None:
            return below, domain.Range(part.last, above.last)
        return below, above

    monkeypatch.setattr(domain, "split", wrong_for_sevens)
    answers = ask_all(ready.registry, [1, 7, 1, 7, 1, 1])
    assert [answer for answer in answers if isinstance(answer, str)] == ["database-refused"] * 2
    assert ready.held("buyer") == 4
    assert defects(ready.registry) == ()


def test_a_commit_that_fails_is_nobody_s(slowly, monkeypatch):
    ready, _ = slowly
    store = ready.registry._store
    late = store.writing

    @contextmanager
    def broken():
        with late() as connection:
            yield connection
            raise errors.DiskFullError(path="x", reason="full")

    monkeypatch.setattr(store, "writing", broken)
    assert set(ask_all(ready.registry, [1] * 5)) == {"registry-disk-full"}
    monkeypatch.setattr(store, "writing", late)
    assert ready.held("buyer") == 0
    assert ask(ready.registry, "request-0").sequence > 0


def test_nobody_starves(ready):
    """Each of the callers gets his turn: the slowest at least a quarter of the mean."""
    end = time.monotonic() + 1.5
    counts = [0] * 8

    def call(number):
        while time.monotonic() < end:
            if ask(ready.registry, f"{number}-{counts[number]}") == "insufficient-balance":
                return
            counts[number] += 1

    threads = [threading.Thread(target=call, args=(n,)) for n in range(len(counts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(counts) >= sum(counts) / len(counts) / 4
    assert ready.held("buyer") == sum(counts)


def test_closing_finishes_what_waits_and_refuses_what_comes_later(slowly):
    ready, _ = slowly
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(ask, ready.registry, f"request-{n}") for n in range(4)]
        while ready.registry._writer._requests.qsize() < 2:
            time.sleep(0.005)
        ready.registry.close()
        answers = [future.result(timeout=60) for future in futures]
    written = [answer for answer in answers if not isinstance(answer, str)]
    assert len(written) >= 2
    assert set(answers) - set(written) <= {"registry-closed"}
    assert ask(ready.registry, "late") == "registry-closed"
    again = Registry(ready.place)
    assert sum(block.quantity for block in again.blocks("buyer")) == len(written)
    again.close()


def test_a_forgotten_registry_ends_its_thread(ready):
    forgotten = Registry(ready.place)
    ask(forgotten, "once")
    thread = forgotten._writer._thread
    assert thread.is_alive()
    del forgotten
    gc.collect()
    thread.join(timeout=20)
    assert not thread.is_alive()


def test_a_request_is_written_when_it_is_answered(ready):
    receipt = ask(ready.registry, "one")
    other = Registry(ready.place)
    assert other.event(receipt.sequence).idempotency_key == "one"
    other.close()


def test_many_transfers_are_one_event_and_all_or_none(ready):
    stamp = ready.clock.by("proponent")
    before = ready.registry.events()
    with pytest.raises(errors.InsufficientBalanceError, match="800"):
        ready.registry.transfer_many(
            stamp, source="proponent", transfers=[("buyer", 700), ("trader", 101)]
        )
    with pytest.raises(errors.UnknownAccountError):
        ready.registry.transfer_many(
            stamp, source="proponent", transfers=[("buyer", 1), ("nobody", 1)]
        )
    assert ready.registry.events() == before
    legs = [("buyer", 5), ("trader", 330), ("buyer", 1)]
    receipt = ready.registry.transfer_many(stamp, source="proponent", transfers=legs)
    assert receipt.sequence == len(before) + 1
    assert (ready.held("buyer"), ready.held("trader"), ready.held("proponent")) == (6, 330, 464)
    assert [serial.split("-")[-3:-1] for serial in receipt.serials] == [
        ["1", "5"],
        ["6", "320"],
        ["1", "15"],
        ["16", "16"],
    ]
    again = ready.registry.transfer_many(stamp, source="proponent", transfers=legs)
    assert again == receipt
    assert defects(ready.registry) == ()


@pytest.mark.parametrize(
    ("legs", "error"),
    [
        ([], errors.TextError),
        ([("buyer", 0)], errors.QuantityNotPositiveError),
        ([("buyer", 1.0)], errors.QuantityNotWholeError),
        ([("proponent", 1)], errors.SameAccountError),
        ([("@retirement", 1)], errors.UnknownAccountError),
    ],
)
def test_bad_deliveries_change_nothing(ready, legs, error):
    before = ready.registry.events()
    with pytest.raises(error):
        ready.registry.transfer_many(
            ready.clock.by("proponent"), source="proponent", transfers=legs
        )
    with pytest.raises(errors.NotHolderError):
        ready.registry.transfer_many(
            ready.clock.by("buyer"), source="proponent", transfers=[("buyer", 1)]
        )
    assert ready.registry.events() == before
