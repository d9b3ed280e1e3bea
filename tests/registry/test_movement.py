"""Transfers and retirements: what moves, what is refused, and that a retry is harmless."""

import datetime as dt

import pytest

from bluecarbon.registry import errors
from bluecarbon.registry.invariants import check_invariants
from bluecarbon.registry.serials import Serial, parse


def own(ready, account="proponent"):
    return [parse(block.serial) for block in ready.registry.blocks(account)]


def part(serial, first, last):
    return str(Serial(batch=serial.batch, first=first, last=last))


def test_a_transfer_takes_the_oldest_vintage_first(ready):
    receipt = ready.transfer("proponent", "buyer", 350)
    assert [parse(s).range.quantity for s in receipt.serials] == [320, 30]
    assert "-2020-1-1-320-" in receipt.serials[0]
    assert (ready.held("proponent"), ready.held("buyer")) == (450, 350)
    assert check_invariants(ready.place) == ()


def test_chosen_serials_may_lie_across_blocks(ready):
    whole = own(ready)[0]
    ready.transfer("proponent", "buyer", serial=part(whole, 100, 199))
    ready.transfer("buyer", "proponent", serial=part(whole, 120, 130))
    ready.transfer("proponent", "trader", serial=part(whole, 1, 99))
    ready.transfer("proponent", "buyer", serial=part(whole, 120, 130))
    receipt = ready.retire("buyer", serial=part(whole, 110, 125))
    assert sum(parse(s).range.quantity for s in receipt.serials) == 16
    assert ready.held("buyer") == 100 - 16
    assert check_invariants(ready.place) == ()


def test_a_retirement_is_for_ever(ready):
    receipt = ready.retire("proponent", 10)
    with pytest.raises(errors.SerialNotHeldError):
        ready.transfer("proponent", "buyer", serial=receipt.serials[0])
    with pytest.raises(errors.SerialNotHeldError):
        ready.retire("proponent", serial=receipt.serials[0])
    assert ready.held("@retirement") == 10


def test_the_history_of_a_serial(ready):
    ready.transfer("proponent", "buyer", 50)
    receipt = ready.retire("buyer", 7)
    one = part(parse(receipt.serials[0]), 3, 3)
    steps = ready.registry.history(one)
    assert [(step.kind, step.holder, step.status) for step in steps] == [
        ("issue", "proponent", "active"),
        ("transfer", "buyer", "active"),
        ("retire", "@retirement", "retired"),
    ]
    assert {step.serial for step in steps} == {one}


def test_a_serial_that_was_never_issued_has_no_history(ready):
    whole = own(ready)[0]
    for text in (part(whole, 401, 401), str(Serial(batch="BC-X1-A-B-2020-1", first=1, last=1))):
        with pytest.raises(errors.UnknownError):
            ready.registry.history(text)


def moves(ready):
    """Both ways to move credits, so that each refusal is tried on both."""
    return (
        lambda **chosen: ready.transfer("proponent", "buyer", **chosen),
        lambda **chosen: ready.retire("proponent", **chosen),
    )


@pytest.mark.parametrize(
    ("chosen", "error"),
    [
        ({"quantity": 0}, errors.QuantityNotPositiveError),
        ({"quantity": -5}, errors.QuantityNotPositiveError),
        ({"quantity": 1.5}, errors.QuantityNotWholeError),
        ({"quantity": 2.0}, errors.QuantityNotWholeError),
        ({"quantity": True}, errors.QuantityNotWholeError),
        ({"quantity": "5"}, errors.QuantityNotWholeError),
        ({"quantity": 2**63}, errors.QuantityTooLargeError),
        ({"quantity": 801}, errors.InsufficientBalanceError),
        ({}, errors.SelectionError),
        ({"quantity": 1, "serial": "x"}, errors.SelectionError),
        ({"serial": "BC-1"}, errors.SerialError),
        ({"serial": 5}, errors.SerialError),
    ],
)
def test_bad_amounts_change_nothing(ready, chosen, error):
    before = ready.registry.events(), ready.registry.blocks()
    for move in moves(ready):
        with pytest.raises(error) as refused:
            move(**chosen)
        assert refused.value.code == error.code
        assert refused.value.message_zh in str(refused.value)
    assert (ready.registry.events(), ready.registry.blocks()) == before


def test_serials_of_others_do_not_move(ready):
    ready.transfer("proponent", "trader", 10)
    taken, buffer = own(ready, "trader")[0], own(ready, "@buffer-pool")[0]
    whole = own(ready)[0]
    unknown = str(Serial(batch="BC-TEST-NONE-X-2020-1", first=1, last=1))
    beyond = part(whole, 5, 999_999)
    for serial in (str(taken), str(buffer), part(whole, 5, 20), unknown, beyond):
        for move in moves(ready):
            with pytest.raises(errors.SerialNotHeldError):
                move(serial=serial)


@pytest.mark.parametrize("account", ["nobody", "@buffer-pool", "@issuance", "verifier", ""])
def test_credits_go_to_holding_accounts_only(ready, account):
    with pytest.raises(errors.UnknownAccountError):
        ready.transfer("proponent", account, 5)


def test_only_the_holder_moves(ready):
    stamp = ready.clock.by("buyer")
    with pytest.raises(errors.NotHolderError):
        ready.registry.transfer(stamp, source="proponent", target="buyer", quantity=1)
    stamp = ready.clock.by("operator")
    with pytest.raises(errors.UnknownAccountError):
        ready.registry.transfer(stamp, source="@buffer-pool", target="buyer", quantity=1)
    stamp = ready.clock.by("nobody")
    with pytest.raises(errors.UnknownPartyError):
        ready.registry.transfer(stamp, source="proponent", target="buyer", quantity=1)
    with pytest.raises(errors.SameAccountError):
        ready.transfer("proponent", "proponent", 1)


@pytest.mark.parametrize(
    ("use", "error"),
    [
        ({"beneficiary": " "}, errors.TextError),
        ({"purpose": ""}, errors.TextError),
        ({"statement": "x" * 3000}, errors.TextError),
        ({"usage_year": 2027}, errors.TimeError),
        ({"usage_year": 1980}, errors.TimeError),
        ({"usage_year": 2024.0}, errors.QuantityNotWholeError),
    ],
)
def test_a_retirement_says_for_whom_and_what(ready, use, error):
    with pytest.raises(error):
        ready.retire("proponent", 1, **use)


def test_a_retry_gets_the_same_answer_for_ever(ready):
    first = ready.transfer("proponent", "buyer", 100, key="order-7")
    events = ready.registry.events()
    for _ in range(3):
        assert ready.transfer("proponent", "buyer", 100, key="order-7") == first
    assert ready.registry.events() == events
    assert ready.held("buyer") == 100
    # even when it could not be done any more
    ready.retire("proponent", 700)
    assert ready.transfer("proponent", "buyer", 100, key="order-7") == first


def test_a_key_is_not_for_another_request(ready):
    ready.transfer("proponent", "buyer", 100, key="order-7")
    with pytest.raises(errors.IdempotencyError):
        ready.transfer("proponent", "buyer", 101, key="order-7")
    with pytest.raises(errors.IdempotencyError):
        ready.retire("proponent", 100, key="order-7")
    effective = ready.clock.by("proponent", "order-7").at - dt.timedelta(days=1)
    stamp = ready.clock.by("proponent", "order-7", effective_at=effective)
    with pytest.raises(errors.IdempotencyError):
        ready.registry.transfer(stamp, source="proponent", target="buyer", quantity=100)
    # another party may use the same word for its own order
    ready.transfer("buyer", "trader", 1, key="order-7")


def test_a_refused_request_does_not_use_up_its_key(ready):
    with pytest.raises(errors.InsufficientBalanceError):
        ready.transfer("buyer", "trader", 5, key="later")
    ready.transfer("proponent", "buyer", 5)
    ready.transfer("buyer", "trader", 5, key="later")
    assert ready.held("trader") == 5


def test_effective_times_are_kept_and_never_in_the_future(ready):
    stamp = ready.clock.by("proponent")
    late = stamp.model_copy(update={"effective_at": stamp.at + dt.timedelta(seconds=1)})
    with pytest.raises(errors.TimeError):
        ready.registry.transfer(late, source="proponent", target="buyer", quantity=1)
    early = stamp.model_copy(update={"effective_at": stamp.at - dt.timedelta(days=2)})
    receipt = ready.registry.transfer(early, source="proponent", target="buyer", quantity=1)
    event = ready.registry.event(receipt.sequence)
    assert event.effective_at[:10] < event.recorded_at[:10]


@pytest.mark.parametrize("key", ["", "x" * 300])
def test_a_write_needs_a_key(ready, key):
    stamp = ready.clock.by("proponent").model_copy(update={"key": key})
    with pytest.raises(errors.TextError):
        ready.registry.transfer(stamp, source="proponent", target="buyer", quantity=1)
