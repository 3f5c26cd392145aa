"""Who crosses a claimed boundary: in, out, how deep, for how long, and how sure that is.

All positions of a batch are looked up at once, and all segments between positions of one aircraft
are cut with all borders at once; only where something changes Python is reached. Each aircraft and
area that it is in is a `Passage`; see there and in `_figures` how it becomes an event.

A passage begins where a segment goes over the border inwards and ends where one goes outwards: in
and out between two positions, over a corner, is a passage like any other. Coming back within the
noise of positions continues it (`CrossingRules.merge_s`). Where nothing links two positions, after
silence or a jump, what was open ends where the aircraft was last seen, and what holds it now begins
where it is seen again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct

from detente.boundaries import BoundarySet
from detente.kernels import Depths
from detente.watch.crossing_rules import CrossingRules
from detente.watch.events import Event, Grade
from detente.watch.intervals import one_way, quadrature
from detente.watch.tracks import Tracked

from ._batch import Batch, Row
from ._borders import Cut, border_at, cut, node_at, source_of
from ._calm import calm, located
from ._depth import Node, Span, deepen
from ._figures import Seen, passage_events
from ._following import Following, FollowingState
from ._passage import AGAIN_US, Border, Counted, Passage
from ._predicting import Prediction, Predictor
from ._scan import COUNTED, JUMPED, LINKED, SKIPPED, TIME, Codes, Floats
from .base import Monitor

REMEMBERED_MAX: Final = 1000
"""Passages of one aircraft that a later jump can still call into question."""


class CrossingState(Struct):
    """All that a `CrossingMonitor` remembers."""

    following: FollowingState
    inside: list[Passage]
    over: list[Passage]
    jumps: dict[str, int]
    predictions: list[Prediction]
    identities: tuple[str, ...]
    callsigns: tuple[str, ...]


_NOTHING: Final[dict[int, Passage]] = {}


class CrossingMonitor(Monitor):
    """See above.

    Memory: some 100 bytes an aircraft and 1 kB a passage that is open or ended less than
    `CrossingRules.distrust_s` ago.

    Args:
        boundaries: what may be crossed.
        rules: what counts, and what is assumed.
    """

    def __init__(self, boundaries: BoundarySet, rules: CrossingRules | None = None) -> None:
        self._boundaries = boundaries
        self._index = boundaries.index
        self._rules = rules or CrossingRules()
        self._following = Following(
            round(self._rules.gap_s * 1e6),
            self._rules.speed_max_m_s,
            self._rules.doubt_max,
            self._rules.containment_max_m,
        )
        self._calm = calm(self._index, self._rules.depth_max_m)
        self._window_us = round(self._rules.distrust_s * 1e6)
        self._inside: dict[int, dict[int, Passage]] = {}
        # of those the ones whose greatest depth may still change, so that nobody asks the others
        self._shallow: dict[tuple[int, int], Passage] = {}
        self._over: dict[int, list[Passage]] = {}
        self._jumps: dict[str, int] = {}
        self._predictor = Predictor(boundaries, self._rules)
        self._identities: tuple[str, ...] = ()
        self._callsigns: tuple[str, ...] = ()
        self._called_before: tuple[tuple[str, ...], tuple[str, ...]] = (), ()

    # --- the interface -------------------------------------------------------------------------

    def take(self, tracked: Tracked) -> list[Event]:
        """See `Monitor`."""
        reports = tracked.reports
        if not len(reports):
            return []
        self._following.another(self._identities, reports.identities)
        self._called_before = self._identities, self._callsigns
        self._identities, self._callsigns = reports.identities, reports.callsigns
        sets, cells, others = located(reports.lat_deg, reports.lng_deg, self._calm.held)
        sets[others] = self._index.claimants(reports.lat_deg[others], reports.lng_deg[others])
        predicts = self._rules.look_ahead_s > 0
        followed = self._following.take(tracked, sets, cells, everything=predicts)
        found = cut(self._boundaries, followed, self._rules)
        ahead = self._predictor.look(followed)
        rows = np.unique(np.concatenate((followed.changed, [*found, *ahead.rows])).astype(np.intp))
        wanted = np.zeros(self._following.aircraft, dtype=np.uint8)
        wanted[np.array([slot for slot, _ in self._shallow], dtype=np.intp)] = 1
        wanted[reports.aircraft[rows]] = 1
        batch = Batch(followed, followed.by_aircraft(wanted), self._index.sets)
        events: list[Event] = []
        for at in batch.rows(rows):
            entered = self._row(batch, at, found.get(at.row, ()))
            if predicts:
                events += self._predictor.row(ahead, at.row, entered, self._inside.get(at.slot, {}))
        self._carry(batch)
        depth_max_m = self._rules.depth_max_m
        shallow = batch.shallow(self._calm, depth_max_m)
        deepen(shallow, batch.points, self._depth_of, depth_max_m)
        self._settle(batch)
        return events + self._told(batch)

    def close(self) -> list[Event]:
        """See `Monitor`."""
        lasting = [each for areas in self._inside.values() for each in areas.values()]
        events = self._predictor.close()
        told = [each for each in lasting if each.crossed or self._rules.stays]
        return events + self._events(told)

    def snapshot(self) -> bytes:
        """See `Monitor`."""
        return msgspec.msgpack.encode(
            CrossingState(
                self._following.state(),
                [each for areas in self._inside.values() for each in areas.values()],
                [each for passages in self._over.values() for each in passages],
                self._jumps,
                self._predictor.state(),
                self._identities,
                self._callsigns,
            )
        )

    def restore(self, snapshot: bytes) -> None:
        """See `Monitor`."""
        state = msgspec.msgpack.decode(snapshot, type=CrossingState)
        self._following.restore(state.following, self._index)
        self._inside, self._over = {}, {}
        for each in state.inside:
            self._inside.setdefault(each.slot, {})[each.area] = each
        self._shallow = {
            (each.slot, each.area): each for each in state.inside if not self._deep_enough(each)
        }
        for each in state.over:
            self._over.setdefault(each.slot, []).append(each)
        self._jumps = state.jumps
        self._predictor.restore(state.predictions)
        self._identities, self._callsigns = state.identities, state.callsigns

    # --- row by row, where something happens ---------------------------------------------------

    def _row(self, batch: Batch, at: Row, borders: Sequence[Cut]) -> Sequence[int]:
        """What a position does to the passages of its aircraft. Returns areas that it entered."""
        if at.link == SKIPPED:
            return ()
        held = batch.held[at.set]
        if at.link != LINKED:
            self._forget_another(at.slot)
            if at.link == JUMPED:
                self._jumped(batch, at)
            self._broken(batch, at)
            for area in sorted(held):
                self._appear(batch, at, area)
            return sorted(held)
        entered = []
        for each in borders:
            if each.into:
                self._enter(batch, at, each.area, each.border)
                entered.append(each.area)
            else:
                self._leave(batch, at, each.area, each.border)
        # What holds the position decides, whatever the segment seemed to touch.
        inside = self._inside.get(at.slot, _NOTHING)
        if inside.keys() == held:
            return entered
        for area in sorted(held ^ inside.keys()):
            line_m = self._boundaries.boundaries[area].uncertainty_m
            border = border_at(batch.followed, at.row, line_m, self._rules)
            if area in inside:
                self._leave(batch, at, area, border)
            else:
                self._enter(batch, at, area, border)
                entered.append(area)
        return entered

    def _enter(self, batch: Batch, at: Row, area: int, border: Border) -> None:
        inside = self._inside.setdefault(at.slot, {})
        if area in inside:
            return
        node = border.node()
        passage = self._not_really_over(at.slot, area, border)
        if passage is None:
            passage = self._begun(at, area, node, border)
        else:
            passage.come_back(node, Counted(*at.counted))
        passage.crossed = True
        passage.heard_of(border.source)
        inside[area] = passage
        if not self._deep_enough(passage):
            self._shallow[at.slot, area] = passage
        batch.since[at.slot, area] = at.where
        batch.touch(passage)

    def _appear(self, batch: Batch, at: Row, area: int) -> None:
        """An aircraft is seen inside, and nobody saw it come."""
        passage = self._begun(at, area, node_at(batch.followed, at.row), None)
        passage.heard_of(source_of(batch.followed, at.row))
        self._inside.setdefault(at.slot, {})[area] = self._shallow[at.slot, area] = passage
        batch.since[at.slot, area] = at.where + 1
        batch.touch(passage)

    def _begun(self, at: Row, area: int, node: Node, entry: Border | None) -> Passage:
        identity = self._identities[at.slot]
        return Passage(
            at.slot, area, identity, node.time_us, node, entry, node, Counted(*at.counted), node,
            jump_before_us=self._jumps.get(identity),
            # the first position of one that nobody saw come is inside, and not looked at again
            looks=0 if entry is not None else 1,
            number=self._number(at.slot, area, node.time_us),
        )  # fmt: skip

    def _number(self, slot: int, area: int, began_us: int) -> int:
        """Which passage of those that followed one another begins then."""
        for each in reversed(self._over.get(slot, ())):
            if each.area == area:
                again = began_us - (each.ended_us or 0) <= AGAIN_US
                return each.number + 1 if again else 1
        return 1

    def _leave(self, batch: Batch, at: Row, area: int, border: Border) -> None:
        passage = self._inside.get(at.slot, {}).pop(area, None)
        if passage is None:
            return
        self._shallow.pop((at.slot, area), None)
        node = border.node()
        self._measure(batch, passage, at.where, node)
        passage.exit, passage.crossed = border, True
        passage.heard_of(border.source)
        self._end(batch, passage, node, at)

    def _broken(self, batch: Batch, at: Row) -> None:
        """Nothing links this position to the one before: there ends what was open."""
        for passage in self._inside.pop(at.slot, {}).values():
            self._shallow.pop((at.slot, passage.area), None)
            self._measure(batch, passage, at.where, None)
            last = Node(0.0, 0.0, at.came_us, float(batch.followed.odometer[at.row]), 0.0)
            self._end(batch, passage, last, at)

    def _end(self, batch: Batch, passage: Passage, node: Node, at: Row) -> None:
        passage.leave(node, Counted(*at.counted))
        over = self._over.setdefault(passage.slot, [])
        merge_us = round(self._rules.merge_s * 1e6)
        oldest_us = node.time_us - max(self._window_us, merge_us, AGAIN_US)
        over[:] = [each for each in over if (each.ended_us or 0) >= oldest_us][-REMEMBERED_MAX:]
        over.append(passage)
        batch.touch(passage)

    def _forget_another(self, slot: int) -> None:
        """The number of an aircraft long silent may have gone to another one."""
        over = self._over.get(slot)
        if over and over[0].aircraft != self._identities[slot]:
            del self._over[slot]

    def _jumped(self, batch: Batch, at: Row) -> None:
        """An aircraft cannot have come here: what it said for a while before is in doubt, too."""
        self._jumps[self._identities[at.slot]] = at.time_us
        known = (*self._inside.get(at.slot, {}).values(), *self._over.get(at.slot, ()))
        for passage in known:
            if passage.jump_after_us is None:
                passage.jump_after_us = at.time_us
                batch.touch(passage)

    def _not_really_over(self, slot: int, area: int, border: Border) -> Passage | None:
        """The passage that goes on if the aircraft was outside within its noise only."""
        over = self._over.get(slot, [])
        for i in range(len(over) - 1, -1, -1):
            left = over[i].exit
            if over[i].area != area:
                continue
            if left is None or border.time_us - left.time_us > self._rules.merge_s * 1e6:
                return None
            noise_m = quadrature(one_way(left.radius_m), one_way(border.radius_m))
            farthest_m = (border.odometer_m - left.odometer_m) / 2
            return over.pop(i) if farthest_m <= noise_m else None
        return None

    # --- depth and events ----------------------------------------------------------------------

    def _measure(self, batch: Batch, passage: Passage, to: int, end: Node | None) -> None:
        """Have the depth looked up of what was flown in this batch.

        Args:
            batch: the batch.
            passage: open.
            to: up to which of `ByAircraft.rows`.
            end: and then to there.
        """
        if self._deep_enough(passage):
            return
        key = passage.slot, passage.area
        since = batch.since.pop(key, int(batch.by_aircraft.starts[passage.slot]))
        if since == to and end is None and passage.deepest is not None:
            return
        batch.spans.append(Span(passage, passage.head, since, to, end))
        if end is None and to > since:
            passage.head = node_at(batch.followed, int(batch.by_aircraft.rows[to - 1]))

    def _carry(self, batch: Batch) -> None:
        """Have the depth looked up of what stays open."""
        open_ = list(self._shallow.values())
        slots = np.array([slot for slot, _ in self._shallow], dtype=np.intp)
        starts = batch.by_aircraft.starts
        begins, ends = starts[slots], starts[slots + 1]
        for number in np.flatnonzero(begins < ends).tolist():
            self._measure(batch, open_[number], int(ends[number]), None)

    def _settle(self, batch: Batch) -> None:
        """What has come deeper than is told is not looked up any more."""
        for span in batch.spans:
            passage = span.holder
            if isinstance(passage, Passage) and self._deep_enough(passage):
                key = passage.slot, passage.area
                if self._shallow.get(key) is passage:
                    del self._shallow[key]

    def _deep_enough(self, passage: Passage) -> bool:
        return passage.deepest is not None and passage.deepest.node is None

    def _depth_of(self, lat: Floats, lng: Floats, area: Codes) -> Depths:
        return self._index.signed_depth(lat, lng, area, self._rules.depth_max_m)

    def _told(self, batch: Batch) -> list[Event]:
        """Events of what changed; of what is open, if it is wanted and its grade changed."""
        if self._rules.provisional:
            for span in batch.spans:
                holder = span.holder
                if isinstance(holder, Passage) and holder.given is Grade.CANNOT_BE_TOLD:
                    batch.changed.setdefault(id(holder), holder)
        wanted = [
            each
            for each in batch.changed.values()
            if (each.crossed or self._rules.stays)
            and (each.ended_us is not None or self._rules.provisional)
        ]
        told = []
        for passage, event in zip(wanted, self._events(wanted), strict=True):
            if id(passage) in batch.touched or event.grade is not passage.given:
                passage.given = event.grade
                told.append(event)
        return told

    def _events(self, passages: Sequence[Passage]) -> list[Event]:
        slots = [each.slot for each in passages]
        following = self._following
        seen = [
            Seen(
                passage,
                self._callsign(passage),
                Node(lat, lng, at_us, odometer, radius),
                Counted(*counts),
            )
            for passage, (lat, lng, radius, odometer, *_), at_us, counts in zip(
                passages,
                following.places[slots].tolist(),
                following.counts[slots, TIME].tolist(),
                following.counts[slots, :COUNTED].tolist(),
                strict=True,
            )
        ]
        return passage_events(seen, self._boundaries, self._rules)

    def _callsign(self, passage: Passage) -> str:
        if self._identities[passage.slot] == passage.aircraft:
            return self._callsigns[passage.slot]
        identities, callsigns = self._called_before
        known = len(identities) > passage.slot and identities[passage.slot] == passage.aircraft
        return callsigns[passage.slot] if known else ""
