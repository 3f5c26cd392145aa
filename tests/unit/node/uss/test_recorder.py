"""What is recorded when the record takes nothing, or does not say whether it did."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support import planned
from tests.support.party_records import A, B
from tests.support.recording import Recording, recording

from detente.f3548 import Exchanged
from detente.http import sign_response
from detente.node.uss import recorder as module
from detente.node.uss import waiting
from detente.node.uss.answer_keys import AnswerKeys
from detente.planning import ExchangeSeen, drafts
from detente.record import AppendUnknown, Draft, LogUnavailable, RecordRefused

pytestmark = pytest.mark.anyio


def seen(number: int) -> ExchangeSeen:
    return ExchangeSeen(f"https://x.example/{number}", "GET", "Client", planned.NOW_US + number)


async def urls(node: Recording) -> list[str]:
    rows = await node.record.query("SELECT url FROM plans_exchanges ORDER BY position")
    return [str(row[0]) for row in rows]


def failing(
    node: Recording, monkeypatch: pytest.MonkeyPatch, fail: Callable[[Sequence[Draft]], None]
) -> None:
    """Have appends do something first."""
    append = node.record.append

    async def instead(drafts: Sequence[tuple[Draft, Any]]) -> Any:
        fail([draft for draft, _ in drafts])
        return await append(drafts)

    monkeypatch.setattr(node.record, "append", instead)


async def test_what_waits_is_written_when_the_record_takes_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.01)
    async with recording(tmp_path) as node:
        away = True

        def fail(drafts: Sequence[Draft]) -> None:
            if away:
                raise LogUnavailable("the disk is full")

        failing(node, monkeypatch, fail)
        ids = [node.recorder.exchange(seen(number)) for number in range(3)]
        with pytest.raises(LogUnavailable):
            await node.recorder.flush()
        with pytest.raises(LogUnavailable):
            await node.recorder.pending(planned.order(planned.intent()), ["main"])
        assert not node.book.pending
        assert node.recorder.waiting == 3
        away = False
        await node.recorder.flush()
        assert await urls(node) == [f"https://x.example/{number}" for number in range(3)]
        assert [await node.record.by_id(identity) is not None for identity in ids] == [True] * 3


async def test_what_may_have_been_written_is_not_written_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.01)
    async with recording(tmp_path) as node:
        append, by_id = node.record.append, node.record.by_id
        asked = 0

        async def unknown(drafts: Sequence[tuple[Draft, Any]]) -> Any:
            monkeypatch.setattr(node.record, "append", append)
            await append(drafts)
            raise AppendUnknown("the connection broke")

        async def away_once(identity: str) -> Any:
            nonlocal asked
            asked += 1
            if asked == 1:
                raise LogUnavailable("still broken")
            return await by_id(identity)

        monkeypatch.setattr(node.record, "append", unknown)
        monkeypatch.setattr(node.record, "by_id", away_once)
        node.recorder.exchange(seen(0))
        node.recorder.exchange(seen(1))
        with pytest.raises(LogUnavailable):
            await node.recorder.flush()
        node.recorder.exchange(seen(2))
        await node.recorder.flush()
        assert await urls(node) == [f"https://x.example/{number}" for number in range(3)]

        # What is asked for at once is answered at once, when the log says that it was written.
        monkeypatch.setattr(node.record, "append", unknown)
        pending = await node.recorder.pending(planned.order(planned.intent()), ["main"])
        assert set(node.book.pending) == {pending}


async def test_one_that_is_refused_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with recording(tmp_path) as node:

        def fail(drafts: Sequence[Draft]) -> None:
            if any(str(each.body).count("x.example/1'") for each in drafts):
                raise RecordRefused("never")

        failing(node, monkeypatch, fail)
        for number in range(3):
            node.recorder.exchange(seen(number))
        await node.recorder.flush()
        assert await urls(node) == ["https://x.example/0", "https://x.example/2"]
        assert node.recorder.dropped == 1


async def test_more_than_can_wait_is_given_up_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "WAITING_MAX", 5)
    monkeypatch.setattr(module, "AGAIN_S", 0.01)
    async with recording(tmp_path) as node:
        away = True

        def fail(drafts: Sequence[Draft]) -> None:
            if away:
                raise LogUnavailable("the disk is full")

        failing(node, monkeypatch, fail)
        for number in range(8):
            node.recorder.exchange(seen(number))
            await asyncio.sleep(0)
        with pytest.raises(LogUnavailable):
            await node.recorder.flush()
        assert (node.recorder.waiting, node.recorder.dropped) == (5, 3)
        away = False
        await node.recorder.flush()
        assert await urls(node) == [f"https://x.example/{number}" for number in range(3, 8)]
        # That something is lacking stands in the record itself, once.
        node.recorder.exchange(seen(9))
        await node.recorder.flush()
        assert await node.record.query("SELECT event FROM plans_told") == [("GEN0400",)]
        entries = await node.record.entries(0, 100)
        told = [each.payload.body for each in entries if each.payload is not None]
        assert any("3 exchanges of messages could not be recorded" in str(each) for each in told)


async def test_callers_wait_while_too_much_waits_and_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "CROWDED", 3)
    monkeypatch.setattr(waiting, "BATCH_MAX", 2)
    async with recording(tmp_path) as node:
        for number in range(4):
            node.recorder.exchange(seen(number))
        await node.recorder.room()
        assert node.recorder.waiting == 2
        await node.recorder.flush()
        await node.recorder.room()
        monkeypatch.setattr(module, "CROWDED_S", 0.01)

        def fail(drafts: Sequence[Draft]) -> None:
            raise LogUnavailable("the disk is full")

        with monkeypatch.context() as patched:
            failing(node, patched, fail)
            for number in range(4):
                node.recorder.exchange(seen(number))
            await node.recorder.room()
            assert node.recorder.waiting == 4


@pytest.mark.parametrize(
    ("signer", "believed"), [(B.node, True), (A.node, False), (None, False)],
    ids=["the other party", "ourselves", "nobody"],
)  # fmt: skip
async def test_answers_are_believed_by_the_agreements_keys(
    tmp_path: Path, signer: Any, believed: bool
) -> None:
    async with recording(tmp_path) as node:
        path, body = "/uss/v1/operational_intents/1", b"{}"
        now = node.context.clock()
        headers = {} if signer is None else sign_response("GET", path, 200, body, signer, now=now)
        url = f"https://uss.b.example{path}"
        keys = AnswerKeys(node.record, node.context.clock)

        def answered(content: bytes) -> Exchanged:
            fields = tuple(headers.items())
            return Exchanged("GET", url, (), b"", 1, 2, 200, fields, content)

        found = keys.check(answered(body), "b")
        assert (found is not None) == believed
        if found is not None:
            assert found.key == B.node.name
            assert found.signature == headers["signature"]
        assert keys.check(answered(b"other"), "b") is None


async def test_large_messages_do_not_fill_memory_while_nothing_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "WAITING_BYTES_MAX", 250)
    async with recording(tmp_path) as node:
        away = True

        def fail(drafts: Sequence[Draft]) -> None:
            if away:
                raise LogUnavailable("the disk is full")

        failing(node, monkeypatch, fail)
        monkeypatch.setattr(module, "AGAIN_S", 0.01)
        for number in range(5):
            node.recorder.exchange(replace(seen(number), request_body=b"x" * 100))
        assert (node.recorder.waiting, node.recorder.dropped) == (2, 3)
        node.recorder.exchange(replace(seen(5), request_body=b"x" * 1000))
        assert (node.recorder.waiting, node.recorder.dropped) == (1, 5)
        away = False
        await node.recorder.flush()
        assert await urls(node) == ["https://x.example/5"]
        node.recorder.exchange(replace(seen(6), request_body=b"x" * 200))
        await node.recorder.flush()
        assert node.recorder.dropped == 5


async def test_callers_wait_when_few_large_messages_wait_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "CROWDED_BYTES", 250)
    monkeypatch.setattr(waiting, "BATCH_BYTES_MAX", 150)
    monkeypatch.setattr(module, "CROWDED_S", 30.0)
    async with recording(tmp_path) as node:
        sizes: list[int] = []
        failing(node, monkeypatch, lambda drafts: sizes.append(len(drafts)))
        for number in range(5):
            node.recorder.exchange(replace(seen(number), request_body=b"x" * 100))
        await asyncio.wait_for(node.recorder.room(), 10)
        assert node.recorder.waiting == 2
        await node.recorder.flush()
        assert sizes == [1] * 5
        assert len(await urls(node)) == 5
        assert node.recorder.dropped == 0


async def test_the_oldest_are_given_up_and_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "WAITING_MAX", 3)
    monkeypatch.setattr(waiting, "BATCH_MAX", 2)
    line = waiting.Waiting()
    made = [drafts.exchange_draft(seen(at), identity=planned.entry_id()) for at in range(6)]
    assert [line.put(each) for each in made[:4]] == [0, 0, 0, 1]
    assert line.take() == made[1:3]
    # One of those that are being written is given up; then both are durable after all.
    assert line.put(made[4]) == 1
    assert line.over(made[1:3]) == 1
    assert line.take() == made[3:5]
    # Only the second of two turns out to be there.
    assert line.over(made[4:5]) == 0
    assert line.put(made[5]) == 0
    assert line.take() == [made[3], made[5]]


async def test_what_is_written_after_all_is_not_said_to_be_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "WAITING_MAX", 2)
    monkeypatch.setattr(waiting, "CROWDED", 2)
    async with recording(tmp_path) as node:
        append, writing, go_on = node.record.append, asyncio.Event(), asyncio.Event()

        async def slow(drafts: Sequence[tuple[Draft, Any]]) -> Any:
            writing.set()
            await go_on.wait()
            return await append(drafts)

        monkeypatch.setattr(node.record, "append", slow)
        node.recorder.exchange(seen(0))
        await asyncio.wait_for(writing.wait(), 10)
        for number in range(1, 4):
            node.recorder.exchange(seen(number))
        assert node.recorder.dropped == 2
        go_on.set()
        await node.recorder.flush()
        written = await urls(node)
        assert written == [f"https://x.example/{number}" for number in (0, 2, 3)]
        assert node.recorder.dropped == 1
