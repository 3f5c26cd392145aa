from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from detente.line import (
    Room,
    RoomRefused,
    RoomStatement,
    StatementMalformed,
    message_fault,
    open_room,
    room_of,
)
from detente.line.room_statements import read_statement
from detente.record import JsonValue, Payload

OPENED = open_room(
    "a", invite=["b", "c"], officers=["x", "y"], title={"en": "North"}, random=bytes(6)
)
GOOD: dict[str, JsonValue] = dict(OPENED.draft().body)


class Line:
    """Statements as everybody has them; numbers stand for hashes."""

    def __init__(self) -> None:
        self.said: list[RoomStatement] = []
        self.add(OPENED)

    def add(self, statement: RoomStatement) -> RoomStatement:
        at = len(self.said)
        self.said.append(
            replace(statement, sha256=f"{at:064x}", created=f"2026-01-01T00:{at:02}", position=at)
        )
        return self.said[-1]

    def room(self, me: str) -> Room:
        found = room_of(me, self.said)
        assert found is not None
        return found


def test_a_room_begins_with_its_opener_in_it() -> None:
    room = Line().room("b")
    assert (room.opener, room.present, room.status) == ("a", ("a",), "actual")
    assert room.parties["a"].officers == ("x", "y")
    assert room.audience == ("a", "c")
    assert room_of("d", Line().said) is None
    assert room_of("a", []) is None


def test_joining_leaving_and_coming_back() -> None:
    line = Line()
    line.add(line.room("b").set_members(["p"]))
    first = line.room("a")
    assert first.present == ("a", "b")
    line.add(line.room("b").leave())
    assert line.room("a").present == ("a",)
    with pytest.raises(RoomRefused, match="not invited again"):
        line.room("b").set_members(["p"])
    with pytest.raises(RoomRefused, match="not in this room"):
        line.room("b").leave()
    with pytest.raises(RoomRefused, match="invited already"):
        line.room("a").invite(["c"])
    line.add(line.room("a").invite(["b"]))
    assert line.room("b").mine.presence == "invited"
    line.add(line.room("b").set_members(["q"]))
    again = line.room("a")
    assert again.present == first.present
    # The same set, and another epoch: what was said before stays apart.
    assert again.epoch != first.epoch
    assert again.epoch.split("-")[1] == first.epoch.split("-")[1]


def test_what_was_heard_before_leaving_is_of_the_past() -> None:
    line = Line()
    for party in "bc":
        line.add(line.room(party).set_members(["p"]))
    line.add(line.room("b").leave())
    # B does not hear that C leaves; A invites B again before it has heard so itself.
    invitation = line.room("a").invite(["b"])
    heard = [*line.said, replace(invitation, sha256="f" * 64, position=99)]
    room = room_of("b", heard)
    assert room is not None
    assert room.parties["c"].presence == "invited"
    assert room.present == ("a",)


def test_only_who_opened_a_room_invites_and_closes() -> None:
    line = Line()
    line.add(line.room("b").set_members(["p"]))
    for act in (Room.close, lambda room: room.invite(["d"])):
        with pytest.raises(RoomRefused, match="Only a"):
            act(line.room("b"))
    with pytest.raises(RoomRefused, match="Nobody is invited"):
        line.room("a").invite([])
    line.add(line.room("a").leave())
    with pytest.raises(RoomRefused, match="We have left"):
        line.room("a").close()
    assert line.room("b").present == ("b",)


def test_a_closed_room_is_closed_for_all() -> None:
    line = Line()
    line.add(line.room("b").set_members(["p"]))
    line.add(line.room("a").close())
    for party in "abc":
        room = line.room(party)
        assert not room.is_open
        with pytest.raises(RoomRefused, match="closed"):
            room.set_members(["p"])
        with pytest.raises(RoomRefused, match="closed"):
            room.check_speaking(None)


def test_who_may_speak() -> None:
    line = Line()
    with pytest.raises(RoomRefused, match="Nobody else"):
        line.room("a").check_speaking("x")
    with pytest.raises(RoomRefused, match="We are not"):
        line.room("b").check_speaking("p")
    line.add(line.room("b").set_members(["p"]))
    line.room("b").check_speaking("p")
    line.room("b").check_speaking(None)
    with pytest.raises(RoomRefused, match="not one of our members"):
        line.room("b").check_speaking("x")


def test_two_statements_of_one_number_are_a_contradiction() -> None:
    line = Line()
    first = line.room("b").set_members(["p"])
    line.add(first)
    line.add(replace(first, officers=("q",)))
    assert line.room("a").parties["b"].contradicts
    # Whichever came first, the same one counts everywhere.
    turned = room_of("a", reversed(line.said))
    assert turned == line.room("a")
    other = Line()
    other.add(other.room("b").set_members(["p"]))
    other.add(replace(other.room("b").set_members(["q"]), previous="e" * 64))
    assert other.room("a").parties["b"].contradicts


def test_members_are_bounded() -> None:
    with pytest.raises(RoomRefused, match="At most"):
        Line().room("b").set_members([f"o{n}" for n in range(101)])
    with pytest.raises(RoomRefused, match="at least one"):
        Line().room("b").set_members([])
    for invite in ([], ["a"], ["b", "b"]):
        with pytest.raises(RoomRefused, match="Invite"):
            open_room("a", invite=invite, officers=["x"], title={"en": "T"}, random=bytes(6))


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"room": "a.b"}, "room"),
        ({"room": "A.000000000000"}, "room"),
        ({"room": "b.000000000000"}, "room-open"),
        ({"number": 0}, "number"),
        ({"number": True}, "number"),
        ({"number": 2}, "previous"),
        ({"previous": "0" * 64}, "previous"),
        ({"epoch": 1.5}, "epoch"),
        ({"invited": {}}, "invited"),
        ({"invited": {"b": 1}}, "invited"),
        ({"invited": {"a": 0}}, "invited.a"),
        ({"invited": {"a": 1, "B": 1}}, "invited"),
        ({"officers": []}, "officers"),
        ({"officers": ["x", "x"]}, "officers"),
        ({"officers": ["x\n"]}, "officers"),
        ({"officers": "x"}, "officers"),
        ({"title": {}}, "title"),
        ({"title": {"en": " "}}, "title.en"),
        ({"title": {"en": "a\x07"}}, "title.en"),
        ({"title": {"english": "T"}}, "title"),
        ({"more": 1}, "more"),
    ],
)
def test_what_is_no_statement(change: dict[str, JsonValue], where: str) -> None:
    read_statement("room-open", "a", GOOD)
    with pytest.raises(StatementMalformed) as refused:
        read_statement("room-open", "a", GOOD | change)
    assert refused.value.where == where


def test_each_kind_has_its_own_form() -> None:
    for kind in ("room-members", "room-leave", "room-invite", "room-close"):
        with pytest.raises(StatementMalformed):
            read_statement(kind, "a", GOOD) if kind != "room-members" else read_statement(
                kind, "b", GOOD
            )
    with pytest.raises(StatementMalformed):
        read_statement("message", "a", GOOD)


def message(room: Room, sender: str, **change: object) -> Payload:
    base = Payload(
        kind="message",
        sha256=bytes(32),
        agreement="ab",
        author="x",
        sender=sender,
        channel=room.channel(),
        seq=1,
        prev=None,
        created=datetime(2025, 12, 1, tzinfo=UTC),
        id=UUID(int=1),
        salt=bytes(16),
        status="actual",
        to=tuple(party for party in room.present if party != sender),
        refs=(),
        blobs=(),
        body={"room": room.id},
    )
    return replace(base, **change)  # type: ignore[arg-type]  # members of the payload


def test_messages_in_a_room_are_judged() -> None:
    line = Line()
    line.add(line.room("b").set_members(["p"]))
    room = line.room("a")

    def fault(sender: str, holder: str | None, **change: object) -> str:
        found = message_fault(room, line.said, message(room, sender, **change), holder)
        return "" if found is None else found.en

    assert fault("b", "p") == ""
    assert fault("b", None) == ""
    assert fault("b", "p", channel=room.channel(emergency=True)) == ""
    assert fault("b", "p", channel=room.channel() + "/~3fa91c02") == ""
    assert "has not stated" in fault("c", "r")
    assert "never been one" in fault("b", "x")
    assert "channel" in fault("b", "p", to=("a", "c"))
    assert "channel" in fault("b", "p", channel="line/a")
    assert "marked exercise" in fault("b", "p", status="exercise")
    line.add(line.room("a").close())
    room = line.room("a")
    assert fault("b", "p") == ""
    late = datetime(2026, 12, 1, tzinfo=UTC)
    assert "after the room was closed" in fault("b", "p", created=late)
