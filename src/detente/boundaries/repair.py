"""Polygons made valid: ring by ring, in bounded time, the same output for the same input.

What a tangled ring holds is decided by even-odd: a place is inside if a ray from it crosses the
ring an odd number of times. So no place that a plain point-in-polygon test has inside changes
sides. Each repair is reported with its place and the change of area; a ring whose area would change
by more than a share is refused instead, because then it is not clear what was meant.
`shapely.make_valid` on whole countries of a million vertices did not end within ten minutes; here
only the rings that are not valid are taken apart, and those that are tangled beyond measure are
refused before any work.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import shapely

from .dateline import AroundTheEarth, cut, needs_cutting, running
from .errors import BoundaryRefused
from .model import Polygon, Ring
from .rings import VERTICES_MIN, inside_by_parity, oriented, signed_area_m2, tidied

MAX_CHANGE_SHARE: Final = 0.01
"""Of a ring's area: a repair that changes more is refused."""
PAIRS_PER_VERTEX_MAX: Final = 100
PAIRS_MIN: Final = 1_000_000
"""Pairs of edges whose boxes meet: at most so many (whichever is more) before a ring is refused."""
_PAIRS_AT_ONCE: Final = 5_000_000
_FACES_MAX: Final = 100_000
_WORK_MAX: Final = 2_000_000_000
"""Faces times vertices: what deciding even-odd costs."""
_AREA_LEAST_M2: Final = 1e-3

_PLACE: Final = re.compile(r"\[(\S+) (\S+)\]")


class Fault(StrEnum):
    """What was wrong with a polygon."""

    DEGENERATE = "degenerate"
    """A ring without an inside: left out."""
    SELF_CROSSING = "self-crossing"
    """A ring crosses or touches itself: taken apart by even-odd."""
    DATE_LINE = "date-line"
    """A ring crosses the date line or goes around a pole: cut."""
    HOLES = "holes"
    """Holes cross the outer ring or one another, or lie outside: what they cover is left out."""
    OVERLAP = "overlap"
    """Parts overlap, or share an edge: joined."""
    ENCLAVE = "enclave"
    """A part lies in another part of the same area, and is somebody else's: made a hole of it."""
    REPEATED = "repeated"
    """A part lies in another part of the same area, and is nobody else's: left out."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What was wrong with a boundary, and what was done.

    Attributes:
        boundary: its name.
        fault: what was wrong; that says what was done.
        lng_deg, lat_deg: where.
        vertices: of the ring, or of all rings concerned.
        before_m2, after_m2: areas.
    """

    boundary: str
    fault: Fault
    lng_deg: float
    lat_deg: float
    vertices: int
    before_m2: float
    after_m2: float


@dataclass(frozen=True, slots=True)
class Repaired:
    """Valid, disjoint polygons within -180..180°, and what had to be done for it."""

    polygons: tuple[Polygon, ...]
    repairs: tuple[Repair, ...]


def repaired(
    name: str,
    polygons: Sequence[Sequence[Ring]],
    *,
    max_change_share: float = MAX_CHANGE_SHARE,
) -> Repaired:
    """Polygons that are valid; those that are so already pass untouched.

    Args:
        name: of the boundary, for what is said.
        polygons: outer ring and holes of each, in degrees; open or closed, in any direction.
        max_change_share: of the area of a ring, or of all parts; above it is refused.

    Raises:
        BoundaryRefused: a place is not on Earth; a repair would change too much; a ring is tangled
            beyond measure or holds no pole that could be told; nothing is left.
    """
    work = _Work(name, max_change_share)
    pieces = [piece for rings in polygons for piece in work.polygon(rings)]
    joined = work.joined(pieces)
    if not joined:
        raise BoundaryRefused("It has no area.", where=name)
    return Repaired(tuple(_rings(each) for each in joined), tuple(work.repairs))


class _Work:
    def __init__(self, name: str, max_change_share: float) -> None:
        self.name = name
        self.max_change_share = max_change_share
        self.repairs: list[Repair] = []

    def polygon(self, rings: Sequence[Ring]) -> list[shapely.Polygon]:
        """One polygon as valid ones."""
        clean = [tidied(self._checked(ring)) for ring in rings]
        outer, *holes = clean
        if not self._has_inside(outer):
            return []
        holes = [hole for hole in holes if self._has_inside(hole)]
        if not any(needs_cutting(ring) for ring in (outer, *holes)):
            whole = shapely.Polygon(outer, holes)
            if shapely.is_valid(whole):
                return [whole]
        shells = self._areas(outer)
        if not holes:
            return shells
        taken = shapely.union_all([area for hole in holes for area in self._areas(hole)])
        before = sum(map(_area_m2, shells)) - _area_m2(taken)
        left = [
            part
            for shell in shells
            for part in shapely.get_parts(shapely.difference(shell, taken))
            if isinstance(part, shapely.Polygon)
        ]
        after = sum(map(_area_m2, left))
        if abs(after - before) > _AREA_LEAST_M2:
            place = shapely.point_on_surface(taken)
            self._report(Fault.HOLES, place.x, place.y, sum(map(len, clean)), before, after)
        return left

    def joined(self, pieces: Sequence[shapely.Polygon]) -> list[shapely.Polygon]:
        """Parts that overlap or share an edge as one; the others as they are, in their order."""
        if len(pieces) < 2 or shapely.is_valid(shapely.MultiPolygon(list(pieces))):
            return list(pieces)
        groups = _groups(pieces)
        out: list[shapely.Polygon] = []
        for group in groups:
            if len(group) == 1:
                out.append(pieces[group[0]])
                continue
            members = [pieces[index] for index in group]
            union = shapely.union_all(members)
            before = sum(map(_area_m2, members))
            parts = [each for each in shapely.get_parts(union) if isinstance(each, shapely.Polygon)]
            parts.sort(key=lambda each: each.bounds)
            vertices = int(sum(shapely.get_num_coordinates(each) for each in members))
            place = shapely.point_on_surface(members[-1])
            self._report(
                Fault.OVERLAP, place.x, place.y, vertices, before, sum(map(_area_m2, parts))
            )
            out.extend(parts)
        return out

    def _checked(self, ring: Ring) -> Ring:
        if ring.ndim != 2 or (len(ring) and ring.shape[1] != 2):
            raise BoundaryRefused("A ring is no list of longitudes and latitudes.", where=self.name)
        bad = ~(
            np.isfinite(ring).all(axis=1) & (np.abs(ring[:, 1]) <= 90) & (np.abs(ring[:, 0]) <= 540)
        )
        if bad.any():
            lng, lat = ring[int(np.argmax(bad))]
            raise BoundaryRefused(
                f"A vertex is not on Earth: longitude {lng:g}, latitude {lat:g}.",
                where=self.name,
                advice="Longitude comes first, both in degrees; "
                "other coordinate systems need their definition in the file.",
            )
        return ring

    def _has_inside(self, ring: Ring) -> bool:
        if len(ring) >= VERTICES_MIN and (
            needs_cutting(ring) or (np.ptp(ring[:, 0]) > 0 and np.ptp(ring[:, 1]) > 0)
        ):
            return True
        if len(ring):
            lng, lat = ring[0].tolist()
            self._report(Fault.DEGENERATE, lng, lat, len(ring), 0.0, 0.0)
        return False

    def _areas(self, ring: Ring) -> list[shapely.Polygon]:
        """What one ring holds."""
        crosses = needs_cutting(ring)
        if crosses:
            try:
                ring = running(ring)
            except AroundTheEarth as error:
                raise BoundaryRefused(
                    f"A ring cannot be read: {error}.",
                    where=self.name,
                    advice="Cut it at the date line and lead it by the pole (RFC 7946, 3.1.9).",
                ) from None
        shape = shapely.Polygon(ring)
        areas = [shape] if shapely.is_valid(shape) else self._even_odd(ring, shape)
        if not crosses:
            return areas
        pieces = [piece for area in areas for piece in cut(area)]
        size = sum(map(_area_m2, pieces))
        self.repairs.append(
            Repair(self.name, Fault.DATE_LINE, 180.0, float(ring[0, 1]), len(ring), size, size)
        )
        return pieces

    def _even_odd(self, ring: Ring, shape: shapely.Polygon) -> list[shapely.Polygon]:
        self._not_too_tangled(ring)
        noded = shapely.unary_union(shapely.LineString(ring))
        faces = [
            face
            for face in shapely.get_parts(shapely.polygonize(list(shapely.get_parts(noded))))
            if isinstance(face, shapely.Polygon)
        ]
        if len(faces) > _FACES_MAX or len(faces) * len(ring) > _WORK_MAX:
            raise self._tangled(ring)
        inside = []
        for face in faces:
            place = shapely.point_on_surface(face)
            if inside_by_parity(ring, place.x, place.y):
                inside.append(face)
        union = shapely.union_all(inside)
        areas = [each for each in shapely.get_parts(union) if isinstance(each, shapely.Polygon)]
        areas.sort(key=lambda each: each.bounds)
        lng, lat = _where(shape)
        self._report(
            Fault.SELF_CROSSING,
            lng,
            lat,
            len(ring),
            abs(signed_area_m2(ring)),
            sum(map(_area_m2, areas)),
        )
        return areas

    def _not_too_tangled(self, ring: Ring) -> None:
        """Count the pairs of edges whose boxes meet: a bound on the work to come."""
        low = np.minimum(ring[:-1], ring[1:])
        high = np.maximum(ring[:-1], ring[1:])
        boxes = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
        tree = shapely.STRtree(boxes)
        most = max(PAIRS_PER_VERTEX_MAX * len(ring), PAIRS_MIN)
        at_once = max(1, _PAIRS_AT_ONCE // len(ring))
        found = 0
        for begin in range(0, len(boxes), at_once):
            found += tree.query(boxes[begin : begin + at_once]).shape[1]
            if found > most:
                raise self._tangled(ring)

    def _tangled(self, ring: Ring) -> BoundaryRefused:
        return BoundaryRefused(
            f"A ring of {len(ring) - 1} vertices near longitude {ring[0, 0]:.5f}, latitude "
            f"{ring[0, 1]:.5f} crosses itself too often to be repaired.",
            where=self.name,
        )

    def _report(
        self, fault: Fault, lng: float, lat: float, vertices: int, before: float, after: float
    ) -> None:
        change = abs(after - before)
        if change > max(self.max_change_share * max(abs(before), after), _AREA_LEAST_M2):
            raise BoundaryRefused(
                f"Repairing it ({fault.value}, near longitude {lng:.5f}, latitude {lat:.5f}) would "
                f"change the area from {before / 1e6:,.6f} to {after / 1e6:,.6f} km²: "
                "it is not clear what was meant.",
                where=self.name,
                advice="Correct it, or allow a greater share with --max-change.",
            )
        self.repairs.append(
            Repair(self.name, fault, float(lng), float(lat), vertices, float(before), float(after))
        )


def _groups(pieces: Sequence[shapely.Polygon]) -> list[list[int]]:
    """Indices of pieces that share more than points, in the order of their first members."""
    tree = shapely.STRtree(list(pieces))
    left, right = tree.query(list(pieces), predicate="intersects")
    group = list(range(len(pieces)))

    def first(index: int) -> int:
        while group[index] != index:
            group[index] = group[group[index]]
            index = group[index]
        return index

    for a, b in sorted(zip(left.tolist(), right.tolist(), strict=True)):
        if a < b and first(a) != first(b) and _share_more_than_points(pieces[a], pieces[b]):
            low, high = sorted((first(a), first(b)))
            group[high] = low
    members: dict[int, list[int]] = {}
    for index in range(len(pieces)):
        members.setdefault(first(index), []).append(index)
    return list(members.values())


def _share_more_than_points(a: shapely.Polygon, b: shapely.Polygon) -> bool:
    # Boundaries that share a line, or interiors that share anything.
    relation = shapely.relate(a, b)
    return bool(relation[0] != "F" or relation[4] == "1")


def _where(shape: shapely.Polygon) -> tuple[float, float]:
    found = _PLACE.search(shapely.is_valid_reason(shape))
    if found is None:
        x, y = shapely.get_coordinates(shape)[0]
        return float(x), float(y)
    return float(found[1]), float(found[2])


def _area_m2(area: shapely.Geometry) -> float:
    total = 0.0
    for part in shapely.get_parts(area):
        if isinstance(part, shapely.Polygon):
            outer, *holes = shapely.get_rings(part)
            total += abs(signed_area_m2(shapely.get_coordinates(outer)))
            total -= sum(abs(signed_area_m2(shapely.get_coordinates(hole))) for hole in holes)
    return total


def _rings(area: shapely.Polygon) -> Polygon:
    outer, *holes = (shapely.get_coordinates(ring) for ring in shapely.get_rings(area))
    return (
        oriented(outer, outer=True),
        *(oriented(hole, outer=False) for hole in holes),
    )
