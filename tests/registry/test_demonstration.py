"""The demonstration and the commands: one call, the same bytes every time, nothing half-written."""

import sqlite3

import pytest
import typer
from support.ledger_kit import make_report, make_section
from typer.testing import CliRunner

from bluecarbon.cli.registry_commands import certificate_app, registry_app
from bluecarbon.registry import errors
from bluecarbon.registry.certificate import verify_certificate
from bluecarbon.registry.demonstration import run_demonstration
from bluecarbon.registry.invariant_queries import INVARIANTS
from bluecarbon.registry.invariants import check_invariants

FILES = {"registry.db", "certificate.json", "certificate.html", "registry_public_key.pem"}


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demonstration")
    return run_demonstration(make_report(), make_section(), folder)


def test_what_it_makes(shown):
    assert {path.name for path in shown.database.parent.iterdir()} == FILES
    assert shown.issued_by_vintage == {"2020": 400, "2021": 300, "2022": 301}
    assert (shown.issued, shown.buffer, shown.carried_out_g) == (1001, 201, 200_000)
    assert shown.balance_by_account == {
        "@buffer-pool": 201,
        "@retirement": 120,
        "demo-buyer": 380,
        "demo-proponent": 300,
    }
    assert shown.events == 16
    assert check_invariants(shown.database, shown.public_key) == ()
    assert verify_certificate(shown.certificate_json, shown.public_key) == ()


def test_the_database_is_one_file(shown):
    connection = sqlite3.connect(shown.database)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    connection.close()


def test_the_same_bytes_again_and_over_an_earlier_one(shown, tmp_path):
    for _ in range(2):
        again = run_demonstration(make_report(), make_section(), tmp_path)
        for field in ("certificate_json", "certificate_html", "public_key", "database"):
            assert getattr(again, field).read_bytes() == getattr(shown, field).read_bytes()
        assert again.checkpoint_root_sha256 == shown.checkpoint_root_sha256


def test_the_certificate_follows_clock_and_seed(shown, tmp_path):
    for change in ({"clock": "2025-03-04T09:00:00+08:00"}, {"signing_seed": "other"}):
        other = run_demonstration(make_report(), make_section(**change), tmp_path)
        assert other.certificate_json.read_bytes() != shown.certificate_json.read_bytes()


@pytest.mark.parametrize(
    ("report", "section", "error"),
    [
        ({"claim": {"2020": 30.0}}, {}, errors.InsufficientBalanceError),
        ({"status": "unverified"}, {}, errors.UnverifiedParametersError),
        ({"quantification": None}, {}, errors.NoQuantificationError),
        ({}, {"clock": "2025-03-03T09:00:00"}, errors.TimeError),
        ({}, {"clock": "monday"}, errors.TimeError),
        ({}, {"transfer": {"to": "nobody", "tco2e": 1}}, errors.UnknownAccountError),
        ({}, {"retirement": {"by": "demo-buyer", "tco2e": 501}}, errors.InsufficientBalanceError),
    ],
)
def test_a_refusal_leaves_the_folder_as_it_was(tmp_path, report, section, error):
    (tmp_path / "registry.db").write_bytes(b"of an earlier run")
    with pytest.raises(error):
        run_demonstration(make_report(**report), make_section(**section), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["registry.db"]
    assert (tmp_path / "registry.db").read_bytes() == b"of an earlier run"


@pytest.fixture
def command(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    app = typer.Typer()
    app.add_typer(registry_app, name="registry")
    app.add_typer(certificate_app, name="certificate")
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def copied(shown, tmp_path):
    for path in shown.database.parent.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def test_registry_verify(command, copied):
    done = command("registry", "verify", copied / "registry.db")
    assert done.exit_code == 0, done.output
    for invariant in INVARIANTS:
        assert invariant.code in done.output
    assert "成立" in done.output
    assert "FAILED" not in done.output


def test_registry_verify_names_what_is_broken(command, copied):
    with sqlite3.connect(copied / "registry.db") as connection:
        connection.execute("DROP TRIGGER event_no_update")
        connection.execute('DROP TRIGGER "event_no_delete"')
        connection.execute("UPDATE event SET actor = 'x' WHERE sequence = 9")
    connection.close()
    done = command("registry", "verify", copied / "registry.db")
    assert done.exit_code == 1
    assert "leaf-hashes" in done.output
    assert "event 9" in done.output
    assert "FAILED 不成立" in done.output


@pytest.mark.parametrize("content", [None, b"no registry"])
def test_registry_verify_of_something_else(command, tmp_path, content):
    path = tmp_path / "x.db"
    if content:
        path.write_bytes(content)
    done = command("registry", "verify", path)
    assert done.exit_code == 1
    assert "registry-unreadable" in done.output
    assert command("registry", "balances", path).exit_code == 1


def test_balances_and_history(command, shown):
    done = command("registry", "balances", shown.database)
    assert done.exit_code == 0
    assert "@buffer-pool" in done.output
    done = command("registry", "history", shown.database, shown.retirement_serials[0])
    assert done.exit_code == 0
    assert [word in done.output for word in ("issue", "transfer", "retire")] == [True] * 3
    done = command("registry", "history", shown.database, "BC-1")
    assert done.exit_code == 1
    assert "serial-invalid" in done.output


def test_certificate_verify(command, copied, tmp_path_factory):
    file = copied / "certificate.json"
    assert command("certificate", "verify", file).exit_code == 0
    file.write_bytes(file.read_bytes().replace(b'"quantity":120', b'"quantity":190', 1))
    done = command("certificate", "verify", file)
    assert done.exit_code == 1
    assert "certificate-digest" in done.output
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "c.json"
    elsewhere.write_bytes((copied / "certificate.json").read_bytes())
    assert command("certificate", "verify", elsewhere).exit_code == 1
    key = copied / "registry_public_key.pem"
    key.write_bytes(b"no key")
    done = command("certificate", "verify", elsewhere, "--public-key", key)
    assert done.exit_code == 1
    assert "signing-refused" in done.output
