from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import apsw
import pytest
from tests.support.party_records import (
    AGREEMENT,
    NEUTRAL,
    START,
    A,
    B,
    Bytes,
    C,
    Party,
    Ticking,
    create,
    draft,
    key,
    reopen,
    terms,
)
from tests.support.postgres import PostgresServer

from detente.record import (
    AppendUnknown,
    Blob,
    BlobMissing,
    ChainBroken,
    CosignatureVerifier,
    Draft,
    Ed25519Signer,
    Entry,
    Envelope,
    EnvelopeUnverified,
    ErasureRefused,
    IdentityReused,
    KeyChangeRefused,
    LogDamaged,
    LogInUse,
    LogReadOnly,
    LogUnavailable,
    NoSuchEntry,
    NoteUnverified,
    PartyRecord,
    PlaceUnusable,
    Query,
    RecordPlace,
    RecordRefused,
    Reference,
    Signature,
    cosign,
    leaf_hash,
    open_checkpoint,
    read_checkpoint,
    rotation_text,
    verify_consistency,
    verify_inclusion,
)
from detente.record.party_jobs import AppendJob


class Places:
    """Makes places of one kind, and damages them."""

    def __init__(self, directory: Path, server: PostgresServer | None) -> None:
        self.directory = directory
        self.server = server
        self.run = secrets.token_hex(4)

    def __call__(self, name: str = "a") -> RecordPlace:
        if self.server is None:
            return RecordPlace(self.directory / name)
        return RecordPlace(self.directory / name, self.server.url(), f"r{self.run}_{name}")

    def execute(self, sql: str, name: str = "a") -> None:
        place = self(name)
        if self.server is None:
            connection = apsw.Connection(str(place.directory / "log.sqlite"))
            connection.execute(sql)
            connection.close()
        else:
            self.server.execute(f"SET search_path = {place.schema}; {sql}")


@pytest.fixture(params=["sqlite", "postgres"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    if request.param == "sqlite":
        return Places(tmp_path, None)
    return Places(tmp_path, cast(PostgresServer, request.getfixturevalue("postgres")))


@pytest.fixture
async def a(places: Places, anyio_backend: str) -> AsyncIterator[PartyRecord]:
    record = await create(places("a"), A)
    yield record
    await record.close()


@pytest.fixture
async def b(places: Places, anyio_backend: str) -> AsyncIterator[PartyRecord]:
    record = await create(places("b"), B)
    yield record
    await record.close()


async def test_a_fault_of_the_program_is_logged_and_the_next_batch_is_written(
    a: PartyRecord, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def wrong(job: AppendJob, known: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(AppendJob, "look_up", wrong)
        with pytest.raises(ZeroDivisionError):
            await a.append([(draft("b"), None)])
    assert [r.exc_info[0] for r in caplog.records if r.exc_info] == [ZeroDivisionError]
    assert len(await a.append([(draft("b"), None)])) == 1


def wire(*entries: Entry | None) -> list[bytes]:
    return [entry.envelope.to_json() for entry in entries if entry and entry.envelope]


async def say(record: PartyRecord, *texts: str, channel: str = "line") -> list[Entry]:
    return await record.append([(draft(text, to=(), channel=channel), None) for text in texts])


def acknowledgement(of: Entry, **changes: object) -> Draft:
    assert of.payload is not None
    body = {"of": str(of.payload.id), "payload_sha256": of.payload.sha256.hex(), **changes}
    return Draft(
        "acknowledgement",
        f"acknowledgements/{of.payload.sender}",
        (of.payload.sender,),
        body,  # type: ignore[arg-type]
        (Reference(of.payload.id, "acknowledgement", of.payload.sha256),),
    )


# --- beginning and going on ----------------------------------------------------------------------


async def test_a_record_begins_with_the_agreement(a: PartyRecord) -> None:
    entry = await a.entry(0)

    assert a.head.size == 1
    assert entry.payload is not None
    assert entry.payload.kind == "agreement"
    assert entry.payload.body == {"sha256": terms().sha256, "version": 1}
    assert a.blobs.read(entry.payload.blobs[0].sha256.hex()) == b'{"agreement":"text"}'
    checkpoint = open_checkpoint(a.head.checkpoint, [A.log.verifier])
    assert (checkpoint.origin, checkpoint.size) == (A.log.name, 1)


async def test_a_place_holds_one_record(a: PartyRecord, places: Places) -> None:
    with pytest.raises(LogInUse):
        await reopen(places("a"))
    await a.close()

    with pytest.raises(PlaceUnusable, match="already"):
        await create(places("a"), A)
    with pytest.raises(PlaceUnusable, match="no record"):
        await reopen(places("other"))
    with pytest.raises(PlaceUnusable, match="record of 'a'"):
        await reopen(places("a"), B)


async def test_it_goes_on_where_it_stood(a: PartyRecord, places: Places) -> None:
    before = await say(a, "one", "two")
    head = a.head
    await a.close()

    again = await reopen(places("a"))
    assert again.head == head
    (after,) = await say(again, "three")
    assert after.payload is not None
    assert before[-1].payload is not None
    assert after.payload.seq == before[-1].payload.seq + 1
    assert await again.verify() == []
    await again.close()


@pytest.mark.parametrize("how", ["deleted", "flipped"])
async def test_the_file_of_hashes_is_made_again(a: PartyRecord, places: Places, how: str) -> None:
    await say(a, *map(str, range(20)))
    head = a.head
    await a.close()
    nodes = places("a").nodes
    if how == "deleted":
        nodes.unlink()
    else:
        data = bytearray(nodes.read_bytes())
        data[-1] ^= 1
        nodes.write_bytes(data)

    again = await reopen(places("a"))
    assert again.head == head
    assert verify_inclusion(
        3,
        head.size,
        leaf_hash((await again.entry(3)).leaf),
        again.inclusion(3, head.size),
        head.root,
    )
    assert await again.verify() == []
    await again.close()


async def test_a_log_that_was_set_back_is_not_taken_for_whole(
    a: PartyRecord, places: Places
) -> None:
    await say(a, "one")
    await a.close()
    old = places("a").nodes.read_bytes()
    again = await reopen(places("a"))
    await say(again, "two")
    await again.close()
    new = places("a").nodes.read_bytes()
    assert len(new) > len(old)
    places.execute("DELETE FROM entries WHERE position = 2")
    places.execute("DELETE FROM party_entries WHERE position = 2")
    places.execute("DELETE FROM checkpoints WHERE size = 3")
    places.execute(
        "UPDATE head SET size = 2, checkpoint = (SELECT note FROM checkpoints WHERE size = 2)"
    )

    with pytest.raises(LogDamaged, match="have been seen"):
        await reopen(places("a"))


async def test_a_reader_needs_no_keys_and_cannot_write(a: PartyRecord, places: Places) -> None:
    (entry,) = await say(a, "one")

    reader = await PartyRecord.open(
        places("a"), terms(), "a", clock=Ticking(), random=Bytes(), read_only=True
    )
    assert await reader.entry(entry.index) == entry
    assert reader.inclusion(1, 2) == a.inclusion(1, 2)
    with pytest.raises(LogReadOnly):
        await say(reader, "two")
    await reader.close()
    await say(a, "two")


async def test_the_logs_key_must_be_at_hand(a: PartyRecord, places: Places) -> None:
    await a.close()

    with pytest.raises(RecordRefused, match="not at hand"):
        await PartyRecord.open(
            places("a"), terms(), "a", signers=[A.node], clock=Ticking(), random=Bytes()
        )


# --- saying --------------------------------------------------------------------------------------


async def test_many_callers_share_commits_and_keep_their_order(a: PartyRecord) -> None:
    channels = [f"c{number % 3}" for number in range(60)]
    said = await asyncio.gather(
        *[say(a, f"{number}.0", f"{number}.1", channel=c) for number, c in enumerate(channels)]
    )

    assert a.head.size == 121
    assert len(await a.checkpoints(2, 1000)) < 30
    for pair in said:
        assert pair[1].index == pair[0].index + 1
    assert await a.verify() == []


async def test_what_one_call_says_is_recorded_whole_or_not_at_all(a: PartyRecord) -> None:
    other = asyncio.create_task(say(a, "good"))
    with pytest.raises(RecordRefused, match="no party 'd'"):
        await a.append([(draft(to=()), None), (draft(to=("d",)), None)])

    await other
    assert a.head.size == 2
    (entry,) = await say(a, "next")
    assert entry.payload is not None
    assert entry.payload.seq == 2
    assert await a.verify() == []


async def test_who_is_cancelled_leaves_nothing_half_done(a: PartyRecord) -> None:
    tasks = [asyncio.create_task(say(a, f"{n}.0", f"{n}.1")) for n in range(20)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert all(isinstance(result, list) for result in results[1::2])
    assert a.head.size % 2 == 1
    assert await a.verify() == []
    await say(a, "afterwards")


@pytest.mark.parametrize("kind", ["receipt", "erasure", "agreement"])
async def test_what_the_record_states_itself_cannot_be_said(a: PartyRecord, kind: str) -> None:
    with pytest.raises(RecordRefused, match="by itself"):
        await a.append([(Draft(kind, "line", (), {}), None)])


async def test_a_stranger_cannot_sign(a: PartyRecord) -> None:
    with pytest.raises(RecordRefused, match="may not sign for a"):
        await a.append([(draft(), B.node)])
    with pytest.raises(RecordRefused, match="may not sign for a"):
        await a.append([(draft(), key(A.node.name, 7))])
    with pytest.raises(RecordRefused, match="may not sign for a"):
        await a.append([(draft(), A.log)])


async def test_blobs_come_first(a: PartyRecord) -> None:
    blob = Blob(bytes(32), 3, "image/png")
    with pytest.raises(BlobMissing):
        await a.append([(Draft("message", "line", (), {}, blobs=(blob,)), None)])
    sha256 = bytes.fromhex(a.blobs.put(b"abc"))
    with pytest.raises(BlobMissing, match="3 bytes"):
        await a.append(
            [(Draft("message", "line", (), {}, blobs=(Blob(sha256, 4, "image/png"),)), None)]
        )

    await a.append(
        [(Draft("message", "line", (), {}, blobs=(Blob(sha256, 3, "image/png"),)), None)]
    )


@pytest.mark.parametrize("landed", [True, False])
async def test_a_commit_whose_answer_is_lost_is_looked_into(
    a: PartyRecord, monkeypatch: pytest.MonkeyPatch, landed: bool
) -> None:
    log = a._store.log
    real = type(log).writing
    lost = 0

    class Losing:
        def __init__(self, since: int | None) -> None:
            self.context = real(log, since)

        async def __aenter__(self) -> object:
            held = await self.context.__aenter__()
            outer = held

            class Held:
                head = outer.head

                async def read(self, since: int, limit: int) -> list[bytes]:
                    return await outer.read(since, limit)

                async def append(self, *args: object) -> None:
                    nonlocal lost
                    lost += 1
                    if lost > 1 or landed:
                        await outer.append(*args)  # type: ignore[arg-type]
                    if lost == 1:
                        raise AppendUnknown("told to lose it")

            return Held()

        async def __aexit__(self, *args: object) -> None:
            await self.context.__aexit__(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(log, "writing", Losing)
    if landed:
        (entry,) = await say(a, "one")
        assert await a.entry(1) == entry
    else:
        with pytest.raises(LogUnavailable, match="nothing had been written"):
            await say(a, "one")
        assert a.head.size == 1
    (entry,) = await say(a, "two")
    assert entry.payload is not None
    assert entry.payload.seq == (2 if landed else 1)
    assert await a.verify() == []


# --- receiving -----------------------------------------------------------------------------------


async def test_what_arrives_is_kept_as_it_came_and_receipted(
    a: PartyRecord, b: PartyRecord
) -> None:
    said = await a.append([(draft("one"), None), (draft("two"), A.officer)])

    received = await b.receive(wire(*said))

    assert [each.known for each in received] == [False, False]
    for sent, got in zip(said, received, strict=True):
        assert got.entry.leaf == sent.leaf
        assert wire(got.entry) == wire(sent)
        assert got.receipt is not None
        assert got.receipt.payload is not None
        assert sent.payload is not None
        assert got.receipt.payload.body == {
            "of": str(sent.payload.id),
            "payload_sha256": sent.payload.sha256.hex(),
            "origin": B.log.name,
            "index": got.entry.index,
            "received": got.receipt.payload.body["received"],
        }
    assert len(await b.checkpoints(2)) == 1
    returned = await a.receive(wire(*[each.receipt for each in received]))
    assert [each.receipt for each in returned] == [None, None]
    assert await a.answers(said[0].index) == [returned[0].entry]
    assert await a.verify() == await b.verify() == []


async def test_what_is_known_gets_the_receipt_that_it_got(a: PartyRecord, b: PartyRecord) -> None:
    said = await a.append([(draft("one"), None), (draft("two"), None)])
    first = await b.receive(wire(*said))
    size = b.head.size

    again = await b.receive(wire(*said))
    (third,) = await a.append([(draft("three"), None)])
    mixed = await b.receive(wire(*said, third, third))

    assert [each.receipt for each in again] == [each.receipt for each in first]
    assert all(each.known for each in again)
    assert [each.known for each in mixed] == [True, True, False, True]
    assert mixed[2].receipt == mixed[3].receipt
    assert b.head.size == size + 2


async def test_unanswered_is_what_has_no_receipt(a: PartyRecord, b: PartyRecord) -> None:
    said = await a.append([(draft("one"), None), (draft("to c", to=(), channel="all"), None)])
    waiting = await a.unanswered("b")
    assert [entry.index for entry in waiting] == [0, 1, 2]

    received = await b.receive(wire(said[0]))
    await a.receive(wire(received[0].receipt))

    assert [entry.index for entry in await a.unanswered("b", after=0)] == [2]


async def test_a_gap_is_refused_with_what_is_expected(a: PartyRecord, b: PartyRecord) -> None:
    one, two, three = await a.append([(draft(text), None) for text in ("one", "two", "three")])
    await b.receive(wire(one))

    with pytest.raises(ChainBroken, match="number 3, and 2 is next") as raised:
        await b.receive(wire(three))
    assert raised.value.expected == 2
    with pytest.raises(ChainBroken):
        await b.receive(wire(three, two))
    assert b.head.size == 3
    await b.receive(wire(two, three))


async def test_a_fork_of_a_channel_is_refused(
    a: PartyRecord, b: PartyRecord, places: Places
) -> None:
    one, _two = await a.append([(draft("one"), None), (draft("two"), None)])
    twin = await create(places("twin"), A)
    other, following = await twin.append([(draft("uno"), None), (draft("dos"), None)])
    await b.receive(wire(one))

    with pytest.raises(ChainBroken):
        await b.receive(wire(other))
    with pytest.raises(ChainBroken, match="does not name the envelope before it"):
        await b.receive(wire(following))
    await twin.close()


def resealed(entry: Entry, signer: Ed25519Signer, **changes: object) -> bytes:
    """The same with other members, signed again."""
    assert entry.envelope is not None
    payload = {**json.loads(entry.envelope.payload), "author": signer.name, **changes}
    data = json.dumps(payload, separators=(",", ":"), sort_keys=True).encode()
    unsigned = replace(entry.envelope, payload=data)
    return replace(
        unsigned, signatures=(Signature(signer.name, signer.sign(unsigned.pae())),)
    ).to_json()


Wrong = Callable[[Entry], bytes]
WRONG: list[tuple[str, Wrong, type[RecordRefused], str]] = [
    ("other agreement", lambda e: resealed(e, A.node, agreement="x"), RecordRefused, "agreement"),
    ("from us", lambda e: resealed(e, A.node, **{"from": "b"}), RecordRefused, "from us"),
    ("nobody", lambda e: resealed(e, A.node, **{"from": "z"}), RecordRefused, "no party 'z'"),
    ("other's key", lambda e: resealed(e, B.node), EnvelopeUnverified, "no key"),
    ("unknown key", lambda e: resealed(e, key("x.example")), EnvelopeUnverified, "no key"),
    ("false key", lambda e: resealed(e, key(A.node.name, 1)), EnvelopeUnverified, "wrong"),
    ("log key", lambda e: resealed(e, A.log), EnvelopeUnverified, "no key"),
    ("not for us", lambda e: resealed(e, A.node, to=["a"]), RecordRefused, "not addressed"),
    ("not JSON", lambda e: wire(e)[0] + b" ", RecordRefused, "form"),
]


@pytest.mark.parametrize(
    ("make", "error", "match"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
async def test_what_is_wrong_is_refused(
    a: PartyRecord, b: PartyRecord, make: Wrong, error: type[RecordRefused], match: str
) -> None:
    good, following = await a.append([(draft("one"), None), (draft("two"), None)])

    with pytest.raises(error, match=match):
        await b.receive([make(good)])
    with pytest.raises(error, match=match):
        await b.receive([*wire(good), make(following)])

    assert b.head.size == 1
    await b.receive(wire(good, following))


async def test_two_signatures_are_one_too_many(a: PartyRecord, b: PartyRecord) -> None:
    (entry,) = await a.append([(draft("one"), None)])
    assert entry.envelope is not None
    second = Signature(A.officer.name, A.officer.sign(entry.envelope.pae()))
    double = replace(entry.envelope, signatures=(*entry.envelope.signatures, second))

    with pytest.raises(RecordRefused, match="exactly one"):
        await b.receive([double.to_json()])


async def test_an_id_is_not_used_twice(a: PartyRecord, b: PartyRecord) -> None:
    one, two = await a.append([(draft("one"), None), (draft("two"), None)])
    await b.receive(wire(one, two))

    with pytest.raises(IdentityReused):
        await b.receive([resealed(one, A.node, body={"text": "another"})])
    with pytest.raises(IdentityReused):
        await b.receive([resealed(one, A.officer)])
    assert b.head.size == 5


async def test_blobs_travel_with_envelopes(a: PartyRecord, b: PartyRecord) -> None:
    sha256 = a.blobs.put(b"abc")
    blob = Blob(bytes.fromhex(sha256), 3, "image/png")
    (entry,) = await a.append([(Draft("message", "line", ("b",), {}, blobs=(blob,)), None)])

    with pytest.raises(BlobMissing):
        await b.receive(wire(entry))
    with pytest.raises(BlobMissing, match="another hash"):
        await b.receive(wire(entry), {sha256: b"abd"})
    await b.receive(wire(entry), {sha256: b"abc"})

    assert b.blobs.read(sha256) == b"abc"


async def test_answers_are_checked_against_what_was_said(a: PartyRecord, b: PartyRecord) -> None:
    (said,) = await a.append([(draft("one"), None)])
    (received,) = await b.receive(wire(said))
    assert received.receipt is not None

    # B's own record takes none of these, so B's keys sign them beside it.
    body = received.receipt.payload.body if received.receipt.payload else {}
    for changes, match in (
        ({"payload_sha256": "0" * 64}, "other bytes"),
        ({"of": "01a20320-a5e8-7c24-b165-1c59b30f92a5"}, "has not"),
        ({"origin": A.log.name}, "no log"),
        ({"index": -1}, "form"),
        ({"index": True}, "form"),
        ({"more": 1}, "form"),
    ):
        with pytest.raises(RecordRefused, match=match):
            await a.receive([resealed(received.receipt, B.node, body={**body, **changes})])
    with pytest.raises(RecordRefused, match="key of the node"):
        await a.receive([resealed(received.receipt, B.officer)])
    await a.receive(wire(received.receipt))


async def test_an_officer_acknowledges(a: PartyRecord, b: PartyRecord) -> None:
    (said,) = await a.append([(draft("one"), None)])
    (received,) = await b.receive(wire(said))

    with pytest.raises(RecordRefused, match="by an officer"):
        await b.append([(acknowledgement(received.entry), None)])
    with pytest.raises(RecordRefused, match="the same party"):
        await a.append([(acknowledgement(said), A.officer)])
    with pytest.raises(RecordRefused, match="other bytes"):
        await b.append([(acknowledgement(received.entry, payload_sha256="0" * 64), B.officer)])
    (ack,) = await b.append([(acknowledgement(received.entry, text="read"), B.officer)])

    assert await b.answers(received.entry.index) == [received.receipt, ack]
    (returned,) = await a.receive(wire(ack))
    assert returned.receipt is not None
    assert await a.answers(said.index) == [returned.entry]


# --- keys ----------------------------------------------------------------------------------------


def rotation(party: Party, purpose: str, old: Ed25519Signer, new: Ed25519Signer) -> Draft:
    witness = purpose == "witness"
    old_vkey, new_vkey = (
        CosignatureVerifier.of(each).to_vkey() if witness else each.verifier.to_vkey()
        for each in (old, new)
    )
    text = rotation_text(AGREEMENT, party.id, purpose, old_vkey, new_vkey)
    body = {
        "party": party.id,
        "purpose": purpose,
        "old": old_vkey,
        "new": new_vkey,
        "proof": base64.b64encode(new.sign(text)).decode(),
    }
    if purpose in ("log", "witness"):
        body["old_proof"] = base64.b64encode(old.sign(text)).decode()
    return Draft("key-rotation", "keys", (), body)


async def test_the_logs_key_can_be_rotated(a: PartyRecord, places: Places) -> None:
    new = key(A.log.name, 2)
    with pytest.raises(RecordRefused, match="not at hand"):
        await a.append([(rotation(A, "log", A.log, new), None)])
    a.add_signer(new)

    (changed,) = await a.append([(rotation(A, "log", A.log, new), None)])
    open_checkpoint(a.head.checkpoint, [A.log.verifier])
    await say(a, "after")

    open_checkpoint(a.head.checkpoint, [new.verifier])
    assert a.keyring.log_key("a", changed.index + 1) == A.log.verifier
    assert a.keyring.log_key("a", changed.index + 2) == new.verifier
    assert await a.verify() == []
    await a.close()
    again = await PartyRecord.open(
        places("a"),
        terms(),
        "a",
        signers=[new, A.node],
        clock=Ticking(),
        random=secrets.token_bytes,
    )
    await say(again, "more")
    assert await again.verify() == []
    await again.close()


async def test_a_rotated_key_signs_no_more_and_the_new_one_does(
    a: PartyRecord, b: PartyRecord
) -> None:
    new = key("a.example/node-2")
    (changed,) = await a.append([(rotation(A, "signing", A.node, new), None)])
    with pytest.raises(RecordRefused, match="no key at hand"):
        await say(a, "by the old one")
    a.add_signer(new)
    (after,) = await say(a, "by the new one")

    assert after.payload is not None
    assert after.payload.author == new.name
    with pytest.raises(EnvelopeUnverified, match="no key"):
        await b.receive(wire(after))
    await b.receive(wire(changed, after))
    with pytest.raises(KeyChangeRefused, match="not in force"):
        await a.append([(rotation(A, "signing", A.node, key("a.example/node-3")), None)])


async def test_a_revoked_key_signs_no_more(a: PartyRecord, b: PartyRecord) -> None:
    one, two = await a.append([(draft("one"), A.officer), (draft("two"), A.officer)])
    body = {
        "party": "a",
        "key": A.officer.verifier.to_vkey(),
        "good_until_index": 1,
        "origin": A.log.name,
        "reason": "lost",
    }
    revocation = Draft("key-revocation", "keys", (), body)  # type: ignore[arg-type]
    with pytest.raises(KeyChangeRefused, match="revoke itself"):
        await a.append([(revocation, A.officer)])

    (revoked,) = await a.append([(revocation, A.second)])

    with pytest.raises(RecordRefused, match="may not sign"):
        await a.append([(draft("three"), A.officer)])
    assert a.keyring.author("a", A.officer.name, 1) is not None
    assert a.keyring.author("a", A.officer.name, 2) is None
    await b.receive(wire(one))
    await b.receive(wire(revoked))
    with pytest.raises(EnvelopeUnverified):
        await b.receive(wire(two))


async def test_a_new_version_brings_a_party(a: PartyRecord, places: Places) -> None:
    larger = terms(A, B, C, version=2)
    with pytest.raises(RecordRefused, match="no party 'c'"):
        await a.append([(draft(to=("c",), channel="c"), None)])
    with pytest.raises(KeyChangeRefused, match="next version"):
        await a.amend(terms(A, B, C, version=3), [])

    entry = await a.amend(larger, [("text/plain", b"new")])
    await a.append([(draft(to=("c",), channel="c"), None)])

    assert a.terms == larger
    assert entry.payload is not None
    assert entry.payload.body["version"] == 2
    await a.close()
    again = await reopen(places("a"), A, [larger, terms()])
    assert again.terms == larger
    assert again.keyring.terms_at(entry.index) == terms()
    await again.close()
    with pytest.raises(RecordRefused, match="was not given"):
        await reopen(places("a"), A, larger)


# --- proofs and checkpoints ----------------------------------------------------------------------


async def test_proofs_hold(a: PartyRecord) -> None:
    await say(a, *map(str, range(9)))
    sizes = {each.size: each for each in await a.checkpoints()}
    newest = sizes[10]

    for index, entry in enumerate(await a.entries(0, 100)):
        proof = a.inclusion(index, 10)
        assert verify_inclusion(index, 10, leaf_hash(entry.leaf), proof, newest.root)
    assert verify_consistency(1, 10, sizes[1].root, newest.root, a.consistency(1, 10))
    with pytest.raises(NoSuchEntry):
        a.inclusion(10, 10)
    with pytest.raises(NoSuchEntry):
        a.consistency(1, 11)
    assert await a.leaves(8, 9) == [entry.leaf for entry in await a.entries(8, 2)]


def line(record: PartyRecord, note: str, signer: Ed25519Signer) -> str:
    return cosign(read_checkpoint(note).to_text(), signer, 1_800_000_000)


async def test_cosignatures_make_the_grade(places: Places, anyio_backend: str) -> None:
    record = await create(places("a"), A, terms(A, B, C, neutral=True))
    await say(record, "one")
    first = await record.checkpoint()
    await say(record, "two")
    second = await record.checkpoint()
    assert first.grade == "single"

    neutral = await record.add_cosignatures(first.size, [line(record, first.note, NEUTRAL)])
    assert neutral.grade == "third-party"
    await record.add_cosignatures(second.size, [line(record, second.note, B.witness)])
    last = await record.add_cosignatures(second.size, [line(record, second.note, C.witness)])
    assert last.grade == "bilateral"
    assert set(last.cosigners) == {B.witness.name, C.witness.name}

    stranger = line(record, first.note, key("x.example"))
    assert await record.add_cosignatures(first.size, [stranger]) == neutral
    with pytest.raises(NoteUnverified):
        await record.add_cosignatures(first.size, [line(record, second.note, B.witness)])
    with pytest.raises(NoSuchEntry):
        await record.add_cosignatures(99, [])
    await say(record, "three")
    assert [await record.grade(index) for index in range(4)] == [*["bilateral"] * 3, "single"]
    best = await record.best_checkpoint(2)
    assert best == last
    newest = await record.best_checkpoint(3)
    assert newest is not None
    assert newest.size == 4
    assert await record.best_checkpoint(4) is None
    cosigned = await record.checkpoints(cosigned_only=True)
    assert [each.size for each in cosigned] == [first.size, second.size]
    await record.close()
    again = await reopen(places("a"), A, terms(A, B, C, neutral=True))
    assert await again.best_checkpoint(2) == last
    await again.close()


async def test_one_peer_of_two_is_not_enough(places: Places, anyio_backend: str) -> None:
    record = await create(places("a"), A, terms(A, B, C))
    checkpoint = await record.checkpoint()

    half = await record.add_cosignatures(1, [line(record, checkpoint.note, B.witness)])

    assert half.grade == "single"
    await record.add_timestamp(1, b"token")
    assert (await record.checkpoint_at(1)).grade == "timestamped"
    assert (await record.checkpoint_at(1)).timestamp == b"token"
    assert await record.grade(0) == "timestamped"
    with pytest.raises(NoSuchEntry):
        await record.add_timestamp(9, b"token")
    await record.close()


# --- erasure -------------------------------------------------------------------------------------


async def test_what_is_erased_is_in_no_file(
    a: PartyRecord, places: Places, postgres: PostgresServer
) -> None:
    secret = "Kerguelen-" * 30
    picture = b"a picture of it" * 99
    kept = a.blobs.put(b"also named elsewhere")
    gone = a.blobs.put(picture)
    blobs = tuple(
        Blob(bytes.fromhex(name), size, "image/png") for name, size in ((kept, 20), (gone, 1485))
    )
    await say(a, "before")
    (entry,) = await a.append([(Draft("message", "line", (), {"text": secret}, blobs=blobs), None)])
    await a.append([(Draft("message", "line", (), {}, blobs=blobs[:1]), None)])
    await say(a, *map(str, range(50)))
    head = a.head
    assert _found(places, postgres, secret.encode())

    stated = await a.erase(entry.index, "article 17", A.officer)

    assert not _found(places, postgres, secret.encode())
    assert not _found(places, postgres, picture)
    assert a.blobs.size(gone) is None
    assert a.blobs.read(kept)
    left = await a.entry(entry.index)
    assert (left.leaf, left.envelope, left.payload) == (entry.leaf, None, None)
    assert left.erased_by == stated.index == head.size
    assert verify_consistency(
        head.size, a.head.size, head.root, a.head.root, a.consistency(head.size, a.head.size)
    )
    assert await a.verify() == []
    assert (await a.search(Query(text="Kerguelen"))).entries == []
    with pytest.raises(ErasureRefused, match="gone already"):
        await a.erase(entry.index, "again")
    for index in (0, stated.index):
        with pytest.raises(ErasureRefused, match="cannot be checked"):
            await a.erase(index, "all of it")
    with pytest.raises(NoSuchEntry):
        await a.erase(999, "what")


def _found(places: Places, postgres: PostgresServer, text: bytes) -> list[Path]:
    """Files in which it stands; for PostgreSQL those of its tables, as its server writes them."""
    roots = [places("a").directory]
    if places.server is not None:
        postgres.execute("CHECKPOINT")
        roots.append(postgres._data / "base")
    return [
        path
        for root in roots
        for path in root.rglob("*")
        if path.is_file() and text in path.read_bytes()
    ]


async def test_what_a_witness_is_confirmed_by_cannot_be_erased(a: PartyRecord) -> None:
    draft_of_anchor = Draft("anchor", "witness", (), {"checkpoint": "a note"})
    (anchor,) = await a.append([(draft_of_anchor, None)])
    with pytest.raises(ErasureRefused, match="cannot be checked"):
        await a.erase(anchor.index, "forget it")


async def test_what_was_erased_is_still_known(a: PartyRecord, b: PartyRecord) -> None:
    one, two = await a.append([(draft("one"), None), (draft("two"), None)])
    (received,) = await b.receive(wire(one))
    await b.erase(received.entry.index, "a request")

    (again,) = await b.receive(wire(one))
    await b.receive(wire(two))

    assert again.known
    assert again.receipt == received.receipt
    assert again.entry.erased_by is not None
    assert await b.verify() == []


# --- searching -----------------------------------------------------------------------------------


async def test_searching(a: PartyRecord, b: PartyRecord) -> None:
    drafts = [
        (draft("Über den Wolken", channel="line"), None),
        (draft("PLAN of the day", channel="plans"), A.officer),
        (draft('a "quoted" plan', channel="plans"), None),
        (replace(draft("exercise", channel="drill", to=()), status="exercise"), None),
    ]
    said = await a.append(drafts)
    received = await b.receive(wire(*said))
    await a.receive(wire(*[each.receipt for each in received]))

    async def found(query: Query) -> list[int]:
        return [entry.index for entry in (await a.search(query)).entries]

    assert await found(Query()) == list(range(9))
    assert await found(Query(newest_first=True)) == list(range(8, -1, -1))
    assert await found(Query(kinds=("message",))) == [1, 2, 3, 4]
    assert await found(Query(kinds=("message", "agreement"), last=2)) == [0, 1, 2]
    assert await found(Query(senders=("b",))) == [5, 6, 7, 8]
    assert await found(Query(recipient="b")) == [1, 2, 3]
    assert await found(Query(recipient="a", first=7)) == [7, 8]
    assert await found(Query(channel="plans")) == [2, 3]
    assert await found(Query(status="exercise")) == [4, 8]
    assert await found(Query(text="über")) == [1]
    assert await found(Query(text="plan")) == [2, 3]
    assert await found(Query(text="plans")) == []
    assert await found(Query(text='"quoted"')) == [3]
    created = said[1].payload.created if said[1].payload else START
    assert await found(
        Query(since=created, until=created + timedelta(seconds=1), kinds=("message",))
    ) == [2]


async def test_a_search_goes_on_page_by_page(a: PartyRecord) -> None:
    await say(a, *[f"{number} {'odd' if number % 2 else 'even'}" for number in range(30)])
    for query in (
        Query(kinds=("message",)),
        Query(text="odd"),
        Query(text="odd", newest_first=True),
    ):
        whole = [entry.index for entry in (await a.search(query)).entries]
        found: list[int] = []
        after: int | None = None
        while True:
            page = await a.search(query, limit=4, after=after)
            found += [entry.index for entry in page.entries]
            if page.next is None:
                break
            after = page.next
        assert found == whole
        assert len(found) in (15, 30)


# --- damage --------------------------------------------------------------------------------------

DAMAGE = [
    ("UPDATE entries SET body = (SELECT body FROM entries WHERE position = 1) WHERE position = 3",
     "entry 3"),
    ("UPDATE party_entries SET payload = (SELECT payload FROM party_entries WHERE position = 1) "
     "WHERE position = 3", "entry 3"),
    ("UPDATE party_entries SET payload = NULL WHERE position = 3", "entry 3"),
    ("UPDATE party_entries SET chain = leaf_hash FROM entries "
     "WHERE entries.position = 3 AND party_entries.position = 3", "entry 3"),
    ("UPDATE party_entries SET kind = 'other' WHERE position = 3", "entry 3"),
    ("UPDATE party_entries SET seq = 77 WHERE position = 3", "entry 3"),
    ("UPDATE party_entries SET erased_by = 4 WHERE position = 3", "entry 3"),
    ("DELETE FROM party_entries WHERE position = 3", "entry 3"),
    ("DELETE FROM entries WHERE position = 3", "entry 3"),
    ("UPDATE checkpoints SET note = (SELECT note FROM checkpoints WHERE size = 1) WHERE size = 4",
     "checkpoint 4"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "where"), DAMAGE)
async def test_damage_is_found_where_it_is(
    a: PartyRecord, places: Places, sql: str, where: str
) -> None:
    for text in "onetwothree":
        await say(a, text)
    seen: list[tuple[int, int]] = []
    assert await a.verify(lambda *done: seen.append(done)) == []
    assert seen[-1] == (12, 12)

    places.execute(sql)

    faults = await a.verify()
    assert faults[0].where == where


async def test_a_damaged_blob_is_found(a: PartyRecord, places: Places) -> None:
    sha256 = a.blobs.put(b"abc")
    await a.append(
        [(Draft("message", "line", (), {}, blobs=(Blob(bytes.fromhex(sha256), 3, "x/y"),)), None)]
    )
    (path,) = places("a").blobs.rglob(sha256)
    path.write_bytes(b"abd")

    (fault,) = await a.verify()
    assert fault.where == f"entry 1: blob {sha256}"


async def test_an_altered_payload_is_not_handed_out(a: PartyRecord, places: Places) -> None:
    await say(a, "one", "two")
    places.execute(
        "UPDATE party_entries SET payload = (SELECT payload FROM party_entries WHERE position = 1) "
        "WHERE position = 2"
    )

    with pytest.raises(LogDamaged) as raised:
        await a.entry(2)
    assert raised.value.where == "entry 2"


async def test_entries_can_be_found_by_id(a: PartyRecord) -> None:
    (entry,) = await say(a, "one")
    assert entry.payload is not None

    assert await a.by_id(str(entry.payload.id)) == entry
    assert await a.by_id("01a20320-a5e8-7c24-b165-1c59b30f92a5"[::-1]) is None
    assert await a.by_id("no id") is None
    with pytest.raises(NoSuchEntry):
        await a.entry(2)
    with pytest.raises(NoSuchEntry):
        await a.grade(2)
    assert Envelope.from_json(wire(entry)[0]) == entry.envelope
