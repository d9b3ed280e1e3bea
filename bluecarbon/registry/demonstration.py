"""The whole life of a credit in one call: from a sealed report to a certificate of retirement.

Everything is made in a hidden folder and moved into place at the end, so a demonstration that
fails leaves nothing behind. Time and key come from the project file: the same report gives the
same certificate, byte for byte.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bluecarbon.project import Party, RegistrySection
from bluecarbon.registry import domain, invariants
from bluecarbon.registry.certificate import Certificate, certificate_bytes
from bluecarbon.registry.certificate_page import certificate_html
from bluecarbon.registry.domain import Policy, Stamp
from bluecarbon.registry.errors import (
    DatabaseRefusedError,
    LedgerError,
    PeriodNotEndedError,
    StoreError,
    TimeError,
    UnverifiedParametersError,
)
from bluecarbon.registry.identity import PUBLIC_KEY_FILE, SigningIdentity
from bluecarbon.registry.ledger import Receipt
from bluecarbon.registry.movement import Retirement
from bluecarbon.registry.service import Founding, Registry
from bluecarbon.report import MonitoringReport
from bluecarbon.spec import Value

DATABASE_FILE = "registry.db"
CERTIFICATE_FILE = "certificate.json"
CERTIFICATE_PAGE_FILE = "certificate.html"
DEMONSTRATION_CODE = "DEMO"

_STATEMENT = "Demonstration only: no validation or verification body has looked at this. 仅作演示。"


class DemonstrationResult(Value):
    """What the demonstration made, for the summary at the end of a run."""

    database: Path
    certificate_json: Path
    certificate_html: Path
    public_key: Path
    issued_by_vintage: dict[str, int]
    issued: int
    buffer: int
    carried_out_g: int
    transfer_serials: tuple[str, ...]
    retirement_serials: tuple[str, ...]
    balance_by_account: dict[str, int]
    events: int
    checkpoint_root_sha256: str


def run_demonstration(
    report: MonitoringReport, section: RegistrySection, folder: Path
) -> DemonstrationResult:
    """Run the lifecycle of credits on the report, as ``[registry]`` of project.toml says.

    Writes registry.db, certificate.json, certificate.html and the public key into ``folder``,
    which must be there; files of an earlier demonstration are replaced.

    Raises
    ------
    LedgerError
        The ledger refuses (a broken seal, a claim smaller than the transfer ...); its ``place``
        is the key of project.toml where it is about one. ``folder`` is then as it was.
    """
    # Inside the target folder: moving is then a rename, on the same disk.
    work = Path(tempfile.mkdtemp(prefix=".registry-", dir=folder))
    try:
        result = _run(report, section, work)
        return _moved(result, folder)
    finally:
        shutil.rmtree(work)


def _run(report: MonitoringReport, section: RegistrySection, folder: Path) -> DemonstrationResult:
    with _about("signing_seed"):
        signer = SigningIdentity.from_seed(section.signing_seed)
    clock = _clock(section.clock)
    database = folder / DATABASE_FILE
    founding = _founding(section)
    # The names of the registry were read by _founding: what is left to refuse is the operator.
    with _about("operator"):
        # No write-ahead log: the result is to be one file that can be copied as it is.
        registry = Registry.create(database, founding, signer, at=next(clock), journal="delete")
    try:
        _register_parties(registry, section, clock)
        _lead_to_issuance(registry, report, section, clock=clock)
        transfer, retirement = _trade(registry, section, clock)
        registry.sign_checkpoint(next(clock))
        certificate = registry.retirement_certificate(retirement.sequence)
        _write_files(folder, certificate, signer)
        _require_sound(database, signer, folder / CERTIFICATE_FILE)
        return _result(registry, folder, transfer=transfer, retirement=retirement)
    finally:
        registry.close()


def _clock(start: str) -> Iterator[dt.datetime]:
    """The time of each event: one minute after the one before."""
    try:
        moment = dt.datetime.fromisoformat(start)
    except ValueError as error:
        raise TimeError(field="registry.clock", defect=str(error)) from error
    domain.utc_text(moment, "registry.clock")
    # The year was found reasonable, so that no sum overflows.
    return (moment + dt.timedelta(minutes=minutes) for minutes in range(10_000))


@contextmanager
def _about(key: str) -> Iterator[None]:
    """A refusal inside is about this key of ``[registry]``, unless the database is the reason."""
    try:
        yield
    except LedgerError as error:
        if not isinstance(error, StoreError):
            error.place = f"registry.{key}"
        raise


def _founding(section: RegistrySection) -> Founding:
    with _about("name"):
        name = domain.plain_text(section.name, "registry name")
    with _about("name_zh"):
        name_zh = domain.optional_text(section.name_zh, "registry name_zh")
    with _about("buffer_share"):
        buffer_share_ppm = domain.share_ppm(section.buffer_share)
    return Founding(
        name=name,
        name_zh=name_zh,
        code=DEMONSTRATION_CODE,
        operator=section.operator,
        policy=Policy(
            buffer_share_ppm=buffer_share_ppm,
            allow_unverified_parameters=section.allow_unverified_parameters,
        ),
    )


def _stamp(party: Party, act: str, clock: Iterator[dt.datetime]) -> Stamp:
    return Stamp(actor=party.id, key=f"demonstration-{act}", at=next(clock))


def _register_parties(
    registry: Registry, section: RegistrySection, clock: Iterator[dt.datetime]
) -> None:
    parties: dict[str, Party] = {
        "approver": section.approver,
        "proponent": section.proponent,
        "validator": section.validator,
        "verifier": section.verifier,
        "buyer": section.buyer,
    }
    for key, party in parties.items():
        role = "holder" if key == "buyer" else key
        stamp = _stamp(section.operator, f"register-{role}", clock)
        with _about(key):
            registry.register_party(stamp, party, (role,))


def _lead_to_issuance(
    registry: Registry,
    report: MonitoringReport,
    section: RegistrySection,
    *,
    clock: Iterator[dt.datetime],
) -> Receipt:
    project, seal = report.project.id, report.seal

    def by(party: Party, act: str) -> Stamp:
        return _stamp(party, act, clock)

    registry.propose_project(by(section.proponent, "propose-project"), report.project)
    validated = by(section.validator, "validate-project")
    registry.validate_project(validated, project, statement=_STATEMENT)
    registry.register_project(by(section.operator, "register-project"), project)
    with _about_report():
        registry.submit_report(by(section.proponent, "submit-report"), report)
    verified = by(section.verifier, "verify-report")
    registry.verify_report(verified, seal, statement=_STATEMENT)
    registry.propose_issuance(by(section.operator, "propose-issuance"), seal)
    registry.approve_issuance(by(section.approver, "approve-issuance"), seal)
    return registry.issue(by(section.operator, "issue"), seal)


@contextmanager
def _about_report() -> Iterator[None]:
    """Of what is refused in a report, some may be mended in ``[registry]``: say where."""
    try:
        yield
    except PeriodNotEndedError as error:
        error.place = "registry.clock"
        raise
    except UnverifiedParametersError as error:
        error.place = "registry.allow_unverified_parameters"
        raise


def _trade(
    registry: Registry, section: RegistrySection, clock: Iterator[dt.datetime]
) -> tuple[Receipt, Receipt]:
    parties = {party.id: party for party in (section.proponent, section.buyer)}
    sale, use = section.transfer, section.retirement
    with _about("transfer"):
        transfer = registry.transfer(
            _stamp(section.proponent, "transfer", clock),
            source=section.proponent.id,
            target=sale.to or section.buyer.id,
            quantity=sale.tco2e,
        )
    by = parties.get(use.by, section.buyer)
    stamp = _stamp(by, "retire", clock)
    purpose = Retirement(
        beneficiary=use.beneficiary or by.name,
        purpose=use.purpose or "demonstration 演示",
        # credits are commonly retired against the emissions of the year that has just ended
        usage_year=stamp.at.year - 1,
    )
    with _about("retirement"):
        retirement = registry.retire(stamp, purpose, account=use.by or by.id, quantity=use.tco2e)
    return transfer, retirement


def _write_files(folder: Path, certificate: Certificate, signer: SigningIdentity) -> None:
    (folder / CERTIFICATE_FILE).write_bytes(certificate_bytes(certificate))
    page = certificate_html(certificate)
    (folder / CERTIFICATE_PAGE_FILE).write_bytes(page.encode())
    (folder / PUBLIC_KEY_FILE).write_bytes(signer.public_pem)


def _require_sound(database: Path, signer: SigningIdentity, certificate: Path) -> None:
    found = invariants.check_invariants(database, signer.public_key, certificates=[certificate])
    if found:
        reason = "; ".join(f"{f.code}: {f.message}" for f in found)
        raise DatabaseRefusedError(path=database.name, reason=reason)


def _result(
    registry: Registry, folder: Path, *, transfer: Receipt, retirement: Receipt
) -> DemonstrationResult:
    events = registry.events()
    (issued,) = (event.payload["facts"] for event in events if event.kind == "issue")
    balance_by_account: dict[str, int] = {}
    for item in registry.balances():
        held = balance_by_account.get(item.account, 0)
        balance_by_account[item.account] = held + item.quantity
    return DemonstrationResult(
        database=folder / DATABASE_FILE,
        certificate_json=folder / CERTIFICATE_FILE,
        certificate_html=folder / CERTIFICATE_PAGE_FILE,
        public_key=folder / PUBLIC_KEY_FILE,
        issued_by_vintage=issued["credits_by_vintage"],
        issued=issued["issued"],
        buffer=issued["buffer"],
        carried_out_g=issued["carried_out_g"],
        transfer_serials=transfer.serials,
        retirement_serials=retirement.serials,
        balance_by_account=balance_by_account,
        events=len(events),
        checkpoint_root_sha256=registry.checkpoints()[-1].root_sha256,
    )


def _moved(result: DemonstrationResult, folder: Path) -> DemonstrationResult:
    places = {}
    for field in ("database", "certificate_json", "certificate_html", "public_key"):
        made: Path = getattr(result, field)
        places[field] = made.replace(folder / made.name)
    return result.model_copy(update=places)
