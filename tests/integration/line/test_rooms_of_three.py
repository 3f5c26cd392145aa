"""Three nodes with real records: rooms through their endpoints, exchanging in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from tests.support.postgres import PostgresServer
from tests.support.postgres import postgres as postgres  # a fixture
from tests.support.three_parties import PROJECTIONS, Node, Three, chief, officer, three

from detente.line import NoSuchRoom, RoomRefused, load_room
from detente.record import Query

pytestmark = pytest.mark.anyio
ROOMS = "/api/v1/rooms"


@pytest.fixture
async def parties(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Three]:
    """Three parties; with the parameter `postgres`, their records are in such a database."""
    database = None
    if getattr(request, "param", "sqlite") == "postgres":
        database = cast(PostgresServer, request.getfixturevalue("postgres")).url()
    async with three(tmp_path, database) as made:
        yield made


def good(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


async def opened(parties: Three, *invited: str) -> str:
    async with parties["a"].client() as http:
        body = {"parties": invited, "officers": ["a-1"], "title": {"en": "North", "fr": "Nord"}}
        room = good(await http.post(ROOMS, json=body), 201)
    await parties.settle()
    return str(room["id"])


async def join(node: Node, room: str, *holders: str) -> None:
    await node.rooms.set_members(room, node.chief, holders or [f"{node.party}-1"])


async def say(node: Node, room: str, text: str) -> None:
    await node.rooms.say(
        room,
        node.chief,
        form="text",
        fields={"text": {"language": "en", "text": text}},
        language="en",
    )


async def heard(node: Node) -> list[str]:
    page = await node.record.search(Query(kinds=("message",)), limit=100)
    found = []
    for entry in page.entries:
        assert entry.payload is not None
        fields = entry.payload.body["fields"]
        assert isinstance(fields, dict)
        assert isinstance(fields["text"], dict)
        found.append(str(fields["text"]["text"]))
    return found


async def about_rooms(node: Node) -> int:
    page = await node.record.search(Query(), limit=500)
    return sum(each.payload is not None and "room" in each.payload.body for each in page.entries)


@pytest.mark.parametrize("parties", ["sqlite", "postgres"], indirect=True)
async def test_what_is_said_in_a_room_is_heard_by_those_who_are_in_it(parties: Three) -> None:
    room = await opened(parties, "b", "c")
    async with parties["b"].client() as http:
        view = good(await http.get(f"{ROOMS}/{room}"))
        assert [(p["party"], p["presence"]) for p in view["parties"]] == [
            ("a", "in"),
            ("b", "invited"),
            ("c", "invited"),
        ]
        members = {"officers": ["b-2", "b-1"]}
        view = good(await http.put(f"{ROOMS}/{room}/members", json=members))
        assert view["joined"]
        assert view["present"] == ["a", "b"]
    await parties.settle()
    message = {"form": "text", "fields": {"text": {"language": "en", "text": "Clear?"}}}
    async with parties["a"].client("officer", stale=True) as http:
        refused = good(await http.post(f"{ROOMS}/{room}/messages", json=message), 403)
        assert refused["code"] == "auth.scope"
    async with parties["a"].client("officer") as http:
        said = good(await http.post(f"{ROOMS}/{room}/messages", json=message), 201)
        assert said["to"] == ["b"]
        entries = good(await http.get(f"{ROOMS}/{room}/entries"))["entries"]
        assert [each["kind"] for each in entries] == ["room-open", "room-members", "message"]
        assert [each["officer"] for each in entries] == ["a-1", "b-1", "a-1"]
        assert not any(each["fault"] for each in entries)
        first = good(await http.get(f"{ROOMS}/{room}/entries", params={"limit": 1}))
        rest = {"limit": 5, "after": first["next"]}
        assert (
            good(await http.get(f"{ROOMS}/{room}/entries", params=rest))["entries"] == (entries[1:])
        )
    await parties.settle()
    assert await heard(parties["b"]) == ["Clear?"]
    # Invited is not in.
    assert await heard(parties["c"]) == []
    await join(parties["c"], room)
    await parties.settle()
    await say(parties["b"], room, "Clear.")
    await parties.settle()
    assert await heard(parties["a"]) == ["Clear?", "Clear."]
    assert await heard(parties["c"]) == ["Clear."]
    rooms = [await load_room(node.record, room) for node in parties.nodes.values()]
    assert len({each.epoch for each in rooms}) == 1
    assert {each.present for each in rooms} == {("a", "b", "c")}


async def test_a_party_outside_sees_nothing_of_it(parties: Three) -> None:
    room = await opened(parties, "b")
    await join(parties["b"], room)
    await parties.settle()
    await say(parties["a"], room, "between us")
    await parties.settle()
    assert await about_rooms(parties["c"]) == 0
    assert parties["c"].record.head.size == 1
    with pytest.raises(NoSuchRoom):
        await parties["c"].rooms.room(room, parties["c"].chief)
    # Invited later, it learns who is in, and nothing of what was said before.
    await parties["a"].rooms.invite(room, parties["a"].chief, ["c"])
    await parties.settle()
    seen = await load_room(parties["c"].record, room)
    assert seen.present == ("a", "b")
    assert seen.parties["b"].officers == ("b-1",)
    assert await heard(parties["c"]) == []


async def test_parties_that_change_a_room_at_once_come_to_the_same(parties: Three) -> None:
    room = await opened(parties, "b")
    # While A invites C, B joins, and then goes: neither knows of the other.
    await parties["a"].rooms.invite(room, parties["a"].chief, ["c"])
    await join(parties["b"], room)
    await parties.settle(but=[("a", "b"), ("b", "a")])
    seen = await load_room(parties["c"].record, room)
    assert seen.present == ("a",)
    await join(parties["c"], room)
    await parties["b"].rooms.leave(room, parties["b"].chief)
    await parties.settle()
    for party in "ac":
        found = await load_room(parties[party].record, room)
        assert (found.present, found.parties["b"].presence) == (("a", "c"), "out")
    size = parties["b"].record.head.size
    await say(parties["a"], room, "B is gone")
    await join(parties["c"], room, "c-2")
    await parties.settle()
    assert parties["b"].record.head.size == size


async def test_a_channel_never_mixes_addressees(parties: Three) -> None:
    room = await opened(parties, "b", "c")
    for party in "bc":
        await join(parties[party], room)
        await parties.settle()
        await say(parties["a"], room, f"with {party}")
    await parties["b"].rooms.leave(room, parties["b"].chief)
    await parties.settle()
    await say(parties["a"], room, "without b")
    channels: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    for entry in await parties["a"].record.entries(0, 1000):
        assert entry.payload is not None
        key = (entry.payload.sender, entry.payload.channel)
        channels.setdefault(key, set()).add(entry.payload.to)
    assert all(len(each) == 1 for each in channels.values())


async def test_officers_are_members_or_only_read(parties: Three) -> None:
    room = await opened(parties, "b")
    await join(parties["b"], room)
    await parties.settle()
    desk = parties["a"].rooms
    with pytest.raises(NoSuchRoom):
        await desk.room(room, officer("a-2"))
    watch = frozenset({"line.read", "record.read", "room.read"})
    assert await desk.may_hear(room, "a-1", watch)
    assert not await desk.may_hear(room, "a-2", watch)
    assert await desk.may_hear(room, "a-2", watch | {"room.all.read"})
    # What only names a room hides nothing from the watch.
    assert await desk.may_hear("a.000000000000", "a-1", watch)
    assert (await desk.room(room, chief("a-2"))).id == room
    with pytest.raises(RoomRefused, match="not one of our members"):
        await desk.say(
            room,
            chief("a-2"),
            form="text",
            fields={"text": {"language": "en", "text": "x"}},
            language="en",
        )
    async with parties["a"].client("observer", 2) as http:
        assert good(await http.get(ROOMS))["rooms"] == []
        assert (await http.get(f"{ROOMS}/{room}")).status_code == 404
        assert (
            await http.put(f"{ROOMS}/{room}/members", json={"officers": ["a-2"]})
        ).status_code == (403)
    async with parties["a"].client() as http:
        answer = await http.put(f"{ROOMS}/{room}/members", json={"officers": ["b-1"]})
        assert (answer.status_code, answer.json()["code"]) == (409, "room.refused")
        answer = await http.post(f"{ROOMS}/{room}/invitations", json={"parties": ["x"]})
        assert (answer.status_code, answer.json()["code"]) == (409, "room.refused")
        good(await http.post(f"{ROOMS}/{room}/close"))
        answer = await http.post(f"{ROOMS}/{room}/leave")
        assert (answer.status_code, answer.json()["code"]) == (409, "room.refused")
        assert (await http.get(f"{ROOMS}/{room}/entries?limit=x")).status_code == 400


async def test_tables_follow_from_the_record(parties: Three) -> None:
    room = await opened(parties, "b")
    await join(parties["b"], room)
    await parties.settle()
    await say(parties["b"], room, "here")
    await parties.settle()
    for node in parties.nodes.values():
        for projection in PROJECTIONS:
            rebuilt = await node.record.rebuild(projection)
            assert not rebuilt.differences, rebuilt


@pytest.mark.parametrize("parties", ["sqlite", "postgres"], indirect=True)
async def test_an_erased_statement_is_not_followed_by_the_one_before(parties: Three) -> None:
    room = await opened(parties, "b")
    await join(parties["b"], room)
    await parties.settle()
    await join(parties["b"], room, "b-2")
    await parties.settle()
    a = parties["a"].record
    statements = [
        entry
        for entry in await a.entries(0, 100)
        if entry.payload is not None and entry.payload.kind == "room-members"
    ]
    await a.erase(statements[-1].index, "asked for")
    found = await load_room(a, room)
    assert found.parties["b"].presence == "unknown"
    assert found.others == ()
    with pytest.raises(RoomRefused, match="Nobody else"):
        await say(parties["a"], room, "?")
    # What it states next counts again.
    await join(parties["b"], room, "b-1")
    await parties.settle()
    assert (await load_room(a, room)).parties["b"].officers == ("b-1",)


async def test_who_has_erased_its_own_statement_goes_on_with_the_next_number(
    parties: Three,
) -> None:
    room = await opened(parties, "b")
    b = parties["b"]
    await join(b, room)
    await join(b, room, "b-2")
    await parties.settle()
    newest = max(
        entry.index
        for entry in await b.record.entries(0, 100)
        if entry.payload is not None and entry.payload.kind == "room-members"
    )
    await b.record.erase(newest, "asked for")
    assert (await load_room(b.record, room)).mine.presence == "unknown"
    assert await b.rooms.do_duties() == []
    await join(b, room, "b-1", "b-2")
    await parties.settle()
    for party in "ab":
        found = (await load_room(parties[party].record, room)).parties["b"]
        assert (found.officers, found.contradicts) == (("b-1", "b-2"), False)
        assert found.statement is not None
        assert found.statement.number == 3
