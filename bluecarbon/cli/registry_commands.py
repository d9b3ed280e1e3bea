"""``bluecarbon registry ...`` and ``bluecarbon certificate ...``: is it sound, what is in it?

Exit code 0: sound; 1: something is wrong, and it was named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from bluecarbon.registry.service import Registry
    from bluecarbon.spec import Finding

registry_app = typer.Typer(
    help="Look into a registry file and check that its ledger is sound.", no_args_is_help=True
)
certificate_app = typer.Typer(
    help="Check certificates of retirement, without the registry.", no_args_is_help=True
)

_PUBLIC_KEY_FILE = "registry_public_key.pem"

RegistryFile = Annotated[Path, typer.Argument(help="The registry's SQLite file.")]
PublicKey = Annotated[
    Path | None,
    typer.Option(
        "--public-key",
        help=f"The registry's public key (PEM); {_PUBLIC_KEY_FILE} beside FILE when not given.",
    ),
]


@certificate_app.callback()
def _certificate() -> None:
    """Keep ``verify`` a subcommand although it is the only one."""


@registry_app.command("verify")
def verify_registry(file: RegistryFile, public_key: PublicKey = None) -> None:
    """Run every invariant of the ledger; exit code 1 when one is broken."""
    from bluecarbon.registry.invariants import check_invariants

    key = public_key or _key_beside(file, required=False)
    with _refusals():
        found = check_invariants(file, key)
    _print_invariants(found)
    if found:
        raise typer.Exit(1)


@registry_app.command("balances")
def show_balances(file: RegistryFile) -> None:
    """Show the credits per account, batch and status."""
    with _opened(file) as registry:
        rows = [(b.account, b.batch, b.status, f"{b.quantity:,}") for b in registry.balances()]
    headings = ("Account 账户", "Batch 批次", "Status 状态", "Credits 数量 (tCO2e)")
    _print_table("Balances 余额", headings, rows)


@registry_app.command("history")
def show_history(
    file: RegistryFile, serial: Annotated[str, typer.Argument(help="A serial number or range.")]
) -> None:
    """Show where a serial number was, from issuance to now."""
    with _opened(file) as registry:
        rows = [
            (str(step.sequence), step.recorded_at, step.kind, step.holder, step.status, step.serial)
            for step in registry.history(serial)
        ]
    headings = (
        "Event 事件",
        "Recorded 时间",
        "Kind 类型",
        "Account 账户",
        "Status 状态",
        "Serial 编号",
    )
    _print_table("History 历史", headings, rows)


@certificate_app.command("verify")
def verify_certificate_file(
    file: Annotated[Path, typer.Argument(help="The certificate (JSON).")],
    public_key: PublicKey = None,
) -> None:
    """Check a certificate with the registry's public key alone; exit code 1 names the defect."""
    from bluecarbon.registry.certificate import verify_certificate

    key = public_key or _key_beside(file, required=True)
    with _refusals():
        found = verify_certificate(file, key or Path())
    console = _console()
    if not found:
        console.print(f"[green]OK[/green] {file.name}: genuine / 证书有效", highlight=False)
        return
    for item in found:
        console.print(f"[red]{item.code}[/red] {item.subject}: ", highlight=False, end="")
        console.print(item.message, markup=False, highlight=False)
    console.print(f"{found[0].fix} / 证书无效，请向登记机构重新索取", highlight=False)
    raise typer.Exit(1)


def _key_beside(file: Path, *, required: bool) -> Path | None:
    key = file.parent / _PUBLIC_KEY_FILE
    if key.is_file():
        return key
    if required:
        message = f"no public key beside {file}: give --public-key / 缺少登记机构公钥"
        typer.echo(message, err=True)
        raise typer.Exit(1)
    return None


@contextmanager
def _opened(file: Path) -> Iterator[Registry]:
    from bluecarbon.registry.service import Registry

    with _refusals():
        registry = Registry(file)
        try:
            yield registry
        finally:
            registry.close()


@contextmanager
def _refusals() -> Iterator[None]:
    """A refusal is one line in two languages and exit code 1, not a traceback."""
    from bluecarbon.errors import RegistryError

    try:
        yield
    except RegistryError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _print_invariants(found: Iterable[Finding]) -> None:
    from bluecarbon.registry.invariant_queries import INVARIANTS

    broken = {item.code: item for item in found}
    rows = [
        (
            "[red]FAILED 不成立[/red]" if invariant.code in broken else "[green]OK 成立[/green]",
            invariant.code,
            f"{invariant.english}\n{invariant.chinese}",
        )
        for invariant in INVARIANTS
        if "registry-unreadable" not in broken
    ]
    if rows:
        _print_table("Invariants 不变量", ("Result 结果", "Name 名称", "Statement 表述"), rows)
    for item in broken.values():
        _console().print(f"{item.code}: {item.message}", markup=False, highlight=False)


def _print_table(title: str, headings: Iterable[str], rows: Iterable[tuple[str, ...]]) -> None:
    from rich.table import Table

    table = Table(title=title)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    _console().print(table)


def _console() -> Console:
    from rich.console import Console

    return Console()
