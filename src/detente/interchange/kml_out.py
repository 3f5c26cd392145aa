"""KML 2.2 and KMZ: every volume a body with walls, shown while it is in use.

KML counts heights from the sea. They are converted where a model of the geoid is known; without
one they are written as they are above the WGS-84 ellipsoid, and the document says so. The exact
figures stand in each Placemark's ExtendedData.
"""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from detente.geo import Circle, Outline

from .feature import Feature, Kind, Piece, WriteOptions
from .moments import rfc3339
from .rings import Ring, map_rings
from .xml_out import child, document, xml_text

NAMESPACE: Final = "http://www.opengis.net/kml/2.2"
TRACK_OF: Final = "track_of"
"""In a placemark's ExtendedData: its line is the track of the plan with this id."""
DRAWN_CEILING_M: Final = 20_000.0
"""Where a volume without a ceiling is drawn to end."""

_STYLES: Final = {  # aabbggrr
    "intent": ("ffd27619", "66d27619"),
    "off-nominal": ("ff007cf5", "66007cf5"),
    "constraint": ("ff2828c6", "662828c6"),
}


def write_kml(features: Sequence[Feature], options: WriteOptions) -> bytes:
    """A KML document: a folder for each feature, a Placemark for each volume."""
    root = ET.Element("kml", {"xmlns": NAMESPACE})
    whole = child(root, "Document")
    child(whole, "name", options.title)
    child(whole, "description", _says(options))
    for name, (line, fill) in _STYLES.items():
        style = child(whole, "Style", id=name)
        child(child(style, "LineStyle"), "color", line)
        child(child(style, "PolyStyle"), "color", fill)
    for feature in features:
        folder = child(whole, "Folder")
        child(folder, "name", feature.name or feature.id)
        for piece in feature.pieces:
            _placemark(folder, piece, options)
        if len(feature.track) > 1:
            _track(folder, feature, options)
    return document(root)


def write_kmz(features: Sequence[Feature], options: WriteOptions) -> bytes:
    """The same, compressed. The same features give the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo("doc.kml", (1980, 1, 1, 0, 0, 0))
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, write_kml(features, options))
    return packed.getvalue()


def _says(options: WriteOptions) -> str:
    if not options.geoid_known:
        return (
            "Heights are drawn as they are above the WGS-84 ellipsoid, for want of a model of the"
            " geoid: up to 107 m off. The exact figures are in the data of each volume."
        )
    return "Heights are drawn above the sea. The exact figures are in the data of each volume."


def _style(piece: Piece) -> str:
    if piece.feature.kind == Kind.CONSTRAINT:
        return "#constraint"
    return "#off-nominal" if piece.off_nominal else "#intent"


def _placemark(folder: ET.Element, piece: Piece, options: WriteOptions) -> None:
    volume = piece.volume
    placemark = child(folder, "Placemark", id=xml_text(f"v-{piece.id}"))
    child(placemark, "name", piece.title)
    _span(placemark, volume.time_start_us, volume.time_end_us)
    child(placemark, "styleUrl", _style(piece))
    _data(placemark, piece)
    rings = map_rings(volume.outline)
    up = _raised(options, volume.outline)
    bodies = child(placemark, "MultiGeometry")
    for ring in rings:
        _body(bodies, ring, volume.altitude_lower_m, volume.altitude_upper_m, up)


def _raised(options: WriteOptions, outline: Outline) -> float:
    """What is added to a height above the ellipsoid to draw it."""
    if not options.geoid_known:
        return 0.0
    geoid = options.geoid(outline)
    return -(geoid.low_m + geoid.high_m) / 2


def _span(placemark: ET.Element, start_us: int | None, end_us: int | None) -> None:
    if start_us is None and end_us is None:
        return
    span = child(placemark, "TimeSpan")
    if start_us is not None:
        child(span, "begin", rfc3339(start_us))
    if end_us is not None:
        child(span, "end", rfc3339(end_us))


def _data(placemark: ET.Element, piece: Piece) -> None:
    feature, volume = piece.feature, piece.volume
    told = {
        "flight_id": feature.id,
        "kind": str(feature.kind),
        "state": feature.state,
        "party": feature.party,
        "volume": str(piece.number),
        "altitude_reference": "W84",
        "altitude_lower_m": _figure(volume.altitude_lower_m),
        "altitude_upper_m": _figure(volume.altitude_upper_m),
    }
    if isinstance(volume.outline, Circle):
        told |= {
            "centre_lat_deg": _figure(volume.outline.lat_deg),
            "centre_lng_deg": _figure(volume.outline.lng_deg),
            "radius_m": _figure(volume.outline.radius_m),
        }
    extended = child(placemark, "ExtendedData")
    for name, value in told.items():
        if value:
            child(child(extended, "Data", name=name), "value", value)


def _figure(value: float | None) -> str:
    return "" if value is None else repr(float(value))


def _body(
    bodies: ET.Element, ring: Ring, lower_m: float | None, upper_m: float | None, up_m: float
) -> None:
    """The roof, and down to the ground or with floor and walls."""
    top = (DRAWN_CEILING_M if upper_m is None else upper_m) + up_m
    if lower_m is None:
        _polygon(bodies, [(x, y, top) for x, y in ring], extrude=True)
        return
    bottom = lower_m + up_m
    _polygon(bodies, [(x, y, top) for x, y in ring])
    _polygon(bodies, [(x, y, bottom) for x, y in reversed(ring)])
    for (x_1, y_1), (x_2, y_2) in pairwise(ring):
        _polygon(
            bodies,
            [
                (x_1, y_1, bottom),
                (x_2, y_2, bottom),
                (x_2, y_2, top),
                (x_1, y_1, top),
                (x_1, y_1, bottom),
            ],
        )


def _polygon(
    bodies: ET.Element, points: Sequence[tuple[float, float, float]], *, extrude: bool = False
) -> None:
    polygon = child(bodies, "Polygon")
    if extrude:
        child(polygon, "extrude", "1")
    child(polygon, "altitudeMode", "absolute")
    ring = child(child(polygon, "outerBoundaryIs"), "LinearRing")
    child(ring, "coordinates", " ".join(f"{x!r},{y!r},{z:.3f}" for x, y, z in points))


def _track(folder: ET.Element, feature: Feature, options: WriteOptions) -> None:
    placemark = child(folder, "Placemark")
    child(placemark, "name", f"{feature.name or feature.id}: track")
    _span(placemark, feature.track[0][0], feature.track[-1][0])
    child(placemark, "styleUrl", "#intent")
    # A reader takes the volumes; along this line no others are to be made.
    told = child(child(placemark, "ExtendedData"), "Data", name=TRACK_OF)
    child(told, "value", feature.id)
    line = child(placemark, "LineString")
    child(line, "altitudeMode", "absolute")
    _, lat, lng, _ = feature.track[0]
    up = _raised(options, Circle(lat, lng, 1.0))
    child(
        line, "coordinates", " ".join(f"{x!r},{y!r},{z + up:.3f}" for _, y, x, z in feature.track)
    )
