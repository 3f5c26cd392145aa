"""Proofs in one file: an inclusion proof with the checkpoint it leads to (C2SP tlog-proof).

c2sp.org/tlog-proof@v1
[extra <base64>]
index <i>
<base64 of a hash>...

<the checkpoint's note>
"""

from __future__ import annotations

import binascii
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from detente import formats
from detente.errors import DetenteError

from .checkpoint import Checkpoint, NoteMalformed, read_checkpoint
from .merkle import HASH_SIZE, verify_inclusion

EXTRA_BYTES_MAX = formats.PAYLOAD_BYTES_MAX
_HASHES_MAX = 63
_HEADER = "c2sp.org/tlog-proof@v1"
_TEXT_CHARACTERS_MAX = 2 * EXTRA_BYTES_MAX + 2 * formats.NOTE_BYTES_MAX
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class ProofMalformed(DetenteError):
    """A text is not a proof of logging."""

    code: ClassVar[str] = "record.proof"


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A proof of logging; nothing in it is believed yet.

    Attributes:
        index: of the entry, from 0.
        hashes: inclusion proof, from the leaf's sibling to the root's child.
        note: the checkpoint with its signatures. Its index is below its size.
        extra: bytes for the application, protected by nothing.
    """

    index: int
    hashes: tuple[bytes, ...]
    note: str
    extra: bytes | None = None

    @property
    def checkpoint(self) -> Checkpoint:
        """What the note says; its signatures are for the caller to check.

        Raises:
            NoteMalformed: it is no checkpoint. Not after `parse_proof`.
        """
        return read_checkpoint(self.note)

    def leads_from(self, leaf: bytes) -> bool:
        """Whether the hashes lead from this leaf hash to the root of the checkpoint."""
        stated = self.checkpoint
        return verify_inclusion(self.index, stated.size, leaf, self.hashes, stated.root)


def format_proof(index: int, hashes: Sequence[bytes], note: str, extra: bytes | None = None) -> str:
    """The text of a proof. Empty `extra` is left out.

    Raises:
        ProofMalformed: `parse_proof` would refuse it.
    """
    lines = [_HEADER]
    if extra:
        lines.append(f"extra {b64encode(extra).decode()}")
    lines.append(f"index {index}")
    lines.extend(b64encode(value).decode() for value in hashes)
    text = "\n".join((*lines, "", note))
    parse_proof(text)
    return text


def parse_proof(text: str) -> TlogProof:
    """Inverse of `format_proof`. Form only: no hash and no signature is checked.

    Raises:
        ProofMalformed: it is no such text, or the checkpoint in it no checkpoint.
    """
    if len(text) > _TEXT_CHARACTERS_MAX:
        raise ProofMalformed("It is too long.")
    head, separator, note = text.partition("\n\n")
    if not separator:
        raise ProofMalformed("An empty line stands between proof and checkpoint.")
    lines = head.split("\n")
    lines.reverse()
    if lines.pop() != _HEADER:
        raise ProofMalformed(f"The first line is {_HEADER}.", where="line 1")
    extra: bytes | None = None
    if lines and lines[-1].startswith("extra "):
        extra = _decode(lines.pop().removeprefix("extra "), "extra")
        if not extra or len(extra) > EXTRA_BYTES_MAX:
            raise ProofMalformed("It is empty or too long.", where="extra")
    word, _, number = (lines.pop() if lines else "").partition(" ")
    if word != "index" or _NUMBER.fullmatch(number) is None:
        raise ProofMalformed("It is a decimal number without leading zeros.", where="index")
    if len(lines) > _HASHES_MAX:
        raise ProofMalformed(f"A proof has at most {_HASHES_MAX} hashes.")
    hashes = tuple(_decode(line, "hash") for line in reversed(lines))
    if any(len(value) != HASH_SIZE for value in hashes):
        raise ProofMalformed("A hash has 32 bytes.", where="hash")
    try:
        stated = read_checkpoint(note)
    except NoteMalformed as error:
        raise ProofMalformed(f"The checkpoint: {error}") from error
    if int(number) >= stated.size:
        raise ProofMalformed("The checkpoint does not reach so far.", where="index")
    return TlogProof(int(number), hashes, note, extra)


def _decode(text: str, where: str) -> bytes:
    try:
        raw = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except ValueError:
        raise ProofMalformed("It is not base64.", where=where) from None
    if b64encode(raw).decode() != text:
        raise ProofMalformed("Its base64 is not canonical.", where=where)
    return raw
