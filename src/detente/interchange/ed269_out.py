"""UAS geographical zones (EUROCAE ED-269, chapter 8) as JSON: writing.

ED-269 counts heights from the sea or the ground, in whole numbers here: ours are widened by what
the geoid may be there, and rounded to the outside.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from detente.geo import Circle, Outline

from .ed269 import AUTHORITY, MEMBERS
from .feature import Feature, NotWritable, Piece, WriteOptions
from .moments import rfc3339
from .rings import map_rings

Json = dict[str, Any]


def write_ed269(features: Sequence[Feature], options: WriteOptions) -> bytes:
    """Constraints as zones; one whose volumes have several times becomes several versions.

    Raises:
        NotWritable: a feature is no constraint with a geozone.
    """
    zones = [
        _zone(feature, pieces, options) for feature in features for pieces in _by_time(feature)
    ]
    whole = {
        "formatVersion": "1.0.0",
        "createdAt": rfc3339(options.made_us),
        "title": options.title,
        "features": zones,
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n"


def _by_time(feature: Feature) -> Iterable[list[Piece]]:
    found: dict[tuple[int | None, int | None], list[Piece]] = {}
    for piece in feature.pieces:
        when = piece.volume.time_start_us, piece.volume.time_end_us
        found.setdefault(when, []).append(piece)
    return found.values()


def _zone(feature: Feature, pieces: Sequence[Piece], options: WriteOptions) -> Json:
    zone = feature.geozone
    if zone is None:
        raise NotWritable(
            f"This {feature.kind} has no geozone: no identifier, country or authority.",
            where=feature.name or feature.id,
            advice="Only constraints that were published as UAS zones are written as such.",
        )
    told: Json = msgspec.to_builtins(zone)
    authority = [
        {theirs: each[ours] for theirs, ours in AUTHORITY.items() if ours in each}
        for each in told["zone_authority"]
    ]
    return {
        **{theirs: told[ours] for theirs, ours in MEMBERS.items() if ours in told},
        "zoneAuthority": authority,
        "applicability": [_applicability(pieces[0])],
        "geometry": [shape for piece in pieces for shape in _shapes(piece, options)],
    }


def _applicability(piece: Piece) -> Json:
    start, end = piece.volume.time_start_us, piece.volume.time_end_us
    told: Json = {"permanent": "YES" if end is None else "NO"}
    if start is not None:
        told["startDateTime"] = rfc3339(start)
    if end is not None:
        told["endDateTime"] = rfc3339(end)
    return told


def _shapes(piece: Piece, options: WriteOptions) -> Iterable[Json]:
    volume = piece.volume
    geoid = options.geoid(volume.outline)
    told: Json = {"uomDimensions": "M"}
    if volume.altitude_lower_m is None:
        told |= {"lowerLimit": 0, "lowerVerticalReference": "AGL"}
    else:
        lower = math.floor(round(volume.altitude_lower_m - geoid.high_m, 6))
        told |= {"lowerLimit": lower, "lowerVerticalReference": "AMSL"}
    if volume.altitude_upper_m is None:
        told |= {"upperLimit": None, "upperVerticalReference": "AMSL"}
    else:
        upper = math.ceil(round(volume.altitude_upper_m - geoid.low_m, 6))
        told |= {"upperLimit": upper, "upperVerticalReference": "AMSL"}
    for projection in _projections(volume.outline):
        yield {**told, "horizontalProjection": projection}


def _projections(outline: Outline) -> Iterable[Json]:
    if isinstance(outline, Circle):
        yield {
            "type": "Circle",
            "center": [outline.lng_deg, outline.lat_deg],
            "radius": outline.radius_m,
        }
        return
    for ring in map_rings(outline):
        yield {"type": "Polygon", "coordinates": [[list(point) for point in ring]]}
