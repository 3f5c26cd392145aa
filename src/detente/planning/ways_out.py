"""Ways out: the smallest changes that make a refused plan fly.

Later or earlier, higher or lower, aside, around, or two of these together when none alone is
enough. Each is the smallest of its kind: no smaller multiple of the steps in `Limits` clears every
conflict that the rules refuse. Each is checked again, whole, by the same functions that decide a
plan when it is filed (`decision`, `validation`), against everything that is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeVar

import numpy as np

from detente.geo import Prepared
from detente.operations import Corridor
from detente.planning.changes import Change, Kind, WayOut
from detente.planning.costs import Costs, Limits
from detente.planning.intents import Neighbour, Order, PlanningRules
from detente.planning.known import lay_out
from detente.planning.search import Search
from detente.planning.shifts import (
    climbs_worth,
)
from detente.planning.validation import faults_of

__all__ = ["Kind", "WayOut", "ways_out"]

_BESIDE: Final = 6
"""Climbs, descents and times tried together with a push aside."""


def ways_out(
    order: Order,
    others: Sequence[Neighbour],
    rules: PlanningRules,
    limits: Limits,
    costs: Costs,
    now_us: int,
    *,
    corridor: Corridor | None = None,
    prepared: Callable[[Neighbour], Prepared] = lay_out,
) -> tuple[WayOut, ...]:
    """The smallest changes of a refused order that would be accepted, the cheapest first.

    Args:
        order: what was refused; nothing of it is changed but details and track.
        others: all that is known of others, our own other intents among them.
        corridor: how much room the flight needs around its track, for ways around; by default it
            is measured from the volumes.
        prepared: gives a neighbour's volumes laid out (`Neighbourhood.prepared`); by default they
            are laid out here, which costs more than the rest when there are hundreds.

    Returns:
        At most one of each kind; a combined one only when no other is found. Empty if nothing
        refuses the order, it has faults of its own, or nothing within the limits helps.

    Raises:
        OutlineTooLarge: when others' outlines reach too far to be compared.

    An aircraft that flies already (the intent stands as Activated or beyond) cannot wait or jump
    aside: what is left is to climb or descend out of the volume it is in, and to fly around.
    """
    if faults_of(order, rules, now_us):
        return ()
    search = Search(order, others, rules, limits, costs, now_us, prepared)
    if not search.refused:
        return ()
    found = list(search.alone(corridor)) or list(_together(search))
    ways = [each.way_out(order.details, costs) for each in found]
    return tuple(sorted(ways, key=lambda each: (each.cost, list(Kind).index(each.kind))))


def _together(search: Search) -> Iterator[Change]:
    """The cheapest two changes that are accepted together."""
    tried = sorted(_in_time_and_altitude(search), key=lambda each: each.cost(search.costs))
    best = next((each for each in tried if search.accepted(each.volumes)), None)
    if not search.airborne:
        for base in _beside(search):
            left = search.costs.of(0.0, 0.0, search.limits.shift_max_m, 0.0)
            most_m = search.limits.shift_max_m
            if best is not None and left > 0:
                room = best.cost(search.costs) - base.cost(search.costs)
                most_m = min(most_m, most_m * room / left)
            if most_m < search.limits.step_aside_m:
                continue
            found = search.aside(base, most_m)
            if found is not None and search.accepted(found.volumes):
                best = found
    if best is not None:
        yield best


def _in_time_and_altitude(search: Search) -> Iterator[Change]:
    """For each of the four quarters, the cheapest pair of a shift and a climb."""
    everything = np.ones(len(search.ground.first), np.bool_)
    for up in (1, -1):
        climbs = search.up if up > 0 else search.down
        for later in (1, -1):
            best: Change | None = None
            for climb_m in climbs_worth(
                search.ground, everything, up, climbs,
                search.limits.step_m, search.climb_max_m(up),
            ):  # fmt: skip
                alone = search.costs.of(0.0, climb_m, 0.0, 0.0)
                if best is not None and alone >= best.cost(search.costs):
                    break
                shift_us = search.time_shift(later, climb_m, climbs)
                if shift_us is None:
                    continue
                if best is None or search.costs.of(shift_us / 1e6, climb_m, 0.0, 0.0) < best.cost(
                    search.costs
                ):
                    best = search.changed(shift_us, climb_m)
            if best is not None:
                yield best


def _beside(search: Search) -> Iterator[Change]:
    """Changes in time or altitude that clear some of what is met, the cheapest first."""
    ground = search.ground
    bases: list[Change] = []
    for up in (1, -1):
        climbs = search.up if up > 0 else search.down
        worth = list(
            climbs_worth(
                ground, ground.at_time(0), up, climbs,
                search.limits.step_m, search.climb_max_m(up),
            )
        )  # fmt: skip
        bases += [search.changed(0, each) for each in _some(worth)]
    meets = ground.at_altitude(0.0, search.up)
    step = search.limits.step_s * 1_000_000
    for later in (1, -1):
        clear = ground.time_high[meets] if later > 0 else -ground.time_low[meets]
        shifts = [
            later * shift
            for shift in np.unique((clear // step + 1) * step).tolist()
            if shift > 0 and any(a <= later * shift <= b for a, b in search.spans)
        ]
        bases += [search.changed(each, 0.0) for each in _some(shifts)]
    bases.sort(key=lambda each: each.cost(search.costs))
    return (replace(each, kind=Kind.COMBINED) for each in bases)


Value = TypeVar("Value", int, float)


def _some(values: list[Value]) -> list[Value]:
    """A few of many, the least and the greatest among them."""
    if len(values) <= _BESIDE:
        return values
    return [values[round(k * (len(values) - 1) / (_BESIDE - 1))] for k in range(_BESIDE)]
