"""A party of the agreement with valid keys, hostile: what it does harms nobody but itself."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from tests.support.evil_peer import (
    Asked,
    EvilPeer,
    about,
    beat_back,
    delivery,
    evil_peer,
    raw,
    text_body,
)
from tests.support.nodes import two_nodes, until

from detente.http import Answer
from detente.line.actions import Post
from detente.line.lanes import Lane
from detente.line.outcomes import Busy, Failed
from detente.node.line_calls import PeerLine
from detente.node.peers import PeerNode
from detente.record import BlobStore, Payload

pytestmark = pytest.mark.anyio

NESTED = b"[" * 100_000 + b"]" * 100_000
CHAIN = {"code": "record.chain", "message": "", "channel": "line/b", "previous": None}
TEXT = {"form": "text", "fields": {"text": {"text": "ours", "language": "en"}}, "to": "b"}


async def lives(http: httpx.AsyncClient) -> None:
    """The node answers its officers at once."""
    begun = time.monotonic()
    for path in ("messages", "messages?box=out", "waiting", "alarms", "test-calls"):
        answer = await http.get(f"/api/v1/line/{path}")
        assert answer.status_code == 200, answer.text
    assert time.monotonic() - begun < 5


async def calls_of(http: httpx.AsyncClient, message: Payload) -> list[Any]:
    answer = await http.get(f"/api/v1/line/messages/{message.id}")
    assert answer.status_code == 200, answer.text
    (recipient,) = answer.json()["recipients"]
    found: list[Any] = recipient["calls"]
    return found


async def reads_no_channel_that_is_not_its_own(evil: EvilPeer) -> None:
    """A restored side names channels: it must not be given what is said to others, or to nobody."""
    own = {"own/security": 0, "own/watch": 0, "line/c": 0, "line/b": 0}
    answer = await evil.call("POST", "/line/v1/resume", json.dumps({"ends": own}).encode())
    assert answer.status_code == 204
    answer = await evil.call("GET", "/line/v1/run?channel=own/security&first=1")
    assert answer.status_code == 404

    async def sent() -> bool:
        return any(asked.path == "/line/v1/inbox" for asked in evil.asked)

    await until(sent)
    await asyncio.sleep(0.5)
    given = {said for asked in evil.asked if "inbox" in asked.path for said in asked.said}
    assert {channel for _, channel in given} == {"line/b"}


NONSENSE = [
    raw(200, b'{"receipts":[' + NESTED + b'],"newest":1}'),
    raw(200, json.dumps({"receipts": [], "newest": 2**70}).encode()),
    raw(409, json.dumps({**CHAIN, "expected": 2**70}).encode()),
    raw(409, json.dumps({**CHAIN, "expected": -(2**70)}).encode()),
    raw(422, json.dumps({"code": "x" * 10_000, "message": "", "number": 0}).encode()),
    raw(503, b"{}", "retry-after: " + "9" * 5_000),
    raw(302, b"", "location: https://127.0.0.1/"),
]
"""Numbers, depths and lengths that no answer of ours has."""


def nonsense(asked: Asked) -> bytes:
    """Answers to beats that are none, and nonsense to all else."""
    if asked.path == "/line/v1/beat":
        deep = b'{"sequence":1,"sent":' + NESTED + b"}"
        return raw(200, deep) if asked.json["sequence"] % 2 else beat_back(asked, head=2**70)
    return NONSENSE[0]


@pytest.mark.parametrize("answer", NONSENSE, ids=range(len(NONSENSE)))
async def test_no_answer_of_a_peer_stops_its_line(answer: bytes) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines[1:])

    class Node:
        async def request(self, *_: object, **__: object) -> Answer:
            return Answer(int(lines[0].split()[1]), fields, body)

    calls = PeerLine(cast(PeerNode, Node()), cast(BlobStore, None), blob_bytes_max=1)
    outcome = await calls.post(Post(1, Lane.ORDINARY, (), (), (), 0))
    assert isinstance(outcome, Failed | Busy)


async def test_what_a_hostile_party_says_and_answers_harms_itself_only(tmp_path: Path) -> None:
    async with (
        two_nodes(tmp_path, start=("a",), settings=("--witness-every", "60")) as net,
        evil_peer(net) as evil,
        await net["a"].login("durand") as http,
    ):
        assert (await http.post("/api/v1/line/messages", json=TEXT)).status_code == 201
        await evil.beat()
        await reads_no_channel_that_is_not_its_own(evil)

        # What belongs into nobody's record but the own party's, or is said in another's name.
        for kind in ("watch", "security", "approval", "approval-request", "gap"):
            sealed = evil.seal(kind, {"what": "x"}, channel=f"own/{kind}", advance=False)
            assert (await evil.post([sealed])).status_code == 422
        forged = evil.seal("message", text_body("x"), sender="a", advance=False)
        assert (await evil.post([forged])).status_code == 422
        routine = evil.seal("message", text_body("x"), channel="line/a/emergency", advance=False)
        for lane in ("emergency", "inbox"):
            refused = await evil.post([routine], lane)
            assert (refused.status_code, refused.json()["code"]) == (422, "line.not_urgent"), lane

        # Messages that no program of ours would write; the clocks go on for the others.
        for moment in (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)):
            await evil.say("message", text_body("x"), created=moment)
        odd: dict[str, Any] = {"form": ["text"], "urgency": {"a": 1}, "fields": [1], "room": {}}
        await evil.say("message", odd, created=datetime(2000, 1, 1, tzinfo=UTC))
        long = await evil.say("message", text_body("x" * 200_000))
        crowd = [f"{number:x}" for number in range(5_000)]
        told = {"of": str(long.id), "step": 1, "called": crowd, "at": "x"}
        await evil.say("escalation", told, refs=about(long, "escalation"))
        asked = await evil.tell("help", "distress")

        async def called() -> list[Any]:
            return await calls_of(http, asked)

        assert {call["officer"] for call in await until(called)} == {"durand", "martin"}
        shown = await http.get(f"/api/v1/line/messages/{long.id}")
        assert shown.status_code == 200
        assert len(shown.content) < 10_000
        evil.answers = nonsense
        before = len(evil.asked)
        assert (await http.post("/api/v1/line/messages", json=TEXT)).status_code == 201

        async def beaten_twice() -> bool:
            return [asked.path for asked in evil.asked[before:]].count("/line/v1/beat") >= 2

        await until(beaten_twice)
        await lives(http)
        status = await net["a"].status()
        assert status["faults"] == 0
        assert "Traceback" not in net["a"].log


async def test_a_disk_that_fills_is_left_to_our_officers_and_what_is_urgent(
    tmp_path: Path,
) -> None:
    low = ("--free-bytes-min", str(1 << 60), "--witness-every", "60")
    async with (
        two_nodes(tmp_path, start=("a",), settings=low) as net,
        evil_peer(net) as evil,
        await net["a"].login("durand") as http,
    ):
        sealed = evil.seal("message", text_body("x"), advance=False)
        assert (await evil.call("POST", "/line/v1/inbox", delivery([sealed]))).status_code == 503
        assert (await evil.call("PUT", f"/line/v1/blobs/{'0' * 64}", b"x")).status_code == 503
        await evil.tell("help", "distress")
        assert (await http.post("/api/v1/line/messages", json=TEXT)).status_code == 201
        file = await http.post("/api/v1/line/files?type=text/plain", content=b"x")
        assert (file.status_code, file.json()["code"]) == (503, "http.overloaded")
        assert not list(net["a"].directory.rglob(hashlib.sha256(b"x").hexdigest()))
