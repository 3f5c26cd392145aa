"""Checkpoints: a log's size and root, signed (C2SP tlog-checkpoint in a C2SP signed-note).

    <origin>
    <size>
    <root in base64>

    — <key name> <base64 of key id and signature>

No extension lines: implementations disagree on what they mean, so only the form without them is
understood by all. Reading is strict: what has a second spelling is refused.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from detente import formats
from detente.errors import DetenteError

from .keys import Signer, Verifier, key_id
from .merkle import HASH_SIZE

NOTE_BYTES_MAX = formats.NOTE_BYTES_MAX
SIGNATURES_MAX = formats.NOTE_SIGNATURES_MAX
_SIGNATURE_START = "\u2014 "


class NoteMalformed(DetenteError):
    """A text is not a signed note, or what it says is not a checkpoint."""

    code: ClassVar[str] = "note.malformed"


class NoteUnverified(DetenteError):
    """A note carries no good signature by a key that is believed, or a bad one."""

    code: ClassVar[str] = "note.unverified"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A statement about a log.

    Attributes:
        origin: names the log.
        size: number of entries.
        root: RFC 9162 tree hash, 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    def to_text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def from_text(cls, text: str) -> Checkpoint:
        """Inverse of `to_text`.

        Raises:
            NoteMalformed: it is anything else than three such lines.
        """
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise NoteMalformed("A checkpoint has three lines.", where="checkpoint")
        origin, size, root_text, _ = lines
        check_origin(origin)
        if not re.fullmatch(r"0|[1-9][0-9]{0,18}", size) or int(size) >= 1 << 63:
            raise NoteMalformed(
                "The size is a decimal number below 2^63 without leading zeros.",
                where="checkpoint line 2",
            )
        root = _decode(root_text)
        if root is None or len(root) != HASH_SIZE:
            raise NoteMalformed("The root is 32 bytes in base64.", where="checkpoint line 3")
        return cls(origin, int(size), root)


def check_origin(origin: str) -> None:
    """Refuse origins that cannot stand in a checkpoint.

    Raises:
        NoteMalformed: empty, with control characters, or with space around it.
    """
    if not origin or not origin.isprintable() or origin != origin.strip():
        raise NoteMalformed(
            "The origin is a line of printable text.",
            where="checkpoint line 1",
            advice="A host name with a path is customary: exchange.example/log",
        )


def sign_checkpoint(checkpoint: Checkpoint, *signers: Signer) -> str:
    """A signed note, one signature line for each signer, in the order given."""
    text = checkpoint.to_text()
    message = text.encode()
    lines = [
        signature_line(signer.name, key_id(signer.name, signer.public_key), signer.sign(message))
        for signer in signers
    ]
    return text + "\n" + "".join(lines)


def signature_line(name: str, identity: bytes, signature: bytes) -> str:
    """A line of a signed note, with its line end."""
    return f"{_SIGNATURE_START}{name} {base64.b64encode(identity + signature).decode()}\n"


def open_checkpoint(note: str, verifiers: Iterable[Verifier]) -> Checkpoint:
    """Read a checkpoint that at least one of the keys has signed.

    Signatures by other keys are ignored; a wrong one by a known key is an error.

    Raises:
        NoteMalformed: the text is not a checkpoint in a signed note.
        NoteUnverified: no signature by a known key, or one that is wrong.
    """
    return Checkpoint.from_text(open_note(note, verifiers))


def read_checkpoint(note: str) -> Checkpoint:
    """Read what a checkpoint says without believing it: no signature is checked.

    Raises:
        NoteMalformed: the text is not a checkpoint in a signed note.
    """
    return Checkpoint.from_text(split_note(note)[0])


def open_note(note: str, verifiers: Iterable[Verifier]) -> str:
    """The text of a signed note that at least one of the keys has signed.

    Raises:
        NoteMalformed: it is not a signed note.
        NoteUnverified: no signature by a known key, or one that is wrong.
    """
    text, signatures = split_note(note)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    message = text.encode()
    good = False
    for name, identity, signature in signatures:
        verifier = known.get((name, identity))
        if verifier is None:
            continue
        if not verifier.verify(message, signature):
            raise NoteUnverified("The signature is wrong.", where=f"signature of {name}")
        good = True
    if not good:
        names = ", ".join(name for name, _, _ in signatures)
        raise NoteUnverified(
            f"No known key has signed it; it is signed by {names}.",
            advice="Give the public key (vkey) of each instance that may write to the log.",
        )
    return text


def split_note(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Take a signed note apart: its text, and name, key id and signature of each line.

    Raises:
        NoteMalformed: it is not a signed note.
    """
    try:
        encoded = note.encode()
    except UnicodeEncodeError:
        raise NoteMalformed("A note is UTF-8 text.") from None
    if len(encoded) > NOTE_BYTES_MAX:
        raise NoteMalformed(f"A note has at most {NOTE_BYTES_MAX} bytes.")
    if any(ord(character) < 0x20 and character != "\n" for character in note):
        raise NoteMalformed("A note has no control characters but line ends.")
    text, separator, tail = note.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise NoteMalformed("A note is a text, an empty line, and signature lines.")
    lines = tail[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise NoteMalformed(f"A note has at most {SIGNATURES_MAX} signatures.")
    return text + "\n", [_signature(number, line) for number, line in enumerate(lines, start=1)]


def _signature(number: int, line: str) -> tuple[str, bytes, bytes]:
    name, _, data = line.removeprefix(_SIGNATURE_START).partition(" ")
    raw = _decode(data)
    # As in C2SP signed-note: a name, one space, and at least the key id and one byte more.
    named = bool(name) and not re.search(r"[\s+]", name)
    if not line.startswith(_SIGNATURE_START) or not named or raw is None or len(raw) < 5:
        raise NoteMalformed(
            "A signature line is an em dash, a key name and base64.",
            where=f"signature line {number}",
        )
    return name, raw[:4], raw[4:]


def _decode(text: str) -> bytes | None:
    """Bytes of canonical base64, or None."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw).decode() == text else None
