"""The pure rules: whole credits, remainders, buffer share, splitting, quantities, times."""

import datetime as dt
import itertools
import pickle
import re
import string
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluecarbon.registry import domain, errors
from bluecarbon.registry.domain import Block, Range, Stamp, allot

CLAIMS = st.dictionaries(
    st.integers(2000, 2030), st.integers(-5 * 10**6, 10**9), min_size=1, max_size=12
)
CARRIED = st.integers(0, domain.GRAMS_PER_CREDIT - 1)
SHARES = st.integers(0, domain.PPM - 1)


@given(CLAIMS, CARRIED, SHARES)
def test_an_allotment_loses_nothing_and_invents_nothing(claims, carried_in, share):
    total_g = sum(claims.values()) + carried_in
    allotment = allot(claims, carried_in, share)
    assert allotment.issued * domain.GRAMS_PER_CREDIT + allotment.carried_out_g == total_g
    assert all(count >= 0 for count in allotment.credits_by_vintage.values())
    if total_g >= 0:
        assert 0 <= allotment.carried_out_g < domain.GRAMS_PER_CREDIT


@given(CLAIMS, CARRIED)
def test_no_vintage_prefix_gets_more_than_it_claims(claims, carried_in):
    allotment = allot(claims, carried_in, 0)
    claimed, given_out = carried_in, 0
    for vintage in sorted(claims):
        claimed += claims[vintage]
        given_out += allotment.credits_by_vintage[vintage]
        assert given_out * domain.GRAMS_PER_CREDIT <= max(0, claimed)


@given(CLAIMS, CARRIED, SHARES)
def test_the_buffer_share_is_rounded_up_once(claims, carried_in, share):
    allotment = allot(claims, carried_in, share)
    exact = Fraction(allotment.issued * share, domain.PPM)
    assert exact <= allotment.buffer < exact + 1
    for vintage, buffer in allotment.buffer_by_vintage.items():
        assert 0 <= buffer <= allotment.credits_by_vintage[vintage]


def test_a_loss_year_is_made_good_from_the_years_before_it():
    allotment = allot({2020: 10_000_000, 2021: -3_000_000, 2022: 1_500_000}, 0, 0)
    assert allotment.credits_by_vintage == {2020: 7, 2021: 0, 2022: 1}
    assert allotment.carried_out_g == 500_000


def test_cumulative_floor_by_hand():
    # 400.4 -> 400; 700.8 -> 700; 1001.2 -> 1001
    claims = {2020: 400_400_000, 2021: 300_400_000, 2022: 300_400_000}
    allotment = allot(claims, 0, 200_000)
    assert allotment.credits_by_vintage == {2020: 400, 2021: 300, 2022: 301}
    assert allotment.buffer_by_vintage == {2020: 80, 2021: 60, 2022: 61}
    assert allotment.carried_out_g == 200_000


@pytest.mark.parametrize(
    ("tonnes", "expected"),
    [(0.1 + 0.2, 300_000), (99.99999999999, 100_000_000), (1e9, 10**15), (-2.5, -2_500_000)],
)
def test_grams_are_free_of_float_noise(tonnes, expected):
    assert domain.grams(tonnes) == expected


@pytest.mark.parametrize(("share", "ppm"), [(0.1, 100_000), (0.2, 200_000), (0.0, 0)])
def test_shares_are_exact(share, ppm):
    assert domain.share_ppm(share) == ppm


def test_a_share_with_too_many_digits_is_refused():
    with pytest.raises(errors.QuantityNotWholeError):
        domain.share_ppm(1 / 3)


RANGES = st.tuples(st.integers(1, 10**6), st.integers(0, 10**6)).map(
    lambda pair: Range(pair[0], pair[0] + pair[1])
)


@given(RANGES, st.data())
def test_a_split_tiles_the_whole(whole, data):
    first = data.draw(st.integers(whole.first, whole.last))
    last = data.draw(st.integers(first, whole.last))
    below, above = domain.split(whole, Range(first, last))
    parts = [part for part in (below, Range(first, last), above) if part is not None]
    assert [parts[0].first, parts[-1].last] == [whole.first, whole.last]
    assert all(a.last + 1 == b.first for a, b in itertools.pairwise(parts))
    assert sum(part.quantity for part in parts) == whole.quantity


@given(st.lists(st.integers(1, 50), max_size=8), st.integers(1, 300))
def test_choosing_takes_the_oldest_and_never_more(sizes, quantity):
    blocks, first = [], 1
    for number, size in enumerate(sizes):
        blocks.append(Block(number, 1, Range(first, first + size - 1), "a", "active"))
        first += size
    parts = domain.choose(blocks, quantity)
    assert sum(part.quantity for _, part in parts) == min(quantity, sum(sizes))
    assert all(part.quantity == block.range.quantity for block, part in parts[:-1])


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (0, errors.QuantityNotPositiveError),
        (-1, errors.QuantityNotPositiveError),
        (1.0, errors.QuantityNotWholeError),
        (0.5, errors.QuantityNotWholeError),
        (True, errors.QuantityNotWholeError),
        ("5", errors.QuantityNotWholeError),
        (2**53, errors.QuantityTooLargeError),
        (10**30, errors.QuantityTooLargeError),
    ],
)
def test_what_is_no_quantity(value, error):
    with pytest.raises(error) as refused:
        domain.whole_quantity(value)
    assert refused.value.code == error.code


def test_the_largest_quantity_is_one():
    assert domain.whole_quantity(domain.QUANTITY_MAX) == 2**53 - 1


@pytest.mark.parametrize("text", ["", "  ", None, 5, "a\x00b", "x" * 3000, "\ud800"])
def test_what_is_no_text(text):
    with pytest.raises(errors.TextError):
        domain.plain_text(text, "beneficiary")


@pytest.mark.parametrize("name", ["@buffer-pool", "a b", "é", "-x", "x" * 65])
def test_what_is_no_party_id(name):
    with pytest.raises(errors.TextError):
        domain.party_id(name)


def test_times_need_a_zone_and_sort_as_text():
    with pytest.raises(errors.TimeError):
        domain.utc_text(dt.datetime(2025, 1, 1), "at")  # noqa: DTZ001 - the defect under test
    shanghai = dt.timezone(dt.timedelta(hours=8))
    late = dt.datetime(2025, 1, 1, 8, 0, 0, 999_999, tzinfo=shanghai)
    assert domain.utc_text(late, "at") == "2025-01-01T00:00:00Z"


@pytest.mark.parametrize("year", [1, 1989, 2200, 9999])
@pytest.mark.parametrize("hours", [-12, 0, 12])
def test_years_out_of_all_reason_are_refused(year, hours):
    zone = dt.timezone(dt.timedelta(hours=hours))
    for moment in (
        dt.datetime(year, 1, 1, 2, tzinfo=zone),
        dt.datetime(year, 12, 31, 22, tzinfo=zone),
    ):
        # 1989 and 2200 may be next door in UTC: the year as it is written counts as well.
        with pytest.raises(errors.TimeError):
            domain.utc_text(moment, "at")


def test_a_year_that_the_change_of_zone_makes_unreasonable_is_refused():
    east = dt.timezone(dt.timedelta(hours=8))
    with pytest.raises(errors.TimeError):
        domain.utc_text(dt.datetime(domain.YEAR_FIRST, 1, 1, tzinfo=east), "at")


def test_nothing_takes_effect_in_the_future():
    at = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    stamp = Stamp(actor="a", key="k", at=at, effective_at=at + dt.timedelta(microseconds=1))
    with pytest.raises(errors.TimeError):
        domain.stamp_times(stamp)


def all_errors(kind=errors.LedgerError):
    yield kind
    for below in kind.__subclasses__():
        yield from all_errors(below)


@pytest.mark.parametrize("kind", sorted(all_errors(), key=lambda kind: kind.__name__))
def test_each_error_speaks_two_languages(kind):
    fields = {name for _, name, _, _ in string.Formatter().parse(kind.english) if name}
    chinese = {name for _, name, _, _ in string.Formatter().parse(kind.chinese) if name}
    assert fields == chinese
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.code)
    if not issubclass(kind, errors.ReportRefusedError):
        error = kind(**dict.fromkeys(fields, "VALUE"))
        assert error.message_en in str(error)
        assert error.message_zh in str(error)
        assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_error_codes_are_unique():
    concrete = [kind.code for kind in all_errors() if not kind.__subclasses__()]
    assert len(concrete) == len(set(concrete))
