"""Circles on the ellipsoid through given places."""

from __future__ import annotations

import math

import numpy as np

from detente.geo import projection

from .arcs import check_radius
from .places import Place
from .understood import refused


def circumcircle(places: list[Place], line: int) -> tuple[Place, float]:
    """Centre and radius of the circle through three places, to a centimetre.

    Raises:
        Unread: they lie on one line, or their circle is larger than 2,000 km.
    """
    lat, lng = np.array([p[0] for p in places]), np.array([p[1] for p in places])
    centre = places[1]
    for _ in range(20):
        x, y, distance = projection.project(*centre, lat, lng)
        if not np.isfinite(x).all():
            break
        if float(np.ptp(distance)) < 0.005:
            radius = float(distance.mean())
            check_radius(radius, line)
            return centre, radius
        ax, ay = float(x[1] - x[0]), float(y[1] - y[0])
        bx, by = float(x[2] - x[0]), float(y[2] - y[0])
        twice = 2 * (ax * by - ay * bx)
        if abs(twice) < 1e-6 * (math.hypot(ax, ay) * math.hypot(bx, by) + 1e-9):
            break
        a, b = ax * ax + ay * ay, bx * bx + by * by
        step = (
            float(x[0]) + (by * a - ay * b) / twice,
            float(y[0]) + (ax * b - bx * a) / twice,
        )
        to_lat, to_lng = projection.unproject(*centre, np.array([step[0]]), np.array([step[1]]))
        centre = (float(to_lat[0]), float(to_lng[0]))
    raise refused(
        "The three points of an arc lie on one line, or far too far apart.",
        "Les trois points d’un arc sont alignés, ou bien trop éloignés.",
        line=line,
    )
