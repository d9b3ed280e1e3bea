"""The commands: what they print, and 0, 1 or 2 for sound, wrong and refused."""

import sqlite3

import pytest
import typer
from support.databases import tamper
from typer.testing import CliRunner

from bluecarbon.cli.registry_commands import certificate_app, registry_app
from bluecarbon.registry.identity import fingerprint, load_public_key
from bluecarbon.registry.invariant_queries import INVARIANTS

SAME_FOLDER = "key from the same folder: compare its fingerprint"


@pytest.fixture
def command(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    app = typer.Typer()
    app.add_typer(registry_app, name="registry")
    app.add_typer(certificate_app, name="certificate")

    def run(*words):
        done = CliRunner().invoke(app, [str(word) for word in words])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    return run


@pytest.fixture
def copied(shown, tmp_path):
    for path in shown.database.parent.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def edit(path, old, new):
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))


def test_registry_verify(command, copied):
    done = command("registry", "verify", copied / "registry.db")
    assert done.exit_code == 0, done.output
    for invariant in INVARIANTS:
        assert invariant.code in done.output
    assert "成立" in done.output
    assert "FAILED" not in done.output
    assert "certificate.json: agrees with the log" in done.output
    key = load_public_key(copied / "registry_public_key.pem")
    assert fingerprint(key) in done.output
    assert SAME_FOLDER in done.output
    assert "公钥取自同一文件夹" in done.output


def test_registry_verify_says_where_its_key_is_from(command, copied, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("trusted") / "key.pem"
    (copied / "registry_public_key.pem").rename(elsewhere)
    done = command("registry", "verify", copied / "registry.db")
    assert done.exit_code == 0
    assert "key from the registry itself" in done.output
    done = command("registry", "verify", copied / "registry.db", "--public-key", elsewhere)
    assert done.exit_code == 0
    assert "compare its fingerprint" not in done.output
    assert fingerprint(load_public_key(elsewhere)) in done.output


def test_registry_verify_names_what_is_broken(command, copied):
    tamper(copied / "registry.db", "UPDATE event SET actor = 'x' WHERE sequence = 9")
    done = command("registry", "verify", copied / "registry.db")
    assert done.exit_code == 1
    assert "leaf-hashes" in done.output
    assert "event 9" in done.output
    assert "FAILED 不成立" in done.output


def test_registry_verify_finds_an_erased_retirement(command, copied):
    path = copied / "registry.db"
    tamper(
        path,
        "DELETE FROM checkpoint",
        "DELETE FROM credit_block WHERE opened_by = 16",
        "UPDATE credit_block SET closed_by = NULL WHERE closed_by = 16",
        "DELETE FROM posting WHERE event = 16",
        "DELETE FROM idempotency WHERE event = 16",
        "DELETE FROM event WHERE sequence = 16",
    )
    done = command("registry", "verify", path)
    assert done.exit_code == 1
    assert all(code in done.output for code in ("log-signed", "kept-log-cut", "kept-event-missing"))
    (copied / "certificate.json").unlink()
    done = command("registry", "verify", path)
    assert done.exit_code == 1
    assert "log-signed" in done.output


def test_checkpoints_are_not_deleted(copied):
    connection = sqlite3.connect(copied / "registry.db")
    with pytest.raises(sqlite3.IntegrityError, match="checkpoint-no-delete"):
        connection.execute("DELETE FROM checkpoint")
    connection.close()


def test_a_checkpoint_is_printed_kept_and_compared(command, copied, tmp_path_factory):
    kept = tmp_path_factory.mktemp("kept") / "checkpoint.json"
    done = command("registry", "checkpoint", copied / "registry.db")
    kept.write_text(done.stdout, encoding="utf-8")
    words = ("registry", "verify", copied / "registry.db", "--checkpoint", kept)
    done = command(*words, "--certificate", copied / "certificate.json")
    assert done.exit_code == 0, done.output
    assert "checkpoint.json: agrees with the log" in done.output
    edit(kept, b'"tree_size":16', b'"tree_size":17')
    assert command(*words).exit_code == 1


def test_a_registry_in_use_is_verified_as_such(command, ready):
    ready.transfer("proponent", "buyer", 1, sign=False)
    assert command("registry", "verify", ready.place).exit_code == 1
    assert command("registry", "verify", ready.place, "--live").exit_code == 0


def test_a_registry_without_a_checkpoint_has_none_to_print(command, opened):
    registry, _ = opened
    done = command("registry", "checkpoint", registry.place)
    assert done.exit_code == 2
    assert "checkpoint-missing" in done.output


@pytest.mark.parametrize("content", [None, "folder", b"", b"no registry" * 200])
def test_what_is_no_registry_is_refused(command, tmp_path, content):
    path = tmp_path / "x.db"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    done = command("registry", "verify", path)
    assert done.exit_code == 2
    assert "registry-unreadable" in done.output
    assert command("registry", "balances", path).exit_code == 2
    assert command("registry", "history", path, "BC-1").exit_code == 2
    assert command("registry", "checkpoint", path).exit_code == 2


@pytest.mark.parametrize("content", [None, "folder", b"no key"])
def test_a_bad_key_is_refused_in_right_words(command, shown, tmp_path, content):
    key = tmp_path / "key.pem"
    if content == "folder":
        key.mkdir()
    elif content is not None:
        key.write_bytes(content)
    for words in (("registry", "verify", shown.database), ("certificate", "verify")):
        file = () if len(words) == 3 else (shown.certificate_json,)
        done = command(*words, *file, "--public-key", key)
        assert done.exit_code == 2
        assert "public-key-invalid" in done.output
        assert "cannot sign" not in done.output


def test_evidence_that_cannot_be_read_is_refused(command, shown, tmp_path):
    for option in ("--certificate", "--checkpoint"):
        done = command("registry", "verify", shown.database, option, tmp_path / "none.json")
        assert done.exit_code == 2
        assert "evidence-unreadable" in done.output


def test_balances_and_history(command, shown):
    done = command("registry", "balances", shown.database)
    assert done.exit_code == 0
    assert "@buffer-pool" in done.output
    done = command("registry", "history", shown.database, shown.retirement_serials[0])
    assert done.exit_code == 0
    assert [word in done.output for word in ("issue", "transfer", "retire")] == [True] * 3
    done = command("registry", "history", shown.database, "BC-1")
    assert done.exit_code == 2
    assert "serial-invalid" in done.output


def test_certificate_verify(command, copied):
    file = copied / "certificate.json"
    done = command("certificate", "verify", file)
    assert done.exit_code == 0
    assert "certificate.html: the page of this certificate" in done.output
    assert fingerprint(load_public_key(copied / "registry_public_key.pem")) in done.output
    assert SAME_FOLDER in done.output
    edit(file, b'"quantity":120', b'"quantity":190')
    done = command("certificate", "verify", file)
    assert done.exit_code == 1
    assert "certificate-digest" in done.output


def test_certificate_verify_without_a_page_or_with_a_key_from_elsewhere(command, copied, tmp_path):
    trusted = tmp_path / "trusted"
    trusted.mkdir()
    (copied / "registry_public_key.pem").rename(trusted / "key.pem")
    (copied / "certificate.html").unlink()
    file = copied / "certificate.json"
    assert command("certificate", "verify", file).exit_code == 2
    done = command("certificate", "verify", file, "--public-key", trusted / "key.pem")
    assert done.exit_code == 0
    assert "compare its fingerprint" not in done.output
    assert "page" not in done.output


def test_a_changed_page_is_named(command, copied):
    page = copied / "certificate.html"
    edit(page, b"<strong>120</strong>", b"<strong>990</strong>")
    done = command("certificate", "verify", copied / "certificate.json")
    assert done.exit_code == 1
    assert "certificate-page-differs certificate.html" in done.output
    # With the certificate under a name of its own, the usual page is still its page.
    (copied / "certificate.json").rename(copied / "mine.json")
    assert command("certificate", "verify", copied / "mine.json").exit_code == 1
    page.rename(copied / "mine.html")
    assert "mine.html" in command("certificate", "verify", copied / "mine.json").output


def test_a_page_that_cannot_be_read_is_named(command, copied):
    (copied / "certificate.html").unlink()
    (copied / "certificate.html").mkdir()
    done = command("certificate", "verify", copied / "certificate.json")
    assert done.exit_code == 1
    assert "certificate-page-differs" in done.output


@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_a_certificate_that_cannot_be_read_is_refused(command, copied, kind):
    path = copied / "x.json"
    if kind == "folder":
        path.mkdir()
    done = command("certificate", "verify", path)
    assert done.exit_code == 2
    assert "certificate-unreadable" in done.output


def test_names_are_not_markup(command, copied):
    """In markup ``[red]`` vanishes and ``[/red]`` alone is an error; here both are only names."""
    for suffix in (".json", ".html"):
        (copied / "certificate").with_suffix(suffix).rename(copied / f"[red]x{suffix}")
    done = command("certificate", "verify", copied / "[red]x.json")
    assert done.exit_code == 0
    assert "[red]x.json" in done.output
    assert "[red]x.html" in done.output
    edit(copied / "[red]x.json", b'"quantity":120', b'"quantity":190')
    assert "[red]x.json" in command("certificate", "verify", copied / "[red]x.json").output
    path = copied / "registry.db"
    tamper(path, "UPDATE credit_block SET holder = '[/red]' WHERE holder = 'demo-buyer'")
    for words in (("balances", path), ("verify", path)):
        done = command("registry", *words)
        assert done.exit_code in {0, 1}
        assert "[/red]" in done.output
