from __future__ import annotations

import base64
import hashlib
import json

import pytest

from detente.record import DsseMalformed, Ed25519Signer, Envelope, Signature, pae

SIGNER = Ed25519Signer("a.example/node", bytes(range(32)))
PAYLOAD = b'{"text":"hello"}'
TYPE = "application/vnd.detente.note.v1+json"
ENVELOPE = Envelope(PAYLOAD, TYPE, (Signature("a.example/node", SIGNER.sign(pae(TYPE, PAYLOAD))),))


def test_what_is_signed_counts_bytes() -> None:
    assert pae("t\u00e9", b"\x00\xff ") == b"DSSEv1 3 t\xc3\xa9 3 \x00\xff "
    assert pae("", b"") == b"DSSEv1 0  0 "
    assert ENVELOPE.pae() == pae(TYPE, PAYLOAD)


def test_no_shift_between_type_and_payload_gives_the_same_bytes() -> None:
    assert pae("a b", b"c") != pae("a", b"b c")
    assert hashlib.sha256(pae("a", b" 1 b")).digest() != hashlib.sha256(pae("a ", b"1 b")).digest()


def test_an_envelope_is_canonical_json_that_anybody_can_read() -> None:
    data = ENVELOPE.to_json()
    read = json.loads(data)
    assert base64.b64decode(read["payload"]) == PAYLOAD
    assert read["payloadType"] == TYPE
    assert [each["keyid"] for each in read["signatures"]] == ["a.example/node"]
    assert data == json.dumps(read, sort_keys=True, separators=(",", ":")).encode()
    assert Envelope.from_json(data) == ENVELOPE


def test_several_signatures_stay_in_their_order() -> None:
    more = Envelope(
        PAYLOAD, TYPE, (Signature("b", bytes(64)), Signature('\u00e9"\n', b"\xff" * 64))
    )
    assert Envelope.from_json(more.to_json()) == more


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b" "),
        (b'{"payload":', b'{ "payload":'),
        (b'"payloadType"', b'"payloadtype"'),
        (b'"payload":', b'"payload":"","payload":'),
        (b'"signatures":', b'"more":1,"signatures":'),
        (b'"keyid":"a', b'"keyid":"\\u0061'),
        (b"application/", b"application\\/"),
        (b'"sig":"', b'"sig":"AAAA'),
        (b'"sig":"', b'"sig":"='),
        (b'"sig":"', b'"sig":"\\n'),
        (b'"sig":"', b'"sig":"-_'),
        (b'"signatures":[', b'"signatures":{'),
        (b"a.example/node", b"a.example/\xff"),
        (b"a.example/node", b"\\ud800"),
        (b'"payloadType":"application', b'"payloadType":"' + b"x" * 200),
        (b'"payload":"ey', b'"payload":"'),
    ],
)
def test_any_other_spelling_is_refused(before: bytes, after: bytes) -> None:
    data = ENVELOPE.to_json()
    changed = data + after if not before else data.replace(before, after, 1)
    assert changed != data
    with pytest.raises(DsseMalformed):
        Envelope.from_json(changed)


def test_spare_bits_of_base64_are_refused() -> None:
    data = Envelope(b"a", TYPE, ENVELOPE.signatures).to_json()
    assert b'"YQ=="' in data
    with pytest.raises(DsseMalformed, match="canonical"):
        Envelope.from_json(data.replace(b'"YQ=="', b'"YR=="'))


def test_limits_hold() -> None:
    signature = ENVELOPE.signatures[0]
    for wrong in (
        Envelope(PAYLOAD, TYPE, ()),
        Envelope(PAYLOAD, TYPE, (signature,) * 101),
        Envelope(PAYLOAD, "", (signature,)),
        Envelope(b"x" * (2**20 + 1), TYPE, (signature,)),
        Envelope(PAYLOAD, TYPE, (Signature("a", bytes(63)),)),
    ):
        with pytest.raises(DsseMalformed):
            Envelope.from_json(wrong.to_json())
    large = Envelope(b"x" * 2**20, TYPE, (signature,) * 100)
    assert Envelope.from_json(large.to_json()) == large
    with pytest.raises(DsseMalformed, match="at most"):
        Envelope.from_json(b" " * (2**21 + 1))
    with pytest.raises(DsseMalformed):
        Envelope.from_json(b"[" * 100_000)


def test_half_a_character_cannot_be_written() -> None:
    with pytest.raises(DsseMalformed, match="surrogate"):
        Envelope(PAYLOAD, "\ud800", ENVELOPE.signatures).to_json()
