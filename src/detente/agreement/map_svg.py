"""A small map of an area as SVG: outline, graticule, scale. No tiles, no borders, no names.

It shows where the area lies and what form it has; where exactly is in the coordinates. A border
drawn here would be somebody's claim.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from detente.agreement.outline import AreaOutline
from detente.geo import Polygon, projection

WIDTH: Final = 520
HEIGHT: Final = 380
_MARGIN: Final = 34
_PIECES: Final = 8
_STEPS_DEG: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 45)
_KM_PER_DEG: Final = 111.2

_Ring = list[tuple[float, float]]


def map_svg(outlines: Sequence[AreaOutline], title: str) -> str:
    """The map; `title` must be safe in XML already."""
    rings = [
        [_drawn(ring, outlines[0].outer.vertices[0][1]) for ring in (each.outer, *each.holes)]
        for each in outlines
    ]
    frame = _Frame([point for each in rings for ring in each for point in ring])
    paths = "".join(
        f'<path class="area" d="{" ".join(frame.path(ring) for ring in each)}"/>' for each in rings
    )
    return (
        f'<svg class="map" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">'
        f'<rect class="frame" width="{WIDTH}" height="{HEIGHT}"/>{frame.graticule()}{paths}'
        f"{frame.scale()}</svg>"
    )


def _drawn(ring: Polygon, near_deg: float) -> _Ring:
    """(longitude, latitude) along the geodesics, with longitudes that do not jump."""
    lat, lng = (np.array(part, dtype=np.float64) for part in zip(*ring.vertices, strict=True))
    lat, lng = projection.densify(lat, lng, np.full(len(lat), _PIECES, dtype=np.int64))
    drawn: _Ring = []
    last = near_deg
    for one_lat, one_lng in zip(map(float, lat), map(float, lng), strict=True):
        last = one_lng + 360 * round((last - one_lng) / 360)
        drawn.append((last, one_lat))
    return drawn


class _Frame:
    """Degrees to pixels: true to scale in the middle of the map."""

    def __init__(self, points: _Ring) -> None:
        west, east = min(p[0] for p in points), max(p[0] for p in points)
        south, north = min(p[1] for p in points), max(p[1] for p in points)
        self._shrink = max(0.05, math.cos(math.radians((south + north) / 2)))
        wide = max((east - west) * self._shrink, 1e-9)
        high = max(north - south, 1e-9)
        self._scale = min((WIDTH - 2 * _MARGIN) / wide, (HEIGHT - 2 * _MARGIN) / high)
        self._middle = (west + east) / 2, (south + north) / 2
        span = max((east - west), (north - south))
        self._step = next((step for step in _STEPS_DEG if span / step <= 6), _STEPS_DEG[-1])

    def xy(self, lng: float, lat: float) -> tuple[float, float]:
        x = WIDTH / 2 + (lng - self._middle[0]) * self._shrink * self._scale
        return x, HEIGHT / 2 - (lat - self._middle[1]) * self._scale

    def path(self, ring: _Ring) -> str:
        places = (self.xy(lng, lat) for lng, lat in ring)
        return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in places) + "Z"

    def graticule(self) -> str:
        half_x = WIDTH / 2 / self._scale / self._shrink
        half_y = HEIGHT / 2 / self._scale
        parts = []
        for lng in self._multiples(self._middle[0], half_x):
            x, _ = self.xy(lng, 0)
            label = _degrees((lng + 180) % 360 - 180, "E", "W")
            parts.append(f'<path class="grid" d="M{x:.1f},0V{HEIGHT}"/>')
            parts.append(f'<text x="{x + 3:.1f}" y="{HEIGHT - 5}">{label}</text>')
        for lat in self._multiples(self._middle[1], half_y):
            if abs(lat) <= 90:
                _, y = self.xy(0, lat)
                parts.append(f'<path class="grid" d="M0,{y:.1f}H{WIDTH}"/>')
                parts.append(f'<text x="4" y="{y - 3:.1f}">{_degrees(lat, "N", "S")}</text>')
        return "".join(parts)

    def _multiples(self, middle: float, half: float) -> list[float]:
        first = math.ceil((middle - half) / self._step)
        last = math.floor((middle + half) / self._step)
        return [number * self._step for number in range(first, min(last, first + 40) + 1)]

    def scale(self) -> str:
        """A bar of 1, 2 or 5 times a power of ten kilometres, a fifth of the map at most."""
        most_km = WIDTH / 5 / self._scale * _KM_PER_DEG
        power = 10 ** math.floor(math.log10(most_km))
        length_km = max(factor * power for factor in (1, 2, 5) if factor * power <= most_km)
        pixels = length_km / _KM_PER_DEG * self._scale
        right = WIDTH - 12
        return (
            f'<path class="scale" d="M{right - pixels:.1f},22V16H{right}V22"/>'
            f'<text class="end" x="{right}" y="12">{length_km:g} km</text>'
        )


def _degrees(value: float, positive: str, negative: str) -> str:
    side = "" if abs(value) < 1e-9 else positive if value > 0 else negative
    return f"{abs(value):.6g}°{side}"
