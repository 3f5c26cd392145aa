"""A node in memory: answers a terminal as the real one does, from the real one's own structs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from detente import line
from detente.http import sse_event
from detente.node import call_bodies
from detente.node import message_bodies as bodies
from detente.node.session_views import SessionView, WaysIn
from detente.node.status import Links, LinkStatus
from detente.terminal import Answer, NodeAway, NodeRefused
from detente.terminal.answers import Refusal
from detente.words import Words

START = datetime(2027, 1, 4, 12, 0, tzinfo=UTC)
AREA = {
    "shape": "circle",
    "geometry": {"type": "Point", "coordinates": [68.862211, 36.718031]},
    "radius": {"value": 5, "unit": "km"},
}
LEVELS = {
    "lower": {"value": 1000, "unit": "ft", "reference": "MSL"},
    "upper": {"value": 5000, "unit": "ft", "reference": "MSL"},
}
TIMES = {"from": "2027-01-05T06:00:00Z", "until": "2027-01-05T08:00:00Z"}
WARNING: dict[str, Any] = {"danger": "debris", "area": AREA, "levels": LEVELS, "times": TIMES}
TYPED = {
    "area": "circle 5 km 36.718031N 68.862211E",
    "levels": "1000 ft MSL to 5000 ft MSL",
    "times": "2027-01-05 06:00 to 08:00",
}
SCOPES = ["line.read", "line.send", "line.acknowledge", "line.shown", "peers.read"]


def identity(number: int) -> str:
    return f"018f0000-0000-7000-8000-{number:012d}"


def session(**more: Any) -> SessionView:
    given: dict[str, Any] = {
        "id": "s-1",
        "officer": "a-1",
        "name": "Officer A1",
        "language": "en",
        "roles": ["officer"],
        "permissions": SCOPES,
        "scopes": [*SCOPES, "step-up"],
        "method": "password",
        "locked": False,
        "fresh": True,
        "began": "2027-01-04T11:00:00Z",
        "proved": "2027-01-04T11:59:00Z",
        "locks": "2027-01-04T13:00:00Z",
        "ends": "2027-01-04T20:00:00Z",
        "idle_s": 3600.0,
        "step_up_s": 300.0,
        "recovery_codes": 8,
    }
    return SessionView(**(given | more))


def told(words: Words) -> bodies.Told:
    return bodies.Told.of(words)


def recipient(party: str, state: str, **more: Any) -> bodies.RecipientState:
    given: dict[str, Any] = {
        "party": party,
        "state": state,
        "words": bodies.Told(en=state, fr=state),
        "delivered": "2027-01-04T11:58:01Z",
        "shown": [],
        "acknowledged_by": None,
        "acknowledgements": [],
        "answers": [],
        "calls": [],
        "superseded_by": None,
        "overdue": False,
    }
    return bodies.RecipientState(**(given | more))


def message(
    number: int,
    form: str = "warning",
    fields: Mapping[str, Any] | None = None,
    *,
    sender: str = "b",
    to: str = "a",
    state: str = "delivered",
    **more: Any,
) -> bodies.MessageBody:
    said = dict(WARNING if fields is None else fields)
    shape = line.form_of(form)
    read = shape.read(said)
    given: dict[str, Any] = {
        "id": identity(number),
        "position": number,
        "sender": sender,
        "officer": f"{sender}-1",
        "status": "actual",
        "urgency": shape.urgency,
        "created": "2027-01-04T11:58:00Z",
        "deadline": "2027-01-04T12:03:00Z",
        "form": form,
        "title": told(shape.title),
        "read_back": list(shape.must_be_read_back(read)),
        "fields": said,
        "rows": [
            bodies.RowView(label=told(row.label), value=told(row.value))
            for row in line.render(read)
        ],
        "unreadable": None,
        "language": "en",
        "room": None,
        "corrects": None,
        "answers": None,
        "superseded_by": None,
        "files": [],
        "recipients": [recipient(to, state)],
    }
    return bodies.MessageBody(**(given | more))


def waiting(of: bodies.MessageBody, left_s: float, **more: Any) -> bodies.WaitingBody:
    given: dict[str, Any] = {
        "id": of.id,
        "sender": of.sender,
        "party": of.recipients[0].party,
        "urgency": of.urgency,
        "status": of.status,
        "deadline": of.deadline,
        "left_s": left_s,
        "superseded_by": None,
        "instead": None,
    }
    return bodies.WaitingBody(**(given | more))


def link(peer: str = "b", state: line.State = line.State.UP, **more: Any) -> LinkStatus:
    given: dict[str, Any] = {
        "peer": peer,
        "state": state.value,
        "words": {"en": state.words.en, "fr": state.words.fr},
        "since": "2027-01-04T09:00:00Z",
        "last_heard": "2027-01-04T11:59:59Z",
        "rtt_ms": 12.0,
        "reason": None,
        "answers_us": True,
        "calls_us": True,
        "clock_ahead_ms": 200,
        "waiting": 0,
        "lanes": {},
        "held": [],
    }
    return LinkStatus(**(given | more))


def call(number: int, state: str = "open", **more: Any) -> call_bodies.TestCallBody:
    words = line.CallState(state).words
    given: dict[str, Any] = {
        "id": identity(number),
        "caller": "b",
        "callee": "a",
        "at": "2027-01-04T11:55:00Z",
        "state": state,
        "words": told(words),
        "answers": {},
        "missing": ["b", "a"],
        "wrong": [],
    }
    return call_bodies.TestCallBody(**(given | more))


OUTAGES: dict[str, Any] = {
    "party": "a",
    "days": 30,
    "outages": [
        {
            "peer": "b",
            "since": "2027-01-04T10:00:00Z",
            "until": "2027-01-04T10:05:00Z",
            "lasted_s": 300.0,
            "stated": [
                {
                    "party": party,
                    "since": "2027-01-04T10:00:00Z",
                    "until": "2027-01-04T10:05:00Z",
                    "words": {"en": "peer silent", "fr": "correspondant muet"},
                    "own": party == "b",
                    "entry": 7,
                }
                for party in ("a", "b")
            ],
        },
        {"peer": "c", "since": "2027-01-04T11:00:00Z", "lasted_s": 3600.0, "unstated": ["c"]},
    ],
    "faults": [{"party": "c", "entry": 9, "what": "It ends before it began."}],
}


@dataclass
class FakeNode:
    """What a terminal can ask, and what it has asked.

    `away` makes it silent; `fresh` False makes it want a proof of identity, which is `PASSWORD`.
    """

    PASSWORD = "seven grey herons"

    messages: list[bodies.MessageBody] = field(default_factory=list)
    waiting: list[bodies.WaitingBody] = field(default_factory=list)
    links: list[LinkStatus] = field(default_factory=lambda: [link()])
    calls: list[call_bodies.TestCallBody] = field(default_factory=list)
    rooms: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    away: bool = False
    fresh: bool = True
    token: str = "first"
    refusals: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    streams: list[str | None] = field(default_factory=list)
    _queues: list[asyncio.Queue[bytes | None]] = field(default_factory=list)

    def asked_for(self, method: str, ending: str) -> list[Any]:
        return [b for m, path, b in self.asked if m == method and path.endswith(ending)]

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        query: Mapping[str, str] | None = None,
        media_type: str = "application/json",
    ) -> Answer:
        await asyncio.sleep(0)
        if self.away:
            raise NodeAway(Words("The node cannot be reached.", "Le nœud est injoignable."))
        said: Any = body
        if body is not None and media_type == "application/json":
            said = json.loads(body)
        self.asked.append((method, path, said))
        for ending, (status, refusal) in self.refusals.items():
            if method != "GET" and path.endswith(ending):
                self._refuse(status, refusal, path)
        found = self._answer(method, path, said, query or {})
        return Answer(200, found if isinstance(found, bytes) else msgspec.json.encode(found))

    def _refuse(self, status: int, refusal: dict[str, Any], path: str) -> None:
        raise NodeRefused(status, msgspec.convert(refusal, Refusal), path)

    def _answer(self, method: str, path: str, said: Any, query: Mapping[str, str]) -> Any:
        parts = path.removeprefix("/api/v1/").split("/")
        match (method, parts):
            case "GET", ["login"]:
                return WaysIn(party="a", provider=None, password=True, second_factor=True)
            case "GET", ["session"]:
                return session(fresh=self.fresh)
            case "POST", ["session", "active"]:
                return {}
            case "POST", ["session", "proof"]:
                if said != {"password": self.PASSWORD}:
                    self._refuse(401, {"message": "That is not right."}, path)
                self.fresh = True
                return session(token="second")
            case "GET", ["links"]:
                return Links(self.links)
            case "GET", ["outages"]:
                return OUTAGES
            case "GET", ["rooms"]:
                return {"rooms": self.rooms}
            case "GET", ["line", "messages", _, "files", sha256]:
                return self.files[sha256]
            case "GET", ["line", "messages"]:
                ours = query["box"] == "out"
                found = [
                    m
                    for m in self.messages
                    if m.status == query["status"] and (m.sender == "a") == ours
                ]
                return bodies.MessageList(status=query["status"], messages=found, before=None)
            case "GET", ["line", "messages", one]:
                return self.message(one)
            case "GET", ["line", "messages", one, "thread"]:
                first = self.message(one)
                found = [first, *(m for m in self.messages if m.answers == one)]
                return bodies.MessageList(status=first.status, messages=found, before=None)
            case "POST", ["line", "messages", one, "shown"]:
                return self._advance(one, "shown")
            case "GET", ["line", "waiting"]:
                return bodies.WaitingList(waiting=self.waiting, left_out={})
            case "GET", ["line", "test-calls"]:
                how = call_bodies.StatisticsBody(
                    calls=len(self.calls),
                    answered=0,
                    missed=0,
                    waiting=len(self.calls),
                    median_s={"a": 42.0, "b": None},
                    unanswered={"a": 0, "b": 1},
                )
                return call_bodies.TestCallList(calls=self.calls, statistics=how, planned=[])
            case "POST", _:
                self._check_fresh(path)
                return self._done(parts, said)
        self._refuse(404, {"message": "There is no endpoint.", "code": "http.not_found"}, path)
        raise AssertionError

    def _check_fresh(self, path: str) -> None:
        if not self.fresh:
            self._refuse(403, {"message": "Needs step-up.", "code": "auth.scope"}, path)

    def _done(self, parts: list[str], said: Any) -> Any:
        match parts:
            case ["rooms", room, "messages"]:
                fields, to = said["fields"], "b"
                sent = message(960, said["form"], fields, sender="a", to=to, room=room)
                self.messages.append(sent)
                return {"id": sent.id, "index": 960, "to": ["b"], "epoch": "1-x"}
            case ["line", "messages"]:
                more = {n: said[n] for n in ("answers", "corrects", "urgency") if said.get(n)}
                sent = message(
                    900 + len(self.messages),
                    said["form"],
                    said["fields"],
                    sender="a",
                    to=said["to"],
                    state="queued",
                    status=said["status"],
                    **more,
                )
                self.messages.append(sent)
                return sent
            case ["line", "messages", one, "acknowledgement"]:
                self.waiting = [w for w in self.waiting if w.id != one]
                judged = bodies.AcknowledgementView(
                    id=identity(990),
                    officer="a-1",
                    key="a/officer/a-1",
                    at="2027-01-04T12:00:05Z",
                    text=said.get("text"),
                    counts=True,
                    why_not=[],
                )
                return self._advance(one, "acknowledged", acknowledgements=[judged])
            case ["line", "files"]:
                return bodies.FileView(sha256="ab" * 32, size=len(said), media_type="text/plain")
            case ["line", "test-calls"]:
                self.calls.append(call(950, caller="a", callee=said["to"]))
                return self.calls[-1]
            case ["line", "test-calls", one, "answer"]:
                self.calls = [
                    msgspec.structs.replace(c, missing=["b"]) if c.id == one else c
                    for c in self.calls
                ]
                return next(c for c in self.calls if c.id == one)
        raise AssertionError(parts)

    def message(self, one: str) -> bodies.MessageBody:
        for each in self.messages:
            if each.id == one:
                return each
        self._refuse(404, {"message": "No such message.", "code": "line.no_message"}, one)
        raise AssertionError

    def _advance(self, one: str, state: str, **more: Any) -> bodies.MessageBody:
        old = self.message(one)
        shown = [bodies.ShownView(officer="a-1", at="2027-01-04T12:00:01Z")]
        new = msgspec.structs.replace(old, recipients=[recipient("a", state, shown=shown, **more)])
        self.messages = [new if m.id == one else m for m in self.messages]
        return new

    async def stream(self, path: str, last_id: str | None) -> AsyncGenerator[bytes, None]:
        if self.away:
            raise NodeAway(Words("The node cannot be reached.", "Le nœud est injoignable."))
        self.streams.append(last_id)
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._queues.append(queue)
        try:
            yield sse_event("{}", event="begin", id=last_id or "0")
            while (piece := await queue.get()) is not None:
                yield piece
        finally:
            self._queues.remove(queue)

    def tell(
        self, index: int, kind: str, of: bodies.MessageBody | None = None, **more: Any
    ) -> None:
        """An entry is recorded."""
        facts = {"index": index, "id": identity(index), "kind": kind, "from": "b", **more}
        if of is not None:
            facts |= {"id": of.id} if kind == "message" else {"of": of.id}
        self._put(sse_event(json.dumps(facts), event="entry", id=str(index)))

    def tell_state(self, name: str, facts: Mapping[str, Any]) -> None:
        self._put(sse_event(json.dumps(facts), event=name))

    def hang_up(self) -> None:
        """All streams end."""
        self._put(None)

    def _put(self, piece: bytes | None) -> None:
        for queue in self._queues:
            queue.put_nowait(piece)

    async def use_token(self, token: str) -> None:
        self.token = token

    async def close(self) -> None:
        pass
