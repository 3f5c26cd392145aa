"""Events are followed through every interruption: nothing is missed, and silence is noticed."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.terminal.fake_node import START, FakeNode, identity, link, message, waiting

from detente.http import sse_event
from detente.terminal import (
    EntryEvent,
    HttpNode,
    Identity,
    LineCalls,
    Listening,
    Lost,
    NodeAway,
    NodeRefused,
    Outgoing,
    ProofRefused,
    Session,
    follow,
)
from detente.terminal.picture import Picture
from detente.terminal.sse import EventReader
from detente.terminal.watching import Watcher
from detente.words import Words

pytestmark = pytest.mark.anyio


async def no_sleep(_: float) -> None:
    await asyncio.sleep(0)


@given(st.lists(st.integers(1, 40), max_size=30))
def test_events_are_the_same_however_the_bytes_are_cut(sizes: list[int]) -> None:
    whole = b": beat\n\n" + sse_event("a\nb é", event="entry", id="7") + sse_event("{}", event="x")
    reader, events, at = EventReader(), [], 0
    for size in [*sizes, len(whole)]:
        events += reader.feed(whole[at : at + size])
        at += size
    assert [(e.name, e.data, e.id) for e in events] == [("entry", "a\nb é", "7"), ("x", "{}", "7")]


async def test_what_came_while_nobody_listened_is_asked_for() -> None:
    node = FakeNode()
    async with aclosing(follow(node, sleep=no_sleep)) as happenings:
        assert isinstance(await anext(happenings), Listening)
        node.tell(41, "message", message(1))
        heard = await anext(happenings)
        assert isinstance(heard, EntryEvent)
        node.hang_up()
        assert isinstance(await anext(happenings), Lost)
        node.away = True
        assert isinstance(await anext(happenings), Lost)
        node.away = False
        assert isinstance(await anext(happenings), Listening)
    assert node.streams == [None, "41"]


async def test_who_may_not_listen_is_told_so() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        return httpx.Response(401, json={"message": "No session.", "code": "auth.token"})

    node = HttpNode("http://node", "t", transport=httpx.MockTransport(refuse))
    with pytest.raises(NodeRefused, match="No session") as caught:
        async with aclosing(follow(node, sleep=no_sleep)) as happenings:
            await anext(happenings)
    assert (caught.value.status, caught.value.told) == (401, "auth.token")


async def test_a_node_that_cannot_be_reached_or_read_is_away() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("links"):
            return httpx.Response(200, content=b"<html>")
        raise httpx.ConnectError("refused")

    calls = LineCalls(HttpNode("http://node", "t", transport=httpx.MockTransport(fail)))
    with pytest.raises(NodeAway, match="refused"):
        await calls.session()
    with pytest.raises(NodeAway, match="cannot be read"):
        await calls.links()


async def test_a_fresh_proof_is_asked_for_until_it_is_right_and_then_it_is_done() -> None:
    node = FakeNode(fresh=False)
    answers = [Identity(password="wrong"), Identity(password=FakeNode.PASSWORD)]
    asked: list[bool] = []

    async def ask(session: Session, again: bool) -> Identity | None:
        asked.append(again)
        return answers.pop(0)

    draft = Outgoing("text", {"text": {"language": "en", "text": "Hello"}}, "b")
    sent = await LineCalls(node, ask).send(draft)
    assert asked == [False, True]
    assert node.token == "second"
    assert sent.recipients[0].state == "queued"
    assert len(node.asked_for("POST", "/messages")) == 2


async def test_without_a_proof_nothing_is_done() -> None:
    node = FakeNode(fresh=False)

    async def ask(session: Session, again: bool) -> Identity | None:
        return None

    draft = Outgoing("text", {"text": {"language": "en", "text": "Hello"}}, "b")
    with pytest.raises(ProofRefused) as refused:
        await LineCalls(node, ask).send(draft)
    assert refused.value.words.fr.startswith("Rien n’a été fait\u202f: ")
    with pytest.raises(NodeRefused, match="step-up"):
        await LineCalls(node).send(draft)
    assert node.messages == []


async def test_a_role_that_does_not_allow_it_is_not_asked_for_a_proof() -> None:
    node = FakeNode(refusals={"/messages": (403, {"message": "Not you.", "code": "auth.scope"})})

    async def ask(session: Session, again: bool) -> Identity | None:
        raise AssertionError("a proof would not help")

    with pytest.raises(NodeRefused, match="Not you"):
        await LineCalls(node, ask).send(Outgoing("text", {}, "b"))


class Watching:
    """A watcher at work, and what it knows."""

    def __init__(self, node: FakeNode) -> None:
        self.changes = asyncio.Event()
        self.picture = Picture("a")
        self.watcher = Watcher(
            LineCalls(node),
            self.picture,
            clock=lambda: START,
            steady=lambda: 0.0,
            changed=self.changes.set,
            pulse_s=0.02,
        )

    async def until(self, true: object) -> None:
        assert callable(true)
        async with asyncio.timeout(5):
            while not true():
                self.changes.clear()
                await self.changes.wait()

    async def __aenter__(self) -> Watching:
        self._task = asyncio.create_task(self.watcher.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def test_a_watcher_learns_what_is_there_and_what_is_new() -> None:
    node = FakeNode(messages=[message(1)], waiting=[waiting(message(1), 60)])
    async with Watching(node) as at:
        await at.until(lambda: at.picture.ours("actual"))
        new = message(2, status="exercise")
        node.messages.append(new)
        node.tell(9, "message", new)
        await at.until(lambda: at.picture.listed("exercise"))
        assert [m.id for m in at.picture.listed("actual")] == [identity(1)]
        await node.call("POST", f"/api/v1/line/messages/{new.id}/shown")
        node.tell(10, "shown", new)
        await at.until(lambda: at.picture.messages[new.id].recipients[0].state == "shown")


async def test_silence_makes_blind_and_an_answer_makes_see_again() -> None:
    node = FakeNode(messages=[message(1)])
    async with Watching(node) as at:
        await at.until(lambda: at.picture.messages)
        node.away = True
        await at.until(lambda: at.picture.blind is not None)
        assert at.picture.blind == START
        assert at.picture.why == Words("The node cannot be reached.", "Le nœud est injoignable.")
        node.messages.append(message(2))
        node.away = False
        await at.until(lambda: at.picture.blind is None)
        await at.until(lambda: identity(2) in at.picture.messages)


async def test_a_session_that_has_ended_ends_the_watch() -> None:
    node = FakeNode()
    async with Watching(node) as at:
        await at.until(lambda: at.picture.links)

        async def links() -> None:
            raise NodeRefused(401, at_end, "GET links")

        from detente.terminal.answers import Refusal

        at_end = Refusal(message="The session has ended.")
        at.watcher._calls.links = links  # type: ignore[assignment, method-assign]
        await at.until(lambda: at.watcher.ended is not None)
        assert at.picture.blind is not None


async def test_a_link_in_an_event_keeps_what_only_answers_say() -> None:
    node = FakeNode(links=[link(waiting=3)])
    async with Watching(node) as at:
        await at.until(lambda: at.picture.links)
        node.links = []
        facts = {"peer": "b", "state": "peer-silent", "since": "2027-01-04T12:00:00Z"}
        node.tell_state("link", facts)
        await at.until(lambda: at.picture.links["b"].state == "peer-silent")
        assert at.picture.links["b"].waiting == 3
        assert at.picture.links["b"].last_heard == "2027-01-04T11:59:59Z"
