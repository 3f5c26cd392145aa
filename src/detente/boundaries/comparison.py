"""How far two sources of the same border disagree along a stretch.

Places are taken along the line of the one at even distances, and for each the geodesic to the
nearest line of the other is measured; then the other way round, because the two differ: where one
line has a bay that the other lacks, only one of them knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyproj

from detente.kernels import BORDER

from .boundary_set import BoundarySet
from .errors import NothingToCompare
from .loading import chosen
from .shares import ALONE

Floats: TypeAlias = npt.NDArray[np.float64]

STEP_M: Final = 100.0
PLACES_MAX: Final = 5_000_000
_LIMITS_M: Final = (5_000.0, 100_000.0, 2_500_000.0)
_GEOD: Final = pyproj.Geod(ellps="WGS84")


class Box(NamedTuple):
    """Sides in degrees; `west` may be greater than `east`, over the date line."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which part of which line.

    Attributes:
        claimant: whose line; a code or name that both sources know.
        neighbour: only where this one lies on the other side; "" for anywhere.
        box: only within; None for everywhere.
        shared: only where any neighbour lies on the other side: no coast, no limit at sea.
    """

    claimant: str
    neighbour: str = ""
    box: Box | None = None
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Spread:
    """How far places on one line lie from the other line.

    Attributes:
        places: how many were measured.
        median_m, p95_m, max_m: of their distances.
        lat_deg, lng_deg: where the greatest is.
    """

    places: int
    median_m: float
    p95_m: float
    max_m: float
    lat_deg: float
    lng_deg: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `compare` found.

    Attributes:
        stretch: what was compared.
        first, second: the sources' names.
        there: places of the first, to the line of the second.
        back: places of the second, to the line of the first.
    """

    stretch: Stretch
    first: str
    second: str
    there: Spread
    back: Spread


def compare(
    first: BoundarySet, second: BoundarySet, stretch: Stretch, *, step_m: float = STEP_M
) -> Comparison:
    """Measure how far two sources disagree along a stretch.

    Args:
        first, second: of one source each.
        stretch: what to compare.
        step_m: how far apart places are, along the lines.

    Raises:
        BoundaryUnknown: one of them has no such claimant.
        NothingToCompare: one of them has no line there.
    """
    lines = [_places(each, stretch, step_m) for each in (first, second)]
    return Comparison(
        stretch,
        first.sources[0].id,
        second.sources[0].id,
        spread(lines[0], second, stretch.claimant),
        spread(lines[1], first, stretch.claimant),
    )


def distances_m(places: Floats, to: BoundarySet, claimant: str) -> Floats:
    """Geodesics from places (float64[n, 2], longitude and latitude) to the nearest line of one who
    claims, metres; infinite where that is more than 2,500 km away."""
    nearest = np.full(len(places), np.inf)
    for boundary in chosen(to.boundaries, claimant):
        area = to.boundaries.index(boundary)
        left = np.arange(len(places))
        for limit_m in _LIMITS_M:
            depth = to.index.signed_depth(
                places[left, 1], places[left, 0], np.full(len(left), area, dtype=np.int32), limit_m
            ).depth_m
            nearest[left] = np.minimum(nearest[left], np.abs(depth))
            left = left[np.isinf(depth)]
            if len(left) == 0:
                break
    return nearest


def spread(places: Floats, to: BoundarySet, claimant: str) -> Spread:
    """The distances from places to a line, in figures."""
    found = distances_m(places, to, claimant)
    worst = int(np.argmax(found))
    median, p95 = np.percentile(found, [50, 95])
    lng, lat = places[worst]
    return Spread(
        len(places), float(median), float(p95), float(found[worst]), float(lat), float(lng)
    )


def _places(source: BoundarySet, stretch: Stretch, step_m: float) -> Floats:
    edges = source.index.edges
    areas = [source.boundaries.index(each) for each in chosen(source.boundaries, stretch.claimant)]
    picked = (edges.kind == BORDER) & np.isin(edges.area, areas)
    if stretch.neighbour:
        others = [
            source.boundaries.index(each) for each in chosen(source.boundaries, stretch.neighbour)
        ]
        picked &= np.isin(source.neighbours, others)
    elif stretch.shared:
        picked &= source.neighbours != ALONE
    numbers = np.flatnonzero(picked)
    places = _along(edges.xy[numbers], edges.xy[numbers + 1], step_m, stretch)
    if stretch.box is not None:
        places = places[_within(places, stretch.box)]
    if len(places) == 0:
        raise NothingToCompare(
            f"{source.sources[0].id} has no line of {stretch.claimant} there.",
            advice="detente boundary show tells where it runs; --box is west, south, east, north.",
        )
    return places


def _along(begin: Floats, end: Floats, step_m: float, stretch: Stretch) -> Floats:
    """Places in the middle of equal pieces of at most `step_m`."""
    if len(begin) == 0:
        return np.empty((0, 2))
    if stretch.box is not None:
        near = _may_meet(begin, end, stretch.box)
        begin, end = begin[near], end[near]
    _, _, length_m = _GEOD.inv(begin[:, 0], begin[:, 1], end[:, 0], end[:, 1])
    pieces = np.maximum(1, np.ceil(np.asarray(length_m) / step_m)).astype(np.int64)
    if int(pieces.sum()) > PLACES_MAX:
        raise NothingToCompare(
            f"That makes {int(pieces.sum()):,} places; at most {PLACES_MAX:,} are measured.",
            advice="Take a shorter stretch, or a greater step.",
        )
    edge = np.repeat(np.arange(len(begin)), pieces)
    number = np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    share = (number + 0.5) / pieces[edge]
    return np.asarray(begin[edge] + (end - begin)[edge] * share[:, None], dtype=np.float64)


def _may_meet(begin: Floats, end: Floats, box: Box) -> npt.NDArray[np.bool_]:
    lat = (np.maximum(begin[:, 1], end[:, 1]) >= box.south) & (
        np.minimum(begin[:, 1], end[:, 1]) <= box.north
    )
    low, high = np.minimum(begin[:, 0], end[:, 0]), np.maximum(begin[:, 0], end[:, 0])
    if box.west <= box.east:
        return np.asarray(lat & (high >= box.west) & (low <= box.east))
    return np.asarray(lat & ((high >= box.west) | (low <= box.east)))


def _within(places: Floats, box: Box) -> npt.NDArray[np.bool_]:
    lng, lat = places[:, 0], places[:, 1]
    tall = (lat >= box.south) & (lat <= box.north)
    if box.west <= box.east:
        return np.asarray(tall & (lng >= box.west) & (lng <= box.east))
    return np.asarray(tall & ((lng >= box.west) | (lng <= box.east)))
