"""The error matrix as a value: rows are the map, columns the reference, and nothing else.

Conventions (Olofsson et al. 2014, Remote Sens. Environ. 148:42-57, section 4): user's accuracy is
the share of a *map* class (a row) that the reference agrees with, producer's accuracy the share of
a *reference* class (a column) that the map found. Half of the published tables have their rows the
other way round, and some their names: nothing here guesses, and totals that are known decide.

The shares of this module are those of the sample counts. They estimate the map's accuracy only
where every point had the same chance to be drawn; else see :mod:`bluecarbon.mrv.stehman2014`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from bluecarbon.spec import Finding

LISTED_MOST = 8
"""A table that is no matrix may have a row for each point: nobody reads the names of all."""

RowsAre = Literal["map", "reference"]

Label = Any
"""The name of a class: text or a whole number. 0 and "" are names like any other."""

SHARE_COLUMNS = ("measure", "class", "given", "value", "points")

Findings = tuple[Finding, ...]


@dataclass(frozen=True)
class ErrorMatrix:
    """Sample counts n_ij: ``counts`` has map classes as rows and reference classes as columns.

    Both have the same classes in the same order; the axes are named "map" and "reference". Made by
    :func:`error_matrix` or :func:`matrix_from_table`, which check this.
    """

    counts: pd.DataFrame

    @property
    def classes(self) -> tuple[Label, ...]:
        """The classes in order."""
        return tuple(self.counts.index)

    @property
    def points(self) -> int:
        """All points."""
        return int(self.counts.to_numpy().sum())

    @property
    def map_totals(self) -> pd.Series:
        """Points of every map class, n_i. (row sums)."""
        return self.counts.sum(axis=1)

    @property
    def reference_totals(self) -> pd.Series:
        """Points of every reference class, n_.j (column sums)."""
        return self.counts.sum(axis=0)

    @property
    def agreed(self) -> pd.Series:
        """Points on which map and reference agree, by class."""
        return pd.Series(np.diag(self.counts), index=self.counts.index)

    @property
    def overall(self) -> float:
        """Share of points on which both agree; NaN without points."""
        return _share(float(self.agreed.sum()), self.points)

    @property
    def users(self) -> pd.Series:
        """User's accuracy: agreed points over the row total of their map class."""
        return self.agreed / self.map_totals.where(self.map_totals > 0)

    @property
    def producers(self) -> pd.Series:
        """Producer's accuracy: agreed points over the column total of their reference class."""
        totals = self.reference_totals
        shares: pd.Series = self.agreed / totals.where(totals > 0).to_numpy()
        return shares

    @property
    def transposed(self) -> ErrorMatrix:
        """What was counted as map taken for the reference, and the other way round."""
        turned = self.counts.T.rename_axis(index="map", columns="reference")
        return ErrorMatrix(turned)

    def shares(self) -> pd.DataFrame:
        """Accuracy of the sample counts as a tidy table: measure, class, given, value, points.

        ``given`` says what the share is of: all points, a map class (user's) or a reference class
        (producer's); ``points`` is the number of points in that denominator.
        """
        rows: list[tuple[str, Label, str, float, int]] = [
            ("overall", "", "all points", self.overall, self.points)
        ]
        for measure, given, values, totals in (
            ("users", "map class", self.users, self.map_totals),
            ("producers", "reference class", self.producers, self.reference_totals),
        ):
            rows += [
                (measure, name, given, float(values[name]), int(totals[name]))
                for name in self.classes
            ]
        return pd.DataFrame(rows, columns=SHARE_COLUMNS)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def error_matrix(
    mapped: ArrayLike, reference: ArrayLike, *, classes: Sequence[Label] | None = None
) -> ErrorMatrix:
    """Count map class against reference class of every point.

    Parameters
    ----------
    mapped, reference : (n,) class of each point; 0 and "" are classes like any other
    classes : the order of the classes; by default sorted by name

    Raises
    ------
    ValueError
        The two differ in length, a class is missing (NaN, None), or is not among ``classes``: a
        point is never left out in silence.
    """
    map_classes, reference_classes = pd.Series(mapped), pd.Series(reference)
    if len(map_classes) != len(reference_classes):
        raise ValueError(f"{len(map_classes)} map classes, {len(reference_classes)} references")
    missing = int((map_classes.isna() | reference_classes.isna()).sum())
    if missing:
        raise ValueError(f"{missing} points have no class on the map or in the reference")
    found = set(map_classes) | set(reference_classes)
    order = in_order(found) if classes is None else list(classes)
    if unknown := found - set(order):
        raise ValueError(f"classes {sorted(map(str, unknown))} are not among the classes given")
    counts = pd.crosstab(map_classes, reference_classes)
    return ErrorMatrix(_framed(counts.reindex(index=order, columns=order, fill_value=0)))


def in_order(names: Iterable[Label]) -> list[Label]:
    """Class names sorted, each once, numbers before text."""
    return sorted(set(names), key=lambda name: (isinstance(name, str), name))


def _framed(counts: pd.DataFrame) -> pd.DataFrame:
    return counts.astype("int64").rename_axis(index="map", columns="reference")


def matrix_from_table(
    table: pd.DataFrame, *, rows: RowsAre, subject: str
) -> tuple[ErrorMatrix | None, Findings]:
    """The error matrix of a table of counts whose ``rows`` are said to be map or reference.

    The table has one row and one column per class, of the same classes. None with findings when
    it is no such table.
    """
    found = _table_findings(table, subject)
    if found:
        return None, found
    ordered = table.loc[:, list(table.index)]
    return ErrorMatrix(_framed(ordered if rows == "map" else ordered.T)), ()


def _table_findings(table: pd.DataFrame, subject: str) -> Findings:
    down, across = list(table.index), list(table.columns)
    if len(set(down)) < len(down) or set(down) != set(across) or len(down) != len(across):
        message = f"rows are {_listed(down)}, columns {_listed(across)}"
        fix = "give each class one row and one column, without sums"
        return (Finding.error("matrix-not-square", subject, message, fix=fix),)
    values = table.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(values).all() or (values < 0).any() or (values % 1 != 0).any():
        message = "holds numbers that are no counts of points"
        fix = "give the matrix of sample counts, not of shares or areas"
        return (Finding.error("matrix-not-counts", subject, message, fix=fix),)
    return ()


def _listed(names: Sequence[Label]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:LISTED_MOST])
    more = len(names) - LISTED_MOST
    return f"{shown}, ... ({len(names)} in all)" if more > 0 else shown


def orientation_findings(
    matrix: ErrorMatrix, *, map_totals: Mapping[Label, int], subject: str
) -> Findings:
    """Does the matrix have the map in its rows? Decided by the points known to each map class.

    ``map_totals`` is how many points the sample has of every map class, from the design or from
    the points themselves. A transposed matrix is an error: user's and producer's accuracy, and
    every area, would be exchanged. So is one that has other totals altogether.
    """
    known = pd.Series({name: map_totals.get(name, 0) for name in matrix.classes}, dtype="int64")
    if (matrix.map_totals.to_numpy() == known.to_numpy()).all():
        return ()
    if (matrix.reference_totals.to_numpy() == known.to_numpy()).all():
        message = (
            "its columns have the totals of the map classes: rows are the reference, and user's "
            "and producer's accuracy read from it are exchanged"
        )
        fix = "transpose the matrix: rows are the map, columns the reference"
        return (Finding.error("matrix-transposed", subject, message, fix=fix),)
    message = (
        f"its rows have {_listed(list(matrix.map_totals))} points, the map classes of the sample "
        f"{_listed(list(known))}"
    )
    fix = "make the matrix and the totals from the same points"
    return (Finding.error("matrix-totals-differ", subject, message, fix=fix),)
