from __future__ import annotations

import time
from hashlib import sha256

import pytest
from pymerkle import InmemoryTree
from tests.support import rfc9162

from detente.record import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from detente.record.merkle import reader_of

DATA = [f"entry {number}".encode() for number in range(70)]
LEAVES = [leaf_hash(data) for data in DATA]
READ = reader_of(LEAVES)


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert Frontier().root() == EMPTY_ROOT == sha256(b"").digest()


def test_leaves_and_nodes_are_hashed_apart() -> None:
    assert leaf_hash(b"x") == sha256(b"\x00x").digest()
    assert node_hash(b"a" * 32, b"b" * 32) == sha256(b"\x01" + b"a" * 32 + b"b" * 32).digest()


def test_a_known_tree() -> None:
    # The eight leaves and root used by certificate-transparency implementations since RFC 6962.
    leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
    leaves.append("606162636465666768696a6b6c6d6e6f")
    root = root_of([leaf_hash(bytes.fromhex(leaf)) for leaf in leaves])
    assert root.hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@pytest.mark.parametrize("size", range(71))
def test_roots_agree_with_the_definition(size: int) -> None:
    assert root_of(LEAVES[:size]) == rfc9162.mth(DATA[:size])


def test_roots_agree_with_another_library() -> None:
    other = InmemoryTree(algorithm="sha256")
    tree = Frontier()
    for data in DATA:
        other.append_entry(data)
        tree.append(leaf_hash(data))
        assert tree.root() == other.get_root()


def test_every_inclusion_proof_is_that_of_the_definition_and_verifies() -> None:
    for size in range(1, len(DATA) + 1):
        root = root_of(LEAVES[:size])
        for position in range(size):
            proof = inclusion_proof(position, size, READ)
            assert proof == rfc9162.path(position, DATA[:size])
            assert verify_inclusion(position, size, LEAVES[position], proof, root)


def test_every_consistency_proof_is_that_of_the_definition_and_verifies() -> None:
    for second in range(1, len(DATA) + 1):
        for first in range(1, second + 1):
            proof = consistency_proof(first, second, READ)
            assert proof == rfc9162.proof(first, DATA[:second])
            assert verify_consistency(
                first, second, root_of(LEAVES[:first]), root_of(LEAVES[:second]), proof
            )


@pytest.mark.parametrize(("position", "size"), [(0, 1), (0, 2), (3, 7), (6, 7), (40, 64), (69, 70)])
def test_altered_inclusion_proofs_are_refused(position: int, size: int) -> None:
    root = root_of(LEAVES[:size])
    leaf = LEAVES[position]
    proof = inclusion_proof(position, size, READ)
    other = bytes(32)
    assert not verify_inclusion(position, size, other, proof, root)
    assert not verify_inclusion(position, size, leaf, proof, other)
    assert not verify_inclusion(position, size, leaf, [*proof, other], root)
    for at in range(len(proof)):
        assert not verify_inclusion(position, size, leaf, proof[:at] + proof[at + 1 :], root)
        assert not verify_inclusion(
            position, size, leaf, [*proof[:at], other, *proof[at + 1 :]], root
        )
        assert not verify_inclusion(
            position, size, leaf, [*proof[:at], proof[at][:31], *proof[at + 1 :]], root
        )
    for wrong in range(-1, size + 2):
        if wrong != position:
            assert not verify_inclusion(wrong, size, leaf, proof, root)


@pytest.mark.parametrize(("first", "second"), [(1, 2), (3, 7), (4, 8), (6, 7), (40, 64), (64, 70)])
def test_altered_consistency_proofs_are_refused(first: int, second: int) -> None:
    old, new = root_of(LEAVES[:first]), root_of(LEAVES[:second])
    proof = consistency_proof(first, second, READ)
    other = bytes(32)
    assert not verify_consistency(first, second, other, new, proof)
    assert not verify_consistency(first, second, old, other, proof)
    assert not verify_consistency(second, first, new, old, proof)
    assert not verify_consistency(first, second, old, new, [*proof, other])
    assert not verify_consistency(first, second, old, new, [])
    for at in range(len(proof)):
        assert not verify_consistency(first, second, old, new, proof[:at] + proof[at + 1 :])
        changed = [*proof[:at], other, *proof[at + 1 :]]
        assert not verify_consistency(first, second, old, new, changed)
    for wrong in range(second + 2):
        if wrong != first:
            assert not verify_consistency(wrong, second, old, new, proof)


def test_a_tree_is_consistent_with_itself_and_with_nothing() -> None:
    root = root_of(LEAVES)
    assert verify_consistency(70, 70, root, root, [])
    assert not verify_consistency(70, 70, root, root, [root])
    assert not verify_consistency(70, 70, root, EMPTY_ROOT, [])
    assert verify_consistency(0, 70, EMPTY_ROOT, root, [])
    assert not verify_consistency(0, 70, root, root, [])
    assert consistency_proof(0, 70, READ) == consistency_proof(70, 70, READ) == []


@pytest.mark.parametrize(("position", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_there_are_no_inclusion_proofs_for_leaves_that_are_not(position: int, size: int) -> None:
    with pytest.raises(ValueError, match="has no leaf"):
        inclusion_proof(position, size, READ)


@pytest.mark.parametrize(("first", "second"), [(-1, 3), (4, 3)])
def test_there_are_no_consistency_proofs_backwards(first: int, second: int) -> None:
    with pytest.raises(ValueError, match="no consistency proof"):
        consistency_proof(first, second, READ)


def test_a_frontier_survives_as_bytes() -> None:
    tree = Frontier()
    for leaf in LEAVES:
        again = Frontier.from_bytes(tree.to_bytes())
        assert again == tree
        assert again.root() == tree.root()
        tree.append(leaf)


@pytest.mark.parametrize(
    "data",
    [b"", bytes(7), bytes(9), (1).to_bytes(8, "big"), (2).to_bytes(8, "big") + bytes(64)],
)
def test_bytes_that_are_no_frontier_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"frontier"):
        Frontier.from_bytes(data)


def test_a_copy_is_independent() -> None:
    tree = Frontier()
    tree.extend(LEAVES[:5])
    twin = tree.copy()
    twin.append(LEAVES[5])
    assert tree.root() == root_of(LEAVES[:5])
    assert twin.root() == root_of(LEAVES[:6])


def test_a_hash_of_another_length_is_refused_and_what_came_before_stays() -> None:
    tree = Frontier()
    with pytest.raises(ValueError, match="32 bytes"):
        tree.extend([LEAVES[0], b"short"])
    assert tree.size == 1
    assert tree.root() == root_of(LEAVES[:1])


def test_hashing_and_growing_cost_microseconds() -> None:
    """About 2 µs an entry of 900 bytes; the bound leaves room for a busy machine."""
    bodies = [number.to_bytes(4, "big") * 225 for number in range(20_000)]
    tree = Frontier()
    start_s = time.process_time()
    tree.extend([leaf_hash(body) for body in bodies])
    assert (time.process_time() - start_s) / len(bodies) < 15e-6
