"""The Merkle tree against RFC 6962 and the known answers of its reference implementation.

Leaves and roots: google/certificate-transparency, ``merkletree/merkle_tree_test.cc`` (the eight
inputs that Certificate Transparency implementations share). They are recomputed here by the
definition of RFC 6962, section 2.1, word by word. Hashes are exact: no tolerance.
"""

import hashlib
import itertools

import pytest

from bluecarbon.registry.audit_log import (
    consistency_proof,
    inclusion_proof,
    is_consistent,
    leaf_hash,
    root_from_inclusion,
    tree_root,
)

INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(content) for content in INPUTS]


def definition(inputs):
    """MTH of RFC 6962, section 2.1, on the inputs themselves."""
    if not inputs:
        return hashlib.sha256(b"").digest()
    if len(inputs) == 1:
        return hashlib.sha256(b"\x00" + inputs[0]).digest()
    k = max(2**i for i in range(40) if 2**i < len(inputs))
    return hashlib.sha256(b"\x01" + definition(inputs[:k]) + definition(inputs[k:])).digest()


def test_the_empty_tree():
    assert tree_root([]).hex() == EMPTY_ROOT == definition([]).hex()


@pytest.mark.parametrize("size", range(1, 9))
def test_known_roots(size):
    assert tree_root(LEAVES[:size]).hex() == ROOTS[size - 1] == definition(INPUTS[:size]).hex()


def test_larger_trees_follow_the_definition():
    inputs = [str(i).encode() for i in range(70)]
    leaves = [leaf_hash(content) for content in inputs]
    for size in range(71):
        assert tree_root(leaves[:size]) == definition(inputs[:size])


@pytest.mark.parametrize(
    ("index", "size", "path"),
    [
        # merkle_tree_test.cc, "paths": (leaf, snapshot) of the first seven and eight leaves
        (0, 1, []),
        (
            0,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            3,
            ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
        ),
    ],
)
def test_known_inclusion_paths(index, size, path):
    found = inclusion_proof(LEAVES[:size], index)
    assert [node.hex() for node in found] == path
    root = root_from_inclusion(LEAVES[index], index, size, path=found)
    assert root is not None
    assert root.hex() == ROOTS[size - 1]


@pytest.mark.parametrize(
    ("earlier", "later", "path"),
    [
        # merkle_tree_test.cc, "proofs": (snapshot1, snapshot2)
        (1, 1, []),
        (
            1,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            [
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ],
)
def test_known_consistency_paths(earlier, later, path):
    found = consistency_proof(LEAVES[:later], earlier)
    assert [node.hex() for node in found] == path
    sizes = ((earlier, bytes.fromhex(ROOTS[earlier - 1])), (later, bytes.fromhex(ROOTS[later - 1])))
    assert is_consistent(*sizes, found)


def test_every_proof_of_trees_up_to_20_holds_and_no_altered_one_does():
    leaves = [leaf_hash(str(i).encode()) for i in range(20)]
    for size in range(1, 21):
        root = tree_root(leaves[:size])
        for index in range(size):
            path = inclusion_proof(leaves[:size], index)
            assert root_from_inclusion(leaves[index], index, size, path=path) == root
            for wrong in altered(path):
                assert root_from_inclusion(leaves[index], index, size, path=wrong) != root
            assert root_from_inclusion(leaf_hash(b"x"), index, size, path=path) != root


def test_every_consistency_of_trees_up_to_20_holds_and_no_altered_one_does():
    leaves = [leaf_hash(str(i).encode()) for i in range(20)]
    roots = {size: (size, tree_root(leaves[:size])) for size in range(1, 21)}
    for earlier, later in itertools.combinations_with_replacement(range(1, 21), 2):
        path = consistency_proof(leaves[:later], earlier)
        assert is_consistent(roots[earlier], roots[later], path)
        for wrong in altered(path):
            assert not is_consistent(roots[earlier], roots[later], wrong)
        assert not is_consistent((earlier, leaf_hash(b"x")), roots[later], path)


def altered(path):
    """The path with a node changed, put in or taken out."""
    yield [*path, bytes(32)]
    if path:
        yield path[:-1]
        for place in range(len(path)):
            yield [*path[:place], bytes(32), *path[place + 1 :]]


def test_places_that_are_not_there_are_refused():
    with pytest.raises(IndexError):
        inclusion_proof(LEAVES, 8)
    with pytest.raises(ValueError, match="prefix"):
        consistency_proof(LEAVES, 0)
    assert root_from_inclusion(LEAVES[0], 8, 8, path=[]) is None
    assert not is_consistent((9, LEAVES[0]), (8, LEAVES[0]), [])
