"""Both sides of the line as the demonstration follows them: what their nodes tell."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

from detente.demo.agreeing import DUTY
from detente.demo.nodes import NodeProcess
from detente.demo.notices import STATUS
from detente.demo.officers import NodeRefused, Session

_PAGE: Final = 200


class Stage(IntEnum):
    """How far a message has come: the five states of the line."""

    QUEUED = 0
    DELIVERED = 1
    SHOWN = 2
    ACKNOWLEDGED = 3
    ANSWERED = 4


_STAGE_OF: Final = {
    "receipt": Stage.DELIVERED,
    "shown": Stage.SHOWN,
    "acknowledgement": Stage.ACKNOWLEDGED,
}


@dataclass(slots=True)
class Desk:
    """One side: its node, its officers, what its node has told of its own messages.

    Attributes:
        node: of the party.
        officers: sessions by account.
        stages: what the node has told of each message that it sent, by id.
        incoming: messages for this side that an officer has still to look at.
        link: how this side sees the line, in words.
    """

    node: NodeProcess
    officers: dict[str, Session]
    stages: dict[str, Stage] = field(default_factory=dict)
    incoming: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    acknowledged: set[str] = field(default_factory=set)
    link: str = ""
    link_state: str = ""

    @property
    def party(self) -> str:
        """Its id."""
        return self.node.who.id

    @property
    def duty(self) -> Session:
        """Its duty officer."""
        return self.officers[DUTY]

    def told(self, event: Mapping[str, Any]) -> None:
        """An entry of its record, as its node tells of it."""
        kind, of = event.get("kind"), event.get("of")
        if kind == "message":
            if event["from"] == self.party:
                self._reached(event["id"], Stage.QUEUED)
            elif event["status"] == STATUS:
                self.incoming.put_nowait(event["id"])
            for ref in event["refs"]:
                if ref["rel"] == "answers" and ref["id"] in self.stages:
                    self._reached(ref["id"], Stage.ANSWERED)
        elif kind in _STAGE_OF and event["from"] != self.party and of in self.stages:
            self._reached(of, _STAGE_OF[kind])
            if kind == "acknowledgement":
                self.acknowledged.add(of)

    def counts(self) -> Counter[Stage]:
        """How many of its messages stand where."""
        return Counter(self.stages.values())

    def _reached(self, message: str, stage: Stage) -> None:
        self.stages[message] = max(stage, self.stages.get(message, stage))


@dataclass(slots=True)
class ReadBackWrong:
    """What a node said to an officer who read back another place than the message has."""

    party: str
    form: str
    moved_deg: float
    differences: list[str]


@dataclass(frozen=True, slots=True)
class StatedOutage:
    """An outage as a party states it; it stands in both records.

    Attributes:
        by: id of the party that states it.
        own: it was its own node that was away.
        seen_as: what it looked like.
        since, until: by that party's clock (RFC 3339).
        indices: where it stands in the record of each party, by id.
    """

    by: str
    own: bool
    seen_as: str
    since: str
    until: str
    indices: dict[str, int]


@dataclass(slots=True)
class Course:
    """What happened.

    Attributes:
        killed: the side whose node was killed.
        killed_pid: which process that was.
        sent_before, sent_meanwhile: messages of the other side before and after that.
        away_s: how long the node was not there.
        read_back: the one wrong read-back; None if nothing had to be read back.
        officers: how many messages each officer has acknowledged, by party and account.
        outages: as both have stated them.
        seconds: all of it.
    """

    killed: NodeProcess
    killed_pid: int = 0
    sent_before: int = 0
    sent_meanwhile: int = 0
    away_s: float = 0.0
    read_back: ReadBackWrong | None = None
    officers: Counter[tuple[str, str]] = field(default_factory=Counter)
    outages: list[StatedOutage] = field(default_factory=list)
    seconds: float = 0.0


async def messages(officer: Session, box: str) -> dict[str, str | None]:
    """Who has acknowledged each message of a box, by its id."""
    found: dict[str, str | None] = {}
    query: dict[str, str | int] = {"box": box, "status": STATUS, "limit": _PAGE}
    while True:
        page = await officer.get("/line/messages", query)
        for each in page["messages"]:
            found[each["id"]] = each["recipients"][0]["acknowledged_by"]
        if page["before"] is None:
            return found
        query["before"] = page["before"]


async def events(
    officer: Session, after: str
) -> AsyncIterator[tuple[str, str | None, dict[str, Any]]]:
    """Server-sent events after a number: name, number, data."""
    headers = {"authorization": f"Bearer {officer.token}", "last-event-id": after}
    async with officer.http.stream("GET", "/events", headers=headers) as answer:
        if answer.status_code != 200:
            raise NodeRefused("the node tells no events", answer.status_code, None)
        event: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                event[name] = value
            elif event:
                if "data" in event:
                    yield event.get("event", ""), event.get("id"), json.loads(event["data"])
                event = {}
