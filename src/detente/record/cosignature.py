"""Cosignatures: a witness states when it saw a checkpoint as the newest (C2SP tlog-cosignature).

Type 0x04: Ed25519 over the time and the checkpoint's text. They stand in the checkpoint's note as
further signature lines.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from detente import formats

from .checkpoint import NoteMalformed, NoteUnverified, signature_line, split_note
from .keys import (
    Ed25519Signer,
    Signer,
    check_name,
    check_public_key,
    format_vkey,
    key_id,
    parse_vkey,
    verify_signature,
)

ALGORITHM = formats.ALGORITHM_COSIGNATURE
_DATA_SIZE = 8 + 64


@dataclass(frozen=True, slots=True)
class CosignatureVerifier:
    """A witness's public key that is believed, under the name it signs with.

    Raises:
        KeyInvalid: as `Verifier`.
    """

    name: str
    public_key: bytes
    key_id: bytes = field(init=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        check_public_key(self.public_key, self.name)
        object.__setattr__(self, "key_id", key_id(self.name, self.public_key, ALGORITHM))

    def verify(self, text: str, time_s: int, signature: bytes) -> bool:
        """Whether the signature is this key's over the checkpoint's text at that time."""
        if not 0 <= time_s < 1 << 63:
            return False
        return verify_signature(self.public_key, message(text, time_s), signature)

    def to_vkey(self) -> str:
        """`<name>+<id>+<base64>`, of type 0x04."""
        return format_vkey(self.name, self.public_key, ALGORITHM)

    @classmethod
    def from_vkey(cls, text: str) -> CosignatureVerifier:
        """Inverse of `to_vkey`.

        Raises:
            KeyInvalid: it is not the vkey of a usable key for cosignatures.
        """
        return cls(*parse_vkey(text, ALGORITHM))

    @classmethod
    def of(cls, signer: Ed25519Signer) -> CosignatureVerifier:
        """The public half of a witness's key."""
        return cls(signer.name, signer.public_key)


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A good cosignature by a known key.

    Attributes:
        name: of the key.
        time_s: when the witness says it saw the checkpoint, in seconds since 1970.
        key_id: of the key; tells keys of one name apart.
    """

    name: str
    time_s: int
    key_id: bytes


def message(text: str, time_s: int) -> bytes:
    """What a witness signs: `text` is that of the checkpoint, without signature lines."""
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


def cosign(text: str, signer: Signer, time_s: int) -> str:
    """A signature line, with its line end, to be added to the note of a checkpoint.

    Args:
        text: the checkpoint's text (`Checkpoint.to_text`), without signature lines.
        signer: the witness's key.
        time_s: seconds since 1970.

    Raises:
        ValueError: a time that the format cannot hold.
    """
    if not 0 <= time_s < 1 << 63:
        raise ValueError("a cosignature's time is from 0 to 2^63 - 1 seconds")
    signature = signer.sign(message(text, time_s))
    identity = key_id(signer.name, signer.public_key, ALGORITHM)
    return signature_line(signer.name, identity, time_s.to_bytes(8, "big") + signature)


def cosignatures_of(note: str, verifiers: Iterable[CosignatureVerifier]) -> list[Cosignature]:
    """The good cosignatures of a note by known keys, in the order of the lines.

    Lines by other keys are ignored. A key that signed more than once is listed once, with its
    latest time.

    Raises:
        NoteMalformed: it is not a signed note.
        NoteUnverified: a line by a known key is wrong.
    """
    text, lines = split_note(note)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    found: dict[tuple[str, bytes], Cosignature] = {}
    for name, identity, data in lines:
        verifier = known.get((name, identity))
        if verifier is None:
            continue
        good = _check(text, verifier, data)
        earlier = found.get((name, identity))
        if earlier is None or earlier.time_s < good.time_s:
            found[name, identity] = good
    return list(found.values())


def add_lines(note: str, lines: str, verifiers: Iterable[CosignatureVerifier]) -> str:
    """The note with the cosignatures that are new to it.

    Only good lines of known keys are moved, one for each key; lines by other keys and by keys that
    have cosigned the note already are left out. What the note has stays as it is, unless it is
    wrong.

    Args:
        note: a signed note.
        lines: signature lines, each with its line end, as a witness answers them.
        verifiers: the keys that are known.

    Raises:
        NoteMalformed: the note is not one, the lines are not signature lines, or there are too
            many of them.
        NoteUnverified: a line by a known key is wrong.
    """
    text, _ = split_note(note)
    again, offered = split_note(f"{text}\n{lines}")
    if again != text:
        raise NoteMalformed("Signature lines have no empty line among them.")
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    taken = {(each.name, each.key_id) for each in cosignatures_of(note, known.values())}
    grown = note
    for name, identity, data in offered:
        verifier = known.get((name, identity))
        if verifier is None:
            continue
        _check(text, verifier, data)
        if (name, identity) not in taken:
            taken.add((name, identity))
            grown += signature_line(name, identity, data)
    split_note(grown)  # the limits on a note
    return grown


def _check(text: str, verifier: CosignatureVerifier, data: bytes) -> Cosignature:
    time_s = int.from_bytes(data[:8], "big")
    if len(data) != _DATA_SIZE or not verifier.verify(text, time_s, data[8:]):
        raise NoteUnverified("The cosignature is wrong.", where=f"signature of {verifier.name}")
    return Cosignature(verifier.name, time_s, verifier.key_id)


__all__ = [
    "ALGORITHM",
    "Cosignature",
    "CosignatureVerifier",
    "NoteMalformed",
    "NoteUnverified",
    "add_lines",
    "cosign",
    "cosignatures_of",
    "message",
]
