"""The deepest point of many stretches of track at once, exactly, with few looks at the border.

Each look at the border bounds the depth of all points around (`_bounds`); most stretches are
settled by one or two. Others are halved: how deep a point lies changes by no more than the way
flown to it, so a stretch between two points of depths d and e that is s long cannot be deeper than
(d + e + s) / 2 anywhere; if that is less than what is known, nobody needs to look inside. What is
looked for is the greatest depth over a fixed set of points, those reported and points between them
that are `STEP_M` apart, so that the answer does not depend on the order in which stretches are
looked at. Depths count in millimetres; of equal ones the first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from detente.geo import projection
from detente.kernels import Depths
from detente.watch.motion import on_the_way

from ._bounds import FEET, ecef, next_steps

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]

STEP_M: Final = 10.0
STEPS_MAX: Final = 64
LOOK_BEYOND: Final = 1000
"""Beyond the limit it is not looked which position was the deepest; no such error is that great."""
_MM: Final = 3
_TIE_M: Final = 0.001
_NO_STEP: Final = np.iinfo(np.int64).max

DepthOf: TypeAlias = Callable[[Floats, Floats, npt.NDArray[np.int32]], Depths]
"""Latitudes, longitudes and areas to depths: `BorderIndex.signed_depth` up to a limit."""


class Node(Struct, frozen=True, gc=False):
    """A point of a track: where, when, how far along it and how surely."""

    lat: float
    lng: float
    time_us: int
    odometer_m: float
    radius_m: float


class Deepest(Struct, frozen=True, gc=False):
    """Where a track lies deepest inside an area.

    Attributes:
        depth_m: how deep; the limit where it is deeper.
        node: where; `radius_m` is the greater of those of the two reports around. None beyond the
            limit: there it was not looked for.
        elapsed_s, share, length_m: between those reports: time, which part of it, and way; all 0 at
            a report.
        step_m: how far apart the points were that were looked at there.
        edge: of the border, that it is measured from; -1 beyond the limit.
        look: which of the positions it was, counted from the first one on that was looked at; of
            the two around it the later one.
    """

    depth_m: float
    node: Node | None
    elapsed_s: float
    share: float
    length_m: float
    step_m: float
    edge: int
    look: int = LOOK_BEYOND


class Holder(Protocol):
    """Who keeps the deepest point of one track in one area so far."""

    area: int
    deepest: Deepest | None
    foot: tuple[float, float] | None
    """A point of the border that was near, if one is known."""
    looks: int
    """Positions that were looked at so far."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Positions, column by column.

    Attributes:
        lat, lng, time_us, odometer_m, radius_m: of each position.
        rows: positions in the order of tracks.
    """

    lat: Floats
    lng: Floats
    time_us: Ints
    odometer_m: Floats
    radius_m: Floats
    rows: Ints


class Span(NamedTuple):
    """A stretch of track in one area: a first point, some positions, a last point.

    Attributes:
        holder: whose.
        head, end: first and last point, if these are no positions of the batch.
        since, to: the positions: a slice of `Points.rows`.
    """

    holder: Holder
    head: Node | None
    since: int
    to: int
    end: Node | None


def deepen(spans: Sequence[Span], points: Points, depth_of: DepthOf, limit_m: float) -> None:
    """Make known to the holders of some stretches how deep these lie.

    Args:
        spans: of different holders, or one after the other of the same; none without a point.
        points: what they are made of.
        depth_of: looks at the border.
        limit_m: depths beyond are all alike.
    """
    if not spans:
        return
    _Search(spans, points, depth_of, limit_m).run()


class _Search:
    """All stretches end to end; `step` numbers points from the first of the first on."""

    def __init__(
        self, spans: Sequence[Span], points: Points, depth_of: DepthOf, limit_m: float
    ) -> None:
        self._spans = spans
        self._depth_of = depth_of
        self._limit_m = limit_m
        self._lay(points)
        way = np.diff(self._odometer, append=self._odometer[-1])
        steps = np.clip(np.ceil(way / STEP_M), 1, STEPS_MAX).astype(np.int64)
        steps[self._ends] = 1
        self._first_step = np.concatenate(([0], np.cumsum(steps)))
        holders = [each.holder for each in spans]
        self._areas = np.array([each.area for each in holders], dtype=np.int32)
        # of each span: how many positions of its holder were looked at before it
        self._looks = [0] * len(spans)
        for i, each in enumerate(spans):
            self._looks[i] = each.holder.looks
            each.holder.looks += each.to - each.since
        # of each span: depth in millimetres and step of the best so far
        self._best = np.array(
            [-np.inf if each.deepest is None else each.deepest.depth_m for each in holders]
        )
        self._step = np.full(len(spans), -1, dtype=np.int64)
        self._edge = np.full(len(spans), -1, dtype=np.int64)

    def _lay(self, points: Points) -> None:
        """Put the points of all stretches end to end."""
        spans = self._spans
        since, to = (np.array(each) for each in zip(*((s.since, s.to) for s in spans), strict=True))
        heads, ends = [each.head for each in spans], [each.end for each in spans]
        with_head = np.array([each is not None for each in heads])
        with_end = np.array([each is not None for each in ends])
        count = to - since
        sizes = count + with_head + with_end
        self._ends = np.cumsum(sizes) - 1
        self._begins = self._ends - sizes + 1
        at = np.concatenate((self._begins[with_head], self._ends[with_end]))
        nodes = [each for each in (*heads, *ends) if each is not None]
        known = np.array(
            [(n.lat, n.lng, n.odometer_m, n.radius_m, n.time_us) for n in nodes], dtype=np.float64
        ).reshape(-1, 5)
        reported = np.ones(int(sizes.sum()), dtype=np.bool_)
        reported[at] = False
        before = np.cumsum(count) - count
        rows = points.rows[np.arange(int(count.sum())) + np.repeat(since - before, count)]
        columns = []
        for i, column in enumerate((points.lat, points.lng, points.odometer_m, points.radius_m)):
            laid = np.empty(len(reported))
            laid[reported], laid[at] = column[rows], known[:, i]
            columns.append(laid)
        self._lat, self._lng, self._odometer, self._radius = columns
        self._time = np.empty(len(reported), dtype=np.int64)
        self._time[reported], self._time[at] = points.time_us[rows], known[:, 4]

    def run(self) -> None:
        self._halve(self._by_bounds())
        self._tell()

    def _by_bounds(self) -> Ints:
        """Look where it may be deepest, by feet. Returns the spans that are not settled by that."""
        count = len(self._spans)
        feet, looked = np.empty((count, FEET, 3)), np.full((count, FEET), -1, dtype=np.int64)
        counts = np.zeros(count, dtype=np.int64)
        for i, each in enumerate(self._spans):
            if each.holder.foot is not None:
                feet[i, 0], counts[i] = ecef(*each.holder.foot), 1
        span = np.flatnonzero(self._best < self._limit_m)
        far_out: list[Ints] = []
        for _ in range(FEET - 1):
            step = next_steps(
                span, self._begins, self._ends, self._lat, self._lng, self._odometer,
                self._first_step, self._best, feet, counts, looked,
            )  # fmt: skip
            span, step = span[step >= 0], step[step >= 0]
            if not len(span):
                break
            found = self._look(span, step)
            far_out.append(span[np.isneginf(found.depth_m)])
            seen = np.isfinite(found.depth_m)
            span, step = span[seen], step[seen]
            lat, lng = found.foot_lat_deg[seen], found.foot_lng_deg[seen]
            feet[span, counts[span]] = projection.ecef(lat, lng)
            looked[span, counts[span]] = step
            counts[span] += 1
            for i, *foot in zip(span.tolist(), lat.tolist(), lng.tolist(), strict=True):
                self._spans[i].holder.foot = (foot[0], foot[1])
            span = span[self._best[span] < self._limit_m]
        return np.concatenate((span, *far_out))

    def _halve(self, span: Ints) -> None:
        """Look at stretches half by half, and at no half that cannot hold the deepest point."""
        low, high = self._first_step[self._begins[span]], self._first_step[self._ends[span]]
        depth_low, way_low = self._measure(span, low)
        depth_high, way_high = self._measure(span, high)
        while len(span):
            # a hair more: ways are good to 1 in 10^5, and a bound must be one
            way = (way_high - way_low) * (1 + 1e-4) + _TIE_M
            reach = (depth_low + depth_high + way) / 2
            best = self._best[span]
            worth = np.flatnonzero(
                (high - low > 1) & (reach + _TIE_M >= best) & (best < self._limit_m)
            )
            span, low, high = span[worth], low[worth], high[worth]
            depth_low, depth_high = depth_low[worth], depth_high[worth]
            way_low, way_high = way_low[worth], way_high[worth]
            middle = self._middle(low, high)
            depth, way = self._measure(span, middle)
            span = np.concatenate((span, span))
            low, high = np.concatenate((low, middle)), np.concatenate((middle, high))
            depth_low, depth_high = (
                np.concatenate((depth_low, depth)),
                np.concatenate((depth, depth_high)),
            )
            way_low, way_high = np.concatenate((way_low, way)), np.concatenate((way, way_high))

    def _node_of(self, step: Ints) -> Ints:
        return np.searchsorted(self._first_step, step, side="right") - 1

    def _place(self, step: Ints) -> tuple[Floats, Floats, Floats]:
        node = self._node_of(step)
        after = np.minimum(node + 1, len(self._lat) - 1)
        first = self._first_step[node]
        share = (step - first) / (self._first_step[node + 1] - first)
        lat, lng = on_the_way(
            self._lat[node], self._lng[node], self._lat[after], self._lng[after], share
        )
        way = self._odometer[node] + share * (self._odometer[after] - self._odometer[node])
        return lat, lng, way

    def _middle(self, low: Ints, high: Ints) -> Ints:
        """Halfway; at a report if there is one between: only then between two of them."""
        middle = (low + high) // 2
        node = self._first_step[self._node_of(middle)]
        after = self._first_step[np.minimum(self._node_of(middle) + 1, len(self._first_step) - 1)]
        return np.where(node > low, node, np.where(after < high, after, middle))

    def _measure(self, span: Ints, step: Ints) -> tuple[Floats, Floats]:
        """How deep some points are, no more than the limit, and how far along."""
        if not len(step):
            return np.empty(0), np.empty(0)
        depth = np.clip(self._look(span, step).depth_m, -self._limit_m, self._limit_m)
        return depth, self._place(step)[2]

    def _look(self, span: Ints, step: Ints) -> Depths:
        """Look at the border from some points; what is best of each span is kept."""
        lat, lng, _ = self._place(step)
        found = self._depth_of(lat, lng, self._areas[span])
        told = np.round(np.clip(found.depth_m, -self._limit_m, self._limit_m), _MM)
        best = self._best.copy()
        np.maximum.at(best, span, told)
        self._step[best > self._best] = _NO_STEP
        self._best = best
        # of equally deep ones the first; what the holder has already comes before all
        equal = np.flatnonzero(told == best[span])
        np.minimum.at(self._step, span[equal], step[equal])
        chosen = equal[self._step[span[equal]] == step[equal]]
        self._edge[span[chosen]] = found.edge[chosen]
        return found

    def _tell(self) -> None:
        """Hand on what was found."""
        better = np.flatnonzero(self._step >= 0)
        step = self._step[better]
        node = self._node_of(step)
        first = self._first_step[node]
        share = (step - first) / (self._first_step[node + 1] - first)
        lat, lng, way = self._place(step)
        columns = zip(
            better.tolist(), node.tolist(), share.tolist(), lat.tolist(), lng.tolist(),
            way.tolist(), strict=True,
        )  # fmt: skip
        for which, i, part, *place in columns:
            holder = self._spans[which].holder
            known = holder.deepest
            if known is None or self._best[which] > known.depth_m:
                holder.deepest = self._deepest(which, i, part, *place)

    def _deepest(
        self, which: int, i: int, share: float, lat: float, lng: float, way: float
    ) -> Deepest:
        depth_m, edge = float(self._best[which]), int(self._edge[which])
        if depth_m >= self._limit_m:
            return Deepest(self._limit_m, None, 0.0, 0.0, 0.0, STEP_M, -1)
        at_us, radius_m = int(self._time[i]), float(self._radius[i])
        look = self._look_at(which, i)
        if share == 0:
            there = Node(lat, lng, at_us, way, radius_m)
            return Deepest(depth_m, there, 0.0, 0.0, 0.0, STEP_M, edge, max(look, 1))
        elapsed_us = int(self._time[i + 1]) - at_us
        length_m = float(self._odometer[i + 1] - self._odometer[i])
        radius_m = max(radius_m, float(self._radius[i + 1]))
        there = Node(lat, lng, at_us + round(share * elapsed_us), way, radius_m)
        steps = min(max(math.ceil(length_m / STEP_M), 1), STEPS_MAX)
        return Deepest(
            depth_m, there, elapsed_us / 1e6, share, length_m, length_m / steps, edge, look + 1
        )

    def _look_at(self, which: int, i: int) -> int:
        """How many positions of a holder had been looked at up to a point of a span."""
        span = self._spans[which]
        since_begin = i - int(self._begins[which]) + (span.head is None)
        return self._looks[which] + min(since_begin, span.to - span.since)
