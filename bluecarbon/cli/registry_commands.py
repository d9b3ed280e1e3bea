"""``bluecarbon registry ...`` and ``bluecarbon certificate ...``: is it sound, what is in it?

Exit code 0: sound; 1: something is wrong with the ledger or the certificate, and it was named;
2: refused, because a file is missing, unreadable or not what it should be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bluecarbon.cli.exit_codes import DIFFERS, REFUSED

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from rich.text import Text

    from bluecarbon.registry.service import Registry
    from bluecarbon.spec import Finding

registry_app = typer.Typer(
    help="Look into a registry, check that its ledger is sound, bring it up to date.",
    no_args_is_help=True,
)
certificate_app = typer.Typer(
    help="Check certificates of retirement, without the registry.", no_args_is_help=True
)


# Repeated from the registry's modules, which this one must not load before a command runs.
_PUBLIC_KEY_FILE = "registry_public_key.pem"
_CERTIFICATE_FILE = "certificate.json"
_PAGE_FILE = "certificate.html"

RegistryPlace = Annotated[
    str,
    typer.Argument(
        metavar="REGISTRY", help="The registry: a SQLite file, or postgresql://... (its address)."
    ),
]
PublicKey = Annotated[
    Path | None,
    typer.Option(
        "--public-key",
        help=f"The registry's public key (PEM); {_PUBLIC_KEY_FILE} beside the file when not given.",
    ),
]


@certificate_app.callback()
def _certificate() -> None:
    """Keep ``verify`` a subcommand although it is the only one."""


KeptCertificates = Annotated[
    list[Path] | None,
    typer.Option(
        "--certificate",
        help=f"A certificate kept elsewhere (repeatable); {_CERTIFICATE_FILE} beside it counts.",
    ),
]
KeptCheckpoints = Annotated[
    list[Path] | None,
    typer.Option("--checkpoint", help="A signed checkpoint kept elsewhere (repeatable)."),
]
Live = Annotated[
    bool,
    typer.Option("--live", help="The registry is in use: its last events may not be signed yet."),
]


@registry_app.command("verify")
def verify_registry(
    registry: RegistryPlace,
    public_key: PublicKey = None,
    *,
    certificate: KeptCertificates = None,
    checkpoint: KeptCheckpoints = None,
    live: Live = False,
) -> None:
    """Run every invariant and compare what was kept; exit code 1 when anything is broken.

    Exit code 2 when REGISTRY is none, or a key, certificate or checkpoint cannot be read.
    """
    from bluecarbon.registry.invariants import UNREADABLE, check_invariants

    # Of a server nothing lies beside it; the folder in which the command runs says nothing of it.
    file = None if _is_address(registry) else Path(registry)
    certificates = _kept_certificates(file, certificate or [])
    checkpoints = checkpoint or []
    with _refusals():
        place = public_key or _key_beside(file)
        key = _loaded(place)
        found = check_invariants(
            registry, key, at_rest=not live, certificates=certificates, checkpoints=checkpoints
        )
        if any(item.code == UNREADABLE for item in found):
            _print_findings(found)
            raise typer.Exit(REFUSED)
        _print_invariants(found)
        _print_kept([*certificates, *checkpoints], found)
        _print_key(file, place, key or _key_inside(registry))
    if found:
        raise typer.Exit(DIFFERS)


@registry_app.command("checkpoint")
def show_checkpoint(registry: RegistryPlace) -> None:
    """Print the newest signed checkpoint (JSON), to be kept elsewhere for `registry verify`."""
    from bluecarbon.provenance import canonical_json
    from bluecarbon.registry.errors import CheckpointMissingError

    with _opened(registry) as opened:
        signed = opened.checkpoints()
        if not signed:
            raise CheckpointMissingError(sequence=len(opened.events()))
        typer.echo(canonical_json(signed[-1]).decode())


@registry_app.command("balances")
def show_balances(registry: RegistryPlace) -> None:
    """Show the credits per account, batch and status."""
    with _opened(registry) as opened:
        rows = [(b.account, b.batch, b.status, f"{b.quantity:,}") for b in opened.balances()]
    headings = ("Account 账户", "Batch 批次", "Status 状态", "Credits 数量 (tCO2e)")
    _print_table("Balances 余额", headings, rows)


@registry_app.command("history")
def show_history(
    registry: RegistryPlace,
    serial: Annotated[str, typer.Argument(help="A serial number or range.")],
) -> None:
    """Show where a serial number was, from issuance to now."""
    with _opened(registry) as opened:
        rows = [
            (str(step.sequence), step.recorded_at, step.kind, step.holder, step.status, step.serial)
            for step in opened.history(serial)
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


@registry_app.command("migrate")
def migrate_registry(registry: RegistryPlace) -> None:
    """Bring a registry of an earlier version up to date; keep a copy of it first.

    Everything happens or nothing does; the journal and all certificates stay what they are.
    """
    from bluecarbon.registry.migrate import migrate

    with _refusals():
        done = migrate(registry)
    if done.found == done.now:
        _say(f"schema {done.now}: nothing to do / 已是最新版本，无需迁移")
    else:
        _say(f"schema {done.found} -> {done.now} / 数据库结构已迁移", style="green")


@certificate_app.command("verify")
def verify_certificate_file(
    file: Annotated[Path, typer.Argument(help="The certificate (JSON).")],
    public_key: PublicKey = None,
) -> None:
    """Check a certificate with the registry's public key alone, and the page beside it.

    Exit code 1 names the defect; 2 when the certificate or the key cannot be read.
    """
    from bluecarbon.registry.certificate import UNREADABLE, verify_certificate

    if file.suffix.lower() in {".html", ".htm"}:
        _refuse(f"{file} is the page: give the certificate itself (.json) / 请提供 .json 证书文件")
    with _refusals():
        place = public_key or _key_beside(file)
        key = _loaded(place)
        if key is None:
            _refuse(f"no public key beside {file}: give --public-key / 缺少登记机构公钥")
        found = verify_certificate(file, key)
    if any(item.code == UNREADABLE for item in found):
        _print_findings(found)
        raise typer.Exit(REFUSED)
    if found:
        _print_findings(found)
        _say(f"{found[0].fix} / 证书无效，请向登记机构重新索取")
    else:
        _say(f"OK {file.name}: genuine / 证书有效", style="green")
        found = _check_page(file)
    _print_key(file, place, key)
    if found:
        raise typer.Exit(DIFFERS)


def _check_page(file: Path) -> tuple[Finding, ...]:
    """What is wrong with the printed page that lies beside a genuine certificate."""
    from bluecarbon.registry.certificate import read_certificate
    from bluecarbon.registry.certificate_page import check_page

    page = _page_beside(file)
    certificate, _ = read_certificate(file.read_bytes(), file.name)
    if page is None or certificate is None:
        return ()
    found = check_page(page, certificate)
    if found:
        _print_findings(found)
        _say(found[0].fix)
    else:
        _say(f"OK {page.name}: the page of this certificate / 网页与证书一致", style="green")
    return found


def _page_beside(file: Path) -> Path | None:
    own, usual = file.with_suffix(".html"), file.with_name(_PAGE_FILE)
    if own.exists():
        return own
    # The usual page belongs to the usual certificate, when that is there as well.
    return usual if usual.exists() and not file.with_name(_CERTIFICATE_FILE).exists() else None


def _is_address(registry: str) -> bool:
    from bluecarbon.registry.store import is_address

    return is_address(registry)


def _kept_certificates(file: Path | None, given: Sequence[Path]) -> list[Path]:
    if file is None:
        return list(given)
    beside = file.with_name(_CERTIFICATE_FILE)
    given_already = any(path.resolve() == beside.resolve() for path in given)
    return [*given, *([beside] if beside.exists() and not given_already else [])]


def _key_beside(file: Path | None) -> Path | None:
    if file is None:
        return None
    key = file.parent / _PUBLIC_KEY_FILE
    return key if key.exists() else None


def _loaded(place: Path | None) -> Ed25519PublicKey | None:
    from bluecarbon.registry.identity import load_public_key

    return None if place is None else load_public_key(place)


def _key_inside(registry: str) -> Ed25519PublicKey | None:
    from bluecarbon.registry.invariants import key_in_file

    return key_in_file(registry)


def _print_key(file: Path | None, place: Path | None, key: Ed25519PublicKey | None) -> None:
    """Say which key was believed, and when that key proves less than the reader may think."""
    from bluecarbon.registry.identity import fingerprint

    if key is None:
        return
    _say(f"public key 公钥指纹 SHA-256: {fingerprint(key)}")
    if place is None:
        _say(
            "key from the registry itself: compare its fingerprint with the one the registry"
            " publishes / 公钥取自登记簿本身：请将其指纹与登记机构公布的指纹核对"
        )
    elif file is not None and place.resolve().parent == file.resolve().parent:
        _say(
            "key from the same folder: compare its fingerprint with the one the registry"
            " publishes / 公钥取自同一文件夹：请将其指纹与登记机构公布的指纹核对"
        )


@contextmanager
def _opened(place: str) -> Iterator[Registry]:
    from bluecarbon.registry.service import Registry

    with _refusals():
        opened = Registry(place)
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def _refusals() -> Iterator[None]:
    """A refusal is one line in two languages and exit code 2, not a traceback."""
    from bluecarbon.errors import RegistryError

    try:
        yield
    except RegistryError as error:
        _refuse(str(error), error)


def _refuse(message: str, cause: Exception | None = None) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(REFUSED) from cause


def _print_invariants(found: Sequence[Finding]) -> None:
    from rich.text import Text

    from bluecarbon.registry.invariant_queries import INVARIANTS

    broken = {item.code for item in found}
    results = {True: Text("FAILED 不成立", "red"), False: Text("OK 成立", "green")}
    rows = [
        (
            results[invariant.code in broken],
            invariant.code,
            f"{invariant.english}\n{invariant.chinese}",
        )
        for invariant in INVARIANTS
    ]
    _print_table("Invariants 不变量", ("Result 结果", "Name 名称", "Statement 表述"), rows)
    _print_findings(found)


def _print_kept(kept: Iterable[Path], found: Sequence[Finding]) -> None:
    wrong = {item.subject for item in found}
    for path in kept:
        if path.name not in wrong:
            _say(f"OK {path.name}: agrees with the log / 与日志一致", style="green")


def _print_findings(found: Iterable[Finding]) -> None:
    for item in found:
        _say(f"{item.code} {item.subject}: {item.message}")


def _print_table(
    title: str, headings: Iterable[str], rows: Iterable[tuple[str | Text, ...]]
) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        # As Text: names of projects and parties are not markup, whatever they hold.
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    Console().print(table)


def _say(words: str, *, style: str = "") -> None:
    """One line as it is: no markup in it is obeyed, and no width breaks it."""
    from rich.console import Console
    from rich.text import Text

    Console().print(Text(words, style), soft_wrap=True)
