"""What other USSs are answered, by whom they are, what they ask and what they tell."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from tests.support import planned
from tests.support.party_records import A
from tests.support.uss_server import BASE, Served, change, served, token

from detente.f3548 import scopes, time_of
from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.http import verify_response
from detente.node.uss import quotas, witnessed
from detente.planning import Filed, Flown, Intent, Judged, Neighbour, State, details_of

pytestmark = pytest.mark.anyio

INTENTS = "/uss/v1/operational_intents"
UNKNOWN = "00000000-0000-4000-8000-000000000001"


async def accept(net: Served, intent: Intent) -> None:
    await net.node.recorder.settled(None, planned.accepted(intent))


# --- U1 ----------------------------------------------------------------------------------------


async def test_details_are_told_as_accepted_with_the_real_ovn(tmp_path: Path) -> None:
    async with served(tmp_path) as net:
        ours = planned.intent()
        pending = await net.node.recorder.pending(planned.order(ours), ["main"])
        assert (await net.get(f"{INTENTS}/{ours.id}")).status_code == 404
        await net.node.recorder.settled(pending, planned.accepted(ours))

        answer = await net.get(f"{INTENTS}/{ours.id.upper()}")
        assert answer.status_code == 200
        told = msgspec.json.decode(answer.content, type=wire.GetOperationalIntentDetailsResponse)
        assert told.operational_intent.reference == ours.filed[0].reference
        assert details_of(told.operational_intent.details) == ours.details

        later = planned.after(ours, state=State.ACTIVATED)
        pending = await net.node.recorder.pending(planned.order(later), ["main"])
        assert (await net.get(f"{INTENTS}/{ours.id}")).content == answer.content
        await net.node.recorder.settled(pending, planned.accepted(later))
        changed = (await net.get(f"{INTENTS}/{ours.id}")).json()["operational_intent"]["reference"]
        assert (changed["state"], changed["version"]) == ("Activated", 2)
        assert changed["ovn"] == later.filed[0].reference.ovn

        await net.node.recorder.settled(None, planned.accepted(planned.after(later, ended=True)))
        assert (await net.get(f"{INTENTS}/{ours.id}")).status_code == 404


async def test_peers_of_each_exchange_are_told_its_own_reference(tmp_path: Path) -> None:
    bases = {"north": f"{BASE}/north", "south": f"{BASE}/south", "east": f"{BASE}/east"}
    async with served(tmp_path, bases=bases) as net:
        first = planned.intent(exchange="north", ovn="ovn-of-the-north-exchange")
        second = planned.reference(first.id, version=7, ovn="ovn-of-the-south-exchange")
        await accept(net, replace(first, filed=(*first.filed, Filed("south", second))))
        for name, ovn in (("north", "ovn-of-the-north-exchange"), ("south", second.ovn)):
            told = (await net.get(f"/{name}{INTENTS}/{first.id}")).json()
            assert told["operational_intent"]["reference"]["ovn"] == ovn
        assert (await net.get(f"/east{INTENTS}/{first.id}")).status_code == 404
        assert (await net.get(f"{INTENTS}/{first.id}")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", f"{INTENTS}/{UNKNOWN}", {scopes.STRATEGIC_COORDINATION}),
        ("GET", f"{INTENTS}/{UNKNOWN}/telemetry", {scopes.CONFORMANCE_MONITORING_SA}),
        ("POST", INTENTS, {scopes.STRATEGIC_COORDINATION}),
        ("GET", f"/uss/v1/constraints/{UNKNOWN}", {scopes.CONSTRAINT_PROCESSING}),
        ("POST", "/uss/v1/constraints", {scopes.CONSTRAINT_MANAGEMENT}),
        ("POST", "/uss/v1/reports", scopes.ALL),
        ("GET", "/uss/v1/log_sets/x", scopes.ALL),
    ],
)
async def test_each_operation_wants_its_scope(
    tmp_path: Path, method: str, path: str, allowed: set[str]
) -> None:
    async with served(tmp_path) as net:
        data = b"nonsense" if method == "POST" else None
        assert (await net.http.request(method, path, content=data)).status_code == 401
        for scope in scopes.ALL:
            answer = await net.http.request(method, path, content=data, headers=token("b", scope))
            expected = {400, 404} if scope in allowed else {403}
            assert answer.status_code in expected, (scope, answer.text)
            assert answer.json()["message"]


async def test_what_is_no_id_is_a_bad_request(tmp_path: Path) -> None:
    async with served(tmp_path) as net:
        answer = await net.get(f"{INTENTS}/not-a-uuid")
        assert answer.status_code == 400


# --- U2 ----------------------------------------------------------------------------------------


def at(seconds_ago: float) -> Judged:
    moment = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    position = uss.Position(6.9, 46.2, altitude=wire.Altitude(550.0, "W84", "M"))
    return Judged(planned.NOW_US, uss.VehicleTelemetry(wire.Time(moment), position), False)


async def test_telemetry_is_told_of_off_nominal_flights_only(tmp_path: Path) -> None:
    scope = scopes.CONFORMANCE_MONITORING_SA
    async with served(tmp_path) as net:
        ours = planned.intent(state=State.ACTIVATED)
        path = f"{INTENTS}/{ours.id}/telemetry"
        assert (await net.get(path, scope=scope)).status_code == 404
        await accept(net, ours)
        assert (await net.get(path, scope=scope)).status_code == 409
        astray = planned.after(ours, state=State.NONCONFORMING)
        await accept(net, astray)
        assert (await net.get(path, scope=scope)).status_code == 412
        await net.node.recorder.positions(ours.id, [at(300)], Flown(1, 1, 1, 0))
        assert (await net.get(path, scope=scope)).status_code == 412
        newest = at(1)
        await net.node.recorder.positions(ours.id, [at(2), newest, at(3)], Flown(1, 1, 0, 0))
        answer = await net.get(path, scope=scope)
        assert answer.status_code == 200
        told = msgspec.json.decode(answer.content, type=uss.GetOperationalIntentTelemetryResponse)
        assert told.operational_intent_id == ours.id
        assert told.telemetry == newest.telemetry
        assert told.next_telemetry_opportunity is not None


# --- U3 ----------------------------------------------------------------------------------------


def theirs(net: Served, of: Neighbour, *, hidden: bool = True) -> Neighbour:
    """Put its reference at the exchange, without its OVN."""
    shown = msgspec.structs.replace(of.reference, ovn=wire.OVN_OF_ANOTHER)
    net.ears.standing["main", of.id] = shown if hidden else of.reference
    return of


async def test_a_change_is_believed_of_its_manager_and_our_operator_told(tmp_path: Path) -> None:
    async with served(tmp_path) as net:
        met, far = planned.intent(), planned.intent(volumes=[planned.square(47.5)])
        await accept(net, met)
        await accept(net, far)
        told = []
        net.node.recorder.told = lambda *notice: told.append(notice)
        other = theirs(net, planned.neighbour())
        for _ in range(2):
            assert (await net.post(INTENTS, change(other))).status_code == 204
        first = net.ears.heard_of[0]
        assert first.neighbour is not None
        assert first.neighbour.reference.ovn == other.reference.ovn
        assert first.neighbour.details == other.details
        assert first.neighbour.learnt == "notified"
        # The second time it was known already: the exchange was not asked again.
        assert net.ears.asked == [other.id]
        ((event, intent_id, words, with_id),) = told
        assert (event, intent_id, with_id) == ("SCD0095", met.id, other.id)
        assert other.id in words.en
        assert other.id in words.fr
        bodies = await net.exchanges()
        assert len(bodies) == 2
        source = await net.node.record.by_id(first.source)
        assert source is not None
        assert source.payload is not None
        assert source.payload.body == bodies[0]
        assert await net.node.record.query("SELECT intent FROM plans_told") == [(met.id,)]


async def test_nobody_speaks_for_another(tmp_path: Path) -> None:
    async with served(tmp_path) as net:
        other = theirs(net, planned.neighbour())
        assert (await net.post(INTENTS, change(other), sub="c")).status_code == 403
        assert not net.ears.heard_of
        net.ears.neighbours["main", other.id] = other
        assert (await net.post(INTENTS, change(other), sub="c")).status_code == 403
        ended = change(other, ended=True)
        assert (await net.post(INTENTS, ended, sub="c")).status_code == 403
        assert net.ears.neighbours
        bodies = await net.exchanges()
        assert all("managed by b" in body["exchange"]["problem"] for body in bodies)
        assert [body["party"] for body in bodies] == ["c", "c", "c"]


async def test_it_may_neither_go_back_nor_say_two_things_of_one_version(tmp_path: Path) -> None:
    async with served(tmp_path) as net:
        now = theirs(net, planned.neighbour(version=3))
        net.ears.neighbours["main", now.id] = now
        before = planned.neighbour(now.id, version=2)
        assert (await net.post(INTENTS, change(before))).status_code == 409
        otherwise = planned.neighbour(now.id, version=3, volumes=[planned.circle(46.3)])
        assert (await net.post(INTENTS, change(otherwise))).status_code == 409
        assert not net.ears.heard_of
        assert (await net.post(INTENTS, change(now))).status_code == 204
        after = planned.neighbour(now.id, version=4, volumes=[planned.circle(46.3)])
        assert (await net.post(INTENTS, change(after))).status_code == 204
        assert net.ears.neighbours["main", now.id].details == after.details


async def test_an_end_is_believed_when_the_exchange_says_nothing_else(tmp_path: Path) -> None:
    async with served(tmp_path) as net:
        standing = theirs(net, planned.neighbour())
        assert (await net.post(INTENTS, change(standing, ended=True))).status_code == 204
        assert not net.ears.heard_of
        del net.ears.standing["main", standing.id]
        assert (await net.post(INTENTS, change(standing, ended=True))).status_code == 204
        assert net.ears.heard_of[0].neighbour is None
        bodies = await net.exchanges()
        assert "still stands" in bodies[0]["exchange"]["problem"]


async def test_what_no_exchange_has_or_can_tell_is_not_learnt(tmp_path: Path) -> None:
    async with served(tmp_path) as net:
        other = planned.neighbour()
        assert (await net.post(INTENTS, change(other))).status_code == 204
        net.ears.away = True
        assert (await net.post(INTENTS, change(other))).status_code == 204
        assert not net.ears.heard_of
        problems = [body["exchange"]["problem"] for body in await net.exchanges()]
        assert problems[0] == "No exchange has it."
        assert "could not be asked" in problems[1]


async def test_a_notification_that_cannot_be_is_refused(tmp_path: Path) -> None:
    async with served(tmp_path) as net:
        good = theirs(net, planned.neighbour())
        bad = [
            change(good, intent_id=UNKNOWN),
            change(replace(good, reference=planned.reference(good.id, manager="b", ovn="short"))),
            change(
                replace(
                    good,
                    reference=planned.reference(good.id, manager="b", ovn=wire.OVN_OF_ANOTHER),
                )
            ),
            change(planned.neighbour(good.id, volumes=[])),
            change(planned.neighbour(good.id, volumes=[planned.square(lower_m=9.0, upper_m=8.0)])),
            msgspec.structs.replace(change(good), subscriptions=[]),
        ]
        for body in bad:
            assert (await net.post(INTENTS, body)).status_code == 400
        assert not net.ears.heard_of


@pytest.mark.parametrize("number", [-1, 1 << 31, 1 << 63, 1 << 70], ids=hex)
async def test_numbers_that_no_exchange_counts_to_are_refused_and_it_is_said_why(
    tmp_path: Path, number: int
) -> None:
    async with served(tmp_path) as net:
        good = theirs(net, planned.neighbour())
        told = msgspec.structs.replace(good.reference, version=number)
        far = change(replace(good, reference=told))
        state = wire.SubscriptionState("00000000-0000-4000-8000-0000000000aa", number)
        often = msgspec.structs.replace(change(good), subscriptions=[state])
        ended = msgspec.structs.replace(change(good, ended=True), subscriptions=[state])
        for body in (far, often, ended):
            answer = await net.post(INTENTS, body)
            assert answer.status_code == 400
        assert not net.ears.heard_of
        for entry in await net.exchanges():
            assert "32 bits" in entry["exchange"]["problem"]
            assert good.id in entry["about"]
        # What is true is believed all the same.
        assert (await net.post(INTENTS, change(good))).status_code == 204
        assert [each.intent_id for each in net.ears.heard_of] == [good.id]


async def test_volumes_outside_of_the_times_that_stand_at_the_exchange_are_refused(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as net:
        true = theirs(net, planned.neighbour())
        assert true.details is not None
        early, late = planned.NOW_US - planned.HOUR_US, planned.NOW_US + 2 * planned.HOUR_US
        (volume,) = true.details.volumes
        beyond = planned.neighbour(true.id, volumes=[replace(volume, time_end_us=late)])
        wide = planned.reference(true.id, manager="b", version=3, start_us=early, end_us=late)
        wide = msgspec.structs.replace(wide, uss_base_url=true.reference.uss_base_url)
        # Against its own reference; and with a reference that lies, too, against the exchange's.
        for lie in (beyond, replace(beyond, reference=wide)):
            answer = await net.post(INTENTS, change(lie))
            assert answer.status_code == 400
            assert "times" in answer.json()["message"]
        assert not net.ears.heard_of
        assert (await net.post(INTENTS, change(true))).status_code == 204


async def test_off_nominal_volumes_of_a_nominal_flight_are_refused(tmp_path: Path) -> None:
    async with served(tmp_path) as net:
        true = theirs(net, planned.neighbour())
        assert true.details is not None
        off = replace(true.details, off_nominal_volumes=true.details.volumes)
        answer = await net.post(INTENTS, change(replace(true, details=off)))
        assert answer.status_code == 400
        assert not net.ears.heard_of


# --- U6, U7, what is recorded -------------------------------------------------------------------


async def test_a_report_gets_an_id_that_finds_it(tmp_path: Path) -> None:
    async with served(tmp_path) as net:
        record = wire.ExchangeRecord(
            "https://uss.a.example/x", "GET", "Client", time_of(planned.NOW_US), problem="odd"
        )
        answer = await net.post("/uss/v1/reports", wire.ErrorReport(record))
        assert answer.status_code == 201
        told = msgspec.json.decode(answer.content, type=wire.ErrorReport)
        assert told.exchange == record
        assert told.report_id
        await net.node.recorder.flush()
        entry = await net.node.record.by_id(told.report_id)
        assert entry is not None
        assert entry.payload is not None
        assert entry.payload.kind == "uss-exchange"


async def test_answers_are_signed_and_so_recorded(tmp_path: Path) -> None:
    async with served(tmp_path) as net:
        ours = planned.intent()
        await accept(net, ours)
        for path, status in ((ours.id, 200), (UNKNOWN, 404)):
            answer = await net.get(f"{INTENTS}/{path}")
            assert answer.status_code == status
            told = verify_response(
                "GET",
                f"{BASE}{INTENTS}/{path}",
                status,
                dict(answer.headers),
                answer.content,
                keys=lambda name: A.node.verifier if name == A.node.name else None,
                now=datetime.now(UTC),
            )
            assert told.key_name == A.node.name
        first, second = await net.exchanges()
        record = first["exchange"]
        assert record["recorder_role"] == "Server"
        assert record["url"] == f"{BASE}{INTENTS}/{ours.id}"
        assert record["response_code"] == 200
        assert ours.filed[0].reference.ovn.encode() in base64.b64decode(record["response_body"])
        assert ours.id in first["about"]
        claims = next(h for h in record["headers"] if h.startswith("authorization: claims "))
        assert '"sub":"b"' in claims
        assert second["exchange"]["response_code"] == 404
        assert await net.node.record.verify() == []


async def test_who_is_nobody_cannot_fill_the_record(tmp_path: Path) -> None:
    async with served(tmp_path) as net:
        for _ in range(100):
            await net.http.get(f"{INTENTS}/{UNKNOWN}", headers={"authorization": "Bearer x.y.z"})
        await net.http.get("/health")
        assert (await net.get(f"{INTENTS}/{UNKNOWN}")).status_code == 404
        bodies = await net.exchanges()
        assert len(bodies) == 61
        assert bodies[-1]["exchange"]["problem"].startswith("40 requests without a good token")
        assert [body["party"] for body in bodies] == [""] * 60 + ["b"]


# --- hostile peers -----------------------------------------------------------------------------


async def test_who_invents_intents_does_not_take_the_way_to_the_exchange(tmp_path: Path) -> None:
    async with served(tmp_path) as net:
        under_way: list[str] = []
        most = 0
        full, go_on = asyncio.Event(), asyncio.Event()

        async def slow(exchange: str, intent_id: str) -> None:
            nonlocal most
            under_way.append(intent_id)
            most = max(most, len(under_way))
            if most == 4:
                full.set()
            await go_on.wait()
            under_way.remove(intent_id)

        net.ears.ask_reference = slow  # type: ignore[method-assign]
        notices = [change(planned.neighbour(manager=sub)) for sub in "bbbbbbcccccc"]
        asked = [
            asyncio.create_task(net.post(INTENTS, each, sub=sub))
            for each, sub in zip(notices, "bbbbbbcccccc", strict=True)
        ]
        await asyncio.wait_for(full.wait(), 10)
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(under_way) == 4
        go_on.set()
        assert {(await each).status_code for each in asked} == {204}
        assert most == 4
        assert not net.ears.heard_of


async def test_who_asks_too_much_is_told_to_wait_and_nobody_else_is(tmp_path: Path) -> None:
    async with served(tmp_path, requests_per_s=1.0) as net:
        ours = planned.intent()
        await accept(net, ours)
        asked = [await net.get(f"{INTENTS}/{ours.id}") for _ in range(40)]
        refused = [each for each in asked if each.status_code == 429]
        assert [each.status_code for each in asked[:3]] == [200] * 3
        assert len(refused) > 30
        assert {int(each.headers["retry-after"]) for each in refused} == {1}
        # What it tells is another matter, and so is everybody else.
        assert (await net.post(INTENTS, change(planned.neighbour()))).status_code == 204
        assert (await net.get(f"{INTENTS}/{ours.id}", sub="c")).status_code == 200


async def test_who_lets_many_notices_wait_is_told_to_come_again(tmp_path: Path) -> None:
    async with served(tmp_path) as net:
        full, go_on = asyncio.Event(), asyncio.Event()

        async def slow(exchange: str, intent_id: str) -> None:
            await go_on.wait()

        net.ears.ask_reference = slow  # type: ignore[method-assign]
        ours = planned.intent()
        await accept(net, ours)

        async def tell(sub: str) -> int:
            answer = await net.post(INTENTS, change(planned.neighbour(manager=sub)), sub=sub)
            if answer.status_code == 429:
                assert answer.headers["retry-after"] == "1"
                full.set()
            return answer.status_code

        asked = [asyncio.create_task(tell("b")) for _ in range(quotas.AT_WORK_MAX + 1)]
        await asyncio.wait_for(full.wait(), 20)
        other = asyncio.create_task(tell("c"))
        assert (await net.get(f"{INTENTS}/{ours.id}", sub="b")).status_code == 200
        assert (await net.get(f"{INTENTS}/{ours.id}", sub="c")).status_code == 200
        go_on.set()
        statuses = [await each for each in asked]
        assert statuses.count(204) == quotas.AT_WORK_MAX
        assert await other == 204


async def test_nor_does_who_invents_constraints(tmp_path: Path) -> None:
    class Ears:
        under_way = most = 0
        full, go_on = asyncio.Event(), asyncio.Event()

        async def heard(self, *_: object) -> None:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            if self.under_way == 2:
                self.full.set()
            await self.go_on.wait()
            self.under_way -= 1

    ears = Ears()
    async with served(tmp_path, constraints=ears) as net:
        ended = uss.PutConstraintDetailsParameters(
            UNKNOWN, [wire.SubscriptionState("00000000-0000-4000-8000-0000000000aa", 1)], None
        )
        scope = scopes.CONSTRAINT_MANAGEMENT
        asked = [
            asyncio.create_task(net.post("/uss/v1/constraints", ended, scope=scope))
            for _ in range(8)
        ]
        await asyncio.wait_for(ears.full.wait(), 10)
        for _ in range(100):
            await asyncio.sleep(0)
        assert ears.under_way == 2
        ears.go_on.set()
        assert {(await each).status_code for each in asked} == {204}
        assert ears.most == 2


async def test_a_body_that_is_not_taken_is_not_recorded_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witnessed, "KEPT_BYTES_MAX", 1000)
    async with served(tmp_path) as net:
        assert (await net.post(INTENTS, b"x" * (5 << 20))).status_code == 413
        (entry,) = await net.exchanges()
        told = entry["exchange"]
        assert told["response_code"] == 413
        assert base64.b64decode(told["request_body"]) == b"x" * 1000
        assert "first 1000 bytes" in told["problem"]


async def test_a_report_writes_one_line_into_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(tmp_path) as net:
        record = wire.ExchangeRecord(
            "https://x.example/\n2026-11-23 CRITICAL all is lost",
            "GET" * 1_000_000,
            "Client",
            time_of(planned.NOW_US),
            problem="no\r\nanswer",
        )
        answer = await net.post("/uss/v1/reports", wire.ErrorReport(record))
        assert answer.status_code == 201
    (line,) = [each.getMessage() for each in caplog.records if "reports" in each.getMessage()]
    assert "\n" not in line
    assert "\r" not in line
    assert len(line) < 1000
