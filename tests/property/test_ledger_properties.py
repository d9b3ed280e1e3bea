"""The ledger against a model that knows only one fact per credit: who holds it.

Hypothesis makes up transfers and retirements, allowed and not; after each step the registry's
blocks are compared with the model, credit by credit, and the invariants are asked.
"""

import itertools

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.databases import KINDS, databases_of
from support.ledger_kit import SIGNER, Ready, issued, kept, make_report

from bluecarbon.registry import domain, errors, ledger
from bluecarbon.registry.domain import Range
from bluecarbon.registry.invariants import check_invariants
from bluecarbon.registry.serials import Serial, parse

ACCOUNTS = ("proponent", "buyer", "trader")
RETIRED = "@retirement"
# A look at a server takes longer than one at a file, so PostgreSQL gets fewer examples.
SETTINGS = {
    kind: settings(
        max_examples=examples,
        stateful_step_count=20,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    for kind, examples in {"sqlite": 30, "postgresql": 8}.items()
}

accounts = st.sampled_from(ACCOUNTS)
places = st.integers(0, 40)


@pytest.fixture(scope="module", params=KINDS)
def databases(request, tmp_path_factory):
    with databases_of(request.param, tmp_path_factory.mktemp("databases")) as made:
        yield made


@pytest.fixture(scope="module")
def template(databases):
    """A registry with 18 + 14 credits of two vintages, a quarter of them in the buffer."""
    report = make_report({"2020": 18.0, "2021": 14.0})
    return kept(databases, *issued(databases.new(), report, buffer_ppm=250_000))


class LedgerMachine(RuleBasedStateMachine):
    databases = template = None

    @initialize()
    def start(self):
        self.ready = Ready.copied(self.databases, self.template)
        self.holder = {}
        self.answers = []
        for block in self.ready.registry.blocks():
            for credit in credits_of(block.serial):
                self.holder[credit] = block.holder
        self.batches = sorted({batch for batch, _ in self.holder})

    def teardown(self):
        if hasattr(self, "ready"):
            self.ready.close()

    def owned(self, account):
        """The credits of an account, oldest first: batches sort by vintage."""
        return sorted(credit for credit, holder in self.holder.items() if holder == account)

    def settle(self, act, source, target, wanted):
        """Do it when the model allows it, and expect a refusal when it does not."""
        if wanted and set(wanted) <= set(self.owned(source)) and source != target:
            receipt = act()
            moved = [credit for serial in receipt.serials for credit in credits_of(serial)]
            assert moved == wanted
            self.holder.update(dict.fromkeys(wanted, target))
            self.answers.append((act, receipt))
        else:
            with pytest.raises(errors.LedgerError):
                act()

    def by_quantity(self, source, quantity):
        owned = self.owned(source)
        return owned[:quantity] if len(owned) >= quantity else []

    def chosen(self, place, length, which):
        """A range of serials, held by anybody or nobody, with its credits."""
        batch = self.batches[which % len(self.batches)]
        serial = Serial(batch=batch, first=place + 1, last=place + length)
        return str(serial), list(credits_of(str(serial)))

    def act(self, method, *arguments, **options):
        """The same request each time it is called: a retry has the same key."""
        key = f"request-{len(self.answers)}-{next(self.ready.clock.count)}"
        return lambda: method(*arguments, key=key, **options)

    @rule(source=accounts, to=accounts, quantity=st.integers(1, 30))
    def transfer_quantity(self, source, to, quantity):
        act = self.act(self.ready.transfer, source, to, quantity)
        self.settle(act, source, to, self.by_quantity(source, quantity))

    @rule(
        source=accounts,
        to=accounts,
        place=places,
        length=st.integers(1, 6),
        which=st.integers(0, 1),
    )
    def transfer_serials(self, source, to, place, length, which):
        serial, wanted = self.chosen(place, length, which)
        act = self.act(self.ready.transfer, source, to, serial=serial)
        self.settle(act, source, to, wanted)

    @rule(account=accounts, quantity=st.integers(1, 8))
    def retire_quantity(self, account, quantity):
        act = self.act(self.ready.retire, account, quantity)
        self.settle(act, account, RETIRED, self.by_quantity(account, quantity))

    @rule(account=accounts, place=places, length=st.integers(1, 3), which=st.integers(0, 1))
    def retire_serials(self, account, place, length, which):
        serial, wanted = self.chosen(place, length, which)
        act = self.act(self.ready.retire, account, serial=serial)
        self.settle(act, account, RETIRED, wanted)

    @rule(
        account=accounts,
        quantity=st.one_of(
            st.integers(max_value=0), st.floats(), st.booleans(), st.integers(min_value=2**53)
        ),
    )
    def refuse_what_is_no_quantity(self, account, quantity):
        with pytest.raises(errors.QuantityError):
            self.ready.transfer(account, "buyer", quantity)
        with pytest.raises(errors.QuantityError):
            self.ready.retire(account, quantity)

    @precondition(lambda self: self.answers)
    @rule(data=st.data())
    def retry(self, data):
        act, receipt = data.draw(st.sampled_from(self.answers))
        assert act() == receipt

    @invariant()
    def the_registry_agrees_with_the_model(self):
        if not hasattr(self, "ready"):
            return
        found = {}
        for block in self.ready.registry.blocks():
            for credit in credits_of(block.serial):
                assert credit not in found
                found[credit] = block.holder
        assert found == self.holder
        assert check_invariants(self.ready.place, SIGNER.public_key) == ()


def credits_of(serial):
    parsed = parse(serial)
    return [(parsed.batch, number) for number in range(parsed.first, parsed.last + 1)]


@pytest.fixture
def machine(databases, template):
    """The machine on one kind of database, and how long it may run."""
    made = type("Machine", (LedgerMachine,), {"databases": databases, "template": template})
    return made, SETTINGS[databases.kind]


def test_the_ledger_follows_the_model(machine):
    run_state_machine_as_test(machine[0], settings=machine[1])


def gap(whole, part):
    """Off by one: the serial after the part is lost."""
    below = Range(whole.first, part.first - 1) if part.first > whole.first else None
    above = Range(part.last + 2, whole.last) if part.last + 1 < whole.last else None
    return below, above


def twice(whole, part):
    """Off by one: the last serial of the part is in the rest as well."""
    below = Range(whole.first, part.first - 1) if part.first > whole.first else None
    above = Range(part.last, whole.last) if part.last < whole.last else None
    return below, above


@pytest.mark.parametrize("mutant", [gap, twice])
def test_an_off_by_one_in_splitting_does_not_get_past_the_database(monkeypatch, machine, mutant):
    monkeypatch.setattr(domain, "split", mutant)
    # That it is refused is the point, not the shortest way to get there.
    quick = settings(machine[1], phases=[Phase.generate])
    with pytest.raises(errors.DatabaseRefusedError):
        run_state_machine_as_test(machine[0], settings=quick)


def test_an_off_by_one_in_splitting_does_not_get_past_the_invariants(
    monkeypatch, databases, template
):
    """The writer's own check is taken away: what it would have stopped is found afterwards."""
    monkeypatch.setattr(domain, "split", gap)
    monkeypatch.setattr(ledger, "check_movement", lambda *_: None)
    ready = Ready.copied(databases, template)
    codes = []
    for quantity in itertools.count(1):
        assert quantity < 5, "the mutant went unnoticed"
        ready.transfer("proponent", "buyer", quantity)
        codes = [finding.code for finding in check_invariants(ready.place)]
        if codes:
            break
    assert {"blocks-tile", "splits-tile", "balances-agree"} <= set(codes)
    ready.close()
