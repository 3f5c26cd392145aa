"""Events for maps: GeoJSON (RFC 7946), a Feature each, from where it began to where it ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from detente.boundaries import BoundarySource
from detente.interchange import rfc3339

from .events import Event, Ground, Place
from .grading import sentence
from .outputs_table import INTERVALS, PLACES, TEXTS, told_bound

Json = dict[str, Any]


def write_geojson(
    events: Iterable[Event], path: Path, sources: Sequence[BoundarySource] = ()
) -> None:
    """A FeatureCollection, one Feature a line.

    An event that has an entry and an exit is a line between them, one that has one of them, or only
    a deepest place, a point; else it has no geometry. Bounds of figures that do not exist are null.
    Each ground stands as a sentence in both languages, too.

    Args:
        events: what is written.
        path: of the file.
        sources: of boundaries, named in the member `sources` with their licences.

    Raises:
        OSError: it cannot be written.
    """
    head = {"type": "FeatureCollection", "sources": [_source(each) for each in sources]}
    with path.open("wb") as stream:
        stream.write(msgspec.json.encode(head)[:-1] + b',"features":[')
        between = b"\n"
        for event in events:
            stream.write(between + msgspec.json.encode(feature(event)))
            between = b",\n"
        stream.write(b"\n]}\n")


def feature(event: Event) -> Json:
    """One event as a Feature."""
    told: Json = {name: str(getattr(event, name)) for name in TEXTS}
    told["began"] = rfc3339(event.began_us)
    told["ended"] = None if event.ended_us is None else rfc3339(event.ended_us)
    for name in PLACES:
        told[name] = _place(getattr(event, name))
    for name in INTERVALS:
        interval = getattr(event, name)
        told[name] = None if interval is None else {
            "value": told_bound(interval.value),
            "low": told_bound(interval.low),
            "high": told_bound(interval.high),
            "unit": interval.unit,
        }  # fmt: skip
    told["grounds"] = [_ground(each) for each in event.grounds]
    told["reports"] = event.reports
    told["sources"] = list(event.sources)
    told["boundary_source"] = event.boundary_source
    told["basis"] = event.basis
    del told["id"]
    return {"type": "Feature", "id": event.id, "geometry": _geometry(event), "properties": told}


def _ground(ground: Ground) -> Json:
    words = sentence(ground)
    return {"code": ground.code, "figures": ground.figures, "en": words.en, "fr": words.fr}


def ends_of(event: Event) -> list[Place]:
    """Where it began and ended; if neither is known, where it was deepest, or nearest."""
    ends = [each for each in (event.entry, event.exit) if each is not None]
    return ends or [each for each in (event.deepest,) if each is not None]


def _geometry(event: Event) -> Json | None:
    ends = ends_of(event)
    if not ends:
        return None
    points = [_point(each) for each in ends]
    if len(points) == 1:
        return {"type": "Point", "coordinates": points[0]}
    (west, *_), (east, *_) = points
    if abs(east - west) > 180:
        return {"type": "MultiPoint", "coordinates": points}
    return {"type": "LineString", "coordinates": points}


def _point(place: Place) -> list[float]:
    flat = [place.lng_deg, place.lat_deg]
    return flat if place.altitude_m is None else [*flat, place.altitude_m]


def _place(place: Place | None) -> Json | None:
    if place is None:
        return None
    return {
        "lat_deg": place.lat_deg,
        "lng_deg": place.lng_deg,
        "altitude_m": place.altitude_m,
        "time": rfc3339(place.time_us),
        "radius_m": told_bound(place.radius_m),
        "spread_s": told_bound(place.spread_s),
    }


def _source(source: BoundarySource) -> Json:
    return {
        "id": source.id,
        "title": source.title,
        "version": source.version,
        "licence": source.licence,
        "attribution": source.attribution,
        "uncertainty_m": told_bound(source.uncertainty_m),
    }
