"""A conference of three nodes with real records, from its convocation to agreed minutes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from tests.integration.line.test_rooms_of_three import good
from tests.support.postgres import PostgresServer
from tests.support.postgres import postgres as postgres  # a fixture
from tests.support.three_parties import PROJECTIONS, Node, Three, three

from detente.line import ConferenceRefused, NoSuchConference, Person
from detente.line.conference_contents import Minutes, MinutesSignature
from detente.node.approval_rules import ApprovalMissing, ApprovalRefused
from detente.record import Draft, Query

pytestmark = pytest.mark.anyio
CONFERENCES = "/api/v1/conferences"
WORKING_GROUP = {
    "title": {"en": "A working group", "fr": "Un groupe de travail"},
    "text": {"en": "We propose a working group on incidents."},
    "item": "1",
}


@pytest.fixture
async def parties(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Three]:
    """Three parties; with the parameter `postgres`, their records are in such a database."""
    database = None
    if getattr(request, "param", "sqlite") == "postgres":
        database = cast(PostgresServer, request.getfixturevalue("postgres")).url()
    async with three(tmp_path, database) as made:
        yield made


async def convened(parties: Three, *invited: str) -> str:
    async with parties["a"].client() as http:
        body = {
            "title": {"en": "Incidents", "fr": "Incidents"},
            "begins": "2026-11-23T09:00:00+01:00",
            "agenda": [{"item": "1", "title": {"en": "Working group"}, "by": "b"}],
            "parties": invited or ("b", "c"),
        }
        conference = good(await http.post(CONFERENCES, json=body), 201)
    assert conference["begins"] == "2026-11-23T08:00:00.000000Z"
    await parties.settle()
    return str(conference["id"])


async def attend(parties: Three, conference: str, *who: str) -> None:
    for party in who:
        async with parties[party].client() as http:
            body = {"people": [{"name": f"Col. {party.upper()}", "function": "Delegate"}]}
            good(await http.post(f"{CONFERENCES}/{conference}/attendance", json=body), 201)
    await parties.settle()


async def post(parties: Three, party: str, path: str, body: Any, status: int = 201) -> Any:
    async with parties[party].client() as http:
        answer = good(await http.post(f"{CONFERENCES}/{path}", json=body), status)
    await parties.settle()
    return answer


async def test_from_convocation_to_agreed_minutes(parties: Three) -> None:
    conference = await convened(parties)
    room = (await parties["a"].conferences.conference(conference)).convocation.room
    assert (await parties["b"].rooms.room(room, parties["b"].chief)).mine.presence == "invited"
    await attend(parties, conference, "a", "b", "c")
    await post(parties, "b", f"{conference}/proposals", WORKING_GROUP)
    path = f"{conference}/proposals/b-1/fate"
    view = await post(parties, "a", path, {"fate": "accepted"})
    assert view["proposals"][0]["fate"] == "open"
    view = await post(parties, "c", path, {"fate": "accepted"})
    assert view["proposals"][0]["fate"] == "accepted"
    await post(parties, "a", f"{conference}/close", {})
    said = {"texts": {"1": {"en": "It was welcomed.", "fr": "Accueil favorable."}}}
    view = await post(parties, "a", f"{conference}/minutes", said)
    minutes = view["minutes"][0]
    assert minutes["state"] == "unsigned"
    assert minutes["differences"] == []
    sha256 = minutes["sha256"]
    for number, party in enumerate("abc"):
        assert (await parties["a"].conferences.conference(conference)).agreed is None
        await parties[party].sign(conference, sha256)
        await parties.settle()
        states = [await minutes_state(node, conference) for node in parties.nodes.values()]
        assert states == ["agreed" if number == 2 else "signed in part"] * 3
    async with parties["c"].client("observer") as http:
        view = good(await http.get(f"{CONFERENCES}/{conference}"))
        assert view["agreed"] == sha256
        assert [s["officer"] for s in view["minutes"][0]["signatures"]] == ["a-1", "b-1", "c-1"]
        path = f"{CONFERENCES}/{conference}/minutes/{sha256[:12]}"
        page = (await http.get(path, params={"as": "html"})).text
        assert "It was welcomed." in page
        assert "Accueil favorable." in page
        french = (await http.get(path, params={"as": "markdown-fr"})).text
        assert "Procès\\-verbal" in french
        assert (await http.get(path, params={"as": "pdf"})).status_code == 400
        (line,) = good(await http.get(CONFERENCES))["conferences"]
        assert (line["agreed"], line["proposals"]) == (sha256, 1)
    for node in parties.nodes.values():
        for projection in PROJECTIONS:
            assert not (await node.record.rebuild(projection)).differences


async def minutes_state(node: Node, conference: str) -> str:
    (text,) = (await node.conferences.conference(conference)).minutes
    return text.state


@pytest.mark.parametrize("parties", ["sqlite", "postgres"], indirect=True)
async def test_whether_a_proposal_was_ever_raised(parties: Three) -> None:
    conference = await convened(parties)
    await attend(parties, conference, "a", "b")
    await post(parties, "b", f"{conference}/proposals", WORKING_GROUP)
    async with parties["b"].client() as http:
        found = good(await http.get("/api/v1/proposals", params={"text": "GROUPE DE"}))
        (proposal,) = found["proposals"]
        assert proposal["proposal"] == "b-1"
        assert proposal["fate"] == "open"
        # Both others have stated that they have it, each in its own log.
        assert [each["party"] for each in proposal["receipts"]] == ["a", "c"]
        path = f"{CONFERENCES}/{conference}/proposals/b-1"
        assert good(await http.get(path)) == proposal
        assert (await http.get(f"{CONFERENCES}/{conference}/proposals/b-2")).status_code == 404
    for each in proposal["receipts"]:
        entry = await parties[each["party"]].record.entry(each["index"])
        assert entry.payload is not None
        assert entry.payload.sha256.hex() == proposal["sha256"]
    async with parties["a"].client() as http:
        query = {"text": "hotline", "party": "b", "since": "2026-01-01T00:00:00Z"}
        found = good(await http.get("/api/v1/proposals", params=query))
        assert found["proposals"] == []
        # That B proposed none is known for all that B has said to A, which is all here.
        ends = {each["party"]: each for each in found["searched"]}
        assert ends["b"]["complete"]
        assert ends["b"]["newest"] == 2
        late = {"since": "2026-11-22T00:00:00Z", "until": "2026-11-22T00:00:01Z"}
        assert good(await http.get("/api/v1/proposals", params=late))["proposals"] == []
        assert (await http.get("/api/v1/proposals?since=yesterday")).status_code == 400
        assert (await http.get("/api/v1/proposals?since=2026-11-22T00:00:00")).status_code == 400


async def test_minutes_are_signed_by_two_persons_and_only_once(parties: Three) -> None:
    conference = await convened(parties)
    await attend(parties, conference, "a", "b")
    view = await post(parties, "a", f"{conference}/minutes", {})
    sha256 = view["minutes"][0]["sha256"]
    other = await post(parties, "a", f"{conference}/minutes", {"remarks": {"en": "Other."}})
    other_sha256 = other["minutes"][1]["sha256"]
    a = parties["a"]
    with pytest.raises(ApprovalMissing):
        await a.conferences.sign_minutes(conference, a.chief, sha256, None)
    action = {"do": "sign", "conference": conference, "document": sha256}
    asked = await a.approvals.propose(a.chief, "minutes", action)
    with pytest.raises(ApprovalRefused):
        await a.conferences.sign_minutes(conference, a.chief, other_sha256, asked.id)
    assert await minutes_signatures(a) == 0
    await a.sign(conference, sha256)
    assert await minutes_signatures(a) == 1
    with pytest.raises(ConferenceRefused, match="a-1 has signed"):
        await a.sign(conference, sha256)
    async with a.client("officer") as http:
        path = f"{CONFERENCES}/{conference}/minutes/{sha256}/signature"
        assert (await http.post(path, json={})).status_code == 403


async def minutes_signatures(node: Node) -> int:
    page = await node.record.search(Query(kinds=("minutes-signature",)))
    return len(page.entries)


@pytest.mark.parametrize("parties", ["sqlite", "postgres"], indirect=True)
async def test_who_declines_is_told_nothing_more(parties: Three) -> None:
    conference = await convened(parties)
    await post(parties, "c", f"{conference}/attendance", {"people": []})
    size = parties["c"].record.head.size
    await attend(parties, conference, "a", "b")
    view = await post(parties, "b", f"{conference}/proposals", WORKING_GROUP)
    assert view["proposals"][0]["to"] == ["a"]
    view = await post(parties, "a", f"{conference}/minutes", {})
    await parties["a"].sign(conference, view["minutes"][0]["sha256"])
    await parties.settle()
    await parties["b"].sign(conference, view["minutes"][0]["sha256"])
    await parties.settle()
    assert parties["c"].record.head.size == size
    assert await minutes_state(parties["a"], conference) == "agreed"
    c = parties["c"]
    with pytest.raises(ConferenceRefused, match="do not take part"):
        people = [Person(name="Late")]
        await c.conferences.state(conference, c.chief, lambda each: each.attend(people))


async def test_minutes_that_leave_a_party_out_are_never_agreed(parties: Three) -> None:
    conference = await convened(parties)
    await attend(parties, conference, "a", "b", "c")
    a = parties["a"]
    found = await a.conferences.conference(conference)
    whole = found.draft_minutes()
    short = {
        **whole.json(),
        "attendance": {p: v for p, v in whole.json()["attendance"].items() if p != "c"},  # type: ignore[union-attr]
    }
    view = await post(parties, "a", f"{conference}/minutes", {"document": short})
    (minutes,) = view["minutes"]
    assert minutes["left_out"] == ["c"]
    assert minutes["differences"][0]["en"].startswith("The people of c")
    for party in "abc":
        await parties[party].sign(conference, minutes["sha256"])
        await parties.settle()
    assert await minutes_state(a, conference) == "signed in part"
    body = {"text": {"en": "We were there.", "fr": "Nous étions là."}, "minutes": minutes["sha256"]}
    view = await post(parties, "c", f"{conference}/dissents", body)
    assert view["dissents"][0]["text"] == body["text"]
    # The next text replaces it once all have signed that one.
    body = {"replaces": minutes["sha256"]}
    view = await post(parties, "a", f"{conference}/minutes", body)
    second = view["minutes"][1]["sha256"]
    for party in "abc":
        await parties[party].sign(conference, second)
        await parties.settle()
    found = await parties["b"].conferences.conference(conference)
    assert found.agreed is not None
    assert found.agreed.sha256 == second
    assert found.minutes_of(minutes["sha256"]).replaced_by == second


async def test_what_a_node_signs_is_no_signature_of_a_party(parties: Three) -> None:
    conference = await convened(parties, "b")
    await attend(parties, conference, "a", "b")
    view = await post(parties, "a", f"{conference}/minutes", {})
    sha256 = view["minutes"][0]["sha256"]
    b = parties["b"]
    found = await b.conferences.conference(conference)
    content, reference = found.sign(sha256)
    await b.record.append([(found.draft(content, reference), None)])
    await parties["a"].sign(conference, sha256)
    await parties.settle()
    assert await minutes_state(parties["a"], conference) == "signed in part"


async def test_what_is_no_statement_is_kept_and_counts_for_nothing(parties: Three) -> None:
    conference = await convened(parties)
    await attend(parties, conference, "a", "b")
    b = parties["b"]
    found = await b.conferences.conference(conference)
    good_draft = found.draft(MinutesSignature(conference=conference, document="0" * 64))
    drafts = [
        Draft("conference-close", good_draft.channel, good_draft.to, {"conference": conference}),
        Draft("proposal", "elsewhere", ("a",), {"conference": conference, "number": 1}),
        Draft("room-close", "room/x", ("a", "c"), {"room": "a.000000000000"}),
        good_draft,
    ]
    await b.record.append([(draft, None) for draft in drafts])
    await parties.settle()
    a = await parties["a"].conferences.conference(conference)
    assert a.closing is None
    assert a.minutes == ()
    rows = await parties["a"].record.query("SELECT sender, kind FROM conferences_faults")
    assert sorted(rows) == [("b", "conference-close"), ("b", "proposal")]
    async with parties["a"].client() as http:
        faults = good(await http.get("/api/v1/rooms"))["faults"]
        assert [(each["sender"], each["kind"]) for each in faults] == [("b", "room-close")]


async def test_a_conference_in_a_room_that_there_is(parties: Three) -> None:
    async with parties["a"].client() as http:
        body: dict[str, Any] = {"parties": ["b"], "officers": ["a-1"], "title": {"en": "North"}}
        room = good(await http.post("/api/v1/rooms", json=body), 201)["id"]
        body = {"title": {"en": "T"}, "begins": "2026-11-23T09:00:00Z", "room": room}
        conference = good(await http.post(CONFERENCES, json=body), 201)
        assert [each["party"] for each in conference["attendance"]] == ["a", "b"]
        assert conference["room"] == room
        answer = await http.post(CONFERENCES, json={**body, "parties": ["c"]})
        assert (answer.status_code, answer.json()["code"]) == (409, "conference.refused")
        change = {"begins": "2026-11-24T09:00:00Z", "agenda": [{"item": "2", "title": {"en": "X"}}]}
        path = f"{CONFERENCES}/{conference['id']}"
        changed = good(await http.post(path, json=change), 201)
        assert (changed["revision"], changed["begins"]) == (2, "2026-11-24T09:00:00.000000Z")
        assert (await http.get(f"{CONFERENCES}/a.000000000000")).status_code == 404
        late = {"ends": "2026-11-01T09:00:00Z"}
        answer = await http.post(path, json=late)
        assert (answer.status_code, answer.json()["code"]) == (400, "room.statement")
    await parties.settle()
    with pytest.raises(NoSuchConference):
        await parties["c"].conferences.conference(conference["id"])
    with pytest.raises(ConferenceRefused, match="Only a hosts"):
        await parties["b"].conferences.state(
            conference["id"], parties["b"].chief, lambda each: each.revise()
        )


async def test_minutes_of_another_conference_are_not_put_forward(parties: Three) -> None:
    first, second = await convened(parties), await convened(parties)
    await attend(parties, first, "a")
    await attend(parties, second, "a")
    a = parties["a"]
    document = (await a.conferences.conference(first)).draft_minutes()
    with pytest.raises(ConferenceRefused, match="another conference"):
        await a.conferences.state(second, a.chief, lambda each: each.put_forward(document))
    entry = await a.conferences.state(first, a.chief, lambda each: each.put_forward(document))
    assert entry.payload is not None
    assert entry.payload.kind == "minutes"
    assert Minutes(conference=first, number=1, document=document).document.sha256 == document.sha256
