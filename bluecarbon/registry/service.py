"""The registry's public face: every write and every question that other rooms may use.

Each write takes a :class:`~bluecarbon.registry.domain.Stamp` (actor, idempotency key, time) and
answers with a :class:`~bluecarbon.registry.ledger.Receipt`. The same actor, key and request get
the same receipt for ever; the same key with another request is refused. When anything is wrong a
:class:`~bluecarbon.registry.errors.LedgerError` is raised and nothing was changed.
"""

from __future__ import annotations

import datetime as dt
import functools
import weakref
from collections.abc import Callable, Sequence
from typing import TypeVar

import sqlalchemy as sa

from bluecarbon.project import Party
from bluecarbon.provenance import canonical_json
from bluecarbon.registry import (
    audit_log,
    certificate,
    domain,
    errors,
    issuance,
    ledger,
    log_tree,
    movement,
    programme,
    reading,
    schema,
)
from bluecarbon.registry import serials as serial_numbers
from bluecarbon.registry.audit_log import Checkpoint, LoggedEvent, RegistryIdentity
from bluecarbon.registry.certificate import Certificate
from bluecarbon.registry.domain import Policy, Stamp
from bluecarbon.registry.group_commit import GroupCommit
from bluecarbon.registry.identity import SigningIdentity
from bluecarbon.registry.ledger import Plan, Receipt, Row
from bluecarbon.registry.movement import Delivery, Retirement, Selection
from bluecarbon.registry.reading import Balance, Charter, HeldBlock, HistoryEntry
from bluecarbon.registry.store import JournalMode, Place, founding, open_store
from bluecarbon.report import MonitoringReport, ProjectIdentity
from bluecarbon.spec import Value

Answer = TypeVar("Answer")
Planner = Callable[[sa.Connection, Stamp, Row], Plan]


class Founding(Value):
    """What is decided when a registry is made; ``code`` stands in every serial number."""

    name: str
    name_zh: str = ""
    code: str
    operator: Party
    policy: Policy


class Registry:
    """A registry in a SQLite file or a PostgreSQL database. Threads and processes may share it."""

    def __init__(
        self, place: Place, *, signer: SigningIdentity | None = None, busy_seconds: float = 30.0
    ) -> None:
        """Open a registry that is there: a path, or the address ``postgresql://...``.

        ``busy_seconds`` is how long a write waits for a writer of another process.

        Raises
        ------
        NotARegistryError, StoreError
            The place is missing, no registry, or of another version.
        SigningError
            ``signer`` is not the key that the registry was founded with.
        """
        self.place = place
        self._signer = signer
        self._store = open_store(place, busy_seconds=busy_seconds)
        self._writer = GroupCommit(self._store)
        # Who forgets to close still gives the connections back.
        weakref.finalize(self, self._store.close)
        self._store.check_version()
        self.charter = self._read(reading.charter)
        if signer and signer.fingerprint != self.charter.identity.public_key_sha256:
            raise errors.SigningError(
                registry=self.charter.identity.name, defect="the key is another one"
            )

    @classmethod
    def open(
        cls, place: Place, *, signer: SigningIdentity | None = None, busy_seconds: float = 30.0
    ) -> Registry:
        """The registry at a place; the same as calling the class."""
        return cls(place, signer=signer, busy_seconds=busy_seconds)

    @classmethod
    def create(
        cls,
        place: Place,
        founded: Founding,
        signer: SigningIdentity,
        *,
        at: dt.datetime,
        journal: JournalMode = "wal",
    ) -> Registry:
        """Found a registry: its tables, its charter, its operator and its own accounts.

        On PostgreSQL the place is the address of an empty database. On SQLite it is a new file;
        ``journal="delete"`` leaves it one self-contained file, ``"wal"`` lets readers go on while
        somebody writes. Nothing is left behind when the founding fails.
        """
        charter = _charter(founded, signer)
        stamp = Stamp(actor=domain.party_id(founded.operator.id), key="found-registry", at=at)
        with founding(place, journal) as connection:
            _found(connection, stamp, charter)
        return cls(place, signer=signer)

    def close(self) -> None:
        """Finish what waits to be written and give back the database."""
        self._writer.close()
        self._store.close()

    # -- writes: parties and projects --------------------------------------------------

    def register_party(self, stamp: Stamp, party: Party, roles: tuple[str, ...]) -> Receipt:
        """Record a party with its roles, by an operator; see :func:`programme.plan_party`."""
        body: Row = {
            "id": domain.party_id(party.id),
            "name": domain.plain_text(party.name, "party name"),
            "name_zh": domain.optional_text(party.name_zh, "party name_zh"),
            "roles": programme.checked_roles(roles),
        }
        return self._write(stamp, "register-party", body, planner=programme.plan_party)

    def propose_project(self, stamp: Stamp, project: ProjectIdentity) -> Receipt:
        """Record a project as a draft, by its proponent; see :func:`programme.plan_project`."""
        body = {
            "id": domain.plain_text(project.id, "project id", length_max=64),
            "name": domain.plain_text(project.name, "project name"),
            "name_zh": domain.optional_text(project.name_zh, "project name_zh"),
            "boundary_wkt": project.boundary_wkt,
        }
        return self._write(stamp, "propose-project", body, planner=programme.plan_project)

    def validate_project(self, stamp: Stamp, project: str, *, statement: str) -> Receipt:
        """Record a validator's (审定) positive opinion on a draft."""
        body = {"project": project, "statement": domain.plain_text(statement, "statement")}
        step = functools.partial(programme.plan_project_step, role="validator", to="validated")
        return self._write(stamp, "validate-project", body, planner=step)

    def register_project(self, stamp: Stamp, project: str) -> Receipt:
        """Register a validated project, by an operator."""
        step = functools.partial(programme.plan_project_step, role="operator", to="registered")
        return self._write(stamp, "register-project", {"project": project}, planner=step)

    # -- writes: reports and issuance --------------------------------------------------

    def submit_report(self, stamp: Stamp, report: MonitoringReport) -> Receipt:
        """Record a sealed report of a registered project; see :func:`programme.plan_report`."""
        planner = functools.partial(programme.plan_report, report=report)
        return self._write(stamp, "submit-report", {"report": report.seal}, planner=planner)

    def verify_report(self, stamp: Stamp, seal: str, *, statement: str) -> Receipt:
        """Record a verifier's (核查) confirmation of the claim of a report."""
        body = {"report": seal, "statement": domain.plain_text(statement, "statement")}
        return self._write(stamp, "verify-report", body, planner=programme.plan_verification)

    def propose_issuance(self, stamp: Stamp, seal: str) -> Receipt:
        """Propose what to issue on a verified report, by an operator."""
        body = {"report": seal}
        return self._write(stamp, "propose-issuance", body, planner=issuance.plan_proposal)

    def approve_issuance(self, stamp: Stamp, seal: str) -> Receipt:
        """Approve the newest proposal, by an approver who did not propose it."""
        body = {"report": seal}
        return self._write(stamp, "approve-issuance", body, planner=issuance.plan_approval)

    def issue(self, stamp: Stamp, seal: str) -> Receipt:
        """Issue (签发) what was approved; the receipt names the serials, the buffer's included."""
        return self._write(stamp, "issue", {"report": seal}, planner=issuance.plan_issuance)

    # -- writes: credits ---------------------------------------------------------------

    def transfer(
        self,
        stamp: Stamp,
        *,
        source: str,
        target: str,
        quantity: int | None = None,
        serial: str | None = None,
    ) -> Receipt:
        """Move credits (转移) by their holder: ``quantity`` of the oldest, or chosen serials.

        See :func:`movement.plan_transfer` for what is refused.
        """
        selection = Selection(quantity, serial).body()
        body = {"source": source, "target": target, **selection}
        return self._write(stamp, "transfer", body, planner=movement.plan_transfer)

    def transfer_many(
        self, stamp: Stamp, *, source: str, transfers: Sequence[Delivery | tuple[str, int]]
    ) -> Receipt:
        """Move credits to many accounts in one event, by their holder: all of it or nothing.

        Each of ``transfers`` is an account and a number of credits; the oldest go first. See
        :func:`movement.plan_transfers` for what is refused.
        """
        body = {"source": source, "transfers": movement.deliveries_body(transfers)}
        return self._write(stamp, "transfer-many", body, planner=movement.plan_transfers)

    def retire(
        self,
        stamp: Stamp,
        use: Retirement,
        *,
        account: str,
        quantity: int | None = None,
        serial: str | None = None,
    ) -> Receipt:
        """Retire credits (注销) by their holder, for ever, in the name of a beneficiary.

        See :func:`movement.plan_retirement` for what is refused.
        """
        body = {
            "account": account,
            "beneficiary": domain.plain_text(use.beneficiary, "beneficiary"),
            "purpose": domain.plain_text(use.purpose, "purpose"),
            "statement": domain.plain_text(use.statement, "statement") if use.statement else "",
            "usage_year": movement.check_usage_year(use.usage_year, stamp),
            **Selection(quantity, serial).body(),
        }
        return self._write(stamp, "retire", body, planner=movement.plan_retirement)

    # -- the log -----------------------------------------------------------------------

    def sign_checkpoint(self, at: dt.datetime) -> Checkpoint:
        """Sign the root of all events so far; the one that is there when there is no new event.

        SigningError when the registry was opened without its key.
        """
        return self._writer.submit(functools.partial(self._checkpoint, at=at))

    def retirement_certificate(self, sequence: int) -> Certificate:
        """The certificate of a retirement, proven by the first checkpoint that covers it.

        UnknownEventError when the event is no retirement; CheckpointMissingError.
        """
        with self._store.reading() as connection:
            event = reading.event_at(connection, sequence)
            if event.kind != "retire":
                raise errors.UnknownEventError(what="retirement", name=sequence)
            checkpoint = reading.checkpoint_of(connection, sequence)
            path = log_tree.inclusion_proof(connection, sequence - 1, checkpoint.tree_size)
            return certificate.make_certificate(event, path, checkpoint)

    def consistency_proof(self, earlier_size: int, later_size: int) -> list[bytes]:
        """The proof that the log of ``earlier_size`` events is a prefix of the later one.

        ValueError when the sizes are not in order; UnknownEventError when there are fewer events.
        """
        with self._store.reading() as connection:
            return log_tree.consistency_proof(connection, earlier_size, later_size)

    # -- questions ---------------------------------------------------------------------

    def balances(self) -> tuple[Balance, ...]:
        """Credits per account, batch and status."""
        return self._read(reading.balances)

    def blocks(self, account: str | None = None) -> tuple[HeldBlock, ...]:
        """The open blocks, all or those of one account."""
        return self._read(lambda connection: reading.open_blocks(connection, account))

    def history(self, serial: str) -> tuple[HistoryEntry, ...]:
        """The life of a serial or range of serials, from issuance to now."""
        parsed = serial_numbers.parse(serial)
        return self._read(lambda connection: reading.history(connection, parsed))

    def events(self) -> tuple[LoggedEvent, ...]:
        """The journal, first to last."""
        return self._read(reading.events)

    def event(self, sequence: int) -> LoggedEvent:
        """One event; UnknownEventError."""
        return self._read(lambda connection: reading.event_at(connection, sequence))

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """The signed checkpoints, smallest tree first."""
        return self._read(reading.checkpoints)

    # -- the inside --------------------------------------------------------------------

    def _write(self, stamp: Stamp, kind: str, body: Row, *, planner: Planner) -> Receipt:
        request_sha256 = ledger.request_digest(kind, body, stamp)

        def work(connection: sa.Connection) -> Receipt:
            earlier = ledger.earlier_answer(connection, stamp, request_sha256)
            if earlier is not None:
                return earlier
            plan = planner(connection, stamp, body)
            return ledger.record(
                connection, stamp, kind=kind, request_sha256=request_sha256, plan=plan
            )

        return self._writer.submit(work)

    def _read(self, question: Callable[[sa.Connection], Answer]) -> Answer:
        with self._store.reading() as connection:
            return question(connection)

    def _checkpoint(self, connection: sa.Connection, at: dt.datetime) -> Checkpoint:
        size, newest = reading.event_count(connection), reading.newest_checkpoint(connection)
        if newest is not None and newest.tree_size == size:
            return newest
        if self._signer is None:
            raise errors.SigningError(
                registry=self.charter.identity.name, defect="it was opened without its key"
            )
        log_tree.extend(connection, newest.tree_size if newest else 0, size)
        draft = Checkpoint(
            registry=self.charter.identity,
            tree_size=size,
            root_sha256=log_tree.root(connection, size).hex(),
            at=domain.utc_text(at, "at"),
        )
        checkpoint = audit_log.sign_checkpoint(draft, self._signer)
        row = checkpoint.model_dump(exclude={"schema_id", "registry"})
        connection.execute(sa.insert(schema.checkpoint), row)
        return checkpoint


def _charter(founded: Founding, signer: SigningIdentity) -> Charter:
    operator = founded.operator
    if not (2 <= len(founded.code) <= 8 and founded.code == serial_numbers.code_of(founded.code)):
        raise errors.TextError(field="registry code", defect="is not 2 to 8 capitals or digits")
    identity = RegistryIdentity(
        name=domain.plain_text(founded.name, "registry name"),
        name_zh=domain.optional_text(founded.name_zh, "registry name_zh"),
        code=founded.code,
        operator=domain.plain_text(operator.name, "operator name"),
        operator_zh=domain.optional_text(operator.name_zh, "operator name_zh"),
        key_label=signer.label,
        public_key_sha256=signer.fingerprint,
    )
    return Charter(
        identity=identity, policy=founded.policy, public_key_pem=signer.public_pem.decode()
    )


def _found(connection: sa.Connection, stamp: Stamp, charter: Charter) -> None:
    body = charter.model_dump(mode="json")
    connection.execute(
        sa.insert(schema.meta), {"key": "charter", "value": canonical_json(body).decode()}
    )
    operator = {
        "id": stamp.actor,
        "name": charter.identity.operator,
        "name_zh": charter.identity.operator_zh,
    }
    plan = programme.plan_opening(operator, body)
    kind = "found-registry"
    request_sha256 = ledger.request_digest(kind, body, stamp)
    ledger.record(connection, stamp, kind=kind, request_sha256=request_sha256, plan=plan)
