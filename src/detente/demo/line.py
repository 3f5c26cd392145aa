"""The line at work: officers of both sides exchange notices, while one node is killed and returns.

What is told here is what the nodes tell: their events say how far each message has come, and at the
end both are asked again for every message.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

import httpx

from detente.demo.agreeing import CHIEF, DUTY
from detente.demo.desks import Course, Desk, ReadBackWrong, Stage, StatedOutage, events, messages
from detente.demo.nodes import NodeProcess
from detente.demo.notices import STATUS, WARNING, Notice
from detente.demo.officers import NodeRefused, Session, at_work
from detente.errors import DetenteError
from detente.planning import unpacked

AWAY_S: Final = 4.0
"""A node that is away for less than 3 s is not missed."""
AT_ONCE: Final = 4
"""Messages that the officers of a side have in hand at one time."""
_PATIENCE_S: Final = 120.0
_LOOK_EVERY_S: Final = 0.2
_RETRY_S: Final = 0.05
_OUTAGES: Final = ("down-here", "down-there", "peer-silent")


class LineFailed(DetenteError):
    """What was said on the line did not end as it must."""

    code = "demo.line_failed"


class Line:
    """Both sides, and what they say to each other. Used in an `async with` block.

    Args:
        nodes: running.
        say: is told what happens, in a sentence.
    """

    def __init__(self, nodes: Sequence[NodeProcess], say: Callable[[str], None]) -> None:
        self._nodes = nodes
        self._say = say
        self._stack = AsyncExitStack()
        self.notices: Sequence[Notice] = ()
        self.desks: list[Desk] = []

    async def __aenter__(self) -> Line:
        """Have everybody log in."""
        try:
            async with asyncio.TaskGroup() as group:
                logging_in = [
                    group.create_task(self._stack.enter_async_context(at_work(node)))
                    for node in self._nodes
                ]
        except BaseException:
            await self._stack.aclose()
            raise
        self.desks = [
            Desk(node, task.result()) for node, task in zip(self._nodes, logging_in, strict=True)
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        """End it."""
        await self._stack.aclose()

    async def run(self, notices: Sequence[Notice]) -> Course:
        """Say everything, kill a node in the middle, start it again, wait for the last signature.

        Args:
            notices: what is to be said.

        Raises:
            LineFailed: a message was not acknowledged, or an outage is not in both records.
            NodeRefused, NodeDidNotStart: a step failed.
        """
        began_s = time.monotonic()
        self.notices = notices
        # The side that has more to say goes on talking; the other one's node is killed.
        talks, other = sorted(
            self.desks, key=lambda desk: -sum(n.sender == desk.party for n in self.notices)
        )
        course = Course(other.node)
        async with asyncio.TaskGroup() as group:
            helpers = [
                group.create_task(self._follow(desk, await _newest(desk.duty)))
                for desk in self.desks
            ]
            helpers += [group.create_task(self._watch(desk)) for desk in self.desks]
            helpers += [
                group.create_task(self._officer(desk, account, course))
                for desk in self.desks
                for account in (DUTY, CHIEF)
                for _ in range(AT_ONCE // 2)
            ]
            await _until(self._up, "the line is up on both sides")
            await self._play(talks, other, course)
            for helper in helpers:
                helper.cancel()
        await self._check()
        course.outages = await self._outages(course)
        course.seconds = time.monotonic() - began_s
        return course

    async def _play(self, talks: Desk, other: Desk, course: Course) -> None:
        async def noticed() -> bool:
            return talks.link_state in _OUTAGES

        theirs = [each for each in self.notices if each.sender == other.party]
        ours = [each for each in self.notices if each.sender == talks.party]
        half = len(ours) // 2
        async with asyncio.TaskGroup() as group:
            group.create_task(self._send(other, theirs))
            group.create_task(self._send(talks, ours[:half]))
        course.sent_before, course.sent_meanwhile = half, len(ours) - half
        course.killed_pid = other.node.pid or 0
        await other.node.kill()
        gone_s = time.monotonic()
        self._say(
            f"{other.node.who.name}'s node, process {course.killed_pid}, is killed (SIGKILL); "
            f"{talks.node.who.name} goes on"
        )
        await self._send(talks, ours[half:])
        await _until(noticed, "the outage is noticed")
        await asyncio.sleep(max(0.0, AWAY_S - (time.monotonic() - gone_s)))
        await other.node.start()
        course.away_s = time.monotonic() - gone_s
        self._say(f"{other.node.who.name}'s node is back after {course.away_s:.1f} s")
        await _until(self._ended, "every message is acknowledged")

    # -- what officers do ----------------------------------------------------------------------

    async def _send(self, desk: Desk, notices: Sequence[Notice]) -> None:
        waiting = iter(enumerate(notices))
        officers = (desk.officers[DUTY], desk.officers[CHIEF])

        async def work() -> None:
            for number, notice in waiting:
                officer = officers[number % 2]
                body = notice.body
                if notice.source:
                    told = await _told(desk.duty, notice.source)
                    media_type = "application/json"
                    kept = await officer.post("/line/files", told, {"type": media_type})
                    file = {"sha256": kept["sha256"], "media_type": media_type}
                    body = {**body, "files": [file]}
                sent = await officer.post("/line/messages", body)
                desk.stages.setdefault(sent["id"], Stage.QUEUED)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(work())

    async def _officer(self, desk: Desk, account: str, course: Course) -> None:
        """Look at what comes, read it back, acknowledge it; answer warnings."""
        officer = desk.officers[account]
        while True:
            message = await desk.incoming.get()
            while True:
                await desk.node.up.wait()
                try:
                    await self._attend(desk, officer, message, course)
                    break
                except httpx.TransportError:
                    # The node went away meanwhile. All of it can be done again: what was recorded
                    # already is found.
                    await asyncio.sleep(_RETRY_S)

    async def _attend(self, desk: Desk, officer: Session, identity: str, course: Course) -> None:
        path = f"/line/messages/{identity}"
        message = await officer.get(path)
        await officer.post(f"{path}/shown")
        read_back = {part: message["fields"][part] for part in message["read_back"]}
        if "area" in read_back and course.read_back is None:
            course.read_back = ReadBackWrong(desk.party, message["form"], 0.1, [])
            await self._wrongly(officer, path, read_back, course.read_back)
        ours = message["recipients"][0]
        done = await officer.post(f"{path}/acknowledgement", {"read_back": read_back})
        if ours["acknowledged_by"] is None:
            course.officers[desk.party, done["recipients"][0]["acknowledged_by"]] += 1
        if message["form"] == WARNING and not ours["answers"]:
            await officer.post("/line/messages", _reply(message))

    async def _wrongly(
        self, officer: Session, path: str, read_back: dict[str, Any], told: ReadBackWrong
    ) -> None:
        """Read back another place than the message has: nothing may be signed."""
        wrong = copy.deepcopy(read_back)
        position = wrong["area"]["geometry"]["coordinates"]
        # Towards the equator: a latitude stays one.
        position[1] = position[1] - math.copysign(told.moved_deg, position[1])
        try:
            await officer.post(f"{path}/acknowledgement", {"read_back": wrong})
        except NodeRefused as refused:
            if refused.status != 422:
                raise
            told.differences += [each["words"]["en"] for each in refused.answer["differences"]]
        if not told.differences:
            raise LineFailed("a place was read back wrongly, and acknowledged", where=path)

    # -- what the nodes tell -------------------------------------------------------------------

    async def _follow(self, desk: Desk, last: str) -> None:
        """The events of a node after one; after an outage, from the one seen last."""
        while True:
            await desk.node.up.wait()
            try:
                async for name, number, data in events(desk.duty, last):
                    last = number or last
                    if name == "entry":
                        desk.told(data)
            except httpx.TransportError:
                pass
            await asyncio.sleep(_RETRY_S)

    async def _watch(self, desk: Desk) -> None:
        """How a side sees the line."""
        while True:
            if desk.node.up.is_set():
                try:
                    [link] = (await desk.duty.get("/links"))["links"]
                    desk.link, desk.link_state = link["words"]["en"], link["state"]
                except httpx.TransportError:
                    pass
            else:
                desk.link, desk.link_state = "killed", ""
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _up(self) -> bool:
        return all(desk.link_state == "up" for desk in self.desks)

    async def _ended(self) -> bool:
        """Every message is acknowledged, replies too, and every warning has its reply."""
        sent = sum(len(desk.stages) for desk in self.desks)
        warnings = sum(each.body["form"] == WARNING for each in self.notices)
        signed = all(desk.acknowledged >= desk.stages.keys() for desk in self.desks)
        return await self._up() and sent == len(self.notices) + warnings and signed

    # -- what both have at the end -------------------------------------------------------------

    async def _check(self) -> None:
        """Ask both nodes for every message: it is there, and acknowledged by a named officer."""
        for desk in self.desks:
            for asked, box in ((desk, "out"), (self._peer(desk), "in")):
                found = await messages(asked.duty, box)
                if found.keys() != desk.stages.keys():
                    raise LineFailed(
                        f"{len(desk.stages)} messages of {desk.party} were sent, the node of "
                        f"{asked.party} has {len(found)}"
                    )
                open_ = [key for key, by in found.items() if by is None]
                if open_:
                    raise LineFailed(f"{len(open_)} messages are not acknowledged", where=open_[0])

    async def _outages(self, course: Course) -> list[StatedOutage]:
        """What each side has stated of the outage, and where it stands in both records."""
        stated: list[StatedOutage] = []

        async def both() -> bool:
            stated[:] = await self._stated()
            return {each.by for each in stated} == {desk.party for desk in self.desks} and all(
                len(each.indices) == len(self.desks) for each in stated
            )

        await _until(both, "both records hold the outage as each side saw it")
        if not any(each.own and each.by == course.killed.who.id for each in stated):
            raise LineFailed("the node that was killed does not say that it was away")
        return stated

    async def _stated(self) -> list[StatedOutage]:
        found: dict[str, StatedOutage] = {}
        for desk in self.desks:
            page = await desk.duty.get("/record/entries", {"kind": "outage"})
            for entry in page["entries"]:
                body = entry["body"]
                known = found.setdefault(
                    entry["id"],
                    StatedOutage(
                        entry["sender"],
                        body["own"],
                        body["seen_as"],
                        body["from"],
                        body["until"],
                        {},
                    ),
                )
                known.indices[desk.party] = entry["index"]
        return sorted(found.values(), key=lambda each: (each.since, each.by))

    def _peer(self, desk: Desk) -> Desk:
        return next(each for each in self.desks if each is not desk)


async def _newest(officer: Session) -> str:
    """Index of the newest entry of a node's record."""
    [entry] = (await officer.get("/record/entries", {"order": "newest", "limit": 1}))["entries"]
    return str(entry["index"])


async def _told(officer: Session, entry: str) -> bytes:
    """What another told of its flight: the bytes of its message, as our record has them."""
    body = (await officer.get(f"/record/entries/{entry}"))["body"]
    part = "response" if body["exchange"]["recorder_role"] == "Client" else "request"
    if body[f"{part}_blob"]:
        return await officer.bytes(f"/record/blobs/{body[f'{part}_blob']}")
    if body[f"{part}_gzip"]:
        return unpacked(body[f"{part}_gzip"])
    return base64.b64decode(body["exchange"][f"{part}_body"])


def _reply(message: Mapping[str, Any]) -> dict[str, Any]:
    text = {"language": "en", "text": "Understood. Both crews have been told."}
    return {
        "form": "reply",
        "to": message["sender"],
        "status": STATUS,
        "answers": message["id"],
        "fields": {"answer": "yes", "text": text},
    }


async def _until(true: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until something is true of what the nodes tell, or of what they are asked."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while not await true():  # noqa: ASYNC110 - processes tell it, no event does
                await asyncio.sleep(_LOOK_EVERY_S)
    except TimeoutError:
        raise LineFailed(f"after {_PATIENCE_S:.0f} s it is still not so that {what}") from None
