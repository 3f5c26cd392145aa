"""Files of one node: what a peer may bring, what it learns by trying, and what is swept."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.evil_peer import EvilPeer, evil_peer, text_body
from tests.support.nodes import two_nodes
from tests.support.party_records import create, draft

from detente.node.unnamed_files import KEPT, sweep_unnamed
from detente.record import Blob, RecordPlace

pytestmark = pytest.mark.anyio

HELD, OTHER = b"known to our officers only", b"known to nobody here"


def name(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def tried(evil: EvilPeer, data: bytes) -> list[tuple[int, str]]:
    """All that a peer can try with a file's hash before it brings the file."""
    path = f"/line/v1/blobs/{name(data)}"
    blob = Blob(bytes.fromhex(name(data)), len(data), "text/plain")
    unasked = await evil.call("PUT", path, data)
    got = await evil.call("GET", path)
    head = await evil.call("HEAD", path)
    sealed = evil.seal("message", text_body("see this"), blobs=(blob,), advance=False)
    asked = await evil.post([sealed])
    wrong = await evil.call("PUT", path, data[::-1])
    return [
        (answer.status_code, answer.text.replace(name(data), "…"))
        for answer in (unasked, got, head, asked, wrong)
    ]


async def test_nobody_learns_what_is_held_who_does_not_bring_it(tmp_path: Path) -> None:
    async with (
        two_nodes(tmp_path, start=("a",), settings=("--witness-every", "60")) as net,
        evil_peer(net) as evil,
        await net["a"].login("durand") as http,
    ):
        kept = await http.post("/api/v1/line/files?type=text/plain", content=HELD)
        assert kept.json()["sha256"] == name(HELD)
        found = await tried(evil, HELD)
        assert [status for status, _ in found] == [403, 404, 404, 424, 400]
        assert found == await tried(evil, OTHER)
        for data in (HELD, OTHER):
            blob = Blob(bytes.fromhex(name(data)), len(data), "text/plain")
            path = f"/line/v1/blobs/{name(data)}"
            # Once asked for, it may be brought, and again if the answer was lost.
            for _ in range(2):
                assert (await evil.call("PUT", path, data)).status_code == 204
            await evil.say("message", text_body("see this"), blobs=(blob,))
            # What it has shown to have it may name again.
            await evil.say("message", text_body("see it again"), blobs=(blob,))


def age(root: Path, sha256: str, put: datetime) -> None:
    (path,) = root.rglob(sha256)
    os.utime(path, (put.timestamp(),) * 2)


async def test_files_that_no_entry_names_are_gone_a_day_later(tmp_path: Path) -> None:
    record = await create(RecordPlace(tmp_path / "a"))
    try:
        blobs, now = record.blobs, datetime.now(UTC)
        named, unnamed, again, fresh = (blobs.put(data) for data in (b"1", b"2", b"3", b"4"))
        said = draft("with a file")
        await record.append(
            [(replace(said, blobs=(Blob(bytes.fromhex(named), 1, "text/plain"),)), None)]
        )
        before = now - KEPT
        for each in (named, unnamed, again):
            age(tmp_path, each, before - timedelta(seconds=1))
        assert blobs.touch(again) == 1
        assert await sweep_unnamed(record, before) == 1
        assert [blobs.size(each) for each in (named, unnamed, again, fresh)] == [1, None, 1, 1]
        assert await sweep_unnamed(record, before) == 0
        assert blobs.touch(unnamed) is None
        # Of the record's own files none is lost.
        assert await record.verify() == []
        assert await sweep_unnamed(record, now + timedelta(days=1)) == 2
        assert await record.verify() == []
    finally:
        await record.close()
