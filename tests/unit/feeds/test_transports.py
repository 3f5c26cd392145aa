"""Addresses of feeds, waiting between tries, and what makes room when there is too much."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from tests.support.reported import reported

from detente.feeds import Source, empty
from detente.feeds.transports import (
    Backoff,
    BackoffRules,
    FeedAddress,
    FeedAddressUnusable,
    FollowingTransport,
    PollingTransport,
    Scheme,
    TcpTransport,
    TlsFiles,
    Transport,
    UdpTransport,
    WaitingReports,
    Way,
    local_fetch,
    transport_for,
)
from detente.http import AddressPolicy, Egress

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tcp://mast.example:30005", FeedAddress(Scheme.TCP, "mast.example", 30005)),
        ("tls://[2001:db8::1]:8089", FeedAddress(Scheme.TLS, "2001:db8::1", 8089)),
        ("udp://239.2.3.1:6969?interface=10.0.0.1",
         FeedAddress(Scheme.UDP, "239.2.3.1", 6969, interface="10.0.0.1")),
        ("http://10.0.0.2/data/aircraft.json?x=1",
         FeedAddress(Scheme.HTTP, "10.0.0.2", 80, "/data/aircraft.json?x=1")),
        ("https://mast.example", FeedAddress(Scheme.HTTPS, "mast.example", 443, "/")),
        ("file:///var/feed.sbs", FeedAddress(Scheme.FILE, path="/var/feed.sbs")),
    ],
)  # fmt: skip
def test_addresses_are_read_and_written(text: str, expected: FeedAddress) -> None:
    found = FeedAddress.parse(text)
    assert found == expected
    assert FeedAddress.parse(str(found)) == found


@pytest.mark.parametrize(
    "text",
    ["", "mast.example:30005", "ftp://a:1", "tcp://mast.example", "tcp://:1", "tcp://a:99999",
     "tcp://user@a:1", "tcp://a:1/path", "tcp://a:1?x=1", "tcp://a:1#x", "udp://name:1",
     "udp://239.2.3.1:6969?interface=eth0", "file://other/host", "file://relative",
     "http:///path", "tcp://a\n:1"],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(FeedAddressUnusable) as caught:
        FeedAddress.parse(text)
    assert "tcp://HOST:PORT" in str(caught.value.advice)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("tcp://a.example:1", TcpTransport),
        ("tls://a.example:1", TcpTransport),
        ("udp://127.0.0.1:1", UdpTransport),
        ("http://127.0.0.1/aircraft.json", PollingTransport),
        ("https://a.example/aircraft.json", PollingTransport),
        ("file:///var/feed", FollowingTransport),
    ],
)
def test_each_address_has_its_transport(text: str, kind: type[Transport]) -> None:
    address = FeedAddress.parse(text)
    way = Way(egress=Egress(AddressPolicy()))
    transport = transport_for(address, lambda: 0, way)
    assert type(transport) is kind
    assert transport.where == str(address)


def test_https_wants_a_way_out_and_the_name_of_its_address() -> None:
    address = FeedAddress.parse("https://a.example/aircraft.json")
    with pytest.raises(FeedAddressUnusable, match="way out"):
        transport_for(address, lambda: 0)
    way = Way(egress=Egress(AddressPolicy()), tls=TlsFiles(fingerprint="00" * 32))
    with pytest.raises(FeedAddressUnusable, match="name of the address"):
        transport_for(address, lambda: 0, way)


def test_plain_http_is_not_spoken_to_an_address_of_https() -> None:
    with pytest.raises(FeedAddressUnusable, match="plain http"):
        local_fetch(FeedAddress.parse("https://a.example/aircraft.json"), AddressPolicy())


def test_only_groups_are_joined() -> None:
    assert FeedAddress.parse("udp://239.2.3.1:6969").is_multicast
    assert not FeedAddress.parse("udp://127.0.0.1:6969").is_multicast
    assert not FeedAddress.parse("tcp://239.2.3.1:1").is_multicast


def test_waiting_doubles_up_to_a_limit_and_chance_takes_up_to_half_of_it() -> None:
    rules = BackoffRules(first_s=0.5, most_s=30.0, steady_s=60.0)
    longest, shortest = Backoff(rules, lambda: 0.0), Backoff(rules, lambda: 1.0)
    assert [longest.failed(0.0) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert [shortest.failed(59.0) for _ in range(3)] == [0.25, 0.5, 1.0]
    assert longest.failed(61.0) == 0.5
    many = Backoff(rules, lambda: 0.0)
    assert [many.failed(0.0) for _ in range(3000)][-1] == 30.0


async def test_all_that_waits_is_taken_at_once_in_its_order() -> None:
    waiting = WaitingReports()
    waiting.put(empty())
    assert len(waiting.take()) == 0
    getting = asyncio.create_task(waiting.get())
    waiting.put(reported([{"s": 1, "lat": 1, "lng": 1, "aircraft": "a"}]))
    waiting.put(reported([{"s": 2, "lat": 1, "lng": 1, "aircraft": "b"}]))
    found = await getting
    assert found.identities == ("a", "b")
    assert len(waiting) == 0
    assert not waiting.shed


def test_the_oldest_positions_of_each_aircraft_make_room_and_are_counted_by_source() -> None:
    waiting = WaitingReports(most=8)
    slow, fast = Source("slow", "beast"), Source("fast", "beast")
    rows = [{"s": s, "lat": 1, "lng": 1, "aircraft": "busy", "source": fast} for s in range(8)]
    waiting.put(reported([{"s": 0, "lat": 1, "lng": 1, "aircraft": "rare", "source": slow}, *rows]))  # type: ignore[list-item]
    kept = waiting.take()
    names = [kept.identities[each] for each in kept.aircraft]
    assert names == ["rare", "busy", "busy", "busy", "busy", "busy"]
    seconds = (kept.time_us[1:] - kept.time_us[0]) // 1_000_000
    assert seconds.tolist() == [3, 4, 5, 6, 7]
    assert waiting.shed == {"fast": 3}


def test_a_flood_of_aircraft_keeps_the_latest_arrivals() -> None:
    waiting = WaitingReports(most=100)
    for number in range(1000):
        waiting.put(reported([{"s": number, "lat": 1, "lng": 1, "aircraft": f"{number:06x}"}]))
        assert len(waiting) <= 100
    kept = waiting.take()
    assert waiting.shed.total() + len(kept) == 1000
    assert kept.identities[kept.aircraft[-1]] == f"{999:06x}"
    assert (np.diff(kept.time_us) > 0).all()
