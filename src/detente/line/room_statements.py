"""What a party states about a room: that it opens it, whom it invites, who its own members are.

Every statement repeats all that its party has to say about the room, so the newest one is enough;
they are numbered, and each names the one before it. Nobody states anything about another party's
members.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from detente.record import Draft, JsonValue, Payload

from .room_texts import (
    Reader,
    StatementMalformed,
    Texts,
    digest_of,
    founder_of,
    integer,
    party_id,
)

ROOM_KINDS: Final = ("room-open", "room-invite", "room-members", "room-leave", "room-close")
"""Kinds of entries by which a party states something about a room."""

OPENER_KINDS: Final = frozenset({"room-open", "room-invite", "room-close"})
"""Those of the party that opened it."""


@dataclass(frozen=True, slots=True)
class RoomStatement:
    """One statement of one party about one room.

    Attributes:
        room: its id, which names the party that opened it.
        party: whose statement it is.
        kind: one of `ROOM_KINDS`.
        number: counts the party's statements about the room from 1.
        previous: SHA-256 of the party's statement before, hexadecimal; None for the first.
        epoch: number of changes of the set of parties that its party knew of, its own included.
        invited: parties that it was made to, its own among them, and by which invitation of each.
        officers: the party's own members; none when it leaves.
        title: of the room; the opener says it in each statement.
        purpose: of the room, likewise; may be empty.
        status: `actual`, `exercise` or `test`.
        sha256: of the statement's payload, hexadecimal.
        author: name of the key that signed it.
        created: when its author says it was made (RFC 3339).
        position: of its entry in our record.
    """

    room: str
    party: str
    kind: str
    number: int
    previous: str | None
    epoch: int
    invited: Mapping[str, int]
    officers: tuple[str, ...]
    title: Texts
    purpose: Texts
    status: str
    sha256: str = ""
    author: str = ""
    created: str = ""
    position: int = -1

    @property
    def present(self) -> bool:
        """Whether the party is in the room by it."""
        return self.kind != "room-leave"

    def draft(self) -> Draft:
        """The entry that states it, addressed to everybody it was made to."""
        body: dict[str, JsonValue] = {
            "room": self.room,
            "number": self.number,
            "previous": self.previous,
            "epoch": self.epoch,
            "invited": dict(self.invited),
        }
        if self.officers:
            body["officers"] = list(self.officers)
        if self.title:
            body["title"] = dict(self.title)
        if self.purpose:
            body["purpose"] = dict(self.purpose)
        return Draft(
            self.kind,
            members_channel(self.room, self.invited),
            tuple(sorted(party for party in self.invited if party != self.party)),
            body,
            status=self.status,
        )


def members_channel(room: str, invited: Mapping[str, int]) -> str:
    """The channel of statements to these parties, whose own party is among them."""
    return f"room/{room}/members/{digest_of(invited)}"


def read_statement(
    kind: str, party: str, body: Mapping[str, JsonValue], status: str = "actual"
) -> RoomStatement:
    """What an entry of a kind of `ROOM_KINDS` states.

    Args:
        kind: of the entry.
        party: its sender.
        body: of its payload.
        status: of its payload.

    Raises:
        StatementMalformed: it has another form, or states what its sender may not.
    """
    if kind not in ROOM_KINDS:
        raise StatementMalformed("It states nothing about a room.", where=kind)
    read = Reader(body)
    room = read.place("room")
    opener = founder_of(room) == party
    if kind in OPENER_KINDS and not opener:
        raise StatementMalformed("Only the party that opened the room states this.", where=kind)
    number = read.integer("number", 1)
    previous = read.optional_sha256("previous")
    if (number == 1) != (previous is None):
        raise StatementMalformed("All but the first name the one before.", where="previous")
    if opener and (kind == "room-open") != (number == 1):
        raise StatementMalformed("A room is opened first, and once.", where="number")
    invited = _invited(read.value("invited"))
    if party not in invited:
        raise StatementMalformed("The party that states it is among them.", where="invited")
    officers = read.holders("officers") if read.has("officers") else ()
    if bool(officers) == (kind == "room-leave"):
        raise StatementMalformed(
            "Whoever is in a room has members there, and whoever leaves has none.",
            where="officers",
        )
    title = read.optional_texts("title", 200)
    purpose = read.optional_texts("purpose")
    if bool(title) != opener or (purpose and not opener):
        raise StatementMalformed("The party that opened the room names it.", where="title")
    statement = RoomStatement(
        room=room,
        party=party,
        kind=kind,
        number=number,
        previous=previous,
        epoch=read.integer("epoch", 1),
        invited=invited,
        officers=officers,
        title=title,
        purpose=purpose,
        status=status,
    )
    read.end()
    return statement


def statement_in(payload: Payload) -> RoomStatement:
    """The statement in a payload, with hash, author and time.

    Raises:
        StatementMalformed: as `read_statement`, or it is not addressed to those whom it names.
    """
    said = read_statement(payload.kind, payload.sender, payload.body, payload.status)
    if set(payload.to) != set(said.invited) - {said.party}:
        raise StatementMalformed("It is addressed to others than it names.", where="invited")
    return said


def _invited(value: JsonValue) -> dict[str, int]:
    if not isinstance(value, dict) or not 1 <= len(value) <= 100:
        raise StatementMalformed("It is a number for each of 1 to 100 parties.", where="invited")
    return {
        party_id(party, "invited"): integer(number, f"invited.{party}", 1, 1_000_000)
        for party, number in value.items()
    }
