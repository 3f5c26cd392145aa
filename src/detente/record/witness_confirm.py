"""What a witness must be shown before it signs for a log, each time that it was opened.

After every opening it is *unconfirmed* for every log: its file may have been restored from a
backup, and then it has forgotten what it signed since. What remains at risk is told at
`decide_confirmation`. Pure, as `witness`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .checkpoint import (
    Checkpoint,
    NoteMalformed,
    NoteUnverified,
    open_checkpoint,
    read_checkpoint,
)
from .cosignature import CosignatureVerifier, cosignatures_of
from .merkle import verify_consistency
from .witness import (
    NEW_KEY,
    NEW_KEY_ADVICE,
    KnownLog,
    WitnessForked,
    WitnessState,
    WitnessUnconvinced,
    is_by_new_key,
)


def decide_confirmation(
    state: WitnessState,
    log: KnownLog,
    witness: CosignatureVerifier,
    shown: Sequence[str],
    anchors: Sequence[str] = (),
    *,
    proof: Sequence[bytes] = (),
    first_contact: bool = False,
    predecessors: Sequence[CosignatureVerifier] = (),
) -> WitnessState:
    """The state with which a witness may go on to sign for a log after it was opened.

    A restored file has forgotten what was signed after the backup. What was signed is known to
    those who got it: the log's owner, who must show the newest checkpoint with our cosignature, and
    our own record, which holds an anchor for each. Our cosignature proves that we have seen what it
    is on, so the state moves up to the largest; whether the log's signature on it is by a key that
    is still believed does not matter.

    If the file remembers more than is shown, either an answer was lost, or the file is a copy from
    a past that was abandoned by restoring another one. The owner proves that it is the former: that
    the largest checkpoint shown is a beginning of the one remembered.

    A log that bears no cosignature of ours yet is a first contact: its owner shows a fresh
    checkpoint, signed by the log. A file that was restored from before the first cosignature looks
    the same, so a program must not conclude it by itself: `first_contact` is a statement of whoever
    gives it that our own record, which is complete, holds no anchor of this log.

    A witness that has replaced another has inherited its memory, and has signed nothing itself yet.
    Then the predecessor's cosignature tells as well how far the owner was served. But its key may
    be in other hands: what the owner shows confirms what was inherited, and never moves it. Only
    our own anchors do.

    What remains: if our witness *and* our record were rolled back, and the other party hides its
    newest cosigned checkpoint, it can get a second root cosigned at a size. It must sign both roots
    with its own log key for that, which convicts it as soon as the hidden one is shown. Whoever
    cannot exclude it makes a new witness and announces its key instead of restoring the old one.

    Args:
        state: what the file remembers.
        log: the log and its keys.
        witness: our own public key.
        shown: what the log's owner shows; one at least.
        anchors: what our own record holds of this log.
        proof: consistency proof for the two sizes that `proof_wanted` gives.
        first_contact: see above; it is ignored if anything bears our cosignature.
        predecessors: witness keys of ours that were replaced, as our record says.

    Raises:
        WitnessForked: two checkpoints of one size bear our cosignature.
        WitnessUnconvinced: a note is not of this log, or bears neither our cosignature nor the
            log's signature; nothing bears our cosignature; or the proof is missing.
    """
    if state.fork is not None:
        raise WitnessForked(state.origin, state.fork)
    if not shown:
        raise WitnessUnconvinced(
            "Nothing was shown by the log's owner.",
            where=log.origin,
            advice="Ask for its newest checkpoint that bears this witness's cosignature.",
        )
    signed = _signed_by_us(log, witness, (*shown, *anchors), state, predecessors)
    if not signed:
        inherited = _signed_before(log, predecessors, (*shown, *anchors), state)
        told = _signed_before(log, predecessors, anchors, state)
        over = max(inherited, default=0) > max(state.size, max(told, default=0))
        if state.note and (over or _differs(inherited, state)):
            raise WitnessUnconvinced(
                "The witness key before this one has signed what this one has not inherited.",
                where=log.origin,
                advice="Either its file had been set back before it was replaced, or the old key "
                "is used by somebody else. Find out which; keep what was shown.",
            )
        signed = inherited if state.note else told
    if not signed:
        if first_contact:
            return state
        raise WitnessUnconvinced(
            "No checkpoint with this witness's cosignature is shown.",
            where=log.origin,
            advice="If the owner has never got one, and this witness was not restored from a "
            "backup, confirm it as a first contact.",
        )
    size = max(signed)
    root, note = signed[size]
    if size > state.size or not state.note:
        return replace(state, size=size, root=root, note=note)
    grown = size == state.size or verify_consistency(size, state.size, root, state.root, proof)
    if not grown:
        raise WitnessUnconvinced(
            f"The largest checkpoint shown that bears this witness's cosignature has size {size}; "
            f"nothing proves that it is a beginning of the one remembered, of size {state.size}.",
            where=log.origin,
            advice="The owner can prove it if an answer was lost. If it cannot, the file is a "
            "copy from an abandoned past: make a new witness, and announce its key.",
        )
    return state


def proof_wanted(
    state: WitnessState,
    log: KnownLog,
    witness: CosignatureVerifier,
    notes: Sequence[str],
    predecessors: Sequence[CosignatureVerifier] = (),
) -> tuple[int, int] | None:
    """The sizes between which `decide_confirmation` wants a proof, if it does.

    Raises:
        WitnessForked, WitnessUnconvinced: see there.
    """
    signed = _signed_by_us(log, witness, notes, state, predecessors)
    size = max(signed or _signed_before(log, predecessors, notes, state), default=0)
    return (size, state.size) if 0 < size < state.size else None


def _signed_before(
    log: KnownLog,
    predecessors: Sequence[CosignatureVerifier],
    notes: Sequence[str],
    state: WitnessState,
) -> dict[int, tuple[bytes, str]]:
    """The same of our predecessors, who may contradict themselves: what we hold comes first."""
    signed: dict[int, tuple[bytes, str]] = {}
    for note in notes:
        if predecessors and cosignatures_of(note, predecessors):
            checkpoint = read_checkpoint(note)
            before = signed.get(checkpoint.size, (checkpoint.root, note))
            if checkpoint.size == state.size and checkpoint.root != state.root:
                before = checkpoint.root, note
            signed[checkpoint.size] = before
    return signed


def _differs(signed: dict[int, tuple[bytes, str]], state: WitnessState) -> bool:
    return state.size in signed and signed[state.size][0] != state.root


def _signed_by_us(
    log: KnownLog,
    witness: CosignatureVerifier,
    notes: Sequence[str],
    state: WitnessState,
    predecessors: Sequence[CosignatureVerifier],
) -> dict[int, tuple[bytes, str]]:
    """Root and note of each size that one of the notes shows us to have signed."""
    signed: dict[int, tuple[bytes, str]] = {}
    for note in notes:
        checkpoint, ours = _look_at(note, log, witness, predecessors)
        if not ours:
            continue
        root, other = signed.setdefault(checkpoint.size, (checkpoint.root, note))
        if root == checkpoint.root and checkpoint.size == state.size and state.note:
            root, other = state.root, state.note
        if root != checkpoint.root:
            raise WitnessForked(state.origin, (other, note))
    return signed


def _look_at(
    note: str,
    log: KnownLog,
    witness: CosignatureVerifier,
    predecessors: Sequence[CosignatureVerifier],
) -> tuple[Checkpoint, bool]:
    """What a note says, and whether it bears our cosignature; if not, the log has signed it."""
    try:
        checkpoint = read_checkpoint(note)
        ours = bool(cosignatures_of(note, [witness]))
        if not ours and not cosignatures_of(note, predecessors):
            open_checkpoint(note, log.verifiers)
    except (NoteMalformed, NoteUnverified) as error:
        if is_by_new_key(note, log):
            raise WitnessUnconvinced(NEW_KEY, where=log.origin, advice=NEW_KEY_ADVICE) from None
        raise WitnessUnconvinced(
            f"A note that is shown cannot be believed: {error}", where=log.origin
        ) from None
    if checkpoint.origin != log.origin:
        raise WitnessUnconvinced(
            f"A note that is shown is of another log, {checkpoint.origin}.", where=log.origin
        )
    return checkpoint, ours
