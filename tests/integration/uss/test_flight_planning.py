"""A real node, driven as an automated conformance tester drives it through flight planning v1."""

from __future__ import annotations

import math
import uuid
from datetime import datetime
from typing import Any

import httpx
import pytest
from tests.integration.uss.conftest import Scenario, here
from tests.support.conformance_tester import (
    ACTIVATED,
    KEPT_ACTIVATED,
    KEPT_PLANNED,
    MODIFIED_ACTIVATED,
    NOT_ACTIVATED,
    NOT_PLANNED,
    OFF_NOMINAL,
    PLANNED,
    UNPLANNABLE,
    Flight,
    bearer,
)
from tests.support.nodes import until
from tests.support.trial.volumes import circle, place

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("flight-planning")]
Json = dict[str, Any]
HIGH = 50


def around() -> list[Json]:
    """Both sides of `here(150)`, free of it: others there must be asked, and are no conflict."""
    return [*here(-60), *here(400)]


async def test_a_flight_from_planned_to_closed(scenario: Scenario) -> None:
    tester, flight = scenario.tester, Flight()
    told = await tester.put(flight, PLANNED, here(), "Planned")
    assert told["includes_advisories"] == "NoAdvisoriesOrConditions"
    (planned,) = await scenario.ours()
    assert planned["state"] == "Accepted"
    await tester.put(flight, PLANNED, here(50), "Planned")
    await tester.put(flight, ACTIVATED, here(50), "InUse")
    (activated,) = await scenario.ours()
    assert (activated["state"], activated["version"]) == ("Activated", 3)
    await tester.put(flight, MODIFIED_ACTIVATED, here(100), "InUse")
    details = await tester.details(planned["id"])
    assert details.status_code == 200
    await tester.delete(flight)
    assert await scenario.ours() == []
    assert (await tester.details(planned["id"])).status_code == 404


async def test_a_new_flight_in_use_is_activated_and_stays_informed(scenario: Scenario) -> None:
    flight = Flight()
    await scenario.tester.put(flight, ACTIVATED, here(), "InUse")
    (reference,) = await scenario.ours()
    assert reference["state"] == "Activated"
    assert reference["subscription_id"] != "00000000-0000-4000-8000-000000000000"
    told = await scenario.tester.put(flight, {("Completed", "Closed")}, [], "Closed")
    assert told["planning_result"] == "Completed"


@pytest.mark.parametrize("priority", [0, HIGH], ids=["equal", "higher"])
async def test_a_conflict_with_no_lower_priority_forbids(scenario: Scenario, priority: int) -> None:
    """SCD0015, 0020, 0030 for a higher one; SCD0035, 0040, 0050 for an equal one."""
    tester = scenario.tester
    await scenario.file(here(), priority)
    new = Flight()
    told = await tester.put(new, NOT_PLANNED, here(150), "Planned")
    assert ("SCD0015" if priority else "SCD0035") in told["notes"]
    assert await scenario.ours() == []
    await tester.put(new, NOT_ACTIVATED, here(150), "InUse")

    planned, activated = Flight(), Flight()
    await tester.put(planned, PLANNED, here(1000), "Planned")
    await tester.put(activated, ACTIVATED, here(2000), "InUse")
    before = {each["id"]: each for each in await scenario.ours()}
    told = await tester.put(planned, KEPT_PLANNED, here(150), "Planned")
    assert ("SCD0020" if priority else "SCD0040") in told["notes"]
    told = await tester.put(activated, KEPT_ACTIVATED, here(-150), "InUse")
    assert ("SCD0030" if priority else "SCD0050") in told["notes"]
    assert {each["id"]: each for each in await scenario.ours()} == before


async def test_a_planned_flight_is_not_activated_under_a_higher_one(scenario: Scenario) -> None:
    """SCD0025; and who planned it is told of the other (SCD0095)."""
    tester, flight = scenario.tester, Flight()
    await tester.put(flight, PLANNED, here(), "Planned")
    await scenario.file(here(100), HIGH)
    await scenario.other.settle()
    (told,) = await _notified(scenario, 1)
    assert told["conflicts"] == "Single"
    refused = await tester.put(flight, NOT_ACTIVATED, here(), "InUse")
    assert "SCD0025" in refused["notes"]


async def test_a_planned_flight_is_not_activated_into_one_that_does_not_conform(
    scenario: Scenario,
) -> None:
    """SCD0045."""
    tester, flight = scenario.tester, Flight()
    astray = await scenario.file(here(1000), state="Activated")
    await tester.put(flight, PLANNED, here(), "Planned")
    told = await scenario.other.change(
        here(1000), intent_id=astray, state="Nonconforming", off_nominal=here(50)
    )
    assert told["result"] == "accepted", told
    refused = await tester.put(flight, NOT_ACTIVATED, here(), "InUse")
    assert "SCD0045" in refused["notes"]


@pytest.mark.parametrize("priority", [0, HIGH], ids=["equal", "higher"])
async def test_a_flight_in_the_air_may_be_changed_within_a_conflict_it_was_in(
    scenario: Scenario, priority: int
) -> None:
    """SCD0030, SCD0050."""
    tester, flight = scenario.tester, Flight()
    await tester.put(flight, ACTIVATED, here(), "InUse")
    if priority:
        await scenario.file(here(100), priority, state="Activated")
    else:
        astray = await scenario.file(here(1000), state="Activated")
        told = await scenario.other.change(
            here(1000), intent_id=astray, state="Nonconforming", off_nominal=here(100)
        )
        assert told["result"] == "accepted", told
    told = await tester.put(flight, MODIFIED_ACTIVATED | KEPT_ACTIVATED, here(-20), "InUse")
    assert told["planning_result"] == "Completed"
    assert told["includes_advisories"] == "AtLeastOneAdvisoryOrCondition"


async def test_a_higher_flight_may_and_its_user_is_told(scenario: Scenario) -> None:
    """SCD0090: of all conflicts at once."""
    tester, flight = scenario.tester, Flight()
    await scenario.file(here(0))
    await scenario.file(here(300))
    told = await tester.put(flight, PLANNED, here(150), "Planned", priority=HIGH)
    assert told["includes_advisories"] == "AtLeastOneAdvisoryOrCondition"
    (notified,) = await _notified(scenario, 1)
    assert notified["conflicts"] == "Multiple"
    await until(lambda: _heard(scenario, 2))


async def test_what_touches_by_more_than_a_centimetre_meets(scenario: Scenario) -> None:
    """GEN0500."""
    await scenario.file(here())
    await scenario.tester.put(Flight(), NOT_PLANNED, here(199.985), "Planned")
    await scenario.tester.put(Flight(), PLANNED, here(200.015), "Planned")
    await scenario.tester.put(Flight(), PLANNED, here(-205), "Planned")


@pytest.mark.parametrize("reference", ["SFC", "Takeoff"])
async def test_altitudes_above_the_ground_are_converted(scenario: Scenario, reference: str) -> None:
    """The ground is stated to be 400 m above the ellipsoid; the other flies from 500 m to 560 m."""
    await scenario.file(here())
    (volume,) = here()
    for name, height in (("altitude_lower", 0), ("altitude_upper", 90)):
        volume["volume"][name] = {"value": height, "reference": reference, "units": "M"}
    flight = Flight()
    told = await scenario.tester.put(flight, PLANNED, [volume], "Planned")
    (planned,) = told["as_planned"]["basic_information"]["area"]
    assert planned["volume"]["altitude_upper"] == {"value": 490, "reference": "W84", "units": "M"}
    volume["volume"]["altitude_upper"]["value"] = 110
    await scenario.tester.put(flight, KEPT_PLANNED, [volume], "Planned")


async def test_times_are_checked_by_the_right_clock(scenario: Scenario) -> None:
    """GEN0100, OPIN0030; and what is activated is for now."""
    tester = scenario.tester
    over = here(start_min=-10, length_min=10 - 7 / 60)
    await tester.put(Flight(), NOT_PLANNED, over, "Planned")
    far = here(start_min=30 * 24 * 60 + 10)
    told = await tester.put(Flight(), NOT_PLANNED, far, "Planned")
    assert "OPIN0030" in told["notes"]
    await tester.put(Flight(), PLANNED, here(start_min=30 * 24 * 60 - 10), "Planned")
    flight = Flight()
    await tester.put(flight, PLANNED, here(300, start_min=20), "Planned")
    await tester.put(flight, NOT_ACTIVATED, here(300, start_min=20), "InUse")


async def test_too_many_vertices(scenario: Scenario) -> None:
    """OPIN0020."""
    (volume,) = here()
    circle_of = [2 * math.pi * n / 5001 for n in range(5001)]
    outline = [place(3000 * math.cos(turn), 3000 * math.sin(turn)) for turn in circle_of]
    volume["volume"]["outline_polygon"]["vertices"] = outline
    told = await scenario.tester.put(Flight(), NOT_PLANNED, [volume, volume], "Planned")
    assert "OPIN0020" in told["notes"]


@pytest.mark.parametrize("lie", ["id", "version", "json", "times", "ovn"])
async def test_who_is_lied_to_publishes_nothing(scenario: Scenario, lie: str) -> None:
    await scenario.file(here(150))
    await scenario.other.behave(details=lie)
    await scenario.tester.put(Flight(), UNPLANNABLE, around(), "Planned")
    assert await scenario.ours() == []
    await scenario.other.behave()
    await scenario.tester.put(Flight(), PLANNED, around(), "Planned")


async def test_who_gets_no_answer_publishes_nothing(scenario: Scenario) -> None:
    await scenario.file(here(150))
    await scenario.other.behave(stall_s=30)
    await scenario.tester.put(Flight(), UNPLANNABLE, around(), "Planned")
    assert await scenario.ours() == []


@pytest.mark.parametrize(("state", "expected"), [("Accepted", PLANNED), ("Activated", NOT_PLANNED)])
async def test_of_who_is_down_only_what_may_fly_counts(
    scenario: Scenario, state: str, expected: Any
) -> None:
    """SCD0005, SCD0010."""
    await scenario.file(here(), state=state)
    await scenario.other.kill()
    flight = Flight()
    await scenario.tester.put(flight, UNPLANNABLE, here(50), "Planned")
    await scenario.there.availability("other", "Down")
    await scenario.tester.put(flight, expected, here(50), "Planned")


async def test_off_nominal_and_back_and_contingent_to_the_end(scenario: Scenario) -> None:
    tester, flight = scenario.tester, Flight()
    neighbour = await scenario.file(here(400))
    await tester.put(flight, ACTIVATED, here(), "InUse")
    for uas, state in (("OffNominal", "Nonconforming"), ("Nominal", "Activated")):
        expected = OFF_NOMINAL if uas == "OffNominal" else ACTIVATED
        await tester.put(flight, expected, here(300 if uas == "OffNominal" else 0), "InUse", uas)
        (reference,) = await scenario.ours()
        assert reference["state"] == state
        told = (await tester.details(reference["id"])).json()["operational_intent"]
        assert bool(told["details"]["off_nominal_volumes"]) == (state == "Nonconforming")
        assert told["reference"]["version"] == reference["version"]
    await tester.put(flight, OFF_NOMINAL, here(300), "InUse", "Contingent")
    (reference,) = await scenario.ours()
    assert reference["state"] == "Contingent"
    told = (await tester.details(reference["id"])).json()["operational_intent"]
    assert told["details"]["volumes"] == []
    telemetry = await tester.call(
        "GET",
        f"/uss/v1/operational_intents/{reference['id']}/telemetry",
        "utm.conformance_monitoring_sa",
    )
    assert telemetry.status_code == 412
    await tester.put(flight, {("Rejected", "OffNominal")}, here(), "InUse")

    async def warned() -> bool:
        events = scenario.other.events("operator")
        return any(e["id"] == neighbour and e["other"] == reference["id"] for e in events)

    await until(warned)
    await tester.put(flight, {("Completed", "Closed")}, [], "Closed")
    assert await scenario.ours() == []


async def test_an_area_is_cleared_of_plans_whoever_filed_them(scenario: Scenario) -> None:
    tester, flight = scenario.tester, Flight()
    await tester.put(flight, ACTIVATED, here(), "InUse")
    filed = await scenario.there["a"].file(here(500))
    assert filed["result"] == "done", filed
    kept = await scenario.there["a"].file(here(9000))
    await tester.clear({"volume": circle(0, 0, 1000)})
    assert [each["id"] for each in await scenario.ours()] == [kept["id"]]
    path = f"/flight_planning/v1/flight_plans/{flight.id}"
    gone = await tester.call("DELETE", path, "interuss.flight_planning.direct_automated_test")
    assert gone.status_code == 404


async def test_the_same_request_again_plans_nothing_more(scenario: Scenario) -> None:
    body = {
        "flight_plan": {
            "basic_information": {
                "usage_state": "Planned",
                "uas_state": "Nominal",
                "area": here(),
            }
        },
        "execution_style": "IfAllowed",
        "request_id": str(uuid.uuid4()),
    }
    path = f"/flight_planning/v1/flight_plans/{uuid.uuid4()}"
    answers = [
        (await scenario.tester.call("PUT", path, "interuss.flight_planning.plan", body)).json()
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    (reference,) = await scenario.ours()
    assert reference["version"] == 1


async def test_versions_and_what_is_offered_without_test_interfaces(scenario: Scenario) -> None:
    scope = bearer("interuss.versioning.read_system_versions")
    status = bearer("interuss.flight_planning.direct_automated_test")
    async with httpx.AsyncClient(trust_env=False) as http:
        for node, offered in (("a", 200), ("b", 404)):
            url = scenario.there[node].base_url
            version = await http.get(f"{url}/versioning/versions/detente.node", headers=scope)
            assert version.json()["system_identity"] == "detente.node"
            assert version.json()["system_version"]
            other = await http.get(f"{url}/versioning/versions/another", headers=scope)
            assert other.status_code == 404
            told = await http.get(f"{url}/flight_planning/v1/status", headers=status)
            assert told.status_code == offered


async def _notified(scenario: Scenario, count: int) -> list[Json]:
    """What the user was told since the scenario began, once it is so much; within 5 s of it."""
    found: list[Json] = []

    async def enough() -> bool:
        found[:] = await scenario.tester.notifications(scenario.began)
        return len(found) >= count

    await until(enough, within_s=5.0)
    assert len(found) == count, found
    for each in found:
        assert each["message"]
        assert datetime.fromisoformat(each["observed_at"]["value"]) > scenario.began
    return found


async def _heard(scenario: Scenario, least: int) -> bool:
    return len(scenario.other.events("heard")) >= least
