"""What a request for features asks for (OGC API - Features, Part 1, 7.15): box, time, page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

import shapely

from detente.http import BadRequest
from detente.interchange.feature import Piece
from detente.interchange.moments import EPOCH
from detente.interchange.rings import map_rings
from detente.node.moments import moment_of

LIMIT: Final = 100
LIMIT_MAX: Final = 10_000
CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CRS84H: Final = "http://www.opengis.net/def/crs/OGC/0/CRS84h"
_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Box:
    """A box on the map, degrees. West may be greater than east: then it lies over the date line.

    Attributes:
        lower_m, upper_m: heights above the ellipsoid; None: any.
    """

    west: float
    south: float
    east: float
    north: float
    lower_m: float | None = None
    upper_m: float | None = None

    def meets(self, piece: Piece) -> bool:
        """Whether a volume lies in it, partly at least."""
        volume = piece.volume
        if self.lower_m is not None and self.upper_m is not None:
            low = -math.inf if volume.altitude_lower_m is None else volume.altitude_lower_m
            high = math.inf if volume.altitude_upper_m is None else volume.altitude_upper_m
            if low > self.upper_m or high < self.lower_m:
                return False
        return any(
            shapely.intersects(area, shapely.Polygon(ring))
            for ring in map_rings(volume.outline)
            for area in self._areas()
        )

    def _areas(self) -> list[shapely.Polygon]:
        if self.west <= self.east:
            return [shapely.box(self.west, self.south, self.east, self.north)]
        return [
            shapely.box(self.west, self.south, 180.0, self.north),
            shapely.box(-180.0, self.south, self.east, self.north),
        ]


@dataclass(frozen=True, slots=True)
class Times:
    """A span of time, ends included; None: open."""

    start_us: int | None
    end_us: int | None

    def meets(self, piece: Piece) -> bool:
        """Whether a volume is in use at some time in it."""
        volume = piece.volume
        early = self.end_us is not None and volume.time_start_us is not None
        if early and (volume.time_start_us or 0) > (self.end_us or 0):
            return False
        late = self.start_us is not None and volume.time_end_us is not None
        return not (late and (volume.time_end_us or 0) < (self.start_us or 0))


class BadQuery(BadRequest):
    """A parameter of a request for features cannot be used: 400."""

    code: ClassVar[str] = "features.query"


def read_box(text: str, crs: str | None) -> Box:
    """`west,south,east,north`, or with heights after south and north.

    Raises:
        BadQuery: it is something else.
    """
    if crs not in (None, CRS84, CRS84H):
        raise BadQuery(f"Only {CRS84} is known.", where="bbox-crs")
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (4, 6) or not all(math.isfinite(each) for each in numbers):
        raise BadQuery("It has four numbers, or six.", where="bbox")
    lower = upper = None
    if len(numbers) == 6:
        lower, upper = numbers[2], numbers[5]
        numbers = [numbers[0], numbers[1], numbers[3], numbers[4]]
        if lower > upper:
            raise BadQuery("Its lower height is above the upper one.", where="bbox")
    west, south, east, north = numbers
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise BadQuery(
            "Its order is west, south, east, north; longitudes lie between -180 and 180, "
            "latitudes between -90 and 90.",
            where="bbox",
        )
    return Box(west, south, east, north, lower, upper)


def read_times(text: str) -> Times:
    """An instant, or two with a slash; an end may be `..` or empty: open (RFC 3339, 5.6).

    Raises:
        BadQuery: it is something else.
    """
    parts = text.split("/")
    if len(parts) > 2:
        raise BadQuery("It is a time, or two with a slash between.", where="datetime")
    ends = [None if part in ("", "..") else _microseconds(part) for part in parts]
    if len(ends) == 1:
        if ends[0] is None:
            raise BadQuery("It names no time.", where="datetime")
        return Times(ends[0], ends[0])
    start, end = ends
    if start is not None and end is not None and start > end:
        raise BadQuery("It ends before it begins.", where="datetime")
    return Times(start, end)


def _microseconds(text: str) -> int:
    found = moment_of(text.upper(), "datetime") - EPOCH
    return (found.days * 86_400 + found.seconds) * _MICROSECONDS + found.microseconds


def read_number(text: str | None, name: str, usual: int, least: int, most: int) -> int:
    """A whole number; more than `most` is `most` (7.15.2, requirement C).

    Raises:
        BadQuery: it is none, or less than `least`.
    """
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) <= 15) or int(text) < least:
        raise BadQuery(f"It is a whole number from {least}.", where=name)
    return min(int(text), most)
