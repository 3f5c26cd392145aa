"""What another party signs well, sends, and must not have believed."""

from __future__ import annotations

import base64
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support.party_records import AGREEMENT, A, B, create, draft, key

from detente.record import (
    Draft,
    Entry,
    Envelope,
    JsonValue,
    KeyChangeRefused,
    PartyRecord,
    RecordPlace,
    RecordRefused,
    Reference,
    Signer,
    chain_hash,
    format_time,
    rotation_text,
    seal,
    uuid7,
)

pytestmark = pytest.mark.anyio
ORIGIN = A.log.name


class Sender:
    """B, whose program refuses nothing."""

    def __init__(self) -> None:
        self.ends: dict[str, tuple[int, bytes | None]] = {}

    def say(
        self,
        kind: str,
        body: dict[str, JsonValue],
        *,
        channel: str = "line",
        to: tuple[str, ...] = ("a",),
        signer: Signer = B.node,
        refs: tuple[Reference, ...] = (),
    ) -> bytes:
        number, previous = self.ends.get(channel, (0, None))
        now = datetime.now(UTC)
        envelope = seal(
            Draft(kind, channel, to, body, refs),
            signer=signer,
            agreement=AGREEMENT,
            sender="b",
            sequence=number + 1,
            previous=previous,
            created=now,
            identity=uuid7(int(now.timestamp() * 1000), secrets.token_bytes(10)),
            salt=secrets.token_bytes(16),
        )
        return envelope.to_json()

    def arrived(self, data: bytes, channel: str = "line") -> None:
        number, _ = self.ends.get(channel, (0, None))
        self.ends[channel] = (number + 1, chain_hash(Envelope.from_json(data)))


@pytest.fixture
async def record(tmp_path: Path) -> AsyncIterator[PartyRecord]:
    made = await create(RecordPlace(tmp_path / "a"), A)
    yield made
    await made.close()


@pytest.mark.parametrize("to", [("a",), ()])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("agreement", {"sha256": "00" * 32, "version": 2}),
        ("anchor", {}),
        ("custody", {}),
        ("erasure", {"origin": ORIGIN, "index": 0, "payload_sha256": "00" * 32, "ground": ""}),
        ("witness-refusal", {"origin": ORIGIN, "size": 1, "status": 422, "reason": ""}),
        *((kind, {}) for kind in ("approval", "approval-request", "gap", "security")),
        *((kind, {}) for kind in ("watch", "withheld")),
    ],
)
async def test_what_a_party_says_of_its_own_log_does_not_come_into_ours(
    record: PartyRecord, kind: str, body: dict[str, JsonValue], to: tuple[str, ...]
) -> None:
    with pytest.raises(RecordRefused, match="its author's record only"):
        await record.receive([Sender().say(kind, body, to=to)])
    assert record.head.size == 1
    await record.receive([Sender().say("message", {})])


ANSWERS: dict[str, list[Any]] = {
    "received": [5, None, "yesterday", "2026-11-22T12:00:00Z", "2026-13-22T12:00:00.000000Z"],
    "of": [str.upper, lambda text: f"urn:uuid:{text}", lambda text: f"{{{text}}}"],
}


def receipt_for(entry: Entry) -> tuple[dict[str, JsonValue], tuple[Reference, ...]]:
    payload = entry.payload
    assert payload is not None
    body: dict[str, JsonValue] = {
        "of": str(payload.id),
        "payload_sha256": payload.sha256.hex(),
        "origin": B.log.name,
        "index": 1,
        "received": format_time(datetime.now(UTC)),
    }
    return body, (Reference(payload.id, "receipt", payload.sha256),)


async def test_receipts_get_no_receipts(record: PartyRecord) -> None:
    sender = Sender()
    said = sender.say("message", {})
    await record.receive([said])
    sender.arrived(said)
    ours = await record.entry(record.head.size - 1)
    assert ours.payload is not None
    assert ours.payload.kind == "receipt"
    body, refs = receipt_for(ours)
    with pytest.raises(RecordRefused, match="Receipts get no receipts"):
        await record.receive([sender.say("receipt", body, refs=refs)])


@pytest.mark.parametrize(("member", "wrong"), [(m, w) for m, each in ANSWERS.items() for w in each])
async def test_an_answer_that_no_verifier_would_take_is_not_taken(
    record: PartyRecord, member: str, wrong: Any
) -> None:
    """Otherwise one signature of another party makes every bundle of ours be refused."""
    [entry] = await record.append([(draft(), None)])
    body, refs = receipt_for(entry)
    changed = {**body, member: wrong(body[member]) if callable(wrong) else wrong}
    with pytest.raises(RecordRefused):
        await record.receive([Sender().say("receipt", changed, refs=refs)])
    await record.receive([Sender().say("receipt", body, refs=refs)])


async def test_a_new_key_does_not_take_another_partys_name(record: PartyRecord) -> None:
    def rotation(name: str) -> bytes:
        new = key(name, 7)
        old_vkey, new_vkey = B.node.verifier.to_vkey(), new.verifier.to_vkey()
        proof = new.sign(rotation_text(AGREEMENT, "b", "signing", old_vkey, new_vkey))
        body: dict[str, JsonValue] = {
            "party": "b",
            "purpose": "signing",
            "old": old_vkey,
            "new": new_vkey,
            "proof": base64.b64encode(proof).decode(),
        }
        return Sender().say("key-rotation", body)

    with pytest.raises(KeyChangeRefused, match="Another party's key"):
        await record.receive([rotation(A.node.name)])
    await record.receive([rotation(B.node.name)])
