"""The kept nodes give the roots and proofs of the leaves, and the writer's JSON is canonical."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluecarbon.errors import ReportError
from bluecarbon.provenance import canonical_json, digest
from bluecarbon.registry import audit_log, errors, log_tree
from bluecarbon.registry.fast_json import fast_digest, fast_json
from bluecarbon.registry.invariant_functions import _Roots

texts = st.text(st.characters(exclude_categories=["Cs"]))
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=20,
)


@given(plain)
def test_the_fast_way_gives_the_bytes_of_the_long_way(value):
    assert fast_json(value) == canonical_json(value)
    assert fast_digest(value) == digest(value)


@pytest.mark.parametrize("value", [2**53, float("nan"), {"a": [float("inf")]}, "\ud800"])
def test_what_json_cannot_carry_is_refused_as_ever(value):
    with pytest.raises(ReportError):
        fast_json(value)


def test_proofs_and_roots_from_kept_nodes_are_those_of_the_leaves(traded):
    """Up to the newest checkpoint from nodes, beyond it from leaves."""
    traded.transfer("proponent", "buyer", 1, sign=False)
    registry = traded.registry
    leaves = [event.leaf for event in registry.events()]
    with registry._store.reading() as connection:
        for size in range(len(leaves) + 1):
            assert log_tree.root(connection, size) == audit_log.tree_root(leaves[:size])
            for index in range(size):
                path = log_tree.inclusion_proof(connection, index, size)
                assert path == audit_log.inclusion_proof(leaves[:size], index)
            for earlier in range(1, size + 1):
                path = log_tree.consistency_proof(connection, earlier, size)
                assert path == audit_log.consistency_proof(leaves[:size], earlier)
        with pytest.raises(errors.UnknownEventError):
            log_tree.root(connection, len(leaves) + 1)


def test_a_checkpoint_reads_the_events_since_the_last_one_only(traded, monkeypatch):
    asked = []
    leaves = log_tree.reading.leaves

    def counted(connection, first, last):
        asked.append(last - first + 1)
        return leaves(connection, first, last)

    monkeypatch.setattr(log_tree.reading, "leaves", counted)
    traded.transfer("proponent", "buyer", 1)
    # one new leaf, and single leaves on the way to the root
    assert asked
    assert max(asked) == 1


def test_roots_are_those_of_the_tree_in_any_order_of_asking():
    leaves = [audit_log.leaf_hash(bytes([n])) for n in range(20)]
    roots = _Roots(leaves)
    for size in (0, 1, 2, 3, 7, 8, 20, 5, 6, 19):
        assert roots(size) == audit_log.tree_root(leaves[:size]).hex()


def test_the_journal_is_the_same_bytes_on_both_databases_and_in_version_1(traded):
    """The same acts as in the registry that a program of version 1 left: the same root."""
    events, newest = traded.registry.events(), traded.registry.checkpoints()[-1]
    assert (len(events), newest.tree_size) == (18, 18)
    dump = (Path(__file__).parent / "version_1" / "registry.sql").read_text(encoding="utf-8")
    assert f"VALUES(18,'{newest.root_sha256}','{newest.at}','{newest.signature}')" in dump


def test_a_full_disk_is_said_and_nothing_is_lost(ready, tmp_path):
    if ready.databases.kind == "postgresql":
        pytest.skip("a server's disk is not the test's to fill; its code is in test_errors")
    with closing(sqlite3.connect(ready.place)) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    limit_writer(ready, f"PRAGMA max_page_count = {pages}")
    acknowledged = []

    def fill():
        acknowledged.extend(ready.transfer("proponent", "buyer", 1, sign=False) for _ in range(400))

    with pytest.raises(errors.DiskFullError) as refused:
        fill()
    assert refused.value.code == "registry-disk-full"
    assert ready.held("buyer") == len(acknowledged)


def limit_writer(ready, pragma):
    with ready.registry._store._writer.connect() as connection:
        connection.exec_driver_sql(pragma)


def test_a_registry_that_may_only_be_read_says_so(ready):
    if ready.databases.kind == "sqlite":
        limit_writer(ready, "PRAGMA query_only = ON")
    else:
        name = ready.place.rsplit("/", 1)[1].split("?")[0]
        ready.databases.run(
            ready.place, f"ALTER DATABASE {name} SET default_transaction_read_only = on"
        )
        ready.registry._store.close()
    with pytest.raises(errors.ReadOnlyError) as refused:
        ready.transfer("proponent", "buyer", 1)
    assert refused.value.code == "registry-read-only"
    assert ready.held("buyer") == 0
