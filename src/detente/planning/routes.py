"""Ways around: a track led past what is in its way, at the speed at which it was to be flown.

What is in the way is drawn in a plane and widened by the room that the flight needs. Where the
track runs through it, the shortest path around its corners is taken (a visibility graph), leaving
and joining the track anywhere on the straight legs before and behind, so that its turns stay what
they were. Times behind the detour become later, so other volumes may come into the way: they are
added, and the path is looked for anew.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import shapely

from detente.geo import Circle, Prepared, Volume4D, circle_polygon, conflicting_pairs, projection
from detente.operations import Corridor, CorridorError, Track, corridor_volumes
from detente.planning.costs import Limits
from detente.planning.paths import Piece, Walled, blocked, straight
from detente.planning.planes import Plane

Floats: TypeAlias = npt.NDArray[np.float64]

ROUNDS: Final = 8
"""How often obstacles are added."""
TOGETHER: Final = 4
"""So many blocked spans may be passed in one detour."""
UNWANTED_M: Final = 1e7
"""As if a detour that leaves out a turn of the track were so much longer."""
WIDENED: Final = 1.04
"""Corridors are drawn up to 3.5 % wider than asked for."""
SIDES: Final = 24
"""Of what is drawn around a circle."""


@dataclass(frozen=True, slots=True)
class Detour:
    """A track led around what was in its way.

    Attributes:
        track: the new one.
        volumes: its corridor.
        extra_distance_m: how much longer it is.
        delay_s: how much later it ends.
    """

    track: Track
    volumes: tuple[Volume4D, ...]
    extra_distance_m: float
    delay_s: float


def around(
    track: Track,
    corridor: Corridor,
    others: Prepared,
    limits: Limits,
    *,
    from_us: int | None = None,
) -> Detour | None:
    """The track led around everything that its corridor would meet.

    Args:
        track: at least two points.
        corridor: the room to be kept.
        others: what must not be met.
        from_us: the track may be changed only after this; None: anywhere.

    Returns:
        None if there is no such way within the limits.
    """
    plane = Plane.of(track)
    if plane is None:
        return None
    obstacles = _Obstacles(plane, corridor, others)
    detour = Detour(track, corridor_volumes(track, corridor), 0.0, 0.0)
    for _ in range(ROUNDS):
        _, hit = conflicting_pairs(detour.volumes, others)
        if len(hit) == 0:
            return detour if obstacles.drawn else None
        if not obstacles.add(np.unique(hit).tolist()):
            return None
        found = _led(plane, track, obstacles, from_us)
        if found is None:
            return None
        led, extra_m = found
        late_us = int(led.time_us[-1] - track.time_us[-1])
        if extra_m > limits.extra_distance_max_m or late_us > limits.delay_max_s * 1_000_000:
            return None
        try:
            detour = Detour(led, corridor_volumes(led, corridor), extra_m, late_us / 1e6)
        except CorridorError:
            return None
    return None


class _Obstacles:
    """What is in the way, drawn in the plane and widened by the room that the flight needs."""

    def __init__(self, plane: Plane, corridor: Corridor, others: Prepared) -> None:
        self._plane, self._corridor, self._others = plane, corridor, others
        self._outlines: dict[int, tuple[Any, float]] = {}
        self._more_m: dict[int, float] = {}
        self.drawn: dict[int, Any] = {}

    def add(self, which: Sequence[int]) -> bool:
        """Take some in, or give them more room; False if one is too far away to be drawn."""
        for each in which:
            if each not in self._outlines:
                outline = self._outline(each)
                if outline is None:
                    return False
                self._outlines[each] = outline
            # what was led around and still is met needs more room
            more_m = self._more_m.get(each, 0.0) + self._corridor.half_width_m * 0.01 + 0.5
            self._more_m[each] = more_m
            shape, stretch = self._outlines[each]
            room = (self._corridor.half_width_m * WIDENED + more_m) * stretch
            # arcs are drawn by chords: around, so that no corner is cut
            self.drawn[each] = shapely.buffer(shape, room / math.cos(math.pi / 16), quad_segs=4)
        return True

    def _outline(self, which: int) -> tuple[Any, float] | None:
        """Its shape, and by how much lengths are stretched at its far end."""
        outline = self._others.volumes[which].outline
        if isinstance(outline, Circle):
            wider = 1 / math.cos(math.pi / SIDES)
            outline = circle_polygon(
                Circle(outline.lat_deg, outline.lng_deg, outline.radius_m * wider), SIDES
            )
        corners = np.array(outline.vertices)
        xy, away = self._plane.flat(corners[:, 0].copy(), corners[:, 1].copy())
        if not np.isfinite(xy).all():
            return None
        stretch = 1 / math.cos(min(float(away.max()) / 6.3e6, 1.2)) ** 2
        return shapely.make_valid(shapely.polygons(xy)), stretch

    def walled(self) -> Walled:
        """What must not be entered."""
        whole = shapely.union_all(list(self.drawn.values()))
        rings = shapely.get_exterior_ring(shapely.get_parts(whole))
        return Walled(shapely.get_parts(shapely.union_all(shapely.polygons(rings))))


def _led(
    plane: Plane, track: Track, obstacles: _Obstacles, from_us: int | None
) -> tuple[Track, float] | None:
    """The track led around obstacles, and how much longer it is."""
    walled = obstacles.walled()
    xy, _ = plane.flat(track.lat_deg, track.lng_deg)
    line = shapely.linestrings(xy)
    along = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))))
    earliest = 0.0
    if from_us is not None:
        earliest = float(np.interp(from_us, track.time_us, along))
    spans = blocked(line, float(along[-1]), walled.parts)
    if not spans or spans[0][0] <= earliest or spans[-1][1] >= along[-1]:
        # it begins, ends or already is where it must not be
        return None
    pieces = _pieces(xy, along, line, walled, spans, earliest)
    return None if pieces is None else _joined(plane, track, xy, along, pieces)


def _pieces(
    xy: Floats,
    along: Floats,
    line: Any,
    walled: Walled,
    spans: Sequence[tuple[float, float]],
    earliest: float,
) -> list[Piece] | None:
    """The detours around all blocked spans: one each, or one around several, whatever is shorter.

    Where the track turns between two spans, one detour around both is the last resort.
    """
    middles = [(a[1] + b[0]) / 2 for a, b in pairwise(spans)]
    lower, upper = [earliest, *middles], [*middles, float(along[-1])]
    bent = [float(straight(xy, along, a[1], b[0]).max()) < b[0] - 1.0 for a, b in pairwise(spans)]
    best: list[tuple[float, list[Piece]] | None] = [(0.0, [])]
    for last in range(len(spans)):
        choice: tuple[float, list[Piece]] | None = None
        for first in range(last, max(last - TOGETHER, -1), -1):
            before = best[first]
            if before is None:
                continue
            turns = sum(bent[first:last])
            if choice is not None and choice[0] <= before[0] + turns * UNWANTED_M:
                continue
            leave = straight(xy, along, spans[first][0], lower[first])
            join = straight(xy, along, spans[last][1], upper[last])
            found = walled.shortest(line, leave, join)
            if found is None:
                continue
            cost = before[0] + turns * UNWANTED_M + found.extra_m
            if choice is None or cost < choice[0] - 1e-6:
                choice = cost, [*before[1], found]
        best.append(choice)
    return None if best[-1] is None else best[-1][1]


def _joined(
    plane: Plane,
    track: Track,
    xy: Floats,
    along: Floats,
    pieces: Sequence[Piece],
) -> tuple[Track, float]:
    """The track with some pieces of it replaced, and how much longer it is, metres."""
    instants: list[float] = []
    heights: list[float] = []
    late = 0.0
    extra = 0.0
    done = -1.0
    time = track.time_us.astype(np.float64)
    degrees: list[tuple[float, float]] = []

    def keep(begin: float, end: float) -> None:
        for k in np.flatnonzero((along > begin) & (along < end)).tolist():
            degrees.append((float(track.lat_deg[k]), float(track.lng_deg[k])))
            instants.append(float(time[k]) + late)
            heights.append(float(track.altitude_m[k]))

    for piece in pieces:
        leave, join, path = piece.leave, piece.join, piece.places
        keep(done, leave)
        lat, lng = plane.back(path)
        _, legs = projection.inverse(lat[:-1], lng[:-1], lat[1:], lng[1:])
        old_m = _ground_m(plane, xy, along, leave, join)
        new_m = float(legs.sum())
        at, until = (float(np.interp(each, along, time)) for each in (leave, join))
        low, high = (float(np.interp(each, along, track.altitude_m)) for each in (leave, join))
        part = np.concatenate(([0.0], np.cumsum(legs))) / new_m
        # the speed is what it was on the piece replaced
        took = (until - at) * new_m / old_m
        degrees.extend(zip(lat.tolist(), lng.tolist(), strict=True))
        instants.extend((at + late + took * part).tolist())
        heights.extend((low + (high - low) * part).tolist())
        late += took - (until - at)
        extra += new_m - old_m
        done = join
    keep(done, math.inf)
    rounded = np.rint(instants).astype(np.int64)
    # two points of the same microsecond cannot be: the path leaves where the track has a point
    fresh = np.concatenate(([True], np.diff(rounded) > 0))
    place = np.array(degrees)
    return (
        Track(
            rounded[fresh],
            place[fresh, 0].copy(),
            place[fresh, 1].copy(),
            np.array(heights)[fresh],
        ),
        extra,
    )


def _ground_m(plane: Plane, xy: Floats, along: Floats, begin: float, end: float) -> float:
    """The length on the ground of a piece of the track."""
    inner = along[(along > begin) & (along < end)]
    at = np.concatenate(([begin], inner, [end]))
    places = np.column_stack((np.interp(at, along, xy[:, 0]), np.interp(at, along, xy[:, 1])))
    lat, lng = plane.back(places)
    _, legs = projection.inverse(lat[:-1], lng[:-1], lat[1:], lng[1:])
    return float(legs.sum())
