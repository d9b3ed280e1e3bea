"""A small calculator for workbooks: live cells are checked without a spreadsheet program.

Independent of the package: it reads cells as a spreadsheet does and knows the functions by their
definition in spreadsheets (OpenDocument formula / Excel), not by our equations.
"""

import re

import numpy as np
import openpyxl
from scipy import stats

_TOKEN = re.compile(
    r"(?P<cell>(?:\w+!)?\$?[A-Z]{1,2}\$?\d+(?::\$?[A-Z]{1,2}\$?\d+)?)|(?P<function>[A-Z]+\d*)(?=\()"
    r"|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<operator><=|>=|<>|[-+*/^(),<>=])"
)
_OPERATORS = {"^": "**", "=": "==", "<>": "!="}


def _numbers(*arguments):
    return np.concatenate([np.ravel(np.asarray(a, dtype=float)) for a in arguments])


FUNCTIONS = {
    "ABS": np.abs,
    "AVERAGE": lambda *a: _numbers(*a).mean(),
    "COUNT": lambda *a: float(_numbers(*a).size),
    "DEVSQ": lambda *a: ((_numbers(*a) - _numbers(*a).mean()) ** 2).sum(),
    "EXP": np.exp,
    "IF": lambda condition, yes, no=0.0: yes if condition else no,
    "INT": np.floor,
    "LN": np.log,
    "MAX": lambda *a: _numbers(*a).max(),
    "MIN": lambda *a: _numbers(*a).min(),
    "ROUND": lambda value, digits: np.round(value, int(digits)),
    "SQRT": np.sqrt,
    "SUM": lambda *a: _numbers(*a).sum(),
    "SUMPRODUCT": lambda *a: np.prod(np.broadcast_arrays(*a), axis=0).sum(),
    "SUMSQ": lambda *a: (_numbers(*a) ** 2).sum(),
    "TINV": lambda p, freedom: stats.t.isf(p / 2, int(freedom)),
}


class Workbook:
    """The cells of a written workbook; a value of a live cell is computed when it is asked for."""

    def __init__(self, path):
        self.sheets = openpyxl.load_workbook(path)
        self.known = {}

    def value(self, sheet, address):
        key = (sheet, address)
        if key not in self.known:
            raw = self.sheets[sheet][address].value
            live = isinstance(raw, str) and self.sheets[sheet][address].data_type == "f"
            self.known[key] = self.compute(raw[1:], sheet) if live else raw
        return self.known[key]

    def change(self, sheet, address, value):
        self.sheets[sheet][address].value = value
        self.known.clear()

    def compute(self, text, sheet):
        names, parts, place = {}, [], 0
        while place < len(text):
            match = _TOKEN.match(text, place)
            assert match, f"cannot read {text[place:]!r} in {text!r}"
            token, place = match[0], match.end()
            if match["cell"]:
                name = f"cell_{len(names)}"
                names[name] = self.cells(token.replace("$", ""), sheet)
                token = name
            parts.append(_OPERATORS.get(token, token))
        with np.errstate(divide="ignore", invalid="ignore"):  # the branch of IF that is not taken
            return float(eval("".join(parts), {"__builtins__": {}, **FUNCTIONS, **names}))

    def cells(self, address, sheet):
        sheet, address = address.split("!") if "!" in address else (sheet, address)
        if ":" not in address:
            return np.float64(self.value(sheet, address))
        found = [cell for row in self.sheets[sheet][address] for cell in row]
        return np.array([self.value(sheet, cell.coordinate) for cell in found], dtype=float)

    def rows(self, sheet="trace"):
        """The rows of a sheet as (row number, {column letter: raw value})."""
        for row in self.sheets[sheet].iter_rows():
            yield row[0].row, {cell.column_letter: cell.value for cell in row}

    def live_rows(self, sheet="trace"):
        """(row number, computed value, reported value) of every live result."""
        for number, row in self.rows(sheet):
            if row["J"] == "live":
                yield number, self.value(sheet, f"G{number}"), row["K"]
