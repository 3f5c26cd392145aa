"""Every parser, fed with anything: it gives the value or its documented error, and nothing else.

Bytes that are accepted are the only ones that mean what they mean: written again they are the same.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from hypothesis import assume, given
from hypothesis import strategies as st

from detente.errors import DetenteError
from detente.record import (
    Blob,
    Checkpoint,
    CosignatureVerifier,
    Draft,
    DsseMalformed,
    Ed25519Signer,
    Envelope,
    EnvelopeMalformed,
    JsonMalformed,
    KeyInvalid,
    LeafMalformed,
    NoteMalformed,
    NoteUnverified,
    Policy,
    PolicyMalformed,
    ProofMalformed,
    Reference,
    Signature,
    TilesMalformed,
    Verifier,
    add_lines,
    canonical,
    canonical_json,
    cosign,
    cosignatures_of,
    decode_entries,
    decode_hashes,
    encode_entries,
    format_proof,
    format_time,
    leaf_hash,
    leaf_of,
    parse_json,
    parse_path,
    parse_proof,
    parse_time,
    read_leaf,
    read_payload,
    seal,
    sign_checkpoint,
    uuid7,
)

T = TypeVar("T")
LOG = Ed25519Signer("a.example/log", bytes(range(32)))
WITNESS = Ed25519Signer("b.example/w", bytes(range(1, 33)))
KEY = CosignatureVerifier.of(WITNESS)
CHECKPOINT = Checkpoint("a.example/log", 2, leaf_hash(b"root"))
NOTE = sign_checkpoint(CHECKPOINT, LOG) + cosign(CHECKPOINT.to_text(), WITNESS, 7)
ENVELOPE = seal(
    Draft(
        "message",
        "room",
        ("b",),
        {"text": "\u00e9", "n": [1, 2.5, None, {"a": True}]},
        (Reference(uuid7(1, bytes(10)), "answer", bytes(32)),),
        (Blob(bytes(32), 5, "text/plain"),),
    ),
    signer=LOG,
    agreement="ab",
    sender="a",
    sequence=2,
    previous=bytes(32),
    created=datetime(2026, 1, 1, tzinfo=UTC),
    identity=uuid7(2, bytes(10)),
    salt=bytes(16),
)
LEAF = leaf_of(ENVELOPE, LOG.public_key)
PROOF = format_proof(1, [bytes(32)], NOTE, b"extra")
POLICY = (
    f"log {LOG.verifier.to_vkey()} url\nwitness b {KEY.to_vkey()}\n# x\ngroup g any b\nquorum g\n"
)


def mutations(valid: bytes) -> st.SearchStrategy[bytes]:
    """Valid bytes with some of them cut out, doubled, or replaced."""
    places = st.integers(0, len(valid))
    pieces = st.binary(max_size=4) | st.sampled_from(
        [
            b"\n",
            b"\n\n",
            b" ",
            b'"',
            b"\\u",
            b"\\ud800",
            b"{",
            b"[",
            b"0",
            b"=",
            b"+",
            b"\xe2\x80\x94",
        ]
    )

    def edit(cuts: list[tuple[int, int, bytes]]) -> bytes:
        data = valid
        for at, length, piece in cuts:
            data = data[:at] + piece + data[at + length :]
        return data

    return st.lists(
        st.tuples(places, st.integers(0, 40), pieces | places.map(lambda at: valid[at : at + 50])),
        min_size=1,
        max_size=3,
    ).map(edit)


def outcome(parse: Callable[[], T], *documented: type[DetenteError]) -> T | None:
    try:
        return parse()
    except documented:
        return None


JSON_SEED = b'{"a":[1,-2.5e3,true,null,"x\\u00e9\\ud83d\\ude00"],"b":{"c":{}}}'


@given(st.binary() | mutations(JSON_SEED))
def test_json(data: bytes) -> None:
    value = outcome(lambda: parse_json(data), JsonMalformed)
    # What is strict here is JSON to everybody, and the same.
    if value is not None:
        assert value == json.loads(data)
        if all(_small(number) for number in _numbers(value)):
            assert parse_json(canonical_json(value)) == value


@given(st.text())
def test_json_of_any_text(text: str) -> None:
    outcome(lambda: parse_json(text.encode(errors="surrogatepass")), JsonMalformed)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_the_fast_canonical_json_is_the_slow_one(value: object) -> None:
    assert canonical_json(value) == canonical(value)  # type: ignore[arg-type]


@given(st.dictionaries(st.text(max_size=5), json_values, max_size=4))
def test_any_body_that_i_json_allows_is_sealed_and_read(body: dict[str, object]) -> None:
    assume(all(_small(number) for number in _numbers(body)))
    draft = Draft("x", "room", (), body)  # type: ignore[arg-type]
    envelope = seal(
        draft,
        signer=LOG,
        agreement="ab",
        sender="a",
        sequence=1,
        previous=None,
        created=datetime(2026, 1, 1, tzinfo=UTC),
        identity=uuid7(2, bytes(10)),
        salt=bytes(16),
    )
    assert read_payload(Envelope.from_json(envelope.to_json())).body == body


def _numbers(value: object) -> list[float]:
    if isinstance(value, dict):
        return [number for member in value.values() for number in _numbers(member)]
    if isinstance(value, list):
        return [number for member in value for number in _numbers(member)]
    return [value] if isinstance(value, float) else []


def _small(number: float) -> bool:
    # RFC 8785 spells floats from 2^53 to 1e21 as integers, which I-JSON does not allow.
    return math.fabs(number) < 2**53 or math.fabs(number) >= 1e21


@given(st.binary() | mutations(ENVELOPE.to_json()))
def test_envelopes(data: bytes) -> None:
    envelope = outcome(lambda: Envelope.from_json(data), DsseMalformed)
    if envelope is not None:
        assert envelope.to_json() == data
        outcome(lambda: read_payload(envelope), EnvelopeMalformed)


@given(
    st.binary(max_size=50),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200),
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"])), st.binary(min_size=64, max_size=64)
        ),
        min_size=1,
        max_size=5,
    ),
)
def test_any_envelope_comes_back(
    payload: bytes, payload_type: str, signatures: list[tuple[str, bytes]]
) -> None:
    envelope = Envelope(payload, payload_type, tuple(Signature(*each) for each in signatures))
    assert Envelope.from_json(envelope.to_json()) == envelope


@given(st.binary() | mutations(ENVELOPE.payload))
def test_payloads(data: bytes) -> None:
    envelope = Envelope(data, ENVELOPE.payload_type, ENVELOPE.signatures)
    payload = outcome(lambda: read_payload(envelope), EnvelopeMalformed)
    if payload is not None:
        assert canonical(json.loads(data)) == data


@given(st.text() | st.just(ENVELOPE.payload_type).map(lambda text: text[:-1]))
def test_payload_types(text: str) -> None:
    envelope = Envelope(ENVELOPE.payload, text, ENVELOPE.signatures)
    assert outcome(lambda: read_payload(envelope), EnvelopeMalformed) is None


@given(st.binary() | mutations(LEAF))
def test_leaves(data: bytes) -> None:
    leaf = outcome(lambda: read_leaf(data), LeafMalformed)
    if leaf is not None:
        assert leaf.to_bytes() == data
        assert canonical(json.loads(data)) == data


@given(mutations(NOTE.encode()).map(lambda data: data.decode(errors="replace")) | st.text())
def test_cosigned_notes(note: str) -> None:
    found = outcome(lambda: cosignatures_of(note, [KEY]), NoteMalformed, NoteUnverified)
    if found:
        assert CHECKPOINT.to_text() in note


@given(mutations(NOTE.encode()).map(lambda data: data.decode(errors="replace")) | st.text())
def test_lines_that_a_witness_answers(lines: str) -> None:
    bare = sign_checkpoint(CHECKPOINT, LOG)
    grown = outcome(lambda: add_lines(bare, lines, [KEY]), NoteMalformed, NoteUnverified)
    assert grown in (None, bare, NOTE)


@given(st.integers(0, 2**63 - 1), st.text(st.characters(exclude_categories=["Cs"])))
def test_every_cosignature_is_found(time_s: int, extra: str) -> None:
    text = CHECKPOINT.to_text()
    note = sign_checkpoint(CHECKPOINT, LOG) + cosign(text, WITNESS, time_s)
    assert [each.time_s for each in cosignatures_of(note, [KEY])] == [time_s]
    signature = WITNESS.sign(f"cosignature/v1\ntime {time_s}\n{text}".encode())
    assert KEY.verify(text, time_s, signature)
    assert not KEY.verify(text + extra + "x", time_s, signature)


@given(st.binary() | mutations(POLICY.encode()))
def test_policies(data: bytes) -> None:
    policy = outcome(lambda: Policy.parse(data), PolicyMalformed)
    if policy is not None:
        assert Policy.parse(policy.to_text()) == policy
        assert Policy.parse(data.decode(errors="surrogateescape")) == policy


@given(st.text())
def test_policies_of_any_text(text: str) -> None:
    outcome(lambda: Policy.parse(text), PolicyMalformed)


@given(
    st.text() | mutations(PROOF.encode()).map(lambda data: data.decode(errors="surrogateescape"))
)
def test_proofs(text: str) -> None:
    proof = outcome(lambda: parse_proof(text), ProofMalformed)
    if proof is not None:
        assert format_proof(proof.index, proof.hashes, proof.note, proof.extra) == text


@given(
    st.text() | mutations(KEY.to_vkey().encode()).map(lambda data: data.decode(errors="replace"))
)
def test_vkeys(text: str) -> None:
    for read in (CosignatureVerifier.from_vkey, Verifier.from_vkey):
        key = outcome(lambda: read(text), KeyInvalid)  # noqa: B023
        if key is not None:
            assert key.to_vkey() == text


@given(st.binary())
def test_entries_tiles(data: bytes) -> None:
    bodies = outcome(lambda: decode_entries(data), TilesMalformed)
    if bodies is not None:
        assert encode_entries(bodies) == data


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_any_entries_come_back(bodies: list[bytes]) -> None:
    assert decode_entries(encode_entries(bodies)) == bodies


@given(st.binary(max_size=200))
def test_hash_tiles(data: bytes) -> None:
    hashes = outcome(lambda: decode_hashes(data), TilesMalformed)
    if hashes is not None:
        assert b"".join(hashes) == data


@given(
    st.text()
    | st.from_regex(r"tile/(entries|[0-9]{1,2})/(x[0-9]{3}/){0,3}[0-9]{3}(\.p/[0-9]{1,3})?")
)
def test_paths(text: str) -> None:
    ref = parse_path(text)
    if ref is not None:
        assert ref.path == text


@given(st.datetimes(timezones=st.just(UTC)))
def test_any_time_comes_back(moment: datetime) -> None:
    assert parse_time(format_time(moment)) == moment


@given(
    st.text() | mutations(b"2026-11-22T20:34:37.123456Z").map(lambda data: data.decode("latin-1"))
)
def test_times(text: str) -> None:
    try:
        moment = parse_time(text)
    except ValueError:
        return
    assert format_time(moment) == text
