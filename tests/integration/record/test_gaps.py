"""What its author erased, or whose files are kept back, before we got it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.party_records import A, B, create, draft, reopen

from detente.record import (
    Blob,
    BlobMissing,
    ChainBroken,
    Draft,
    Entry,
    EnvelopeUnverified,
    ErasureRefused,
    PartyRecord,
    RecordPlace,
    RecordRefused,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def a(tmp_path: Path) -> AsyncIterator[PartyRecord]:
    record = await create(RecordPlace(tmp_path / "a"), A)
    yield record
    await record.close()


@pytest.fixture
async def b(tmp_path: Path) -> AsyncIterator[PartyRecord]:
    record = await create(RecordPlace(tmp_path / "b"), B)
    yield record
    await record.close()


def sealed(entry: Entry) -> bytes:
    assert entry.envelope is not None
    return entry.envelope.to_json()


async def said(record: PartyRecord, count: int, channel: str = "line") -> list[Entry]:
    return await record.append([(draft(f"{n}", channel=channel), None) for n in range(count)])


async def kinds(record: PartyRecord) -> list[str]:
    found = await record.entries(0, 100)
    return [entry.payload.kind if entry.payload else "erased" for entry in found]


async def test_an_erased_entry_is_passed_over_and_the_gap_stays_visible(
    a: PartyRecord, b: PartyRecord, tmp_path: Path
) -> None:
    one, two, three, four, five = await said(a, 5)
    erasures = [sealed(await a.erase(each.index, "a request")) for each in (two, three)]

    with pytest.raises(ChainBroken):
        await b.receive([sealed(one), sealed(four)])
    with pytest.raises(ChainBroken):  # one of two is not enough
        await b.receive([sealed(one), sealed(four)], erasures=erasures[:1])
    assert await kinds(b) == ["agreement"]
    await b.receive([sealed(each) for each in (one, four, five)], erasures=erasures)

    assert await kinds(b) == [
        *("agreement", "message", "receipt", "gap", "gap", "message", "receipt"),
        *("message", "receipt"),
    ]
    gap = (await b.entry(3)).payload
    assert gap is not None
    assert two.payload is not None
    assert (gap.body["from"], gap.body["channel"], gap.body["seq"]) == ("a", "line", 2)
    assert await b.verify() == []
    # It is not taken back, and the sequence goes on after a restart, with nothing twice.
    with pytest.raises(ErasureRefused):
        await b.erase(3, "to hide it")
    await b.close()
    again = await reopen(RecordPlace(tmp_path / "b"), B)
    try:
        (more,) = await said(a, 1)
        await again.receive([sealed(one), sealed(five), sealed(more)], erasures=erasures)
        assert (await kinds(again)).count("gap") == 2
        assert await again.verify() == []
    finally:
        await again.close()


async def test_only_the_statement_about_that_very_number_helps(
    a: PartyRecord, b: PartyRecord
) -> None:
    one, two, three = await said(a, 3)
    (other, _) = await said(a, 2, "elsewhere")
    elsewhere = sealed(await a.erase(other.index, "a request"))
    wrong = [sealed(one), sealed(three)]
    with pytest.raises(ChainBroken):
        await b.receive(wrong, erasures=[elsewhere])
    # An envelope that is none of an erasure is no reason either.
    with pytest.raises(RecordRefused, match="does not say which envelope"):
        await b.receive(wrong, erasures=[sealed(two)])
    assert await kinds(b) == ["agreement"]


async def test_the_receiver_cannot_make_the_reason_up(a: PartyRecord, b: PartyRecord) -> None:
    one, two, three = await said(a, 3)
    await b.receive([sealed(one)])
    # B erases what it has received: that is B's statement, about its own log.
    (received,) = await b.entries(1, 1)
    own = sealed(await b.erase(received.index, "mine"))
    with pytest.raises(RecordRefused):
        await b.receive([sealed(three)], erasures=[own])
    with pytest.raises(RecordRefused, match="by itself only"):
        await b.append([(Draft("gap", "record", (), {"from": "a"}), None)])
    # And A's statement, changed, is nobody's.
    erasure = await a.erase(two.index, "a request")
    assert erasure.envelope is not None
    forged = erasure.envelope.to_json().replace(b'"sig":"', b'"sig":"AAAA', 1)
    forged = forged[: forged.index(b'"sig":"') + 7 + 88 - 2] + b'=="}]}'
    with pytest.raises((EnvelopeUnverified, RecordRefused)):
        await b.receive([sealed(three)], erasures=[forged])
    await b.receive([sealed(three)], erasures=[sealed(erasure)])
    assert (await kinds(b)).count("gap") == 1


async def test_a_hash_that_does_not_fit_what_follows_is_no_gap(
    a: PartyRecord, b: PartyRecord, tmp_path: Path
) -> None:
    """A has two records (a restored backup): the erasure is of the other one's number 2."""
    other = await create(RecordPlace(tmp_path / "a-restored"), A)
    try:
        one, _, three = await said(a, 3)
        _, gone, _ = await said(other, 3)
        erasure = sealed(await other.erase(gone.index, "a request"))
        with pytest.raises(ChainBroken):
            await b.receive([sealed(one), sealed(three)], erasures=[erasure])
    finally:
        await other.close()
    assert await kinds(b) == ["agreement"]


async def test_files_that_are_kept_back_are_noted_and_may_come_later(
    a: PartyRecord, b: PartyRecord
) -> None:
    data = b"a plan"
    sha256 = a.blobs.put(data)
    blob = Blob(bytes.fromhex(sha256), len(data), "text/plain")
    (entry,) = await a.append([(Draft("message", "line", ("b",), {}, (), (blob,)), None)])
    with pytest.raises(BlobMissing):
        await b.receive([sealed(entry)])
    with pytest.raises(BlobMissing):
        await b.receive([sealed(entry)], withheld=["0" * 64])
    await b.receive([sealed(entry)], withheld=[sha256])
    assert await kinds(b) == ["agreement", "message", "withheld", "receipt"]
    stated = (await b.entry(2)).payload
    assert stated is not None
    assert stated.body["blobs"] == [sha256]
    assert await b.verify() == []
    # What is there needs no such note.
    b.blobs.put(data)
    (again,) = await a.append([(Draft("message", "line", ("b",), {}, (), (blob,)), None)])
    await b.receive([sealed(again)], withheld=[sha256])
    assert (await kinds(b)).count("withheld") == 1
    assert await b.verify() == []
    # A file that was there and is gone is a fault still, but for the one that never came.
    other = b.blobs.put(b"other")
    own = Blob(bytes.fromhex(other), 5, "text/plain")
    await b.append([(Draft("message", "back", ("a",), {}, (), (own,)), None)])
    b.blobs.delete(other)
    assert [fault.where for fault in await b.verify()] == [f"entry 6: blob {other}"]
