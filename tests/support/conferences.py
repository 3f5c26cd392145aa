"""Statements about a conference, without records, for tests of the pure rules."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from uuid import UUID

from detente.line import Conference, ConferenceStatement, Person, conference_of
from detente.line.conference_contents import Content, Text
from detente.line.conference_statements import Stated
from detente.line.convening import convene, first_draft
from detente.record import canonical_json

BEGINS = "2026-11-23T09:00:00.000000Z"
ROOM = "a.111111111111"


def holder_of(by: Stated) -> str | None:
    """Keys are called `<party>-1` (an officer's) or `node`."""
    return None if by.author == "node" else by.author


def person(name: str) -> Person:
    return Person(name=name)


def text(said: str) -> Text:
    return {"en": said}


@dataclass
class World:
    """What several parties have stated, all of it known to each."""

    said: list[ConferenceStatement] = field(default_factory=list)
    identity: str = ""

    def add(
        self, party: str, content: Content, *, author: str | None = None, status: str = "actual"
    ) -> ConferenceStatement:
        number = len(self.said)
        body = canonical_json({"party": party, "at": number, "kind": type(content).__name__})
        sha256 = hashlib.sha256(body).hexdigest()
        by = Stated(
            party,
            UUID(int=number),
            sha256,
            author or f"{party}-1",
            f"2026-11-23T09:{number // 60:02}:{number % 60:02}.000000Z",
            number,
            status,
        )
        self.said.append(ConferenceStatement(content, by))
        return self.said[-1]

    def seen_by(self, party: str) -> Conference:
        found = conference_of(party, self.said, holder_of)
        assert found is not None
        return found

    def attend(self, *parties: str) -> None:
        for party in parties:
            self.add(party, self.seen_by(party).attend([person(f"Col. {party}")]))


def convened(*parties: str, attending: bool = True) -> World:
    """A conference that A hosts."""
    world = World()
    convocation = convene(
        "a",
        room=ROOM,
        parties=parties or ("b", "c"),
        title={"en": "Incidents", "fr": "Incidents aériens"},
        begins=BEGINS,
        random=bytes(range(6)),
    )
    first_draft("a", convocation, "actual")
    world.identity = convocation.conference
    world.add("a", convocation)
    if attending:
        world.attend("a", *(parties or ("b", "c")))
    return world
