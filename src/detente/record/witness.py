"""What a witness decides (C2SP tlog-witness), and the forms of requests and answers.

A witness signs a checkpoint of somebody else's log if that log has only grown since the last one
that it signed. Everything here is a function of its arguments: no file, no clock, no key.

* `witness_confirm`: what it takes to go on after an opening;
* `witness_request`: what a log sends, and makes of the answer;
* `witness_store`: the `Witness`, which keeps key and state; `witness_file`: its file.

`node` carries requests and answers over HTTP. Extension lines are not understood, as in
`checkpoint`: a cosignature would seem to vouch for them.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Final

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
from .keys import Verifier
from .merkle import EMPTY_ROOT, HASH_SIZE, verify_consistency

PROOF_LINES_MAX: Final = 63
REQUEST_BYTES_MAX: Final = NOTE_BYTES_MAX + 4096
"""A whole request: the note, and 63 lines of proof."""
ANSWER_BYTES_MAX: Final = NOTE_BYTES_MAX
TEXT: Final = "text/plain; charset=utf-8"
TLOG_SIZE: Final = "text/x.tlog.size"

SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


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
        if not separator or old == first or not SIZE.fullmatch(old) or int(old) >= 1 << 63:
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
        reason = NEW_KEY if is_by_new_key(request.note, log) else str(error)
        return refuse(403, reason, claimed)
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


NEW_KEY: Final = "It is signed by a key of this log that this witness does not know yet."
NEW_KEY_ADVICE: Final = (
    "If its owner has replaced the log's key: first import the owner's bundle that has the "
    "`key-rotation` (`detente record import`), then ask this witness again."
)


def is_by_new_key(note: str, log: KnownLog) -> bool:
    """Whether a note bears a signature in the log's name, and none by a key that is known."""
    try:
        _, signatures = split_note(note)
    except NoteMalformed:
        return False
    ids = {identity for name, identity, _ in signatures if name == log.origin}
    return bool(ids) and not ids & {verifier.key_id for verifier in log.verifiers}


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
    return text + "\n" + "".join(lines_of(note, keys))


def lines_of(note: str, keys: Container[tuple[str, bytes]]) -> Iterator[str]:
    """The signature lines of a note by keys of these names and ids, with their line ends."""
    text, signatures = split_note(note)
    # Not `splitlines`: a key name may hold characters that it takes for a line's end.
    lines = note[len(text) + 1 : -1].split("\n")
    for line, (name, identity, _) in zip(lines, signatures, strict=True):
        if (name, identity) in keys:
            yield line + "\n"
