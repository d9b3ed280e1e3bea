"""Registries to test with; each kind is made once and copied."""

import pytest
from support.ledger_kit import Ready, issued, make_report, make_section, with_parties

from bluecarbon.registry.demonstration import run_demonstration


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("registry") / "template.db"
    registry, clock = issued(path)
    registry.close()
    return path.read_bytes(), next(clock.count)


@pytest.fixture(scope="session")
def traded_template(template, tmp_path_factory):
    ready = Ready.copied(*template, tmp_path_factory.mktemp("registry") / "traded.db")
    ready.transfer("proponent", "buyer", 400)
    ready.retire("buyer", 50)
    ready.registry.sign_checkpoint(ready.clock.by("operator").at)
    ready.transfer("buyer", "trader", 10)
    ready.registry.sign_checkpoint(ready.clock.by("operator").at)
    ready.registry.close()
    return ready.path.read_bytes(), next(ready.clock.count)


@pytest.fixture(scope="session")
def parties_template(tmp_path_factory):
    path = tmp_path_factory.mktemp("registry") / "parties.db"
    registry, clock = with_parties(path)
    registry.close()
    return path.read_bytes(), next(clock.count)


@pytest.fixture
def opened(parties_template, tmp_path):
    """A registry with its parties and nothing else, and its clock."""
    made = Ready.copied(*parties_template, tmp_path / "registry.db")
    yield made.registry, made.clock
    made.registry.close()


@pytest.fixture
def ready(template, tmp_path):
    """A registry in which 1001 credits were issued: 800 to ``proponent``, 201 to the buffer."""
    made = Ready.copied(*template, tmp_path / "registry.db")
    yield made
    made.registry.close()


@pytest.fixture
def traded(traded_template, tmp_path):
    """The same after a transfer of 400, a retirement of 50, a transfer of 10; all signed."""
    made = Ready.copied(*traded_template, tmp_path / "registry.db")
    yield made
    made.registry.close()


@pytest.fixture(scope="session")
def shown(tmp_path_factory):
    """What the demonstration made; not to be changed."""
    folder = tmp_path_factory.mktemp("demonstration")
    return run_demonstration(make_report(), make_section(), folder)
