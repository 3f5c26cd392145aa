"""Whether aircraft keep to the volumes that they declared themselves.

All positions of a batch are measured at once. Python is reached for positions that lie outside, and
for those of aircraft that have been outside, or are about to be. An excursion is one event; it
begins with the first position outside and ends with the first one back. One that was foreseen is
the same event: what is foreseen has `time_to_s`, what takes place has not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import structs

from detente.feeds import NEVER, Reports
from detente.geo import Volume4D
from detente.kernels import OwnDistances, VolumeIndex
from detente.watch.conformance_rules import ConformanceRules
from detente.watch.event_ids import event_id
from detente.watch.events import Event, EventKind, Grade, Ground, Place
from detente.watch.own_volumes import OwnVolumes
from detente.watch.proposals import Proposal, Proposed, Standing
from detente.watch.tracks import Tracked
from detente.watch.tracks_flags import Flag

from ._conforming import Flight, Heard, Margins
from ._excursions import Excursion, distances, further, ground_of, lasted, surely
from ._leaving import Leaving, Motion, foreseen, leaving_event, steady, told_anew, turn_m_s2
from .base import Monitor

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]
_NOBODY: Final = -1
_NOTHING: Final[Mapping[str, Standing]] = {}
_EDGE_M: Final = 0.01
"""Outlines hold what lies on them, to the centimetre."""


class ConformanceMonitor(Monitor):
    """See above.

    Memory: 0.5 kB an operation, and the index of volumes.

    Args:
        own: what was declared. An aircraft with several operations conforms if it is in a volume
            of any; what it leaves is counted to the first.
        rules: what is assumed.
    """

    def __init__(self, own: Sequence[OwnVolumes], rules: ConformanceRules | None = None) -> None:
        self._rules = rules or ConformanceRules()
        self._own: list[OwnVolumes] = []
        self._flights: dict[int, Flight] = {}
        self._watched: set[int] = set()
        self._proposals: list[Proposal] = []
        self._lay_out(own)

    @property
    def own(self) -> Sequence[OwnVolumes]:
        """What is declared; of an aircraft with several operations the first."""
        return tuple(self._own)

    def declare(
        self, own: Sequence[OwnVolumes], standing: Mapping[str, Standing] = _NOTHING
    ) -> list[Event]:
        """What is declared has changed; counts from the next position on.

        A flight is the same as long as its aircraft and operation are: what is known of it stays.

        Args:
            own: all that is declared now.
            standing: how operations stand that were not declared before, by id; of others it is
                known here.

        Returns:
            The ends of excursions of flights that are not declared any more: nobody says where
            they should be.
        """
        known = {_key(each): i for i, each in enumerate(self._own)}
        flights, heard_us = self._flights, self._last_us
        first: dict[str, OwnVolumes] = {}
        for each in own:
            first.setdefault(each.aircraft, each)
        still = {_key(each) for each in first.values()}
        gone = [(i, each) for i, each in flights.items() if _key(self._own[i]) not in still]
        ends = [
            self._event(i, flight.excursion, flight.excursion.last_us)
            for i, flight in gone
            if flight.excursion is not None
        ]
        ends += [
            flight.leaving.over(int(heard_us[i]), "flight-ended", Grade.REFUTED)
            for i, flight in gone
            if flight.leaving is not None
        ]
        course_deg = self._course_deg
        self._lay_out(own)
        for number, each in enumerate(self._own):
            before = known.get(_key(each))
            if before is not None:
                self._last_us[number] = heard_us[before]
                self._course_deg[number] = course_deg[before]
                if before in flights:
                    self._flights[number] = flights[before]
            elif each.operation in standing:
                self._flights[number] = Flight(structs.replace(standing[each.operation]))
        self._watched = set(self._flights)
        return ends

    def _lay_out(self, own: Sequence[OwnVolumes]) -> None:
        self._owners: dict[str, int] = {}
        self._own = []
        volumes: list[Volume4D] = []
        owners: list[int] = []
        for each in own:
            owner = self._owners.setdefault(each.aircraft, len(self._own))
            if owner == len(self._own):
                self._own.append(each)
            volumes += each.volumes
            owners += [owner] * len(each.volumes)
        self._index = VolumeIndex.build(volumes, np.array(owners, dtype=np.int32))
        self._flights, self._watched = {}, set()
        self._owner_of: npt.NDArray[np.int32] = np.empty(0, dtype=np.int32)
        self._named: tuple[str, ...] | None = None
        self._last_us: npt.NDArray[np.int64] = np.full(len(self._own), NEVER, dtype=np.int64)
        self._course_deg: npt.NDArray[np.float64] = np.full(len(self._own), np.nan)

    def margins(self, tracked: Tracked) -> Margins:
        """How positions lie to their own volumes; none of aircraft that declared none."""
        reports = tracked.reports
        owner = self._owners_of(reports.identities)[reports.aircraft]
        row = np.flatnonzero((owner != _NOBODY) & ((tracked.flags & Flag.JUMP) == 0))
        speed, climb = self._motion(reports, row)
        told = self._index.own_distance(
            reports.time_us[row],
            reports.lat_deg[row],
            reports.lng_deg[row],
            reports.altitude_m[row],
            owner[row],
            speed_m_s=speed,
            track_deg=reports.track_deg[row],
            climb_m_s=climb,
            look_ahead_s=self._rules.look_ahead_s,
        )
        # Without an altitude only place and time count, as in planning.
        within = ~(told.vertical_m < 0) & (told.horizontal_m >= -_EDGE_M)
        timely = told.volume >= 0
        inside, across_m, up_m = timely & within, told.horizontal_m, told.vertical_m
        return Margins(row, owner[row], inside, across_m, up_m, told.leaves_s, timely)

    def take(self, tracked: Tracked) -> list[Event]:
        """See `Monitor`."""
        if not len(tracked.reports):
            return []
        return self.judge(tracked, self.margins(tracked))

    def judge(self, tracked: Tracked, margins: Margins) -> list[Event]:
        """`take`, for who wants the margins of these positions, too."""
        owner, row, reports = margins.owner, margins.row, tracked.reports
        busy = np.zeros(len(self._own) + 1, dtype=np.bool_)
        busy[list(self._watched)] = True
        busy[owner[~margins.inside]] = True
        if self._rules.look_ahead_s > 0:
            busy[owner[np.isfinite(margins.leaves_s)]] = True
        events: list[Event] = []
        for i in np.flatnonzero(busy[owner]).tolist():
            whose = int(owner[i])
            events += self._position(tracked, margins, i, whose)
            self._last_us[whose] = reports.time_us[row[i]]
            self._course_deg[whose] = reports.track_deg[row[i]]
        self._last_us[owner] = reports.time_us[row]
        self._course_deg[owner] = reports.track_deg[row]
        return events

    def close(self) -> list[Event]:
        """See `Monitor`."""
        return [
            self._event(owner, flight.excursion, None)
            for owner, flight in self._flights.items()
            if flight.excursion is not None
        ] + [each.leaving.event for each in self._flights.values() if each.leaving is not None]

    def proposals(self, now_us: int | None = None) -> list[Proposal]:
        """What is to be declared since this was asked last.

        Args:
            now_us: a clock: a flight that is silent while it is outside becomes Contingent, too.
                None: only positions count.
        """
        if now_us is not None:
            for owner in sorted(self._watched):
                flight = self._flights[owner]
                due = flight.standing.waited(now_us, self._rules)
                if due is not None:
                    self._propose(owner, due, now_us, Grade.CANNOT_BE_TOLD)
        given, self._proposals = self._proposals, []
        return given

    def snapshot(self) -> bytes:
        """See `Monitor`."""
        flights = [(*_key(self._own[i]), each) for i, each in self._flights.items()]
        heard = [
            Heard(*_key(self._own[i]), int(self._last_us[i]), float(self._course_deg[i]))
            for i in np.flatnonzero(self._last_us != NEVER).tolist()
        ]
        return msgspec.msgpack.encode((flights, heard, self._proposals))

    def restore(self, snapshot: bytes) -> None:
        """See `Monitor`."""
        flights, heard, self._proposals = msgspec.msgpack.decode(
            snapshot, type=tuple[list[tuple[str, str, Flight]], list[Heard], list[Proposal]]
        )
        numbers = {_key(each): i for i, each in enumerate(self._own)}
        self._flights = {
            numbers[aircraft, operation]: flight
            for aircraft, operation, flight in flights
            if (aircraft, operation) in numbers
        }
        for each in heard:
            number = numbers.get((each.aircraft, each.operation))
            if number is not None:
                self._last_us[number] = each.last_us
                self._course_deg[number] = each.course_deg
        self._watched = set(self._flights)

    def _owners_of(self, identities: tuple[str, ...]) -> npt.NDArray[np.int32]:
        if identities is not self._named:
            self._owner_of = np.array(
                [self._owners.get(each, _NOBODY) for each in identities], dtype=np.int32
            )
            self._named = identities
        return self._owner_of

    def _position(self, tracked: Tracked, margins: Margins, i: int, owner: int) -> list[Event]:
        flight = self._flights.setdefault(owner, Flight(Standing()))
        self._watched.add(owner)
        row, inside = int(margins.row[i]), bool(margins.inside[i])
        at_us = int(tracked.reports.time_us[row])
        told: list[Event] = []
        if flight.leaving is not None and tracked.flags[row] & Flag.FIRST:
            last_us = int(self._last_us[owner])
            told.append(flight.leaving.over(last_us, "track-ended", Grade.CANNOT_BE_TOLD))
            flight.leaving = None
        if not inside:
            began = flight.excursion is None
            if began and flight.leaving is None:
                flight.event = _id(self._own[owner], at_us)
            flight.leaving = None
            flight.excursions += began
            excursion = flight.excursion or self._begins(tracked, row, owner, flight.excursions)
            flight.excursion = excursion
            before = surely(excursion)
            margin_m = float(margins.horizontal_m[i]), float(margins.vertical_m[i])
            further(excursion, tracked, row, margin_m, timely=bool(margins.timely[i]))
            if self._rules.provisional and (began or before is not surely(excursion)):
                told.append(self._event(owner, excursion, None))
        due = flight.standing.seen(at_us, self._rules, inside=inside)
        if due is not None:
            if due is Proposed.NONCONFORMING:
                flight.nonconforming = flight.event
            grade = Grade.SHOWN if flight.excursion is None else surely(flight.excursion)
            self._propose(owner, due, at_us, grade)
        if inside and flight.excursion is not None:
            told.append(self._event(owner, flight.excursion, at_us))
            flight.excursion = None
        return told + self._ahead(tracked, margins, i, owner) if inside else told

    def _ahead(self, tracked: Tracked, margins: Margins, i: int, owner: int) -> list[Event]:
        """What a position inside does to the expectation that its flight will leave."""
        rules, flight, own = self._rules, self._flights[owner], self._own[owner]
        reports, row, known = tracked.reports, int(margins.row[i]), flight.leaving
        at_us, leaves_s = int(reports.time_us[row]), float(margins.leaves_s[i])
        down = tracked.flags[row] & Flag.GROUND
        if not 0 < leaves_s < math.inf or down:
            if known is None or at_us - known.led_us < rules.clear_s * 1e6:
                return []
            flight.leaving = None
            return [known.over(at_us, "stayed-inside", Grade.REFUTED)]
        if known is not None:
            known.led_us = at_us
        if not foreseen(known, at_us, rules):
            return []
        (speed,), (climb,) = self._motion(reports, margins.row[i : i + 1])
        turn = turn_m_s2(reports, row, int(self._last_us[owner]), float(self._course_deg[owner]))
        course = float(np.nan_to_num(reports.track_deg[row]))
        motion = Motion(row, leaves_s, float(speed), course, float(climb), turn)
        if known is None:
            flight.event = _id(own, at_us)
        began_us = at_us if known is None else known.event.began_us

        def measure(times: Times, lat: Floats, lng: Floats, high: Floats) -> OwnDistances:
            return self._index.own_distance(times, lat, lng, high, owner, look_ahead_s=0.0)

        event = leaving_event(flight.event, began_us, own, tracked, motion, measure, rules)
        if not told_anew(known, event, leaves_s):
            return []
        flight.leaving = Leaving(at_us, at_us, leaves_s, event)
        return [event] if rules.provisional else []

    def _motion(self, reports: Reports, row: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
        """What is gone by: speed over ground and climb."""
        known = np.isfinite(reports.track_deg[row])
        speed = np.where(known, steady(reports.speed_m_s[row], self._rules.speed_least_m_s), 0.0)
        high = np.isfinite(reports.altitude_m[row])
        climb = np.where(high, steady(reports.climb_m_s[row], self._rules.climb_least_m_s), 0.0)
        return speed, climb

    def _begins(self, tracked: Tracked, row: int, owner: int, occasion: int) -> Excursion:
        reports = tracked.reports
        at_us, altitude = int(reports.time_us[row]), float(reports.altitude_m[row])
        last_us = int(self._last_us[owner])
        return Excursion(
            began_us=at_us,
            before_us=at_us if last_us == NEVER else last_us,
            last_us=at_us,
            first=Place(
                float(reports.lat_deg[row]),
                float(reports.lng_deg[row]),
                None if math.isnan(altitude) else altitude,
                at_us,
                float(reports.horizontal_m[row]),
                0.0,
            ),
            occasion=occasion,
            callsign=reports.callsigns[int(reports.aircraft[row])],
        )

    def _propose(self, owner: int, state: Proposed, at_us: int, grade: Grade) -> None:
        own, flight = self._own[owner], self._flights[owner]
        told_by = flight.nonconforming
        self._proposals.append(Proposal(own.aircraft, own.operation, state, at_us, grade, told_by))

    def _event(self, owner: int, excursion: Excursion, ended_us: int | None) -> Event:
        own = self._own[owner]
        until_us = excursion.last_us if ended_us is None else ended_us
        lasted_s = (until_us - excursion.began_us) / 1e6
        across, up = distances(excursion)
        grounds = [ground_of(excursion)]
        if excursion.unknown_altitude:
            grounds.append(
                Ground("altitude-unknown", {"reports": float(excursion.unknown_altitude)})
            )
        if excursion.assumed:
            grounds.append(Ground("accuracy-assumed", {"assumed": float(excursion.assumed)}))
        return Event(
            id=self._flights[owner].event,
            kind=EventKind.OUTSIDE_VOLUMES,
            grade=surely(excursion),
            aircraft=own.aircraft,
            callsign=excursion.callsign,
            party=own.party,
            rule=own.operation,
            flight=own.name,
            began_us=excursion.began_us,
            ended_us=ended_us,
            entry=excursion.first,
            duration_s=lasted(lasted_s, excursion, ended_us, self._rules.time_s),
            distance_m=across,
            vertical_m=up,
            grounds=tuple(grounds),
            reports=excursion.reports,
            sources=excursion.sources,
            basis=(
                "assumed" if excursion.assumed else "derived" if excursion.derived else "stated"
            ),
        )


def _key(own: OwnVolumes) -> tuple[str, str]:
    return own.aircraft, own.operation


def _id(own: OwnVolumes, began_us: int) -> str:
    return event_id(EventKind.OUTSIDE_VOLUMES, own.aircraft, own.operation, began_us)
