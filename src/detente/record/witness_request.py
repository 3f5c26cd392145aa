"""The log's side of C2SP tlog-witness: asking for a cosignature, and reading the answer.

By file or over HTTP: what is sent and received are `AddCheckpoint` and `Answer`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from detente.errors import DetenteError

from .checkpoint import NoteMalformed, NoteUnverified, read_checkpoint, split_note
from .cosignature import CosignatureVerifier, add_lines, cosignatures_of
from .witness import (
    ANSWER_BYTES_MAX,
    SIZE,
    AddCheckpoint,
    Answer,
    WitnessRequestMalformed,
    lines_of,
)


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
        if SIZE.fullmatch(size) and int(size) != request.old_size:
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
    return Cosigned(note, tuple(lines_of(alone, good)))
