"""Outlines as GeoJSON geometries (RFC 7946), both ways."""

from __future__ import annotations

from typing import Any, Final

from detente.geo import Circle, Outline, Polygon
from detente.operations.plan_values import fail, number_of, shown

_GEOMETRY_ADVICE: Final = {
    "MultiPolygon": "Write one Feature for each part, with the same flight_id. A volume across the "
    "date line needs no cutting: let its ring go from 179.9 to -179.9.",
    "MultiPoint": "Write one Feature for each point, with the same flight_id.",
    "GeometryCollection": "Write one Feature for each geometry, with the same flight_id.",
    "LineString": "Give the track as a trajectory (CSV, Parquet, JSON) and a --corridor instead.",
    "MultiLineString": "Give the tracks as trajectories and a --corridor instead.",
}


def outline_of(feature: dict[str, Any], where: str, properties: dict[str, Any]) -> Outline:
    """The outline of a Feature that stands at `where`.

    Raises:
        PlanError: its geometry is no Polygon without holes, and no Point with a radius.
    """
    geometry = feature.get("geometry")
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if not isinstance(geometry, dict) or kind not in ("Polygon", "Point"):
        fail(
            f"{where}.geometry",
            f"The geometry must be a Polygon, or a Point with radius_m; this is {shown(kind)}.",
            _GEOMETRY_ADVICE.get(str(kind)),
        )
    at = f"{where}.geometry.coordinates"
    coordinates = geometry.get("coordinates")
    if kind == "Point":
        lat, lng = _position(coordinates, at)
        radius = properties.get("radius_m")
        if radius is None:
            fail(
                f"{where}.properties.radius_m",
                "A Point needs a radius.",
                "Give radius_m, in metres.",
            )
        return Circle(lat, lng, number_of(radius, f"{where}.properties.radius_m", "The radius"))
    if "radius_m" in properties:
        fail(f"{where}.properties.radius_m", "A Polygon has no radius.", "Remove it.")
    if not isinstance(coordinates, list) or not coordinates:
        fail(at, "A Polygon has a list of rings.")
    if len(coordinates) > 1:
        fail(
            f"{at}[1]",
            "Holes are not supported: an F3548-21 volume has none.",
            "Cut the outline into polygons without holes, with the same flight_id.",
        )
    ring = coordinates[0]
    if not isinstance(ring, list) or len(ring) < 4:
        fail(f"{at}[0]", "A ring has at least four positions, the last being the first again.")
    points = [_position(position, f"{at}[0][{i}]") for i, position in enumerate(ring)]
    if points[0] != points[-1]:
        fail(
            f"{at}[0]",
            "The ring is not closed.",
            "Repeat its first position at its end (RFC 7946, section 3.1.6).",
        )
    return Polygon(tuple(points[:-1]))


def _position(position: Any, where: str) -> tuple[float, float]:
    if not isinstance(position, list) or len(position) < 2:
        fail(where, f"A position is [longitude, latitude], not {shown(position)}.")
    if len(position) > 2:
        fail(
            where,
            "A position has two numbers here; heights stand in the properties.",
            "Remove the third number and give altitude_lower and altitude_upper.",
        )
    lng, lat = (
        number_of(value, where, what)
        for value, what in zip(position, ("The longitude", "The latitude"), strict=True)
    )
    if not -90 <= lat <= 90:
        swapped = " Longitude comes first." if -90 <= lng <= 90 else ""
        fail(where, f"The latitude {lat:g} is not between -90 and 90.{swapped}")
    if not -180 <= lng <= 180:
        fail(where, f"The longitude {lng:g} is not between -180 and 180.")
    return lat, lng


def outline_geometry(outline: Outline) -> dict[str, Any]:
    """The GeoJSON geometry of an outline: a closed ring, counter-clockwise left to the reader."""
    if isinstance(outline, Circle):
        return {"type": "Point", "coordinates": [outline.lng_deg, outline.lat_deg]}
    ring = [[lng, lat] for lat, lng in outline.vertices]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
