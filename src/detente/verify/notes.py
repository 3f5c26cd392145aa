"""Signed notes, checkpoints and cosignatures.

C2SP signed-note, tlog-checkpoint and tlog-cosignature.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from detente.formats import ALGORITHM_COSIGNATURE, NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX

from .encodings import decimal, unb64
from .errors import VerifyError
from .keys import PublicKey, is_key_name

_DASH: Final = "\u2014 "
_MALFORMED: Final = "checkpoint.malformed"


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature line: `data` is the signature with what may stand before it."""

    name: str
    key_id: bytes
    data: bytes
    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signature lines, nothing of it believed yet."""

    text: str
    lines: tuple[SignatureLine, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says, and the note it stands in."""

    origin: str
    size: int
    root: bytes
    note: Note


def read_note(data: bytes, where: str) -> Note:
    """Take a signed note apart.

    Raises:
        VerifyError: checkpoint.malformed.
    """
    if len(data) > NOTE_BYTES_MAX:
        raise VerifyError(_MALFORMED, where, f"more than {NOTE_BYTES_MAX} bytes")
    try:
        note = data.decode("utf-8")
    except UnicodeDecodeError:
        raise VerifyError(_MALFORMED, where, "not UTF-8") from None
    if any(character < " " and character != "\n" for character in note):
        raise VerifyError(_MALFORMED, where, "control characters")
    text, separator, tail = note.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise VerifyError(_MALFORMED, where, "not a signed note")
    lines = tail[:-1].split("\n")
    if len(lines) > NOTE_SIGNATURES_MAX:
        raise VerifyError(_MALFORMED, where, f"more than {NOTE_SIGNATURES_MAX} signatures")
    return Note(text + "\n", tuple(_line(line, where) for line in lines))


def _line(line: str, where: str) -> SignatureLine:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    raw = unb64(encoded)
    if not line.startswith(_DASH) or not is_key_name(name) or raw is None or len(raw) < 5:
        raise VerifyError(_MALFORMED, where, "a signature line is wrong")
    return SignatureLine(name, raw[:4], raw[4:], line)


def read_checkpoint(data: bytes, where: str) -> Checkpoint:
    """A checkpoint of exactly three lines; no signature is checked here.

    Raises:
        VerifyError: checkpoint.malformed.
    """
    note = read_note(data, where)
    lines = note.text.split("\n")
    if len(lines) != 4:
        raise VerifyError(_MALFORMED, where, "not three lines")
    origin, size_text, root_text, _ = lines
    size, root = decimal(size_text), unb64(root_text)
    if not is_key_name(origin):
        raise VerifyError(_MALFORMED, where, "origin")
    if size is None:
        raise VerifyError(_MALFORMED, where, "size")
    if root is None or len(root) != 32:
        raise VerifyError(_MALFORMED, where, "root")
    return Checkpoint(origin, size, root, note)


def names_in(note: Note) -> frozenset[tuple[str, bytes]]:
    """Names and ids of the keys that are said to have signed; of many keys, only these need a look.

    It costs less to ask this than to look through the lines for each key.
    """
    return frozenset((line.name, line.key_id) for line in note.lines)


def has_signature(note: Note, key: PublicKey, where: str) -> bool:
    """Whether the key has signed the note (signature type 0x01).

    Raises:
        VerifyError: checkpoint.signature; a line claims to be this key's and is wrong.
    """
    message = note.text.encode()
    found = False
    for line in note.lines:
        if (line.name, line.key_id) == (key.name, key.key_id):
            if not key.verifies(message, line.data):
                raise VerifyError("checkpoint.signature", where, f"signature of {key.name}")
            found = True
    return found


def cosignature_time(note: Note, key: PublicKey, where: str) -> int | None:
    """POSIX seconds of the key's newest cosignature (type 0x04), None if it has not cosigned.

    Raises:
        VerifyError: cosignature.wrong; a line claims to be this key's and is wrong.
    """
    newest: int | None = None
    for line in note.lines:
        if (line.name, line.key_id) == (key.name, key.key_id):
            time_s = int.from_bytes(line.data[:8], "big")
            message = f"cosignature/v1\ntime {time_s}\n{note.text}".encode()
            good = len(line.data) == 72 and time_s < 1 << 63
            if not good or not key.verifies(message, line.data[8:]):
                raise VerifyError("cosignature.wrong", where, f"cosignature of {key.name}")
            newest = time_s if newest is None else max(newest, time_s)
    return newest


def cosigners(note: Note, keys: Iterable[PublicKey], where: str) -> list[tuple[PublicKey, int]]:
    """The keys that have cosigned the note, each with its time.

    Raises:
        VerifyError: cosignature.wrong; by one of the keys. Lines of other keys are ignored.
    """
    found: list[tuple[PublicKey, int]] = []
    for key in keys:
        if key.algorithm != ALGORITHM_COSIGNATURE:
            raise ValueError("not a witness key")
        time_s = cosignature_time(note, key, where)
        if time_s is not None:
            found.append((key, time_s))
    return found
