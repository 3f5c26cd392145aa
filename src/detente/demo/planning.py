"""A party of the demonstration plans its day: through its own node, flight by flight.

What a dispatcher would do: file the flight as it is wanted; if it is refused, file the cheapest of
the ways out that the node proposes. Whoever files at the same moment may take the room first: then
it is asked again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import numpy as np

from detente.demo.agreeing import Signatory
from detente.demo.officers import Session
from detente.demo.planning_text import GROUNDED
from detente.demo.turns import Turns
from detente.errors import DetenteError
from detente.f3548 import types as wire
from detente.f3548 import volume_of, volume_on_wire
from detente.geo import conflicting_pairs, projection
from detente.operations import Change, CheckResult, Flight, Track, check
from detente.operations.instants import format_instant, parse_instant
from detente.words import Words

APART_M: Final = 100.0
APART_HEIGHT_M: Final = 15.0
CROWDED: Final = "plan.rounds"
"""Code of a plan that failed because too much was being changed around it."""
ROUNDS_MAX: Final = 20
"""How often a flight is filed before it stays on the ground."""


class PlanningFailed(DetenteError):
    """A node could not plan, or what it planned is not what it must be."""

    code = "demo.planning_failed"


@dataclass(frozen=True, slots=True)
class Met:
    """Another's plan that stood in the way of a flight.

    Attributes:
        other: id of the other flight.
        manager: whose it is.
        source: id of the entry, in our record, of the message that told of it; "" if our own.
    """

    other: str
    manager: str
    source: str


@dataclass(frozen=True, slots=True)
class Taken:
    """The way out that was taken.

    Attributes:
        kind: as the node calls it, such as `later`.
        words: what was changed.
        delay_s, climb_m, shift_m, extra_distance_m: what it costs; see `planning.WayOut`.
    """

    kind: str
    words: Words
    delay_s: float
    climb_m: float
    shift_m: float
    extra_distance_m: float


@dataclass(slots=True)
class Placed:
    """What became of a flight.

    Attributes:
        wanted: as it was to be flown.
        now: as it was accepted; None if it stays on the ground.
        taken: the way out, if it was not accepted as it was wanted.
        filed: how often it was filed.
        met: what refused it when it was filed as it was wanted.
    """

    wanted: Flight
    now: Flight | None = None
    taken: Taken | None = None
    filed: int = 0
    met: dict[str, Met] = field(default_factory=dict)

    @property
    def change(self) -> Change | None:
        """The change of it, for the report; None if it flies as it was wanted."""
        if self.now is not None and self.taken is None:
            return None
        return Change(self.wanted, self.now, GROUNDED if self.taken is None else self.taken.words)


class Planner:
    """One party, its node, and an officer of it who plans.

    Args:
        party: whose.
        officer: a session at its node.
    """

    def __init__(self, party: Signatory, officer: Session) -> None:
        self.party = party
        self.placed: dict[str, Placed] = {}
        self._officer = officer

    async def plan_all(
        self, flights: Sequence[Flight], turns: Turns, at_once: int, progress: Callable[[], None]
    ) -> None:
        """Plan flights, some at a time, each when it is its turn.

        Args:
            flights: in the order in which they begin.
            turns: of all parties' flights.
            at_once: how many the party has in the works at one time.
            progress: called after each.

        Raises:
            PlanningFailed: the node could not.
            NodeRefused, httpx.TransportError: it did not let the officer, or is away.
        """
        waiting = iter(flights)

        async def work() -> None:
            for flight in waiting:
                async with turns.turn(flight):
                    self.placed[flight.flight_id] = await self._plan(flight)
                progress()

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(work())

    async def _plan(self, flight: Flight) -> Placed:
        placed = Placed(flight)
        wanted = body_of(flight)
        body = wanted
        taken: Taken | None = None
        while placed.filed < ROUNDS_MAX:
            placed.filed += 1
            # Of a way out that is refused, somebody else was quicker: it is begun anew.
            query = None if taken is None else {"ways_out": "0"}
            outcome = await self._officer.post("/plans", body, query)
            if any(each["code"] == CROWDED for each in outcome["faults"]):
                continue  # others file there at this moment: the node says to try again
            if outcome["result"] == "failed":
                raise PlanningFailed(
                    f"the node of {self.party.name} could not plan {flight.name}: "
                    + "; ".join(each["words"]["en"] for each in outcome["faults"])
                )
            if outcome["result"] == "done":
                placed.taken = taken
                placed.now = flight if taken is None else _as_planned(flight, outcome["plan"])
                break
            refusing = [each for each in outcome["conflicts"] if not each["allowed"]]
            if not refusing:
                raise PlanningFailed(
                    f"{flight.name} of {self.party.name} is refused without a conflict: "
                    + "; ".join(each["words"]["en"] for each in outcome["faults"])
                )
            if taken is None:
                placed.met |= {
                    each["with"]: Met(each["with"], each["manager"], each["source"])
                    for each in refusing
                }
                if not outcome["ways_out"]:
                    break
                way = outcome["ways_out"][0]
                body, taken = {**way["plan"], "id": flight.flight_id}, _taken(way)
            else:
                # Somebody else took the room first: begin anew from what was wanted.
                body, taken = wanted, None
        return placed


def body_of(flight: Flight) -> dict[str, Any]:
    """A flight as the node's interface takes it."""
    track: list[Any] = []
    if flight.track is not None:
        planned = thinned(flight.track)
        columns = (
            planned.time_us.tolist(),
            planned.lat_deg.tolist(),
            planned.lng_deg.tolist(),
            planned.altitude_m.tolist(),
        )
        track = [[format_instant(at), *where] for at, *where in zip(*columns, strict=True)]
    return {
        "id": flight.flight_id,
        "name": flight.name,
        "operator": flight.name[:3],
        "priority": flight.priority,
        "volumes": [msgspec.to_builtins(volume_on_wire(each)) for each in flight.volumes],
        "track": track,
    }


def thinned(track: Track) -> Track:
    """The points that a flight plan would name: between them, everything is nearly straight.

    A radar writes down where an aircraft is every few seconds. Left out is what lies within 100 m
    and 15 m of height of where the rest would have it at that time.
    """
    metres = np.column_stack(
        (
            projection.ecef(track.lat_deg, track.lng_deg) / APART_M,
            track.altitude_m / APART_HEIGHT_M,
        )
    )
    keep = np.zeros(len(track), bool)
    keep[[0, -1]] = True
    spans = [(0, len(track) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        part = (track.time_us[first : last + 1] - track.time_us[first]) / (
            track.time_us[last] - track.time_us[first]
        )
        straight = metres[first] + part[:, None] * (metres[last] - metres[first])
        off = np.abs(metres[first : last + 1] - straight).max(axis=1)
        farthest = int(off.argmax())
        if off[farthest] > 1.0:
            keep[first + farthest] = True
            spans += [(first, first + farthest), (first + farthest, last)]
    return Track(
        track.time_us[keep], track.lat_deg[keep], track.lng_deg[keep], track.altitude_m[keep]
    )


def _as_planned(flight: Flight, plan: Mapping[str, Any]) -> Flight:
    """A flight as the node has it."""
    volumes = msgspec.convert(plan["volumes"], list[wire.Volume4D])
    track = None
    if plan["track"]:
        times, lats, lngs, heights = zip(*plan["track"], strict=True)
        track = Track(
            np.array([parse_instant(each) for each in times], np.int64),
            np.array(lats, np.float64),
            np.array(lngs, np.float64),
            np.array(heights, np.float64),
        )
    return Flight(
        flight.flight_id,
        flight.name,
        flight.party,
        tuple(volume_of(each, f"volumes[{i}]") for i, each in enumerate(volumes)),
        track,
        flight.priority,
    )


def _taken(way: Mapping[str, Any]) -> Taken:
    return Taken(
        way["kind"],
        Words(way["words"]["en"], way["words"]["fr"]),
        way["delay_s"],
        way["climb_m"],
        way["shift_m"],
        way["extra_distance_m"],
    )


@dataclass(frozen=True, slots=True)
class Result:
    """What both parties' planning came to.

    Attributes:
        placed: every flight, by its id.
        after: what a direct comparison of all accepted flights finds: nothing.
        rightly: refusals of flights as they were wanted, each of them right.
        seconds: how long the planning took.
    """

    placed: Mapping[str, Placed]
    after: CheckResult
    rightly: int
    seconds: float

    @property
    def changes(self) -> list[Change]:
        """Flights that are planned otherwise than they were wanted."""
        return [made for each in self.placed.values() if (made := each.change) is not None]

    def kinds(self) -> Counter[str]:
        """How many flights took which kind of way out."""
        return Counter(each.taken.kind for each in self.placed.values() if each.taken is not None)


def judge(planners: Sequence[Planner], seconds: float) -> Result:
    """Compare everything that was accepted directly, and every refusal with what refused it.

    Raises:
        PlanningFailed: accepted flights meet, or a flight was refused because of one that it does
            not meet.
    """
    placed = {key: each for planner in planners for key, each in planner.placed.items()}
    accepted = [each.now for each in placed.values() if each.now is not None]
    after = check(accepted, [], within_own=True)
    if after.conflicts:
        first = after.conflicts[0]
        raise PlanningFailed(
            f"{len(after.conflicts)} pairs of accepted flights meet, such as {first.own.name} and "
            f"{first.other.name}"
        )
    rightly = 0
    for each in placed.values():
        for met in each.met.values():
            other = placed[met.other].now
            if other is None or not len(conflicting_pairs(each.wanted.volumes, other.volumes)[0]):
                raise PlanningFailed(
                    f"{each.wanted.name} was refused because of {placed[met.other].wanted.name}, "
                    "which it does not meet"
                )
        rightly += bool(each.met)
    return Result(placed, after, rightly, seconds)
