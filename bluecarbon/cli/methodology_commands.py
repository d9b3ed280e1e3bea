"""``bluecarbon methodology``: which rule books are installed and what they ask for."""

from __future__ import annotations

from typing import Annotated

import typer

methodology_app = typer.Typer(help="Rule books 方法学.", no_args_is_help=True)


@methodology_app.command("list")
def list_methodologies() -> None:
    """The installed rule books."""
    from bluecarbon.methodology.loader import installed

    for book in installed().values():
        typer.echo(f"{book.spec.id}\t{book.spec.title}\t{book.spec.title_zh}")


@methodology_app.command("show")
def show_methodology(
    methodology_id: Annotated[str, typer.Argument(help="The id, as in ar-am0014@3.0.")],
) -> None:
    """What a rule book needs, its parameter rows with status, and what it gives, as JSON."""
    from bluecarbon.errors import UnknownMethodologyError
    from bluecarbon.methodology.loader import get

    try:
        book = get(methodology_id)
    except UnknownMethodologyError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    typer.echo(book.spec.model_dump_json(indent=2))
