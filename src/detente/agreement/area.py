"""Areas: polygons in GeoJSON (RFC 7946), read strictly."""

from __future__ import annotations

from dataclasses import dataclass

from detente.geo import Polygon


@dataclass(frozen=True, slots=True)
class AreaOutline:
    """A polygon of the area and the holes in it."""

    outer: Polygon
    holes: tuple[Polygon, ...] = ()
