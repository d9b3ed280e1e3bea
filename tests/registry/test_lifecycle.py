"""From a draft project to issued credits: order, roles, four eyes, and what is refused."""

import datetime as dt

import pytest
from support.ledger_kit import (
    CLAIM,
    EPOCH,
    STATEMENT,
    defects,
    found,
    held,
    issue,
    issued,
    make_report,
    register,
    square,
    verify,
)

from bluecarbon.project import Party
from bluecarbon.registry import errors
from bluecarbon.registry.identity import SigningIdentity
from bluecarbon.registry.service import Registry
from bluecarbon.report import Period
from bluecarbon.spec import Finding

ERROR = Finding(code="area-degrees", severity="error", subject="b.tif", message="m")


def test_the_whole_way(opened):
    registry, clock = opened
    report = make_report()
    register(registry, clock, report)
    receipt = issue(registry, clock, report)
    assert held(registry, "proponent") == 800
    assert held(registry, "@buffer-pool") == 201
    assert len(receipt.serials) == 6
    facts = registry.event(receipt.sequence).payload["facts"]
    assert facts["credits_by_vintage"] == {"2020": 400, "2021": 300, "2022": 301}
    assert facts["carried_out_g"] == 200_000
    assert defects(registry) == ()


def test_the_remainder_is_carried_into_the_next_period(opened):
    registry, clock = opened
    first = make_report()
    register(registry, clock, first)
    issue(registry, clock, first)
    second = make_report({"2023": 9.9}, years=(2023, 2024))
    receipt = issue(registry, clock, second)
    facts = registry.event(receipt.sequence).payload["facts"]
    assert (facts["carried_in_g"], facts["issued"], facts["carried_out_g"]) == (
        200_000,
        10,
        100_000,
    )
    assert defects(registry) == ()


def test_a_claim_below_one_credit_is_only_carried(databases):
    registry, _ = issued(databases.new(), make_report({"2020": 0.4}))
    event = registry.events()[-1]
    assert event.payload["facts"]["carried_out_g"] == 400_000
    assert registry.balances() == ()
    assert defects(registry) == ()
    registry.close()


def test_a_second_tranche_of_a_vintage_has_serials_of_its_own(opened):
    registry, clock = opened
    first = make_report(
        {"2020": 10.0}, monitoring=make_report().monitoring.model_copy(update={"period": half(1)})
    )
    register(registry, clock, first)
    issue(registry, clock, first)
    second = make_report(
        {"2020": 10.0}, monitoring=first.monitoring.model_copy(update={"period": half(7)})
    )
    receipt = issue(registry, clock, second)
    assert all("-2020-2-" in serial for serial in receipt.serials)


def half(month):
    start = {1: "2020-01-01", 7: "2020-07-01"}[month]
    end = {1: "2020-07-01", 7: "2021-01-01"}[month]
    return Period.model_validate({"start": start, "end": end})


STEPS = ("propose", "validate", "register", "submit", "verify", "suggest", "approve", "issue")


def take(step, registry, clock, report):
    project, seal = report.project.id, report.seal
    return {
        "propose": lambda: registry.propose_project(clock.by("proponent"), report.project),
        "validate": lambda: registry.validate_project(
            clock.by("validator"), project, statement=STATEMENT
        ),
        "register": lambda: registry.register_project(clock.by("operator"), project),
        "submit": lambda: registry.submit_report(clock.by("proponent"), report),
        "verify": lambda: registry.verify_report(clock.by("verifier"), seal, statement=STATEMENT),
        "suggest": lambda: registry.propose_issuance(clock.by("operator"), seal),
        "approve": lambda: registry.approve_issuance(clock.by("approver"), seal),
        "issue": lambda: registry.issue(clock.by("operator"), seal),
    }[step]()


@pytest.mark.parametrize("done", range(len(STEPS)))
def test_no_step_is_left_out_or_done_twice(opened, done):
    registry, clock = opened
    report = make_report()
    for step in STEPS[:done]:
        take(step, registry, clock, report)
    before = registry.events()
    # A proposal may be made anew until it is issued; everything else happens once, in order.
    allowed = {STEPS[done]} | ({"suggest"} if "suggest" in STEPS[done - 1 : done] else set())
    allowed |= {"suggest", "approve"} if STEPS[done] == "issue" else set()
    for step in set(STEPS) - allowed:
        with pytest.raises((errors.StateError, errors.UnknownError)):
            take(step, registry, clock, report)
    assert registry.events() == before


WRONG_ACTORS = {
    "propose": "buyer",
    "validate": "verifier",
    "register": "approver",
    "submit": "buyer",
    "verify": "validator",
    "suggest": "approver",
    "approve": "operator",
    "issue": "approver",
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("actor", ["wrong", "nobody"])
def test_each_step_needs_its_role(opened, step, actor):
    registry, clock = opened
    report = make_report()
    for earlier in STEPS[: STEPS.index(step)]:
        take(earlier, registry, clock, report)
    who = WRONG_ACTORS[step] if actor == "wrong" else "nobody"
    by = clock.by
    clock.by = lambda _: by(who)
    kind = errors.RoleMissingError if actor == "wrong" else errors.UnknownPartyError
    with pytest.raises(kind):
        take(step, registry, clock, report)


def test_only_the_operator_registers_parties(opened):
    registry, clock = opened
    with pytest.raises(errors.RoleMissingError):
        registry.register_party(clock.by("buyer"), Party(id="x", name="X"), ("holder",))
    with pytest.raises(errors.AlreadyExistsError):
        registry.register_party(clock.by("operator"), Party(id="buyer", name="X"), ("holder",))
    for roles in ((), ("king",)):
        with pytest.raises(errors.TextError):
            registry.register_party(clock.by("operator"), Party(id="x", name="X"), roles)


def test_four_eyes(opened):
    registry, clock = opened
    everything = ("operator", "approver", "proponent", "validator", "verifier")
    registry.register_party(clock.by("operator"), Party(id="all", name="All"), everything)
    registry.register_party(clock.by("operator"), Party(id="vvb", name="V"), everything[3:])
    report = make_report()
    registry.propose_project(clock.by("all"), report.project)
    with pytest.raises(errors.FourEyesError):
        registry.validate_project(clock.by("all"), "coast-1", statement=STATEMENT)
    registry.validate_project(clock.by("vvb"), "coast-1", statement=STATEMENT)
    registry.register_project(clock.by("operator"), "coast-1")
    registry.submit_report(clock.by("all"), report)
    for both in ("all", "vvb"):
        with pytest.raises(errors.FourEyesError):
            registry.verify_report(clock.by(both), report.seal, statement=STATEMENT)
    registry.verify_report(clock.by("verifier"), report.seal, statement=STATEMENT)
    registry.propose_issuance(clock.by("all"), report.seal)
    with pytest.raises(errors.FourEyesError):
        registry.approve_issuance(clock.by("all"), report.seal)


def test_an_approval_goes_stale(opened):
    registry, clock = opened
    first, second = make_report(), make_report({"2023": 9.9}, years=(2023, 2024))
    register(registry, clock, first)
    for report in (first, second):
        verify(registry, clock, report)
        registry.propose_issuance(clock.by("operator"), report.seal)
    registry.approve_issuance(clock.by("approver"), first.seal)
    registry.approve_issuance(clock.by("approver"), second.seal)
    registry.issue(clock.by("operator"), first.seal)
    # The first issuance left a remainder, so the second one is no longer what was approved.
    with pytest.raises(errors.StaleApprovalError):
        registry.issue(clock.by("operator"), second.seal)
    with pytest.raises(errors.StaleApprovalError):
        registry.approve_issuance(clock.by("approver"), second.seal)
    registry.propose_issuance(clock.by("operator"), second.seal)
    registry.approve_issuance(clock.by("approver"), second.seal)
    registry.issue(clock.by("operator"), second.seal)
    assert defects(registry) == ()


def refused_report(opened, report):
    registry, clock = opened
    register(registry, clock, make_report())
    before = registry.events()
    with pytest.raises(errors.ReportRefusedError) as refused:
        registry.submit_report(clock.by("proponent"), report)
    assert registry.events() == before
    return refused.value


def test_a_broken_seal(opened):
    report = make_report().model_copy(update={"findings": (ERROR,)})
    assert isinstance(refused_report(opened, report), errors.BadSealError)


def test_what_cannot_be_sealed(opened):
    good = make_report()
    endless = good.quantification.model_copy(update={"claim_tco2e": float("inf")})
    report = good.model_copy(update={"quantification": endless})
    assert isinstance(refused_report(opened, report), errors.BadSealError)


def test_measurements_without_a_claim(opened):
    error = refused_report(opened, make_report(quantification=None))
    assert isinstance(error, errors.NoQuantificationError)


def test_unverified_parameters(opened, databases):
    draft = make_report(status="unverified")
    error = refused_report(opened, draft)
    assert isinstance(error, errors.UnverifiedParametersError)
    assert "carbon_fraction" in str(error)
    registry, _ = issued(databases.new(), draft, drafts=True)
    assert held(registry, "proponent") == 800
    registry.close()


def test_every_defect_is_named_at_once(opened):
    report = make_report(
        {"2019": -4.0}, status="unverified", boundary=square(side=0.02), findings=(ERROR,)
    )
    error = refused_report(opened, report)
    assert {finding.code for finding in error.findings} == {
        "report-boundary-changed",
        "report-parameters-unverified",
        "report-holds-errors",
        "report-claim-not-positive",
        "report-vintage-outside-period",
    }


@pytest.mark.parametrize(
    ("claim", "total", "code"),
    [
        ({"2020": 5.0}, 4.0, "report-vintages-above-claim"),
        ({"2020": 0.0}, 0.0, "report-claim-not-positive"),
        ({"year": 5.0}, 5.0, "report-vintage-outside-period"),
    ],
)
def test_claims_that_do_not_add_up(opened, claim, total, code):
    quantification = make_report().quantification.model_copy(
        update={"claim_tco2e_by_year": claim, "claim_tco2e": total}
    )
    error = refused_report(opened, make_report(quantification=quantification))
    assert [finding.code for finding in error.findings] == [code]


def test_no_credits_twice_for_one_period(opened):
    registry, clock = opened
    register(registry, clock, make_report())
    overlapping = make_report({"2022": 50.0, "2023": 50.0}, years=(2022, 2024))
    verify(registry, clock, overlapping)
    issue(registry, clock, make_report())
    # It was submitted while the period was free; now it is not.
    with pytest.raises(errors.DoubleIssuanceError):
        registry.propose_issuance(clock.by("operator"), overlapping.seal)
    with pytest.raises(errors.DoubleIssuanceError):
        registry.submit_report(clock.by("proponent"), make_report({**CLAIM, "2020": 1.0}))
    with pytest.raises(errors.DoubleIssuanceError):
        registry.submit_report(clock.by("proponent"), make_report())


def test_a_report_is_submitted_once(opened):
    registry, clock = opened
    report = make_report()
    register(registry, clock, report)
    registry.submit_report(clock.by("proponent"), report)
    with pytest.raises(errors.AlreadyExistsError):
        registry.submit_report(clock.by("proponent"), report)


def test_a_report_is_submitted_by_its_own_proponent(opened):
    registry, clock = opened
    registry.register_party(clock.by("operator"), Party(id="other", name="O"), ("proponent",))
    report = make_report()
    register(registry, clock, report)
    with pytest.raises(errors.NotHolderError):
        registry.submit_report(clock.by("other"), report)


def propose(opened, boundary, project="coast-2"):
    registry, clock = opened
    identity = make_report(project=project, boundary=boundary).project
    return registry.propose_project(clock.by("proponent"), identity)


def test_boundaries_do_not_overlap_by_area(opened):
    propose(opened, square(), "coast-1")
    with pytest.raises(errors.BoundaryOverlapError) as refused:
        propose(opened, square(west=110.005))
    # half of a square of 0.01 degrees at 21 N, about 1.04 km by 1.11 km
    assert float(refused.value.facts["area_ha"]) == pytest.approx(57.5, rel=0.01)
    propose(opened, square(west=110.01))


def test_slivers_between_neighbours_are_no_overlap(opened):
    propose(opened, square(), "coast-1")
    propose(opened, square(west=110.0099999))  # 1 cm by 1.1 km: 11 m2


@pytest.mark.parametrize(
    "boundary",
    [
        "mangroves",
        "POINT (110 21)",
        "POLYGON EMPTY",
        "POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))",
        "POLYGON ((400000 2300000, 401000 2300000, 401000 2301000, 400000 2300000))",
    ],
)
def test_what_is_no_boundary(opened, boundary):
    with pytest.raises(errors.BoundaryError):
        propose(opened, boundary)


def test_project_codes_are_unique(opened):
    propose(opened, square(), "coast-1")
    with pytest.raises(errors.AlreadyExistsError):
        propose(opened, square(west=112.0), "coast-1")
    with pytest.raises(errors.AlreadyExistsError):
        propose(opened, square(west=112.0), "COAST.1")


def test_a_registry_is_founded_once_and_opened_with_its_own_key(databases):
    path = databases.new()
    found(path).close()
    with pytest.raises(errors.StoreError):
        found(path)
    with pytest.raises(errors.SigningError):
        Registry(path, signer=SigningIdentity.from_seed("another"))
    reader = Registry(path)
    with pytest.raises(errors.SigningError):
        reader.sign_checkpoint(EPOCH)
    reader.close()


@pytest.mark.parametrize("content", [None, b"", b"not a database at all" * 99])
def test_what_is_no_registry(tmp_path, content):
    path = tmp_path / "r.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(errors.StoreError):
        Registry(path)
    assert path.exists() == (content is not None)


def test_a_failed_founding_leaves_nothing(databases):
    place = databases.new()
    with pytest.raises(errors.QuantityTooLargeError):
        raise_while_founding(place)
    with pytest.raises(errors.StoreError):
        Registry(place)
    found(place).close()


def raise_while_founding(path):
    with pytest.MonkeyPatch.context() as patch:
        error = errors.QuantityTooLargeError(field="x", value=1, limit=0)
        patch.setattr("bluecarbon.registry.service._found", lambda *a: (_ for _ in ()).throw(error))
        found(path)


@pytest.mark.parametrize("refused_at", ["submit", "propose", "approve", "issue"])
def test_credits_are_not_issued_before_the_period_has_ended(opened, refused_at):
    """The period ends (exclusive) on 2025-04-01; every step before that day is refused."""
    registry, clock = opened
    monitoring = make_report(years=(2024, 2025)).monitoring
    period = Period.model_validate({"start": "2024-01-01", "end": "2025-04-01"})
    report = make_report(
        {"2024": 10.0}, monitoring=monitoring.model_copy(update={"period": period})
    )
    register(registry, clock, report)

    def stamp(actor, step):
        on = EPOCH if step == refused_at else EPOCH.replace(month=4, day=1, hour=0)
        return clock.by(actor).model_copy(update={"at": on + dt.timedelta(hours=12)})

    def lead_to_issuance():
        registry.submit_report(stamp("proponent", "submit"), report)
        registry.verify_report(stamp("verifier", ""), report.seal, statement=STATEMENT)
        registry.propose_issuance(stamp("operator", "propose"), report.seal)
        registry.approve_issuance(stamp("approver", "approve"), report.seal)
        registry.issue(stamp("operator", "issue"), report.seal)

    with pytest.raises(errors.PeriodNotEndedError, match="监测期至 2025-04-01") as refused:
        lead_to_issuance()
    assert refused.value.code == "report-period-not-ended"
    assert [event.kind for event in registry.events()].count("issue") == 0


def test_an_issuance_does_not_take_effect_before_the_period_has_ended(opened):
    registry, clock = opened
    report = make_report()
    register(registry, clock, report)
    verify(registry, clock, report)
    stamp = clock.by("operator", effective_at=EPOCH.replace(year=2022))
    with pytest.raises(errors.PeriodNotEndedError):
        registry.propose_issuance(stamp, report.seal)
