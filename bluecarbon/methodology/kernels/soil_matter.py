"""Organic carbon of soil from its organic matter (loss on ignition), by a conversion of a name.

A conversion is one row of ``tables/soil_matter_carbon.csv``, or two rows that cover organic
matter in two pieces. Which of them is right cannot be seen in the data: the choice is the user's,
and moves the stock of a mangrove soil by a third and more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology.tables import read_table
from bluecarbon.spec import Status, Value

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

R2_MIN = 0.5
"""A regression of one's own that explains less is no conversion (the rule of BlueCarbon)."""

SAMPLES_MIN = 10
"""So many samples with both values make a regression (the rule of BlueCarbon)."""


class Piece(Value):
    """Carbon = intercept + slope OM + quadratic OM^2, all in percent, between two bounds of OM."""

    id: str
    conversion: str
    ecosystem: str
    matter_min_percent: float = 0.0
    matter_max_percent: float = 100.0
    intercept: float
    slope: float
    quadratic: float
    source: str
    locator: str = ""
    status: Status = "unverified"
    note: str = ""

    def carbon_percent(self, matter_percent: FloatArray) -> FloatArray:
        """The equation itself [%], without any bound."""
        return self.intercept + self.slope * matter_percent + self.quadratic * matter_percent**2


class Converted(NamedTuple):
    """Carbon [%] and what is to be known of each value (shape of the organic matter).

    ``above_matter``: the equation gives more carbon than there is organic matter; ``floored``: it
    gives less than none, 0 stands instead; ``at_break``: the organic matter lies exactly between
    two pieces, and the lower piece was taken.
    """

    carbon_percent: FloatArray
    above_matter: BoolArray
    floored: BoolArray
    at_break: BoolArray


@cache
def conversions() -> Mapping[str, tuple[Piece, ...]]:
    """Every conversion that is shipped, its pieces by growing organic matter."""
    found: dict[str, list[Piece]] = {}
    for row in read_table("soil_matter_carbon.csv", "id"):
        cells = {name: text for name, text in row.items() if text != ""}
        found.setdefault(row["conversion"], []).append(Piece.model_validate(cells))
    ordered = {
        name: tuple(sorted(pieces, key=lambda piece: piece.matter_min_percent))
        for name, pieces in found.items()
    }
    return MappingProxyType(ordered)


def conversion(name: str) -> tuple[Piece, ...]:
    """The pieces of a conversion.

    Raises
    ------
    MethodologyError
        There is none of this name; the message lists those that there are.
    """
    if name not in conversions():
        known = ", ".join(conversions())
        raise MethodologyError(f"there is no conversion {name!r}; there are {known}")
    return conversions()[name]


def carbon_of_matter(matter_percent: ArrayLike, name: str) -> Converted:
    """Organic carbon [% of dry mass] of organic matter [% of dry mass], any shape.

    Where a table has a piece below and a piece above a value and none at the value itself, as the
    mangrove lines of BlueCarbon at exactly 20 %, the lower piece stands (7.2 instead of 8.4 %
    carbon: the smaller claim) and ``at_break`` says so. NaN stays NaN.

    Raises
    ------
    MethodologyError
        There is no such conversion.

    References
    ----------
    VM0033 v2.1 equations 95-98; the others as their rows in ``soil_matter_carbon.csv`` say.
    """
    pieces = conversion(name)
    matter = np.asarray(matter_percent, dtype=np.float64)
    carbon = pieces[0].carbon_percent(matter)
    at_break = np.zeros(matter.shape, dtype=bool)
    for piece in pieces[1:]:
        carbon = np.where(matter > piece.matter_min_percent, piece.carbon_percent(matter), carbon)
        at_break |= matter == piece.matter_min_percent
    floored = carbon < 0.0
    carbon = np.where(floored, 0.0, carbon)
    return Converted(carbon, carbon > matter, floored, at_break)


class MatterRegression(Value):
    """ln(carbon) = intercept + slope ln(matter), both in percent, fitted to n samples.

    ``residual_sd`` is that of the logarithm; the bounds are those of the fitted organic matter.
    """

    intercept: float
    slope: float
    r2: float
    n: int
    residual_sd: float
    matter_min_percent: float
    matter_max_percent: float

    @property
    def is_usable(self) -> bool:
        """Whether it has samples enough and explains enough."""
        return self.n >= SAMPLES_MIN and self.r2 >= R2_MIN

    def carbon_percent(self, matter_percent: ArrayLike, *, mean: bool = False) -> FloatArray:
        """Organic carbon [%]; shape of ``matter_percent``, 0 where there is no matter.

        What comes back from the logarithm is the median, which is below the mean; with
        ``mean=True`` it is multiplied by exp(residual_sd^2 / 2), as for a lognormal residual.
        """
        matter = np.asarray(matter_percent, dtype=np.float64)
        positive = np.where(matter > 0, matter, 1.0)
        carbon = math.exp(self.intercept) * positive**self.slope
        if mean:
            carbon = carbon * math.exp(self.residual_sd**2 / 2.0)
        none = np.where(np.isnan(matter), np.nan, 0.0)
        return np.asarray(np.where(matter > 0, carbon, none))


def fit_matter_regression(matter_percent: ArrayLike, carbon_percent: ArrayLike) -> MatterRegression:
    """Ordinary least squares of ln(carbon) on ln(matter), shape (sample,), both in percent.

    Samples without one of the two, or with none of it, are left out.

    Raises
    ------
    ValueError
        Fewer than three samples are left, or all have the same organic matter: no line.

    References
    ----------
    The form of the regression of the R package BlueCarbon (log-log, R2 above 0.5).
    """
    matter = np.asarray(matter_percent, dtype=np.float64)
    carbon = np.asarray(carbon_percent, dtype=np.float64)
    used = (matter > 0) & (carbon > 0)
    x, y = np.log(matter[used]), np.log(carbon[used])
    if x.size < 3 or np.ptp(x) == 0.0:
        raise ValueError(f"{x.size} samples with different organic matter do not make a line")
    deviation = x - x.mean()
    slope = float((deviation * y).sum() / (deviation**2).sum())
    residual = y - y.mean() - slope * deviation
    total = float(((y - y.mean()) ** 2).sum())
    rest = float((residual**2).sum())
    return MatterRegression(
        intercept=float(y.mean() - slope * x.mean()),
        slope=slope,
        r2=1.0 - rest / total if total > 0 else 0.0,
        n=int(x.size),
        residual_sd=math.sqrt(rest / (x.size - 2)),
        matter_min_percent=float(matter[used].min()),
        matter_max_percent=float(matter[used].max()),
    )
