from __future__ import annotations

from dataclasses import replace

import pytest

from detente.record import (
    Checkpoint,
    Ed25519Signer,
    ProofMalformed,
    TlogProof,
    format_proof,
    inclusion_proof,
    leaf_hash,
    parse_proof,
    root_of,
    sign_checkpoint,
)
from detente.record.merkle import reader_of

LEAVES = [leaf_hash(bytes([number])) for number in range(7)]
SIGNER = Ed25519Signer("a.example/log", bytes(range(32)))
NOTE = sign_checkpoint(Checkpoint("a.example/log", 7, root_of(LEAVES)), SIGNER)
HASHES = inclusion_proof(2, 7, reader_of(LEAVES))
TEXT = format_proof(2, HASHES, NOTE)


def test_a_proof_is_header_index_hashes_and_checkpoint() -> None:
    lines = TEXT.split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 2"]
    assert lines[5] == ""
    assert TEXT.endswith("\n\n" + NOTE)
    assert parse_proof(TEXT) == TlogProof(2, tuple(HASHES), NOTE)


def test_extra_bytes_are_carried() -> None:
    text = format_proof(2, HASHES, NOTE, b"more")
    assert text.split("\n")[1] == "extra bW9yZQ=="
    assert parse_proof(text).extra == b"more"
    assert format_proof(2, HASHES, NOTE, b"") == TEXT


def test_it_proves_its_leaf_and_no_other() -> None:
    proof = parse_proof(TEXT)
    assert [proof.leads_from(leaf) for leaf in LEAVES] == [n == 2 for n in range(7)]
    assert not replace(proof, index=3).leads_from(LEAVES[2])
    assert proof.checkpoint == Checkpoint("a.example/log", 7, root_of(LEAVES))


def test_a_tree_of_one_needs_no_hashes() -> None:
    note = sign_checkpoint(Checkpoint("a.example/log", 1, LEAVES[0]), SIGNER)
    proof = parse_proof(format_proof(0, [], note))
    assert proof.hashes == ()
    assert proof.leads_from(LEAVES[0])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2"),
        ("c2sp.org/tlog-proof@v1\n", ""),
        ("index 2", "index 02"),
        ("index 2", "index -2"),
        ("index 2", "index 7"),
        ("index 2", "index \u0662"),
        ("index 2", "index  2"),
        ("index 2", "index"),
        ("index 2\n", ""),
        ("index 2", "index 2 "),
        ("index 2", "extra \nindex 2"),
        ("index 2", "extra AAA\nindex 2"),
        ("index 2", "extra AAAA\nextra AAAA\nindex 2"),
        ("index 2", "index 2\nextra AAAA"),
        ("index 2", "index 2\nAAAA"),
        ("index 2", "index 2\n" + "\n".join(["A" * 43 + "="] * 61)),
        ("index 2\n", "index 2\r\n"),
        ("=\n\na.example", "=\na.example"),
        ("\n\na.example", "\n\n\na.example"),
        ("a.example/log\n7\n", "a.example/log\n07\n"),
        ("=\n", "\n"),
    ],
)
def test_any_other_form_is_refused(before: str, after: str) -> None:
    changed = TEXT.replace(before, after, 1)
    assert changed != TEXT
    with pytest.raises(ProofMalformed):
        parse_proof(changed)


def test_what_could_not_be_read_is_not_written() -> None:
    for index, hashes in ((-1, HASHES), (7, HASHES), (2, [b"short"]), (2, [bytes(32)] * 64)):
        with pytest.raises(ProofMalformed):
            format_proof(index, hashes, NOTE)
    with pytest.raises(ProofMalformed):
        format_proof(2, HASHES, "no note")
    with pytest.raises(ProofMalformed):
        format_proof(2, HASHES, NOTE, bytes(2**20 + 1))
    with pytest.raises(ProofMalformed, match="too long"):
        parse_proof(TEXT + " " * 3_000_000)
