"""Outlines of straight edges and arcs, drawn as polygons that are never smaller than meant.

F3548-21 knows circles and polygons. A whole circle stays one. An arc becomes a chain of edges on
the outside of the area: around the arc where the area bulges (edges touch the arc from outside),
along its chords where the area is hollow. The outline so reaches beyond what is meant by at most
`error_m`, which is told. Edges are geodesics; distances are along the ellipsoid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from detente.geo import Circle, Outline, Polygon, projection

from .places import Place
from .understood import Unread, refused, unread

ERROR_MOST_M: Final = 10.0
"""Arcs are drawn so finely that the outline reaches no farther beyond them."""
STEP_MOST_DEG: Final = 10.0
STEP_LEAST_DEG: Final = 0.5
POINTS_MOST: Final = 20_000
RADIUS_MOST_M: Final = 2_000_000.0
# Ends of an arc whose distances from its centre differ by more than this make no arc.
UNEQUAL_MOST: Final = 0.1
SAME_PLACE_M: Final = 0.005
# An arc given by angles ends where its neighbour begins, if that is as near as this: files round.
SNAP_M: Final = 20.0
# What the plane in which arcs are drawn may be wrong by, and the rounding of coordinates.
SLACK_M: Final = 0.002


@dataclass(frozen=True, slots=True)
class Arc:
    """A piece of a circle between two azimuths at its centre, degrees clockwise from north.

    Attributes:
        inner_m, outer_m: equal, unless the ends lie at different distances from the centre: then
            the arc is somewhere in between.
        start, end: the ends as written; None: they follow from the azimuths.
    """

    centre: Place
    inner_m: float
    outer_m: float
    from_deg: float
    to_deg: float
    clockwise: bool
    start: Place | None = None
    end: Place | None = None

    @property
    def sweep_deg(self) -> float:
        """How far it turns, above 0 and at most 360."""
        turn = (self.to_deg - self.from_deg) * (1 if self.clockwise else -1)
        return turn % 360 or 360.0


Edge = Place | Arc
"""Straight to this place, or along this arc."""


def azimuth_distance(one: Place, other: Place) -> tuple[float, float]:
    """Azimuth in degrees at the first place, and metres between them."""
    azimuth, _, distance = projection.GEOD.inv(one[1], one[0], other[1], other[0])
    return float(azimuth) % 360, float(distance)


def away(place: Place, azimuth_deg: float, distance_m: float) -> Place:
    """The place at an azimuth and a distance from another."""
    lng, lat, _ = projection.GEOD.fwd(place[1], place[0], azimuth_deg, distance_m)
    return float(lat), float(lng)


def arc_between(centre: Place, start: Place, end: Place, *, clockwise: bool, line: int = 0) -> Arc:
    """The arc around a centre from one place to another.

    Raises:
        Unread: the places are not about equally far from the centre, or no distance from it.
    """
    from_deg, near = azimuth_distance(centre, start)
    to_deg, far = azimuth_distance(centre, end)
    inner, outer = sorted((near, far))
    if outer - inner > UNEQUAL_MOST * outer or inner <= 0:
        unread(
            f"The arc begins {near:,.0f} m from its centre and ends {far:,.0f} m from it.",
            f"L’arc commence à {near:,.0f} m de son centre et finit à {far:,.0f} m.",
            do_en="Correct the centre or the ends.",
            do_fr="Corrigez le centre ou les extrémités.",
            line=line,
        )
    check_radius(outer, line)
    return Arc(centre, inner, outer, from_deg, to_deg, clockwise, start, end)


def check_radius(radius_m: float, line: int = 0) -> None:
    """Refuse what is no radius.

    Raises:
        Unread: not above 0, or beyond 2,000 km.
    """
    if not 0 < radius_m <= RADIUS_MOST_M:
        unread(
            f"The radius is {radius_m:,.10g} m; it must be above 0 and at most 2,000 km.",
            f"Le rayon est de {radius_m:,.10g} m\u202f; il doit être positif, 2 000 km au plus.",
            line=line,
        )


def outline_of(edges: list[Edge], line: int = 0) -> tuple[Outline, float]:
    """The outline that edges enclose, and by how much it may reach beyond them, metres.

    A ring that is only one whole circle is a `Circle`. Points that repeat the one before are left
    out, so a closed ring is the same as an open one.

    Raises:
        Unread: there are fewer than three places, or very many.
    """
    if not edges:
        raise _too_few(0, line)
    if len(edges) == 1 and isinstance(edges[0], Arc) and edges[0].sweep_deg == 360.0:
        arc = edges[0]
        return Circle(*arc.centre, arc.outer_m), arc.outer_m - arc.inner_m
    count = sum(_steps(edge) if isinstance(edge, Arc) else 1 for edge in edges)
    if count > POINTS_MOST:
        unread(
            f"The outline would have {count:,} points; {POINTS_MOST:,} are read.",
            f"Le contour aurait {count:,} points\u202f; on en lit {POINTS_MOST:,}.",
            do_en="Describe the area with fewer points, or by several.",
            do_fr="Décrivez l’aire avec moins de points, ou par plusieurs.",
            line=line,
        )
    # Which side is inside is known only once the ring is drawn: first along the arcs themselves.
    rough = [place for edge in edges for place in _along(edge)]
    left = _winds_left(rough)
    places: list[Place] = []
    error_m = 0.0
    for k, edge in enumerate(edges):
        if isinstance(edge, Arc):
            drawn, beyond = _drawn(
                edge, _next_to(edges, k, -1), _next_to(edges, k, 1), bulges=edge.clockwise != left
            )
            places += drawn
            error_m = max(error_m, beyond)
        else:
            places.append(edge)
    ring = _without_repeats(places)
    if len(ring) < 3:
        raise _too_few(len(ring), line)
    return Polygon(tuple(ring)), error_m


def _too_few(count: int, line: int) -> Unread:
    return refused(
        f"The outline has {count} different points; it needs three.",
        f"Le contour a {count} points distincts\u202f; il en faut trois.",
        line=line,
    )


def _winds_left(places: list[Place]) -> bool:
    lats, lngs = zip(*places, strict=True)
    area, _ = projection.GEOD.polygon_area_perimeter(lngs, lats)
    return float(area) > 0


def _steps(arc: Arc) -> int:
    fine = math.degrees(math.sqrt(8 * ERROR_MOST_M / arc.outer_m)) if arc.outer_m else 360.0
    step = min(max(fine, STEP_LEAST_DEG), STEP_MOST_DEG)
    return max(math.ceil(arc.sweep_deg / step), 2)


def _along(edge: Edge) -> list[Place]:
    if not isinstance(edge, Arc):
        return [edge]
    count = _steps(edge)
    turn = edge.sweep_deg / count * (1 if edge.clockwise else -1)
    return [away(edge.centre, edge.from_deg + turn * k, edge.outer_m) for k in range(count + 1)]


def _next_to(edges: list[Edge], k: int, step: int) -> Place | None:
    """The place beside an arc, if its neighbour is one."""
    other = edges[(k + step) % len(edges)]
    return None if isinstance(other, Arc) else other


def _drawn(
    arc: Arc, before: Place | None, after: Place | None, *, bulges: bool
) -> tuple[list[Place], float]:
    """Places along an arc on the outer side of the area, and how far beyond the arc they reach."""
    count = _steps(arc)
    half = math.radians(arc.sweep_deg / count / 2)
    turn = arc.sweep_deg / count * (1 if arc.clockwise else -1)
    if bulges:
        # Corners of edges that touch the arc: in the plane around the centre, where distances
        # from it keep their order, they lie at its radius over the cosine of half a step.
        radius = float(projection.gaussian_radius_m(np.asarray(arc.centre[0])))
        plane = radius * math.tan((arc.outer_m + SLACK_M) / radius) / math.cos(half)
        corner_m = radius * math.atan(plane / radius)
        azimuths = [arc.from_deg + turn * (k + 0.5) for k in range(count)]
        beyond = corner_m - arc.inner_m
        distance = arc.outer_m + SLACK_M
    else:
        corner_m = max(arc.inner_m - SLACK_M, arc.inner_m / 2)
        azimuths = [arc.from_deg + turn * k for k in range(1, count)]
        beyond = arc.outer_m - corner_m * math.cos(half)
        distance = corner_m
    places = [away(arc.centre, azimuth, corner_m) for azimuth in azimuths]
    for azimuth, written, neighbour, at in (
        (arc.from_deg, arc.start, before, 0),
        (arc.to_deg, arc.end, after, len(places) + 1),
    ):
        end = away(arc.centre, azimuth, distance)
        snaps = written is None and neighbour is not None
        if snaps and azimuth_distance(end, neighbour or end)[1] <= SNAP_M:
            end = neighbour or end
        places.insert(at, end)
    if arc.start is not None:
        places.insert(0, arc.start)
    if arc.end is not None:
        places.append(arc.end)
    return places, beyond


def _without_repeats(places: list[Place]) -> list[Place]:
    ring: list[Place] = []
    for place in places:
        if not ring or azimuth_distance(ring[-1], place)[1] > SAME_PLACE_M:
            ring.append(place)
    while len(ring) > 1 and azimuth_distance(ring[-1], ring[0])[1] <= SAME_PLACE_M:
        ring.pop()
    return ring


def along_parallel(start: Place, end: Place) -> list[Place]:
    """Places from one to another (without the first) along a straight line of latitude and
    longitude, as GML's linear interpolation has it, such that geodesics between them leave it by
    no more than a metre."""
    lat_1, lng_1 = start
    lat_2, lng_2 = end
    turn = (lng_2 - lng_1 + 180) % 360 - 180
    middle = math.radians((lat_1 + lat_2) / 2)
    # A geodesic between points of a parallel bulges by L² tan(latitude) / 8R.
    length = math.radians(abs(turn)) * math.cos(middle) * 6.4e6
    bulge = length * length * abs(math.tan(middle)) / (8 * 6.4e6)
    count = min(max(math.ceil(math.sqrt(bulge)), 1), 2000)
    places = []
    for k in range(1, count + 1):
        part = k / count
        lng = (lng_1 + turn * part + 180) % 360 - 180
        places.append((lat_1 + (lat_2 - lat_1) * part, lng))
    places[-1] = end
    return places
