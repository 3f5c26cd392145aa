"""A track drawn in a plane, and the room that volumes leave around it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import shapely

from detente.geo import Circle, Volume4D, projection
from detente.operations import Corridor, CorridorError, Track

Floats: TypeAlias = npt.NDArray[np.float64]

REACH_M: Final = 1_500_000.0
"""Tracks that go farther from their middle are not led around anything."""


class Plane:
    """The plane in which a way is looked for."""

    def __init__(self, lat_deg: float, lng_deg: float) -> None:
        self.lat_deg, self.lng_deg = lat_deg, lng_deg

    @classmethod
    def of(cls, track: Track) -> Plane | None:
        """One in the middle of a track; None if the track reaches too far."""
        if len(track) < 2:
            return None
        middle = projection.ecef(track.lat_deg, track.lng_deg).mean(axis=0)
        lat, lng = projection.surface_point(middle)
        plane = cls(float(lat), float(lng))
        away = plane.flat(track.lat_deg, track.lng_deg)[1]
        return plane if float(away.max()) <= REACH_M else None

    def flat(self, lat_deg: Floats, lng_deg: Floats) -> tuple[Floats, Floats]:
        """Plane coordinates (n, 2) and distances from the middle."""
        x, y, away = projection.project(self.lat_deg, self.lng_deg, lat_deg, lng_deg)
        return np.column_stack((x, y)), away

    def back(self, xy: Floats) -> tuple[Floats, Floats]:
        """Latitudes and longitudes."""
        return projection.unproject(
            self.lat_deg,
            self.lng_deg,
            np.ascontiguousarray(xy[:, 0]),
            np.ascontiguousarray(xy[:, 1]),
        )


def measured_corridor(track: Track, volumes: Sequence[Volume4D]) -> Corridor | None:
    """The room that volumes leave around the track they were drawn around.

    None if the track runs outside of them: then they are not its corridor.
    """
    plane = Plane.of(track)
    if plane is None or not volumes:
        return None
    xy, _ = plane.flat(track.lat_deg, track.lng_deg)
    widths: list[float] = []
    heights: list[float] = []
    slack_us = [track.time_us[0], track.time_us[-1]]
    begin_us = min(_bound(each.time_start_us, -math.inf) for each in volumes)
    end_us = max(_bound(each.time_end_us, math.inf) for each in volumes)
    time_us = min(float(slack_us[0]) - begin_us, end_us - float(slack_us[1]))
    if not 0 <= time_us < math.inf:
        return None
    for each in volumes:
        within = _part(
            track, xy, _bound(each.time_start_us, -math.inf) + time_us,
            _bound(each.time_end_us, math.inf) - time_us,
        )  # fmt: skip
        if within is None:
            continue
        line, low_m, high_m = within
        if isinstance(each.outline, Circle):
            centre, _ = plane.flat(
                np.array([each.outline.lat_deg]), np.array([each.outline.lng_deg])
            )
            far = shapely.hausdorff_distance(shapely.points(centre[0]), line)
            widths.append(each.outline.radius_m - float(far))
        else:
            corners = np.array(each.outline.vertices)
            shape = shapely.polygons(plane.flat(corners[:, 0].copy(), corners[:, 1].copy())[0])
            if not shapely.covers(shape, line):
                return None
            widths.append(float(shapely.distance(shapely.get_exterior_ring(shape), line)))
        if each.altitude_lower_m is None or each.altitude_upper_m is None:
            return None
        heights.append(min(low_m - each.altitude_lower_m, each.altitude_upper_m - high_m))
    if not widths or min(widths) < 1 or min(heights) < 0:
        return None
    try:
        # a corridor of ours is nowhere narrower than asked for, and a little wider here and there
        least, most = min(widths), max(widths)
        return Corridor(least if most < 1.08 * least else most, max(heights), time_us / 1e6)
    except CorridorError:
        return None


def _bound(time_us: int | None, otherwise: float) -> float:
    return otherwise if time_us is None else float(time_us)


def _part(
    track: Track, xy: Floats, begin_us: float, end_us: float
) -> tuple[Any, float, float] | None:
    """The line flown in a span of time, its lowest and its highest point."""
    begin = max(begin_us, float(track.time_us[0]))
    end = min(end_us, float(track.time_us[-1]))
    if begin > end:
        return None
    time = track.time_us.astype(np.float64)
    at = np.concatenate(([begin], time[(time > begin) & (time < end)], [end]))
    places = np.column_stack((np.interp(at, time, xy[:, 0]), np.interp(at, time, xy[:, 1])))
    heights = np.interp(at, time, track.altitude_m)
    return shapely.linestrings(places), float(heights.min()), float(heights.max())
