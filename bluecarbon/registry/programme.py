"""Plans that lead to a claim that may be issued: parties, projects, reports, verification.

Each function reads inside the write transaction, raises when a rule of :mod:`.domain` is broken,
and returns what is to be written. ``body`` is the checked request, as plain JSON data.
"""

from __future__ import annotations

import datetime as dt
from typing import get_args

import sqlalchemy as sa

from bluecarbon.provenance import canonical_json
from bluecarbon.registry import boundaries, domain, errors, reading, schema, serials
from bluecarbon.registry.domain import Role, Stamp, State
from bluecarbon.registry.ledger import Plan, Row
from bluecarbon.registry.report_checks import Registered, check_report, claim_grams
from bluecarbon.report import MonitoringReport, Period
from bluecarbon.spec import errors_in


def plan_opening(operator: Row, charter: Row) -> Plan:
    """The first event: the registry's charter, its operator and its own accounts."""
    accounts = [
        {"id": name, "kind": kind, "party": operator["id"]}
        for name, kind in domain.SYSTEM_ACCOUNTS.items()
    ]
    return Plan(
        {"charter": charter},
        {
            "party": [operator],
            "party_role": [{"party": operator["id"], "role": "operator"}],
            "account": accounts,
        },
    )


def plan_party(connection: sa.Connection, stamp: Stamp, body: Row) -> Plan:
    """A party with its roles; proponents and holders get a holding account of the same id.

    Raises
    ------
    RoleMissingError, AlreadyExistsError, TextError
    """
    reading.require_role(connection, stamp.actor, "operator")
    party = {name: body[name] for name in ("id", "name", "name_zh")}
    _require_new(connection, schema.party, party["id"], what="party")
    holds = bool(domain.HOLDING_ROLES & set(body["roles"]))
    account = {"id": party["id"], "kind": "holding", "party": party["id"]}
    return Plan(
        body,
        {
            "party": [party],
            "party_role": [{"party": party["id"], "role": role} for role in body["roles"]],
            "account": [account] if holds else [],
        },
    )


def checked_roles(roles: tuple[str, ...]) -> list[str]:
    """The roles without repetition, sorted; TextError when one is not a role."""
    known = get_args(Role)
    for role in roles:
        if role not in known:
            raise errors.TextError(field="role", defect=f"{role!r} is none of {', '.join(known)}")
    if not roles:
        raise errors.TextError(field="roles", defect="is empty")
    return sorted(set(roles))


def plan_project(connection: sa.Connection, stamp: Stamp, body: Row) -> Plan:
    """A project as a draft, by its proponent.

    Raises
    ------
    RoleMissingError, AlreadyExistsError, BoundaryError, BoundaryOverlapError
    """
    reading.require_role(connection, stamp.actor, "proponent")
    code = serials.code_of(body["id"])
    _require_new(connection, schema.project, body["id"], what="project")
    # Two ids may have one code (a-b, AB); their serials could not be told apart.
    _require_new(connection, schema.project, code, what="project code", column="code")
    policy = reading.charter(connection).policy
    boundaries.check_overlap(
        body["id"],
        body["boundary_wkt"],
        _live_boundaries(connection),
        overlap_m2_max=policy.overlap_m2_max,
    )
    area_m2 = round(boundaries.area_m2(boundaries.read_boundary(body["id"], body["boundary_wkt"])))
    project = {**body, "code": code, "proponent": stamp.actor, "boundary_area_m2": area_m2}
    return Plan(
        {"project": body["id"]},
        {"project": [project], "lifecycle": [state_row(body["id"], "draft", stamp)]},
    )


def plan_project_step(
    connection: sa.Connection, stamp: Stamp, body: Row, *, role: Role, to: State
) -> Plan:
    """A project's next state (validated, registered), by a party with ``role``.

    Raises
    ------
    RoleMissingError, UnknownProjectError, StateError, FourEyesError
    """
    reading.require_role(connection, stamp.actor, role)
    project = body["project"]
    project_row(connection, project)
    domain.check_step(f"project {project}", reading.state_of(connection, project), to)
    drafted_by = reading.actor_of(connection, project, "draft")
    domain.check_four_eyes(stamp.actor, to, {"propose the project": drafted_by})
    return Plan(body, {"lifecycle": [state_row(project, to, stamp)]})


def plan_report(
    connection: sa.Connection, stamp: Stamp, body: Row, *, report: MonitoringReport
) -> Plan:
    """A sealed report of a registered project, by its proponent.

    Raises
    ------
    RoleMissingError, UnknownProjectError, StateError, NotHolderError, AlreadyExistsError,
    ReportRefusedError
        The last with every defect that was found.
    """
    reading.require_role(connection, stamp.actor, "proponent")
    project = project_row(connection, report.project.id)
    if project.proponent != stamp.actor:
        raise errors.NotHolderError(actor=stamp.actor, account=f"project {project.id}")
    state = reading.state_of(connection, project.id)
    if state != "registered":
        raise errors.StateError(
            subject=f"project {project.id}",
            state=state or "unknown",
            act="submit report",
            needed="registered",
        )
    # Judged now to spare the verifier; judged again before credits come of it.
    require_acceptable(connection, stamp, report, project=project)
    _require_new(connection, schema.report, report.seal, what="report", column="seal")
    return Plan(
        {**body, "project": project.id},
        {
            "report": [_new_report(report)],
            "lifecycle": [state_row(project.id, "reported", stamp, report=report.seal)],
        },
        documents={report.seal: canonical_json(report).decode()},
    )


def plan_verification(connection: sa.Connection, stamp: Stamp, body: Row) -> Plan:
    """The verifier's confirmation of a report's whole claim.

    Raises
    ------
    RoleMissingError, UnknownReportError, StateError, FourEyesError
        The verifier of a period is neither the validator of the project nor its proponent.
    """
    reading.require_role(connection, stamp.actor, "verifier")
    report = report_row(connection, body["report"])
    check_report_step(connection, report, "verified")
    domain.check_four_eyes(
        stamp.actor,
        "verify",
        {
            "validate the project": reading.actor_of(connection, report.project, "validated"),
            "submit the report": reading.actor_of(
                connection, report.project, "reported", report.seal
            ),
        },
    )
    verification = {
        "report": report.seal,
        "verifier": stamp.actor,
        "verified_g": report.claim_g,
        "statement": body["statement"],
    }
    step = state_row(report.project, "verified", stamp, report=report.seal)
    return Plan(body, {"verification": [verification], "lifecycle": [step]})


def require_acceptable(
    connection: sa.Connection,
    stamp: Stamp,
    report: MonitoringReport,
    *,
    project: sa.Row[tuple[object, ...]],
) -> None:
    """ReportRefusedError with every defect when credits may not be issued on the report.

    TimeError when the stamp has no time that can be recorded.
    """
    known = Registered(
        project=project.id,
        boundary_wkt=project.boundary_wkt,
        issued_periods=_issued_periods(connection, project.id),
        today=domain.date_of(stamp),
    )
    policy = reading.charter(connection).policy
    found = errors_in(check_report(report, known, policy))
    if found:
        raise errors.report_refused(report.seal, found)


def _issued_periods(connection: sa.Connection, project: str) -> dict[str, Period]:
    table = schema.issuance
    rows = connection.execute(sa.select(table).where(table.c.project == project))
    return {
        row.report: Period(
            start=dt.date.fromisoformat(row.period_start), end=dt.date.fromisoformat(row.period_end)
        )
        for row in rows
    }


def _new_report(report: MonitoringReport) -> Row:
    claim = report.quantification
    if claim is None:  # pragma: no cover - the report was judged before
        raise errors.NoQuantificationError(report=report.seal, findings=())
    return {
        "seal": report.seal,
        "project": report.project.id,
        "methodology": claim.methodology_id,
        "period_start": report.monitoring.period.start.isoformat(),
        "period_end": report.monitoring.period.end.isoformat(),
        "claim_g": sum(claim_grams(claim).values()),
        "unverified_parameters": len(report.unverified_parameters),
    }


def state_row(project: str, state: State, stamp: Stamp, *, report: str = "") -> Row:
    """The lifecycle row of a project or report that reaches a state."""
    return {"project": project, "report": report, "state": state, "actor": stamp.actor}


def check_report_step(
    connection: sa.Connection, report: sa.Row[tuple[object, ...]], to: State
) -> None:
    """StateError unless the report stands right before ``to``."""
    state = reading.state_of(connection, report.project, report.seal)
    domain.check_step(f"report {report.seal[:12]}", state, to)


def project_row(connection: sa.Connection, name: str) -> sa.Row[tuple[object, ...]]:
    """The row of a project; UnknownProjectError."""
    table = schema.project
    row = connection.execute(sa.select(table).where(table.c.id == name)).one_or_none()
    if row is None:
        raise errors.UnknownProjectError(what="project", name=name)
    return row


def report_row(connection: sa.Connection, seal: str) -> sa.Row[tuple[object, ...]]:
    """The row of a report with its ``proponent``; UnknownReportError."""
    report, project = schema.report, schema.project
    row = connection.execute(
        sa.select(report, project.c.proponent)
        .join(project, project.c.id == report.c.project)
        .where(report.c.seal == seal)
    ).one_or_none()
    if row is None:
        raise errors.UnknownReportError(what="report", name=seal)
    return row


def _live_boundaries(connection: sa.Connection) -> dict[str, str]:
    """Every project's boundary: at this depth no project ends, so all are live."""
    table = schema.project
    rows = connection.execute(sa.select(table.c.id, table.c.boundary_wkt).order_by(table.c.id))
    return {row.id: row.boundary_wkt for row in rows}


def _require_new(
    connection: sa.Connection, table: sa.Table, name: str, *, what: str, column: str = "id"
) -> None:
    known = connection.scalar(sa.select(table.c[column]).where(table.c[column] == name))
    if known is not None:
        raise errors.AlreadyExistsError(what=what, name=name)
