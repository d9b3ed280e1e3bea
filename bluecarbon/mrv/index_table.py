"""Published mangrove indices that no library has, each a row of a table: formula, source, status.

A formula is arithmetic over band names (``nir``, ``swir1`` ...) and over indices that are
defined in :mod:`bluecarbon.mrv.indices`. Nothing else is understood, and nothing is executed that
is not arithmetic.
"""

from __future__ import annotations

import ast
import csv
import importlib.resources
import operator
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any

from bluecarbon.spec import Status, Value

Operator = Callable[[Any, Any], Any]

_OPERATORS: Mapping[type[ast.operator], Operator] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


class PublishedIndex(Value):
    """A row of ``tables/mangrove_indices.csv``.

    ``status`` is ``verified`` when the formula was read in its publication, in a program of its
    authors, or alike in two independent programs that name it; ``locator`` says where.
    """

    name: str
    title: str
    formula: str
    source: str
    doi: str
    status: Status
    locator: str = ""
    note: str = ""

    @property
    def terms(self) -> tuple[str, ...]:
        """The bands and indices that the formula is about, in order of appearance."""
        return terms_of(self.formula)


@cache
def mangrove_indices() -> Mapping[str, PublishedIndex]:
    """The rows by name, in the order of the table."""
    table = importlib.resources.files("bluecarbon.mrv") / "tables" / "mangrove_indices.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    rows = [PublishedIndex.model_validate(row) for row in csv.DictReader(lines)]
    return {row.name: row for row in rows}


@lru_cache(maxsize=256)
def terms_of(formula: str) -> tuple[str, ...]:
    """The names in a formula, in order of appearance. ValueError when it is not arithmetic."""
    names = [node for node in ast.walk(_parsed(formula)) if isinstance(node, ast.Name)]
    in_order = sorted(names, key=lambda node: (node.lineno, node.col_offset))
    return tuple(dict.fromkeys(node.id for node in in_order if node.id != "abs"))


def evaluate(formula: str, values: Mapping[str, Any]) -> Any:
    """The value of a formula for numbers or arrays.

    Raises
    ------
    ValueError
        The formula is not arithmetic.
    KeyError
        A term has no value.
    """
    return _value(_parsed(formula), values)


def _parsed(formula: str) -> ast.expr:
    try:
        return ast.parse(formula, mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"formula {formula!r} cannot be read: {error.msg}") from error


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.BinOp(left, sign, right) if type(sign) in _OPERATORS:
            return _OPERATORS[type(sign)](_value(left, values), _value(right, values))
        case ast.UnaryOp(ast.USub(), operand):
            return -_value(operand, values)
        case ast.Call(ast.Name("abs"), [argument], []):
            return abs(_value(argument, values))
        case ast.Name(name):
            return values[name]
        case ast.Constant(int() | float() as number):
            return number
    raise ValueError(f"{ast.unparse(node)!r} is not arithmetic over bands")
