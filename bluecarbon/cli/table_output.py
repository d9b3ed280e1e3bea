"""Commands whose answer is a table: the table to the output, findings to the error stream.

On a terminal the table is drawn; in a file or a pipe it is CSV, so that nothing is cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from bluecarbon.cli.exit_codes import REFUSED
from bluecarbon.errors import BluecarbonError, DataError

if TYPE_CHECKING:
    import pandas as pd

    from bluecarbon.spec import Finding


def echo_findings(found: Sequence[Finding]) -> None:
    """One line per finding on the error stream."""
    for f in found:
        fix = f" -> {f.fix}" if f.fix else ""
        typer.echo(f"{f.severity}: {f.subject}: {f.message}{fix} ({f.code})", err=True)


def print_table(table: pd.DataFrame, title: str) -> None:
    """A table on a terminal, CSV in a file or pipe."""
    from bluecarbon.cli.show import console

    if not console.is_terminal:
        typer.echo(table.to_csv(index=False, float_format="%.10g", lineterminator="\n"), nl=False)
        return
    from rich.markup import escape
    from rich.table import Table

    shown = Table(title=title, title_justify="left")
    for name in table.columns:
        shown.add_column(escape(str(name)), overflow="fold")
    for row in table.itertuples(index=False):
        cells = (f"{cell:.6g}" if isinstance(cell, float) else str(cell) for cell in row)
        shown.add_row(*map(escape, cells))
    console.print(shown)


@contextmanager
def refusals() -> Iterator[None]:
    """What forbids going on becomes lines on the error stream and exit code 2."""
    try:
        yield
    except BluecarbonError as error:
        if isinstance(error, DataError):
            echo_findings(error.findings)
            typer.echo("refused: correct the errors and run again. Nothing was written.", err=True)
        else:
            typer.echo(f"refused: {error}. Nothing was written.", err=True)
        raise typer.Exit(REFUSED) from error
