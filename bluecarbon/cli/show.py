"""What the commands print: findings, progress and tables, in one look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bluecarbon.mrv.progress import Progress as Report
from bluecarbon.spec import Finding, Severity

ORDER: tuple[Severity, ...] = ("error", "warning", "info")
COLOURS = {"error": "bold red", "warning": "yellow", "info": "dim"}

console = Console()


def print_findings(findings: Sequence[Finding]) -> None:
    """All findings, the gravest first, then a line that counts them.

    A table on a terminal; where the output goes into a file or a pipe, a line per finding, so
    that it can be searched.
    """
    ordered = sorted(findings, key=lambda f: ORDER.index(f.severity))
    if console.is_terminal:
        _print_table(ordered)
    else:
        for f in ordered:
            fix = f" -> {f.fix}" if f.fix else ""
            print(f"{f.severity}: {f.subject}: {f.message}{fix} ({f.code})")  # noqa: T201
    if ordered:
        counts = Counter(f.severity for f in ordered)
        console.print(", ".join(f"{counts[s]} {s}(s)" for s in ORDER if counts[s]))


def _print_table(findings: Sequence[Finding]) -> None:
    if not findings:
        return
    table = Table(title="Findings 发现", title_justify="left")
    for heading in ("", "where", "what", "what to do"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        table.add_row(
            f"[{COLOURS[finding.severity]}]{finding.severity}[/]",
            escape(finding.subject),
            f"{escape(finding.message)} [dim]({finding.code})[/]",
            escape(finding.fix),
        )
    console.print(table)


@contextmanager
def progress_bars() -> Iterator[Report]:
    """Progress bars while work goes on; one bar per kind of work, in order of appearance."""
    columns = (
        TextColumn("{task.description:<32}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, int] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(bars.task_ids[tasks[what]], completed=done, total=total)

        yield report
