"""The ``bluecarbon`` command. Subcommands load their rooms only when they run."""

from __future__ import annotations

import io
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from bluecarbon import __version__
from bluecarbon.cli.exit_codes import REFUSED
from bluecarbon.cli.methodology_commands import methodology_app
from bluecarbon.cli.mrv_commands import mrv_app
from bluecarbon.cli.registry_commands import certificate_app, registry_app
from bluecarbon.errors import BluecarbonError

app = typer.Typer(
    help="The open engine for mangrove carbon: measure, quantify, credit. 红树林碳汇引擎",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(methodology_app, name="methodology")
app.add_typer(mrv_app, name="mrv")
app.add_typer(registry_app, name="registry")
app.add_typer(certificate_app, name="certificate")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bluecarbon {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    """The open engine for mangrove carbon: measure, quantify, credit. 红树林碳汇引擎"""


@app.command()
def run(
    project: Annotated[Path, typer.Argument(help="The project file, project.toml.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for all outputs; made or replaced.")],
) -> None:
    """Measure a project, quantify it and keep its ledger: scenes in, report and credits out."""
    from bluecarbon.cli.run_command import run_project

    raise typer.Exit(run_project(project, out))


@app.command()
def verify(
    report: Annotated[Path, typer.Argument(help="The sealed report, report.json.")],
    project: Annotated[
        Path | None,
        typer.Option("--project", help="The project file, when it is not where it was at the run."),
    ] = None,
) -> None:
    """Recompute a report from its inputs and say what differs (exit 1 when anything does)."""
    from bluecarbon.cli.verify_command import verify_report

    raise typer.Exit(verify_report(report, project))


@app.command()
def document(
    report: Annotated[Path, typer.Argument(help="The sealed report, report.json, where it lies.")],
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder for the documents.")],
    language: Annotated[
        Literal["zh", "en", "both"], typer.Option("--language", help="Of page and PDF.")
    ] = "both",
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", help="html, pdf or xlsx; repeatable. All when not given."),
    ] = None,
) -> None:
    """Page, PDF and workbook of a report again, from what lies beside it: nothing is measured."""
    from bluecarbon.cli.document_command import wanted_documents, write_report_documents

    wanted = wanted_documents(language, formats or ())
    raise typer.Exit(write_report_documents(report, out, wanted))


@app.command()
def check(
    project: Annotated[Path, typer.Argument(help="The project file, project.toml.")],
) -> None:
    """Read all inputs of a project, list every defect and write nothing."""
    from bluecarbon.cli.run_command import check_project

    raise typer.Exit(check_project(project))


def main() -> None:
    """Entry point of the console script."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot print Chinese shows marks instead of ending the run.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    warnings.showwarning = _as_line  # type: ignore[assignment] # its optional parts are *_rest
    try:
        app()
    except BluecarbonError as error:
        sys.stderr.write(f"refused: {error}\n")
        sys.exit(REFUSED)
    except OSError as error:
        sys.stderr.write(f"bluecarbon: {error.strerror or error}\n")
        sys.exit(REFUSED)


def _as_line(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, *_rest: Any
) -> None:
    """A warning of ours as one line for the user; of others with its place, as Python does."""
    ours = Path(filename).is_relative_to(Path(__file__).parents[1])
    text = warnings.formatwarning(message, category, filename, lineno)
    sys.stderr.write(f"warning: {message}\n" if ours else text)
