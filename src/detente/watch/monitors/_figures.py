"""From a passage to an event: every figure with its interval. Pure.

The definitions are those of docs/watch-definitions.md. Of the spreads, that of the boundary is
common to all points of one passage: where it enters two points that are subtracted from one another
it counts in full at both. Those of positions at entry and exit are independent of each other.
"""

from __future__ import annotations

from typing import Final

from detente.boundaries import Boundary
from detente.geo import projection
from detente.watch.crossing_rules import CrossingRules
from detente.watch.event_ids import event_id
from detente.watch.events import Event, EventKind, Ground, Interval, Place
from detente.watch.grading import Evidence, decide
from detente.watch.intervals import around, between, one_way, quadrature
from detente.watch.motion import off_the_line_m

from ._depth import STEP_M, Deepest, Node
from ._passage import Border, Counted, Passage

LEAST_STEEP: Final = 0.02
"""Along a border there is no telling where it was crossed: no spread is made of less than this."""
LONGEST_S: Final = 3600.0
"""A spread in time that is longer is told as this."""


def passage_event(
    passage: Passage,
    boundary: Boundary,
    rules: CrossingRules,
    *,
    callsign: str,
    line_m: float,
    now: Node,
    counted: Counted,
) -> Event:
    """What a passage comes to.

    Args:
        passage: as far as it is known.
        boundary: what was crossed.
        rules: what is assumed.
        callsign: of the aircraft.
        line_m: how far the border nearest to the deepest point may be from the true one, 95 %.
        now: where it was last, if it is still inside.
        counted: positions of the aircraft up to there.
    """
    over_m, over_us, count = passage.inside_m, passage.inside_us, passage.counted
    if passage.ended_us is None:
        over_m += now.odometer_m - passage.part.odometer_m
        over_us += now.time_us - passage.part.time_us
        count += counted - passage.part_counted
    deepest = passage.deepest or Deepest(0.0, passage.first, 0.0, 0.0, 0.0, 0.0, -1)
    nearest, position_m, aside_m = _nearest(passage, deepest, line_m, rules)
    evidence = Evidence(
        nearest, position_m, aside_m, line_m,
        count.reports, count.doubtful, count.derived, count.assumed,
        passage.distrusted(now.time_us, round(rules.distrust_s * 1e6)),
        passage.nearest_jump_s(now.time_us), rules.distrust_s, rules.doubtful_share,
    )  # fmt: skip
    grade, grounds = decide(evidence, boundary)
    length = _length(passage, over_m)
    return Event(
        id=event_id(EventKind.CROSSING, passage.aircraft, boundary.id, passage.began_us),
        kind=EventKind.CROSSING,
        grade=grade,
        aircraft=passage.aircraft,
        callsign=callsign,
        boundary=boundary.id,
        claimant=boundary.claimant,
        began_us=passage.began_us,
        ended_us=passage.ended_us,
        entry=None if passage.entry is None else place_of(passage.entry, rules),
        exit=None if passage.exit is None else place_of(passage.exit, rules),
        deepest=_deepest_place(deepest, position_m, aside_m, rules),
        duration_s=_duration(passage, over_us),
        length_m=length,
        depth_nearest_m=nearest,
        depth_along_m=_along(passage, deepest, nearest, length),
        depth_chord_m=_chord(passage, rules),
        grounds=grounds + _marks(passage, deepest, count, rules),
        reports=count.reports,
        sources=passage.sources,
        boundary_source=boundary.source.id,
        basis="assumed" if count.assumed else "derived" if count.derived else "stated",
    )


def across_m(border: Border) -> float:
    """How far an aircraft may have been, across the border, from where it seems to cross it."""
    return quadrature(one_way(border.radius_m), border.aside_m, border.line_m)


def place_of(border: Border, rules: CrossingRules) -> Place:
    """Where a border was crossed, with its spread in place and time."""
    steep = max(border.steepness, LEAST_STEEP)
    along_m = across_m(border) / steep
    spread_s = quadrature(_seconds(along_m, border.speed_m_s), rules.time_s)
    return Place(
        border.lat,
        border.lng,
        border.altitude_m,
        border.time_us,
        quadrature(border.radius_m, border.aside_m, border.line_m / steep),
        min(spread_s, LONGEST_S),
    )


def _seconds(way_m: float, speed_m_s: float) -> float:
    return min(way_m / speed_m_s, LONGEST_S) if speed_m_s > 0 else LONGEST_S


def _nearest(
    passage: Passage, deepest: Deepest, line_m: float, rules: CrossingRules
) -> tuple[Interval, float, float]:
    """Greatest distance to the nearest border; the spreads of position and between positions."""
    if deepest.node is None:
        position_m = one_way(passage.first.radius_m)
        spread = quadrature(position_m, line_m)
        limit = deepest.depth_m
        return between(max(0.0, limit - spread), limit, float("inf"), "m"), position_m, 0.0
    position_m = one_way(deepest.node.radius_m)
    aside_m = off_the_line_m(
        deepest.elapsed_s,
        deepest.share,
        deepest.length_m,
        rules.acceleration_m_s2,
        rules.speed_max_m_s,
    )
    spread = quadrature(position_m, aside_m, line_m)
    told = around(deepest.depth_m, spread, "m", more=max(deepest.step_m, STEP_M) / 2)
    return told, position_m, aside_m


def _deepest_place(
    deepest: Deepest, position_m: float, aside_m: float, rules: CrossingRules
) -> Place | None:
    node = deepest.node
    if node is None:
        return None
    radius_m = quadrature(node.radius_m, aside_m)
    return Place(node.lat, node.lng, None, node.time_us, radius_m, rules.time_s)


def _duration(passage: Passage, over_us: int) -> Interval:
    """Time inside; parts that only seemed to be outside belong to what it may have been."""
    value = over_us / 1e6
    position, line = [], 0.0
    for border in (passage.entry, passage.exit):
        if border is not None:
            closing = max(border.steepness, LEAST_STEEP) * border.speed_m_s
            position.append(_seconds(quadrature(one_way(border.radius_m), border.aside_m), closing))
            line += _seconds(border.line_m, closing)
    spread = quadrature(*position, line)
    whole = value if passage.ended_us is None else (passage.ended_us - passage.began_us) / 1e6
    high = max(value, whole) + spread
    if passage.entry is None or passage.exit is None:
        high = float("inf")
    return between(max(0.0, value - spread), value, high, "s")


def _length(passage: Passage, over_m: float) -> Interval:
    """Way flown inside."""
    position, line = [], 0.0
    for border in (passage.entry, passage.exit):
        if border is not None:
            steep = max(border.steepness, LEAST_STEEP)
            position.append(quadrature(one_way(border.radius_m), border.aside_m) / steep)
            line += border.line_m / steep
    spread = quadrature(*position, line)
    whole = over_m
    if passage.exit is not None and passage.entry is not None:
        whole = passage.exit.odometer_m - passage.entry.odometer_m
    high = max(over_m, whole) + spread
    if passage.entry is None or passage.exit is None:
        high = float("inf")
    return between(max(0.0, over_m - spread), over_m, high, "m")


def _along(
    passage: Passage, deepest: Deepest, nearest: Interval, length: Interval
) -> Interval | None:
    """Way flown from the border to the deepest point.

    It is no shorter than the depth there and no longer than all of the way inside.
    """
    if passage.entry is None or deepest.node is None:
        return None
    value = max(0.0, deepest.node.odometer_m - passage.entry.odometer_m)
    low, high = min(max(0.0, nearest.low), value), max(value, length.high)
    return between(low, value, high, "m")


def _chord(passage: Passage, rules: CrossingRules) -> Interval | None:
    """The straight way from entry to exit."""
    if passage.entry is None or passage.exit is None:
        return None
    into, out = passage.entry, passage.exit
    _, _, value = projection.GEOD.inv(into.lng, into.lat, out.lng, out.lat)
    spread = quadrature(place_of(into, rules).radius_m, place_of(out, rules).radius_m)
    return around(float(value), spread, "m", least=0.0)


def _marks(
    passage: Passage, deepest: Deepest, count: Counted, rules: CrossingRules
) -> tuple[Ground, ...]:
    """What else somebody has to know who reads the figures."""
    found = []
    if count.reports == 0:
        found.append(Ground("between-reports"))
    if passage.entry is None:
        found.append(Ground("began-inside"))
    if passage.ended_us is not None and passage.exit is None:
        found.append(Ground("ended-inside"))
    if deepest.node is None:
        found.append(Ground("deeper-than-told", {"limit_m": rules.depth_max_m}))
    return tuple(found)
