"""Plans that turn a verified report into credits: proposal, approval, issuance.

What is issued is worked out anew at each of the three steps; an approval holds only for the plan
that was approved.
"""

from __future__ import annotations

import sqlalchemy as sa

from bluecarbon.provenance import digest
from bluecarbon.registry import domain, errors, movement, programme, reading, schema, serials
from bluecarbon.registry.domain import Allotment, Range, Stamp
from bluecarbon.registry.ledger import Plan, Row
from bluecarbon.registry.report_checks import claim_grams
from bluecarbon.registry.serials import Serial
from bluecarbon.report import report_from_json


def plan_proposal(connection: sa.Connection, stamp: Stamp, body: Row) -> Plan:
    """The operator's proposal of what to issue on a verified report; may be made anew.

    Raises
    ------
    RoleMissingError, UnknownReportError, StateError, ReportRefusedError
    """
    reading.require_role(connection, stamp.actor, "operator")
    report = programme.report_row(connection, body["report"])
    if reading.state_of(connection, report.project, report.seal) != "approved":
        programme.check_report_step(connection, report, "approved")
    allotment = _allotment(connection, stamp, report.seal)
    proposal = {
        "report": report.seal,
        "proposer": stamp.actor,
        "plan_sha256": allotment_digest(allotment),
    }
    return Plan({**body, **_allotment_facts(allotment)}, {"proposal": [proposal]})


def plan_approval(connection: sa.Connection, stamp: Stamp, body: Row) -> Plan:
    """The approval of the newest proposal, by another party than the one that proposed it.

    Raises
    ------
    RoleMissingError, UnknownReportError, StateError, FourEyesError, StaleApprovalError
    """
    reading.require_role(connection, stamp.actor, "approver")
    report = programme.report_row(connection, body["report"])
    state = reading.state_of(connection, report.project, report.seal)
    proposal = _newest_proposal(connection, report.seal)
    if proposal is None or (state != "approved" and domain.BEFORE["approved"] != state):
        raise errors.StateError(
            subject=f"report {report.seal[:12]}",
            state=state or "unknown",
            act="approve",
            needed="proposed for issuance",
        )
    domain.check_four_eyes(stamp.actor, "approve", {"propose the issuance": proposal.proposer})
    if proposal.plan_sha256 != allotment_digest(_allotment(connection, stamp, report.seal)):
        raise errors.StaleApprovalError(report=report.seal)
    step = programme.state_row(report.project, "approved", stamp, report=report.seal)
    return Plan(
        {**body, "proposal": proposal.event, "plan_sha256": proposal.plan_sha256},
        {
            "approval": [{"proposal": proposal.event, "approver": stamp.actor}],
            "lifecycle": [] if state == "approved" else [step],
        },
    )


def plan_issuance(connection: sa.Connection, stamp: Stamp, body: Row) -> Plan:
    """The issuance of an approved report: batches, blocks and postings.

    Each vintage with at least one credit becomes a batch; its last serials are the buffer's.

    Raises
    ------
    RoleMissingError, UnknownReportError, StateError, StaleApprovalError, ReportRefusedError
    """
    reading.require_role(connection, stamp.actor, "operator")
    report = programme.report_row(connection, body["report"])
    programme.check_report_step(connection, report, "issued")
    allotment = _allotment(connection, stamp, report.seal)
    proposal = _newest_proposal(connection, report.seal, approved=True)
    if proposal is None or proposal.plan_sha256 != allotment_digest(allotment):
        raise errors.StaleApprovalError(report=report.seal)
    batches = _batch_rows(connection, report, allotment)
    blocks = _root_blocks(connection, batches, allotment, report.proponent)
    return Plan(
        {**body, **_allotment_facts(allotment)},
        {
            "issuance": [_issuance_row(connection, report, allotment)],
            "batch": batches,
            "credit_block": blocks,
            "posting": _issue_postings(blocks),
            "lifecycle": [programme.state_row(report.project, "issued", stamp, report=report.seal)],
        },
        serials=block_serials(batches, blocks),
    )


def allotment_digest(allotment: Allotment) -> str:
    """The digest that an approval is bound to."""
    return digest(_allotment_facts(allotment))


def _allotment_facts(allotment: Allotment) -> Row:
    # JSON keys are text; canonical JSON refuses integers there.
    return {
        "credits_by_vintage": {str(k): n for k, n in allotment.credits_by_vintage.items()},
        "buffer_by_vintage": {str(k): n for k, n in allotment.buffer_by_vintage.items()},
        "issued": allotment.issued,
        "buffer": allotment.buffer,
        "carried_in_g": allotment.carried_in_g,
        "carried_out_g": allotment.carried_out_g,
    }


def _allotment(connection: sa.Connection, stamp: Stamp, seal: str) -> Allotment:
    """What would be issued on the report now; the report is judged again."""
    table = schema.report_document
    document = connection.scalar(sa.select(table.c.document).where(table.c.seal == seal))
    report = report_from_json(document or "")
    project = programme.project_row(connection, report.project.id)
    programme.require_acceptable(connection, stamp, report, project=project)
    if report.quantification is None:  # pragma: no cover - refused one line above
        raise errors.NoQuantificationError(report=seal, findings=())
    policy = reading.charter(connection).policy
    return domain.allot(
        claim_grams(report.quantification),
        _carried_g(connection, report.project.id),
        policy.buffer_share_ppm,
    )


def _carried_g(connection: sa.Connection, project: str) -> int:
    table = schema.issuance
    newest = connection.scalar(
        sa.select(table.c.carried_out_g)
        .where(table.c.project == project)
        .order_by(table.c.event.desc())
        .limit(1)
    )
    return newest or 0


def _issuance_row(
    connection: sa.Connection, report: sa.Row[tuple[object, ...]], allotment: Allotment
) -> Row:
    return {
        "report": report.seal,
        "project": report.project,
        "period_start": report.period_start,
        "period_end": report.period_end,
        "verified_g": report.claim_g,
        "carried_in_g": allotment.carried_in_g,
        "issued": allotment.issued,
        "buffer": allotment.buffer,
        "carried_out_g": allotment.carried_out_g,
        "buffer_share_ppm": reading.charter(connection).policy.buffer_share_ppm,
    }


def _batch_rows(
    connection: sa.Connection, report: sa.Row[tuple[object, ...]], allotment: Allotment
) -> list[Row]:
    ids = movement.next_ids(connection, schema.batch)
    taken = set(reading.batch_codes(connection).values())
    registry = reading.charter(connection).identity.code
    rows = []
    for vintage, issued in allotment.credits_by_vintage.items():
        # A vintage of a loss year, or of less than one credit: no batch, its fraction is carried.
        if issued == 0:
            continue
        tranche, code = 0, ""
        while not code or code in taken:
            tranche += 1
            code = serials.batch_code(
                registry=registry,
                project=report.project,
                methodology=report.methodology,
                vintage=vintage,
                tranche=tranche,
            )
        rows.append(
            {
                "id": next(ids),
                "code": code,
                "project": report.project,
                "methodology": report.methodology,
                "vintage": vintage,
                "tranche": tranche,
                "report": report.seal,
                "issued": issued,
            }
        )
    return rows


def _root_blocks(
    connection: sa.Connection, batches: list[Row], allotment: Allotment, proponent: str
) -> list[Row]:
    ids = movement.next_ids(connection, schema.credit_block)
    rows = []
    for batch in batches:
        issued, buffer = batch["issued"], allotment.buffer_by_vintage[batch["vintage"]]
        if issued > buffer:
            own = Range(1, issued - buffer)
            rows.append(
                movement.block_row(ids, batch["id"], own, holder=proponent, status="active")
            )
        if buffer:
            # The high end, so that the proponent sells from number 1 and the pool is one block.
            pooled = Range(issued - buffer + 1, issued)
            rows.append(
                movement.block_row(
                    ids, batch["id"], pooled, holder=domain.BUFFER_POOL, status="buffer"
                )
            )
    return rows


def _issue_postings(blocks: list[Row]) -> list[Row]:
    rows: list[Row] = []
    issued: dict[int, int] = {}
    for block in blocks:
        issued[block["batch"]] = issued.get(block["batch"], 0) + block["quantity"]
        rows.append(
            {
                "account": block["holder"],
                "batch": block["batch"],
                "quantity": block["quantity"],
            }
        )
    for batch, quantity in issued.items():
        rows.append({"account": domain.ISSUANCE, "batch": batch, "quantity": -quantity})
    return rows


def block_serials(batches: list[Row], blocks: list[Row]) -> tuple[str, ...]:
    """The serials of blocks, in their order; ``batches`` are the rows that the blocks lie in."""
    codes = {batch["id"]: batch["code"] for batch in batches}
    return tuple(
        str(Serial(batch=codes[block["batch"]], first=block["first"], last=block["last"]))
        for block in blocks
    )


def _newest_proposal(
    connection: sa.Connection, seal: str, *, approved: bool = False
) -> sa.Row[tuple[object, ...]] | None:
    proposal, approval = schema.proposal, schema.approval
    query = sa.select(proposal).where(proposal.c.report == seal)
    if approved:
        query = query.join(approval, approval.c.proposal == proposal.c.event)
    return connection.execute(query.order_by(proposal.c.event.desc()).limit(1)).one_or_none()
