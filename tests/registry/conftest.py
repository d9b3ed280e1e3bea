"""Registries to test with, on both databases; each kind is made once and copied."""

import contextlib
import functools

import pytest
from support.databases import KINDS, databases_of
from support.ledger_kit import Ready, issued, kept, make_report, make_section, with_parties

from bluecarbon.registry.demonstration import run_demonstration


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    """Databases and templates by kind, each made when it is first asked for, until the end.

    A parametrised fixture alone would be made anew whenever the kind changes.
    """
    with contextlib.ExitStack() as stack:

        def start(kind):
            folder = tmp_path_factory.mktemp("databases")
            return stack.enter_context(databases_of(kind, folder))

        yield functools.cache(start)


@pytest.fixture(scope="session", params=KINDS)
def databases(request, servers):
    """Where registries stand in this test: it runs once for each kind of database."""
    return servers(request.param)


@functools.cache
def issued_template(databases):
    return kept(databases, *issued(databases.new()))


@functools.cache
def signed_template(databases):
    ready = Ready.copied(databases, issued_template(databases))
    ready.transfer("proponent", "buyer", 400)
    ready.retire("buyer", 50)
    ready.registry.sign_checkpoint(ready.clock.by("operator").at)
    ready.transfer("buyer", "trader", 10)
    ready.registry.sign_checkpoint(ready.clock.by("operator").at)
    return kept(databases, ready.registry, ready.clock)


@functools.cache
def parties_template(databases):
    return kept(databases, *with_parties(databases.new()))


@pytest.fixture(scope="session")
def template(databases):
    return issued_template(databases)


@pytest.fixture(scope="session")
def traded_template(databases):
    return signed_template(databases)


@pytest.fixture
def opened(databases):
    """A registry with its parties and nothing else, and its clock."""
    made = Ready.copied(databases, parties_template(databases))
    yield made.registry, made.clock
    made.close()


@pytest.fixture
def ready(databases, template):
    """A registry in which 1001 credits were issued: 800 to ``proponent``, 201 to the buffer."""
    made = Ready.copied(databases, template)
    yield made
    made.close()


@pytest.fixture
def traded(databases, traded_template):
    """The same after a transfer of 400, a retirement of 50, a transfer of 10; all signed."""
    made = Ready.copied(databases, traded_template)
    yield made
    made.close()


@pytest.fixture(scope="session")
def shown(tmp_path_factory):
    """What the demonstration made; not to be changed."""
    folder = tmp_path_factory.mktemp("demonstration")
    return run_demonstration(make_report(), make_section(), folder)
