"""Groups of options: shown one by one, handed over as one; who computes is chosen once."""

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from bluecarbon.cli.command_options import Scale, grouped, runner_of
from bluecarbon.errors import DataError
from bluecarbon.mrv.blocks import Threads


@dataclass(frozen=True)
class Taste:
    """A group with a default and an option that is repeated."""

    sugar: Annotated[int, typer.Option("--sugar", min=0)] = 1
    spice: Annotated[list[str] | None, typer.Option("--spice")] = None


def brew(
    leaf: Annotated[str, typer.Argument()],
    *,
    cups: Annotated[int, typer.Option("--cups")] = 2,
    taste: Taste,
    scale: Scale,
) -> None:
    """Make tea."""
    typer.echo(f"{leaf} {cups} {taste.sugar} {taste.spice} {scale.workers}")


@pytest.fixture
def run():
    app = typer.Typer()
    app.command("brew")(grouped(brew))
    return lambda *arguments: CliRunner().invoke(app, arguments)


def test_fields_are_options_and_come_back_as_the_group(run):
    assert run("green").stdout == "green 2 1 None None\n"
    done = run("green", "--sugar", "3", "--spice", "a", "--spice", "b", "--workers", "2")
    assert done.stdout == "green 2 3 ['a', 'b'] 2\n"


def test_options_of_a_group_are_checked_and_shown(run):
    assert run("green", "--sugar", "-1").exit_code == 2
    shown = run("--help").stdout
    assert all(name in shown for name in ("--cups", "--sugar", "--spice", "--dask", "--workers"))
    assert "Make tea." in shown


def test_threads_compute_unless_somebody_else_is_named():
    with runner_of(Scale()) as runner:
        assert isinstance(runner, Threads)


def test_a_scheduler_and_workers_together_mean_nothing():
    both = Scale(dask="tcp://a:1", workers=2)
    with pytest.raises(DataError, match="both given"), runner_of(both):
        pass
