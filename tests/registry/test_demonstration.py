"""The demonstration: one call, the same bytes every time, nothing half-written."""

import pickle
import sqlite3

import pytest
from support.ledger_kit import make_report, make_section

from bluecarbon.registry import errors
from bluecarbon.registry.certificate import verify_certificate
from bluecarbon.registry.demonstration import run_demonstration
from bluecarbon.registry.invariants import check_invariants

FILES = {"registry.db", "certificate.json", "certificate.html", "registry_public_key.pem"}


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


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"name": " "}, "name"),
        ({"name_zh": "a\x00b"}, "name_zh"),
        ({"clock": "monday"}, "clock"),
        ({"clock": "2025-03-03T09:00:00"}, "clock"),
        ({"clock": "0001-01-01T00:00:00+08:00"}, "clock"),
        ({"clock": "9999-12-31T23:59:00-08:00"}, "clock"),
        ({"clock": "9999-12-31T23:59:00+00:00"}, "clock"),
        ({"clock": "2022-12-31T09:00:00+00:00"}, "clock"),
        ({"signing_seed": " \n"}, "signing_seed"),
        ({"buffer_share": 1 / 3}, "buffer_share"),
        ({"operator": {"id": "@retirement", "name": "x"}}, "operator"),
        ({"operator": {"id": "x", "name": "x", "name_zh": "\x00"}}, "operator"),
        ({"approver": {"id": "demo-operator", "name": "x"}}, "approver"),
        ({"validator": {"id": "demo-proponent", "name": "x"}}, "validator"),
        ({"verifier": {"id": "demo-validator", "name": "x"}}, "verifier"),
        ({"buyer": {"id": "红", "name": "x"}}, "buyer"),
        ({"buyer": {"id": "b", "name": "x", "name_zh": "\x07"}}, "buyer"),
        ({"proponent": {"id": "p", "name": "x" * 3000}}, "proponent"),
        ({"transfer": {"to": "nobody", "tco2e": 1}}, "transfer"),
        ({"transfer": {"to": "demo-proponent", "tco2e": 1}}, "transfer"),
        ({"transfer": {"tco2e": 10**12}}, "transfer"),
        ({"retirement": {"by": "nobody", "tco2e": 1}}, "retirement"),
        ({"retirement": {"by": "demo-buyer", "tco2e": 501}}, "retirement"),
        ({"retirement": {"tco2e": 1, "beneficiary": "\x00"}}, "retirement"),
    ],
)
def test_a_refusal_names_the_key_of_the_section(tmp_path, change, place):
    with pytest.raises(errors.LedgerError) as refused:
        run_demonstration(make_report(), make_section(**change), tmp_path)
    assert f": registry.{place}: " in str(refused.value)
    assert f": registry.{place}: " in str(pickle.loads(pickle.dumps(refused.value)))
    assert not list(tmp_path.iterdir())


def test_a_refused_draft_names_the_key_that_allows_it(tmp_path):
    with pytest.raises(errors.UnverifiedParametersError, match=r"registry\.allow_unverified"):
        run_demonstration(make_report(status="unverified"), make_section(), tmp_path)
