"""Who was too close to whom is found, and nobody else: against their ways, sampled finely."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.support.straight_flights import Flight, reports_of

from detente.watch import Declarations, Declared, Grade, SeparationMonitor, SeparationRules, Tracks

NAMES = tuple(f"{number:06x}" for number in range(8))
PARTIES = Declarations(
    Declared(aircraft=name, party="abc"[number % 3]) for number, name in enumerate(NAMES)
)
NEAR_M, LEVEL_M = 2000.0, 300.0


PLANE_M = 25.0
"""The oracle's ways lie in a plane; two kilometres are so wrong thirty from its middle."""


def flights(seed: int) -> list[Flight]:
    rng = np.random.default_rng(seed)
    found = []
    for name in NAMES:
        course, speed = rng.uniform(0, 2 * math.pi), rng.choice([0.0, 60.0, 240.0])
        found.append(
            Flight(
                name,
                rng.normal() * 8000,
                rng.normal() * 8000,
                speed * math.sin(course),
                speed * math.cos(course),
                rng.uniform(2000, 3000),
                rng.choice([0.0, rng.uniform(-8, 8)]),
                end=120,
            )
        )
    return found


def room(one: Flight, other: Flight, until_s: float) -> float:
    """How far within both distances they were at best by then, metres; below zero: never."""
    t = np.arange(0, until_s, 0.02)
    apart = np.hypot(
        other.x - one.x + (other.vx - one.vx) * t, other.y - one.y + (other.vy - one.vy) * t
    )
    height = np.abs(other.altitude - one.altitude + (other.climb - one.climb) * t)
    return float(np.max(np.minimum(NEAR_M - apart, LEVEL_M - height)))


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1.0, 5.0]), st.sampled_from([0.0, 60.0]))
@example(870, 5.0, 0.0)
def test_those_who_were_too_close_are_found(seed: int, step: float, ahead: float) -> None:
    flying = flights(seed)
    rules = SeparationRules(
        horizontal_m=NEAR_M,
        vertical_m=LEVEL_M,
        step_s=step,
        look_ahead_s=ahead,
        clear_s=300,
    )
    monitor = SeparationMonitor(rules, PARTIES)
    events = [*monitor.take(Tracks().take(reports_of(flying))), *monitor.close()]
    last = {(each.aircraft, each.other): each for each in events}
    for i, one in enumerate(flying):
        for other in flying[i + 1 :]:
            event = last.pop((one.name, other.name), None)
            if PARTIES.of(one.name).party == PARTIES.of(other.name).party:
                assert event is None
                continue
            if room(one, other, 118) > PLANE_M:
                assert event is not None
                assert event.entry is not None
                assert event.grade is not Grade.REFUTED
            # The last look covers what follows up to the one that would have been next.
            elif room(one, other, 120 + step) < -PLANE_M:
                assert event is None or event.entry is None
            if event is not None and event.entry is not None and event.distance_m is not None:
                assert event.distance_m.value <= NEAR_M + PLANE_M
    assert not last
