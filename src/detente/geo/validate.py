"""What makes a volume acceptable, and what is said when it is not (F3548-21, Volume4D).

One fault is reported, the first of: numbers and ranges, number of vertices, repeated vertices,
crossing edges, no area, too much area, altitudes upside down, times reversed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detente.errors import DetenteError
from detente.geo import _rings
from detente.geo.geodesy import circle_area_m2, ring_measures
from detente.geo.volume import Circle, Polygon, Volume4D

ALTITUDE_LEAST_M = -8_000.0
ALTITUDE_MOST_M = 100_000.0

_POLYGON = "volume.outline_polygon"
_CIRCLE = "volume.outline_circle"
_WIDTH_LEAST_M = 0.001


@dataclass(frozen=True, slots=True)
class VolumeLimits:
    """How large an outline may be.

    Attributes:
        max_area_km2: of circles and polygons alike.
        max_vertices: of a polygon (F3548-21: OiMaxVertices 10 000, CstrMaxVertices 1 000).
    """

    max_area_km2: float = 2500.0
    max_vertices: int = 10_000


class VolumeError(DetenteError):
    """A volume that cannot be accepted; `where` is the member's path, counted from the volume."""

    code: ClassVar[str] = "volume.invalid"


class CoordinateOutOfRange(VolumeError):
    """A latitude or longitude that is not on Earth, or not a number."""

    code: ClassVar[str] = "volume.coordinate_range"


class RadiusNotPositive(VolumeError):
    """A circle without a radius."""

    code: ClassVar[str] = "volume.radius"


class TooFewVertices(VolumeError):
    """A polygon with fewer than three vertices."""

    code: ClassVar[str] = "volume.too_few_vertices"


class TooManyVertices(VolumeError):
    """A polygon with more vertices than the limit."""

    code: ClassVar[str] = "volume.too_many_vertices"


class DuplicateVertex(VolumeError):
    """A vertex that occurs twice; a closed ring repeats its first."""

    code: ClassVar[str] = "volume.duplicate_vertex"


class CrossingEdges(VolumeError):
    """Two edges of a polygon that cross or touch."""

    code: ClassVar[str] = "volume.crossing_edges"


class ZeroArea(VolumeError):
    """A polygon whose vertices lie on one line."""

    code: ClassVar[str] = "volume.zero_area"


class AreaTooLarge(VolumeError):
    """An outline larger than the limit."""

    code: ClassVar[str] = "volume.area"


class OutlineTooWide(VolumeError):
    """A polygon that reaches around the Earth."""

    code: ClassVar[str] = "volume.too_wide"


class AltitudeOutOfRange(VolumeError):
    """An altitude that is not a number, or outside of what F3548-21 allows."""

    code: ClassVar[str] = "volume.altitude_range"


class AltitudesReversed(VolumeError):
    """A lower altitude above the upper one."""

    code: ClassVar[str] = "volume.altitude_order"


class TimesReversed(VolumeError):
    """A start after the end."""

    code: ClassVar[str] = "volume.time_order"


def validate_volume(v: Volume4D, limits: VolumeLimits) -> None:
    """Accept a volume or say what is wrong with it.

    Polygons may wind either way, cross the date line and contain a pole. Edges are geodesics.

    Raises:
        VolumeError: one of its subclasses, with the path of the member at fault.
    """
    lower, upper = v.altitude_lower_m, v.altitude_upper_m
    # written so that a NaN fails as well
    if lower is not None and not ALTITUDE_LEAST_M <= lower <= ALTITUDE_MOST_M:
        raise _altitude_error("lower", lower)
    if upper is not None and not ALTITUDE_LEAST_M <= upper <= ALTITUDE_MOST_M:
        raise _altitude_error("upper", upper)
    if isinstance(v.outline, Circle):
        _validate_circle(v.outline, limits)
    else:
        _validate_polygon(v.outline, limits)
    if lower is not None and upper is not None and lower > upper:
        raise AltitudesReversed(
            f"The lower altitude, {lower:g} m, is above the upper one, {upper:g} m.",
            where="volume.altitude_lower",
        )
    start, end = v.time_start_us, v.time_end_us
    if start is not None and end is not None and start > end:
        late_s = (start - end) / 1e6
        raise TimesReversed(f"The volume starts {late_s:,.6g} s after its end.", where="time_start")


def _altitude_error(which: str, value: float) -> AltitudeOutOfRange:
    return AltitudeOutOfRange(
        f"The {which} altitude is {value:g} m;"
        f" it must lie between {ALTITUDE_LEAST_M:,.0f} and {ALTITUDE_MOST_M:,.0f} m.",
        where=f"volume.altitude_{which}",
    )


def _validate_circle(circle: Circle, limits: VolumeLimits) -> None:
    if not -90 <= circle.lat_deg <= 90:
        raise _coordinate_error("latitude", circle.lat_deg, 90, f"{_CIRCLE}.center.lat")
    if not -180 <= circle.lng_deg <= 180:
        raise _coordinate_error("longitude", circle.lng_deg, 180, f"{_CIRCLE}.center.lng")
    if not 0 < circle.radius_m < math.inf:
        raise RadiusNotPositive(
            f"The radius is {circle.radius_m:g} m; it must be a number above 0.",
            where=f"{_CIRCLE}.radius",
        )
    area = circle_area_m2(circle)
    if area > limits.max_area_km2 * 1e6:
        raise _area_error("circle", area, limits, _CIRCLE)


def _validate_polygon(polygon: Polygon, limits: VolumeLimits) -> None:
    vertices = polygon.vertices
    count = len(vertices)
    if count < 3:
        raise TooFewVertices(
            f"A polygon needs at least 3 vertices; this one has {count}.",
            where=f"{_POLYGON}.vertices",
        )
    if count > limits.max_vertices:
        raise TooManyVertices(
            f"The polygon has {count:,} vertices; the limit is {limits.max_vertices:,}.",
            where=f"{_POLYGON}.vertices",
            advice="Describe the area with fewer vertices, or by several volumes.",
        )
    lats, lngs = zip(*vertices, strict=True)
    kind, i, j = _rings.ring_fault(np.array(lats, np.float64), np.array(lngs, np.float64))
    if kind == _rings.NOT_A_PLACE:
        where = f"{_POLYGON}.vertices[{i}]"
        if not -90 <= lats[i] <= 90:
            raise _coordinate_error("latitude", lats[i], 90, f"{where}.lat")
        raise _coordinate_error("longitude", lngs[i], 180, f"{where}.lng")
    _refuse_duplicates(vertices, lats, lngs)
    if kind == _rings.CROSSED:
        raise CrossingEdges(
            f"The edge from vertex {i} to {(i + 1) % count} and the one from vertex {j} to"
            f" {(j + 1) % count} cross or touch.",
            where=f"{_POLYGON}.vertices[{i}]",
            advice="Give the vertices in order around the area, each once.",
        )
    area, perimeter = ring_measures(lats, lngs)
    if kind == _rings.FLAT or 2 * area < _WIDTH_LEAST_M * perimeter:
        raise ZeroArea(
            "The polygon has no area: its vertices lie on one line, or in one place.",
            where=f"{_POLYGON}.vertices",
        )
    if area > limits.max_area_km2 * 1e6:
        raise _area_error("polygon", area, limits, _POLYGON)
    if kind == _rings.TOO_WIDE:
        raise OutlineTooWide(
            "The polygon reaches around the Earth: vertices lie beyond 80° of their middle.",
            where=f"{_POLYGON}.vertices",
            advice="Describe it by several volumes.",
        )


def _refuse_duplicates(
    vertices: tuple[tuple[float, float], ...], lats: tuple[float, ...], lngs: tuple[float, ...]
) -> None:
    if -180.0 in lngs or 90.0 in lats or -90.0 in lats:
        vertices = tuple(_one_name(lat, lng) for lat, lng in vertices)
    if len(set(vertices)) == len(vertices):
        return
    seen: dict[tuple[float, float], int] = {}
    for k, vertex in enumerate(vertices):
        if vertex in seen:
            closed = seen[vertex] == 0 and k == len(vertices) - 1
            raise DuplicateVertex(
                f"Vertices {seen[vertex]} and {k} are the same point"
                f" ({lats[k]:.9g}, {lngs[k]:.9g}).",
                where=f"{_POLYGON}.vertices[{k}]",
                advice="Leave the last vertex out: the ring closes by itself." if closed else None,
            )
        seen[vertex] = k


def _one_name(lat: float, lng: float) -> tuple[float, float]:
    """The same coordinates for the same place: at the poles, and on the 180th meridian."""
    if abs(lat) == 90:
        return lat, 0.0
    return lat, 180.0 if lng == -180 else lng


def _coordinate_error(name: str, value: float, most: int, where: str) -> CoordinateOutOfRange:
    return CoordinateOutOfRange(
        f"The {name} is {value:g}; it must lie between -{most} and {most} degrees.", where=where
    )


def _area_error(kind: str, area: float, limits: VolumeLimits, where: str) -> AreaTooLarge:
    return AreaTooLarge(
        f"The {kind}'s area is {area / 1e6:,.1f} km²;"
        f" the limit is {limits.max_area_km2:,.10g} km².",
        where=where,
        advice="Divide the area into several volumes.",
    )
