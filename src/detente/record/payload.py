"""Payloads: what an entry of the record says, and reading one. Nothing of it is believed yet."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from detente import formats
from detente.errors import DetenteError, printable

from .canonical import NotCanonical
from .ijson import JsonMalformed, JsonValue, canonical_json, parse_object, parse_time

TEXT_CHARACTERS_MAX = formats.CHANNEL_CHARACTERS_MAX
"""Of a channel's name, and of the ids of agreements and parties."""

_KIND = re.compile(r"[a-z][a-z0-9-]{0,62}", re.ASCII)
_HEX_32 = re.compile(r"[0-9a-f]{32}", re.ASCII)
_HEX_64 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_REL_CHARACTERS_MAX = 100
_MEDIA_TYPE_CHARACTERS_MAX = 200


class EnvelopeMalformed(DetenteError):
    """An envelope's payload is not one of ours, or cannot be made into one."""

    code: ClassVar[str] = "record.envelope"


@dataclass(frozen=True, slots=True)
class Blob:
    """A file that a payload names; its bytes are kept beside the log.

    Attributes:
        sha256: of its bytes, 32 bytes.
        size: in bytes.
        media_type: what it is, such as `image/png`.
    """

    sha256: bytes
    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Reference:
    """Another entry that a payload is about.

    Attributes:
        id: of the entry meant.
        rel: in which way, such as `receipt`.
        sha256: of the payload meant, 32 bytes.
    """

    id: UUID
    rel: str
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Payload:
    """What an envelope says, of the right form; nothing of it is believed yet.

    Attributes:
        kind: of body, from the payload type.
        sha256: of the payload's bytes, 32 bytes.
        agreement: id of the agreement that it was stated under.
        author: name of the key that signed.
        sender: id of the party that states it (`from` on the wire).
        channel: the sequence it belongs to.
        seq: its number in (agreement, sender, channel), from 1.
        prev: SHA-256 of the PAE of the envelope before it there; None for the first.
        created: when the author says it was made.
        id: UUIDv7.
        salt: 16 random bytes.
        status: `actual`, `exercise` or `test`.
        to: ids of the parties addressed.
        refs: other entries that it is about.
        blobs: files that belong to it.
        body: its content.
    """

    kind: str
    sha256: bytes
    agreement: str
    author: str
    sender: str
    channel: str
    seq: int
    prev: bytes | None
    created: datetime
    id: UUID
    salt: bytes
    status: str
    to: tuple[str, ...]
    refs: tuple[Reference, ...]
    blobs: tuple[Blob, ...]
    body: dict[str, JsonValue]


def payload_type_of(kind: str) -> str:
    """Media type of a kind of payload.

    Raises:
        EnvelopeMalformed: the kind cannot stand in one.
    """
    if _KIND.fullmatch(kind) is None:
        raise EnvelopeMalformed(
            "A kind is 1 to 63 lower-case letters, digits and hyphens, a letter first.",
            where=repr(kind[:100]),
        )
    return f"{formats.PAYLOAD_TYPE_PREFIX}{kind}{formats.PAYLOAD_TYPE_SUFFIX}"


def kind_of(payload_type: str) -> str:
    """Inverse of `payload_type_of`.

    Raises:
        EnvelopeMalformed: it is not a payload type of this record.
    """
    prefix, suffix = formats.PAYLOAD_TYPE_PREFIX, formats.PAYLOAD_TYPE_SUFFIX
    kind = payload_type[len(prefix) : len(payload_type) - len(suffix)]
    if payload_type != prefix + kind + suffix or _KIND.fullmatch(kind) is None:
        raise EnvelopeMalformed("It is not a payload of this record.", where="payloadType")
    return kind


class _BlobWire(msgspec.Struct, forbid_unknown_fields=True):
    media_type: str
    sha256: str
    size: int


class _ReferenceWire(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    rel: str
    sha256: str


class _PayloadWire(msgspec.Struct, forbid_unknown_fields=True, rename={"sender": "from"}):
    agreement: str
    author: str
    blobs: list[_BlobWire]
    body: msgspec.Raw
    channel: str
    created: str
    sender: str
    id: str
    prev: str | None
    refs: list[_ReferenceWire]
    salt: str
    seq: int
    status: str
    to: list[str]


_DECODER = msgspec.json.Decoder(_PayloadWire)


def read_whole(data: bytes, author: str, kind: str) -> Payload:
    """What a payload says. Form only.

    Args:
        author: name of the key that signed it.
        kind: from the payload type.

    Raises:
        EnvelopeMalformed: it has not exactly the members it must have, in canonical JSON.
    """
    check_size(data)
    try:
        wire = _DECODER.decode(data)
        body = parse_object(bytes(wire.body), depth_max=formats.JSON_DEPTH_MAX - 1)
        # One spelling, and no name twice: all of it in one comparison.
        wire.body = msgspec.Raw(canonical_json(body))
        same = msgspec.json.encode(wire) == data
    except (msgspec.MsgspecError, UnicodeError, RecursionError, JsonMalformed) as error:
        raise EnvelopeMalformed(f"The payload is not of the right form: {error}") from None
    except NotCanonical as error:
        raise EnvelopeMalformed(f"The body has no canonical JSON: {error}", where="body") from None
    if not same:
        raise EnvelopeMalformed("The payload is not in canonical JSON (RFC 8785).")
    if wire.author != author:
        raise EnvelopeMalformed("Author and signing key have two names.", where="author")
    for where, text in (
        ("agreement", wire.agreement),
        ("channel", wire.channel),
        ("from", wire.sender),
        *(("to", party) for party in wire.to),
    ):
        _check_text(text, where, TEXT_CHARACTERS_MAX)
    if len(set(wire.to)) != len(wire.to):
        raise EnvelopeMalformed("A party is addressed twice.", where="to")
    for where, count in (
        ("to", len(wire.to)),
        ("refs", len(wire.refs)),
        ("blobs", len(wire.blobs)),
    ):
        if count > formats.LIST_MAX:
            raise EnvelopeMalformed(f"At most {formats.LIST_MAX} are allowed.", where=where)
    if not 1 <= wire.seq <= formats.JSON_INTEGER_MAX or (wire.seq == 1) != (wire.prev is None):
        raise EnvelopeMalformed(
            "Numbers run from 1, and all but the first name their predecessor.", where="seq"
        )
    if wire.status not in formats.STATUSES:
        raise EnvelopeMalformed(f"It is one of {', '.join(formats.STATUSES)}.", where="status")
    try:
        created = parse_time(wire.created)
    except ValueError as error:
        raise EnvelopeMalformed(f"There, {error}.", where="created") from None
    return Payload(
        kind=kind,
        sha256=hashlib.sha256(data).digest(),
        agreement=wire.agreement,
        author=wire.author,
        sender=wire.sender,
        channel=wire.channel,
        seq=wire.seq,
        prev=None if wire.prev is None else _hash(wire.prev, "prev"),
        created=created,
        id=_uuid7(wire.id, "id"),
        salt=_salt(wire.salt),
        status=wire.status,
        to=tuple(wire.to),
        refs=tuple(_reference(each) for each in wire.refs),
        blobs=tuple(_blob(each) for each in wire.blobs),
        body=body,
    )


def _reference(wire: _ReferenceWire) -> Reference:
    _check_text(wire.rel, "refs.rel", _REL_CHARACTERS_MAX)
    return Reference(_uuid7(wire.id, "refs.id"), wire.rel, _hash(wire.sha256, "refs.sha256"))


def _blob(wire: _BlobWire) -> Blob:
    _check_text(wire.media_type, "blobs.media_type", _MEDIA_TYPE_CHARACTERS_MAX)
    if not 0 <= wire.size <= formats.JSON_INTEGER_MAX:
        raise EnvelopeMalformed("There is no such size.", where="blobs.size")
    return Blob(_hash(wire.sha256, "blobs.sha256"), wire.size, wire.media_type)


def check_size(data: bytes) -> None:
    """Refuse a payload that is larger than any may be. Raises EnvelopeMalformed."""
    if len(data) > formats.PAYLOAD_BYTES_MAX:
        raise EnvelopeMalformed(
            f"The payload has {len(data)} bytes; {formats.PAYLOAD_BYTES_MAX} are allowed.",
            advice="Put what is large into a file that goes with it.",
        )


def _check_text(text: str, where: str, characters_max: int) -> None:
    if not 1 <= len(text) <= characters_max or printable(text) != text or "\n" in text:
        raise EnvelopeMalformed(f"It has 1 to {characters_max} printable characters.", where=where)


def _hash(text: str, where: str) -> bytes:
    if _HEX_64.fullmatch(text) is None:
        raise EnvelopeMalformed("A hash is 64 lower-case hexadecimal digits.", where=where)
    return bytes.fromhex(text)


def _salt(text: str) -> bytes:
    if _HEX_32.fullmatch(text) is None:
        raise EnvelopeMalformed("A salt is 32 lower-case hexadecimal digits.", where="salt")
    return bytes.fromhex(text)


def _uuid7(text: str, where: str) -> UUID:
    try:
        made = UUID(text)
    except ValueError:
        raise EnvelopeMalformed("It is not a UUID.", where=where) from None
    # Version and variant of RFC 9562; UUID takes braces, capitals and more, which the wire has not.
    if str(made) != text or text[14] != "7" or text[19] not in "89ab":
        raise EnvelopeMalformed("It is not a UUIDv7 in lower case.", where=where)
    return made
