"""Lines that agreements name, as areas of an index: whole borders, and stretches of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, ClassVar, Final

import msgspec
import numpy as np

from detente.agreement import Stretch
from detente.errors import DetenteError
from detente.kernels import Area

_UNREADABLE: Final = (
    msgspec.DecodeError,
    TypeError,
    ValueError,
    LookupError,
    OverflowError,
    RecursionError,
)
VERTICES_MAX: Final = 1_000_000
Point = tuple[float, float]
"""Longitude and latitude, degrees."""
Path = list[Point]


class BorderUnusable(DetenteError):
    """A border of an agreement that cannot be read, or a stretch of which nothing is left."""

    code: ClassVar[str] = "watch.stand_off_border"


class _Geometry(msgspec.Struct, frozen=True):
    type: str
    coordinates: Any = None
    geometries: list[_Geometry] = msgspec.field(default_factory=list)


class _Feature(msgspec.Struct, frozen=True):
    type: str
    geometry: _Geometry | None = None
    features: list[_Feature] = msgspec.field(default_factory=list)
    coordinates: Any = None


class BorderShape:
    """What a border's file holds.

    Attributes:
        rings: of polygons; empty where the file holds lines alone.
        paths: lines to measure from: those of the file, and the rings.
    """

    def __init__(self, rings: Sequence[Path], lines: Sequence[Path]) -> None:
        self.rings = rings
        self.paths = [*lines, *rings]

    @property
    def bounds(self) -> bool:
        """Whether it has an inside."""
        return bool(self.rings)


def read_border(data: bytes, where: str) -> BorderShape:
    """A border from GeoJSON: (multi)polygons, or (multi)lines.

    Args:
        data: the file.
        where: what errors call it.

    Raises:
        BorderUnusable: it is no such file, is too large, or mixes both.
    """
    try:
        read = msgspec.json.decode(data, type=_Feature)
        found = list(_coordinates(read))
        rings = [_closed(_path(ring)) for kind, ring in found if kind == "ring"]
        lines = [_path(line) for kind, line in found if kind == "line"]
    except _UNREADABLE as error:
        raise BorderUnusable(
            f"The border cannot be read: {error}.",
            where=where,
            advice="Write GeoJSON (RFC 7946) with polygons or lines, longitude first.",
        ) from error
    if bool(rings) == bool(lines):
        raise BorderUnusable(
            "A border is made of polygons, or of lines; not of both, nor of none.", where=where
        )
    if sum(map(len, (*rings, *lines))) > VERTICES_MAX:
        raise BorderUnusable(f"It has more than {VERTICES_MAX:,} vertices.", where=where)
    return BorderShape(rings, lines)


def _coordinates(item: _Feature | _Geometry) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(item, _Feature):
        if item.type == "FeatureCollection":
            for feature in item.features:
                yield from _coordinates(feature)
        elif item.type == "Feature":
            if item.geometry is not None:
                yield from _coordinates(item.geometry)
        else:
            yield from _coordinates(_Geometry(item.type, item.coordinates))
        return
    if item.type == "GeometryCollection":
        for each in item.geometries:
            yield from _coordinates(each)
    elif item.type == "Polygon":
        yield from (("ring", ring) for ring in item.coordinates)
    elif item.type == "MultiPolygon":
        yield from (("ring", ring) for polygon in item.coordinates for ring in polygon)
    elif item.type == "LineString":
        yield "line", item.coordinates
    elif item.type == "MultiLineString":
        yield from (("line", line) for line in item.coordinates)
    else:
        raise ValueError(f"{item.type[:40]!r} is neither a polygon nor a line")


def _path(coordinates: list[Any]) -> Path:
    path = [(float(each[0]), float(each[1])) for each in coordinates]
    if len(path) < 2:
        raise ValueError("a line has fewer than two positions")
    for lng, lat in path:
        if not (abs(lng) <= 180 and abs(lat) <= 90):
            raise ValueError(f"longitude {lng:g}, latitude {lat:g} is not on the map")
    for begin, end in pairwise(path):
        if abs(end[0] - begin[0]) > 180:
            raise ValueError(
                f"from longitude {begin[0]:g} to {end[0]:g} is more than half way round; "
                "cut it at the date line"
            )
    return path


def _closed(ring: Path) -> Path:
    if ring[0] != ring[-1] or len(ring) < 4:
        raise ValueError("a ring does not end where it begins, or has fewer than three corners")
    return ring


def whole(shape: BorderShape) -> Area:
    """The border itself; of lines, one without an inside."""
    if shape.bounds:
        return Area(tuple(np.array(ring) for ring in shape.rings))
    return there_and_back(shape.paths)


def there_and_back(paths: Sequence[Path]) -> Area:
    """An area without an inside, whose border is these lines."""
    return Area(tuple(np.array([*path, *path[-2::-1]]) for path in paths))


def stretch_of(
    shape: BorderShape, stretch: Stretch, place: Callable[[str], Point], where: str
) -> Area:
    """What of a border fulfils all limits of a stretch, as lines.

    Args:
        shape: the border.
        stretch: its limits.
        place: longitude and latitude of a marker.
        where: what errors call it.

    Raises:
        BorderUnusable: nothing is left.
    """
    paths = shape.paths
    for side, limit in stretch.limits:
        axis = 0 if side in ("east_of", "west_of") else 1
        at = place(limit)[axis] if isinstance(limit, str) else limit
        sign = 1.0 if side in ("east_of", "north_of") else -1.0
        paths = [piece for path in paths for piece in _cut(path, _measure(axis, at, sign))]
    if not paths:
        raise BorderUnusable("Nothing of the border lies in that stretch.", where=where)
    return there_and_back(paths)


def _measure(axis: int, at: float, sign: float) -> Callable[[Point], float]:
    """How far a point is on the wanted side: east and west the shorter way round."""
    if axis == 0:
        return lambda point: sign * ((point[0] - at + 180.0) % 360.0 - 180.0)
    return lambda point: sign * (point[1] - at)


def _cut(path: Path, beyond: Callable[[Point], float]) -> Iterator[Path]:
    """The pieces of a line that are on the wanted side, cut exactly where it changes."""
    piece: Path = []
    for begin, end in pairwise(path):
        a, b = beyond(begin), beyond(end)
        # where the measure leaps by a whole turn, on the far side of the Earth, nothing is cut
        crosses = (a < 0 <= b or b < 0 <= a) and abs(a - b) < 180
        if a >= 0:
            if not piece:
                piece.append(begin)
            if b >= 0:
                piece.append(end)
        if crosses and a != b:
            share = a / (a - b)
            at = (begin[0] + share * (end[0] - begin[0]), begin[1] + share * (end[1] - begin[1]))
            if a >= 0:
                if at != piece[-1]:
                    piece.append(at)
            else:
                piece = [at] if at == end else [at, end]
        if b < 0 and piece:
            if len(piece) > 1:
                yield piece
            piece = []
    if len(piece) > 1:
        yield piece
