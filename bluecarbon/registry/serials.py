"""Serial numbers of credits: a range that a person can read out and a machine can check.

``BC-DEMO-GAOQIAO2024-ARAM001403-2019-1-1-250-47`` is, from left to right: the scheme, the
registry, the project, the methodology, the vintage (产生年度), the tranche (a vintage may be
issued more than once), the first and the last number, and two check digits.

The formats of the national registers (CCER, PHCER) are not published. This is our own, not an
imitation of one of theirs; a register that joins another maps between the two.
"""

from __future__ import annotations

import re

from bluecarbon.registry.domain import QUANTITY_MAX, Range
from bluecarbon.registry.errors import SerialError
from bluecarbon.spec import Value

SCHEME = "BC"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"
_SERIAL = re.compile(
    r"(?P<batch>BC-[0-9A-Z]{2,8}-[0-9A-Z]{1,64}-[0-9A-Z]{1,64}-[0-9]{4}-[1-9][0-9]{0,5})"
    r"-(?P<first>[1-9][0-9]{0,15})-(?P<last>[1-9][0-9]{0,15})-(?P<check>[0-9]{2})"
)


class Serial(Value):
    """A range of credits of one batch; ``batch`` is the text up to the tranche."""

    batch: str
    first: int
    last: int

    @property
    def range(self) -> Range:
        """The numbers of the range."""
        return Range(self.first, self.last)

    def __str__(self) -> str:
        body = f"{self.batch}-{self.first}-{self.last}"
        return f"{body}-{check_digits(body)}"


def check_digits(body: str) -> str:
    """Two digits: the text read as a number in base 37 (0-9, A-Z, -), modulo 97.

    97 is prime and greater than 37, so every single wrong character and every swap of two
    neighbours changes the digits; the separator counts, so 1-250 and 12-50 differ.
    """
    remainder = 0
    for character in body:
        remainder = (remainder * 37 + _ALPHABET.index(character)) % 97
    return f"{remainder:02d}"


def code_of(name: str) -> str:
    """The letters and digits of an identifier in capitals, at most 64: its part of a serial."""
    code = "".join(c for c in name.upper() if c in _ALPHABET and c != "-")[:64]
    if not code:
        raise SerialError(serial=name, defect="it holds no ASCII letter or digit")
    return code


def batch_code(*, registry: str, project: str, methodology: str, vintage: int, tranche: int) -> str:
    """The text that all serials of a batch begin with; the names are reduced by `code_of`."""
    return f"{SCHEME}-{registry}-{code_of(project)}-{code_of(methodology)}-{vintage:04d}-{tranche}"


def parse(text: object) -> Serial:
    """The serial that ``text`` spells; lower case and outer spaces are forgiven.

    Raises
    ------
    SerialError
        The form is wrong, the check digits do not fit, or the range is empty or too large.
    """
    match = _SERIAL.fullmatch(text.strip().upper()) if isinstance(text, str) else None
    if match is None:
        raise SerialError(
            serial=text,
            defect="expected BC-registry-project-methodology-vintage-tranche-first-last-check",
        )
    serial = Serial(batch=match["batch"], first=int(match["first"]), last=int(match["last"]))
    body = f"{serial.batch}-{serial.first}-{serial.last}"
    if check_digits(body) != match["check"]:
        raise SerialError(serial=text, defect="the check digits do not fit; it was mistyped")
    if serial.last < serial.first or serial.last > QUANTITY_MAX:
        raise SerialError(serial=text, defect="the range is empty or too large")
    return serial
