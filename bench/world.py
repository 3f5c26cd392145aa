"""The airspace that is measured in: stored operational intents, and requests that meet them.

All of it follows from numbers, nothing is drawn: entity 4711 has the same identifier, OVN, place
and time in the process that stores it and in the one that asks about it. Times lie in 2031, so
that what was stored once stays in force.

Quiet places hold five intents in every hour, crowded places two hundred that last all day. Each
hour and each day has many short windows, and every new intent gets a window of its own: it meets
all that was stored there, and no other new one.
"""

from __future__ import annotations

import math
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Literal

from detente.exchange.entries import OperationalIntent, Subscription
from detente.geo import Extent, Polygon, Volume4D, extent_of

Crowd = Literal["quiet", "crowded", "crowded-all"]

EPOCH_US = 1_925_000_000_000_000  # 2031-01-01T01:46:40Z
NEIGHBOURS = {"quiet": 5, "crowded": 200, "crowded-all": 200}
SUBSCRIBED = {"quiet": 5, "crowded": 12, "crowded-all": 200}
"""How many of the neighbours at a place have an implicit subscription, which each change bumps."""

_HOURS = 20
_QUIET_WINDOWS, _QUIET_WINDOW_S = 40, 80
_CROWDED_WINDOWS, _CROWDED_WINDOW_S = 4320, 20
_DAY_S = 86_400
_USS = 20

LOWER_M, UPPER_M = 100.0, 200.0


@dataclass(frozen=True, slots=True)
class Window:
    """Room for one new intent: a place, a span of time, and the OVNs that its key must hold."""

    place: int
    start_us: int
    end_us: int
    neighbours: range


@dataclass(frozen=True, slots=True)
class World:
    """How much is stored.

    Attributes:
        quiet: places with five intents in each of twenty hours.
        crowded: places with two hundred intents, twelve of which have a subscription.
        crowded_all: the same, all of which have one.
    """

    quiet: int
    crowded: int = 0
    crowded_all: int = 0

    @property
    def size(self) -> int:
        """Stored intents."""
        return 5 * _HOURS * self.quiet + 200 * (self.crowded + self.crowded_all)

    def stored(self) -> Iterator[tuple[OperationalIntent, Subscription | None]]:
        """Each stored intent with its implicit subscription."""
        number = 0
        for place in range(self.quiet):
            hulls = [_hull(place, j) for j in range(5)]
            for hour in range(_HOURS):
                start_us = EPOCH_US + hour * 3600_000_000
                for hull in hulls:
                    yield _entity(number, hull, start_us, start_us + 3540_000_000, True)
                    number += 1
        for k in range(self.crowded + self.crowded_all):
            place = self.quiet + k
            subscribed = SUBSCRIBED["crowded" if k < self.crowded else "crowded-all"]
            for j in range(200):
                # No two alike, lest anything that remembers times looks better than it is.
                start_us = EPOCH_US - (k * 200 + j) * 1000
                end_us = start_us + (_DAY_S + 3600) * 1_000_000
                yield _entity(number, _hull(place, j), start_us, end_us, j < subscribed)
                number += 1

    def windows(self, crowd: Crowd) -> Iterator[Window]:
        """Room for new intents, each to be used once; one place after the other."""
        if crowd == "quiet":
            for w in range(_QUIET_WINDOWS):
                for slot in _scattered(self.quiet * _HOURS):
                    place, hour = divmod(slot, _HOURS)
                    start_s = hour * 3600 + w * (_QUIET_WINDOW_S + 5)
                    first = 5 * slot
                    yield _window(place, start_s, _QUIET_WINDOW_S, range(first, first + 5))
            return
        base = 0 if crowd == "crowded" else self.crowded
        count = self.crowded if crowd == "crowded" else self.crowded_all
        for w in range(_CROWDED_WINDOWS):
            for k in range(base, base + count):
                first = 5 * _HOURS * self.quiet + 200 * k
                start_s = w * _CROWDED_WINDOW_S
                yield _window(
                    self.quiet + k, start_s, _CROWDED_WINDOW_S - 2, range(first, first + 200)
                )


def uss(number: int) -> str:
    """The USS that manages entity `number`."""
    return f"uss{number % _USS:02}"


def base_url(name: str) -> str:
    """Where a USS is reached."""
    return f"https://{name}.example/uss/v1"


def identifier(kind: str, number: int) -> str:
    """A version-4 UUID."""
    value = bytearray(blake2b(f"{kind} {number}".encode(), digest_size=16).digest())
    value[6] = value[6] & 0x0F | 0x40
    value[8] = value[8] & 0x3F | 0x80
    h = value.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def ovn(number: int) -> str:
    """The OVN of stored intent `number`: 32 characters."""
    digest = blake2b(f"ovn {number}".encode(), digest_size=24).digest()
    return urlsafe_b64encode(digest).decode()


@lru_cache(maxsize=4096)
def octagon(place: int, which: int = -1) -> Polygon:
    """The outline of neighbour `which` of a place, or of a new intent there: 1 km around."""
    # Additive recurrence with the plastic number: spread evenly, never near each other.
    lat = -55.0 + 115.0 * ((0.5 + place * 0.7548776662466927) % 1.0)
    lng = -175.0 + 350.0 * ((0.5 + place * 0.5698402909980532) % 1.0)
    if which >= 0:
        away_km, turn = 0.6 * math.sqrt((which + 1) / 201), which * 2.399963
        lat += away_km * math.sin(turn) / 111.2
        lng += away_km * math.cos(turn) / 111.2 / math.cos(math.radians(lat))
    squeeze = math.cos(math.radians(lat))
    corners = []
    for k in range(8):
        turn = (k + 0.5) * math.pi / 4
        away = math.sin(turn) / 111.2, math.cos(turn) / 111.2 / squeeze
        corners.append((round(lat + away[0], 7), round(lng + away[1], 7)))
    return Polygon(tuple(corners))


def _hull(place: int, which: int) -> tuple[int, ...]:
    return extent_of([Volume4D(octagon(place, which), LOWER_M, UPPER_M, 0, 1)]).hull


def _entity(
    number: int, hull: tuple[int, ...], start_us: int, end_us: int, subscribed: bool
) -> tuple[OperationalIntent, Subscription | None]:
    manager = uss(number)
    extent = Extent(hull, round(LOWER_M * 1000), round(UPPER_M * 1000), start_us, end_us)
    subscription = None
    if subscribed:
        subscription = Subscription(
            id=identifier("subscription", number),
            manager=manager,
            version=ovn(number)[:16],
            uss_base_url=base_url(manager),
            notify_for_operational_intents=True,
            notify_for_constraints=False,
            implicit=True,
            extent=extent,
        )
    intent = OperationalIntent(
        id=identifier("intent", number),
        manager=manager,
        version=1,
        state="Accepted",
        ovn=ovn(number),
        uss_base_url=base_url(manager),
        subscription_id=None if subscription is None else subscription.id,
        extent=extent,
    )
    return intent, subscription


def _window(place: int, start_s: int, length_s: int, neighbours: range) -> Window:
    start_us = EPOCH_US + start_s * 1_000_000
    return Window(place, start_us, start_us + length_s * 1_000_000, neighbours)


def _scattered(count: int) -> Iterator[int]:
    """Each number below `count` once, neighbours far apart."""
    step = max(1, round(count * 0.6180339887))
    while math.gcd(step, count) != 1:
        step += 1
    return (k * step % count for k in range(count))
