"""Moving outlines over the ground as if they were drawn on a stiff sheet, and what stops them.

A sheet is pushed from its pivot along a geodesic and keeps its course: every point keeps its
distance and its bearing, relative to the course, from the pivot. On a sphere that would be a
rotation; on WGS-84 lengths change by less than one part in 10^8 for 100 km pushed by 10 km.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from detente.geo import _slide, projection
from detente.geo.prepared import Ints, Prepared, prepare
from detente.geo.projection import GEOD, Floats
from detente.geo.volume import Circle, Polygon, Volume4D

DIGITS: Final = 9
"""Degrees are rounded to this: a tenth of a millimetre."""
_EARTH_M: Final = 6.35e6


class Sheet:
    """Volumes that move together."""

    def __init__(self, volumes: Sequence[Volume4D] | Prepared) -> None:
        """Take the middle of the volumes' middles for the pivot.

        Raises:
            OutlineTooLarge: as `prepare`.
        """
        self.prepared = prepare(volumes)
        lat, lng = projection.surface_point(self.prepared.ball_m.mean(axis=0))
        self.pivot = float(lat), float(lng)
        self._bearing, self._away = self._from_pivot(self.prepared.lat_deg, self.prepared.lng_deg)
        self._middles = projection.surface_point(self.prepared.ball_m)

    def _from_pivot(self, lat_deg: Floats, lng_deg: Floats) -> tuple[Floats, Floats]:
        shape = np.shape(lat_deg)
        return projection.inverse(
            np.full(shape, self.pivot[0]), np.full(shape, self.pivot[1]), lat_deg, lng_deg
        )

    def _push(
        self, bearing: Floats, away: Floats, azimuth_deg: float, distance_m: float
    ) -> tuple[Floats, Floats]:
        lng, lat, back = GEOD.fwd(self.pivot[1], self.pivot[0], azimuth_deg, distance_m)
        turned = back + 180.0 - azimuth_deg
        shape = np.shape(bearing)
        return projection.direct(
            np.full(shape, lat), np.full(shape, lng), bearing + turned, np.ascontiguousarray(away)
        )

    def points(
        self, lat_deg: Floats, lng_deg: Floats, azimuth_deg: float, distance_m: float
    ) -> tuple[Floats, Floats]:
        """Where points of the sheet are after it was pushed."""
        return self._push(*self._from_pivot(lat_deg, lng_deg), azimuth_deg, distance_m)

    def pushed(
        self, azimuth_deg: float, distance_m: float, which: Sequence[int] | None = None
    ) -> list[Volume4D]:
        """The volumes (or some of them) after the sheet was pushed."""
        own = self.prepared
        chosen = range(len(own)) if which is None else which
        rows = [slice(int(own.first[i]), int(own.first[i] + own.count[i])) for i in chosen]
        flat = np.concatenate([np.arange(each.start, each.stop) for each in rows])
        lat, lng = self._push(self._bearing[flat], self._away[flat], azimuth_deg, distance_m)
        points = list(zip(_rounded(lat), _rounded(lng), strict=True))
        volumes: list[Volume4D] = []
        at = 0
        for i, row in zip(chosen, rows, strict=True):
            size = row.stop - row.start
            old = own.volumes[i]
            outline = (
                Circle(*points[at], old.outline.radius_m)
                if isinstance(old.outline, Circle)
                else Polygon(tuple(points[at : at + size]))
            )
            volumes.append(replace(old, outline=outline))
            at += size
        return volumes

    def obstructions(
        self,
        others: Prepared,
        first: Ints,
        second: Ints,
        azimuths_deg: Sequence[float],
        most_m: float,
    ) -> tuple[Ints, Ints, Floats, Floats]:
        """How far may the sheet not be pushed, because of some pairs of volumes?

        Args:
            first, second: positions of the pairs, in the sheet and in `others`.
            azimuths_deg: the directions, at the pivot.
            most_m: pushes farther than this do not interest.

        Returns:
            Closed intervals, as columns: direction, pair, both ends (n, 2), and by how much these
            may be wrong, in metres. A pair that can meet lies within them so widened, unless it
            only grazes.
        """
        own = self.prepared
        count = len(azimuths_deg)
        ways = np.empty((len(own), count, 2))
        scale = np.empty((len(own), count))
        lat, lng = self._middles
        bearing, away = self._from_pivot(lat, lng)
        for k, azimuth in enumerate(azimuths_deg):
            to_lat, to_lng = self._push(bearing, away, azimuth, most_m)
            course, length = projection.inverse(lat, lng, to_lat, to_lng)
            angle = np.radians(course)
            ways[:, k, 0], ways[:, k, 1] = np.sin(angle), np.cos(angle)
            scale[:, k] = length / most_m
        direction, pair, ends = _slide.slide(
            own.vertices_m, own.first, own.count, own.radius_m, own.ball_m,
            others.vertices_m, others.first, others.count, others.radius_m,
            first, second, ways, most_m * 1.02,
        )  # fmt: skip
        one, two = first[pair], second[pair]
        ends = ends / scale[one, direction][:, None]
        radius = own.ball_radius_m[one]
        far = np.minimum(np.abs(ends).max(axis=1), most_m * 1.1) if len(ends) else np.empty(0)
        aside = np.tan(np.minimum(away[one] / _EARTH_M, 1.2)) / _EARTH_M
        wrong = (
            0.05
            + 1.5 * far * ((radius + far) / _EARTH_M) ** 2
            + (far * far / 8 + radius * far) * aside
            + _slide.CIRCLE_ERROR * (own.radius_m[one] + others.radius_m[two])
            + 1e-10 * (4 * radius**2 + np.minimum(2 * others.ball_radius_m[two], 1.5e6) ** 2)
        )
        return direction, pair, ends, wrong


def _rounded(degrees: Floats) -> list[float]:
    values: list[float] = np.round(degrees, DIGITS).tolist()
    return values


def mean_course_deg(lat_deg: Floats, lng_deg: Floats) -> float | None:
    """The azimuth, at its first point, from the beginning of a path to its end.

    None for paths that end where they began, or never left.
    """
    azimuth, distance = projection.inverse(lat_deg[:1], lng_deg[:1], lat_deg[-1:], lng_deg[-1:])
    return None if distance[0] < 1.0 else math.fmod(float(azimuth[0]) + 360.0, 360.0)
