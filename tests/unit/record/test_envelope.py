from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from detente.record import (
    Blob,
    Draft,
    Ed25519Signer,
    Envelope,
    EnvelopeMalformed,
    JsonValue,
    Reference,
    Signature,
    chain_hash,
    kind_of,
    payload_type_of,
    read_payload,
    seal,
    uuid7,
)

SIGNER = Ed25519Signer("a.example/node", bytes(range(32)))
NOW = datetime(2026, 11, 22, 20, 34, 37, 123456, UTC)
IDENTITY = uuid7(1_795_379_677_123, bytes(range(10)))
OTHER = uuid7(1_795_379_677_122, bytes(10))
DRAFT = Draft(
    kind="message",
    channel="Salle\u202f: frontière",
    to=("b", "c"),
    body={"text": "Zürich \U0001f6a9", "numbers": [1, 2.5, -3], "more": {"b": None, "a": True}},
    refs=(Reference(OTHER, "answer", b"\x02" * 32),),
    blobs=(Blob(b"\x01" * 32, 3, "text/plain"),),
    status="exercise",
)


def sealed(
    draft: Draft = DRAFT, sequence: int = 2, previous: bytes | None = b"\x09" * 32
) -> Envelope:
    return seal(
        draft,
        signer=SIGNER,
        agreement="ab-2026",
        sender="a",
        sequence=sequence,
        previous=previous,
        created=NOW,
        identity=IDENTITY,
        salt=b"\x0f" * 16,
    )


def test_a_payload_says_all_that_the_format_demands() -> None:
    read = json.loads(sealed().payload)
    assert read == {
        "agreement": "ab-2026",
        "author": "a.example/node",
        "blobs": [{"media_type": "text/plain", "sha256": "01" * 32, "size": 3}],
        "body": DRAFT.body,
        "channel": DRAFT.channel,
        "created": "2026-11-22T20:34:37.123456Z",
        "from": "a",
        "id": str(IDENTITY),
        "prev": "09" * 32,
        "refs": [{"id": str(OTHER), "rel": "answer", "sha256": "02" * 32}],
        "salt": "0f" * 16,
        "seq": 2,
        "status": "exercise",
        "to": ["b", "c"],
    }
    assert sealed().payload_type == "application/vnd.detente.message.v1+json"
    canonical = json.dumps(read, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert sealed().payload == canonical.encode()


def test_the_author_signs_the_pae() -> None:
    envelope = sealed()
    (signature,) = envelope.signatures
    assert signature.keyid == SIGNER.name
    assert SIGNER.verifier.verify(envelope.pae(), signature.sig)


def test_what_was_sealed_is_read() -> None:
    payload = read_payload(Envelope.from_json(sealed().to_json()))
    assert payload.kind == "message"
    assert payload.sha256 == hashlib.sha256(sealed().payload).digest()
    assert (payload.agreement, payload.author, payload.sender) == (
        "ab-2026",
        "a.example/node",
        "a",
    )
    assert (payload.channel, payload.to, payload.body) == (DRAFT.channel, DRAFT.to, DRAFT.body)
    assert (payload.seq, payload.prev, payload.created) == (2, b"\x09" * 32, NOW)
    assert (payload.id, payload.salt, payload.status) == (IDENTITY, b"\x0f" * 16, "exercise")
    assert (payload.refs, payload.blobs) == (DRAFT.refs, DRAFT.blobs)


def test_the_first_of_a_channel_has_nothing_before_it() -> None:
    assert read_payload(sealed(sequence=1, previous=None)).prev is None
    with pytest.raises(EnvelopeMalformed, match="predecessor"):
        sealed(sequence=1)
    with pytest.raises(EnvelopeMalformed, match="predecessor"):
        sealed(previous=None)
    with pytest.raises(EnvelopeMalformed, match="predecessor"):
        sealed(sequence=0, previous=None)


def test_the_chain_goes_through_what_was_signed() -> None:
    envelope = sealed()
    assert chain_hash(envelope) == hashlib.sha256(envelope.pae()).digest()
    assert chain_hash(replace(envelope, signatures=())) == chain_hash(envelope)


BAD_DRAFTS: list[Callable[[], Draft]] = [
    lambda: replace(DRAFT, kind=""),
    lambda: replace(DRAFT, kind="Message"),
    lambda: replace(DRAFT, kind="1st"),
    lambda: replace(DRAFT, kind="a" * 64),
    lambda: replace(DRAFT, kind="a.v1+json"),
    lambda: replace(DRAFT, channel=""),
    lambda: replace(DRAFT, channel="x" * 101),
    lambda: replace(DRAFT, channel="a\nb"),
    lambda: replace(DRAFT, channel="a\u202eb"),
    lambda: replace(DRAFT, channel="\ud800"),
    lambda: replace(DRAFT, to=("b", "b")),
    lambda: replace(DRAFT, to=("",)),
    lambda: replace(DRAFT, to=tuple(str(number) for number in range(101))),
    lambda: replace(DRAFT, status="real"),
    lambda: replace(DRAFT, body={"a": float("nan")}),
    lambda: replace(DRAFT, body={"a": 2**53}),
    lambda: replace(DRAFT, body={"a": 1e17}),
    lambda: replace(DRAFT, body={"a": "\ud800"}),
    lambda: replace(DRAFT, body={"a": "x" * 2**20}),
    lambda: replace(DRAFT, body=nested(65)),
    lambda: replace(DRAFT, body=nested(65, 0.5)),
    lambda: replace(DRAFT, refs=DRAFT.refs * 101),
    lambda: replace(DRAFT, refs=(Reference(UUID(int=0), "answer", bytes(32)),)),
    lambda: replace(DRAFT, refs=(Reference(OTHER, "", bytes(32)),)),
    lambda: replace(DRAFT, refs=(Reference(OTHER, "answer", bytes(31)),)),
    lambda: replace(DRAFT, blobs=DRAFT.blobs * 101),
    lambda: replace(DRAFT, blobs=(Blob(bytes(33), 3, "text/plain"),)),
    lambda: replace(DRAFT, blobs=(Blob(bytes(32), -1, "text/plain"),)),
    lambda: replace(DRAFT, blobs=(Blob(bytes(32), 2**53, "text/plain"),)),
    lambda: replace(DRAFT, blobs=(Blob(bytes(32), 1, ""),)),
]


def nested(levels: int, value: JsonValue = 1) -> dict[str, JsonValue]:
    """A body that is so deep in a payload, whose own braces are one level."""
    for _ in range(levels - 1):
        value = {"a": value}
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize("draft", BAD_DRAFTS)
def test_what_a_receiver_would_refuse_is_not_signed(draft: Callable[[], Draft]) -> None:
    with pytest.raises(EnvelopeMalformed):
        sealed(draft())


def test_a_body_may_fill_the_depth_that_is_allowed() -> None:
    assert read_payload(sealed(replace(DRAFT, body=nested(64)))).body == nested(64)
    assert read_payload(sealed(replace(DRAFT, body={}))).body == {}


def test_salt_and_id_have_their_form() -> None:
    for salt, identity in ((bytes(15), IDENTITY), (bytes(16), UUID(int=IDENTITY.int ^ 1 << 78))):
        with pytest.raises(EnvelopeMalformed):
            seal(
                DRAFT,
                signer=SIGNER,
                agreement="ab",
                sender="a",
                sequence=1,
                previous=None,
                created=NOW,
                identity=identity,
                salt=salt,
            )


PAYLOAD = sealed().payload


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"agreement":"ab-2026",', b""),
        (b'"agreement":', b' "agreement":'),
        (b'"agreement":"ab-2026"', b'"agreement":"ab\\u002d2026"'),
        (b'"agreement":"ab-2026"', b'"agreement":7'),
        (b'"agreement":', b'"abc":1,"agreement":'),
        (b'"author":"a', b'"author":"b'),
        (b'"body":{', b'"body":[{'),
        (b'"body":{', b'"body":{"z":1,'),
        (b'"body":{', b'"body":{"more":{"a":true,"b":null},'),
        (b'"numbers":[1,', b'"numbers":[1.0,'),
        (b'"numbers":[1,', b'"numbers":[-0,'),
        (b'"numbers":[1,', b'"numbers":[1e400,'),
        (b"37.123456Z", b"37.12345Z"),
        (b"2026-11-22T", b"2026-11-31T"),
        (b'"prev":"09', b'"prev":"0g'),
        (b'"prev":"09', b'"prev":"0A'),
        (b'"prev":"09', b'"prev":"'),
        (b'"salt":"0f', b'"salt":"0F'),
        (b'"seq":2', b'"seq":2.0'),
        (b'"seq":2', b'"seq":-2'),
        (b'"seq":2', b'"seq":9007199254740992'),
        (b'"seq":2', b'"seq":"2"'),
        (b'"seq":2', b'"seq":true'),
        (b'"status":"exercise"', b'"status":"Exercise"'),
        (b'"to":["b","c"]', b'"to":null'),
        (b'"id":"', b'"id":"{'),
        (b'"size":3', b'"size":3.5'),
    ],
)
def test_payloads_of_any_other_form_are_refused(before: bytes, after: bytes) -> None:
    changed = PAYLOAD.replace(before, after, 1)
    assert changed != PAYLOAD
    with pytest.raises(EnvelopeMalformed):
        read_payload(replace(sealed(), payload=changed))


def test_a_payload_of_bottomless_nesting_is_refused() -> None:
    for deep in (b"[" * 200_000, b'{"a":' * 100_000):
        changed = PAYLOAD.replace(b'"body":{', b'"body":' + deep, 1)
        with pytest.raises(EnvelopeMalformed):
            read_payload(replace(sealed(), payload=changed))


def test_an_entry_has_one_signature() -> None:
    one = Signature(SIGNER.name, bytes(64))
    for signatures in ((), (one, one)):
        with pytest.raises(EnvelopeMalformed, match="one signature"):
            read_payload(replace(sealed(), signatures=signatures))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "application/json",
        "application/vnd.detente.v1+json",
        "application/vnd.detente..v1+json",
        "application/vnd.detente.Message.v1+json",
        "application/vnd.detente.message.v2+json",
        "application/vnd.detente.message.v1+json ",
        "application/vnd.detente.v1+json.v1+json",
    ],
)
def test_other_payload_types_are_refused(text: str) -> None:
    with pytest.raises(EnvelopeMalformed):
        kind_of(text)
    with pytest.raises(EnvelopeMalformed):
        read_payload(replace(sealed(), payload_type=text))


def test_kinds_and_payload_types_go_together() -> None:
    assert kind_of(payload_type_of("key-rotation")) == "key-rotation"


def test_a_uuid7_sorts_by_time_and_keeps_its_random_bits() -> None:
    made = uuid7(0x0123456789AB, b"\xff" * 10)
    assert str(made) == "01234567-89ab-7fff-bfff-ffffffffffff"
    assert made.version == 7
    assert uuid7(0, bytes(10)) == UUID("00000000-0000-7000-8000-000000000000")
    assert uuid7(5, b"\xff" * 10) < uuid7(6, bytes(10))
    for now_ms, random in ((-1, bytes(10)), (1 << 48, bytes(10)), (1, bytes(9))):
        with pytest.raises(ValueError, match="UUIDv7"):
            uuid7(now_ms, random)
