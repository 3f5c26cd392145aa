"""The flight planning interface for automated tests, over a planner that keeps and compares."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from tests.support.flight_planning import BASE, NOW_US, driving
from tests.support.trial.volumes import box, circle, volume

from detente.geo import Circle, Outline
from detente.node.uss.area_asked import NotConvertible, area_asked, stated_ground
from detente.node.uss.flight_planning import DIRECT, PLAN
from detente.node.uss.flight_planning_types import Volume4D
from detente.node.uss.user_notifications import observed
from detente.node.uss.versioning import READ_VERSIONS
from detente.planning import NoticeBody, State
from detente.words import same

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
START = datetime(2026, 12, 1, 6, tzinfo=UTC)


def area(east_m: float = 0.0, reference: str = "W84") -> list[Json]:
    one = volume(box(east_m, 0, 200, 100, 0), 500, 560, START, START + timedelta(hours=1))
    for name in ("altitude_lower", "altitude_upper"):
        one["volume"][name]["reference"] = reference
    return [one]


def wanted(
    usage: str, uas: str | None = "Nominal", volumes: list[Json] | None = None, **more: Any
) -> Json:
    basic = {"usage_state": usage, "uas_state": uas, "area": volumes or area()}
    return {
        "flight_plan": {"basic_information": basic, "astm_f3548_21": {"priority": 0}},
        "execution_style": "IfAllowed",
        "request_id": str(uuid.uuid4()),
        **more,
    }


def new_id() -> str:
    return str(uuid.uuid4())


async def test_a_flight_from_planned_to_closed() -> None:
    async with driving() as driver:
        flight = new_id()
        assert await driver.put(flight, wanted("Planned")) == ("Completed", "Planned")
        assert await driver.put(flight, wanted("Planned", None)) == ("Completed", "Planned")
        assert await driver.put(flight, wanted("InUse")) == ("Completed", "OkToFly")
        assert await driver.put(flight, wanted("InUse")) == ("Completed", "OkToFly")
        off = wanted("InUse", "OffNominal", area(50))
        assert await driver.put(flight, off) == ("Completed", "OffNominal")
        assert await driver.put(flight, wanted("InUse")) == ("Completed", "OkToFly")
        contingent = wanted("InUse", "Contingent", area(50))
        assert await driver.put(flight, contingent) == ("Completed", "OffNominal")
        assert await driver.put(flight, wanted("InUse")) == ("Rejected", "OffNominal")
        assert await driver.put(flight, wanted("Closed")) == ("Completed", "Closed")
        assert [action for action, _ in driver.planner.asked] == [
            "plan",
            "modify",
            "activate",
            "modify",
            "declare-contingent",
            "conform",
            "declare-contingent",
            "end",
        ]
        assert {by for _, by in driver.planner.asked} == {"tester"}


async def test_a_new_flight_that_is_in_use_is_activated_at_once() -> None:
    async with driving() as driver:
        assert await driver.put(new_id(), wanted("InUse")) == ("Completed", "OkToFly")
        (intent,) = driver.planner.kept.values()
        assert intent.state is State.ACTIVATED


@pytest.mark.parametrize(
    ("before", "after", "answer"),
    [
        (None, "Planned", ("Rejected", "NotPlanned")),
        ("Planned", "Planned", ("Rejected", "Planned")),
        ("Planned", "InUse", ("Rejected", "Planned")),
        ("InUse", "InUse", ("Rejected", "OkToFly")),
    ],
)
async def test_a_conflict_leaves_things_as_they_were(
    before: str | None, after: str, answer: tuple[str, str]
) -> None:
    async with driving() as driver:
        await driver.put(new_id(), wanted("Planned"))
        flight = new_id()
        if before is not None:
            assert (await driver.put(flight, wanted(before, volumes=area(500))))[0] == "Completed"
        kept = dict(driver.planner.kept)
        told = await driver.call("PUT", f"{BASE}/flight_plans/{flight}", wanted(after))
        assert (told.json()["planning_result"], told.json()["flight_plan_status"]) == answer
        assert told.json()["notes"].startswith("SCD0035: It meets ")
        assert driver.planner.kept == kept


async def test_what_does_not_work_has_failed_and_may_be_tried_again() -> None:
    async with driving() as driver:
        flight = new_id()
        driver.planner.fails = True
        assert await driver.put(flight, wanted("Planned")) == ("Failed", "NotPlanned")
        driver.planner.raises = True
        assert await driver.put(flight, wanted("Planned")) == ("Failed", "NotPlanned")
        assert await driver.put(flight, wanted("Planned")) == ("Completed", "Planned")
        driver.planner.raises = True
        assert await driver.put(flight, wanted("InUse")) == ("Failed", "Planned")


@pytest.mark.parametrize(
    ("usage", "uas"),
    [("Planned", "OffNominal"), ("InUse", "OffNominal"), ("InUse", "Contingent"), ("Closed", None)],
)
async def test_what_makes_no_sense_of_a_flight_that_is_not_there(usage: str, uas: str) -> None:
    async with driving() as driver:
        assert await driver.put(new_id(), wanted(usage, uas)) == ("Rejected", "NotPlanned")
        assert driver.planner.asked == []


async def test_an_activated_flight_is_not_planned_again() -> None:
    async with driving() as driver:
        flight = new_id()
        await driver.put(flight, wanted("InUse"))
        assert await driver.put(flight, wanted("Planned")) == ("Rejected", "OkToFly")


async def test_a_hypothetical_flight_is_not_supported() -> None:
    async with driving() as driver:
        body = wanted("Planned", execution_style="Hypothetical")
        assert await driver.put(new_id(), body) == ("NotSupported", "NotPlanned")
        assert driver.planner.asked == []


async def test_the_same_request_again_has_the_first_answer_and_no_effect() -> None:
    async with driving() as driver:
        flight, body = new_id(), wanted("Planned")
        first = await driver.call("PUT", f"{BASE}/flight_plans/{flight}", body)
        await driver.put(flight, wanted("InUse"))
        again = await driver.call("PUT", f"{BASE}/flight_plans/{flight}", body)
        assert again.json() == first.json()
        assert len(driver.planner.asked) == 2
        other = wanted("Planned", request_id=body["request_id"], volumes=area(9))
        refused = await driver.call("PUT", f"{BASE}/flight_plans/{flight}", other)
        assert (refused.status_code, refused.json()["code"]) == (409, "plan.request_id_taken")
        elsewhere = await driver.call("PUT", f"{BASE}/flight_plans/{new_id()}", body)
        assert elsewhere.status_code == 409


async def test_the_same_request_while_the_first_is_under_way_waits_for_it() -> None:
    async with driving() as driver:
        flight, body = new_id(), wanted("Planned")
        driver.planner.hold = asyncio.Event()
        both = [asyncio.create_task(driver.put(flight, body)) for _ in range(2)]
        async with asyncio.timeout(5):
            await driver.planner.was_asked.wait()
        driver.planner.hold.set()
        assert await asyncio.gather(*both) == [("Completed", "Planned")] * 2
        assert len(driver.planner.asked) == 1


async def test_flights_are_found_again_by_another_process() -> None:
    async with driving() as driver:
        flight = new_id()
        await driver.put(flight, wanted("Planned"))
        async with driving() as later:
            later.planner.kept = driver.planner.kept
            assert await later.put(flight.upper(), wanted("InUse")) == ("Completed", "OkToFly")
            assert len(later.planner.kept) == 1


async def test_a_flight_is_removed_once() -> None:
    async with driving() as driver:
        flight = new_id()
        await driver.put(flight, wanted("InUse"))
        driver.planner.raises = True
        path = f"{BASE}/flight_plans/{flight}"
        failed = await driver.call("DELETE", path)
        assert failed.json()["planning_result"] == "Failed"
        assert failed.json()["flight_plan_status"] == "OkToFly"
        gone = await driver.call("DELETE", path)
        assert gone.json() == {
            "planning_result": "Completed",
            "flight_plan_status": "Closed",
            "includes_advisories": "NoAdvisoriesOrConditions",
        }
        assert (await driver.call("DELETE", path)).status_code == 404


def clearing(east_m: float = 0.0, radius_m: float = 300.0, **more: Any) -> Json:
    extent = volume(circle(east_m, 0, radius_m), 0, 1000, START, START + timedelta(days=1))
    return {"request_id": str(uuid.uuid4()), "extent": {**extent, **more}}


async def test_an_area_is_cleared_of_what_touches_it_and_of_nothing_else() -> None:
    async with driving() as driver:
        near, activated, far = new_id(), new_id(), new_id()
        await driver.put(near, wanted("Planned"))
        await driver.put(activated, wanted("InUse", volumes=area(205)))
        await driver.put(far, wanted("Planned", volumes=area(5000)))
        body = clearing()
        answer = await driver.call("POST", f"{BASE}/clear_area_requests", body)
        assert answer.json()["outcome"]["success"] is True
        assert len(answer.json()["outcome"]["details"]["ended"]) == 2
        (left,) = driver.planner.kept.values()
        assert left.name.endswith(far)
        again = await driver.call("POST", f"{BASE}/clear_area_requests", body)
        assert again.json() == answer.json()
        # A flight that was cleared away may be planned again.
        assert await driver.put(near, wanted("Planned")) == ("Completed", "Planned")


async def test_what_could_not_be_cleared_is_named() -> None:
    async with driving() as driver:
        await driver.put(new_id(), wanted("Planned"))
        driver.planner.fails = True
        answer = await driver.call("POST", f"{BASE}/clear_area_requests", clearing())
        outcome = answer.json()["outcome"]
        (identity,) = driver.planner.kept
        assert outcome["success"] is False
        assert outcome["details"] == {"left": [identity]}
        assert "The exchange does not answer." in outcome["message"]


async def test_an_extent_may_be_open_above_and_for_ever_and_as_wide_as_a_country() -> None:
    async with driving() as driver:
        await driver.put(new_id(), wanted("Planned"))
        body = clearing(radius_m=200_000)
        del body["extent"]["time_start"], body["extent"]["time_end"]
        del body["extent"]["volume"]["altitude_upper"]
        body["extent"]["volume"]["altitude_lower"]["reference"] = "SFC"
        answer = await driver.call("POST", f"{BASE}/clear_area_requests", body)
        assert answer.json()["outcome"]["success"] is True
        assert driver.planner.kept == {}


@pytest.mark.parametrize("reference", ["SFC", "Takeoff"])
async def test_altitudes_above_the_ground_cover_it_wherever_it_is(reference: str) -> None:
    def ground(outline: Outline) -> tuple[float, float]:
        assert not isinstance(outline, Circle)
        return 400.0, 430.0

    async with driving(ground) as driver:
        flight = new_id()
        answer = await driver.call(
            "PUT", f"{BASE}/flight_plans/{flight}", wanted("Planned", volumes=area(0, reference))
        )
        assert answer.json()["planning_result"] == "Completed"
        (intent,) = driver.planner.kept.values()
        (planned,) = intent.details.volumes
        assert (planned.altitude_lower_m, planned.altitude_upper_m) == (900.0, 990.0)
        (told,) = answer.json()["as_planned"]["basic_information"]["area"]
        assert told["volume"]["altitude_lower"] == {"value": 900, "reference": "W84", "units": "M"}


@pytest.mark.parametrize(
    ("ground", "geoid", "band"),
    [
        ("400 m W84", None, (900.0, 960.0)),
        ("380..450 m AMSL", "47.1..47.9 m", (927.1, 1057.9)),
        ("380..450 m AMSL", None, None),
        (None, None, None),
    ],
)
def test_the_ground_as_settings_state_it(
    ground: str | None, geoid: str | None, band: tuple[float, float] | None
) -> None:
    asked = msgspec.convert(area(0, "SFC"), list[Volume4D])
    stated = stated_ground(ground, geoid)
    if band is None:
        with pytest.raises(NotConvertible, match="is not known here"):
            area_asked(asked, "area", stated)
        return
    (converted,) = area_asked(asked, "area", stated)
    assert converted.altitude_lower_m == pytest.approx(band[0])
    assert converted.altitude_upper_m == pytest.approx(band[1])


async def test_without_the_ground_such_altitudes_are_not_supported() -> None:
    async with driving() as driver:
        body = wanted("Planned", volumes=area(0, "SFC"))
        assert await driver.put(new_id(), body) == ("NotSupported", "NotPlanned")


async def test_a_plan_as_asked_for_is_not_told_again() -> None:
    async with driving() as driver:
        answer = await driver.call("PUT", f"{BASE}/flight_plans/{new_id()}", wanted("Planned"))
        assert "as_planned" not in answer.json()


@pytest.mark.parametrize(
    "change",
    [
        {"request_id": ""},
        {"execution_style": "Perhaps"},
        {"flight_plan": {}},
        {"flight_plan": {"basic_information": {"usage_state": "Resting", "uas_state": "Nominal"}}},
        {
            "flight_plan": {
                "basic_information": {"usage_state": "Planned", "area": [{"volume": {}}]}
            }
        },
    ],
    ids=str,
)
async def test_nonsense_is_refused(change: Json) -> None:
    async with driving() as driver:
        body = {**wanted("Planned"), **change}
        answer = await driver.call("PUT", f"{BASE}/flight_plans/{new_id()}", body)
        assert answer.status_code == 400, answer.text


async def test_an_id_that_is_no_uuid_is_refused() -> None:
    async with driving() as driver:
        answer = await driver.call("PUT", f"{BASE}/flight_plans/7", wanted("Planned"))
        assert answer.status_code == 400
        assert (await driver.call("DELETE", f"{BASE}/flight_plans/7")).status_code == 400


async def test_the_status_names_the_interface_and_its_version() -> None:
    async with driving() as driver:
        answer = await driver.call("GET", f"{BASE}/status")
        assert answer.json() == {
            "status": "Ready",
            "api_name": "Flight Planning Automated Testing Interface",
            "api_version": "v0.7.0",
        }


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", f"{BASE}/status", PLAN),
        ("POST", f"{BASE}/clear_area_requests", PLAN),
        ("PUT", f"{BASE}/flight_plans/0b6a1f9e-51c4-4a6e-8f0d-6d6f2f0f6a01", DIRECT),
        ("DELETE", f"{BASE}/flight_plans/0b6a1f9e-51c4-4a6e-8f0d-6d6f2f0f6a02", READ_VERSIONS),
        ("GET", f"{BASE}/user_notifications?after=2026-12-01T06:00:00Z", DIRECT),
        ("GET", "/versioning/versions/detente.test", PLAN),
    ],
)
async def test_each_scope_is_for_its_own(method: str, path: str, scope: str) -> None:
    async with driving() as driver:
        answer = await driver.call(method, path, {"not": "looked at"}, scope)
        assert answer.status_code == 403


async def test_versions() -> None:
    async with driving() as driver:
        known = await driver.call("GET", "/versioning/versions/detente.test", scope=READ_VERSIONS)
        assert known.json() == {"system_identity": "detente.test", "system_version": "1.2.3"}
        other = await driver.call("GET", "/versioning/versions/another", scope=READ_VERSIONS)
        assert other.status_code == 404


@pytest.mark.parametrize(
    ("query", "span"),
    [
        ("after=2026-12-01T05:59:00Z", (NOW_US - 60_000_000, NOW_US)),
        (
            "after=2026-12-01T05:58:00%2B00:00&before=2026-12-01T05:59:30.5Z",
            (NOW_US - 120_000_000, NOW_US - 29_500_000),
        ),
    ],
)
async def test_notifications_of_a_span(query: str, span: tuple[int, int]) -> None:
    async with driving() as driver:
        answer = await driver.call("GET", f"{BASE}/user_notifications?{query}", scope=PLAN)
        assert answer.json() == {"user_notifications": []}
        assert driver.told.spans == [span]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "after=yesterday",
        "after=2026-12-01T05:59:00",
        "before=2026-12-01T05:59:00Z",
        "after=2026-12-01T05:59:00Z&before=2026-12-01T05:58:00Z",
        "after=0001-01-01T00:00:00Z",
    ],
)
async def test_a_span_needs_its_beginning_and_its_order(query: str) -> None:
    async with driving() as driver:
        answer = await driver.call("GET", f"{BASE}/user_notifications?{query}", scope=PLAN)
        assert answer.status_code == 400


def notice(event: Any, with_id: str, *, triggered_s: int = 0, told_s: int = 1) -> NoticeBody:
    def at(seconds: int) -> str:
        return f"2026-12-01T06:00:{seconds:02}.000000Z"

    text = same(f"{event} {with_id}")
    return NoticeBody(event, "flight", text, at(triggered_s), at(told_s), with_id)


def test_what_was_told_of_one_event_is_one_notification() -> None:
    found = observed(
        [
            notice("SCD0090", "x", told_s=2),
            notice("SCD0090", "y", told_s=1),
            notice("SCD0095", "x", triggered_s=3, told_s=3),
            notice("SCD0095", "", triggered_s=4, told_s=4),
            notice("CSTP0005", "z", triggered_s=5, told_s=5),
        ]
    )
    told = [json.loads(json.dumps([each.message, each.conflicts])) for each in found]
    assert told == [
        ["SCD0090 x SCD0090 y", "Multiple"],
        ["SCD0095 x", "Single"],
        ["SCD0095 ", "Unknown"],
        ["CSTP0005 z", "None"],
    ]
    assert found[0].observed_at.value == START + timedelta(seconds=2)
