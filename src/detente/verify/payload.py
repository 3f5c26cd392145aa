"""The payload of an envelope: exactly the members that the format names, each of its form."""

from __future__ import annotations

import re
from typing import Final, NamedTuple, TypeGuard

from detente.formats import (
    CHANNEL_CHARACTERS_MAX,
    LIST_MAX,
    PAYLOAD_BYTES_MAX,
    RECORD_KINDS,
    STATUSES,
)

from .encodings import is_sha256, is_time, is_uuid7
from .errors import VerifyError
from .keys import is_key_name
from .strictjson import Json, JsonObject, parse_canonical

_CODE: Final = "payload.malformed"
_SALT: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_MEMBERS: Final = frozenset(
    (
        "agreement",
        "author",
        "blobs",
        "body",
        "channel",
        "created",
        "from",
        "id",
        "prev",
        "refs",
        "salt",
        "seq",
        "status",
        "to",
    )
)


class Item(NamedTuple):
    """An entry that is shown and whose signature, leaf and form are good.

    Attributes:
        position: its index in the log.
        prev: hex, "" for the first of its channel; `chain`: what the next one's `prev` must be.
        key: public key of the signature, 32 bytes.
        blobs: (sha256, size); `refs`: (id, rel, sha256).
        body: of the record's own kinds only.
    """

    position: int
    kind: str
    agreement: str
    sender: str
    author: str
    channel: str
    created: str
    status: str
    seq: int
    prev: str
    id: str
    to: tuple[str, ...]
    payload_sha256: str
    chain: str
    key: bytes
    blobs: tuple[tuple[str, int], ...]
    refs: tuple[tuple[str, str, str], ...]
    body: JsonObject


def read_payload(
    data: bytes, kind: str, where: str, index: int, digests: tuple[str, str, bytes]
) -> Item:
    """Read a payload.

    Args:
        digests: payload hash and chain hash in hex, and the key that signed it.

    Raises:
        VerifyError: payload.malformed.
    """
    if len(data) > PAYLOAD_BYTES_MAX:
        raise VerifyError(_CODE, where, f"more than {PAYLOAD_BYTES_MAX} bytes")
    value = parse_canonical(data, where, _CODE)
    if value.keys() != _MEMBERS:
        raise VerifyError(_CODE, where, "not the members of a payload")
    agreement, author, channel = value["agreement"], value["author"], value["channel"]
    sender, identity, seq, prev = value["from"], value["id"], value["seq"], value["prev"]
    created, status, salt, body = value["created"], value["status"], value["salt"], value["body"]
    if not isinstance(agreement, str) or not agreement:
        raise VerifyError(_CODE, where, "agreement")
    if not isinstance(author, str) or not is_key_name(author):
        raise VerifyError(_CODE, where, "author")
    if not isinstance(channel, str) or not 1 <= len(channel) <= CHANNEL_CHARACTERS_MAX:
        raise VerifyError(_CODE, where, "channel")
    if not isinstance(sender, str) or not sender:
        raise VerifyError(_CODE, where, "from")
    if not isinstance(identity, str) or not is_uuid7(identity):
        raise VerifyError(_CODE, where, "id")
    if not is_whole(seq) or seq < 1:
        raise VerifyError(_CODE, where, "seq")
    if prev is not None and not is_sha256(prev):
        raise VerifyError(_CODE, where, "prev")
    if (prev is None) != (seq == 1):
        raise VerifyError(_CODE, where, "prev is null if and only if seq is 1")
    if not isinstance(created, str) or not is_time(created):
        raise VerifyError(_CODE, where, "created")
    if not isinstance(status, str) or status not in STATUSES:
        raise VerifyError(_CODE, where, "status")
    if not isinstance(salt, str) or not _SALT.fullmatch(salt):
        raise VerifyError(_CODE, where, "salt")
    if not isinstance(body, dict):
        raise VerifyError(_CODE, where, "body")
    return Item(
        index,
        kind,
        agreement,
        sender,
        author,
        channel,
        created,
        status,
        seq,
        prev if isinstance(prev, str) else "",
        identity,
        tuple(texts(value["to"], where, "to")),
        digests[0],
        digests[1],
        digests[2],
        tuple(_blob(entry, where) for entry in _limited(value["blobs"], where, "blobs")),
        tuple(_ref(entry, where) for entry in _limited(value["refs"], where, "refs")),
        body if kind in RECORD_KINDS else {},
    )


def is_whole(value: Json) -> TypeGuard[int]:
    """Whether it is an integer, and no boolean."""
    return type(value) is int


def texts(value: Json, where: str, what: str) -> list[str]:
    """A list of texts that are not empty.

    Raises:
        VerifyError: payload.malformed.
    """
    found = [entry for entry in _limited(value, where, what) if isinstance(entry, str) and entry]
    if not isinstance(value, list) or len(found) != len(value):
        raise VerifyError(_CODE, where, what)
    return found


def _limited(value: Json, where: str, what: str) -> list[Json]:
    if not isinstance(value, list) or len(value) > LIST_MAX:
        raise VerifyError(_CODE, where, what)
    return value


def _blob(value: Json, where: str) -> tuple[str, int]:
    if isinstance(value, dict) and value.keys() == {"media_type", "sha256", "size"}:
        digest, size, media_type = value["sha256"], value["size"], value["media_type"]
        if (
            isinstance(digest, str)
            and is_sha256(digest)
            and is_whole(size)
            and size >= 0
            and isinstance(media_type, str)
            and media_type
        ):
            return digest, size
    raise VerifyError(_CODE, where, "blobs")


def _ref(value: Json, where: str) -> tuple[str, str, str]:
    if isinstance(value, dict) and value.keys() == {"id", "rel", "sha256"}:
        identity, rel, digest = value["id"], value["rel"], value["sha256"]
        if (
            isinstance(identity, str)
            and is_uuid7(identity)
            and isinstance(rel, str)
            and rel
            and isinstance(digest, str)
            and is_sha256(digest)
        ):
            return identity, rel, digest
    raise VerifyError(_CODE, where, "refs")
