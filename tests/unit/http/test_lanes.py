"""Quotas: what one caller or lane may do, and that none takes what is another's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.http import (
    Caller,
    Endpoint,
    HttpError,
    LaneQuota,
    Lanes,
    Overloaded,
    RateLimited,
    Request,
    RequestHead,
    Response,
    build_app,
    network_of,
)

ORDINARY = LaneQuota(
    name="ordinary",
    requests_per_s=10,
    request_burst=5,
    bytes_per_s=1000,
    byte_burst=5000,
    most=8,
)
EMERGENCY = LaneQuota(name="emergency", requests_per_s=10, request_burst=5, reserved=2, most=3)


def lanes(**more: Any) -> Lanes:
    return Lanes([ORDINARY, EMERGENCY], **more)


def spend(quotas: Lanes, lane: str, caller: str, count: int, now_s: float, size: int = 0) -> None:
    for _ in range(count):
        quotas.charge(lane, caller, size, now_s)


def test_requests_are_counted_by_caller_and_lane() -> None:
    quotas = lanes()
    spend(quotas, "ordinary", "b", 5, 100.0)
    with pytest.raises(RateLimited) as refused:
        quotas.charge("ordinary", "b", 0, 100.0)
    assert refused.value.retry_after_s == 1
    spend(quotas, "emergency", "b", 5, 100.0)
    spend(quotas, "ordinary", "c", 5, 100.0)
    quotas.charge("ordinary", "b", 0, 100.125)
    with pytest.raises(RateLimited):
        quotas.charge("ordinary", "b", 0, 100.125)


def test_a_body_larger_than_the_bucket_is_taken_and_paid_off() -> None:
    quotas = lanes()
    quotas.charge("ordinary", "b", 25_000, 0.0)
    with pytest.raises(RateLimited) as refused:
        quotas.charge("ordinary", "b", 1, 1.0)
    assert refused.value.retry_after_s == 20  # 20,000 bytes short at 1,000 a second
    quotas.charge("ordinary", "b", 0, 1.0)  # nothing to carry, nothing to pay
    with pytest.raises(RateLimited):
        quotas.charge("ordinary", "b", -1, 19.9)
    quotas.charge("ordinary", "b", -1, 20.2)
    quotas.charge_bytes("ordinary", "b", 3_000, 20.2)
    with pytest.raises(RateLimited):
        quotas.charge("ordinary", "b", 10, 20.3)


def test_reserved_places_are_there_when_all_others_are_taken() -> None:
    quotas = lanes(shared=10)
    held = [("ordinary", name, quotas.enter("ordinary", name, 0.0)) for name in "bbbbbccccc"]
    with pytest.raises(Overloaded):
        quotas.enter("ordinary", "d", 0.0)
    held += [("emergency", name, quotas.enter("emergency", name, 0.0)) for name in "bbccdd"]
    with pytest.raises(Overloaded):
        quotas.enter("emergency", "b", 0.0)
    assert (quotas.in_flight("ordinary"), quotas.in_flight("emergency")) == (10, 6)
    for lane, name, place in held:
        quotas.leave(lane, name, place)
    assert (quotas.in_flight("ordinary"), quotas.in_flight("emergency")) == (0, 0)


def test_no_caller_has_more_than_its_most_at_work() -> None:
    quotas = lanes()
    for _ in range(3):
        quotas.enter("emergency", "b", 0.0)
    with pytest.raises(RateLimited):
        quotas.enter("emergency", "b", 0.0)
    quotas.enter("emergency", "c", 0.0)


def test_who_is_at_work_is_not_forgotten() -> None:
    quotas = lanes(max_callers=2)
    place = quotas.enter("ordinary", "a", 0.0)
    spend(quotas, "ordinary", "b", 5, 0.0)
    spend(quotas, "ordinary", "c", 1, 0.0)
    spend(quotas, "ordinary", "b", 5, 0.0)  # was forgotten for c, and begins anew
    assert quotas.in_flight("ordinary") == 1
    quotas.enter("ordinary", "b", 0.0)
    with pytest.raises(Overloaded):
        quotas.charge("ordinary", "d", 0, 0.0)
    quotas.leave("ordinary", "a", place)
    quotas.charge("ordinary", "d", 0, 0.0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ordinary", "emergency"]), st.sampled_from("abcd"), st.booleans()
        ),
        max_size=120,
    )
)
def test_places_are_never_lost_nor_made(steps: list[tuple[str, str, bool]]) -> None:
    quotas = lanes(shared=6)
    held: list[tuple[str, str, bool]] = []
    for lane, name, come in steps:
        mine = [place for place in held if place[:2] == (lane, name)]
        if come:
            own = [place for place in mine if place[2]]
            shared = sum(not place[2] for place in held)
            quota = EMERGENCY if lane == "emergency" else ORDINARY
            may = len(mine) < quota.most and (len(own) < quota.reserved or shared < 6)
            try:
                held.append((lane, name, quotas.enter(lane, name, 0.0)))
            except HttpError:
                assert not may
            else:
                assert may
        elif mine:
            held.remove(mine[0])
            quotas.leave(*mine[0])
    for lane in ("ordinary", "emergency"):
        assert quotas.in_flight(lane) == sum(place[0] == lane for place in held)


@pytest.mark.parametrize(
    "wrong",
    [
        {"requests_per_s": 0},
        {"bytes_per_s": -1},
        {"request_burst": 0},
        {"reserved": 5, "most": 4},
        {"most": 0},
    ],
)
def test_a_quota_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="lane x"):
        Lanes([LaneQuota(name="x", **wrong)])
    with pytest.raises(ValueError, match="two lanes"):
        Lanes([ORDINARY, ORDINARY])


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_a_client_without_a_name_is_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


class Text(msgspec.Struct):
    text: str


class Names:
    async def authenticate(self, request: RequestHead, now_us: int) -> Caller:
        return Caller(request.headers["x-name"], frozenset(), "", 0)


class Service:
    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.at_work = 0
        self.arrived = asyncio.Event()

    async def work(self, request: Request[Text]) -> Response:
        self.at_work += 1
        self.arrived.set()
        await self.go.wait()
        return Response(204)

    def endpoint(self, path: str, lane: str, **more: Any) -> Endpoint:
        return Endpoint(
            method="POST",
            path=path,
            handler=self.work,
            operation_id=path,
            summary="",
            responses={204: None},
            body=Text,
            lane=lane,
            **more,
        )


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    app = build_app(
        [
            service.endpoint("/ordinary", "ordinary"),
            service.endpoint("/emergency", "emergency"),
            service.endpoint("/open", "ordinary", public=True),
        ],
        authenticator=Names(),
        lanes=Lanes(
            [
                LaneQuota(name="ordinary", bytes_per_s=100, byte_burst=1000, most=2),
                LaneQuota(name="emergency", reserved=1),
            ],
            shared=2,
        ),
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as found:
        yield found


@pytest.mark.anyio
async def test_the_ordinary_lane_never_starves_the_emergency_lane(
    service: Service, client: httpx.AsyncClient
) -> None:
    async def post(path: str, name: str) -> int:
        answer = await client.post(path, json={"text": "x"}, headers={"x-name": name})
        return answer.status_code

    waiting = [asyncio.create_task(post("/ordinary", "b")) for _ in range(2)]
    while service.at_work < 2:
        service.arrived.clear()
        await service.arrived.wait()
    assert await post("/ordinary", "b") == 429
    assert await post("/ordinary", "c") == 503
    waiting += [asyncio.create_task(post("/emergency", name)) for name in "bc"]
    while service.at_work < 4:
        service.arrived.clear()
        await service.arrived.wait()
    service.go.set()
    assert await asyncio.gather(*waiting) == [204] * 4
    assert await post("/ordinary", "c") == 204


@pytest.mark.anyio
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
@pytest.mark.parametrize("path", ["/ordinary", "/open"])
async def test_bytes_are_paid_for(
    service: Service, client: httpx.AsyncClient, declared: bool, path: str
) -> None:
    service.go.set()
    body = msgspec.json.encode(Text("x" * 2000))

    async def chunks() -> AsyncIterator[bytes]:
        yield body

    async def post(name: str) -> httpx.Response:
        content = body if declared else chunks()
        return await client.post(path, content=content, headers={"x-name": name})

    assert (await post("b")).status_code == 204
    refused = await post("b")
    assert refused.status_code == 429
    assert 9 <= int(refused.headers["retry-after"]) <= 12
    # A public endpoint counts by address, whatever name somebody brings.
    assert (await post("c")).status_code == (204 if path == "/ordinary" else 429)


def test_an_endpoint_in_a_lane_that_is_not_there_is_a_mistake(service: Service) -> None:
    endpoint = service.endpoint("/x", "nowhere")
    with pytest.raises(ValueError, match="no lane nowhere"):
        build_app([endpoint], authenticator=Names(), lanes=lanes())
    with pytest.raises(ValueError, match="no lane nowhere"):
        build_app([endpoint], authenticator=Names())
