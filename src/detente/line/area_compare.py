"""How far apart two areas lie, on the WGS-84 ellipsoid, and in which direction.

Outlines and lines are compared by their symmetric Hausdorff distance: the farthest that any point
of either lies from the other. Their edges are geodesics, cut into pieces that bend from the chord
by less than half a metre; between those, distances are straight through space, which over tens of
kilometres differs from the way along the ground by less than a metre.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyproj
from numpy.typing import NDArray

from detente.words import Words, number

from .form_fields import Area, CircleArea, CorridorArea, PolygonArea, Position

_GEOD: Final = pyproj.Geod(ellps="WGS84")
_SPACE: Final = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
_PIECE_M: Final = 5_000.0
_PIECES_MAX: Final = 1_500
_EXACT_M: Final = 1.0
_ROUNDS_MAX: Final = 2_000

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AreaDifference:
    """One way in which two areas differ.

    Attributes:
        what: `shape`, `place`, `radius`, `outline` or `width`.
        words: the same for people.
        distance_m: how far off it is, metres.
        bearing_deg: where the second one lies from the first, clockwise from north.
    """

    what: str
    words: Words
    distance_m: float | None = None
    bearing_deg: float | None = None


def compare_areas(said: Area, again: Area, within_m: float) -> list[AreaDifference]:
    """In what an area that was read back differs from the one that was said; names do not matter.

    Args:
        said: the message's.
        again: what was read back.
        within_m: how far places, radii, widths and outlines may be off: metres.
    """
    if isinstance(said, CircleArea) and isinstance(again, CircleArea):
        return [
            *_place(said.geometry.coordinates, again.geometry.coordinates, within_m),
            *_size("radius", _RADIUS, said.radius.metres, again.radius.metres, within_m),
        ]
    if isinstance(said, CorridorArea) and isinstance(again, CorridorArea):
        return [
            *_course(said.geometry.coordinates, again.geometry.coordinates, within_m),
            *_size("width", _WIDTH, said.width.metres, again.width.metres, within_m),
        ]
    if isinstance(said, PolygonArea) and isinstance(again, PolygonArea):
        return _course(said.geometry.coordinates[0], again.geometry.coordinates[0], within_m)
    one, other = _SHAPES[type(said)], _SHAPES[type(again)]
    words = Words(
        f"The area read back is {other.en}; the message has {one.en}.",
        f"La zone collationnée est {other.fr}\u202f; le message donne {one.fr}.",
    )
    return [AreaDifference("shape", words)]


def hausdorff_m(one: Sequence[Position], other: Sequence[Position]) -> float:
    """Symmetric Hausdorff distance of two lines of geodesics, metres: exact to a metre or so."""
    first, second = _pieces(one), _pieces(other)
    return max(_directed(first, second), _directed(second, first))


def direction(bearing_deg: float) -> Words:
    """A bearing as one of eight winds: north-east, nord-est."""
    return _WINDS[round(bearing_deg / 45) % 8]


def far(distance_m: float) -> Words:
    """A distance as it is told: 850 m, 9.0 km."""
    if distance_m < 999.5:
        shown = number(distance_m)
        return Words(f"{shown.en} m", f"{shown.fr}\u00a0m")
    shown = number(distance_m / 1000, 1)
    return Words(f"{shown.en} km", f"{shown.fr}\u00a0km")


def displaced(distance_m: float, bearing_deg: float) -> Words:
    """Where something lies from something else: 9.0 km north-east, à 9,0 km au nord-est."""
    size, wind = far(distance_m), direction(bearing_deg)
    to = "à l’" if wind.fr in ("est", "ouest") else "au "
    return Words(f"{size.en} {wind.en}", f"à {size.fr} {to}{wind.fr}")


_WINDS: Final = (
    Words("north", "nord"),
    Words("north-east", "nord-est"),
    Words("east", "est"),
    Words("south-east", "sud-est"),
    Words("south", "sud"),
    Words("south-west", "sud-ouest"),
    Words("west", "ouest"),
    Words("north-west", "nord-ouest"),
)
_SHAPES: Final = {
    CircleArea: Words("a circle", "un cercle"),
    PolygonArea: Words("a polygon", "un polygone"),
    CorridorArea: Words("a corridor", "un couloir"),
}
_RADIUS: Final = Words("The radius", "Le rayon")
_WIDTH: Final = Words("The width", "La largeur")


def _place(said: Position, again: Position, within_m: float) -> list[AreaDifference]:
    bearing, _, distance = _GEOD.inv(*said, *again)
    if distance <= within_m:
        return []
    where = displaced(distance, bearing)
    words = Words(
        f"The place read back lies {where.en} of the place in the message.",
        f"Le lieu collationné se trouve {where.fr} de celui du message.",
    )
    return [AreaDifference("place", words, distance, bearing % 360)]


def _size(
    what: str, name: Words, said_m: float, again_m: float, within_m: float
) -> list[AreaDifference]:
    off = again_m - said_m
    if abs(off) <= within_m:
        return []
    size = far(abs(off))
    more = Words("larger", "de plus") if off > 0 else Words("smaller", "de moins")
    agreed = "collationné" if what == "radius" else "collationnée"
    words = Words(
        f"{name.en} read back is {size.en} {more.en} than in the message.",
        f"{name.fr} {agreed} a {size.fr} {more.fr} que dans le message.",
    )
    return [AreaDifference(what, words, abs(off))]


def _course(
    said: Sequence[Position], again: Sequence[Position], within_m: float
) -> list[AreaDifference]:
    first, second = _pieces(said), _pieces(again)
    off = max(_directed(first, second), _directed(second, first))
    if off <= within_m:
        return []
    bearing, _, middle = _GEOD.inv(*_middle(first), *_middle(second))
    most = far(off)
    if middle > within_m:
        where = displaced(middle, bearing)
        words = Words(
            f"The outline read back departs from the message by up to {most.en}; its middle lies "
            f"{where.en} of the middle of the one in the message.",
            f"Le tracé collationné s’écarte du message de {most.fr} au plus\u202f; son milieu se "
            f"trouve {where.fr} du milieu de celui du message.",
        )
        return [AreaDifference("outline", words, off, bearing % 360)]
    words = Words(
        f"The outline read back departs from the message by up to {most.en}.",
        f"Le tracé collationné s’écarte du message de {most.fr} au plus.",
    )
    return [AreaDifference("outline", words, off)]


def _pieces(line: Sequence[Position]) -> Floats:
    """Points in space along a line of geodesics, close enough for straight pieces between them."""
    longitudes, latitudes = (np.array(each, dtype=np.float64) for each in zip(*line, strict=True))
    lengths = _GEOD.line_lengths(longitudes, latitudes)
    step = max(_PIECE_M, float(np.sum(lengths)) / _PIECES_MAX)
    points: list[tuple[float, float]] = []
    for number_, length in enumerate(lengths):
        here, there = line[number_], line[number_ + 1]
        points.append(here)
        between = int(length / step)
        if between:
            points += _GEOD.npts(*here, *there, between)
    points.append(line[-1])
    x, y = (np.array(each) for each in zip(*points, strict=True))
    return np.column_stack(_SPACE.transform(x, y, np.zeros(len(points))))


def _directed(one: Floats, other: Floats) -> float:
    """The farthest that a point of one line lies from the other line, metres.

    Distance to a straight piece is convex along a straight piece: between two points it is at most
    the larger of theirs. So a piece is at most as far as its ends are from the piece of the other
    line that suits both best; where that is not exact enough, the piece is halved.
    """
    starts, ends = other[:-1], other[1:]
    at = [_distances(point, starts, ends) for point in one]
    lowest = max(float(np.min(each)) for each in at)
    heap = [
        (-float(np.min(np.maximum(at[i], at[i + 1]))), i, one[i], one[i + 1], at[i], at[i + 1])
        for i in range(len(one) - 1)
    ]
    heapq.heapify(heap)
    serial = len(one)
    for _ in range(_ROUNDS_MAX):
        highest = -heap[0][0]
        if highest - lowest <= _EXACT_M:
            break
        _, _, a, b, at_a, at_b = heapq.heappop(heap)
        middle = (a + b) / 2
        at_middle = _distances(middle, starts, ends)
        lowest = max(lowest, float(np.min(at_middle)))
        for p, q, at_p, at_q in ((a, middle, at_a, at_middle), (middle, b, at_middle, at_b)):
            serial += 1
            bound = -float(np.min(np.maximum(at_p, at_q)))
            heapq.heappush(heap, (bound, serial, p, q, at_p, at_q))
    else:
        # Not exact: rather too far than too near.
        return -heap[0][0]
    return lowest


def _distances(point: Floats, starts: Floats, ends: Floats) -> Floats:
    """Of a point from each straight piece."""
    along = ends - starts
    square = np.einsum("ij,ij->i", along, along)
    share = np.einsum("ij,ij->i", point - starts, along) / np.where(square > 0, square, 1.0)
    nearest = starts + np.clip(share, 0.0, 1.0)[:, None] * along
    distances: Floats = np.linalg.norm(nearest - point, axis=1)
    return distances


def _middle(points: Floats) -> tuple[float, float]:
    """Longitude and latitude of the middle of a line, by length."""
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    centres = (points[:-1] + points[1:]) / 2
    x, y, z = np.average(centres, axis=0, weights=lengths if lengths.any() else None)
    longitude, latitude, _ = _SPACE.transform(x, y, z, direction="INVERSE")
    return float(longitude), float(latitude)
