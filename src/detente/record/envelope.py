"""Entries of the record before they are hashed: payloads, sealed in envelopes.

A payload says who states what in which channel, and names the statement before it there, so that
nothing can be left out in between. The salt keeps what is erased from being guessed by its hash.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import ClassVar, ParamSpec
from uuid import UUID

import msgspec

from detente import formats
from detente.errors import DetenteError, printable

from .canonical import NotCanonical
from .dsse import Envelope, Signature, pae
from .ijson import JsonMalformed, JsonValue, canonical_json, format_time, parse_object, parse_time
from .keys import Signer
from .uuids import uuid7 as uuid7

TEXT_CHARACTERS_MAX = formats.CHANNEL_CHARACTERS_MAX
"""Of a channel's name, and of the ids of agreements and parties."""

P = ParamSpec("P")

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
class Draft:
    """What somebody wants to state; `seal` makes an envelope of it.

    Attributes:
        kind: of body, such as `receipt`.
        channel: the sequence it belongs to.
        to: ids of the parties addressed; nobody is allowed.
        body: its content, as its kind wants it.
        refs: other entries that it is about.
        blobs: files that belong to it.
        status: `actual`, `exercise` or `test`.
        identity: a fresh UUIDv7 that its entry is to have, if that must be known before it is
            recorded; one is made otherwise.
    """

    kind: str
    channel: str
    to: tuple[str, ...]
    body: Mapping[str, JsonValue]
    refs: tuple[Reference, ...] = ()
    blobs: tuple[Blob, ...] = ()
    status: str = "actual"
    identity: UUID | None = None


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


def seal_and_read(
    draft: Draft,
    *,
    signer: Signer,
    agreement: str,
    sender: str,
    sequence: int,
    previous: bytes | None,
    created: datetime,
    identity: UUID,
    salt: bytes,
) -> tuple[Envelope, Payload]:
    """Make the envelope of a draft, signed; and what `read_payload` reads in it.

    Args:
        draft: what is stated.
        signer: the author's key: an officer's or the node's.
        agreement: id of the agreement.
        sender: id of the party that states it.
        sequence: number in the channel, from 1.
        previous: `chain_hash` of the envelope before it there; None for the first.
        created: now, with a time zone.
        identity: a fresh UUIDv7.
        salt: 16 fresh random bytes.

    Raises:
        EnvelopeMalformed: something has not the form that `read_payload` demands.
    """
    try:
        body = canonical_json(dict(draft.body))
        rest = msgspec.json.encode(
            [
                {"media_type": blob.media_type, "sha256": blob.sha256.hex(), "size": blob.size}
                for blob in draft.blobs
            ]
        )
        head = msgspec.json.encode(
            {"agreement": agreement, "author": signer.name, "blobs": msgspec.Raw(rest)}
        )
        tail = msgspec.json.encode(
            {
                "channel": draft.channel,
                "created": format_time(created),
                "from": sender,
                "id": str(identity),
                "prev": None if previous is None else previous.hex(),
                "refs": [
                    {"id": str(ref.id), "rel": ref.rel, "sha256": ref.sha256.hex()}
                    for ref in draft.refs
                ],
                "salt": salt.hex(),
                "seq": sequence,
                "status": draft.status,
                "to": draft.to,
            }
        )
    except (NotCanonical, UnicodeEncodeError, ValueError) as error:
        raise EnvelopeMalformed(f"It cannot be written down: {error}") from error
    payload = b"".join((head[:-1], b',"body":', body, b",", tail[1:]))
    payload_type = payload_type_of(draft.kind)
    _check_size(payload)
    # Whoever receives it reads it so; what they would refuse must not be signed.
    said = _read(payload, signer.name, draft.kind)
    signature = Signature(signer.name, signer.sign(pae(payload_type, payload)))
    return Envelope(payload, payload_type, (signature,)), said


def _envelope_of(sealing: Callable[P, tuple[Envelope, Payload]]) -> Callable[P, Envelope]:
    @wraps(sealing)
    def seal(*arguments: P.args, **named: P.kwargs) -> Envelope:
        return sealing(*arguments, **named)[0]

    return seal


seal = _envelope_of(seal_and_read)
"""The envelope alone."""


def read_payload(envelope: Envelope) -> Payload:
    """What an envelope says. Form only: signature, author and chain are not checked.

    Raises:
        EnvelopeMalformed: not exactly one signature, a payload type that is not of this record, or
            a payload that has not exactly the members it must have, in canonical JSON.
    """
    if len(envelope.signatures) != 1:
        raise EnvelopeMalformed("An entry has exactly one signature.")
    return _read(envelope.payload, envelope.signatures[0].keyid, kind_of(envelope.payload_type))


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


def chain_hash(envelope: Envelope) -> bytes:
    """What the next envelope in the channel gives as `prev`: SHA-256 of the PAE, 32 bytes."""
    return hashlib.sha256(envelope.pae()).digest()


# --- reading -----------------------------------------------------------------------------------


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


def _read(data: bytes, author: str, kind: str) -> Payload:
    _check_size(data)
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


def _check_size(data: bytes) -> None:
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
