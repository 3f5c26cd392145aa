from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.support import rfc9162

from detente.record import (
    Checkpoint,
    Ed25519Signer,
    Frontier,
    NoteMalformed,
    NoteUnverified,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    open_checkpoint,
    root_of,
    sign_checkpoint,
    verify_consistency,
    verify_inclusion,
)
from detente.record.merkle import reader_of

entries = st.lists(st.binary(max_size=8), max_size=80)
SIGNER = Ed25519Signer("one.example", bytes(range(32)))


@given(entries, st.lists(st.integers(0, 80), max_size=6))
def test_growing_in_any_steps_gives_the_root_of_the_definition(
    data: list[bytes], cuts: list[int]
) -> None:
    leaves = [leaf_hash(entry) for entry in data]
    tree = Frontier()
    for end in [*sorted(cuts), len(leaves)]:
        tree.extend(leaves[tree.size : end])
        tree = Frontier.from_bytes(tree.to_bytes())
    assert tree.root() == root_of(leaves) == rfc9162.mth(data)


@given(st.data(), entries.filter(bool))
def test_no_proof_shows_another_entry(choice: st.DataObject, data: list[bytes]) -> None:
    leaves = [leaf_hash(entry) for entry in data]
    root = root_of(leaves)
    shown, claimed = (
        choice.draw(st.integers(0, len(data) - 1)),
        choice.draw(st.integers(0, len(data) - 1)),
    )
    proof = inclusion_proof(shown, len(data), reader_of(leaves))
    accepted = verify_inclusion(claimed, len(data), leaves[shown], proof, root)
    assert accepted == (proof == rfc9162.path(claimed, data) and data[shown] == data[claimed])


@given(st.data(), entries.filter(bool))
def test_a_rewritten_past_has_no_consistency_proof(
    choice: st.DataObject, data: list[bytes]
) -> None:
    first = choice.draw(st.integers(1, len(data)))
    changed = choice.draw(st.integers(0, first - 1))
    old = [leaf_hash(entry) for entry in data]
    new = [*old[:changed], leaf_hash(b"forged: " + data[changed]), *old[changed + 1 :]]
    proof = consistency_proof(first, len(data), reader_of(new))
    assert not verify_consistency(first, len(data), root_of(old[:first]), root_of(new), proof)
    honest = consistency_proof(first, len(data), reader_of(old))
    assert verify_consistency(first, len(data), root_of(old[:first]), root_of(old), honest)


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_checkpoints_survive(size: int, root: bytes) -> None:
    checkpoint = Checkpoint("exchange.example/log", size, root)
    note = sign_checkpoint(checkpoint, SIGNER)
    assert open_checkpoint(note, [SIGNER.verifier]) == checkpoint


@given(st.data())
def test_no_change_to_a_note_goes_unnoticed(choice: st.DataObject) -> None:
    note = sign_checkpoint(Checkpoint("exchange.example/log", 7, bytes(32)), SIGNER)
    at = choice.draw(st.integers(0, len(note) - 1))
    new = choice.draw(st.characters().filter(lambda character: character != note[at]))
    try:
        open_checkpoint(note[:at] + new + note[at + 1 :], [SIGNER.verifier])
    except (NoteMalformed, NoteUnverified):
        return
    raise AssertionError("accepted")


@given(st.text())
def test_reading_junk_raises_nothing_else(junk: str) -> None:
    try:
        open_checkpoint(junk, [SIGNER.verifier])
    except (NoteMalformed, NoteUnverified):
        return
    raise AssertionError("accepted")
