"""GeoJSON (RFC 7946): as our plan file, exact; and for maps, which know no circles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from detente.geo import Circle

from .feature import Feature, Kind, Piece, WriteOptions
from .moments import rfc3339
from .rings import Ring, map_rings

Json = dict[str, Any]


def write_geojson(features: Sequence[Feature], options: WriteOptions) -> bytes:
    """A plan file (docs/plan-files.md): exact, read by `detente check` and by imports.

    Edges are geodesics, also over the date line; a circle is a Point with `radius_m`.
    """
    return _collection(_exact(piece) for feature in features for piece in feature.pieces)


def write_map_geojson(features: Sequence[Feature], options: WriteOptions) -> bytes:
    """For maps: circles are polygons around them, the date line divides what crosses it."""
    return _collection(map_feature(piece) for feature in features for piece in feature.pieces)


def map_feature(piece: Piece) -> Json:
    """One volume as a Feature for maps."""
    outline = piece.volume.outline
    properties = _properties(piece)
    if isinstance(outline, Circle):
        properties["circle"] = {
            "lat_deg": outline.lat_deg,
            "lng_deg": outline.lng_deg,
            "radius_m": outline.radius_m,
        }
    return {
        "type": "Feature",
        "id": piece.id,
        "geometry": geometry_of(map_rings(outline)),
        "properties": properties,
    }


def geometry_of(rings: Sequence[Ring]) -> Json:
    """A Polygon, or a MultiPolygon if there are several rings."""
    coordinates = [[[list(point) for point in ring]] for ring in rings]
    if len(coordinates) == 1:
        return {"type": "Polygon", "coordinates": coordinates[0]}
    return {"type": "MultiPolygon", "coordinates": coordinates}


def _exact(piece: Piece) -> Json:
    outline = piece.volume.outline
    properties = _properties(piece)
    geometry: Json
    if isinstance(outline, Circle):
        geometry = {"type": "Point", "coordinates": [outline.lng_deg, outline.lat_deg]}
        properties["radius_m"] = outline.radius_m
    else:
        ring = [[lng, lat] for lat, lng in outline.vertices]
        geometry = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
    return {"type": "Feature", "id": piece.id, "geometry": geometry, "properties": properties}


def _properties(piece: Piece) -> Json:
    feature, volume = piece.feature, piece.volume
    told: Json = {
        **feature.properties,
        "flight_id": feature.id,
        "name": feature.name or feature.id,
        "kind": str(feature.kind),
        "volume": piece.number,
    }
    if feature.party:
        told["party"] = feature.party
    if feature.kind == Kind.INTENT:
        told |= {"state": feature.state, "priority": feature.priority}
        told["off_nominal"] = piece.off_nominal
    for name, metres in (
        ("altitude_lower", volume.altitude_lower_m),
        ("altitude_upper", volume.altitude_upper_m),
    ):
        if metres is not None:
            told[name] = {"value": metres, "units": "M", "reference": "W84"}
    for name, time_us in (("time_start", volume.time_start_us), ("time_end", volume.time_end_us)):
        if time_us is not None:
            told[name] = rfc3339(time_us)
    if feature.geozone is not None:
        told["geozone"] = msgspec.to_builtins(feature.geozone)
    return told


def _collection(features: Iterable[Json]) -> bytes:
    """One Feature a line: for people and `diff`."""
    lines = b",\n".join(msgspec.json.encode(each) for each in features)
    return b'{"type":"FeatureCollection","features":[\n' + lines + b"\n]}\n"
