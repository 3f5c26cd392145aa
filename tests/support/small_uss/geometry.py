"""Where and when: volumes on the ellipsoid, compared in a plane that touches it between them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import shapely

_A = 6_378_137.0
_E2 = 6.69437999014e-3
_FAR_M = 100_000.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Json = dict[str, Any]
Point = tuple[float, float]


def instant(time: Any) -> int:
    """Microseconds since 1970 of a Time.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(time, dict) or time.get("format") != "RFC3339":
        raise ValueError(f"not a time: {time!r}")
    moment = datetime.fromisoformat(str(time["value"]))
    if moment.tzinfo is None:
        raise ValueError(f"no zone: {time!r}")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def time_of(us: int) -> Json:
    """The Time of microseconds since 1970."""
    text = (_EPOCH + timedelta(microseconds=us)).isoformat().replace("+00:00", "Z")
    return {"value": text, "format": "RFC3339"}


@dataclass(frozen=True)
class Volume:
    """A prism or a cylinder for a while. Degrees, metres above the ellipsoid, microseconds."""

    points: tuple[Point, ...]
    radius_m: float
    lower_m: float
    upper_m: float
    start_us: int
    end_us: int


def volume(json: Any) -> Volume:
    """Read a Volume4D that is bounded in everything, as an operational intent's must be.

    Raises:
        ValueError: it is not one.
    """
    try:
        shape = json["volume"]
        circle, polygon = shape.get("outline_circle"), shape.get("outline_polygon")
        if (circle is None) == (polygon is None):
            raise ValueError("one outline is needed")
        if circle is not None:
            points: tuple[Point, ...] = (_point(circle["center"]),)
            radius_m = float(circle["radius"]["value"])
            if circle["radius"]["units"] != "M" or radius_m <= 0:
                raise ValueError("radius")
        else:
            points, radius_m = tuple(map(_point, polygon["vertices"])), 0.0
            if len(points) < 3 or len(set(points)) < len(points):
                raise ValueError("vertices")
        read = Volume(
            points,
            radius_m,
            _altitude(shape["altitude_lower"]),
            _altitude(shape["altitude_upper"]),
            instant(json["time_start"]),
            instant(json["time_end"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a volume: {type(error).__name__} {error}") from None
    if read.lower_m > read.upper_m or read.start_us > read.end_us:
        raise ValueError("lower above upper, or start after end")
    if not circle and not _flat(read, read.points[0]).is_valid:
        raise ValueError("edges cross")
    return read


def volumes(json: Any) -> tuple[Volume, ...]:
    """Read a list of them; none of them may be bad."""
    if not isinstance(json, list):
        raise ValueError("not a list of volumes")
    return tuple(map(volume, json))


def _point(json: Json) -> Point:
    lat, lng = float(json["lat"]), float(json["lng"])
    if not (abs(lat) <= 90 and abs(lng) <= 180):
        raise ValueError("no such place")
    return lat, lng


def _altitude(json: Json) -> float:
    if json["units"] != "M" or json["reference"] != "W84":
        raise ValueError("altitude is not W84 metres")
    return float(json["value"])


def _earth(point: Point) -> tuple[float, float, float]:
    lat, lng = map(math.radians, point)
    n = _A / math.sqrt(1 - _E2 * math.sin(lat) ** 2)
    across = n * math.cos(lat)
    return across * math.cos(lng), across * math.sin(lng), n * (1 - _E2) * math.sin(lat)


def _plane(point: Point, origin: Point) -> Point:
    """East and north of the origin in metres; some micrometres wrong at a kilometre."""
    x, y, z = (p - o for p, o in zip(_earth(point), _earth(origin), strict=True))
    lat, lng = map(math.radians, origin)
    east = -math.sin(lng) * x + math.cos(lng) * y
    out = math.cos(lng) * x + math.sin(lng) * y
    return east, -math.sin(lat) * out + math.cos(lat) * z


def _flat(this: Volume, origin: Point) -> Any:
    flat = [_plane(point, origin) for point in this.points]
    return shapely.Point(flat[0]) if this.radius_m else shapely.Polygon(flat)


def intersect(mine: Iterable[Volume], others: Sequence[Volume]) -> bool:
    """Whether any of mine shares a piece of space and time with any of the others."""
    return any(_meet(a, b) for a in mine for b in others)


def _meet(a: Volume, b: Volume) -> bool:
    if a.end_us <= b.start_us or b.end_us <= a.start_us:
        return False
    if a.upper_m <= b.lower_m or b.upper_m <= a.lower_m:
        return False
    origin = a.points[0]
    if math.dist(_earth(origin), _earth(b.points[0])) > _FAR_M:
        return False
    one, other = _flat(a, origin), _flat(b, origin)
    if a.radius_m or b.radius_m:
        return bool(shapely.distance(one, other) < a.radius_m + b.radius_m)
    return bool(one.intersects(other) and not one.touches(other))


def vertices(json: Iterable[Json]) -> int:
    """How many vertices a set of volumes has."""
    outlines = (v["volume"].get("outline_polygon") for v in json)
    return sum(len(o["vertices"]) for o in outlines if o)
