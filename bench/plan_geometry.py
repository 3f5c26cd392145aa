"""What planning computes: conflicts of long plans, one plan among many, ways out of a refusal.

    python -m bench.plan_geometry [--rounds 15]

Naive is what a first version would do, in the same run: each volume against each, times and
altitudes compared one by one, outlines as shapely polygons in a plane around the first of them.
It knows no geodesics and keeps nothing. For ways out it tries step after step in the same way.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import shapely
from tests.support.airspaces import NOW_US, ROOM, along, crossing, flown, neighbour

from bench.line import load, verdict
from detente.geo import (
    Circle,
    Volume4D,
    circle_polygon,
    conflicting_pairs,
    conflicts,
    prepare,
    projection,
    warm_up,
)
from detente.operations import StretchLimits, corridor_volumes
from detente.planning import Neighbour, Order, PlanningRules
from detente.planning.costs import Costs, Limits
from detente.planning.decision import decide
from detente.planning.known import Neighbourhood
from detente.planning.ways_out import Kind, ways_out

RULES = PlanningRules()
LIMITS = Limits(lowest_m=0.0)
SHORT = StretchLimits(duration_s=60.0)


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds."""

    median: float
    worst: float


def timed(work: Callable[[], object], rounds: int) -> Timed:
    """How long something takes once it has been done before."""
    work()
    took = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        took.append((time.perf_counter() - begin) * 1000)
    return Timed(statistics.median(took), max(took))


def shape_of(volume: Volume4D, lat: float, lng: float) -> shapely.Polygon:
    """An outline in a plane."""
    outline = volume.outline
    if isinstance(outline, Circle):
        outline = circle_polygon(outline, 72)
    corners = np.array(outline.vertices)
    x, y, _ = projection.project(lat, lng, corners[:, 0].copy(), corners[:, 1].copy())
    return shapely.Polygon(np.column_stack((x, y)))


def naive_pairs(one: Sequence[Volume4D], two: Sequence[Volume4D]) -> list[tuple[int, int]]:
    """Pairs that meet, as a first version would look for them."""
    found = []
    for i, a in enumerate(one):
        for j, b in enumerate(two):
            if (a.time_start_us or 0) > (b.time_end_us or 0):
                continue
            if (b.time_start_us or 0) > (a.time_end_us or 0):
                continue
            if (a.altitude_lower_m or 0) > (b.altitude_upper_m or 0):
                continue
            if (b.altitude_lower_m or 0) > (a.altitude_upper_m or 0):
                continue
            first = a.outline
            lat, lng = (
                (first.lat_deg, first.lng_deg) if isinstance(first, Circle) else first.vertices[0]
            )
            if shape_of(a, lat, lng).intersects(shape_of(b, lat, lng)):
                found.append((i, j))
    return found


def long_plan(course_deg: float, *, lat: float = 46.0, count: int = 200) -> tuple[Volume4D, ...]:
    """A winding flight of so many volumes."""
    track = flown(lat, 7.0, course_deg, legs=count, leg_s=60, bend_deg=1.5)
    volumes = corridor_volumes(track, ROOM, SHORT)
    assert len(volumes) == count
    return volumes


def conflicted(count: int, rng: random.Random) -> tuple[Order, list[Neighbour]]:
    """An order that exactly so many neighbours refuse, and those."""
    order = along(flown(46.0, 7.0, 80.0))
    others: list[Neighbour] = []
    while len(others) < count:
        for track in crossing(20, rng):
            other = neighbour(corridor_volumes(track, ROOM), rng)
            if len(others) < count and decide(order, [other], RULES):
                others.append(other)
    return order, others


def naive_ways(order: Order, others: Sequence[Neighbour]) -> None:
    """The next minute later and the next ten metres higher that are free, step after step."""
    there = [each for other in others if other.details for each in other.details.volumes]
    own = order.details.volumes
    for minutes in range(1, 241):
        shift = minutes * 60_000_000
        moved = [
            replace(
                each,
                time_start_us=(each.time_start_us or 0) + shift,
                time_end_us=(each.time_end_us or 0) + shift,
            )
            for each in own
        ]
        if not naive_pairs(moved, there):
            break
    for steps in range(1, 151):
        raised = [
            replace(
                each,
                altitude_lower_m=(each.altitude_lower_m or 0) + steps * 10,
                altitude_upper_m=(each.altitude_upper_m or 0) + steps * 10,
            )
            for each in own
        ]
        if not naive_pairs(raised, there):
            break


def row(what: str, took: Timed, limit_ms: float, naive: Timed | None) -> None:
    """Print one line of the table."""
    ratio = "" if naive is None else f"{naive.median:,.0f} (x {naive.median / took.median:,.0f})"
    print(
        f"| {what} | {took.median:.2f} | {took.worst:.2f} | {ratio} | "
        f"< {limit_ms:g}: **{verdict(took.median < limit_ms)}** |",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.plan_geometry")
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    warm_up()
    print(f"Milliseconds; load {load()}:\n")
    print("| what | median | worst | naive, median | target |\n|---|---|---|---|---|")

    # every volume of one meets two or three of the other, for 200 minutes
    one, two = long_plan(60.0), long_plan(60.0, lat=46.001)
    pairs = list(zip(*(each.tolist() for each in conflicting_pairs(one, two)), strict=True))
    assert len(pairs) >= 400
    assert set(pairs) == set(naive_pairs(one, two))
    naive = timed(lambda: naive_pairs(one, two), 1)
    row(
        f"two intents of 200 volumes each, both new; {len(pairs)} pairs meet",
        timed(lambda: conflicting_pairs(one, two), rounds), 2.0, naive,
    )  # fmt: skip
    known = prepare(two)
    row(
        "the same, with where, when and how high each pair meets; the second is known",
        timed(lambda: conflicts(one, known), rounds), 2.0, naive,
    )  # fmt: skip
    apart = long_plan(-30.0)
    row(
        "two intents of 200 volumes that cross",
        timed(lambda: conflicting_pairs(one, apart), rounds), 2.0,
        timed(lambda: naive_pairs(one, apart), 1),
    )  # fmt: skip

    rng = random.Random(1)
    stored = Neighbourhood()
    volumes: list[Volume4D] = []
    for track in crossing(500, rng):
        other = neighbour(corridor_volumes(track, ROOM), rng)
        stored.learn(other)
        assert other.details is not None
        volumes += other.details.volumes
    plan = along(flown(46.0, 7.0, 80.0)).details.volumes
    found = len(stored.meeting(plan))
    row(
        f"an intent of {len(plan)} volumes against {len(volumes):,} stored ones of 500 intents, "
        f"all near; it meets {found} of them",
        timed(lambda: stored.meeting(plan), rounds), 20.0,
        timed(lambda: naive_pairs(plan, volumes), 1),
    )  # fmt: skip
    everything = prepare(volumes)
    row(
        f"an intent of 200 volumes against the same {len(volumes):,}",
        timed(lambda: conflicting_pairs(one, everything), rounds), 20.0,
        timed(lambda: naive_pairs(one, volumes), 1),
    )  # fmt: skip

    for count in (1, 20):
        order, others = conflicted(count, random.Random(count))
        kinds = [each.kind for each in ways_out(order, others, RULES, LIMITS, Costs(), NOW_US)]
        assert Kind.HIGHER in kinds
        row(
            f"ways out of {count} conflicts: {', '.join(kinds)}",
            timed(partial(ways_out, order, others, RULES, LIMITS, Costs(), NOW_US), rounds),
            300.0,
            timed(partial(naive_ways, order, others), 1),
        )


if __name__ == "__main__":
    main()
