"""What the commands of `detente record witness` do with an open record and witness."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from detente.cli.record_work import StatementUnusable, read_file
from detente.formats import NOTE_BYTES_MAX
from detente.node.whole_files import write_whole
from detente.node.witnessing import anchors_of, keep_answer, refusal
from detente.record import (
    REQUEST_BYTES_MAX,
    AddCheckpoint,
    Answer,
    CosignatureVerifier,
    Cosigned,
    Member,
    NotNow,
    OtherSize,
    PartyRecord,
    Refused,
    Witness,
    WitnessForked,
    WitnessState,
    WitnessUnconvinced,
    make_request,
    read_checkpoint,
    take_answer,
)

SHOWN_SUFFIX: Final = ".cosigned"
PROOF_SUFFIX: Final = ".proof"
PROOF_BYTES_MAX: Final = 64 * 1024


def peer_of(record: PartyRecord, party: str | None) -> Member:
    """Another party: the one that is named, or the only one.

    Raises:
        StatementUnusable: it is not clear which.
    """
    others = [member for member in record.terms.members if member.id != record.party]
    if party is None and len(others) == 1:
        return others[0]
    for member in others:
        if member.id == party:
            return member
    raise StatementUnusable(
        "It is not clear whose witness is meant.",
        where="--party",
        advice="Other parties: " + ", ".join(member.id for member in others) + ".",
    )


def witness_key(record: PartyRecord, party: str) -> CosignatureVerifier:
    """The witness key of a party that is in force."""
    return record.keyring.member(party, record.head.size).witness


async def newest_by(record: PartyRecord, key: CosignatureVerifier) -> str | None:
    """Our newest checkpoint that a witness has cosigned, as a note."""
    newest = None
    since = 1
    while page := await record.checkpoints(since, 100, cosigned_only=True):
        for checkpoint in page:
            if key.name in checkpoint.cosigners:
                newest = checkpoint.note
        since = page[-1].size + 1
    return newest


async def write_request(
    record: PartyRecord, target: Path, party: str | None, prove: tuple[int, int] | None = None
) -> list[str]:
    """The request as a file, and beside it what shows the witness what it signed last.

    Args:
        prove: sizes between which a witness that remembers more than we can show wants a proof.

    Raises:
        NoSuchEntry: the record does not have these sizes.
    """
    peer = peer_of(record, party)
    last = await newest_by(record, witness_key(record, peer.id))
    old_size = 0 if last is None else read_checkpoint(last).size
    asked = await make_request(record, old_size)
    write_whole(target, asked.format())
    lines = [f"wrote {target}: {asked.size} entries, for the witness of {peer.id}"]
    if last is not None:
        beside = target.with_name(target.name + SHOWN_SUFFIX)
        write_whole(beside, last.encode())
        lines.append(f"wrote {beside}: what it signed last; send both")
    if prove is not None:
        beside = _prove(record, target, *prove)
        lines.append(f"wrote {beside}: that the first {prove[1]} entries begin with {prove[0]}")
    return lines


def _prove(record: PartyRecord, request: Path, old: int, new: int) -> Path:
    beside = request.with_name(request.name + PROOF_SUFFIX)
    hashes = record.consistency(old, new)
    write_whole(beside, b"".join(base64.b64encode(one) + b"\n" for one in hashes))
    return beside


async def answer_request(
    record: PartyRecord, ours: Witness, source: Path, target: Path, first_contact: bool
) -> tuple[bool, str]:
    """Confirm the witness by what came along, answer, record, and only then write the answer."""
    data = read_file(source, REQUEST_BYTES_MAX)
    asked = AddCheckpoint.parse(data)
    origin = read_checkpoint(asked.note).origin
    if origin in ours.origins:
        confirm_shown(
            ours,
            origin,
            [asked.note, *_shown_beside(source)],
            await anchors_of(record, origin),
            _proofs(asked, source),
            first_contact=first_contact,
        )
    answer = ours.add_checkpoint(data)
    await keep_answer(record, answer)
    write_whole(target, answer.format())
    if answer.status == 200:
        return True, f"cosigned {answer.origin} at {answer.size} entries; wrote {target}"
    return False, f"not cosigned ({answer.status}): {answer.reason}; wrote {target}"


def _shown_beside(source: Path) -> list[str]:
    """What a request brings along: the checkpoint that our witness signed last."""
    beside = source.with_name(source.name + SHOWN_SUFFIX)
    return [read_note(beside)] if beside.exists() else []


Proof = Callable[[tuple[int, int]], Sequence[bytes]]
"""Gives the consistency proof between two sizes; empty if there is none."""


def confirm_shown(
    ours: Witness,
    origin: str,
    shown: Sequence[str],
    anchors: Sequence[str],
    proof: Proof,
    *,
    first_contact: bool,
) -> WitnessState:
    """`Witness.confirm` with the proof that it wants, if the owner has given it.

    Raises:
        WitnessUnconvinced, WitnessForked, WitnessUnavailable: see there.
    """
    try:
        wanted = ours.proof_wanted(origin, [*shown, *anchors])
    except WitnessForked:
        wanted = None  # `confirm` finds it again, and stores it
    hashes = () if wanted is None else proof(wanted)
    try:
        return ours.confirm(origin, shown, anchors, proof=hashes, first_contact=first_contact)
    except WitnessUnconvinced as error:
        if wanted is None:
            raise
        raise WitnessUnconvinced(
            error.message,
            where=error.where,
            advice="If an answer was lost, the owner can prove it: `detente record witness "
            f"request RECORD OUT --prove {wanted[0]}-{wanted[1]}`; send OUT with the files "
            "beside it. If not, our witness is a copy from an abandoned past: make a new one.",
        ) from None


def _proofs(asked: AddCheckpoint, source: Path) -> Proof:
    """What a request proves: by itself if it is the one whose answer was lost, or beside it."""

    def proof(wanted: tuple[int, int]) -> Sequence[bytes]:
        if wanted == (asked.old_size, asked.size):
            return asked.proof
        beside = source.with_name(source.name + PROOF_SUFFIX)
        return read_proof(beside) if beside.exists() else ()

    return proof


def read_proof(path: Path) -> list[bytes]:
    """The hashes in a file that `write_request` has written.

    Raises:
        StatementUnusable: it is no such file.
    """
    try:
        lines = read_file(path, PROOF_BYTES_MAX).decode("ascii").splitlines()
        return [base64.b64decode(line, validate=True) for line in lines]
    except ValueError:
        raise StatementUnusable("It is no proof: base64 lines.", where=str(path)) from None


def read_note(path: Path) -> str:
    """A signed note from a file; what is no text cannot be one, and is refused as such later."""
    return read_file(path, NOTE_BYTES_MAX).decode("utf-8", "replace")


async def take_file(record: PartyRecord, answer: Path, asked: Path) -> tuple[bool, str]:
    """Take an answer over; a refusal is recorded, another size makes the request anew."""
    sent = AddCheckpoint.parse(read_file(asked, REQUEST_BYTES_MAX))
    said = Answer.parse(read_file(answer, REQUEST_BYTES_MAX))
    keys = record.keyring.witnesses(record.head.size)
    taken = await take_answer(record, sent, said, keys)
    if isinstance(taken, OtherSize):
        write_whole(asked, (await make_request(record, taken.size)).format())
        if 0 < sent.old_size < taken.size:
            # Its last answer was lost: next time it wants to see that what we show leads there.
            _prove(record, asked, sent.old_size, taken.size)
        return False, f"the witness has signed {taken.size} entries: {asked} was made anew for that"
    return await _told(record, sent.size, taken)


async def submit_to(record: PartyRecord, url: str, party: str | None) -> tuple[bool, str]:
    """Ask a witness over HTTP, and keep what it answers."""
    from detente.node import WitnessClient, http_client

    keys: Sequence[CosignatureVerifier] = record.keyring.witnesses(record.head.size)
    if party is not None:
        keys = [witness_key(record, peer_of(record, party).id)]
    async with http_client() as http:
        sent = await WitnessClient(url, lambda: keys, http).submit(record)
    return await _told(record, sent.size, sent.result)


async def _told(
    record: PartyRecord, size: int, taken: Cosigned | Refused | NotNow
) -> tuple[bool, str]:
    if isinstance(taken, Cosigned):
        names = ", ".join(line.split(" ")[1] for line in taken.lines)
        return True, f"{size} entries cosigned by {names}"
    if isinstance(taken, Refused):
        draft = refusal(record.origin, size, taken.status, taken.reason)
        [entry] = await record.append([(draft, None)])
        return False, f"refused ({taken.status}): {taken.reason}; recorded as entry {entry.index}"
    return False, f"not now ({taken.status}): {taken.reason}"


async def confirm_notes(
    record: PartyRecord,
    ours: Witness,
    shown: Sequence[Path],
    proof: Path | None,
    first_contact: bool,
) -> str:
    """Remind the witness of what it signed; says where it stands."""
    notes = [read_note(path) for path in shown]
    origin = read_checkpoint(notes[0]).origin
    anchors = await anchors_of(record, origin)
    hashes = [] if proof is None else read_proof(proof)
    state = confirm_shown(
        ours, origin, notes, anchors, lambda _: hashes, first_contact=first_contact
    )
    if not state.note:
        return f"{origin}: nothing signed so far"
    return f"{origin}: signed up to {state.size} entries"


async def standing_facts(record: PartyRecord, ours: Witness) -> dict[str, object]:
    """The same as `standing`, for programs."""
    cosigned_by: list[object] = []
    for key in record.keyring.witnesses(record.head.size):
        note = await newest_by(record, key)
        size = None if note is None else read_checkpoint(note).size
        cosigned_by.append({"name": key.name, "vkey": key.to_vkey(), "size": size})
    states = [ours.state(origin) for origin in ours.origins]
    return {
        "origin": record.origin,
        "size": record.head.size,
        "cosigned_by": cosigned_by,
        "witness": {"name": ours.verifier.name, "vkey": ours.verifier.to_vkey()},
        "has_cosigned": [
            {
                "origin": state.origin,
                "size": state.size if state.note else None,
                "forked": state.fork is not None,
            }
            for state in states
        ],
    }


async def standing(record: PartyRecord, ours: Witness) -> list[str]:
    """How far we are cosigned by each witness, and others by ours."""
    lines = [f"our log {record.origin}: {record.head.size} entries"]
    for key in record.keyring.witnesses(record.head.size):
        note = await newest_by(record, key)
        far = "nothing" if note is None else f"{read_checkpoint(note).size} entries"
        lines.append(f"  cosigned by {key.name}: {far}")
    lines.append(f"our witness {ours.verifier.name}")
    for origin in ours.origins:
        state = ours.state(origin)
        if state.fork is not None:
            far = "FORKED: it signs nothing more, see `detente record witness confirm`"
        else:
            far = f"{state.size} entries" if state.note else "nothing"
        lines.append(f"  has cosigned {origin}: {far}")
    return lines
