"""CZML for globes that show time, such as Cesium: volumes appear while they are in use.

Heights in CZML are above the WGS-84 ellipsoid, as ours are; a circle stays one.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from detente.geo import Circle, Polygon

from .feature import Feature, Kind, Piece, WriteOptions
from .moments import rfc3339
from .rings import dense

Json = dict[str, Any]

DRAWN_CEILING_M: Final = 20_000.0
"""Where a volume without a ceiling is drawn to end; one without a floor begins at the ellipsoid."""
_EARLIEST: Final = "0001-01-01T00:00:00Z"
_LATEST: Final = "9999-12-31T23:59:59Z"
_COLOURS: Final = {
    "intent": [25, 118, 210],
    "off-nominal": [245, 124, 0],
    "constraint": [198, 40, 40],
}


def write_czml(features: Sequence[Feature], options: WriteOptions) -> bytes:
    """A CZML document: a packet for each volume, and one for each track."""
    packets = [_document(features, options)]
    for feature in features:
        packets += [_packet(piece) for piece in feature.pieces]
        if len(feature.track) > 1:
            packets.append(_track(feature))
    return b"[\n" + b",\n".join(msgspec.json.encode(each) for each in packets) + b"\n]\n"


def _document(features: Sequence[Feature], options: WriteOptions) -> Json:
    packet: Json = {"id": "document", "name": options.title, "version": "1.0"}
    volumes = [piece.volume for feature in features for piece in feature.pieces]
    starts = [each.time_start_us for each in volumes if each.time_start_us is not None]
    ends = [each.time_end_us for each in volumes if each.time_end_us is not None]
    if starts and ends:
        begin, end = rfc3339(min(starts)), rfc3339(max(ends))
        packet["clock"] = {
            "interval": f"{begin}/{end}",
            "currentTime": begin,
            "multiplier": 10,
            "range": "LOOP_STOP",
            "step": "SYSTEM_CLOCK_MULTIPLIER",
        }
    return packet


def _look(piece: Piece) -> str:
    if piece.feature.kind == Kind.CONSTRAINT:
        return "constraint"
    return "off-nominal" if piece.off_nominal else "intent"


def _packet(piece: Piece) -> Json:
    volume, feature = piece.volume, piece.feature
    colour = _COLOURS[_look(piece)]
    lower = volume.altitude_lower_m
    upper = volume.altitude_upper_m
    shape: Json = {
        "height": 0.0 if lower is None else lower,
        "extrudedHeight": DRAWN_CEILING_M if upper is None else upper,
        "material": {"solidColor": {"color": {"rgba": [*colour, 80]}}},
        "outline": True,
        "outlineColor": {"rgba": [*colour, 255]},
    }
    packet: Json = {"id": piece.id, "name": piece.title, "description": _says(piece)}
    if volume.time_start_us is not None or volume.time_end_us is not None:
        packet["availability"] = "/".join(
            (
                _EARLIEST if volume.time_start_us is None else rfc3339(volume.time_start_us),
                _LATEST if volume.time_end_us is None else rfc3339(volume.time_end_us),
            )
        )
    packet["properties"] = {
        "flight_id": feature.id,
        "kind": str(feature.kind),
        "state": feature.state,
        "party": feature.party,
        "volume": piece.number,
        "off_nominal": piece.off_nominal,
    }
    outline = volume.outline
    if isinstance(outline, Circle):
        packet["position"] = {"cartographicDegrees": [outline.lng_deg, outline.lat_deg, 0.0]}
        packet["ellipse"] = {
            "semiMajorAxis": outline.radius_m,
            "semiMinorAxis": outline.radius_m,
            **shape,
        }
    else:
        packet["polygon"] = {
            "positions": {"cartographicDegrees": _positions(outline)},
            "arcType": "GEODESIC",
            **shape,
        }
    return packet


def _positions(polygon: Polygon) -> list[float]:
    """Longitude, latitude, height, again and again. Edges are geodesics there, too; those that are
    long are cut all the same, as an ellipsoid's are not drawn exactly everywhere."""
    return [
        figure
        for lat, lng in dense(polygon, straight_m=100.0).vertices
        for figure in (lng, lat, 0.0)
    ]


def _says(piece: Piece) -> str:
    """What is shown when somebody picks it: HTML, so that names are escaped."""
    feature, volume = piece.feature, piece.volume
    low = "open" if volume.altitude_lower_m is None else f"{volume.altitude_lower_m:,.1f} m"
    high = "open" if volume.altitude_upper_m is None else f"{volume.altitude_upper_m:,.1f} m"
    rows = [
        ("what", str(feature.kind)),
        ("id", feature.id),
        ("party", feature.party),
        ("state", feature.state),
        ("above WGS-84", f"{low} to {high}"),
    ]
    return "<table>{}</table>".format(
        "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>"
            for name, value in rows
            if value
        )
    )


def _track(feature: Feature) -> Json:
    first, last = feature.track[0][0], feature.track[-1][0]
    samples: list[float] = []
    for time_us, lat, lng, height in feature.track:
        samples += [(time_us - first) / 1e6, lng, lat, height]
    colour = _COLOURS["intent"]
    return {
        "id": f"{feature.id}.track",
        "name": f"{feature.name or feature.id}: track",
        "availability": f"{rfc3339(first)}/{rfc3339(last)}",
        "position": {"epoch": rfc3339(first), "cartographicDegrees": samples},
        "point": {"pixelSize": 8, "color": {"rgba": [*colour, 255]}},
        "path": {
            "width": 2,
            "material": {"solidColor": {"color": {"rgba": [*colour, 255]}}},
        },
    }
