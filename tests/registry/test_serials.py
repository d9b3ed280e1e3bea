"""Serial numbers: what is printed is what was meant, and a slip of the pen is noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluecarbon.registry import serials
from bluecarbon.registry.domain import QUANTITY_MAX
from bluecarbon.registry.errors import SerialError

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._@-]{2,40}", fullmatch=True)


@st.composite
def any_serial(draw):
    batch = serials.batch_code(
        registry=draw(st.from_regex(r"[A-Z0-9]{2,8}", fullmatch=True)),
        project=draw(NAMES),
        methodology=draw(NAMES),
        vintage=draw(st.integers(1990, 2199)),
        tranche=draw(st.integers(1, 999)),
    )
    first = draw(st.integers(1, QUANTITY_MAX))
    last = draw(st.integers(first, QUANTITY_MAX))
    return serials.Serial(batch=batch, first=first, last=last)


@given(any_serial())
def test_round_trip(serial):
    assert serials.parse(str(serial)) == serial
    assert serials.parse(f" {str(serial).lower()}\n") == serial


@given(any_serial(), st.data())
def test_one_wrong_character_is_noticed(serial, data):
    text = str(serial)
    place = data.draw(st.integers(0, len(text) - 1))
    wrong = data.draw(st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"))
    changed = text[:place] + wrong + text[place + 1 :]
    if changed != text:
        with pytest.raises(SerialError):
            serials.parse(changed)


@given(any_serial(), st.data())
def test_two_swapped_neighbours_are_noticed(serial, data):
    text = str(serial)
    place = data.draw(st.integers(0, len(text) - 2))
    swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    if swapped != text:
        with pytest.raises(SerialError):
            serials.parse(swapped)


def test_a_serial_reads_as_documented():
    batch = serials.batch_code(
        registry="DEMO",
        project="gaoqiao-2024",
        methodology="ar-am0014@3.0",
        vintage=2019,
        tranche=1,
    )
    assert batch == "BC-DEMO-GAOQIAO2024-ARAM001430-2019-1"
    serial = serials.Serial(batch=batch, first=1, last=250)
    assert str(serial) == f"{batch}-1-250-{serials.check_digits(batch + '-1-250')}"


@pytest.mark.parametrize(
    "text",
    [None, 7, "", "BC", "BC-DEMO-A-B-2019-1-1-250", "BC-DEMO-A-B-2019-1-0-250-00", "红树林"],
)
def test_what_is_no_serial_is_refused(text):
    with pytest.raises(SerialError) as refused:
        serials.parse(text)
    assert refused.value.code == "serial-invalid"


def test_a_range_backwards_is_refused_even_with_fitting_digits():
    body = "BC-DEMO-A-B-2019-1-250-1"
    with pytest.raises(SerialError, match="range"):
        serials.parse(f"{body}-{serials.check_digits(body)}")


def test_a_name_without_letters_has_no_code():
    with pytest.raises(SerialError):
        serials.code_of("红树林")
