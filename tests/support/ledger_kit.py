"""Small registries for tests: a report made by hand, parties, and a claim led to issuance."""

import datetime as dt
import itertools

from bluecarbon.project import Party, ProjectFile, RegistrySection
from bluecarbon.provenance import Software
from bluecarbon.registry.domain import Policy, Stamp
from bluecarbon.registry.identity import SigningIdentity
from bluecarbon.registry.invariants import check_invariants
from bluecarbon.registry.movement import Retirement
from bluecarbon.registry.service import Founding, Registry
from bluecarbon.report import (
    Monitoring,
    MonitoringReport,
    Period,
    ProjectIdentity,
    Quantification,
    Stratum,
    sealed,
)
from bluecarbon.spec import Parameter

SIGNER = SigningIdentity.from_seed("tests")
EPOCH = dt.datetime(2025, 3, 1, 1, 0, tzinfo=dt.UTC)
CLAIM = {"2020": 400.4, "2021": 300.4, "2022": 300.4}
STATEMENT = "read and found right"
ROLES = {
    "approver": ("approver",),
    "proponent": ("proponent",),
    "validator": ("validator",),
    "verifier": ("verifier",),
    "buyer": ("holder",),
    "trader": ("holder",),
}


def square(west=110.0, south=21.0, side=0.01):
    east, north = west + side, south + side
    return (
        f"POLYGON (({west} {south}, {east} {south}, {east} {north}, {west} {north},"
        f" {west} {south}))"
    )


def make_report(
    claim=None,
    *,
    project="coast-1",
    boundary=None,
    years=(2020, 2023),
    status="verified",
    **changes,
):
    claim = CLAIM if claim is None else claim
    parameter = Parameter(name="carbon_fraction", value=0.5, unit="1", source="t", status=status)
    period = Period(start=dt.date(years[0], 1, 1), end=dt.date(years[1], 1, 1))
    quantification = Quantification(
        methodology_id="ar-am0014@3.0",
        methodology_title="AR-AM0014",
        outputs=(),
        claim_tco2e_by_year=claim,
        claim_tco2e=sum(claim.values()),
        parameters=(parameter,),
        trace=(),
    )
    identity = ProjectIdentity(
        id=project,
        name="Test coast",
        name_zh="测试海岸",
        proponent="Proponent",
        boundary_wkt=boundary or square(),
        area_ha=115.0,
    )
    fields = {
        "project": identity,
        "declared": ProjectFile.model_validate(
            {
                "project": {"id": project, "name": "Test coast"},
                "period": {"start": period.start, "end": period.end},
                "boundary": {"path": "boundary.geojson"},
                "class_maps": {"legend": {"1": "m"}, "map": [{"path": "m.tif", "epoch": 2020}]},
            }
        ),
        "software": Software(name="bluecarbon", version="0", code_sha256="0" * 64),
        "inputs": (),
        "monitoring": Monitoring(
            project_id=project, period=period, strata=(Stratum(id="A"),), measurements=()
        ),
        "quantification": quantification,
        "findings": (),
    }
    return sealed(MonitoringReport(**{**fields, **changes}))


class Clock:
    """Stamps with a key of their own and a time one minute later each."""

    def __init__(self):
        self.count = itertools.count(1)

    def by(self, actor, key=None, **more):
        step = next(self.count)
        at = EPOCH + dt.timedelta(minutes=step)
        return Stamp(actor=actor, key=key or f"key-{step}", at=at, **more)


def found(place, *, buffer_ppm=200_000, drafts=False, journal="delete"):
    founding = Founding(
        name="Test registry",
        name_zh="测试登记簿",
        code="TEST",
        operator=Party(id="operator", name="Operator", name_zh="登记机构"),
        policy=Policy(buffer_share_ppm=buffer_ppm, allow_unverified_parameters=drafts),
    )
    return Registry.create(place, founding, SIGNER, at=EPOCH, journal=journal)


def with_parties(place, **policy):
    registry, clock = found(place, **policy), Clock()
    for name, roles in ROLES.items():
        registry.register_party(clock.by("operator"), Party(id=name, name=name.title()), roles)
    return registry, clock


def register(registry, clock, report):
    project = report.project.id
    registry.propose_project(clock.by("proponent"), report.project)
    registry.validate_project(clock.by("validator"), project, statement=STATEMENT)
    registry.register_project(clock.by("operator"), project)


def verify(registry, clock, report):
    registry.submit_report(clock.by("proponent"), report)
    registry.verify_report(clock.by("verifier"), report.seal, statement=STATEMENT)


def issue(registry, clock, report):
    """From a registered project to credits; the receipt of the issuance."""
    verify(registry, clock, report)
    registry.propose_issuance(clock.by("operator"), report.seal)
    registry.approve_issuance(clock.by("approver"), report.seal)
    return registry.issue(clock.by("operator"), report.seal)


def issued(place, report=None, **policy):
    """A signed registry in which a report was issued; ``proponent`` holds the credits."""
    registry, clock = with_parties(place, **policy)
    report = report or make_report()
    register(registry, clock, report)
    issue(registry, clock, report)
    registry.sign_checkpoint(clock.by("operator").at)
    return registry, clock


def defects(registry):
    """What the invariants say of the registry once its log is signed."""
    registry.sign_checkpoint(EPOCH + dt.timedelta(days=1))
    return check_invariants(registry.place, SIGNER.public_key)


def held(registry, account):
    return sum(b.quantity for b in registry.balances() if b.account == account)


def make_section(**changes):
    def party(name):
        return {"id": name, "name": name.title(), "name_zh": f"示范{name}"}

    fields = {
        "name": "Demonstration register",
        "name_zh": "示范登记簿",
        "clock": "2025-03-03T09:00:00+08:00",
        "signing_seed": "not a secret",
        "buffer_share": 0.2,
        **{role: party(f"demo-{role}") for role in ("operator", *list(ROLES)[:5])},
        "transfer": {"to": "demo-buyer", "tco2e": 500},
        "retirement": {
            "by": "demo-buyer",
            "tco2e": 120,
            "beneficiary": "广东示范 Company <b>&",
            "purpose": "2024年度自愿抵销",
        },
    }
    return RegistrySection.model_validate({**fields, **changes})


def kept(databases, registry, clock):
    """A closed registry to copy from, and where its clock stands."""
    registry.close()
    return databases.keep(registry.place), next(clock.count)


class Ready:
    """A registry with credits in it, and a clock that goes on where its events end.

    Each write is signed at once, so that the log is at rest whenever a test looks at it.
    """

    def __init__(self, registry, clock, databases=None):
        self.registry, self.clock, self.databases = registry, clock, databases
        self.place = registry.place

    @classmethod
    def copied(cls, databases, template):
        """``template`` is what :func:`kept` gave."""
        content, steps = template
        clock = Clock()
        clock.count = itertools.count(steps)
        return cls(Registry(databases.copy(content), signer=SIGNER), clock, databases)

    def close(self):
        self.registry.close()
        self.databases.drop(self.place)

    def tamper(self, *statements):
        self.databases.tamper(self.place, *statements)

    def transfer(self, source, target, quantity=None, serial=None, key=None, sign=True):
        stamp = self.clock.by(source, key)
        receipt = self.registry.transfer(
            stamp, source=source, target=target, quantity=quantity, serial=serial
        )
        if sign:
            self.registry.sign_checkpoint(stamp.at)
        return receipt

    def retire(self, account, quantity=None, serial=None, key=None, sign=True, **use):
        fields = {"beneficiary": "Company 公司", "purpose": "offset 抵销", "usage_year": 2024}
        stamp = self.clock.by(account, key)
        use = Retirement(**{**fields, **use})
        receipt = self.registry.retire(
            stamp, use, account=account, quantity=quantity, serial=serial
        )
        if sign:
            self.registry.sign_checkpoint(stamp.at)
        return receipt

    def held(self, account):
        return held(self.registry, account)

    def certificate(self, quantity=120):
        """A retirement of ``proponent`` with its certificate, and a few events after it."""
        receipt = self.retire("proponent", quantity, statement="for good", sign=False)
        self.transfer("proponent", "buyer", 5, sign=False)
        self.registry.sign_checkpoint(self.clock.by("operator").at)
        return self.registry.retirement_certificate(receipt.sequence)
