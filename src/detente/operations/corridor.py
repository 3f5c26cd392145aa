"""Volumes along a trajectory: a corridor of a given width, height and slack in time.

The track is cut into stretches, each of which becomes one volume: the ground within the half-width
of the stretch, its altitudes with the vertical buffer, its time with the time buffer. A stretch
ends where
going on would make its volume claim much more than the aircraft needs: after two minutes, when it
has climbed or descended through 300 m, or turned through 150 degrees. Neighbours share the point
where they meet, so nothing between two points of the track is left out, in time or on the ground.
Between points the aircraft is taken to fly along the geodesic at constant speed and rate of climb.

Outlines are polygons drawn around the corridor, up to 3.5 % wider than asked for, never narrower.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import shapely

from detente.errors import DetenteError
from detente.geo import Length, LengthError, Polygon, Volume4D, parse_length, projection
from detente.operations.flights import Floats, Ints, Track

# Arcs are drawn with this many sides a quarter; drawing around them widens by 1 / cos(45° / sides).
QUARTER_SIDES: Final = 4
AROUND: Final = 1 / math.cos(math.pi / 4 / QUARTER_SIDES)
# The track is smoothed by up to this part of the width, and so is the outline.
SMOOTHING: Final = 0.005
# Vertices are rounded to 1e-7 degree, 1.1 cm at most.
DIGITS: Final = 7
ROUNDING_M: Final = 0.02


_TIME: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h)", re.ASCII)
_SECONDS: Final = {"s": 1.0, "min": 60.0, "h": 3600.0}


class CorridorError(DetenteError):
    """A corridor that cannot be understood or built."""

    code = "corridor.invalid"


@dataclass(frozen=True, slots=True)
class Corridor:
    """How much room a flight needs around its track.

    Attributes:
        half_width_m: to each side, 1 to 20,000 m.
        vertical_m: above and below.
        time_s: before and after.
    """

    half_width_m: float
    vertical_m: float
    time_s: float

    def __post_init__(self) -> None:
        if not 1 <= self.half_width_m <= 20_000:
            raise CorridorError(
                f"The half-width is {self.half_width_m:g} m; it must be from 1 to 20,000 m."
            )
        if not 0 <= self.vertical_m <= 10_000:
            raise CorridorError(
                f"The vertical buffer is {self.vertical_m:g} m; it must be from 0 to 10,000 m."
            )
        if not 0 <= self.time_s <= 86_400:
            raise CorridorError(f"The time buffer is {self.time_s:g} s; it must be up to a day.")


def parse_corridor(text: str) -> Corridor:
    """The corridor that a text such as `1NM,500ft,60s` means: half-width, vertical, time.

    Raises:
        CorridorError: saying which part is wrong; an unclear unit names what it could be.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 3:
        raise CorridorError(
            f'"{text}" has {len(parts)} parts, not three.',
            advice="Give half-width, vertical and time buffer, like 1NM,500ft,60s.",
        )
    return Corridor(
        _metres(parts[0], "half-width"), _metres(parts[1], "vertical buffer"), _time_s(parts[2])
    )


def _metres(text: str, what: str) -> float:
    try:
        length = parse_length(text)
    except LengthError as problem:
        raise CorridorError(
            f"The {what}: {problem.message}", where=problem.where, advice=problem.advice
        ) from problem
    if not isinstance(length, Length):
        raise CorridorError(f'The {what} "{text}" is a level, not a distance.')
    return length.metres


def _time_s(text: str) -> float:
    match = _TIME.fullmatch(text)
    if match is None:
        raise CorridorError(
            f'The time buffer "{text}" is not a time.', advice="Give it like 60s, 2min or 1h."
        )
    return float(match.group(1)) * _SECONDS[match.group(2)]


@dataclass(frozen=True, slots=True)
class StretchLimits:
    """Where a stretch ends, so that its volume stays tight.

    Attributes:
        duration_s: at most this long.
        climb_m: between its lowest and its highest point, unless the vertical buffer is larger
            still.
        turn_deg: of all its turns together.
        area_m2: of its corridor, below the 2,500 km² that F3548-21 exchanges accept.
    """

    duration_s: float = 120.0
    climb_m: float = 300.0
    turn_deg: float = 150.0
    area_m2: float = 2.0e9


DEFAULT_LIMITS: Final = StretchLimits()


def corridor_volumes(
    track: Track, corridor: Corridor, limits: StretchLimits = DEFAULT_LIMITS
) -> tuple[Volume4D, ...]:
    """The volumes of a corridor along a track, in order of time.

    Raises:
        CorridorError: when the track is empty.
    """
    if len(track) == 0:
        raise CorridorError("The track has no points.")
    climb_m = max(limits.climb_m, 2 * corridor.vertical_m)
    width = corridor.half_width_m
    length_m = max((limits.area_m2 - math.pi * width**2) / (2 * width), 2 * width)
    track = _filled(track, limits.duration_s, climb_m, length_m)
    cuts = _cuts(track, limits.duration_s, climb_m, math.radians(limits.turn_deg), length_m)
    first = np.array(cuts[:-1])
    last = np.array(cuts[1:])
    outlines = _outlines(track, first, last, width)
    slack_us = math.ceil(corridor.time_s * 1e6)
    volumes: list[Volume4D] = []
    for start, end, outline in zip(first.tolist(), last.tolist(), outlines, strict=True):
        altitudes = track.altitude_m[start : end + 1]
        volumes.append(
            Volume4D(
                outline,
                math.floor((float(altitudes.min()) - corridor.vertical_m) * 100) / 100,
                math.ceil((float(altitudes.max()) + corridor.vertical_m) * 100) / 100,
                int(track.time_us[start]) - slack_us,
                int(track.time_us[end]) + slack_us,
            )
        )
    return tuple(volumes)


def _filled(track: Track, duration_s: float, climb_m: float, length_m: float) -> Track:
    """The track with points put in where two are farther apart than one stretch may reach."""
    if len(track) == 1:
        twice = np.zeros(2, np.int64)
        return Track(
            track.time_us[twice],
            track.lat_deg[twice],
            track.lng_deg[twice],
            track.altitude_m[twice],
        )
    azimuth, moved_m = projection.inverse(
        track.lat_deg[:-1], track.lng_deg[:-1], track.lat_deg[1:], track.lng_deg[1:]
    )
    elapsed_us = np.diff(track.time_us)
    pieces = np.maximum.reduce(
        (
            elapsed_us / (duration_s * 1e6),
            np.abs(np.diff(track.altitude_m)) / climb_m,
            moved_m / length_m,
        )
    )
    count: Ints = np.maximum(np.ceil(pieces), 1).astype(np.int64)
    if bool((count == 1).all()):
        return track
    edge = np.repeat(np.arange(len(count)), count)
    part: Floats = (np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)) / count[edge]
    lat, lng = projection.direct(
        track.lat_deg[edge], track.lng_deg[edge], azimuth[edge], moved_m[edge] * part
    )
    original = part == 0
    lat[original], lng[original] = track.lat_deg[:-1], track.lng_deg[:-1]
    climbed = np.diff(track.altitude_m)[edge] * part
    passed = np.rint(elapsed_us[edge] * part).astype(np.int64)
    return Track(
        np.append(track.time_us[edge] + passed, track.time_us[-1]),
        np.append(lat, track.lat_deg[-1]),
        np.append(lng, track.lng_deg[-1]),
        np.append(track.altitude_m[edge] + climbed, track.altitude_m[-1]),
    )


def _cuts(
    track: Track, duration_s: float, climb_m: float, turn_rad: float, length_m: float
) -> list[int]:
    """The points where stretches begin and end. Going on as long as allowed gives the fewest."""
    azimuth, moved = projection.inverse(
        track.lat_deg[:-1], track.lng_deg[:-1], track.lat_deg[1:], track.lng_deg[1:]
    )
    azimuth = np.radians(azimuth)
    turns = np.abs(np.angle(np.exp(1j * np.diff(azimuth, prepend=azimuth[0]))))
    # Who stands still has no heading.
    turns[(moved < 1.0) | np.append(True, moved[:-1] < 1.0)] = 0.0
    times: list[int] = track.time_us.tolist()
    altitudes: list[float] = track.altitude_m.tolist()
    turned: list[float] = turns.tolist()
    lengths: list[float] = moved.tolist()
    duration_us = duration_s * 1e6
    cuts = [0]
    start_us, low, high, turn, length = times[0], altitudes[0], altitudes[0], 0.0, 0.0
    for i in range(1, len(times)):
        altitude = altitudes[i]
        begins = i - 1 == cuts[-1]
        low, high = min(low, altitude), max(high, altitude)
        turn += 0.0 if begins else turned[i - 1]
        length += lengths[i - 1]
        too_much = (
            times[i] - start_us > duration_us
            or high - low > climb_m
            or turn > turn_rad
            or length > length_m
        )
        if too_much and not begins:
            cuts.append(i - 1)
            start_us, turn, length = times[i - 1], 0.0, lengths[i - 1]
            low, high = min(altitudes[i - 1], altitude), max(altitudes[i - 1], altitude)
    cuts.append(len(times) - 1)
    return cuts


def _outlines(track: Track, first: Ints, last: Ints, half_width_m: float) -> list[Polygon]:
    """Polygons around the stretches, each drawn in the plane of its middle point."""
    counts = last - first + 1
    owner = np.repeat(np.arange(len(first)), counts)
    points = np.arange(int(counts.sum())) + np.repeat(first - (np.cumsum(counts) - counts), counts)
    middle = (first + last) // 2
    centre_lat, centre_lng = track.lat_deg[middle], track.lng_deg[middle]
    x, y, away = projection.project(
        centre_lat[owner], centre_lng[owner], track.lat_deg[points], track.lng_deg[points]
    )
    lines = shapely.linestrings(np.column_stack((x, y)), indices=owner)
    lines = shapely.simplify(lines, half_width_m * SMOOTHING)
    # Away from its centre the plane stretches lengths by up to 1 / cos²: a metre there is less
    # here.
    reach = np.maximum.reduceat(away, np.cumsum(counts) - counts) + 1.1 * half_width_m
    stretch = 1 / np.cos(reach / 6.3e6) ** 2
    radius = (half_width_m * (1 + 2 * SMOOTHING) * AROUND + ROUNDING_M) * stretch
    shapes = shapely.simplify(_around(lines, radius), half_width_m * SMOOTHING)
    return [
        _polygon(shape, lat, lng)
        for shape, lat, lng in zip(shapes, centre_lat.tolist(), centre_lng.tolist(), strict=True)
    ]


def _around(lines: Any, radius_m: Floats) -> Any:
    """Polygons around lines of a plane, each with its own radius; holes are filled.

    Made of the convex hulls of two regular polygons at the ends of each leg, because GEOS's buffer
    with few sides to an arc may fall into pieces and cut corners.
    """
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    leg = np.flatnonzero(owner[1:] == owner[:-1])
    angle = (np.arange(4 * QUARTER_SIDES) + 0.5) * (2 * math.pi / (4 * QUARTER_SIDES))
    disc = np.column_stack((np.cos(angle), np.sin(angle)))
    rim = disc * radius_m[owner[leg], None, None]
    ends = np.concatenate((xy[leg, None, :] + rim, xy[leg + 1, None, :] + rim), axis=1)
    hulls = shapely.convex_hull(shapely.linestrings(ends))
    first = np.searchsorted(owner[leg], np.arange(len(lines) + 1))
    shapes = [
        hulls[start] if end == start + 1 else shapely.union_all(hulls[start:end])
        for start, end in pairwise(first.tolist())
    ]
    return shapely.polygons(shapely.get_exterior_ring(shapes))


def _polygon(shape: Any, centre_lat_deg: float, centre_lng_deg: float) -> Polygon:
    xy = shapely.get_coordinates(shape)[:-1]
    lat, lng = projection.unproject(
        centre_lat_deg,
        centre_lng_deg,
        np.ascontiguousarray(xy[:, 0]),
        np.ascontiguousarray(xy[:, 1]),
    )
    pairs = zip(np.round(lat, DIGITS).tolist(), np.round(lng, DIGITS).tolist(), strict=True)
    # Rounding may bring two vertices together.
    return Polygon(tuple(dict.fromkeys(pairs)))
