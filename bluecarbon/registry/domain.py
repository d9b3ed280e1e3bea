"""The rules of the ledger as pure functions and frozen values: no database, no clock, no key.

Quantities are whole credits (1 credit = 1 tCO2e). Claims are held in whole grams of CO2e, so
that the fraction left at an issuance is carried forward exactly and no float enters the ledger.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal, TypeVar

from pydantic import Field

from bluecarbon.registry import errors
from bluecarbon.spec import Value

Role = Literal["operator", "approver", "proponent", "validator", "verifier", "holder"]
State = Literal["draft", "validated", "registered", "reported", "verified", "approved", "issued"]
BlockStatus = Literal["active", "buffer", "retired", "cancelled"]

GRAMS_PER_CREDIT = 1_000_000
QUANTITY_MAX = 2**53 - 1
"""The largest integer that RFC 8785 JSON carries exactly."""

PPM = 1_000_000
YEAR_FIRST, YEAR_LAST = 1990, 2199
"""Times outside are slips of the pen: no carbon was counted before, no clock runs after."""

TEXT_LENGTH_MAX = 2000

ISSUANCE, BUFFER_POOL = "@issuance", "@buffer-pool"
RETIREMENT, CANCELLATION = "@retirement", "@cancellation"
SYSTEM_ACCOUNTS = {
    ISSUANCE: "issuance",
    BUFFER_POOL: "buffer",
    RETIREMENT: "retirement",
    CANCELLATION: "cancellation",
}
"""Accounts of the registry itself (id -> kind); no party's id may start with @."""

HOLDING_ROLES: frozenset[Role] = frozenset({"proponent", "holder"})

BEFORE: Mapping[State, State | None] = {
    "draft": None,
    "validated": "draft",
    "registered": "validated",
    "reported": None,
    "verified": "reported",
    "approved": "verified",
    "issued": "approved",
}
"""The state that each state follows: a project goes draft -> registered, each of its reports
goes reported -> issued. ``None`` opens a line."""

_PARTY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Policy(Value):
    """What an operator decides once: the buffer share (parts per million) and drafts or not.

    ``overlap_m2_max`` is the area by which boundaries may overlap and still count as neighbours:
    one 10 m pixel, the resolution of the maps that boundaries are drawn from.
    """

    buffer_share_ppm: int = Field(ge=0, lt=PPM)
    allow_unverified_parameters: bool = False
    overlap_m2_max: int = Field(default=100, ge=0)


class Stamp(Value):
    """Who writes, under which idempotency key, and when.

    ``at`` is the time of recording and no part of the request (a retry comes later);
    ``effective_at`` is, and may not lie after ``at``.
    """

    actor: str
    key: str
    at: dt.datetime
    effective_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """Serial numbers of one batch, both ends included."""

    first: int
    last: int

    @property
    def quantity(self) -> int:
        """How many credits the range holds."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Block:
    """An open or closed row of the ledger: a range of one batch with its holder and status."""

    id: int
    batch: int
    range: Range
    holder: str
    status: BlockStatus


BlockLike = TypeVar("BlockLike", bound=Block)


def whole_quantity(value: object, field: str = "quantity") -> int:
    """``value`` as a number of credits.

    Raises
    ------
    QuantityNotWholeError, QuantityNotPositiveError, QuantityTooLargeError
        A float or a bool is refused even when it equals a whole number.
    """
    # isinstance would let bool pass: JSON true must never become one credit.
    if type(value) is not int:
        raise errors.QuantityNotWholeError(field=field, value=repr(value))
    if value < 1:
        raise errors.QuantityNotPositiveError(field=field, value=value)
    if value > QUANTITY_MAX:
        raise errors.QuantityTooLargeError(field=field, value=value, limit=QUANTITY_MAX)
    return value


def plain_text(value: object, field: str, *, length_max: int = TEXT_LENGTH_MAX) -> str:
    """``value`` without outer spaces; TextError when empty, too long or not printable."""
    text = value.strip() if isinstance(value, str) else ""
    if not text:
        raise errors.TextError(field=field, defect="is empty")
    if len(text) > length_max:
        raise errors.TextError(field=field, defect=f"is longer than {length_max} characters")
    # A lone surrogate or a control character would break canonical JSON or a printed page.
    if not all(character.isprintable() or character == "\n" for character in text):
        raise errors.TextError(field=field, defect="holds characters that cannot be printed")
    return text


def optional_text(value: object, field: str) -> str:
    """Like :func:`plain_text`, but an empty text may stay empty."""
    return plain_text(value, field) if value != "" else ""


def party_id(value: object) -> str:
    """``value`` as the id of a party: letters, digits, ``.``, ``_``, ``-``; TextError."""
    text = plain_text(value, "party id", length_max=64)
    if not _PARTY_ID.fullmatch(text):
        raise errors.TextError(field="party id", defect=f"{text!r} is not an identifier")
    return text


def utc_text(moment: dt.datetime, field: str) -> str:
    """The moment as ISO 8601 in UTC, whole seconds, so that texts sort as times do.

    TimeError when it carries no zone or its year is not in YEAR_FIRST..YEAR_LAST.
    """
    if moment.tzinfo is None:
        raise errors.TimeError(field=field, defect="a time needs its zone")
    # Before the change of zone, which overflows in the years 1 and 9999; and after it.
    _check_year(moment, field)
    in_utc = moment.astimezone(dt.UTC)
    _check_year(in_utc, field)
    return in_utc.isoformat(timespec="seconds").replace("+00:00", "Z")


def _check_year(moment: dt.datetime, field: str) -> None:
    if not YEAR_FIRST <= moment.year <= YEAR_LAST:
        defect = f"the year {moment.year} is not in {YEAR_FIRST}..{YEAR_LAST}"
        raise errors.TimeError(field=field, defect=defect)


def stamp_times(stamp: Stamp) -> tuple[str, str]:
    """(effective_at, recorded_at) of a stamp as text; TimeError when effective in the future."""
    recorded_at = utc_text(stamp.at, "at")
    effective = stamp.effective_at or stamp.at
    effective_at = utc_text(effective, "effective_at")
    # Compared as times, not as the texts, which are cut to whole seconds.
    if effective > stamp.at:
        raise errors.TimeError(
            field="effective_at", defect=f"{effective_at} is after the recording at {recorded_at}"
        )
    return effective_at, recorded_at


def date_of(stamp: Stamp) -> dt.date:
    """The day (UTC) on which what is stamped takes effect; TimeError like `stamp_times`."""
    effective_at, _ = stamp_times(stamp)
    return dt.datetime.fromisoformat(effective_at).date()


def check_step(subject: str, state: State | None, to: State) -> None:
    """StateError unless ``to`` is the state that follows ``state``."""
    needed = BEFORE[to]
    if state != needed:
        raise errors.StateError(
            subject=subject, state=state or "unknown", act=to, needed=needed or "unknown"
        )


def check_four_eyes(actor: str, second: str, others: Mapping[str, str]) -> None:
    """FourEyesError when ``actor`` is one of ``others`` (act -> party who did it)."""
    for first, party in others.items():
        if party == actor:
            raise errors.FourEyesError(actor=actor, first=first, second=second)


def split(whole: Range, part: Range) -> tuple[Range | None, Range | None]:
    """What is left of ``whole`` below and above ``part``; the three tile ``whole``."""
    below = Range(whole.first, part.first - 1) if part.first > whole.first else None
    above = Range(part.last + 1, whole.last) if part.last < whole.last else None
    return below, above


def choose(blocks: Iterable[BlockLike], quantity: int) -> list[tuple[BlockLike, Range]]:
    """The first ``quantity`` credits of ``blocks`` in their order, as parts of blocks.

    The sum of the parts is less than ``quantity`` when the blocks do not hold enough.
    """
    (parts,) = choose_each(blocks, [quantity])
    return parts


def choose_each(
    blocks: Iterable[BlockLike], quantities: Sequence[int]
) -> list[list[tuple[BlockLike, Range]]]:
    """The parts for each of ``quantities``, one after the other out of the same blocks.

    No more blocks are taken from the iterable than are needed. Parts are missing where the blocks
    do not hold enough.
    """
    following = iter(blocks)
    block, first = None, 0
    chosen: list[list[tuple[BlockLike, Range]]] = []
    for quantity in quantities:
        left, parts = quantity, list[tuple[BlockLike, Range]]()
        while left:
            if block is None or first > block.range.last:
                block = next(following, None)
                if block is None:
                    break
                first = block.range.first
            count = min(left, block.range.last - first + 1)
            parts.append((block, Range(first, first + count - 1)))
            left, first = left - count, first + count
        chosen.append(parts)
    return chosen


def cover(blocks: Sequence[BlockLike], wanted: Range) -> list[tuple[BlockLike, Range]]:
    """The parts of ``blocks`` (of one batch) that lie in ``wanted``."""
    parts = []
    for block in blocks:
        first = max(block.range.first, wanted.first)
        last = min(block.range.last, wanted.last)
        if first <= last:
            parts.append((block, Range(first, last)))
    return parts


def grams(tonnes: float) -> int:
    """A claim in tCO2e as whole grams, rounded to the nearest (float noise is far smaller)."""
    # repr gives the shortest digits that mean this float: 0.1 counts as 0.1.
    scaled = Decimal(repr(float(tonnes))) * GRAMS_PER_CREDIT
    return int(scaled.to_integral_value(ROUND_HALF_EVEN))


def share_ppm(share: float) -> int:
    """A share in [0, 1) as whole parts per million; QuantityNotWholeError with more digits."""
    # 0.1 of 30 credits is 3; in floats it is 3.0000000000000004, which rounds up to 4.
    scaled = Decimal(repr(float(share))) * PPM
    if scaled != scaled.to_integral_value():
        raise errors.QuantityNotWholeError(field="buffer share (ppm)", value=str(scaled))
    return int(scaled)


class Allotment(Value):
    """What one issuance gives: whole credits and buffer credits per vintage, and the remainder."""

    credits_by_vintage: dict[int, int]
    buffer_by_vintage: dict[int, int]
    carried_in_g: int
    carried_out_g: int

    @property
    def issued(self) -> int:
        """Credits of all vintages, the buffer's included."""
        return sum(self.credits_by_vintage.values())

    @property
    def buffer(self) -> int:
        """Credits that go to the buffer pool."""
        return sum(self.buffer_by_vintage.values())


def allot(claim_g_by_vintage: Mapping[int, int], carried_in_g: int, buffer_ppm: int) -> Allotment:
    """Whole credits per vintage by cumulative floor; the buffer share rounded up in all.

    Vintage k gets floor(C_k) - floor(C_{k-1}), where C is the running claim including the
    remainder carried in, so that no vintage's fraction is lost and the total is the floor of the
    total. A vintage with a net loss is made good from the vintages before it (C_k is taken as the
    least of C_k and all that follow), never from credits that are not there.
    """
    vintages = sorted(claim_g_by_vintage)
    running = []
    total_g = carried_in_g
    for vintage in vintages:
        total_g += claim_g_by_vintage[vintage]
        running.append(total_g)
    # From the end: a later loss lowers what every earlier vintage may keep.
    for index in range(len(running) - 2, -1, -1):
        running[index] = min(running[index], running[index + 1])
    floors = [0, *(max(0, amount // GRAMS_PER_CREDIT) for amount in running)]
    buffers = [_share_rounded_up(count, buffer_ppm) for count in floors]
    return Allotment(
        credits_by_vintage=_steps(vintages, floors),
        buffer_by_vintage=_steps(vintages, buffers),
        carried_in_g=carried_in_g,
        carried_out_g=total_g - floors[-1] * GRAMS_PER_CREDIT,
    )


def _share_rounded_up(count: int, ppm: int) -> int:
    return -(-count * ppm // PPM)


def _steps(vintages: Sequence[int], cumulative: Sequence[int]) -> dict[int, int]:
    return {
        vintage: after - before
        for vintage, before, after in zip(vintages, cumulative, cumulative[1:], strict=False)
    }
