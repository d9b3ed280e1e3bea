"""Certificates: genuine ones pass with file and key alone; each changed part is named."""

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.ledger_kit import SIGNER

from bluecarbon.provenance import canonical_json, digest
from bluecarbon.registry import audit_log, errors
from bluecarbon.registry.audit_log import tree_root
from bluecarbon.registry.certificate import certificate_bytes, verify_certificate
from bluecarbon.registry.certificate_page import certificate_html, code_content
from bluecarbon.registry.identity import SigningIdentity, load_public_key

KEY = SIGNER.public_key


@pytest.fixture(scope="module")
def certificate(databases, template):
    from support.ledger_kit import Ready

    ready = Ready.copied(databases, template)
    made = ready.certificate()
    ready.close()
    return made


@pytest.fixture(scope="module")
def content(certificate):
    return certificate_bytes(certificate)


def codes(content, key=KEY):
    return [finding.code for finding in verify_certificate(content, key)]


def test_a_genuine_certificate(content, tmp_path):
    assert verify_certificate(content, SIGNER.public_pem) == ()
    file, key = tmp_path / "c.json", tmp_path / "k.pem"
    file.write_bytes(content)
    key.write_bytes(SIGNER.public_pem)
    assert verify_certificate(file, key) == ()


def test_it_says_what_was_retired(certificate):
    assert certificate.retirement.quantity == 120
    assert certificate.retirement.beneficiary == "Company 公司"
    assert certificate.retirement.batches[0].vintage == 2020
    assert certificate.registry.public_key_sha256 == SIGNER.fingerprint


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_changed_byte_is_detected(content, data):
    place = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255))
    changed = content[:place] + bytes([byte]) + content[place + 1 :]
    assert bool(codes(changed)) == (changed != content)


@pytest.mark.parametrize("change", [lambda c: c[:-1], lambda c: c + b"\n", lambda c: b" " + c])
def test_bytes_put_in_or_taken_out_are_detected(content, change):
    assert codes(change(content)) == ["certificate-not-canonical"]


def changed(content, place, value):
    """The certificate with one value changed and its own digest made to fit again."""
    plain = json.loads(content)
    target = plain
    for key in place[:-1]:
        target = target[key]
    assert target[place[-1]] != value
    target[place[-1]] = value
    plain["digest"] = digest({**copy.deepcopy(plain), "digest": ""})
    return canonical_json(plain) + b"\n"


@pytest.mark.parametrize(
    ("place", "value", "code", "named"),
    [
        (("retirement", "beneficiary"), "Me", "certificate-retirement", "retirement.beneficiary"),
        (("retirement", "usage_year"), 2023, "certificate-retirement", "retirement.usage_year"),
        (("retirement", "quantity"), 121, "certificate-quantity", "121"),
        (("retirement", "serials", 0), "BC-1", "certificate-serial", "BC-1"),
        (("retirement", "batches", 0, "vintage"), 2021, "certificate-retirement", "batches"),
        (("registry", "name"), "Other", "certificate-registry", "registry.name"),
        (("registry", "operator"), "Other", "certificate-registry", "registry.operator"),
        (("checkpoint", "at"), "2020-01-01T00:00:00Z", "checkpoint-signature", "time"),
        (("checkpoint", "root_sha256"), "00" * 32, "checkpoint-signature", "root"),
        (("checkpoint", "tree_size"), 99, "inclusion-tree-size", "tree_size"),
        (("checkpoint", "signature"), "00" * 64, "checkpoint-signature", "sign"),
        (("checkpoint", "signature"), "zz", "checkpoint-signature", "sign"),
        (("checkpoint", "schema_id"), "x", "checkpoint-schema", "schema_id"),
        (("checkpoint", "registry", "name"), "X", "checkpoint-signature", "registry"),
        (("event", "actor"), "buyer", "event-not-in-log", "event"),
        (("event", "recorded_at"), "2024", "event-not-in-log", "event"),
        (("event", "payload", "facts", "beneficiary"), "Me", "event-not-in-log", "event"),
        (("event", "payload", "facts"), "none", "certificate-retirement", "account"),
        (("event", "kind"), "transfer", "event-kind", "event.kind"),
        (("event", "sequence"), 3, "inclusion-leaf-index", "leaf_index"),
        (("inclusion", "leaf_index"), 3, "inclusion-leaf-index", "leaf_index"),
        (("inclusion", "path", 0), "00" * 32, "event-not-in-log", "inclusion.path"),
        (("inclusion", "path", 0), "no", "inclusion-path", "inclusion.path"),
        (("schema_id",), "x", "certificate-schema", "schema_id"),
        (("retirement", "quantity"), "120", "certificate-malformed", "retirement.quantity"),
        (("retirement",), None, "certificate-malformed", "retirement"),
    ],
)
def test_each_changed_part_is_named(content, place, value, code, named):
    found = verify_certificate(changed(content, place, value), KEY)
    assert any(finding.code == code and named in finding.message for finding in found)
    assert all(finding.severity == "error" and finding.fix for finding in found)


def test_a_changed_digest_or_field_without_a_new_digest(content):
    plain = json.loads(content)
    plain["retirement"]["purpose"] = "x"
    found = codes(canonical_json(plain) + b"\n")
    assert found[0] == "certificate-digest"


@pytest.mark.parametrize("text", [b"", b"no", b"[]", b"{}", b"\xff", b"1", b'{"a":' * 5000])
def test_what_is_no_certificate(text):
    assert set(codes(text)) == {"certificate-malformed"}


def test_a_field_too_many_is_refused(content):
    plain = {**json.loads(content), "note": "genuine"}
    assert codes(canonical_json(plain)) == ["certificate-malformed"]


def test_a_file_that_is_not_there(tmp_path):
    assert codes(tmp_path / "none.json") == ["certificate-unreadable"]


def test_another_registry_does_not_vouch(content):
    other = SigningIdentity.from_seed("another").public_key
    assert codes(content, other) == ["certificate-other-key", "checkpoint-signature"]


def test_a_forger_with_a_key_of_his_own_is_found(certificate):
    forger = SigningIdentity.from_seed("forger")
    event = certificate.event.model_copy(update={"sequence": 1})
    checkpoint = certificate.checkpoint.model_copy(
        update={"tree_size": 1, "root_sha256": tree_root([event.leaf]).hex(), "signature": ""}
    )
    inclusion = certificate.inclusion.model_copy(
        update={"leaf_index": 0, "tree_size": 1, "path": ()}
    )
    forged = certificate.model_copy(
        update={
            "event": event,
            "inclusion": inclusion,
            "checkpoint": audit_log.sign_checkpoint(checkpoint, forger),
            "digest": "",
        }
    )
    forged = forged.model_copy(update={"digest": forged.content_digest})
    assert codes(certificate_bytes(forged)) == ["checkpoint-signature"]


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----"])
def test_a_key_that_is_none(content, pem, tmp_path):
    with pytest.raises(errors.PublicKeyError, match=r"no public key.*不含可用的登记机构公钥"):
        verify_certificate(content, pem)
    for place in (tmp_path / "none.pem", tmp_path):
        with pytest.raises(errors.PublicKeyError, match="cannot be read"):
            load_public_key(place)


@pytest.mark.parametrize("seed", ["", " ", "\x00"])
def test_a_seed_that_makes_no_key(seed):
    with pytest.raises(errors.TextError):
        SigningIdentity.from_seed(seed)


def test_a_key_of_another_kind(content):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    pem = (
        X25519PrivateKey.from_private_bytes(bytes(32))
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    with pytest.raises(errors.PublicKeyError, match="Ed25519"):
        verify_certificate(content, pem)


def test_a_certificate_needs_a_retirement_and_a_checkpoint(ready):
    receipt = ready.retire("proponent", 1, sign=False)
    with pytest.raises(errors.CheckpointMissingError):
        ready.registry.retirement_certificate(receipt.sequence)
    with pytest.raises(errors.UnknownEventError):
        ready.registry.retirement_certificate(receipt.sequence + 1)
    with pytest.raises(errors.UnknownEventError):
        ready.registry.retirement_certificate(1)


def test_checkpoints_grow_consistently(ready):
    at = ready.clock.by("operator").at
    first = ready.registry.sign_checkpoint(at)
    assert ready.registry.sign_checkpoint(at) == first
    ready.transfer("proponent", "buyer", 1)
    ready.transfer("proponent", "buyer", 2)
    second = ready.registry.sign_checkpoint(at)
    proof = ready.registry.consistency_proof(first.tree_size, second.tree_size)
    sizes = [(c.tree_size, bytes.fromhex(c.root_sha256)) for c in (first, second)]
    assert audit_log.is_consistent(*sizes, proof)
    assert second.signature_fits(KEY)


def test_the_page_stands_alone_and_escapes_what_it_shows(ready):
    receipt = ready.retire("proponent", 3, beneficiary='<script src="x">', statement="永久")
    ready.registry.sign_checkpoint(ready.clock.by("operator").at)
    certificate = ready.registry.retirement_certificate(receipt.sequence)
    page = certificate_html(certificate)
    assert page == certificate_html(certificate)
    assert "<script" not in page
    assert "&lt;script" in page
    outside = page.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not any(word in outside for word in ("http://", "https://", "url(", "@import"))
    assert page.index("减排量注销证书") < page.index("Certificate of retirement")
    for text in (certificate.digest, receipt.serials[0], "DEMONSTRATION KEY", "永久", "<svg"):
        assert text in page


def test_the_qr_code_holds_digest_and_serials(certificate):
    lines = code_content(certificate).splitlines()
    assert lines == [
        f"bluecarbon-certificate:sha256:{certificate.digest}",
        *certificate.retirement.serials,
    ]
    many = certificate.retirement.model_copy(update={"serials": ("S",) * 30})
    crowded = certificate.model_copy(update={"retirement": many})
    assert code_content(crowded).splitlines()[-1] == "+22"
    assert "<svg" in certificate_html(crowded)


def test_a_draft_says_so_on_its_face(certificate):
    batch = certificate.retirement.batches[0].model_copy(update={"unverified_parameters": 2})
    facts = certificate.retirement.model_copy(update={"batches": (batch,)})
    assert "草案" in certificate_html(certificate.model_copy(update={"retirement": facts}))
    assert "草案" not in certificate_html(certificate)
