"""Tampering with the triggers dropped: found by the invariant meant for it, and located."""

import pytest
from support.ledger_kit import SIGNER
from support.ledger_kit import found as founded

from bluecarbon.registry import ledger
from bluecarbon.registry.errors import DatabaseRefusedError
from bluecarbon.registry.identity import SigningIdentity
from bluecarbon.registry.invariant_queries import INVARIANTS
from bluecarbon.registry.invariants import check_invariants


@pytest.fixture
def sound(traded):
    return traded


def test_the_untouched_registry_is_sound(sound):
    assert check_invariants(sound.place, SIGNER.public_key) == ()
    assert check_invariants(sound.place) == ()


def broken(ready, key=SIGNER.public_key):
    return {finding.code: finding.message for finding in check_invariants(ready.place, key)}


TAMPERINGS = [
    (
        "UPDATE credit_block SET last = last - 1, quantity = quantity - 1 WHERE id = 1",
        "splits-tile",
    ),
    (
        (
            "UPDATE credit_block SET first = first + 1, quantity = quantity - 1"
            " WHERE closed_by IS NULL AND holder = 'buyer'"
        ),
        "blocks-tile",
    ),
    ("UPDATE credit_block SET last = last + 1 WHERE holder = '@retirement'", "block-counts"),
    ("UPDATE credit_block SET last = last + 1 WHERE holder = '@retirement'", "blocks-tile"),
    ("UPDATE credit_block SET holder = 'trader' WHERE holder = 'buyer'", "balances-agree"),
    ("UPDATE credit_block SET closed_by = 17 WHERE status = 'retired'", "retired-stays"),
    ("UPDATE credit_block SET closed_by = 18 WHERE id = 1", "closings-replay"),
    ("DELETE FROM credit_block WHERE status = 'retired'", "blocks-tile"),
    ("UPDATE posting SET quantity = quantity + 1 WHERE event = 16", "double-entry"),
    (
        "UPDATE posting SET account = 'trader' WHERE account = 'buyer' AND event = 16",
        "balances-agree",
    ),
    ("UPDATE party SET name = 'Somebody else' WHERE id = 'buyer'", "journal-replays"),
    ("DELETE FROM lifecycle WHERE state = 'verified'", "journal-replays"),
    ("INSERT INTO party_role VALUES ('buyer', 'approver', 5)", "journal-replays"),
    ("UPDATE project SET boundary_wkt = 'POLYGON EMPTY'", "journal-replays"),
    (
        "UPDATE event SET payload = replace(payload, '400', '401') WHERE sequence = 16",
        "leaf-hashes",
    ),
    ("UPDATE event SET payload = payload || ' ' WHERE sequence = 16", "leaf-hashes"),
    ("UPDATE event SET actor = 'trader' WHERE sequence = 16", "leaf-hashes"),
    ("UPDATE event SET recorded_at = '2020-01-01T00:00:00Z' WHERE sequence = 16", "journal-times"),
    ("UPDATE event SET effective_at = 'never' WHERE sequence = 16", "journal-times"),
    ("UPDATE event SET leaf = zeroblob(32) WHERE sequence = 16", "checkpoints-prefix"),
    ("UPDATE event SET sequence = 99 WHERE sequence = 18", "journal-gapless"),
    ("DELETE FROM event WHERE sequence = 18", "checkpoints-prefix"),
    ("UPDATE checkpoint SET root_sha256 = 'ab' WHERE tree_size = 17", "checkpoints-prefix"),
    ("UPDATE checkpoint SET at = '2020-01-01T00:00:00Z'", "checkpoints-signed"),
    ("UPDATE checkpoint SET signature = 'no'", "checkpoints-signed"),
    ("UPDATE issuance SET verified_g = verified_g + 1", "issued-within-verified"),
    ("UPDATE issuance SET issued = issued + 1", "issued-within-verified"),
    ("UPDATE verification SET verified_g = 5", "issued-within-verified"),
    ("UPDATE issuance SET buffer = 0", "buffer-share"),
    ("UPDATE issuance SET buffer_share_ppm = 0, buffer = 0", "buffer-share"),
    ("UPDATE approval SET approver = 'operator'", "four-eyes"),
    ("UPDATE verification SET verifier = 'validator'", "four-eyes"),
    ("DELETE FROM approval", "four-eyes"),
    (
        (
            "INSERT INTO issuance SELECT 'z', project, period_start, period_end, 0, 0, 0, 0, 0, 0,"
            " event FROM issuance"
        ),
        "issued-once",
    ),
    ("UPDATE batch SET vintage = 2018 WHERE id = 1", "issued-once"),
    ("UPDATE batch SET issued = issued + 1 WHERE id = 1", "balances-agree"),
    ("UPDATE report_document SET document = replace(document, '400.4', '400.5')", "reports-sealed"),
    ("UPDATE report_document SET document = 'gone'", "reports-sealed"),
    ("DELETE FROM idempotency WHERE event = 16", "answers-kept"),
    ("UPDATE idempotency SET request_sha256 = 'x' WHERE event = 16", "answers-kept"),
    ("UPDATE meta SET value = replace(value, '200000', '100000')", "charter-unchanged"),
    ("UPDATE meta SET value = '{}'", "charter-unchanged"),
    ("UPDATE meta SET value = value || ' '", "charter-unchanged"),
    ("INSERT INTO meta VALUES ('note', 'x')", "meta-known"),
    ("UPDATE report_document SET document = document || char(10)", "reports-sealed"),
    ("DELETE FROM report", "reports-sealed"),
    ("UPDATE idempotency SET answer = answer || ' '", "answers-kept"),
    (
        "UPDATE idempotency SET answer = replace(answer, '2025', '2020') WHERE event = 3",
        "answers-kept",
    ),
    (
        "UPDATE idempotency SET answer = replace(answer, 'transfer', 'retire') WHERE event = 16",
        "answers-kept",
    ),
    (
        "UPDATE idempotency SET answer = replace(answer, 'BC-', 'XX-') WHERE event = 15",
        "answers-kept",
    ),
    ("DELETE FROM checkpoint", "log-signed"),
    ("DELETE FROM checkpoint WHERE tree_size = 18", "log-signed"),
    ("UPDATE checkpoint SET signature = 'no' WHERE tree_size = 18", "log-signed"),
    ("UPDATE issuance SET period_end = '2026-01-01'", "issued-after-period"),
    ("UPDATE log_node SET hash = zeroblob(32) WHERE level = 2 AND position = 1", "log-nodes"),
    ("DELETE FROM log_node WHERE level = 3", "log-nodes"),
    ("DROP INDEX open_block_first", "schema-intact"),
    ("CREATE TABLE shadow (a integer)", "schema-intact"),
]


@pytest.mark.parametrize(("statement", "code"), TAMPERINGS, ids=lambda text: text[:60])
def test_tampering_is_found(sound, statement, code):
    if statement.startswith(("DROP", "CREATE")):
        sound.databases.run(sound.place, statement)
    else:
        sound.tamper(statement)
    found = broken(sound)
    assert code in found
    assert "broken at" in found[code]


def test_every_invariant_is_broken_by_some_tampering():
    assert {code for _, code in TAMPERINGS} == {invariant.code for invariant in INVARIANTS}


def test_a_defect_is_located(sound):
    sound.tamper("UPDATE party SET name = 'Somebody else' WHERE id = 'buyer'")
    assert "event 6: party" in broken(sound)["journal-replays"]
    sound.tamper("UPDATE event SET actor = 'trader' WHERE sequence = 16")
    assert "event 16" in broken(sound)["leaf-hashes"]


def test_a_registry_in_use_need_not_be_signed_to_its_last_event(sound):
    sound.transfer("proponent", "buyer", 1, sign=False)
    assert list(broken(sound)) == ["log-signed"]
    assert check_invariants(sound.place, SIGNER.public_key, at_rest=False) == ()
    sound.tamper("DELETE FROM checkpoint", "DELETE FROM log_node")
    found = check_invariants(sound.place, SIGNER.public_key, at_rest=False)
    assert [finding.code for finding in found] == ["log-signed"]


def test_a_new_registry_has_nothing_to_sign(databases):
    place = databases.new()
    founded(place).close()
    assert check_invariants(place) == ()


def test_a_dropped_trigger_is_found(sound):
    name, place = {
        "sqlite": ("block_overlaps", ""),
        "postgresql": ("credit_block_insert", " ON credit_block"),
    }[sound.databases.kind]
    sound.databases.run(sound.place, f"DROP TRIGGER {name}{place}")
    assert f"trigger {name} is missing" in broken(sound)["schema-intact"]


def test_a_missing_table_breaks_what_needs_it_and_nothing_crashes(sound):
    sound.databases.run(sound.place, "DROP TABLE checkpoint")
    found = broken(sound)
    assert {"schema-intact", "checkpoints-prefix"} <= set(found)
    assert "cannot be checked" in found["checkpoints-prefix"]


def test_a_consistent_rewrite_is_found_by_the_signed_checkpoint(sound):
    """An operator who rewrites an event, its leaf and its answer still has to sign anew."""
    ((payload,),) = sound.databases.query(
        sound.place, "SELECT payload FROM event WHERE sequence = 17"
    )
    event = sound.registry.event(17)
    facts = {**event.payload["facts"], "beneficiary": "Another"}
    forged = event.model_copy(update={"payload": {**event.payload, "facts": facts}})
    text = payload.replace("Company 公司", "Another")
    sound.tamper(
        f"UPDATE event SET payload = '{text}', leaf = x'{forged.leaf.hex()}' WHERE sequence = 17",
        f"UPDATE idempotency SET answer = replace(answer, '{event.leaf.hex()}',"
        f" '{forged.leaf.hex()}') WHERE event = 17",
    )
    found = broken(sound)
    assert set(found) == {"checkpoints-prefix", "log-nodes"}
    assert "checkpoint 17" in found["checkpoints-prefix"]


def test_an_exchanged_key_is_found_by_who_knows_the_right_one(sound):
    other = SigningIdentity.from_seed("another").public_key
    assert {"registry-other-key", "checkpoints-signed"} <= set(broken(sound, other))


@pytest.mark.parametrize("content", [None, b"", b"text" * 500])
def test_what_is_no_registry_is_one_finding(tmp_path, content):
    path = tmp_path / "x.db"
    if content is not None:
        path.write_bytes(content)
    assert [f.code for f in check_invariants(path)] == ["registry-unreadable"]
    assert path.exists() == (content is not None)


def off_by_one(whole, part):
    """A split that forgets one serial (it leaves a gap above the part)."""
    from bluecarbon.registry.domain import Range

    below = Range(whole.first, part.first - 1) if part.first > whole.first else None
    above = Range(part.last + 2, whole.last) if part.last + 1 < whole.last else None
    return below, above


def overlapping(whole, part):
    """A split whose rest begins at the last serial of the part."""
    from bluecarbon.registry.domain import Range

    below = Range(whole.first, part.first - 1) if part.first > whole.first else None
    above = Range(part.last, whole.last) if part.last < whole.last else None
    return below, above


@pytest.mark.parametrize("mutant", [off_by_one, overlapping])
def test_a_wrong_split_is_stopped_before_it_is_written(sound, monkeypatch, mutant):
    before = sound.registry.blocks()
    monkeypatch.setattr("bluecarbon.registry.domain.split", mutant)
    with pytest.raises(DatabaseRefusedError):
        sound.transfer("proponent", "buyer", 3)
    assert sound.registry.blocks() == before
    assert broken(sound) == {}


@pytest.mark.parametrize("mutant", [off_by_one, overlapping])
def test_a_wrong_split_that_was_written_is_found(sound, monkeypatch, mutant):
    """With the writer's own check and the triggers out of the way, the invariants see it."""
    monkeypatch.setattr("bluecarbon.registry.domain.split", mutant)
    monkeypatch.setattr(ledger, "check_movement", lambda *_: None)
    sound.databases.disarm(sound.place)
    sound.transfer("proponent", "buyer", 3)
    found = broken(sound)
    assert {"blocks-tile", "splits-tile", "balances-agree"} <= set(found)
