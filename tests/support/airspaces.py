"""Plans and neighbours laid out on the ground, for tests and benchmarks of ways out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from detente.f3548 import time_of
from detente.f3548 import types as wire
from detente.geo import Volume4D, projection
from detente.operations import Corridor, Track, corridor_volumes
from detente.planning import Action, Details, Neighbour, Order, State

NOW_US = int(datetime(2026, 6, 1, 8, 0, tzinfo=UTC).timestamp()) * 1_000_000
START_US = NOW_US + 3_600_000_000
ROOM = Corridor(half_width_m=300.0, vertical_m=50.0, time_s=30.0)


def uuid4(rng: random.Random) -> str:
    """A made-up version-4 UUID."""
    digits = f"{rng.getrandbits(128):032x}"
    text = f"{digits[:12]}4{digits[13:16]}{rng.choice('89ab')}{digits[17:]}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def flown(
    lat: float,
    lng: float,
    course_deg: float,
    *,
    legs: int = 20,
    leg_s: int = 120,
    speed_m_s: float = 25.0,
    altitude_m: float = 500.0,
    start_us: int = START_US,
    bend_deg: float = 0.0,
) -> Track:
    """A track through a place at half its time, straight or bending evenly."""
    course, places = course_deg, [(lat, lng)]
    step_m = leg_s * speed_m_s
    for _ in range(legs):
        to_lat, to_lng = projection.direct(
            np.array([places[-1][0]]), np.array([places[-1][1]]), np.array([course]),
            np.array([step_m]),
        )  # fmt: skip
        places.append((float(to_lat[0]), float(to_lng[0])))
        course += bend_deg
    middle = places[legs // 2]
    points = np.array(places)
    # the whole is moved back so that its middle is at the place
    return Track(
        (start_us + np.arange(legs + 1) * leg_s * 1_000_000).astype(np.int64),
        points[:, 0] - middle[0] + lat,
        points[:, 1] - middle[1] + lng,
        np.full(legs + 1, altitude_m),
    )


def positions(track: Track) -> tuple[tuple[int, float, float, float], ...]:
    """A track as an order has it."""
    return tuple(
        zip(
            track.time_us.tolist(),
            track.lat_deg.tolist(),
            track.lng_deg.tolist(),
            track.altitude_m.tolist(),
            strict=True,
        )
    )


def plan(
    volumes: Sequence[Volume4D],
    *,
    track: Track | None = None,
    priority: int = 0,
    rng: random.Random | None = None,
) -> Order:
    """An order to plan something new."""
    return Order(
        Action.PLAN,
        uuid4(rng or random.Random(1)),
        State.ACCEPTED,
        Details(tuple(volumes), priority=priority),
        NOW_US,
        track=() if track is None else positions(track),
    )


def along(track: Track, room: Corridor = ROOM, *, priority: int = 0) -> Order:
    """An order to fly a track with room around it."""
    return plan(corridor_volumes(track, room), track=track, priority=priority)


def neighbour(
    volumes: Sequence[Volume4D],
    rng: random.Random,
    *,
    priority: int = 0,
    state: State = State.ACCEPTED,
) -> Neighbour:
    """Another's intent, fully known."""
    start = min(each.time_start_us or 0 for each in volumes)
    end = max(each.time_end_us or 0 for each in volumes)
    reference = wire.OperationalIntentReference(
        id=uuid4(rng),
        manager="other",
        uss_availability="Normal",
        version=1,
        state=state.value,
        time_start=time_of(start),
        time_end=time_of(end),
        uss_base_url="https://other.example/uss",
        subscription_id=uuid4(rng),
        ovn="o" * 20,
    )
    return Neighbour("home", reference, Details(tuple(volumes), priority=priority))


def crossing(count: int, rng: random.Random, *, lat: float = 46.0, lng: float = 7.0) -> list[Track]:
    """Tracks that cross each other's way near a place, at about the same time and height."""
    return [
        flown(
            lat + rng.uniform(-0.08, 0.08),
            lng + rng.uniform(-0.1, 0.1),
            rng.uniform(0, 360),
            altitude_m=500 + rng.uniform(-60, 60),
            start_us=START_US + rng.randrange(-600, 600) * 1_000_000,
        )
        for _ in range(count)
    ]
