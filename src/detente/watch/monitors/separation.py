"""Aircraft of different parties that come too close: told before, measured, graded."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from functools import partial
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct

from detente.kernels import SWEEP_MAX_M
from detente.watch.declarations import Declarations
from detente.watch.event_ids import event_id
from detente.watch.events import Event, EventKind, Place
from detente.watch.separation_rules import SeparationRules
from detente.watch.tracks import Tracked

from ._encounters import (
    AGAIN_US,
    Closest,
    Encounter,
    Look,
    Who,
    event_of,
    go_on,
    grade_of,
    manner_at_first,
)
from ._latest import NO_REFERENCE, Latest, LatestState
from ._looks import Counted, Flags, Looking, Looks, Slots
from .base import Monitor

UNKNOWN_PARTY: Final = ""
_NOT_LOOKED_UP: Final = -2


class _Earlier(Struct):
    pair: tuple[int, int]
    near_us: int
    occasion: int


class _Snapshot(Struct):
    latest: LatestState
    encounters: list[Encounter]
    earlier: list[_Earlier]
    party: bytes
    parties: list[str]
    identities: list[str]
    shed: int


class SeparationMonitor(Monitor):
    """Looks at all aircraft at once, at moments of the stream's own time (`Latest`).

    One event an encounter: given when it is first seen to come, when its grade rises, when two turn
    out to be in formation, and when it is over. What is told beforehand is what comes if both go
    on; what is told at the end is measured, and an approach that did not come about is refuted.

    Aircraft of the same party are not compared. Nor are those whose party is unknown with one
    another, unless the rules say so: unknown is a party of its own.

    Memory: 210 bytes an aircraft, 1 kB an encounter, 200 bytes each of the last hour.

    Args:
        rules: what counts as too close.
        declarations: whose aircraft are.
    """

    memory_s: Final = None
    """How far back anything may matter: without bound, as encounters may last."""

    def __init__(
        self, rules: SeparationRules | None = None, declarations: Declarations | None = None
    ) -> None:
        self.rules = rules or SeparationRules()
        self._declarations = declarations or Declarations()
        self._looking = Looking(self.rules)
        self._latest = Latest(
            round(self.rules.step_s * 1e6),
            round(self.rules.lateness_s * 1e6),
            SWEEP_MAX_M / self._looking.reach_s,
        )
        self.rule = f"separation/{self._looking.criterion.name}"
        self._encounters: dict[tuple[int, int], Encounter] = {}
        # of pairs, in the order of the ends of their last encounters: when, and its occasion
        self._earlier: dict[tuple[int, int], tuple[int, int]] = {}
        self._party: Slots = np.zeros(0, dtype=np.int32)
        self._parties: dict[str, int] = {UNKNOWN_PARTY: -1}
        self._identities: tuple[str, ...] = ()
        self._callsigns: tuple[str, ...] = ()
        self._sources: tuple[str, ...] = ()
        self._shed = 0

    @property
    def counts(self) -> Counter[str]:
        """What could not be looked at: positions that came late, pairs that were too many."""
        return Counter(late=self._latest.late, pairs=self._shed)

    def take(self, tracked: Tracked) -> list[Event]:
        """See `Monitor`; positions are to come in the order of their times, but for lateness."""
        self._know(tracked)
        events: list[Event] = []
        for now_us in self._latest.moments(tracked, self._busy):
            events += self._look(now_us)
        return events

    def close(self) -> list[Event]:
        """See `Monitor`."""
        events: list[Event] = []
        for now_us in self._latest.rest(self._busy):
            events += self._look(now_us)
        lasting = []
        for encounter in self._encounters.values():
            encounter.grade = grade_of(encounter, over=False)
            lasting.append(self._event(encounter, None))
        self._encounters.clear()
        return events + _in_order(lasting)

    def snapshot(self) -> bytes:
        """See `Monitor`."""
        return msgspec.msgpack.encode(
            _Snapshot(
                self._latest.state(),
                list(self._encounters.values()),
                [_Earlier(pair, *each) for pair, each in self._earlier.items()],
                self._party.tobytes(),
                list(self._parties),
                list(self._identities),
                self._shed,
            )
        )

    def restore(self, snapshot: bytes) -> None:
        """See `Monitor`."""
        state = msgspec.msgpack.decode(snapshot, type=_Snapshot)
        self._latest.restore(state.latest)
        self._encounters = {
            _pair(each.one.slot, each.other.slot): each for each in state.encounters
        }
        self._earlier = {each.pair: (each.near_us, each.occasion) for each in state.earlier}
        self._party = np.frombuffer(state.party, dtype=np.int32).copy()
        self._parties = {name: number - 1 for number, name in enumerate(state.parties)}
        self._identities = tuple(state.identities)
        self._shed = state.shed

    def _know(self, tracked: Tracked) -> None:
        """Whose the aircraft of a batch are, by number."""
        reports = tracked.reports
        self._callsigns = reports.callsigns
        self._sources = tuple(each.name for each in reports.sources)
        if reports.identities is self._identities:
            return
        old = self._identities
        self._identities = reports.identities
        more = len(self._identities) - len(self._party)
        if more > 0:
            none = np.full(more, _NOT_LOOKED_UP, dtype=np.int32)
            self._party = np.concatenate((self._party, none))
        for slot, identity in enumerate(self._identities):
            if slot >= len(old) or old[slot] != identity or self._party[slot] == _NOT_LOOKED_UP:
                party = self._declarations.of(identity).party
                self._party[slot] = self._parties.setdefault(party, len(self._parties) - 1)

    def _there(self, now_us: int) -> Flags:
        """Which aircraft are in the air and were heard lately."""
        last = self._latest.last
        oldest = now_us - round(self.rules.age_max_s * 1e6)
        there = (last.time_us >= oldest) & (last.time_us <= now_us) & ~last.grounded
        if not self.rules.unknown_altitude:
            there &= last.reference != NO_REFERENCE
        return there

    def _busy(self, now_us: int) -> bool:
        return bool(self._encounters) or bool(self._there(now_us).any())

    def _look(self, now_us: int) -> list[Event]:
        while self._earlier:
            pair, (near_us, _) = next(iter(self._earlier.items()))
            if now_us - near_us <= AGAIN_US:
                break
            del self._earlier[pair]
        slots = np.flatnonzero(self._there(now_us)).astype(np.int32)
        party = self._party[slots]
        if self.rules.unknown_party:
            party = np.where(party == -1, -1 - slots, party).astype(np.int32)
        events: list[Event] = []
        if len(slots) > 1 and (party != party[0]).any():
            looks, complete = self._looking.look(
                self._latest.last, slots, party, now_us, list(self._encounters), self._counted
            )
            self._shed += not complete
            if looks is not None:
                events = self._followed(looks, now_us)
        events += self._over(now_us, slots)
        return _in_order(events)

    def _reports(self, encounter: Encounter) -> int:
        """How many positions both have given since it was first seen."""
        return sum(
            int(self._latest.reports[each.slot]) - each.reports
            for each in (encounter.one, encounter.other)
        )

    def _counted(self, first: int, second: int) -> Counted:
        """How often a pair was looked at, this time included."""
        encounter = self._encounters.get((first, second))
        if encounter is None:
            return Counted(1, 1, self._occasion((first, second)))
        reports = self._reports(encounter)
        inside = reports - encounter.reports_inside if encounter.reports_inside >= 0 else 0
        return Counted(max(reports - 1, 1), inside + 1, encounter.occasion)

    def _occasion(self, pair: tuple[int, int]) -> int:
        return self._earlier[pair][1] + 1 if pair in self._earlier else 1

    def _followed(self, looks: Looks, now_us: int) -> list[Event]:
        events = []
        columns = [getattr(looks, each.name).tolist() for each in fields(looks)]
        last = self._latest.last
        for first, second, *rest in zip(*columns, strict=True):
            look, pair = Look(*rest), (first, second)
            encounter = self._encounters.get(pair)
            told = None
            if encounter is None:
                if look.enters_s > look.leaves_s:
                    continue
                if len(self._encounters) >= self.rules.pairs_max:
                    self._shed += 1
                    continue
                encounter = self._begun(first, second, look, now_us)
                self._encounters[pair] = encounter
            else:
                told = (encounter.grade, encounter.manner)
            doubtful = bool(last.doubtful[first] or last.doubtful[second])
            place = partial(self._place, encounter.one.slot)
            if look.inside and encounter.reports_inside < 0:
                encounter.reports_inside = self._reports(encounter)
            go_on(encounter, look, now_us, self.rules, place, doubtful=doubtful)
            for slot in pair:
                encounter.basis = max(encounter.basis, int(last.basis[slot]))
                source = self._sources[last.source[slot]]
                if source not in encounter.sources:
                    encounter.sources = tuple(sorted((*encounter.sources, source)))
            encounter.grade = grade_of(encounter, over=False)
            if told != (encounter.grade, encounter.manner):
                events.append(self._event(encounter, None))
        return events

    def _begun(self, first: int, second: int, look: Look, now_us: int) -> Encounter:
        one, other = sorted((self._who(first), self._who(second)), key=lambda each: each.identity)
        return Encounter(
            id=event_id(EventKind.APPROACH, one.identity, f"{other.identity} {self.rule}", now_us),
            one=one,
            other=other,
            occasion=self._occasion((first, second)),
            began_us=now_us,
            near_us=now_us,
            manner=manner_at_first(look, self.rules),
            closest=Closest(),
            ahead=look,
            ahead_us=now_us,
        )

    def _who(self, slot: int) -> Who:
        identity = self._identities[slot]
        return Who(
            slot,
            identity,
            self._callsigns[slot],
            self._declarations.of(identity).party,
            int(self._latest.reports[slot]) - 1,
        )

    def _over(self, now_us: int, slots: Slots) -> list[Event]:
        """Encounters that have been over for long enough."""
        events = []
        clear_us = round(self.rules.clear_s * 1e6)
        for pair in [
            pair
            for pair, each in self._encounters.items()
            if now_us - each.near_us >= clear_us and now_us > each.near_us
        ]:
            encounter = self._encounters.pop(pair)
            self._earlier.pop(pair, None)
            self._earlier[pair] = encounter.near_us, encounter.occasion
            encounter.grade = grade_of(encounter, over=True)
            there = np.isin(pair, slots)
            ended_us = encounter.near_us if encounter.exit is None else encounter.exit.time_us
            events.append(self._event(encounter, ended_us, lost=not there.all()))
        return events

    def _event(self, encounter: Encounter, ended_us: int | None, lost: bool = False) -> Event:
        place = partial(self._place, encounter.one.slot)
        reports = self._reports(encounter)
        return event_of(encounter, self.rule, reports, place, ended_us=ended_us, lost=lost)

    def _place(self, slot: int, time_us: int) -> Place:
        return self._latest.place(slot, time_us, self.rules.velocity_m_s, self.rules.time_s)


def _in_order(events: list[Event]) -> list[Event]:
    """Of one moment: numbers of aircraft depend on how the input was cut, the order must not."""
    return sorted(events, key=lambda each: (each.aircraft, each.other))


def _pair(one: int, other: int) -> tuple[int, int]:
    return min(one, other), max(one, other)
