"""``bluecarbon mrv label-check``: whether a printed error matrix calls its accuracies right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from bluecarbon.cli.exit_codes import DIFFERS
from bluecarbon.cli.scene_options import wrong
from bluecarbon.cli.table_output import echo_findings, print_table, refusals
from bluecarbon.errors import DataError
from bluecarbon.spec import errors_in

if TYPE_CHECKING:
    import pandas as pd


def add_label_command(mrv_app: typer.Typer) -> None:
    """Put the command into the group ``bluecarbon mrv``."""
    mrv_app.command("label-check")(label_check)


def label_check(
    matrix: Annotated[
        Path,
        typer.Argument(help="CSV: a table of RSGISLib, or counts with class names on both sides."),
    ],
    *,
    rows: Annotated[
        str, typer.Option("--rows", help="What the rows are, map or reference, where it is known.")
    ] = "",
) -> None:
    """Accuracies of a printed error matrix under their right names; swapped labels are caught.

    User's accuracy is of a class of the map (precision), producer's of a class of the reference
    (recall). Ends with 1 where the file calls one what is the other.
    """
    with refusals():
        if rows not in {"", "map", "reference"}:
            raise wrong("--rows", f"'{rows}' is not known", "use map or reference")
        table, found = _judged(matrix, cast("Any", rows or None))
    echo_findings(found)
    print_table(table, f"Accuracy 精度 {matrix.name}")
    if errors_in(found):
        raise typer.Exit(DIFFERS)


def _judged(path: Path, rows: Any) -> tuple[pd.DataFrame, Any]:
    from bluecarbon.mrv.published_matrix import label_findings, read_published, rows_of

    published, found = read_published(path)
    if published is None:
        if [finding.code for finding in found] != ["matrix-not-found"]:
            raise DataError(found)
        return _plain(path, rows)
    known = rows or rows_of(published)
    found += label_findings(published, subject=path.name, rows=rows)
    if known is None:
        raise DataError(found)
    oriented, problems = published.oriented(known, path.name)
    if oriented is None:
        raise DataError((*found, *problems))
    return oriented.shares(), (*found, *problems)


def _plain(path: Path, rows: Any) -> tuple[pd.DataFrame, Any]:
    """A table of counts without shares: nothing in it says what its rows are."""
    import pandas as pd

    from bluecarbon.mrv.confusion import matrix_from_table

    if rows is None:
        fix = "say it: --rows map or --rows reference"
        raise wrong(path.name, "holds counts, and nothing tells what its rows are", fix)
    try:
        counts = pd.read_csv(path, index_col=0)
    except (OSError, ValueError) as error:
        raise wrong(path.name, f"is no table of counts: {error}", "give it as CSV") from error
    matrix, found = matrix_from_table(counts, rows=rows, subject=path.name)
    if matrix is None:
        raise DataError(found)
    return matrix.shares(), found
