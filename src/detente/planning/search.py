"""The search for the smallest change of a plan of each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final

import numpy as np

from detente.f3548 import time_us
from detente.geo import Prepared, Sheet, Volume4D, conflicting_pairs, mean_course_deg, prepare
from detente.operations import Corridor, Track
from detente.planning.changes import Change, Kind, Position
from detente.planning.costs import Costs, Limits
from detente.planning.decision import decide, refused_if_met
from detente.planning.intents import Neighbour, Order, PlanningRules, State
from detente.planning.known import lay_out
from detente.planning.planes import measured_corridor
from detente.planning.routes import Detour, around
from detente.planning.shifts import (
    Climbing,
    Ground,
    Push,
    Span,
    climbing,
    smallest_climb,
    smallest_push,
    smallest_shift,
)
from detente.planning.validation import faults_of

_COMPASS_DEG: Final = tuple(45.0 * k for k in range(8))
_DAY_US: Final = 86_400_000_000
_ALTITUDE_LEAST_M, _ALTITUDE_MOST_M = -8_000.0, 100_000.0


class Search:
    """One order between those that it must not meet."""

    def __init__(
        self,
        order: Order,
        others: Sequence[Neighbour],
        rules: PlanningRules,
        limits: Limits,
        costs: Costs,
        now_us: int,
        prepared: Callable[[Neighbour], Prepared] = lay_out,
    ) -> None:
        self.order, self.others, self.rules = order, tuple(others), rules
        self.limits, self.costs, self.now_us = limits, costs, now_us
        self.volumes = order.details.volumes
        self.own = prepare(self.volumes)
        self.airborne = order.before is not None and order.before.state is not State.ACCEPTED
        self._laid_out = {id(each): prepared(each) for each in self.others}
        parts = [self._prepared_of(each) for each in self.others]
        self._all = Prepared.joined(parts)
        self._owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        blocking = [each for each in self.others if self._would_refuse(each)]
        self.obstacles = Prepared.joined([self._prepared_of(each) for each in blocking])
        self.unseen = [each for each in blocking if each.details is None]
        self.refused = bool(self.volumes) and not self.accepted(self.volumes)
        self.up, self.down = climbing(self.volumes, limits, now_us if self.airborne else None)

    def _prepared_of(self, neighbour: Neighbour) -> Prepared:
        return self._laid_out[id(neighbour)]

    def _would_refuse(self, neighbour: Neighbour) -> bool:
        if neighbour.id == self.order.id:
            return False
        existed = False
        if self.airborne and self.order.before is not None and neighbour.details is not None:
            stood = prepare(self.order.before.details.all_volumes)
            existed = len(conflicting_pairs(stood, self._prepared_of(neighbour))[0]) > 0
        return refused_if_met(self.order, neighbour, self.rules, existed=existed)

    def accepted(self, volumes: tuple[Volume4D, ...]) -> bool:
        """Whether the order would be, with these volumes, by all that is known."""
        details = replace(self.order.details, volumes=volumes)
        order = self.order.with_details(details)
        if faults_of(order, self.rules, self.now_us):
            return False
        # only those that are met matter, and those of which only the time is known
        met = np.unique(self._owner[conflicting_pairs(prepare(volumes), self._all)[1]])
        others = [self.others[k] for k in met.tolist()]
        begin = min((each.time_start_us or 0 for each in volumes), default=0)
        end = max((each.time_end_us or 0 for each in volumes), default=0)
        for each in self.unseen:
            begins, ends = _stands(each)
            # an exchange does not even tell of what stands at another time
            if begins <= end and begin <= ends:
                others.append(each)
        conflicts = decide(order, others, self.rules, self._prepared_of)
        return all(each.allowed for each in conflicts)

    def alone(self, corridor: Corridor | None) -> Iterator[Change]:
        """The smallest change of each kind that is accepted."""
        for found in (
            self._in_time(1),
            self._in_time(-1),
            self._in_altitude(1),
            self._in_altitude(-1),
            self.aside(),
            self._around(corridor),
        ):
            if found is not None and self.accepted(found.volumes):
                yield found

    @cached_property
    def ground(self) -> Ground:
        """All pairs that meet on the ground."""
        return Ground(self.own, self.obstacles, self.limits)

    @cached_property
    def spans(self) -> list[Span]:
        """By how much the plan may be later or earlier, µs."""
        if self.airborne:
            return []
        start, end = int(self.own.time_start_us.min()), int(self.own.time_end_us.max())
        least, most = -self.limits.advance_max_s * 1_000_000, self.limits.delay_max_s * 1_000_000
        least = max(least, min(0, self.now_us - start))
        if self.limits.earliest_us is not None:
            least = max(least, self.limits.earliest_us - start)
        if self.limits.latest_us is not None:
            most = min(most, self.limits.latest_us - end)
        most = min(most, self.now_us + self.rules.horizon_days * _DAY_US - start)
        if self.order.state is not State.ACTIVATED:
            return [(least, most)] if least <= most else []
        # who is to fly now must be in a volume now
        return [
            (max(least, self.now_us - end + 1), min(most, self.now_us - start))
            for start, end in zip(
                self.own.time_start_us.tolist(), self.own.time_end_us.tolist(), strict=True
            )
        ]

    def time_shift(self, sign: int, climb_m: float, climbs: Climbing) -> int | None:
        """The smallest shift (sign 1: later, -1: earlier), in µs, of the plan so much higher."""
        ground = self.ground
        meets = ground.at_altitude(climb_m, climbs)
        start, end = int(self.own.time_start_us.min()), int(self.own.time_end_us.max())
        low, high = [ground.time_low[meets]], [ground.time_high[meets]]
        for each in self.unseen:
            # nobody knows where it is, only when
            begins, ends = _stands(each)
            low.append(np.array([begins - end]))
            high.append(np.array([ends - start]))
        spans = [(begin, until) for begin, until in self.spans if begin <= until]
        return smallest_shift(
            np.concatenate(low), np.concatenate(high), sign,
            self.limits.step_s * 1_000_000, spans,
        )  # fmt: skip

    def climb_max_m(self, sign: int) -> float:
        """How far up or down is allowed."""
        own, limits = self.own, self.limits
        if sign > 0:
            moving = own.altitude_upper_m[self.up.upper]
            top = min(limits.highest_m, _ALTITUDE_MOST_M)
            room = top - float(moving.max()) if len(moving) else 0.0
        elif limits.lowest_m is None:
            room = 0.0
        else:
            moving = own.altitude_lower_m[self.down.lower]
            floor = max(limits.lowest_m, _ALTITUDE_LEAST_M)
            room = float(moving.min()) - floor if len(moving) else 0.0
        return min(limits.climb_max_m, room)

    def _in_time(self, sign: int) -> Change | None:
        shift_us = self.time_shift(sign, 0.0, self.up)
        return None if shift_us is None else self.changed(shift_us, 0.0)

    def _in_altitude(self, sign: int) -> Change | None:
        climbs = self.up if sign > 0 else self.down
        climb_m = smallest_climb(
            self.ground, self.ground.at_time(0), sign, climbs,
            self.limits.step_m, self.climb_max_m(sign),
        )  # fmt: skip
        return None if climb_m is None else self.changed(0, climb_m)

    def changed(self, shift_us: int, climb_m: float) -> Change:
        """The plan so much later and higher."""
        kind = Kind.COMBINED
        if climb_m == 0.0:
            kind = Kind.LATER if shift_us > 0 else Kind.EARLIER
        elif shift_us == 0:
            kind = Kind.HIGHER if climb_m > 0 else Kind.LOWER
        climbs = self.up if climb_m > 0 else self.down
        volumes = tuple(
            replace(
                each,
                time_start_us=_later(each.time_start_us, shift_us),
                time_end_us=_later(each.time_end_us, shift_us),
            )
            for each in climbs.of(self.volumes, climb_m)
        )
        track = tuple(
            (at + shift_us, lat, lng, self._height(at, altitude, climb_m))
            for at, lat, lng, altitude in self.order.track
        )
        return Change(kind, volumes, track, delay_s=shift_us / 1e6, climb_m=climb_m)

    def _height(self, at_us: int, altitude_m: float, climb_m: float) -> float:
        """A point of the track, so much higher: what was flown and what is on the ground stays."""
        floor = self.limits.lowest_m
        if (self.airborne and at_us <= self.now_us) or (floor is not None and altitude_m <= floor):
            return altitude_m
        higher = altitude_m + climb_m
        return higher if floor is None else max(higher, floor)

    @cached_property
    def azimuths_deg(self) -> tuple[float, ...]:
        """The directions aside: both sides of the way, then the compass."""
        places = self._places()
        course = mean_course_deg(places[0], places[1])
        sides = () if course is None else ((course + 90) % 360, (course - 90) % 360)
        return (*sides, *_COMPASS_DEG)

    def _places(self) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...]:
        """Latitudes and longitudes along the way."""
        if len(self.order.track) > 1:
            rows = np.array([(lat, lng) for _, lat, lng, _ in self.order.track])
        else:
            order = np.argsort(self.own.time_start_us, kind="stable")
            begin = self.own.first[order]
            rows = np.column_stack((self.own.lat_deg[begin], self.own.lng_deg[begin]))
        return rows[:, 0].copy(), rows[:, 1].copy()

    def aside(self, base: Change | None = None, most_m: float | None = None) -> Change | None:
        """The plan moved aside, perhaps changed otherwise before."""
        if self.airborne:
            return None
        start = base or Change(Kind.SIDEWAYS, self.volumes, self.order.track)
        sheet = Sheet(start.volumes if base else self.own)
        push = smallest_push(
            sheet,
            self.obstacles,
            self.azimuths_deg,
            self.limits.step_aside_m,
            self.limits.shift_max_m if most_m is None else most_m,
        )
        return None if push is None else self._pushed(start, sheet, push)

    def _pushed(self, start: Change, sheet: Sheet, push: Push) -> Change:
        track: tuple[Position, ...] = ()
        if start.track:
            lat = np.array([each[1] for each in start.track])
            lng = np.array([each[2] for each in start.track])
            places = sheet.points(lat, lng, push.azimuth_deg, push.distance_m)
            track = tuple(
                (old[0], to_lat, to_lng, old[3])
                for old, to_lat, to_lng in zip(
                    start.track, places[0].tolist(), places[1].tolist(), strict=True
                )
            )
        return replace(
            start,
            volumes=tuple(sheet.pushed(push.azimuth_deg, push.distance_m)),
            track=track,
            shift_m=push.distance_m,
            azimuth_deg=push.azimuth_deg,
        )

    def _around(self, corridor: Corridor | None) -> Change | None:
        track = track_of(self.order.track)
        if track is None:
            return None
        corridor = corridor or measured_corridor(track, self.volumes)
        if corridor is None:
            return None
        found = around(
            track,
            corridor,
            self.obstacles,
            self.limits,
            from_us=self.now_us if self.airborne else None,
        )
        return None if found is None else self._led(found)

    def _led(self, detour: Detour) -> Change:
        track = detour.track
        return Change(
            Kind.AROUND,
            detour.volumes,
            tuple(
                zip(
                    track.time_us.tolist(),
                    track.lat_deg.tolist(),
                    track.lng_deg.tolist(),
                    track.altitude_m.tolist(),
                    strict=True,
                )
            ),
            delay_s=detour.delay_s,
            extra_distance_m=detour.extra_distance_m,
        )


def _stands(neighbour: Neighbour) -> tuple[int, int]:
    """From when to when its reference says that it is, µs."""
    reference = neighbour.reference
    return time_us(reference.time_start, "time_start"), time_us(reference.time_end, "time_end")


def _later(time_us: int | None, shift_us: int) -> int | None:
    return None if time_us is None else time_us + shift_us


def track_of(positions: Sequence[Position]) -> Track | None:
    """The columns of a track; None if it has fewer than two points, or goes back in time."""
    if len(positions) < 2:
        return None
    time, lat, lng, altitude = zip(*positions, strict=True)
    time_us = np.array(time, np.int64)
    if bool((np.diff(time_us) <= 0).any()):
        return None
    return Track(time_us, np.array(lat), np.array(lng), np.array(altitude, np.float64))
