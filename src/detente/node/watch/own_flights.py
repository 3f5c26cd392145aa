"""Our own flights among all that is watched: a monitor of their conformance, and what it finds.

It works on the thread that watches; what is declared comes from the node's loop, and what it finds
goes back there.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from detente.watch import (
    ConformanceMonitor,
    ConformanceRules,
    Event,
    Grade,
    Margins,
    Monitor,
    OwnVolumes,
    Proposal,
    Standing,
    Tracked,
)

from .sightings import Sighting, Thinning

SIGHTINGS_MAX: Final = 100_000
"""Positions that wait to be handed on; the oldest make room."""


class OwnFlights(Monitor):
    """Watches flights whose plans name their aircraft; while there are none it does nothing.

    Args:
        rules: of conformance.
        found: called, on the thread that watches, when a flight leaves its volumes or comes back,
            or something is to be declared of it.
    """

    def __init__(self, rules: ConformanceRules, found: Callable[[], None]) -> None:
        self._monitor = ConformanceMonitor((), rules)
        self._found = found
        self._turn = threading.Lock()
        self._proposals: deque[Proposal] = deque()
        self._sightings: deque[Sighting] = deque(maxlen=SIGHTINGS_MAX)
        self._thinning = Thinning()

    def declare(
        self, own: Sequence[OwnVolumes], standing: Mapping[str, Standing]
    ) -> Sequence[Event]:
        """See `ConformanceMonitor.declare`; waits while positions are looked at."""
        with self._turn:
            self._thinning.forget({each.operation for each in own})
            for each in own:
                known = standing.get(each.operation)
                if known is not None:  # whatever is told next is told of a flight in that state
                    self._proposals.append(
                        Proposal(
                            each.aircraft,
                            each.operation,
                            known.state,
                            known.nonconforming_us or 0,
                            Grade.CANNOT_BE_TOLD,
                            "",
                        )
                    )
            return self._monitor.declare(own, standing)

    def look(self, now_us: int) -> None:
        """What time alone makes due, of a flight that is silent; waits as `declare` does."""
        with self._turn:
            self._proposals.extend(self._monitor.proposals(now_us))

    def proposals(self) -> list[Proposal]:
        """What is to be declared since this was asked last; at once, from any thread."""
        return [self._proposals.popleft() for _ in range(len(self._proposals))]

    def sightings(self) -> list[Sighting]:
        """Where our aircraft were since this was asked last; at once, from any thread."""
        return [self._sightings.popleft() for _ in range(len(self._sightings))]

    def take(self, tracked: Tracked) -> list[Event]:
        """See `Monitor`."""
        with self._turn:
            if not self._monitor.own or not len(tracked):
                return []
            margins = self._monitor.margins(tracked)
            events = self._monitor.judge(tracked, margins)
            due = self._monitor.proposals()
            self._proposals.extend(due)
            self._see(tracked, margins)
        if events or due:
            self._found()
        return events

    def close(self) -> list[Event]:
        """See `Monitor`."""
        with self._turn:
            return self._monitor.close()

    def snapshot(self) -> bytes:
        """See `Monitor`."""
        with self._turn:
            return self._monitor.snapshot()

    def restore(self, snapshot: bytes) -> None:
        """See `Monitor`."""
        with self._turn:
            self._monitor.restore(snapshot)

    def _see(self, tracked: Tracked, margins: Margins) -> None:
        own, reports = self._monitor.own, tracked.reports
        for at in np.lexsort((np.arange(len(margins.row)), reports.time_us[margins.row])).tolist():
            row, inside = int(margins.row[at]), bool(margins.inside[at])
            plan, time_us = own[int(margins.owner[at])].operation, int(reports.time_us[row])
            if not self._thinning.wants(plan, time_us, inside=inside):
                continue
            self._sightings.append(
                Sighting(
                    plan,
                    time_us,
                    float(reports.lat_deg[row]),
                    float(reports.lng_deg[row]),
                    float(reports.altitude_m[row]),
                    float(reports.speed_m_s[row]),
                    float(reports.track_deg[row]),
                    float(reports.horizontal_m[row]),
                    float(reports.vertical_m[row]),
                    inside,
                )
            )
