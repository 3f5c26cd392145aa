"""Entries of the record before they are hashed: payloads, sealed in envelopes.

A payload says who states what in which channel, and names the statement before it there, so that
nothing can be left out in between. The salt keeps what is erased from being guessed by its hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import ParamSpec
from uuid import UUID

import msgspec

from .canonical import NotCanonical
from .dsse import Envelope, Signature, pae
from .ijson import JsonValue, canonical_json, format_time
from .keys import Signer
from .payload import (
    Blob,
    EnvelopeMalformed,
    Payload,
    Reference,
    check_size,
    kind_of,
    payload_type_of,
    read_whole,
)
from .uuids import uuid7 as uuid7

P = ParamSpec("P")


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
    check_size(payload)
    # Whoever receives it reads it so; what they would refuse must not be signed.
    said = read_whole(payload, signer.name, draft.kind)
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
    return read_whole(
        envelope.payload, envelope.signatures[0].keyid, kind_of(envelope.payload_type)
    )


def chain_hash(envelope: Envelope) -> bytes:
    """What the next envelope in the channel gives as `prev`: SHA-256 of the PAE, 32 bytes."""
    return hashlib.sha256(envelope.pae()).digest()
