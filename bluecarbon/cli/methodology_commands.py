"""``bluecarbon methodology``: rule books on a monitoring file, without rasters or a registry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bluecarbon.cli.exit_codes import DIFFERS, REFUSED

if TYPE_CHECKING:
    from bluecarbon.methodology.input_files import MethodologyInput
    from bluecarbon.methodology.protocol import Methodology
    from bluecarbon.report import Quantification
    from bluecarbon.spec import Finding


methodology_app = typer.Typer(help="Rule books 方法学.", no_args_is_help=True)

MethodologyId = Annotated[
    str, typer.Argument(help="The id, as in ar-am0014@3.0; without @... where one is installed.")
]
InputFile = Annotated[Path, typer.Argument(help="Monitoring data (JSON); see show ID --json.")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
Draft = Annotated[
    bool, typer.Option("--draft", help="Compute on rows that nobody has verified; says DRAFT.")
]
Table = Annotated[
    Path | None,
    typer.Option("--parameters", help="A filled table of parameter rows; see parameters ID."),
]


@methodology_app.command("list")
def list_methodologies(*, as_json: AsJson = False) -> None:
    """The installed rule books."""
    from bluecarbon.methodology.loader import installed

    with _refusals():
        books = [book.spec for book in installed().values()]
    if as_json:
        rows = [{"id": s.id, "title": s.title, "title_zh": s.title_zh} for s in books]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for spec in books:
        typer.echo(f"{spec.id}\t{spec.title}\t{spec.title_zh}")


@methodology_app.command("show")
def show_methodology(methodology_id: MethodologyId, *, as_json: AsJson = False) -> None:
    """What a rule book needs, its parameter rows with status, what it gives, and an example."""
    from bluecarbon.cli.methodology_pages import spec_as_json, spec_as_text

    with _refusals():
        book = _book(methodology_id)
        typer.echo(spec_as_json(book) if as_json else spec_as_text(book))


@methodology_app.command("example")
def show_example(methodology_id: MethodologyId) -> None:
    """A complete monitoring file for a rule book, to start from."""
    from bluecarbon.cli.methodology_pages import example_input

    with _refusals():
        example = example_input(_book(methodology_id))
        typer.echo(example.model_dump_json(indent=2, exclude_defaults=True))


@methodology_app.command("check")
def check_input(
    methodology_id: MethodologyId,
    file: InputFile,
    *,
    draft: Draft = False,
    parameters: Table = None,
) -> None:
    """All that quantify would refuse or remark; exit code 2 when something forbids a claim."""
    from bluecarbon.cli.show import console, print_findings
    from bluecarbon.methodology.run_checks import run_findings
    from bluecarbon.spec import errors_in

    with _refusals():
        book = _book(methodology_id)
        given, remarks = _given(book, _read(file), draft=draft, table=parameters)
        findings = (*remarks, *run_findings(book, given))
        print_findings(findings)
        if errors_in(findings):
            raise typer.Exit(REFUSED)
        console.print("[green]nothing forbids a claim under this rule book[/]")


@methodology_app.command("quantify")
def quantify_input(
    methodology_id: MethodologyId,
    file: InputFile,
    *,
    as_json: AsJson = False,
    draft: Draft = False,
    parameters: Table = None,
    draws: Annotated[int, typer.Option("--draws", min=0, help="Monte Carlo draws.")] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the draws.")] = 0,
) -> None:
    """The claim by year: baseline, project, leakage, pools, deductions, buffer, net."""
    from bluecarbon.cli.methodology_pages import quantification_as_json, quantification_as_text

    with _refusals():
        book = _book(methodology_id)
        given, remarks = _given(book, _read(file), draft=draft, table=parameters)
        done = _quantified(book, given, draws=draws, seed=seed)
        done = done.model_copy(update={"findings": (*remarks, *done.findings)})
        typer.echo(quantification_as_json(done) if as_json else quantification_as_text(done))


@methodology_app.command("compare")
def compare_methodologies(
    file: InputFile,
    *,
    methodologies: Annotated[str, typer.Option("--methodologies", help="Ids, comma-separated.")],
    as_json: AsJson = False,
    draft: Draft = False,
    chart: Annotated[Path | None, typer.Option("--chart", help="Also draw a PNG.")] = None,
) -> None:
    """One table: pools, deductions, buffer, net tonnes by year; why each row differs."""
    from bluecarbon.cli.comparison_page import comparison_as_text
    from bluecarbon.methodology.comparison import compare

    with _refusals():
        given = _read(file)
        ids = dict.fromkeys(part.strip() for part in methodologies.split(",") if part.strip())
        found = [done for i in ids if (done := _if_applicable(i, given, draft=draft))]
        if not found:
            _refuse("none of the rule books applies to this file")
        variables = {row.variable for row in given.measurements}
        comparison = compare(found, variables | {row.variable for row in given.series})
        typer.echo(
            comparison.model_dump_json(indent=2) if as_json else comparison_as_text(comparison)
        )
        if chart is not None:
            from bluecarbon.mrv.charts import comparison_png

            chart.write_bytes(comparison_png(comparison))


@methodology_app.command("trace")
def trace_input(
    methodology_id: MethodologyId,
    file: InputFile,
    *,
    out: Annotated[Path | None, typer.Option("--out", help="A .txt, .html or .xlsx file.")] = None,
    draft: Draft = False,
    parameters: Table = None,
) -> None:
    """Each equation by its number, with inputs, result and unit; live formulas in .xlsx."""
    from bluecarbon.methodology.trace_text import trace_as_html, trace_as_text

    with _refusals():
        book = _book(methodology_id)
        given, _ = _given(book, _read(file), draft=draft, table=parameters)
        done = _quantified(book, given)
        if out is None or out.suffix == ".txt":
            _emit(trace_as_text(done), out)
        elif out.suffix == ".html":
            _emit(trace_as_html(done), out)
        elif out.suffix == ".xlsx":
            from bluecarbon.methodology.trace_workbook import write_trace_xlsx

            write_trace_xlsx(done, out)
        else:
            _refuse(f"{out}: give a name that ends in .txt, .html or .xlsx")


@methodology_app.command("parameters")
def show_parameters(
    methodology_id: MethodologyId,
    *,
    fill: Annotated[
        Path | None, typer.Option("--fill", help="A filled table, to look at as it counts.")
    ] = None,
    as_template: Annotated[
        bool, typer.Option("--template", help="The rows as a CSV table to key values into.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The parameter rows with value, unit, source and status; with --fill, as filled in."""
    from bluecarbon.cli.methodology_pages import parameters_as_json, parameters_as_text
    from bluecarbon.cli.table_output import echo_findings
    from bluecarbon.methodology.parameter_files import template
    from bluecarbon.spec import errors_in

    with _refusals():
        rows = _book(methodology_id).spec.parameters
        if fill is not None:
            from bluecarbon.methodology.parameter_files import fill as filled

            rows, findings = filled(rows, fill)
            echo_findings(findings)
            if errors_in(findings):
                raise typer.Exit(REFUSED)
        if as_template:
            typer.echo(template(rows), nl=False)
        else:
            typer.echo(parameters_as_json(rows) if as_json else parameters_as_text(rows))


@methodology_app.command("new")
def new_plugin(
    name: Annotated[str, typer.Argument(help="A Python name, as in my_rules.")],
    folder: Annotated[
        Path, typer.Option("--in", help="Where the package folder is made.")
    ] = Path(),
) -> None:
    """Make a plug-in package for a rule book of your own; it passes the conformance kit."""
    from bluecarbon.methodology.skeleton import write_plugin

    with _refusals():
        for path in write_plugin(name, folder / name):
            typer.echo(f"made {path}")


@methodology_app.command("conformance")
def check_conformance(methodology_id: MethodologyId) -> None:
    """Run the conformance kit on an installed rule book; exit code 1 when it fails."""
    from bluecarbon.cli.show import console, print_findings
    from bluecarbon.errors import UnknownMethodologyError
    from bluecarbon.methodology.conformance import check
    from bluecarbon.methodology.loader import defective
    from bluecarbon.spec import errors_in

    with _refusals():
        try:
            findings = check(_book(methodology_id))
        except UnknownMethodologyError:
            # A plug-in that does not load has no id: it may well be the one that is meant.
            findings = defective()
            if not findings:
                raise
    print_findings(findings)
    if errors_in(findings):
        raise typer.Exit(DIFFERS)
    console.print(f"[green]{methodology_id} passes the conformance kit[/]")


@methodology_app.command("golden")
def print_golden(methodology_id: MethodologyId) -> None:
    """The claim of a rule book's example, to be stored as golden/ID.json beside its code."""
    from bluecarbon.methodology.conformance_golden import golden_as_json

    with _refusals():
        typer.echo(golden_as_json(_book(methodology_id)), nl=False)


def _book(methodology_id: str) -> Methodology:
    from bluecarbon.methodology.loader import get

    return get(methodology_id)


def _read(file: Path) -> MethodologyInput:
    from bluecarbon.methodology.input_files import read_input

    return read_input(file)


def _given(
    book: Methodology,
    given: MethodologyInput,
    *,
    draft: bool = False,
    table: Path | None = None,
) -> tuple[MethodologyInput, tuple[Finding, ...]]:
    """The file with what the options add to it, and what there is to say of that."""
    from bluecarbon.methodology.input_files import with_table

    if draft:
        given = given.model_copy(update={"declarations": {**given.declarations, "draft": True}})
    return (given, ()) if table is None else with_table(book, given, table)


def _quantified(
    book: Methodology, given: MethodologyInput, *, draws: int = 0, seed: int = 0
) -> Quantification:
    from bluecarbon.methodology.input_files import parameters_for
    from bluecarbon.methodology.monte_carlo import with_simulation

    parameters = parameters_for(book, given)
    done = book.quantify(given, parameters)
    if not draws:
        return done
    return with_simulation(book, given, parameters, done, draws=draws, seed=seed)


def _if_applicable(
    methodology_id: str, given: MethodologyInput, *, draft: bool
) -> Quantification | None:
    """The claim, or None with the reasons on the error stream: not every book fits every file."""
    from bluecarbon.errors import MethodologyError

    book = _book(methodology_id)
    try:
        return _quantified(book, _given(book, given, draft=draft)[0])
    except MethodologyError as error:
        reasons = str(error).replace("; ", "\n  ")
        typer.echo(f"{book.spec.id} does not apply to this file:\n  {reasons}", err=True)
        return None


def _emit(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text)
    else:
        out.write_text(text, encoding="utf-8")


@contextmanager
def _refusals() -> Iterator[None]:
    """Findings and refusals as lines with exit code 2, never as a traceback."""
    from bluecarbon.cli.show import print_findings
    from bluecarbon.errors import BluecarbonError, DataError

    try:
        yield
    except DataError as error:
        print_findings(error.findings)
        raise typer.Exit(REFUSED) from error
    except (BluecarbonError, OSError) as error:
        _refuse(str(error))


def _refuse(message: str) -> Any:
    typer.echo(f"refused: {message}", err=True)
    raise typer.Exit(REFUSED)
