"""Spreadsheet formulas of equations (:mod:`bluecarbon.methodology.formula`) as numbers.

With it a trace can be recomputed without a spreadsheet program: the formula of each step over the
values that the step lists. Operators bind as in spreadsheets, where a sign goes before a power
(-2^2 is 4).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.special import stdtrit

from bluecarbon.methodology import formula
from bluecarbon.report import TraceStep

_MEMBER = re.compile(r"(?s)(\w+)\[(.*)\]")

_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_BINDING = (("=", "<>", "<", "<=", ">", ">="), ("+", "-"), ("*", "/"), ("^",))
"""Operators from those that bind loosest to those that bind tightest."""


def _all(arguments: tuple[Any, ...]) -> np.ndarray:
    return np.concatenate([np.ravel(np.asarray(a, dtype=np.float64)) for a in arguments])


def _rounded(value: Any, digits: Any) -> Any:
    """Halves away from 0, as spreadsheets round."""
    scale = 10.0 ** int(digits)
    return np.sign(value) * np.floor(np.abs(value) * scale + 0.5) / scale


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "ABS": np.abs,
    "AVERAGE": lambda *a: _all(a).mean(),
    "COUNT": lambda *a: float(_all(a).size),
    "DEVSQ": lambda *a: np.square(_all(a) - _all(a).mean()).sum(),
    "EXP": np.exp,
    "IF": lambda test, yes, no=0.0: yes if test else no,
    "INT": np.floor,
    "LN": np.log,
    "MAX": lambda *a: _all(a).max(),
    "MIN": lambda *a: _all(a).min(),
    "ROUND": _rounded,
    "SQRT": np.sqrt,
    "SUM": lambda *a: _all(a).sum(),
    "SUMPRODUCT": lambda *a: np.prod(np.broadcast_arrays(*map(np.atleast_1d, a)), axis=0).sum(),
    "SUMSQ": lambda *a: np.square(_all(a)).sum(),
    "TINV": lambda share, freedom: stdtrit(freedom, 1 - share / 2),
}


def recomputed(step: TraceStep) -> float:
    """The formula of a step over the values that it lists; ValueError when it has none."""
    values: dict[str, Any] = {}
    for item in step.inputs:
        member = _MEMBER.fullmatch(item.name)
        if member is None:
            values[item.name] = item.value
        else:
            values.setdefault(member[1], []).append(item.value)
    return evaluated(step.formula, values)


def evaluated(text: str, values: Mapping[str, Any]) -> float:
    """A formula over numbers and lists of numbers by name.

    A name without values is a group that has no members: it counts as 0. A division by 0 gives
    infinity or NaN. ValueError when the text is not a formula.
    """
    numbers = {name: np.asarray(value, dtype=np.float64)[()] for name, value in values.items()}
    # Both branches of an IF are computed: the one that is not taken may divide by 0.
    with np.errstate(all="ignore"):
        return float(_Reader(text, numbers).whole())


class _Reader:
    """Reads a formula from left to right."""

    def __init__(self, text: str, values: Mapping[str, Any]) -> None:
        formula.names(text)
        self._text = text
        self._values = values
        self._tokens = [token for token in formula.tokens(text) if token[0] != "space"]
        self._place = 0

    def whole(self) -> Any:
        value = self._level(0)
        if self._place < len(self._tokens):
            raise self._wrong()
        return value

    def _level(self, level: int) -> Any:
        """Terms of one kind of operator, from left to right."""
        if level == len(_BINDING):
            return self._signed()
        value = self._level(level + 1)
        while (sign := self._next_of(_BINDING[level])) is not None:
            value = _OPERATORS[sign](value, self._level(level + 1))
        return value

    def _signed(self) -> Any:
        sign = self._next_of(("-", "+"))
        if sign is None:
            return self._single()
        return -self._signed() if sign == "-" else self._signed()

    def _single(self) -> Any:
        kind, text = self._tokens[self._place] if self._place < len(self._tokens) else ("", "")
        self._place += 1
        if kind == "number":
            return np.float64(text)
        if kind == "name":
            return self._values.get(text, np.float64(0.0))
        if kind == "function":
            return _FUNCTIONS[text](*self._arguments())
        if text == "(":
            value = self._level(0)
            self._expect(")")
            return value
        raise self._wrong()

    def _arguments(self) -> list[Any]:
        self._expect("(")
        found = [self._level(0)]
        while self._next_of((",",)) is not None:
            found.append(self._level(0))
        self._expect(")")
        return found

    def _next_of(self, signs: tuple[str, ...]) -> str | None:
        if self._place < len(self._tokens) and self._tokens[self._place][1] in signs:
            self._place += 1
            return self._tokens[self._place - 1][1]
        return None

    def _expect(self, sign: str) -> None:
        if self._next_of((sign,)) is None:
            raise self._wrong()

    def _wrong(self) -> ValueError:
        return ValueError(f"formula {self._text!r}: cannot be read at part {self._place + 1}")
