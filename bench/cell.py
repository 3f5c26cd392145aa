"""The case that a DSS over a database fears most: all flights are in one cell.

A circle of 550 m, flights of 100 m and 60 s, spread over four hours. Whoever files does not know
who is there: the first attempt has no key, a 409 names what is missing, and the flight is filed
again with it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import msgspec

from bench import seeding, servers, wire, world
from bench.load import Measured
from bench.running import Bench, Row, demand
from bench.servers import Instance, Keys, Scan
from detente.geo import Circle

CELL_RADIUS_M, FLIGHT_RADIUS_M, CELL_HOURS = 550.0, 50.0, 4.0


class _Reference(msgspec.Struct):
    id: str
    ovn: str


class _Created(msgspec.Struct):
    operational_intent_reference: _Reference


class _Conflict(msgspec.Struct):
    missing_operational_intents: list[_Reference]


class Flights:
    """A client that announces flights in one cell: first without a key, then with what it lacked.

    All clients share `known`, the OVNs that their USSs would tell each other.
    """

    def __init__(self, number: int, keys: Keys, known: dict[str, str]) -> None:
        self._random = random.Random(number)
        self._client = number
        self._name = world.uss(number % 8)
        self._token = keys.tokens[number % 8]
        self._known = known
        self._count = 0
        self._flight: tuple[str, Circle, int] = ("", Circle(0, 0, 1), 0)
        self._key: set[str] = set()
        self.conflicts = 0

    def begin(self) -> bytes:
        self._count += 1
        away_m = (CELL_RADIUS_M - FLIGHT_RADIUS_M) * math.sqrt(self._random.random())
        turn = self._random.uniform(0, 2 * math.pi)
        lat = 61.0 + away_m * math.sin(turn) / 111_200
        lng = 10.0 + away_m * math.cos(turn) / 111_200 / math.cos(math.radians(61))
        start_us = world.EPOCH_US + round(self._random.uniform(0, CELL_HOURS * 3600)) * 1_000_000
        name = world.identifier(f"flight {self._client}", self._count)
        self._flight = (name, Circle(lat, lng, FLIGHT_RADIUS_M), start_us)
        self._key.clear()
        return self._request()

    def answered(self, status: int, body: bytes) -> tuple[bool, bytes | None]:
        if status == 201:
            made = msgspec.json.decode(body, type=_Created).operational_intent_reference
            self._known[made.id] = made.ovn
            return True, None
        if status != 409:
            return False, None
        self.conflicts += 1
        missing = msgspec.json.decode(body, type=_Conflict).missing_operational_intents
        # One that was made a moment ago may be unknown yet: the next answer names it again.
        self._key.update(self._known[one.id] for one in missing if one.id in self._known)
        return True, self._request()

    def _request(self) -> bytes:
        name, circle, start_us = self._flight
        return wire.flight(name, circle, start_us, self._token, self._name, sorted(self._key))


def cell(bench: Bench) -> Iterator[Row]:
    """All flights in one cell: a circle of 550 m, flights of 100 m and 60 s."""
    plan, place = bench.plan, bench.plan.middle
    source = seeding.seeded(place)

    def run(instance: Instance, seconds: float) -> tuple[tuple[Measured, float], int]:
        known: dict[str, str] = {}
        flights = [Flights(number, bench.keys, known) for number in range(64)]
        result = bench.run([instance], flights, seconds)
        return result, sum(flight.conflicts for flight in flights)

    with servers.embedded(bench.keys, source) as instance:
        result, conflicts = run(instance, plan.seconds)
    row = bench.row("cell", "flights in one cell, 64 clients at once", place.size, 64, result)
    row.note = (
        f"{conflicts:,} of the answers were 409 and filed again with the key; "
        f"{result[0].requests / result[0].seconds:,.0f} requests/s"
    )
    scans: tuple[Scan, ...] = ("plain", "vectorised")
    for scan in scans:
        with servers.embedded(bench.keys, source, scan=scan) as instance:
            (measured, _), _ = run(instance, plan.naive_s)
        row.naive_per_s[scan] = measured.rate_per_s
        bench.say(f"      {scan} scan: {measured.rate_per_s:,.1f}/s")
    yield demand(row, 1000)
