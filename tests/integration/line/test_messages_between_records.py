"""Two records, two nodes' interfaces, no network: messages from being written to being answered."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from tests.support.agreements import OFFICERS, World, enrolled
from tests.support.line_messages import CIRCLE, LEVELS, NINE_KM_OFF, NOTICE, READ_BACK, TEXT
from tests.support.postgres import PostgresServer
from tests.support.postgres import postgres as postgres  # a fixture

from detente import line
from detente.agreement import Agreement, load_agreement
from detente.http import Caller, MissingScope, RequestHead, build_app
from detente.line import ROOM_PROJECTION, LineRules, MessageProjection
from detente.node.line_api import LINE_STATUSES, line_endpoints
from detente.node.line_clocks import LineClocks
from detente.node.message_desk import MessageDesk
from detente.record import Ed25519Signer, PartyRecord, RecordPlace, RecordRefused, load_key

pytestmark = pytest.mark.anyio

ALL = "line.read line.send line.shown line.acknowledge step-up"


class Somebody:
    """Believes the header: who it is, with which scopes."""

    async def authenticate(self, request: RequestHead, now_us: int) -> Caller:
        who, _, scopes = request.headers["authorization"].partition(" ")
        return Caller(who, frozenset(scopes.split()), "test", now_us + 10**9)


@dataclass
class Hands:
    """Clock and randomness of both sides."""

    now: datetime = datetime(2027, 1, 1, 6, tzinfo=UTC)
    count: int = 0

    def clock(self) -> datetime:
        return self.now

    def random(self, size: int) -> bytes:
        self.count += 1
        return self.count.to_bytes(8, "big")[-size:].rjust(size, b"\x5a")


@dataclass
class Side:
    """One party: what a node gives its parts."""

    party: str
    record: PartyRecord
    agreed: Agreement
    world: World
    hands: Hands
    projection: MessageProjection

    @property
    def agreement(self) -> Callable[[], Agreement]:
        return lambda: self.agreed

    @property
    def clock(self) -> Callable[[], datetime]:
        return self.hands.clock

    @property
    def random(self) -> Callable[[int], bytes]:
        return self.hands.random

    def officer_signer(self, holder: str) -> Ed25519Signer:
        return load_key(self.world.keys(self.party) / "officers" / f"{holder}.key")

    def __post_init__(self) -> None:
        self.desk = MessageDesk(self)
        self.clocks = LineClocks(self)
        app = build_app(
            line_endpoints(self.desk),
            authenticator=Somebody(),
            statuses={**LINE_STATUSES, RecordRefused: 422},
        )
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://test/api/v1/line"
        )

    async def get(self, path: str, by: str | None = None, **query: Any) -> Any:
        who = OFFICERS[self.party][0] if by is None else by
        answer = await self.client.get(
            path, params=query, headers={"authorization": f"{who} line.read"}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(
        self, path: str, body: Any = None, status: int = 201, by: str | None = None
    ) -> Any:
        who = OFFICERS[self.party][0] if by is None else by
        content = b"" if body is None else json.dumps(body).encode()
        answer = await self.client.post(
            path, content=content, headers={"authorization": f"{who} {ALL}"}
        )
        assert answer.status_code == status, answer.text
        return answer.json()


@dataclass
class Pair:
    a: Side
    b: Side
    hands: Hands

    async def carry(self) -> None:
        """Take everything across, both ways, until nothing is left."""
        while True:
            moved = 0
            for one, other in ((self.a, self.b), (self.b, self.a)):
                due = await one.record.unanswered(other.party)
                entries = [e for e in due if e.payload and other.party in e.payload.to]
                envelopes = [e.envelope.to_json() for e in entries if e.envelope is not None]
                blobs = {
                    blob.sha256.hex(): one.record.blobs.read(blob.sha256.hex())
                    for e in entries
                    if e.payload is not None
                    for blob in e.payload.blobs
                }
                got = await other.record.receive(envelopes, blobs)
                receipts = [
                    each.receipt.envelope.to_json()
                    for each in got
                    if each.receipt is not None and each.receipt.envelope is not None
                ]
                await one.record.receive(receipts)
                moved += len(envelopes)
            if not moved:
                return


@pytest.fixture
async def pair(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    """Two parties; with the parameter `postgres`, their records are in such a database."""
    server = None
    if getattr(request, "param", "sqlite") == "postgres":
        server = cast(PostgresServer, request.getfixturevalue("postgres"))
    world = enrolled(tmp_path)
    world.sign_all()
    agreed = load_agreement(world.agreement)
    hands = Hands()
    sides = {}
    for party in OFFICERS:
        log, projection = load_key(world.keys(party) / "log.key"), MessageProjection()
        record = await PartyRecord.create(
            RecordPlace(
                tmp_path / f"record-{party}",
                None if server is None else server.url(),
                f"line_{secrets.token_hex(6)}",
            ),
            agreed.terms(),
            party,
            signers=[log, world.node(party)],
            clock=hands.clock,
            random=hands.random,
            projections=[projection, ROOM_PROJECTION],
        )
        sides[party] = Side(party, record, agreed, world, hands, projection)
    yield Pair(sides["a"], sides["b"], hands)
    for side in sides.values():
        await side.client.aclose()
        rebuilt = await side.record.rebuild(side.projection)
        assert not rebuilt.differences, rebuilt
        assert await side.record.verify() == []
        await side.record.close()


def notice(**more: Any) -> dict[str, Any]:
    return {"form": "activity-notice", "fields": NOTICE, "to": "b", **more}


@pytest.mark.parametrize("pair", ["sqlite", "postgres"], indirect=True)
async def test_a_notice_from_being_sent_to_being_answered(pair: Pair) -> None:
    sent = await pair.a.post("/messages", notice(urgency="urgent"))
    identity = sent["id"]
    (there,) = sent["recipients"]
    assert (there["state"], there["words"]["fr"]) == ("queued", "en attente ici")
    assert sent["officer"] == "durand"
    assert sent["deadline"] == "2027-01-01T06:05:00.000000Z"
    assert sent["read_back"] == ["area", "levels", "times"]
    await pair.carry()
    (listed,) = (await pair.a.get("/messages", box="out"))["messages"]
    assert listed["recipients"][0]["state"] == "delivered"
    (came,) = (await pair.b.get("/messages"))["messages"]
    assert came["id"] == identity
    assert [row["label"]["fr"] for row in came["rows"]] == ["Activité", "Zone", "Niveaux", "Heures"]
    assert came["fields"] == json.loads(json.dumps(NOTICE))

    await pair.b.post(f"/messages/{identity}/shown", status=200)
    size = pair.b.record.head.size
    await pair.b.post(f"/messages/{identity}/shown", status=200)
    assert pair.b.record.head.size == size, "once for each officer"
    await pair.carry()
    seen = (await pair.a.get(f"/messages/{identity}"))["recipients"][0]
    assert (seen["state"], seen["shown"][0]["officer"]) == ("shown", "nowak")

    # Nine kilometres off: nothing is signed.
    size = pair.b.record.head.size
    refused = await pair.b.post(
        f"/messages/{identity}/acknowledgement",
        {"read_back": {**READ_BACK, "area": NINE_KM_OFF}},
        status=422,
    )
    assert refused["code"] == "line.read_back"
    (difference,) = refused["differences"]
    assert difference["words"]["en"] == (
        "The place read back lies 9.0 km north-east of the place in the message."
    )
    assert round(difference["distance_m"]) == 8972
    assert pair.b.record.head.size == size

    done = await pair.b.post(
        f"/messages/{identity}/acknowledgement",
        {"read_back": READ_BACK, "text": "Understood."},
        status=200,
    )
    assert done["recipients"][0]["acknowledged_by"] == "nowak"
    size = pair.b.record.head.size
    await pair.b.post(f"/messages/{identity}/acknowledgement", {"read_back": {}}, status=200)
    assert pair.b.record.head.size == size, "it is acknowledged already"
    await pair.carry()
    seen = (await pair.a.get(f"/messages/{identity}"))["recipients"][0]
    assert (seen["state"], seen["acknowledged_by"]) == ("acknowledged", "nowak")
    assert seen["acknowledgements"][0]["text"] == "Understood."
    assert (await pair.a.get("/waiting"))["waiting"] == []

    reply = {"form": "reply", "fields": {"answer": "yes"}, "to": "a", "answers": identity}
    answer = await pair.b.post("/messages", reply)
    await pair.carry()
    found = (await pair.a.get(f"/messages/{answer['id']}/thread"))["messages"]
    assert [each["id"] for each in found] == [identity, answer["id"]]
    assert found[0]["recipients"][0]["state"] == "answered"


async def test_a_wrong_read_back_of_another_program_is_refused_by_our_node(pair: Pair) -> None:
    sent = await pair.a.post("/messages", notice())
    await pair.carry()
    entry = await pair.b.record.by_id(sent["id"])
    assert entry is not None
    assert entry.payload is not None
    loose = LineRules(place_within_m=10_000)
    wrong = line.read_back_draft(
        entry.payload, line.read_read_back({**READ_BACK, "area": NINE_KM_OFF}), loose
    )
    assert wrong is not None
    nowak = pair.b.officer_signer("nowak")
    acknowledgement = line.acknowledgement_draft(entry.payload)
    await pair.b.record.append([(wrong, nowak), (acknowledgement, nowak)])
    await pair.carry()
    assert await pair.a.clocks.tick() == ["read-back-refused"]
    assert await pair.a.clocks.tick() == []
    await pair.carry()
    for side in (pair.a, pair.b):
        (there,) = (await side.get(f"/messages/{sent['id']}"))["recipients"]
        assert (there["state"], there["acknowledged_by"]) == ("delivered", None)
        assert "9.0 km north-east" in there["acknowledgements"][0]["why_not"][0]["en"]
    assert [each["party"] for each in (await pair.a.get("/waiting"))["waiting"]] == ["b"]


@pytest.mark.parametrize("pair", ["sqlite", "postgres"], indirect=True)
async def test_clocks_call_and_sound_and_stop(pair: Pair) -> None:
    await pair.a.post("/messages", notice(urgency="distress"))
    await pair.carry()
    assert await pair.a.clocks.tick() == []
    assert await pair.b.clocks.tick() == ["escalation"]
    pair.hands.now += timedelta(seconds=59)
    assert await pair.b.clocks.tick() == await pair.a.clocks.tick() == []
    pair.hands.now += timedelta(seconds=1)
    assert await pair.b.clocks.tick() == await pair.a.clocks.tick() == ["alarm"]
    await pair.carry()
    # A node that was started anew does nothing twice.
    assert await LineClocks(pair.b).tick() == await LineClocks(pair.a).tick() == []
    (waiting,) = (await pair.a.get("/waiting"))["waiting"]
    assert waiting["left_s"] == 0
    assert "Direct telephone line" in waiting["instead"]["en"]
    (alarm,) = (await pair.a.get("/alarms"))["alarms"]
    assert (alarm["what"], alarm["about"]) == ("overdue", waiting["id"])
    (seen,) = (await pair.a.get(f"/messages/{waiting['id']}"))["recipients"]
    assert {call["officer"] for call in seen["calls"]} == {"lind", "nowak"}
    assert seen["overdue"]
    pair.hands.now += timedelta(seconds=60)
    assert await pair.b.clocks.tick() == ["escalation"], "the second step, whoever is away"
    await pair.b.post(
        f"/messages/{waiting['id']}/acknowledgement", {"read_back": READ_BACK}, 200, by="lind"
    )
    await pair.carry()
    pair.hands.now += timedelta(days=1)
    for side in (pair.a, pair.b):
        assert (await side.get("/waiting"))["waiting"] == []


async def test_a_day_of_test_calls(pair: Pair) -> None:
    planned = (await pair.a.get("/test-calls"))["planned"]
    assert [each["caller"] for each in planned] in (["a", "b"] * 2, ["b", "a"] * 2)
    begin = pair.hands.now
    made = {"a": 0, "b": 0}
    while pair.hands.now < begin + timedelta(days=1):
        pair.hands.now += timedelta(minutes=10)
        for side in (pair.a, pair.b):
            made[side.party] += (await side.clocks.tick()).count("message")
        await pair.carry()
        for side in (pair.a, pair.b):
            for call in (await side.get("/test-calls"))["calls"]:
                # Side B goes home after two calls.
                late = side.party == "b" and sum(made.values()) > 2
                if side.party in call["missing"] and not late and call["state"] == "open":
                    phrase = (await side.get(f"/messages/{call['id']}"))["fields"]["phrase"]
                    french = [line.TEST_WORDS[word].fr.upper() for word in phrase]
                    await side.post(f"/test-calls/{call['id']}/answer", {"phrase": french}, 200)
        await pair.carry()
    assert made == {"a": 2, "b": 2}
    for side in (pair.a, pair.b):
        found = await side.get("/test-calls")
        assert found["statistics"]["answered"] == 2
        assert found["statistics"]["missed"] + found["statistics"]["waiting"] == 2
        assert found["statistics"]["unanswered"]["a"] == 0
        states = [call["state"] for call in found["calls"]]
        assert states[:2] == ["answered", "answered"]
        missed = states.count("missed")
        assert len((await side.get("/alarms", status="test"))["alarms"]) == missed >= 1
        assert (await side.get("/messages"))["messages"] == []


async def test_an_officer_tries_the_line(pair: Pair) -> None:
    call = await pair.a.post("/test-calls", {"to": "b"})
    await pair.carry()
    wrong = {"phrase": ["one", "two", "three", "four"]}
    refused = await pair.b.post(f"/test-calls/{call['id']}/answer", wrong, 422)
    assert refused["code"] == "line.refused"
    for path in (f"/messages/{call['id']}/acknowledgement",):
        await pair.b.post(path, {}, 422)
    await pair.a.post("/test-calls", {"to": "nobody"}, 422)
    ordinary = await pair.a.post("/messages", {"form": "text", "fields": TEXT, "to": "b"})
    await pair.a.post(f"/test-calls/{ordinary['id']}/answer", wrong, 404)


async def test_files_and_sketches(pair: Pair) -> None:
    async def upload(data: bytes, media_type: str, status: int = 201) -> Any:
        answer = await pair.a.client.post(
            "/files",
            params={"type": media_type},
            content=data,
            headers={"authorization": "durand line.send"},
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    await upload(b'{"type":"Circle"}', "application/geo+json", 422)
    await upload(b"", "image/png", 422)
    await upload(b"x", "no type", 400)
    sketch = await upload(json.dumps(CIRCLE["geometry"]).encode(), "application/geo+json")
    picture = await upload(b"\x89PNG", "image/png")
    files = [
        {"sha256": each["sha256"], "media_type": each["media_type"]} for each in (sketch, picture)
    ]
    sent = await pair.a.post(
        "/messages", {"form": "text", "fields": TEXT, "to": "b", "files": files}
    )
    await pair.carry()
    (came,) = (await pair.b.get("/messages"))["messages"]
    assert came["files"] == [sketch, picture]
    got = await pair.b.client.get(
        f"/messages/{sent['id']}/files/{picture['sha256']}",
        headers={"authorization": "nowak line.read"},
    )
    assert got.content == b"\x89PNG"
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"].startswith("attachment")
    missing = [{"sha256": "0" * 64, "media_type": "image/png"}]
    refused = await pair.a.post(
        "/messages", {"form": "text", "fields": TEXT, "to": "b", "files": missing}, 422
    )
    assert refused["code"] == "line.file"


@pytest.mark.parametrize("pair", ["sqlite", "postgres"], indirect=True)
async def test_a_correction_and_a_cancellation(pair: Pair) -> None:
    first = await pair.a.post("/messages", notice())
    upper = {"value": 18000, "unit": "ft", "reference": "MSL"}
    fields = {**NOTICE, "levels": {**LEVELS, "upper": upper}}
    second = await pair.a.post("/messages", notice(fields=fields, corrects=first["id"]))
    await pair.carry()
    seen = await pair.b.get(f"/messages/{first['id']}")
    assert seen["superseded_by"] == second["id"]
    assert len((await pair.b.get("/waiting"))["waiting"]) == 2
    body = {"read_back": {**READ_BACK, "levels": fields["levels"]}}
    await pair.b.post(f"/messages/{second['id']}/acknowledgement", body, 200)
    assert (await pair.b.get("/waiting"))["waiting"] == []
    mixed = notice(corrects=first["id"], status="exercise")
    assert (await pair.a.post("/messages", mixed, 409))["code"] == "line.status"


@pytest.mark.parametrize(
    ("method", "path", "scopes"),
    [
        ("POST", "/messages", "line.send"),
        ("POST", "/messages", "line.read step-up"),
        ("POST", "/messages/x/acknowledgement", "line.acknowledge"),
        ("POST", "/messages/x/shown", "line.read"),
        ("POST", "/test-calls", "line.send"),
        ("POST", "/test-calls/x/answer", "line.acknowledge"),
        ("POST", "/files?type=a/b", "line.read"),
        ("GET", "/messages", "line.send step-up"),
        ("GET", "/phrasebook", "record.read"),
    ],
)
async def test_scopes(pair: Pair, method: str, path: str, scopes: str) -> None:
    answer = await pair.a.client.request(
        method, path, content=b"{}", headers={"authorization": f"durand {scopes}"}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, MissingScope.code)


async def test_questions_that_cannot_be(pair: Pair) -> None:
    for path in (
        "/messages?box=up",
        "/messages?status=all",
        "/messages?limit=0",
        "/messages?limit=201",
        "/messages?before=-1",
        "/test-calls?days=0",
        "/alarms?status=x",
    ):
        answer = await pair.a.client.get(path, headers={"authorization": "durand line.read"})
        assert answer.status_code == 400, path
    for path in ("/messages/x", "/messages/0189aaaa-0000-7000-8000-000000000000"):
        answer = await pair.a.client.get(path, headers={"authorization": "durand line.read"})
        assert (answer.status_code, answer.json()["code"]) == (404, "line.unknown")


async def test_what_is_said_in_a_room_is_for_its_members(pair: Pair) -> None:
    opening = line.open_room(
        "a", invite=["b"], officers=["durand"], title={"en": "Border"}, random=b"123456"
    )
    await pair.a.record.append([(opening.draft(), pair.a.officer_signer("durand"))])
    await pair.carry()
    joining = (await line.load_room(pair.b.record, opening.room)).set_members(["nowak"])
    await pair.b.record.append([(joining.draft(), pair.b.officer_signer("nowak"))])
    await pair.carry()
    known = await line.load_room(pair.a.record, opening.room)
    draft = line.message_draft(
        "text",
        TEXT,
        sender="a",
        to=("b",),
        language="en",
        room=line.RoomPlace(known.id, known.epoch),
    )
    (entry,) = await pair.a.record.append([(draft, pair.a.officer_signer("durand"))])
    await pair.carry()
    assert entry.payload is not None
    identity = str(entry.payload.id)
    assert (await pair.b.get("/messages", by="lind"))["messages"] == []
    await pair.b.post(f"/messages/{identity}/shown", status=404, by="lind")
    assert len((await pair.b.get("/messages"))["messages"]) == 1
    await pair.b.post(f"/messages/{identity}/shown", status=200)
    corrects = {"form": "text", "fields": TEXT, "to": "b", "corrects": identity}
    refused = await pair.a.post("/messages", corrects, 422)
    assert "in a room" in refused["message"]


async def test_a_message_is_not_hidden_by_naming_a_room_that_is_none(pair: Pair) -> None:
    opening = line.open_room(
        "a", invite=["b"], officers=["durand"], title={"en": "Border"}, random=b"123456"
    )
    await pair.a.record.append([(opening.draft(), pair.a.officer_signer("durand"))])
    rooms = ("no-such-room", opening.room)
    drafts = [
        line.message_draft(
            "text", TEXT, sender="a", to=("b",), language="en", room=line.RoomPlace(room, "1-aa")
        )
        for room in rooms
    ]
    direct = replace(drafts[0], channel="line/b")
    signer = pair.a.officer_signer("durand")
    await pair.a.record.append([(each, signer) for each in (*drafts, direct)])
    await pair.carry()
    seen = (await pair.b.get("/messages", by="lind"))["messages"]
    assert [each["room"] for each in seen] == ["no-such-room", opening.room, "no-such-room"]


async def test_the_phrasebook_describes_every_form(pair: Pair) -> None:
    book = await pair.a.get("/phrasebook")
    assert [form["id"] for form in book["forms"]] == list(line.FORMS)
    by_name = {f["name"]: f for form in book["forms"] for f in form["fields"]}
    assert by_name["area"]["kind"] == "area"
    assert by_name["activity"]["choices"]["survey"]["fr"] == "levé aérien"
    assert all(isinstance(form["json_schema"], dict) for form in book["forms"])


async def test_pages_of_messages(pair: Pair) -> None:
    sent = [
        (await pair.a.post("/messages", {"form": "text", "fields": TEXT, "to": "b"}))["id"]
        for _ in range(5)
    ]
    found: list[str] = []
    before: int | None = None
    while True:
        query: dict[str, Any] = {} if before is None else {"before": before}
        page = await pair.a.get("/messages", box="out", limit=2, **query)
        found += [each["id"] for each in page["messages"]]
        before = page["before"]
        if before is None:
            break
    assert found == sent[::-1]
