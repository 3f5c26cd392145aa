"""Whether an aircraft did what somebody says: tested against its track. Pure.

A claim is tested as a crossing is found: the same boundary, the same definitions of depth, the same
uncertainties. It is shown if even the low end of the figure fulfils it, refuted if even the high
end does not; else it cannot be told, and the grounds say why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from detente.boundaries import Boundary, BoundarySet, Depth
from detente.feeds import Basis, Reports
from detente.kernels import Depths

from .crossing_rules import CrossingRules
from .events import Event, Grade, Ground, Interval
from .grading import Evidence, decide
from .intervals import between, extreme, one_way, picked_out, quadrature
from .kinematics import least_speed_m_s
from .monitors._depth import Deepest, Points, Span, deepen
from .monitors._following import Following
from .monitors._scan import JUMPED, LINKED, SKIPPED, Codes, Floats
from .monitors.crossing import CrossingMonitor
from .motion import length_m, off_the_line_m, on_the_way
from .tracks import Tracked, Tracks
from .tracks_flags import Flag

_FASTER: Final = 1.1
"""Reported speeds are good to some per cent."""


@dataclass(frozen=True, slots=True)
class Claim:
    """That an aircraft was inside a boundary.

    Attributes:
        from_us, until_us: when; equal for an instant. µs since 1970 UTC.
        depth_m: at least how deep; None: at all.
        definition: of that depth.
        duration_s: for how long in all; None: not claimed.
        time_s: how exact those times are meant: "at 09:24" is good to 30 s.
    """

    from_us: int
    until_us: int
    depth_m: float | None = None
    definition: Depth = Depth.NEAREST_BORDER
    duration_s: float | None = None
    time_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a track says about a claim.

    Attributes:
        grade: shown, refuted, or cannot be told.
        depth: the greatest in the time claimed, by the claim's definition; negative is outside.
            None: there are no positions.
        grounds: what decided, most important first.
        events: passages that overlap the time claimed.
        boundary, source: what it was judged against.
    """

    grade: Grade
    depth: Interval | None
    grounds: tuple[Ground, ...]
    events: tuple[Event, ...]
    boundary: str
    source: str


@dataclass(slots=True)
class _Greatest:
    area: int
    deepest: Deepest | None = None
    foot: tuple[float, float] | None = None
    looks: int = 0


def judge_claim(
    track: Reports,
    boundaries: BoundarySet,
    boundary: Boundary,
    claim: Claim,
    rules: CrossingRules | None = None,
) -> Verdict:
    """Judge a claim by the track of an aircraft.

    Args:
        track: reports of that aircraft, in the order in which they came.
        boundaries: a set that holds the boundary.
        boundary: what it is said to have entered.
        claim: what is said.
        rules: what is assumed; predictions play no part.

    Raises:
        ValueError: the boundary is not in the set.
    """
    rules = rules or CrossingRules()
    area = boundaries.boundaries.index(boundary)
    tracked = Tracks().take(track)
    margin_us = round((claim.time_s + rules.time_s) * 1e6)
    exact = _greatest(tracked, boundaries, area, claim.from_us, claim.until_us, rules)
    widest = _greatest(
        tracked, boundaries, area, claim.from_us - margin_us, claim.until_us + margin_us, rules
    )
    if widest is None:
        return Verdict(
            Grade.CANNOT_BE_TOLD, None, (Ground("no-positions"),), (), boundary.id,
            boundary.source.id,
        )  # fmt: skip
    events = _passages(track, boundaries, area, claim, margin_us, rules)
    line_m = _line_m(boundaries, area, exact or widest)
    nearest, spreads = _depth(exact or widest, widest, line_m, rules)
    depth = _by_definition(claim, nearest, events)
    grade, grounds = decide(
        _evidence(tracked, depth, (*spreads, line_m), (exact or widest).look, claim, rules),
        boundary,
        claim.depth_m,
    )
    if exact is None or not _covered(tracked, claim, rules):
        grounds += (Ground("not-covered"),)
        # what was flown while nobody saw it may have been anything
        grade = grade if grade is Grade.SHOWN else Grade.CANNOT_BE_TOLD
    grounds += _speed(tracked, claim)
    return Verdict(grade, depth, grounds, events, boundary.id, boundary.source.id)


def over_sources(verdicts: Sequence[Verdict]) -> tuple[Grade, tuple[Ground, ...]]:
    """One verdict of those by several sources of the same boundary.

    Sources that may not judge do not count. If those that may contradict one another, or some show
    what others cannot tell, the matter depends on border data and cannot be told.
    """
    judges = [
        each
        for each in verdicts
        if all(ground.code != "boundary-does-not-judge" for ground in each.grounds)
    ]
    if not judges:
        return Grade.CANNOT_BE_TOLD, tuple(
            ground for each in verdicts for ground in each.grounds[:1]
        )
    grades = {each.grade for each in judges}
    if len(grades) == 1:
        return judges[0].grade, judges[0].grounds
    figures: dict[str, float | str] = {each.source: each.grade.value for each in judges}
    return Grade.CANNOT_BE_TOLD, (Ground("depends-on-border-data", figures),)


def _greatest(
    tracked: Tracked,
    boundaries: BoundarySet,
    area: int,
    from_us: int,
    until_us: int,
    rules: CrossingRules,
) -> Deepest | None:
    """Where the track lies deepest in a span of time; None if it has nothing there."""

    def depth_of(lat: Floats, lng: Floats, areas: Codes) -> Depths:
        return boundaries.index.signed_depth(lat, lng, areas, rules.depth_max_m)

    holder = _Greatest(area)
    for rows in _pieces(tracked, rules):
        points = _clipped(tracked, rows, from_us, until_us)
        if points is not None:
            span = Span(holder, None, 0, len(points.rows), None)
            deepen([span], points, depth_of, rules.depth_max_m)
    return holder.deepest


def _links(tracked: Tracked, rules: CrossingRules) -> npt.NDArray[np.uint8]:
    """How each position follows from the one before: codes of `monitors._scan`."""
    following = Following(
        round(rules.gap_s * 1e6), rules.speed_max_m_s, rules.doubt_max, rules.containment_max_m
    )
    return following.take(tracked, np.zeros(len(tracked), dtype=np.int32)).link


def _pieces(tracked: Tracked, rules: CrossingRules) -> list[list[int]]:
    """Rows of the track, apart where nothing links them."""
    pieces: list[list[int]] = []
    for row, link in enumerate(_links(tracked, rules).tolist()):
        if link == SKIPPED:
            continue
        if link != LINKED:
            pieces.append([])
        pieces[-1].append(row)
    return pieces


def _clipped(tracked: Tracked, rows: list[int], from_us: int, until_us: int) -> Points | None:
    """A piece of track within a span of time, its ends interpolated."""
    reports = tracked.reports
    times = reports.time_us[rows]
    begin, end = max(from_us, int(times[0])), min(until_us, int(times[-1]))
    if begin > end:
        return None
    at = np.unique(np.concatenate(([begin], times[(times > begin) & (times < end)], [end])))
    i = np.clip(np.searchsorted(times, at, side="right") - 1, 0, len(times) - 1)
    j = np.minimum(i + 1, len(times) - 1)
    elapsed = np.maximum(times[j] - times[i], 1)
    lats, lngs = reports.lat_deg[rows], reports.lng_deg[rows]
    lat, lng = on_the_way(lats[i], lngs[i], lats[j], lngs[j], (at - times[i]) / elapsed)
    way = length_m(lat[:-1], lng[:-1], lat[1:], lng[1:])
    radius = np.maximum(reports.horizontal_m[rows][i], reports.horizontal_m[rows][j])
    odometer = np.concatenate(([0.0], np.cumsum(way)))
    return Points(lat, lng, at, odometer, radius, np.arange(len(at)))


def _passages(
    track: Reports,
    boundaries: BoundarySet,
    area: int,
    claim: Claim,
    margin_us: int,
    rules: CrossingRules,
) -> tuple[Event, ...]:
    alone = CrossingRules(
        gap_s=rules.gap_s,
        merge_s=rules.merge_s,
        acceleration_m_s2=rules.acceleration_m_s2,
        speed_max_m_s=rules.speed_max_m_s,
        time_s=rules.time_s,
        depth_max_m=rules.depth_max_m,
        distrust_s=rules.distrust_s,
        doubtful_share=rules.doubtful_share,
        doubt_max=rules.doubt_max,
        containment_max_m=rules.containment_max_m,
        look_ahead_s=0.0,
        stays=True,
        provisional=False,
    )
    monitor = CrossingMonitor(boundaries, alone)
    found = {each.id: each for each in monitor.take(Tracks().take(track))}
    found |= {each.id: each for each in monitor.close()}
    wanted = boundaries.boundaries[area].id
    return tuple(
        each
        for each in found.values()
        if each.boundary == wanted
        and each.began_us <= claim.until_us + margin_us
        and (each.ended_us is None or each.ended_us >= claim.from_us - margin_us)
    )


def _line_m(boundaries: BoundarySet, area: int, deepest: Deepest) -> float:
    """How far the border nearest to a point may be from the true one."""
    if deepest.edge < 0:
        return boundaries.boundaries[area].worst_uncertainty_m
    areas = np.array([area], dtype=np.int32)
    return float(boundaries.uncertainty_m(areas, np.array([deepest.edge]))[0])


def _depth(
    exact: Deepest, widest: Deepest, line_m: float, rules: CrossingRules
) -> tuple[Interval, tuple[float, float]]:
    """Greatest signed distance to the nearest border; spreads of position and between reports."""
    highs = []
    for each in (exact, widest):
        position_m, aside_m = _spreads_m(each, rules)
        more = float("inf") if each.node is None and each.depth_m > 0 else each.step_m / 2
        highs.append(each.depth_m + quadrature(position_m, aside_m, line_m) + more)
    position_m, aside_m = _spreads_m(exact, rules)
    low = exact.depth_m - picked_out(position_m, quadrature(aside_m, line_m), exact.look)
    allowed_m = sum(extreme(exact.look)) * position_m
    return between(low, exact.depth_m, max(highs), "m"), (allowed_m, aside_m)


def _spreads_m(deepest: Deepest, rules: CrossingRules) -> tuple[float, float]:
    """Of its position, and between reports."""
    radius_m = deepest.node.radius_m if deepest.node is not None else 0.0
    aside_m = off_the_line_m(
        deepest.elapsed_s, deepest.share, deepest.length_m, rules.acceleration_m_s2,
        rules.speed_max_m_s,
    )  # fmt: skip
    return one_way(radius_m), aside_m


def _by_definition(claim: Claim, nearest: Interval, events: Sequence[Event]) -> Interval:
    """The depth that the claim means; where it was not inside, how far outside it was."""
    if claim.definition is Depth.NEAREST_BORDER:
        return nearest
    told = [
        each.depth_along_m if claim.definition is Depth.ALONG_TRACK else each.depth_chord_m
        for each in events
    ]
    known = [each for each in told if each is not None]
    if not known:
        return nearest
    return max(known, key=lambda each: each.value)


def _evidence(
    tracked: Tracked,
    depth: Interval,
    spreads: tuple[float, float, float],
    look: int,
    claim: Claim,
    rules: CrossingRules,
) -> Evidence:
    times, flags = tracked.reports.time_us, tracked.flags
    during = (times >= claim.from_us) & (times <= claim.until_us)
    jumps = times[_links(tracked, rules) == JUMPED]
    away = np.maximum(np.maximum(claim.from_us - jumps, jumps - claim.until_us), 0) / 1e6
    nearest_s = float(away.min()) if len(away) else None
    doubtful = ((flags & Flag.INCONSISTENT) != 0) | (tracked.doubt > rules.doubt_max)
    basis = tracked.reports.basis
    return Evidence(
        depth,
        *spreads,
        int(during.sum()),
        int((during & doubtful).sum()),
        int((during & (basis == Basis.DERIVED)).sum()),
        int((during & (basis == Basis.ASSUMED)).sum()),
        nearest_s is not None and nearest_s < rules.distrust_s,
        nearest_s,
        rules.distrust_s,
        rules.doubtful_share,
        look,
    )


def _covered(tracked: Tracked, claim: Claim, rules: CrossingRules) -> bool:
    """Whether positions reach over all of the time claimed without a gap."""
    for rows in _pieces(tracked, rules):
        times = tracked.reports.time_us[rows]
        if times[0] <= claim.from_us and times[-1] >= claim.until_us:
            return True
    return False


def _speed(tracked: Tracked, claim: Claim) -> tuple[Ground, ...]:
    """Whether what is claimed could be flown at the speeds that were reported."""
    if claim.depth_m is None or not claim.duration_s:
        return ()
    needed = least_speed_m_s(claim.depth_m, claim.duration_s)
    times = tracked.reports.time_us
    near = (times >= claim.from_us - 60_000_000) & (times <= claim.until_us + 60_000_000)
    speeds = tracked.reports.speed_m_s[near]
    speeds = speeds[np.isfinite(speeds)]
    if not len(speeds) or needed <= _FASTER * float(speeds.max()):
        return ()
    return (Ground("speed-impossible", {"needed_m_s": needed, "flown_m_s": float(speeds.max())}),)
