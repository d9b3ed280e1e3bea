"""A log that was cut back or rewritten, against the papers that were given away before."""

import pytest
from support.ledger_kit import SIGNER

from bluecarbon.provenance import canonical_json
from bluecarbon.registry import errors
from bluecarbon.registry.audit_log import sign_checkpoint
from bluecarbon.registry.certificate import certificate_bytes
from bluecarbon.registry.identity import SigningIdentity
from bluecarbon.registry.invariants import check_invariants

KEY = SIGNER.public_key


@pytest.fixture
def kept(ready, tmp_path):
    """A registry whose last event is a retirement; certificate and checkpoint lie elsewhere."""
    receipt = ready.retire("proponent", 120)
    certificate, checkpoint = tmp_path / "c.json", tmp_path / "p.json"
    made = ready.registry.retirement_certificate(receipt.sequence)
    certificate.write_bytes(certificate_bytes(made))
    checkpoint.write_bytes(canonical_json(ready.registry.checkpoints()[-1]))
    return ready, receipt.sequence, certificate, checkpoint


def erase(ready, sequence, *, checkpoints):
    """Undo the last event with all its rows, and forget the checkpoints that knew of it."""
    ready.tamper(
        f"DELETE FROM checkpoint WHERE {checkpoints}",
        f"DELETE FROM credit_block WHERE opened_by = {sequence}",
        f"UPDATE credit_block SET closed_by = NULL WHERE closed_by = {sequence}",
        f"DELETE FROM posting WHERE event = {sequence}",
        f"DELETE FROM idempotency WHERE event = {sequence}",
        f"DELETE FROM event WHERE sequence = {sequence}",
        "DELETE FROM log_node WHERE (position + 1) << CAST(level AS integer)"
        " > coalesce((SELECT max(tree_size) FROM checkpoint), 0)",
    )


def codes(path, **kept):
    return [finding.code for finding in check_invariants(path, KEY, **kept)]


def test_what_was_kept_agrees_with_an_honest_log(kept):
    ready, _, certificate, checkpoint = kept
    ready.transfer("proponent", "buyer", 5)
    assert codes(ready.place, certificates=[certificate], checkpoints=[checkpoint]) == []


def test_an_erased_retirement_leaves_the_log_unsigned(kept):
    ready, sequence, *_ = kept
    erase(ready, sequence, checkpoints="tree_size > 0")
    assert ready.held("@retirement") == 0
    assert codes(ready.place) == ["log-signed"]
    assert check_invariants(ready.place)[0].code == "log-signed"


def test_a_log_cut_back_to_an_old_checkpoint_is_found_by_who_kept_something(kept):
    ready, sequence, certificate, checkpoint = kept
    erase(ready, sequence, checkpoints=f"tree_size >= {sequence}")
    # Sound in itself: this is why papers are given away.
    assert codes(ready.place) == []
    assert codes(ready.place, checkpoints=[checkpoint]) == ["kept-log-cut"]
    found = check_invariants(ready.place, KEY, certificates=[certificate])
    assert [f.code for f in found] == ["kept-log-cut", "kept-event-missing"]
    assert all(f.subject == "c.json" and f.fix for f in found)
    assert f"event {sequence}" in found[1].message


def test_another_event_in_the_place_of_the_erased_one_is_found(kept):
    ready, sequence, certificate, checkpoint = kept
    erase(ready, sequence, checkpoints=f"tree_size >= {sequence}")
    ready.transfer("proponent", "trader", 120)
    assert codes(ready.place) == []
    assert codes(ready.place, checkpoints=[checkpoint]) == ["kept-log-rewritten"]
    found = codes(ready.place, certificates=[certificate])
    assert found == ["kept-log-rewritten", "kept-event-missing"]


def test_only_what_the_registry_signed_is_evidence(kept):
    ready, _, certificate, checkpoint = kept
    certificate.write_bytes(certificate.read_bytes().replace(b'"quantity":120', b'"quantity":9'))
    assert "certificate-digest" in codes(ready.place, certificates=[certificate])
    newest = ready.registry.checkpoints()[-1]
    forged = sign_checkpoint(newest, SigningIdentity.from_seed("forger"))
    checkpoint.write_bytes(canonical_json(forged))
    assert codes(ready.place, checkpoints=[checkpoint]) == ["kept-checkpoint-not-signed"]


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"[1]"])
def test_what_is_no_checkpoint_is_refused(kept, content):
    ready, _, _, checkpoint = kept
    checkpoint.write_bytes(content)
    with pytest.raises(errors.EvidenceError):
        codes(ready.place, checkpoints=[checkpoint])


def test_a_checkpoint_of_another_schema_is_refused(kept):
    ready, _, _, checkpoint = kept
    checkpoint.write_bytes(checkpoint.read_bytes().replace(b"checkpoint/1", b"checkpoint/9"))
    with pytest.raises(errors.EvidenceError, match="checkpoint/9"):
        codes(ready.place, checkpoints=[checkpoint])


def test_what_cannot_be_read_is_refused(kept, tmp_path):
    ready, *_ = kept
    for place in (tmp_path, tmp_path / "none.json"):
        with pytest.raises(errors.EvidenceError):
            codes(ready.place, certificates=[place])
        with pytest.raises(errors.EvidenceError):
            codes(ready.place, checkpoints=[place])
