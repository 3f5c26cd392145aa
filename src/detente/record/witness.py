"""What a witness decides (C2SP tlog-witness), and what a log sends to it and makes of its answer.

A witness signs a checkpoint of somebody else's log if that log has only grown since the last one
that it signed. Everything here is a function of its arguments: no file, no clock, no key. The
`Witness` of `witness_store` keeps key and state; `node` carries requests and answers over HTTP.

After every opening a witness is *unconfirmed* for every log: its file may have been restored from
a backup, and then it has forgotten what it signed since. `decide_confirmation` says what it takes
to go on. What remains at risk is told there.

Extension lines are not understood, as in `checkpoint`: a cosignature would seem to vouch for them.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final, Protocol

from detente.errors import DetenteError

from .checkpoint import (
    NOTE_BYTES_MAX,
    Checkpoint,
    NoteMalformed,
    NoteUnverified,
    open_checkpoint,
    read_checkpoint,
    split_note,
)
from .cosignature import CosignatureVerifier, add_lines, cosignatures_of
from .keys import Verifier
from .merkle import EMPTY_ROOT, HASH_SIZE, verify_consistency

PROOF_LINES_MAX: Final = 63
REQUEST_BYTES_MAX: Final = NOTE_BYTES_MAX + 4096
"""A whole request: the note, and 63 lines of proof."""
ANSWER_BYTES_MAX: Final = NOTE_BYTES_MAX
TEXT: Final = "text/plain; charset=utf-8"
TLOG_SIZE: Final = "text/x.tlog.size"

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


class WitnessRequestMalformed(DetenteError):
    """A request to a witness, or its answer, is not in the form that tlog-witness prescribes."""

    code: ClassVar[str] = "witness.malformed"


class WitnessUnconvinced(DetenteError):
    """What was shown to a witness does not allow it to begin to sign for a log."""

    code: ClassVar[str] = "witness.unconvinced"


class WitnessForked(DetenteError):
    """Two checkpoints of one size bear the witness's own cosignature and differ.

    Attributes:
        evidence: the two notes.
    """

    code: ClassVar[str] = "witness.forked"

    def __init__(self, origin: str, evidence: tuple[str, str]) -> None:
        super().__init__(
            "This witness has signed two different checkpoints of one size; "
            "it signs nothing more for this log.",
            where=origin,
            advice="Keep both notes: together with the log's signatures they show who forked. Then "
            "agree upon a new witness key, and find out how the old one was used twice.",
        )
        self.evidence = evidence


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request for a cosignature.

    Attributes:
        old_size: size of the checkpoint that the witness signed last, as the log believes.
        proof: consistency proof from there, hashes of 32 bytes.
        note: the checkpoint, signed by the log.
    """

    old_size: int
    proof: tuple[bytes, ...]
    note: str

    @property
    def size(self) -> int:
        """Size of the checkpoint, as it claims.

        Raises:
            NoteMalformed: the note is not a checkpoint.
        """
        return read_checkpoint(self.note).size

    def format(self) -> bytes:
        """The body of `POST <prefix>/add-checkpoint`."""
        lines = [f"old {self.old_size}", *(base64.b64encode(h).decode() for h in self.proof), ""]
        return ("".join(line + "\n" for line in lines) + self.note).encode()

    @classmethod
    def parse(cls, data: bytes) -> AddCheckpoint:
        """Inverse of `format`; that the note is a checkpoint is looked at later.

        Raises:
            WitnessRequestMalformed: it is too large, or not in that form.
        """
        if len(data) > REQUEST_BYTES_MAX:
            raise WitnessRequestMalformed(f"A request has at most {REQUEST_BYTES_MAX} bytes.")
        try:
            text = data.decode()
        except UnicodeDecodeError:
            raise WitnessRequestMalformed("A request is UTF-8 text.") from None
        head, separator, note = text.partition("\n\n")
        first, *proof_lines = head.split("\n")
        old = first.removeprefix("old ")
        if not separator or old == first or not _SIZE.fullmatch(old) or int(old) >= 1 << 63:
            raise WitnessRequestMalformed(
                "A request begins with `old`, a size, the proof, and an empty line.", where="line 1"
            )
        if len(proof_lines) > PROOF_LINES_MAX:
            raise WitnessRequestMalformed(f"A proof has at most {PROOF_LINES_MAX} lines.")
        proof = [_hash(number, line) for number, line in enumerate(proof_lines, start=2)]
        return cls(int(old), tuple(proof), note)


def _hash(number: int, line: str) -> bytes:
    try:
        raw = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != HASH_SIZE or base64.b64encode(raw).decode() != line:
        raise WitnessRequestMalformed(
            "A line of the proof is 32 bytes in base64.", where=f"line {number}"
        )
    return raw


@dataclass(frozen=True, slots=True)
class KnownLog:
    """A log that a witness signs for. While its key is being changed, both keys are believed."""

    origin: str
    verifiers: tuple[Verifier, ...]


@dataclass(frozen=True, slots=True)
class WitnessState:
    """What a witness remembers of a log.

    Attributes:
        origin: the log.
        size: entries in the last checkpoint that it signed; 0 if it never signed one.
        root: its root.
        note: that checkpoint with the log's signatures and the witness's own; "" if none.
        fork: two notes of one size that both bear the witness's signature, and differ.
    """

    origin: str
    size: int = 0
    root: bytes = EMPTY_ROOT
    note: str = ""
    fork: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness says to a request.

    Attributes:
        status: HTTP status as tlog-witness assigns it: 200, 400, 403, 404, 409, 422, or 503 while
            the witness is unconfirmed.
        body: signature lines at 200, the witness's size at 409, else a sentence.
        content_type: of the body.
        origin, size: of the checkpoint that was submitted, as far as known.
        reason: why it was refused; "" at 200.
        note: at 200 the checkpoint with the log's signatures and the new cosignature, which is what
            an `anchor` entry holds; where it is `telling`, the checkpoint that was refused.
        telling: the log has signed what does not go with what it signed before, or nobody has shown
            that it does: worth a `witness-refusal`. A wrong old size is not.
    """

    status: int
    body: bytes
    content_type: str = TEXT
    origin: str = ""
    size: int = 0
    reason: str = ""
    note: str = ""
    telling: bool = False

    def format(self) -> bytes:
        """The answer as a file, for those who exchange files: status, type, empty line, body."""
        return f"{self.status} {self.content_type}\n\n".encode() + self.body

    @classmethod
    def parse(cls, data: bytes) -> Answer:
        """Inverse of `format`, but for what only the witness itself knows.

        Raises:
            WitnessRequestMalformed: it is too large, or not in that form.
        """
        head, separator, body = data.partition(b"\n\n")
        found = re.fullmatch(rb"([1-5][0-9]{2}) ([ -~]{1,100})", head)
        if found is None or not separator or len(body) > ANSWER_BYTES_MAX:
            raise WitnessRequestMalformed("An answer is a status, a type, and a short text.")
        return cls(int(found[1]), body, found[2].decode())


@dataclass(frozen=True, slots=True)
class Accepted:
    """A checkpoint that may be cosigned, once the state that it leads to is stored.

    Attributes:
        state: the new state; its `note` lacks the cosignature.
    """

    state: WitnessState


def decide_add_checkpoint(
    request: AddCheckpoint, log: KnownLog | None, state: WitnessState, *, confirmed: bool
) -> Accepted | Answer:
    """Whether to cosign.

    Args:
        request: what was submitted.
        log: the log that the note names, if the witness knows it.
        state: what the witness remembers of it.
        confirmed: whether `decide_confirmation` has been passed since the witness was opened.
    """
    try:
        claimed = read_checkpoint(request.note)
    except NoteMalformed as error:
        return refuse(400, str(error))
    if log is None:
        return refuse(404, "This witness does not sign for this log.", claimed)
    try:
        checkpoint = open_checkpoint(request.note, log.verifiers)
    except NoteUnverified as error:
        return refuse(403, str(error), claimed)
    if state.fork is not None:
        return refuse(403, "This witness signs nothing more for this log: see its fork.", claimed)
    if not confirmed:
        return refuse(
            503,
            "This witness has been opened and not yet confirmed for this log: "
            "show it your newest checkpoint that bears its cosignature.",
            claimed,
        )
    if request.old_size > checkpoint.size:
        return refuse(400, "The old size is larger than the checkpoint's.", claimed)
    if request.old_size != state.size:
        return _conflict(state, checkpoint, f"The last size signed is {state.size}.")
    note = strip_note(request.note, log.verifiers)
    if request.old_size == checkpoint.size and checkpoint.root != state.root:
        answer = _conflict(state, checkpoint, "The last checkpoint of this size has another root.")
        return replace(answer, note=note, telling=True)
    if not verify_consistency(
        state.size, checkpoint.size, state.root, checkpoint.root, request.proof
    ):
        answer = refuse(422, "The proof does not show that the log has only grown.", claimed)
        return replace(answer, note=note, telling=True)
    return Accepted(replace(state, size=checkpoint.size, root=checkpoint.root, note=note))


def refuse(status: int, reason: str, checkpoint: Checkpoint | None = None) -> Answer:
    """An answer that is a sentence."""
    origin, size = (checkpoint.origin, checkpoint.size) if checkpoint else ("", 0)
    return Answer(status, reason.encode() + b"\n", origin=origin, size=size, reason=reason)


def _conflict(state: WitnessState, checkpoint: Checkpoint, reason: str) -> Answer:
    body = f"{state.size}\n".encode()
    return Answer(409, body, TLOG_SIZE, checkpoint.origin, checkpoint.size, reason)


def strip_note(note: str, verifiers: Iterable[Verifier]) -> str:
    """The note with the signature lines of these keys only; they have been verified."""
    text, _ = split_note(note)
    keys = {(verifier.name, verifier.key_id) for verifier in verifiers}
    return text + "\n" + "".join(_lines_of(note, keys))


def _lines_of(note: str, keys: Container[tuple[str, bytes]]) -> Iterator[str]:
    text, signatures = split_note(note)
    # Not `splitlines`: a key name may hold characters that it takes for a line's end.
    lines = note[len(text) + 1 : -1].split("\n")
    for line, (name, identity, _) in zip(lines, signatures, strict=True):
        if (name, identity) in keys:
            yield line + "\n"


# --- after an opening ----------------------------------------------------------------------------


def decide_confirmation(
    state: WitnessState,
    log: KnownLog,
    witness: CosignatureVerifier,
    shown: Sequence[str],
    anchors: Sequence[str] = (),
    *,
    proof: Sequence[bytes] = (),
    first_contact: bool = False,
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
    signed = _signed_by_us(log, witness, (*shown, *anchors), state)
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
    state: WitnessState, log: KnownLog, witness: CosignatureVerifier, notes: Sequence[str]
) -> tuple[int, int] | None:
    """The sizes between which `decide_confirmation` wants a proof, if it does.

    Raises:
        WitnessForked, WitnessUnconvinced: see there.
    """
    size = max(_signed_by_us(log, witness, notes, state), default=0)
    return (size, state.size) if 0 < size < state.size else None


def _signed_by_us(
    log: KnownLog, witness: CosignatureVerifier, notes: Sequence[str], state: WitnessState
) -> dict[int, tuple[bytes, str]]:
    """Root and note of each size that one of the notes shows us to have signed."""
    signed: dict[int, tuple[bytes, str]] = {}
    for note in notes:
        checkpoint, ours = _look_at(note, log, witness)
        if not ours:
            continue
        root, other = signed.setdefault(checkpoint.size, (checkpoint.root, note))
        if root == checkpoint.root and checkpoint.size == state.size and state.note:
            root, other = state.root, state.note
        if root != checkpoint.root:
            raise WitnessForked(state.origin, (other, note))
    return signed


def _look_at(note: str, log: KnownLog, witness: CosignatureVerifier) -> tuple[Checkpoint, bool]:
    """What a note says, and whether it bears our cosignature; if not, the log has signed it."""
    try:
        checkpoint = read_checkpoint(note)
        ours = bool(cosignatures_of(note, [witness]))
        if not ours:
            open_checkpoint(note, log.verifiers)
    except (NoteMalformed, NoteUnverified) as error:
        raise WitnessUnconvinced(
            f"A note that is shown cannot be believed: {error}", where=log.origin
        ) from None
    if checkpoint.origin != log.origin:
        raise WitnessUnconvinced(
            f"A note that is shown is of another log, {checkpoint.origin}.", where=log.origin
        )
    return checkpoint, ours


# --- the log's side ------------------------------------------------------------------------------


class RecordBehind(DetenteError):
    """A witness has signed a larger tree than the record holds: the record was rolled back."""

    code: ClassVar[str] = "witness.behind"


class Noted(Protocol):
    """A checkpoint that comes with more."""

    @property
    def note(self) -> str:
        """The signed note."""


class Witnessed(Protocol):
    """What a record must offer to have itself witnessed."""

    async def checkpoint(self) -> Noted:
        """The newest checkpoint."""

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Consistency proof between two sizes (RFC 9162 2.1.4)."""

    async def add_cosignatures(self, size: int, lines: Sequence[str]) -> object:
        """Keep signature lines of witnesses for the checkpoint of a size."""


async def make_request(record: Witnessed, old_size: int) -> AddCheckpoint:
    """A request for a cosignature on the record's newest checkpoint.

    Args:
        record: the log.
        old_size: the size that the witness signed last; 0 if that is not known, it will tell.

    Raises:
        RecordBehind: the witness has signed more than there is.
    """
    note = (await record.checkpoint()).note
    size = read_checkpoint(note).size
    if old_size > size:
        raise RecordBehind(
            f"The witness has signed {old_size} entries, and the record has {size}.",
            advice="This record was rolled back. Do not write to it before what is missing is "
            "restored: what you sign now will be refused as a fork.",
        )
    return AddCheckpoint(old_size, tuple(record.consistency(old_size, size)), note)


async def take_answer(
    record: Witnessed,
    request: AddCheckpoint,
    answer: Answer,
    witnesses: Sequence[CosignatureVerifier],
) -> Taken:
    """`read_answer`, and keep the cosignature in the record if there is a good one.

    Raises:
        WitnessRequestMalformed: see `read_answer`.
    """
    taken = read_answer(answer, request, witnesses)
    if isinstance(taken, Cosigned):
        await record.add_cosignatures(request.size, taken.lines)
    return taken


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The witness has signed: the note with its cosignature, and the signature lines."""

    note: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OtherSize:
    """The witness knows another size: ask again with a proof from there."""

    size: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The witness will not sign; belongs into the record as `witness-refusal`."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class NotNow:
    """The witness cannot sign now; ask again later."""

    status: int
    reason: str


Taken = Cosigned | OtherSize | Refused | NotNow


def read_answer(
    answer: Answer, request: AddCheckpoint, witnesses: Sequence[CosignatureVerifier]
) -> Taken:
    """What the answer to a request means; no cosignature is believed that does not verify.

    Raises:
        WitnessRequestMalformed: the answer makes no sense, or is a cosignature that is wrong or by
            a key that is not among `witnesses`.
    """
    text = answer.body[:ANSWER_BYTES_MAX].decode(errors="replace")
    if answer.status == 200:
        return _cosigned(text, request, witnesses)
    reason = " ".join(text.split())[:500]
    if answer.status == 409:
        size = text.removesuffix("\n")
        if _SIZE.fullmatch(size) and int(size) != request.old_size:
            return OtherSize(int(size))
        return Refused(409, f"It has signed another root at this size ({reason}).")
    if answer.status == 429 or answer.status >= 500:
        return NotNow(answer.status, reason)
    if answer.status >= 400:
        return Refused(answer.status, reason)
    raise WitnessRequestMalformed(f"A witness does not answer with {answer.status}.")


def _cosigned(
    text: str, request: AddCheckpoint, witnesses: Sequence[CosignatureVerifier]
) -> Cosigned:
    body, _ = split_note(request.note)
    alone = f"{body}\n{text}"
    try:
        good = {(found.name, found.key_id) for found in cosignatures_of(alone, witnesses)}
        note = add_lines(request.note, text, witnesses)
    except (NoteMalformed, NoteUnverified) as error:
        raise WitnessRequestMalformed(f"The cosignature cannot be used: {error}") from None
    if not good:
        raise WitnessRequestMalformed("The answer holds no cosignature by a key that is believed.")
    return Cosigned(note, tuple(_lines_of(alone, good)))
