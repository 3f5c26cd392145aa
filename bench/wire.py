"""Requests as bytes on the wire, made beforehand or for next to nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import msgspec

from bench import world
from bench.world import LOWER_M, UPPER_M, Crowd, Window, World
from detente.f3548 import types, volume_on_wire
from detente.geo import Circle, Polygon, Volume4D

INTENTS = "/dss/v1/operational_intent_references"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """One HTTP/1.1 request on a connection that stays open."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
    if not body:
        return (head + "\r\n").encode()
    return (
        head + f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def puts(place: World, crowd: Crowd, tokens: Sequence[str], kind: str) -> Iterator[bytes]:
    """PUTs of new intents, each with an implicit subscription, and every neighbour's OVN."""
    for number, window in enumerate(place.windows(crowd)):
        name = world.uss(number % len(tokens))
        body = b"".join(
            (
                _outline(window.place),
                f'"time_start":{{"value":"{_time(window.start_us)}","format":"RFC3339"}},'
                f'"time_end":{{"value":"{_time(window.end_us)}","format":"RFC3339"}}}}],"key":['.encode(),
                _key(window.neighbours.start, window.neighbours.stop),
                f'],"state":"Accepted","uss_base_url":"{world.base_url(name)}",'
                f'"new_subscription":{{"uss_base_url":"{world.base_url(name)}"}}}}'.encode(),
            )
        )
        path = f"{INTENTS}/{world.identifier(kind, number)}"
        yield request("PUT", path, tokens[number % len(tokens)], body)


def gets(place: World, tokens: Sequence[str]) -> Iterator[bytes]:
    """GETs of stored intents, for ever."""
    number = 0
    while True:
        path = f"{INTENTS}/{world.identifier('intent', number % place.size)}"
        yield request("GET", path, tokens[number % len(tokens)])
        number += 7919


def queries(place: World, crowd: Crowd, tokens: Sequence[str]) -> Iterator[bytes]:
    """Queries that find all neighbours of a place, for ever."""
    while True:
        for number, window in enumerate(place.windows(crowd)):
            volume = _volume(world.octagon(window.place), window)
            body = msgspec.json.encode(types.AreaQueryParameters(volume))
            yield request("POST", f"{INTENTS}/query", tokens[number % len(tokens)], body)


def flight(
    identifier: str, circle: Circle, start_us: int, token: str, name: str, key: Sequence[str]
) -> bytes:
    """PUT of a flight of 60 s in a circle."""
    volume = volume_on_wire(Volume4D(circle, LOWER_M, UPPER_M, start_us, start_us + 60_000_000))
    url = world.base_url(name)
    body = types.PutOperationalIntentReferenceParameters(
        extents=[volume],
        state="Accepted",
        uss_base_url=url,
        key=list(key),
        new_subscription=types.ImplicitSubscriptionParameters(url, False),
    )
    return request("PUT", f"{INTENTS}/{identifier}", token, msgspec.json.encode(body))


def _volume(outline: Polygon, window: Window) -> types.Volume4D:
    return volume_on_wire(Volume4D(outline, LOWER_M, UPPER_M, window.start_us, window.end_us))


@lru_cache(maxsize=4096)
def _outline(place: int) -> bytes:
    volume = volume_on_wire(Volume4D(world.octagon(place), LOWER_M, UPPER_M, None, None))
    return b'{"extents":[' + msgspec.json.encode(volume)[:-1] + b","


@lru_cache(maxsize=1024)
def _key(start: int, stop: int) -> bytes:
    return ",".join(f'"{world.ovn(number)}"' for number in range(start, stop)).encode()


def _time(us: int) -> str:
    return (_EPOCH + timedelta(microseconds=us)).strftime("%Y-%m-%dT%H:%M:%SZ")
