"""A day of recorded flights as two parties would announce it."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from detente.operations import (
    Corridor,
    Flight,
    Track,
    Trajectories,
    TrajectoryError,
    corridor_volumes,
    read_trajectories,
)

PARTIES: Final = ("Party A", "Party B")
DAY_US: Final = 86_400_000_000

_AIRLINE = re.compile(r"([A-Z]{3})[0-9]")


@dataclass(frozen=True, slots=True)
class Day:
    """The flights of a day, split between two parties.

    Attributes:
        flights: of each party, in the order of their first volume; `flight_id` is a fresh UUID.
        operators: how many flights each operator of a party has, the largest first.
        read: how the file was read.
        days_later: by how many days everything was moved, so that it lies ahead.
    """

    flights: dict[str, list[Flight]]
    operators: dict[str, list[tuple[str, int]]]
    read: Trajectories
    days_later: int

    @property
    def volumes(self) -> int:
        """Volumes of all flights together."""
        return sum(len(f.volumes) for flights in self.flights.values() for f in flights)


def operator(name: str) -> str:
    """The operator that a callsign names: an ICAO airline code, or the callsign itself."""
    found = _AIRLINE.match(name)
    return found.group(1) if found else name


def parties_of(operators: Counter[str]) -> dict[str, str]:
    """Which party each operator flies for: by turns from the largest to the smallest."""
    ordered = sorted(operators.items(), key=lambda item: (-item[1], item[0]))
    return {name: PARTIES[i % 2] for i, (name, _) in enumerate(ordered)}


def read_day(path: Path, corridor: Corridor, now_us: int, most: int | None = None) -> Day:
    """Read a day, split it by operator, move it to tomorrow, and lay corridors along it.

    Args:
        path: trajectories, as `read_trajectories` reads them.
        corridor: the room that each flight announces around its track.
        now_us: µs since 1970.
        most: how many flights to take, the first in the file; all by default.

    Raises:
        TrajectoryError, CorridorError.
    """
    read = read_trajectories(path)
    taken = read.flights[:most]
    if not taken:
        raise TrajectoryError("No flight is left of it.", where=str(path))
    owner = parties_of(Counter(operator(flight.name) for flight in taken))
    shift_us = _shift_us(taken, now_us, corridor)
    flights: dict[str, list[Flight]] = {party: [] for party in PARTIES}
    counts: dict[str, Counter[str]] = {party: Counter() for party in PARTIES}
    for flight in taken:
        if flight.track is None or len(flight.track) == 0:
            continue
        name = operator(flight.name)
        party = owner[name]
        counts[party][name] += 1
        track = replace(flight.track, time_us=flight.track.time_us + shift_us)
        flights[party].append(
            Flight(
                str(uuid.uuid4()),
                flight.name,
                party,
                corridor_volumes(track, corridor),
                track,
            )
        )
    for own in flights.values():
        own.sort(key=lambda flight: (flight.volumes[0].time_start_us or 0, flight.name))
    return Day(
        flights,
        {party: counts[party].most_common() for party in PARTIES},
        read,
        shift_us // DAY_US,
    )


def _shift_us(flights: Sequence[Flight], now_us: int, corridor: Corridor) -> int:
    """Whole days, so that the first flight begins at its time of day tomorrow."""
    first_us = min(_start_us(f.track) for f in flights if f.track is not None and len(f.track))
    first_us -= round(corridor.time_s * 1e6)
    return (now_us // DAY_US + 1 - first_us // DAY_US) * DAY_US


def _start_us(track: Track) -> int:
    return int(track.time_us[0])
