"""Published accuracy tables whose names do not say what their numbers are, and how to tell.

A share in an error matrix is of a row or of a column; which of the two is user's accuracy depends
on whether rows are the map or the reference. Some programs name the shares by their place in the
table: RSGISLib (rsgislib.classification.classaccuracymetrics) writes the reference in rows and
calls the share of a row "User Acc". Precision is user's and recall producer's accuracy whatever
the table looks like, and where they stand beside the matrix they settle the matter.
"""

from __future__ import annotations

import csv
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from bluecarbon.mrv.confusion import ErrorMatrix, RowsAre, matrix_from_table
from bluecarbon.spec import Finding

MATRIX_TITLE = "Point Count Confusion Matrix"

SHARE_TOLERANCE = 5e-4
"""Published shares are rounded, some to a tenth of a percent."""

Axis = Literal["row", "column"]
Findings = tuple[Finding, ...]

MEANING: dict[tuple[Axis, RowsAre], str] = {
    ("row", "map"): "user's accuracy",
    ("row", "reference"): "producer's accuracy",
    ("column", "map"): "producer's accuracy",
    ("column", "reference"): "user's accuracy",
}
"""What the agreed share of a row or column is, by what the rows are."""


@dataclass(frozen=True)
class PublishedMatrix:
    """A matrix as printed: square ``counts`` of unsaid orientation, and shares under their labels.

    ``shares`` has one column per label ("User Acc", "Producer"), rows are classes, values 0 to 1;
    ``precision`` and ``recall`` are empty where the table has none.
    """

    counts: pd.DataFrame
    shares: pd.DataFrame
    precision: pd.Series
    recall: pd.Series

    def oriented(self, rows: RowsAre, subject: str) -> tuple[ErrorMatrix | None, Findings]:
        """The matrix as a value, once it is known what its rows are."""
        return matrix_from_table(self.counts, rows=rows, subject=subject)


def read_published(path: Path) -> tuple[PublishedMatrix | None, Findings]:
    """Read a table as RSGISLib writes it (CSV in blocks); None when it has no such matrix."""
    try:
        lines = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        fix = "give the CSV file as it was published"
        return None, (Finding.error("matrix-unreadable", path.name, str(error), fix=fix),)
    start = next((i for i, line in enumerate(lines) if line[:1] == [MATRIX_TITLE]), None)
    if start is None:
        message = f"has no block '{MATRIX_TITLE}'"
        fix = "name the matrix of counts yourself: bluecarbon.mrv.confusion.matrix_from_table"
        return None, (Finding.error("matrix-not-found", path.name, message, fix=fix),)
    block = lines[start + 1 :]
    try:
        counts, shares = _counts_and_shares(block)
    except (IndexError, KeyError, ValueError) as error:
        message, fix = f"the matrix cannot be read: {error}", "give the file as it was published"
        return None, (Finding.error("matrix-unreadable", path.name, message, fix=fix),)
    metrics = _metrics(lines[:start], list(counts.index))
    return PublishedMatrix(counts, shares, metrics["precision"], metrics["recall"]), ()


def _counts_and_shares(block: list[list[str]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The square of counts, and the last column and last row with their labels."""
    header, *body = [line for line in block if len(line) > 1]
    classes, row_label = header[1:-1], header[-1]
    counts = pd.DataFrame(
        [[float(cell) for cell in line[1:-1]] for line in body[:-1]],
        index=[line[0] for line in body[:-1]],
        columns=classes,
    ).astype("int64")
    shares = pd.DataFrame(
        {
            row_label: [float(line[-1]) / 100 for line in body[:-1]],
            body[-1][0]: [float(cell) / 100 for cell in body[-1][1 : len(classes) + 1]],
        },
        index=classes,
    )
    return counts.loc[classes], shares


def _metrics(lines: list[list[str]], classes: list[str]) -> pd.DataFrame:
    """Precision and recall by class, NaN where the table gives none."""
    head = next((i for i, line in enumerate(lines) if line[:1] == ["class"]), None)
    wanted = ["precision", "recall"]
    if head is None:
        return pd.DataFrame(np.nan, index=classes, columns=wanted)
    names = lines[head][1:]
    # Later blocks of the file repeat the class names; this one ends with an empty line.
    block = itertools.takewhile(lambda line: len(line) > 1, lines[head + 1 :])
    first = {line[0]: line[1:] for line in block if line[0] in classes}
    table = pd.DataFrame.from_dict(first, orient="index", columns=names)
    chosen = table.reindex(index=classes, columns=wanted)
    return pd.DataFrame({name: pd.to_numeric(chosen[name], errors="coerce") for name in wanted})


def rows_of(published: PublishedMatrix) -> RowsAre | None:
    """What the rows are, told by precision and recall; None where they cannot tell.

    Precision is the share of a map class, recall of a reference class. In a symmetric matrix both
    are the same for rows and columns.
    """
    by_row = _matches(published.precision, published, "row")
    by_column = _matches(published.precision, published, "column")
    if by_row == by_column:
        by_row = _matches(published.recall, published, "column")
        by_column = _matches(published.recall, published, "row")
    if by_row == by_column:
        return None
    return "map" if by_row else "reference"


def _agreed_share(counts: pd.DataFrame, axis: Axis) -> pd.Series:
    totals = counts.sum(axis=1 if axis == "row" else 0).to_numpy(dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return pd.Series(np.diag(counts) / totals, index=counts.index)


def _matches(values: pd.Series, published: PublishedMatrix, axis: Axis) -> bool:
    expected = _agreed_share(published.counts, axis)
    return bool((values - expected).abs().le(SHARE_TOLERANCE).all())


def label_findings(
    published: PublishedMatrix, *, subject: str, rows: RowsAre | None = None
) -> Findings:
    """Labels of a published table that name the wrong accuracy.

    ``rows`` says what the rows are where it is known (from the points, say); by default precision
    and recall decide. An error for every label that calls user's accuracy what is producer's, or
    the other way round; a warning where nothing tells what the rows are.
    """
    rows = rows or rows_of(published)
    if rows is None:
        message = "nothing tells whether rows are the map or the reference"
        fix = "compare the row totals with the points of every map class"
        return (Finding.warning("matrix-orientation-unknown", subject, message, fix=fix),)
    return tuple(
        finding
        for label in published.shares.columns
        if (finding := _judged(published, label, rows, subject)) is not None
    )


def _judged(published: PublishedMatrix, label: str, rows: RowsAre, subject: str) -> Finding | None:
    said = _said(label)
    values = published.shares[label]
    axes: tuple[Axis, Axis] = ("row", "column")
    fits = [axis for axis in axes if _matches(values, published, axis)]
    if said is None or len(fits) != 1:
        return None
    meant = MEANING[fits[0], rows]
    if meant == said:
        return None
    other = _agreed_share(published.counts, "column" if fits[0] == "row" else "row")
    worst: Any = (values - other).abs().idxmax()
    message = (
        f"'{label}' holds the share of every {fits[0]}, and rows are the {rows}: it is {meant}, "
        f"not {said} (class {worst}: {said} is {other[worst]:.1%}, not {values[worst]:.1%})"
    )
    fix = "exchange the labels, or use precision (user's) and recall (producer's)"
    return Finding.error("accuracy-labels-swapped", subject, message, fix=fix)


def _said(label: str) -> str | None:
    """Which accuracy a label names; None when it names none."""
    for word, meaning in (("user", "user's accuracy"), ("producer", "producer's accuracy")):
        if word in label.casefold():
            return meaning
    return None
